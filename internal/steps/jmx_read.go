package steps

import (
	"regexp"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
)

// jmxState is what jmx.xml and carbon.xml say. JMXServerManager reads jmx.xml without namespaces; StartRMIServer is on unless it has a text other
// than "true", and a port that begins with ${ is looked up in carbon.xml, with the offset added.
type jmxState struct {
	on       bool
	onPlace  carbon.Place // line 0 = no element
	host     string       // "" = no element: Carbon asks the machine for its name
	hostAt   carbon.Place
	registry jmxPort
	server   jmxPort
}

// jmxPort is one of the two ports.
type jmxPort struct {
	text    string       // the number before the offset, "" = none found
	place   carbon.Place // where the number stands
	written string       // what jmx.xml has
	literal bool         // jmx.xml has a number of its own, which the offset does not move
}

// number returns the port as the server opens it.
func (p jmxPort) number(offset int) (n int, ok bool) {
	n, err := strconv.Atoi(p.text)
	if err != nil {
		return 0, false
	}
	if !p.literal {
		n += offset
	}
	return n, true
}

const (
	jmxRegistryElement = "RMIRegistryPort"
	jmxServerElement   = "RMIServerPort"
)

func readJMX(w *Workspace) (jmxState, error) {
	doc, err := w.XML(carbon.JMXXML)
	if err != nil {
		return jmxState{}, err
	}
	j := jmxState{on: true, onPlace: carbon.Place{File: carbon.JMXXML}, hostAt: carbon.Place{File: carbon.JMXXML}}
	if e := doc.First("/JMX/StartRMIServer"); e != nil {
		j.on, j.onPlace.Line = e.Text() == "" || strings.EqualFold(e.Text(), "true"), e.Line()
	}
	if e := doc.First("/JMX/HostName"); e != nil {
		j.host, j.hostAt.Line = e.Text(), e.Line()
	}
	j.registry = readJMXPort(w, jmxRegistryElement)
	j.server = readJMXPort(w, jmxServerElement)
	return j, nil
}

// portPlaceholder is a reference to a port of carbon.xml by its dotted path.
var portPlaceholder = regexp.MustCompile(`^\$\{([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)\}`)

func readJMXPort(w *Workspace, name string) jmxPort {
	p := jmxPort{place: carbon.Place{File: carbon.JMXXML}}
	doc, err := w.XML(carbon.JMXXML)
	if err != nil {
		return p
	}
	e := doc.First("/JMX/" + name)
	if e == nil {
		return p
	}
	p.written, p.place.Line = e.Text(), e.Line()
	m := portPlaceholder.FindStringSubmatch(p.written)
	if m == nil {
		_, err := strconv.Atoi(p.written)
		p.literal = err == nil
		if p.literal {
			p.text = p.written
		}
		return p
	}
	carbonXML, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return p
	}
	if e := carbonXML.First("/Server/" + strings.ReplaceAll(m[1], ".", "/")); e != nil {
		p.text, p.place = e.Text(), carbon.Place{File: carbon.CarbonXML, Line: e.Line()}
	}
	return p
}
