package steps

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// portMoves maps what an address may have as port - the number before the offset, or with the one until now - to the number with the new offset.
type portMoves map[string]string

// movedPorts compares the table before with the one after. A number that could mean two ports is left out.
func movedPorts(before, after []Port) portMoves {
	moves, doubtful := portMoves{}, map[string]bool{}
	note := func(from, to int) {
		key, value := strconv.Itoa(from), strconv.Itoa(to)
		if old, ok := moves[key]; ok && old != value {
			doubtful[key] = true
		}
		moves[key] = value
	}
	for _, p := range after {
		if !p.Moved || p.Opens == NotOpens || p.Protocol != "tcp" {
			continue
		}
		note(p.Base, p.Number)
		note(p.Number, p.Number)
		for _, old := range before {
			if old.Place == p.Place && old.Moved {
				note(old.Number, p.Number)
			}
		}
	}
	for key := range doubtful {
		delete(moves, key)
	}
	return moves
}

// to returns where a port has gone, if it has.
func (m portMoves) to(port string) (string, bool) {
	n, ok := m[port]
	return n, ok && n != port
}

// planRedirects lets redirectPort follow: Tomcat sends clients there from pages that want TLS, and Carbon adds the offset to port only.
func planRedirects(w *Workspace, moves portMoves) error {
	doc, err := w.XML(carbon.CatalinaXML)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return launchError(carbon.CatalinaXML, err)
	}
	for _, e := range doc.Find("/Server/Service/Connector") {
		port, _ := e.Attr("redirectPort")
		if to, ok := moves.to(port); ok {
			if err := doc.SetAttr(e, "redirectPort", to, "port", edit.Because("port that clients are redirected to, with the offset")); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownAddress is an element that holds addresses of this very server.
type ownAddress struct {
	doc     *edit.XML
	element *edit.Element
	file    string
	what    string
}

// ownAddresses returns the addresses that are this server's by their meaning: its public URLs and the prefix of its WSDLs. Those that a started server has
// copied are left out, for the file no longer decides about them.
func ownAddresses(w *Workspace) []ownAddress {
	var all []ownAddress
	for _, site := range publicURLs {
		doc, err := w.XML(site.file)
		if err != nil || site.kept && w.Install.Started.Yes {
			continue
		}
		for _, e := range doc.Find(site.path) {
			all = append(all, ownAddress{doc, e, site.file, site.what})
		}
	}
	if doc, err := w.XML(carbon.Axis2XML); err == nil {
		for _, e := range doc.Find("/axisconfig/transportReceiver/parameter[@name='WSDLEPRPrefix']") {
			all = append(all, ownAddress{doc, e, carbon.Axis2XML, "the addresses in WSDLs"})
		}
	}
	return all
}

// planAddresses lets the ports in them follow, where their host means this server.
func planAddresses(w *Workspace, moves portMoves) error {
	ours := thisServer(w)
	for _, o := range ownAddresses(w) {
		text := o.element.Text()
		to := movedAddresses(text, moves, ours)
		if to == text {
			continue
		}
		if err := o.doc.SetText(o.element, to, edit.Because("port in "+o.what+", with the offset")); err != nil {
			return err
		}
	}
	return nil
}

// movedAddresses returns a list of URLs, parted by commas, with the ports that have moved.
func movedAddresses(text string, moves portMoves, ours func(string) bool) string {
	parts := strings.Split(text, ",")
	for i, part := range parts {
		u, ok := splitURL(part)
		if !ok || !ours(u.host) {
			continue
		}
		if to, moved := moves.to(u.port); moved {
			u.port = to
			parts[i] = u.String()
		}
	}
	return strings.Join(parts, ",")
}

// staleAddress is an address of this machine with the number that a port has without the offset.
type staleAddress struct {
	place  carbon.Place
	url    string
	now    string // the port with the offset
	others int    // further ones of the kind in the same file
}

// addressFiles are the files in which addresses with a port are written out. The last three kinds are not the server's configuration but what it deploys.
var addressFiles = []string{
	carbon.IdentityXML, carbon.APIManagerXML, carbon.Axis2XML, carbon.EmailAdmin, carbon.Authenticators, carbon.TasksConfig, carbon.EventBroker,
	carbon.RegistryXML, "repository/conf/multitenancy/cloud-services-desc.xml",
	carbon.SynapseConfig + "/*/*.xml", "repository/deployment/server/jaggeryapps/*/site/conf/site.json", carbon.EPRDir + "/*.epr",
}

// addressIn finds URLs inside a text.
var addressIn = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}`)

// staleAddresses lists the addresses of this server that do not follow the offset, the first of each kind in each file.
func staleAddresses(w *Workspace, moves portMoves) []staleAddress {
	ours := thisServer(w)
	var all []staleAddress
	for _, pattern := range addressFiles {
		files := []string{pattern}
		if strings.Contains(pattern, "*") {
			files = w.glob(pattern)
		}
		for _, file := range files {
			all = append(all, staleIn(w, file, moves, ours)...)
		}
	}
	return all
}

func staleIn(w *Workspace, file string, moves portMoves, ours func(string) bool) []staleAddress {
	var found []staleAddress
	note := func(text string, line int) {
		for _, url := range addressIn.FindAllString(text, -1) {
			u, ok := splitURL(url)
			if !ok || !ours(u.host) {
				continue
			}
			now, moved := moves.to(u.port)
			if !moved {
				continue
			}
			if i := sameKind(found, url); i >= 0 {
				found[i].others++
				continue
			}
			found = append(found, staleAddress{place: carbon.Place{File: file, Line: line}, url: url, now: now})
		}
	}
	if strings.HasSuffix(file, ".json") {
		eachJSONLine(w, file, note)
	} else if doc, err := w.XML(file); err == nil {
		eachValue(doc.Root(), note)
	}
	return found
}

func sameKind(found []staleAddress, url string) int {
	for i, s := range found {
		if s.url == url {
			return i
		}
	}
	return -1
}

// eachValue calls f with every live attribute value and leaf text below e.
func eachValue(e *edit.Element, f func(text string, line int)) {
	for _, a := range e.Attrs() {
		if strings.Contains(a.Value, "://") {
			f(a.Value, e.AttrLine(a.Name))
		}
	}
	children := e.Children()
	if len(children) == 0 {
		f(e.Text(), e.Line())
	}
	for _, c := range children {
		eachValue(c, f)
	}
}

// eachJSONLine calls f with the lines of a site.json, which has comments although JSON has none.
func eachJSONLine(w *Workspace, file string, f func(text string, line int)) {
	data, err := w.Bytes(file)
	if err != nil {
		return
	}
	number, inComment := 0, false
	for line := range strings.Lines(string(data)) {
		number++
		trimmed := strings.TrimSpace(line)
		if inComment {
			inComment = !strings.Contains(trimmed, "*/")
			continue
		}
		if strings.HasPrefix(trimmed, "//") {
			continue
		}
		if strings.HasPrefix(trimmed, "/*") {
			inComment = !strings.Contains(trimmed, "*/")
			continue
		}
		f(line, number)
	}
}

// String is a sentence part: "https://localhost:9443 at repository/conf/identity.xml:22 and 5 more times".
func (s staleAddress) String() string { return s.url + " at " + s.place.String() + s.more("") }

// more tells of the others in the same file: " and 5 more times", "" when there are none.
func (s staleAddress) more(where string) string {
	switch s.others {
	case 0:
		return ""
	case 1:
		return " and once more" + where
	}
	return fmt.Sprintf(" and %d more times%s", s.others, where)
}
