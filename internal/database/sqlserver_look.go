package database

import (
	"context"
	"fmt"
	"strings"

	"carbon-setup/internal/remote"
)

func (p *probe) versionSQLServer(ctx context.Context) (outcome, error) {
	v, err := p.conn.row(ctx, "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128))", 2)
	if err != nil {
		return outcome{}, err
	}
	p.facts.version = remote.Words(v[0])
	if parseVersion(v[0]).before(9, 0) {
		return outcome{}, &Error{
			Stage: Version, Kind: VersionOld, What: fmt.Sprintf("The server is too old: %s.", p.facts.version), Fix: "Upgrade the database server to SQL Server 2005 or newer: the scripts need it.",
		}
	}
	return passed("SQL Server %s, %s.", p.facts.version, remote.Words(v[1])), nil
}

func (p *probe) rightsSQLServer(ctx context.Context) (outcome, error) {
	v, err := p.conn.row(ctx, "SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Updateability') AS nvarchar(128)), SCHEMA_NAME(), "+
		"CAST(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CREATE TABLE') AS nvarchar(10)), CAST(HAS_PERMS_BY_NAME(SCHEMA_NAME(), 'SCHEMA', 'ALTER') AS nvarchar(10))", 4)
	if err != nil {
		return outcome{}, err
	}
	db, user := bracketName(p.t.Database), bracketName(p.t.Username)
	switch {
	case v[0] == "READ_ONLY":
		return outcome{}, &Error{
			Stage: Rights, Kind: ReadOnly,
			What:  fmt.Sprintf("The database %s is read-only.", remote.Words(p.t.Database)),
			Cause: "It is a replica of an availability group, or somebody set it so.",
			Fix:   "Give the host of the primary server instead, or have it made writable.", Statements: []string{fmt.Sprintf("ALTER DATABASE %s SET READ_WRITE;", db)},
		}
	case v[2] != "1" || v[3] != "1":
		return outcome{}, &Error{
			Stage: Rights, Kind: NoRight,
			What:  fmt.Sprintf("%s may not create tables in the schema %s of %s.", remote.Words(p.t.Username), remote.Words(v[1]), remote.Words(p.t.Database)),
			Cause: "It needs CREATE TABLE in the database and ALTER on the schema.", Fix: "Have them granted, or make the user an owner of the database.",
			Statements: []string{fmt.Sprintf("USE %s; GRANT CREATE TABLE TO %s; GRANT ALTER ON SCHEMA::%s TO %s;", db, user, bracketName(v[1]), user)},
		}
	}
	return passed("%s may create tables in the schema %s.", remote.Words(p.t.Username), remote.Words(v[1])), nil
}

func (p *probe) charsetSQLServer(ctx context.Context) (outcome, error) {
	collation, err := p.conn.text(ctx, "SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128))")
	if err != nil {
		return outcome{}, err
	}
	collation = remote.Words(collation)
	if strings.Contains(collation, "_CS") || strings.Contains(collation, "_BIN") {
		return outcome{}, &Error{
			Stage: Charset, Kind: BadCharset,
			What:       fmt.Sprintf("The scripts fail in the database %s: its collation %s tells upper from lower case.", remote.Words(p.t.Database), collation),
			Cause:      "They ask for SYS.OBJECTS, which then is another name than sys.objects (\"Invalid object name\").",
			Fix:        "In an empty database, have the collation changed.",
			Statements: []string{fmt.Sprintf("ALTER DATABASE %s COLLATE Latin1_General_CI_AS;", bracketName(p.t.Database))},
		}
	}
	return passed("%s.", collation), nil
}
