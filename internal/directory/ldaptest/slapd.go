// Package ldaptest gives tests a real OpenLDAP server, and a small LDAP peer that can be taught to answer as other servers do.
package ldaptest

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Suffix is what the entries of a Slapd are below. There are further databases: ReadOnlySuffix cannot be written to, SafeSuffix wants TLS for log-ins.
const (
	Suffix         = "dc=example,dc=com"
	ReadOnlySuffix = "dc=readonly,dc=com"
	SafeSuffix     = "dc=safe,dc=com"
)

// Password is that of all accounts of a Slapd.
const Password = "Sl@pd-pa55word"

// Account returns the DN of an account for services: reader, writer, maker (may make entries and not delete them), limited (five entries a search), blind (may
// see nothing), expired, grace, warned, locked, reset.
func Account(name string) string { return "cn=" + name + ",ou=Services," + Suffix }

// Slapd is a running OpenLDAP server on loopback ports of its own.
type Slapd struct {
	Port, SecurePort int
	Issuer           []byte         // the certificate of the issuer, as PEM
	Roots            *x509.CertPool // the issuer of its certificate, which is for localhost and ldap.example.com
	dir              string
	stop             context.CancelFunc
	done             chan struct{}
}

// URL returns the address without TLS under the name localhost.
func (s *Slapd) URL() string { return fmt.Sprintf("ldap://localhost:%d", s.Port) }

// SecureURL returns the address with TLS.
func (s *Slapd) SecureURL() string { return fmt.Sprintf("ldaps://localhost:%d", s.SecurePort) }

var (
	once     sync.Once
	shared   *Slapd
	errStart error
)

var errMissing = errors.New("slapd and slapadd are not installed (Debian: slapd, ldap-utils)")

// Start returns the server of this test process, which is started when the first test asks for it. The package's TestMain must call Main. A test is skipped if
// the machine has no slapd.
func Start(t testing.TB) *Slapd {
	t.Helper()
	once.Do(func() { shared, errStart = start() })
	if errors.Is(errStart, errMissing) {
		t.Skip(errStart)
	}
	if errStart != nil {
		t.Fatal(errStart)
	}
	return shared
}

// Main runs the tests of a package, stops the server and returns the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if shared != nil {
		shared.close()
	}
	return code
}

func (s *Slapd) close() {
	s.stop()
	<-s.done
	_ = os.RemoveAll(s.dir) //nolint:forbidigo // a folder that a test made
}

// program finds a server program: they lie where only root looks.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	path := filepath.Join("/usr/sbin", name)
	if _, err := os.Stat(path); err != nil {
		return "", errMissing
	}
	return path, nil
}

func start() (*Slapd, error) {
	daemon, err := program("slapd")
	if err != nil {
		return nil, err
	}
	adder, err := program("slapadd")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ldaptest")
	if err != nil {
		return nil, err
	}
	s := &Slapd{dir: dir, done: make(chan struct{})}
	if err := s.prepare(adder); err != nil {
		_ = os.RemoveAll(dir) //nolint:forbidigo // a folder that a test made
		return nil, err
	}
	for range 3 { // another process may take a port that was free a moment ago
		if err = s.run(daemon); err == nil {
			return s, nil
		}
	}
	_ = os.RemoveAll(dir) //nolint:forbidigo // a folder that a test made
	return nil, err
}

func (s *Slapd) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Slapd) write(name string, data []byte) error {
	return os.WriteFile(s.path(name), data, 0o600) //nolint:forbidigo // in a folder of the test
}

func (s *Slapd) prepare(adder string) error {
	issuer, err := NewAuthority("ldaptest issuer")
	if err != nil {
		return err
	}
	s.Issuer, s.Roots = issuer.PEM(), issuer.Pool()
	cert, key, err := issuer.Issue(time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), "localhost", "ldap.example.com")
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"ca.pem": issuer.PEM(), "cert.pem": cert, "key.pem": key, "slapd.conf": []byte(config(s.dir)), "args": nil} {
		if err := s.write(name, data); err != nil {
			return err
		}
	}
	databases := []string{mainEntries(), otherEntries(ReadOnlySuffix), otherEntries(SafeSuffix)}
	for i := range databases {
		if err := os.Mkdir(s.path("db"+strconv.Itoa(i)), 0o700); err != nil { //nolint:forbidigo // in a folder of the test
			return err
		}
	}
	for i, l := range databases {
		cmd := exec.CommandContext(context.Background(), adder, "-q", "-f", s.path("slapd.conf"), "-n", strconv.Itoa(i+1)) // 0 is the configuration
		cmd.Stdin = bytes.NewReader([]byte(l))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("slapadd: %w\n%s", err, out)
		}
	}
	return nil
}

// run starts the server and waits until it answers. The goroutine that starts it stays on its thread and waits for it: should the test process die, the kernel
// kills the server when that thread ends.
func (s *Slapd) run(daemon string) error {
	var err error
	if s.Port, err = freePort(); err != nil {
		return err
	}
	if s.SecurePort, err = freePort(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, daemon, "-d", "0", "-f", s.path("slapd.conf"),
		"-h", fmt.Sprintf("ldap://127.0.0.1:%d/ ldaps://127.0.0.1:%d/", s.Port, s.SecurePort))
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer close(s.done)
		ended <- cmd.Run()
	}()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			return fmt.Errorf("slapd ended: %w\n%s", err, out.String())
		default:
		}
		if s.answers() {
			return nil
		}
	}
	cancel()
	<-s.done
	return errors.New("slapd does not answer")
}

func (s *Slapd) answers() bool {
	for _, port := range []int{s.Port, s.SecurePort} {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		_ = c.Close()
	}
	return true
}

func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
