package tui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// textScreen shows a text to scroll: the help, or why a guideline is there.
type textScreen struct {
	label, head string
	make        func(c *common, w int) []string
	top         int
	rows, total int
	then        screen // what comes after it, nil = what lies below
}

var (
	textClose  = bind("esc", texts.KeyClose, "esc", "q", "enter", "f1", "f2", "?")
	textScroll = both("up/down", texts.KeyScroll, keyUp, keyDown)
)

func (s *textScreen) name() string { return s.label }
func (s *textScreen) title(*common) (left, right string) {
	if s.total <= s.rows {
		return s.head, ""
	}
	return s.head, texts.LinesOf(s.top+1, min(s.top+s.rows, s.total), s.total)
}
func (s *textScreen) init(*common) action { return action{} }

func (s *textScreen) keys(*common) []key.Binding {
	if s.total > s.rows {
		return []key.Binding{textClose, textScroll, keyPageDn}
	}
	return []key.Binding{textClose}
}

func (s *textScreen) update(_ *common, msg tea.Msg) action {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return action{}
	}
	switch {
	case key.Matches(k, textClose):
		return action{pop: true, push: s.then}
	case key.Matches(k, keyDown):
		s.top++
	case key.Matches(k, keyUp):
		s.top--
	case key.Matches(k, keyPageDn):
		s.top += s.rows
	case key.Matches(k, keyPageUp):
		s.top -= s.rows
	case key.Matches(k, keyTop):
		s.top = 0
	case key.Matches(k, keyBottom):
		s.top = s.total
	}
	s.top = max(0, min(s.top, s.total-s.rows))
	return action{}
}

func (s *textScreen) body(c *common, w, h int) []string {
	lines := s.make(c, w)
	s.rows, s.total = h, len(lines)
	s.top = max(0, min(s.top, s.total-s.rows))
	return lines[s.top:]
}

// newHelp lists the keys of a screen: the same bindings that it matches.
func newHelp(c *common, of screen) *textScreen {
	bindings := of.keys(c)
	if st, ok := of.(stepper); ok && st.step(c) != "" {
		bindings = append(bindings, keyWhy)
	}
	leave := keySave
	if c.look || c.facts.NoWrite != "" {
		leave = keyExit
	}
	bindings = append(bindings, keyHelp, leave, keyStop)
	return &textScreen{label: "help", head: texts.HelpTitle, make: func(c *common, w int) []string {
		lines, column := make([]string, 0, len(bindings)), 0
		for _, b := range bindings {
			column = max(column, len(allKeys(b)))
		}
		column = min(column, w/2)
		for _, b := range bindings {
			keys := pad(cut(allKeys(b), column, c.marks.More), column+2)
			lines = append(lines, indent(c.st.Key.Render(keys)+cut(b.Help().Desc, w-column-2*margin-2, c.marks.More)))
		}
		if _, list := of.(*hub); list {
			lines = append(append(lines, ""), legend(c, w)...)
		}
		return lines
	}}
}

// legend tells what the marks of the list mean.
func legend(c *common, w int) []string {
	var lines []string
	for _, m := range []struct {
		mark flow.Mark
		what string
	}{
		{flow.MarkOpen, texts.LegendOpen},
		{flow.MarkUnknown, texts.LegendUnknown},
		{flow.MarkMet, texts.LegendMet},
		{flow.MarkAnswered, texts.LegendAnswered},
		{flow.MarkAgain, texts.LegendAgain},
		{flow.MarkCheck, texts.LegendCheck},
		{flow.MarkSkipped, texts.LegendSkipped},
		{flow.MarkNone, texts.LegendNone},
		{flow.MarkNotBuilt, texts.LegendNotBuilt},
	} {
		r := flow.Row{Mark: m.mark}
		lines = append(lines, indent(c.tone(r).Render(c.bracket(r))+"  "+cut(m.what, w-2*margin-5, c.marks.More)))
	}
	return lines
}

// allKeys are the keys of a binding, those of the footer first.
func allKeys(b key.Binding) string {
	if more := others(b); more != "" {
		return b.Help().Key + " (" + more + ")"
	}
	return b.Help().Key
}

// others are the keys of a binding that its help does not name.
func others(b key.Binding) string {
	named := "/" + b.Help().Key + "/"
	var all []string
	for _, k := range b.Keys() {
		if len(k) > 1 && k[0] == 'f' && k[1] <= '9' {
			k = "F" + k[1:]
		}
		if !strings.Contains(named, "/"+k+"/") {
			all = append(all, k)
		}
	}
	return strings.Join(all, ", ")
}

// newNotices shows what has to be read once.
func newNotices(notices []string) *textScreen {
	return &textScreen{label: "notices", head: texts.NoticesTitle, make: func(_ *common, w int) []string {
		var lines []string
		for _, n := range notices {
			for _, l := range wrap(printable(n), min(w-2*margin, textWidth)) {
				lines = append(lines, indent(l))
			}
			lines = append(lines, "")
		}
		return lines
	}}
}

// newWhy shows the guideline's text and what the audit found.
func newWhy(c *common, id string) *textScreen {
	row, _ := c.row(id)
	return &textScreen{
		label: "why", head: fmt.Sprintf("%s: %d %s", texts.WhyTitle, row.Guideline, row.Title),
		make: func(c *common, w int) []string {
			text := min(w-2*margin, textWidth)
			var lines []string
			for _, l := range wrap(printableLines(row.Why), text) {
				lines = append(lines, indent(l))
			}
			lines = append(lines, "", indent(c.st.Title.Render(texts.WhyFindings)), "")
			for _, r := range row.Findings {
				lines = append(lines, findingLines(c, r, text)...)
			}
			if len(row.Findings) == 0 {
				lines = append(lines, indent(texts.WhyNoFindings))
			}
			return lines
		},
	}
}

// printableLines is printable for a text of several lines.
func printableLines(s string) string {
	parts := strings.Split(s, "\n")
	for i := range parts {
		parts[i] = printable(parts[i])
	}
	return strings.Join(parts, "\n")
}

func findingLines(c *common, r steps.Result, w int) []string {
	mark, style := c.statusMark(r.Status)
	var lines []string
	place := r.Place.String()
	message := printable(r.Message)
	if place != "" && !strings.Contains(message, place) {
		message = place + ": " + message
	}
	for i, l := range wrap(message, w-5) {
		head := "     "
		if i == 0 {
			head = box(style, mark)
		}
		lines = append(lines, indent(head+l))
	}
	for _, part := range []string{r.Why, r.Fix} {
		if part == "" {
			continue
		}
		for _, l := range wrap(printable(part), w-5) {
			lines = append(lines, indent("     "+l))
		}
	}
	return lines
}
