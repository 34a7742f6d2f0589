package edit

import "github.com/beevik/etree"

// XML is a parsed XML file. Edits are recorded by its methods; reads see recorded text and attribute values at once, and no longer find
// what is recorded for removal (elements recorded for insertion are found only after Commit). Not safe for concurrent use.
type XML struct {
	tree  *tree
	judge *etree.Document // what etree makes of the present bytes; nil = not asked yet
}

// ParseXML parses data (UTF-8, US-ASCII or ISO-8859-1; nothing from a DTD). Errors are *Error. The document keeps data: do not change it afterwards.
//
// A DOCTYPE may name a DTD, which is never read; a DOCTYPE that declares something itself is refused, and so is every reference that
// would need one: no file is pulled in and no entity grows. The reader is strict: what is not well-formed is refused with its line, because Carbon's own readers refuse it, too.
func ParseXML(name string, data []byte) (*XML, error) {
	t, err := scan(name, data)
	if err != nil {
		return nil, err
	}
	return &XML{tree: t}, nil
}

func scan(name string, data []byte) (*tree, error) {
	t := &tree{name: name, data: data}
	s := scanner{t: t, data: data}
	if err := s.scan(); err != nil {
		return nil, err
	}
	t.scanned = true
	return t, nil
}

// Name is the path given to the parser, for messages.
func (x *XML) Name() string { return x.tree.name }

// Bytes returns the bytes as of the last Commit. Callers do not change them.
func (x *XML) Bytes() []byte { return x.tree.data }

// Pending reports whether edits wait for Commit.
func (x *XML) Pending() bool { return !x.tree.pending.empty() }

// Root returns the document element.
func (x *XML) Root() *Element { return x.tree.root }
