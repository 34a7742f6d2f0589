package steps

import (
	"path"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// TestAuditFindsDefaultSecretsWhereverTheyStand plants passwords of the download in places that no step knows.
func TestAuditFindsDefaultSecretsWhereverTheyStand(t *testing.T) {
	plant := map[string]string{
		"repository/conf/own/deep/own.xml":                               "<own>\n <login password=\"admin\"/>\n <gatewayPassword>wso2carbon</gatewayPassword>\n</own>\n",
		"repository/conf/own.properties":                                 "a=b\nremote.password = admin\n",
		"repository/conf/url.properties":                                 "a=b\nconnection = amqp://own:admin@client/test\n",
		"repository/conf/own.yaml":                                       "cassandra:\n  password: wso2carbon\n",
		"repository/deployment/server/jaggeryapps/x/site/conf/site.json": "{\n \"password\": \"admin\"\n}\n",
		"repository/deployment/server/jaggeryapps/x/a/b/own.json": `{ // "password": "admin", in a comment
 "url": "https://x/*.y", /* "password": "admin", */ "keyStorePassword": "wso2carbon" /* "password":
 "password": "admin" */ /**/ }
`,
		"repository/deployment/server/synapse-configs/default/endpoints/own.xml": "<endpoint><!-- http://admin:admin@x --> <p>\n<address uri=\"http://own:admin@host/x\"/></p><Password>$1</Password></endpoint>\n",
		"repository/deployment/server/dataservices/own.dbs":                      "<data>\n<property name=\"password\">wso2carbon</property></data>\n",
		"repository/deployment/server/outputeventadaptors/own.xml":               "<outputEventAdaptor>\n<property name=\"password\">admin</property></outputEventAdaptor>\n",
		carbon.EPRDir + "/away.epr": `<EndpointReference><Address>http://bps.example.com:9765/services/x</Address><Metadata><transport><authorization-username>admin</authorization-username>
<authorization-password>admin</authorization-password></transport></Metadata></EndpointReference>`,
		userStoresDir + "/second.xml": "<UserStoreManager>\n<Property name=\"ConnectionPassword\">secret</Property></UserStoreManager>\n",
		carbon.EPRDir + "/own.epr":    "<x>\n<authorization-password>admin</authorization-password></x>\n",
	}
	home := sampleHome(t, "api")
	before := findings(t, home, 10)
	for rel, text := range plant {
		setFile(t, home, rel, text)
	}
	for _, r := range findings(t, home, 10) {
		if r.ID != ruleVaultDefault || slices.Contains(before, r) {
			continue
		}
		if plant[r.Place.File] == "" || r.Place.Line != 2 {
			t.Errorf("found at %s", r.Place)
		}
		delete(plant, r.Place.File)
	}
	for rel := range plant {
		t.Errorf("%s: the default password in it is not found", rel)
	}
}

// TestAuditFindsNothingInComments writes every configuration file into a comment of its own: the audit must say the same as before.
func TestAuditFindsNothingInComments(t *testing.T) {
	homes := []string{sampleHome(t, "api"), sampleHome(t, "servlet")}
	if corpus, ok := corpusHome(t); ok {
		homes = append(homes, corpus)
	}
	for _, home := range homes {
		in := openInstall(t, home)
		before := resultLines(RunAudit(t.Context(), NewWorkspace(in)))
		w := NewWorkspace(in)
		for _, rel := range confFiles(w) {
			data, err := w.Bytes(rel)
			if err != nil {
				t.Fatal(err)
			}
			setFile(t, home, rel, string(data)+"\n"+inComment(rel, string(data)))
			if _, err := edit.ParseXML(rel, []byte(readFile(t, home, rel))); path.Ext(rel) == ".xml" && err != nil {
				t.Fatalf("the test has broken %s: %v", rel, err)
			}
		}
		after := resultLines(RunAudit(t.Context(), NewWorkspace(openInstall(t, home))))
		if before != after {
			t.Errorf("%s: a finding comes from a comment:\n%s", home, firstDifferent(before, after))
		}
	}
}

func inComment(rel, text string) string {
	if path.Ext(rel) == ".xml" {
		return "<!--\n" + strings.ReplaceAll(strings.ReplaceAll(text, "--", "=="), "==>", "-=>") + "\n-->\n"
	}
	return "#" + strings.ReplaceAll(strings.ReplaceAll(text, "\r", ""), "\n", "\n#") + "\n"
}

func firstDifferent(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "- " + x[i] + "\n+ " + y[i]
		}
	}
	return "the length differs"
}

func TestFromDownload(t *testing.T) {
	for text, want := range map[string]bool{
		"admin": true, "wso2carbon": true, "Admin1": false, "": false, "administrator": false,
		"amqp://admin:admin@clientID/test?brokerlist='tcp://localhost:5672'": true, "amqp://admin:Str0ng!@clientID/test": false, "http://localhost/admin": false,
	} {
		if got := fromDownload(secret.New(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestAuditFindsThePublicKeyWhereverItLies moves the shipped keystore of a real product to places that nothing names.
func TestAuditFindsThePublicKeyWhereverItLies(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Log("the corpus is not here; that the key is known in every format is tested with the keystores")
		return
	}
	shipped := readFile(t, home, carbon.KeyStore)
	places := []string{
		"repository/deployment/server/webapps/own/WEB-INF/own.keystore", "bin/copy.JKS", "repository/conf/x.jks",
		"wso2carbon.bak", "bin/copy", "repository/conf/etc/deep/er/old.dat", "repository/resources/security/wso2carbon.jks.2014",
	}
	for _, rel := range places {
		setFile(t, home, rel, shipped)
	}
	for _, r := range findings(t, home, 2) {
		if r.ID == rulePublicStray {
			places = slices.DeleteFunc(places, func(rel string) bool { return rel == r.Place.File })
		}
	}
	if len(places) > 0 {
		t.Errorf("not found: %q", places)
	}
}
