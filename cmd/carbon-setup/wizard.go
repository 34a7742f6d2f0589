package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/plain"
	"carbon-setup/internal/wizard/tui"
)

// wizard runs the chosen front end to its end and maps how it ended to an exit code.
func (a *app) wizard(ctx context.Context, engine *flow.Engine, front frontEnd, f *setupFlags) (err error) {
	defer func() { err = errors.Join(err, engine.Close()) }()
	var out flow.Outcome
	if front == plainLines {
		out, err = plain.Run(ctx, plain.Config{Engine: engine, In: a.in, Out: a.out, Getenv: a.getenv})
	} else {
		out, err = tui.Run(ctx, tui.Config{Engine: engine, In: a.in, Out: a.out.(*os.File), Slow: f.slow, Color: f.color}) //nolint:forcetypeassert // chooseFrontEnd has made sure
	}
	if err != nil {
		return fmt.Errorf("the terminal: %w", err)
	}
	return a.endOf(out)
}

// endOf says what the operator finds on the terminal after the wizard has gone, and with which code.
func (a *app) endOf(out flow.Outcome) error {
	switch out.End {
	case flow.EndApplied:
		r := out.Applied.Result
		fmt.Fprintf(a.err, "Applied. Run %s, %d files.\n  undo    %s\n  report  %s\n  log     %s\n", r.Run, r.Files, out.Applied.Undo, r.Report, r.Log)
		if out.Applied.Warned() {
			return done(exitWarned)
		}
		return nil
	case flow.EndFailed:
		return out.Applied.Err
	case flow.EndInterrupted:
		if out.Applied != nil && out.Applied.Err == nil {
			fmt.Fprintf(a.err, "Applied before the interruption. Run %s, %d files.\n  undo    %s\n", out.Applied.Result.Run, out.Applied.Result.Files, out.Applied.Undo)
		}
		fmt.Fprintln(a.err, "Interrupted. The same command goes on where you were.")
		return done(exitInterrupted)
	case flow.EndLeft:
		if out.Saved {
			fmt.Fprintln(a.err, "Left; nothing was applied. What you entered is kept, secrets apart: the same command goes on where you were.")
		} else {
			fmt.Fprintln(a.err, "Left; nothing was written.")
		}
		return done(exitLeft)
	case flow.EndNothing:
		return nil
	}
	return nil
}
