package steps

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// everything has an answer for every guideline that can be done, apart from those that a test adds.
const everything = `admin: {username: opsadmin, password: {env: PLAN_PW}}
jvm: {heap_initial: 512m, heap_max: 2048m}
hostname: {name: esb.example.com, management: mgt.example.com}
jmx: {registry_port: 9998, hostname: esb.example.com}
ports: {offset: 2}
logs: {rotation: size, max_size: 10MB, max_backups: 20, level: INFO}
`

const bothProxies = "proxy: {reverse: {http_port: 80, https_port: 443}, forward: {host: proxy.example.com, port: 3128}}\n"

// A step that fails in its second file leaves nothing in its first, and the others come to the same as without it.
func TestPlanGoesOnWithoutAStep(t *testing.T) {
	t.Setenv("PLAN_PW", "Walnut-7-kite")
	sample := sampleHome(t, "api")
	for _, test := range []struct {
		name, step string
		bend       func(t *testing.T, home string)
		says       string
	}{
		{"a sender that cannot be read", "proxy", func(t *testing.T, home string) {
			replaceIn(t, home, carbon.Axis2Client, "</axisconfig>", "</axisconfik>")
		}, "repository/conf/axis2/axis2_client.xml:"},
		{"connectors of one kind only", "proxy", func(t *testing.T, home string) {
			replaceIn(t, home, carbon.CatalinaXML, `sslProtocol="TLS"`, "")
			replaceIn(t, home, carbon.CatalinaXML, `SSLEnabled="true"`, "")
			replaceIn(t, home, carbon.CatalinaXML, `scheme="https"`, "")
			replaceIn(t, home, carbon.CatalinaXML, `secure="true"`, "")
		}, "repository/conf/tomcat/catalina-server.xml: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, sample)
			test.bend(t, home)
			if why := leftOut(t, home, everything+bothProxies, test.step); !strings.HasPrefix(why, test.says) {
				t.Errorf("left: %q", why)
			}
			with, without := buildPlan(t, home, everything+bothProxies), buildPlan(t, home, everything)
			if with.Plan.Hash() != without.Plan.Hash() || len(with.Advice) != len(without.Advice) {
				t.Errorf("the rest of the plan is another one:\n%s\nwant:\n%s", diffText(with.Plan), diffText(without.Plan))
			}
			if len(without.Plan.Changes) < 5 {
				t.Errorf("only %v change", planFiles(without.Plan))
			}
		})
	}
}

func TestPlanNamesTheFileInTheWay(t *testing.T) {
	t.Setenv("PLAN_PW", "Walnut-7-kite")
	sample := sampleHome(t, "api")
	for _, test := range []struct {
		name string
		bend func(t *testing.T, home string)
		want []string // lines of warnings
	}{
		{"no connectors", func(t *testing.T, home string) { removeFile(t, home, carbon.CatalinaXML) }, []string{
			"warning proxy: repository/conf/tomcat/catalina-server.xml is not there. Nothing of guideline 12 (Proxy servers) is changed.\n    " +
				"Put the file of the distribution back, or make it readable; then plan again.",
		}},
		{"no root logger", func(t *testing.T, home string) {
			replaceIn(t, home, carbon.Log4jProperties, "log4j.rootLogger=", "#log4j.rootLogger=")
		}, []string{
			"warning logs: repository/conf/log4j.properties: log4j.rootLogger is missing. Nothing of guideline 5 (Managing logs) is changed.\n    " +
				"Add the line by hand, with the appenders of the product; then plan again.",
		}},
		{"no start script", func(t *testing.T, home string) { removeFile(t, home, carbon.ServerSH) }, []string{
			"warning jvm: bin/wso2server.sh is not there. Nothing of guideline 3 (JVM) is changed.\n    Put the file of the distribution back, or make it readable; then plan again.",
			"warning jmx: bin/wso2server.sh is not there. Nothing of guideline 8 (JMX) is changed.\n    Put the file of the distribution back, or make it readable; then plan again.",
		}},
		{"an administrator without a password", func(t *testing.T, home string) {
			replaceIn(t, home, carbon.UserMgtXML, "<Password>admin</Password>", "")
		}, []string{
			"warning admin: repository/conf/user-mgt.xml:10: <AdminUser> has no <Password>. Nothing of guideline 1 (Administrator account) is changed.\n    " +
				"Add <Password>admin</Password> below <UserName>; then plan again.",
		}},
		{"a link to nowhere", func(t *testing.T, home string) {
			removeFile(t, home, carbon.CatalinaXML)
			if err := os.Symlink("nowhere", filepath.Join(home, filepath.FromSlash(carbon.CatalinaXML))); err != nil {
				t.Fatal(err)
			}
		}, []string{"warning proxy: repository/conf/tomcat/catalina-server.xml is not there."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, sample)
			test.bend(t, home)
			text := problemLines(buildPlan(t, home, everything+bothProxies).Problems)
			for _, line := range test.want {
				if !strings.Contains(text, line) {
					t.Errorf("no %q in:\n%s", line, text)
				}
			}
		})
	}
}

// A file that a link reaches outside of the install is planned, and the plan says that it cannot be applied like this.
func TestPlanSaysWhichFileIsOutsideOfTheInstall(t *testing.T) {
	home := sampleHome(t, "api")
	elsewhere := filepath.Join(t.TempDir(), "shared-carbon.xml")
	if err := os.Rename(filepath.Join(home, carbon.CarbonXML), elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(home, carbon.CarbonXML)); err != nil {
		t.Fatal(err)
	}
	out := buildPlan(t, home, "hostname: {name: esb.example.com, management: mgt.example.com}\n")
	var said []Problem
	for _, p := range out.Problems {
		if strings.Contains(p.Message, "leads out of the install") {
			said = append(said, p)
		}
	}
	if len(said) != 1 || said[0].Severity != Warning || !strings.HasPrefix(said[0].Message, carbon.CarbonXML+": ") ||
		!strings.Contains(said[0].Message, "is a link to "+elsewhere) || said[0].Fix == "" {
		t.Errorf("%+v", said)
	}
	if got := planFiles(out.Plan); len(got) < 2 {
		t.Errorf("planned: %v", got)
	}
}

func TestPlanSaysWhichElementStandsTwice(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.CarbonXML, "</Server>", "    <MgtHostName>second.example.com</MgtHostName>\n</Server>")
	replaceIn(t, home, carbon.CarbonXML, "<Ports>", "<MgtHostName>first.example.com</MgtHostName>\n    <Ports>")
	lines := []int{}
	for i, line := range strings.Split(readFile(t, home, carbon.CarbonXML), "\n") {
		if strings.Contains(line, "<MgtHostName>") && !strings.Contains(line, "<!--") {
			lines = append(lines, i+1)
		}
	}
	if len(lines) != 2 {
		t.Fatalf("lines %v", lines)
	}
	want := fmt.Sprintf("%s:%d: <MgtHostName> stands in line %d as well.", carbon.CarbonXML, lines[0], lines[1])
	for name, c := range map[string]struct {
		answers string
		said    int
	}{
		"changed":         {"hostname: {name: esb.example.com, management: mgt.example.com}\n", 1},
		"so already":      {"hostname: {name: esb.example.com, management: first.example.com}\n", 0},
		"another element": {"ports: {offset: 3}\n", 0},
	} {
		said := 0
		out := buildPlan(t, home, c.answers)
		for _, p := range out.Problems {
			if strings.HasPrefix(p.Message, want) && p.Severity == Warning {
				said++
			}
		}
		if said != c.said {
			t.Errorf("%s: said %d times, want %d: %+v", name, said, c.said, out.Problems)
		}
		if diff := diffText(out.Plan); strings.Contains(diff, "-    <MgtHostName>second") {
			t.Errorf("%s: the second one is changed:\n%s", name, diff)
		}
	}
}
