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
	for _, rel := range u.w.search.Files() {
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
