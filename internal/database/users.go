package database

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/secret"
)

// The kinds of errors of the work on users.
const (
	NoUser       ErrorKind = "no-user"       // UM_USER has no row for it
	SeveralUsers ErrorKind = "several-users" // it has more than one
	NoUserTable  ErrorKind = "no-user-table" // UM_USER is not there
	UserChanged  ErrorKind = "user-changed"  // somebody else has changed the row since
	NotKept      ErrorKind = "not-kept"      // the way back could not be written down, so nothing was done
)

// superTenant is the tenant of the administrator of a Carbon server.
const superTenant = -1234

// User is a user of the primary user store. Printed, it is its name alone.
type User struct {
	ID   int64
	Name string // as the row spells it: where the database ignores case, that may differ from the name asked for
	row  UserRow
}

// String returns the name.
func (u User) String() string { return u.Name }

// GoString returns the name.
func (u User) GoString() string { return u.Name }

// Matches reports whether a password is the one of the user.
func (u User) Matches(r PasswordRule, password secret.Secret) bool {
	hash, err := r.Hash(password, u.row.Salt.String)
	return err == nil && hash == u.row.Hash
}

// MustChange reports whether Carbon refuses the user a day after the last change of its password.
func (u User) MustChange() bool { return truth(u.row.Require.String) }

// UserRow is what the columns of a user's password hold, as text.
type UserRow struct {
	Hash    string
	Salt    sql.NullString
	Require sql.NullString // UM_REQUIRE_CHANGE
	Changed sql.NullString // UM_CHANGED_TIME
}

// String says nothing of what the row holds.
func (r UserRow) String() string { return secret.Shown }

// GoString says nothing of what the row holds.
func (r UserRow) GoString() string { return secret.Shown }

// same reports whether both hold the same password. Oracle has no empty text: it reads as NULL.
func (r UserRow) same(o UserRow) bool { return r.Hash == o.Hash && r.Salt.String == o.Salt.String }

// UserChange is what was done to one row, enough to take it back. Encode holds hashes: it belongs where only the owner of the install can read it.
type UserChange struct {
	ID            int64
	Name          string
	Before, After UserRow
}

// Nothing reports whether no row was changed.
func (c UserChange) Nothing() bool { return c.Before.same(c.After) }

// Encode returns the change for DecodeUserChange.
func (c UserChange) Encode() ([]byte, error) { return json.Marshal(c) }

// DecodeUserChange reads what Encode has written.
func DecodeUserChange(data []byte) (UserChange, error) {
	var c UserChange
	if err := json.Unmarshal(data, &c); err != nil {
		return c, errors.New("the record of the former row cannot be read")
	}
	if c.Before.Hash == "" || c.After.Hash == "" {
		return c, errors.New("the record of the former row is not complete")
	}
	return c, nil
}

// Keep writes down what a change can be taken back with, before it counts. Its error stops the change.
type Keep func(UserChange) error

// FindUser reads a user of the super tenant. The name is compared by the database, as Carbon does at a login: MySQL, MariaDB and SQL Server usually ignore case,
// PostgreSQL and Oracle do not. The error is an *Error: NoUser, SeveralUsers, NoUserTable, NoRight or another.
func (c *Conn) FindUser(ctx context.Context, name string) (User, error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	if err := c.utc(ctx); err != nil {
		return User{}, c.userError(ctx, name, err)
	}
	u, err := c.findUser(ctx, c.conn, userStatements[c.Kind].find, name)
	if err != nil {
		return User{}, c.userError(ctx, name, err)
	}
	return u, nil
}

// SetPassword gives a user a new password in one transaction: the row is locked, changed, read again and its hash computed anew before it counts. Exactly one row
// is changed, or none. A user who has the password already is left alone. keep is called before the transaction ends, nil for none. The error is an *Error.
func (c *Conn) SetPassword(ctx context.Context, name string, r PasswordRule, password secret.Secret, keep Keep) (UserChange, error) {
	if err := r.Check(); err != nil {
		return UserChange{}, c.userError(ctx, name, err)
	}
	return c.changeUser(ctx, name, keep, func(u User) (UserRow, error) {
		if u.Matches(r, password) && !u.MustChange() {
			return u.row, nil
		}
		var row UserRow
		if r.Salted {
			row.Salt = sql.NullString{String: newSalt(), Valid: true}
		} else {
			row.Salt.Valid = true // Carbon stores an empty text there
		}
		hash, err := r.Hash(password, row.Salt.String)
		row.Hash = hash
		return row, err
	}, func(u User) bool { return u.Matches(r, password) })
}

// DisableUser takes a user the possibility to log in: its hash becomes a random value that is the hash of no known password. The user, its roles and what
// belongs to it stay. The rest is as for SetPassword.
func (c *Conn) DisableUser(ctx context.Context, name string, keep Keep) (UserChange, error) {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	row := UserRow{Hash: base64.StdEncoding.EncodeToString(b), Salt: sql.NullString{String: newSalt(), Valid: true}}
	return c.changeUser(ctx, name, keep, func(User) (UserRow, error) { return row, nil }, func(u User) bool { return u.row.same(row) })
}

// RestoreUser puts a row back as it was before a change, if it still holds what the change has written; a row that is as before stays. The error is an
// *Error: UserChanged when somebody has changed the row since, NoUser when it is gone.
func (c *Conn) RestoreUser(ctx context.Context, change UserChange) error {
	if change.Nothing() {
		return nil
	}
	s := userStatements[c.Kind]
	err := c.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		now, err := c.findUser(ctx, tx, s.lockByID, change.ID)
		switch {
		case err != nil:
			return err
		case now.row.same(change.Before):
			return nil
		case !now.row.same(change.After):
			return errUserChanged
		}
		b := change.Before
		if err := c.update(ctx, tx, s.restore, b.Hash, null(b.Salt), null(b.Require), null(b.Changed), change.ID); err != nil {
			return err
		}
		again, err := c.findUser(ctx, tx, s.lockByID, change.ID)
		if err == nil && !again.row.asIn(b) {
			err = errNotAsWritten
		}
		return err
	})
	if err != nil {
		return c.userError(ctx, change.Name, err)
	}
	return nil
}

// asIn reports whether all columns are the same.
func (r UserRow) asIn(o UserRow) bool {
	return r.same(o) && truth(r.Require.String) == truth(o.Require.String) && r.Changed == o.Changed
}

var (
	errNoUser       = errors.New("no such user")
	errSeveralUsers = errors.New("several users")
	errUserChanged  = errors.New("the row was changed by somebody else")
	errNotAsWritten = errors.New("the row does not hold what was written")
	errNotOneRow    = errors.New("another number of rows than one was changed")
	errCommit       = errors.New("the transaction could not be ended")
	errNotKept      = errors.New("the former row could not be written down")
)

// changeUser finds the user, has wanted say what the row is to hold, writes it, and asks done whether it counts.
func (c *Conn) changeUser(ctx context.Context, name string, keep Keep, wanted func(User) (UserRow, error), done func(User) bool) (UserChange, error) {
	var change UserChange
	s := userStatements[c.Kind]
	err := c.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		now, err := c.findUser(ctx, tx, s.lock, name)
		if err != nil {
			return err
		}
		row, err := wanted(now)
		if err != nil {
			return err
		}
		change = UserChange{ID: now.ID, Name: now.Name, Before: now.row, After: row}
		if change.Nothing() {
			return nil
		}
		if err := c.update(ctx, tx, s.set, row.Hash, row.Salt.String, now.ID); err != nil {
			return err
		}
		again, err := c.findUser(ctx, tx, s.lockByID, now.ID)
		switch {
		case err != nil:
			return err
		case !done(again) || !again.row.same(row) || again.MustChange():
			return errNotAsWritten
		}
		change.After = again.row
		if keep == nil {
			return nil
		}
		if err := keep(change); err != nil {
			return fmt.Errorf("%w: %w", errNotKept, err)
		}
		return nil
	})
	if err != nil {
		return UserChange{}, c.userError(ctx, name, err)
	}
	return change, nil
}

// inTransaction runs work in a transaction, which counts only when work succeeds.
func (c *Conn) inTransaction(ctx context.Context, work func(ctx context.Context, tx *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	if err := c.utc(ctx); err != nil {
		return err
	}
	tx, err := c.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := work(ctx, tx); err != nil {
		_ = tx.Rollback() // a connection that is lost undoes it, too
		return err
	}
	if err := ctx.Err(); err != nil {
		_ = tx.Rollback()
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", errCommit, err)
	}
	return nil
}

// utc makes a time that is read as text come back the same: the zones of two sessions may differ. Where a column has no zone there is nothing to do.
func (c *Conn) utc(ctx context.Context) error {
	if s := userStatements[c.Kind].session; s != "" {
		_, err := c.conn.ExecContext(ctx, s)
		return err
	}
	return nil
}

// querier is a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// findUser reads the one row that a statement finds for a name or an id.
func (c *Conn) findUser(ctx context.Context, q querier, query string, key any) (User, error) {
	rows, err := q.QueryContext(ctx, query, c.bound(key, int64(superTenant))...)
	if err != nil {
		return User{}, err
	}
	defer func() { _ = rows.Close() }()
	var all []User
	for len(all) < 2 && rows.Next() {
		var u User
		if err := rows.Scan(&u.ID, &u.Name, &u.row.Hash, &u.row.Salt, &u.row.Require, &u.row.Changed); err != nil {
			return User{}, err
		}
		all = append(all, u)
	}
	switch err := rows.Err(); {
	case err != nil:
		return User{}, err
	case len(all) == 0:
		return User{}, errNoUser
	case len(all) > 1:
		return User{}, errSeveralUsers
	}
	return all[0], nil
}

// update runs a statement that has to change exactly one row; the tenant is the last of its values.
func (c *Conn) update(ctx context.Context, tx *sql.Tx, query string, values ...any) error {
	res, err := tx.ExecContext(ctx, query, c.bound(append(slices.Clip(values), int64(superTenant))...)...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = errNotOneRow
	}
	return err
}

// null is NULL for a text that is not there.
func null(s sql.NullString) any {
	if !s.Valid {
		return nil
	}
	return s.String
}

func newSalt() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// truth reads a truth value as the servers write it.
func truth(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "1", "true", "t", "y":
		return true
	}
	return false
}
