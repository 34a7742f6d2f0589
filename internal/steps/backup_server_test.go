package steps

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/database"
	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/secret"
)

// oddPassword has everything that a shell, an option file or a list with colons could take for its own.
const oddPassword = ` '"\ $HOME;#:x\n"%s` + "`id`" + `é `

// backupBench is an install with tables on a real server, its script, and an account that may only dump.
type backupBench struct {
	*realServer
	home, dir, credentials string
	first, second          string // databases
	account                string
	yaml                   string
}

// hostileName is a name of a folder with everything that a shell could take for its own.
const hostileName = `it's "a" $HOME;#\ & b`

func newBackupBench(t *testing.T, s *realServer, home, more string) *backupBench {
	t.Helper()
	top := filepath.Join(t.TempDir(), hostileName)
	b := &backupBench{realServer: s, dir: filepath.Join(top, "back ups"), credentials: filepath.Join(top, "pass words"), home: filepath.Join(top, "wso2 am's")}
	if err := os.MkdirAll(top, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(home, b.home); err != nil {
		t.Fatal(err)
	}
	b.first, b.second = s.database(t), s.database(t)
	b.account = fmt.Sprintf("dump_%d", time.Now().UnixNano()%1e12)
	b.yaml = s.answers(t, b.first, b.second, "") +
		fmt.Sprintf("backup: {schedule: hourly, directory: %s, keep: 2, username: %s, credentials: %s%s}\n", yamlText(b.dir), b.account, yamlText(b.credentials), more)
	out := buildPlan(t, b.home, b.yaml)
	b.makeAccount(t, out.Advice)
	if _, err := apply.Apply(t.Context(), out.Plan, testOptions()); err != nil {
		t.Fatal(err)
	}
	b.fill(t)
	return b
}

func yamlText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// makeAccount runs the statements that the operator is told, with the odd password.
func (b *backupBench) makeAccount(t *testing.T, advice []Advice) {
	t.Helper()
	statements := accountStatements(t, advice, b.kind)
	if b.kind == database.PostgreSQL {
		b.server.Exec(t, "", "CREATE ROLE "+b.account+" LOGIN PASSWORD '"+strings.ReplaceAll(oddPassword, "'", "''")+"'", statements[2])
		t.Cleanup(func() { b.server.Exec(t, "", "DROP ROLE "+b.account) })
		return
	}
	literal := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(oddPassword)
	for _, statement := range statements {
		b.server.Exec(t, "", strings.Replace(statement, "'...'", "'"+literal+"'", 1))
	}
	t.Cleanup(func() { b.server.Exec(t, "", "DROP USER '"+b.account+"'@'%'") })
}

func accountStatements(t *testing.T, advice []Advice, kind database.Kind) []string {
	t.Helper()
	for _, a := range advice {
		if a.Title == "An account for dumps: "+kind.Title() {
			return a.Commands
		}
	}
	t.Fatal("no statements for the account")
	return nil
}

// fill writes rows that a dump could lose or bend.
func (b *backupBench) fill(t *testing.T) {
	t.Helper()
	blob := "'\\x0001ff5c27'"
	if b.kind == database.MariaDB {
		blob = "X'0001FF5C27'"
	}
	for _, db := range []string{b.first, b.second} {
		b.server.Exec(t, db, "CREATE TABLE ODD_ROWS (ID INTEGER PRIMARY KEY, WORDS VARCHAR(200), BYTES "+map[database.Kind]string{database.PostgreSQL: "BYTEA", database.MariaDB: "BLOB"}[b.kind]+", MISSING VARCHAR(5))",
			"INSERT INTO ODD_ROWS VALUES (1, 'it''s \"quoted\" \n -- ; $HOME', "+blob+", NULL), (2, '', NULL, '')")
		if b.kind == database.PostgreSQL {
			b.server.Exec(t, db, "ALTER TABLE ODD_ROWS OWNER TO "+b.user)
		}
	}
	for i := range 50 {
		b.server.Exec(t, b.first, fmt.Sprintf("INSERT INTO REG_LOG (REG_PATH, REG_USER_ID, REG_LOGGED_TIME, REG_ACTION, REG_TENANT_ID) VALUES ('/_system/%d', 'admin', '%04d-01-02 03:04:05', 0, -1234)", i%7, 2015+i%10))
	}
}

func (b *backupBench) script() string { return filepath.Join(b.home, backupScriptFile) }

// run runs the script, and returns what it says.
func (b *backupBench) run(t testing.TB, input string, arguments ...string) (string, int) {
	t.Helper()
	return runScript(t, exec.CommandContext(t.Context(), "sh", append([]string{b.script()}, arguments...)...), input)
}

func runScript(t testing.TB, cmd *exec.Cmd, input string) (string, int) {
	t.Helper()
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), exitCode(err)
}

// passwords keeps the password of the account for every database.
func (b *backupBench) passwords(t testing.TB, password string) {
	t.Helper()
	for _, name := range []string{"WSO2_CARBON_DB", "WSO2AM_DB"} {
		if out, code := b.run(t, password+"\n", "--set-password", name); code != 0 {
			t.Fatalf("--set-password %s: %d\n%s", name, code, out)
		}
	}
}

// kept are the names of the finished backups, oldest first.
func (b *backupBench) kept(t testing.TB) []string {
	t.Helper()
	return finishedIn(t, b.dir)
}

func finishedIn(t testing.TB, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(strings.NewReplacer(`\`, `\\`).Replace(dir) + "/carbon-backup-*")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// leftovers are the files of runs that did not end well.
func leftovers(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".partial") {
			all = append(all, e.Name())
		}
	}
	return all
}

func (b *backupBench) make(t testing.TB) string {
	t.Helper()
	out, code := b.run(t, "")
	if code != 0 || !strings.Contains(out, "carbon-backup: made "+b.dir+"/carbon-backup-wso2-am-s-") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	all := b.kept(t)
	return all[len(all)-1]
}

// rows are the tables of a database with all that is in them.
func (b *backupBench) rows(t testing.TB, db string) map[string][]string {
	t.Helper()
	c := b.server.Admin(t, db)
	list := "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	quote := `"`
	if b.kind == database.MariaDB {
		list, quote = "SELECT table_name FROM information_schema.tables WHERE table_schema = database()", "`"
	}
	all := map[string][]string{}
	for _, table := range column(t, c, list) {
		all[table] = column(t, c, "SELECT * FROM "+quote+table+quote)
	}
	return all
}

// column returns the rows of a query, each as one text, sorted.
func column(t testing.TB, c *sql.DB, query string) []string {
	t.Helper()
	rows, err := c.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for rows.Next() {
		values := make([]sql.RawBytes, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		words := make([]string, len(names))
		for i, v := range values {
			switch {
			case v == nil:
				words[i] = "NULL"
			case len(names) == 1:
				words[i] = string(v)
			default:
				words[i] = hex.EncodeToString(v)
			}
		}
		lines = append(lines, strings.Join(words, "|"))
	}
	slices.Sort(lines)
	return lines
}

// restoreCommand is the line of RESTORE.txt that reads the dump of a database back, for another database.
func restoreCommand(t testing.TB, folder, program, db, into string) string {
	t.Helper()
	for line := range strings.Lines(readFile(t, folder, "RESTORE.txt")) {
		if strings.HasPrefix(line, "    ") && strings.Contains(line, program) && strings.Contains(line, db) && !strings.Contains(line, "CREATE") {
			return strings.ReplaceAll(strings.TrimSpace(line), db, into)
		}
	}
	t.Fatalf("RESTORE.txt has no %s for %s:\n%s", program, db, readFile(t, folder, "RESTORE.txt"))
	return ""
}

// restore follows RESTORE.txt.
func (b *backupBench) restore(t testing.TB, folder, db string) string {
	t.Helper()
	into := b.database(t)
	var cmd *exec.Cmd
	if b.kind == database.PostgreSQL {
		cmd = exec.CommandContext(t.Context(), "sh", "-c", restoreCommand(t, folder, "pg_restore", db, into))
		cmd.Env = append(os.Environ(), "PGPASSWORD="+dbPassword)
	} else {
		line := restoreCommand(t, folder, "| mariadb", db, into)
		cmd = exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, " -p ", " ", 1))
		cmd.Env = append(os.Environ(), "MYSQL_PWD="+dbPassword)
	}
	cmd.Dir = folder
	if out, code := runScript(t, cmd, ""); code != 0 {
		t.Fatalf("restore: %d\n%s", code, out)
	}
	return into
}

// TestBackupRestored makes a backup by the generated script, restores it by the instructions in it, and compares every table and row.
func TestBackupRestored(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		b := newBackupBench(t, s, sampleHome(t, "api"), "")
		b.passwords(t, oddPassword)
		folder := b.make(t)
		b.compareRows(t, folder, 8)
		if out, code := b.run(t, "", "--check", folder); code != 0 || !strings.Contains(out, "is whole") {
			t.Errorf("--check: %d\n%s", code, out)
		}
		b.compareState(t, folder)
		if again := buildPlan(t, b.home, b.yaml).Plan; !again.Empty() {
			t.Errorf("planned again: %v", planFiles(again))
		}
		for _, r := range (backup{sbin: b.copyScript(t)}).Audit(openHome(t, b.home)) {
			if r.Status != OK {
				t.Errorf("audit: %+v", r)
			}
		}
		for _, file := range finishedIn(t, b.dir) {
			eachFile(t, file, func(name string, data []byte) {
				if bytes.Contains(data, []byte(oddPassword)) {
					t.Errorf("%s has the password of the account", name)
				}
			})
		}
		noSecret(t, readFile(t, b.home, backupScriptFile), secret.New(oddPassword), secret.New(dbPassword))
	})
}

// compareRows restores every dump of a backup into a new database, and compares it table by table and row by row.
func (b *backupBench) compareRows(t *testing.T, folder string, atLeast int) {
	t.Helper()
	for _, db := range []string{b.first, b.second} {
		want, got := b.rows(t, db), b.rows(t, b.restore(t, folder, db))
		if len(want) < atLeast || len(got) != len(want) {
			t.Errorf("%d tables, want %d, at least %d", len(got), len(want), atLeast)
		}
		for table, rows := range want {
			if !slices.Equal(got[table], rows) {
				t.Errorf("%s: %q, want %q", table, got[table], rows)
			}
		}
	}
}

func (b *backupBench) copyScript(t testing.TB) string {
	t.Helper()
	sbin := t.TempDir()
	putExecutable(t, filepath.Join(sbin, filepath.Base(backupInstalled(openHome(t, b.home)))), readFile(t, b.home, backupScriptFile))
	return sbin
}

func eachFile(t testing.TB, dir string, look func(name string, data []byte)) {
	t.Helper()
	for name, f := range homeFiles(t, dir) {
		look(name, f.data)
	}
}

// compareState unpacks the install's own files and compares them with those of the home.
func (b *backupBench) compareState(t testing.TB, folder string) {
	t.Helper()
	into := t.TempDir()
	archive, err := filepath.Glob(strings.NewReplacer(`\`, `\\`).Replace(folder) + "/install.tar.*")
	if err != nil || len(archive) != 1 {
		t.Fatal(archive, err)
	}
	unpack := "gzip -dc"
	if strings.HasSuffix(archive[0], ".zst") {
		unpack = "zstd -q -dc"
	}
	if out, code := runScript(t, exec.CommandContext(t.Context(), "sh", "-c", unpack+` "$1" | tar -C "$2" -xpf -`, "sh", archive[0], into), ""); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	got, want := homeFiles(t, into), homeFiles(t, b.home)
	for _, rel := range []string{"repository/resources/security/wso2carbon.jks", "repository/conf/carbon.xml", "repository/conf/datasources/master-datasources.xml", "bin/wso2server.sh", backupScriptFile} {
		if len(got[rel].data) == 0 || !bytes.Equal(got[rel].data, want[rel].data) || got[rel].mode != want[rel].mode {
			t.Errorf("%s is not as in the home", rel)
		}
	}
	for rel := range got {
		if strings.HasPrefix(rel, "repository/logs") || strings.HasPrefix(rel, "tmp") || strings.HasPrefix(rel, "password-") {
			t.Errorf("%s is in the backup", rel)
		}
	}
}

// TestBackupFails: whatever goes wrong, it is told in one line, nothing half-made stays, and the backups that are there stay.
func TestBackupFails(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		b := newBackupBench(t, s, sampleHome(t, "api"), ", compress: gzip")
		out, code := b.run(t, "")
		if code == 0 || !strings.Contains(out, "--set-password WSO2_CARBON_DB") {
			t.Errorf("without a password: %d\n%s", code, out)
		}
		b.passwords(t, "wrong"+oddPassword)
		b.fails(t, "FAILED: dump of WSO2_CARBON_DB", 0)
		b.passwords(t, oddPassword)
		b.make(t)
		b.make(t)
		good := b.kept(t)
		if len(good) != 2 {
			t.Fatalf("%d backups", len(good))
		}
		b.passwords(t, "wrong")
		for range 3 {
			b.fails(t, b.account, 2)
		}
		if !slices.Equal(b.kept(t), good) {
			t.Errorf("a failed dump has rotated: %v, want %v", b.kept(t), good)
		}
		b.passwords(t, oddPassword)
		newest := b.make(t)
		if got := b.kept(t); len(got) != 2 || got[0] != good[1] || got[1] != newest {
			t.Errorf("kept %v", got)
		}
		ending := map[database.Kind]string{database.PostgreSQL: "pgpass", database.MariaDB: "cnf"}[b.kind]
		file := filepath.Join(b.credentials, "WSO2AM_DB."+ending)
		for _, mode := range []os.FileMode{0o644, 0o640, 0o602, 0o700} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			b.fails(t, file, 2)
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
		if os.Getuid() == 0 {
			if err := os.Chown(file, 12345, 0); err != nil {
				t.Fatal(err)
			}
			b.fails(t, "belongs to user number 12345", 2)
		}
	})
}

func (b *backupBench) fails(t testing.TB, says string, kept int) {
	t.Helper()
	out, code := b.run(t, "")
	if code == 0 || !strings.Contains(out, says) || strings.Count(out, "FAILED: ") != 1 {
		t.Errorf("exit code %d, want a failure that says %q:\n%s", code, says, out)
	}
	noSecret(t, out, secret.New(oddPassword))
	if got := b.kept(t); len(got) != kept {
		t.Errorf("%d backups, want %d", len(got), kept)
	}
	if _, err := os.Stat(b.dir); err == nil {
		if left := leftovers(t, b.dir); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// TestBackupArchivesLog runs the statements for REG_LOG on real servers: old lines move, the newest of each path stays.
func TestBackupArchivesLog(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		b := newBackupBench(t, s, sampleHome(t, "api"), "")
		s.server.Exec(t, b.first, "INSERT INTO REG_LOG (REG_PATH, REG_USER_ID, REG_LOGGED_TIME, REG_ACTION, REG_TENANT_ID) VALUES ('/_system/3', 'admin', CURRENT_TIMESTAMP, 0, -1234)")
		before := s.count(t, b.first, "SELECT COUNT(*) FROM REG_LOG")
		statements := archiveStatements(s.kind)
		script := strings.Join(statements, "\n")
		if out, err := s.server.Client(t, b.first, script); err != nil {
			t.Fatal(out, err)
		}
		left, moved := s.count(t, b.first, "SELECT COUNT(*) FROM REG_LOG"), s.count(t, b.first, "SELECT COUNT(*) FROM REG_LOG_ARCHIVE")
		if left != 7 || left+moved != before {
			t.Errorf("%d left and %d moved of %d", left, moved, before)
		}
		if n := s.count(t, b.first, "SELECT COUNT(*) FROM REG_LOG WHERE REG_LOGGED_TIME > '2026-01-01'"); n != 1 {
			t.Errorf("%d new lines are left", n)
		}
		again := slices.DeleteFunc(slices.Clone(statements), func(one string) bool { return strings.HasPrefix(one, "CREATE") })
		if out, err := s.server.Client(t, b.first, strings.Join(again, "\n")); err != nil {
			t.Fatal(out, err)
		}
		if n := s.count(t, b.first, "SELECT COUNT(*) FROM REG_LOG_ARCHIVE"); n != moved {
			t.Errorf("the second turn has moved %d", n-moved)
		}
	})
}

// TestBackupChecks: pg_dump is compared with the server, and a client that is not there is told.
func TestBackupChecks(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		b := newBackupBench(t, s, sampleHome(t, "api"), "")
		text := ""
		for _, c := range (backup{}).Checks(openHome(t, b.home), answersOf(t, b.yaml)) {
			text += resultLines([]Result{c.Run(t.Context())})
		}
		wants := []string{"backup.directory ok: ", "is not there yet; the first run makes it", "backup.password.WSO2_CARBON_DB warn note: ", "backup.client.WSO2_CARBON_DB ok: "}
		if s.kind == database.PostgreSQL {
			wants = append(wants, "The server is of version ")
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in:\n%s", want, text)
			}
		}
		noSecret(t, text, secret.New(dbPassword))
		fake := t.TempDir()
		putExecutable(t, filepath.Join(fake, "pg_dump"), "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
		t.Setenv("PATH", fake)
		for _, c := range (backup{}).Checks(openHome(t, b.home), answersOf(t, b.yaml)) {
			if !strings.HasPrefix(c.ID, "backup.client.WSO2_CARBON_DB") {
				continue
			}
			if r := c.Run(t.Context()); r.Status != Fail {
				t.Errorf("an old client, or none: %+v", r)
			}
		}
	})
}

// TestBackupServerVersion asks a real server.
func TestBackupServerVersion(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	c, err := database.Open(t.Context(), database.Target{
		Kind: database.PostgreSQL, Host: dbtest.Host, Port: s.Port, Database: "postgres", Username: s.User, Password: secret.New(s.Password),
	}, database.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var want string
	if err := s.Admin(t, "").QueryRowContext(t.Context(), "SHOW server_version").Scan(&want); err != nil {
		t.Fatal(err)
	}
	if n, err := c.PostgresMajor(t.Context()); err != nil || !strings.HasPrefix(want, fmt.Sprintf("%d.", n)) {
		t.Errorf("%d, %v, want %s", n, err, want)
	}
}
