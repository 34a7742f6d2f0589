package edit

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Properties is a Java properties file: ISO-8859-1 with \u escapes, as java.util.Properties reads it. bin/yajsw/wrapper.conf, which
// Apache Commons Configuration reads, keeps to the same rules as far as keys and single values go.
type Properties struct {
	name    string
	data    []byte
	entries []propEntry
	index   map[string][]int // key to entries, in file order
	tail    propTail

	edits map[int]propEdit // entry to what becomes of it
	added []*propAdd       // in the order of recording
	news  map[string]*propAdd
	want  propWant
}

// propEdit is what becomes of an entry of the file.
type propEdit struct {
	remove bool
	value  string
	opts   opts
}

// propAdd is a key that the file does not have yet. It stands behind an entry, behind another new key, or at the end of the file.
type propAdd struct {
	key, value string
	opts       opts
	entry      int      // index of the entry it follows; -1 = none
	parent     *propAdd // the new key it follows
	gone       bool     // taken back; it stays in the list for those that follow it
}

// propWant is the wanted difference by key: what Commit has the second reader confirm.
type propWant struct {
	set    map[string]string
	remove map[string]bool
}

// ParseProperties parses data. Errors are *Error: a file over MaxFileSize, a \u without four hexadecimal digits (Java refuses the whole
// file), and a line with a backslash alone before a comment line or at the end of the file, from which versions of Java make different
// things.
func ParseProperties(name string, data []byte) (*Properties, error) {
	if len(data) > MaxFileSize {
		return nil, tooLarge(name, len(data))
	}
	p := &Properties{name: name, data: data}
	if err := p.scan(); err != nil {
		return nil, err
	}
	p.forget()
	return p, nil
}

func tooLarge(name string, size int) *Error {
	return &Error{
		File: name, What: fmt.Sprintf("the file has %d bytes, more than the %d that are read", size, MaxFileSize),
		Fix: "see whether it is really the configuration file",
	}
}

// Name returns the path given to ParseProperties.
func (p *Properties) Name() string { return p.name }

// Bytes returns the bytes as of the last Commit. Callers do not change them.
func (p *Properties) Bytes() []byte { return p.data }

// Pending reports whether edits wait for Commit.
func (p *Properties) Pending() bool {
	if len(p.edits) > 0 {
		return true
	}
	for _, a := range p.added {
		if !a.gone {
			return true
		}
	}
	return false
}

// forget drops the recorded edits.
func (p *Properties) forget() {
	p.edits, p.added, p.news = map[int]propEdit{}, nil, map[string]*propAdd{}
	p.want = propWant{set: map[string]string{}, remove: map[string]bool{}}
}

// Entry is a live key with its value, unescaped. Duplicates appear once each.
type Entry struct {
	Key, Value string
	Line       int // 0 = recorded, not yet in the file
}

// Entries returns the live entries in the order of the file, recorded edits included.
func (p *Properties) Entries() []Entry {
	all := make([]Entry, 0, len(p.entries)+len(p.added))
	after := p.addedByAnchor()
	for i := range p.entries {
		if e, ok := p.entry(i); ok {
			all = append(all, e)
		}
		for _, a := range after[i] {
			all = append(all, Entry{Key: a.key, Value: a.value})
		}
	}
	for _, a := range after[-1] {
		all = append(all, Entry{Key: a.key, Value: a.value})
	}
	return all
}

// entry returns an entry of the file with its edit; ok is false when it is to be removed.
func (p *Properties) entry(i int) (Entry, bool) {
	at := &p.entries[i]
	e := Entry{Key: at.key, Value: at.value, Line: at.line}
	if edit, ok := p.edits[i]; ok {
		if edit.remove {
			return Entry{}, false
		}
		e.Value = edit.value
	}
	return e, true
}

// Get returns the entry in force: the last of duplicates, as java.util.Properties keeps the last. Reads see recorded edits.
func (p *Properties) Get(key string) (Entry, bool) {
	at := p.index[key]
	for i := len(at) - 1; i >= 0; i-- {
		if e, ok := p.entry(at[i]); ok {
			return e, true
		}
	}
	if a, ok := p.news[key]; ok && !a.gone {
		return Entry{Key: a.key, Value: a.value}, true
	}
	return Entry{}, false
}

// Set sets the value of every duplicate of key; a missing key is added after the last entry whose key is after ("" or missing = end of file),
// behind what was added there before, in the notation of that entry. Only the bytes of the value change, over all of its continuation lines:
// the separator and the blanks around it stay. What is not printable ASCII is written as \uXXXX, which every reader of such files understands.
func (p *Properties) Set(key, value, after string, o ...Opt) error {
	for _, s := range []string{key, value} {
		if !utf8.ValidString(s) {
			return &Error{File: p.name, What: fmt.Sprintf("the key or the value for %q is not valid UTF-8", strings.ToValidUTF8(key, "?")), Fix: "type it again"}
		}
	}
	q := qualify(o)
	p.want.set[key] = value
	delete(p.want.remove, key)
	if at := p.index[key]; len(at) > 0 {
		for _, i := range at {
			if p.entries[i].value == value {
				delete(p.edits, i)
			} else {
				p.edits[i] = propEdit{value: value, opts: q}
			}
		}
		return nil
	}
	if a, ok := p.news[key]; ok {
		a.value, a.opts, a.gone = value, q, false
		return nil
	}
	a := &propAdd{key: key, value: value, opts: q, entry: -1}
	if at := p.index[after]; len(at) > 0 && after != "" {
		a.entry = at[len(at)-1]
	} else if parent, ok := p.news[after]; ok && after != "" {
		a.parent, a.entry = parent, parent.entry
	}
	p.added = append(p.added, a)
	p.news[key] = a
	return nil
}

// Remove removes every duplicate of key with its line(s). A missing key is no edit.
func (p *Properties) Remove(key string, o ...Opt) error {
	delete(p.want.set, key)
	for _, i := range p.index[key] {
		p.edits[i] = propEdit{remove: true, opts: qualify(o)}
		p.want.remove[key] = true
	}
	if a, ok := p.news[key]; ok {
		a.gone = true
	}
	return nil
}

func qualify(o []Opt) opts {
	var q opts
	for _, set := range o {
		set(&q)
	}
	return q
}

// Commit applies the pending edits. A second reader, which shares no code with the editor, reads both the old and the new bytes and has to
// find exactly the wanted difference. On error the document is as before the edits.
func (p *Properties) Commit() ([]Splice, error) {
	splices, want := p.splices(), p.want
	p.forget()
	if len(splices) == 0 {
		return nil, nil
	}
	after := spliced(p.data, splices)
	fresh, err := ParseProperties(p.name, after)
	if err != nil {
		return nil, err
	}
	if err := confirmProperties(p.name, p.data, after, want); err != nil {
		return nil, err
	}
	*p = *fresh
	return splices, nil
}

// spliced returns data with the splices applied; they are ordered and do not overlap.
func spliced(data []byte, splices []Splice) []byte {
	size := len(data)
	for _, s := range splices {
		size += len(s.New) - (s.End - s.Start)
	}
	var b bytes.Buffer
	b.Grow(size)
	from := 0
	for _, s := range splices {
		b.Write(data[from:s.Start])
		b.Write(s.New)
		from = s.End
	}
	b.Write(data[from:])
	return b.Bytes()
}
