package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// ErrNotReviewed is returned by Apply when the plan is not the one of the last Review, or the Review says that it cannot be applied.
var ErrNotReviewed = errors.New("this plan has not been reviewed, or cannot be applied")

// Progress is how far an apply is.
type Progress struct {
	Stage       apply.Stage
	Path        string
	Done, Total int
	Log         []StageDone // the stages so far
	Started     time.Time
}

// StageDone is a stage that has been entered.
type StageDone struct {
	Stage apply.Stage
	Steps int
}

// Applying is an apply under way. It belongs to a goroutine of its own: it goes on when the terminal is gone.
type Applying struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	now     Progress
	version int
	changed chan struct{} // closed and replaced at every change
	result  *Applied
}

// Applied is the end of an apply.
type Applied struct {
	Result   *apply.Result // nil when Err is set and nothing was committed
	Err      error         // as by apply.Apply
	Review   *Review
	Verified []steps.Result
	Warnings []string     // of the apply, the verification and the checks: sentences
	Undo     string       // command that takes the run back
	Next     []texts.Next // what to do now
}

// Warned reports whether the run was applied and something is to be looked at: exit code 3.
func (a *Applied) Warned() bool { return a.Err == nil && len(a.Warnings) > 0 }

// Next waits until the progress is other than the one of version seen (0 at first); ok is false when the apply has ended or ctx is done.
func (a *Applying) Next(ctx context.Context, seen int) (p Progress, version int, ok bool) {
	for {
		a.mu.Lock()
		p, version = a.now, a.version
		changed := a.changed
		a.mu.Unlock()
		if version != seen {
			return p, version, true
		}
		select {
		case <-changed:
		case <-a.done:
			return p, version, false
		case <-ctx.Done():
			return p, version, false
		}
	}
}

// Wait waits for the end. It returns nil when ctx is done first; the apply then goes on.
func (a *Applying) Wait(ctx context.Context) *Applied {
	select {
	case <-a.done:
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.result
	case <-ctx.Done():
		return nil
	}
}

// Cancel asks the apply to stop. It does so only before the first file is swapped; later it finishes or rolls back.
func (a *Applying) Cancel() { a.cancel() }

func (a *Applying) progress(ev apply.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.now.Log) == 0 || a.now.Log[len(a.now.Log)-1].Stage != ev.Stage {
		a.now.Log = append(a.now.Log[:len(a.now.Log):len(a.now.Log)], StageDone{Stage: ev.Stage})
	}
	last := append([]StageDone(nil), a.now.Log...)
	last[len(last)-1].Steps = max(last[len(last)-1].Steps, ev.Done)
	a.now.Log = last
	a.now.Stage, a.now.Path, a.now.Done, a.now.Total = ev.Stage, ev.Path, ev.Done, ev.Total
	a.version++
	close(a.changed)
	a.changed = make(chan struct{})
}

// Apply starts the plan of the last Review, whose hash the caller has shown. It runs in a goroutine of the Engine and is not bound to a context of
// the front end. Afterwards the session is gone: the install is the state.
func (e *Engine) Apply(hash string) (*Applying, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.review
	if r == nil || r.Hash != hash || len(r.Blocked) > 0 || e.applying != nil {
		return nil, ErrNotReviewed
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := &Applying{cancel: cancel, done: make(chan struct{}), changed: make(chan struct{})}
	a.now.Started = e.cfg.Now()
	e.applying = a
	job := &job{engine: e, review: r, rows: e.reportRows(r), checked: slices.Clone(r.checked), untested: r.untested()}
	go func() {
		defer cancel()
		result := job.run(ctx, a)
		e.mu.Lock()
		e.applying, e.last, e.review = nil, result, nil
		if result.Err == nil {
			e.afterApply()
		}
		e.mu.Unlock()
		a.mu.Lock()
		a.result = result
		a.mu.Unlock()
		close(a.done)
	}()
	return a, nil
}

// afterApply forgets what was answered: the next audit says what is so. The answers that were applied can still be saved to a file.
func (e *Engine) afterApply() {
	e.kept = e.withoutSkipped()
	for id := range e.done {
		if e.skipped[id] == "" {
			e.applied[id] = true
		}
	}
	e.answers = answers.NewSet(e.schema)
	e.done, e.drafts, e.skipped = map[string]bool{}, map[string]string{}, map[string]string{}
	e.base, e.invalid, e.tested = map[string]string{}, map[string]bool{}, map[string]tested{}
	e.at = Place{Screen: AtHub}
	if err := e.removeSession(); err != nil {
		e.notices = append(e.notices, texts.SessionNotRemoved(err))
	}
}

// Applying is the apply under way, or nil.
func (e *Engine) Applying() *Applying {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.applying
}

// Last is the last apply of this Engine that has ended, or nil.
func (e *Engine) Last() *Applied {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// job is one apply with copies of all it needs.
type job struct {
	engine   *Engine
	review   *Review
	rows     []ReportRow
	checked  []CheckResult
	untested []CheckTitle // the operator went on without them
	verified []steps.Result
}

func (j *job) run(ctx context.Context, a *Applying) *Applied {
	e := j.engine
	o := e.options()
	o.Progress = a.progress
	o.Running = e.running
	o.ExpectPlan = j.review.Hash
	o.Verify = j.verify
	o.Report = func(r apply.Result) []byte { return j.report(r) }
	res, err := e.back.Apply(ctx, j.review.plan, o)
	out := &Applied{Result: res, Err: err, Review: j.review, Verified: j.verified}
	if err != nil {
		return out
	}
	_ = e.state.Write(unseenFile, []byte(res.Run+"\n")) // without it the next start does not tell of the run; "runs" does
	for _, w := range append(res.Warnings[:len(res.Warnings):len(res.Warnings)], j.warnings()...) {
		if !contains(out.Warnings, w) { // several checks may say the same
			out.Warnings = append(out.Warnings, w)
		}
	}
	out.Undo = texts.UndoCommand(e.home, res.Run)
	out.Next = texts.NextSteps(e.home, j.review.asksAtStart)
	return out
}

// VerifyError is a verification that failed after the swap: the run is rolled back.
type VerifyError struct{ Results []steps.Result }

func (v *VerifyError) Error() string {
	return fmt.Sprintf("%d values are not as intended after the change: %s", len(v.Results), v.Results[0].Message)
}

// verify judges the install as it is on disk now against the answers.
func (j *job) verify(ctx context.Context) error {
	in, err := j.engine.back.Open(ctx, j.engine.home, j.engine.cfg.Carbon)
	if err != nil {
		return err
	}
	return j.judge(ctx, in)
}

func (j *job) judge(ctx context.Context, in *carbon.Install) error {
	j.verified = j.engine.toldResults(j.engine.back.Verify(ctx, in, j.review.known, j.review.except...))
	var failed []steps.Result
	for _, r := range j.verified {
		if r.Status == steps.Fail {
			failed = append(failed, r)
		}
	}
	if len(failed) > 0 {
		return &VerifyError{Results: failed}
	}
	return nil
}

// warnings are what the verification and the checks leave to look at.
func (j *job) warnings() []string {
	var all []string
	for _, r := range j.verified {
		if r.Status == steps.Warn || r.Status == steps.Unknown {
			all = append(all, r.Message)
		}
	}
	for _, c := range j.checked {
		if c.Result.Status != steps.OK {
			all = append(all, c.Result.Message)
		}
	}
	if n := len(j.untested); n > 0 {
		all = append(all, texts.AppliedUntested(n))
	}
	return all
}
