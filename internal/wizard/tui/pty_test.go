//go:build unix

package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
	"carbon-setup/internal/wizard/wizardtest"
)

// The test binary is the program under test, too: with homeVar set it runs the wizard on that home and ends with one of these codes.
const (
	homeVar = "TUI_TEST_HOME"
	gateVar = "TUI_TEST_GATE" // a file that a verification waits for
	lateVar = "TUI_TEST_LATE" // set: the signal of a hang-up comes when the wizard has ended already

	codeLeft        = 130
	codeInterrupted = 75
	codeTrouble     = 99
)

// wizardMain is what the test binary does with homeVar set.
func wizardMain(home string) int {
	cfg := flow.Config{
		Home: home, Version: "1.0", Who: apply.CurrentWho("1.0"), Backend: flow.Backend{Open: wizardtest.OpenAM01},
		Carbon: carbon.Options{Proc: os.TempDir(), Cgroup: os.TempDir(), Etc: os.TempDir(), Java: func(context.Context, string) (string, error) {
			return `java version "1.7.0_80"`, nil
		}},
	}
	if gate := os.Getenv(gateVar); gate != "" {
		cfg.Backend.Verify = func(context.Context, *carbon.Install, *answers.Set, ...string) []steps.Result {
			for {
				if _, err := os.Stat(gate); err == nil {
					return nil
				}
				time.Sleep(5 * time.Millisecond)
			}
		}
	}
	eng, err := flow.Open(context.Background(), cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return codeTrouble
	}
	out, err := Run(context.Background(), Config{Engine: eng, In: os.Stdin, Out: os.Stdout})
	if os.Getenv(lateVar) != "" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGHUP)
		time.Sleep(100 * time.Millisecond) // a signal that ends the process has done so by then
	}
	if err = errors.Join(err, eng.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return codeTrouble
	}
	switch out.End {
	case flow.EndInterrupted:
		return codeInterrupted
	case flow.EndLeft:
		return codeLeft
	case flow.EndApplied, flow.EndNothing:
		return 0
	case flow.EndFailed:
	}
	return codeTrouble
}

// session is the wizard in a terminal of its own.
type session struct {
	t    testing.TB
	cmd  *exec.Cmd
	tty  *os.File
	done chan struct{} // the reader has ended

	mu    sync.Mutex
	vt    vt10x.Terminal
	raw   bytes.Buffer
	fed   chan struct{} // closed and replaced with every read
	ended error
	exit  chan struct{}
}

type sessionOptions struct {
	cols, rows uint16
	env        []string
	shell      string // run through sh -c, with $0 for the program
}

func startSession(t testing.TB, home string, o sessionOptions) *session {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	if o.shell != "" {
		cmd = exec.Command("/bin/sh", "-c", o.shell, self)
	}
	cmd.Env = append([]string{homeVar + "=" + home, "TERM=xterm-256color", "LANG=C", "PATH=/usr/bin:/bin", "HOME=/nowhere", "JAVA_HOME="}, o.env...)
	tty := startInTerminal(t, cmd, o.cols, o.rows)
	cols, rows := int(o.cols), int(o.rows)
	if cols == 0 || rows == 0 {
		cols, rows = noSizeW, noSizeH
	}
	s := &session{
		t: t, cmd: cmd, tty: tty, done: make(chan struct{}), fed: make(chan struct{}), exit: make(chan struct{}),
		vt: vt10x.New(vt10x.WithSize(cols, rows), vt10x.WithWriter(io.Discard)),
	}
	go s.read()
	go func() {
		s.ended = cmd.Wait()
		close(s.exit)
	}()
	t.Cleanup(func() {
		_ = tty.Close()
		select {
		case <-s.exit:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			t.Error("the wizard did not end with its terminal")
		}
	})
	return s
}

// startInTerminal starts a program in a terminal of its own and returns the other end. A blocked Read does not keep that open after Close, as
// it would with the file that pty returns: the program must lose its terminal at once.
func startInTerminal(t testing.TB, cmd *exec.Cmd, cols, rows uint16) *os.File {
	t.Helper()
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: cols, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Dup(int(tty.Fd()))
	if err == nil {
		err = errors.Join(syscall.SetNonblock(fd, true), tty.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "terminal")
}

func (s *session) read() {
	defer close(s.done)
	buf := make([]byte, 64<<10)
	for {
		n, err := s.tty.Read(buf)
		if n > 0 {
			s.mu.Lock()
			s.raw.Write(buf[:n])
			_, _ = s.vt.Write(buf[:n])
			close(s.fed)
			s.fed = make(chan struct{})
			s.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

func (s *session) screen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.vt.String()
}

func (s *session) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.Len()
}

func (s *session) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// sees waits until the emulator's screen shows words.
func (s *session) sees(words string) *session {
	s.t.Helper()
	return s.until(words, func(screen string) bool { return strings.Contains(screen, words) })
}

func (s *session) until(what string, ok func(screen string) bool) *session {
	s.t.Helper()
	late := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		screen, fed := s.vt.String(), s.fed
		s.mu.Unlock()
		if ok(screen) {
			return s
		}
		select {
		case <-fed:
		case <-late:
			s.t.Fatalf("the screen never showed %q:\n%s", what, screen)
		case <-s.exit:
			s.t.Fatalf("the wizard ended (%v) before it showed %q:\n%s", s.ended, what, s.screen())
		}
	}
}

// settle waits until nothing has come for a while, and returns the bytes so far.
func (s *session) settle() int {
	for n := s.count(); ; {
		time.Sleep(250 * time.Millisecond)
		now := s.count()
		if now == n {
			return n
		}
		n = now
	}
}

func (s *session) keys(keys string) *session {
	s.t.Helper()
	if _, err := s.tty.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
	return s
}

// code waits for the end and returns the exit code.
func (s *session) code() int {
	s.t.Helper()
	select {
	case <-s.exit:
	case <-time.After(30 * time.Second):
		s.t.Fatalf("the wizard does not end:\n%s", s.screen())
	}
	return s.cmd.ProcessState.ExitCode()
}

const (
	down   = "\x1b[B"
	enterK = "\r"
	escK   = "\x1b"
	f10    = "\x1b[21~"
	ctrlC  = "\x03"
	ctrlU  = "\x15"
)

func at80x24(env ...string) sessionOptions { return sessionOptions{cols: 80, rows: 24, env: env} }

func TestTerminalWalk(t *testing.T) {
	home := sampleHome(t)
	s := startSession(t, home, at80x24())
	s.sees("Guidelines").sees("R  Review and apply").sees("F10 save and leave")
	s.keys(down + down + down).sees("> [ ]  4").keys(enterK).sees("4 of 16  Host name")
	s.keys(ctrlU + "am01.example.com").sees("> am01.example.com")
	s.keys("\x1b[200~.pasted\n\x1b[201~").sees("> am01.example.com.pasted")
	s.keys(escK).sees("[!]  4  Host name")
	s.keys(f10)
	if got := s.code(); got != codeLeft {
		t.Errorf("exit code %d", got)
	}
	<-s.done
	out := s.output()
	for name, on := range map[string][2]string{"alternate screen": {"\x1b[?1049h", "\x1b[?1049l"}, "bracketed paste": {"\x1b[?2004h", "\x1b[?2004l"}} {
		if strings.LastIndex(out, on[1]) <= strings.LastIndex(out, on[0]) {
			t.Errorf("the %s is still on after the end", name)
		}
	}
	for _, seq := range unwanted {
		if strings.Contains(out, string(seq)) {
			t.Errorf("%q went to the terminal", seq)
		}
	}
	if strings.Contains(out, "\x1b]") || strings.Contains(out, "\x1b[c") || strings.Contains(out, "\x1b[6n") {
		t.Error("the terminal is asked something: the answer could land in the shell")
	}
}

func TestTerminalLinkLostResumes(t *testing.T) {
	for name, shell := range map[string]string{"plain": "", "hang-up ignored": `trap "" HUP; exec "$0"`} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t)
			s := startSession(t, home, sessionOptions{cols: 80, rows: 24, shell: shell})
			s.sees("Guidelines").keys(down + down + down).sees("> [ ]  4").keys(enterK).sees("4 of 16").keys(ctrlU + "am01.exam").sees("> am01.exam")
			if err := s.tty.Close(); err != nil {
				t.Fatal(err)
			}
			if got := s.code(); got != codeInterrupted {
				t.Errorf("exit code %d", got)
			}
			again := startSession(t, home, at80x24())
			again.sees("You were at step 4 (Host name)").sees("The connection was lost then.")
			time.Sleep(quietFor + 100*time.Millisecond)
			again.keys(enterK).sees("> am01.exam")
			again.keys(ctrlC).sees("Leave?").keys(ctrlC)
			if got := again.code(); got != codeLeft {
				t.Errorf("exit code %d", got)
			}
		})
	}
}

// The terminal is none that controls the process: its end is an error of the next read, and the signal comes when it likes.
func TestTerminalGoneBeforeItsSignalComes(t *testing.T) {
	home := sampleHome(t)
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	if err := pty.Setsize(ours, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{homeVar + "=" + home, lateVar + "=1", "TERM=xterm-256color", "LANG=C"}
	cmd.Stdin, cmd.Stdout, cmd.SysProcAttr = theirs, theirs, &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf, seen := make([]byte, 4<<10), ""
	for !strings.Contains(seen, "Guidelines") {
		n, err := ours.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		seen += string(buf[:n])
	}
	if err := ours.Close(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != codeInterrupted {
		t.Errorf("exit code %d, %s", got, cmd.ProcessState)
	}
}

func TestTerminalHungUpTwice(t *testing.T) {
	s := startSession(t, sampleHome(t), at80x24(lateVar+"=1"))
	s.sees("Guidelines")
	if err := s.tty.Close(); err != nil {
		t.Fatal(err)
	}
	if got := s.code(); got != codeInterrupted {
		t.Errorf("exit code %d, %s", got, s.cmd.ProcessState)
	}
}

func TestTerminalSIGTERMRestoresIt(t *testing.T) {
	s := startSession(t, sampleHome(t), at80x24())
	s.sees("Guidelines").keys(enterK).sees("1 of 16")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := s.code(); got != codeInterrupted {
		t.Errorf("exit code %d", got)
	}
	<-s.done
	if out := s.output(); strings.LastIndex(out, "\x1b[?1049l") < strings.LastIndex(out, "\x1b[?1049h") {
		t.Error("the alternate screen is still on")
	}
}

func TestTerminalThatTakesNothingDoesNotHoldTheEnd(t *testing.T) {
	home := sampleHome(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{homeVar + "=" + home, "TERM=xterm-256color", "LANG=C"}
	tty := startInTerminal(t, cmd, 80, 24)
	defer tty.Close()
	// Nobody reads: page through the list until the buffer of the terminal is full.
	go func() {
		for range 5000 {
			if _, err := tty.WriteString("\x1b[F\x1b[H?q"); err != nil {
				return
			}
		}
	}()
	time.Sleep(2 * time.Second)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(time.Minute): // a busy machine takes a while; a hang lasts for ever
		_ = cmd.Process.Kill()
		t.Fatal("the wizard hangs on a terminal that takes nothing")
	}
	if got := cmd.ProcessState.ExitCode(); got != codeInterrupted {
		t.Errorf("exit code %d", got)
	}
}

func TestTerminalWithoutSizeIsDrawn(t *testing.T) {
	s := startSession(t, sampleHome(t), sessionOptions{})
	s.sees("Guidelines").sees("R  Review and apply").keys(enterK).sees("1 of 16")
}

func TestTerminalTooSmallAndBack(t *testing.T) {
	s := startSession(t, sampleHome(t), at80x24())
	s.sees("Guidelines").keys(down).sees("> ")
	for _, size := range []struct {
		cols, rows uint16
		sees       string
	}{{38, 9, "make the window larger (now 38x9)"}, {60, 16, "Guidelines"}, {80, 24, "R  Review and apply"}} {
		s.mu.Lock()
		s.vt.Resize(int(size.cols), int(size.rows))
		s.mu.Unlock()
		if err := pty.Setsize(s.tty, &pty.Winsize{Cols: size.cols, Rows: size.rows}); err != nil {
			t.Fatal(err)
		}
		s.sees(size.sees)
	}
}

func TestTerminalMonochrome(t *testing.T) {
	s := startSession(t, sampleHome(t), at80x24("NO_COLOR=1"))
	s.sees("Guidelines").keys(down + enterK).settle()
	for _, color := range []string{"\x1b[3", "\x1b[9", "\x1b[4"} {
		for _, part := range strings.Split(s.output(), color)[1:] {
			if end := strings.IndexByte(part, 'm'); end >= 0 && end < 8 && strings.Trim(part[:end], "0123456789;") == "" {
				t.Errorf("a color in spite of NO_COLOR: %q", color+part[:end+1])
			}
		}
	}
}

func TestTerminalLeftDuringAnApplyWaitsForIt(t *testing.T) {
	home := sampleHome(t)
	s, gate := applying(t, home)
	s.keys(f10).sees(texts.WaitingToEnd)
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.code(); got != 0 {
		t.Errorf("exit code %d", got)
	}
	if data, err := os.ReadFile(filepath.Join(home, carbon.CarbonXML)); err != nil || !strings.Contains(string(data), "am01.example.com") {
		t.Errorf("the apply did not come to its end: %v", err)
	}
}

// applying brings the wizard to an apply that waits, in its verification, for the file that it returns.
func applying(t *testing.T, home string) (*session, string) {
	t.Helper()
	gate := filepath.Join(t.TempDir(), "gate")
	s := startSession(t, home, at80x24(gateVar+"="+gate))
	s.sees("Guidelines").keys(down + down + down).sees("> [ ]  4").keys(enterK).sees("4 of 16")
	s.keys(ctrlU+"am01.example.com\t"+ctrlU+"am01.example.com").until("the second name", secondName).keys(enterK).sees("accepted.")
	s.keys(escK).sees("[x]  4").keys("r").sees("a apply")
	s.keys("a").sees("Type apply to write")
	time.Sleep(quietFor + 100*time.Millisecond)
	s.keys("apply" + enterK).sees("verify it")
	return s, gate
}

// secondName reports whether the name stands in the second field, with the focus.
func secondName(screen string) bool {
	return strings.Contains(screen, "field 2 of 2") && strings.Contains(screen, "> am01.example.com ")
}

func TestTerminalApplyGoesOnWithoutIt(t *testing.T) {
	home := sampleHome(t)
	s, gate := applying(t, home)
	if err := s.tty.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	select {
	case <-s.exit:
		t.Fatal("the wizard ended in the middle of an apply")
	default:
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.code(); got != codeInterrupted {
		t.Errorf("exit code %d", got)
	}
	data, err := os.ReadFile(filepath.Join(home, carbon.CarbonXML))
	if err != nil || !strings.Contains(string(data), "<HostName>am01.example.com</HostName>") {
		t.Errorf("the apply did not come to its end: %v", err)
	}
	startSession(t, home, at80x24()).sees("went on after the connection was lost")
}
