package steps

import (
	"fmt"
	"slices"
	"strings"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
)

// trustWish is what the answers come to for the truststore. It is written in its place, because applications, the axis2 transports and the OpenID
// authenticator name it by its path; the entries that are not asked to change keep their bytes.
type trustWish struct {
	asked    bool
	ref      *storeRef
	store    *ks.Truststore // nil: it cannot be opened
	missing  bool           // there is no file: a new one is made
	password secret.Secret  // as it is to be
	opened   secret.Secret
	add      []trusted
	remove   bool
	old      bool // remove what has expired or can be broken
	problems []Problem
}

// trusted is a certificate to add.
type trusted struct {
	cert *ks.Certificate
	from string // "the chain of the server's key", or a file
}

func (t *trustWish) say(s Severity, key, message, fix string) {
	t.problems = append(t.problems, Problem{Severity: s, Key: key, Message: message, Fix: fix})
}

// trust reads the truststore anew: what is added to it is added to this copy.
func (k *keyWish) trust(w *Workspace, a *answers.Set) *trustWish {
	t := &trustWish{asked: a.HasSection(sectionTruststore) || !k.keeps(), ref: k.refs.carbonStore("TrustStore")}
	if !t.asked {
		return t
	}
	t.remove, _ = a.Bool(keyTrustRemove)
	t.old, _ = a.Bool(keyTrustOld)
	if t.ref == nil {
		t.say(Error, "", "carbon.xml has no <TrustStore> with a <Location>.", "Put the element of the distribution back.")
		return t
	}
	t.open(w, a.Secret(keyTrustPassword))
	if k.id != nil && !k.keeps() {
		t.addChain(k.id)
	}
	for _, path := range a.List(keyTrustImport) {
		t.addFile(w, listedPath(a, keyTrustImport, path))
	}
	return t
}

// open opens the truststore with the password of carbon.xml, or with the one that is wanted.
func (t *trustWish) open(w *Workspace, wanted secret.Secret) {
	t.password = wanted
	if !wanted.IsSet() {
		t.password = t.ref.password
	}
	if t.ref.rel == "" {
		t.say(Error, "", fmt.Sprintf("%s: the truststore %s lies outside of the install, which this step does not change.", t.ref.place, t.ref.written),
			"Name a file below repository/resources/security in carbon.xml, or change that truststore by hand.")
		return
	}
	data, err := w.Bytes(t.ref.rel)
	if isMissing(err) {
		t.missing, t.store = true, ks.NewTruststore()
		t.vaulted("The truststore is not there, and its password is in the secure vault")
		return
	}
	if err != nil {
		t.say(Error, "", fmt.Sprintf("%s: %s", t.ref.rel, storeFault(err)), "Make the file readable and plan again.")
		return
	}
	for _, p := range []secret.Secret{t.ref.password, wanted} {
		if !p.IsSet() {
			continue
		}
		if t.store, err = ks.OpenTruststore(ks.File{Name: t.ref.rel, Data: data}, p); err == nil {
			t.opened = p
			break
		}
	}
	switch {
	case t.store == nil && len(t.ref.vault) > 0:
		t.vaulted("The password of the truststore is in the secure vault")
	case t.store == nil:
		t.say(Error, keyTrustPassword, fmt.Sprintf("%s: %s It was tried with the password in %s.", t.ref.rel, storeFault(err), t.ref.place.File),
			"Put the right password into carbon.xml, or put the truststore of the distribution back; then plan again.")
	case len(t.ref.vault) > 0 && !t.opened.Equal(t.password):
		t.vaulted("The password of the truststore is in the secure vault")
	}
}

// vaulted refuses: what stands in the file is a stand-in, and a new password would be known to one of two places alone.
func (t *trustWish) vaulted(what string) {
	if len(t.ref.vault) == 0 {
		return
	}
	t.say(Error, keyTrustPassword, fmt.Sprintf("%s (%s, alias %s), which cannot be opened.", what, t.ref.place, strings.Join(t.ref.vault, ", ")),
		"Give the password of the vault as "+keyVaultKeyPassword+", and plan again.")
}

// addChain trusts the last certificate of a chain: the root, or what comes nearest to it.
func (t *trustWish) addChain(id *ks.Identity) {
	if n := len(id.Chain); n > 0 {
		t.add = append(t.add, trusted{id.Chain[n-1], "the chain of the server's key"})
	}
}

func (t *trustWish) addFile(w *Workspace, path string) {
	f := w.keyFiles().read(path)
	if f.err != nil {
		p := *f.err
		p.Key = keyTrustImport
		t.problems = append(t.problems, p)
		return
	}
	source, err := ks.Load(ks.Passwords{}, f.file())
	if err != nil {
		p := keyProblem(err)
		p.Key = keyTrustImport
		if kindOfKeyError(err) == ks.PasswordNeeded {
			p.Fix = "Export the certificates from it, as PEM, and give that file."
		}
		t.problems = append(t.problems, *p)
		return
	}
	certs := source.Certificates()
	if len(certs) == 0 {
		t.say(Error, keyTrustImport, f.path+": There is no certificate in the file.", "Give the certificate of the CA.")
	}
	if len(source.Keys()) > 0 {
		t.say(Warning, keyTrustImport, f.path+": The file holds a private key, which the truststore does not take.", "Give a file with the certificate alone.")
	}
	for _, c := range certs {
		if c.IsDefault() {
			t.say(Error, keyTrustImport, f.path+": This is the certificate of the key that WSO2 ships; whoever has the key, and everyone has it, would be trusted.", "Leave it out.")
			continue
		}
		t.add = append(t.add, trusted{c, f.path})
	}
}

// judge is what there is to say about the truststore as it will be.
func (t *trustWish) judge(k *keyWish) []Problem {
	all := t.problems
	if t.store == nil {
		return all
	}
	for _, c := range t.add {
		if _, to := c.cert.Validity(); k.now.After(to) {
			all = append(all, Problem{Severity: Warning, Key: keyTrustImport, Message: fmt.Sprintf("The certificate %s (%s) has expired.", c.cert.Name(), c.from), Fix: "Give the present one."})
		}
	}
	if t.remove && k.keeps() && k.tls.id != nil && k.tls.id.Leaf().IsDefault() {
		all = append(all, Problem{
			Severity: Warning, Key: keyTrustRemove,
			Message: "The server still uses the key that WSO2 ships; once its certificate is out of the truststore, the server's calls to its own services fail.",
			Fix:     "Give the server a key of its own in the same run.",
		})
	}
	for _, f := range t.store.Diagnose(k.now) {
		if f.ID == "trust-default" && t.remove || t.old && (f.ID == "trust-expired" || f.ID == "trust-weak") {
			continue
		}
		all = append(all, Problem{Severity: Note, Key: sectionTruststore, Message: f.Message, Fix: f.Fix})
	}
	if p := t.password; p.IsSet() && !p.Equal(t.ref.password) {
		for _, f := range ks.CheckPassword(p) {
			all = append(all, findingProblem(keyTrustPassword, f))
		}
	}
	return all
}

// plan writes what has changed of the truststore, and its password wherever the file is named.
func (t *trustWish) plan(w *Workspace, k *keyWish) error {
	if !t.asked || t.ref == nil || t.store == nil {
		return nil
	}
	added, removed := 0, 0
	for _, c := range t.add {
		_, isNew, err := t.store.Add("", c.cert, k.now)
		if err != nil {
			return err
		}
		if isNew {
			added++
		}
	}
	removed = len(t.store.Remove(t.unwanted(k)...))
	if t.store.Changed() || !t.opened.Equal(t.password) {
		data, err := t.store.Bytes(t.password)
		if err != nil {
			return err
		}
		w.createMasked(t.ref.rel, data, 0o600, allBut(data, t.shown(k)), t.reason(added, removed))
	}
	follow, _ := k.refs.following(forTrust, t.ref.rel)
	for _, ref := range append([]*storeRef{t.ref}, follow...) {
		if err := ref.set(wantedStore{rel: t.ref.rel, password: t.password}, "password of the truststore"); err != nil {
			return err
		}
	}
	if t.opened.Equal(t.password) {
		return nil
	}
	return planCipherText(w, forTrust, t.password)
}

// unwanted are the aliases of what is to go. What was asked for in the same run stays.
func (t *trustWish) unwanted(k *keyWish) []string {
	gone := map[string]bool{}
	for _, f := range t.store.Diagnose(k.now) {
		if t.remove && f.ID == "trust-default" || t.old && (f.ID == "trust-expired" || f.ID == "trust-weak") {
			for _, alias := range f.Aliases {
				gone[alias] = true
			}
		}
	}
	var all []string
	for _, e := range t.store.Entries() {
		asked := slices.ContainsFunc(t.add, func(c trusted) bool { return c.cert.Equal(e.Chain[0]) })
		over := k.interim != nil && k.interim.Equal(e.Chain[0]) // nothing shows it any more
		if (gone[e.Alias] || over) && e.Kind == ks.TrustedCertificate && !asked {
			all = append(all, e.Alias)
		}
	}
	return all
}

// shown are the certificates that may enter the hash of the plan: all but one that is made anew in every plan.
func (t *trustWish) shown(k *keyWish) []*ks.Certificate {
	return slices.DeleteFunc(t.store.Certificates(), func(c *ks.Certificate) bool { return k.makeKey && k.id != nil && c.Equal(k.id.Leaf()) })
}

func (t *trustWish) reason(added, removed int) string {
	var parts []string
	if t.missing {
		parts = append(parts, "a new truststore")
	}
	if added > 0 {
		parts = append(parts, plural(added, "certificate")+" added")
	}
	if removed > 0 {
		parts = append(parts, plural(removed, "certificate")+" removed")
	}
	if !t.opened.Equal(t.password) && !t.missing {
		parts = append(parts, "new password")
	}
	if len(parts) == 0 {
		return "the truststore as a JKS file"
	}
	return "truststore: " + strings.Join(parts, ", ")
}

// plural is "1 certificate", "2 certificates"; more is the form for several when an s at the end does not make it.
func plural(n int, one string, more ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(more) > 0:
		return fmt.Sprintf("%d %s", n, more[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}
