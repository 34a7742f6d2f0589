package database

import (
	"strings"
)

// stepKind is what a statement does.
type stepKind int

const (
	createTable stepKind = iota + 1
	createIndex
	createSequence
	createTrigger
	addConstraint // ALTER TABLE ... ADD
	insertRows
	comment  // COMMENT ON, which may be said twice
	drops    // DROP ... IF EXISTS: never executed
	brackets // BEGIN, COMMIT: the transaction is ours
)

// name is an identifier as it stands in a script.
type name struct {
	text   string
	quoted bool
}

// step is a statement that is understood: what it makes and where.
type step struct {
	kind    stepKind
	sql     string // what is executed: without guards such as IF NOT EXISTS
	line    int
	guarded bool // the script says IF NOT EXISTS
	name    name // of what is made; text is "" for a constraint without a name
	table   name // that it belongs to
	columns []name
	keys    []key // of createTable and createIndex
	primary bool  // the table has a primary key
	charset string
	format  string // ROW_FORMAT
	rows    int    // of insertRows
	sizes   map[string]int
}

// key is a key of a table.
type key struct {
	name    string
	columns []keyColumn
	unique  bool
}

type keyColumn struct {
	name   string
	prefix int // characters, 0 for the whole column
}

// refusal says why a statement is none that is run.
type refusal string

const (
	unknownStatement refusal = "it is of a kind that is not run from here"
	unsafeStatement  refusal = "it would change or remove what is there"
	foreignObject    refusal = "it belongs to a table that this script does not create"
	foreignSchema    refusal = "it names another schema"
)

// parser reads the tokens of one statement.
type parser struct {
	kind   Kind
	source string
	tokens []token
	pos    int
}

func (p *parser) peek() token {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	return token{}
}

func (p *parser) take(words ...string) bool {
	for i, w := range words {
		if p.pos+i >= len(p.tokens) || !p.tokens[p.pos+i].is(w) {
			return false
		}
	}
	p.pos += len(words)
	return true
}

func (p *parser) takeOne(words ...string) bool {
	if p.peek().is(words...) {
		p.pos++
		return true
	}
	return false
}

// group passes a parenthesis and returns what is in it.
func (p *parser) group() ([]token, bool) {
	if !p.peek().mark("(") {
		return nil, false
	}
	depth, start := 0, p.pos+1
	for ; p.pos < len(p.tokens); p.pos++ {
		switch t := p.tokens[p.pos]; {
		case t.mark("("):
			depth++
		case t.mark(")"):
			if depth--; depth == 0 {
				p.pos++
				return p.tokens[start : p.pos-1], true
			}
		}
	}
	return nil, false
}

// identifier reads a name. A schema before it is refused, except dbo, which is where the scripts of SQL Server put their tables.
func (p *parser) identifier() (name, refusal) {
	n, ok := p.part()
	if !ok {
		return name{}, unknownStatement
	}
	for p.peek().mark(".") {
		p.pos++
		next, ok := p.part()
		if !ok {
			return name{}, unknownStatement
		}
		if p.kind != SQLServer || !strings.EqualFold(n.text, "dbo") {
			return name{}, foreignSchema
		}
		n = next
	}
	return n, ""
}

func (p *parser) part() (name, bool) {
	t := p.peek()
	if t.kind != wordToken && t.kind != quotedToken || t.text == "" {
		return name{}, false
	}
	p.pos++
	return name{text: t.text, quoted: t.kind == quotedToken}, true
}

// parseStatement tells what the statement does.
func parseStatement(kind Kind, source string, tokens []token, line int) (step, refusal) {
	p := &parser{kind: kind, source: source, tokens: tokens}
	guarded := p.guard()
	from := p.pos
	s, why := p.statement()
	if why != "" {
		return step{}, why
	}
	s.line, s.guarded = line, s.guarded || guarded
	if s.sql == "" && from < len(p.tokens) {
		s.sql = strings.TrimSpace(p.source[p.tokens[from].start:p.tokens[len(p.tokens)-1].end])
	}
	return s, p.harm(s.kind, from)
}

// guard passes what the scripts of SQL Server put before a statement: IF NOT EXISTS (...), and IF EXISTS (...) DROP INDEX x before CREATE INDEX x. Nothing is
// there when we create, and where something is we want to hear of it; SYSINDEXES tells of the indexes of other schemas too.
func (p *parser) guard() bool {
	if p.kind != SQLServer || !p.peek().is("IF") {
		return false
	}
	start := p.pos
	p.pos++
	not := p.take("NOT")
	if !p.take("EXISTS") {
		p.pos = start
		return false
	}
	if _, ok := p.group(); !ok {
		p.pos = start
		return false
	}
	if not {
		if last := len(p.tokens) - 1; p.peek().is("BEGIN") && p.tokens[last].is("END") {
			p.pos++
			p.tokens = p.tokens[:last]
		}
		return true
	}
	if p.take("DROP", "INDEX") {
		for _, ok := p.part(); ok && p.peek().mark("."); _, ok = p.part() {
			p.pos++
		}
		if p.take("ON") {
			_, _ = p.identifier()
		}
		if p.peek().is("CREATE") {
			return false // the index is made with no condition
		}
	}
	p.pos = start
	return false
}

func (p *parser) statement() (step, refusal) {
	switch {
	case p.take("CREATE"):
		return p.create()
	case p.take("ALTER", "TABLE"):
		return p.alter()
	case p.take("INSERT", "INTO"):
		return p.insert()
	case p.take("DROP"):
		if p.takeOne("TABLE", "SEQUENCE", "INDEX", "TRIGGER", "VIEW") {
			for ; p.pos < len(p.tokens); p.pos++ {
				if p.peek().is("CREATE", "ALTER", "INSERT", "DROP", "EXEC", "IF") && !p.take("IF", "EXISTS") {
					return step{}, unknownStatement // it would be left out too
				}
			}
			return step{kind: drops}, ""
		}
	case p.take("COMMENT", "ON"):
		return step{kind: comment}, ""
	case p.takeOne("BEGIN", "COMMIT", "START", "END"):
		p.takeOne("TRANSACTION", "WORK", "TRAN")
		if p.pos == len(p.tokens) {
			return step{kind: brackets}, ""
		}
	}
	return step{}, unknownStatement
}

func (p *parser) create() (step, refusal) {
	replace := p.take("OR", "REPLACE")
	switch {
	case p.kind == Oracle && p.takeOne("TRIGGER"):
		return p.trigger()
	case replace:
		return step{}, unsafeStatement
	case p.takeOne("TABLE"):
		return p.table()
	case p.takeOne("SEQUENCE"):
		s := step{kind: createSequence, guarded: p.notExists()}
		var why refusal
		s.name, why = p.identifier()
		return s, why
	}
	unique := p.takeOne("UNIQUE")
	p.takeOne("CLUSTERED", "NONCLUSTERED", "FULLTEXT", "SPATIAL", "BITMAP")
	if p.takeOne("INDEX") {
		return p.index(unique)
	}
	return step{}, unknownStatement
}

// notExists takes IF NOT EXISTS out of the statement: nothing is there when we create, and where something is we want to hear of it.
func (p *parser) notExists() bool {
	from := p.peek()
	if !p.take("IF", "NOT", "EXISTS") {
		return false
	}
	to := p.tokens[p.pos-1]
	p.source = p.source[:from.start] + strings.Repeat(" ", to.end-from.start) + p.source[to.end:]
	return true
}

func (p *parser) trigger() (step, refusal) {
	n, why := p.identifier()
	if why != "" {
		return step{}, why
	}
	for p.pos < len(p.tokens) {
		if p.take("ON") {
			t, why := p.identifier()
			p.pos = len(p.tokens)
			return step{kind: createTrigger, name: n, table: t, sql: p.source}, why
		}
		p.pos++
	}
	return step{}, unknownStatement
}

func (p *parser) index(unique bool) (step, refusal) {
	s := step{kind: createIndex, guarded: p.notExists()}
	var why refusal
	if s.name, why = p.identifier(); why != "" {
		return step{}, why
	}
	if p.takeOne("USING") {
		p.pos++
	}
	if !p.take("ON") {
		return step{}, unknownStatement
	}
	if s.table, why = p.identifier(); why != "" {
		return step{}, why
	}
	if p.takeOne("USING") {
		p.pos++
	}
	columns, ok := p.group()
	if !ok {
		return step{}, unknownStatement
	}
	s.keys = []key{{name: s.name.text, columns: keyColumns(columns), unique: unique}}
	return s, ""
}

func (p *parser) alter() (step, refusal) {
	s := step{kind: addConstraint}
	var why refusal
	if s.table, why = p.identifier(); why != "" {
		return step{}, why
	}
	if p.kind == SQLServer && p.takeOne("WITH") {
		p.pos++ // CHECK, NOCHECK
	}
	if !p.take("ADD") {
		return step{}, unsafeStatement
	}
	if p.take("CONSTRAINT") {
		s.name, why = p.identifier()
	}
	return s, why
}

func (p *parser) insert() (step, refusal) {
	s := step{kind: insertRows}
	var why refusal
	if s.table, why = p.identifier(); why != "" {
		return step{}, why
	}
	s.name = s.table
	p.group()
	if !p.take("VALUES") {
		return step{}, unknownStatement
	}
	for {
		if _, ok := p.group(); !ok {
			return step{}, unknownStatement
		}
		s.rows++
		if !p.peek().mark(",") {
			break
		}
		p.pos++
	}
	if p.pos < len(p.tokens) {
		return step{}, unknownStatement // ON DUPLICATE KEY UPDATE and such
	}
	return s, ""
}

// harm looks for a second statement within the first, which SQL Server takes without a separator, and for anything that removes.
func (p *parser) harm(kind stepKind, from int) refusal {
	if kind == createTrigger || kind == drops || kind == brackets {
		return ""
	}
	for i := from; i < len(p.tokens); i++ {
		t := p.tokens[i]
		if t.mark(executed) || t.mark(";") {
			return unknownStatement
		}
		if i == from || t.kind != wordToken {
			continue
		}
		switch {
		case t.is("DROP", "TRUNCATE", "EXEC", "EXECUTE", "MERGE", "GRANT", "REVOKE", "RENAME", "ALTER", "CREATE", "INSERT", "SELECT"):
			return unsafeStatement
		case t.is("DELETE", "UPDATE") && !p.tokens[i-1].is("ON"):
			return unsafeStatement
		}
	}
	return ""
}
