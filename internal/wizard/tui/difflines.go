package tui

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/wizard/texts"
)

// diffLine is one line of the whole diff, as text.
type diffLine struct {
	op    byte // ' ', '+', '-', '@' for a hunk's head, 'f' for a file's, '\\' for a missing line end
	text  string
	file  int
	hunk  int // of all hunks, -1 before the first of a file
	cr    bool
	blank string // the blanks that the text ends in
}

// diffText sets all files one below the other.
func diffText(files []apply.FileDiff) (lines []diffLine, hunks []int, starts []int) {
	n := -1
	for i, f := range files {
		head := fmt.Sprintf("%s  %s  +%d -%d", f.Path, texts.Op(string(f.Op)), f.Added, f.Removed)
		if f.Masked {
			head += "  (" + texts.DiffMasked + ")"
		}
		if i > 0 {
			lines = append(lines, diffLine{op: 'f', file: i, hunk: -1})
		}
		starts = append(starts, len(lines))
		lines = append(lines, diffLine{op: 'f', text: printable(head), file: i, hunk: -1})
		for _, h := range f.Hunks {
			n++
			hunks = append(hunks, len(lines))
			head := fmt.Sprintf("@@ -%d,%d +%d,%d @@ %s", h.OldStart, h.OldLines, h.NewStart, h.NewLines, strings.Join(h.Reasons, "; "))
			lines = append(lines, diffLine{op: '@', text: printable(head), file: i, hunk: n})
			for _, l := range h.Lines {
				text := printable(strings.ReplaceAll(l.Text, "\t", "    "))
				body := strings.TrimRight(text, " ")
				lines = append(lines, diffLine{op: l.Op, text: body, file: i, hunk: n, cr: l.CR, blank: text[len(body):]})
				if l.NoEOL {
					lines = append(lines, diffLine{op: '\\', text: texts.DiffNoEOL, file: i, hunk: n})
				}
			}
		}
	}
	return lines, hunks, starts
}

// shown is the line as it is drawn, before it is scrolled sideways. visible shows blanks at the end and CRs.
func (l diffLine) shown(m *Marks, visible bool) string {
	text := l.text
	if visible {
		text += strings.Repeat(m.Blank, len(l.blank))
		if l.cr {
			text += m.CR
		}
	}
	switch l.op {
	case '+', '-', ' ':
		return string(l.op) + text
	}
	return text
}

// draw cuts the part of the line that is in sight and gives it its role of color.
func (l diffLine) draw(c *common, visible bool, left, w int, match string) string {
	text := l.shown(c.marks, visible)
	if left > 0 && l.op != 'f' && l.op != '@' {
		head := ""
		if text != "" {
			head, text = text[:1], text[1:] // the sign stays
		}
		text = head + dropCells(text, left)
	}
	text = cut(text, w, c.marks.More)
	style := c.st.Plain
	switch l.op {
	case '+':
		style = c.st.Add
	case '-':
		style = c.st.Remove
	case '@':
		style = c.st.Hunk
	case 'f':
		style = c.st.File
	}
	return highlight(text, match, style, c.st.Match)
}

// highlight marks every place where match stands in the text, however it is written.
func highlight(text, match string, style, mark lipgloss.Style) string {
	lower, want := strings.ToLower(text), strings.ToLower(match)
	if match == "" || len(lower) != len(text) || !strings.Contains(lower, want) {
		return style.Render(text)
	}
	var b strings.Builder
	for {
		i := strings.Index(lower, want)
		if i < 0 {
			break
		}
		if i > 0 {
			b.WriteString(style.Render(text[:i]))
		}
		b.WriteString(mark.Render(text[i : i+len(want)]))
		text, lower = text[i+len(want):], lower[i+len(want):]
	}
	if text != "" {
		b.WriteString(style.Render(text))
	}
	return b.String()
}

// dropCells drops n cells from the head of a text.
func dropCells(s string, n int) string {
	used := 0
	for i, r := range s {
		if used >= n {
			return s[i:]
		}
		used += lipgloss.Width(string(r))
	}
	return ""
}
