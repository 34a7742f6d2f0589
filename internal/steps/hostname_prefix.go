package steps

import (
	"errors"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// receiver is a live listener of axis2.xml that reads WSDLEPRPrefix: pass-through or the older NIO transport. The servlet listeners do not.
type receiver struct {
	doc     *edit.XML
	element *edit.Element
	scheme  string
	port    int // as configured
	prefix  named
}

// receivers returns the listeners; an error when axis2.xml cannot be read.
func receivers(w *Workspace) ([]receiver, error) {
	doc, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return nil, err
	}
	var all []receiver
	for _, e := range doc.Find("/axisconfig/transportReceiver") {
		class, _ := e.Attr("class")
		if !strings.Contains(class, ".passthru.") && !strings.Contains(class, ".nhttp.") {
			continue
		}
		r := receiver{doc: doc, element: e, scheme: "http", prefix: named{place: carbon.Place{File: carbon.Axis2XML, Line: e.Line()}}}
		if name, _ := e.Attr("name"); strings.HasPrefix(name, "https") || strings.Contains(class, "SSL") {
			r.scheme = "https"
		}
		if p := e.First("parameter[@name='port']"); p != nil {
			r.port, _ = strconv.Atoi(p.Text())
		}
		if p := e.First("parameter[@name='WSDLEPRPrefix']"); p != nil {
			r.prefix.text, r.prefix.place.Line = p.Text(), p.Line()
		}
		all = append(all, r)
	}
	return all, nil
}

// wanted returns the prefix: with the address of the reverse proxy when there is one, else with the port that the listener has. Carbon writes it
// in front of every service address as it is and adds no offset. "" = the listener has no usable port.
func (r receiver) wanted(host string, f fronted) string {
	rest := ""
	if u, ok := splitURL(r.prefix.text); ok {
		rest = u.rest
	}
	if port := f.port[r.scheme]; port != 0 {
		if f.name != "" {
			host = f.name
		}
		return baseURL(r.scheme, host, port) + rest
	}
	port := r.port + f.offset
	if r.port < 1 || port < 1 || port > 65535 {
		return ""
	}
	return baseURL(r.scheme, host, port) + rest
}

// foreign returns the host of a prefix that somebody chose, one that is neither this server's nor its reverse proxy's; "" = there is none.
func (r receiver) foreign(f fronted, known ...string) string {
	u, ok := splitURL(r.prefix.text)
	if !ok || isUnset(u.host) {
		return ""
	}
	for _, k := range append(known, f.name) {
		if strings.EqualFold(u.host, k) {
			return ""
		}
	}
	return u.host
}

// fronted is what comes between clients and the listeners: the reverse proxy that the connectors of Tomcat name, and the offset.
type fronted struct {
	name   string
	port   map[string]int // by scheme; 0 = no proxy
	offset int
}

func readFronted(w *Workspace) fronted {
	f := fronted{port: map[string]int{}, offset: readOffset(w).value}
	doc, err := w.XML(carbon.CatalinaXML)
	if err != nil {
		return f
	}
	for _, e := range doc.Find("/Server/Service/Connector") {
		port, _ := e.Attr("proxyPort")
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 {
			continue
		}
		scheme := "http"
		if s, _ := e.Attr("scheme"); strings.EqualFold(s, "https") {
			scheme = "https"
		}
		f.port[scheme] = n
		if name, ok := e.Attr("proxyName"); ok && name != "" {
			f.name = name
		}
	}
	return f
}

// planPrefixes sets WSDLEPRPrefix on every listener that reads it. old are the names that carbon.xml had.
func planPrefixes(w *Workspace, old, want names) error {
	all, err := receivers(w)
	if err != nil {
		return nil //nolint:nilerr // Validate has named the file; the rest of the step goes on
	}
	front := readFronted(w)
	var failed []error
	for _, r := range all {
		prefix := r.wanted(want.host, front)
		if prefix == "" || r.foreign(front, old.host, old.management, want.host) != "" {
			continue
		}
		failed = append(failed, r.set(prefix))
	}
	return errors.Join(failed...)
}

func (r receiver) set(prefix string) error {
	because := edit.Because("service addresses in WSDLs")
	if e := r.element.First("parameter[@name='WSDLEPRPrefix']"); e != nil {
		return r.doc.SetText(e, prefix, because)
	}
	parameter := edit.New{Name: "parameter", Attrs: []edit.Attr{{Name: "name", Value: "WSDLEPRPrefix"}, {Name: "locked", Value: "false"}}, Text: prefix}
	for _, c := range r.element.CommentedOut("parameter") {
		if name, _ := c.Attr("name"); name == "WSDLEPRPrefix" {
			return r.doc.Insert(edit.Instead(c), parameter, because)
		}
	}
	if port := r.element.First("parameter[@name='port']"); port != nil {
		return r.doc.Insert(edit.After(port), parameter, because)
	}
	return r.doc.Insert(edit.LastIn(r.element), parameter, because)
}
