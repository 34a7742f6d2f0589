package steps

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
)

// textsOf are the entries of cipher-text.properties.
func textsOf(t testing.TB, home string) map[string]string {
	t.Helper()
	return javaProperties(t, home, carbon.CipherText)
}

// changedAliases are the aliases whose ciphertexts differ, or that one of the two has alone.
func changedAliases(a, b map[string]string) []string {
	all := map[string]bool{}
	for alias := range a {
		all[alias] = a[alias] != b[alias]
	}
	for alias := range b {
		all[alias] = a[alias] != b[alias]
	}
	maps.DeleteFunc(all, func(_ string, changed bool) bool { return !changed })
	return slices.Sorted(maps.Keys(all))
}

const newAdmin = "New-admin-pw-7"

// TestVaultLaterAdmin changes the administrator's password of an install with a vault, and says nothing of the vault.
func TestVaultLaterAdmin(t *testing.T) {
	const change = "admin: {username: ops, password: {env: ADMIN_PW}}\n"
	admins := []string{"APIGateway.Password", "APIKeyManager.Password", "AuthManager.Password", "UserManager.AdminUser.Password"}
	t.Run("with the password in the home", func(t *testing.T) {
		home := vaultedHome(t, "servlet")
		before, texts := twinOf(t, home), textsOf(t, home)
		t.Setenv("ADMIN_PW", newAdmin)
		planTwice(t, home, change)
		copies := []string{"Datasources.WSO2BAM_CASSANDRA_DATASOURCE.Configuration.Password", "Tasks.remoteServerPassword", "UserManager.AdminUser.Password"}
		if got := changedAliases(texts, textsOf(t, home)); !slices.Equal(got, copies) {
			t.Errorf("other ciphertexts: %v", got)
		}
		if got := decrypted(t, home, ksPassword)["UserManager.AdminUser.Password"]; got != newAdmin {
			t.Errorf("the vault has %q", got)
		}
		for _, rel := range homeDiffers(t, before, home) {
			if strings.HasSuffix(rel, ".xml") && strings.Contains(readFile(t, home, rel), "secretAlias") {
				t.Errorf("%s has changed, and its password is in the vault", rel)
			}
		}
		if got := len(changedLines(readFile(t, before, carbon.CipherText), readFile(t, home, carbon.CipherText))); got != len(copies) {
			t.Errorf("%d lines of cipher-text.properties have changed", got)
		}
	})
	t.Run("all copies", func(t *testing.T) {
		home := vaultedHome(t, "api")
		texts := textsOf(t, home)
		t.Setenv("ADMIN_PW", newAdmin)
		planTwice(t, home, change)
		if got := changedAliases(texts, textsOf(t, home)); !slices.Equal(got, admins) {
			t.Errorf("other ciphertexts: %v", got)
		}
		nothingClear(t, home, []string{newAdmin})
	})
	t.Run("with the password in the answers", func(t *testing.T) {
		home := vaultedHome(t, "api")
		removeFile(t, home, persistFile)
		texts := textsOf(t, home)
		t.Setenv("ADMIN_PW", newAdmin)
		startedHome(t, home)
		planTwice(t, home, change+"vault: {key_password: {env: KS_PW}}\n")
		if got := changedAliases(texts, textsOf(t, home)); !slices.Equal(got, admins) {
			t.Errorf("other ciphertexts: %v", got)
		}
	})
	t.Run("with neither", func(t *testing.T) {
		home := vaultedHome(t, "api")
		removeFile(t, home, persistFile)
		t.Setenv("ADMIN_PW", newAdmin)
		refused(t, home, change, "error admin.password: The administrator's password is kept in the secure vault: repository/conf/user-mgt.xml:12 (alias UserManager.AdminUser.Password)",
			"which cannot be opened", "Give the password of the vault as vault.key_password, and plan again.")
		refused(t, home, vaultStays, "error vault.key_password: The install has a vault, and it cannot be opened. The password of its keystore repository/resources/security/esb-encryption.jks is not known.")
		refused(t, home, "vault: {key_password: {env: WRONG_PW}}\n", "error vault.key_password: This password does not open")
		refused(t, home, "keystore: {from: self_signed, names: [esb.example.com], alias: esb, password: {env: GIVEN_PW}, encryption: own}\n", "error keystore.password: The passwords of the keystores are in the secure vault")
	})
}

// changedLines are the lines that one text has and the other has not.
func changedLines(a, b string) []string {
	var all []string
	have := map[string]bool{}
	for line := range strings.Lines(a) {
		have[line] = true
	}
	for line := range strings.Lines(b) {
		if !have[line] {
			all = append(all, line)
		}
	}
	return all
}

// TestVaultLaterOne changes one value: one ciphertext is new, and no other byte of the install.
func TestVaultLaterOne(t *testing.T) {
	home := vaultedHome(t, "api")
	startedHome(t, home)
	before := twinOf(t, home)
	t.Setenv("DB_PW", "New-db-pw-1")
	planTwice(t, home, "vault: {secrets: {Datasources.WSO2AM_DB.Configuration.Password: {env: DB_PW}}}\n")
	if got := homeDiffers(t, before, home); !slices.Equal(got, []string{carbon.CipherText}) {
		t.Errorf("%v have changed", got)
	}
	lines := changedLines(readFile(t, before, carbon.CipherText), readFile(t, home, carbon.CipherText))
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "Datasources.WSO2AM_DB.Configuration.Password=") {
		t.Errorf("%d lines of cipher-text.properties have changed", len(lines))
	}
	if got := decrypted(t, home, ksPassword)["Datasources.WSO2AM_DB.Configuration.Password"]; got != "New-db-pw-1" {
		t.Errorf("the vault has %q", got)
	}
}

// TestVaultLaterDatasource picks up a datasource that was added in clear.
func TestVaultLaterDatasource(t *testing.T) {
	home := vaultedHome(t, "api")
	texts := textsOf(t, home)
	const master = carbon.DatasourcesDir + "/master-datasources.xml"
	replaceIn(t, home, master, "    </datasources>\n", `        <datasource>
            <name>MORE_DB</name>
            <definition type="RDBMS"><configuration><username>u</username><password>more-db-pw</password></configuration></definition>
        </datasource>
    </datasources>
`)
	setFile(t, home, carbon.DatasourcesDir+"/extra-datasources.xml", `<datasources-configuration>
  <datasources><datasource><name>MORE_DB</name><definition type="RDBMS"><configuration><password>same-name-pw</password></configuration></definition></datasource></datasources>
</datasources-configuration>
`)
	planTwice(t, home, vaultStays)
	now := decrypted(t, home, ksPassword)
	if got := changedAliases(texts, textsOf(t, home)); !slices.Equal(got, []string{"Datasources.MORE_DB.Configuration.Password", "Datasources.MORE_DB.Configuration.Password.2"}) {
		t.Errorf("other ciphertexts: %v", got)
	}
	values := []string{now["Datasources.MORE_DB.Configuration.Password"], now["Datasources.MORE_DB.Configuration.Password.2"]}
	slices.Sort(values)
	if !slices.Equal(values, []string{"more-db-pw", "same-name-pw"}) {
		t.Errorf("the two datasources have %v", values)
	}
	nothingClear(t, home, []string{"more-db-pw", "same-name-pw"})
}

// TestVaultReencrypts changes the key of RegistryKeyStore, on an install that has never been started and on one that has.
func TestVaultReencrypts(t *testing.T) {
	const other = "keystore: {from: self_signed, names: [esb.example.com], alias: second, password: {env: GIVEN_PW}, encryption: same, change_encryption_key: true}\n"
	const kept = "keystore: {from: self_signed, names: [esb.example.com], alias: esb, password: {env: GIVEN_PW}, encryption: own}\n"
	for _, tt := range []struct {
		name, answers string
		started       bool
	}{
		{"fresh, the vault not spoken of", other, false},
		{"started, the vault not spoken of", other, true},
		{"fresh", other + vaultStays, false},
		{"started", other + vaultStays, true},
		{"the same key with another password", kept, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := vaultedHome(t, "api")
			if tt.started {
				startedHome(t, home)
			}
			values, texts := decrypted(t, home, ksPassword), textsOf(t, home)
			planTwice(t, home, tt.answers)
			now := decrypted(t, home, givenPassword)
			for alias, value := range values {
				if strings.Contains(alias, "KeyStore.") && value == ksPassword {
					value = givenPassword
				}
				if now[alias] != value {
					t.Errorf("%s was %q and is %q", alias, value, now[alias])
				}
			}
			fresh := len(values)
			if tt.answers == kept {
				fresh = 9 // the passwords of the keystore
			}
			if got := changedAliases(texts, textsOf(t, home)); len(got) != fresh || len(now) != len(values) {
				t.Errorf("%d of %d ciphertexts are new: %v", len(got), len(values), got)
			}
			if got := readFile(t, home, persistFile); got != givenPassword+"\n" {
				t.Errorf("the password file says %q", got)
			}
			want := "repository/resources/security/second.jks"
			if tt.answers == kept {
				want = "repository/resources/security/esb-encryption.jks"
			}
			if got := javaProperties(t, home, carbon.SecretConf)["keystore.identity.location"]; got != want {
				t.Errorf("secret-conf.properties names %s", got)
			}
			noFault(t, home)
		})
	}
}

// noFault checks that the audit of the vault finds nothing but what it cannot hold.
func noFault(t *testing.T, home string) {
	t.Helper()
	for _, r := range findings(t, home, 10) {
		if r.Status != OK && r.ID != ruleVaultCannot && r.ID != ruleVaultDefault { // what H2 and the files that no one uses have stays
			t.Errorf("the audit says %s", resultLines([]Result{r}))
		}
	}
}

// TestVaultChangesKeyWithOldPassword gives the old password of the vault along with the new one of the keystore: the second plan finds a vault that the old one
// does not open any more.
func TestVaultChangesKeyWithOldPassword(t *testing.T) {
	home := vaultedHome(t, "servlet")
	removeFile(t, home, persistFile)
	planTwice(t, home, "keystore: {from: self_signed, names: [esb.example.com], alias: second, password: {env: GIVEN_PW}, encryption: same, change_encryption_key: true}\n"+
		"vault: {password_file: persist, key_password: {env: KS_PW}}\n")
	decrypted(t, home, givenPassword)
	noFault(t, home)
}

// TestVaultOrphans: entries that no element asks for stay in a vault that the answers do not speak of, and go when they do.
func TestVaultOrphans(t *testing.T) {
	home := vaultedHome(t, "servlet")
	texts := textsOf(t, home)
	const orphan = "Some.Application.Password"
	setFile(t, home, carbon.CipherText, readFile(t, home, carbon.CipherText)+orphan+"="+texts["UserManager.AdminUser.Password"]+"\n")
	t.Setenv("ADMIN_PW", newAdmin)
	planTwice(t, home, "admin: {username: ops, password: {env: ADMIN_PW}}\n")
	if textsOf(t, home)[orphan] != texts["UserManager.AdminUser.Password"] {
		t.Error("a plan that does not speak of the vault has taken the entry away")
	}
	planTwice(t, home, "keystore: {from: self_signed, names: [esb.example.com], alias: second, password: {env: GIVEN_PW}, encryption: same, change_encryption_key: true}\n")
	if got := decrypted(t, home, givenPassword)[orphan]; got != proofAdmin {
		t.Errorf("the entry says %q with the new key", got)
	}
	planTwice(t, home, vaultStays)
	if _, ok := textsOf(t, home)[orphan]; ok {
		t.Error("the entry is still there")
	}
}

// TestVaultCustomLocation: ciphertexts that the operator keeps in another file stay there.
func TestVaultCustomLocation(t *testing.T) {
	const own = "repository/conf/security/own-texts.properties"
	home := vaultedHome(t, "servlet")
	setFile(t, home, own, readFile(t, home, carbon.CipherText))
	removeFile(t, home, carbon.CipherText)
	replaceIn(t, home, carbon.SecretConf, "secretRepositories.file.location="+carbon.CipherText, "secretRepositories.file.location="+own)
	before := decrypted(t, home, ksPassword)
	t.Setenv("ADMIN_PW", newAdmin)
	planTwice(t, home, "admin: {username: ops, password: {env: ADMIN_PW}}\n"+vaultStays)
	after := decrypted(t, home, ksPassword)
	if after["UserManager.AdminUser.Password"] != newAdmin || len(after) != len(before) {
		t.Errorf("%d values, %d before", len(after), len(before))
	}
	if _, err := os.Stat(filepath.Join(home, own)); err != nil || javaProperties(t, home, carbon.SecretConf)["secretRepositories.file.location"] != own {
		t.Error("the file of the operator is not in use any more")
	}
	noFault(t, home)
	planTwice(t, home, vaultOff)
	if got := javaProperties(t, home, own); len(got) != 0 {
		t.Errorf("with the vault off, %v are left", slices.Sorted(maps.Keys(got)))
	}
}

// TestVaultRenames: an element whose alias its reader does not ask for gets the right one, with the value.
func TestVaultRenames(t *testing.T) {
	home := vaultedHome(t, "servlet")
	twin := ownHome(t, "servlet")
	replaceIn(t, home, carbon.UserMgtXML, "UserManager.AdminUser.Password", "Admin.Password")
	replaceIn(t, home, carbon.CipherText, "UserManager.AdminUser.Password", "Admin.Password")
	if got := resultLines(findings(t, home, 10)); !strings.Contains(got, `The element names the alias "Admin.Password"; at this place Carbon asks for "UserManager.AdminUser.Password" alone.`) {
		t.Errorf("the audit says\n%s", got)
	}
	planTwice(t, home, vaultStays)
	judgeVault(t, home, twin, ksPassword)
	noFault(t, home)
}

// TestVaultOffAndOn takes the vault back and puts it on again.
func TestVaultOffAndOn(t *testing.T) {
	for _, which := range []string{"api", "servlet", "corpus"} {
		t.Run(which, func(t *testing.T) {
			home, _ := proofHomes(t, which)
			applyNow(t, home, buildPlan(t, home, proofAnswers(t, proofPlain)).Plan)
			plain := twinOf(t, home)
			planTwice(t, home, vaultStays)
			planTwice(t, home, vaultOff)
			for _, rel := range homeDiffers(t, plain, home) {
				if strings.HasSuffix(rel, ".xml") || rel == persistFile || rel == carbon.SecretConf {
					t.Errorf("%s is not as before:\n%v", rel, changedLines(readOr(plain, rel), readOr(home, rel)))
				}
			}
			if got := len(securedNodes(t, home)); got != 0 {
				t.Errorf("%d elements are secured still", got)
			}
			if got := textsOf(t, home); len(got) != 0 {
				t.Errorf("ciphertexts are left: %v", slices.Sorted(maps.Keys(got)))
			}
			verified := resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, vaultOff)))
			if !strings.Contains(verified, "The vault is off, and no element waits for it.") {
				t.Errorf("verify says %s", verified)
			}
			planTwice(t, home, vaultStays)
			judgeVault(t, home, plain, ksPassword)
		})
	}
}

func readOr(home, rel string) string {
	data, err := os.ReadFile(filepath.Join(home, filepath.FromSlash(rel)))
	if err != nil {
		return "(none)"
	}
	return string(data)
}

// TestVaultRestores undoes each kind of run of the vault with the real transaction: every byte comes back.
func TestVaultRestores(t *testing.T) {
	home := ownHome(t, "servlet")
	keyAnswers(t, "", "")
	t.Setenv("ADMIN_PW", newAdmin)
	for _, answers := range []string{
		vaultStays,
		"admin: {username: ops, password: {env: ADMIN_PW}}\n",
		"keystore: {from: self_signed, names: [esb.example.com], alias: second, password: {env: GIVEN_PW}, encryption: same, change_encryption_key: true}\n",
		vaultOff,
	} {
		before := homeFiles(t, home)
		plan := buildPlan(t, home, answers).Plan
		o := apply.Options{System: apply.Real(), Now: time.Now, Who: apply.Who{User: "test"}}
		if _, err := apply.Apply(t.Context(), plan, o); err != nil {
			t.Fatalf("%s: %v", answers, err)
		}
		if _, _, err := apply.Restore(t.Context(), home, apply.RestoreOptions{Options: o}); err != nil {
			t.Fatalf("%s: %v", answers, err)
		}
		after := homeFiles(t, home)
		for _, rel := range slices.Sorted(maps.Keys(before)) {
			if strings.HasPrefix(rel, apply.StateDir+"/") {
				continue // what we write down ourselves grows
			}
			if !bytes.Equal(before[rel].data, after[rel].data) || before[rel].mode != after[rel].mode {
				t.Errorf("%s: %s is not as before", answers, rel)
			}
		}
		for rel := range after {
			if _, ok := before[rel]; !ok && !strings.HasPrefix(rel, apply.StateDir+"/") {
				t.Errorf("%s: %s is left", answers, rel)
			}
		}
		if _, err := apply.Apply(t.Context(), buildPlan(t, home, answers).Plan, o); err != nil {
			t.Fatal(err)
		}
	}
}
