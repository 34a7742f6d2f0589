package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// Styles are the roles of color. A role means the same on every screen, and never stands alone: a mark or a word says it, too.
// Only the 16 colors of the terminal's own palette are used.
type Styles struct {
	Bar      lipgloss.Style // the first line
	BarAlert lipgloss.Style // DRY RUN in it
	Title    lipgloss.Style
	Label    lipgloss.Style
	Key      lipgloss.Style // a key in the footer
	Focus    lipgloss.Style // the line or field that has the focus
	Accent   lipgloss.Style // places, numbers, what is worth a glance
	Good     lipgloss.Style
	Warn     lipgloss.Style
	Bad      lipgloss.Style
	Plain    lipgloss.Style
	Add      lipgloss.Style
	Remove   lipgloss.Style
	Hunk     lipgloss.Style
	File     lipgloss.Style
	Match    lipgloss.Style
}

// NewStyles returns the roles. blueOrange uses blue and yellow for added and removed lines instead of green and red.
func NewStyles(blueOrange bool) *Styles {
	fg := func(c string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(c)) }
	s := &Styles{
		Bar:      lipgloss.NewStyle().Reverse(true),
		BarAlert: lipgloss.NewStyle().Reverse(true).Bold(true),
		Title:    lipgloss.NewStyle().Bold(true),
		Label:    lipgloss.NewStyle(),
		Key:      lipgloss.NewStyle().Bold(true),
		Focus:    lipgloss.NewStyle().Bold(true),
		Accent:   fg("6"),
		Good:     fg("2"),
		Warn:     fg("3"),
		Bad:      fg("1").Bold(true),
		Plain:    lipgloss.NewStyle(),
		Add:      fg("2"),
		Remove:   fg("1"),
		Hunk:     fg("6"),
		File:     lipgloss.NewStyle().Bold(true),
		Match:    lipgloss.NewStyle().Reverse(true),
	}
	if blueOrange {
		s.Add, s.Remove = fg("4"), fg("3")
	}
	return s
}

// Marks are the signs. Each is one cell wide in a list, so that columns stay where they are.
type Marks struct {
	Done, Again, Check, Draft, Skipped, Met, Open, Unknown, None, NotBuilt string // in the hub, between brackets
	Cursor, OK, Fail, Warn, Quest, Run                                     string
	Rule, Dot, More, Dash, Up, Down, CR, Blank                             string
}

// NewMarks returns the signs: ASCII unless the locale is UTF-8.
func NewMarks(utf8 bool) *Marks {
	m := &Marks{
		Done: "x", Again: "!", Check: "*", Draft: "!", Skipped: "-", Met: "=", Open: " ", Unknown: "?", None: ".", NotBuilt: "~",
		Cursor: ">", OK: "ok", Fail: "x ", Warn: "! ", Quest: "? ", Run: "..",
		Rule: "-", Dot: "-", More: ">", Dash: "-", Up: "^", Down: "v", CR: "^M", Blank: "_",
	}
	if utf8 {
		m.Done, m.Met, m.Cursor = "✓", "=", "▸"
		m.OK, m.Fail, m.Run, m.Warn, m.Quest = "✓", "✗", "…", "!", "?"
		m.Rule, m.Dot, m.More, m.Dash, m.Up, m.Down, m.CR, m.Blank = "─", "·", "…", "–", "↑", "↓", "␍", "·"
	}
	return m
}

// box is a mark between brackets, as wide as the widest.
func box(style lipgloss.Style, mark string) string {
	return pad("["+style.Render(mark)+"]", 5)
}

// utf8Locale reports whether the environment asks for UTF-8. The Linux console has too small a font for the signs.
func utf8Locale(getenv func(string) string) bool {
	if getenv("TERM") == "linux" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
