package plain

import (
	"context"
	"time"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// checks runs checks and tells each as it passes. An interrupt stops them, and so does a line at a terminal: it answers nothing else.
func (t *talk) checks(ctx context.Context, start func(context.Context) (*flow.Checking, error)) error {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := start(run)
	if err != nil {
		return t.refuse(texts.Failed(err))
	}
	defer c.Cancel()
	t.out.blank()
	if len(c.Titles) == 0 {
		t.out.say(texts.ChecksNone)
		return nil
	}
	t.out.say(texts.PlainChecksRun(len(c.Titles), int(c.Most.Seconds()), t.tty.is()))
	t.stop.set(cancel)
	done, err := t.follow(run, c)
	t.stop.set(nil)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	case done:
		t.out.say(texts.ChecksDone)
	default:
		t.out.say(texts.PlainChecksStopped)
	}
	return nil
}

// follow tells the results until all are there, which it reports, or the checks are stopped.
func (t *talk) follow(ctx context.Context, c *flow.Checking) (all bool, err error) {
	results := make(chan flow.CheckResult)
	go func() {
		defer close(results)
		for {
			r, ok := c.Next(ctx)
			if !ok {
				return
			}
			select {
			case results <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	var stop <-chan typed
	if t.tty.is() {
		stop = t.in.next()
	}
	begun, told := time.Now(), 0
	tick := time.NewTicker(t.still)
	defer tick.Stop()
	for {
		select {
		case r, ok := <-results:
			if !ok {
				return told == len(c.Titles), nil
			}
			t.checked(r)
			told++
		case line := <-stop:
			t.in.taken()
			return false, t.endOf(line.err)
		case <-tick.C:
			t.out.line(texts.PlainStillOn(c.Titles[min(told, len(c.Titles)-1)].Title, int(time.Since(begun).Seconds())))
		}
	}
}

// checked tells one check.
func (t *talk) checked(r flow.CheckResult) {
	res := r.Result
	if res.Message == "" {
		res.Message = r.Title
	}
	if res.Status == "" {
		res.Status = steps.Unknown
	}
	t.result(res)
}
