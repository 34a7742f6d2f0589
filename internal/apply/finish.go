package apply

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
)

// finisher does what comes after the commit, or after everything was taken back: clearing away, audit trail, report. A kill in between is no
// harm: the next start does it again.
type finisher struct {
	tree     Tree
	o        Options
	m        *manifest
	log      *runLog
	warnings []string
	syncs    []string
	left     bool // files of ours lie beside the targets still
	untold   bool // the records for people are not complete
	again    bool // it was left undone once: records that cannot be written do not hinder the next run for ever
}

// remains notes that a file could not be cleared away.
func (f *finisher) remains(what string, err error) {
	f.left = true
	f.warnings = append(f.warnings, fmt.Sprintf("%s: %s. The next start of carbon-setup tries again.", what, reason(err)))
}

// lacks notes that a record could not be written.
func (f *finisher) lacks(what string, err error) {
	f.untold = true
	text := what + ": " + reason(err) + "."
	if !f.again {
		text += " The next start of carbon-setup tries again."
	}
	f.warnings = append(f.warnings, text)
}

// files removes the second names of the old files, and the folders that a restore leaves empty.
func (f *finisher) files() {
	for i := range f.m.Files {
		e := &f.m.Files[i]
		for _, name := range []string{e.staged(), e.kept(), e.undone()} {
			if err := removeIfThere(f.tree, name); err != nil {
				f.remains(name+" could not be removed", err)
			}
		}
		f.syncs = append(f.syncs, e.dir())
	}
	for _, d := range f.m.RemovedDirs {
		removed, err := removeIfEmpty(f.tree, d.Path)
		if err != nil {
			f.remains(d.Path+" could not be removed", err)
		}
		if removed {
			f.syncs = append(f.syncs, path.Dir(d.Path))
		}
	}
}

// undoActions undoes what the restored run has done besides changing files. An action that cannot be undone is told; the files are back all
// the same.
func (f *finisher) undoActions(ctx context.Context) {
	for _, a := range f.m.Undoes {
		err := errors.New("this program does not know how")
		if f.o.UndoAction != nil {
			with := withKept(ctx, f.tree, f.m.Restores, a.Number)
			err = guard(func() error { return f.o.UndoAction(with, a.Name, a.Detail) })
		}
		if err != nil {
			text := fmt.Sprintf("%s (%s) could not be undone. What it did is still there: see the log.", a.Name, a.Detail)
			if state := (*UndoError)(nil); errors.As(err, &state) {
				text = fmt.Sprintf("%s (%s) could not be undone. %s", a.Name, a.Detail, state.State)
			}
			f.warnings = append(f.warnings, text)
			f.log.line("action could not be undone", "name", a.Name, "because", err.Error())
			continue
		}
		f.log.line("action undone", "name", a.Name)
	}
}

// undoName is how the undoing of an action is called.
func undoName(name string) string { return "undo: " + name }

// audit appends to the audit trail.
func (f *finisher) audit(result string) {
	records := auditRecords(f.m, result, f.o.Now().UTC())
	if err := appendAudit(f.tree, records, f.again); err != nil {
		f.lacks("The audit trail could not be written", err)
		return
	}
	f.syncs = append(f.syncs, auditFile, StateDir)
}

// report writes what the caller has to say about the run.
func (f *finisher) report(res *Result) {
	name := path.Join(runsDir, f.m.Run, reportFile)
	if f.o.Report == nil {
		res.Report = ""
		return
	}
	var text []byte
	if err := guard(func() error { text = f.o.Report(*res); return nil }); err != nil {
		f.warnings = append(f.warnings, "The report could not be made.")
		f.log.line("report", "error", err.Error())
		return
	}
	if err := removeIfThere(f.tree, name); err != nil {
		f.lacks("The report could not be written", err)
		return
	}
	if err := writePrivate(f.tree, name, text); err != nil {
		f.lacks("The report could not be written", err)
	}
}

// end makes the clearing away durable and closes the journal of a run that counts.
func (f *finisher) end(j *journal) { f.ended(j, stateApplied) }

func (f *finisher) ended(j *journal, state string) {
	// What was removed together with its folder needs no sync of that folder.
	names := f.syncs[:0]
	for _, name := range f.syncs {
		if _, err := f.tree.Stat(name); err == nil {
			names = append(names, name)
		}
	}
	if err := syncAll(f.tree, f.o.syncers, names...); err != nil {
		f.remains("What was cleared away may come back after a power cut", err)
	}
	if f.left || f.untold && !f.again {
		return
	}
	f.log.line("done", "state", state)
	// Not waited for: were it lost, the next start would clear away once more.
	if err := j.append(record{Event: recEnd, State: state}); err != nil {
		f.lacks("The journal could not be closed", err)
	}
}

// resultOf is how the audit trail calls a run that counts.
func resultOf(kind string) string {
	if kind == kindRestore {
		return stateRestored
	}
	return stateApplied
}

// absolutePath is the path of a name of a tree.
func absolutePath(tree Reader, name string) string {
	return filepath.Join(tree.Home(), filepath.FromSlash(name))
}

var errNoManifest = errors.New("the manifest is not what the journal says")
