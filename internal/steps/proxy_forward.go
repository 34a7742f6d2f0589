package steps

import (
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// The system properties of java.net; https has no nonProxyHosts of its own.
const (
	optHTTPHost  = "-Dhttp.proxyHost="
	optHTTPPort  = "-Dhttp.proxyPort="
	optHTTPSHost = "-Dhttps.proxyHost="
	optHTTPSPort = "-Dhttps.proxyPort="
	optBypass    = "-Dhttp.nonProxyHosts="
)

// forward is the proxy for outgoing calls as the JVM has it, else as the senders have it.
type forward struct {
	host, port, bypass string
	place              carbon.Place
}

func (f forward) present() Present {
	if f.host == "" {
		return Present{Text: "false", Note: "no file sets one"}
	}
	return Present{Text: "true", Place: f.place}
}

func readForward(w *Workspace) forward {
	if files, _, err := launchFiles(w); err == nil {
		in := launchFileInUse(w, files)
		if host, place, ok := in.option(optHTTPHost); ok {
			f := forward{host: host, place: place}
			f.port, _, _ = in.option(optHTTPPort)
			f.bypass, _, _ = in.option(optBypass)
			return f
		}
	}
	x, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return forward{}
	}
	for _, sender := range nioSenders(x) {
		if p := parameter(sender, "http.proxyHost"); p != nil {
			f := forward{host: p.Text(), place: carbon.Place{File: carbon.Axis2XML, Line: p.Line()}}
			if q := parameter(sender, "http.proxyPort"); q != nil {
				f.port = q.Text()
			}
			if q := parameter(sender, "http.nonProxyHosts"); q != nil {
				f.bypass = q.Text()
			}
			return f
		}
	}
	return forward{}
}

// ownHosts are the names under which the server calls itself; they never go through a proxy. The names that the answers give it
// count already: the host name step edits after this one.
func ownHosts(w *Workspace, a *answers.Set) []string {
	hosts := []string{"localhost", "127.0.0.1"}
	x, err := w.XML(carbon.CarbonXML)
	for _, name := range []struct{ key, path string }{{keyHostName, "/Server/HostName"}, {keyManagementName, "/Server/MgtHostName"}} {
		switch given := a.Text(name.key); {
		case given != "":
			hosts = addNew(hosts, writtenName(given))
		case err == nil && x.First(name.path) != nil:
			hosts = addNew(hosts, x.First(name.path).Text())
		}
	}
	return hosts
}

func addNew(list []string, more ...string) []string {
	for _, m := range more {
		known := m == ""
		for _, have := range list {
			known = known || strings.EqualFold(have, m)
		}
		if !known {
			list = append(list, m)
		}
	}
	return list
}

// bypassList is what the answers say, with the server's own names first, as java.net writes it.
func bypassList(w *Workspace, a *answers.Set) string {
	hosts := ownHosts(w, a)
	for _, pattern := range a.List(keyBypass) {
		hosts = addNew(hosts, writtenPattern(pattern))
	}
	return strings.Join(hosts, "|")
}

// writtenPattern is writtenName for a pattern such as *.example.com.
func writtenPattern(pattern string) string {
	if rest, ok := strings.CutPrefix(pattern, "*."); ok {
		return "*." + writtenName(rest)
	}
	return writtenName(pattern)
}

// forwardHost is the proxy as it is written into the files.
func forwardHost(a *answers.Set) string { return writtenName(a.Text(keyForwardHost)) }

// planForward writes or removes the proxy where each kind of client looks for it.
func planForward(w *Workspace, a *answers.Set, on bool) error {
	bypass := bypassList(w, a)
	files, _, err := launchFiles(w)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := planJVM(f, a, bypass, on); err != nil {
			return err
		}
	}
	for _, file := range []string{carbon.Axis2XML, carbon.Axis2Client, carbon.Axis2BlockingClient} {
		if !w.Has(file) {
			continue
		}
		x, err := w.XML(file)
		if err != nil {
			return err
		}
		if err := planSenders(x, a, bypass, on); err != nil {
			return err
		}
		if err := planClients(x, a, on); err != nil {
			return err
		}
	}
	return nil
}

// planJVM writes the properties into the start script: "start" and "restart" run it anew without arguments, so options given to them are lost.
// The login stays out of it: a command line can be read by every user of the machine.
func planJVM(f launchFile, a *answers.Set, bypass string, on bool) error {
	host, port := forwardHost(a), a.Text(keyForwardPort)
	for _, o := range []struct{ prefix, value string }{
		{optHTTPHost, host}, {optHTTPPort, port}, {optHTTPSHost, host}, {optHTTPSPort, port}, {optBypass, bypass},
	} {
		var err error
		if on {
			err = f.set(o.prefix, o.value, "outgoing calls of the JVM go through the proxy")
		} else {
			err = f.remove(o.prefix, "outgoing calls go directly")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nioSenders are the live http and https senders that read http.proxyHost: Synapse's pass-through and NIO ones (ProxyConfigBuilder).
func nioSenders(x *edit.XML) []*edit.Element {
	var all []*edit.Element
	for _, name := range []string{"http", "https"} {
		for _, e := range x.Find("/axisconfig/transportSender[@name='" + name + "']") {
			class, _ := e.Attr("class")
			if strings.Contains(class, ".passthru.") || strings.Contains(class, ".nhttp.") {
				all = append(all, e)
			}
		}
	}
	return all
}

// hasClientSenders reports whether the file has live senders of the CommonsHTTP kind, which read the Axis2 parameter Proxy.
func hasClientSenders(x *edit.XML) bool {
	for _, e := range x.Find("/axisconfig/transportSender") {
		class, _ := e.Attr("class")
		if strings.HasSuffix(class, ".CommonsHTTPTransportSender") {
			return true
		}
	}
	return false
}

// parameter returns the live child <parameter name="..."> of an element, or nil.
func parameter(e *edit.Element, name string) *edit.Element {
	for _, p := range e.Find("parameter") {
		if n, _ := p.Attr("name"); n == name {
			return p
		}
	}
	return nil
}

func planSenders(x *edit.XML, a *answers.Set, bypass string, on bool) error {
	password := a.Secret(keyProxyPass).Reveal()
	if a.Text(keyProxyUser) == "" {
		password = ""
	}
	for _, sender := range nioSenders(x) {
		for _, p := range []struct {
			name, value string
			secret      bool
		}{
			{"http.proxyHost", forwardHost(a), false},
			{"http.proxyPort", a.Text(keyForwardPort), false},
			{"http.nonProxyHosts", bypass, false},
			{"http.proxy.username", a.Text(keyProxyUser), false},
			{"http.proxy.password", password, true},
		} {
			if !on {
				p.value = ""
			}
			if err := setParameter(x, sender, p.name, p.value, p.secret); err != nil {
				return err
			}
		}
	}
	return nil
}

// setParameter gives the element a live parameter of that value; "" removes it.
func setParameter(x *edit.XML, parent *edit.Element, name, value string, isSecret bool) error {
	opts := []edit.Opt{edit.Because("messages go out through the proxy")}
	if isSecret {
		opts = append(opts, edit.Secret())
	}
	have := parameter(parent, name)
	switch {
	case value == "" && have == nil:
		return nil
	case value == "":
		return x.Remove(have, opts...)
	case have != nil:
		return x.SetText(have, value, opts...)
	}
	return x.Insert(edit.LastIn(parent), edit.New{
		Name: "parameter", Attrs: []edit.Attr{{Name: "name", Value: name}, {Name: "locked", Value: "false"}}, Text: value, Secret: isSecret,
	}, opts...)
}

// planClients sets the top-level parameter Proxy, which HTTPProxyConfigurationUtil of Axis2 reads for the CommonsHTTP senders.
func planClients(x *edit.XML, a *answers.Set, on bool) error {
	root := x.Root()
	have := parameter(root, "Proxy")
	because := edit.Because("Axis2 clients call through the proxy")
	switch {
	case !on && have != nil:
		return x.Remove(have, because)
	case !on || !hasClientSenders(x):
		return nil
	case have == nil:
		return x.Insert(placeOfProxy(root), newProxy(a), because)
	}
	config := have.First("Configuration")
	if config == nil {
		return &edit.Error{File: x.Name(), Line: have.Line(), What: `the parameter "Proxy" has no element Configuration`, Fix: "remove it, or complete it by hand"}
	}
	after := []string{}
	for _, c := range newProxy(a).Children[0].Children {
		var o []edit.Opt
		if c.Secret {
			o = append(o, edit.Secret())
		}
		if err := x.SetChild(config, c, after, append(o, because)...); err != nil {
			return err
		}
		after = append(after, c.Name)
	}
	if a.Text(keyProxyUser) != "" {
		return nil
	}
	for _, name := range []string{"ProxyUser", "ProxyPassword"} {
		if old := config.First(name); old != nil {
			if err := x.Remove(old, because, edit.Secret()); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeOfProxy is before the first transport, where the other top-level parameters end; the order does not matter to Axis2.
func placeOfProxy(root *edit.Element) edit.Place {
	for _, c := range root.Children() {
		if c.Name() == "transportReceiver" || c.Name() == "transportSender" {
			return edit.Before(c)
		}
	}
	return edit.LastIn(root)
}

func newProxy(a *answers.Set) edit.New {
	config := edit.New{Name: "Configuration", Children: []edit.New{
		{Name: "ProxyHost", Text: forwardHost(a)},
		{Name: "ProxyPort", Text: a.Text(keyForwardPort)},
	}}
	if user := a.Text(keyProxyUser); user != "" {
		config.Children = append(config.Children,
			edit.New{Name: "ProxyUser", Text: user},
			edit.New{Name: "ProxyPassword", Text: a.Secret(keyProxyPass).Reveal(), Secret: true})
	}
	return edit.New{Name: "parameter", Attrs: []edit.Attr{{Name: "name", Value: "Proxy"}}, Children: []edit.New{config}}
}
