package database

import (
	"crypto/md5"  // #nosec G501 -- stores of Carbon that were set to it have to be read
	"crypto/sha1" // #nosec G505 -- likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"

	"carbon-setup/internal/remote"
	"carbon-setup/internal/secret"
)

// PasswordRule says how the JDBC user store keeps passwords: two properties of its UserStoreManager in user-mgt.xml.
type PasswordRule struct {
	Digest string // PasswordDigest as it stands there; "" = the property is missing
	Salted bool   // StoreSaltedPassword is true, in any case of letters
}

// plainText is the PasswordDigest that stores passwords as they are. Unlike the names of digests, JDBCUserStoreManager compares it letter by letter.
const plainText = "PLAIN_TEXT"

// Clear reports whether passwords stand in the database as they are.
func (r PasswordRule) Clear() bool { return r.Digest == "" || r.Digest == plainText }

// DigestError is a PasswordDigest that nothing here computes.
type DigestError struct{ Digest string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("the user store keeps passwords with the digest %q, which carbon-setup does not compute", remote.Words(e.Digest))
}

// Check reports a digest that nothing here computes, a *DigestError.
func (r PasswordRule) Check() error {
	_, err := r.digest(nil)
	return err
}

// Hash returns what UM_USER_PASSWORD holds for a password. JDBCUserStoreManager appends the text of the salt to the password, with nothing between, takes one round
// of the digest over both in UTF-8 and stores it in base64. Without StoreSaltedPassword the salt has no part. Without PasswordDigest, or with PLAIN_TEXT, it
// stores the password itself.
func (r PasswordRule) Hash(password secret.Secret, salt string) (string, error) {
	if !r.Salted {
		salt = ""
	}
	if r.Clear() {
		return password.Reveal(), nil
	}
	sum, err := r.digest([]byte(password.Reveal() + salt))
	return base64.StdEncoding.EncodeToString(sum), err
}

// digest computes what java.security.MessageDigest calls by the name, of which case does not count.
func (r PasswordRule) digest(data []byte) ([]byte, error) {
	switch strings.ToUpper(r.Digest) {
	case "SHA-256":
		sum := sha256.Sum256(data)
		return sum[:], nil
	case "SHA-384":
		sum := sha512.Sum384(data)
		return sum[:], nil
	case "SHA-512":
		sum := sha512.Sum512(data)
		return sum[:], nil
	case "SHA", "SHA1", "SHA-1":
		sum := sha1.Sum(data) // #nosec G401 -- the store's choice
		return sum[:], nil
	case "MD5":
		sum := md5.Sum(data) // #nosec G401 -- the store's choice
		return sum[:], nil
	}
	if r.Clear() {
		return data, nil
	}
	return nil, &DigestError{r.Digest}
}
