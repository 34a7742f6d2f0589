package plain

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxLine bounds a line; what is longer is read to its end and refused.
const maxLine = 8 << 10

// typed is a line of the input, without its line end.
type typed struct {
	text string
	long bool // it was too long: text is not all of it
	err  error
}

// lines reads the input, one line each time one is wanted: nothing is read ahead of a question, so what is typed while a password is hidden
// cannot have been shown before. One goroutine reads; it ends with the input, or with close when it is not inside a read.
type lines struct {
	want    chan struct{}
	got     chan typed
	waiting bool // one is wanted and has not come
}

func newLines(in io.Reader) *lines {
	l := &lines{want: make(chan struct{}, 1), got: make(chan typed, 1)}
	r := bufio.NewReader(in)
	go func() {
		first := true
		for range l.want {
			t := readLine(r)
			if first {
				t.text, first = strings.TrimPrefix(t.text, "\ufeff"), false
			}
			l.got <- t
		}
	}()
	return l
}

// close ends the reading of further lines.
func (l *lines) close() { close(l.want) }

// next returns where the next line comes; who takes one from it calls taken.
func (l *lines) next() <-chan typed {
	if !l.waiting {
		l.waiting = true
		l.want <- struct{}{}
	}
	return l.got
}

func (l *lines) taken() { l.waiting = false }

// wait waits for the next line. Its error is one of reading, or errInterrupted.
func (l *lines) wait(ctx context.Context) (typed, error) {
	if ctx.Err() != nil {
		return typed{}, errInterrupted
	}
	select {
	case t := <-l.next():
		l.taken()
		return t, t.err
	case <-ctx.Done():
		return typed{}, errInterrupted
	}
}

// readLine reads one line. One that the input ends in the middle of does not count: nobody has ended it.
func readLine(r *bufio.Reader) typed {
	var t typed
	var b []byte
	for {
		part, err := r.ReadSlice('\n')
		if room := maxLine - len(b); len(part) > room+2 {
			t.long = true
		} else if !t.long {
			b = append(b, part...)
		}
		switch {
		case err == nil:
			t.text = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
			return t
		case !errors.Is(err, bufio.ErrBufferFull):
			return typed{err: err}
		}
	}
}

// isText reports whether a line can be an answer: UTF-8, and no control characters.
func isText(s string) (text, controls bool) {
	if !utf8.ValidString(s) {
		return false, false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 }) < 0, true
}
