package database

import (
	"testing"

	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/secret"
)

// fresh makes a new database. charset is one of MySQL, "" for the server's own.
func fresh(t testing.TB, kind Kind, charset string) freshDB {
	t.Helper()
	var s *dbtest.Server
	options := ""
	switch kind {
	case PostgreSQL:
		s = dbtest.PostgreSQL(t)
	case MariaDB:
		s = dbtest.MariaDB(t)
		if charset != "" {
			options = "CHARACTER SET " + charset
		}
	default:
		t.Fatalf("there is no server of kind %s", kind)
	}
	name := s.Database(t, options)
	d := freshDB{kind: kind, name: name, raw: s.Admin(t, name)}
	d.conn = func(t testing.TB) *Conn {
		t.Helper()
		c, err := Open(t.Context(), Target{
			Kind: kind, Host: dbtest.Host, Port: s.Port, Database: name, Username: s.User, Password: secret.New(s.Password),
		}, TestOptions{Roots: s.Roots})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	d.vendor = func(t testing.TB, script string) {
		t.Helper()
		if out, err := s.Client(t, name, script); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return d
}
