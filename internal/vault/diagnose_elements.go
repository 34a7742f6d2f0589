package vault

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// secured looks at the elements that say that their values are in the vault.
func (d *diagnosis) secured() {
	for _, e := range d.Elements {
		d.ciphertextOf(e)
		d.reachable(e)
		d.text(e)
	}
}

// at begins a finding about an element.
func at(e Element, id string, severity Severity) Finding {
	return Finding{ID: id, Severity: severity, File: e.File, Line: e.Line, Alias: e.Alias}
}

func (d *diagnosis) ciphertextOf(e Element) {
	if _, ok := d.inForce[e.Alias]; ok || !d.Conf.On || len(d.Entries) == 0 {
		return // of an empty file whole tells
	}
	f := at(e, FoundNoCiphertext, Bad)
	f.What = fmt.Sprintf("The element takes its value from the alias %s, for which %s has no entry.", quote(e.Alias), path.Base(d.cipherText()))
	f.Why, f.Fix = whyAliasName, "Encrypt the secret from the answers under this alias, or write the value back into the element."
	if i := slices.IndexFunc(d.Entries, func(other Entry) bool { return strings.EqualFold(other.Alias, e.Alias) }); i >= 0 {
		f.What += fmt.Sprintf(" There is one for %s, which differs in capitals.", quote(d.Entries[i].Alias))
	}
	d.add(f)
}

// reachable looks at whether the reader asks the vault for the alias.
func (d *diagnosis) reachable(e Element) {
	if e.Free {
		return
	}
	if e.Unread {
		f := at(e, FoundUnread, Bad)
		f.What = fmt.Sprintf("The element names the alias %s, but nothing in Carbon 4.2.0 asks the vault for what stands in this file.", quote(e.Alias))
		f.Why, f.Fix = whyLiteral, "Write the value back into the element, take secretAlias out, and let only the user of the server read the file."
		d.add(f)
		return
	}
	if !e.OnRoot {
		f := at(e, FoundNamespace, Bad)
		f.What = fmt.Sprintf("The namespace of secretAlias is not declared on the root element, so Carbon does not see that %s is in the vault.", quote(e.Alias))
		f.Why = whyLiteral
		if isCarbonXML(e.File) {
			f.Why += " Port 9443 then takes connections and answers nothing."
		}
		f.Fix = fmt.Sprintf("Declare xmlns:svns=%q on the root element.", Namespace)
		d.add(f)
	}
	if e.Asked != "" && e.Asked != e.Alias {
		f := at(e, FoundAliasNotAsked, Bad)
		f.What = fmt.Sprintf("The element names the alias %s; at this place Carbon asks for %s alone.", quote(e.Alias), quote(e.Asked))
		f.Why, f.Fix = whyLiteral, fmt.Sprintf("Name the alias %s, here and in cipher-text.properties.", quote(e.Asked))
		d.add(f)
	}
}

func isCarbonXML(file string) bool { return path.Base(file) == "carbon.xml" }

func (d *diagnosis) text(e Element) {
	switch text := strings.TrimSpace(e.Text); {
	case text == Placeholder:
	case text == "" && isCarbonXML(e.File):
		f := at(e, FoundElementEmpty, Bad)
		f.What = fmt.Sprintf("The element with the alias %s has no text.", quote(e.Alias))
		f.Why, f.Fix = "In carbon.xml Carbon needs one: without it there are NullPointerExceptions in the token service and in identity.", fixPlaceholder
		d.add(f)
	case text == "":
		f := at(e, FoundElementEmpty, Note)
		f.What = fmt.Sprintf("The element with the alias %s has no text.", quote(e.Alias))
		f.Why, f.Fix = "user-mgt.xml and the datasources do without; carbon.xml would not.", fixPlaceholder
		d.add(f)
	default:
		f := at(e, FoundElementText, Warning)
		f.What = fmt.Sprintf("The element with the alias %s has a text of its own besides.", quote(e.Alias))
		f.Why, f.Fix = "If it is the password, it stands there in clear; Carbon takes it whenever the vault does not answer.", fixPlaceholder
		d.add(f)
	}
}

const fixPlaceholder = "Write the word " + Placeholder + " into it."
