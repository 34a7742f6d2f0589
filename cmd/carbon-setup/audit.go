package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
)

func (a *app) auditCommand() *cobra.Command {
	var report string
	cmd := &cobra.Command{
		Use: "audit", Short: "How the install stands against every guideline; reads only", Args: noArguments,
		Long: `audit reads the install and says for each of the sixteen guidelines what is so, what is wrong with file and line, why it
matters and what to do. It writes nothing, needs no root and no terminal.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.audit(cmd.Context(), report) },
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	cmd.Flags().StringVar(&report, "report", "", "write the audit to this file as well, as Markdown")
	return cmd
}

func (a *app) audit(ctx context.Context, report string) error {
	in, err := a.open(ctx)
	if err != nil {
		return err
	}
	results := steps.RunAudit(ctx, steps.NewWorkspace(in))
	if err := ctx.Err(); err != nil {
		return err
	}
	if report != "" {
		if err := writeNew(report, steps.AuditReport(in, results)); err != nil {
			return err
		}
	}
	code := exitDone
	if steps.CountFindings(results) > 0 {
		code = exitChanges
	}
	if err := a.printAudit(in, results, code); err != nil {
		return err
	}
	return done(code)
}

func (a *app) printAudit(in *carbon.Install, results []steps.Result, code int) error {
	if !a.json {
		return printAuditText(a.out, in, results)
	}
	for _, r := range results {
		if err := a.emitResult(r); err != nil {
			return err
		}
	}
	return a.emit(resultRecord{header: record("result"), ExitCode: code})
}

// printAuditText writes the audit guideline by guideline.
func printAuditText(w io.Writer, in *carbon.Install, results []steps.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (Carbon %s)  %s\n", in.Product, in.Version, in.Kernel, in.Home)
	for _, s := range steps.All() {
		info := s.Info()
		fmt.Fprintf(&b, "\n%2d  %s\n", info.Guideline, info.Title)
		auditGuideline(&b, results, info.Guideline)
	}
	ok, unknown := 0, 0
	for _, r := range results {
		switch r.Status {
		case steps.OK:
			ok++
		case steps.Unknown:
			unknown++
		case steps.Warn, steps.Fail:
		}
	}
	fmt.Fprintf(&b, "\n%d findings, %d in order, %d not checked.\n", steps.CountFindings(results), ok, unknown)
	_, err := io.WriteString(w, b.String())
	return err
}

var marks = map[steps.Status]string{steps.OK: "[ok]", steps.Warn: "[! ]", steps.Fail: "[x ]", steps.Unknown: "[? ]"}

const auditIndent = "                  "

// auditGuideline writes the results of one guideline; why and fix stand once below the findings that share them.
func auditGuideline(b *strings.Builder, results []steps.Result, guideline int) {
	var own []steps.Result
	for _, r := range results {
		if r.Guideline == guideline {
			own = append(own, r)
		}
	}
	for i, r := range own {
		fmt.Fprintf(b, "    %s %-8s %s\n", marks[r.Status], r.ID, r.Message)
		if place := r.Place.String(); place != "" {
			fmt.Fprintf(b, "%sat %s\n", auditIndent, place)
		}
		more := i+1 < len(own) && own[i+1].Why == r.Why && own[i+1].Fix == r.Fix
		if r.Status != steps.Warn && r.Status != steps.Fail || more {
			continue
		}
		if r.Why != "" {
			fmt.Fprintf(b, "%swhy: %s\n", auditIndent, r.Why)
		}
		if r.Fix != "" {
			fmt.Fprintf(b, "%sfix: %s\n", auditIndent, r.Fix)
		}
	}
}
