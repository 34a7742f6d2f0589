package steps

import (
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// audience says who reads a URL, and so which of the two names belongs into it.
type audience int

const (
	forClients audience = iota + 1 // clients of services, users of store and publisher
	forConsole                     // administrators in the management console
)

// urlSite is a place that holds URLs of this server which others follow.
type urlSite struct {
	file, path string
	what       string
	audience   audience
	kept       bool // the first start stores a copy, so on a started install the file alone is not changed
}

// publicURLs lists them. URLs that the server calls itself by (the ServerURLs of api-manager.xml) stay on the address of the machine, which
// certificates do not matter for and DNS cannot break.
var publicURLs = []urlSite{
	{carbon.APIManagerXML, "/APIManager/APIGateway/Environments/Environment/GatewayEndpoint", "the addresses of the APIs", forClients, false},
	{carbon.APIManagerXML, "/APIManager/APIKeyManager/RevokeAPIURL", "the address at which tokens are revoked", forClients, false},
	{carbon.APIManagerXML, "/APIManager/APIStore/URL", "the address of the store", forClients, false},
	{carbon.APIManagerXML, "/APIManager/APIPublisher/URL", "the address of the publisher", forClients, false},
	{carbon.EmailAdmin, "/configuration/targetEpr", "the link in mails about passwords", forConsole, false},
	{carbon.IdentityXML, "//OpenIDServerUrl", "the OpenID server URL", forClients, true},
	{carbon.IdentityXML, "//OpenIDUserPattern", "the OpenID identifiers", forClients, true},
	{carbon.IdentityXML, "//OAuth/RequestTokenUrl", "the OAuth request token URL", forClients, true},
	{carbon.IdentityXML, "//OAuth/AccessTokenUrl", "the OAuth access token URL", forClients, true},
	{carbon.IdentityXML, "//OAuth/AuthorizeUrl", "the OAuth authorization URL", forClients, true},
	{carbon.IdentityXML, "//IDTokenIssuerID", "the issuer of OpenID Connect tokens", forClients, true},
	{carbon.IdentityXML, "//SSOService/IdentityProviderURL", "the SAML identity provider URL", forClients, true},
}

// urlScan is what they look like in an install.
type urlScan struct {
	sites  []*publicURL
	unread []carbon.Unreadable
}

// publicURL is one element that holds one URL or several, parted by commas.
type publicURL struct {
	site   *urlSite
	place  carbon.Place
	text   string
	urls   []urlParts
	frozen bool // kept by the started server
	old    names
	moved  map[string]string // port as configured -> port with the offset
	set    func(to string) error
}

// scanURLs reads the public URLs. old are the names that carbon.xml had: a URL with one of them follows.
func scanURLs(w *Workspace, old names) *urlScan {
	s := &urlScan{}
	failed := map[string]bool{}
	moved := movedServletPorts(w)
	for i := range publicURLs {
		site := &publicURLs[i]
		if failed[site.file] {
			continue
		}
		doc, err := w.XML(site.file)
		if err != nil {
			failed[site.file] = true
			if !isMissing(err) {
				s.unread = append(s.unread, carbon.Unreadable{File: site.file, Why: whyUnread(err)})
			}
			continue
		}
		for _, e := range doc.Find(site.path) {
			u := &publicURL{
				site: site, place: carbon.Place{File: site.file, Line: e.Line()}, text: e.Text(), old: old, moved: moved,
				frozen: site.kept && w.Install.Started.Yes,
				set: func(to string) error {
					return doc.SetText(e, to, edit.Because("host name in "+site.what))
				},
			}
			if u.parse() {
				s.sites = append(s.sites, u)
			}
		}
	}
	return s
}

// parse takes the text apart; false when it is no URL.
func (u *publicURL) parse() bool {
	for part := range strings.SplitSeq(u.text, ",") {
		p, ok := splitURL(part)
		if !ok {
			return false
		}
		u.urls = append(u.urls, p)
	}
	return true
}

// mine reports whether a host in a URL is one that this step chose before or that nobody chose.
func (u *publicURL) mine(host string) bool {
	return isUnset(host) || u.old.host != "" && strings.EqualFold(host, u.old.host) || u.old.management != "" && strings.EqualFold(host, u.old.management)
}

// foreign returns the first host that somebody chose for this place, "" when there is none.
func (u *publicURL) foreign() string {
	for _, p := range u.urls {
		if !u.mine(p.host) {
			return p.host
		}
	}
	return ""
}

// nameFor returns the name that belongs into the place.
func (u *publicURL) nameFor(n names) string {
	if u.site.audience == forConsole {
		return n.management
	}
	return n.host
}

// renamed returns the text with the host of each URL replaced. A port stays as it is, except that a number as it is delivered, which the offset
// has moved meanwhile, gets the offset.
func (u *publicURL) renamed(n names) string {
	parts := make([]string, len(u.urls))
	for i, p := range u.urls {
		if to, ok := u.moved[p.port]; ok && isUnset(p.host) {
			p.port = to
		}
		if u.mine(p.host) {
			p.host = u.nameFor(n)
		}
		parts[i] = p.String()
	}
	return strings.Join(parts, ",")
}

func (u *publicURL) rename(n names) error {
	if u.frozen {
		return nil
	}
	return u.set(u.renamed(n))
}

// movedServletPorts maps the ports of catalina-server.xml to those with the offset. A number that is one of those as well is left out: it may have
// been moved already.
func movedServletPorts(w *Workspace) map[string]string {
	moved, taken := map[string]string{}, map[string]bool{}
	offset := readOffset(w).value
	doc, err := w.XML(carbon.CatalinaXML)
	if err != nil || offset == 0 {
		return moved
	}
	for _, e := range doc.Find("/Server/Service/Connector") {
		text, _ := e.Attr("port")
		if n, err := strconv.Atoi(text); err == nil {
			moved[text] = strconv.Itoa(n + offset)
			taken[moved[text]] = true
		}
	}
	for port := range taken {
		delete(moved, port)
	}
	return moved
}
