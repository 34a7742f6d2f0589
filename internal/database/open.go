package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"carbon-setup/internal/remote"
)

// openBudget is how many bytes a server may send on a Conn: catalogs and the answers to some hundred statements.
const openBudget = 256 << 20

// Conn is one connection to a database, for work on its tables. It is not safe for concurrent use. The driver binds nothing into the statements, never sends
// two at once and never connects again: a connection that is lost stays lost.
type Conn struct {
	Kind   Kind
	Target Target

	db   *sql.DB
	conn *sql.Conn
	peer *peer
}

// Open connects and logs in as Test does, with its time limits, and returns the connection. The error is an *Error.
func Open(ctx context.Context, t Target, o TestOptions) (*Conn, error) {
	p := newProbe(t, o)
	defer p.close()
	for _, s := range []Stage{Resolve, Connect, TLS, Login, Database} {
		if r := p.run(ctx, s); r.Status == Fail {
			return nil, r.Err
		}
	}
	c := p.conn
	c.peer.budget.Allow(openBudget)
	if p.try != nil {
		p.try.stop()
	}
	p.conn, p.peer, p.try = nil, nil, nil // they are the caller's now
	return c, nil
}

// Close ends the connection.
func (c *Conn) Close() error {
	err := c.conn.Close()
	if e := c.db.Close(); err == nil {
		err = e
	}
	c.peer.abort()
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) {
		return nil
	}
	return err
}

// open makes a Conn with the driver. What goes wrong in the driver, even a panic, is an error.
func (p *probe) open(ctx context.Context, k driver.Connector) (*Conn, error) {
	db := sql.OpenDB(guarded{k})
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	c, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return &Conn{Kind: p.t.Kind, Target: p.t, db: db, conn: c, peer: p.peer}, nil
}

// guarded is a connector whose panics are errors: the drivers slice what a server sends by the lengths that it sends.
type guarded struct{ driver.Connector }

func (g guarded) Connect(ctx context.Context) (c driver.Conn, err error) {
	defer func() {
		if r := recover(); r != nil {
			c, err = nil, fmt.Errorf("%w: %v", remote.ErrUnintelligible, r)
		}
	}()
	c, err = g.Connector.Connect(ctx)
	if errors.Is(err, driver.ErrBadConn) { // database/sql would try again
		return nil, fmt.Errorf("%w: %w", remote.ErrUnintelligible, lostError{err})
	}
	return c, err
}

// lostError hides driver.ErrBadConn.
type lostError struct{ error }

func (lostError) Is(error) bool { return false }

// text runs a query that returns one row of one column.
func (c *Conn) text(ctx context.Context, query string) (string, error) {
	values, err := c.row(ctx, query, 1)
	if err != nil {
		return "", err
	}
	return values[0], nil
}

// row runs a query that returns one row of so many columns; NULL is "".
func (c *Conn) row(ctx context.Context, query string, columns int) ([]string, error) {
	rows, err := c.rows(ctx, query, columns, 1)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, sql.ErrNoRows
	}
	return rows[0], nil
}

// rows runs a query and returns at most so many rows.
func (c *Conn) rows(ctx context.Context, query string, columns, most int) ([][]string, error) {
	r, err := c.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var all [][]string
	for len(all) < most && r.Next() {
		values := make([]sql.NullString, columns)
		into := make([]any, columns)
		for i := range values {
			into[i] = &values[i]
		}
		if err := r.Scan(into...); err != nil {
			return nil, err
		}
		line := make([]string, columns)
		for i, v := range values {
			line[i] = v.String
		}
		all = append(all, line)
	}
	return all, r.Err()
}
