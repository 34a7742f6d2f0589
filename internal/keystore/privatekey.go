package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"

	"carbon-setup/internal/secret"
)

// sealedKey is a private key that may still be encrypted.
type sealedKey struct {
	signer *heldSigner // nil: sealed
	jks    []byte      // as protected in a JKS file
	pkcs8  []byte      // as encrypted PKCS#8
}

// heldSigner is always behind a pointer inside another: fmt prints fields that it reaches by one pointer when it complains about a verb, and of an
// Ed25519 key they are the key.
type heldSigner struct{ crypto.Signer }

// openKey is a key that is not encrypted.
func openKey(signer crypto.Signer) *sealedKey { return &sealedKey{signer: &heldSigner{signer}} }

// open returns the key. errDecrypt: the password is wrong.
func (k *sealedKey) open(password secret.Secret, b *budget) (crypto.Signer, error) {
	if k.signer != nil {
		return k.signer.Signer, nil
	}
	if k.jks != nil {
		plain, err := openJKSKey(k.jks, password)
		if errors.Is(err, errKeyDigest) {
			return nil, errDecrypt
		}
		if err != nil {
			return nil, err
		}
		defer clear(plain)
		return parsePrivateKey(plain)
	}
	return openPKCS8(k.pkcs8, password, b)
}

// openPKCS8 decrypts EncryptedPrivateKeyInfo. Padding that fits by chance is told from the right password by what comes out.
func openPKCS8(der []byte, password secret.Secret, b *budget) (crypto.Signer, error) {
	info, err := parseEncryptedKey(der)
	if err != nil {
		return nil, errKeyDamaged()
	}
	plain, err := decrypt(info.Algorithm, info.Data, password, b)
	var told *Error
	switch {
	case errors.Is(err, errDecrypt) || errors.As(err, &told):
		return nil, err
	case err != nil:
		return nil, errKeyDamaged()
	}
	defer clear(plain)
	if n, _, err := measure(plain, 0); err != nil || n != len(plain) {
		return nil, errDecrypt
	}
	return parsePrivateKey(plain)
}

// parsePrivateKey reads a key whatever it is wrapped in: PKCS#8, PKCS#1 or SEC1.
func parsePrivateKey(der []byte) (crypto.Signer, error) {
	const longest = 20000 // bytes; an RSA key of 16384 bits has half of it, and Go takes minutes over far longer ones
	if len(der) > longest {
		return nil, errKeyKind("longer than any that is in use")
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		key, err = parseOldKey(der)
	}
	if err != nil {
		return nil, whyNotKey(der)
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case *ecdsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, errKeyKind("a key for key agreement")
}

func parseOldKey(der []byte) (any, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return x509.ParseECPrivateKey(der)
}

// whyNotKey tells a kind of key that is not taken from a damaged one.
func whyNotKey(der []byte) error {
	var info struct {
		Version   int
		Algorithm struct {
			Algorithm asn1.ObjectIdentifier
			Rest      asn1.RawValue `asn1:"optional"`
		}
	}
	if _, err := asn1.Unmarshal(der, &info); err == nil {
		switch info.Algorithm.Algorithm.String() {
		case "1.2.840.10040.4.1":
			return errKeyKind("a DSA key")
		case "1.2.840.113549.1.1.10":
			return errKeyKind("an RSA key that may only sign (RSASSA-PSS)")
		case "1.3.101.113", "1.3.101.111", "1.3.101.110":
			return errKeyKind("a key on an Edwards or Montgomery curve")
		case "1.2.840.10045.2.1":
			return errKeyKind("an EC key on a curve that neither TLS nor Java has in common use")
		}
	}
	return errKeyDamaged()
}

func errKeyKind(kind string) error {
	return &Error{
		Kind: Unsupported, What: "The private key is " + kind + ", with which a Carbon server cannot work.",
		Fix: "Have a certificate made for an RSA key of at least 2048 bits.",
	}
}

func errKeyDamaged() error {
	return &Error{Kind: Damaged, What: "The private key in it is damaged.", Fix: fixCopyAgain}
}

// samePublic reports whether two public keys are equal.
func samePublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
