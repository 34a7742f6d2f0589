package edit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Find returns the live elements at an absolute path in document order: /Server/Security/KeyStore/Password,
// /axisconfig/transportReceiver[@name='https']/parameter[@name='port'], //datasource[name='X']/definition, element[2].
// Names are local names, namespaces are ignored; * is any name; attributes are named as written. [@a] and [child] ask for presence.
// A malformed path is a programming error and panics: put values from outside into a path with Quote.
func (x *XML) Find(path string) []*Element {
	steps := parsePath(path)
	if !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("edit: the path %q is not absolute", path))
	}
	return x.tree.find(nil, steps)
}

// First returns the first of Find, or nil. Carbon's own reader takes the first of duplicates, too.
func (x *XML) First(path string) *Element {
	return first(x.Find(path))
}

// Find returns the live elements at a path from e: Ports/Offset, //parameter[@name='port'].
func (e *Element) Find(path string) []*Element {
	steps := parsePath(path)
	if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		panic(fmt.Sprintf("edit: the path %q is absolute, but looked up in an element", path))
	}
	if e == nil {
		return nil
	}
	return e.tree.find(e, steps)
}

// First returns the first of Find, or nil.
func (e *Element) First(path string) *Element {
	return first(e.Find(path))
}

func first(all []*Element) *Element {
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// Quote returns value as a quoted word for a path; quotes in it are doubled.
func Quote(value string) string {
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

// pathStep is one step of a path.
type pathStep struct {
	deep       bool // at any depth
	name       string
	predicates []predicate
}

// predicate is [n], [@name], [@name='value'], [child] or [child='value'].
type predicate struct {
	position int // 0 = not by position
	attr     bool
	name     string
	value    *string
}

// find returns the elements that the steps lead to from e; nil is the document.
func (t *tree) find(e *Element, steps []pathStep) []*Element {
	from := []*Element{e}
	for _, s := range steps {
		var to []*Element
		for _, c := range from {
			to = s.children(t, c, to)
			if !s.deep {
				continue
			}
			t.descend(c, func(d *Element) { to = s.children(t, d, to) })
		}
		if s.deep || len(from) > 1 {
			slices.SortFunc(to, func(a, b *Element) int { return a.start() - b.start() })
			to = slices.Compact(to)
		}
		from = to
	}
	return from
}

// descend calls f for every live element below e.
func (t *tree) descend(e *Element, f func(*Element)) {
	for c := t.childOf(e); c != nil; {
		f(c)
		next := c.firstChild()
		for next == nil && c != e {
			if next = c.nextSibling(); next == nil {
				if c = c.node.parent; c == nil || c == e {
					return
				}
			}
		}
		c = next
	}
}

// childOf returns the first live child of e; nil is the document.
func (t *tree) childOf(e *Element) *Element {
	if e == nil {
		return t.root
	}
	return e.firstChild()
}

// children appends the children of e that the step leads to.
func (s pathStep) children(t *tree, e *Element, to []*Element) []*Element {
	start := len(to)
	for c := t.childOf(e); c != nil; c = c.nextSibling() {
		if s.name == "*" || c.localIs(s.name) {
			to = append(to, c)
		}
	}
	for _, p := range s.predicates {
		kept := to[:start]
		for i, c := range to[start:] {
			if p.holds(c, i+1) {
				kept = append(kept, c)
			}
		}
		to = kept
	}
	return to
}

func (p predicate) holds(e *Element, position int) bool {
	if p.position > 0 {
		return p.position == position
	}
	if p.attr {
		if c := e.tree.pending.changes[e]; c == nil || c.attrs == nil {
			a := e.attribute(p.name)
			return a != nil && (p.value == nil || e.tree.valueIs(*a, *p.value))
		}
		v, ok := e.Attr(p.name)
		return ok && (p.value == nil || v == *p.value)
	}
	for c := e.firstChild(); c != nil; c = c.nextSibling() {
		if c.localIs(p.name) && (p.value == nil || c.Text() == *p.value) {
			return true
		}
	}
	return false
}

// parsePath panics on a malformed path.
func parsePath(path string) []pathStep {
	p := pathParser{path: path, rest: path}
	var steps []pathStep
	for p.rest != "" || len(steps) == 0 {
		steps = append(steps, p.step(len(steps) == 0))
	}
	return steps
}

type pathParser struct{ path, rest string }

func (p *pathParser) fail(why string) {
	panic(fmt.Sprintf("edit: the path %q is malformed: %s", p.path, why))
}

func (p *pathParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

func (p *pathParser) step(first bool) pathStep {
	var s pathStep
	s.deep = p.take("//")
	if !s.deep && !p.take("/") && !first {
		p.fail("a slash is missing")
	}
	s.name = p.name()
	for p.take("[") {
		s.predicates = append(s.predicates, p.predicate())
		if !p.take("]") {
			p.fail("a bracket is not closed")
		}
	}
	return s
}

func (p *pathParser) name() string {
	if p.take("*") {
		return "*"
	}
	end := strings.IndexAny(p.rest, "/[]=@'\": ")
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	if name == "" {
		p.fail("a name is missing")
	}
	p.rest = p.rest[end:]
	return name
}

func (p *pathParser) predicate() predicate {
	digits := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
	if digits > 0 {
		n, err := strconv.Atoi(p.rest[:digits])
		if err != nil || n == 0 {
			p.fail("positions count from 1")
		}
		p.rest = p.rest[digits:]
		return predicate{position: n}
	}
	out := predicate{attr: p.take("@")}
	if out.attr {
		end := strings.IndexAny(p.rest, "]=")
		if end < 0 || !isQName(p.rest[:end]) {
			p.fail("the name of an attribute is missing or cannot be one")
		}
		out.name, p.rest = p.rest[:end], p.rest[end:]
	} else {
		out.name = p.name()
	}
	if p.take("=") {
		v := p.quoted()
		out.value = &v
	}
	return out
}

// quoted reads 'value' or "value"; a doubled quote stands for one.
func (p *pathParser) quoted() string {
	if p.rest == "" || p.rest[0] != '\'' && p.rest[0] != '"' {
		p.fail("a value is not in quotes")
	}
	quote := p.rest[:1]
	p.rest = p.rest[1:]
	var b strings.Builder
	for {
		before, after, found := strings.Cut(p.rest, quote)
		if !found {
			p.fail("a quote is not closed")
		}
		b.WriteString(before)
		p.rest = after
		if !p.take(quote) {
			return b.String()
		}
		b.WriteString(quote)
	}
}
