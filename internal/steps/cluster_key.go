package steps

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"

	"carbon-setup/internal/carbon"
)

// clusterKey is the key with which the server encrypts what it keeps in its databases: all nodes have to have the same.
type clusterKey struct {
	fingerprint string // "SHA256:" and 64 hexadecimal digits; "" = not known
	place       carbon.Place
	why         string // why it is not known, a sentence
}

const fingerprintPrefix = "SHA256:"

// encryptionKey returns the fingerprint of the key of RegistryKeyStore, edits included. It is that of the public key, not of a certificate: nodes may have
// the same key with certificates of their own. CryptoUtil opens this store, for the registry, the user stores and the vault.
func encryptionKey(w *Workspace) clusterKey {
	k := clusterKey{place: carbon.Place{File: carbon.CarbonXML}}
	ref := readStores(w).carbonStore("RegistryKeyStore")
	if ref == nil {
		k.why = carbon.CarbonXML + " names no RegistryKeyStore, or cannot be read."
		return k
	}
	k.place = ref.place
	now := keyInForce(w, ref)
	switch {
	case now.err != nil:
		k.why = "The key of " + ref.written + " cannot be read: " + storeFault(now.err)
		return k
	case now.id == nil:
		k.why = "The passwords of " + ref.written + " are in the secure vault, which is not open."
		return k
	}
	der, err := x509.MarshalPKIXPublicKey(now.id.Signer().Public())
	if err != nil {
		k.why = "The key of " + ref.written + " is of a kind that has no fingerprint."
		return k
	}
	sum := sha256.Sum256(der)
	k.fingerprint = fingerprintPrefix + hex.EncodeToString(sum[:])
	return k
}

// plainFingerprint takes away how people write fingerprints: colons, capitals, the name of the hash.
func plainFingerprint(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	text = strings.TrimPrefix(strings.TrimPrefix(text, "sha256:"), "sha-256:")
	return strings.ReplaceAll(strings.ReplaceAll(text, ":", ""), " ", "")
}

func checkFingerprint(text string) *Problem {
	if text == "" {
		return nil
	}
	if raw, err := hex.DecodeString(plainFingerprint(text)); err != nil || len(raw) != sha256.Size {
		return &Problem{
			Severity: Error, Message: "This is no SHA-256 fingerprint: that has 64 hexadecimal digits.",
			Fix: "Copy it from the audit of the first node: carbon-setup audit shows it under CS-13.7.",
		}
	}
	return nil
}

// differs reports that the key is known and is not the one that the answer names.
func (k clusterKey) differs(wanted string) bool {
	return wanted != "" && k.fingerprint != "" && plainFingerprint(wanted) != plainFingerprint(k.fingerprint)
}
