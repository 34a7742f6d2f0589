package answers

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/secret"
)

// Set is a set of answers. Not safe for concurrent use; Clone before handing one to another goroutine.
type Set struct {
	schema Schema
	tree   *branch
	values map[string]Value
	// bare holds the sections that stand in the file with no keys.
	bare map[string]Position
}

// NewSet returns an empty set.
func NewSet(s Schema) *Set {
	return &Set{schema: s, tree: s.mustTree(), values: map[string]Value{}, bare: map[string]Position{}}
}

// Schema returns the schema that the set was made for.
func (s *Set) Schema() Schema { return s.schema }

// Lookup returns the answer for a concrete key.
func (s *Set) Lookup(key string) (Value, bool) {
	v, ok := s.values[key]
	return v.clone(), ok
}

// Place returns where an answer stands in the file. For one that is absent it is the first answer of the innermost section around it,
// which is where the missing one belongs; the zero Position when the file has none of them.
func (s *Set) Place(key string) Position {
	for at := key; at != ""; at = at[:max(strings.LastIndexByte(at, '.'), 0)] {
		var first Position
		look := func(k string, p Position) {
			if within(k, at) && p.File != "" && (first.File == "" || p.inFile() && (!first.inFile() || p.before(first) < 0)) {
				first = p
			}
		}
		for k, v := range s.values {
			look(k, v.At)
		}
		for k, p := range s.bare {
			look(k, p)
		}
		if first.File != "" {
			return first
		}
	}
	return Position{}
}

// Text returns the canonical text of an answer, "" when absent.
func (s *Set) Text(key string) string { return s.values[key].Text }

// Bool returns the answer to a question of kind Bool; ok is false when it is absent.
func (s *Set) Bool(key string) (value, ok bool) {
	switch s.values[key].Text {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Int returns the answer to a question of kind Int; ok is false when it is absent.
func (s *Set) Int(key string) (value int, ok bool) {
	n, err := strconv.Atoi(s.values[key].Text)
	return n, err == nil
}

// List returns the entries of an answer of kind List, nil when absent.
func (s *Set) List(key string) []string { return slices.Clone(s.values[key].List) }

// Secret returns a secret once it is resolved or typed; the zero Secret when not.
func (s *Set) Secret(key string) secret.Secret { return s.values[key].Secret }

// HasSection reports whether any key of the section ("hostname") is present, or the section itself stands in the file with no keys.
func (s *Set) HasSection(section string) bool {
	for key := range s.values {
		if within(key, section) {
			return true
		}
	}
	for key := range s.bare {
		if key == section || within(key, section) {
			return true
		}
	}
	return false
}

// within reports whether a key lies beneath a section. A key of kind Map is both: it counts as its own section.
func within(key, section string) bool {
	return key == section || len(key) > len(section) && key[len(section)] == '.' && key[:len(section)] == section
}

// Names returns the free names of a section, sorted: datasources -> WSO2AM_DB, WSO2_CARBON_DB.
func (s *Set) Names(section string) []string {
	b := s.tree.at(section)
	if b == nil || !b.free() {
		return nil
	}
	found := map[string]bool{}
	add := func(key string) {
		if rest, ok := strings.CutPrefix(key, section+"."); ok {
			name, _, _ := strings.Cut(rest, ".")
			if b.own().last() {
				name = rest
			}
			if !slices.Contains(b.names(), name) {
				found[name] = true
			}
		}
	}
	for key := range s.values {
		add(key)
	}
	for key := range s.bare {
		add(key)
	}
	return slices.Sorted(maps.Keys(found))
}

// Put stores a value; the key must be in the schema and of this version, and the text of a secret must be in Secret (else it
// panics: programming error). Text that is not UTF-8 is made so: the file has no other.
func (s *Set) Put(key string, v Value) {
	b := s.tree.at(key)
	switch {
	case b == nil || b.spec == nil:
		panic(fmt.Sprintf("answers: %q is not a key of the schema", key))
	case b.spec.NotYet != "":
		panic(fmt.Sprintf("answers: this version does nothing with %q", key))
	case b.spec.Kind == Secret && v.Text != "":
		panic(fmt.Sprintf("answers: the secret %q given as a text", key))
	}
	s.values[key] = v.normal(b.spec.Kind)
}

// PutSection marks a section as present even when it has no keys.
func (s *Set) PutSection(section string) {
	if b := s.tree.at(section); b == nil || b.spec != nil {
		panic(fmt.Sprintf("answers: %q is not a section of the schema", section))
	}
	s.bare[section] = Position{}
}

// Delete removes an answer. The section of the last one goes with it, unless it was marked as present by itself.
func (s *Set) Delete(key string) { delete(s.values, key) }

// DeleteSection removes a section and everything beneath it.
func (s *Set) DeleteSection(section string) {
	gone := func(key string) bool { return within(key, section) }
	maps.DeleteFunc(s.values, func(key string, _ Value) bool { return gone(key) })
	maps.DeleteFunc(s.bare, func(key string, _ Position) bool { return gone(key) })
}

// Clone returns a copy that shares nothing that can change.
func (s *Set) Clone() *Set {
	c := &Set{schema: s.schema, tree: s.tree, values: make(map[string]Value, len(s.values)), bare: maps.Clone(s.bare)}
	for key, v := range s.values {
		c.values[key] = v.clone()
	}
	return c
}

// Sections returns the sections that are present, in schema order. The version of the format is none.
func (s *Set) Sections() []string {
	var present []string
	for _, b := range s.tree.children {
		if b.name != versionKey && s.HasSection(b.name) {
			present = append(present, b.name)
		}
	}
	return present
}

// Keys returns the keys that are answered, sorted.
func (s *Set) Keys() []string { return slices.Sorted(maps.Keys(s.values)) }
