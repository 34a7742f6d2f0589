package steps

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/directory"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

const (
	dirPassword  = "Bind&<Pw>-7\"x"
	otherDirPass = "Other-bind-8"
)

// Answers for each kind of store.
const (
	readOnlyStore = `user_store:
  type: ldap-readonly
  url: ldaps://ldap.example.com:636
  bind_dn: cn=carbon,ou=services,dc=example,dc=com
  password: {env: DIR_PW}
  suffix: dc=example,dc=com
`
	writableStore = `user_store:
  type: ldap
  vendor: openldap
  url: ldaps://ldap.example.com:636
  bind_dn: cn=carbon,ou=services,dc=example,dc=com
  password: {env: DIR_PW}
  suffix: dc=example,dc=com
  groups: write
`
	domainStore = `user_store:
  type: active-directory
  url: ldaps://dc1.example.com:636
  bind_dn: CN=carbon,CN=Users,DC=example,DC=com
  password: {env: DIR_PW}
  suffix: DC=example,DC=com
  realm: EXAMPLE.COM
`
	databaseStore = "user_store: {type: jdbc}\n"
)

// userStoreAnswers sets the passwords of the tests.
func userStoreAnswers(t testing.TB, yaml string) string {
	t.Helper()
	if s, ok := t.(interface{ Setenv(key, value string) }); ok {
		s.Setenv("DIR_PW", dirPassword)
		s.Setenv("OTHER_PW", otherDirPass)
		s.Setenv("ADMIN_PW", "Correct-horse-7")
	}
	return yaml
}

// liveStore is a UserStoreManager as a reader of its own sees it.
type liveStore struct {
	Class      string `xml:"class,attr"`
	Properties []struct {
		Name  string `xml:"name,attr"`
		Value string `xml:",chardata"`
	} `xml:"Property"`
}

func (s liveStore) values() map[string]string {
	all := map[string]string{}
	for _, p := range s.Properties {
		all[p.Name] = strings.TrimSpace(p.Value)
	}
	return all
}

// realmOf reads user-mgt.xml with the parser of Go's library, which refuses a comment within a comment.
func realmOf(t testing.TB, home string) (stores []liveStore, addAdmin, datasource string) {
	t.Helper()
	var doc struct {
		Config struct {
			AddAdmin string
			liveStore
		} `xml:"Realm>Configuration"`
		Stores []liveStore `xml:"Realm>UserStoreManager"`
	}
	if err := xml.Unmarshal([]byte(readFile(t, home, carbon.UserMgtXML)), &doc); err != nil {
		t.Fatalf("user-mgt.xml: %v", err)
	}
	return doc.Stores, doc.Config.AddAdmin, doc.Config.values()["dataSource"]
}

var anyComment = regexp.MustCompile(`(?s)<!--.*?-->`)

// oneStore checks what holds after every plan: one live primary store of a class, with a TenantManager, and every comment as it was.
func oneStore(t testing.TB, home, before, class string) map[string]string {
	t.Helper()
	stores, _, _ := realmOf(t, home)
	if len(stores) != 1 || stores[0].Class != class {
		t.Fatalf("live stores %+v, want one of %s", stores, class)
	}
	after := readFile(t, home, carbon.UserMgtXML)
	if was, is := anyComment.FindAllString(before, -1), anyComment.FindAllString(after, -1); !slices.Equal(was, is) {
		t.Errorf("the comments were changed:\n%s\nwere\n%s", strings.Join(is, "\n"), strings.Join(was, "\n"))
	}
	values := stores[0].values()
	if values["TenantManager"] == "" {
		t.Error("there is no TenantManager")
	}
	return values
}

// homesOfAll are the homes that every kind is tried on; those of the samples have golden files.
func homesOfAll(t *testing.T, each func(t *testing.T, name, home string)) {
	t.Helper()
	for _, which := range []string{"api", "servlet"} {
		t.Run(which, func(t *testing.T) { each(t, which, sampleHome(t, which)) })
	}
	if home, ok := corpusHome(t); ok {
		t.Run("real", func(t *testing.T) { each(t, "", home) })
	}
}

func TestUserStoreKinds(t *testing.T) {
	const ldapClass = "org.wso2.carbon.user.core.ldap."
	for _, tt := range []struct {
		name, answers, class, addAdmin string
		want                           map[string]string
	}{
		{"ldap-readonly", readOnlyStore, ldapClass + "ReadOnlyLDAPUserStoreManager", "true", map[string]string{
			"ReadOnly": "true", "ConnectionURL": "ldaps://ldap.example.com:636", "UserSearchBase": "ou=Users,dc=example,dc=com", "ReadGroups": "true",
			"UserNameSearchFilter": "(&(objectClass=inetOrgPerson)(uid=?))", "ConnectionPassword": dirPassword,
		}},
		{"ldap", writableStore, ldapClass + "ReadWriteLDAPUserStoreManager", "false", map[string]string{
			"WriteGroups": "true", "PasswordHashMethod": "SHA", "passwordHashMethod": "SHA", "EmptyRolesAllowed": "false", "UserEntryObjectClass": "inetOrgPerson",
		}},
		{"active-directory", domainStore, ldapClass + "ActiveDirectoryUserStoreManager", "false", map[string]string{
			"defaultRealmName": "EXAMPLE.COM", "userAccountControl": "512", "UserNameAttribute": "sAMAccountName", "Referral": "follow", "UserEntryObjectClass": "user",
		}},
		{"jdbc", databaseStore, classJDBC, "true", map[string]string{"PasswordDigest": "SHA-256", "StoreSaltedPassword": "true"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			homesOfAll(t, func(t *testing.T, which, home string) {
				before := readFile(t, home, carbon.UserMgtXML)
				out := planTwice(t, home, userStoreAnswers(t, tt.answers))
				values := oneStore(t, home, before, tt.class)
				for name, want := range tt.want {
					if values[name] != want {
						t.Errorf("%s is %q, want %q", name, values[name], want)
					}
				}
				if _, add, _ := realmOf(t, home); add != tt.addAdmin {
					t.Errorf("AddAdmin is %s, want %s", add, tt.addAdmin)
				}
				text := diffText(out.Plan) + problemLines(out.Problems) + adviceLines(out.Advice)
				noSecret(t, text, secret.New(dirPassword), secret.New("Bind&amp;&lt;Pw"))
				if which != "" {
					golden(t, "userstore/"+which+"-"+tt.name+".txt", text)
				}
				w := openHome(t, home)
				if r := (userstore{}).Verify(w, answersOf(t, tt.answers)); len(r) != 1 || r[0].Status != OK {
					t.Errorf("verify: %s", resultLines(r))
				}
			})
		})
	}
}

// TestUserStoreBackAndForth goes from the database to a directory and back; what was shipped is there again.
func TestUserStoreBackAndForth(t *testing.T) {
	home := sampleHome(t, "api")
	before := readFile(t, home, carbon.UserMgtXML)
	was := oneStore(t, home, before, classJDBC)
	planTwice(t, home, userStoreAnswers(t, writableStore))
	back := planTwice(t, home, databaseStore)
	noSecret(t, diffText(back.Plan), secret.New(dirPassword), secret.New("Bind&amp;&lt;Pw"))
	is := oneStore(t, home, before, classJDBC)
	for name, value := range was {
		if is[name] != value {
			t.Errorf("%s is %q, was %q", name, is[name], value)
		}
	}
	if _, add, _ := realmOf(t, home); add != "true" {
		t.Errorf("AddAdmin is %s: a database without users would have no administrator", add)
	}
	planTwice(t, home, readOnlyStore)
	oneStore(t, home, before, "org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager")
}

// TestUserStoreChangesAgain: a directory that stays has only that changed which the answers change.
func TestUserStoreChangesAgain(t *testing.T) {
	for _, tt := range []struct{ name, answers, want string }{
		{"url", "  url: ldaps://ldap2.example.com:636\n", `"ConnectionURL">ldaps://ldap2.example.com:636<`},
		{"filter", "  user_search_filter: (&(objectClass=person)(uid=?))\n", `"UserNameSearchFilter">(&amp;(objectClass=person)(uid=?))<`},
		{"account", "  bind_dn: 'cn=a\\, b & <c>,dc=example,dc=com'\n", `"ConnectionName">cn=a\, b &amp; &lt;c`},
		{"password", "  password: {env: OTHER_PW}\n", `"ConnectionPassword">` + otherDirPass + `<`},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			planTwice(t, home, userStoreAnswers(t, writableStore))
			replaceIn(t, home, carbon.UserMgtXML, `<Property name="MaxUserNameListLength">100</Property>`, `<Property name="MaxUserNameListLength">500</Property>`)
			replaceIn(t, home, carbon.UserMgtXML, "            <Property name=\"UserSearchBase\">ou=Users,dc=example", "\t\t<!-- ours -->\n\t\t<Property name=\"OurOwn\">kept &amp; sound</Property>\n            <Property name=\"UserSearchBase\">ou=Users,dc=example")
			before := readFile(t, home, carbon.UserMgtXML)
			planTwice(t, home, "user_store:\n  type: ldap\n"+tt.answers)
			changed := differingLines(before, readFile(t, home, carbon.UserMgtXML))
			switch {
			case tt.want == "" && len(changed) != 0:
				t.Errorf("changed without an answer: %q", changed)
			case tt.want != "" && (len(changed) != 1 || !strings.Contains(changed[0], tt.want)):
				t.Errorf("changed %q, want one line with %s", changed, tt.want)
			}
		})
	}
}

// differingLines are the lines of b that are not those of a at the same place; both have to have as many.
func differingLines(a, b string) []string {
	one, other := strings.Split(a, "\n"), strings.Split(b, "\n")
	if len(one) != len(other) {
		return []string{"lines came or went"}
	}
	var all []string
	for i := range one {
		if one[i] != other[i] {
			all = append(all, other[i])
		}
	}
	return all
}

// TestUserStoreSpelledAsShipped: the shipped file has passwordHashMethod, and the kernel reads PasswordHashMethod.
func TestUserStoreSpelledAsShipped(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, userStoreAnswers(t, writableStore))
	replaceIn(t, home, carbon.UserMgtXML, "            <Property name=\"PasswordHashMethod\">SHA</Property>\n", "")
	planTwice(t, home, "user_store: {type: ldap}\n")
	if got := oneStore(t, home, readFile(t, home, carbon.UserMgtXML), "org.wso2.carbon.user.core.ldap.ReadWriteLDAPUserStoreManager"); got["PasswordHashMethod"] != "SHA" {
		t.Errorf("PasswordHashMethod is %q: passwords of new users would be stored as they are typed", got["PasswordHashMethod"])
	}
}

const secondStore = `
        <UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager">
            <Property name="DomainName">PARTNERS</Property>
            <Property name="ConnectionURL">ldaps://partners.example.com:636</Property>
	    <Property name="ConnectionPassword">partner</Property>
        </UserStoreManager>
`

func TestUserStoreSecondary(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.UserMgtXML, "\n        <!-- Users in a directory that is only read. -->", secondStore+"\n        <!-- Users in a directory that is only read. -->")
	planTwice(t, home, userStoreAnswers(t, readOnlyStore))
	stores, _, _ := realmOf(t, home)
	if len(stores) != 2 || stores[0].values()["DomainName"] != "" || stores[1].values()["DomainName"] != "PARTNERS" {
		t.Errorf("live stores %+v", stores)
	}
	if !strings.Contains(readFile(t, home, carbon.UserMgtXML), secondStore) {
		t.Error("the secondary store was touched")
	}
}

// TestUserStoreTwoPrimaries: of two stores without a domain the kernel takes the first, and whoever made the second meant it.
func TestUserStoreTwoPrimaries(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.UserMgtXML, "\n        <!-- Users in a directory that is only read. -->", strings.ReplaceAll(secondStore, "            <Property name=\"DomainName\">PARTNERS</Property>\n", "")+"\n        <!-- Users in a directory that is only read. -->")
	refused(t, home, userStoreAnswers(t, readOnlyStore), "repository/conf/user-mgt.xml: two primary user stores are live (lines 30 and 54).")
	if got := resultLines(findings(t, home, 7)); !strings.Contains(got, "CS-7.4 fail error repository/conf/user-mgt.xml:54: There is no single primary user store: two are live.") {
		t.Errorf("audit: %s", got)
	}
}

// embeddedStore is the store of a product that has a directory inside.
const embeddedStore = `<UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadWriteLDAPUserStoreManager">
            <Property name="TenantManager">org.wso2.carbon.user.core.tenant.CommonHybridLDAPTenantManager</Property>
            <Property name="defaultRealmName">WSO2.ORG</Property>
            <Property name="kdcEnabled">true</Property>
            <Property name="ConnectionURL">ldap://localhost:${Ports.EmbeddedLDAP.LDAPServerPort}</Property>
            <Property name="ConnectionName">uid=admin,ou=system</Property>
            <Property name="ConnectionPassword">admin</Property>
            <Property name="UserDNPattern">uid={0},ou=Users,dc=wso2,dc=org</Property>
            <Property name="ReadGroups">true</Property>
            <Property name="SCIMEnabled">true</Property>
        </UserStoreManager>`

// embeddedHome is a sample whose users lie in the directory inside the product, as in Identity Server.
func embeddedHome(t testing.TB) string {
	t.Helper()
	home := sampleHome(t, "api")
	text := readFile(t, home, carbon.UserMgtXML)
	live := regexp.MustCompile(`(?s)<UserStoreManager class="org.wso2.carbon.user.core.jdbc.*?</UserStoreManager>`).FindString(text)
	setFile(t, home, carbon.UserMgtXML, strings.Replace(text, live, embeddedStore, 1))
	setFile(t, home, carbon.EmbeddedLDAP, "<EmbeddedLDAPConfig>\n    <EmbeddedLDAP>\n        <Property name=\"enable\">true</Property>\n    </EmbeddedLDAP>\n</EmbeddedLDAPConfig>\n")
	return home
}

func TestUserStoreEmbedded(t *testing.T) {
	home := embeddedHome(t)
	if got := resultLines(findings(t, home, 7)); !strings.Contains(got, "CS-7.1 warn warning repository/conf/user-mgt.xml:30: Embedded LDAP: users lie in the directory inside the product.") {
		t.Errorf("audit: %s", got)
	}
	before := readFile(t, home, carbon.UserMgtXML)
	out := planTwice(t, home, userStoreAnswers(t, writableStore))
	values := oneStore(t, home, before, "org.wso2.carbon.user.core.ldap.ReadWriteLDAPUserStoreManager")
	if p, ok := values["UserDNPattern"]; ok {
		t.Errorf("the pattern of the other directory, %s, is still there: nobody could log in", p)
	}
	if values["SCIMEnabled"] != "true" {
		t.Error("SCIMEnabled, which is no matter of the directory, was lost")
	}
	if !strings.Contains(adviceLines(out.Advice), "repository/conf/embedded-ldap.xml:3: the directory inside the product still starts") {
		t.Errorf("advice: %s", adviceLines(out.Advice))
	}
}

// TestUserStoreAddAdmin: who is asked decides; who is not gets what harms nothing.
func TestUserStoreAddAdmin(t *testing.T) {
	for _, tt := range []struct{ name, from, answers, want string }{
		{"read only", "", readOnlyStore, "true"},
		{"read only, false", "", readOnlyStore + "  add_admin: false\n", "false"},
		{"read only, true", "", readOnlyStore + "  add_admin: true\n", "true"},
		{"writable", "", writableStore, "false"},
		{"writable, true", "", writableStore + "  add_admin: true\n", "true"},
		{"writable without groups", "", strings.Replace(writableStore, "groups: write", "groups: none", 1), "true"},
		{"database again", writableStore, databaseStore, "true"},
		{"the same again", writableStore + "  add_admin: true\n", writableStore, "true"},
		{"database that stays", "", "user_store: {type: jdbc, add_admin: false}\n", "false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := sampleHome(t, "servlet")
			if tt.from != "" {
				planTwice(t, home, userStoreAnswers(t, tt.from))
			}
			planTwice(t, home, userStoreAnswers(t, tt.answers))
			if _, add, _ := realmOf(t, home); add != tt.want {
				t.Errorf("AddAdmin is %s, want %s", add, tt.want)
			}
		})
	}
}

// FuzzUserStoreProperty: any value of a property that XML can hold is read as it was set.
func FuzzUserStoreProperty(f *testing.F) {
	for _, s := range []string{"(&(objectClass=person)(uid=?))", `cn=a\, b,ou="x<y>&amp;",dc=ü`, "]]>", "--><x/>", "a\tb\nc", "${x}", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		doc, err := edit.ParseXML("user-mgt.xml", []byte("<UserManager><Realm><UserStoreManager class=\"x\">\n\t<Property name=\"Filter\">old</Property>\n</UserStoreManager></Realm></UserManager>\n"))
		if err != nil {
			t.Fatal(err)
		}
		now := &presentStore{doc: doc, element: doc.First(realmPath + "/UserStoreManager")}
		err = setProperties(now, []directory.Property{{Name: "Filter", Value: value}, {Name: "Another", Value: value}})
		if err == nil {
			_, err = doc.Commit()
		}
		if err != nil {
			return // refused, and the document is as it was
		}
		for _, name := range []string{"Filter", "Another"} {
			got := doc.First(realmPath + "/UserStoreManager/Property[@name='" + name + "']").Text()
			if want := strings.Trim(value, " \t\r\n"); got != want && strings.TrimSpace(got) != strings.TrimSpace(value) {
				t.Errorf("%s is read as %q, was set to %q", name, got, value)
			}
		}
	})
}
