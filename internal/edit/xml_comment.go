package edit

import "bytes"

// Comment is a comment; Attr and Text answer for the element it hides, when it hides exactly one.
type Comment struct {
	tree   *tree
	node   *node
	hidden *Element // in a tree of its own; nil = the comment is not exactly one element
}

// Comments returns the direct child comments, without those that an element is recorded to stand instead of.
func (e *Element) Comments() []*Comment {
	if e == nil {
		return nil
	}
	var all []*Comment
	for n := e.first; n != nil; n = n.next {
		if n.kind == nodeComment && !e.tree.pending.replaced[n] {
			all = append(all, &Comment{tree: e.tree, node: n, hidden: e.tree.hidden(n)})
		}
	}
	return all
}

// CommentedOut returns the child comments that are exactly one commented-out element of that local name, in the shipped idioms
// <!--HostName>www.wso2.org</HostName-->, <!-- HostName>…</HostName -->, <!-- <HostName>…</HostName> -->,
// <!--parameter name="x">…</parameter-->, <!--remoteInstance url="x"/-->. A comment that holds prose as well, several elements or
// a part of one is not among them: Carbon's files have blocks that are split into several comments.
func (e *Element) CommentedOut(name string) []*Comment {
	var all []*Comment
	for _, c := range e.Comments() {
		if c.hidden != nil && c.hidden.localIs(name) {
			all = append(all, c)
		}
	}
	return all
}

// hidden returns the element that the comment is exactly, or nil.
func (t *tree) hidden(n *node) *Element {
	inner := bytes.Trim(t.data[int(n.start)+len("<!--"):int(n.end)-len("-->")], blanks)
	if bytes.IndexByte(inner, '/') < 0 {
		return nil
	}
	if inner[0] != '<' {
		inner = append([]byte{'<'}, inner...)
	}
	if inner[len(inner)-1] != '>' {
		inner = append(bytes.Clone(inner), '>')
	}
	f := &tree{name: t.name, data: inner, enc: t.enc}
	s := scanner{t: f, data: inner}
	if s.fragment() != nil || f.root.start() != 0 || f.root.end() != len(inner) {
		return nil
	}
	f.scanned = true
	return f.root
}

// Line returns the number of the line in which the comment begins.
func (c *Comment) Line() int {
	if c == nil {
		return 0
	}
	return c.tree.line(int(c.node.start))
}

// Text returns the text of the hidden element, "" when there is none.
func (c *Comment) Text() string {
	if c == nil {
		return ""
	}
	return c.hidden.Text()
}

// Attr returns an attribute of the hidden element.
func (c *Comment) Attr(name string) (string, bool) {
	if c == nil {
		return "", false
	}
	return c.hidden.Attr(name)
}
