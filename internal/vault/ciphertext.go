package vault

import (
	"strings"

	"carbon-setup/internal/secret"
)

// State is what a value in cipher-text.properties is.
type State int

// The states of a value.
const (
	Encrypted State = iota + 1 // looks like a ciphertext of some RSA key
	Plain                      // [text], which WSO2's tool encrypts and the server does not understand
	Empty                      // nothing: the tool asks for it, the server takes the name of the alias
	Broken                     // anything else
)

// String returns a word for the state.
func (s State) String() string {
	switch s {
	case Encrypted:
		return "encrypted"
	case Plain:
		return "plain"
	case Empty:
		return "empty"
	case Broken:
		return "broken"
	}
	return "unknown"
}

// The sizes of the ciphertexts of RSA keys with 512 to 16384 bits; real keys have a multiple of 64.
const (
	minCiphertext  = 64
	maxCiphertext  = 2048
	ciphertextStep = 8
)

// Classify tells what a value of cipher-text.properties, unescaped, is. CipherTool encrypts what has a [ and, behind it, a ]; base64 has neither.
func Classify(value string) State {
	if strings.TrimSpace(value) == "" {
		return Empty
	}
	if _, _, ok := bracketed(value); ok {
		return Plain
	}
	sealed, err := decode(value)
	if err != nil || len(sealed) < minCiphertext || len(sealed) > maxCiphertext || len(sealed)%ciphertextStep != 0 {
		return Broken
	}
	return Encrypted
}

// PlainOf returns the text of a Plain value as CipherTool reads it: between the first [ and the first ], so a]b is cut off behind the a. It is not set for
// values of other states.
func PlainOf(value string) secret.Secret {
	from, to, ok := bracketed(value)
	if !ok {
		return secret.Secret{}
	}
	return secret.New(value[from:to])
}

// cut reports whether a Plain value has a ] in its text, at which CipherTool cuts the text off.
func cut(value string) bool {
	_, to, ok := bracketed(value)
	return ok && strings.TrimSpace(value[to+1:]) != ""
}

// bracketed returns where the text between the first [ and the first ] is.
func bracketed(value string) (from, to int, ok bool) {
	from, to = strings.IndexByte(value, '[')+1, strings.IndexByte(value, ']')
	return from, to, from > 0 && to >= from
}
