package steps

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

const (
	adminAlias = "UserManager.AdminUser.Password"
	carbonDB   = "Datasources.WSO2_CARBON_DB.Configuration.Password"
)

// brokenVault is a vault with a fault: what the audit says, what a plan refuses with, and the answers that mend it.
type brokenVault struct {
	name  string
	bend  func(t *testing.T, home string)
	finds []string // in the audit
	plan  string   // the answers of a first plan; "" = vaultStays
	asks  []string // what a plan without the values is refused with; none = it mends by itself
	mends string   // the answers that mend it, for all that asks names
	all   bool     // the answers that mend it have the values of all aliases
}

func (b *brokenVault) answers() string {
	if b.plan != "" {
		return b.plan
	}
	return vaultStays
}

func brokenVaults() []brokenVault {
	setText := func(t *testing.T, home, alias, text string) {
		t.Helper()
		setFile(t, home, carbon.CipherText, withoutEntry(readFile(t, home, carbon.CipherText), alias)+alias+"="+text+"\n")
	}
	return []brokenVault{
		{
			name: "an alias is missing",
			bend: func(t *testing.T, home string) {
				setFile(t, home, carbon.CipherText, withoutEntry(readFile(t, home, carbon.CipherText), carbonDB))
			},
			finds: []string{`CS-10.2 fail error repository/conf/datasources/master-datasources.xml:`, `takes its value from the alias "` + carbonDB + `", for which cipher-text.properties has no entry`},
			asks:  []string{"error vault.secrets." + carbonDB + ": The password under the alias " + carbonDB + " is lost: repository/conf/security/cipher-text.properties has no ciphertext for its alias", "Give it as vault.secrets." + carbonDB},
			mends: "vault: {password_file: persist, secrets: {" + carbonDB + ": wso2carbon}}\n",
		},
		{
			name:  "a value left in brackets",
			bend:  func(t *testing.T, home string) { setText(t, home, carbonDB, "[wso2carbon]") },
			finds: []string{`has its value in clear, in brackets, while the vault is on`},
		},
		{
			name:  "an empty value",
			bend:  func(t *testing.T, home string) { setText(t, home, carbonDB, "") },
			finds: []string{`has an empty value`},
			asks:  []string{"The password under the alias " + carbonDB + " is lost: its ciphertext is empty"},
			mends: "vault: {password_file: persist, secrets: {" + carbonDB + ": wso2carbon}}\n",
		},
		{
			name:  "no ciphertext",
			bend:  func(t *testing.T, home string) { setText(t, home, carbonDB, "c2hvcnQ=") },
			finds: []string{`is no ciphertext`},
			asks:  []string{"The password under the alias " + carbonDB + " is lost: its ciphertext cannot be decrypted with the key of the vault."},
			mends: "vault: {password_file: persist, secrets: {" + carbonDB + ": wso2carbon}}\n",
		},
		{
			name: "a ciphertext of another key",
			bend: func(t *testing.T, home string) {
				setText(t, home, carbonDB, textsOf(t, otherVault(t))[carbonDB])
			},
			finds: []string{"The key of the vault does not decrypt the ciphertext of the alias"},
			asks:  []string{"The password under the alias " + carbonDB + " is lost: its ciphertext cannot be decrypted with the key of the vault."},
			mends: "vault: {password_file: persist, secrets: {" + carbonDB + ": wso2carbon}}\n",
		},
		{
			name: "a file emptied by the tool",
			bend: func(t *testing.T, home string) {
				setFile(t, home, carbon.CipherText, "#Sun Nov 22 05:58:20 UTC 2026\n")
			},
			finds: []string{"The file holds no ciphertext, and 14 elements say that their values are in the vault."},
			asks:  []string{"error vault.secrets." + carbonDB, "error vault.secrets." + adminAlias, "error vault.secrets.Carbon.Security.TrustStore.Password"},
			all:   true,
		},
		{
			name: "class names as the comments have them",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.SecretConf, "org.wso2.securevault.secret.repository.", "org.apache.synapse.commons.security.secret.repository.")
			},
			finds: []string{"Carbon 4.2.0 has no such class"},
		},
		{
			name: "the namespace on the element",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.UserMgtXML, ` xmlns:svns="http://org.wso2.securevault/configuration"`, "")
				replaceIn(t, home, carbon.UserMgtXML, "<Password svns:", `<Password xmlns:svns="http://org.wso2.securevault/configuration" svns:`)
			},
			finds: []string{"is not declared on the root element"},
		},
		{
			name: "two entries of one alias",
			bend: func(t *testing.T, home string) {
				setFile(t, home, carbon.CipherText, adminAlias+"="+textsOf(t, home)[carbonDB]+"\n"+readFile(t, home, carbon.CipherText))
			},
			finds: []string{`The alias "` + adminAlias + `" has more than one value.`, "Java takes the last"},
		},
		{
			name: "the text of an element is empty",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CarbonXML, `<Password svns:secretAlias="Carbon.Security.KeyStore.Password">password</Password>`, `<Password svns:secretAlias="Carbon.Security.KeyStore.Password"></Password>`)
				replaceIn(t, home, carbon.CarbonXML, `<Password svns:secretAlias="Carbon.Security.TrustStore.Password">password</Password>`, `<Password svns:secretAlias="Carbon.Security.TrustStore.Password"/>`)
			},
			finds: []string{`The element with the alias "Carbon.Security.KeyStore.Password" has no text.`, `The element with the alias "Carbon.Security.TrustStore.Password" has no text.`},
		},
		{
			name: "the value stands in its element, too",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.UserMgtXML, ">password</Password>", ">Left-over-1</Password>")
			},
			finds: []string{"has a text of its own besides"},
		},
		{
			name: "off while elements are secured",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.SecretConf, "secretRepositories=file", "#secretRepositories=file")
			},
			finds: []string{"The vault is off, and 14 elements say that their values are in it."},
			asks:  []string{"error vault.secrets." + carbonDB},
			all:   true,
		},
		{
			name: "the keystore is gone",
			bend: func(t *testing.T, home string) {
				removeFile(t, home, "repository/resources/security/esb-encryption.jks")
			},
			finds: []string{"The keystore of the vault, repository/resources/security/esb-encryption.jks, does not exist."},
			plan:  ownStores + vaultStays,
			asks:  []string{"error vault.secrets." + carbonDB},
			all:   true,
		},
		{
			name: "the absolute path of a home that was moved",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.SecretConf, "keystore.identity.location=", "keystore.identity.location=/srv/old/wso2carbon/")
			},
			finds: []string{"/srv/old/wso2carbon/"},
		},
		{
			name: "the absolute path of this home",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.SecretConf, "keystore.identity.location=", "keystore.identity.location="+home+"/")
			},
		},
	}
}

// withValues are answers that have the value of every alias.
func withValues(values map[string]string) string {
	text := "vault:\n  password_file: persist\n  secrets:\n"
	for _, alias := range slices.Sorted(maps.Keys(values)) {
		text += fmt.Sprintf("    %s: %q\n", alias, values[alias])
	}
	return text
}

// otherVault is the same install with another key.
func otherVault(t *testing.T) string {
	t.Helper()
	home := sampleHome(t, "servlet")
	applyNow(t, home, buildPlan(t, home, proofAnswers(t, proofVault)).Plan)
	return home
}

// TestVaultBroken: each fault is found, asked about, and mended from the answers.
func TestVaultBroken(t *testing.T) {
	for _, b := range brokenVaults() {
		t.Run(b.name, func(t *testing.T) {
			home, twin := vaultedHome(t, "servlet"), ownHome(t, "servlet")
			t.Setenv("ADMIN_PW", proofAdmin)
			values := decrypted(t, home, ksPassword)
			b.bend(t, home)
			audit := resultLines(findings(t, home, 10))
			for _, text := range b.finds {
				if !strings.Contains(audit, text) {
					t.Errorf("the audit does not say %q:\n%s", text, audit)
				}
			}
			answers := b.answers()
			if len(b.asks) > 0 {
				refused(t, home, answers, b.asks...)
				answers = b.mends
			}
			if b.all {
				answers = strings.TrimSuffix(b.plan, vaultStays) + withValues(values)
			}
			planTwice(t, home, answers)
			judgeVault(t, home, twin, ksPassword)
			noFault(t, home)
		})
	}
}

// TestVaultAfterBrokenTool: what WSO2's tool of API Manager 1.8.0 leaves behind: the vault on, its file emptied, nothing secured.
func TestVaultAfterBrokenTool(t *testing.T) {
	home, twin := ownHome(t, "api"), ownHome(t, "api")
	setFile(t, home, carbon.CipherText, "#Sun Nov 22 05:58:20 UTC 2026\n")
	conf := readFile(t, vaultedHome(t, "api"), carbon.SecretConf)
	setFile(t, home, carbon.SecretConf, strings.ReplaceAll(conf, "keystore.identity.location=", "keystore.identity.location="+home+"/"))
	audit := resultLines(findings(t, home, 10))
	if !strings.Contains(audit, "The vault is on and empty: there is no ciphertext, and no element takes its value from it.") {
		t.Errorf("the audit says\n%s", audit)
	}
	planTwice(t, home, vaultStays)
	judgeVault(t, home, twin, ksPassword)
	noFault(t, home)
	if got := javaProperties(t, home, carbon.SecretConf)["keystore.identity.location"]; filepath.IsAbs(got) {
		t.Errorf("secret-conf.properties names %s", got)
	}
}

// TestVaultEmptyTextStays: a plan that does not speak of the vault leaves odd placeholders as they are, to the byte.
func TestVaultEmptyTextStays(t *testing.T) {
	for name, text := range map[string]string{
		"self-closed": `<Password svns:secretAlias="UserManager.AdminUser.Password"/>`,
		"empty":       `<Password svns:secretAlias="UserManager.AdminUser.Password"></Password>`,
		"blank":       "<Password svns:secretAlias=\"UserManager.AdminUser.Password\">\n\t</Password>",
		"CDATA":       `<Password svns:secretAlias="UserManager.AdminUser.Password"><![CDATA[password]]></Password>`,
		"a comment":   `<Password svns:secretAlias="UserManager.AdminUser.Password">pass<!-- in the vault -->word</Password>`,
		"a reference": `<Password svns:secretAlias="UserManager.AdminUser.Password">p&#97;ssword</Password>`,
		"own text":    `<Password svns:secretAlias="UserManager.AdminUser.Password">see the vault</Password>`,
	} {
		t.Run(name, func(t *testing.T) {
			home := vaultedHome(t, "servlet")
			replaceIn(t, home, carbon.UserMgtXML, `<Password svns:secretAlias="UserManager.AdminUser.Password">password</Password>`, text)
			before := readFile(t, home, carbon.UserMgtXML)
			if out := buildPlan(t, home, "hostname: {name: esb.example.com}\n"); strings.Contains(strings.Join(planFiles(out.Plan), " "), "user-mgt.xml") {
				t.Errorf("a plan of the host name changes user-mgt.xml:\n%s", diffText(out.Plan))
			}
			t.Setenv("ADMIN_PW", newAdmin)
			planTwice(t, home, "admin: {username: ops, password: {env: ADMIN_PW}}\n")
			if got := readFile(t, home, carbon.UserMgtXML); got != before {
				t.Errorf("a new password changes the file:\n%s", strings.Join(changedLines(before, got), ""))
			}
			if got := decrypted(t, home, ksPassword)[adminAlias]; got != newAdmin {
				t.Errorf("the vault has %q", got)
			}
		})
	}
}
