package database

import (
	"strings"
	"unicode/utf8"
)

// percentEncode writes text so that java.net.URLDecoder reads it again: every byte but letters, digits and what no part of a URL takes for its own.
func percentEncode(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if isLetterOrDigit(c) || strings.IndexByte("-._~/:,*@()", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// percentDecode reads text as java.net.URLDecoder does: a plus is a blank. It reports false for what that refuses, and for what is not UTF-8.
func percentDecode(text string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '+':
			b.WriteByte(' ')
		case '%':
			if i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2]) {
				return "", false
			}
			b.WriteByte(unhex(text[i+1])<<4 | unhex(text[i+2]))
			i += 2
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), utf8.ValidString(b.String())
}

// decodePart decodes a part of a URL, which the error names.
func decodePart(text, part string) (string, error) {
	plain, ok := percentDecode(text)
	if !ok {
		return "", malformed("In %s of the URL a %% is not followed by two hexadecimal digits of UTF-8: the driver refuses it.", part).
			withFix("Write a %% itself as %%25.")
	}
	return plain, nil
}

func isLetterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
