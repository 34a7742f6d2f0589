package apply

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"time"
)

const auditFile = StateDir + "/audit.jsonl"

// auditRecord is one line of the audit trail: who has had what done to which file for which guideline, and how it ended. It has no values:
// what a file was is in the backup of the run, what it became is in the file, and both may hold secrets.
type auditRecord struct {
	Schema    int       `json:"schema"`
	Time      time.Time `json:"time"`
	Run       string    `json:"run"`
	Kind      string    `json:"kind"`
	Restores  string    `json:"restores,omitempty"`
	Plan      string    `json:"plan"`
	Who       Who       `json:"who"`
	Guideline int       `json:"guideline,omitempty"`
	File      string    `json:"file,omitempty"`
	Action    string    `json:"action"` // modify, create, remove, or the name of an action
	Detail    string    `json:"detail,omitempty"`
	Result    string    `json:"result"` // applied, restored, rolled-back, incomplete
}

// auditRecords returns a line for each file and guideline, and for each action and guideline.
func auditRecords(m *manifest, result string, now time.Time) []auditRecord {
	base := auditRecord{Schema: 1, Time: now, Run: m.Run, Kind: m.Kind, Restores: m.Restores, Plan: m.Plan, Who: m.Who, Result: result}
	var records []auditRecord
	add := func(r auditRecord, rows []int) {
		if len(rows) == 0 {
			rows = []int{0}
		}
		for _, row := range rows {
			r.Guideline = row
			records = append(records, r)
		}
	}
	for i := range m.Files {
		r := base
		r.File, r.Action = m.Files[i].Path, string(m.Files[i].Op)
		add(r, m.Files[i].Guidelines)
	}
	for _, a := range m.Actions {
		r := base
		r.Action, r.Detail = a.Name, a.Detail
		add(r, a.Guidelines)
	}
	for _, a := range m.Undoes {
		r := base
		r.Action, r.Detail = undoName(a.Name), a.Detail
		add(r, a.Guidelines)
	}
	return records
}

// appendAudit adds records to the trail, which is never rewritten. again: those that are there already, of a finish that was cut off, are
// left out, and half a line is ended.
func appendAudit(tree Tree, records []auditRecord, again bool) error {
	var out bytes.Buffer
	if again {
		present, err := tree.ReadFile(auditFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if len(present) > 0 && present[len(present)-1] != '\n' {
			out.WriteByte('\n')
		}
		if len(records) > 0 {
			records = records[min(len(records), countAudit(present, records[0].Run)):]
		}
	}
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, r := range records {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	if out.Len() == 0 {
		return nil
	}
	if err := tree.Append(auditFile, 0o600, out.Bytes()); err != nil {
		return err
	}
	return giveToOwner(tree, auditFile)
}

// countAudit counts the lines of a run.
func countAudit(data []byte, run string) int {
	n := 0
	for line := range bytes.Lines(data) {
		var r auditRecord
		if json.Unmarshal(line, &r) == nil && r.Run == run {
			n++
		}
	}
	return n
}
