package main

import (
	"context"
	"errors"
	"fmt"

	"carbon-setup/internal/apply"
)

// prune shows which backups go, and with yes removes them.
func (a *app) prune(ctx context.Context, keep int, yes bool) error {
	ro := apply.RestoreOptions{DryRun: !yes}
	home, err := a.restoreHome(ctx, &ro)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	o := apply.PruneOptions{Options: ro.Options, Keep: keep, DryRun: true}
	old, err := apply.Prune(ctx, home, o)
	if err != nil {
		return err
	}
	if err := a.showPruned(old); err != nil {
		return err
	}
	code, say := exitDone, fmt.Sprintf("Nothing to remove: no backups beyond the %d newest runs can go.", keep)
	switch {
	case len(old) > 0 && !yes:
		code, say = exitChanges, fmt.Sprintf("Nothing was removed. With --yes the backups of %s would be.", runCount(len(old)))
	case len(old) > 0:
		o.DryRun = false
		done, err := apply.Prune(ctx, home, o)
		if err != nil {
			if len(done) > 0 {
				fmt.Fprintf(a.err, "The backups of %s were removed before that.\n", runCount(len(done)))
			}
			return err
		}
		say = fmt.Sprintf("Removed: the backups of %s.", runCount(len(done)))
	}
	fmt.Fprintln(a.err, say)
	return errors.Join(a.emit(resultRecord{header: record("result"), ExitCode: code, Files: fileCount(old)}), done(code))
}

func (a *app) showPruned(old []apply.PrunedRun) error {
	for _, p := range old {
		var err error
		if a.json {
			r := recordOf(p.Run)
			r.Bytes = p.Bytes
			err = a.emit(r)
		} else {
			_, err = fmt.Fprintf(a.out, "%s  %-8s %-12s %d files, %s%s\n", p.Run.ID, p.Run.Kind, p.Run.State, p.Files, sizeText(p.Bytes), restores(p.Run))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func fileCount(old []apply.PrunedRun) int {
	n := 0
	for _, p := range old {
		n += p.Files
	}
	return n
}

func runCount(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// sizeText is a size for people, rounded up.
func sizeText(bytes int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case bytes < kib:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < mib:
		return fmt.Sprintf("%d KiB", (bytes+kib-1)/kib)
	}
	return fmt.Sprintf("%d MiB", (bytes+mib-1)/mib)
}
