package database

import (
	"context"
	"fmt"
	"time"

	"carbon-setup/internal/remote"
)

// The kinds of errors of Inspect, Create and Drop.
const (
	NotEmpty        ErrorKind = "not-empty"        // the schema holds something
	Busy            ErrorKind = "busy"             // someone else is creating tables
	KeyTooLong      ErrorKind = "key-too-long"     // for this character set and row format
	StatementFailed ErrorKind = "statement-failed" // a statement of the script failed
	Incomplete      ErrorKind = "incomplete"       // all went well, and yet something is missing
)

// Created says what a Create has made, for the report and for Drop. It is plain data.
type Created struct {
	Set         string
	Schema      string
	Tables      []string // as the catalog has them, in the order in which they were created; likewise below
	Sequences   []string
	Constraints []Constraint     // that were added to tables later on
	Rows        map[string]int64 // that the script has put into these tables
	Statements  int              // that were executed
	Resumed     bool             // an earlier run had made the beginning
	Finished    bool
}

// Constraint is a constraint of a table.
type Constraint struct{ Table, Name string }

// grace is how long a statement may go on once the creation was told to stop: with it the statement ends, and what is there is known.
const grace = 3 * time.Second

// lockWait is how long a statement waits for another client.
const lockWait = 30 * time.Second

// creation is one run of Create.
type creation struct {
	db       session
	kind     Kind
	set      *ScriptSet
	beside   []ScriptSet
	progress func(done, total int, table string)
	created  Created
	catalog  *catalog
	atomic   bool // all or nothing: the server undoes DDL
}

// create runs the script. On PostgreSQL and SQL Server db is in a transaction of the caller's, who ends it as the error says.
func (c *creation) create(ctx context.Context) error {
	if err := c.lock(ctx); err != nil {
		return err
	}
	sets := append([]ScriptSet{*c.set}, c.beside...)
	cat, err := readCatalog(ctx, c.db, c.kind, sets)
	if err != nil {
		return catalogError(ctx, c.kind, err)
	}
	c.catalog, c.created.Schema = cat, cat.schema
	from, refused := planCreation(ctx, c.db, cat, c.set, c.beside)
	if refused != nil {
		return refused
	}
	c.created.Resumed = from.next > 0
	if c.kind == MySQL || c.kind == MariaDB {
		if e := predictKeys(ctx, c.db, c.set, from.next); e != nil {
			return e
		}
	}
	if err := c.run(ctx, from.next); err != nil {
		return err
	}
	return c.verify(ctx)
}

// run executes the steps from the given one on.
func (c *creation) run(ctx context.Context, from int) error {
	total := len(c.set.steps)
	for i := from; i < total; i++ {
		s := &c.set.steps[i]
		c.tell(i, total, s)
		if ctx.Err() != nil {
			return c.stopped(i, false)
		}
		if err := c.execute(ctx, s); err != nil {
			if ctx.Err() != nil {
				return c.stopped(i, true)
			}
			return c.failed(i, err)
		}
		c.record(s)
	}
	c.tell(total, total, nil)
	return nil
}

func (c *creation) tell(done, total int, s *step) {
	if c.progress == nil {
		return
	}
	table := ""
	if s != nil {
		table = s.table.text
		if table == "" {
			table = s.name.text
		}
	}
	c.progress(done, total, table)
}

// execute runs one statement, which is let finish for a moment when ctx ends.
func (c *creation) execute(ctx context.Context, s *step) error {
	sctx, cancel := graceful(ctx)
	defer cancel()
	_, err := c.db.ExecContext(sctx, s.sql)
	return err
}

// graceful returns a context that ends a moment after ctx does. cancel frees it.
func graceful(ctx context.Context) (longer context.Context, cancel func()) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			end()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); end() }
}

// record remembers what was made.
func (c *creation) record(s *step) {
	c.created.Statements++
	table := catalogName(c.kind, s.table)
	n := catalogName(c.kind, s.name)
	switch s.kind {
	case createTable:
		c.created.Tables = append(c.created.Tables, n)
	case createSequence:
		c.created.Sequences = append(c.created.Sequences, n)
	case addConstraint:
		if n != "" {
			c.created.Constraints = append(c.created.Constraints, Constraint{table, n})
		}
	case insertRows:
		if c.created.Rows == nil {
			c.created.Rows = map[string]int64{}
		}
		c.created.Rows[table] += int64(s.rows)
	default: // goes with its table, or leaves nothing
	}
}

// verify reads the catalog again.
func (c *creation) verify(ctx context.Context) error {
	cat, err := readCatalog(ctx, c.db, c.kind, []ScriptSet{*c.set})
	if err != nil {
		return catalogError(ctx, c.kind, err)
	}
	state := cat.state(c.set)
	var missing []string
	for i := range c.set.steps {
		s := &c.set.steps[i]
		if there, known := cat.has(s); known && !there {
			missing = append(missing, fmt.Sprintf("%s (line %d)", s.title(), s.line))
		}
	}
	switch {
	case len(missing) > 0:
		return &Error{
			Stage: Schema, Kind: Incomplete,
			What:  fmt.Sprintf("All statements of %s were executed, and yet %s does not list %s.", c.set.File, c.schema(), list(missing)),
			Cause: "Another client has removed it, or this user's tables are created in another schema than the one that names without a schema stand for.",
			Fix:   "Make sure that nobody else works in this database, and run it again.",
		}
	case len(state.Differs) > 0:
		return &Error{
			Stage: Schema, Kind: Incomplete,
			What: fmt.Sprintf("All statements of %s were executed, and yet tables lack columns that the script gives them: %s.", c.set.File, list(state.Differs)),
			Fix:  "Make sure that nobody else works in this database, and run it again.",
		}
	}
	if err := c.validTriggers(ctx); err != nil {
		return err
	}
	c.created.Finished = true
	return nil
}

// validTriggers makes sure that Oracle has compiled the triggers: CREATE TRIGGER succeeds with errors in its body, and the first INSERT fails.
func (c *creation) validTriggers(ctx context.Context) error {
	if c.kind != Oracle {
		return nil
	}
	ours := map[string]*step{}
	for i := range c.set.steps {
		if s := &c.set.steps[i]; s.kind == createTrigger {
			ours[c.catalog.of(s.name)] = s
		}
	}
	var bad []string
	seen := map[*step]bool{}
	err := queryPairs(ctx, c.db, `SELECT name, text FROM all_errors WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND type = 'TRIGGER'
		AND attribute = 'ERROR' ORDER BY name, sequence`, func(n, text string) {
		if s, ok := ours[c.catalog.key(n)]; ok && !seen[s] {
			seen[s] = true
			bad = append(bad, fmt.Sprintf("%s (line %d): %s", s.title(), s.line, remote.Words(text)))
		}
	})
	if err != nil {
		return catalogError(ctx, c.kind, err)
	}
	if len(bad) == 0 {
		return nil
	}
	return &Error{
		Stage: Schema, Kind: Incomplete,
		What:   fmt.Sprintf("The tables of %s are there, but Oracle cannot compile %s, without which no row can be inserted.", c.set.File, count(len(bad), "trigger")),
		Server: remote.Words(list(bad)),
		Fix:    "Have the administrator of the database look at ALL_ERRORS, and compile the triggers again.",
	}
}

func (c *creation) schema() string {
	if c.catalog == nil {
		return "the schema"
	}
	return c.catalog.schema
}
