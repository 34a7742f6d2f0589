package database

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"carbon-setup/internal/remote"
)

var (
	errNoSchema = errors.New("there is no current schema")
	errTooMany  = errors.New("the catalog does not end")
)

// inspect compares the current schema with the scripts. It changes nothing.
func inspect(ctx context.Context, db session, kind Kind, sets []ScriptSet) (SchemaState, error) {
	c, err := readCatalog(ctx, db, kind, sets)
	if err != nil {
		return SchemaState{Kind: Unknown, Users: -1, Paths: -1}, catalogError(ctx, kind, err)
	}
	state := c.assess(sets)
	for i := range state.Sets {
		s := &state.Sets[i]
		s.Unfinished = c.unfinished(ctx, db, &sets[i], s)
		if s.Unfinished {
			s.Kind = Partial
		}
	}
	state.Kind = overall(state.Sets)
	state.Users = c.count(ctx, db, "UM_USER")
	state.Paths = c.count(ctx, db, "REG_PATH")
	return state, nil
}

// unfinished reports whether Create would go on with the script.
func (c *catalog) unfinished(ctx context.Context, db session, set *ScriptSet, s *SetState) bool {
	if s.Kind != Partial && len(s.Lacks) == 0 && (s.Kind != Complete || !endsWithRows(set)) {
		return false
	}
	r, refused := planCreation(ctx, db, c, set, nil)
	return refused == nil && r.next > 0 && r.next < len(set.steps)
}

// endsWithRows reports whether the script inserts rows behind the last object that the catalog would tell of.
func endsWithRows(set *ScriptSet) bool {
	return set.steps[len(set.steps)-1].kind == insertRows
}

// count returns the rows of a table of Carbon's, -1 if it is not there or cannot be read.
func (c *catalog) count(ctx context.Context, db session, table string) int64 {
	n, there := c.tables[c.of(name{text: table})]
	if !there {
		return -1
	}
	rows, err := countRows(ctx, db, c.kind, n)
	if err != nil {
		return -1
	}
	return rows
}

// countRows counts the rows of a table, whose name is as the catalog has it.
func countRows(ctx context.Context, db session, kind Kind, table string) (int64, error) {
	text, err := queryText(ctx, db, "SELECT COUNT(*) FROM "+quoteName(kind, table))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// quoteName quotes a name as the catalog has it.
func quoteName(kind Kind, n string) string {
	switch kind {
	case MySQL, MariaDB:
		return "`" + strings.ReplaceAll(n, "`", "``") + "`"
	case SQLServer:
		return "[" + strings.ReplaceAll(n, "]", "]]") + "]"
	default:
		return `"` + strings.ReplaceAll(n, `"`, `""`) + `"`
	}
}

func catalogError(ctx context.Context, kind Kind, err error) *Error {
	e := &Error{Stage: Schema, Kind: Refusal, wrapped: err, Server: remote.Words(err.Error())}
	switch {
	case ctx.Err() != nil:
		e.Kind, e.Server = Canceled, ""
		e.What = "It was stopped before it was known what tables are there. Nothing was changed."
	case errors.Is(err, errNoSchema):
		e.Kind, e.Server = DatabaseMissing, ""
		e.What = fmt.Sprintf("%s names no schema for this connection, so tables would have no place.", kind.Title())
		e.Cause = map[Kind]string{
			PostgreSQL: "No schema of the search_path exists, or this user may use none of them.",
			MySQL:      "The URL names no database.", MariaDB: "The URL names no database.",
		}[kind]
	case errors.Is(err, errTooMany):
		e.Kind, e.Server = TooMuch, ""
		e.What = fmt.Sprintf("The catalog of %s lists more than a million objects, so what this schema holds is not known.", kind.Title())
		e.Fix = "Give Carbon a database or a schema of its own."
	default:
		e.What = fmt.Sprintf("The catalog of %s could not be read, so it is not known what tables are there.", kind.Title())
	}
	return e
}
