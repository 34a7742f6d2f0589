package answers

import (
	"maps"
	"slices"
	"strings"
)

// Marshal writes the set as an answers file with comments (the Labels), in schema order. Secrets become their Ref; a typed secret
// becomes {prompt: true}. Parse gives back the same set, literal and typed secrets apart.
func (s *Set) Marshal() []byte {
	var w writer
	w.line(0, versionKey+": "+formatVersion)
	for _, b := range s.tree.children {
		if b.name == versionKey {
			continue
		}
		if s.HasSection(b.name) {
			w.line(0, "")
			w.answers(s, b, b.name, 0)
		}
	}
	return []byte(w.String())
}

// writer writes YAML, two blanks to a level.
type writer struct{ strings.Builder }

func (w *writer) line(depth int, text string) {
	if text != "" {
		w.WriteString(strings.Repeat("  ", depth))
		w.WriteString(text)
	}
	w.WriteByte('\n')
}

// answers writes what the set has at and beneath the concrete key.
func (w *writer) answers(s *Set, b *branch, key string, depth int) {
	name := quote(b.leaf(key))
	if b.spec != nil {
		v, ok := s.values[key]
		if !ok {
			return
		}
		if b.spec.Label != "" {
			w.line(depth, "# "+oneLine(b.spec.Label))
		}
		for _, text := range entryLines(name, b.spec.Kind, v) {
			w.line(depth, text)
		}
		return
	}
	var body writer
	for _, c := range b.children {
		names := []string{c.name}
		if c.name == "*" {
			names = s.Names(key)
		}
		for _, n := range names {
			if path := join(key, n); s.HasSection(path) {
				body.answers(s, c, path, depth+1)
			}
		}
	}
	if body.Len() == 0 {
		w.line(depth, name+": {}")
		return
	}
	w.line(depth, name+":")
	w.WriteString(body.String())
}

// entryLines writes a key with its value: one line, or several for a Map.
func entryLines(name string, k Kind, v Value) []string {
	if k != Map || len(v.Map) == 0 {
		return []string{name + ": " + inline(k, v)}
	}
	lines := []string{name + ":"}
	for _, key := range slices.Sorted(maps.Keys(v.Map)) {
		lines = append(lines, "  "+quote(key)+": "+quote(v.Map[key]))
	}
	return lines
}

// inline writes a value on one line.
func inline(k Kind, v Value) string {
	switch k {
	case Secret:
		return inlineRef(v.Ref)
	case List:
		entries := make([]string, len(v.List))
		for i, text := range v.List {
			entries[i] = quote(text)
		}
		return "[" + strings.Join(entries, ", ") + "]"
	case Map:
		var entries []string
		for _, key := range slices.Sorted(maps.Keys(v.Map)) {
			entries = append(entries, quote(key)+": "+quote(v.Map[key]))
		}
		return "{" + strings.Join(entries, ", ") + "}"
	case Bool:
		if v.Text == "true" || v.Text == "false" {
			return v.Text
		}
	case Int:
		if decimal.MatchString(v.Text) {
			return v.Text
		}
	case Text, Size, Choice, Path:
	}
	return quote(v.Text)
}

func inlineRef(r Ref) string {
	switch {
	case r.Env != "":
		return "{env: " + quote(r.Env) + "}"
	case r.File != "":
		return "{file: " + quote(r.File) + "}"
	}
	return "{prompt: true}"
}
