package steps

import (
	"fmt"
	"slices"
	"strings"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// Validate opens what the answers name and has it judged.
func (s keystore) Validate(w *Workspace, a *answers.Set) []Problem {
	k := s.wish(w, a)
	all := k.problems
	if !k.keeps() {
		all = append(all, k.judgePassword(w)...)
		all = append(all, k.judgeKeys()...)
		all = append(all, k.judgePlaces(w)...)
		all = append(all, judgeTLS(w, a)...)
	}
	return append(all, k.trust(w, a).judge(k)...)
}

func (k *keyWish) judgePassword(*Workspace) []Problem {
	if !k.password.IsSet() {
		return nil // the field is required
	}
	var all []Problem
	for _, f := range ks.CheckPassword(k.password) {
		all = append(all, findingProblem(keyStorePassword, f))
	}
	return all
}

// judgeKeys has the doctor look at the keys.
func (k *keyWish) judgeKeys() []Problem {
	var all []Problem
	key := keyStoreFrom
	if len(k.inMind) > 0 {
		key = k.inMind[0]
	}
	if k.id != nil {
		use := ks.TLS
		if k.encryption == encryptSame {
			use |= ks.Encryption
		}
		for _, f := range ks.Diagnose(k.id, ks.Against{
			Now: k.now, Use: use, HostName: k.host.host, MgtHostName: k.host.management, SelfSigned: k.from == fromSelfSigned || k.from == fromCSR,
		}) {
			all = append(all, findingProblem(key, f))
		}
	}
	if k.enc != nil && k.encryption != encryptSame {
		for _, f := range ks.Diagnose(k.enc, ks.Against{Now: k.now, Use: ks.Encryption, SelfSigned: true}) {
			p := findingProblem(keyEncryption, f)
			if k.encryption == encryptKeep && p.Severity == Error {
				p.Severity = Warning // it is there already, and what was encrypted needs it
			}
			all = append(all, p)
		}
	}
	if k.from == fromSelfSigned {
		all = append(all, Problem{
			Severity: Warning, Key: keyStoreFrom, Message: "A self-signed certificate is for staging: clients warn or refuse it, and the audit keeps naming it.",
			Fix: "For production, choose csr, or a file with the certificate of a CA.",
		})
	}
	if k.from == fromCSR && k.id == nil && k.makeKey {
		all = append(all, Problem{
			Severity: Note, Key: keyStoreFrom,
			Message: fmt.Sprintf("A key is made, with a self-signed certificate until the CA has answered. The request is written to %s.", k.requestFile()),
			Fix:     "Send it to the CA, and run carbon-setup again with its answer in keystore.answer.",
		})
	}
	return all
}

// judgePlaces names what stands in the way in the files, and what keeps a store of its own.
func (k *keyWish) judgePlaces(w *Workspace) []Problem {
	all := k.vaultedPlaces(w)
	server := k.refs.carbonStore("KeyStore")
	if server == nil {
		return all // Plan says so
	}
	_, own := k.refs.following(forTLS, server.rel, carbon.KeyStore, k.file)
	for _, ref := range own {
		all = append(all, Problem{Severity: Note, Message: fmt.Sprintf("%s: %s is %s, a store of its own, and stays.", ref.place, ref.site.what, ref.written)})
	}
	if w.Has(k.file) && server.rel != k.file && madeKey(w, k.file, k.alias, k.password) == nil {
		all = append(all, Problem{
			Severity: Warning, Key: keyStoreAlias, Message: fmt.Sprintf("%s is there already and is replaced. A copy is kept with the run.", k.file),
			Fix: "Choose another alias if something else needs it.",
		})
	}
	return all
}

// vaultedPlaces refuses to write where the vault keeps the password, except where it is the right one already.
func (k *keyWish) vaultedPlaces(w *Workspace) []Problem {
	var where []string
	server := k.refs.carbonStore("KeyStore")
	if server == nil {
		return nil
	}
	follow, _ := k.refs.following(forTLS, server.rel, carbon.KeyStore, k.file)
	for _, ref := range append([]*storeRef{server}, follow...) {
		where = append(where, k.vaultedPlace(w, ref, k.file, k.id)...)
	}
	where = append(where, k.vaultedPlace(w, k.refs.carbonStore("RegistryKeyStore"), k.encFile, k.enc)...)
	if len(where) == 0 {
		return nil
	}
	return []Problem{{
		Severity: Error, Key: keyStorePassword,
		Message: "The passwords of the keystores are in the secure vault: " + strings.Join(where, ", ") + ", which cannot be opened. Another key would leave everything in it unreadable.",
		Fix:     "Give the password of the vault as " + keyVaultKeyPassword + ": then everything in it is encrypted anew.",
	}}
}

// vaultedPlace names a place whose password is in the vault, unless it names the wanted file and that holds the wanted key under the wanted password.
func (k *keyWish) vaultedPlace(w *Workspace, ref *storeRef, rel string, id *ks.Identity) []string {
	if ref == nil || len(ref.vault) == 0 {
		return nil
	}
	if data, err := w.Bytes(rel); err == nil && ref.rel == rel && id != nil && ks.Holds(data, id, k.alias, k.password) {
		return nil
	}
	return []string{fmt.Sprintf("%s (alias %s)", ref.place, strings.Join(ref.vault, ", "))}
}

func judgeTLS(w *Workspace, a *answers.Set) []Problem {
	var all []Problem
	asked := a.List(keyTLS)
	if len(asked) == 0 && w.Install.Java.Major == 0 {
		for _, l := range tlsListeners(w) {
			if l.offersWeak() {
				all = append(all, Problem{
					Severity: Warning, Key: keyTLS, Message: fmt.Sprintf("%s: the TLS versions are not set, because the Java of the server is not known.", l.place),
					Fix: "Give keystore.tls, or set JAVA_HOME.",
				})
			}
		}
	}
	if w.Install.Java.Major == 7 && len(asked) > 0 && !slices.Contains(asked, "TLSv1") {
		all = append(all, Problem{
			Severity: Warning, Key: keyTLS, Message: "Java 7 speaks TLSv1 alone as a client unless it is told otherwise: without TLSv1 the server's calls to its own services fail.",
			Fix: "Keep TLSv1, or use a Java 7 from update 131 on and set -Djdk.tls.client.protocols in the start script.",
		})
	}
	return all
}

// Checks: everything that can be looked at lies in files, and Validate looks.
func (keystore) Checks(*Workspace, *answers.Set) []Check { return nil }

// Advice is what to give to others, to keep, and to come back for.
func (s keystore) Advice(w *Workspace, a *answers.Set) []Advice {
	k := s.wish(w, a)
	t := k.trust(w, a)
	var all []Advice
	add := func(title, text string, commands ...string) {
		all = append(all, Advice{Guideline: 2, Title: title, Text: text, Commands: commands})
	}
	if !k.keeps() && k.id != nil {
		s.adviseRequest(k, a, add)
		s.adviseClients(k, add)
		add("Look at the new keystore", "keytool asks for the password. There is one entry, a private key, under the alias "+k.alias+".",
			"keytool -list -v -keystore "+k.file)
		add("Keep the keystores safe", k.backupText(), "")
		_, to := k.id.Leaf().Validity()
		add("Renewal", fmt.Sprintf("The certificate ends on %s. Renew it before, and run carbon-setup again with the new file and the same alias and password.%s",
			to.UTC().Format("2006-01-02"), k.renewalText()))
	}
	if !k.keeps() {
		adviseSender(w, add)
	}
	if t.asked && t.ref != nil && t.store != nil && (t.remove || t.old || len(t.add) > 0) {
		add("The truststore of the clients", fmt.Sprintf("Clients and other servers of yours have truststores of their own, which often began as copies of client-truststore.jks. They need the new certificate or its CA, too, and should trust the public one no longer. That of this server is %s.", t.ref.rel),
			"keytool -list -keystore "+t.ref.rel)
	}
	for i := range all {
		if len(all[i].Commands) == 1 && all[i].Commands[0] == "" {
			all[i].Commands = nil
		}
	}
	return all
}

func (keystore) adviseRequest(k *keyWish, a *answers.Set, add func(title, text string, commands ...string)) {
	if k.from != fromCSR || a.Text(keyCertAnswer) != "" {
		return
	}
	add("Send the request to your CA", fmt.Sprintf("The request is %s. Until the CA has answered, the server uses the same key with a self-signed certificate. When the answer is there, run carbon-setup again with its path in keystore.answer, and the same alias and password.", k.requestFile()),
		"openssl req -in "+k.requestFile()+" -noout -text -verify")
}

func (keystore) adviseClients(k *keyWish, add func(title, text string, commands ...string)) {
	last := k.id.Chain[len(k.id.Chain)-1]
	what := "its CA, " + last.Name()
	if len(k.id.Chain) == 1 {
		what = "the certificate itself"
	}
	add("What clients need", fmt.Sprintf("Browsers and clients trust the server when they trust %s. Where they do not know it yet, give it to them; its SHA-256 fingerprint is %s.", what, last.SHA256()),
		fmt.Sprintf("keytool -exportcert -rfc -alias %s -keystore %s", k.alias, k.file))
}

func (k *keyWish) backupText() string {
	if k.encFile == k.file {
		return fmt.Sprintf("Without %s nothing that the server has encrypted can be read any more. Keep a copy, and its password, apart from the server. Other nodes that share its database need the same file.", k.file)
	}
	return fmt.Sprintf("Without %s nothing that the server has encrypted can be read any more. Keep copies of it and of %s, and their password, apart from the server. Other nodes that share its database need the same encryption key: give them %s in keystore.encryption_store.",
		k.encFile, k.file, k.encFile)
}

func (k *keyWish) renewalText() string {
	if k.encFile == k.file {
		return " A renewal with a new key makes what was encrypted unreadable, because one key does both."
	}
	return " The encryption key is not touched by that."
}

// adviseSender: ClientConnFactoryBuilder reads no list of versions.
func adviseSender(w *Workspace, add func(title, text string, commands ...string)) {
	doc, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return
	}
	for _, e := range doc.Find("/axisconfig/transportSender") {
		if class, _ := e.Attr("class"); strings.HasSuffix(class, "PassThroughHttpSSLSender") || strings.HasSuffix(class, "HttpCoreNIOSSLSender") {
			name, _ := e.Attr("name")
			add("TLS versions of outgoing calls", fmt.Sprintf("%s:%d: the sender %s of this generation has no list of TLS versions; it offers what Java offers. Java leaves SSLv3 out from 6u91, 7u75 and 8u31 on, so keep Java current.", carbon.Axis2XML, e.Line(), name))
			return
		}
	}
}

// Verify opens what was written and reads every place again.
func (s keystore) Verify(w *Workspace, a *answers.Set) []Result {
	k := s.wish(w, a)
	v := &keyVerifier{w: w, k: k}
	if !k.keeps() {
		v.keys()
	}
	if t := k.trust(w, a); t.asked {
		v.trust(t)
	}
	for _, u := range k.refs.unread {
		v.add(ruleStoreUnread, Warn, carbon.Place{File: u.File}, u.String()+" and was not changed.")
	}
	return v.all
}

type keyVerifier struct {
	w   *Workspace
	k   *keyWish
	all []Result
}

func (v *keyVerifier) add(id string, status Status, at carbon.Place, message string) {
	r := Result{ID: id, Guideline: 2, Status: status, Place: at, Message: message}
	switch status {
	case Fail:
		r.Severity = Error
	case Warn:
		r.Severity = Warning
	case OK, Unknown:
	}
	v.all = append(v.all, r)
}

func (v *keyVerifier) keys() {
	k := v.k
	if k.makeKey || k.id == nil || k.makeEnc || k.enc == nil {
		v.add(ruleStoreOpens, Fail, carbon.Place{File: k.file}, "The keystores are not there as they were asked for.")
		return
	}
	for _, f := range []struct {
		rel string
		id  *ks.Identity
	}{{k.file, k.id}, {k.encFile, k.enc}} {
		data, err := v.w.Bytes(f.rel)
		if err != nil || !ks.Holds(data, f.id, k.alias, k.password) {
			v.add(ruleStoreOpens, Fail, carbon.Place{File: f.rel}, f.rel+" does not hold the key that was asked for under its alias and password.")
			continue
		}
		v.add(ruleStoreOpens, OK, carbon.Place{File: f.rel}, fmt.Sprintf("%s opens with its password and holds one key, %s, with %s.", f.rel, k.alias, plural(len(f.id.Chain), "certificate")))
		if f.rel == k.encFile && k.encFile == k.file {
			break
		}
	}
	server := k.refs.carbonStore("KeyStore")
	if server == nil {
		v.add(ruleStoreOpens, Fail, carbon.Place{File: carbon.CarbonXML}, "carbon.xml names no KeyStore.")
		return
	}
	follow, _ := k.refs.following(forTLS, carbon.KeyStore, k.file)
	for _, ref := range append([]*storeRef{server, k.refs.carbonStore("RegistryKeyStore")}, follow...) {
		if ref == nil {
			continue
		}
		rel := k.file
		if ref.site.use == forEncryption {
			rel = k.encFile
		}
		v.place(ref, rel, k.password, k.alias)
	}
	for _, l := range tlsListeners(v.w) {
		if l.offersWeak() && v.w.Install.Java.Major != 0 {
			v.add(ruleTLS, Fail, l.place, l.what+" does not leave SSLv3 out.")
		}
	}
}

// place compares one place with what was asked for.
func (v *keyVerifier) place(ref *storeRef, rel string, password secret.Secret, alias string) {
	var wrong []string
	if ref.rel != rel {
		wrong = append(wrong, "names another file")
	}
	if len(ref.vault) == 0 && (!ref.password.Equal(password) || ref.keyPass.IsSet() && !ref.keyPass.Equal(password)) {
		wrong = append(wrong, "has another password")
	}
	if ref.alias != "" && ref.alias != alias {
		wrong = append(wrong, "has another alias")
	}
	if len(wrong) > 0 {
		v.add(ruleStoreOpens, Fail, ref.place, fmt.Sprintf("%s %s.", ref.title(), strings.Join(wrong, " and ")))
		return
	}
	v.add(ruleStoreOpens, OK, ref.place, fmt.Sprintf("%s is %s.", ref.title(), rel))
}

// title begins a sentence about a place.
func (ref *storeRef) title() string { return strings.ToUpper(ref.site.what[:1]) + ref.site.what[1:] }

func (v *keyVerifier) trust(t *trustWish) {
	if t.store == nil || t.ref == nil || t.missing {
		v.add(ruleTrustOpens, Fail, carbon.Place{File: carbon.TrustStore}, "The truststore is not there, or does not open.")
		return
	}
	if !t.opened.Equal(t.password) {
		v.add(ruleTrustOpens, Fail, t.ref.place, t.ref.rel+" does not open with the password that was asked for.")
		return
	}
	for _, c := range t.add {
		if len(t.store.Has(c.cert)) == 0 {
			v.add(ruleTrustOpens, Fail, carbon.Place{File: t.ref.rel}, fmt.Sprintf("The certificate %s is not in the truststore.", c.cert.Name()))
		}
	}
	if t.old && len(t.unwanted(v.k)) > 0 {
		v.add(ruleTrustOld, Fail, carbon.Place{File: t.ref.rel}, "The truststore still holds certificates that were to be removed.")
	}
	if t.remove && len(t.store.Defaults()) > 0 && v.k.id != nil && !v.k.id.Leaf().IsDefault() {
		v.add(ruleTrustDefault, Fail, carbon.Place{File: t.ref.rel}, "The truststore still holds certificates of WSO2.")
	}
	v.add(ruleTrustOpens, OK, carbon.Place{File: t.ref.rel}, fmt.Sprintf("%s opens with its password and holds %s.", t.ref.rel, plural(len(t.store.Entries()), "entry", "entries")))
	follow, _ := v.k.refs.following(forTrust, t.ref.rel)
	for _, ref := range append([]*storeRef{t.ref}, follow...) {
		v.place(ref, t.ref.rel, t.password, "")
	}
}
