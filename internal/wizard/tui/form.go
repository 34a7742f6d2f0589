package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// form stands between huh and the rest. It uses huh's fields in one group of one short-lived form, and keeps away from what is known to
// break in huh 2.0.3:
//
//   - groups as pages lock up on an invalid field, so there is one group, and esc discards the form;
//   - a completed form is dead, so the form never completes: enter on the last field is caught here;
//   - a pasted line end turns into a blank, so it is cut off before huh sees it;
//   - the ...Func variants race with the fields they read, so none is used: the form is built anew when a question depends on an answer;
//   - small widths panic, heights are off by one and error texts make the form grow, so huh's View is used for the field with the focus
//     only, at a width that has a floor, and errors are drawn here;
//   - messages reach the focused field twice, so it gets key presses, pastes and the two messages that move the focus, nothing else;
//   - the commands of its fields only blink a cursor, so they are dropped: an idle form sends nothing.
type form struct {
	st     *Styles
	marks  *Marks
	huh    *huh.Form
	fields []*field
	focus  int
	width  int // of the inputs
	within int // the columns that the form was fitted into
	reveal bool
	waits  string // what the next keys wait for; "" = nothing, or not for long
	left   *field // left forwards and not judged yet, see slow
	hint   string // for the line under the focused field, until the next key: completions, a refused paste
}

// field is one line of a form. A secret that has to be typed twice is two fields.
type field struct {
	q       flow.Question
	text    string // as it stands in the input
	exact   string // what text shows in escapes, as the input cannot hold it: the name of a file; "" = text is what it is
	input   *huh.Input
	choice  *huh.Select[string]
	repeats *field // the field whose secret this one repeats
	problem *steps.Problem
}

// event is what a key did to a form.
type event int

const (
	evNone     event = iota
	evEdited         // the text of the focused field changed
	evSubmit         // enter on the last field
	evMoved          // the focus moved on to another field
	evComplete       // tab in a path field
	evJudge          // enter on a field that is judged outside the drawing loop
)

const minInput = 12

// newForm builds the fields. It starts on the first field that has a problem, is empty and required, or on the first one.
func newForm(st *Styles, marks *Marks, questions []flow.Question, w int) *form {
	f := &form{st: st, marks: marks}
	for _, q := range questions {
		main := f.add(q, nil)
		if q.Kind == answers.Secret && q.Confirm {
			f.add(q, main)
		}
	}
	all := make([]huh.Field, 0, len(f.fields))
	for _, fl := range f.fields {
		if fl.input != nil {
			all = append(all, fl.input)
		} else {
			all = append(all, fl.choice)
		}
	}
	if len(all) == 0 {
		return f
	}
	f.huh = huh.NewForm(huh.NewGroup(all...)).WithShowErrors(false).WithShowHelp(false).WithTheme(huh.ThemeFunc(f.theme))
	f.huh.Init()
	f.fit(w)
	return f
}

func (f *form) add(q flow.Question, repeats *field) *field {
	fl := &field{q: q, repeats: repeats}
	fl.put(q.Value)
	switch q.Kind {
	case answers.Choice, answers.Bool:
		fl.choice = huh.NewSelect[string]().Key(q.Key).Options(options(q)...).Inline(true).Value(&fl.text)
	default:
		fl.input = huh.NewInput().Key(q.Key).Prompt("").Value(&fl.text)
		if q.Kind == answers.Secret {
			fl.text = ""
			fl.input.EchoMode(huh.EchoModePassword)
		}
	}
	f.fields = append(f.fields, fl)
	return fl
}

// options are the choices of a question. An answer that is not set is a choice, too, where it may be left out.
func options(q flow.Question) []huh.Option[string] {
	var all []huh.Option[string]
	for _, o := range q.Choices() {
		all = append(all, huh.NewOption(o.Label, o.Value))
	}
	if !q.Required && q.Default == "" || q.Value == "" {
		all = append([]huh.Option[string]{huh.NewOption(texts.Unset, "")}, all...)
	}
	return all
}

// theme takes huh's own looks away: the form draws labels, marks and errors.
func (f *form) theme(bool) *huh.Styles {
	return &huh.Styles{}
}

// setWidth gives the input its width; below a floor huh would panic.
func (f *form) setWidth(width int) {
	f.width = max(width, minInput)
	if f.huh == nil {
		return
	}
	f.huh.WithWidth(f.width)
	for _, fl := range f.fields {
		if fl.input != nil {
			fl.input.Value(&fl.text) // a text set before the width is not scrolled
		}
	}
}

func (f *form) current() *field {
	if len(f.fields) == 0 {
		return nil
	}
	return f.fields[f.focus]
}

// key handles a key press that the screen has left over.
func (f *form) key(msg tea.KeyPressMsg) event {
	cur := f.current()
	if cur == nil {
		if key.Matches(msg, stepEnter) {
			return evSubmit
		}
		return evNone
	}
	f.hint = ""
	switch {
	case key.Matches(msg, stepEnter) && cur.slow():
		return evJudge
	case key.Matches(msg, stepEnter):
		if f.judge(f.focus) && worse(cur.problem) {
			return evNone // the message stands below it; tab goes on all the same
		}
		return f.forward()
	case key.Matches(msg, stepComplete) && cur.q.Kind == answers.Path:
		return evComplete
	case key.Matches(msg, stepTab) && cur.slow():
		f.left = cur
		return f.move(1)
	case key.Matches(msg, stepTab):
		f.judge(f.focus)
		return f.move(1)
	case key.Matches(msg, stepShiftTab):
		return f.move(-1)
	}
	return f.edit(cur, msg)
}

// forward goes on from a field that is good.
func (f *form) forward() event {
	if f.focus == len(f.fields)-1 {
		return evSubmit
	}
	return f.move(1)
}

func worse(p *steps.Problem) bool { return p != nil && p.Severity == steps.Error }

// edit lets huh have a key.
func (f *form) edit(cur *field, msg tea.Msg) event {
	before := cur.text
	if k, ok := msg.(tea.KeyPressMsg); ok && cur.choice != nil {
		switch k.String() {
		case "space":
			msg = tea.KeyPressMsg{Code: tea.KeyRight}
		case "left", "right", "home", "end":
		default:
			return evNone
		}
	}
	f.huh.Update(msg)
	if cur.text == before {
		return evNone
	}
	cur.problem, cur.exact, cur.q.About = nil, "", "" // they were about another text
	return evEdited
}

// move moves the focus; at either end it stays. huh's own messages do it, given by hand: no command has to run first.
func (f *form) move(by int) event {
	to := f.focus + by
	if to < 0 || to >= len(f.fields) {
		return evNone
	}
	f.reveal = false
	f.setEcho()
	if by > 0 {
		f.huh.Update(huh.NextField())
	} else {
		f.huh.Update(huh.PrevField())
	}
	f.focus = to
	return evMoved
}

// focusOn moves the focus to a field.
func (f *form) focusOn(i int) {
	for f.focus < i && f.move(1) == evMoved {
	}
	for f.focus > i && f.move(-1) == evMoved {
	}
}

// focusKey moves the focus to the first field of a key.
func (f *form) focusKey(key string) {
	for i, fl := range f.fields {
		if fl.q.Key == key {
			f.focusOn(i)
			return
		}
	}
}

// paste puts a pasted text into the field. One line end at its end is dropped. In a secret nothing is changed silently: several
// lines or control characters are refused.
func (f *form) paste(msg tea.PasteMsg) event {
	cur := f.current()
	if cur == nil || cur.input == nil {
		return evNone
	}
	f.hint = ""
	text := strings.TrimSuffix(strings.TrimSuffix(msg.Content, "\n"), "\r")
	if cur.q.Kind == answers.Secret && strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
		f.hint = texts.PasteSeveral
		return evNone
	}
	return f.edit(cur, tea.PasteMsg{Content: text})
}

// toggleReveal shows or hides the secrets.
func (f *form) toggleReveal() {
	f.reveal = !f.reveal
	f.setEcho()
}

func (f *form) setEcho() {
	mode := huh.EchoModePassword
	if f.reveal {
		mode = huh.EchoModeNormal
	}
	for _, fl := range f.fields {
		if fl.q.Kind == answers.Secret {
			fl.input.EchoMode(mode)
		}
	}
}

// set puts a text into the field with the focus, as if it had been typed.
func (f *form) set(text string) {
	cur := f.current()
	if cur == nil || cur.input == nil {
		return
	}
	cur.put(text)
	cur.input.Value(&cur.text)
	f.huh.Update(tea.KeyPressMsg{Code: tea.KeyEnd}) // the cursor stays where it was otherwise
	cur.problem, cur.q.About = nil, ""
}

// put sets the value of a field. A path that the input would change is shown in escapes, and kept apart.
func (fl *field) put(value string) {
	fl.text, fl.exact = value, ""
	if fl.q.Kind == answers.Path && (flow.NeedsEscape(value) || value != strings.TrimSpace(value)) {
		fl.text, fl.exact = flow.Shown(value), value
	}
}

// value is what the field holds. Blanks round a path that was typed are slips.
func (fl *field) value() string {
	switch {
	case fl.exact != "":
		return fl.exact
	case fl.q.Kind == answers.Path:
		return strings.TrimSpace(fl.text)
	}
	return fl.text
}

// renew takes what the step says now about the fields, which are the same; the texts in them stay.
func (f *form) renew(questions []flow.Question) {
	for _, fl := range f.fields {
		for _, q := range questions {
			if q.Key != fl.q.Key {
				continue
			}
			other := fl.untouched() && q.Default != "" && q.Default != fl.q.Default && !q.Draft
			if other {
				q.Value = q.Default
			} else {
				q.Value = fl.q.Value // it decides which choices there are
			}
			if fl.q = q; other {
				fl.put(q.Value)
				fl.show()
			}
		}
	}
}

// proposed reports whether an input holds what was proposed, and nobody has typed anything: what is typed elsewhere may lead to another proposal.
func (fl *field) proposed() bool { return fl.input != nil && fl.untouched() }

// untouched reports the same of any field.
func (fl *field) untouched() bool {
	return fl.q.Kind != answers.Secret && !fl.q.Draft && fl.q.Default != "" && fl.q.Value == fl.q.Default && fl.value() == fl.q.Value
}

// show has huh's field show the text.
func (fl *field) show() {
	if fl.input != nil {
		fl.input.Value(&fl.text)
		return
	}
	fl.choice.Value(&fl.text)
}

// given are the values of the form without proposals that may still change.
func (f *form) given() flow.Values {
	v := f.values()
	for _, fl := range f.fields {
		if fl.proposed() {
			delete(v.Text, fl.q.Key)
		}
	}
	return v
}

func (f *form) index(key string) int {
	for i, fl := range f.fields {
		if fl.q.Key == key && key != "" {
			return i
		}
	}
	return -1
}

// values is what stands in the fields now.
func (f *form) values() flow.Values {
	v := flow.Values{Text: map[string]string{}, Secret: map[string]secret.Secret{}}
	for _, fl := range f.fields {
		switch {
		case fl.repeats != nil:
		case fl.q.Kind == answers.Secret:
			if fl.text != "" {
				v.Secret[fl.q.Key] = secret.New(fl.text)
			}
		default:
			v.Text[fl.q.Key] = fl.value()
		}
	}
	return v
}

// carry takes over what was typed into an earlier form: the texts of the secrets, the focus, the problems.
func (f *form) carry(old *form) {
	for _, fl := range f.fields {
		for _, was := range old.fields {
			if was.q.Key != fl.q.Key || (was.repeats == nil) != (fl.repeats == nil) {
				continue
			}
			if was.untouched() && fl.q.Default != "" && fl.q.Default != was.q.Default && !fl.q.Draft {
				fl.q.Value = fl.q.Default
				fl.put(fl.q.Value)
				fl.show()
				continue
			}
			fl.problem = was.problem
			fl.text, fl.exact = was.text, was.exact
			fl.show()
		}
	}
	if cur := old.current(); cur != nil {
		f.focusKey(cur.q.Key)
	}
}

// sameKeys reports whether the questions are those of the form.
func (f *form) sameKeys(questions []flow.Question) bool {
	i := 0
	for _, fl := range f.fields {
		if fl.repeats != nil {
			continue
		}
		if i >= len(questions) || questions[i].Key != fl.q.Key {
			return false
		}
		i++
	}
	return i == len(questions)
}
