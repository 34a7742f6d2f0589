package dbtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"time"
)

// Certificate is a certificate with its key, and its issuer.
type Certificate struct {
	ChainPEM, KeyPEM, RootPEM []byte
}

// NewCertificate makes an issuer and a certificate of it for the names and addresses, valid between two times.
func NewCertificate(from, until time.Time, names ...string) (Certificate, error) {
	issuerKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Certificate{}, err
	}
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dbtest issuer"}, NotBefore: from.Add(-time.Hour), NotAfter: until.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	root, err := x509.CreateCertificate(rand.Reader, issuer, issuer, issuerKey.Public(), issuerKey)
	if err != nil {
		return Certificate{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Certificate{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, issuer, key.Public(), issuerKey)
	if err != nil {
		return Certificate{}, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Certificate{}, err
	}
	return Certificate{
		ChainPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		KeyPEM:   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
		RootPEM:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}),
	}, nil
}

// certify gives the server a certificate for localhost and Host.
func (s *Server) certify() (key, chain string, err error) {
	c, err := NewCertificate(time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), "localhost", Host)
	if err != nil {
		return "", "", err
	}
	key, chain = filepath.Join(s.dir, "key.pem"), filepath.Join(s.dir, "chain.pem")
	if err := put(key, c.KeyPEM); err != nil {
		return "", "", err
	}
	if err := put(chain, c.ChainPEM); err != nil {
		return "", "", err
	}
	s.RootsPEM, s.Roots = c.RootPEM, x509.NewCertPool()
	s.Roots.AppendCertsFromPEM(c.RootPEM)
	return key, chain, nil
}
