package apply

import (
	"bytes"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"sync"

	"carbon-setup/internal/secret"
)

// contextLines surround a change in a hunk.
const contextLines = 3

// FileDiff is the difference of one file, secrets masked.
type FileDiff struct {
	Path           string
	Op             Op
	Mode           fs.FileMode // of a created or removed file
	Guidelines     []int
	Added, Removed int // lines
	Hunks          []Hunk
	Masked         bool
	Binary         bool // no text: there are no hunks, and nothing of the contents is shown
}

// Hunk is one hunk of a unified diff.
type Hunk struct {
	OldStart, OldLines, NewStart, NewLines int
	Lines                                  []Line
	Guidelines                             []int
	Reasons                                []string
}

// Line of a hunk; Text has no line end. Its bytes are those of the file, whatever their encoding: the front end decides how to show them.
type Line struct {
	Op    byte // ' ', '+', '-'
	Text  string
	NoEOL bool // "\ No newline at end of file" follows
	CR    bool // the line ends in CRLF
}

// Diff computes the differences of all files, in order of path.
func (p *Plan) Diff() []FileDiff {
	diffs := make([]FileDiff, len(p.Changes))
	var all sync.WaitGroup
	for i := range p.Changes {
		all.Go(func() { diffs[i] = p.Changes[i].diff() })
	}
	all.Wait()
	sort.SliceStable(diffs, func(i, j int) bool { return diffs[i].Path < diffs[j].Path })
	return diffs
}

func (c *Change) diff() FileDiff {
	d := FileDiff{Path: c.Path, Op: c.Op, Mode: c.Mode, Guidelines: c.guidelines()}
	if c.Op == Create {
		d.Mode = c.createMode()
	}
	if isBinary(c.Before) || isBinary(c.After) {
		d.Binary = true
		return d
	}
	b := newDiffer(c)
	d.Hunks = b.hunks(c.Marks)
	d.Masked = b.masked
	for _, h := range d.Hunks {
		for _, l := range h.Lines {
			switch l.Op {
			case '+':
				d.Added++
			case '-':
				d.Removed++
			}
		}
	}
	return d
}

// isBinary reports whether data is no text, as git judges it.
func isBinary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 }

// differ makes the hunks of one file. The lines are compared as they are and masked when they are shown: a line whose secret
// is all that changes is a changed line.
type differ struct {
	old, new               text
	oldSecrets, newSecrets []Span
	masked                 bool
}

func newDiffer(c *Change) *differ {
	return &differ{
		old: newText(c.Before), new: newText(c.After),
		oldSecrets: secretSpans(c.Before, c.SecretsBefore), newSecrets: secretSpans(c.After, c.SecretsAfter),
	}
}

func (d *differ) hunks(marks []Mark) []Hunk {
	var groups [][]block
	for _, b := range compareLines(d.old.lines, d.new.lines) {
		n := len(groups)
		if n > 0 && b.a0-groups[n-1][len(groups[n-1])-1].a1 <= 2*contextLines {
			groups[n-1] = append(groups[n-1], b)
			continue
		}
		groups = append(groups, []block{b})
	}
	hunks := make([]Hunk, len(groups))
	for i, g := range groups {
		hunks[i] = d.hunk(g)
	}
	d.attribute(hunks, groups, marks)
	return hunks
}

// hunk draws the blocks of a group with their context.
func (d *differ) hunk(group []block) Hunk {
	first, last := group[0], group[len(group)-1]
	before := min(contextLines, first.a0)
	after := min(contextLines, len(d.old.lines)-last.a1)
	h := Hunk{
		OldStart: first.a0 - before + 1, OldLines: last.a1 + after - (first.a0 - before),
		NewStart: first.b0 - before + 1, NewLines: last.b1 + after - (first.b0 - before),
	}
	if h.OldLines == 0 {
		h.OldStart-- // an empty range is named by the line before it
	}
	if h.NewLines == 0 {
		h.NewStart--
	}
	a, b := first.a0-before, first.b0-before
	for _, g := range group {
		h.Lines = d.context(h.Lines, a, b, g.a0-a)
		h.Lines = d.changed(h.Lines, g)
		a, b = g.a1, g.b1
	}
	h.Lines = d.context(h.Lines, a, b, after)
	return h
}

// context draws n lines that are the same on both sides; what is a secret on either side is masked.
func (d *differ) context(lines []Line, a, b, n int) []Line {
	for ; n > 0; a, b, n = a+1, b+1, n-1 {
		start, end, crlf, noEOL := d.old.content(a)
		spans := within(d.oldSecrets, start, end)
		newStart, newEnd, _, _ := d.new.content(b)
		for _, s := range within(d.newSecrets, newStart, newEnd) {
			spans = append(spans, Span{s.Start - newStart + start, s.End - newStart + start})
		}
		shown := d.shown(d.old.data, start, end, spans, nil)
		lines = append(lines, Line{Op: ' ', Text: shown, CR: crlf, NoEOL: noEOL})
	}
	return lines
}

// changed draws the lines of a block: first the old ones, then the new ones.
func (d *differ) changed(lines []Line, g block) []Line {
	pairs := d.pair(g)
	for a := g.a0; a < g.a1; a++ {
		start, end, crlf, noEOL := d.old.content(a)
		shown := d.shown(d.old.data, start, end, within(d.oldSecrets, start, end), nil)
		lines = append(lines, Line{Op: '-', Text: shown, CR: crlf, NoEOL: noEOL})
	}
	for b := g.b0; b < g.b1; b++ {
		start, end, crlf, noEOL := d.new.content(b)
		spans := within(d.newSecrets, start, end)
		var old []string
		if len(spans) > 0 {
			old = pairs[b]
		}
		lines = append(lines, Line{Op: '+', Text: d.shown(d.new.data, start, end, spans, old), CR: crlf, NoEOL: noEOL})
	}
	return lines
}

// pair finds for every new line with a secret the secrets of the old line that it replaces: the one that reads the same once masked, else
// the one at the same place in the block. A line without counterpart has none.
func (d *differ) pair(g block) map[int][]string {
	type oldLine struct {
		at   int
		used bool
	}
	byText := map[string][]*oldLine{}
	all := make([]*oldLine, 0, g.a1-g.a0)
	for a := g.a0; a < g.a1; a++ {
		l := &oldLine{at: a}
		all = append(all, l)
		if key, secrets := d.oldKey(a); secrets {
			byText[key] = append(byText[key], l)
		}
	}
	pairs := map[int][]string{}
	for b := g.b0; b < g.b1; b++ {
		start, end, _, _ := d.new.content(b)
		spans := within(d.newSecrets, start, end)
		if len(spans) == 0 {
			continue
		}
		key := maskLine(d.new.data, start, end, spans, nil)
		switch same := byText[key]; {
		case len(same) > 0:
			same[0].used = true
			byText[key] = same[1:]
			pairs[b] = d.oldValues(same[0].at)
		case b-g.b0 < len(all) && !all[b-g.b0].used:
			pairs[b] = d.oldValues(all[b-g.b0].at)
		}
	}
	return pairs
}

// oldKey returns an old line as it reads masked, and whether it holds a secret.
func (d *differ) oldKey(a int) (key string, secrets bool) {
	start, end, _, _ := d.old.content(a)
	spans := within(d.oldSecrets, start, end)
	if len(spans) == 0 {
		return "", false
	}
	return maskLine(d.old.data, start, end, spans, nil), true
}

// oldValues returns the secrets of an old line, in order.
func (d *differ) oldValues(a int) []string {
	start, end, _, _ := d.old.content(a)
	var values []string
	for _, s := range within(d.oldSecrets, start, end) {
		values = append(values, string(d.old.data[s.Start:s.End]))
	}
	return values
}

// shown is maskLine that remembers that something was masked.
func (d *differ) shown(data []byte, start, end int, spans []Span, old []string) string {
	if len(spans) == 0 {
		return string(data[start:end])
	}
	d.masked = true
	return maskLine(data, start, end, spans, old)
}

// maskLine returns the bytes [start,end) with the spans masked; old are the secrets that those of the line replace, in order.
func maskLine(data []byte, start, end int, spans []Span, old []string) string {
	slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	var out strings.Builder
	at := start
	for i, s := range spans {
		if s.Start < at { // the same bytes are a secret on both sides
			if s.End <= at {
				continue
			}
			s.Start = at
		}
		out.Write(data[at:s.Start])
		if i < len(old) && old[i] != string(data[s.Start:s.End]) {
			out.WriteString(shownChanged)
		} else {
			out.WriteString(secret.Shown)
		}
		at = s.End
	}
	out.Write(data[at:end])
	return out.String()
}

// within returns the parts of the spans that lie in [start,end). The result is a copy.
func within(spans []Span, start, end int) []Span {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].End > start })
	var found []Span
	for ; i < len(spans) && spans[i].Start < end; i++ {
		found = append(found, Span{max(spans[i].Start, start), min(spans[i].End, end)})
	}
	return found
}

// attribute gives every hunk the guidelines and reasons of the marks that fall into it: into one of its changed lines or, when the
// comparison has aligned equal lines another way than the edit did, into its context.
func (d *differ) attribute(hunks []Hunk, groups [][]block, marks []Mark) {
	for _, m := range marks {
		hit := false
		for i, g := range groups {
			if slices.ContainsFunc(g, func(b block) bool { return d.inBlock(m, b) }) {
				hunks[i].take(m)
				hit = true
			}
		}
		if hit {
			continue
		}
		for i, g := range groups {
			from := d.new.starts[max(0, g[0].b0-contextLines)]
			to := d.new.starts[min(len(d.new.lines), g[len(g)-1].b1+contextLines)]
			if m.Start <= to && m.End >= from {
				hunks[i].take(m)
				break
			}
		}
	}
	for i := range hunks {
		hunks[i].Guidelines = sortedSet(hunks[i].Guidelines)
	}
}

// inBlock reports whether a mark touches the new lines of a block. Where nothing is left of the old lines, or the mark is a removal,
// bordering is touching.
func (d *differ) inBlock(m Mark, b block) bool {
	from, to := d.new.starts[b.b0], d.new.starts[b.b1]
	if from == to || m.Start == m.End {
		return m.Start <= to && m.End >= from
	}
	return m.Start < to && m.End > from
}

func (h *Hunk) take(m Mark) {
	h.Guidelines = append(h.Guidelines, m.Guideline)
	if m.Reason != "" && !slices.Contains(h.Reasons, m.Reason) {
		h.Reasons = append(h.Reasons, m.Reason)
	}
}
