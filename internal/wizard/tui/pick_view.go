package tui

import (
	"strings"

	"charm.land/lipgloss/v2"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// The columns beside the names. Narrow windows have the first alone, and the others below the list.
const (
	whatWidth = 9
	sizeWidth = 8
	ageWidth  = 6
)

// body: the folder with the filter, the list, and a line about the entry under the cursor. Only the cursor's sign moves with it: a row that were
// drawn bold would cost a slow link a line for every key.
func (s *pickScreen) body(c *common, w, h int) []string {
	const around = 2 // the line of the folder and that about the entry
	s.per = max(1, h-around)
	head, about := s.head(c, w), s.about(c, w)
	if r := s.reading; r != nil && r.slow {
		about = cutMiddle(texts.ReadingFolder(flow.Shown(r.folder)), w-2*margin, c.marks.More)
	}
	from, to := s.list.show(s.cursor, len(s.rows), s.per)
	lines := []string{indent(head)}
	for i := from; i < to; i++ {
		lines = append(lines, s.row(c, s.listing.Entries[s.rows[i]], i == s.cursor, w))
	}
	if from == to {
		lines = append(lines, block(s.nothing(), min(w-2*margin, textWidth), s.per, c.marks.More)...)
	}
	return append(fill(lines, h-1), indent(about))
}

// head is the folder, whose end says most, and the filter at the right end.
func (s *pickScreen) head(c *common, w int) string {
	filter, room := "", w-2*margin
	text := s.filter
	if s.reading != nil {
		text = s.reading.ahead
	}
	if text != "" {
		filter = texts.PickFilter + cutHead(printable(text), room/2, c.marks.More)
	}
	left := cutHead(flow.Shown(s.listing.Folder), room-lipgloss.Width(filter)-2, c.marks.More)
	return ends(left, filter, room)
}

// nothing says why no row is shown.
func (s *pickScreen) nothing() string {
	hidden := 0
	for _, d := range s.listing.Entries {
		if d.Hidden() {
			hidden++
		}
	}
	switch {
	case s.failed != "":
		return s.failed
	case !s.loaded:
		return ""
	case len(s.listing.Entries) == 0:
		return texts.PickEmpty
	case s.filter == "":
		return texts.HiddenToo(hidden)
	}
	return texts.PickNoMatch
}

func (s *pickScreen) row(c *common, d flow.DirEntry, focus bool, w int) string {
	cursor := " "
	if focus {
		cursor = c.marks.Cursor
	}
	room := s.nameRoom(w)
	line := " " + cursor + " " + pad(cut(d.Label(), room, c.marks.More), room) + " " + pad(d.What, whatWidth)
	if w < tightWidth {
		return line
	}
	size, age := sizeAndAge(c, d)
	return strings.TrimRight(line+" "+padLeft(size, sizeWidth)+" "+padLeft(age, ageWidth), " ")
}

func (s *pickScreen) nameRoom(w int) int {
	room := w - 3 - 1 - whatWidth - 1
	if w >= tightWidth {
		room -= sizeWidth + ageWidth + 2
	}
	return min(room, textWidth)
}

// sizeAndAge are those of a file; of a folder only its age means something.
func sizeAndAge(c *common, d flow.DirEntry) (size, age string) {
	if d.Modified.IsZero() {
		return "", ""
	}
	if d.Kind == flow.File {
		size = texts.FileSize(d.Size)
	}
	return size, texts.Age(c.eng.Now().Sub(d.Modified))
}

// about is what the row of the entry under the cursor has no room for.
func (s *pickScreen) about(c *common, w int) string {
	d, ok := s.current()
	if !ok {
		return ""
	}
	var parts []string
	if w < tightWidth {
		for _, p := range [2]func() string{
			func() string { size, _ := sizeAndAge(c, d); return size },
			func() string { _, age := sizeAndAge(c, d); return age },
		} {
			if text := p(); text != "" {
				parts = append(parts, text)
			}
		}
	}
	if d.Link != "" {
		parts = append(parts, texts.LinkTo(flow.Shown(d.Link)))
	}
	if lipgloss.Width(d.Label()) > s.nameRoom(w) {
		parts = append(parts, d.Label())
	}
	return cutMiddle(strings.Join(parts, "  "), w-2*margin, c.marks.More)
}

// cutMiddle shortens plain text in its middle: of names that are too long, the ends differ as well as the beginnings.
func cutMiddle(s string, width int, more string) string {
	if lipgloss.Width(s) <= width {
		return s
	}
	head := firstCells(s, max(1, width/2-lipgloss.Width(more)))
	return head + cutHead(s[len(head):], width-lipgloss.Width(head), more)
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-lipgloss.Width(s))) + s
}
