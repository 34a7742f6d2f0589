package answers

import (
	"fmt"
	"slices"
	"strings"
)

// Parse reads an answers file. A file with faults gives a *FaultsError with all of them. Warnings (a literal secret, ...) come apart.
//
// The format is YAML without its traps. A text without quotes is taken just as it is written: 0777, 1e3, 12:30 and 2026-11-22 stay
// what they are where a text is meant. Words that YAML reads as true, false (yes, no, on, off, y, n as well) or null are refused there
// unless they stand in quotes. Numbers are decimal and truth values are true and false, nothing else; both may stand in quotes. Where a
// list is meant, one text is a list of one. Anchors, aliases, merge keys, tags, directives, several documents, quoted texts over
// several lines and tabs outside of comments are refused. A text beneath | or > loses the one line end at its end.
func Parse(name string, data []byte, s Schema) (set *Set, warnings []Fault, err error) {
	return parseFile(name, data, s, false)
}

// ParseAccepted is Parse for the answers in a session. What was accepted need not be all that a step asks for today, so a required key that is
// missing is no fault: the step says so.
func ParseAccepted(name string, data []byte, s Schema) (*Set, error) {
	set, _, err := parseFile(name, data, s, true)
	return set, err
}

func parseFile(name string, data []byte, s Schema, partial bool) (set *Set, warnings []Fault, err error) {
	p := &reading{src: readSource(name, data), set: NewSet(s), partial: partial}
	root := parseYAML(p.src)
	if !p.src.broken {
		p.root(root)
	}
	if faults := p.all(); len(faults) > 0 {
		sortFaults(faults)
		return nil, nil, &FaultsError{Faults: faults, Cut: len(p.src.faults) == maxFaults}
	}
	sortFaults(p.warnings)
	return p.set, p.warnings, nil
}

// reading is a file on its way into a Set.
type reading struct {
	src      *source
	set      *Set
	faults   []Fault
	warnings []Fault
	partial  bool // required keys may be missing
}

// all returns the faults of the text and those of its meaning; of the latter not those in a line that has one of the former:
// what stands there was painted over.
func (p *reading) all() []Fault {
	lines := map[int]bool{}
	for _, f := range p.src.faults {
		lines[f.At.Line] = true
	}
	faults := p.src.faults
	for _, f := range p.faults {
		if !lines[f.At.Line] {
			faults = append(faults, f)
		}
	}
	return faults
}

func (p *reading) fault(at spot, key, message, fix string) {
	p.faults = append(p.faults, Fault{At: p.src.position(at), Key: key, Message: message, Fix: fix})
}

func (p *reading) warn(at spot, key, message, fix string) {
	p.warnings = append(p.warnings, Fault{At: p.src.position(at), Key: key, Message: message, Fix: fix})
}

const startFresh = "The command \"carbon-setup answers\" prints a file to start from."

func (p *reading) root(n *node) {
	switch {
	case n == nil && len(p.src.faults) == 0:
		p.fault(spot{1, 1}, "", "The file is empty, or holds nothing but comments.", startFresh)
	case n == nil:
	case n.kind != mappingNode:
		p.fault(n.at, "", "The file holds no keys: it must be a mapping of sections.", startFresh)
	case p.version(n):
		p.section(n, p.set.tree, "", n.at)
	}
}

// version judges the version of the file and reports whether the rest is worth reading.
func (p *reading) version(root *node) bool {
	fix := `Write "version: 1" as the first line.`
	for _, e := range root.entries {
		if e.key != versionKey {
			continue
		}
		text := e.value.scalar.text
		switch {
		case e.value.kind == textNode && text == formatVersion:
			return true
		case e.value.kind == textNode && decimal.MatchString(text):
			p.fault(e.value.at, versionKey, fmt.Sprintf("The file is of version %s; this program reads version %s.", text[:min(len(text), 20)], formatVersion),
				"Use the carbon-setup that the file was written for, or start from what \"carbon-setup answers\" prints.")
			return false
		}
		p.fault(e.value.at, versionKey, "The version of the file must be the number 1.", fix)
		return true
	}
	for _, e := range root.entries {
		if nearest(e.key, p.set.tree.names()) == versionKey {
			return true // it is told as a slip
		}
	}
	p.fault(spot{1, 1}, versionKey, "The file does not say its version.", fix)
	return true
}

// section reads the keys of a mapping. key is the concrete key of the section, "" at the root; at is where that stands.
func (p *reading) section(n *node, b *branch, key string, at spot) {
	seen := map[string]spot{}
	var meant []string // a required key with a slip in it is not missing as well
	for _, e := range n.entries {
		if first, twice := seen[e.key]; twice {
			p.fault(e.at, shownKey(join(key, e.key)), fmt.Sprintf("The key stands here for the second time; the first is in line %d.", first.line), "Keep one of the two.")
			continue
		}
		seen[e.key] = e.at
		if key == "" && e.key == versionKey {
			continue
		}
		c := b.child(e.key)
		if c == nil {
			meant = append(meant, p.unknown(e, b, key))
			continue
		}
		p.entry(e, c, join(key, e.key))
	}
	if key != "" {
		for _, name := range meant {
			seen[name] = at
		}
		if !p.partial {
			p.missing(b, key, seen, at)
		}
		if len(n.entries) == 0 {
			p.set.bare[key] = p.src.position(at)
		}
	}
}

func (p *reading) entry(e entry, b *branch, key string) {
	switch {
	case b.spec != nil && b.spec.NotYet != "":
		p.notYet(e, b, key)
	case b.spec != nil:
		spec := *b.spec
		spec.Key = key
		p.value(e, spec)
	case e.value.kind == mappingNode:
		p.section(e.value, b, key, e.at)
	case e.value.bare:
		p.section(&node{kind: mappingNode, at: e.at}, b, key, e.at)
	case e.value.kind == nullNode:
		p.fault(e.value.at, key, "The section is null.", fmt.Sprintf("Write %q for a section without keys, or take the line out.", e.key+": {}"))
	default:
		fix := p.keysOf(b, key)
		if name, _, colon := strings.Cut(e.value.scalar.text, ":"); colon && e.value.scalar.style == plain && b.child(name) != nil {
			fix = fmt.Sprintf("Put a blank after the colon of %s.", name)
		}
		p.fault(e.value.at, key, "This is a section: it takes keys, not a value.", fix)
	}
}

func (p *reading) notYet(e entry, b *branch, key string) {
	text := strings.TrimRight(strings.TrimSpace(b.spec.NotYet), ".")
	if text == "" {
		text = "this version does nothing with it"
	}
	p.fault(e.at, key, capital(text)+".", "Take it out; nothing else in the file needs it.")
}

// missing reports the Required keys that a section that is present does not have.
func (p *reading) missing(b *branch, key string, seen map[string]spot, at spot) {
	var names []string
	for _, c := range b.children {
		if _, there := seen[c.name]; !there && c.spec != nil && c.spec.Required && c.spec.NotYet == "" {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		return
	}
	what := "The key " + names[0] + " is"
	if len(names) > 1 {
		what = "The keys " + listed(names, "and") + " are"
	}
	p.fault(at, key, what+" missing.", b.child(names[0]).spec.howTo())
}

// unknown reports a key that the schema does not have, and returns the key of the same section that is most likely meant.
func (p *reading) unknown(e entry, b *branch, key string) (meant string) {
	path := shownKey(join(key, e.key))
	if own := b.own(); own != nil && own.nameFault(e.key) != "" {
		p.fault(e.at, key, fmt.Sprintf("A name in this section %s.", own.nameFault(e.key)), "Use letters, digits, _ and - for it.")
		return ""
	}
	message := "There is no such key."
	if key == "" {
		message = "There is no such section."
	}
	if near := nearest(e.key, b.names()); near != "" {
		p.fault(e.at, path, message, fmt.Sprintf("Did you mean %q?", near))
		return near
	}
	p.fault(e.at, path, message, p.elsewhere(e.key, b, key))
	return ""
}

// elsewhere says where in the file an unknown key may belong.
func (p *reading) elsewhere(name string, b *branch, key string) string {
	if key == "" && strings.Contains(name, ".") && p.set.tree.at(name) != nil {
		return fmt.Sprintf("Write its parts beneath one another: %s.", nested(name))
	}
	var exact, like []string
	p.set.tree.walk(func(c *branch) {
		switch {
		case c.name == name:
			exact = append(exact, c.path)
		case nearest(name, []string{c.name}) != "":
			like = append(like, c.path)
		}
	})
	for _, paths := range [][]string{exact, like} {
		if len(paths) > 0 && len(paths) <= 4 {
			return fmt.Sprintf("Did you mean %s? Check the indentation.", listed(readable(paths), "or"))
		}
	}
	return p.keysOf(b, key)
}

func readable(paths []string) []string {
	out := slices.Clone(paths)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], "*", "NAME")
	}
	return out
}

// nested writes a dotted key as it stands in a file: {a: {b: ...}}.
func nested(key string) string {
	parts := strings.Split(key, ".")
	return strings.Join(parts, ": {") + ": ..." + strings.Repeat("}", len(parts)-1)
}

// keysOf lists what a section takes.
func (p *reading) keysOf(b *branch, key string) string {
	var names []string
	for _, name := range b.names() {
		if name != versionKey || key != "" {
			names = append(names, name)
		}
	}
	switch {
	case key == "":
		return "The sections are " + listed(names, "and") + "."
	case b.free() && len(names) == 0:
		return fmt.Sprintf("Write names of your own beneath %s, and the keys beneath each name.", key)
	case len(names) == 1:
		return fmt.Sprintf("The key of %s is %s.", key, names[0])
	}
	return fmt.Sprintf("The keys of %s are %s.", key, listed(names, "and"))
}
