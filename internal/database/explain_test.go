package database

import (
	"net"
	"strings"
	"testing"
)

// refused is a server that says no, and what the operator is told of it.
type refused struct {
	name   string
	kind   Kind
	serve  func(c net.Conn)
	stage  Stage
	error  ErrorKind
	what   string   // the whole sentence
	has    []string // in the server's words, the cause, the advice or the statements
	params []string
}

var refusals = []refused{
	{
		name: "1045", kind: MySQL, serve: mysqlRefuses(1045, "28000", "Access denied for user 'app'@'10.1.2.3' (using password: YES)"), stage: Login, error: WrongPassword,
		what: "MySQL does not let app in from 10.1.2.3: wrong password, no such user, or no such user for this host.",
		has:  []string{"CREATE USER IF NOT EXISTS 'app'@'10.1.2.3' IDENTIFIED BY '<password>';", "GRANT ALL PRIVILEGES ON `carbon`.* TO 'app'@'10.1.2.3';", "REQUIRE SSL"},
	},
	{
		name: "1698", kind: MariaDB, serve: mysqlRefuses(1698, "28000", "Access denied for user 'app'@'10.1.2.3'"), stage: Login, error: AuthMethod,
		what: "MariaDB does not let app in from 10.1.2.3 with a password.", has: []string{"unix_socket"},
	},
	{
		name: "1130", kind: MySQL, serve: mysqlAtOnce(1130, "Host '10.1.2.3' is not allowed to connect to this MySQL server"), stage: Login, error: HostNotAllowed,
		what: "MySQL lets nobody in from this machine, which it sees as 10.1.2.3.", has: []string{"CREATE USER 'app'@'10.1.2.3' IDENTIFIED BY '<password>';"},
	},
	{
		name: "1129", kind: MySQL, serve: mysqlAtOnce(1129, "Host '10.1.2.3' is blocked because of many connection errors"), stage: Login, error: HostBlocked,
		what: "MySQL has blocked this machine because of too many connections that were broken off.", has: []string{"FLUSH HOSTS;"},
	},
	{
		name: "1040", kind: MariaDB, serve: mysqlAtOnce(1040, "Too many connections"), stage: Login, error: TooMany,
		what: "MariaDB takes no further connections: all are in use.", has: []string{"Too many connections", "maxActive", "SHOW PROCESSLIST;"},
	},
	{
		name: "1049", kind: MySQL, serve: mysqlRefuses(1049, "42000", "Unknown database 'carbon'"), stage: Database, error: DatabaseMissing,
		what: "MySQL has no database carbon.", has: []string{"CREATE DATABASE IF NOT EXISTS `carbon` CHARACTER SET utf8mb4;"},
	},
	{
		name: "1044", kind: MySQL, serve: mysqlRefuses(1044, "42000", "Access denied for user 'app'@'%' to database 'carbon'"), stage: Database, error: DatabaseDenied,
		what: "app may not use the database carbon.", has: []string{"GRANT ALL PRIVILEGES ON `carbon`.* TO 'app'@'%';"},
	},
	{
		name: "3159", kind: MySQL, serve: mysqlRefuses(3159, "HY000", "Connections using insecure transport are prohibited while --require_secure_transport=ON."), stage: Login, error: TLSDemanded,
		what: "The server takes no connection without TLS, and the parameters exclude TLS (useSSL=false).", has: []string{"sslMode=REQUIRED"}, params: []string{"useSSL=false"},
	},
	{name: "1862", kind: MySQL, serve: mysqlRefuses(1862, "HY000", "Your password has expired."), stage: Login, error: Expired, what: "The password of app has expired.", has: []string{"PASSWORD EXPIRE NEVER"}},
	{name: "3118", kind: MySQL, serve: mysqlRefuses(3118, "HY000", "Account is locked."), stage: Login, error: Locked, what: "The account of app is locked.", has: []string{"ACCOUNT UNLOCK;"}},
	{
		name: "1251", kind: MySQL, serve: mysqlRefuses(1251, "08004", "Client does not support authentication protocol requested by server"), stage: Login, error: AuthMethod,
		what: "MySQL checks the password of app in a way that cannot be used.",
	},
	{name: "1053", kind: MySQL, serve: mysqlRefuses(1053, "08S01", "Server shutdown in progress"), stage: Login, error: Starting, what: "MySQL is shutting down."},
	{name: "another", kind: MySQL, serve: mysqlRefuses(1999, "HY000", "Something \x1b[31melse"), stage: Login, error: Refusal, what: "MySQL refuses (error 1999).", has: []string{`Something \x1b[31melse`}},
	{
		name: "no TLS", kind: MySQL, serve: func(c net.Conn) { say(c, mysqlGreeting("5.6.51", mysqlFlags, "mysql_native_password")) }, stage: TLS, error: TLSNotOffered,
		what: "The server offers no TLS, but the parameters demand it (sslMode=REQUIRED).", params: []string{"sslMode=REQUIRED"},
	},
	{name: "an old server", kind: MySQL, serve: func(c net.Conn) {
		_, _ = c.Write(mysqlGreeting("5.1.73", mysqlFlags, "mysql_native_password"))
		readMySQL(c)
		_, _ = c.Write(mysqlError(2, 1049, "42000", "Unknown database 'carbon'"))
		hear(c)
	}, stage: Database, error: DatabaseMissing, what: "MySQL has no database carbon.", has: []string{"CHARACTER SET latin1;"}},

	{
		name: "28P01", kind: PostgreSQL, serve: pgSays(pgError("28P01", `password authentication failed for user "app"`, "auth_failed")), stage: Login, error: WrongPassword,
		what: "PostgreSQL does not let app in: wrong password, or no such user.", has: []string{"ALTER ROLE app WITH LOGIN PASSWORD '<password>';", `password authentication failed for user "app"`},
	},
	{
		name: "28000 without a line", kind: PostgreSQL, serve: pgSays(pgError("28000", `no pg_hba.conf entry for host "10.1.2.3", user "app", database "carbon", no encryption`, "ClientAuthentication")),
		stage: Login, error: HostNotAllowed, what: "PostgreSQL lets app not in from 10.1.2.3 (without TLS): pg_hba.conf has no line for it, or one that rejects it.",
		has: []string{"host    carbon    app    10.1.2.3/32    scram-sha-256", "SELECT pg_reload_conf();", "hostssl"},
	},
	{
		name: "28000 in IPv6", kind: PostgreSQL, serve: pgSays(pgError("28000", `no pg_hba.conf entry for host "2001:db8::5", user "app"`, "ClientAuthentication")), stage: Login, error: HostNotAllowed,
		what: "PostgreSQL lets app not in from 2001:db8::5 (without TLS): pg_hba.conf has no line for it, or one that rejects it.", has: []string{"2001:db8::5/128"},
	},
	{name: "28000 no role", kind: PostgreSQL, serve: pgSays(pgError("28000", `role "app" does not exist`, "InitializeSessionUserId")), stage: Login, error: UnknownUser, what: "PostgreSQL has no user app."},
	{
		name: "28000 no login", kind: PostgreSQL, serve: pgSays(pgError("28000", `role "app" is not permitted to log in`, "InitializeSessionUserId")), stage: Login, error: Locked,
		what: "The role app may not log in.", has: []string{"ALTER ROLE app LOGIN;"},
	},
	{
		name: "3D000", kind: PostgreSQL, serve: pgSays(pgMessage('R', make([]byte, 4)), pgError("3D000", `database "carbon" does not exist`, "InitPostgres")), stage: Database, error: DatabaseMissing,
		what: "PostgreSQL has no database carbon.", has: []string{"CREATE DATABASE carbon OWNER app ENCODING 'UTF8' TEMPLATE template0;"},
	},
	{
		name: "53300", kind: PostgreSQL, serve: pgSays(pgError("53300", "sorry, too many clients already", "ProcArray")), stage: Login, error: TooMany,
		what: "PostgreSQL takes no further connections: all are in use.", has: []string{"sorry, too many clients already"},
	},
	{name: "57P03", kind: PostgreSQL, serve: pgSays(pgError("57P03", "the database system is starting up", "")), stage: Login, error: Starting, what: "PostgreSQL is starting or shutting down."},
	{name: "another", kind: PostgreSQL, serve: pgSays(pgError("XX000", "oops", "")), stage: Login, error: Refusal, what: "PostgreSQL refuses (SQLSTATE XX000)."},
	{
		name: "no TLS", kind: PostgreSQL, serve: pgSays(), stage: TLS, error: TLSNotOffered, params: []string{"sslmode=require"},
		what: "The server offers no TLS, but the parameters demand it (sslmode=require).",
	},
	{
		name: "an error before all", kind: PostgreSQL, serve: func(c net.Conn) {
			say(c, []byte("Ecould not fork new process for connection: Resource temporarily unavailable\x00"))
		}, stage: TLS, error: Refusal,
		what: "The server refuses every connection.", has: []string{"could not fork"},
	},

	{name: "ORA-12514", kind: Oracle, serve: tnsSays(tnsRefuse(12514)), stage: Database, error: DatabaseMissing, what: "The listener knows no service XE.", has: []string{"ORA-12514", "lsnrctl services", "ALTER SYSTEM REGISTER;"}},
	{name: "ORA-12505", kind: Oracle, serve: tnsSays(tnsRefuse(12505)), stage: Database, error: DatabaseMissing, what: "The listener knows no SID XE.", has: []string{"ORA-12505"}},
	{name: "ORA-12519", kind: Oracle, serve: tnsSays(tnsRefuse(12519)), stage: Login, error: TooMany, what: "Oracle takes no further connections: all are in use."},
	{name: "ORA-12528", kind: Oracle, serve: tnsSays(tnsRefuse(12528)), stage: Login, error: Starting, what: "Oracle is starting or shutting down, or open for administrators alone."},
	{
		name: "ORA-01017", kind: Oracle, serve: oracleRefuses(1017, "ORA-01017: invalid username/password; logon denied\n"), stage: Login, error: WrongPassword,
		what: "Oracle does not let app in: wrong password, or no such user.", has: []string{"ORA-01017: invalid username/password; logon denied", `ALTER USER app IDENTIFIED BY "<password>";`},
	},
	{name: "ORA-28000", kind: Oracle, serve: oracleRefuses(28000, "ORA-28000: the account is locked\n"), stage: Login, error: Locked, what: "The account of app is locked.", has: []string{"ALTER USER app ACCOUNT UNLOCK;"}},
	{name: "ORA-28001", kind: Oracle, serve: oracleRefuses(28001, "ORA-28001: the password has expired\n"), stage: Login, error: Expired, what: "The password of app has expired.", has: []string{"PASSWORD_LIFE_TIME"}},
	{
		name: "ORA-01045", kind: Oracle, serve: oracleRefuses(1045, "ORA-01045: user APP lacks CREATE SESSION privilege; logon denied\n"), stage: Database, error: DatabaseDenied,
		what: "app may not open a session.", has: []string{"GRANT CREATE SESSION TO app;"},
	},
	{name: "ORA-28040", kind: Oracle, serve: oracleRefuses(28040, "ORA-28040: No matching authentication protocol\n"), stage: Login, error: AuthMethod, what: "The server and the driver have no way of checking passwords in common."},
	{name: "redirected", kind: Oracle, serve: redirectedOnce(), stage: Login, error: Locked, what: "The account of app is locked."},
	{name: "another", kind: Oracle, serve: oracleRefuses(600, "ORA-00600: internal error code\n"), stage: Login, error: Refusal, what: "Oracle refuses (ORA-00600)."},

	{
		name: "18456", kind: SQLServer, serve: tdsRefuses(tdsError(18456, 1, "Login failed for user 'app'.")), stage: Login, error: WrongPassword,
		what: "SQL Server does not let app in.", has: []string{"Login failed for user 'app'. (error 18456, state 1)", "ALTER LOGIN [app] WITH PASSWORD = '<password>' UNLOCK;"},
	},
	{name: "18456 state 5", kind: SQLServer, serve: tdsRefuses(tdsError(18456, 5, "Login failed for user 'app'.")), stage: Login, error: UnknownUser, what: "SQL Server does not let app in.", has: []string{"There is no such login."}},
	{name: "18456 state 7", kind: SQLServer, serve: tdsRefuses(tdsError(18456, 7, "Login failed for user 'app'.")), stage: Login, error: Locked, what: "SQL Server does not let app in.", has: []string{"The login is disabled."}},
	{name: "18456 state 58", kind: SQLServer, serve: tdsRefuses(tdsError(18456, 58, "Login failed for user 'app'.")), stage: Login, error: AuthMethod, what: "SQL Server does not let app in.", has: []string{"The server takes logins of Windows alone."}},
	{
		name: "4060", kind: SQLServer, serve: tdsRefuses(tdsError(4060, 1, `Cannot open database "carbon" requested by the login. The login failed.`), tdsError(18456, 1, "Login failed for user 'app'.")),
		stage: Database, error: DatabaseMissing, what: "app cannot open the database carbon.", has: []string{"Cannot open database", "CREATE DATABASE [carbon] COLLATE Latin1_General_CI_AS /* if there is none */;", "CREATE USER [app] FOR LOGIN [app]"},
	},
	{name: "18486", kind: SQLServer, serve: tdsRefuses(tdsError(18486, 1, "Login failed because the account is currently locked out.")), stage: Login, error: Locked, what: "The login app is locked."},
	{
		name: "18487", kind: SQLServer, serve: tdsRefuses(tdsError(18487, 1, "Login failed. The password of the account has expired.")), stage: Login, error: Expired,
		what: "The password of app has expired, or must be changed at the first login.",
	},
	{
		name: "17809", kind: SQLServer, serve: tdsRefuses(tdsError(17809, 1, "Could not connect because the maximum number of '1' user connections has already been reached.")), stage: Login, error: TooMany,
		what: "SQL Server takes no further connections: all are in use.",
	},
	{name: "another", kind: SQLServer, serve: tdsRefuses(tdsError(50000, 1, "No.")), stage: Login, error: Refusal, what: "SQL Server refuses (error 50000)."},
	{
		name: "no TLS", kind: SQLServer, serve: func(c net.Conn) { readTDS(c); say(c, tdsAnswer(encryptNotSupported)) }, stage: TLS, error: TLSNotOffered, params: []string{"encrypt=true"},
		what: "The server offers no TLS, but the parameters demand it (encrypt=true).",
	},
}

func TestRefusals(t *testing.T) {
	for _, r := range refusals {
		t.Run(string(r.kind)+"/"+r.name, func(t *testing.T) {
			to := fullTarget(r.kind, r.params...)
			if r.name == "ORA-12505" {
				to.Service, to.SID = "", "XE"
			}
			measured(t, to, r.serve, func(results []StageResult) {
				e := end(results)
				if e.Status != Fail {
					t.Fatalf("it did not fail:\n%s", told(results))
				}
				if e.Err.Stage != r.stage || e.Stage != r.stage || e.Err.Kind != r.error || e.Err.What != r.what {
					t.Errorf("want %s %s %q:\n%s", r.stage, r.error, r.what, told(results))
				}
				all := e.Err.Error() + " " + strings.Join(e.Err.Statements, " ")
				for _, part := range r.has {
					if !strings.Contains(all, part) {
						t.Errorf("it lacks %q:\n%s", part, told(results))
					}
				}
				if strings.Contains(strings.Join(e.Err.Statements, " "), "-- ") {
					t.Errorf("a comment swallows what stands behind it:\n%s", told(results))
				}
			})
		})
	}
}

func TestRefusalsDiffer(t *testing.T) {
	for _, k := range Kinds() {
		texts, kinds := map[string]bool{}, map[ErrorKind]bool{}
		for _, r := range refusals {
			if r.kind == k || k == MariaDB && r.kind == MySQL {
				texts[r.what], kinds[r.error] = true, true
			}
		}
		if len(texts) < 7 || len(kinds) < 5 {
			t.Errorf("%s: %d texts for %d kinds of refusals", k, len(texts), len(kinds))
		}
	}
}

// TestForAdministrator holds what is told where there is room for one line only.
func TestForAdministrator(t *testing.T) {
	e := &Error{What: "It failed.", Server: "No such thing", Cause: "It is not there.", Statements: []string{"CREATE DATABASE IF NOT EXISTS `x`", "GRANT ALL ON `x`.* TO 'app'@'%';"}}
	const want = "It failed. The server says: No such thing. It is not there. For the administrator of the database: CREATE DATABASE IF NOT EXISTS `x`; GRANT ALL ON `x`.* TO 'app'@'%';"
	if got := e.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (&Error{What: "It failed."}).Error(); got != "It failed." {
		t.Errorf("without statements: %s", got)
	}
}
