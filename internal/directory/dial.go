package directory

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"carbon-setup/internal/remote"
)

func (t *Tester) resolve(ctx context.Context) StageResult {
	ends, err := t.at.endpoints()
	if err != nil {
		return fail(&Error{Kind: Unusable, What: err.Error(), Fix: "Give the address of the directory as ldaps://ldap.example.com:636."})
	}
	t.ends = ends
	t.addrs = make([][]string, len(ends))
	var said []string
	var first *Error
	for i, e := range ends {
		if net.ParseIP(strings.Split(e.host, "%")[0]) != nil {
			t.addrs[i] = []string{e.host}
			said = append(said, fmt.Sprintf("%s is an address.", e.host))
			continue
		}
		addrs, err := t.o.Addresses(ctx, e.host)
		if err != nil {
			told := lookupError(ctx, e, err)
			if told.Kind == Canceled {
				return fail(told)
			}
			if first == nil {
				first = told
			}
			said = append(said, told.What)
			continue
		}
		addrs = addrs[:min(len(addrs), 8)]
		t.addrs[i] = addrs
		said = append(said, fmt.Sprintf("%s has the address %s.", printable(e.host, mostName), strings.Join(addrs, ", ")))
	}
	message := strings.Join(said, " ")
	switch {
	case first == nil:
		return ok(message)
	case slices.ContainsFunc(t.addrs, func(a []string) bool { return len(a) > 0 }):
		return warn(message, first)
	}
	r := fail(first)
	r.Message = message
	return r
}

func lookupError(ctx context.Context, e endpoint, err error) *Error {
	host := quote(e.host)
	var dns *net.DNSError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return canceled(err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return &Error{
			Kind: NameUnknown, What: fmt.Sprintf("This machine knows no address of %s.", host), wrapped: err,
			Cause: "The name is misspelled, or the name servers in /etc/resolv.conf do not know it.",
			Fix:   fmt.Sprintf("Look it up with: getent hosts %s", printable(e.host, mostName)),
		}
	}
	return &Error{
		Kind: NameSilent, What: fmt.Sprintf("No name server answered the question for the address of %s.", host), wrapped: err,
		Cause: "The name servers in /etc/resolv.conf cannot be reached from this machine.",
		Fix:   fmt.Sprintf("Try: getent hosts %s. Or give the address of the directory instead of its name.", printable(e.host, mostName)),
	}
}

// connect takes the first server that answers, as Java does.
func (t *Tester) connect(ctx context.Context) StageResult {
	var first *Error
	for i, e := range t.ends {
		if len(t.addrs[i]) == 0 {
			continue
		}
		c, err := t.dial(ctx, i)
		if err == nil {
			t.raw, t.use = c, i
			message := fmt.Sprintf("%s answers.", shown(e))
			if first != nil {
				return warn(first.What+" "+message+" The stages that follow test this one.", first)
			}
			if len(t.ends) > 1 {
				message += " The other servers of the URL are not tested."
			}
			return ok(message)
		}
		told := dialError(ctx, e, err)
		if told.Kind == Canceled {
			return fail(told)
		}
		if first == nil {
			first = told
		}
	}
	if first == nil {
		return skipped("No server of the URL has an address.")
	}
	return fail(first)
}

func (t *Tester) dial(ctx context.Context, i int) (net.Conn, error) {
	err := errors.New("no address")
	for _, a := range t.addrs[i] {
		var c net.Conn
		c, err = t.o.Dial(ctx, "tcp", net.JoinHostPort(a, strconv.Itoa(t.ends[i].port)))
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
	}
	return nil, err
}

// shown is a server as it stands in sentences.
func shown(e endpoint) string { return printable(e.address(), mostName) }

func dialError(ctx context.Context, e endpoint, err error) *Error {
	where := shown(e)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return canceled(err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Error{
			Kind: Refused, What: fmt.Sprintf("%s refuses the connection.", where), wrapped: err,
			Cause: "No directory listens on this port, or a firewall rejects the connection.",
			Fix:   "Check the port: 636 is usual with ldaps://, 389 with ldap://.",
		}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EADDRNOTAVAIL):
		return &Error{
			Kind: Unreachable, What: fmt.Sprintf("There is no way from this machine to %s.", where), wrapped: err,
			Cause: "A route is missing, or a firewall says so.", Fix: "Have the network opened from this machine to that port.",
		}
	case remote.TimedOut(err):
		return &Error{
			Kind: Filtered, What: fmt.Sprintf("%s does not answer.", where), wrapped: err,
			Cause: "A firewall drops the connection without a word, or the machine is down.", Fix: "Have the network opened from this machine to that port.",
		}
	}
	return &Error{
		Kind: Unreachable, What: fmt.Sprintf("This machine cannot connect to %s.", where), wrapped: err,
		Fix: "Check the host and the port in the URL.",
	}
}

// encrypt makes the connection fit for LDAP: with TLS if the URL or StartTLS says so.
func (t *Tester) encrypt(ctx context.Context) StageResult {
	e := t.ends[t.use]
	if !e.secure && !t.at.StartTLS {
		t.start(newGuard(t.raw, t.raw), false)
		return warn("Nothing is encrypted.", &Error{
			Kind: Plain, What: fmt.Sprintf("The connection to %s is not encrypted.", shown(e)),
			Cause: "Everybody on the way can read the password of the account, and those of all users who log in.", Fix: "Use ldaps:// if the directory offers it.",
		})
	}
	if !e.secure {
		if err := t.startTLS(ctx, e); err != nil {
			return fail(err)
		}
	}
	secure, check, err := t.handshake(ctx, e, t.raw)
	if err != nil {
		return fail(err)
	}
	t.start(newGuard(secure, t.raw), true)
	state := secure.ConnectionState()
	message := fmt.Sprintf("%s, with a certificate for %s that the truststore trusts.", tls.VersionName(state.Version), certNames(state.PeerCertificates[0]))
	switch {
	case check != nil:
		return warn(check.What, check)
	case !e.secure:
		return warn("StartTLS works, but Carbon 4.2.0 cannot use it. "+message, &Error{
			Kind: StartTLSOnly, What: "StartTLS works, but Carbon 4.2.0 cannot use it.",
			Cause: "Its user store managers know ldap:// without encryption and ldaps:// alone.", Fix: "Use ldaps:// and its port, usually 636.",
		})
	}
	return ok(message)
}

// handshake makes c a TLS connection to e, with a warning if there is one.
func (t *Tester) handshake(ctx context.Context, e endpoint, c net.Conn) (*tls.Conn, *Error, *Error) {
	v := &verifier{roots: t.o.Roots, host: e.host, anyName: t.o.AnyName, now: t.o.Now}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	counted := remote.Bound(c, maxHandshake)
	secure := tls.Client(counted, v.config())
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, nil, tlsError(ctx, e, err)
	}
	counted.Free()
	if v.warning != nil {
		v.warning.Chain = secure.ConnectionState().PeerCertificates
	}
	return secure, v.warning, nil
}
