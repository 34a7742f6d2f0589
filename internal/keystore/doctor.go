package keystore

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Use is what a key is for.
type Use int

// The uses.
const (
	TLS        Use = 1 << iota // KeyStore: the ports 9443 and 8243
	Encryption                 // RegistryKeyStore: vault, registry, user stores
)

// Against is what a key is judged by.
type Against struct {
	Now         time.Time
	Use         Use            // 0: both
	HostName    string         // of carbon.xml; "" = not judged
	MgtHostName string         // of carbon.xml; "" = not judged
	Roots       []*Certificate // the CAs that clients trust; nil: the chain is judged by itself
	NearExpiry  time.Duration  // 0: 30 days
	SelfSigned  bool           // a self-signed certificate is what was asked for: staging, or the encryption key
}

// Diagnose judges a key and its chain. The worst findings come first. IDs: default-key, key-weak, key-ec, key-kind, expired, not-yet-valid,
// near-expiry, signature-weak, chain-incomplete, chain-root, chain-signature, chain-order, chain-unrelated, chain-untrusted, ca-invalid, self-signed,
// name-missing, name-common, usage-tls, usage-ciphertool, unreadable.
func Diagnose(id *Identity, a Against) []Finding {
	leaf := id.Leaf()
	if leaf == nil {
		return []Finding{{ID: "awaited", Severity: Bad, Message: "The key has no certificate yet.", Fix: "Give the certificate that the CA made for it."}}
	}
	if a.Use == 0 {
		a.Use = TLS | Encryption
	}
	if a.NearExpiry == 0 {
		a.NearExpiry = 30 * 24 * time.Hour
	}
	d := &doctor{Against: a, id: id, leaf: leaf}
	d.key()
	d.validity()
	if a.Use&TLS != 0 {
		d.chain()
		d.signatures()
		d.names()
	}
	d.usage()
	return worstFirst(d.findings)
}

type doctor struct {
	Against
	id       *Identity
	leaf     *Certificate
	findings []Finding
}

func (d *doctor) say(id string, s Severity, message, fix string) {
	d.findings = append(d.findings, Finding{ID: id, Severity: s, Message: message, Fix: fix})
}

const fixNewRSA = "Have a certificate made for a new RSA key of at least 2048 bits."

// key judges the kind and the length of the key, and whether everyone has it.
func (d *doctor) key() {
	if d.leaf.IsDefault() {
		d.say("default-key", Bad, "This is the key that WSO2 ships with every product. Everyone can download its private key, read the traffic and decrypt the passwords.",
			"Use a key of your own.")
	}
	if d.leaf.X509 == nil {
		d.say("unreadable", Warning, "The certificate is not as the standards want it (RFC 5280): parts of it could not be judged.",
			"Have a new certificate made.")
	}
	algorithm, bits := keyInfo(d.id.key.signer.Public())
	switch algorithm {
	case "RSA":
		if bits < 2048 {
			d.say("key-weak", Bad, fmt.Sprintf("The RSA key has %d bits; keys under 2048 bits can be broken, and today's clients refuse them.", bits), fixNewRSA)
		}
	case "EC":
		if d.Use&Encryption != 0 {
			d.say("key-ec", Bad, fmt.Sprintf("The key is an EC key (%d bits); vault and registry encrypt with RSA alone and would fail.", bits),
				"Use a key of its own for encryption (encryption: own), or an RSA key for both.")
			return
		}
		d.say("key-ec", Warning, fmt.Sprintf("The key is an EC key (%d bits); TLS works with it on Java 7 and later, some clients of Java 6 fail.", bits),
			"Use an RSA key when such clients connect.")
	default:
		d.say("key-kind", Bad, fmt.Sprintf("The key is an %s key, which the Java of a Carbon 4.2.0 server does not know.", algorithm), fixNewRSA)
	}
}

// day shows a date as operators compare it with their calendar.
func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func (d *doctor) validity() {
	from, to := d.leaf.Validity()
	name := quote(d.leaf.Name())
	encryptionOnly := d.Use == Encryption
	switch {
	case d.Now.After(to) && encryptionOnly:
		d.say("expired", Note, fmt.Sprintf("The certificate %s expired on %s; for encryption alone that does no harm.", name, day(to)), "")
	case d.Now.After(to):
		d.say("expired", Bad, fmt.Sprintf("The certificate %s expired on %s; clients refuse it.", name, day(to)), "Have it renewed.")
	case d.Now.Before(from):
		d.say("not-yet-valid", Bad, fmt.Sprintf("The certificate %s is valid from %s on; clients refuse it until then.", name, day(from)),
			"Check the clock of this machine, or wait until then.")
	case to.Sub(d.Now) < d.NearExpiry && !encryptionOnly:
		d.say("near-expiry", Warning, fmt.Sprintf("The certificate %s expires on %s, in %s.", name, day(to), days(to.Sub(d.Now))), "Have it renewed now.")
	}
	if encryptionOnly {
		return
	}
	for _, c := range d.id.Chain[1:] {
		from, to := c.Validity()
		switch {
		case d.Now.After(to):
			d.say("ca-invalid", Bad, fmt.Sprintf("The CA certificate %s of the chain expired on %s.", quote(c.Name()), day(to)), "Ask the CA for its present chain.")
		case d.Now.Before(from):
			d.say("ca-invalid", Bad, fmt.Sprintf("The CA certificate %s of the chain is valid from %s on.", quote(c.Name()), day(from)), "Check the clock of this machine.")
		}
	}
}

func days(left time.Duration) string {
	switch n := int(left / (24 * time.Hour)); n {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", n)
	}
}

// chain judges whether clients can follow the chain.
func (d *doctor) chain() {
	last := d.id.Chain[len(d.id.Chain)-1]
	if d.id.Reordered {
		d.say("chain-order", Note, "The chain was stored in the wrong order.", "It is written in order; nothing is to be done.")
	}
	broken := d.brokenLink(last)
	if len(d.id.Unrelated) > 0 && broken == nil {
		d.say("chain-unrelated", Note, fmt.Sprintf("Not part of the chain and left out: %s.", list(certificateNames(d.id.Unrelated))), "")
	}
	switch {
	case broken != nil:
		d.say("chain-signature", Bad, fmt.Sprintf("The certificate %s names %s as its CA, and the certificate of that name did not sign it.", quote(last.Name()), quote(broken.Name())),
			"Get the CA certificate that belongs to it: CAs renew theirs under the same name.")
	case last.SelfSigned():
		d.selfSigned(last)
	case d.Roots == nil:
		d.openChain(last)
	case issuerOf(last, d.Roots, nil) == nil:
		d.openChain(last)
	}
	for i, c := range d.id.Chain[1:] {
		if c.X509 != nil && c.X509.Version == 3 && !c.X509.IsCA {
			d.say("ca-invalid", Bad, fmt.Sprintf("The certificate %s in the chain is not that of a CA, and may sign nothing.", quote(c.Name())),
				fmt.Sprintf("Ask who made the certificate %s for the right chain.", quote(d.id.Chain[i].Name())))
		}
	}
}

// brokenLink finds a certificate with the name of the issuer whose signature does not fit.
func (d *doctor) brokenLink(last *Certificate) *Certificate {
	if last.SelfSigned() {
		return nil
	}
	for _, c := range append([]*Certificate{last}, d.id.Unrelated...) {
		if bytes.Equal(c.rawSubject(), last.rawIssuer()) && signedBy(last, c) == signatureWrong {
			return c
		}
	}
	return nil
}

func certificateNames(all []*Certificate) []string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Name()
	}
	return names
}

// selfSigned judges a chain that ends in itself.
func (d *doctor) selfSigned(root *Certificate) {
	trusted := d.Roots == nil || slices.ContainsFunc(d.Roots, root.Equal)
	switch {
	case len(d.id.Chain) == 1 && d.SelfSigned:
	case len(d.id.Chain) == 1 && d.Roots != nil && trusted:
		d.say("self-signed", Note, "The certificate is self-signed; the given trust anchors hold it, browsers and other clients warn.", "For production, have a CA sign it.")
	case len(d.id.Chain) == 1:
		d.say("self-signed", Warning, "The certificate is self-signed: browsers and clients warn, unless they are given it beforehand.", "For production, have a CA sign it.")
	case !trusted:
		d.say("chain-untrusted", Warning, fmt.Sprintf("The chain ends in %s, which is not among the trust anchors.", quote(root.Name())),
			"Import that certificate into the truststore.")
	}
}

// openChain judges a chain that ends in a certificate whose issuer is not at hand.
func (d *doctor) openChain(last *Certificate) {
	fix := "Add the CA certificate to the files."
	if last.X509 != nil && len(last.X509.IssuingCertificateURL) > 0 {
		fix = fmt.Sprintf("Add the CA certificate to the files; the certificate names a place to get it: %s", Printable(last.X509.IssuingCertificateURL[0]))
	}
	if d.Roots != nil {
		d.say("chain-untrusted", Warning, fmt.Sprintf("The CA %s, which signed %s, is neither in the chain nor among the trust anchors.",
			quote(issuerName(last)), quote(last.Name())), fix)
		return
	}
	if len(d.id.Chain) > 1 {
		d.say("chain-root", Note, fmt.Sprintf("The chain ends at %s; the root CA above it, %s, is not in it. Clients have their own copy of the root.",
			quote(last.Name()), quote(issuerName(last))), "The truststore of this server needs the root; give it there.")
		return
	}
	d.say("chain-incomplete", Warning, fmt.Sprintf("The chain is incomplete: the CA certificate %s, which signed %s, is missing. Clients that do not have it refuse the server.",
		quote(issuerName(last)), quote(last.Name())), fix)
}

// issuerName is the shortest name of who signed.
func issuerName(c *Certificate) string {
	if name, ok := parseName(c.rawIssuer()); ok && strings.TrimSpace(name.CommonName) != "" {
		return Printable(name.CommonName)
	}
	return c.Issuer()
}

// signatures judges their algorithms; that of a root proves nothing and is not looked at.
func (d *doctor) signatures() {
	for i, c := range d.id.Chain {
		if i > 0 && c.SelfSigned() {
			continue
		}
		algorithm := c.Signature()
		if !weakSignature(algorithm) {
			continue
		}
		severity, what := Bad, "The certificate"
		if i > 0 {
			what = "The CA certificate"
		}
		if len(d.id.Chain) == 1 && c.SelfSigned() {
			severity = Warning
		}
		d.say("signature-weak", severity, fmt.Sprintf("%s %s is signed with %s, which can be forged; today's clients refuse it.", what, quote(c.Name()), algorithm),
			"Have it made again with SHA-256.")
	}
}

func weakSignature(algorithm string) bool {
	return slices.ContainsFunc([]string{"MD2", "MD4", "MD5", "SHA1"}, func(w string) bool { return strings.Contains(algorithm, w) })
}

// names compares the certificate with the host names of the server.
func (d *doctor) names() {
	type host struct{ name, element string }
	hosts := []host{{d.HostName, "HostName"}, {d.MgtHostName, "MgtHostName"}}
	if strings.EqualFold(d.HostName, d.MgtHostName) {
		hosts = hosts[:1]
	}
	for _, h := range hosts {
		if h.name == "" {
			continue
		}
		switch matchName(d.leaf, h.name) {
		case nameInSAN:
		case nameInCommonName:
			d.say("name-common", Note, fmt.Sprintf("The name %s (%s) stands in the common name of the certificate alone; today's browsers do not look there.", quote(h.name), h.element),
				"Have the name put into the subject alternative names.")
		case nameMissing:
			d.say("name-missing", Bad, fmt.Sprintf("The certificate is not for %s (%s of carbon.xml). %s", quote(h.name), h.element, d.validFor()),
				"Use a certificate for that name, or set the host name that the certificate has.")
		}
	}
}

func (d *doctor) validFor() string {
	names := d.leaf.SANs()
	if len(names) == 0 && d.leaf.X509 != nil && strings.TrimSpace(d.leaf.X509.Subject.CommonName) != "" {
		names = []string{d.leaf.X509.Subject.CommonName}
	}
	if len(names) == 0 {
		return "It names no host."
	}
	return "It is for " + list(names) + "."
}

// usage judges what the certificate allows its key to do.
func (d *doctor) usage() {
	if d.Use&TLS != 0 && d.leaf.X509 != nil && len(d.leaf.X509.ExtKeyUsage)+len(d.leaf.X509.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(d.leaf.X509.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(d.leaf.X509.ExtKeyUsage, x509.ExtKeyUsageAny) {
		d.say("usage-tls", Bad, "The extended key usage of the certificate does not name TLS servers; clients refuse it.",
			"Have a certificate for a TLS server made (serverAuth).")
	}
	uses, critical, said := d.leaf.KeyUsage()
	if !said {
		return
	}
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(uses, w) })
	}
	if d.Use&TLS != 0 && !has("digitalSignature", "keyEncipherment", "keyAgreement") {
		d.say("usage-tls", Bad, fmt.Sprintf("The certificate may be used for %s only, not for a TLS server.", strings.Join(uses, ", ")),
			"Have a certificate for a TLS server made (digitalSignature, keyEncipherment).")
	}
	if d.Use&Encryption != 0 && critical && !has("dataEncipherment") {
		d.say("usage-ciphertool", Note, "The key usage is critical and lacks dataEncipherment. The server and carbon-setup do not mind; only WSO2's ciphertool refuses such a certificate (\"Wrong key usage\").", "")
	}
}
