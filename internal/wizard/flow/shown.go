package flow

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Shown spells out, as \n, \x1b or \u202e, what a name must not do to a terminal, and bytes that are not UTF-8. A backslash is then doubled, so
// that two names never look the same. A name that needs none of it stays as it is.
func Shown(name string) string {
	if !NeedsEscape(name) {
		return name
	}
	var b strings.Builder
	for len(name) > 0 {
		r, n := utf8.DecodeRuneInString(name)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, name[0])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\\':
			b.WriteString(`\\`)
		case unseen(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case unseen(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case unseen(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		name = name[n:]
	}
	return b.String()
}

// NeedsEscape reports whether a name cannot be shown, or held by a field of one line, as it is.
func NeedsEscape(name string) bool {
	return !utf8.ValidString(name) || strings.IndexFunc(name, unseen) >= 0
}

// unseen reports whether a rune controls the terminal, turns the direction of text, breaks the line or is not seen at all.
func unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
