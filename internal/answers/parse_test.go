package answers

import (
	"errors"
	"strings"
	"testing"
)

// parse reads text with the full schema and returns what an operator would see: the faults, or else the warnings.
func parse(t *testing.T, text string) (*Set, string) {
	t.Helper()
	set, warnings, err := Parse("a.yaml", []byte(text), fullSchema())
	var faults *FaultsError
	switch {
	case errors.As(err, &faults):
		if set != nil || warnings != nil {
			t.Error("a set or warnings come with faults")
		}
		return nil, err.Error()
	case err != nil:
		t.Fatal(err)
	}
	lines := make([]string, len(warnings))
	for i, w := range warnings {
		lines[i] = w.String()
	}
	return set, strings.Join(lines, "\n")
}

const fullFile = `version: 1
admin:      {username: opsadmin, password: {env: ADMIN_PW}}
truststore: {password: {env: TS_PW}, import: [root-ca.pem], remove_default: true}
jvm:        {heap_initial: 512m, heap_max: 2048m, permgen_max: 1024m}
hostname:   {name: esb.example.com, management: mgt.example.com}
jmx:        {enabled: true, registry_port: 9999, server_port: 11111, hostname: esb.example.com}
ports:      {offset: 0}
proxy:
  reverse:  {http_port: 80, https_port: 443, name: esb.example.com}
  forward:  {host: proxy.example.com, port: 3128, bypass: [localhost, 127.0.0.1], username: "", password: {env: PROXY_PW}}
datasources:
  WSO2_CARBON_DB:
    type: postgresql            # mysql | mariadb | postgresql | oracle | sqlserver
    host: db1
    port: 5432
    database: carbon            # Oracle: service or sid instead
    username: carbon
    password: {env: DB_PW}
    driver: /opt/drivers/postgresql.jar
    parameters: {}              # JDBC URL options
    schema: create              # create | verify | skip
user_store: {type: jdbc}        # jdbc | ldap | ldap-readonly | active-directory, with their keys
logs:       {rotation: size, max_size: 10MB, max_backups: 20, level: INFO}
vault:      {enabled: true, password_file: once}           # none | once (password-tmp) | persist
cluster:    {enabled: false}
backup:     {schedule: daily, directory: /var/backups/carbon, keep: 14}
`

func TestParseReadsEverySection(t *testing.T) {
	t.Parallel()
	set, said := parse(t, fullFile)
	if said != "" {
		t.Fatal(said)
	}
	for key, want := range map[string]string{
		"version": "1", "admin.username": "opsadmin", "jvm.heap_max": "2048m", "jmx.enabled": "true", "ports.offset": "0",
		"proxy.reverse.https_port": "443", "proxy.forward.bypass": "localhost, 127.0.0.1", "proxy.forward.username": "",
		"datasources.WSO2_CARBON_DB.port": "5432", "datasources.WSO2_CARBON_DB.driver": "/opt/drivers/postgresql.jar",
		"logs.max_size": "10MB", "vault.password_file": "once", "cluster.enabled": "false",
	} {
		if v, ok := set.Lookup(key); !ok || v.Text != want {
			t.Errorf("%s = %q, %v; want %q", key, v.Text, ok, want)
		}
	}
	if v, _ := set.Lookup("admin.password"); v.Ref.Env != "ADMIN_PW" || v.Secret.IsSet() || v.At != (Position{"a.yaml", 2, 44}) {
		t.Errorf("admin.password = %+v", v)
	}
	if v, _ := set.Lookup("datasources.WSO2_CARBON_DB.host"); v.At.String() != "a.yaml:14:11" {
		t.Errorf("the host stands at %s", v.At)
	}
	want := "admin truststore jvm hostname jmx ports proxy datasources user_store logs vault cluster backup"
	if got := strings.Join(set.Sections(), " "); got != want {
		t.Errorf("sections %s, want %s", got, want)
	}
}
