package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// jmx is guideline 8: the ports that JMX clients connect to.
type jmx struct {
	probe    portProbe
	resolver nameResolver // nil = the machine's
}

const (
	keyJMXEnabled   = "jmx.enabled"
	keyRegistryPort = "jmx.registry_port"
	keyServerPort   = "jmx.server_port"
	keyJMXHost      = "jmx.hostname"

	rmiHostOption = "-Djava.rmi.server.hostname="
	// jmxAgentOption starts the JMX server of the JVM itself, which is another one than Carbon's.
	jmxAgentOption = "-Dcom.sun.management.jmxremote.port="
)

func (jmx) Info() Info {
	return Info{
		ID: "jmx", Section: "jmx", Guideline: 8, Title: "JMX",
		Reads: []string{keyHostName, keyOffset}, // the proposed name for clients, and the ports that it comes to
		Free: func(a *answers.Set) bool {
			on, ok := a.Bool(keyJMXEnabled)
			return ok && !on
		},
		Why: `Carbon starts a JMX server: an RMI registry on port 9999 and an RMI server on port 11111, set in carbon.xml, both moved by the offset. Both listen
on every address of the machine. A client connects to the first and is sent on to the second, under the name in the system property
java.rmi.server.hostname. As shipped that is not set, and Java sends clients to the address that it takes for the machine's: often 127.0.0.1.

The property has to stand in wso2server.sh, because "wso2server.sh start" drops options of its own command line. HostName in jmx.xml is another thing: the
name under which Carbon reaches its own RMI registry and which it logs as the JMX service URL. Both are set to the same name here.

JMX wants the name and password of a Carbon administrator and sends them in clear text. Open it to the monitoring hosts only, use it through an SSH tunnel, or switch it off.`,
	}
}

func (jmx) Specs() []answers.Spec {
	return []answers.Spec{
		{
			Key: keyJMXEnabled, Kind: answers.Bool, Label: "JMX server", Example: "true",
			Help: "Whether Carbon starts its JMX server. If not, neither port is opened.",
		},
		{
			Key: keyRegistryPort, Kind: answers.Int, Label: "RMI registry port", Example: "9999",
			Help: "The port that JMX clients connect to first, before the offset of guideline 11 is added.",
		},
		{
			Key: keyServerPort, Kind: answers.Int, Label: "RMI server port", Example: "11111",
			Help: "The port that they are sent on to, before the offset is added. Not the registry's.",
		},
		{
			Key: keyJMXHost, Kind: answers.Text, Label: "Host name for JMX clients", Example: "esb.example.com",
			Help: "The name or IPv4 address under which JMX clients reach this machine; this machine has to find itself under it, too. localhost: only clients on the machine itself, or through an SSH tunnel.",
		},
	}
}

func (jmx) Applies(w *Workspace) (bool, string) {
	if !w.Has(carbon.JMXXML) {
		return false, "This install has no " + carbon.JMXXML + ", which the JMX server is set in."
	}
	return true, ""
}

func (s jmx) Fields(w *Workspace, a *answers.Set) []Field {
	specs := s.Specs()
	j, err := readJMX(w)
	if err != nil {
		j.on = true
	}
	on := Field{
		Spec: specs[0], Default: strconv.FormatBool(j.on), DefaultFrom: "the present value", Now: Present{Text: strconv.FormatBool(j.on), Place: j.onPlace},
		Options: []Option{{"true", "yes"}, {"false", "no: no JMX from other machines"}},
	}
	fields := []Field{on}
	if enabled, ok := a.Bool(keyJMXEnabled); ok && !enabled {
		return fields
	}
	for i, p := range []struct {
		now   jmxPort
		usual string
	}{{j.registry, "9999"}, {j.server, "11111"}} {
		f := Field{Spec: specs[i+1], Default: p.now.text, DefaultFrom: "the present value", Check: checkPort, Now: Present{Text: p.now.text, Place: p.now.place}}
		if p.now.text == "" {
			f.Default, f.DefaultFrom, f.Now.Note = p.usual, "the default of the product", "not set"
		}
		if p.now.literal {
			f.Now.Note = "a number of its own in jmx.xml, which the offset does not move"
		}
		fields = append(fields, f)
	}
	stub := rmiHostInForce(w)
	host := Field{Spec: specs[3], Check: checkJMXHost, Now: Present{Text: stub.text, Place: stub.place}}
	if stub.text == "" {
		host.Now.Note = "not set: clients are sent on to the address that Java takes for the machine's"
	}
	host.Default, host.DefaultFrom = proposedJMXHost(w, a, stub.text, j.host)
	return append(fields, host)
}

// rmiHostInForce is java.rmi.server.hostname as the server gets it.
func rmiHostInForce(w *Workspace) named {
	if by, ok := overriding(w, rmiHostOption); ok {
		return named{text: by.value, place: by.place}
	}
	files, _, err := launchFiles(w)
	if err != nil {
		return named{}
	}
	value, place, _ := launchFileInUse(w, files).option(rmiHostOption)
	return named{text: value, place: place}
}

func proposedJMXHost(w *Workspace, a *answers.Set, stub, inFile string) (host, from string) {
	switch {
	case stub != "":
		return stub, "the present value"
	case inFile != "" && !isLoopback(inFile):
		return inFile, "HostName in jmx.xml"
	case a.Text(keyHostName) != "":
		return a.Text(keyHostName), "the host name of guideline 4"
	}
	if name := hostName(w).text; name != "" {
		return name, "the host name in carbon.xml"
	}
	return "localhost", "HostName in jmx.xml"
}

// checkPort judges a port as typed, before any offset.
func checkPort(text string) *Problem {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q is not a port: it has to be a whole number.", text), Fix: "Give a number from 1 to 65535."}
	case n < 1 || n > highestPort:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%d is not a port; ports go from 1 to %d.", n, highestPort), Fix: "Give a number from 1 to 65535."}
	}
	return nil
}

func checkJMXHost(name string) *Problem {
	if p := hostSyntax(name); p != nil {
		return p
	}
	if isLoopback(name) {
		return &Problem{
			Severity: Note, Message: "With localhost, JMX clients on other machines are sent on to themselves: only clients on this machine, or through an SSH tunnel, can use it.",
			Fix: "Give the name of this machine if monitoring hosts are to connect directly.",
		}
	}
	return nil
}

func (s jmx) Plan(w *Workspace, a *answers.Set) error {
	if err := planJMXPorts(w, a); err != nil {
		return err
	}
	if err := planJMXFile(w, a); err != nil {
		return err
	}
	return planRMIHost(w, a)
}

// planJMXPorts writes the numbers where they belong, carbon.xml.
func planJMXPorts(w *Workspace, a *answers.Set) error {
	registry, server := jmxLeaf(a, keyRegistryPort, jmxRegistryElement), jmxLeaf(a, keyServerPort, jmxServerElement)
	if len(registry)+len(server) == 0 {
		return nil
	}
	doc, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return launchError(carbon.CarbonXML, err)
	}
	because := edit.Because("port of the JMX server")
	ports, both := doc.First("/Server/Ports"), slices.Concat(registry, server)
	if ports == nil {
		return doc.Insert(edit.LastIn(doc.Root()), edit.New{Name: "Ports", Children: []edit.New{{Name: "JMX", Children: both}}}, because)
	}
	group := ports.First("JMX")
	if group == nil {
		place := edit.FirstIn(ports)
		if offset := ports.First("Offset"); offset != nil {
			place = edit.After(offset)
		}
		return doc.Insert(place, edit.New{Name: "JMX", Children: both}, because)
	}
	for _, leaf := range both {
		if err := doc.SetChild(group, leaf, []string{jmxRegistryElement}, because); err != nil {
			return err
		}
	}
	return nil
}

func jmxLeaf(a *answers.Set, key, name string) []edit.New {
	n, ok := a.Int(key)
	if !ok {
		return nil
	}
	return []edit.New{{Name: name, Text: strconv.Itoa(n)}}
}

// planJMXFile edits jmx.xml. A port that stands there as a number goes back to the placeholder, for otherwise neither carbon.xml nor the offset would count.
func planJMXFile(w *Workspace, a *answers.Set) error {
	doc, err := w.XML(carbon.JMXXML)
	if err != nil {
		return launchError(carbon.JMXXML, err)
	}
	set := func(name, text, reason string, after ...string) error {
		return doc.SetChild(doc.Root(), edit.New{Name: name, Text: text}, after, edit.Because(reason))
	}
	if on, ok := a.Bool(keyJMXEnabled); ok && (!on || leafText(doc, "/JMX/StartRMIServer") != "true") {
		if err := set("StartRMIServer", strconv.FormatBool(on), "JMX server on or off"); err != nil {
			return err
		}
	}
	if host := a.Text(keyJMXHost); host != "" {
		if err := set("HostName", writtenName(host), "name in the JMX service URL", "StartRMIServer"); err != nil {
			return err
		}
	}
	for _, p := range []struct{ key, name string }{{keyRegistryPort, jmxRegistryElement}, {keyServerPort, jmxServerElement}} {
		placeholder := "${Ports.JMX." + p.name + "}"
		if _, ok := a.Lookup(p.key); !ok || strings.HasPrefix(leafText(doc, "/JMX/"+p.name), placeholder) {
			continue
		}
		if err := set(p.name, placeholder, "port of the JMX server, as carbon.xml has it and with the offset", "HostName", jmxRegistryElement); err != nil {
			return err
		}
	}
	return nil
}

// planRMIHost sets java.rmi.server.hostname, or takes it out when JMX is off.
func planRMIHost(w *Workspace, a *answers.Set) error {
	host, on := a.Text(keyJMXHost), true
	if enabled, ok := a.Bool(keyJMXEnabled); ok {
		on = enabled
	}
	if host == "" && on {
		return nil
	}
	files, _, err := launchFiles(w)
	if err != nil {
		return err
	}
	for _, f := range files {
		switch _, _, agent := f.option(jmxAgentOption); {
		case on:
			err = f.set(rmiHostOption, writtenName(host), "name that JMX clients are sent on to")
		case agent: // the JVM's own JMX server needs the name as well
			err = nil
		default:
			err = f.remove(rmiHostOption, "the JMX server is off")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
