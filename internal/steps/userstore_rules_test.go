package steps

import (
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

func TestScriptPattern(t *testing.T) {
	for _, tt := range []struct {
		java, script string
		ok           bool
	}{
		{`^[\S]{12,60}$`, `^[\S]{12,60}$`, true},
		{`[a-z]{3,30}`, `^(?:[a-z]{3,30})$`, true},
		{`^a$|b`, `^(?:^a$|b)$`, true},
		{`^costs\$`, `^(?:^costs\$)$`, true},
		{`^(?=.*[0-9])(?=.*[a-z])[\S]{12,60}$`, `^(?=.*[0-9])(?=.*[a-z])[\S]{12,60}$`, true},
		{`[a-z]++`, "", false},
		{`(?i)[a-z]+`, "", false},
		{`\p{Alpha}+`, "", false},
		{`[a-z&&[^q]]+`, "", false},
	} {
		if script, ok := scriptPattern(tt.java); script != tt.script || ok != tt.ok {
			t.Errorf("%s: %q, %t, want %q, %t", tt.java, script, ok, tt.script, tt.ok)
		}
	}
}

// TestUserStoreRules: a rule of the answers is in both patterns, and the administrator of the same answers is judged by it and by no other.
func TestUserStoreRules(t *testing.T) {
	const longRule = "user_store: {type: jdbc, password_regex: '^[\\S]{12,60}$'}\n"
	t.Setenv("LONG_PW", "Correct-horse-battery-7-staple-and-more")
	t.Setenv("SHORT_PW", "Horse-7x!")
	const admin = "admin: {username: opsadmin, password: {env: "
	for _, tt := range []struct{ name, answers, refusal string }{
		{"long password, new rule", longRule + admin + "LONG_PW}}\n", ""},
		{"long password, old rule", admin + "LONG_PW}}\n", "error admin.password: The user store accepts only 5 to 30 characters without blanks (PasswordJavaRegEx, repository/conf/user-mgt.xml:30)."},
		{"short password, new rule", longRule + admin + "SHORT_PW}}\n", "error admin.password: The user store accepts only 12 to 60 characters without blanks (PasswordJavaRegEx, user_store of the answers)."},
		{"present password, new rule", longRule, "error user_store.password_regex: The administrator's password does not fit this rule. A database is asked by the rule at every login: the administrator could never log in."},
		{"present name, new rule", "user_store: {type: jdbc, username_regex: '^[a-z]{8,30}$'}\n", "error user_store.username_regex: The administrator's user name does not fit this rule."},
		{"lookahead", "user_store: {type: jdbc, password_regex: '^(?=.*\\d)(?=.*[A-Z])(?=.*[a-z])(?!.*admin)[\\S]{12,60}$'}\n" + admin + "SHORT_PW}}\n", "error admin.password: The user store accepts only what matches the regular expression ^(?=.*\\d)"},
		{"lookahead and the present password", "user_store: {type: jdbc, password_regex: '^(?=.*\\d)[\\S]{5,60}$'}\n", "error user_store.password_regex: The administrator's password does not fit this rule."},
		{"lookahead that does not end", "user_store: {type: jdbc, password_regex: '^(?=.*\\d[\\S]{12,60}$'}\n", "error user_store.password_regex: This is no regular expression: missing closing )."},
		{"no pattern", "user_store: {type: jdbc, password_regex: '^[\\S{12,60}$'}\n", "error user_store.password_regex: This is no regular expression: missing closing ]. Java stops at it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := sampleHome(t, "servlet")
			if tt.refusal != "" {
				refused(t, home, tt.answers, tt.refusal)
				return
			}
			planTwice(t, home, tt.answers)
			values := oneStore(t, home, readFile(t, home, carbon.UserMgtXML), classJDBC)
			if values["PasswordJavaRegEx"] != `^[\S]{12,60}$` || values["PasswordJavaScriptRegEx"] != `^[\S]{12,60}$` {
				t.Errorf("%q, %q", values["PasswordJavaRegEx"], values["PasswordJavaScriptRegEx"])
			}
		})
	}
}

// TestUserStoreRuleWithLookaheads: a rule that asks for kinds of characters is judged, written to both patterns as it is, and warned of no more.
func TestUserStoreRuleWithLookaheads(t *testing.T) {
	const rule = `^(?=.*\d)(?=.*[A-Z])(?=.*[<&])[\S]{12,60}$`
	t.Setenv("GOOD_PW", "Correct&horse-7<")
	home := sampleHome(t, "api")
	before := readFile(t, home, carbon.UserMgtXML)
	out := planTwice(t, home, "user_store: {type: jdbc, password_regex: '"+rule+"'}\nadmin: {username: opsadmin, password: {env: GOOD_PW}}\n")
	values := oneStore(t, home, before, classJDBC)
	if values["PasswordJavaRegEx"] != rule || values["PasswordJavaScriptRegEx"] != rule {
		t.Errorf("%q, %q", values["PasswordJavaRegEx"], values["PasswordJavaScriptRegEx"])
	}
	if text := problemLines(out.Problems); strings.Contains(text, keyUsersPassRegex) || strings.Contains(text, "could not be tested") {
		t.Errorf("%s", text)
	}
}

// TestUserStoreRulesOfAStoreLeftOut: a user store that has no part in the plan does not decide on passwords.
func TestUserStoreRulesOfAStoreLeftOut(t *testing.T) {
	t.Setenv("LONG_PW", "Correct-horse-battery-7-staple-and-more")
	home := sampleHome(t, "servlet")
	a := answersOf(t, "user_store: {type: jdbc, password_regex: '^[\\S]{12,60}$'}\nadmin: {password: {env: LONG_PW}}\n")
	if _, err := BuildPlan(t.Context(), openInstall(t, home), a, "user_store"); err == nil {
		t.Error("a password that the store in force refuses was planned")
	}
}

// TestUserStoreRulesOfADirectory: stores in LDAP do not look at the patterns at a login.
func TestUserStoreRulesOfADirectory(t *testing.T) {
	t.Setenv("LONG_PW", "Correct-horse-battery-7-staple-and-more")
	home := sampleHome(t, "api")
	out := planTwice(t, home, userStoreAnswers(t, readOnlyStore)+"admin: {username: 'ops admin.of.the.directory.with.a.long.name', password: {env: LONG_PW}}\n")
	if text := problemLines(out.Problems); !strings.Contains(text, "warning") || strings.Contains(text, "JavaRegEx") {
		t.Errorf("%s", text)
	}
}

// TestUserStoreMessages has every answer that cannot be used refused, word for word.
func TestUserStoreMessages(t *testing.T) {
	without := func(key string) string {
		var kept []string
		for _, line := range strings.Split(writableStore, "\n") {
			if !strings.HasPrefix(strings.TrimSpace(line), key+":") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "\n")
	}
	var b strings.Builder
	for _, tt := range []struct{ name, answers string }{
		{"nothing but the type", "user_store: {type: ldap}\n"},
		{"no port", strings.Replace(writableStore, ":636", "", 1)},
		{"no scheme", strings.Replace(writableStore, "ldaps://", "", 1)},
		{"capitals", strings.Replace(domainStore, "ldaps://", "LDAPS://", 1)},
		{"a path", strings.Replace(writableStore, ":636", ":636/dc=example", 1)},
		{"a user in the URL", strings.Replace(writableStore, "ldaps://", "ldaps://me:secret@", 1)},
		{"Active Directory without TLS", strings.Replace(domainStore, "ldaps://dc1.example.com:636", "ldap://dc1.example.com:389", 1)},
		{"the global catalog", strings.Replace(domainStore, ":636", ":3269", 1)},
		{"no DN", writableStore + "  user_base: people\n"},
		{"an unbalanced filter", writableStore + "  user_list_filter: '(objectClass=person'\n"},
		{"a filter that is escaped twice", writableStore + "  user_search_filter: '(&amp;(objectClass=person)(uid=?))'\n"},
		{"a filter without ?", writableStore + "  user_search_filter: (uid=jdoe)\n"},
		{"a list filter with ?", writableStore + "  user_list_filter: (uid=?)\n"},
		{"an attribute that is none", writableStore + "  user_attribute: 'u id'\n"},
		{"a pattern without {0}", writableStore + "  dn_pattern: 'uid=jdoe,dc=example,dc=com'\n"},
		{"two bases", writableStore + "  user_base: 'ou=a,dc=example,dc=com#ou=b,dc=example,dc=com'\n"},
		{"no groups, and nobody makes the role", strings.Replace(writableStore, "groups: write", "groups: none", 1) + "  add_admin: false\n"},
		{"an unknown datasource", "user_store: {type: jdbc, datasource: NO_DB}\n"},
		{"no password", without("password")},
		{"a placeholder in the account", strings.Replace(writableStore, "cn=carbon,ou=services,dc=example,dc=com", "'cn=${carbon.home},dc=example,dc=com'", 1)},
	} {
		b.WriteString("== " + tt.name + "\n" + refusals(t, sampleHome(t, "api"), userStoreAnswers(t, tt.answers)))
	}
	golden(t, "userstore/messages.txt", b.String())
}

func TestUserStoreOnStartedInstall(t *testing.T) {
	home := sampleHome(t, "api")
	startedHome(t, home)
	text := problemLines(problems(t, home, userStoreAnswers(t, readOnlyStore)))
	if !strings.Contains(text, "warning user_store.type: This server has been started before (") || !strings.Contains(text, "Users, their roles and their permissions in the present store (the database) are left behind.") {
		t.Errorf("%s", text)
	}
	text = problemLines(problems(t, home, "user_store: {type: jdbc, password_regex: '^[\\S]{4,60}$'}\n"))
	if !strings.Contains(text, "warning user_store.password_regex: This server has been started before (") {
		t.Errorf("%s", text)
	}
}

// TestUserStoreAudit has every rule find what it is for.
func TestUserStoreAudit(t *testing.T) {
	for _, tt := range []struct {
		name, answers, old, with, want string
	}{
		{"as shipped", "", "", "", "CS-7.1 warn warning repository/conf/user-mgt.xml:30: Embedded H2: users lie in the database inside the product (WSO2_CARBON_DB)."},
		{"one store", readOnlyStore, "", "", "CS-7.4 ok repository/conf/user-mgt.xml:30: One primary user store is live: "},
		{"a directory", readOnlyStore, "", "", "CS-7.1 ok repository/conf/user-mgt.xml:30: Users lie in "},
		{"AddAdmin with a read-only store", readOnlyStore, "", "", "AddAdmin"},
		{"no TLS", readOnlyStore, "ldaps://ldap.example.com:636", "ldap://ldap.example.com:389", "CS-7.2 warn warning repository/conf/user-mgt.xml:30: There is no TLS on the way to the directory: ldap://ldap.example.com:389."},
		{"a password that is shipped", readOnlyStore, "Bind&amp;&lt;Pw&gt;-7\"x", "secret", "CS-7.3 fail error repository/conf/user-mgt.xml:30: A default password opens the directory for Carbon's account."},
		{"no AddAdmin", readOnlyStore, "<AddAdmin>true</AddAdmin>", "<AddAdmin> </AddAdmin>", "CS-7.4 fail error repository/conf/user-mgt.xml:8: There is no <AddAdmin> with a value."},
		{"nobody makes the role", strings.Replace(writableStore, "groups: write", "groups: none", 1), "<AddAdmin>true<", "<AddAdmin>false<", "CS-7.4 fail error repository/conf/user-mgt.xml:8: AddAdmin is not true, and Carbon keeps its roles itself: nobody makes the administrator's role."},
		{"no TenantManager", readOnlyStore, "<Property name=\"TenantManager\">org.wso2.carbon.user.core.tenant.CommonHybridLDAPTenantManager</Property>\n            <Property name=\"ReadOnly\">", "<Property name=\"ReadOnly\">", "There is no TenantManager in the primary user store."},
		{"a filter without its &", readOnlyStore, "(&amp;(objectClass=inetOrgPerson)(uid=?))", "((objectClass=inetOrgPerson)(uid=?))", "CS-7.5 fail error repository/conf/user-mgt.xml:30: "},
		{"a datasource that is not there", "", "jdbc/WSO2CarbonDB", "jdbc/Nothing", "CS-7.1 fail error repository/conf/user-mgt.xml:30: There is no datasource with the JNDI name jdbc/Nothing"},
		{"no file", "", "<UserManager>", "<UserManager", "CS-7.1 unknown repository/conf/user-mgt.xml: Not checked: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			if tt.answers != "" {
				planTwice(t, home, userStoreAnswers(t, tt.answers))
			}
			if tt.old != "" {
				setFile(t, home, carbon.UserMgtXML, strings.Replace(readFile(t, home, carbon.UserMgtXML), tt.old, tt.with, 1))
			}
			got := resultLines(findings(t, home, 7))
			if tt.want == "AddAdmin" {
				if strings.Contains(got, "AddAdmin") {
					t.Errorf("AddAdmin true harms no read-only store:\n%s", got)
				}
				return
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("want %q:\n%s", tt.want, got)
			}
		})
	}
}

// TestUserStoreDatasource: users may lie in a database of their own that the same answers add.
func TestUserStoreDatasource(t *testing.T) {
	t.Setenv("DB_PW", "Database-pw-3")
	const own = `datasources:
  WSO2UM_DB: {type: postgresql, host: db1.example.com, database: users, username: carbon, password: {env: DB_PW}, schema: skip, jndi: jdbc/WSO2UM_DB, use: [users]}
`
	home := sampleHome(t, "servlet")
	setFile(t, home, "repository/components/lib/postgresql.jar", "")
	text := refusals(t, home, own+"user_store: {type: jdbc, datasource: WSO2_CARBON_DB}\n")
	if !strings.Contains(text, "error user_store.datasource: The answers name two datasources for the users: WSO2_CARBON_DB here, and WSO2UM_DB in datasources.WSO2UM_DB.use.") {
		t.Errorf("%s", text)
	}
	w, a := openHome(t, home), answersOf(t, own+"user_store: {type: jdbc, datasource: WSO2UM_DB}\n")
	if p := ValidateStep(userstore{}, w, a); len(p) != 0 {
		t.Errorf("%s", problemLines(p))
	}
	for _, s := range []Step{datasources{}, userstore{}} {
		if err := planStep(w, s, a); err != nil {
			t.Fatal(err)
		}
	}
	applyNow(t, home, w.plan())
	if _, _, from := realmOf(t, home); from != "jdbc/WSO2UM_DB" {
		t.Errorf("the realm takes its tables from %s", from)
	}
	if r := (userstore{}).Verify(openHome(t, home), a); r[0].Status != OK {
		t.Errorf("%s", resultLines(r))
	}
	alone := leftOutStep(t, sampleHome(t, "servlet"), own+"user_store: {type: jdbc, datasource: WSO2UM_DB}\n")
	if !strings.Contains(alone, "there is no datasource WSO2UM_DB with a JNDI name") {
		t.Errorf("without guideline 6: %q", alone)
	}
}

// leftOutStep plans without guideline 6 and returns why guideline 7 has no part in the plan.
func leftOutStep(t testing.TB, home, yaml string) string {
	t.Helper()
	out, err := BuildPlan(t.Context(), openInstall(t, home), answersOf(t, yaml), "datasources")
	if err != nil {
		t.Fatal(err)
	}
	return out.Left["user_store"]
}

// TestUserStoreVault puts the account of a directory into the vault in the run that sets it, and changes it in a vault that is there.
func TestUserStoreVault(t *testing.T) {
	const alias = "UserStoreManager.Property.ConnectionPassword"
	home := ownHome(t, "servlet")
	plain := twinOf(t, home)
	applyNow(t, plain, buildPlan(t, plain, userStoreAnswers(t, writableStore)).Plan)
	planTwice(t, home, userStoreAnswers(t, writableStore)+vaultStays)
	if got := judgeVault(t, home, plain, ksPassword)[alias]; got != dirPassword {
		t.Errorf("%s is %q", alias, got)
	}
	if files := clearOnDisk(t, home, dirPassword); len(files) != 0 {
		t.Errorf("the password stands in clear in %v", files)
	}

	planTwice(t, home, "user_store: {type: ldap, password: {env: OTHER_PW}}\n")
	applyNow(t, plain, buildPlan(t, plain, "user_store: {type: ldap, password: {env: OTHER_PW}}\n").Plan)
	if got := judgeVault(t, home, plain, ksPassword)[alias]; got != otherDirPass {
		t.Errorf("changed, %s is %q", alias, got)
	}
	planTwice(t, home, databaseStore)
	if text := readFile(t, home, carbon.UserMgtXML); strings.Contains(text, alias) {
		t.Error("the database has a password of a directory")
	}
}
