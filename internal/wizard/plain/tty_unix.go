//go:build linux || darwin || freebsd || netbsd || openbsd

package plain

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// continued are the signals of a process that goes on after it was stopped: the shell may have changed the terminal meanwhile.
var continued = []os.Signal{syscall.SIGCONT}

// hideEcho switches the echo of a terminal off and drops its unread input.
func hideEcho(fd int) (restore func() error, err error) {
	was, err := unix.IoctlGetTermios(fd, ioctlGet)
	if err != nil {
		return nil, err
	}
	now := *was
	now.Lflag &^= unix.ECHO
	now.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(fd, ioctlSetFlush, &now); err != nil {
		return nil, err
	}
	return func() error { return unix.IoctlSetTermios(fd, ioctlSet, was) }, nil
}
