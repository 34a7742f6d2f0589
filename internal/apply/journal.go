package apply

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"
)

// The records of a journal. Each is durable before what it announces is begun.
const (
	recBegin    = "begin"    // who, what, and which names the run uses: leftovers can be found from here on
	recAction   = "action"   // an action starts
	recActed    = "acted"    // it has been done
	recSwap     = "swap"     // everything is staged and backed up, the manifest is durable: files are swapped from here on
	recCommit   = "commit"   // everything is in place and verified: the run counts from here on
	recRollback = "rollback" // the run is being taken back, whatever was recorded before
	recEnd      = "end"      // nothing is left to do
	recPruned   = "pruned"   // the backups are being removed: the run can no longer be restored
)

// Kinds of run.
const (
	kindApply   = "apply"
	kindRestore = "restore"
)

// States of a run, as Runs returns them.
const (
	stateApplied    = "applied"
	stateRolledBack = "rolled-back"
	stateRestored   = "restored"
	stateUnfinished = "unfinished"
	stateIncomplete = "incomplete"
	stateDamaged    = "damaged"
)

// record is one line of a journal.
type record struct {
	Seq   int       `json:"seq"`
	Time  time.Time `json:"time"`
	Event string    `json:"event"`

	// begin
	Run      string          `json:"run,omitempty"`
	Kind     string          `json:"kind,omitempty"`
	Restores string          `json:"restores,omitempty"`
	Plan     string          `json:"plan,omitempty"`
	Who      *Who            `json:"who,omitempty"` // pruned, too
	Files    []begunFile     `json:"files,omitempty"`
	Dirs     []string        `json:"dirs,omitempty"` // folders that are made, outermost first
	Actions  []actionSummary `json:"actions,omitempty"`

	Action   int    `json:"action,omitempty"`   // action, acted: counted from 1
	Manifest string `json:"manifest,omitempty"` // swap, commit: its hash
	Reason   string `json:"reason,omitempty"`   // rollback
	State    string `json:"state,omitempty"`    // end
}

// begunFile is a file that a run is going to change.
type begunFile struct {
	Path       string `json:"path"`
	Op         Op     `json:"op"`
	Temp       string `json:"temp"` // prefix of the names used beside the target
	Guidelines []int  `json:"guidelines,omitempty"`
}

// journal appends records to the journal of a run.
type journal struct {
	tree Tree
	name string
	now  func() time.Time
	seq  int
	torn bool // the last append failed and may have left half a line
}

func newJournal(tree Tree, run string, now func() time.Time) *journal {
	return &journal{tree: tree, name: path.Join(runsDir, run, journalFile), now: now}
}

// write appends a record and makes it durable.
func (j *journal) write(r record) error {
	if err := j.append(r); err != nil {
		return err
	}
	return j.tree.Sync(j.name)
}

// append adds a record without waiting for the disk. After a failed append the same number is used again, behind an end of line: whatever of
// the failed record is there is no record, or is superseded.
func (j *journal) append(r record) error {
	r.Seq, r.Time = j.seq+1, j.now().UTC()
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if j.torn {
		line = append([]byte{'\n'}, line...)
	}
	if err := j.tree.Append(j.name, 0o600, append(line, '\n')); err != nil {
		j.torn = true
		return err
	}
	j.seq, j.torn = r.Seq, false
	return nil
}

// errJournal is a journal that no run can have left.
var errJournal = errors.New("the journal is damaged")

// parseJournal returns the complete records. A line that was cut off counts as never written: what it announces was not begun. A record with the
// number of the one before it supersedes that: writing it had been reported as failed. A number that is missing is damage.
func parseJournal(data []byte) ([]record, error) {
	var records []record
	for line := range bytes.Lines(data) {
		whole := bytes.HasSuffix(line, []byte{'\n'})
		line = bytes.TrimSpace(line)
		var r record
		if len(line) == 0 || !whole || json.Unmarshal(line, &r) != nil {
			continue
		}
		switch {
		case r.Event != "" && r.Seq == len(records)+1:
			records = append(records, r)
		case r.Event != "" && r.Seq == len(records) && r.Seq > 0:
			records[r.Seq-1] = r
		default:
			return records, fmt.Errorf("%w: record %d is not where it belongs", errJournal, r.Seq)
		}
	}
	return records, nil
}

// resume returns a journal that goes on after the records of data.
func resume(tree Tree, run string, now func() time.Time, data []byte, records []record) *journal {
	j := newJournal(tree, run, now)
	j.seq = len(records)
	j.torn = len(data) > 0 && data[len(data)-1] != '\n'
	return j
}

// progress is how far a run has come, as its journal tells.
type progress struct {
	begin     record
	begun     bool
	swapping  bool   // files may have been swapped
	committed bool   // and it counts
	manifest  string // hash, once swapping
	started   []int  // actions begun, counted from 1
	end       string // state, once ended
	pruned    bool   // the backups are gone, or going
}

func readProgress(records []record) progress {
	var p progress
	for _, r := range records {
		switch r.Event {
		case recBegin:
			p.begin, p.begun = r, true
		case recAction:
			p.started = append(p.started, r.Action)
		case recSwap:
			p.swapping, p.manifest = true, r.Manifest
		case recCommit:
			p.committed = true
		case recRollback:
			p.committed = false
		case recEnd:
			p.end = r.State
		case recPruned:
			p.pruned = true
		}
	}
	return p
}
