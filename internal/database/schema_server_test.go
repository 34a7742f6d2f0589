package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var realKinds = []Kind{PostgreSQL, MariaDB}

// bothSets runs the test for each real server and each pack, with a fresh database.
func bothSets(t *testing.T, test func(t *testing.T, d freshDB, dir string)) {
	for pack, dir := range packs(t) {
		for _, kind := range realKinds {
			t.Run(pack+"/"+string(kind), func(t *testing.T) { test(t, fresh(t, kind, ""), dir) })
		}
	}
}

func wantKind(t *testing.T, err error, kind ErrorKind, parts ...string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want one of kind %s", err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("error is of kind %s, want %s: %v", e.Kind, kind, e)
	}
	for _, p := range parts {
		if !strings.Contains(e.Error(), p) {
			t.Errorf("error lacks %q: %v", p, e)
		}
	}
	return e
}

func create(t testing.TB, d freshDB, set ScriptSet, beside ...ScriptSet) Created {
	t.Helper()
	made, err := d.conn(t).Create(t.Context(), set, nil, beside...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func inspected(t testing.TB, d freshDB, sets ...ScriptSet) SchemaState {
	t.Helper()
	s, err := d.conn(t).Inspect(t.Context(), sets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The whole of what the vendor's own client makes of the scripts is what we make of them.
func TestCreateIsWhatTheVendorsClientMakes(t *testing.T) {
	bothSets(t, func(t *testing.T, ours freshDB, dir string) {
		theirs := fresh(t, ours.kind, "")
		registry, apimgt := scripts(t, dir, ours.kind)
		for _, set := range []ScriptSet{registry, apimgt} {
			theirs.vendor(t, readScript(t, dir, set))
		}
		var told []string
		c := ours.conn(t)
		made, err := c.Create(t.Context(), registry, func(done, total int, table string) {
			told = append(told, fmt.Sprintf("%d/%d %s", done, total, table))
		})
		if err != nil {
			t.Fatal(err)
		}
		n := len(registry.steps)
		if len(told) != n+1 || !strings.HasPrefix(told[0], fmt.Sprintf("0/%d ", n)) || told[n] != fmt.Sprintf("%d/%d ", n, n) {
			t.Errorf("progress is %q", told)
		}
		if !made.Finished || made.Resumed || len(made.Tables) != len(registry.Tables) || made.Statements != n {
			t.Errorf("created is %+v", made)
		}
		s := inspected(t, ours, registry, apimgt)
		if s.Kind != Partial || s.Sets[0].Kind != Complete || s.Sets[1].Kind != Empty || s.Users != 0 || s.Paths != 0 {
			t.Errorf("after the first script the state is %+v", s)
		}
		if _, err := c.Create(t.Context(), apimgt, nil, registry); err != nil { // on the same connection
			t.Fatal(err)
		}
		if s := inspected(t, ours, registry, apimgt); s.Kind != Complete || len(s.Missing)+len(s.Others)+len(s.Differs) > 0 {
			t.Errorf("after both the state is %+v", s)
		}
		want, got := dump(t, theirs), dump(t, ours)
		if want != got {
			t.Errorf("the schema differs from that of the vendor's client:\n%s", firstDifference(want, got))
		}
		if n := strings.Count(want, "\n"); n < 50 {
			t.Errorf("the dump has %d lines only", n)
		}
	})
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "theirs: " + a[i] + "\nours:   " + b[i]
		}
	}
	return fmt.Sprintf("%d and %d lines", len(a), len(b))
}

func TestTableCountsOfTheRealPack(t *testing.T) {
	dir, ok := packs(t)["pack"]
	if !ok {
		t.Skip("CARBON_PACK names no real pack")
	}
	for kind, want := range map[Kind]int{MySQL: 39, MariaDB: 39, PostgreSQL: 40, Oracle: 42, SQLServer: 40} {
		registry, apimgt := scripts(t, dir, kind)
		if len(registry.Tables) != want || len(apimgt.Tables) != 54 {
			t.Errorf("%s: %d and %d tables, want %d and 54", kind, len(registry.Tables), len(apimgt.Tables), want)
		}
	}
	for kind, want := range map[Kind]int{MySQL: 69, PostgreSQL: 172, Oracle: 124, SQLServer: 69} {
		registry, _ := scripts(t, dir, kind)
		if len(registry.Statements) != want {
			t.Errorf("%s: %d statements, want %d", kind, len(registry.Statements), want)
		}
	}
}

// A row in a table of any name survives whatever is done.
func TestPlantedRowsSurvive(t *testing.T) {
	bothSets(t, func(t *testing.T, d freshDB, dir string) {
		registry, apimgt := scripts(t, dir, d.kind)
		names := append(slices.Clone(registry.Tables), apimgt.Tables...)
		for _, n := range names {
			mustExec(t, d.raw, "CREATE TABLE "+n+" (precious INTEGER)", "INSERT INTO "+n+" VALUES (42)")
		}
		before := dump(t, d)
		c := d.conn(t)
		for _, set := range []ScriptSet{registry, apimgt} {
			for _, beside := range [][]ScriptSet{nil, {registry}, {apimgt}, {registry, apimgt}} {
				_, err := c.Create(t.Context(), set, nil, beside...)
				wantKind(t, err, NotEmpty)
			}
			made := Created{Set: set.Name, Schema: inspected(t, d, set).Schema, Finished: true}
			for i := range set.steps {
				if set.steps[i].kind == createTable {
					made.Tables = append(made.Tables, catalogName(d.kind, set.steps[i].name))
				}
			}
			wantKind(t, c.Drop(t.Context(), set, made), NotEmpty)
		}
		if s := inspected(t, d, registry, apimgt); s.Kind != Partial || len(s.Missing) > 0 || len(s.Differs) != len(names) {
			t.Errorf("the state is %+v", s)
		}
		if after := dump(t, d); after != before {
			t.Errorf("something was changed: %s", firstDifference(before, after))
		}
	})
}

// One table alone, of whatever name, keeps its row, and nothing is made beside it.
func TestOnePlantedRowSurvives(t *testing.T) {
	for _, kind := range realKinds {
		t.Run(string(kind), func(t *testing.T) {
			d := fresh(t, kind, "")
			registry, apimgt := scripts(t, packs(t)["sample"], kind)
			c := d.conn(t)
			for _, n := range append(slices.Clone(registry.Tables), apimgt.Tables...) {
				mustExec(t, d.raw, "CREATE TABLE "+n+" (precious INTEGER)", "INSERT INTO "+n+" VALUES (42)")
				for _, set := range []ScriptSet{registry, apimgt} {
					if _, err := c.Create(t.Context(), set, nil); err == nil {
						t.Fatalf("%s was run beside %s", set.File, n)
					}
				}
				if got := textRows(t, d.raw, "SELECT * FROM "+n); !slices.Equal(got, []string{"42"}) {
					t.Fatalf("%s holds %q", n, got)
				}
				if got := tableNames(t, d); len(got) != 1 {
					t.Fatalf("besides %s there are %q", n, got)
				}
				mustExec(t, d.raw, "DROP TABLE "+n)
			}
		})
	}
}

// Stopped before every statement, on PostgreSQL nothing is left, and on MariaDB the next run goes on: in the end all is as the vendor's client makes it.
func TestStoppedAtEveryStatement(t *testing.T) {
	for _, kind := range realKinds {
		t.Run(string(kind), func(t *testing.T) {
			_, apimgt := scripts(t, packs(t)["sample"], kind)
			theirs := fresh(t, kind, "")
			theirs.vendor(t, readScript(t, packs(t)["sample"], apimgt))
			want := dump(t, theirs)
			for at := 1; at < len(apimgt.steps); at++ {
				d := fresh(t, kind, "")
				ctx, cancel := context.WithCancel(t.Context())
				made, err := d.conn(t).Create(ctx, apimgt, func(done, _ int, _ string) {
					if done == at {
						cancel()
					}
				})
				cancel()
				e := wantKind(t, err, Canceled, fmt.Sprintf("line %d", apimgt.steps[at].line))
				if kind == PostgreSQL {
					if got := tableNames(t, d); len(got) > 0 || made.Statements > 0 {
						t.Fatalf("stopped at %d: left are %q, %+v", at, got, made)
					}
				} else if made.Statements != at || made.Finished || !strings.Contains(e.What, "created in") {
					t.Fatalf("stopped at %d: %+v: %v", at, made, e)
				}
				made, err = d.conn(t).Create(t.Context(), apimgt, nil)
				if err != nil {
					t.Fatalf("stopped at %d, then: %v", at, err)
				}
				if kind != PostgreSQL && (!made.Resumed || made.Statements != len(apimgt.steps)-at) {
					t.Errorf("stopped at %d, then: %+v", at, made)
				}
				if got := dump(t, d); got != want {
					t.Fatalf("stopped at %d: %s", at, firstDifference(want, got))
				}
			}
		})
	}
}

// Stopped one after the other at every statement, MariaDB has all in the end, each row once.
func TestGoesOnAgainAndAgain(t *testing.T) {
	d := fresh(t, MariaDB, "")
	_, apimgt := scripts(t, packs(t)["sample"], MariaDB)
	c := d.conn(t)
	for range apimgt.steps {
		ctx, cancel := context.WithCancel(t.Context())
		first := true
		made, err := c.Create(ctx, apimgt, func(int, int, string) {
			if !first {
				cancel()
			}
			first = false
		})
		cancel()
		if made.Statements != 1 {
			t.Fatalf("created %+v, %v", made, err)
		}
	}
	made, err := c.Create(t.Context(), apimgt, nil)
	if err != nil || made.Statements != 0 || !made.Finished {
		t.Errorf("with all of it there: %+v, %v", made, err)
	}
	theirs := fresh(t, MariaDB, "")
	theirs.vendor(t, readScript(t, packs(t)["sample"], apimgt))
	if want, got := dump(t, theirs), dump(t, d); want != got {
		t.Error(firstDifference(want, got))
	}
}

const brokenMySQL = `CREATE TABLE A (X INTEGER PRIMARY KEY);
INSERT INTO A VALUES (1);

CREATE TABLE B (Y INTEGER, Z NOSUCHTYPE,
  PRIMARY KEY (Y));
CREATE TABLE C (Z INTEGER);
`

func TestFailureNamesTheStatement(t *testing.T) {
	for _, kind := range realKinds {
		t.Run(string(kind), func(t *testing.T) {
			d := fresh(t, kind, "")
			set := mustSet(t, "x", "dbscripts/x.sql", kind, brokenMySQL)
			made, err := d.conn(t).Create(t.Context(), set, nil)
			e := wantKind(t, err, StatementFailed, "dbscripts/x.sql, line 4", "CREATE TABLE B", "table B")
			if e.Server == "" || errors.Unwrap(e) == nil {
				t.Errorf("the server's words are %q", e.Server)
			}
			left := tableNames(t, d)
			if kind == PostgreSQL {
				if len(left) != 0 || len(made.Tables) != 0 {
					t.Errorf("left are %q, %+v", left, made)
				}
				return
			}
			if !slices.Equal(left, []string{"A"}) || made.Rows["A"] != 1 || made.Statements != 2 {
				t.Errorf("left are %q, %+v", left, made)
			}
			mended := mustSet(t, "x", "dbscripts/x.sql", kind, strings.ReplaceAll(brokenMySQL, "NOSUCHTYPE", "INTEGER"))
			if made := create(t, d, mended); !made.Resumed || made.Statements != 2 {
				t.Errorf("then %+v", made)
			}
			if rows := textRows(t, d.raw, "SELECT * FROM A"); !slices.Equal(rows, []string{"1"}) {
				t.Errorf("A holds %q", rows)
			}
		})
	}
}

// What is not what an unfinished run leaves is no beginning.
func TestNoResumeOnSomethingElse(t *testing.T) {
	const script = "CREATE TABLE A (X INTEGER, Y INTEGER);\nCREATE INDEX I ON A(X);\nINSERT INTO A VALUES (1, 2);\nCREATE TABLE B (Y INTEGER);\nCREATE TABLE C (Z INTEGER);\n"
	for what, given := range map[string][]string{
		"is missing":               {"CREATE TABLE A (X INTEGER, Y INTEGER)", "CREATE TABLE B (Y INTEGER)"},
		"other columns":            {"CREATE TABLE A (X INTEGER, Q INTEGER)", "CREATE INDEX I ON A(X)"},
		"more columns":             {"CREATE TABLE A (X INTEGER, Y INTEGER, Q INTEGER)", "CREATE INDEX I ON A(X)"},
		"has not put there":        {"CREATE TABLE A (X INTEGER, Y INTEGER)", "CREATE INDEX I ON A(X)", "INSERT INTO A VALUES (1, 2), (3, 4)"},
		"before what stands above": {"CREATE TABLE A (X INTEGER, Y INTEGER)", "INSERT INTO A VALUES (7, 7)"},
		"are missing":              {"CREATE TABLE A (X INTEGER, Y INTEGER)", "CREATE INDEX I ON A(X)", "CREATE TABLE B (Y INTEGER)"},
		"holds 1 row":              {"CREATE TABLE A (X INTEGER, Y INTEGER)", "CREATE INDEX I ON A(X)", "INSERT INTO A VALUES (1, 2)", "CREATE TABLE B (Y INTEGER)", "INSERT INTO B VALUES (1)"},
	} {
		for _, kind := range realKinds {
			t.Run(what+"/"+string(kind), func(t *testing.T) {
				d := fresh(t, kind, "")
				mustExec(t, d.raw, given...)
				before := dump(t, d)
				_, err := d.conn(t).Create(t.Context(), mustSet(t, "x", "x.sql", kind, script), nil)
				if what == "more columns" {
					what = "other columns"
				}
				wantKind(t, err, NotEmpty, what)
				if after := dump(t, d); after != before {
					t.Error(firstDifference(before, after))
				}
			})
		}
	}
}

func TestForeignTables(t *testing.T) {
	for _, kind := range realKinds {
		t.Run(string(kind), func(t *testing.T) {
			d := fresh(t, kind, "")
			registry, apimgt := scripts(t, packs(t)["sample"], kind)
			if s := inspected(t, d, registry); s.Kind != Empty || s.Users != -1 {
				t.Errorf("empty: %+v", s)
			}
			mustExec(t, d.raw, "CREATE TABLE wp_posts (x INTEGER)")
			if s := inspected(t, d, registry, apimgt); s.Kind != Foreign || !slices.Equal(s.Others, []string{"wp_posts"}) || s.Sets[1].Kind != Foreign {
				t.Errorf("foreign: %+v", s)
			}
			_, err := d.conn(t).Create(t.Context(), registry, nil)
			wantKind(t, err, NotEmpty, "wp_posts")
			mustExec(t, d.raw, "DROP TABLE wp_posts", "CREATE VIEW "+registry.Tables[1]+" AS SELECT 1 AS x")
			if s := inspected(t, d, registry); s.Kind != Partial || len(s.Clashes) != 1 {
				t.Errorf("a view: %+v", s)
			}
			_, err = d.conn(t).Create(t.Context(), registry, nil)
			wantKind(t, err, NotEmpty, "a view")
			mustExec(t, d.raw, "DROP VIEW "+registry.Tables[1])
			create(t, d, registry)
			mustExec(t, d.raw, "CREATE TABLE backup (x INTEGER)", "DROP TABLE UM_HYBRID_ROLE")
			s := inspected(t, d, registry, apimgt)
			if s.Kind != Partial || s.Sets[0].Kind != Partial || s.Sets[1].Kind != Empty || !slices.Equal(s.Missing[:1], []string{"UM_HYBRID_ROLE"}) {
				t.Errorf("partial: %+v", s)
			}
			mustExec(t, d.raw, "CREATE TABLE UM_HYBRID_ROLE (UM_ID INTEGER)", "INSERT INTO UM_USER (UM_USER_NAME, UM_USER_PASSWORD, UM_CHANGED_TIME) VALUES ('a', 'b', '2020-01-01')")
			if s := inspected(t, d, registry); s.Kind != Partial || !slices.Equal(s.Differs, []string{"UM_HYBRID_ROLE"}) || s.Users != 1 {
				t.Errorf("a table that lacks columns: %+v", s)
			}
		})
	}
}

// MySQL on Linux tells um_user and UM_USER apart, and Carbon asks for the latter.
func TestTablesInAnotherCase(t *testing.T) {
	d := fresh(t, MariaDB, "")
	if textRows(t, d.raw, "SELECT @@lower_case_table_names")[0] != "0" {
		t.Skip("this server does not tell them apart")
	}
	registry, _ := scripts(t, packs(t)["sample"], MariaDB)
	mustExec(t, d.raw, "CREATE TABLE um_user (x INTEGER)")
	if s := inspected(t, d, registry); s.Kind != Partial || !slices.Equal(s.Clashes, []string{"um_user"}) {
		t.Errorf("state %+v", s)
	}
	_, err := d.conn(t).Create(t.Context(), registry, nil)
	wantKind(t, err, NotEmpty, "another case")
}

func TestLeftoverSequences(t *testing.T) {
	d := fresh(t, PostgreSQL, "")
	registry, _ := scripts(t, packs(t)["sample"], PostgreSQL)
	mustExec(t, d.raw, "CREATE SEQUENCE "+registry.Sequences[0])
	if s := inspected(t, d, registry); s.Kind != Partial || !slices.Equal(s.Leftovers, registry.Sequences[:1]) {
		t.Errorf("state %+v", s)
	}
	_, err := d.conn(t).Create(t.Context(), registry, nil)
	e := wantKind(t, err, NotEmpty, registry.Sequences[0])
	if len(e.Statements) != 1 {
		t.Fatalf("statements %q", e.Statements)
	}
	mustExec(t, d.raw, e.Statements...)
	create(t, d, registry)
}

func TestTwoAtATime(t *testing.T) {
	for _, kind := range realKinds {
		t.Run(string(kind), func(t *testing.T) {
			d := fresh(t, kind, "")
			registry, _ := scripts(t, packs(t)["sample"], kind)
			first, second := d.conn(t), d.conn(t)
			var once sync.Once
			_, err := first.Create(t.Context(), registry, func(done, _ int, _ string) {
				if done != 2 {
					return
				}
				once.Do(func() {
					_, err := second.Create(t.Context(), registry, nil)
					wantKind(t, err, Busy, "Another carbon-setup")
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = second.Create(t.Context(), registry, nil) // the lock is gone
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A table that another client makes while we are at it is not taken for ours.
func TestAnotherClientCreatesATable(t *testing.T) {
	for _, kind := range realKinds {
		t.Run(string(kind), func(t *testing.T) {
			d := fresh(t, kind, "")
			_, apimgt := scripts(t, packs(t)["sample"], kind)
			last := apimgt.Tables[len(apimgt.Tables)-1]
			_, err := d.conn(t).Create(t.Context(), apimgt, func(done, _ int, _ string) {
				if done == 1 {
					mustExec(t, d.raw, "CREATE TABLE "+last+" (precious INTEGER)", "INSERT INTO "+last+" VALUES (42)")
				}
			})
			wantKind(t, err, Busy, last, "another client")
			if rows := textRows(t, d.raw, "SELECT * FROM "+last); !slices.Equal(rows, []string{"42"}) {
				t.Errorf("%s holds %q", last, rows)
			}
			if got := tableNames(t, d); kind == PostgreSQL && len(got) != 1 {
				t.Errorf("left are %q", got)
			}
		})
	}
}

// A statement that waits for another client's lock can be stopped.
func TestStoppedWhileWaiting(t *testing.T) {
	for _, kind := range realKinds {
		t.Run(string(kind), func(t *testing.T) {
			d := fresh(t, kind, "")
			set := mustSet(t, "x", "x.sql", kind, "CREATE TABLE A (X INTEGER PRIMARY KEY);\nCREATE INDEX I ON A(X);\nCREATE TABLE B (X INTEGER);\n")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var other *sql.Tx
			start := time.Now()
			_, err := d.conn(t).Create(ctx, set, func(done, _ int, _ string) {
				var err error
				switch {
				case kind == PostgreSQL && done == 0:
					other, err = d.raw.Begin()
					if err == nil {
						_, err = other.Exec("CREATE TABLE b (x INTEGER)")
					}
				case kind == MariaDB && done == 1:
					other, err = d.raw.Begin()
					if err == nil {
						_, err = other.Exec("SELECT * FROM A")
					}
				case done == 2, kind == MariaDB:
					time.AfterFunc(100*time.Millisecond, cancel)
				}
				if done == 1 && kind == MariaDB {
					time.AfterFunc(100*time.Millisecond, cancel)
				}
				if err != nil {
					t.Error(err)
				}
			})
			wantKind(t, err, Canceled)
			if took := time.Since(start); took > grace+3*time.Second {
				t.Errorf("took %s", took)
			}
			if err := other.Rollback(); err != nil {
				t.Error(err)
			}
			for i := 0; ; i++ { // the server may be at it still
				_, err = d.conn(t).Create(t.Context(), set, nil)
				if err == nil || i > 50 {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDrop(t *testing.T) {
	bothSets(t, func(t *testing.T, d freshDB, dir string) {
		registry, apimgt := scripts(t, dir, d.kind)
		create(t, d, registry)
		before := dump(t, d)
		made := create(t, d, apimgt, registry)
		full := dump(t, d)
		c := d.conn(t)
		if err := c.Drop(t.Context(), apimgt, Created{}); err == nil {
			t.Error("what was made in no schema was dropped")
		}
		insert := "INSERT INTO AM_API (API_NAME) VALUES ('x')"
		if strings.Contains(dir, "sample") {
			mustExec(t, d.raw, insert)
			wantKind(t, c.Drop(t.Context(), apimgt, made), NotEmpty, "1 row")
			mustExec(t, d.raw, "DELETE FROM AM_API")
			if got := tableNames(t, d); len(got) != len(registry.Tables)+len(apimgt.Tables) {
				t.Fatalf("tables %q of %s", got, full)
			}
		}
		if err := c.Drop(t.Context(), apimgt, made); err != nil {
			t.Fatal(err)
		}
		if after := dump(t, d); after != before {
			t.Errorf("after the drop: %s", firstDifference(before, after))
		}
		if err := c.Drop(t.Context(), apimgt, made); err != nil {
			t.Errorf("with nothing left: %v", err)
		}
		create(t, d, apimgt, registry)
	})
}

// The session is as it was before, also after a failure.
func TestSessionIsPutBack(t *testing.T) {
	d := fresh(t, MariaDB, "")
	c := d.conn(t)
	if _, err := c.conn.ExecContext(t.Context(), "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'"); err != nil {
		t.Fatal(err)
	}
	ask := func() string {
		v, err := queryText(t.Context(), c.conn, "SELECT CONCAT(@@sql_mode, ' ', @@lock_wait_timeout)")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := ask()
	registry, apimgt := scripts(t, packs(t)["sample"], MariaDB)
	if _, err := c.Create(t.Context(), registry, nil); err != nil { // has TIMESTAMP DEFAULT 0
		t.Fatal(err)
	}
	if after := ask(); after != before {
		t.Errorf("was %s, is %s", before, after)
	}
	mustExec(t, d.raw, "CREATE TABLE AM_API (x INTEGER)")
	if _, err := c.Create(t.Context(), apimgt, nil, registry); err == nil {
		t.Error("created over AM_API")
	}
	if after := ask(); after != before {
		t.Errorf("was %s, is %s", before, after)
	}
}

// COMPACT rows and a wide character set: nothing is created, and the reason is told.
func TestLongKeysArePredicted(t *testing.T) {
	for _, tt := range []struct {
		charset, format string
		fails           bool
	}{
		{"latin1", "compact", false}, {"utf8mb3", "compact", true}, {"utf8mb4", "compact", true}, {"utf8mb4", "dynamic", false}, {"latin1", "redundant", false},
	} {
		t.Run(tt.charset+"/"+tt.format, func(t *testing.T) {
			d := fresh(t, MariaDB, tt.charset)
			was := textRows(t, d.raw, "SELECT @@GLOBAL.innodb_default_row_format")[0]
			mustExec(t, d.raw, "SET GLOBAL innodb_default_row_format = "+tt.format)
			defer mustExec(t, d.raw, "SET GLOBAL innodb_default_row_format = "+was)
			registry, _ := scripts(t, packs(t)["sample"], MariaDB)
			_, err := d.conn(t).Create(t.Context(), registry, nil)
			if !tt.fails {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e := wantKind(t, err, KeyTooLong, "767", tt.charset, "REG_PATH", "Nothing was created")
			if len(e.Statements) != 1 || len(tableNames(t, d)) != 0 {
				t.Errorf("statements %q, tables %q", e.Statements, tableNames(t, d))
			}
			mustExec(t, d.raw, e.Statements...) // the advice helps
			create(t, d, registry)
		})
	}
}

func BenchmarkCreate(b *testing.B) {
	dir, ok := packs(b)["pack"]
	if !ok {
		b.Skip("CARBON_PACK names no real pack")
	}
	for _, kind := range realKinds {
		registry, apimgt := scripts(b, dir, kind)
		both := readScript(b, dir, registry) + "\n" + readScript(b, dir, apimgt)
		b.Run(string(kind), func(b *testing.B) {
			var ours, theirs time.Duration
			for b.Loop() {
				b.StopTimer()
				d, v := fresh(b, kind, ""), fresh(b, kind, "")
				start := time.Now()
				v.vendor(b, both)
				theirs += time.Since(start)
				c := d.conn(b)
				start = time.Now()
				b.StartTimer()
				if _, err := c.Create(b.Context(), registry, nil); err != nil {
					b.Fatal(err)
				}
				if _, err := c.Create(b.Context(), apimgt, nil, registry); err != nil {
					b.Fatal(err)
				}
				ours += time.Since(start)
			}
			b.ReportMetric(float64(ours)/float64(theirs), "of-vendor")
		})
	}
}

// readScript reads the script of a set.
func readScript(t testing.TB, dir string, set ScriptSet) string {
	t.Helper()
	b, err := os.ReadFile(dir + "/" + strings.TrimPrefix(set.File, "dbscripts/"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
