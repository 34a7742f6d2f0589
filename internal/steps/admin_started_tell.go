package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
	"carbon-setup/internal/secret"
)

// Checks look whether the administrator is in the user database of a server that was started. They only read.
func (s admin) Checks(w *Workspace, a *answers.Set) []Check {
	w.openVault(a)
	scan := scanAdmin(w)
	base, _ := usersAfter(w, a)
	if base == nil || noAdmin(w, scan) != nil {
		return nil
	}
	now := scan.account()
	want := wantedAccount(a, now)
	ask := &userQuestion{base: base, open: s.opener(), user: want.user, old: now.pass, new: want.pass, id: "admin.user", adds: addsAdmin(w, a)}
	if !w.Install.Started.Yes {
		ask.joins = true
		return []Check{ask.check()}
	}
	if !base.asked(a, now, want) {
		return nil
	}
	renamed := storeName(now.user) != storeName(want.user)
	ask.mayLack = (renamed || base.moved) && ask.adds
	all := []Check{ask.check()}
	if disable, _ := a.Bool(keyAdminDisableOld); renamed && disable {
		former := &userQuestion{base: base, open: s.opener(), user: now.user, old: now.pass, id: "admin.former", mayLack: true, former: true}
		all = append(all, former.check())
	}
	return all
}

// userQuestion asks the user database about one user.
type userQuestion struct {
	base     *userBase
	open     userOpener
	id, user string
	old, new secret.Secret
	mayLack  bool
	former   bool // it is going to be disabled
	adds     bool // a start creates the administrator where there is none
	joins    bool // the server was never started: it takes the users that it finds, and nothing is changed there
}

func (q *userQuestion) check() Check {
	title := "The administrator " + q.user + " is in the user database"
	if q.former {
		title = "The former administrator " + q.user + " is in the user database"
	}
	return Check{ID: q.id, Title: title, Run: q.run}
}

func (q *userQuestion) run(ctx context.Context) Result {
	o := q.base.options
	if end, ok := ctx.Deadline(); ok { // better a message of the database than none
		o.Timeout = min(o.Timeout, time.Until(end)*3/4)
	}
	conn, err := q.open(ctx, q.base.target, o)
	if err != nil {
		return q.failed(err)
	}
	defer func() { _ = conn.Close() }() // it has only read
	u, err := conn.FindUser(ctx, storeName(q.user))
	if err != nil {
		return q.failed(err)
	}
	return q.found(u)
}

func (q *userQuestion) found(u database.User) Result {
	r := Result{ID: q.id, Guideline: 1, Status: OK, Place: q.base.place}
	where := fmt.Sprintf("%s in UM_USER of %s", u.Name, q.base.target)
	switch {
	case q.joins && q.new.IsSet() && u.Matches(q.base.rule, q.new):
		r.Message = where + " is there already, with this very password."
		return r
	case q.joins:
		r.Status, r.Severity = Warn, Warning
		r.Message = where + " is there already, with another password. A server that was never started takes the users that it finds, and this run changes none."
		r.Why = "Nobody can log in with the password that the files get, and the parts of the product that log in with it fail."
		r.Fix = "Give the password that the user has there, or change it in the management console of a server that uses this database."
		return r
	case q.former:
		r.Message = where + " is going to be disabled. The user and its roles stay."
	case q.new.IsSet() && u.Matches(q.base.rule, q.new) && !u.MustChange():
		r.Message = where + " has the new password already. Nothing is changed there."
	case q.old.IsSet() && u.Matches(q.base.rule, q.old):
		r.Message = where + " has the password that user-mgt.xml has. It is going to be changed."
	case q.base.moved:
		r.Status, r.Severity = Warn, Warning
		r.Message = where + ", to which the users are led, is there already, with another password. It is going to be changed."
		r.Why = "Other servers that use this database have copies of the present password in their files, which do not work any more then."
		r.Fix = "Stop those servers, and run the same answers there; or give the password that the user has."
	default:
		r.Status, r.Severity = Warn, Warning
		r.Message = where + " has another password than user-mgt.xml. It is going to be changed all the same."
		r.Why = "Somebody has changed it in the management console, and the copies in the files do not work any more."
	}
	if q.base.rule.Clear() && r.Status == OK && !q.former {
		r.Status, r.Severity = Warn, Warning
		r.Message += " The user store keeps passwords as they are (PasswordDigest, " + carbon.UserMgtXML + "): whoever can read the table knows them."
	}
	return r
}

func (q *userQuestion) failed(err error) Result {
	r := Result{ID: q.id, Guideline: 1, Status: Fail, Severity: Error, Place: q.base.place, Message: err.Error()}
	var e *database.Error
	if !errors.As(err, &e) {
		return r
	}
	nobody := e.Kind == database.NoUser || e.Kind == database.NoUserTable
	switch {
	case nobody && (q.joins || q.base.moved) && !q.former:
		return q.empty(r)
	case q.joins: // the tests of the datasource say more about it
		r.Status, r.Severity, r.Message = Unknown, 0, fmt.Sprintf("Not looked at: UM_USER of %s cannot be read. %s", q.base.target, e.What)
		return r
	case e.Kind == database.NoUser && q.mayLack || nobody && q.former && q.base.moved:
		r.Status, r.Severity = OK, 0
		r.Message = fmt.Sprintf("UM_USER of %s has no user %s yet. The next start creates it.", q.base.target, storeName(q.user))
		if q.former {
			r.Message = fmt.Sprintf("UM_USER of %s has no user %s. There is nothing to disable.", q.base.target, storeName(q.user))
		}
		return r
	}
	told := stageResult(q.id, q.base.source, database.StageResult{Stage: e.Stage, Status: database.Fail, Err: e})
	r.Message, r.Why, r.Fix = told.Message, told.Why, told.Fix
	return r
}

// empty tells of a database that does not hold the administrator yet.
func (q *userQuestion) empty(r Result) Result {
	r.Status, r.Severity = OK, 0
	r.Message = fmt.Sprintf("UM_USER of %s has no user %s yet. The next start creates it.", q.base.target, storeName(q.user))
	if !q.adds {
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("UM_USER of %s has no user %s, and <AddAdmin> is not true, so no start creates it.", q.base.target, storeName(q.user))
		r.Why = "Carbon stops at its start when it does not find its administrator."
		r.Fix = "Set <AddAdmin> in " + carbon.UserMgtXML + " to true."
	}
	return r
}

// planned reports whether there is an action whose name begins with prefix.
func (w *Workspace) planned(prefix string) bool {
	for _, a := range w.actions {
		if strings.HasPrefix(a.Name, prefix) {
			return true
		}
	}
	return false
}

// adviseUserBase says what this run does in the user database, and what is left to do. old is the name of the administrator before the run.
func adviseUserBase(w *Workspace, a *answers.Set, base *userBase, old string, want account) []Advice {
	if !w.planned(adminPasswordAction) {
		return nil
	}
	ad := Advice{Guideline: 1, Title: "The user database is changed, too"}
	ad.Text = fmt.Sprintf("This server has been started before (%s), so its user store decides who may log in. This run sets the password of %s in UM_USER of %s, reads it back, and then changes the files. "+
		"If anything fails, the row and the files are put back as they were.", w.Install.Started.Evidence, want.user, base.target)
	switch {
	case base.moved:
		ad.Text = fmt.Sprintf("This server has been started before (%s), and the same answers lead its users to %s. Those of the present database are not taken along. "+
			"If there is a user %s in UM_USER already, this run sets its password and reads it back; if there is none, the next start creates it where <AddAdmin> is true. "+
			"A failure puts the row back; a restore later cannot, as the files do not lead there any more then, and says so.", w.Install.Started.Evidence, base.target, want.user)
	case storeName(old) != storeName(want.user):
		lacking := " If there is no user %s, the run fails, as <AddAdmin> is not true and no start would create it."
		if addsAdmin(w, a) {
			lacking = " If there is no user %s yet, the next start creates it with this password, as <AddAdmin> is true."
		}
		ad.Text += fmt.Sprintf(lacking, want.user)
	}
	ad.Text += " Other servers on the same user database keep logins in memory for some minutes, and have copies of the old password in their own files: stop them, and run the same answers there."
	all := []Advice{ad}
	if storeName(old) == storeName(want.user) {
		return all
	}
	if !w.planned(adminDisableAction) {
		return append(all, Advice{
			Guideline: 1, Title: "The former administrator stays valid",
			Text: fmt.Sprintf("%s stays in the user store, with its password and its roles. Give %s: true to have it disabled by this run, or delete it after the start, in the management console under Configure, Users and Roles.", old, keyAdminDisableOld),
		})
	}
	return append(all, Advice{
		Guideline: 1, Title: "The former administrator is disabled",
		Text: fmt.Sprintf("%s gets a random hash instead of that of its password, in UM_USER of %s: nobody can log in with it any more. The user, its roles and what belongs to it stay. "+
			"To use it again, set a password for it in the management console; to be rid of it, delete it there. A restore of this run puts the old hash back. "+
			"Log in as %s after the start before you close the way back.", old, base.target, want.user),
	})
}

// validateUsers judges what the answers want of the user database. It replaces the warnings that the files do not decide where this program can do something about it.
func validateUsers(w *Workspace, a *answers.Set, base *userBase, now, want account) []Problem {
	disable, _ := a.Bool(keyAdminDisableOld)
	from, to := storeName(now.user), storeName(want.user)
	var all []Problem
	switch {
	case disable && from != to && strings.EqualFold(from, to):
		all = append(all, Problem{
			Severity: Error, Key: keyAdminDisableOld,
			Message: fmt.Sprintf("%s and %s differ in nothing but capital letters. For many databases they are one and the same user, who would be disabled.", from, to),
			Fix:     "Choose another name, or leave " + keyAdminDisableOld + " out.",
		})
	case disable && from != to && base == nil && w.Install.Started.Yes:
		all = append(all, Problem{
			Severity: Warning, Key: keyAdminDisableOld,
			Message: fmt.Sprintf("%s cannot be disabled from here: the users of this server are not in a database server that this program can change.", now.user),
			Fix:     fmt.Sprintf("After the start, log in as %s and delete %s.", want.user, now.user),
		})
	case base != nil && from != to && !disable:
		all = append(all, Problem{
			Severity: Warning, Key: keyAdminUser,
			Message: fmt.Sprintf("This server has been started before (%s). %s stays in its user database, valid and with its present password.", w.Install.Started.Evidence, now.user),
			Fix:     fmt.Sprintf("Give %s: true to have it disabled, or delete it after the start.", keyAdminDisableOld),
		})
	}
	return all
}
