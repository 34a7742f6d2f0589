package vault

import (
	"fmt"
	"slices"
	"strings"
)

// Diagnose tells what is wrong with a vault, the worst first. It never tells a secret.
func Diagnose(r Reading) []Finding {
	d := diagnosis{Reading: r, inForce: map[string]int{}}
	for i, e := range r.Entries {
		d.inForce[e.Alias] = i // java.util.Properties keeps the last
	}
	d.conf()
	d.whole()
	d.secured()
	d.stored()
	d.placed()
	slices.SortStableFunc(d.found, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	return d.found
}

// diagnosis collects what Diagnose finds.
type diagnosis struct {
	Reading
	inForce map[string]int // alias to its entry
	found   []Finding
}

func (d *diagnosis) add(f Finding) { d.found = append(d.found, f) }

// cipherText is the path of the file with the ciphertexts.
func (d *diagnosis) cipherText() string {
	if d.Conf.Location != "" {
		return d.Conf.Location
	}
	return CipherTextFile
}

func (d *diagnosis) missing(file string) bool {
	return d.Files != nil && !slices.Contains(d.Files, file)
}

func (d *diagnosis) conf() {
	for _, f := range d.Conf.Faults {
		d.add(Finding{ID: FoundConf, Severity: f.Severity, File: SecretConfFile, Key: f.Key, What: f.What, Why: whyConf, Fix: f.Fix})
	}
	if !d.Conf.On {
		return
	}
	if k := d.Conf.Conf.Keystore; k != "" && relative(k) && d.missing(k) {
		d.add(Finding{
			ID: FoundKeystoreMissing, Severity: Bad, File: SecretConfFile, Key: keyStoreLocation,
			What: fmt.Sprintf("The keystore of the vault, %s, does not exist.", k), Why: "Carbon cannot open the vault and does not start.",
			Fix: "Name the file of RegistryKeyStore in carbon.xml, or put the keystore back.",
		})
	}
	if !d.told(locationKey(fileRepository)) && d.missing(d.cipherText()) {
		d.add(Finding{
			ID: FoundCipherTextMissing, Severity: Bad, File: SecretConfFile, Key: locationKey(fileRepository),
			What: fmt.Sprintf("The file with the ciphertexts, %s, does not exist.", d.cipherText()), Why: whyAliasName, Fix: fixEncrypt,
		})
	}
}

// told reports whether a key of secret-conf.properties was found to be wrong already.
func (d *diagnosis) told(key string) bool {
	return slices.ContainsFunc(d.Conf.Faults, func(f Fault) bool { return f.Key == key && f.Severity == Bad })
}

func relative(p string) bool {
	return !strings.HasPrefix(p, "/") && !drive(p) && !strings.Contains(p, "${")
}

const (
	whyConf      = "SecretManager reads the file when Carbon starts, before it asks for any password."
	whyAliasName = "Carbon takes the name of the alias as the password, without a word, and starts: whoever knows the name knows the password."
	whyLiteral   = "Carbon takes the text of the element, the word password as a rule, as the password, without a word, and starts."
	whyOff       = "Carbon takes the text of the element, the word password as a rule, as the password, and starts; where carbon.secretProvider is set, it gets none at all."
	fixEncrypt   = "Encrypt the secrets again from the answers."
)

// whole looks at what only the files together show.
func (d *diagnosis) whole() {
	n := len(d.Elements)
	switch {
	case !d.Conf.On && n > 0:
		d.add(Finding{
			ID: FoundOff, Severity: Bad, File: SecretConfFile, Key: keyRepositories,
			What: fmt.Sprintf("The vault is off, and %s.", count(n, "element says that its value is in it", "elements say that their values are in it")),
			Why:  whyOff, Fix: "Turn the vault on, or write the values back into the elements.",
		})
	case d.Conf.On && len(d.Entries) == 0 && n > 0 && !d.missing(d.cipherText()):
		d.add(Finding{
			ID: FoundEmptied, Severity: Bad, File: d.cipherText(),
			What: fmt.Sprintf("The file holds no ciphertext, and %s.", count(n, "element says that its value is in the vault", "elements say that their values are in the vault")),
			Why:  whyAliasName + " WSO2's ciphertool of API Manager 1.8.0 empties the file and reports success.", Fix: fixEncrypt,
		})
	case d.Conf.On && len(d.Entries) == 0 && n == 0:
		d.add(Finding{
			ID: FoundHollow, Severity: Bad, File: d.cipherText(),
			What: "The vault is on and empty: there is no ciphertext, and no element takes its value from it.",
			Why:  "Every password still stands in clear in the configuration. WSO2's ciphertool of API Manager 1.8.0 leaves this behind and reports success.",
			Fix:  "Encrypt the secrets from the answers, or turn the vault off.",
		})
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
