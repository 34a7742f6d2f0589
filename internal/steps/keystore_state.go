package steps

import (
	"errors"
	"io/fs"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// storeBytes returns the file of a place. Files outside of the home are read as well.
func storeBytes(w *Workspace, ref *storeRef) (name string, data []byte, err error) {
	if ref.rel != "" {
		data, err = w.Bytes(ref.rel)
		return ref.rel, data, err
	}
	if ref.abs == "" {
		return ref.written, nil, &fs.PathError{Op: "read", Path: ref.written, Err: fs.ErrNotExist}
	}
	f := w.keyFiles().read(ref.abs)
	if f.err != nil {
		return ref.abs, nil, errors.New(f.err.Message)
	}
	return ref.abs, f.data, nil
}

// inForce is the key that a place has now.
type inForce struct {
	ref *storeRef
	id  *ks.Identity
	err error // why there is no id; nil with a vault: it cannot be looked at
	// keyApart: the key does not open with the password of the store.
	keyApart bool
	keys     int
	format   ks.Format
}

// keyInForce opens the store of a place with the passwords that stand there.
func keyInForce(w *Workspace, ref *storeRef) (now inForce) {
	now = inForce{ref: ref}
	if ref == nil || len(ref.vault) > 0 {
		return now
	}
	name, data, err := storeBytes(w, ref)
	if err != nil {
		now.err = err
		return now
	}
	for _, o := range w.opened {
		if o.same(ref, data) {
			known := o.now
			known.ref = ref
			return known
		}
	}
	defer func() { w.opened = append(w.opened, openedStore{data, now}) }()
	now.format = ks.Detect(data)
	source, err := ks.Load(ks.Passwords{Store: ref.password}, ks.File{Name: name, Data: data})
	if err != nil {
		now.err = err
		return now
	}
	now.keys = len(source.Keys())
	now.id, now.err = source.Identity(ref.alias, ref.password)
	var told *ks.Error
	if errors.As(now.err, &told) && told.Kind == ks.WrongKeyPassword {
		now.keyApart = true
		if id, err := source.Identity(ref.alias, ref.keyPass); err == nil {
			now.id, now.err = id, nil
		}
	}
	return now
}

// openedStore is a store that was opened before: several steps ask for the same, and its certificates take their time.
type openedStore struct {
	data []byte
	now  inForce
}

// same reports whether the store was opened with these very bytes and passwords.
func (o openedStore) same(ref *storeRef, data []byte) bool {
	was := o.now.ref
	return len(data) > 0 && len(o.data) == len(data) && &o.data[0] == &data[0] && was.alias == ref.alias &&
		was.password.Equal(ref.password) && was.keyPass.Equal(ref.keyPass)
}

// madeKey returns the key of a file that this step has made: one key alone, under the alias, with one password. Nil when it is anything else.
func madeKey(w *Workspace, rel, alias string, password secret.Secret) *ks.Identity {
	data, err := w.Bytes(rel)
	if err != nil || ks.Detect(data) != ks.JKS {
		return nil
	}
	source, err := ks.Load(ks.Passwords{Store: password}, ks.File{Name: rel, Data: data})
	if err != nil {
		return nil
	}
	id, err := source.Identity("", password)
	if err != nil || !ks.Holds(data, id, alias, password) {
		return nil
	}
	return id
}

// shippedStores are never written by this step as the new keystore.
var shippedStores = map[string]bool{carbon.KeyStore: true, carbon.TrustStore: true}

// newStore returns the file for a key under the alias.
func newStore(alias, suffix string) string {
	rel := carbon.SecurityDir + "/" + alias + suffix + ".jks"
	if shippedStores[rel] {
		return carbon.SecurityDir + "/" + alias + "-key" + suffix + ".jks"
	}
	return rel
}

// usableForEncryption reports whether a key may go on encrypting: RSA of a good length that not everyone has.
func usableForEncryption(id *ks.Identity) bool {
	if id == nil || id.Leaf() == nil || id.Leaf().IsDefault() {
		return false
	}
	key, err := id.RSA()
	return err == nil && key.N.BitLen() >= 2048
}
