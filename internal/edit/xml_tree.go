package edit

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// tree is a scanned document. It does not change; pending holds the edits recorded on it.
type tree struct {
	name     string
	data     []byte
	enc      encoding
	bom      int // bytes before the first character
	prefixed bool
	root     *Element
	attrs    []attribute // of all elements, in document order
	pending  pending

	newlines []int32 // offsets of all LF, once line was asked for a tree that stands
	scanned  bool
}

type nodeKind uint8

const (
	nodeElement nodeKind = iota
	nodeComment
	nodeCDATA
	nodeInstruction
)

// node is anything in an element that is not plain character data. What lies between two nodes is.
type node struct {
	kind       nodeKind
	start, end int32
	parent     *Element
	prev, next *node
	element    *Element // of a nodeElement
}

// attribute holds the offsets of name="value"; end is the closing quote.
type attribute struct{ start, nameEnd, value, end int32 }

// line returns the number of the line that the offset is in.
func (t *tree) line(offset int) int {
	offset = min(offset, len(t.data))
	if !t.scanned {
		return 1 + bytes.Count(t.data[:offset], []byte("\n"))
	}
	if t.newlines == nil {
		t.newlines = make([]int32, 0, 1+bytes.Count(t.data, []byte("\n")))
		for i, c := range t.data {
			if c == '\n' {
				t.newlines = append(t.newlines, int32(i))
			}
		}
	}
	return 1 + sort.Search(len(t.newlines), func(i int) bool { return int(t.newlines[i]) >= offset })
}

// Element is a live element: one that is not commented out. It stands for the document as of the last Commit: look elements up again
// after one. The methods that read also work on a nil Element, which has nothing in it.
type Element struct {
	tree *tree
	node *node

	nameEnd            int32 // the name begins after the <
	prefix             int32 // length of the name's prefix, 0 = none
	tagEnd             int32 // end of the last attribute, or of the name
	openEnd            int32 // end of the start tag
	closeStart         int32 // start of the end tag; -1 = self-closed
	attrFirst, attrEnd int32
	first, last        *node
}

func (e *Element) start() int { return int(e.node.start) }
func (e *Element) end() int   { return int(e.node.end) }

// content returns where the content begins and ends.
func (e *Element) content() (start, end int) {
	if e.closeStart < 0 {
		return int(e.openEnd), int(e.openEnd)
	}
	return int(e.openEnd), int(e.closeStart)
}

// written returns the name with its prefix.
func (e *Element) written() string {
	return e.tree.enc.string(e.tree.data[e.node.start+1 : e.nameEnd])
}

// localIs reports whether the local name is name.
func (e *Element) localIs(name string) bool {
	start := e.node.start + 1
	if e.prefix > 0 {
		start += e.prefix + 1
	}
	return e.tree.enc.is(e.tree.data[start:e.nameEnd], name)
}

// Name returns the local name.
func (e *Element) Name() string {
	if e == nil {
		return ""
	}
	_, local := e.split()
	return local
}

// split returns prefix and local name.
func (e *Element) split() (prefix, local string) {
	name := e.written()
	if e.prefix == 0 {
		return "", name
	}
	prefix, local, _ = strings.Cut(name, ":")
	return prefix, local
}

// Space returns the namespace URI in force, "" for none.
func (e *Element) Space() string {
	if e == nil {
		return ""
	}
	prefix, _ := e.split()
	uri, _ := e.namespace(prefix)
	return uri
}

// namespace returns what prefix stands for in the element; "" is the default namespace.
func (e *Element) namespace(prefix string) (uri string, bound bool) {
	if prefix == "xml" {
		return "http://www.w3.org/XML/1998/namespace", true
	}
	name := "xmlns"
	if prefix != "" {
		name += ":" + prefix
	}
	for ; e != nil; e = e.node.parent {
		if v, ok := e.Attr(name); ok {
			return v, v != ""
		}
	}
	return "", prefix == ""
}

// Line returns the number of the line in which the element begins.
func (e *Element) Line() int {
	if e == nil {
		return 0
	}
	return e.tree.line(e.start())
}

// Path returns the way to the element, for people: /Server/Ports/Offset, with [@name='…'] where siblings of one name are told apart by it.
func (e *Element) Path() string {
	if e == nil {
		return ""
	}
	var steps []string
	for ; e != nil; e = e.Parent() {
		step := e.Name()
		if v, ok := e.Attr("name"); ok && v != "" && len(v) < 80 && e.hasNamesake() {
			step += "[@name=" + Quote(v) + "]"
		}
		steps = append(steps, step)
	}
	slices.Reverse(steps)
	return "/" + strings.Join(steps, "/")
}

// hasNamesake reports whether a sibling has the same name.
func (e *Element) hasNamesake() bool {
	if e.node.parent == nil {
		return false
	}
	name := e.Name()
	for n := e.node.parent.first; n != nil; n = n.next {
		if n.kind == nodeElement && n.element != e && n.element.localIs(name) {
			return true
		}
	}
	return false
}

// Parent returns the element around it, nil for the root.
func (e *Element) Parent() *Element {
	if e == nil {
		return nil
	}
	return e.node.parent
}

// Children returns the live child elements.
func (e *Element) Children() []*Element {
	if e == nil {
		return nil
	}
	var all []*Element
	for c := e.firstChild(); c != nil; c = c.nextSibling() {
		all = append(all, c)
	}
	return all
}

func (e *Element) firstChild() *Element  { return e.tree.live(e.first) }
func (e *Element) nextSibling() *Element { return e.tree.live(e.node.next) }

// live returns the first element from n on that is not recorded for removal.
func (t *tree) live(n *node) *Element {
	for ; n != nil; n = n.next {
		if n.kind == nodeElement && !t.pending.isRemoved(n.element) {
			return n.element
		}
	}
	return nil
}

// Text returns the character data without comments, references resolved, outer blanks trimmed (Carbon trims, too).
func (e *Element) Text() string {
	if e == nil {
		return ""
	}
	if c := e.tree.pending.changes[e]; c != nil && c.text != nil {
		return *c.text
	}
	return strings.Trim(e.rawText(), blanks)
}

// rawText returns the character data as of the last Commit, with its outer blanks.
func (e *Element) rawText() string {
	t := e.tree
	start, end := e.content()
	if e.first == nil {
		return t.enc.decodeText(t.data[start:end])
	}
	var b strings.Builder
	for _, r := range e.runs() {
		b.WriteString(t.decodeRun(r))
	}
	return b.String()
}

// run is a stretch of character data: plain, or the inside of a CDATA section.
type run struct {
	start, end int
	cdata      *node
}

func (t *tree) decodeRun(r run) string {
	if r.cdata != nil {
		return t.enc.decodeCDATA(t.data[r.start:r.end])
	}
	return t.enc.decodeText(t.data[r.start:r.end])
}

// runs returns the character data of the element, piece by piece; empty pieces are left out.
func (e *Element) runs() []run {
	var all []run
	at, end := e.content()
	for n := e.first; n != nil; n = n.next {
		if at < int(n.start) {
			all = append(all, run{start: at, end: int(n.start)})
		}
		if n.kind == nodeCDATA {
			all = append(all, run{start: int(n.start) + len("<![CDATA["), end: int(n.end) - len("]]>"), cdata: n})
		}
		at = int(n.end)
	}
	if at < end {
		all = append(all, run{start: at, end: end})
	}
	return all
}

// hasText reports whether there is character data other than blanks as of the last Commit.
func (e *Element) hasText() bool {
	for _, r := range e.runs() {
		if strings.Trim(e.tree.decodeRun(r), blanks) != "" {
			return true
		}
	}
	return false
}

// Attr returns the value of an attribute; name as written, e.g. "svns:secretAlias", "port".
func (e *Element) Attr(name string) (string, bool) {
	if e == nil {
		return "", false
	}
	if c := e.tree.pending.changes[e]; c != nil && c.attrs != nil {
		if a := c.attr(name); a != nil && !a.removed {
			return a.value, true
		}
		return "", false
	}
	if a := e.attribute(name); a != nil {
		return e.tree.value(*a), true
	}
	return "", false
}

// attribute returns the attribute of that name as of the last Commit, or nil.
func (e *Element) attribute(name string) *attribute {
	t := e.tree
	for i := e.attrFirst; i < e.attrEnd; i++ {
		if t.enc.is(t.data[t.attrs[i].start:t.attrs[i].nameEnd], name) {
			return &t.attrs[i]
		}
	}
	return nil
}

// valueIs reports whether the attribute has the value as of the last Commit.
func (t *tree) valueIs(a attribute, value string) bool {
	raw := t.data[a.value:a.end]
	for _, c := range raw {
		if special(c, true) || c >= utf8.RuneSelf {
			return t.value(a) == value
		}
	}
	return string(raw) == value
}

func (t *tree) value(a attribute) string { return t.enc.decodeAttr(t.data[a.value:a.end]) }

// AttrLine returns the number of the line in which the attribute begins, 0 when the file has none.
func (e *Element) AttrLine(name string) int {
	if e == nil {
		return 0
	}
	if a := e.attribute(name); a != nil {
		return e.tree.line(int(a.start))
	}
	return 0
}

// Attrs returns the attributes in their order in the file, namespace declarations included.
func (e *Element) Attrs() []Attr {
	if e == nil {
		return nil
	}
	t := e.tree
	var all []Attr
	if c := t.pending.changes[e]; c != nil && c.attrs != nil {
		for _, a := range c.attrs {
			if !a.removed {
				all = append(all, Attr{Name: a.name, Value: a.value})
			}
		}
		return all
	}
	for _, a := range t.attrs[e.attrFirst:e.attrEnd] {
		all = append(all, Attr{Name: t.enc.string(t.data[a.start:a.nameEnd]), Value: t.value(a)})
	}
	return all
}

// Attr is an attribute.
type Attr struct{ Name, Value string }
