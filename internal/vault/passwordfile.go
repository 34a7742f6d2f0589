package vault

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"carbon-setup/internal/secret"
)

// The files in the home that DefaultSecretCallbackHandler reads the password of the keystore from. On Windows WindowsSuffix is added.
const (
	PasswordFirst   = "password"         // read before the others, then renamed to PasswordOnce, unless -Dpersist.password=true
	PasswordOnce    = "password-tmp"     // read, overwritten and deleted, even if the start fails later
	PasswordPersist = "password-persist" // read at every start
	WindowsSuffix   = ".txt"
)

// PasswordNames returns the names in the order in which Carbon looks for them; it reads the first that exists.
func PasswordNames(windows bool) []string {
	names := []string{PasswordFirst, PasswordOnce, PasswordPersist}
	if windows {
		for i := range names {
			names[i] += WindowsSuffix
		}
	}
	return names
}

// PasswordFile returns what goes into a password file: the password and a line end, which BufferedReader.readLine takes off.
func PasswordFile(s secret.Secret) []byte { return []byte(s.Reveal() + "\n") }

// ParsePasswordFile returns the password as Carbon reads it, the first line with its blanks, and what is wrong with it. The password is not set when the
// file is empty.
func ParsePasswordFile(data []byte) (secret.Secret, []Fault) {
	const first, second = "line 1", "line 2"
	var faults []Fault
	add := func(line string, severity Severity, what, fix string) {
		faults = append(faults, Fault{Key: line, Severity: severity, What: what, Fix: fix})
	}
	if len(data) == 0 {
		add(first, Bad, "The password file is empty; Carbon does not ask for the password then, and the vault stays closed.", fixPasswordFile)
		return secret.Secret{}, faults
	}
	line, rest := readLine(data)
	text := string(line)
	switch {
	case text == "":
		add(first, Bad, "The first line of the password file is empty; Carbon does not look at the others, and the vault stays closed.", fixPasswordFile)
	case !utf8.Valid(line):
		add(first, Bad, "The password file is not UTF-8; Carbon reads another password from it.", "Save it as UTF-8.")
	case strings.HasPrefix(text, "\ufeff"):
		add(first, Bad, "The password file begins with a byte order mark, which Carbon takes for a part of the password.", "Save it as UTF-8 without a byte order mark.")
	case strings.TrimSpace(text) != text:
		add(first, Bad, "The password begins or ends with a blank, which Carbon takes for a part of it.", "Take the blank off.")
	case strings.ContainsFunc(text, unicode.IsControl):
		add(first, Bad, "The password holds a control character.", fixPasswordFile)
	}
	if other, _ := readLine(rest); len(other) > 0 && !bytes.Equal(other, line) {
		add(second, Warning, "The password file has a second line; with -Dkey.password=true Carbon takes it for both passwords, of the keystore and of the key, otherwise for none.",
			"Use one password for keystore and key, and leave one line.")
	}
	return secret.New(text), faults
}

const fixPasswordFile = "Write the password of the keystore into the first line."

// readLine returns the first line as Java's BufferedReader does, which ends lines at LF, CR and CRLF, and what is behind it.
func readLine(data []byte) (line, rest []byte) {
	i := bytes.IndexAny(data, "\r\n")
	if i < 0 {
		return data, nil
	}
	end := i + 1
	if data[i] == '\r' && end < len(data) && data[end] == '\n' {
		end++
	}
	return data[:i], data[end:]
}
