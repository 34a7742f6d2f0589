package answers

import (
	"errors"
	"strings"
	"testing"
)

func overrideSchema() Schema {
	return Schema{
		{Key: "version", Kind: Int},
		{Key: "hostname.name", Kind: Text, Required: true},
		{Key: "ports.offset", Kind: Int},
		{Key: "jvm.heap_max", Kind: Size},
		{Key: "user_store.type", Kind: Choice, Choices: []string{"jdbc", "ldap"}},
		{Key: "proxy.bypass", Kind: List},
		{Key: "admin.password", Kind: Secret},
		{Key: "datasources.*.type", Kind: Text, Required: true},
		{Key: "datasources.*.host", Kind: Text},
		{Key: "datasources.*.parameters", Kind: Map},
		{Key: "cluster.local_member_host", Kind: Text},
		{Key: "later", Kind: Map, NotYet: "this version cannot do later yet"},
	}
}

func TestOverridesTakeThePlaceOfAnswers(t *testing.T) {
	file := "version: 1\nhostname: {name: am01.example.com}\nproxy: {bypass: [a]}\nadmin: {password: literal}\n"
	set, warnings, err := ParseWith("a.yaml", []byte(file), overrideSchema(), "--set", []string{
		"hostname.name=am01b.example.com", "hostname.name=am02.example.com", "ports.offset=2", "proxy.bypass=[b, c]", "jvm.heap_max=2G",
		"admin.password={env: ADMIN_PW}", "datasources.WSO2_CARBON_DB.type=h2", "datasources.WSO2_CARBON_DB.parameters=a=1,b=2", "cluster.local_member_host=",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"hostname.name": "am02.example.com", "ports.offset": "2", "proxy.bypass": "b, c", "jvm.heap_max": "2g", "datasources.WSO2_CARBON_DB.type": "h2",
		"cluster.local_member_host": "",
	}
	for key, text := range want {
		if v, ok := set.Lookup(key); !ok || v.Text != text {
			t.Errorf("%s is %q, want %q", key, v.Text, text)
		}
	}
	if v, _ := set.Lookup("admin.password"); v.Ref.Env != "ADMIN_PW" || v.Secret.IsSet() {
		t.Errorf("the password is %+v", v.Ref)
	}
	if v, _ := set.Lookup("datasources.WSO2_CARBON_DB.parameters"); v.Map["b"] != "2" {
		t.Errorf("the parameters are %v", v.Map)
	}
	if at := set.Place("hostname.name").String(); at != "--set" {
		t.Errorf("the host name stands at %q", at)
	}
	if at := set.Place("proxy.nothing"); at.File != "--set" {
		t.Errorf("what is missing in the section stands at %q", at)
	}
	for _, w := range warnings {
		t.Errorf("a warning of what was replaced: %s", w)
	}
}

func TestOverridesThatCannotBeTaken(t *testing.T) {
	for given, want := range map[string]string{
		"hostnam.name=a":             `hostnam.name: --set names a key that there is not. Did you mean "hostname.name"?`,
		"cluster.localmemberhost=a":  `Did you mean "cluster.local_member_host"?`,
		"datasources.DB.hots=a":      `Did you mean "datasources.DB.host"?`,
		"proxy.nothing.of.it=1":      "The key of proxy is bypass.",
		"zzz=1":                      `The command "carbon-setup answers" lists them all.`,
		"ports=1":                    "ports: This is a section, and --set sets one key. The key of ports is offset.",
		"ports.offset=three":         "ports.offset: This must be a whole number",
		"user_store.type=lda":        `Did you mean "ldap"?`,
		"admin.password=Geheim-123":  "A secret is not given on a command line",
		"admin.password=env:":        "A secret is not given on a command line",
		"later=1":                    "later: This version cannot do later yet.",
		"version=2":                  "The version of the format is no answer.",
		"hostname.name":              "--set takes a key and a value with = between them.",
		"=x":                         "--set takes a key and a value with = between them.",
		"\x1b[31m=x":                 "names a key that there is not",
		"datasources.DB.host=db1":    "datasources.DB: The key type is missing.",
		"datasources.a.parameters=x": "datasources.a.parameters: ",
	} {
		_, _, err := ParseWith("a.yaml", []byte("version: 1\n"), overrideSchema(), "--set", []string{given})
		var faults *FaultsError
		if !errors.As(err, &faults) || len(faults.Faults) != 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", given, err, want)
			continue
		}
		if strings.Contains(err.Error(), "Geheim") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %v", given, err)
		}
	}
}

func TestOverridesMeetWhatAFileLeavesOut(t *testing.T) {
	file := []byte("version: 1\nhostname: {}\n")
	_, _, err := ParseWith("a.yaml", file, overrideSchema(), "--set", []string{"ports.offset=1"})
	if err == nil || err.Error() != "a.yaml:2:1: hostname: The key name is missing. Write it like this: name: \"text\"" {
		t.Errorf("got %v", err)
	}
	set, _, err := ParseWith("a.yaml", file, overrideSchema(), "--set", []string{"hostname.name=am02.example.com"})
	if err != nil || set.Text("hostname.name") != "am02.example.com" {
		t.Errorf("got %v", err)
	}
	if _, _, err := ParseWith("a.yaml", file, overrideSchema(), "--set", nil); err == nil {
		t.Error("without one, the file has to have all that it must")
	}
	if _, _, err := ParseWith("a.yaml", []byte("version: 1\nnope: 1\n"), overrideSchema(), "--set", []string{"ports.offset=1"}); err == nil || !strings.Contains(err.Error(), "a.yaml:2:1: nope") {
		t.Errorf("the faults of the file come first: %v", err)
	}
}
