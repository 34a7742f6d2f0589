package answers

import (
	"fmt"
	"strings"
)

// ParseWith is Parse with answers that take the place of those of the file, or join them: what differs on one of several nodes that share a file. Each
// is KEY=VALUE, the key with dots, the value as it is typed on one line; of two for one key the last counts. A required key may come from them as well.
// option is what they are given by on the command line, for the messages. A secret is given by reference alone: env:NAME, file:PATH or prompt. Paths
// that are relative start where those of the file do.
func ParseWith(name string, data []byte, s Schema, option string, overrides []string) (set *Set, warnings []Fault, err error) {
	if len(overrides) == 0 {
		return Parse(name, data, s)
	}
	set, warnings, err = parseFile(name, data, s, true)
	if err != nil {
		return nil, warnings, err
	}
	var faults []Fault
	for _, text := range overrides {
		if f := set.override(option, text); f != nil {
			faults = append(faults, *f)
		}
	}
	if len(faults) == 0 {
		faults = set.unmet(set.tree, "")
	}
	if len(faults) > 0 {
		return nil, nil, &FaultsError{Faults: faults}
	}
	kept := warnings[:0]
	for _, w := range warnings {
		if set.values[w.Key].At == w.At || w.Key == "" { // of one that was replaced nothing is left to warn of
			kept = append(kept, w)
		}
	}
	return set, kept, nil
}

// override puts one answer. No message holds what was given as its value when that is a secret.
func (s *Set) override(option, text string) *Fault {
	key, value, ok := strings.Cut(text, "=")
	key = strings.TrimSpace(key)
	if !ok || key == "" {
		return &Fault{Message: option + " takes a key and a value with = between them.", Fix: "Write it like this: " + option + " hostname.name=am02.example.com"}
	}
	b := s.tree.at(key)
	switch {
	case b == nil:
		return &Fault{Key: shownKey(key), Message: option + " names a key that there is not.", Fix: s.likeKey(key)}
	case b.spec == nil:
		p := &reading{set: s}
		return &Fault{Key: shownKey(key), Message: "This is a section, and " + option + " sets one key.", Fix: p.keysOf(b, key)}
	case key == versionKey:
		return &Fault{Key: key, Message: "The version of the format is no answer.", Fix: "Leave it out."}
	case b.spec.NotYet != "":
		return &Fault{Key: shownKey(key), Message: capital(strings.TrimRight(b.spec.NotYet, ".")) + ".", Fix: "Leave it out."}
	}
	spec := *b.spec
	spec.Key = key
	v, fault := spec.readOverride(option, value)
	if fault != nil {
		return fault
	}
	v.At = Position{File: option}
	s.Put(key, v)
	return nil
}

func (s Spec) readOverride(option, text string) (Value, *Fault) {
	switch s.Kind {
	case Secret:
		ref, ok := overrideRef(text)
		if !ok {
			return Value{}, &Fault{
				Key: s.Key, Message: "A secret is not given on a command line, where every user of the machine and the history of the shell have it.",
				Fix: fmt.Sprintf("Name where it is: %s %s=env:NAME, =file:PATH or =prompt.", option, s.Key),
			}
		}
		return Value{Ref: ref}, nil
	case List:
		if inner, ok := strings.CutPrefix(strings.TrimSpace(text), "["); ok { // as it stands in a file
			text = strings.TrimSuffix(inner, "]")
		}
	case Text, Bool, Int, Size, Choice, Path, Map:
	}
	return s.Read(text)
}

// overrideRef reads a reference as it is typed on a command line, or as it stands in a file.
func overrideRef(text string) (Ref, bool) {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		text = strings.TrimSpace(strings.TrimSuffix(inner, "}"))
	}
	kind, of, _ := strings.Cut(text, ":")
	of = strings.TrimSpace(of)
	switch kind {
	case "env":
		return Ref{Env: of}, envName.MatchString(of)
	case "file":
		return Ref{File: of}, of != ""
	case "prompt":
		return Ref{Prompt: true}, of == "" || of == "true"
	}
	return Ref{}, false
}

// likeKey says which key is perhaps meant.
func (s *Set) likeKey(key string) string {
	parts := strings.Split(key, ".")
	var paths []string
	s.tree.walk(func(b *branch) {
		names := strings.Split(b.path, ".")
		for i, name := range names {
			if name == "*" && i < len(parts) && freeNameFault(parts[i]) == "" {
				names[i] = parts[i]
			}
		}
		paths = append(paths, strings.Join(names, "."))
	})
	if near := nearest(key, paths); near != "" {
		return fmt.Sprintf("Did you mean %q?", strings.ReplaceAll(near, "*", "NAME"))
	}
	if b := s.tree.at(parts[0]); b != nil && b.spec == nil {
		return (&reading{set: s}).keysOf(b, parts[0])
	}
	return `The command "carbon-setup answers" lists them all.`
}

// unmet reports the required keys that sections of the set do not have.
func (s *Set) unmet(b *branch, key string) []Fault {
	var faults []Fault
	for _, c := range b.children {
		if c.spec != nil {
			continue
		}
		names := []string{c.name}
		if c.name == "*" {
			names = s.Names(key)
		}
		for _, name := range names {
			section := join(key, name)
			if !s.HasSection(section) {
				continue
			}
			seen := map[string]spot{}
			for _, leaf := range c.children {
				if leaf.spec != nil && s.HasSection(join(section, leaf.name)) {
					seen[leaf.name] = spot{}
				}
			}
			p := &reading{src: &source{}, set: s}
			p.missing(c, section, seen, spot{})
			for _, f := range p.faults {
				f.At = s.Place(section)
				faults = append(faults, f)
			}
			faults = append(faults, s.unmet(c, section)...)
		}
	}
	return faults
}
