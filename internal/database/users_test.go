package database

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/secret"
)

var updateUsers = flag.Bool("update-users", false, "write testdata/users.sql anew")

// shippedRule is how the user store of Carbon 4.2.0 is delivered.
var shippedRule = PasswordRule{Digest: "SHA-256", Salted: true}

func TestHash(t *testing.T) {
	const salt = "3NL9PtlNNnVcFfaGQcuqsw=="
	for _, c := range []struct {
		rule PasswordRule
		want string
	}{
		{shippedRule, "TCI5Q5IkVvQWJp0Q91A05u0OCJz763uQR4MjmFCpIEA="}, // written by JDBCUserStoreManager itself
		{PasswordRule{Digest: "sha-256", Salted: true}, "TCI5Q5IkVvQWJp0Q91A05u0OCJz763uQR4MjmFCpIEA="},
		{PasswordRule{Digest: "PLAIN_TEXT", Salted: true}, "N3w!Passw0rd"},
		{PasswordRule{Salted: true}, "N3w!Passw0rd"},
		{PasswordRule{}, "N3w!Passw0rd"},
	} {
		got, err := c.rule.Hash(secret.New("N3w!Passw0rd"), salt)
		if err != nil || got != c.want {
			t.Errorf("%+v: %s, %v; want %s", c.rule, got, err, c.want)
		}
	}
	for _, name := range []string{"plain_text", "SHA-257", " SHA-256", "SHA-256\n"} {
		var bad *DigestError
		if _, err := (PasswordRule{Digest: name}).Hash(secret.New("x"), ""); !errors.As(err, &bad) {
			t.Errorf("%q is taken for a digest: %v", name, err)
		}
	}
}

// The programs of the system compute the same.
func TestHashAsOthersDo(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for digest, name := range map[string]string{"SHA-256": "-sha256", "SHA-384": "-sha384", "SHA-512": "-sha512", "SHA": "-sha1", "MD5": "-md5"} {
		for _, salted := range []bool{true, false} {
			text := "Grüße'\"" + map[bool]string{true: "c2FsdA=="}[salted]
			cmd := exec.CommandContext(t.Context(), openssl, "dgst", name, "-binary")
			cmd.Stdin = strings.NewReader(text)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			got, err := PasswordRule{Digest: digest, Salted: salted}.Hash(secret.New("Grüße'\""), "c2FsdA==")
			if want := base64.StdEncoding.EncodeToString(out); err != nil || got != want {
				t.Errorf("%s, salted %v: %s, %v; want %s", digest, salted, got, err, want)
			}
		}
	}
}

func FuzzHash(f *testing.F) {
	f.Add("N3w!Passw0rd", "3NL9PtlNNnVcFfaGQcuqsw==", "SHA-256", true)
	f.Add("", "", "", false)
	f.Add("a", "b", "PLAIN_TEXT", true)
	f.Fuzz(func(t *testing.T, password, salt, digest string, salted bool) {
		r := PasswordRule{Digest: digest, Salted: salted}
		hash, err := r.Hash(secret.New(password), salt)
		if (err == nil) != (r.Check() == nil) {
			t.Fatalf("Check and Hash disagree about %q", digest)
		}
		if err != nil {
			return
		}
		u := User{row: UserRow{Hash: hash, Salt: sql.NullString{String: salt, Valid: true}}}
		if !u.Matches(r, secret.New(password)) || u.Matches(r, secret.New(password+"x")) {
			t.Fatalf("%q with %q and %+v does not match itself alone", password, salt, r)
		}
		if len(hash) > 255 && !r.Clear() {
			t.Fatalf("%s does not fit UM_USER_PASSWORD", hash)
		}
	})
}

func TestUserStatements(t *testing.T) {
	var b bytes.Buffer
	for _, k := range Kinds() {
		s := userStatements[k]
		fmt.Fprintf(&b, "== %s\n", k)
		for _, line := range []string{s.session, s.find, s.lock, s.lockByID, s.set, s.restore} {
			if line != "" {
				fmt.Fprintln(&b, line+";")
			}
		}
	}
	file := filepath.Join("testdata", "users.sql")
	if *updateUsers {
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("the statements are not those of %s:\n%s", file, b.String())
	}
}

// userServer is a real server with a table of users and a database user of Carbon's.
type userServer struct {
	kind   Kind
	server *dbtest.Server
	db     string
	admin  *sql.DB
}

// userTable is the table as Carbon's scripts make it, with a row that has to stay: same name, other tenant.
var userTable = map[Kind][]string{
	PostgreSQL: {
		"CREATE TABLE UM_USER (UM_ID INTEGER, UM_USER_NAME VARCHAR(255) NOT NULL, UM_USER_PASSWORD VARCHAR(255) NOT NULL, UM_SALT_VALUE VARCHAR(31), " +
			"UM_REQUIRE_CHANGE BOOLEAN DEFAULT FALSE, UM_CHANGED_TIME TIMESTAMP NOT NULL, UM_TENANT_ID INTEGER DEFAULT 0, PRIMARY KEY (UM_ID, UM_TENANT_ID))",
	},
	MariaDB: {
		"CREATE TABLE UM_USER (UM_ID INTEGER NOT NULL AUTO_INCREMENT, UM_USER_NAME VARCHAR(255) NOT NULL, UM_USER_PASSWORD VARCHAR(255) NOT NULL, UM_SALT_VALUE VARCHAR(31), " +
			"UM_REQUIRE_CHANGE BOOLEAN DEFAULT FALSE, UM_CHANGED_TIME TIMESTAMP NOT NULL, UM_TENANT_ID INTEGER DEFAULT 0, PRIMARY KEY (UM_ID, UM_TENANT_ID)) ENGINE INNODB",
	},
}

const userRows = "INSERT INTO UM_USER VALUES (1, 'admin', 'old hash', 'old salt', TRUE, '2014-03-30 02:30:15', -1234), (2, 'carla', 'her hash', 'her salt', FALSE, '2014-05-01 01:02:03', -1234), " +
	"(3, 'admin', 'of a tenant', NULL, FALSE, '2014-05-01 01:02:03', 1), (4, 'null', 'n', NULL, NULL, '2014-05-01 01:02:03', -1234), (5, 'o''hara', 'h', 's', FALSE, '2014-05-01 01:02:03', -1234)"

func userServers(t *testing.T, each func(t *testing.T, s userServer)) {
	for _, k := range []Kind{PostgreSQL, MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			s := userServer{kind: k}
			if k == PostgreSQL {
				s.server = dbtest.PostgreSQL(t)
			} else {
				s.server = dbtest.MariaDB(t)
			}
			s.db = s.server.Database(t, "")
			s.server.Exec(t, s.db, append(userTable[k], userRows)...)
			s.admin = s.server.Admin(t, s.db)
			each(t, s)
		})
	}
}

func (s userServer) open(t *testing.T, user, password string) *Conn {
	t.Helper()
	to := target(s.kind, s.server.Port, s.db, user)
	to.Password = secret.New(password)
	c, err := Open(t.Context(), to, TestOptions{Roots: s.server.Roots})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s userServer) carbon(t *testing.T) *Conn {
	t.Helper()
	return s.open(t, s.server.User, s.server.Password)
}

// table is everything that UM_USER holds.
func (s userServer) table(t *testing.T, where string) string {
	t.Helper()
	rows, err := s.admin.QueryContext(t.Context(), "SELECT UM_ID, UM_USER_NAME, UM_USER_PASSWORD, UM_SALT_VALUE, UM_REQUIRE_CHANGE, UM_CHANGED_TIME, UM_TENANT_ID FROM UM_USER "+where+" ORDER BY UM_ID")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var b strings.Builder
	for rows.Next() {
		v := make([]sql.NullString, 7)
		if err := rows.Scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6]); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSetPassword(t *testing.T) {
	userServers(t, func(t *testing.T, s userServer) {
		before, others := s.table(t, ""), s.table(t, "WHERE UM_ID <> 1")
		c := s.carbon(t)
		password := secret.New(`N3w'Pa"ss\w0rd`)
		var kept UserChange
		change, err := c.SetPassword(t.Context(), "admin", shippedRule, password, func(u UserChange) error { kept = u; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if kept != change || change.ID != 1 || change.Nothing() {
			t.Errorf("kept %#v, made %#v", kept, change)
		}
		// By the server's own words, not ours.
		var hash, salt string
		var require bool
		if err := s.admin.QueryRowContext(t.Context(), "SELECT UM_USER_PASSWORD, UM_SALT_VALUE, UM_REQUIRE_CHANGE FROM UM_USER WHERE UM_ID = 1").Scan(&hash, &salt, &require); err != nil {
			t.Fatal(err)
		}
		want, _ := shippedRule.Hash(password, salt)
		if b, err := base64.StdEncoding.DecodeString(salt); hash != want || err != nil || len(b) != 16 || require {
			t.Errorf("the row holds %s, %s, %v; want %s", hash, salt, require, want)
		}
		if now := s.table(t, "WHERE UM_ID <> 1"); now != others {
			t.Errorf("other users were changed:\n%s", now)
		}
		found, err := c.FindUser(t.Context(), "admin")
		if err != nil || !found.Matches(shippedRule, password) || found.MustChange() {
			t.Errorf("%v, %v", found, err)
		}

		after := s.table(t, "")
		if again, err := c.SetPassword(t.Context(), "admin", shippedRule, password, nil); err != nil || !again.Nothing() || s.table(t, "") != after {
			t.Errorf("a second time it is %#v, %v", again, err)
		}

		data, err := change.Encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := DecodeUserChange(data)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time there is nothing to do
			if err := s.carbon(t).RestoreUser(t.Context(), read); err != nil {
				t.Fatal(err)
			}
			if now := s.table(t, ""); now != before {
				t.Errorf("the row is not as before:\n%swant\n%s", now, before)
			}
		}
	})
}

func TestOldRowsComeBackExactly(t *testing.T) {
	userServers(t, func(t *testing.T, s userServer) {
		before := s.table(t, "")
		c := s.carbon(t)
		for _, r := range []PasswordRule{shippedRule, {Digest: "SHA-512"}, {Digest: "PLAIN_TEXT"}, {Salted: true}} {
			for _, name := range []string{"admin", "null", "o'hara"} {
				change, err := c.SetPassword(t.Context(), name, r, secret.New("Other-1"), nil)
				if err != nil || s.table(t, "") == before {
					t.Fatalf("%s: %v", name, err)
				}
				if err := c.RestoreUser(t.Context(), change); err != nil || s.table(t, "") != before {
					t.Fatalf("%s: %v\n%s", name, err, s.table(t, ""))
				}
			}
		}
	})
}

func TestDisableUser(t *testing.T) {
	userServers(t, func(t *testing.T, s userServer) {
		before := s.table(t, "")
		c := s.carbon(t)
		change, err := c.DisableUser(t.Context(), "carla", nil)
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.FindUser(t.Context(), "carla")
		if err != nil || u.row.Hash == "her hash" || u.Matches(shippedRule, secret.New("carla")) {
			t.Errorf("%#v, %v", u, err)
		}
		if s.table(t, "WHERE UM_ID <> 2") != strings.Replace(before, strings.SplitAfter(before, "\n")[1], "", 1) {
			t.Error("other users were changed")
		}
		if err := c.RestoreUser(t.Context(), change); err != nil || s.table(t, "") != before {
			t.Errorf("%v\n%s", err, s.table(t, ""))
		}
	})
}

func TestUserRefusals(t *testing.T) {
	userServers(t, func(t *testing.T, s userServer) {
		before := s.table(t, "")
		c := s.carbon(t)
		refused := func(kind ErrorKind, err error) {
			t.Helper()
			var e *Error
			if !errors.As(err, &e) || e.Kind != kind || e.What == "" || e.Fix == "" {
				t.Errorf("want %s: %v", kind, err)
			}
			if strings.Contains(fmt.Sprint(err), "Top-Secret-1") || strings.Contains(fmt.Sprint(err), "old hash") {
				t.Errorf("it tells a secret: %v", err)
			}
			if now := s.table(t, ""); now != before {
				t.Errorf("%s: something was changed:\n%s", kind, now)
			}
		}
		set := func(c *Conn, name string, keep Keep) error {
			_, err := c.SetPassword(t.Context(), name, shippedRule, secret.New("Top-Secret-1"), keep)
			return err
		}
		refused(NoUser, set(c, "nobody", nil))
		refused(NoUser, set(c, "admin' OR '1'='1", nil))
		refused(NotKept, set(c, "admin", func(UserChange) error { return errors.New("no room") }))
		_, err := c.SetPassword(t.Context(), "admin", PasswordRule{Digest: "WHIRLPOOL"}, secret.New("Top-Secret-1"), nil)
		refused(Unusable, err)

		ctx, cancel := context.WithCancel(t.Context())
		_, err = c.SetPassword(ctx, "admin", shippedRule, secret.New("Top-Secret-1"), func(UserChange) error { cancel(); return nil })
		if err == nil {
			t.Error("it counts although it was stopped")
		}
		refused(Canceled, err)
	})
}

func TestUserRights(t *testing.T) {
	userServers(t, func(t *testing.T, s userServer) {
		s.server.Exec(t, s.db, map[Kind]string{PostgreSQL: "CREATE ROLE looker LOGIN PASSWORD '" + goodPassword + "'", MariaDB: "CREATE USER looker@'127.0.0.1' IDENTIFIED BY '" + goodPassword + "'"}[s.kind],
			map[Kind]string{PostgreSQL: "GRANT SELECT ON UM_USER TO looker", MariaDB: "GRANT SELECT ON UM_USER TO looker@'127.0.0.1'"}[s.kind])
		t.Cleanup(func() {
			if s.kind == PostgreSQL {
				s.server.Exec(t, s.db, "DROP OWNED BY looker", "DROP ROLE looker")
			} else {
				s.server.Exec(t, s.db, "DROP USER looker@'127.0.0.1'")
			}
		})
		before := s.table(t, "")
		c := s.open(t, "looker", goodPassword)
		if _, err := c.FindUser(t.Context(), "admin"); err != nil {
			t.Errorf("reading: %v", err)
		}
		var e *Error
		if _, err := c.SetPassword(t.Context(), "admin", shippedRule, secret.New("x"), nil); !errors.As(err, &e) || e.Kind != NoRight || len(e.Statements) != 1 {
			t.Errorf("%v", err)
		}
		if s.table(t, "") != before {
			t.Error("something was changed")
		}
		s.server.Exec(t, s.db, "DROP TABLE UM_USER")
		if _, err := s.carbon(t).FindUser(t.Context(), "admin"); !errors.As(err, &e) || e.Kind != NoUserTable {
			t.Errorf("%v", err)
		}
	})
}

func TestTwoRowsAndRowsOfOthers(t *testing.T) {
	userServers(t, func(t *testing.T, s userServer) {
		c := s.carbon(t)
		change, err := c.SetPassword(t.Context(), "admin", shippedRule, secret.New("mine"), nil)
		if err != nil {
			t.Fatal(err)
		}
		s.server.Exec(t, s.db, "UPDATE UM_USER SET UM_USER_PASSWORD = 'of the console' WHERE UM_ID = 1")
		var e *Error
		if err := c.RestoreUser(t.Context(), change); !errors.As(err, &e) || e.Kind != UserChanged || !strings.Contains(s.table(t, ""), "of the console") {
			t.Errorf("%v", err)
		}
		s.server.Exec(t, s.db, "DELETE FROM UM_USER WHERE UM_ID = 1")
		if err := c.RestoreUser(t.Context(), change); !errors.As(err, &e) || e.Kind != NoUser {
			t.Errorf("%v", err)
		}
		s.server.Exec(t, s.db, "INSERT INTO UM_USER VALUES (6, 'carla', 'twice', NULL, FALSE, '2014-05-01 01:02:03', -1234)")
		if _, err := c.SetPassword(t.Context(), "carla", shippedRule, secret.New("x"), nil); !errors.As(err, &e) || e.Kind != SeveralUsers {
			t.Errorf("%v", err)
		}
	})
}

// The row that somebody else holds is waited for, and given up in time.
func TestLockedRow(t *testing.T) {
	userServers(t, func(t *testing.T, s userServer) {
		tx, err := s.admin.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(t.Context(), "UPDATE UM_USER SET UM_SALT_VALUE = 'held' WHERE UM_ID = 1"); err != nil {
			t.Fatal(err)
		}
		c := s.carbon(t)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		began := time.Now()
		var e *Error
		if _, err := c.SetPassword(ctx, "admin", shippedRule, secret.New("x"), nil); !errors.As(err, &e) || e.Kind != Busy {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// The database decides whether case counts, as it does when Carbon asks.
func TestCaseOfUserNames(t *testing.T) {
	userServers(t, func(t *testing.T, s userServer) {
		u, err := s.carbon(t).FindUser(t.Context(), "ADMIN")
		var e *Error
		if s.kind == PostgreSQL && (!errors.As(err, &e) || e.Kind != NoUser || !strings.Contains(e.Fix, "capital")) {
			t.Errorf("%v, %v", u, err)
		}
		if s.kind == MariaDB && (err != nil || u.Name != "admin") {
			t.Errorf("%v, %v", u, err)
		}
	})
}
