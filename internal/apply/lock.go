package apply

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

const lockFile = StateDir + "/lock"

// holder is the content of the lock file.
type holder struct {
	Who   Who       `json:"who"`
	Since time.Time `json:"since"`
}

// Lock is held by one wizard or apply at a time.
type Lock struct {
	tree    Tree
	unlock  func() error
	madeDir bool
}

// AcquireLock takes the lock of a home, taking over a dead holder's. Errors: *LockedError, or that of the file system.
func AcquireLock(home string, o Options) (*Lock, error) {
	o = o.withDefaults()
	tree, err := o.System.Open(home)
	if err != nil {
		return nil, err
	}
	lock, err := acquire(tree, o)
	if err != nil {
		_ = tree.Close() // opened for nothing
		return nil, err
	}
	return lock, nil
}

// acquire takes the lock; it keeps the tree, which Release closes.
func acquire(tree Tree, o Options) (*Lock, error) {
	o.Progress(Event{Stage: StageLock, Path: lockFile, Total: 1})
	// A lock that is held is told even when we could not write: it is the more useful answer.
	if content, held, err := tree.LockHolder(lockFile); held && err == nil {
		return nil, locked(tree.Home(), content, false)
	}
	var l *Lock
	err := fs.ErrNotExist
	for try := 0; errors.Is(err, fs.ErrNotExist) && try < 8; try++ {
		l, err = tryAcquire(tree, o) // again when whoever left just now took the empty folder along
	}
	if err != nil {
		return nil, err
	}
	o.Progress(Event{Stage: StageLock, Path: lockFile, Done: 1, Total: 1})
	return l, nil
}

func tryAcquire(tree Tree, o Options) (*Lock, error) {
	madeDir, err := makeStateDir(tree)
	if err != nil {
		return nil, err
	}
	l := &Lock{tree: tree, madeDir: madeDir}
	if l.unlock, err = takeLock(tree, o); err != nil {
		l.dropDir()
		return nil, err
	}
	if err := giveToOwner(tree, lockFile); err != nil {
		return nil, errors.Join(err, l.free())
	}
	return l, nil
}

func takeLock(tree Tree, o Options) (func() error, error) {
	content, err := json.Marshal(holder{Who: o.Who, Since: o.Now().UTC()})
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		unlock, err := tree.Lock(lockFile, append(content, '\n'))
		switch {
		case errors.Is(err, errHeld), errors.Is(err, errGone):
			present, _, _ := tree.LockHolder(lockFile)
			return nil, locked(tree.Home(), present, false)
		case errors.Is(err, errUnsure):
			present, err := tree.ReadFile(lockFile)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			if try > 0 || !deadHere(present, o.Who.Host) {
				return nil, locked(tree.Home(), present, true)
			}
			if err := tree.Remove(lockFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		default:
			return unlock, err
		}
	}
}

// deadHere reports whether a lock was left by a process of this machine that is no more: what can be told without an advisory lock.
func deadHere(content []byte, host string) bool {
	var h holder
	if json.Unmarshal(content, &h) != nil || h.Who.PID <= 0 || h.Who.Host == "" || h.Who.Host != host {
		return false
	}
	process, err := os.FindProcess(h.Who.PID)
	return err == nil && errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

func locked(home string, content []byte, unsure bool) *LockedError {
	var h holder
	if err := json.Unmarshal(content, &h); err != nil {
		h = holder{} // its holder is just writing it
	}
	return &LockedError{Holder: h.Who, Since: h.Since, Unsure: unsure, File: filepath.Join(home, filepath.FromSlash(lockFile))}
}

// Release gives the lock back.
func (l *Lock) Release() error { return errors.Join(l.free(), l.tree.Close()) }

// free gives the lock back and leaves the tree open.
func (l *Lock) free() error {
	err := l.unlock()
	l.dropDir()
	return err
}

// dropDir removes the state folder when we made it and nothing has been put into it since. One that stays harms nobody.
func (l *Lock) dropDir() {
	if !l.madeDir {
		return
	}
	if names, err := l.tree.ReadDir(StateDir); err == nil && len(names) == 0 {
		_ = l.tree.Remove(StateDir)
	}
}

// Holder reports who holds the lock now, nil = nobody alive. A lock that this process holds is reported, too.
func Holder(home string) (*LockedError, error) {
	tree, err := ReadOnly().Open(home)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	content, held, err := tree.LockHolder(lockFile)
	switch {
	case errors.Is(err, errUnsure):
		if deadHere(content, CurrentWho("").Host) {
			return nil, nil // nobody is what it says
		}
		return locked(tree.Home(), content, true), nil
	case err != nil:
		return nil, fmt.Errorf("who holds the lock: %w", err)
	case !held:
		return nil, nil // nobody is what it says
	}
	return locked(tree.Home(), content, false), nil
}

// makeStateDir makes the state folder when it is not there: readable by its owner alone, who is the owner of the home.
func makeStateDir(tree Tree) (made bool, err error) {
	info, err := tree.Stat(StateDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err := makePrivateDir(tree, StateDir)
		if errors.Is(err, fs.ErrExist) {
			return false, nil // somebody else was faster
		}
		return true, err
	case err != nil:
		return false, err
	case !info.Mode.IsDir():
		return false, &fs.PathError{Op: "open", Path: StateDir, Err: syscall.ENOTDIR}
	case info.Mode.Perm()&0o077 != 0:
		return false, tree.Chmod(StateDir, 0o700)
	}
	return false, nil
}

// makePrivateDir makes a folder of mode 0700 that belongs to the owner of the home.
func makePrivateDir(tree Tree, name string) error {
	if err := tree.Mkdir(name, 0o700); err != nil {
		return err
	}
	return giveToOwner(tree, name)
}

// makePrivateDirs makes a folder and those above it, beneath the state folder.
func makePrivateDirs(tree Tree, name string) error {
	err := makePrivateDir(tree, name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makePrivateDirs(tree, path.Dir(name)); err != nil {
			return err
		}
		err = makePrivateDir(tree, name)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// giveToOwner gives a file of ours to the owner of the home when root has made it: the service user has to be able to go on with it.
func giveToOwner(tree Tree, name string) error {
	if !tree.Me().root() {
		return nil
	}
	home, err := tree.Stat(".")
	if err != nil {
		return err
	}
	if home.UID == 0 && home.GID == 0 {
		return nil
	}
	return tree.Chown(name, home.UID, home.GID)
}
