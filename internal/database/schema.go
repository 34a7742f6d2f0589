package database

import (
	"slices"
	"strings"
)

// SchemaKind is what a schema holds, seen from the scripts.
type SchemaKind string

// The kinds of schemas.
const (
	Empty    SchemaKind = "empty"    // nothing of the script is there, nor anything in its way
	Complete SchemaKind = "complete" // all tables of the script, with all their columns
	Partial  SchemaKind = "partial"  // something is missing
	Foreign  SchemaKind = "foreign"  // there are tables, all of something else
	Unknown  SchemaKind = "unknown"  // the catalog could not be read
)

// SchemaState is what a schema holds, for all scripts together.
type SchemaState struct {
	Kind   SchemaKind
	Schema string   // the schema or database that was looked at
	Others []string // tables and views that belong to none of the scripts
	Users  int64    // rows of UM_USER; -1 if it is not there or cannot be read
	Paths  int64    // rows of REG_PATH, likewise

	// Of all scripts, see SetState.
	Present, Missing, Differs, Clashes, Leftovers []string

	Sets []SetState // one for each script, in the order given
}

// SetState is what a schema holds of one script.
type SetState struct {
	Name, File string
	Kind       SchemaKind
	Present    []string // tables
	Missing    []string
	Differs    []string // tables that lack columns of the script
	Clashes    []string // what has the name of a table and is none, or is spelled in another case than Carbon asks for
	Leftovers  []string // sequences and triggers of the script, while none of its tables is there
	Lacks      []string // indexes, constraints, sequences and triggers that are missing, while tables are there

	// Unfinished says that an interrupted Create has left this, and that the next one goes on behind it.
	Unfinished bool
}

// Set returns the state of the script with that name.
func (s SchemaState) Set(name string) (SetState, bool) {
	i := slices.IndexFunc(s.Sets, func(t SetState) bool { return t.Name == name })
	if i < 0 {
		return SetState{Kind: Unknown}, false
	}
	return s.Sets[i], true
}

// catalog is what the catalog of the server says about the current schema.
type catalog struct {
	kind        Kind
	schema      string
	anyCase     bool                // names are compared without regard to case
	tables      map[string]string   // by key, with the name as it is spelled
	blocks      map[string]string   // views, synonyms: whatever else takes the name of a table
	sequences   map[string]string   //
	triggers    map[string]string   //
	indexes     map[string]string   // table.name
	constraints map[string]string   // table.name
	columns     map[string][]string // by table, in their order
}

func newCatalog(kind Kind) *catalog {
	return &catalog{
		kind: kind, tables: map[string]string{}, blocks: map[string]string{}, sequences: map[string]string{}, triggers: map[string]string{},
		indexes: map[string]string{}, constraints: map[string]string{}, columns: map[string][]string{},
	}
}

// key returns what the name as the catalog has it is found under.
func (c *catalog) key(s string) string {
	if c.anyCase {
		return strings.ToLower(s)
	}
	return s
}

// of returns what the name of a script is found under.
func (c *catalog) of(n name) string { return c.key(catalogName(c.kind, n)) }

// part returns what an index or a constraint is found under. Columns, indexes and constraints are spelled in any case everywhere but on PostgreSQL and Oracle,
// where catalogName has made them equal.
func (c *catalog) part(table, n string) string { return c.key(table) + "." + c.fold(n) }

func (c *catalog) fold(s string) string {
	if c.kind == PostgreSQL || c.kind == Oracle {
		return s
	}
	return strings.ToLower(s)
}

// has reports whether what the step makes is there. known is false for what no catalog tells.
func (c *catalog) has(s *step) (there, known bool) {
	table := catalogName(c.kind, s.table)
	n := catalogName(c.kind, s.name)
	switch s.kind {
	case createTable:
		_, there = c.tables[c.key(n)]
	case createSequence:
		_, there = c.sequences[c.key(n)]
	case createTrigger:
		_, there = c.triggers[c.key(n)]
	case createIndex:
		_, there = c.indexes[c.part(table, n)]
	case addConstraint:
		if n == "" {
			return false, false
		}
		_, there = c.constraints[c.part(table, n)]
	default:
		return false, false
	}
	return there, true
}

// lacks returns the columns of the step that the table has not, and how many it has beyond them.
func (c *catalog) lacks(s *step) (missing []string, more int) {
	have := map[string]bool{}
	for _, n := range c.columns[c.of(s.name)] {
		have[c.fold(n)] = true
	}
	for _, n := range s.columns {
		k := c.fold(catalogName(c.kind, n))
		if !have[k] {
			missing = append(missing, n.text)
		}
		delete(have, k)
	}
	return missing, len(have)
}

// state compares the schema with one script.
func (c *catalog) state(set *ScriptSet) SetState {
	s := SetState{Name: set.Name, File: set.File}
	spelled := map[string]string{}
	for _, n := range c.tables {
		spelled[strings.ToLower(n)] = n
	}
	vital := false // what Carbon cannot insert a row without is missing
	for i := range set.steps {
		st := &set.steps[i]
		there, known := c.has(st)
		switch {
		case st.kind == createTable && there:
			s.Present = append(s.Present, st.name.text)
			if missing, _ := c.lacks(st); len(missing) > 0 {
				s.Differs = append(s.Differs, st.name.text)
			}
		case st.kind == createTable:
			s.Missing = append(s.Missing, st.name.text)
			if n, ok := spelled[strings.ToLower(st.name.text)]; ok {
				s.Clashes = append(s.Clashes, n)
			} else if n, ok := c.blocks[c.of(st.name)]; ok {
				s.Clashes = append(s.Clashes, n)
			}
		case there && (st.kind == createSequence || st.kind == createTrigger):
			s.Leftovers = append(s.Leftovers, st.name.text)
		case known && !there:
			s.Lacks = append(s.Lacks, st.title())
			vital = vital || st.kind == createSequence || st.kind == createTrigger
		}
	}
	if len(s.Present) > 0 {
		s.Leftovers = nil
	} else {
		s.Lacks = nil
	}
	switch {
	case len(s.Present)+len(s.Clashes)+len(s.Leftovers) == 0:
		s.Kind = Empty
	case len(s.Missing)+len(s.Differs) == 0 && !vital:
		s.Kind = Complete
	default:
		s.Kind = Partial
	}
	return s
}

// assess compares the schema with the scripts. Tables of none of them make it Foreign only while none of theirs is there.
func (c *catalog) assess(sets []ScriptSet) SchemaState {
	state := SchemaState{Schema: c.schema, Users: -1, Paths: -1, Kind: Unknown}
	ours := map[string]bool{}
	empty := 0
	for i := range sets {
		s := c.state(&sets[i])
		state.Sets = append(state.Sets, s)
		state.Present = append(state.Present, s.Present...)
		state.Missing = append(state.Missing, s.Missing...)
		state.Differs = append(state.Differs, s.Differs...)
		state.Clashes = append(state.Clashes, s.Clashes...)
		state.Leftovers = append(state.Leftovers, s.Leftovers...)
		if s.Kind == Empty {
			empty++
		}
		for j := range sets[i].steps {
			if sets[i].steps[j].kind == createTable {
				ours[c.of(sets[i].steps[j].name)] = true
			}
		}
	}
	for _, group := range []map[string]string{c.tables, c.blocks} {
		for k, n := range group {
			if !ours[k] {
				state.Others = append(state.Others, n)
			}
		}
	}
	slices.Sort(state.Others)
	if empty == len(sets) && len(state.Others) > 0 {
		for i := range state.Sets {
			state.Sets[i].Kind = Foreign
		}
	}
	state.Kind = overall(state.Sets)
	return state
}

// overall is the kind that all have, or Partial.
func overall(sets []SetState) SchemaKind {
	if len(sets) == 0 {
		return Unknown
	}
	for _, s := range sets {
		if s.Kind != sets[0].Kind {
			return Partial
		}
	}
	return sets[0].Kind
}
