package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

// good has no faults that are errors.
func good(k Kind) Store { return Defaults(k, Vendors(k)[0], "dc=example,dc=com") }

func goodServer() Server {
	return Server{URL: "ldaps://ldap.example.com:636", BindDN: "cn=carbon,dc=example,dc=com", Password: secret.New("x")}
}

// TestDefaultsHaveNoFaults that would keep the store from working.
func TestDefaultsHaveNoFaults(t *testing.T) {
	for _, k := range Kinds() {
		for _, v := range Vendors(k) {
			s := Defaults(k, v, "dc=example,dc=com")
			for _, f := range append(s.Faults(), FaultsTogether(goodServer(), s)...) {
				if f.Severity != Note {
					t.Errorf("%s, %s: %+v", k, v, f)
				}
			}
		}
	}
}

// TestFaults has everything that can be said without a server.
func TestFaults(t *testing.T) {
	server := func(f func(*Server)) []Fault { at := goodServer(); f(&at); return at.Faults() }
	store := func(k Kind, f func(*Store)) []Fault { s := good(k); f(&s); return s.Faults() }
	together := func(k Kind, url string) []Fault {
		at := goodServer()
		at.URL = url
		return FaultsTogether(at, good(k))
	}
	url := func(text string) []Fault { return server(func(at *Server) { at.URL = text }) }
	rw, ro, ad := ReadWrite, ReadOnly, ActiveDirectory
	tests := []struct {
		name   string
		faults []Fault
		field  string // "" if there must be none
	}{
		{"a good server", server(func(*Server) {}), ""},
		{"two good servers", url("ldaps://a.example.com:636 ldaps://b.example.com:636"), ""},
		{"IPv6", url("ldaps://[2001:db8::1]:636"), ""},
		{"no URL", url(" "), "ConnectionURL"},
		{"a URL of the web", url("https://ldap.example.com"), "ConnectionURL"},
		{"a host alone", url("ldap.example.com:389"), "ConnectionURL"},
		{"no host", url("ldap://:389"), "ConnectionURL"},
		{"no port", url("ldaps://ldap.example.com"), "ConnectionURL"},
		{"a port of letters", url("ldaps://ldap.example.com:ldaps"), "ConnectionURL"},
		{"a port too high", url("ldaps://ldap.example.com:66666"), "ConnectionURL"},
		{"a placeholder", url("ldap://localhost:${Ports.EmbeddedLDAP.LDAPServerPort}"), "ConnectionURL"},
		{"a password in the URL", url("ldaps://cn=carbon:secret@ldap.example.com:636"), "ConnectionURL"},
		{"a base in the URL", url("ldaps://ldap.example.com:636/dc=example,dc=com"), "ConnectionURL"},
		{"a question in the URL", url("ldaps://ldap.example.com:636?uid"), "ConnectionURL"},
		{"a broken IPv6", url("ldaps://[2001:db8::1"), "ConnectionURL"},
		{"a quotation mark", url(`ldaps://"ldap.example.com":636`), "ConnectionURL"},
		{"not encrypted", url("ldap://ldap.example.com:389"), "ConnectionURL"},
		{"ldap on the port of ldaps", url("ldap://ldap.example.com:636"), "ConnectionURL"},
		{"ldaps on the port of ldap", url("ldaps://ldap.example.com:389"), "ConnectionURL"},
		{"capitals", url("LDAPS://ldap.example.com:636"), "ConnectionURL"},
		{"StartTLS", server(func(at *Server) { at.StartTLS = true }), "ConnectionURL"},
		{"anonymous", server(func(at *Server) { at.BindDN, at.Password = "", secret.Secret{} }), "ConnectionName"},

		{"a password with a blank before it", server(func(at *Server) { at.Password = secret.New(" Bind-1") }), "ConnectionPassword"},
		{"a password with a line break after it", server(func(at *Server) { at.Password = secret.New("Bind-1\n") }), "ConnectionPassword"},
		{"a password with a blank in it", server(func(at *Server) { at.Password = secret.New("Bind 1") }), ""},
		{"no such kind", Store{Kind: "nis"}.Faults(), "class"},
		{"no base", store(rw, func(s *Store) { s.UserSearchBase = " " }), "UserSearchBase"},
		{"a base that is none", store(rw, func(s *Store) { s.UserSearchBase = "Users" }), "UserSearchBase"},
		{"a base in quotation marks", store(rw, func(s *Store) { s.UserSearchBase = `"ou=Users,dc=example,dc=com"` }), "UserSearchBase"},
		{"a base with a strange attribute", store(rw, func(s *Store) { s.UserSearchBase = "user name=x,dc=example" }), "UserSearchBase"},
		{"a base with a slash", store(ad, func(s *Store) { s.UserSearchBase = "OU=R/D,DC=example,DC=com" }), "UserSearchBase"},
		{"a base with an escaped slash", store(ro, func(s *Store) { s.UserSearchBase = `ou=R\/D,dc=example,dc=com` }), "UserSearchBase"},
		{"a base with an escaped backslash", store(ro, func(s *Store) { s.GroupSearchBase = `ou=a\\b,dc=example,dc=com` }), "GroupSearchBase"},
		{"a base with an escaped quotation mark", store(ro, func(s *Store) { s.GroupSearchBase = `ou=a\"b,dc=example,dc=com` }), "GroupSearchBase"},
		{"a base for Java", store(ro, func(s *Store) { s.UserSearchBase = `ou=R\2fD\, a\22b\5cc \+ l'eau,dc=example,dc=com` }), ""},
		{"a pattern with an apostrophe for Java", store(ro, func(s *Store) { s.UserDNPattern = "uid={0},o=L''Exemple" }), ""},
		{"a pattern with a slash", store(ro, func(s *Store) { s.UserDNPattern = "uid={0},ou=R/D,dc=example,dc=com" }), "UserDNPattern"},
		{"a base too long", store(rw, func(s *Store) { s.UserSearchBase = "ou=" + strings.Repeat("x", maxDN) }), "UserSearchBase"},
		{"two bases to write to", store(rw, func(s *Store) { s.UserSearchBase = "ou=a,dc=x#ou=b,dc=x" }), "UserSearchBase"},
		{"two bases to read from", store(ro, func(s *Store) { s.UserSearchBase = "ou=a,dc=x#ou=b,dc=x" }), ""},
		{"no filter", store(rw, func(s *Store) { s.UserNameListFilter = "" }), "UserNameListFilter"},
		{"a filter with an entity", store(rw, func(s *Store) { s.UserNameSearchFilter = "(&amp;(objectClass=person)(uid=?))" }), "UserNameSearchFilter"},
		{"a filter without parentheses", store(rw, func(s *Store) { s.UserNameListFilter = "objectClass=person" }), "UserNameListFilter"},
		{"a filter with one too few", store(rw, func(s *Store) { s.UserNameListFilter = "(&(objectClass=person)" }), "UserNameListFilter"},
		{"a filter with one too many", store(rw, func(s *Store) { s.UserNameListFilter = "(objectClass=person))" }), "UserNameListFilter"},
		{"two filters", store(rw, func(s *Store) { s.UserNameListFilter = "(objectClass=person)(uid=*)" }), "UserNameListFilter"},
		{"a filter with blanks", store(rw, func(s *Store) { s.UserNameListFilter = " (objectClass=person)" }), "UserNameListFilter"},
		{"a filter of nothing", store(rw, func(s *Store) { s.UserNameListFilter = "(objectClass)" }), "UserNameListFilter"},
		{"a filter too long", store(rw, func(s *Store) { s.UserNameListFilter = "(uid=" + strings.Repeat("x", maxFilter) + ")" }), "UserNameListFilter"},
		{"a filter too deep", store(rw, func(s *Store) {
			s.UserNameListFilter = strings.Repeat("(!", 50) + "(uid=x)" + strings.Repeat(")", 50)
		}), "UserNameListFilter"},
		{"a filter without the name", store(rw, func(s *Store) { s.UserNameSearchFilter = "(uid=admin)" }), "UserNameSearchFilter"},
		{"a filter with the name twice", store(rw, func(s *Store) { s.UserNameSearchFilter = "(|(uid=?)(mail=?))" }), ""},
		{"a list of one name", store(rw, func(s *Store) { s.UserNameListFilter = "(uid=?)" }), "UserNameListFilter"},
		{"a filter for another attribute", store(rw, func(s *Store) { s.UserNameSearchFilter = "(mail=?)" }), "UserNameSearchFilter"},
		{"no attribute", store(rw, func(s *Store) { s.UserNameAttribute = "" }), "UserNameAttribute"},
		{"an attribute that is none", store(rw, func(s *Store) { s.UserNameAttribute = "user name" }), "UserNameAttribute"},
		{"a good pattern", store(rw, func(s *Store) {
			s.UserDNPattern = "uid={0},ou=Users,dc=example,dc=com#uid={0},ou=People,dc=example,dc=com"
		}), ""},
		{"an account with a placeholder", server(func(at *Server) { at.BindDN = "cn=${carbon.home},dc=example,dc=com" }), "ConnectionName"},
		{"a password with a placeholder", server(func(at *Server) { at.Password = secret.New("Pw-1${x") }), "ConnectionPassword"},
		{"a base with a placeholder", store(rw, func(s *Store) { s.UserSearchBase = "ou=${x},dc=example,dc=com" }), "UserSearchBase"},
		{"a filter with a placeholder", store(ro, func(s *Store) { s.GroupNameListFilter = "(cn=${x})" }), "GroupNameListFilter"},
		{"a pattern without name", store(rw, func(s *Store) { s.UserDNPattern = "uid=?,ou=Users" }), "UserDNPattern"},
		{"a pattern with an apostrophe", store(rw, func(s *Store) { s.UserDNPattern = "uid={0},o=L'Exemple" }), "UserDNPattern"},
		{"a pattern with braces", store(rw, func(s *Store) { s.UserDNPattern = "uid={0},ou={1}" }), "UserDNPattern"},
		{"a pattern that is no DN", store(rw, func(s *Store) { s.UserDNPattern = "{0}" }), "UserDNPattern"},
		{"no groups, no faults", store(ro, func(s *Store) { s.ReadGroups = false; s.GroupSearchBase, s.GroupNameListFilter = "", "" }), ""},
		{"no base for groups", store(rw, func(s *Store) { s.GroupSearchBase = "" }), "GroupSearchBase"},
		{"no filter for groups", store(rw, func(s *Store) { s.GroupNameSearchFilter = "" }), "GroupNameSearchFilter"},
		{"no membership", store(rw, func(s *Store) { s.MembershipAttribute = "" }), "MembershipAttribute"},
		{"memberOf without links back", store(rw, func(s *Store) { s.MemberOfAttribute = "memberOf" }), "BackLinksEnabled"},
		{"memberOf with links back", store(rw, func(s *Store) { s.MemberOfAttribute, s.BackLinksEnabled = "memberOf", true }), ""},
		{"links back without memberOf", store(rw, func(s *Store) { s.BackLinksEnabled = true }), "BackLinksEnabled"},
		{"no class for users", store(rw, func(s *Store) { s.UserEntryObjectClass = "" }), "UserEntryObjectClass"},
		{"no class for groups", store(rw, func(s *Store) { s.GroupEntryObjectClass = "" }), "GroupEntryObjectClass"},
		{"empty groups", store(rw, func(s *Store) { s.EmptyRolesAllowed = true }), "EmptyRolesAllowed"},
		{"passwords as they are", store(rw, func(s *Store) { s.PasswordHashMethod = "PLAIN_TEXT" }), "PasswordHashMethod"},
		{"a way to treat referrals", store(rw, func(s *Store) { s.Referral = "chase" }), "Referral"},
		{"an account control", store(ad, func(s *Store) { s.UserAccountControl = "normal"; s.DefaultRealmName = "X" }), "userAccountControl"},
		{"no realm", store(ad, func(s *Store) { s.DefaultRealmName = "" }), "defaultRealmName"},
		{"two names in Active Directory", store(ad, func(s *Store) { s.UserNameAttribute = "cn"; s.DefaultRealmName = "X" }), "UserNameAttribute"},
		{"Active Directory without TLS", together(ad, "ldap://dc1.example.com:389"), "ConnectionURL"},
		{"the global catalog", together(ad, "ldaps://dc1.example.com:3269"), "ConnectionURL"},
		{"the global catalog for reading", together(ro, "ldaps://dc1.example.com:3269"), ""},
	}
	var b strings.Builder
	for _, tt := range tests {
		if tt.field == "" {
			if slices.ContainsFunc(tt.faults, func(f Fault) bool { return f.Severity != Note }) {
				t.Errorf("%s: %+v", tt.name, tt.faults)
			}
			continue
		}
		if !slices.ContainsFunc(tt.faults, func(f Fault) bool { return f.Field == tt.field }) {
			t.Errorf("%s: %+v", tt.name, tt.faults)
		}
		fmt.Fprintf(&b, "== %s\n", tt.name)
		for _, f := range tt.faults {
			if !strings.HasSuffix(f.What, ".") {
				t.Errorf("not a sentence: %s", f.What)
			}
			fmt.Fprintf(&b, "%s, %s: %s %s\n", f.Severity, f.Field, f.What, f.Fix)
		}
	}
	golden(t, "faults.txt", b.String())
}

// TestProperties has what is written into user-mgt.xml for each kind.
func TestRealmOfADomain(t *testing.T) {
	for suffix, want := range map[string]string{
		"DC=corp,DC=example,DC=com": "CORP.EXAMPLE.COM", "dc=example, dc=com": "EXAMPLE.COM", "OU=Staff,DC=example,DC=com": "", "": "", "example.com": "",
	} {
		if got := Defaults(ActiveDirectory, Microsoft, suffix).DefaultRealmName; got != want {
			t.Errorf("%q: %q, want %q", suffix, got, want)
		}
	}
}

func TestProperties(t *testing.T) {
	var b strings.Builder
	for _, k := range Kinds() {
		for _, v := range Vendors(k) {
			s := Defaults(k, v, "dc=example,dc=com")
			s.DefaultRealmName = "EXAMPLE.COM"
			fmt.Fprintf(&b, "== %s, %s: %s\n", k.Title(), v.Title(), k.Class())
			seen := map[string]bool{}
			for _, p := range s.Properties(goodServer()) {
				if seen[p.Name] {
					t.Errorf("%s twice", p.Name)
				}
				seen[p.Name] = true
				fmt.Fprintf(&b, "%s = %s\n", p.Name, p.Value)
			}
			if seen["ConnectionPassword"] {
				t.Error("the password is among the properties")
			}
		}
	}
	golden(t, "properties.txt", b.String())
}

// TestKinds are found by their classes.
func TestKinds(t *testing.T) {
	for _, k := range Kinds() {
		if got, is := KindOf(k.Class()); !is || got != k || !k.Known() {
			t.Errorf("%s: %s", k, got)
		}
	}
	if _, is := KindOf("org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"); is {
		t.Error("a JDBC store is one")
	}
}

// TestNeedsAddAdmin is the table of the first start.
func TestNeedsAddAdmin(t *testing.T) {
	for _, tt := range []struct {
		kind              Kind
		admin, role, both Known
		want              bool
	}{
		{ReadOnly, Yes, Yes, Yes, false},
		{ReadOnly, Yes, Yes, No, false},
		{ReadOnly, Yes, No, Unknown, true},
		{ReadOnly, No, Yes, Unknown, false},
		{ReadWrite, Yes, Yes, Yes, false},
		{ReadWrite, Yes, Yes, No, true},
		{ReadWrite, Yes, No, Unknown, true},
		{ReadWrite, No, No, Unknown, true},
		{ReadWrite, Unknown, Unknown, Unknown, false},
	} {
		f := Findings{Admin: tt.admin, Role: tt.role, AdminInRole: tt.both}
		if got := f.NeedsAddAdmin(good(tt.kind)); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
