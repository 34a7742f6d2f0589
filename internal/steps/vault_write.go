package steps

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	ks "carbon-setup/internal/keystore"
	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// vaultKey is the key that a plan encrypts with.
type vaultKey struct {
	key      *sv.Key
	conf     sv.Conf
	password secret.Secret
	fresh    bool // another key, or another password, than the vault had
}

// chooseKey takes the key of RegistryKeyStore as the plan leaves it. A vault that the answers do not speak of keeps the key that it has, as long as
// that is still there.
func (s *sealing) chooseKey() *vaultKey {
	if !s.wanted && s.v.open() && !s.storesEdited() {
		return &vaultKey{key: s.v.key, conf: s.v.conf.Conf, password: s.v.password}
	}
	now := keyInForce(s.w, readStores(s.w).carbonStore("RegistryKeyStore"))
	switch {
	case now.ref == nil:
		s.say(keyVaultEnabled, carbon.CarbonXML+" has no <RegistryKeyStore> with a <Location>; the vault encrypts with its key.", "Put the element of the distribution back.")
		return nil
	case now.id == nil:
		s.say(keyVaultEnabled, now.ref.place.String()+": the key of RegistryKeyStore cannot be used. "+storeFault(now.err), "Answer guideline 2 (SSL keys), or mend the keystore.")
		return nil
	case now.keyApart:
		s.say(keyVaultEnabled, now.ref.place.String()+": the key of RegistryKeyStore has another password than its store. The vault then asks for two passwords at every start, and Carbon 4.2.0 reads one from its password file.",
			"Answer guideline 2 (SSL keys): it makes a keystore with one password.")
		return nil
	case now.format != ks.JKS && now.format != ks.PKCS12:
		s.say(keyVaultEnabled, now.ref.place.String()+": RegistryKeyStore is of a kind that the vault cannot open.", "Answer guideline 2 (SSL keys).")
		return nil
	}
	key, err := now.id.RSA()
	if err != nil {
		p := keyProblem(err)
		s.say(keyVaultEnabled, p.Message, "Choose another encryption key in guideline 2 (SSL keys); the vault needs RSA.")
		return nil
	}
	if public, _ := s.a.Bool(keyVaultPublic); now.id.Leaf().IsDefault() && s.wanted && !public {
		s.say(keyVaultEnabled, now.ref.place.String()+": the vault would encrypt with the key that WSO2 ships with every product. Anyone who gets the files could decrypt every password.",
			"Answer guideline 2 (SSL keys) first or in the same run; or, for a test, set "+keyVaultPublic+": true.")
		return nil
	}
	conf := sv.Conf{Keystore: now.ref.rel, Type: strings.ToUpper(now.format.String()), Alias: now.ref.alias}
	if now.ref.rel == "" {
		conf.Keystore = now.ref.abs
	}
	chosen := &vaultKey{key: sv.NewKey(key), conf: conf, password: now.ref.password}
	if s.v.open() && s.v.key.Fingerprint() == chosen.key.Fingerprint() {
		chosen.key = s.v.key // it knows what its ciphertexts say
	}
	chosen.fresh = !s.v.open() || !s.v.password.Equal(chosen.password) || s.v.key != chosen.key
	return chosen
}

// storesEdited reports whether the plan changes what the vault's key rests on.
func (s *sealing) storesEdited() bool {
	if s.v.store.rel != "" && s.w.edited(s.v.store.rel) {
		return true
	}
	ref := readStores(s.w).carbonStore("RegistryKeyStore")
	was := readStores(NewWorkspace(s.w.Install)).carbonStore("RegistryKeyStore")
	return ref != nil && was != nil && (ref.rel != was.rel || ref.alias != was.alias) && was.rel == s.v.store.rel
}

// writeTexts brings cipher-text.properties up to date: a ciphertext for every secured element, and nothing in clear. Entries that no element asks for
// stay, encrypted with the present key, unless the answers ask for the vault: then they go.
func (s *sealing) writeTexts(key *vaultKey, texts map[string]string) error {
	rel := s.v.location()
	if s.wanted {
		rel = s.v.textsFile()
	}
	doc, err := s.properties(rel)
	if err != nil {
		return err
	}
	for _, e := range slices.Clone(doc.Entries()) {
		if texts[e.Key] != "" {
			continue
		}
		value, known := s.v.opened[e.Key]
		switch {
		case known && !s.wanted && key.fresh:
			text, err := key.key.Encrypt(value)
			if err != nil {
				return err
			}
			texts[e.Key] = text
		case !known && sv.Classify(strings.TrimSpace(e.Value)) == sv.Plain, s.wanted:
			if err := doc.Remove(e.Key, edit.Because("no element asks for this alias"), edit.Secret()); err != nil {
				return err
			}
		}
	}
	if err := s.once(rel, doc); err != nil {
		return err
	}
	for _, alias := range slices.Sorted(maps.Keys(texts)) {
		if e, ok := doc.Get(alias); ok && strings.TrimSpace(e.Value) == texts[alias] {
			continue
		}
		if err := doc.Set(alias, texts[alias], "", edit.Because("the ciphertext of "+alias), edit.Secret()); err != nil {
			return err
		}
	}
	s.w.files[rel].rank = rankFirst
	return s.commitBooked(rel)
}

// once takes out the entries that stand there more than once, when the answers want the vault: Java takes the last, and people may read the first.
func (s *sealing) once(rel string, doc *edit.Properties) error {
	seen := map[string]int{}
	for _, e := range doc.Entries() {
		seen[e.Key]++
	}
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		if seen[key] < 2 || !s.wanted {
			continue
		}
		if err := doc.Remove(key, edit.Because("it stands there more than once"), edit.Secret()); err != nil {
			return err
		}
	}
	return s.commitBooked(rel)
}

// properties opens a file of the vault; one that is not there is made.
func (s *sealing) properties(rel string) (*edit.Properties, error) {
	doc, err := s.w.Properties(rel)
	if err != nil && isMissing(err) {
		s.w.Create(rel, nil, 0o600, false, "a file of the vault")
		doc, err = s.w.Properties(rel)
	}
	return doc, err
}

// commitBooked commits one document as an edit of the vault's step.
func (s *sealing) commitBooked(rel string) error {
	o := s.w.files[rel]
	if o.doc == nil || !o.doc.Pending() {
		return nil
	}
	splices, err := o.doc.Commit()
	if err != nil {
		return err
	}
	o.book(splices, s.w.current)
	o.after = o.doc.Bytes()
	return nil
}

// writePlaces completes cipher-tool.properties, so that WSO2's own tool finds what is here, and takes out what has no file or no element.
func (s *sealing) writePlaces() error {
	if !s.wanted {
		return nil
	}
	doc, err := s.properties(carbon.CipherTool)
	if err != nil {
		return err
	}
	for _, e := range slices.Clone(doc.Entries()) {
		if s.secrets[e.Key] != nil {
			continue
		}
		if err := doc.Remove(e.Key, edit.Because("no element asks for this alias")); err != nil {
			return err
		}
	}
	for _, alias := range slices.Sorted(maps.Keys(s.secrets)) {
		if e, ok := doc.Get(alias); ok {
			if p, err := sv.ParsePlace(alias, e.Value); err == nil && s.has(p, s.secrets[alias]) {
				continue
			}
		}
		p := toolPlace(alias, s.secrets[alias].sites[0])
		if err := doc.Set(alias, p.String(), "", edit.Because("where the alias "+alias+" is")); err != nil {
			return err
		}
	}
	return s.commitBooked(carbon.CipherTool)
}

// has reports whether a place of cipher-tool.properties names the file of one of the elements.
func (s *sealing) has(p sv.Place, entry *sealedValue) bool {
	for _, rel := range p.Candidates() {
		if slices.ContainsFunc(entry.sites, func(site sealedSite) bool { return site.file == rel }) {
			return true
		}
	}
	return false
}

// toolPlace is the entry of cipher-tool.properties for an element.
func toolPlace(alias string, site sealedSite) sv.Place {
	file := site.file
	if slices.Contains(sv.SearchFolders(), path.Dir(site.file)) {
		file = path.Base(site.file)
	}
	return sv.Place{Alias: alias, File: file, XPath: site.xpath, Flag: site.file == carbon.CarbonXML}
}

// writeConf turns the vault on in secret-conf.properties, with the keystore that the ciphertexts are for.
func (s *sealing) writeConf(key *vaultKey) error {
	if !s.wanted && !key.fresh {
		return nil
	}
	doc, err := s.properties(carbon.SecretConf)
	if err != nil {
		return err
	}
	after := ""
	for _, e := range key.conf.Entries() {
		if e.Value == carbon.CipherText {
			e.Value = s.v.textsFile()
		}
		if now, ok := doc.Get(e.Key); ok && now.Value == e.Value {
			after = e.Key
			continue
		}
		if err := doc.Set(e.Key, e.Value, after, edit.Because("the vault is on")); err != nil {
			return err
		}
		after = e.Key
	}
	s.w.files[carbon.SecretConf].rank = rankSecond
	return s.commitBooked(carbon.SecretConf)
}

// takeAway leaves the plain values where they are, without the attributes that secured them, and turns the vault off.
func (s *sealing) takeAway() error {
	for _, rel := range s.w.securedFiles() {
		if err := s.bare(rel); err != nil {
			return err
		}
	}
	if err := s.removeKeys(s.v.location(), slices.Sorted(maps.Keys(s.v.texts)), "the value stands in its file again"); err != nil {
		return err
	}
	var settings []string
	for _, e := range (sv.Conf{}).Entries() {
		settings = append(settings, e.Key)
	}
	if err := s.removeKeys(carbon.SecretConf, settings, "the vault is off"); err != nil {
		return err
	}
	for _, name := range passwordFiles(s.w) {
		if s.w.Has(name) && servedBy(s.w, name) == "" {
			s.w.Delete(name, true, "the vault is off")
			s.w.files[name].rank = rankLast
		}
	}
	return nil
}

// bare takes the secretAlias attributes out of a file, and the namespace with the last of them.
func (s *sealing) bare(rel string) error {
	doc, err := s.w.XML(rel)
	if err != nil {
		return err
	}
	why := edit.Because("the value stands here again")
	for _, e := range doc.Find("//*") {
		alias := secretAlias(e)
		if alias == "" {
			continue
		}
		for _, attr := range e.Attrs() {
			if strings.HasSuffix(attr.Name, ":secretAlias") {
				if err := doc.RemoveAttr(e, attr.Name, why); err != nil {
					return err
				}
			}
		}
		if entry := s.secrets[alias]; e.Text() != entry.value.Reveal() {
			if err := doc.SetText(e, entry.value.Reveal(), edit.Secret(), why); err != nil {
				return err
			}
		}
	}
	if err := s.commitBooked(rel); err != nil {
		return err
	}
	if path.Dir(rel) == carbon.DatasourcesDir || rel == carbon.TasksConfig {
		return nil // these declare the namespace when they are shipped
	}
	if doc, err = s.w.XML(rel); err != nil {
		return err
	}
	for _, attr := range doc.Root().Attrs() {
		prefix, ok := strings.CutPrefix(attr.Name, "xmlns:")
		if ok && attr.Value == sv.Namespace && !usesPrefix(doc, prefix) {
			if err := doc.RemoveAttr(doc.Root(), attr.Name, edit.Because("nothing in the file is secured any more")); err != nil {
				return err
			}
		}
	}
	return s.commitBooked(rel)
}

// usesPrefix reports whether an element or attribute of a document has a prefix; <svns:SecureVault> is such an element.
func usesPrefix(doc *edit.XML, prefix string) bool {
	for _, e := range doc.Find("//*") {
		if e.Space() == sv.Namespace || slices.ContainsFunc(e.Attrs(), func(a edit.Attr) bool { return strings.HasPrefix(a.Name, prefix+":") }) {
			return true
		}
	}
	return false
}

func (s *sealing) removeKeys(rel string, keys []string, because string) error {
	doc, err := s.w.Properties(rel)
	if err != nil {
		if isMissing(err) {
			return nil
		}
		return err
	}
	for _, key := range keys {
		if err := doc.Remove(key, edit.Because(because), edit.Secret()); err != nil {
			return err
		}
	}
	s.w.files[rel].rank = rankLast
	return s.commitBooked(rel)
}

// writePassword writes or removes the file from which the server takes the password of the vault at its start.
func (s *sealing) writePassword(key *vaultKey) {
	names := passwordFiles(s.w)
	first, once, persist := names[0], names[1], names[2]
	data := sv.PasswordFile(key.password)
	kind := s.a.Text(keyVaultPasswordFile)
	want := map[string]bool{}
	switch kind {
	case passwordOnce:
		want[once] = s.w.Has(once) || key.fresh || !s.w.Install.Started.Yes || s.vaultEdited()
	case passwordPersist:
		want[persist] = true
	case passwordNone:
	default: // what is there stays, with the right password
		for _, name := range names {
			want[name] = s.w.Has(name)
		}
		if s.wanted && !want[first] && !want[once] && !want[persist] && servedBy(s.w, persist) == "" {
			want[once] = key.fresh || !s.w.Install.Started.Yes
		}
	}
	for _, name := range names {
		if servedBy(s.w, name) != "" {
			continue // what it leads to belongs to the service
		}
		have, err := s.w.Bytes(name)
		held, faults := sv.ParsePasswordFile(have)
		switch {
		case want[name] && (err != nil || len(faults) > 0 || !held.Equal(key.password)):
			s.w.Create(name, data, 0o600, true, "the password of the vault, for the start of the server")
		case !want[name] && err == nil && kind != "":
			s.w.Delete(name, true, fmt.Sprintf("vault.password_file is %s", kind))
		}
	}
}

// vaultEdited reports whether the plan changes a file that the server needs the password for.
func (s *sealing) vaultEdited() bool {
	return s.w.edited(carbon.CipherText) || s.w.edited(carbon.SecretConf)
}
