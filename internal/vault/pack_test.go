package vault

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/keystore"
	"carbon-setup/internal/secret"
)

// askVault starts the SecretManager of a Carbon home, which is the working directory, as the server does while it loads carbon.xml, and prints what each of
// the aliases resolves to.
const askVault = `
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.wso2.securevault.secret.SecretManager;

public class AskVault {
    public static void main(String[] args) throws Exception {
        System.setProperty("carbon.home", new File(".").getCanonicalPath());
        Properties conf = new Properties();
        try (InputStream in = new FileInputStream("repository/conf/security/secret-conf.properties")) { conf.load(in); }
        SecretManager manager = SecretManager.getInstance();
        PrintStream out = System.out;
        System.setOut(System.err); // commons-logging
        try {
            manager.init(conf);
        } catch (Exception e) {
            System.err.println(e);
        }
        PrintStream answer = new PrintStream(out, true, "UTF-8");
        answer.println("initialized " + manager.isInitialized());
        for (String alias : args) answer.println(alias + " " + manager.getSecret(alias));
    }
}
`

// packJars finds the classes of the vault in the real pack that CARBON_PACK names.
func packJars(t *testing.T) string {
	t.Helper()
	pack := os.Getenv("CARBON_PACK")
	if pack == "" {
		t.Skip("CARBON_PACK names no real pack; Java's own Cipher is what is asked")
	}
	var jars []string
	for _, pattern := range []string{
		"repository/components/plugins/org.wso2.securevault_*.jar", "repository/components/plugins/org.wso2.carbon.securevault_4.2.0.jar",
		"repository/components/plugins/axiom_*.jar", "repository/components/plugins/commons-io_*.jar",
	} {
		found, err := filepath.Glob(filepath.Join(pack, pattern))
		must(t, err)
		if len(found) == 0 {
			t.Fatalf("%s has no %s", pack, pattern)
		}
		jars = append(jars, found[0])
	}
	must(t, filepath.WalkDir(pack, func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(filepath.Base(path), "commons-logging-") && strings.HasSuffix(path, ".jar") {
			jars = append(jars, path)
			return filepath.SkipAll
		}
		return err
	}))
	return strings.Join(jars, string(filepath.ListSeparator))
}

// home writes a home with a vault and a keystore, and returns the key of the vault.
func home(t *testing.T, dir string, conf Conf, password string) *Key {
	t.Helper()
	id, err := keystore.SelfSigned(keystore.Template{Names: []string{"am.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)})
	must(t, err)
	data, err := keystore.Build(id, conf.Alias, secret.New(password), time.Now())
	must(t, err)
	put(t, dir, conf.Keystore, data)
	p := properties(t, nil)
	for _, e := range conf.Entries() {
		must(t, p.Set(e.Key, e.Value, ""))
	}
	_, err = p.Commit()
	must(t, err)
	put(t, dir, SecretConfFile, p.Bytes())
	key, err := id.RSA()
	must(t, err)
	return NewKey(key)
}

// TestPackReadsOurs has the classes of a real pack open a vault that consists of what this package writes; and shows that what Diagnose says of broken ones is
// so.
func TestPackReadsOurs(t *testing.T) {
	jars := packJars(t)
	dir := t.TempDir()
	const password = `store-P4ss $x`
	k := home(t, dir, Conf{Keystore: "repository/resources/security/vault.jks", Type: "JKS", Alias: "vault"}, password)
	wrap := func(s string) string { return s[:76] + "\n" + s[76:152] + "\n" + s[152:] }
	want := map[string]string{}
	cipherText := properties(t, nil)
	for alias, entry := range map[string]struct{ value, resolves string }{
		"Good.Password":    {encrypt(t, k, "a]b$c&<d>"), "a]b$c&<d>"},
		"Good.Umlaut":      {encrypt(t, k, "Grüße-密码-😀"), "Grüße-密码-😀"},
		"Good.Longest":     {encrypt(t, k, strings.Repeat("x", k.Limit())), strings.Repeat("x", k.Limit())},
		"Good.Wrapped":     {wrap(encrypt(t, k, "wrapped")), "wrapped"},
		"Left.Plain":       {"[wso2carbon]", "Left.Plain"},
		"Left.Empty":       {"", "Left.Empty"},
		"Left.Broken":      {"wso2carbon", "Left.Broken"},
		"Left.OtherKey":    {encrypt(t, testKey(2048), "x"), "Left.OtherKey"},
		"Left.OtherSize":   {encrypt(t, testKey(1024), "x"), "Left.OtherSize"},
		"Left.Nothing":     {base64.StdEncoding.EncodeToString(sealRaw(t, k, nil)), "Left.Nothing"},
		"Missing.Password": {"", "Missing.Password"},
	} {
		want[alias] = entry.resolves
		if !strings.HasPrefix(alias, "Missing") {
			must(t, cipherText.Set(alias, entry.value, ""))
		}
	}
	_, err := cipherText.Commit()
	must(t, err)
	put(t, dir, CipherTextFile, cipherText.Bytes())

	args := []string{"-cp", jars, "AskVault.java"}
	lines := []string{"initialized true"}
	for alias, resolves := range want {
		args = append(args, alias)
		lines = append(lines, alias+" "+resolves)
	}
	for _, name := range PasswordNames(false) {
		put(t, dir, name, PasswordFile(secret.New(password)))
		got := strings.Split(strings.TrimSpace(java(t, dir, "AskVault.java", askVault, args...)), "\n")
		slices.Sort(got)
		slices.Sort(lines)
		if !slices.Equal(got, lines) {
			t.Errorf("%s: Carbon's vault resolves\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(lines, "\n"))
		}
		must(t, os.RemoveAll(filepath.Join(dir, PasswordOnce)))
	}
}
