package steps

import (
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// tlsListener is a listener that speaks TLS and says, or does not say, which versions.
type tlsListener struct {
	what    string
	place   carbon.Place
	enabled string // "" = whatever Java offers
	set     func(versions string) error
}

// enabledProtocols is the attribute that Tomcat's NioEndpoint hands to every SSLEngine. sslProtocol="TLS" alone leaves all on that Java has.
const enabledProtocols = "sslEnabledProtocols"

// httpsProtocols is the parameter that ServerConnFactoryBuilder reads for the HTTPS listeners of the pass-through and NIO transports. Their senders
// have none.
const httpsProtocols = "HttpsProtocols"

// tlsListeners are those of catalina-server.xml and axis2.xml. A file that cannot be read has none.
func tlsListeners(w *Workspace) []tlsListener {
	return append(tomcatListeners(w), axisListeners(w)...)
}

func tomcatListeners(w *Workspace) []tlsListener {
	var all []tlsListener
	doc, err := w.XML(carbon.CatalinaXML)
	if err != nil {
		return nil
	}
	for _, e := range doc.Find("/Server/Service/Connector") {
		if !isTLS(e) {
			continue
		}
		port, _ := e.Attr("port")
		l := tlsListener{what: "The HTTPS connector on port " + port, place: carbon.Place{File: carbon.CatalinaXML, Line: e.Line()}}
		if text, ok := e.Attr(enabledProtocols); ok {
			l.enabled, l.place.Line = text, e.AttrLine(enabledProtocols)
		} else if _, ok := e.Attr("sslProtocol"); ok {
			l.place.Line = e.AttrLine("sslProtocol")
		}
		l.set = func(versions string) error {
			return doc.SetAttr(e, enabledProtocols, versions, "sslProtocol", edit.Because("TLS versions without SSLv3"))
		}
		all = append(all, l)
	}
	return all
}

func axisListeners(w *Workspace) []tlsListener {
	var all []tlsListener
	doc, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return nil
	}
	for _, e := range doc.Find("/axisconfig/transportReceiver") {
		class, _ := e.Attr("class")
		if !strings.HasSuffix(class, "PassThroughHttpSSLListener") && !strings.HasSuffix(class, "HttpCoreNIOSSLListener") {
			continue
		}
		name, _ := e.Attr("name")
		l := tlsListener{what: fmt.Sprintf("The listener %s of axis2.xml", name), place: carbon.Place{File: carbon.Axis2XML, Line: e.Line()}}
		at := e.First("parameter[@name='" + httpsProtocols + "']")
		if at != nil {
			l.enabled, l.place.Line = at.Text(), at.Line()
		}
		l.set = func(versions string) error {
			why := edit.Because("TLS versions without SSLv3")
			if at != nil {
				return doc.SetText(at, versions, why)
			}
			n := edit.New{Name: "parameter", Attrs: []edit.Attr{{Name: "name", Value: httpsProtocols}}, Text: versions}
			if port := e.First("parameter[@name='port']"); port != nil {
				return doc.Insert(edit.After(port), n, why)
			}
			return doc.Insert(edit.FirstIn(e), n, why)
		}
		all = append(all, l)
	}
	return all
}

// offersWeak reports whether a list of versions is open or has SSL in it.
func (l tlsListener) offersWeak() bool {
	return strings.TrimSpace(l.enabled) == "" || strings.Contains(strings.ToUpper(l.enabled), "SSL")
}

// tlsVersions are what a Java supports, without SSL. Java 7 speaks nothing newer than TLSv1 as a client unless it is told to, and the server calls itself.
func tlsVersions(major int) string {
	switch {
	case major == 0:
		return ""
	case major <= 6:
		return "TLSv1"
	case major == 7:
		return "TLSv1,TLSv1.1,TLSv1.2"
	}
	return "TLSv1.2"
}

// knownTLS are the versions that an answer may name, with the first Java that has them.
var knownTLS = map[string]int{"TLSv1": 6, "TLSv1.1": 7, "TLSv1.2": 7}

func checkTLS(major int) func(text string) *Problem {
	return func(text string) *Problem {
		for _, version := range answers.SplitList(text) {
			since, ok := knownTLS[version]
			if !ok {
				return &Problem{Severity: Error, Message: version + " is no TLS version that Carbon 4.2.0 can offer.", Fix: "Give TLSv1, TLSv1.1 and TLSv1.2, or some of them."}
			}
			if major != 0 && major < since {
				return &Problem{Severity: Error, Message: fmt.Sprintf("Java %d does not have %s; the listeners would not start.", major, version), Fix: "Give TLSv1, or use Java 7."}
			}
		}
		return nil
	}
}

// planTLS sets the versions on every listener. Without an answer, a listener that has a list without SSL keeps it.
func planTLS(w *Workspace, a *answers.Set) error {
	asked := strings.Join(a.List(keyTLS), ",")
	for _, l := range tlsListeners(w) {
		versions := asked
		if versions == "" && l.offersWeak() {
			versions = tlsVersions(w.Install.Java.Major)
		}
		if versions == "" {
			continue
		}
		if err := l.set(versions); err != nil {
			return err
		}
	}
	return nil
}
