package main

import (
	"context"
	"errors"
	"fmt"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/steps"
)

// The exit codes. They are a contract.
const (
	exitDone        = 0
	exitUnexpected  = 1
	exitChanges     = 2
	exitWarned      = 3
	exitUsage       = 4
	exitRefused     = 5
	exitPreflight   = 6
	exitLocked      = 7
	exitRolledBack  = 8
	exitIncomplete  = 9
	exitStale       = 10
	exitInterrupted = 75
	exitLeft        = 130
)

// doneError ends a command with a code that is not a failure; quiet: everything has been said.
type doneError struct {
	code  int
	quiet bool
}

func (e *doneError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

func done(code int) error {
	if code == exitDone {
		return nil
	}
	return &doneError{code: code, quiet: true}
}

// usageError is a command line that cannot be used.
type usageError struct{ message, fix string }

func (e *usageError) Error() string {
	if e.fix == "" {
		return e.message
	}
	return e.message + "\n" + e.fix
}

// codeOf maps an error to its exit code.
func codeOf(err error) int {
	code, _ := classify(err)
	return code
}

// classify is the one table of error kinds and exit codes.
func classify(err error) (code int, kind string) {
	var finished *doneError
	if err == nil {
		return exitDone, ""
	}
	if errors.As(err, &finished) {
		return finished.code, "done"
	}
	for _, row := range exitTable {
		if row.is(err) {
			return row.code, row.kind
		}
	}
	return exitUnexpected, "unexpected"
}

var exitTable = []struct {
	is   func(error) bool
	code int
	kind string
}{
	{as[*usageError], exitUsage, "usage"},
	{as[*answers.FaultsError], exitUsage, "answers"},
	{as[*steps.InvalidError], exitUsage, "answers"},
	{as[*apply.NoRunError], exitUsage, "no-run"},
	{as[*carbon.RefusedError], exitRefused, "refused"},
	{as[*apply.PreflightError], exitPreflight, "preflight"},
	{as[*apply.TamperedError], exitPreflight, "tampered"},
	{as[*apply.LockedError], exitLocked, "locked"},
	{as[*apply.IncompleteError], exitIncomplete, "incomplete"},
	{as[*apply.RolledBackError], exitRolledBack, "rolled-back"},
	{as[*apply.StaleError], exitStale, "stale"},
	{as[*apply.EditedError], exitStale, "edited"},
	{as[*edit.Error], exitUnexpected, "file"},
	{as[*leftError], exitLeft, "left"},
	{func(err error) bool { return errors.Is(err, context.Canceled) }, exitInterrupted, "interrupted"},
	{func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }, exitInterrupted, "timeout"},
}

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
