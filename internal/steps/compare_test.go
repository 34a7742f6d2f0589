package steps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// differences compares two homes and renders what is found, one a line.
func differences(t testing.TB, a, b string) string {
	t.Helper()
	found, err := CompareHomes(t.Context(), openInstall(t, a), openInstall(t, b))
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, d := range found.Differences {
		fmt.Fprintf(&lines, "%s %s %s: A:%d %s | B:%d %s", d.Kind, d.File, d.Name, d.A.Line, d.A.Value, d.B.Line, d.B.Value)
		if d.Reason != "" {
			lines.WriteString(" (" + d.Reason + ")")
		}
		lines.WriteByte('\n')
	}
	return lines.String()
}

func TestCompareFindsNothingBetweenCopies(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		if got := differences(t, sampleHome(t, which), sampleHome(t, which)); got != "" {
			t.Errorf("%s: two copies differ:\n%s", which, got)
		}
	}
	if home, ok := corpusHome(t); ok {
		other, _ := corpusHome(t)
		if got := differences(t, home, other); got != "" {
			t.Errorf("two copies differ:\n%s", got)
		}
	}
}

// How a file is written does not count.
func TestCompareGoesByValues(t *testing.T) {
	a, b := sampleHome(t, "api"), sampleHome(t, "api")
	text := readFile(t, b, carbon.CarbonXML)
	setFile(t, b, carbon.CarbonXML, strings.ReplaceAll(text, "\n", "\r\n"))
	replaceIn(t, b, carbon.CarbonXML, "<ServerKey>", "<!-- another\n comment <Offset>9</Offset> -->\n<ServerKey>\n   ")
	replaceIn(t, b, carbon.Axis2XML, `<parameter name="localMemberPort">4000</parameter>`, "<parameter   name='localMemberPort'\n>4000\n</parameter>")
	setFile(t, b, carbon.Log4jProperties, "# a comment\n\n"+strings.ReplaceAll(readFile(t, b, carbon.Log4jProperties), "=", " : "))
	replaceIn(t, b, carbon.ServerSH, "\n", "\n\n# a comment\n")
	setFile(t, b, "repository/conf/carbon.xml.bak", "left over")
	setFile(t, b, "repository/logs/wso2carbon.log", "a log")
	if got := differences(t, a, b); got != "" {
		t.Errorf("got\n%s", got)
	}
}

// Whatever lies in the folder of the configuration, of two files that differ no password, no key and no control character is shown.
func TestCompareShowsNoSecret(t *testing.T) {
	a, b := sampleHome(t, "api"), sampleHome(t, "api")
	for rel, text := range map[string]string{
		"jmxremote.password": "monitorRole Hush-1\n", "master-password": "Hush-1", "server.key": "-----BEGIN PRIVATE KEY-----\nHush-1\n-----END PRIVATE KEY-----\n",
		"own.jks": "\xfe\xed\x00Hush-1", "own.sh": "keytool -storepass Hush-1\ncurl -u admin:Hush-1 x\n",
		"own.xml": `<a><p><name>x.password</name><value>Hush-1</value></p><p name="password"><value>Hush-1</value></p><p name="password" value="Hush-1"/><passwords><p>Hush-1</p></passwords></a>`,
		"odd.sh":  "X=1\x1b]0;Bell\x07\n",
	} {
		setFile(t, a, "repository/conf/"+rel, text)
		setFile(t, b, "repository/conf/"+rel, strings.NewReplacer("Hush-1", "Hush-22", "X=1", "X=2").Replace(text))
	}
	got := differences(t, a, b)
	if strings.Contains(got, "Hush") || strings.ContainsAny(got, "\x1b\x07\x00") {
		t.Errorf("got\n%q", got)
	}
	for _, want := range []string{
		"conf/jmxremote.password : A:0 [secret] | B:0 [secret]", "conf/master-password : A:0 [secret]", "conf/server.key : A:0 [secret]", "conf/own.jks : A:0 SHA256:",
		"A:1 keytool -storepass [secret]", "A:2 curl -u admin:[secret] x", "/a/p[name='x.password']/value: A:1 [secret]", "/a/p[@name='password']/value: A:1 [secret]",
		"/a/p[@name='password'][2]/@value: A:1 [secret]", "/a/passwords/p: A:1 [secret]", `A:1 X=1\x1b]0;Bell\a`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%swant %s", got, want)
		}
	}
	if again := differences(t, a, a); again != "" {
		t.Errorf("alike, and yet\n%s", again)
	}
}

func TestCompareTellsIntendedFromUnintended(t *testing.T) {
	set := func(rel, from, to string) func(*testing.T, string) {
		return func(t *testing.T, home string) { replaceIn(t, home, rel, from, to) }
	}
	param := func(name, from, to string) func(*testing.T, string) {
		return set(carbon.Axis2XML, `<parameter name="`+name+`">`+from+`<`, `<parameter name="`+name+`">`+to+`<`)
	}
	hidden := secret.New("Geheim-4711")
	for name, c := range map[string]struct {
		bend func(*testing.T, string)
		want []string
	}{
		"host name": {set(carbon.CarbonXML, "<!--HostName>www.wso2.org</HostName-->", "<HostName>am02.example.com</HostName>"), []string{"intended repository/conf/carbon.xml /Server/HostName: A:0 not set | B:"}},
		"offset":    {set(carbon.CarbonXML, "<Offset>0<", "<Offset>2<"), []string{"intended repository/conf/carbon.xml /Server/Ports/Offset: A:"}},
		"member":    {param("localMemberHost", "127.0.0.1", "10.0.0.12"), []string{"intended repository/conf/axis2/axis2.xml /axisconfig/clustering/parameter[@name='localMemberHost']: A:138 127.0.0.1 | B:138 10.0.0.12 (The node as a member"}},
		"domain":    {param("domain", shippedDomain, "other"), []string{"unintended repository/conf/axis2/axis2.xml /axisconfig/clustering/parameter[@name='domain']: A:133 wso2.carbon.domain | B:133 other"}},
		"enabled":   {set(carbon.Axis2XML, "enable=\"false\">\n        <parameter", "enable=\"true\">\n        <parameter"), []string{"unintended repository/conf/axis2/axis2.xml /axisconfig/clustering/@enable: A:129 false | B:129 true"}},
		"log level": {set(carbon.Log4jProperties, "log4j.rootLogger=", "log4j.rootLogger=DEBUG,"), []string{"unintended repository/conf/log4j.properties log4j.rootLogger: A:"}},
		"pool":      {set(carbon.MasterDS, "<maxActive>50<", "<maxActive>51<"), []string{"unintended repository/conf/datasources/master-datasources.xml /datasources-configuration/datasources/datasource[name='WSO2_CARBON_DB']/definition/configuration/maxActive: A:"}},
		"heap":      {set(carbon.ServerSH, "-Xmx1024m", "-Xmx2048m"), []string{"unintended bin/wso2server.sh : A:", "-Xmx2048m"}},
		"rmi name": {
			set(carbon.ServerSH, "    -Xms256m", "    -Djava.rmi.server.hostname=am02.example.com \\\n    -Xms256m"),
			[]string{"intended bin/wso2server.sh : A:0 not set | B:", "-Djava.rmi.server.hostname=am02.example.com (The name of the node.)"},
		},
		"password":     {set(carbon.UserMgtXML, "<Password>admin<", "<Password>"+hidden.Reveal()+"<"), []string{"unintended repository/conf/user-mgt.xml /UserManager/Realm/Configuration/AdminUser/Password: A:", " [secret] | B:", " [secret]"}},
		"broker":       {set(carbon.JNDIProperties, "amqp://admin:admin@", "amqp://admin:"+hidden.Reveal()+"@"), []string{"unintended repository/conf/jndi.properties connectionfactory.QueueConnectionFactory: A:", "amqp://admin:[secret]@"}},
		"group":        {param("localMemberPort", "4000", "4000</parameter><parameter name=\"groupPassword\">"+hidden.Reveal()), []string{"unintended repository/conf/axis2/axis2.xml /axisconfig/clustering/parameter[@name='groupPassword']: A:0 not set | B:139 [secret] (It is set on one side only.)"}},
		"clear cipher": {set(carbon.CipherText, "UserManager.AdminUser.Password=[admin]", "UserManager.AdminUser.Password=["+hidden.Reveal()+"]"), []string{"unintended repository/conf/security/cipher-text.properties UserManager.AdminUser.Password: A:", " [secret] | B:"}},
		"file":         {func(t *testing.T, home string) { setFile(t, home, "repository/conf/extra.xml", "<a/>") }, []string{"unintended repository/conf/extra.xml : A:0 not there | B:0 there (The file is on one side only.)"}},
		"text file":    {func(t *testing.T, home string) { setFile(t, home, "repository/conf/etc/cassandra.yaml", "a: 1\n") }, []string{"unintended repository/conf/etc/cassandra.yaml : A:0 not there"}},
		"damaged":      {func(t *testing.T, home string) { setFile(t, home, carbon.IdentityXML, "<Server") }, []string{"unknown repository/conf/identity.xml : A:0 read | B:0 cannot be used"}},
		"driver":       {func(t *testing.T, home string) { setFile(t, home, carbon.ComponentsLib+"/postgresql.jar", "PK") }, []string{"unintended repository/components/lib/postgresql.jar : A:0 not there | B:0 SHA256:"}},
		"made at start": {func(t *testing.T, home string) {
			setFile(t, home, carbon.Dropins+"/org.wso2.carbon.logging.propfile_1.0.0.jar", "PK")
		}, nil},
		"patch":        {func(t *testing.T, home string) { setFile(t, home, carbon.Patches+"/patch0042/a.jar", "PK") }, []string{"unintended repository/components/patches/patch0042/a.jar : A:0 not there"}},
		"patch0000":    {func(t *testing.T, home string) { setFile(t, home, carbon.Patches+"/patch0000/a.jar", "PK") }, nil},
		"version":      {set(carbon.CarbonXML, "<Version>1.0.0<", "<Version>1.9.0<"), []string{"unintended repository/conf/carbon.xml version: A:0 1.0.0 | B:0 1.9.0 (The nodes of one cluster run the same product"}},
		"no keystore":  {func(t *testing.T, home string) { removeFile(t, home, carbon.KeyStore) }, []string{"unknown repository/conf/carbon.xml /Server/Security/RegistryKeyStore: A:", "Whether the nodes have the same encryption key cannot be told."}},
		"synchronizer": {set(carbon.CarbonXML, "</Server>", "<DeploymentSynchronizer><Enabled>true</Enabled><AutoCommit>true</AutoCommit></DeploymentSynchronizer></Server>"), []string{"intended repository/conf/carbon.xml /Server/DeploymentSynchronizer/AutoCommit: ", "unintended repository/conf/carbon.xml /Server/DeploymentSynchronizer/Enabled: "}},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := sampleHome(t, "api"), sampleHome(t, "api")
			c.bend(t, b)
			got := differences(t, a, b)
			noSecret(t, got, hidden)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got\n%swant %s", got, want)
				}
			}
			if len(c.want) == 0 && got != "" {
				t.Errorf("got\n%s", got)
			}
			if len(c.want) > 0 && !strings.HasPrefix(c.want[0], "unintended") && name != "synchronizer" && strings.Contains(got, "unintended") {
				t.Errorf("something is taken for unintended:\n%s", got)
			}
		})
	}
}

// clusterNode plans and applies a node of a cluster; the second one has the first one's encryption key.
func clusterNode(t testing.TB, n int, store, more string) string {
	t.Helper()
	home := sampleHome(t, "api")
	keystore := fmt.Sprintf("keystore: {from: self_signed, names: [am0%d.example.com], alias: am, password: {env: KS_PW}%s}\n", n, store)
	yaml := keystore + fmt.Sprintf("hostname: {name: am0%d.example.com}\nports: {offset: %d}\njmx: {hostname: am0%d.example.com}\nadmin: {username: opsadmin, password: {env: ADMIN_PW}}\nvault: {enabled: true, password_file: persist}\n", n, n-1, n) +
		fmt.Sprintf("cluster: {enabled: true, scheme: wka, domain: example.am, local_member_host: 10.0.0.1%d, members: [\"10.0.0.11:4000\", \"10.0.0.12:4000\"]%s}\n", n, more)
	out, err := BuildPlan(t.Context(), clusterInstall(t, home), answersOf(t, yaml))
	if err != nil {
		t.Fatal(err)
	}
	applyNow(t, home, out.Plan)
	return home
}

func TestCompareTheNodesOfACluster(t *testing.T) {
	t.Setenv("KS_PW", ksPassword)
	t.Setenv("ADMIN_PW", "Admin-pw-99")
	first := clusterNode(t, 1, "", ", role: manager")
	second := clusterNode(t, 2, ", encryption_store: "+first+"/"+carbon.SecurityDir+"/am-encryption.jks", ", role: worker")
	found, err := CompareHomes(t.Context(), openInstall(t, first), openInstall(t, second))
	if err != nil || found.EncryptionKey == "" {
		t.Fatalf("the nodes have no key in common: %v", err)
	}
	for _, d := range found.Differences {
		if d.Kind != Intended && !strings.HasPrefix(d.Name, "trusted certificate ") {
			t.Errorf("%s %s %s: %v %v", d.Kind, d.File, d.Name, d.A, d.B)
		}
	}
	if found.Count(Intended) < 10 || found.Count(NotComparable) != 0 {
		t.Errorf("%d intended, %d not comparable", found.Count(Intended), found.Count(NotComparable))
	}

	// One value in the vault is another one: the ciphertexts differ on both, and only this is told.
	t.Setenv("ADMIN_PW", "Other-pw-98")
	third := clusterNode(t, 2, ", encryption_store: "+first+"/"+carbon.SecurityDir+"/am-encryption.jks", ", role: worker")
	got := differences(t, first, third)
	noSecret(t, got, secret.New("Admin-pw-99"), secret.New("Other-pw-98"), secret.New(ksPassword))
	if !strings.Contains(got, "unintended repository/conf/user-mgt.xml /UserManager/Realm/Configuration/AdminUser/Password: A:") || !strings.Contains(got, "[secret] in the vault | B:") {
		t.Errorf("got\n%s", got)
	}

	// Without the password file its vault does not open: then it cannot be told.
	removeFile(t, second, "password-persist")
	got = differences(t, first, second)
	if !strings.Contains(got, "unknown repository/conf/user-mgt.xml /UserManager/Realm/Configuration/AdminUser/Password") {
		t.Errorf("got\n%s", got)
	}
	if !strings.Contains(got, "unknown repository/conf/carbon.xml /Server/Security/RegistryKeyStore: ") {
		t.Errorf("the key of a closed vault is told:\n%s", got)
	}
}

func TestCompareFindsWhatMembersMustNotShare(t *testing.T) {
	t.Setenv("KS_PW", ksPassword)
	t.Setenv("ADMIN_PW", "Admin-pw-99")
	const sync = ", sync: {enabled: true, url: \"https://svn.example.com/am/\"}"
	first, second := clusterNode(t, 1, "", ", role: manager"+sync), clusterNode(t, 1, "", ", role: manager"+sync)
	got := differences(t, first, second)
	for _, want := range []string{
		"unintended repository/conf/carbon.xml /Server/Security/RegistryKeyStore: A:", "The encryption keys differ",
		"unintended repository/conf/axis2/axis2.xml localMemberHost and localMemberPort: A:138 10.0.0.11:4000 | B:138 10.0.0.11:4000 (Both nodes are the same member",
		"/Server/DeploymentSynchronizer/AutoCommit: A:", "Both nodes commit artifacts.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%swant %s", got, want)
		}
	}
}

// Each node may leave itself out of its list of members; what else the lists do not share is told by whole addresses.
func TestCompareTheListsOfMembers(t *testing.T) {
	a, b := sampleHome(t, "api"), sampleHome(t, "api")
	for home, other := range map[string]string{a: "10.0.0.12", b: "10.0.0.11"} {
		own := map[string]string{"10.0.0.12": "10.0.0.11", "10.0.0.11": "10.0.0.12"}[other]
		clusterTwice(t, home, strings.NewReplacer("local_member_host: 10.0.0.11", "local_member_host: "+own, `"10.0.0.11:4001", "10.0.0.12:4001"`, `"`+other+`:4001", "10.0.0.13:4001"`).Replace(wkaAnswers))
	}
	got := differences(t, a, b)
	if strings.Contains(got, "unintended") || strings.Count(got, nodeSelf) != 2 || !strings.Contains(got, "members/member[10.0.0.12:4001]: A:") {
		t.Errorf("got\n%s", got)
	}
	replaceIn(t, b, carbon.Axis2XML, "<hostName>10.0.0.13</hostName>", "<hostName>10.0.0.14</hostName>")
	got = differences(t, a, b)
	if !strings.Contains(got, "unintended repository/conf/axis2/axis2.xml /axisconfig/clustering/members/member[10.0.0.13:4001]: A:") || strings.Count(got, "unintended") != 2 {
		t.Errorf("got\n%s", got)
	}
}

// What may not be looked into is not missing.
func TestCompareWhatMayNotBeRead(t *testing.T) {
	if os.Getuid() == 0 {
		a := sampleHome(t, "api")
		if got := closedFolders(openInstall(t, a)); len(got) != 0 {
			t.Errorf("closed are %v", got)
		}
		c := &comparing{closed: []string{"repository/conf/tomcat"}}
		if !c.isClosed("repository/conf/tomcat/web.xml") || c.isClosed("repository/conf/tomcat.xml") {
			t.Error("a folder closes what is in it, and nothing else")
		}
		return // nothing is closed to root
	}
	a, b := sampleHome(t, "api"), sampleHome(t, "api")
	for _, home := range []string{a, b} {
		folder := filepath.Join(home, "repository/conf/tomcat")
		if err := os.Chmod(folder, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(folder, 0o700) }) // #nosec G302 -- a folder
		if got := differences(t, a, b); !strings.Contains(got, "unknown repository/conf/tomcat : ") || strings.Contains(got, "conf/tomcat/") {
			t.Errorf("got\n%s", got)
		}
	}
}

func TestCompareCodeOutsideComponents(t *testing.T) {
	a, b := sampleHome(t, "api"), sampleHome(t, "api")
	for i, rel := range []string{"lib/a.jar", "lib/endorsed/xml-apis.jar", "bin/b.jar", carbonExtensions + "/c.jar", "lib/runtimes/cxf/d.jar"} {
		setFile(t, a, rel, "one")
		setFile(t, b, rel, "another")
		if got := strings.Count(differences(t, a, b), "The nodes run different code."); got != min(i+1, 4) {
			t.Errorf("%s: %d differences", rel, got)
		}
	}
}

// Every difference says why it is what it is.
func TestCompareGivesReasons(t *testing.T) {
	a, b := sampleHome(t, "api"), sampleHome(t, "api")
	replaceIn(t, b, carbon.Axis2XML, `<parameter name="domain">wso2.carbon.domain</parameter>`, `<parameter name="domain">other</parameter>`)
	replaceIn(t, b, carbon.ServerSH, "-Xmx", "-Xss1m -Xmx")
	found, err := CompareHomes(t.Context(), openInstall(t, a), openInstall(t, b))
	if err != nil || len(found.Differences) < 2 {
		t.Fatalf("%v %v", found.Differences, err)
	}
	for _, d := range found.Differences {
		if d.Reason == "" {
			t.Errorf("%s %s has no reason", d.File, d.Name)
		}
	}
}

func TestCompareCanBeStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	a, b := openInstall(t, sampleHome(t, "api")), openInstall(t, sampleHome(t, "api"))
	if _, err := CompareHomes(ctx, a, b); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCompareShowsWhereLongValuesDiffer(t *testing.T) {
	a, b := DifferenceSide{Value: strings.Repeat("x", 500) + "end of A"}, DifferenceSide{Value: strings.Repeat("x", 500) + "end of B"}
	shorten(&a, &b)
	if !strings.HasSuffix(a.Value, "xend of A") || !strings.HasSuffix(b.Value, "xend of B") || len(a.Value) > 60 || !strings.HasPrefix(a.Value, "...") {
		t.Errorf("got %q and %q", a.Value, b.Value)
	}
	long, short := DifferenceSide{Value: strings.Repeat("ä", 500)}, DifferenceSide{}
	shorten(&long, &short)
	if long.Value != strings.Repeat("ä", mostShown)+"..." || short.Value != "" {
		t.Errorf("got %q and %q", long.Value, short.Value)
	}
}

func TestReplaceWord(t *testing.T) {
	for text, want := range map[string]string{
		"https://am01.example.com:9443/x": "https://<host>:9443/x", "xam01.example.com": "xam01.example.com", "am01.example.com.au": "am01.example.com.au",
		"AM01.example.com,am01.example.com": "<host>,<host>", "": "", "İam01.example.com": "İam01.example.com",
	} {
		if got := replaceWord(text, "am01.example.com", "<host>"); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
