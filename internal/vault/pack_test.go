package vault

import (
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/keystore"
	"carbon-setup/internal/secret"
)

// askVault starts the SecretManager of a Carbon home, which is the working directory, as the server does while it loads carbon.xml, and prints what a reader
// gets for each of the aliases: the secret, the text of the element, "null" for nothing; "stopped" when Carbon does not get as far.
const askVault = `
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import javax.xml.parsers.*;
import org.w3c.dom.Element;
import org.wso2.securevault.SecretResolver;
import org.wso2.securevault.SecretResolverFactory;
import org.wso2.securevault.secret.SecretManager;

public class AskVault {
    static final String NS = "xmlns:svns='http://org.wso2.securevault/configuration'";
    static Element config(boolean child, String alias) throws Exception {
        String xml = "<Server" + (child ? "" : " " + NS) + "><Password" + (child ? " " + NS : "") + " svns:secretAlias='" + alias + "'>password</Password></Server>";
        DocumentBuilderFactory f = DocumentBuilderFactory.newInstance();
        f.setNamespaceAware(true);
        return f.newDocumentBuilder().parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8))).getDocumentElement();
    }
    public static void main(String[] args) throws Exception {
        System.setProperty("carbon.home", new File(".").getCanonicalPath());
        Properties conf = new Properties();
        try (InputStream in = new FileInputStream("repository/conf/security/secret-conf.properties")) { conf.load(in); }
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        System.setOut(System.err); // commons-logging
        boolean child = Boolean.getBoolean("declared.on.child");
        String asked = System.getProperty("asked");
        for (String alias : args) {
            String got;
            try {
                SecretManager.getInstance().init(conf);
                SecretResolver resolver = SecretResolverFactory.create(config(child, alias), true);
                String name = asked == null ? alias : asked;
                got = resolver.isInitialized() && resolver.isTokenProtected(name) ? resolver.resolve(name) : "password";
            } catch (Exception e) {
                System.err.println(e);
                got = "stopped";
            }
            out.println(alias + " " + got);
        }
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

func putProperties(t *testing.T, dir, name string, values map[string]string) {
	t.Helper()
	p := properties(t, nil)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		must(t, p.Set(key, values[key], ""))
	}
	_, err := p.Commit()
	must(t, err)
	put(t, dir, name, p.Bytes())
}

// home writes a home with a vault and a keystore, and returns the key of the vault.
func home(t *testing.T, dir string, conf Conf, password string) *Key {
	t.Helper()
	id, err := keystore.SelfSigned(keystore.Template{Names: []string{"am.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)})
	must(t, err)
	data, err := keystore.Build(id, conf.Alias, secret.New(password), time.Now())
	must(t, err)
	put(t, dir, conf.Keystore, data)
	putProperties(t, dir, SecretConfFile, confWith(conf, nil))
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
	k := home(t, dir, goodConf, password)
	wrap := func(s string) string { return s[:76] + "\n" + s[76:152] + "\n" + s[152:] }
	want := map[string]string{}
	values := map[string]string{}
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
			values[alias] = entry.value
		}
	}
	putProperties(t, dir, CipherTextFile, values)

	args := []string{"-cp", jars, "AskVault.java"}
	var lines []string
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

// resolved is what a reader of Carbon gets for the alias Some.Password of a home.
func resolved(t *testing.T, dir, jars string, args ...string) string {
	t.Helper()
	out := java(t, dir, "AskVault.java", askVault, slices.Concat(args, []string{"-cp", jars, "AskVault.java", "Some.Password"})...)
	_, answer, _ := strings.Cut(out, "Some.Password ")
	return strings.TrimSuffix(answer, "\n")
}

// TestPackClosedByFaults has a real pack confirm which faults of secret-conf.properties keep the vault closed.
func TestPackClosedByFaults(t *testing.T) {
	jars := packJars(t)
	dir := t.TempDir()
	k := home(t, dir, goodConf, "store-P4ss")
	putProperties(t, dir, CipherTextFile, map[string]string{"Some.Password": encrypt(t, k, "hunter2")})
	put(t, dir, PasswordPersist, PasswordFile(secret.New("store-P4ss")))
	for _, tt := range append(confCases(), confCase{name: "nothing wrong", reads: "hunter2"}) {
		t.Run(tt.name, func(t *testing.T) {
			putProperties(t, dir, SecretConfFile, confWith(goodConf, tt.changes))
			if got := resolved(t, dir, jars); got != tt.reads {
				t.Errorf("Carbon reads %q, want %q", got, tt.reads)
			}
		})
	}
}

// TestPackReaders has a real pack confirm what Diagnose says that its readers take for the password.
func TestPackReaders(t *testing.T) {
	jars := packJars(t)
	dir := t.TempDir()
	k := home(t, dir, goodConf, "store-P4ss")
	putProperties(t, dir, CipherTextFile, map[string]string{"Some.Password": encrypt(t, k, "hunter2")})
	put(t, dir, PasswordPersist, PasswordFile(secret.New("store-P4ss")))
	for _, tt := range []struct {
		name    string
		changes map[string]string
		arg     string
		reads   string
	}{
		{"namespace on the child", nil, "-Ddeclared.on.child=true", "password"},
		{"alias of nobody", nil, "-Dasked=Another.Password", "password"},
		{"off", off, "-Dx=y", "password"},
		{"off with a provider", map[string]string{"secretRepositories": ""}, "-Dx=y", "null"},
		{"only commas for repositories", map[string]string{"secretRepositories": ","}, "-Dx=y", "null"},
	} {
		putProperties(t, dir, SecretConfFile, confWith(goodConf, tt.changes))
		if got := resolved(t, dir, jars, tt.arg); got != tt.reads {
			t.Errorf("%s: Carbon reads %q, want %q", tt.name, got, tt.reads)
		}
	}
}

// TestPackPasswordFile has a real pack confirm what ParsePasswordFile says of password files.
func TestPackPasswordFile(t *testing.T) {
	jars := packJars(t)
	dir := t.TempDir()
	const password = "store-P4ss"
	k := home(t, dir, goodConf, password)
	putProperties(t, dir, CipherTextFile, map[string]string{"Some.Password": encrypt(t, k, "hunter2")})
	for _, data := range []string{
		password, password + "\n", password + "\r\n", password + "\r", password + "\n\n", password + "\nother\n", password + " \n", " " + password, "", "\n" + password,
		"\ufeff" + password + "\n", password + "\t\n",
	} {
		put(t, dir, PasswordPersist, []byte(data))
		read, faults := ParsePasswordFile([]byte(data))
		opens := resolved(t, dir, jars) == "hunter2"
		if opens != read.Equal(secret.New(password)) || opens == slices.ContainsFunc(faults, func(f Fault) bool { return f.Severity == Bad }) {
			t.Errorf("%q opens the vault: %t; we read %d bytes of password with %q", data, opens, len(read.Reveal()), faults)
		}
	}
	for data, opens := range map[string]bool{password + "\n": false, password + "\nother\n": false, password + "\n" + password + "\n": true, "other\n" + password + "\n": true} {
		put(t, dir, PasswordPersist, []byte(data))
		if got := resolved(t, dir, jars, "-Dkey.password=true"); (got == "hunter2") != opens {
			t.Errorf("%q opens the vault with -Dkey.password=true: %t, want %t", data, !opens, opens)
		}
	}
}
