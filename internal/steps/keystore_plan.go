package steps

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// Plan writes the keystores and names them wherever the old ones are named. Keys are made here and nowhere else.
func (s keystore) Plan(w *Workspace, a *answers.Set) error {
	k := s.wish(w, a)
	if len(k.refs.unread) > 0 {
		if err := mustRead(w, k.refs); err != nil {
			return err
		}
	}
	if !k.keeps() {
		if err := k.planKeys(w, a); err != nil {
			return err
		}
		if err := planTLS(w, a); err != nil {
			return err
		}
	}
	return k.trust(w, a).plan(w, k)
}

// mustRead stops the step at a file that names the old keystores and cannot be edited: the server would be left with two.
func mustRead(w *Workspace, refs *storeRefs) error {
	var all []error
	for _, u := range refs.unread {
		_, err := w.XML(u.File)
		all = append(all, err)
	}
	return errors.Join(all...)
}

func (k *keyWish) planKeys(w *Workspace, a *answers.Set) error {
	if err := k.makeKeys(a); err != nil {
		return err
	}
	if k.id == nil || k.enc == nil {
		return errors.New("the keys for the keystores could not be told")
	}
	server, cipher := k.refs.carbonStore("KeyStore"), k.refs.carbonStore("RegistryKeyStore")
	if server == nil || cipher == nil {
		return &edit.Error{File: carbon.CarbonXML, What: "there is no <KeyStore> or no <RegistryKeyStore> with a <Location> in <Security>", Fix: "put the elements of the distribution back"}
	}
	if err := k.write(w, k.file, k.id, !k.makeKey, "the key of the server"); err != nil {
		return err
	}
	if k.encFile != k.file {
		if err := k.write(w, k.encFile, k.enc, false, "the key that the server encrypts with"); err != nil {
			return err
		}
	}
	if err := k.planRequest(w, a); err != nil {
		return err
	}
	return k.planRefs(w, server, cipher)
}

// makeKeys makes the keys that are asked for and not there.
func (k *keyWish) makeKeys(a *answers.Set) (err error) {
	if k.makeKey {
		if k.id, err = ks.SelfSigned(k.template(a)); err != nil {
			return err
		}
		if k.encryption == encryptSame {
			k.enc = k.id
		}
	}
	if k.makeEnc {
		k.enc, err = ks.SelfSigned(k.encryptionTemplate())
	}
	return err
}

// write makes the file of a key, unless it is there as it should be.
func (k *keyWish) write(w *Workspace, rel string, id *ks.Identity, show bool, reason string) error {
	if data, err := w.Bytes(rel); err == nil && ks.Holds(data, id, k.alias, k.password) {
		return nil
	}
	data, err := ks.Build(id, k.alias, k.password, k.now)
	if err != nil {
		return err
	}
	secrets := []apply.Span{{Start: 0, End: len(data)}}
	if show {
		secrets = allBut(data, id.Chain)
	}
	w.createMasked(rel, data, 0o600, secrets, reason)
	return nil
}

// planRequest writes the request for the CA; the same key and names give the same bytes.
func (k *keyWish) planRequest(w *Workspace, a *answers.Set) error {
	if k.from != fromCSR || a.Text(keyCertAnswer) != "" {
		return nil
	}
	request, err := ks.RequestFor(k.id, k.template(a))
	if err != nil {
		return err
	}
	if data, err := w.Bytes(k.requestFile()); err == nil && bytes.Equal(data, request.PEM) {
		return nil
	}
	// Its text changes with a key that is made anew in every plan, and so must stay out of the hash.
	secrets := []apply.Span{{Start: 0, End: len(request.PEM)}}
	if !k.makeKey {
		secrets = nil
	}
	w.createMasked(k.requestFile(), request.PEM, 0o644, secrets, "the request for a certificate, to be sent to the CA")
	return nil
}

func (k *keyWish) requestFile() string { return carbon.SecurityDir + "/" + k.alias + ".csr" }

func (k *keyWish) planRefs(w *Workspace, server, cipher *storeRef) error {
	want := wantedStore{rel: k.file, alias: k.alias, password: k.password}
	if err := server.set(want, "the server's own key"); err != nil {
		return err
	}
	follow, _ := k.refs.following(forTLS, server.rel, carbon.KeyStore, k.file)
	for _, ref := range follow {
		if err := ref.set(want, "the server's own key"); err != nil {
			return err
		}
	}
	if err := planCipherText(w, forTLS, k.password); err != nil {
		return err
	}
	want.rel = k.encFile
	because := "an encryption key of its own"
	if k.encFile == k.file {
		because = "the server's own key for encryption, too"
	}
	return cipher.set(want, because)
}

// createMasked is Create for a file of which parts may be known: the certificates of a store, which then enter the hash of the plan.
func (w *Workspace) createMasked(rel string, data []byte, mode fs.FileMode, secrets []apply.Span, reason string) {
	w.Create(rel, data, mode, false, reason)
	w.files[rel].secretsAfter = secrets
}

// allBut returns the spans of a store around its certificates: keys, dates and the digest, which the password is part of.
func allBut(data []byte, certs []*ks.Certificate) []apply.Span {
	var spans []apply.Span
	at := 0
	for _, c := range certs {
		i := bytes.Index(data[at:], c.Raw)
		if i < 0 {
			continue
		}
		spans = append(spans, apply.Span{Start: at, End: at + i})
		at += i + len(c.Raw)
	}
	return append(spans, apply.Span{Start: at, End: len(data)})
}

// cipherTexts are the aliases of cipher-text.properties under which the passwords of the stores wait in brackets for the ciphertool.
var cipherTexts = map[storeUse][]string{
	forTLS:   {"Carbon.Security.KeyStore.Password", "Carbon.Security.KeyStore.KeyPassword"},
	forTrust: {"Carbon.Security.TrustStore.Password"},
}

// planCipherText changes the plain passwords of cipher-text.properties; encrypted ones are the vault's.
func planCipherText(w *Workspace, use storeUse, to secret.Secret) error {
	doc, err := w.Properties(carbon.CipherText)
	if err != nil {
		return nil //nolint:nilerr // a home without it has no vault to prepare; audit and admin step name an unreadable one
	}
	for _, key := range cipherTexts[use] {
		e, ok := doc.Get(key)
		if text := strings.TrimSpace(e.Value); !ok || !strings.HasPrefix(text, "[") || !strings.HasSuffix(text, "]") {
			continue
		}
		if err := doc.Set(key, "["+to.Reveal()+"]", "", edit.Because("password that the cipher tool would encrypt"), edit.Secret()); err != nil {
			return err
		}
	}
	return nil
}
