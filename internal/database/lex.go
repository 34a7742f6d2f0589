package database

import "strings"

// tokenKind tells the tokens of SQL apart as far as it takes to know what a statement does.
type tokenKind int

const (
	wordToken   tokenKind = iota + 1 // keyword, name or number
	quotedToken                      // a name in quotes
	stringToken
	markToken // one character of anything else
)

type token struct {
	kind       tokenKind
	text       string // the word; the name without its quotes; the string without them; the character
	start, end int    // in the statement
}

// is reports whether the token is one of the keywords, which are written in capitals.
func (t token) is(words ...string) bool {
	if t.kind != wordToken {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(t.text, w) {
			return true
		}
	}
	return false
}

// mark reports whether the token is the character.
func (t token) mark(c string) bool { return t.kind == markToken && t.text == c }

// executed is the token of a comment that MySQL and MariaDB execute.
const executed = "/*!"

// lexer takes a statement apart by the rules of one kind of server.
type lexer struct {
	kind   Kind
	s      string
	pos    int
	tokens []token
	open   string // what was opened and is not closed
	at     int    // where that is
}

// lex returns the tokens of s without comments. open is "" or what was opened and never closed, such as "'", and at is where.
func lex(kind Kind, s string) (tokens []token, open string, at int) {
	l := lexer{kind: kind, s: s}
	for l.pos < len(s) && l.open == "" {
		l.next()
	}
	return l.tokens, l.open, l.at
}

func (l *lexer) add(kind tokenKind, text string, start int) {
	l.tokens = append(l.tokens, token{kind: kind, text: text, start: start, end: l.pos})
}

func (l *lexer) next() {
	c := l.s[l.pos]
	switch {
	case c <= ' ':
		l.pos++
	case l.lineComment():
		if i := strings.IndexByte(l.s[l.pos:], '\n'); i >= 0 {
			l.pos += i + 1
		} else {
			l.pos = len(l.s)
		}
	case l.mysql() && (strings.HasPrefix(l.s[l.pos:], "/*!") || strings.HasPrefix(l.s[l.pos:], "/*M!")):
		l.pos += 3
		l.add(markToken, executed, l.pos-3)
	case strings.HasPrefix(l.s[l.pos:], "/*"):
		l.blockComment()
	case c == '\'':
		l.quoted(stringToken, '\'', l.mysql() || l.escaped())
	case c == '"' && l.mysql():
		l.quoted(quotedToken, '"', true)
	case c == '"':
		l.quoted(quotedToken, '"', false)
	case c == '`' && l.mysql():
		l.quoted(quotedToken, '`', false)
	case c == '[' && l.kind == SQLServer:
		l.quoted(quotedToken, ']', false)
	case c == '$' && l.kind == PostgreSQL && l.dollar():
	case wordByte(c):
		l.word()
	default:
		l.pos++
		l.add(markToken, l.s[l.pos-1:l.pos], l.pos-1)
	}
}

func (l *lexer) mysql() bool { return l.kind == MySQL || l.kind == MariaDB }

// escaped reports whether a string begins here that PostgreSQL reads with backslashes: E'...'.
func (l *lexer) escaped() bool {
	if l.kind != PostgreSQL || len(l.tokens) == 0 {
		return false
	}
	last := l.tokens[len(l.tokens)-1]
	return last.end == l.pos && last.is("E")
}

// lineComment reports whether a comment up to the end of the line begins here. MySQL wants a blank behind the dashes.
func (l *lexer) lineComment() bool {
	rest := l.s[l.pos:]
	if l.mysql() {
		return rest[0] == '#' || strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' ')
	}
	return strings.HasPrefix(rest, "--")
}

// blockComment passes a comment; those of PostgreSQL and SQL Server nest.
func (l *lexer) blockComment() {
	start, depth := l.pos, 1
	nests := l.kind == PostgreSQL || l.kind == SQLServer
	for l.pos += 2; l.pos < len(l.s); {
		switch rest := l.s[l.pos:]; {
		case strings.HasPrefix(rest, "*/"):
			l.pos += 2
			if depth--; depth == 0 {
				return
			}
		case nests && strings.HasPrefix(rest, "/*"):
			l.pos += 2
			depth++
		default:
			l.pos++
		}
	}
	l.open, l.at = "/*", start
}

// quoted reads up to the closing quote, which stands for itself when doubled.
func (l *lexer) quoted(kind tokenKind, closing byte, backslash bool) {
	start := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.s); l.pos++ {
		c := l.s[l.pos]
		switch {
		case c == '\\' && backslash && l.pos+1 < len(l.s):
			l.pos++
			c = l.s[l.pos]
		case c == closing && l.pos+1 < len(l.s) && l.s[l.pos+1] == closing:
			l.pos++
		case c == closing:
			l.pos++
			l.add(kind, b.String(), start)
			return
		}
		b.WriteByte(c)
	}
	l.open, l.at = l.s[start:start+1], start
}

// dollar reads $tag$ ... $tag$ if it begins here.
func (l *lexer) dollar() bool {
	n := 1
	for l.pos+n < len(l.s) && l.s[l.pos+n] != '$' && wordByte(l.s[l.pos+n]) {
		n++
	}
	if l.pos+n >= len(l.s) || l.s[l.pos+n] != '$' || n > 1 && l.s[l.pos+1] >= '0' && l.s[l.pos+1] <= '9' {
		return false
	}
	start, tag := l.pos, l.s[l.pos:l.pos+n+1]
	i := strings.Index(l.s[start+len(tag):], tag)
	if i < 0 {
		l.open, l.at, l.pos = tag, start, len(l.s)
		return true
	}
	body := l.s[start+len(tag) : start+len(tag)+i]
	l.pos = start + len(tag) + i + len(tag)
	l.add(stringToken, body, start)
	return true
}

func (l *lexer) word() {
	start := l.pos
	for l.pos < len(l.s) && wordByte(l.s[l.pos]) {
		l.pos++
	}
	w := l.s[start:l.pos]
	if l.kind == Oracle && (strings.EqualFold(w, "q") || strings.EqualFold(w, "nq")) && l.pos+1 < len(l.s) && l.s[l.pos] == '\'' {
		l.alternative(start)
		return
	}
	l.add(wordToken, w, start)
}

// alternative reads the rest of Oracle's q'[...]'.
func (l *lexer) alternative(start int) {
	closing := l.s[l.pos+1 : l.pos+2]
	if i := strings.Index("[{<(", closing); i >= 0 {
		closing = "]}>)"[i : i+1]
	}
	i := strings.Index(l.s[l.pos+2:], closing+"'")
	if i < 0 {
		l.open, l.at, l.pos = "q'", start, len(l.s)
		return
	}
	body := l.s[l.pos+2 : l.pos+2+i]
	l.pos += 2 + i + 2
	l.add(stringToken, body, start)
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c == '#' || c == '@' || c >= 0x80
}
