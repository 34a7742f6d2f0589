package database

import (
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/secret"
)

// realCase is a target on a real server, and what a test of it says.
type realCase struct {
	name     string
	database string // "" is the one of the test
	user     string
	password string // "" is the right one
	host     string // "" is dbtest.Host
	source   string // the address of the loopback to come from; "" is the usual one
	params   string
	roots    bool // those of the server
	want     map[Stage]Status
	kind     ErrorKind
	what     string // with {db} for the name of the database
	has      []string
}

var allOK = map[Stage]Status{Resolve: OK, Connect: OK, TLS: OK, Login: OK, Database: OK, Version: OK, Rights: OK, Charset: OK, Schema: NotTested}

func upTo(s Stage, tls Status) map[Stage]Status {
	m := map[Stage]Status{}
	for _, each := range Stages() {
		switch {
		case rank(each) < rank(s):
			m[each] = OK
		case each == s:
			m[each] = Fail
		default:
			m[each] = Skipped
		}
	}
	if rank(s) > rank(TLS) {
		m[TLS] = tls
	}
	return m
}

func (r realCase) run(t *testing.T, k Kind, s *dbtest.Server, database string) {
	t.Helper()
	to := target(k, s.Port, database, r.user)
	if r.database != "" {
		to.Database = r.database
	}
	if r.password != "" {
		to.Password = secret.New(r.password)
	}
	if r.host != "" {
		to.Host = r.host
	}
	for _, p := range strings.Fields(r.params) {
		name, value, _ := strings.Cut(p, "=")
		to.Parameters[name] = value
	}
	o := TestOptions{Roots: x509.NewCertPool(), Timeout: 20 * time.Second}
	if r.roots {
		o.Roots = s.Roots
	}
	if r.source != "" {
		o.Dial = from(r.source)
	}
	results := Test(t.Context(), to, o, nil)
	for stage, want := range r.want {
		if got := status(results, stage); got != want {
			t.Errorf("%s is %s, want %s:\n%s", stage, got, want, told(results))
		}
	}
	if r.kind == "" {
		return
	}
	e := end(results)
	if what := strings.ReplaceAll(r.what, "{db}", to.Database); e.Err == nil || e.Err.Kind != r.kind || e.Err.What != what {
		t.Fatalf("want %s: %s\n%s", r.kind, what, told(results))
	}
	all := e.Err.Error() + " " + strings.Join(e.Err.Statements, " ")
	for _, part := range r.has {
		if part = strings.ReplaceAll(part, "{db}", to.Database); !strings.Contains(all, part) {
			t.Errorf("it lacks %q:\n%s", part, told(results))
		}
	}
}

func TestPostgreSQL(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	db := s.Database(t, "")
	s.Exec(t, db, "CREATE ROLE app LOGIN PASSWORD '"+goodPassword+"'", "GRANT CREATE ON SCHEMA public TO app",
		"CREATE ROLE reader LOGIN PASSWORD '"+goodPassword+"'", "CREATE ROLE one LOGIN CONNECTION LIMIT 0 PASSWORD '"+goodPassword+"'",
		"CREATE ROLE frozen LOGIN PASSWORD '"+goodPassword+"'", "ALTER ROLE frozen SET default_transaction_read_only = on",
		"CREATE ROLE homeless LOGIN PASSWORD '"+goodPassword+"'", "ALTER ROLE homeless SET search_path = nowhere",
		"CREATE ROLE grouped NOLOGIN PASSWORD '"+goodPassword+"'")
	t.Cleanup(func() {
		for _, r := range []string{"app", "reader", "one", "frozen", "homeless", "grouped"} {
			s.Exec(t, db, "DROP OWNED BY "+r, "DROP ROLE "+r)
		}
	})
	closed := s.Database(t, "")
	s.Exec(t, closed, "REVOKE CONNECT ON DATABASE "+closed+" FROM PUBLIC")
	plain := func(m map[Stage]Status) map[Stage]Status {
		c := map[Stage]Status{}
		for k, v := range m {
			c[k] = v
		}
		c[TLS] = NotTested
		return c
	}
	for _, r := range []realCase{
		{name: "everything", user: "app", want: allOK},
		{name: "everything, verified", user: "app", params: "sslmode=verify-full", roots: true, want: allOK},
		{name: "everything, by name", user: "app", host: "localhost", params: "sslmode=verify-full", roots: true, want: allOK},
		{name: "without TLS", user: "app", params: "sslmode=disable", want: plain(allOK)},
		{name: "bound to the channel", user: "app", params: "sslmode=require channelBinding=require", want: allOK},
		{name: "MD5", user: dbtest.MD5Role, password: s.Password, want: upTo(Rights, OK), kind: NoRight, what: "oldie may not create tables in the schema public."},
		{name: "trust", user: dbtest.TrustRole, want: upTo(Rights, OK), kind: NoRight, what: "trusty may not create tables in the schema public."},
		{
			name: "wrong password", user: "app", password: "not-the-password", want: upTo(Login, OK), kind: WrongPassword,
			what: "PostgreSQL does not let app in: wrong password, or no such user.", has: []string{`password authentication failed for user "app"`},
		},
		{name: "wrong password, MD5", user: dbtest.MD5Role, want: upTo(Login, OK), kind: WrongPassword, what: "PostgreSQL does not let oldie in: wrong password, or no such user."},
		{name: "no such user", user: "stranger", want: upTo(Login, OK), kind: WrongPassword, what: "PostgreSQL does not let stranger in: wrong password, or no such user."},
		{name: "may not log in", user: "grouped", want: upTo(Login, OK), kind: Locked, what: "The role grouped may not log in."},
		{
			name: "from another host", user: "app", source: "127.0.0.2", want: upTo(Login, OK), kind: HostNotAllowed,
			what: "PostgreSQL lets app not in from 127.0.0.2 (with TLS): pg_hba.conf has no line for it, or one that rejects it.", has: []string{"hostssl    {db}    app    127.0.0.2/32    scram-sha-256"},
		},
		{
			name: "TLS demanded", user: dbtest.TLSRole, password: s.Password, params: "sslmode=disable", want: upTo(Login, NotTested), kind: HostNotAllowed,
			what: "PostgreSQL lets secure not in from 127.0.0.1 (without TLS): pg_hba.conf has no line for it, or one that rejects it.", has: []string{"If its line for this address says hostssl, set sslmode to require or verify-full", "no encryption"},
		},
		{
			name: "untrusted", user: "app", params: "sslmode=verify-ca", want: upTo(TLS, OK), kind: CertUntrusted,
			what: "The certificate of the server is not trusted: CN=localhost, issued by CN=dbtest issuer.",
		},
		{name: "another name", user: "app", host: "127.0.0.9", params: "sslmode=verify-full", roots: true, want: upTo(Connect, OK), kind: Refused, what: fmt.Sprintf("127.0.0.9:%d refuses the connection: nothing listens there.", s.Port)},
		{
			name: "no database", user: "app", database: "Nowhere", want: upTo(Database, OK), kind: DatabaseMissing, what: "PostgreSQL has no database Nowhere.",
			has: []string{`CREATE DATABASE "Nowhere" OWNER app ENCODING 'UTF8' TEMPLATE template0;`, `database "Nowhere" does not exist`},
		},
		{name: "not this database", user: "app", database: closed, want: upTo(Database, OK), kind: DatabaseDenied, what: "app may not use the database {db}.", has: []string{"GRANT CONNECT ON DATABASE {db} TO app;"}},
		{name: "too many", user: "one", want: upTo(Login, OK), kind: TooMany, what: "PostgreSQL takes no further connections: all are in use.", has: []string{"too many connections for role"}},
		{
			name: "no right", user: "reader", want: upTo(Rights, OK), kind: NoRight, what: "reader may not create tables in the schema public.",
			has: []string{"GRANT USAGE, CREATE ON SCHEMA public TO reader;", "Since PostgreSQL 15"},
		},
		{name: "read-only", user: "frozen", want: upTo(Rights, OK), kind: ReadOnly, what: "Sessions of this user in this database are read-only.", has: []string{"ALTER ROLE frozen IN DATABASE {db} SET"}},
		{name: "no schema", user: "homeless", want: upTo(Rights, OK), kind: NoRight, what: "There is no schema for the tables: none of nowhere is there and may be used."},
	} {
		t.Run(r.name, func(t *testing.T) { r.run(t, PostgreSQL, s, db) })
	}
}

func TestPostgreSQLEncodings(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	for encoding, part := range map[string]string{"SQL_ASCII": "SQL_ASCII: the database takes any bytes", "LATIN1": "LATIN1: what it has no letter for"} {
		db := s.Database(t, "ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
		to := target(PostgreSQL, s.Port, db, s.User)
		to.Password = secret.New(s.Password)
		results := Test(t.Context(), to, TestOptions{}, nil)
		if status(results, Charset) != Warn || !strings.Contains(told(results), part) {
			t.Errorf("%s:\n%s", encoding, told(results))
		}
	}
}

// TestPostgreSQLOwesNothingToTheEnvironment sets all that libpq would read; none of it may count, or be looked at.
func TestPostgreSQLOwesNothingToTheEnvironment(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	to := target(PostgreSQL, s.Port, s.Database(t, ""), s.User, "sslmode=disable")
	for name, value := range map[string]string{
		"PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "other", "PGPASSWORD": "other", "PGDATABASE": "other", "PGSERVICE": "none", "PGSERVICEFILE": "/nowhere", "PGPASSFILE": "/nowhere",
		"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere", "PGSSLCERT": "/nowhere", "PGSSLKEY": "/nowhere", "PGSSLCERTMODE": "require", "PGCONNECT_TIMEOUT": "x", "PGOPTIONS": "-c search_path=nowhere",
		"PGTARGETSESSIONATTRS": "standby", "PGTZ": "Mars", "PGMINPROTOCOLVERSION": "9", "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "none", "PGAPPNAME": "x",
	} {
		t.Setenv(name, value)
	}
	to.Password = secret.New(s.Password)
	if results := Test(t.Context(), to, TestOptions{}, nil); end(results).Err != nil {
		t.Error(told(results))
	}
}

func TestMariaDB(t *testing.T) {
	s := dbtest.MariaDB(t)
	db := s.Database(t, "CHARACTER SET utf8mb4")
	account := func(user, more string, grants ...string) {
		s.Exec(t, "", "CREATE USER "+user+"@'127.0.0.1' IDENTIFIED BY '"+goodPassword+"' "+more)
		for _, g := range grants {
			s.Exec(t, "", "GRANT "+g+" TO "+user+"@'127.0.0.1'")
		}
		t.Cleanup(func() { s.Exec(t, "", "DROP USER "+user+"@'127.0.0.1'") })
	}
	account("app", "", "ALL PRIVILEGES ON `"+db+"`.*")
	account("wild", "", "ALL PRIVILEGES ON `t\\_%`.*")
	account("some", "", "SELECT, INSERT, UPDATE, DELETE ON `"+db+"`.*")
	account("onlytls", "REQUIRE SSL", "ALL PRIVILEGES ON *.*")
	account("locked", "ACCOUNT LOCK")
	account("expired", "PASSWORD EXPIRE", "ALL PRIVILEGES ON *.*")
	account("busy", "WITH MAX_QUERIES_PER_HOUR 1", "ALL PRIVILEGES ON *.*")
	compact := s.Database(t, "CHARACTER SET utf8mb4")
	noTLS := func(m map[Stage]Status) map[Stage]Status { m[TLS] = NotTested; return m }
	for _, r := range []realCase{
		{name: "everything", user: "app", params: "sslMode=verify-full", roots: true, want: allOK},
		{name: "everything, encrypted", user: "app", params: "sslMode=trust", want: allOK},
		{name: "without TLS", user: "app", want: map[Stage]Status{TLS: NotTested, Login: OK, Schema: NotTested, Charset: OK}},
		{name: "a pattern of databases", user: "wild", want: map[Stage]Status{Rights: OK}},
		{
			name: "wrong password", user: "app", password: "not-the-password", want: noTLS(upTo(Login, "")), kind: WrongPassword,
			what: "MariaDB does not let app in from 127.0.0.1: wrong password, no such user, or no such user for this host.", has: []string{"CREATE USER IF NOT EXISTS 'app'@'127.0.0.1'"},
		},
		{
			name: "wrong password, encrypted", user: "app", password: "not-the-password", params: "sslMode=trust", want: upTo(Login, OK), kind: WrongPassword,
			what: "MariaDB does not let app in from 127.0.0.1: wrong password, no such user, or no such user for this host.",
		},
		{
			name: "from another host", user: "app", source: "127.0.0.2", want: noTLS(upTo(Login, "")), kind: HostNotAllowed,
			what: "MariaDB lets nobody in from this machine, which it sees as 127.0.0.2.", has: []string{"CREATE USER 'app'@'127.0.0.2' IDENTIFIED BY '<password>';"},
		},
		{
			name: "TLS demanded", user: "onlytls", want: noTLS(upTo(Login, "")), kind: WrongPassword,
			what: "MariaDB does not let onlytls in from 127.0.0.1: wrong password, no such user, or no such user for this host.", has: []string{"REQUIRE SSL"},
		},
		{name: "TLS given", user: "onlytls", params: "sslMode=trust", want: allOK},
		{name: "untrusted", user: "app", params: "sslMode=verify-ca", want: upTo(TLS, OK), kind: CertUntrusted, what: "The certificate of the server is not trusted: CN=localhost, issued by CN=dbtest issuer."},
		{name: "locked", user: "locked", want: noTLS(upTo(Login, "")), kind: Locked, what: "The account of locked is locked."},
		{name: "expired", user: "expired", want: noTLS(upTo(Database, "")), kind: Expired, what: "The password of expired has expired."},
		{name: "a limit", user: "busy", want: noTLS(upTo(Version, "")), kind: TooMany, what: "MariaDB takes no further connections: all are in use."},
		{
			name: "no database", user: "onlytls", database: "nowhere", params: "sslMode=trust", want: upTo(Database, OK), kind: DatabaseMissing, what: "MariaDB has no database nowhere.",
			has: []string{"CREATE DATABASE IF NOT EXISTS `nowhere` CHARACTER SET utf8mb4;"},
		},
		{
			name: "not this database", user: "app", database: compact, want: noTLS(upTo(Database, "")), kind: DatabaseDenied, what: "app may not use the database {db}.",
			has: []string{"GRANT ALL PRIVILEGES ON `{db}`.* TO 'app'@'127.0.0.1';"},
		},
		{
			name: "no right", user: "some", want: noTLS(upTo(Rights, "")), kind: NoRight, what: "some@127.0.0.1 lacks rights in {db}: CREATE, DROP, ALTER, INDEX, REFERENCES.",
			has: []string{"GRANT ALL PRIVILEGES ON `{db}`.* TO 'some'@'127.0.0.1';"},
		},
	} {
		t.Run(r.name, func(t *testing.T) { r.run(t, MariaDB, s, db) })
	}
	t.Run("compact rows", func(t *testing.T) {
		s.Exec(t, "", "SET GLOBAL innodb_default_row_format = COMPACT")
		defer s.Exec(t, "", "SET GLOBAL innodb_default_row_format = DYNAMIC")
		realCase{
			user: "app", want: noTLS(upTo(Charset, "")), kind: BadCharset,
			what: `The scripts fail in the database {db}: its character set utf8mb4 makes a key of 3000 bytes, and COMPACT rows allow 767 ("Specified key was too long", "Index column size too large").`,
		}.run(t, MariaDB, s, db)
	})
	t.Run("read-only", func(t *testing.T) {
		s.Exec(t, "", "SET GLOBAL read_only = 1")
		defer s.Exec(t, "", "SET GLOBAL read_only = 0")
		realCase{user: "app", want: noTLS(upTo(Rights, "")), kind: ReadOnly, what: "The server is read-only."}.run(t, MariaDB, s, db)
	})
	t.Run("TLS demanded of all", func(t *testing.T) {
		s.Exec(t, "", "SET GLOBAL require_secure_transport = 1")
		defer s.Exec(t, "", "SET GLOBAL require_secure_transport = 0")
		realCase{
			user: "app", want: noTLS(upTo(Login, "")), kind: WrongPassword, has: []string{"require_secure_transport"},
			what: "MariaDB does not let app in from 127.0.0.1: wrong password, no such user, or no such user for this host.",
		}.run(t, MariaDB, s, db)
		realCase{user: "app", params: "sslMode=trust", want: allOK}.run(t, MariaDB, s, db)
	})
}

func TestNamesAndPorts(t *testing.T) {
	r := Test(t.Context(), Target{Kind: MySQL, Host: "no-such-host.invalid", Database: "x"}, TestOptions{}, nil)
	if e := end(r); e.Stage != Resolve || e.Err.Kind != NameUnknown && e.Err.Kind != NameUnanswered {
		t.Error(told(r))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	for _, k := range Kinds() {
		to := fullTarget(k)
		to.Host, to.Port = "127.0.0.1", port
		r := Test(t.Context(), to, TestOptions{}, nil)
		if e := end(r); e.Stage != Connect || e.Err.Kind != Refused || e.Err.What != fmt.Sprintf("127.0.0.1:%d refuses the connection: nothing listens there.", port) {
			t.Error(told(r))
		}
	}
}
