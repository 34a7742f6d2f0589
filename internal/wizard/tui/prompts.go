package tui

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// line is a field of one line outside a form.
type line struct{ input textinput.Model }

func newLine(text string) line {
	in := textinput.New()
	in.Prompt = ""
	in.SetStyles(textinput.Styles{})
	in.SetValue(text)
	in.CursorEnd()
	in.Focus()
	return line{in}
}

// update gives a key or a paste to the field. Its command only blinks the cursor, so it is dropped.
func (l *line) update(msg tea.Msg) {
	if p, ok := msg.(tea.PasteMsg); ok {
		msg = tea.PasteMsg{Content: strings.TrimRight(p.Content, "\r\n")}
	}
	l.input, _ = l.input.Update(msg)
}

func (l *line) text() string { return l.input.Value() }

func (l *line) view(label string, w int) string {
	l.input.SetWidth(max(minInput, w-len(label)-3))
	return indent(label + " " + strings.TrimRight(l.input.View(), " \n"))
}

var (
	promptEnter = bind("enter", texts.KeyContinue, "enter")
	promptSkip  = bind("enter", texts.KeyLeaveOut, "enter")
	promptSave  = bind("enter", texts.KeySave, "enter")
	promptEsc   = bind("esc", texts.KeyBack, "esc")
)

// skipScreen asks why a guideline is left out.
type skipScreen struct {
	row  flow.Row
	line line
	done func(*common) action // what comes after it, besides going back; nil = nothing
}

func newSkip(row flow.Row, reason string, done func(*common) action) *skipScreen {
	return &skipScreen{row: row, line: newLine(reason), done: done}
}

func (s *skipScreen) name() string                       { return "skip" }
func (s *skipScreen) typing() bool                       { return true }
func (s *skipScreen) step(*common) string                { return s.row.ID }
func (s *skipScreen) title(*common) (left, right string) { return texts.SkipTitle, "" }
func (s *skipScreen) keys(*common) []key.Binding         { return []key.Binding{promptSkip, promptEsc} }
func (s *skipScreen) init(*common) action                { return action{} }

func (s *skipScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, promptEsc):
			return action{pop: true}
		case key.Matches(msg, promptSkip):
			eng, row, reason := c.eng, s.row, s.line.text()
			return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
				return refreshNotice(texts.SkippedNotice(row.Guideline, row.Title), eng.Skip(ctx, row.ID, reason))
			})}
		}
		s.line.update(msg)
	case tea.PasteMsg:
		s.line.update(msg)
	case changedMsg:
		c.reload()
		a := action{pop: true}
		if s.done != nil {
			a = s.done(c)
		}
		a.notice = msg.notice
		return a
	}
	return action{}
}

func (s *skipScreen) body(c *common, w, h int) []string {
	text := min(w-2*margin, textWidth)
	lines := block(texts.SkipQuestion(s.row.Guideline, s.row.Title), text, 3, c.marks.More)
	lines = append(lines, "", s.line.view(texts.SkipLabel+":", text))
	if h > 12 && s.row.Summary != "" {
		lines = append(lines, "")
		lines = append(lines, block(printableLines(s.row.Why), text, h-len(lines), c.marks.More)...)
	}
	return lines
}

// saveScreen asks for a file to write the answers to.
type saveScreen struct {
	line    line
	replace bool // the next enter replaces the file
	asked   string
}

func newSave() *saveScreen { return &saveScreen{line: newLine(texts.SaveDefault)} }

func (s *saveScreen) name() string                       { return "save" }
func (s *saveScreen) typing() bool                       { return true }
func (s *saveScreen) title(*common) (left, right string) { return texts.SaveTitle, "" }
func (s *saveScreen) keys(*common) []key.Binding {
	return []key.Binding{promptSave, stepComplete, promptEsc}
}
func (s *saveScreen) init(*common) action { return action{} }

// savedMsg says what became of the file.
type savedMsg struct {
	path string
	err  error
}

func (s *saveScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return s.press(c, msg)
	case tea.PasteMsg:
		s.replace = false
		s.line.update(msg)
	case completedMsg:
		if s.line.text() == msg.was {
			s.line = newLine(msg.text)
		}
	case savedMsg:
		switch {
		case errors.Is(msg.err, fs.ErrExist):
			s.replace, s.asked = true, s.line.text()
			return action{notice: texts.SaveReplace}
		case msg.err != nil:
			return action{notice: texts.NotSaved(msg.path, msg.err)}
		}
		return action{pop: true, notice: texts.Saved(msg.path)}
	}
	return action{}
}

func (s *saveScreen) press(c *common, msg tea.KeyPressMsg) action {
	eng, text := c.eng, s.line.text()
	switch {
	case key.Matches(msg, promptEsc):
		return action{pop: true}
	case key.Matches(msg, stepComplete):
		return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
			to, names := eng.Complete(ctx, text)
			return completedMsg{was: text, text: to, names: names}
		})}
	case key.Matches(msg, promptSave):
		if strings.TrimSpace(text) == "" {
			return action{}
		}
		replace := s.replace && s.asked == text
		return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
			path, err := eng.SaveAnswers(ctx, text, replace)
			return savedMsg{path, err}
		})}
	}
	s.replace = false
	s.line.update(msg)
	return action{}
}

func (s *saveScreen) body(c *common, w, _ int) []string {
	text := min(w-2*margin, textWidth)
	lines := block(texts.SaveQuestion, text, 3, c.marks.More)
	return append(lines, "", s.line.view(texts.SaveLabel+":", text))
}

// warningsScreen asks whether answers with warnings are meant so.
type warningsScreen struct {
	of       *stepScreen
	problems []steps.Problem
	scroll   int
}

// confirmedMsg says that they are.
type confirmedMsg struct{}

var warnYes = bind("y", texts.KeyConfirm, "y")

func newWarnings(of *stepScreen, problems []steps.Problem) *warningsScreen {
	return &warningsScreen{of: of, problems: problems}
}

func (s *warningsScreen) name() string                       { return "warnings" }
func (s *warningsScreen) guarded() bool                      { return true }
func (s *warningsScreen) step(*common) string                { return s.of.id }
func (s *warningsScreen) title(*common) (left, right string) { return texts.ConfirmTitle, "" }
func (s *warningsScreen) keys(*common) []key.Binding {
	return []key.Binding{promptEsc, warnYes, keyMove}
}
func (s *warningsScreen) init(*common) action { return action{} }

func (s *warningsScreen) update(c *common, msg tea.Msg) action {
	k, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok:
	case key.Matches(k, promptEsc):
		return action{pop: true}
	case key.Matches(k, warnYes):
		return action{pop: true, cmd: s.of.accept(c, nil, false, true).cmd}
	case key.Matches(k, keyDown):
		s.scroll++
	case key.Matches(k, keyUp):
		s.scroll = max(0, s.scroll-1)
	}
	return action{}
}

func (s *warningsScreen) body(c *common, w, h int) []string {
	text := min(w-2*margin, textWidth)
	var lines []string
	for _, p := range distinct(s.problems) {
		style := c.st.Warn
		if p.Severity == steps.Note {
			style = c.st.Plain
		}
		for i, l := range wrap(printable(p.Message), text-2) {
			mark := "  "
			if i == 0 {
				mark = severityMark(p.Severity) + " "
			}
			lines = append(lines, indent(style.Render(mark+l)))
		}
		for _, l := range wrap(printable(p.Fix), text-2) {
			lines = append(lines, indent("  "+l))
		}
		lines = append(lines, "")
	}
	lines = append(lines, indent(c.st.Title.Render(texts.ConfirmQuestion)))
	s.scroll = max(0, min(s.scroll, len(lines)-h))
	return lines[s.scroll:]
}

// distinct leaves out problems that say what another has said: two fields may have the same one.
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

// generatedScreen shows secrets that were made, once.
type generatedScreen struct {
	made []flow.Generated
	next screen
}

func newGenerated(made []flow.Generated, next screen) *generatedScreen {
	return &generatedScreen{made: made, next: next}
}

func (s *generatedScreen) name() string                       { return "generated" }
func (s *generatedScreen) guarded() bool                      { return true }
func (s *generatedScreen) title(*common) (left, right string) { return texts.GeneratedTitle, "" }
func (s *generatedScreen) keys(*common) []key.Binding         { return []key.Binding{promptEnter} }
func (s *generatedScreen) init(*common) action                { return action{} }

func (s *generatedScreen) update(_ *common, msg tea.Msg) action {
	if k, ok := msg.(tea.KeyPressMsg); ok && key.Matches(k, promptEnter) {
		return action{toHub: true, push: s.next}
	}
	return action{}
}

func (s *generatedScreen) body(c *common, w, _ int) []string {
	text := min(w-2*margin, textWidth)
	var lines []string
	for _, g := range s.made {
		lines = append(lines, indent(g.Label), "", indent("    "+c.st.Title.Render(g.Secret.Reveal())), "")
	}
	return append(lines, block(texts.GeneratedText, text, 4, c.marks.More)...)
}

// leaveScreen asks whether to leave.
type leaveScreen struct{}

var (
	leaveEnter = bind("enter", texts.KeyLeave, "enter")
	leaveStay  = bind("esc", texts.KeyBack, "esc")
)

func newLeave() *leaveScreen { return &leaveScreen{} }

func (s *leaveScreen) name() string                       { return "leave" }
func (s *leaveScreen) title(*common) (left, right string) { return texts.LeaveTitle, "" }
func (s *leaveScreen) keys(*common) []key.Binding {
	return []key.Binding{leaveStay, leaveEnter, keyStop}
}
func (s *leaveScreen) init(*common) action { return action{} }

func (s *leaveScreen) update(_ *common, msg tea.Msg) action {
	k, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok:
	case key.Matches(k, leaveStay):
		return action{pop: true}
	case key.Matches(k, leaveEnter):
		return action{leave: true}
	}
	return action{}
}

func (s *leaveScreen) body(c *common, w, _ int) []string {
	text := min(w-2*margin, textWidth)
	what := texts.LeaveText
	switch {
	case c.eng.Applying() != nil:
		what = texts.LeaveApplying
	case c.facts.DryRun:
		what = texts.LeaveDryRun
	case c.look || c.facts.NoWrite != "":
		what = texts.LeaveNotSaved
	}
	lines := block(what, text, 4, c.marks.More)
	lines = append(lines, "")
	return append(lines, block(texts.LeaveQuestion, text, 2, c.marks.More)...)
}
