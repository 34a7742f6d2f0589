package database

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/remote"
)

func (p *probe) versionOracle(ctx context.Context) (outcome, error) {
	v, err := p.conn.row(ctx, "SELECT PRODUCT, VERSION FROM PRODUCT_COMPONENT_VERSION WHERE PRODUCT LIKE 'Oracle%' AND ROWNUM = 1", 2)
	if err != nil {
		return outcome{}, err
	}
	p.facts.version = remote.Words(v[1])
	text := remote.Words(v[0]) + " " + p.facts.version
	if parseVersion(v[1]).before(10, 2) {
		return outcome{}, &Error{
			Stage: Version, Kind: VersionOld, What: fmt.Sprintf("The server is too old: %s.", text), Fix: "Upgrade the database server: drivers of today need Oracle 10.2 or newer.",
		}
	}
	return passed("%s.", text), nil
}

// oracleRights are what the scripts need.
var oracleRights = []string{"CREATE TABLE", "CREATE SEQUENCE", "CREATE TRIGGER"}

func (p *probe) rightsOracle(ctx context.Context) (outcome, error) {
	role, err := p.conn.text(ctx, "SELECT SYS_CONTEXT('USERENV', 'DATABASE_ROLE') FROM DUAL")
	if err == nil && role != "" && role != "PRIMARY" {
		return outcome{}, &Error{
			Stage: Rights, Kind: ReadOnly,
			What: "The database is a standby (" + remote.Words(role) + "): it can only be read.",
			Fix:  "Give the service of the primary database instead.", Statements: []string{"SELECT DATABASE_ROLE, OPEN_MODE FROM V$DATABASE;"},
		}
	}
	const most = 1000
	lines, err := p.conn.rows(ctx, "SELECT PRIVILEGE FROM SESSION_PRIVS", 1, most)
	if err != nil {
		return outcome{}, err
	}
	has := func(right string) bool {
		return slices.ContainsFunc(lines, func(l []string) bool { return l[0] == right })
	}
	missing := slices.DeleteFunc(slices.Clone(oracleRights), has)
	user := oracleName(p.t.Username)
	if len(missing) > 0 {
		return outcome{}, &Error{
			Stage: Rights, Kind: NoRight,
			What:  fmt.Sprintf("%s lacks rights: %s.", remote.Words(p.t.Username), strings.Join(missing, ", ")),
			Cause: "Without them the tables, their sequences and triggers cannot be created.", Fix: "Have them granted.",
			Statements: []string{fmt.Sprintf("GRANT %s TO %s;", strings.Join(missing, ", "), user)},
		}
	}
	if has("UNLIMITED TABLESPACE") {
		return passed("%s may create tables, sequences and triggers.", remote.Words(p.t.Username)), nil
	}
	space, err := p.conn.row(ctx, "SELECT u.DEFAULT_TABLESPACE, (SELECT TO_CHAR(MAX(q.MAX_BYTES)) FROM USER_TS_QUOTAS q WHERE q.TABLESPACE_NAME = u.DEFAULT_TABLESPACE) FROM USER_USERS u", 2)
	if err != nil {
		return outcome{}, err
	}
	if space[1] == "" || space[1] == "0" {
		return outcome{}, &Error{
			Stage: Rights, Kind: NoRight,
			What:  fmt.Sprintf("%s has no room in its tablespace %s.", remote.Words(p.t.Username), remote.Words(space[0])),
			Cause: "No quota was granted: the first row would fail with ORA-01950.", Fix: "Have a quota granted.",
			Statements: []string{fmt.Sprintf("ALTER USER %s QUOTA UNLIMITED ON %s;", user, remote.Words(space[0]))},
		}
	}
	return passed("%s may create tables, sequences and triggers, and has a quota in %s.", remote.Words(p.t.Username), remote.Words(space[0])), nil
}

func (p *probe) charsetOracle(ctx context.Context) (outcome, error) {
	charset, err := p.conn.text(ctx, "SELECT VALUE FROM NLS_DATABASE_PARAMETERS WHERE PARAMETER = 'NLS_CHARACTERSET'")
	if err != nil {
		return outcome{}, err
	}
	charset = remote.Words(charset)
	if charset == "AL32UTF8" || charset == "UTF8" {
		return passed("%s.", charset), nil
	}
	return warned("%s: what it has no letter for is stored as a question mark, without an error. A new database is best made with AL32UTF8.", charset), nil
}
