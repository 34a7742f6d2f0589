package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"carbon-setup/internal/remote"
)

func (p *probe) versionMySQL(ctx context.Context) (outcome, error) {
	v, err := p.conn.row(ctx, "SELECT VERSION(), @@version_comment", 2)
	if err != nil {
		return outcome{}, err
	}
	p.facts.version = remote.Words(v[0])
	text := fmt.Sprintf("%s (%s).", p.facts.version, strings.Trim(remote.Words(v[1]), "()"))
	version := parseVersion(v[0])
	switch maria := isMariaDB(v[0]); {
	case version.before(5, 1):
		return outcome{}, &Error{
			Stage: Version, Kind: VersionOld,
			What: fmt.Sprintf("The server is too old: %s.", p.facts.version),
			Fix:  "Carbon 4.2.0 was made for MySQL 5.1 and newer: upgrade the database server.",
		}
	case maria && p.t.Kind == MySQL:
		return passed("%s This is MariaDB: it works with the driver of MySQL, too.", text), nil
	case !maria && p.t.Kind == MariaDB:
		return warned("%s This is MySQL: choose MySQL, and use its driver.", text), nil
	case !maria && !version.before(8, 0):
		return passed("%s It needs Connector/J 5.1.46 or newer; 8.x is the one that was made for it.", text), nil
	}
	return passed("%s", text), nil
}

// mysqlRights are what the scripts and Carbon at work need. REFERENCES is for foreign keys, since MySQL 5.7.6.
var mysqlRights = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES"}

func (p *probe) rightsMySQL(ctx context.Context) (outcome, error) {
	readOnly, err := p.conn.text(ctx, "SELECT @@global.read_only")
	if err != nil {
		return outcome{}, err
	}
	if isOn(readOnly) {
		return outcome{}, &Error{
			Stage: Rights, Kind: ReadOnly,
			What:  "The server is read-only.",
			Cause: "It is a replica, or somebody set read_only.",
			Fix:   "Give the host of the primary server instead.", Statements: []string{"SHOW VARIABLES LIKE '%read_only%';"},
		}
	}
	account, err := p.conn.text(ctx, "SELECT CURRENT_USER()")
	if err != nil {
		return outcome{}, err
	}
	const most = 1000
	lines, err := p.conn.rows(ctx, "SHOW GRANTS FOR CURRENT_USER()", 1, most)
	if err != nil {
		return outcome{}, err
	}
	missing, roles := mysqlMissing(lines, p.t.Database)
	user, host, _ := strings.Cut(account, "@")
	switch {
	case len(missing) == 0:
		return passed("%s may create, change and fill tables in %s.", remote.Words(account), remote.Words(p.t.Database)), nil
	case roles:
		return notTested("%s has roles, and what they allow cannot be seen from here. Needed: %s on %s.", remote.Words(account), strings.Join(mysqlRights, ", "), remote.Words(p.t.Database)), nil
	}
	return outcome{}, &Error{
		Stage: Rights, Kind: NoRight,
		What:       fmt.Sprintf("%s lacks rights in %s: %s.", remote.Words(account), remote.Words(p.t.Database), strings.Join(missing, ", ")),
		Cause:      "Without them the tables cannot be created, and Carbon does not start in an empty database.",
		Fix:        "Have them granted.",
		Statements: []string{fmt.Sprintf("GRANT ALL PRIVILEGES ON %s.* TO %s;", mysqlName(p.t.Database), mysqlAccount(user, host))},
	}
}

// mysqlMissing reads the answer to SHOW GRANTS: which of mysqlRights are missing in a database, and whether roles are granted, whose rights it does not show.
func mysqlMissing(lines [][]string, database string) (missing []string, roles bool) {
	missing = slices.Clone(mysqlRights)
	for _, l := range lines {
		rest, is := strings.CutPrefix(l[0], "GRANT ")
		if !is {
			continue
		}
		list, on, is := strings.Cut(rest, " ON ")
		if !is {
			roles = true // GRANT `role` TO `user`
			continue
		}
		object, _, _ := strings.Cut(on, " TO ")
		if !mysqlCovers(object, database) {
			continue
		}
		granted := strings.Split(list, ", ")
		if granted[0] == "ALL PRIVILEGES" || granted[0] == "ALL" {
			return nil, roles
		}
		missing = slices.DeleteFunc(missing, func(r string) bool { return slices.Contains(granted, r) })
	}
	return missing, roles
}

// mysqlCovers reports whether an object of a grant, as *.* or `car\_%`.*, covers all tables of a database.
func mysqlCovers(object, database string) bool {
	if object == "*.*" {
		return true
	}
	pattern, is := strings.CutSuffix(object, ".*")
	if !is || len(pattern) < 2 || pattern[0] != '`' {
		return false
	}
	return likePattern(strings.ReplaceAll(pattern[1:len(pattern)-1], "``", "`"), database)
}

// likePattern matches as LIKE does, in the pattern of a grant: % is any text, _ any character, \ takes the next as it is.
func likePattern(pattern, text string) bool {
	const longest = 256
	if len(pattern) > longest || len(text) > longest {
		return false
	}
	p, t, retry, from := 0, 0, -1, 0
	for t < len(text) {
		literal := p
		if p+1 < len(pattern) && pattern[p] == '\\' {
			literal = p + 1
		}
		switch {
		case p < len(pattern) && pattern[p] == '%':
			retry, from = p+1, t
			p++
		case p < len(pattern) && (pattern[literal] == text[t] || literal == p && pattern[p] == '_'):
			p, t = literal+1, t+1
		case retry >= 0:
			from++
			p, t = retry, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "%") == ""
}

// longestKey is the number of characters of the longest key of the scripts: REG_PATH_VALUE.
const longestKey = 750

func (p *probe) charsetMySQL(ctx context.Context) (outcome, error) {
	v, err := p.conn.row(ctx, "SELECT @@character_set_database, @@collation_database, @@session.sql_mode, @@innodb_page_size, "+
		"(SELECT MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME = @@character_set_database)", 5)
	if err != nil {
		return outcome{}, err
	}
	charset, collation, mode := remote.Words(v[0]), remote.Words(v[1]), v[2]
	format, err := p.rowFormat(ctx)
	if err != nil {
		return outcome{}, err
	}
	page, _ := strconv.Atoi(v[3])
	width, _ := strconv.Atoi(v[4])
	limit := keyLimit(format, page)
	if need := longestKey * width; need > limit {
		return outcome{}, p.explainKeyLength(charset, format, need, limit)
	}
	text := fmt.Sprintf("%s, %s; rows are %s: keys of up to %d bytes, the scripts need %d.", charset, collation, strings.ToUpper(format), limit, longestKey*width)
	if strings.Contains(mode, "NO_ZERO_DATE") {
		text += " sql_mode has NO_ZERO_DATE, with which the scripts stop at TIMESTAMP ... DEFAULT 0: the mysql client and -Dsetup fail here. " +
			"carbon-setup takes it out of its own session when it creates the tables."
	}
	return passed("%s", text), nil
}

// rowFormat is what a new table has. Servers that do not know the setting have COMPACT.
func (p *probe) rowFormat(ctx context.Context) (string, error) {
	format, err := p.conn.text(ctx, "SELECT @@innodb_default_row_format")
	var says *mysql.MySQLError
	if errors.As(err, &says) && says.Number == 1193 {
		return "compact", nil
	}
	return strings.ToLower(remote.Words(format)), err
}

// keyLimit is how many bytes a key may have in InnoDB.
func keyLimit(format string, page int) int {
	if format == "compact" || format == "redundant" {
		return 767
	}
	switch page {
	case 4096:
		return 768
	case 8192:
		return 1536
	}
	return 3072
}

func (p *probe) explainKeyLength(charset, format string, need, limit int) *Error {
	return &Error{
		Stage: Charset, Kind: BadCharset,
		What: fmt.Sprintf("The scripts fail in the database %s: its character set %s makes a key of %d bytes, and %s rows allow %d (\"Specified key was too long\", \"Index column size too large\").",
			remote.Words(p.t.Database), charset, need, strings.ToUpper(format), limit),
		Cause: fmt.Sprintf("The paths of the registry are a key of %d characters.", longestKey),
		Fix:   "Have the rows made DYNAMIC where the server can, or, in an empty database, the character set changed.",
		Statements: []string{
			"SET GLOBAL innodb_default_row_format = DYNAMIC /* MySQL 5.7 and MariaDB 10.2 or newer; and in its configuration */;",
			fmt.Sprintf("ALTER DATABASE %s CHARACTER SET latin1;", mysqlName(p.t.Database)),
		},
	}
}

func isOn(value string) bool {
	return value == "1" || strings.EqualFold(value, "ON") || strings.EqualFold(value, "true")
}
