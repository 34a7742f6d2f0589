//go:build unix

package flow

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// readable asks the system whether this process may read a file, or list and enter a folder. It opens nothing.
func readable(path string, folder bool) error {
	mode := uint32(unix.R_OK)
	if folder {
		mode |= unix.X_OK
	}
	return unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS)
}

func idsOf(info fs.FileInfo) (uid, gid int, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(s.Uid), int(s.Gid), true
}
