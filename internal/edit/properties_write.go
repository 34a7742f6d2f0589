package edit

import (
	"bytes"
	"fmt"
	"unicode/utf16"
)

// addedByAnchor returns the new keys in the order in which they come to stand, by the entry they follow; -1 = end of the file.
func (p *Properties) addedByAnchor() map[int][]*propAdd {
	followers := map[*propAdd][]*propAdd{}
	heads := map[int][]*propAdd{}
	for _, a := range p.added {
		if a.parent != nil {
			followers[a.parent] = append(followers[a.parent], a)
		} else {
			heads[a.entry] = append(heads[a.entry], a)
		}
	}
	ordered := map[int][]*propAdd{}
	for entry, stack := range heads {
		reverse(stack)
		for len(stack) > 0 {
			a := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if !a.gone {
				ordered[entry] = append(ordered[entry], a)
			}
			behind := followers[a]
			reverse(behind)
			stack = append(stack, behind...)
		}
	}
	return ordered
}

func reverse(list []*propAdd) {
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
}

// splices returns what the recorded edits come to, in file order.
func (p *Properties) splices() []Splice {
	if !p.Pending() {
		return nil
	}
	var all []Splice
	after := p.addedByAnchor()
	lastGone := p.firstGoneAtEnd(after)
	for i := range p.entries {
		if edit, ok := p.edits[i]; ok {
			s := p.editSplice(&p.entries[i], edit)
			if i == lastGone {
				s.Start = p.beforeEOL(s.Start)
			}
			all = append(all, s)
		}
		all = p.appendAdded(all, &p.entries[i], p.entries[i].end, after[i])
	}
	var style *propEntry
	if n := len(p.entries); n > 0 {
		style = &p.entries[n-1]
	}
	return p.appendAdded(all, style, len(p.data), after[-1])
}

// beforeEOL returns where the line end in front of at begins. A line end behind a blank line stays: it may end a continuation.
func (p *Properties) beforeEOL(at int) int {
	start := at - len(eolBefore(p.data, at))
	if len(eolBefore(p.data, start)) > 0 {
		return at
	}
	return start
}

// firstGoneAtEnd returns the first of the removed entries that end a file without a final line end, or -1. The line end before it goes,
// too: the file still has no final line end, and removing what Set added gives back the bytes.
func (p *Properties) firstGoneAtEnd(after map[int][]*propAdd) int {
	first := -1
	if p.tail.hasEOL {
		return first
	}
	at := len(p.data)
	for i := len(p.entries) - 1; i >= 0 && p.entries[i].end == at && p.edits[i].remove; i-- {
		if first >= 0 && len(after[i]) > 0 {
			break
		}
		first, at = i, p.entries[i].start
	}
	if first > 0 && p.entries[first-1].end == at && len(after[first-1]) > 0 {
		return -1
	}
	return first
}

func (p *Properties) editSplice(e *propEntry, edit propEdit) Splice {
	if edit.remove {
		return Splice{Start: e.start, End: e.end, OldSecret: edit.opts.secret, Reason: edit.opts.reason}
	}
	s := Splice{Start: e.valueStart, End: e.valueEnd, OldSecret: edit.opts.secret, Reason: edit.opts.reason}
	if e.separator == noSeparator && edit.value != "" {
		s.New = append(s.New, '=')
	}
	from := len(s.New)
	s.New = appendPropValue(s.New, edit.value, e.separator == blankSeparator)
	s.Secrets = secretRange(edit.opts, from, len(s.New))
	return s
}

func secretRange(o opts, from, to int) []Range {
	if !o.secret || from == to {
		return nil
	}
	return []Range{{from, to}}
}

// appendAdded adds the splices that put new keys at an offset, each on a line of its own in the notation of the entry style.
func (p *Properties) appendAdded(all []Splice, style *propEntry, at int, added []*propAdd) []Splice {
	for i, a := range added {
		eol := p.eolFor(style)
		var head, foot []byte
		switch {
		case at < len(p.data):
			foot = eol
		case p.tail.hasEOL:
			if foot = eol; i == 0 && p.tail.open {
				head = eol
			}
		default:
			if head = eol; i == 0 && p.tail.open {
				head = append(bytes.Clone(eol), eol...)
			}
		}
		all = append(all, addedSplice(a, p.indentOf(style), p.separatorOf(style), at, head, foot))
	}
	return all
}

func addedSplice(a *propAdd, indent, separator []byte, at int, head, foot []byte) Splice {
	s := Splice{Start: at, End: at, Reason: a.opts.reason}
	s.New = append(append(s.New, head...), indent...)
	s.New = append(appendPropKey(s.New, a.key), separator...)
	from := len(s.New)
	s.New = appendPropValue(s.New, a.value, false)
	s.Secrets = secretRange(a.opts, from, len(s.New))
	s.New = append(s.New, foot...)
	return s
}

// eolFor returns the line end of the entry, else the first of the file, else LF.
func (p *Properties) eolFor(e *propEntry) []byte {
	if e != nil {
		if eol := eolBefore(p.data, e.end); len(eol) > 0 {
			return eol
		}
		if eol := eolBefore(p.data, e.start); len(eol) > 0 {
			return eol
		}
	}
	if i := bytes.IndexAny(p.data, "\r\n"); i >= 0 {
		return p.data[i : i+eolAt(p.data, i)]
	}
	return []byte("\n")
}

// eolBefore returns the line end whose last byte stands before at.
func eolBefore(data []byte, at int) []byte {
	switch {
	case at >= 2 && data[at-2] == '\r' && data[at-1] == '\n':
		return data[at-2 : at]
	case at >= 1 && (data[at-1] == '\r' || data[at-1] == '\n'):
		return data[at-1 : at]
	}
	return nil
}

// indentOf returns the blanks before the key of an entry, when it stands at the start of its lines.
func (p *Properties) indentOf(e *propEntry) []byte {
	if e == nil || len(bytes.Trim(p.data[e.start:e.keyStart], " \t")) > 0 {
		return nil
	}
	return p.data[e.start:e.keyStart]
}

// separatorOf returns the separator of an entry when it is one sign with blanks on one line, else "=".
func (p *Properties) separatorOf(e *propEntry) []byte {
	if e != nil && e.separator == signSeparator {
		raw := p.data[e.keyEnd:e.valueStart]
		if sign := bytes.Trim(raw, " \t"); len(sign) == 1 {
			return raw
		}
	}
	return []byte("=")
}

// appendPropValue escapes a value for java.util.Properties. = and : need no escape behind a separator sign; behind a blank they would be
// taken for the sign.
func appendPropValue(out []byte, value string, afterBlank bool) []byte {
	for i, r := range value {
		switch {
		case r == ' ' && i == 0 && len(value) > 1:
			out = append(out, `\ `...)
		case r == ' ' && i == len(value)-1:
			out = append(out, `\u0020`...) // Java keeps a blank at the end, editors do not
		case (r == '=' || r == ':') && i == 0 && afterBlank:
			out = append(out, '\\', byte(r))
		default:
			out = appendPropRune(out, r)
		}
	}
	return out
}

func appendPropKey(out []byte, key string) []byte {
	for i, r := range key {
		switch {
		case r == ' ' || r == '=' || r == ':', (r == '#' || r == '!') && i == 0:
			out = append(out, '\\', byte(r))
		default:
			out = appendPropRune(out, r)
		}
	}
	return out
}

func appendPropRune(out []byte, r rune) []byte {
	switch r {
	case '\\':
		return append(out, `\\`...)
	case '\t':
		return append(out, `\t`...)
	case '\n':
		return append(out, `\n`...)
	case '\r':
		return append(out, `\r`...)
	case '\f':
		return append(out, `\f`...)
	}
	if r >= ' ' && r <= '~' {
		return append(out, byte(r))
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		out = fmt.Appendf(out, `\u%04X`, unit)
	}
	return out
}
