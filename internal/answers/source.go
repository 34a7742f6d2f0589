package answers

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits on an answers file. A real one has a few hundred keys; the limits keep the time and memory that a broken or hostile
// one takes small, for the YAML reader's own grow with the square of some of these.
const (
	maxFile   = 1 << 20 // bytes
	maxMarks  = 10_000  // keys and list entries
	maxDepth  = 16      // brackets in brackets, and dashes on one line
	maxPlain  = 1024    // bytes of a text without quotes
	maxFaults = 100     // of the text; what has more is no answers file
)

// style says how a text is written.
type style int

const (
	plain style = iota + 1
	quotedText
	blockText
)

// scalar is a text of the file as it is meant: quotes and escapes undone.
type scalar struct {
	text  string
	style style
	// commented: a comment follows on the same line.
	commented bool
}

// spot is a line and a column, both from 1.
type spot struct{ line, column int }

// source is the text of an answers file, read just far enough that the YAML parser need not be trusted with any text in it: comments,
// quoted texts and blocks are recorded and then painted over, so that the parser sees structure, keys and plain words alone.
type source struct {
	name    string
	lines   []string // as written, without line ends
	clean   []string // as the parser gets it; same columns
	scalars map[spot]scalar
	faults  []Fault
	broken  bool // the structure cannot be told any more: no sense in parsing
	open    []bracket
	marks   int
	begun   bool // content was seen
	ended   bool // "..." was seen
}

type bracket struct {
	char byte
	at   spot
}

// readSource checks that data is text and reads it.
func readSource(name string, data []byte) *source {
	s := &source{name: name, scalars: map[spot]scalar{}}
	if len(data) > maxFile {
		s.fail(spot{1, 1}, fmt.Sprintf("The file has %d bytes; an answers file has a few thousand and may have 1 MiB at the most.", len(data)), "Check that it is the file you meant.")
		return s
	}
	data, ok := s.text(data)
	if !ok {
		return s
	}
	s.lines = strings.Split(string(data), "\n")
	s.clean = make([]string, len(s.lines))
	for n := 0; n < len(s.lines) && !s.broken; {
		n = s.line(n)
	}
	if !s.broken && len(s.open) > 0 {
		b := s.open[len(s.open)-1]
		s.fail(b.at, fmt.Sprintf("The bracket %c that is opened here is never closed.", b.char), fmt.Sprintf("Put a %c at its end.", closing(b.char)))
	}
	return s
}

// text makes sure that data is UTF-8 without control characters, takes off a byte order mark and turns CRLF into LF.
func (s *source) text(data []byte) ([]byte, bool) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		s.fail(spot{1, 1}, "The file is written in UTF-16.", "Save it as UTF-8.")
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	at := spot{1, 1}
	for rest := data; len(rest) > 0 && len(s.faults) < maxFaults; { // a binary file has a million
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			s.fail(at, fmt.Sprintf("The file is not UTF-8 text: here stands the byte 0x%02x.", rest[0]), "Save it as UTF-8.")
			return nil, false
		case r == '\n':
			at = spot{at.line + 1, 0}
		case r == '\r':
			s.fail(at, "A carriage return stands here that ends no line.", "Save the file with Unix line ends.")
		case r < ' ' && r != '\t', r == 0x7f, r >= 0x80 && r < 0xa0, r == 0xfeff:
			s.fail(at, fmt.Sprintf("The control character U+%04X stands here.", r), fmt.Sprintf(`Take it out, or write it in double quotes as "\u%04X".`, r))
		}
		at.column++
		rest = rest[size:]
	}
	return data, !s.broken
}

// fail records a fault after which the structure of the file is uncertain.
func (s *source) fail(at spot, message, fix string) {
	s.broken = true
	s.fault(at, message, fix)
}

func (s *source) fault(at spot, message, fix string) {
	if len(s.faults) == maxFaults {
		s.broken = true
		return
	}
	s.faults = append(s.faults, Fault{At: s.position(at), Message: message, Fix: fix})
}

func (s *source) position(at spot) Position {
	return Position{File: s.name, Line: at.line, Column: at.column}
}

// line reads line n (from 0) and returns the next one to read: a block takes several.
func (s *source) line(n int) int {
	text := s.lines[n]
	if s.marker(n, text) {
		return n + 1
	}
	r := &lineReader{s: s, n: n, text: text, column: 1}
	r.read()
	s.clean[n] = strings.TrimRight(r.clean.String(), " ")
	if s.clean[n] != "" {
		if s.ended {
			s.severalDocuments(spot{n + 1, 1})
		}
		s.begun = true
	}
	if r.header != nil && !s.broken {
		return s.block(n, r)
	}
	return n + 1
}

// marker deals with the lines that begin and end a document, and with directives.
func (s *source) marker(n int, text string) bool {
	word := strings.TrimRight(text, " \t")
	first, rest, _ := strings.Cut(strings.ReplaceAll(word, "\t", " "), " ")
	rest = strings.TrimLeft(rest, " ")
	alone := rest == "" || rest[0] == '#'
	at := spot{n + 1, 1}
	switch {
	case len(s.open) > 0:
		return false
	case first == "---":
		switch {
		case s.begun || s.ended:
			s.severalDocuments(at)
		case !alone:
			s.fail(at, "Text follows on the line of the ---.", "Begin the answers on a line of their own.")
		}
		s.begun = true
		return true
	case first == "..." && alone:
		s.ended = true
		return true
	case strings.HasPrefix(text, "..."): // the parser takes it for the end of the document all the same
		s.fail(at, "A line cannot begin with three dots and text after them.", "Put the text in quotes.")
		return true
	case strings.HasPrefix(text, "%"):
		s.fault(at, "Directives are not read here.", "Take the line out.")
		return true
	}
	return false
}

func (s *source) severalDocuments(at spot) {
	s.fail(at, "A second document begins here; an answers file is one.", "Put everything into one document, or into a file of its own.")
}

// mark counts a key or an entry.
func (s *source) mark(at spot) {
	if s.marks++; s.marks == maxMarks {
		s.fail(at, fmt.Sprintf("The file has more than %d keys and entries; an answers file has a few hundred.", maxMarks), "Check that it is the file you meant.")
	}
}

func closing(open byte) byte {
	if open == '[' {
		return ']'
	}
	return '}'
}
