package steps

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// clusterNet is what the checks need of the network. The zero value is the real one.
type clusterNet struct {
	resolver   nameResolver
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	interfaces func() ([]net.Interface, error)
}

func (n clusterNet) connect(ctx context.Context, address string) (net.Conn, error) {
	if n.dial != nil {
		return n.dial(ctx, "tcp", address)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

func (s cluster) Checks(w *Workspace, a *answers.Set) []Check {
	on, asked := wantsCluster(a)
	c, err := readCluster(w)
	if err != nil || !asked || !on {
		return nil
	}
	h := c.wish(a)
	var checks []Check
	if n, err := strconv.Atoi(h.port); err == nil && n >= 1 && n <= highestPort {
		own, pid := ownPortSet(w)
		p := Port{Number: n, Base: n, Protocol: "tcp", What: "cluster: Hazelcast member", Place: c.param("localMemberPort").place, Opens: Opens, Use: ForCluster}
		checks = append(checks, bindCheck{probe: s.probe, port: p, id: "cluster.bind", guideline: 13, own: own[p.String()], pid: pid}.check("cluster.bind."+p.String()))
	}
	if h.host != "" && !isLoopback(h.host) {
		resolver := s.net.resolver
		if resolver == nil {
			resolver = net.DefaultResolver
		}
		p := probe{resolver: resolver, here: append([]string(nil), w.Install.Host.Addresses...)}
		checks = append(checks, Check{ID: "cluster.here", Title: h.host + " leads to this machine", Run: func(ctx context.Context) Result { return memberIsHere(ctx, p, h.host) }})
	}
	for _, m := range h.others() {
		checks = append(checks, Check{ID: "cluster.member." + m.String(), Title: "the member " + m.String() + " can be reached", Run: func(ctx context.Context) Result {
			return s.net.reaches(ctx, m)
		}})
	}
	if h.scheme == schemeMulticast {
		checks = append(checks, Check{ID: "cluster.multicast", Title: "An interface of this machine can multicast", Run: func(context.Context) Result { return s.net.multicasts() }})
	}
	return checks
}

func memberIsHere(ctx context.Context, p probe, host string) Result {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	r := p.isHere(ctx, host)
	r.ID, r.Guideline = "cluster.here", 13
	if r.Status == Warn {
		r.Severity = Warning
		r.Why = "The other members connect to this address. That it is none of this machine's is right where addresses are translated, and wrong otherwise."
		if r.Fix == "" {
			r.Fix = "Give in cluster.local_member_host an address of this machine."
		}
	}
	return r
}

// reaches connects to another member. One that is not up yet is in order: the way to it is what counts.
func (n clusterNet) reaches(ctx context.Context, m member) Result {
	r := Result{ID: "cluster.member", Guideline: 13, Status: OK, Message: fmt.Sprintf("The member %s answers.", m)}
	conn, err := n.connect(ctx, m.String())
	switch {
	case err == nil:
		_ = conn.Close()
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		r.Status, r.Message = Unknown, fmt.Sprintf("The member %s was not tried to the end: the check was stopped.", m)
	case errors.Is(err, syscall.ECONNREFUSED):
		r.Message = fmt.Sprintf("The machine of the member %s is reached; nothing listens on the port yet.", m)
	case errors.Is(err, syscall.EHOSTUNREACH): // what a router says, the kernel when nobody answers in the own network, and the firewall of Red Hat
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("The member %s cannot be reached from here: its machine is down, a firewall on the way turns the connection away, or no network leads there.", m)
		r.Fix = fmt.Sprintf("Check the address, and let the nodes reach each other on port %s, in both directions.", m.port)
	default:
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("The member %s cannot be reached from here: %s.", m, whyUnreached(err))
		r.Fix = fmt.Sprintf("Check the address, and let the nodes reach each other on port %s, in both directions.", m.port)
	}
	return r
}

func (n clusterNet) multicasts() Result {
	r := Result{ID: "cluster.multicast", Guideline: 13, Place: carbon.Place{File: carbon.Axis2XML}, Status: OK}
	list := n.interfaces
	if list == nil {
		list = net.Interfaces
	}
	all, err := list()
	if err != nil {
		r.Status, r.Message = Unknown, "The interfaces of this machine cannot be told."
		return r
	}
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagMulticast != 0 && i.Flags&net.FlagLoopback == 0 {
			r.Message = fmt.Sprintf("The interface %s can multicast. Whether the network carries it to the other nodes, only they can tell.", i.Name)
			return r
		}
	}
	r.Status, r.Severity, r.Message = Warn, Warning, "No interface of this machine that is up can multicast: this node would stay alone."
	r.Fix = "Use wka, with a list of members."
	return r
}
