package tui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/wizard/flow"
)

// screen is one picture with its keys. It is a pointer: its cursor and its drafts stay while others lie on top of it.
type screen interface {
	// name is stable, for tests.
	name() string
	// title is the second line: what this is, and where in it one is.
	title(c *common) (left, right string)
	// keys are what works here and now, the most important first. The footer and the help are made of them, and update matches them.
	keys(c *common) []key.Binding
	// init is called when the screen comes to the top for the first time.
	init(c *common) action
	// update gets key presses, pastes, and the results of the screen's own commands.
	update(c *common, msg tea.Msg) action
	// body draws into w times h cells, at most h lines. It changes nothing but how far lists are scrolled.
	body(c *common, w, h int) []string
}

// typist is a screen where letters go into a field at times.
type typist interface{ typing() bool }

// selfShown is a screen that appears without having been asked for: keys typed for the one before must not reach it.
type selfShown interface{ guarded() bool }

// stepper is a screen that is about a guideline: F2 tells about it.
type stepper interface{ step(c *common) string }

// fullWidth is a screen that draws its body from edge to edge, in more lines: without title and blank line.
type fullWidth interface{ bare() bool }

// denser is a screen that gives up the blank line below its title in low windows.
type denser interface{ dense(c *common) bool }

// action is what the root does after a screen has handled a message.
type action struct {
	cmd    tea.Cmd
	pop    bool   // leave the screen
	toHub  bool   // leave all screens above the hub
	push   screen // after pop or toHub
	notice string // for the line above the footer
	leave  bool   // end the program
}

// refresher is a screen that looks again when the one above it has gone.
type refresher interface{ refresh(c *common) action }

// common is what all screens share.
type common struct {
	ctx    context.Context // of the program: done when it ends
	eng    *flow.Engine
	st     *Styles
	marks  *Marks
	slow   bool
	now    func() time.Time
	tick   func(d time.Duration, msg func(time.Time) tea.Msg) tea.Cmd
	w, h   int
	busy   int // commands under way
	rows   []flow.Row
	facts  flow.Facts
	look   bool // only looking: the other wizard's install, or a session not decided about
	orange bool // blue and orange instead of red and green
}

// resultMsg is the result of a command of a screen. Results of screens that are gone are dropped.
type resultMsg struct {
	to  screen
	msg tea.Msg
}

// do runs work outside the drawing loop and gives its result to the screen. work gets copies only, never the screen.
func (c *common) do(to screen, work func(ctx context.Context) tea.Msg) tea.Cmd {
	c.busy++
	ctx := c.ctx
	return func() tea.Msg { return resultMsg{to: to, msg: work(ctx)} }
}

// after sends a message to a screen in a while.
func (c *common) after(to screen, d time.Duration, msg tea.Msg) tea.Cmd {
	return c.tick(d, func(time.Time) tea.Msg { return timerMsg{to: to, msg: msg} })
}

// timerMsg is a resultMsg that was not counted as busy.
type timerMsg struct {
	to  screen
	msg tea.Msg
}

// reload takes what the Engine says about the guidelines and the install.
func (c *common) reload() {
	c.rows = c.eng.Rows()
	c.facts = c.eng.Facts()
}

// row returns the row of a step.
func (c *common) row(id string) (flow.Row, bool) {
	for _, r := range c.rows {
		if r.ID == id {
			return r, true
		}
	}
	return flow.Row{}, false
}

func (c *common) tight() bool { return c.w < tightWidth || c.h < tightRows }
func (c *common) wide() bool  { return c.w >= wideWidth && !c.slow }

// settle runs work whose result goes to whatever screen is on top then: the one that asked has gone.
func (c *common) settle(work func(ctx context.Context) tea.Msg) tea.Cmd {
	c.busy++
	ctx := c.ctx
	return func() tea.Msg { return settledMsg{work(ctx)} }
}

// settledMsg is the result of work that a screen left behind.
type settledMsg struct{ msg tea.Msg }
