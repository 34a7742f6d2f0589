package database

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
)

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		name   string
		kind   Kind
		script string
		want   []Statement
	}{
		{"lines are joined by blanks", MySQL, "CREATE TABLE A (\n\tX INT,\n  Y INT\n);\n", []Statement{{"CREATE TABLE A ( X INT, Y INT )", 1}}},
		{"the rest at the end", MySQL, "A;\nB", []Statement{{"A", 1}, {"B", 2}}},
		{"only at the end of a line", MySQL, "A; B\nC;", []Statement{{"A; B C", 1}}},
		{"the line of the first word", MySQL, "\n-- x\n\n  A\n;\n\n\nB\n;", []Statement{{"A", 4}, {"B", 8}}},
		{"comment lines", MySQL, "A\n-- x;\n//y;\n  rem z;\nREM\nREMARK\n--\nB;", []Statement{{"A REMARK B", 1}}},
		{"a comment behind the text ends its line", PostgreSQL, "A (X, -- the x\nY);", []Statement{{"A (X, -- the x\n Y)", 1}}},
		{"a comment behind the delimiter hides it", MySQL, "A; -- x\nB;", []Statement{{"A; -- x\n B", 1}}},
		{"blank statements", MySQL, ";\n;;\n \nA;\n;", []Statement{{";", 2}, {"A", 4}}},
		{"blanks behind the delimiter", MySQL, "A;  \t\nB;", []Statement{{"A", 1}, {"B", 2}}},
		{"CRLF, CR, LF", MySQL, "A;\r\nB;\rC;\nD", []Statement{{"A", 1}, {"B", 2}, {"C", 3}, {"D", 4}}},
		{"a byte order mark", MySQL, "\xEF\xBB\xBF-- x\nA;", []Statement{{"A", 2}}},
		{"ISO 8859-1", MySQL, "INSERT '\xE9';", []Statement{{"INSERT 'é'", 1}}},
		{"UTF-8", MySQL, "INSERT 'é';", []Statement{{"INSERT 'é'", 1}}},
		{"quotes do not count", MySQL, "A 'x;\ny';", []Statement{{"A 'x", 1}, {"y'", 2}}},
		{"Oracle", Oracle, "A;\nB\n/  \t\nC\n/\n", []Statement{{"A; B", 1}, {"C", 4}}},
		{"Oracle's trigger", Oracle, "CREATE TRIGGER T\r\n BEGIN\r\n  SELECT 1 INTO :NEW.X FROM dual;\r\n END;\r\n/\r\n", []Statement{{"CREATE TRIGGER T BEGIN SELECT 1 INTO :NEW.X FROM dual; END;", 1}}},
		{"the delimiter of Oracle at the end of a line", Oracle, "A /\nB)/", []Statement{{"A", 1}, {"B)", 2}}},
		{"SQL Server", SQLServer, "IF NOT EXISTS (X)\nCREATE TABLE A (\nY INT\n);", []Statement{{"IF NOT EXISTS (X) CREATE TABLE A ( Y INT )", 1}}},
		{"nothing", MySQL, "", nil},
		{"comments only", MySQL, "-- x\n\n// y\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Split(tt.kind, []byte(tt.script)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// bare leaves out all blanks.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// kept is what Split must have in its statements: every line that is no comment, without the delimiter that ends it.
func kept(kind Kind, script string) string {
	delimiter := ";"
	if kind == Oracle {
		delimiter = "/"
	}
	var b strings.Builder
	for _, line := range strings.FieldsFunc(script, func(r rune) bool { return r == '\r' || r == '\n' }) {
		line = javaTrim(line)
		word, _, _ := strings.Cut(strings.NewReplacer("\t", " ", "\f", " ").Replace(line), " ")
		if strings.HasPrefix(line, "--") || strings.HasPrefix(line, "//") || strings.EqualFold(word, "REM") {
			continue
		}
		if !strings.Contains(line, "--") {
			line = strings.TrimSuffix(line, delimiter)
		}
		b.WriteString(bare(line))
	}
	return b.String()
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{
		"CREATE TABLE A (X INT); -- x\nDROP TABLE B;\n", "A\n/\nB;\r\n/", "REM x\rremark\n//y\n--z\nq'[a]'", "IF NOT EXISTS (SELECT 1)\nCREATE TABLE [dbo].[A]] B] (X INT)", "$a$ ; $a$;",
		"INSERT INTO A VALUES ('x', \"y\", `z`);", "\xEF\xBB\xBFA;\x00B", "/* /* */", "\xff\xfeA", "CREATE UNIQUE INDEX I USING HASH ON A(X(10), Y DESC);", "E'\\'';",
		"CREATE TABLE A (X INT);\nALTER TABLE A ADD CONSTRAINT C UNIQUE (X);\nINSERT INTO A (X) VALUES (1),(2);\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		for _, kind := range Kinds() {
			statements := Split(kind, []byte(script))
			var all strings.Builder
			lines := strings.Count(strings.ReplaceAll(script, "\r", "\n"), "\n") + 1
			last := 0
			for _, s := range statements {
				all.WriteString(bare(s.Text))
				if s.Text == "" || s.Line <= last && s.Line < 1 || s.Line < last || s.Line > lines {
					t.Errorf("statement %q in line %d after line %d of %d", s.Text, s.Line, last, lines)
				}
				last = s.Line
			}
			if want := kept(kind, decodeScript([]byte(script))); all.String() != want {
				t.Errorf("%s: statements hold %q, the script %q", kind, all.String(), want)
			}
			set, err := NewScriptSet("x", "x.sql", kind, []byte(script))
			if err == nil {
				checkSteps(t, &set)
			}
		}
	})
}

// checkSteps looks for anything in what would be executed that removes.
func checkSteps(t *testing.T, set *ScriptSet) {
	t.Helper()
	if len(set.Tables) == 0 || len(set.steps) < len(set.Tables) {
		t.Errorf("%d tables, %d steps", len(set.Tables), len(set.steps))
	}
	for _, s := range set.steps {
		if s.sql == "" {
			t.Errorf("step %+v has no statement", s)
		}
		tokens, open, _ := lex(set.kind, s.sql)
		if open != "" {
			t.Errorf("%q is open in %q", open, s.sql)
		}
		for _, tk := range tokens {
			if s.kind != createTrigger && s.kind != comment && (tk.is("DROP", "TRUNCATE") || tk.mark(";") || tk.mark(executed)) {
				t.Errorf("%q would be executed", s.sql)
			}
		}
	}
}

func TestLimitsOfScripts(t *testing.T) {
	big := "INSERT INTO A VALUES ('" + strings.Repeat("x", 10<<20) + "');\n"
	many := strings.Repeat("CREATE TABLE A (X INT);\n", mostStatements+1)
	for want, script := range map[string][]byte{
		"x.sql, line 2: the statement that begins here has 10 MB": []byte("CREATE TABLE A (X VARCHAR(9));\n" + big),
		"the script has 17 MB":                  bytes.Repeat([]byte("-- comment line.\n"), 1<<20),
		"the script has 5001 statements":        []byte(many),
		"line 3 holds a NUL byte":               []byte("A\n\nB\x00;"),
		"UTF-16":                                []byte("\xFF\xFEC\x00"),
		"creates no table":                      []byte("-- nothing\n"),
		"line 2: in the statement that be":      []byte("CREATE TABLE A (X INT);\nINSERT INTO A VALUES ('it;\n"),
		`/* is opened before "/* x"`:            []byte("CREATE TABLE A (X INT) /* x;\n"),
		"a second time; the first is in line 1": []byte("CREATE TABLE A (X INT);\nCREATE TABLE a (Y INT);"),
	} {
		_, err := NewScriptSet("x", "x.sql", MySQL, script)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %.200v, want %q", err, want)
		}
	}
}

func TestScriptsThatAreRefused(t *testing.T) {
	const table = "CREATE TABLE A (X INT);\n"
	for _, tt := range []struct {
		kind   Kind
		script string
	}{
		{MySQL, "USE mysql;"},
		{MySQL, "DROP DATABASE x;"},
		{MySQL, "TRUNCATE TABLE A;"},
		{MySQL, "DELETE FROM A;"},
		{MySQL, "UPDATE A SET X = 1;"},
		{MySQL, "REPLACE INTO A VALUES (1);"},
		{MySQL, "INSERT INTO B VALUES (1);"},
		{MySQL, "INSERT INTO A SELECT * FROM B;"},
		{MySQL, "INSERT INTO A VALUES (1) ON DUPLICATE KEY UPDATE X = 1;"},
		{MySQL, "CREATE INDEX I ON B(X);"},
		{MySQL, "ALTER TABLE B ADD X INT;"},
		{MySQL, "ALTER TABLE A DROP COLUMN X;"},
		{MySQL, "ALTER TABLE A ADD Y INT, DROP COLUMN X;"},
		{MySQL, "ALTER TABLE A RENAME TO B;"},
		{MySQL, "CREATE TABLE mysql.B (X INT);"},
		{MySQL, "CREATE TABLE B LIKE mysql.user;"},
		{MySQL, "CREATE TABLE B (X INT) AS SELECT * FROM mysql.user;"},
		{MySQL, "/*!50000 DROP TABLE A */;"},
		{MySQL, "CREATE TABLE B (X INT) /*!50000 , DROP */;"},
		{MySQL, "GRANT ALL ON *.* TO x;"},
		{MySQL, "SET GLOBAL x = 1;"},
		{MySQL, "CREATE OR REPLACE TABLE B (X INT);"},
		{PostgreSQL, "DO $$ BEGIN DROP TABLE A; END $$;"},
		{PostgreSQL, "CREATE TABLE other.B (X INT);"},
		{PostgreSQL, "BEGIN; DROP SCHEMA public CASCADE;"},
		{SQLServer, "CREATE INDEX I ON A(X) DROP TABLE A;"},
		{SQLServer, "IF EXISTS (SELECT 1) DROP INDEX A.I EXEC sp_x;"},
		{SQLServer, "DROP TABLE A CREATE TABLE B (X INT);"},
		{SQLServer, "IF EXISTS (SELECT 1) DELETE FROM A;"},
		{SQLServer, "IF NOT EXISTS (SELECT 1) BEGIN CREATE TABLE B (X INT) DROP TABLE A END;"},
		{Oracle, "BEGIN EXECUTE IMMEDIATE 'DROP TABLE A'; END;\n/"},
		{Oracle, "CREATE TABLE B (X INT); DROP USER A CASCADE;\n/"},
	} {
		script := table + tt.script
		if tt.kind == Oracle {
			script = strings.Replace(table, ";", "\n/", 1) + tt.script
		}
		if set, err := NewScriptSet("x", "x.sql", tt.kind, []byte(script)); err == nil {
			t.Errorf("%s: %q is run: %+v", tt.kind, tt.script, set.steps[1:])
		}
	}
}

// The names of tables in all their spellings, and what is executed for them.
func TestNamesOfTables(t *testing.T) {
	for _, tt := range []struct {
		kind                Kind
		script, table, want string
	}{
		{MySQL, "CREATE TABLE IF NOT EXISTS `A b` (X INT) ENGINE INNODB;", "A b", "CREATE TABLE `A b` (X INT) ENGINE INNODB"},
		{MariaDB, "create table A(X INT);", "A", "create table A(X INT)"},
		{PostgreSQL, `CREATE TABLE IF NOT EXISTS "Ab" (X INT);`, "Ab", `CREATE TABLE "Ab" (X INT)`},
		{SQLServer, "IF NOT EXISTS (SELECT * FROM SYS.OBJECTS WHERE OBJECT_ID = OBJECT_ID(N'[DBO].[A]') AND TYPE IN (N'U'))\nCREATE TABLE A (X INT);", "A", "CREATE TABLE A (X INT)"},
		{SQLServer, "IF NOT EXISTS (SELECT 1) BEGIN CREATE TABLE [dbo].[A] (X INT) END;", "A", "CREATE TABLE [dbo].[A] (X INT)"},
		{Oracle, "CREATE TABLE A (X INT)\n/", "A", "CREATE TABLE A (X INT)"},
		{Oracle, "CREATE TABLE \"a\" (X INT);\n/", "a", "CREATE TABLE \"a\" (X INT)"},
	} {
		set, err := NewScriptSet("x", "x.sql", tt.kind, []byte(tt.script))
		if err != nil {
			t.Errorf("%s: %v", tt.script, err)
			continue
		}
		got := strings.Join(strings.Fields(set.steps[0].sql), " ")
		if fmt.Sprint(set.Tables) != "["+tt.table+"]" || got != tt.want {
			t.Errorf("%s: tables %q, executes %q, want %q", tt.script, set.Tables, got, tt.want)
		}
	}
}
