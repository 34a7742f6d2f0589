package tui

import (
	"context"
	"errors"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// stepScreen asks the questions of one guideline.
type stepScreen struct {
	id     string
	loaded bool
	failed error
	asked  flow.Form
	form   *form
	rest   []steps.Problem // of the section as a whole
	scroll window
	held   *held // work under way that keys wait for
	holds  int   // begun so far: the results of earlier ones are stale
	tested string

	settling int // see settle
}

var (
	stepEnter    = bind("enter", texts.KeyContinue, "enter")
	stepLast     = bind("enter", texts.KeyAccept, "enter")
	stepTab      = bind("tab", texts.KeyNext, "tab", "down")
	stepShiftTab = bind("shift+tab", texts.KeyPrev, "shift+tab", "up")
	stepAccept   = bind("ctrl+s", texts.KeyAccept, "ctrl+s", "f8")
	stepTest     = bind("ctrl+t", texts.KeyTest, "ctrl+t")
	stepReveal   = bind("ctrl+r", texts.KeyReveal, "ctrl+r")
	stepComplete = bind("tab", texts.KeyComplete, "tab")
	stepPick     = bind("F3", texts.KeyPick, "f3", "ctrl+n")
	stepChoose   = bind("left/right", texts.KeyChoose, "left", "right")
	stepSkip     = bind("F4", texts.KeySkip, "f4", "ctrl+o")
	stepBack     = bind("esc", texts.KeyBack, "esc")
)

func newStep(id string) *stepScreen { return &stepScreen{id: id} }

func (s *stepScreen) name() string        { return "step:" + s.id }
func (s *stepScreen) step(*common) string { return s.id }
func (s *stepScreen) typing() bool        { return true }
func (s *stepScreen) ready() bool         { return s.loaded && s.failed == nil }
func (s *stepScreen) onSecret() bool      { return s.onKind(answers.Secret) }
func (s *stepScreen) onPath() bool        { return s.onKind(answers.Path) }
func (s *stepScreen) onFiles() bool {
	return s.onPath() || s.ready() && s.current() != nil && s.current().q.Paths
}
func (s *stepScreen) current() *field        { return s.form.current() }
func (s *stepScreen) values() flow.Values    { return s.form.values() }
func (s *stepScreen) place() flow.Place      { return flow.Place{Screen: flow.AtStep, Step: s.id} }
func (s *stepScreen) load(c *common) tea.Cmd { return s.ask(c, true) }

func (s *stepScreen) onKind(k answers.Kind) bool {
	return s.ready() && s.current() != nil && s.current().q.Kind == k
}

func (s *stepScreen) title(c *common) (left, right string) {
	row, _ := c.row(s.id)
	left = texts.StepTitle(row.Guideline, len(c.rows), row.Title)
	if s.ready() && len(s.form.fields) > 1 {
		right = texts.FieldCount(s.form.focus+1, len(s.form.fields))
	}
	return left, right
}

func (s *stepScreen) keys(c *common) []key.Binding {
	if !s.ready() {
		return []key.Binding{stepBack}
	}
	all := []key.Binding{stepLast}
	if s.form.focus < len(s.form.fields)-1 {
		all[0] = stepEnter
	}
	all = append(all, stepBack)
	switch {
	case s.onFiles() && !s.onPath():
		all = append(all, stepPick, stepTab)
	case s.onPath() && c.w < tightWidth:
		all = []key.Binding{all[0], stepPick, stepBack, stepComplete} // esc is known, F3 is not
	case s.onPath():
		all = append(all, stepPick, stepComplete)
	case len(s.form.fields) > 1:
		all = append(all, stepTab)
	}
	if cur := s.current(); cur != nil && cur.choice != nil {
		all = append(all, stepChoose)
	}
	if s.onSecret() {
		all = append(all, stepReveal)
	}
	if s.asked.Checks {
		all = append(all, stepTest)
	}
	all = append(all, stepSkip, stepAccept)
	if len(s.form.fields) > 1 {
		all = append(all, stepShiftTab)
	}
	return all
}

// formMsg brings the questions of a step.
type formMsg struct {
	form  flow.Form
	err   error
	fresh bool
}

// verdictMsg brings what became of the answers. wrong: fields are, so they have not been handed in.
type verdictMsg struct {
	hold     int
	problems map[string]*steps.Problem // by key, of the fields that were judged
	wrong    bool
	verdict  flow.Verdict
	err      error
}

// refieldsMsg brings the questions anew after an answer that others depend on, and whether there is something to check now.
type refieldsMsg struct {
	fields []flow.Question
	checks bool
}

// completedMsg brings what a path can go on as.
type completedMsg struct {
	hold      int
	was, text string
	names     []string
}

func (s *stepScreen) init(c *common) action {
	return action{cmd: tea.Batch(enter(c, s, s.place()), s.load(c))}
}

// refresh is called when a screen above has gone: the checks, or a question.
func (s *stepScreen) refresh(c *common) action {
	c.reload()
	s.sumChecks(c)
	return action{cmd: enter(c, s, s.place())}
}

func (s *stepScreen) ask(c *common, fresh bool) tea.Cmd {
	eng, id := c.eng, s.id
	return c.do(s, func(ctx context.Context) tea.Msg {
		f, err := eng.Form(ctx, id)
		return formMsg{form: f, err: err, fresh: fresh}
	})
}

func (s *stepScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case formMsg:
		return s.show(c, msg)
	case noticeMsg:
		return action{notice: string(msg)}
	case tea.KeyPressMsg:
		return s.press(c, msg)
	case tea.PasteMsg:
		if s.held != nil {
			s.held.keys = append(s.held.keys, msg)
		} else if s.ready() {
			return s.after(c, s.form.paste(msg))
		}
	case refieldsMsg:
		s.asked.Checks = msg.checks
		return s.rebuild(c, msg.fields)
	case completedMsg:
		return s.completed(c, msg)
	case inspectedMsg:
		return s.inspected(c, msg)
	case judgedMsg:
		return s.fieldJudged(c, msg)
	case slowHoldMsg:
		if s.held != nil && s.held.n == msg.hold {
			s.held.slow = true
		}
	case verdictMsg:
		return s.judged(c, msg)
	case confirmedMsg:
		return s.accept(c, nil, false, true)
	}
	return action{}
}

func (s *stepScreen) show(c *common, msg formMsg) action {
	s.loaded, s.failed, s.asked = true, msg.err, msg.form
	if msg.err != nil {
		return action{notice: texts.Failed(msg.err)}
	}
	s.form = newForm(c.st, c.marks, msg.form.Fields, s.width(c))
	s.sumChecks(c)
	s.settling = 0
	a := action{cmd: s.settle(c)}
	switch {
	case len(msg.form.Changed) > 0:
		a.notice = checkAgain(msg.form.Changed)
	case msg.form.Draft:
		a.notice = texts.DraftNote
	}
	return a
}

// maxSettling is how often questions may bring further questions by what is proposed for them.
const maxSettling = 20

// settle asks which questions there are with what stands in the fields now: a choice that is proposed may bring others, which must not appear between the
// fields only when the operator has gone past.
func (s *stepScreen) settle(c *common) tea.Cmd {
	if s.settling++; s.settling > maxSettling {
		return nil
	}
	return s.refields(c)
}

// rebuild makes the form anew when the questions have changed, and keeps what was typed.
func (s *stepScreen) rebuild(c *common, fields []flow.Question) action {
	if !s.ready() {
		return action{}
	}
	if s.form.sameKeys(fields) {
		s.form.renew(fields)
		return action{}
	}
	old := s.form
	s.form = newForm(c.st, c.marks, fields, s.width(c))
	s.form.carry(old)
	return action{cmd: s.settle(c)}
}

func (s *stepScreen) press(c *common, msg tea.KeyPressMsg) action {
	if s.held != nil {
		return s.pressHeld(msg)
	}
	switch {
	case key.Matches(msg, stepBack):
		return s.back(c)
	case !s.ready():
	case key.Matches(msg, stepAccept):
		return s.submit(c)
	case key.Matches(msg, stepTest):
		return action{push: newChecks(s.id, s.values())}
	case key.Matches(msg, stepPick) && s.onFiles():
		return s.pick()
	case key.Matches(msg, stepReveal):
		s.form.toggleReveal()
	case key.Matches(msg, stepSkip):
		row, _ := c.row(s.id)
		s.remember(c)
		return action{push: newSkip(row, "", func(*common) action { return action{toHub: true} })}
	default:
		return s.after(c, s.form.key(msg))
	}
	return action{}
}

// back leaves the step. It refuses nothing; what was typed is kept.
func (s *stepScreen) back(c *common) action {
	if !s.ready() {
		return action{pop: true}
	}
	eng, id, v := c.eng, s.id, s.values()
	s.remember(c)
	// The result goes to the screen below, which may be any: the bottom one takes it.
	return action{pop: true, cmd: c.settle(func(ctx context.Context) tea.Msg {
		return refreshNotice("", eng.Leave(ctx, id, v))
	})}
}

// remember gives the Engine the texts that stand in the fields, so that a session cut off now has them.
func (s *stepScreen) remember(c *common) {
	if !s.ready() {
		return
	}
	for k, text := range s.values().Text {
		c.eng.SetDraft(k, text)
	}
}

// after does what a key did to the form.
func (s *stepScreen) after(c *common, ev event) action {
	cur := s.current()
	s.settling = 0
	switch ev {
	case evEdited:
		if cur.q.Kind != answers.Secret {
			c.eng.SetDraft(cur.q.Key, cur.value())
		}
		s.sumChecks(c)
		if cur.choice != nil {
			return action{cmd: s.refields(c)}
		}
	case evMoved:
		return action{cmd: tea.Batch(s.judgeLeft(c), s.refields(c), s.saveDrafts(c))}
	case evJudge:
		return s.judgeCurrent(c)
	case evComplete:
		return s.complete(c)
	case evSubmit:
		return s.submit(c)
	case evNone:
	}
	return action{}
}

// saveDrafts writes the session when a field is left: no more than one field is lost with the connection.
func (s *stepScreen) saveDrafts(c *common) tea.Cmd {
	if c.look {
		return nil
	}
	eng := c.eng
	return c.do(s, func(ctx context.Context) tea.Msg {
		if err := eng.Save(ctx, false); err != nil {
			return noticeMsg(texts.SessionNotSaved(err))
		}
		return nil
	})
}

func (s *stepScreen) refields(c *common) tea.Cmd {
	eng, id, v, typed := c.eng, s.id, s.form.given(), s.values()
	return c.do(s, func(ctx context.Context) tea.Msg {
		fields, err := eng.Refields(ctx, id, v)
		if err != nil {
			return nil
		}
		checks, err := eng.HasChecks(ctx, id, typed)
		if err != nil {
			return nil
		}
		return refieldsMsg{fields, checks}
	})
}

func (s *stepScreen) complete(c *common) action {
	eng, text := c.eng, s.current().value()
	return action{cmd: s.hold(c, texts.LookingInFolder, func(ctx context.Context, n int) tea.Msg {
		common, names := eng.Complete(ctx, text)
		return completedMsg{hold: n, was: text, text: common, names: names}
	})}
}

// completed puts the completion into the field. Where there is nothing more to complete, tab goes on to the next field, as elsewhere.
func (s *stepScreen) completed(c *common, msg completedMsg) action {
	keys, ours := s.release(msg.hold)
	cur := s.current()
	if !ours || !s.onPath() || cur.value() != msg.was {
		return action{}
	}
	switch {
	case len(msg.names) == 0 && cur.slow():
		a := s.judgeCurrent(c)
		s.held.keys, s.held.stays = keys, true
		return a
	case len(msg.names) == 0 && s.form.judge(s.form.focus):
		return action{}
	case len(msg.names) == 0, msg.text == msg.was && len(msg.names) == 1:
		return s.replay(c, s.after(c, s.form.move(1)), keys)
	}
	s.form.set(msg.text)
	c.eng.SetDraft(cur.q.Key, msg.text)
	if len(msg.names) > 1 {
		s.form.hint = printable(strings.Join(msg.names, "  "))
	}
	return s.replay(c, action{}, keys)
}

// submit hands the answers in, when every field is good by itself.
func (s *stepScreen) submit(c *common) action {
	s.rest = nil
	slow, ok := s.form.judgeAll()
	if !ok && len(slow) == 0 {
		s.form.focusWrong()
		return action{}
	}
	return s.accept(c, slow, !ok, false)
}

// accept judges what has not been judged, and hands the answers in unless a field is wrong.
func (s *stepScreen) accept(c *common, slow []*field, wrong, confirmed bool) action {
	eng, id, v := c.eng, s.id, s.values()
	questions := make([]flow.Question, len(slow))
	for i, fl := range slow {
		questions[i] = fl.q
	}
	cmd := s.hold(c, texts.LookingAtAnswers, func(ctx context.Context, n int) tea.Msg {
		msg := verdictMsg{hold: n, wrong: wrong, problems: map[string]*steps.Problem{}}
		for _, q := range questions {
			p := eng.Judge(ctx, q, v)
			msg.problems[q.Key], msg.wrong = p, msg.wrong || worse(p)
		}
		if !msg.wrong {
			msg.verdict, msg.err = eng.Accept(ctx, id, v, confirmed)
		}
		return msg
	})
	s.held.ends = true
	return action{cmd: cmd}
}

func (s *stepScreen) judged(c *common, msg verdictMsg) action {
	if _, ours := s.release(msg.hold); !ours {
		return action{}
	}
	for _, fl := range s.form.fields {
		if p, ok := msg.problems[fl.q.Key]; ok && fl.repeats == nil {
			fl.problem = p
		}
	}
	v := msg.verdict
	switch {
	case msg.wrong:
		s.form.focusWrong()
		return action{}
	case errors.Is(msg.err, context.Canceled):
		return action{}
	case msg.err != nil:
		return action{notice: texts.Failed(msg.err)}
	case v.Confirm:
		s.rest = s.form.setProblems(v.Problems)
		return action{push: newWarnings(s, v.Problems)}
	case !v.OK:
		s.rest = s.form.setProblems(v.Problems)
		return action{}
	}
	c.reload()
	row, _ := c.row(s.id)
	notice := texts.AcceptedNotice(row.Guideline, row.Title)
	if v.NotSaved != "" {
		notice = v.NotSaved
	}
	next := placeScreen(v.Next)
	if len(v.Generated) > 0 {
		next = newGenerated(v.Generated, next)
	}
	return action{toHub: true, push: next, notice: notice}
}

// placeScreen is the screen of a place.
func placeScreen(p flow.Place) screen {
	switch p.Screen {
	case flow.AtStep:
		return newStep(p.Step)
	case flow.AtReview:
		return newReview()
	case flow.AtHub:
	}
	return nil
}

// sumChecks says in one line what the last checks found, and whether that still holds.
func (s *stepScreen) sumChecks(c *common) {
	s.tested = ""
	if !s.ready() {
		return
	}
	results, at, fresh, ok := c.eng.Tested(s.id, s.values())
	if !ok {
		return
	}
	good, bad, unknown := 0, 0, 0
	for _, r := range results {
		switch r.Result.Status {
		case steps.OK:
			good++
		case steps.Unknown:
			unknown++
		case steps.Warn, steps.Fail:
			bad++
		}
	}
	s.tested = texts.ChecksLine(good, bad, unknown, at.In(time.Local), fresh)
}
