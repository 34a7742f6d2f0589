// Package dbtest starts real database servers for tests: PostgreSQL and MariaDB from the packages of the system, on loopback ports of their own, with their
// data in a temporary directory, as a user without rights. The servers of the machine are neither used nor touched. A server is started once for a test
// process, when the first test asks for it, and is gone with the process, however that ends.
//
// A test package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(dbtest.Run(m)) }
package dbtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Host is where all servers listen.
const Host = "127.0.0.1"

// Server is a running server.
type Server struct {
	Port     int
	User     string // the administrator, who may log in from Host over TCP
	Password string
	Roots    *x509.CertPool // the issuer of its certificate, which is made out for localhost and Host
	RootsPEM []byte
	LogFile  string

	dir   string
	open  func(database string) (*sql.DB, error)
	shell func(database string) *exec.Cmd // the client of its maker
	life  io.Closer                       // the server ends when it is closed
	ended chan struct{}
}

// once starts a server for the first test that asks.
type once struct {
	sync.Once
	server *Server
	skip   string
	err    error
}

var (
	postgres, mariadb once
	all               []*once
	allLock           sync.Mutex
)

// PostgreSQL returns the PostgreSQL server of this process. It skips the test where the package is not installed.
func PostgreSQL(t testing.TB) *Server { t.Helper(); return get(t, &postgres, startPostgres) }

// MariaDB returns the MariaDB server of this process. It skips the test where the package is not installed.
func MariaDB(t testing.TB) *Server { t.Helper(); return get(t, &mariadb, startMariaDB) }

func get(t testing.TB, o *once, start func() (*Server, string, error)) *Server {
	t.Helper()
	o.Do(func() {
		o.server, o.skip, o.err = start()
		allLock.Lock()
		all = append(all, o)
		allLock.Unlock()
	})
	if o.err != nil {
		t.Fatal(o.err)
	}
	if o.skip != "" {
		t.Skip(o.skip)
	}
	return o.server
}

// Run runs the tests and stops the servers.
func Run(m *testing.M) int {
	defer stopAll()
	return m.Run()
}

func stopAll() {
	allLock.Lock()
	defer allLock.Unlock()
	for _, o := range all {
		if o.server != nil {
			o.server.stop()
		}
	}
	all = nil
}

// stop ends the server and waits until it, and its directory, are gone.
func (s *Server) stop() {
	_ = s.life.Close()
	const patience = 20 * time.Second
	select {
	case <-s.ended:
	case <-time.After(patience):
	}
	_ = os.RemoveAll(s.dir) // empty by now; in a /tmp of root alone, only root can remove it
}

// Admin opens a database as the administrator; "" is the one that is always there. It is closed at the end of the test.
func (s *Server) Admin(t testing.TB, database string) *sql.DB {
	t.Helper()
	db, err := s.open(database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Exec runs statements as the administrator, each as its own.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	db, err := s.open(database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Database makes a database, with what follows its name in CREATE DATABASE, and drops it at the end of the test.
func (s *Server) Database(t testing.TB, options string) string {
	t.Helper()
	b := make([]byte, 6)
	_, _ = rand.Read(b)
	name := "t_" + hex.EncodeToString(b)
	s.Exec(t, "", "CREATE DATABASE "+name+" "+options)
	t.Cleanup(func() { s.Exec(t, "", "DROP DATABASE IF EXISTS "+name+s.force()) })
	return name
}

// force lets PostgreSQL drop a database that somebody is still connected to.
func (s *Server) force() string {
	if s.User == postgresUser {
		return " WITH (FORCE)"
	}
	return ""
}

// Client runs a script with the client of the server's maker, which stops at the first error, and returns what it says.
func (s *Server) Client(t testing.TB, database, script string) (string, error) {
	t.Helper()
	cmd := s.shell(database)
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Log returns the end of the server's log.
func (s *Server) Log() string { return tail(s.LogFile) }

func tail(file string) string {
	const most = 4000
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}

// program finds a program where Debian keeps those of PostgreSQL, the newest, or else in PATH or sbin. Debian's own psql is a script that looks for clusters
// of the machine.
func program(name string) string {
	if found, _ := filepath.Glob(filepath.Join("/usr/lib/postgresql/*/bin", name)); len(found) > 0 {
		return found[len(found)-1]
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if path := filepath.Join("/usr/sbin", name); exec.Command(path, "--version").Run() == nil {
		return path
	}
	return ""
}

// freePort is a port of the loopback that nobody listens on at the moment.
func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort(Host, "0"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// folder makes a directory that belongs to the user that servers run as.
func folder(prefix string) (string, error) {
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return "", err
	}
	return dir, own(dir)
}

// put writes a file that belongs to that user, and to nobody else.
func put(file string, data []byte) error {
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	return own(file)
}

// supervisor runs the server, ends it when its standard input does, as it does when the test process is gone, and removes the directory.
const supervisor = `dir=$1 end=$2; shift 2; "$@" </dev/null >>"$dir/log" 2>&1 & pid=$!; cat >/dev/null; kill -"$end" "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; cd /; rm -rf "$dir"`

// launch starts a server and waits until ready says that it answers.
func (s *Server) launch(signal string, ready func() error, command ...string) error {
	cmd := exec.Command("/bin/sh", append([]string{"-c", supervisor, "dbtest", s.dir, signal}, command...)...)
	cmd.Dir, cmd.Env = s.dir, environment(s.dir)
	demote(cmd)
	life, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.life, s.ended, s.LogFile = life, make(chan struct{}), filepath.Join(s.dir, "log")
	go func() {
		_ = cmd.Wait()
		close(s.ended)
	}()
	const patience = 30 * time.Second
	end := time.Now().Add(patience)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			text := tail(s.LogFile)
			s.stop()
			return fmt.Errorf("the server did not start: %w\n%s", err, text)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

func environment(dir string) []string {
	return []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C.UTF-8", "TZ=UTC"}
}

// setUp runs a program that prepares the data directory.
func setUp(dir string, command ...string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, environment(dir)
	demote(cmd)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out.String())
	}
	return nil
}

func answers(open func(string) (*sql.DB, error)) func() error {
	return func() error {
		db, err := open("")
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		return db.PingContext(context.Background())
	}
}

func portText(port int) string { return strconv.Itoa(port) }
