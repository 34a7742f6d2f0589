package tui

import (
	"context"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
)

// standIn is a step whose texts are ours: pictures of screens must not change when a real step finds better words.
type standIn struct {
	info    steps.Info
	fields  []steps.Field
	results []steps.Result
	checks  []steps.Check
	without string // why it does not apply
}

func (s standIn) Info() steps.Info                                     { return s.info }
func (s standIn) Fields(*steps.Workspace, *answers.Set) []steps.Field  { return s.fields }
func (s standIn) Checks(*steps.Workspace, *answers.Set) []steps.Check  { return s.checks }
func (s standIn) Plan(*steps.Workspace, *answers.Set) error            { return nil }
func (s standIn) Audit(*steps.Workspace) []steps.Result                { return s.results }
func (s standIn) Verify(*steps.Workspace, *answers.Set) []steps.Result { return nil }
func (s standIn) Advice(*steps.Workspace, *answers.Set) []steps.Advice { return nil }
func (s standIn) Applies(*steps.Workspace) (bool, string)              { return s.without == "", s.without }

func (s standIn) Validate(_ *steps.Workspace, a *answers.Set) []steps.Problem {
	if name := a.Text("hostname.name"); s.info.ID == "hostname" && name != "" && !strings.Contains(name, ".") {
		return []steps.Problem{{Severity: steps.Warning, Key: "hostname.name", Message: "The name has no domain, so only machines nearby find it.", Fix: "Give the full name."}}
	}
	return nil
}

func (s standIn) Specs() []answers.Spec {
	specs := make([]answers.Spec, 0, len(s.fields))
	for _, f := range s.fields {
		specs = append(specs, f.Spec)
	}
	return specs
}

const standInWhy = "Clients and certificates must agree on the name of the server. Without one, the name that Java guesses leaks into links, mails and messages.\n\nDecide it before the first start."

func at(line int) carbon.Place { return carbon.Place{File: carbon.CarbonXML, Line: line} }

func standIns() []steps.Step {
	titles := strings.Split("Administrator account|SSL keys|JVM|Host name|Managing logs|Registry and governance|User stores|JMX|Tuning|"+
		"Plain-text passwords|Ports and firewall|Proxy servers|High availability|Backup and archiving|Feature management|Log rotation", "|")
	ids := strings.Fields("admin keystore jvm hostname logs datasources user_store jmx tuning vault ports proxy cluster backup features rotation")
	var all []steps.Step
	for i, title := range titles {
		s := standIn{info: steps.Info{ID: ids[i], Section: ids[i], Guideline: i + 1, Title: title, Why: standInWhy}}
		switch ids[i] {
		case "admin":
			s.fields = adminFields()
			s.results = []steps.Result{{Status: steps.Fail, Guideline: 1, Place: carbon.Place{File: carbon.UserMgtXML, Line: 12}, Message: "The administrator has the default password.", Fix: "Set it with this step."}}
		case "jvm":
			s.info.Reads = []string{"hostname.name"}
			s.fields = []steps.Field{{Spec: answers.Spec{Key: "jvm.heap_max", Kind: answers.Size, Label: "Maximum heap", Help: "As -Xmx."}}}
			s.results = []steps.Result{{Status: steps.OK, Guideline: 3, Message: "The heap is as recommended."}}
		case "hostname":
			s.fields = hostFields()
			s.results = []steps.Result{{Status: steps.Warn, Guideline: 4, Place: at(47), Message: "There is no <HostName>: the server guesses its name.", Why: "The guess goes into links.", Fix: "Set it with this step."}}
			s.checks = []steps.Check{
				{ID: "a", Title: "am01.example.com resolves", Run: func(context.Context) steps.Result {
					return steps.Result{Status: steps.OK, Message: "am01.example.com is 10.0.0.4, this machine."}
				}},
				{ID: "b", Title: "The certificate has the name", Run: func(context.Context) steps.Result {
					return steps.Result{Status: steps.Warn, Message: "The certificate is for localhost.", Fix: "Import one of your own with guideline 2."}
				}},
			}
		case "logs":
			s.without = "The logs are those of the host."
		case "jmx":
			s.fields = []steps.Field{{Spec: answers.Spec{Key: "jmx.enabled", Kind: answers.Bool, Label: "JMX server"}}}
			s.results = []steps.Result{{Status: steps.Warn, Guideline: 8, Message: "JMX listens on every address."}}
		case "ports":
			s.results = []steps.Result{{Status: steps.Unknown, Guideline: 11, Message: "The firewall cannot be seen from the files."}}
		default:
			s.info.NotBuilt = true
			s.results = []steps.Result{{Status: steps.Unknown, Guideline: i + 1, Message: "Not checked."}}
		}
		all = append(all, s)
	}
	return all
}

func adminFields() []steps.Field {
	return []steps.Field{
		{
			Spec:    answers.Spec{Key: "admin.username", Kind: answers.Text, Label: "User name", Help: "Name of the administrator.", Required: true},
			Default: "admin", Now: steps.Present{Text: "admin", Place: carbon.Place{File: carbon.UserMgtXML, Line: 11}},
		},
		{
			Spec: answers.Spec{Key: "admin.password", Kind: answers.Secret, Label: "Password", Help: "At least ten characters.", Required: true}, Confirm: true,
			Strength: func(s secret.Secret) string { return "fair" },
		},
	}
}

func hostFields() []steps.Field {
	return []steps.Field{
		{
			Spec:    answers.Spec{Key: "hostname.name", Kind: answers.Text, Label: "Host name", Help: "The name by which clients reach the server: fully qualified, without https:// and without a port.", Required: true},
			Default: "am01", Now: steps.Present{Text: "localhost", Place: at(47)},
			Check: func(text string) *steps.Problem {
				if strings.Contains(text, "_") {
					return &steps.Problem{Severity: steps.Error, Message: `"_" is not allowed in a host name.`, Fix: `Use letters, digits and "-".`}
				}
				return nil
			},
		},
		{
			Spec: answers.Spec{Key: "hostname.management", Kind: answers.Text, Label: "Management host name", Help: "Left out, the host name."},
			Now:  steps.Present{Note: "the address of the machine: no element in the file"},
		},
		{Spec: answers.Spec{Key: "hostname.prefix", Kind: answers.Bool, Label: "Also in WSDLs", Help: "Sets WSDLEPRPrefix."}, Default: "true"},
	}
}

const (
	beforeXML = "<Server>\r\n    <Name>Sample</Name>\r\n    <!--\r\n       Host name or IP address of the machine hosting this server\r\n    -->\r\n    <!--HostName>www.example.org</HostName-->\r\n" +
		"    <MgtHostName>mgt.example.org</MgtHostName>\r\n    <Indexing>a long line that goes on and on, far beyond the edge of an ordinary window, as those of real files do now and then</Indexing>\r\n</Server>\r\n"
	beforeUsers = "<Users>\n  <AdminUser>\n    <UserName>admin</UserName>\n    <Password>admin</Password>\n  </AdminUser>\n</Users>\n"
)

func standInPlan(home string, except []string) *apply.Plan {
	p := &apply.Plan{Home: home}
	left := strings.Join(except, " ")
	if !strings.Contains(left, "hostname") {
		after := strings.Replace(beforeXML, "<!--HostName>www.example.org</HostName-->", "<HostName>am01.example.com</HostName>", 1)
		i := strings.Index(after, "<HostName>")
		p.Changes = append(p.Changes, apply.Change{
			Path: carbon.CarbonXML, Op: apply.Modify, Before: []byte(beforeXML), After: []byte(after),
			Marks: []apply.Mark{{Start: i, End: i + len("<HostName>am01.example.com</HostName>"), Guideline: 4, Reason: "host name"}},
		})
	}
	if !strings.Contains(left, "admin") {
		after := strings.Replace(beforeUsers, "<Password>admin", "<Password>"+password, 1)
		i, j := strings.Index(after, password), strings.Index(beforeUsers, "admin</Password>")
		p.Changes = append(p.Changes, apply.Change{
			Path: carbon.UserMgtXML, Op: apply.Modify, Before: []byte(beforeUsers), After: []byte(after), HoldsSecrets: true,
			Marks:         []apply.Mark{{Start: i, End: i + len(password), Guideline: 1, Reason: "administrator's password"}},
			SecretsBefore: []apply.Span{{Start: j, End: j + 5}}, SecretsAfter: []apply.Span{{Start: i, End: i + len(password)}},
		})
	}
	return p
}

// standInConfig is testConfig with the stand-ins for steps, and a plan of two files.
func standInConfig(t testing.TB, home string) flow.Config {
	t.Helper()
	cfg := testConfig(t, home)
	b := &cfg.Backend
	b.Steps = standIns
	b.Schema = func() answers.Schema {
		schema := answers.Schema{{Key: "version", Kind: answers.Int, Label: "Version of this format", Required: true}}
		for _, s := range standIns() {
			schema = append(schema, s.Specs()...)
		}
		return schema
	}
	b.Audit = func(_ context.Context, w *steps.Workspace) []steps.Result {
		var all []steps.Result
		for _, s := range standIns() {
			all = append(all, s.Audit(w)...)
		}
		return all
	}
	b.BuildPlan = func(_ context.Context, in *carbon.Install, a *answers.Set, except ...string) (*steps.Outcome, error) {
		for _, s := range []string{"admin", "hostname"} {
			if !a.HasSection(s) {
				except = append(except, s)
			}
		}
		out := &steps.Outcome{Plan: standInPlan(in.Home, except), Left: map[string]string{}}
		for _, s := range except {
			out.Left[s] = "left out"
		}
		out.Problems = []steps.Problem{{Severity: steps.Note, Message: "The access log of Tomcat is as it was."}}
		out.Advice = []steps.Advice{{Guideline: 11, Title: "Firewall", Text: "Let these ports through, for these addresses only:\n9443 from 10.0.0.0/8\n9999 from nowhere", Commands: []string{"firewall-cmd --permanent --add-port=9443/tcp"}, Attachments: []steps.Attachment{{Name: "/etc/nftables.d/carbon.nft", Content: "table inet carbon {\n}\n"}}}}
		return out, nil
	}
	b.Preflight = func(context.Context, *apply.Plan, apply.Options) []apply.Problem { return nil }
	b.Apply = func(context.Context, *apply.Plan, apply.Options) (*apply.Result, error) {
		const dir = "/opt/wso2am-1.8.0/.carbon-setup/runs/20261122-140233-001"
		return &apply.Result{Run: "20261122-140233-001", Files: 2, Took: 4100 * time.Millisecond, Dir: dir, Report: dir + "/report.md", Log: dir + "/run.log"}, nil
	}
	return cfg
}

// preflight says what stands in the way at the moment.
func preflight(problems *[]apply.Problem) func(context.Context, *apply.Plan, apply.Options) []apply.Problem {
	return func(context.Context, *apply.Plan, apply.Options) []apply.Problem { return *problems }
}

func standInAnswers(t testing.TB, eng *flow.Engine) {
	t.Helper()
	host := flow.Values{Text: map[string]string{"hostname.name": "am01.example.com", "hostname.management": "", "hostname.prefix": "true"}}
	admin := flow.Values{Text: map[string]string{"admin.username": "opsadmin"}, Secret: map[string]secret.Secret{"admin.password": secret.New(password)}}
	for id, v := range map[string]flow.Values{"hostname": host, "admin": admin} {
		verdict, err := eng.Accept(context.Background(), id, v, true)
		if err != nil || !verdict.OK {
			t.Fatalf("%s: %+v, %v", id, verdict, err)
		}
	}
	if err := eng.Skip(context.Background(), "jmx", "monitored by agent"); err != nil {
		t.Fatal(err)
	}
}
