package steps

import (
	"math"
	"slices"
	"strings"

	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

func (vault) Validate(w *Workspace, a *answers.Set) []Problem {
	w.openVault(a)
	var all []Problem
	on, _ := wantsVault(a)
	if w.vault.on() && !w.vault.open() && !w.vault.lost {
		p := Problem{Severity: Error, Key: keyVaultKeyPassword, Message: "The install has a vault, and it cannot be opened. " + w.vault.closed, Fix: "Give its password as " + keyVaultKeyPassword + "."}
		if a.Secret(keyVaultKeyPassword).IsSet() {
			p.Message, p.Fix = "This password does not open the vault: it is not that of the keystore "+w.vault.conf.Conf.Keystore+".", "Give the password that the keystore had when the vault was made."
		}
		all = append(all, p)
	}
	if w.vault.lost {
		all = append(all, Problem{Severity: Warning, Key: keyVaultEnabled, Message: "The present vault cannot be opened any more, and is made anew. " + w.vault.closed, Fix: "Give the values that were in it, as far as other answers do not."})
	}
	all = append(all, unknownAliases(w, a)...)
	all = append(all, unusableValues(a)...)
	all = append(all, lostValues(w, a)...)
	told := a.Secret(keyVaultSecrets + "Carbon.Security.RegistryKeyStore.Password").IsSet() // then seal looks, when the plan has it
	if on && storeFrom(a) == fromKeep && len(all) == 0 && !told {
		s := &sealing{w: w, v: w.vault, a: a, wanted: true}
		s.chooseKey() // the key is not going to change: what is wrong with it can be said at once
		all = append(all, s.problems...)
	}
	if on {
		all = append(all, unreadPlaces(w)...)
	}
	return append(append(all, foreignStore(w)...), servedPassword(w, a)...)
}

// servedPassword refuses to write a password file where a service has put a link.
func servedPassword(w *Workspace, a *answers.Set) []Problem {
	names := passwordFiles(w)
	name := map[string]string{passwordOnce: names[1], passwordPersist: names[2]}[a.Text(keyVaultPasswordFile)]
	if name == "" || servedBy(w, name) == "" {
		return nil
	}
	return []Problem{{
		Severity: Error, Key: keyVaultPasswordFile,
		Message: name + " is a link to " + servedBy(w, name) + ", by which a service hands the password over at every start. It is not replaced by a file.",
		Fix:     "Set " + keyVaultPasswordFile + ": none. Or, to have a file instead, take the link out of the service, remove it, and plan again.",
	}}
}

// unreadPlaces names the files whose passwords stay out of the vault because nobody can look for them.
func unreadPlaces(w *Workspace) []Problem {
	_, unread := vaultPlaces(w)
	var all []Problem
	for _, u := range unread {
		all = append(all, Problem{
			Severity: Warning, Key: keyVaultEnabled, Message: u.String() + ". Passwords that stand in it stay in clear.", Fix: "Mend the file, and plan again.",
		})
	}
	return all
}

// unknownAliases refuses values for aliases that no place of this install has.
func unknownAliases(w *Workspace, a *answers.Set) []Problem {
	places, _ := vaultPlaces(w)
	var known []string
	for _, p := range places {
		known = append(known, p.asked, p.alias)
	}
	slices.Sort(known)
	known = slices.DeleteFunc(slices.Compact(known), func(s string) bool { return s == "" })
	var all []Problem
	for _, alias := range a.Names(strings.TrimSuffix(keyVaultSecrets, ".")) {
		if slices.Contains(known, alias) {
			continue
		}
		all = append(all, Problem{
			Severity: Error, Key: keyVaultSecrets + alias, Message: "No password of this install has the alias " + alias + ".",
			Fix: "Its aliases are " + strings.Join(known, ", ") + ".",
		})
	}
	return all
}

// unusableValues refuses values that do not come out of a vault as they went in. How long they may be depends on the key, at which seal looks.
func unusableValues(a *answers.Set) []Problem {
	var all []Problem
	for _, alias := range a.Names(strings.TrimSuffix(keyVaultSecrets, ".")) {
		told := a.Secret(keyVaultSecrets + alias)
		switch err := sv.Check(told, math.MaxInt); {
		case err != nil:
			what, fix := vaultErrorTexts(err)
			all = append(all, Problem{Severity: Error, Key: keyVaultSecrets + alias, Message: what, Fix: fix})
		case strings.ContainsAny(told.Reveal(), "\ufffe\uffff"):
			all = append(all, Problem{
				Severity: Error, Key: keyVaultSecrets + alias, Message: "The secret holds a character that XML does not allow (U+FFFE or U+FFFF); it could never be taken back out of the vault.",
				Fix: "Take the character out.",
			})
		}
	}
	return all
}

// lostValues asks for what nobody knows any more.
func lostValues(w *Workspace, a *answers.Set) []Problem {
	var all []Problem
	for _, alias := range lostAliases(w, a) {
		if !answered(a, keyVaultSecrets+alias) {
			all = append(all, Problem{
				Severity: Error, Key: keyVaultSecrets + alias, Message: "The password under the alias " + alias + " is lost: " + w.vault.noValue(alias) + ".",
				Fix: "Give it as " + keyVaultSecrets + alias + ".",
			})
		}
	}
	return all
}

// foreignStore notes a keystore outside of the home.
func foreignStore(w *Workspace) []Problem {
	ref := readStores(w).carbonStore("RegistryKeyStore")
	if ref == nil || ref.rel != "" || ref.abs == "" {
		return nil
	}
	return []Problem{{
		Severity: Warning, Key: keyVaultEnabled, Message: ref.place.String() + ": RegistryKeyStore is " + ref.abs + ", outside of the home. " + carbon.SecretConf + " names it by its absolute path.",
		Fix: "Keep the file there, or let guideline 2 (SSL keys) put a new one into the home.",
	}}
}
