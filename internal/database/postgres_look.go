package database

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"carbon-setup/internal/remote"
)

func (p *probe) versionPostgres(ctx context.Context) (outcome, error) {
	v, err := p.conn.row(ctx, "SELECT current_setting('server_version'), current_setting('server_version_num')", 2)
	if err != nil {
		return outcome{}, err
	}
	p.facts.version = remote.Words(v[0])
	number, _ := strconv.Atoi(v[1])
	switch {
	case number > 0 && number < 80400:
		return outcome{}, &Error{
			Stage: Version, Kind: VersionOld,
			What: fmt.Sprintf("The server is too old: PostgreSQL %s.", p.facts.version),
			Fix:  "Upgrade the database server: drivers of today need PostgreSQL 8.4 or newer.",
		}
	case p.facts.method == "scram-sha-256":
		return passed("PostgreSQL %s. The password is checked with SCRAM: the driver must be 42.2.0 or newer (older ones say \"The authentication type 10 is not supported\").", p.facts.version), nil
	}
	return passed("PostgreSQL %s.", p.facts.version), nil
}

func (p *probe) rightsPostgres(ctx context.Context) (outcome, error) {
	v, err := p.conn.row(ctx, "SELECT pg_is_in_recovery()::text, current_setting('transaction_read_only'), coalesce(current_schema(), ''), current_setting('search_path')", 4)
	if err != nil {
		return outcome{}, err
	}
	schema, user := v[2], quoteIdent(p.t.Username)
	switch {
	case isOn(v[0]):
		return outcome{}, &Error{
			Stage: Rights, Kind: ReadOnly,
			What: "The server is a standby: it can only be read.",
			Fix:  "Give the host of the primary server instead.", Statements: []string{"SELECT pg_is_in_recovery();"},
		}
	case isOn(v[1]):
		return outcome{}, &Error{
			Stage: Rights, Kind: ReadOnly,
			What:       "Sessions of this user in this database are read-only.",
			Cause:      "default_transaction_read_only is on for the server, the database or the user.",
			Fix:        "Have it switched off.",
			Statements: []string{fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET default_transaction_read_only = off;", user, quoteIdent(p.t.Database))},
		}
	case schema == "":
		return outcome{}, p.explainNoSchema(v[3])
	}
	may, err := p.conn.text(ctx, "SELECT has_schema_privilege(current_schema(), 'CREATE')::text")
	if err != nil {
		return outcome{}, err
	}
	if isOn(may) {
		return passed("%s may create tables in the schema %s.", remote.Words(p.t.Username), remote.Words(schema)), nil
	}
	e := &Error{
		Stage: Rights, Kind: NoRight,
		What:       fmt.Sprintf("%s may not create tables in the schema %s.", remote.Words(p.t.Username), remote.Words(schema)),
		Cause:      "Nobody granted it.",
		Fix:        fmt.Sprintf("Have the right granted within the database %s, or the user made its owner.", remote.Words(p.t.Database)),
		Statements: []string{fmt.Sprintf("GRANT USAGE, CREATE ON SCHEMA %s TO %s;", quoteIdent(schema), user), fmt.Sprintf("ALTER DATABASE %s OWNER TO %s;", quoteIdent(p.t.Database), user)},
	}
	if schema == "public" {
		e.Cause = "Since PostgreSQL 15 only the owner of a database may create tables in its schema public."
	}
	return outcome{}, e
}

func (p *probe) explainNoSchema(path string) *Error {
	user := quoteIdent(p.t.Username)
	e := &Error{
		Stage: Rights, Kind: NoRight,
		What:       fmt.Sprintf("There is no schema for the tables: none of %s is there and may be used.", remote.Words(path)),
		Cause:      "The schema was dropped, or the user may not use it.",
		Fix:        fmt.Sprintf("Have one created within the database %s, where the search_path of the user leads to it.", remote.Words(p.t.Database)),
		Statements: []string{fmt.Sprintf("CREATE SCHEMA %s AUTHORIZATION %s;", user, user)},
	}
	if !strings.Contains(path, `"$user"`) {
		e.Statements = append(e.Statements, fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET search_path = %s;", user, quoteIdent(p.t.Database), user))
	}
	return e
}

func (p *probe) charsetPostgres(ctx context.Context) (outcome, error) {
	v, err := p.conn.row(ctx, "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()", 2)
	if err != nil {
		return outcome{}, err
	}
	encoding, collation := remote.Words(v[0]), remote.Words(v[1])
	db := quoteIdent(p.t.Database)
	again := fmt.Sprintf(" An empty database is made anew with: DROP DATABASE %s; CREATE DATABASE %s OWNER %s ENCODING 'UTF8' TEMPLATE template0;", db, db, quoteIdent(p.t.Username))
	switch encoding {
	case "UTF8":
		return passed("%s, collation %s.", encoding, collation), nil
	case "SQL_ASCII":
		return warned("SQL_ASCII: the database takes any bytes for text, and the driver of Java fails at the first letter that is not ASCII (\"Invalid character data was found\").%s", again), nil
	}
	return warned("%s: what it has no letter for cannot be stored: names and descriptions in other scripts fail (\"has no equivalent in encoding\").%s", encoding, again), nil
}
