package steps

import (
	"errors"
	"fmt"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// The rules of guideline 1.
const (
	ruleAdminDefault  = "CS-1.1" // user-mgt.xml has default credentials
	ruleAdminCopies   = "CS-1.2" // so has another live place
	ruleAdminPattern  = "CS-1.3" // the user store refuses the name or password that user-mgt.xml has
	ruleAdminStarted  = "CS-1.4" // the files cannot tell: the user store decides
	ruleAdminUnread   = "CS-1.5" // a file could not be looked at
	ruleAdminDiffers  = "CS-1.6" // a copy names the administrator with another password
	ruleAdminVault    = "CS-1.7" // the password is in the vault and was not looked at
	adminFix          = "Set user name and password with the step Administrator account."
	adminWhy          = "Everybody knows the default password, and scanners try it first."
	adminOutOfStepWhy = "The server logs in to itself with these credentials; calls fail with invalid credentials when they are not the administrator's."
)

func (admin) Audit(w *Workspace) []Result {
	scan := scanAdmin(w)
	if why := noAdmin(w, scan); why != nil {
		return []Result{adminUnread(w, why)}
	}
	now := scan.account()
	var all []Result
	bad := map[*login]bool{}
	for _, l := range scan.logins {
		if r, found := auditLogin(scan, l, now); found {
			all = append(all, r)
			bad[l] = true
		}
	}
	if len(bad) == 0 && len(scan.unread) == 0 {
		all = append(all, Result{
			ID: ruleAdminDefault, Status: OK, Place: scan.admin().place(),
			Message: fmt.Sprintf("No default password of the administrator is live in any of %d places.", len(scan.logins)),
		})
	}
	all = append(all, auditPattern(w, scan, bad)...)
	all = append(all, auditStarted(w, bad[scan.admin()])...)
	for _, u := range scan.unread {
		all = append(all, Result{
			ID: ruleAdminUnread, Status: Unknown, Place: carbon.Place{File: u.File},
			Message: u.String() + ", so it is not known whether default credentials stand in it.", Fix: "Make the file readable, or correct it.",
		})
	}
	return all
}

func adminUnread(w *Workspace, err error) Result {
	why := obstacles(w.Install, err)[0]
	r := Result{ID: ruleAdminUnread, Status: Unknown, Place: carbon.Place{File: carbon.UserMgtXML}, Message: why.Message, Fix: "Mend the file, or put back the one of the distribution."}
	var bad *edit.Error
	if errors.As(err, &bad) {
		r.Place.Line = bad.Line
	}
	return r
}

// auditLogin judges one place. A place that nothing reads as things are is no finding.
func auditLogin(scan *adminScan, l *login, now account) (Result, bool) {
	r := Result{Place: l.place(), Status: Fail, Severity: Error, Why: adminWhy, Fix: adminFix}
	switch {
	case l == scan.admin() && l.vault != "":
		r.ID, r.Status, r.Severity, r.Why, r.Fix = ruleAdminVault, Unknown, 0, "", ""
		r.Message = fmt.Sprintf("The administrator's password is in the secure vault (alias %s) and was not looked at.", l.vault)
	case l == scan.admin() && l.hasDefaultPassword():
		r.ID, r.Message = ruleAdminDefault, fmt.Sprintf("The default password is in use for the administrator %s.", l.user.text.Reveal())
	case l.unused != "" || l.vault != "":
		return r, false
	case l.site.file == carbon.TomcatUsers && l.pass.text.IsSet() && l.pass.text.Reveal() == "tomcat":
		r.ID, r.Message = ruleAdminCopies, fmt.Sprintf("The user %s of Tomcat's own list has the password that Tomcat is delivered with.", l.user.text.Reveal())
		r.Fix = "Remove the user, or change the password by hand."
	case l.shipped() && l.pass.text.IsSet():
		r.ID, r.Message = ruleAdminCopies, fmt.Sprintf("Default credentials are in use for the login %s.", l.site.what)
		if !l.belongsTo(now) {
			r.Fix = "Change it by hand: " + l.whyLeft(now)
		}
	case l.by == follows && l.belongsTo(now) && !l.carries(now) && now.pass.IsSet():
		r.ID, r.Status, r.Severity, r.Why = ruleAdminDiffers, Warn, Warning, adminOutOfStepWhy
		r.Message = fmt.Sprintf("The login %s is the administrator's, with another password than user-mgt.xml.", l.site.what)
	default:
		return r, false
	}
	return r, true
}

// whyLeft says why a place is not changed, a full sentence.
func (l *login) whyLeft(now account) string {
	switch {
	case l.by == stays:
		return l.why
	case l.remote != "":
		return fmt.Sprintf("These credentials go to %s and are not those of the administrator in user-mgt.xml.", l.remote)
	case l.user.text.IsSet() && l.user.text.Reveal() != now.user:
		return fmt.Sprintf("The user here is %s, and the administrator in user-mgt.xml is %s.", l.user.text.Reveal(), now.user)
	}
	return "The password here is not the one in user-mgt.xml, so it may belong to another server."
}

// auditPattern finds a name or password that the user store would refuse at every login.
func auditPattern(w *Workspace, scan *adminScan, bad map[*login]bool) []Result {
	l := scan.admin()
	store := readUserStore(w)
	now := scan.account()
	refused := func(message, key string) Result {
		return Result{
			ID: ruleAdminPattern, Status: Fail, Severity: Error, Place: l.place(), Message: message,
			Why: "The first start creates the account without this test, and every login makes it: nobody can ever log in.",
			Fix: fmt.Sprintf("Choose one that fits with the step Administrator account (%s).", key),
		}
	}
	var all []Result
	if now.pass.IsSet() && !bad[l] && store.password.refuses(now.pass.Reveal()) {
		all = append(all, refused(fmt.Sprintf("The administrator's password does not fit the rule of the user store (PasswordJavaRegEx, %s).", store.place), keyAdminPassword))
	}
	if store.username.refuses(now.user) {
		all = append(all, refused(fmt.Sprintf("The administrator's user name does not fit the rule of the user store (UsernameJavaRegEx, %s).", store.place), keyAdminUser))
	}
	return all
}

// auditStarted says what the files cannot tell. Where they hold the default password anyway, that is finding enough.
func auditStarted(w *Workspace, found bool) []Result {
	if !w.Install.Started.Yes || found {
		return nil
	}
	where := "the user store"
	if base, _ := userBaseOf(w, answers.NewSet(Schema())); base != nil {
		where = "UM_USER of " + base.target.String()
	}
	return []Result{{
		ID: ruleAdminStarted, Status: Unknown, Place: carbon.Place{File: carbon.UserMgtXML},
		Message: fmt.Sprintf("The server has been started before (%s), so %s decides who may log in. The files cannot tell whether it still accepts admin with the default password.", w.Install.Started.Evidence, where),
		Fix:     "Try to log in to the management console with the default credentials; the login has to be refused.",
	}}
}

// Verify reads every place again. That the account itself is changed it claims only when the first start is still to come.
func (admin) Verify(w *Workspace, a *answers.Set) []Result {
	scan := scanAdmin(w)
	if why := noAdmin(w, scan); why != nil {
		r := adminUnread(w, why)
		r.Guideline, r.Status, r.Severity = 1, Warn, Warning
		return []Result{r}
	}
	want := wantedAccount(a, scan.account())
	var all []Result
	good := 0
	for _, l := range scan.following(want) {
		if l.carries(want) || l.vault != "" {
			good++
			continue
		}
		all = append(all, Result{
			ID: ruleAdminCopies, Guideline: 1, Status: Fail, Severity: Error, Place: l.place(),
			Message: fmt.Sprintf("The login %s does not have the administrator's new credentials.", l.site.what),
		})
	}
	if len(all) == 0 {
		all = append(all, verified(w, a, scan, want, good))
	}
	for _, u := range scan.unread {
		all = append(all, Result{ID: ruleAdminUnread, Guideline: 1, Status: Warn, Severity: Warning, Place: carbon.Place{File: u.File}, Message: u.String() + " and was not changed."})
	}
	return all
}

func verified(w *Workspace, a *answers.Set, scan *adminScan, want account, good int) Result {
	r := Result{ID: ruleAdminDefault, Guideline: 1, Place: scan.admin().place()}
	if base, _ := userBaseOf(w, a); base != nil {
		r.ID, r.Status = ruleAdminStarted, Unknown
		r.Message = fmt.Sprintf("%d places in the files have the credentials of %s. The files cannot tell what UM_USER of %s has; a run that changes it reads the row back before it counts.", good, want.user, base.target)
		r.Fix = fmt.Sprintf("After the start, log in to the management console as %s.", want.user)
		return r
	}
	if w.Install.Started.Yes {
		r.ID, r.Status, r.Severity = ruleAdminStarted, Warn, Warning
		r.Message = fmt.Sprintf("%d places in the files have the credentials of %s. That does not change the user store: the server has been started before, and what the store has stays valid until it is changed there.", good, want.user)
		r.Fix = "Change the user store as the report says."
		return r
	}
	r.Status = OK
	r.Message = fmt.Sprintf("%d places have the credentials of %s. The first start creates the account.", good, want.user)
	if readUserStore(w).directory() {
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("%d places have the credentials of %s. Whether the directory accepts them is known only after a login.", good, want.user)
	}
	return r
}
