package apply

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// transaction is one run. It goes through these steps; the journal says, durably and before the step, which one comes next:
//
//	begin     journal: who, what, which names will be used beside the targets
//	stage     the new files beside their targets, mode 0600
//	backup    copies of the old files in runs/<id>/before, mode 0600; the manifest
//	actions   what is not a file change, each announced in the journal
//	seal      owner, group, access list, label and mode of the old file for the new one; everything is made durable
//	swap      journal, then each new file is renamed into its place; the old file keeps a second name beside it
//	verify    every file is read back; Options.Verify has its say
//	commit    journal: from here on the run counts
//	finish    the second names go; a restore undoes the actions of its run; audit trail, report; journal: end
//
// Before the commit record a failure, a kill or a power cut leads back to the old files; after it, on to the new ones. Taking back needs no
// room on the disk: the old files are still there under their second names, and are what they were down to their inode.
//
// What happens to a file, by what it is:
//
//	target                     new content goes to         old content stays         mode, owner, group   mtime when taken back
//	-------------------------  --------------------------  ------------------------  -------------------  ---------------------
//	file                       .new beside it, renamed     .old (hard link), backup  the old file's       as before
//	file with hard links       the name in the plan alone  the other names           the old file's       as before
//	link inside the home       what it leads to            beside what it leads to   of what it leads to  as before; link as is
//	link out of the home       refused by preflight        -                         -                    -
//	file that is created       .new beside, renamed        -                         the folder's owner   removed again
//	file that is removed       -                           renamed to .old, backup   -                    as before
//	mount of its own           refused by preflight: rename would fail with EBUSY (EXDEV across mounts is met nowhere else, as .new lies beside)
//	immutable, append-only     refused by preflight
//	set-user-id and the like   refused by preflight
//	hard links unsupported     as file                     backup alone              the old file's       as before
//	file of another owner      by root alone               as file                   the old file's       as before
//
// Access lists have to be kept or the run fails before the swap; labels and user attributes that cannot be kept are warned of.
// The times of folders are not restored.
type transaction struct {
	tree    Tree
	o       Options
	job     *job
	run     string
	dir     string // of the run, relative to the home
	started time.Time
	clock   time.Time // real, for Took

	items    []item
	m        manifest
	j        *journal
	log      *runLog
	warnings []string

	acted    []int // actions begun, as indexes
	failed   int   // the action whose Do failed, -1 = none
	swapping bool  // a target may have been swapped
	unsure   bool  // the commit record may or may not be there
}

// Apply runs the plan. Errors: *StaleError, *PreflightError, *LockedError, *RolledBackError, *IncompleteError, ctx errors before the first swap.
// Once the first rename is done it no longer heeds ctx: it finishes or rolls back.
func Apply(ctx context.Context, p *Plan, o Options) (*Result, error) {
	o = o.withDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	hash := p.Hash()
	if o.ExpectPlan != "" && !sameHash(o.ExpectPlan, hash) {
		return nil, &StaleError{Want: o.ExpectPlan, Got: hash}
	}
	if p.Empty() {
		return &Result{Plan: hash, Started: o.Now()}, nil
	}
	tree, err := o.System.Open(p.Home)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	return runJob(ctx, tree, &job{kind: kindApply, plan: p, hash: hash}, o)
}

// runJob takes the lock, looks at everything that can be looked at, and runs the transaction.
func runJob(ctx context.Context, tree Tree, j *job, o Options) (res *Result, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Held == nil {
		lock, err := acquire(tree, o)
		if err != nil {
			return nil, lockProblem(ctx, tree, j, o, err)
		}
		defer func() {
			if ferr := lock.free(); ferr != nil && res != nil {
				res.Warnings = append(res.Warnings, "The lock could not be given back: "+reason(ferr)+". The next run takes it over.")
			}
		}()
	}
	s := inspect(ctx, tree, j, o)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case len(s.problems) > 0:
		return nil, &PreflightError{Problems: append(s.problems, staleProblems(s.stale)...)}
	case len(s.stale) > 0:
		return nil, &StaleError{Files: s.stale}
	}
	return newTransaction(tree, j, s, o).perform(ctx)
}

// lockProblem says why the lock cannot be taken. Without the rights for it, there may be more to say.
func lockProblem(ctx context.Context, tree Tree, j *job, o Options, err error) error {
	var held *LockedError
	if errors.As(err, &held) || errors.Is(err, ErrReadOnly) {
		return err
	}
	s := inspect(ctx, tree, j, o)
	if len(s.problems) == 0 {
		s.problem(StateDir, "The lock cannot be taken: "+reason(err)+".", "Make the folder writable and try again.")
	}
	return &PreflightError{Problems: append(s.problems, staleProblems(s.stale)...)}
}

func newTransaction(tree Tree, j *job, s *survey, o Options) *transaction {
	t := &transaction{tree: tree, o: o, job: j, items: s.items, warnings: s.warnings, started: o.Now(), clock: time.Now(), failed: -1}
	t.m = manifest{
		Version: manifestVersion, Kind: j.kind, Restores: j.restores, Plan: j.hash, Time: t.started.UTC(), Who: o.Who,
		MadeDirs: s.dirs, RemovedDirs: j.remove, Undoes: j.undoes,
	}
	for _, a := range j.plan.Actions {
		t.m.Actions = append(t.m.Actions, actionSummary{Name: a.Name, Detail: a.Detail, Guidelines: a.Guidelines, Undoable: a.Undo != nil})
	}
	return t
}

// perform goes through the steps.
func (t *transaction) perform(ctx context.Context) (*Result, error) {
	if err := t.begin(); err != nil {
		if t.j == nil {
			return nil, &RolledBackError{Err: err}
		}
		return nil, t.rollback(ctx, err)
	}
	steps := []func(context.Context) error{t.stage, t.backup, t.actions, t.seal, t.swap, t.verify, t.commit}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, t.rollback(ctx, err)
		}
	}
	return t.finish(context.WithoutCancel(ctx)), nil
}

// event tells progress.
func (t *transaction) event(stage Stage, name string, done, total int) {
	t.o.Progress(Event{Stage: stage, Path: name, Done: done, Total: total})
}

// begin makes the run's folder and its journal.
func (t *transaction) begin() error {
	run, err := newRun(t.tree, t.started)
	if err != nil {
		return err
	}
	t.run, t.dir = run, path.Join(runsDir, run)
	t.m.Run = run
	begin := record{
		Event: recBegin, Run: run, Kind: t.job.kind, Restores: t.job.restores, Plan: t.job.hash, Who: &t.o.Who, Actions: slices.Clone(t.m.Actions),
	}
	for _, a := range t.m.Undoes {
		a.Name = undoName(a.Name)
		begin.Actions = append(begin.Actions, a)
	}
	for i := range t.items {
		e := &t.items[i].entry
		e.Temp = path.Join(e.dir(), fmt.Sprintf("%s-%s-%03d", StateDir, run, i+1))
		begin.Files = append(begin.Files, begunFile{Path: e.Path, Op: e.Op, Temp: e.Temp, Guidelines: e.Guidelines})
		t.m.Files = append(t.m.Files, *e)
	}
	for _, d := range t.m.MadeDirs {
		begin.Dirs = append(begin.Dirs, d.Path)
	}
	j := newJournal(t.tree, run, t.o.Now)
	t.log = newRunLog(t.tree, path.Join(t.dir, logFile), t.o.Now)
	t.log.line("run begins", "run", run, "kind", t.job.kind, "plan", t.job.hash, "who", t.o.Who.String(), "files", len(t.items), "actions", len(t.m.Actions))
	if err := j.append(begin); err != nil {
		return errors.Join(err, t.dropRun())
	}
	t.j = j
	if err := giveToOwner(t.tree, j.name); err != nil {
		return err
	}
	return syncAll(t.tree, t.o.syncers, j.name, t.dir, runsDir, StateDir, ".")
}

// dropRun removes the folder of a run that has not even begun.
func (t *transaction) dropRun() error {
	for _, name := range []string{journalFile, logFile, ""} {
		if err := removeIfThere(t.tree, path.Join(t.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// stage makes the folders that are missing and writes the new files beside their targets.
func (t *transaction) stage(ctx context.Context) error {
	for _, d := range t.m.MadeDirs {
		if err := makeDir(t.tree, d); err != nil {
			return err
		}
	}
	t.event(StageStage, "", 0, len(t.items))
	for i := range t.items {
		if err := ctx.Err(); err != nil {
			return err
		}
		it := &t.items[i]
		if it.entry.After != nil {
			if err := t.tree.WriteNew(it.entry.staged(), 0o600, it.change.After); err != nil {
				return err
			}
		}
		t.event(StageStage, it.change.Path, i+1, len(t.items))
	}
	t.log.line("new files staged")
	return nil
}

// backup copies the old files, and what is to be saved aside, into the run's folder, and writes the manifest.
func (t *transaction) backup(ctx context.Context) error {
	t.event(StageBackup, "", 0, len(t.items))
	for i := range t.items {
		if err := ctx.Err(); err != nil {
			return err
		}
		it := &t.items[i]
		if it.entry.Before != nil {
			if err := writePrivate(t.tree, it.entry.backup(t.run), it.change.Before); err != nil {
				return err
			}
			if aside := t.job.want[it.change.Path].edited; aside != "" {
				if err := writePrivate(t.tree, path.Join(t.dir, editedDir, aside), it.change.Before); err != nil {
					return err
				}
				t.warn(fmt.Sprintf("%s was changed since the run; what it was is kept as %s.", it.change.Path, t.absolute(path.Join(editedDir, aside))))
			}
		}
		t.event(StageBackup, it.change.Path, i+1, len(t.items))
	}
	data, err := t.m.encode()
	if err != nil {
		return err
	}
	t.log.line("old files backed up")
	return writePrivate(t.tree, path.Join(t.dir, manifestFile), data)
}

// private lists what backup has written, and the folders of it.
func (t *transaction) private() []string {
	names := []string{t.dir, path.Join(t.dir, manifestFile)}
	add := func(name string) {
		for ; name != t.dir; name = path.Dir(name) {
			names = append(names, name)
		}
	}
	for i := range t.items {
		it := &t.items[i]
		if it.entry.Before == nil {
			continue
		}
		add(it.entry.backup(t.run))
		if aside := t.job.want[it.change.Path].edited; aside != "" {
			add(path.Join(t.dir, editedDir, aside))
		}
	}
	return names
}

func (t *transaction) staged() []string {
	var names []string
	for i := range t.items {
		if e := &t.items[i].entry; e.After != nil {
			names = append(names, e.staged())
		}
	}
	return names
}

// actions does what is not a file change. The files are made durable before: what can fail cheaply fails first.
func (t *transaction) actions(ctx context.Context) error {
	all := t.job.plan.Actions
	if len(all) == 0 {
		return nil
	}
	if err := syncAll(t.tree, t.o.syncers, append(t.private(), t.staged()...)...); err != nil {
		return err
	}
	t.event(StageActions, "", 0, len(all))
	for i, a := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.j.write(record{Event: recAction, Action: i + 1}); err != nil {
			return err
		}
		t.acted = append(t.acted, i)
		t.log.line("action", "name", a.Name, "detail", a.Detail)
		telling := withTell(ctx, func(words string) { t.event(StageActions, a.Name+": "+words, i, len(all)) })
		keeping := withKeep(telling, func(data []byte) error { return t.keep(i+1, data) })
		if err := guard(func() error { return a.Do(keeping) }); err != nil {
			t.failed = i
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		if err := t.j.append(record{Event: recActed, Action: i + 1}); err != nil {
			return err
		}
		t.event(StageActions, a.Name, i+1, len(all))
	}
	return nil
}

// seal gives the new files the rights that they are to have, and makes everything durable.
func (t *transaction) seal(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range t.items {
		e := &t.items[i].entry
		if e.After == nil {
			continue
		}
		lost, err := setAttributes(t.tree, e.staged(), e.After)
		if err != nil {
			return err
		}
		for _, name := range lost {
			t.warn(fmt.Sprintf("%s: the extended attribute %s could not be kept.", e.Path, name))
		}
	}
	names := t.staged()
	if len(t.job.plan.Actions) == 0 {
		names = append(names, t.private()...)
	}
	return syncAll(t.tree, t.o.syncers, names...)
}

// swap puts every new file in its place.
func (t *transaction) swap(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if moved := stillThere(t.tree, t.items); len(moved) > 0 {
		return &StaleError{Files: moved}
	}
	data, err := t.m.encode()
	if err != nil {
		return err
	}
	if err := t.j.write(record{Event: recSwap, Manifest: sum(data)}); err != nil {
		return err
	}
	t.swapping = true
	t.event(StageSwap, "", 0, len(t.items))
	dirs := []string{}
	for i := range t.items {
		e := &t.items[i].entry
		if err := swapFile(t.tree, e); err != nil {
			return err
		}
		dirs = append(dirs, e.dir())
		t.log.line("swapped", "file", e.Path, "op", string(e.Op))
		t.event(StageSwap, e.Path, i+1, len(t.items))
	}
	for _, d := range t.m.MadeDirs {
		dirs = append(dirs, path.Dir(d.Path))
	}
	return syncAll(t.tree, t.o.syncers, dirs...)
}

// swapFile is the one moment in which a target changes.
func swapFile(tree Tree, e *entry) error {
	if e.After == nil {
		return tree.Rename(e.Target, e.kept())
	}
	if e.Before != nil {
		if err := tree.Link(e.Target, e.kept()); err != nil && !noLinks(err) {
			return err
		}
	}
	return tree.Rename(e.staged(), e.Target)
}

// noLinks reports whether a file system, or the rules of the system, do not let us give a file a second name. The backup has to do then.
func noLinks(err error) bool {
	return unsupported(err) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EMLINK) || errors.Is(err, syscall.EACCES)
}

// verify reads everything back.
func (t *transaction) verify(ctx context.Context) error {
	t.event(StageVerify, "", 0, len(t.items)+1)
	for i := range t.items {
		e := &t.items[i].entry
		if err := isAs(t.tree, e.Target, e.After); err != nil {
			return fmt.Errorf("%s is not as it was written: %w", e.Path, err)
		}
		t.event(StageVerify, e.Path, i+1, len(t.items)+1)
	}
	if t.o.Verify != nil {
		ctx := context.WithoutCancel(ctx)
		if err := guard(func() error { return t.o.Verify(ctx) }); err != nil {
			return fmt.Errorf("the check of the result failed: %w", err)
		}
	}
	t.log.line("verified")
	t.event(StageVerify, "", len(t.items)+1, len(t.items)+1)
	return nil
}

// commit is the point from which on the run counts.
func (t *transaction) commit(context.Context) error {
	t.event(StageCommit, "", 0, 1)
	data, err := t.m.encode()
	if err != nil {
		return err
	}
	if err := t.j.write(record{Event: recCommit, Manifest: sum(data)}); err != nil {
		t.unsure = true
		return err
	}
	t.event(StageCommit, "", 1, 1)
	return nil
}

// finish cleans up and writes the records for people. It cannot fail any more: what it could not do, the next start does.
func (t *transaction) finish(ctx context.Context) *Result {
	res := &Result{
		Run: t.run, Plan: t.job.hash, Files: len(t.items), Actions: len(t.m.Actions) + len(t.m.Undoes), Started: t.started,
		Dir: t.absolute(""), Log: t.absolute(logFile), Report: t.absolute(reportFile),
	}
	t.log.line("committed")
	f := finisher{tree: t.tree, o: t.o, m: &t.m, log: t.log}
	f.files()
	f.undoActions(ctx)
	f.audit(resultOf(t.job.kind))
	res.Took, res.Warnings = time.Since(t.clock), slices.Concat(t.warnings, f.warnings)
	f.report(res)
	f.end(t.j)
	res.Took, res.Warnings = time.Since(t.clock), slices.Concat(t.warnings, f.warnings)
	return res
}

func (t *transaction) absolute(name string) string {
	return filepath.Join(t.tree.Home(), filepath.FromSlash(t.dir), name)
}

func (t *transaction) warn(text string) {
	t.warnings = append(t.warnings, text)
	t.log.line("warning", "text", text)
}

// guard turns a panic of a caller's function into an error: a run that has begun has to be ended.
func guard(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return call()
}
