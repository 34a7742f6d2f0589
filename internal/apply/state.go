package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// State reads and writes small files of StateDir (the session) atomically, 0600 in a 0700 folder that belongs to the owner of the home.
type State struct {
	home string
	sys  System
}

// OpenState returns the state of a home; sys decides whether it can write.
func OpenState(home string, sys System) *State {
	if sys == nil {
		sys = ReadOnly()
	}
	return &State{home: home, sys: sys}
}

// Read returns a file; the error is fs.ErrNotExist when it is absent.
func (s *State) Read(name string) (data []byte, err error) {
	err = s.with(name, func(tree Tree, file string) error {
		data, err = tree.ReadFile(file)
		return err
	})
	return data, err
}

// Write replaces a file: after a kill or a power cut there is the old one or the new one.
func (s *State) Write(name string, data []byte) error {
	return s.with(name, func(tree Tree, file string) error {
		if _, err := makeStateDir(tree); err != nil {
			return err
		}
		temp := path.Join(StateDir, "."+name+".new")
		if err := removeIfThere(tree, temp); err != nil { // of a write that was cut off
			return err
		}
		err := writePrivate(tree, temp, data)
		if err == nil {
			err = tree.Sync(temp)
		}
		if err == nil {
			err = tree.Rename(temp, file)
		}
		if err != nil {
			return errors.Join(err, removeIfThere(tree, temp))
		}
		return tree.Sync(StateDir)
	})
}

// Remove removes a file; one that is absent is fine.
func (s *State) Remove(name string) error {
	return s.with(name, func(tree Tree, file string) error { return removeIfThere(tree, file) })
}

func (s *State) with(name string, do func(tree Tree, file string) error) error {
	file := path.Join(StateDir, name)
	if !fs.ValidPath(name) || strings.Contains(name, "/") || strings.HasPrefix(name, ".") || file == lockFile || file == auditFile || file == runsDir {
		return fmt.Errorf("%q is no name of a state file", name)
	}
	tree, err := s.sys.Open(s.home)
	if err != nil {
		return err
	}
	return errors.Join(do(tree, file), tree.Close())
}
