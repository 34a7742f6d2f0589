package steps

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// ports is guideline 11: the ports of the server and the firewall in front of them.
type ports struct{ probe portProbe }

const (
	keyOffset            = "ports.offset"
	keyManagementSources = "ports.management_sources"
	keyJMXSources        = "ports.jmx_sources"
)

func (ports) Info() Info {
	return Info{
		ID: "ports", Section: "ports", Guideline: 11, Title: "Ports and firewall",
		Reads: []string{keyJMXEnabled, keyRegistryPort, keyServerPort, keyJMXHost}, // ports that the table and the firewall commands have
		Why: `A firewall in front of the server should let through what the server needs and nothing else: 9443 and 9763 (console, admin services, web
applications), 8280 and 8243 (services and APIs, where the product has them), the JMX ports if JMX is used, and what the product adds.

Management and JMX are for administrators and monitoring hosts: limit them to their addresses. Firewall commands are printed for you to run; carbon-setup runs none.

Several Carbon servers on one machine need different offsets, which are added to most ports. Not to all: the Thrift port of API key validation (10397) and
the cluster port (4000) stay, and so do addresses with a port that are written out in files.`,
	}
}

func (ports) Specs() []answers.Spec {
	return []answers.Spec{
		{
			Key: keyOffset, Kind: answers.Int, Label: "Port offset", Example: "0",
			Help: "Added to most ports of the server: with 1, the console is on 9444. Servers that share a machine need different ones.",
		},
		{
			Key: keyManagementSources, Kind: answers.List, Label: "Addresses of administrators", Example: "[10.0.5.0/24]",
			Help: "Networks or addresses that may reach the management ports (9443 and 9763); the firewall commands are limited to them. Left out: everyone may.",
		},
		{
			Key: keyJMXSources, Kind: answers.List, Label: "Addresses of monitoring hosts", Example: "[10.0.5.17]",
			Help: "Networks or addresses that may reach the JMX ports. Left out: the firewall commands do not open JMX.",
		},
	}
}

func (ports) Applies(w *Workspace) (bool, string) {
	if !w.Has(carbon.CarbonXML) {
		return false, "This install has no " + carbon.CarbonXML + ", which the ports are set in."
	}
	return true, ""
}

func (s ports) Fields(w *Workspace, a *answers.Set) []Field {
	specs := s.Specs()
	o := readOffset(w)
	offset := Field{Spec: specs[0], Default: "0", DefaultFrom: "the default of the product", Check: checkOffset, Now: Present{Text: o.inFile, Place: o.place}}
	if n, err := strconv.Atoi(o.inFile); err == nil && n >= 0 {
		offset.Default, offset.DefaultFrom = o.inFile, "the present value"
	}
	if o.by != nil {
		offset.Now.Note = o.by.source + ", which wins"
	}
	none := Present{Note: "the firewall is not looked at"}
	fields := []Field{offset, {Spec: specs[1], Check: checkSources, Now: none}}
	as := portAnswersOf(a)
	if j, err := readJMX(w); err == nil && (as.jmxOn == nil && j.on || as.jmxOn != nil && *as.jmxOn) {
		fields = append(fields, Field{Spec: specs[2], Check: checkSources, Now: none})
	}
	return fields
}

func checkOffset(text string) *Problem {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q is not an offset: it has to be a whole number.", text), Fix: "Give 0, or a small number such as 1."}
	case n < 0:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%d is negative. Carbon adds the offset to its ports.", n), Fix: "Give 0, or a small number such as 1."}
	case n >= highestPort:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%d is too large: ports end at %d.", n, highestPort), Fix: "Give 0, or a small number such as 1."}
	}
	return nil
}

// checkSources judges a list of networks as typed.
func checkSources(text string) *Problem {
	for _, entry := range answers.SplitList(text) {
		if _, p := parseSource(entry); p != nil && p.Severity == Error {
			return p
		}
	}
	for _, entry := range answers.SplitList(text) {
		if _, p := parseSource(entry); p != nil {
			return p
		}
	}
	return nil
}

// parseSource reads a network (10.0.5.0/24) or an address (10.0.5.17).
func parseSource(entry string) (netip.Prefix, *Problem) {
	refuse := func(message, fix string) (netip.Prefix, *Problem) {
		return netip.Prefix{}, &Problem{Severity: Error, Message: message, Fix: fix}
	}
	if addr, err := netip.ParseAddr(entry); err == nil && addr.Zone() == "" && !addr.Is4In6() {
		if addr.IsUnspecified() {
			return refuse(entry+" is not the address of a machine.", "Give the network or address of those who may connect, such as 10.0.5.0/24.")
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(entry)
	switch {
	case err != nil && strings.Contains(entry, "://"):
		return refuse(fmt.Sprintf("%q is a URL; a firewall knows addresses.", entry), "Give the network or address, such as 10.0.5.0/24.")
	case err != nil || p.Addr().Is4In6():
		return refuse(fmt.Sprintf("%q is neither a network nor an address. Names are not accepted: a firewall looks them up once and never again.", entry), "Write it like 10.0.5.0/24, 10.0.5.17 or 2001:db8::/32.")
	case p != p.Masked():
		return refuse(fmt.Sprintf("%s is an address inside a network, not a network.", entry), fmt.Sprintf("Write %s for the whole network, or %s for the one address.", p.Masked(), p.Addr()))
	case p.Bits() == 0:
		return p, &Problem{Severity: Warning, Message: entry + " means everyone.", Fix: "Give the networks of those who need it."}
	}
	return p, nil
}

// sourcesOf returns the networks of a list answer, each once. Validate has refused what is none.
func sourcesOf(a *answers.Set, key string) []netip.Prefix {
	var all []netip.Prefix
	seen := map[netip.Prefix]bool{}
	for _, entry := range a.List(key) {
		p, bad := parseSource(strings.TrimSpace(entry))
		if (bad == nil || bad.Severity != Error) && !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	return all
}

func (s ports) Plan(w *Workspace, a *answers.Set) error {
	offset, ok := a.Int(keyOffset)
	if !ok {
		return nil
	}
	before, _ := portTable(w, portAnswers{})
	after, _ := portTable(w, portAnswersOf(a))
	if err := planOffset(w, offset); err != nil {
		return err
	}
	if err := planOffsetOption(w); err != nil {
		return err
	}
	moves := movedPorts(before, after)
	if err := planRedirects(w, moves); err != nil {
		return err
	}
	return planAddresses(w, moves)
}

func planOffset(w *Workspace, offset int) error {
	doc, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return launchError(carbon.CarbonXML, err)
	}
	because := edit.Because("port offset")
	leaf := edit.New{Name: "Offset", Text: strconv.Itoa(offset)}
	group := doc.First("/Server/Ports")
	if group == nil {
		return doc.Insert(edit.LastIn(doc.Root()), edit.New{Name: "Ports", Children: []edit.New{leaf}}, because)
	}
	if group.First("Offset") == nil {
		return doc.Insert(edit.FirstIn(group), leaf, because)
	}
	return doc.SetChild(group, leaf, nil, because)
}

// planOffsetOption takes -DportOffset out of the scripts: it would override carbon.xml. A script that cannot be read does not stop the step, for nothing is
// written into it.
func planOffsetOption(w *Workspace) error {
	files, _, err := launchFiles(w)
	if err != nil {
		return nil //nolint:nilerr // Validate has warned; carbon.xml is what decides
	}
	for _, f := range files {
		if err := f.remove(offsetOption, "the offset in carbon.xml is to count"); err != nil {
			return err
		}
	}
	return nil
}
