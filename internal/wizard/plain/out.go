package plain

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineWidth is the width that running text is set in. What is to be copied is never broken.
const lineWidth = 78

// printer writes lines and nothing else: no byte that a terminal would act on but the line end, and tabs and CRs as they stand in files.
// After the first error it writes nothing more.
type printer struct {
	w     io.Writer
	ascii bool
	width int // of running text
	err   error
}

func (p *printer) write(s string) {
	if p.err != nil || s == "" {
		return
	}
	_, p.err = io.WriteString(p.w, s)
}

// blank writes an empty line.
func (p *printer) blank() { p.write("\n") }

// line writes one line as it is.
func (p *printer) line(s string) { p.write(visible(s, p.ascii) + "\n") }

// say writes running text. Line ends in it are kept.
func (p *printer) say(s string) { p.item("", s) }

// prose writes paragraphs, which blank lines part. Other line ends mean nothing.
func (p *printer) prose(s string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if i > 0 {
			p.blank()
		}
		p.say(strings.Join(strings.Fields(paragraph), " "))
	}
}

// item writes running text after a head; further lines begin below the text.
func (p *printer) item(head, s string) {
	head = visible(head, p.ascii)
	indent := strings.Repeat(" ", utf8.RuneCountInString(head))
	for paragraph := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		lines := wrap(visible(paragraph, p.ascii), p.width-len(indent))
		for _, l := range lines {
			p.write(strings.TrimRight(head+l, " ") + "\n")
			head = indent
		}
	}
}

// raw writes a text of several lines, such as a diff: tabs stay, and CRs before a line end.
func (p *printer) raw(s string) {
	var b strings.Builder
	for l := range strings.Lines(s) {
		body, ended := strings.CutSuffix(l, "\n")
		body, cr := strings.CutSuffix(body, "\r")
		for i, part := range strings.Split(body, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(visible(part, p.ascii))
		}
		if cr {
			b.WriteByte('\r')
		}
		if ended {
			b.WriteByte('\n')
		}
	}
	p.write(b.String())
}

// prompt writes the start of a line that the answer ends: what is asked, and in brackets what Enter takes. When that is more than a line, the
// brackets stand alone.
func (p *printer) prompt(says, enter string) {
	if enter != "" {
		enter = "[" + visible(enter, p.ascii) + "]"
		if utf8.RuneCountInString(says)+1+utf8.RuneCountInString(enter) < p.width {
			p.write(visible(says, p.ascii) + " " + enter + ": ")
			return
		}
		p.say(strings.ReplaceAll(says, "\n", " "))
		p.write(enter + ": ")
		return
	}
	p.write(visible(says, p.ascii) + ": ")
}

// wrap sets text in lines of at most width runes. A word that is longer stands alone, in one piece.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case line == "":
			line, used = word, n
		case used+1+n <= width:
			line, used = line+" "+word, used+1+n
		default:
			lines = append(lines, line)
			line, used = word, n
		}
	}
	return append(lines, line)
}

// visible spells out what a terminal would act on or not show, bytes that are not UTF-8, and, for a terminal that has no other, everything
// that is not ASCII.
func visible(s string, ascii bool) string {
	if isPlain(s, ascii) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, "<%02X>", s[0])
		case r < ' ':
			b.WriteString("^" + string(r+'@'))
		case r == 0x7f:
			b.WriteString("^?")
		case hidden(r), ascii && r > unicode.MaxASCII:
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

func isPlain(s string, ascii bool) bool {
	for i, r := range s {
		if r < ' ' || r == 0x7f || ascii && r > unicode.MaxASCII || r > unicode.MaxASCII && hidden(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
	}
	return true
}

// hidden reports whether a rune controls the terminal, turns the direction of text, breaks the line or is not seen at all.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

// utf8Locale reports whether the locale of an environment has more than ASCII.
func utf8Locale(getenv func(string) string) bool {
	if getenv("TERM") == "linux" {
		return false // its font may have nothing else
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
