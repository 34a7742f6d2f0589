//go:build unix

package carbon

import (
	"io/fs"
	"syscall"
)

// ownerIDs returns the user and group that a file belongs to.
func ownerIDs(info fs.FileInfo) (uid, gid int, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}
