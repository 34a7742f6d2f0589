package flow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// ReportData is what the record of a run is made of. None of it holds a secret.
type ReportData struct {
	Install  *carbon.Install
	Who      apply.Who
	Version  string // of carbon-setup
	Rows     []ReportRow
	Files    []apply.FileDiff
	Actions  []apply.Action
	Problems []steps.Problem // warnings and notes of the steps
	Checks   []steps.Result
	Verified []steps.Result
	Advice   []steps.Advice
	// AsksAtStart: the server asks for the password of its vault.
	AsksAtStart bool
}

// ReportRow is a guideline as the report tells it.
type ReportRow struct {
	Guideline   int
	Title, Fate string
	Text        string
}

// Report is the record of a run for the change ticket, in Markdown; the wizard and the unattended apply write the same one.
func Report(d ReportData, r apply.Result) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", texts.ReportTitle(r.Run))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "- %s: %s\n", name, value)
		}
	}
	line("Install", d.Install.Home)
	line("Product", strings.TrimSpace(d.Install.Product+" "+d.Install.Version))
	line("Host", d.Install.Host.Name)
	line("Time", r.Started.UTC().Format(time.RFC3339))
	line("By", texts.By(d.Who.User, d.Who.SudoUser, d.Who.Client))
	line("Plan", r.Plan)
	line("Program", "carbon-setup "+d.Version)
	b.WriteString("\n## Guidelines\n\n| # | guideline | outcome | |\n|---:|---|---|---|\n")
	for _, row := range d.Rows {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", row.Guideline, cell(row.Title), cell(row.Fate), cell(row.Text))
	}
	d.files(&b)
	d.results(&b)
	b.WriteString("\n## What to do now\n\n")
	for _, n := range texts.NextSteps(d.Install.Home, d.AsksAtStart) {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	for _, a := range d.Advice {
		fmt.Fprintf(&b, "\n### %d %s\n\n%s\n", a.Guideline, a.Title, a.Text)
		if len(a.Commands) > 0 {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.Join(a.Commands, "\n"))
		}
		for _, f := range a.Attachments {
			fmt.Fprintf(&b, "\n`%s`\n\n```\n%s```\n", f.Name, f.Content)
		}
	}
	fmt.Fprintf(&b, "\n## Undo\n\n    %s\n", texts.UndoCommand(d.Install.Home, r.Run))
	return []byte(b.String())
}

func (d ReportData) files(b *strings.Builder) {
	b.WriteString("\n## Files\n\n")
	for _, f := range d.Files {
		fmt.Fprintf(b, "- `%s` %s, +%d -%d, for %s\n", f.Path, texts.Op(string(f.Op)), f.Added, f.Removed, texts.GuidelineList(f.Guidelines))
		for _, h := range f.Hunks {
			for _, reason := range h.Reasons {
				fmt.Fprintf(b, "  - line %d: %s\n", firstChanged(h), reason)
			}
		}
	}
	for _, a := range d.Actions {
		fmt.Fprintf(b, "- %s: %s\n", a.Name, a.Detail)
	}
}

// firstChanged is the line of the new file where a hunk's first change is: before it stand lines that are only shown for orientation.
func firstChanged(h apply.Hunk) int {
	n := h.NewStart
	for _, l := range h.Lines {
		if l.Op != ' ' {
			break
		}
		n++
	}
	return n
}

func (d ReportData) results(b *strings.Builder) {
	section := func(title string, results []steps.Result) {
		if len(results) == 0 {
			return
		}
		fmt.Fprintf(b, "\n## %s\n\n", title)
		for _, r := range results {
			fmt.Fprintf(b, "- %s %s\n", r.Status, r.Text())
		}
	}
	section("Verified after the change", d.Verified)
	section("Checks", d.Checks)
	var notes []steps.Result
	for _, p := range d.Problems {
		notes = append(notes, steps.Result{Status: steps.Status(p.Severity.String()), Message: strings.TrimSpace(p.Message + " " + p.Fix)})
	}
	section("Warnings and notes", notes)
}

func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ") }

// reportRows are the rows of the review as the report tells them.
func (e *Engine) reportRows(r *Review) []ReportRow {
	rows := make([]ReportRow, 0, len(r.Rows))
	for _, row := range r.Rows {
		fate := string(row.Fate)
		if row.Fate == FateChange {
			fate = texts.ReportChanged
		}
		rows = append(rows, ReportRow{Guideline: row.Guideline, Title: row.Title, Fate: fate, Text: row.Text})
	}
	return rows
}

// UnattendedRows are the rows of a run that had no review: a guideline was in the plan, or was left out for a reason.
func UnattendedRows(out *steps.Outcome) []ReportRow {
	rows := make([]ReportRow, 0, len(steps.All()))
	for _, s := range steps.All() {
		info := s.Info()
		row := ReportRow{Guideline: info.Guideline, Title: info.Title, Fate: texts.ReportChanged}
		left, isLeft := out.Left[info.ID]
		switch {
		case info.NotBuilt:
			row.Fate = texts.NotInThisVersion
		case slices.Contains(out.Unplanned, info.ID):
			row.Fate, row.Text = texts.ReportLeftOut, left
		case isLeft:
			row.Fate = left
		}
		rows = append(rows, row)
	}
	return rows
}

func (j *job) report(r apply.Result) []byte {
	rev := j.review
	d := ReportData{
		Install: rev.install, Who: j.engine.cfg.Who, Version: j.engine.cfg.Version, Rows: j.rows, Files: rev.Files, Actions: rev.Actions,
		Problems: rev.Problems, Verified: j.verified, Advice: rev.Advice, AsksAtStart: rev.asksAtStart,
	}
	for _, c := range j.checked {
		d.Checks = append(d.Checks, c.Result)
	}
	for _, t := range j.untested {
		d.Checks = append(d.Checks, steps.Result{ID: t.ID, Guideline: t.Guideline, Status: steps.Unknown, Message: texts.ReportUntested(t.Title)})
	}
	return Report(d, r)
}
