//go:build linux

package plain

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// terminalPair is a terminal: the conversation is held on its one end, the test types and reads on the other.
func terminalPair(t *testing.T) (keys *os.File, tty *os.File, out *syncBuffer) {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	out = &syncBuffer{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(out, keys) // ends with an error when the other end is closed
	}()
	t.Cleanup(func() {
		_, _ = io.WriteString(keys, "\n") // whoever still reads the terminal is woken, and lets go of it
		_ = tty.Close()
		_ = keys.Close()
		select {
		case <-done:
		case <-time.After(time.Second): // a test that has failed leaves its conversation behind
		}
	})
	return keys, tty, out
}

func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	mode, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return mode.Lflag&unix.ECHO != 0
}

func TestPasswordIsNotSeenAtATerminal(t *testing.T) {
	keys, tty, out := terminalPair(t)
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	ended := talkTo(t, eng, tty, tty)
	out.waitFor(t, "[1, Administrator account]: ")
	send(t, keys, "1")
	out.waitFor(t, "[admin]: ")
	send(t, keys, "opsadmin", "typed-too-early") // the second line is not meant for the password
	out.waitFor(t, texts.PlainHidden)
	out.waitFor(t, "is made for you]: ")
	if echoes(t, tty) {
		t.Error("the terminal shows what is typed")
	}
	send(t, keys, secretWord)
	out.waitFor(t, "strength: strong")
	out.waitFor(t, "Password, again: ")
	send(t, keys, secretWord)
	out.waitFor(t, "2  Password: given")
	if !echoes(t, tty) {
		t.Error("the terminal does not show any more what is typed")
	}
	send(t, keys, "2")
	out.waitFor(t, "is held stays]: ")
	send(t, keys, "?")
	out.waitFor(t, "is held stays]: ")
	send(t, keys, "")
	out.waitFor(t, "an answer: ")
	send(t, keys, "b")
	out.waitFor(t, "is held stays]: ")
	send(t, keys, "q")
	if end := <-ended; end.End != flow.EndLeft || !end.Saved {
		t.Errorf("outcome %+v", end)
	}
	if !echoes(t, tty) {
		t.Error("the terminal is left without echo")
	}
	onlyLines(t, out.String(), true)
	if n := strings.Count(out.String(), texts.PlainHidden); n != 1 {
		t.Errorf("said %d times that nothing is shown", n)
	}
	saysNot(t, strings.SplitAfterN(out.String(), "Question 2", 2)[1], "typed-too-early")
}

func TestSignalAtAPasswordGivesTheEchoBack(t *testing.T) {
	keys, tty, out := terminalPair(t)
	ended := talkTo(t, openEngine(t, standInConfig(t, sampleHome(t))), tty, tty)
	send(t, keys, "1")
	out.waitFor(t, "[admin]: ")
	send(t, keys, "")
	out.waitFor(t, "is made for you]: ")
	signalSelf(t, syscall.SIGINT)
	if end := <-ended; end.End != flow.EndInterrupted {
		t.Errorf("outcome %+v", end)
	}
	if !echoes(t, tty) {
		t.Error("the terminal is left without echo")
	}
}

func TestPasswordStaysHiddenAfterAStop(t *testing.T) {
	keys, tty, out := terminalPair(t)
	ended := talkTo(t, openEngine(t, standInConfig(t, sampleHome(t))), tty, tty)
	send(t, keys, "1")
	out.waitFor(t, "[admin]: ")
	send(t, keys, "")
	out.waitFor(t, "is made for you]: ")
	mode, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Lflag |= unix.ECHO // as a shell does for itself
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
	signalSelf(t, syscall.SIGCONT)
	for end := time.Now().Add(patience); echoes(t, tty); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the terminal shows what is typed")
		}
	}
	send(t, keys, "q")
	<-ended
	if !echoes(t, tty) {
		t.Error("the terminal is left without echo")
	}
}

func TestEnterStopsChecksAtATerminal(t *testing.T) {
	keys, tty, out := terminalPair(t)
	cfg := standInConfig(t, sampleHome(t))
	gate := make(chan struct{})
	slowChecks(&cfg, gate)
	ended := talkTo(t, openEngine(t, cfg), tty, tty)
	for _, l := range []string{"3", "am01.example.com", "", ""} {
		send(t, keys, l)
	}
	out.waitFor(t, "t runs the checks: ")
	send(t, keys, "t")
	out.waitFor(t, "Enter or ctrl+c stops them")
	out.waitFor(t, "[ok]")
	send(t, keys, "")
	out.waitFor(t, texts.PlainChecksStopped)
	out.waitFor(t, "t runs the checks: ")
	send(t, keys, "t")
	out.waitFor(t, "[ok]")
	close(gate)
	out.waitFor(t, texts.ChecksDone)
	send(t, keys, "") // the line that could have stopped them now answers the question
	out.waitFor(t, "Host name: accepted")
	send(t, keys, "nine", "ten", "eleven", "twelve") // somebody sits here: it never gives up
	out.waitFor(t, "twelve")
	out.waitFor(t, "Offset [0]: ")
	send(t, keys, "\x04") // the end of the input, after a line end
	_, err := keys.Write([]byte{4})
	if end := <-ended; err != nil || end.End != flow.EndLeft {
		t.Errorf("outcome %+v, %v", end, err)
	}
}

func TestTerminalThatGoesIsALostLink(t *testing.T) {
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	ended := talkTo(t, eng, tty, tty)
	send(t, keys, "3", "am01.example.com")
	b, text := make([]byte, 4096), ""
	for !strings.Contains(text, "Question 2") {
		n, err := keys.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		text += string(b[:n])
	}
	if err := keys.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Fatal(err)
	}
	if end := <-ended; end.End != flow.EndInterrupted && end.End != flow.EndLeft || !end.Saved {
		t.Errorf("outcome %+v", end)
	}
}
