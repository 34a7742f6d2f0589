package tui

import (
	"context"
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// hub is the list of all guidelines, with the review below them.
type hub struct {
	cursor int // row, or len(rows) for the review
	list   window
}

var (
	hubOpen    = keyEnter
	hubSkip    = bind("s", texts.KeySkip, "s")
	hubBack    = bind("s", texts.KeyTakeBack, "s")
	hubReview  = bind("r", texts.KeyReview, "r")
	hubRefresh = bind("F5", texts.KeyRefresh, "f5", "ctrl+l")
)

func newHub(c *common) *hub {
	h := &hub{}
	c.reload()
	h.goTo(c, c.eng.Next(""))
	if at := c.eng.At(); at.Screen == flow.AtStep && !c.look {
		h.goTo(c, at)
	}
	return h
}

// goTo puts the cursor on a place.
func (h *hub) goTo(c *common, p flow.Place) {
	h.cursor = len(c.rows)
	for i, r := range c.rows {
		if p.Screen == flow.AtStep && r.ID == p.Step {
			h.cursor = i
		}
	}
}

func (h *hub) name() string { return "hub" }

func (h *hub) title(c *common) (left, right string) {
	settled, total := c.eng.Progress()
	return texts.HubTitle, texts.HubCount(settled, total)
}

// dense has the list begin right below the title, where the window is too low for all of it otherwise.
func (h *hub) dense(c *common) bool { return c.h < 25 }

func (h *hub) onReview(c *common) bool { return h.cursor >= len(c.rows) }

func (h *hub) current(c *common) (flow.Row, bool) {
	if h.onReview(c) {
		return flow.Row{}, false
	}
	return c.rows[h.cursor], true
}

func (h *hub) step(c *common) string {
	r, _ := h.current(c)
	return r.ID
}

func (h *hub) keys(c *common) []key.Binding {
	all := []key.Binding{hubOpen}
	if c.look {
		return append(all, keyBack, keyMove)
	}
	if r, ok := h.current(c); ok && !r.Openable() {
		all = nil
	}
	if r, ok := h.current(c); ok && r.Mark == flow.MarkSkipped {
		all = append(all, hubBack)
	} else if ok && r.Openable() {
		all = append(all, hubSkip)
	}
	return append(all, hubReview, hubRefresh, keyMove)
}

func (h *hub) init(c *common) action { return h.refresh(c) }

// refresh is called when the hub comes to the top again: the session remembers that.
func (h *hub) refresh(c *common) action {
	c.reload()
	return action{cmd: enter(c, h, flow.Place{Screen: flow.AtHub})}
}

// enter has the session remember a place.
func enter(c *common, to screen, p flow.Place) tea.Cmd {
	if c.look {
		return nil
	}
	eng := c.eng
	return c.do(to, func(ctx context.Context) tea.Msg {
		if err := eng.Enter(ctx, p); err != nil {
			return noticeMsg(texts.SessionNotSaved(err))
		}
		return nil
	})
}

// noticeMsg is a result that is only for the line above the footer.
type noticeMsg string

// refreshedMsg says that the install has been read again.
type refreshedMsg struct{ err error }

func (h *hub) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case noticeMsg:
		return action{notice: string(msg)}
	case changedMsg:
		c.reload()
		return action{notice: msg.notice}
	case refreshedMsg:
		c.reload()
		if msg.err != nil {
			return action{notice: texts.Failed(msg.err)}
		}
		return action{notice: texts.HubRefreshed}
	case tea.KeyPressMsg:
		return h.press(c, msg)
	}
	return action{}
}

func (h *hub) press(c *common, msg tea.KeyPressMsg) action {
	last := len(c.rows)
	if c.look {
		last--
	}
	row, onRow := h.current(c)
	switch {
	case key.Matches(msg, keyUp):
		h.cursor = max(0, h.cursor-1)
	case key.Matches(msg, keyDown):
		h.cursor = min(last, h.cursor+1)
	case key.Matches(msg, keyTop, keyPageUp):
		h.cursor = 0
	case key.Matches(msg, keyBottom, keyPageDn):
		h.cursor = last
	case key.Matches(msg, hubOpen):
		return h.open(c, row, onRow)
	case key.Matches(msg, keyBack) && c.look:
		c.look = false
		return action{pop: true}
	case c.look:
	case key.Matches(msg, hubSkip) && onRow && row.Mark == flow.MarkSkipped:
		return h.takeBack(c, row)
	case key.Matches(msg, hubSkip) && onRow && row.Openable():
		return action{push: newSkip(row, "", nil)}
	case key.Matches(msg, hubReview):
		return action{push: newReview()}
	case key.Matches(msg, hubRefresh):
		eng := c.eng
		return action{cmd: c.do(h, func(ctx context.Context) tea.Msg { return refreshedMsg{eng.Refresh(ctx)} }), notice: texts.Reading}
	}
	return action{}
}

func (h *hub) open(c *common, row flow.Row, onRow bool) action {
	switch {
	case !onRow:
		return action{push: newReview()}
	case c.look:
		return action{push: newWhy(c, row.ID)}
	case row.Mark == flow.MarkNotBuilt:
		return action{notice: texts.NotBuilt(row.Guideline)}
	case !row.Openable():
		return action{notice: texts.NotOpenable}
	}
	return action{push: newStep(row.ID)}
}

func (h *hub) takeBack(c *common, row flow.Row) action {
	eng := c.eng
	return action{
		cmd: c.do(h, func(ctx context.Context) tea.Msg {
			err := eng.Unskip(ctx, row.ID)
			return refreshNotice(texts.TakenBackNotice(row.Guideline, row.Title), err)
		}),
	}
}

// changedMsg says that the rows have changed, with a notice.
type changedMsg struct{ notice string }

func refreshNotice(notice string, err error) tea.Msg {
	if err != nil {
		notice = texts.SessionNotSaved(err)
	}
	return changedMsg{notice}
}

func (h *hub) body(c *common, w, rows int) []string {
	const info = 3 // a blank line and two about the row under the cursor
	listRows := rows - info
	if rows < 10 {
		listRows = rows
	}
	total := len(c.rows) + 1
	from, to := h.list.show(h.cursor, total, listRows)
	lines := make([]string, 0, rows)
	for i := from; i < to; i++ {
		if i == len(c.rows) {
			lines = append(lines, h.reviewLine(c, w))
			continue
		}
		lines = append(lines, rowLine(c, c.rows[i], i == h.cursor, w))
	}
	if listRows == rows {
		return lines
	}
	lines = append(fill(lines, listRows), "")
	return append(lines, block(h.about(c), min(w-2*margin, textWidth), info-1, c.marks.More)...)
}

// about is what is said about the row under the cursor.
func (h *hub) about(c *common) string {
	r, ok := h.current(c)
	if !ok {
		return h.aboutReview(c)
	}
	if r.Mark == flow.MarkNotBuilt {
		return texts.NotBuilt(r.Guideline) + " " + printable(r.Why)
	}
	if r.Mark == flow.MarkCheck {
		return checkAgain(r.Changed)
	}
	if len(r.Findings) > 0 && (r.Mark == flow.MarkOpen || r.Mark == flow.MarkUnknown || stillOpen(r)) {
		return printable(r.Findings[0].Message)
	}
	return printable(r.Why)
}

// checkAgain says what has changed since answers were accepted, and what to do about it.
func checkAgain(changed []flow.Changed) string {
	var all []string
	for _, c := range changed {
		all = append(all, c.Text())
	}
	return printable(strings.Join(append(all, texts.CheckAgainFix), " "))
}

func (h *hub) aboutReview(c *common) string {
	settled, total := c.eng.Progress()
	if settled < total {
		return texts.HubSomeOpen(total - settled)
	}
	return texts.HubAllSettled
}

// rowLine draws a guideline: cursor, mark, number, title, and what is to be said about it.
func rowLine(c *common, r flow.Row, focus bool, w int) string {
	cursor := " "
	if focus {
		cursor = c.marks.Cursor
	}
	titleWidth := 26
	if w < tightWidth {
		titleWidth = w - 13
	}
	mark, number := c.bracket(r), fmt.Sprintf("%2d  ", r.Guideline)
	title := pad(cut(r.Title, titleWidth, c.marks.More), titleWidth)
	if focus {
		cursor, number, title = c.st.Focus.Render(cursor), c.st.Focus.Render(number), c.st.Focus.Render(title)
	}
	line := " " + cursor + " " + c.tone(r).Render(mark) + " " + number + title
	if room := w - lipgloss.Width(line) - 2; room >= 10 {
		line += " " + c.tone(r).Render(cut(printable(r.Summary), room, c.marks.More))
	}
	return line
}

// stillOpen reports whether a guideline was applied and the audit has findings all the same: what is left is not for the files.
func stillOpen(r flow.Row) bool { return r.Mark == flow.MarkApplied && r.State == steps.Open }

// bracket is the mark of a row.
func (c *common) bracket(r flow.Row) string {
	m := map[flow.Mark]string{
		flow.MarkAnswered: c.marks.Done, flow.MarkApplied: c.marks.Done, flow.MarkAgain: c.marks.Again, flow.MarkCheck: c.marks.Check, flow.MarkDraft: c.marks.Draft, flow.MarkSkipped: c.marks.Skipped,
		flow.MarkMet: c.marks.Met, flow.MarkOpen: c.marks.Open, flow.MarkUnknown: c.marks.Unknown, flow.MarkNone: c.marks.None,
		flow.MarkNotBuilt: c.marks.NotBuilt,
	}[r.Mark]
	if stillOpen(r) {
		m = c.marks.Again
	}
	if r.Mark == flow.MarkNotBuilt || r.Mark == flow.MarkNone {
		return " " + m + " "
	}
	return "[" + m + "]"
}

// tone is the role of color of a row's summary; the mark says the same.
func (c *common) tone(r flow.Row) lipgloss.Style {
	if stillOpen(r) {
		return c.st.Warn
	}
	switch r.Mark {
	case flow.MarkAnswered, flow.MarkApplied, flow.MarkMet:
		return c.st.Good
	case flow.MarkAgain, flow.MarkCheck, flow.MarkDraft, flow.MarkUnknown:
		return c.st.Warn
	case flow.MarkOpen, flow.MarkSkipped, flow.MarkNone, flow.MarkNotBuilt:
	}
	return c.st.Plain
}

func (h *hub) reviewLine(c *common, w int) string {
	cursor := " "
	if h.onReview(c) {
		cursor = c.marks.Cursor
	}
	line := fmt.Sprintf(" %s      R  %s", cursor, texts.HubReview)
	if h.onReview(c) {
		line = c.st.Focus.Render(line)
	}
	return clip(line, w)
}
