package steps

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

func shippedStore() userStore {
	return userStore{
		class:    "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager",
		password: newStorePattern(`^[\S]{5,30}$`),
		username: newStorePattern(`^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$`),
		place:    carbon.Place{File: carbon.UserMgtXML, Line: 60},
	}
}

const pattern = "The user store accepts only 5 to 30 characters without blanks (PasswordJavaRegEx, repository/conf/user-mgt.xml:60). " +
	"The first start would create the account all the same, but nobody could ever log in to it."

const guessable = "The password is too easy to guess: it is made of a default password, a user name, a host name or a common word."

func TestPasswordRules(t *testing.T) {
	rules := passwordRules{store: shippedStore(), names: []string{"admin", "opsadmin", "esb.example.com", "am01"}}
	for _, c := range []struct {
		password string
		severity Severity
		message  string
	}{
		{"", Error, "The password is empty."},
		{"Gray-Heron-Walks-9", 0, ""},
		{`Gr&y<he"r>on$9='walk\s#!`, 0, ""},
		{"correct.horse.battery", 0, ""},
		{"Gray\tHeron\tWalks", Error, "The password contains a control character: it cannot be typed at a login and is not allowed in XML."},
		{"Gray-Heron\n", Error, "The password contains a control character: it cannot be typed at a login and is not allowed in XML."},
		{" Gray-Heron-Walks", Error, "The password contains a blank at its start or end: Carbon cuts it off when it reads user-mgt.xml."},
		{"Gray-Heron-Walks ", Error, "The password contains a blank at its start or end: Carbon cuts it off when it reads user-mgt.xml."},
		{"Gräy-Heron-Walks", Error, "The password contains a character outside ASCII: the files are in different encodings, and products that met one failed with buffer overflows and refused logins."},
		{"Gray-Heron-\xff", Error, "The password contains a character outside ASCII: the files are in different encodings, and products that met one failed with buffer overflows and refused logins."},
		{"Gray${carbon.home}", Error, "The password contains the characters ${: Carbon takes them for the start of a placeholder and replaces it, or hangs looking for its end."},
		{"Gray]Heron-Walks", Error, "The password contains the character ]: the secure vault reads a password from cipher-text.properties up to the first one and would keep only a part."},
		{"Gray Heron Walks", Error, pattern},
		{"Gr9!", Error, pattern},
		{"Gray-Heron-Walks-Over-The-Water", Error, pattern},
		{"admin", Error, guessable},
		{"Admin123", Error, guessable},
		{"4dm1n!", Error, guessable},
		{"@dm1n2026", Error, guessable},
		{"wso2carbon", Error, guessable},
		{"WSO2carbon-1", Error, guessable},
		{"carbonwso2", Error, guessable},
		{"adminadmin", Error, guessable},
		{"opsadmin", Error, guessable},
		{"OpsAdmin#1", Error, guessable},
		{"esb.example.com", Error, guessable},
		{"example-esb", Error, guessable},
		{"P@ssw0rd!", Error, guessable},
		{"changeme", Error, guessable},
		{"aaaaaaaaaaaaaaaa", Error, guessable},
		{"1234567890", Error, guessable},
		{"xq7Kv", Warning, "The password is weak: whoever can reach the login can try many of this kind."},
		{"heronwalk", Warning, "The password is weak: whoever can reach the login can try many of this kind."},
		{"heronwalksonwater", Warning, ""},
	} {
		got := rules.check(secret.New(c.password))
		if c.password == "heronwalksonwater" {
			if got != nil {
				t.Errorf("a long password of one kind: %+v", got)
			}
			continue
		}
		checkProblem(t, c.password, got, c.severity, c.message)
		if got != nil && len(c.password) > 4 && (strings.Contains(got.Message, c.password) || strings.Contains(got.Fix, c.password)) {
			t.Errorf("the message for %q holds it", c.password)
		}
	}
}

func checkProblem(t *testing.T, input string, got *Problem, severity Severity, message string) {
	t.Helper()
	switch {
	case got == nil && severity != 0:
		t.Errorf("%q is accepted, want %s: %s", input, severity, message)
	case got != nil && severity == 0:
		t.Errorf("%q is refused: %+v", input, got)
	case got != nil && (got.Severity != severity || got.Message != message):
		t.Errorf("%q gives %s: %s\nwant %s: %s", input, got.Severity, got.Message, severity, message)
	case got != nil && got.Fix == "":
		t.Errorf("%q: the message has no advice", input)
	}
}

func TestUserRules(t *testing.T) {
	const pattern = `The user store does not accept this user name: it has to match the regular expression ^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$ (UsernameJavaRegEx, repository/conf/user-mgt.xml:60), at every login, too.`
	for _, c := range []struct {
		name     string
		emails   bool
		severity Severity
		message  string
	}{
		{"opsadmin", false, 0, ""},
		{"ops.admin-2_x", false, 0, ""},
		{"PRIMARY/opsadmin", false, 0, ""},
		{"ops@example.com", true, 0, ""},
		{"", false, Error, "The user name is empty."},
		{"admin", false, Note, "The user name stays the one that every attacker tries first."},
		{"Admin", false, Note, "The user name stays the one that every attacker tries first."},
		{"ops@example.com", false, Error, "The user name contains an @, which Carbon takes for the start of a tenant's domain as long as EnableEmailUserName in carbon.xml is not true."},
		{"LDAP/ops", false, Error, "The user name contains a slash, which parts the name of a user store from the name of a user."},
		{"PRIMARY/a/b", false, Error, "The user name contains a slash, which parts the name of a user store from the name of a user."},
		{"wso2.system.user", false, Error, "Carbon keeps this user name for itself."},
		{"öps", false, Error, "The user name contains a character outside ASCII: the files are in different encodings, and products that met one failed with buffer overflows and refused logins."},
		{"ops admin", false, Warning, "The user name contains a blank: the user store accepts it, but bin/chpasswd.sh hands its arguments on without quotes and takes the name for two."},
		{"ops]admin", false, Warning, "The user name contains a square bracket: the user store accepts it, but they mark the values in cipher-text.properties, of which the secure vault keeps what stands before the first ]."},
		{"ops admin with a name that is too long", false, Error, pattern},
		{" ops", false, Error, "The user name contains a blank at its start or end: Carbon cuts it off when it reads user-mgt.xml."},
		{"ops${x}", false, Error, "The user name contains the characters ${: Carbon takes them for the start of a placeholder and replaces it, or hangs looking for its end."},
		{"op", false, Error, pattern},
		{"ops$admin", false, Error, pattern},
		{"ops<admin", false, Error, pattern},
		{"ops\\admin", false, Error, pattern},
		{strings.Repeat("o", 31), false, Error, pattern},
	} {
		checkProblem(t, c.name, userRules{store: shippedStore(), emailsOK: c.emails}.check(c.name), c.severity, c.message)
	}
}

// The right column is what java.lang.String.matches says.
func TestJavaPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		matches       bool
	}{
		{`^[\S]{5,30}$`, "abcde", true},
		{`^[\S]{5,30}$`, "abc de", false},
		{`[\S]{5,30}`, "abc defgh", false}, // matches() takes the whole text
		{`a|ab`, "ab", true},
		{`[a-zA-Z0-9._-|//]{3,30}$`, "ops_admin", true},
		{`[]a]+`, "a]", true},
		{`[\w-]+`, "a-b", true},
		{`(?i)[a-z]{3,}`, "ABC", true},
		{`\Q[a]\E+`, "[a]]", true},
		{`^.{5,}$`, "abcde\n", false},
		{`^(?=.*\d)(?=.*[A-Z]).{8,}$`, "Gray-Heron-9", true},
		{`^(?=.*\d)(?=.*[A-Z]).{8,}$`, "gray-heron-9", false},
		{`^(?=.*\d)(?=.*[A-Z]).{8,}$`, "Gray-Heron", false},
		{`(?=.*\d)[\S]{5,60}`, "12345", true},
		{`(?=.*\d)[\S]{5,60}`, "1 2345", false},
		{`(?!.*admin)(?=.*[)\](|])\S{4,}`, "adm(n", true},
		{`(?!.*admin)(?=.*[)\](|])\S{4,}`, "ad(admin", false},
		{`(?=(?:.*[0-9]){2,})[]a-z0-9(|]+`, "]a1(2", true},
		{`(?=(?:.*[0-9]){2,})[]a-z0-9(|]+`, "]a1(x", false},
		{`(?=\Q)(\E)[()]+`, ")()", true},
	} {
		re, err := compileJava(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := re.MatchString(c.text); got != c.matches {
			t.Errorf("%s matches %q: %t", c.pattern, c.text, got)
		}
	}
	for _, pattern := range []string{
		`^(?=.*\d).{8,}|x`, `a(?=.*\d).{8,}`, `^(?=.*\d.{8,}$`, `(?=a)*b`, `(?=(?!b)a).+`, `(?<=a)b`, `(?=a)|(b`, `(a)\1`, `a++b`, `\p{Punct}+`, `[a-z&&[^aeiou]]{3,}`, `[a-d[m-p]]+`, `[^[]`, `x{1,5000}`, `\u0041+`, `[a-z`,
		`\0101`, `a{,3}`, `a{`, `(?P<n>a)`, `\v`, `[a\Q`, `a)|(b`,
	} {
		if _, err := compileJava(pattern); !errors.Is(err, errJavaOnly) {
			t.Errorf("%s is taken, and Java reads it differently: %v", pattern, err)
		}
	}
}

func TestAdminPatternThatCannotBeTested(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.UserMgtXML, `<Property name="PasswordJavaRegEx">^[\S]{5,30}$<`, `<Property name="PasswordJavaRegEx">^.{8,}(?&lt;=\d)$<`)
	var found bool
	for _, p := range problems(t, home, adminAnswers(t, "opsadmin", "Gray-Heron-Walks-9")) {
		found = found || p.Severity == Warning && p.Key == keyAdminPassword && strings.Contains(p.Message, "could not be tested") && strings.Contains(p.Fix, `^.{8,}(?<=\d)$`)
	}
	if !found {
		t.Error("nothing says that the rule could not be tested")
	}
}

func TestAdminPatternOfTheStore(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.UserMgtXML, `<Property name="PasswordJavaRegEx">^[\S]{5,30}$<`, `<Property name="PasswordJavaRegEx">^[a-z]{8,12}$<`)
	got := problems(t, home, adminAnswers(t, "opsadmin", "Gray-Heron-Walks-9"))
	if len(got) != 1 || got[0].Key != keyAdminPassword || !strings.Contains(got[0].Message, "accepts only what matches the regular expression ^[a-z]{8,12}$ (PasswordJavaRegEx, "+carbon.UserMgtXML+":") {
		t.Errorf("the store's own rule gives %+v", got)
	}
	if f := (admin{}).Fields(openHome(t, home), answersOf(t, "")); f[1].Generate != nil {
		t.Error("a password is offered that the store would refuse")
	}
	setPair(t, home, "/UserManager/Realm/Configuration/AdminUser", "o", "Gray-Heron-Walks-9")
	lines := resultLines(findings(t, home, 1))
	for _, part := range []string{"CS-1.3 fail error repository/conf/user-mgt.xml:12: The administrator's password does not fit the rule", "The administrator's user name does not fit the rule"} {
		if !strings.Contains(lines, part) {
			t.Errorf("the audit does not say %q:\n%s", part, lines)
		}
	}
}

func TestAdminCrossChecks(t *testing.T) {
	for _, c := range []struct {
		name     string
		bend     func(t *testing.T, home string)
		user, pw string
		key      string
		severity Severity
		part     string
	}{
		{"a colon in the name", nil, "ops:admin", tricky, keyAdminUser, Error, "takes everything after the first colon for the password, however it is written (repository/conf/jndi.properties:2)"},
		{"an @ in the password", nil, "opsadmin", "Gray@Heron-Walks-9", keyAdminPassword, Warning, "It also stands in a connection URL (repository/conf/jndi.properties:2)"},
		{"a colon in the password", nil, "opsadmin", "Gray:Heron-Walks-9", keyAdminPassword, Warning, "It also stands in a connection URL"},
		{
			"an @ and a client id that is no host name",
			func(t *testing.T, home string) {
				replaceIn(t, home, carbon.JNDIProperties, "@clientID/", "@my_client/")
			},
			"opsadmin", "Gray@Heron-Walks-9", keyAdminPassword, Error, "takes the first @ for the end of the password",
		},
		{"the host name of the same answers", nil, "opsadmin", "gateway.example.org", keyAdminPassword, Error, guessable},
		{
			"no AddAdmin", func(t *testing.T, home string) {
				replaceIn(t, home, carbon.UserMgtXML, "<AddAdmin>true</AddAdmin>", "")
			}, "opsadmin", tricky, "", Warning, "has no <AddAdmin>. The server refuses to start without it.",
		},
		{
			"AddAdmin false", func(t *testing.T, home string) {
				replaceIn(t, home, carbon.UserMgtXML, "<AddAdmin>true<", "<AddAdmin>false<")
			}, "opsadmin", tricky, "", Warning, "repository/conf/user-mgt.xml:8: <AddAdmin> is not true, so the first start creates no administrator.",
		},
		{
			"a directory", func(t *testing.T, home string) {
				replaceIn(t, home, carbon.UserMgtXML, `"org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"`, `"org.wso2.carbon.user.core.ldap.ReadWriteLDAPUserStoreManager"`)
			}, "opsadmin", tricky, "", Warning, "The first start creates the administrator there, and only if no user of that name exists",
		},
		{
			"a directory that is only read", func(t *testing.T, home string) {
				replaceIn(t, home, carbon.UserMgtXML, `"org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"`, `"org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager"`)
			}, "opsadmin", tricky, "", Warning, "the administrator has to be a user of the directory, and the directory's password counts.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			if c.bend != nil {
				c.bend(t, home)
			}
			yaml := adminAnswers(t, c.user, c.pw) + "hostname: {name: gateway.example.org}\n"
			for _, p := range problems(t, home, yaml) {
				if p.Severity == c.severity && p.Key == c.key && strings.Contains(p.Message, c.part) && p.Fix != "" {
					return
				}
			}
			t.Errorf("no %s of %q says %q: %+v", c.severity, c.key, c.part, problems(t, home, yaml))
		})
	}
}

func TestAdminPasswordMissing(t *testing.T) {
	got := problems(t, sampleHome(t, "api"), "admin: {username: opsadmin}\n")
	if len(got) != 1 || got[0].Key != keyAdminPassword || got[0].Message != "Password is missing." {
		t.Errorf("a name without a password on an install with the default one gives %+v", got)
	}
}

func TestPasswordStrength(t *testing.T) {
	for password, want := range map[string]string{
		"": weak, "heron": weak, "Gr9!xz": weak, "heronwalks": weak, "Heron-9": weak, "admin123": weak,
		"Heron-Walk9": fair, "heronwalksabout": fair, "Gr9!xzKq": fair,
		"Gray-Heron-Walks-9": strong, "heronwalksaboutonthewater": strong, "kT7-q_Zr9.Wm": fair, "kT7-q_Zr9.WmXa": strong,
	} {
		if got := passwordStrength(password, nil); got != want {
			t.Errorf("%q is %s, want %s", password, got, want)
		}
	}
}

func TestGeneratedPasswords(t *testing.T) {
	rules := passwordRules{store: shippedStore(), names: []string{"admin"}}
	seen := map[string]bool{}
	for range 200 {
		s := rules.generator()()
		if p := rules.check(s); p != nil {
			t.Fatalf("a made password is refused: %+v", p)
		}
		if seen[s.Reveal()] {
			t.Fatal("the same password was made twice")
		}
		seen[s.Reveal()] = true
	}
	rules.store.password = newStorePattern(`^[\S]{5,12}$`)
	if s := rules.generator()(); len(s.Reveal()) != 12 {
		t.Errorf("a store that takes 12 characters is offered %d", len(s.Reveal()))
	}
}

// Whatever password the rules accept comes back from every place as it was.
func TestAdminAnyPasswordComesBack(t *testing.T) {
	home := sampleHome(t, "api")
	random := rand.New(rand.NewPCG(4, 2))
	rules := passwordRules{store: shippedStore()}
	tried := 0
	for tried < 40 {
		text := make([]byte, 8+random.IntN(22))
		for i := range text {
			text[i] = byte('!' + random.IntN('~'-'!'+1))
		}
		s := secret.New(string(text))
		if p := rules.check(s); p != nil && p.Severity == Error {
			continue
		}
		tried++
		planned := buildPlan(t, home, adminAnswers(t, "opsadmin", s.Reveal()))
		noSecret(t, diffText(planned.Plan), s)
		applyNow(t, home, planned.Plan)
		scan := scanAdmin(openHome(t, home))
		follow := scan.following(account{"opsadmin", s})
		if len(follow) != 12 {
			t.Fatalf("%q: %d places have it, want 12", s.Reveal(), len(follow))
		}
		for _, l := range follow {
			if !l.carries(account{"opsadmin", s}) {
				t.Errorf("%q came back differently from %s", s.Reveal(), l.place())
			}
		}
	}
}

func FuzzJavaPattern(f *testing.F) {
	for _, p := range []string{`^[\S]{5,30}$`, `[a&&[b]]`, `\Q`, `[^\]`, `(?=x)`, `(?!(?=[)]))|`, `(?=`, `[[[`} {
		f.Add(p, "abc")
	}
	f.Fuzz(func(_ *testing.T, pattern, text string) {
		p := newStorePattern(pattern)
		_ = p.refuses(text)
		if p != nil {
			_ = p.words()
		}
	})
}
