package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// menu is a short list of things to do, with a cursor.
type menu struct {
	items  []string
	cursor int
}

var (
	menuEnter = bind("enter", texts.KeyChoose, "enter")
	menuUp    = bind("up", texts.KeyMove, "up", "k", "left", "shift+tab")
	menuDown  = bind("down", texts.KeyMove, "down", "j", "right", "tab")
	menuMove  = both("up/down", texts.KeyMove, menuUp, menuDown)
)

func (m *menu) keys() []key.Binding { return []key.Binding{menuEnter, menuMove} }

// press returns the item that was chosen, or -1.
func (m *menu) press(msg tea.KeyPressMsg) int {
	switch {
	case key.Matches(msg, menuUp):
		m.cursor = max(0, m.cursor-1)
	case key.Matches(msg, menuDown):
		m.cursor = min(len(m.items)-1, m.cursor+1)
	case key.Matches(msg, menuEnter):
		return m.cursor
	}
	return -1
}

func (m *menu) view(c *common) []string {
	lines := make([]string, 0, len(m.items))
	for i, item := range m.items {
		if i == m.cursor {
			lines = append(lines, indent(c.st.Focus.Render(c.marks.Cursor+" "+item)))
		} else {
			lines = append(lines, indent("  "+item))
		}
	}
	return lines
}

// resumeScreen welcomes back somebody who left a session, or lost the connection.
type resumeScreen struct {
	menu   menu
	info   flow.Resume
	loaded bool
	told   int // notices that were shown at the start
}

func newResume() *resumeScreen {
	return &resumeScreen{menu: menu{items: []string{texts.ChoiceResume, texts.ChoiceOver, texts.ChoiceLook}}}
}

func (s *resumeScreen) name() string                       { return "resume" }
func (s *resumeScreen) guarded() bool                      { return true }
func (s *resumeScreen) title(*common) (left, right string) { return texts.ResumeTitle, "" }
func (s *resumeScreen) keys(*common) []key.Binding         { return s.menu.keys() }

// resumableMsg brings what the session holds; resumedMsg says that it goes on, or that it is forgotten.
type (
	resumableMsg struct{ info flow.Resume }
	resumedMsg   struct {
		over bool
		err  error
	}
)

func (s *resumeScreen) init(c *common) action {
	eng := c.eng
	s.told = len(c.facts.Notices)
	return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
		info, _ := eng.Resumable(ctx)
		return resumableMsg{info}
	})}
}

func (s *resumeScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case resumableMsg:
		s.info, s.loaded = msg.info, true
	case resumedMsg:
		return s.resumed(c, msg)
	case tea.KeyPressMsg:
		return s.chosen(c, s.menu.press(msg))
	}
	return action{}
}

func (s *resumeScreen) chosen(c *common, i int) action {
	eng := c.eng
	switch i {
	case 0:
		return action{cmd: c.do(s, func(ctx context.Context) tea.Msg { return resumedMsg{err: eng.Resume(ctx)} })}
	case 1:
		if s.menu.items[1] != texts.ChoiceOverSure {
			s.menu.items[1] = texts.ChoiceOverSure // the second enter does it
			return action{}
		}
		return action{cmd: c.do(s, func(ctx context.Context) tea.Msg { return resumedMsg{over: true, err: eng.StartOver(ctx)} })}
	case 2:
		c.look = true
		return action{push: newHub(c), notice: texts.LookOnly}
	}
	return action{}
}

func (s *resumeScreen) resumed(c *common, msg resumedMsg) action {
	if msg.err != nil {
		return action{notice: texts.Failed(msg.err)}
	}
	c.reload()
	if msg.over {
		return action{toHub: true, notice: texts.OverNotice}
	}
	next := placeScreen(c.eng.At())
	if n := c.facts.Notices; len(n) > s.told {
		read := newNotices(n[s.told:])
		read.then = next
		return action{toHub: true, push: read}
	}
	return action{toHub: true, push: next, notice: texts.ResumedNotice}
}

func (s *resumeScreen) body(c *common, w, h int) []string {
	if !s.loaded {
		return []string{indent(texts.Reading)}
	}
	text := min(w-2*margin, textWidth)
	i := s.info
	lines := block(texts.YouWere(i.Guideline, i.Title, i.Ago, i.From), text, 2, c.marks.More)
	if i.LostLink {
		lines = append(lines, indent(texts.ResumeLost))
	}
	lines = append(lines, "")
	lines = append(lines, s.menu.view(c)...)
	lines = append(lines, "")
	add := func(label string, what []string) {
		if len(what) > 0 {
			lines = append(lines, block(label+strings.Join(what, ", ")+".", text, 3, c.marks.More)...)
		}
	}
	if len(i.Accepted) == 0 {
		lines = append(lines, indent(texts.ResumeNothing))
	}
	add(texts.ResumeKept, i.Accepted)
	add(texts.ResumeSkipped, i.Skipped)
	add(texts.ResumeSecrets, i.NeedSecrets)
	lines = append(lines, "")
	if len(i.Changed) == 0 {
		return append(lines, indent(texts.ResumeSame))
	}
	lines = append(lines, indent(c.st.Warn.Render("! "+texts.ResumeChanged)))
	for n, f := range i.Changed {
		if room := h - len(lines); room <= 1 && n < len(i.Changed)-1 {
			return append(lines, indent("  "+texts.AndMore(len(i.Changed)-n)))
		}
		lines = append(lines, indent("  "+cut(printable(f), text-2, c.marks.More)))
	}
	return lines
}

// lockedScreen says that another wizard works on the install.
type lockedScreen struct{ menu menu }

func newLocked() *lockedScreen {
	return &lockedScreen{menu{items: []string{texts.ChoiceLook, texts.ChoiceLeave}}}
}

func (s *lockedScreen) name() string                       { return "locked" }
func (s *lockedScreen) guarded() bool                      { return true }
func (s *lockedScreen) title(*common) (left, right string) { return texts.LockedTitle, "" }
func (s *lockedScreen) keys(*common) []key.Binding         { return s.menu.keys() }
func (s *lockedScreen) init(*common) action                { return action{} }

func (s *lockedScreen) update(c *common, msg tea.Msg) action {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return action{}
	}
	switch s.menu.press(k) {
	case 0:
		c.look = true
		return action{push: newHub(c)}
	case 1:
		return action{leave: true}
	}
	return action{}
}

func (s *lockedScreen) body(c *common, w, _ int) []string {
	text := min(w-2*margin, textWidth)
	var lines []string
	if held := c.eng.Holder(); held != nil {
		h := held.Holder
		since := held.Since.Local().Format("2006-01-02 15:04")
		lines = block(texts.HeldBy(person(h), h.Terminal, h.Client, h.Host, h.PID, since), text, 3, c.marks.More)
	}
	lines = append(lines, "")
	lines = append(lines, s.menu.view(c)...)
	return append(append(lines, ""), block(texts.LockedText, text, 3, c.marks.More)...)
}

func person(w apply.Who) string {
	if w.SudoUser != "" {
		return w.SudoUser
	}
	return w.User
}

// recoverScreen stands before everything else when an apply was cut off.
type recoverScreen struct {
	menu    menu
	working bool
	done    *apply.Recovery
	failed  error
}

func newRecover() *recoverScreen {
	return &recoverScreen{menu: menu{items: []string{texts.ChoiceRecover, texts.ChoiceLeave}}}
}

func (s *recoverScreen) name() string                       { return "recover" }
func (s *recoverScreen) guarded() bool                      { return true }
func (s *recoverScreen) title(*common) (left, right string) { return texts.RecoverTitle, "" }
func (s *recoverScreen) init(*common) action                { return action{} }

func (s *recoverScreen) keys(*common) []key.Binding {
	if s.done != nil {
		return []key.Binding{promptEnter}
	}
	return s.menu.keys()
}

// recoveredMsg says what became of the run.
type recoveredMsg struct {
	done *apply.Recovery
	err  error
}

func (s *recoverScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case recoveredMsg:
		s.working, s.done, s.failed = false, msg.done, msg.err
		if msg.err == nil && msg.done == nil {
			return action{pop: true}
		}
		c.reload()
	case tea.KeyPressMsg:
		if s.working {
			return action{}
		}
		chosen := s.menu.press(msg)
		switch {
		case s.done != nil && key.Matches(msg, promptEnter):
			return action{pop: true} // the root shows what comes next: a session, or the hub
		case s.done != nil:
		case chosen == 0 && c.facts.NoWrite == "":
			s.working = true
			eng := c.eng
			return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
				done, err := eng.Recover(ctx)
				return recoveredMsg{done, err}
			})}
		case chosen == 0:
			return action{notice: texts.RecoverDryRun}
		case chosen == 1:
			return action{leave: true}
		}
	}
	return action{}
}

func (s *recoverScreen) body(c *common, w, h int) []string {
	text := min(w-2*margin, textWidth)
	if s.done != nil {
		lines := block(texts.Recovered(s.done.Run, s.done.Outcome, len(s.done.Files)), text, 3, c.marks.More)
		return append(append(lines, ""), fileLines(c, s.done.Files, text, h-len(lines)-1)...)
	}
	var lines []string
	run := c.eng.Unfinished()
	if run != nil {
		lines = block(texts.CutOff(run.ID, run.Time.Local().Format(time.DateTime), person(run.Who)), text, 4, c.marks.More)
	}
	lines = append(lines, "")
	if s.working {
		lines = append(lines, indent(texts.Working))
	} else {
		lines = append(lines, s.menu.view(c)...)
	}
	if s.failed != nil {
		lines = append(append(lines, ""), block("! "+texts.Failed(s.failed), text, 4, c.marks.More)...)
	}
	lines = append(append(lines, ""), block(texts.RecoverText, text, 3, c.marks.More)...)
	if run != nil {
		lines = append(append(lines, ""), fileLines(c, run.Files, text, h-len(lines)-1)...)
	}
	return lines
}

func fileLines(c *common, files []string, w, rows int) []string {
	lines := make([]string, 0, len(files))
	for i, f := range files {
		if i >= rows-1 && i < len(files)-1 {
			return append(lines, indent(texts.AndMore(len(files)-i)))
		}
		lines = append(lines, indent(fmt.Sprintf("- %s", cut(printable(f), w-2, c.marks.More))))
	}
	return lines
}
