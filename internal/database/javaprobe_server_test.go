package database

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/secret"
)

// debianJar returns a driver of Debian's packages.
func debianJar(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("/usr/share/java", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s on this machine; the driver that is compiled in the tests is what is tested", path)
	}
	return path
}

// probeServer is a driver with a server to try it on.
type probeServer struct {
	t       *testing.T
	server  *dbtest.Server
	options ProbeOptions
	roots   string
}

const probePassword = `p&a+s%20 s;{ü}"'\`

// onServer makes a database and a user.
func onServer(t *testing.T, s *dbtest.Server, k Kind, jar, options string, grant func(database string) []string) probeServer {
	t.Helper()
	name := s.Database(t, options)
	s.Exec(t, "", grant(name)...)
	roots := filepath.Join(t.TempDir(), "my roots.pem")
	if err := os.WriteFile(roots, s.RootsPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	path := debianJar(t, jar)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := InspectJar(jar, data)
	if err != nil {
		t.Fatal(err)
	}
	target := Target{Kind: k, Host: dbtest.Host, Port: s.Port, Database: name, Username: "probe_" + name, Password: secret.New(probePassword)}
	driver, ok := j.DriverFor(target)
	if !ok {
		t.Fatalf("%+v", j)
	}
	return probeServer{t, s, ProbeOptions{Java: javaTool(t, "java"), Jars: []string{path}, Class: driver.Class, Target: target, Timeout: time.Minute}, roots}
}

// probeCase is a change of what works, and what comes of it. Words are of the driver or of the server, whose texts are theirs.
type probeCase struct {
	name   string
	change func(*ProbeOptions)
	kind   ProbeErrorKind
	words  string
}

func (d probeServer) run(cases []probeCase, check func(t *testing.T, r ProbeResult)) {
	for _, c := range cases {
		d.t.Run(c.name, func(t *testing.T) {
			o := d.options
			o.Target.Parameters = map[string]string{}
			c.change(&o)
			r, err := patiently(t, &o)
			var told *ProbeError
			errors.As(err, &told)
			switch {
			case c.kind == "":
				if err != nil || !r.Row || r.End != EndOK || r.Catalog != o.Target.Database {
					t.Fatalf("%v\n%+v", err, r)
				}
				check(t, r)
			case told == nil || told.Kind != c.kind || !strings.Contains(told.Server, c.words):
				t.Errorf("%v, want %s with %q\n%+v", err, c.kind, c.words, r)
			}
		})
	}
}

func set(name, value string) func(*ProbeOptions) {
	return func(o *ProbeOptions) { o.Target.Parameters[name] = value }
}

// silent listens, accepts and says nothing.
func silent(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", dbtest.Host+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestProbePostgreSQL(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	const odd = "Reg db+ü%20&?#"
	d := onServer(t, s, PostgreSQL, "postgresql.jar", "", func(name string) []string {
		return []string{
			"CREATE USER probe_" + name + " PASSWORD '" + strings.ReplaceAll(probePassword, "'", "''") + "'",
			`CREATE DATABASE "` + odd + `"`,
		}
	})
	t.Cleanup(func() {
		s.Exec(t, "", `DROP DATABASE "`+odd+`" WITH (FORCE)`, "DROP USER "+d.options.Target.Username)
	})
	quiet := silent(t)
	d.run([]probeCase{
		{"as it is", func(*ProbeOptions) {}, "", ""},
		{"a name with everything", func(o *ProbeOptions) { o.Target.Database = odd }, "", ""},
		{"a value with everything", func(o *ProbeOptions) {
			o.Target.Parameters["ApplicationName"] = "a b+c%20&d=e#f"
			o.Query = "SELECT 1 WHERE current_setting('application_name') = 'a b+c%20&d=e#f'"
		}, "", ""},
		{"schema", func(o *ProbeOptions) {
			o.Target.Parameters["currentSchema"] = "wso2"
			o.Query = "SELECT 1 WHERE current_setting('search_path') = 'wso2'"
		}, "", ""},
		{"TLS", func(o *ProbeOptions) {
			o.Target.Parameters["sslmode"], o.Target.Parameters["sslrootcert"] = "verify-full", d.roots
			o.Query = "SELECT 1 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
		}, "", ""},
		{"TLS without the issuer", set("sslmode", "verify-full"), ProbeRefused, "root"},
		{"no TLS", func(o *ProbeOptions) {
			o.Target.Parameters["sslmode"] = "disable"
			o.Query = "SELECT 1 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND NOT ssl"
		}, "", ""},
		{"two hosts", func(o *ProbeOptions) {
			o.Target.HostList = Addr{dbtest.Host, 1}.String() + "," + Addr{dbtest.Host, s.Port}.String()
		}, "", ""},
		{"wrong password", func(o *ProbeOptions) { o.Target.Password = secret.New("wrong") }, ProbeRefused, "(SQLState 28P01)"},
		{"no such database", func(o *ProbeOptions) { o.Target.Database = "nowhere" }, ProbeRefused, "(SQLState 3D000)"},
		{"nobody listens", func(o *ProbeOptions) { o.Target.Port = 1 }, ProbeRefused, "(SQLState 08001)"},
		{"silence", func(o *ProbeOptions) { o.Target.Port = quiet }, ProbeRefused, "timed out"},
		{"a query for Oracle", func(o *ProbeOptions) { o.Query = "SELECT 1 FROM DUAL" }, ProbeQueryFailed, "(SQLState 42P01)"},
		{"another URL", func(o *ProbeOptions) { o.Target.Kind = MySQL }, ProbeOtherURL, ""},
	}, func(t *testing.T, r ProbeResult) {
		if r.Product != "PostgreSQL" || r.ProductVersion == "" || r.User != d.options.Target.Username || !strings.HasPrefix(r.DriverRelease, r.DriverVersion) {
			t.Errorf("%+v", r)
		}
	})
}

func TestProbeMariaDB(t *testing.T) {
	s := dbtest.MariaDB(t)
	d := onServer(t, s, MariaDB, "mariadb-java-client.jar", "", func(name string) []string {
		quoted := strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(probePassword)
		return []string{
			"CREATE USER probe_" + name + "@'127.0.0.1' IDENTIFIED BY '" + quoted + "'", "GRANT ALL ON `" + name + "`.* TO probe_" + name + "@'127.0.0.1'",
			"CREATE DATABASE `Reg db+ü%20&`", "GRANT ALL ON `Reg db+ü\\%20&`.* TO probe_" + name + "@'127.0.0.1'",
		}
	})
	t.Cleanup(func() {
		s.Exec(t, "", "DROP DATABASE `Reg db+ü%20&`", "DROP USER "+d.options.Target.Username+"@'127.0.0.1'")
	})
	quiet := silent(t)
	d.run([]probeCase{
		{"as it is", func(*ProbeOptions) {}, "", ""},
		{"a name with everything", func(o *ProbeOptions) { o.Target.Database = "Reg db+ü%20&" }, "", ""},
		{"a value with everything", func(o *ProbeOptions) {
			o.Target.Parameters["sessionVariables"] = "time_zone='+05:30',@a='b c%20?d=e'"
			o.Query = "SELECT 1 FROM DUAL WHERE @@session.time_zone = '+05:30' AND @a = 'b c%20?d=e'"
		}, "", ""},
		{"TLS", func(o *ProbeOptions) {
			o.Target.Parameters["useSSL"], o.Target.Parameters["serverSslCert"] = "true", d.roots
			o.Query = "SELECT 1 FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher' AND variable_value <> ''"
		}, "", ""},
		{"TLS without the issuer", set("useSSL", "true"), ProbeRefused, "PKIX"},
		{"TLS with any certificate", func(o *ProbeOptions) {
			o.Target.Parameters["useSSL"], o.Target.Parameters["trustServerCertificate"] = "true", "true"
		}, "", ""},
		{"two hosts", func(o *ProbeOptions) {
			o.Target.Mode, o.Target.HostList = "sequential", Addr{dbtest.Host, 1}.String()+","+Addr{dbtest.Host, s.Port}.String()
		}, "", ""},
		{"wrong password", func(o *ProbeOptions) { o.Target.Password = secret.New("wrong") }, ProbeRefused, "(SQLState 28000, code 1045)"},
		{"no such database", func(o *ProbeOptions) { o.Target.Database = "nowhere" }, ProbeRefused, "code 10"},
		{"nobody listens", func(o *ProbeOptions) { o.Target.Port = 1 }, ProbeRefused, "Connection refused"},
		{"silence", func(o *ProbeOptions) { o.Target.Port, o.Timeout = quiet, 6*time.Second }, ProbeHung, "org.mariadb."},
	}, func(t *testing.T, r ProbeResult) {
		if r.Product != "MariaDB" || r.ProductVersion == "" || !strings.HasPrefix(r.User, "probe_") {
			t.Errorf("%+v", r)
		}
	})
}
