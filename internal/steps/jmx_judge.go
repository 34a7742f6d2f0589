package steps

import (
	"fmt"
	"strconv"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

func (s jmx) Validate(w *Workspace, a *answers.Set) []Problem {
	j, err := readJMX(w)
	if err != nil {
		return nil // Plan names the file
	}
	on := j.on
	if v, ok := a.Bool(keyJMXEnabled); ok {
		on = v
	}
	var all []Problem
	if on {
		all = append(all, jmxPortProblems(w, a, j)...)
		all = append(all, jmxHostProblems(w, a)...)
	}
	if a.Text(keyJMXHost) != "" && on {
		all = append(all, overriddenOption(w, keyJMXHost, rmiHostOption)...)
	}
	if _, left, err := launchFiles(w); err == nil && (a.Text(keyJMXHost) != "" || !on) {
		for _, u := range left {
			all = append(all, Problem{
				Severity: Warning, Key: "jmx", Message: u.String() + ". It is left as it is.",
				Fix: "It matters on Windows only. Change -Djava.rmi.server.hostname in it by hand if the server is ever started with it.",
			})
		}
	}
	return all
}

// jmxPortProblems judges the ports as they will be opened, with those that are not answered as the files have them.
func jmxPortProblems(w *Workspace, a *answers.Set, j jmxState) []Problem {
	as := portAnswersOf(a)
	offset := as.offsetOr(w)
	registry, known1 := answeredPort(as.registry, j.registry, offset)
	server, known2 := answeredPort(as.server, j.server, offset)
	var all []Problem
	if known1 && known2 && registry == server {
		key := keyServerPort
		if as.server == nil {
			key = keyRegistryPort
		}
		all = append(all, Problem{
			Severity: Error, Key: key, Message: fmt.Sprintf("The RMI registry and the RMI server would both be on port %d. The second one could not be opened.", registry),
			Fix: "Give them different ports; the product ships with 9999 and 11111.",
		})
	}
	for _, p := range []struct {
		key   string
		given *int
		n     int
	}{{keyRegistryPort, as.registry, registry}, {keyServerPort, as.server, server}} {
		if p.given == nil {
			continue
		}
		switch {
		case p.n > highestPort && *p.given <= highestPort:
			all = append(all, Problem{
				Severity: Error, Key: p.key, Message: fmt.Sprintf("With the offset %d this port would be %d; the highest there is is %d.", offset, p.n, highestPort),
				Fix: fmt.Sprintf("Give at most %d.", highestPort-offset),
			})
		case p.n > 0 && p.n < 1024:
			all = append(all, Problem{
				Severity: Warning, Key: p.key, Message: fmt.Sprintf("Port %d is below 1024, where only root may listen on most systems.", p.n),
				Fix: "Give a higher port, unless the server runs as root.",
			})
		}
	}
	return append(all, jmxClashes(w, a, as)...)
}

func answeredPort(given *int, now jmxPort, offset int) (n int, known bool) {
	if given != nil {
		return *given + offset, true
	}
	return now.number(offset)
}

// jmxClashes reports ports of JMX that something else has. The two against each other have been judged.
func jmxClashes(w *Workspace, a *answers.Set, as portAnswers) []Problem {
	table, _ := portTable(w, as)
	var all []Problem
	for _, c := range clashes(table) {
		if (c.first.Use == ForMonitoring) == (c.second.Use == ForMonitoring) {
			continue
		}
		mine, other := c.first, c.second
		if mine.Use != ForMonitoring {
			mine, other = other, mine
		}
		key := keyRegistryPort
		if n, ok := a.Int(keyServerPort); ok && n == mine.Base {
			key = keyServerPort
		}
		p := Problem{
			Severity: Error, Key: key, Message: fmt.Sprintf("Port %s would be taken twice: by %s and by %s (%s).", mine, mine.What, other.What, other.Place),
			Fix: "Give another port.",
		}
		if !c.certain() {
			p.Severity = Warning
		}
		all = append(all, p)
	}
	return all
}

func jmxHostProblems(w *Workspace, a *answers.Set) []Problem {
	if a.Text(keyJMXHost) != "" || rmiHostInForce(w).text != "" {
		return nil
	}
	return []Problem{{
		Severity: Note, Key: keyJMXHost, Message: "java.rmi.server.hostname is not set, so JMX clients are sent on to the address that Java takes for the machine's, which is often 127.0.0.1.",
		Fix: "Give jmx.hostname: the name of this machine for monitoring hosts, or localhost for clients on the machine itself.",
	}}
}

const (
	jmxRule         = "CS-8.1"
	jmxPortsRule    = "CS-8.2"
	jmxDistinctRule = "CS-8.3"
	jmxStubRule     = "CS-8.4"
	jmxAgentRule    = "CS-8.5"

	fixJMX = "Run the step JMX."
)

func (s jmx) Audit(w *Workspace) []Result {
	j, err := readJMX(w)
	if err != nil {
		return []Result{{
			ID: jmxRule, Status: Unknown, Place: carbon.Place{File: carbon.JMXXML}, Message: fmt.Sprintf("The JMX server cannot be told: %s %s.", carbon.JMXXML, launchWhy(err)),
			Fix: "Put the file of the distribution back, or make it readable.",
		}}
	}
	offset := readOffset(w).value
	all := []Result{auditJMXReach(w, j, offset)}
	if j.on {
		all = append(all, auditJMXPorts(j, offset)...)
	}
	return settled(append(all, auditJMXAgent(w)...))
}

// auditJMXReach judges whether it is decided who is to use JMX: nobody, clients on this machine, or others. As shipped it is not. The name in the RMI stubs
// decides, which is java.rmi.server.hostname; HostName in jmx.xml is only what Carbon itself finds its registry by.
func auditJMXReach(w *Workspace, j jmxState, offset int) Result {
	r := Result{ID: jmxRule, Place: j.onPlace, Status: OK}
	if !j.on {
		r.Message = "The JMX server is off."
		return r
	}
	if _, _, err := launchFiles(w); err != nil {
		r.Status, r.Place = Unknown, carbon.Place{File: carbon.ServerSH}
		r.Message = fmt.Sprintf("Where JMX clients are sent on to cannot be told: %s %s.", carbon.ServerSH, launchWhy(err))
		r.Fix = "Put the file of the distribution back, or make it readable."
		return r
	}
	registry, _ := j.registry.number(offset)
	server, _ := j.server.number(offset)
	stub := rmiHostInForce(w)
	switch {
	case stub.text == "":
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("JMX listens on every address of the machine, ports %d and %d, and java.rmi.server.hostname is not set: clients are sent on to the address that Java takes for the machine's, often 127.0.0.1.", registry, server)
		r.Why = "Whoever reaches the ports can try passwords, which JMX sends in clear text, while monitoring hosts may not get through."
		r.Fix = fixJMX + " Switch JMX off, or give it a host name and open the ports to the monitoring hosts only."
	case isLoopback(stub.text):
		r.Place = stub.place
		r.Message = fmt.Sprintf("JMX clients are sent on to %s: only clients on this machine, or through an SSH tunnel, get through. Keep ports %d and %d closed in the firewall.", stub.text, registry, server)
	default:
		r.Place = stub.place
		r.Message = fmt.Sprintf("JMX clients connect to port %d and are sent on to %s, port %d. Names and passwords go in clear text: open the ports to the monitoring hosts only.", registry, stub.text, server)
	}
	if stub.text != "" && j.host != "" && !isLoopback(j.host) && j.host != stub.text {
		r.Status, r.Severity, r.Place = Warn, Note, j.hostAt
		r.Message = fmt.Sprintf("HostName in jmx.xml is %s, but JMX clients are sent on to %s (%s).", j.host, stub.text, orEnvironment(stub.place))
		r.Why = "The JMX service URL in the log shows another name than the one that clients have to reach."
		r.Fix = fixJMX
	}
	return r
}

// orEnvironment names the place of an option that may stand in no file.
func orEnvironment(p carbon.Place) string {
	if p.File == "" {
		return "JAVA_OPTS in this environment"
	}
	return p.String()
}

func auditJMXPorts(j jmxState, offset int) []Result {
	var all []Result
	for _, p := range []struct {
		port jmxPort
		name string
	}{{j.registry, "RMI registry"}, {j.server, "RMI server"}} {
		r := Result{ID: jmxPortsRule, Place: p.port.place, Status: OK}
		n, ok := p.port.number(offset)
		switch {
		case !ok && p.port.written == "" && p.name == "RMI server":
			r.Status, r.Severity = Warn, Warning
			r.Message = "jmx.xml names no port for the RMI server: it is another one at every start, and no firewall can let it through."
			r.Why, r.Fix = "Monitoring works until the next start, and only where every port is open.", fixJMX
		case !ok:
			r.Status, r.Severity = Fail, Error
			r.Message = fmt.Sprintf("The port of the %s is not defined: jmx.xml has %q.", p.name, p.port.written)
			r.Why, r.Fix = "JMX does not start.", fixJMX
		case n < 1 || n > highestPort:
			r.Status, r.Severity = Fail, Error
			r.Message = fmt.Sprintf("The %s would be on port %d, which does not exist.", p.name, n)
			r.Why, r.Fix = "JMX does not start.", fixJMX
		case p.port.literal:
			r.Status, r.Severity = Warn, Warning
			r.Message = fmt.Sprintf("jmx.xml has the number %s for the %s instead of a placeholder.", p.port.written, p.name)
			r.Why = "Carbon takes such a number as it is: neither carbon.xml nor the port offset counts."
			r.Fix = fixJMX
		default:
			r.Message = fmt.Sprintf("The %s is on port %d.", p.name, n)
		}
		all = append(all, r)
	}
	registry, ok1 := j.registry.number(offset)
	server, ok2 := j.server.number(offset)
	if ok1 && ok2 && registry == server {
		all = append(all, Result{
			ID: jmxDistinctRule, Status: Fail, Severity: Error, Place: j.server.place,
			Message: fmt.Sprintf("The RMI registry and the RMI server are both on port %d.", registry), Why: "The second one cannot be opened.", Fix: fixJMX,
		})
	}
	return all
}

// auditJMXAgent finds the JVM's own JMX server, which -Dcom.sun.management.jmxremote.port starts: with authenticate=false it is an open door.
func auditJMXAgent(w *Workspace) []Result {
	files, _, err := launchFiles(w)
	if err != nil {
		return nil
	}
	f := launchFileInUse(w, files)
	look := func(prefix string) (string, carbon.Place, bool) {
		if by, ok := overriding(w, prefix); ok {
			return by.value, by.place, ok
		}
		return f.option(prefix)
	}
	port, place, ok := look(jmxAgentOption)
	if !ok {
		return nil
	}
	r := Result{ID: jmxAgentRule, Status: Warn, Severity: Warning, Place: place, Message: fmt.Sprintf("The JVM's own JMX server is switched on as well, on port %s; the port offset does not move it.", port)}
	r.Why = "It does not know Carbon's users and is one more way in."
	r.Fix = "Take -Dcom.sun.management.jmxremote.port out and use Carbon's JMX server."
	if auth, _, ok := look("-Dcom.sun.management.jmxremote.authenticate="); ok && auth == "false" {
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("The JVM's own JMX server is open to everyone on port %s: it asks for no password.", port)
		r.Why = "Through JMX anybody can run code as the user of the server."
	}
	return []Result{r}
}

func (s jmx) Verify(w *Workspace, a *answers.Set) []Result {
	j, err := readJMX(w)
	if err != nil {
		return []Result{{ID: jmxRule, Guideline: 8, Status: Fail, Severity: Error, Place: carbon.Place{File: carbon.JMXXML}, Message: carbon.JMXXML + " " + launchWhy(err) + "."}}
	}
	var all []Result
	check := func(id, what, want, have string, place carbon.Place) {
		r := Result{ID: id, Guideline: 8, Status: OK, Place: place, Message: fmt.Sprintf("%s is %s.", what, have)}
		if want != have {
			r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("%s should be %s and is %q.", what, want, have)
		}
		all = append(all, r)
	}
	if on, ok := a.Bool(keyJMXEnabled); ok {
		check(jmxRule, "StartRMIServer", strconv.FormatBool(on), strconv.FormatBool(j.on), j.onPlace)
	}
	for _, p := range []struct {
		key, what string
		port      jmxPort
	}{{keyRegistryPort, jmxRegistryElement, j.registry}, {keyServerPort, jmxServerElement, j.server}} {
		if n, ok := a.Int(p.key); ok {
			have := p.port.text
			if p.port.literal {
				have += " in jmx.xml"
			}
			check(jmxPortsRule, p.what, strconv.Itoa(n), have, p.port.place)
		}
	}
	if host := a.Text(keyJMXHost); host != "" {
		check(jmxRule, "HostName", writtenName(host), j.host, j.hostAt)
	}
	all = append(all, verifyRMIHost(w, a)...)
	if by, ok := overriding(w, rmiHostOption); ok && a.Text(keyJMXHost) != "" && by.value != writtenName(a.Text(keyJMXHost)) {
		all = append(all, Result{ID: jmxStubRule, Guideline: 8, Status: Warn, Severity: Warning, Place: by.place, Message: by.source + ", which wins.", Fix: "Take the option out of JAVA_OPTS."})
	}
	return all
}

func verifyRMIHost(w *Workspace, a *answers.Set) []Result {
	host := a.Text(keyJMXHost)
	enabled, answered := a.Bool(keyJMXEnabled)
	files, _, err := launchFiles(w)
	if err != nil || host == "" && (!answered || enabled) {
		return nil
	}
	var all []Result
	for _, f := range files {
		value, place, ok := f.option(rmiHostOption)
		_, _, agent := f.option(jmxAgentOption)
		r := Result{ID: jmxStubRule, Guideline: 8, Status: OK, Place: place, Message: "java.rmi.server.hostname is " + value + "."}
		switch wanted := !answered || enabled; {
		case wanted && value != writtenName(host):
			r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("%s: java.rmi.server.hostname should be %s and is %q.", f.rel, writtenName(host), value)
		case !wanted && ok && !agent:
			r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("%s still sets java.rmi.server.hostname to %s.", f.rel, value)
		case !wanted && !ok:
			r.Place, r.Message = carbon.Place{File: f.rel}, f.rel+" does not set java.rmi.server.hostname."
		}
		all = append(all, r)
	}
	return all
}
