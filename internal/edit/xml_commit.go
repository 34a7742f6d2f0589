package edit

import (
	"bytes"
	"errors"
	"slices"
	"strings"
)

// Commit applies the pending edits. No edit that changes a value: no splices, same bytes. etree reads the bytes before and after, and Commit
// proves that exactly the recorded values and elements differ. On error the document is as before the edits.
// Elements looked up before a Commit that changed something are of no use for further edits.
func (x *XML) Commit() ([]Splice, error) {
	t := x.tree
	if t.pending.empty() {
		return nil, nil
	}
	splices, order, err := t.splices()
	if err == nil && len(splices) > 0 {
		err = x.apply(splices, order)
	}
	if err != nil {
		t.pending = pending{}
		return nil, err
	}
	return splices, nil
}

// apply makes the spliced bytes the document's when everything about them is as it should be.
func (x *XML) apply(splices []Splice, order []placed) error {
	old := x.tree
	data := spliced(old.data, splices)
	next, err := scan(old.name, data)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			return &Error{File: e.File, Line: e.Line, What: "after the edit the file could not be read: " + e.What, Fix: "make this change by hand"}
		}
		return err
	}
	if next.prefixed && next.unbound() > old.unbound() {
		return &Error{File: old.name, What: "an edit uses a namespace prefix that is not declared there", Fix: "declare it on the document element in the same step"}
	}
	judge, err := x.verify(next, order)
	if err != nil {
		return err
	}
	x.tree, x.judge = next, judge
	return nil
}

// placed is an insertion and where its bytes go.
type placed struct {
	*insertion
	at int
}

// piece is a splice in the making.
type piece struct {
	Splice
	call  int // insertions at one offset stay in the order of the calls
	holds []placed
}

// splices returns what the pending edits come to, ordered, and the insertions in the order of the document.
func (t *tree) splices() ([]Splice, []placed, error) {
	var pieces []piece
	for e, c := range t.pending.changes {
		if e.node.parent != nil && t.pending.isGone(e.node.parent) {
			continue
		}
		if c.removed {
			pieces = append(pieces, piece{Splice: t.removal(e, c)})
			continue
		}
		pieces = append(pieces, t.attrPieces(e, c)...)
		if c.text != nil {
			pieces = append(pieces, t.textPieces(e, c)...)
		}
	}
	pieces = append(pieces, t.insertPieces()...)
	slices.SortStableFunc(pieces, func(a, b piece) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		if pure := min(a.End-a.Start, 1) - min(b.End-b.Start, 1); pure != 0 {
			return pure
		}
		return a.call - b.call
	})
	var all []Splice
	var order []placed
	for _, p := range pieces {
		order = append(order, p.holds...)
		last := len(all) - 1
		switch {
		case last >= 0 && all[last].End > p.Start:
			return nil, nil, &Error{File: t.name, Line: t.line(p.Start), What: "two edits are to change the same place", Fix: "make one of them by hand"}
		case last >= 0 && all[last].joins(p.Splice):
			for _, r := range p.Secrets {
				all[last].Secrets = append(all[last].Secrets, Range{r.Start + len(all[last].New), r.End + len(all[last].New)})
			}
			all[last].New = append(all[last].New, p.New...)
		default:
			all = append(all, p.Splice)
		}
	}
	return all, order, nil
}

// joins reports whether both are insertions at one offset for one reason.
func (s Splice) joins(next Splice) bool {
	return s.Start == next.Start && s.End == next.Start && next.End == next.Start && s.Reason == next.Reason
}

// removal removes e, with its line when it is alone on it.
func (t *tree) removal(e *Element, c *change) Splice {
	s := Splice{Start: e.start(), End: e.end(), Reason: c.opts.reason, OldSecret: c.opts.secret}
	indent, leads := t.leads(s.Start)
	rest := bytes.TrimLeft(t.data[s.End:], " \t")
	for _, eol := range []string{"\n", "\r\n"} {
		if leads && bytes.HasPrefix(rest, []byte(eol)) {
			s.Start, s.End = s.Start-len(indent), len(t.data)-len(rest)+len(eol)
			return s
		}
	}
	return s
}

// attrPieces changes, adds and removes attributes.
func (t *tree) attrPieces(e *Element, c *change) []piece {
	var pieces []piece
	at := int(e.nameEnd) // where the attribute before ends
	for _, a := range c.attrs {
		s := Splice{Start: at, End: at, Reason: a.opts.reason}
		var old attribute
		if a.index >= 0 {
			old = t.attrs[a.index]
			at = int(old.end) + 1
		}
		w := writer{enc: t.enc}
		switch {
		case a.index < 0:
			w.out = append(t.enc.appendString(t.attrLead(e, at), a.name), '=', '"')
			w.value(a.opts.secret, func(b []byte) []byte { return t.enc.appendAttr(b, a.value, '"') })
			w.out = append(w.out, '"')
		case a.removed:
			s.End, s.OldSecret = at, a.opts.secret
		case a.changes(t):
			s.Start, s.End = int(old.value), int(old.end)
			s.OldSecret = a.opts.secret && s.Start < s.End
			w.value(a.opts.secret, func(b []byte) []byte { return t.enc.appendAttr(b, a.value, t.data[old.end]) })
		default:
			continue
		}
		s.New, s.Secrets = w.out, w.secrets
		pieces = append(pieces, piece{Splice: s})
	}
	return pieces
}

// attrLead returns the blanks before a new attribute that goes to at, the end of an attribute or of the name: a line end and an indentation
// where the attribute that follows has these or, without one, the attribute before.
func (t *tree) attrLead(e *Element, at int) []byte {
	for i := e.attrFirst; i < e.attrEnd; i++ {
		from := e.nameEnd
		if i > e.attrFirst {
			from = t.attrs[i-1].end + 1
		}
		isNext, isLast := int(from) == at, i == e.attrEnd-1 && int(t.attrs[i].end)+1 == at
		if lead := t.data[from:t.attrs[i].start]; (isNext || isLast) && bytes.IndexByte(lead, '\n') >= 0 {
			return bytes.Clone(lead)
		}
	}
	return []byte{' '}
}

// textPieces sets the text of e, which holds no elements.
func (t *tree) textPieces(e *Element, c *change) []piece {
	w := writer{enc: t.enc, eol: t.eolNear(e.start())}
	put := func(start, end int, inCDATA bool) piece {
		w.value(c.textOpts.secret, func(b []byte) []byte {
			if inCDATA {
				return t.enc.appendCDATA(b, *c.text, w.eol)
			}
			return t.enc.appendText(b, *c.text, w.eol)
		})
		return piece{Splice: Splice{Start: start, End: end, New: w.out, Secrets: w.secrets, Reason: c.textOpts.reason}}
	}
	if e.closeStart < 0 {
		w.out = []byte{'>'}
		p := put(t.slash(e), int(e.openEnd), false)
		p.New = append(t.enc.appendString(append(p.New, '<', '/'), e.written()), '>')
		return []piece{p}
	}
	cores := t.cores(e)
	if len(cores) == 0 {
		start, end := e.content()
		if e.last != nil {
			start, end = int(e.last.end), int(e.last.end)
		}
		return []piece{put(start, end, false)}
	}
	var pieces []piece
	for i, core := range cores {
		p := piece{Splice: Splice{Start: core.start, End: core.end, Reason: c.textOpts.reason}}
		if i == 0 {
			inCDATA := core.cdata != nil && t.enc.fitsCDATA(*c.text)
			if core.cdata != nil && !inCDATA {
				core.start, core.end = int(core.cdata.start), int(core.cdata.end)
			}
			p = put(core.start, core.end, inCDATA)
		}
		p.OldSecret = c.textOpts.secret
		pieces = append(pieces, p)
	}
	return pieces
}

// cores returns where the value of e stands, one core for every stretch between comments and processing instructions that has one.
// cdata is set when the core is a part of one CDATA section.
func (t *tree) cores(e *Element) []run {
	var cores []run
	open := false // the last core may grow
	n := e.first
	for _, r := range e.runs() {
		for ; n != nil && int(n.start) < r.start; n = n.next {
			open = open && n.kind == nodeCDATA
		}
		raw := t.data[r.start:r.end]
		r.start += len(raw) - len(bytes.TrimLeft(raw, blanks))
		r.end -= len(raw) - len(bytes.TrimRight(raw, blanks))
		if r.start >= r.end {
			continue
		}
		if !open {
			cores, open = append(cores, r), true
			continue
		}
		core := &cores[len(cores)-1]
		*core = run{start: core.outerStart(), end: r.outerEnd()}
	}
	return cores
}

func (r run) outerStart() int {
	if r.cdata != nil {
		return int(r.cdata.start)
	}
	return r.start
}

func (r run) outerEnd() int {
	if r.cdata != nil {
		return int(r.cdata.end)
	}
	return r.end
}

// insertPieces writes the new elements.
func (t *tree) insertPieces() []piece {
	var pieces []piece
	together := map[site]int{} // sites that are one splice, whatever goes there
	for call, i := range t.pending.inserts {
		if t.pending.isGone(i.parent) {
			continue
		}
		s := t.site(i.place)
		p := piece{Splice: Splice{Start: s.start, End: s.end, Reason: i.opts.reason}, call: call}
		at, again := together[s]
		if again {
			p = pieces[at]
		}
		t.writeNew(&p, s, i)
		if again {
			pieces[at] = p
			continue
		}
		if s.start < s.end || s.close != "" {
			together[s] = len(pieces)
		}
		pieces = append(pieces, p)
	}
	for s, at := range together {
		pieces[at].New = append(pieces[at].New, t.enc.appendString(nil, s.close)...)
	}
	return pieces
}

// writeNew appends a new element to its piece.
func (t *tree) writeNew(p *piece, s site, i *insertion) {
	w := writer{enc: t.enc, eol: s.eol, out: p.New, secrets: p.Secrets}
	if w.eol == "" {
		w.eol = t.eolNear(s.start)
	}
	w.secretText = i.opts.secret && i.what.hasText()
	w.secretAttrs = i.opts.secret && !w.secretText
	if len(p.holds) == 0 {
		w.out = append(w.out, s.open...)
	}
	if len(p.holds) > 0 || !s.first {
		w.out = append(w.out, s.lead...)
	}
	prefix, _ := i.parent.split()
	s.write(&w, i.what, prefix, s.indent)
	w.out = append(w.out, s.trail...)
	p.New, p.Secrets = w.out, w.secrets
	p.OldSecret = p.OldSecret || s.start < s.end && i.place.kind == placeInstead && (i.opts.secret || i.what.Secret)
	if len(p.holds) > 0 && i.opts.reason != p.Reason && !strings.Contains(p.Reason, i.opts.reason) {
		p.Reason += "; " + i.opts.reason
	}
	p.holds = append(p.holds, placed{i, s.start})
}

func (n *New) hasText() bool {
	return n.Text != "" || slices.ContainsFunc(n.Children, func(c New) bool { return c.hasText() })
}

// unbound counts the names whose prefix is not declared.
func (t *tree) unbound() int {
	if !t.prefixed {
		return 0
	}
	count := 0
	bound := map[string]int{"xml": 1, "xmlns": 1}
	declare := func(e *Element, by int) {
		for _, a := range t.attrs[e.attrFirst:e.attrEnd] {
			if prefix, ok := bytes.CutPrefix(t.data[a.start:a.nameEnd], []byte("xmlns:")); ok {
				bound[string(prefix)] += by
			}
		}
	}
	check := func(name []byte) {
		if i := bytes.IndexByte(name, ':'); i > 0 && bound[string(name[:i])] == 0 {
			count++
		}
	}
	for e := t.root; e != nil; {
		declare(e, 1)
		check(t.data[e.start()+1 : e.nameEnd])
		for _, a := range t.attrs[e.attrFirst:e.attrEnd] {
			check(t.data[a.start:a.nameEnd])
		}
		next := elementFrom(e.first)
		for next == nil && e != nil {
			declare(e, -1)
			next = elementFrom(e.node.next)
			e = e.node.parent
		}
		e = next
	}
	return count
}

func elementFrom(n *node) *Element {
	for ; n != nil; n = n.next {
		if n.kind == nodeElement {
			return n.element
		}
	}
	return nil
}
