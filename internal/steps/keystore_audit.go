package steps

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// The rules of guideline 2.
const (
	rulePublicKey    = "CS-2.1"  // a store holds the key that everyone has
	ruleStoreOpens   = "CS-2.2"  // a store does not open with its configured password, or its alias is missing
	ruleKeyPassword  = "CS-2.3"  // the key does not open with the password of the store
	ruleValidity     = "CS-2.4"  // expired, near expiry, not yet valid
	ruleKeyStrength  = "CS-2.5"  // short key, weak signature, a kind of key that Carbon cannot use
	ruleCertNames    = "CS-2.6"  // the certificate is not for the host name
	ruleChain        = "CS-2.7"  // self-signed, or a chain that clients cannot follow
	ruleCipherAlias  = "CS-2.8"  // KeyStore and RegistryKeyStore do not fit together
	ruleTrustOpens   = "CS-2.9"  // the truststore does not open
	ruleTrustDefault = "CS-2.10" // it trusts the public key
	ruleTrustOld     = "CS-2.11" // expired or weak anchors
	ruleTLS          = "CS-2.12" // SSLv3 is not switched off
	ruleStorePass    = "CS-2.13" // the password that everyone knows
	ruleTrustSelf    = "CS-2.14" // the server does not trust its own certificate
	ruleStoreUnread  = "CS-2.15" // could not be looked at
	rulePublicStray  = "CS-2.16" // a file that no configuration names holds the key that everyone has

	keystoreFix     = "Give the server a key of its own with the step SSL keys."
	truststoreFix   = "Mend the truststore with the step SSL keys."
	whyPublicKey    = "Everyone can download this private key, read the traffic, pretend to be the server and decrypt its passwords."
	whyStoreOpens   = "What opens the store with these values fails: the listener does not start, or nothing can be decrypted."
	whyKeyPassword  = "Carbon opens the key with the password of the store, not with the password of the key."
	whyCipherAlias  = "Carbon opens RegistryKeyStore with the alias and the key password of KeyStore."
	whyTrustDefault = "Whoever has the public private key can pass for any server that this one calls."
	whyTrustOld     = "Expired anchors serve nothing; keys that can be broken let others make certificates that the server trusts."
	whyTLS          = "SSLv3 can be broken (POODLE); a client can be made to fall back to it."
	whyStorePass    = "It is the same in every download, so it protects nothing."
	whyTrustSelf    = "The server calls its own services over TLS; without the certificate these calls fail (PKIX path building failed)."
)

// keyAuditor looks at the stores of an install.
type keyAuditor struct {
	w    *Workspace
	step keystore
	refs *storeRefs
	all  []Result
	seen map[string]bool // stores that were told of, by rule and file

	trusts []openedTrust
}

// openedTrust is a truststore that was opened with a password; it is only read.
type openedTrust struct {
	data     []byte
	password secret.Secret
	store    *ks.Truststore
}

func (s keystore) Audit(w *Workspace) []Result {
	u := &keyAuditor{w: w, step: s, refs: readStores(w), seen: map[string]bool{}}
	var server inForce
	for _, ref := range u.refs.all {
		if ref.site.use == forTrust {
			continue
		}
		now := u.key(ref)
		if ref.site.file == carbon.CarbonXML && ref.site.use == forTLS {
			server = now
		}
	}
	u.pair()
	for _, ref := range u.refs.all {
		if ref.site.use == forTrust {
			u.trust(ref, server)
		}
	}
	u.strays()
	u.passwords()
	u.tls()
	u.unread()
	return u.all
}

func (u *keyAuditor) add(id string, status Status, severity Severity, at carbon.Place, message, why, fix string) {
	u.all = append(u.all, Result{ID: id, Status: status, Severity: severity, Place: at, Message: message, Why: why, Fix: fix})
}

func (u *keyAuditor) good(id string, at carbon.Place, message string) {
	u.add(id, OK, 0, at, message, "", "")
}

// key judges the key of one place.
func (u *keyAuditor) key(ref *storeRef) inForce {
	if len(ref.vault) > 0 {
		u.add(ruleStoreUnread, Unknown, 0, ref.place, fmt.Sprintf("Its password is in the secure vault (alias %s): %s is %s.", strings.Join(ref.vault, ", "), ref.title(), ref.written),
			"Its key was not looked at.", "")
		return inForce{ref: ref}
	}
	now := keyInForce(u.w, ref)
	if now.err != nil {
		u.fault(ref, now.err)
		return now
	}
	public := now.id.Leaf().IsDefault()
	if public {
		u.add(rulePublicKey, Fail, Error, ref.place, fmt.Sprintf("The key that WSO2 ships with every product is in use: %s is %s (fingerprint %s).", ref.title(), ref.written, now.id.Leaf().SHA1()),
			whyPublicKey, keystoreFix)
	} else {
		u.good(rulePublicKey, ref.place, fmt.Sprintf("%s is %s, with a key that is not the public one.", ref.title(), ref.written))
	}
	u.form(ref, now)
	if u.first("doctor", ref) && !public {
		u.doctor(ref, now.id)
	}
	return now
}

// faultFirst tells what is wrong with a store before it tells which: lists show the beginning only.
func faultFirst(fault string, ref *storeRef) string {
	return fmt.Sprintf("%s: %s is %s.", strings.TrimSuffix(fault, "."), ref.title(), ref.written)
}

// first reports whether a file is told of for the first time under a heading.
func (u *keyAuditor) first(heading string, ref *storeRef) bool {
	key := fmt.Sprintf("%s %d %s%s", heading, ref.site.use, ref.rel, ref.abs)
	was := u.seen[key]
	u.seen[key] = true
	return !was
}

// fault tells of a store that cannot be used. One that may not be read is unknown: the server may well read it.
func (u *keyAuditor) fault(ref *storeRef, err error) {
	var told *ks.Error
	switch {
	case isMissing(err):
		u.add(ruleStoreOpens, Fail, Error, ref.place, fmt.Sprintf("There is no such file: %s is %s.", ref.title(), ref.written), whyStoreOpens, keystoreFix)
	case errors.As(err, &told):
		u.add(ruleStoreOpens, Fail, Error, ref.place, faultFirst(told.What, ref), whyStoreOpens, "Give the right password and alias there, or "+strings.ToLower(keystoreFix[:1])+keystoreFix[1:])
	default:
		u.add(ruleStoreUnread, Unknown, 0, ref.place, faultFirst(storeFault(err), ref), "Its key was not looked at.", "Run the audit as a user who may read it.")
	}
}

// form judges what Carbon asks of the file itself.
func (u *keyAuditor) form(ref *storeRef, now inForce) {
	switch {
	case now.keyApart || ref.keyPass.IsSet() && !ref.keyPass.Equal(ref.password):
		u.add(ruleKeyPassword, Fail, Error, ref.place, ref.title()+" has another password for the key than for the store.", whyKeyPassword, keystoreFix)
	case ref.site.file == carbon.CarbonXML:
		u.good(ruleKeyPassword, ref.place, fmt.Sprintf("The key of %s opens with the password of the store.", ref.site.what))
	}
	if now.keys > 1 && ref.site.use == forTLS && u.first("keys", ref) {
		u.add(ruleStoreOpens, Warn, Warning, ref.place, fmt.Sprintf("%s holds %d private keys.", ref.written, now.keys), "The HTTPS connector takes the first that it finds, whatever the alias says.", keystoreFix)
	}
	if now.format != ks.JKS && u.first("format", ref) {
		u.add(ruleStoreOpens, Warn, Warning, ref.place, fmt.Sprintf("%s is a %s file, not JKS.", ref.written, now.format), "Carbon 4.2.0 does not tell Tomcat the type, and Java 6 and 7 do not open such a file as JKS.", keystoreFix)
	}
}

// doctorRules are the rules that the findings of the doctor come under.
var doctorRules = map[string]string{
	"expired": ruleValidity, "not-yet-valid": ruleValidity, "near-expiry": ruleValidity, "ca-invalid": ruleValidity,
	"key-weak": ruleKeyStrength, "key-ec": ruleKeyStrength, "key-kind": ruleKeyStrength, "signature-weak": ruleKeyStrength, "usage-tls": ruleKeyStrength,
	"name-missing": ruleCertNames, "name-common": ruleCertNames,
	"chain-incomplete": ruleChain, "chain-signature": ruleChain, "chain-order": ruleChain, "chain-untrusted": ruleChain, "self-signed": ruleChain,
}

// doctorWhy says why a rule of the doctor matters.
var doctorWhy = map[string]string{
	ruleValidity:    "Clients refuse a certificate outside its time, and so does the server when it calls itself.",
	ruleKeyStrength: "The server cannot use such a key or certificate, clients refuse it, or others can break it and pass for the server.",
	ruleCertNames:   "Browsers warn and clients refuse a certificate that does not have the name that they have called.",
	ruleChain:       "Who cannot follow the chain to a CA that he knows cannot tell the server from another that claims its name.",
}

// doctor tells what the keystore package finds; what is only worth knowing is left to the step.
func (u *keyAuditor) doctor(ref *storeRef, id *ks.Identity) {
	against := ks.Against{Now: u.step.time(), Use: ks.TLS, HostName: hostName(u.w).text, MgtHostName: managementName(u.w).text}
	if ref.site.use == forEncryption {
		against = ks.Against{Now: u.step.time(), Use: ks.Encryption, SelfSigned: true}
	}
	found := map[string]bool{}
	for _, f := range ks.Diagnose(id, against) {
		rule := doctorRules[f.ID]
		if rule == "" || f.Severity == ks.Note {
			continue
		}
		found[rule] = true
		status, severity := Warn, Warning
		if f.Severity == ks.Bad {
			status, severity = Fail, Error
		}
		u.add(rule, status, severity, ref.place, ref.title()+": "+f.Message, doctorWhy[rule], f.Fix)
	}
	leaf := id.Leaf()
	if !found[ruleValidity] {
		_, to := leaf.Validity()
		u.good(ruleValidity, ref.place, fmt.Sprintf("%s: the certificate is valid until %s.", ref.title(), to.Format("2006-01-02")))
	}
	if algorithm, bits := leaf.Key(); !found[ruleKeyStrength] {
		u.good(ruleKeyStrength, ref.place, fmt.Sprintf("%s: the key is %s with %d bits.", ref.title(), algorithm, bits))
	}
	if against.HostName != "" && ref.site.use == forTLS && !found[ruleCertNames] {
		u.good(ruleCertNames, ref.place, fmt.Sprintf("%s: the certificate is for %s.", ref.title(), against.HostName))
	}
}

// pair judges KeyStore and RegistryKeyStore together.
func (u *keyAuditor) pair() {
	server, cipher := u.refs.carbonStore("KeyStore"), u.refs.carbonStore("RegistryKeyStore")
	if server == nil || cipher == nil {
		if !slices.ContainsFunc(u.refs.unread, func(r carbon.Unreadable) bool { return r.File == carbon.CarbonXML }) {
			u.add(ruleStoreOpens, Fail, Error, carbon.Place{File: carbon.CarbonXML}, "There is no <KeyStore> or no <RegistryKeyStore> with a <Location>.", whyStoreOpens, "Put the elements of the distribution back.")
		}
		return
	}
	if len(server.vault)+len(cipher.vault) > 0 {
		return
	}
	switch {
	case server.alias != cipher.alias:
		u.add(ruleCipherAlias, Fail, Error, cipher.place, fmt.Sprintf("RegistryKeyStore has the alias %q and KeyStore %q.", cipher.alias, server.alias), whyCipherAlias, keystoreFix)
	case !server.keyPass.Equal(cipher.keyPass):
		u.add(ruleCipherAlias, Fail, Error, cipher.place, "RegistryKeyStore has another key password than KeyStore.", whyCipherAlias, keystoreFix)
	default:
		u.good(ruleCipherAlias, cipher.place, "RegistryKeyStore has the alias and the key password of KeyStore.")
	}
}

// trust judges one truststore; one that several places name is judged once, its password at every place.
func (u *keyAuditor) trust(ref *storeRef, server inForce) {
	if len(ref.vault) > 0 {
		u.add(ruleStoreUnread, Unknown, 0, ref.place, fmt.Sprintf("Its password is in the secure vault (alias %s): %s is %s.", strings.Join(ref.vault, ", "), ref.title(), ref.written), "It was not looked at.", "")
		return
	}
	store, err := u.openTrust(ref)
	var told *ks.Error
	switch {
	case err == nil:
	case isMissing(err):
		u.add(ruleTrustOpens, Fail, Error, ref.place, fmt.Sprintf("There is no such file: %s is %s.", ref.title(), ref.written), whyTrustSelf, truststoreFix)
		return
	case errors.As(err, &told):
		u.add(ruleTrustOpens, Fail, Error, ref.place, faultFirst(told.What, ref), whyStoreOpens, "Give the right password there.")
		return
	default:
		u.add(ruleStoreUnread, Unknown, 0, ref.place, faultFirst(storeFault(err), ref), "It was not looked at.", "Run the audit as a user who may read it.")
		return
	}
	u.good(ruleTrustOpens, ref.place, fmt.Sprintf("%s is %s and opens with its password: %s.", ref.title(), ref.written, plural(len(store.Entries()), "entry", "entries")))
	if !u.first("trust", ref) {
		return
	}
	u.anchors(ref, store)
	if ref.site.file == carbon.CarbonXML && server.id != nil {
		u.trustsItself(ref, store, server.id)
	}
}

// openTrust opens a truststore; one that was opened with the same password is not read again.
func (u *keyAuditor) openTrust(ref *storeRef) (*ks.Truststore, error) {
	name, data, err := storeBytes(u.w, ref)
	if err != nil {
		return nil, err
	}
	for _, o := range u.trusts {
		if len(data) > 0 && len(o.data) == len(data) && &o.data[0] == &data[0] && o.password.Equal(ref.password) {
			return o.store, nil
		}
	}
	store, err := ks.OpenTruststore(ks.File{Name: name, Data: data}, ref.password)
	if err == nil {
		u.trusts = append(u.trusts, openedTrust{data, ref.password, store})
	}
	return store, err
}

func (u *keyAuditor) anchors(ref *storeRef, store *ks.Truststore) {
	for _, f := range store.Diagnose(u.step.time()) {
		switch f.ID {
		case "trust-default":
			u.add(ruleTrustDefault, Fail, Error, ref.place, f.Message, whyTrustDefault, truststoreFix)
		case "trust-expired", "trust-weak": // how an anchor is signed proves nothing
			u.add(ruleTrustOld, Warn, Note, ref.place, fmt.Sprintf("%s: %s", plural(len(f.Aliases), "entry", "entries"), f.Message), whyTrustOld, "Look at the list, and remove them with the step SSL keys (truststore.remove_old).")
		case "trust-key":
			u.add(ruleTrustOld, Warn, Warning, ref.place, f.Message, "The truststore is copied to clients and other servers.", f.Fix)
		}
	}
}

// trustsItself looks for a certificate of the server's chain among the anchors, or for the CA of its last.
func (u *keyAuditor) trustsItself(ref *storeRef, store *ks.Truststore, id *ks.Identity) {
	anchors := store.Certificates()
	for _, c := range id.Chain {
		if len(store.Has(c)) > 0 {
			u.good(ruleTrustSelf, ref.place, "The truststore holds "+c.Name()+" of the server's own chain.")
			return
		}
	}
	if chain, _ := ks.OrderChain(id.Chain[len(id.Chain)-1], anchors); len(chain) > 1 {
		u.good(ruleTrustSelf, ref.place, "The truststore holds "+chain[1].Name()+", which signed the server's chain.")
		return
	}
	u.add(ruleTrustSelf, Warn, Warning, ref.place, "The truststore holds neither the certificate of the server nor its CA.", whyTrustSelf, truststoreFix)
}

// passwords names the places that still have the password of the download, those of one file together.
func (u *keyAuditor) passwords() {
	shipped := secret.New(shippedPassword)
	at, what := map[string]carbon.Place{}, map[string][]string{}
	var files []string
	for _, ref := range u.refs.all {
		if !ref.password.Equal(shipped) && !ref.keyPass.Equal(shipped) {
			continue
		}
		file := ref.place.File
		if _, seen := at[file]; !seen {
			files = append(files, file)
			at[file] = ref.place
		}
		if !slices.Contains(what[file], ref.site.what) {
			what[file] = append(what[file], ref.site.what)
		}
	}
	for _, file := range files {
		u.add(ruleStorePass, Warn, Warning, at[file], "The password of the download stands here: "+strings.Join(what[file], ", ")+".", whyStorePass, "Set another with the step SSL keys.")
	}
}

func (u *keyAuditor) tls() {
	for _, l := range tlsListeners(u.w) {
		switch {
		case strings.TrimSpace(l.enabled) == "":
			u.add(ruleTLS, Warn, Warning, l.place, "No TLS versions are named by "+strings.ToLower(l.what[:1])+l.what[1:]+": it offers all that Java has; an old Java has SSLv3 among them.", whyTLS, "Set them with the step SSL keys.")
		case l.offersWeak():
			u.add(ruleTLS, Fail, Error, l.place, fmt.Sprintf("%s offers %s.", l.what, l.enabled), whyTLS, "Set the versions with the step SSL keys.")
		default:
			u.good(ruleTLS, l.place, fmt.Sprintf("%s offers %s.", l.what, l.enabled))
		}
	}
}

func (u *keyAuditor) unread() {
	for _, r := range u.refs.unread {
		u.add(ruleStoreUnread, Unknown, 0, carbon.Place{File: r.File}, r.String()+".", "What it names was not looked at.", "Make the file readable, or correct it.")
	}
	if _, err := u.w.XML(carbon.CatalinaXML); err != nil {
		u.add(ruleStoreUnread, Unknown, 0, carbon.Place{File: carbon.CatalinaXML}, carbon.CatalinaXML+" "+missingOr(err)+".", "Its TLS versions were not looked at.", "Make the file readable, or correct it.")
	}
}
