package steps

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/secret"
)

// realServer is a server with a user of its own, and where its driver is.
type realServer struct {
	kind   database.Kind
	server *dbtest.Server
	user   string
	script string
	driver func(t testing.TB) string
	tables string // counts the tables of a database
}

// eachServer runs a test on PostgreSQL, where a failed creation leaves nothing, and on MariaDB, where each statement counts at once.
func eachServer(t *testing.T, run func(t *testing.T, s *realServer)) {
	t.Helper()
	t.Setenv("DB_PW", dbPassword)
	literal := "'" + dbPassword + "'"
	t.Run("PostgreSQL", func(t *testing.T) {
		s := &realServer{kind: database.PostgreSQL, server: dbtest.PostgreSQL(t), script: "postgresql.sql", driver: pgDriver, tables: "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"}
		s.user = fmt.Sprintf("ds_%d", time.Now().UnixNano())
		s.server.Exec(t, "", "CREATE ROLE "+s.user+" LOGIN PASSWORD "+literal)
		t.Cleanup(func() { s.server.Exec(t, "", "DROP ROLE "+s.user) })
		run(t, s)
	})
	t.Run("MariaDB", func(t *testing.T) {
		s := &realServer{
			kind: database.MariaDB, server: dbtest.MariaDB(t), script: "mysql.sql", driver: func(t testing.TB) string { return driverOf(t, "mariadb.jar", "org.mariadb.jdbc.Driver", 6) },
			tables: "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()",
		}
		s.user = fmt.Sprintf("ds_%d", time.Now().UnixNano()%1e12)
		s.server.Exec(t, "", "CREATE USER "+s.user+"@'%' IDENTIFIED BY "+literal)
		t.Cleanup(func() { s.server.Exec(t, "", "DROP USER "+s.user+"@'%'") })
		run(t, s)
	})
}

func (s *realServer) database(t testing.TB) string {
	t.Helper()
	name := s.server.Database(t, "")
	if s.kind == database.PostgreSQL {
		s.server.Exec(t, "", "ALTER DATABASE "+name+" OWNER TO "+s.user)
		t.Cleanup(func() { s.server.Exec(t, "", "ALTER DATABASE "+name+" OWNER TO "+s.server.User) })
	} else {
		s.server.Exec(t, "", "GRANT ALL ON "+name+".* TO "+s.user+"@'%'")
	}
	return name
}

func (s *realServer) answers(t testing.TB, carbonDB, amDB, more string) string {
	return fmt.Sprintf("datasources:\n  WSO2_CARBON_DB: {type: %s, host: %s, port: %d, database: %s, username: %s, password: {env: DB_PW}, driver: %s%s}\n  WSO2AM_DB: {type: same, database: %s}\n",
		s.kind, dbtest.Host, s.server.Port, carbonDB, s.user, s.driver(t), more, amDB)
}

func (s *realServer) count(t testing.TB, db, query string) int {
	t.Helper()
	var n int
	if err := s.server.Admin(t, db).QueryRowContext(t.Context(), query).Scan(&n); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func testOptions() apply.Options {
	return apply.Options{System: apply.Real(), Now: time.Now, Who: apply.Who{User: "test"}, UndoAction: UndoAction}
}

// unchanged checks that a home is as before, but for what is written down about runs.
func unchanged(t testing.TB, home string, before map[string]sampleFile) {
	t.Helper()
	after := homeFiles(t, home)
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	for rel := range keys {
		if !strings.HasPrefix(rel, apply.StateDir) && (!bytes.Equal(before[rel].data, after[rel].data) || before[rel].mode != after[rel].mode) {
			t.Errorf("%s is not as before", rel)
		}
	}
}

// TestDatasourcesTables makes the tables of both databases, tells how far it is, and leaves them alone ever after.
func TestDatasourcesTables(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		home, first, second := sampleHome(t, "api"), s.database(t), s.database(t)
		yaml := s.answers(t, first, second, "")
		var told []string
		o := testOptions()
		o.Progress = func(e apply.Event) {
			if e.Stage == apply.StageActions {
				told = append(told, e.Path)
			}
		}
		out := buildPlan(t, home, yaml)
		if n := s.count(t, first, s.tables); n != 0 {
			t.Errorf("planning has made %d tables", n)
		}
		if _, err := apply.Apply(t.Context(), out.Plan, o); err != nil {
			t.Fatal(err)
		}
		if a, b := s.count(t, first, s.tables), s.count(t, second, s.tables); a == 0 || b == 0 {
			t.Errorf("%d and %d tables", a, b)
		}
		if text := strings.Join(told, "\n"); !strings.Contains(text, "Tables of WSO2AM_DB: dbscripts/apimgt/"+s.script+", statement 1 of ") || strings.Contains(text, dbPassword) {
			t.Errorf("told:\n%s", text)
		}
		if again := buildPlan(t, home, yaml).Plan; !again.Empty() {
			t.Errorf("planned again: %v, %v", planFiles(again), actionLines(again))
		}
		for _, r := range VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, yaml)) {
			if r.Status != OK {
				t.Errorf("verify: %+v", r)
			}
		}
		if _, _, err := apply.Restore(t.Context(), home, apply.RestoreOptions{Options: apply.Options{System: apply.Real(), Now: time.Now, Who: o.Who}}); err != nil {
			t.Fatal(err)
		}
		if n := s.count(t, first, s.tables); n == 0 {
			t.Error("restoring files has dropped tables")
		}
		s.server.Exec(t, first, "INSERT INTO REG_CLUSTER_LOCK (REG_LOCK_NAME) VALUES ('PLANTED')")
		if _, err := apply.Apply(t.Context(), buildPlan(t, home, yaml).Plan, testOptions()); err != nil { // a second node on the same databases
			t.Fatal(err)
		}
		if n := s.count(t, first, "SELECT count(*) FROM REG_CLUSTER_LOCK WHERE REG_LOCK_NAME = 'PLANTED'"); n != 1 {
			t.Errorf("%d planted rows", n)
		}
	})
}

// TestDatasourcesTablesFail: what a run has made is gone when it fails, what was there stays, and the install is as before.
func TestDatasourcesTablesFail(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		type fails struct {
			name, more string
			prepare    func(t *testing.T, home, first, second string)
			want       []string
			left       int // tables in the first database
		}
		for _, c := range []fails{
			{"a statement", "", func(t *testing.T, home, _, _ string) {
				rel := "dbscripts/apimgt/" + s.script
				text := strings.TrimRight(readFile(t, home, rel), "\r\n ")
				if i := strings.LastIndex(strings.ToLower(text), "commit;"); i > 0 {
					text = text[:i]
				}
				setFile(t, home, rel, text+"\nCREATE TABLE ODD (\n  A NOSUCHTYPE\n);\n")
			}, []string{"Tables of WSO2AM_DB", "dbscripts/apimgt/" + s.script + ", line ", "NOSUCHTYPE"}, 0},
			{"somebody else's tables", "", func(t *testing.T, _, first, _ string) {
				s.server.Exec(t, first, "CREATE TABLE UM_USER (SOMETHING INTEGER)", "INSERT INTO UM_USER VALUES (42)")
			}, []string{"Tables of WSO2_CARBON_DB"}, 1},
			{"tables that have to be there", ", schema: verify", func(*testing.T, string, string, string) {}, []string{"are missing in", "dbscripts/" + s.script}, 0},
			{"a wrong password", "", func(t *testing.T, _, _, _ string) { t.Setenv("DB_PW", "wrong") }, []string{s.user}, 0},
		} {
			t.Run(c.name, func(t *testing.T) {
				home, first, second := sampleHome(t, "api"), s.database(t), s.database(t)
				c.prepare(t, home, first, second)
				before := homeFiles(t, home)
				_, err := apply.Apply(t.Context(), buildPlan(t, home, s.answers(t, first, second, c.more)).Plan, testOptions())
				var rolled *apply.RolledBackError
				if !errors.As(err, &rolled) {
					t.Fatalf("not rolled back: %v", err)
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the error does not say %q: %v", want, err)
					}
				}
				noSecret(t, err.Error(), secret.New(dbPassword))
				unchanged(t, home, before)
				if n := s.count(t, first, s.tables); n != c.left {
					t.Errorf("%d tables in the first database, want %d", n, c.left)
				}
				if n := s.count(t, second, s.tables); n != 0 {
					t.Errorf("%d tables in the second database", n)
				}
				if c.left == 1 && s.count(t, first, "SELECT SOMETHING FROM UM_USER") != 42 {
					t.Error("the planted row is gone")
				}
			})
		}
	})
}

// TestDatasourcesTablesGoOn: a part of the tables is there, as a run leaves them that was cut off; the next one goes on. That its process was killed is
// what cmd/carbon-setup tests.
func TestDatasourcesTablesGoOn(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		home, first, second := sampleHome(t, "api"), s.database(t), s.database(t)
		before := homeFiles(t, home)
		yaml := s.answers(t, first, second, "")
		whole := openWish(t, home, yaml)
		script := readFile(t, home, "dbscripts/"+s.script)
		pieces := strings.SplitAfter(script, ";")
		if s.kind == database.MariaDB {
			if out, err := s.server.Client(t, first, strings.Join(pieces[:len(pieces)/2], "")); err != nil {
				t.Fatal(out, err)
			}
		}
		for _, action := range []string{tablesAction, lookAction} {
			if err := UndoAction(t.Context(), action+"WSO2_CARBON_DB", "40 tables"); err != nil {
				t.Errorf("the recovery is told that %scannot be undone: %v", action, err)
			}
		}
		if err := UndoAction(t.Context(), "something else", ""); err == nil {
			t.Error("an unknown action is told to be undone")
		}
		unchanged(t, home, before)
		if _, err := apply.Apply(t.Context(), buildPlan(t, home, yaml).Plan, testOptions()); err != nil {
			t.Fatal(err)
		}
		if n := s.count(t, first, s.tables); n < whole {
			t.Errorf("%d tables, want %d", n, whole)
		}
	})
}

// TestDatasourcesSecondNode: a node that only looks at the tables has nothing to answer for when its run is taken back; the one that made them says that they
// stay.
func TestDatasourcesSecondNode(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		first, second := s.database(t), s.database(t)
		for _, node := range []struct {
			more     string
			warnings int
		}{{"", 2}, {", schema: verify", 0}} {
			home := sampleHome(t, "api")
			yaml := strings.ReplaceAll(s.answers(t, first, second, node.more), "{type: same,", "{type: same"+node.more+",")
			out := buildPlan(t, home, yaml)
			if _, err := apply.Apply(t.Context(), out.Plan, testOptions()); err != nil {
				t.Fatal(err)
			}
			o := testOptions()
			o.UndoAction = UndoRestored
			res, _, err := apply.Restore(t.Context(), home, apply.RestoreOptions{Options: o})
			if err != nil || len(res.Warnings) != node.warnings {
				t.Errorf("%q: %v, %v, after %s", node.more, res, err, actionLines(out.Plan))
			}
		}
	})
}

// openWish is how many tables the script of WSO2_CARBON_DB makes.
func openWish(t testing.TB, home, yaml string) int {
	t.Helper()
	w := openHome(t, home)
	sets, err := scriptsFor(w, wishes(w, answersOf(t, yaml))[0])
	if err != nil || len(sets) != 1 {
		t.Fatal(sets, err)
	}
	return len(sets[0].Tables)
}

// TestDatasourcesChecks tests real connections by the checks of the step: what fails is told differently each time.
func TestDatasourcesChecks(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		home, db := sampleHome(t, "api"), s.database(t)
		good := s.answers(t, db, db, "")
		said := map[string]string{}
		for name, change := range map[string]func(string) string{
			"good": func(a string) string { return a },
			"name": func(a string) string {
				return strings.Replace(a, "host: "+dbtest.Host, "host: no-such-host.invalid", 1)
			},
			"port":        func(a string) string { return strings.Replace(a, fmt.Sprintf("port: %d", s.server.Port), "port: 1", 1) },
			"user":        func(a string) string { return strings.Replace(a, "username: "+s.user, "username: nobody_here", 1) },
			"database":    func(a string) string { return strings.Replace(a, "database: "+db, "database: no_such_db", 1) },
			"other kind":  func(a string) string { return a },
			"certificate": func(a string) string { return a },
		} {
			yaml := change(good)
			switch {
			case name == "other kind" && s.kind == database.PostgreSQL:
				yaml = strings.Replace(good, fmt.Sprintf("port: %d", s.server.Port), fmt.Sprintf("port: %d", dbtest.MariaDB(t).Port), 1)
			case name == "certificate" && s.kind == database.PostgreSQL:
				yaml = strings.Replace(good, "username:", "parameters: {sslmode: verify-full}, username:", 1)
			case name == "other kind" || name == "certificate":
				continue
			}
			text := checkLines(t, home, answersOf(t, yaml))
			noSecret(t, text, secret.New(dbPassword))
			if name == "good" {
				if strings.Contains(text, " fail") || !strings.Contains(text, "Schema") && !strings.Contains(text, "no table is there yet") {
					t.Errorf("good:\n%s", text)
				}
				continue
			}
			failure := ""
			for line := range strings.Lines(text) {
				if strings.Contains(line, " fail error: ") {
					failure = line
					break
				}
			}
			if failure == "" {
				t.Errorf("%s does not fail:\n%s", name, text)
			}
			if other := said[failure]; other != "" {
				t.Errorf("%s and %s are told alike: %s", name, other, failure)
			}
			said[failure] = name
			if name != "certificate" && !strings.Contains(text, "Not tested: an earlier stage failed") {
				t.Errorf("%s: what was not reached is not told as untested:\n%s", name, text)
			}
		}
		if n := s.count(t, db, s.tables); n != 0 {
			t.Errorf("testing has made %d tables", n)
		}
	})
}

func checkLines(t testing.TB, home string, a *answers.Set) string {
	t.Helper()
	var all []Result
	for _, c := range (datasources{}).Checks(openHome(t, home), a) {
		all = append(all, c.Run(t.Context()))
	}
	return resultLines(all)
}

// TestDatasourcesThroughJava adds the test through the driver where Java is, and says so.
func TestDatasourcesThroughJava(t *testing.T) {
	jar := "/usr/share/java/postgresql-42.5.5.jar"
	java, err := filepath.EvalSymlinks("/usr/bin/java")
	if _, missing := os.Stat(jar); err != nil || missing != nil {
		t.Skip("no Java, or no driver, on this machine; internal/database tests the same with a driver of its own")
	}
	s := dbtest.PostgreSQL(t)
	t.Setenv("DB_PW", s.Password)
	machine := testMachine(t)
	machine.Java = nil
	machine.Getenv = func(name string) string {
		return map[string]string{"JAVA_HOME": filepath.Dir(filepath.Dir(java))}[name]
	}
	in, err := carbon.Open(t.Context(), sampleHome(t, "api"), machine)
	if err != nil || in.Java.Major == 0 {
		t.Fatalf("%v, %+v", err, in.Java)
	}
	yaml := fmt.Sprintf("datasources:\n  WSO2_CARBON_DB: {type: postgresql, host: %s, port: %d, database: postgres, username: %s, password: {env: DB_PW}, driver: %s, schema: skip}\n", dbtest.Host, s.Port, s.User, jar)
	checks := (datasources{}).Checks(NewWorkspace(in), answersOf(t, yaml))
	var got Result
	for _, c := range checks {
		got = c.Run(t.Context())
	}
	if last := checks[len(checks)-1]; last.Title != "WSO2_CARBON_DB: through the JDBC driver" || got.Status != OK || !strings.Contains(got.Message, "org.postgresql.Driver 42.5.5 connects with Java") {
		t.Errorf("%s: %+v", last.Title, got)
	}
	if !slices.ContainsFunc(checks, func(c Check) bool { return c.Timeout > 0 }) {
		t.Error("no check has a time of its own")
	}
}
