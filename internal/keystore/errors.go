package keystore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrorKind is what is wrong with a file, a password or a choice.
type ErrorKind int

// The kinds of errors.
const (
	Empty              ErrorKind = iota + 1 // a file without a byte, or no file
	TooLarge                                // more than MaxSize, or more entries or work than any real file asks for
	Garbage                                 // none of the formats
	Truncated                               // the beginning of one of the formats
	Unsupported                             // JCEKS, BKS, a cipher, a kind of key: told by name
	Damaged                                 // one of the formats, but its inside does not add up
	PasswordNeeded                          // the file, or the key in it, is protected and no password was given
	WrongStorePassword                      // of a JKS or PKCS#12 file
	WrongKeyPassword                        // of one private key
	AliasMissing                            // Aliases lists those that exist
	CertificateOnly                         // the alias is that of a certificate without key
	NoPrivateKey                            // nothing in the files is a private key
	SeveralKeys                             // Aliases lists them
	NoCertificate                           // a private key without certificate
	Mismatch                                // private key and certificate do not belong together
	BadAlias                                // see CheckAlias
	BadPassword                             // see CheckPassword
	NotRSA                                  // the vault and the registry need an RSA key
	BadTemplate                             // of a key to make: too short, no name, no time of validity
)

// Error is what an operator is told: what happened to what, why, and what to do now. It never holds a password or a key.
type Error struct {
	Kind    ErrorKind
	File    string   // File.Name; "" when it is about no file
	What    string   // full sentences
	Fix     string   // full sentences; may be ""
	Aliases []string // of AliasMissing, CertificateOnly and SeveralKeys: what there is to choose from
}

func (e *Error) Error() string {
	s := e.What
	if e.File != "" {
		s = e.File + ": " + s
	}
	if e.Fix != "" {
		s += " " + e.Fix
	}
	return s
}

const fixCopyAgain = "Copy the file again from where it comes from, as a binary file, and compare the sizes."

func truncated(what string) *Error {
	return &Error{Kind: Truncated, What: what, Fix: fixCopyAgain}
}

// inFile says which file an error is about. An error that is none for the operator becomes one.
func inFile(err error, name string) error {
	if err == nil {
		return nil
	}
	var told *Error
	if !errors.As(err, &told) {
		told = &Error{Kind: Damaged, What: "It is damaged.", Fix: fixCopyAgain}
	}
	if told.File != "" || name == "" {
		return told
	}
	at := *told
	at.File = name
	return &at
}

// quote shows an alias or a name from a file: in quotation marks, with nothing that a terminal would act on.
func quote(text string) string { return strconv.Quote(Printable(text)) }

// list shows up to ten names.
func list(names []string) string {
	const most = 10
	quoted := make([]string, 0, most)
	for _, n := range names[:min(len(names), most)] {
		quoted = append(quoted, quote(n))
	}
	text := strings.Join(quoted, ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}
