package database

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ScriptSet is a script of the install, and what it creates.
type ScriptSet struct {
	Name       string // "registry", "apimgt"
	File       string // as it is shown, dbscripts/apimgt/mysql.sql
	Statements []Statement
	Tables     []string // in the order in which they are created
	Sequences  []string

	// LeftOut are the statements that are never executed: DROP, which is of use in a schema that is not empty only, and BEGIN and COMMIT.
	LeftOut []Statement

	kind  Kind
	steps []step
}

// The limits of a script. The largest of Carbon 4.2.0 has 35 kB.
const (
	mostScript     = 16 << 20
	mostStatement  = 4 << 20
	mostStatements = 5000
)

// NewScriptSet reads a script for the kind of server. Its errors are sentences: why the script is none that can be run, and in which line.
//
// It takes statements that create tables, indexes, sequences, constraints and, for Oracle, triggers, and that insert rows into the tables of the same script. DROP
// is left out; a script with anything else is refused whole, for it could change what is there.
func NewScriptSet(name, file string, kind Kind, script []byte) (ScriptSet, error) {
	set := ScriptSet{Name: name, File: file, kind: kind}
	if err := readable(kind, script); err != nil {
		return set, fmt.Errorf("%s: %w", file, err)
	}
	set.Statements = Split(kind, script)
	if n := len(set.Statements); n > mostStatements {
		return set, fmt.Errorf("%s: the script has %d statements; scripts of up to %d are run", file, n, mostStatements)
	}
	for _, s := range set.Statements {
		if err := set.add(s); err != nil {
			return set, fmt.Errorf("%s, line %d: %w", file, s.Line, err)
		}
	}
	if len(set.Tables) == 0 {
		return set, fmt.Errorf("%s: the script creates no table", file)
	}
	return set, nil
}

// readable finds what makes a file none that Split can make sense of.
func readable(kind Kind, script []byte) error {
	switch {
	case !kind.Known():
		return fmt.Errorf("%q is no database that scripts are run on from here", string(kind))
	case len(script) > mostScript:
		return fmt.Errorf("the script has %d MB; scripts up to %d MB are read", len(script)>>20, mostScript>>20)
	case bytes.HasPrefix(script, []byte("\xFF\xFE")), bytes.HasPrefix(script, []byte("\xFE\xFF")):
		return errors.New("the script is in UTF-16, which Carbon cannot read either; save it as UTF-8")
	}
	if i := bytes.IndexByte(script, 0); i >= 0 {
		return fmt.Errorf("line %d holds a NUL byte: this is no script, or a damaged one", 1+bytes.Count(script[:i], []byte("\n")))
	}
	return nil
}

// add takes a statement apart. One that Carbon's splitting has left together, since its delimiter is not at the end of a line, becomes several steps.
func (set *ScriptSet) add(s Statement) error {
	if len(s.Text) > mostStatement {
		return fmt.Errorf("the statement that begins here has %d MB; statements up to %d MB are run", len(s.Text)>>20, mostStatement>>20)
	}
	tokens, open, at := lex(set.kind, s.Text)
	if open != "" {
		return fmt.Errorf("in the statement that begins here %s is opened before %q and not closed", open, excerpt(s.Text[at:], 40))
	}
	for len(tokens) > 0 {
		n := len(tokens)
		if !plsql(set.kind, tokens) {
			if i := slices.IndexFunc(tokens, func(t token) bool { return t.mark(";") }); i >= 0 {
				n = i
			}
		}
		if n > 0 {
			if err := set.addOne(s, tokens[:n]); err != nil {
				return err
			}
		}
		tokens = tokens[min(n+1, len(tokens)):]
	}
	return nil
}

// plsql reports whether semicolons belong to the statement.
func plsql(kind Kind, tokens []token) bool {
	if kind != Oracle {
		return false
	}
	p := &parser{kind: kind, tokens: tokens}
	if !p.take("CREATE") {
		return false
	}
	p.take("OR", "REPLACE")
	return p.takeOne("TRIGGER", "FUNCTION", "PROCEDURE", "PACKAGE", "TYPE")
}

func (set *ScriptSet) addOne(s Statement, tokens []token) error {
	st, why := parseStatement(set.kind, s.Text, tokens, s.Line)
	if why == "" {
		why = set.placed(st)
	}
	if why != "" {
		return fmt.Errorf("the script is not run from here, for it has the statement %q: %s", excerpt(s.Text[tokens[0].start:], 120), string(why))
	}
	switch st.kind {
	case drops, brackets:
		set.LeftOut = append(set.LeftOut, Statement{Text: s.Text[tokens[0].start:tokens[len(tokens)-1].end], Line: s.Line})
		return nil
	case addConstraint, insertRows, comment:
	default:
		if i := set.find(st.kind, st.table, st.name); i >= 0 {
			if st.guarded {
				return nil // as the script wants it: it is there
			}
			return fmt.Errorf("%s is created a second time; the first is in line %d", st.name.text, set.steps[i].line)
		}
	}
	switch st.kind {
	case createTable:
		set.Tables = append(set.Tables, st.name.text)
	case createSequence:
		set.Sequences = append(set.Sequences, st.name.text)
	default:
	}
	set.steps = append(set.steps, st)
	return nil
}

// placed reports whether the step is about a table of this very script.
func (set *ScriptSet) placed(st step) refusal {
	switch st.kind {
	case createIndex, createTrigger, addConstraint, insertRows:
		if set.find(createTable, st.table, st.table) < 0 {
			return foreignObject
		}
	default:
	}
	return ""
}

func (set *ScriptSet) find(kind stepKind, table, n name) int {
	return slices.IndexFunc(set.steps, func(s step) bool {
		return s.kind == kind && same(set.kind, s.name, n) && (kind == createSequence || kind == createTrigger || same(set.kind, s.table, table))
	})
}

// same reports whether two names mean one object. MySQL on Linux tells the case of tables apart, but no script has two that differ in it alone.
func same(kind Kind, a, b name) bool {
	if kind == MySQL || kind == MariaDB || kind == SQLServer {
		return strings.EqualFold(a.text, b.text)
	}
	return catalogName(kind, a) == catalogName(kind, b)
}

// catalogName returns the name as the catalog of the server has it.
func catalogName(kind Kind, n name) string {
	switch {
	case kind == PostgreSQL:
		s := n.text
		if !n.quoted {
			s = strings.ToLower(s)
		}
		for len(s) > 63 { // NAMEDATALEN
			_, size := utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-size]
		}
		return s
	case kind == Oracle && !n.quoted:
		return strings.ToUpper(n.text)
	}
	return n.text
}

// excerpt returns the beginning of s on one line.
func excerpt(s string, most int) string {
	if len(s) > 4*most {
		s = strings.ToValidUTF8(s[:4*most], "")
	}
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most-4]) + " ..."
	}
	return s
}
