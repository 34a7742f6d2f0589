package plain

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

var (
	verbHelpNumber = verb{key: keyHelp, number: true, what: texts.PlainWhyOne}
	verbBack       = verb{key: keyBack, what: texts.PlainBackKey}
	verbSkip       = verb{key: keySkip, what: texts.PlainSkipKey}
	verbHelp       = verb{key: keyHelp, what: texts.PlainHelpKey}
	verbFindings   = verb{key: keyFindings, what: texts.PlainFindingsKey}
)

// hub lists all guidelines, to be taken in any order.
func (t *talk) hub(ctx context.Context) (flow.Place, error) {
	t.notices()
	t.hubRows()
	for {
		next := t.eng.Next("")
		enter, def := "r", texts.HubReview
		if next.Screen == flow.AtStep {
			row, _ := t.eng.Row(next.Step)
			enter, def = strconv.Itoa(row.Guideline), row.Title
		}
		c, err := t.command(ctx, prompt{texts.PlainHubPrompt, enter + ", " + def}, nil, []verb{
			{what: texts.PlainTakes + enter + ", " + def},
			{key: number, what: texts.PlainOpenOne},
			{key: "r", what: texts.HubReview},
			{key: keySkip, number: true, what: texts.PlainSkipOne},
			verbHelpNumber,
			{key: "f", what: texts.PlainRefresh},
			{key: keyBack},
		})
		if err != nil {
			return flow.Place{}, err
		}
		place, moved, err := t.hubDo(ctx, c, next)
		if moved || err != nil {
			return place, err
		}
	}
}

// hubDo carries out a command of the hub. moved is false when the hub asks again.
func (t *talk) hubDo(ctx context.Context, c command, next flow.Place) (p flow.Place, moved bool, err error) {
	switch c.key {
	case "":
		return next, true, nil
	case keyBack:
		return p, false, t.refuse(texts.PlainFirst)
	case "r":
		return flow.Place{Screen: flow.AtReview}, true, nil
	case "f":
		err := t.work(ctx, t.eng.Refresh)
		if ctx.Err() != nil {
			return p, false, errInterrupted
		}
		if err != nil {
			return p, false, t.refuse(texts.Failed(err))
		}
		t.out.say(texts.HubRefreshed)
		return flow.Place{Screen: flow.AtHub}, true, nil
	}
	row, ok, err := t.rowOf(c)
	if !ok || err != nil {
		return p, false, err
	}
	switch {
	case c.key == keyHelp:
		t.why(row)
	case !row.Openable():
		t.notOpenable(row)
	case c.key == keySkip:
		moved, err := t.skipOrTakeBack(ctx, row, "")
		return flow.Place{Screen: flow.AtHub}, moved, err
	default:
		return flow.Place{Screen: flow.AtStep, Step: row.ID}, true, nil
	}
	return p, false, nil
}

// rowOf is the guideline that a command names by number. ok is false when there is none, and that has been said.
func (t *talk) rowOf(c command) (row flow.Row, ok bool, err error) {
	rows := t.eng.Rows()
	for _, r := range rows {
		if r.Guideline == c.n {
			return r, true, nil
		}
	}
	if c.n == 0 {
		if c.key == keyHelp {
			return row, false, nil
		}
		return row, false, t.refuse(texts.PlainNoNumber(c.key))
	}
	return row, false, t.refuse(texts.PlainNotBetween(c.n, rows[0].Guideline, rows[len(rows)-1].Guideline))
}

// lookAround is the hub for somebody who may only look.
func (t *talk) lookAround(ctx context.Context) error {
	t.look = true
	defer func() { t.look = false }()
	t.hubRows()
	for {
		c, err := t.command(ctx, prompt{says: texts.PlainLookPrompt}, nil, []verb{{key: number, what: texts.PlainLookAtOne}, verbHelpNumber, verbBack})
		if err != nil || c.key == keyBack {
			return err
		}
		row, ok, err := t.rowOf(c)
		if err != nil {
			return err
		}
		if ok {
			t.why(row)
		}
	}
}

func (t *talk) hubRows() {
	settled, total := t.eng.Progress()
	t.heading(texts.HubTitle + ": " + texts.HubCount(settled, total))
	for _, r := range t.eng.Rows() {
		t.out.item(fmt.Sprintf("%3d  ", r.Guideline), r.Title+": "+state(r))
	}
	if !t.look {
		t.out.line("  r  " + texts.HubReview)
	}
}

// state tells in words where a guideline is.
func state(r flow.Row) string {
	switch r.Mark {
	case flow.MarkOpen, flow.MarkUnknown, flow.MarkNone:
		if r.Summary != "" {
			return string(r.Mark) + ". " + r.Summary
		}
		return string(r.Mark)
	case flow.MarkDraft:
		if r.Invalid {
			return r.Summary + "; " + texts.PlainDraftRefused
		}
	case flow.MarkAnswered, flow.MarkApplied, flow.MarkAgain, flow.MarkCheck, flow.MarkSkipped, flow.MarkMet, flow.MarkNotBuilt:
	}
	return r.Summary
}

// notOpenable says why a guideline has no questions, and explains it.
func (t *talk) notOpenable(r flow.Row) {
	if r.Mark == flow.MarkNotBuilt {
		t.out.say(texts.PlainNotBuilt(r.Guideline))
	} else {
		t.out.say(texts.NotOpenable)
	}
	t.why(r)
}

// why explains a guideline and says what the audit found.
func (t *talk) why(r flow.Row) {
	t.reason(r)
	t.out.blank()
	t.findings(r)
}

// reason explains a guideline.
func (t *talk) reason(r flow.Row) {
	t.heading(fmt.Sprintf("%s: %d %s", texts.WhyTitle, r.Guideline, r.Title))
	t.out.prose(r.Why)
}

// findings says what the audit found.
func (t *talk) findings(r flow.Row) {
	if len(r.Findings) == 0 {
		t.out.say(texts.WhyNoFindings)
		return
	}
	t.out.line(texts.WhyFindings + ":")
	for _, f := range r.Findings {
		t.result(f)
	}
}

// result tells one thing that was looked at.
func (t *talk) result(r steps.Result) {
	head := "[" + string(r.Status) + "] "
	t.out.item(head, placed(r))
	for _, more := range []string{r.Why, r.Fix} {
		if more != "" {
			t.out.item(strings.Repeat(" ", len(head)), more)
		}
	}
}

// placed is a result's message with the place that it is about.
func placed(r steps.Result) string {
	place := r.Place.String()
	if place == "" || strings.Contains(r.Message, place) {
		return r.Message
	}
	return place + ": " + r.Message
}

// skipOrTakeBack leaves a guideline out, with a reason, or takes it back in. done is false when the operator went back.
func (t *talk) skipOrTakeBack(ctx context.Context, row flow.Row, reason string) (done bool, err error) {
	if _, skipped := t.eng.Skipped(row.ID); skipped {
		t.saved(t.eng.Unskip(ctx, row.ID))
		t.out.say(texts.TakenBackNotice(row.Guideline, row.Title))
		return true, nil
	}
	if reason == "" {
		reason = texts.NoReason
	}
	t.out.say(texts.SkipQuestion(row.Guideline, row.Title))
	a, err := t.text(ctx, texts.SkipLabel, reason, []verb{verbBack}, func() { t.out.prose(row.Why) })
	if err != nil || a.key == keyBack {
		return false, err
	}
	t.saved(t.eng.Skip(ctx, row.ID, a.text))
	t.out.say(texts.SkippedNotice(row.Guideline, row.Title))
	return true, nil
}

// saved says when a session could not be written.
func (t *talk) saved(err error) {
	if err != nil {
		t.out.say(texts.SessionNotSaved(err))
	}
}
