package edit

import (
	"bytes"
	"strings"
)

// site is how new elements are written at a place. The first one replaces [start,end), the following ones are inserted at end.
type site struct {
	start, end int
	open       string // before the first one
	lead       string // before each, but see first
	first      bool   // the first one has no lead
	trail      string // after each
	close      string // after the last one
	indent     string // of the lines of the elements
	unit       string // by which their children are indented more
	eol        string // "" = everything on one line
}

// site returns how new elements are written at a place, which has a parent.
func (t *tree) site(at Place) site {
	n, parent := at.node()
	var s site
	switch at.kind {
	case placeBefore:
		s = t.before(n)
	case placeFirst:
		s = t.firstIn(parent)
	case placeLast:
		s = t.lastIn(parent)
	case placeInstead:
		s = t.instead(n)
	default:
		s = t.after(n)
	}
	if unit, ok := strings.CutPrefix(s.indent, t.lineIndent(parent.start())); ok && unit != "" {
		s.unit = unit
	} else {
		s.unit = t.unit(parent)
	}
	return s
}

// lines returns the site of whole lines that begin at start, which is the beginning of a line.
func (t *tree) lines(start int, indent string) site {
	eol := "\n"
	if bytes.HasSuffix(t.data[:start], []byte("\r\n")) {
		eol = "\r\n"
	}
	return site{start: start, end: start, lead: indent, trail: eol, indent: indent, eol: eol}
}

func inline(at int) site { return site{start: at, end: at} }

func (t *tree) after(n *node) site {
	next, last, isLine := t.restOfLine(int(n.end))
	if isLine {
		return t.lines(next, t.indentBeside(n))
	}
	if indent, ok := t.leads(int(n.start)); ok && next == int(n.parent.closeStart) {
		eol := t.eolNear(last)
		return site{start: last, end: last, lead: eol + indent, indent: indent, eol: eol}
	}
	return inline(last)
}

func (t *tree) before(n *node) site {
	if indent, ok := t.leads(int(n.start)); ok {
		return t.lines(int(n.start)-len(indent), indent)
	}
	return inline(int(n.start))
}

func (t *tree) instead(n *node) site {
	s := site{start: int(n.start), end: int(n.end), first: true}
	if indent, ok := t.leads(int(n.start)); ok {
		s.eol, s.indent = t.eolNear(int(n.start)), indent
		s.lead = s.eol + indent
	}
	return s
}

func (t *tree) firstIn(p *Element) site {
	if p.closeStart < 0 {
		return t.expand(p)
	}
	next, last, isLine := t.restOfLine(int(p.openEnd))
	switch {
	case isLine:
		return t.lines(next, t.childIndent(p))
	case p.hasElements():
		return inline(last)
	}
	return t.expand(p)
}

func (t *tree) lastIn(p *Element) site {
	if p.hasElements() {
		return t.after(p.last)
	}
	if p.last != nil {
		if next, _, isLine := t.restOfLine(int(p.last.end)); isLine {
			return t.lines(next, t.childIndent(p))
		}
		return t.expand(p)
	}
	return t.firstIn(p)
}

// expand returns the site of the first elements of p, whose end tag is on the line of its start tag or missing.
func (t *tree) expand(p *Element) site {
	s := site{start: int(p.openEnd), end: int(p.closeStart)}
	if p.closeStart < 0 {
		s.start, s.end = t.slash(p), int(p.openEnd)
		s.open, s.close = ">", "</"+p.written()+">"
	} else if p.last != nil {
		s.start = int(p.last.end)
	}
	if !t.beginsLine(p.start()) {
		return s
	}
	s.eol = t.eolNear(p.start())
	s.indent = t.childIndent(p)
	s.lead = s.eol + s.indent
	s.close = s.eol + t.lineIndent(p.start()) + s.close
	return s
}

// slash returns where the /> of a self-closed element begins, with the blanks before it.
func (t *tree) slash(e *Element) int {
	i := int(e.openEnd) - len("/>")
	for i > int(e.tagEnd) && (t.data[i-1] == ' ' || t.data[i-1] == '\t') {
		i--
	}
	if i > int(e.tagEnd) { // the /> is on a line of its own
		return int(e.openEnd) - len("/>")
	}
	return i
}

// restOfLine looks at what follows an offset on its line: blanks, comments and processing instructions that begin there are passed over.
// When the line then ends, next is the beginning of the next one and isLine is true; else next is where something else stands.
// last is the end of what was passed over, without blanks.
func (t *tree) restOfLine(at int) (next, last int, isLine bool) {
	data := t.data
	last = at
	for i := at; i < len(data); {
		switch {
		case data[i] == ' ' || data[i] == '\t':
			i++
		case data[i] == '\n':
			return i + 1, last, true
		case bytes.HasPrefix(data[i:], []byte("\r\n")):
			return i + 2, last, true
		case bytes.HasPrefix(data[i:], []byte("<!--")):
			i += len("<!--") + bytes.Index(data[i+len("<!--"):], []byte("-->")) + len("-->")
			last = i
		case bytes.HasPrefix(data[i:], []byte("<?")):
			i += bytes.Index(data[i:], []byte("?>")) + len("?>")
			last = i
		default:
			return i, last, false
		}
	}
	return len(data), last, false
}

// lineStart returns where the line of an offset begins.
func (t *tree) lineStart(at int) int {
	return max(t.bom, bytes.LastIndexByte(t.data[:at], '\n')+1)
}

// lineIndent returns the blanks at the beginning of the line of an offset.
func (t *tree) lineIndent(at int) string {
	start := t.lineStart(at)
	i := start
	for i < at && (t.data[i] == ' ' || t.data[i] == '\t') {
		i++
	}
	return string(t.data[start:i])
}

// leads reports whether only blanks are before an offset on its line, and returns them.
func (t *tree) leads(at int) (indent string, ok bool) {
	start := at
	for start > t.bom && (t.data[start-1] == ' ' || t.data[start-1] == '\t') {
		start--
	}
	if start > t.bom && t.data[start-1] != '\n' {
		return "", false
	}
	return string(t.data[start:at]), true
}

// beginsLine reports whether only blanks, comments and processing instructions are before an offset on its line.
func (t *tree) beginsLine(at int) bool {
	next, _, isLine := t.restOfLine(t.lineStart(at))
	return next == at && !isLine
}

// indentBeside returns the indentation of n when it leads its line, else that of its siblings.
func (t *tree) indentBeside(n *node) string {
	if indent, ok := t.leads(int(n.start)); ok {
		return indent
	}
	for _, kind := range []nodeKind{nodeElement, nodeComment} {
		for s := n.prev; s != nil; s = s.prev {
			if indent, ok := t.leads(int(s.start)); ok && s.kind == kind {
				return indent
			}
		}
		for s := n.next; s != nil; s = s.next {
			if indent, ok := t.leads(int(s.start)); ok && s.kind == kind {
				return indent
			}
		}
	}
	return t.lineIndent(n.parent.start()) + t.unit(n.parent)
}

// childIndent returns the indentation of the children of p: that of the last one that leads its line, else one unit more than p.
func (t *tree) childIndent(p *Element) string {
	for _, kind := range []nodeKind{nodeElement, nodeComment} {
		for s := p.last; s != nil; s = s.prev {
			if indent, ok := t.leads(int(s.start)); ok && s.kind == kind {
				return indent
			}
		}
	}
	return t.lineIndent(p.start()) + t.unit(p)
}

// unit returns by what the children of p are indented more than p: as p within its parent, else as the first child of the root within
// the root, else four blanks.
func (t *tree) unit(p *Element) string {
	if p.node.parent != nil {
		if unit, ok := t.deeper(p.node.parent, p); ok {
			return unit
		}
	}
	for n := t.root.first; n != nil; n = n.next {
		if n.kind != nodeElement {
			continue
		}
		if unit, ok := t.deeper(t.root, n.element); ok {
			return unit
		}
	}
	return "    "
}

// deeper returns by what child is indented more than parent.
func (t *tree) deeper(parent, child *Element) (string, bool) {
	outer, ok1 := t.leads(parent.start())
	inner, ok2 := t.leads(child.start())
	unit, ok3 := strings.CutPrefix(inner, outer)
	return unit, ok1 && ok2 && ok3 && unit != ""
}

// eolNear returns the line end of the line of an offset, else that of the line before, else LF.
func (t *tree) eolNear(at int) string {
	i := bytes.IndexByte(t.data[at:], '\n')
	if i >= 0 {
		i += at
	} else if i = bytes.LastIndexByte(t.data[:at], '\n'); i < 0 {
		return "\n"
	}
	if i > 0 && t.data[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// write appends new elements as the site has them: one line each, children below.
func (s site) write(w *writer, n New, prefix, indent string) {
	enc := w.enc
	name := n.Name
	if prefix != "" && !strings.Contains(name, ":") {
		name = prefix + ":" + name
	}
	own, _, found := strings.Cut(name, ":")
	if !found {
		own = ""
	}
	w.out = enc.appendString(append(w.out, '<'), name)
	for _, a := range n.Attrs {
		w.out = enc.appendString(append(w.out, ' '), a.Name)
		w.out = append(w.out, '=', '"')
		w.value(w.secretAttrs, func(b []byte) []byte { return enc.appendAttr(b, a.Value, '"') })
		w.out = append(w.out, '"')
	}
	if n.Text == "" && len(n.Children) == 0 {
		w.out = append(w.out, "/>"...)
		return
	}
	w.out = append(w.out, '>')
	w.value(w.secretText || n.Secret, func(b []byte) []byte { return enc.appendText(b, n.Text, w.eol) })
	for _, c := range n.Children {
		if s.eol != "" {
			w.out = append(append(append(w.out, s.eol...), indent...), s.unit...)
		}
		s.write(w, c, own, indent+s.unit)
	}
	if len(n.Children) > 0 && s.eol != "" {
		w.out = append(append(w.out, s.eol...), indent...)
	}
	w.out = append(enc.appendString(append(w.out, '<', '/'), name), '>')
}

// writer collects the bytes of new elements and which of them are secret.
type writer struct {
	enc                     encoding
	eol                     string // for line feeds in values
	out                     []byte
	secrets                 []Range
	secretText, secretAttrs bool
}

// value appends what f appends, as a secret or not.
func (w *writer) value(isSecret bool, f func([]byte) []byte) {
	start := len(w.out)
	w.out = f(w.out)
	if isSecret && len(w.out) > start {
		w.secrets = append(w.secrets, Range{start, len(w.out)})
	}
}
