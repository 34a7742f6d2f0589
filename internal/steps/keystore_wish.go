package steps

import (
	"crypto/x509/pkix"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// keyWish is what the answers come to for the keystores, given what is there.
type keyWish struct {
	now      time.Time
	from     string
	alias    string
	password secret.Secret
	file     string // of KeyStore
	encFile  string // of RegistryKeyStore; file when one key does both
	host     names
	refs     *storeRefs
	tls      inForce // KeyStore as it is
	cipher   inForce // RegistryKeyStore as it is

	encryption string
	id         *ks.Identity // for KeyStore; nil: see makeKey, or there are problems
	makeKey    bool         // a key has to be made, with a certificate signed by itself
	enc        *ks.Identity // for RegistryKeyStore; nil: see makeEnc and makeKey
	makeEnc    bool
	inMind     []string        // the answers that name files of the key, for problems about it
	interim    *ks.Certificate // signed by the key itself, made by an earlier run and replaced by this one; nil = none

	problems []Problem
}

// keeps reports whether the keystores stay as they are.
func (k *keyWish) keeps() bool { return k.from == fromKeep }

func (k *keyWish) say(key, message, fix string) {
	k.problems = append(k.problems, Problem{Severity: Error, Key: key, Message: message, Fix: fix})
}

func (k *keyWish) refuse(key string, p *Problem) {
	at := *p
	at.Key = key
	k.problems = append(k.problems, at)
}

// storeFrom is where the key comes from; without the section nothing is to be done about keys.
func storeFrom(a *answers.Set) string {
	switch from := a.Text(keyStoreFrom); {
	case !a.HasSection(sectionKeystore):
		return fromKeep
	case from != "":
		return from
	}
	return fromFile
}

// wish reads the answers, the files that they name and the stores of the install. It makes no key.
func (s keystore) wish(w *Workspace, a *answers.Set) *keyWish {
	k := &keyWish{now: s.time(), from: storeFrom(a), password: a.Secret(keyStorePassword), encryption: a.Text(keyEncryption), refs: readStores(w)}
	k.host = serverNames(w, a)
	k.tls, k.cipher = keyInForce(w, k.refs.carbonStore("KeyStore")), keyInForce(w, k.refs.carbonStore("RegistryKeyStore"))
	if k.keeps() {
		k.id = k.tls.id
		return k
	}
	if k.encryption == "" {
		k.encryption = encryptOwn
	}
	var imported *ks.Identity
	if k.from == fromFile {
		imported = k.imported(w, a)
	}
	k.alias = k.chooseAlias(a, imported)
	k.file, k.encFile = newStore(k.alias, ""), newStore(k.alias, "-encryption")
	if k.encryption == encryptSame {
		k.encFile = k.file
	}
	switch k.from {
	case fromFile:
		k.id = imported
	default:
		k.ownKey(w, a)
	}
	k.chooseEncryption(w, a)
	return k
}

// serverNames are the host names of the answers, or else those of carbon.xml.
func serverNames(w *Workspace, a *answers.Set) names {
	if a.HasSection("hostname") && a.Text(keyHostName) != "" {
		return wantedNames(w, a)
	}
	return names{hostName(w).text, managementName(w).text}
}

// sourceKeys are the answers that name the files of a key.
var sourceKeys = []string{keySourcePKCS12, keySourceJKS, keySourceCert, keySourceKey, keySourceChain}

// imported loads the operator's key.
func (k *keyWish) imported(w *Workspace, a *answers.Set) *ks.Identity {
	var files []*keyFile
	bad := false
	for _, key := range sourceKeys {
		path := a.Text(key)
		if path == "" {
			continue
		}
		k.inMind = append(k.inMind, key)
		f := w.keyFiles().read(path)
		if f.err != nil {
			k.refuse(key, f.err)
			bad = true
		}
		files = append(files, f)
	}
	stores := slices.DeleteFunc([]string{a.Text(keySourcePKCS12), a.Text(keySourceJKS), a.Text(keySourceCert)}, func(s string) bool { return s == "" })
	switch {
	case len(files) == 0 || len(stores) == 0:
		k.say(keySourcePKCS12, "No file with the key and its certificate is named.", "Give keystore.source.pkcs12, keystore.source.jks, or keystore.source.certificate and keystore.source.private_key; or choose another keystore.from.")
		return nil
	case len(stores) > 1:
		k.say(k.inMind[0], "Several files are named that the key could come from.", "Give one of keystore.source.pkcs12, keystore.source.jks and keystore.source.certificate.")
		return nil
	case bad:
		return nil
	}
	l := w.keyFiles().load(files, a.Text(keySourceAlias), a.Secret(keySourcePassword), a.Secret(keySourceKeyPass))
	if l.err != nil {
		k.refuse(keyOfSourceError(l.err, k.inMind[0]), keyProblem(l.err))
		return nil
	}
	return l.id
}

// keyOfSourceError is the answer that an error about a source is about.
func keyOfSourceError(err error, file string) string {
	switch kindOfKeyError(err) {
	case ks.PasswordNeeded, ks.WrongStorePassword:
		return keySourcePassword
	case ks.WrongKeyPassword:
		return keySourceKeyPass
	case ks.AliasMissing, ks.SeveralKeys, ks.CertificateOnly:
		return keySourceAlias
	default:
		return file
	}
}

// chooseAlias is the alias of the answers, or that of a key of the operator's own in carbon.xml, or that of the source.
func (k *keyWish) chooseAlias(a *answers.Set, imported *ks.Identity) string {
	if alias := a.Text(keyStoreAlias); alias != "" {
		for _, f := range ks.CheckAlias(alias) {
			k.problems = append(k.problems, findingProblem(keyStoreAlias, f))
		}
		return alias
	}
	return proposedAlias(k.refs, imported)
}

func proposedAlias(refs *storeRefs, imported *ks.Identity) string {
	if ref := refs.carbonStore("KeyStore"); ref != nil && ref.rel != carbon.KeyStore && len(ks.CheckAlias(ref.alias)) == 0 {
		return ref.alias
	}
	if imported != nil && imported.Alias != "" {
		return ks.SuggestAlias(imported.Alias)
	}
	return "server"
}

// certNames are the names for a certificate that is made here.
func (k *keyWish) certNames(a *answers.Set) []string {
	var all []string
	for _, name := range append([]string{k.host.host, k.host.management}, a.List(keyCertNames)...) {
		if name != "" && !strings.Contains(name, "${") && !slices.ContainsFunc(all, func(o string) bool { return strings.EqualFold(o, name) }) {
			all = append(all, name)
		}
	}
	return all
}

// template is what a certificate or request of a key made here says.
func (k *keyWish) template(a *answers.Set) ks.Template {
	t := ks.Template{Names: k.certNames(a), NotBefore: k.now.Add(-time.Hour), NotAfter: k.now.AddDate(1, 0, 0)}
	if o := a.Text(keyCertOrganization); o != "" {
		t.Subject.Organization = []string{o}
	}
	if c := a.Text(keyCertCountry); c != "" {
		t.Subject.Country = []string{strings.ToUpper(c)}
	}
	return t
}

// ownKey finds the key that was made in an earlier run, or asks for one to be made.
func (k *keyWish) ownKey(w *Workspace, a *answers.Set) {
	if len(k.certNames(a)) == 0 {
		k.say(keyCertNames, "A certificate needs a name, and neither the answers nor carbon.xml have a host name.", "Answer guideline 4 (Host name), or give keystore.names.")
		return
	}
	made := madeKey(w, k.file, k.alias, k.password)
	defer func() {
		if made != nil && made.Leaf().SelfSigned() && (k.makeKey || k.id != nil && !k.id.Leaf().Equal(made.Leaf())) {
			k.interim = made.Leaf()
		}
	}()
	if answer := a.Text(keyCertAnswer); answer != "" && k.from == fromCSR {
		k.id = k.answered(w, made, answer)
		return
	}
	fresh := made != nil && (k.from == fromCSR || certifiesAll(made.Leaf(), k.certNames(a)) && k.lasts(made.Leaf()))
	if fresh {
		k.id = made
		return
	}
	if err := k.template(a).Check(); err != nil { // the names are judged before a key is made for them
		k.refuse(keyCertNames, keyProblem(err))
		return
	}
	k.makeKey = true
}

// lasts reports whether a certificate need not be made anew yet.
func (k *keyWish) lasts(c *ks.Certificate) bool {
	_, to := c.Validity()
	return to.Sub(k.now) > 30*24*time.Hour
}

// certifiesAll reports whether a certificate has every name.
func certifiesAll(c *ks.Certificate, wanted []string) bool {
	has := map[string]bool{}
	for _, name := range c.SANs() {
		has[strings.ToLower(name)] = true
	}
	for _, name := range wanted {
		text := writtenName(name)
		if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
			text = ip.Unmap().String()
		}
		if !has[strings.ToLower(text)] {
			return false
		}
	}
	return true
}

// answered gives the key that waits the certificate of the CA.
func (k *keyWish) answered(w *Workspace, waiting *ks.Identity, path string) *ks.Identity {
	f := w.keyFiles().read(path)
	if f.err != nil {
		k.refuse(keyCertAnswer, f.err)
		return nil
	}
	k.inMind = []string{keyCertAnswer}
	if waiting == nil {
		k.say(keyCertAnswer, fmt.Sprintf("There is no key in %s that waits for an answer, or the password of keystore.password is another than that of the run that made the request.", k.file),
			"Give the alias and the password of that run; or leave keystore.answer out to make a new key and request.")
		return nil
	}
	id, err := waiting.Answer(f.file())
	if err != nil {
		k.refuse(keyCertAnswer, keyProblem(err))
		return nil
	}
	return id
}

// chooseEncryption decides which key RegistryKeyStore gets.
func (k *keyWish) chooseEncryption(w *Workspace, a *answers.Set) {
	switch k.encryption {
	case encryptSame:
		k.enc = k.id
	case encryptKeep:
		if k.cipher.id == nil {
			k.say(keyEncryption, "The present encryption key cannot be kept: "+k.whyNoCipher(), "Choose own or same, or mend RegistryKeyStore in carbon.xml.")
			return
		}
		k.enc = k.cipher.id
	default:
		k.ownEncryption(w, a)
	}
	if k.enc != nil {
		if _, err := k.enc.RSA(); err != nil {
			k.refuse(keyEncryption, keyProblem(err))
			return
		}
	}
	k.guardEncrypted(w, a)
}

func (k *keyWish) whyNoCipher() string {
	switch {
	case k.cipher.ref == nil:
		return "carbon.xml has no RegistryKeyStore."
	case len(k.cipher.ref.vault) > 0:
		return k.cipher.ref.place.String() + ": its password is in the secure vault."
	}
	return k.cipher.ref.place.String() + ": " + storeFault(k.cipher.err)
}

// ownEncryption takes the encryption key of another node; or that of an earlier run; or the present one, when it is one of its own; or asks for one to be made.
func (k *keyWish) ownEncryption(w *Workspace, a *answers.Set) {
	if path := a.Text(keyEncryptionStore); path != "" {
		k.enc = k.foreignEncryption(w, path)
		return
	}
	if made := madeKey(w, k.encFile, k.alias, k.password); usableForEncryption(made) {
		k.enc = made
		return
	}
	present := k.cipher.id
	apart := present != nil && (k.tls.id == nil || !present.SameKey(k.tls.id)) && (k.id == nil || !present.SameKey(k.id))
	if apart && usableForEncryption(present) {
		k.enc = present
		return
	}
	k.makeEnc = true
}

func (k *keyWish) foreignEncryption(w *Workspace, path string) *ks.Identity {
	f := w.keyFiles().read(path)
	if f.err != nil {
		k.refuse(keyEncryptionStore, f.err)
		return nil
	}
	l := w.keyFiles().load([]*keyFile{f}, "", k.password, secret.Secret{})
	switch {
	case l.err != nil:
		k.refuse(keyEncryptionStore, keyProblem(l.err))
		return nil
	case !usableForEncryption(l.id):
		k.say(keyEncryptionStore, "The key in "+f.path+" is not fit for encryption: it is the public one, no RSA key, or shorter than 2048 bits.", "Give the encryption keystore that the first node got.")
		return nil
	}
	return l.id
}

// guardEncrypted refuses to change the encryption key under data that was encrypted with it.
func (k *keyWish) guardEncrypted(w *Workspace, a *answers.Set) {
	if told, _ := a.Bool(keyEncryptionChange); told || !w.Install.Started.Yes || k.cipher.ref == nil {
		return
	}
	if k.enc == nil && !k.makeEnc && (k.encryption != encryptSame || !k.makeKey) {
		return // there are other problems
	}
	started := fmt.Sprintf("This server has been started before (%s), and what it has encrypted since can be read with its present encryption key alone", w.Install.Started.Evidence)
	keep := "Choose encryption: keep, which puts the present key into a file of its own under the new alias and password; or, when nothing that was encrypted is needed, set keystore.change_encryption_key: true."
	switch {
	case k.cipher.id == nil && k.satisfied():
	case k.cipher.id == nil:
		k.say(keyEncryption, started+". That key cannot be looked at: "+k.whyNoCipher(), "Mend RegistryKeyStore in carbon.xml; or set keystore.change_encryption_key: true.")
	case k.enc == nil || !k.enc.SameKey(k.cipher.id):
		k.say(keyEncryption, started+". The answers would change it.", keep)
	}
}

// satisfied reports whether both keystores in force are those that are wanted already: then nothing about them is written.
func (k *keyWish) satisfied() bool {
	if k.keeps() || k.id == nil || k.enc == nil || k.tls.ref == nil || k.cipher.ref == nil {
		return false
	}
	return k.tls.ref.rel == k.file && k.cipher.ref.rel == k.encFile && k.tls.ref.alias == k.alias && k.cipher.ref.alias == k.alias
}

// encryptionTemplate is what the certificate of the encryption key says; nobody looks at it but Java.
func (k *keyWish) encryptionTemplate() ks.Template {
	return ks.Template{Subject: pkix.Name{CommonName: k.alias + " encryption"}, NotBefore: k.now.Add(-time.Hour), NotAfter: k.now.AddDate(30, 0, 0)}
}
