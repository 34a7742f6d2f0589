package flow

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// CheckTitle names a check before it has run.
type CheckTitle struct {
	ID, Title string
	Guideline int
}

// CheckResult is one check that has run.
type CheckResult struct {
	CheckTitle
	Result steps.Result
	Took   time.Duration
}

// Checking is a set of checks under way. They run one after another in a goroutine that ends with the last one or with Cancel.
type Checking struct {
	Generation int // grows with every StartChecks: results of an older one are stale
	Titles     []CheckTitle
	Most       time.Duration // that all of them may take

	cancel  context.CancelFunc
	results chan CheckResult
}

// tested remembers the checks of a step and the values that they were run with.
type tested struct {
	at      time.Time
	values  Values
	results []CheckResult
}

// Next waits for the next result; ok is false when there is none to come, or ctx is done.
func (c *Checking) Next(ctx context.Context) (r CheckResult, ok bool) {
	select {
	case r, ok = <-c.results:
		return r, ok
	case <-ctx.Done():
		return r, false
	}
}

// Cancel stops the checks. It may be called more than once, and after the end.
func (c *Checking) Cancel() { c.cancel() }

// StartChecks begins the checks of one step with what is typed now. Values that cannot be read are treated as not given.
func (e *Engine) StartChecks(ctx context.Context, id string, v Values) (*Checking, error) {
	if err := e.await(ctx, awaitVerdict, v.Text); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.step(id)
	if !ok {
		return nil, fmt.Errorf("%s: %w", id, ErrNoStep)
	}
	set, _, _ := e.trial(s, v)
	checks := s.Checks(e.work, set)
	return e.start(ctx, checks, guidelines(checks, s.Info().Guideline), func(done []CheckResult, all bool) {
		if !all {
			return
		}
		e.tested[id] = tested{at: e.cfg.Now(), values: v.clone(), results: done}
	}), nil
}

// CheckAll begins the checks of everything that the last Review plans. The results enter the report.
func (e *Engine) CheckAll(ctx context.Context) *Checking {
	e.mu.Lock()
	defer e.mu.Unlock()
	var checks []steps.Check
	var rows []int
	r := e.review
	if r != nil {
		for _, s := range e.back.Steps() {
			info := s.Info()
			if info.NotBuilt || contains(r.except, info.ID) || !e.done[info.ID] {
				continue
			}
			more := s.Checks(e.work, r.answers)
			checks = append(checks, more...)
			rows = append(rows, guidelines(more, info.Guideline)...)
		}
	}
	return e.start(ctx, checks, rows, func(done []CheckResult, _ bool) {
		if r != nil {
			r.keep(done[len(done)-1])
		}
	})
}

// keep takes a result in, instead of that of an earlier round.
func (r *Review) keep(done CheckResult) {
	i := slices.IndexFunc(r.checked, func(c CheckResult) bool { return c.CheckTitle == done.CheckTitle })
	if i < 0 {
		r.checked = append(r.checked, done)
		return
	}
	r.checked[i] = done
}

// untested are the checks that have not run to their end.
func (r *Review) untested() []CheckTitle {
	return slices.DeleteFunc(slices.Clone(r.Checks), func(t CheckTitle) bool {
		return slices.ContainsFunc(r.checked, func(c CheckResult) bool { return c.CheckTitle == t })
	})
}

// Untested are the checks of the last Review that have not run to their end. Who applies all the same is told of them before, and so is the report.
func (e *Engine) Untested() []CheckTitle {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.review == nil {
		return nil
	}
	return e.review.untested()
}

func guidelines(checks []steps.Check, n int) []int {
	rows := make([]int, len(checks))
	for i := range rows {
		rows[i] = n
	}
	return rows
}

// start runs the checks in a goroutine. took is called with the lock held, before the last result of done is handed out; all says that none is to come.
func (e *Engine) start(ctx context.Context, checks []steps.Check, rows []int, took func(done []CheckResult, all bool)) *Checking {
	e.generation++
	ctx, cancel := context.WithCancel(ctx)
	c := &Checking{Generation: e.generation, cancel: cancel, results: make(chan CheckResult, len(checks))}
	limits := make([]time.Duration, len(checks))
	for i, k := range checks {
		c.Titles = append(c.Titles, CheckTitle{ID: k.ID, Title: k.Title, Guideline: rows[i]})
		limits[i] = cmp.Or(k.Timeout, e.cfg.CheckTimeout)
		c.Most += limits[i]
	}
	now := e.cfg.Now
	go func() {
		defer close(c.results)
		defer cancel()
		done := make([]CheckResult, 0, len(checks))
		for i, k := range checks {
			begun := now()
			res := CheckResult{CheckTitle: c.Titles[i], Result: e.toldResult(runCheck(ctx, k, limits[i]))}
			if ctx.Err() != nil {
				return
			}
			res.Took = now().Sub(begun)
			done = append(done, res)
			e.mu.Lock()
			took(done, len(done) == len(checks))
			e.mu.Unlock()
			c.results <- res
		}
	}()
	return c
}

// runCheck gives a check its time. A check that does not heed its context is left behind: its result no longer matters.
func runCheck(ctx context.Context, k steps.Check, timeout time.Duration) steps.Result {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	got := make(chan steps.Result, 1)
	go func() { got <- k.Run(ctx) }()
	select {
	case r := <-got:
		return r
	case <-ctx.Done():
		return steps.Result{ID: k.ID, Status: steps.Unknown, Severity: steps.Warning, Message: texts.CheckTimedOut(k.Title, timeout)}
	}
}

// Tested returns the last results of a step's checks. fresh is false when something was edited since.
func (e *Engine) Tested(id string, v Values) (results []CheckResult, at time.Time, fresh, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t, ok := e.tested[id]
	if !ok {
		return nil, time.Time{}, false, false
	}
	return t.results, t.at, t.values.equal(v), true
}

func (v Values) clone() Values {
	return Values{Text: maps.Clone(v.Text), Secret: maps.Clone(v.Secret)}
}

func (v Values) equal(o Values) bool {
	return maps.Equal(v.Text, o.Text) && maps.EqualFunc(v.Secret, o.Secret, func(a, b secret.Secret) bool { return a.Equal(b) })
}
