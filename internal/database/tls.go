package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"carbon-setup/internal/remote"
)

// certificate errors wrap what x509 says; the drivers would turn it into text.
type certificateError struct {
	cert *x509.Certificate
	err  error
}

func (e *certificateError) Error() string { return e.err.Error() }
func (e *certificateError) Unwrap() error { return e.err }

// tlsConfig returns a configuration that trusts as much as the parameters say, and tells seen, which may be nil, once the certificate was accepted.
func (p *probe) tlsConfig(seen func(tls.ConnectionState)) *tls.Config {
	host := p.hosts[0].Host
	c := &tls.Config{
		ServerName:         host,
		MinVersion:         tls.VersionTLS10, // what is there must be told; what is old is warned of
		InsecureSkipVerify: true,             //nolint:gosec // VerifyConnection does it, as far as the driver of Carbon will
	}
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if err := p.verify(s); err != nil {
			return err
		}
		if seen != nil {
			seen(s)
		}
		return nil
	}
	return c
}

// verify checks a certificate as the parameters ask.
func (p *probe) verify(s tls.ConnectionState) error {
	if !p.want.issuer || len(s.PeerCertificates) == 0 {
		return nil
	}
	leaf := s.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	roots, _ := p.issuers()
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: p.o.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return &certificateError{leaf, err}
	}
	name := p.certificateName()
	if !p.want.name {
		return nil
	}
	if err := leaf.VerifyHostname(name); err != nil && !oldName(leaf, name) {
		return &certificateError{leaf, err}
	}
	return nil
}

// certificateName is the name that the certificate must be made out for.
func (p *probe) certificateName() string {
	if p.want.certName != "" {
		return p.want.certName
	}
	return p.hosts[0].Host
}

// oldName accepts the common name of a certificate without alternative names, as Java does and Go no longer.
func oldName(c *x509.Certificate, name string) bool {
	if len(c.DNSNames)+len(c.IPAddresses)+len(c.EmailAddresses)+len(c.URIs) > 0 {
		return false
	}
	return strings.EqualFold(c.Subject.CommonName, name)
}

// handshake makes TLS of c.
func (p *probe) handshake(ctx context.Context, c net.Conn) (*tls.Conn, error) {
	t := tls.Client(c, p.tlsConfig(nil))
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, p.explainTLS(ctx, err)
	}
	return t, nil
}

// secured tells what came out of a handshake.
func (p *probe) secured(s tls.ConnectionState) outcome {
	p.facts.encrypted = tls.VersionName(s.Version)
	text := fmt.Sprintf("%s, %s.", tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite))
	switch {
	case p.want.issuer && p.want.name:
		text += fmt.Sprintf(" The certificate is trusted and made out for %s.", p.certificateName())
	case p.want.issuer:
		text += " The certificate is trusted; its name is not checked, as the parameters say."
	default:
		text += " The certificate is not checked, as the parameters say: who can redirect the connection can read it."
	}
	if _, unread := p.issuers(); unread != "" && p.want.issuer {
		text += fmt.Sprintf(" It was checked against the issuers that Carbon trusts: the file that the parameters name, %s, cannot be read from here as PEM.", remote.Words(unread))
		return warned("%s", text)
	}
	if s.Version < tls.VersionTLS12 {
		return warned("%s Java refuses versions before TLS 1.2 since 8u291: upgrade the database server.", text)
	}
	return passed("%s", text)
}

// inTheClear is the outcome of a connection without TLS.
func (p *probe) inTheClear(why string) outcome {
	return notTested("Not encrypted: %s What goes to and from the database can be read on its way.", why)
}

// excluded says why the driver uses no TLS.
func (p *probe) excluded() string {
	if p.want.asked == unasked {
		return "no parameter asks for TLS, and without one the driver does not use it."
	}
	return "the parameters exclude TLS (" + p.want.asked + ")."
}

// explainTLS says why a handshake failed.
func (p *probe) explainTLS(ctx context.Context, err error) *Error {
	e := &Error{Stage: TLS, Kind: TLSFailed, wrapped: err}
	var cert *certificateError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &cert):
		p.explainCertificate(e, cert)
	case errors.As(err, &alert):
		e.What = "The server ended the TLS handshake."
		e.Server = remote.Words(alert.Error())
		e.Cause = "It has no version or cipher in common with us, or it wants a certificate of the client."
		e.Fix = "Look into the log of the database server. A server that only knows TLS 1.0 or older must be upgraded."
	case errors.As(err, &record):
		e.What = "The server answers to TLS with something else."
		e.Cause = "This port does not speak TLS: it starts as " + describe(record.RecordHeader[:]) + "."
		e.Fix = "Check the port, and whether TLS is switched on at the database server."
	case remote.TimedOut(err), ctx.Err() != nil:
		e.Kind = Silent
		e.What = "The server accepted TLS and then did not finish the handshake in time."
		e.Cause = "Something between here and there holds the packets back: a wrong MTU, a firewall that inspects TLS, or an overloaded server."
		e.Fix = "Try again; then ask whoever runs the network in between."
	case errors.Is(err, remote.ErrTooMuch):
		e.Kind = TooMuch
		e.What = "The server sends without end instead of finishing the TLS handshake."
		e.Fix = "Check the address and the port: this is no database server."
	case isClosed(err):
		e.Kind = Closed
		e.What = "The server hung up in the middle of the TLS handshake."
		e.Cause = "It has no version or cipher in common with us, or something in between forbids TLS."
		e.Fix = "Look into the log of the database server."
	default:
		e.What = "The TLS handshake failed: " + remote.Words(err.Error()) + "."
		e.Fix = "Look into the log of the database server."
	}
	return e
}

// explainCertificate says what is wrong with a certificate.
func (p *probe) explainCertificate(e *Error, c *certificateError) {
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	subject := remote.Words(c.cert.Subject.String())
	switch {
	case errors.As(c.err, &host):
		e.Kind = CertName
		e.What = fmt.Sprintf("The certificate of the server is not made out for %s.", remote.Words(p.certificateName()))
		e.Cause = "It is made out for " + certificateNames(c.cert) + "."
		e.Fix = "Use one of these names as the host, or give the server a certificate with the right name."
	case errors.As(c.err, &invalid) && invalid.Reason == x509.Expired:
		e.Kind = CertExpired
		e.What = fmt.Sprintf("The certificate of the server, or of its issuer, has expired or is not yet valid: %s is valid from %s to %s.", subject,
			c.cert.NotBefore.UTC().Format("2006-01-02"), c.cert.NotAfter.UTC().Format("2006-01-02"))
		e.Fix = "Give the server a new certificate; check the clocks of both machines."
	default:
		e.Kind = CertUntrusted
		e.What = fmt.Sprintf("The certificate of the server is not trusted: %s, issued by %s.", subject, remote.Words(c.cert.Issuer.String()))
		e.Cause = "The issuer is not among those that Carbon trusts (client-truststore.jks)."
		if remote.Words(c.cert.Issuer.String()) == subject {
			e.Cause = "It is self-signed, as the one is that a database server makes for itself, and it is not in client-truststore.jks."
		}
		e.Fix = "Have the certificate of the issuer added to the truststore, or let the parameters say that it is not checked."
	}
}

// certificateNames lists the names of a certificate.
func certificateNames(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, a := range c.IPAddresses {
		names = append(names, a.String())
	}
	if len(names) == 0 {
		names = []string{c.Subject.CommonName}
	}
	const most = 8
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	return remote.Words(strings.Join(names, ", "))
}
