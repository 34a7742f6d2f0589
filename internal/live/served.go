package live

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"carbon-setup/internal/remote"
)

// Served is what a server shows of itself in TLS.
type Served struct {
	Version uint16
	Suite   uint16
	Chain   [][]byte // DER, as sent, leaf first
	// Proven: the handshake was finished, so the server has the key of the certificate. Otherwise it speaks nothing that can be spoken here to the end.
	Proven bool
}

// Look shakes hands and returns what the server shows, whatever it is: nothing is verified. A server that speaks too old a TLS for a whole handshake is asked for its
// certificate alone. Errors are *Error.
func Look(ctx context.Context, e Endpoint) (*Served, error) {
	conn, err := connect(ctx, e, maxHandshake)
	if err != nil {
		return nil, explain(ctx, err, "TLS")
	}
	defer func() { _ = conn.Close() }() // nothing was sent over it
	client := tls.Client(conn, anyTLS(e))
	if err := client.HandshakeContext(ctx); err != nil {
		return lookOnly(ctx, e, err)
	}
	state := client.ConnectionState()
	s := &Served{Version: state.Version, Suite: state.CipherSuite, Proven: true}
	for _, c := range state.PeerCertificates {
		s.Chain = append(s.Chain, c.Raw)
	}
	return s, nil
}

// lookOnly reads the certificate of a server that crypto/tls cannot finish a handshake with.
func lookOnly(ctx context.Context, e Endpoint, failed error) (*Served, error) {
	told := explainTLS(ctx, failed)
	if told.Kind != TLSFailed && told.Kind != Closed {
		return nil, told
	}
	h, err := Ask(ctx, e, Offer{Version: TLS12, Suites: Ordinary(), Chain: true})
	if err != nil {
		return nil, err
	}
	if !h.Accepted || len(h.Chain) == 0 {
		return nil, told
	}
	return &Served{Version: h.Version, Suite: h.Suite, Chain: h.Chain}, nil
}

// anyTLS is a client that takes everything that crypto/tls can.
func anyTLS(e Endpoint) *tls.Config {
	c := &tls.Config{ServerName: e.Name, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10} // #nosec G402 -- it is looked at only, or verified by Trust
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		c.CipherSuites = append(c.CipherSuites, s.ID)
	}
	return c
}

// explainTLS tells a failed handshake from a connection that failed.
func explainTLS(ctx context.Context, err error) *Error {
	var alert tls.AlertError
	var header tls.RecordHeaderError
	var told *Error
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &header):
		return explain(ctx, remote.ErrUnintelligible, "TLS")
	case errors.As(err, &alert):
		return &Error{TLSFailed, "refuses every handshake", err}
	}
	e := explain(ctx, err, "TLS")
	if e.Kind == Unreachable {
		return &Error{TLSFailed, "speaks a TLS that cannot be spoken here to the end", err}
	}
	return e
}

// Trust is what a certificate is verified by.
type Trust struct {
	Roots *x509.CertPool
	// Leaf is the certificate that the server has to show, in DER; the caller has found its names in order.
	Leaf []byte
	Now  func() time.Time // nil = the clock
}

func (t Trust) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

// VerifyChain verifies a chain against the roots, at a time. A certificate that is itself among the roots is trusted.
func VerifyChain(chain [][]byte, roots *x509.CertPool, at time.Time) error {
	if len(chain) == 0 {
		return errors.New("no certificate")
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return err
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, der := range chain[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			options.Intermediates.AddCert(c)
		}
	}
	_, err = leaf.Verify(options)
	return err
}

// config is a client that goes on only with the certificate of the trust, and only when it verifies. Who has no leaf trusts anyone.
func (t Trust) config(e Endpoint) *tls.Config {
	c := anyTLS(e)
	if t.Leaf == nil {
		return c
	}
	c.CipherSuites = nil
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if strengthOf(s.ID) == Good {
			c.CipherSuites = append(c.CipherSuites, s.ID)
		}
	}
	c.VerifyConnection = func(state tls.ConnectionState) error {
		var chain [][]byte
		for _, cert := range state.PeerCertificates {
			chain = append(chain, cert.Raw)
		}
		if len(chain) == 0 || !bytes.Equal(chain[0], t.Leaf) {
			return &Error{Kind: Unverified, What: "shows another certificate than a moment ago"}
		}
		if err := VerifyChain(chain, t.Roots, t.now()); err != nil {
			return &Error{Unverified, "shows a certificate that cannot be verified", err}
		}
		return nil
	}
	return c
}

// strengthOf is Good for what the table of weak suites does not have, too: suites of TLS 1.3.
func strengthOf(id uint16) Strength {
	for _, of := range Weak() {
		for _, s := range suites[of] {
			if s.id == id {
				return of
			}
		}
	}
	return Good
}

// String returns "TLSv1.2 with TLS_RSA_WITH_AES_128_CBC_SHA".
func (s *Served) String() string {
	return fmt.Sprintf("%s with %s", VersionName(s.Version), SuiteName(s.Suite))
}
