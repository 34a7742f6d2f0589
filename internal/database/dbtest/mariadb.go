package dbtest

import (
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/go-sql-driver/mysql"
)

const mariadbUser = "root"

func startMariaDB() (*Server, string, error) {
	server, install, client := program("mariadbd"), program("mariadb-install-db"), program("mariadb")
	if server == "" || install == "" || client == "" {
		return nil, "MariaDB is not installed: .ci/deps installs it, or   apt-get install mariadb-server", nil
	}
	s := &Server{User: mariadbUser, Password: "m-admin"}
	var err error
	if s.dir, err = folder("dbtest-mariadb-"); err != nil {
		return nil, "", err
	}
	data := filepath.Join(s.dir, "data")
	key, chain, err := s.certify()
	if err != nil {
		return nil, "", err
	}
	if err := setUp(s.dir, install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
		"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=32M", "--innodb-flush-method=nosync"); err != nil {
		return nil, "", err
	}
	first := filepath.Join(s.dir, "first.sql")
	if err := put(first, fmt.Appendf(nil, "CREATE OR REPLACE USER '%s'@'%s' IDENTIFIED BY '%s';\nGRANT ALL PRIVILEGES ON *.* TO '%s'@'%s' WITH GRANT OPTION;\n",
		mariadbUser, Host, s.Password, mariadbUser, Host)); err != nil {
		return nil, "", err
	}
	if s.Port, err = freePort(); err != nil {
		return nil, "", err
	}
	s.open = func(database string) (*sql.DB, error) {
		c := mysql.NewConfig()
		c.User, c.Passwd, c.DBName, c.Net, c.Addr = s.User, s.Password, database, "tcp", fmt.Sprintf("%s:%d", Host, s.Port)
		c.Logger, c.TLSConfig = &mysql.NopLogger{}, "skip-verify" // a test may switch off the rest
		k, err := mysql.NewConnector(c)
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(k), nil
	}
	s.shell = func(database string) *exec.Cmd {
		return exec.Command(client, "--no-defaults", "--protocol=tcp", "-h", Host, "-P", portText(s.Port), "-u", s.User, "-p"+s.Password, "--default-character-set=utf8mb4", database)
	}
	err = s.launch("KILL", answers(s.open), server, "--no-defaults", "--datadir="+data, "--port="+portText(s.Port), "--bind-address="+Host,
		"--socket="+filepath.Join(s.dir, "s"), "--pid-file="+filepath.Join(s.dir, "pid"), "--init-file="+first, "--skip-name-resolve", "--skip-log-bin",
		"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=32M", "--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0", "--max-connections=40",
		"--max-connect-errors=1000000", "--connect-timeout=120", "--ssl-cert="+chain, "--ssl-key="+key)
	if err != nil {
		return nil, "", err
	}
	return s, "", nil
}
