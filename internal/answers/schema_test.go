package answers

import (
	"strings"
	"testing"
)

// fullSchema has every section of an answers file, and one of everything that a schema can have.
func fullSchema() Schema {
	s := Schema{
		{Key: "version", Kind: Int, Label: "Version of this format", Required: true, Example: "1"},
		{Key: "admin.username", Kind: Text, Label: "Administrator", Help: "The user name of the administrator.", Required: true, Example: "opsadmin"},
		{Key: "admin.password", Kind: Secret, Label: "Administrator's password", Help: "The password of the administrator.", Required: true, Example: "{env: ADMIN_PW}"},
		{Key: "keystore", Kind: Map, Label: "SSL keys", NotYet: "this version cannot do guideline 2 (SSL keys) yet"},
		{Key: "truststore.password", Kind: Secret, Label: "Password of the trust store", Example: "TS_PW"},
		{Key: "truststore.import", Kind: List, Label: "Certificates to trust", Example: "[root-ca.pem]"},
		{Key: "truststore.remove_default", Kind: Bool, Label: "Take the default certificates out"},
		{Key: "jvm.heap_initial", Kind: Size, Label: "Initial heap", Example: "512m"},
		{Key: "jvm.heap_max", Kind: Size, Label: "Largest heap", Example: "2048m"},
		{Key: "jvm.permgen_max", Kind: Size, Label: "Permanent generation", Help: "Java 8 and older alone have one: leave it out for others.", Example: "1024m"},
		{Key: "hostname.name", Kind: Text, Label: "Host name", Help: "The name by which clients reach the server.", Required: true, Example: "esb.example.com"},
		{Key: "hostname.management", Kind: Text, Label: "Host name of the console", Required: true, Example: "mgt.example.com"},
		{Key: "jmx.enabled", Kind: Bool, Label: "JMX"},
		{Key: "jmx.registry_port", Kind: Int, Label: "RMI registry port", Example: "9999"},
		{Key: "jmx.server_port", Kind: Int, Label: "RMI server port", Example: "11111"},
		{Key: "jmx.hostname", Kind: Text, Label: "JMX host name", Example: "esb.example.com"},
		{Key: "ports.offset", Kind: Int, Label: "Port offset", Example: "0"},
		{Key: "proxy.reverse.http_port", Kind: Int, Label: "HTTP port of the proxy", Example: "80"},
		{Key: "proxy.reverse.https_port", Kind: Int, Label: "HTTPS port of the proxy", Example: "443"},
		{Key: "proxy.reverse.name", Kind: Text, Label: "Name of the proxy", Example: "esb.example.com"},
		{Key: "proxy.forward.host", Kind: Text, Label: "Forward proxy", Required: true, Example: "proxy.example.com"},
		{Key: "proxy.forward.port", Kind: Int, Label: "Port of the forward proxy", Required: true, Example: "3128"},
		{Key: "proxy.forward.bypass", Kind: List, Label: "Hosts without proxy", Example: "localhost, 127.0.0.1"},
		{Key: "proxy.forward.username", Kind: Text, Label: "User at the proxy"},
		{Key: "proxy.forward.password", Kind: Secret, Label: "Password at the proxy"},
		{Key: "datasources.*.type", Kind: Choice, Label: "Database", Choices: []string{"mysql", "mariadb", "postgresql", "oracle", "sqlserver"}, Required: true},
		{Key: "datasources.*.host", Kind: Text, Label: "Database host", Required: true, Example: "db1"},
		{Key: "datasources.*.port", Kind: Int, Label: "Database port", Example: "5432"},
		{Key: "datasources.*.database", Kind: Text, Label: "Database name", Example: "carbon"},
		{Key: "datasources.*.username", Kind: Text, Label: "Database user", Example: "carbon"},
		{Key: "datasources.*.password", Kind: Secret, Label: "Database password"},
		{Key: "datasources.*.driver", Kind: Path, Label: "JDBC driver", Example: "/opt/drivers/postgresql.jar"},
		{Key: "datasources.*.parameters", Kind: Map, Label: "JDBC URL options"},
		{Key: "datasources.*.schema", Kind: Choice, Label: "Tables", Choices: []string{"create", "verify", "skip"}},
		{Key: "user_store.type", Kind: Choice, Label: "User store", Choices: []string{"jdbc", "ldap", "ldap-readonly", "active-directory"}},
		{Key: "logs.rotation", Kind: Choice, Label: "Rotation", Choices: []string{"size", "daily"}},
		{Key: "logs.max_size", Kind: Text, Label: "Largest log", Example: "10MB"},
		{Key: "logs.max_backups", Kind: Int, Label: "Old logs to keep", Example: "20"},
		{Key: "logs.level", Kind: Choice, Label: "Level", Choices: []string{"OFF", "ERROR", "WARN", "INFO", "DEBUG"}},
		{Key: "vault.enabled", Kind: Bool, Label: "Secure Vault"},
		{Key: "vault.password_file", Kind: Choice, Label: "Password file", Choices: []string{"none", "once", "persist"}},
		{Key: "tuning.profile", Kind: Text, Label: "Profile", NotYet: "this version knows no profiles."},
		{Key: "tuning.files", Kind: Int, Label: "Open files"},
		{Key: "cluster.enabled", Kind: Bool, Label: "Cluster"},
		{Key: "backup.schedule", Kind: Choice, Label: "Schedule", Choices: []string{"daily", "weekly"}},
		{Key: "backup.directory", Kind: Path, Label: "Folder", Example: "/var/backups/carbon"},
		{Key: "backup.keep", Kind: Int, Label: "Backups to keep", Example: "14"},
		{Key: "features", Kind: Map, Label: "Features", NotYet: "this version cannot do guideline 15 (Feature management) yet"},
	}
	return s
}

func TestSchemaLookup(t *testing.T) {
	t.Parallel()
	s := fullSchema()
	for key, want := range map[string]string{
		"hostname.name": "hostname.name", "proxy.reverse.http_port": "proxy.reverse.http_port",
		"datasources.WSO2_CARBON_DB.host": "datasources.*.host", "datasources.a-b.parameters": "datasources.*.parameters",
		"keystore": "keystore", "version": "version",
		"hostname": "", "hostname.nme": "", "": "", "datasources": "", "datasources.X": "", "datasources.*.host": "",
		"datasources..host": "", "datasources.a b.host": "", "keystore.alias": "", "hostname.name.x": "", ".": "",
	} {
		spec, ok := s.Lookup(key)
		if spec.Key != want || ok != (want != "") {
			t.Errorf("Lookup(%q) = %q, %v; want %q", key, spec.Key, ok, want)
		}
		b := s.mustTree().at(key)
		if inTree := b != nil && b.spec != nil; inTree != ok {
			t.Errorf("the tree has %q: %v, Lookup: %v", key, inTree, ok)
		}
	}
}

func TestSchemaLookupPrefersTheExactKey(t *testing.T) {
	t.Parallel()
	s := Schema{{Key: "x.*", Kind: Text}, {Key: "x.default", Kind: Int}}
	if spec, _ := s.Lookup("x.default"); spec.Kind != Int {
		t.Errorf("got %v", spec)
	}
	if spec, _ := s.Lookup("x.other"); spec.Kind != Text {
		t.Errorf("got %v", spec)
	}
}

func TestSchemaCheck(t *testing.T) {
	t.Parallel()
	if err := fullSchema().Check(); err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]Schema{
		"no kind":                        {{Key: "a.b"}},
		"empty segment":                  {{Key: "a..b", Kind: Text}},
		"twice":                          {{Key: "a.b", Kind: Text}, {Key: "a.b", Kind: Int}},
		"value and a section at once":    {{Key: "a", Kind: Text}, {Key: "a.b", Kind: Int}},
		`"a" of the schema is a value`:   {{Key: "a.b", Kind: Text}, {Key: "a", Kind: Int}},
		`key "" of the schema has an em`: {{Key: "", Kind: Text}},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", s, err, want)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewSet takes the schema %v", s)
				}
			}()
			NewSet(s)
		}()
	}
	notYetAboveKeys := Schema{{Key: "a", Kind: Map, NotYet: "no"}, {Key: "a.b", Kind: Text}}
	if err := notYetAboveKeys.Check(); err != nil {
		t.Error(err)
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := Text; k <= Map; k++ {
		if seen[k.String()] || k.String() == "" {
			t.Errorf("kind %d is named %q", k, k)
		}
		seen[k.String()] = true
	}
	if Kind(0).String() != "unknown kind" || Kind(99).String() != "unknown kind" {
		t.Error("a kind that is none has a name")
	}
}
