package edit

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// verify has etree read the bytes before and after, and proves that they differ in exactly the recorded edits. It returns what etree
// made of the bytes after. order holds the insertions in the order of the document.
//
// It walks three trees in step: ours with the edits on it, etree's before, and etree's after. Where nothing was recorded, the latter
// two must be equal, token by token.
func (x *XML) verify(next *tree, order []placed) (*etree.Document, error) {
	before := x.judge
	x.judge = nil // a failure leaves nothing behind
	if before == nil {
		var err error
		if before, err = x.tree.judged(); err != nil {
			return nil, x.unsafe(x.tree.root, "the second parser cannot read the file: "+err.Error())
		}
	}
	after, err := next.judged()
	if err != nil {
		return nil, x.unsafe(x.tree.root, "the second parser cannot read the result: "+err.Error())
	}
	v := verifier{x: x, inserts: map[*Element][]placed{}, touched: map[*Element]bool{}}
	v.touch(order)
	if err := v.document(&before.Element, &after.Element); err != nil {
		return nil, err
	}
	return after, nil
}

// judged returns what etree makes of the document.
func (t *tree) judged() (*etree.Document, error) {
	d := etree.NewDocument()
	d.ReadSettings.PreserveDuplicateAttrs = true
	// The bytes are UTF-8 already, whatever the XML declaration says.
	d.ReadSettings.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	data := t.data[t.bom:]
	if t.enc == encLatin1 && !isASCII(data) {
		data = []byte(t.enc.string(data))
	}
	_, err := d.ReadFrom(bytes.NewReader(data))
	return d, err
}

// unsafe is the error of a proof that failed.
func (x *XML) unsafe(e *Element, what string) error {
	return x.refuse(e, "the edit at "+e.Path()+" was given up because it would not change exactly what it is meant to: "+what, "nothing was changed; make this change by hand")
}

type verifier struct {
	x       *XML
	inserts map[*Element][]placed
	touched map[*Element]bool // elements in which, or in whose content, something was recorded
}

func (v *verifier) touch(order []placed) {
	mark := func(e *Element) {
		for ; e != nil && !v.touched[e]; e = e.node.parent {
			v.touched[e] = true
		}
	}
	for e := range v.x.tree.pending.changes {
		mark(e)
	}
	for _, p := range order {
		v.inserts[p.parent] = append(v.inserts[p.parent], p)
		mark(p.parent)
	}
}

// document compares what stands around the root, and the root.
func (v *verifier) document(before, after *etree.Element) error {
	root := v.x.tree.root
	if len(before.Child) != len(after.Child) {
		return v.x.unsafe(root, "something outside the document element differs")
	}
	for i, b := range before.Child {
		eb, ok1 := b.(*etree.Element)
		ea, ok2 := after.Child[i].(*etree.Element)
		switch {
		case ok1 && ok2:
			if err := v.element(root, eb, ea); err != nil {
				return err
			}
		case !sameToken(b, after.Child[i]):
			return v.x.unsafe(root, "something outside the document element differs")
		}
	}
	return nil
}

// element compares an element that stays. The recursion is as deep as the document, which is at most maxDepth.
func (v *verifier) element(e *Element, before, after *etree.Element) error {
	if !v.touched[e] {
		if !sameToken(before, after) {
			return v.x.unsafe(e, "something in it differs that was not asked for")
		}
		return nil
	}
	if before.FullTag() != e.written() || after.FullTag() != e.written() {
		return v.x.unsafe(e, "the second parser sees another element there")
	}
	if err := v.attributes(e, before, after); err != nil {
		return err
	}
	if err := v.text(e, before, after); err != nil {
		return err
	}
	if err := v.asides(e, before, after); err != nil {
		return err
	}
	return v.children(e, before, after)
}

func (v *verifier) attributes(e *Element, before, after *etree.Element) error {
	unlike := func() error { return v.x.unsafe(e, "its attributes differ from what was asked for") }
	c := v.x.tree.pending.changes[e]
	if c == nil || c.attrs == nil {
		if !sameAttrs(before.Attr, after.Attr) {
			return unlike()
		}
		return nil
	}
	at, first := 0, int(e.attrFirst)
	for _, a := range c.attrs {
		if a.removed {
			continue
		}
		if at == len(after.Attr) || after.Attr[at].FullKey() != a.name {
			return unlike()
		}
		got := after.Attr[at].Value
		if a.index >= 0 && !a.changes(v.x.tree) {
			if i := a.index - first; i >= len(before.Attr) || before.Attr[i].FullKey() != a.name || before.Attr[i].Value != got {
				return unlike()
			}
		} else if got != a.value {
			return unlike()
		}
		at++
	}
	if at != len(after.Attr) {
		return unlike()
	}
	return nil
}

// text compares the character data directly in e.
func (v *verifier) text(e *Element, before, after *etree.Element) error {
	if c := v.x.tree.pending.changes[e]; c != nil && c.text != nil {
		if strings.Trim(charData(after), blanks) != *c.text {
			return v.x.unsafe(e, "its value differs from what was asked for")
		}
		return nil
	}
	b, a := charData(before), charData(after)
	if v.structure(e) { // with elements come and go line ends and blanks
		b, a = strings.Join(strings.Fields(b), " "), strings.Join(strings.Fields(a), " ")
	}
	if b != a {
		return v.x.unsafe(e, "text in it differs that was not asked for")
	}
	return nil
}

// structure reports whether elements are put into e or taken from it.
func (v *verifier) structure(e *Element) bool {
	if len(v.inserts[e]) > 0 {
		return true
	}
	for n := e.first; n != nil; n = n.next {
		if n.kind == nodeElement && v.x.tree.pending.isRemoved(n.element) {
			return true
		}
	}
	return false
}

func charData(e *etree.Element) string {
	var b strings.Builder
	for _, c := range e.Child {
		if d, ok := c.(*etree.CharData); ok {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// asides compares the comments and processing instructions directly in e: all stay, but those that an element stands instead of.
func (v *verifier) asides(e *Element, before, after *etree.Element) error {
	b, a := asides(before), asides(after)
	i := 0
	kept := b[:0]
	for n := e.first; n != nil; n = n.next {
		if n.kind != nodeComment && n.kind != nodeInstruction {
			continue
		}
		if i < len(b) && !v.standsInstead(e, n) {
			kept = append(kept, b[i])
		}
		i++
	}
	if i != len(b) || !slices.EqualFunc(kept, a, sameToken) {
		return v.x.unsafe(e, "a comment in it differs that was not asked for")
	}
	return nil
}

// standsInstead reports whether a new element takes the place of the comment.
func (v *verifier) standsInstead(e *Element, n *node) bool {
	return slices.ContainsFunc(v.inserts[e], func(p placed) bool { return p.place.kind == placeInstead && p.place.comment.node == n })
}

func asides(e *etree.Element) []etree.Token {
	var all []etree.Token
	for _, c := range e.Child {
		switch c.(type) {
		case *etree.Comment, *etree.ProcInst:
			all = append(all, c)
		}
	}
	return all
}

// children compares the elements directly in e: those that stay and the new ones, in order.
func (v *verifier) children(e *Element, before, after *etree.Element) error {
	unlike := func() error { return v.x.unsafe(e, "the elements in it differ from what was asked for") }
	b, a := before.ChildElements(), after.ChildElements()
	inserts := v.inserts[e]
	at, i := 0, 0
	matchNew := func(upTo int) bool {
		for len(inserts) > 0 && inserts[0].at <= upTo {
			prefix, _ := e.split()
			if at == len(a) || !isNew(a[at], inserts[0].what, prefix) {
				return false
			}
			at++
			inserts = inserts[1:]
		}
		return true
	}
	for n := e.first; n != nil; n = n.next {
		if n.kind != nodeElement {
			continue
		}
		if i == len(b) || !matchNew(int(n.start)) {
			return unlike()
		}
		if !v.x.tree.pending.isRemoved(n.element) {
			if at == len(a) {
				return unlike()
			}
			if err := v.element(n.element, b[i], a[at]); err != nil {
				return err
			}
			at++
		}
		i++
	}
	if !matchNew(e.end()) || i != len(b) || at != len(a) || len(inserts) > 0 {
		return unlike()
	}
	return nil
}

// isNew reports whether etree sees the new element as it was asked for.
func isNew(e *etree.Element, n New, prefix string) bool {
	name := n.Name
	if prefix != "" && !strings.Contains(name, ":") {
		name = prefix + ":" + name
	}
	children := e.ChildElements()
	if e.FullTag() != name || len(e.Attr) != len(n.Attrs) || len(children) != len(n.Children) || len(asides(e)) > 0 {
		return false
	}
	for i, a := range n.Attrs {
		if e.Attr[i].FullKey() != a.Name || e.Attr[i].Value != a.Value {
			return false
		}
	}
	if strings.Trim(charData(e), blanks) != n.Text {
		return false
	}
	own, _, found := strings.Cut(name, ":")
	if !found {
		own = ""
	}
	for i, c := range n.Children {
		if !isNew(children[i], c, own) {
			return false
		}
	}
	return true
}

// sameToken reports whether two tokens of etree are equal, with everything in them.
func sameToken(b, a etree.Token) bool {
	switch b := b.(type) {
	case *etree.Element:
		a, ok := a.(*etree.Element)
		return ok && b.Space == a.Space && b.Tag == a.Tag && sameAttrs(b.Attr, a.Attr) && slices.EqualFunc(b.Child, a.Child, sameToken)
	case *etree.CharData:
		a, ok := a.(*etree.CharData)
		return ok && b.Data == a.Data
	case *etree.Comment:
		a, ok := a.(*etree.Comment)
		return ok && b.Data == a.Data
	case *etree.ProcInst:
		a, ok := a.(*etree.ProcInst)
		return ok && b.Target == a.Target && b.Inst == a.Inst
	case *etree.Directive: // a DOCTYPE
		a, ok := a.(*etree.Directive)
		return ok && b.Data == a.Data
	}
	return false
}

func sameAttrs(b, a []etree.Attr) bool {
	return slices.EqualFunc(b, a, func(b, a etree.Attr) bool { return b.Space == a.Space && b.Key == a.Key && b.Value == a.Value })
}
