package plain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// review is a plan being looked at.
type review struct {
	t       *talk
	plan    *flow.Review
	checked bool // its checks have been run, or were stopped by the operator
}

// turn is where a command of the review leads.
type turn int

const (
	stay   turn = iota // ask for the next command
	replan             // plan again
	leave              // go elsewhere
)

// review plans, shows the plan, and asks what to do with it.
func (t *talk) review(ctx context.Context) (flow.Place, error) {
	hub := flow.Place{Screen: flow.AtHub}
	for {
		t.heading(texts.ReviewTitle)
		v := &review{t: t}
		err := t.work(ctx, func(ctx context.Context) error {
			var err error
			v.plan, err = t.eng.Review(ctx)
			return err
		})
		if errors.Is(err, errInterrupted) {
			return hub, err
		}
		if err != nil {
			return hub, t.refuse(texts.Failed(err))
		}
		v.show()
		p, again, err := v.ask(ctx)
		if err != nil || !again {
			return p, err
		}
	}
}

// ask takes commands until the review is left, or is to be planned again.
func (v *review) ask(ctx context.Context) (p flow.Place, again bool, err error) {
	for {
		c, err := v.t.command(ctx, prompt{says: texts.PlainReviewPrompt}, nil, v.verbs())
		if errors.Is(err, errLeft) && v.nothingToDo() {
			err = errNothing
		}
		if err != nil {
			return p, false, err
		}
		p, next, err := v.do(ctx, c)
		if err != nil || next != stay {
			return p, next == replan, err
		}
	}
}

// nothingToDo reports whether the review says so: every guideline is settled, and nothing would change.
func (v *review) nothingToDo() bool {
	return v.plan.Empty && !slices.ContainsFunc(v.t.eng.Rows(), flow.Row.Todo)
}

func (v *review) verbs() []verb {
	all := []verb{{key: "a", what: texts.KeyApply}}
	if len(v.plan.Files) > 0 {
		all = append(all, verb{key: "d", what: texts.PlainDiffAll}, verb{key: "d", number: true, what: texts.PlainDiffOne})
	}
	all = append(all, verb{key: number, what: texts.PlainOpenOne}, verb{key: keySkip, number: true, what: texts.PlainLeaveOutOne}, verbHelpNumber)
	if len(v.plan.Checks) > 0 {
		all = append(all, verb{key: "t", what: texts.KeyTest})
	}
	if v.t.eng.Facts().CanSave {
		all = append(all, verb{key: "w", what: texts.KeySave})
	}
	return append(all, verb{key: "r", what: texts.KeyReplan}, verb{key: keyBack, what: texts.PlainToList})
}

// do carries out a command.
func (v *review) do(ctx context.Context, c command) (p flow.Place, next turn, err error) {
	switch c.key {
	case keyBack:
		return flow.Place{Screen: flow.AtHub}, leave, nil
	case "r":
		return p, replan, nil
	case "a":
		return v.apply(ctx)
	case "d":
		return p, stay, v.diff(c.n)
	case "t":
		return p, stay, v.check(ctx)
	case "w":
		return p, stay, v.t.save(ctx)
	}
	row, ok, err := v.t.rowOf(c)
	if !ok || err != nil {
		return p, stay, err
	}
	switch {
	case c.key == keyHelp:
		v.t.why(row)
	case !row.Openable():
		v.t.notOpenable(row)
	case c.key == keySkip:
		done, err := v.t.skipOrTakeBack(ctx, row, texts.SkipDefault)
		if done && err == nil {
			return p, replan, nil
		}
		return p, stay, err
	default:
		return flow.Place{Screen: flow.AtStep, Step: row.ID}, leave, nil
	}
	return p, stay, nil
}

// diff shows the differences of a file by its number, or of all: the text that plan prints.
func (v *review) diff(n int) error {
	if n > len(v.plan.Files) {
		return v.t.refuse(texts.PlainNotBetween(n, 1, len(v.plan.Files)))
	}
	v.t.out.blank()
	for i, f := range v.plan.Files {
		if n == 0 || n == i+1 {
			v.t.out.raw(f.Unified())
		}
	}
	v.t.out.blank()
	return nil
}

func (v *review) check(ctx context.Context) error {
	v.checked = true
	return v.t.checks(ctx, func(ctx context.Context) (*flow.Checking, error) { return v.t.eng.CheckAll(ctx), nil })
}

// save writes the answers to a file.
func (t *talk) save(ctx context.Context) error {
	t.out.say(texts.SaveQuestion)
	a, err := t.text(ctx, texts.SaveLabel, texts.SaveDefault, []verb{verbBack}, func() {})
	if err != nil || a.key == keyBack {
		return err
	}
	if a.text == "" {
		return t.refuse(texts.PlainNoEmpty)
	}
	path, err := t.eng.SaveAnswers(ctx, a.text, false)
	if errors.Is(err, fs.ErrExist) {
		yes, sureErr := t.sure(ctx, texts.PlainReplaceSure)
		if sureErr != nil || !yes {
			return sureErr
		}
		path, err = t.eng.SaveAnswers(ctx, a.text, true)
	}
	if err != nil {
		return t.refuse(texts.NotSaved(path, err))
	}
	t.out.say(texts.Saved(path))
	return nil
}

// show tells the plan: what is in the way, the guidelines by what becomes of them, files, actions, warnings, checks, and what is left to do.
func (v *review) show() {
	v.blocked()
	v.rows()
	v.files()
	v.actions()
	v.problems(steps.Note)
	if len(v.plan.Checks) > 0 {
		v.part(texts.ReviewChecks)
		for _, c := range v.plan.Checks {
			v.t.out.item("- ", c.Title)
		}
	}
	v.t.advice(v.plan.Advice, v.part, v.plan.Empty)
	v.t.out.blank()
}

func (v *review) part(s string) {
	v.t.out.blank()
	v.t.out.line(s + ":")
}

func (v *review) blocked() {
	if len(v.plan.Blocked) == 0 && v.plan.Running == nil {
		return
	}
	v.part(texts.ReviewPreflight)
	v.t.list(v.plan.Blocked)
	if v.plan.Running != nil {
		v.t.list([]string{texts.ServerRuns(v.plan.Running.PID)})
	}
}

func (v *review) rows() {
	groups := []struct {
		head   string
		fates  []flow.Fate
		blocks bool // of those that cannot be planned: they stand in the way, or this version has no step for them
	}{
		{texts.ReviewCannot, []flow.Fate{flow.FateCannot}, true},
		{texts.ReviewChanges, []flow.Fate{flow.FateChange}, false},
		{texts.ReviewSkipped, []flow.Fate{flow.FateSkipped}, false},
		{texts.ReviewOpen, []flow.Fate{flow.FateOpen}, false},
		{texts.ReviewMet, []flow.Fate{flow.FateSame, flow.FateMet}, false},
		{texts.ReviewNotBuilt, []flow.Fate{flow.FateCannot}, false},
	}
	for _, g := range groups {
		first := true
		for _, row := range v.plan.Rows {
			if !slices.Contains(g.fates, row.Fate) || row.Blocks != g.blocks {
				continue
			}
			if first {
				v.part(g.head)
				first = false
			}
			v.t.out.item(fmt.Sprintf("%3d  ", row.Guideline), strings.TrimSuffix(row.Title+": "+row.Text, ": "))
		}
	}
	if v.plan.Empty {
		v.t.out.blank()
		v.t.out.line(texts.ReviewNothing)
	}
}

func (v *review) files() {
	if len(v.plan.Files) == 0 {
		return
	}
	added, removed := 0, 0
	for _, f := range v.plan.Files {
		added, removed = added+f.Added, removed+f.Removed
	}
	v.part(texts.ReviewFiles)
	v.t.out.line(texts.ReviewCount(len(v.plan.Files), added, removed, v.plan.Hash))
	for i, f := range v.plan.Files {
		v.t.out.line(texts.PlainFileLine(i+1, f.Path, texts.Op(string(f.Op)), f.Added, f.Removed, texts.GuidelineList(f.Guidelines)))
	}
}

func (v *review) actions() {
	if len(v.plan.Actions) == 0 {
		return
	}
	v.part(texts.ReviewActions)
	for _, a := range v.plan.Actions {
		text := a.Name + ": " + a.Detail
		if a.Undo == nil {
			text += " (" + texts.NoUndo + ")"
		}
		v.t.out.item("- ", text)
	}
}

// problems tells warnings, and notes when they are asked for.
func (v *review) problems(least steps.Severity) {
	first := true
	for _, p := range distinct(v.plan.Problems) {
		if p.Severity < least {
			continue
		}
		if first {
			v.part(texts.ReviewWarnings)
			first = false
		}
		v.t.problem(p)
	}
}

// advice tells what is left for the operator to do. Commands stand alone, to be copied; so do files where nothing is changed, for there is no run whose report
// has them.
func (t *talk) advice(all []steps.Advice, part func(string), inFull bool) {
	if len(all) == 0 {
		return
	}
	part(texts.ReviewAdvice)
	for _, a := range all {
		t.out.item(fmt.Sprintf("%3d  ", a.Guideline), a.Title)
		t.out.item("     ", a.Text)
		for _, cmd := range a.Commands {
			t.out.line("       " + cmd)
		}
		for _, f := range a.Attachments {
			if !inFull {
				t.out.item("       ", texts.InReport(f.Name))
				continue
			}
			t.out.item("       ", texts.InFull(f.Name))
			for line := range strings.Lines(f.Content) {
				t.out.line("       " + strings.TrimRight(line, "\r\n"))
			}
		}
	}
}
