package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
	"carbon-setup/internal/secret"
)

// fakeUserBase plays the database of the users.
type fakeUserBase struct {
	users   map[string]string // name -> password; "" = disabled
	refuse  error             // of opening
	broken  error             // of every look into the table
	targets []string
	log     []string
	rule    database.PasswordRule
}

func (f *fakeUserBase) open(_ context.Context, t database.Target, _ database.TestOptions) (userConn, error) {
	f.targets = append(f.targets, t.String())
	if f.refuse != nil {
		return nil, f.refuse
	}
	return f, nil
}

func (f *fakeUserBase) there(name string) error {
	if f.broken != nil {
		return f.broken
	}
	if _, ok := f.users[name]; !ok {
		return &database.Error{Kind: database.NoUser, What: "UM_USER has no user " + name + "."}
	}
	return nil
}

func (f *fakeUserBase) FindUser(_ context.Context, name string) (database.User, error) {
	return database.User{ID: 1, Name: name}, f.there(name)
}

func (f *fakeUserBase) SetPassword(_ context.Context, name string, r database.PasswordRule, p secret.Secret, keep database.Keep) (database.UserChange, error) {
	f.rule = r
	return f.change(name, p.Reveal(), keep)
}

func (f *fakeUserBase) DisableUser(_ context.Context, name string, keep database.Keep) (database.UserChange, error) {
	return f.change(name, "", keep)
}

func (f *fakeUserBase) change(name, to string, keep database.Keep) (database.UserChange, error) {
	if err := f.there(name); err != nil {
		return database.UserChange{}, err
	}
	c := database.UserChange{Name: name, Before: database.UserRow{Hash: "h:" + f.users[name]}, After: database.UserRow{Hash: "h:" + to}}
	if err := keep(c); err != nil {
		return c, err
	}
	f.users[name] = to
	f.log = append(f.log, "set "+name)
	return c, nil
}

func (f *fakeUserBase) RestoreUser(_ context.Context, c database.UserChange) error {
	f.users[c.Name] = strings.TrimPrefix(c.Before.Hash, "h:")
	f.log = append(f.log, "restore "+c.Name)
	return nil
}

func (f *fakeUserBase) Close() error { return nil }

// fakeUsers has the steps meet a fake database of users.
func fakeUsers(t *testing.T, users map[string]string) *fakeUserBase {
	t.Helper()
	f := &fakeUserBase{users: users}
	was := registry[0]
	registry[0] = admin{open: f.open}
	t.Cleanup(func() { registry[0] = was })
	return f
}

// externalHome is a sample that was started, with its users in PostgreSQL.
func externalHome(t *testing.T, which string) string {
	t.Helper()
	home := sampleHome(t, which)
	setFile(t, home, carbon.CarbonLog, "TID: [0] WSO2 Carbon started in 41 sec\n")
	text := readFile(t, home, carbon.MasterDS)
	at := strings.Index(text, "jdbc:h2:repository/database/WSO2CARBON_DB")
	if at < 0 {
		t.Fatal("the sample has no H2 database of users")
	}
	end := at + strings.Index(text[at:], "</url>")
	setFile(t, home, carbon.MasterDS, text[:at]+"jdbc:postgresql://db1.example.com:5432/carbon"+text[end:])
	return home
}

func actionNames(p *apply.Plan) []string {
	names := []string{}
	for _, a := range p.Actions {
		names = append(names, a.Name)
	}
	return names
}

func runActions(t *testing.T, p *apply.Plan) error {
	t.Helper()
	for _, a := range p.Actions {
		if err := a.Do(t.Context()); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return nil
}

func undoActions(t *testing.T, p *apply.Plan) {
	t.Helper()
	for i := range p.Actions {
		if err := p.Actions[len(p.Actions)-1-i].Undo(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAdminInUserDatabase(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		t.Run(which, func(t *testing.T) {
			f := fakeUsers(t, map[string]string{"admin": "admin", "carla": "hers"})
			home := externalHome(t, which)
			yaml := adminAnswers(t, "", tricky)
			out := planTwice(t, home, yaml)
			if len(f.targets) != 0 {
				t.Error("planning has connected")
			}
			if got := actionNames(out.Plan); len(got) != 1 || got[0] != "Password of the administrator admin" {
				t.Fatalf("the actions are %q", got)
			}
			for range 2 {
				if err := runActions(t, out.Plan); err != nil || f.users["admin"] != tricky || f.users["carla"] != "hers" {
					t.Errorf("%v: %v", err, f.users)
				}
			}
			if f.rule != (database.PasswordRule{Digest: "SHA-256", Salted: true}) || f.targets[0] != "PostgreSQL db1.example.com:5432/carbon" {
				t.Errorf("%+v in %s", f.rule, f.targets)
			}
			text := out.Plan.Actions[0].Detail + "\n"
			for _, p := range out.Problems {
				text += p.Severity.String() + " " + p.Key + ": " + p.Message + "\n    " + p.Fix + "\n"
			}
			text += adviceLines(out.Advice) + resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, yaml))) + resultLines(findings(t, home, 1))
			noSecret(t, text+fmt.Sprintf("%+v %#v", out.Plan.Actions, out.Plan.Actions), secret.New(tricky))
			golden(t, "admin/"+which+"-userbase.txt", strings.ReplaceAll(text, home, "HOME"))
		})
	}
}

func TestAdminUndoInUserDatabase(t *testing.T) {
	f := fakeUsers(t, map[string]string{"admin": "admin", "carla": "hers"})
	out := buildPlan(t, externalHome(t, "api"), adminAnswers(t, "carla", tricky)+"  disable_old: true\n")
	undoActions(t, out.Plan)
	if len(f.log) != 0 {
		t.Errorf("undone before it was done: %q", f.log)
	}
	if err := runActions(t, out.Plan); err != nil || f.users["carla"] != tricky || f.users["admin"] != "" {
		t.Errorf("%v: %v", err, f.users)
	}
	undoActions(t, out.Plan)
	if f.users["admin"] != "admin" || f.users["carla"] != "hers" {
		t.Errorf("%v", f.users)
	}
}

func TestRenamedAdminInUserDatabase(t *testing.T) {
	home := externalHome(t, "api")
	for _, c := range []struct {
		name, yaml string
		addAdmin   string
		users      map[string]string
		actions    string
		want       string // of the users after
		fails      string
		warns      string
	}{
		{"new one", "", "true", map[string]string{"admin": "x"}, "Password of the administrator opsadmin", "map[admin:x]", "", "admin.disable_old: true"},
		{"new one, old disabled", "  disable_old: true\n", "true", map[string]string{"admin": "x"}, "Password of the administrator opsadmin|Disabling of the former administrator admin", "map[admin:]", "", ""},
		{"old kept on purpose", "  disable_old: false\n", "true", map[string]string{"admin": "x"}, "Password of the administrator opsadmin", "map[admin:x]", "", "admin.disable_old: true"},
		{"both there", "  disable_old: true\n", "true", map[string]string{"admin": "x", "opsadmin": "y"}, "Password of the administrator opsadmin|Disabling of the former administrator admin", "map[admin: opsadmin:N3w-Passw0rd-x]", "", ""},
		{"old not there", "  disable_old: true\n", "true", map[string]string{"carla": "x"}, "Password of the administrator opsadmin|Disabling of the former administrator admin", "map[carla:x]", "", ""},
		{"nobody would create it", "  disable_old: true\n", "false", map[string]string{"admin": "x"}, "Password of the administrator opsadmin|Disabling of the former administrator admin", "map[admin:x]", "no user opsadmin", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fakeUsers(t, c.users)
			setFile(t, home, carbon.UserMgtXML, strings.Replace(readFile(t, home, carbon.UserMgtXML), "<AddAdmin>true<", "<AddAdmin>"+c.addAdmin+"<", 1))
			defer func() {
				setFile(t, home, carbon.UserMgtXML, strings.Replace(readFile(t, home, carbon.UserMgtXML), "<AddAdmin>false<", "<AddAdmin>true<", 1))
			}()
			out := buildPlan(t, home, adminAnswers(t, "opsadmin", "N3w-Passw0rd-x")+c.yaml)
			if got := strings.Join(actionNames(out.Plan), "|"); got != c.actions {
				t.Errorf("the actions are %s", got)
			}
			err := runActions(t, out.Plan)
			if (c.fails == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%v", err)
			}
			if got := fmt.Sprint(f.users); got != c.want {
				t.Errorf("the users are %s, want %s", got, c.want)
			}
			told := problemLines(out.Problems) + adviceLines(out.Advice)
			for _, p := range out.Problems {
				told += p.Fix
			}
			if c.warns != "" && !strings.Contains(told, c.warns) {
				t.Errorf("nothing says %q:\n%s", c.warns, told)
			}
			if strings.Contains(c.actions, "Disabling") != strings.Contains(told, "is disabled") {
				t.Errorf("the disabling is not told:\n%s", told)
			}
		})
	}
}

// Where the database cannot be changed from here, or need not be, nothing is asked of it.
func TestNoActionOnUsers(t *testing.T) {
	for _, c := range []struct {
		name string
		bend func(t *testing.T, home string)
		says string
	}{
		{name: "never started", bend: func(t *testing.T, home string) { removeFile(t, home, carbon.CarbonLog) }},
		{name: "H2", bend: func(t *testing.T, home string) {
			replaceIn(t, home, carbon.MasterDS, "jdbc:postgresql://db1.example.com:5432/carbon", "jdbc:h2:repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE")
		}, says: "bin/chpasswd.sh"},
		{name: "directory", bend: func(t *testing.T, home string) {
			replaceIn(t, home, carbon.UserMgtXML, `<UserStoreManager class="`+jdbcUserStore, `<UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadWriteLDAPUserStoreManager`)
		}, says: "directory"},
		{name: "other digest", bend: func(t *testing.T, home string) {
			replaceIn(t, home, carbon.UserMgtXML, "<Property name=\"PasswordDigest\">SHA-256<", "<Property name=\"PasswordDigest\">WHIRLPOOL<")
		}, says: "WHIRLPOOL"},
		{name: "empty digest", bend: func(t *testing.T, home string) {
			replaceIn(t, home, carbon.UserMgtXML, "<Property name=\"PasswordDigest\">SHA-256<", "<Property name=\"PasswordDigest\"><")
		}, says: "PasswordDigest"},
		{name: "its own database", bend: func(t *testing.T, home string) {
			replaceIn(t, home, carbon.UserMgtXML, "<Property name=\"PasswordDigest\">", "<Property name=\"url\">jdbc:postgresql://x/y</Property><Property name=\"PasswordDigest\">")
		}, says: "property url"},
		{name: "unknown database", bend: func(t *testing.T, home string) {
			replaceIn(t, home, carbon.MasterDS, "jdbc:postgresql://db1.example.com:5432/carbon", "jdbc:db2://db1.example.com:50000/carbon")
		}, says: "not one that this program can change"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fakeUsers(t, map[string]string{"admin": "admin"})
			home := externalHome(t, "servlet")
			c.bend(t, home)
			out := buildPlan(t, home, adminAnswers(t, "", "N3w-Passw0rd-x"))
			for _, n := range actionNames(out.Plan) {
				if strings.HasPrefix(n, adminPasswordAction) {
					t.Errorf("it plans %s", n)
				}
			}
			if told := adviceLines(out.Advice); !strings.Contains(told, c.says) {
				t.Errorf("nothing says %q:\n%s", c.says, told)
			}
			if len(f.targets) != 0 {
				t.Error("it has connected")
			}
		})
	}
}

// Answers that lead the users elsewhere leave those of the present database alone and look at the other one; such that only change the login to it use that.
func TestUserDatabaseOfTheAnswers(t *testing.T) {
	t.Setenv("DB_PW", "db-Secret-1")
	w := openHome(t, externalHome(t, "servlet"))
	postgres := func(host string) string {
		return "datasources:\n  WSO2_CARBON_DB:\n    type: postgresql\n    host: " + host + "\n    database: carbon\n    username: other\n    password: {env: DB_PW}\n"
	}
	if base, _ := userBaseOf(w, answersOf(t, postgres("db2.example.com"))); base == nil || !base.moved || base.target.Host != "db2.example.com" {
		t.Errorf("%+v", base)
	}
	if base, _ := userBaseOf(w, answersOf(t, postgres("db1.example.com"))); base == nil || base.moved || base.target.Username != "other" || base.target.Password.Reveal() != "db-Secret-1" {
		t.Errorf("%+v", base)
	}
	if base, _ := userBaseOf(w, answersOf(t, "datasources:\n  UM:\n    type: postgresql\n    host: db1.example.com\n    database: um\n    jndi: jdbc/UM\n    use: [users]\n    username: x\n    password: {env: DB_PW}\n")); base == nil || !base.moved || base.source != "UM" {
		t.Errorf("%+v", base)
	}
	if base, why := userBaseOf(w, answersOf(t, "user_store:\n  type: ldap-readonly\n")); base != nil || !strings.Contains(why, "user store itself") {
		t.Errorf("%+v, %q", base, why)
	}
}

// movedAnswers lead the users to another server, and name the administrator.
func movedAnswers(t *testing.T, password string) string {
	t.Helper()
	t.Setenv("DB_PW", "db-Secret-1")
	return adminAnswers(t, "", password) + "datasources:\n  WSO2_CARBON_DB: {type: postgresql, host: db2.example.com, database: carbon, username: other, password: {env: DB_PW}, driver: " + pgDriver(t) + ", schema: skip}\n"
}

// The users are led to a database that has some already: the administrator gets the password there, the others are left alone, and a database without tables
// or without the administrator is none of the run's business.
func TestAdminInAnotherDatabase(t *testing.T) {
	for _, c := range []struct {
		name   string
		users  map[string]string
		broken error
		want   string // password of admin afterwards
	}{
		{name: "has users", users: map[string]string{"admin": "another", "bob": "b"}, want: "N3w-Passw0rd-x"},
		{name: "has no such user", users: map[string]string{"bob": "b"}},
		{name: "is empty", broken: &database.Error{Kind: database.NoUserTable, What: "There is no table UM_USER."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fakeUsers(t, c.users)
			f.broken = c.broken
			home := externalHome(t, "servlet")
			yaml := movedAnswers(t, "N3w-Passw0rd-x")
			out := buildPlan(t, home, yaml)
			if told := adviceLines(out.Advice); !strings.Contains(told, "lead its users to PostgreSQL db2.example.com:5432/carbon") {
				t.Errorf("nothing tells of it:\n%s", told)
			}
			if err := runActions(t, out.Plan); err != nil {
				t.Fatal(err)
			}
			if f.users["admin"] != c.want || c.users != nil && f.users["bob"] != "b" {
				t.Errorf("afterwards there are %v", f.users)
			}
			for _, to := range f.targets {
				if !strings.Contains(to, "db2.example.com") {
					t.Errorf("it went to %s", to)
				}
			}
			undoActions(t, out.Plan)
			if c.want != "" && f.users["admin"] != "another" {
				t.Errorf("it is not undone: %v", f.users)
			}
			applyNow(t, home, out.Plan)
			if again := buildPlan(t, home, yaml); !again.Plan.Empty() {
				t.Errorf("a second run has %q", actionNames(again.Plan))
			}
		})
	}
}

// A server that was never started and is led to a database that has users: they are looked at and left alone.
func TestFreshServerAtUsersOfOthers(t *testing.T) {
	for _, c := range []struct {
		name, file, with string
		users            map[string]string
		refuse, broken   error
		want             string
	}{
		{name: "another password", users: map[string]string{"admin": "x"}, want: "admin.user warn: admin in UM_USER of PostgreSQL db2.example.com:5432/carbon is there already, with another password"},
		{name: "no such user", users: map[string]string{"bob": "x"}, want: "admin.user ok: UM_USER of PostgreSQL db2.example.com:5432/carbon has no user admin yet. The next start creates it."},
		{name: "no table", broken: &database.Error{Kind: database.NoUserTable}, want: "admin.user ok: UM_USER of PostgreSQL db2.example.com:5432/carbon has no user admin yet"},
		{name: "nobody adds it", broken: &database.Error{Kind: database.NoUserTable}, file: "<AddAdmin>true<", with: "<AddAdmin>false<", want: "admin.user warn: UM_USER of PostgreSQL db2.example.com:5432/carbon has no user admin, and <AddAdmin> is not true"},
		{name: "down", refuse: &database.Error{Stage: database.Connect, Kind: database.Refused, What: "Nothing listens there."}, want: "admin.user unknown: Not looked at: UM_USER of PostgreSQL db2.example.com:5432/carbon cannot be read. Nothing listens there."},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fakeUsers(t, c.users)
			f.refuse, f.broken = c.refuse, c.broken
			home := sampleHome(t, "servlet")
			if c.file != "" {
				replaceIn(t, home, carbon.UserMgtXML, c.file, c.with)
			}
			yaml := movedAnswers(t, "N3w-Passw0rd-x")
			var got []string
			for _, check := range (admin{open: f.open}).Checks(openHome(t, home), answersOf(t, yaml)) {
				r := check.Run(t.Context())
				got = append(got, fmt.Sprintf("%s %s: %s", r.ID, r.Status, r.Message))
			}
			if all := strings.Join(got, "\n"); !strings.HasPrefix(all, c.want) {
				t.Errorf("they say\n%s\nwant\n%s", all, c.want)
			}
			if names := actionNames(buildPlan(t, home, yaml).Plan); len(names) != 0 {
				t.Errorf("it plans %q", names)
			}
		})
	}
}

// The action goes with the answers: nothing changes, nothing is done.
func TestSameAdminNeedsNoDatabase(t *testing.T) {
	fakeUsers(t, nil)
	home := externalHome(t, "servlet")
	yaml := adminAnswers(t, "", "N3w-Passw0rd-x")
	planTwice(t, home, yaml) // the second plan is empty, actions included
	if c := (admin{}).Checks(openHome(t, home), answersOf(t, yaml)); len(c) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestDisableRefusals(t *testing.T) {
	fakeUsers(t, nil)
	home := externalHome(t, "servlet")
	found := problems(t, home, adminAnswers(t, "Admin", "N3w-Passw0rd-x")+"  disable_old: true\n")
	if lines := problemLines(found); !strings.Contains(lines, "error "+keyAdminDisableOld+": admin and Admin differ in nothing but capital letters") {
		t.Errorf("%s", lines)
	}
	if out := buildPlan(t, home, adminAnswers(t, "PRIMARY/admin", "N3w-Passw0rd-x")+"  disable_old: true\n"); len(out.Plan.Actions) != 1 {
		t.Errorf("the same user by another name: %q", actionNames(out.Plan))
	}
	h2 := sampleHome(t, "servlet")
	setFile(t, h2, carbon.CarbonLog, "started\n")
	if lines := problemLines(problems(t, h2, adminAnswers(t, "opsadmin", "N3w-Passw0rd-x")+"  disable_old: true\n")); !strings.Contains(lines, "admin cannot be disabled from here") {
		t.Errorf("%s", lines)
	}
}

func TestDisableIsAskedWhereItMatters(t *testing.T) {
	home := externalHome(t, "servlet")
	asked := func(home, yaml string) *Field {
		for _, f := range (admin{}).Fields(openHome(t, home), answersOf(t, yaml)) {
			if f.Key == keyAdminDisableOld {
				return &f
			}
		}
		return nil
	}
	if f := asked(home, "admin:\n  username: opsadmin\n"); f == nil || f.Default != "true" || f.Kind != answers.Bool {
		t.Errorf("%+v", f)
	}
	if asked(home, "") != nil || asked(home, "admin:\n  username: admin\n") != nil || asked(sampleHome(t, "servlet"), "admin:\n  username: opsadmin\n") != nil {
		t.Error("it is asked where there is nobody to disable")
	}
}

func TestChecksOfUsers(t *testing.T) {
	refused := &database.Error{Stage: database.Connect, Kind: database.Refused, What: "Nothing listens there.", Fix: "Start it."}
	for _, c := range []struct {
		name  string
		users map[string]string
		open  error
		yaml  string
		want  string
	}{
		{"somebody", map[string]string{"admin": "x"}, nil, "", "admin.user warn: admin in UM_USER of PostgreSQL db1.example.com:5432/carbon has another password than user-mgt.xml"},
		{"nobody", nil, nil, "", "admin.user fail: UM_USER has no user admin"},
		{"down", nil, refused, "", "admin.user fail: Nothing listens there."},
		{"not yet", map[string]string{"admin": "x"}, nil, "opsadmin", "admin.user ok: UM_USER of PostgreSQL db1.example.com:5432/carbon has no user opsadmin yet. The next start creates it.\nadmin.former ok: admin in UM_USER of PostgreSQL db1.example.com:5432/carbon is going to be disabled"},
		{"neither", nil, nil, "opsadmin", "admin.former ok: UM_USER of PostgreSQL db1.example.com:5432/carbon has no user admin. There is nothing to disable."},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fakeUserBase{users: c.users, refuse: c.open}
			yaml := adminAnswers(t, c.yaml, "N3w-Passw0rd-x")
			if c.yaml != "" {
				yaml += "  disable_old: true\n"
			}
			var got []string
			for _, check := range (admin{open: f.open}).Checks(openHome(t, externalHome(t, "servlet")), answersOf(t, yaml)) {
				r := check.Run(t.Context())
				got = append(got, fmt.Sprintf("%s %s: %s", r.ID, r.Status, r.Message))
			}
			if all := strings.Join(got, "\n"); !strings.Contains(all, c.want) {
				t.Errorf("they say\n%s\nwant\n%s", all, c.want)
			}
			if len(f.log) != 0 {
				t.Errorf("a check writes: %q", f.log)
			}
		})
	}
}

// A run that is cut off, or restored, is undone by another process, with what the action has kept.
func TestUndoByAnotherProcess(t *testing.T) {
	f := fakeUsers(t, map[string]string{"admin": "admin"})
	home := externalHome(t, "servlet")
	out := buildPlan(t, home, adminAnswers(t, "", "N3w-Passw0rd-x"))
	o := apply.Options{System: apply.Real(), Who: apply.CurrentWho("test")}
	if _, err := apply.Apply(t.Context(), out.Plan, o); err != nil || f.users["admin"] != "N3w-Passw0rd-x" {
		t.Fatalf("%v: %v", err, f.users)
	}
	ro := apply.RestoreOptions{Options: o}
	ro.UndoAction = func(ctx context.Context, _, _ string) error {
		f.refuse = &database.Error{What: "The database is down."}
		err := undoUser(ctx, f.open)
		var state *apply.UndoError
		if !errors.As(err, &state) || !strings.Contains(state.State, "The database is down. It holds what the run has written") || !strings.Contains(state.State, "Apply the same answers again") {
			t.Errorf("%v", err)
		}
		f.refuse = nil
		return undoUser(ctx, f.open)
	}
	res, _, err := apply.Restore(t.Context(), home, ro)
	if err != nil || len(res.Warnings) != 0 {
		t.Fatalf("%v, %+v", err, res)
	}
	if f.users["admin"] != "admin" || !strings.Contains(readFile(t, home, carbon.UserMgtXML), "<Password>admin</Password>") {
		t.Errorf("%v", f.users)
	}
	if err := undoUser(t.Context(), f.open); err != nil {
		t.Errorf("nothing was kept, so nothing was done: %v", err)
	}
}
