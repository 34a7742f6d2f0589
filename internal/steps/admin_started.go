package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
	"carbon-setup/internal/secret"
)

// userConn is a connection to the database of the users.
type userConn interface {
	FindUser(ctx context.Context, name string) (database.User, error)
	SetPassword(ctx context.Context, name string, r database.PasswordRule, password secret.Secret, keep database.Keep) (database.UserChange, error)
	DisableUser(ctx context.Context, name string, keep database.Keep) (database.UserChange, error)
	RestoreUser(ctx context.Context, c database.UserChange) error
	Close() error
}

// userOpener opens it; tests replace it.
type userOpener func(ctx context.Context, t database.Target, o database.TestOptions) (userConn, error)

func openUsers(ctx context.Context, t database.Target, o database.TestOptions) (userConn, error) {
	c, err := database.Open(ctx, t, o)
	if err != nil {
		return nil, err // not c: a nil *Conn is no nil interface
	}
	return c, nil
}

func (s admin) opener() userOpener {
	if s.open != nil {
		return s.open
	}
	return openUsers
}

// jdbcUserStore is the store of Carbon 4.2.0 that keeps users in UM_USER.
const jdbcUserStore = "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"

// ownWays are properties of a JDBC store with which it goes to a database of its own, or asks it in its own words.
var ownWays = []string{"url", "dataSource", "driverName", "SelectUserSQL", "UpdateUserPasswordSQL"}

// userBase is the database server that a started install keeps its users in.
type userBase struct {
	target  database.Target
	options database.TestOptions
	rule    database.PasswordRule
	source  string // name of the datasource
	place   carbon.Place
	moved   bool // the same answers lead the users there: it may be empty, or hold the users of other servers
}

// userBaseOf returns the database whose rows decide who may log in, where this program can change them: the server was started, its primary store is the JDBC one,
// and the datasource of the realm leads to a database server after this run. Otherwise it is nil, and why is a full sentence if there is more to say
// than that the users are in H2 or in a directory.
func userBaseOf(w *Workspace, a *answers.Set) (base *userBase, why string) {
	if !w.Install.Started.Yes {
		return nil, ""
	}
	return usersAfter(w, a)
}

// usersAfter is the database server that holds the users after the answers, whether the server was started or not.
func usersAfter(w *Workspace, a *answers.Set) (base *userBase, why string) {
	if readUserStore(w).class != jdbcUserStore {
		return nil, ""
	}
	b, first := usersBlock(w)
	if kind, data := a.Text(keyUsersType), a.Text(keyUsersData); kind != "" && kind != "jdbc" || data != "" && (b == nil || data != b.name) {
		return nil, "The same answers change the user store itself, so the users of the present one are left alone."
	}
	if b == nil {
		return nil, ""
	}
	d := usersLedTo(w, a, b, first)
	if b.h2 && d == nil {
		return nil, ""
	}
	rule, why := passwordRule(w)
	switch {
	case why != "":
		return nil, why
	case d != nil && (len(d.faults) > 0 || hasBad(d.target.Faults()) || !d.target.Password.IsSet()):
		return nil, fmt.Sprintf("The same answers lead the datasource of the users, %s, to another database. If that one is empty, the first start creates the administrator in it with the password given here. "+
			"If it holds users already, their passwords stay as they are.", b.name)
	case d != nil:
		base = &userBase{target: d.target, rule: rule, source: d.name, place: b.place, moved: true}
	case b.err != nil || hasBad(b.target.Faults()):
		return nil, fmt.Sprintf("The database that %s (%s) leads to is not one that this program can change.", b.name, b.place)
	case b.sealed != "":
		return nil, fmt.Sprintf("The password of the database user of %s (%s) is in a secure vault that cannot be opened, so the user database cannot be changed from here. With %s it can.", b.name, b.place, keyVaultKeyPassword)
	default:
		base = &userBase{target: b.target, rule: rule, source: b.name, place: b.place}
		if slices.Contains(a.Names(sectionDatasources), b.name) {
			if d := wishOf(w, a, b.name, first); !d.keeps() && len(d.faults) == 0 {
				base.target = d.target
			}
		}
	}
	base.options = database.TestOptions{Timeout: stageTime, Roots: trustedByAnswers(w, a)}
	return base, ""
}

// usersBlock returns the datasource that the realm takes its users from, and the name of the first one of the install.
func usersBlock(w *Workspace) (b *dsBlock, first string) {
	doc, err := w.XML(carbon.UserMgtXML)
	if err != nil {
		return nil, ""
	}
	source := doc.First(realmConfig + "/Property[@name='dataSource']")
	all, _ := readBlocks(w)
	for _, each := range all {
		if first == "" {
			first = each.name
		}
		if b == nil && source != nil && each.jndi == strings.TrimSpace(source.Text()) {
			b = each
		}
	}
	return b, first
}

// usersLedTo is what the answers want of the datasource that holds the users after them, nil when that is the present one in its present database.
func usersLedTo(w *Workspace, a *answers.Set, b *dsBlock, first string) *dsWish {
	for _, name := range a.Names(sectionDatasources) {
		d := wishOf(w, a, name, first)
		if name == b.name && !d.keeps() && !d.leadsThere() || d.block == nil && slices.Contains(d.use, useUsers) {
			return d
		}
	}
	return nil
}

// passwordRule reads how the primary store keeps passwords. why says what makes that unknown.
func passwordRule(w *Workspace) (r database.PasswordRule, why string) {
	doc, err := w.XML(carbon.UserMgtXML)
	if err != nil {
		return r, ""
	}
	store := doc.First("/UserManager/Realm/UserStoreManager")
	property := func(name string) (string, bool) {
		p := store.First("Property[@name='" + name + "']")
		if p == nil {
			return "", false
		}
		return strings.TrimSpace(p.Text()), true
	}
	for _, name := range ownWays {
		if _, there := property(name); there {
			return r, fmt.Sprintf("The user store has the property %s (%s), so it does not keep its users in the way that this program knows.", name, carbon.UserMgtXML)
		}
	}
	digest, there := property("PasswordDigest")
	salted, _ := property("StoreSaltedPassword")
	r = database.PasswordRule{Digest: digest, Salted: strings.EqualFold(salted, "true")}
	if err := r.Check(); err != nil || there && digest == "" {
		return r, fmt.Sprintf("The user store keeps passwords in a way that this program does not know (PasswordDigest %q, %s).", digest, carbon.UserMgtXML)
	}
	return r, ""
}

// storeName is the name of a user as UM_USER has it: without the domain of the primary store.
func storeName(user string) string {
	name, _ := strings.CutPrefix(user, "PRIMARY/")
	return name
}

// addsAdmin reports whether a start creates the administrator where there is none, as the answers leave it.
func addsAdmin(w *Workspace, a *answers.Set) bool { return wantedUserStore(w, a).addAdmin }

// The beginnings of the names of the actions on users. UndoAction knows them by these.
const (
	adminPasswordAction = "Password of the administrator "
	adminDisableAction  = "Disabling of the former administrator "
)

// row names the row of a user, for people.
func (b *userBase) row(user string) string {
	return fmt.Sprintf("UM_USER in %s (datasource %s), UM_USER_NAME %s, UM_TENANT_ID -1234", b.target, b.source, storeName(user))
}

// asked reports whether the answers ask for something in the database: where the files have the account already, the database has it, too, unless it is another
// database than before.
func (b *userBase) asked(a *answers.Set, now, want account) bool {
	if b.moved {
		return a.Secret(keyAdminPassword).IsSet()
	}
	return want.pass.IsSet() && (now.user != want.user || !now.pass.Equal(want.pass))
}

// planUsers asks for what has to happen in the database of the users when the account becomes another one.
func (s admin) planUsers(w *Workspace, a *answers.Set, now, want account) {
	base, _ := userBaseOf(w, a)
	if base == nil || !base.asked(a, now, want) {
		return
	}
	renamed := storeName(now.user) != storeName(want.user)
	set := &userJob{base: base, user: storeName(want.user), password: want.pass, open: s.opener(), mayLack: (renamed || base.moved) && addsAdmin(w, a)}
	detail := "sets the hash of the password in " + base.row(want.user)
	if set.mayLack {
		detail += ", if the user is there already; otherwise the next start creates it"
	}
	w.Do(apply.Action{Name: adminPasswordAction + want.user, Detail: detail, Do: set.do, Undo: set.undo})
	if disable, _ := a.Bool(keyAdminDisableOld); renamed && disable {
		job := &userJob{base: base, user: storeName(now.user), disable: true, mayLack: true, open: s.opener()}
		w.Do(apply.Action{
			Name: adminDisableAction + now.user, Do: job.do, Undo: job.undo,
			Detail: "puts a random hash, of no password, into " + base.row(now.user) + "; the user and its roles stay",
		})
	}
}

// userJob changes one row of UM_USER.
type userJob struct {
	base     *userBase
	user     string
	password secret.Secret
	disable  bool
	mayLack  bool // the user
	open     userOpener
	made     *database.UserChange // or about to be
}

// keptUser is what a job writes down before its change counts. It holds hashes, and lies where the backups are.
type keptUser struct {
	Database string
	Source   string
	User     string
	Change   json.RawMessage
}

func (j *userJob) do(ctx context.Context) (err error) {
	conn, err := j.open(ctx, j.base.target, j.base.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if j.disable {
		_, err = conn.DisableUser(ctx, j.user, j.keep(ctx))
	} else {
		_, err = conn.SetPassword(ctx, j.user, j.base.rule, j.password, j.keep(ctx))
	}
	e := (*database.Error)(nil)
	switch {
	case !errors.As(err, &e):
	case e.Kind == database.NoUser && j.mayLack:
		apply.Tell(ctx, "no such user, nothing to do")
		return nil
	case e.Kind == database.NoUserTable && j.base.moved: // this run makes the tables, or somebody else does
		apply.Tell(ctx, "no users yet, nothing to do")
		return nil
	}
	return err
}

// keep writes down the row as it was, for this process and for the next one.
func (j *userJob) keep(ctx context.Context) database.Keep {
	return func(c database.UserChange) error {
		change, err := c.Encode()
		if err != nil {
			return err
		}
		data, err := json.Marshal(keptUser{Database: j.base.target.String(), Source: j.base.source, User: c.Name, Change: change})
		if err != nil {
			return err
		}
		if err := apply.Keep(ctx, data); err != nil {
			return err
		}
		j.made = &c
		return nil
	}
}

func (j *userJob) undo(ctx context.Context) (err error) {
	if j.made == nil {
		return nil
	}
	conn, err := j.open(ctx, j.base.target, j.base.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.RestoreUser(ctx, *j.made)
}

// UndoRestored undoes an action of a run that counted and is being restored.
func UndoRestored(ctx context.Context, name, detail string) error {
	if strings.HasPrefix(name, tablesAction) {
		return &apply.UndoError{State: "The tables stay: they may hold data by now. If nobody uses them, have the administrator of the database remove them."}
	}
	return UndoAction(ctx, name, detail)
}

// undoUser undoes an action on a user whose process is gone, with the row that it had written down before its change counted, and with the datasource of the
// install, whose files are as they were before the run. Nothing written down means that nothing was changed.
func undoUser(ctx context.Context, open userOpener) error {
	data, err := apply.Kept(ctx)
	if isMissing(err) {
		return nil
	}
	var kept keptUser
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil {
		return &apply.UndoError{State: "What the user database held before cannot be read from the folder of the run. The password of the administrator there is the old one or the one of the run; the files have the old one. " + againBoth}
	}
	change, err := database.DecodeUserChange(kept.Change)
	if err != nil {
		return kept.stays(err.Error() + ".")
	}
	w, err := homeOf(ctx)
	if err != nil {
		return kept.stays("The install cannot be read: " + err.Error() + ".")
	}
	w.openVault(nil)
	b, _ := usersBlock(w)
	switch {
	case b == nil || b.h2 || b.err != nil || b.target.String() != kept.Database:
		return kept.stays("The datasource of the users does not lead to that database any more.")
	case b.sealed != "":
		return kept.stays("The password of the datasource " + b.name + " is in a secure vault that cannot be opened without its password.")
	}
	conn, err := open(ctx, b.target, database.TestOptions{Timeout: stageTime, Roots: trustedRoots(w)})
	if err != nil {
		return kept.stays(err.Error())
	}
	err = conn.RestoreUser(ctx, change)
	if e := conn.Close(); err == nil && e != nil {
		err = e
	}
	if err != nil {
		return kept.stays(err.Error())
	}
	return nil
}

func homeOf(ctx context.Context) (*Workspace, error) {
	in, err := carbon.Open(ctx, apply.HomeOf(ctx), carbon.Options{})
	if err != nil {
		return nil, err
	}
	return NewWorkspace(in), nil
}

const againBoth = "Apply the same answers again: that brings database and files together, whichever of the two the database has."

// stays says what is so where the old row could not be put back.
func (k keptUser) stays(why string) error {
	return &apply.UndoError{State: fmt.Sprintf("The row of the user %s in UM_USER of %s (datasource %s) could not be put back: %s It holds what the run has written, unless the run was cut off before that counted, or somebody has changed it since; "+
		"the files are as before the run. %s", k.User, k.Database, k.Source, strings.TrimSpace(why), againBoth)}
}
