package steps

import (
	"fmt"
	"strings"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
)

// CountFindings counts the results that ask for something to be done.
func CountFindings(results []Result) int {
	n := 0
	for _, r := range results {
		if r.Status == Warn || r.Status == Fail {
			n++
		}
	}
	return n
}

// AuditReport returns an audit as Markdown.
func AuditReport(in *carbon.Install, results []Result) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Audit of %s\n\n%s %s, Carbon %s. %d findings.\n", in.Home, in.Product, in.Version, in.Kernel, CountFindings(results))
	for _, s := range All() {
		info := s.Info()
		fmt.Fprintf(&b, "\n## %d. %s\n\n", info.Guideline, info.Title)
		for _, r := range results {
			if r.Guideline == info.Guideline {
				writeResult(&b, r)
			}
		}
	}
	return []byte(b.String())
}

func writeResult(b *strings.Builder, r Result) {
	fmt.Fprintf(b, "- **%s** `%s` %s", r.Status, r.ID, r.Message)
	if place := r.Place.String(); place != "" {
		fmt.Fprintf(b, " (`%s`)", place)
	}
	if r.Why != "" && r.Status != OK {
		fmt.Fprintf(b, " *Why:* %s", r.Why)
	}
	if r.Fix != "" && r.Status != OK {
		fmt.Fprintf(b, " *Fix:* %s", r.Fix)
	}
	b.WriteByte('\n')
}

// RunReport returns the report of an apply as Markdown, for the change ticket. It holds no secret.
func RunReport(in *carbon.Install, out *Outcome, r apply.Result, who apply.Who) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# carbon-setup run %s\n\n", r.Run)
	fmt.Fprintf(&b, "| | |\n|---|---|\n| install | `%s` |\n| product | %s %s, Carbon %s |\n", in.Home, in.Product, in.Version, in.Kernel)
	fmt.Fprintf(&b, "| host | %s |\n| by | %s |\n| at | %s |\n| plan | `%s` |\n", who.Host, person(who), r.Started.UTC().Format(time.RFC3339), r.Plan)
	fmt.Fprintf(&b, "\nUndo: `carbon-setup restore --home %s %s --yes`\n", in.Home, r.Run)
	writeGuidelines(&b, out)
	writeFiles(&b, out.Plan)
	if len(out.Problems) > 0 {
		b.WriteString("\n## Warnings and notes\n\n")
		for _, p := range out.Problems {
			fmt.Fprintf(&b, "- %s (%s): %s %s\n", p.Severity, p.Key, p.Message, p.Fix)
		}
	}
	if len(out.Advice) > 0 {
		b.WriteString("\n## To do and to know\n")
		for _, a := range out.Advice {
			writeAdvice(&b, a)
		}
	}
	return []byte(b.String())
}

func person(w apply.Who) string {
	if w.SudoUser != "" && w.SudoUser != w.User {
		return w.SudoUser + " as " + w.User
	}
	return w.User
}

func writeGuidelines(b *strings.Builder, out *Outcome) {
	b.WriteString("\n## Guidelines\n\n")
	for _, s := range All() {
		info := s.Info()
		left, ok := out.Left[info.ID]
		switch {
		case !ok:
			left = "in this plan"
		case info.NotBuilt:
			left = "not in this version of carbon-setup"
		}
		fmt.Fprintf(b, "%d. %s: %s\n", info.Guideline, info.Title, left)
	}
}

func writeFiles(b *strings.Builder, p *apply.Plan) {
	b.WriteString("\n## Changes\n\n")
	for _, d := range p.Diff() {
		fmt.Fprintf(b, "- `%s` %s, +%d -%d\n", d.Path, d.Op, d.Added, d.Removed)
	}
	for _, a := range p.Actions {
		fmt.Fprintf(b, "- %s: %s\n", a.Name, a.Detail)
	}
}

func writeAdvice(b *strings.Builder, a Advice) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n", a.Title, a.Text)
	if len(a.Commands) == 0 {
		return
	}
	b.WriteString("\n```\n")
	for _, c := range a.Commands {
		b.WriteString(c + "\n")
	}
	b.WriteString("```\n")
}
