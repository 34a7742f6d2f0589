// Package secret holds the one type that operator secrets live in, and the redaction of secrets in text.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Shown is what stands for a secret wherever text is made of one. It has the same length for every secret.
const Shown = "[secret]"

// ErrMarshal is returned by every attempt to encode a Secret.
var ErrMarshal = errors.New("secret: a secret cannot be encoded")

// Secret is a password or key that cannot be printed, logged, encoded or compared by accident: == does not compile.
// The zero value is "not set". Use Reveal at the one place that needs the text. A Secret may be copied and is safe for
// concurrent use.
type Secret struct {
	_ [0]func()
	// held is a pointer because fmt asks no method of a value that it reaches through an unexported field, nor of one
	// that it complains about (%p): it prints the fields as they are, and of a pointer that is an address.
	held *string
}

// New returns a Secret that holds text; the empty text is set, too.
func New(text string) Secret { return Secret{held: &text} }

// Reveal returns the text. Callers do not store, log or print it.
func (s Secret) Reveal() string {
	if s.held == nil {
		return ""
	}
	return *s.held
}

// IsSet reports whether a text, even an empty one, was given.
func (s Secret) IsSet() bool { return s.held != nil }

// Equal reports whether both hold the same text, or both none. The time that it takes tells the length alone.
func (s Secret) Equal(o Secret) bool {
	return s.IsSet() == o.IsSet() && subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

// String returns Shown.
func (s Secret) String() string { return Shown }

// GoString returns Shown.
func (s Secret) GoString() string { return Shown }

// Format writes Shown for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Shown) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Shown) }

// MarshalText always fails with ErrMarshal; encoders of JSON, XML and YAML ask it.
func (s Secret) MarshalText() ([]byte, error) { return nil, ErrMarshal }

// MarshalBinary always fails with ErrMarshal; encoding/gob asks it.
func (s Secret) MarshalBinary() ([]byte, error) { return nil, ErrMarshal }
