package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/audit"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/steps"
)

// The records of --json: one object per line on stdout. Field names are a contract.
type (
	header struct {
		Schema int    `json:"schema"`
		Type   string `json:"type"`
	}
	changeRecord struct {
		header
		File       string `json:"file"`
		Guidelines []int  `json:"guidelines"`
		Added      int    `json:"added"`
		Removed    int    `json:"removed"`
		Diff       string `json:"diff"`
	}
	actionRecord struct {
		header
		Name       string `json:"name"`
		Guidelines []int  `json:"guidelines"`
		Detail     string `json:"detail"`
	}
	checkRecord struct {
		header
		ID        string       `json:"id"`
		Guideline int          `json:"guideline"`
		Status    steps.Status `json:"status"`
		Message   string       `json:"message"`
	}
	findingRecord struct {
		header
		ID        string `json:"id"`
		Guideline int    `json:"guideline"`
		Severity  string `json:"severity"`
		File      string `json:"file"`
		Line      int    `json:"line"`
		Message   string `json:"message"`
		Why       string `json:"why"`
		Fix       string `json:"fix"`
	}
	resultRecord struct {
		header
		Run      string   `json:"run"`
		Plan     string   `json:"plan"`
		ExitCode int      `json:"exit_code"`
		Files    int      `json:"files"`
		Actions  int      `json:"actions"`
		Report   string   `json:"report,omitempty"`
		Log      string   `json:"log,omitempty"`
		Warnings []string `json:"warnings,omitempty"`
		// Score and Scores are those of an audit: of the whole, and of each guideline that could be judged.
		Score  *int          `json:"score,omitempty"`
		Scores []scoreRecord `json:"scores,omitempty"`
	}
	scoreRecord struct {
		Guideline int `json:"guideline"`
		Score     int `json:"score"`
	}
	waivedRecord struct {
		checkRecord
		Severity string       `json:"severity"`
		File     string       `json:"file"`
		Line     int          `json:"line"`
		Waiver   waiverRecord `json:"waiver"`
	}
	waiverRecord struct {
		Name   string `json:"name"`
		Until  string `json:"until"`
		Reason string `json:"reason"`
		By     string `json:"by,omitempty"`
	}
	errorRecord struct {
		header
		ExitCode int    `json:"exit_code"`
		Kind     string `json:"kind"`
		Message  string `json:"message"`
		File     string `json:"file"`
		Line     int    `json:"line"`
		More     int    `json:"more,omitempty"` // in the last of a list of faults that is cut short: how many are not in it
	}
)

func record(kind string) header { return header{Schema: 1, Type: kind} }

// emit writes one record when --json was asked for.
func (a *app) emit(r any) error {
	if !a.json {
		return nil
	}
	return encode(a.out, r)
}

// encode writes one record.
func encode(w io.Writer, r any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// people returns where text for people goes: stdout, or stderr when stdout is for machines.
func (a *app) people() io.Writer {
	if a.json {
		return a.err
	}
	return a.out
}

// fail tells an error to people and, with --json, to machines, and returns its exit code.
func (a *app) fail(err error) int {
	if err == context.Canceled { //nolint:errorlint // with more around it, that has more to say
		err = interruptedError{err}
	}
	code, kind := classify(err)
	fmt.Fprintf(a.err, "carbon-setup: %s\n", strings.TrimSpace(message(err)))
	for _, r := range errorRecords(err, code, kind) {
		if emitErr := a.emit(r); emitErr != nil {
			fmt.Fprintf(a.err, "carbon-setup: the record could not be written: %v\n", emitErr)
		}
	}
	return code
}

// message is the text of an error for people: all faults of a list, one per line.
func message(err error) string {
	var invalid *steps.InvalidError
	if errors.As(err, &invalid) {
		return "the answers cannot be used:\n" + problemList(invalid.Problems, nil)
	}
	return err.Error()
}

// problemList writes one problem per line, with the position of its answer when that is known.
func problemList(problems []steps.Problem, set *answers.Set) string {
	var b strings.Builder
	problems, more := first(problems)
	for _, p := range problems {
		fmt.Fprintf(&b, "  %s%s: %s", position(p.Key, set), p.Key, p.Message)
		if p.Fix != "" {
			fmt.Fprintf(&b, " %s", p.Fix)
		}
		b.WriteByte('\n')
	}
	if more > 0 {
		fmt.Fprintf(&b, "  %s\n", answers.AndMore(more))
	}
	return b.String()
}

// mostProblems is how many problems of answers are told one by one.
const mostProblems = 50

// first returns the problems that are told one by one, and how many more there are.
func first(problems []steps.Problem) (told []steps.Problem, more int) {
	n := min(len(problems), mostProblems)
	return problems[:n], len(problems) - n
}

func position(key string, set *answers.Set) string {
	if set == nil {
		return ""
	}
	at := set.Place(key)
	if at.File == "" {
		return ""
	}
	return at.String() + ": "
}

// errorRecords returns one record per fault of a list of faults, else one for the error.
func errorRecords(err error, code int, kind string) []errorRecord {
	base := errorRecord{header: record("error"), ExitCode: code, Kind: kind, Message: err.Error()}
	var faults *answers.FaultsError
	var invalid *steps.InvalidError
	var file *edit.Error
	var all []errorRecord
	switch {
	case errors.As(err, &faults):
		told, more := answers.First(faults.Faults)
		for _, f := range told {
			r := base
			r.File, r.Line, r.Message = f.At.File, f.At.Line, sentence(f.Key, f.Message, f.Fix)
			all = append(all, r)
		}
		return withMore(all, base, more, faults.AndMore(more))
	case errors.As(err, &invalid):
		told, more := first(invalid.Problems)
		for _, p := range told {
			r := base
			r.Message = sentence(p.Key, p.Message, p.Fix)
			all = append(all, r)
		}
		return withMore(all, base, more, answers.AndMore(more))
	case errors.As(err, &file):
		base.File, base.Line = file.File, file.Line
	}
	return []errorRecord{base}
}

// withMore ends a list of faults that is cut short with a record that counts the rest.
func withMore(all []errorRecord, base errorRecord, more int, text string) []errorRecord {
	if more > 0 {
		base.Message, base.More = text, more
		all = append(all, base)
	}
	return all
}

func sentence(key string, parts ...string) string {
	text := strings.TrimSpace(strings.Join(parts, " "))
	if key == "" {
		return text
	}
	return key + ": " + text
}

// emitPlan writes the changes and actions of a plan as records.
func (a *app) emitPlan(p *apply.Plan, diffs []apply.FileDiff) error {
	if !a.json {
		return nil
	}
	for _, d := range diffs {
		r := changeRecord{record("change"), d.Path, d.Guidelines, d.Added, d.Removed, d.Unified()}
		if err := a.emit(r); err != nil {
			return err
		}
	}
	for _, act := range p.Actions {
		if err := a.emit(actionRecord{record("action"), act.Name, act.Guidelines, act.Detail}); err != nil {
			return err
		}
	}
	return nil
}

// emitChecks writes checks or verifications; these are never findings.
func (a *app) emitChecks(results []steps.Result) error {
	for _, r := range results {
		if err := a.emit(checkRecord{record("check"), r.ID, r.Guideline, r.Status, sentence("", r.Message, r.Fix)}); err != nil {
			return err
		}
	}
	return nil
}

// emitAudit writes an audit as records: a finding where something is wrong, else a check; a finding that is waived is a check with its waiver.
func emitAudit(w io.Writer, au *audit.Audit, code int) error {
	result := resultRecord{header: record("result"), ExitCode: code}
	for _, row := range au.Rows {
		for _, e := range row.Entries {
			if err := encode(w, auditRecord(e)); err != nil {
				return err
			}
		}
		if row.Judged {
			result.Scores = append(result.Scores, scoreRecord{row.Guideline, row.Score})
		}
	}
	if score, judged := au.Score(); judged {
		result.Score = &score
	}
	return encode(w, result)
}

func auditRecord(e audit.Entry) any {
	check := checkRecord{record("check"), e.ID, e.Guideline, e.Status, e.Message}
	switch {
	case e.Waiver != nil:
		return waivedRecord{check, e.Severity.String(), e.Place.File, e.Place.Line, waiverRecord{e.Waiver.Name, e.Waiver.Day(), e.Waiver.Reason, e.Waiver.By}}
	case e.Finding():
		return findingRecord{record("finding"), e.ID, e.Guideline, e.Severity.String(), e.Place.File, e.Place.Line, e.Message, e.Why, e.Fix}
	}
	return check
}
