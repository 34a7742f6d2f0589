package database

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"

	"carbon-setup/internal/remote"
)

// accountWords finds 'user'@'host' in what MySQL says; it is the account as the server sees it. The message may be in any language.
var accountWords = regexp.MustCompile(`'([^']*)'@'([^']*)'`)

// hostWords finds the host in "Host '10.0.0.5' is not allowed to connect".
var hostWords = regexp.MustCompile(`'([^']*)'`)

// seenFrom is the address or the name that the server knows us by: grants are made for it.
func (p *probe) seenFrom(text string) string {
	if m := accountWords.FindStringSubmatch(text); m != nil && m[2] != "" {
		return m[2]
	}
	if p.peer == nil {
		return "%"
	}
	return hostOf(p.peer.LocalAddr())
}

// mysqlAccount is user@host as a statement writes it.
func mysqlAccount(user, host string) string { return mysqlText(user) + "@" + mysqlText(host) }

func mysqlText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `''`).Replace(remote.Words(text)) + "'"
}

func mysqlName(name string) string {
	return "`" + strings.ReplaceAll(remote.Words(name), "`", "``") + "`"
}

// explainMySQL says what a refusal of MySQL or MariaDB means.
func (p *probe) explainMySQL(e *mysql.MySQLError) *Error {
	x := &Error{Stage: Login, Kind: Refusal, wrapped: e, Server: remote.Words(e.Message, p.t.Password.Reveal())}
	from := p.seenFrom(e.Message)
	account := mysqlAccount(p.t.Username, from)
	product := p.t.Kind.Title()
	switch e.Number {
	case 1045, 1698:
		p.explainDenied(x, e, from)
	case 1130:
		p.explainHost(x, e)
	case 1129:
		x.Kind = HostBlocked
		x.What = product + " has blocked this machine because of too many connections that were broken off."
		x.Cause = "max_connect_errors was reached, which port scanners and health checks of load balancers do."
		x.Fix = "Have the block lifted."
		x.Statements = []string{"FLUSH HOSTS;", "TRUNCATE TABLE performance_schema.host_cache /* MySQL 8.4 and newer */;"}
	case 1040, 1203, 1226:
		x.Kind = TooMany
		x.What = product + " takes no further connections: all are in use."
		x.Cause = "max_connections, max_user_connections or a limit of the user is reached. Each Carbon server takes up to maxActive connections per datasource."
		x.Fix = "Have the limit raised, or connections ended that nobody needs."
		x.Statements = []string{"SHOW VARIABLES LIKE 'max%connections';", "SHOW PROCESSLIST;"}
	case 1044, 1049:
		p.explainNoDatabase(x, e.Number, account)
	case 1251, 1524, 2059, 1275:
		x.Kind = AuthMethod
		x.What = fmt.Sprintf("%s checks the password of %s in a way that cannot be used.", product, remote.Words(p.t.Username))
		x.Cause = "The user was made for an authentication plugin that the server does not have, or that no driver of today speaks."
		x.Fix = "Have the user made for another one."
		x.Statements = []string{fmt.Sprintf("ALTER USER %s IDENTIFIED BY '<password>';", account)}
	case 1862, 1820:
		x.Kind = Expired
		x.What = fmt.Sprintf("The password of %s has expired.", remote.Words(p.t.Username))
		x.Fix = "Have it set anew; for the user of a server, expiry is best switched off."
		x.Statements = []string{
			fmt.Sprintf("SELECT user, host FROM mysql.user WHERE user = %s;", mysqlText(p.t.Username)), // the server does not say from where it sees the user come
			fmt.Sprintf("ALTER USER %s IDENTIFIED BY '<password>' PASSWORD EXPIRE NEVER;", account),
		}
	case 3118, 4151:
		x.Kind = Locked
		x.What = fmt.Sprintf("The account of %s is locked.", remote.Words(p.t.Username))
		x.Fix = "Have it unlocked."
		x.Statements = []string{fmt.Sprintf("ALTER USER %s ACCOUNT UNLOCK;", account)}
	case 3159:
		x.Stage, x.Kind = TLS, TLSDemanded
		if p.facts.encrypted == "" {
			x.Stage = Login // where the server says so
		}
		x.What = "The server takes no connection without TLS, and the parameters exclude TLS (" + p.want.asked + ")."
		x.Cause = "require_secure_transport is on."
		x.Fix = "Set useSSL=true (Connector/J 5.1, MariaDB) or sslMode=REQUIRED (Connector/J 8)."
	case 1053, 1077, 1079:
		x.Kind = Starting
		x.What = product + " is shutting down."
		x.Fix = "Wait until it runs again, then test again."
	default:
		x.What = fmt.Sprintf("%s refuses (error %d).", product, e.Number)
		x.Fix = "Look into the log of the database server."
	}
	return x
}

func (p *probe) explainHost(x *Error, e *mysql.MySQLError) {
	from := p.seenFrom(e.Message)
	if m := hostWords.FindStringSubmatch(e.Message); m != nil {
		from = m[1]
	}
	account := mysqlAccount(p.t.Username, from)
	x.Kind = HostNotAllowed
	x.What = fmt.Sprintf("%s lets nobody in from this machine, which it sees as %s.", p.t.Kind.Title(), remote.Words(from))
	x.Cause = "Every user of MySQL and MariaDB belongs to the host that it comes from, and there is none for this one."
	x.Fix = "Have the user created for this host."
	x.Statements = []string{
		fmt.Sprintf("CREATE USER %s IDENTIFIED BY '<password>';", account),
		fmt.Sprintf("GRANT ALL PRIVILEGES ON %s.* TO %s;", mysqlName(p.t.Database), account),
	}
}

func (p *probe) explainDenied(x *Error, e *mysql.MySQLError, from string) {
	account := mysqlAccount(p.t.Username, from)
	x.Kind = WrongPassword
	x.What = fmt.Sprintf("%s does not let %s in from %s: wrong password, no such user, or no such user for this host.", p.t.Kind.Title(), remote.Words(p.t.Username), remote.Words(from))
	x.Cause = "Every user belongs to the host that it comes from: one who may log in on the database server itself may not do so from here. The server does not tell which of these it is."
	if p.facts.encrypted == "" {
		x.Cause += " It says the same to a user that was made with REQUIRE SSL (its ssl_type is ANY) and comes without TLS, and MariaDB to everyone who does so if require_secure_transport is on."
	}
	if e.Number == 1698 {
		x.Kind = AuthMethod
		x.What = fmt.Sprintf("%s does not let %s in from %s with a password.", p.t.Kind.Title(), remote.Words(p.t.Username), remote.Words(from))
		x.Cause = "The user, as root on Debian, is recognized by its account on the database server alone (unix_socket)."
	}
	x.Fix = "Enter the password again; then have the user created for this host, or its password set anew."
	if p.facts.encrypted == "" {
		x.Fix = "Enter the password again, or let the parameters ask for TLS (useSSL=true) and test again; then have the user created for this host, or its password set anew."
	}
	x.Statements = append([]string{fmt.Sprintf("SELECT user, host, ssl_type FROM mysql.user WHERE user = %s;", mysqlText(p.t.Username))}, p.mysqlUser(account)...)
}

// mysqlUser are the statements after which the account is there with the password, and may use the database, whether it was there before or not.
func (p *probe) mysqlUser(account string) []string {
	create, set := "CREATE USER IF NOT EXISTS %s IDENTIFIED BY '<password>';", "ALTER USER %s IDENTIFIED BY '<password>';"
	if v := parseVersion(p.facts.version); v.known() && (!isMariaDB(p.facts.version) && v.before(5, 7) || isMariaDB(p.facts.version) && v.before(10, 2)) {
		create, set = "CREATE USER %s IDENTIFIED BY '<password>' /* if there is none */;", "SET PASSWORD FOR %s = PASSWORD('<password>');"
	}
	return []string{
		fmt.Sprintf(create, account),
		fmt.Sprintf(set, account),
		fmt.Sprintf("GRANT ALL PRIVILEGES ON %s.* TO %s;", mysqlName(p.t.Database), account),
	}
}

func (p *probe) explainNoDatabase(x *Error, number uint16, account string) {
	db := mysqlName(p.t.Database)
	x.Stage = Database
	create := fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %s CHARACTER SET %s;", db, p.mysqlCharset())
	grant := fmt.Sprintf("GRANT ALL PRIVILEGES ON %s.* TO %s;", db, account)
	if number == 1044 {
		x.Kind = DatabaseDenied
		x.What = fmt.Sprintf("%s may not use the database %s.", remote.Words(p.t.Username), remote.Words(p.t.Database))
		x.Cause = "It has no rights there, or there is no such database: the server says the same of both to who has none."
		x.Fix = "Have the rights granted, after the database was created where there is none."
		x.Statements = []string{create, grant}
		return
	}
	x.Kind = DatabaseMissing
	x.What = fmt.Sprintf("%s has no database %s.", p.t.Kind.Title(), remote.Words(p.t.Database))
	x.Cause = "It was not created yet, or its name is written differently: on Linux upper and lower case matter."
	x.Fix = "Have it created, or correct the name."
	x.Statements = []string{create} // who has no rights there is told 1044
}

// mysqlCharset is the character set for a new database: with three or more bytes a character, servers before MySQL 5.7 and MariaDB 10.2 make rows whose keys are too
// short for the registry's paths.
func (p *probe) mysqlCharset() string {
	if v := parseVersion(p.facts.version); v.known() && (v.before(5, 7) || isMariaDB(p.facts.version) && v.before(10, 2)) {
		return "latin1"
	}
	return "utf8mb4"
}

func isMariaDB(version string) bool { return strings.Contains(strings.ToLower(version), "mariadb") }
