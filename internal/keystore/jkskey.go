package keystore

import (
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the protection of keys in the JKS format
	"crypto/subtle"
	"encoding/asn1"
	"errors"

	"carbon-setup/internal/secret"
)

// oidJKSKeyProtector is sun.security.provider.KeyProtector.
var oidJKSKeyProtector = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}

// errKeyDigest is a protected key that the password does not open.
var errKeyDigest = errors.New("keystore: the key's digest does not match")

// openJKSKey returns the PKCS#8 key inside an entry of a JKS file. Callers clear it.
func openJKSKey(protected []byte, password secret.Secret) ([]byte, error) {
	info, err := parseEncryptedKey(protected)
	if err != nil || !info.Algorithm.Algorithm.Equal(oidJKSKeyProtector) {
		return nil, &Error{Kind: Damaged, What: "the private key is not protected in the way of JKS files"}
	}
	data := info.Data
	if len(data) < 2*sha1.Size {
		return nil, &Error{Kind: Damaged, What: "the private key is cut off"}
	}
	salt, digest := data[:sha1.Size], data[len(data)-sha1.Size:]
	chars := javaChars(password)
	defer clear(chars)
	plain := jksKeyStream(data[sha1.Size:len(data)-sha1.Size], salt, chars)
	if subtle.ConstantTimeCompare(jksKeyDigest(chars, plain), digest) != 1 {
		clear(plain)
		return nil, errKeyDigest
	}
	return plain, nil
}

// protectJKSKey is the reverse of openJKSKey, with a random salt.
func protectJKSKey(plain []byte, password secret.Secret) ([]byte, error) {
	salt := make([]byte, sha1.Size)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	chars := javaChars(password)
	defer clear(chars)
	data := append([]byte(nil), salt...)
	data = append(data, jksKeyStream(plain, salt, chars)...)
	data = append(data, jksKeyDigest(chars, plain)...)
	return marshalEncryptedKey(oidJKSKeyProtector, asn1.NullRawValue, data)
}

// jksKeyStream encrypts and decrypts: text XOR the chain of SHA-1(password, previous block), which begins with the salt.
func jksKeyStream(text, salt, chars []byte) []byte {
	out := make([]byte, len(text))
	block := salt
	for from := 0; from < len(text); from += sha1.Size {
		h := sha1.New() //nolint:gosec // the protection of keys in the JKS format
		h.Write(chars)
		h.Write(block)
		block = h.Sum(nil)
		end := min(from+sha1.Size, len(text))
		subtle.XORBytes(out[from:end], text[from:end], block)
	}
	return out
}

func jksKeyDigest(chars, plain []byte) []byte {
	h := sha1.New() //nolint:gosec // the protection of keys in the JKS format
	h.Write(chars)
	h.Write(plain)
	return h.Sum(nil)
}
