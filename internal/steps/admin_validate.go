package steps

import (
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// Validate judges the account as a whole, and what the sites make of it.
func (admin) Validate(w *Workspace, a *answers.Set) []Problem {
	scan := scanAdmin(w)
	if noAdmin(w, scan) != nil {
		return nil // Plan says so
	}
	now := scan.account()
	want := wantedAccount(a, now)
	var all []Problem
	all = append(all, vaulted(scan, now, want)...)
	all = append(all, forBroker(scan, now, want)...)
	all = append(all, forStore(w, a, now, want)...)
	base, _ := userBaseOf(w, a)
	if base == nil {
		all = append(all, whenStarted(w, now, want)...)
	}
	all = append(all, validateUsers(w, a, base, now, want)...)
	for _, u := range scan.unread {
		all = append(all, Problem{
			Severity: Warning,
			Message:  u.String() + ". If the administrator's user name or password stands in it, it stays the old one.",
			Fix:      "Make the file readable, or correct it, and plan again.",
		})
	}
	return all
}

// vaulted refuses to change a password that a vault keeps: the text in the file is a stand-in, and the copies outside the vault would change alone.
func vaulted(scan *adminScan, now, want account) []Problem {
	var in []*login
	for _, l := range scan.following(now) {
		if l.vault != "" {
			in = append(in, l)
		}
	}
	changes := now.user != want.user || !now.pass.Equal(want.pass)
	if len(in) == 0 || !changes || !want.pass.IsSet() {
		return nil
	}
	var where []string
	for _, l := range in {
		where = append(where, fmt.Sprintf("%s (alias %s)", l.place(), l.vault))
	}
	return []Problem{{
		Severity: Error, Key: keyAdminPassword,
		Message: "The administrator's password is kept in the secure vault: " + strings.Join(where, ", ") + ", which cannot be opened. To change it in the other files alone would part them.",
		Fix:     "Give the password of the vault as " + keyVaultKeyPassword + ", and plan again.",
	}}
}

// forBroker looks at what the connection URLs of jndi.properties can hold. Each part is written percent-encoded there.
func forBroker(scan *adminScan, now, want account) []Problem {
	var urls []*login
	for _, l := range scan.following(now) {
		if l.both != nil {
			urls = append(urls, l)
		}
	}
	if len(urls) == 0 {
		return nil
	}
	var all []Problem
	if odd := oddClientIDs(urls); len(odd) > 0 && strings.Contains(want.user+want.pass.Reveal(), "@") {
		key, label := keyAdminPassword, "password"
		if strings.Contains(want.user, "@") {
			key, label = keyAdminUser, "user name"
		}
		all = append(all, Problem{
			Severity: Error, Key: key,
			Message: fmt.Sprintf("The %s contains an @, and the client id in the connection URL of the message broker is not written like a host name (%s). The broker's client then takes the first @ for the end of the password, however it is written.", label, placesOf(odd)),
			Fix:     "Choose one without @, or take the underscore out of the client id.",
		})
	}
	if strings.Contains(want.user, ":") {
		all = append(all, Problem{
			Severity: Error, Key: keyAdminUser,
			Message: fmt.Sprintf("The user name contains a colon. The message broker's client takes everything after the first colon for the password, however it is written (%s).", placesOf(urls)),
			Fix:     "Choose a user name without a colon.",
		})
	}
	for _, part := range []struct{ key, label, text string }{{keyAdminUser, "user name", want.user}, {keyAdminPassword, "password", want.pass.Reveal()}} {
		if strings.ContainsAny(part.text, "@/%?#") || part.key == keyAdminPassword && strings.Contains(part.text, ":") {
			all = append(all, Problem{
				Severity: Warning, Key: part.key,
				Message: fmt.Sprintf("The %s contains one of @ : / %% ? #. It also stands in a connection URL (%s), where such a character is written in percent-encoding; some releases of the message broker refuse the login all the same.", part.label, placesOf(urls)),
				Fix:     "Letters, digits, hyphens, dots and underscores are safe.",
			})
		}
	}
	return all
}

// oddClientIDs returns the connection URLs whose client id java.net.URI does not take for a host.
func oddClientIDs(urls []*login) []*login {
	var odd []*login
	for _, l := range urls {
		if l.oddID {
			odd = append(odd, l)
		}
	}
	return odd
}

// forStore says what the user store of the install makes of the account.
func forStore(w *Workspace, a *answers.Set, now, want account) []Problem {
	store := wantedUserStore(w, a)
	var all []Problem
	for _, p := range []struct {
		key, label string
		pattern    *storePattern
	}{{keyAdminPassword, "password", store.password}, {keyAdminUser, "user name", store.username}} {
		if p.pattern.untested() {
			all = append(all, Problem{
				Severity: Warning, Key: p.key,
				Message: fmt.Sprintf("Whether the user store accepts the %s could not be tested: the rule at %s is written for Java, and %v.", p.label, store.place, errJavaOnly),
				Fix:     "Compare it by eye with " + p.pattern.text + " before the first start: a password that does not match can never log in.",
			})
		}
	}
	if store.several {
		all = append(all, Problem{
			Severity: Warning, Message: fmt.Sprintf("%s has more than one live <UserStoreManager>. The rules of the first one (line %d) are used here.", carbon.UserMgtXML, store.place.Line),
			Fix: "Leave only the one that is meant, unless the second one is a secondary user store.",
		})
	}
	if store.directory() && (now.user != want.user || !now.pass.Equal(want.pass)) {
		all = append(all, forDirectory(store))
	}
	return append(all, forAddAdmin(w, store)...)
}

func forDirectory(store userStore) Problem {
	p := Problem{Severity: Warning}
	if store.readOnly || !store.addAdmin {
		p.Message = fmt.Sprintf("The primary user store is a directory in which Carbon makes no account (%s): the administrator has to be a user of the directory, and the directory's password counts.", store.place)
		p.Fix = "Give the user name and the password that the directory has."
		return p
	}
	p.Message = fmt.Sprintf("The primary user store is a directory (%s). The first start creates the administrator there, and only if no user of that name exists; from then on the directory's password counts, not that of user-mgt.xml.", store.place)
	p.Fix = "If the user exists already, give the password that the directory has. chpasswd.sh cannot change it."
	return p
}

// forAddAdmin warns where the first start would fail.
func forAddAdmin(w *Workspace, store userStore) []Problem {
	doc, err := w.XML(carbon.UserMgtXML)
	if err != nil || w.Install.Started.Yes {
		return nil
	}
	e := doc.First("/UserManager/Realm/Configuration/AddAdmin")
	switch {
	case e == nil || e.Text() == "":
		return []Problem{{
			Severity: Warning, Message: carbon.UserMgtXML + " has no <AddAdmin>. The server refuses to start without it.",
			Fix: "Add <AddAdmin>true</AddAdmin> to <Configuration>.",
		}}
	case !store.addAdmin && !store.directory():
		return []Problem{{
			Severity: Warning, Message: fmt.Sprintf("%s:%d: <AddAdmin> is not true, so the first start creates no administrator. Unless the user is in the store already, the start fails.", carbon.UserMgtXML, e.Line()),
			Fix: "Set it to true for the first start.",
		}}
	}
	return nil
}

// whenStarted says that the files do not decide any more. It does not refuse: other components read the copies.
func whenStarted(w *Workspace, now, want account) []Problem {
	if !w.Install.Started.Yes {
		return nil
	}
	var all []Problem
	if now.user != want.user {
		all = append(all, Problem{
			Severity: Warning, Key: keyAdminUser,
			Message: fmt.Sprintf("This server has been started before (%s). The next start creates %s as a second administrator and leaves %s as it is, valid and with its present password.", w.Install.Started.Evidence, want.user, now.user),
			Fix:     fmt.Sprintf("After the start, log in as %s and delete %s, or keep the name.", want.user, now.user),
		})
	}
	if !now.pass.Equal(want.pass) {
		all = append(all, Problem{
			Severity: Warning, Key: keyAdminPassword,
			Message: fmt.Sprintf("This server has been started before (%s). The user store decides who may log in, and changing files does not change the password there.", w.Install.Started.Evidence),
			Fix:     "Change the password in the user store as well; the review tells how.",
		})
	}
	return all
}
