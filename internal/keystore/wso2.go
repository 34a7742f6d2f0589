package keystore

import (
	"crypto/sha256"
	"encoding/hex"
)

// What WSO2 ships in wso2carbon.jks and client-truststore.jks of every product of the Carbon 4.2.0 generation. The private key of the first is in every
// download; that of the others is WSO2's, for tests.

// defaultKeys are the SHA-256 sums of public keys (SubjectPublicKeyInfo).
var defaultKeys = map[string]string{
	"da909c62b1bdd210c5c70382b15c9aef0a5b423aa1072dce3ec172c93fbbd74f": "the key of wso2carbon.jks",
}

// testKeys are the other keys of WSO2 that a server should not go on trusting.
var testKeys = map[string]string{
	"88b91407429bceb79a1b7e3488bb826cc3e12661cc77e65f63191df7ab3ed06e": "a test certificate of WSO2 (CN=wso2carbon)",
	"cd9dbf408ae0c2762c01d86752c697694d758c6085022886c5ed3fbc5e5d503e": "the test CA of WSO2 (WSO2 Identity Solution CA)",
}

// defaultFingerprint is that of the shipped certificate, SHA-1, as in config-validation.xml's check for the default keystore.
const defaultFingerprint = "6B:F8:E1:36:EB:36:D4:A5:6E:A0:5C:7A:E4:B9:A4:5B:63:BF:97:5D"

// IsDefault reports whether the certificate, or the key in it, is the one that WSO2 ships with every product and whose private key everyone has.
func (c *Certificate) IsDefault() bool {
	return c.SHA1() == defaultFingerprint || defaultKeys[c.keySum()] != ""
}

// shipped reports whether the certificate is one of those that WSO2 ships for its own keys.
func (c *Certificate) shipped() bool { return c.IsDefault() || testKeys[c.keySum()] != "" }

func (c *Certificate) keySum() string {
	sum := sha256.Sum256(c.rawKey())
	return hex.EncodeToString(sum[:])
}
