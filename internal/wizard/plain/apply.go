package plain

import (
	"context"
	"errors"
	"strings"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// apply runs the checks, has the operator type the word, applies, and tells how it ended. Nothing else writes.
func (v *review) apply(ctx context.Context) (p flow.Place, next turn, err error) {
	switch {
	case v.t.eng.Facts().DryRun:
		return p, stay, v.t.refuse(texts.DryRunApply)
	case len(v.plan.Blocked) > 0:
		v.t.list(v.plan.Blocked[1:])
		return p, stay, v.t.refuse(v.plan.Blocked[0])
	}
	if len(v.plan.Checks) > 0 && !v.checked {
		v.t.out.say(texts.PlainChecksFirst)
		if err := v.check(ctx); err != nil {
			return p, stay, err
		}
	}
	yes, err := v.confirm(ctx)
	if err != nil || !yes {
		return p, stay, err
	}
	run, err := v.t.eng.Apply(v.plan.Hash)
	if err != nil {
		v.t.out.say(texts.ApplyStale)
		return p, replan, nil
	}
	return v.t.ended(ctx, v.t.progress(ctx, run))
}

// confirm asks for the word. The host and the path stand right before it.
func (v *review) confirm(ctx context.Context) (bool, error) {
	f := v.t.eng.Facts()
	v.t.heading(texts.ApplyTitle)
	v.t.out.say(texts.ApplyBackup)
	if n := len(v.t.eng.Untested()); n > 0 {
		v.t.out.say(texts.ApplyUntested(n))
	}
	v.problems(steps.Warning)
	v.t.out.blank()
	v.t.out.say(texts.PlainApplyNo)
	for {
		v.t.out.line(texts.ApplyWhere(len(v.plan.Files), f.Host, f.Home) + ".")
		text, err := v.t.line(ctx, prompt{says: strings.TrimRight(texts.ApplyPrompt, ": ")})
		switch {
		case err != nil:
			return false, err
		case text == texts.ApplyWord:
			return true, nil
		case text == keyLeave:
			return false, errLeft
		case text == keyBack:
			return false, nil
		case text == keyHelp:
			v.t.out.say(texts.PlainApplyAgain)
			continue
		}
		return false, v.t.refuse(texts.ApplyMistyped)
	}
}

// progress tells the stages of an apply as they begin, and waits for its end: nothing cuts it off.
func (t *talk) progress(ctx context.Context, run *flow.Applying) *flow.Applied {
	t.heading(texts.ApplyGoing)
	t.out.say(texts.ApplyLost)
	var now flow.Progress
	seen, waited, told := 0, 0, false
	for {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.still)
		p, version, ok := run.Next(wait, seen)
		late := wait.Err() != nil
		cancel()
		if ctx.Err() != nil && !told {
			t.out.say(texts.PlainApplyInterrupt)
			told = true
		}
		switch {
		case ok:
			for _, stage := range p.Log[len(now.Log):] {
				t.out.line(texts.PlainStage(texts.StageName(string(stage.Stage))))
			}
			now, seen, waited = p, version, 0
		case late:
			waited += int(t.still.Seconds())
			t.out.line(texts.PlainStillOn(stageAt(now), waited))
		default:
			return run.Wait(context.WithoutCancel(ctx))
		}
	}
}

// stageAt tells how far an apply is; of an action, in its own words.
func stageAt(p flow.Progress) string {
	at := texts.PlainStageAt(texts.StageName(string(p.Stage)), p.Done, p.Total)
	if p.Stage == apply.StageActions && p.Path != "" {
		at += ", " + p.Path
	}
	return at
}

// ended tells how an apply ended and asks where to go on.
func (t *talk) ended(ctx context.Context, a *flow.Applied) (p flow.Place, next turn, err error) {
	t.heading(resultTitle(a.Err))
	if a.Err != nil {
		t.failed(a)
	} else {
		t.applied(a)
	}
	hub := flow.Place{Screen: flow.AtHub}
	if t.out.err != nil {
		return hub, leave, errGone // nobody has seen it: the next start tells
	}
	if err := t.eng.Seen(context.WithoutCancel(ctx)); err != nil {
		t.out.say(texts.Failed(err))
	}
	if err := t.work(ctx, t.eng.Refresh); err != nil {
		if errors.Is(err, errInterrupted) {
			return hub, leave, err
		}
		t.out.say(texts.Failed(err))
	}
	t.out.blank()
	asks, verbs := texts.PlainResultPrompt, []verb{{what: texts.PlainToList}, {key: keyBack, what: texts.PlainToList}}
	if a.Err != nil {
		asks = texts.PlainFailedPrompt
		verbs = append(verbs, verb{key: "r", what: texts.KeyReplan})
	}
	c, err := t.command(ctx, prompt{says: asks}, nil, verbs)
	if c.key == "r" {
		return p, replan, err
	}
	return hub, leave, err
}

func resultTitle(err error) string {
	var rolled *apply.RolledBackError
	var broken *apply.IncompleteError
	var stale *apply.StaleError
	switch {
	case err == nil:
		return texts.ResultApplied
	case errors.As(err, &broken):
		return texts.ResultBroken
	case errors.As(err, &rolled):
		return texts.ResultRolled
	case errors.As(err, &stale):
		return texts.ResultStale
	}
	return texts.ResultFailed
}

// named is a line that must stay in one piece, to be copied, after a word that says what it is.
func (t *talk) named(name, text string) { t.out.line(pad(name, 9) + " " + text) }

// para is running text after such a word.
func (t *talk) para(name, text string) { t.out.item(pad(name, 9)+" ", text) }

func (t *talk) applied(a *flow.Applied) {
	r := a.Result
	t.out.say(texts.ResultSum(r.Run, r.Files, r.Actions, r.Took))
	ok := 0
	for _, v := range a.Verified {
		if v.Status == steps.OK {
			ok++
		}
	}
	t.para(texts.ResultVerified, texts.VerifiedCount(ok, len(a.Verified)))
	for i, n := range a.Next {
		label := ""
		if i == 0 {
			label = texts.ResultNext
		}
		t.named(label, n.Text+":")
		t.named("", n.Command)
	}
	t.named(texts.ResultUndo, a.Undo)
	t.named(texts.ResultReport, r.Report)
	t.named(texts.ResultLog, r.Log)
	for _, w := range a.Warnings {
		t.para(texts.ResultWarnings, w)
	}
	t.advice(a.Review.Advice, func(s string) {
		t.out.blank()
		t.out.line(s + ":")
	}, false)
}

func (t *talk) failed(a *flow.Applied) {
	var pre *apply.PreflightError
	var rolled *apply.RolledBackError
	var broken *apply.IncompleteError
	var stale *apply.StaleError
	switch err := a.Err; {
	case errors.As(err, &broken):
		t.out.item("! ", texts.ResultHuman)
		t.files(broken.Files)
		t.files(broken.Actions)
		t.named(texts.ResultJournal, broken.Journal)
	case errors.As(err, &rolled):
		t.out.item("! ", texts.RolledBack(texts.Cause(rolled.Err)))
		t.named(texts.ResultLog, rolled.Log)
	case errors.As(err, &stale):
		t.out.item("! ", texts.ApplyStale)
		t.files(stale.Files)
	case errors.As(err, &pre):
		for _, p := range pre.Problems {
			t.out.item("! ", texts.PreflightProblem(p.Path, p.Message, p.Fix))
		}
		t.out.say(texts.ResultAgain)
	default:
		t.out.item("! ", texts.Failed(err))
		t.out.say(texts.ResultAgain)
	}
}
