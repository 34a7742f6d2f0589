package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"carbon-setup/internal/remote"
)

// found is an address to try.
type found struct {
	host    Addr
	address string // host:port, as Dial wants it
}

func (p *probe) resolve(ctx context.Context) (outcome, error) {
	if f := p.unusable(); f != nil {
		return outcome{}, f
	}
	var lines []string
	var failure error
	for _, h := range p.hosts {
		addresses, err := p.lookup(ctx, h.Host)
		if err != nil {
			failure = p.explainName(ctx, h.Host, err)
			continue
		}
		for _, a := range addresses {
			p.found = append(p.found, found{h, net.JoinHostPort(a, strconv.Itoa(h.Port))})
		}
		if len(addresses) == 1 && addresses[0] == h.Host {
			lines = append(lines, h.Host+" is an address.")
			continue
		}
		lines = append(lines, fmt.Sprintf("%s is %s.", h.Host, strings.Join(addresses, ", ")))
	}
	if len(p.found) == 0 {
		return outcome{}, failure
	}
	if failure != nil {
		return warned("%s %s", strings.Join(lines, " "), failure.Error()), nil
	}
	return passed("%s", strings.Join(lines, " ")), nil
}

// unusable tells why t cannot be tested at all.
func (p *probe) unusable() *Error {
	e := &Error{Stage: Resolve, Kind: Unusable}
	switch hosts, err := p.t.Addresses(); {
	case !p.t.Kind.Known():
		e.What = "The kind of database is not chosen."
		return e
	case err != nil:
		e.What, e.Fix = err.Error(), "Correct it, or give host, port and service instead."
		return e
	case slices.ContainsFunc(hosts, func(a Addr) bool { return a.Host == "" }):
		e.What, e.Fix = "No host is given.", "Enter the name or the address of the database server."
		return e
	default:
		p.hosts = hosts
		return nil
	}
}

// mostAddresses is how many addresses of one name are tried.
const mostAddresses = 16

// lookup returns the addresses of host, IPv4 first, as Java prefers them.
func (p *probe) lookup(ctx context.Context, host string) ([]string, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return []string{host}, nil
	}
	addresses, err := p.o.Addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(addresses, func(a, b string) int { return strings.Count(a, ":") - strings.Count(b, ":") })
	return addresses[:min(len(addresses), mostAddresses)], nil
}

func (p *probe) explainName(ctx context.Context, host string, err error) *Error {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		e := &Error{
			Stage: Resolve, Kind: NameUnknown, wrapped: err,
			What:  fmt.Sprintf("The name %s is unknown.", remote.Words(host)),
			Cause: "It is misspelled, or it is known in another network only.",
			Fix:   fmt.Sprintf("Check the spelling; try   getent hosts %s   on this machine; give the full name with its domain, or add a line to /etc/hosts.", remote.Words(host)),
		}
		if strings.ContainsAny(host, ":/@") {
			e.Cause = "A host is a name or an address alone: port, database and user have their own fields."
		}
		return e
	}
	e := &Error{
		Stage: Resolve, Kind: NameUnanswered, wrapped: err,
		What:  fmt.Sprintf("The name %s could not be looked up: no name server answered.", remote.Words(host)),
		Cause: "The name servers in /etc/resolv.conf are down or out of reach.",
		Fix:   "Try again later, or give the address of the database server instead of its name.",
	}
	if ctx.Err() == nil && !remote.TimedOut(err) {
		e.Server = remote.Words(err.Error())
		e.What = fmt.Sprintf("The name %s could not be looked up.", remote.Words(host))
	}
	return e
}

func (p *probe) connect(ctx context.Context) (outcome, error) {
	if p.t.Kind == SQLServer && p.t.Instance != "" && p.t.Port == 0 {
		if err := p.browse(ctx); err != nil {
			return outcome{}, err
		}
	}
	var failures []*Error
	for i, f := range p.found {
		c, err := p.dialOne(ctx, f.address, len(p.found)-i)
		if err != nil {
			failures = append(failures, p.explainDial(ctx, f, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		p.peer = newPeer(c)
		p.line = p.peer
		p.hosts = []Addr{f.host} // the name that a certificate must have
		if len(failures) > 0 {
			return warned("%s accepts connections, but only after others failed: %s", f.address, failures[0].What), nil
		}
		return passed("%s accepts connections.", f.address), nil
	}
	return outcome{}, failures[0]
}

// dialOne tries an address for its share of the time that is left: one that does not answer leaves some for the others.
func (p *probe) dialOne(ctx context.Context, address string, left int) (net.Conn, error) {
	if end, limited := ctx.Deadline(); limited && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
		defer cancel()
	}
	return p.o.Dial(ctx, "tcp", address)
}

// explainDial says why no TCP connection came about.
func (p *probe) explainDial(ctx context.Context, f found, err error) *Error {
	product := p.t.Kind.Title()
	e := &Error{Stage: Connect, wrapped: err, Kind: Unreachable, Server: ""}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Kind = Refused
		e.What = fmt.Sprintf("%s refuses the connection: nothing listens there.", f.address)
		e.Cause = fmt.Sprintf("%s is not running, listens on another port, or listens on its own loopback address only.", product)
		e.Fix = listenAdvice(p.t.Kind, f.host.Port)
	case remote.TimedOut(err) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.Kind = Filtered
		e.What = fmt.Sprintf("%s does not answer.", f.address)
		e.Cause = "A firewall drops the packets, or the address belongs to no machine that is on."
		e.Fix = fmt.Sprintf("Have TCP port %d opened from this machine to the database server, and check the address.", f.host.Port)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		e.What = fmt.Sprintf("There is no way to %s from here.", f.address)
		e.Cause = "No route leads there, or a firewall says so."
		e.Fix = "Check the address, the network of this machine and its VPN."
	case errors.Is(err, syscall.EACCES), errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EPERM):
		e.What = fmt.Sprintf("This machine does not allow a connection to %s.", f.address)
		e.Cause = "A firewall or a security module of this machine forbids it."
		e.Fix = "Allow outgoing connections to that port."
	default:
		e.What = fmt.Sprintf("No connection to %s.", f.address)
		e.Cause = "This machine says: " + remote.Words(err.Error())
		e.Fix = "Check the address and the port."
	}
	return e
}

// listenAdvice says where each product is told what it listens on.
func listenAdvice(k Kind, port int) string {
	look := fmt.Sprintf("Check the port; on the database server,   ss -ltn | grep %d   shows whether it listens there. ", port)
	switch k {
	case PostgreSQL:
		return look + "PostgreSQL listens on other addresses than its own once listen_addresses in postgresql.conf says so."
	case MySQL, MariaDB:
		return look + "It listens on other addresses than its own once bind-address says so, and on none with skip-networking."
	case Oracle:
		return look + "There,   lsnrctl status   shows what the listener serves."
	case SQLServer:
		return look + "SQL Server listens on TCP once the Configuration Manager has TCP/IP enabled; a named instance has a port of its own."
	}
	return look
}
