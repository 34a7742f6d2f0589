package database

import (
	"context"
	"fmt"
	"strings"

	"carbon-setup/internal/remote"
)

// resume says where a creation goes on.
type resume struct {
	next int // the first step that is to be run; len(steps) when all are done
	// rows says how many rows of the script each table holds already, by the name in the catalog.
	rows map[string]int64
}

// planCreation finds out whether the script may be run on the schema, and from which step on: from the first when nothing is there; or else behind the steps
// that have been run, if the schema is what an unfinished run of this very script leaves: the objects of its first steps, with the very columns, none of
// the later ones, and no row that the script has not put there.
func planCreation(ctx context.Context, db session, c *catalog, set *ScriptSet, beside []ScriptSet) (resume, *Error) {
	all := c.assess(append([]ScriptSet{*set}, beside...))
	state := all.Sets[0]
	switch {
	case state.Kind == Foreign:
		return resume{}, notEmpty(set, c.schema, fmt.Sprintf("it holds %s of something else: %s", count(len(all.Others), "table"), list(all.Others)))
	case state.Kind == Empty:
		return resume{}, nil
	case len(state.Clashes) > 0:
		return resume{}, notEmpty(set, c.schema, "names that its tables need are taken, by a view, a synonym or a table in another case: "+list(state.Clashes))
	case len(state.Present) == 0 && leadingSequences(c, set) == 0:
		return resume{}, leftovers(c, set, state)
	}
	r, why := c.prefix(set)
	if why == "" {
		why = c.ownRows(ctx, db, set, &r)
	}
	if why == "" {
		return r, nil
	}
	if state.Kind == Complete {
		e := notEmpty(set, c.schema, "all its tables are there already")
		e.Cause, e.Fix = "", "Nothing needs to be created: Carbon uses the tables as they are."
		return resume{}, e
	}
	e := notEmpty(set, c.schema, fmt.Sprintf("%s of %d are there (%s), and what is there is not what an unfinished run of this script leaves: %s",
		count(len(state.Present), "table"), len(set.Tables), list(state.Present), why))
	return resume{}, e
}

// prefix finds how many steps have been run.
func (c *catalog) prefix(set *ScriptSet) (resume, string) {
	last, first := -1, len(set.steps) // the last step that was run, the first that was not
	for i := range set.steps {
		there, known := c.has(&set.steps[i])
		if known && there {
			last = i
		}
		if known && !there && i < first {
			first = i
		}
	}
	if last > first {
		return resume{}, fmt.Sprintf("%s (line %d) is there, while %s (line %d) before it is missing",
			set.steps[last].title(), set.steps[last].line, set.steps[first].title(), set.steps[first].line)
	}
	for i := range set.steps[:last+1] {
		s := &set.steps[i]
		if s.kind != createTable {
			continue
		}
		if missing, more := c.lacks(s); len(missing) > 0 || more > 0 {
			return resume{}, fmt.Sprintf("table %s has other columns than the script gives it", s.name.text)
		}
	}
	for i := last + 1; i < first; i++ {
		if s := &set.steps[i]; s.kind == addConstraint {
			return resume{}, fmt.Sprintf("whether line %d has been run cannot be told, for the constraint has no name", s.line)
		}
	}
	return resume{next: last + 1}, ""
}

// ownRows makes sure that the tables hold the rows of the script's own INSERTs and no others, and moves r behind those that have been run.
func (c *catalog) ownRows(ctx context.Context, db session, set *ScriptSet, r *resume) string {
	r.rows = map[string]int64{}
	for i := range set.steps {
		s := &set.steps[i]
		table, there := c.tables[c.of(s.name)]
		if s.kind != createTable || !there {
			continue
		}
		n, err := countRows(ctx, db, c.kind, table)
		if err != nil {
			return fmt.Sprintf("the rows of %s cannot be counted (%s)", s.name.text, remote.Words(err.Error()))
		}
		r.rows[c.of(s.name)] = n
	}
	left := map[string]int64{}
	for k, n := range r.rows {
		left[k] = n
	}
	for i := range set.steps {
		s := &set.steps[i]
		if s.kind != insertRows {
			continue
		}
		k := c.of(s.table)
		switch {
		case left[k] >= int64(s.rows):
			left[k] -= int64(s.rows)
			if i >= r.next {
				if !c.only(set, r.next, i) {
					return fmt.Sprintf("line %d has been run before what stands above it", s.line)
				}
				r.next = i + 1
			}
		case i < r.next:
			return fmt.Sprintf("the rows of line %d are missing in %s", s.line, s.table.text)
		}
	}
	for k, n := range left {
		if n > 0 {
			return fmt.Sprintf("table %s holds %s that the script has not put there", c.tables[k], count(int(n), "row"))
		}
	}
	return ""
}

// only reports whether between two steps there is nothing but what may be run twice.
func (c *catalog) only(set *ScriptSet, from, to int) bool {
	for i := from; i < to; i++ {
		if set.steps[i].kind != comment {
			return false
		}
	}
	return true
}

// leadingSequences counts the sequences and triggers at the very beginning of the script that are there.
func leadingSequences(c *catalog, set *ScriptSet) int {
	n := 0
	for i := range set.steps {
		there, known := c.has(&set.steps[i])
		if !known || !there {
			break
		}
		n++
	}
	return n
}

// title names what the step makes.
func (s *step) title() string {
	switch s.kind {
	case createTable:
		return "table " + s.name.text
	case createIndex:
		return "index " + s.name.text
	case createSequence:
		return "sequence " + s.name.text
	case createTrigger:
		return "trigger " + s.name.text
	case addConstraint:
		if s.name.text == "" {
			return "a constraint of " + s.table.text
		}
		return "constraint " + s.name.text
	case insertRows:
		return "rows of " + s.table.text
	case comment, drops, brackets:
	}
	return "a statement"
}

// notEmpty is the refusal to create tables in a schema that is not empty.
func notEmpty(set *ScriptSet, schema, why string) *Error {
	return &Error{
		Stage: Schema, Kind: NotEmpty,
		What: fmt.Sprintf("The tables of %s are created in an empty schema only, and %s is not empty: %s. Nothing was changed.", set.File, schema, why),
		Fix:  "Name an empty database or schema; or look at what is there, save it, and remove it yourself. Nothing that holds data is removed from here.",
	}
}

func leftovers(c *catalog, set *ScriptSet, state SetState) *Error {
	e := notEmpty(set, c.schema, "sequences or triggers of an earlier creation are left: "+list(state.Leftovers))
	e.Fix = "Remove them, if nothing else uses them, or name an empty database or schema."
	for i := len(set.steps) - 1; i >= 0; i-- {
		s := &set.steps[i]
		if there, _ := c.has(s); !there {
			continue
		}
		switch n := quoteName(c.kind, catalogName(c.kind, s.name)); s.kind {
		case createSequence:
			e.Statements = append(e.Statements, "DROP SEQUENCE "+n)
		case createTrigger:
			e.Statements = append(e.Statements, "DROP TRIGGER "+n)
		default:
		}
	}
	return e
}

// count writes 1 table, 2 tables.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// list names the first few.
func list(names []string) string {
	const most = 6
	if len(names) <= most {
		return remote.Words(strings.Join(names, ", "))
	}
	return remote.Words(strings.Join(names[:most], ", ")) + fmt.Sprintf(" and %d more", len(names)-most)
}
