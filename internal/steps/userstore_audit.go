package steps

import (
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/directory"
	"carbon-setup/internal/edit"
)

// The rules of guideline 7.
const (
	ruleUsersPlace   = "CS-7.1" // where users lie
	ruleUsersTLS     = "CS-7.2" // the way to the directory
	ruleUsersAccount = "CS-7.3" // its account
	ruleUsersOne     = "CS-7.4" // one live primary store, fit to start
	ruleUsersStore   = "CS-7.5" // its properties
	fixUserStore     = "Answer guideline 7 (User stores)."
)

func (s userstore) Audit(w *Workspace) []Result {
	w.openVault(nil)
	now := readStore(w)
	if now.err != nil {
		return []Result{{ID: ruleUsersPlace, Status: Unknown, Place: now.place, Message: "Not checked: " + carbon.UserMgtXML + " " + missingOr(now.err) + "."}}
	}
	all := auditRealm(w, now)
	if now.element == nil {
		return all
	}
	switch {
	case now.embedded():
		all = append(all, Result{ID: ruleUsersPlace, Status: Warn, Severity: Warning, Place: now.place, Message: "Embedded LDAP: users lie in the directory inside the product.", Why: "It is slow, and no second server can share it.", Fix: fixUserStore})
	case now.isDirectory():
		all = append(all, auditDirectory(now)...)
	case now.class == classJDBC:
		all = append(all, auditUsersInDatabase(w, now))
	default:
		all = append(all, Result{ID: ruleUsersPlace, Status: Unknown, Place: now.place, Message: "Not checked: the user store is of a class of its own, " + now.class + "."})
	}
	return all
}

// auditRealm judges what the start of the server needs.
func auditRealm(w *Workspace, now *presentStore) []Result {
	fail := func(line int, message, why string) Result {
		return Result{ID: ruleUsersOne, Status: Fail, Severity: Error, Place: carbon.Place{File: carbon.UserMgtXML, Line: line}, Message: message, Why: why, Fix: fixUserStore}
	}
	var all []Result
	const stops = "The server does not start with it."
	switch {
	case len(now.primaries) == 0:
		all = append(all, fail(0, "There is no live primary user store.", stops))
	case len(now.primaries) > 1:
		all = append(all, fail(now.primaries[1].Line(), "There is no single primary user store: two are live.", "Carbon takes the first and leaves the other out, with a warning in its log."))
	}
	add := now.doc.First(realmConfig + "/AddAdmin")
	switch text := strings.ToLower(strings.TrimSpace(add.Text())); {
	case text == "":
		all = append(all, fail(add.Line(), "There is no <AddAdmin> with a value.", "The server refuses to start."))
	case text != "true" && !w.Install.Started.Yes && now.isDirectory() && !now.store().ReadGroups && !now.store().WriteGroups:
		all = append(all, fail(add.Line(), "AddAdmin is not true, and Carbon keeps its roles itself: nobody makes the administrator's role.", "The first start stops with \"Admin role can not be created in primary user store\"."))
	}
	if now.element != nil && now.properties["TenantManager"] == "" {
		all = append(all, fail(now.place.Line, "There is no TenantManager in the primary user store.", stops))
	}
	if len(all) == 0 {
		all = append(all, Result{ID: ruleUsersOne, Status: OK, Place: now.place, Message: "One primary user store is live: " + now.title() + "."})
	}
	return all
}

func auditUsersInDatabase(w *Workspace, now *presentStore) Result {
	name := now.datasource(w)
	blocks, _ := readBlocks(w)
	b := block(blocks, name)
	r := Result{ID: ruleUsersPlace, Place: now.place}
	switch {
	case b == nil:
		r.Status, r.Severity, r.Message, r.Why, r.Fix = Fail, Error, "There is no datasource with the JNDI name "+name+", which the realm takes its users from.", "The server does not start.", fixUserStore
	case b.h2:
		r.Status, r.Severity, r.Message = Warn, Warning, "Embedded H2: users lie in the database inside the product ("+name+")."
		r.Why, r.Fix = "H2 may lose them in a crash, and no second server can share them.", "Answer guideline 6 (Registry and governance) or 7 (User stores)."
	default:
		r.Status, r.Message = OK, "Users lie in "+b.present()+"."
	}
	return r
}

func auditDirectory(now *presentStore) []Result {
	all := []Result{{ID: ruleUsersPlace, Status: OK, Place: now.place, Message: "Users lie in " + now.title() + "."}}
	if !now.server().Encrypted() {
		all = append(all, Result{ID: ruleUsersTLS, Status: Warn, Severity: Warning, Place: now.place, Message: "There is no TLS on the way to the directory: " + now.properties["ConnectionURL"] + ".", Why: "The password of the account and of everybody who logs in can be read on the way.", Fix: "Use ldaps://, with the CA of the directory in the truststore."})
	}
	if isShippedDirectoryPassword(now.password) {
		all = append(all, Result{ID: ruleUsersAccount, Status: Fail, Severity: Error, Place: now.place, Message: "A default password opens the directory for Carbon's account.", Why: "It stands in the files that WSO2 ships.", Fix: fixUserStore})
	}
	for _, f := range append(now.store().Faults(), directory.FaultsTogether(now.server(), now.store())...) {
		if f.Severity == directory.Bad {
			all = append(all, Result{ID: ruleUsersStore, Status: Fail, Severity: Error, Place: now.place, Message: f.What, Why: "Users or groups are not found, or the server does not start.", Fix: f.Fix})
		}
	}
	return all
}

// Verify compares the store with the answers.
func (s userstore) Verify(w *Workspace, a *answers.Set) []Result {
	w.openVault(a)
	now, d := readStore(w), wishedStore(w, a)
	r := Result{ID: ruleUsersPlace, Guideline: 7, Status: Fail, Severity: Error, Place: now.place}
	if now.element == nil || now.typeName() != d.typed || len(now.primaries) != 1 {
		r.Message = "The primary user store is not the one of the answers: " + now.title() + "."
		return []Result{r}
	}
	wanted := d.rules(now)
	if d.isDirectory() {
		wanted = append(d.changes(now), wanted...)
		for _, name := range d.dropped(now) {
			wanted = append(wanted, directory.Property{Name: name})
		}
	}
	if len(wanted) > 0 {
		r.Message = "The property " + wanted[0].Name + " of the user store is not as the answers have it."
		return []Result{r}
	}
	if d.users != "" && now.datasource(w) != d.users {
		r.Message = "The realm takes its tables from " + now.datasource(w) + ", not from " + d.users + " of the answers."
		return []Result{r}
	}
	if d.asksAdd && now.addAdmin != d.addAdmin {
		r.Message = "AddAdmin is not as the answers have it."
		return []Result{r}
	}
	if d.isDirectory() {
		if now.sealed == "" && d.server.Password.IsSet() && !now.password.Equal(d.server.Password) {
			r.Message = "The password of the account is not that of the answers."
			return []Result{r}
		}
	}
	r.Status, r.Severity, r.Message = OK, 0, "The one live primary user store is "+now.title()+"."
	return []Result{r}
}

// Advice tells what the directory has to have.
func (s userstore) Advice(w *Workspace, a *answers.Set) []Advice {
	d := wishedStore(w, a)
	var all []Advice
	tell := func(title, text string) { all = append(all, Advice{Guideline: 7, Title: title, Text: text}) }
	if !d.isDirectory() {
		if d.passRule+d.userRule != "" {
			tell("Rules are applied at every login", "Whoever has a password or a name that does not fit the new rule can no longer log in. Try it with one account first.")
		}
		return all
	}
	tell("The administrator in the directory", d.adviseAdmin(w, a))
	if strings.HasPrefix(d.server.URL, "ldaps:") {
		tell("The certificate of the directory", "The server trusts what is in its truststore: import the CA of the directory with truststore.import (guideline 2), if the test says that it is not trusted.")
	}
	if enabled := embeddedElement(w); strings.EqualFold(enabled.Text(), "true") {
		tell("The directory inside the product", carbon.Place{File: carbon.EmbeddedLDAP, Line: enabled.Line()}.String()+": the directory inside the product still starts, though nothing asks it. Set the property enable to false there.")
	}
	return all
}

// embeddedElement is what switches the directory inside the product on.
func embeddedElement(w *Workspace) *edit.Element {
	doc, err := w.XML(carbon.EmbeddedLDAP)
	if err != nil {
		return nil
	}
	return doc.First("/EmbeddedLDAPConfig/EmbeddedLDAP/Property[@name='enable']")
}

// adviseAdmin says what the first start makes of the administrator, and what has to be there before.
func (d *storeWish) adviseAdmin(w *Workspace, a *answers.Set) string {
	user, role := wantedAccount(a, scanAdmin(w).account()).user, adminRole(w)
	password := " The password in the files of guideline 1 has to be the one that the directory has for it."
	add, _ := d.wantsAddAdmin(readStore(w))
	switch {
	case !d.writes() && add:
		text := "Carbon makes no user in a directory that it only reads: " + user + " has to be in it before the first start, which stops otherwise."
		if d.groups() {
			return text + " If it has no group " + role + ", the first start makes the role Internal/" + role + " in Carbon's own tables." + password
		}
		return text + " The role " + role + " is one of Carbon's own, which the first start makes." + password
	case !add:
		return "Carbon makes neither account nor role: " + user + " and the group " + role + " have to be in the directory before the first start, with " + user + " in the group. The start stops otherwise." + password
	}
	return "If the directory has no user " + user + ", the first start makes it there, with the password of guideline 1; the role " + role + " likewise. If it has one, the password in the files of guideline 1 has to be the one that the directory has for it."
}
