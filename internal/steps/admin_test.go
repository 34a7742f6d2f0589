package steps

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// tricky has characters that XML, properties and URLs write differently.
const tricky = `Gr&y<he"r>on$9='walk\s#!`

func adminAnswers(t testing.TB, user, password string) string {
	t.Helper()
	t.Setenv("ADMIN_PW", password)
	text := "admin:\n  password: {env: ADMIN_PW}\n"
	if user != "" {
		text += "  username: " + user + "\n"
	}
	return text
}

func TestAdminPlanOnSamples(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		t.Run(which, func(t *testing.T) {
			home := sampleHome(t, which)
			golden(t, "admin/"+which+"-audit.txt", resultLines(findings(t, home, 1)))
			yaml := adminAnswers(t, "opsadmin", tricky)
			out := planTwice(t, home, yaml)
			diff := diffText(out.Plan)
			golden(t, "admin/"+which+".diff", diff)
			golden(t, "admin/"+which+"-advice.txt", adviceLines(out.Advice))
			verified := resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, yaml)))
			after := resultLines(findings(t, home, 1))
			golden(t, "admin/"+which+"-after.txt", verified+after)
			noSecret(t, diff+adviceLines(out.Advice)+verified+after, secret.New(tricky), secret.New(url.PathEscape(tricky)))
			for _, c := range out.Plan.Changes {
				if !c.HoldsSecrets {
					t.Errorf("%s holds the password, and the plan does not say so", c.Path)
				}
			}
			if StateOf(admin{}, openHome(t, home), findings(t, home, 1)) != Met {
				t.Error("the guideline is not met after its own plan")
			}
		})
	}
}

// The values are read back by parsers that are not ours.
func TestAdminValuesReadByOthers(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, adminAnswers(t, "opsadmin", tricky))

	for _, c := range []struct{ file, path string }{
		{carbon.UserMgtXML, "/UserManager/Realm/Configuration/AdminUser/"},
		{carbon.APIManagerXML, "/APIManager/AuthManager/"},
		{carbon.APIManagerXML, "/APIManager/APIKeyManager/"},
	} {
		doc := etree.NewDocument()
		if err := doc.ReadFromFile(filepath.Join(home, c.file)); err != nil {
			t.Fatal(err)
		}
		if got := doc.FindElement(c.path + "Password").Text(); got != tricky {
			t.Errorf("%s%sPassword is %q", c.file, c.path, got)
		}
	}
	for line := range strings.Lines(readFile(t, home, carbon.JNDIProperties)) {
		_, value, ok := strings.Cut(line, "connectionfactory.QueueConnectionFactory = ")
		if !ok {
			continue
		}
		u, err := url.Parse(strings.TrimSpace(value))
		if err != nil {
			t.Fatal(err)
		}
		if password, _ := u.User.Password(); password != tricky || u.User.Username() != "opsadmin" {
			t.Errorf("jndi.properties has %q and %q", u.User.Username(), password)
		}
	}
}

func TestAdminPlanOnCorpus(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Log("the corpus is not here; the samples have been tested")
		return
	}
	before := findings(t, home, 1)
	if n := len(before); n != 10 {
		t.Errorf("%d findings before, want 10:\n%s", n, resultLines(before))
	}
	out := planTwice(t, home, adminAnswers(t, "opsadmin", tricky))
	want := []string{
		carbon.APIManagerXML, carbon.LoggingConfig, carbon.JNDIProperties, carbon.Log4jProperties, carbon.Stratos, carbon.CipherText, carbon.UserMgtXML,
	}
	slices.Sort(want)
	if got := planFiles(out.Plan); !slices.Equal(got, want) {
		t.Errorf("the plan changes %v, want %v", got, want)
	}
	added, removed := 0, 0
	for _, d := range out.Plan.Diff() {
		added, removed = added+d.Added, removed+d.Removed
	}
	if added != 21 || removed != 21 {
		t.Errorf("the diff has +%d -%d lines, want 21 each", added, removed)
	}
	noSecret(t, diffText(out.Plan)+adviceLines(out.Advice), secret.New(tricky))
	if after := findings(t, home, 1); countFindings(after) != 0 {
		t.Errorf("findings after the plan:\n%s", resultLines(after))
	}
}

// Every case bends the sample and says which places follow then.
func TestAdminPlaces(t *testing.T) {
	const auth = "the server that authenticates"
	for _, c := range []struct {
		name    string
		which   string
		bend    func(t *testing.T, home string)
		follows []string // parts of what a place is for
		stays   []string
		advice  string
		finding string
	}{
		{
			name: "as delivered", which: "api",
			follows: []string{"first start", auth, "gateway (Env", "key manager", "broker", "LOGEVENT", "log store", "archive", "Stratos", "vault", "StartupAPI"},
			stays:   []string{"BAM server", "Tomcat's", "blocking Axis2", "the Axis2 client"},
			advice:  "These are credentials of the BAM server",
		},
		{
			name: "Tomcat asks its own list", which: "api",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CarbonXML, "<TomcatRealm>UserManager<", "<TomcatRealm>Memory<")
			},
			follows: []string{"Tomcat's"}, finding: "The user both of Tomcat's own list has the password that Tomcat is delivered with.",
		},
		{
			name: "BAM is used with its default credentials", which: "api",
			bend: func(t *testing.T, home string) {
				text := readFile(t, home, carbon.APIManagerXML)
				at := strings.Index(text, "<APIUsageTracking>")
				setFile(t, home, carbon.APIManagerXML, text[:at]+strings.Replace(text[at:], "<Enabled>false<", "<Enabled>true<", 1))
			},
			stays: []string{"BAM server"}, finding: "Default credentials are in use for the login to the BAM server (APIUsageTracking).",
		},
		{
			name: "an account of its own for the publisher", which: "api",
			bend: func(t *testing.T, home string) { setPair(t, home, "/APIManager/AuthManager", "svc-auth", "Other-Pw-1") },
			stays: []string{
				auth,
			},
			advice: "The user here is svc-auth, and the administrator in user-mgt.xml is opsadmin.",
		},
		{
			name: "an outdated copy of the administrator's password", which: "api",
			bend:    func(t *testing.T, home string) { setPair(t, home, "/APIManager/AuthManager", "admin", "Former-Pw-1") },
			follows: []string{auth}, finding: "is the administrator's, with another password than user-mgt.xml",
		},
		{
			name: "user-mgt.xml was changed by hand before, the copies were not", which: "api",
			bend: func(t *testing.T, home string) {
				setPair(t, home, "/UserManager/Realm/Configuration/AdminUser", "boss", "Hand-made-pw-7")
			},
			follows: []string{"first start", auth, "gateway (Env", "broker", "vault"},
			stays:   []string{"LOGEVENT", "log store"}, advice: "The user here is admin, and the administrator in user-mgt.xml is opsadmin.",
		},
		{
			name: "another server with the same credentials", which: "api",
			bend: func(t *testing.T, home string) {
				setServerURL(t, home, "https://keymanager.example.com:9443/services/")
			},
			follows: []string{auth}, advice: "goes to keymanager.example.com. That server has to know the user opsadmin",
		},
		{
			name: "another server with other credentials", which: "api",
			bend: func(t *testing.T, home string) {
				setServerURL(t, home, "https://keymanager.example.com:9443/services/")
				setPair(t, home, "/APIManager/AuthManager", "admin", "Its-own-pw-3")
			},
			stays: []string{auth}, advice: "These credentials go to keymanager.example.com",
		},
		{
			name: "a broker elsewhere with other credentials", which: "api",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.JNDIProperties, "admin:admin@clientID", "admin:other@clientID")
				replaceIn(t, home, carbon.JNDIProperties, "tcp://localhost:5672", "tcp://mb.example.com:5672")
			},
			stays: []string{"broker"},
		},
		{
			name: "the Axis2 client has the administrator's password", which: "api",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.Axis2Client, ">axis2</parameter>", ">admin</parameter>")
			},
			follows: []string{"the Axis2 client"}, stays: []string{"blocking Axis2"},
		},
		{
			name: "a workflow on another server", which: "api",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.EPRDir+"/SubscriptionService.epr", "https://localhost:9443/", "http://localhost:9765/")
			},
			stays: []string{"workflow"}, advice: "The address http://localhost:9765/services/WorkflowCallbackService is not one of this server",
		},
		{
			name: "a workflow on this server", which: "api", follows: []string{"workflow"},
		},
		{
			name: "Cassandra inside the server", which: "servlet", follows: []string{"Cassandra", "Hive to the receiver", "task server"},
		},
		{
			name: "a Cassandra of its own", which: "servlet",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CassandraYAML, "org.wso2.carbon.cassandra.server.CarbonCassandraAuthenticator", "org.apache.cassandra.auth.PasswordAuthenticator")
			},
			stays: []string{"to Cassandra"}, advice: "Cassandra has users of its own",
		},
		{
			name: "a live remote message broker", which: "api",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.EventBroker, "</eventBrokerConfig>",
					"<remoteMessageBroker><userName>admin</userName><password>admin</password></remoteMessageBroker></eventBrokerConfig>")
			},
			follows: []string{"remote message broker"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, c.which)
			if c.bend != nil {
				c.bend(t, home)
			}
			scan := scanAdmin(openHome(t, home))
			if c.finding != "" && !strings.Contains(resultLines(findings(t, home, 1)), c.finding) {
				t.Errorf("the audit does not say %q:\n%s", c.finding, resultLines(findings(t, home, 1)))
			}
			for _, part := range c.follows {
				if !someLogin(scan, part, true) {
					t.Errorf("%q does not follow", part)
				}
			}
			for _, part := range c.stays {
				if !someLogin(scan, part, false) {
					t.Errorf("%q does not stay", part)
				}
			}
			out := planTwice(t, home, adminAnswers(t, "opsadmin", tricky))
			if advice := adviceLines(out.Advice); !strings.Contains(advice, c.advice) {
				t.Errorf("the advice does not say %q:\n%s", c.advice, advice)
			}
			results := VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, adminAnswers(t, "opsadmin", tricky)))
			for _, r := range results {
				if r.Status != OK {
					t.Errorf("verification: %s", resultLines(results))
				}
			}
		})
	}
}

// someLogin reports whether a place whose purpose contains part follows, or stays.
func someLogin(scan *adminScan, part string, follows bool) bool {
	for _, l := range scan.logins {
		if strings.Contains(l.site.what, part) && l.belongsTo(scan.account()) == follows {
			return true
		}
	}
	return false
}

// setPair writes user and password of an element of api-manager.xml or user-mgt.xml.
func setPair(t *testing.T, home, path, user, password string) {
	t.Helper()
	file, userName := carbon.APIManagerXML, "Username"
	if strings.HasPrefix(path, "/UserManager") {
		file, userName = carbon.UserMgtXML, "UserName"
	}
	editXML(t, home, file, func(doc *edit.XML) error {
		holder := doc.First(path)
		if err := doc.SetText(holder.First(userName), user); err != nil {
			return err
		}
		return doc.SetText(holder.First("Password"), password)
	})
}

func setServerURL(t *testing.T, home, to string) {
	t.Helper()
	editXML(t, home, carbon.APIManagerXML, func(doc *edit.XML) error {
		return doc.SetText(doc.First("/APIManager/AuthManager/ServerURL"), to)
	})
}

func editXML(t *testing.T, home, file string, change func(*edit.XML) error) {
	t.Helper()
	doc, err := edit.ParseXML(file, []byte(readFile(t, home, file)))
	if err == nil {
		err = change(doc)
	}
	if err == nil {
		_, err = doc.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	setFile(t, home, file, string(doc.Bytes()))
}

func TestAdminKeepsWhatIsLeftOut(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, adminAnswers(t, "", "Quiet-Lantern-Stone-41"))
	if got := scanAdmin(openHome(t, home)).account().user; got != "admin" {
		t.Errorf("the user name is %q without an answer for it", got)
	}
	planTwice(t, home, "admin:\n  username: opsadmin\n")
	now := scanAdmin(openHome(t, home)).account()
	if now.user != "opsadmin" || now.pass.Reveal() != "Quiet-Lantern-Stone-41" {
		t.Errorf("after a rename the account is %s with another password: %t", now.user, now.pass.Reveal() != "Quiet-Lantern-Stone-41")
	}
	if n := len(scanAdmin(openHome(t, home)).following(now)); n != 12 {
		t.Errorf("%d places follow, want 12", n)
	}
}

func TestAdminDamagedFiles(t *testing.T) {
	t.Run("a copy", func(t *testing.T) {
		home := sampleHome(t, "api")
		setFile(t, home, carbon.Stratos, "<stratosConfig><adminUserName>")
		yaml := adminAnswers(t, "opsadmin", tricky)
		out := buildPlan(t, home, yaml)
		if !slices.Contains(planFiles(out.Plan), carbon.UserMgtXML) || slices.Contains(planFiles(out.Plan), carbon.Stratos) {
			t.Errorf("the plan changes %v", planFiles(out.Plan))
		}
		named := false
		for _, p := range out.Problems {
			named = named || p.Severity == Warning && strings.HasPrefix(p.Message, carbon.Stratos+" cannot be used: ")
		}
		if !named {
			t.Errorf("no warning names the file: %+v", out.Problems)
		}
		applyNow(t, home, out.Plan)
		if lines := resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, yaml))); !strings.Contains(lines, "CS-1.5 warn warning "+carbon.Stratos) {
			t.Errorf("the verification does not name the file:\n%s", lines)
		}
		if lines := resultLines(findings(t, home, 1)); !strings.Contains(lines, "CS-1.5 unknown "+carbon.Stratos) {
			t.Errorf("the audit does not name the file:\n%s", lines)
		}
	})
	t.Run("user-mgt.xml", func(t *testing.T) {
		home := sampleHome(t, "api")
		setFile(t, home, carbon.UserMgtXML, "<UserManager>")
		out := buildPlan(t, home, adminAnswers(t, "opsadmin", tricky)+"hostname: {name: esb.example.com}\n")
		for _, c := range out.Plan.Changes {
			for _, m := range c.Marks {
				if m.Guideline == 1 {
					t.Errorf("%s is changed for guideline 1", c.Path)
				}
			}
		}
		if len(out.Plan.Changes) == 0 {
			t.Error("the other step has not gone on")
		}
		if r := findings(t, home, 1); len(r) != 1 || r[0].Status != Unknown || r[0].Place.File != carbon.UserMgtXML {
			t.Errorf("the audit says:\n%s", resultLines(r))
		}
	})
	t.Run("gone", func(t *testing.T) {
		home := sampleHome(t, "api")
		removeFile(t, home, carbon.UserMgtXML)
		if lines := resultLines(findings(t, home, 1)); !strings.Contains(lines, carbon.UserMgtXML+" is not there, so nobody can tell who the administrator is.") {
			t.Errorf("the audit says:\n%s", lines)
		}
		if f := (admin{}).Fields(openHome(t, home), answersOf(t, "")); f != nil {
			t.Errorf("there are questions: %+v", f)
		}
	})
	t.Run("unreadable", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Log("root may read everything; the damaged copy is tested above")
			return
		}
		home := sampleHome(t, "api")
		if err := os.Chmod(filepath.Join(home, carbon.JNDIProperties), 0); err != nil {
			t.Fatal(err)
		}
		if lines := resultLines(findings(t, home, 1)); !strings.Contains(lines, carbon.JNDIProperties+" may not be read by this user") {
			t.Errorf("the audit says:\n%s", lines)
		}
	})
}

func TestAdminInTheVault(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.UserMgtXML, "<Password>admin</Password>", `<Password svns:secretAlias="UserManager.AdminUser.Password">password</Password>`)
	replaceIn(t, home, carbon.UserMgtXML, "<UserManager>", `<UserManager xmlns:svns="http://org.wso2.securevault/configuration">`)
	found := problems(t, home, adminAnswers(t, "", tricky))
	if len(found) != 1 || found[0].Severity != Error || !strings.Contains(found[0].Message, carbon.UserMgtXML+":12 (alias UserManager.AdminUser.Password)") {
		t.Errorf("a password in the vault gives %+v", found)
	}
	out := planTwice(t, home, "admin:\n  username: opsadmin\n")
	if !strings.Contains(readFile(t, home, carbon.UserMgtXML), `secretAlias="UserManager.AdminUser.Password">password<`) {
		t.Errorf("the stand-in was changed:\n%s", diffText(out.Plan))
	}
	if r := findings(t, home, 1); !strings.Contains(resultLines(r), "CS-1.7 unknown") {
		t.Errorf("the audit says:\n%s", resultLines(r))
	}
	if f := (admin{}).Fields(openHome(t, home), answersOf(t, "")); f[1].Now.Text != "in the secure vault" || f[1].Required {
		t.Errorf("the question is %+v", f[1])
	}
}

func TestAdminOnStartedInstall(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		t.Run(which, func(t *testing.T) {
			home := sampleHome(t, which)
			setFile(t, home, carbon.CarbonLog, "TID: [0] WSO2 Carbon started in 41 sec\n")
			yaml := adminAnswers(t, "opsadmin", tricky)
			out := planTwice(t, home, yaml)
			var text strings.Builder
			for _, p := range out.Problems {
				text.WriteString(p.Severity.String() + " " + p.Key + ": " + p.Message + "\n    " + p.Fix + "\n")
			}
			text.WriteString(adviceLines(out.Advice))
			text.WriteString(resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, yaml))))
			text.WriteString(resultLines(findings(t, home, 1)))
			noSecret(t, text.String(), secret.New(tricky))
			golden(t, "admin/"+which+"-started.txt", strings.ReplaceAll(text.String(), home, "HOME"))
			for _, r := range VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, yaml)) {
				if r.Status == OK {
					t.Errorf("the verification claims success on a started install: %+v", r)
				}
			}
			if state := StateOf(admin{}, openHome(t, home), findings(t, home, 1)); state != CannotTell {
				t.Errorf("the state is %q", state)
			}
		})
	}
}

func TestAdminFields(t *testing.T) {
	home := sampleHome(t, "api")
	fields := admin{}.Fields(openHome(t, home), answersOf(t, ""))
	user, pass := fields[0], fields[1]
	if user.Key != keyAdminUser || user.Default != "admin" || user.Now.Place.String() != carbon.UserMgtXML+":11" {
		t.Errorf("the question for the user is %+v", user)
	}
	if pass.Key != keyAdminPassword || !pass.Required || !pass.Confirm || pass.Now.Text != "the default password" || pass.Default != "" {
		t.Errorf("the question for the password is %+v", pass)
	}
	if !strings.HasSuffix(pass.Help, "The user store takes 5 to 30 characters without blanks.") {
		t.Errorf("the help is %q", pass.Help)
	}
	made := pass.Generate()
	if p := pass.CheckSecret(made); p != nil {
		t.Errorf("a made password is refused: %+v", p)
	}
	if word := pass.Strength(made); word != strong {
		t.Errorf("a made password is %s", word)
	}
}
