package diagnose

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"carbon-setup/internal/secret"
)

// maxShown is how much of a line is quoted, in runes.
const maxShown = 400

// credentials are the secrets that logs have and configuration files have not: headers of requests, and the user of an Oracle URL.
var credentials = regexp.MustCompile(`(?i)\b(?:basic|bearer)\s+([A-Za-z0-9+/=._~-]{6,})|\bthin:[^/@\s]*/([^@\s]+)@`)

// quote returns a line of the log for people to read: without secrets, control characters spelled out, cut when it is long.
func quote(line []byte) string { return visible(redact(line)) }

// before is how much of a long line is shown before the message in it, in bytes.
const before = 120

// quoteAt is quote for a line that has a message, perhaps far behind.
func quoteAt(line []byte, message *regexp.Regexp) string {
	text := redact(line)
	if at := message.FindStringIndex(text); at != nil && at[0] > maxShown/2 {
		return "... " + visible(text[at[0]-before:])
	}
	return visible(text)
}

// redact returns a line with every secret replaced.
func redact(line []byte) string {
	spans := secret.Spans(line)
	for _, m := range credentials.FindAllSubmatchIndex(line, -1) {
		for g := 2; g+1 < len(m); g += 2 {
			if m[g] >= 0 {
				spans = append(spans, secret.Span{Start: m[g], End: m[g+1]})
			}
		}
	}
	return mask(line, spans)
}

// mask puts secret.Shown where the spans are; they may overlap.
func mask(line []byte, spans []secret.Span) string {
	if len(spans) == 0 {
		return string(line)
	}
	hide := make([]bool, len(line))
	for _, s := range spans {
		for i := s.Start; i < s.End; i++ {
			hide[i] = true
		}
	}
	var b strings.Builder
	for i, c := range line {
		switch {
		case !hide[i]:
			b.WriteByte(c)
		case i == 0 || !hide[i-1]:
			b.WriteString(secret.Shown)
		}
	}
	return b.String()
}

// visible spells out what a terminal would act on or not show, and bytes that are not UTF-8.
func visible(text string) string {
	text = strings.TrimSpace(text)
	var b strings.Builder
	for n := 0; len(text) > 0; n++ {
		if n == maxShown {
			b.WriteString(" ...")
			break
		}
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case r == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		text = text[size:]
	}
	return b.String()
}
