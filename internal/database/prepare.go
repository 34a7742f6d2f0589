package database

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// lockName is what all sessions that create Carbon's tables in one schema agree on.
func lockName(schema string) string {
	sum := sha256.Sum256([]byte(schema))
	return fmt.Sprintf("carbon-setup tables %x", sum[:8])
}

// lock keeps a second creation out of the schema. Oracle offers no lock that any user may take: there a table that appears meanwhile is noticed as it is
// created (ORA-00955).
func (c *creation) lock(ctx context.Context) error {
	var query string
	schema, err := queryText(ctx, c.db, catalogs[c.kind].schema)
	if err != nil {
		return catalogError(ctx, c.kind, err)
	}
	c.created.Schema = schema
	switch n := lockName(schema); c.kind {
	case MySQL, MariaDB:
		query = fmt.Sprintf("SELECT GET_LOCK('%s', 0)", n)
	case PostgreSQL:
		sum := sha256.Sum256([]byte(n))
		query = fmt.Sprintf("SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock(%d) THEN '1' ELSE '0' END", int64(binary.BigEndian.Uint64(sum[:8])>>1))
	case SQLServer:
		query = fmt.Sprintf("DECLARE @r int; EXEC @r = sp_getapplock @Resource = N'%s', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 0; "+
			"SELECT CASE WHEN @r >= 0 THEN '1' ELSE '0' END", n)
	default:
		return nil
	}
	got, err := queryText(ctx, c.db, query)
	if err != nil {
		return catalogError(ctx, c.kind, err)
	}
	if got != "1" {
		return &Error{
			Stage: Schema, Kind: Busy,
			What: fmt.Sprintf("Another carbon-setup is creating tables in %s right now. Nothing was changed from here.", schema),
			Fix:  "Wait until it has finished, and look at the schema again.",
		}
	}
	return nil
}

// unlock gives back what lock took for the session; locks of a transaction end with it.
func (c *creation) unlock(ctx context.Context) {
	if c.kind == MySQL || c.kind == MariaDB {
		_, _ = queryText(ctx, c.db, fmt.Sprintf("SELECT RELEASE_LOCK('%s')", lockName(c.created.Schema)))
	}
}

// softened are the modes that the scripts of Carbon 4.2.0 cannot do with: they have TIMESTAMP columns with the default 0, and strings are read as our own lexer
// reads them. ANSI and TRADITIONAL stand for several modes and would bring them back.
var softened = map[string]bool{
	"NO_ZERO_DATE": true, "NO_ZERO_IN_DATE": true, "TRADITIONAL": true, "NO_BACKSLASH_ESCAPES": true, "ANSI_QUOTES": true, "ANSI": true,
}

// softMode returns sql_mode without those.
func softMode(mode string) string {
	var keep []string
	for _, m := range strings.Split(mode, ",") {
		if m = strings.TrimSpace(m); m != "" && !softened[strings.ToUpper(m)] {
			keep = append(keep, m)
		}
	}
	return strings.Join(keep, ",")
}

// soften prepares a session for the script and returns what puts it back as it was once a transaction is over.
func soften(ctx context.Context, db session, kind Kind) (restore func(context.Context, session), err error) {
	none := func(context.Context, session) {}
	var set, undo []string
	switch kind {
	case MySQL, MariaDB:
		mode, err := queryText(ctx, db, "SELECT @@SESSION.sql_mode")
		if err != nil {
			return none, err
		}
		wait, err := queryText(ctx, db, "SELECT @@SESSION.lock_wait_timeout")
		if err != nil {
			return none, err
		}
		set = []string{
			"SET SESSION sql_mode = " + sqlString(softMode(mode)),
			fmt.Sprintf("SET SESSION lock_wait_timeout = %d", lockWait/time.Second),
		}
		undo = []string{"SET SESSION sql_mode = " + sqlString(mode), "SET SESSION lock_wait_timeout = " + wait}
	case PostgreSQL: // these end with the transaction
		set = []string{
			fmt.Sprintf("SET LOCAL lock_timeout = %d", lockWait/time.Millisecond),
			"SET LOCAL standard_conforming_strings = on",
		}
	case SQLServer:
		set = []string{fmt.Sprintf("SET LOCK_TIMEOUT %d", lockWait/time.Millisecond), "SET XACT_ABORT ON"}
		undo = []string{"SET XACT_ABORT OFF", "SET LOCK_TIMEOUT -1"}
	default:
	}
	restore = func(ctx context.Context, db session) {
		for _, s := range undo {
			_, _ = db.ExecContext(ctx, s)
		}
	}
	for _, s := range set {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return restore, err
		}
	}
	return restore, nil
}

// sqlString writes a string of names and commas.
func sqlString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
