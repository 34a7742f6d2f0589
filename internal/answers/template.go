package answers

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// templateWidth is where the comments of a template are wrapped.
const templateWidth = 100

// Template writes the commented template: every key of the schema; present gives the value in force of a key ("" = unknown) and the
// place where it stands, names the names in free sections; both may be nil. Nothing but the version is an answer in it: every other
// key stands behind "#", every explanation behind "##", so that taking one # off the beginning of lines, or of all of them, makes
// answers of them. The value of a key is the present one where it is known and valid, else an example. Of a secret only the place is
// shown. Keys with NotYet are named in an explanation alone.
func Template(s Schema, header []string, present func(key string) (value, source string), names func(section string) []string) []byte {
	t := &template{present: present, names: names}
	if t.present == nil {
		t.present = func(string) (string, string) { return "", "" }
	}
	if t.names == nil {
		t.names = func(string) []string { return nil }
	}
	for _, line := range header {
		t.explain(0, line)
	}
	t.line(0, versionKey+": "+formatVersion)
	for _, b := range s.mustTree().children {
		if b.name == versionKey {
			continue
		}
		t.line(0, "")
		t.branch(b, b.name, 0)
	}
	return []byte(t.String())
}

type template struct {
	writer
	present func(key string) (value, source string)
	names   func(section string) []string
}

// explain writes a comment that stays one when the keys around it are made answers. At depth 0 no key is above it.
func (t *template) explain(depth int, text string) {
	lead := "## "
	if depth > 0 {
		lead = "#" + strings.Repeat("  ", depth) + "## "
	}
	for _, line := range wrap(oneLine(text), templateWidth-len(lead)) {
		t.WriteString(strings.TrimRight(lead+line, " ") + "\n")
	}
}

func (t *template) key(depth int, text string) {
	t.WriteString("#" + strings.Repeat("  ", depth) + text + "\n")
}

// branch writes what the schema has at and beneath the concrete key.
func (t *template) branch(b *branch, key string, depth int) {
	name := quote(b.leaf(key))
	switch {
	case b.spec != nil && b.spec.NotYet != "":
		t.explain(depth, name+": "+capital(sentence(b.spec.NotYet)))
		return
	case b.spec != nil:
		spec := *b.spec
		spec.Key = key
		t.entry(spec, name, depth)
		return
	}
	t.key(depth, name+":")
	for _, c := range b.children {
		names := []string{c.name}
		if c.name == "*" {
			names = t.free(b, key)
		}
		for _, n := range names {
			t.branch(c, join(key, n), depth+1)
		}
	}
}

// free returns the names to show in a free section: the present ones that an answers file can have, else one to be replaced.
func (t *template) free(b *branch, key string) []string {
	var names []string
	fixed := b.names()
	for _, name := range t.names(key) {
		if b.own().nameFault(name) == "" && !slices.Contains(names, name) && !slices.Contains(fixed, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return []string{"NAME"}
	}
	return names
}

func (t *template) entry(spec Spec, name string, depth int) {
	about := oneLine(spec.Label)
	if spec.Help != "" {
		about = strings.TrimLeft(sentence(about)+" ", " ") + oneLine(spec.Help)
	}
	if spec.Required {
		about = strings.TrimLeft(sentence(about)+" Required when the section is there.", " ")
	}
	if about != "" {
		t.explain(depth, sentence(about))
	}
	if spec.Kind == Choice && len(spec.Choices) > 0 {
		t.explain(depth, "One of: "+strings.Join(spec.Choices, ", ")+".")
	}
	value, source := t.present(spec.Key)
	if now := nowText(spec, value, source); now != "" {
		t.explain(depth, now)
	}
	t.key(depth, name+": "+templateValue(spec, value))
}

// nowText says what is in force.
func nowText(spec Spec, value, source string) string {
	if spec.Kind == Secret {
		value = ""
	}
	value, source = oneLine(value), oneLine(source)
	switch {
	case value == "" && source == "":
		return ""
	case value == "":
		return "Now: see " + source
	case source == "":
		return "Now: " + value
	}
	return fmt.Sprintf("Now: %s (%s)", value, source)
}

// templateValue returns the value in force where it is valid, else the example of the Spec where that is, else one of the kind.
func templateValue(spec Spec, present string) string {
	if spec.Kind == Secret {
		if text, ok := validSnippet(spec, spec.Example); ok {
			return text
		}
		return "{env: " + strings.Map(envLetter, strings.ToUpper(spec.Key)) + "}"
	}
	for _, text := range []string{present, spec.Example} {
		if text == "" {
			continue
		}
		written := spec.Kind == List && strings.HasPrefix(text, "[") || spec.Kind == Map && strings.HasPrefix(text, "{") // an example as it stands in a file
		if v, fault := spec.Read(text); fault == nil && !written {
			return inline(spec.Kind, v)
		}
		if written, ok := validSnippet(spec, text); ok {
			return written
		}
	}
	switch spec.Kind {
	case Map:
		return "{}"
	case Text, Path:
		return `""`
	case Bool, Int, Size, Choice, List, Secret:
	}
	spec.Example = ""
	return spec.exampleText()
}

// validSnippet reports whether text, as it would stand behind the key, is a value of the Spec, and writes it. A literal secret is none.
func validSnippet(spec Spec, text string) (string, bool) {
	if text == "" {
		return "", false
	}
	spec.Key, spec.NotYet, spec.Required = "x.value", "", false
	set, warnings, err := Parse("", []byte("version: 1\nx:\n  value: "+text+"\n"), Schema{spec})
	if err != nil || len(warnings) > 0 {
		return "", false
	}
	v, ok := set.values[spec.Key]
	if !ok {
		return "", false
	}
	return inline(spec.Kind, v), true
}

func envLetter(r rune) rune {
	if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}

// sentence ends text with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

// wrap parts text into lines of at most width characters where its words allow.
func wrap(text string, width int) []string {
	var lines []string
	line, size := "", 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if size > 0 && size+1+n > width {
			lines = append(lines, line)
			line, size = "", 0
		}
		if size > 0 {
			line += " "
			size++
		}
		line += word
		size += n
	}
	return append(lines, line)
}
