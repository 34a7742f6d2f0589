package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

func (a *app) planCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "plan", Short: "The exact difference that the answers would make; writes nothing", Args: noArguments,
		Long: `plan prints a unified diff on stdout (git apply takes it where no secret is masked) and the rest, such as warnings and the hash of
the plan for apply --expect-plan, on stderr.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.plan(cmd.Context(), file) },
	}
	cmd.Flags().StringVar(&file, "answers", "", "the answers file")
	a.setFlag(cmd)
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	return cmd
}

// prepared is an install with its answers and the plan they come to.
type prepared struct {
	install *carbon.Install
	answers *answers.Set
	outcome *steps.Outcome
}

// prepare opens the install, reads the answers and builds the plan. It only reads.
func (a *app) prepare(ctx context.Context, file string) (*prepared, error) {
	in, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	set, err := a.readAnswers(ctx, file)
	if err != nil {
		return nil, err
	}
	out, err := steps.BuildPlan(ctx, in, set)
	if err != nil {
		return nil, located(err, set)
	}
	return &prepared{in, set, out}, nil
}

// located gives the problems of refused answers the positions that the file has for them.
func located(err error, set *answers.Set) error {
	var invalid *steps.InvalidError
	if !asError(err, &invalid) {
		return err
	}
	faults := &answers.FaultsError{}
	for _, p := range invalid.Problems {
		faults.Faults = append(faults.Faults, answers.Fault{At: set.Place(p.Key), Key: p.Key, Message: p.Message, Fix: p.Fix})
	}
	slices.SortStableFunc(faults.Faults, func(a, b answers.Fault) int {
		return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	return faults
}

func (a *app) plan(ctx context.Context, file string) error {
	p, err := a.prepare(ctx, file)
	if err != nil {
		return err
	}
	a.warnUnfinished(p.install.Home)
	plan := p.outcome.Plan
	diffs := plan.Diff()
	a.tell(p, diffs, true)
	code := exitDone
	if !plan.Empty() || len(p.outcome.Unplanned) > 0 {
		code = exitChanges
	}
	if a.json {
		if err := a.emitPlan(plan, diffs); err != nil {
			return err
		}
		if err := a.emitChecks(p.unplanned()); err != nil {
			return err
		}
		err := a.emit(resultRecord{header: record("result"), Plan: plan.Hash(), ExitCode: code, Files: len(plan.Changes), Actions: len(plan.Actions)})
		if err != nil {
			return err
		}
		return done(code)
	}
	for _, d := range diffs {
		if _, err := io.WriteString(a.out, d.Unified()); err != nil {
			return err
		}
	}
	return done(code)
}

// tell writes what goes with a plan to stderr: problems, actions, size and hash, and the advice when it is asked for.
func (a *app) tell(p *prepared, diffs []apply.FileDiff, advice bool) {
	var b strings.Builder
	said := map[string]bool{} // guidelines that share a section say some things alike
	for _, problem := range p.outcome.Problems {
		line := fmt.Sprintf("%s: %s%s\n", problem.Severity, position(problem.Key, p.answers), sentence(problem.Key, problem.Message, problem.Fix))
		if !said[line] && len(said) < mostProblems {
			b.WriteString(line)
		}
		said[line] = true
	}
	if more := len(said) - mostProblems; more > 0 {
		fmt.Fprintf(&b, "note: %s\n", answers.AndMore(more))
	}
	for _, act := range p.outcome.Plan.Actions {
		fmt.Fprintf(&b, "action: %s: %s\n", act.Name, act.Detail)
	}
	for _, adv := range p.outcome.Advice {
		if advice && (!p.outcome.Plan.Empty() || len(adv.Commands)+len(adv.Attachments) > 0) { // commands and files are of use where nothing changes, too
			writeAdvice(&b, adv, p.outcome.Plan.Empty())
		}
	}
	fmt.Fprintf(&b, "%s\n", planSummary(p.outcome, diffs))
	fmt.Fprint(a.err, b.String())
}

// writeAdvice tells what is left to do. Where nothing is changed there is no run whose report has the files, and they are written here.
func writeAdvice(b *strings.Builder, adv steps.Advice, inFull bool) {
	fmt.Fprintf(b, "to do: %s\n", adv.Title)
	for line := range strings.Lines(adv.Text) {
		fmt.Fprintf(b, "    %s\n", strings.TrimRight(line, "\n"))
	}
	for _, c := range adv.Commands {
		fmt.Fprintf(b, "      %s\n", c)
	}
	for _, f := range adv.Attachments {
		if !inFull {
			fmt.Fprintf(b, "      %s\n", texts.InReport(f.Name))
			continue
		}
		fmt.Fprintf(b, "      %s\n", texts.InFull(f.Name))
		for line := range strings.Lines(f.Content) {
			fmt.Fprintln(b, strings.TrimRight("      "+line, " \n"))
		}
	}
}

// unplanned returns a check that warns for every guideline that the answers ask for and that a file stands in the way of.
func (p *prepared) unplanned() []steps.Result {
	var all []steps.Result
	for _, s := range steps.All() {
		if info := s.Info(); slices.Contains(p.outcome.Unplanned, info.ID) {
			all = append(all, steps.Result{ID: "plan." + info.ID, Guideline: info.Guideline, Status: steps.Warn, Message: info.Title + " is left out: " + p.outcome.Left[info.ID]})
		}
	}
	return all
}

func planSummary(out *steps.Outcome, diffs []apply.FileDiff) string {
	p := out.Plan
	switch {
	case p.Empty() && len(out.Unplanned) > 0:
		return "Nothing can be changed as things are: see the warnings."
	case p.Empty():
		return "Nothing to change: the install is as the answers want it."
	}
	added, removed := 0, 0
	for _, d := range diffs {
		added, removed = added+d.Added, removed+d.Removed
	}
	return fmt.Sprintf("%d files, +%d -%d, %d actions. Plan %s", len(p.Changes), added, removed, len(p.Actions), p.Hash())
}

// warnUnfinished says that an earlier run was cut off; reading commands go on.
func (a *app) warnUnfinished(home string) {
	run, err := apply.Unfinished(home)
	switch {
	case err != nil:
		fmt.Fprintf(a.err, "warning: the history of runs cannot be read: %v\n", err)
	case run != nil:
		fmt.Fprintf(a.err, "warning: run %s was cut off. The next apply or setup finishes or undoes it; what is shown here may be in between.\n", run.ID)
	}
}
