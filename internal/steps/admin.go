package steps

import (
	"errors"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// admin is guideline 1: the account that ships as admin/admin.
type admin struct {
	base
	open userOpener // nil = real connections
}

func (admin) Info() Info {
	return Info{
		ID: "admin", Section: "admin", Guideline: 1, Title: "Administrator account",
		Reads: []string{keyUsersType, keyUsersPassRegex, keyUsersUserRegex}, // the rules that name and password have to fit
		Why: "Every Carbon product is delivered with the administrator admin and the password admin. Everybody knows that, and programs that search " +
			"the network for WSO2 servers try it first. Whoever gets in can read every secret of the server and run code on it.\n\n" +
			"The password does not stand in one file. Store, publisher, gateway, message broker and others log in to the server itself with " +
			"copies of it, and stop working when only one of the copies changes. All of them are changed together here.\n\n" +
			"Do this before the first start. Then the server creates the account with the new name and password. Once it has been started, the " +
			"user store decides and the files only follow. Where the users are in a database server, the row of the administrator is changed in the same run.",
	}
}

const (
	keyAdminUser       = "admin.username"
	keyAdminPassword   = "admin.password" // #nosec G101 -- a key
	keyAdminDisableOld = "admin.disable_old"
)

func (admin) Specs() []answers.Spec {
	return []answers.Spec{
		{
			Key: keyAdminUser, Kind: answers.Text, Label: "User name", Example: "opsadmin",
			Help: "Name of the administrator. Left out, the name stays as it is.",
		},
		{
			Key: keyAdminPassword, Kind: answers.Secret, Label: "Password", Example: "{env: ADMIN_PW}",
			Help: "Password of the administrator, in printable ASCII, without ] and without ${. Left out, the password stays as it is, unless it is the one that the product is delivered with.",
		},
		{
			Key: keyAdminDisableOld, Kind: answers.Bool, Label: "Disable the former administrator", Example: "true",
			Help: "For a new name on a server that was started and has its users in a database server: the former administrator can log in no more. The user stays, with its roles. Left out, it stays valid.",
		},
	}
}

// noAdmin says why nobody can tell who the administrator is, nil when user-mgt.xml names one with a password. It is an *edit.Error.
func noAdmin(w *Workspace, scan *adminScan) error {
	const soWhat = ", so nobody can tell who the administrator is"
	const fix = "mend the file, or put back the one of the distribution"
	fault := func(line int, what string) error {
		return &edit.Error{File: carbon.UserMgtXML, Line: line, What: what + soWhat, Fix: fix}
	}
	doc, err := w.XML(carbon.UserMgtXML)
	var bad *edit.Error
	switch {
	case errors.As(err, &bad):
		return fault(bad.Line, bad.What)
	case err != nil:
		return fault(0, missingOr(err))
	}
	now := scan.admin()
	holder := doc.First(adminSites[0].at)
	switch {
	case holder == nil:
		return fault(0, "there is no <AdminUser>")
	case now == nil || now.user.change == nil:
		return fault(holder.Line(), "<AdminUser> has no <UserName>")
	case now.pass.change == nil:
		return &edit.Error{File: carbon.UserMgtXML, Line: holder.Line(), What: "<AdminUser> has no <Password>", Fix: "add <Password>admin</Password> below <UserName>"}
	}
	return nil
}

func (admin) Fields(w *Workspace, a *answers.Set) []Field {
	specs := admin{}.Specs()
	scan := scanAdmin(w)
	if noAdmin(w, scan) != nil {
		return nil
	}
	now := scan.admin()
	store := wantedUserStore(w, a)
	users := userRules{store: store, emailsOK: emailUserNames(w)}
	passwords := rulesForPassword(w, a, scan)

	user := Field{Spec: specs[0], Default: now.user.text.Reveal(), DefaultFrom: "the present value", Check: users.check}
	user.Now = Present{Text: now.user.text.Reveal(), Place: now.user.place}
	pass := Field{
		Spec: specs[1], Now: presentPassword(now), Confirm: true, CheckSecret: passwords.check,
		Strength: func(s secret.Secret) string { return passwordStrength(s.Reveal(), passwords.names) },
		Generate: passwords.generator(),
	}
	pass.Required = now.hasDefaultPassword()
	if store.password != nil && !store.password.untested() {
		pass.Help += " The user store takes " + store.password.words() + "."
	}
	all := []Field{user, pass}
	if base, _ := userBaseOf(w, a); base != nil && storeName(wantedAccount(a, scan.account()).user) != storeName(now.user.text.Reveal()) {
		all = append(all, Field{
			Spec: specs[2], Default: "true", DefaultFrom: "the guideline",
			Now: Present{Text: now.user.text.Reveal() + " is valid", Place: base.place},
		})
	}
	return all
}

// presentPassword says what kind of password is there, never the password.
func presentPassword(l *login) Present {
	p := Present{Text: secret.Shown, Place: l.pass.place}
	switch {
	case l.vault != "":
		p.Text = "in the secure vault"
	case l.hasDefaultPassword():
		p.Text = "the default password"
	case l.pass.text.Reveal() == "":
		p.Text = "empty"
	}
	return p
}

// rulesForPassword gathers what a new password is judged by.
func rulesForPassword(w *Workspace, a *answers.Set, scan *adminScan) passwordRules {
	names := []string{scan.account().user, a.Text(keyAdminUser), hostName(w).text, w.Install.Host.Name, a.Text("hostname.name")}
	return passwordRules{store: wantedUserStore(w, a), names: names}
}

// wantedAccount returns the administrator as the answers want it; what they leave out stays.
func wantedAccount(a *answers.Set, now account) account {
	want := now
	if user := a.Text(keyAdminUser); user != "" {
		want.user = user
	}
	if pass := a.Secret(keyAdminPassword); pass.IsSet() {
		want.pass = pass
	}
	return want
}

func (s admin) Plan(w *Workspace, a *answers.Set) error {
	scan := scanAdmin(w)
	if err := noAdmin(w, scan); err != nil {
		return err
	}
	now := scan.account()
	want := wantedAccount(a, now)
	var all []error
	for _, l := range scan.following(now) {
		if err := l.change(want); err != nil {
			all = append(all, err)
		}
	}
	if err := errors.Join(all...); err != nil {
		return err
	}
	s.planUsers(w, a, now, want)
	return nil
}

// placeList names places for people, the lines of one file together: "a.xml:3,5, b.xml:7".
func placeList(places []carbon.Place) string {
	var files []string
	lines := map[string][]string{}
	for _, p := range places {
		if _, seen := lines[p.File]; !seen {
			files = append(files, p.File)
		}
		lines[p.File] = append(lines[p.File], strconv.Itoa(p.Line))
	}
	for i, f := range files {
		files[i] = f + ":" + strings.Join(lines[f], ",")
	}
	return strings.Join(files, ", ")
}

func placesOf(logins []*login) string {
	places := make([]carbon.Place, len(logins))
	for i, l := range logins {
		places[i] = l.place()
	}
	return placeList(places)
}

// missingOr says why a file cannot be used, to follow its name.
func missingOr(err error) string {
	if isMissing(err) {
		return "is not there"
	}
	return whyUnread(err)
}
