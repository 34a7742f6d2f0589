package vault

import (
	"errors"
	"fmt"

	"carbon-setup/internal/secret"
)

// stored looks at the entries of cipher-text.properties.
func (d *diagnosis) stored() {
	d.duplicates()
	used := map[string]bool{}
	for _, e := range d.Elements {
		used[e.Alias] = true
	}
	plain := 0
	for _, e := range d.live() {
		state := Classify(e.Value)
		if d.Conf.On {
			d.one(e, state, used[e.Alias])
		} else if state == Plain {
			plain++
		}
	}
	if plain > 0 {
		d.add(Finding{
			ID: FoundPlainListed, Severity: Note, File: d.cipherText(),
			What: fmt.Sprintf("The file lists %s in clear.", count(plain, "password", "passwords")),
			Why:  "The vault is off, so Carbon does not read them; people do. WSO2 ships the default passwords here.", Fix: "Turn the vault on, or take the lines out.",
		})
	}
	d.decrypt()
}

// one looks at an entry of a vault that is on.
func (d *diagnosis) one(e Entry, state State, used bool) {
	switch {
	case state == Plain:
		d.plain(e, used)
	case !used:
		d.add(d.entry(e, FoundUnused, Note, fmt.Sprintf("No element takes its value from the alias %s.", quote(e.Alias)),
			"Carbon reads it when it starts and never uses it.", "Take the line out, unless an application asks for the alias."))
	case state == Empty:
		d.add(d.entry(e, FoundEmptyEntry, Bad, fmt.Sprintf("The alias %s has an empty value.", quote(e.Alias)), whyAliasName, fixEncrypt))
	case state == Broken:
		d.add(d.entry(e, FoundBroken, Bad, fmt.Sprintf("The value of the alias %s is no ciphertext.", quote(e.Alias)), whyAliasName, fixEncrypt))
	}
}

// live returns the entries without those that a later one replaces.
func (d *diagnosis) live() []Entry {
	var all []Entry
	for i, e := range d.Entries {
		if d.inForce[e.Alias] == i {
			all = append(all, e)
		}
	}
	return all
}

func (d *diagnosis) entry(e Entry, id string, severity Severity, what, why, fix string) Finding {
	return Finding{ID: id, Severity: severity, File: d.cipherText(), Line: e.Line, Alias: e.Alias, What: what, Why: why, Fix: fix}
}

func (d *diagnosis) duplicates() {
	seen := map[string]bool{}
	for _, e := range d.Entries {
		if last := d.Entries[d.inForce[e.Alias]]; !d.same(last.Value, e.Value) && !seen[e.Alias] {
			seen[e.Alias] = true
			d.add(d.entry(e, FoundDuplicate, Warning, fmt.Sprintf("The alias %s has more than one value.", quote(e.Alias)),
				fmt.Sprintf("Java takes the last, in line %d.", last.Line), fixOthers))
		}
	}
}

// same reports whether two values are one secret: no two ciphertexts are alike.
func (d *diagnosis) same(a, b string) bool {
	if a == b || d.Key == nil {
		return a == b
	}
	want, err := d.Key.Decrypt(a)
	return err == nil && d.Key.Holds(b, want)
}

func (d *diagnosis) plain(e Entry, used bool) {
	f := d.entry(e, FoundPlain, Bad, fmt.Sprintf("The alias %s has its value in clear, in brackets, while the vault is on.", quote(e.Alias)), whyAliasName, fixEncrypt)
	if !used {
		f.Severity, f.Why, f.Fix = Warning, "No element takes its value from it, and everyone who reads the file reads it.", "Take the line out."
	}
	if cut(e.Value) {
		f.Why += " WSO2's tool would take the part in front of the first ] alone."
	}
	d.add(f)
}

// decrypt tries the key on every ciphertext.
func (d *diagnosis) decrypt() {
	var sealed []Entry
	for _, e := range d.live() {
		if Classify(e.Value) == Encrypted {
			sealed = append(sealed, e)
		}
	}
	if len(sealed) == 0 || d.Key == nil && !d.Conf.On {
		return
	}
	if d.Key == nil {
		d.add(Finding{
			ID: FoundNotChecked, Severity: Note, File: d.cipherText(),
			What: fmt.Sprintf("The keystore was not opened, so %s not decrypted to see whether the key fits.", count(len(sealed), "ciphertext was", "ciphertexts were")),
			Why:  "A ciphertext of another key resolves to the name of its alias.", Fix: "Give the password of the keystore.",
		})
		return
	}
	var other []Entry
	for _, e := range sealed {
		got, err := d.Key.Decrypt(e.Value)
		if err != nil {
			other = append(other, e)
			continue
		}
		d.decrypted(e, got)
	}
	d.otherKey(other, len(sealed))
}

func (d *diagnosis) decrypted(e Entry, got secret.Secret) {
	var reason *Error
	if !errors.As(Check(got, d.Key.Limit()), &reason) {
		return
	}
	if reason.Kind == NoSecret {
		d.add(d.entry(e, FoundDecryptsEmpty, Bad, fmt.Sprintf("The ciphertext of the alias %s decrypts to nothing.", quote(e.Alias)), whyAliasName, fixEncrypt))
		return
	}
	d.add(d.entry(e, FoundDecryptsMangled, Warning, fmt.Sprintf("The secret of the alias %s does not reach Carbon as it is.", quote(e.Alias)), reason.What, reason.Fix))
}

const whyOtherKey = "A ciphertext that does not decrypt resolves to the name of its alias. The keystore was changed, or the line comes from another server."

func (d *diagnosis) otherKey(other []Entry, of int) {
	if len(other) == of && of > 1 {
		d.add(Finding{
			ID: FoundKeyChanged, Severity: Bad, File: d.cipherText(), What: fmt.Sprintf("The key of the vault decrypts none of the %d ciphertexts.", of),
			Why: whyOtherKey, Fix: "Encrypt all of them again from the answers, or give RegistryKeyStore the key back that they were made with.",
		})
		return
	}
	for _, e := range other {
		d.add(d.entry(e, FoundOtherKey, Bad, fmt.Sprintf("The key of the vault does not decrypt the ciphertext of the alias %s.", quote(e.Alias)), whyOtherKey, fixOtherKey))
	}
}
