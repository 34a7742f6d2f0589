package assets

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
)

// What products ship: one password and one alias for everything.
const (
	storePassword = "wso2carbon"
	keyAlias      = "wso2carbon"
	keyBits       = 2048
)

// writeKeystores makes wso2carbon.jks with one private key and client-truststore.jks, which trusts its certificate under both
// aliases that products use.
func writeKeystores(dir string) error {
	key, certificate, err := selfSigned(time.Now())
	if err != nil {
		return fmt.Errorf("making the sample's key: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	now := time.Now()
	password := []byte(storePassword)
	cert := keystore.Certificate{Type: "X509", Content: certificate}

	identity := keystore.New()
	entry := keystore.PrivateKeyEntry{CreationTime: now, PrivateKey: pkcs8, CertificateChain: []keystore.Certificate{cert}}
	if err := identity.SetPrivateKeyEntry(keyAlias, entry, password); err != nil {
		return err
	}
	trust := keystore.New(keystore.WithOrderedAliases())
	for _, alias := range []string{keyAlias, "localhost"} {
		if err := trust.SetTrustedCertificateEntry(alias, keystore.TrustedCertificateEntry{CreationTime: now, Certificate: cert}); err != nil {
			return err
		}
	}
	for rel, store := range map[string]keystore.KeyStore{
		"repository/resources/security/wso2carbon.jks":        identity,
		"repository/resources/security/client-truststore.jks": trust,
	} {
		var b bytes.Buffer
		if err := store.Store(&b, password); err != nil {
			return err
		}
		if err := write(dir, rel, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// selfSigned makes a key and a certificate for localhost, valid for ten years.
func selfSigned(now time.Time) (*rsa.PrivateKey, []byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:       serial,
		Subject:            pkix.Name{CommonName: "localhost", Organization: []string{"carbon-setup sample"}},
		NotBefore:          now.Add(-24 * time.Hour),
		NotAfter:           now.AddDate(10, 0, 0),
		SignatureAlgorithm: x509.SHA256WithRSA,
		DNSNames:           []string{"localhost"},
		IPAddresses:        []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment |
			x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	return key, der, nil
}
