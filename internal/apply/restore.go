package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// RestoreOptions of Restore.
type RestoreOptions struct {
	Options
	Run       string // "" = the last applied run that was not restored
	DryRun    bool
	SaveAside bool // keep files edited since then as <name>.<run>.edited in the new run's folder and restore all the same
}

// Restore undoes one run: bytes, modes and times; removes what it created. It is itself a run with its own backup, and can be restored.
// Returns the diff it makes (or would make).
//
// It never looks into the files, so that it works on an install whose XML is broken. What somebody has done to a file since the run is not lost:
// other bytes are an *EditedError unless SaveAside keeps them, another mode or owner stays. A run on whose files later runs have built is
// not restored before those: *EditedError with Later. The errors of Apply, *TamperedError and *NoRunError are possible, too. A dry run gives the
// diff along with the error that the real one would give.
func Restore(ctx context.Context, home string, o RestoreOptions) (*Result, []FileDiff, error) {
	o.Options = o.withDefaults()
	if o.DryRun {
		o.System = ReadOnly()
	}
	tree, err := o.System.Open(home)
	if err != nil {
		return nil, nil, err
	}
	defer tree.Close()
	if content, held, err := tree.LockHolder(lockFile); o.Held == nil && held && err == nil {
		return nil, nil, locked(tree.Home(), content, false)
	}
	if run, err := unfinished(tree); err != nil || run != nil {
		s := inspect(ctx, tree, &job{kind: kindRestore, plan: &Plan{Home: home}}, o.Options)
		if err == nil && len(s.problems) > 0 {
			err = &PreflightError{Problems: s.problems}
		}
		return nil, nil, err
	}
	r, err := newRestorer(tree, o)
	if err != nil {
		return nil, nil, err
	}
	if err := r.compare(); err != nil {
		return nil, nil, err
	}
	diffs := r.job.plan.Diff()
	if err := r.refusal(); err != nil {
		return nil, diffs, err
	}
	if o.ExpectPlan != "" && !sameHash(o.ExpectPlan, r.job.hash) {
		return nil, diffs, &StaleError{Want: o.ExpectPlan, Got: r.job.hash}
	}
	if o.DryRun {
		return nil, diffs, dryRun(ctx, tree, r.job, o.Options)
	}
	res, err := runJob(ctx, tree, r.job, o.Options)
	return res, diffs, err
}

// dryRun returns what the real run would refuse.
func dryRun(ctx context.Context, tree Tree, j *job, o Options) error {
	s := inspect(ctx, tree, j, o)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(s.problems) > 0:
		return &PreflightError{Problems: append(s.problems, staleProblems(s.stale)...)}
	case len(s.stale) > 0:
		return &StaleError{Files: s.stale}
	}
	return nil
}

// restorer works out what undoing a run comes to.
type restorer struct {
	tree   Tree
	o      RestoreOptions
	m      *manifest
	runs   []Run
	job    *job
	edited []string // files that are not as the run has left them
}

func newRestorer(tree Tree, o RestoreOptions) (*restorer, error) {
	runs, err := history(tree)
	if err != nil {
		return nil, err
	}
	run, err := chooseRun(runs, o.Run)
	if err != nil {
		return nil, err
	}
	h, err := readRun(tree, run.ID)
	if err != nil {
		return nil, err
	}
	m, err := loadManifest(tree, h)
	switch {
	case errors.Is(err, errNoManifest) || errors.Is(err, fs.ErrNotExist):
		return nil, &TamperedError{Run: run.ID, Files: []string{path.Join(run.Dir, manifestFile)}}
	case err != nil:
		return nil, err
	}
	r := &restorer{tree: tree, o: o, m: m, runs: runs}
	r.job = &job{kind: kindRestore, restores: run.ID, plan: &Plan{Home: tree.Home()}, want: map[string]wanted{}, known: m.RemovedDirs}
	for _, d := range slices.Backward(m.MadeDirs) {
		r.job.remove = append(r.job.remove, d)
	}
	return r, nil
}

// chooseRun returns the run to restore.
func chooseRun(runs []Run, id string) (*Run, error) {
	for i := range slices.Backward(runs) {
		r := &runs[i]
		switch {
		case id == "" && r.Kind == kindApply && r.State == stateApplied && !r.Pruned:
			return r, nil
		case id == "" || r.ID != id:
			continue
		case r.Pruned && r.State == stateApplied:
			return nil, &NoRunError{Run: id, Why: "its backups were removed, so it cannot be restored any more"}
		}
		switch r.State {
		case stateApplied:
			return r, nil
		case stateRestored:
			return nil, &NoRunError{Run: id, Why: "it has been restored already"}
		case stateDamaged:
			return nil, &TamperedError{Run: id, Files: []string{path.Join(r.Dir, journalFile)}}
		default:
			return nil, &NoRunError{Run: id, Why: "it was not applied (" + r.State + "), there is nothing to restore"}
		}
	}
	if id == "" {
		return nil, &NoRunError{Why: "no run of this install is left to be restored"}
	}
	return nil, &NoRunError{Run: id, Why: "this install has no such run"}
}

// compare looks at every file of the run: what it was, what the run has made of it, and what it is.
func (r *restorer) compare() error {
	var tampered []string
	for i := range slices.Backward(r.m.Files) { // what was swapped last goes back first
		e := &r.m.Files[i]
		var old []byte
		if e.Before != nil {
			data, err := r.tree.ReadFile(e.backup(r.m.Run))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err != nil || sum(data) != e.Before.SHA256 {
				tampered = append(tampered, e.Path)
				continue
			}
			old = data
		}
		if err := r.file(e, old); err != nil {
			return err
		}
	}
	slices.Sort(tampered)
	slices.Sort(r.edited)
	if len(tampered) > 0 {
		return &TamperedError{Run: r.m.Run, Files: tampered}
	}
	r.actions()
	r.job.hash = r.hash()
	return nil
}

// file plans the way back of one file.
func (r *restorer) file(e *entry, old []byte) error {
	info, err := r.tree.Stat(e.Target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there := err == nil
	var present []byte
	if there && info.Mode.IsRegular() {
		if present, err = r.tree.ReadFile(e.Target); err != nil {
			return err
		}
	}
	switch {
	case there && e.Before != nil && info.Mode.IsRegular() && bytes.Equal(present, old), !there && e.Before == nil:
		return nil // somebody has put it back already
	}
	asLeft := there == (e.After != nil) && (!there || sum(present) == e.After.SHA256)
	if !asLeft {
		r.edited = append(r.edited, e.Path)
	}
	c := Change{Path: e.Path, Before: present, After: old, SecretsAfter: e.SecretsBefore}
	want := wanted{target: e.Target}
	if asLeft {
		c.SecretsBefore = e.SecretsAfter
	} else if there {
		want.edited = asideName(e.Path, r.m.Run)
	}
	switch {
	case e.Before == nil:
		c.Op = Remove
	case there:
		c.Op = Modify
	default:
		c.Op = Create
	}
	if e.Before != nil {
		if want.state, err = r.attributes(e, there, info); err != nil {
			return err
		}
		c.Mode = want.state.Mode.perm()
	} else if there {
		c.Mode = info.Mode.Perm()
	}
	c.Marks = undoMarks(e, c, r.m.Run)
	r.job.plan.Changes = append(r.job.plan.Changes, c)
	r.job.want[e.Path] = want
	return nil
}

// undoMarks gives the whole file to the guidelines that had asked for the change.
func undoMarks(e *entry, c Change, run string) []Mark {
	rows := e.Guidelines
	if len(rows) == 0 {
		rows = []int{0}
	}
	var marks []Mark
	for _, row := range rows {
		marks = append(marks, Mark{Start: 0, End: len(c.After), Guideline: row, Reason: "undo of run " + run})
	}
	return marks
}

// attributes returns what mode, owner and so on the file gets back. What somebody has changed since the run stays as it is now: three
// states are compared, the one before the run, the one it has left, and the present one.
func (r *restorer) attributes(e *entry, there bool, info Info) (*fileState, error) {
	want := *e.Before
	if !there || e.After == nil {
		return &want, nil
	}
	if octal(info.Mode.Perm()) != e.After.Mode {
		want.Mode = octal(info.Mode.Perm())
		r.warn(e, fmt.Sprintf("its mode was changed since the run and stays %04o", info.Mode.Perm()))
	}
	if info.UID != e.After.UID || info.GID != e.After.GID {
		want.UID, want.GID = info.UID, info.GID
		r.warn(e, fmt.Sprintf("its owner was changed since the run and stays %s:%s", userName(info.UID), groupName(info.GID)))
	}
	attrs, err := r.tree.Xattrs(e.Target)
	if err != nil {
		return nil, err
	}
	if !maps.EqualFunc(attrs, e.After.Xattrs, bytes.Equal) {
		want.Xattrs = attrs
	}
	return &want, nil
}

func (r *restorer) warn(e *entry, text string) {
	r.job.warnings = append(r.job.warnings, e.Path+": "+text+".")
}

// actions plans the undoing of the run's actions, the last first.
func (r *restorer) actions() {
	for i, a := range slices.Backward(r.m.Actions) {
		a.Number = i + 1
		if r.o.UndoAction == nil || !a.Undoable {
			r.job.warnings = append(r.job.warnings, fmt.Sprintf("%s (%s) is not undone. It was not a change of a file, and what it did is still there.", a.Name, a.Detail))
			continue
		}
		r.job.undoes = append(r.job.undoes, a)
	}
}

// hash identifies what the restore does, as Plan.Hash does.
func (r *restorer) hash() string {
	p := *r.job.plan
	for _, a := range r.job.undoes {
		p.Actions = append(p.Actions, Action{Name: undoName(a.Name), Guidelines: a.Guidelines, Detail: a.Detail})
	}
	return p.Hash()
}

// refusal is the reason not to restore: later runs that have to be restored before, or edits by hand that nobody said to save aside.
func (r *restorer) refusal() error {
	if len(r.edited) == 0 {
		return nil
	}
	if later := r.builtUpon(); len(later) > 0 {
		return &EditedError{Run: r.m.Run, Files: r.edited, Later: later}
	}
	if !r.o.SaveAside {
		return &EditedError{Run: r.m.Run, Files: r.edited}
	}
	return nil
}

// builtUpon returns the later runs in force that have changed a file which is not as this run has left it, oldest first. A restore of a run
// that is itself later has only put things back.
func (r *restorer) builtUpon() []string {
	var later []string
	for i := range r.runs {
		run := &r.runs[i]
		if run.ID <= r.m.Run || run.State != stateApplied || run.Kind == kindRestore && run.Restores > r.m.Run {
			continue
		}
		if slices.ContainsFunc(run.Files, func(f string) bool { return slices.Contains(r.edited, f) }) {
			later = append(later, run.ID)
		}
	}
	return later
}
