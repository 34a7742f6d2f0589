package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/live"
)

const ruleLiveJMX = "live.jmx"

// jmxBound is the name that Carbon enters its JMX server under (JMXServerManager: .../jndi/rmi://HOST:PORT/jmxrmi).
const jmxBound = "jmxrmi"

// liveJMX asks the RMI registry of the server where it sends clients.
type liveJMX struct {
	*liveServer
	registry, server Port
	started          string // java.rmi.server.hostname of the command line
	host             named  // as the files and the environment have it
}

// newLiveJMX returns false where JMX is off or its registry is not known: what is told of the ports says it then.
func newLiveJMX(w *Workspace, l *liveServer) (*liveJMX, bool) {
	j := &liveJMX{liveServer: l, host: rmiHostInForce(w)}
	for _, arg := range l.process.Args {
		if value, ok := strings.CutPrefix(arg, rmiHostOption); ok {
			j.started = value
		}
	}
	state, err := readJMX(w)
	if err != nil || !state.on {
		return nil, false
	}
	found := 0
	for _, p := range l.table {
		switch {
		case p.Use != ForMonitoring || p.Opens != Opens || p.Number < 1 || p.Number > highestPort:
		case p.Place == state.registry.place:
			j.registry = p
			found++
		case p.Place == state.server.place:
			j.server = p
		}
	}
	return j, found > 0
}

func (j *liveJMX) check(ctx context.Context) []Result {
	r := Result{ID: ruleLiveJMX, Guideline: 8, Place: j.registry.Place, Status: OK}
	endpoint, why := j.endpoint(j.registry, "")
	if why != "" {
		r.Status, r.Message = Unknown, why
		return []Result{r}
	}
	stub, err := live.Registry(ctx, endpoint, jmxBound)
	var told *live.Error
	switch {
	case err == nil:
		return []Result{j.judge(r, stub)}
	case errors.Is(err, live.ErrNotBound):
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("The RMI registry on port %s answers, but the JMX server is not in it.", j.registry)
		r.Why = "JMX clients cannot connect. Carbon finds its own registry by HostName in jmx.xml, which has to lead to this machine."
		r.Fix = "Look for JMXServerManager in " + carbon.CarbonLog + "."
	case errors.Is(err, live.ErrNoStub):
		r.Status = Unknown
		r.Message = fmt.Sprintf("The RMI registry on port %s has the JMX server; where it sends clients on to could not be read.", j.registry)
	case errors.As(err, &told) && (told.Kind == live.Stopped || told.Kind == live.Unreachable):
		r.Status, r.Message = Unknown, fmt.Sprintf("The RMI registry: %s %s.", strings.ToLower(portTitle(j.registry)), told.What)
	case errors.As(err, &told):
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("There is no RMI registry to reach: port %s %s.", j.registry, told.What)
		r.Fix = "Look for JMXServerManager in " + carbon.CarbonLog + "."
	default:
		r.Status, r.Message = Unknown, fmt.Sprintf("Port %s could not be asked.", j.registry)
	}
	return []Result{r}
}

// judge compares where clients are sent with what is configured.
func (j *liveJMX) judge(r Result, stub live.Stub) Result {
	r.Message = fmt.Sprintf("The RMI registry on port %s sends JMX clients on to %s, port %d.", j.registry, printable(stub.Host), stub.Port)
	want := j.started
	if want == "" {
		want = j.host.text
	}
	complain := func(what, fix string) Result {
		r.Status, r.Severity = Warn, Warning
		r.Message += " " + what
		r.Why = "JMX clients get no further than the registry."
		r.Fix = fix
		return r
	}
	switch {
	case j.server.Number > 0 && stub.Port != j.server.Number:
		return complain(fmt.Sprintf("The configured port of the JMX server is %d.", j.server.Number), "Restart the server: the ports are read at its start.")
	case j.host.text != "" && j.started != "" && j.host.text != j.started:
		return complain(fmt.Sprintf("java.rmi.server.hostname is %s in %s, but the server was started with %s.", j.host.text, orEnvironment(j.host.place), printable(j.started)), "Restart the server.")
	case want != "" && !strings.EqualFold(stub.Host, want):
		return complain(fmt.Sprintf("java.rmi.server.hostname is %s.", printable(want)), "Restart the server; if that does not help, see whether something else sets the property.")
	case want == "" && isLoopback(stub.Host):
		return complain("java.rmi.server.hostname is not set, so clients on other machines are sent to themselves.", fixJMX)
	}
	return r
}

// printable keeps what a server says from steering the terminal.
func printable(text string) string { return strings.Map(onlyPrintable, text) }

func onlyPrintable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 {
		return '?'
	}
	return r
}
