package steps

import (
	"fmt"
	"strings"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/live"
)

// liveListener is a port that speaks TLS, and what it should show.
type liveListener struct {
	port       Port
	management bool
	enabled    string       // the versions that its file allows; "" = none named
	listed     carbon.Place // where they stand, or should
	store      string       // the keystore, as the configuration names it
	place      carbon.Place // of the keystore's name
	want       *ks.Certificate
	unknown    string   // why there is no want, a sentence
	names      []string // host names that it has to fit
	noName     string   // the element that should have one and is not there

	served   *live.Served
	leaf     *ks.Certificate
	verified bool // the certificate is the right one, valid, for the right name, and the truststore holds its CA
}

// liveListeners finds the HTTPS connectors of Tomcat and the HTTPS listeners of axis2.xml that have a port of their own.
func liveListeners(w *Workspace, table []Port) []*liveListener {
	refs := readStores(w)
	var all []*liveListener
	host, management := hostName(w).text, managementName(w).text
	if doc, err := w.XML(carbon.CatalinaXML); err == nil {
		for _, e := range doc.Find("/Server/Service/Connector") {
			if !isTLS(e) {
				continue
			}
			if p, ok := portAt(table, placeAt(carbon.CatalinaXML, e.AttrLine("port"))); ok {
				t := &liveListener{port: p, management: true, listed: placeAt(carbon.CatalinaXML, e.Line())}
				t.enabled, _ = e.Attr(enabledProtocols)
				t.nameAs("MgtHostName", management, host)
				t.expect(w, refs.carbonStore("KeyStore"))
				all = append(all, t)
			}
		}
	}
	doc, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return all
	}
	for _, e := range doc.Find("/axisconfig/transportReceiver") {
		class, _ := e.Attr("class")
		location := e.First("parameter[@name='keystore']/KeyStore/Location")
		if !strings.Contains(class, "SSLListener") || location == nil {
			continue
		}
		p, ok := portAt(table, placeAt(carbon.Axis2XML, e.First("parameter[@name='port']").Line()))
		if !ok {
			continue
		}
		t := &liveListener{port: p, listed: placeAt(carbon.Axis2XML, e.Line())}
		if v := e.First("parameter[@name='" + httpsProtocols + "']"); v != nil {
			t.enabled, t.listed.Line = v.Text(), v.Line()
		}
		t.nameAs("HostName", host)
		t.expect(w, refs.at(placeAt(carbon.Axis2XML, location.Line())))
		all = append(all, t)
	}
	return all
}

// at returns the reference at a place, nil when there is none.
func (r *storeRefs) at(place carbon.Place) *storeRef {
	for _, ref := range r.all {
		if ref.place == place {
			return ref
		}
	}
	return nil
}

func portAt(table []Port, place carbon.Place) (Port, bool) {
	for _, p := range table {
		if p.Place == place && p.Opens == Opens && p.Number > 0 && p.Number <= highestPort {
			return p, true
		}
	}
	return Port{}, false
}

// nameAs sets the names to fit; element is the one that names the port first.
func (t *liveListener) nameAs(element string, names ...string) {
	for _, n := range names {
		if n = writtenName(n); n != "" && !containsFold(t.names, n) {
			t.names = append(t.names, n)
		}
	}
	if names[0] == "" {
		t.noName = element
	}
}

func containsFold(all []string, one string) bool {
	for _, s := range all {
		if strings.EqualFold(s, one) {
			return true
		}
	}
	return false
}

// expect finds the certificate that the keystore has.
func (t *liveListener) expect(w *Workspace, ref *storeRef) {
	if ref == nil {
		t.unknown = "No keystore is configured for it."
		return
	}
	t.store, t.place = ref.file(), ref.place
	if len(ref.vault) > 0 {
		if t.want = glanced(w, ref); t.want == nil {
			t.unknown = fmt.Sprintf("The password of %s is in the vault, and %s", t.store, vaultShut(w))
		}
		return
	}
	now := keyInForce(w, ref)
	switch {
	case now.err != nil:
		t.unknown = fmt.Sprintf("%s: %s", t.store, storeFault(now.err))
	case now.id == nil || now.id.Leaf() == nil:
		t.unknown = t.store + " holds no certificate with a key."
	default:
		t.want = now.id.Leaf()
	}
}

// glanced is the certificate of the key in a store whose password is not known; nil when it is not to be seen without. Of several keys Carbon takes the first.
func glanced(w *Workspace, ref *storeRef) *ks.Certificate {
	for _, e := range glance(w, ref) {
		if e.Kind == ks.PrivateKey && len(e.Chain) > 0 && (ref.alias == "" || strings.EqualFold(e.Alias, ref.alias)) {
			return e.Chain[0]
		}
	}
	return nil
}

// glance returns the entries of a store without its password, none where that is not possible.
func glance(w *Workspace, ref *storeRef) []*ks.Entry {
	name, data, err := storeBytes(w, ref)
	if err != nil {
		return nil
	}
	entries, err := ks.Glance(ks.File{Name: name, Data: data})
	if err != nil {
		return nil
	}
	return entries
}

// name is what the server is asked for in TLS.
func (t *liveListener) name() string {
	if len(t.names) > 0 {
		return t.names[0]
	}
	return ""
}
