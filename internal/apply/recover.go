package apply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Recovery says what Recover found and did.
type Recovery struct {
	Run     string
	Outcome string // "finished", "undone"
	Files   []string
	// SavedAside are copies of files that somebody had changed after the run was cut off and before it was undone.
	SavedAside []string
	Warnings   []string
}

// Outcomes of a recovery.
const (
	Finished = "finished"
	Undone   = "undone"
)

// Recover finishes or undoes the run that was cut off; nil when there is none. It takes the lock. A run that had been committed is finished,
// any other one is undone. It can be cut off itself and begun again. Errors: *LockedError, *IncompleteError when files or actions could
// not be undone. Files that could not are tried again the next time; actions are reported once, as only a human can see to them.
func Recover(ctx context.Context, home string, o Options) (*Recovery, error) {
	o = o.withDefaults()
	tree, err := o.System.Open(home)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	if h, err := lastRun(tree); err != nil || h == nil || h.run.State != stateUnfinished {
		return nil, err
	}
	if o.Held == nil {
		lock, err := acquire(tree, o)
		if err != nil {
			return nil, err
		}
		defer lock.free() //nolint:errcheck // a lock that stays is taken over
	}
	h, err := lastRun(tree) // again, now that nobody else can be at it
	if err != nil || h == nil || h.run.State != stateUnfinished {
		return nil, err
	}
	r := &recovery{tree: tree, o: o, h: h, j: resume(tree, h.run.ID, o.Now, h.journal, h.records)}
	r.log = newRunLog(tree, path.Join(runsDir, h.run.ID, logFile), o.Now)
	r.result = &Recovery{Run: h.run.ID, Files: h.run.Files}
	return r.run(context.WithoutCancel(ctx))
}

type recovery struct {
	tree   Tree
	o      Options
	h      *runFiles
	j      *journal
	log    *runLog
	m      *manifest
	result *Recovery
}

func (r *recovery) run(ctx context.Context) (*Recovery, error) {
	var err error
	if r.m, err = r.manifest(); err != nil {
		return nil, r.incomplete(err, r.h.run.Files, nil)
	}
	if r.h.progress.committed {
		r.finish(ctx)
		return r.result, nil
	}
	return r.undo(ctx)
}

// finish does what was left to do of a run that counts.
func (r *recovery) finish(ctx context.Context) {
	r.result.Outcome = Finished
	r.log.line("finishing a run that was cut off", "who", r.o.Who.String())
	f := finisher{tree: r.tree, o: r.o, m: r.m, log: r.log, again: true}
	f.files()
	f.undoActions(ctx)
	f.audit(resultOf(r.m.Kind))
	dir := path.Join(runsDir, r.m.Run)
	if _, err := r.tree.Stat(path.Join(dir, reportFile)); errors.Is(err, fs.ErrNotExist) {
		f.report(&Result{
			Run: r.m.Run, Plan: r.m.Plan, Files: len(r.m.Files), Actions: len(r.m.Actions), Started: r.m.Time,
			Dir: absolutePath(r.tree, dir), Log: absolutePath(r.tree, path.Join(dir, logFile)), Report: absolutePath(r.tree, path.Join(dir, reportFile)),
		})
	}
	f.end(r.j)
	r.result.Warnings = f.warnings
}

// undo takes back a run that does not count.
func (r *recovery) undo(ctx context.Context) (*Recovery, error) {
	r.result.Outcome = Undone
	r.o.Progress(Event{Stage: StageRollback, Total: len(r.m.Files)})
	r.log.line("taking back a run that was cut off", "who", r.o.Who.String())
	// For whoever reads the journal; what is to be done does not depend on it.
	_ = r.j.append(record{Event: recRollback, Reason: "the run was cut off"})
	u := &undoer{tree: r.tree, run: r.m.Run, syncers: r.o.syncers, log: r.log, progress: r.o.Progress}
	u.undo(r.m.Files, r.h.progress.swapping, dirPaths(r.m.MadeDirs))
	r.result.SavedAside = u.saved
	if len(u.failed) > 0 {
		return nil, r.incomplete(errors.Join(u.errs...), u.failed, nil)
	}
	actions, states := r.undoActions(ctx)
	state := stateRolledBack
	if len(actions) > 0 {
		state = stateIncomplete
	}
	f := finisher{tree: r.tree, o: r.o, m: r.m, log: r.log, again: true}
	f.audit(state)
	f.ended(r.j, state)
	r.result.Warnings = f.warnings
	if len(actions) > 0 {
		return nil, r.incomplete(errors.Join(append(states, errors.New("what these actions have done, in whole or in part, is still there"))...), nil, actions)
	}
	return r.result, nil
}

// undoActions asks the caller to undo the actions that were begun, the last first, and returns the names of those that are not undone, with
// what is known of their state.
func (r *recovery) undoActions(ctx context.Context) (left []string, states []error) {
	for _, n := range slices.Backward(r.h.progress.started) {
		if n < 1 || n > len(r.m.Actions) {
			continue
		}
		a := r.m.Actions[n-1]
		if r.o.UndoAction == nil || !a.Undoable {
			left = append(left, a.Name)
			continue
		}
		with := withKept(ctx, r.tree, r.m.Run, n)
		if err := guard(func() error { return r.o.UndoAction(with, a.Name, a.Detail) }); err != nil {
			left = append(left, a.Name)
			if state := (*UndoError)(nil); errors.As(err, &state) {
				states = append(states, state)
			}
			r.log.line("action could not be undone", "name", a.Name, "because", err.Error())
		}
	}
	return left, states
}

func (r *recovery) incomplete(err error, files, actions []string) *IncompleteError {
	return &IncompleteError{
		Run: r.h.run.ID, Journal: absolutePath(r.tree, path.Join(runsDir, r.h.run.ID, journalFile)), Files: files, Actions: actions, Err: err,
	}
}

// manifest returns what the run meant to do. Before the swap there may be none: what the journal says is enough to clear away.
func (r *recovery) manifest() (*manifest, error) {
	if r.h.progress.swapping {
		return loadManifest(r.tree, r.h)
	}
	b := r.h.progress.begin
	m := &manifest{Version: manifestVersion, Run: r.h.run.ID, Kind: b.Kind, Restores: b.Restores, Plan: b.Plan, Time: b.Time, Who: r.h.run.Who, Actions: b.Actions}
	for _, f := range b.Files {
		if !fs.ValidPath(f.Temp) || !strings.HasPrefix(path.Base(f.Temp), StateDir+"-") {
			return nil, fmt.Errorf("%w: %q is no name of a staged file", errJournal, f.Temp)
		}
		m.Files = append(m.Files, entry{Path: f.Path, Op: f.Op, Temp: f.Temp, Guidelines: f.Guidelines})
	}
	for _, dir := range b.Dirs {
		if !fs.ValidPath(dir) || dir == "." {
			return nil, fmt.Errorf("%w: %q is no folder of the home", errJournal, dir)
		}
		m.MadeDirs = append(m.MadeDirs, dirState{Path: dir})
	}
	return m, nil
}

// loadManifest reads the manifest of a run and compares it with the hash in the journal.
func loadManifest(tree Reader, h *runFiles) (*manifest, error) {
	data, err := tree.ReadFile(path.Join(runsDir, h.run.ID, manifestFile))
	if err != nil {
		return nil, err
	}
	if sum(data) != h.progress.manifest {
		return nil, errNoManifest
	}
	m, err := parseManifest(data)
	if err == nil && m.Run != h.run.ID {
		err = errNoManifest
	}
	return m, err
}
