package plain

import "golang.org/x/sys/unix"

const (
	ioctlGet      = unix.TCGETS
	ioctlSet      = unix.TCSETSW
	ioctlSetFlush = unix.TCSETSF
)
