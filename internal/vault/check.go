package vault

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"carbon-setup/internal/secret"
)

// Check judges whether a secret comes out of the vault as it went in; limit is Key.Limit. Errors are *Error. The vault itself takes every text that is
// short enough, but Carbon's readers trim what they read and replace ${ in values, and a secret that decrypts to nothing counts as missing: Carbon then
// takes the name of its alias as the password. Letters outside ASCII are fine where the start scripts run, which set file.encoding=UTF8; the wrapper.conf of
// YAJSW does not set it.
func Check(s secret.Secret, limit int) error {
	text := s.Reveal()
	if text == "" {
		return &Error{
			Kind: NoSecret, What: "The secret is empty; Carbon would take the name of its alias as the password.",
			Fix: "Give it a value, or take its element out of the vault.",
		}
	}
	if !utf8.ValidString(text) {
		return &Error{
			Kind: Unreadable, What: "The secret holds bytes that are not UTF-8; Carbon would read other characters instead of them.",
			Fix: "Type it again in a UTF-8 terminal, or save its file as UTF-8.",
		}
	}
	if len(text) > limit {
		return &Error{
			Kind: TooLong, What: fmt.Sprintf("The secret has %d bytes; the key of the vault encrypts %d at the most.", len(text), limit),
			Fix: "Take a shorter secret, or a longer RSA key for the vault.",
		}
	}
	if i := strings.IndexFunc(text, unicode.IsControl); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return &Error{
			Kind: Unreadable, What: fmt.Sprintf("The secret holds %s, which the files that it goes through do not keep.", controlName(r)),
			Fix: "Take the character out.",
		}
	}
	if strings.Trim(text, " ") != text {
		return &Error{
			Kind: Blank, What: "The secret begins or ends with a blank, which Carbon takes off when it reads it.",
			Fix: "Take the blank off.",
		}
	}
	if strings.Contains(text, "${") {
		return &Error{
			Kind: Variable, What: "The secret holds ${, which Carbon takes for the beginning of a variable.",
			Fix: "Take a secret without ${.",
		}
	}
	return nil
}

func controlName(r rune) string {
	switch r {
	case '\n', '\r':
		return "a line break"
	case '\t':
		return "a tab"
	case 0:
		return "a NUL"
	}
	return fmt.Sprintf("the control character U+%04X", r)
}
