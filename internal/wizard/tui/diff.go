package tui

import (
	"context"
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// diffScreen shows the whole diff from edge to edge: nothing stands beside the lines that scroll, so the terminal can move them itself.
type diffScreen struct {
	files   []apply.FileDiff
	lines   []diffLine
	hunks   []int // line of each hunk
	starts  []int // line of each file
	top     int
	left    int
	longest int
	rows    int
	visible bool
	find    *line // the search being typed
	match   string
	out     []string // steps left out here, the last at the end
	working bool
	which   *whichMenu
}

// whichMenu asks which of several guidelines is to be left out.
type whichMenu struct {
	menu menu
	rows []flow.Row
}

var (
	diffDown   = bind("down", texts.KeyLine, "down", "j")
	diffUp     = bind("up", texts.KeyLine, "up", "k")
	diffPageDn = bind("space", texts.KeyPage, "space", "pgdown", "ctrl+f")
	diffPageUp = bind("b", texts.KeyPage, "b", "pgup", "ctrl+b")
	diffHome   = bind("home", texts.KeyEnds, "home", "g")
	diffEnd    = bind("end", texts.KeyEnds, "end", "G")
	diffLeft   = bind("left", texts.KeySideways, "left", "h")
	diffRight  = bind("right", texts.KeySideways, "right", "l")
	diffMargin = bind("0", texts.KeyMargin, "0")
	diffNextH  = bind("n", texts.KeyHunk, "n")
	diffPrevH  = bind("p", texts.KeyHunk, "p")
	diffNextF  = bind("]", texts.KeyFile, "]")
	diffPrevF  = bind("[", texts.KeyFile, "[")
	diffNextM  = bind("N", texts.KeyMatch, "N")
	diffPrevM  = bind("P", texts.KeyMatch, "P")

	diffOut     = bind("x", texts.KeyLeaveOut, "x")
	diffUndo    = bind("u", texts.KeyUndoLeave, "u")
	diffSearch  = bind("/", texts.KeySearch, "/")
	diffVisible = bind("v", texts.KeyVisible, "v")
	diffColors  = bind("c", texts.KeyColors, "c")

	diffHunk  = both("n/p", texts.KeyHunk, diffNextH, diffPrevH)
	diffFile  = both("]/[", texts.KeyFile, diffNextF, diffPrevF)
	diffMatch = both("N/P", texts.KeyMatch, diffNextM, diffPrevM)
	diffSide  = both("left/right", texts.KeySideways, diffLeft, diffRight)
	diffLines = both("up/down", texts.KeyLine, diffUp, diffDown)
	diffPages = both("space/b", texts.KeyPage, diffPageDn, diffPageUp)
	diffEnds  = both("home/end", texts.KeyEnds, diffHome, diffEnd)
)

// newDiff begins at the first change of a file.
func newDiff(c *common, r *flow.Review, file int) *diffScreen {
	s := &diffScreen{rows: max(1, c.h-5)}
	s.take(r)
	if file < len(s.starts) {
		s.top = s.starts[file]
		for _, at := range s.hunks {
			if s.lines[at].file == file {
				s.toHunk(at)
				break
			}
		}
	}
	return s
}

func (s *diffScreen) take(r *flow.Review) {
	s.files = r.Files
	s.lines, s.hunks, s.starts = diffText(r.Files)
	s.longest = 0
	for _, l := range s.lines {
		s.longest = max(s.longest, lipgloss.Width(l.text)+len(l.blank)+2)
	}
}

// toHunk puts a hunk's first changed line in sight, with the hunk's head above it when it fits.
func (s *diffScreen) toHunk(at int) {
	s.top = at
	for i := at + 1; i < len(s.lines) && s.lines[i].hunk == s.lines[at].hunk; i++ {
		if op := s.lines[i].op; op == '+' || op == '-' {
			if i-at >= s.rows {
				s.top = i - s.rows/2
			}
			break
		}
	}
}

// last is the lowest line that may stand at the top.
func (s *diffScreen) last() int { return max(0, len(s.lines)-s.rows) }

func (s *diffScreen) name() string                       { return "diff" }
func (s *diffScreen) bare() bool                         { return true }
func (s *diffScreen) typing() bool                       { return s.find != nil }
func (s *diffScreen) title(*common) (left, right string) { return texts.DiffTitle, "" }
func (s *diffScreen) init(*common) action                { return action{} }

// refresh is called when a question above has gone.
func (s *diffScreen) refresh(*common) action { return action{} }

func (s *diffScreen) step(c *common) string {
	if rows := s.askers(c); len(rows) > 0 {
		return rows[0].ID
	}
	return ""
}

func (s *diffScreen) keys(*common) []key.Binding {
	switch {
	case s.find != nil:
		return []key.Binding{promptEnter, promptEsc}
	case s.which != nil:
		return append(s.which.menu.keys(), promptEsc)
	}
	all := []key.Binding{keyBack, diffOut}
	if len(s.out) > 0 {
		all = append(all, diffUndo)
	}
	all = append(all, diffHunk, diffFile, diffSearch)
	if s.match != "" {
		all = append(all, diffMatch)
	}
	return append(all, diffLines, diffPages, diffSide, diffMargin, diffEnds, diffVisible, diffColors)
}

// hunk is the hunk that the first line in sight belongs to, or that begins in sight.
func (s *diffScreen) hunk() int {
	for i := s.top; i < len(s.lines) && i < s.top+s.rows; i++ {
		if s.lines[i].hunk >= 0 {
			return s.lines[i].hunk
		}
	}
	return -1
}

func (s *diffScreen) hunkData(n int) (apply.Hunk, bool) {
	i := 0
	for _, f := range s.files {
		for _, h := range f.Hunks {
			if i == n {
				return h, true
			}
			i++
		}
	}
	return apply.Hunk{}, false
}

// askers are the guidelines that asked for the hunk in sight.
func (s *diffScreen) askers(c *common) []flow.Row {
	h, ok := s.hunkData(s.hunk())
	if !ok {
		return nil
	}
	var rows []flow.Row
	for _, n := range h.Guidelines {
		for _, r := range c.rows {
			if r.Guideline == n {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

func (s *diffScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case reviewedMsg:
		return s.replanned(msg)
	case changedMsg:
		c.reload()
		return action{cmd: s.replan(c), notice: msg.notice}
	case tea.PasteMsg:
		if s.find != nil {
			s.find.update(msg)
		}
	case tea.KeyPressMsg:
		switch {
		case s.find != nil:
			return s.searching(msg)
		case s.which != nil:
			return s.choosing(c, msg)
		}
		return s.press(c, msg)
	}
	return action{}
}

// replan plans again after a guideline was left out or taken back.
func (s *diffScreen) replan(c *common) tea.Cmd {
	s.working = true
	eng := c.eng
	return c.do(s, func(ctx context.Context) tea.Msg {
		r, err := eng.Review(ctx)
		return reviewedMsg{r, err}
	})
}

func (s *diffScreen) replanned(msg reviewedMsg) action {
	s.working = false
	if msg.err != nil {
		return action{notice: texts.Failed(msg.err)}
	}
	file := ""
	if s.top < len(s.lines) {
		file = s.files[s.lines[s.top].file].Path
	}
	s.take(msg.review)
	s.top = min(s.top, s.last())
	for i, f := range s.files { // the same file, if it still changes
		if f.Path == file {
			s.top = min(s.starts[i], s.last())
		}
	}
	return action{}
}

func (s *diffScreen) press(c *common, msg tea.KeyPressMsg) action {
	if a, ok := s.scroll(c, msg); ok {
		return a
	}
	switch {
	case key.Matches(msg, keyBack):
		return action{pop: true}
	case key.Matches(msg, diffOut) && !s.working:
		return s.leaveOut(c)
	case key.Matches(msg, diffUndo) && !s.working:
		return s.takeBack(c)
	case key.Matches(msg, diffSearch):
		l := newLine("")
		s.find = &l
	case key.Matches(msg, diffVisible):
		s.visible = !s.visible
	case key.Matches(msg, diffColors):
		c.orange = !c.orange
		*c.st = *NewStyles(c.orange)
	}
	return action{}
}

// scroll handles the keys that move about.
func (s *diffScreen) scroll(c *common, msg tea.KeyPressMsg) (action, bool) {
	if s.match != "" && key.Matches(msg, diffNextM) {
		return s.seek(1), true
	}
	if s.match != "" && key.Matches(msg, diffPrevM) {
		return s.seek(-1), true
	}
	if s.jump(msg) || s.sideways(c, msg) {
		return action{}, true
	}
	page := max(1, s.rows-1)
	was := s.top
	switch {
	case key.Matches(msg, diffDown):
		s.top++
	case key.Matches(msg, diffUp):
		s.top--
	case key.Matches(msg, diffPageDn):
		s.top += page
	case key.Matches(msg, diffPageUp):
		s.top -= page
	case key.Matches(msg, diffHome):
		s.top = 0
	case key.Matches(msg, diffEnd):
		s.top = s.last()
	default:
		return action{}, false
	}
	s.top = max(0, min(s.top, max(s.last(), was)))
	return action{}, true
}

func (s *diffScreen) sideways(c *common, msg tea.KeyPressMsg) bool {
	const step = 8
	switch {
	case key.Matches(msg, diffLeft):
		s.left = max(0, s.left-step)
	case key.Matches(msg, diffRight):
		s.left = max(0, min(s.left+step, s.longest-c.w/2))
	case key.Matches(msg, diffMargin):
		s.left = 0
	default:
		return false
	}
	return true
}

// jump handles the keys that go to a hunk or a file: it comes to stand at the top, whatever is below it.
func (s *diffScreen) jump(msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, diffNextH):
		s.nextHunk(1)
	case key.Matches(msg, diffPrevH):
		s.nextHunk(-1)
	case key.Matches(msg, diffNextF):
		s.nextFile(1)
	case key.Matches(msg, diffPrevF):
		s.nextFile(-1)
	default:
		return false
	}
	return true
}

func (s *diffScreen) nextHunk(by int) {
	cur := s.hunk()
	if by > 0 && cur >= 0 && s.hunks[cur] > s.top {
		cur-- // the hunk begins further down: that one is the next
	}
	if by < 0 && cur >= 0 && s.hunks[cur] < s.top {
		cur++ // back to the head of this one first
	}
	if n := cur + by; n >= 0 && n < len(s.hunks) {
		s.top = s.hunks[n]
	}
}

func (s *diffScreen) nextFile(by int) {
	if len(s.lines) == 0 {
		return
	}
	cur := s.lines[min(s.top, len(s.lines)-1)].file
	if by < 0 && s.starts[cur] < s.top {
		cur++ // back to the head of this one first
	}
	if n := cur + by; n >= 0 && n < len(s.starts) {
		s.top = s.starts[n]
	}
}

func (s *diffScreen) searching(msg tea.KeyPressMsg) action {
	switch {
	case key.Matches(msg, promptEsc):
		s.find = nil
	case key.Matches(msg, promptEnter):
		s.match, s.find = s.find.text(), nil
		if s.match != "" {
			return s.seek(1)
		}
	default:
		s.find.update(msg)
	}
	return action{}
}

// seek moves to the next line that holds what was searched for, round the ends.
func (s *diffScreen) seek(by int) action {
	want := strings.ToLower(s.match)
	n := len(s.lines)
	for i := 1; i <= n; i++ {
		at := ((s.top+by*i)%n + n) % n
		if strings.Contains(strings.ToLower(s.lines[at].text), want) {
			s.top = at
			return action{}
		}
	}
	return action{notice: fmt.Sprintf("%s: %s.", s.match, texts.DiffNotFound)}
}

// leaveOut asks for the reason why the guideline of the hunk in sight is left out; then the plan is made anew.
func (s *diffScreen) leaveOut(c *common) action {
	rows := s.askers(c)
	switch len(rows) {
	case 0:
		return action{notice: texts.DiffNoAsker}
	case 1:
		return s.leave(rows[0])
	}
	s.which = &whichMenu{rows: rows}
	for _, r := range rows {
		s.which.menu.items = append(s.which.menu.items, fmt.Sprintf("%d %s", r.Guideline, r.Title))
	}
	return action{}
}

func (s *diffScreen) choosing(_ *common, msg tea.KeyPressMsg) action {
	if key.Matches(msg, promptEsc) {
		s.which = nil
		return action{}
	}
	i := s.which.menu.press(msg)
	if i < 0 {
		return action{}
	}
	row := s.which.rows[i]
	s.which = nil
	return s.leave(row)
}

func (s *diffScreen) leave(row flow.Row) action {
	return action{push: newSkip(row, texts.SkipDefault, func(c *common) action {
		s.out = append(s.out, row.ID)
		return action{pop: true, cmd: s.replan(c)}
	})}
}

func (s *diffScreen) takeBack(c *common) action {
	if len(s.out) == 0 {
		return action{notice: texts.DiffLeftOut}
	}
	id := s.out[len(s.out)-1]
	s.out = s.out[:len(s.out)-1]
	row, _ := c.row(id)
	eng := c.eng
	return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
		return refreshNotice(texts.TakenBackNotice(row.Guideline, row.Title), eng.Unskip(ctx, id))
	})}
}

// body: the path and the position, why the hunk is there, and the lines.
func (s *diffScreen) body(c *common, w, h int) []string {
	s.rows = max(1, h-2)
	if len(s.lines) == 0 {
		return []string{indent(texts.DiffEmpty)}
	}
	head := []string{s.where(c, w), s.why(c, w)}
	if s.which != nil {
		return append(append(head, "", indent(texts.DiffWhich), ""), s.which.menu.view(c)...)
	}
	lines := make([]string, 0, h)
	lines = append(lines, head...)
	for i := s.top; i < len(s.lines) && i < s.top+s.rows; i++ {
		lines = append(lines, s.lines[i].draw(c, s.visible, s.left, w, s.match))
	}
	return lines
}

func (s *diffScreen) where(c *common, w int) string {
	file := s.lines[min(s.top, len(s.lines)-1)].file
	right := texts.DiffPosition(s.hunk()+1, len(s.hunks), file+1, len(s.files))
	if s.working {
		right = texts.Planning
	}
	path := cutHead(printable(s.files[file].Path), max(0, w-lipgloss.Width(right)-2), c.marks.More)
	return ends(c.st.Title.Render(path), right, w)
}

func (s *diffScreen) why(c *common, w int) string {
	if s.find != nil {
		return strings.TrimPrefix(s.find.view(texts.DiffSearch, w), strings.Repeat(" ", margin))
	}
	rows := s.askers(c)
	parts := make([]string, 0, len(rows))
	for _, r := range rows {
		parts = append(parts, fmt.Sprintf("%d %s", r.Guideline, r.Title))
	}
	return c.st.Accent.Render(cut("for: "+strings.Join(parts, ", "), w, c.marks.More))
}
