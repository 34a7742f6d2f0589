package tui

import (
	"context"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// root is the one model. It routes messages to the top screen and carries out what it answers.
type root struct {
	common
	stack  []screen // the hub lies at the bottom, unless an entry screen has to be passed first
	notice string
	guard  guard
	end    *flow.Outcome // set when the operator has left
	ending bool          // waiting for an apply to end
}

func newRoot(ctx context.Context, eng *flow.Engine, getenv func(string) string, slow bool) *root {
	r := &root{common: common{
		ctx: ctx, eng: eng, st: NewStyles(false), marks: NewMarks(utf8Locale(getenv)), slow: slow, now: time.Now, tick: tea.Tick,
		w: noSizeW, h: noSizeH,
	}}
	r.reload()
	r.notice = r.invitation(getenv("SSH_TTY") != "" && getenv("TMUX") == "" && getenv("STY") == "")
	return r
}

// invitation tells somebody who has not begun yet how to. bare: the link can drop, and nothing holds the terminal then.
func (r *root) invitation(bare bool) string {
	advice := ""
	if bare {
		advice = texts.TmuxAdvice
	}
	for _, row := range r.rows {
		if row.Mark == flow.MarkAnswered || row.Mark == flow.MarkApplied || row.Mark == flow.MarkCheck || row.Mark == flow.MarkDraft || row.Mark == flow.MarkSkipped {
			return advice
		}
	}
	next, ok := r.row(r.eng.Next("").Step)
	if !ok || r.eng.Entry() != flow.EntryHub {
		return advice
	}
	if bare {
		return texts.HubBeginBare(next.Guideline)
	}
	return texts.HubBegin(next.Guideline)
}

// Init shows the entry screen.
func (r *root) Init() tea.Cmd {
	cmd := r.carry(action{push: r.entry()})
	n := r.facts.Notices
	if f := r.facts; f.NoWrite != "" && !f.DryRun && r.eng.Entry() == flow.EntryHub {
		n = append([]string{f.NoWrite}, n...)
	}
	if len(n) > 0 {
		cmd = tea.Batch(cmd, r.carry(action{push: newNotices(n)}))
	}
	return cmd
}

// entry is the screen that comes first.
func (r *root) entry() screen {
	switch r.eng.Entry() {
	case flow.EntryLocked:
		return newLocked()
	case flow.EntryRecover:
		return newRecover()
	case flow.EntryResume:
		return newResume()
	case flow.EntryHub:
	}
	return newHub(&r.common)
}

func (r *root) top() screen { return r.stack[len(r.stack)-1] }

// Update handles one message. It does no input or output.
func (r *root) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		r.w, r.h = msg.Width, msg.Height
		if r.w <= 0 || r.h <= 0 {
			r.w, r.h = noSizeW, noSizeH
		}
		return r, nil
	case tea.KeyPressMsg:
		return r, r.key(msg)
	case tea.PasteMsg:
		return r, r.paste(msg)
	case resultMsg:
		r.busy--
		return r, r.deliver(msg.to, msg.msg)
	case timerMsg:
		return r, r.deliver(msg.to, msg.msg)
	case settledMsg:
		r.busy--
		r.settled(msg.msg)
		return r, nil
	}
	return r, nil
}

// settled takes the result of work that a screen left behind when it went.
func (r *root) settled(msg tea.Msg) {
	r.reload()
	if m, ok := msg.(changedMsg); ok && m.notice != "" {
		r.notice = m.notice
	}
}

// deliver gives a result to the screen that asked for it, if it is still there.
func (r *root) deliver(to screen, msg tea.Msg) tea.Cmd {
	for _, s := range r.stack {
		if s == to {
			return r.act(s, s.update(&r.common, msg))
		}
	}
	return nil
}

func (r *root) tooSmall() bool { return r.w < minWidth || r.h < minHeight }

func (r *root) key(msg tea.KeyPressMsg) tea.Cmd {
	if r.ending {
		return nil
	}
	top := r.top()
	if _, leaving := top.(*leaveScreen); key.Matches(msg, keyStop) {
		if leaving {
			return r.leaveNow(flow.EndLeft)
		}
		return r.carry(action{push: newLeave()})
	}
	if key.Matches(msg, keySave) {
		return r.leaveNow(flow.EndLeft)
	}
	if r.tooSmall() || r.guard.swallow(r.now()) {
		return nil
	}
	if cmd, done := r.global(msg, top); done {
		return cmd
	}
	if _, over := top.(*textScreen); !over {
		r.notice = "" // one that a text covers is shown when that has gone
	}
	return r.act(top, top.update(&r.common, msg))
}

// global handles the keys that work everywhere: help and why.
func (r *root) global(msg tea.KeyPressMsg, top screen) (cmd tea.Cmd, done bool) {
	if _, help := top.(*textScreen); help {
		return nil, false
	}
	if key.Matches(msg, keyHelp) || (key.Matches(msg, keyQuest) && !isTyping(top)) {
		return r.carry(action{push: newHelp(&r.common, top)}), true
	}
	if s, ok := top.(stepper); ok && key.Matches(msg, keyWhy) {
		if id := s.step(&r.common); id != "" {
			return r.carry(action{push: newWhy(&r.common, id)}), true
		}
	}
	return nil, false
}

func isTyping(s screen) bool {
	t, ok := s.(typist)
	return ok && t.typing()
}

// paste goes to screens with a field only: a pasted text presses no button.
func (r *root) paste(msg tea.PasteMsg) tea.Cmd {
	top := r.top()
	if r.ending || r.tooSmall() || !isTyping(top) || r.guard.swallow(r.now()) {
		return nil
	}
	return r.act(top, top.update(&r.common, msg))
}

// act carries out the action of a screen; one that is no longer on top cannot move others about.
func (r *root) act(from screen, a action) tea.Cmd {
	if from != r.top() && (a.pop || a.toHub || a.push != nil) {
		a.pop, a.toHub, a.push = false, false, nil
	}
	return r.carry(a)
}

func (r *root) carry(a action) tea.Cmd {
	var cmds []tea.Cmd
	add := func(c tea.Cmd) {
		if c != nil {
			cmds = append(cmds, c)
		}
	}
	add(a.cmd)
	if a.notice != "" {
		r.notice = a.notice
	}
	if a.leave {
		add(r.leaveNow(flow.EndLeft))
		return tea.Batch(cmds...)
	}
	revealed := false
	if a.pop && len(r.stack) > 0 {
		r.stack, revealed = r.stack[:len(r.stack)-1], true
	}
	if a.toHub {
		r.toHub()
		revealed = true
		if s, ok := a.push.(*stepScreen); ok { // esc comes back to its line
			r.stack[0].(*hub).goTo(&r.common, s.place()) //nolint:forcetypeassert // toHub has put it there
		}
	}
	if len(r.stack) == 0 && a.push == nil {
		a.push = r.entry()
	}
	if a.push != nil {
		r.stack = append(r.stack, a.push)
		r.startGuard(a.push)
		add(r.carry(a.push.init(&r.common)))
	} else if revealed {
		if s, ok := r.top().(refresher); ok {
			add(r.carry(s.refresh(&r.common)))
		}
	}
	return tea.Batch(cmds...)
}

func (r *root) startGuard(s screen) {
	r.guard.on = false
	if g, ok := s.(selfShown); ok && g.guarded() {
		r.guard.start(r.now())
	}
}

// toHub leaves everything above the hub, which is made when an entry screen lies at the bottom.
func (r *root) toHub() {
	if len(r.stack) > 0 {
		if _, ok := r.stack[0].(*hub); ok {
			r.stack = r.stack[:1]
			r.reload()
			return
		}
	}
	r.stack = []screen{newHub(&r.common)}
}

// leaveNow ends the program. An apply under way is waited for, outside the drawing loop.
func (r *root) leaveNow(end flow.End) tea.Cmd {
	if r.ending {
		return nil
	}
	r.ending = true
	for _, s := range r.stack {
		if l, ok := s.(leaver); ok {
			l.leaving(&r.common)
		}
	}
	if end == flow.EndLeft && r.nothingToDo() {
		end = flow.EndNothing
	}
	r.end = &flow.Outcome{End: end}
	return tea.Quit
}

// nothingToDo reports whether the operator leaves from a review that says so: every guideline is settled, and nothing would change.
func (r *root) nothingToDo() bool {
	s, ok := r.top().(*reviewScreen)
	if !ok || s.review == nil || !s.review.Empty {
		return false
	}
	for _, row := range r.rows {
		if row.Todo() {
			return false
		}
	}
	return true
}

// leaver is a screen that holds something to be let go of at the end: checks under way, drafts.
type leaver interface{ leaving(c *common) }

// View draws the top screen.
func (r *root) View() tea.View {
	v := tea.NewView(r.render())
	v.AltScreen = true
	return v
}

func (r *root) render() string {
	if r.tooSmall() {
		return strings.Join(fill([]string{"", clip(texts.TooSmall(r.w, r.h), r.w)}, max(1, min(2, r.h))), "\n")
	}
	top := r.top()
	lines := []string{r.bar()}
	if f, ok := top.(fullWidth); ok && f.bare() {
		body := fill(top.body(&r.common, r.w, r.h-3), r.h-3)
		lines = append(lines, body...)
	} else {
		blank := []string{}
		if d, ok := top.(denser); !r.tight() && (!ok || !d.dense(&r.common)) {
			blank = append(blank, "")
		}
		rows := r.h - len(lines) - 1 - len(blank) - 2
		body := fill(top.body(&r.common, r.w, rows), rows)
		left, right := top.title(&r.common) // after the body: it knows how long it is
		if right != "" {
			right += " "
		}
		lines = append(lines, ends(indent(r.st.Title.Render(left)), right, r.w))
		lines = append(append(lines, blank...), body...)
	}
	if _, over := top.(*textScreen); over {
		lines = append(lines, "") // the notice is about the screen below
	} else {
		lines = r.say(lines)
	}
	lines = append(lines, " "+r.footer(top))
	for i := range lines {
		lines[i] = clip(lines[i], r.w)
	}
	return strings.Join(lines, "\n")
}

// say sets the notice below the body. One that needs more than its line covers the end of the body: nothing moves.
func (r *root) say(lines []string) []string {
	const most = 4
	notice := block(printable(r.notice), min(r.w-2*margin, textWidth), most, r.marks.More)
	if over := len(notice) - 1; over > 0 && over < len(lines)-2 {
		lines = lines[:len(lines)-over]
	} else if over > 0 {
		notice = notice[:1]
	}
	return append(lines, notice...)
}

// footer names the keys of a screen, and those that work everywhere.
func (r *root) footer(top screen) string {
	all, last := top.keys(&r.common), []key.Binding{keyHelp, keySave}
	if r.look || r.facts.NoWrite != "" {
		last[1] = keyExit // there is nothing to save
	}
	switch {
	case r.w < 50:
		last = last[:1]
	case r.w < 72:
		last[1] = keyExit
	}
	if _, text := top.(*textScreen); text {
		last = last[1:]
	}
	if s, ok := top.(stepper); ok && s.step(&r.common) != "" {
		switch top.(type) {
		case *hub, *stepScreen:
			if r.w >= noSizeW {
				last = append([]key.Binding{keyWhy}, last...)
				break
			}
			all = append(all, keyWhy)
		default:
			all = append(all, keyWhy)
		}
	}
	return footer(r.st, all, last, r.w-2)
}

// bar is the first line: product, install, host, and whether anything can be written.
func (r *root) bar() string {
	f := r.facts
	sep := " " + r.marks.Dot + " "
	left := " " + texts.Product
	if f.Program != "" {
		left += " " + f.Program
	}
	product := strings.TrimSpace(f.Product + " " + f.Version)
	right := ""
	switch {
	case f.DryRun:
		right = " " + texts.DryRun + " "
	case r.look || f.NoWrite != "":
		right = " " + texts.ReadOnly + " "
	}
	room := r.w - len(right)
	home := room - lipgloss.Width(left+sep) - 1
	if less := home - lipgloss.Width(sep+printable(product)); less >= minHome {
		home = less // a long path gives way to the product
	}
	left += sep + cutHead(printable(f.Home), home, r.marks.More)
	for _, part := range []string{product, f.Host} {
		if part = printable(part); part != "" && lipgloss.Width(left+sep+part)+1 <= room {
			left += sep + part
		}
	}
	return r.st.Bar.Render(pad(clip(left, room), room)) + r.st.BarAlert.Render(right)
}
