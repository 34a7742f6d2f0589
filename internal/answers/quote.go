package answers

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// plainSafe are texts that stand without quotes in any place of a YAML file.
	plainSafe = regexp.MustCompile(`^[A-Za-z0-9/_][A-Za-z0-9_./@+-]*$`)
	// numberLike are those of them that some reader of YAML takes for a number or a date.
	numberLike = regexp.MustCompile(`^[0-9][0-9a-fA-FxXoO_.+-]*$`)
	address4   = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3}){3}$`)
)

// quote returns text as a YAML scalar on one line that every reader of YAML takes for just this text.
func quote(text string) string {
	switch {
	case !plainSafe.MatchString(text), isTruth(text), isNull(text), numberLike.MatchString(text) && !address4.MatchString(text), len(text) > maxPlain/2:
		return quoteDouble(text)
	}
	return text
}

func quoteDouble(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case printable(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// oneLine makes text fit for a comment: blanks for line ends, escapes for what cannot be shown.
func oneLine(text string) string {
	var b strings.Builder
	for _, word := range strings.Fields(strings.ToValidUTF8(text, string(utf8.RuneError))) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		for _, r := range word {
			if printable(r) {
				b.WriteRune(r)
			} else {
				fmt.Fprintf(&b, `\u%04X`, r)
			}
		}
	}
	return b.String()
}
