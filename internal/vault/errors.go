package vault

import "carbon-setup/internal/severity"

// ErrorKind is what is wrong with a secret, a ciphertext or a line of a file.
type ErrorKind int

// The kinds of errors.
const (
	NoSecret    ErrorKind = iota + 1 // a secret without a character, or none
	TooLong                          // more bytes than the key encrypts
	Unreadable                       // a character that Carbon or the vault would mangle
	Blank                            // a blank at the beginning or the end
	Variable                         // ${
	KeyTooSmall                      // a key that is refused, see Key.Encrypt
	NotBase64                        // a ciphertext with other signs than those of base64, or cut off
	OtherSize                        // a ciphertext of another length than the key makes
	OtherKey                         // a ciphertext that the key does not open
	BadPlace                         // a line of cipher-tool.properties that the tool does not read as it was meant
)

// Error is what an operator is told: what happened to what, why, and what to do now. It never holds a secret or a ciphertext.
type Error struct {
	Kind ErrorKind
	What string // full sentences
	Fix  string // full sentences
}

func (e *Error) Error() string { return e.What + " " + e.Fix }

// Severity of a Fault or a Finding.
type Severity = severity.Level

// The severities, worst last.
const (
	Note    = severity.Note
	Warning = severity.Warning
	Bad     = severity.Error // Carbon does not start, or takes something else for the password, or the password stands there for everyone
)

// Fault is one thing that is wrong with one file of the vault.
type Fault struct {
	Key      string // of secret-conf.properties; "line 1" or "line 2" of the password file
	Severity Severity
	What     string // full sentences
	Fix      string // full sentences
}
