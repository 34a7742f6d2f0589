package steps

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"carbon-setup/internal/answers"
)

// resolveTimeout ends a look-up that hangs.
const resolveTimeout = 5 * time.Second

// Checks ask the resolver of this machine about the names. What it does not know is a warning: DNS may come later, or be another one for clients.
func (h hostname) Checks(w *Workspace, a *answers.Set) []Check {
	want := wantedNames(w, a)
	if want.host == "" {
		return nil
	}
	resolver := h.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	p := probe{resolver: resolver, here: append([]string(nil), w.Install.Host.Addresses...)}
	checks := p.checks("hostname", want.host)
	if want.management != want.host {
		checks = append(checks, p.checks("hostname.management", want.management)...)
	}
	return checks
}

// probe holds what the look-ups need.
type probe struct {
	resolver nameResolver
	here     []string // addresses of this machine
}

func (p probe) checks(id, name string) []Check {
	check := func(what, title string, run func(context.Context, string) Result) Check {
		return Check{ID: id + "." + what, Title: title, Run: func(ctx context.Context) Result {
			ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
			defer cancel()
			r := run(ctx, name)
			r.ID, r.Guideline = id+"."+what, 4
			if r.Status == Warn {
				r.Severity = Warning
			}
			return r
		}}
	}
	if isAddress(name) {
		return []Check{check("here", name+" is an address of this machine", p.isHere)}
	}
	return []Check{
		check("resolves", name+" resolves", p.resolves),
		check("here", name+" leads to this machine", p.isHere),
		check("reverse", "the addresses of "+name+" lead back to it", p.leadsBack),
	}
}

func (p probe) resolves(ctx context.Context, name string) Result {
	addresses, err := p.resolver.LookupHost(ctx, name)
	if err != nil {
		return lookupFailed(ctx, name, err)
	}
	return Result{Status: OK, Message: fmt.Sprintf("%s resolves to %s.", name, strings.Join(addresses, ", "))}
}

// lookupFailed tells "there is no such name" from "nobody answered".
func lookupFailed(ctx context.Context, name string, err error) Result {
	var dns *net.DNSError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return Result{Status: Unknown, Message: fmt.Sprintf("The look-up of %s was stopped.", name)}
	case errors.As(err, &dns) && dns.IsNotFound:
		return Result{
			Status: Warn, Message: fmt.Sprintf("%s does not resolve on this machine: there is no such name.", name),
			Why: "Products call themselves by this name, so this machine has to know it as well as clients.", Fix: "Add it to DNS, or to /etc/hosts of this machine.",
		}
	}
	return Result{
		Status: Unknown, Message: fmt.Sprintf("%s could not be looked up: the resolver of this machine does not answer.", name),
		Fix: "Look at /etc/resolv.conf, and try again.",
	}
}

func (p probe) isHere(ctx context.Context, name string) Result {
	addresses := []string{name}
	if !isAddress(name) {
		var err error
		if addresses, err = p.resolver.LookupHost(ctx, name); err != nil {
			return lookupFailed(ctx, name, err)
		}
	}
	var elsewhere []string
	for _, address := range addresses {
		ip, err := netip.ParseAddr(address)
		if err != nil {
			continue
		}
		if ip.IsLoopback() {
			return Result{
				Status: Warn, Message: fmt.Sprintf("%s resolves to %s, the loopback address, on this machine.", name, address),
				Why: "A server that takes its own name for loopback may give that address to others.", Fix: "Put the name beside the outward address in /etc/hosts.",
			}
		}
		if p.isOwn(ip) {
			return Result{Status: OK, Message: fmt.Sprintf("%s leads to %s, an address of this machine.", name, address)}
		}
		elsewhere = append(elsewhere, address)
	}
	return Result{
		Status: Warn, Message: fmt.Sprintf("%s leads to %s, which is no address of this machine.", name, strings.Join(elsewhere, ", ")),
		Why: "That is right behind a load balancer, a proxy or address translation, and wrong otherwise.",
	}
}

func (p probe) isOwn(ip netip.Addr) bool {
	for _, own := range p.here {
		if a, err := netip.ParseAddr(own); err == nil && a.Unmap() == ip.Unmap() {
			return true
		}
	}
	return false
}

func (p probe) leadsBack(ctx context.Context, name string) Result {
	addresses, err := p.resolver.LookupHost(ctx, name)
	if err != nil {
		return lookupFailed(ctx, name, err)
	}
	for _, address := range addresses {
		found, err := p.resolver.LookupAddr(ctx, address)
		if err != nil {
			continue
		}
		for _, back := range found {
			if strings.EqualFold(strings.TrimSuffix(back, "."), name) {
				return Result{Status: OK, Message: fmt.Sprintf("%s leads back to %s.", address, name)}
			}
		}
		if len(found) > 0 {
			return Result{
				Status: Warn, Message: fmt.Sprintf("%s leads back to %s, not to %s.", address, strings.TrimSuffix(found[0], "."), name),
				Why: "Logs and access rules that look names up see the other name.", Fix: "Nothing, when the name is an alias on purpose.",
			}
		}
	}
	if ctx.Err() != nil {
		return lookupFailed(ctx, name, ctx.Err())
	}
	return Result{Status: Warn, Message: fmt.Sprintf("No name is known for %s.", strings.Join(addresses, ", ")), Why: "Logs and access rules that look names up see the bare address.", Fix: "Add a PTR record, if others need one."}
}
