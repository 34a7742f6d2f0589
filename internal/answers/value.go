package answers

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"carbon-setup/internal/secret"
)

// Position is where a value stands in an answers file; the zero Position is "not from a file", and without a line File names what it was given by.
// Columns count characters.
type Position struct {
	File         string
	Line, Column int
}

// String returns "answers.yaml:3:7", or "" for the zero Position.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// inFile reports whether there is a line: what was given on a command line has none.
func (p Position) inFile() bool { return p.Line > 0 }

// before orders positions of one file.
func (p Position) before(o Position) int {
	if p.Line != o.Line {
		return p.Line - o.Line
	}
	return p.Column - o.Column
}

// Ref says where a secret comes from. The zero Ref is a literal or a typed secret.
type Ref struct {
	Env, File string
	Prompt    bool
}

// Value is one answer. The Text of a List is its entries with ", " between them; the Text of a Secret and of a Map is empty (see JoinMap).
type Value struct {
	Text   string
	List   []string
	Map    map[string]string
	Secret secret.Secret // set once resolved
	Ref    Ref
	At     Position
}

func (v Value) clone() Value {
	v.List = slices.Clone(v.List)
	v.Map = maps.Clone(v.Map)
	return v
}

// normal returns the value as a Set keeps it: List and Map never nil for their kinds, Text derived from List or the other way
// round, and nothing but valid UTF-8, for the file has no other.
func (v Value) normal(k Kind) Value {
	v = v.clone()
	v.Text = strings.ToValidUTF8(v.Text, string(unicode.ReplacementChar))
	switch k {
	case List:
		if v.List == nil {
			v.List = SplitList(v.Text)
		}
		for i := range v.List {
			v.List[i] = strings.ToValidUTF8(v.List[i], string(unicode.ReplacementChar))
		}
		v.Text = JoinList(v.List)
		v.Map = nil
	case Map:
		clean := make(map[string]string, len(v.Map))
		for key, text := range v.Map {
			clean[strings.ToValidUTF8(key, string(unicode.ReplacementChar))] = strings.ToValidUTF8(text, string(unicode.ReplacementChar))
		}
		v.Map, v.List, v.Text = clean, nil, ""
	case Text, Bool, Int, Size, Choice, Secret, Path:
		v.List, v.Map = nil, nil
	}
	return v
}

// SplitList parts a list typed on one line at its commas: "localhost, 127.0.0.1". Blanks around an entry do not count, and an
// empty entry is none. Never nil.
func SplitList(text string) []string {
	list := []string{}
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			list = append(list, entry)
		}
	}
	return list
}

// JoinList is the one line that stands for a list.
func JoinList(list []string) string { return strings.Join(list, ", ") }

// SplitMap parts a map typed on one line: "name=value, name=value". Blanks around an entry and around its first = do not count, and an empty entry is
// none. A backslash takes the meaning from what follows it, so that a value can hold a comma: "a=1\\,2". Never nil. what says what is wrong, a sentence
// without its full stop; "" for nothing.
func SplitMap(text string) (m map[string]string, what string) {
	m = map[string]string{}
	for _, entry := range splitEscaped(text, ',', -1) {
		if trimBlanks(entry) == "" {
			continue
		}
		parts := splitEscaped(entry, '=', 2)
		name := withoutSlashes(trimBlanks(parts[0]))
		switch _, twice := m[name]; {
		case len(parts) == 1:
			return m, quoted(withoutSlashes(trimBlanks(entry))) + " has no ="
		case name == "":
			return m, quoted(withoutSlashes(trimBlanks(entry))) + " has no name before the ="
		case twice:
			return m, quoted(name) + " stands here for the second time"
		}
		m[name] = withoutSlashes(trimBlanks(parts[1]))
	}
	return m, ""
}

// JoinMap is the one line that stands for a map; SplitMap takes it back.
func JoinMap(m map[string]string) string {
	entries := make([]string, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		entries = append(entries, escape(name, ",=\\")+"="+escape(m[name], ",\\"))
	}
	return strings.Join(entries, ", ")
}

// splitEscaped parts a text at a separator that no backslash stands before, into at most so many parts; -1 is any number.
func splitEscaped(text string, at byte, most int) []string {
	var parts []string
	from := 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == at && len(parts)+1 != most:
			parts, from = append(parts, text[from:i]), i+1
		}
	}
	return append(parts, text[from:])
}

// trimBlanks removes blanks and line ends at both ends, but none that a backslash stands before.
func trimBlanks(text string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	short := strings.TrimRight(text, " \t\r\n")
	if slashes := len(short) - len(strings.TrimRight(short, "\\")); slashes%2 == 1 && len(short) < len(text) {
		short = text[:len(short)+1]
	}
	return short
}

func withoutSlashes(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// escape writes a backslash before each of the bytes, and before blanks at either end.
func escape(text, bytes string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		blank := strings.IndexByte(" \t\r\n", text[i]) >= 0 && (strings.TrimLeft(text[:i], " \t\r\n") == "" || strings.TrimRight(text[i:], " \t\r\n") == "")
		if blank || strings.IndexByte(bytes, text[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func printable(r rune) bool { return unicode.IsPrint(r) }
