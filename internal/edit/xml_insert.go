package edit

import (
	"fmt"
	"slices"
	"strings"
)

// New describes an element to insert. Text and Children exclude each other.
type New struct {
	Name     string // in the parent's namespace, with the parent's prefix; written with a prefix of its own it keeps that
	Attrs    []Attr
	Text     string
	Secret   bool // Text must not be shown
	Children []New
}

// Place says where a new element goes. Get one from After, Before, LastIn, FirstIn, AfterComment or Instead.
type Place struct {
	kind    placeKind
	element *Element
	comment *Comment
}

type placeKind uint8

const (
	placeAfter placeKind = iota + 1
	placeBefore
	placeLast
	placeFirst
	placeAfterComment
	placeInstead
)

// After puts the new element behind e, and behind the comments that begin on the line on which e ends.
func After(e *Element) Place { return Place{kind: placeAfter, element: e} }

// Before puts the new element right before e.
func Before(e *Element) Place { return Place{kind: placeBefore, element: e} }

// LastIn puts the new element behind everything in e.
func LastIn(e *Element) Place { return Place{kind: placeLast, element: e} }

// FirstIn puts the new element before every other in e.
func FirstIn(e *Element) Place { return Place{kind: placeFirst, element: e} }

// AfterComment puts the new element behind the comment.
func AfterComment(c *Comment) Place { return Place{kind: placeAfterComment, comment: c} }

// Instead puts the live element in the place of the comment.
func Instead(c *Comment) Place { return Place{kind: placeInstead, comment: c} }

// node returns the node that the place is relative to, and the element that the new one will be in.
func (p Place) node() (n *node, parent *Element) {
	switch {
	case p.comment != nil:
		return p.comment.node, p.comment.node.parent
	case p.element == nil:
		return nil, nil
	case p.kind == placeAfter, p.kind == placeBefore:
		return p.element.node, p.element.node.parent
	default:
		return p.element.node, p.element
	}
}

// Insert adds an element on a line of its own, indented like the elements beside it, in the parent's namespace. Where these stand side
// by side on one line, so does the new element. Several at the same place stay in the order of the calls.
//
// Refused: a parent that holds a value, a place beside the document element, and what cannot be XML.
func (x *XML) Insert(at Place, n New, o ...Opt) error {
	anchor, parent := at.node()
	if anchor == nil {
		return x.usable(nil)
	}
	if parent == nil {
		return &Error{File: x.tree.name, Line: x.tree.line(int(anchor.start)), What: fmt.Sprintf("a new element <%s> cannot stand outside the document element", n.Name), Fix: "add it by hand"}
	}
	if err := x.usable(parent); err != nil {
		return err
	}
	if c := x.tree.pending.changes[parent]; c != nil && c.text != nil && *c.text != "" || !parent.hasElements() && parent.hasText() {
		return x.refuse(parent, fmt.Sprintf("a new element <%s> is to go into <%s>, which holds a value", n.Name, parent.written()), "change it by hand")
	}
	if err := x.usableNew(parent, n, 0); err != nil {
		return err
	}
	p := &x.tree.pending
	if at.kind == placeInstead {
		if p.replaced == nil {
			p.replaced = map[*node]bool{}
		}
		p.replaced[anchor] = true
	}
	p.inserts = append(p.inserts, &insertion{place: at, parent: parent, what: n, opts: options(o)})
	return nil
}

func (e *Element) hasElements() bool {
	for n := e.first; n != nil; n = n.next {
		if n.kind == nodeElement {
			return true
		}
	}
	return false
}

// usableNew refuses a new element that cannot be written.
func (x *XML) usableNew(parent *Element, n New, depth int) error {
	if err := x.usableName(parent, n.Name); err != nil {
		return err
	}
	if depth > maxDepth || n.Text != "" && len(n.Children) > 0 {
		return x.refuse(parent, fmt.Sprintf("a new element <%s> is to hold both a value and elements, or too many within each other", n.Name), "ask for one of the two")
	}
	if err := x.usableText(parent, n.Text, n.Name); err != nil {
		return err
	}
	for i, a := range n.Attrs {
		if err := x.usableName(parent, a.Name); err != nil {
			return err
		}
		if err := x.usableValue(parent, a.Value, fmt.Sprintf("the attribute %s of <%s>", a.Name, n.Name)); err != nil {
			return err
		}
		if slices.ContainsFunc(n.Attrs[:i], func(b Attr) bool { return b.Name == a.Name }) {
			return x.refuse(parent, fmt.Sprintf("a new element <%s> is to have the attribute %s twice", n.Name, a.Name), "ask for one of the two")
		}
	}
	for _, c := range n.Children {
		if err := x.usableNew(parent, c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// SetChild gives parent a live child leaf. Which child is meant is told by its name and, when child has attributes, by the first of them
// (<parameter name="port">); further attributes are written only when the element is new. In this order:
//
//  1. The first such live child gets the text. Carbon reads the first of duplicates, too.
//  2. The first such child that is commented out by itself (see CommentedOut) is replaced by the live element, in its place.
//  3. The element is inserted. after names siblings; of each name its last live child counts or, when there is none, its last
//     commented-out stand-in. The new element follows the one of these that is furthest down. When there is none of them it goes last.
//
// A second call for the same child before Commit changes the text of the first; the last one wins.
func (x *XML) SetChild(parent *Element, child New, after []string, o ...Opt) error {
	if err := x.usable(parent); err != nil {
		return err
	}
	if len(child.Children) > 0 {
		return x.refuse(parent, fmt.Sprintf("a child <%s> is to be set that holds elements", child.Name), "insert it instead")
	}
	for c := parent.firstChild(); c != nil; c = c.nextSibling() {
		if child.isMeant(c.localIs(child.local()), c) {
			return x.SetText(c, child.Text, append(o, secretIf(child.Secret))...)
		}
	}
	for _, i := range x.tree.pending.inserts {
		if i.parent == parent && child.isMeant(i.what.local() == child.local(), &i.what) {
			if err := x.usableText(parent, child.Text, child.Name); err != nil {
				return err
			}
			i.what.Text, i.what.Secret, i.opts = child.Text, i.what.Secret || child.Secret, options(o).over(i.opts)
			return nil
		}
	}
	for _, c := range parent.CommentedOut(child.local()) {
		if child.isMeant(true, c) {
			return x.Insert(Instead(c), child, o...)
		}
	}
	at, follow := x.placeAfter(parent, after)
	if err := x.Insert(at, child, o...); err != nil {
		return err
	}
	x.tree.pending.moveLast(follow)
	return nil
}

func secretIf(yes bool) Opt {
	return func(o *opts) { o.secret = o.secret || yes }
}

func (n *New) local() string {
	_, local, found := strings.Cut(n.Name, ":")
	if !found {
		return n.Name
	}
	return local
}

// Attr returns the value of an attribute.
func (n *New) Attr(name string) (string, bool) {
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// isMeant reports whether what has the name of n, as told, and the first attribute of n.
func (n *New) isMeant(named bool, what interface{ Attr(string) (string, bool) }) bool {
	if !named || len(n.Attrs) == 0 {
		return named
	}
	v, ok := what.Attr(n.Attrs[0].Name)
	return ok && v == n.Attrs[0].Value
}

// placeAfter returns where a child goes that follows the siblings named. follow is the index behind the recorded insertion that it
// follows, -1 = it follows none.
func (x *XML) placeAfter(parent *Element, names []string) (at Place, follow int) {
	at, follow = LastIn(parent), -1
	best := -1
	for _, name := range names {
		found := false
		for c := parent.firstChild(); c != nil; c = c.nextSibling() {
			if c.localIs(name) {
				found = true
				if c.end() > best {
					best, at, follow = c.end(), After(c), -1
				}
			}
		}
		for i, ins := range x.tree.pending.inserts {
			if ins.parent == parent && ins.what.local() == name {
				found = true
				if s := x.tree.site(ins.place); s.end >= best {
					best, at, follow = s.end, ins.place, i+1
				}
			}
		}
		if found {
			continue
		}
		for _, c := range parent.CommentedOut(name) {
			if end := int(c.node.end); end > best {
				best, at, follow = end, AfterComment(c), -1
			}
		}
	}
	if at.kind == placeInstead {
		at.kind = placeAfterComment
	}
	return at, follow
}

// moveLast moves the last insertion to index to; -1 = it stays.
func (p *pending) moveLast(to int) {
	last := len(p.inserts) - 1
	if to < 0 || to >= last {
		return
	}
	moved := p.inserts[last]
	copy(p.inserts[to+1:], p.inserts[to:last])
	p.inserts[to] = moved
}
