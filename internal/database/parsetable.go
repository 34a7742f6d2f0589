package database

import (
	"strconv"
	"strings"
)

// table reads what follows CREATE TABLE.
func (p *parser) table() (step, refusal) {
	s := step{kind: createTable, guarded: p.notExists(), sizes: map[string]int{}}
	var why refusal
	if s.name, why = p.identifier(); why != "" {
		return step{}, why
	}
	s.table = s.name
	body, ok := p.group()
	if !ok {
		return step{}, unknownStatement
	}
	for _, item := range splitItems(body) {
		s.addItem(p.kind, item)
	}
	if len(s.columns) == 0 {
		return step{}, unknownStatement
	}
	for p.pos < len(p.tokens) {
		switch {
		case p.takeOne("CHARSET") || p.take("CHARACTER", "SET"):
			s.charset = strings.ToLower(p.option())
		case p.takeOne("ROW_FORMAT"):
			s.format = strings.ToLower(p.option())
		case p.peek().is("AS", "LIKE", "SELECT"):
			return step{}, unknownStatement
		default:
			p.pos++
		}
	}
	return s, ""
}

// option reads the value of a table option, with or without an equals sign.
func (p *parser) option() string {
	if p.peek().mark("=") {
		p.pos++
	}
	t := p.peek()
	p.pos++
	return t.text
}

// splitItems cuts the list in the parentheses of CREATE TABLE at its commas.
func splitItems(body []token) [][]token {
	var items [][]token
	depth, start := 0, 0
	for i, t := range body {
		switch {
		case t.mark("("):
			depth++
		case t.mark(")"):
			depth--
		case t.mark(",") && depth == 0:
			items = append(items, body[start:i])
			start = i + 1
		}
	}
	return append(items, body[start:])
}

// addItem adds a column, or a key, to the table.
func (s *step) addItem(kind Kind, item []token) {
	if len(item) == 0 {
		return
	}
	p := &parser{kind: kind, tokens: item}
	constraint := ""
	if p.take("CONSTRAINT") {
		if n, ok := p.part(); ok {
			constraint = n.text
		}
	}
	switch {
	case p.take("PRIMARY", "KEY"):
		s.primary = true
		s.addKey(p, "PRIMARY", true)
	case p.take("FOREIGN", "KEY"):
		s.addKey(p, constraint, false) // InnoDB makes an index for it
	case p.takeOne("UNIQUE"):
		p.takeOne("KEY", "INDEX")
		s.addKey(p, constraint, true)
	case p.takeOne("KEY", "INDEX"):
		s.addKey(p, constraint, false)
	case p.peek().is("FULLTEXT", "SPATIAL"):
	case p.peek().is("CHECK", "EXCLUDE", "PERIOD"):
	default:
		s.addColumn(p)
	}
}

// addKey reads [name] [USING x] (columns).
func (s *step) addKey(p *parser, label string, unique bool) {
	if !p.peek().mark("(") && !p.peek().is("USING") {
		if n, ok := p.part(); ok {
			label = n.text
		}
	}
	if p.takeOne("USING") {
		p.pos++
	}
	if columns, ok := p.group(); ok {
		s.keys = append(s.keys, key{name: label, columns: keyColumns(columns), unique: unique})
	}
}

// addColumn reads a column; a PRIMARY KEY or UNIQUE behind its type is a key of its own.
func (s *step) addColumn(p *parser) {
	n, ok := p.part()
	if !ok {
		return
	}
	s.columns = append(s.columns, n)
	if p.takeOne("VARCHAR", "CHAR", "NVARCHAR", "VARCHAR2") {
		if size, ok := p.group(); ok && len(size) > 0 {
			if n64, err := strconv.Atoi(size[0].text); err == nil {
				s.sizes[strings.ToUpper(n.text)] = n64
			}
		}
	}
	for ; p.pos < len(p.tokens); p.pos++ {
		t := p.peek()
		if t.is("PRIMARY", "UNIQUE") {
			s.primary = s.primary || t.is("PRIMARY")
			s.keys = append(s.keys, key{name: n.text, columns: []keyColumn{{name: n.text}}, unique: true})
		}
	}
}

// keyColumns reads a, b(10), c DESC.
func keyColumns(list []token) []keyColumn {
	var columns []keyColumn
	for _, item := range splitItems(list) {
		if len(item) == 0 || item[0].kind == markToken {
			continue
		}
		c := keyColumn{name: item[0].text}
		if len(item) >= 4 && item[1].mark("(") {
			c.prefix, _ = strconv.Atoi(item[2].text)
		}
		columns = append(columns, c)
	}
	return columns
}
