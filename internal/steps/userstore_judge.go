package steps

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/directory"
	"carbon-setup/internal/remote"
)

// directoryAnswers are the answers that set a property of the store.
var directoryAnswers = map[string]string{
	"ConnectionURL": keyUsersURL, "ConnectionName": keyUsersBindDN, "ConnectionPassword": keyUsersPass, "UserSearchBase": keyUsersUserBase, "UserNameAttribute": keyUsersUserAttr,
	"UserNameListFilter": keyUsersUserList, "UserNameSearchFilter": keyUsersUserFind, "UserEntryObjectClass": keyUsersUserClass, "UserDNPattern": keyUsersPattern,
	"ReadGroups": keyUsersGroups, "WriteGroups": keyUsersGroups, "GroupSearchBase": keyUsersGroupBase, "GroupNameAttribute": keyUsersGroupAttr,
	"GroupNameListFilter": keyUsersGroupList, "GroupNameSearchFilter": keyUsersGroupFind, "GroupEntryObjectClass": keyUsersGroupObj,
	"MembershipAttribute": keyUsersMember, "MemberOfAttribute": keyUsersMemberOf, "BackLinksEnabled": keyUsersBackLinks, "EmptyRolesAllowed": keyUsersEmpty, "Referral": keyUsersReferral, "defaultRealmName": keyUsersRealm, "passwordHashMethod": keyUsersHash, "PasswordHashMethod": keyUsersHash,
}

func directoryFault(f directory.Fault) Problem {
	key := directoryAnswers[f.Field]
	if key == "" {
		key = keyUsersType
	}
	return Problem{Severity: f.Severity, Key: key, Message: f.What, Fix: f.Fix}
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
		all = append(all, judgeDirectory(now, d)...)
	}
	if d.typed == string(directory.ReadOnly) && a.Text(keyUsersGroups) == groupsWrite {
		all = append(all, Problem{Severity: Error, Key: keyUsersGroups, Message: "Carbon makes no groups in a directory that it only reads.", Fix: "Set user_store.groups: read, or user_store.type: ldap."})
	}
	all = append(all, judgeDatasource(w, a, d)...)
	all = append(all, judgeRules(w, a, now, d)...)
	if len(now.primaries) > 1 {
		all = append(all, Problem{
			Severity: Error, Key: keyUsersType, Message: carbon.UserMgtXML + ": two primary user stores are live (lines " + numberText(now.primaries[0].Line()) + " and " + numberText(now.primaries[1].Line()) + ").",
			Fix: "Comment out the one that is not meant, or give it a DomainName: Carbon takes the first for the primary one, and leaves the other out with a warning in its log.",
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

func judgeDirectory(now *presentStore, d *storeWish) []Problem {
	var all []Problem
	faults := append(append(d.server.Faults(), d.store.Faults()...), directory.FaultsTogether(d.server, d.store)...)
	account := map[string]string{"ConnectionURL": d.server.URL, "ConnectionName": d.server.BindDN, "ConnectionPassword": d.server.Password.Reveal()}
	for _, f := range faults {
		if f.Field == "ConnectionPassword" && now.sealed != "" && !d.server.Password.IsSet() {
			continue // it is in the vault
		}
		if given, asked := account[f.Field]; asked && given == "" && !now.holds(d) {
			continue // the field says that it is missing
		}
		all = append(all, directoryFault(f))
	}
	if now.sealed != "" && d.server.Password.IsSet() {
		all = append(all, Problem{Severity: Error, Key: keyUsersPass, Message: "The password is in the secure vault (alias " + now.sealed + "), which cannot be opened.", Fix: "Give the password of the vault as " + keyVaultKeyPassword + "."})
	}
	switch add, _ := d.wantsAddAdmin(now); {
	case !add && !d.groups():
		all = append(all, Problem{
			Severity: Error, Key: keyUsersAddAdmin, Message: "Without groups of the directory the administrator's role is one of Carbon's own, and with AddAdmin false nobody makes it: the first start stops with \"Admin role can not be created in primary user store\".",
			Fix: "Set user_store.add_admin: true.",
		})
	case add && d.asksAdd && d.writes():
		all = append(all, Problem{
			Severity: Note, Key: keyUsersAddAdmin, Message: "If the directory has no such account or role, the first start makes them there.",
			Fix: "Run the test: it tells whether they are there.",
		})
	}
	return all
}

// judgeDatasource judges the datasource of the realm against the install and against the answers of guideline 6.
func judgeDatasource(w *Workspace, a *answers.Set, d *storeWish) []Problem {
	if d.users == "" {
		return nil
	}
	for _, name := range a.Names(sectionDatasources) {
		if name != d.users && slices.Contains(a.List(dsKey(name, dsUse)), useUsers) {
			return []Problem{{Severity: Error, Key: keyUsersData, Message: "The answers name two datasources for the users: " + d.users + " here, and " + name + " in " + dsKey(name, dsUse) + ".", Fix: "Leave one of them out."}}
		}
	}
	if a.Text(dsKey(d.users, dsJNDI)) != "" {
		return nil // a new one, which guideline 6 judges
	}
	blocks, _ := readBlocks(w)
	if b := block(blocks, d.users); b != nil && b.jndi != "" {
		return nil
	}
	names := make([]string, 0, len(blocks))
	for _, b := range blocks {
		if b.jndi != "" {
			names = append(names, b.name)
		}
	}
	return []Problem{{Severity: Error, Key: keyUsersData, Message: "There is no datasource " + d.users + " with a JNDI name.", Fix: "The datasources are " + strings.Join(names, ", ") + "; for a new one, answer datasources." + d.users + " with a JNDI name and use: [users]."}}
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
	o := directory.TestOptions{Timeout: stageTime, Roots: trustedByAnswers(w, a), SampleUser: a.Text(keyUsersSample), SamplePassword: a.Secret(keyUsersSamplePw)}
	if s.dial != nil {
		o.Dial, o.Lookup, o.Roots = s.dial.Dial, s.dial.Lookup, s.dial.Roots
	}
	o.Write, _ = a.Bool(keyUsersTestWrite)
	o.AdminUser, o.AdminRole = wantedAccount(a, scanAdmin(w).account()).user, adminRole(w)
	t := &directoryTest{server: d.server, store: d.store, options: o}
	t.addAdmin, _ = d.wantsAddAdmin(readStore(w))
	stages := d.stages(a)
	all := make([]Check, len(stages))
	for i, stage := range stages {
		all[i] = t.check(stage, i == 0, i == len(stages)-1)
	}
	return all
}

// stages are those of the test that the answers have something for. Validate says what it means that there is no user to try.
func (d *storeWish) stages(a *answers.Set) []directory.Stage {
	sample := a.Text(keyUsersSample) != ""
	write, _ := a.Bool(keyUsersTestWrite)
	asked := map[directory.Stage]bool{
		directory.SampleUser: sample, directory.Groups: d.groups(), directory.Membership: sample && d.groups(), directory.Write: write && d.writes(),
	}
	return slices.DeleteFunc(directory.Stages(), func(stage directory.Stage) bool {
		yes, optional := asked[stage]
		return optional && !yes
	})
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
	server   directory.Server
	store    directory.Store
	options  directory.TestOptions
	addAdmin bool

	mu     sync.Mutex // a check that ran out of time may still be on its way out when the next one begins
	tester *directory.Tester
	idle   *time.Timer // closes a test that nobody goes on with
}

func (t *directoryTest) check(stage directory.Stage, first, last bool) Check {
	id := "user_store." + string(stage)
	return Check{ID: id, Title: "Directory: " + stage.Title(), Timeout: 2*stageTime + stageEnd, Run: func(ctx context.Context) Result {
		t.mu.Lock()
		defer t.mu.Unlock()
		if first {
			t.close()
		}
		if t.tester == nil {
			t.tester = directory.NewTester(t.server, t.store, t.options)
		}
		t.stopIdle()
		r := t.tester.Run(ctx, stage)
		found := t.tester.Findings()
		if last || ctx.Err() != nil {
			t.close()
		} else {
			t.idle = time.AfterFunc(stageTime, t.closeIdle)
		}
		return t.toldResult(id, stage, r, found)
	}}
}

// stageEnd is how much longer a check waits for the end of its stage, which says more.
const stageEnd = 2 * time.Second

func (t *directoryTest) stopIdle() {
	if t.idle != nil {
		t.idle.Stop()
		t.idle = nil
	}
}

// close ends the connection; the lock is held.
func (t *directoryTest) close() {
	t.stopIdle()
	if t.tester != nil {
		t.tester.Close()
		t.tester = nil
	}
}

func (t *directoryTest) closeIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil { // nobody has gone on meanwhile
		t.close()
	}
}

// toldResult is what became of a stage, with what the answers make of it.
func (t *directoryTest) toldResult(id string, stage directory.Stage, r directory.StageResult, found directory.Findings) Result {
	res := directoryResult(id, r)
	switch {
	case stage == directory.TLS && r.Status == directory.OK && t.options.Roots == nil && t.server.Encrypted():
		res.Status, res.Severity = Warn, Warning
		res.Message += " The truststore of the server could not be opened, so the certificate was judged by what this machine trusts."
		res.Fix = "Mend the truststore (guideline 2), and test again."
	case r.Err != nil && r.Err.Kind == directory.Untrusted:
		res.Fix = strings.Replace(res.Fix, "into client-truststore.jks", "with truststore.import (guideline 2, SSL keys)", 1)
	case stage == directory.Admin && (r.Status == directory.OK || r.Status == directory.Warn):
		t.tellAdmin(&res, found)
	}
	return res
}

// tellAdmin adds what AddAdmin makes of what was found.
func (t *directoryTest) tellAdmin(res *Result, found directory.Findings) {
	switch needs := found.NeedsAddAdmin(t.store); {
	case needs && !t.addAdmin:
		res.Status, res.Severity = Fail, Error
		res.Message += " AddAdmin will be false: the first start stops."
		res.Fix = "Set user_store.add_admin: true, or have the directory complete."
	case needs && found.Admin == directory.No:
		res.Status, res.Severity = Warn, Warning
		res.Message += " AddAdmin will be true: the first start makes an account in this directory, with the password of guideline 1."
		res.Fix = "Go on if that is wanted; otherwise name an account of the directory in admin.username."
	case needs:
		res.Message += " AddAdmin will be true, as it has to be."
		if found.Role == directory.No { // the tester's advice is followed already
			res.Status, res.Severity, res.Fix = Warn, Warning, "Go on if the role may be made; otherwise have the group made first."
		}
	}
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
		res.Message, res.Why, res.Fix = remote.Paragraph(e.What, remote.Said(e.Server)), e.Cause, e.Fix
	}
	return res
}
