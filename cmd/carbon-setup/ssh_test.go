package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carbon-setup/assets"
	"carbon-setup/cmd/carbon-setup/internal/terminal"
)

// binary builds the program as it is released, once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "carbon-setup-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "carbon-setup")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func mustBinary(tb testing.TB) string {
	tb.Helper()
	path, err := binary()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// sshServer is a real sshd on a loopback port of its own, with keys of its own; nothing of the machine's own server is used.
type sshServer struct {
	port, key, user string
}

func startSSHD(t *testing.T) sshServer {
	t.Helper()
	sshd, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Skip("there is no sshd on this machine; make test installs it when root on Debian")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"host", "client"} {
		command(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key))
	}
	public, err := os.ReadFile(filepath.Join(dir, "client.pub"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "authorized_keys"), string(public))
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // sshd refuses to start as root without it
			t.Fatal(err)
		}
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := sshServer{port: freePort(t), key: filepath.Join(dir, "client"), user: me.Username}
	config := filepath.Join(dir, "sshd_config")
	writeFile(t, config, fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nPrintMotd no\n",
		s.port, filepath.Join(dir, "host"), filepath.Join(dir, "authorized_keys")))
	daemon := exec.CommandContext(t.Context(), sshd, "-D", "-e", "-f", config)
	log := &strings.Builder{}
	daemon.Stderr = log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
		if t.Failed() {
			t.Log("sshd:", log.String())
		}
	})
	waitForPort(t, s.port)
	return s
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func waitForPort(t *testing.T, port string) {
	t.Helper()
	eventually(t, "sshd listens on "+port, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
}

// eventually waits for something outside this process that nobody tells us about.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("not so within 30 s: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// connect runs the program over ssh, on a terminal.
func (s sshServer) connect(t *testing.T, remote string) *terminal.Terminal {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ssh", "-tt", "-p", s.port, "-i", s.key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "LogLevel=ERROR", "-F", "none", s.user+"@127.0.0.1", remote)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	term, err := terminal.Start(cmd, 80, 24)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(term.Close)
	return term
}

func see(t *testing.T, term *terminal.Terminal, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := term.WaitFor(ctx, text); err != nil {
		t.Fatal(err)
	}
	// Screens that appear by themselves take no keys until the line has been quiet for a moment.
	term.Quiet(ctx, 600*time.Millisecond)
}

func typeKeys(t *testing.T, term *terminal.Terminal, keys string) {
	t.Helper()
	if err := term.Type(keys); err != nil {
		t.Fatal(err)
	}
}

func TestCutSSHConnectionResumesOnTheSameStep(t *testing.T) {
	program := mustBinary(t)
	home := filepath.Join(t.TempDir(), "carbon home")
	if err := assets.Unpack(t.Context(), home, assets.API); err != nil {
		t.Fatal(err)
	}
	server := startSSHD(t)
	remote := "LANG=C.UTF-8 " + program + " --home '" + home + "'"

	first := server.connect(t, remote)
	see(t, first, "Review and apply")
	typeKeys(t, first, "jjj\r")
	see(t, first, "Management host name")
	typeKeys(t, first, "\x15api.example.com\r")
	typeKeys(t, first, "\x15console.example.com\r")
	see(t, first, "accepted")
	see(t, first, "field 1 of") // of the next open guideline
	step := titleOf(first.Text())
	if strings.Contains(step, "Host name") {
		t.Fatalf("accepting did not lead on: %s", step)
	}

	// The link is gone: the client dies, sshd closes the terminal, the kernel sends SIGHUP.
	if err := first.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the program has ended and given the lock back", func() bool {
		out, err := exec.Command("pgrep", "-f", "^"+program).Output()
		var exit *exec.ExitError
		return len(out) == 0 && (err == nil || errors.As(err, &exit))
	})
	session, err := os.ReadFile(filepath.Join(home, ".carbon-setup", "session.json"))
	if err != nil {
		matches, _ := filepath.Glob(filepath.Join(home, ".carbon-setup", "*"))
		t.Fatalf("no session was kept: %v (there is %v)", err, matches)
	}
	if !strings.Contains(string(session), "api.example.com") {
		t.Errorf("the accepted answer is not in the session:\n%s", session)
	}

	second := server.connect(t, remote)
	see(t, second, "Resume")
	typeKeys(t, second, "\r")
	see(t, second, "field 1 of")
	if got := titleOf(second.Text()); got != step {
		t.Errorf("resumed on %q, was on %q", got, step)
	}
	typeKeys(t, second, "\x1b")
	see(t, second, "answered")
	typeKeys(t, second, "\x18") // ctrl+x: save and leave
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if code, err := second.Done(ctx); err != nil || code != exitLeft {
		t.Errorf("left with %d, %v; want %d", code, err, exitLeft)
	}
}

// titleOf is the second line of a screen: which step it is.
func titleOf(screen string) string {
	lines := strings.SplitN(screen, "\n", 3)
	if len(lines) < 2 {
		return ""
	}
	return strings.TrimSpace(lines[1])
}
