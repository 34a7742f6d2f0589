package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/steps"
)

func (a *app) restoreCommand() *cobra.Command {
	var dryRun, yes, aside bool
	cmd := &cobra.Command{
		Use: "restore [RUN]", Short: "Undo one run (default: the last): bytes, modes and times as before",
		Long: `restore gives every file of a run its old bytes, mode and time, and removes what the run created. It works when the present files are
broken. A file that was edited since the run is not overwritten unless --save-aside keeps a copy of it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o := apply.RestoreOptions{DryRun: dryRun, SaveAside: aside}
			switch {
			case len(args) > 1:
				return noArguments(cmd, args[1:])
			case len(args) == 1:
				o.Run = args[0]
			}
			if !yes && !dryRun {
				return &usageError{"restore changes the install and needs --yes", "To look first: --dry-run."}
			}
			return a.restore(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would change, write nothing")
	cmd.Flags().BoolVar(&yes, "yes", false, "yes, change the install")
	cmd.Flags().BoolVar(&aside, "save-aside", false, "keep files that were edited since the run in its folder, and restore all the same")
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	return cmd
}

func (a *app) restore(ctx context.Context, o apply.RestoreOptions) error {
	home, err := a.restoreHome(ctx, &o)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	if !o.DryRun {
		cut := o.Options
		cut.UndoAction = steps.UndoAction
		if err := a.recoverHome(ctx, home, cut); err != nil {
			return err
		}
	}
	result, diffs, err := apply.Restore(ctx, home, o)
	var edited *apply.EditedError
	if asError(err, &edited) && len(edited.Later) == 0 {
		return fmt.Errorf("%w\nWith --save-aside a copy of it is kept in the folder of the run, and the run is restored all the same", err)
	}
	if err != nil {
		return err
	}
	for _, d := range diffs {
		if err := a.emit(changeRecord{record("change"), d.Path, d.Guidelines, d.Added, d.Removed, d.Unified()}); err != nil {
			return err
		}
		if o.DryRun && !a.json {
			if _, err := io.WriteString(a.out, d.Unified()); err != nil {
				return err
			}
		}
	}
	if o.DryRun {
		fmt.Fprintf(a.err, "Nothing was written. %d files would be restored.\n", len(diffs))
		code := exitDone
		if len(diffs) > 0 {
			code = exitChanges
		}
		if err := a.emit(resultRecord{header: record("result"), ExitCode: code, Files: len(diffs)}); err != nil {
			return err
		}
		return done(code)
	}
	code := exitDone
	for _, w := range result.Warnings {
		code = exitWarned
		fmt.Fprintf(a.err, "warning: %s\n", w)
	}
	fmt.Fprintf(a.people(), "Restored. Run %s, %d files as before.\n  log       %s\n", result.Run, result.Files, result.Log)
	err = a.emit(resultRecord{header: record("result"), Run: result.Run, ExitCode: code, Files: result.Files, Log: result.Log, Warnings: result.Warnings})
	return errors.Join(err, done(code))
}

// restoreHome opens the install to learn whether its server runs. A home whose carbon.xml is broken today cannot be opened, and must be
// restorable all the same: then its runs alone tell that it is a home.
func (a *app) restoreHome(ctx context.Context, o *apply.RestoreOptions) (string, error) {
	o.Options = apply.Options{System: apply.Real(), Now: time.Now, Who: apply.CurrentWho(a.version), UndoAction: steps.UndoRestored}
	if o.DryRun {
		o.System = apply.ReadOnly()
	}
	in, openErr := a.open(ctx)
	if openErr == nil {
		running := a.applyOptions(in).Running
		o.Running = running
		return in.Home, nil
	}
	home, err := a.findHome()
	if err != nil {
		return "", err
	}
	home, err = realPath(home)
	if err != nil {
		return "", openErr
	}
	if runs, err := apply.Runs(home); err != nil || len(runs) == 0 {
		return "", openErr
	}
	fmt.Fprintf(a.err, "note: the install cannot be read today (%v); restoring from its runs.\n", openErr)
	return home, nil
}

func (a *app) runsCommand() *cobra.Command {
	var keep int
	var yes bool
	var report string
	cmd := &cobra.Command{
		Use: "runs [RUN]", Short: "The history: who changed what, when; its reports; and removing old backups",
		Args: func(cmd *cobra.Command, args []string) error { return noArguments(cmd, args[min(1, len(args)):]) },
		Long: `runs lists the runs, the oldest first. With a RUN it prints the report of that one, as Markdown for a change ticket; with --report FILE it writes
the whole history with every report into one file (- is stdout).

With --keep N it shows the runs beyond the N newest whose backups can go, with their sizes; with --yes
as well it removes these backups, which hold the old passwords. The runs stay in the list, but can no longer be restored. The newest run, the one that
restore would take, and runs that are not done keep their backups in any case.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			told := len(args) > 0 || cmd.Flags().Changed("report")
			switch {
			case told && (cmd.Flags().Changed("keep") || yes || a.json):
				return &usageError{"a report goes with no other flag of runs", "Leave out --keep, --yes and --json."}
			case cmd.Flags().Changed("report") && report == "":
				return &usageError{"--report is empty", "In a script, see whether the variable behind it is set."}
			case told:
				return a.history(cmd.Context(), strings.Join(args, ""), report)
			case !cmd.Flags().Changed("keep") && yes:
				return &usageError{"--yes removes backups and needs --keep", "Say how many runs keep their backups: --keep 5."}
			case !cmd.Flags().Changed("keep"):
				return a.runs(cmd.Context())
			case keep < 1:
				return &usageError{fmt.Sprintf("--keep %d: the newest run always keeps its backups", keep), "Use 1 or more."}
			}
			return a.prune(cmd.Context(), keep, yes)
		},
	}
	cmd.Flags().IntVar(&keep, "keep", 0, "show the runs beyond this many whose backups can go; with --yes remove them")
	cmd.Flags().BoolVar(&yes, "yes", false, "yes, remove the backups")
	cmd.Flags().StringVar(&report, "report", "", "write the history, or the report of RUN, to this file, as Markdown; - is stdout")
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	return cmd
}

type runRecord struct {
	header
	Run      string   `json:"run"`
	State    string   `json:"state"`
	Kind     string   `json:"kind"`
	Time     string   `json:"time"`
	User     string   `json:"user"`
	Plan     string   `json:"plan"`
	Files    []string `json:"files"`
	Actions  []string `json:"actions"`
	Restores string   `json:"restores,omitempty"`
	Pruned   bool     `json:"pruned,omitempty"` // its backups were removed
	Bytes    int64    `json:"bytes,omitempty"`  // of the backups that --keep removes
}

func recordOf(r apply.Run) runRecord {
	return runRecord{
		record("run"), r.ID, r.State, r.Kind, r.Time.UTC().Format(time.RFC3339), r.Who.User, r.Plan, list(r.Files), list(r.Actions), r.Restores, r.Pruned, 0,
	}
}

// list is empty rather than null in a record.
func list(all []string) []string { return append([]string{}, all...) }

func (a *app) runs(ctx context.Context) error {
	o := apply.RestoreOptions{DryRun: true}
	home, err := a.restoreHome(ctx, &o)
	if err != nil {
		return err
	}
	runs, err := apply.Runs(home)
	if err != nil {
		return err
	}
	for _, r := range runs {
		at := r.Time.UTC().Format(time.RFC3339)
		if a.json {
			err = a.emit(recordOf(r))
		} else {
			_, err = fmt.Fprintf(a.out, "%s  %s  %-8s %-12s by %s, %d files%s\n", r.ID, at, r.Kind, r.State, r.Who.User, len(r.Files), restores(r))
		}
		if err != nil {
			return err
		}
	}
	if len(runs) == 0 {
		fmt.Fprintln(a.err, "No run has changed this install.")
	}
	return nil
}

func restores(r apply.Run) string {
	text := ""
	if r.Restores != "" {
		text = ", undid " + r.Restores
	}
	if r.Pruned {
		text += ", backups removed"
	}
	return text
}
