package database

import (
	"context"
	"fmt"
	"slices"

	"carbon-setup/internal/remote"
)

// drop removes what a Create has made, and nothing else: its tables while they hold no row but those that the script has inserted, with the constraints, and
// the sequences. A row anywhere stops it before anything is removed.
func (c *creation) drop(ctx context.Context, made Created) error {
	if err := c.lock(ctx); err != nil {
		return err
	}
	cat, err := readCatalog(ctx, c.db, c.kind, []ScriptSet{*c.set})
	if err != nil {
		return catalogError(ctx, c.kind, err)
	}
	c.catalog = cat
	if made.Schema != cat.schema {
		return &Error{
			Stage: Schema, Kind: NotEmpty,
			What: fmt.Sprintf("The tables were created in %s, and this connection works in %s. Nothing was removed.", made.Schema, cat.schema),
		}
	}
	tables := c.ours(made)
	if err := c.hold(ctx, tables); err != nil {
		return c.dropError(ctx, "", err)
	}
	defer c.letGo(context.WithoutCancel(ctx))
	if e := c.unused(ctx, tables, made); e != nil {
		return e
	}
	return c.remove(ctx, tables, made)
}

// ours are the tables that were created and are still there, the last created first, by the name in the catalog.
func (c *creation) ours(made Created) []string {
	var tables []string
	for _, n := range slices.Backward(made.Tables) {
		inSet := slices.ContainsFunc(c.set.steps, func(s step) bool {
			return s.kind == createTable && c.catalog.of(s.name) == c.catalog.key(n)
		})
		if spelled, there := c.catalog.tables[c.catalog.key(n)]; there && inSet {
			tables = append(tables, spelled)
		}
	}
	return tables
}

// hold keeps others from putting rows into the tables until they are gone. Oracle ends the lock with the first DROP.
func (c *creation) hold(ctx context.Context, tables []string) error {
	if len(tables) == 0 {
		return nil
	}
	switch c.kind {
	case PostgreSQL:
		for _, t := range tables {
			if _, err := c.db.ExecContext(ctx, "LOCK TABLE "+quoteName(c.kind, t)+" IN ACCESS EXCLUSIVE MODE"); err != nil {
				return err
			}
		}
	case MySQL, MariaDB:
		query := "LOCK TABLES "
		for i, t := range tables {
			if i > 0 {
				query += ", "
			}
			query += quoteName(c.kind, t) + " WRITE"
		}
		_, err := c.db.ExecContext(ctx, query)
		return err
	default:
	}
	return nil
}

func (c *creation) letGo(ctx context.Context) {
	if c.kind == MySQL || c.kind == MariaDB {
		_, _ = c.db.ExecContext(ctx, "UNLOCK TABLES")
	}
}

// unused makes sure that no table holds more than the script has put there.
func (c *creation) unused(ctx context.Context, tables []string, made Created) *Error {
	for _, t := range tables {
		n, err := c.countHeld(ctx, t)
		if err != nil {
			return c.dropError(ctx, t, err)
		}
		var own int64
		for name, rows := range made.Rows {
			if c.catalog.key(name) == c.catalog.key(t) {
				own = rows
			}
		}
		if n > own {
			return &Error{
				Stage: Schema, Kind: NotEmpty,
				What: fmt.Sprintf("The tables are not removed, for %s holds %s by now that the script has not put there. Nothing was removed.", t, count(int(n-own), "row")),
				Fix:  "If the data is of no use, remove the tables yourself.",
			}
		}
	}
	return nil
}

// countHeld counts the rows; on SQL Server it locks the table until the transaction ends.
func (c *creation) countHeld(ctx context.Context, table string) (int64, error) {
	if c.kind != SQLServer {
		return countRows(ctx, c.db, c.kind, table)
	}
	var n int64
	err := queryPairs(ctx, c.db, "SELECT COUNT(*), 0 FROM "+quoteName(c.kind, table)+" WITH (TABLOCKX, HOLDLOCK)", func(a, _ string) {
		_, _ = fmt.Sscan(a, &n)
	})
	return n, err
}

func (c *creation) remove(ctx context.Context, tables []string, made Created) error {
	for _, k := range slices.Backward(made.Constraints) {
		table, there := c.catalog.tables[c.catalog.key(k.Table)]
		if _, known := c.catalog.constraints[c.catalog.part(k.Table, k.Name)]; !there || !known || !slices.Contains(tables, table) {
			continue
		}
		if !c.foreignKey(k) {
			continue
		}
		verb := " DROP CONSTRAINT "
		if c.kind == MySQL || c.kind == MariaDB {
			verb = " DROP FOREIGN KEY "
		}
		if _, err := c.db.ExecContext(ctx, "ALTER TABLE "+quoteName(c.kind, table)+verb+quoteName(c.kind, k.Name)); err != nil {
			return c.dropError(ctx, table, err)
		}
	}
	for _, t := range tables {
		if !c.atomic && c.kind == Oracle { // nothing holds the table there: look again
			if e := c.unused(ctx, []string{t}, made); e != nil {
				return e
			}
		}
		if _, err := c.db.ExecContext(ctx, "DROP TABLE "+quoteName(c.kind, t)); err != nil {
			return c.dropError(ctx, t, err)
		}
	}
	for _, n := range slices.Backward(made.Sequences) {
		spelled, there := c.catalog.sequences[c.catalog.key(n)]
		if !there || !slices.ContainsFunc(c.set.steps, func(s step) bool { return s.kind == createSequence && c.catalog.of(s.name) == c.catalog.key(n) }) {
			continue
		}
		if _, err := c.db.ExecContext(ctx, "DROP SEQUENCE "+quoteName(c.kind, spelled)); err != nil {
			return c.dropError(ctx, spelled, err)
		}
	}
	return nil
}

// foreignKey reports whether the constraint is one that keeps tables from being removed one by one.
func (c *creation) foreignKey(k Constraint) bool {
	return slices.ContainsFunc(c.set.steps, func(s step) bool {
		if s.kind != addConstraint || c.catalog.part(catalogName(c.kind, s.table), catalogName(c.kind, s.name)) != c.catalog.part(k.Table, k.Name) {
			return false
		}
		tokens, _, _ := lex(c.kind, s.sql)
		return slices.ContainsFunc(tokens, func(t token) bool { return t.is("FOREIGN") })
	})
}

func (c *creation) dropError(ctx context.Context, object string, err error) *Error {
	e := &Error{Stage: Schema, Kind: Refusal, Server: remote.Words(err.Error()), wrapped: err}
	undone := "What was removed before it stays removed."
	if c.atomic {
		undone = "Nothing was removed."
	}
	switch {
	case ctx.Err() != nil:
		e.Kind, e.Server, e.What = Canceled, "", "The removal of the tables was stopped. "+undone
	case object == "":
		e.What = "The tables could not be locked, so they are not removed. Nothing was removed."
	default:
		e.What = fmt.Sprintf("%s could not be removed. %s", object, undone)
		e.Cause = "Something that was made since refers to it."
	}
	return e
}
