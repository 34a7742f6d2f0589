package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// ErrNoStep is the error for an id that has no step to open.
var ErrNoStep = errors.New("no such step in this version")

// Values is what was typed into a form: texts as they stand in the fields, secrets apart. A secret that is not set means: leave it as it is.
type Values struct {
	Text   map[string]string
	Secret map[string]secret.Secret
}

// Form is what a front end needs to ask the questions of a guideline.
type Form struct {
	Step     steps.Info
	Number   int // of the guideline
	Of       int
	Fields   []Question
	Findings []steps.Result // of the audit
	Draft    bool           // it begins with a draft
	Skipped  string         // the reason, when the guideline is skipped now
	Changed  []Changed      // what the accepted answers rest on and is no longer so: they are to be looked at again
	Checks   bool           // StartChecks has something to do with the values that the form begins with; HasChecks with those typed since
}

// Question is a field with what it begins with.
type Question struct {
	steps.Field
	Value     string // draft, accepted answer or default; "" for a secret
	Draft     bool   // Value is a draft
	HaveKept  bool   // a secret is held already: leaving the field empty keeps it
	About     string // what Value turns out to be, sentences; "" = nothing to say
	TypeAgain bool   // the secret was given before the session was interrupted and has to be typed again
	// Judge judges the text as typed: its kind, then the step's own rule. nil result = good.
	Judge func(text string) *steps.Problem
	// JudgeSecret does it for a secret.
	JudgeSecret func(s secret.Secret) *steps.Problem
}

// NowText is the present value for people, with its place: "localhost, from repository/conf/carbon.xml:47".
func (q Question) NowText() string {
	return texts.Now(q.labelOf(q.Now.Text), q.Now.Place.String(), q.Now.Note)
}

// labelOf is the label of a value that is a choice.
func (q Question) labelOf(value string) string {
	for _, o := range q.Choices() {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// Form returns the questions of a guideline, given what is answered so far.
func (e *Engine) Form(ctx context.Context, id string) (Form, error) {
	if err := e.awaitStep(ctx, id); err != nil {
		return Form{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.step(id)
	if !ok || s.Info().NotBuilt {
		return Form{}, fmt.Errorf("%s: %w", id, ErrNoStep)
	}
	// The drafts decide which questions are asked, as they did when they were typed.
	trial := e.answers.Clone()
	e.putDrafts(s, trial)
	fields := s.Fields(e.work, trial)
	f := Form{
		Step: s.Info(), Number: s.Info().Guideline, Of: len(e.back.Steps()),
		Findings: e.row(s).Findings, Skipped: e.skipped[id], Changed: e.changed(s),
	}
	for _, field := range fields {
		q := e.question(field)
		f.Draft = f.Draft || q.Draft
		f.Fields = append(f.Fields, q)
	}
	f.Checks = e.hasChecks(s, f.Fields)
	e.tell(s, trial, f.Fields)
	return f, nil
}

// tell has the step say what the answers turn out to be.
func (e *Engine) tell(s steps.Step, set *answers.Set, questions []Question) {
	t, ok := s.(steps.Teller)
	if !ok {
		return
	}
	about := t.Tell(e.work, set)
	for i := range questions {
		questions[i].About = about[questions[i].Key]
	}
}

// HasChecks reports whether StartChecks has something to do with what is typed now: a directory can be tested, a database that is kept cannot.
func (e *Engine) HasChecks(ctx context.Context, id string, v Values) (bool, error) {
	if err := e.await(ctx, awaitVerdict, v.Text); err != nil {
		return false, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.step(id)
	if !ok {
		return false, fmt.Errorf("%s: %w", id, ErrNoStep)
	}
	set, _, _ := e.trial(s, v)
	return len(s.Checks(e.work, set)) > 0, nil
}

// hasChecks reports whether the values that the form begins with can be checked.
func (e *Engine) hasChecks(s steps.Step, fields []Question) bool {
	v := Values{Text: map[string]string{}}
	for _, q := range fields {
		if q.Kind != answers.Secret {
			v.Text[q.Key] = q.Value
		}
	}
	set, _, _ := e.trial(s, v)
	return len(s.Checks(e.work, set)) > 0
}

// Refields returns the questions given what is typed now: some appear or go when another answer changes. The values of the questions are those typed.
func (e *Engine) Refields(ctx context.Context, id string, v Values) ([]Question, error) {
	if err := e.await(ctx, awaitVerdict, v.Text); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.step(id)
	if !ok {
		return nil, fmt.Errorf("%s: %w", id, ErrNoStep)
	}
	set, fields, _ := e.trial(s, v)
	qs := make([]Question, 0, len(fields))
	for _, f := range fields {
		q := e.question(f)
		if text, ok := v.Text[f.Key]; ok {
			q.Value = text
		}
		qs = append(qs, q)
	}
	e.tell(s, set, qs)
	return qs, nil
}

// Verdict is what became of a form.
type Verdict struct {
	OK        bool            // accepted and saved
	Confirm   bool            // only warnings stand in the way: show them, ask, and Accept again as confirmed
	Problems  []steps.Problem // errors first
	Generated []Generated     // secrets that were made because the field was left empty: show them once
	Next      Place           // where the walk goes on, when OK
	NotSaved  string          // why the session could not be saved, a sentence; "" = it was, or need not be
}

// Generated is a secret that the program made.
type Generated struct {
	Key, Label string
	Secret     secret.Secret
}

// Accept judges what was typed and, when nothing stands against it, makes it the answers of the guideline and saves the session.
// Refused values are kept as drafts.
func (e *Engine) Accept(ctx context.Context, id string, v Values, confirmed bool) (Verdict, error) {
	if err := e.await(ctx, awaitVerdict, v.Text); err != nil {
		return Verdict{}, err
	}
	verdict, err := e.accept(id, v, confirmed)
	if err != nil || !verdict.OK {
		return verdict, err
	}
	if err := e.Save(ctx, false); err != nil {
		verdict.NotSaved = texts.SessionNotSaved(err)
	}
	verdict.Next = e.Next(id)
	return verdict, nil
}

func (e *Engine) accept(id string, v Values, confirmed bool) (Verdict, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.step(id)
	if !ok || s.Info().NotBuilt {
		return Verdict{}, fmt.Errorf("%s: %w", id, ErrNoStep)
	}
	set, fields, problems := e.trial(s, v)
	made := e.generate(set, fields)
	problems = append(problems, e.judge(s, set, problems)...)
	problems = append(problems, secretBlanks(fields, v)...)
	sortProblems(problems)
	verdict := Verdict{Problems: e.toldProblems(problems), Generated: made}
	worst := worstOf(problems)
	if worst == steps.Error || (worst == steps.Warning && !confirmed) {
		verdict.Confirm = worst != steps.Error
		verdict.Generated = nil
		e.keepDrafts(s, v)
		e.invalid[id] = worst == steps.Error
		return verdict, nil
	}
	e.answers = set
	e.done[id] = true
	delete(e.skipped, id)
	e.ground(s)
	e.dropDrafts(s)
	e.review = nil
	verdict.OK = true
	return verdict, nil
}

// Leave is called on going back. It refuses nothing: what was typed is kept as a draft, marked when it could not be accepted. Secrets are dropped.
func (e *Engine) Leave(ctx context.Context, id string, v Values) error {
	_ = e.await(ctx, awaitLeave, v.Text) // what was typed is kept all the same
	e.mu.Lock()
	s, ok := e.step(id)
	if !ok {
		e.mu.Unlock()
		return fmt.Errorf("%s: %w", id, ErrNoStep)
	}
	e.keepDrafts(s, v)
	set, _, problems := e.trial(s, v)
	problems = append(problems, e.judge(s, set, problems)...)
	e.invalid[id] = worstOf(problems) == steps.Error
	e.mu.Unlock()
	return e.Save(ctx, false)
}

// SetDraft remembers what stands in a field; the next Save writes it. Texts of secret fields are ignored.
func (e *Engine) SetDraft(key, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.setDraft(key, text)
}

func (e *Engine) setDraft(key, text string) {
	spec, ok := e.schema.Lookup(key)
	if !ok || spec.Kind == answers.Secret {
		return
	}
	if base, known := e.base[key]; known && base == text {
		delete(e.drafts, key)
		return
	}
	e.drafts[key] = text
}

func (e *Engine) keepDrafts(s steps.Step, v Values) {
	for key, text := range v.Text {
		if ownKey(s, key) {
			e.setDraft(key, text)
		}
	}
}

func (e *Engine) dropDrafts(s steps.Step) {
	for key := range e.drafts {
		if ownKey(s, key) {
			delete(e.drafts, key)
		}
	}
	for key := range e.base {
		if ownKey(s, key) {
			delete(e.base, key)
		}
	}
	delete(e.invalid, s.Info().ID)
}

func (e *Engine) hasDraft(s steps.Step) bool {
	for key := range e.drafts {
		if ownKey(s, key) {
			return true
		}
	}
	return false
}

// ownKey reports whether a key stands in one of the step's sections. Two steps may share one.
func ownKey(s steps.Step, key string) bool {
	section, _, _ := strings.Cut(key, ".")
	return slices.Contains(s.Info().Sections(), section)
}

// question gives a field what it begins with, and guards its judges: they read the Workspace, which is not safe for concurrent use.
func (e *Engine) question(f steps.Field) Question {
	f = e.toldField(f)
	q := Question{Field: f}
	if f.Kind == answers.Secret {
		v, ok := e.answers.Lookup(f.Key)
		q.HaveKept = ok && v.Secret.IsSet()
		q.TypeAgain = ok && !v.Secret.IsSet()
		q.JudgeSecret = func(s secret.Secret) *steps.Problem {
			e.mu.Lock()
			defer e.mu.Unlock()
			return e.toldProblem(judgeSecret(f, s))
		}
		return q
	}
	q.Value = f.Default
	if v, ok := e.answers.Lookup(f.Key); ok {
		q.Value = textOf(f.Kind, v)
	}
	e.base[f.Key] = q.Value
	if d, ok := e.drafts[f.Key]; ok {
		q.Value, q.Draft = d, true
	}
	q.Judge = func(text string) *steps.Problem {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.toldProblem(judgeText(f, text))
	}
	return q
}

// missingSecrets are the secrets of a step that an answer names but nobody has given in this session.
func (e *Engine) missingSecrets(s steps.Step) []string {
	var missing []string
	for _, f := range s.Fields(e.work, e.answers) {
		if f.Kind != answers.Secret {
			continue
		}
		if v, ok := e.answers.Lookup(f.Key); ok && !v.Secret.IsSet() {
			missing = append(missing, f.Key)
		}
	}
	return missing
}

// missingAnswer is the label of the first question of a step that has to be answered today and is not in its accepted answers: those of a session may
// be from before. "" = none.
func (e *Engine) missingAnswer(s steps.Step) string {
	for _, f := range s.Fields(e.work, e.answers) {
		if _, ok := e.answers.Lookup(f.Key); f.Required && !ok {
			return f.Label
		}
	}
	return ""
}
