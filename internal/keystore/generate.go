package keystore

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"
)

// Template is what the certificate or request of a new key says.
type Template struct {
	Subject   pkix.Name // its common name may be left empty: it is the first of Names
	Names     []string  // DNS names, also international ones and *.example.com, and IP addresses
	Bits      int       // 2048 to 8192; 0: 2048
	NotBefore time.Time // better an hour before now: clocks differ
	NotAfter  time.Time // NotBefore and NotAfter are not used for requests: the CA sets them
}

const (
	minBits       = 2048
	maxBits       = 8192 // a longer key takes minutes to make and slows every connection down
	maxCommonName = 64   // RFC 5280
)

func badTemplate(what, fix string) error { return &Error{Kind: BadTemplate, What: what, Fix: fix} }

// Check reports what SelfSigned and NewRequest would refuse, as an *Error, without making a key.
func (t Template) Check() error {
	_, _, _, err := t.check()
	return err
}

// check returns the template with its defaults, its names parted and in ASCII.
func (t Template) check() (out Template, dns []string, ips []net.IP, err error) {
	if t.Bits == 0 {
		t.Bits = minBits
	}
	switch {
	case t.Bits < minBits:
		return t, nil, nil, badTemplate(fmt.Sprintf("An RSA key of %d bits can be broken.", t.Bits), "Take 2048 bits or more.")
	case t.Bits > maxBits:
		return t, nil, nil, badTemplate(fmt.Sprintf("An RSA key of %d bits would make every connection slow.", t.Bits), "Take 2048 to 8192 bits.")
	}
	for _, name := range t.Names {
		if ip, ok := parseIP(name); ok {
			ips = append(ips, ip.AsSlice())
			continue
		}
		ascii := toASCII(strings.TrimSpace(name))
		if !validDNS(ascii) {
			return t, nil, nil, badTemplate(fmt.Sprintf("%s is neither a host name nor an IP address.", quote(name)), "Give the name under which clients reach the server.")
		}
		dns = append(dns, ascii)
	}
	if t.Subject.CommonName == "" && len(t.Names) == 0 {
		return t, nil, nil, badTemplate("A certificate needs a name.", "Give the host name of the server.")
	}
	if t.Subject.CommonName == "" {
		first := strings.TrimSpace(t.Names[0])
		if _, ip := parseIP(first); !ip {
			first = toASCII(first)
		}
		if len(first) <= maxCommonName { // a longer name stands in the extension alone
			t.Subject.CommonName = first
		}
	}
	return t, dns, ips, nil
}

// validDNS reports whether a name in ASCII can stand in a certificate.
func validDNS(name string) bool {
	name = strings.TrimPrefix(name, "*.")
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
				return false
			}
		}
	}
	return true
}

// SelfSigned makes an RSA key and a certificate signed by itself. Its key usage allows TLS and the encryption of data; WSO2's ciphertool asks for that, too.
func SelfSigned(t Template) (*Identity, error) {
	t, dns, ips, err := t.check()
	if err != nil {
		return nil, err
	}
	if !t.NotAfter.After(t.NotBefore) {
		return nil, badTemplate("The certificate would end before it begins.", "Give it a longer time of validity.")
	}
	key, err := rsa.GenerateKey(rand.Reader, t.Bits)
	if err != nil {
		return nil, fmt.Errorf("make an RSA key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	x := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), Subject: t.Subject, DNSNames: dns, IPAddresses: ips,
		NotBefore: t.NotBefore, NotAfter: t.NotAfter, SignatureAlgorithm: x509.SHA256WithRSA,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, x, x, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	cert, err := ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Identity{Chain: []*Certificate{cert}, key: openKey(key)}, nil
}

// Request is a key that waits for its certificate.
type Request struct {
	Pending *Identity // without chain; keep its EncryptedKey until the CA answers
	PEM     []byte    // PKCS#10, for the CA
}

// NewRequest makes an RSA key and a certificate signing request for it.
func NewRequest(t Template) (*Request, error) {
	checked, _, _, err := t.check()
	if err != nil {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, checked.Bits)
	if err != nil {
		return nil, fmt.Errorf("make an RSA key: %w", err)
	}
	return RequestFor(&Identity{key: openKey(key)}, t)
}

// RequestFor makes a certificate signing request for a key that exists: a renewal, or other names for a key that waits.
func RequestFor(id *Identity, t Template) (*Request, error) {
	t, dns, ips, err := t.check()
	if err != nil {
		return nil, err
	}
	x := &x509.CertificateRequest{Subject: t.Subject, DNSNames: dns, IPAddresses: ips}
	der, err := x509.CreateCertificateRequest(rand.Reader, x, id.key.signer.Signer)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate request: %w", err)
	}
	pending := &Identity{Alias: id.Alias, key: id.key}
	return &Request{Pending: pending, PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})}, nil
}
