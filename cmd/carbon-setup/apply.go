package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

type applyFlags struct {
	file, expect string
	yes          bool
}

func (a *app) applyCommand() *cobra.Command {
	f := &applyFlags{}
	cmd := &cobra.Command{
		Use: "apply", Short: "Make the changes of the answers, all or none, with a backup of every byte", Args: noArguments,
		Long: `apply does what plan shows: it locks the install, checks rights, space and that no server runs, backs up every file that changes,
swaps all files, reads them back and verifies them, or takes everything back. It never asks: --yes says that you mean it.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.apply(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.file, "answers", "", "the answers file")
	a.setFlag(cmd)
	cmd.Flags().BoolVar(&f.yes, "yes", false, "yes, change the install")
	cmd.Flags().StringVar(&f.expect, "expect-plan", "", "refuse unless the plan has this hash (plan prints it)")
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	return cmd
}

func (a *app) apply(ctx context.Context, f *applyFlags) error {
	if !f.yes {
		return &usageError{"apply changes the install and needs --yes", "To look first: carbon-setup plan with the same flags."}
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	if err := a.recoverFirst(ctx); err != nil {
		return err
	}
	p, err := a.prepare(ctx, f.file)
	if err != nil {
		return err
	}
	diffs := p.outcome.Plan.Diff()
	a.tell(p, diffs, false)
	if p.outcome.Plan.Empty() && f.expect == "" {
		return a.nothingToApply(ctx, p)
	}
	if err := a.emitPlan(p.outcome.Plan, diffs); err != nil {
		return err
	}
	checks := a.runChecks(ctx, p)
	result, verified, err := a.execute(ctx, p, diffs, checks, f.expect)
	if err != nil {
		a.warnOf(checks) // what stops a run is often what a probe has said before, with more about it
		return errors.Join(a.emitChecks(checks), err)
	}
	return a.finish(p, result, append(checks, verified...))
}

// nothingToApply ends with 3 when the install is not as the answers want it, although there is nothing that can be changed.
func (a *app) nothingToApply(ctx context.Context, p *prepared) error {
	results := append(p.unplanned(), steps.VerifyInstall(ctx, p.install, p.outcome.Answers, p.outcome.Unplanned...)...)
	results = append(results, runTableChecks(ctx, p.install, p.outcome.Answers, p.outcome.Unplanned...)...)
	code := a.warnOf(results)
	if err := a.emitChecks(results); err != nil {
		return err
	}
	err := a.emit(resultRecord{header: record("result"), Plan: p.outcome.Plan.Hash(), ExitCode: code})
	return errors.Join(err, done(code))
}

// warnOf writes every result that is not in order to stderr, each text once, and returns the exit code they come to.
func (a *app) warnOf(results []steps.Result) int {
	code := exitDone
	said := map[string]bool{}
	for _, r := range results {
		if r.Status == steps.OK {
			continue
		}
		code = exitWarned
		text := sentence("", r.Text(), r.Fix)
		if !said[text] {
			fmt.Fprintf(a.err, "warning: %s\n", text)
		}
		said[text] = true
	}
	return code
}

// recoverFirst finishes or undoes a run that was cut off, before anything is read.
func (a *app) recoverFirst(ctx context.Context) error {
	in, err := a.open(ctx)
	if err != nil {
		return err
	}
	return a.recoverHome(ctx, in.Home, a.applyOptions(in))
}

func (a *app) recoverHome(ctx context.Context, home string, o apply.Options) error {
	run, err := apply.Unfinished(home)
	if err != nil || run == nil {
		return err
	}
	rec, err := apply.Recover(ctx, home, o)
	if err != nil {
		return err
	}
	if rec != nil {
		fmt.Fprintf(a.err, "Run %s had been cut off; it has been %s (%d files).\n", rec.Run, rec.Outcome, len(rec.Files))
	}
	return nil
}

func (a *app) applyOptions(in *carbon.Install) apply.Options {
	return apply.Options{
		System: apply.Real(), Now: time.Now, Who: apply.CurrentWho(a.version),
		Running: func(ctx context.Context) (int, error) {
			if err := in.Refresh(ctx); err != nil {
				return 0, err
			}
			if in.Running == nil {
				return 0, nil
			}
			return in.Running.PID, nil
		},
		UndoAction: steps.UndoAction,
	}
}

// execute applies the plan; values that are not as intended afterwards roll it back.
func (a *app) execute(ctx context.Context, p *prepared, diffs []apply.FileDiff, checks []steps.Result, expect string) (*apply.Result, []steps.Result, error) {
	var verified []steps.Result
	o := a.applyOptions(p.install)
	o.ExpectPlan = expect
	o.Verify = func(ctx context.Context) error {
		verified = steps.VerifyInstall(ctx, p.install, p.outcome.Answers, p.outcome.Unplanned...)
		return firstFailure(verified)
	}
	o.Report = func(r apply.Result) []byte {
		return flow.Report(flow.ReportData{
			Install: p.install, Who: o.Who, Version: a.version, Rows: flow.UnattendedRows(p.outcome), Files: diffs, Actions: p.outcome.Plan.Actions,
			Problems: p.outcome.Problems, Checks: checks, Verified: verified, Advice: p.outcome.Advice, AsksAtStart: p.outcome.AsksAtStart,
		}, r)
	}
	result, err := apply.Apply(ctx, p.outcome.Plan, o)
	return result, verified, err
}

// firstFailure returns the first failed result as an error.
func firstFailure(results []steps.Result) error {
	for _, r := range results {
		if r.Status == steps.Fail {
			return fmt.Errorf("%s: %s", r.Place, r.Message)
		}
	}
	return nil
}

// checkTimeout bounds one probe of the outside world that does not say how long it may take.
const checkTimeout = 5 * time.Second

// runChecks runs the probes of every step in the plan, one after the other.
func (a *app) runChecks(ctx context.Context, p *prepared) []steps.Result {
	var all []steps.Result
	w := steps.NewWorkspace(p.install)
	for _, s := range steps.All() {
		if _, left := p.outcome.Left[s.Info().ID]; left {
			continue
		}
		for _, c := range s.Checks(w, p.answers) {
			limited, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, checkTimeout))
			r := c.Run(limited)
			cancel()
			r.Guideline = s.Info().Guideline
			all = append(all, r)
		}
	}
	return all
}

// runTableChecks asks the databases whether they have the tables: nothing in the files tells that they have gone.
func runTableChecks(ctx context.Context, in *carbon.Install, set *answers.Set, except ...string) []steps.Result {
	var all []steps.Result
	for _, c := range steps.TableChecks(in, set, except...) {
		limited, cancel := context.WithTimeout(ctx, c.Timeout)
		all = append(all, c.Run(limited))
		cancel()
	}
	return all
}

// finish tells how an applied run went and ends with 0, or 3 when something warned.
func (a *app) finish(p *prepared, r *apply.Result, results []steps.Result) error {
	verified := len(results)
	results = append(p.unplanned(), results...)
	code := a.warnOf(results)
	if err := a.emitChecks(results); err != nil {
		return err
	}
	for _, w := range r.Warnings {
		code = exitWarned
		fmt.Fprintf(a.err, "warning: %s\n", w)
	}
	fmt.Fprintf(a.people(), "Applied. Run %s, %d files, %d actions, %.1f s.\n", r.Run, r.Files, r.Actions, r.Took.Seconds())
	fmt.Fprintf(a.people(), "  verified  every file re-read, %d values looked at\n", verified)
	for _, next := range texts.NextSteps(p.install.Home, p.outcome.AsksAtStart) {
		fmt.Fprintf(a.people(), "  next      %s\n", next)
	}
	fmt.Fprintf(a.people(), "  undo      %s\n", texts.UndoCommand(p.install.Home, r.Run))
	fmt.Fprintf(a.people(), "  report    %s\n  log       %s\n", r.Report, r.Log)
	err := a.emit(resultRecord{
		header: record("result"), Run: r.Run, Plan: r.Plan, ExitCode: code, Files: r.Files, Actions: r.Actions,
		Report: r.Report, Log: r.Log, Warnings: r.Warnings,
	})
	return errors.Join(err, done(code))
}
