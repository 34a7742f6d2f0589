package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"carbon-setup/internal/remote"
)

// cleanup is how long putting the session back as it was may take.
const cleanup = 10 * time.Second

// Inspect compares the current schema with the scripts. It changes nothing. The error is an *Error; with it the state is Unknown.
func (c *Conn) Inspect(ctx context.Context, sets ...ScriptSet) (SchemaState, error) {
	if err := c.fits(sets...); err != nil {
		return SchemaState{Kind: Unknown, Users: -1, Paths: -1}, err
	}
	return inspect(ctx, c.conn, c.Kind, sets)
}

// Create runs the script in a schema that holds nothing of it, and goes on in one that an unfinished Create of it has left. beside are the other scripts of
// the product, whose tables may be there; where there are any others and none of these, it refuses. It never executes a DROP. The schema is looked at once
// more on the way, and a second Create at the same time is refused. progress, which may be nil, is told before each statement and at the end.
//
// On PostgreSQL and SQL Server all is created or nothing. On the others a failure leaves what is there, and the next Create goes on behind it; when ctx
// ends, the statement that runs may go on for a moment. Created says what was made, with an error too. The error is an *Error.
func (c *Conn) Create(ctx context.Context, set ScriptSet, progress func(done, total int, table string), beside ...ScriptSet) (Created, error) {
	r := creation{kind: c.Kind, set: &set, beside: beside, progress: progress, created: Created{Set: set.Name}}
	if err := c.fits(append([]ScriptSet{set}, beside...)...); err != nil {
		return r.created, err
	}
	err := c.within(ctx, &r, r.create)
	if err != nil && r.atomic {
		r.created = Created{Set: set.Name, Schema: r.created.Schema}
	}
	return r.created, err
}

// Drop removes what a Create has made, while it holds no row but those that the script has inserted; it removes nothing else, and no table that was there
// before. On an error of kind NotEmpty nothing was removed. The error is an *Error.
func (c *Conn) Drop(ctx context.Context, set ScriptSet, made Created) error {
	r := creation{kind: c.Kind, set: &set}
	if err := c.fits(set); err != nil {
		return err
	}
	return c.within(ctx, &r, func(ctx context.Context) error { return r.drop(ctx, made) })
}

// fits makes sure that the scripts are for this server.
func (c *Conn) fits(sets ...ScriptSet) error {
	for i := range sets {
		if s := &sets[i]; len(s.steps) == 0 || scriptFamily(s.kind) != scriptFamily(c.Kind) {
			return &Error{Stage: Schema, Kind: Unusable, What: fmt.Sprintf("%s is no script for %s.", s.File, c.Kind.Title())}
		}
	}
	return nil
}

// scriptFamily is the kind whose scripts a kind runs: MariaDB those of MySQL.
func scriptFamily(k Kind) Kind {
	if k == MariaDB {
		return MySQL
	}
	return k
}

// within runs the work with the session prepared, in a transaction where DDL can be undone, and puts the session back as it was.
func (c *Conn) within(ctx context.Context, r *creation, work func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil { // the drivers trust the lengths that a server sends
			err = &Error{
				Stage: Schema, Kind: Unintelligible, wrapped: remote.ErrUnintelligible,
				What: fmt.Sprintf("%s gave an answer that breaks the protocol.", c.Kind.Title()),
				Fix:  "Look at what is there now, with a new connection.",
			}
		}
	}()
	r.db = c.conn
	r.atomic = c.Kind == PostgreSQL || c.Kind == SQLServer
	var tx *sql.Tx
	if r.atomic {
		tctx, cancel := graceful(ctx) // the transaction is undone here, not by the end of ctx, so that it is known when it is over
		defer cancel()
		if tx, err = c.conn.BeginTx(tctx, nil); err != nil {
			return catalogError(ctx, c.Kind, err)
		}
		r.db = tx
	}
	restore, err := soften(ctx, r.db, c.Kind)
	defer func() {
		rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
		defer cancel()
		if tx != nil {
			_ = tx.Rollback() // does nothing once it is committed
		}
		r.unlock(rctx)
		restore(rctx, c.conn)
	}()
	if err != nil {
		return catalogError(ctx, c.Kind, err)
	}
	if err = work(ctx); err != nil || tx == nil {
		return err
	}
	if err = tx.Commit(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return &Error{
			Stage: Schema, Kind: Refusal, Server: remote.Words(err.Error()), wrapped: err,
			What: "The server did not confirm that all is done, so it is not known whether it is.",
			Fix:  "Look at what is there now, with a new connection.",
		}
	}
	return nil
}
