package directory

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"carbon-setup/internal/directory/ldaptest"
	"carbon-setup/internal/secret"
)

// TestDomain has what Active Directory does otherwise, played by a peer of ours.
func TestDomain(t *testing.T) {
	account := "CN=carbon,CN=Users," + ldaptest.DomainSuffix
	refused := func(data string) func(*ldaptest.Domain, *setup) {
		return func(d *ldaptest.Domain, _ *setup) { d.Refused = map[string]string{account: data} }
	}
	change := func(f func(*setup)) func(*ldaptest.Domain, *setup) {
		return func(_ *ldaptest.Domain, u *setup) { f(u) }
	}
	write := func(u *setup) { u.o.Write = true }
	tests := []struct {
		name   string
		secure bool
		change func(*ldaptest.Domain, *setup)
		stage  Stage
		status Status
		kind   ErrorKind
	}{
		{"log in", true, change(func(*setup) {}), Bind, OK, ""},
		{"no such account", true, refused("525"), Bind, Fail, UnknownAccount},
		{"wrong password", true, refused("52e"), Bind, Fail, WrongPassword},
		{"not at this time", true, refused("530"), Bind, Fail, LogonHours},
		{"not from here", true, refused("531"), Bind, Fail, LogonHere},
		{"password expired", true, refused("532"), Bind, Fail, PasswordExpired},
		{"account disabled", true, refused("533"), Bind, Fail, AccountDisabled},
		{"account expired", true, refused("701"), Bind, Fail, AccountExpired},
		{"password to be changed", true, refused("773"), Bind, Fail, PasswordReset},
		{"account locked", true, refused("775"), Bind, Fail, AccountLocked},
		{"a code that nobody knows", true, refused("999"), Bind, Fail, WrongPassword},
		{"no such base", true, change(func(u *setup) { u.s.UserSearchBase = "OU=Staff," + ldaptest.DomainSuffix }), Base, Fail, BaseMissing},
		{"users", true, change(func(*setup) {}), Users, OK, ""},
		{"more users than the console lists", true, func(d *ldaptest.Domain, _ *setup) { d.PageSize = 150 }, Users, OK, ""},
		{"fewer entries than Carbon asks for", true, func(d *ldaptest.Domain, _ *setup) { d.PageSize = 50 }, Users, Warn, SizeLimit},
		{"the whole domain", true, change(func(u *setup) { u.s.UserSearchBase = ldaptest.DomainSuffix; u.s.MaxUserNameListLength = 500 }), Users, Warn, Referred},
		{"the whole domain, not followed", true, change(func(u *setup) {
			u.s.UserSearchBase, u.s.Referral, u.s.MaxUserNameListLength = ldaptest.DomainSuffix, "", 500
		}), Users, Warn, Referred},
		{"a user", true, change(func(u *setup) { u.o.SampleUser = "alice" }), SampleUser, OK, ""},
		{"a computer is no user", true, change(func(u *setup) { u.o.SampleUser = "PC1$" }), SampleUser, Fail, UserMissing},
		{"in a group", true, change(func(u *setup) { u.o.SampleUser = "alice" }), Membership, OK, ""},
		{"in a group by memberOf", true, change(func(u *setup) { u.o.SampleUser = "alice"; u.s.MemberOfAttribute = "memberOf" }), Membership, OK, ""},
		{"the administrator", true, change(func(u *setup) { u.o.AdminUser, u.o.AdminRole = "alice", "carbon admins" }), Admin, OK, ""},
		{"writes", true, change(write), Write, OK, ""},
		{"writes without TLS", false, change(write), Write, Fail, EncryptFirst},
		{"may not write", true, func(d *ldaptest.Domain, u *setup) { d.Writable = false; write(u) }, Write, Fail, WriteDenied},
		{"a policy for passwords", true, func(d *ldaptest.Domain, u *setup) { d.Weak = true; write(u) }, Write, Fail, PolicyRefused},
	}
	var b strings.Builder
	for _, tt := range tests {
		d := ldaptest.NewDomain(200)
		u := onDomain(t, d, tt.secure)
		tt.change(d, &u)
		before := d.DNs()
		all, _ := u.run(t)
		r := of(t, all, tt.stage)
		if r.Status != tt.status || tt.kind != "" && r.Err.Kind != tt.kind {
			t.Errorf("%s: %+v, %v", tt.name, r, r.Err)
		}
		if strings.Join(d.DNs(), "\n") != strings.Join(before, "\n") {
			t.Errorf("%s: left behind: %v", tt.name, d.Log)
		}
		fmt.Fprintf(&b, "== %s: %s %s\n%s\n", tt.name, r.Stage, r.Status, r.Message)
		if r.Err != nil {
			fmt.Fprintf(&b, "   %s\n", r.Err)
		}
		for _, l := range d.Log {
			fmt.Fprintf(&b, "   # %s\n", l)
		}
	}
	golden(t, "domain.txt", steady(b.String()))
}

// TestDomainIsCountedInPages although Carbon asks for none.
func TestDomainIsCountedInPages(t *testing.T) {
	d := ldaptest.NewDomain(1200)
	_, f := onDomain(t, d, true).run(t)
	if f.Users != 1202 || f.MoreUsers {
		t.Errorf("%+v", f)
	}
}

// TestNetwork has what goes wrong before a directory is reached.
func TestNetwork(t *testing.T) {
	dialing := func(err error) func(*setup) {
		return func(u *setup) {
			u.o.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: err}
			}
		}
	}
	looking := func(err error) func(*setup) {
		return func(u *setup) { u.o.Lookup = func(context.Context, string) ([]string, error) { return nil, err } }
	}
	url := func(text string) func(*setup) { return func(u *setup) { u.at.URL = text } }
	attempts := []attempt{
		{"no URL", url(""), Resolve, Fail, Unusable},
		{"an address", url("ldap://127.0.0.1:1"), Resolve, OK, ""},
		{"a port of carbon.xml", url("ldap://localhost:${Ports.EmbeddedLDAP.LDAPServerPort}"), Resolve, Fail, Unusable},
		{"no such name", looking(&net.DNSError{IsNotFound: true}), Resolve, Fail, NameUnknown},
		{"a name without addresses", looking(nil), Resolve, Fail, NameUnknown},
		{"no name server", looking(&net.DNSError{IsTimeout: true}), Resolve, Fail, NameSilent},
		{"refused", dialing(syscall.ECONNREFUSED), Connect, Fail, Refused},
		{"no route", dialing(syscall.EHOSTUNREACH), Connect, Fail, Unreachable},
		{"no answer", dialing(syscall.ETIMEDOUT), Connect, Fail, Filtered},
		{"something else", dialing(errors.New("proxy says no")), Connect, Fail, Unreachable},
		{"one of two is known", func(u *setup) {
			u.at.URL += " ldap://gone.example.com:389"
			u.o.Lookup = func(ctx context.Context, host string) ([]string, error) {
				if strings.HasPrefix(host, "gone") {
					return nil, &net.DNSError{IsNotFound: true}
				}
				return loopback(ctx, host)
			}
		}, Resolve, Warn, NameUnknown},
		{"one of two answers", func(u *setup) { u.at.URL = "ldap://gone.example.com:1 " + u.at.URL }, Connect, Warn, Refused},
		{"the first of two answers", func(u *setup) { u.at.URL += " ldap://gone.example.com:1" }, Connect, OK, ""},
	}
	p := ldaptest.Serve(t, nil, func(net.Conn) {})
	golden(t, "network.txt", report(t, attempts, func() setup { return onPeer(p) }))
}

// bound answers log-ins, and leaves everything else to answer.
func bound(answer func(*ldaptest.Session, ldaptest.Request)) func(net.Conn) {
	return ldaptest.LDAP(false, func(s *ldaptest.Session, r ldaptest.Request) {
		if r.Op == ldap.ApplicationBindRequest {
			s.Result(r, 0, "", "")
			return
		}
		answer(s, r)
	})
}

// result answers everything but log-ins and the searches of the stage Base with a code.
func result(code int64, words string, referrals ...string) func(net.Conn) {
	return bound(func(s *ldaptest.Session, r ldaptest.Request) {
		if r.Scope == ldap.ScopeBaseObject {
			_ = s.Entry(r, r.DN, nil)
			s.Result(r, 0, "", "")
			return
		}
		s.Result(r, code, "", words, referrals...)
	})
}

func bindResult(code int64, words string) func(net.Conn) {
	return ldaptest.LDAP(false, func(s *ldaptest.Session, r ldaptest.Request) { s.Result(r, code, "", words) })
}

func raw(data ...byte) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Write(data)
		_, _ = io.Copy(io.Discard, c)
	}
}

// endless writes the same for as long as somebody reads.
func endless(data []byte, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := c.Write(data); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
}

// TestPeers has answers of other servers, and of what is none: bounded time, bounded memory, a clear text, no goroutine left.
func TestPeers(t *testing.T) {
	long := strings.Repeat("A", 400_000)
	tests := []struct {
		name   string
		handle func(net.Conn)
		secure bool
		stage  Stage
		kind   ErrorKind
	}{
		{"silence", raw(), false, Bind, Silent},
		{"silence under TLS", raw(), true, TLS, Silent},
		{"hangs up", func(net.Conn) {}, false, Bind, Closed},
		{"hangs up under TLS", func(net.Conn) {}, true, TLS, Closed},
		{"a web server", raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")...), false, Bind, Garbage},
		{"a web server under TLS", raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")...), true, TLS, NotTLS},
		{"a mail server", raw([]byte("220 mail.example.com \x1b[2JESMTP\r\n")...), false, Bind, Garbage},
		{"a TLS alert", raw(0x15, 3, 1, 0, 2, 2, 40), false, Bind, TLSPort},
		{"an endless handshake", endless([]byte{0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc}, 0), true, TLS, ""},
		{"zeros", endless(make([]byte, 4096), 0), false, Bind, Garbage},
		{"a length of four gigabytes", raw(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), false, Bind, TooMuch},
		{"a length of nine bytes", raw(0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1), false, Bind, Garbage},
		{"no length at all", raw(0x30, 0x80), false, Bind, Garbage},
		{"a long length inside", raw(0x30, 0x0c, 2, 1, 1, 0x61, 7, 0x0a, 0x84, 0x7f, 0xff, 0xff, 0xff, 0), false, Bind, Garbage},
		{"a length that does not come", raw(0x30, 0x83, 0x07, 0xff, 0xff, 2, 1, 1), false, Bind, Silent},
		{"nested without end", raw(append([]byte{0x30, 0x7e}, nested(63)...)...), false, Bind, Garbage},
		{"an answer cut in the middle", func(c net.Conn) { _, _ = c.Write([]byte{0x30, 0x0c, 2, 1, 1}) }, false, Bind, Closed},
		{"a byte a second", endless([]byte{0x30}, 300*time.Millisecond), false, Bind, ""},
		{"another answer than asked for", ldaptest.LDAP(false, func(s *ldaptest.Session, _ ldaptest.Request) { _, _ = s.Write([]byte{0x30, 5, 2, 1, 1, 0x42, 0}) }), false, Bind, Garbage},
		{"answers to nothing", endless(bytes.Repeat([]byte{0x30, 0x0c, 2, 1, 99, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0}, 4096), 0), false, Bind, TooMuch},
		{"log-in over TLS alone", bindResult(ldap.LDAPResultStrongAuthRequired, "BindSimple: Transport encryption required."), false, Bind, EncryptFirst},
		{"log-in not wanted", bindResult(ldap.LDAPResultUnwillingToPerform, "account inactivated"), false, Bind, Denied},
		{"log-in of an account without password", bindResult(ldap.LDAPResultInappropriateAuthentication, ""), false, Bind, WrongPassword},
		{"log-in says the DN is not there", bindResult(ldap.LDAPResultNoSuchObject, ""), false, Bind, UnknownAccount},
		{"log-in refused", bindResult(ldap.LDAPResultInsufficientAccessRights, ""), false, Bind, Denied},
		{"busy", bindResult(ldap.LDAPResultBusy, ""), false, Bind, Refusal},
		{"the password in the answer", bindResult(ldap.LDAPResultInvalidCredentials, "no: "+ldaptest.Password+" \x1b[31m"), false, Bind, WrongPassword},
		{"a long answer", bindResult(ldap.LDAPResultInvalidCredentials, long), false, Bind, WrongPassword},
		{"search refused", result(ldap.LDAPResultInsufficientAccessRights, ""), false, Users, Denied},
		{"search too long", result(ldap.LDAPResultTimeLimitExceeded, ""), false, Users, TimeLimit},
		{"search of another attribute", result(ldap.LDAPResultInappropriateMatching, ""), false, Users, FilterRefused},
		{"a dead alias", result(ldap.LDAPResultAliasProblem, ""), false, Users, AliasBroken},
		{"search elsewhere", result(ldap.LDAPResultReferral, "", "ldap://a.example.com/dc=x", "ldaps://b.example.com:636"), false, Users, Referred},
		{"search elsewhere, nowhere", result(ldap.LDAPResultReferral, ""), false, Users, Referred},
		{"no TLS, please", result(ldap.LDAPResultConfidentialityRequired, ""), false, Users, EncryptFirst},
		{"a code that nobody knows", result(4242, "what"), false, Users, Refusal},
		{"entries without end", bound(func(s *ldaptest.Session, r ldaptest.Request) {
			if r.Scope == ldap.ScopeBaseObject {
				_ = s.Entry(r, r.DN, nil)
				s.Result(r, 0, "", "")
				return
			}
			for s.Entry(r, "uid=x,"+r.DN, map[string][]string{"uid": {strings.Repeat("x", 1000)}}) == nil {
			}
		}), false, SampleUser, ""},
		{"references without end", bound(func(s *ldaptest.Session, r ldaptest.Request) {
			if r.Scope == ldap.ScopeBaseObject {
				_ = s.Entry(r, r.DN, nil)
				s.Result(r, 0, "", "")
				return
			}
			for s.Reference(r, "ldap://x.example.com/"+strings.Repeat("x", 1000)) == nil {
			}
		}), false, Users, TooMuch},
		{"an entry too big", bound(func(s *ldaptest.Session, r ldaptest.Request) {
			_ = s.Entry(r, r.DN, map[string][]string{"uid": {long, long}})
			s.Result(r, 0, "", "")
		}), false, Base, TooMuch},
		{"silence after the log-in", bound(func(*ldaptest.Session, ldaptest.Request) {}), false, Base, Silent},
		{"hangs up after the log-in", bound(func(s *ldaptest.Session, _ ldaptest.Request) { _ = s.Close() }), false, Base, Closed},
	}
	var b strings.Builder
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t)
			u := onPeer(ldaptest.Serve(t, nil, tt.handle))
			if tt.kind == Silent || tt.kind == "" { // nothing but the time limit ends these
				u.o.Timeout = 400 * time.Millisecond
			}
			u.o.SampleUser = "alice"
			if tt.secure {
				u.at.URL = "ldaps" + strings.TrimPrefix(u.at.URL, "ldap")
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			all, _ := u.run(t)
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("took %s", took)
			}
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 200<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
			r := of(t, all, tt.stage)
			if r.Status != Fail || tt.kind != "" && r.Err.Kind != tt.kind {
				t.Fatalf("%+v, %v", r, r.Err)
			}
			if tt.kind != "" {
				fmt.Fprintf(&b, "== %s: %s %s\n%s\n", tt.name, r.Stage, r.Status, r.Err)
			}
		})
	}
	golden(t, "peers.txt", steady(b.String()))
}

func nested(levels int) []byte {
	var b []byte
	for i := range levels {
		b = append(b, 0x30, byte(2*(levels-i-1)))
	}
	return b
}

// TestStartTLSRefused by a server that does not offer it, and by one that only says so.
func TestStartTLSRefused(t *testing.T) {
	var b strings.Builder
	for _, tt := range []struct {
		name   string
		handle func(net.Conn)
		kind   ErrorKind
	}{
		{"not offered", ldaptest.LDAP(false, func(s *ldaptest.Session, r ldaptest.Request) {
			s.Result(r, ldap.LDAPResultProtocolError, "", "unsupported extended operation")
		}), NoStartTLS},
		{"offered, and not done", ldaptest.LDAP(false, func(s *ldaptest.Session, r ldaptest.Request) {
			s.Result(r, 0, "", "")
			_, _ = s.Write([]byte("no TLS here\r\n"))
		}), NotTLS},
		{"hangs up", func(net.Conn) {}, Closed},
		{"silence", raw(), Silent},
		{"something else", raw([]byte("220 ready\r\n")...), Garbage},
		{"TLS from the beginning", raw(0x15, 3, 1, 0, 2, 2, 40), TLSPort},
	} {
		u := onPeer(ldaptest.Serve(t, nil, tt.handle))
		u.at.StartTLS = true
		if tt.kind == Silent {
			u.o.Timeout = 400 * time.Millisecond
		}
		all, _ := u.run(t)
		r := of(t, all, TLS)
		if r.Status != Fail || r.Err.Kind != tt.kind {
			t.Errorf("%s: %+v %v", tt.name, r, r.Err)
		}
		fmt.Fprintf(&b, "== %s: %s %s\n%s\n", tt.name, r.Stage, r.Status, r.Err)
	}
	golden(t, "starttls.txt", steady(b.String()))
}

// TestTLSVersions: a server that wants a certificate of its clients refuses the handshake or the first request.
func TestTLSWantsCertificate(t *testing.T) {
	c := peerTLS(t)
	c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	u := onPeer(ldaptest.Serve(t, c, ldaptest.LDAP(true, func(*ldaptest.Session, ldaptest.Request) {})))
	u.at.URL, u.o.Roots = "ldaps"+strings.TrimPrefix(u.at.URL, "ldap"), peerRoots(t)
	all, _ := u.run(t)
	if r := of(t, all, TLS); r.Status != Fail || r.Err.Kind != TLSFailed {
		t.Errorf("%+v %v", r, r.Err)
	}
}

// TestCanceled stops a test in every stage that can wait: it returns at once, and leaves no goroutine and no connection.
func TestCanceled(t *testing.T) {
	for _, stage := range []Stage{Resolve, Connect, TLS, Bind, Base} {
		t.Run(string(stage), func(t *testing.T) {
			noLeak(t)
			p := ldaptest.Serve(t, nil, func(c net.Conn) {
				if stage == Base {
					bound(func(*ldaptest.Session, ldaptest.Request) {})(c)
					return
				}
				_, _ = io.Copy(io.Discard, c)
			})
			u := onPeer(p)
			u.o.Timeout = time.Minute
			wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
			switch stage {
			case Resolve:
				u.o.Lookup = func(ctx context.Context, _ string) ([]string, error) { return nil, wait(ctx) }
			case Connect:
				u.o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, wait(ctx) }
			case TLS:
				u.at.URL = "ldaps" + strings.TrimPrefix(u.at.URL, "ldap")
			default:
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			start := time.Now()
			all := Test(ctx, u.at, u.s, u.o, nil)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
			if r := of(t, all, stage); r.Status != NotTested || r.Err == nil || r.Err.Kind != Canceled {
				t.Errorf("%+v %v", r, r.Err)
			}
			if r := all[len(all)-1]; r.Status != Skipped {
				t.Errorf("%+v", r)
			}
			for end := time.Now().Add(2 * time.Second); p.Open() > 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("a connection is left")
				}
			}
		})
	}
}

// TestStagesKeepTheirOrder: what needs an earlier stage is skipped, not tried.
func TestStagesKeepTheirOrder(t *testing.T) {
	tester := NewTester(Server{URL: "ldap://localhost:1", BindDN: "cn=x", Password: secret.New("x")}, Defaults(ReadOnly, OpenLDAP, "dc=x"), TestOptions{})
	defer tester.Close()
	for _, s := range tester.Stages()[1:] {
		if r := tester.Run(t.Context(), s); r.Status != Skipped || r.Stage != s {
			t.Errorf("%+v", r)
		}
	}
	if r := tester.Run(t.Context(), "nonsense"); r.Status != Skipped {
		t.Errorf("%+v", r)
	}
}

// TestEscapedOnTheWire: what is searched for is the name, whatever is in it.
func TestEscapedOnTheWire(t *testing.T) {
	var filters []string
	p := ldaptest.Serve(t, nil, bound(func(s *ldaptest.Session, r ldaptest.Request) {
		if r.Filter != nil {
			text, _ := ldap.DecompileFilter(r.Filter)
			filters = append(filters, text)
		}
		_ = s.Entry(r, r.DN, map[string][]string{"uid": {"x"}, "cn": {"x"}})
		s.Result(r, 0, "", "")
	}))
	u := onPeer(p)
	u.o.SampleUser = `a*(b)\c`
	u.run(t)
	if want := `(&(objectClass=inetOrgPerson)(uid=a\2a\28b\29\5cc))`; !strings.Contains(strings.Join(filters, "\n"), want) {
		t.Errorf("%q", filters)
	}
}
