package plain

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
)

// standIn is a guideline whose words are ours: what a conversation looks like must not change when a real step finds better words.
type standIn struct {
	info    steps.Info
	fields  func(a *answers.Set) []steps.Field
	specs   []answers.Spec
	results []steps.Result
	checks  []steps.Check
	without string // why it does not apply
}

func (s standIn) Info() steps.Info                                     { return s.info }
func (s standIn) Specs() []answers.Spec                                { return s.specs }
func (s standIn) Checks(*steps.Workspace, *answers.Set) []steps.Check  { return s.checks }
func (s standIn) Plan(*steps.Workspace, *answers.Set) error            { return nil }
func (s standIn) Audit(*steps.Workspace) []steps.Result                { return s.results }
func (s standIn) Verify(*steps.Workspace, *answers.Set) []steps.Result { return nil }
func (s standIn) Advice(*steps.Workspace, *answers.Set) []steps.Advice { return nil }
func (s standIn) Applies(*steps.Workspace) (bool, string)              { return s.without == "", s.without }

func (s standIn) Fields(_ *steps.Workspace, a *answers.Set) []steps.Field {
	if s.fields == nil {
		return nil
	}
	return s.fields(a)
}

func (s standIn) Validate(_ *steps.Workspace, a *answers.Set) []steps.Problem {
	name := a.Text("hostname.name")
	switch {
	case s.info.ID != "hostname" || name == "":
	case name == a.Text("hostname.management"):
		return []steps.Problem{{Severity: steps.Error, Key: "hostname.management", Message: "Both names are the same.", Fix: "Leave this one empty."}}
	case !strings.Contains(name, "."):
		return []steps.Problem{{Severity: steps.Warning, Key: "hostname.name", Message: "The name has no domain, so only machines nearby find it.", Fix: "Give the full name."}}
	}
	return nil
}

const standInWhy = "Clients and certificates must agree on the name of the server. Without one, the name that Java guesses leaks into links, mails and messages.\n\nDecide it before the first start."

func in(file string, line int) carbon.Place { return carbon.Place{File: file, Line: line} }

func standIns() []steps.Step {
	step := func(n int, id, title string) standIn {
		return standIn{info: steps.Info{ID: id, Section: id, Guideline: n, Title: title, Why: standInWhy}}
	}
	admin, keys, host := step(1, "admin", "Administrator account"), step(2, "keystore", "SSL keys"), step(3, "hostname", "Host name")
	tuning, ports, logs := step(4, "tuning", "Tuning"), step(5, "ports", "Ports and firewall"), step(6, "logs", "Managing logs")
	keys.info.NotBuilt = true
	keys.results = []steps.Result{{Status: steps.Unknown, Guideline: 2, Message: "Not checked."}}
	admin.specs, admin.fields = []answers.Spec{userName, password}, adminFields
	admin.results = []steps.Result{{
		Status: steps.Fail, Guideline: 1, Place: in(carbon.UserMgtXML, 12), Message: "The administrator has the default password.",
		Why: "Everybody knows it.", Fix: "Set another with this step.",
	}}
	host.specs, host.fields = []answers.Spec{hostName, mgtName, prefix, prefixText}, hostFields
	host.results = []steps.Result{
		{Status: steps.Warn, Guideline: 3, Place: in(carbon.CarbonXML, 10), Message: "There is no <HostName>: the server guesses its name."},
		{Status: steps.Warn, Guideline: 3, Place: in(carbon.CarbonXML, 13), Message: "There is no <MgtHostName>."},
	}
	host.checks = hostChecks()
	tuning.info.Reads = []string{"hostname.name"}
	tuning.specs, tuning.fields = []answers.Spec{profile, heap, peers}, tuningFields
	tuning.results = []steps.Result{{Status: steps.OK, Guideline: 4, Message: "The profile is as recommended."}}
	ports.specs = []answers.Spec{{Key: "ports.offset", Kind: answers.Int, Label: "Offset"}, {Key: "ports.rules", Kind: answers.Path, Label: "Rules"}}
	ports.fields = func(*answers.Set) []steps.Field {
		return []steps.Field{{Spec: ports.specs[0], Default: "0", DefaultFrom: "the usual offset"}}
	}
	ports.results = []steps.Result{{Status: steps.Unknown, Guideline: 5, Message: "The firewall cannot be seen from the files."}}
	logs.without = "The logs are those of the host."
	return []steps.Step{admin, keys, host, tuning, ports, logs}
}

var (
	userName   = answers.Spec{Key: "admin.username", Kind: answers.Text, Label: "User name", Help: "Name of the administrator.", Required: true}
	password   = answers.Spec{Key: "admin.password", Kind: answers.Secret, Label: "Password", Help: "At least ten characters."}
	hostName   = answers.Spec{Key: "hostname.name", Kind: answers.Text, Label: "Host name", Help: "The name by which clients reach the server: fully qualified, without https:// and without a port.", Required: true}
	mgtName    = answers.Spec{Key: "hostname.management", Kind: answers.Text, Label: "Management host name"}
	prefix     = answers.Spec{Key: "hostname.prefix", Kind: answers.Bool, Label: "Prefix in WSDLs"}
	prefixText = answers.Spec{Key: "hostname.prefix_text", Kind: answers.Text, Label: "The prefix"}
	profile    = answers.Spec{Key: "tuning.profile", Kind: answers.Choice, Label: "Profile", Choices: []string{"small", "large"}}
	heap       = answers.Spec{Key: "tuning.heap", Kind: answers.Size, Label: "Maximum heap", Help: "As -Xmx."}
	peers      = answers.Spec{Key: "tuning.peers", Kind: answers.List, Label: "Peers"}
)

// made is what stands for a password that the program makes.
const made = "Made-0123456789-made"

func adminFields(*answers.Set) []steps.Field {
	return []steps.Field{
		{Spec: userName, Default: "admin", DefaultFrom: "the present value", Now: steps.Present{Text: "admin", Place: in(carbon.UserMgtXML, 11)}},
		{
			Spec: password, Confirm: true, Now: steps.Present{Text: "the default password", Place: in(carbon.UserMgtXML, 12)},
			Strength: func(s secret.Secret) string {
				return map[bool]string{true: "strong", false: "fair"}[len(s.Reveal()) > 15]
			},
			CheckSecret: func(s secret.Secret) *steps.Problem {
				if len(s.Reveal()) < 10 {
					return &steps.Problem{Severity: steps.Error, Message: "The password is too short.", Fix: "Take at least ten characters."}
				}
				return nil
			},
			Generate: func() secret.Secret { return secret.New(made) },
		},
	}
}

func hostFields(a *answers.Set) []steps.Field {
	all := []steps.Field{
		{
			Spec: hostName, Default: "am01", DefaultFrom: "the name of this machine", Now: steps.Present{Text: "localhost", Place: in(carbon.CarbonXML, 10)},
			Check: func(text string) *steps.Problem {
				if strings.Contains(text, "_") {
					return &steps.Problem{Severity: steps.Error, Message: `"_" is not allowed in a host name.`, Fix: `Use letters, digits and "-".`}
				}
				return nil
			},
		},
		{Spec: mgtName, Now: steps.Present{Note: "the address of the machine: no element in the file"}},
		{Spec: prefix, Default: "false"},
	}
	if a.Text("hostname.prefix") == "true" {
		needed := prefixText
		needed.Required = true
		all = append(all, steps.Field{Spec: needed, Default: "https://" + a.Text("hostname.name"), DefaultFrom: "the host name"})
	}
	return all
}

func tuningFields(*answers.Set) []steps.Field {
	return []steps.Field{
		{Spec: profile, Options: []steps.Option{{Value: "small", Label: "a small machine"}, {Value: "large", Label: "a large machine"}}},
		{Spec: heap, Default: "1g", DefaultFrom: "the guideline", Now: steps.Present{Text: "512m", Place: in("bin/wso2server.sh", 88)}},
		{Spec: peers},
	}
}

func hostChecks() []steps.Check {
	result := func(r steps.Result) func(context.Context) steps.Result {
		return func(context.Context) steps.Result { return r }
	}
	return []steps.Check{
		{ID: "a", Title: "am01.example.com resolves", Run: result(steps.Result{Status: steps.OK, Message: "am01.example.com is 10.0.0.4, this machine."})},
		{ID: "b", Title: "The certificate has the name", Run: result(steps.Result{Status: steps.Warn, Message: "The certificate is for localhost.", Fix: "Import one of your own with guideline 2."})},
	}
}

// edits are what the answers do to the sample.
var edits = []struct{ id, key, path, before, after string }{
	{"hostname", "hostname.name", carbon.CarbonXML, "<!--HostName>www.wso2.org</HostName-->", "<HostName>%s</HostName>"},
	{"admin", "admin.username", carbon.UserMgtXML, "<UserName>admin</UserName>", "<UserName>%s</UserName>"},
	{"admin", "admin.password", carbon.UserMgtXML, "<Password>admin</Password>", "<Password>%s</Password>"},
}

// standInPlan edits the sample with the answers.
func standInPlan(home *carbon.Install, a *answers.Set, except []string) (*apply.Plan, error) {
	p := &apply.Plan{Home: home.Home}
	byPath := map[string]*apply.Change{}
	for _, e := range edits {
		v, ok := a.Lookup(e.key)
		if !ok || strings.Contains(strings.Join(except, " "), e.id) {
			continue
		}
		c := byPath[e.path]
		if c == nil {
			data, err := home.Read(e.path)
			if err != nil {
				return nil, err
			}
			c = &apply.Change{Path: e.path, Op: apply.Modify, Before: data, After: data}
			byPath[e.path] = c
		}
		edit(c, e.id, e.before, e.after, v)
	}
	for _, path := range []string{carbon.CarbonXML, carbon.UserMgtXML} {
		if c := byPath[path]; c != nil && !bytes.Equal(c.Before, c.After) {
			p.Changes = append(p.Changes, *c)
		}
	}
	return p, nil
}

func edit(c *apply.Change, id, before, after string, v answers.Value) {
	text, guideline := v.Text, 3
	if id == "admin" {
		guideline = 1
	}
	if v.Secret.IsSet() {
		text = v.Secret.Reveal()
	}
	after = fmt.Sprintf(after, text)
	i := bytes.Index(c.After, []byte(before))
	if i < 0 {
		return
	}
	c.After = bytes.Replace(c.After, []byte(before), []byte(after), 1)
	c.Marks = append(c.Marks, apply.Mark{Start: i, End: i + len(after), Guideline: guideline, Reason: id})
	if v.Secret.IsSet() {
		c.HoldsSecrets = true
		at, was := bytes.Index(c.After[i:], []byte(text))+i, bytes.Index(c.Before, []byte(before))+len("<Password>")
		c.SecretsBefore = append(c.SecretsBefore, apply.Span{Start: was, End: was + len("admin")})
		c.SecretsAfter = append(c.SecretsAfter, apply.Span{Start: at, End: at + len(text)})
	}
}

// standInConfig is testConfig with the stand-ins for steps. Plan, apply and undo are real.
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
		p, err := standInPlan(in, a, except)
		if err != nil {
			return nil, err
		}
		out := &steps.Outcome{Plan: p, Left: map[string]string{}}
		for _, s := range standIns() {
			if id := s.Info().ID; !a.HasSection(s.Info().Section) || strings.Contains(strings.Join(except, " "), id) {
				out.Left[id] = "left out"
			}
		}
		out.Problems = []steps.Problem{
			{Severity: steps.Warning, Message: "The certificate is for localhost.", Fix: "Import one of your own."},
			{Severity: steps.Note, Message: "The access log of Tomcat is as it was."},
		}
		out.Advice = []steps.Advice{{
			Guideline: 5, Title: "Firewall", Text: "Let these ports through, for these addresses only:\n9443 from 10.0.0.0/8",
			Commands:    []string{"firewall-cmd --permanent --add-port=9443/tcp"},
			Attachments: []steps.Attachment{{Name: "/etc/nftables.d/carbon.nft", Content: "table inet carbon {\n}\n"}},
		}}
		return out, nil
	}
	b.Verify = func(context.Context, *carbon.Install, *answers.Set, ...string) []steps.Result {
		return []steps.Result{{Status: steps.OK, Message: "The host name is as intended."}}
	}
	return cfg
}
