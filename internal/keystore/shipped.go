package keystore

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"

	"carbon-setup/internal/secret"
)

// PublicKey is a key in a file that everyone has, because WSO2 ships it with its private half.
type PublicKey struct {
	Alias   string // "" where the format has none
	Private bool   // the private key itself, not its certificate alone
}

// PublicKeys returns what a file holds of the key that WSO2 ships in wso2carbon.jks, whatever the file is called. A JKS file is read without its
// password; the passwords are tried, one after the other, on what needs one. Errors are *Error: WrongStorePassword when none of them opens it, Garbage
// for a file that holds no key or certificate at all.
func PublicKeys(file File, passwords ...secret.Secret) ([]PublicKey, error) {
	if Detect(file.Data) == JKS {
		return publicInJKS(file)
	}
	tries := append([]secret.Secret{{}}, passwords...)
	var failed error
	b := newBudget()
	for _, password := range tries {
		f, err := readFile(file, Passwords{Store: password, Key: password}, b)
		if err == nil {
			return publicIn(f, password, b), nil
		}
		failed = err
		var told *Error
		if !errors.As(err, &told) || told.Kind != PasswordNeeded && told.Kind != WrongStorePassword && told.Kind != WrongKeyPassword {
			return nil, err
		}
	}
	return nil, failed
}

func publicInJKS(file File) ([]PublicKey, error) {
	store, _, err := parseJKS(file.Data)
	if err != nil {
		return nil, err
	}
	var all []PublicKey
	for i := range store.entries {
		e := &store.entries[i]
		for _, c := range e.chain[:min(1, len(e.chain))] {
			cert, err := parseCertificate(c.der)
			if err == nil && cert.IsDefault() {
				all = append(all, PublicKey{e.aliasText(), e.tag == jksKeyTag})
			}
		}
	}
	return all, nil
}

// publicIn looks through a file of another kind. A certificate stands for its key where that cannot be opened.
func publicIn(f *found, password secret.Secret, b *budget) []PublicKey {
	var all []PublicKey
	for _, k := range f.keys {
		signer, err := k.key.open(password, b)
		if err != nil {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(signer.Public())
		if err != nil {
			continue
		}
		if sum := sha256.Sum256(der); defaultKeys[hex.EncodeToString(sum[:])] != "" {
			all = append(all, PublicKey{k.alias, true})
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, c := range f.certs {
		if c.cert.IsDefault() {
			all = append(all, PublicKey{c.alias, len(f.keys) > 0})
		}
	}
	return all
}
