package steps

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// The rules of guideline 10.
const (
	ruleVaultClear    = "CS-10.1" // passwords in clear that the vault can hold
	ruleVaultState    = "CS-10.2" // the vault itself: its files, ciphertexts and elements fit together
	ruleVaultKey      = "CS-10.3" // the key that it encrypts with
	ruleVaultPassword = "CS-10.4" // the password file
	ruleVaultCannot   = "CS-10.5" // passwords in clear that the vault cannot hold
	ruleVaultUnread   = "CS-10.6" // files that could not be looked at
	ruleVaultDefault  = "CS-10.7" // passwords of the download that no other guideline tells of
)

const (
	vaultFix     = "Set vault.enabled: true."
	whyClear     = "Whoever reads the file, a backup of it or a support archive has the password."
	whyPublicVlt = "The key is in every download of every product: anyone who gets the files can decrypt every password."
)

// vaultAuditor gathers the results of one audit.
type vaultAuditor struct {
	w   *Workspace
	v   *vaultState
	all []Result
}

func (u *vaultAuditor) add(id string, status Status, severity Severity, at carbon.Place, message, why, fix string) {
	u.all = append(u.all, Result{ID: id, Status: status, Severity: severity, Place: at, Message: message, Why: why, Fix: fix})
}

func (vault) Audit(w *Workspace) []Result {
	w.openVault(nil)
	u := &vaultAuditor{w: w, v: w.vault}
	places, unread := vaultPlaces(w)
	for _, f := range unread {
		u.add(ruleVaultUnread, Unknown, 0, carbon.Place{File: f.File}, f.String()+". Whether passwords stand there in clear cannot be told.", "", "")
	}
	u.clear(places)
	u.state()
	if u.v.on() {
		u.key()
		u.passwordFile()
	}
	stay := clearSecrets(w, places)
	u.cannot(places, stay)
	u.download(places, stay)
	return u.all
}

// clear lists the passwords in clear that the vault can hold, one result for each file.
func (u *vaultAuditor) clear(places []*vaultPlace) {
	var plain []*vaultPlace
	for _, p := range places {
		if p.alias == "" && p.rival == nil {
			plain = append(plain, p)
		}
	}
	if len(plain) == 0 {
		held := len(slices.DeleteFunc(slices.Clone(places), func(p *vaultPlace) bool { return p.rival != nil }))
		if held > 0 && u.inIt(places) {
			u.add(ruleVaultClear, OK, 0, carbon.Place{}, fmt.Sprintf("All %s that the vault can hold are in it.", number(held, "password", "passwords")), "", "")
		}
		return
	}
	files, of := byFile(plain, (*vaultPlace).place)
	for _, file := range files {
		u.add(ruleVaultClear, Warn, Warning, of[file][0].place(), inClear(of[file], (*vaultPlace).place, "the vault can hold "+theyOr(len(of[file]))), whyClear, vaultFix)
	}
}

// inIt reports whether every place has its value in the vault, as far as the vault can be looked into.
func (u *vaultAuditor) inIt(places []*vaultPlace) bool {
	return u.v.on() && (!u.v.open() || !slices.ContainsFunc(places, func(p *vaultPlace) bool {
		_, ok := u.v.opened[p.alias]
		return !ok && p.rival == nil
	}))
}

// inClear says that passwords of one file stand in clear, in which lines, and more.
func inClear[T any](some []T, place func(T) carbon.Place, more string) string {
	if len(some) == 1 {
		return "A password in clear; " + more + "."
	}
	return fmt.Sprintf("%d passwords in clear %s; %s.", len(some), lineNumbers(some, place), more)
}

func theyOr(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// state judges the files of the vault together, as they are on the disk.
func (u *vaultAuditor) state() {
	reading := u.reading()
	bad := false
	for _, f := range sv.Diagnose(reading) {
		status, severity := Warn, f.Severity
		if severity == Error {
			status = Fail
		}
		if f.ID == sv.FoundNotChecked {
			status, severity = Unknown, 0
		}
		bad = bad || status == Fail
		u.add(ruleVaultState, status, severity, carbon.Place{File: f.File, Line: f.Line}, f.What, f.Why, f.Fix)
	}
	if u.v.open() && !bad {
		u.add(ruleVaultState, OK, 0, carbon.Place{File: carbon.SecretConf}, fmt.Sprintf("The vault is on, and each of its %s decrypts.", number(len(u.v.opened), "ciphertext", "ciphertexts")), "", "")
	}
}

// reading is the vault as it is on the disk, without the values that are laid over it.
func (u *vaultAuditor) reading() sv.Reading {
	raw := u.w
	if u.v.open() {
		raw = NewWorkspace(u.w.Install)
	}
	r := sv.Reading{Conf: u.v.conf, Key: u.v.key}
	if doc, err := raw.Properties(u.v.location()); err == nil {
		for _, e := range doc.Entries() {
			r.Entries = append(r.Entries, sv.Entry{Alias: e.Key, Value: strings.TrimSpace(e.Value), Line: e.Line})
		}
	}
	if doc, err := raw.Properties(carbon.CipherTool); err == nil && u.v.on() {
		for _, e := range doc.Entries() {
			if p, err := sv.ParsePlace(e.Key, e.Value); err == nil {
				r.Places = append(r.Places, p)
			}
		}
	}
	r.Elements = securedElements(raw)
	r.Files = u.existing(r)
	return r
}

// securedElements are the elements that say that their value is in the vault.
func securedElements(raw *Workspace) []sv.Element {
	asked := map[string]*vaultPlace{}
	files := raw.securedFiles()
	if len(files) == 0 {
		return nil
	}
	places, _ := vaultPlaces(raw)
	for _, p := range places {
		asked[spot(p.file, p.element)] = p
	}
	var all []sv.Element
	for _, rel := range files {
		doc, err := raw.XML(rel)
		if err != nil {
			continue
		}
		for _, e := range doc.Find("//*") {
			alias := secretAlias(e)
			if alias == "" {
				continue
			}
			one := sv.Element{Alias: alias, File: rel, Line: e.Line(), Text: e.Text(), OnRoot: svnsDeclared(doc.Root()) != ""}
			if p := asked[spot(rel, e)]; p != nil {
				one.Asked, one.Free = p.asked, p.site.free
			}
			one.Unread = !asksVault(rel)
			all = append(all, one)
		}
	}
	return all
}

// asksVault reports whether some reader of a file asks the vault. CarbonTomcatService does for catalina-server.xml, whose secrets are attributes.
func asksVault(rel string) bool {
	return rel == carbon.CatalinaXML || slices.ContainsFunc(vaultSites, func(s vaultSite) bool {
		ok, err := path.Match(s.file, rel)
		return ok && err == nil
	})
}

// existing returns those files that the vault names and that are there.
func (u *vaultAuditor) existing(r sv.Reading) []string {
	files := []string{}
	candidates := []string{u.v.location(), carbon.SecretConf, carbon.CipherTool, u.v.store.rel}
	for _, p := range r.Places {
		candidates = append(candidates, p.Candidates()...)
	}
	for _, rel := range candidates {
		if rel != "" && u.w.Has(rel) {
			files = append(files, rel)
		}
	}
	if u.v.store.rel == "" && u.v.store.abs != "" && !u.v.lost {
		files = append(files, u.v.conf.Conf.Keystore)
	}
	return files
}

// key judges the key of the vault.
func (u *vaultAuditor) key() {
	at := carbon.Place{File: carbon.SecretConf}
	if !u.v.open() {
		u.add(ruleVaultKey, Unknown, 0, at, "The vault was not opened. "+u.v.closed, "", "")
		return
	}
	now := keyInForce(u.w, readStores(u.w).carbonStore("RegistryKeyStore"))
	id := now.id
	if id != nil {
		if key, err := id.RSA(); err != nil || sv.NewKey(key).Fingerprint() != u.v.key.Fingerprint() {
			u.add(ruleVaultKey, Warn, Warning, now.ref.place, "RegistryKeyStore holds another key than the vault encrypts with ("+u.v.conf.Conf.Keystore+").",
				"WSO2's tool would encrypt with the other one, and what the two have encrypted could not be read together.", vaultFix)
			return
		}
		if id.Leaf().IsDefault() {
			u.add(ruleVaultKey, Fail, Error, now.ref.place, "The vault encrypts with the key that WSO2 ships with every product.", whyPublicVlt, "Answer guideline 2 (SSL keys) and the vault together: everything is encrypted anew.")
			return
		}
	}
	u.add(ruleVaultKey, OK, 0, at, "The vault encrypts with the key of "+u.v.conf.Conf.Keystore+" (SHA-256 "+short(u.v.key.Fingerprint())+").", "", "")
}

// short is the beginning of a fingerprint, enough to compare two nodes.
func short(fingerprint string) string {
	parts := strings.Split(fingerprint, ":")
	return strings.Join(parts[:min(8, len(parts))], ":")
}

// passwordFile judges the file from which the server takes the password.
func (u *vaultAuditor) passwordFile() {
	names := passwordFiles(u.w)
	found := false
	for i, name := range names {
		to := servedBy(u.w, name)
		info, err := u.w.Install.Stat(name)
		if err != nil && to != "" {
			found = true
			u.add(ruleVaultPassword, OK, 0, carbon.Place{File: name}, "What starts the server hands the password over: the file is a link to "+to+", which is there while it runs.", "", "")
		}
		if err != nil {
			continue
		}
		found = true
		u.onePasswordFile(name, info, i == len(names)-1)
	}
	if !found {
		u.add(ruleVaultPassword, OK, 0, carbon.Place{}, "No password file lies in the home: the server asks for the password at its console, or gets it from what starts it.", "", "")
	}
}

func (u *vaultAuditor) onePasswordFile(name string, info fs.FileInfo, stays bool) {
	at := carbon.Place{File: name}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		u.add(ruleVaultPassword, Fail, Error, at, fmt.Sprintf("The password of the vault can be read by others: mode %04o.", mode), "With it, everything in the vault can be decrypted.", "Run: chmod 600 "+shellWord(u.w.Install.Home+"/"+name))
	}
	data, err := u.w.Bytes(name)
	if err != nil {
		u.add(ruleVaultPassword, Unknown, 0, at, "The password file "+whyUnread(err)+".", "", "")
		return
	}
	password, faults := sv.ParsePasswordFile(data)
	for _, f := range faults {
		severity := Error
		if f.Severity != sv.Bad {
			severity = Warning
		}
		u.add(ruleVaultPassword, Warn, severity, at, f.What, "The server reads its password from this file.", f.Fix)
	}
	switch {
	case u.v.open() && !password.Equal(u.v.password):
		u.add(ruleVaultPassword, Fail, Error, at, "The password in the file does not open the keystore of the vault.", "The server does not start with it.", "Set vault.password_file to the file that you want.")
	case stays:
		u.add(ruleVaultPassword, OK, 0, at, "The server reads the password of the vault from a file that stays; only its owner can read it.", "", "")
	default:
		u.add(ruleVaultPassword, OK, 0, at, "The server reads the password of the vault from a file that it deletes at its next start.", "", "")
	}
}

// cannot lists the passwords in clear that the vault cannot hold, one result for each file.
func (u *vaultAuditor) cannot(places []*vaultPlace, stay []clearSecret) {
	files, of := byFile(stay, clearSecret.at)
	for _, file := range files {
		u.add(ruleVaultCannot, Warn, Note, of[file][0].place, inClear(of[file], clearSecret.at, "Carbon 4.2.0 cannot read "+theyOr(len(of[file]))+" from the vault"), whyClear,
			"Let only the user of the server read the file, and give the account no more rights than it needs.")
	}
	for _, p := range places {
		if p.rival != nil {
			u.add(ruleVaultCannot, Warn, Note, p.place(), "A password in clear; "+p.whyApart(), whyClear, p.fixApart())
		}
	}
}

// Verify decrypts every alias again and compares it with the answers.
func (vault) Verify(w *Workspace, a *answers.Set) []Result {
	on, asked := wantsVault(a)
	if asked && !on {
		return verifyNoVault(w)
	}
	w.openVault(a)
	v := w.vault
	at := carbon.Place{File: carbon.SecretConf}
	if !v.open() {
		return []Result{{ID: ruleVaultState, Guideline: 10, Status: Fail, Severity: Error, Place: at, Message: "The vault cannot be opened. " + v.closed}}
	}
	var all []Result
	places, _ := vaultPlaces(w)
	good := 0
	for _, p := range places {
		fault := ""
		value, known := v.opened[p.alias]
		told := wantedValue(a, p.asked)
		switch {
		case p.rival != nil && !told.IsSet():
			continue // the review and the audit list it
		case p.alias == "" && asked:
			fault = "stands there in clear"
		case p.alias == "":
			continue
		case p.alias != p.asked:
			fault = "has the alias " + p.alias + ", but the server asks for " + p.asked
		case !known:
			fault = v.noValue(p.alias)
		case told.IsSet() && !told.Equal(value):
			fault = "decrypts to another value than the answers have"
		}
		if fault == "" {
			good++
			continue
		}
		all = append(all, Result{ID: ruleVaultState, Guideline: 10, Status: Fail, Severity: Error, Place: p.place(), Message: "The password under the alias " + p.asked + " is not safe in the vault: it " + fault + "."})
	}
	return append(all, Result{ID: ruleVaultState, Guideline: 10, Status: OK, Place: at, Message: fmt.Sprintf("%s decrypted with the private key and compared (key SHA-256 %s).", number(good, "alias", "aliases"), short(v.key.Fingerprint()))})
}

// wantedValue is what the answers say about an alias; not set when they say nothing.
func wantedValue(a *answers.Set, alias string) secret.Secret {
	if a == nil {
		return secret.Secret{}
	}
	if told := a.Secret(keyVaultSecrets + alias); told.IsSet() {
		return told
	}
	if key := aliasAnswers[alias]; key == keyStorePassword && storeFrom(a) != fromKeep || alias == "UserManager.AdminUser.Password" || key == keyTrustPassword {
		return a.Secret(key)
	}
	return secret.Secret{}
}

func verifyNoVault(w *Workspace) []Result {
	left := securedElements(w)
	if len(left) == 0 && !w.vault.on() {
		return []Result{{ID: ruleVaultState, Guideline: 10, Status: OK, Place: carbon.Place{File: carbon.SecretConf}, Message: "The vault is off, and no element waits for it."}}
	}
	at := carbon.Place{File: carbon.SecretConf}
	if len(left) > 0 {
		at = carbon.Place{File: left[0].File, Line: left[0].Line}
	}
	return []Result{{ID: ruleVaultState, Guideline: 10, Status: Fail, Severity: Error, Place: at, Message: "The vault was to be taken back, but is still there."}}
}
