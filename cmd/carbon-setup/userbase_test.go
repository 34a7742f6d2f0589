package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carbon-setup/assets"
	"carbon-setup/internal/database/dbtest"
)

const userbasePassword = "Correct-Horse-42"

// userbase is a sample that was started, with its users in a real PostgreSQL.
type userbase struct {
	home, dir, before string
	server            *dbtest.Server
	db                *sql.DB
	name              string
}

func newUserbase(t *testing.T) *userbase {
	t.Helper()
	u := &userbase{server: dbtest.PostgreSQL(t), dir: t.TempDir()}
	u.name = u.server.Database(t, "")
	u.server.Exec(t, u.name,
		"CREATE TABLE UM_USER (UM_ID INTEGER, UM_USER_NAME VARCHAR(255) NOT NULL, UM_USER_PASSWORD VARCHAR(255) NOT NULL, UM_SALT_VALUE VARCHAR(31), UM_REQUIRE_CHANGE BOOLEAN DEFAULT FALSE, "+
			"UM_CHANGED_TIME TIMESTAMP NOT NULL, UM_TENANT_ID INTEGER DEFAULT 0, PRIMARY KEY (UM_ID, UM_TENANT_ID), UNIQUE (UM_USER_NAME, UM_TENANT_ID))",
		"INSERT INTO UM_USER VALUES (1, 'admin', 'row of admin', 'salt of admin', FALSE, '2014-03-30 02:30:15.25', -1234), (2, 'carla', 'row of carla', 'salt of carla', FALSE, '2014-05-01 01:02:03', -1234)")
	u.db = u.server.Admin(t, u.name)
	u.home = filepath.Join(u.dir, "home")
	if err := assets.Unpack(t.Context(), u.home, assets.Servlet); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(u.home, "repository/logs/wso2carbon.log"), "started\n")
	u.lead(t, u.server.Port)
	writeFile(t, filepath.Join(u.dir, "admin.pw"), userbasePassword+"\n")
	u.before = contents(t, u.home) + "\n" + u.table(t)
	return u
}

// lead points the datasource of the users to a port.
func (u *userbase) lead(t *testing.T, port int) {
	t.Helper()
	file := filepath.Join(u.home, "repository/conf/datasources/master-datasources.xml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	block := strings.Index(text, "<name>WSO2_CARBON_DB</name>")
	set := func(element, value string) {
		from := block + strings.Index(text[block:], "<"+element+">") + len(element) + 2
		to := from + strings.Index(text[from:], "</")
		text = text[:from] + value + text[to:]
	}
	set("url", fmt.Sprintf("jdbc:postgresql://%s:%d/%s", dbtest.Host, port, u.name))
	set("username", u.server.User)
	set("password", u.server.Password)
	writeFile(t, file, text)
}

func (u *userbase) table(t *testing.T) string {
	t.Helper()
	rows, err := u.db.QueryContext(t.Context(), "SELECT um_id, um_user_name, um_user_password, um_salt_value, um_require_change, um_changed_time FROM um_user ORDER BY um_id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var b strings.Builder
	for rows.Next() {
		v := make([]sql.NullString, 6)
		if err := rows.Scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5]); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// accepts does what a login does.
func (u *userbase) accepts(t *testing.T, user, password string) bool {
	t.Helper()
	var hash, salt string
	if err := u.db.QueryRowContext(t.Context(), "SELECT um_user_password, um_salt_value FROM um_user WHERE um_user_name = '"+user+"' AND um_tenant_id = -1234").Scan(&hash, &salt); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(password + salt))
	return hash == base64.StdEncoding.EncodeToString(sum[:])
}

func (u *userbase) command(ctx context.Context, t *testing.T, answers string, args ...string) *exec.Cmd {
	t.Helper()
	if answers != "" {
		file := filepath.Join(u.dir, "answers.yaml")
		writeFile(t, file, "version: 1\nadmin:\n  password: {file: admin.pw}\n"+answers)
		args = append(args, "--answers", file)
	}
	cmd := exec.CommandContext(ctx, mustBinary(t), append(args, "--home", u.home, "--yes")...)
	cmd.Env = append(os.Environ(), "JAVA_HOME=", "NO_COLOR=1")
	return cmd
}

func (u *userbase) run(t *testing.T, answers string, args ...string) (code int, out string) {
	t.Helper()
	cmd := u.command(t.Context(), t, answers, args...)
	data, _ := cmd.CombinedOutput()
	if strings.Contains(string(data), userbasePassword) || strings.Contains(string(data), "row of") {
		t.Errorf("it tells a secret:\n%s", data)
	}
	return cmd.ProcessState.ExitCode(), string(data)
}

func (u *userbase) asBefore(t *testing.T, out string) {
	t.Helper()
	if now := contents(t, u.home) + "\n" + u.table(t); now != u.before {
		t.Errorf("not as before:\n%s\n%s", u.table(t), out)
	}
}

func TestAdminPasswordInARealUserDatabase(t *testing.T) {
	u := newUserbase(t)
	code, out := u.run(t, "x", "apply")
	if code == exitDone || code == exitWarned {
		t.Fatalf("a broken answers file is applied: %s", out)
	}
	code, out = u.run(t, "  username: admin\n", "apply")
	if code != exitWarned || !u.accepts(t, "admin", userbasePassword) || u.accepts(t, "carla", userbasePassword) {
		t.Fatalf("%d: %s\n%s", code, out, u.table(t))
	}
	after := u.table(t)
	if code, out := u.run(t, "  username: admin\n", "apply"); code != exitDone && code != exitWarned || u.table(t) != after {
		t.Errorf("a second time: %d: %s", code, out)
	}
	if code, out := u.run(t, "", "restore"); code != exitDone {
		t.Errorf("%d: %s", code, out)
	} else {
		u.asBefore(t, out)
	}
}

func TestRenamedAdminInARealUserDatabase(t *testing.T) {
	u := newUserbase(t)
	code, out := u.run(t, "  username: carla\n  disable_old: true\n", "apply")
	if code != exitWarned || !u.accepts(t, "carla", userbasePassword) || strings.Contains(u.table(t), "row of") {
		t.Fatalf("%d: %s\n%s", code, out, u.table(t))
	}
	code, out = u.run(t, "", "restore")
	if code != exitDone {
		t.Errorf("%d: %s", code, out)
	}
	u.asBefore(t, out)
}

// What fails late takes back what was done before: in the database, and in the files.
func TestUserDatabaseRefuses(t *testing.T) {
	u := newUserbase(t)
	u.server.Exec(t, u.name, "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$",
		"CREATE TRIGGER no BEFORE UPDATE ON UM_USER FOR EACH ROW WHEN (OLD.UM_ID = 1) EXECUTE FUNCTION no()")
	code, out := u.run(t, "  username: carla\n  disable_old: true\n", "apply")
	if code != exitRolledBack || !strings.Contains(out, "not this one") {
		t.Errorf("%d: %s", code, out)
	}
	u.asBefore(t, out)

	u.server.Exec(t, u.name, "DROP TABLE UM_USER CASCADE")
	if code, out := u.run(t, "  username: admin\n", "apply"); code != exitRolledBack || !strings.Contains(out, "There is no table UM_USER") {
		t.Errorf("%d: %s", code, out)
	}
	u.lead(t, 1)
	if code, out := u.run(t, "  username: admin\n", "apply"); code != exitRolledBack || !strings.Contains(out, "127.0.0.1:1") {
		t.Errorf("%d: %s", code, out)
	}
}

// Killed after the database was changed and before the files were: the next start puts the old row back.
func TestKilledBetweenDatabaseAndFiles(t *testing.T) {
	u := newUserbase(t)
	tx, err := u.db.BeginTx(t.Context(), nil) // the second row is held, so that the run waits with the first one changed
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "SELECT 1 FROM um_user WHERE um_id = 1 FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	cmd := u.command(t.Context(), t, "  username: carla\n  disable_old: true\n", "apply")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !u.acceptsNow("carla"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the first row is never changed")
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(u.home, ".carbon-setup/runs/*/before/.carbon-setup/action-*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("%v, %v", kept, err)
	}
	if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	code, out := u.run(t, "x", "apply")
	if !strings.Contains(out, "had been cut off; it has been undone") {
		t.Errorf("%d: %s", code, out)
	}
	u.asBefore(t, out)
}

// acceptsNow reports whether the first row has been changed, from another connection than the one that holds the second.
func (u *userbase) acceptsNow(user string) bool {
	var hash string
	err := u.db.QueryRowContext(context.Background(), "SELECT um_user_password FROM um_user WHERE um_user_name = '"+user+"'").Scan(&hash)
	return err == nil && !strings.HasPrefix(hash, "row of")
}
