package answers

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// lineReader reads one line. Columns count characters, i counts bytes.
type lineReader struct {
	s      *source
	n      int // of the line, from 0
	text   string
	i      int
	column int
	clean  strings.Builder
	start  spot // of the last scalar or dash: where a key begins that a colon may end
	parent int  // column of the key or dash that the next value belongs to; 0 = none
	dashes int
	last   *spot // the scalar that a comment would follow
	header *blockHeader
}

func (r *lineReader) here() spot { return spot{r.n + 1, r.column} }

// keep takes the next size bytes over as they are.
func (r *lineReader) keep(size int) {
	part := r.text[r.i : r.i+size]
	r.clean.WriteString(part)
	r.i += size
	r.column += utf8.RuneCountInString(part)
}

// paint takes the next size bytes over as that many times the character.
func (r *lineReader) paint(size int, with string) {
	part := r.text[r.i : r.i+size]
	count := utf8.RuneCountInString(part)
	r.clean.WriteString(strings.Repeat(with, count))
	r.i += size
	r.column += count
}

func (r *lineReader) done() bool { return r.i >= len(r.text) || r.s.broken }

func (r *lineReader) rest() string { return r.text[r.i:] }

// blankAt reports whether the byte after the next one is a blank or the line's end.
func (r *lineReader) blankAfter(size int) bool {
	return r.i+size >= len(r.text) || isBlank(r.text[r.i+size])
}

func (r *lineReader) flow() bool { return len(r.s.open) > 0 }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (r *lineReader) read() {
	r.blanks(true)
	r.parent = 0
	for !r.done() && r.header == nil {
		r.token()
		r.blanks(false)
	}
}

// blanks passes over blanks, and over a comment if one follows.
func (r *lineReader) blanks(leading bool) {
	from := r.i
	for !r.done() && isBlank(r.text[r.i]) {
		if r.text[r.i] == '\t' && !r.endsHere(r.i) {
			if leading {
				r.s.fail(r.here(), "The line is indented with a tab; YAML indents with blanks alone.", "Put blanks in place of the tab.")
			} else {
				r.s.fault(r.here(), "A tab stands here.", `Put a blank in its place; in double quotes a tab is written "\t".`)
			}
		}
		r.paint(1, " ")
	}
	if !r.done() && r.text[r.i] == '#' && (r.i > from || r.i == 0) {
		if r.last != nil && r.last.line == r.n+1 {
			sc := r.s.scalars[*r.last]
			sc.commented = true
			r.s.scalars[*r.last] = sc
		}
		r.i = len(r.text)
	}
}

// endsHere reports whether from i on there are but blanks and a comment.
func (r *lineReader) endsHere(i int) bool {
	rest := strings.TrimLeft(r.text[i:], " \t")
	return rest == "" || rest[0] == '#'
}

// token reads what stands at i, which is no blank.
func (r *lineReader) token() {
	c := r.text[r.i]
	switch {
	case c == '"' || c == '\'':
		r.quoted(c)
	case c == '[' || c == '{':
		r.s.open = append(r.s.open, bracket{c, r.here()})
		if len(r.s.open) > maxDepth {
			r.s.fail(r.here(), fmt.Sprintf("Brackets stand in brackets more than %d deep.", maxDepth), "Answers are at most four deep.")
		}
		r.keep(1)
	case (c == ']' || c == '}') && r.flow():
		r.shut(c)
	case c == ']' || c == '}':
		r.s.fail(r.here(), fmt.Sprintf("The bracket %c closes nothing.", c), "Take it out, or put the text in quotes.")
	case c == ',' && r.flow():
		r.s.mark(r.here())
		r.keep(1)
	case c == ',':
		r.s.fail(r.here(), "A text cannot begin with a comma.", "Put it in quotes.")
	case c == ':' && (r.blankAfter(1) || r.flow()):
		r.colon()
	case c == '-' && r.blankAfter(1) && !r.flow():
		r.dash()
	case c == '?' && r.blankAfter(1):
		r.s.fail(r.here(), "Keys with a question mark are not read here.", `Write "key: value".`)
	case (c == '|' || c == '>') && !r.flow():
		r.blockHeader()
	case strings.IndexByte("&*!", c) >= 0:
		r.property(c)
	case strings.IndexByte("@`%|>#", c) >= 0:
		r.s.fault(r.here(), fmt.Sprintf("A text without quotes cannot begin with %c.", c), "Put it in quotes.")
		r.standIn(max(r.plainLength(), 1))
	default:
		r.plain()
	}
}

// standIn puts a word in place of a text that is at fault, so that reading goes on.
func (r *lineReader) standIn(size int) {
	r.record(scalar{text: strings.Repeat("x", utf8.RuneCountInString(r.text[r.i:r.i+size])), style: plain})
	r.paint(size, "x")
}

func (r *lineReader) shut(c byte) {
	b := r.s.open[len(r.s.open)-1]
	if closing(b.char) != c {
		r.s.fail(r.here(), fmt.Sprintf("Here stands %c, but the bracket that was opened in line %d is %c.", c, b.at.line, b.char), fmt.Sprintf("Put a %c in its place.", closing(b.char)))
		return
	}
	r.s.open = r.s.open[:len(r.s.open)-1]
	r.keep(1)
	r.after("bracket")
}

// after makes sure that nothing but a delimiter follows a quote or bracket that was closed.
func (r *lineReader) after(what string) {
	if r.done() || r.endsHere(r.i) && isBlank(r.text[r.i]) {
		return
	}
	rest := strings.TrimLeft(r.rest(), " \t")
	switch c := rest[0]; {
	case r.flow() && strings.IndexByte(",]}:", c) >= 0, c == ':' && (len(rest) == 1 || isBlank(rest[1])):
	default:
		r.s.fail(r.here(), fmt.Sprintf("Text follows a closed %s.", what), `If the text is meant to have the quotes or brackets in it, put all of it in single quotes, and write '' for a single quote.`)
	}
}

func (r *lineReader) colon() {
	r.s.mark(r.here())
	if r.start.line == r.n+1 {
		r.parent = r.start.column
	}
	r.keep(1)
}

func (r *lineReader) dash() {
	if r.dashes++; r.dashes > maxDepth {
		r.s.fail(r.here(), fmt.Sprintf("More than %d lists stand in one another.", maxDepth), "Answers are at most four deep.")
	}
	r.s.mark(r.here())
	r.parent = r.column
	r.keep(1)
}

// property refuses anchors, aliases and tags, which an answers file has no use for.
func (r *lineReader) property(c byte) {
	what := map[byte]string{'&': "Anchors (&name)", '*': "Aliases (*name)", '!': "Tags (!name)"}[c]
	r.s.fault(r.here(), what+" are not read here.", "Write the value itself; put a text that begins with this character in quotes.")
	size := strings.IndexAny(r.rest(), " \t,]}")
	if size < 0 {
		size = len(r.rest())
	}
	if c == '*' {
		r.standIn(size)
		return
	}
	r.paint(size, " ")
}

// plainLength returns the length of the text without quotes at i.
func (r *lineReader) plainLength() int {
	end := r.i
	for i := r.i; i < len(r.text); i++ {
		c := r.text[i]
		next := byte(' ')
		if i+1 < len(r.text) {
			next = r.text[i+1]
		}
		switch {
		case isBlank(c):
			continue
		case c == '#' && i > r.i && isBlank(r.text[i-1]),
			c == ':' && (isBlank(next) || r.flow() && strings.IndexByte(",[]{}", next) >= 0),
			r.flow() && strings.IndexByte(",[]{}", c) >= 0:
			return end - r.i
		}
		end = i + 1
	}
	return end - r.i
}

func (r *lineReader) plain() {
	size := r.plainLength()
	text := r.text[r.i : r.i+size]
	switch {
	case size > maxPlain:
		r.s.fail(r.here(), fmt.Sprintf("A text without quotes of more than %d bytes stands here.", maxPlain), "Put it in quotes if it is meant.")
		return
	case text == "<<":
		r.s.fault(r.here(), "Merge keys (<<) are not read here.", "Write the keys themselves.")
		r.s.broken = true
		return
	case strings.Contains(text, "\t"):
		r.s.fail(r.here(), "A tab stands in a text without quotes.", `Put a blank in its place, or the text in double quotes with "\t" for the tab.`)
		return
	}
	r.record(scalar{text: text, style: plain})
	r.keep(size)
}

func (r *lineReader) record(sc scalar) {
	r.start = r.here()
	at := r.start
	r.last = &at
	r.s.scalars[at] = sc
}

func (r *lineReader) quoted(quote byte) {
	size := quotedLength(r.rest(), quote)
	if size < 0 {
		r.s.fail(r.here(), fmt.Sprintf("The quote %c that is opened here is not closed on the same line.", quote), "Close it; for a text of several lines write \\n in double quotes, or use |.")
		return
	}
	inner := r.text[r.i+1 : r.i+size-1]
	if strings.Contains(inner, "\t") {
		r.s.fault(r.here(), "A tab stands in a quoted text.", `Write it as "\t" in double quotes.`)
	}
	text := strings.ReplaceAll(inner, "''", "'")
	if quote == '"' {
		var bad int
		if text, bad = unescape(inner); bad >= 0 {
			column := r.column + 1 + utf8.RuneCountInString(inner[:bad])
			r.s.fault(spot{r.n + 1, column}, "This escape is none that YAML knows.", `Write \\ for a backslash in double quotes, or put the text in single quotes, where a backslash is just that.`)
		}
	}
	r.record(scalar{text: text, style: quotedText})
	r.keep(1)
	r.paint(size-2, "x")
	r.keep(1)
	r.after("quote")
}

// quotedLength returns the length of the quoted text at the start of rest with its quotes, or -1 when it is not closed.
func quotedLength(rest string, quote byte) int {
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && quote == '"':
			i++
		case rest[i] != quote:
		case quote == '\'' && i+1 < len(rest) && rest[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return -1
}
