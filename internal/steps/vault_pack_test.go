package steps

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// readerSources are the program that calls the readers of a pack.
var readerSources = []string{"Readers.java", "activation/javax/activation/DataSource.java", "activation/javax/activation/DataHandler.java"}

// packHome returns a copy of the data files of the real pack that CARBON_PACK names, with some more places for secrets in it, and the class path of the pack.
func packHome(t *testing.T) (home, classPath string) {
	t.Helper()
	pack := os.Getenv("CARBON_PACK")
	if pack == "" {
		t.Skip("CARBON_PACK names no real pack; TestVaultByJava decrypts the same with the JDK alone")
	}
	home = filepath.Join(t.TempDir(), "home")
	for _, rel := range []string{confFolder, carbon.SecurityDir, "bin", "dbscripts"} {
		copyTree(t, filepath.Join(pack, filepath.FromSlash(rel)), filepath.Join(home, filepath.FromSlash(rel)))
	}
	morePlaces(t, home)
	return home, packJars(t, pack)
}

// packJars is the class path that the server puts together at its start: a jar of the newest patch that has it stands for the older ones.
func packJars(t *testing.T, pack string) string {
	t.Helper()
	components := filepath.Join(pack, "repository", "components")
	folders, err := filepath.Glob(filepath.Join(components, "patches", "patch*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(folders)
	slices.Reverse(folders)
	taken := map[string]bool{}
	var jars []string
	for _, dir := range append(folders, filepath.Join(components, "plugins")) {
		found, err := filepath.Glob(filepath.Join(dir, "*.jar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, jar := range found {
			if name := filepath.Base(jar); !taken[name] {
				taken[name] = true
				jars = append(jars, jar)
			}
		}
	}
	if len(jars) == 0 {
		t.Fatalf("%s holds no jars", components)
	}
	return strings.Join(jars, string(filepath.ListSeparator))
}

// morePlaces writes into a home of the product what operators add to theirs: a secret for every reader that the shipped files have none for.
func morePlaces(t *testing.T, home string) {
	t.Helper()
	replaceIn(t, home, carbon.RegistryXML, "</wso2registry>", `  <dbConfig name="mounted"><url>jdbc:h2:x</url><userName>u</userName><password>mounted-1</password></dbConfig>
  <remoteInstance url="https://g.example.com/registry"><id>gov</id><username>u</username><password>remote-2</password></remoteInstance>
  <workList serverURL="local://services/" remote="false"><username>u</username><password>work-3</password></workList>
  <scm><connection mountPoint="/a"><username>u</username><password>scm-4</password></connection></scm>
</wso2registry>`)
	replaceIn(t, home, carbon.UserMgtXML, "</Configuration>", `  <Property name="password">realm-5</Property>
</Configuration>`)
	replaceIn(t, home, carbon.UserMgtXML, "</Realm>", `  <UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager">
    <Property name="DomainName">SECOND</Property>
    <Property name="ConnectionPassword">directory-6</Property>
    <Property name="password">realm-5</Property>
  </UserStoreManager>
</Realm>`)
	setFile(t, home, userStoresDir+"/example_com.xml", `<?xml version="1.0" encoding="UTF-8"?>
<UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager">
  <Property name="DomainName">example.com</Property>
  <Property name="ConnectionPassword">secondary-7</Property>
</UserStoreManager>
`)
	setFile(t, home, carbon.DatasourcesDir+"/more-datasources.xml", `<datasources-configuration>
  <datasources>
    <datasource><name>RING</name><definition type="CASSANDRA"><configuration><username>u</username><password>ring-8-€</password></configuration></definition></datasource>
    <datasource><name>XA</name><definition type="RDBMS"><configuration><dataSourceProps><property name="user">u</property><property name="password">xa-9</property></dataSourceProps></configuration></definition></datasource>
  </datasources>
</datasources-configuration>
`)
	setFile(t, home, carbon.TasksConfig, `<tasks-configuration><remoteServerPassword>tasks-10</remoteServerPassword></tasks-configuration>
`)
	replaceIn(t, home, carbon.Axis2XML, "</axisconfig>", `  <transportSender name="mailto" class="org.apache.axis2.transport.mail.MailTransportSender">
    <parameter name="mail.smtp.password">mail-11</parameter>
  </transportSender>
</axisconfig>`)
	if _, err := os.Stat(filepath.Join(home, filepath.FromSlash(carbon.Axis2BlockingClient))); err == nil {
		replaceIn(t, home, carbon.Axis2BlockingClient, ">mailpassword<", ">mail-11<") // the same alias
	}
	replaceIn(t, home, carbon.EventBroker, "</eventBroker>", `  <deliveryManager name="deliveryManager" type="remote"><remoteMessageBroker><userName>u</userName><password>broker-12</password></remoteMessageBroker></deliveryManager>
</eventBroker>`)
	replaceIn(t, home, carbon.CarbonXML, "</Server>", `  <DeploymentSynchronizer><SvnUser>u</SvnUser><SvnPassword>svn-13</SvnPassword></DeploymentSynchronizer>
</Server>`)
}

// packReads has the readers of the pack read a home, and returns what they take for its secrets, a line each. They do not say what is in a file that
// cannot be read.
func packReads(t *testing.T, home, classes, jars string) []string {
	t.Helper()
	out, complaint, err := runJava(t, home, classes+string(filepath.ListSeparator)+jars, "Readers")
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint)
	}
	return strings.Split(strings.TrimSpace(out), "\n")
}

// TestVaultByPack has the classes of a real pack read an install with a vault: they have to find what they find in the same install without one.
func TestVaultByPack(t *testing.T) {
	home, jars := packHome(t)
	twin := filepath.Join(t.TempDir(), "twin")
	copyTree(t, home, twin)
	classes := javaProgram(t, jars, readerSources...)
	applyNow(t, twin, buildPlan(t, twin, proofAnswers(t, proofPlain)).Plan)
	planTwice(t, home, proofAnswers(t, proofVault))

	want := packReads(t, twin, classes, jars)
	noReason(t, want)
	got := packReads(t, home, classes, jars)
	if got[0] != "vault\tinitialized\ttrue" || want[0] != "vault\tinitialized\tfalse" {
		t.Errorf("the home says %q, its twin %q", got[0], want[0])
	}
	if !slices.Equal(got[1:], want[1:]) {
		t.Errorf("with the vault, the server reads\n%s\nand without\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, line := range []string{ // all but those of files that the product does not have
		"carbon.xml\tSecurity.KeyStore.Password\t" + ksPassword, "carbon.xml\tSecurity.RegistryKeyStore.KeyPassword\t" + ksPassword,
		"carbon.xml\tSecurity.TrustStore.Password\t" + tsPassword, "user-mgt.xml\tAdminUser\t" + proofAdmin, "carbon.xml\tDeploymentSynchronizer.SvnPassword\tsvn-13",
		"api-manager.xml\tAuthManager.Password\t" + proofAdmin,
		"registry.xml\tdbConfig/mounted\tmounted-1", "registry.xml\tremoteInstance/gov\tremote-2", "registry.xml\tworkList\twork-3", "registry.xml\tscm//a\tscm-4",
		"user-mgt.xml\tConfiguration/password\trealm-5", "user-mgt.xml\tSECOND/ConnectionPassword\tdirectory-6", "user-mgt.xml\tSECOND/password\trealm-5",
		"userstores/example_com.xml\texample.com/ConnectionPassword\tsecondary-7",
		"datasources/more-datasources.xml\tRING/password\tring-8-€", "datasources/more-datasources.xml\tXA/password\txa-9",
		"etc/tasks-config.xml\tremoteServerPassword\ttasks-10", "axis2/axis2.xml\ttransportSender/mailto/mail.smtp.password\tmail-11",
		"event-broker.xml\tremoteMessageBroker\tbroker-12",
	} {
		if !slices.Contains(got, line) && hasConf(home, line) {
			t.Errorf("the server does not read %q", line)
		}
	}
	allSecured(t, home, twin, got)
	noneInClear(t, home, got)
}

// hasConf reports whether the product has the file that a line of the readers is about.
func hasConf(home, line string) bool {
	file := line[:strings.IndexByte(line, '\t')]
	_, err := os.Stat(filepath.Join(home, filepath.FromSlash(confFolder), filepath.FromSlash(file)))
	return err == nil || strings.HasPrefix(file, "userstores/")
}

// noReason fails for a reader that could not read.
func noReason(t *testing.T, lines []string) {
	t.Helper()
	for _, line := range lines {
		if strings.Contains(line, "\t!\t") {
			t.Errorf("a reader fails: %s", line)
		}
	}
}

// allSecured checks that nothing the readers find stands in clear any more: they have it from the vault.
func allSecured(t *testing.T, home, twin string, lines []string) {
	t.Helper()
	values := securedValues(t, home, twin)
	inVault := map[string]bool{}
	for _, value := range values {
		inVault[value] = true
	}
	for _, line := range lines[1:] {
		if value := line[strings.LastIndexByte(line, '\t')+1:]; !inVault[value] {
			t.Errorf("this is not out of the vault: %s", line)
		}
	}
	if len(values) < 25 {
		t.Errorf("only %d aliases are in use: %v", len(values), slices.Sorted(maps.Keys(values)))
	}
}

// noneInClear checks that the passwords of the answers stand in none of the files that the readers have read.
func noneInClear(t *testing.T, home string, lines []string) {
	t.Helper()
	for _, line := range lines[1:] {
		rel := confFolder + "/" + line[:strings.IndexByte(line, '\t')]
		if strings.HasPrefix(line, "userstores/") {
			continue // the answers say nothing of them
		}
		live := liveText(t, home, rel)
		for _, value := range []string{ksPassword, tsPassword, proofAdmin[:5]} {
			if strings.Contains(live, value) {
				t.Errorf("%s still holds %s in clear", rel, value)
			}
		}
	}
}

// TestVaultByPackBroken shows that what the readers say depends on the vault, and how Carbon takes what is broken.
func TestVaultByPackBroken(t *testing.T) {
	home, jars := packHome(t)
	classes := javaProgram(t, jars, readerSources...)
	planTwice(t, home, proofAnswers(t, proofVault))
	password := readFile(t, home, persistFile)
	const admin, key = "UserManager.AdminUser.Password", "Carbon.Security.KeyStore.Password"

	has := func(lines []string, want string) {
		t.Helper()
		if !slices.Contains(lines, want) {
			t.Errorf("the readers do not say %q:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	setFile(t, home, persistFile, "some-other-pw\n")
	lines := packReads(t, home, classes, jars)
	has(lines, "vault\tinitialized\tfalse")
	if !strings.Contains(strings.Join(lines, "\n"), "carbon.xml\t!\torg.wso2.securevault.SecureVaultException") {
		t.Errorf("another password opens the vault:\n%s", strings.Join(lines, "\n"))
	}
	// Nobody is asked without a console.
	removeFile(t, home, persistFile)
	lines = packReads(t, home, classes, jars)
	has(lines, "vault\tinitialized\tfalse")
	has(lines, "carbon.xml\tSecurity.KeyStore.Password\tnull")

	setFile(t, home, persistFile, password)
	text := readFile(t, home, carbon.CipherText)
	setFile(t, home, carbon.CipherText, withoutEntry(text, admin))
	lines = packReads(t, home, classes, jars)
	has(lines, "vault\tinitialized\ttrue")
	has(lines, "user-mgt.xml\tAdminUser\t"+admin)
	has(lines, "carbon.xml\tSecurity.KeyStore.Password\t"+ksPassword)

	setFile(t, home, carbon.CipherText, withoutEntry(text, key)+key+"=[left in clear]\n")
	has(packReads(t, home, classes, jars), "carbon.xml\tSecurity.KeyStore.Password\t"+key)

	// A name that its reader does not ask for leaves the placeholder.
	setFile(t, home, carbon.CipherText, strings.ReplaceAll(text, admin+"=", "Admin.Password="))
	replaceIn(t, home, carbon.UserMgtXML, `secretAlias="`+admin+`"`, `secretAlias="Admin.Password"`)
	has(packReads(t, home, classes, jars), "user-mgt.xml\tAdminUser\tpassword")
}

// withoutEntry takes an entry out of a properties file.
func withoutEntry(text, key string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, key+"=") {
			b.WriteString(line)
		}
	}
	return b.String()
}
