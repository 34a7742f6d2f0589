package main

import (
	"fmt"
	"html"
	"strings"

	"github.com/hinshun/vt10x"

	"carbon-setup/cmd/carbon-setup/internal/terminal"
)

// The cell of the monospace font that the pictures ask for, in pixels.
const (
	cellWidth  = 8.4
	cellHeight = 18
	margin     = 14
	ascent     = 13.5
)

// The 16 ANSI colors on a dark ground; an operator's own palette decides on a real terminal.
var palette = [16]string{
	"#1d2128", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
	"#6b7280", "#ff7b86", "#b5e890", "#ffd68a", "#82c4ff", "#dd9bf5", "#7fd8e2", "#ffffff",
}

const (
	foreground = "#c8ccd4"
	background = "#16191f"
	boldMode   = 1 << 2 // vt10x keeps its flags to itself
)

type cell struct {
	char   rune
	fg, bg string
	bold   bool
}

// svg draws the screen of a terminal: one rectangle per run of background, one text per run of the same look.
func svg(t *terminal.Terminal, columns, rows int, title string) string {
	grid := make([][]cell, rows)
	for y := range grid {
		grid[y] = make([]cell, columns)
	}
	t.Cells(func(x, y int, g vt10x.Glyph) {
		c := cell{char: g.Char, fg: color(g.FG, foreground, background), bg: color(g.BG, background, foreground), bold: g.Mode&boldMode != 0}
		if c.char == 0 {
			c.char = ' '
		}
		grid[y][x] = c
	})
	width, height := float64(columns)*cellWidth+2*margin, float64(rows)*cellHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img" aria-label=%q>`+"\n", width, height, title)
	fmt.Fprintf(&b, `<title>%s</title>`+"\n", html.EscapeString(title))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", background)
	b.WriteString(`<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">` + "\n")
	for y, row := range grid {
		drawRow(&b, row, margin+float64(y)*cellHeight)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func color(c vt10x.Color, plain, inverse string) string {
	switch {
	case c == vt10x.DefaultFG && plain == foreground, c == vt10x.DefaultBG && plain == background:
		return plain
	case c == vt10x.DefaultFG, c == vt10x.DefaultBG:
		return inverse // reverse video
	case c < 16:
		return palette[c]
	}
	return plain
}

func drawRow(b *strings.Builder, row []cell, top float64) {
	runs(row, func(a, z cell) bool { return a.bg == z.bg }, func(from, to int) {
		if row[from].bg != background {
			fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>`+"\n",
				margin+float64(from)*cellWidth, top, float64(to-from)*cellWidth, cellHeight, row[from].bg)
		}
	})
	same := func(a, z cell) bool { return a.fg == z.fg && a.bold == z.bold }
	runs(row, same, func(from, to int) {
		text := make([]rune, 0, to-from)
		for _, c := range row[from:to] {
			text = append(text, c.char)
		}
		shown := strings.TrimRight(string(text), " ")
		if strings.TrimSpace(shown) == "" {
			return
		}
		weight := ""
		if row[from].bold {
			weight = ` font-weight="bold"`
		}
		// textLength keeps the grid whatever font the viewer has.
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s"%s textLength="%.1f" lengthAdjust="spacingAndGlyphs">%s</text>`+"\n",
			margin+float64(from)*cellWidth, top+ascent, row[from].fg, weight, float64(len([]rune(shown)))*cellWidth, html.EscapeString(shown))
	})
}

// runs calls f for every longest run of cells that belong together.
func runs(row []cell, same func(a, z cell) bool, f func(from, to int)) {
	from := 0
	for i := 1; i <= len(row); i++ {
		if i == len(row) || !same(row[from], row[i]) {
			f(from, i)
			from = i
		}
	}
}
