package database

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSoftMode(t *testing.T) {
	for mode, want := range map[string]string{
		"": "",
		"ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO",
		"STRICT_ALL_TABLES,NO_ZERO_DATE,TRADITIONAL,ANSI_QUOTES,ANSI,NO_BACKSLASH_ESCAPES":               "STRICT_ALL_TABLES",
		"no_zero_date, PIPES_AS_CONCAT": "PIPES_AS_CONCAT",
	} {
		if got := softMode(mode); got != want {
			t.Errorf("%q becomes %q, want %q", mode, got, want)
		}
	}
}

// What each version of MySQL refuses.
func TestKeyRules(t *testing.T) {
	widths := map[string]int{"latin1": 1, "utf8": 3, "utf8mb4": 4}
	old56 := keyRules{format: "compact", most: 3072}                // MySQL 5.5 and 5.6 as installed
	large56 := keyRules{format: "compact", large: true, most: 3072} // with innodb_large_prefix
	mysql57 := keyRules{format: "dynamic", large: true, strict: true, most: 3072}
	off57 := keyRules{format: "dynamic", strict: true, most: 3072}             // innodb_large_prefix=OFF
	small := keyRules{format: "dynamic", large: true, strict: true, most: 768} // innodb_page_size=4k
	for _, tt := range []struct {
		rules   keyRules
		charset string
		script  string
		want    string
	}{
		{old56, "latin1", "CREATE TABLE A (X VARCHAR(767), PRIMARY KEY (X));", ""},
		{old56, "latin1", "CREATE TABLE A (X VARCHAR(768), PRIMARY KEY (X));", "1 X 768>767"},
		{old56, "utf8", "CREATE TABLE A (X VARCHAR(256), UNIQUE (X));", "1 X 768>767"},
		{old56, "utf8", "CREATE TABLE A (X VARCHAR(256), UNIQUE KEY K (X(255)));", ""},
		{old56, "utf8", "CREATE TABLE A (X VARCHAR(750) NOT NULL);\nCREATE INDEX I USING HASH ON A(X);", ""}, // cut off with a warning
		{old56, "utf8", "CREATE TABLE A (X VARCHAR(750) NOT NULL);\nCREATE UNIQUE INDEX I ON A(X);", "2 X 2250>767"},
		{large56, "utf8", "CREATE TABLE A (X VARCHAR(750) NOT NULL);\nCREATE INDEX I ON A(X);", "2 X 2250>767"},
		{large56, "utf8", "CREATE TABLE A (X VARCHAR(750), PRIMARY KEY (X)) ENGINE INNODB ROW_FORMAT=DYNAMIC;", ""},
		{large56, "utf8", "CREATE TABLE A (X VARCHAR(750) PRIMARY KEY) DEFAULT CHARSET=latin1;", ""},
		{large56, "utf8mb4", "CREATE TABLE A (X VARCHAR(192) UNIQUE);", "1 X 768>767"},
		{mysql57, "utf8mb4", "CREATE TABLE A (X VARCHAR(750), Y INT, PRIMARY KEY (X, Y));", ""},
		{mysql57, "utf8mb4", "CREATE TABLE A (X VARCHAR(769), KEY (X));", "1 X 3076>3072"},
		{mysql57, "utf8mb4", "CREATE TABLE A (X VARCHAR(500), Y VARCHAR(500), FOREIGN KEY (X, Y) REFERENCES B (X, Y));", "1  4000>3072"},
		{mysql57, "latin1", "CREATE TABLE A (X VARCHAR(500)) ROW_FORMAT COMPACT CHARACTER SET utf8mb4;\nCREATE INDEX I ON A(X);", "2 X 2000>767"},
		{off57, "utf8mb4", "CREATE TABLE A (X VARCHAR(192));\nCREATE INDEX I ON A(X);", "2 X 768>767"},
		{small, "latin1", "CREATE TABLE A (X VARCHAR(769), PRIMARY KEY (X));", "1 X 769>768"},
	} {
		tt.rules.charset, tt.rules.widths = tt.charset, widths
		set := mustSet(t, "x", "x.sql", MySQL, tt.script)
		got := ""
		for _, f := range tt.rules.check(&set, 0) {
			got = fmt.Sprintf("%d %s %d>%d", f.line, f.column, f.bytes, f.limit)
		}
		if got != tt.want {
			t.Errorf("%s in %s rows, %s: %q, want %q", tt.charset, tt.rules.format, tt.script, got, tt.want)
		}
	}
}

// What is there of a script with a constraint that has no name cannot be told at that very place, and can everywhere else.
func TestConstraintWithoutAName(t *testing.T) {
	set := mustSet(t, "x", "x.sql", MariaDB, "CREATE TABLE A (X INT);\nALTER TABLE A ADD UNIQUE (X);\nCREATE TABLE B (X INT);\nCREATE TABLE C (X INT);\n")
	c := newCatalog(MariaDB)
	add := func(n string) { c.tables[n], c.columns[n] = n, []string{"X"} }
	add("A")
	if _, why := c.prefix(&set); !strings.Contains(why, "line 2") {
		t.Errorf("behind the first table: %q", why)
	}
	add("B")
	if r, why := c.prefix(&set); why != "" || r.next != 3 {
		t.Errorf("behind the second: %+v, %q", r, why)
	}
}

func TestAssess(t *testing.T) {
	one := mustSet(t, "one", "one.sql", PostgreSQL, "CREATE SEQUENCE S;\nCREATE TABLE A (X INT);\nCREATE TABLE \"Bb\" (Y INT);\n")
	two := mustSet(t, "two", "two.sql", PostgreSQL, "CREATE TABLE C (X INT);\n")
	for _, tt := range []struct {
		tables, sequences []string
		all, first, other SchemaKind
	}{
		{nil, nil, Empty, Empty, Empty},
		{[]string{"a", "Bb", "c"}, []string{"s"}, Complete, Complete, Complete},
		{[]string{"a", "Bb"}, []string{"s"}, Partial, Complete, Empty},
		{[]string{"a", "Bb"}, nil, Partial, Partial, Empty}, // no row can be inserted without the sequence
		{[]string{"c"}, nil, Partial, Empty, Complete},
		{[]string{"A"}, nil, Partial, Partial, Empty}, // quoted once, and not what Carbon asks for
		{[]string{"x"}, nil, Foreign, Foreign, Foreign},
		{[]string{"x", "c"}, nil, Partial, Empty, Complete},
		{nil, []string{"s"}, Partial, Partial, Empty},
	} {
		c := newCatalog(PostgreSQL)
		for _, n := range tt.tables {
			c.tables[n], c.columns[n] = n, []string{"x", "y"}
		}
		for _, n := range tt.sequences {
			c.sequences[n] = n
		}
		s := c.assess([]ScriptSet{one, two})
		if s.Kind != tt.all || s.Sets[0].Kind != tt.first || s.Sets[1].Kind != tt.other {
			t.Errorf("%q: %s, %s, %s", append(slices.Clone(tt.tables), tt.sequences...), s.Kind, s.Sets[0].Kind, s.Sets[1].Kind)
		}
	}
}
