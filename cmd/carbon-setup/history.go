package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"carbon-setup/internal/apply"
)

// history writes the report of one run, or of all of them with a table before them, as Markdown. path is where to; "" and "-" are stdout.
func (a *app) history(ctx context.Context, id, path string) error {
	o := apply.RestoreOptions{DryRun: true}
	home, err := a.restoreHome(ctx, &o)
	if err != nil {
		return err
	}
	runs, err := apply.Runs(home)
	if err != nil {
		return err
	}
	text, err := historyText(home, runs, id)
	if err != nil {
		return err
	}
	if path != "" && path != "-" {
		return writeNew(path, text)
	}
	_, err = a.out.Write(text)
	return err
}

func historyText(home string, runs []apply.Run, id string) ([]byte, error) {
	if id != "" {
		for _, r := range runs {
			if r.ID == id {
				return runText(home, r)
			}
		}
		return nil, &usageError{fmt.Sprintf("%s: there is no such run", id), "See: carbon-setup runs"}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# History of `%s`\n\n", home)
	if len(runs) == 0 {
		b.WriteString("No run has changed this install.\n")
		return b.Bytes(), nil
	}
	b.WriteString("| run | time | what | outcome | by | files |\n|---|---|---|---|---|---:|\n")
	for _, r := range runs {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s%s | %s | %d |\n", r.ID, r.Time.UTC().Format(time.RFC3339), r.Kind, r.State, restores(r), tableCell(r.Who.User), len(r.Files))
	}
	for _, r := range runs {
		text, err := runText(home, r)
		if err != nil {
			return nil, err
		}
		b.WriteString("\n---\n\n")
		b.Write(text)
	}
	return b.Bytes(), nil
}

// runText is the report that a run has left, or what its journal knows of one without a report.
func runText(home string, r apply.Run) ([]byte, error) {
	text, err := apply.ReadReport(home, r)
	if err != nil || text != nil {
		return text, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Run %s\n\n- What: %s%s\n- Outcome: %s\n- Install: %s\n- Time: %s\n- By: %s\n", r.ID, r.Kind, restores(r), r.State, home, r.Time.UTC().Format(time.RFC3339), r.Who.User)
	if r.Plan != "" {
		fmt.Fprintf(&b, "- Plan: %s\n", r.Plan)
	}
	if len(r.Files)+len(r.Actions) > 0 {
		b.WriteString("\n## Files and actions\n\n")
	}
	for _, f := range r.Files {
		fmt.Fprintf(&b, "- `%s`\n", f)
	}
	for _, name := range r.Actions {
		fmt.Fprintf(&b, "- %s\n", name)
	}
	return b.Bytes(), nil
}

func tableCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
