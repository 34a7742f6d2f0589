package apply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// PruneOptions of Prune.
type PruneOptions struct {
	Options
	Keep   int // the runs that keep their backups, counted from the newest; at least 1
	DryRun bool
}

// PrunedRun is a run whose backups are removed, or would be.
type PrunedRun struct {
	Run   Run
	Files int
	Bytes int64
}

// Prune removes the backups of all but the newest runs, the oldest first, and returns what it has removed, or would remove in a dry run. Backups
// hold old passwords, and they take room. What a run did stays in the history; only restoring it is no longer possible.
//
// A run keeps its backups whatever Keep says when it is the one that Restore takes by itself, or when it is not done: those backups may be all that
// is left of a file. Nothing is removed while a run is cut off. The journal of a run says that its backups are gone before the first of them
// goes; what a kill leaves of them is removed the next time. Errors: *LockedError, *PreflightError, or that of the file system.
func Prune(ctx context.Context, home string, o PruneOptions) ([]PrunedRun, error) {
	o.Options = o.withDefaults()
	if o.Keep < 1 {
		return nil, errors.New("the newest run always keeps its backups")
	}
	if o.DryRun {
		o.System = ReadOnly()
	}
	tree, err := o.System.Open(home)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	if runs, err := history(tree); err != nil || len(runs) == 0 {
		return nil, err
	}
	if o.Held == nil && !o.DryRun {
		lock, err := acquire(tree, o.Options)
		if err != nil {
			return nil, err
		}
		defer lock.free() //nolint:errcheck // a lock that stays is taken over
	}
	old, err := prunable(tree, o.Keep)
	if err != nil || o.DryRun {
		return old, err
	}
	for i := range old {
		if err := ctx.Err(); err != nil {
			return old[:i], err
		}
		if err := prune(tree, old[i].Run.ID, o.Options); err != nil {
			return old[:i], fmt.Errorf("the backups of run %s cannot be removed: %w", old[i].Run.ID, err)
		}
	}
	return old, nil
}

// prunable returns the runs whose backups can go, the oldest first.
func prunable(tree Reader, keep int) ([]PrunedRun, error) {
	run, err := unfinished(tree)
	if err != nil {
		return nil, err
	}
	if run != nil {
		return nil, &PreflightError{Problems: []Problem{{
			Path: run.Dir, Message: "this run was cut off, and its backups may be needed to undo it",
			Fix: "Start carbon-setup, or call apply or restore: they finish it or undo it first.",
		}}}
	}
	runs, err := history(tree)
	if err != nil {
		return nil, err
	}
	next := ""
	if r, err := chooseRun(runs, ""); err == nil {
		next = r.ID
	}
	var old []PrunedRun
	for _, r := range runs[:max(0, len(runs)-keep)] {
		if r.ID == next || r.State == stateUnfinished || r.State == stateIncomplete || r.State == stateDamaged {
			continue
		}
		p, dir := PrunedRun{Run: r}, path.Join(runsDir, r.ID, backupDir)
		if err := measure(tree, dir, &p); err != nil {
			return nil, err
		}
		if _, err := tree.Stat(dir); err == nil && (p.Files > 0 || r.Pruned) { // empty folders are what a kill has left
			old = append(old, p)
		}
	}
	return old, nil
}

// measure adds up the files of a folder. One that is not there has none.
func measure(tree Reader, dir string, p *PrunedRun) error {
	names, err := tree.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		at := path.Join(dir, name)
		info, err := tree.Stat(at)
		if err != nil {
			return err
		}
		if info.Mode.IsDir() {
			if err := measure(tree, at, p); err != nil {
				return err
			}
			continue
		}
		p.Files++
		p.Bytes += info.Size
	}
	return nil
}

// prune removes the backups of one run, once its journal says so.
func prune(tree Tree, id string, o Options) error {
	h, err := readRun(tree, id)
	if err != nil {
		return err
	}
	if !h.run.Pruned {
		j := resume(tree, id, o.Now, h.journal, h.records)
		if err := j.write(record{Event: recPruned, Who: &o.Who}); err != nil {
			return err
		}
	}
	if err := removeFolder(tree, path.Join(runsDir, id, backupDir)); err != nil {
		return err
	}
	if err := tree.Sync(path.Join(runsDir, id)); err != nil {
		return err
	}
	return appendAudit(tree, []auditRecord{{
		Schema: 1, Time: o.Now().UTC(), Run: id, Kind: h.run.Kind, Restores: h.run.Restores, Plan: h.run.Plan, Who: o.Who, Action: "remove backups", Result: "removed",
	}}, false)
}

// removeFolder removes a folder with all that is in it. A link goes, and not what it leads to.
func removeFolder(tree Tree, dir string) error {
	names, err := tree.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		at := path.Join(dir, name)
		info, err := tree.Stat(at)
		if err == nil && info.Mode.IsDir() {
			err = removeFolder(tree, at)
		} else if err == nil {
			err = tree.Remove(at)
		}
		if err != nil {
			return err
		}
	}
	return tree.Remove(dir)
}
