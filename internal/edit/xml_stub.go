package edit

// CONTRACT STUB: signatures that other packages build against. The owner replaces this file.

// XML is a parsed XML file. Edits are recorded by its methods; reads see recorded text and attribute values at once
// (elements recorded for insertion are found only after Commit).
type XML struct{}

// ParseXML parses data (UTF-8, US-ASCII or ISO-8859-1; no DTD). Errors are *Error.
func ParseXML(name string, data []byte) (*XML, error) { panic("stub") }

func (x *XML) Name() string              { panic("stub") }
func (x *XML) Bytes() []byte             { panic("stub") }
func (x *XML) Pending() bool             { panic("stub") }
func (x *XML) Commit() ([]Splice, error) { panic("stub") }

// Root returns the document element.
func (x *XML) Root() *Element { panic("stub") }

// Find returns the live elements at an absolute path in document order: /Server/Security/KeyStore/Password,
// /axisconfig/transportReceiver[@name='https']/parameter[@name='port'], //datasource[name='X']/definition, element[2].
// Names are local names, namespaces are ignored. A malformed path is a programming error and panics.
func (x *XML) Find(path string) []*Element { panic("stub") }

// First returns the first of Find, or nil. Carbon's own reader takes the first of duplicates, too.
func (x *XML) First(path string) *Element { panic("stub") }

// Element is a live element.
type Element struct{}

func (e *Element) Name() string  { panic("stub") } // local name
func (e *Element) Space() string { panic("stub") } // namespace URI in force
func (e *Element) Line() int     { panic("stub") }
func (e *Element) Path() string  { panic("stub") } // for people: /Server/Ports/Offset

// Text returns the character data without comments, entities resolved, outer blanks trimmed (Carbon trims, too).
func (e *Element) Text() string                    { panic("stub") }
func (e *Element) Attr(name string) (string, bool) { panic("stub") } // name as written, e.g. "svns:secretAlias", "port"
func (e *Element) AttrLine(name string) int        { panic("stub") }
func (e *Element) Attrs() []Attr                   { panic("stub") }
func (e *Element) Children() []*Element            { panic("stub") }
func (e *Element) Parent() *Element                { panic("stub") } // nil for the root
func (e *Element) Find(path string) []*Element     { panic("stub") } // relative path
func (e *Element) First(path string) *Element      { panic("stub") }
func (e *Element) Comments() []*Comment            { panic("stub") } // direct child comments

// CommentedOut returns the child comments that are exactly one commented-out element of that name, in the shipped idioms
// <!--HostName>www.wso2.org</HostName-->, <!-- HostName>…</HostName -->, <!-- <HostName>…</HostName> -->, <!--parameter name="x">…</parameter-->.
func (e *Element) CommentedOut(name string) []*Comment { panic("stub") }

// Comment is a comment; Attr and Text answer for the element it hides, when it hides exactly one.
type Comment struct{}

func (c *Comment) Line() int                       { panic("stub") }
func (c *Comment) Text() string                    { panic("stub") } // hidden element's text
func (c *Comment) Attr(name string) (string, bool) { panic("stub") }

// Attr is an attribute.
type Attr struct{ Name, Value string }

// New describes an element to insert. Text and Children exclude each other.
type New struct {
	Name     string
	Attrs    []Attr
	Text     string
	Secret   bool // Text must not be shown
	Children []New
}

// Place says where a new element goes. Get one from After, Before, LastIn, FirstIn or Instead.
type Place struct {
	kind    int
	element *Element
	comment *Comment
}

func After(e *Element) Place        { panic("stub") }
func Before(e *Element) Place       { panic("stub") }
func LastIn(e *Element) Place       { panic("stub") }
func FirstIn(e *Element) Place      { panic("stub") }
func AfterComment(c *Comment) Place { panic("stub") }

// Instead puts the live element in the place of the comment.
func Instead(c *Comment) Place { panic("stub") }

// SetText sets the text of a leaf. The same value is no edit. A comment inside the value is kept beside it.
func (x *XML) SetText(e *Element, value string, o ...Opt) error { panic("stub") }

// SetAttr sets or adds an attribute; a new one follows the attribute named after ("" = last).
func (x *XML) SetAttr(e *Element, name, value, after string, o ...Opt) error { panic("stub") }

// RemoveAttr removes an attribute and the blank before it.
func (x *XML) RemoveAttr(e *Element, name string, o ...Opt) error { panic("stub") }

// Insert adds an element on a line of its own, indented like its neighbours, in the parent's namespace.
func (x *XML) Insert(at Place, n New, o ...Opt) error { panic("stub") }

// Remove removes an element, with its line when it is alone on it.
func (x *XML) Remove(e *Element, o ...Opt) error { panic("stub") }

// SetChild gives parent a live child leaf: the text of the first live one is set; else the first commented-out one is replaced in its place;
// else the element is inserted after the last live sibling named in after (or its commented-out stand-in), else as last child.
func (x *XML) SetChild(parent *Element, child New, after []string, o ...Opt) error { panic("stub") }

