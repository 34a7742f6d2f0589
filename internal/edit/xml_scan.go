package edit

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

const (
	// maxDepth is how deep elements may be nested. The files of Carbon 4.2.0 nest less than 15 deep.
	maxDepth = 200
	// maxNodes is how many elements, comments and attributes a document may have.
	maxNodes = 1 << 18
)

// scanner reads a document strictly, keeps where everything stands, and builds the tree.
type scanner struct {
	t        *tree
	data     []byte
	pos      int
	cur      *Element // innermost open element
	depth    int
	nodes    int
	doctypes int

	nodeSlab    []node
	elementSlab []Element
}

// fail returns an error about the byte at pos.
func (s *scanner) fail(pos int, what, fix string) error {
	return &Error{File: s.t.name, Line: s.t.line(pos), What: what, Fix: fix}
}

const mend = "mend the file by hand, then try again"

// scan reads the whole document.
func (s *scanner) scan() error {
	if err := s.prolog(); err != nil {
		return err
	}
	return s.fragment()
}

// fragment reads from here to the end: one element, and comments and processing instructions around it.
func (s *scanner) fragment() error {
	for {
		if err := s.text(); err != nil {
			return err
		}
		if s.pos == len(s.data) {
			return s.end()
		}
		if err := s.markup(); err != nil {
			return err
		}
	}
}

func (s *scanner) end() error {
	if s.cur != nil {
		return s.fail(s.cur.start(), fmt.Sprintf("the element <%s> is never closed", s.cur.written()), mend)
	}
	if s.t.root == nil {
		return s.fail(len(s.data), "there is no element in it", "restore the file from the product's archive")
	}
	return nil
}

// textEnds marks the bytes at which a run of character data needs a closer look.
var textEnds = [256]bool{'<': true, '&': true, ']': true}

// text reads character data up to the next markup.
func (s *scanner) text() error {
	start, data := s.pos, s.data
	i := start
	for i < len(data) {
		if !textEnds[data[i]] {
			i++
			continue
		}
		if data[i] == '<' {
			break
		}
		if data[i] == ']' {
			if bytes.HasPrefix(data[i:], []byte("]]>")) {
				return s.fail(i, "it holds ]]> outside a CDATA section", mend)
			}
			i++
			continue
		}
		n, err := s.reference(i)
		if err != nil {
			return err
		}
		i += n
	}
	if s.cur == nil && len(bytes.Trim(data[start:i], blanks)) > 0 {
		at := start
		for isBlank(data[at]) {
			at++
		}
		return s.fail(at, "there is text outside the document element", mend)
	}
	s.pos = i
	return nil
}

func (s *scanner) reference(at int) (int, error) {
	if _, n := reference(s.data[at:]); n > 0 {
		return n, nil
	}
	return 0, s.fail(at, "an & does not begin one of the references that need no DTD", "write &amp; for the character itself")
}

// markup reads what begins with <.
func (s *scanner) markup() error {
	rest := s.data[s.pos+1:]
	switch {
	case len(rest) == 0:
		return s.fail(s.pos, "it ends in the middle of a tag", mend)
	case rest[0] == '/':
		return s.endTag()
	case rest[0] == '?':
		return s.instruction()
	case rest[0] != '!':
		return s.startTag()
	case bytes.HasPrefix(rest, []byte("!--")):
		return s.comment()
	case bytes.HasPrefix(rest, []byte("![CDATA[")):
		return s.cdata()
	case bytes.HasPrefix(rest, []byte("!DOCTYPE")):
		return s.doctype()
	default:
		return s.fail(s.pos, "it has a declaration that cannot be understood", mend)
	}
}

func (s *scanner) comment() error {
	body := s.pos + len("<!--")
	i := bytes.Index(s.data[body:], []byte("--"))
	if i < 0 {
		return s.fail(s.pos, "a comment is never closed", mend)
	}
	end := body + i + 2
	if end >= len(s.data) || s.data[end] != '>' {
		return s.fail(body+i, "a comment holds --, which XML does not allow", mend)
	}
	return s.add(nodeComment, end+1)
}

func (s *scanner) cdata() error {
	if s.cur == nil {
		return s.fail(s.pos, "there is a CDATA section outside the document element", mend)
	}
	body := s.pos + len("<![CDATA[")
	i := bytes.Index(s.data[body:], []byte("]]>"))
	if i < 0 {
		return s.fail(s.pos, "a CDATA section is never closed", mend)
	}
	return s.add(nodeCDATA, body+i+3)
}

func (s *scanner) instruction() error {
	target, err := s.name(s.pos + 2)
	if err != nil {
		return err
	}
	end := bytes.Index(s.data[s.pos:], []byte("?>"))
	after := s.pos + 2 + len(target)
	switch {
	case end < 0:
		return s.fail(s.pos, "a processing instruction is never closed", mend)
	case bytes.EqualFold(target, []byte("xml")):
		return s.fail(s.pos, "there is an XML declaration that is not at the very beginning", mend)
	case bytes.IndexByte(target, ':') >= 0, s.pos+end != after && !isBlank(s.data[after]):
		return s.fail(s.pos, "a processing instruction cannot be understood", mend)
	}
	return s.add(nodeInstruction, s.pos+end+2)
}

// add books the node from here to end on the open element, and goes there.
func (s *scanner) add(kind nodeKind, end int) error {
	n, err := s.node(kind)
	if err != nil {
		return err
	}
	n.start, n.end = int32(s.pos), int32(end)
	s.link(n)
	s.pos = end
	return nil
}

func (s *scanner) node(kind nodeKind) (*node, error) {
	if s.nodes++; s.nodes > maxNodes {
		return nil, s.fail(s.pos, fmt.Sprintf("it has more than %d elements, attributes and comments", maxNodes), "check that this is the right file")
	}
	if len(s.nodeSlab) == 0 {
		s.nodeSlab = make([]node, min(512, 16+len(s.data)/64))
	}
	n := &s.nodeSlab[0]
	s.nodeSlab = s.nodeSlab[1:]
	n.kind, n.parent = kind, s.cur
	return n, nil
}

func (s *scanner) link(n *node) {
	if s.cur == nil {
		return
	}
	if s.cur.last == nil {
		s.cur.first = n
	} else {
		s.cur.last.next, n.prev = n, s.cur.last
	}
	s.cur.last = n
}

// name reads the name that begins at pos.
func (s *scanner) name(pos int) ([]byte, error) {
	data := s.data
	i := pos
	high := false
	if i < len(data) && nameStart[data[i]] {
		for i < len(data) && namePart[data[i]] {
			high = high || data[i] >= utf8.RuneSelf
			i++
		}
	}
	name := data[pos:i]
	if i == pos || high && !s.highName(name) {
		return nil, s.fail(min(pos, len(data)), "a < is not followed by a name, or an attribute has none", "write &lt; for the character itself, or mend the tag")
	}
	return name, nil
}

// highName judges a name that is not pure ASCII.
func (s *scanner) highName(name []byte) bool {
	for i, r := range s.t.enc.string(name) {
		if r >= utf8.RuneSelf && !isNameRune(r, i == 0) {
			return false
		}
	}
	return true
}

// colon returns the length of the prefix of a name, 0 = none; ok is false when the name has more than one colon or one at an end.
func colon(name []byte) (prefix int, ok bool) {
	i := bytes.IndexByte(name, ':')
	if i < 0 {
		return 0, true
	}
	return i, i > 0 && i < len(name)-1 && namePart[name[i+1]] && nameStart[name[i+1]] && bytes.IndexByte(name[i+1:], ':') < 0
}

func (s *scanner) skipBlanks(i int) int {
	for i < len(s.data) && isBlank(s.data[i]) {
		i++
	}
	return i
}

// startTag reads <name a="v" …> or <name …/>.
func (s *scanner) startTag() error {
	name, err := s.name(s.pos + 1)
	if err != nil {
		return err
	}
	prefix, ok := colon(name)
	if !ok {
		return s.fail(s.pos, fmt.Sprintf("the name <%s> has its colon in the wrong place", printable(s.t.enc.string(name))), mend)
	}
	if s.cur == nil && s.t.root != nil {
		return s.fail(s.pos, "there is a second document element", mend)
	}
	e, err := s.element()
	if err != nil {
		return err
	}
	e.nameEnd = int32(s.pos + 1 + len(name))
	e.prefix = int32(prefix)
	s.t.prefixed = s.t.prefixed || prefix > 0
	i, err := s.attributes(e, int(e.nameEnd))
	if err != nil {
		return err
	}
	return s.open(e, i)
}

// open finishes the start tag of e, whose > or /> is at i.
func (s *scanner) open(e *Element, i int) error {
	selfClosed := s.data[i] == '/'
	if selfClosed {
		if i++; i >= len(s.data) || s.data[i] != '>' {
			return s.fail(i-1, fmt.Sprintf("the tag <%s> is not closed properly", printable(e.written())), mend)
		}
	}
	s.pos = i + 1
	e.openEnd = int32(s.pos)
	s.link(e.node)
	if s.cur == nil {
		s.t.root = e
	}
	if selfClosed {
		e.closeStart = -1
		e.node.end = e.openEnd
		return nil
	}
	if s.depth++; s.depth > maxDepth {
		return s.fail(s.pos, fmt.Sprintf("its elements are nested more than %d deep", maxDepth), "check that this is the right file")
	}
	s.cur = e
	return nil
}

func (s *scanner) element() (*Element, error) {
	n, err := s.node(nodeElement)
	if err != nil {
		return nil, err
	}
	if len(s.elementSlab) == 0 {
		s.elementSlab = make([]Element, min(512, 16+len(s.data)/64))
	}
	e := &s.elementSlab[0]
	s.elementSlab = s.elementSlab[1:]
	e.tree, e.node = s.t, n
	n.element = e
	n.start = int32(s.pos)
	return e, nil
}

// attributes reads the attributes from i on and returns where the > or /> is.
func (s *scanner) attributes(e *Element, i int) (int, error) {
	first := len(s.t.attrs)
	e.tagEnd = int32(i)
	for {
		j := s.skipBlanks(i)
		switch {
		case j >= len(s.data):
			return 0, s.fail(e.start(), fmt.Sprintf("the tag <%s> is never closed", printable(e.written())), mend)
		case s.data[j] == '>' || s.data[j] == '/':
			if err := s.checkAttributes(e, s.t.attrs[first:]); err != nil {
				return 0, err
			}
			e.attrFirst, e.attrEnd = int32(first), int32(len(s.t.attrs))
			return j, nil
		case j == i:
			return 0, s.fail(i, fmt.Sprintf("the tag <%s> lacks a blank before an attribute, or its name holds a character that names cannot have", printable(e.written())), mend)
		}
		a, err := s.attribute(e, j)
		if err != nil {
			return 0, err
		}
		s.t.attrs = append(s.t.attrs, a)
		i = int(a.end) + 1
		e.tagEnd = int32(i)
	}
}

// attribute reads name = "value" at i.
func (s *scanner) attribute(e *Element, i int) (attribute, error) {
	name, err := s.name(i)
	if err != nil {
		return attribute{}, err
	}
	if s.nodes++; s.nodes > maxNodes {
		_, err := s.node(nodeComment)
		return attribute{}, err
	}
	prefix, ok := colon(name)
	if !ok {
		return attribute{}, s.fail(i, fmt.Sprintf("an attribute of <%s> has its colon in the wrong place", printable(e.written())), mend)
	}
	s.t.prefixed = s.t.prefixed || prefix > 0
	eq := s.skipBlanks(i + len(name))
	if eq >= len(s.data) || s.data[eq] != '=' {
		return attribute{}, s.fail(i, fmt.Sprintf("an attribute of <%s> has no value", printable(e.written())), mend)
	}
	q := s.skipBlanks(eq + 1)
	if q >= len(s.data) || s.data[q] != '"' && s.data[q] != '\'' {
		return attribute{}, s.fail(eq, fmt.Sprintf("the value of an attribute of <%s> is not in quotes", printable(e.written())), mend)
	}
	end, err := s.attributeValue(e, q)
	if err != nil {
		return attribute{}, err
	}
	return attribute{start: int32(i), nameEnd: int32(i + len(name)), value: int32(q + 1), end: int32(end)}, nil
}

// attributeValue returns where the quote that closes the one at q is.
func (s *scanner) attributeValue(e *Element, q int) (int, error) {
	data, quote := s.data, s.data[q]
	for i := q + 1; i < len(data); {
		switch c := data[i]; c {
		case quote:
			return i, nil
		case '<':
			return 0, s.fail(i, fmt.Sprintf("the value of an attribute of <%s> holds a <, or lacks its closing quote", printable(e.written())), "write &lt; for the character itself")
		case '&':
			n, err := s.reference(i)
			if err != nil {
				return 0, err
			}
			i += n
		default:
			i++
		}
	}
	return 0, s.fail(q, fmt.Sprintf("the value of an attribute of <%s> is never closed", printable(e.written())), mend)
}

// checkAttributes refuses two attributes of one name.
func (s *scanner) checkAttributes(e *Element, attrs []attribute) error {
	twice := func(a attribute) error {
		return s.fail(int(a.start), fmt.Sprintf("the tag <%s> has the attribute %s twice", printable(e.written()), printable(s.t.enc.string(s.data[a.start:a.nameEnd]))), "remove one of the two")
	}
	if len(attrs) > 16 {
		seen := make(map[string]bool, len(attrs))
		for _, a := range attrs {
			name := string(s.data[a.start:a.nameEnd])
			if seen[name] {
				return twice(a)
			}
			seen[name] = true
		}
		return nil
	}
	for i, a := range attrs {
		for _, b := range attrs[:i] {
			if bytes.Equal(s.data[a.start:a.nameEnd], s.data[b.start:b.nameEnd]) {
				return twice(a)
			}
		}
	}
	return nil
}

// endTag reads </name>.
func (s *scanner) endTag() error {
	name, err := s.name(s.pos + 2)
	if err != nil {
		return err
	}
	e := s.cur
	switch {
	case e == nil:
		return s.fail(s.pos, fmt.Sprintf("the tag </%s> closes nothing", printable(s.t.enc.string(name))), mend)
	case !bytes.Equal(name, s.data[e.start()+1:e.nameEnd]):
		return s.fail(s.pos, fmt.Sprintf("the tag </%s> closes <%s>, which was opened in line %d", printable(s.t.enc.string(name)), printable(e.written()), e.Line()), mend)
	}
	i := s.skipBlanks(s.pos + 2 + len(name))
	if i >= len(s.data) || s.data[i] != '>' {
		return s.fail(s.pos, fmt.Sprintf("the tag </%s> is not closed properly", printable(e.written())), mend)
	}
	e.closeStart, e.node.end = int32(s.pos), int32(i+1)
	s.pos = i + 1
	s.cur = e.node.parent
	s.depth--
	return nil
}
