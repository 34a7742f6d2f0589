package steps

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

func TestFirewallAdvice(t *testing.T) {
	samples := map[string]string{"api": sampleHome(t, "api"), "servlet": sampleHome(t, "servlet")}
	cluster := copyOf(t, samples["api"])
	replaceIn(t, cluster, carbon.Axis2XML, `enable="false"`, `enable="true"`)
	samples["cluster"] = cluster
	members := copyOf(t, cluster)
	replaceIn(t, members, carbon.Axis2XML, ">multicast<", ">wka<")
	replaceIn(t, members, carbon.Axis2XML, "<hostName>127.0.0.1<", "<hostName>10.0.0.11<")
	samples["members"] = members
	for _, test := range []struct{ name, which, yaml string }{
		{"api", "api", "ports: {offset: 0}\n"},
		{"api-offset", "api", "ports: {offset: 3, management_sources: [10.0.5.0/24, \"2001:db8::/32\", 10.0.5.0/24], jmx_sources: [10.0.5.17]}\n"},
		{"servlet", "servlet", "ports: {management_sources: [10.0.5.0/24]}\njmx: {enabled: false}\n"},
		{"cluster", "cluster", "ports: {offset: 0}\n"},
		{"members", "members", "ports: {offset: 0}\n"},
	} {
		golden(t, "ports/firewall-"+test.name+".txt", adviceLines(planAs(t, samples[test.which], test.yaml, java7).Advice))
	}
}

// Nothing to open, no commands.
func TestFirewallAdviceWithoutPorts(t *testing.T) {
	home := sampleHome(t, "api")
	for _, rel := range []string{carbon.CatalinaXML, carbon.Axis2XML} {
		removeFile(t, home, rel)
	}
	for _, a := range (ports{}).Advice(openHome(t, home), answersOf(t, "ports: {offset: 0}\n")) {
		if len(a.Commands) > 0 {
			t.Errorf("%s: %v", a.Title, a.Commands)
		}
	}
}

func TestFirewallTakesFifteenPortsAtATime(t *testing.T) {
	opening := firewallOpening{protocol: "tcp"}
	for n := range 31 {
		opening.ports = append(opening.ports, 8000+n)
	}
	for name, lines := range map[string][]string{"iptables": iptablesCommands([]firewallOpening{opening}), "ufw": ufwCommands([]firewallOpening{opening})} {
		seen := 0
		for _, line := range lines {
			n := len(regexp.MustCompile(`80[0-9]{2}`).FindAllString(line, -1))
			if n > 15 {
				t.Errorf("%s: %d ports in %s", name, n, line)
			}
			seen += n
		}
		if want := map[string]int{"iptables": 62, "ufw": 31}[name]; seen != want {
			t.Errorf("%s: %d ports in all, want %d", name, seen, want)
		}
	}
}

// The rules to take out are those of the ports that the files have, not of those that the same plan gives to JMX first.
func TestPortsUsedUntilNow(t *testing.T) {
	home := sampleHome(t, "api")
	for yaml, want := range map[string]string{
		"ports: {offset: 2}\njmx: {registry_port: 9998, server_port: 11112}\n": "The server has used 8243, 8280, 9443, 9763, 9999, 11111 until now",
		"ports: {offset: 0}\njmx: {registry_port: 9998}\n":                     "The server has used 9999 until now",
		"ports: {jmx_sources: [10.0.0.1]}\njmx: {enabled: false}\n":            "The server has used 9999, 11111 until now",
		"ports: {management_sources: [10.0.0.0/8]}\n":                          "",
	} {
		text := adviceLines(buildPlan(t, home, yaml).Advice)
		if want == "" && strings.Contains(text, "until now") || !strings.Contains(text, want) {
			t.Errorf("%q: no %q in:\n%s", yaml, want, text)
		}
	}
}

// With -DportOffset on the command line of the server the offset of carbon.xml does not count, for addresses as for ports.
func TestAddressesFollowTheOffsetInForce(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, "bin/wso2server.sh", "-Xms256m", "-DportOffset=7 -Xms256m")
	planTwice(t, home, "hostname: {name: esb.example.com}\n")
	if text := readFile(t, home, "repository/conf/axis2/axis2.xml"); !strings.Contains(text, ">https://esb.example.com:8250<") {
		t.Errorf("WSDLEPRPrefix is not on 8243+7:\n%s", text)
	}
}

func TestParseSource(t *testing.T) {
	for entry, want := range map[string]string{
		"10.0.5.0/24": "10.0.5.0/24", "10.0.5.17": "10.0.5.17/32", "2001:db8::/32": "2001:db8::/32", "2001:DB8::1": "2001:db8::1/128", "0.0.0.0/0": "0.0.0.0/0",
	} {
		p, bad := parseSource(entry)
		if bad != nil && bad.Severity == Error || p.String() != want {
			t.Errorf("%s: %v, %+v", entry, p, bad)
		}
	}
	for _, entry := range []string{
		"", "10.0.0", "10.0.0.256", "10.0.0.1/24", "10.0.0.0/-1", "10.0.0.0/33", "admins", "https://10.0.0.1/", "0.0.0.0", "::", "fe80::1%eth0", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104",
		"10.0.0.1; reboot", "10.0.0.0/8 accept", "'", "010.0.0.1",
	} {
		if p, bad := parseSource(entry); bad == nil || bad.Severity != Error || bad.Message == "" || bad.Fix == "" {
			t.Errorf("%q is taken as %v", entry, p)
		}
	}
	if p := checkSources("10.0.0.0/8, 0.0.0.0/0, x"); p == nil || p.Severity != Error || !strings.Contains(p.Message, `"x"`) {
		t.Errorf("the error comes first: %+v", p)
	}
	if p := checkSources(""); p != nil {
		t.Errorf("no addresses are allowed: %+v", p)
	}
}

// shellSafe is what a command for the operator's shell consists of.
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9 .,:/="'{}_-]+$`)

// FuzzSource: whatever is accepted gives commands that do what they say and nothing else.
func FuzzSource(f *testing.F) {
	for _, seed := range []string{"10.0.5.0/24", "10.0.5.17", "2001:db8::/32", "10.0.0.1; reboot", "$(id)", "fe80::1%$(id)", "10.0.0.0/8\n", "::ffff:1.2.3.4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		p, bad := parseSource(entry)
		if bad != nil && bad.Severity == Error {
			return
		}
		set := answers.NewSet(Schema())
		set.Put(keyManagementSources, answers.Value{List: []string{entry}})
		if got := sourcesOf(set, keyManagementSources); len(got) != 1 || got[0] != p {
			t.Fatalf("%q: %v, want %v", entry, got, p)
		}
		openings := []firewallOpening{{protocol: "tcp", ports: []int{9443}, sources: sourcesOf(set, keyManagementSources)}}
		for name, lines := range map[string][]string{
			"firewalld": firewalldCommands(openings), "ufw": ufwCommands(openings), "nft": nftCommands(openings), "iptables": iptablesCommands(openings),
		} {
			for _, line := range lines {
				if !shellSafe.MatchString(line) || strings.Count(line, "'")%2 != 0 {
					t.Fatalf("%s: %q becomes %q", name, entry, line)
				}
			}
			if !strings.Contains(fmt.Sprint(lines), p.Addr().String()) {
				t.Fatalf("%s: %q is not in %v", name, entry, lines)
			}
		}
	})
}
