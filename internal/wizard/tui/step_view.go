package tui

import (
	"fmt"
	"strings"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

func (s *stepScreen) width(c *common) int {
	if c.wide() {
		return c.w - sideWidth
	}
	return c.w
}

// body: what the audit found, the fields, the checks in one line, the help of the field. Each area has its fixed height.
func (s *stepScreen) body(c *common, w, h int) []string {
	if !s.loaded {
		return []string{indent(texts.Reading)}
	}
	if s.failed != nil {
		return block(texts.Failed(s.failed), min(w-2*margin, textWidth), h, c.marks.More)
	}
	s.form.waits = s.waitsFor()
	if w := s.width(c); w != s.form.within {
		s.form.fit(w)
	}
	if c.wide() {
		return beside(s.main(c, w-sideWidth, h), s.side(c, sideWidth-2, h), w-sideWidth)
	}
	return s.main(c, w, h)
}

func (s *stepScreen) main(c *common, w, h int) []string {
	if c.tight() {
		help := block(s.below(), w-2*margin, max(2, h/2-1), c.marks.More)
		lines := s.form.view(w, h-len(help), &s.scroll, true)
		return append(fill(lines, h-len(help)), help...)
	}
	const bottom = 4
	text := min(w-2*margin, textWidth)
	const least, most = 2, 4 // lines about the guideline; more than the least only where the fields leave room
	room := max(least, min(most, h-1-bottom-fieldRows*len(s.form.fields)))
	above := block(s.above(), text, room, c.marks.More)
	top := max(least, len(above)) + 1
	lines := fill(above, top)
	lines = append(lines, s.form.view(w, h-top-bottom, &s.scroll, false)...)
	lines = append(lines, indent(cut(s.tested, text, c.marks.More)))
	help := block(s.below(), text, bottom-1, c.marks.More)
	return append(lines, help...)
}

// above is what the audit found about the guideline, or its text.
func (s *stepScreen) above() string {
	for _, r := range s.asked.Findings {
		if r.Status != steps.OK {
			place := r.Place.String()
			if place != "" && !strings.Contains(r.Message, place) {
				place = " (" + place + ")"
			} else {
				place = ""
			}
			return printable(r.Message) + place
		}
	}
	return printable(strings.SplitN(s.asked.Step.Why, "\n\n", 2)[0])
}

// below is what is wrong with the answers together, or the help of the field.
func (s *stepScreen) below() string {
	if len(s.rest) > 0 {
		p := s.rest[0]
		return severityMark(p.Severity) + " " + printable(strings.TrimSpace(p.Message+" "+p.Fix))
	}
	return s.form.help()
}

// side is the list of guidelines beside a step, in wide windows.
func (s *stepScreen) side(c *common, w, h int) []string {
	lines := make([]string, 0, len(c.rows))
	for _, r := range c.rows {
		line := cut(fmt.Sprintf("%s %2d  %s", c.bracket(r), r.Guideline, r.Title), w, c.marks.More)
		if r.ID == s.id {
			line = c.st.Focus.Render(line)
		}
		lines = append(lines, line)
	}
	return fill(lines, h)
}

// beside puts two columns side by side.
func beside(left, right []string, w int) []string {
	n := max(len(left), len(right))
	left, right = fill(left, n), fill(right, n)
	lines := make([]string, n)
	for i := range lines {
		lines[i] = pad(clip(left[i], w-1), w) + right[i]
	}
	return lines
}
