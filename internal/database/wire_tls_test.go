package database

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/remote"
)

// tdsCarrier is the server's side of a TLS handshake in packets of TDS.
type tdsCarrier struct {
	net.Conn
	in    bytes.Reader
	over  bool
	types []byte
}

func (c *tdsCarrier) Read(b []byte) (int, error) {
	if c.over {
		return c.Conn.Read(b)
	}
	if c.in.Len() == 0 {
		head := make([]byte, tdsHead)
		if _, err := io.ReadFull(c.Conn, head); err != nil {
			return 0, err
		}
		body := make([]byte, int(binary.BigEndian.Uint16(head[2:]))-tdsHead)
		if _, err := io.ReadFull(c.Conn, body); err != nil {
			return 0, err
		}
		c.types = append(c.types, head[0])
		c.in.Reset(body)
	}
	return c.in.Read(b)
}

func (c *tdsCarrier) Write(b []byte) (int, error) {
	if c.over {
		return c.Conn.Write(b)
	}
	_, err := c.Conn.Write(tdsMessage(tdsReply, b))
	return len(b), err
}

// testCertificate is for sql.example.com.
func testCertificate(t testing.TB, from, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	made, err := dbtest.NewCertificate(from, until, "sql.example.com")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(made.ChainPEM, made.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(made.RootPEM)
	return pair, roots
}

// serveTDS makes TLS as SQL Server does, for all or for the login alone, and refuses the login. It reports what the client sent in packets of which type.
func serveTDS(t testing.TB, pair tls.Certificate, encryption byte) func(c net.Conn) {
	return func(c net.Conn) {
		readTDS(c)
		_, _ = c.Write(tdsAnswer(encryption))
		carrier := &tdsCarrier{Conn: c}
		line := tls.Server(carrier, &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12, SessionTicketsDisabled: true})
		if line.Handshake() != nil {
			return
		}
		if strings.Trim(string(carrier.types), "\x12") != "" {
			t.Errorf("the handshake came in packets of type %v", carrier.types)
		}
		carrier.over = true
		if login := readTDS(line); !bytes.Contains(login, ucs2("carbon")) {
			t.Errorf("no login came: % x", login)
		}
		answer := tdsMessage(tdsReply, append(tdsError(18456, 1, "Login failed for user 'app'."), tdsDone...))
		if encryption == encryptOff {
			_, _ = c.Write(answer)
		} else {
			_, _ = line.Write(answer)
		}
		hear(c)
	}
}

func TestSQLServerTLS(t *testing.T) {
	now := time.Now()
	good, roots := testCertificate(t, now.Add(-time.Hour), now.Add(time.Hour))
	old, oldRoots := testCertificate(t, now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	for _, c := range []struct {
		name, params string
		host         string
		pair         tls.Certificate
		roots        *x509.CertPool
		encryption   byte
		tls          Status
		kind         ErrorKind
		part         string
	}{
		{"for all", "encrypt=true", "sql.example.com", good, roots, encryptOn, OK, WrongPassword, "trusted and made out for sql.example.com"},
		{"for all, demanded", "encrypt=false", "sql.example.com", good, roots, encryptRequired, OK, WrongPassword, "The server demands it for everything."},
		{"for the login", "encrypt=false", "sql.example.com", good, roots, encryptOff, OK, WrongPassword, "For the password alone, as the parameters say (encrypt=false)"},
		{"untrusted", "encrypt=true", "sql.example.com", good, oldRoots, encryptOn, Fail, CertUntrusted, "issued by CN=dbtest issuer"},
		{"untrusted and trusted blindly", "encrypt=true trustServerCertificate=true", "sql.example.com", good, oldRoots, encryptOn, OK, WrongPassword, "not checked, as the parameters say"},
		{"another name", "encrypt=true", "db.example.com", good, roots, encryptOn, Fail, CertName, "It is made out for sql.example.com."},
		{"another name, wanted", "encrypt=true hostNameInCertificate=sql.example.com", "db.example.com", good, roots, encryptOn, OK, WrongPassword, "made out for sql.example.com"},
		{"expired", "encrypt=true", "sql.example.com", old, oldRoots, encryptOn, Fail, CertExpired, "has expired"},
		{"excluded by the server", "encrypt=true", "sql.example.com", good, roots, encryptOff, Fail, TLSNotOffered, "offers no TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := fullTarget(SQLServer, strings.Fields(c.params)...)
			to.Host = c.host
			results := Test(t.Context(), to, TestOptions{
				Roots: c.roots, Timeout: 10 * time.Second,
				Machine: remote.Machine{
					Dial:   peerOf(serveTDS(t, c.pair, c.encryption)),
					Lookup: func(context.Context, string) ([]string, error) { return []string{"192.0.2.7"}, nil },
				},
			}, nil)
			if e := end(results); status(results, TLS) != c.tls || e.Err == nil || e.Err.Kind != c.kind || !strings.Contains(told(results), c.part) {
				t.Errorf("want %s %s %q:\n%s", c.tls, c.kind, c.part, told(results))
			}
		})
	}
}

// TestLyingLengths: peers of each kind that announce more than they, or anybody, could send.
func TestLyingLengths(t *testing.T) {
	notices := pgMessage('N', fmt.Appendf(nil, "SNOTICE\x00C00000\x00M%s\x00\x00", strings.Repeat("n", 4000)))
	for _, c := range []struct {
		name  string
		kind  Kind
		serve func(c net.Conn)
		want  ErrorKind
	}{
		{"a greeting of 16 MiB", MySQL, func(c net.Conn) { forever(c, []byte{0xFF, 0xFF, 0xFF, 0}) }, Unintelligible},
		{"a greeting without its inside", MySQL, func(c net.Conn) { say(c, mysqlPacket(0, []byte{10, '8', 0})); hear(c) }, Unintelligible},
		{"a greeting with half of its inside", MySQL, func(c net.Conn) { say(c, mysqlGreeting("8", mysqlFlags, "x")[:30]); hear(c) }, Slow},
		{"packets of 16 MiB without end", MariaDB, func(c net.Conn) {
			_, _ = c.Write(mysqlGreeting("10.11.2-MariaDB", mysqlFlags, "mysql_native_password"))
			readMySQL(c)
			go hear(c)
			for seq := byte(2); ; seq++ {
				if _, err := c.Write(append([]byte{0xFF, 0xFF, 0xFF, seq}, make([]byte, 0xFFFFFF)...)); err != nil {
					return
				}
			}
		}, TooMuch},
		{"an empty error", MySQL, func(c net.Conn) { say(c, mysqlPacket(0, []byte{0xFF, 1, 2, 0})); hear(c) }, Refusal},
		{"a message of 2 GiB", PostgreSQL, pgSays([]byte{'R', 0x7F, 0xFF, 0xFF, 0xFF}, make([]byte, 4096)), Unintelligible},
		{"a message of no length", PostgreSQL, pgSays([]byte{'R', 0, 0, 0, 0}), Unintelligible},
		{"notices without end", PostgreSQL, func(c net.Conn) {
			readPG(c)
			_, _ = c.Write([]byte("N"))
			readPG(c)
			forever(c, notices)
		}, TooMuch},
		{"errors without a field", PostgreSQL, pgSays(pgMessage('E', []byte{0})), Refusal},
		{"a packet of TDS without a body", SQLServer, func(c net.Conn) { readTDS(c); say(c, []byte{4, 1, 0, 3, 0, 0, 0, 0}); hear(c) }, Unintelligible},
		{"a prelogin without end", SQLServer, func(c net.Conn) { forever(c, append([]byte{4, 0, 0x10, 0, 0, 0, 0, 0}, make([]byte, 4088)...)) }, Unintelligible},
		{"a list of four billion ways to log in", SQLServer, tdsRefuses([]byte{tdsFedAuthInfo, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), Unintelligible},
		{"the same behind a notice", SQLServer, tdsRefuses([]byte{0xE3, 2, 0, 9, 9}, []byte{tdsFedAuthInfo, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), Unintelligible},
		{"tokens without end", SQLServer, func(c net.Conn) {
			readTDS(c)
			_, _ = c.Write(tdsAnswer(encryptNotSupported))
			readTDS(c)
			packet := tdsMessage(tdsReply, bytes.Repeat(tdsError(5701, 1, "x"), 50))
			packet[1] = 0
			forever(c, packet)
		}, TooMuch},
		{"a packet of Oracle of 4 GiB", Oracle, func(c net.Conn) {
			readTNS(c)
			_, _ = c.Write(tnsAccepted(318, 0))
			_, _ = c.Read(make([]byte, 4096))
			say(c, []byte{0xFF, 0xFF, 0xFF, 0xFF, 6, 0, 0, 0}, make([]byte, 4096))
			hear(c)
		}, Unintelligible},
		{"a packet of Oracle of no length", Oracle, tnsSays([]byte{0, 0, 0, 0, 4, 0, 0, 0}), Unintelligible},
		{"four billion pairs", Oracle, oracleAnswers([]byte{8, 4, 0xFF, 0xFF, 0xFF, 0xFF}), Unintelligible},
		{"less than no pairs", Oracle, oracleAnswers([]byte{8, 0x81, 1}), Unintelligible},
		{"a number of more than eight bytes", Oracle, oracleAnswers([]byte{8, 0x7F, 1}), Unintelligible},
		{"an error with a number of nine bytes", Oracle, oracleAnswers([]byte{4, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9}), Unintelligible},
		{"an accept that its driver prints about", Oracle, tnsSays(tnsAccepted(312, tnsSID)), Unintelligible},
		{"an accept cut short", Oracle, tnsSays(tnsPacket(tnsAccept, 0, make([]byte, 4))), Unintelligible},
		{"redirected for ever", Oracle, tnsSays(tnsPacket(5, 0, append([]byte{0, 53}, "(ADDRESS=(PROTOCOL=tcp)(HOST=192.0.2.8)(PORT=1521))  "...))), Unintelligible},
		{"asked to send again for ever", Oracle, func(c net.Conn) { readTNS(c); forever(c, tnsPacket(11, 0, nil)) }, Unintelligible},
	} {
		t.Run(string(c.kind)+"/"+c.name, func(t *testing.T) {
			measured(t, fullTarget(c.kind), c.serve, func(results []StageResult) {
				if e := end(results); e.Status != Fail || e.Err.Kind != c.want {
					t.Errorf("want %s:\n%s", c.want, told(results))
				}
			})
		})
	}
}

func TestNamedInstance(t *testing.T) {
	browser := func(answer []byte) func(ctx context.Context, network, address string) (net.Conn, error) {
		tcp := peerOf(func(c net.Conn) { tdsRefuses(tdsError(18456, 1, "no"))(c) })
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			if network == "tcp" {
				if address != "192.0.2.7:50123" {
					t.Errorf("dialed %s", address)
				}
				return tcp(ctx, network, address)
			}
			if network != "udp" || address != "192.0.2.7:1434" {
				t.Errorf("dialed %s %s", network, address)
			}
			return peerOf(func(c net.Conn) {
				ask := make([]byte, 64)
				n, _ := c.Read(ask)
				if string(ask[:n]) != "\x04CARBON\x00" {
					t.Errorf("asked %q", ask[:n])
				}
				if answer != nil {
					_, _ = c.Write(answer)
				}
				hear(c)
			})(ctx, network, address)
		}
	}
	entry := func(text string) []byte { return append([]byte{5, byte(len(text)), byte(len(text) >> 8)}, text...) }
	for _, c := range []struct {
		name   string
		answer []byte
		want   ErrorKind
	}{
		{"known", entry("ServerName;DB1;InstanceName;carbon;IsClustered;No;Version;15.0.2000.5;tcp;50123;;"), WrongPassword},
		{"without TCP", entry("ServerName;DB1;InstanceName;CARBON;IsClustered;No;Version;15.0.2000.5;np;\\\\DB1\\pipe;;"), InstanceUnknown},
		{"another one", entry("ServerName;DB1;InstanceName;OTHER;IsClustered;No;Version;15.0.2000.5;tcp;50124;;"), InstanceUnknown},
		{"garbage", []byte("\x05\xff\xff;;;;;;tcp"), InstanceUnknown},
		{"silent", nil, BrowserSilent},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := fullTarget(SQLServer, "encrypt=false")
				to.Instance, to.Port = "CARBON", 0
				results := Test(t.Context(), to, TestOptions{Machine: remote.Machine{Dial: browser(c.answer)}}, nil)
				if e := end(results); e.Status != Fail || e.Err.Kind != c.want {
					t.Error(told(results))
				}
				time.Sleep(time.Minute)
			})
		})
	}
}
