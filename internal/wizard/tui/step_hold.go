package tui

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// held is work that the next keys wait for: what was typed ahead is meant for the field that comes after it, which may show what it is given
// where this one hides it, or the other way round. esc stops the work.
type held struct {
	n      int
	what   string // what is being done, a sentence
	slow   bool   // it takes long enough to say so
	ends   bool   // its result is waited for even when it has been stopped: the answers may have been accepted
	stays  bool   // after the work the last field is kept, and the form is not handed in
	cancel context.CancelFunc
	keys   []tea.Msg // key presses and pastes that wait
}

// mostHeld is how many of them wait; more are no typing.
const mostHeld = 4096

// judgedMsg brings the judgement of one field; slowHoldMsg says that work is still under way. hold 0: nobody waits for it.
type (
	judgedMsg struct {
		hold    int
		key     string
		of      flow.Values
		problem *steps.Problem
	}
	slowHoldMsg struct{ hold int }
)

// hold begins work that keys wait for.
func (s *stepScreen) hold(c *common, what string, work func(ctx context.Context, n int) tea.Msg) tea.Cmd {
	s.holds++
	n := s.holds
	ctx, cancel := context.WithCancel(c.ctx)
	s.held = &held{n: n, what: what, cancel: cancel}
	cmd := c.do(s, func(context.Context) tea.Msg {
		defer cancel()
		return work(ctx, n)
	})
	return tea.Batch(cmd, c.after(s, sayReading, slowHoldMsg{n}))
}

// release ends the work whose result has come, and returns the keys that have waited. ours is false when it was stopped before.
func (s *stepScreen) release(n int) (keys []tea.Msg, ours bool) {
	if s.held == nil || s.held.n != n {
		return nil, false
	}
	keys = s.held.keys
	s.held = nil
	return keys, true
}

// stop gives up the work under way.
func (s *stepScreen) stop() {
	if s.held != nil {
		s.held.cancel()
		s.held = nil
	}
}

// leaving is called when the program ends.
func (s *stepScreen) leaving(c *common) {
	s.stop()
	s.remember(c)
}

// pressHeld takes a key while work is under way. Work that may already have made answers of what was typed is told to stop, and waited for.
func (s *stepScreen) pressHeld(msg tea.KeyPressMsg) action {
	if key.Matches(msg, stepBack) {
		s.held.cancel()
		s.held.keys = nil
		if !s.held.ends {
			s.held = nil
		}
		return action{notice: texts.LookingStopped}
	}
	if len(s.held.keys) < mostHeld {
		s.held.keys = append(s.held.keys, msg)
	}
	return action{}
}

// replay gives the keys that have waited to whatever has the focus now. When one of them leads to another screen, the rest is dropped.
func (s *stepScreen) replay(c *common, a action, keys []tea.Msg) action {
	cmds := []tea.Cmd{a.cmd}
	for _, k := range keys {
		if a.pop || a.toHub || a.push != nil || a.leave {
			break
		}
		notice := a.notice
		if a = s.update(c, k); a.notice == "" {
			a.notice = notice
		}
		cmds = append(cmds, a.cmd)
	}
	a.cmd = tea.Batch(cmds...)
	return a
}

// judgeCurrent judges the field with the focus outside the drawing loop, and goes on from it when it is good.
func (s *stepScreen) judgeCurrent(c *common) action {
	eng, q, v := c.eng, s.current().q, s.values()
	return action{cmd: s.hold(c, texts.LookingAtFile, func(ctx context.Context, n int) tea.Msg {
		return judgedMsg{hold: n, key: q.Key, of: v, problem: eng.Judge(ctx, q, v)}
	})}
}

// judgeLeft judges a field that was left with tab; nothing waits for it.
func (s *stepScreen) judgeLeft(c *common) tea.Cmd {
	fl := s.form.left
	s.form.left = nil
	if fl == nil {
		return nil
	}
	eng, q, v := c.eng, fl.q, s.values()
	return c.do(s, func(ctx context.Context) tea.Msg {
		return judgedMsg{key: q.Key, of: v, problem: eng.Judge(ctx, q, v)}
	})
}

// fieldJudged shows a judgement, unless the field holds something else by now, and goes on when that has been waited for.
func (s *stepScreen) fieldJudged(c *common, msg judgedMsg) action {
	stays := s.held != nil && s.held.stays
	keys, ours := s.release(msg.hold)
	i := -1
	if s.ready() {
		i = s.form.index(msg.key)
	}
	if i < 0 || !s.form.fields[i].holds(msg.of) || msg.hold != 0 && !ours {
		return action{}
	}
	s.form.fields[i].problem = msg.problem
	if !ours || worse(msg.problem) || s.form.focus != i {
		return action{} // what was typed ahead was meant for another field
	}
	if stays {
		return s.replay(c, s.after(c, s.form.move(1)), keys)
	}
	return s.replay(c, s.after(c, s.form.forward()), keys)
}

// waitsFor is what is said while work takes long.
func (s *stepScreen) waitsFor() string {
	if s.held == nil || !s.held.slow {
		return ""
	}
	return s.held.what
}
