package live

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"carbon-setup/internal/remote"
	"carbon-setup/internal/secret"
)

// Login is an account to try.
type Login struct {
	User     string
	Password secret.Secret
}

// Verdict is what the server says to a Login.
type Verdict int

// The verdicts. Refused is all that AuthenticationAdmin says, too, when it failed to ask its user store.
const (
	Refused Verdict = iota + 1
	Accepted
	Locked
)

const (
	loginTimeout  = 15 * time.Second
	maxAnswer     = 256 << 10
	authNamespace = "http://authentication.services.core.carbon.wso2.org"
	loginService  = "services/AuthenticationAdmin"
)

// Account tries accounts at the service AuthenticationAdmin of a server.
type Account struct {
	Endpoint Endpoint
	Context  string // the web context root of the server: "/" or "/esb"
	// Trust verifies the server first. Without a Leaf nothing is verified: only passwords that everybody knows may be tried so.
	Trust Trust
}

// Verified reports whether passwords go to the verified server alone.
func (a Account) Verified() bool { return a.Trust.Leaf != nil && a.Trust.Roots != nil }

// ErrUnverified is returned for a password that is to go to a server that is not verified. Nothing was sent.
var ErrUnverified = errors.New("the server is not verified")

// Try tries an account whose password is a secret. It is sent to a verified server only; else the error is ErrUnverified. A session that the server opens is closed
// again. Other errors are *Error.
func (a Account) Try(ctx context.Context, l Login) (Verdict, error) {
	if !a.Verified() {
		return 0, ErrUnverified
	}
	return a.try(ctx, l)
}

// TryKnown tries an account whose password everybody knows, verified or not.
func (a Account) TryKnown(ctx context.Context, l Login) (Verdict, error) { return a.try(ctx, l) }

func (a Account) try(ctx context.Context, l Login) (Verdict, error) {
	if a.Endpoint.Timeout == 0 {
		a.Endpoint.Timeout = loginTimeout // the first log-in of a server loads the realm
	}
	response, err := a.call(ctx, "urn:login", loginEnvelope(l), nil)
	if err != nil {
		return 0, err
	}
	verdict, err := readVerdict(response.status, response.body)
	if err == nil && verdict == Accepted && len(response.cookies) > 0 {
		// Whether the session could be closed changes nothing about the answer; it ends by itself.
		_, _ = a.call(ctx, "urn:logout", logoutEnvelope(), response.cookies)
	}
	return verdict, err
}

func envelope(body string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` +
		`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>` + body + `</soapenv:Body></soapenv:Envelope>`)
}

// loginEnvelope has the remote address as every version of the service takes it: the first ones refuse to go without, the later ones want an address or a name.
func loginEnvelope(l Login) []byte {
	return envelope(`<a:login xmlns:a="` + authNamespace + `"><a:username>` + escaped(l.User) + `</a:username><a:password>` + escaped(l.Password.Reveal()) +
		`</a:password><a:remoteAddress>127.0.0.1</a:remoteAddress></a:login>`)
}

func logoutEnvelope() []byte { return envelope(`<a:logout xmlns:a="` + authNamespace + `"/>`) }

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}

type answer struct {
	status  int
	body    []byte
	cookies []*http.Cookie
}

// call posts one envelope over a connection of its own.
func (a Account) call(ctx context.Context, action string, body []byte, cookies []*http.Cookie) (*answer, error) {
	asked, cancel := context.WithTimeout(ctx, a.Endpoint.timeout())
	defer cancel()
	host := a.Endpoint.Name
	if _, port, err := net.SplitHostPort(a.Endpoint.Address); err == nil && host != "" {
		host = net.JoinHostPort(host, port)
	} else if host == "" {
		host = a.Endpoint.Address
	}
	path := "/" + strings.TrimPrefix(strings.TrimSuffix(a.Context, "/")+"/"+loginService, "/")
	request, err := http.NewRequestWithContext(asked, http.MethodPost, "https://"+host+path, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Unreachable, "cannot be asked", err}
	}
	request.Header.Set("Content-Type", "text/xml; charset=UTF-8")
	request.Header.Set("SOAPAction", `"`+action+`"`)
	for _, c := range cookies {
		request.AddCookie(c)
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10, DialTLSContext: a.dial}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request) // neither redirects nor a proxy
	if err != nil {
		return nil, explainHTTP(ctx, asked, err)
	}
	defer func() { _ = response.Body.Close() }() // it was read as far as it is of use
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, explainHTTP(ctx, asked, err)
	}
	if len(data) > maxAnswer {
		return nil, explain(ctx, remote.ErrTooMuch, "HTTP")
	}
	return &answer{response.StatusCode, data, response.Cookies()}, nil
}

// dial connects to the address of the endpoint, whatever the URL says, and shakes hands under the trust.
func (a Account) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := connect(ctx, a.Endpoint, maxHandshake+4*maxAnswer)
	if err != nil {
		return nil, explain(ctx, err, "TLS")
	}
	client := tls.Client(conn, a.Trust.config(a.Endpoint))
	if err := client.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake has failed already
		return nil, explainTLS(ctx, err)
	}
	return client, nil
}

// explainHTTP tells why there is no answer. The texts of net/http are not for people.
func explainHTTP(ctx, asked context.Context, err error) *Error {
	var told *Error
	switch {
	case errors.As(err, &told):
		return told
	case asked.Err() != nil && ctx.Err() == nil:
		return explain(ctx, context.DeadlineExceeded, "HTTP")
	case strings.Contains(err.Error(), "malformed HTTP"), strings.Contains(err.Error(), "exceeded"):
		return explain(ctx, remote.ErrUnintelligible, "HTTP")
	}
	return explain(ctx, err, "HTTP")
}

// readVerdict reads the answer of the service: <return> with true or false, or a fault.
func readVerdict(status int, body []byte) (Verdict, error) {
	text, fault, found := readReturn(body)
	switch {
	case found && text == "true":
		return Accepted, nil
	case found && text == "false":
		return Refused, nil
	case fault != "" && saysLocked(fault):
		return Locked, nil
	case fault != "":
		return 0, &Error{Kind: Fault, What: "answers to a log-in with a fault"}
	case status == http.StatusNotFound, status == http.StatusForbidden, status == http.StatusMethodNotAllowed, status/100 == 3:
		return 0, &Error{Kind: NoService, What: "has no service AuthenticationAdmin to log in at"}
	}
	return 0, &Error{Kind: Garbage, What: "answers to a log-in with something that is not of the service AuthenticationAdmin"}
}

// saysLocked recognizes the words and the number (17003) by which the user stores of Carbon say that an account is locked.
func saysLocked(fault string) bool {
	fault = strings.ToLower(fault)
	return strings.Contains(fault, "17003") || strings.Contains(fault, "locked")
}

// readReturn finds the text of <return> inside <loginResponse>, or what a <Fault> says.
func readReturn(body []byte) (text, fault string, found bool) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var open []string
	within := func(name string) bool {
		for _, o := range open {
			if o == name {
				return true
			}
		}
		return false
	}
	var said, words strings.Builder
	for {
		token, err := decoder.Token()
		if err != nil {
			return "", "", false // cut short, or not XML: what it said up to here is no answer
		}
		switch t := token.(type) {
		case xml.StartElement:
			open = append(open, t.Name.Local)
		case xml.CharData:
			if within("loginResponse") && open[len(open)-1] == "return" {
				said.Write(t)
			} else if within("Fault") {
				words.Write(t)
			}
		case xml.EndElement:
			open = open[:len(open)-1]
			switch {
			case t.Name.Local == "loginResponse" && within("Body"):
				return strings.TrimSpace(said.String()), "", true
			case t.Name.Local == "Fault":
				return "", "fault " + words.String(), false
			}
		}
	}
}
