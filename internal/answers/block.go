package answers

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// blockHeader is the | or > that begins a text of several lines.
type blockHeader struct {
	at     spot
	folded bool
	chomp  byte // '-' strips the line ends at the end, '+' keeps all, 0 keeps one
	parent int  // column of the key or dash; the content stands to the right of it
}

func (r *lineReader) blockHeader() {
	h := &blockHeader{at: r.here(), folded: r.text[r.i] == '>', parent: r.parent}
	r.start = h.at
	i := r.i + 1
	if i < len(r.text) && (r.text[i] == '-' || r.text[i] == '+') {
		h.chomp = r.text[i]
		i++
	}
	if !r.endsHere(i) || i < len(r.text) && r.text[i] == '#' {
		r.s.fail(h.at, "After "+r.text[r.i:r.i+1]+" only - or + and a comment may stand on the line.", "Put the text on the lines beneath, indented further; or, if it is meant to begin with this character, in quotes.")
		return
	}
	// The parser sees an empty quoted text here; what is meant is recorded by block.
	r.clean.WriteString(`""`)
	r.i = len(r.text)
	r.header = h
}

// block reads the lines beneath a header and records the text. It returns the line after them.
func (s *source) block(n int, r *lineReader) int {
	h := r.header
	end := n + 1
	for end < len(s.lines) && (strings.TrimLeft(s.lines[end], " ") == "" || indent(s.lines[end]) >= h.parent) {
		if end+1 == len(s.lines) && s.lines[end] == "" {
			break // not a line: what follows the last line end
		}
		end++
	}
	lines := s.lines[n+1 : end]
	width := -1
	for i, line := range lines {
		if strings.TrimLeft(line, " ") == "" {
			continue
		}
		if width < 0 {
			width = indent(line)
		}
		if indent(line) < width {
			s.fail(spot{n + 2 + i, indent(line) + 1}, "The lines of this text begin at different columns.", "Indent all of them at least as far as the first.")
			return end
		}
	}
	s.scalars[h.at] = scalar{text: h.text(lines, width), style: blockText}
	return end
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// text puts the content together, width columns cut from every line.
func (h *blockHeader) text(lines []string, width int) string {
	if width < 0 {
		if h.chomp == '+' {
			return strings.Repeat("\n", len(lines))
		}
		return ""
	}
	cut := make([]string, len(lines))
	for i, line := range lines {
		cut[i] = line[min(width, len(line)):]
	}
	last := len(cut)
	for last > 0 && cut[last-1] == "" {
		last--
	}
	text := strings.Join(cut[:last], "\n")
	if h.folded {
		text = fold(cut[:last])
	}
	switch h.chomp {
	case '-':
		return text
	case '+':
		return text + strings.Repeat("\n", 1+len(cut)-last)
	}
	return text + "\n"
}

// fold joins lines as > does: a line end becomes a blank, an empty line a line end; lines that are indented further stay apart.
func fold(lines []string) string {
	var b strings.Builder
	apart := func(line string) bool { return line != "" && isBlank(line[0]) }
	for i := 0; i < len(lines); i++ {
		b.WriteString(lines[i])
		empty := 0
		for i+1 < len(lines) && lines[i+1] == "" {
			empty++
			i++
		}
		if i+1 >= len(lines) {
			break
		}
		text := lines[i-empty]
		switch {
		case apart(text) || apart(lines[i+1]):
			b.WriteString(strings.Repeat("\n", empty+1))
		case text == "" && i == empty:
			b.WriteString(strings.Repeat("\n", empty+1)) // before the first text
		case empty > 0:
			b.WriteString(strings.Repeat("\n", empty))
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

var escapes = map[byte]rune{
	'0': 0, 'a': 7, 'b': 8, 't': 9, 'n': 10, 'v': 11, 'f': 12, 'r': 13, 'e': 27, ' ': ' ', '"': '"', '/': '/', '\\': '\\',
	'N': 0x85, '_': 0xa0, 'L': 0x2028, 'P': 0x2029,
}

// unescape undoes the escapes of a double-quoted text. bad is the offset of one that YAML does not know, or -1.
func unescape(inner string) (text string, bad int) {
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			b.WriteByte(inner[i])
			continue
		}
		at := i
		if i++; i == len(inner) {
			return "", at
		}
		if r, ok := escapes[inner[i]]; ok {
			b.WriteRune(r)
			continue
		}
		size := map[byte]int{'x': 2, 'u': 4, 'U': 8}[inner[i]]
		r, ok := hexRune(inner[i+1:], size)
		if !ok {
			return "", at
		}
		i += size
		if r >= 0xd800 && r < 0xdc00 { // JSON writes characters beyond U+FFFF as two halves
			low, ok := rune(0), false
			if strings.HasPrefix(inner[i+1:], `\u`) {
				low, ok = hexRune(inner[i+3:], 4)
			}
			if !ok || low < 0xdc00 || low > 0xdfff {
				return "", at
			}
			r = 0x10000 + (r-0xd800)<<10 + low - 0xdc00
			i += 6
		}
		if !utf8.ValidRune(r) {
			return "", at
		}
		b.WriteRune(r)
	}
	return b.String(), -1
}

func hexRune(text string, size int) (rune, bool) {
	if size == 0 || len(text) < size {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:size], 16, 32)
	return rune(n), err == nil && n <= utf8.MaxRune
}
