package steps

import (
	"fmt"
	"slices"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

var fromOptions = []Option{
	{fromFile, "a key and certificate that I have"},
	{fromCSR, "make a key and a request for a CA"},
	{fromSelfSigned, "make a self-signed certificate (staging)"},
	{fromKeep, "leave the keystores as they are"},
}

var encryptionOptions = []Option{
	{encryptOwn, "a key of its own; it survives a renewal of the certificate"},
	{encryptSame, "the key of the server for both"},
	{encryptKeep, "the present encryption key, in a file of its own"},
}

// fieldsOf makes fields out of the Specs.
type fieldsOf struct {
	specs map[string]answers.Spec
	all   []Field
}

func newFields(specs []answers.Spec) *fieldsOf {
	f := &fieldsOf{specs: make(map[string]answers.Spec, len(specs))}
	for _, spec := range specs {
		f.specs[spec.Key] = spec
	}
	return f
}

func (f *fieldsOf) add(key string, change func(*Field)) { f.addNamed(key, key, change) }

// addNamed adds the field of a concrete key whose Spec has a name of the operator's own in it.
func (f *fieldsOf) addNamed(spec, key string, change func(*Field)) {
	field := Field{Spec: f.specs[spec]}
	field.Key = key
	if change != nil {
		change(&field)
	}
	f.all = append(f.all, field)
}

func (s keystore) Fields(w *Workspace, a *answers.Set) []Field {
	f := newFields(s.Specs())
	refs := readStores(w)
	now := keyInForce(w, refs.carbonStore("KeyStore"))
	f.add(keyStoreFrom, func(q *Field) {
		q.Options, q.Now = fromOptions, presentKey(now)
		q.Default, q.DefaultFrom = fromFile, "the guideline"
		if now.id != nil && now.ref.rel != carbon.KeyStore && !now.id.Leaf().IsDefault() {
			q.Default, q.DefaultFrom = fromKeep, "the server has a key of its own"
		}
	})
	from := storeFrom(a)
	if !a.HasSection(sectionKeystore) && !a.HasSection(sectionTruststore) {
		from = f.all[0].Default
	}
	switch from {
	case fromFile:
		sourceFields(f, w, a)
	case fromCSR, fromSelfSigned:
		f.add(keyCertNames, nil)
		f.add(keyCertOrganization, nil)
		f.add(keyCertCountry, func(q *Field) { q.Check = checkCountry })
		if from == fromCSR {
			f.add(keyCertAnswer, func(q *Field) { q.Check = checkKeyFile(w) })
		}
	}
	if from != fromKeep {
		s.newStoreFields(f, w, a, refs)
	}
	trustFieldsOf(f, refs)
	return f.all
}

// presentKey tells what the server has: its certificate, never more.
func presentKey(now inForce) Present {
	p := Present{}
	switch {
	case now.ref == nil:
		p.Note = "carbon.xml names no keystore"
		return p
	case len(now.ref.vault) > 0:
		p.Note = "its password is in the secure vault"
	case now.id == nil:
		p.Note = storeFault(now.err)
	case now.id.Leaf().IsDefault():
		p.Note = "the key that WSO2 ships"
	default:
		p.Note = "certificate of " + now.id.Leaf().Name()
	}
	p.Text, p.Place = now.ref.written, now.ref.place
	return p
}

// sourceFields ask for the file that is there, or for one of the three kinds.
func sourceFields(f *fieldsOf, w *Workspace, a *answers.Set) {
	given := map[string]bool{}
	some := false
	for _, key := range []string{keySourcePKCS12, keySourceJKS, keySourceCert} {
		given[key] = a.Text(key) != ""
		some = some || given[key]
	}
	file := func(q *Field) { q.Check = checkKeyFile(w) }
	for _, key := range []string{keySourcePKCS12, keySourceJKS, keySourceCert} {
		if given[key] || !some {
			f.add(key, file)
		}
	}
	if given[keySourceCert] || a.Text(keySourceKey) != "" {
		f.add(keySourceKey, file)
	}
	if some {
		f.add(keySourceChain, file)
	}
	look, ok := lookAtSource(w, a)
	if ok && (look.StorePassword || look.KeyPassword) || answered(a, keySourcePassword) {
		f.add(keySourcePassword, func(q *Field) { q.CheckSecret = checkSourcePassword(w, a) })
	}
	err := sourceError(w, a, a.Secret(keySourcePassword))
	kind := kindOfKeyError(err)
	if a.Text(keySourceAlias) != "" || kind == ks.SeveralKeys || kind == ks.AliasMissing || kind == ks.CertificateOnly {
		f.add(keySourceAlias, func(q *Field) {
			if kind == ks.SeveralKeys {
				q.Required = true
				q.Help = keyProblem(err).Message + " " + q.Help
			}
		})
	}
	if answered(a, keySourceKeyPass) || kind == ks.WrongKeyPassword {
		f.add(keySourceKeyPass, nil)
	}
}

// answered reports whether there is an answer, be it a secret that has still to be typed.
func answered(a *answers.Set, key string) bool {
	_, ok := a.Lookup(key)
	return ok
}

// sourceFiles are the files of the answers that can be read.
func sourceFiles(w *Workspace, a *answers.Set) []*keyFile {
	var files []*keyFile
	for _, key := range sourceKeys {
		if path := a.Text(key); path != "" {
			if f := w.keyFiles().read(path); f.err == nil {
				files = append(files, f)
			}
		}
	}
	return files
}

func lookAtSource(w *Workspace, a *answers.Set) (ks.Look, bool) {
	var files []ks.File
	for _, f := range sourceFiles(w, a) {
		files = append(files, f.file())
	}
	look, err := ks.Inspect(files...)
	return look, err == nil
}

// sourceError is what stands in the way of the key with a password; nil without files.
func sourceError(w *Workspace, a *answers.Set, password secret.Secret) error {
	files := sourceFiles(w, a)
	if len(files) == 0 {
		return nil
	}
	return w.keyFiles().load(files, a.Text(keySourceAlias), password, a.Secret(keySourceKeyPass)).err
}

func checkKeyFile(w *Workspace) func(text string) *Problem {
	return func(text string) *Problem {
		f := w.keyFiles().read(text)
		if f.err != nil {
			p := *f.err
			return &p
		}
		if _, err := ks.Inspect(f.file()); err != nil {
			return keyProblem(err)
		}
		return nil
	}
}

// checkSourcePassword opens the file; what else may be wrong with it is told by Validate.
func checkSourcePassword(w *Workspace, a *answers.Set) func(s secret.Secret) *Problem {
	return func(s secret.Secret) *Problem {
		err := sourceError(w, a, s)
		if kind := kindOfKeyError(err); kind == ks.WrongStorePassword || kind == ks.PasswordNeeded {
			return keyProblem(err)
		}
		return nil
	}
}

func checkCountry(text string) *Problem {
	if len(text) == 2 && isLetter(text[0]) && isLetter(text[1]) {
		return nil
	}
	return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no country as certificates name it: two letters.", text), Fix: "Give two letters, such as DE, or leave it out."}
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func (s keystore) newStoreFields(f *fieldsOf, w *Workspace, a *answers.Set, refs *storeRefs) {
	f.add(keyStoreAlias, func(q *Field) {
		q.Default, q.DefaultFrom = proposedAlias(refs, nil), "a name that every product can have"
		if ref := refs.carbonStore("KeyStore"); ref != nil && ref.alias == q.Default {
			q.DefaultFrom = "the present value"
		}
		if files := sourceFiles(w, a); storeFrom(a) == fromFile && len(files) > 0 {
			if l := w.keyFiles().load(files, a.Text(keySourceAlias), a.Secret(keySourcePassword), a.Secret(keySourceKeyPass)); l.id != nil {
				if alias := proposedAlias(refs, l.id); alias != q.Default {
					q.Default, q.DefaultFrom = alias, "the alias in the file"
				}
			}
		}
		q.Check = func(text string) *Problem { return firstFinding(keyStoreAlias, ks.CheckAlias(text)) }
	})
	f.add(keyStorePassword, func(q *Field) {
		q.Required, q.Confirm = true, true
		q.CheckSecret = func(p secret.Secret) *Problem { return firstFinding(keyStorePassword, ks.CheckPassword(p)) }
		q.Strength = func(p secret.Secret) string { return passwordStrength(p.Reveal(), []string{hostName(w).text}) }
	})
	f.add(keyEncryption, func(q *Field) {
		q.Options, q.Default, q.DefaultFrom = encryptionOptions, encryptOwn, "it survives a renewal of the certificate"
		if ref := refs.carbonStore("RegistryKeyStore"); ref != nil {
			q.Now = Present{Text: ref.written, Place: ref.place}
		}
	})
	if e := a.Text(keyEncryption); e == encryptOwn || e == "" {
		f.add(keyEncryptionStore, func(q *Field) { q.Check = checkKeyFile(w) })
	}
	if w.Install.Started.Yes {
		f.add(keyEncryptionChange, func(q *Field) { q.Default, q.DefaultFrom = "false", "the server has been started" })
	}
	f.add(keyTLS, func(q *Field) {
		q.Check = checkTLS(w.Install.Java.Major)
		if versions := tlsVersions(w.Install.Java.Major); versions != "" {
			q.Default, q.DefaultFrom = answers.JoinList(answers.SplitList(versions)), fmt.Sprintf("Java %d", w.Install.Java.Major)
		}
		listeners := tlsListeners(w)
		if len(listeners) == 0 {
			return
		}
		first := listeners[0]
		q.Now = Present{Text: first.enabled, Place: first.place, Note: noteIf(first.enabled == "", "whatever Java offers")}
		if !first.offersWeak() {
			q.Default, q.DefaultFrom = answers.JoinList(answers.SplitList(first.enabled)), "the present value"
		}
	})
}

func trustFieldsOf(f *fieldsOf, refs *storeRefs) {
	f.add(keyTrustPassword, func(q *Field) {
		q.Confirm = true
		q.CheckSecret = func(p secret.Secret) *Problem { return firstFinding(keyTrustPassword, ks.CheckPassword(p)) }
		q.Strength = func(p secret.Secret) string { return passwordStrength(p.Reveal(), nil) }
		if ref := refs.carbonStore("TrustStore"); ref != nil {
			q.Now = Present{Text: secret.Shown, Place: ref.place}
			if ref.password.Equal(secret.New(shippedPassword)) {
				q.Now.Text = "the default password"
			}
		}
	})
	f.add(keyTrustImport, nil)
	f.add(keyTrustRemove, func(q *Field) { q.Default, q.DefaultFrom = "true", "the guideline" })
	f.add(keyTrustOld, func(q *Field) { q.Default, q.DefaultFrom = "false", "a CA of your own may be among them" })
}

// shippedPassword is that of every store that products ship.
const shippedPassword = "wso2carbon"

// firstFinding is the worst of findings as the problem of one value.
func firstFinding(key string, all []ks.Finding) *Problem {
	if len(all) == 0 {
		return nil
	}
	p := findingProblem(key, all[0])
	return &p
}

// Cure names the file that the key is to come from, and gives the truststore another password where it has the shipped one.
func (s keystore) Cure(w *Workspace) map[string]string {
	cures := map[string]string{}
	if s.Fields(w, answers.NewSet(Schema()))[0].Default == fromFile {
		cures[keySourcePKCS12], cures[keySourcePassword] = "", ""
	}
	if ref := readStores(w).carbonStore("TrustStore"); ref != nil && ref.password.Equal(secret.New(shippedPassword)) {
		cures[keyTrustPassword] = ""
	}
	if tlsVersions(w.Install.Java.Major) == "" && slices.ContainsFunc(tlsListeners(w), tlsListener.offersWeak) {
		cures[keyTLS] = "" // which versions there are is known with the Java
	}
	return cures
}
