package flow

import (
	"fmt"
	"strings"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// reportRow is a guideline as the report tells it.
type reportRow struct {
	guideline   int
	title, fate string
	text        string
}

func (e *Engine) reportRows(r *Review) []reportRow {
	rows := make([]reportRow, 0, len(r.Rows))
	for _, row := range r.Rows {
		fate := string(row.Fate)
		if row.Fate == FateChange {
			fate = texts.ReportChanged
		}
		rows = append(rows, reportRow{guideline: row.Guideline, title: row.Title, fate: fate, text: row.Text})
	}
	return rows
}

// report is the record of a run for the change ticket, in Markdown. It holds no secret: it is made of texts that never do.
func (j *job) report(r apply.Result) []byte {
	e, rev := j.engine, j.review
	var b strings.Builder
	who := e.cfg.Who
	fmt.Fprintf(&b, "# %s\n\n", texts.ReportTitle(r.Run))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "- %s: %s\n", name, value)
		}
	}
	line("Install", e.home)
	line("Product", strings.TrimSpace(rev.install.Product+" "+rev.install.Version))
	line("Host", rev.install.Host.Name)
	line("Time", r.Started.UTC().Format(time.RFC3339))
	line("By", texts.By(who.User, who.SudoUser, who.Client))
	line("Plan", r.Plan)
	line("Program", "carbon-setup "+e.cfg.Version)
	b.WriteString("\n## Guidelines\n\n| # | guideline | outcome | |\n|---:|---|---|---|\n")
	for _, row := range j.rows {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", row.guideline, cell(row.title), cell(row.fate), cell(row.text))
	}
	j.reportFiles(&b)
	j.reportResults(&b)
	b.WriteString("\n## What to do now\n\n")
	for _, n := range texts.NextSteps(e.home) {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	for _, a := range rev.Advice {
		fmt.Fprintf(&b, "\n### %d %s\n\n%s\n", a.Guideline, a.Title, a.Text)
		if len(a.Commands) > 0 {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.Join(a.Commands, "\n"))
		}
	}
	fmt.Fprintf(&b, "\n## Undo\n\n    %s\n", texts.UndoCommand(e.home, r.Run))
	return []byte(b.String())
}

func (j *job) reportFiles(b *strings.Builder) {
	b.WriteString("\n## Files\n\n")
	for _, f := range j.review.Files {
		fmt.Fprintf(b, "- `%s` %s, +%d -%d, for %s\n", f.Path, texts.Op(string(f.Op)), f.Added, f.Removed, texts.GuidelineList(f.Guidelines))
		for _, h := range f.Hunks {
			for _, reason := range h.Reasons {
				fmt.Fprintf(b, "  - line %d: %s\n", h.NewStart, reason)
			}
		}
	}
	for _, a := range j.review.Actions {
		fmt.Fprintf(b, "- %s: %s\n", a.Name, a.Detail)
	}
}

func (j *job) reportResults(b *strings.Builder) {
	section := func(title string, results []steps.Result) {
		if len(results) == 0 {
			return
		}
		fmt.Fprintf(b, "\n## %s\n\n", title)
		for _, r := range results {
			fmt.Fprintf(b, "- %s %s\n", r.Status, r.Message)
		}
	}
	section("Verified after the change", j.verified)
	var checked []steps.Result
	for _, c := range j.review.checked {
		checked = append(checked, c.Result)
	}
	section("Checks", checked)
	var notes []steps.Result
	for _, p := range j.review.Problems {
		notes = append(notes, steps.Result{Status: steps.Status(p.Severity.String()), Message: strings.TrimSpace(p.Message + " " + p.Fix)})
	}
	section("Warnings and notes", notes)
}

func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ") }
