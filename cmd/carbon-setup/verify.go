package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/audit"
	"carbon-setup/internal/steps"
)

func (a *app) verifyCommand() *cobra.Command {
	var live liveFlags
	var file string
	cmd := &cobra.Command{
		Use: "verify", Short: "Are the files still as the runs left them, and as the answers want them?", Args: noArguments,
		Long: `verify reads every file that the runs have written and says which ones have changed since, has a second parser read every
configuration file, and with --answers compares the values in force with the answers, and looks whether the databases that they name
have their tables. It writes nothing.` + liveHelp,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := live.check(cmd); err != nil {
				return err
			}
			return a.verify(cmd.Context(), file, &live)
		},
	}
	live.register(cmd)
	cmd.Flags().StringVar(&file, "answers", "", "compare the values in force with these answers, too")
	a.setFlag(cmd)
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	return cmd
}

func (a *app) verify(ctx context.Context, file string, live *liveFlags) error {
	login, err := a.liveAccount(ctx, live)
	if err != nil {
		return err
	}
	in, err := a.open(ctx)
	if err != nil {
		return err
	}
	a.warnUnfinished(in.Home)
	results := steps.CheckParses(ctx, steps.NewWorkspace(in))
	drift, err := apply.Drift(in.Home)
	if err != nil {
		return err
	}
	results = append(results, driftResults(drift)...)
	var set *answers.Set
	if file != "" || len(a.sets) > 0 {
		if set, err = a.readAnswers(ctx, file); err != nil {
			return err
		}
		results = append(results, steps.VerifyInstall(ctx, in, set)...)
		if !live.on || in.Running == nil { // the questions to the running server have this among them
			results = append(results, runTableChecks(ctx, in, set)...)
		}
	}
	code := exitDone
	tell := func(r steps.Result) error {
		if r.Status != steps.OK {
			code = exitWarned
		}
		if a.json {
			return a.emitChecks([]steps.Result{r})
		}
		_, err := fmt.Fprintf(a.out, "%s %s\n", audit.Mark(r.Status), verifyText(r))
		return err
	}
	for _, r := range results {
		if err := tell(r); err != nil {
			return err
		}
	}
	if live.on {
		if err := a.verifyLive(ctx, in, set, login, tell); err != nil {
			return err
		}
	}
	if err := a.emit(resultRecord{header: record("result"), ExitCode: code}); err != nil {
		return err
	}
	return done(code)
}

// verifyText is a result on one line. What is not in order begins with its place.
func verifyText(r steps.Result) string {
	text := sentence("", r.Message, r.Fix)
	if place := r.Place.String(); r.Status != steps.OK && place != "" && !strings.HasPrefix(text, r.Place.File) {
		return place + ": " + text
	}
	return text
}

// driftResults says for every file that the runs have written whether it is as they left it.
func driftResults(drift []apply.DriftItem) []steps.Result {
	var all []steps.Result
	for _, d := range drift {
		r := steps.Result{ID: "verify.file", Status: steps.OK, Message: d.Path + " is as run " + d.Run + " left it."}
		if d.Changed != "" {
			r.Status = steps.Warn
			r.Message = fmt.Sprintf("%s: %s since run %s.", d.Path, d.Changed, d.Run)
			r.Fix = "Look at it, and run carbon-setup audit."
		}
		all = append(all, r)
	}
	return all
}
