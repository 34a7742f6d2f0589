package tui

import (
	"context"
	"slices"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// checksScreen runs checks: each is shown as it passes, esc stops them at once and goes back to the fields.
type checksScreen struct {
	id      string // of the step, "" = those of the review
	values  flow.Values
	run     *flow.Checking
	results []flow.CheckResult
	begun   time.Time
	frame   int
	ended   bool
	failed  error
	scroll  int
	moved   bool // by hand: it shows what the operator looks at, and not what runs or has failed
}

var checksAgain = bind("r", texts.KeyAgain, "r", "ctrl+t")

const (
	minShown  = 750 * time.Millisecond // so that nothing flickers
	frameTime = 200 * time.Millisecond
)

func newChecks(id string, v flow.Values) *checksScreen { return &checksScreen{id: id, values: v} }

func (s *checksScreen) name() string { return "checks" }

func (s *checksScreen) title(c *common) (left, right string) {
	row, ok := c.row(s.id)
	if !ok {
		return texts.ChecksTitle, ""
	}
	return texts.ChecksTitle + ": " + row.Title, ""
}

func (s *checksScreen) keys(*common) []key.Binding {
	if s.ended {
		return []key.Binding{keyBack, checksAgain, keyMove}
	}
	return []key.Binding{keyBack}
}

// checkingMsg says that the checks have begun; oneMsg and allMsg that one, or all, have run; frameMsg moves the sign that work goes on.
type (
	checkingMsg struct {
		run *flow.Checking
		err error
	}
	oneMsg struct {
		generation int
		result     flow.CheckResult
	}
	allMsg   struct{ generation int }
	frameMsg struct{ generation int }
)

func (s *checksScreen) init(c *common) action {
	s.results, s.ended, s.failed, s.begun, s.frame, s.moved = nil, false, nil, c.now(), 0, false
	eng, id, v := c.eng, s.id, s.values
	return action{cmd: c.do(s, func(ctx context.Context) tea.Msg {
		if id == "" {
			return checkingMsg{run: eng.CheckAll(ctx)}
		}
		run, err := eng.StartChecks(ctx, id, v)
		return checkingMsg{run: run, err: err}
	})}
}

// wait waits for the next result. The screen holds on to the first ones until they can be read.
func (s *checksScreen) wait(c *common) tea.Cmd {
	run := s.run
	return c.do(s, func(ctx context.Context) tea.Msg {
		r, ok := run.Next(ctx)
		if !ok {
			return allMsg{run.Generation}
		}
		return oneMsg{run.Generation, r}
	})
}

func (s *checksScreen) nextFrame(c *common) tea.Cmd {
	if c.slow {
		return nil
	}
	return c.after(s, frameTime, frameMsg{s.run.Generation})
}

func (s *checksScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case checkingMsg:
		s.run, s.failed = msg.run, msg.err
		if msg.err != nil {
			s.ended = true
			return action{}
		}
		return action{cmd: tea.Batch(s.wait(c), s.nextFrame(c))}
	case oneMsg:
		if s.run != nil && msg.generation == s.run.Generation {
			s.results = append(s.results, msg.result)
			return action{cmd: s.wait(c)}
		}
	case allMsg:
		if left := minShown - c.now().Sub(s.begun); left > 0 && len(s.run.Titles) > 0 && !c.slow {
			return action{cmd: c.after(s, left, shownMsg(msg))}
		}
		s.ended = true
	case shownMsg:
		s.ended = true
	case frameMsg:
		if s.run != nil && msg.generation == s.run.Generation && !s.ended {
			s.frame++
			return action{cmd: s.nextFrame(c)}
		}
	case tea.KeyPressMsg:
		return s.press(c, msg)
	}
	return action{}
}

// shownMsg ends the least time for which running checks are shown.
type shownMsg struct{ generation int }

func (s *checksScreen) press(c *common, msg tea.KeyPressMsg) action {
	switch {
	case key.Matches(msg, keyBack):
		s.leaving(c)
		return action{pop: true}
	case key.Matches(msg, checksAgain) && s.ended:
		return s.init(c)
	case key.Matches(msg, keyDown):
		s.scroll, s.moved = s.scroll+1, true
	case key.Matches(msg, keyUp):
		s.scroll, s.moved = max(0, s.scroll-1), true
	}
	return action{}
}

func (s *checksScreen) leaving(*common) {
	if s.run != nil {
		s.run.Cancel()
	}
}

func (s *checksScreen) body(c *common, w, h int) []string {
	text := min(w-2*margin, textWidth)
	if s.failed != nil {
		return block(texts.Failed(s.failed), text, h, c.marks.More)
	}
	if s.run == nil {
		return []string{indent(texts.Working)}
	}
	if len(s.run.Titles) == 0 {
		return []string{indent(texts.ChecksNone)}
	}
	var lines []string
	running, wrong := 0, -1 // lines
	for i, t := range s.run.Titles {
		if i < len(s.results) {
			if s.results[i].Result.Status == steps.Fail && wrong < 0 {
				wrong = len(lines)
			}
			lines = append(lines, s.resultLines(c, s.results[i], text)...)
			continue
		}
		mark := "  "
		title := printable(t.Title)
		if i == len(s.results) && !s.ended {
			mark = []string{". ", "..", " .", "  "}[s.frame%4]
			title = texts.Waiting(title, int(c.now().Sub(s.begun).Seconds()), s.timeout(c))
			running = len(lines)
		}
		lines = append(lines, indent("["+mark+"] "+cut(title, text-5, c.marks.More)))
	}
	status := texts.ChecksRunning
	if s.ended {
		status = texts.ChecksDone
	}
	if len(lines)+2 <= h {
		s.scroll = 0
		return append(lines, "", indent(status))
	}
	room := max(1, h-2) // the status stays in sight
	switch {
	case s.moved:
	case !s.ended:
		s.scroll = running - room + 1
	default:
		s.scroll = wrong
	}
	s.scroll = max(0, min(s.scroll, len(lines)-room))
	if below := len(lines) - room - s.scroll; below > 0 {
		status = texts.ChecksBelow(status, below)
	}
	return append(slices.Clone(lines[s.scroll:s.scroll+room]), "", indent(status))
}

func (s *checksScreen) timeout(*common) int { return int(s.run.Most.Seconds()) }

func (s *checksScreen) resultLines(c *common, r flow.CheckResult, w int) []string {
	mark, style := c.statusMark(r.Result.Status)
	lines := []string{indent(box(style, mark) + cut(printable(r.Title), w-5, c.marks.More))}
	if r.Result.Status == steps.OK && r.Result.Message == "" {
		return lines
	}
	for _, part := range []string{r.Result.Message, r.Result.Why, r.Result.Fix} {
		if part == "" {
			continue
		}
		for _, l := range wrap(printable(part), w-5) {
			lines = append(lines, indent("     "+l))
		}
	}
	return lines
}

// statusMark is the sign and the role of color of a result.
func (c *common) statusMark(s steps.Status) (string, lipgloss.Style) {
	switch s {
	case steps.OK:
		return c.marks.OK, c.st.Good
	case steps.Warn:
		return c.marks.Warn, c.st.Warn
	case steps.Fail:
		return c.marks.Fail, c.st.Bad
	case steps.Unknown:
	}
	return c.marks.Quest, c.st.Warn
}
