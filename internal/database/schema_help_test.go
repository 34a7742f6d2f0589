package database

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// freshDB is a new database on a real server, removed at the end of the test.
type freshDB struct {
	kind Kind
	name string
	// vendor runs a script with the client of the server's maker.
	vendor func(t testing.TB, script string)
	// conn opens a connection as the product does.
	conn func(t testing.TB) *Conn
	// raw is the way in for the test itself.
	raw *sql.DB
}

// scriptName is what the dialect's scripts are called.
func scriptName(k Kind) string {
	switch k {
	case MySQL, MariaDB:
		return "mysql.sql"
	case PostgreSQL:
		return "postgresql.sql"
	case Oracle:
		return "oracle.sql"
	case SQLServer:
		return "mssql.sql"
	}
	return ""
}

// packs are the folders with dbscripts: the sample's, and with CARBON_PACK those of a real API Manager 1.8.0.
func packs(t testing.TB) map[string]string {
	found := map[string]string{"sample": filepath.FromSlash("../../assets/sample/api/dbscripts")}
	if p := os.Getenv("CARBON_PACK"); p != "" {
		p = filepath.Join(p, "dbscripts")
		if _, err := os.Stat(p); err != nil {
			t.Fatalf("CARBON_PACK: %v", err)
		}
		found["pack"] = p
	}
	return found
}

// scripts reads the two scripts of a pack.
func scripts(t testing.TB, dir string, kind Kind) (registry, apimgt ScriptSet) {
	t.Helper()
	read := func(name, file string) ScriptSet {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		return mustSet(t, name, filepath.ToSlash(filepath.Join("dbscripts", file)), kind, string(b))
	}
	return read("registry", scriptName(kind)), read("apimgt", filepath.Join("apimgt", scriptName(kind)))
}

func mustSet(t testing.TB, name, file string, kind Kind, script string) ScriptSet {
	t.Helper()
	set, err := NewScriptSet(name, file, kind, []byte(script))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// dump is everything that the catalog says about the tables: columns, indexes, constraints, sequences, and the rows.
func dump(t testing.TB, d freshDB) string {
	t.Helper()
	queries := []string{
		`SELECT table_name, column_name, ordinal_position, column_default, is_nullable, column_type, extra, character_set_name, collation_name
			FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 3`,
		`SELECT table_name, index_name, seq_in_index, column_name, sub_part, non_unique, index_type FROM information_schema.statistics
			WHERE table_schema = DATABASE() ORDER BY 1, 2, 3`,
		`SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule
			FROM information_schema.key_column_usage k LEFT JOIN information_schema.referential_constraints r
			ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
			WHERE k.table_schema = DATABASE() ORDER BY 1, 2, k.ordinal_position`,
		`SELECT table_name, engine, row_format, table_collation FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1`,
	}
	if d.kind == PostgreSQL {
		queries = []string{
			`SELECT table_name, column_name, ordinal_position, column_default, is_nullable, data_type, character_maximum_length, numeric_precision
				FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 3`,
			`SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2`,
			`SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
			`SELECT sequencename, start_value, increment_by, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1`,
		}
	}
	var b strings.Builder
	for _, q := range queries {
		b.WriteString(strings.Join(textRows(t, d.raw, q), "\n") + "\n\n")
	}
	for _, n := range tableNames(t, d) {
		fmt.Fprintf(&b, "%s: %q\n", n, textRows(t, d.raw, "SELECT * FROM "+quoteName(d.kind, n)))
	}
	return b.String()
}

func tableNames(t testing.TB, d freshDB) []string {
	t.Helper()
	schema := "DATABASE()"
	if d.kind == PostgreSQL {
		schema = "'public'"
	}
	names := textRows(t, d.raw, "SELECT table_name FROM information_schema.tables WHERE table_schema = "+schema)
	slices.Sort(names)
	return names
}

// textRows returns the rows as text, the columns parted by bars.
func textRows(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		line := make([]string, len(values))
		for i, v := range values {
			line[i] = v.String
		}
		all = append(all, strings.Join(line, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// mustExec runs statements of the test.
func mustExec(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}
