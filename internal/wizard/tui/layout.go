package tui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
)

// The grid. Line 0 is the bar, 1 the title, 2 blank; the body; then the notice and the footer, each one line.
const (
	margin     = 2  // blanks left of everything but the diff
	minWidth   = 40 // below this, or minHeight, only a request for a larger window is drawn
	minHeight  = 10
	tightWidth = 60 // below this, or tightHeight, a form shows one field at a time
	tightRows  = 16
	wideWidth  = 100 // from here on a step shows the list beside it
	sideWidth  = 34
	textWidth  = 92 // running text is not set wider
	minHome    = 24 // what the path of the install keeps of the bar
	noSizeW    = 80 // what a terminal without a size counts as
	noSizeH    = 24
)

// clip cuts a line of one row to a width, in cells. Styles survive.
func clip(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if lipgloss.Width(s) <= width {
		return s
	}
	return lipgloss.NewStyle().MaxWidth(width).Render(s)
}

// cut shortens plain text to a width and marks that it did.
func cut(s string, width int, more string) string {
	if lipgloss.Width(s) <= width {
		return s
	}
	return strings.TrimRight(clip(s, max(0, width-lipgloss.Width(more))), " ") + more
}

// cutHead shortens plain text from its head: the end of a path says most.
func cutHead(s string, width int, more string) string {
	if lipgloss.Width(s) <= width {
		return s
	}
	for i := range s {
		if lipgloss.Width(s[i:])+lipgloss.Width(more) <= width {
			return more + s[i:]
		}
	}
	return ""
}

// pad fills a line up to a width.
func pad(s string, width int) string {
	if n := width - lipgloss.Width(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// ends puts one text at the left end of a line and another at the right; the left one gives way.
func ends(left, right string, width int) string {
	if right == "" {
		return clip(left, width)
	}
	right = clip(right, width)
	left = clip(left, max(0, width-lipgloss.Width(right)-1))
	return left + strings.Repeat(" ", max(0, width-lipgloss.Width(left)-lipgloss.Width(right))) + right
}

// wrap sets plain text in lines of at most width cells. Blank lines part paragraphs, which are set anew; words longer than a line are cut
// into pieces.
func wrap(s string, width int) []string {
	width = max(width, 8)
	var lines []string
	for i, paragraph := range strings.Split(s, "\n\n") {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, wrapParagraph(paragraph, width)...)
	}
	return lines
}

// wrapLines is wrap for texts whose line ends mean something: lists, what the operator has to do.
func wrapLines(s string, width int) []string {
	var lines []string
	for _, l := range strings.Split(s, "\n") {
		lines = append(lines, wrapParagraph(l, max(width, 8))...)
	}
	return lines
}

func wrapParagraph(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for lipgloss.Width(word) > width {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			head := firstCells(word, width)
			lines, word = append(lines, head), word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case lipgloss.Width(line)+1+lipgloss.Width(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// firstCells returns the longest head of s that is at most width cells wide, at least one rune.
func firstCells(s string, width int) string {
	end := 0
	for i, r := range s {
		if lipgloss.Width(s[:i+utf8.RuneLen(r)]) > width && i > 0 {
			return s[:i]
		}
		end = i + utf8.RuneLen(r)
	}
	return s[:end]
}

// short is wrap in at most rows lines; the last one shows that there is more.
func short(s string, width, rows int, more string) []string {
	lines := wrap(s, width)
	if len(lines) > rows {
		lines = lines[:max(rows, 0)]
		if rows > 0 {
			lines[rows-1] = cut(lines[rows-1]+" "+more, width, more)
		}
	}
	return lines
}

// block is wrap with a margin before each line, and at most rows lines; the last one shows that there is more.
func block(s string, width, rows int, more string) []string {
	lines := short(s, width, rows, more)
	for i := range lines {
		lines[i] = indent(lines[i])
	}
	return lines
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	return strings.Repeat(" ", margin) + s
}

// fill makes exactly n lines of some.
func fill(lines []string, n int) []string {
	if len(lines) > n {
		return lines[:n]
	}
	for len(lines) < n {
		lines = append(lines, "")
	}
	return lines
}

// window is the part of a list that is drawn: it moves as little as it must to keep the cursor in sight.
type window struct{ top int }

func (w *window) show(cursor, total, rows int) (from, to int) {
	if rows <= 0 {
		return 0, 0
	}
	if cursor < w.top {
		w.top = cursor
	}
	if cursor >= w.top+rows {
		w.top = cursor - rows + 1
	}
	w.top = max(0, min(w.top, total-rows))
	return w.top, min(total, w.top+rows)
}

// printable replaces what a terminal would act on: a file, or a server's answer, must not move our cursor or color our screen.
func printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) || isFormat(r) }) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return ' ' // where a running text was broken in its source
		}
		if r == utf8.RuneError || unicode.IsControl(r) || isFormat(r) {
			return '?'
		}
		return r
	}, s)
}

// isFormat reports whether a rune turns the direction of text or is not seen at all.
func isFormat(r rune) bool { return unicode.Is(unicode.Cf, r) }
