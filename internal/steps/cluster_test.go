package steps

import (
	"context"
	"errors"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

const wkaAnswers = `cluster:
  enabled: true
  scheme: wka
  domain: example.am
  role: manager
  local_member_host: 10.0.0.11
  local_member_port: 4001
  members: ["10.0.0.11:4001", "10.0.0.12:4001"]
`

// clusterInstall opens a home on a machine with two addresses.
func clusterInstall(t testing.TB, home string) *carbon.Install {
	t.Helper()
	in := openInstall(t, home)
	in.Host.Addresses = []string{"10.0.0.11", "192.0.2.7", "fe80::1"}
	return in
}

// clusterProblems plans answers on that machine, and returns what is said about them.
func clusterProblems(t testing.TB, home, yaml string) string {
	t.Helper()
	out, err := BuildPlan(t.Context(), clusterInstall(t, home), answersOf(t, yaml))
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		return problemLines(invalid.Problems)
	}
	if err != nil {
		t.Fatal(err)
	}
	return problemLines(out.Problems)
}

// clusterTwice plans, applies and plans again on that machine: nothing is left to change. It returns the first diff.
func clusterTwice(t testing.TB, home, yaml string) string {
	t.Helper()
	plan := func() *Outcome {
		out, err := BuildPlan(t.Context(), clusterInstall(t, home), answersOf(t, yaml))
		var invalid *InvalidError
		if errors.As(err, &invalid) {
			t.Fatalf("the answers are refused: %s", problemLines(invalid.Problems))
		}
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := plan()
	applyNow(t, home, first.Plan)
	if again := plan(); !again.Plan.Empty() {
		t.Errorf("planned again, the same answers still change:\n%s", diffText(again.Plan))
	}
	for _, r := range (cluster{}).Verify(NewWorkspace(clusterInstall(t, home)), answersOf(t, yaml)) {
		if r.Status != OK {
			t.Errorf("verify: %s", resultLines([]Result{r}))
		}
	}
	return diffText(first.Plan)
}

func clusterAudit(t testing.TB, home string) string {
	t.Helper()
	return resultLines(auditOne(cluster{}, NewWorkspace(clusterInstall(t, home))))
}

// withoutKey takes the fingerprint of a key that is made anew for every test out of a text.
func withoutKey(text string) string {
	return regexp.MustCompile(`SHA256:[0-9a-f]{64}`).ReplaceAllString(text, "SHA256:KEY")
}

func TestClusterPlansEveryScheme(t *testing.T) {
	t.Setenv("GROUP_PW", "Group-pw-77")
	t.Setenv("AWS_ID", "AKIAEXAMPLEKEY")
	t.Setenv("AWS_KEY", "very/Secret+key=")
	t.Setenv("SVN_PW", "Svn-pw-88")
	for name, yaml := range map[string]string{
		"wka": wkaAnswers,
		"multicast": "cluster: {enabled: true, scheme: multicast, domain: example.am, role: worker, local_member_host: 10.0.0.11, group_password: {env: GROUP_PW}, " +
			"multicast: {address: 228.0.0.9, port: 45565, ttl: 2, timeout: 30}}\n",
		"aws": "cluster: {enabled: true, scheme: aws, local_member_host: 10.0.0.11, aws: {access_key: {env: AWS_ID}, secret_key: {env: AWS_KEY}, security_group: carbon, " +
			"region: eu-west-1, tag_key: cluster, tag_value: am}}\n",
		"sync": wkaAnswers + "  sync: {enabled: true, url: \"https://svn.example.com/carbon/\", user: carbon, password: {env: SVN_PW}, append_tenant: true}\n",
	} {
		for _, which := range []string{"api", "servlet"} {
			t.Run(name+"/"+which, func(t *testing.T) {
				home := sampleHome(t, which)
				diff := clusterTwice(t, home, yaml)
				golden(t, "cluster/plan-"+name+"-"+which+".diff", diff)
				for _, s := range []string{"Group-pw-77", "AKIAEXAMPLEKEY", "very/Secret+key=", "Svn-pw-88"} {
					noSecret(t, diff, secret.New(s))
				}
				golden(t, "cluster/audit-"+name+"-"+which+".txt", withoutKey(clusterAudit(t, home)))
			})
		}
	}
}

func TestClusterAdvice(t *testing.T) {
	home := sampleHome(t, "api")
	in := clusterInstall(t, home)
	a := answersOf(t, wkaAnswers+"  sync: {url: \"https://svn.example.com/carbon/\"}\n")
	out, err := BuildPlan(t.Context(), in, a)
	if err != nil {
		t.Fatal(err)
	}
	var said []Advice
	for _, adv := range out.Advice {
		if adv.Guideline == 13 {
			said = append(said, adv)
		}
	}
	golden(t, "cluster/advice.txt", withoutKey(adviceLines(said)))
}

func TestClusterOfOneNodeIsLeftAlone(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		for _, yaml := range []string{"cluster: {}\n", "cluster: {enabled: false}\n", "cluster: {enabled: false, members: [\"10.0.0.12:4000\"], sync: {enabled: true}}\n"} {
			if diff := planDiff(t, home, yaml); diff != "" {
				t.Errorf("%s: %s changes\n%s", which, yaml, diff)
			}
		}
		if got := clusterAudit(t, home); strings.Contains(got, " warn ") || strings.Contains(got, " fail ") || !strings.HasPrefix(got, "CS-13.1 unknown") {
			t.Errorf("the audit of a single node has findings:\n%s", got)
		}
	}
}

func TestClusterIsSwitchedOff(t *testing.T) {
	home := sampleHome(t, "api")
	clusterTwice(t, home, wkaAnswers)
	if diff := clusterTwice(t, home, "cluster: {enabled: false}\n"); strings.Count(diff, "\n+") != 2 || !strings.Contains(diff, `+                enable="false">`) {
		t.Errorf("more than the switch is changed:\n%s", diff)
	}
}

// To Axis2 an element without the attribute is switched on.
func TestClusterWithoutTheAttributeIsOn(t *testing.T) {
	home := sampleHome(t, "servlet")
	replaceIn(t, home, carbon.Axis2XML, "\n                enable=\"false\">\n        <parameter name=\"AvoidInitiation\"", ">\n        <parameter name=\"AvoidInitiation\"")
	if got := clusterAudit(t, home); !strings.Contains(got, "CS-13.1 ok") || !strings.Contains(got, "CS-13.3 fail error") {
		t.Errorf("got\n%s", got)
	}
	diff := clusterTwice(t, home, "cluster: {enabled: false}\n")
	if !strings.Contains(diff, `enable="false"`) {
		t.Errorf("it is not switched off:\n%s", diff)
	}
}

func TestClusterRefusals(t *testing.T) {
	t.Setenv("AWS_ID", "AKIAEXAMPLEKEY")
	t.Setenv("BAD", "with ${a}")
	on := func(more string) string { return "cluster: {enabled: true, " + more + "}\n" }
	wka := func(more string) string {
		return on("scheme: wka, local_member_host: 10.0.0.11, members: [\"10.0.0.11:4000\", \"10.0.0.12:4000\"]" + more)
	}
	for name, c := range map[string]struct{ yaml, want string }{
		"no address":          {on("scheme: multicast"), "error cluster.local_member_host: 127.0.0.1 is each node's own machine"},
		"loopback":            {on("scheme: multicast, local_member_host: 127.0.0.5"), "error cluster.local_member_host: 127.0.0.5 is each"},
		"localhost":           {on("scheme: multicast, local_member_host: localhost"), "error cluster.local_member_host: localhost is each"},
		"any address":         {on("scheme: multicast, local_member_host: 0.0.0.0"), "error cluster.local_member_host: 0.0.0.0 means every address"},
		"proposes":            {on("scheme: multicast"), "10.0.0.11 is the first of 2 addresses of this machine: 10.0.0.11, 192.0.2.7."},
		"elsewhere":           {on("scheme: multicast, local_member_host: 10.0.0.99"), "warning cluster.local_member_host: 10.0.0.99 is no address of this machine"},
		"no members":          {on("scheme: wka, local_member_host: 10.0.0.11"), "error cluster.members: The list of members is empty"},
		"empty members":       {on("scheme: wka, local_member_host: 10.0.0.11, members: []"), "error cluster.members: The list of members is empty"},
		"itself alone":        {on("scheme: wka, local_member_host: 10.0.0.11, members: [\"10.0.0.11:4000\"]"), "warning cluster.members: The only member in the list is this node"},
		"loopback member":     {on("scheme: wka, local_member_host: 10.0.0.11, members: [\"127.0.0.1:4000\", \"10.0.0.12:4000\"]"), "error cluster.members: The member 127.0.0.1:4000 is each node's own machine."},
		"no port":             {on("scheme: wka, local_member_host: 10.0.0.11, members: [\"10.0.0.12\"]"), `error cluster.members: "10.0.0.12" has no port.`},
		"bad port":            {on("scheme: wka, local_member_host: 10.0.0.11, members: [\"10.0.0.12:70000\"]"), `70000 is not a port`},
		"bad host":            {on("scheme: wka, local_member_host: 10.0.0.11, members: [\"am_02:4000\"]"), `"am_02:4000" is no member.`},
		"IPv6":                {on("scheme: wka, local_member_host: 10.0.0.11, members: [\"[2001:db8::1]:4000\"]"), "IPv6"},
		"twice":               {on("scheme: wka, local_member_host: 10.0.0.11, members: [\"10.0.0.12:4000\", \"10.0.0.12:4000\"]"), "warning cluster.members: A member stands in the list twice."},
		"all local":           {on("scheme: wka, local_member_host: 127.0.0.1, local_member_port: 4000, members: [\"127.0.0.1:4000\", \"127.0.0.1:4001\"]"), "warning cluster.local_member_host: All members are on this machine"},
		"port of Tomcat":      {wka(", local_member_port: 9443"), "error cluster.local_member_port: Port 9443 would be taken twice"},
		"port with offset":    {wka(", local_member_port: 9446") + "ports: {offset: 3}\n", "error cluster.local_member_port: Port 9446 would be taken twice"},
		"no port at all":      {wka(", local_member_port: 0"), "error cluster.local_member_port: 0 is not a port"},
		"no multicast":        {on("scheme: multicast, local_member_host: 10.0.0.11, multicast: {address: 10.0.0.1}"), "no IPv4 multicast address"},
		"ttl":                 {on("scheme: multicast, local_member_host: 10.0.0.11, multicast: {ttl: 256}"), "is no TTL"},
		"timeout":             {on("scheme: multicast, local_member_host: 10.0.0.11, multicast: {timeout: 0}"), "no time in seconds"},
		"shipped domain":      {on("scheme: multicast, local_member_host: 10.0.0.11"), "warning cluster.domain: The domain is the one that every product ships with"},
		"bad domain":          {wka(", domain: \"a b\""), "error cluster.domain: The domain is empty or has a blank"},
		"aws without keys":    {on("scheme: aws, local_member_host: 10.0.0.11, aws: {access_key: {env: AWS_ID}}"), "error cluster.aws.secret_key: AWS secret key is missing"},
		"aws without a jar":   {on("scheme: aws, local_member_host: 10.0.0.11, aws: {access_key: {env: AWS_ID}, secret_key: {env: AWS_ID}}"), "warning cluster.scheme: The Hazelcast of Carbon 4.2.0 comes without its part for Amazon EC2"},
		"plain text":          {wka(", group_password: {env: AWS_ID}"), "warning cluster.group_password: Carbon 4.2.0 keeps the password of the cluster in plain text in axis2.xml"},
		"placeholder":         {wka(", group_password: {env: BAD}"), "error cluster.group_password: The value holds ${"},
		"H2":                  {wka(""), "warning cluster.enabled: On H2, which is inside this node, are "},
		"registry sync":       {wka(", sync: {enabled: true, type: registry, url: \"https://svn.example.com/a\"}"), "error cluster.sync.type: Artifacts are not synchronized through the registry"},
		"no svn":              {wka(", sync: {enabled: true}"), "error cluster.sync.url: The deployment synchronizer needs the URL"},
		"user in the URL":     {wka(", sync: {enabled: true, url: \"https://u:p@svn.example.com/a\"}"), "error cluster.sync.url: The URL has a user in it"},
		"svn in clear":        {wka(", sync: {enabled: true, url: \"http://svn.example.com/a\"}"), "warning cluster.sync.url: The password of Subversion goes over the network in clear text."},
		"not a URL":           {wka(", sync: {enabled: true, url: \"svn.example.com/a\"}"), "is no URL of a Subversion repository"},
		"no fingerprint":      {wka(", encryption_fingerprint: abc"), "error cluster.encryption_fingerprint: This is no SHA-256 fingerprint"},
		"another key":         {wka(", encryption_fingerprint: \"SHA256:" + strings.Repeat("ab", 32) + "\""), "error cluster.encryption_fingerprint: repository/conf/carbon.xml:"},
		"nothing is switched": {"cluster: {domain: example.am}\n", "warning cluster.domain: Without cluster.enabled nothing of the cluster is changed."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := clusterProblems(t, sampleHome(t, "api"), c.yaml); !strings.Contains(got, c.want) {
				t.Errorf("got\n%swant %s", got, c.want)
			}
		})
	}
}

// A cluster on one machine, to try things with, has nothing but the loopback address.
func TestClusterOnOneMachine(t *testing.T) {
	home := sampleHome(t, "api")
	clusterTwice(t, home, "cluster: {enabled: true, scheme: wka, local_member_host: 127.0.0.1, local_member_port: 4001, members: [\"127.0.0.1:4000\", \"127.0.0.1:4001\"]}\n")
	if got := clusterAudit(t, home); !strings.Contains(got, "CS-13.3 warn warning") || !strings.Contains(got, "This member looks for 127.0.0.1:4000.") {
		t.Errorf("got\n%s", got)
	}
}

func TestClusterOfAnotherAgent(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.Axis2XML, hazelcastAgent, "org.apache.axis2.cluster.tribes.TribesClusteringAgent")
	if got := clusterProblems(t, home, wkaAnswers); !strings.Contains(got, "repository/conf/axis2/axis2.xml:128: the clustering agent is org.apache.axis2.cluster.tribes.TribesClusteringAgent") {
		t.Errorf("got\n%s", got)
	}
	if diff := planDiff(t, home, "cluster: {enabled: false}\n"); diff != "" {
		t.Errorf("it is off already:\n%s", diff)
	}
	replaceIn(t, home, carbon.Axis2XML, "enable=\"false\">\n        <parameter", "enable=\"true\">\n        <parameter")
	if got := clusterAudit(t, home); !strings.Contains(got, "CS-13.2 warn warning repository/conf/axis2/axis2.xml:128") {
		t.Errorf("got\n%s", got)
	}
}

func TestClusterWithoutItsFiles(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, carbon.Axis2XML, "<axisconfig><clustering")
	if got := clusterProblems(t, home, "cluster: {enabled: true}\n"); !strings.Contains(got, "error cluster.enabled: repository/conf/axis2/axis2.xml cannot be used") {
		t.Errorf("got\n%s", got)
	}
	if got := clusterAudit(t, home); !strings.HasPrefix(got, "CS-13.1 unknown") {
		t.Errorf("got\n%s", got)
	}
	setFile(t, home, carbon.Axis2XML, "<axisconfig></axisconfig>")
	if ok, why := (cluster{}).Applies(openHome(t, home)); ok || !strings.Contains(why, "no element clustering") {
		t.Errorf("it applies: %s", why)
	}
	removeFile(t, home, carbon.Axis2XML)
	if ok, why := (cluster{}).Applies(openHome(t, home)); ok || !strings.Contains(why, "has no") {
		t.Errorf("it applies: %s", why)
	}
}

// Every fault of a cluster that stands in the files is found there.
func TestClusterAuditFindsWhatIsWrong(t *testing.T) {
	param := func(name, from, to string) func(*testing.T, string) {
		return func(t *testing.T, home string) {
			replaceIn(t, home, carbon.Axis2XML, `<parameter name="`+name+`">`+from+`<`, `<parameter name="`+name+`">`+to+`<`)
		}
	}
	for name, c := range map[string]struct {
		bend func(t *testing.T, home string)
		want string
	}{
		"loopback":  {param("localMemberHost", "10.0.0.11", "127.0.0.1"), "CS-13.3 fail error repository/conf/axis2/axis2.xml:138"},
		"scheme":    {param("membershipScheme", "wka", "tribes"), "CS-13.4 fail error repository/conf/axis2/axis2.xml:132: The membership scheme is \"tribes\""},
		"port":      {param("localMemberPort", "4001", "9443"), "CS-13.5 fail error repository/conf/axis2/axis2.xml:139"},
		"last wins": {param("domain", "example.am", "example.am</parameter>\n        <parameter name=\"localMemberHost\">localhost"), "CS-13.3 ok"},
		"alone": {func(t *testing.T, home string) {
			replaceIn(t, home, carbon.Axis2XML, "<hostName>10.0.0.12<", "<hostName>10.0.0.11<")
		}, "CS-13.4 fail error repository/conf/axis2/axis2.xml:132: The list of members has no other node in it."},
		"their loopback": {func(t *testing.T, home string) {
			replaceIn(t, home, carbon.Axis2XML, "<hostName>10.0.0.12<", "<hostName>127.0.0.1<")
		}, "CS-13.4 fail error repository/conf/axis2/axis2.xml:132: The list of members has the loopback address"},
		"H2":        {func(*testing.T, string) {}, "CS-13.6 fail error repository/conf/datasources/master-datasources.xml:"},
		"multicast": {param("membershipScheme", "wka", "multicast"), "CS-13.4 ok repository/conf/axis2/axis2.xml:132: Members find each other by multicast"},
		"their domain": {func(t *testing.T, home string) {
			param("membershipScheme", "wka", "multicast")(t, home)
			param("domain", "example.am", shippedDomain)(t, home)
		}, "CS-13.9 warn warning repository/conf/axis2/axis2.xml:133"},
		"bind address": {func(t *testing.T, home string) {
			param("membershipScheme", "wka", "multicast</parameter><parameter name=\"mcastBindAddress\">10.0.0.11")(t, home)
		}, "CS-13.4 warn note repository/conf/axis2/axis2.xml:132: Members find each other by multicast. mcastBindAddress is set, which Carbon 4.2.0 does not read"},
		"registry sync": {func(t *testing.T, home string) {
			replaceIn(t, home, carbon.CarbonXML, "</Server>", "<DeploymentSynchronizer><Enabled>true</Enabled><AutoCommit>true</AutoCommit><AutoCheckout>true</AutoCheckout></DeploymentSynchronizer></Server>")
		}, "CS-13.8 fail error repository/conf/carbon.xml:"},
		"sync commits": {func(t *testing.T, home string) {
			replaceIn(t, home, carbon.CarbonXML, "</Server>", "<DeploymentSynchronizer><Enabled>true</Enabled><AutoCommit>true</AutoCommit><AutoCheckout>true</AutoCheckout><RepositoryType>svn</RepositoryType><SvnUrl>https://svn.example.com/</SvnUrl></DeploymentSynchronizer></Server>")
		}, "It has to be the only one that does."},
		"no key": {func(t *testing.T, home string) { removeFile(t, home, carbon.KeyStore) }, "CS-13.7 unknown repository/conf/carbon.xml:"},
	} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t, "api")
			clusterTwice(t, home, wkaAnswers)
			c.bend(t, home)
			if got := clusterAudit(t, home); !strings.Contains(got, c.want) {
				t.Errorf("got\n%swant %s", got, c.want)
			}
		})
	}
}

func TestClusterFieldsFollowTheAnswers(t *testing.T) {
	home := sampleHome(t, "api")
	w := NewWorkspace(clusterInstall(t, home))
	keys := func(yaml string) string {
		var all []string
		for _, f := range (cluster{}).Fields(w, answersOf(t, yaml)) {
			all = append(all, strings.TrimPrefix(f.Key, "cluster.")+"="+f.Default)
		}
		return strings.Join(all, " ")
	}
	const member = "enabled=false scheme=wka domain=wso2.carbon.domain role=worker sub_domain= local_member_host=10.0.0.11 local_member_port=4000 "
	const rest = "group_password= properties.backend_url=https://${hostName}:${httpsPort}/services/ properties.console_url=https://${hostName}:${httpsPort}/ encryption_fingerprint= sync.enabled=false"
	for yaml, want := range map[string]string{
		"":                            "enabled=false",
		"cluster: {enabled: false}\n": "enabled=false",
		"cluster: {enabled: true}\n":  member + "members= " + rest,
		"cluster: {enabled: true, scheme: multicast}\n":                     member + "multicast.address=228.0.0.4 multicast.port=45564 multicast.ttl=100 multicast.timeout=60 " + rest,
		"cluster: {enabled: true, scheme: aws, sync: {enabled: true}}\n":    member + "aws.access_key= aws.secret_key= aws.security_group= aws.region=us-east-1 aws.host_header=ec2.amazonaws.com aws.tag_key= aws.tag_value= " + rest + " sync.url= sync.user= sync.password= sync.append_tenant=true",
		"cluster: {enabled: true, role: manager, sync: {enabled: false}}\n": strings.Replace(member, "role=worker", "role=manager", 1) + "members= " + rest,
	} {
		if got := keys(yaml); got != want {
			t.Errorf("%s\n got %s\nwant %s", yaml, got, want)
		}
	}
	clusterTwice(t, home, wkaAnswers)
	w = NewWorkspace(clusterInstall(t, home))
	if got := keys(""); !strings.Contains(got, "enabled=true scheme=wka domain=example.am role=manager sub_domain= local_member_host=10.0.0.11 local_member_port=4001 members=10.0.0.11:4001, 10.0.0.12:4001 ") {
		t.Errorf("the values in force are not proposed: %s", got)
	}
}

// What stands there now does not follow what was answered.
func TestClusterFieldOfTheRole(t *testing.T) {
	w := NewWorkspace(clusterInstall(t, sampleHome(t, "api")))
	for _, f := range (cluster{}).Fields(w, answersOf(t, "cluster: {enabled: true, role: manager}\n")) {
		if f.Key == keyRole && (f.Now.Text != roleWorker || f.Default != roleManager) {
			t.Errorf("now %q, proposed %q", f.Now.Text, f.Default)
		}
		if f.Key == keyMembers && (f.Check("10.0.0.1:4000, 10.0.0.2") == nil || f.Check("10.0.0.1:4000, 10.0.0.2:4001") != nil) {
			t.Error("a member without a port is taken, or one with a port is not")
		}
	}
}

// Answers of the manager that name its sub-domain do not make a worker by the role alone.
func TestClusterRoleAndSubDomain(t *testing.T) {
	home := sampleHome(t, "api")
	for answer, refused := range map[string]bool{
		"role: worker, sub_domain: mgt": true, "role: manager, sub_domain: worker": true, "role: worker, sub_domain: gold": false, "role: manager, sub_domain: mgt": false, "sub_domain: mgt": false,
	} {
		got := clusterProblems(t, home, strings.Replace(wkaAnswers, "role: manager", strings.ReplaceAll(answer, ", ", "\n  "), 1))
		if strings.Contains(got, "is the sub-domain of the other role") != refused {
			t.Errorf("%s: %s", answer, got)
		}
	}
}

// An element in a comment is no cluster, and no reason to say that all is as the answers want it.
func TestClusterInAComment(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, carbon.Axis2XML, `<axisconfig name="AxisJava2.0"><!-- <clustering class="x" enable="true"/> --></axisconfig>`)
	w := NewWorkspace(clusterInstall(t, home))
	if ok, why := (cluster{}).Applies(w); !ok {
		t.Errorf("it does not apply: %s", why)
	}
	if got := clusterProblems(t, home, wkaAnswers); !strings.Contains(got, "the element clustering stands in a comment") {
		t.Errorf("got %s", got)
	}
	if got := clusterProblems(t, home, "cluster: {enabled: false}\n"); got != "" {
		t.Errorf("switched off: %s", got)
	}
	if got := clusterAudit(t, home); !strings.Contains(got, "Clustering is off") {
		t.Errorf("audit: %s", got)
	}
	(cluster{}).Fields(w, answersOf(t, wkaAnswers))
}

// What the wizard proposes can be accepted as it is.
func TestClusterProposalsAreAccepted(t *testing.T) {
	home := sampleHome(t, "api")
	w := NewWorkspace(clusterInstall(t, home))
	a := answersOf(t, "cluster: {enabled: true, members: [\"10.0.0.12:4000\"]}\n")
	for _, f := range (cluster{}).Fields(w, a) {
		if _, given := a.Lookup(f.Key); given || f.Default == "" || f.Kind == answers.Secret {
			continue
		}
		v, fault := f.Read(f.Default)
		if fault != nil {
			t.Fatalf("%s: %+v", f.Key, fault)
		}
		a.Put(f.Key, v)
	}
	for _, p := range ValidateStep(cluster{}, w, a) {
		if p.Severity == Error {
			t.Errorf("%s: %s", p.Key, p.Message)
		}
	}
}

// The second node takes the answers of the first one, and the key with them.
func TestClusterSecondNode(t *testing.T) {
	t.Setenv("KS_PW", ksPassword)
	const ownKeys = "keystore: {from: self_signed, names: [esb.example.com], alias: esb, password: {env: KS_PW}}\n"
	first, second := sampleHome(t, "api"), sampleHome(t, "servlet")
	applyNow(t, second, buildPlan(t, second, ownKeys).Plan)
	k := encryptionKey(NewWorkspace(clusterInstall(t, first)))
	if k.fingerprint == "" || !strings.HasPrefix(k.fingerprint, "SHA256:") {
		t.Fatalf("no fingerprint: %s", k.why)
	}
	for _, written := range []string{k.fingerprint, strings.ToUpper(strings.TrimPrefix(k.fingerprint, "SHA256:"))} {
		with := wkaAnswers + "  encryption_fingerprint: \"" + written + "\"\n"
		if got := clusterProblems(t, first, with); strings.Contains(got, keyClusterKey) {
			t.Errorf("its own key is refused: %s", got)
		}
		if got := clusterProblems(t, second, with); !strings.Contains(got, "error cluster.encryption_fingerprint") {
			t.Errorf("another key is taken: %s", got)
		}
	}
	// The run itself brings another key: then the cluster is left out, and nothing half done.
	yaml := ownKeys + wkaAnswers + "  encryption_fingerprint: \"" + k.fingerprint + "\"\n"
	if why := leftOut(t, first, yaml, "cluster"); !strings.Contains(why, "is not that of the cluster") {
		t.Errorf("left out because: %s", why)
	}
}

type fakeConn struct{ net.Conn }

func (fakeConn) Close() error { return nil }

func TestClusterChecks(t *testing.T) {
	home := sampleHome(t, "api")
	w := NewWorkspace(clusterInstall(t, home))
	dial := func(err error) cluster {
		return cluster{net: clusterNet{dial: func(context.Context, string, string) (net.Conn, error) { return fakeConn{}, err }}}
	}
	run := func(s cluster, yaml, id string) Result {
		t.Helper()
		for _, c := range s.Checks(w, answersOf(t, yaml)) {
			if c.ID == id {
				return c.Run(t.Context())
			}
		}
		t.Fatalf("no check %s", id)
		return Result{}
	}
	const other = "cluster.member.10.0.0.12:4001"
	for _, c := range []struct {
		err    error
		status Status
		says   string
	}{
		{nil, OK, "The member 10.0.0.12:4001 answers."},
		{&net.OpError{Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, OK, "nothing listens on the port yet"},
		{&net.OpError{Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, Warn, "a firewall on the way turns the connection away"},
		{&net.OpError{Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, Warn, "no network leads there"},
		{&net.DNSError{IsNotFound: true}, Warn, "there is no such name"},
		{context.DeadlineExceeded, Warn, "no answer in time"},
	} {
		if r := run(dial(c.err), wkaAnswers, other); r.Status != c.status || !strings.Contains(r.Message, c.says) {
			t.Errorf("%v: %s", c.err, resultLines([]Result{r}))
		}
	}
	if r := run(cluster{}, wkaAnswers, "cluster.here"); r.Status != OK {
		t.Errorf("its own address: %s", resultLines([]Result{r}))
	}
	if r := run(cluster{}, strings.Replace(wkaAnswers, "local_member_host: 10.0.0.11", "local_member_host: 10.9.9.9", 1), "cluster.here"); r.Status != Warn {
		t.Errorf("another address: %s", resultLines([]Result{r}))
	}
	busy, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	_, port, _ := net.SplitHostPort(busy.Addr().String())
	if r := run(cluster{}, strings.Replace(wkaAnswers, "local_member_port: 4001", "local_member_port: "+port, 1), "cluster.bind."+port+"/tcp"); r.Status != Fail {
		t.Errorf("a port that is taken: %s", resultLines([]Result{r}))
	}
	const multicast = "cluster: {enabled: true, scheme: multicast, domain: a.b, local_member_host: 10.0.0.11}\n"
	for flags, want := range map[net.Flags]Status{net.FlagUp | net.FlagMulticast: OK, net.FlagUp | net.FlagMulticast | net.FlagLoopback: Warn, net.FlagMulticast: Warn, net.FlagUp: Warn} {
		s := cluster{net: clusterNet{interfaces: func() ([]net.Interface, error) { return []net.Interface{{Name: "eth0", Flags: flags}}, nil }}}
		if r := run(s, multicast, "cluster.multicast"); r.Status != want {
			t.Errorf("%v: %s", flags, resultLines([]Result{r}))
		}
	}
	if len((cluster{}).Checks(w, answersOf(t, "cluster: {enabled: false}\n"))) != 0 {
		t.Error("a single node has nothing to check")
	}
}

// The firewall of guideline 11 knows the members that this step has written.
func TestClusterOpensTheFirewallForItsMembers(t *testing.T) {
	home := sampleHome(t, "api")
	out, err := BuildPlan(t.Context(), clusterInstall(t, home), answersOf(t, "ports: {offset: 0}\n"+wkaAnswers))
	if err != nil {
		t.Fatal(err)
	}
	if said := adviceLines(out.Advice); !strings.Contains(said, "ufw allow proto tcp from 10.0.0.12 to any port 4001") {
		t.Errorf("the port of the member is not opened:\n%s", said)
	}
}

// The real file has its own comments, blanks and examples around all of this.
func TestClusterOfTheCorpus(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		return
	}
	t.Setenv("SVN_PW", "Svn-pw-88")
	before := readFile(t, home, carbon.Axis2XML)
	diff := clusterTwice(t, home, strings.Replace(wkaAnswers, "scheme: wka", "scheme: wka\n  multicast: {address: 228.0.0.9}", 1)+"  sync: {url: \"https://svn.example.com/\", user: carbon, password: {env: SVN_PW}}\n")
	noSecret(t, diff, secret.New("Svn-pw-88"))
	for _, rel := range []string{carbon.Axis2XML, carbon.CarbonXML} {
		if _, err := edit.ParseXML(rel, []byte(readFile(t, home, rel))); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(diff, "\n-") - strings.Count(diff, "\n---"); n > 8 {
		t.Errorf("%d lines are taken out:\n%s", n, diff)
	}
	diff = clusterTwice(t, home, "cluster: {enabled: true, scheme: multicast, multicast: {address: 228.0.0.9}}\n")
	if !strings.Contains(diff, "+        <parameter name=\"mcastAddress\">228.0.0.9</parameter>") {
		t.Errorf("the parameter does not take the place of its example:\n%s", diff)
	}
	if strings.Count(readFile(t, home, carbon.Axis2XML), "mcastAddress") != strings.Count(before, "mcastAddress") {
		t.Error("the example is still there")
	}
}

// The secure vault holds the password of Subversion, which ServerConfiguration reads; those of the clustering agent stay in clear.
func TestClusterSecretsAndTheVault(t *testing.T) {
	t.Setenv("KS_PW", ksPassword)
	t.Setenv("SVN_PW", "Svn-pw-88")
	t.Setenv("GROUP_PW", "Group-pw-77")
	home := sampleHome(t, "api")
	yaml := "keystore: {from: self_signed, names: [esb.example.com], alias: esb, password: {env: KS_PW}}\nvault: {enabled: true, password_file: once}\n" + wkaAnswers +
		"  group_password: {env: GROUP_PW}\n  sync: {enabled: true, url: \"https://svn.example.com/carbon/\", password: {env: SVN_PW}}\n"
	clusterTwice(t, home, yaml)
	if text := readFile(t, home, carbon.CarbonXML); !strings.Contains(text, `<SvnPassword svns:secretAlias="Carbon.DeploymentSynchronizer.SvnPassword">password</SvnPassword>`) {
		t.Error("the password of Subversion is not in the vault")
	}
	if text := readFile(t, home, carbon.Axis2XML); !strings.Contains(text, `<parameter name="groupPassword">Group-pw-77</parameter>`) {
		t.Error("the agent finds no password")
	}
}
