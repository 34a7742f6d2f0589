//go:build !linux

package apply

import (
	"errors"
	"io/fs"
	"os"
)

// Carbon 4.2.0 servers that this program is for run on Linux. Elsewhere it works with what every system has: no owners, no access lists, no
// free space, and the exclusive creation of the lock file as lock.

// fillInfo makes every file ours: who owns it is not asked.
func fillInfo(info *Info, _ fs.FileInfo) {
	info.UID, info.GID, info.Links = os.Geteuid(), os.Getegid(), 1
}

var errNoLock = errors.New("this system has no advisory locks")

func unsupported(err error) bool {
	return errors.Is(err, errNoLock) || errors.Is(err, errors.ErrUnsupported)
}

func flock(*os.File, bool) error { return errNoLock }

func (t *realTree) Writable(dir string) error {
	_, err := t.root.Stat(dir)
	return err
}

func (t *realTree) Special(string) (Special, error) { return Special{}, nil }

func (t *realTree) Free(string) (Space, error)                                   { return Space{}, nil }
func (t *realTree) Xattrs(string) (map[string][]byte, error)                     { return nil, nil }
func (t *realTree) SetXattrs(string, map[string][]byte) (lost []string, _ error) { return nil, nil }
