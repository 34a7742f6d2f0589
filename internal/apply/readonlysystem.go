package apply

import (
	"io/fs"
	"time"
)

// ReadOnly returns a System that fails every write with ErrReadOnly; a dry run holds this one.
func ReadOnly() System { return readOnlySystem{} }

type readOnlySystem struct{}

func (readOnlySystem) Open(home string) (Tree, error) {
	tree, err := Real().Open(home)
	if err != nil {
		return nil, err
	}
	return readOnlyTree{Reader: tree, close: tree.Close}, nil
}

// readOnlyTree holds the reading half of a tree and nothing that writes.
type readOnlyTree struct {
	Reader
	close func() error
}

func (t readOnlyTree) Close() error { return t.close() }

func refuse(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: ErrReadOnly} }

func (readOnlyTree) WriteNew(name string, _ fs.FileMode, _ []byte) error {
	return refuse("write", name)
}

func (readOnlyTree) Append(name string, _ fs.FileMode, _ []byte) error { return refuse("append", name) }

func (readOnlyTree) Mkdir(name string, _ fs.FileMode) error { return refuse("mkdir", name) }

func (readOnlyTree) Rename(from, _ string) error { return refuse("rename", from) }

func (readOnlyTree) Link(from, _ string) error { return refuse("link", from) }

func (readOnlyTree) Remove(name string) error { return refuse("remove", name) }

func (readOnlyTree) Chmod(name string, _ fs.FileMode) error { return refuse("chmod", name) }

func (readOnlyTree) Chown(name string, _, _ int) error { return refuse("chown", name) }

func (readOnlyTree) Chtimes(name string, _ time.Time) error { return refuse("chtimes", name) }

func (readOnlyTree) Sync(name string) error { return refuse("sync", name) }

func (readOnlyTree) SetXattrs(name string, _ map[string][]byte) ([]string, error) {
	return nil, refuse("setxattr", name)
}

func (readOnlyTree) Lock(name string, _ []byte) (func() error, error) {
	return nil, refuse("lock", name)
}
