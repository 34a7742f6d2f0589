package carbon

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Process is a running server.
type Process struct {
	PID  int
	User string
	Args []string // its command line
}

const (
	carbonHome    = "-Dcarbon.home="
	bootstrap     = "org.wso2.carbon.bootstrap.Bootstrap" // main class in wso2server.sh
	pidFileSize   = 100                                   // Main.writePID writes a buffer of this size: PID, newline, NULs
	psTimeout     = 5 * time.Second
	maxCommandLen = 1 << 20
)

// running finds the server that runs from this home: first the process that wso2carbon.pid names, then any other.
func (in *Install) running(ctx context.Context) *Process {
	o := in.options.withDefaults()
	if _, err := os.Stat(o.Proc); err != nil {
		return in.runningByPS(ctx)
	}
	if pid := in.pidFromFile(); pid > 0 {
		if p := in.processAt(o.Proc, pid); p != nil {
			return p
		}
	}
	entries, err := os.ReadDir(o.Proc)
	if err != nil {
		return in.runningByPS(ctx)
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return nil
		}
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if p := in.processAt(o.Proc, pid); p != nil {
			return p
		}
	}
	return nil
}

// pidFromFile returns the process id in wso2carbon.pid, 0 when there is none. Only the leading digits count.
func (in *Install) pidFromFile() int {
	data, err := readSmall(filepath.Join(in.Home, PIDFile))
	if err != nil {
		return 0
	}
	return parsePID(data)
}

func parsePID(data string) int {
	if len(data) > pidFileSize {
		data = data[:pidFileSize]
	}
	data = strings.TrimLeft(data, " \t\r\n")
	end := 0
	for end < len(data) && data[end] >= '0' && data[end] <= '9' {
		end++
	}
	pid, err := strconv.Atoi(data[:end])
	if err != nil {
		return 0
	}
	return pid
}

// processAt returns the process if it is a server of this home.
func (in *Install) processAt(proc string, pid int) *Process {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	data, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || len(data) == 0 || len(data) > maxCommandLen || !bytes.Contains(data, []byte(carbonHome)) {
		return nil
	}
	args := strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
	home, ok := serverHome(args)
	if !ok || !in.isHomeOf(proc, dir, home) {
		return nil
	}
	return &Process{PID: pid, User: ownerName(dir), Args: args}
}

// serverHome returns the -Dcarbon.home of a command line that is Java's; the last one counts, as Java takes it. A shell or grep that merely
// mentions it is none.
func serverHome(args []string) (home string, ok bool) {
	if len(args) == 0 {
		return "", false
	}
	name := strings.ToLower(filepath.Base(strings.ReplaceAll(args[0], `\`, "/")))
	java := strings.HasPrefix(name, "java")
	for _, arg := range args[1:] {
		if arg == bootstrap {
			java = true
			break // what follows are the server's own arguments
		}
		if value, found := strings.CutPrefix(arg, carbonHome); found {
			home, ok = value, true
		}
	}
	return home, ok && java && home != ""
}

// isHomeOf reports whether the process means this home by its -Dcarbon.home, through links and bind mounts. A process in a container
// has a file system of its own, in which the same path can be another folder. wso2server.sh changes to the home before it starts Java,
// so the working folder tells the home of a server whose folder was renamed since.
func (in *Install) isHomeOf(proc, dir, home string) bool {
	if !filepath.IsAbs(home) {
		cwd, err := os.Readlink(filepath.Join(dir, "cwd"))
		if err != nil {
			return false
		}
		home = filepath.Join(cwd, home)
	}
	theirs, err1 := os.Readlink(filepath.Join(dir, "ns", "mnt"))
	ours, err2 := os.Readlink(filepath.Join(proc, "self", "ns", "mnt"))
	if err1 == nil && err2 == nil && theirs != ours {
		return in.isSame(filepath.Join(dir, "root") + home)
	}
	if filepath.Clean(home) == in.Home || in.isSame(home) {
		return true
	}
	_, err := os.Stat(home)
	return errors.Is(err, fs.ErrNotExist) && in.isSame(filepath.Join(dir, "cwd"))
}

// isSame reports whether path leads to this home.
func (in *Install) isSame(path string) bool {
	a, err := os.Stat(path)
	if err != nil {
		return false
	}
	b, err := os.Stat(in.Home)
	return err == nil && os.SameFile(a, b)
}

// runningByPS asks ps(1) where there is no /proc with command lines. ps joins the arguments with blanks, so only the home
// itself and the path it was opened by can be recognized, up to the next option.
func (in *Install) runningByPS(ctx context.Context) *Process {
	if runtime.GOOS == "windows" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, psTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ps", "-A", "-ww", "-o", "pid=,user=,args=")
	cmd.Env = childEnv()
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return nil
	}
	return in.findInPS(string(out))
}

func (in *Install) findInPS(out string) *Process {
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		pid, err := strconv.Atoi(fields[0])
		if err != nil {
			continue
		}
		args := fields[2:]
		_, rest, found := strings.Cut(line, carbonHome)
		if !found {
			continue
		}
		if _, ok := serverHome(args); !ok {
			continue
		}
		home, _, _ := strings.Cut(rest, " -")
		home = strings.TrimRight(home, " \r\n")
		if filepath.Clean(home) == in.Home || in.isSame(home) {
			return &Process{PID: pid, User: fields[1], Args: args}
		}
	}
	return nil
}

// childEnv is the environment of the programs started here: what they need and nothing that may hold a secret.
func childEnv() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SystemRoot", "TEMP"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
