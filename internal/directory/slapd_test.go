package directory

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"carbon-setup/internal/directory/ldaptest"
)

// attempt is one way in which a test can end at a stage.
type attempt struct {
	name   string
	change func(u *setup)
	stage  Stage
	status Status
	kind   ErrorKind // "" with OK, NotTested and Skipped
}

// report runs attempts and returns what an operator reads.
func report(t *testing.T, attempts []attempt, fresh func() setup) string {
	t.Helper()
	var b strings.Builder
	for _, a := range attempts {
		u := fresh()
		a.change(&u)
		all, _ := u.run(t)
		r := of(t, all, a.stage)
		if r.Status != a.status || a.kind != "" && (r.Err == nil || r.Err.Kind != a.kind) {
			t.Errorf("%s: %+v, %v, want %s %s", a.name, r, r.Err, a.status, a.kind)
		}
		fmt.Fprintf(&b, "== %s: %s %s\n%s\n", a.name, r.Stage, r.Status, r.Message)
		if r.Err != nil {
			fmt.Fprintf(&b, "   %s\n", r.Err)
		}
	}
	return steady(b.String())
}

// TestSlapd has every stage pass and fail against OpenLDAP.
func TestSlapd(t *testing.T) {
	d := ldaptest.Start(t)
	sample := func(name string) func(*setup) { return func(u *setup) { u.o.SampleUser = name } }
	account := func(name string) func(*setup) { return func(u *setup) { u.at.BindDN = ldaptest.Account(name) } }
	base := func(b string) func(*setup) { return func(u *setup) { u.s.UserSearchBase = b } }
	both := func(changes ...func(*setup)) func(*setup) {
		return func(u *setup) {
			for _, c := range changes {
				c(u)
			}
		}
	}
	readOnly := func(u *setup) { u.s = Defaults(ReadOnly, OpenLDAP, ldaptest.Suffix) }
	admin := func(user, role string) func(*setup) {
		return func(u *setup) { u.o.AdminUser, u.o.AdminRole = user, role }
	}
	write := func(u *setup) { u.o.Write = true }
	host := func(h string) func(*setup) {
		return func(u *setup) { u.at.URL = fmt.Sprintf("ldaps://%s:%d", h, d.SecurePort) }
	}
	suffix := func(s, scheme string) func(*setup) {
		return func(u *setup) {
			u.s = Defaults(ReadWrite, OpenLDAP, s)
			u.at.BindDN = "uid=alice,ou=Users," + s
			if scheme == "ldap" {
				u.at.URL = d.URL()
			}
		}
	}
	attempts := []attempt{
		{"TLS", func(*setup) {}, TLS, OK, ""},
		{"no TLS", func(u *setup) { u.at.URL = d.URL() }, TLS, Warn, Plain},
		{"StartTLS", func(u *setup) { u.at.URL, u.at.StartTLS = d.URL(), true }, TLS, Warn, StartTLSOnly},
		{"unknown issuer", func(u *setup) { u.o.Roots = x509.NewCertPool() }, TLS, Fail, Untrusted},
		{"unknown issuer, StartTLS", func(u *setup) { u.at.URL, u.at.StartTLS, u.o.Roots = d.URL(), true, x509.NewCertPool() }, TLS, Fail, Untrusted},
		{"another name", host("dc2.example.com"), TLS, Fail, WrongName},
		{"another name, old Java", both(host("dc2.example.com"), func(u *setup) { u.o.AnyName = true }), TLS, Warn, WrongName},
		{"ldaps to the port of ldap", func(u *setup) { u.at.URL = fmt.Sprintf("ldaps://localhost:%d", d.Port) }, TLS, Fail, Closed},
		{"after its last day", func(u *setup) { u.o.Now = func() time.Time { return time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC) } }, TLS, Fail, Expired},
		{"before its first day", func(u *setup) { u.o.Now = func() time.Time { return time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC) } }, TLS, Fail, Expired},

		{"log in", func(*setup) {}, Bind, OK, ""},
		{"ldap to the port of ldaps", func(u *setup) { u.at.URL = fmt.Sprintf("ldap://localhost:%d", d.SecurePort); u.o.Timeout = time.Second }, Bind, Fail, ""},
		{"wrong password", func(u *setup) { u.at.Password = pw(wrongPassword) }, Bind, Fail, WrongPassword},
		{"no such account", account("nobody"), Bind, Fail, WrongPassword},
		{"no DN", func(u *setup) { u.at.BindDN = "carbon" }, Bind, Fail, BadBindDN},
		{"no account", func(u *setup) { u.at.BindDN = "" }, Bind, Fail, NoAccount},
		{"no password", func(u *setup) { u.at.Password = pw("") }, Bind, Fail, NoAccount},
		{"password expired", account("expired"), Bind, Fail, PasswordExpired},
		{"password expired, some log-ins left", account("grace"), Bind, Warn, PasswordEnds},
		{"password expires", account("warned"), Bind, Warn, PasswordEnds},
		{"password must be changed", account("reset"), Bind, Warn, PasswordReset},
		{"account locked", account("locked"), Bind, Fail, AccountLocked},
		{"password without TLS", suffix(ldaptest.SafeSuffix, "ldap"), Bind, Fail, EncryptFirst},

		{"bases", func(*setup) {}, Base, OK, ""},
		{"no such base", base("ou=Staff,ou=Users,dc=example,dc=com"), Base, Fail, BaseMissing},
		{"another suffix", base("ou=Users,dc=wso2,dc=com"), Base, Fail, BaseMissing},
		{"the base is no DN", base("Users"), Base, Fail, BaseMissing},
		{"the base moved", base("ou=Users,ou=Moved,dc=example,dc=com"), Base, Fail, Referred},
		{"an account that sees nothing", account("blind"), Base, Warn, Denied},
		{"one base", both(readOnly, func(u *setup) { u.s.ReadGroups = false }), Base, OK, ""},
		{"two bases", both(readOnly, base("ou=Users,dc=example,dc=com#ou=People,dc=example,dc=com")), Base, OK, ""},

		{"users", func(*setup) {}, Users, OK, ""},
		{"few users", base("ou=People,dc=example,dc=com"), Users, OK, ""},
		{"two bases", both(readOnly, base("ou=Users,dc=example,dc=com#ou=People,dc=example,dc=com")), Users, OK, ""},
		{"nothing below the base", base("ou=Empty,dc=example,dc=com"), Users, Fail, NoUsers},
		{"nothing that the filter is for", base("ou=Devices,dc=example,dc=com"), Users, Fail, NoUsers},
		{"users without a name", both(base("ou=Partly,dc=example,dc=com"), func(u *setup) { u.s.UserNameListFilter = "(objectClass=person)" }), Users, Fail, NoUsers},
		{"nothing that the account may see", account("blind"), Users, Fail, NoUsers},
		{"a limit of the server", account("limited"), Users, Warn, SizeLimit},
		{"a part is elsewhere", both(base("ou=Mixed,dc=example,dc=com"), func(u *setup) { u.s.Referral = "follow" }), Users, Warn, Referred},
		{"an alias in a circle", base("ou=Aliases,dc=example,dc=com"), Users, Fail, ""},
		{"a filter with a mistake", func(u *setup) { u.s.UserNameListFilter = "(&(objectClass=person)" }, Users, Fail, Unusable},
		{"an attribute with a mistake", func(u *setup) { u.s.UserNameAttribute = "user name" }, Users, Fail, Unusable},

		{"a user", sample("alice"), SampleUser, OK, ""},
		{"a user who logs in", both(sample("alice"), func(u *setup) { u.o.SamplePassword = pw(ldaptest.Password) }), SampleUser, OK, ""},
		{"a user who logs in by the pattern", both(sample("alice"), func(u *setup) { u.s.UserDNPattern = "uid={0},ou=Users,dc=example,dc=com" }), SampleUser, OK, ""},
		{"a user who cannot log in", both(sample("alice"), func(u *setup) { u.o.SamplePassword = pw(wrongPassword) }), SampleUser, Fail, UserPassword},
		{"a user without password", both(sample("alice"), func(u *setup) { u.o.SamplePassword = pw("") }), SampleUser, Fail, UserPassword},
		{"no such user", sample("mallory"), SampleUser, Fail, UserMissing},
		{"a star is no name", sample("*"), SampleUser, Fail, UserMissing},
		{"a name that closes the filter", sample("x)(uid=alice"), SampleUser, Fail, UserMissing},
		{"a name that Carbon does not escape", sample("o(dd)*"), SampleUser, Warn, NotEscaped},
		{"two users", both(sample("twin@example.com"), func(u *setup) { u.s.UserNameSearchFilter = "(&(objectClass=inetOrgPerson)(|(uid=?)(mail=?)))" }), SampleUser, Warn, UserTwice},
		{"no attribute", both(sample("alice"), func(u *setup) { u.s.UserNameAttribute = "mail"; u.s.UserNameListFilter = "(objectClass=*)" }), SampleUser, Warn, NoAttribute},
		{"a pattern for others", both(sample("alice"), func(u *setup) { u.s.UserDNPattern = "uid={0},ou=People,dc=example,dc=com" }), SampleUser, Warn, PatternMisses},
		{"no user given", func(*setup) {}, SampleUser, NotTested, ""},

		{"groups", func(*setup) {}, Groups, OK, ""},
		{"no groups read", both(readOnly, func(u *setup) { u.s.ReadGroups = false }), Groups, NotTested, ""},
		{"no groups there", func(u *setup) { u.s.GroupSearchBase = "ou=People,dc=example,dc=com" }, Groups, Warn, NoGroups},
		{"a filter with a mistake for groups", func(u *setup) { u.s.GroupNameListFilter = "objectClass=groupOfNames" }, Groups, Fail, Unusable},

		{"in a group", sample("alice"), Membership, OK, ""},
		{"in a group by memberOf", both(sample("alice"), func(u *setup) { u.s.MemberOfAttribute = "memberOf"; u.s.BackLinksEnabled = true }), Membership, OK, ""},
		{"in no group by memberOf", both(sample("bob"), func(u *setup) { u.s.MemberOfAttribute = "memberOf"; u.s.BackLinksEnabled = true }), Membership, Warn, NoMembership},
		{"in a group of another kind", sample("bob"), Membership, Warn, NoMembership},
		{"in a group of names", sample("carol"), Membership, Warn, NoMembership},
		{"in no group", sample("twin"), Membership, Warn, NoMembership},
		{"links back, and groups elsewhere", both(sample("alice"), func(u *setup) { u.s.BackLinksEnabled = true }), Membership, Warn, NoMembership},
		{"no groups for anybody", both(sample("alice"), readOnly, func(u *setup) { u.s.ReadGroups = false }), Membership, NotTested, ""},
		{"no such user to look at", sample("mallory"), Membership, Skipped, ""},

		{"the administrator is there", admin("alice", "admin"), Admin, OK, ""},
		{"the administrator alone", both(admin("alice", ""), readOnly), Admin, OK, ""},
		{"the administrator is to be made", admin("root", "admin"), Admin, OK, ""},
		{"the role is to be made", admin("alice", "carbon"), Admin, Warn, RoleMissing},
		{"the role is to be kept", both(readOnly, admin("alice", "carbon"), func(u *setup) { u.s.ReadGroups = false }), Admin, OK, ""},
		{"the administrator is to be added", admin("bob", "admin"), Admin, Warn, AdminNotInRole},
		{"the administrator is missing", both(readOnly, admin("root", "admin")), Admin, Fail, AdminMissing},
		{"the role is missing", both(readOnly, admin("alice", "carbon")), Admin, Warn, RoleMissing},
		{"not in the role", both(readOnly, admin("bob", "admin")), Admin, Warn, AdminNotInRole},
		{"an administrator whom Carbon does not find", admin("o(dd)*", ""), Admin, Warn, NotEscaped},
		{"no administrator given", func(*setup) {}, Admin, NotTested, ""},

		{"writes", both(account("writer"), write), Write, OK, ""},
		{"writes users alone", both(account("writer"), write, func(u *setup) { u.s.WriteGroups = false }), Write, OK, ""},
		{"writes passwords as they are", both(account("writer"), write, func(u *setup) { u.s.PasswordHashMethod = "PLAIN_TEXT" }), Write, OK, ""},
		{"writes MD5", both(account("writer"), write, func(u *setup) { u.s.PasswordHashMethod = "MD5" }), Write, OK, ""},
		{"writes a hash that the directory does not know", both(account("writer"), write, func(u *setup) { u.s.PasswordHashMethod = "SHA-256" }), Write, Warn, UserPassword},
		{"may not write", both(account("reader"), write), Write, Fail, WriteDenied},
		{"makes and does not delete", both(account("maker"), write), Write, Fail, LeftBehind},
		{"a class that is not there", both(account("writer"), write, func(u *setup) { u.s.UserEntryObjectClass = "wso2Person" }), Write, Fail, SchemaRefused},
		{"a class for groups that wants more", both(account("writer"), write, func(u *setup) { u.s.GroupEntryObjectClass = "posixGroup" }), Write, Fail, SchemaRefused},
		{"users that nobody finds", both(account("writer"), write, func(u *setup) {
			u.s.UserNameSearchFilter = "(&(objectClass=posixAccount)(uid=?))"
		}), Write, Warn, UserMissing},
		{"a server for reading", both(suffix(ldaptest.ReadOnlySuffix, ""), write), Write, Fail, ReadOnlyServer},
		{"a store with faults", both(account("writer"), write, func(u *setup) { u.s.UserNameSearchFilter = "(uid=x)" }), Write, Fail, Unusable},
		{"a read-only store", both(readOnly, write), Write, NotTested, ""},
		{"not asked to write", account("writer"), Write, NotTested, ""},
	}
	golden(t, "slapd.txt", report(t, attempts, func() setup { return onSlapd(d, "reader") }))
	for _, dn := range entries(t, d) {
		if strings.Contains(dn, "carbon-setup-test-") { // the account that may not delete left it
			connection(t, d, func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(dn, nil)) })
		}
	}
}

// TestSlapdIsLeftAsItWas looks for entries that the tests of the right to write left.
func TestSlapdIsLeftAsItWas(t *testing.T) {
	d := ldaptest.Start(t)
	u := onSlapd(d, "writer")
	u.o.Write = true
	before := entries(t, d)
	u.run(t)
	if after := entries(t, d); strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestWriteCanceled stops the test at every moment of the stage that writes: nothing is left.
func TestWriteCanceled(t *testing.T) {
	d := ldaptest.Start(t)
	before := entries(t, d)
	stopped := 0
	for after := time.Duration(0); after < 4*time.Millisecond; after += 150 * time.Microsecond {
		u := onSlapd(d, "writer")
		u.o.Write = true
		tester := NewTester(u.at, u.s, u.o)
		var last StageResult
		for _, s := range tester.Stages() {
			ctx, cancel := context.WithCancel(t.Context())
			if s == Write {
				time.AfterFunc(after, cancel)
			}
			last = tester.Run(ctx, s)
			cancel()
		}
		tester.Close()
		switch {
		case last.Status == OK:
		case last.Status == NotTested && last.Err.Kind == Canceled:
			stopped++
		default:
			t.Errorf("after %s: %+v %v", after, last, last.Err)
		}
	}
	if stopped == 0 {
		t.Error("never stopped")
	}
	if after := entries(t, d); strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestFindings are what the other packages read.
func TestFindings(t *testing.T) {
	d := ldaptest.Start(t)
	u := onSlapd(d, "reader")
	u.o.SampleUser, u.o.AdminUser, u.o.AdminRole = "alice", "bob", "admin"
	_, f := u.run(t)
	if f.Users != ldaptest.Users+6 || f.MoreUsers || f.Groups != 1 || !f.Paging || len(f.Contexts) != 3 {
		t.Errorf("%+v", f)
	}
	if f.SampleDN != "uid=alice,ou=Users,dc=example,dc=com" || strings.Join(f.SampleGroups, ",") != "admin" {
		t.Errorf("%+v", f)
	}
	if f.Admin != Yes || f.Role != Yes || f.AdminInRole != No || f.AdminDN != "uid=bob,ou=Users,dc=example,dc=com" {
		t.Errorf("%+v", f)
	}
	u.o.AdminUser, u.o.AdminRole = "root", "carbon"
	if _, f = u.run(t); f.Admin != No || f.Role != No || f.AdminInRole != Unknown {
		t.Errorf("%+v", f)
	}
}

// entries lists all entries of the server.
func entries(t *testing.T, d *ldaptest.Slapd) []string {
	t.Helper()
	var dns []string
	connection(t, d, func(c *ldap.Conn) error {
		got, err := c.Search(ldap.NewSearchRequest(ldaptest.Suffix, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"1.1"}, nil))
		for _, e := range got.Entries {
			dns = append(dns, e.DN)
		}
		return err
	})
	return dns
}

// connection gives f a connection that may write.
func connection(t *testing.T, d *ldaptest.Slapd, f func(*ldap.Conn) error) {
	t.Helper()
	c, err := ldap.DialURL(d.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind(ldaptest.Account("writer"), ldaptest.Password); err != nil {
		t.Fatal(err)
	}
	if err := f(c); err != nil {
		t.Fatal(err)
	}
}
