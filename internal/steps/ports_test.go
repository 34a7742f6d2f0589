package steps

import (
	"fmt"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

func TestPortsPlan(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		golden(t, "ports/"+which+".diff", planDiff(t, home, "ports: {offset: 3}\n"))
		planTwice(t, home, "ports: {offset: 3}\n")
		restores(t, which, "ports: {offset: 3}\n", "ports: {offset: 40}\n", "ports: {offset: 0}\n")
	}
}

func TestPortsPlanCorpus(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Log("no corpus here")
		return
	}
	before := map[string]string{}
	out := planTwice(t, home, "ports: {offset: 3}\n")
	for _, c := range out.Plan.Changes {
		before[c.Path] = string(c.Before)
	}
	want := []string{carbon.CarbonXML, carbon.EmailAdmin, carbon.IdentityXML, carbon.CatalinaXML}
	if files := planFiles(out.Plan); strings.Join(files, " ") != strings.Join(want, " ") {
		t.Errorf("files %v, want %v", files, want)
	}
	if n := strings.Count(readFile(t, home, carbon.IdentityXML), "https://localhost:9446/"); n != 6 {
		t.Errorf("%d addresses of identity.xml follow, want 6", n)
	}
	applyNow(t, home, buildPlan(t, home, "ports: {offset: 0}\n").Plan)
	for rel, text := range before {
		if readFile(t, home, rel) != text {
			t.Errorf("%s is not as it was", rel)
		}
	}
}

func TestPortsPlanLeavesWhatIsNotAsked(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, yaml := range []string{"ports: {}\n", "ports: {offset: 0}\n", "ports: {management_sources: [10.0.0.0/8]}\n"} {
		if out := buildPlan(t, sample, yaml); !out.Plan.Empty() {
			t.Errorf("%s: %v change", yaml, planFiles(out.Plan))
		}
	}
}

func TestPortsPlanBentFiles(t *testing.T) {
	sample := sampleHome(t, "api")
	in := func(rel, old, with string) func(t *testing.T, home string) {
		return func(t *testing.T, home string) { replaceIn(t, home, rel, old, with) }
	}
	for _, test := range []struct {
		name, yaml string
		bend       func(t *testing.T, home string)
		has        map[string]string
		hasNot     map[string]string
	}{
		{
			name: "no Offset", yaml: "ports: {offset: 2}\n", bend: in(carbon.CarbonXML, "        <Offset>0</Offset>\n", ""),
			has: map[string]string{carbon.CarbonXML: "<Offset>2</Offset>"},
		},
		{
			name: "an offset in the scripts", yaml: "ports: {offset: 2}\n", bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.ServerSH, "    $JAVA_OPTS \\\n", "    $JAVA_OPTS \\\n    -DportOffset=7 \\\n")
				replaceIn(t, home, carbon.ServerBAT, "%JAVA_OPTS% -Djava.endorsed", "%JAVA_OPTS% -DportOffset=7 -Djava.endorsed")
			},
			has:    map[string]string{carbon.CarbonXML: "<Offset>2</Offset>"},
			hasNot: map[string]string{carbon.ServerSH: "portOffset", carbon.ServerBAT: "portOffset"},
		},
		{
			name: "from one offset to another", yaml: "ports: {offset: 5}\n", bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CarbonXML, "<Offset>0<", "<Offset>3<")
				replaceIn(t, home, carbon.IdentityXML, "https://localhost:9443/openid/", "https://localhost:9446/openid/")
			},
			has: map[string]string{carbon.IdentityXML: "<OpenIDUserPattern>https://localhost:9448/openid/<", carbon.CatalinaXML: `redirectPort="9448"`},
		},
		{
			name: "addresses of others and of a proxy stay", yaml: "ports: {offset: 5}\n", bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.IdentityXML, "https://localhost:9443/openid/", "https://idp.example.com:9443/openid/")
				replaceIn(t, home, carbon.IdentityXML, "https://localhost:9443/samlsso", "https://localhost/samlsso")
				replaceIn(t, home, carbon.CatalinaXML, `redirectPort="9443"`, `redirectPort="443"`)
			},
			has: map[string]string{carbon.IdentityXML: "https://idp.example.com:9443/openid/", carbon.CatalinaXML: `redirectPort="443"`},
		},
		{
			name: "addresses with the host name of carbon.xml", yaml: "ports: {offset: 5}\n", bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CarbonXML, "<!--HostName>www.wso2.org</HostName-->", "<HostName>am.example.com</HostName>")
				replaceIn(t, home, carbon.IdentityXML, "https://localhost:9443/samlsso", "https://AM.example.com:9443/samlsso")
			},
			has: map[string]string{carbon.IdentityXML: "https://AM.example.com:9448/samlsso"},
		},
		{
			name: "the prefix of WSDLs", yaml: "ports: {offset: 5}\n", bend: in(carbon.Axis2XML,
				"<parameter name=\"port\" locked=\"false\">8280</parameter>", "<parameter name=\"port\" locked=\"false\">8280</parameter>\n<parameter name=\"WSDLEPRPrefix\" locked=\"false\">http://localhost:8280</parameter>"),
			has: map[string]string{carbon.Axis2XML: ">http://localhost:8285</parameter>"},
		},
		{
			name: "what a started server has stored stays", yaml: "ports: {offset: 5}\n", bend: func(t *testing.T, home string) { setFile(t, home, carbon.CarbonLog, "started\n") },
			has: map[string]string{carbon.IdentityXML: "https://localhost:9443/samlsso", carbon.EmailAdmin: "https://localhost:9448/"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, sample)
			test.bend(t, home)
			planTwice(t, home, test.yaml)
			for rel, want := range test.has {
				if text := readFile(t, home, rel); !strings.Contains(text, want) {
					t.Errorf("%s does not hold %q:\n%s", rel, want, text)
				}
			}
			for rel, not := range test.hasNot {
				if text := readFile(t, home, rel); strings.Contains(text, not) {
					t.Errorf("%s holds %q:\n%s", rel, not, text)
				}
			}
		})
	}
}

// A port number that could mean two ports is left alone.
func TestMovedPortsLeavesTheDoubtful(t *testing.T) {
	table := func(offset int) []Port {
		rows := []Port{
			{Base: 8243, Moved: true, Protocol: "tcp", Opens: Opens, Place: placeAt("a", 1)},
			{Base: 8280, Moved: true, Protocol: "tcp", Opens: Opens, Place: placeAt("a", 2)},
			{Base: 4000, Protocol: "tcp", Opens: Opens, Place: placeAt("a", 3)},
		}
		for i := range rows {
			rows[i].Number = rows[i].Base
			if rows[i].Moved {
				rows[i].Number += offset
			}
		}
		return rows
	}
	moves := movedPorts(table(0), table(37))
	if to, _ := moves.to("8243"); to != "8280" {
		t.Errorf("8243 goes to %q", to)
	}
	if _, ok := moves.to("8280"); ok {
		t.Error("8280 is the old port of one and the new port of the other")
	}
	if _, ok := moves.to("4000"); ok {
		t.Error("4000 does not move")
	}
	if to, _ := movedPorts(table(0), table(1)).to("8280"); to != "8281" {
		t.Errorf("8280 goes to %q", to)
	}
	if to, _ := movedPorts(table(5), table(0)).to("8285"); to != "8280" {
		t.Errorf("8285 goes back to %q", to)
	}
}

// The host name step comes later and finds the ports moved.
func TestPortsTogetherWithHostname(t *testing.T) {
	home := sampleHome(t, "api")
	const yaml = "hostname: {name: am.example.com}\nports: {offset: 3}\njmx: {hostname: am.example.com}\njvm: {heap_max: 2g}\n"
	planTwice(t, home, yaml)
	text := readFile(t, home, carbon.IdentityXML)
	if strings.Contains(text, ":9443") || !strings.Contains(text, "https://am.example.com:9446/samlsso") {
		t.Errorf("identity.xml:\n%s", text)
	}
	if text := readFile(t, home, carbon.Axis2XML); !strings.Contains(text, "https://am.example.com:8246") {
		t.Errorf("the prefix of WSDLs does not follow:\n%s", text)
	}
	for _, r := range findings(t, home, 11) {
		if r.ID == redirectRule || r.ID == clashRule || r.ID == addressRule && strings.HasPrefix(r.Place.File, "repository/conf/identity") {
			t.Errorf("left: %s", resultLines([]Result{r}))
		}
	}
}

func TestPortsFilesThatCannotBeRead(t *testing.T) {
	sample := sampleHome(t, "api")
	t.Run("carbon.xml", func(t *testing.T) {
		home := copyOf(t, sample)
		in := openInstall(t, home)
		setFile(t, home, carbon.CarbonXML, "<Server>")
		out, err := BuildPlan(t.Context(), in, answersOf(t, "ports: {offset: 3}\n"))
		if err != nil || !strings.HasPrefix(out.Left["ports"], carbon.CarbonXML+":1: ") {
			t.Errorf("left %+v, error %v", out, err)
		}
		if r := only(t, ports{}.Audit(NewWorkspace(in)), offsetRule); r.Status != Fail || !strings.Contains(r.Message, carbon.CarbonXML) {
			t.Errorf("audit %s", resultLines([]Result{r}))
		}
	})
	t.Run("wso2server.sh and api-manager.xml", func(t *testing.T) {
		home := copyOf(t, sample)
		removeFile(t, home, carbon.ServerSH)
		setFile(t, home, carbon.APIManagerXML, "<APIManager>")
		out := buildPlan(t, home, "ports: {offset: 3}\n")
		if text := problemLines(out.Problems); !strings.Contains(text, "bin/wso2server.sh is not there, so it was not looked into") || !strings.Contains(text, "repository/conf/api-manager.xml cannot be used") {
			t.Errorf("problems:\n%s", text)
		}
		if files := planFiles(out.Plan); len(files) == 0 || files[0] != carbon.CarbonXML {
			t.Errorf("files %v", files)
		}
	})
	t.Run("catalina-server.xml is not there", func(t *testing.T) {
		home := copyOf(t, sample)
		removeFile(t, home, carbon.CatalinaXML)
		if files := planFiles(buildPlan(t, home, "ports: {offset: 3}\n").Plan); len(files) != 1 {
			t.Errorf("files %v", files)
		}
	})
}

func TestPortsProblems(t *testing.T) {
	samples := map[string]string{"api": sampleHome(t, "api"), "servlet": sampleHome(t, "servlet")}
	var b strings.Builder
	for _, test := range []struct {
		name, which, yaml string
		machine           func(*carbon.Install)
		bend              func(t *testing.T, home string)
	}{
		{name: "none", which: "servlet", yaml: "ports: {offset: 3}\n"},
		{name: "a port stays", which: "api", yaml: "ports: {offset: 3}\n"},
		{name: "negative", which: "api", yaml: "ports: {offset: -1}\n"},
		{name: "far too large", which: "api", yaml: "ports: {offset: 65535}\n"},
		{name: "too large", which: "api", yaml: "ports: {offset: 60000}\n"},
		{name: "a clash", which: "api", yaml: "ports: {offset: 398}\n"},
		{name: "a clash that may be none", which: "servlet", yaml: "ports: {offset: 1}\n", bend: func(t *testing.T, home string) {
			replaceIn(t, home, carbon.CatalinaXML, "    <Engine", "    <Connector port=\"10500\"/>\n    <Engine")
		}},
		{name: "a started server", which: "servlet", yaml: "ports: {offset: 3}\n", bend: func(t *testing.T, home string) { setFile(t, home, carbon.CarbonLog, "x\n") }},
		{name: "JAVA_OPTS", which: "servlet", yaml: "ports: {offset: 3}\n", machine: withJavaOpts("-DportOffset=9")},
		{name: "networks that are none", which: "api", yaml: "ports: {management_sources: [10.0.0.300, admins.example.com, \"10.0.5.9/24\", \"https://10.0.0.1\", 0.0.0.0, \"::ffff:10.0.0.1\", \"fe80::1%eth0\", \"10.0.0.0/33\"]}\n"},
		{name: "everyone", which: "api", yaml: "ports: {jmx_sources: [10.0.0.0/8, \"0.0.0.0/0\"]}\n"},
		{name: "an empty list", which: "api", yaml: "ports: {jmx_sources: []}\n"},
		{name: "management ports that carry services", which: "servlet", yaml: "ports: {management_sources: [10.0.0.0/8]}\n"},
		{name: "management ports that carry the store", which: "api", yaml: "ports: {management_sources: [10.0.0.0/8]}\n", bend: func(t *testing.T, home string) {
			setFile(t, home, "repository/deployment/server/jaggeryapps/store/jaggery.conf", "{}")
		}},
	} {
		home, machine := samples[test.which], java7
		if test.machine != nil {
			machine = test.machine
		}
		if test.bend != nil {
			home = copyOf(t, home)
			test.bend(t, home)
		}
		fmt.Fprintf(&b, "# %s\n%s\n", test.name, problemLines(problemsAs(t, home, test.yaml, machine)))
	}
	golden(t, "ports/problems.txt", b.String())
}

func TestPortsFields(t *testing.T) {
	home := sampleHome(t, "api")
	fields := ports{}.Fields(openHome(t, home), answers.NewSet(Schema()))
	if len(fields) != 3 || fields[0].Default != "0" || fields[0].Now.Place.Line == 0 {
		t.Errorf("fields %+v", fields)
	}
	if fields := (ports{}).Fields(openHome(t, home), answersOf(t, "jmx: {enabled: false}\n")); len(fields) != 2 {
		t.Errorf("with JMX off, %d questions", len(fields))
	}
	replaceIn(t, home, carbon.CarbonXML, "<Offset>0<", "<Offset>4<")
	w := NewWorkspace(openAs(t, home, withJavaOpts("-DportOffset=9")))
	if f := (ports{}).Fields(w, answers.NewSet(Schema()))[0]; f.Default != "4" || !strings.Contains(f.Now.Note, "-DportOffset=9, which wins") {
		t.Errorf("offset %+v", f)
	}
}

func TestPortsAudit(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		golden(t, "ports/"+which+".audit", resultLines(findings(t, home, 11)))
		applyNow(t, home, buildPlan(t, home, "ports: {offset: 3}\n").Plan)
		golden(t, "ports/"+which+"-offset.audit", resultLines(findings(t, home, 11)))
	}
}

func TestPortsAuditRules(t *testing.T) {
	sample := sampleHome(t, "api")
	in := func(rel, old, with string) func(t *testing.T, home string) {
		return func(t *testing.T, home string) { replaceIn(t, home, rel, old, with) }
	}
	for _, test := range []struct {
		name    string
		bend    func(t *testing.T, home string)
		machine func(*carbon.Install)
		id      string
		status  Status
		says    string
		at      string
	}{
		{"offset", nil, java7, offsetRule, OK, "The port offset is 0.", carbon.CarbonXML + ":"},
		{"no offset", in(carbon.CarbonXML, "<Offset>0</Offset>", ""), java7, offsetRule, Fail, "there is no element Ports/Offset", carbon.CarbonXML},
		{"offset in a comment only", in(carbon.CarbonXML, "<Offset>0</Offset>", "<!--Offset>0</Offset-->"), java7, offsetRule, Fail, "there is no element Ports/Offset", carbon.CarbonXML},
		{"nonsense", in(carbon.CarbonXML, "<Offset>0<", "<Offset>none<"), java7, offsetRule, Fail, `"none" is not a whole number`, carbon.CarbonXML + ":"},
		{"negative", in(carbon.CarbonXML, "<Offset>0<", "<Offset>-1<"), java7, offsetRule, Warn, "The port offset is -1.", carbon.CarbonXML + ":"},
		{"JAVA_OPTS", nil, withJavaOpts("-DportOffset=2"), portOptRule, Warn, "JAVA_OPTS in this environment has -DportOffset=2, which wins over the offset 0", ""},
		{"the script", inScript("    $JAVA_OPTS \\\n", "    -DportOffset=2 \\\n    $JAVA_OPTS \\\n"), java7, portOptRule, Warn, "-DportOffset=2, which wins", carbon.ServerSH + ":"},
		{"a clash", in(carbon.CarbonXML, ">11111<", ">9763<"), java7, clashRule, Fail, "Port 9763/tcp is wanted twice", ""},
		{"a clash with what may be there", in(carbon.CarbonXML, ">11111<", ">10500<"), java7, clashRule, Warn, "Port 10500/tcp is wanted twice", ""},
		{"a commented connector is none", in(carbon.CatalinaXML, "    <Engine", "    <!--Connector port=\"9443\"/-->\n    <Engine"), java7, offsetRule, OK, "is 0", ""},
		{"redirect", in(carbon.CatalinaXML, `redirectPort="9443"`, `redirectPort="9444"`), java7, redirectRule, Warn, "redirectPort is 9444, but no port of this server is", carbon.CatalinaXML + ":"},
		{"unreadable", func(t *testing.T, home string) { setFile(t, home, carbon.APIManagerXML, "<") }, java7, unreadRule, Unknown, "api-manager.xml cannot be used", carbon.APIManagerXML},
		{"firewall", nil, java7, firewallRule, Unknown, "cannot be seen from the files", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, sample)
			if test.bend != nil {
				test.bend(t, home)
			}
			r := only(t, ports{}.Audit(NewWorkspace(openAs(t, home, test.machine))), test.id)
			if r.Status != test.status || !strings.Contains(r.Message, test.says) || !strings.HasPrefix(r.Place.String(), test.at) {
				t.Errorf("got %swant %s %q at %q", resultLines([]Result{r}), test.status, test.says, test.at)
			}
			if (r.Status == Warn || r.Status == Fail) && (r.Fix == "" || r.Severity == 0) {
				t.Errorf("a finding without a fix or severity: %+v", r)
			}
		})
	}
	t.Run("out of range", func(t *testing.T) {
		home := copyOf(t, sample)
		replaceIn(t, home, carbon.CarbonXML, "<Offset>0<", "<Offset>60000<")
		var found []Result
		for _, r := range findings(t, home, 11) {
			if r.ID == rangeRule {
				found = append(found, r)
			}
		}
		if len(found) < 6 || found[0].Status != Fail {
			t.Errorf("found %s", resultLines(found))
		}
	})
	t.Run("redirect to a proxy", func(t *testing.T) {
		home := copyOf(t, sample)
		replaceIn(t, home, carbon.CatalinaXML, `redirectPort="9443"`, `redirectPort="8443"`)
		replaceIn(t, home, carbon.CatalinaXML, `port="9443"`+"\n", `port="9443" proxyPort="8443"`+"\n")
		for _, r := range findings(t, home, 11) {
			if r.ID == redirectRule {
				t.Errorf("found %s", resultLines([]Result{r}))
			}
		}
	})
}

func TestStaleAddresses(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, "repository/deployment/server/jaggeryapps/publisher/site/conf/site.json",
		"{\n  // \"old\": \"https://localhost:9443/one\",\n  /* \"https://localhost:9443/two\n  */\n  \"identityProviderURL\" : \"https://localhost:9443/samlsso\",\n  \"other\" : \"https://elsewhere.example.com:9443/\"\n}\n")
	setFile(t, home, carbon.EPRDir+"/UserSignup.epr", "<wsa:EndpointReference xmlns:wsa=\"x\"><!-- http://localhost:8280/ --><wsa:Address>http://localhost:8280/services/A</wsa:Address><wsa:To at=\"http://127.0.0.1:8280/b\"/></wsa:EndpointReference>")
	replaceIn(t, home, carbon.CarbonXML, "<Offset>0<", "<Offset>1<")
	w := openHome(t, home)
	table := PortTable(w)
	var b strings.Builder
	for _, s := range staleAddresses(w, movedPorts(table, table)) {
		fmt.Fprintf(&b, "%s -> %s\n", s, s.now)
	}
	golden(t, "ports/stale.txt", b.String())
}

func TestPortsVerify(t *testing.T) {
	home := sampleHome(t, "api")
	a := answersOf(t, "ports: {offset: 3}\n")
	if r := only(t, ports{}.Verify(openHome(t, home), a), offsetRule); r.Status != Fail {
		t.Errorf("before: %s", resultLines([]Result{r}))
	}
	applyNow(t, home, buildPlan(t, home, "ports: {offset: 3}\n").Plan)
	for _, r := range (ports{}).Verify(openHome(t, home), a) {
		if r.Status != OK || r.Guideline != 11 {
			t.Errorf("after: %s", resultLines([]Result{r}))
		}
	}
	if r := only(t, ports{}.Verify(NewWorkspace(openAs(t, home, withJavaOpts("-DportOffset=0"))), a), portOptRule); r.Status != Warn {
		t.Errorf("JAVA_OPTS: %s", resultLines([]Result{r}))
	}
	if all := (ports{}).Verify(openHome(t, home), answersOf(t, "ports: {jmx_sources: [10.0.0.1]}\n")); len(all) != 1 || all[0].Status != OK {
		t.Errorf("sources only: %s", resultLines(all))
	}
}
