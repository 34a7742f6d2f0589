package steps

import (
	"context"
	"errors"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// hostname is guideline 4: the name that the server gives itself.
type hostname struct {
	base
	resolver nameResolver // nil = the machine's
}

// nameResolver is the part of net.Resolver that the checks use.
type nameResolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// orderHostname lets the step see the port offset of guideline 11 and the reverse proxy of guideline 12.
const orderHostname = 13

const (
	keyHostName       = "hostname.name"
	keyManagementName = "hostname.management"
)

func (hostname) Info() Info {
	return Info{
		ID: "hostname", Section: "hostname", Guideline: 4, Title: "Host name", Order: orderHostname,
		Why: "Without a host name in carbon.xml the server asks Java for one, and Java guesses: often it is an address of the machine. The guess ends up in the " +
			"addresses of services, in WSDLs, in links of store and publisher, in mails and in SAML messages, where clients cannot use it and " +
			"certificates do not match it.\n\n" +
			"The management console has a host name of its own. When it is missing the address is used there, not the host name, so both are set.\n\n" +
			"Some places keep the name from the first start on. Decide it before.",
	}
}

func (hostname) Specs() []answers.Spec {
	return []answers.Spec{
		{
			Key: keyHostName, Kind: answers.Text, Label: "Host name", Required: true, Example: "esb.example.com",
			Help: "The name by which clients reach the server: fully qualified, as in its certificate. No https:// and no port.",
		},
		{
			Key: keyManagementName, Kind: answers.Text, Label: "Management host name", Example: "mgt.example.com",
			Help: "The name by which administrators reach the management console. Left out, a name that it has of its own stays; without one, it is the host name.",
		},
	}
}

func (hostname) Fields(w *Workspace, a *answers.Set) []Field {
	specs := hostname{}.Specs()
	name, management := hostName(w), managementName(w)
	first := Field{Spec: specs[0], Now: name.present("the server guesses: there is no <HostName>"), Check: checkHostName}
	second := Field{Spec: specs[1], Now: management.present("the address of the machine: there is no <MgtHostName>"), Check: checkHostName}
	first.Default, first.DefaultFrom = proposedName(w, name)
	switch given := a.Text(keyHostName); {
	case management.text != "":
		second.Default, second.DefaultFrom = management.text, "the present value"
	case given != "":
		second.Default, second.DefaultFrom = given, "the host name"
	default:
		second.Default, second.DefaultFrom = first.Default, "the host name"
	}
	return []Field{first, second}
}

// Cure asks for the names where this machine's own is one that the audit would find fault with again.
func (s hostname) Cure(w *Workspace) map[string]string {
	cures := map[string]string{}
	for _, f := range s.Fields(w, answers.NewSet(Schema())) {
		if p := checkHostName(f.Default); f.Default != "" && p != nil && p.Severity >= Warning {
			cures[f.Key] = ""
		}
	}
	return cures
}

// proposedName is the name in force, or the name of this machine when that is usable.
func proposedName(w *Workspace, now named) (name, from string) {
	if now.text != "" {
		return now.text, "the present value"
	}
	machine := w.Install.Host.Name
	if p := checkHostName(machine); machine == "" || p != nil && p.Severity == Error {
		return "", ""
	}
	return machine, "this machine's name"
}

// named is a host name in carbon.xml.
type named struct {
	text  string // "" = there is no live element
	place carbon.Place
}

func (n named) present(without string) Present {
	if n.text == "" {
		return Present{Place: n.place, Note: without}
	}
	return Present{Text: n.text, Place: n.place}
}

// hostName returns HostName of carbon.xml as edited so far.
func hostName(w *Workspace) named { return carbonName(w, "HostName") }

// managementName returns MgtHostName of carbon.xml as edited so far.
func managementName(w *Workspace) named { return carbonName(w, "MgtHostName") }

func carbonName(w *Workspace, element string) named {
	n := named{place: carbon.Place{File: carbon.CarbonXML}}
	doc, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return n
	}
	if e := doc.First("/Server/" + element); e != nil {
		n.text, n.place.Line = e.Text(), e.Line()
		return n
	}
	if c := doc.Root().CommentedOut(element); len(c) > 0 {
		n.place.Line = c[0].Line()
	}
	return n
}

// names are the two names that the answers ask for, as they are written.
type names struct{ host, management string }

// wantedNames returns the names that the answers ask for. Without one for the console, one that it has of its own stays.
func wantedNames(w *Workspace, a *answers.Set) names {
	n := names{host: writtenName(a.Text(keyHostName)), management: writtenName(a.Text(keyManagementName))}
	if n.management == "" {
		n.management = n.host
		if own := managementName(w).text; own != "" && !isUnset(own) && !strings.EqualFold(own, hostName(w).text) {
			n.management = own
		}
	}
	return n
}

func (hostname) Plan(w *Workspace, a *answers.Set) error {
	want := wantedNames(w, a)
	before := names{hostName(w).text, managementName(w).text}
	doc, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return nil //nolint:nilerr // Validate has named the file
	}
	all := []error{
		doc.SetChild(doc.Root(), edit.New{Name: "HostName", Text: want.host}, []string{"Name", "ServerKey", "Version"},
			edit.Because("host name of the server")),
		doc.SetChild(doc.Root(), edit.New{Name: "MgtHostName", Text: want.management}, []string{"Name", "ServerKey", "Version", "HostName"},
			edit.Because("host name of the management console")),
		planPrefixes(w, before, want),
	}
	for _, u := range scanURLs(w, before).sites {
		all = append(all, u.rename(want))
	}
	return errors.Join(all...)
}
