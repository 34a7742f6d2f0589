package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update-schema", false, "write the golden files of testdata/schema")

// fakeServer plays the server where there is none to test with: it takes what the scripts of the sample say, keeps account of the objects, answers the
// questions about its catalog from that, and fails where it is told to.
type fakeServer struct {
	kind    Kind
	columns map[string][]string // of the tables that may be created, from the test's own reading of the script
	fail    func(statement string) error
	busy    bool       // somebody else holds the lock
	broken  [][]string // name and text of triggers that do not compile

	log     []string // everything that was executed
	objects map[string]string
	indexes [][]string
	checks  [][]string
	rows    map[string]int
	saved   *fakeServer // as it was when the transaction began
}

func (f *fakeServer) clone() *fakeServer {
	c := *f
	c.objects, c.rows = map[string]string{}, map[string]int{}
	for k, v := range f.objects {
		c.objects[k] = v
	}
	for k, v := range f.rows {
		c.rows[k] = v
	}
	c.indexes, c.checks = slices.Clone(f.indexes), slices.Clone(f.checks)
	return &c
}

var (
	fakeObject = regexp.MustCompile(`^CREATE (?:OR REPLACE )?(TABLE|SEQUENCE|TRIGGER) (\w+)`)
	fakeIndex  = regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX (\w+) ON (\w+)`)
	fakeAlter  = regexp.MustCompile(`^ALTER TABLE (\w+) ADD CONSTRAINT (\w+)`)
	fakeInsert = regexp.MustCompile(`^INSERT INTO (\w+)`)
	fakeDrop   = regexp.MustCompile(`^DROP (TABLE|SEQUENCE) \W(\w+)\W`)
	fakeCount  = regexp.MustCompile(`^SELECT COUNT\(\*\).* FROM \W(\w+)\W`)
)

func (f *fakeServer) exec(s string) error {
	f.log = append(f.log, s)
	if f.fail != nil {
		if err := f.fail(s); err != nil {
			return err
		}
	}
	if m := fakeObject.FindStringSubmatch(s); m != nil {
		if _, there := f.objects[m[2]]; there {
			return fmt.Errorf("ORA-00955: name is already used by an existing object")
		}
		f.objects[m[2]] = m[1]
	} else if m := fakeIndex.FindStringSubmatch(s); m != nil {
		f.indexes = append(f.indexes, []string{m[2], m[1]})
	} else if m := fakeAlter.FindStringSubmatch(s); m != nil {
		f.checks = append(f.checks, []string{m[1], m[2]})
	} else if m := fakeInsert.FindStringSubmatch(s); m != nil {
		f.rows[m[1]]++
	} else if m := fakeDrop.FindStringSubmatch(s); m != nil {
		delete(f.objects, m[2])
		delete(f.rows, m[2])
	}
	return nil
}

func (f *fakeServer) query(s string) ([][]string, error) {
	q := catalogs[f.kind]
	switch s {
	case q.schema:
		return [][]string{{"CARBON"}}, nil
	case q.objects:
		types := map[string]string{"TABLE": "TABLE", "SEQUENCE": "SEQUENCE", "TRIGGER": "TRIGGER"}
		if f.kind == SQLServer {
			types = map[string]string{"TABLE": "U "}
		}
		var rows [][]string
		for n, kind := range f.objects {
			rows = append(rows, []string{n, types[kind]})
		}
		return rows, nil
	case q.columns:
		var rows [][]string
		for n, kind := range f.objects {
			for _, c := range f.columns[n] {
				if kind == "TABLE" {
					rows = append(rows, []string{n, c})
				}
			}
		}
		return rows, nil
	case q.indexes:
		return f.indexes, nil
	case q.constraints:
		return f.checks, nil
	}
	switch m := fakeCount.FindStringSubmatch(s); {
	case m != nil:
		row := []string{fmt.Sprint(f.rows[m[1]]), "0"}
		return [][]string{row[:1+strings.Count(s, ", 0")]}, nil
	case strings.Contains(s, "all_errors"):
		return f.broken, nil
	case strings.Contains(s, "sp_getapplock"):
		f.log = append(f.log, s)
		return [][]string{{map[bool]string{true: "0", false: "1"}[f.busy]}}, nil
	case strings.Contains(s, "COLLATE DATABASE_DEFAULT"):
		return [][]string{{"1"}}, nil
	}
	return nil, fmt.Errorf("the fake does not know %q", s)
}

// The driver of database/sql.
type (
	fakeConn struct{ f *fakeServer }
	fakeTx   struct{ f *fakeServer }
	fakeRows struct {
		rows [][]string
		n    int
	}
)

func (f *fakeServer) Connect(context.Context) (driver.Conn, error) { return fakeConn{f}, nil }
func (f *fakeServer) Driver() driver.Driver                        { return nil }
func (c fakeConn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("nothing is to be prepared")
}
func (c fakeConn) Close() error { return nil }

func (c fakeConn) Begin() (driver.Tx, error) {
	c.f.log = append(c.f.log, "begin")
	c.f.saved = c.f.clone()
	return fakeTx(c), nil
}

func (c fakeConn) ExecContext(_ context.Context, s string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		return nil, errors.New("nothing is to be bound")
	}
	return driver.ResultNoRows, c.f.exec(s)
}

func (c fakeConn) QueryContext(_ context.Context, s string, _ []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.f.query(s)
	return &fakeRows{rows: rows}, err
}

func (t fakeTx) Commit() error { t.f.log = append(t.f.log, "commit"); return nil }

func (t fakeTx) Rollback() error {
	log := append(slices.Clone(t.f.log), "rollback")
	*t.f = *t.f.saved.clone()
	t.f.log = log
	return nil
}

func (r *fakeRows) Columns() []string {
	if len(r.rows) == 0 {
		return []string{"a", "b"}
	}
	return make([]string, len(r.rows[0]))
}
func (r *fakeRows) Close() error { return nil }

func (r *fakeRows) Next(into []driver.Value) error {
	if r.n >= len(r.rows) {
		return io.EOF
	}
	for i, v := range r.rows[r.n] {
		into[i] = v
	}
	r.n++
	return nil
}

var fakeColumn = regexp.MustCompile(`(?m)^ {13}(\w+) +[A-Z]`)

// fake opens a connection to a fake server that knows the tables of the sample's scripts.
func fake(t *testing.T, kind Kind) (*fakeServer, *Conn) {
	t.Helper()
	f := &fakeServer{kind: kind, columns: map[string][]string{}, objects: map[string]string{}, rows: map[string]int{}}
	for _, file := range []string{scriptName(kind), "apimgt/" + scriptName(kind)} {
		b, err := os.ReadFile(filepath.Join(packs(t)["sample"], file))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(strings.ReplaceAll(string(b), "\r\n", "\n"), "CREATE TABLE ")[1:] {
			n := regexp.MustCompile(`^\w+`).FindString(part)
			body, _, _ := strings.Cut(part, "\n/")
			body, _, _ = strings.Cut(body, ";")
			for _, m := range fakeColumn.FindAllStringSubmatch(body, -1) {
				if m[1] != "CONSTRAINT" && m[1] != "PRIMARY" && m[1] != "FOREIGN" && m[1] != "UNIQUE" {
					f.columns[n] = append(f.columns[n], m[1])
				}
			}
		}
	}
	db := sql.OpenDB(f)
	db.SetMaxOpenConns(1)
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Close(), db.Close() })
	return f, &Conn{Kind: kind, db: db, conn: c}
}

// What Oracle and SQL Server are sent, to the letter.
func TestStatementsForServersThatAreNotHere(t *testing.T) {
	for _, kind := range []Kind{Oracle, SQLServer} {
		t.Run(string(kind), func(t *testing.T) {
			f, c := fake(t, kind)
			registry, apimgt := scripts(t, packs(t)["sample"], kind)
			if _, err := c.Create(t.Context(), registry, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Create(t.Context(), apimgt, nil, registry); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(f.log, "\n") + "\n"
			golden := filepath.Join("testdata", "schema", string(kind)+".sql")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if w := strings.ReplaceAll(string(want), "\r\n", "\n"); got != w {
				t.Errorf("%s: %s", golden, firstDifference(w, got))
			}
			if strings.Contains(got, "DROP ") || strings.Contains(got, "IF NOT EXISTS") {
				t.Error("a DROP or a guard was sent")
			}
			s, err := c.Inspect(t.Context(), registry, apimgt)
			if err != nil || s.Kind != Complete || s.Users != 0 {
				t.Errorf("state %+v, %v", s, err)
			}
		})
	}
}

var errFake = errors.New("ORA-01536: space quota exceeded for tablespace 'USERS'")

// Oracle fails at every statement in turn, and goes on behind it; no row comes twice.
func TestOracleGoesOn(t *testing.T) {
	_, apimgt := scripts(t, packs(t)["sample"], Oracle)
	for at := range apimgt.steps {
		f, c := fake(t, Oracle)
		n := 0
		f.fail = func(string) error {
			if n++; n == at+1 {
				return errFake
			}
			return nil
		}
		made, err := c.Create(t.Context(), apimgt, nil)
		s := &apimgt.steps[at]
		e := wantKind(t, err, NoRight, fmt.Sprintf("dbscripts/apimgt/oracle.sql, line %d", s.line), "ORA-01536", "quota", excerpt(s.sql, 60)[:20])
		if made.Statements != at || made.Finished || e.Server == "" {
			t.Errorf("failed at %d: %+v", at, made)
		}
		state, err := c.Inspect(t.Context(), apimgt)
		if err != nil || at > 0 && (state.Kind != Partial || !state.Sets[0].Unfinished) {
			t.Errorf("failed at %d, then the state is %+v, %v", at, state, err)
		}
		made, err = c.Create(t.Context(), apimgt, nil)
		if err != nil || made.Statements != len(apimgt.steps)-at || made.Resumed != (at > 0) {
			t.Errorf("failed at %d, then %+v, %v", at, made, err)
		}
		for table, rows := range f.rows {
			if rows != 1 {
				t.Errorf("failed at %d: %d rows in %s", at, rows, table)
			}
		}
	}
}

func TestOracleTriggersThatDoNotCompile(t *testing.T) {
	f, c := fake(t, Oracle)
	registry, _ := scripts(t, packs(t)["sample"], Oracle)
	f.broken = [][]string{{"REG_LOG_TRIGGER", "PLS-00201: identifier 'X' must be declared"}, {"REG_LOG_TRIGGER", "more"}, {"OTHER", "not ours"}}
	made, err := c.Create(t.Context(), registry, nil)
	e := wantKind(t, err, Incomplete, "1 trigger", "PLS-00201", "REG_LOG_TRIGGER")
	if made.Finished || strings.Contains(e.Server, "OTHER") {
		t.Errorf("%+v, %v", made, e)
	}
}

// Somebody else's trigger is not replaced, though the script says OR REPLACE.
func TestOracleLeftovers(t *testing.T) {
	for _, kind := range []string{"TRIGGER", "SEQUENCE"} {
		f, c := fake(t, Oracle)
		registry, _ := scripts(t, packs(t)["sample"], Oracle)
		f.objects["REG_PATH_"+kind] = kind
		_, err := c.Create(t.Context(), registry, nil)
		e := wantKind(t, err, NotEmpty, "REG_PATH_"+kind)
		if len(f.log) > 0 || !slices.Equal(e.Statements, []string{"DROP " + kind + ` "REG_PATH_` + kind + `"`}) {
			t.Errorf("executed %q, advised %q", f.log, e.Statements)
		}
	}
}

func TestSQLServerIsAllOrNothing(t *testing.T) {
	_, apimgt := scripts(t, packs(t)["sample"], SQLServer)
	for at := range apimgt.steps {
		f, c := fake(t, SQLServer)
		f.fail = func(s string) error {
			if s == apimgt.steps[at].sql {
				return errors.New("mssql: There is already an object named 'X' in the database")
			}
			return nil
		}
		made, err := c.Create(t.Context(), apimgt, nil)
		wantKind(t, err, Busy, fmt.Sprintf("line %d", apimgt.steps[at].line), "nothing is left")
		if len(f.objects) > 0 || made.Statements > 0 || !slices.Contains(f.log, "rollback") || f.log[len(f.log)-1] != "SET LOCK_TIMEOUT -1" {
			t.Errorf("failed at %d: %+v, left %v, executed %q", at, made, f.objects, f.log)
		}
	}
	f, c := fake(t, SQLServer)
	f.busy = true
	_, err := c.Create(t.Context(), apimgt, nil)
	wantKind(t, err, Busy, "Another carbon-setup")
	if len(f.objects) > 0 {
		t.Errorf("created %v", f.objects)
	}
}

func TestDropOnServersThatAreNotHere(t *testing.T) {
	for _, kind := range []Kind{Oracle, SQLServer} {
		f, c := fake(t, kind)
		registry, apimgt := scripts(t, packs(t)["sample"], kind)
		if _, err := c.Create(t.Context(), registry, nil); err != nil {
			t.Fatal(err)
		}
		made, err := c.Create(t.Context(), apimgt, nil, registry)
		if err != nil {
			t.Fatal(err)
		}
		f.rows["AM_API"]++
		wantKind(t, c.Drop(t.Context(), apimgt, made), NotEmpty, "AM_API")
		f.rows["AM_API"]--
		if err := c.Drop(t.Context(), apimgt, made); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for n, what := range f.objects {
			if (what == "TABLE" || what == "SEQUENCE") && !slices.Contains(append(slices.Clone(registry.Tables), registry.Sequences...), n) {
				t.Errorf("%s: %s %s is left", kind, what, n)
			}
		}
		for _, n := range registry.Tables {
			if f.objects[n] == "" {
				t.Errorf("%s: %s is gone", kind, n)
			}
		}
	}
}

func TestScriptOfAnotherServer(t *testing.T) {
	_, c := fake(t, Oracle)
	registry, _ := scripts(t, packs(t)["sample"], MySQL)
	_, err := c.Create(t.Context(), registry, nil)
	wantKind(t, err, Unusable)
	_, err = c.Inspect(t.Context(), registry)
	wantKind(t, err, Unusable)
	wantKind(t, c.Drop(t.Context(), registry, Created{}), Unusable)
	_, err = c.Create(t.Context(), ScriptSet{Name: "made by hand"}, nil)
	wantKind(t, err, Unusable)
}
