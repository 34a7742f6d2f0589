package steps

import (
	"path"
	"path/filepath"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// storeUse is what a store that the configuration names is for.
type storeUse int

const (
	forTLS        storeUse = iota + 1 // the key of the server
	forEncryption                     // RegistryKeyStore
	forTrust                          // certificates that are trusted
)

// storeSite is a place of the configuration that names a store.
type storeSite struct {
	file, at string
	use      storeUse
	what     string
	form     func(rel string) string
	fields   []string // the children that are set: Location, Type, Password, KeyAlias, KeyPassword
}

// Carbon replaces ${carbon.home} in carbon.xml and identity.xml; the pass-through transport opens paths from the server's working directory, which
// is the home; the OpenID authenticator puts the home before its path.
func homePath(rel string) string     { return "${carbon.home}/" + rel }
func relativePath(rel string) string { return rel }
func rootedPath(rel string) string   { return "/" + rel }

var (
	keyFields   = []string{"Location", "Type", "Password", "KeyAlias", "KeyPassword"}
	axisFields  = []string{"Location", "Type", "Password", "KeyPassword"}
	trustFields = []string{"Location", "Type", "Password"}
)

// storeSites are all live ones of Carbon 4.2.0 products. The HTTPS connector of Tomcat has none: ServletTransportManager gives it KeyStore of
// carbon.xml at every start, whatever its attributes say. UserTrustedRPStore of identity.xml names a file that no product ships, with a password of its own.
var storeSites = []storeSite{
	{carbon.CarbonXML, "/Server/Security/KeyStore", forTLS, "KeyStore", homePath, keyFields},
	{carbon.CarbonXML, "/Server/Security/RegistryKeyStore", forEncryption, "RegistryKeyStore", homePath, keyFields},
	{carbon.CarbonXML, "/Server/Security/TrustStore", forTrust, "TrustStore", homePath, trustFields},
	{carbon.Axis2XML, "/axisconfig/transportReceiver/parameter[@name='keystore']/KeyStore", forTLS, "the key of the listener", relativePath, axisFields},
	{carbon.Axis2XML, "/axisconfig/transportReceiver/parameter[@name='truststore']/TrustStore", forTrust, "the truststore of the listener", relativePath, trustFields},
	{carbon.Axis2XML, "/axisconfig/transportSender/parameter[@name='keystore']/KeyStore", forTLS, "the key of the sender", relativePath, axisFields},
	{carbon.Axis2XML, "/axisconfig/transportSender/parameter[@name='truststore']/TrustStore", forTrust, "the truststore of the sender", relativePath, trustFields},
	{carbon.IdentityXML, "//ThirftBasedEntitlementConfig/KeyStore", forTLS, "the key of the Thrift entitlement service", homePath, []string{"Location", "Password"}},
}

// storeRef is one of them in an install.
type storeRef struct {
	work    *Workspace
	site    *storeSite
	doc     *edit.XML
	element *edit.Element
	place   carbon.Place
	// rel is the file inside the home; abs where it is not.
	rel, abs string
	written  string
	alias    string
	password secret.Secret
	keyPass  secret.Secret // not set: the element has none
	vault    []string      // aliases of the secure vault that stand for its passwords, when it cannot be opened
	// params are the two parameters of application-authentication.xml, which have no element around them.
	params []*edit.Element
}

// storeRefs are those of an install.
type storeRefs struct {
	all    []*storeRef
	unread []carbon.Unreadable
}

// readStores finds every place that names a store, as edited so far.
func readStores(w *Workspace) *storeRefs {
	r := &storeRefs{}
	failed := map[string]bool{}
	for i := range storeSites {
		site := &storeSites[i]
		doc := r.open(w, site.file, failed)
		if doc == nil {
			continue
		}
		for _, e := range doc.Find(site.at) {
			if e.First("Location") == nil {
				continue
			}
			r.all = append(r.all, newStoreRef(w, site, doc, e))
			if site.file == carbon.CarbonXML {
				break // Carbon takes the first
			}
		}
	}
	if doc := r.open(w, carbon.AppAuthentication, failed); doc != nil {
		r.authenticators(w, doc)
	}
	return r
}

func (r *storeRefs) open(w *Workspace, file string, failed map[string]bool) *edit.XML {
	if failed[file] {
		return nil
	}
	doc, err := w.XML(file)
	if err == nil {
		return doc
	}
	failed[file] = true
	if !isMissing(err) || file == carbon.CarbonXML || file == carbon.Axis2XML {
		r.unread = append(r.unread, carbon.Unreadable{File: file, Why: missingOr(err)})
	}
	return nil
}

func newStoreRef(w *Workspace, site *storeSite, doc *edit.XML, e *edit.Element) *storeRef {
	ref := &storeRef{work: w, site: site, doc: doc, element: e, written: e.First("Location").Text(), alias: e.First("KeyAlias").Text()}
	ref.place = carbon.Place{File: site.file, Line: e.First("Location").Line()}
	ref.rel, ref.abs = storePath(w, ref.written)
	ref.password = ref.secretIn(e.First("Password"))
	ref.keyPass = ref.secretIn(e.First("KeyPassword"))
	return ref
}

func (ref *storeRef) secretIn(e *edit.Element) secret.Secret {
	if e == nil {
		return secret.Secret{}
	}
	if alias := ref.work.sealed(e); alias != "" {
		ref.vault = append(ref.vault, alias)
		return secret.Secret{}
	}
	return secret.New(e.Text())
}

// authenticatorSite is the OpenID authenticator's truststore: two parameters among others.
var authenticatorSite = storeSite{file: carbon.AppAuthentication, use: forTrust, what: "the truststore of the OpenID authenticator", form: rootedPath}

func (r *storeRefs) authenticators(w *Workspace, doc *edit.XML) {
	for _, e := range doc.Find("//Parameter[@name='TrustStorePath']") {
		ref := &storeRef{work: w, site: &authenticatorSite, doc: doc, element: e, written: e.Text(), place: carbon.Place{File: carbon.AppAuthentication, Line: e.Line()}}
		ref.rel, ref.abs = storePath(w, strings.TrimPrefix(ref.written, "/"))
		ref.params = []*edit.Element{e, e.Parent().First("Parameter[@name='TrustStorePassword']")}
		ref.password = ref.secretIn(ref.params[1])
		r.all = append(r.all, ref)
	}
}

// storePath returns the file that a location names: inside the home, or else its absolute path. Both are "" for a location that names none.
func storePath(w *Workspace, written string) (rel, abs string) {
	written = strings.TrimSpace(written)
	text := strings.ReplaceAll(written, "${carbon.home}", w.Install.Home)
	if text == "" || strings.Contains(text, "${") {
		return "", ""
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(w.Install.Home, filepath.FromSlash(text))
	}
	text = filepath.Clean(text)
	inside, err := filepath.Rel(w.Install.Home, text)
	if err != nil || inside == ".." || strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return "", text
	}
	return path.Clean(filepath.ToSlash(inside)), ""
}

// carbonStore returns the one of carbon.xml; nil when it is not there.
func (r *storeRefs) carbonStore(what string) *storeRef {
	for _, ref := range r.all {
		if ref.site.file == carbon.CarbonXML && ref.site.what == what {
			return ref
		}
	}
	return nil
}

// following returns the places outside of carbon.xml that name the same file as carbon.xml, or the shipped one, or the new one. A place that names another
// file has a store of its own and keeps it.
func (r *storeRefs) following(use storeUse, files ...string) (follow, own []*storeRef) {
	for _, ref := range r.all {
		if ref.site.use != use || ref.site.file == carbon.CarbonXML {
			continue
		}
		same := false
		for _, f := range files {
			same = same || ref.rel != "" && ref.rel == f
		}
		if same {
			follow = append(follow, ref)
		} else {
			own = append(own, ref)
		}
	}
	return follow, own
}

// wanted is what a place is to say.
type wantedStore struct {
	rel      string
	alias    string
	password secret.Secret
}

// set writes it. A password that the vault keeps is left alone: Validate has made sure that it is the right one.
func (ref *storeRef) set(want wantedStore, because string) error {
	why := edit.Because(because)
	if ref.params != nil {
		if err := ref.doc.SetText(ref.params[0], ref.site.form(want.rel), why); err != nil || ref.params[1] == nil || ref.work.sealed(ref.params[1]) != "" {
			return err
		}
		return ref.doc.SetText(ref.params[1], want.password.Reveal(), why, edit.Secret())
	}
	text := map[string]string{"Location": ref.site.form(want.rel), "Type": "JKS", "KeyAlias": want.alias}
	if ref.rel == want.rel {
		text["Location"] = ref.written // it may be written another way
	}
	for i, name := range ref.site.fields {
		child := edit.New{Name: name, Text: text[name]}
		if strings.HasSuffix(name, "Password") {
			if e := ref.element.First(name); e != nil && ref.work.sealed(e) != "" {
				continue
			}
			child.Text, child.Secret = want.password.Reveal(), true
		}
		if err := ref.doc.SetChild(ref.element, child, ref.site.fields[:i], why); err != nil {
			return err
		}
	}
	return nil
}
