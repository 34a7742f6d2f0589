package carbon

import "golang.org/x/sys/unix"

// freeSpace returns the bytes that a user other than root can still write to the file system of path.
func freeSpace(path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}
