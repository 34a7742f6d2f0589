package keystore

import (
	"fmt"
	"strings"
	"unicode"

	"carbon-setup/internal/secret"
)

// CheckAlias judges an alias for Carbon. Java's JKS writes aliases in lower case and looks them up so: an alias in other letters, put into a file by
// another tool, is listed and never found.
func CheckAlias(alias string) []Finding {
	bad := func(message string) []Finding {
		return []Finding{{ID: "alias", Severity: Bad, Message: message, Fix: fmt.Sprintf("Take %q.", SuggestAlias(alias))}}
	}
	const longest = 64
	switch {
	case alias == "":
		return bad("The alias is empty.")
	case len(alias) > longest:
		return bad("The alias is longer than 64 characters.")
	case strings.ToLower(alias) != alias:
		return bad(fmt.Sprintf("The alias %s has upper-case letters; Java looks aliases up in lower case and would not find it.", quote(alias)))
	}
	for _, r := range alias {
		if !aliasRune(r) {
			return bad(fmt.Sprintf("The alias %s may hold the letters a to z, digits, and . _ - only; %q is none of them.", quote(alias), r))
		}
	}
	return nil
}

func aliasRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
}

// SuggestAlias makes an alias that CheckAlias has nothing against out of any text: the alias of the source, a host name.
func SuggestAlias(from string) string {
	const longest = 64
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(from) {
		if b.Len() >= longest-1 {
			break
		}
		if !aliasRune(r) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(r)
	}
	if text := strings.Trim(b.String(), ".-_"); text != "" {
		return text
	}
	return "server"
}

const minPassword = 6 // keytool takes no shorter one

// CheckPassword judges a password for a store and its key. Carbon replaces "${" in every value of carbon.xml; the ciphertool and cipher-text.properties
// end a plain value at the first "]"; the vault's password file is read as one line, without its blanks being taken off.
func CheckPassword(p secret.Secret) []Finding {
	text := p.Reveal()
	var all []Finding
	bad := func(message, fix string) {
		all = append(all, Finding{ID: "password", Severity: Bad, Message: message, Fix: fix})
	}
	if len([]rune(text)) < minPassword {
		bad("The password is shorter than six characters; keytool takes no shorter one.", "Take a longer password.")
	}
	if i := strings.IndexFunc(text, notPrintable); i >= 0 {
		bad("The password holds a character that is not printable ASCII; Java and Carbon read such characters differently from file to file.",
			"Take letters without accents, digits, and punctuation.")
	}
	if strings.Contains(text, "${") {
		bad("The password holds ${, which Carbon takes for the beginning of a variable.", "Take a password without ${.")
	}
	if strings.Contains(text, "]") {
		bad("The password holds ], at which the vault's files would cut it off.", "Take a password without ].")
	}
	if strings.TrimSpace(text) != text {
		bad("The password begins or ends with a blank, which password files and people lose.", "Take the blank off.")
	}
	if text == "wso2carbon" {
		all = append(all, Finding{
			ID: "password-default", Severity: Warning, Message: "The password is the one that WSO2 ships; everyone knows it.",
			Fix: "Take a password of your own.",
		})
	}
	return all
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' || unicode.IsControl(r) }

// CheckPasswords judges the password of a store and that of its key together. KeyStoreManager opens the key with the password of the store.
func CheckPasswords(store, key secret.Secret) []Finding {
	all := CheckPassword(store)
	if key.IsSet() && !key.Equal(store) {
		all = append(all, Finding{
			ID: "password-differs", Severity: Bad, Message: "The key password is not the store password; Carbon opens the key with the store password.",
			Fix: "Use one password for both.",
		})
	}
	return all
}
