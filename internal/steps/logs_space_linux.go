package steps

import "golang.org/x/sys/unix"

// spaceBelow is how many bytes a user that is not root can still write below a folder; ok is false where it cannot be told.
func spaceBelow(dir string) (bytes int64, ok bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil || st.Bsize <= 0 || st.Bavail > 1<<62/uint64(st.Bsize) {
		return 0, false
	}
	return int64(st.Bavail) * st.Bsize, true
}
