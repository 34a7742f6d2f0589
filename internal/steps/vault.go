package steps

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// vault is guideline 10: passwords in clear.
type vault struct{ base }

const (
	sectionVault         = "vault"
	keyVaultEnabled      = "vault.enabled"
	keyVaultPasswordFile = "vault.password_file" // #nosec G101 -- a key
	keyVaultKeyPassword  = "vault.key_password"  // #nosec G101 -- a key
	keyVaultPublic       = "vault.public_key"
	keyVaultSecrets      = "vault.secrets." // and the name of an alias
)

// How the server gets the password of the vault at its start.
const (
	passwordNone    = "none"
	passwordOnce    = "once"
	passwordPersist = "persist"
)

// orderVault makes the vault the last to edit: it encrypts what the other steps have set.
const orderVault = 100

func (vault) Info() Info {
	return Info{
		ID: "vault", Section: sectionVault, Guideline: 10, Title: "Plain-text passwords", Order: orderVault,
		Reads: []string{keyStoreAlias, keyStorePassword, keyEncryption}, // the key that the vault encrypts with, and the password that the server needs for it
		Free: func(a *answers.Set) bool {
			on, _ := wantsVault(a)
			return !on
		},
		Why: `The configuration files hold the passwords of the administrator, the databases, the directory and the keystores in plain text. Whoever reads a file, a backup or a
support archive has them all.

Secure Vault keeps them encrypted with the key of RegistryKeyStore. The files then name an alias instead of the password, and the server decrypts them at its start. For that it needs
one password, that of the keystore: from the console, or from a file that only its own user can read.

Not every part of Carbon 4.2.0 asks the vault. Passwords that it cannot hold, those of log4j.properties and jndi.properties among them, stay in clear and are listed: protect the files.

WSO2's own tool is not used: that of API Manager 1.8.0 empties its input and reports success.`,
	}
}

func (vault) Applies(w *Workspace) (bool, string) {
	if !w.Has(carbon.CarbonXML) {
		return false, "This install has no " + carbon.CarbonXML + ", which names the keystore that the vault encrypts with."
	}
	return true, ""
}

func (vault) Specs() []answers.Spec {
	return []answers.Spec{
		{Key: keyVaultEnabled, Kind: answers.Bool, Label: "Secure Vault", Example: "true", Help: "Whether to encrypt every password that this Carbon can read from the vault. If not, the vault is taken back, with plain passwords. Left out of an answers file: they are encrypted."},
		{
			Key: keyVaultPasswordFile, Kind: answers.Choice, Choices: []string{passwordNone, passwordOnce, passwordPersist}, Label: "Password at the start", Example: passwordOnce,
			Help: "How the server gets the password of the keystore. once: from password-tmp, which it deletes when it has read it. persist: from password-persist, which stays. none: it asks at its console, which `wso2server.sh start` does not have. Left out: what is there stays, else once.",
		},
		{Key: keyVaultKeyPassword, Kind: answers.Secret, Label: "Present password of the vault", Example: "{env: VAULT_PW}", Help: "The password of the keystore that the vault is encrypted with now, to open a vault that is there already."},
		{Key: keyVaultPublic, Kind: answers.Bool, Label: "Encrypt with WSO2's public key", Example: "false", Help: "Whether to encrypt although the key is the one that ships with every product, so that anyone can decrypt. For tests alone."},
		{Key: keyVaultSecrets + "*", Kind: answers.Secret, Label: "Value of an alias", Example: "{env: MAIL_PW}", Help: "A new value for a password that is, or goes, into the vault, by the name of its alias; also for one whose ciphertext is lost."},
	}
}

// wantsVault returns what the answers want, and whether they speak of the vault at all.
func wantsVault(a *answers.Set) (on, asked bool) {
	if a == nil || !a.HasSection(sectionVault) {
		return false, false
	}
	on, given := a.Bool(keyVaultEnabled)
	return on || !given, true
}

func (vault) Fields(w *Workspace, a *answers.Set) []Field {
	f := newFields(vault{}.Specs())
	w.openVault(a)
	places, _ := vaultPlaces(w)
	f.add(keyVaultEnabled, func(q *Field) {
		q.Default, q.DefaultFrom = "true", "the guideline"
		q.Now = Present{Text: "off", Note: fmt.Sprintf("%d passwords in clear that the vault can hold", countClear(places))}
		if w.vault.on() {
			q.Now = Present{Text: "on", Place: carbon.Place{File: carbon.SecretConf}, Note: w.vault.closed}
		}
	})
	if w.vault.on() && !w.vault.lost && (!w.vault.open() || answered(a, keyVaultKeyPassword)) {
		f.add(keyVaultKeyPassword, func(q *Field) {
			q.Required = true
			q.CheckSecret = func(s secret.Secret) *Problem { return checkVaultPassword(w, a, s) }
		})
	}
	if on, asked := wantsVault(a); !on && asked {
		return f.all
	}
	f.add(keyVaultPasswordFile, func(q *Field) {
		q.Options = []Option{
			{passwordOnce, "a file for the next start, which the server deletes"},
			{passwordPersist, "a file that stays (mode 0600)"},
			{passwordNone, "no file: it asks at the console"},
		}
		q.Default, q.DefaultFrom = passwordOnce, "the start with nobody at the console"
		if kind := presentPasswordFile(w); kind != "" {
			q.Default, q.DefaultFrom = kind, "the present value"
		}
	})
	if now := keyInForce(w, readStores(w).carbonStore("RegistryKeyStore")); now.id != nil && now.id.Leaf().IsDefault() && storeFrom(a) == fromKeep {
		f.add(keyVaultPublic, func(q *Field) { q.Default, q.DefaultFrom = "false", "anyone can decrypt with that key" })
	}
	for _, alias := range lostAliases(w, a) {
		f.addNamed(keyVaultSecrets+"*", keyVaultSecrets+alias, func(q *Field) {
			q.Label, q.Confirm = "Value of "+alias, true
			q.Help = "It is lost: " + w.vault.noValue(alias) + "."
		})
	}
	return f.all
}

// presentPasswordFile is the choice that fits the password files in the home, "" without any.
func presentPasswordFile(w *Workspace) string {
	names := passwordFiles(w)
	switch {
	case servedBy(w, names[2]) != "":
		return passwordNone
	case w.Has(names[2]):
		return passwordPersist
	case w.Has(names[0]), w.Has(names[1]):
		return passwordOnce
	}
	return ""
}

// servedBy is where a password file leads when it is a link, "" when it is none. By such a link a service hands the password over; while the server is
// down it may lead nowhere.
func servedBy(w *Workspace, name string) string {
	to, err := w.Install.Link(name)
	if err != nil {
		return ""
	}
	return to
}

func countClear(places []*vaultPlace) int {
	n := 0
	for _, p := range places {
		if p.alias == "" && p.rival == nil {
			n++
		}
	}
	return n
}

// checkVaultPassword tries a password on the keystore of the vault.
func checkVaultPassword(w *Workspace, a *answers.Set, password secret.Secret) *Problem {
	v := &vaultState{conf: w.vault.conf}
	only := answers.NewSet(Schema())
	only.Put(keyVaultKeyPassword, answers.Value{Secret: password})
	if v.findKey(w, only); v.key != nil || w.vault.open() && !w.vault.password.Equal(a.Secret(keyVaultKeyPassword)) {
		return nil // or the vault was opened with another one: it has its new password already
	}
	return &Problem{Severity: Error, Message: "This password does not open the keystore of the vault (" + v.conf.Conf.Keystore + ", alias " + v.conf.Conf.Alias + ").", Fix: "Give the password that the keystore had when the vault was made."}
}

// lostAliases are the secured places whose value nobody knows, sorted: those of an open vault, or of one that is to be made anew.
func lostAliases(w *Workspace, a *answers.Set) []string {
	if w.vault == nil || w.vault.on() && !w.vault.open() && !w.vault.lost {
		return nil
	}
	lost := map[string]bool{}
	places, _ := vaultPlaces(w)
	for _, p := range places {
		if p.alias == "" {
			continue
		}
		if _, known := w.vault.opened[p.alias]; known {
			continue
		}
		if sv.Classify(w.vault.texts[p.alias].value) == sv.Plain || !answered(a, keyVaultSecrets+p.alias) && givenElsewhere(a, p.alias) {
			continue
		}
		lost[p.alias] = true
	}
	return slices.Sorted(maps.Keys(lost))
}

// givenElsewhere reports whether another section of the answers sets the value of an alias.
func givenElsewhere(a *answers.Set, alias string) bool {
	key, ok := aliasAnswers[alias]
	return ok && a.Secret(key).IsSet()
}

// aliasAnswers are the answers that set the value of an alias.
var aliasAnswers = map[string]string{
	"UserManager.AdminUser.Password":               keyAdminPassword,
	"AuthManager.Password":                         keyAdminPassword,
	"APIKeyManager.Password":                       keyAdminPassword,
	"APIGateway.Password":                          keyAdminPassword,
	"Carbon.Security.KeyStore.Password":            keyStorePassword,
	"Carbon.Security.KeyStore.KeyPassword":         keyStorePassword,
	"Carbon.Security.RegistryKeyStore.Password":    keyStorePassword,
	"Carbon.Security.RegistryKeyStore.KeyPassword": keyStorePassword,
	"Carbon.Security.TrustStore.Password":          keyTrustPassword,
}

// Plan secures every place that the vault can hold. What they hold is encrypted by seal, when the plan is complete.
func (vault) Plan(w *Workspace, a *answers.Set) error {
	if err := w.unreadSecured(); err != nil {
		return err
	}
	on, _ := wantsVault(a)
	places, _ := vaultPlaces(w)
	var all []error
	for _, p := range places {
		told := a.Secret(keyVaultSecrets + p.asked)
		if p.rival != nil && !told.IsSet() {
			continue
		}
		if told.IsSet() && w.sealed(p.element) == "" {
			all = append(all, p.doc.SetText(p.element, told.Reveal(), edit.Secret(), edit.Because("the new value of "+p.asked)))
		}
		if on && p.alias != "" && !p.site.free {
			_, err := p.declare()
			all = append(all, err)
		}
		if !on || p.alias == p.asked {
			continue
		}
		if _, known := w.vault.opened[p.alias]; p.alias != "" && !known {
			continue // under another name than the reader asks for, and lost: the value is asked for under the name that stands there
		}
		all = append(all, p.secure())
	}
	return errors.Join(all...)
}

// vaultErrorTexts are what an error of the vault says, and what to do.
func vaultErrorTexts(err error) (what, fix string) {
	var told *sv.Error
	if errors.As(err, &told) {
		return told.What, told.Fix
	}
	return err.Error() + ".", "Give another value."
}
