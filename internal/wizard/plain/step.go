package plain

import (
	"context"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// step is one guideline being asked. Its questions come in order; each answer may make others appear or go.
type step struct {
	t        *talk
	id       string
	form     flow.Form
	fields   []flow.Question
	text     map[string]string // answers that can be used
	draft    map[string]string // the last text for a question that could not be
	secrets  map[string]secret.Secret
	answered map[string]bool // in this visit
	target   string          // key of the question to ask next, "" = the first that is not answered
}

// step asks the questions of a guideline. back is where b before the first question goes.
func (t *talk) step(ctx context.Context, id string, back flow.Place) (flow.Place, error) {
	hub := flow.Place{Screen: flow.AtHub}
	f, err := t.eng.Form(ctx, id)
	if err != nil {
		t.out.item("! ", texts.Failed(err))
		return hub, nil
	}
	s := &step{
		t: t, id: id, form: f, fields: f.Fields, text: map[string]string{}, draft: map[string]string{},
		secrets: map[string]secret.Secret{}, answered: map[string]bool{},
	}
	s.head()
	for {
		i := s.next()
		var key string
		if i >= 0 {
			key, err = s.question(ctx, i)
		} else {
			var p flow.Place
			var done bool
			if p, done, key, err = s.end(ctx); done {
				return p, err
			}
		}
		switch {
		case err != nil:
			return hub, err
		case key == keySkip:
			row, _ := t.eng.Row(id)
			skipped, err := s.skip(ctx, row)
			if skipped || err != nil {
				return t.eng.Next(id), err
			}
			s.aim(i)
		case key == keyBack && !s.back(i):
			t.saved(t.eng.Leave(ctx, id, s.values(true)))
			return back, nil
		case i >= 0 && key == "":
			if err := s.refields(ctx); err != nil {
				t.out.item("! ", texts.Failed(err))
			}
		}
	}
}

// head says which guideline this is and what the audit found.
func (s *step) head() {
	s.t.heading(texts.StepTitle(s.form.Number, s.form.Of, s.form.Step.Title))
	found := 0
	for _, r := range s.form.Findings {
		if r.Status == steps.OK {
			continue
		}
		if found++; found == 1 {
			s.t.out.say(placed(r))
		}
	}
	switch {
	case found == 0:
		first, _, _ := strings.Cut(s.form.Step.Why, "\n\n")
		s.t.out.prose(first)
	case found > 1:
		s.t.out.say(texts.PlainMoreFindings(found - 1))
	}
	if s.form.Skipped != "" {
		s.t.out.say(texts.PlainSkippedNow(s.form.Skipped))
	}
	for _, c := range s.form.Changed {
		s.t.out.item("* ", c.Text())
	}
	if len(s.form.Changed) > 0 {
		s.t.out.say(texts.CheckAgainFix)
	}
	if s.form.Draft {
		s.t.out.say(texts.DraftNote)
	}
}

// next is the question to ask now, -1 when all are answered.
func (s *step) next() int {
	target := s.target
	s.target = ""
	for i, q := range s.fields {
		if target != "" && q.Key == target {
			return i
		}
	}
	for i, q := range s.fields {
		if !s.answered[q.Key] {
			return i
		}
	}
	return -1
}

// aim makes a question the next one.
func (s *step) aim(i int) {
	if i >= 0 && i < len(s.fields) {
		s.target = s.fields[i].Key
	}
}

// back aims at the question before one, or the last one at the end. It is false before the first.
func (s *step) back(i int) bool {
	if i < 0 {
		i = len(s.fields)
	}
	if i == 0 {
		return false
	}
	s.aim(i - 1)
	return true
}

// refields asks for the questions anew: they may depend on what was answered last.
func (s *step) refields(ctx context.Context) error {
	fields, err := s.t.eng.Refields(ctx, s.id, s.values(false))
	if err != nil {
		return err
	}
	said := map[string]string{}
	for _, q := range s.fields {
		said[q.Key] = q.About
	}
	s.fields = fields
	for _, q := range fields {
		if q.About != "" && q.About != said[q.Key] {
			s.t.out.item("  ", texts.PlainAbout(q.Label, q.About))
		}
	}
	return nil
}

// values is what has been answered; with drafts, also what could not be used.
func (s *step) values(drafts bool) flow.Values {
	v := flow.Values{Text: map[string]string{}, Secret: map[string]secret.Secret{}}
	for _, q := range s.fields {
		if typed, ok := s.secrets[q.Key]; ok {
			v.Secret[q.Key] = typed
		}
		if text, ok := s.text[q.Key]; ok {
			v.Text[q.Key] = text
		}
		if text, ok := s.draft[q.Key]; ok && drafts {
			v.Text[q.Key] = text
		}
	}
	return v
}

// skip leaves the guideline out. What was answered is kept.
func (s *step) skip(ctx context.Context, row flow.Row) (bool, error) {
	if _, skipped := s.t.eng.Skipped(s.id); skipped {
		return true, nil
	}
	return s.t.skipOrTakeBack(ctx, row, "")
}

// end shows all answers and accepts them. done is false when a question is to be asked again.
func (s *step) end(ctx context.Context) (p flow.Place, done bool, key string, err error) {
	s.t.out.blank()
	s.t.out.line(texts.PlainAnswers + ":")
	for i, q := range s.fields {
		s.t.out.item("  "+strconv.Itoa(i+1)+"  ", q.Label+": "+s.shown(q))
	}
	asks := texts.PlainEndPrompt
	verbs := []verb{{what: texts.PlainEnterAccepts}, {key: number, what: texts.PlainChangeOne}}
	checks, err := s.t.eng.HasChecks(ctx, s.id, s.values(false))
	if err != nil {
		return p, false, "", err
	}
	if checks {
		asks = texts.PlainEndChecks
		verbs = append(verbs, verb{key: "t", what: texts.KeyTest})
	}
	verbs = append(verbs, fieldVerbs...)
	for {
		c, err := s.t.command(ctx, prompt{says: asks}, s.reason, verbs)
		if err != nil {
			return p, false, "", err
		}
		switch {
		case c.key == "":
			p, done, err = s.accept(ctx, false)
			return p, done, "", err
		case c.key == keyFindings:
			s.findings()
		case c.key == "t":
			err = s.t.checks(ctx, func(ctx context.Context) (*flow.Checking, error) {
				return s.t.eng.StartChecks(ctx, s.id, s.values(false))
			})
		case c.key == number && c.n > len(s.fields):
			err = s.t.refuse(texts.PlainNotBetween(c.n, 1, len(s.fields)))
		case c.key == number:
			s.aim(c.n - 1)
			return p, false, "", nil
		default:
			return p, false, c.key, nil
		}
		if err != nil {
			return p, false, "", err
		}
	}
}

// shown is an answer for people.
func (s *step) shown(q flow.Question) string {
	if q.Kind != answers.Secret {
		if text := labelOf(q, s.text[q.Key]); text != "" {
			return text
		}
		if len(q.Choices()) > 0 {
			return texts.Unset
		}
		return texts.PlainEmpty
	}
	_, typed := s.secrets[q.Key]
	switch {
	case typed:
		return texts.PlainSecretGiven
	case q.HaveKept:
		return texts.PlainSecretHeld
	case q.Generate != nil:
		return texts.PlainSecretMade
	}
	return texts.PlainSecretNone
}

// accept hands the answers in. done is false when they are refused, or the operator thinks better of them.
func (s *step) accept(ctx context.Context, confirmed bool) (p flow.Place, done bool, err error) {
	v, err := s.t.eng.Accept(ctx, s.id, s.values(false), confirmed)
	switch {
	case err != nil:
		return p, false, s.t.refuse(texts.Failed(err))
	case v.Confirm:
		s.tell(v.Problems)
		yes, err := s.t.sure(ctx, texts.PlainConfirm)
		if err != nil || !yes {
			return p, false, err
		}
		return s.accept(ctx, true)
	case !v.OK:
		return p, false, s.refused(v.Problems)
	}
	row, _ := s.t.eng.Row(s.id)
	s.t.out.say(texts.AcceptedNotice(row.Guideline, row.Title))
	if v.NotSaved != "" {
		s.t.out.say(v.NotSaved)
	}
	back, err := s.t.generated(ctx, v.Generated)
	if back {
		return flow.Place{Screen: flow.AtHub}, true, err
	}
	return v.Next, true, err
}

// reason explains the guideline.
func (s *step) reason() {
	if row, ok := s.t.eng.Row(s.id); ok {
		s.t.reason(row)
	}
}

// findings says what the audit found here.
func (s *step) findings() {
	if row, ok := s.t.eng.Row(s.id); ok {
		s.t.findings(row)
	}
}

func (s *step) tell(problems []steps.Problem) {
	for _, p := range distinct(problems) {
		s.t.problem(p)
	}
}

// refused says what stands against the answers, and asks the questions that it is about again.
func (s *step) refused(problems []steps.Problem) error {
	all := distinct(problems)
	s.tell(all[1:])
	for _, p := range problems {
		if p.Severity == steps.Error {
			delete(s.answered, p.Key)
			delete(s.secrets, p.Key)
		}
	}
	return s.t.refuse(problemText(all[0]))
}

// distinct leaves out problems that say what another has said.
func distinct(problems []steps.Problem) []steps.Problem {
	seen := map[string]bool{}
	var all []steps.Problem
	for _, p := range problems {
		if !seen[p.Message] {
			seen[p.Message] = true
			all = append(all, p)
		}
	}
	return all
}

// generated shows passwords that were made, once. back is true when the list is to be next.
func (t *talk) generated(ctx context.Context, made []flow.Generated) (back bool, err error) {
	if len(made) == 0 {
		return false, nil
	}
	t.heading(texts.GeneratedTitle)
	for _, g := range made {
		t.out.line(g.Label + ":")
		t.out.line("    " + g.Secret.Reveal())
	}
	t.out.say(texts.GeneratedText)
	return t.pause(ctx, texts.PlainGeneratedNext)
}
