package database

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"carbon-setup/internal/database/dbtest"
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
		c, err := Open(t.Context(), to, TestOptions{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}})
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
			if _, err := Open(ctx, fullTarget(k), TestOptions{Dial: peerOf(hear)}); !errors.As(err, &e) || e.Kind != Canceled {
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
		Test(t.Context(), fullTarget(r.kind, r.params...), TestOptions{Dial: peerOf(r.serve), Timeout: 5 * time.Second}, nil)
	}
	for _, k := range Kinds() {
		for _, serve := range []func(net.Conn){tnsSays(tnsAccepted(312, tnsSID)), func(c net.Conn) { say(c, make([]byte, 4096)) }} {
			Test(t.Context(), fullTarget(k), TestOptions{Dial: peerOf(serve), Timeout: 300 * time.Millisecond}, nil)
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
