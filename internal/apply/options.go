package apply

import (
	"context"
	"time"
)

// Stage of a run, for progress.
type Stage string

// The stages in order.
const (
	StageLock      Stage = "lock"
	StagePreflight Stage = "preflight"
	StageStage     Stage = "stage"
	StageBackup    Stage = "backup"
	StageActions   Stage = "actions"
	StageSwap      Stage = "swap"
	StageVerify    Stage = "verify"
	StageCommit    Stage = "commit"
	StageRollback  Stage = "rollback"
)

// Event tells progress. Done of Total within the stage.
type Event struct {
	Stage       Stage
	Path        string
	Done, Total int
}

// Options of Apply, Restore and Recover.
type Options struct {
	System   System // nil = ReadOnly
	Now      func() time.Time
	Who      Who         // zero = CurrentWho
	Progress func(Event) // may be nil; called from the caller's goroutine
	// Running reports the process id of a server that runs from the home, 0 = none. Preflight and Restore ask it.
	Running func(ctx context.Context) (pid int, err error)
	// Verify judges the install after the swap; an error rolls back. May be nil.
	Verify func(ctx context.Context) error
	// Report returns the report text (Markdown, no secrets), kept in the run's folder. May be nil.
	Report func(r Result) []byte
	// UndoAction undoes an action of an earlier run, whose Undo went with the process that made it: Recover and Restore call it. It copes
	// with an action that was half done or already undone; Kept gives it what
	// the action has written down. nil, or an error: the action is named as one that a human has to look at.
	UndoAction func(ctx context.Context, name, detail string) error
	// ExpectPlan: not empty and different from the plan's hash is a *StaleError.
	ExpectPlan string
	// Held is the lock when the caller holds it already (the wizard does); nil = take and release it.
	Held *Lock

	// syncers is how many files are made durable at a time; 0 = a handful. Tests that count operations want one.
	syncers int
}

func (o Options) withDefaults() Options {
	if o.System == nil {
		o.System = ReadOnly()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Who == (Who{}) {
		o.Who = CurrentWho("")
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	if o.syncers == 0 {
		o.syncers = 8
	}
	return o
}

// Result of a committed run. A plan without changes and actions makes no run: Run is empty.
type Result struct {
	Run      string // id: 20261122-140233-001, in UTC, sorts by time
	Plan     string // hash
	Files    int
	Actions  int
	Started  time.Time
	Took     time.Duration
	Dir      string // the run's folder
	Report   string // path
	Log      string // path
	Warnings []string
}
