package steps

import (
	"bytes"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	ks "carbon-setup/internal/keystore"
	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// vaultState is the secure vault of an install as a Workspace knows it.
//
// While it is open, every secured element holds its plain value in the Workspace (the attribute secretAlias stays), so that the steps read and set
// it as they do without a vault. seal puts the placeholders back and the values into cipher-text.properties, before anything becomes a plan.
type vaultState struct {
	conf  sv.ConfReading
	store storeRef // the keystore that secret-conf.properties names
	asked bool     // the answers want the vault on or off: elements without a ciphertext are to get a value

	key      *sv.Key
	password secret.Secret // that opened the keystore
	closed   string        // why there is no key, a sentence; "" with a key or without a vault
	lost     bool          // no password can open it: the keystore is not there, or holds no such key

	texts   map[string]cipherText
	opened  map[string]secret.Secret // by alias, what its ciphertext says
	broken  map[string]string        // by alias, why its ciphertext says nothing; follows "its ciphertext"
	stuck   map[string]bool          // aliases whose value cannot be laid over their element
	foreign []string                 // aliases whose values have letters beyond ASCII, as a plan has sealed them
	laid    map[string][]string      // by file and alias: the placeholders, in the order of the file
}

// cipherText is an entry of cipher-text.properties.
type cipherText struct {
	value string
	line  int
}

// on reports whether the server uses the vault.
func (v *vaultState) on() bool { return v != nil && v.conf.On }

// open reports whether the values of the vault are known.
func (v *vaultState) open() bool { return v != nil && v.key != nil }

// writable reports whether the steps may set the text of secured elements: the vault is open, or nothing in it can be saved.
func (v *vaultState) writable() bool {
	return v != nil && (v.key != nil || v.asked && (v.lost || !v.conf.On))
}

// location is the file that holds the ciphertexts.
func (v *vaultState) location() string {
	if v != nil && v.conf.On && v.conf.Location != "" {
		return v.conf.Location
	}
	return carbon.CipherText
}

// textsFile is the file that the ciphertexts go into: the one that is in use, unless Carbon would not find it.
func (v *vaultState) textsFile() string {
	for _, f := range v.conf.Faults {
		if f.Severity == sv.Bad && strings.HasSuffix(f.Key, ".location") && strings.HasPrefix(f.Key, "secretRepositories") {
			return carbon.CipherText
		}
	}
	return v.location()
}

// sealed returns the alias of an element whose value is in the vault and not known here; "" for every other element.
func (w *Workspace) sealed(e *edit.Element) string {
	alias := secretAlias(e)
	if alias == "" || w.vault == nil {
		return alias
	}
	if _, ok := w.vault.opened[alias]; ok && !w.vault.stuck[alias] || w.vault.writable() && !w.vault.stuck[alias] {
		return ""
	}
	return alias
}

// openVault reads the vault of the install and opens it, when the answers, carbon.xml or a password file in the home have the password for it.
// An open vault stays as it is. a may be nil.
func (w *Workspace) openVault(a *answers.Set) {
	if w.vault.open() {
		return
	}
	v := &vaultState{texts: map[string]cipherText{}, opened: map[string]secret.Secret{}, broken: map[string]string{}, stuck: map[string]bool{}, laid: map[string][]string{}}
	v.asked = a != nil && a.HasSection(sectionVault) && !w.vaultLeft
	if doc, err := w.Properties(carbon.SecretConf); err == nil {
		v.conf = sv.ReadConf(func(key string) (string, bool) {
			e, ok := doc.Get(key)
			return e.Value, ok
		})
	}
	w.vault = v
	if doc, err := w.Properties(v.location()); err == nil {
		for _, e := range doc.Entries() {
			v.texts[e.Key] = cipherText{strings.TrimSpace(e.Value), e.Line}
		}
	}
	if !v.conf.On {
		return
	}
	v.findKey(w, a)
	if v.key != nil {
		v.decrypt()
		w.unseal()
	}
}

// findKey opens the keystore that secret-conf.properties names.
func (v *vaultState) findKey(w *Workspace, a *answers.Set) {
	v.store = storeRef{written: v.conf.Conf.Keystore}
	v.store.rel, v.store.abs = storePath(w, v.conf.Conf.Keystore)
	if rel := movedStore(w, v.store.abs); rel != "" {
		v.store.rel, v.store.abs = rel, ""
	}
	name, data, err := storeBytes(w, &v.store)
	if err != nil || ks.Detect(data) == ks.Unknown {
		v.closed, v.lost = "Its keystore "+v.conf.Conf.Keystore+" cannot be used: "+storeFault(err), true
		if err == nil {
			v.closed = "Its keystore " + name + " is no keystore."
		}
		return
	}
	v.closed = "The password of its keystore " + name + " is not known."
	for _, password := range vaultPasswords(w, a) {
		source, err := ks.Load(ks.Passwords{Store: password}, ks.File{Name: name, Data: data})
		if err != nil {
			continue
		}
		id, err := source.Identity(v.conf.Conf.Alias, password)
		if err != nil {
			v.closed, v.lost = "The key of the vault cannot be used: "+storeFault(err), kindOfKeyError(err) == ks.AliasMissing
			continue
		}
		key, err := id.RSA()
		if err != nil {
			v.closed, v.lost = "The key of the vault cannot be used: "+storeFault(err), true
			continue
		}
		v.key, v.password, v.closed, v.lost = sv.NewKey(key), password, "", false
		return
	}
}

// movedStore is the keystore of the home that an absolute path of another home means: WSO2's tool writes absolute paths, and homes are moved and copied.
func movedStore(w *Workspace, abs string) string {
	if abs == "" {
		return ""
	}
	if _, data, err := storeBytes(w, &storeRef{abs: abs}); err == nil && ks.Detect(data) != ks.Unknown {
		return ""
	}
	if i := strings.LastIndex(filepath.ToSlash(abs), "/"+carbon.SecurityDir+"/"); i >= 0 {
		if rel := filepath.ToSlash(abs)[i+1:]; w.Has(rel) {
			return rel
		}
	}
	return ""
}

// vaultPasswords are the passwords that may open the vault: of the answers, of a password file in the home, and those that carbon.xml still has in clear.
func vaultPasswords(w *Workspace, a *answers.Set) []secret.Secret {
	var all []secret.Secret
	add := func(s secret.Secret) {
		if s.IsSet() && s.Reveal() != "" && !slices.ContainsFunc(all, s.Equal) {
			all = append(all, s)
		}
	}
	if a != nil {
		add(a.Secret(keyVaultKeyPassword))
		add(a.Secret(keyStorePassword))
	}
	for _, name := range passwordFiles(w) {
		if data, err := w.Bytes(name); err == nil {
			password, _ := sv.ParsePasswordFile(data)
			add(password)
		}
	}
	if doc, err := w.XML(carbon.CarbonXML); err == nil {
		for _, path := range []string{"RegistryKeyStore", "KeyStore"} {
			if e := doc.First("/Server/Security/" + path + "/Password"); e != nil && secretAlias(e) == "" {
				add(secret.New(e.Text()))
			}
		}
	}
	return all
}

// passwordFiles are the files in the home from which Carbon takes the password of the vault at its start, in its order.
func passwordFiles(w *Workspace) []string {
	return sv.PasswordNames(w.Install.Host.OS == "windows")
}

// decrypt reads every ciphertext, all of them side by side: that is most of the work of opening a vault.
func (v *vaultState) decrypt() {
	aliases := slices.Sorted(maps.Keys(v.texts))
	values, whys := make([]secret.Secret, len(aliases)), make([]string, len(aliases))
	var all sync.WaitGroup
	for i, alias := range aliases {
		all.Go(func() { values[i], whys[i] = v.decryptOne(v.texts[alias].value) })
	}
	all.Wait()
	for i, alias := range aliases {
		if whys[i] != "" {
			v.broken[alias] = whys[i]
			continue
		}
		v.opened[alias] = values[i]
	}
}

// decryptOne returns what an entry stands for, or why that cannot be known; follows "its ciphertext".
func (v *vaultState) decryptOne(text string) (value secret.Secret, why string) {
	switch sv.Classify(text) {
	case sv.Plain:
		return value, "is not one: the entry is still in clear"
	case sv.Empty:
		return value, "is empty"
	case sv.Encrypted, sv.Broken:
	}
	value, err := v.key.Decrypt(text)
	switch {
	case err != nil:
		return value, "cannot be decrypted with the key of the vault"
	case value.Reveal() == "":
		return value, "decrypts to nothing"
	}
	return value, ""
}

// unseal lays the plain values over the secured elements. An alias with an element that does not take its value is left sealed everywhere.
func (w *Workspace) unseal() {
	for {
		before := w.checkpoint()
		clear(w.vault.laid)
		refused := w.lay()
		if refused == "" {
			return
		}
		w.rewind(before)
		w.vault.stuck[refused] = true
	}
}

// lay puts the values in and returns the first alias with an element that cannot have its value.
func (w *Workspace) lay() (refused string) {
	v := w.vault
	for _, rel := range w.securedFiles() {
		doc, err := w.XML(rel)
		if err != nil {
			continue // the step that needs the file says so
		}
		for _, e := range doc.Find("//*") {
			alias := secretAlias(e)
			value, ok := v.opened[alias]
			if alias == "" || !ok || v.stuck[alias] {
				continue
			}
			slot := rel + "\x00" + alias
			v.laid[slot] = append(v.laid[slot], e.Text())
			if err := doc.SetText(e, value.Reveal(), edit.Secret()); err != nil {
				return alias
			}
		}
		if err := w.commitOne(rel, true); err != nil {
			var bad *edit.Error
			if errors.As(err, &bad) {
				for alias := range v.opened {
					if v.laid[rel+"\x00"+alias] != nil && !v.stuck[alias] {
						return alias
					}
				}
			}
		}
	}
	return ""
}

// commitOne commits one document and books nobody: what a vault puts over a file and takes away again is no edit. quiet: the replaced text is a
// placeholder, no secret.
func (w *Workspace) commitOne(rel string, quiet bool) error {
	o := w.files[rel]
	if o == nil || o.doc == nil || !o.doc.Pending() {
		return nil
	}
	splices, err := o.doc.Commit()
	if err != nil {
		return err
	}
	if quiet {
		for i := range splices {
			splices[i].OldSecret = false
		}
	}
	o.move(splices)
	o.after = o.doc.Bytes()
	return nil
}

// securedFiles are the XML files that have secured elements, edits included, sorted.
func (w *Workspace) securedFiles() []string {
	files := append(confFiles(w), w.glob("repository/deployment/server/userstores/*.xml")...)
	files = append(files, w.paths()...)
	slices.Sort(files)
	var secured []string
	for _, rel := range slices.Compact(files) {
		if filepath.Ext(rel) != ".xml" || !w.Has(rel) {
			continue
		}
		data, err := w.Bytes(rel)
		if err == nil && bytes.Contains(data, []byte("secretAlias")) {
			secured = append(secured, rel)
		}
	}
	return secured
}

// unreadSecured tells why secured elements cannot all be known: a file that may have some cannot be read or parsed. Nothing of the vault is changed then,
// for what such a file needs of it could be taken away.
func (w *Workspace) unreadSecured() error {
	var all []error
	for _, rel := range w.securedFiles() {
		_, err := w.XML(rel)
		all = append(all, err)
	}
	if w.vault.on() {
		_, unread := vaultPlaces(w)
		for _, u := range unread {
			if _, err := w.Bytes(u.File); err != nil {
				all = append(all, err)
			}
		}
	}
	return errors.Join(all...)
}
