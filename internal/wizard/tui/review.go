package tui

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// reviewScreen shows a plan before it is applied: per guideline, then files, actions, warnings, what stands in the way, what is left to do.
type reviewScreen struct {
	review  *flow.Review
	failed  error
	working bool
	items   []item
	width   int // that items were set for
	cursor  int
	list    window
	checks  *flow.Checking
	checked []flow.CheckResult
	ended   bool
}

// item is one line of the review.
type item struct {
	text  string
	style lipgloss.Style
	head  bool
	step  string // guideline lines: enter opens it
	guide int
	file  int // file lines: enter shows its diff; -1 = none
	out   bool
}

var (
	reviewOpen   = bind("enter", texts.KeyOpen, "enter")
	reviewApply  = bind("a", texts.KeyApply, "a")
	reviewDiff   = bind("d", texts.KeyDiff, "d")
	reviewTest   = bind("t", texts.KeyTest, "t", "ctrl+t")
	reviewSave   = bind("w", texts.KeySave, "w")
	reviewSkip   = bind("s", texts.KeySkip, "s")
	reviewBack   = bind("s", texts.KeyTakeBack, "s")
	reviewReplan = bind("F5", texts.KeyReplan, "f5", "ctrl+l")
)

func newReview() *reviewScreen { return &reviewScreen{working: true} }

func (s *reviewScreen) name() string { return "review" }

func (s *reviewScreen) title(*common) (left, right string) {
	if s.review == nil {
		return texts.ReviewTitle, ""
	}
	added, removed := 0, 0
	for _, f := range s.review.Files {
		added, removed = added+f.Added, removed+f.Removed
	}
	return texts.ReviewTitle, texts.ReviewCount(len(s.review.Files), added, removed, s.review.Hash)
}

func (s *reviewScreen) here() item {
	if s.cursor < len(s.items) {
		return s.items[s.cursor]
	}
	return item{file: -1}
}

func (s *reviewScreen) step(*common) string { return s.here().step }

func (s *reviewScreen) keys(c *common) []key.Binding {
	if s.review == nil {
		return []key.Binding{keyBack, reviewReplan}
	}
	var all []key.Binding
	if len(s.review.Blocked) == 0 {
		all = append(all, reviewApply)
	} else if !s.review.Empty {
		all = append(all, reviewReplan) // when what stands in the way is gone
	}
	if len(s.review.Files) > 0 {
		all = append(all, reviewDiff)
	}
	if h := s.here(); h.step != "" || h.file >= 0 {
		all = append(all, reviewOpen)
	}
	all = append(all, keyBack)
	if c.facts.CanSave {
		all = append(all, reviewSave)
	}
	switch h := s.here(); {
	case h.step != "" && h.out:
		all = append(all, reviewBack)
	case h.step != "":
		all = append(all, reviewSkip)
	}
	if len(s.review.Checks) > 0 {
		all = append(all, reviewTest)
	}
	all = append(all, keyMove)
	if len(s.review.Blocked) == 0 || s.review.Empty {
		all = append(all, reviewReplan)
	}
	return all
}

// reviewedMsg brings the plan.
type reviewedMsg struct {
	review *flow.Review
	err    error
}

func (s *reviewScreen) init(c *common) action {
	return action{cmd: tea.Batch(enter(c, s, flow.Place{Screen: flow.AtReview}), s.plan(c))}
}

// refresh plans again: what lay above may have changed the answers.
func (s *reviewScreen) refresh(c *common) action {
	c.reload()
	return s.init(c)
}

func (s *reviewScreen) plan(c *common) tea.Cmd {
	s.working = true
	s.leaving(c)
	eng := c.eng
	return c.do(s, func(ctx context.Context) tea.Msg {
		r, err := eng.Review(ctx)
		return reviewedMsg{r, err}
	})
}

func (s *reviewScreen) leaving(*common) {
	if s.checks != nil {
		s.checks.Cancel()
	}
}

func (s *reviewScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case reviewedMsg:
		return s.show(c, msg)
	case noticeMsg:
		return action{notice: string(msg)}
	case changedMsg:
		c.reload()
		return action{cmd: s.plan(c), notice: msg.notice}
	case checkingMsg:
		s.checks, s.checked, s.ended = msg.run, nil, false
		return action{cmd: s.wait(c)}
	case oneMsg:
		if s.checks != nil && msg.generation == s.checks.Generation {
			s.checked = append(s.checked, msg.result)
			s.setItems(c)
			return action{cmd: s.wait(c)}
		}
	case allMsg:
		if s.checks != nil && msg.generation == s.checks.Generation {
			s.ended = true
			s.setItems(c)
		}
	case tea.KeyPressMsg:
		return s.press(c, msg)
	}
	return action{}
}

func (s *reviewScreen) wait(c *common) tea.Cmd {
	run := s.checks
	return c.do(s, func(ctx context.Context) tea.Msg {
		r, ok := run.Next(ctx)
		if !ok {
			return allMsg{run.Generation}
		}
		return oneMsg{run.Generation, r}
	})
}

// show takes a plan. Its checks begin at once, in the background: they are part of what is to be seen before an apply.
func (s *reviewScreen) show(c *common, msg reviewedMsg) action {
	s.working, s.failed = false, msg.err
	if msg.err != nil {
		s.review, s.items = nil, nil
		return action{}
	}
	s.review, s.checked, s.ended = msg.review, nil, false
	s.setItems(c)
	s.cursor = min(s.cursor, max(0, len(s.items)-1))
	if s.cursor == 0 {
		s.step1(1)
	}
	if len(s.review.Checks) == 0 {
		return action{}
	}
	eng := c.eng
	return action{cmd: c.do(s, func(ctx context.Context) tea.Msg { return checkingMsg{run: eng.CheckAll(ctx)} })}
}

// step1 moves the cursor to the next line that is not a heading or blank; at the end it stays.
func (s *reviewScreen) step1(by int) {
	for i := s.cursor + by; i >= 0 && i < len(s.items); i += by {
		if !s.items[i].head && s.items[i].text != "" {
			s.cursor = i
			return
		}
	}
}

func (s *reviewScreen) press(c *common, msg tea.KeyPressMsg) action {
	switch {
	case key.Matches(msg, keyBack):
		s.leaving(c)
		return action{toHub: true}
	case s.working:
		return action{}
	case key.Matches(msg, reviewReplan):
		return action{cmd: s.plan(c)}
	case s.review == nil:
		return action{}
	case key.Matches(msg, keyUp):
		s.step1(-1)
	case key.Matches(msg, keyDown):
		s.step1(1)
	case key.Matches(msg, keyPageUp):
		s.jump(-max(1, c.h-8))
	case key.Matches(msg, keyPageDn):
		s.jump(max(1, c.h-8))
	case key.Matches(msg, keyTop):
		s.jump(-len(s.items))
	case key.Matches(msg, keyBottom):
		s.jump(len(s.items))
	default:
		return s.command(c, msg)
	}
	return action{}
}

func (s *reviewScreen) jump(by int) {
	s.cursor = max(0, min(len(s.items)-1, s.cursor+by))
	if it := s.here(); it.head || it.text == "" {
		was := s.cursor
		s.step1(1)
		if s.cursor == was {
			s.step1(-1)
		}
	}
}

func (s *reviewScreen) command(c *common, msg tea.KeyPressMsg) action {
	here := s.here()
	switch {
	case key.Matches(msg, reviewApply):
		return s.apply(c)
	case key.Matches(msg, reviewDiff) && len(s.review.Files) > 0:
		return action{push: newDiff(c, s.review, max(0, s.fileOf(here)))}
	case key.Matches(msg, reviewOpen) && here.file >= 0:
		return action{push: newDiff(c, s.review, here.file)}
	case key.Matches(msg, reviewOpen) && here.step != "":
		row, _ := c.row(here.step)
		if !row.Openable() {
			return action{push: newWhy(c, here.step)}
		}
		s.leaving(c)
		return action{push: newStep(here.step)}
	case key.Matches(msg, reviewTest) && len(s.review.Checks) > 0:
		s.leaving(c)
		return action{push: newChecks("", flow.Values{})}
	case key.Matches(msg, reviewSave) && c.facts.CanSave:
		return action{push: newSave()}
	case key.Matches(msg, reviewSkip) && here.step != "":
		return s.skip(c, here)
	}
	return action{}
}

// fileOf is the file to show first for a line: the first one of its guideline.
func (s *reviewScreen) fileOf(here item) int {
	if here.file >= 0 {
		return here.file
	}
	for _, r := range s.review.Rows {
		if r.ID == here.step && len(r.Files) > 0 {
			return r.Files[0]
		}
	}
	return 0
}

func (s *reviewScreen) apply(c *common) action {
	switch {
	case c.facts.DryRun:
		return action{notice: texts.DryRunApply}
	case len(s.review.Blocked) > 0:
		return action{notice: s.review.Blocked[0]}
	}
	s.leaving(c)
	return action{push: newConfirm(s.review)}
}

func (s *reviewScreen) skip(c *common, here item) action {
	row, _ := c.row(here.step)
	if !here.out {
		if !row.Openable() {
			return action{}
		}
		return action{push: newSkip(row, texts.SkipDefault, nil)}
	}
	eng := c.eng
	return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
		return refreshNotice(texts.TakenBackNotice(row.Guideline, row.Title), eng.Unskip(ctx, row.ID))
	})}
}

func (s *reviewScreen) body(c *common, w, h int) []string {
	text := min(w-2*margin, textWidth)
	switch {
	case s.failed != nil:
		return block("! "+texts.Failed(s.failed), text, h, c.marks.More)
	case s.review == nil:
		return []string{indent(texts.Planning)}
	}
	if s.width != w {
		s.width = w
		s.setItems(c)
	}
	from, to := s.list.show(s.cursor, len(s.items), h)
	if s.cursor <= 2 {
		s.list.top = 0
		from, to = s.list.show(s.cursor, len(s.items), h)
	}
	lines := make([]string, 0, h)
	for i := from; i < to; i++ {
		it := s.items[i]
		mark := "  "
		if i == s.cursor {
			mark = c.marks.Cursor + " "
		}
		if it.head {
			lines = append(lines, indent(c.st.Title.Render(it.text)))
			continue
		}
		line := it.style.Render(cut(it.text, w-2*margin-2, c.marks.More))
		if i == s.cursor {
			mark = c.st.Focus.Render(mark)
		}
		lines = append(lines, indent(mark+line))
	}
	return lines
}

// setItems sets the review in lines.
func (s *reviewScreen) setItems(c *common) {
	r := s.review
	if r == nil {
		return
	}
	w := c.w - 2*margin - 2
	b := &itemList{w: min(w, textWidth), wide: w, st: c.st}
	b.blocked(r)
	b.rows(c, r)
	b.files(r, c.marks.More)
	b.actions(r)
	b.problems(r)
	b.checks(c, r, s.checked, s.ended)
	b.advice(r)
	s.items = b.items
	s.width = c.w
}
