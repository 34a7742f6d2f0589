package tui

import (
	"context"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// inspectedMsg brings what the step says of a file that was picked.
type inspectedMsg struct {
	key, text string
	problem   *steps.Problem
	fields    []flow.Question
}

// pick opens the picker for the path field that has the focus. The form stays as it is below it.
func (s *stepScreen) pick() action {
	cur := s.current()
	k, from := cur.q.Key, cur.value()
	if cur.q.Kind == answers.List {
		from = flow.LastListed(from)
	}
	return action{push: newPick(s.id, cur.label(), from, func(c *common, path string) tea.Cmd { return s.picked(c, k, path) })}
}

// picked puts a path into the field, as if it had been typed and left: it is judged, the step looks into the file, and the session has it.
func (s *stepScreen) picked(c *common, k, path string) tea.Cmd {
	if !s.ready() || s.form.index(k) < 0 {
		return nil // asked for no longer
	}
	s.form.focusKey(k)
	cur := s.current()
	switch {
	case cur.q.Kind == answers.List && flow.NeedsEscape(path):
		s.form.hint = texts.PickNotInList
		return nil
	case cur.q.Kind == answers.List:
		s.form.set(flow.AlsoListed(cur.value(), path))
	default:
		s.form.set(path)
	}
	if !utf8.ValidString(path) {
		s.form.hint = texts.PickNotUTF8
	}
	c.eng.SetDraft(k, cur.value())
	s.sumChecks(c)
	eng, id, v, q := c.eng, s.id, s.values(), cur.q
	look := c.do(s, func(ctx context.Context) tea.Msg {
		msg := inspectedMsg{key: k, text: v.Text[k], problem: eng.Judge(ctx, q, v)}
		fields, err := eng.Refields(ctx, id, v)
		if err != nil {
			return nil
		}
		msg.fields = fields
		return msg
	})
	return tea.Batch(look, s.saveDrafts(c))
}

// inspected shows it, unless the field holds another text by now.
func (s *stepScreen) inspected(c *common, msg inspectedMsg) action {
	if !s.ready() {
		return action{}
	}
	i := s.form.index(msg.key)
	if i < 0 || s.form.fields[i].value() != msg.text {
		return action{}
	}
	s.form.fields[i].problem = msg.problem
	return s.rebuild(c, msg.fields)
}
