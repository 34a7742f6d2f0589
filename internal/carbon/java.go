package carbon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Java is the Java that the start script would use.
type Java struct {
	Home    string // JAVA_HOME as found; "" = not found
	Version string // "1.8.0_402"
	Major   int    // 6, 7, 8, 11, 17; 0 = unknown
	Source  string // "the environment variable JAVA_HOME", "bin/wso2server.sh:12", "java on the PATH"
	Problem string // why Version is unknown, a sentence
	OnPath  bool   // JAVA_HOME is set nowhere; wso2server.sh does not start without it
}

const javaTimeout = 10 * time.Second

// java finds the Java that would start the server. The order is the one that holds when wso2server.sh runs: an assignment in the script
// itself overrides the environment, a default in it (`[ -z "$JAVA_HOME" ] && ...`) does not.
func (in *Install) java(ctx context.Context) Java {
	o := in.options.withDefaults()
	script, _ := in.Read(ServerSH)
	forced, fallback := scriptJavaHomes(string(script))
	var j Java
	switch env := o.Getenv("JAVA_HOME"); {
	case forced.value != "":
		j.Home, j.Source = forced.value, Place{ServerSH, forced.line}.String()
	case env != "":
		j.Home, j.Source = env, "the environment variable JAVA_HOME"
	case fallback.value != "":
		j.Home, j.Source = fallback.value, Place{ServerSH, fallback.line}.String()
	default:
		j.Home, j.Source = in.serviceJavaHome(o.Etc)
		if j.Home == "" {
			j.Home, j.Source = in.Running.java()
		}
		if j.Home == "" {
			return javaOnPath(ctx, o)
		}
	}
	j.readVersion(ctx, o)
	return j
}

// java returns the Java that a running server was started with; wso2server.sh calls it by its full path.
func (p *Process) java() (home, source string) {
	if p == nil || len(p.Args) == 0 || !filepath.IsAbs(p.Args[0]) || filepath.Base(p.Args[0]) != javaBinary() {
		return "", ""
	}
	return filepath.Dir(filepath.Dir(p.Args[0])), fmt.Sprintf("the running server (process %d)", p.PID)
}

// javaOnPath is the last resort. It tells the version, although the script refuses to start without JAVA_HOME.
func javaOnPath(ctx context.Context, o Options) Java {
	for _, dir := range filepath.SplitList(o.Getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		bin := filepath.Join(dir, javaBinary())
		if info, err := os.Stat(bin); err != nil || !info.Mode().IsRegular() {
			continue
		}
		target, err := filepath.EvalSymlinks(bin)
		if err != nil {
			continue
		}
		j := Java{Home: filepath.Dir(filepath.Dir(target)), Source: "java on the PATH", OnPath: true}
		j.readVersion(ctx, o)
		return j
	}
	return Java{Problem: "No Java was found: JAVA_HOME is not set, and there is no java on the PATH."}
}

func javaBinary() string {
	if runtime.GOOS == "windows" {
		return "java.exe"
	}
	return "java"
}

// readVersion fills in Version and Major. The file "release", which every JDK from 7 on has, saves the start of a Java machine.
func (j *Java) readVersion(ctx context.Context, o Options) {
	info, err := os.Stat(j.Home)
	if err != nil || !info.IsDir() {
		j.Problem = fmt.Sprintf("JAVA_HOME is %s by %s, but there is no such folder.", j.Home, j.Source)
		return
	}
	bin := filepath.Join(j.Home, "bin", javaBinary())
	info, err = os.Stat(bin)
	if err != nil || !info.Mode().IsRegular() {
		j.Problem = fmt.Sprintf("JAVA_HOME is %s by %s, but there is no %s.", j.Home, j.Source, bin)
		return
	}
	if runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
		j.Problem = bin + " is not executable."
		return
	}
	if j.Version = releaseVersion(j.Home); j.Version == "" {
		j.askJava(ctx, o, bin)
	}
	if j.Version != "" {
		j.Major = javaMajor(j.Version)
	}
}

func (j *Java) askJava(ctx context.Context, o Options, bin string) {
	ctx, cancel := context.WithTimeout(ctx, javaTimeout)
	defer cancel()
	out, err := o.Java(ctx, j.Home)
	j.Version = parseJavaVersion(out)
	if j.Version != "" {
		return
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		j.Problem = fmt.Sprintf("%s -version did not answer within %d seconds.", bin, int(javaTimeout.Seconds()))
	case err != nil:
		j.Problem = fmt.Sprintf("%s -version fails: %s.", bin, firstLine(out, err))
	default:
		j.Problem = fmt.Sprintf("%s -version does not tell a version.", bin)
	}
}

// firstLine is what a failed program said first, or why it could not run.
func firstLine(out string, err error) string {
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "Picked up ") {
			return strings.TrimRight(printable(line), ".")
		}
	}
	return reason(err)
}

// printable replaces control characters, so that what a program says cannot steer the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// limitedBuffer keeps the beginning of what is written.
type limitedBuffer struct{ kept bytes.Buffer }

const maxJavaOutput = 64 << 10

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if room := maxJavaOutput - b.kept.Len(); room > 0 {
		b.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// runJava runs java -version. JAVA_TOOL_OPTIONS and the like are not handed on.
func runJava(ctx context.Context, home string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(home, "bin", javaBinary()), "-version")
	cmd.Env = childEnv()
	cmd.WaitDelay = time.Second
	var out limitedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.kept.String(), err
}

var (
	javaVersionLine = regexp.MustCompile(`(?m)^[\w.]+ (?:full )?version "([^"\n]+)"`)
	releaseLine     = regexp.MustCompile(`(?m)^JAVA_VERSION="?([^"\r\n]+)"?`)
)

// parseJavaVersion finds the version in the output of java -version: `java version "1.6.0_45"`, `openjdk version "17.0.1" 2021-10-19`. Lines before
// it ("Picked up JAVA_TOOL_OPTIONS: ...") are passed over.
func parseJavaVersion(out string) string {
	if m := javaVersionLine.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	return ""
}

// releaseVersion reads JAVA_VERSION from the release file of a JDK; home may be the jre folder inside one.
func releaseVersion(home string) string {
	dirs := []string{home}
	if filepath.Base(home) == "jre" {
		dirs = append(dirs, filepath.Dir(home))
	}
	for _, dir := range dirs {
		data, err := readSmall(filepath.Join(dir, "release"))
		if err != nil {
			continue
		}
		if m := releaseLine.FindStringSubmatch(data); m != nil && javaMajor(m[1]) > 0 {
			return m[1]
		}
	}
	return ""
}

// javaMajor returns 8 for "1.8.0_402" and 17 for "17.0.1", 0 for what is no version.
func javaMajor(version string) int {
	version = strings.TrimPrefix(version, "1.")
	end := 0
	for end < len(version) && version[end] >= '0' && version[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(version[:end])
	if err != nil {
		return 0
	}
	return n
}
