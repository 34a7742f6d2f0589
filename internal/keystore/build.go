package keystore

import (
	"crypto/x509"
	"fmt"
	"time"

	"carbon-setup/internal/secret"
)

// Build returns a JKS file with one private key under alias, its chain in order, store and key protected by password. Carbon takes the first private
// key that it finds, opens it with the password of the store, and looks its alias up in lower case.
// Errors: BadAlias, BadPassword, NoCertificate, Mismatch.
func Build(id *Identity, alias string, password secret.Secret, created time.Time) ([]byte, error) {
	if f := CheckAlias(alias); len(f) > 0 {
		return nil, &Error{Kind: BadAlias, What: f[0].Message, Fix: f[0].Fix}
	}
	if err := refusePassword(password); err != nil {
		return nil, err
	}
	leaf := id.Leaf()
	if leaf == nil {
		return nil, &Error{Kind: NoCertificate, What: "The private key has no certificate yet.", Fix: "Give the certificate that the CA made for it."}
	}
	if !leaf.certifies(id.key.signer.Public()) {
		return nil, &Error{
			Kind: Mismatch, What: fmt.Sprintf("The private key does not belong to the certificate %s.", quote(leaf.Name())),
			Fix: "Give the certificate that was made for this key.",
		}
	}
	plain, err := x509.MarshalPKCS8PrivateKey(id.key.signer.Signer)
	if err != nil {
		return nil, errKeyDamaged()
	}
	defer clear(plain)
	protected, err := protectJKSKey(plain, password)
	if err != nil {
		return nil, fmt.Errorf("protect the private key: %w", err)
	}
	e := jksEntry{tag: jksKeyTag, alias: newAlias(alias), created: millis(created), key: protected}
	for _, c := range id.Chain {
		e.chain = append(e.chain, jksCertificate{kind: []byte(x509Type), der: c.Raw})
	}
	f := jksFile{version: 2, entries: []jksEntry{e}}
	return f.bytes(password), nil
}

// x509Type is what Java calls the type of every certificate.
const x509Type = "X.509"

func millis(t time.Time) uint64 { return uint64(max(0, t.UnixMilli())) }

// refusePassword turns what CheckPassword holds to be bad into an error.
func refusePassword(password secret.Secret) error {
	for _, f := range CheckPassword(password) {
		if f.Severity == Bad {
			return &Error{Kind: BadPassword, What: f.Message, Fix: f.Fix}
		}
	}
	return nil
}

// Holds reports whether data is a JKS file as Build would make it: this key and chain under this alias, alone, and this password for both.
func Holds(data []byte, id *Identity, alias string, password secret.Secret) bool {
	if len(data) > MaxSize || Detect(data) != JKS {
		return false
	}
	f, err := readJKS(data, password)
	if err != nil || len(f.entries) != 1 || f.entries[0].tag != jksKeyTag {
		return false
	}
	e := &f.entries[0]
	if e.aliasText() != alias || len(e.chain) != len(id.Chain) {
		return false
	}
	for i, c := range e.chain {
		if string(c.der) != string(id.Chain[i].Raw) {
			return false
		}
	}
	key, err := (&sealedKey{jks: e.key}).open(password, newBudget())
	return err == nil && samePublic(key.Public(), id.key.signer.Public())
}
