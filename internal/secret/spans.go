package secret

import (
	"bytes"
	"slices"
)

// Span is a half-open range of byte offsets.
type Span struct{ Start, End int }

// Limits of what is looked at around a name: a value that is longer is masked as far as they reach.
const (
	maxName  = 128
	maxURL   = 2 << 10
	maxTag   = 8 << 10
	maxValue = 64 << 10
)

// Spans finds what looks like a live or commented-out secret in the text of a configuration file: element text and
// attributes whose name speaks of a password, properties, user-info of URLs, values in the square brackets that Carbon's
// cipher-text.properties holds plain passwords in, private keys. The spans are ordered and do not overlap.
// It errs on the side of masking too much: it feeds what people see, never what is written.
func Spans(data []byte) []Span {
	f := finder{data: data, lower: lower(data)}
	for _, anchor := range anchors {
		f.each(anchor, f.name)
	}
	f.each("://", f.userInfo)
	f.each("jdbc:oracle:", f.oracleUser)
	f.each("-u", f.userOption)
	f.each(" -p", f.mysqlOption)
	f.each("private key-----", f.privateKey)
	f.each("[", f.bracketed)
	return merge(f.spans)
}

// finder looks for names in the lower-cased copy and marks values by offset; both have the same length.
type finder struct {
	data, lower []byte
	spans       []Span
	// seen is the end of what was looked at or marked for the present word: what lies before it is not looked at again.
	seen int
	// urlEnd is the end of the last URL looked at.
	urlEnd int
}

// lower maps A-Z only, so that every offset stays what it is.
func lower(data []byte) []byte {
	out := make([]byte, len(data))
	for i, c := range data {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		out[i] = c
	}
	return out
}

// each calls look with every offset at which word stands.
func (f *finder) each(word string, look func(at int)) {
	f.seen = 0
	w := []byte(word)
	for from := 0; ; {
		i := bytes.Index(f.lower[from:], w)
		if i < 0 {
			return
		}
		if from+i >= f.seen {
			look(from + i)
		}
		from += i + len(w)
	}
}

func (f *finder) add(start, end int) {
	for start < end && blankOrEOL(f.data[start]) {
		start++
	}
	for end > start && blankOrEOL(f.data[end-1]) {
		end--
	}
	if start < end {
		f.spans = append(f.spans, Span{start, end})
		f.seen = max(f.seen, end)
	}
}

// name looks at the word around an anchor and, when it speaks of a secret, marks the value that belongs to it.
func (f *finder) name(at int) {
	start, end := at, at
	for start > 0 && at-start < maxName && nameByte(f.lower[start-1]) {
		start--
	}
	for end < len(f.lower) && end-at < maxName && nameByte(f.lower[end]) {
		end++
	}
	f.seen = end
	for start < at && (f.data[start] == '-' || f.data[start] == '.') {
		start++ // the dashes of <!--Password> and -Dpassword are not the name's
	}
	if !speaks(f.lower[start:end]) {
		return
	}
	switch {
	case f.isTag(start):
		f.element(end)
	case f.isNameAttribute(start, end):
		f.element(end + 1)
	case f.isNameElement(start, end):
		f.valueElement(end)
	default:
		f.assignment(start, end)
	}
}

// isTag reports whether a name at start opens a tag: <Password, <svns:Password, and the shipped idiom <!--Password>.
func (f *finder) isTag(start int) bool {
	if start > 0 && f.data[start-1] == ':' {
		start--
		for start > 0 && nameByte(f.lower[start-1]) {
			start--
		}
	}
	before := f.data[:start]
	return bytes.HasSuffix(before, []byte("<")) || bytes.HasSuffix(before, []byte("<!--"))
}

// isNameAttribute reports whether the word is the whole value of an attribute that names things: name="ConnectionPassword".
func (f *finder) isNameAttribute(start, end int) bool {
	if start == 0 || end >= len(f.data) || !quote(f.data[start-1]) || f.data[start-1] != f.data[end] {
		return false
	}
	i := f.skipBlanksBack(start - 1)
	if i == 0 || f.data[i-1] != '=' {
		return false
	}
	i = f.skipBlanksBack(i - 1)
	for _, word := range []string{"name", "key", "id", "property"} {
		if bytes.HasSuffix(f.lower[:i], []byte(word)) {
			return true
		}
	}
	return false
}

// isNameElement reports whether the word is the text of <name> or <key>, as in Hadoop's <property><name>…</name><value>…</value>.
func (f *finder) isNameElement(start, end int) bool {
	before, after := f.lower[:start], f.lower[end:]
	return bytes.HasSuffix(before, []byte("name>")) && bytes.HasPrefix(after, []byte("</name")) ||
		bytes.HasSuffix(before, []byte("key>")) && bytes.HasPrefix(after, []byte("</key"))
}

// valueElement marks the text of the <value> that follows a <name>.
func (f *finder) valueElement(at int) {
	window := f.window(at, maxTag)
	i := bytes.Index(f.lower[at:window], []byte("<value"))
	if i < 0 || bytes.Contains(f.lower[at:at+i], []byte("<name>")) {
		return
	}
	f.element(at + i + len("<value"))
}

// element marks the text of the element whose tag goes on at from, and its value attribute.
func (f *finder) element(from int) {
	open, selfClosed := f.tagEnd(from)
	if open < 0 {
		return
	}
	f.valueAttribute(from, open)
	if selfClosed {
		return
	}
	if end, ok := f.textEnd(open); ok {
		f.add(open, end)
	}
}

// tagEnd returns the offset after the > of a tag.
func (f *finder) tagEnd(from int) (end int, selfClosed bool) {
	var in byte
	limit := f.window(from, maxTag)
	if from >= limit || bytes.IndexByte(f.data[from:limit], '>') < 0 {
		return -1, false
	}
	for i := from; i < limit; i++ {
		switch c := f.data[i]; {
		case in != 0:
			if c == in {
				in = 0
			}
		case quote(c):
			in = c
		case c == '<':
			return -1, false
		case c == '>':
			return i + 1, f.data[i-1] == '/'
		}
	}
	return -1, false
}

// textEnd returns where the text that begins at from ends; ok is false when it has child elements, which are looked at by themselves.
func (f *finder) textEnd(from int) (end int, ok bool) {
	limit := f.window(from, maxValue)
	for i := from; i < limit; {
		j := bytes.IndexByte(f.data[i:limit], '<')
		if j < 0 {
			break
		}
		if k := bytes.Index(f.data[i:i+j], []byte("-->")); k >= 0 {
			return i + k, true // the comment that the tag stands in ends here
		}
		i += j
		rest := f.data[i:limit]
		switch {
		case bytes.HasPrefix(rest, []byte("</")):
			return i, true
		case bytes.HasPrefix(rest, []byte("<!--")):
			i = f.after(i, limit, "-->")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			i = f.after(i, limit, "]]>")
		default:
			return 0, false
		}
	}
	return f.lineEnd(from), true // never closed: what is on this line
}

func (f *finder) after(from, limit int, word string) int {
	if i := bytes.Index(f.data[from:limit], []byte(word)); i >= 0 {
		return from + i + len(word)
	}
	return limit
}

// valueAttribute marks value="…" in a tag.
func (f *finder) valueAttribute(from, to int) {
	i := bytes.Index(f.lower[from:to], []byte("value"))
	if i < 0 {
		return
	}
	if v := f.separator(from+i+len("value"), '='); v >= 0 {
		f.quoted(v)
	}
}

// separator returns the offset of what follows blanks, the separator and blanks; -1 when the separator is not there.
func (f *finder) separator(at int, sep byte) int {
	at = f.skipBlanks(at)
	if at >= len(f.data) || f.data[at] != sep {
		return -1
	}
	return f.skipBlanks(at + 1)
}

// quoted marks what stands between quotes at v.
func (f *finder) quoted(v int) bool {
	if v >= len(f.data) || !quote(f.data[v]) {
		return false
	}
	limit := f.window(v+1, maxValue)
	i := bytes.IndexByte(f.data[v+1:limit], f.data[v])
	if i < 0 {
		f.add(v+1, f.lineEnd(v+1))
		return true
	}
	f.add(v+1, v+1+i)
	return true
}

// assignment marks the value of name = value, name: value, "name": "value" and, at the start of a line, name value.
func (f *finder) assignment(start, end int) {
	after := end
	quotedName := start > 0 && end < len(f.data) && quote(f.data[end]) && f.data[start-1] == f.data[end]
	if quotedName {
		after++
	}
	first, commented := f.startsLine(start)
	if v := f.separator(after, '='); v >= 0 {
		switch {
		case f.quoted(v):
		case first:
			f.add(v, f.logicalEnd(v))
		default:
			f.add(v, f.wordEnd(v))
		}
		return
	}
	if v := f.separator(after, ':'); v >= 0 && (quotedName || first) {
		if !f.quoted(v) && !quotedName {
			f.add(v, f.logicalEnd(v))
		}
		return
	}
	switch {
	case quotedName:
	case start > 0 && f.data[start-1] == '-':
		f.optionValue(end)
	case first && !commented:
		f.blankSeparated(end)
	}
}

// blankSeparated marks the one word that follows a key of a properties file; more words are prose.
func (f *finder) blankSeparated(end int) {
	v, eol := f.skipBlanks(end), f.lineEnd(end)
	if v == end || v >= eol {
		return
	}
	word := bytes.TrimRight(f.data[v:eol], " \t\r\f")
	if !bytes.ContainsAny(word, " \t<>") {
		f.add(v, v+len(word))
	}
}

// startsLine reports whether nothing but blanks, comment marks and what declares a variable stands before the name on its line.
func (f *finder) startsLine(start int) (first, commented bool) {
	i := start
	for i > 0 && f.data[i-1] != '\n' && f.data[i-1] != '\r' && start-i <= maxName {
		i--
	}
	lead := bytes.TrimLeft(f.lower[i:start], " \t\f")
	bare := bytes.TrimLeft(lead, "#!;/* \t")
	commented = len(bare) < len(lead)
	for _, word := range []string{"export ", "set ", "rem ", "\""} {
		bare = bytes.TrimPrefix(bare, []byte(word))
	}
	return len(bare) == 0, commented
}

// logicalEnd is the end of the line, or of the last of the lines that a backslash at the end continues.
func (f *finder) logicalEnd(from int) int {
	limit := f.window(from, maxValue)
	for at := from; ; {
		eol := f.lineEnd(at)
		slashes := 0
		for eol-slashes > from && f.data[eol-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 || eol >= limit {
			return eol
		}
		at = eol + 1
		if f.data[eol] == '\r' && at < len(f.data) && f.data[at] == '\n' {
			at++
		}
		if at >= limit {
			return limit
		}
	}
}

// privateKey marks the body of a PEM private key; at is the offset of its "PRIVATE KEY-----".
func (f *finder) privateKey(at int) {
	from := at + len("private key-----")
	head := f.lower[max(0, at-32):at]
	if !bytes.Contains(head, []byte("-----begin")) {
		return
	}
	if i := bytes.Index(f.lower[from:], []byte("-----end")); i >= 0 {
		f.add(from, from+i)
		return
	}
	f.add(from, len(f.data))
}

// bracketed marks the plain value of alias=[value], the form in which cipher-text.properties waits for its encryption.
func (f *finder) bracketed(at int) {
	i := f.skipBlanksBack(at)
	if i == 0 || f.data[i-1] != '=' {
		return
	}
	key := f.skipBlanksBack(i - 1)
	start := key
	for start > 0 && key-start < maxName && nameByte(f.lower[start-1]) {
		start--
	}
	if first, _ := f.startsLine(start); !first || start == key {
		return
	}
	value := bytes.TrimRight(f.data[at:f.lineEnd(at)], " \t\r\f")
	if bytes.HasSuffix(value, []byte("]")) && !bytes.ContainsAny(value, "%,") {
		f.add(at+1, at+len(value)-1)
	}
}

func (f *finder) window(from, size int) int { return min(len(f.data), from+size) }

func (f *finder) lineEnd(from int) int {
	if from >= len(f.data) {
		return len(f.data)
	}
	if i := bytes.IndexAny(f.data[from:f.window(from, maxValue)], "\r\n"); i >= 0 {
		return from + i
	}
	return f.window(from, maxValue)
}

func (f *finder) skipBlanks(at int) int {
	for at < len(f.data) && blank(f.data[at]) {
		at++
	}
	return at
}

func (f *finder) skipBlanksBack(at int) int {
	for at > 0 && blank(f.data[at-1]) {
		at--
	}
	return at
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

func quote(c byte) bool      { return c == '"' || c == '\'' }
func blank(c byte) bool      { return c == ' ' || c == '\t' || c == '\f' }
func blankOrEOL(c byte) bool { return blank(c) || c == '\r' || c == '\n' }

// merge sorts the spans and joins those that touch or overlap.
func merge(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return a.End - b.End
	})
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.Start <= merged[n-1].End {
			merged[n-1].End = max(merged[n-1].End, s.End)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}
