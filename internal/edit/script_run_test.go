package edit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileValues are what an operator may type and a shell may stumble over.
var hostileValues = []string{
	"plain", "localhost|*.example.com|10.*", "a b  c", " lead", "trail ", "$HOME", "${HOME}", "$(id)", "`id`", `a"b`, `it's`, `back\slash`, `\`, `\\`, `"`,
	`\$HOME`, `$`, `a$`, "!history", "a;b&c|d", "<in>out", "#no comment", "~", "~/x", "*", "?", "[a-z]*", "{a,b}", "a=b", "%PATH%", "100%", "^", "(x)", "", "-Dx=y",
}

// startHome makes a home with the script in bin, and beside it a java that writes its arguments, NUL-terminated, into the file args.
// The script does not quote $JAVACMD, so that there is no blank in that path.
func startHome(t *testing.T, script []byte) (home string) {
	t.Helper()
	home = filepath.Join(t.TempDir(), "carbon home")
	for _, dir := range []string{"bin", "../jdk/bin"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	java := "#!/bin/sh\n[ \"$1\" = -version ] && exit 0\nprintf '%s\\0' \"$@\" > args.tmp && mv args.tmp args\n"
	for path, data := range map[string][]byte{"../jdk/bin/java": []byte(java), "bin/wso2server.sh": script} {
		if err := os.WriteFile(filepath.Join(home, path), data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// start runs the start script and returns what java got.
func start(t *testing.T, shell, home string, args ...string) []string {
	t.Helper()
	result := filepath.Join(home, "args")
	_ = os.Remove(result)
	cmd := exec.CommandContext(t.Context(), shell, append([]string{filepath.Join(home, "bin", "wso2server.sh")}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nowhere", "JAVA_HOME=" + filepath.Join(filepath.Dir(home), "jdk"), "CARBON_HOME=" + home, "JAVA_OPTS=-Xmx3g -Dtwo=words", "CARBON_CLASSPATH=a:b"}
	if strings.Contains(strings.Join(args, " "), "start") {
		// The script as shipped does not quote its own path when it starts itself anew.
		link := filepath.Join(t.TempDir(), "home")
		if err := os.Symlink(home, link); err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "CARBON_HOME="+link)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", shell, err, out)
	}
	for range 500 {
		data, err := os.ReadFile(result)
		if err == nil {
			return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("java was not started")
	return nil
}

// TestScriptRuns runs edited scripts with real shells and looks at what java gets.
func TestScriptRuns(t *testing.T) {
	scripts := map[string][]byte{"am": []byte(amScript), "bam": []byte(bamScript)}
	for path, data := range corpusFiles(t, "bin/wso2server.sh") {
		scripts[path] = data
	}
	for name, data := range scripts {
		s, err := ParseScript("bin/wso2server.sh", data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var want []string
		for i, v := range hostileValues {
			prefix := fmt.Sprintf("-Dtest.%d=", i)
			if err := s.SetOption(prefix, v); err != nil {
				t.Errorf("%q: %v", v, err)
			}
			want = append(want, prefix+v)
		}
		applyEdits(t, s, []scriptEdit{{"-Xms", "512m"}, {"-XX:MaxPermSize=", "-"}, {"-XX:HeapDumpPath=", `/var/$x y`}})
		mustCommit(t, s)
		for _, shell := range []string{"bash", "dash"} {
			if _, err := exec.LookPath(shell); err != nil {
				t.Logf("no %s on this machine", shell)
				continue
			}
			home := startHome(t, data)
			before := start(t, shell, home, "one", "two")
			if err := os.WriteFile(filepath.Join(home, "bin", "wso2server.sh"), s.Bytes(), 0o700); err != nil {
				t.Fatal(err)
			}
			checkStarted(t, name+", "+shell, before, start(t, shell, home, "one", "two"), want)
		}
		if _, err := exec.LookPath("bash"); err == nil {
			got := start(t, "bash", startHome(t, s.Bytes()), "start")
			if !slices.Contains(got, want[1]) || slices.Contains(got, "start") {
				t.Errorf("%s: start lost what was set: %q", name, got)
			}
		}
	}
}

// checkStarted compares what java gets with what it got before.
func checkStarted(t *testing.T, name string, before, got, want []string) {
	t.Helper()
	operator := slices.Index(before, "-Xmx3g") // of JAVA_OPTS
	if operator < 0 || !slices.Contains(before, "-XX:MaxPermSize=256m") || before[len(before)-1] != "two" {
		t.Fatalf("%s: unexpected arguments before: %q", name, before)
	}
	expected := slices.Concat(before[:operator], want, before[operator:])
	expected = slices.DeleteFunc(expected, func(a string) bool { return a == "-XX:MaxPermSize=256m" })
	for i, a := range expected {
		switch {
		case a == "-Xms256m":
			expected[i] = "-Xms512m"
		case strings.HasPrefix(a, "-XX:HeapDumpPath="):
			expected[i] = `-XX:HeapDumpPath=/var/$x y`
		}
	}
	if !slices.Equal(got, expected) {
		t.Errorf("%s: java got\n%q\nwant\n%q", name, got, expected)
	}
}

// TestScriptWordsLikeBash compares the words that the editor sees with those that bash hands on, for random command lines, before and
// after an edit.
func TestScriptWordsLikeBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Log("no bash on this machine")
		return
	}
	pieces := []string{"a", "b", " ", " ", "\t", `"`, `"`, "'", `\`, "$V ", "${V}", `"${V}"`, "-Da=", "-Db=", "\\\n", "\\\n  ", "=", "#", "!", "$", "x", `\"`, `\$`, "é"}
	r := rand.New(rand.NewPCG(3, 4))
	compared, edited := 0, 0
	for range 600 {
		var b strings.Builder
		b.WriteString("java ")
		for range 1 + r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		b.WriteString(" " + MainClass + "\n")
		s, err := ParseScript("x.sh", []byte(b.String()))
		if err != nil {
			continue
		}
		compared++
		compareWithBash(t, bash, s)
		if s.SetOption("-Da=", hostileValues[r.IntN(len(hostileValues))]) != nil {
			continue
		}
		if r.IntN(2) == 0 {
			_ = s.RemoveOption("-Db=")
		}
		if _, err := s.Commit(); err == nil {
			edited++
			compareWithBash(t, bash, s)
		}
	}
	t.Logf("compared %d command lines and %d edited ones", compared, edited)
	if compared < 50 || edited < 50 {
		t.Error("hardly anything was compared")
	}
}

func compareWithBash(t *testing.T, bash string, s *Script) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bash, "-c", "java() { printf '%s\\0' \"$@\"; }\nV=value\n"+string(s.Bytes()))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%q: %v: %s", s.Bytes(), err, errs.String())
	}
	var want []string
	for _, w := range s.words[1:] {
		if word := strings.ReplaceAll(strings.ReplaceAll(w.marked, mark+"${V}", "value"), mark+"$V", "value"); word != "" {
			want = append(want, word)
		}
	}
	if strings.Contains(strings.Join(want, ""), mark) || strings.Contains(fmt.Sprint(s.words), "$V\\") {
		return // other variables, which the test does not know
	}
	got := strings.Split(strings.TrimSuffix(out.String(), "\x00"), "\x00")
	got = slices.DeleteFunc(got, func(a string) bool { return a == "" })
	if !slices.Equal(got, want) {
		t.Errorf("%q: bash hands on %q, the editor sees %q", s.Bytes(), got, want)
	}
}
