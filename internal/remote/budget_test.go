package remote

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

func TestBudgetEndsReading(t *testing.T) {
	var b Budget
	b.Allow(5)
	in := strings.NewReader("hello, world and more")
	p := make([]byte, 3)
	var got strings.Builder
	for {
		n, err := b.Read(in, p)
		got.Write(p[:n])
		if err != nil {
			if !errors.Is(err, ErrTooMuch) {
				t.Fatal(err)
			}
			break
		}
		if b.Exceeded() {
			t.Error("a budget that was kept is exceeded")
		}
	}
	if got.String() != "hello" || b.Got() != 5 || b.Left() != 0 || !b.Exceeded() {
		t.Errorf("read %q: %d came, %d are left, exceeded: %v", &got, b.Got(), b.Left(), b.Exceeded())
	}
	b.Allow(100)
	b.Restart()
	if rest, err := io.ReadAll(readerOf(func(p []byte) (int, error) { return b.Read(in, p) })); string(rest) != ", world and more" || err != nil || b.Got() != int64(len(rest)) {
		t.Errorf("then read %q, %v; %d came", rest, err, b.Got())
	}
}

type readerOf func([]byte) (int, error)

func (r readerOf) Read(p []byte) (int, error) { return r(p) }

func TestBoundedIsFreed(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _ = ours.Close() }()
	go func() {
		_, _ = io.WriteString(theirs, "hello, world")
		_ = theirs.Close()
	}()
	c := Bound(ours, 5)
	if head, err := io.ReadAll(c); string(head) != "hello" || !errors.Is(err, ErrTooMuch) {
		t.Errorf("read %q, %v", head, err)
	}
	c.Free()
	if rest, err := io.ReadAll(c); string(rest) != ", world" || err != nil {
		t.Errorf("then read %q, %v", rest, err)
	}
}
