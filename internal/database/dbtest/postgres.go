package dbtest

import (
	"database/sql"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"

	_ "github.com/jackc/pgx/v5/stdlib" // the way in for tests
)

const postgresUser = "postgres"

// The roles of the PostgreSQL server, which are made with the password Password, and have no rights. Any other role that a test makes is asked for its password
// with SCRAM. Connections come from Host alone; from other addresses of the loopback nobody is let in.
const (
	TrustRole = "trusty" // is let in without a password
	MD5Role   = "oldie"  // is asked for it with MD5
	TLSRole   = "secure" // is let in with TLS alone
)

func postgresHBA() []byte {
	return fmt.Appendf(nil, "host all %s %s/32 scram-sha-256\nhost all %s %s/32 trust\nhost all %s %s/32 md5\nhostssl all %s %s/32 scram-sha-256\nhost all %s %s/32 reject\nhost all all %s/32 scram-sha-256\n",
		postgresUser, Host, TrustRole, Host, MD5Role, Host, TLSRole, Host, TLSRole, Host, Host)
}

func startPostgres() (*Server, string, error) {
	server, initdb, psql := program("postgres"), program("initdb"), program("psql")
	if server == "" || initdb == "" || psql == "" {
		return nil, "PostgreSQL is not installed: .ci/deps installs it, or   apt-get install postgresql", nil
	}
	s := &Server{User: postgresUser, Password: "p-admin"}
	var err error
	if s.dir, err = folder("dbtest-postgres-"); err != nil {
		return nil, "", err
	}
	data := filepath.Join(s.dir, "data")
	key, chain, err := s.certify()
	if err != nil {
		return nil, "", err
	}
	if err := put(filepath.Join(s.dir, "password"), []byte(s.Password)); err != nil {
		return nil, "", err
	}
	if err := setUp(s.dir, initdb, "-D", data, "--no-sync", "--no-instructions", "-U", postgresUser, "-A", "scram-sha-256", "--pwfile="+filepath.Join(s.dir, "password"),
		"-E", "UTF8", "--locale=C.UTF-8"); err != nil {
		return nil, "", err
	}
	if err := put(filepath.Join(data, "pg_hba.conf"), postgresHBA()); err != nil {
		return nil, "", err
	}
	if s.Port, err = freePort(); err != nil {
		return nil, "", err
	}
	address := func(database string) string {
		if database == "" {
			database = postgresUser
		}
		return (&url.URL{
			Scheme: "postgres", User: url.UserPassword(s.User, s.Password), Host: fmt.Sprintf("%s:%d", Host, s.Port), Path: "/" + database,
			RawQuery: "sslmode=disable&passfile=/dev/null&default_query_exec_mode=simple_protocol",
		}).String()
	}
	s.open = func(database string) (*sql.DB, error) { return sql.Open("pgx", address(database)) }
	s.shell = func(database string) *exec.Cmd {
		return exec.Command(psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", address(database)[:len(address(database))-len("&passfile=/dev/null&default_query_exec_mode=simple_protocol")])
	}
	err = s.launch("QUIT", answers(s.open), server, "-D", data, "-p", portText(s.Port), "-c", "listen_addresses="+Host, "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=40", "-c", "shared_buffers=16MB",
		"-c", "ssl=on", "-c", "ssl_cert_file="+chain, "-c", "ssl_key_file="+key, "-c", "log_connections=on")
	if err != nil {
		return nil, "", err
	}
	return s, "", s.roles()
}

func (s *Server) roles() error {
	db, err := s.open("")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{
		"CREATE ROLE " + TrustRole + " LOGIN",
		"SET password_encryption = 'md5'; CREATE ROLE " + MD5Role + " LOGIN PASSWORD '" + s.Password + "'",
		"SET password_encryption = 'scram-sha-256'; CREATE ROLE " + TLSRole + " LOGIN PASSWORD '" + s.Password + "'",
	} {
		if _, err := db.Exec(statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
