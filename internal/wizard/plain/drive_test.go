package plain

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carbon-setup/internal/wizard/flow"
)

// patience is how long a test waits for what has to come.
const patience = 30 * time.Second

// shortGrace stands for the time that an output is given which takes nothing any more.
const shortGrace = 50 * time.Millisecond

var errBroken = errors.New("broken pipe")

// syncBuffer is an output that a test reads while it is written.
type syncBuffer struct {
	mu     sync.Mutex
	b      bytes.Buffer
	broken bool
	stuck  chan struct{} // not nil: writes wait for it
	seen   int           // what earlier waits have seen
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	stuck := s.stuck
	s.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return 0, errBroken
	}
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *syncBuffer) breakNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
}

// waitFor waits until a text comes after what earlier waits have seen.
func (s *syncBuffer) waitFor(t testing.TB, text string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		i := strings.Index(s.b.String()[s.seen:], text)
		if i >= 0 {
			s.seen += i + len(text)
		}
		s.mu.Unlock()
		switch {
		case i >= 0:
			return
		case time.Now().After(end):
			t.Fatalf("%q does not come:\n%s", text, s.String())
		}
	}
}

// waitForPrompt waits for the next prompt, whose line ends with a colon and a blank, and returns the paragraph that ends in it, as one line.
func (s *syncBuffer) waitForPrompt(t testing.TB) string {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		rest := s.b.String()[s.seen:]
		if strings.HasSuffix(rest, ": ") {
			s.seen += len(rest)
			s.mu.Unlock()
			if i := strings.LastIndex(rest, "\n\n"); i >= 0 {
				rest = rest[i:]
			}
			return strings.Join(strings.Fields(rest), " ")
		}
		s.mu.Unlock()
		if time.Now().After(end) {
			t.Fatalf("no question comes:\n%s", s.String())
		}
	}
}

// talkTo begins a conversation.
func talkTo(t testing.TB, eng *flow.Engine, in io.Reader, out io.Writer, with ...func(*talk)) <-chan flow.Outcome {
	t.Helper()
	k := newTalk(Config{Engine: eng, In: in, Out: out, Getenv: func(string) string { return "" }})
	for _, w := range with {
		w(k)
	}
	ended := make(chan flow.Outcome, 1)
	go func() {
		end, err := k.hold(context.Background())
		if err != nil {
			t.Error(err)
		}
		ended <- end
	}()
	return ended
}

func send(t testing.TB, w io.Writer, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if _, err := io.WriteString(w, l+"\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func signalSelf(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Fatal(err)
	}
}
