package tui

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
)

// quietTTY keeps the terminal modes and queries that the wizard never uses off the wire. A link that drops would leave the keyboard
// modes switched on in the operator's own terminal, and late answers to queries would land in his shell. It is still a file, so the
// size, raw mode and the colors of the terminal are found as before.
type quietTTY struct{ *os.File }

var unwanted = [][]byte{
	[]byte("\x1b[?2026$p"), []byte("\x1b[?2027$p"), // what can you do?
	[]byte("\x1b[>4;2m"), []byte("\x1b[>4m"), // modifyOtherKeys
	[]byte("\x1b[>1u"), []byte("\x1b[<1u"), []byte("\x1b[?u"), // Kitty keyboard protocol
}

// Write writes p without the unwanted sequences. Bubble Tea writes each of them in one piece.
func (q quietTTY) Write(p []byte) (int, error) {
	b := p
	for _, seq := range unwanted {
		if bytes.Contains(b, seq) {
			b = bytes.ReplaceAll(b, seq, nil)
		}
	}
	if len(b) == 0 {
		return len(p), nil
	}
	if _, err := q.File.Write(b); err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteString is what io.WriteString would call on the file itself.
func (q quietTTY) WriteString(s string) (int, error) { return q.Write([]byte(s)) }

// endlessTTY makes the end of the input an error: a terminal in raw mode has none but that of the link, and the program would go on without it.
type endlessTTY struct{ *os.File }

// Read reads as the file does.
func (e endlessTTY) Read(p []byte) (int, error) {
	n, err := e.File.Read(p)
	if n == 0 && errors.Is(err, io.EOF) {
		err = &os.PathError{Op: "read", Path: e.Name(), Err: syscall.EIO}
	}
	return n, err
}
