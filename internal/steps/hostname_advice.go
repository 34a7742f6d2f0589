package steps

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// Advice lists what keeps another name and why.
func (hostname) Advice(w *Workspace, a *answers.Set) []Advice {
	want := wantedNames(w, a)
	var all []Advice
	all = append(all, adviseKept(w, want)...)
	all = append(all, adviseForeign(w, want)...)
	all = append(all, adviseLocalhost(w)...)
	all = append(all, adviseProxy(w, want)...)
	return append(all, Advice{
		Guideline: 4, Title: "The name outside this server",
		Text: fmt.Sprintf("DNS has to lead clients to this server by %s, and the certificate of the server has to have the name (guideline 2). "+
			"After the start, open https://%s:%d/carbon and look at the endpoint addresses in the WSDL of a service.",
			both(want), want.management, httpsPort(w)),
	})
}

func both(n names) string {
	if n.host == n.management {
		return n.host
	}
	return n.host + " and " + n.management
}

func httpsPort(w *Workspace) int {
	if doc, err := w.XML(carbon.CatalinaXML); err == nil {
		for _, e := range doc.Find("/Server/Service/Connector") {
			if s, _ := e.Attr("scheme"); s == "https" {
				port, _ := e.Attr("port")
				if n, err := strconv.Atoi(port); err == nil {
					return n + readOffset(w).value
				}
			}
		}
	}
	return 9443 + readOffset(w).value
}

// adviseKept names what the first start has stored.
func adviseKept(w *Workspace, want names) []Advice {
	if !w.Install.Started.Yes {
		return nil
	}
	var lines []string
	for _, u := range scanURLs(w, want).sites {
		if u.frozen && u.foreign() == "" && u.renamed(want) != u.text {
			lines = append(lines, fmt.Sprintf("%s: %s", u.place, u.text))
		}
	}
	ad := Advice{
		Guideline: 4, Title: "Names that the server has stored",
		Text: fmt.Sprintf("This server has been started before (%s). What it has stored in its databases keeps the old name: the resident identity provider, service providers, "+
			"published APIs and services, and links in mails and tokens already sent. Look through them in the management console.", w.Install.Started.Evidence),
	}
	if len(lines) > 0 {
		ad.Text += " These values may have been stored as well and are left, so that file and store agree:\n" + strings.Join(lines, "\n")
	}
	return []Advice{ad}
}

// adviseForeign names public addresses with a host that somebody chose.
func adviseForeign(w *Workspace, want names) []Advice {
	var lines []string
	for _, u := range scanURLs(w, want).sites {
		if host := u.foreign(); host != "" {
			lines = append(lines, fmt.Sprintf("%s: %s", u.place, u.text))
		}
	}
	if listeners, err := receivers(w); err == nil {
		front := readFronted(w)
		for _, r := range listeners {
			if r.foreign(front, want.host, want.management) != "" {
				lines = append(lines, fmt.Sprintf("%s: %s", r.prefix.place, r.prefix.text))
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return []Advice{{Guideline: 4, Title: "Addresses with a host of their own", Text: "Somebody has put another host here, so these are left as they are:\n" + strings.Join(lines, "\n")}}
}

// localhostFiles hold localhost in places that are no public address of this server, or none that can be told safely.
var localhostFiles = []struct{ pattern, why string }{
	{carbon.Authenticators, "address of an identity provider, which may be another server; used when the authenticator is enabled"},
	{carbon.Axis2XML, "name of this server in the mediation engine; no client sees it"},
	{carbon.TasksConfig, "addresses of task servers; used with remote tasks only"},
	{carbon.SynapseConfig + "/api/*.xml", "calls of the gateway to its own server; they work with localhost"},
	{carbon.SynapseConfig + "/proxy-services/*.xml", "a proxy service; the server takes it over at its start, so change it in the console"},
	{"repository/deployment/server/jaggeryapps/*/site/conf/site.json", "single sign-on and workflow of a web application; used when enabled there"},
	{carbon.EPRDir + "/*.epr", "endpoint reference that is copied to a business process server, where localhost means that machine"},
}

// adviseLocalhost lists the lines outside comments that have localhost and were left.
func adviseLocalhost(w *Workspace) []Advice {
	var lines []string
	for _, f := range localhostFiles {
		files := []string{f.pattern}
		if strings.Contains(f.pattern, "*") {
			files = w.glob(f.pattern)
		}
		var found []carbon.Place
		for _, file := range files {
			if data, err := w.Bytes(file); err == nil {
				found = append(found, localhostPlaces(file, data)...)
			}
		}
		if len(found) > 0 {
			lines = append(lines, placeList(found)+": "+f.why)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return []Advice{{Guideline: 4, Title: "Places that keep localhost", Text: "Look whether one of these is used here, and change it by hand:\n" + strings.Join(lines, "\n")}}
}

// localhostPlaces returns the lines with localhost as the host of a web address, or as the whole text of an element, outside comments.
func localhostPlaces(file string, data []byte) []carbon.Place {
	const name = "localhost"
	if !bytes.Contains(data, []byte(name)) {
		return nil
	}
	if strings.HasSuffix(file, ".json") {
		data = withoutComments(data, "/*", "*/")
	} else {
		data = withoutComments(data, "<!--", "-->")
	}
	var found []carbon.Place
	line, from := 1, 0
	for {
		i := bytes.Index(data[from:], []byte(name))
		if i < 0 {
			return found
		}
		at := from + i
		line += bytes.Count(data[from:at], []byte("\n"))
		from = at + len(name)
		before, after := bytes.TrimRight(data[:at], " \t\r\n"), bytes.TrimLeft(data[from:], " \t\r\n")
		isText := bytes.HasSuffix(before, []byte(">")) && bytes.HasPrefix(after, []byte("<"))
		isHost := (bytes.HasSuffix(before, []byte("http://")) || bytes.HasSuffix(before, []byte("https://"))) && bytes.ContainsAny(data[from:min(from+1, len(data))], ":/")
		p := carbon.Place{File: file, Line: line}
		if (isText || isHost) && (len(found) == 0 || found[len(found)-1] != p) {
			found = append(found, p)
		}
	}
}

// withoutComments returns data with comments reduced to their line ends.
func withoutComments(data []byte, opens, closes string) []byte {
	var kept []byte
	for {
		start := bytes.Index(data, []byte(opens))
		if start < 0 {
			return append(kept, data...)
		}
		kept = append(kept, data[:start]...)
		data = data[start:]
		end := bytes.Index(data[len(opens):], []byte(closes))
		if end < 0 {
			return kept
		}
		end += len(opens) + len(closes)
		kept = append(kept, bytes.Repeat([]byte("\n"), bytes.Count(data[:end], []byte("\n")))...)
		data = data[end:]
	}
}

// adviseProxy says which addresses a reverse proxy does not change.
func adviseProxy(w *Workspace, want names) []Advice {
	front := readFronted(w)
	if front.port["http"] == 0 && front.port["https"] == 0 {
		return nil
	}
	var lines []string
	for _, u := range scanURLs(w, want).sites {
		if u.site.file == carbon.APIManagerXML {
			lines = append(lines, fmt.Sprintf("%s: %s", u.place, u.text))
		}
	}
	text := "The connectors of Tomcat name a reverse proxy, so WSDLEPRPrefix has the address of the proxy. That is right when the proxy passes service calls on, too."
	if len(lines) > 0 {
		text += " These addresses keep the ports of the server itself; put the proxy's in if users and clients reach them through it:\n" + strings.Join(lines, "\n")
	}
	return []Advice{{Guideline: 4, Title: "Behind the reverse proxy", Text: text}}
}
