//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"carbon-setup/assets"
	"carbon-setup/cmd/carbon-setup/internal/terminal"
)

// plainCommand runs this program, which the test binary is when it is called so.
func plainCommand(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Args[0] = "carbon-setup"
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=C"}, env...)
	return cmd
}

func plainSample(t *testing.T) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	if err := assets.Unpack(t.Context(), home, assets.API); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour) // what is older than a session has not changed since
	err := filepath.WalkDir(home, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, long, long))
	})
	if err != nil {
		t.Fatal(err)
	}
	return home
}

// plainScreen is the program in plain lines on a terminal.
type plainScreen struct {
	*terminal.Terminal
	t   *testing.T
	ctx context.Context
}

func startPlain(t *testing.T, env []string, args ...string) plainScreen {
	t.Helper()
	term, err := terminal.Start(plainCommand(t, env, args...), 80, 40)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(term.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return plainScreen{term, t, ctx}
}

// asked waits until the last thing on the screen is a question that ends so.
func (p plainScreen) asked(end string) {
	p.t.Helper()
	err := p.Wait(p.ctx, end, func(screen string) bool {
		return strings.HasSuffix(strings.Join(strings.Fields(screen), " "), end)
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p plainScreen) sees(text string) {
	p.t.Helper()
	if err := p.WaitFor(p.ctx, text); err != nil {
		p.t.Fatal(err)
	}
}

func (p plainScreen) answer(text string) {
	p.t.Helper()
	if err := p.Type(text); err != nil {
		p.t.Fatal(err)
	}
}

func (p plainScreen) ends(code int) {
	p.t.Helper()
	got, err := p.Done(p.ctx)
	if err != nil || got != code {
		p.t.Fatalf("ends with %d, want %d: %v\n%s", got, code, err, p.Text())
	}
}

func TestPlainAtATerminal(t *testing.T) {
	const word = "Kestrel-47-over-Quay"
	home := plainSample(t)
	p := startPlain(t, []string{"TERM=xterm"}, "--plain", "--home", home)
	p.asked("[1, Administrator account]:")
	p.answer("\n")
	p.asked("[admin]:")
	p.answer("opsadmin\n")
	p.asked("[a strong one is made for you]:")
	p.answer(word + "\n")
	p.asked("Password, again:")
	p.answer(word + "\n")
	p.asked("Enter accepts, a number changes an answer:")
	if screen := p.Text(); strings.Contains(screen, word) || !strings.Contains(screen, "[admin]: opsadmin") {
		t.Errorf("the screen:\n%s", screen)
	}
	p.answer("\n")
	p.sees("Administrator account: accepted.")
	p.asked("[1, a key and certificate that I have]:") // the next guideline is open
	p.answer("\x03")                                   // ctrl+c
	p.ends(exitInterrupted)

	// The line is cut in the middle of a guideline.
	p = startPlain(t, []string{"TERM=xterm"}, "--plain", "--home", home)
	p.asked("Number [1, Resume]:")
	p.answer("\n")
	p.sees("Question 1 of ")
	p.answer("b\n")
	p.sees("? all answers [")
	p.answer("3\n")
	p.asked("[512m]:")
	p.answer("600m\n")
	p.sees("Question 2 of ")
	if err := p.Hangup(); err != nil {
		t.Fatal(err)
	}
	p.ends(exitInterrupted)

	// It goes on in the same place, with what was typed.
	p = startPlain(t, []string{"TERM=xterm"}, "--plain", "--home", home)
	p.asked("Number [1, Resume]:")
	if screen := p.Text(); !strings.Contains(screen, "The connection was lost then.") || !strings.Contains(screen, "To be typed again: Administrator account.") {
		t.Errorf("the screen:\n%s", screen)
	}
	p.answer("\n")
	p.asked("[600m]:")
	p.answer("\x04") // ctrl+d
	p.ends(exitLeft)
}

// TestPlainWithoutBeingAsked shows that a terminal which can do nothing gets lines, and not one byte that moves a cursor.
func TestPlainWithoutBeingAsked(t *testing.T) {
	file, err := pty.Start(plainCommand(t, []string{"TERM=dumb"}, "--home", plainSample(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("4\nam01.example.com\nb\nb\nr\nd\nq\n"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, _ = io.Copy(&out, file) // ends with EIO, with the program
	for i, b := range out.Bytes() {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' || b > '~' {
			t.Fatalf("byte %#x after %q", b, out.Bytes()[max(0, i-40):i])
		}
	}
	for _, want := range []string{"Guidelines: ", "4 of 16  Host name", "Review", "Left; nothing was applied."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}

func TestPlainShowsTheDifferenceOfPlan(t *testing.T) {
	home := plainSample(t)
	file := filepath.Join(t.TempDir(), "answers.yaml")
	answers := "version: 1\nhostname: {name: esb.example.com, management: mgt.example.com}\njvm: {heap_initial: 512m, heap_max: 1024m}\nports: {offset: 3}\n"
	if err := os.WriteFile(file, []byte(answers), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err := plainCommand(t, nil, "plan", "--home", home, "--answers", file).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitChanges || len(plan) == 0 {
		t.Fatalf("plan: %v", err)
	}
	cmd := plainCommand(t, nil, "--plain", "--home", home, "--answers", file)
	cmd.Stdin = strings.NewReader("r\nd\nq\n")
	said, err := cmd.Output()
	if !errors.As(err, &exit) || exit.ExitCode() != exitLeft {
		t.Fatalf("%v\n%s", err, said)
	}
	if !bytes.Contains(said, append([]byte("\n"), plan...)) {
		t.Errorf("the conversation does not have what plan prints:\n%s\n---\n%s", plan, said)
	}
}

func TestPlainOutlivesItsReader(t *testing.T) {
	home := plainSample(t)
	cmd := plainCommand(t, nil, "--plain", "--home", home)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil { // as head -1 does
		t.Fatal(err)
	}
	_, _ = io.WriteString(in, strings.Repeat("4\nam01.example.com\nb\nb\n", 10)) // it may have ended by then
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		status := exit.Sys().(syscall.WaitStatus) //nolint:forcetypeassert // on this system it is one
		t.Errorf("%v, signal %v", err, status.Signal())
	}
}
