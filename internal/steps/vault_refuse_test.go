package steps

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" // #nosec G505 -- what a JKS file ends with
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

const registryStore = "repository/resources/security/esb-encryption.jks"

// TestVaultRefuses: what cannot go into a vault, or should not, is refused with its reason before anything is written.
func TestVaultRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, answers string
		bend          func(t *testing.T, home string)
		want          []string
	}{
		{
			name: "a secret that is too long for the key", answers: "vault: {secrets: {" + adminAlias + ": " + strings.Repeat("x", 246) + "}}\n",
			want: []string{"error vault.enabled: repository/conf/user-mgt.xml:12 cannot go into the vault (alias " + adminAlias + "). The secret has 246 bytes; the key of the vault encrypts 245 at the most.", "a longer RSA key"},
		},
		{
			name: "a variable", answers: "vault: {secrets: {" + adminAlias + ": 'a${user.home}b'}}\n",
			want: []string{"The secret holds ${, which Carbon takes for the beginning of a variable."},
		},
		{
			name: "a line break", answers: "vault: {secrets: {" + adminAlias + ": \"one\\ntwo\"}}\n",
			want: []string{"The secret holds a line break"},
		},
		{
			name: "a line break in a file", answers: onlyVault,
			bend: func(t *testing.T, home string) {
				text := readFile(t, home, carbon.UserMgtXML)
				i, j := strings.Index(text, "<Password>"), strings.Index(text, "</Password>")
				setFile(t, home, carbon.UserMgtXML, text[:i]+"<Password>one&#10;two"+text[j:])
			},
			want: []string{"repository/conf/user-mgt.xml:12 cannot go into the vault", "The secret holds a line break"},
		},
		{
			name: "a blank at the end", answers: "vault: {secrets: {" + adminAlias + ": 'secret '}}\n",
			want: []string{"error vault.secrets." + adminAlias + ": The secret begins or ends with a blank, which Carbon takes off when it reads it."},
		},
		{
			name: "an alias that nothing has", answers: "vault: {secrets: {Some.Alias: secret}}\n",
			want: []string{"error vault.secrets.Some.Alias: No password of this install has the alias Some.Alias.", "Its aliases are APIGateway.Password, "},
		},
		{
			name: "environments of the gateway with passwords of their own", answers: onlyVault,
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.APIManagerXML, "</Environments>", "<Environment type=\"production\">\n<Name>Second</Name><Password>other-env-pw</Password></Environment></Environments>")
			},
			want: []string{"repository/conf/api-manager.xml:25 and repository/conf/api-manager.xml:", "have different values, but the server asks for both under the one alias APIGateway.Password.", "Give both the same value"},
		},
		{
			name: "stores of users with one name and two values", answers: onlyVault,
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.UserMgtXML, "<EveryOneRoleName>", `<Property name="password">realm-pw</Property><EveryOneRoleName>`)
				replaceIn(t, home, carbon.UserMgtXML, "</Realm>", `<UserStoreManager class="org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"><Property name="DomainName">B</Property><Property name="password">store-pw</Property></UserStoreManager></Realm>`)
			},
			want: []string{"have different values, but the server asks for both under the one alias UserStoreManager.Property.password."},
		},
		{
			name: "no RegistryKeyStore", answers: onlyVault,
			bend: func(t *testing.T, home string) {
				text := readFile(t, home, carbon.CarbonXML)
				i, j := strings.Index(text, "<RegistryKeyStore>"), strings.Index(text, "</RegistryKeyStore>")
				setFile(t, home, carbon.CarbonXML, text[:i]+text[j+len("</RegistryKeyStore>"):])
			},
			want: []string{"repository/conf/carbon.xml has no <RegistryKeyStore> with a <Location>; the vault encrypts with its key.", "Put the element of the distribution back."},
		},
		{
			name: "its file missing", answers: onlyVault, bend: func(t *testing.T, home string) { removeFile(t, home, registryStore) },
			want: []string{"repository/conf/carbon.xml:89: the key of RegistryKeyStore cannot be used.", "Answer guideline 2 (SSL keys), or mend the keystore."},
		},
		{
			name: "a key on elliptic curves", answers: onlyVault, bend: ellipticStore,
			want: []string{"error vault.enabled: ", "EC", "Choose another encryption key in guideline 2 (SSL keys); the vault needs RSA."},
		},
		{
			name: "a key with a password of its own", answers: onlyVault, bend: keyApartStore,
			want: []string{"the key of RegistryKeyStore has another password than its store. The vault then asks for two passwords at every start, and Carbon 4.2.0 reads one from its password file."},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := ownHome(t, "api")
			if tt.bend != nil {
				tt.bend(t, home)
			}
			refused(t, home, tt.answers, tt.want...)
		})
	}
}

// ellipticStore puts a key on an elliptic curve into RegistryKeyStore.
func ellipticStore(t *testing.T, home string) {
	t.Helper()
	f := theFamily()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pem := privatePEM(t, key) + certPEM(f.server(&key.PublicKey, 1<<50, "esb.example.com"), f.inter, f.root)
	setFile(t, home, registryStore, string(storeOf(t, pem, ksPassword)))
}

// keyApartStore gives the key of RegistryKeyStore a password of its own. The digest at the end of the file is all that depends on that of the store.
func keyApartStore(t *testing.T, home string) {
	t.Helper()
	f := theFamily()
	const own = "Key-of-its-own-1"
	data := storeOf(t, privatePEM(t, f.key)+certPEM(f.leaf, f.inter, f.root), own)
	data = data[:len(data)-sha1.Size]
	h := sha1.New() // #nosec G401 -- what the format has
	for _, c := range ksPassword {
		h.Write([]byte{0, byte(c)})
	}
	h.Write([]byte("Mighty Aphrodite"))
	h.Write(data)
	setFile(t, home, registryStore, string(h.Sum(data)))
	text := readFile(t, home, carbon.CarbonXML)
	i := strings.Index(text, "<RegistryKeyStore>")
	j := i + strings.Index(text[i:], "</KeyPassword>")
	k := strings.LastIndex(text[:j], ">") + 1
	setFile(t, home, carbon.CarbonXML, text[:k]+own+text[j:])
}

// storeOfFamily is a JKS file with the key of the tests.
func storeOfFamily(t testing.TB) []byte {
	t.Helper()
	f := theFamily()
	return storeOf(t, privatePEM(t, f.key)+certPEM(f.leaf, f.inter, f.root), ksPassword)
}

// storeOf is a JKS file with one key.
func storeOf(t testing.TB, pem, password string) []byte {
	t.Helper()
	source, err := ks.Load(ks.Passwords{}, ks.File{Name: "key.pem", Data: []byte(pem)})
	if err != nil {
		t.Fatal(err)
	}
	id, err := source.Identity("", secret.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := ks.Build(id, "esb", secret.New(password), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestVaultPublicKey: the key that WSO2 ships is refused unless the answers want it, and then the audit keeps saying so.
func TestVaultPublicKey(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Skip("the key that WSO2 ships is not here")
	}
	refused(t, home, onlyVault, "error vault.enabled: repository/conf/carbon.xml:", "the vault would encrypt with the key that WSO2 ships with every product. Anyone who gets the files could decrypt every password.",
		"Answer guideline 2 (SSL keys) first or in the same run; or, for a test, set vault.public_key: true.")
	const public = "vault: {public_key: true, password_file: persist}\n"
	planTwice(t, home, public)
	if got := resultLines(findings(t, home, 10)); !strings.Contains(got, "CS-10.3 fail error repository/conf/carbon.xml:") || !strings.Contains(got, "The vault encrypts with the key that WSO2 ships with every product.") {
		t.Errorf("the audit says\n%s", got)
	}
	t.Setenv("ADMIN_PW", newAdmin) // a later run that does not speak of the vault goes on with the key that is there
	planTwice(t, home, "admin: {username: ops, password: {env: ADMIN_PW}}\n")
	planTwice(t, home, proofAnswers(t, ownStores+vaultStays))
	noFault(t, home)
}

// TestVaultUnreadableFiles: a broken file without secured elements is named and the others go on; with some, nothing of the vault changes.
func TestVaultUnreadableFiles(t *testing.T) {
	t.Run("nothing secured in it", func(t *testing.T) {
		home, twin := ownHome(t, "api"), ownHome(t, "api")
		setFile(t, home, carbon.IdentityXML, "<Server><Security><Password>in-clear-1</Password></Server>")
		setFile(t, twin, carbon.IdentityXML, readFile(t, home, carbon.IdentityXML))
		out := planTwice(t, home, vaultStays)
		if got := problemLines(out.Problems); !strings.Contains(got, "warning vault.enabled: repository/conf/identity.xml") || !strings.Contains(got, "stay in clear") {
			t.Errorf("the plan does not name the file:\n%s", got)
		}
		judgeVault(t, home, twin, ksPassword)
		if got := resultLines(findings(t, home, 10)); !strings.Contains(got, "CS-10.6 unknown repository/conf/identity.xml") {
			t.Errorf("the audit says\n%s", got)
		}
	})
	for _, answers := range []string{vaultStays, vaultOff, strings.Replace(vaultStays, "true", "true, secrets: {Carbon.Security.TrustStore.Password: other}", 1)} {
		t.Run("secured elements in it: "+answers, func(t *testing.T) {
			home := vaultedHome(t, "api")
			replaceIn(t, home, carbon.IdentityXML, "</Server>", "</Servr>")
			if why := leftOut(t, home, answers, "vault"); !strings.Contains(why, "repository/conf/identity.xml") {
				t.Errorf("left out because %s", why)
			}
			out := buildPlan(t, home, answers)
			if got := problemLines(out.Problems); !out.Plan.Empty() || !strings.Contains(got, "Nothing of guideline 10 (Plain-text passwords) is changed.") {
				t.Errorf("the plan changes %v, and says %s", planFiles(out.Plan), got)
			}
		})
	}
	t.Run("the rest of a run goes on", func(t *testing.T) {
		home := vaultedHome(t, "api")
		replaceIn(t, home, carbon.IdentityXML, "</Server>", "</Servr>")
		texts := textsOf(t, home)
		t.Setenv("ADMIN_PW", newAdmin)
		planTwice(t, home, "admin: {username: ops, password: {env: ADMIN_PW}}\n"+vaultStays)
		if got := changedAliases(texts, textsOf(t, home)); len(got) != 4 {
			t.Errorf("ciphertexts of %v have changed", got)
		}
		if got := decrypted(t, home, ksPassword); got[adminAlias] != newAdmin || got["Security.UserTrustedRPStore.Password"] == "" {
			t.Errorf("the vault has lost what the broken file needs: %v", slices.Sorted(maps.Keys(got)))
		}
	})
	t.Run("a file that cannot be read", func(t *testing.T) {
		home := vaultedHome(t, "api")
		removeFile(t, home, carbon.IdentityXML)
		if err := os.Mkdir(filepath.Join(home, carbon.IdentityXML), 0o700); err != nil {
			t.Fatal(err)
		}
		leftOut(t, home, vaultStays, "vault")
	})
}

// TestVaultLeftOut: without its step, the plan changes nothing of a vault that the answers speak of, and other steps do not count on it.
func TestVaultLeftOut(t *testing.T) {
	home := ownHome(t, "servlet")
	out, err := BuildPlan(t.Context(), openInstall(t, home), answersOf(t, vaultStays), "vault")
	if err != nil || !out.Plan.Empty() {
		t.Errorf("%v, %v", err, planFiles(out.Plan))
	}
	broken := vaultedHome(t, "servlet")
	removeFile(t, broken, registryStore)
	t.Setenv("ADMIN_PW", newAdmin)
	_, err = BuildPlan(t.Context(), openInstall(t, broken), answersOf(t, "admin: {username: ops, password: {env: ADMIN_PW}}\n"+vaultStays), "vault")
	var invalid *InvalidError
	if !errors.As(err, &invalid) || !strings.Contains(problemLines(invalid.Problems), "is kept in the secure vault") {
		t.Errorf("a password that is in a lost vault can be changed without it: %v", err)
	}
}
