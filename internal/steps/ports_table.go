package steps

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// Opening says whether the server listens on a port that its files name.
type Opening int

// The openings. A file can name a port for a component that the product does not have.
const (
	Opens    Opening = iota + 1
	MayOpen          // whether the component is there cannot be told from the files
	NotOpens         // switched off, or the product has nothing that would listen
)

// PortUse says who has to reach a port.
type PortUse int

// The uses.
const (
	ForClients    PortUse = iota + 1 // clients of the services and data publishers
	ForManagement                    // the management console and the admin services
	ForMonitoring                    // JMX
	ForCluster                       // the other members of the cluster
	ForItself                        // the server itself, or a part of it on another machine
)

// Port is a port of the install, computed from its files with the edits so far.
type Port struct {
	Number   int    // what the server listens on: with the offset where it counts
	Base     int    // as the file has it
	Protocol string // "tcp" or "udp"
	What     string // "HTTPS: management console, admin services, web applications"
	Place    carbon.Place
	Moved    bool // the offset moves it
	Opens    Opening
	Use      PortUse
	Local    bool   // it listens on the loopback address only
	Note     string // a sentence: why it is not opened, why the offset does not move it
}

// String returns "9443/tcp".
func (p Port) String() string { return strconv.Itoa(p.Number) + "/" + p.Protocol }

// Needed reports whether others than this machine have to reach the port.
func (p Port) Needed() bool { return p.Opens == Opens && !p.Local && p.Use != ForItself }

// PortTable returns the ports that the files of the install name, in order of number, as they are with the edits so far. Files that cannot be
// read contribute none.
func PortTable(w *Workspace) []Port {
	table, _ := portTable(w, portAnswers{})
	return table
}

// portAnswers are answers that stand in for what the files have; nil = as the files have it.
type portAnswers struct {
	offset, registry, server *int
	jmxOn                    *bool
}

func portAnswersOf(a *answers.Set) portAnswers {
	var p portAnswers
	if n, ok := a.Int(keyOffset); ok {
		p.offset = &n
	}
	if n, ok := a.Int(keyRegistryPort); ok {
		p.registry = &n
	}
	if n, ok := a.Int(keyServerPort); ok {
		p.server = &n
	}
	if on, ok := a.Bool(keyJMXEnabled); ok {
		p.jmxOn = &on
	}
	return p
}

// offsetOr returns the answered offset, or else the one in force.
func (p portAnswers) offsetOr(w *Workspace) int {
	if p.offset != nil {
		return *p.offset
	}
	return readOffset(w).value
}

// portReader collects the rows of the table.
type portReader struct {
	w      *Workspace
	offset int
	rows   []Port
	faults []carbon.Unreadable
}

// portTable returns the table and the files that could not be read for it.
func portTable(w *Workspace, as portAnswers) ([]Port, []carbon.Unreadable) {
	r := &portReader{w: w, offset: as.offsetOr(w)}
	r.connectors()
	r.receivers()
	r.jmx(as)
	r.carbonPorts()
	r.h2()
	r.thrift()
	r.dataBridge()
	r.cassandra()
	r.clustering()
	slices.SortStableFunc(r.rows, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Place.File, b.Place.File))
	})
	return r.rows, r.faults
}

// add books a row whose number is text. Text that is no number is no row: the rules about the file speak of it.
func (r *portReader) add(text string, p Port) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return
	}
	p.Base, p.Number = n, n
	if p.Moved {
		p.Number += r.offset
	}
	if p.Protocol == "" {
		p.Protocol = "tcp"
	}
	if p.Opens == 0 {
		p.Opens = Opens
	}
	r.rows = append(r.rows, p)
}

func (r *portReader) fault(file string, err error) {
	if r.w.Has(file) {
		r.faults = append(r.faults, carbon.Unreadable{File: file, Why: whyUnread(err)})
	}
}

// clash is a port that two rows want.
type clash struct{ first, second Port }

// certain reports that both do listen.
func (c clash) certain() bool { return c.first.Opens == Opens && c.second.Opens == Opens }

// String is a sentence.
func (c clash) String() string {
	return fmt.Sprintf("Port %s is wanted twice: %s (%s) and %s (%s).", c.first, c.first.What, c.first.Place, c.second.What, c.second.Place)
}

// clashes finds them in a table that is in order of number.
func clashes(table []Port) []clash {
	var found []clash
	for i, a := range table {
		for _, b := range table[i+1:] {
			if b.Number != a.Number {
				break
			}
			if a.Protocol == b.Protocol && a.Opens != NotOpens && b.Opens != NotOpens {
				found = append(found, clash{a, b})
			}
		}
	}
	return found
}

const highestPort = 65535

// outOfRange returns the rows that no socket can have.
func outOfRange(table []Port) []Port {
	var found []Port
	for _, p := range table {
		if p.Opens != NotOpens && (p.Number < 1 || p.Number > highestPort) {
			found = append(found, p)
		}
	}
	return found
}

// highestOffset is the largest offset that keeps every port of the table in range.
func highestOffset(table []Port) int {
	top := highestPort
	for _, p := range table {
		if p.Moved && p.Opens != NotOpens {
			top = min(top, highestPort-p.Base)
		}
	}
	return max(top, 0)
}

// serverOffset is the offset that the server takes, and what decides it: the system property portOffset before carbon.xml
// (ServletTransportManager, CarbonUtils.getPortFromServerConfig and the pass-through listeners all ask it first).
type serverOffset struct {
	value  int
	inFile string // the text in carbon.xml
	place  carbon.Place
	by     *javaOption // what overrides the file, or nil
	wrong  string      // why the file's text is no offset, a clause
}

const offsetOption = "-DportOffset="

func readOffset(w *Workspace) serverOffset {
	o := serverOffset{place: carbon.Place{File: carbon.CarbonXML}}
	doc, err := w.XML(carbon.CarbonXML)
	if err != nil {
		o.wrong = carbon.CarbonXML + " " + launchWhy(err)
		return o
	}
	e := doc.First("/Server/Ports/Offset")
	if e == nil {
		o.wrong = "there is no element Ports/Offset"
	} else {
		o.inFile, o.place.Line = e.Text(), e.Line()
		if o.value, err = strconv.Atoi(o.inFile); err != nil {
			o.wrong = fmt.Sprintf("%q is not a whole number", o.inFile)
		}
	}
	o.override(w)
	return o
}

// override looks for -DportOffset in JAVA_OPTS and in the script.
func (o *serverOffset) override(w *Workspace) {
	if by, ok := overriding(w, offsetOption); ok {
		o.by = &by
	} else if files, _, err := launchFiles(w); err == nil {
		if value, place, ok := launchFileInUse(w, files).option(offsetOption); ok {
			o.by = &javaOption{text: offsetOption + value, value: value, source: fmt.Sprintf("%s has %s%s", place, offsetOption, value), place: place}
		}
	}
	if o.by == nil {
		return
	}
	if n, err := strconv.Atoi(o.by.value); err == nil {
		o.value = n
	}
}
