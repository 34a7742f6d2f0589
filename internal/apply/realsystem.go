package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// Real returns the operating system.
func Real() System { return realSystem{} }

type realSystem struct{}

// Open keeps the home's folder open: every operation is resolved beneath it by the kernel, so that a link put in the way while a run goes
// on cannot lead it elsewhere.
func (realSystem) Open(home string) (Tree, error) {
	resolved, err := filepath.EvalSymlinks(home)
	if err != nil {
		return nil, err
	}
	if resolved, err = filepath.Abs(resolved); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(resolved)
	if err != nil {
		return nil, err
	}
	return &realTree{home: resolved, root: root}, nil
}

// realTree makes the operations on the operating system. What only some systems have is in realtree_linux.go and realtree_other.go.
type realTree struct {
	home string
	root *os.Root
}

func (t *realTree) Close() error { return t.root.Close() }
func (t *realTree) Home() string { return t.home }

func (t *realTree) Me() Identity {
	groups, err := os.Getgroups()
	if err != nil {
		groups = nil
	}
	return Identity{UID: os.Geteuid(), GID: os.Getegid(), Groups: groups}
}

func (t *realTree) Stat(name string) (Info, error) {
	fi, err := t.root.Lstat(name)
	if err != nil {
		return Info{}, err
	}
	info := Info{Mode: fi.Mode(), Size: fi.Size(), MTime: fi.ModTime()}
	fillInfo(&info, fi)
	return info, nil
}

func (t *realTree) ReadFile(name string) ([]byte, error) { return t.root.ReadFile(name) }
func (t *realTree) Readlink(name string) (string, error) { return t.root.Readlink(name) }

func (t *realTree) ReadDir(name string) ([]string, error) {
	dir, err := t.root.Open(name)
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	slices.Sort(names)
	return names, errors.Join(err, dir.Close())
}

func (t *realTree) WriteNew(name string, perm fs.FileMode, data []byte) error {
	return t.write(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm, data)
}

func (t *realTree) Append(name string, perm fs.FileMode, data []byte) error {
	return t.write(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, perm, data)
}

func (t *realTree) write(name string, flags int, perm fs.FileMode, data []byte) error {
	f, err := t.root.OpenFile(name, flags, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func (t *realTree) Mkdir(name string, perm fs.FileMode) error { return t.root.Mkdir(name, perm) }
func (t *realTree) Rename(from, to string) error              { return t.root.Rename(from, to) }
func (t *realTree) Link(from, to string) error                { return t.root.Link(from, to) }
func (t *realTree) Remove(name string) error                  { return t.root.Remove(name) }
func (t *realTree) Chmod(name string, mode fs.FileMode) error { return t.root.Chmod(name, mode) }
func (t *realTree) Chown(name string, uid, gid int) error     { return t.root.Lchown(name, uid, gid) }

func (t *realTree) Chtimes(name string, mtime time.Time) error {
	return t.root.Chtimes(name, mtime, mtime)
}

// Sync opens the file anew: Linux reports a failed write-back to the first who asks, so that nothing is missed, and a run needs no
// more than one file open at a time.
func (t *realTree) Sync(name string) error {
	f, err := t.root.Open(name)
	if err != nil {
		return err
	}
	err = f.Sync()
	if err != nil && unsupported(err) {
		err = nil // a folder on a file system that cannot sync folders
	}
	return errors.Join(err, f.Close())
}

// parent opens the folder of a file, for the system calls that the os package does not offer.
func (t *realTree) parent(name string) (dir *os.File, base string, err error) {
	dir, err = t.root.Open(path.Dir(name))
	if err != nil {
		return nil, "", err
	}
	return dir, path.Base(name), nil
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// Lock holds a lock file with an advisory lock of the kernel, which goes with its holder however that ends.
func (t *realTree) Lock(name string, content []byte) (func() error, error) {
	const tries = 8 // a reader of the lock (LockHolder) and a holder who is just leaving both hold it for a moment
	for try := 0; ; try++ {
		f, err := t.tryLock(name)
		if err == nil {
			if err = rewrite(f, content); err != nil {
				return nil, errors.Join(err, t.root.Remove(name), f.Close())
			}
			return func() error { return errors.Join(t.root.Remove(name), f.Close()) }, nil
		}
		if !errors.Is(err, errHeld) && !errors.Is(err, errGone) || try == tries {
			return nil, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// errGone says that the lock file was removed while we took its lock.
var errGone = errors.New("the lock file has gone")

func (t *realTree) tryLock(name string) (*os.File, error) {
	f, err := t.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	created := err == nil
	if errors.Is(err, fs.ErrExist) {
		f, err = t.root.OpenFile(name, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errGone
		}
	}
	if err != nil {
		return nil, err
	}
	switch err = flock(f, true); {
	case err == nil:
	case unsupported(err) && created:
		return f, nil // the exclusive creation has to do
	case unsupported(err):
		return nil, errors.Join(errUnsure, f.Close())
	default:
		return nil, errors.Join(err, f.Close())
	}
	mine, err1 := f.Stat()
	there, err2 := t.root.Lstat(name)
	if err1 != nil || err2 != nil || !os.SameFile(mine, there) {
		return nil, errors.Join(errGone, f.Close())
	}
	return f, nil
}

func rewrite(f *os.File, content []byte) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(content, 0)
	return err
}

func (t *realTree) LockHolder(name string) (content []byte, held bool, err error) {
	f, err := t.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	switch err := flock(f, false); {
	case err == nil:
		return nil, false, nil // Close gives it back
	case errors.Is(err, errHeld):
		content, err = t.root.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, false, nil
		}
		return content, true, err
	case unsupported(err):
		content, err = t.root.ReadFile(name)
		if err == nil {
			err = errUnsure
		}
		return content, false, err
	default:
		return nil, false, fmt.Errorf("%s: %w", name, err)
	}
}
