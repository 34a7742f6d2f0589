package edit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// prolog judges the encoding and the bytes as a whole, and skips byte order mark and XML declaration.
func (s *scanner) prolog() error {
	if len(s.data) > MaxFileSize {
		return &Error{File: s.t.name, What: fmt.Sprintf("it has %d bytes, more than the %d that are read", len(s.data), MaxFileSize), Fix: "check that this is the right file"}
	}
	if bytes.HasPrefix(s.data, []byte("\xEF\xBB\xBF")) {
		s.pos, s.t.bom = 3, 3
	}
	if bytes.HasPrefix(s.data, []byte("\xFE\xFF")) || bytes.HasPrefix(s.data, []byte("\xFF\xFE")) {
		return s.fail(0, "it is encoded in UTF-16, which is not supported", "save it as UTF-8 and correct the encoding in its first line")
	}
	if bytes.HasPrefix(s.data[s.pos:], []byte("<?xml")) && len(s.data) > s.pos+5 && (isBlank(s.data[s.pos+5]) || s.data[s.pos+5] == '?') {
		if err := s.declaration(); err != nil {
			return err
		}
	}
	return s.characters()
}

// declaration reads <?xml version="1.0" encoding="…" standalone="…"?>.
func (s *scanner) declaration() error {
	start := s.pos
	end := bytes.Index(s.data[start:], []byte("?>"))
	if end < 0 {
		return s.fail(start, "the XML declaration has no end", mend)
	}
	rest := s.data[start+5 : start+end]
	next := 0 // index of the first pseudo-attribute that may follow
	for len(bytes.TrimLeft(rest, blanks)) > 0 {
		name, value, after, ok := pseudoAttribute(rest)
		order := map[string]int{"version": 1, "encoding": 2, "standalone": 3}[name]
		if !ok || order == 0 || order <= next || (next == 0) != (order == 1) {
			return s.fail(start, "the XML declaration cannot be understood", mend)
		}
		switch order {
		case 1:
			if value != "1.0" {
				return s.fail(start, "it is not XML 1.0", "use the file that the product came with")
			}
		case 2:
			if s.t.enc, ok = encodingNamed(value); !ok {
				return s.fail(start, fmt.Sprintf("its encoding %q is not supported", printable(value)), "save it as UTF-8 and correct the encoding in its first line")
			}
			if s.t.bom > 0 && s.t.enc == encLatin1 {
				return s.fail(start, "it begins with the byte order mark of UTF-8 but declares ISO-8859-1", "remove the mark, or correct the encoding in its first line")
			}
		}
		next, rest = order, after
	}
	if next == 0 {
		return s.fail(start, "the XML declaration cannot be understood", mend)
	}
	s.pos = start + end + 2
	return nil
}

// pseudoAttribute reads ` name="value"`.
func pseudoAttribute(b []byte) (name, value string, rest []byte, ok bool) {
	trimmed := bytes.TrimLeft(b, blanks)
	if len(trimmed) == len(b) {
		return "", "", nil, false
	}
	left, right, found := bytes.Cut(trimmed, []byte("="))
	right = bytes.TrimLeft(right, blanks)
	if !found || right == nil || len(right) < 2 || right[0] != '"' && right[0] != '\'' {
		return "", "", nil, false
	}
	end := bytes.IndexByte(right[1:], right[0])
	if end < 0 {
		return "", "", nil, false
	}
	return string(bytes.TrimRight(left, blanks)), string(right[1 : 1+end]), right[end+2:], true
}

// printable shortens text of the file for a message.
func printable(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// characters refuses bytes that no XML file of this encoding has.
func (s *scanner) characters() error {
	if i := forbiddenControl(s.data); i >= 0 {
		return s.fail(i, fmt.Sprintf("it holds the control character U+%04X, which XML does not allow", s.data[i]), mend)
	}
	switch s.t.enc {
	case encASCII:
		for i, c := range s.data[s.t.bom:] {
			if c >= utf8.RuneSelf {
				return s.fail(s.t.bom+i, "it declares the encoding US-ASCII but holds a character that US-ASCII lacks", "correct the encoding in its first line")
			}
		}
	case encLatin1: // every byte is a character
	case encUTF8:
		if !utf8.Valid(s.data) {
			return s.fail(invalidUTF8(s.data), "it is not valid UTF-8", "declare its encoding in its first line, or save it as UTF-8")
		}
		for _, noChar := range []string{"\uFFFE", "\uFFFF"} {
			if i := bytes.Index(s.data, []byte(noChar)); i >= 0 {
				return s.fail(i, fmt.Sprintf("it holds %U, which XML does not allow", []rune(noChar)[0]), mend)
			}
		}
	}
	return nil
}

// forbiddenControl returns the index of the first control character other than tab, LF and CR, or -1.
func forbiddenControl(data []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(data); i += 8 {
		// Sets the high bit of every byte below 0x20; may set others above such a byte, hence the second look.
		v := binary.LittleEndian.Uint64(data[i:])
		if (v-0x20*ones)&^v&highs == 0 {
			continue
		}
		for j := i; j < i+8; j++ {
			if data[j] < 0x20 && !isBlank(data[j]) {
				return j
			}
		}
	}
	for ; i < len(data); i++ {
		if data[i] < 0x20 && !isBlank(data[i]) {
			return i
		}
	}
	return -1
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}

// doctype passes over <!DOCTYPE name>, with a public or system identifier, which is never followed. What the document would declare
// by itself, entities above all, is refused.
func (s *scanner) doctype() error {
	unclear := s.fail(s.pos, "its DOCTYPE cannot be understood", "remove the DOCTYPE")
	name, err := s.name(s.skipBlanks(s.pos + len("<!DOCTYPE")))
	if err != nil || s.t.root != nil || s.doctypes > 0 {
		return unclear
	}
	i := s.skipBlanks(s.pos + len("<!DOCTYPE"))
	if i == s.pos+len("<!DOCTYPE") {
		return unclear
	}
	i += len(name)
	literals := 0
	for word, n := range map[string]int{"SYSTEM": 1, "PUBLIC": 2} {
		if j := s.skipBlanks(i); j > i && bytes.HasPrefix(s.data[j:], []byte(word)) {
			i, literals = j+len(word), n
			break
		}
	}
	for range literals {
		j := s.skipBlanks(i)
		if j == i || j >= len(s.data) || s.data[j] != '"' && s.data[j] != '\'' {
			return unclear
		}
		end := bytes.IndexByte(s.data[j+1:], s.data[j])
		if end < 0 || bytes.IndexByte(s.data[j+1:j+1+end], '<') >= 0 {
			return unclear
		}
		i = j + end + 2
	}
	i = s.skipBlanks(i)
	switch {
	case i < len(s.data) && s.data[i] == '>':
		s.doctypes++
		s.pos = i + 1
		return nil
	case i < len(s.data) && s.data[i] == '[':
		return s.fail(s.pos, "its DOCTYPE declares entities or the like, which are never read because they can pull in other files", "remove the part in brackets")
	}
	return unclear
}
