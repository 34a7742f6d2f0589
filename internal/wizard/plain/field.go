package plain

import (
	"context"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// answer is what came to a question: a key of a verb, or a text.
type answer struct {
	key     string
	text    string
	literal bool // it was given with =, or by Enter
}

// text asks for a text. Enter takes def. A text that begins with = is what follows it, whatever that is.
func (t *talk) text(ctx context.Context, says, def string, verbs []verb, help func()) (answer, error) {
	for {
		text, err := t.line(ctx, prompt{says, def})
		if err != nil {
			return answer{}, err
		}
		if literal, ok := strings.CutPrefix(text, "="); ok {
			return answer{text: strings.TrimSpace(literal), literal: true}, nil
		}
		switch text {
		case "":
			return answer{text: def, literal: true}, nil
		case keyLeave:
			return answer{}, errLeft
		case keyHelp:
			help()
			t.possible(textVerbs(def, verbs))
			continue
		}
		for _, v := range verbs {
			if v.key == text {
				return answer{key: text}, nil
			}
		}
		return answer{text: text}, nil
	}
}

func textVerbs(def string, verbs []verb) []verb {
	all := []verb{{key: texts.PlainText, what: texts.PlainAsShown}}
	if def != "" {
		all = append(all, verb{what: texts.PlainTakes + def})
	}
	all = append(all, verb{key: "=TEXT", what: texts.PlainEqualsKey}, verbHelp)
	return always(append(all, verbs...)...)
}

// fieldVerbs are the letters that are understood at the questions of a guideline.
var fieldVerbs = []verb{verbBack, verbSkip, verbFindings}

// question asks one question of a guideline until its answer can be used, or a letter was given. Texts that cannot be used are kept as drafts.
func (s *step) question(ctx context.Context, i int) (key string, err error) {
	q := s.fields[i]
	s.t.out.blank()
	s.t.out.line(texts.PlainQuestion(i+1, len(s.fields), q.Label))
	s.about(q)
	switch q.Kind {
	case answers.Secret:
		return s.secret(ctx, q)
	case answers.Choice, answers.Bool:
		return s.choice(ctx, q)
	default:
		return s.words(ctx, q)
	}
}

// about says what there is to know before a question is answered.
func (s *step) about(q flow.Question) {
	if q.Help != "" {
		s.t.out.item("  ", q.Help)
	}
	if q.Kind != answers.Secret && !q.Draft && !s.answered[q.Key] && q.Value != "" && q.Value == q.Default && q.Value != q.Now.Text && q.DefaultFrom != "" {
		s.t.out.item("  ", texts.PlainProposed(labelOf(q, q.Value), q.DefaultFrom))
	}
	if q.About != "" {
		s.t.out.item("  ", q.About)
	}
	switch {
	case q.Kind == answers.Path:
		s.t.out.item("  ", texts.PlainPathHint)
	case q.TypeAgain:
		s.t.out.item("  ", texts.TypeAgain(q.Label))
	case q.Kind == answers.List, q.Kind == answers.Map:
		s.t.out.item("  ", texts.ListHint)
	case q.Kind != answers.Secret && !q.Required && q.Value == "":
		s.t.out.item("  ", texts.Optional)
	}
}

func labelOf(q flow.Question, value string) string {
	for _, o := range q.Choices() {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// asks is the label with the present value and its place.
func asks(q flow.Question) string { return texts.PlainNow(q.Label, q.NowText()) }

// words asks for a text.
func (s *step) words(ctx context.Context, q flow.Question) (key string, err error) {
	for {
		a, err := s.t.text(ctx, asks(q), s.current(q), fieldVerbs, func() { s.explain(q) })
		if err == nil && a.key == keyFindings {
			s.findings()
			continue
		}
		if err != nil || a.key != "" {
			return a.key, err
		}
		if head, ok := strings.CutSuffix(a.text, keyHelp); ok && q.Kind == answers.Path && !a.literal {
			s.t.complete(ctx, head)
			continue
		}
		if q.Kind == answers.Path && !a.literal && strings.HasSuffix(a.text, "/") {
			if a.text, err = s.t.browse(ctx, a.text); err != nil {
				return "", err
			}
			if a.text == "" {
				continue
			}
		}
		ok, err := s.take(ctx, q, a.text)
		if ok || err != nil {
			return "", err
		}
	}
}

// complete lists what a path can go on as.
func (t *talk) complete(ctx context.Context, typed string) {
	_, names := t.eng.Complete(ctx, typed)
	if len(names) == 0 {
		t.out.line(texts.PlainPathNone)
	}
	for _, n := range names {
		t.out.line("  " + n)
	}
}

// choice asks for one of the choices.
func (s *step) choice(ctx context.Context, q flow.Question) (key string, err error) {
	var all []option
	var values []string
	enter := -1
	add := func(label, value string) {
		if value == s.current(q) {
			enter = len(all)
		}
		all, values = append(all, option{label, value}), append(values, value)
	}
	if !q.Required && q.Default == "" || q.Value == "" {
		add(texts.Unset, "")
	}
	for _, o := range q.Choices() {
		add(o.Label, o.Value)
	}
	for {
		i, key, err := s.t.choice(ctx, asks(q), all, enter, func() { s.explain(q) }, fieldVerbs)
		switch {
		case err != nil:
			return "", err
		case key == keyFindings:
			s.findings()
			continue
		case key != "":
			return key, nil
		}
		ok, err := s.take(ctx, q, values[i])
		if ok || err != nil {
			return "", err
		}
	}
}

// current is what Enter takes.
func (s *step) current(q flow.Question) string {
	if text, ok := s.text[q.Key]; ok {
		return text
	}
	return q.Value
}

// take judges a text and keeps it. ok is false when it cannot be used: it is a draft then, and the question is to be asked again.
func (s *step) take(ctx context.Context, q flow.Question, text string) (ok bool, err error) {
	if q.Judge != nil {
		if p := q.Judge(text); p != nil && p.Severity == steps.Error {
			s.draft[q.Key] = text
			s.t.eng.SetDraft(q.Key, text)
			return false, s.t.refuse(problemText(*p))
		} else if p != nil {
			s.t.problem(*p)
		}
	}
	delete(s.draft, q.Key)
	s.text[q.Key], s.answered[q.Key] = text, true
	s.t.eng.SetDraft(q.Key, text)
	s.t.saved(s.t.eng.Save(ctx, false)) // no more than one answer is lost with the connection
	return true, nil
}

// secret asks for a password, twice when it is a new one.
func (s *step) secret(ctx context.Context, q flow.Question) (key string, err error) {
	empty := s.ifEmpty(q)
	if !s.t.hinted && s.t.tty.is() {
		s.t.hinted = true
		s.t.out.item("  ", texts.PlainHidden)
	}
	for {
		first, err := s.t.hidden(ctx, prompt{asks(q), empty})
		if err != nil {
			return "", err
		}
		switch first {
		case keyLeave:
			return "", errLeft
		case keyBack, keySkip:
			return first, nil
		case keyHelp:
			s.explain(q)
			s.t.possible(secretVerbs(empty))
			continue
		case "":
			if empty == "" {
				if err := s.t.refuse(texts.PlainNoEmpty); err != nil {
					return "", err
				}
				continue
			}
			s.answered[q.Key] = true
			return "", nil
		}
		ok, err := s.takeSecret(ctx, q, secret.New(first))
		if ok || err != nil {
			return "", err
		}
	}
}

func secretVerbs(empty string) []verb {
	all := []verb{{key: texts.PlainText, what: texts.PlainSecretText}}
	if empty != "" {
		all = append(all, verb{what: empty})
	}
	return always(append(all, verbHelp, verbBack, verbSkip)...)
}

// ifEmpty is what Enter alone does at a password; "" = it is no answer.
func (s *step) ifEmpty(q flow.Question) string {
	_, typed := s.secrets[q.Key]
	switch {
	case typed, q.HaveKept:
		return texts.PlainKeeps
	case q.Generate != nil:
		return texts.PlainMakes
	case q.TypeAgain, q.Required:
		return ""
	}
	return texts.PlainStaysEmpty
}

// takeSecret judges a password, has it typed again, and keeps it.
func (s *step) takeSecret(ctx context.Context, q flow.Question, typed secret.Secret) (ok bool, err error) {
	if q.JudgeSecret != nil {
		if p := q.JudgeSecret(typed); p != nil && p.Severity == steps.Error {
			return false, s.t.refuse(problemText(*p))
		} else if p != nil {
			s.t.problem(*p)
		}
	}
	if q.Strength != nil {
		s.t.out.item("  ", texts.Strength+q.Strength(typed))
	}
	if q.Confirm {
		if same, err := s.again(ctx, q, typed); !same || err != nil {
			return false, err
		}
	}
	s.secrets[q.Key], s.answered[q.Key] = typed, true
	return true, nil
}

// again has a password typed once more. It is false when the first one has to be typed anew.
func (s *step) again(ctx context.Context, q flow.Question, typed secret.Secret) (same bool, err error) {
	for {
		second, err := s.t.hidden(ctx, prompt{says: texts.Again(q.Label)})
		switch {
		case err != nil:
			return false, err
		case typed.Equal(secret.New(second)):
			return true, nil
		case second == keyLeave:
			return false, errLeft
		case second == keyBack:
			return false, nil
		case second != keyHelp:
			return false, s.t.refuse(texts.SecretDiffers + " " + texts.PlainSecretAgainFix)
		}
		s.t.out.say(texts.SecretRepeat)
		s.t.possible(always(verb{key: keyBack, what: texts.PlainAgainBack}))
	}
}

// explain says why a question is asked.
func (s *step) explain(q flow.Question) {
	s.reason()
	s.t.out.blank()
	s.t.out.line(q.Label + ":")
	s.about(q)
}

// problemText is a problem with its remedy.
func problemText(p steps.Problem) string { return strings.TrimSpace(p.Message + " " + p.Fix) }

// problem tells what is wrong with an answer; its strength is a word.
func (t *talk) problem(p steps.Problem) {
	if p.Severity == steps.Error {
		t.out.item("! ", problemText(p))
		return
	}
	t.out.item(p.Severity.String()+": ", problemText(p))
}
