package database

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

const (
	keyCause = "With the row format COMPACT, which is the default up to MySQL 5.6, a column in a key has 767 bytes at the most: 255 characters in utf8, 191 in utf8mb4."
	keyFix   = "Either have new tables made with DYNAMIC rows (innodb_default_row_format, MySQL 5.7 or MariaDB 10.2 and newer), or give Carbon a database with the character set latin1."
)

// keyRules are what a MySQL or MariaDB allows of the keys of a table.
type keyRules struct {
	format  string         // of rows, if the table says nothing
	large   bool           // the server lets keys over 767 bytes through to InnoDB
	strict  bool           // keys that are too long are an error though they are not unique
	most    int            // bytes of a key
	charset string         // of the database
	widths  map[string]int // bytes of a character, by character set
	schema  string
}

// readKeyRules asks the server.
func readKeyRules(ctx context.Context, db session) (keyRules, error) {
	r := keyRules{most: 3072, large: true, widths: map[string]int{}}
	vars := map[string]string{}
	err := queryPairs(ctx, db, `SHOW VARIABLES WHERE Variable_name IN
		('innodb_default_row_format', 'innodb_large_prefix', 'innodb_page_size', 'character_set_database', 'sql_mode')`,
		func(n, v string) { vars[strings.ToLower(n)] = strings.ToLower(v) })
	if err != nil {
		return r, err
	}
	err = queryPairs(ctx, db, `SELECT character_set_name, maxlen FROM information_schema.character_sets`, func(n, v string) {
		r.widths[strings.ToLower(n)], _ = strconv.Atoi(v)
	})
	if err != nil {
		return r, err
	}
	r.charset, r.format = vars["character_set_database"], vars["innodb_default_row_format"]
	modern := r.format != ""
	if !modern {
		r.format = "compact" // MySQL 5.6 and older
	}
	if v, ok := vars["innodb_large_prefix"]; ok {
		r.large = v == "on" || v == "1"
	} else if !modern {
		r.large = false
	}
	r.strict = modern && strings.Contains(vars["sql_mode"], "strict_")
	switch vars["innodb_page_size"] {
	case "4096":
		r.most = 768
	case "8192":
		r.most = 1536
	}
	r.schema, err = queryText(ctx, db, `SELECT DATABASE()`)
	return r, err
}

// tooLong is a key that the server would refuse.
type tooLong struct {
	line         int
	table, name  string
	column       string // "" if it is the whole key
	bytes, limit int
}

// check returns the keys of the script, from the given step on, that the server would refuse.
func (r keyRules) check(set *ScriptSet, from int) []tooLong {
	var found []tooLong
	tables := map[string]*step{}
	for i := range set.steps {
		s := &set.steps[i]
		if s.kind == createTable {
			tables[strings.ToLower(s.name.text)] = s
		}
		table := tables[strings.ToLower(s.table.text)]
		if i < from || table == nil {
			continue
		}
		for _, k := range s.keys {
			if t, bad := r.checkKey(table, k); bad {
				t.line = s.line
				found = append(found, t)
			}
		}
	}
	return found
}

func (r keyRules) checkKey(table *step, k key) (tooLong, bool) {
	charset, format := r.charset, r.format
	if table.charset != "" {
		charset = table.charset
	}
	if table.format != "" && table.format != "default" {
		format = table.format
	}
	width := max(r.widths[charset], 1)
	limit := r.most
	if format == "compact" || format == "redundant" || !r.large {
		limit = min(limit, 767)
	}
	t := tooLong{table: table.name.text, name: k.name}
	if t.name == "" {
		t.name = "of " + table.name.text
	}
	sum := 0
	for _, c := range k.columns {
		chars := table.sizes[strings.ToUpper(c.name)]
		if c.prefix > 0 && (chars == 0 || c.prefix < chars) {
			chars = c.prefix
		}
		sum += max(chars*width, 1)
		if chars*width > limit && (k.unique || r.large && limit == 767 || r.strict) {
			t.column, t.bytes, t.limit = c.name, chars*width, limit
			return t, true
		}
	}
	t.bytes, t.limit = sum, r.most
	return t, sum > r.most
}

// predictKeys refuses a script before anything is created if the server would stop in its midst at a key that is too long.
func predictKeys(ctx context.Context, db session, set *ScriptSet, from int) *Error {
	rules, err := readKeyRules(ctx, db)
	if err != nil {
		return catalogError(ctx, set.kind, err)
	}
	found := rules.check(set, from)
	if len(found) == 0 {
		return nil
	}
	t := found[0]
	what := fmt.Sprintf("key %s of table %s", t.name, t.table)
	if t.column != "" {
		what = fmt.Sprintf("column %s in key %s of table %s", t.column, t.name, t.table)
	}
	e := &Error{Stage: Schema, Kind: KeyTooLong, Cause: keyCause, Fix: keyFix}
	e.What = fmt.Sprintf("%s would stop in line %d: %s would have %d bytes with the character set %s, and %s rows of this server allow %d. Nothing was created.",
		set.File, t.line, what, t.bytes, rules.charset, strings.ToUpper(rules.format), t.limit)
	if rules.format != "compact" && rules.format != "redundant" {
		e.Cause, e.Fix = "", "Give Carbon a database with the character set latin1."
	}
	e.Statements = []string{fmt.Sprintf("ALTER DATABASE %s CHARACTER SET latin1", quoteName(set.kind, rules.schema))}
	return e
}
