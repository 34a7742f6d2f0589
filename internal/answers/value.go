package answers

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"carbon-setup/internal/secret"
)

// Position is where a value stands in an answers file; the zero Position is "not from a file". Columns count characters.
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

// Value is one answer. The Text of a List is its entries with ", " between them; the Text of a Secret and of a Map is empty.
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

func printable(r rune) bool { return unicode.IsPrint(r) }
