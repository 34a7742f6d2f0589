package database

import (
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"carbon-setup/internal/remote"
)

// secrecy is how TLS is used on a connection.
type secrecy int

const (
	inClear   secrecy = iota // never
	ifOffered                // if the server offers it
	always                   // or no connection
	atLogin                  // SQL Server: for the password, and not after it unless the server demands it
	fromStart                // SQL Server: encrypt=strict, TLS before the first word
)

// wanted is what a test makes of Wanted.
type wanted struct {
	tls       secrecy
	issuer    bool   // the certificate must come from a trusted issuer
	name      bool   // and be made out for the host
	certName  string // or for this name instead
	roots     string // the file of the trusted issuers, if the parameters name one
	publicKey bool   // MySQL: allowPublicKeyRetrieval
	schema    string // PostgreSQL: currentSchema
	options   string // PostgreSQL
	binding   string // PostgreSQL: channelBinding
	session   string // MySQL, MariaDB: sessionVariables
	strangers bool   // SQL Server: a login that we cannot do
	asked     string // the parameter that decides about TLS, as an operator knows it
}

func wantedOf(t Target) wanted {
	from, _ := t.Wanted()
	w := wanted{
		tls: ifOffered, certName: from.CertificateHost, roots: from.Roots, publicKey: from.AllowPublicKeyRetrieval || from.PublicKeyFile != "",
		schema: from.CurrentSchema, options: from.Options, binding: t.Parameters["channelBinding"], session: from.SessionVariables, strangers: from.IntegratedLogin,
		asked: decides(t),
	}
	switch from.TLS {
	case TLSOff:
		w.tls = inClear
	case TLSPrefer:
		w.issuer = from.VerifyIfOffered
	case TLSRequire:
		w.tls = always
	case TLSVerifyCA:
		w.tls, w.issuer = always, true
	case TLSVerifyFull:
		w.tls, w.issuer, w.name = always, true, true
	}
	if t.Kind == Oracle && strings.Contains(w.certName, "=") {
		w.certName, w.name = "", false // a distinguished name
	}
	if t.Kind == SQLServer && w.tls == ifOffered && !t.JTDS {
		w.tls = atLogin
	}
	if t.Kind == SQLServer && strings.EqualFold(t.Parameters["encrypt"], "strict") {
		w.tls = fromStart
	}
	return w
}

// unasked is what decides where no parameter does.
const unasked = "no parameter speaks of TLS"

// deciders are the parameters that decide about TLS, those that go first at the front.
var deciders = map[Kind][]string{
	MySQL:      {"sslMode", "useSSL", "requireSSL"},
	MariaDB:    {"useSSL", "useSsl", "sslMode"},
	PostgreSQL: {"sslmode", "ssl"},
	SQLServer:  {"encrypt", "ssl"},
}

// decides names the parameter that decides about TLS.
func decides(t Target) string {
	for _, name := range deciders[t.Kind] {
		if v, there := t.Parameters[name]; there {
			return fmt.Sprintf("%s=%s", name, remote.Words(v))
		}
	}
	if t.Kind == Oracle {
		return "the protocol"
	}
	return unasked
}

// issuers returns the certificates that are trusted, and the file that could not be used for it.
func (p *probe) issuers() (roots *x509.CertPool, unread string) {
	if p.want.roots == "" {
		return p.o.Roots, ""
	}
	const most = 4 << 20
	f, err := os.Open(p.want.roots)
	if err != nil {
		return p.o.Roots, p.want.roots
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return p.o.Roots, p.want.roots
	}
	data, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return p.o.Roots, p.want.roots
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return p.o.Roots, p.want.roots
	}
	return pool, ""
}

// sessionSettings cuts sessionVariables as Connector/J does: at commas and semicolons outside of quotes and parentheses.
func sessionSettings(text string) []string {
	var all []string
	depth, start := 0, 0
	quote := byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case (c == ',' || c == ';') && depth == 0:
			all = append(all, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	all = append(all, strings.TrimSpace(text[start:]))
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}
