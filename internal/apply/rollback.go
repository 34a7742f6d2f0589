package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
)

// rollback undoes everything that the run has done so far, and says so.
func (t *transaction) rollback(ctx context.Context, cause error) error {
	ctx = context.WithoutCancel(ctx)
	t.event(StageRollback, "", 0, len(t.items))
	t.log.line("taking back", "because", cause.Error())
	if err := t.j.write(record{Event: recRollback, Reason: reason(cause)}); err != nil && t.unsure {
		// Whether the commit record is on the disk cannot be told. As things stand, the next start finds either everything done and
		// the record, or everything done and no record; both it can bring to an end. Undoing now could leave a mixture.
		return t.incomplete(cause, []string{journalFile}, nil)
	}
	u := &undoer{tree: t.tree, run: t.run, syncers: t.o.syncers, log: t.log, progress: t.o.Progress}
	u.undo(t.m.Files, t.swapping, dirPaths(t.m.MadeDirs))
	actions := t.undoActions(ctx)
	if len(u.failed) > 0 {
		return t.incomplete(errors.Join(cause, errors.Join(u.errs...)), u.failed, actions)
	}
	state := stateRolledBack
	if len(actions) > 0 {
		state = stateIncomplete
	}
	f := finisher{tree: t.tree, o: t.o, m: &t.m, log: t.log}
	f.audit(state)
	f.ended(t.j, state)
	t.event(StageRollback, "", len(t.items), len(t.items))
	switch stale := (*StaleError)(nil); {
	case len(actions) > 0:
		return t.incomplete(cause, nil, actions)
	case !t.swapping && (errors.As(cause, &stale) || errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded)):
		return cause
	}
	return &RolledBackError{Run: t.run, Log: t.absolute(logFile), Err: cause}
}

func (t *transaction) incomplete(err error, files, actions []string) *IncompleteError {
	t.log.line("could not be taken back completely", "files", files, "actions", actions, "because", err.Error())
	return &IncompleteError{Run: t.run, Journal: t.absolute(journalFile), Files: files, Actions: actions, Err: err}
}

// undoActions calls Undo in reverse order and returns the names of the actions that are not undone.
func (t *transaction) undoActions(ctx context.Context) []string {
	var left []string
	for _, i := range slices.Backward(t.acted) {
		a := t.job.plan.Actions[i]
		if a.Undo == nil {
			if i != t.failed {
				left = append(left, a.Name)
			}
			continue
		}
		if err := guard(func() error { return a.Undo(ctx) }); err != nil {
			left = append(left, a.Name)
			t.log.line("action could not be undone", "name", a.Name, "because", err.Error())
			continue
		}
		t.log.line("action undone", "name", a.Name)
	}
	return left
}

func dirPaths(dirs []dirState) []string {
	paths := make([]string, len(dirs))
	for i, d := range dirs {
		paths[i] = d.Path
	}
	return paths
}

// undoer brings files back to what they were before a run. It goes by what it finds, so that it can be cut off and begun again.
type undoer struct {
	tree     Tree
	run      string
	syncers  int
	log      *runLog
	progress func(Event)

	dirs   []string // that were touched
	saved  []string // what somebody else had changed since, as kept in the run's folder
	failed []string
	errs   []error
}

// undo takes back every file and the folders that were made. Without swapped, the targets have not been touched and are left alone.
func (u *undoer) undo(files []entry, swapped bool, madeDirs []string) {
	for i := range slices.Backward(files) {
		e := &files[i]
		if err := u.file(e, swapped); err != nil {
			u.failed = append(u.failed, e.Path)
			u.errs = append(u.errs, err)
			u.log.line("could not be taken back", "file", e.Path, "because", err.Error())
		}
		u.progress(Event{Stage: StageRollback, Path: e.Path, Done: len(files) - i, Total: len(files)})
	}
	for _, dir := range slices.Backward(madeDirs) {
		removed, err := removeIfEmpty(u.tree, dir)
		if err != nil {
			u.failed = append(u.failed, dir)
			u.errs = append(u.errs, err)
		}
		if removed {
			u.dirs = slices.DeleteFunc(u.dirs, func(d string) bool { return d == dir })
			u.dirs = append(u.dirs, path.Dir(dir))
		}
	}
	u.dirs = slices.DeleteFunc(u.dirs, func(d string) bool {
		_, err := u.tree.Stat(d)
		return errors.Is(err, fs.ErrNotExist)
	})
	if err := syncAll(u.tree, u.syncers, u.dirs...); err != nil {
		u.failed = append(u.failed, u.dirs...)
		u.errs = append(u.errs, err)
	}
}

// removeIfEmpty removes a folder when nothing is in it.
func removeIfEmpty(tree Tree, dir string) (bool, error) {
	names, err := tree.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case len(names) > 0:
		return false, nil // somebody has put something into it
	}
	err = tree.Remove(dir)
	return err == nil, err
}

// file takes back one file and clears away what lies beside it.
func (u *undoer) file(e *entry, swapped bool) error {
	for _, name := range []string{e.staged(), e.undone()} {
		if err := u.clear(name); err != nil {
			return err
		}
	}
	if !swapped {
		return nil
	}
	if err := u.back(e); err != nil {
		return err
	}
	return u.clear(e.kept())
}

// clear removes a name of ours.
func (u *undoer) clear(name string) error {
	err := u.tree.Remove(name)
	switch {
	case err == nil:
		u.dirs = append(u.dirs, path.Dir(name))
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// back makes the target what it was. Bytes that are neither the old nor the new ones are somebody's work since: they are saved aside first.
func (u *undoer) back(e *entry) error {
	present, err := u.look(e.Target)
	if err != nil {
		return err
	}
	u.dirs = append(u.dirs, e.dir())
	switch {
	case e.Before == nil && present == "", e.Before != nil && present == e.Before.SHA256:
		return nil
	case present == "" || e.After != nil && present == e.After.SHA256:
	default:
		if err := u.saveAside(e); err != nil {
			return err
		}
	}
	if e.Before == nil {
		return u.tree.Remove(e.Target)
	}
	kept, err := u.look(e.kept())
	if err != nil {
		return err
	}
	if kept == e.Before.SHA256 {
		return u.tree.Rename(e.kept(), e.Target)
	}
	return u.fromBackup(e)
}

// look returns the hash of a file, "" when there is none.
func (u *undoer) look(name string) (string, error) {
	info, err := u.tree.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case !info.Mode.IsRegular():
		return "", fmt.Errorf("%s is not a file", name)
	}
	data, err := u.tree.ReadFile(name)
	return sum(data), err
}

// fromBackup makes the old file anew.
func (u *undoer) fromBackup(e *entry) error {
	data, err := u.tree.ReadFile(e.backup(u.run))
	if err != nil {
		return err
	}
	if sum(data) != e.Before.SHA256 {
		return &TamperedError{Run: u.run, Files: []string{e.Path}}
	}
	if err := u.tree.WriteNew(e.undone(), 0o600, data); err != nil {
		return err
	}
	if _, err := setAttributes(u.tree, e.undone(), e.Before); err != nil {
		return err
	}
	if err := u.tree.Sync(e.undone()); err != nil {
		return err
	}
	return u.tree.Rename(e.undone(), e.Target)
}

// saveAside keeps the present bytes of a file in the run's folder.
func (u *undoer) saveAside(e *entry) error {
	data, err := u.tree.ReadFile(e.Target)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		name := path.Join(runsDir, u.run, editedDir, asideName(e.Path, u.run))
		if n > 1 {
			name = fmt.Sprintf("%s.%d", name, n)
		}
		err := writePrivate(u.tree, name, data)
		if errors.Is(err, fs.ErrExist) {
			if there, err := u.tree.ReadFile(name); err != nil || !bytes.Equal(there, data) {
				continue // of an earlier try that was cut off, or another edit
			}
			err = nil
		}
		if err != nil {
			return err
		}
		u.saved = append(u.saved, filepath.Join(u.tree.Home(), filepath.FromSlash(name)))
		u.log.line("saved aside what was changed since", "file", e.Path, "as", name)
		return syncAll(u.tree, u.syncers, name, path.Dir(name))
	}
}

// asideName is what an edited file is called in the folder for such files.
func asideName(file, run string) string { return file + "." + run + ".edited" }
