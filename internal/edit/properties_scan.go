package edit

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// propEntry is an entry and where it stands. A logical line may run over several natural lines, of which all but the last end in an odd
// number of backslashes.
type propEntry struct {
	key, value string
	line       int // of the first character of the key
	start, end int // its natural lines, the last line end included
	keyStart   int
	keyEnd     int
	valueStart int
	valueEnd   int
	separator  propSeparator
}

type propSeparator int8

const (
	noSeparator    propSeparator = iota // the key is all there is
	blankSeparator                      // key value
	signSeparator                       // key=value, key : value
)

// propTail says how the file ends.
type propTail struct {
	open   bool // in the middle of a continuation: text put behind would join the last entry
	hasEOL bool // with a line end, or the file is empty
}

// propLine is one logical line: its characters without continuations and leading blanks, and where each stands.
type propLine struct {
	chars []byte
	pos   []int
	// start is where its first natural line begins, end where its last ends, with the line end.
	start, end int
	line       int // of the first natural line
	charLine   int // of the first character
	dangling   bool
}

func isPropBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\f' }

// eolAt returns the length of the line end at i: 2 for CR LF, 1 for CR or LF, 0 for none.
func eolAt(data []byte, i int) int {
	switch {
	case i >= len(data):
		return 0
	case data[i] == '\n':
		return 1
	case data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n':
		return 2
	case data[i] == '\r':
		return 1
	}
	return 0
}

// scan reads the entries of p.data.
func (p *Properties) scan() error {
	p.index = map[string][]int{}
	p.tail = propTail{hasEOL: true}
	var l propLine
	at, line := 0, 1
	for at < len(p.data) {
		isEntry, next, err := p.scanLine(&l, at, &line)
		if err != nil {
			return err
		}
		at = next
		if !isEntry {
			continue
		}
		e, err := p.split(&l)
		if err != nil {
			return err
		}
		p.index[e.key] = append(p.index[e.key], len(p.entries))
		p.entries = append(p.entries, e)
	}
	return nil
}

// scanLine reads one logical line that begins at a natural line. A blank line, a comment and a continuation of nothing are no entry.
func (p *Properties) scanLine(l *propLine, at int, line *int) (isEntry bool, next int, err error) {
	data := p.data
	l.chars, l.pos, l.start, l.line, l.dangling = l.chars[:0], l.pos[:0], at, *line, false
	for continued := false; ; continued = true {
		for at < len(data) && isPropBlank(data[at]) {
			at++
		}
		comment := len(l.chars) == 0 && at < len(data) && (data[at] == '#' || data[at] == '!')
		if comment && continued {
			return false, 0, &Error{
				File: p.name, Line: *line, What: "a comment sign follows a line that holds a backslash alone; some versions of Java take it for a comment, others for a key",
				Fix: "remove the backslash on the line before",
			}
		}
		if len(l.chars) == 0 {
			l.charLine = *line
		}
		odd := false
		for at < len(data) && data[at] != '\n' && data[at] != '\r' {
			if !comment {
				odd = data[at] == '\\' && !odd
				l.chars, l.pos = append(l.chars, data[at]), append(l.pos, at)
			}
			at++
		}
		eol := eolAt(data, at)
		at += eol
		if eol > 0 {
			*line++
		}
		l.end = at
		p.tail = propTail{open: odd, hasEOL: eol > 0}
		if odd {
			l.chars, l.pos = l.chars[:len(l.chars)-1], l.pos[:len(l.pos)-1]
			l.dangling = eol == 0
		}
		if odd && at >= len(data) && len(l.chars) == 0 {
			return false, 0, &Error{
				File: p.name, Line: *line - min(eol, 1), What: "the file ends in a line that holds a backslash alone, from which Java makes an entry without a key",
				Fix: "remove the backslash",
			}
		}
		if !odd || at >= len(data) {
			return len(l.chars) > 0 && !comment, at, nil
		}
	}
}

// split parts a logical line into key and value. The key ends at the first blank, = or : that is not escaped; one = or : and all blanks
// around it belong to the separator.
func (p *Properties) split(l *propLine) (propEntry, error) {
	n := len(l.chars)
	keyLen, escaped := 0, false
	for ; keyLen < n; keyLen++ {
		c := l.chars[keyLen]
		if !escaped && (c == '=' || c == ':' || isPropBlank(c)) {
			break
		}
		escaped = c == '\\' && !escaped
	}
	e := propEntry{start: l.start, end: l.end, line: l.charLine, keyStart: l.pos[0]}
	value := keyLen
	for ; value < n; value++ {
		c := l.chars[value]
		if isPropBlank(c) {
			e.separator = max(e.separator, blankSeparator)
			continue
		}
		if (c != '=' && c != ':') || e.separator == signSeparator {
			break
		}
		e.separator = signSeparator
	}
	e.keyEnd = e.keyStart
	if keyLen > 0 {
		e.keyEnd = l.pos[keyLen-1] + 1
	}
	e.valueEnd = l.pos[n-1] + 1
	e.valueStart = e.valueEnd
	if value < n {
		e.valueStart = l.pos[value]
	}
	if l.dangling {
		// A backslash that ends the file continues nothing. It goes with the value.
		e.valueEnd = l.end
	}
	var ok bool
	if e.key, ok = unescapeProp(l.chars[:keyLen]); ok {
		e.value, ok = unescapeProp(l.chars[value:])
	}
	if !ok {
		return e, &Error{
			File: p.name, Line: e.line, What: fmt.Sprintf(`the entry %q holds a \u without four hexadecimal digits, so that Java refuses the whole file`, headOf(e.key)),
			Fix: `write a backslash as \\, or give the \u its four digits`,
		}
	}
	return e, nil
}

// headOf returns the head of a key for messages.
func headOf(key string) string {
	if len(key) > 60 {
		return key[:60]
	}
	return key
}

// unescapeProp resolves escapes. Bytes are ISO-8859-1. A surrogate without its other half, which Go strings have no place for, becomes
// the three bytes that UTF-8 would give it: it stays distinct and cannot be set.
func unescapeProp(chars []byte) (string, bool) {
	plain := true
	for _, c := range chars {
		if c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return string(chars), true
	}
	out := make([]byte, 0, len(chars))
	high := rune(-1) // a surrogate that waits for its other half
	for i := 0; i < len(chars); i++ {
		r := rune(chars[i])
		if r == '\\' && i+1 < len(chars) {
			i++
			r = rune(chars[i])
			switch r {
			case 't':
				r = '\t'
			case 'n':
				r = '\n'
			case 'r':
				r = '\r'
			case 'f':
				r = '\f'
			case 'u':
				var ok bool
				if r, ok = hex4(chars[i+1:]); !ok {
					return "", false
				}
				i += 4
			}
		}
		if high >= 0 {
			if both := utf16.DecodeRune(high, r); both != utf8.RuneError {
				out, high = utf8.AppendRune(out, both), -1
				continue
			}
			out, high = appendSurrogate(out, high), -1
		}
		switch {
		case r >= 0xd800 && r < 0xdc00:
			high = r
		case r >= 0xdc00 && r < 0xe000:
			out = appendSurrogate(out, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	if high >= 0 {
		out = appendSurrogate(out, high)
	}
	return string(out), true
}

func appendSurrogate(out []byte, r rune) []byte {
	return append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0xbf, 0x80|byte(r)&0xbf)
}

func hex4(chars []byte) (rune, bool) {
	if len(chars) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range chars[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
