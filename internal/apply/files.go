package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"
)

// removeIfThere removes a file; one that is not there is fine.
func removeIfThere(tree Writer, name string) error {
	if err := tree.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writePrivate writes a file of mode 0600 beneath the state folder, with the folders to it.
func writePrivate(tree Tree, name string, data []byte) error {
	err := tree.WriteNew(name, 0o600, data)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makePrivateDirs(tree, path.Dir(name)); err != nil {
			return err
		}
		err = tree.WriteNew(name, 0o600, data)
	}
	if err != nil {
		return err
	}
	return giveToOwner(tree, name)
}

// makeDir makes a folder with the rights that it is to have.
func makeDir(tree Tree, d dirState) error {
	if err := tree.Mkdir(d.Path, d.Mode.perm()); err != nil {
		return err
	}
	info, err := tree.Stat(d.Path)
	if err != nil {
		return err
	}
	if info.UID != d.UID || info.GID != d.GID {
		if err := tree.Chown(d.Path, d.UID, d.GID); err != nil {
			return err
		}
	}
	if info.Mode.Perm() != d.Mode.perm() { // the umask
		return tree.Chmod(d.Path, d.Mode.perm())
	}
	return nil
}

// setAttributes gives a file of ours the owner, group, extended attributes, mode and time that it is to have. The mode comes last: until
// then nobody else can read it.
func setAttributes(tree Tree, name string, want *fileState) (lost []string, err error) {
	info, err := tree.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.UID != want.UID || info.GID != want.GID {
		if err := tree.Chown(name, want.UID, want.GID); err != nil {
			return nil, err
		}
	}
	if lost, err = tree.SetXattrs(name, want.Xattrs); err != nil {
		return nil, err
	}
	if mode := want.Mode.perm(); info.Mode.Perm() != mode || len(want.Xattrs) > 0 {
		if err := tree.Chmod(name, mode); err != nil {
			return nil, err
		}
	}
	if want.MTime != nil {
		err = tree.Chtimes(name, *want.MTime)
	}
	return lost, err
}

// isAs reports how a file differs from what it has to be; nil for a file that has to be absent and is.
func isAs(tree Reader, name string, want *fileState) error {
	info, err := tree.Stat(name)
	if want == nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errors.Join(errors.New("it is still there"), err)
	}
	if err != nil {
		return err
	}
	if info.Mode.Perm() != want.Mode.perm() || info.UID != want.UID || info.GID != want.GID {
		return fmt.Errorf("it is %s instead of %s", ownerOf(info), ownerOf(Info{Mode: want.Mode.perm(), UID: want.UID, GID: want.GID}))
	}
	data, err := tree.ReadFile(name)
	if err != nil {
		return err
	}
	if sum(data) != want.SHA256 {
		return errors.New("its content differs")
	}
	return nil
}

// syncAll makes files and folders durable, each once, several at a time: a disk is faster with many than with one after the other.
func syncAll(tree Writer, workers int, names ...string) error {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	errs := make([]error, len(names))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, len(names)) {
		wg.Go(func() {
			for i := range next {
				errs[i] = tree.Sync(names[i])
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}
