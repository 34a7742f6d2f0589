package assets

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
)

// What products ship: one password and one alias for everything.
const (
	storePassword = "wso2carbon"
	keyAlias      = "wso2carbon"
	keyBits       = 2048
)

// stores are the two keystores of a sample.
type stores struct{ identity, trust []byte }

// makeStores makes them once per process: a key takes longer than everything else that Unpack does.
var makeStores = sync.OnceValues(func() (stores, error) {
	s, err := newStores(time.Now())
	if err != nil {
		return stores{}, fmt.Errorf("making the sample's key: %w", err)
	}
	return s, nil
})

// newStores makes wso2carbon.jks with one private key and client-truststore.jks, which trusts its certificate under both aliases
// that products use.
func newStores(now time.Time) (stores, error) {
	key, certificate, err := selfSigned(now)
	if err != nil {
		return stores{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return stores{}, err
	}
	password := []byte(storePassword)
	cert := keystore.Certificate{Type: "X509", Content: certificate}

	identity := keystore.New()
	entry := keystore.PrivateKeyEntry{CreationTime: now, PrivateKey: pkcs8, CertificateChain: []keystore.Certificate{cert}}
	if err := identity.SetPrivateKeyEntry(keyAlias, entry, password); err != nil {
		return stores{}, err
	}
	trust := keystore.New(keystore.WithOrderedAliases())
	for _, alias := range []string{keyAlias, "localhost"} {
		if err := trust.SetTrustedCertificateEntry(alias, keystore.TrustedCertificateEntry{CreationTime: now, Certificate: cert}); err != nil {
			return stores{}, err
		}
	}
	var a, b bytes.Buffer
	if err := errors.Join(identity.Store(&a, password), trust.Store(&b, password)); err != nil {
		return stores{}, err
	}
	return stores{a.Bytes(), b.Bytes()}, nil
}

// writeKeystores puts the keystores in their places.
func writeKeystores(dir string) error {
	s, err := makeStores()
	if err != nil {
		return err
	}
	const folder = "repository/resources/security/"
	return errors.Join(
		write(dir, folder+"wso2carbon.jks", s.identity, 0o644),
		write(dir, folder+"client-truststore.jks", s.trust, 0o644),
	)
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
