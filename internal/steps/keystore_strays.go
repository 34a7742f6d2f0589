package steps

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// storeSuffixes are what files with keys or certificates are called.
var storeSuffixes = []string{".jks", ".jceks", ".keystore", ".truststore", ".p12", ".pfx", ".pem", ".key", ".crt", ".cer", ".der"}

// storeNamed reports whether a file has the name of one with keys in it.
func storeNamed(name string) bool {
	return slices.Contains(storeSuffixes, strings.ToLower(path.Ext(name)))
}

// startSearch begins to look for files with keys in the home.
func (w *Workspace) startSearch(ctx context.Context) {
	if w.search == nil {
		w.search = w.Install.StartSearch(ctx, storeNamed)
	}
}

// strays looks into the files with keys that the configuration does not name, in the whole home: what deploys there may open them by a path of its own.
func (u *keyAuditor) strays() {
	u.w.startSearch(context.Background())
	named := map[string]bool{}
	var passwords []secret.Secret
	for _, ref := range u.refs.all {
		named[ref.rel] = true
		passwords = appendNew(passwords, ref.password)
	}
	passwords = appendNew(passwords, secret.New(shippedPassword))
	for _, rel := range append(slices.Clone(u.w.search.Files()), unnamedStores(u.w)...) {
		if named[rel] {
			continue
		}
		data, err := u.w.Bytes(rel)
		if err != nil {
			continue
		}
		keys, err := ks.PublicKeys(ks.File{Name: rel, Data: data}, passwords...)
		if err != nil {
			continue // a file that no one names and that is none, or is locked, is no fault of the install
		}
		for _, k := range keys {
			if k.Private {
				u.stray(rel, k)
			}
		}
	}
}

// The bounds of what is looked into whatever it is called.
const (
	unnamedDepth = 4
	unnamedSize  = 1 << 20
)

// unnamedStores are the files with keys that are not called like one, a wso2carbon.bak say: in the home itself, its bin, its configuration and the folder
// of its stores, where copies are made. Elsewhere the names have to do, for no one reads a whole home in a moment.
func unnamedStores(w *Workspace) []string {
	var found []string
	look := func(dir string) (below []string) {
		for _, e := range w.Install.List(dir) {
			rel := path.Join(dir, e.Name())
			if e.IsDir() {
				below = append(below, rel)
				continue
			}
			info, err := e.Info()
			if err != nil || !e.Type().IsRegular() || storeNamed(rel) || info.Size() > unnamedSize || slices.Contains(textSuffixes, path.Ext(rel)) {
				continue
			}
			if data, err := w.Bytes(rel); err == nil && beginsAsStore(data) {
				found = append(found, rel)
			}
		}
		return below
	}
	look(".")
	look("bin")
	level := []string{"repository/conf", path.Dir(carbon.KeyStore)}
	for range unnamedDepth {
		var below []string
		for _, dir := range level {
			below = append(below, look(dir)...)
		}
		level = below
	}
	return found
}

// textSuffixes are of files that others read as what they are called.
var textSuffixes = []string{".xml", ".properties", ".sh", ".bat", ".txt", ".html", ".jar", ".yaml", ".json"}

// beginsAsStore reports whether a file begins as a JKS, a PKCS#12, or a key in PEM or DER does.
func beginsAsStore(data []byte) bool {
	switch ks.Detect(data) {
	case ks.JKS, ks.JCEKS, ks.PKCS12, ks.PEM:
		return true
	case ks.DER:
		return data[0] == 0x30
	case ks.Unknown:
	}
	return false
}

func (u *keyAuditor) stray(rel string, k ks.PublicKey) {
	under := ""
	if k.Alias != "" {
		under = fmt.Sprintf(" under the alias %s", k.Alias)
	}
	u.add(rulePublicStray, Warn, Note, carbon.Place{File: rel},
		fmt.Sprintf("The key that WSO2 ships with every product lies in it%s. No configuration that was looked at names the file.", under),
		whyPublicKey, "Delete the file if nothing uses it.")
}

// appendNew appends a password that is set and not there yet.
func appendNew(all []secret.Secret, s secret.Secret) []secret.Secret {
	if !s.IsSet() || slices.ContainsFunc(all, s.Equal) {
		return all
	}
	return append(all, s)
}
