//go:build darwin || freebsd || netbsd || openbsd

package plain

import "golang.org/x/sys/unix"

const (
	ioctlGet      = unix.TIOCGETA
	ioctlSet      = unix.TIOCSETAW
	ioctlSetFlush = unix.TIOCSETAF
)
