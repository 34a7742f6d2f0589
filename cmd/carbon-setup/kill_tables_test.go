package main

import (
	"archive/zip"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/assets"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/database/dbtest"
)

const tablesPassword = "Tables-Of-42"

// tablebase is a sample, answers that lead two of its datasources to a real server, and a user there that owns both databases.
type tablebase struct {
	home, answers, user string
	server              *dbtest.Server
	first, second       string // databases
	script              string // of the first, below dbscripts
	isPostgres          bool
}

func eachTablebase(t *testing.T, run func(t *testing.T, b *tablebase)) {
	t.Helper()
	for _, kind := range []string{"postgresql", "mariadb"} {
		t.Run(kind, func(t *testing.T) { run(t, newTablebase(t, kind)) })
	}
}

func newTablebase(t *testing.T, kind string) *tablebase {
	t.Helper()
	dir := t.TempDir()
	b := &tablebase{home: filepath.Join(dir, "home"), answers: filepath.Join(dir, "answers.yaml"), user: fmt.Sprintf("kill%d", time.Now().UnixNano()%1e12), isPostgres: kind == "postgresql"}
	class := "org/mariadb/jdbc/Driver.class"
	if b.isPostgres {
		b.server, b.script, class = dbtest.PostgreSQL(t), "postgresql.sql", "org/postgresql/Driver.class"
		b.server.Exec(t, "", "CREATE ROLE "+b.user+" LOGIN PASSWORD '"+tablesPassword+"'", "ALTER ROLE "+b.user+" SET log_statement = 'all'")
		t.Cleanup(func() { b.server.Exec(t, "", "DROP ROLE "+b.user) })
	} else {
		b.server, b.script = dbtest.MariaDB(t), "mysql.sql"
		b.server.Exec(t, "", "CREATE USER "+b.user+"@'%' IDENTIFIED BY '"+tablesPassword+"'")
		t.Cleanup(func() { b.server.Exec(t, "", "DROP USER "+b.user+"@'%'", "FLUSH PRIVILEGES") })
	}
	b.first, b.second = b.database(t), b.database(t)
	if err := assets.Unpack(t.Context(), b.home, assets.API); err != nil {
		t.Fatal(err)
	}
	writeDriver(t, filepath.Join(dir, "driver.jar"), class)
	writeFile(t, filepath.Join(dir, "db.pw"), tablesPassword+"\n")
	writeFile(t, b.answers, fmt.Sprintf("version: 1\ndatasources:\n  WSO2_CARBON_DB: {type: %s, host: %s, port: %d, database: %s, username: %s, password: {file: db.pw}, driver: driver.jar}\n  WSO2AM_DB: {type: same, database: %s}\n",
		kind, dbtest.Host, b.server.Port, b.first, b.user, b.second))
	return b
}

func (b *tablebase) database(t *testing.T) string {
	t.Helper()
	name := b.server.Database(t, "")
	if !b.isPostgres {
		b.server.Exec(t, "", "GRANT ALL ON "+name+".* TO "+b.user+"@'%'")
		return name
	}
	b.server.Exec(t, "", "ALTER DATABASE "+name+" OWNER TO "+b.user)
	t.Cleanup(func() { b.server.Exec(t, "", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return name
}

// writeDriver writes a jar with a class of the name of a driver, for Java 6.
func writeDriver(t *testing.T, path, class string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create(class)
	if err == nil {
		_, err = w.Write([]byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 50, 0, 1, 0})
	}
	for _, close := range []func() error{z.Close, f.Close} {
		if err == nil {
			err = close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (b *tablebase) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), mustBinary(t), append(args, "--home", b.home)...)
	cmd.Env = []string{"PATH=", "HOME=" + t.TempDir(), "TERM=dumb"} // no Java: its driver is none
	return cmd
}

// tables lists the tables of a database, with the number of their columns.
func (b *tablebase) tables(t *testing.T, db string) []string {
	t.Helper()
	schema := "database()"
	if b.isPostgres {
		schema = "'public'"
	}
	rows, err := b.server.Admin(t, db).QueryContext(t.Context(), "SELECT table_name, COUNT(*) FROM information_schema.columns WHERE table_schema = "+schema+" GROUP BY table_name")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var name string
		var columns int
		if err := rows.Scan(&name, &columns); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %d", name, columns))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// under counts what the server shows of a creation on its way: tables on MariaDB, where each counts at once, and on PostgreSQL the number of the
// table in the statement that runs, as nobody else sees them before the end.
func (b *tablebase) under(ctx context.Context, db *sql.DB) (n int) {
	query := "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '" + b.first + "' AND table_name LIKE 'SLOW%'"
	if b.isPostgres {
		query = "SELECT COALESCE(MAX(SUBSTRING(query FROM 'CREATE TABLE SLOW([0-9]+)')::int), 0) FROM pg_stat_activity WHERE datname = '" + b.first + "'"
	}
	_ = db.QueryRowContext(ctx, query).Scan(&n) // 0 until it begins
	return n
}

// TestKilledWhileTablesAreMade kills the real binary with SIGKILL in the middle of the creation of tables, twice. The next run takes the files back, goes on,
// and ends with the tables that the vendor's own client makes of the same script, and with the files of a run that nobody has killed.
func TestKilledWhileTablesAreMade(t *testing.T) {
	const more = 120 // tables, so that there is a middle
	eachTablebase(t, func(t *testing.T, b *tablebase) {
		path := filepath.Join(b.home, "dbscripts", b.script)
		script, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range more {
			script = fmt.Appendf(script, "\nCREATE TABLE SLOW%d (A INTEGER, B VARCHAR(100), PRIMARY KEY (A));", i+1)
		}
		writeFile(t, path, string(script)+"\n")
		vendor := b.server.Database(t, "")
		if out, err := b.server.Client(t, vendor, string(script)); err != nil {
			t.Fatal(err, out)
		}
		want := b.tables(t, vendor)
		before := contents(t, b.home)
		for _, at := range []int{more / 4, more / 2} {
			b.killAt(t, at)
			if run, err := apply.Unfinished(b.home); err != nil || run == nil {
				t.Fatalf("killed at table %d, and no run was cut off: %v", at, err)
			}
			if got := len(b.tables(t, b.first)); got >= len(want) || !b.isPostgres && got < at || b.isPostgres && got > 0 {
				t.Errorf("killed at table %d of %d, and %d are there", at, len(want), got)
			}
		}
		out, err := b.command(t, "apply", "--answers", b.answers, "--yes").CombinedOutput()
		if code := exitOf(err); code != exitDone && code != exitWarned || !strings.Contains(string(out), "had been cut off") {
			t.Fatalf("the next run: %v\n%s", err, out)
		}
		if got := b.tables(t, b.first); !slices.Equal(got, want) {
			t.Errorf("%d tables are there, and the vendor's client makes %d", len(got), len(want))
		}
		if len(b.tables(t, b.second)) == 0 {
			t.Error("the second database has none")
		}
		if out, err := b.command(t, "plan", "--answers", b.answers).CombinedOutput(); err != nil {
			t.Errorf("planned again: %v\n%s", err, out)
		}
		if out, err := b.command(t, "restore", "--yes").CombinedOutput(); exitOf(err) != exitWarned { // the tables stay
			t.Errorf("restored: %v\n%s", err, out)
		}
		if contents(t, b.home) != before {
			t.Error("the files are not as before the first of the runs")
		}
		if got := b.tables(t, b.first); !slices.Equal(got, want) {
			t.Error("restoring files has changed the tables")
		}
	})
}

// killAt starts an apply and kills it when the creation is at a table.
func (b *tablebase) killAt(t *testing.T, table int) {
	t.Helper()
	db := b.server.Admin(t, "")
	cmd := b.command(t, "apply", "--answers", b.answers, "--yes")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	for b.under(t.Context(), db) < table {
		select {
		case <-ended:
			t.Fatalf("it ended before table %d:\n%s", table, out.String())
		case <-time.After(2 * time.Millisecond):
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	b.gone(t, db)
}

// gone waits until the server has noticed that its client is no more.
func (b *tablebase) gone(t *testing.T, db *sql.DB) {
	t.Helper()
	query := "SELECT COUNT(*) FROM information_schema.processlist WHERE user = '" + b.user + "'"
	if b.isPostgres {
		query = "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = '" + b.user + "'"
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var n int
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the session of the killed process does not end")
		}
	}
}

func exitOf(err error) int {
	if err == nil {
		return exitDone
	}
	if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // it comes from the process itself
		return e.ExitCode()
	}
	return -1
}

// TestLookingMakesNoTable: a plan does not even connect, and a dry run of the wizard that runs every check says nothing to the servers but what reads.
func TestLookingMakesNoTable(t *testing.T) {
	eachTablebase(t, func(t *testing.T, b *tablebase) {
		said := b.listen(t)
		before := contents(t, b.home)
		for _, args := range [][]string{{"plan", "--answers", b.answers}, {"plan", "--json", "--answers", b.answers}, {"audit"}, {"verify", "--answers", b.answers}, {"answers"}} {
			_ = b.command(t, args...).Run() // how it ends is another test's
		}
		if got := said(); len(got) > 0 {
			t.Errorf("looking at files has said to the server:\n%s", strings.Join(got, "\n"))
		}
		cmd := b.command(t, "setup", "--dry-run", "--plain", "--answers", b.answers)
		cmd.Stdin = strings.NewReader("r\nt\na\nq\n")
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), "All checks have run") || !strings.Contains(string(out), "no table is there yet") || !strings.Contains(string(out), "A dry run has no apply") {
			t.Errorf("the dry run did not come to the checks, or past them:\n%s", out)
		}
		statements := said()
		reads := regexp.MustCompile(`(?i)^(SELECT|SHOW|SET|BEGIN|COMMIT|ROLLBACK|START TRANSACTION|-- ping)\b`)
		for _, s := range statements {
			if !reads.MatchString(s) || regexp.MustCompile(`(?i)\b(GET_LOCK|pg_advisory\w*|nextval|INTO)\b`).MatchString(s) {
				t.Errorf("a dry run says to the server: %s", s)
			}
		}
		if len(statements) < 10 {
			t.Errorf("only this was heard, which cannot be all:\n%s", strings.Join(statements, "\n"))
		}
		for _, db := range []string{b.first, b.second} {
			if got := b.tables(t, db); len(got) > 0 {
				t.Errorf("%s has %v", db, got)
			}
		}
		if contents(t, b.home) != before {
			t.Error("the install has changed")
		}
	})
}

// listen returns what the user has said to the server since the last call.
func (b *tablebase) listen(t *testing.T) func() []string {
	t.Helper()
	if b.isPostgres {
		return b.listenToLog(t)
	}
	b.server.Exec(t, "", "SET GLOBAL log_output = 'TABLE'", "SET GLOBAL general_log = 1")
	t.Cleanup(func() { b.server.Exec(t, "", "SET GLOBAL general_log = 0", "TRUNCATE TABLE mysql.general_log") })
	return func() []string {
		rows, err := b.server.Admin(t, "").QueryContext(t.Context(), "SELECT argument FROM mysql.general_log WHERE user_host LIKE '"+b.user+"[%' AND command_type IN ('Query', 'Execute')")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var all []string
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
}

var loggedStatement = regexp.MustCompile(`(?m)LOG:  (?:statement|execute [^:]*): (.*)$`)

// listenToLog reads the log of PostgreSQL, in which only the user's statements are.
func (b *tablebase) listenToLog(t *testing.T) func() []string {
	t.Helper()
	read := func() string {
		data, err := os.ReadFile(b.server.LogFile)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	from := len(read())
	return func() []string {
		var all []string
		for _, m := range loggedStatement.FindAllStringSubmatch(read()[from:], -1) {
			all = append(all, m[1])
		}
		return all
	}
}
