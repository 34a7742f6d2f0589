// Package answers reads and writes the answers file and the session: what the operator decided, under the keys of the file,
// with the position of every value, and secrets by reference. It knows no guideline: the keys come in as a Schema.
package answers

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind of a value.
type Kind int

// The kinds. Every scalar is kept as its canonical text: "true"/"false", "42", "512m".
const (
	Text   Kind = iota + 1
	Bool        // true or false, nothing else (no yes/no/on/off)
	Int         // decimal
	Size        // JVM size: 512m, 2g
	Choice      // one of Choices
	List        // of texts
	Secret      // {env: NAME}, {file: PATH}, {prompt: true}, or a literal (warned about)
	Path        // a file on this machine; ~ and $VAR are expanded by the reader of the value, not here
	Map         // free text keys to texts, e.g. datasources.X.parameters
)

// String names the kind for people.
func (k Kind) String() string {
	names := [...]string{Text: "text", Bool: "true or false", Int: "whole number", Size: "size", Choice: "choice", List: "list", Secret: "secret", Path: "path", Map: "mapping"}
	if k < Text || int(k) >= len(names) {
		return "unknown kind"
	}
	return names[k]
}

// Spec describes one key of the answers file. The wizard's questions, the schema, the template and the reference all come from Specs.
type Spec struct {
	Key      string // "hostname.name"; one segment may be *: "datasources.*.host"
	Kind     Kind
	Label    string // "Host name"
	Help     string // one or two full sentences
	Choices  []string
	Paths    bool   // of a List: its entries are paths
	Required bool   // when its section is present
	Example  string // for the template
	NotYet   string // not empty: the key is known, but this version does nothing with it, and a file that has it is refused with this text
}

// Schema is the ordered list of all keys; sections appear in the order of their first key. A Spec with NotYet may name a whole
// section: then nothing beneath it is read.
type Schema []Spec

// versionKey is the key that every answers file has; formatVersion is its only value.
const (
	versionKey    = "version"
	formatVersion = "1"
)

// Lookup returns the Spec of a concrete key.
func (s Schema) Lookup(key string) (Spec, bool) {
	var free *Spec
	for i := range s {
		switch {
		case s[i].Key == key && !strings.Contains(key, "*"):
			return s[i], true
		case free == nil && matches(s[i].Key, key):
			free = &s[i]
		}
	}
	if free == nil {
		return Spec{}, false
	}
	return *free, true
}

// matches reports whether a concrete key is one that the pattern of a Spec stands for.
func matches(pattern, key string) bool {
	for {
		if pattern == "*" {
			return lastNameFault(key) == ""
		}
		p, pRest, pMore := strings.Cut(pattern, ".")
		k, kRest, kMore := strings.Cut(key, ".")
		if pMore != kMore || p != k && p != "*" || freeNameFault(k) != "" {
			return false
		}
		if !pMore {
			return true
		}
		pattern, key = pRest, kRest
	}
}

// Check reports what is wrong with the schema itself: no kind, a key that is a value and a section at once, a key twice.
// A schema with such a fault is a programming error; NewSet and Parse panic on it.
func (s Schema) Check() error {
	_, err := s.tree()
	return err
}

// branch is a node of the schema as a tree: a section, or a key with its Spec.
type branch struct {
	name     string // the last segment, "*" for free names
	path     string // as in Spec.Key
	spec     *Spec  // of a key; nil for a section
	children []*branch
}

// tree arranges the schema by sections, which stand in the order of their first key.
func (s Schema) tree() (*branch, error) {
	root := &branch{}
	for i := range s {
		spec := &s[i]
		if spec.Kind < Text || spec.Kind > Map {
			return nil, fmt.Errorf("answers: key %q of the schema has no kind", spec.Key)
		}
		b := root
		for name := range strings.SplitSeq(spec.Key, ".") {
			if name == "" {
				return nil, fmt.Errorf("answers: key %q of the schema has an empty segment", spec.Key)
			}
			if b.spec != nil && b.spec.NotYet == "" {
				return nil, fmt.Errorf("answers: key %q of the schema is a value and a section at once", b.path)
			}
			b = b.grow(name)
		}
		switch {
		case b.spec != nil:
			return nil, fmt.Errorf("answers: key %q is in the schema twice", spec.Key)
		case len(b.children) > 0 && spec.NotYet == "":
			return nil, fmt.Errorf("answers: key %q of the schema is a value and a section at once", spec.Key)
		}
		b.spec = spec
	}
	return root, nil
}

func (s Schema) mustTree() *branch {
	t, err := s.tree()
	if err != nil {
		panic(err)
	}
	return t
}

func (b *branch) grow(name string) *branch {
	for _, c := range b.children {
		if c.name == name {
			return c
		}
	}
	c := &branch{name: name, path: join(b.path, name)}
	b.children = append(b.children, c)
	return c
}

// child returns the node of a concrete name.
func (b *branch) child(name string) *branch {
	var free *branch
	for _, c := range b.children {
		if c.name == name && name != "*" {
			return c
		}
		if c.name == "*" {
			free = c
		}
	}
	if free != nil && free.nameFault(name) == "" {
		return free
	}
	return nil
}

// last reports whether the node is a key whose name is the operator's own. Nothing can follow the name, so it may have dots.
func (b *branch) last() bool { return b.name == "*" && b.spec != nil }

// nameFault says why a name cannot stand for the * of the node, or "".
func (b *branch) nameFault(name string) string {
	if b.last() {
		return lastNameFault(name)
	}
	return freeNameFault(name)
}

// at returns the node of a concrete dotted key.
func (b *branch) at(key string) *branch {
	for {
		name, rest, more := strings.Cut(key, ".")
		next := b.child(name)
		switch {
		case next == nil:
			return nil
		case next.last():
			return b.child(key)
		case !more:
			return next
		}
		b, key = next, rest
	}
}

// leaf returns the last segment of a concrete key of the node.
func (b *branch) leaf(key string) string {
	above := strings.Count(b.path, ".")
	return strings.SplitN(key, ".", above+1)[above]
}

// free reports whether the names beneath the section are the operator's own.
func (b *branch) free() bool { return b.own() != nil }

// own returns the node of the names that are the operator's own, nil without any.
func (b *branch) own() *branch {
	for _, c := range b.children {
		if c.name == "*" {
			return c
		}
	}
	return nil
}

// names returns the names of the keys of a section, the free one left out.
func (b *branch) names() []string {
	var names []string
	for _, c := range b.children {
		if c.name != "*" {
			names = append(names, c.name)
		}
	}
	return names
}

// walk calls visit for every key beneath the node, in order.
func (b *branch) walk(visit func(*branch)) {
	for _, c := range b.children {
		if c.spec != nil {
			visit(c)
		}
		c.walk(visit)
	}
}

// lastNameFault is freeNameFault for a name that ends the key.
func lastNameFault(name string) string {
	if strings.Contains("."+name+".", "..") {
		return "has a dot too many"
	}
	return freeNameFault(strings.ReplaceAll(name, ".", "_"))
}

// freeNameFault says why a name cannot stand where the schema has *, or "". A dot would make the key ambiguous.
func freeNameFault(name string) string {
	switch {
	case name == "":
		return "is empty"
	case name == "*":
		return "is *"
	case len(name) > 200:
		return "is longer than 200 bytes"
	case !utf8.ValidString(name):
		return "is not UTF-8"
	}
	for _, r := range name {
		switch {
		case r == '.':
			return "has a dot"
		case r <= ' ' || r == 0x7f || !printable(r):
			return "has a blank or a character that cannot be shown"
		}
	}
	return ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// leaf returns the last segment of a key.
func leaf(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }
