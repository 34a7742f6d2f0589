package steps

import (
	"strconv"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// connector is what one Tomcat connector says about a reverse proxy.
type connector struct {
	element    *edit.Element
	port, name string // proxyPort, proxyName; "" = not set
	place      carbon.Place
}

func (c connector) present() Present {
	return Present{Text: c.port, Place: c.place, Note: noteIf(c.port == "", "not set")}
}

func noteIf(yes bool, note string) string {
	if yes {
		return note
	}
	return ""
}

// reverse is the pair of connectors that Carbon 4.2.0 has: one for http, one for https.
type reverse struct{ http, https connector }

func (r reverse) any() bool { return r.http.port != "" || r.https.port != "" }

func (r reverse) present() Present {
	if !r.any() {
		return Present{Text: "false", Place: r.https.place, Note: "no connector has a proxyPort"}
	}
	return Present{Text: "true", Place: r.https.place}
}

// readReverse reads the connectors; what is not there stays zero.
func readReverse(w *Workspace) reverse {
	var r reverse
	x, err := w.XML(carbon.CatalinaXML)
	if err != nil {
		return r
	}
	for _, e := range x.Find("/Server/Service/Connector") {
		c := connector{element: e, place: carbon.Place{File: carbon.CatalinaXML, Line: e.Line()}}
		c.port, _ = e.Attr("proxyPort")
		c.name, _ = e.Attr("proxyName")
		if c.port != "" {
			c.place.Line = e.AttrLine("proxyPort")
		}
		if slot := &r.http; !isTLS(e) && slot.element == nil {
			*slot = c
		} else if slot := &r.https; isTLS(e) && slot.element == nil {
			*slot = c
		}
	}
	return r
}

func isTLS(connector *edit.Element) bool {
	scheme, _ := connector.Attr("scheme")
	enabled, _ := connector.Attr("SSLEnabled")
	return scheme == "https" || enabled == "true"
}

// planReverse sets or removes proxyPort and proxyName on both connectors. The servlet transports of axis2.xml need nothing:
// ServletTransportManager hands the value of the connector on to them.
func planReverse(w *Workspace, a *answers.Set, on bool) error {
	x, err := w.XML(carbon.CatalinaXML)
	if err != nil {
		return err
	}
	r := readReverse(w)
	if on && (r.http.element == nil || r.https.element == nil) {
		return &edit.Error{File: carbon.CatalinaXML, What: "a connector for http and one for https were looked for and not both found", Fix: "add proxyPort by hand"}
	}
	for _, c := range []struct {
		connector
		key string
	}{{r.http, keyReverseHTTP}, {r.https, keyReverseHTTPS}} {
		if c.element == nil {
			continue
		}
		if !on {
			err = removeProxy(x, c.element)
		} else {
			err = setConnectorProxy(x, c.element, a.Text(c.key), reverseName(a))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reverseName is the name of the reverse proxy as it is written into the file.
func reverseName(a *answers.Set) string { return writtenName(a.Text(keyReverseName)) }

func setConnectorProxy(x *edit.XML, e *edit.Element, port, name string) error {
	because := edit.Because("the port that clients of the reverse proxy see")
	if err := x.SetAttr(e, "proxyPort", port, "port", because); err != nil {
		return err
	}
	if name != "" {
		return x.SetAttr(e, "proxyName", name, "proxyPort", edit.Because("the name that clients of the reverse proxy see"))
	}
	return removeAttrIfSet(x, e, "proxyName")
}

func removeProxy(x *edit.XML, e *edit.Element) error {
	if err := removeAttrIfSet(x, e, "proxyName"); err != nil {
		return err
	}
	return removeAttrIfSet(x, e, "proxyPort")
}

func removeAttrIfSet(x *edit.XML, e *edit.Element, name string) error {
	if _, ok := e.Attr(name); !ok {
		return nil
	}
	return x.RemoveAttr(e, name, edit.Because("no reverse proxy stands in front"))
}

// nginxSnippet is the other side of the settings, to copy.
func nginxSnippet(a *answers.Set, httpsTarget string) []string {
	name := orText(reverseName(a), "esb.example.com")
	return []string{
		"server {",
		"    listen " + orText(a.Text(keyReverseHTTPS), "443") + " ssl;",
		"    server_name " + name + ";",
		"    ssl_certificate     /etc/nginx/tls/" + name + ".crt;",
		"    ssl_certificate_key /etc/nginx/tls/" + name + ".key;",
		"    location / {",
		"        proxy_pass https://" + httpsTarget + ";",
		"        proxy_set_header Host $host;",
		"        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
		"    }",
		"}",
	}
}

func (proxy) Advice(w *Workspace, a *answers.Set) []Advice {
	var all []Advice
	if yes, ok := wantsReverse(a); ok && yes {
		target := "127.0.0.1:9443"
		if r := readReverse(w); r.https.element != nil {
			if port, ok := r.https.element.Attr("port"); ok {
				if n, err := strconv.Atoi(port); err == nil {
					target = "127.0.0.1:" + strconv.Itoa(n+readOffset(w).value)
				}
			}
		}
		all = append(all, Advice{
			Guideline: 12, Title: "The reverse proxy itself",
			Text:     "What nginx needs, as a start. A prefix before the path (https://host/carbon42/...) is not possible with Carbon 4.2.0: give the server a host name of its own.",
			Commands: nginxSnippet(a, target),
		})
	}
	if yes, ok := wantsForward(a); ok && yes && a.Text(keyProxyUser) != "" {
		all = append(all, Advice{
			Guideline: 12, Title: "Login at the proxy",
			Text: "User and password are written for the Axis2 senders. Java's own connections (-Dhttp.proxyHost) send none: let the proxy accept this server by its address where those are needed.",
		})
	}
	return all
}
