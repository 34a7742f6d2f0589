package steps

import (
	"context"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/directory"
)

// directoryFields are the answers that set a property of the store.
var directoryAnswers = map[string]string{
	"ConnectionURL": keyUsersURL, "ConnectionName": keyUsersBindDN, "ConnectionPassword": keyUsersPass, "UserSearchBase": keyUsersUserBase, "UserNameAttribute": keyUsersUserAttr,
	"UserNameListFilter": keyUsersUserList, "UserNameSearchFilter": keyUsersUserFind, "UserEntryObjectClass": keyUsersUserClass, "UserDNPattern": keyUsersPattern,
	"ReadGroups": keyUsersGroups, "WriteGroups": keyUsersGroups, "GroupSearchBase": keyUsersGroupBase, "GroupNameAttribute": keyUsersGroupAttr,
	"GroupNameListFilter": keyUsersGroupList, "GroupNameSearchFilter": keyUsersGroupFind, "GroupEntryObjectClass": keyUsersGroupObj,
	"MembershipAttribute": keyUsersMember, "MemberOfAttribute": keyUsersMemberOf, "Referral": keyUsersReferral, "defaultRealmName": keyUsersRealm, "passwordHashMethod": keyUsersHash,
}

func directoryFault(f directory.Fault) Problem {
	key := directoryAnswers[f.Field]
	if key == "" {
		key = keyUsersType
	}
	severity := map[directory.Severity]Severity{directory.Note: Note, directory.Warning: Warning, directory.Bad: Error}[f.Severity]
	return Problem{Severity: severity, Key: key, Message: f.What, Fix: f.Fix}
}

// directoryProblem is the worst fault of one field.
func directoryProblem(key string, all []directory.Fault, field string) *Problem {
	var worst *Problem
	for _, f := range all {
		if f.Field != field {
			continue
		}
		if p := directoryFault(f); worst == nil || p.Severity > worst.Severity {
			p.Key = key
			worst = &p
		}
	}
	return worst
}

func (s userstore) Validate(w *Workspace, a *answers.Set) []Problem {
	now := readStore(w)
	if now.err != nil || now.element == nil {
		return nil // Plan names the file
	}
	d := wishedStore(w, a)
	var all []Problem
	if d.isDirectory() {
		all = append(all, s.judgeDirectory(now, d)...)
	} else {
		all = append(all, judgeJDBC(w, a, d)...)
	}
	if len(now.primaries) > 1 {
		all = append(all, Problem{
			Severity: Error, Key: keyUsersType, Message: now.primaries[1].Parent().Path() + ": there are two live primary user stores (" + carbon.UserMgtXML + ", lines " + numberText(now.primaries[0].Line()) + " and " + numberText(now.primaries[1].Line()) + ").",
			Fix: "Comment one of them out by hand: which of the two counts cannot be told.",
		})
	}
	if w.Install.Started.Yes && now.typeName() != d.typed {
		all = append(all, Problem{
			Severity: Warning, Key: keyUsersType, Message: "This server has been started before (" + w.Install.Started.Evidence + "). Users, their roles and their permissions in the present store (" + now.title() + ") are left behind.",
			Fix: "Give the roles and permissions again in the console after the change; the old store is not touched.",
		})
	}
	if a.Text(keyUsersSample) == "" && d.isDirectory() {
		all = append(all, Problem{Severity: Note, Key: keyUsersSample, Message: "Without a user to try, nobody knows whether the filters find one.", Fix: "Give user_store.sample_user."})
	}
	return all
}

func (s userstore) judgeDirectory(now *presentStore, d *storeWish) []Problem {
	var all []Problem
	faults := append(append(d.server.Faults(), d.store.Faults()...), directory.FaultsTogether(d.server, d.store)...)
	for _, f := range faults {
		if f.Field == "ConnectionPassword" && now.sealed != "" && !d.server.Password.IsSet() {
			continue // it is in the vault
		}
		all = append(all, directoryFault(f))
	}
	if now.sealed != "" && d.server.Password.IsSet() {
		all = append(all, Problem{Severity: Error, Key: keyUsersPass, Message: "The password is in the secure vault (alias " + now.sealed + "), which cannot be opened.", Fix: "Give the password of the vault as " + keyVaultKeyPassword + "."})
	}
	if d.asksAdd && d.addAdmin && d.store.Kind == directory.ReadOnly {
		all = append(all, Problem{Severity: Error, Key: keyUsersAddAdmin, Message: "Carbon cannot make the administrator in a directory that it only reads: the first start fails with \"Admin user can not be created\".", Fix: "Set user_store.add_admin: false, and name an account of the directory in admin.username."})
	}
	return all
}

func judgeJDBC(w *Workspace, a *answers.Set, d *storeWish) []Problem {
	if d.users == "" {
		return nil
	}
	blocks, _ := readBlocks(w)
	if containsText(a.Names(sectionDatasources), d.users) {
		return nil // a new one, or one of the install
	}
	if b := block(blocks, d.users); b != nil && b.jndi != "" {
		return nil
	}
	names := make([]string, len(blocks))
	for i, b := range blocks {
		names[i] = b.name
	}
	return []Problem{{Severity: Error, Key: keyUsersData, Message: "There is no datasource " + d.users + " with a JNDI name.", Fix: "The datasources are " + strings.Join(names, ", ") + "; for a new one, answer datasources." + d.users + " with use: [users]."}}
}

// Checks ask the directory, stage by stage, with the truststore that the server will use.
func (s userstore) Checks(w *Workspace, a *answers.Set) []Check {
	w.openVault(a)
	d := wishedStore(w, a)
	if !d.isDirectory() {
		return nil
	}
	for _, f := range append(d.server.Faults(), d.store.Faults()...) {
		if f.Severity == directory.Bad {
			return nil // Validate has said so
		}
	}
	o := directory.TestOptions{Timeout: stageTime, Roots: trustedRoots(w), SampleUser: a.Text(keyUsersSample), SamplePassword: a.Secret(keyUsersSamplePw)}
	if s.dial != nil {
		o.Dial, o.Lookup, o.Roots = s.dial.Dial, s.dial.Lookup, s.dial.Roots
	}
	o.Write, _ = a.Bool(keyUsersTestWrite)
	o.AdminUser, o.AdminRole = wantedAccount(a, scanAdmin(w).account()).user, adminRole(w)
	t := &directoryTest{server: d.server, store: d.store, options: o}
	var all []Check
	for i, stage := range directory.Stages() {
		all = append(all, t.check(i, stage))
	}
	return all
}

func adminRole(w *Workspace) string {
	doc, err := w.XML(carbon.UserMgtXML)
	if err != nil {
		return ""
	}
	return doc.First(realmConfig + "/AdminRole").Text()
}

// directoryTest is one test that several checks share; they run one after the other, the first one begins anew.
type directoryTest struct {
	server  directory.Server
	store   directory.Store
	options directory.TestOptions
	tester  *directory.Tester
}

func (t *directoryTest) check(number int, stage directory.Stage) Check {
	id := "user_store." + string(stage)
	return Check{ID: id, Title: "Directory: " + stage.Title(), Run: func(ctx context.Context) Result {
		if number == 0 && t.tester != nil {
			t.tester.Close()
			t.tester = nil
		}
		if t.tester == nil {
			t.tester = directory.NewTester(t.server, t.store, t.options)
		}
		r := t.tester.Run(ctx, stage)
		if number == len(directory.Stages())-1 || ctx.Err() != nil {
			t.tester.Close()
		}
		return directoryResult(id, r)
	}}
}

// directoryResult is a stage as the result of a check. What was not tested is never told as good.
func directoryResult(id string, r directory.StageResult) Result {
	res := Result{ID: id, Guideline: 7, Message: r.Message}
	switch r.Status {
	case directory.OK:
		res.Status = OK
	case directory.Warn:
		res.Status, res.Severity = Warn, Warning
	case directory.Fail:
		res.Status, res.Severity = Fail, Error
	case directory.NotTested, directory.Skipped:
		res.Status = Unknown
	}
	if e := r.Err; e != nil {
		res.Message, res.Why, res.Fix = e.What, e.Cause, e.Fix
		if e.Server != "" {
			res.Message += " The server says: " + strings.TrimSuffix(e.Server, ".") + "."
		}
	}
	return res
}
