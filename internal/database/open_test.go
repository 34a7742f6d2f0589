package database

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/remote"
	"carbon-setup/internal/secret"
)

// admin is a target on a real server, as its administrator.
func admin(t testing.TB, k Kind, s *dbtest.Server) Target {
	t.Helper()
	to := target(k, s.Port, s.Database(t, ""), s.User)
	to.Password = secret.New(s.Password)
	return to
}

func servers(t *testing.T, test func(t *testing.T, to Target)) {
	t.Helper()
	t.Run("postgresql", func(t *testing.T) { test(t, admin(t, PostgreSQL, dbtest.PostgreSQL(t))) })
	t.Run("mariadb", func(t *testing.T) { test(t, admin(t, MariaDB, dbtest.MariaDB(t))) })
}

func TestOpenIsOneConnection(t *testing.T) {
	servers(t, func(t *testing.T, to Target) {
		dials := 0
		c, err := Open(t.Context(), to, TestOptions{Machine: remote.Machine{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.conn.ExecContext(t.Context(), "SELECT 1; SELECT 2"); to.Kind == MariaDB && err == nil {
			t.Error("two statements went at once")
		}
		if _, err := c.conn.ExecContext(t.Context(), "CREATE TABLE a (b INTEGER)"); err != nil {
			t.Error(err)
		}
		if n, err := c.text(t.Context(), "SELECT count(*) FROM a"); err != nil || n != "0" {
			t.Errorf("%q, %v", n, err)
		}
		c.peer.abort()
		if _, err := c.text(t.Context(), "SELECT 1"); err == nil {
			t.Error("it connected again")
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if dials != 1 {
			t.Errorf("%d connections", dials)
		}
	})
}

func TestOpenRefusesAsTestDoes(t *testing.T) {
	servers(t, func(t *testing.T, to Target) {
		to.Password = secret.New("not-the-password")
		_, err := Open(t.Context(), to, TestOptions{})
		var e *Error
		if !errors.As(err, &e) || e.Kind != WrongPassword || e.Unwrap() == nil {
			t.Fatal(err)
		}
		if strings.Contains(e.Error(), "not-the-password") || !strings.Contains(e.Error(), "The server says: ") {
			t.Error(e)
		}
	})
}

func TestOpenIsCanceled(t *testing.T) {
	for _, k := range Kinds() {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var e *Error
			if _, err := Open(ctx, fullTarget(k), TestOptions{Machine: remote.Machine{Dial: peerOf(hear)}}); !errors.As(err, &e) || e.Kind != Canceled {
				t.Errorf("%s: %v", k, err)
			}
		})
	}
}

func TestNoGoroutineIsLeftBehind(t *testing.T) {
	servers(t, func(t *testing.T, to Target) {
		Test(t.Context(), to, TestOptions{}, nil)
		before := runtime.NumGoroutine()
		for range 20 {
			Test(t.Context(), to, TestOptions{}, nil)
			wrong := to
			wrong.Password = secret.New("wrong")
			Test(t.Context(), wrong, TestOptions{}, nil)
			ctx, cancel := context.WithCancel(t.Context())
			Test(ctx, to, TestOptions{}, func(r StageResult) {
				if r.Stage == Login {
					cancel()
				}
			})
			cancel()
		}
		const patience = 200
		for range patience {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
	})
}

func TestNothingIsPrinted(t *testing.T) {
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = out, out
	for _, r := range refusals {
		Test(t.Context(), fullTarget(r.kind, r.params...), TestOptions{Machine: remote.Machine{Dial: peerOf(r.serve)}, Timeout: 5 * time.Second}, nil)
	}
	for _, k := range Kinds() {
		for _, serve := range []func(net.Conn){tnsSays(tnsAccepted(312, tnsSID)), func(c net.Conn) { say(c, make([]byte, 4096)) }} {
			Test(t.Context(), fullTarget(k), TestOptions{Machine: remote.Machine{Dial: peerOf(serve)}, Timeout: 300 * time.Millisecond}, nil)
		}
	}
	os.Stdout, os.Stderr = stdout, stderr
	if text, err := os.ReadFile(out.Name()); err != nil || len(text) > 0 {
		t.Errorf("%v: %s", err, text)
	}
}

func TestSchemaStage(t *testing.T) {
	servers(t, func(t *testing.T, to Target) {
		set, err := NewScriptSet("registry", "dbscripts/x.sql", to.Kind, []byte("CREATE TABLE REG_A (X INTEGER);\nCREATE TABLE REG_B (X INTEGER);\n"))
		if err != nil {
			t.Fatal(err)
		}
		want := func(s Status, part string) {
			t.Helper()
			results := Test(t.Context(), to, TestOptions{Sets: []ScriptSet{set}}, nil)
			if status(results, Schema) != s || !strings.Contains(told(results), part) {
				t.Errorf("want %s %q:\n%s", s, part, told(results))
			}
		}
		exec := func(statement string) {
			t.Helper()
			c, err := Open(t.Context(), to, TestOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.conn.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		want(OK, "dbscripts/x.sql: no table is there yet.")
		exec("CREATE TABLE REG_A (X INTEGER)")
		want(Warn, "dbscripts/x.sql: incomplete: 1 tables are there, 1 are missing, 0 lack columns.")
		exec("CREATE TABLE REG_B (X INTEGER)")
		want(OK, "dbscripts/x.sql: all 2 tables are there.")
		exec("CREATE TABLE other (X INTEGER)")
		want(OK, "1 tables or views are of something else, such as other.")
	})
}

// FuzzPeer holds all dialects to what a server may send: no panic, an end, an error that says something.
func FuzzPeer(f *testing.F) {
	for i, k := range Kinds() {
		f.Add(byte(i), []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), []byte{})
		switch k {
		case MySQL, MariaDB:
			f.Add(byte(i), mysqlGreeting("8.0.36", mysqlFlags, "caching_sha2_password"), mysqlError(2, 1045, "28000", "no"))
			f.Add(byte(i), mysqlGreeting("8.0.36", mysqlFlags, "caching_sha2_password"), mysqlPacket(2, []byte{1, 4}))
		case PostgreSQL:
			f.Add(byte(i), []byte("N"), pgError("28P01", "no", "auth_failed"))
			f.Add(byte(i), []byte("N"), pgMessage('R', append([]byte{0, 0, 0, 10}, "SCRAM-SHA-256\x00\x00"...)))
		case Oracle:
			f.Add(byte(i), tnsAccepted(312, 0), tnsData(312, ttcProtocol))
			f.Add(byte(i), tnsRefuse(12514), []byte{})
		case SQLServer:
			f.Add(byte(i), tdsAnswer(encryptNotSupported), tdsMessage(tdsReply, append(tdsError(18456, 1, "no"), tdsDone...)))
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, first, then []byte) {
		k := Kinds()[int(kind)%len(Kinds())]
		measured(t, fullTarget(k), func(c net.Conn) {
			if k != MySQL && k != MariaDB {
				_, _ = c.Read(make([]byte, 4096))
			}
			_, _ = c.Write(first)
			_, _ = c.Read(make([]byte, 4096))
			say(c, then)
			time.Sleep(time.Second)
		}, func(results []StageResult) {
			if e := end(results); e.Status != Fail && e.Status != NotTested {
				t.Error(told(results))
			}
		})
	})
}

func TestSeveralHosts(t *testing.T) {
	var dialed []string
	o := TestOptions{Timeout: 5 * time.Second, Machine: remote.Machine{
		Lookup: func(_ context.Context, host string) ([]string, error) {
			switch host {
			case "db1.example.com":
				return []string{"2001:db8::1", "192.0.2.1"}, nil
			case "db2.example.com":
				return []string{"192.0.2.2"}, nil
			}
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialed = append(dialed, address)
			if address != "192.0.2.2:5433" {
				return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
			}
			return peerOf(pgSays(pgError("28P01", "no", "auth_failed")))(ctx, network, address)
		},
	}}
	to := fullTarget(PostgreSQL)
	to.HostList = "db1.example.com:5432,gone.example.com:5432,db2.example.com:5433"
	results := Test(t.Context(), to, o, nil)
	if want := "192.0.2.1:5432 [2001:db8::1]:5432 192.0.2.2:5433"; strings.Join(dialed, " ") != want {
		t.Errorf("dialed %v, want %s", dialed, want)
	}
	if status(results, Resolve) != Warn || status(results, Connect) != Warn || status(results, Login) != Fail || !strings.Contains(told(results), "The name gone.example.com is unknown.") {
		t.Error(told(results))
	}
}

func TestNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := TestOptions{Machine: remote.Machine{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}}
		start := time.Now()
		results := Test(t.Context(), fullTarget(MySQL), o, nil)
		if e := end(results); e.Stage != Connect || e.Err.Kind != Filtered || e.Err.What != "192.0.2.7:3306 does not answer." || time.Since(start) != 10*time.Second {
			t.Errorf("after %s:\n%s", time.Since(start), told(results))
		}
		slow := TestOptions{Machine: remote.Machine{Lookup: func(ctx context.Context, _ string) ([]string, error) { <-ctx.Done(); return nil, ctx.Err() }}}
		to := fullTarget(Oracle)
		to.Host = "db.example.com"
		if e := end(Test(t.Context(), to, slow, nil)); e.Stage != Resolve || e.Err.Kind != NameUnanswered || e.Took != 5*time.Second {
			t.Errorf("%v after %s", e.Err, e.Took)
		}
	})
}

func TestGrantsOfMySQL(t *testing.T) {
	for _, c := range []struct {
		lines   string
		missing int
		roles   bool
	}{
		{"GRANT ALL PRIVILEGES ON *.* TO `a`@`%`", 0, false},
		{"GRANT USAGE ON *.* TO `a`@`%`|GRANT ALL PRIVILEGES ON `carbon`.* TO `a`@`%`", 0, false},
		{"GRANT ALL PRIVILEGES ON `carb\\_n`.* TO `a`@`%`", 9, false},
		{"GRANT ALL PRIVILEGES ON `carb_n`.* TO `a`@`%`", 0, false},
		{"GRANT ALL PRIVILEGES ON `c%`.* TO `a`@`%`", 0, false},
		{"GRANT ALL PRIVILEGES ON `%n`.* TO `a`@`%`", 0, false},
		{"GRANT ALL PRIVILEGES ON `carbon`.`UM_USER` TO `a`@`%`", 9, false},
		{"GRANT SELECT, INSERT ON *.* TO `a`@`%`|GRANT UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON `carbon`.* TO `a`@`%`", 0, false},
		{"GRANT USAGE ON *.* TO `a`@`%`|GRANT `owner`@`%` TO `a`@`%`", 9, true},
		{"", 9, false},
	} {
		var lines [][]string
		for _, l := range strings.Split(c.lines, "|") {
			lines = append(lines, []string{l})
		}
		if missing, roles := mysqlMissing(lines, "carbon"); len(missing) != c.missing || roles != c.roles {
			t.Errorf("%s: %v, %v", c.lines, missing, roles)
		}
	}
}
