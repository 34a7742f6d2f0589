package steps

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

const (
	repositoryPatience = 30 * time.Second
	// maxRedirects is how many redirects of one file are followed.
	maxRedirects = 5
	// maxBeginning is how much of a file of the repository is read: enough to see what it is.
	maxBeginning = 4 << 10
)

// repositoryProbe asks a repository for the files that p2 asks for, from here. It holds all that it needs.
type repositoryProbe struct {
	base  string
	roots *x509.CertPool // what the server trusts; nil = its truststore cannot be opened, and what this machine trusts counts
	proxy func(*http.Request) (*url.URL, error)
	via   string // the proxy for people, "" for none
}

func (features) Checks(w *Workspace, a *answers.Set) []Check {
	where := a.Text(keyRepository)
	if where == "" {
		r, err := readRepository(w)
		if err != nil {
			return nil
		}
		where = r.url
	}
	if where == "" || where == noRepository || checkRepository(where) != nil {
		return nil
	}
	p := repositoryProbe{base: strings.TrimSuffix(where, "/")}
	scheme, _, _ := strings.Cut(strings.ToLower(where), ":")
	if scheme == "https" {
		p.roots = trustedByAnswers(w, a)
	}
	if scheme != "file" {
		p.proxy, p.via = outgoingProxy(w, a)
	}
	return []Check{{ID: "features.repository", Title: "the P2 repository " + where + " answers", Timeout: repositoryPatience, Run: p.run}}
}

// outgoingProxy is how the server reaches others: the feature manager uses the properties of java.net, not the Axis2 files.
func outgoingProxy(w *Workspace, a *answers.Set) (proxy func(*http.Request) (*url.URL, error), via string) {
	f := readForward(w)
	if f.place.File == carbon.Axis2XML {
		f = forward{}
	}
	if f.bypass == "" {
		f.bypass = "localhost|127.*|[::1]" // Java's own default
	}
	if yes, ok := wantsForward(a); ok {
		f = forward{}
		if yes {
			f = forward{host: forwardHost(a), port: a.Text(keyForwardPort), bypass: bypassList(w, a)}
		}
	}
	if f.host == "" {
		return nil, ""
	}
	port := orText(f.port, "80")
	address := &url.URL{Scheme: "http", Host: net.JoinHostPort(f.host, port)}
	return func(r *http.Request) (*url.URL, error) {
		if reachedDirectly(f.bypass, r.URL.Hostname()) {
			return nil, nil
		}
		return address, nil
	}, address.Host
}

// reachedDirectly reports whether http.nonProxyHosts has the host: patterns parted by |, with a * at the beginning or the end.
func reachedDirectly(list, host string) bool {
	host = strings.ToLower(host)
	for pattern := range strings.SplitSeq(strings.ToLower(list), "|") {
		pattern = strings.Trim(pattern, "[] ")
		switch {
		case pattern == "":
		case strings.HasPrefix(pattern, "*") && strings.HasSuffix(host, pattern[1:]),
			strings.HasSuffix(pattern, "*") && strings.HasPrefix(host, strings.TrimSuffix(pattern, "*")),
			pattern == host:
			return true
		}
	}
	return false
}

func (p repositoryProbe) run(ctx context.Context) Result {
	r := Result{ID: "features.repository", Guideline: 15, Status: Warn, Severity: Warning}
	if strings.HasPrefix(strings.ToLower(p.base), "file:") {
		p.lookAtFolder(ctx, &r)
		return r
	}
	transport := &http.Transport{Proxy: p.proxy, TLSClientConfig: &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS12}, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, OnProxyConnectResponse: tunnelRefused}
	defer transport.CloseIdleConnections()
	redirects := 0
	client := &http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		redirects = len(via)
		switch {
		case len(via) > maxRedirects:
			return errTooManyRedirects
		case via[0].URL.Scheme == "https" && next.URL.Scheme != "https":
			return errUnsafeRedirect
		case next.URL.Scheme != "https" && next.URL.Scheme != "http":
			return errForeignRedirect
		}
		return nil
	}}
	var last string
	for _, file := range repositoryFiles {
		found, status, err := p.ask(ctx, client, file)
		if err != nil {
			p.fail(&r, err)
			return r
		}
		if found {
			p.found(&r, file, redirects)
			return r
		}
		last = status
	}
	r.Message = fmt.Sprintf("There is no P2 repository at %s: none of %s is there (the last answer was %s).", p.base, strings.Join(repositoryFiles, ", "), last)
	r.Fix = "Give the folder that holds one of these files."
	return r
}

var (
	errTooManyRedirects = errors.New("too many redirects")
	errUnsafeRedirect   = errors.New("redirect from https to http")
	errForeignRedirect  = errors.New("redirect to another protocol")
)

// ask fetches the beginning of a file of the repository, and reports whether it is what its name says. A portal answers everything with a page of its own.
func (p repositoryProbe) ask(ctx context.Context, client *http.Client, file string) (found bool, status string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/"+file, nil)
	if err != nil {
		return false, "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return false, "", err
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusProxyAuthRequired:
		return false, "", errProxyLogin
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return false, "", &refusedError{res.StatusCode}
	case res.StatusCode != http.StatusOK:
		return false, fmt.Sprint(res.StatusCode), nil
	}
	head, err := io.ReadAll(io.LimitReader(res.Body, maxBeginning))
	if err != nil {
		return false, "", err
	}
	if looksLikeRepository(file, head) {
		return true, "200", nil
	}
	return false, "200 with something else in it", nil
}

var errProxyLogin = errors.New("the proxy wants a login")

// refusedError is a repository that wants to know who asks.
type refusedError struct{ status int }

func (e *refusedError) Error() string { return fmt.Sprintf("HTTP status %d", e.status) }

// tunnelError is a proxy that does not connect to the repository.
type tunnelError struct{ status int }

func (e *tunnelError) Error() string { return fmt.Sprintf("HTTP status %d", e.status) }

// tunnelRefused judges the answer of a proxy to CONNECT, which https needs.
func tunnelRefused(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	switch answer.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return errProxyLogin
	}
	return &tunnelError{answer.StatusCode}
}

// looksLikeRepository judges the beginning of a file: a zip archive, or an XML document whose root is a repository.
func looksLikeRepository(file string, head []byte) bool {
	if strings.HasSuffix(file, ".jar") {
		return bytes.HasPrefix(head, []byte("PK\x03\x04"))
	}
	return bytes.Contains(head, []byte("<repository")) && bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))), []byte("<"))
}

func (p repositoryProbe) found(r *Result, file string, redirects int) {
	r.Status, r.Severity = OK, 0
	r.Message = fmt.Sprintf("The P2 repository %s answers: it has %s.", p.base, file)
	if redirects > 0 {
		r.Message += " It was found after " + plural(redirects, "redirect") + "; the address itself would do without."
	}
	if p.roots == nil && strings.HasPrefix(strings.ToLower(p.base), "https:") {
		r.Message += " Its certificate was judged by what this machine trusts: the truststore of the server could not be opened."
	}
	if strings.HasPrefix(strings.ToLower(p.base), "http:") {
		r.Status, r.Severity, r.Why = Warn, Warning, whyHTTP
		r.Message += " But it is reached over plain http."
		r.Fix = "Use https, or a copy of the repository on this machine (file:///...)."
	}
}

// fail tells why the repository was not reached.
func (p repositoryProbe) fail(r *Result, err error) {
	through := ""
	if p.via != "" {
		through = " through the proxy " + p.via
	}
	var refused *refusedError
	var tunnel *tunnelError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	r.Fix = "Check the address, and whether a proxy or a firewall stands between."
	why := ""
	switch {
	case errors.Is(err, errTooManyRedirects):
		why = fmt.Sprintf("it redirects more than %d times", maxRedirects)
	case errors.Is(err, errUnsafeRedirect):
		why, r.Fix = "it redirects from https to plain http", "Use an address that stays on https."
	case errors.Is(err, errForeignRedirect):
		why, r.Fix = "it redirects to an address that is neither https nor http", "Use the address that the repository is really at."
	case errors.Is(err, errProxyLogin):
		why, r.Fix = "the proxy wants a login, which the feature manager has none for", "Let the proxy accept this server by its address, or use a copy of the repository on this machine."
	case errors.As(err, &tunnel):
		why, r.Fix = fmt.Sprintf("the proxy does not let it through (%s)", tunnel), "Have the proxy let this server reach the address, or use a copy of the repository on this machine."
	case errors.As(err, &refused):
		why, r.Fix = fmt.Sprintf("it wants a login (%s)", refused), "Let it accept this server by its address, or use a copy of the repository on this machine."
	case errors.As(err, &unknown):
		why, r.Fix = "the server does not trust its certificate", "Import the certificate of its CA into the truststore (guideline 2, truststore.import)."
		if p.roots == nil {
			why = "this machine does not trust its certificate, and the truststore of the server could not be opened"
		}
	case errors.As(err, &name):
		why, r.Fix = "its certificate is for another name", "Use the name that is in the certificate."
	case errors.As(err, &invalid):
		why, r.Fix = "its certificate is not valid, or not any more", "Have it renewed."
	case otherTLS(err):
		why, r.Fix = "it does not speak TLS 1.2 or newer on that port", "Check scheme and port."
	case answeredOddly(err):
		why, r.Fix = "what is there does not answer as a web server does", "Check scheme and port, and look at the address with a browser or curl."
	default:
		why = whyUnreached(err)
	}
	r.Message = fmt.Sprintf("The P2 repository %s was not reached%s from here: %s.", p.base, through, why)
}

func otherTLS(err error) bool {
	var header tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &header) || errors.As(err, &alert)
}

// answeredOddly reports whether there was a connection, and what came over it was no answer of HTTP: errors of the connection itself are of the package net.
func answeredOddly(err error) bool {
	var network net.Error
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err // it is a net.Error, whatever it wraps
	}
	return !errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}

// lookAtFolder is the same for a repository on this machine. The folder may be on a network file system that does not answer.
func (p repositoryProbe) lookAtFolder(ctx context.Context, r *Result) {
	u, err := url.Parse(p.base)
	if err != nil {
		r.Message = "The address " + p.base + " cannot be read."
		return
	}
	dir := filepath.FromSlash(u.Path)
	for _, file := range repositoryFiles {
		look := outside.at(filepath.Join(dir, file), keyFile{})
		select {
		case <-look.done:
		case <-ctx.Done():
			r.Message, r.Fix = "The file system of "+dir+" does not answer.", "Check the mount."
			return
		}
		if look.err == nil && look.info != nil && look.info.Mode().IsRegular() {
			r.Status, r.Severity, r.Message = OK, 0, "The P2 repository "+dir+" is there: it has "+file+"."
			return
		}
	}
	r.Message = fmt.Sprintf("There is no P2 repository in %s on this machine: none of %s is there, or they cannot be read.", dir, strings.Join(repositoryFiles, ", "))
	r.Fix = "Give the folder that holds one of these files, and make it readable for the user that the server runs as."
}
