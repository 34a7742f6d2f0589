package edit

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// pending holds the edits that wait for Commit. What would change nothing is not in it.
type pending struct {
	changes  map[*Element]*change
	inserts  []*insertion
	replaced map[*node]bool // comments that an insertion stands instead of
}

// change is what happens to one element.
type change struct {
	text     *string // nil = stays
	textOpts opts
	attrs    []attrChange // all attributes, in order; nil = they stay
	removed  bool
	opts     opts // of the removal
}

// attrChange is an attribute as it will be.
type attrChange struct {
	index       int // of the tree's attributes; -1 = new
	name, value string
	removed     bool
	opts        opts
}

// insertion is an element to come.
type insertion struct {
	place  Place
	parent *Element
	what   New
	opts   opts
}

func (p *pending) empty() bool { return len(p.changes) == 0 && len(p.inserts) == 0 }

func (p *pending) isRemoved(e *Element) bool {
	if len(p.changes) == 0 {
		return false
	}
	c := p.changes[e]
	return c != nil && c.removed
}

// isGone reports whether e or an element around it is recorded for removal.
func (p *pending) isGone(e *Element) bool {
	if len(p.changes) == 0 {
		return false
	}
	for ; e != nil; e = e.node.parent {
		if p.isRemoved(e) {
			return true
		}
	}
	return false
}

// change returns the record of e, making it when there is none.
func (p *pending) change(e *Element) *change {
	c := p.changes[e]
	if c == nil {
		if p.changes == nil {
			p.changes = map[*Element]*change{}
		}
		c = &change{}
		p.changes[e] = c
	}
	return c
}

// tidy forgets the record of e when it changes nothing.
func (p *pending) tidy(e *Element) {
	c := p.changes[e]
	if c == nil {
		return
	}
	if c.attrs != nil && !slices.ContainsFunc(c.attrs, func(a attrChange) bool { return a.changes(e.tree) }) {
		c.attrs = nil
	}
	if c.text == nil && c.attrs == nil && !c.removed {
		delete(p.changes, e)
	}
}

func (a attrChange) changes(t *tree) bool {
	return a.index < 0 || a.removed || a.value != t.value(t.attrs[a.index])
}

func (c *change) attr(name string) *attrChange {
	for i := range c.attrs {
		if c.attrs[i].name == name {
			return &c.attrs[i]
		}
	}
	return nil
}

// attrList returns the attributes of e as they will be, to be changed by the caller.
func (p *pending) attrList(e *Element) *change {
	c := p.change(e)
	if c.attrs == nil {
		t := e.tree
		c.attrs = []attrChange{}
		for i := e.attrFirst; i < e.attrEnd; i++ {
			a := t.attrs[i]
			c.attrs = append(c.attrs, attrChange{index: int(i), name: t.enc.string(t.data[a.start:a.nameEnd]), value: t.value(a)})
		}
	}
	return c
}

func options(o []Opt) opts {
	var all opts
	for _, f := range o {
		f(&all)
	}
	return all
}

// over returns the options of a second edit of one thing: the last reason, and a secret stays one.
func (o opts) over(earlier opts) opts {
	o.secret = o.secret || earlier.secret
	return o
}

func (x *XML) refuse(e *Element, what, fix string) error {
	return &Error{File: x.tree.name, Line: e.Line(), What: what, Fix: fix}
}

// usable refuses an element that cannot be edited.
func (x *XML) usable(e *Element) error {
	switch {
	case e == nil:
		return &Error{File: x.tree.name, What: "the element to change is not in it", Fix: "add it by hand, or restore the file from the product's archive"}
	case e.tree != x.tree:
		return x.refuse(e, fmt.Sprintf("the element <%s> was looked up before the last edits were made", e.written()), "look it up again")
	case x.tree.pending.isGone(e):
		return x.refuse(e, fmt.Sprintf("the element <%s> is to be changed, but also to be removed", e.written()), "ask for one of the two")
	}
	return nil
}

// usableValue refuses what XML 1.0 cannot hold, not even as a reference. where names the place.
func (x *XML) usableValue(e *Element, value, where string) error {
	if !utf8.ValidString(value) {
		return x.refuse(e, "the new value for "+where+" is not valid UTF-8", "give another value")
	}
	for _, r := range value {
		if !isChar(r) {
			return x.refuse(e, fmt.Sprintf("the new value for %s holds the character %U, which XML does not allow", where, r), "give a value without it")
		}
	}
	return nil
}

func (x *XML) usableText(e *Element, value, name string) error {
	if err := x.usableValue(e, value, "<"+name+">"); err != nil {
		return err
	}
	if strings.Trim(value, blanks) != value {
		return x.refuse(e, fmt.Sprintf("the new value for <%s> begins or ends with a blank, which Carbon drops when it reads the file", name), "give a value without it")
	}
	return nil
}

// usableName refuses what cannot be a name in this file.
func (x *XML) usableName(e *Element, name string) error {
	if !isQName(name) {
		return x.refuse(e, fmt.Sprintf("%q cannot be the name of an element or attribute", printable(name)), "give another name")
	}
	for _, r := range name {
		if !x.tree.enc.has(r) {
			return x.refuse(e, fmt.Sprintf("the name %s has a character that the file's encoding lacks", printable(name)), "give another name")
		}
	}
	return nil
}

// SetText sets the text of a leaf. The same value is no edit. Blanks and comments around the old value stay where they are; when a
// comment stands inside the value, the new one takes the place of its first part and the comment is kept beside it.
// A CDATA section stays one when it is all there is and can hold the value.
//
// Refused: an element that holds elements, characters that XML does not allow, and a value with outer blanks, because Carbon trims.
func (x *XML) SetText(e *Element, value string, o ...Opt) error {
	if err := x.usable(e); err != nil {
		return err
	}
	if err := x.usableText(e, value, e.written()); err != nil {
		return err
	}
	p := &x.tree.pending
	for n := e.first; n != nil; n = n.next {
		if n.kind == nodeElement {
			return x.refuse(e, fmt.Sprintf("the element <%s> is to have a value, but holds other elements", e.written()), "change it by hand")
		}
	}
	if value != "" && slices.ContainsFunc(p.inserts, func(i *insertion) bool { return i.parent == e }) {
		return x.refuse(e, fmt.Sprintf("the element <%s> is to have a value and an element in it", e.written()), "ask for one of the two")
	}
	c := p.change(e)
	c.text, c.textOpts = &value, options(o).over(c.textOpts)
	if value == strings.Trim(e.rawText(), blanks) {
		c.text = nil
	}
	p.tidy(e)
	return nil
}

// SetAttr sets or adds an attribute; a new one follows the attribute named after ("" or missing = last). The same value is no edit.
// A namespace declaration can be added, but not given another meaning.
func (x *XML) SetAttr(e *Element, name, value, after string, o ...Opt) error {
	if err := x.usable(e); err != nil {
		return err
	}
	if now, ok := e.Attr(name); ok && now == value {
		if c := x.tree.pending.changes[e]; c != nil && c.attrs != nil {
			c.attr(name).opts = options(o).over(c.attr(name).opts)
		}
		return nil
	}
	if err := x.usableName(e, name); err != nil {
		return err
	}
	if err := x.usableValue(e, value, fmt.Sprintf("the attribute %s of <%s>", name, e.written())); err != nil {
		return err
	}
	if err := x.usableDeclaration(e, name, value); err != nil {
		return err
	}
	c := x.tree.pending.attrList(e)
	if a := c.attr(name); a != nil {
		a.value, a.removed, a.opts = value, false, options(o).over(a.opts)
	} else {
		at := len(c.attrs)
		if i := slices.IndexFunc(c.attrs, func(a attrChange) bool { return a.name == after }); i >= 0 {
			at = i + 1
		}
		c.attrs = slices.Insert(c.attrs, at, attrChange{index: -1, name: name, value: value, opts: options(o)})
	}
	x.tree.pending.tidy(e)
	return nil
}

// usableDeclaration refuses a namespace declaration that would move elements or attributes from one namespace to another.
func (x *XML) usableDeclaration(e *Element, name, value string) error {
	prefix, ok := strings.CutPrefix(name, "xmlns:")
	if !ok && name != "xmlns" {
		return nil
	}
	if uri, bound := e.namespace(prefix); ok && value != "" && prefix != "xml" && prefix != "xmlns" && (!bound || uri == value) {
		return nil
	}
	return x.refuse(e, fmt.Sprintf("the declaration %s of <%s> cannot be changed without changing what the names in it mean", name, e.written()), "change it by hand")
}

// RemoveAttr removes an attribute and the blank before it. A missing one is no edit.
func (x *XML) RemoveAttr(e *Element, name string, o ...Opt) error {
	if err := x.usable(e); err != nil {
		return err
	}
	if _, ok := e.Attr(name); !ok {
		return nil
	}
	if prefix, ok := strings.CutPrefix(name, "xmlns:"); ok || name == "xmlns" {
		if _, bound := e.Parent().namespace(prefix); !ok || bound {
			return x.refuse(e, fmt.Sprintf("the declaration %s of <%s> cannot be removed without changing what the names in it mean", name, e.written()), "change it by hand")
		}
	}
	c := x.tree.pending.attrList(e)
	i := slices.IndexFunc(c.attrs, func(a attrChange) bool { return a.name == name })
	if a := &c.attrs[i]; a.index < 0 {
		c.attrs = slices.Delete(c.attrs, i, i+1)
	} else {
		a.removed, a.opts = true, options(o).over(a.opts)
	}
	x.tree.pending.tidy(e)
	return nil
}

// Remove removes an element, with its line when it is alone on it.
func (x *XML) Remove(e *Element, o ...Opt) error {
	if e != nil && e.tree == x.tree && x.tree.pending.isGone(e) {
		return nil
	}
	if err := x.usable(e); err != nil {
		return err
	}
	if e.node.parent == nil {
		return x.refuse(e, fmt.Sprintf("the document element <%s> cannot be removed", e.written()), "remove the file by hand")
	}
	p := &x.tree.pending
	c := p.change(e)
	*c = change{removed: true, opts: options(o).over(c.textOpts)}
	p.inserts = slices.DeleteFunc(p.inserts, func(i *insertion) bool { return p.isGone(i.parent) })
	return nil
}
