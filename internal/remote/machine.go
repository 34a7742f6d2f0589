package remote

import (
	"context"
	"net"
	"slices"
	"time"
)

// Machine is what a test needs of the machine it runs on: the clock, the network and the names. What is nil is the real one once OrReal was called.
type Machine struct {
	Now    func() time.Time
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Lookup func(ctx context.Context, host string) ([]string, error)
}

// OrReal returns m with the real machine for what is nil.
func (m Machine) OrReal() Machine {
	if m.Now == nil {
		m.Now = time.Now
	}
	if m.Dial == nil {
		m.Dial = (&net.Dialer{}).DialContext
	}
	if m.Lookup == nil {
		m.Lookup = net.DefaultResolver.LookupHost
	}
	return m
}

// Addresses returns the addresses of a host. A name that has none is unknown: the error is a *net.DNSError that says so.
func (m Machine) Addresses(ctx context.Context, host string) ([]string, error) {
	addresses, err := m.Lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(addresses) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return slices.Clone(addresses), nil
}
