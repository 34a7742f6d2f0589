package steps

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// userStoresDir holds the secondary user stores that the console has made.
const userStoresDir = "repository/deployment/server/userstores"

// vaultSite is a place of the configuration whose reader asks the vault for its value.
type vaultSite struct {
	file string                       // path or pattern
	at   string                       // the elements that may hold a secret
	asks func(e *edit.Element) string // the alias that the reader asks for; "" = it does not ask at this one
	free bool                         // the reader takes the alias that stands at the element, whatever it is
	tool func(e *edit.Element) string // XPath for cipher-tool.properties; nil = the path of the element
}

// vaultSites are all in the products of Carbon 4.2.0, from the class files of their readers. Every reader computes the name of the alias from the place: another
// name is not found, and the text of the element then counts. The readers of datasources and tasks alone take the name that stands at the element.
var vaultSites = []vaultSite{
	{file: carbon.CarbonXML, at: "//*", asks: carbonAlias},
	{file: carbon.UserMgtXML, at: "/UserManager/Realm/Configuration/AdminUser/Password", asks: fixedAlias("UserManager.AdminUser.Password")},
	// RealmConfigXMLProcessor reads the properties of the configuration and of every store with one method, in which the name of the store wins.
	{file: carbon.UserMgtXML, at: "/UserManager/Realm/Configuration/Property", asks: propertyAlias("UserStoreManager.Property.")},
	{file: carbon.UserMgtXML, at: "/UserManager/Realm/UserStoreManager/Property", asks: propertyAlias("UserStoreManager.Property.")},
	{file: userStoresDir + "/*.xml", at: "/UserStoreManager/Property", asks: secondaryAlias},
	{file: carbon.DatasourcesDir + "/*-datasources.xml", at: "//*", asks: datasourceAlias, free: true, tool: datasourceXPath},
	{file: carbon.TasksConfig, at: "//*", asks: dottedAlias("Tasks."), free: true},
	{file: carbon.Axis2XML, at: "//*", asks: axisAlias},
	{file: carbon.Axis2Client, at: "//*", asks: axisAlias},
	{file: carbon.Axis2BlockingClient, at: "//*", asks: axisAlias},
	{file: carbon.TenantAxis2, at: "//*", asks: axisAlias},
	{file: carbon.APIManagerXML, at: "//*", asks: apiManagerAlias},
	{file: carbon.IdentityXML, at: "//*", asks: dottedAlias("")},
	{file: carbon.RegistryXML, at: "/wso2registry/dbConfig/password", asks: registryAlias("@name")},
	{file: carbon.RegistryXML, at: "/wso2registry/remoteInstance/password", asks: registryAlias("id")},
	{file: carbon.RegistryXML, at: "/wso2registry/workList/password", asks: fixedAlias("wso2registry.workList.password")},
	{file: carbon.RegistryXML, at: "/wso2registry/scm/connection/password", asks: fixedAlias("wso2registry.scm.password")},
	{
		file: carbon.EventBroker, at: "//deliveryManager[@type='remote']/remoteMessageBroker/password",
		asks: fixedAlias("eventBrokerConfig.eventBroker.deliveryManager.remoteMessageBroker.password"),
	},
}

func fixedAlias(alias string) func(*edit.Element) string {
	return func(*edit.Element) string { return alias }
}

// isSecret reports whether an element holds a secret of its own, going by its name, or by that of a <Property name="">.
func isSecret(e *edit.Element) bool {
	if len(e.Children()) > 0 {
		return false
	}
	if secret.Speaks(e.Name()) {
		return true
	}
	name, _ := e.Attr("name")
	return secret.Speaks(name)
}

// dotted is the way to an element below the root, its local names with dots.
func dotted(e *edit.Element) string {
	var names []string
	for ; e.Parent() != nil; e = e.Parent() {
		names = append(names, e.Name())
	}
	slices.Reverse(names)
	return strings.Join(names, ".")
}

func dottedAlias(prefix string) func(*edit.Element) string {
	return func(e *edit.Element) string {
		if !isSecret(e) {
			return ""
		}
		return prefix + dotted(e)
	}
}

// carbonAlias: ServerConfiguration asks for every element. CarbonContextDataHolder reads NetworkAuthenticatorConfig past it.
func carbonAlias(e *edit.Element) string {
	way := dotted(e)
	if !isSecret(e) || strings.Contains(way, "NetworkAuthenticatorConfig") {
		return ""
	}
	return "Carbon." + way
}

// apiManagerAlias: APIManagerConfiguration asks for all environments of the gateway under one name.
func apiManagerAlias(e *edit.Element) string {
	switch {
	case !isSecret(e):
		return ""
	case e.Parent() != nil && e.Parent().Name() == "Environment" && e.Name() == "Password":
		return "APIGateway.Password"
	}
	return dotted(e)
}

func propertyAlias(prefix string) func(*edit.Element) string {
	return func(e *edit.Element) string {
		name, _ := e.Attr("name")
		if !secret.Speaks(name) {
			return ""
		}
		return prefix + name
	}
}

// secondaryAlias: the names of a secondary store end in its domain. A property with encrypted="true" was encrypted by the console, in another way.
func secondaryAlias(e *edit.Element) string {
	name, _ := e.Attr("name")
	encrypted, _ := e.Attr("encrypted")
	domain := e.Parent().First("Property[@name='DomainName']").Text()
	if !secret.Speaks(name) || encrypted == "true" || domain == "" {
		return ""
	}
	return "UserStoreManager.Property." + name + "." + domain
}

// axisAlias: AxisConfigBuilder knows these parameters of listeners and senders, and asks for the same name for all of them.
func axisAlias(e *edit.Element) string {
	transport, side := e, ""
	for ; transport != nil; transport = transport.Parent() {
		if transport.Name() == "transportReceiver" {
			side = "Listener"
			break
		}
		if transport.Name() == "transportSender" {
			side = "Sender"
			break
		}
	}
	if side == "" || !isSecret(e) {
		return ""
	}
	if name, _ := e.Attr("name"); name == "mail.smtp.password" && side == "Sender" && e.Parent() == transport {
		return "Axis2.Mailto.Parameter.Password"
	}
	store := e.Parent()
	if name := store.Name(); name != "KeyStore" && name != "TrustStore" {
		return ""
	}
	if store.Parent().Parent() != transport {
		return "" // a custom SSL profile has no name that the reader could ask for
	}
	return "Axis2.Https." + side + "." + store.Name() + "." + e.Name()
}

// datasourceAlias is the name that WSO2's own files use; the reader takes any.
func datasourceAlias(e *edit.Element) string {
	if !isSecret(e) {
		return ""
	}
	for up := e.Parent(); up != nil; up = up.Parent() {
		if up.Name() != "datasource" {
			continue
		}
		if own, _ := e.Attr("name"); own != "" {
			return "Datasources." + up.First("name").Text() + "." + own
		}
		return "Datasources." + up.First("name").Text() + ".Configuration." + capital(e.Name())
	}
	return "Datasources." + dotted(e)
}

func capital(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

func datasourceXPath(e *edit.Element) string {
	full := e.Path()
	for up := e.Parent(); up != nil; up = up.Parent() {
		if up.Name() != "datasource" {
			continue
		}
		if below, ok := strings.CutPrefix(full, up.Path()); ok {
			return up.Parent().Path() + "/datasource[name='" + up.First("name").Text() + "']" + below
		}
	}
	return full
}

// registryAlias: DataBaseConfiguration and RemoteConfiguration put the name of the block into the alias.
func registryAlias(of string) func(*edit.Element) string {
	return func(e *edit.Element) string {
		name := e.Parent().First(strings.TrimPrefix(of, "@")).Text()
		if attr, ok := strings.CutPrefix(of, "@"); ok {
			name, _ = e.Parent().Attr(attr)
		}
		if name == "" {
			return ""
		}
		return "wso2registry." + name + ".password"
	}
}

// vaultPlace is a live secret of the install that the vault can hold.
type vaultPlace struct {
	site    *vaultSite
	file    string
	doc     *edit.XML
	element *edit.Element
	asked   string      // the alias that the reader asks for
	alias   string      // the one that stands there; "" = the value stands there in clear
	rival   *vaultPlace // of another file: has the alias for another value, so that this one stays in clear; nil = none
}

func (p *vaultPlace) place() carbon.Place {
	return carbon.Place{File: p.file, Line: p.element.Line()}
}

// hasValue reports whether there is anything to hide: a text that is no variable.
func (p *vaultPlace) hasValue() bool { return isValue(p.element.Text()) }

func isValue(text string) bool {
	return text != "" && !strings.Contains(text, "${") && text != "true" && text != "false"
}

// xpath is how cipher-tool.properties names the place.
func (p *vaultPlace) xpath() string {
	full := p.element.Path()
	if p.site.tool != nil {
		full = p.site.tool(p.element)
	}
	return "/" + full
}

// vaultPlaces finds the live secrets of the install that the vault can hold, edits included, in the order of the table. Files that cannot be read are
// returned apart; missing ones are none.
func vaultPlaces(w *Workspace) (all []*vaultPlace, unread []carbon.Unreadable) {
	names := map[string]string{} // datasources of one name in two files
	for i := range vaultSites {
		site := &vaultSites[i]
		for _, rel := range w.matching(site.file) {
			doc, err := w.XML(rel)
			if err != nil {
				if !slices.ContainsFunc(unread, func(u carbon.Unreadable) bool { return u.File == rel }) {
					unread = append(unread, carbon.Unreadable{File: rel, Why: whyUnread(err)})
				}
				continue
			}
			for _, e := range doc.Find(site.at) {
				asked := site.asks(e)
				if asked == "" {
					continue
				}
				p := &vaultPlace{site: site, file: rel, doc: doc, element: e, asked: asked, alias: secretAlias(e)}
				if site.free {
					p.asked = uniqueAlias(names, p)
				}
				if p.alias != "" || p.hasValue() {
					all = append(all, p)
				}
			}
		}
	}
	w.rivals(all)
	return all, unread
}

// rivals finds the files whose values have to stay in clear because another file has another value under the same alias: there is one ciphertext for an
// alias, but SecretResolver takes an alias for secured in the documents alone that have it at an element. The file that has it there already comes first,
// then the order of the table. Within one document two values cannot be told apart; seal refuses them.
func (w *Workspace) rivals(all []*vaultPlace) {
	holder := map[string]*vaultPlace{}
	for _, p := range all {
		if now := holder[p.asked]; !p.site.free && (now == nil || now.alias == "" && p.alias != "") {
			holder[p.asked] = p
		}
	}
	apart := map[string]bool{} // by file and alias
	for _, p := range all {
		if h := holder[p.asked]; h != nil && p.alias == "" && p.file != h.file && p.element.Text() != h.element.Text() {
			apart[p.file+"\x00"+p.asked] = true
		}
	}
	secured := map[string]bool{}
	for _, p := range all {
		secured[p.file+"\x00"+p.alias] = true
	}
	for _, p := range all {
		if slot := p.file + "\x00" + p.asked; apart[slot] && !secured[slot] {
			p.rival = holder[p.asked]
		}
	}
}

// uniqueAlias gives a second place of the same name a name of its own. One that stands there already is right, whatever it is.
func uniqueAlias(taken map[string]string, p *vaultPlace) string {
	id := p.file + ":" + p.element.Path() + fmt.Sprint(p.element.Line())
	if p.alias != "" {
		taken[p.alias] = id
		return p.alias
	}
	for alias, n := p.asked, 2; ; n++ {
		if by, ok := taken[alias]; !ok || by == id {
			taken[alias] = id
			return alias
		}
		alias = fmt.Sprintf("%s.%d", p.asked, n)
	}
}

// matching returns the files that a path or pattern names, those of the plan included.
func (w *Workspace) matching(pattern string) []string {
	files := w.glob(pattern)
	for _, rel := range w.paths() {
		if ok, err := path.Match(pattern, rel); ok && err == nil && w.Has(rel) {
			files = append(files, rel)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// svnsDeclared returns the prefix by which the root of a document declares the namespace of the vault, "" when it does not. SecretResolverFactory
// takes every declaration that begins with the namespace of securevault, on the root alone.
func svnsDeclared(root *edit.Element) string {
	for _, a := range root.Attrs() {
		if prefix, ok := strings.CutPrefix(a.Name, "xmlns:"); ok && strings.HasPrefix(a.Value, "http://org.wso2.securevault") {
			return prefix
		}
	}
	return ""
}

// declare gives the root the declaration that the readers want, and returns its prefix. DataSourceUtils wants this very namespace.
func (p *vaultPlace) declare() (prefix string, err error) {
	root := p.doc.Root()
	taken := map[string]bool{}
	for _, a := range root.Attrs() {
		if name, ok := strings.CutPrefix(a.Name, "xmlns:"); ok {
			if a.Value == sv.Namespace {
				return name, nil
			}
			taken[name] = true
		}
	}
	prefix = "svns"
	for n := 2; taken[prefix]; n++ {
		prefix = fmt.Sprint("svns", n)
	}
	return prefix, p.doc.SetAttr(root, "xmlns:"+prefix, sv.Namespace, "", edit.Because("the vault's namespace; its readers look for it on the root"))
}

// secure gives the element the attribute that names its alias, and the root the declaration that its reader wants.
func (p *vaultPlace) secure() error {
	why := edit.Because("encrypted; the ciphertext of " + p.asked + " is in cipher-text.properties")
	prefix, err := p.declare()
	if err != nil {
		return err
	}
	for _, a := range p.element.Attrs() {
		if strings.HasSuffix(a.Name, ":secretAlias") {
			return p.doc.SetAttr(p.element, a.Name, p.asked, "", why)
		}
	}
	return p.doc.SetAttr(p.element, prefix+":secretAlias", p.asked, "", why)
}
