package steps

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// userStore is what user-mgt.xml says of the primary user store: the first live UserStoreManager.
type userStore struct {
	class    string
	readOnly bool
	password *storePattern // nil = the store has no rule
	username *storePattern
	place    carbon.Place
	several  bool // more than one live UserStoreManager
	addAdmin bool // what AddAdmin says
}

func readUserStore(w *Workspace) userStore {
	var s userStore
	doc, err := w.XML(carbon.UserMgtXML)
	if err != nil {
		return s
	}
	stores := doc.Find("/UserManager/Realm/UserStoreManager")
	if len(stores) == 0 {
		return s
	}
	e := stores[0]
	s.several = len(stores) > 1
	s.class, _ = e.Attr("class")
	s.place = carbon.Place{File: carbon.UserMgtXML, Line: e.Line()}
	property := func(name string) string {
		if p := e.First("Property[@name='" + name + "']"); p != nil {
			return p.Text()
		}
		return ""
	}
	s.readOnly = strings.Contains(s.class, "ReadOnly") || strings.EqualFold(property("ReadOnly"), "true")
	s.addAdmin = strings.EqualFold(doc.First("/UserManager/Realm/Configuration/AddAdmin").Text(), "true")
	if !s.directory() { // stores in LDAP do not look at the patterns when somebody logs in
		s.password = newStorePattern(property("PasswordJavaRegEx"))
		s.username = newStorePattern(property("UsernameJavaRegEx"))
	}
	return s
}

// directory reports whether users are kept in LDAP or Active Directory.
func (s userStore) directory() bool {
	return strings.Contains(s.class, "LDAP") || strings.Contains(s.class, "ActiveDirectory")
}

// forbidden names what must not stand in a user name or password because of the files and programs that it goes through.
func forbidden(text string) (what, why string) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "a control character", "it cannot be typed at a login and is not allowed in XML."
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "a character outside ASCII", "the files are in different encodings, and products that met one failed with buffer overflows and refused logins."
	}
	if strings.TrimSpace(text) != text {
		return "a blank at its start or end", "Carbon cuts it off when it reads user-mgt.xml."
	}
	if strings.Contains(text, "${") {
		return "the characters ${", "Carbon takes them for the start of a placeholder and replaces it, or hangs looking for its end."
	}
	return "", ""
}

// passwordRules is what a new password is judged by.
type passwordRules struct {
	store userStore
	names []string // user names and host names that it must not be made of
}

// check judges a new password. The message never says how the password fails in a way that spells it.
func (r passwordRules) check(s secret.Secret) *Problem {
	text := s.Reveal()
	if text == "" {
		return &Problem{Severity: Error, Message: "The password is empty.", Fix: "Type a password, or have one made."}
	}
	if what, why := forbidden(text); what != "" {
		return &Problem{Severity: Error, Message: fmt.Sprintf("The password contains %s: %s", what, why), Fix: "Choose a password without it."}
	}
	if strings.Contains(text, "]") {
		return &Problem{
			Severity: Error,
			Message:  "The password contains the character ]: the secure vault reads a password from cipher-text.properties up to the first one and would keep only a part.",
			Fix:      "Choose a password without it.",
		}
	}
	if r.store.password.refuses(text) {
		return &Problem{
			Severity: Error,
			Message: fmt.Sprintf("The user store accepts only %s (PasswordJavaRegEx, %s). The first start would create the account all the same, but nobody could ever log in to it.",
				r.store.password.words(), r.store.place),
			Fix: "Choose a password that fits, or change the rule in user-mgt.xml first.",
		}
	}
	if tooGuessable(text, r.names) {
		return &Problem{
			Severity: Error,
			Message:  "The password is too easy to guess: it is made of a default password, a user name, a host name or a common word.",
			Fix:      "Choose another one, or have one made.",
		}
	}
	if passwordStrength(text, r.names) == weak {
		return &Problem{
			Severity: Warning,
			Message:  "The password is weak: whoever can reach the login can try many of this kind.",
			Fix:      "Make it longer: length helps more than odd characters.",
		}
	}
	return nil
}

// userRules is what a user name is judged by.
type userRules struct {
	store    userStore
	emailsOK bool // EnableEmailUserName
}

var reservedUsers = map[string]bool{"wso2.system.user": true, "wso2.anonymous.user": true}

func (r userRules) check(text string) *Problem {
	refuse := func(message, fix string) *Problem { return &Problem{Severity: Error, Message: message, Fix: fix} }
	if strings.TrimSpace(text) == "" {
		return refuse("The user name is empty.", "Type a user name.")
	}
	if what, why := forbidden(text); what != "" {
		return refuse(fmt.Sprintf("The user name contains %s: %s", what, why), "Choose a user name without it.")
	}
	name, prefixed := strings.CutPrefix(text, "PRIMARY/")
	if !prefixed && strings.Contains(text, "/") || strings.Contains(name, "/") {
		return refuse("The user name contains a slash, which parts the name of a user store from the name of a user.",
			"Leave the slash out. The administrator is created in the primary user store.")
	}
	if reservedUsers[strings.ToLower(name)] {
		return refuse("Carbon keeps this user name for itself.", "Choose another one.")
	}
	if strings.Contains(name, "@") && !r.emailsOK {
		return refuse("The user name contains an @, which Carbon takes for the start of a tenant's domain as long as EnableEmailUserName in carbon.xml is not true.",
			"Choose a user name without @, or set EnableEmailUserName first.")
	}
	if r.store.username.refuses(name) {
		return refuse(fmt.Sprintf("The user store does not accept this user name: it has to match the regular expression %s (UsernameJavaRegEx, %s), at every login, too.",
			r.store.username.text, r.store.place), "Use 3 to 30 letters, digits, dots, underscores and hyphens.")
	}
	if what, why := unwise(name); what != "" {
		return &Problem{
			Severity: Warning, Message: fmt.Sprintf("The user name contains %s: the user store accepts it, but %s", what, why),
			Fix: "Use letters, digits, dots, underscores and hyphens.",
		}
	}
	if strings.EqualFold(name, defaultUser) {
		return &Problem{
			Severity: Note,
			Message:  "The user name stays the one that every attacker tries first.",
			Fix:      "A name of your own makes guessing harder.",
		}
	}
	return nil
}

// unwise names what may stand in a user name as far as UsernameJavaRegEx goes, and is trouble in tools that the product comes with.
func unwise(name string) (what, why string) {
	switch {
	case strings.Contains(name, " "): // chpasswd.sh passes $* on
		return "a blank", "bin/chpasswd.sh hands its arguments on without quotes and takes the name for two."
	case strings.ContainsAny(name, "[]"):
		return "a square bracket", "they mark the values in cipher-text.properties, of which the secure vault keeps what stands before the first ]."
	}
	return "", ""
}

// emailUserNames reports whether carbon.xml allows user names that are e-mail addresses.
func emailUserNames(w *Workspace) bool {
	doc, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return false
	}
	e := doc.First("/Server/EnableEmailUserName")
	return e != nil && strings.EqualFold(e.Text(), "true")
}
