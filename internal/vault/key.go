package vault

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"carbon-setup/internal/secret"
)

// padding is what PKCS#1 v1.5 adds to a text at the least.
const padding = 11

// minKeyBits is the least that Go's RSA takes. It is also the size of the key that WSO2 ships.
const minKeyBits = 1024

// Key is the RSA key of the vault: that of RegistryKeyStore in carbon.xml. It is safe for concurrent use.
type Key struct {
	private *rsa.PrivateKey
	known   sync.Map // ciphertext to secret: opening one takes as long as everything else that is done with it
}

// NewKey returns the vault's side of a key, which must not be nil.
func NewKey(private *rsa.PrivateKey) *Key { return &Key{private: private} }

// Limit returns how many bytes of UTF-8 a secret may have: 117 for 1024 bits, 245 for 2048.
func (k *Key) Limit() int { return k.private.Size() - padding }

// Fingerprint returns the SHA-256 of the public key (SubjectPublicKeyInfo) in the notation of keytool. Nodes with the same one read each other's vault;
// a certificate that is renewed for the same key does not change it.
func (k *Key) Fingerprint() string {
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	if err != nil {
		return "" // cannot be for an RSA key
	}
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// Encrypt returns the ciphertext of a secret as cipher-text.properties takes it: RSA/ECB/PKCS1Padding, the only scheme that FileBaseSecretRepository
// asks Java for, in base64 on one line. It is another one at every call. It refuses what Check refuses, and keys under 1024 bits. Errors are *Error.
func (k *Key) Encrypt(s secret.Secret) (string, error) {
	if k.private.N.BitLen() < minKeyBits {
		return "", &Error{
			Kind: KeyTooSmall, What: fmt.Sprintf("The RSA key of the vault has %d bits; that protects nothing.", k.private.N.BitLen()),
			Fix: "Give RegistryKeyStore a key of 2048 bits or more.",
		}
	}
	if err := Check(s, k.Limit()); err != nil {
		return "", err
	}
	sealed, err := rsa.EncryptPKCS1v15(nil, &k.private.PublicKey, []byte(s.Reveal())) //nolint:staticcheck // what Carbon decrypts is not ours to choose
	if err != nil {
		return "", &Error{
			Kind: OtherKey, What: "The RSA key of the vault cannot be used to encrypt; it is damaged.", Fix: "Look at the keystore with keytool -list -v.",
		}
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// Decrypt returns the secret of a ciphertext; line breaks and blanks in it do not matter: WSO2's tool writes lines of 76 characters. Other signs do, though
// the server's decoder (Base64Utils of Axiom) makes some bytes of any text. A ciphertext of nothing gives the empty secret. Errors are *Error of the kinds NotBase64, OtherSize and OtherKey.
func (k *Key) Decrypt(text string) (secret.Secret, error) {
	if s, ok := k.known.Load(text); ok {
		return s.(secret.Secret), nil //nolint:forcetypeassert // nothing else is stored
	}
	sealed, err := decode(text)
	if err != nil {
		return secret.Secret{}, err
	}
	if len(sealed) != k.private.Size() {
		return secret.Secret{}, &Error{
			Kind: OtherSize, What: fmt.Sprintf("The ciphertext has %d bytes; those of the key in use have %d.", len(sealed), k.private.Size()),
			Fix: fixOtherKey,
		}
	}
	plain, err := rsa.DecryptPKCS1v15(nil, k.private, sealed) //nolint:staticcheck // what Carbon encrypts with is not ours to choose
	// One wrong key in some ten thousands seems to fit; what comes out then is no text.
	if err != nil || !utf8.Valid(plain) {
		return secret.Secret{}, &Error{Kind: OtherKey, What: "The ciphertext was made with another key than the one in use, or is damaged.", Fix: fixOtherKey}
	}
	s := secret.New(string(plain))
	k.known.Store(text, s)
	return s, nil
}

const fixOtherKey = "Encrypt the secret again with the key in use, or give RegistryKeyStore the key back that it was encrypted with."

// Holds reports whether a ciphertext decrypts to a secret: such a ciphertext can stay.
func (k *Key) Holds(text string, want secret.Secret) bool {
	got, err := k.Decrypt(text)
	return err == nil && got.Equal(want)
}

// decode decodes base64 with blanks and line breaks anywhere.
func decode(text string) ([]byte, error) {
	joined := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n\f", r) {
			return -1
		}
		return r
	}, text)
	out, err := base64.StdEncoding.DecodeString(joined)
	if err != nil {
		return nil, &Error{
			Kind: NotBase64, What: "The ciphertext is not base64, or a part of it is missing.",
			Fix: "Encrypt the secret again.",
		}
	}
	return out, nil
}
