package carbon

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"carbon-setup/assets"
)

// fakeProc is a /proc with the given processes: process id to command line.
func fakeProc(t *testing.T, processes map[int][]string) string {
	t.Helper()
	proc := t.TempDir()
	for pid, args := range processes {
		put(t, proc, map[string]string{strconv.Itoa(pid) + "/cmdline": strings.Join(args, "\x00") + "\x00"})
	}
	put(t, proc, map[string]string{"self/": "", "net/": "", "meminfo": "", "17/": ""}) // 17 ended while it was looked at
	return proc
}

// pidFile is what Main.writePID leaves: a buffer of 100 bytes.
func pidFile(pid int) string {
	text := strconv.Itoa(pid) + "\n"
	return text + strings.Repeat("\x00", 100-len(text))
}

func serverArgs(home string) []string {
	return []string{
		"/usr/lib/jvm/jdk7/bin/java", "-Xms256m", "-Djava.command=/usr/lib/jvm/jdk7/bin/java", "-Dcarbon.home=" + home,
		"-Dfile.encoding=UTF8", bootstrap, "-Dcarbon.home=/an/argument/of/the/server",
	}
}

func TestRunning(t *testing.T) {
	base := resolved(t, t.TempDir())
	am := filepath.Join(base, "am 1")
	other := filepath.Join(base, "am 2")
	home(t, am)
	home(t, other)
	link(t, am, filepath.Join(base, "current"))
	for _, c := range []struct {
		name      string
		pidFile   string
		processes map[int][]string
		want      int
	}{
		{"nothing runs", "", map[int][]string{1: {"init"}}, 0},
		{"as the pid file says", pidFile(4711), map[int][]string{1: {"init"}, 4711: serverArgs(am)}, 4711},
		{"through a link", pidFile(4711), map[int][]string{4711: serverArgs(filepath.Join(base, "current"))}, 4711},
		{"with a trailing slash", pidFile(4711), map[int][]string{4711: serverArgs(am + "/")}, 4711},
		{"a pid file left behind", pidFile(4711), map[int][]string{1: {"init"}}, 0},
		{"a pid file left behind, pid reused", pidFile(4711), map[int][]string{4711: {"/usr/sbin/sshd", "-D"}}, 0},
		{"a pid file left behind, pid reused by another server", pidFile(4711), map[int][]string{4711: serverArgs(other)}, 0},
		{"without a pid file", "", map[int][]string{1: {"init"}, 99: serverArgs(other), 4711: serverArgs(am)}, 4711},
		{"a pid file of another process", pidFile(1), map[int][]string{1: {"init"}, 4711: serverArgs(am)}, 4711},
		{"an empty pid file", "", map[int][]string{4711: serverArgs(am)}, 4711},
		{"nonsense in the pid file", "\x00\xffx", map[int][]string{4711: serverArgs(am)}, 4711},
		{"a grep for it", "", map[int][]string{5: {"grep", "-r", "-Dcarbon.home=" + am}}, 0},
		{"an editor of the script", "", map[int][]string{5: {"vi", am + "/bin/wso2server.sh"}}, 0},
		{"the start script itself", "", map[int][]string{5: {"bash", am + "/bin/wso2server.sh"}}, 0},
		{"a wrapper", "", map[int][]string{5: {`C:\jdk\bin\java.exe`, "-Dcarbon.home=" + am, "org.rzo.yajsw.app.WrapperJVMMain"}}, 5},
		{"a launcher under another name", "", map[int][]string{5: {"wso2am", "-Dcarbon.home=" + am, bootstrap}}, 5},
		{"the last of two homes counts", "", map[int][]string{5: {"java", "-Dcarbon.home=" + other, "-Dcarbon.home=" + am, bootstrap}}, 5},
		{"the first of two homes does not", "", map[int][]string{5: {"java", "-Dcarbon.home=" + am, "-Dcarbon.home=" + other, bootstrap}}, 0},
		{"an empty home", "", map[int][]string{5: {"java", "-Dcarbon.home=", bootstrap}}, 0},
	} {
		os.Remove(filepath.Join(am, PIDFile))
		if c.pidFile != "" {
			put(t, am, map[string]string{PIDFile: c.pidFile})
		}
		o := quiet(t)
		o.Proc = fakeProc(t, c.processes)
		in, err := Open(t.Context(), am, o)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		if in.Running != nil {
			got = in.Running.PID
		}
		if got != c.want {
			t.Errorf("%s: process %d, want %d", c.name, got, c.want)
		}
	}
}

// TestRunningElsewhere tells a container's server from ours, and finds one whose home was renamed while it ran.
func TestRunningElsewhere(t *testing.T) {
	base := resolved(t, t.TempDir())
	am := filepath.Join(base, "am")
	home(t, am)
	in := &Install{Home: am}

	proc := fakeProc(t, map[int][]string{7: serverArgs(am)})
	in.options = Options{Proc: proc}
	link(t, "mnt:[1]", filepath.Join(proc, "self", "ns", "mnt"))
	link(t, "mnt:[2]", filepath.Join(proc, "7", "ns", "mnt"))
	link(t, filepath.Join(base, "another root"), filepath.Join(proc, "7", "root"))
	if p := in.running(t.Context()); p != nil {
		t.Errorf("the same path in a container is taken for this home: %+v", p)
	}
	// The home is mounted into the container under the same path.
	link(t, am, filepath.Join(base, "another root", am))
	if p := in.running(t.Context()); p == nil || p.PID != 7 {
		t.Errorf("a server in a container that has this home mounted is not found: %+v", p)
	}

	proc = fakeProc(t, map[int][]string{8: serverArgs(filepath.Join(base, "old name"))})
	in.options = Options{Proc: proc}
	link(t, am, filepath.Join(proc, "8", "cwd"))
	if p := in.running(t.Context()); p == nil || p.PID != 8 {
		t.Errorf("a server whose home was renamed is not found: %+v", p)
	}
	proc = fakeProc(t, map[int][]string{9: serverArgs("am")})
	in.options = Options{Proc: proc}
	link(t, base, filepath.Join(proc, "9", "cwd"))
	if p := in.running(t.Context()); p == nil || p.PID != 9 {
		t.Errorf("a server with a relative home is not found: %+v", p)
	}
}

// TestRunningForReal starts a process that looks like a server, and stops it.
func TestRunningForReal(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	am := sample(t, assets.API)
	link(t, am, am+" link")
	in := &Install{Home: am}
	if err := in.Refresh(t.Context()); err != nil || in.Running != nil || in.Started.Yes {
		t.Fatalf("before: %+v, %+v, %v", in.Running, in.Started, err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t, exe, "server")
	cmd.Args = serverArgs(am + " link")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	defer stop()
	put(t, am, map[string]string{PIDFile: pidFile(cmd.Process.Pid)})
	deadline := time.Now().Add(10 * time.Second)
	for in.Running == nil && time.Now().Before(deadline) {
		if err := in.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if in.Running == nil || in.Running.PID != cmd.Process.Pid || in.Running.User != currentUser() || len(in.Running.Args) != len(cmd.Args) {
		t.Fatalf("running %+v, want process %d", in.Running, cmd.Process.Pid)
	}
	if !in.Started.Yes || in.Started.Evidence != "wso2carbon.pid exists" {
		t.Errorf("started %+v", in.Started)
	}
	// ps sees it, too.
	if p := in.runningByPS(t.Context()); p == nil || p.PID != cmd.Process.Pid {
		t.Errorf("ps finds %+v", p)
	}
	stop()
	if err := in.Refresh(t.Context()); err != nil || in.Running != nil {
		t.Errorf("after: %+v, %v", in.Running, err)
	}
}

func TestFindInPS(t *testing.T) {
	am := filepath.Join(resolved(t, t.TempDir()), "am one")
	home(t, am)
	in := &Install{Home: am}
	for _, c := range []struct {
		out  string
		want int
	}{
		{"", 0},
		{"  1 root /sbin/init\n 22 wso2 /jdk/bin/java -Xmx1g -Dcarbon.home=" + am + " -Dx=y " + bootstrap + "\n", 22},
		{" 22 wso2 /jdk/bin/java -Dcarbon.home=" + am + "\n", 22},
		{" 22 wso2 /jdk/bin/java -Dcarbon.home=" + am + " two -Dx=y " + bootstrap + "\n", 0},
		{" 22 wso2 grep -Dcarbon.home=" + am + "\n", 0},
		{" x wso2 /jdk/bin/java -Dcarbon.home=" + am + "\n", 0},
		{" 22 wso2 java\n", 0},
	} {
		got := 0
		if p := in.findInPS(c.out); p != nil {
			got = p.PID
		}
		if got != c.want {
			t.Errorf("%q: %d, want %d", c.out, got, c.want)
		}
	}
}

func TestParsePID(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"", 0},
		{"123", 123},
		{"123\n", 123},
		{pidFile(98765), 98765},
		{" 42\r\n", 42},
		{"-5", 0},
		{"12x", 12},
		{"99999999999999999999999", 0},
		{strings.Repeat("1", 5000), 0},
		{"\x00\x00\x00", 0},
	} {
		if got := parsePID(c.text); got != c.want {
			t.Errorf("%.40q: %d, want %d", c.text, got, c.want)
		}
	}
}

// TestChildEnv makes sure that secrets in our environment do not reach the programs that are started here.
func TestChildEnv(t *testing.T) {
	t.Setenv("ADMIN_PW", "s3cret")
	t.Setenv("JAVA_TOOL_OPTIONS", "-Dx=y")
	for _, pair := range childEnv() {
		if strings.HasPrefix(pair, "ADMIN_PW=") || strings.HasPrefix(pair, "JAVA_TOOL_OPTIONS=") {
			t.Errorf("%s is handed on", pair)
		}
	}
}
