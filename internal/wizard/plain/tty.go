package plain

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// terminal is the input as far as it is one: it can hide what is typed.
type terminal struct {
	fd int // -1: the input is no terminal

	mu      sync.Mutex
	restore func() error // set while the typing is hidden
}

func newTerminal(in io.Reader) *terminal {
	if f, ok := in.(*os.File); ok && f != nil && term.IsTerminal(int(f.Fd())) {
		return &terminal{fd: int(f.Fd())}
	}
	return &terminal{fd: -1}
}

// is reports whether somebody sits at the input.
func (t *terminal) is() bool { return t.fd >= 0 }

// gone reports whether the input is a terminal that was hung up: reading from it then only finds an end.
func (t *terminal) gone() bool {
	if t.fd < 0 {
		return false
	}
	_, err := term.GetState(t.fd)
	return err != nil
}

// hide stops the terminal from showing what is typed, and drops what was typed before: it was not meant for this question.
func (t *terminal) hide() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fd < 0 || t.restore != nil {
		return nil
	}
	restore, err := hideEcho(t.fd)
	t.restore = restore
	return err
}

// hideAgain hides the typing where it was hidden: a shell that we were stopped in shows it.
func (t *terminal) hideAgain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.restore != nil {
		_, _ = hideEcho(t.fd)
	}
}

// show undoes hide. It may be called at any time.
func (t *terminal) show() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.restore != nil {
		_ = t.restore() // a terminal that is gone needs none
		t.restore = nil
	}
}
