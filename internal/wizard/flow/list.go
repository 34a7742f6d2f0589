package flow

import (
	"errors"
	"slices"
	"strings"
)

// errQuote is the error for a quotation mark that is not closed.
var errQuote = errors.New("a quotation mark is not closed")

const listSeparators = ", \t\n\r"

// splitQuoted parts a typed list at commas, blanks and line ends. An entry that has such a character stands in quotation marks; \" and \\ in it
// mean " and \.
func splitQuoted(text string) ([]string, error) {
	var list []string
	for {
		text = strings.TrimLeft(text, listSeparators)
		if text == "" {
			return list, nil
		}
		if text[0] != '"' {
			end := strings.IndexAny(text, listSeparators)
			if end < 0 {
				end = len(text)
			}
			list, text = append(list, text[:end]), text[end:]
			continue
		}
		entry, rest, ok := unquote(text[1:])
		if !ok {
			return nil, errQuote
		}
		text = rest
		if entry != "" {
			list = append(list, entry)
		}
	}
}

// unquote reads up to the closing quotation mark.
func unquote(text string) (entry, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// joinQuoted is the text that splitQuoted takes apart again.
func joinQuoted(list []string) string {
	all := make([]string, len(list))
	for i, entry := range list {
		if strings.ContainsAny(entry, listSeparators) || strings.HasPrefix(entry, `"`) {
			entry = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(entry) + `"`
		}
		all[i] = entry
	}
	return strings.Join(all, ", ")
}

// LastListed is the last entry of a typed list, "" when it has none.
func LastListed(text string) string {
	list, err := splitQuoted(text)
	if err != nil || len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// AlsoListed is a typed list with one entry more, if it does not have that one.
func AlsoListed(text, entry string) string {
	list, err := splitQuoted(text)
	if err != nil || slices.Contains(list, entry) {
		return text
	}
	return joinQuoted(append(list, entry))
}
