package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

// fakeUsers plays a server with a table of users where there is none to test with. It knows the statements of userStatements and no other, and takes values only
// when they are bound.
type fakeUsers struct {
	kind    Kind
	rows    [][]driver.Value // as found: id, name, hash, salt, require, changed
	log     []string
	fail    map[string]error // by the first words of a statement
	blind   bool             // an UPDATE says that it has changed a row, and has not
	twice   bool             // an UPDATE changes two
	begun   [][]driver.Value
	refused error // of the commit
}

func (f *fakeUsers) clone() [][]driver.Value {
	var all [][]driver.Value
	for _, r := range f.rows {
		all = append(all, slices.Clone(r))
	}
	return all
}

func (f *fakeUsers) failing(query string) error {
	for words, err := range f.fail {
		if strings.HasPrefix(query, words) {
			return err
		}
	}
	return nil
}

type (
	fakeUsersConn struct{ f *fakeUsers }
	fakeUsersTx   struct{ f *fakeUsers }
	fakeUsersRows struct{ rows [][]driver.Value }
)

func (f *fakeUsers) Connect(context.Context) (driver.Conn, error) { return fakeUsersConn{f}, nil }
func (f *fakeUsers) Driver() driver.Driver                        { return nil }

func (fakeUsersConn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("nothing is to be prepared")
}
func (fakeUsersConn) Close() error { return nil }
func (c fakeUsersConn) Begin() (driver.Tx, error) {
	c.f.log, c.f.begun = append(c.f.log, "begin"), c.f.clone()
	return fakeUsersTx(c), nil
}

func (c fakeUsersConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	f, s := c.f, userStatements[c.f.kind]
	f.log = append(f.log, query)
	if err := f.failing(query); err != nil {
		return nil, err
	}
	if want := map[string]int{s.set: 4, s.restore: 6}[query]; want == 0 || want != len(args) || args[want-1].Value != int64(superTenant) {
		return nil, fmt.Errorf("the fake does not know %q with %v", query, args)
	}
	n := int64(0)
	for _, r := range f.rows {
		if r[0] != args[len(args)-2].Value {
			continue
		}
		n++
		if f.blind {
			continue
		}
		r[2], r[3] = args[0].Value, args[1].Value
		if f.kind == Oracle && r[3] == "" {
			r[3] = nil
		}
		if query == s.restore {
			r[4], r[5] = args[2].Value, args[3].Value
		} else {
			r[4], r[5] = "0", "2026-11-22 15:00:00"
		}
	}
	if f.twice {
		n = 2
	}
	return driver.RowsAffected(n), nil
}

func (c fakeUsersConn) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	f, s := c.f, userStatements[c.f.kind]
	f.log = append(f.log, query)
	if err := f.failing(query); err != nil {
		return nil, err
	}
	column, known := map[string]int{s.find: 1, s.lock: 1, s.lockByID: 0}[query]
	if !known || len(args) != 2 || args[1].Value != int64(superTenant) {
		return nil, fmt.Errorf("the fake does not know %q with %v", query, args)
	}
	var found [][]driver.Value
	for _, r := range f.clone() {
		if r[column] == args[0].Value {
			found = append(found, r)
		}
	}
	return &fakeUsersRows{found}, nil
}

func (t fakeUsersTx) Commit() error {
	t.f.log = append(t.f.log, "commit")
	if t.f.refused != nil {
		t.f.rows = t.f.begun
	}
	return t.f.refused
}

func (t fakeUsersTx) Rollback() error {
	t.f.log, t.f.rows = append(t.f.log, "rollback"), t.f.begun
	return nil
}

func (*fakeUsersRows) Columns() []string { return make([]string, 6) }
func (*fakeUsersRows) Close() error      { return nil }
func (r *fakeUsersRows) Next(into []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(into, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// usersOn opens a connection to a fake server with two users.
func usersOn(t *testing.T, k Kind) (*fakeUsers, *Conn) {
	t.Helper()
	f := &fakeUsers{kind: k, fail: map[string]error{}, rows: [][]driver.Value{
		{int64(1), "admin", "old hash", "old salt", "1", "2014-03-30 02:30:15"},
		{int64(2), "carla", "her hash", nil, nil, "2014-05-01 01:02:03"},
	}}
	db := sql.OpenDB(f)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return f, &Conn{Kind: k, Target: Target{Kind: k, Host: "db", Database: "carbon", Username: "carbon"}, db: db, conn: conn}
}

func TestUsersWhereThereIsNoServer(t *testing.T) {
	for _, k := range []Kind{Oracle, SQLServer} {
		t.Run(string(k), func(t *testing.T) {
			f, c := usersOn(t, k)
			s := userStatements[k]
			before := fmt.Sprint(f.rows)
			password := secret.New("N3w!Passw0rd")
			change, err := c.SetPassword(t.Context(), "admin", shippedRule, password, nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{"begin", s.lock, s.set, s.lockByID, "commit"}; !slices.Equal(f.log, want) {
				t.Errorf("it ran\n%s\nwant\n%s", strings.Join(f.log, "\n"), strings.Join(want, "\n"))
			}
			if u, err := c.FindUser(t.Context(), "admin"); err != nil || !u.Matches(shippedRule, password) {
				t.Errorf("%v, %v", u, err)
			}
			if err := c.RestoreUser(t.Context(), change); err != nil || fmt.Sprint(f.rows) != before {
				t.Errorf("%v: %v, want %s", err, f.rows, before)
			}
			for _, name := range []string{"admin", "carla"} {
				change, err := c.SetPassword(t.Context(), name, PasswordRule{Digest: "MD5"}, password, nil)
				if err == nil {
					err = c.RestoreUser(t.Context(), change)
				}
				if err != nil || fmt.Sprint(f.rows) != before {
					t.Errorf("%s: %v: %v", name, err, f.rows)
				}
			}
		})
	}
}

// Whatever goes wrong, the row is as before.
func TestUsersAreLeftWhenItFails(t *testing.T) {
	lost := errors.New("connection reset by peer")
	for name, c := range map[string]struct {
		spoil func(f *fakeUsers)
		kind  ErrorKind
	}{
		"a trigger undoes it":   {func(f *fakeUsers) { f.blind = true }, Incomplete},
		"two rows are changed":  {func(f *fakeUsers) { f.twice = true }, Incomplete},
		"the update is refused": {func(f *fakeUsers) { f.fail["UPDATE"] = lost }, Refusal},
		"the select is refused": {func(f *fakeUsers) { f.fail["SELECT"] = lost }, Refusal},
		"the commit is refused": {func(f *fakeUsers) { f.refused = lost }, Refusal},
	} {
		t.Run(name, func(t *testing.T) {
			for _, k := range []Kind{Oracle, SQLServer} {
				f, conn := usersOn(t, k)
				before := fmt.Sprint(f.rows)
				c.spoil(f)
				_, err := conn.SetPassword(t.Context(), "admin", shippedRule, secret.New("Top-Secret-1"), nil)
				var e *Error
				if !errors.As(err, &e) || e.Kind != c.kind {
					t.Errorf("want %s: %v", c.kind, err)
				}
				if fmt.Sprint(f.rows) != before || strings.Contains(fmt.Sprint(err), "Top-Secret-1") {
					t.Errorf("%v\n%v", err, f.rows)
				}
			}
		})
	}
}
