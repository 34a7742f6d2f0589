package keystore

import (
	"bytes"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // to name the kind of key of old certificates
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/md5" //nolint:gosec // a fingerprint
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // a fingerprint
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Certificate is a certificate as it came. X509 is nil for one that Go's parser refuses and Java may accept, such as one with a negative serial number.
type Certificate struct {
	Raw  []byte // DER, never changed
	X509 *x509.Certificate

	loose      *looseCertificate // of one without X509
	selfSigned func() bool       // asked of few, and a signature takes its time
}

// looseCertificate is what can be read of any certificate.
type looseCertificate struct {
	subject, issuer     []byte
	notBefore, notAfter time.Time
	key                 []byte // SubjectPublicKeyInfo
	keyAlgorithm        asn1.ObjectIdentifier
	keyBits             int // of an RSA key; 0: unknown
	signature           asn1.ObjectIdentifier
}

// ParseCertificate reads one certificate from DER. What follows it is left out.
func ParseCertificate(der []byte) (*Certificate, error) {
	c, err := parseCertificate(der)
	if err == nil {
		c.selfSigned = sync.OnceValue(func() bool { return bytes.Equal(c.rawSubject(), c.rawIssuer()) && signedBy(c, c) != signatureWrong })
	}
	return c, err
}

func parseCertificate(der []byte) (*Certificate, error) {
	x, err := x509.ParseCertificate(der)
	if err == nil {
		return &Certificate{Raw: x.Raw, X509: x}, nil
	}
	loose, raw, err := parseLoose(der)
	if err != nil {
		return nil, &Error{Kind: Damaged, What: "A certificate in it is damaged.", Fix: fixCopyAgain}
	}
	if x, err := x509.ParseCertificate(raw); err == nil {
		return &Certificate{Raw: raw, X509: x}, nil
	}
	return &Certificate{Raw: bytes.Clone(raw), loose: loose}, nil
}

type looseTBS struct {
	Version    int           `asn1:"optional,explicit,default:0,tag:0"`
	Serial     asn1.RawValue // may be negative
	Signature  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   struct{ NotBefore, NotAfter time.Time }
	Subject    asn1.RawValue
	PublicKey  loosePublicKey
	IssuerID   asn1.BitString `asn1:"optional,tag:1"`
	SubjectID  asn1.BitString `asn1:"optional,tag:2"`
	Extensions asn1.RawValue  `asn1:"optional,explicit,tag:3"`
}

type loosePublicKey struct {
	Raw       asn1.RawContent
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

func parseLoose(der []byte) (*looseCertificate, []byte, error) {
	var c struct {
		Raw       asn1.RawContent
		TBS       looseTBS
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		return nil, nil, err
	}
	var rsaKey struct{ N, E *big.Int }
	bits := 0
	if unmarshalAll(c.TBS.PublicKey.Key.Bytes, &rsaKey) == nil {
		bits = rsaKey.N.BitLen()
	}
	return &looseCertificate{
		subject: c.TBS.Subject.FullBytes, issuer: c.TBS.Issuer.FullBytes, notBefore: c.TBS.Validity.NotBefore, notAfter: c.TBS.Validity.NotAfter,
		key: c.TBS.PublicKey.Raw, keyAlgorithm: c.TBS.PublicKey.Algorithm.Algorithm, keyBits: bits, signature: c.Algorithm.Algorithm,
	}, c.Raw, nil
}

// Equal reports whether both are the same bytes.
func (c *Certificate) Equal(o *Certificate) bool { return bytes.Equal(c.Raw, o.Raw) }

func (c *Certificate) rawSubject() []byte {
	if c.X509 != nil {
		return c.X509.RawSubject
	}
	return c.loose.subject
}

func (c *Certificate) rawIssuer() []byte {
	if c.X509 != nil {
		return c.X509.RawIssuer
	}
	return c.loose.issuer
}

func (c *Certificate) rawKey() []byte {
	if c.X509 != nil {
		return c.X509.RawSubjectPublicKeyInfo
	}
	return c.loose.key
}

// Subject is the distinguished name as RFC 4514 writes it, at most 200 characters, printable.
func (c *Certificate) Subject() string { return distinguishedName(c.rawSubject()) }

// Issuer is the distinguished name of who signed.
func (c *Certificate) Issuer() string { return distinguishedName(c.rawIssuer()) }

// Name is the shortest name to call the certificate by: its common name, its organization, or its subject.
func (c *Certificate) Name() string {
	name, ok := parseName(c.rawSubject())
	switch {
	case ok && strings.TrimSpace(name.CommonName) != "":
		return Printable(name.CommonName)
	case ok && len(name.OrganizationalUnit) > 0 && strings.TrimSpace(name.OrganizationalUnit[0]) != "":
		return Printable(name.OrganizationalUnit[0])
	case ok && len(name.Organization) > 0 && strings.TrimSpace(name.Organization[0]) != "":
		return Printable(name.Organization[0])
	}
	if sans := c.SANs(); len(sans) > 0 {
		return Printable(sans[0])
	}
	return c.Subject()
}

func parseName(raw []byte) (pkix.Name, bool) {
	var sequence pkix.RDNSequence
	var name pkix.Name
	if unmarshalAll(raw, &sequence) != nil {
		return name, false
	}
	name.FillFromRDNSequence(&sequence)
	return name, true
}

func distinguishedName(raw []byte) string {
	name, ok := parseName(raw)
	if !ok {
		return "a name that cannot be read"
	}
	if text := Printable(name.String()); text != "" {
		return text
	}
	return "no name"
}

// Printable makes text of a file fit to be shown: control characters and what a terminal would act on become U+FFFD, and it is cut after 200 characters.
func Printable(text string) string {
	const longest = 200
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Validity is the time in which the certificate is valid.
func (c *Certificate) Validity() (notBefore, notAfter time.Time) {
	if c.X509 != nil {
		return c.X509.NotBefore.UTC(), c.X509.NotAfter.UTC()
	}
	return c.loose.notBefore.UTC(), c.loose.notAfter.UTC()
}

// Key is "RSA" and 2048, "EC" and 256; 0 bits: unknown.
func (c *Certificate) Key() (algorithm string, bits int) {
	if c.X509 != nil {
		return keyInfo(c.X509.PublicKey)
	}
	switch c.loose.keyAlgorithm.String() {
	case "1.2.840.113549.1.1.1":
		return "RSA", c.loose.keyBits
	case "1.2.840.10040.4.1":
		return "DSA", 0
	case "1.2.840.10045.2.1":
		return "EC", 0
	}
	return "unknown", 0
}

func keyInfo(public crypto.PublicKey) (algorithm string, bits int) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return "RSA", k.N.BitLen()
	case *ecdsa.PublicKey:
		return "EC", k.Curve.Params().BitSize
	case ed25519.PublicKey:
		return "Ed25519", 8 * len(k)
	case *dsa.PublicKey:
		return "DSA", k.P.BitLen()
	}
	return "unknown", 0
}

// Signature is the algorithm of the signature: "SHA256-RSA".
func (c *Certificate) Signature() string {
	if c.X509 != nil && c.X509.SignatureAlgorithm != x509.UnknownSignatureAlgorithm {
		return c.X509.SignatureAlgorithm.String()
	}
	oid := c.signatureOID()
	if name, ok := oldSignatures[oid.String()]; ok {
		return name
	}
	return oid.String()
}

// oldSignatures are those that Go has no name for.
var oldSignatures = map[string]string{
	"1.2.840.113549.1.1.2":   "MD2-RSA",
	"1.2.840.113549.1.1.3":   "MD4-RSA",
	"1.2.840.113549.1.1.4":   "MD5-RSA",
	"1.2.840.113549.1.1.5":   "SHA1-RSA",
	"1.3.14.3.2.29":          "SHA1-RSA",
	"1.2.840.113549.1.1.11":  "SHA256-RSA",
	"1.2.840.113549.1.1.12":  "SHA384-RSA",
	"1.2.840.113549.1.1.13":  "SHA512-RSA",
	"1.2.840.113549.1.1.14":  "SHA224-RSA",
	"1.2.840.10040.4.3":      "DSA-SHA1",
	"2.16.840.1.101.3.4.3.2": "DSA-SHA256",
	"1.2.840.10045.4.1":      "ECDSA-SHA1",
}

func (c *Certificate) signatureOID() asn1.ObjectIdentifier {
	if c.X509 == nil {
		return c.loose.signature
	}
	loose, _, err := parseLoose(c.Raw)
	if err != nil {
		return nil
	}
	return loose.signature
}

// SANs are the DNS names and addresses for which the certificate is valid.
func (c *Certificate) SANs() []string {
	if c.X509 == nil {
		return nil
	}
	var all []string
	for _, name := range c.X509.DNSNames {
		all = append(all, Printable(name))
	}
	for _, ip := range c.X509.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

// keyUsages are the words of RFC 5280, in the order of the bits.
var keyUsages = []struct {
	bit  x509.KeyUsage
	word string
}{
	{x509.KeyUsageDigitalSignature, "digitalSignature"},
	{x509.KeyUsageContentCommitment, "nonRepudiation"},
	{x509.KeyUsageKeyEncipherment, "keyEncipherment"},
	{x509.KeyUsageDataEncipherment, "dataEncipherment"},
	{x509.KeyUsageKeyAgreement, "keyAgreement"},
	{x509.KeyUsageCertSign, "keyCertSign"},
	{x509.KeyUsageCRLSign, "cRLSign"},
	{x509.KeyUsageEncipherOnly, "encipherOnly"},
	{x509.KeyUsageDecipherOnly, "decipherOnly"},
}

// KeyUsage lists what the key may be used for in the words of RFC 5280; ok is false when the certificate does not say.
func (c *Certificate) KeyUsage() (uses []string, critical, ok bool) {
	if c.X509 == nil {
		return nil, false, false
	}
	for _, e := range c.X509.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 15}) {
			critical, ok = e.Critical, true
		}
	}
	for _, u := range keyUsages {
		if c.X509.KeyUsage&u.bit != 0 {
			uses = append(uses, u.word)
		}
	}
	return uses, critical, ok
}

// SelfSigned reports whether the certificate is signed by its own key.
func (c *Certificate) SelfSigned() bool { return c.selfSigned != nil && c.selfSigned() }

// SHA256 is the fingerprint as keytool prints it: upper-case hex with colons.
func (c *Certificate) SHA256() string { h := sha256.Sum256(c.Raw); return fingerprint(h[:]) }

// SHA1 is the fingerprint as keytool prints it.
func (c *Certificate) SHA1() string { h := sha1.Sum(c.Raw); return fingerprint(h[:]) } //nolint:gosec // an identity, not a proof

// MD5 is the fingerprint as keytool prints it.
func (c *Certificate) MD5() string { h := md5.Sum(c.Raw); return fingerprint(h[:]) } //nolint:gosec // an identity, not a proof

func fingerprint(sum []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// PEM returns the certificate as a PEM block.
func (c *Certificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// certifies reports whether the certificate is that of a public key.
func (c *Certificate) certifies(public crypto.PublicKey) bool {
	if c.X509 == nil {
		der, err := x509.MarshalPKIXPublicKey(public)
		return err == nil && bytes.Equal(der, c.loose.key)
	}
	k, ok := c.X509.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(public)
}
