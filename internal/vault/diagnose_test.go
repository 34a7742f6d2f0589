package vault

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

const (
	carbonXML  = "repository/conf/carbon.xml"
	userMgt    = "repository/conf/user-mgt.xml"
	datasource = "repository/conf/datasources/master-datasources.xml"
)

// aliases that Carbon asks for.
const (
	keyStoreAliasName = "Carbon.Security.KeyStore.Password"
	adminAlias        = "UserManager.AdminUser.Password"
	databaseAlias     = "Datasources.WSO2_CARBON_DB.Configuration.Password"
)

// goodReading is a vault with nothing wrong.
func goodReading(t testing.TB) Reading {
	t.Helper()
	k := testKey(2048)
	return Reading{
		Conf: readConf(confWith(goodConf, nil)),
		Entries: []Entry{
			{keyStoreAliasName, encrypt(t, k, "store-P4ss"), 3}, {adminAlias, encrypt(t, k, "hunter2"), 4}, {databaseAlias, encrypt(t, k, "hunter3"), 5},
		},
		Places: []Place{
			{keyStoreAliasName, "carbon.xml", "//Server/Security/KeyStore/Password", true},
			{adminAlias, "user-mgt.xml", "//UserManager/Realm/Configuration/AdminUser/Password", true},
			{databaseAlias, "master-datasources.xml", "//datasources-configuration/datasources/datasource[name='WSO2_CARBON_DB']/definition[@type='RDBMS']/configuration/password", false},
		},
		Elements: []Element{
			{Alias: keyStoreAliasName, File: carbonXML, Line: 300, Text: "password", Asked: keyStoreAliasName, OnRoot: true},
			{Alias: adminAlias, File: userMgt, Line: 30, Text: "password", Asked: adminAlias, OnRoot: true},
			{Alias: databaseAlias, File: datasource, Line: 20, Text: "password", Free: true},
		},
		Key:   k,
		Files: []string{carbonXML, userMgt, datasource, SecretConfFile, CipherTextFile, CipherToolFile, goodConf.Keystore},
	}
}

// conf replaces what secret-conf.properties says.
func (r *Reading) conf(changes map[string]string) { r.Conf = readConf(confWith(goodConf, changes)) }

var off = map[string]string{"secretRepositories": "", "carbon.secretProvider": "", "keystore.identity.location": "", "secretRepositories.file.provider": "", "secretRepositories.file.location": ""}

type diagnoseCase struct {
	name   string
	change func(t *testing.T, r *Reading)
}

// diagnoseCases are the vaults that testdata/findings.txt tells of, in its order.
func diagnoseCases() []diagnoseCase {
	return slices.Concat(wholeCases(), elementCases(), entryCases(), placeCases())
}

func wholeCases() []diagnoseCase {
	return []diagnoseCase{
		{"nothing wrong", func(*testing.T, *Reading) {}},
		{"off and untouched", func(_ *testing.T, r *Reading) {
			r.conf(off)
			r.Elements = nil
			r.Entries = []Entry{{keyStoreAliasName, "[wso2carbon]", 3}, {adminAlias, "[admin]", 4}}
		}},
		{"off, one password listed", func(_ *testing.T, r *Reading) {
			r.conf(off)
			r.Elements, r.Entries = nil, []Entry{{adminAlias, "[admin]", 4}}
		}},
		{"off while elements are secured", func(_ *testing.T, r *Reading) { r.conf(off) }},
		{"off while one element is secured", func(_ *testing.T, r *Reading) { r.conf(off); r.Elements = r.Elements[:1] }},
		{"emptied while elements are secured", func(_ *testing.T, r *Reading) { r.Entries = nil }},
		{"emptied by the tool of API Manager 1.8.0", func(_ *testing.T, r *Reading) {
			r.conf(map[string]string{"keystore.identity.location": "/opt/wso2am/repository/resources/security/vault.jks"})
			r.Entries, r.Elements = nil, nil
		}},
		{"no file of ciphertexts", func(_ *testing.T, r *Reading) {
			r.Entries, r.Files = nil, slices.DeleteFunc(r.Files, func(f string) bool { return f == CipherTextFile })
		}},
		{"no keystore", func(_ *testing.T, r *Reading) {
			r.Key, r.Files = nil, slices.DeleteFunc(r.Files, func(f string) bool { return f == goodConf.Keystore })
		}},
		{"files not known", func(_ *testing.T, r *Reading) { r.Files = nil }},
		{"faults of secret-conf.properties", func(_ *testing.T, r *Reading) {
			r.conf(map[string]string{"secretRepositories.file.location": "", "keystore.identity.location": "/opt/wso2/x.jks"})
		}},
		{"half switched off", func(_ *testing.T, r *Reading) {
			r.conf(map[string]string{"secretRepositories": ""})
			r.Elements, r.Entries = nil, nil
		}},
	}
}

func elementCases() []diagnoseCase {
	return []diagnoseCase{
		{"element without ciphertext", func(_ *testing.T, r *Reading) { r.Entries = slices.Delete(r.Entries, 1, 2) }},
		{"ciphertext in other capitals", func(_ *testing.T, r *Reading) { r.Entries[1].Alias = strings.ToLower(adminAlias) }},
		{"namespace on the child", func(_ *testing.T, r *Reading) { r.Elements[0].OnRoot, r.Elements[1].OnRoot = false, false }},
		{"alias of nobody", func(_ *testing.T, r *Reading) { r.Elements[1].Alias, r.Entries[1].Alias = "Admin", "Admin" }},
		{"any alias where any will do", func(_ *testing.T, r *Reading) { r.Elements[2].Alias, r.Entries[2].Alias = "DB", "DB" }},
		{"asked alias not known", func(_ *testing.T, r *Reading) {
			r.Elements[1].Asked, r.Elements[1].Alias, r.Entries[1].Alias = "", "Some", "Some"
		}},
		{"no text", func(_ *testing.T, r *Reading) { r.Elements[0].Text, r.Elements[1].Text = "", "\n " }},
		{"another text", func(_ *testing.T, r *Reading) { r.Elements[1].Text = "hunter2" }},
		{"text with blanks", func(_ *testing.T, r *Reading) { r.Elements[1].Text = "\n  password\t" }},
	}
}

func entryCases() []diagnoseCase {
	raw := func(t *testing.T, text string) string {
		t.Helper()
		return base64.StdEncoding.EncodeToString(sealRaw(t, testKey(2048), []byte(text)))
	}
	return []diagnoseCase{
		{"ciphertext without element", func(t *testing.T, r *Reading) {
			t.Helper()
			r.Entries = append(r.Entries, Entry{"App.Password", encrypt(t, r.Key, "x"), 9})
		}},
		{"broken and empty ones without element", func(_ *testing.T, r *Reading) {
			r.Entries = append(r.Entries, Entry{"App.Password", "hunter2", 9}, Entry{"App.Other", "", 10})
		}},
		{"plain without element", func(_ *testing.T, r *Reading) { r.Entries = append(r.Entries, Entry{"App.Password", "[hunter2]", 9}) }},
		{"plain left over", func(_ *testing.T, r *Reading) { r.Entries[1].Value = "[hunter2]" }},
		{"plain with a bracket left over", func(_ *testing.T, r *Reading) { r.Entries[1].Value = "[hunt]er2]" }},
		{"empty value", func(_ *testing.T, r *Reading) { r.Entries[1].Value = " " }},
		{"broken value", func(_ *testing.T, r *Reading) { r.Entries[1].Value = "hunter2" }},
		{"cut off value", func(_ *testing.T, r *Reading) { r.Entries[1].Value = r.Entries[1].Value[:200] }},
		{"another key for one", func(t *testing.T, r *Reading) { t.Helper(); r.Entries[1].Value = encrypt(t, testKey(0), "hunter2") }},
		{"another size of key for one", func(t *testing.T, r *Reading) { t.Helper(); r.Entries[1].Value = encrypt(t, testKey(1024), "hunter2") }},
		{"another key for all", func(_ *testing.T, r *Reading) { r.Key = testKey(0) }},
		{"another key for the only one", func(_ *testing.T, r *Reading) {
			r.Key, r.Entries, r.Elements, r.Places = testKey(0), r.Entries[:1], r.Elements[:1], r.Places[:1]
		}},
		{"keystore not opened", func(_ *testing.T, r *Reading) { r.Key = nil }},
		{"keystore not opened, one", func(_ *testing.T, r *Reading) {
			r.Key, r.Entries, r.Elements, r.Places = nil, r.Entries[:1], r.Elements[:1], r.Places[:1]
		}},
		{"keystore not opened, off", func(_ *testing.T, r *Reading) { r.Key, r.Elements = nil, nil; r.conf(off) }},
		{"decrypts to nothing", func(t *testing.T, r *Reading) { t.Helper(); r.Entries[1].Value = raw(t, "") }},
		{"decrypts to a line break", func(t *testing.T, r *Reading) { t.Helper(); r.Entries[1].Value = raw(t, "hunter2\n") }},
		{"two values", func(t *testing.T, r *Reading) {
			t.Helper()
			r.Entries = append(r.Entries, Entry{adminAlias, encrypt(t, r.Key, "hunter3"), 9}, Entry{adminAlias, encrypt(t, r.Key, "hunter4"), 11})
		}},
		{"two ciphertexts of one secret", func(t *testing.T, r *Reading) {
			t.Helper()
			r.Entries = append(r.Entries, Entry{adminAlias, encrypt(t, r.Key, "hunter2"), 9})
		}},
		{"two values, keystore not opened", func(t *testing.T, r *Reading) {
			t.Helper()
			r.Entries = append(r.Entries, Entry{adminAlias, encrypt(t, r.Key, "hunter2"), 9})
			r.Key = nil
		}},
		{"one value twice", func(_ *testing.T, r *Reading) { r.Entries = append(r.Entries, r.Entries[1]) }},
		{"the last value counts", func(_ *testing.T, r *Reading) {
			r.Entries = append([]Entry{{adminAlias, "[hunter2]", 1}}, r.Entries...)
		}},
	}
}

func placeCases() []diagnoseCase {
	return []diagnoseCase{
		{"place in a file that is not there", func(_ *testing.T, r *Reading) {
			r.Places = append(r.Places, Place{"transports.https.keystorePass", "mgt-transports.xml", "//transports/transport", false})
		}},
		{"place without ciphertext", func(_ *testing.T, r *Reading) {
			r.Places = append(r.Places, Place{"Carbon.Security.TrustStore.Password", "carbon.xml", "//Server/Security/TrustStore/Password", true})
		}},
		{"two places", func(_ *testing.T, r *Reading) {
			r.Places = append(r.Places, Place{adminAlias, "user-mgt.xml", "//UserManager/Realm/Configuration/AdminUser/Secret", true})
		}},
		{"one place twice", func(_ *testing.T, r *Reading) { r.Places = append(r.Places, r.Places[1]) }},
		{"places of a vault that is off", func(_ *testing.T, r *Reading) { r.conf(off); r.Entries, r.Elements = nil, nil }},
	}
}

func render(f Finding) string {
	where := f.File
	if f.Line > 0 {
		where += fmt.Sprintf(":%d", f.Line)
	}
	return fmt.Sprintf("%s %s %s alias=%s key=%s\n  %s\n  Why: %s\n  Fix: %s\n", f.Severity, f.ID, where, f.Alias, f.Key, f.What, f.Why, f.Fix)
}

// TestDiagnose compares what is found with testdata/findings.txt, word by word.
func TestDiagnose(t *testing.T) {
	var all strings.Builder
	for _, tt := range diagnoseCases() {
		r := goodReading(t)
		tt.change(t, &r)
		fmt.Fprintf(&all, "== %s\n", tt.name)
		for _, f := range Diagnose(r) {
			all.WriteString(render(f))
			for _, hidden := range []string{"hunter2", "hunter3", "store-P4ss"} {
				if strings.Contains(render(f), hidden) {
					t.Errorf("%s: a finding tells a secret: %s", tt.name, render(f))
				}
			}
		}
	}
	golden := filepath.Join("testdata", "findings.txt")
	if *update {
		must(t, os.MkdirAll("testdata", 0o750))
		must(t, os.WriteFile(golden, []byte(all.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	wanted := strings.Split(string(want), "== ")
	for i, got := range strings.Split(all.String(), "== ") {
		if i >= len(wanted) || got != wanted[i] {
			t.Errorf("got\n%s\nwant\n%s", got, append(wanted, "nothing of it")[min(i, len(wanted))])
		}
	}
	if got := strings.Count(all.String(), "== "); got != len(wanted)-1 {
		t.Errorf("%d cases, the file tells of %d", got, len(wanted)-1)
	}
}

// TestDiagnoseFindsEveryID fails when a kind of finding has no case.
func TestDiagnoseFindsEveryID(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range diagnoseCases() {
		r := goodReading(t)
		tt.change(t, &r)
		found := Diagnose(r)
		for i, f := range found {
			seen[f.ID] = true
			if f.What == "" || f.Why == "" || f.Fix == "" || f.File == "" || f.Severity == 0 {
				t.Errorf("%s: something is missing in\n%s", tt.name, render(f))
			}
			if i > 0 && found[i-1].Severity < f.Severity {
				t.Errorf("%s: the worst does not come first", tt.name)
			}
		}
	}
	for _, id := range []string{
		FoundConf, FoundOff, FoundEmptied, FoundHollow, FoundCipherTextMissing, FoundKeystoreMissing, FoundNoCiphertext, FoundUnused, FoundPlain, FoundPlainListed, FoundEmptyEntry,
		FoundBroken, FoundKeyChanged, FoundOtherKey, FoundDecryptsEmpty, FoundNotChecked, FoundDuplicate, FoundPlaceDuplicate, FoundPlaceFile, FoundPlaceNoCiphertext, FoundNamespace,
		FoundAliasNotAsked, FoundElementEmpty, FoundElementText, FoundDecryptsMangled,
	} {
		if !seen[id] {
			t.Errorf("no case finds %s", id)
		}
	}
}

// TestDiagnoseOfWhatWeWrite is the law that what this package writes has nothing wrong.
func TestDiagnoseOfWhatWeWrite(t *testing.T) {
	for _, bits := range sizes {
		r := goodReading(t)
		r.Key = testKey(bits)
		for i := range r.Entries {
			sealed, err := r.Key.Encrypt(secret.New(javaTexts(r.Key)[i]))
			must(t, err)
			r.Entries[i].Value = sealed
		}
		for _, f := range Diagnose(r) {
			t.Errorf("%d bits: %s", bits, render(f))
		}
	}
}
