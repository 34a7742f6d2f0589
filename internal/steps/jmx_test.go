package steps

import (
	"fmt"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

const (
	remoteJMX  = "jmx: {enabled: true, registry_port: 9998, server_port: 11112, hostname: esb.example.com}\n"
	shippedJMX = "jmx: {enabled: false, registry_port: 9999, server_port: 11111, hostname: localhost}\n"
)

func TestJMXPlan(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		golden(t, "jmx/"+which+".diff", planDiff(t, home, remoteJMX))
		golden(t, "jmx/"+which+"-off.diff", planDiff(t, home, "jmx: {enabled: false}\n"))
		planTwice(t, home, remoteJMX)
		restores(t, which, remoteJMX, shippedJMX, "jmx: {enabled: true}\n")
		restores(t, which, "jmx: {enabled: false}\n", "jmx: {enabled: true}\n")
	}
}

func TestJMXPlanCorpus(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Log("no corpus here")
		return
	}
	ports := "jmx: {enabled: false, registry_port: 9998, server_port: 11112}\n"
	if why := leftOut(t, home, ports, "jmx"); !strings.HasPrefix(why, carbon.ServerSH) {
		t.Errorf("without wso2server.sh the property cannot be taken out, and yet: %q", why)
	}
	out := planTwice(t, home, "jmx: {registry_port: 9998, server_port: 11112}\n")
	if files := planFiles(out.Plan); len(files) != 1 || files[0] != carbon.CarbonXML {
		t.Errorf("files %v", files)
	}
}

// Switching JMX off takes the property out that was put in for it, and HostName stays for another time.
func TestJMXOffTakesThePropertyOut(t *testing.T) {
	home := sampleHome(t, "api")
	script, batch, wrapper := readFile(t, home, carbon.ServerSH), readFile(t, home, carbon.ServerBAT), readFile(t, home, carbon.WrapperConf)
	applyNow(t, home, buildPlan(t, home, "jmx: {hostname: esb.example.com}\n").Plan)
	applyNow(t, home, buildPlan(t, home, "jmx: {enabled: false}\n").Plan)
	for rel, want := range map[string]string{carbon.ServerSH: script, carbon.ServerBAT: batch, carbon.WrapperConf: wrapper} {
		if got := readFile(t, home, rel); got != want {
			t.Errorf("%s is not as before:\n%s", rel, got)
		}
	}
}

// The JVM's own JMX server uses the same property.
func TestJMXOffKeepsThePropertyOfTheAgent(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.ServerSH, "    -Dcom.sun.management.jmxremote \\\n", "    -Dcom.sun.management.jmxremote.port=7199 \\\n    -Djava.rmi.server.hostname=10.0.0.1 \\\n")
	out := buildPlan(t, home, "jmx: {enabled: false}\n")
	if files := planFiles(out.Plan); len(files) != 1 || files[0] != carbon.JMXXML {
		t.Errorf("files %v", files)
	}
}

func TestJMXPlanBentFiles(t *testing.T) {
	for _, test := range []struct {
		name string
		bend func(t *testing.T, home string)
		yaml string
		want map[string]string // file -> text it has afterwards
	}{
		{
			"numbers in jmx.xml become placeholders",
			func(t *testing.T, home string) {
				replaceIn(t, home, carbon.JMXXML, "${Ports.JMX.RMIRegistryPort}", "19999")
				replaceIn(t, home, carbon.JMXXML, "${Ports.JMX.RMIServerPort}", "21111")
			},
			"jmx: {registry_port: 9998}\n",
			map[string]string{carbon.JMXXML: "<RMIRegistryPort>${Ports.JMX.RMIRegistryPort}</RMIRegistryPort>\n    <RMIServerPort>21111</RMIServerPort>", carbon.CarbonXML: "<RMIRegistryPort>9998</RMIRegistryPort>"},
		},
		{
			"no JMX in carbon.xml",
			func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CarbonXML, "        <JMX>\n            <RMIRegistryPort>9999</RMIRegistryPort>\n            <RMIServerPort>11111</RMIServerPort>\n        </JMX>\n", "")
			},
			"jmx: {registry_port: 9998, server_port: 11112}\n",
			map[string]string{carbon.CarbonXML: "        <JMX>\n            <RMIRegistryPort>9998</RMIRegistryPort>\n            <RMIServerPort>11112</RMIServerPort>\n        </JMX>\n        <EmbeddedLDAP>"},
		},
		{
			"no HostName in jmx.xml",
			func(t *testing.T, home string) {
				replaceIn(t, home, carbon.JMXXML, "    <HostName>localhost</HostName>\n", "")
			},
			"jmx: {hostname: esb.example.com}\n",
			map[string]string{carbon.JMXXML: "<HostName>esb.example.com</HostName>", carbon.ServerSH: "-Djava.rmi.server.hostname=esb.example.com"},
		},
		{
			"another name in the script",
			func(t *testing.T, home string) {
				replaceIn(t, home, carbon.ServerSH, "    $JAVA_OPTS \\\n", "    $JAVA_OPTS \\\n    -Djava.rmi.server.hostname=\"10.0.0.1\" \\\n")
			},
			"jmx: {hostname: esb.example.com}\n",
			map[string]string{carbon.ServerSH: "-Djava.rmi.server.hostname=\"esb.example.com\""},
		},
		{
			"a name with letters outside ASCII",
			func(*testing.T, string) {},
			"jmx: {hostname: müller.example}\n",
			map[string]string{carbon.JMXXML: "<HostName>xn--mller-kva.example</HostName>", carbon.ServerSH: "hostname=xn--mller-kva.example"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			test.bend(t, home)
			planTwice(t, home, test.yaml)
			for rel, want := range test.want {
				if text := readFile(t, home, rel); !strings.Contains(text, want) {
					t.Errorf("%s does not hold %q:\n%s", rel, want, text)
				}
			}
		})
	}
}

func TestJMXFilesThatAreNotThere(t *testing.T) {
	t.Run("jmx.xml", func(t *testing.T) {
		home := sampleHome(t, "api")
		removeFile(t, home, carbon.JMXXML)
		out := buildPlan(t, home, remoteJMX)
		if !out.Plan.Empty() || !strings.Contains(out.Left["jmx"], carbon.JMXXML) {
			t.Errorf("left %q", out.Left["jmx"])
		}
	})
	t.Run("jmx.xml is damaged", func(t *testing.T) {
		home := sampleHome(t, "api")
		setFile(t, home, carbon.JMXXML, "<JMX><HostName>")
		if why := leftOut(t, home, remoteJMX, "jmx"); !strings.HasPrefix(why, carbon.JMXXML+":1: ") {
			t.Errorf("left: %q", why)
		}
		if r := only(t, findings(t, home, 8), jmxRule); r.Status != Unknown || r.Place.File != carbon.JMXXML {
			t.Errorf("audit %+v", r)
		}
	})
	t.Run("wso2server.sh", func(t *testing.T) {
		home := sampleHome(t, "api")
		removeFile(t, home, carbon.ServerSH)
		if why := leftOut(t, home, remoteJMX, "jmx"); why != "bin/wso2server.sh is not there." {
			t.Errorf("left: %q", why)
		}
	})
}

func TestJMXProblems(t *testing.T) {
	sample := sampleHome(t, "api")
	var b strings.Builder
	for _, test := range []struct {
		name, yaml string
		machine    func(*carbon.Install)
		bend       func(t *testing.T, home string)
	}{
		{name: "all well", yaml: remoteJMX},
		{name: "off needs no name", yaml: "jmx: {enabled: false, registry_port: 1, server_port: 1}\n"},
		{name: "no name", yaml: "jmx: {enabled: true}\n"},
		{name: "JAVA_OPTS in the script", yaml: remoteJMX, bend: inScript("status=121\n", "status=121\nJAVA_OPTS=\"-Djava.rmi.server.hostname=10.0.0.9\"\n")},
		{name: "localhost", yaml: "jmx: {hostname: localhost}\n"},
		{name: "no ports", yaml: "jmx: {registry_port: 0, server_port: 70000}\n"},
		{name: "the same port", yaml: "jmx: {registry_port: 9999, server_port: 9999}\n"},
		{name: "the port of the other one in the file", yaml: "jmx: {registry_port: 11111}\n"},
		{name: "a port of Tomcat", yaml: "jmx: {registry_port: 9443}\n"},
		{name: "the port of key validation, with the offset", yaml: "jmx: {server_port: 10394}\nports: {offset: 3}\n"},
		{name: "a port that the product may have", yaml: "jmx: {server_port: 10500}\n"},
		{name: "too high with the offset", yaml: "jmx: {server_port: 65530}\nports: {offset: 100}\n"},
		{name: "below 1024", yaml: "jmx: {registry_port: 999}\n"},
		{name: "names that are none", yaml: "jmx: {hostname: \"https://esb.example.com\"}\n"},
		{name: "IPv6", yaml: "jmx: {hostname: \"2001:db8::1\"}\n"},
		{name: "JAVA_OPTS", yaml: remoteJMX, machine: withJavaOpts("-Djava.rmi.server.hostname=10.0.0.9")},
		{name: "a damaged batch file", yaml: remoteJMX, bend: func(t *testing.T, home string) { setFile(t, home, carbon.ServerBAT, "rem\r\n") }},
	} {
		home, machine := sample, java7
		if test.machine != nil {
			machine = test.machine
		}
		if test.bend != nil {
			home = copyOf(t, sample)
			test.bend(t, home)
		}
		fmt.Fprintf(&b, "# %s\n%s\n", test.name, problemLines(problemsAs(t, home, test.yaml, machine)))
	}
	golden(t, "jmx/problems.txt", b.String())
}

func TestJMXFields(t *testing.T) {
	home := sampleHome(t, "api")
	w := openHome(t, home)
	fields := jmx{}.Fields(w, answers.NewSet(Schema()))
	if len(fields) != 4 || fields[0].Default != "true" || fields[1].Default != "9999" || fields[2].Default != "11111" || fields[3].Default != "localhost" || fields[3].Now.Note == "" {
		t.Errorf("fields %+v", fields)
	}
	if p := fields[1].Now.Place; p.File != carbon.CarbonXML || p.Line == 0 {
		t.Errorf("place of the registry port: %v", p)
	}
	if fields := (jmx{}).Fields(w, answersOf(t, "jmx: {enabled: false}\n")); len(fields) != 1 {
		t.Errorf("off: %d questions", len(fields))
	}
	if host := (jmx{}).Fields(w, answersOf(t, "hostname: {name: esb.example.com}\n"))[3]; host.Default != "esb.example.com" {
		t.Errorf("the host name of guideline 4 is not proposed: %q", host.Default)
	}
	replaceIn(t, home, carbon.JMXXML, "<HostName>localhost<", "<HostName>jmx.example.com<")
	if host := (jmx{}).Fields(openHome(t, home), answers.NewSet(Schema()))[3]; host.Default != "jmx.example.com" {
		t.Errorf("HostName of jmx.xml is not proposed: %+v", host)
	}
	replaceIn(t, home, carbon.ServerSH, "    $JAVA_OPTS \\\n", "    -Djava.rmi.server.hostname=10.0.0.1 \\\n    $JAVA_OPTS \\\n")
	if host := (jmx{}).Fields(openHome(t, home), answers.NewSet(Schema()))[3]; host.Default != "10.0.0.1" || host.Now.Text != "10.0.0.1" || host.Now.Place.File != carbon.ServerSH {
		t.Errorf("the present value is not proposed: %+v", host)
	}
}

func TestJMXAudit(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		golden(t, "jmx/"+which+".audit", resultLines(findings(t, home, 8)))
		for _, yaml := range []string{remoteJMX, "jmx: {enabled: false}\n", "jmx: {hostname: localhost}\n"} {
			changed := copyOf(t, home)
			applyNow(t, changed, buildPlan(t, changed, yaml).Plan)
			if results := findings(t, changed, 8); StateOf(jmx{}, openHome(t, changed), results) != Met {
				t.Errorf("%s %s: not met:\n%s", which, yaml, resultLines(results))
			}
		}
	}
}

func TestJMXAuditRules(t *testing.T) {
	sample := sampleHome(t, "api")
	remote := copyOf(t, sample)
	applyNow(t, remote, buildPlan(t, remote, remoteJMX).Plan)
	in := func(rel, old, with string) func(t *testing.T, home string) {
		return func(t *testing.T, home string) { replaceIn(t, home, rel, old, with) }
	}
	for _, test := range []struct {
		name    string
		home    string
		bend    func(t *testing.T, home string)
		machine func(*carbon.Install)
		id      string
		status  Status
		says    string
		at      string
	}{
		{"off", sample, in(carbon.JMXXML, ">true<", ">false<"), java7, jmxRule, OK, "is off", carbon.JMXXML + ":"},
		{"off in capitals of another kind", sample, in(carbon.JMXXML, ">true<", ">no<"), java7, jmxRule, OK, "is off", ""},
		{"no element: on", sample, in(carbon.JMXXML, "    <StartRMIServer>true</StartRMIServer>\n", ""), java7, jmxRule, Warn, "java.rmi.server.hostname is not set", ""},
		{"only in a comment: on", sample, in(carbon.JMXXML, "<StartRMIServer>true</StartRMIServer>", "<!--StartRMIServer>false</StartRMIServer-->"), java7, jmxRule, Warn, "is not set", ""},
		{"with a name", remote, nil, java7, jmxRule, OK, "sent on to esb.example.com, port 11112", carbon.ServerSH + ":"},
		{"with the offset", remote, in(carbon.CarbonXML, "<Offset>0<", "<Offset>5<"), java7, jmxRule, OK, "connect to port 10003", ""},
		{"another name in the script", remote, in(carbon.ServerSH, "hostname=esb.example.com", "hostname=10.0.0.1"), java7, jmxRule, Warn, "is esb.example.com, but JMX clients are sent on to 10.0.0.1", carbon.JMXXML + ":"},
		{"no name in the script", remote, in(carbon.ServerSH, "    -Djava.rmi.server.hostname=esb.example.com \\\n", ""), java7, jmxRule, Warn, "is not set", ""},
		{"another name in JAVA_OPTS", remote, nil, withJavaOpts("-Djava.rmi.server.hostname=10.0.0.9"), jmxRule, Warn, "sent on to 10.0.0.9 (JAVA_OPTS in this environment)", ""},
		{"a name in the script only", sample, in(carbon.ServerSH, "    $JAVA_OPTS \\\n", "    -Djava.rmi.server.hostname=10.0.0.1 \\\n    $JAVA_OPTS \\\n"), java7, jmxRule, OK, "sent on to 10.0.0.1", carbon.ServerSH + ":"},
		{"localhost in the script", sample, in(carbon.ServerSH, "    $JAVA_OPTS \\\n", "    -Djava.rmi.server.hostname=localhost \\\n    $JAVA_OPTS \\\n"), java7, jmxRule, OK, "through an SSH tunnel", carbon.ServerSH + ":"},
		{"no script", remote, func(t *testing.T, home string) { removeFile(t, home, carbon.ServerSH) }, java7, jmxRule, Unknown, "bin/wso2server.sh", ""},
		{"the agent", sample, in(carbon.ServerSH, "-Dcom.sun.management.jmxremote \\", "-Dcom.sun.management.jmxremote.port=7199 \\"), java7, jmxAgentRule, Warn, "on port 7199", carbon.ServerSH + ":"},
		{"the agent, open", sample, nil, withJavaOpts("-Dcom.sun.management.jmxremote.port=7199 -Dcom.sun.management.jmxremote.authenticate=false"), jmxAgentRule, Fail, "asks for no password", ""},
		{"the same port twice", sample, in(carbon.CarbonXML, ">11111<", ">9999<"), java7, jmxDistinctRule, Fail, "both on port 9999", carbon.CarbonXML + ":"},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, test.home)
			if test.bend != nil {
				test.bend(t, home)
			}
			r := only(t, jmx{}.Audit(NewWorkspace(openAs(t, home, test.machine))), test.id)
			if r.Status != test.status || !strings.Contains(r.Message, test.says) || !strings.HasPrefix(r.Place.String(), test.at) {
				t.Errorf("got %swant %s %q at %q", resultLines([]Result{r}), test.status, test.says, test.at)
			}
			if (r.Status == Warn || r.Status == Fail) && (r.Fix == "" || r.Severity == 0) {
				t.Errorf("a finding without a fix or severity: %+v", r)
			}
		})
	}
}

func TestJMXAuditPorts(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, test := range []struct {
		name, file, old, with string
		status                Status
		says                  string
	}{
		{"a number", carbon.JMXXML, "${Ports.JMX.RMIServerPort}", "21111", Warn, "jmx.xml has the number 21111 for the RMI server instead of a placeholder"},
		{"nothing", carbon.JMXXML, "<RMIServerPort>${Ports.JMX.RMIServerPort}</RMIServerPort>", "", Warn, "another one at every start"},
		{"a placeholder for nothing", carbon.JMXXML, "${Ports.JMX.RMIServerPort}", "${Ports.JMX.Server}", Fail, `jmx.xml has "${Ports.JMX.Server}"`},
		{"nonsense", carbon.JMXXML, "${Ports.JMX.RMIServerPort}", "eleven", Fail, `jmx.xml has "eleven"`},
		{"out of range", carbon.CarbonXML, ">11111<", ">70000<", Fail, "port 70000, which does not exist"},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, sample)
			replaceIn(t, home, test.file, test.old, test.with)
			var found []Result
			for _, r := range findings(t, home, 8) {
				if r.ID == jmxPortsRule && r.Status != OK {
					found = append(found, r)
				}
			}
			if len(found) != 1 || found[0].Status != test.status || !strings.Contains(found[0].Message, test.says) {
				t.Errorf("got %s", resultLines(found))
			}
		})
	}
}

func TestJMXVerify(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, yaml := range []string{remoteJMX, "jmx: {enabled: false}\n", shippedJMX, "jmx: {hostname: esb.example.com}\n"} {
		a := answersOf(t, yaml)
		home := copyOf(t, sample)
		applyNow(t, home, buildPlan(t, home, yaml).Plan)
		results := jmx{}.Verify(openHome(t, home), a)
		if len(results) == 0 {
			t.Errorf("%s: nothing verified", yaml)
		}
		for _, r := range results {
			if r.Status != OK || r.Guideline != 8 {
				t.Errorf("%s: %s", yaml, resultLines([]Result{r}))
			}
		}
	}
	failed := 0
	for _, r := range (jmx{}).Verify(openHome(t, sample), answersOf(t, remoteJMX)) {
		if r.Status == Fail {
			failed++
		}
	}
	if failed != 6 { // two ports, HostName, three files
		t.Errorf("before the plan, %d fail", failed)
	}
}

func TestJMXAdvice(t *testing.T) {
	home := sampleHome(t, "api")
	var b strings.Builder
	for _, yaml := range []string{remoteJMX, "jmx: {enabled: true}\n", "jmx: {enabled: false}\n", "jmx: {hostname: localhost}\nports: {offset: 2}\n"} {
		fmt.Fprintf(&b, "# %s%s\n", strings.ReplaceAll(yaml, "\n", "\n# "), adviceLines(jmx{}.Advice(NewWorkspace(openAs(t, home, java7)), answersOf(t, yaml))))
	}
	golden(t, "jmx/advice.txt", b.String())
}
