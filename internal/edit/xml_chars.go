package edit

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// encoding is a character encoding of an XML file.
type encoding uint8

const (
	encUTF8 encoding = iota
	encASCII
	encLatin1
)

// encodingNamed returns the encoding that an XML declaration names.
func encodingNamed(name string) (encoding, bool) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return encUTF8, true
	case "us-ascii", "ascii":
		return encASCII, true
	case "iso-8859-1", "iso8859-1", "iso8859_1", "iso_8859-1", "latin1", "latin-1":
		return encLatin1, true
	}
	return encUTF8, false
}

// has reports whether the encoding can write the character.
func (enc encoding) has(r rune) bool {
	switch enc {
	case encASCII:
		return r < 0x80
	case encLatin1:
		return r < 0x100
	default:
		return true
	}
}

// append writes a character that the encoding has.
func (enc encoding) append(dst []byte, r rune) []byte {
	if enc == encUTF8 {
		return utf8.AppendRune(dst, r)
	}
	return append(dst, byte(r))
}

// appendString writes s, whose characters the encoding has.
func (enc encoding) appendString(dst []byte, s string) []byte {
	if enc == encUTF8 {
		return append(dst, s...)
	}
	for _, r := range s {
		dst = append(dst, byte(r))
	}
	return dst
}

// string returns bytes of the file as a string.
func (enc encoding) string(raw []byte) string {
	if enc != encLatin1 || isASCII(raw) {
		return string(raw)
	}
	var b strings.Builder
	b.Grow(len(raw) + 8)
	for _, c := range raw {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// is reports whether bytes of the file read s.
func (enc encoding) is(raw []byte, s string) bool {
	if enc == encLatin1 && !isASCII(raw) {
		return enc.string(raw) == s
	}
	return string(raw) == s
}

func isASCII(raw []byte) bool {
	for _, c := range raw {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isChar reports whether XML 1.0 allows the character.
func isChar(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// isBlank reports whether c is white space to XML.
func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

const blanks = " \t\r\n"

// Classes of ASCII bytes in names. The colon is a part of names and judged apart.
var nameStart, namePart [256]bool

func init() {
	for c := range 256 {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':'
		nameStart[c] = letter || c >= utf8.RuneSelf
		namePart[c] = nameStart[c] || c >= '0' && c <= '9' || c == '-' || c == '.'
	}
}

// isNameRune reports whether a character other than ASCII may stand in a name (XML 1.0, fifth edition, productions 4 and 4a).
func isNameRune(r rune, first bool) bool {
	switch {
	case r >= 0xC0 && r <= 0x2FF:
		return r != 0xD7 && r != 0xF7
	case r >= 0x370 && r <= 0x1FFF:
		return r != 0x37E
	case r == 0x200C, r == 0x200D, r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF, r >= 0x3001 && r <= 0xD7FF,
		r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFD, r >= 0x10000 && r <= 0xEFFFF:
		return true
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r == 0x203F, r == 0x2040:
		return !first
	}
	return false
}

// isQName reports whether name is a name with at most one prefix.
func isQName(name string) bool {
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		return isNCName(name)
	}
	return isNCName(prefix) && isNCName(local)
}

func isNCName(name string) bool {
	for i, r := range name {
		ok := r < utf8.RuneSelf && r != ':' && (i == 0 && nameStart[r] || i > 0 && namePart[r])
		if !ok && (r < utf8.RuneSelf || !isNameRune(r, i == 0)) {
			return false
		}
	}
	return name != "" && utf8.ValidString(name)
}

// reference reads the reference at the start of raw, which begins with &. n is its length; 0 = it is none that XML has without a DTD.
func reference(raw []byte) (r rune, n int) {
	end := 1
	for end < len(raw) && end < 16 && raw[end] != ';' {
		end++
	}
	if end >= len(raw) || raw[end] != ';' {
		return 0, 0
	}
	name := string(raw[1:end])
	switch name {
	case "amp":
		return '&', end + 1
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	}
	if r, ok := numeric(name); ok {
		return r, end + 1
	}
	return 0, 0
}

// numeric reads #10 or #xA.
func numeric(name string) (rune, bool) {
	digits, found := strings.CutPrefix(name, "#")
	if !found || digits == "" {
		return 0, false
	}
	base := 10
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	if strings.ContainsAny(digits, "+-_") {
		return 0, false
	}
	v, err := strconv.ParseUint(digits, base, 32)
	if err != nil || v > utf8.MaxRune || !isChar(rune(v)) {
		return 0, false
	}
	return rune(v), true
}

// decodeText returns what an XML parser makes of raw character data: references resolved, line ends as LF.
func (enc encoding) decodeText(raw []byte) string { return enc.decode(raw, true, false) }

// decodeCDATA returns what an XML parser makes of the inside of a CDATA section.
func (enc encoding) decodeCDATA(raw []byte) string { return enc.decode(raw, false, false) }

// decodeAttr returns what an XML parser makes of the inside of the quotes: references resolved, other white space as blanks.
func (enc encoding) decodeAttr(raw []byte) string { return enc.decode(raw, true, true) }

func (enc encoding) decode(raw []byte, refs, attr bool) string {
	i := 0
	for i < len(raw) && !special(raw[i], attr) {
		i++
	}
	if i == len(raw) {
		return enc.string(raw)
	}
	b := make([]byte, 0, len(raw))
	for i = 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '&' && refs:
			r, n := reference(raw[i:])
			if n > 0 {
				b = utf8.AppendRune(b, r)
				i += n - 1
				continue
			}
		case c == '\r':
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
			c = '\n'
		}
		switch {
		case attr && (c == '\n' || c == '\t'):
			b = append(b, ' ')
		case enc == encLatin1:
			b = utf8.AppendRune(b, rune(c))
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func special(c byte, attr bool) bool {
	return c == '&' || c == '\r' || attr && (c == '\n' || c == '\t')
}

// appendText writes value as character data. Line feeds become eol.
func (enc encoding) appendText(dst []byte, value, eol string) []byte {
	for _, r := range value {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '\n':
			dst = append(dst, eol...)
		case r == '\r' || !enc.has(r):
			dst = appendReference(dst, r)
		default:
			dst = enc.append(dst, r)
		}
	}
	return dst
}

// appendAttr writes value for the inside of a pair of quotes.
func (enc encoding) appendAttr(dst []byte, value string, quote byte) []byte {
	for _, r := range value {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '"' && quote == '"':
			dst = append(dst, "&quot;"...)
		case r == '\'' && quote == '\'':
			dst = append(dst, "&apos;"...)
		case r == '\t' || r == '\n' || r == '\r' || !enc.has(r):
			dst = appendReference(dst, r)
		default:
			dst = enc.append(dst, r)
		}
	}
	return dst
}

func appendReference(dst []byte, r rune) []byte {
	dst = append(dst, "&#"...)
	dst = strconv.AppendInt(dst, int64(r), 10)
	return append(dst, ';')
}

// fitsCDATA reports whether value can be written in a CDATA section, where there are no references.
func (enc encoding) fitsCDATA(value string) bool {
	for _, r := range value {
		if r == '\r' || !enc.has(r) {
			return false
		}
	}
	return true
}

// appendCDATA writes value for the inside of a CDATA section. Line feeds become eol.
func (enc encoding) appendCDATA(dst []byte, value, eol string) []byte {
	value = strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>")
	return enc.appendString(dst, strings.ReplaceAll(value, "\n", eol))
}
