package flow

import (
	"context"
	"reflect"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
)

// State keeps the session; *apply.State is one.
type State interface {
	Read(name string) ([]byte, error)
	Write(name string, data []byte) error
	Remove(name string) error
}

// Backend replaces what the Engine stands on, for tests. A nil member is the real thing.
type Backend struct {
	Open        func(ctx context.Context, dir string, o carbon.Options) (*carbon.Install, error)
	Steps       func() []steps.Step
	Schema      func() answers.Schema
	Audit       func(ctx context.Context, w *steps.Workspace) []steps.Result
	BuildPlan   func(ctx context.Context, in *carbon.Install, a *answers.Set, except ...string) (*steps.Outcome, error)
	Verify      func(ctx context.Context, in *carbon.Install, a *answers.Set, except ...string) []steps.Result
	System      func(dryRun bool) apply.System
	State       func(home string, sys apply.System) State
	AcquireLock func(home string, o apply.Options) (*apply.Lock, error)
	Release     func(l *apply.Lock) error
	Unfinished  func(home string) (*apply.Run, error)
	Recover     func(ctx context.Context, home string, o apply.Options) (*apply.Recovery, error)
	Preflight   func(ctx context.Context, p *apply.Plan, o apply.Options) []apply.Problem
	Apply       func(ctx context.Context, p *apply.Plan, o apply.Options) (*apply.Result, error)
	Runs        func(home string) ([]apply.Run, error)
	Await       func(ctx context.Context, path string) error // until a file outside of the install has been looked at
	Readable    func(path string, folder bool) error         // whether this user may read a file, or list and enter a folder
}

func (b Backend) withDefaults() Backend {
	or(&b.Open, carbon.Open)
	or(&b.Steps, steps.All)
	or(&b.Schema, steps.Schema)
	or(&b.Audit, steps.RunAudit)
	or(&b.BuildPlan, steps.BuildPlan)
	or(&b.Verify, steps.VerifyInstall)
	or(&b.System, func(dryRun bool) apply.System {
		if dryRun {
			return apply.ReadOnly()
		}
		return apply.Real()
	})
	or(&b.State, func(home string, sys apply.System) State { return apply.OpenState(home, sys) })
	or(&b.AcquireLock, apply.AcquireLock)
	or(&b.Release, func(l *apply.Lock) error { return l.Release() })
	or(&b.Unfinished, apply.Unfinished)
	or(&b.Recover, apply.Recover)
	or(&b.Preflight, apply.Preflight)
	or(&b.Apply, apply.Apply)
	or(&b.Runs, apply.Runs)
	or(&b.Await, steps.Await)
	or(&b.Readable, readable)
	return b
}

// or sets the function at f to d when it is nil.
func or[F any](f *F, d F) {
	if reflect.ValueOf(*f).IsNil() {
		*f = d
	}
}
