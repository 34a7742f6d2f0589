package dbtest

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Run(m)) }

func TestServersRunAndTheirClientsToo(t *testing.T) {
	for name, get := range map[string]func(testing.TB) *Server{"postgresql": PostgreSQL, "mariadb": MariaDB} {
		t.Run(name, func(t *testing.T) {
			s := get(t)
			db := s.Database(t, "")
			out, err := s.Client(t, db, "CREATE TABLE a (b INTEGER); INSERT INTO a VALUES (41); SELECT b + 1 FROM a;")
			if err != nil || !strings.Contains(out, "42") {
				t.Fatalf("the client says %v: %s\n%s", err, out, s.Log())
			}
			var n int
			if err := s.Admin(t, db).QueryRowContext(t.Context(), "SELECT b FROM a").Scan(&n); err != nil || n != 41 {
				t.Fatalf("%d, %v", n, err)
			}
			if out, err := s.Client(t, db, "SELECT * FROM nowhere; SELECT 43;"); err == nil || strings.Contains(out, "43") {
				t.Errorf("the client goes on after an error: %s", out)
			}
			if get(t) != s {
				t.Error("a second server was started")
			}
		})
	}
}

func TestStopLeavesNothing(t *testing.T) {
	for name, start := range map[string]func() (*Server, string, error){"postgresql": startPostgres, "mariadb": startMariaDB} {
		t.Run(name, func(t *testing.T) {
			s, skip, err := start()
			if err != nil {
				t.Fatal(err)
			}
			if skip != "" {
				t.Skip(skip)
			}
			dir := s.dir
			s.stop()
			if _, err := os.Stat(dir); err == nil {
				t.Errorf("%s is still there", dir)
			}
			db, err := s.open("")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if db.PingContext(t.Context()) == nil {
				t.Error("the server still answers")
			}
		})
	}
}
