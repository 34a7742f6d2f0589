package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
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
				if kind == PostgreSQL && at > 2 && at < len(apimgt.steps)-1 {
					continue // all is undone, wherever it is
				}
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
			if kind == PostgreSQL && len(given) != 3 {
				continue // the same code; making databases takes its time there
			}
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
