package directory

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"carbon-setup/internal/remote"
)

// maxHandshake is how many bytes a TLS handshake may take.
const maxHandshake = 1 << 20

// start gives the connection to the library.
func (t *Tester) start(g *guard, secure bool) {
	t.guard = g
	t.conn = ldap.NewConn(g, secure)
	t.conn.Start()
}

// oidStartTLS is the extended operation of RFC 4511.
const oidStartTLS = "1.3.6.1.4.1.1466.20037"

// startTLS asks the server to switch to TLS. The library could do it, but would tell neither why a handshake failed nor keep to a limit.
func (t *Tester) startTLS(ctx context.Context, e endpoint) *Error {
	stop := context.AfterFunc(ctx, func() { _ = t.raw.Close() })
	defer stop()
	g := newGuard(t.raw, t.raw)
	request := ber.NewSequence("LDAP Request")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(1), "MessageID"))
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "Start TLS")
	op.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, oidStartTLS, "OID"))
	request.AppendChild(op)
	if _, err := t.raw.Write(request.Bytes()); err != nil {
		return t.explain(ctx, g, err)
	}
	answer, err := g.message()
	if err != nil {
		return t.explain(ctx, g, err)
	}
	packet, err := ber.ReadPacket(bytes.NewReader(answer))
	if err != nil {
		return t.explain(ctx, g, g.fail(remote.ErrUnintelligible, nil))
	}
	if err := ldap.GetLDAPError(packet); err != nil {
		var refused *ldap.Error
		told := &Error{
			Kind: NoStartTLS, What: fmt.Sprintf("%s does not switch to TLS.", shown(e)), wrapped: err,
			Cause: "The server has no certificate, or StartTLS is not allowed.", Fix: "Use ldaps:// and its port, usually 636: Carbon 4.2.0 can do nothing else.",
		}
		if errors.As(err, &refused) && refused.Err != nil {
			told.Server = words(refused.Err.Error())
		}
		return told
	}
	return nil
}

// verifier looks at the certificates of a server as Java will, and tells apart what is wrong.
type verifier struct {
	roots   *x509.CertPool
	host    string
	anyName bool
	now     func() time.Time

	chain   []*x509.Certificate
	warning *Error
}

// config has what Java 6, 7 and 8 speak, down to TLS 1.0: what cannot be tested cannot be told.
func (v *verifier) config() *tls.Config {
	var suites []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		suites = append(suites, s.ID)
	}
	c := &tls.Config{
		MinVersion:   tls.VersionTLS10,
		CipherSuites: suites,
		// The library stops at the first thing that is wrong; verify looks at each.
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection does it
		VerifyConnection:   v.verify,
	}
	if net.ParseIP(v.host) == nil {
		c.ServerName = v.host
	}
	return c
}

func (v *verifier) verify(state tls.ConnectionState) error {
	v.chain = state.PeerCertificates
	if len(v.chain) == 0 {
		return &Error{Kind: TLSFailed, What: "The server shows no certificate."}
	}
	leaf, now := v.chain[0], v.now()
	switch {
	case now.After(leaf.NotAfter):
		return v.bad(Expired, fmt.Sprintf("The certificate of the directory expired on %s.", day(leaf.NotAfter)), "Have it renewed on the directory.")
	case now.Before(leaf.NotBefore):
		return v.bad(Expired, fmt.Sprintf("The certificate of the directory is not valid before %s.", day(leaf.NotBefore)), "Compare the clocks of both machines.")
	}
	between := x509.NewCertPool()
	for _, c := range v.chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: v.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		return v.untrusted(err)
	}
	if v.named(leaf) {
		return nil
	}
	e := v.bad(WrongName, fmt.Sprintf("The certificate of the directory is for %s, not for %s.", certNames(leaf), quote(v.host)),
		"Write the name of the certificate into the URL, or have a certificate made for the name in the URL.")
	e.Cause = "Java since July 2018 (6u201, 7u191, 8u181) refuses such a certificate, older versions do not look at the name."
	if v.anyName {
		v.warning = e
		return nil
	}
	return e
}

// named reports whether the certificate is for the host; with no name in its extension Java takes the one in its subject.
func (v *verifier) named(leaf *x509.Certificate) bool {
	if leaf.VerifyHostname(v.host) == nil {
		return true
	}
	if len(leaf.DNSNames) > 0 || net.ParseIP(v.host) != nil {
		return false
	}
	return strings.EqualFold(leaf.Subject.CommonName, v.host)
}

func (v *verifier) untrusted(err error) *Error {
	last := v.chain[len(v.chain)-1]
	var weak x509.InsecureAlgorithmError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &weak), errors.As(err, &unknown) && strings.Contains(err.Error(), "insecure algorithm"):
		return v.bad(WeakChain, "The certificate of the directory is signed with SHA-1 or MD5, which this program does not check.", "Have a certificate made with SHA-256. Java 6 to 8 may accept this one; go on without the test if you know it.")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return v.bad(Expired, "A certificate between that of the directory and its issuer expired, or is not valid yet.", "Have the certificates of the directory renewed.")
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return v.bad(Untrusted, "The certificate of the directory is not made for servers: its extended key usage says something else.", "Have a certificate made for TLS servers.")
	}
	e := v.bad(Untrusted, fmt.Sprintf("The truststore does not trust the certificate of the directory: its issuer is %s.", quote(last.Issuer.String())),
		"Import the certificate of the issuer into client-truststore.jks, and compare its fingerprint with its owner first.")
	e.Cause = "The server would stop with PKIX path building failed."
	return e
}

func (v *verifier) bad(kind ErrorKind, what, fix string) *Error {
	return &Error{Kind: kind, What: what, Fix: fix, Chain: v.chain}
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// certNames lists up to five names that a certificate is for.
func certNames(c *x509.Certificate) string {
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{c.Subject.CommonName}
	}
	const most = 5
	var quoted []string
	for _, n := range names[:min(len(names), most)] {
		quoted = append(quoted, quote(n))
	}
	text := strings.Join(quoted, ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}

func tlsError(ctx context.Context, e endpoint, err error) *Error {
	where := shown(e)
	var told *Error
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &told):
		return told
	case errors.Is(ctx.Err(), context.Canceled):
		return canceled(err)
	case errors.Is(err, remote.ErrTooMuch):
		return &Error{Kind: TooMuch, What: fmt.Sprintf("%s sends more than any TLS handshake takes.", where), Cause: "It is no directory.", Fix: "Check the host and the port in the URL.", wrapped: err}
	case ctx.Err() != nil:
		return &Error{
			Kind: Silent, What: fmt.Sprintf("%s does not answer the TLS handshake.", where), wrapped: err,
			Cause: "The port speaks ldap:// without TLS, or something between stops the connection.", Fix: "Check the port: 636 is usual with ldaps://.",
		}
	case errors.As(err, &record):
		return &Error{
			Kind: NotTLS, What: fmt.Sprintf("%s does not speak TLS.", where), wrapped: err,
			Cause: "The port is that of ldap://, or of something else.", Fix: "Check the port: 636 is usual with ldaps://.",
		}
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), isReset(err):
		return &Error{
			Kind: Closed, What: fmt.Sprintf("%s ended the connection during the TLS handshake.", where), wrapped: err,
			Cause: "The port is that of ldap://, or the server has no certificate.", Fix: "Check the port, and the certificate of the directory.",
		}
	case errors.As(err, &alert), strings.Contains(err.Error(), "protocol version"):
		return &Error{
			Kind: TLSFailed, What: fmt.Sprintf("%s refuses the TLS handshake.", where), Server: words(strings.TrimPrefix(err.Error(), "remote error: ")), wrapped: err,
			Cause: "No version of TLS and no cipher is known to both, or the server wants a certificate of its clients.", Fix: "Compare the TLS settings of the directory with those of the Java of this server.",
		}
	}
	return &Error{
		Kind: TLSFailed, What: fmt.Sprintf("The TLS handshake with %s failed.", where), wrapped: err,
		Cause: "What the server sent is not as TLS wants it.", Fix: "Check the port, and the certificate of the directory.",
	}
}
