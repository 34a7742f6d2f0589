package database

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

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
