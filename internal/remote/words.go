package remote

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"carbon-setup/internal/secret"
)

// mostWords bounds what is shown of a server's own words.
const mostWords = 400

// Words makes a server's own words fit to be shown: printable, on one line, bounded, without the secrets.
func Words(text string, secrets ...string) string {
	if len(text) > 16*mostWords {
		text = text[:16*mostWords]
	}
	text = strings.TrimLeft(WithoutSecrets(text, secrets...), " \n\r\t")
	return strings.TrimRight(Printable(text, mostWords), " ")
}

// WithoutSecrets takes secrets out of text. One of up to three characters is not looked for: it would tear words apart that have nothing to do with it.
func WithoutSecrets(text string, secrets ...string) string {
	for _, s := range secrets {
		if len(s) > 3 {
			text = strings.ReplaceAll(text, s, secret.Shown)
		}
	}
	return text
}

// Printable returns at most so many bytes of a text with nothing that a terminal would act on, on one line.
func Printable(text string, most int) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		switch {
		case r == '\n', r == '\r', r == '\t', r == ' ':
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		case r == utf8.RuneError, !strconv.IsPrint(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
		space = false
		if b.Len() >= most {
			return b.String() + " ..."
		}
	}
	return b.String()
}

// Said is the sentence with a server's own words; "" if it said none.
func Said(server string) string {
	if server == "" {
		return ""
	}
	return "The server says: " + strings.TrimSuffix(server, ".") + "."
}

// Paragraph joins sentences, and leaves out those that there are not.
func Paragraph(sentences ...string) string {
	var there []string
	for _, s := range sentences {
		if s != "" {
			there = append(there, s)
		}
	}
	return strings.Join(there, " ")
}
