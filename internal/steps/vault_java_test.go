package steps

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/edit"
)

// What the tests with Java answer: everything that goes into the vault besides the passwords that the files have already.
const (
	proofAdmin  = `Adm1n"q'&<x>\t=42`
	proofPlain  = "admin: {username: ops, password: {env: ADMIN_PW}}\n" + ownStores
	proofVault  = proofPlain + "vault: {enabled: true, password_file: persist}\n"
	ownStores   = "keystore: {from: self_signed, names: [esb.example.com], alias: esb, password: {env: KS_PW}, encryption: own}\ntruststore: {password: {env: TS_PW}}\n"
	persistFile = "password-persist"
	confFolder  = "repository/conf"
)

func proofAnswers(t testing.TB, yaml string) string {
	t.Helper()
	t.Setenv("ADMIN_PW", proofAdmin)
	return keyAnswers(t, t.TempDir(), yaml)
}

// javaProgram compiles sources of testdata/vaultproof, and returns the folder of their classes.
func javaProgram(t testing.TB, classPath string, sources ...string) string {
	t.Helper()
	javac, err := exec.LookPath("javac")
	if err != nil {
		t.Skip("no JDK on this machine; the step itself opens again what it has encrypted")
	}
	dir := t.TempDir()
	args := []string{"-nowarn", "-encoding", "UTF-8", "-d", dir}
	for _, s := range sources {
		args = append(args, filepath.Join("testdata", "vaultproof", s))
	}
	cmd := exec.CommandContext(t.Context(), javac, args...)
	cmd.Env = append(os.Environ(), "CLASSPATH="+classPath)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	return dir
}

// runJava runs a program with a home as its folder and as carbon.home, as wso2server.sh does, and returns what it prints.
func runJava(t testing.TB, home, classPath, program string, args ...string) (out, complaint string, err error) {
	t.Helper()
	all := []string{"-XX:TieredStopAtLevel=1", "-Dcarbon.home=" + home, "-Dfile.encoding=UTF8", program, home}
	cmd := exec.CommandContext(t.Context(), "java", append(all, args...)...)
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "CLASSPATH="+classPath)
	var told bytes.Buffer
	cmd.Stderr = &told
	data, err := cmd.Output()
	return string(data), told.String(), err
}

// securedValues returns, by alias, the values that secured elements of a home have in its twin, the same install without a vault. An alias that stands at
// several elements has one value.
func securedValues(t testing.TB, home, twin string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, top := range []string{confFolder, userStoresDir} {
		err := filepath.WalkDir(filepath.Join(home, filepath.FromSlash(top)), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".xml") {
				return nil //nolint:nilerr // a home without secondary stores
			}
			rel, err := filepath.Rel(home, path)
			if err != nil {
				return err
			}
			text := readFile(t, home, rel)
			if !strings.Contains(text, "secretAlias") {
				return nil
			}
			plain := parseXML(t, twin, rel).Find("//*")
			for i, e := range parseXML(t, home, rel).Find("//*") {
				alias := secretAlias(e)
				if alias == "" {
					continue
				}
				if e.Text() != "password" {
					t.Errorf("%s: the secured %s says %q", rel, e.Path(), e.Text())
				}
				value := plain[i].Text()
				if before, ok := values[alias]; ok && before != value {
					t.Errorf("%s stands for %q and for %q", alias, before, value)
				}
				values[alias] = value
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return values
}

func parseXML(t testing.TB, home, rel string) *edit.XML {
	t.Helper()
	doc, err := edit.ParseXML(rel, []byte(readFile(t, home, rel)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// proofHomes returns two copies of a sample, or of the real data files where they are.
func proofHomes(t *testing.T, which string) (home, twin string) {
	t.Helper()
	if which != "corpus" {
		return sampleHome(t, which), sampleHome(t, which)
	}
	home, ok := corpusHome(t)
	if !ok {
		t.Skip("the real data files are not here; the samples are what is tested")
	}
	twin, _ = corpusHome(t)
	return home, twin
}

// TestVaultByJava has nothing but the JDK open the keystore that secret-conf.properties names and decrypt every entry of cipher-text.properties.
func TestVaultByJava(t *testing.T) {
	classes := javaProgram(t, "", "Ciphers.java")
	for which, least := range map[string]int{"api": 20, "servlet": 14, "corpus": 20} {
		t.Run(which, func(t *testing.T) {
			home, twin := proofHomes(t, which)
			applyNow(t, twin, buildPlan(t, twin, proofAnswers(t, proofPlain)).Plan)
			planTwice(t, home, proofAnswers(t, proofVault))
			values := securedValues(t, home, twin)
			if len(values) < least {
				t.Errorf("only %d aliases are in use: %v", len(values), slices.Sorted(maps.Keys(values)))
			}
			if values["UserManager.AdminUser.Password"] != proofAdmin || values["Carbon.Security.RegistryKeyStore.Password"] != ksPassword {
				t.Errorf("the passwords of the answers are not among %v", values)
			}
			var want []string
			for _, alias := range slices.Sorted(maps.Keys(values)) {
				want = append(want, alias+"\t"+values[alias])
			}
			out, complaint, err := runJava(t, home, classes, "Ciphers", persistFile)
			if err != nil {
				t.Fatalf("%v\n%s", err, complaint)
			}
			got := strings.Split(strings.TrimSpace(out), "\n")
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("Java decrypts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			setFile(t, home, "wrong", "some-other-pw\n")
			if _, complaint, err := runJava(t, home, classes, "Ciphers", "wrong"); err == nil || !strings.Contains(complaint, "password was incorrect") {
				t.Errorf("another password opens the keystore: %v\n%s", err, complaint)
			}
		})
	}
}
