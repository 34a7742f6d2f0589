package database

import (
	"strings"
	"testing"

	"carbon-setup/internal/database/dbtest"
)

// ailment is why a user cannot work, and where the test of a connection says so.
type ailment struct {
	name    string
	prepare []string // as the administrator; {db} and {user} stand for names of the test's own
	within  []string // likewise, connected to the database
	stage   Stage
	error   ErrorKind
}

// TestStatementsCure runs, as the administrator, exactly what the operator is told to pass on, and tests again: the stage that failed is passed.
func TestStatementsCure(t *testing.T) {
	const create = "CREATE ROLE {user} LOGIN PASSWORD '" + goodPassword + "'"
	t.Run("PostgreSQL", func(t *testing.T) {
		for _, a := range []ailment{
			{name: "wrong password", prepare: []string{"CREATE ROLE {user} LOGIN PASSWORD 'another'"}, stage: Login, error: WrongPassword},
			{name: "no such user", stage: Login, error: WrongPassword},
			{name: "may not log in", prepare: []string{strings.Replace(create, "LOGIN", "NOLOGIN", 1)}, stage: Login, error: Locked},
			{name: "no database", prepare: []string{create, "DROP DATABASE {db}"}, stage: Database, error: DatabaseMissing},
			{name: "may not connect", prepare: []string{create, "REVOKE CONNECT ON DATABASE {db} FROM PUBLIC"}, stage: Database, error: DatabaseDenied},
			{name: "takes no connections", prepare: []string{create, "ALTER DATABASE {db} WITH ALLOW_CONNECTIONS false"}, stage: Database, error: DatabaseDenied},
			{name: "read-only", prepare: []string{create, "ALTER ROLE {user} SET default_transaction_read_only = on"}, within: []string{"GRANT CREATE ON SCHEMA public TO {user}"}, stage: Rights, error: ReadOnly},
			{name: "no right", prepare: []string{create}, stage: Rights, error: NoRight},
			{name: "no schema of the path", prepare: []string{create, "ALTER ROLE {user} SET search_path = nowhere"}, stage: Rights, error: NoRight},
			{name: "no schema at all", prepare: []string{create}, within: []string{"DROP SCHEMA public"}, stage: Rights, error: NoRight},
		} {
			t.Run(a.name, func(t *testing.T) { a.cure(t, PostgreSQL, dbtest.PostgreSQL(t)) })
		}
	})
	t.Run("MariaDB", func(t *testing.T) {
		user := func(password, more string) string {
			return "CREATE USER {user}@'%' IDENTIFIED BY '" + password + "' " + more
		}
		const all = "GRANT ALL ON {db}.* TO {user}@'%'"
		for _, a := range []ailment{
			{name: "wrong password", prepare: []string{user("another", ""), all}, stage: Login, error: WrongPassword},
			{name: "wrong password of this very account", prepare: []string{strings.Replace(user("another", ""), "'%'", "'127.0.0.1'", 1)}, stage: Login, error: WrongPassword},
			{name: "no such user", prepare: []string{strings.Replace(user(goodPassword, ""), "'%'", "'127.0.0.7'", 1)}, stage: Login, error: WrongPassword},
			{name: "TLS demanded of the user", prepare: []string{user(goodPassword, "REQUIRE SSL"), all}, stage: Login, error: WrongPassword},
			{name: "locked", prepare: []string{strings.Replace(user(goodPassword, "ACCOUNT LOCK"), "'%'", "'127.0.0.1'", 1)}, stage: Login, error: Locked},
			{name: "expired", prepare: []string{strings.Replace(user(goodPassword, "PASSWORD EXPIRE"), "'%'", "'127.0.0.1'", 1), strings.Replace(all, "'%'", "'127.0.0.1'", 1)}, stage: Database, error: Expired},
			{name: "no database", prepare: []string{user(goodPassword, ""), all, "DROP DATABASE {db}", "GRANT SELECT ON *.* TO {user}@'%'"}, stage: Database, error: DatabaseMissing},
			{name: "not this database", prepare: []string{user(goodPassword, "")}, stage: Database, error: DatabaseDenied},
			{name: "not there, and no rights", prepare: []string{user(goodPassword, ""), "DROP DATABASE {db}"}, stage: Database, error: DatabaseDenied},
			{name: "no right", prepare: []string{user(goodPassword, ""), "GRANT SELECT ON {db}.* TO {user}@'%'"}, stage: Rights, error: NoRight},
			{
				name: "keys too long", prepare: []string{user(goodPassword, ""), all, "ALTER DATABASE {db} CHARACTER SET utf8mb4", "SET GLOBAL innodb_default_row_format = COMPACT"},
				stage: Charset, error: BadCharset,
			},
		} {
			t.Run(a.name, func(t *testing.T) {
				s := dbtest.MariaDB(t)
				t.Cleanup(func() { s.Exec(t, "", "SET GLOBAL innodb_default_row_format = DYNAMIC") })
				a.cure(t, MariaDB, s)
			})
		}
	})
}

// cure makes the user ill, takes the medicine that is told, and looks whether it helps.
func (a ailment) cure(t *testing.T, k Kind, s *dbtest.Server) {
	t.Helper()
	db := s.Database(t, "")
	user := "u" + db
	t.Cleanup(func() { a.bury(t, k, s, db, user) })
	fill := strings.NewReplacer("{db}", db, "{user}", user)
	for _, statement := range a.prepare {
		s.Exec(t, "", fill.Replace(statement))
	}
	for _, statement := range a.within {
		s.Exec(t, db, fill.Replace(statement))
	}
	to := target(k, s.Port, db, user)
	results := Test(t.Context(), to, TestOptions{}, nil)
	e := end(results)
	if e.Err == nil || e.Stage != a.stage || e.Err.Kind != a.error || len(e.Err.Statements) == 0 {
		t.Fatalf("want %s at %s, with statements:\n%s", a.error, a.stage, told(results))
	}
	if line := strings.Join(e.Err.Statements, " "); strings.Contains(line, "--") {
		t.Errorf("on one line, what follows a comment is lost: %s", line)
	}
	if k == MariaDB && (a.stage == Login || a.stage == Database) && e.Err.Server == "" {
		t.Errorf("the server's own words are not told:\n%s", told(results))
	}
	in := ""
	if strings.Contains(e.Err.Fix, "within the database") { // which the operator passes on, too
		in = db
	}
	done := 0
	for _, statement := range e.Err.Statements {
		_, err := s.Admin(t, in).ExecContext(t.Context(), strings.ReplaceAll(statement, "<password>", goodPassword))
		switch {
		case err == nil:
			done++
		case strings.Contains(statement, "if there is none"), a.name == "no such user" && k == PostgreSQL: // ALTER ROLE before CREATE ROLE
		default:
			t.Errorf("the administrator cannot run %s: %v", statement, err)
		}
	}
	if done == 0 {
		t.Fatal("the administrator can run none of the statements")
	}
	again := Test(t.Context(), to, TestOptions{}, nil)
	if got := status(again, a.stage); got != OK {
		t.Errorf("%s is %s after\n%s\n%s", a.stage, got, strings.Join(e.Err.Statements, "\n"), told(again))
	}
	if strings.Contains(told(results), goodPassword) {
		t.Errorf("the password is told:\n%s", told(results))
	}
}

// bury takes away what the test has left.
func (a ailment) bury(t *testing.T, k Kind, s *dbtest.Server, db, user string) {
	t.Helper()
	if k == MariaDB {
		for _, host := range []string{"%", dbtest.Host, "127.0.0.7"} {
			s.Exec(t, "", "DROP USER IF EXISTS "+user+"@'"+host+"'")
		}
		s.Exec(t, "", "FLUSH PRIVILEGES") // it remembers that somebody could come from anywhere
		return
	}
	s.Exec(t, "", "DROP DATABASE IF EXISTS "+db+" WITH (FORCE)", "DROP ROLE IF EXISTS "+user)
}
