package apply

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"
)

// Run is one line of history.
type Run struct {
	ID       string
	State    string // applied, rolled-back, restored, unfinished, incomplete; damaged: its journal cannot be read
	Kind     string // apply, restore
	Time     time.Time
	Who      Who
	Plan     string
	Files    []string
	Actions  []string
	Restores string // the run that a restore undid
	Dir      string
	Pruned   bool // its backups were removed: it cannot be restored
}

// Runs lists the history of a home, oldest first.
func Runs(home string) ([]Run, error) {
	tree, err := ReadOnly().Open(home)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	return history(tree)
}

// history reads the journals and works out which runs have been restored since.
func history(tree Reader) ([]Run, error) {
	ids, err := runIDs(tree)
	if err != nil {
		return nil, err
	}
	var runs []Run
	for _, id := range ids {
		h, err := readRun(tree, id)
		if err != nil {
			return nil, err
		}
		if h.run.State != "" {
			runs = append(runs, h.run)
		}
	}
	at := map[string]int{}
	for i := range runs {
		at[runs[i].ID] = i
	}
	// From the last back: a restore that was itself restored has not undone anything.
	for i := range slices.Backward(runs) {
		r := &runs[i]
		if undone, ok := at[r.Restores]; ok && r.Kind == kindRestore && r.State == stateApplied && runs[undone].State == stateApplied {
			runs[undone].State = stateRestored
		}
	}
	return runs, nil
}

// runIDs returns the names of the runs' folders, oldest first.
func runIDs(tree Reader) ([]string, error) {
	names, err := tree.ReadDir(runsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the history cannot be read: %w", err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !runID(name) }), nil
}

// runFiles is what is known of one run.
type runFiles struct {
	run      Run
	progress progress
	journal  []byte
	records  []record
}

// readRun reads the journal of a run. A folder without one is of a run that never began: its State is "".
func readRun(tree Reader, id string) (*runFiles, error) {
	h := &runFiles{run: Run{ID: id, Dir: absolutePath(tree, path.Join(runsDir, id))}}
	data, err := tree.ReadFile(path.Join(runsDir, id, journalFile))
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the journal of run %s cannot be read: %w", id, err)
	}
	records, damage := parseJournal(data)
	h.journal, h.records, h.progress = data, records, readProgress(records)
	p := &h.progress
	if !p.begun && damage == nil {
		return h, nil
	}
	r := &h.run
	r.Kind, r.Time, r.Plan, r.Restores = p.begin.Kind, p.begin.Time, p.begin.Plan, p.begin.Restores
	r.Pruned = p.pruned
	if p.begin.Who != nil {
		r.Who = *p.begin.Who
	}
	for _, f := range p.begin.Files {
		r.Files = append(r.Files, f.Path)
	}
	for _, a := range p.begin.Actions {
		r.Actions = append(r.Actions, a.Name)
	}
	switch {
	case damage != nil:
		r.State = stateDamaged
		p.end = lastEnd(data) // a run that is over hinders no other, whatever has happened to its journal since
	case p.end == "":
		r.State = stateUnfinished
	default:
		r.State = p.end
	}
	return h, nil
}

// lastEnd returns the state that the last line of a journal closes it with, "" when it does not.
func lastEnd(journal []byte) string {
	rows := bytes.Split(bytes.TrimSuffix(journal, []byte{'\n'}), []byte{'\n'})
	var last record
	if json.Unmarshal(rows[len(rows)-1], &last) != nil || last.Event != recEnd {
		return ""
	}
	return last.State
}

// Unfinished returns the run that was cut off, or nil. It reads only. A run that another process is just making is not cut off.
func Unfinished(home string) (*Run, error) {
	tree, err := ReadOnly().Open(home)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	run, err := unfinished(tree)
	if err != nil || run == nil {
		return nil, err
	}
	switch holder, err := Holder(home); {
	case err != nil:
		return nil, err
	case holder != nil && holder.Holder.PID != CurrentWho("").PID:
		return nil, nil // none is what it says
	}
	return run, nil
}

// unfinished looks at the last run alone: no run begins on top of one that is not done.
func unfinished(tree Reader) (*Run, error) {
	h, err := lastRun(tree)
	if err != nil || h == nil || h.run.State != stateUnfinished {
		return nil, err
	}
	return &h.run, nil
}

// lastRun returns the last run that began, or nil.
func lastRun(tree Reader) (*runFiles, error) {
	ids, err := runIDs(tree)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Backward(ids) {
		h, err := readRun(tree, id)
		if err != nil {
			return nil, err
		}
		switch {
		case h.run.State == "":
			continue
		case h.run.State == stateDamaged && h.progress.end == "":
			return nil, fmt.Errorf("%w: %s", errJournal, path.Join(h.run.Dir, journalFile))
		}
		return h, nil
	}
	return nil, nil // none is what it says
}
