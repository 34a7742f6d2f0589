package answers

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// nodeKind says what a node of the file is.
type nodeKind int

const (
	nullNode nodeKind = iota + 1
	textNode
	listNode
	mappingNode
)

// node is one value of the file.
type node struct {
	kind    nodeKind
	at      spot
	scalar  scalar // of a textNode
	list    []*node
	entries []entry
	// bare: a nullNode for which nothing at all is written, neither null nor ~.
	bare bool
}

type entry struct {
	key   string
	at    spot
	value *node
}

// parseYAML returns the root of the file, nil when it holds nothing. What is wrong is added to the faults of s.
func parseYAML(s *source) *node {
	if s.broken {
		return nil
	}
	file, err := parseAST(strings.Join(s.clean, "\n"))
	if err != nil {
		s.syntax(err)
		return nil
	}
	var root *node
	for i, doc := range file.Docs {
		switch {
		case i > 0: // "...x" ends a document for the parser
			s.severalDocuments(s.firstContent(doc))
		case doc.Body != nil:
			root = s.convert(doc.Body)
		}
	}
	return root
}

// firstContent is where a document begins.
func (s *source) firstContent(doc *ast.DocumentNode) spot {
	if doc.Body != nil {
		return spotOf(doc.Body.GetToken())
	}
	return spot{len(s.lines), 1}
}

// errPanic stands for a panic of the parser.
var errPanic = errors.New("answers: the YAML parser failed")

// parseAST calls the parser, which is known to panic on some broken files.
func parseAST(text string) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errPanic
		}
	}()
	return parser.Parse(lexer.Tokenize(text), 0, parser.AllowDuplicateMapKey())
}

// syntax records an error of the parser in words of ours: its own text holds an excerpt of the file.
func (s *source) syntax(err error) {
	at := spot{1, 1}
	var failed yaml.Error
	message := ""
	if errors.As(err, &failed) {
		message = failed.GetMessage()
		if tk := failed.GetToken(); tk != nil && tk.Position != nil && tk.Position.Line > 0 {
			at = spot{min(tk.Position.Line, len(s.lines)), max(tk.Position.Column, 1)}
		}
	}
	f := syntaxFault(message)
	if sc, ok := s.scalars[at]; ok && strings.HasPrefix(message, secondColon) && !s.colonAfter(at, sc) {
		f = Fault{
			Message: "The next line is indented further than this one, but this one has its value already.",
			Fix:     "Begin both keys at the same column, or take the value away here.",
		}
	}
	s.uncertain(at, f.Message, f.Fix)
}

// uncertain is fail, but says nothing about a line that has its fault already: the one may come of the other.
func (s *source) uncertain(at spot, message, fix string) {
	s.broken = true
	for _, f := range s.faults {
		if f.At.Line == at.line {
			return
		}
	}
	s.fault(at, message, fix)
}

// colonAfter reports whether a colon follows a plain text on its line.
func (s *source) colonAfter(at spot, sc scalar) bool {
	line := []rune(s.clean[at.line-1])
	rest := line[min(at.column-1, len(line)):]
	return strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(string(rest), sc.text), " "), ":")
}

const secondColon = "mapping value is not allowed in this context"

// syntaxTexts maps what the parser says to what an operator can use. The first whose beginning fits counts.
var syntaxTexts = []struct{ begins, message, fix string }{
	{"non-map value is specified", "Here stands a text where a key belongs.", `Write "key: value", with a blank after the colon.`},
	{"unexpected key name", "The line before has no colon, or the text goes on here.", `Write "key: value" on one line; a text of several lines goes in double quotes with \n, or beneath |.`},
	{"value is not allowed in this context. map key-value", "The line is indented further than the one before it, but that one has its value already.", "Begin both at the same column, or take the value off the line before."},
	{"value is not allowed in this context", "The line fits into nothing before it.", "Begin it at the same column as the keys that it belongs to."},
	{secondColon, "A second colon stands on the line.", `Put the text in quotes if the colon belongs to it: "text: more".`},
	{"block sequence entries are not allowed", "A list cannot begin on the line of its key.", "Put its entries on the lines beneath, or write [a, b]."},
	{"',' or ']' must be specified", "In the list [ ] a comma is missing before this.", "Part the entries with commas: [a, b]."},
	{"',' or '}' must be specified", "In the mapping { } a comma is missing before this.", "Part the keys with commas: {a: 1, b: 2}."},
	{"sequence end token", "The bracket [ is never closed.", "Put a ] at the end of the list."},
	{"could not find flow mapping end", "The bracket { is never closed.", "Put a } at the end."},
	{"could not find flow map content", "Between { and } a key is not followed by a colon.", "Write {key: value}, with a blank after the colon."},
	{"expected sequence element", "A comma stands where an entry of the list belongs.", "Take the comma out."},
	{"could not find map value", "A key has no value.", `Write "key: value".`},
	{"could not find '", "A bracket is closed that was never opened.", "Take it out, or put the text in quotes."},
	{"found an invalid key", "A colon stands here without a key before it.", `Write "key: value".`},
	{"map key definition includes", "A key goes on over the end of its line.", "Put the key and its colon on one line."},
}

func syntaxFault(message string) Fault {
	for _, t := range syntaxTexts {
		if strings.HasPrefix(message, t.begins) {
			return Fault{Message: t.message, Fix: t.fix}
		}
	}
	return Fault{
		Message: "The file is not YAML that can be read here.",
		Fix:     `Look at this line and the one before it: indentation with blanks, "key: value" with a blank after the colon, brackets and quotes closed.`,
	}
}

// convert takes a node of the parser over. It never returns nil.
func (s *source) convert(n ast.Node) *node {
	switch n := n.(type) {
	case *ast.MappingNode:
		return s.mapping(n)
	case *ast.SequenceNode:
		out := &node{kind: listNode, at: spotOf(n.GetToken())}
		for i, v := range n.Values {
			value := s.convert(v)
			if value.bare && i < len(n.Entries) {
				value.at = spotOf(n.Entries[i].GetToken())
			}
			out.list = append(out.list, value)
		}
		return out
	case *ast.NullNode:
		if n.GetToken().Type == token.ImplicitNullType {
			return &node{kind: nullNode, bare: true, at: spotOf(n.GetToken())}
		}
	case ast.ScalarNode:
	default:
		at := spotOf(n.GetToken())
		s.fail(at, fmt.Sprintf("A YAML %s stands here, which is not read in an answers file.", n.Type().YAMLName()), "Write the value itself.")
		return &node{kind: nullNode, at: at}
	}
	return s.scalarNode(n)
}

func (s *source) mapping(n *ast.MappingNode) *node {
	out := &node{kind: mappingNode, at: spotOf(n.GetToken())}
	for _, v := range n.Values {
		key := s.convert(v.Key)
		if key.kind == mappingNode || key.kind == listNode {
			s.fail(key.at, "A key must be a text.", `Write "key: value".`)
			continue
		}
		value := s.convert(v.Value)
		switch {
		case value.bare:
			value.at = key.at
		case !n.IsFlowStyle && value.kind != listNode && value.at.line > key.at.line && value.at.column <= key.at.column:
			s.uncertain(value.at, "This value is not indented further than its key.", "Put it on the line of the key, behind the colon.")
		}
		out.entries = append(out.entries, entry{key: key.scalar.text, at: key.at, value: value})
	}
	if len(out.entries) > 0 && !n.IsFlowStyle {
		out.at = out.entries[0].at
	}
	return out
}

// scalarNode returns the text that was recorded where the parser found a scalar. Where the two do not agree, the text is refused.
func (s *source) scalarNode(n ast.Node) *node {
	tk := n.GetToken()
	at := spotOf(tk)
	out := &node{kind: textNode, at: at}
	sc, ok := s.scalars[at]
	switch {
	case !ok:
		s.uncertain(at, "A text stands here that cannot be told for certain.", "Put it in quotes, on one line.")
	case sc.style != plain:
	case tk.Value != sc.text && strings.HasPrefix(tk.Value, sc.text) && s.colonAfter(at, sc):
		s.uncertain(at, "A second colon follows this text.", `Part two keys with a comma; put the text in quotes if the colon belongs to it.`)
	case tk.Value != sc.text && strings.HasPrefix(tk.Value, sc.text):
		s.uncertain(at, "This text goes on in the next line.", `Put it on one line; or in double quotes with \n for a line end, or beneath |.`)
	case tk.Value != sc.text:
		s.uncertain(at, "A colon stands in this text without a blank after it.", `Write "key: value" with a blank; put the text in quotes if the colon belongs to it.`)
	case isNull(sc.text):
		out.kind = nullNode
	}
	out.scalar = sc
	return out
}

func spotOf(tk *token.Token) spot {
	if tk == nil || tk.Position == nil {
		return spot{1, 1}
	}
	return spot{tk.Position.Line, tk.Position.Column}
}

func isNull(text string) bool {
	switch text {
	case "~", "null", "Null", "NULL":
		return true
	}
	return false
}
