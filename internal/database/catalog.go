package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// session is one connection that the tables are looked at and made on.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// catalogQueries are what a dialect is asked. objects yields name and type, the others table and name.
type catalogQueries struct {
	schema, objects, columns, indexes, constraints string
	// types are the types of objects: "table", "sequence", "trigger"; any other takes the name of a table.
	types map[string]string
}

var mysqlCatalog = catalogQueries{
	schema:      `SELECT DATABASE()`,
	objects:     `SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()`,
	columns:     `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position`,
	indexes:     `SELECT DISTINCT table_name, index_name FROM information_schema.statistics WHERE table_schema = DATABASE()`,
	constraints: `SELECT table_name, constraint_name FROM information_schema.table_constraints WHERE table_schema = DATABASE()`,
	types:       map[string]string{"BASE TABLE": "table", "SYSTEM VERSIONED": "table"},
}

// pgOwn are the objects of the current schema that belong to no extension.
const pgOwn = `c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
	AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`

var catalogs = map[Kind]catalogQueries{
	MySQL:   mysqlCatalog,
	MariaDB: mysqlCatalog,
	PostgreSQL: {
		schema:  `SELECT current_schema()`,
		objects: `SELECT c.relname, c.relkind::text FROM pg_catalog.pg_class c WHERE c.relkind IN ('r','p','f','v','m','S') AND ` + pgOwn,
		columns: `SELECT c.relname, a.attname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
			WHERE c.relkind IN ('r','p') AND a.attnum > 0 AND NOT a.attisdropped AND ` + pgOwn + ` ORDER BY c.relname, a.attnum`,
		indexes: `SELECT c.relname, i.relname FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
			JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid WHERE ` + pgOwn,
		constraints: `SELECT c.relname, k.conname FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid WHERE ` + pgOwn,
		types:       map[string]string{"r": "table", "p": "table", "S": "sequence"},
	},
	Oracle: {
		schema: `SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM DUAL`,
		objects: `SELECT object_name, object_type FROM all_objects WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
			AND object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SYNONYM', 'SEQUENCE', 'TRIGGER')
			AND object_name NOT LIKE 'BIN$%' AND generated = 'N' AND secondary = 'N'`,
		columns: `SELECT table_name, column_name FROM all_tab_columns WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
			AND table_name NOT LIKE 'BIN$%' ORDER BY table_name, column_id`,
		indexes: `SELECT table_name, index_name FROM all_indexes WHERE table_owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
			AND table_name NOT LIKE 'BIN$%'`,
		constraints: `SELECT table_name, constraint_name FROM all_constraints WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
			AND table_name NOT LIKE 'BIN$%'`,
		types: map[string]string{"TABLE": "table", "SEQUENCE": "sequence", "TRIGGER": "trigger"},
	},
	SQLServer: {
		schema: `SELECT SCHEMA_NAME()`,
		objects: `SELECT o.name, RTRIM(o.type) FROM sys.objects o WHERE o.schema_id = SCHEMA_ID() AND o.is_ms_shipped = 0
			AND o.type IN ('U', 'V', 'SN', 'SO', 'P', 'FN')`,
		columns: `SELECT o.name, c.name FROM sys.columns c JOIN sys.objects o ON o.object_id = c.object_id
			WHERE o.schema_id = SCHEMA_ID() AND o.is_ms_shipped = 0 AND o.type = 'U' ORDER BY o.name, c.column_id`,
		indexes: `SELECT o.name, i.name FROM sys.indexes i JOIN sys.objects o ON o.object_id = i.object_id
			WHERE o.schema_id = SCHEMA_ID() AND o.is_ms_shipped = 0 AND o.type = 'U' AND i.name IS NOT NULL`,
		constraints: `SELECT o.name, k.name FROM sys.objects k JOIN sys.objects o ON o.object_id = k.parent_object_id
			WHERE o.schema_id = SCHEMA_ID() AND k.type IN ('PK', 'UQ', 'F', 'C', 'D')`,
		types: map[string]string{"U": "table", "SO": "sequence"},
	},
}

// readCatalog reads what is in the current schema, with columns, indexes and constraints only if a table of one of the sets is there: the schema of an administrator
// can have thousands of others.
func readCatalog(ctx context.Context, db session, kind Kind, sets []ScriptSet) (*catalog, error) {
	q, ok := catalogs[kind]
	if !ok {
		return nil, fmt.Errorf("it is not known how to look into %q", string(kind))
	}
	c := newCatalog(kind)
	var err error
	if c.schema, err = queryText(ctx, db, q.schema); err != nil {
		return nil, err
	}
	if c.schema == "" {
		return nil, errNoSchema
	}
	if c.anyCase, err = anyCase(ctx, db, kind); err != nil {
		return nil, err
	}
	if err = c.readObjects(ctx, db, q); err != nil || !c.holdsAny(sets) {
		return c, err
	}
	err = queryPairs(ctx, db, q.columns, func(table, n string) { c.columns[c.key(table)] = append(c.columns[c.key(table)], n) })
	if err != nil {
		return nil, err
	}
	if err = queryPairs(ctx, db, q.indexes, func(table, n string) { c.indexes[c.part(table, n)] = n }); err != nil {
		return nil, err
	}
	return c, queryPairs(ctx, db, q.constraints, func(table, n string) { c.constraints[c.part(table, n)] = n })
}

func (c *catalog) readObjects(ctx context.Context, db session, q catalogQueries) error {
	err := queryPairs(ctx, db, q.objects, func(n, kind string) {
		switch q.types[strings.TrimSpace(kind)] {
		case "table":
			c.tables[c.key(n)] = n
		case "sequence":
			c.sequences[c.key(n)] = n
		case "trigger":
			c.triggers[c.key(n)] = n
		default:
			c.blocks[c.key(n)] = n
		}
	})
	if c.kind == Oracle { // a materialized view is listed as a table too
		for k := range c.blocks {
			delete(c.tables, k)
		}
	}
	return err
}

// holdsAny reports whether a table of one of the sets is there.
func (c *catalog) holdsAny(sets []ScriptSet) bool {
	for i := range sets {
		for j := range sets[i].steps {
			if _, there := c.tables[c.of(sets[i].steps[j].name)]; there && sets[i].steps[j].kind == createTable {
				return true
			}
		}
	}
	return false
}

// anyCase reports whether the server takes UM_USER and um_user for one table. SQL Server goes by the collation of the database, where scripts and Carbon agree on
// the case anyway.
func anyCase(ctx context.Context, db session, kind Kind) (bool, error) {
	switch kind {
	case MySQL, MariaDB:
		v, err := queryText(ctx, db, `SELECT @@lower_case_table_names`)
		return v != "0", err
	case SQLServer:
		v, err := queryText(ctx, db, `SELECT CASE WHEN 'a' = 'A' COLLATE DATABASE_DEFAULT THEN '1' ELSE '0' END`)
		return v != "0", err
	default:
		return false, nil
	}
}

// queryText returns the first column of the first row as text, "" for NULL and for no row.
func queryText(ctx context.Context, db session, query string) (string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var v sql.NullString
	if rows.Next() {
		if err := rows.Scan(&v); err != nil {
			return "", err
		}
	}
	return v.String, rows.Err()
}

// mostPairs bounds what a server may list.
const mostPairs = 1_000_000

// queryPairs calls each with the first two columns of every row.
func queryPairs(ctx context.Context, db session, query string, each func(a, b string)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var a, b sql.NullString
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
		if n++; n > mostPairs {
			return errTooMany
		}
		each(a.String, b.String)
	}
	return rows.Err()
}
