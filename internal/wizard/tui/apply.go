package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// confirmScreen has the operator type the word: nothing else writes.
type confirmScreen struct {
	review *flow.Review
	line   line
	going  bool
}

func newConfirm(r *flow.Review) *confirmScreen { return &confirmScreen{review: r, line: newLine("")} }

func (s *confirmScreen) name() string                       { return "apply" }
func (s *confirmScreen) guarded() bool                      { return true }
func (s *confirmScreen) typing() bool                       { return true }
func (s *confirmScreen) title(*common) (left, right string) { return texts.ApplyTitle, "" }
func (s *confirmScreen) keys(*common) []key.Binding         { return []key.Binding{promptEsc, confirmEnter} }
func (s *confirmScreen) init(*common) action                { return action{} }

var confirmEnter = bind("enter", texts.KeyApply, "enter")

// startedMsg says that the apply has begun.
type startedMsg struct {
	run *flow.Applying
	err error
}

func (s *confirmScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case startedMsg:
		if msg.err != nil {
			return action{pop: true, notice: texts.ApplyStale}
		}
		return action{pop: true, push: newProgress(msg.run)}
	case tea.PasteMsg:
		// A pasted word is no decision.
	case tea.KeyPressMsg:
		switch {
		case s.going:
		case key.Matches(msg, promptEsc):
			return action{pop: true}
		case key.Matches(msg, confirmEnter):
			if strings.TrimSpace(s.line.text()) != texts.ApplyWord {
				return action{pop: true, notice: texts.ApplyMistyped}
			}
			s.going = true
			eng, hash := c.eng, s.review.Hash
			return action{cmd: c.do(s, func(context.Context) tea.Msg {
				run, err := eng.Apply(hash)
				return startedMsg{run, err}
			})}
		default:
			s.line.update(msg)
		}
	}
	return action{}
}

func (s *confirmScreen) body(c *common, w, h int) []string {
	text := min(w-2*margin, textWidth)
	lines := block(texts.ApplyWhere(len(s.review.Files), c.facts.Host, c.facts.Home)+".", text, 3, c.marks.More)
	lines = append(lines, "")
	lines = append(lines, block(texts.ApplyBackup, text, 3, c.marks.More)...)
	if n := len(c.eng.Untested()); n > 0 {
		lines = append(lines, block("? "+texts.ApplyUntested(n), text, 3, c.marks.More)...)
	}
	lines = append(lines, "", s.line.view(c.st.Title.Render(texts.ApplyPrompt), text), indent(texts.ApplyNo), "")
	for _, p := range distinct(s.review.Problems) {
		if room := h - len(lines); p.Severity == steps.Note || room < 2 {
			continue
		}
		lines = append(lines, block("? "+printable(p.Message), text, 2, c.marks.More)...)
	}
	return lines
}

// progressScreen shows an apply under way. It only looks on: the apply belongs to the Engine.
type progressScreen struct {
	run  *flow.Applying
	now  flow.Progress
	seen int
}

func newProgress(run *flow.Applying) *progressScreen { return &progressScreen{run: run} }

func (s *progressScreen) name() string                       { return "progress" }
func (s *progressScreen) title(*common) (left, right string) { return texts.ApplyGoing, "" }
func (s *progressScreen) keys(*common) []key.Binding         { return nil }

// stageMsg brings how far it is; endedMsg how it ended.
type (
	stageMsg struct {
		now     flow.Progress
		version int
	}
	endedMsg struct{ applied *flow.Applied }
)

func (s *progressScreen) init(c *common) action { return action{cmd: s.wait(c)} }

func (s *progressScreen) wait(c *common) tea.Cmd {
	run, seen := s.run, s.seen
	return c.do(s, func(ctx context.Context) tea.Msg {
		if now, version, ok := run.Next(ctx, seen); ok {
			return stageMsg{now, version}
		}
		return endedMsg{run.Wait(ctx)}
	})
}

func (s *progressScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case stageMsg:
		s.now, s.seen = msg.now, msg.version
		return action{cmd: s.wait(c)}
	case endedMsg:
		if msg.applied == nil {
			return action{} // the program is ending
		}
		c.reload()
		return action{toHub: true, push: newResult(msg.applied)}
	}
	return action{}
}

func (s *progressScreen) body(c *common, w, _ int) []string {
	text := min(w-2*margin, textWidth)
	lines := make([]string, 0, len(s.now.Log)+3)
	for i, stage := range s.now.Log {
		mark, style := c.marks.OK, c.st.Good
		detail := ""
		if i == len(s.now.Log)-1 {
			mark, style = c.marks.Run, c.st.Accent
			if s.now.Total > 0 {
				detail = fmt.Sprintf("  %d of %d", s.now.Done, s.now.Total)
			}
		}
		lines = append(lines, indent(box(style, mark)+texts.StageName(string(stage.Stage))+detail))
	}
	lines = append(lines, indent("     "+cut(printable(s.now.Path), text-5, c.marks.More)), "")
	return append(lines, indent(texts.ApplyLost))
}

// resultScreen tells how an apply ended, and what to do now.
type resultScreen struct {
	applied *flow.Applied
	top     int
	rows    int
	total   int
}

func newResult(a *flow.Applied) *resultScreen { return &resultScreen{applied: a} }

func (s *resultScreen) name() string  { return "result" }
func (s *resultScreen) guarded() bool { return true }

func (s *resultScreen) title(*common) (left, right string) {
	var rolled *apply.RolledBackError
	var broken *apply.IncompleteError
	var stale *apply.StaleError
	switch err := s.applied.Err; {
	case err == nil:
		return texts.ResultApplied, ""
	case errors.As(err, &broken):
		return texts.ResultBroken, ""
	case errors.As(err, &rolled):
		return texts.ResultRolled, ""
	case errors.As(err, &stale):
		return texts.ResultStale, ""
	}
	return texts.ResultFailed, ""
}

var (
	resultHub   = bind("enter", texts.KeyToList, "enter", "esc")
	resultAgain = bind("r", texts.KeyReplan, "r")
)

func (s *resultScreen) keys(*common) []key.Binding {
	all := []key.Binding{resultHub}
	if s.applied.Err != nil {
		all = append(all, resultAgain)
	}
	if s.total > s.rows {
		all = append(all, textScroll)
	}
	return all
}

// init has the install read anew: it has changed.
func (s *resultScreen) init(c *common) action {
	eng := c.eng
	return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
		return refreshedMsg{errors.Join(eng.Seen(ctx), eng.Refresh(ctx))}
	})}
}

func (s *resultScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case refreshedMsg:
		c.reload()
		if msg.err != nil {
			return action{notice: texts.Failed(msg.err)}
		}
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, resultHub):
			return action{toHub: true}
		case key.Matches(msg, resultAgain) && s.applied.Err != nil:
			return action{toHub: true, push: newReview()}
		case key.Matches(msg, keyDown):
			s.top++
		case key.Matches(msg, keyUp):
			s.top--
		case key.Matches(msg, keyPageDn):
			s.top += s.rows
		case key.Matches(msg, keyPageUp):
			s.top -= s.rows
		}
	}
	return action{}
}

func (s *resultScreen) body(c *common, w, h int) []string {
	b := &resultText{w: min(w-2*margin, textWidth), c: c}
	if s.applied.Err != nil {
		b.failed(s.applied)
	} else {
		b.applied(s.applied)
	}
	s.rows, s.total = h, len(b.lines)
	s.top = max(0, min(s.top, s.total-h))
	return b.lines[s.top:]
}

// resultText makes the lines of a result: a word at the left, what belongs to it beside it.
type resultText struct {
	lines []string
	w     int
	c     *common
}

const resultLabel = 11

func (b *resultText) para(label, text string) {
	for i, l := range wrapLines(printableLines(text), b.w-resultLabel) {
		head := pad("", resultLabel)
		if i == 0 {
			head = pad(label, resultLabel)
		}
		b.lines = append(b.lines, indent(head+l))
	}
}

// path is para for what must stay in one piece, to be copied: it begins further left, or goes on in the next line, when it is long.
func (b *resultText) path(label, text string) {
	text = printable(text)
	if lipgloss.Width(text) <= b.w-resultLabel {
		b.lines = append(b.lines, indent(pad(label, resultLabel)+text))
		return
	}
	if label != "" {
		b.lines = append(b.lines, indent(label))
	}
	for _, l := range wrap(text, b.c.w-2*margin) {
		b.lines = append(b.lines, indent(l))
	}
}

// command is a command of a shell to be copied: on lines of its own, which the shell takes as one when there is more than one.
func (b *resultText) command(text string) {
	text = printable(text)
	for _, at := range []int{resultLabel + margin, margin} {
		if lipgloss.Width(text) <= b.c.w-at-1 {
			b.lines = append(b.lines, strings.Repeat(" ", at)+text)
			return
		}
	}
	b.lines = append(b.lines, texts.ShellLines(text, b.c.w-1)...) // from the edge: a blank before the rest of a word would part it
}

func (b *resultText) gap() { b.lines = append(b.lines, "") }

func (b *resultText) applied(a *flow.Applied) {
	r := a.Result
	b.lines = append(b.lines, indent(box(b.c.st.Good, b.c.marks.OK)+texts.ResultSum(r.Run, r.Files, r.Actions, r.Took)))
	b.gap()
	ok := 0
	for _, v := range a.Verified {
		if v.Status == steps.OK {
			ok++
		}
	}
	if len(a.Verified) > 0 {
		b.para(texts.ResultVerified, texts.VerifiedCount(ok, len(a.Verified)))
	}
	for i, n := range a.Next {
		label := ""
		if i == 0 {
			label = texts.ResultNext
		}
		b.para(label, n.Text+":")
		b.command(n.Command)
	}
	b.para(texts.ResultUndo, "")
	b.command(a.Undo)
	b.path(texts.ResultReport, r.Report)
	b.path(texts.ResultLog, r.Log)
	if len(a.Warnings) > 0 {
		b.gap()
	}
	for _, w := range a.Warnings {
		b.para(texts.ResultWarnings, "! "+w)
	}
	for _, adv := range a.Review.Advice {
		b.gap()
		b.para(texts.ResultAdvice, fmt.Sprintf("%d %s", adv.Guideline, adv.Title))
		b.para("", adv.Text)
		for _, cmd := range adv.Commands {
			b.path("", "  "+cmd)
		}
		for _, f := range adv.Attachments {
			b.para("", texts.InReport(f.Name))
		}
	}
}

func (b *resultText) failed(a *flow.Applied) {
	var pre *apply.PreflightError
	var rolled *apply.RolledBackError
	var broken *apply.IncompleteError
	var stale *apply.StaleError
	switch err := a.Err; {
	case errors.As(err, &broken):
		b.para("!", texts.ResultHuman)
		b.gap()
		for _, f := range broken.Files {
			b.path("", f)
		}
		b.path(texts.ResultJournal, broken.Journal)
	case errors.As(err, &rolled):
		b.para("!", texts.RolledBack(texts.Cause(rolled.Err)))
		b.gap()
		b.path(texts.ResultLog, rolled.Log)
	case errors.As(err, &stale):
		b.para("!", texts.ApplyStale)
		b.gap()
		for _, f := range stale.Files {
			b.path("", f)
		}
	case errors.As(err, &pre):
		for _, p := range pre.Problems {
			b.para("!", texts.PreflightProblem(p.Path, p.Message, p.Fix))
		}
		b.gap()
		b.para("", texts.ResultAgain)
	default:
		b.para("!", texts.Failed(err))
		b.para("", texts.ResultAgain)
	}
}
