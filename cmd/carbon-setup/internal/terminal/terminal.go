// Package terminal runs a program on a pseudo-terminal and shows what a person would see on it: a screen, not a stream of bytes.
// Tests, benchmarks and the pictures of the README are made with it.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/sys/unix"
)

// Terminal is a program on a screen of its own.
type Terminal struct {
	cmd    *exec.Cmd
	file   *os.File
	vt     vt10x.Terminal
	bytes  atomic.Int64
	mu     sync.Mutex
	moved  chan struct{} // closed and replaced whenever something was written
	closed chan struct{} // the program has let go of the terminal
	waited chan struct{}
	err    error
}

// Start runs the command on a terminal of that size. The program sees TERM and nothing else of the caller's terminal.
func Start(cmd *exec.Cmd, columns, rows int) (*Terminal, error) {
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}) // #nosec G115 -- sizes of screens
	if err != nil {
		return nil, fmt.Errorf("start %s on a terminal: %w", cmd.Path, err)
	}
	if file, err = closable(file); err != nil {
		return nil, err
	}
	t := &Terminal{
		cmd: cmd, file: file, vt: vt10x.New(vt10x.WithSize(columns, rows), vt10x.WithWriter(file)),
		moved: make(chan struct{}), closed: make(chan struct{}), waited: make(chan struct{}),
	}
	go t.read()
	go func() {
		t.err = cmd.Wait()
		close(t.waited)
	}()
	return t, nil
}

// closable returns the same terminal as a file that can be closed while it is read. As the library leaves it, closing waits for the reader, and the
// line is not cut.
func closable(file *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), file.Name()), file.Close() // #nosec G115 -- a file descriptor
}

func (t *Terminal) read() {
	defer close(t.closed)
	buf := make([]byte, 32<<10)
	for {
		n, err := t.file.Read(buf)
		if n > 0 {
			t.bytes.Add(int64(n))
			_, _ = t.vt.Write(buf[:n])
			t.mu.Lock()
			close(t.moved)
			t.moved = make(chan struct{})
			t.mu.Unlock()
		}
		if err != nil {
			return // EIO: nobody has the other side open any more
		}
	}
}

// Bytes is how much the program has written so far.
func (t *Terminal) Bytes() int64 { return t.bytes.Load() }

// Text is the screen, line by line, blanks at line ends cut.
func (t *Terminal) Text() string {
	t.vt.Lock()
	defer t.vt.Unlock()
	columns, rows := t.vt.Size()
	var b strings.Builder
	for y := range rows {
		var line strings.Builder
		for x := range columns {
			r := t.vt.Cell(x, y).Char
			if r == 0 {
				r = ' '
			}
			line.WriteRune(r)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// Cells calls f for every cell of the screen, row by row.
func (t *Terminal) Cells(f func(x, y int, g vt10x.Glyph)) {
	t.vt.Lock()
	defer t.vt.Unlock()
	columns, rows := t.vt.Size()
	for y := range rows {
		for x := range columns {
			f(x, y, t.vt.Cell(x, y))
		}
	}
}

// Type writes keys to the program, as they come from a keyboard.
func (t *Terminal) Type(keys string) error {
	_, err := t.file.WriteString(keys)
	return err
}

// Resize changes the size of the window; the program is told by SIGWINCH.
func (t *Terminal) Resize(columns, rows int) error {
	t.vt.Resize(columns, rows)
	conn, err := t.file.SyscallConn() // not Fd: that would have reads block again
	if err != nil {
		return err
	}
	size := &unix.Winsize{Col: uint16(columns), Row: uint16(rows)} // #nosec G115 -- sizes of screens
	return errors.Join(conn.Control(func(fd uintptr) {
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size) // #nosec G115 -- a file descriptor
	}), err)
}

// ErrNotSeen is the error of WaitFor when the text does not come.
var ErrNotSeen = errors.New("not seen on the screen")

// WaitFor waits until the screen shows the text. The error holds the screen as it is then.
func (t *Terminal) WaitFor(ctx context.Context, text string) error {
	return t.Wait(ctx, text, func(screen string) bool { return strings.Contains(screen, text) })
}

// Wait waits until the screen is as wanted; what says in words what that is.
func (t *Terminal) Wait(ctx context.Context, what string, wanted func(screen string) bool) error {
	for {
		t.mu.Lock()
		moved := t.moved
		t.mu.Unlock()
		if wanted(t.Text()) {
			return nil
		}
		select {
		case <-moved:
		case <-t.closed:
			if wanted(t.Text()) {
				return nil
			}
			return fmt.Errorf("%q %w; the program has ended:\n%s", what, ErrNotSeen, t.Text())
		case <-ctx.Done():
			return fmt.Errorf("%q %w:\n%s", what, ErrNotSeen, t.Text())
		}
	}
}

// Quiet waits until nothing has been written for the time given.
func (t *Terminal) Quiet(ctx context.Context, d time.Duration) {
	for {
		t.mu.Lock()
		moved := t.moved
		t.mu.Unlock()
		select {
		case <-moved:
		case <-t.closed:
			return
		case <-time.After(d):
			return
		case <-ctx.Done():
			return
		}
	}
}

// Hangup cuts the line: the terminal goes, and the program gets SIGHUP from the kernel.
func (t *Terminal) Hangup() error { return t.file.Close() }

// Signal sends a signal to the program.
func (t *Terminal) Signal(s syscall.Signal) error { return t.cmd.Process.Signal(s) }

// Done waits for the end of the program and returns its exit code.
func (t *Terminal) Done(ctx context.Context) (int, error) {
	select {
	case <-t.waited:
		var exit *exec.ExitError
		if t.err != nil && !errors.As(t.err, &exit) {
			return -1, t.err
		}
		return t.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return -1, fmt.Errorf("the program does not end: %w\n%s", ctx.Err(), t.Text())
	}
}

// Close ends the program, whatever it does.
func (t *Terminal) Close() {
	_ = t.cmd.Process.Kill()
	<-t.waited
	_ = t.file.Close()
	<-t.closed
}
