package flow

import (
	"context"
	"sort"
	"strings"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// Screen is a kind of place.
type Screen string

// The screens that a session remembers.
const (
	AtHub    Screen = "hub"
	AtStep   Screen = "step"
	AtReview Screen = "review"
)

// Place is where the operator is.
type Place struct {
	Screen Screen
	Step   string // of AtStep
}

// Enter records where the operator is, so that a session cut off now resumes there. The error is one of writing the session.
func (e *Engine) Enter(ctx context.Context, p Place) error {
	e.mu.Lock()
	same := e.at == p
	e.at = p
	e.mu.Unlock()
	if same {
		return nil
	}
	return e.Save(ctx, false)
}

// At is the place of the last Enter or Resume.
func (e *Engine) At() Place {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at.Screen == "" {
		return Place{Screen: AtHub}
	}
	return e.at
}

// Next is where the walk goes on after a step: the next guideline that still needs an answer, round to the first ones, or the review when none
// does. after "" starts at the top.
func (e *Engine) Next(after string) Place {
	rows := e.Rows()
	start := 0
	for i, r := range rows {
		if r.ID == after {
			start = i + 1
		}
	}
	for i := range rows {
		if r := rows[(start+i)%len(rows)]; r.ID != after && r.Todo() {
			return Place{Screen: AtStep, Step: r.ID}
		}
	}
	return Place{Screen: AtReview}
}

// Mark is the state of a guideline as the hub shows it: what the audit says, overlaid with what was decided in this session.
type Mark string

// The marks.
const (
	MarkAnswered Mark = "answered"       // accepted; part of the plan
	MarkApplied  Mark = "applied"        // accepted, and applied by a run of this session
	MarkAgain    Mark = "again"          // accepted, but its secrets must be typed again
	MarkCheck    Mark = "check again"    // accepted or applied, but something that the answers rest on has changed since
	MarkDraft    Mark = "draft"          // something was typed and not accepted
	MarkSkipped  Mark = "skipped"        // with a reason
	MarkMet      Mark = "met"            // already as recommended
	MarkOpen     Mark = "open"           // the audit has findings
	MarkUnknown  Mark = "cannot tell"    // the audit could not look
	MarkNone     Mark = "not applicable" // the install has nothing of the kind
	MarkNotBuilt Mark = "not built"      // this version has no step for it
)

// Row is one guideline in the hub.
type Row struct {
	Guideline int
	ID, Title string
	Why       string // the guideline's text
	Mark      Mark
	Invalid   bool      // MarkDraft: the draft cannot be accepted as it is
	Summary   string    // a few words after the title: the finding, the reason, what was answered
	Place     string    // file:line of the first finding, may be ""
	Changed   []Changed // of MarkCheck
	State     steps.State
	Findings  []steps.Result // of the audit, worst first; those with status ok at the end
}

// Openable reports whether the guideline has a step to open.
func (r Row) Openable() bool { return r.Mark != MarkNotBuilt && r.Mark != MarkNone }

// Todo reports whether the walk stops at the guideline.
func (r Row) Todo() bool {
	switch r.Mark {
	case MarkOpen, MarkAgain, MarkCheck, MarkDraft, MarkUnknown:
		return true
	case MarkAnswered, MarkApplied, MarkSkipped, MarkMet, MarkNone, MarkNotBuilt:
	}
	return false
}

// Settled reports whether nothing is left to decide: done, met, skipped or not applicable.
func (r Row) Settled() bool { return !r.Todo() && r.Mark != MarkNotBuilt }

// Rows are all guidelines in order.
func (e *Engine) Rows() []Row {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.back.Steps()
	rows := make([]Row, 0, len(all))
	for _, s := range all {
		rows = append(rows, e.row(s))
	}
	return rows
}

// Row is the row of one guideline.
func (e *Engine) Row(id string) (Row, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.step(id)
	if !ok {
		return Row{}, false
	}
	return e.row(s), true
}

func (e *Engine) row(s steps.Step) Row {
	info := s.Info()
	r := Row{Guideline: info.Guideline, ID: info.ID, Title: info.Title, Why: info.Why, State: e.states[info.ID]}
	for _, res := range e.results {
		if res.Guideline == info.Guideline {
			r.Findings = append(r.Findings, e.toldResult(res))
		}
	}
	sort.SliceStable(r.Findings, func(i, j int) bool { return weight(r.Findings[i].Status) > weight(r.Findings[j].Status) })
	r.Mark, r.Summary = e.mark(s, r)
	if len(r.Findings) > 0 && r.Findings[0].Status != steps.OK {
		r.Place = r.Findings[0].Place.String()
	}
	if r.Mark == MarkCheck {
		r.Changed = e.changed(s)
	}
	r.Invalid = r.Mark == MarkDraft && e.invalid[info.ID]
	return r
}

func weight(s steps.Status) int {
	switch s {
	case steps.Fail:
		return 3
	case steps.Warn:
		return 2
	case steps.Unknown:
		return 1
	case steps.OK:
	}
	return 0
}

// mark lays what was decided in this session over what the audit says.
func (e *Engine) mark(s steps.Step, r Row) (Mark, string) {
	id := r.ID
	switch reason, skipped := e.skipped[id]; {
	case r.State == steps.NotBuiltYet:
		return MarkNotBuilt, texts.NotInThisVersion
	case r.State == steps.NotApplicable:
		return MarkNone, e.told(e.applies[id])
	case skipped:
		return MarkSkipped, texts.SkippedBecause(reason)
	case e.hasDraft(s):
		return MarkDraft, texts.DraftKept
	case e.done[id] && len(e.missingSecrets(s)) > 0:
		return MarkAgain, texts.SecretAgain
	case e.done[id] && e.missingAnswer(s) != "":
		return MarkAgain, texts.Missing(e.missingAnswer(s))
	case len(e.changed(s)) > 0:
		return MarkCheck, texts.CheckAgain(changedLabels(e.changed(s)))
	case e.done[id]:
		return MarkAnswered, texts.Answered
	}
	first := ""
	if len(r.Findings) > 0 {
		first = firstSentence(r.Findings[0].Message)
	}
	switch {
	case e.applied[id] && r.State == steps.Met:
		return MarkApplied, texts.AppliedNow
	case e.applied[id]:
		return MarkApplied, texts.AppliedStill(first)
	}
	switch r.State {
	case steps.Met:
		return MarkMet, texts.AlreadySo
	case steps.CannotTell:
		return MarkUnknown, first
	case steps.Open, steps.NotApplicable, steps.NotBuiltYet:
	}
	return MarkOpen, first
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i > 0 {
		return s[:i+1]
	}
	return s
}

// Progress counts the guidelines that are settled, and all that this version has a step for.
func (e *Engine) Progress() (settled, total int) {
	for _, r := range e.Rows() {
		if r.Mark == MarkNotBuilt {
			continue
		}
		total++
		if r.Settled() {
			settled++
		}
	}
	return settled, total
}

// Skip leaves a guideline out, with the reason the operator gives; the reason goes into the report. What was answered is kept for Unskip.
func (e *Engine) Skip(ctx context.Context, id, reason string) error {
	reason = strings.Join(strings.Fields(reason), " ")
	if reason == "" {
		reason = texts.NoReason
	}
	e.mu.Lock()
	e.skipped[id] = reason
	e.review = nil
	e.mu.Unlock()
	return e.Save(ctx, false)
}

// Unskip takes a guideline back in.
func (e *Engine) Unskip(ctx context.Context, id string) error {
	e.mu.Lock()
	delete(e.skipped, id)
	e.review = nil
	e.mu.Unlock()
	return e.Save(ctx, false)
}

// Skipped returns the reason why a guideline is left out.
func (e *Engine) Skipped(id string) (reason string, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	reason, ok = e.skipped[id]
	return reason, ok
}
