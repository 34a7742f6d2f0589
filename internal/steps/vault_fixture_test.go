package steps

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// What follows reads a vault without any of the code that has made it: encoding/xml, a reader of its own for properties, and crypto/rsa with the key
// out of the keystore that secret-conf.properties names.

// node is an element with its text.
type node struct {
	file, path, text, alias string
	line                    int
	onRoot                  bool // the root declares the namespace of the vault
}

// nodesOf reads the elements of an XML file in the order in which they begin.
func nodesOf(t testing.TB, home, rel string) []*node {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader([]byte(readFile(t, home, rel))))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		data, err := io.ReadAll(in)
		if err != nil || !strings.EqualFold(charset, "ISO-8859-1") {
			return bytes.NewReader(data), err
		}
		var b strings.Builder
		for _, c := range data {
			b.WriteRune(rune(c))
		}
		return strings.NewReader(b.String()), nil
	}
	var all, open []*node
	declared := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", rel, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{file: rel, path: token.Name.Local}
			n.line, _ = d.InputPos()
			if len(open) > 0 {
				n.path = open[len(open)-1].path + "/" + n.path
			}
			for _, a := range token.Attr {
				if a.Name.Space == "xmlns" && strings.HasPrefix(a.Value, "http://org.wso2.securevault") && len(open) == 0 {
					declared = true
				}
				if a.Name.Space == "http://org.wso2.securevault/configuration" && a.Name.Local == "secretAlias" {
					n.alias = a.Value
				}
			}
			n.onRoot = declared
			all, open = append(all, n), append(open, n)
		case xml.EndElement:
			open[len(open)-1].text = strings.TrimSpace(open[len(open)-1].text)
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(token)
			}
		}
	}
}

// xmlFiles lists the XML files that Carbon may take secrets from.
func xmlFiles(t testing.TB, home string) []string {
	t.Helper()
	var all []string
	for _, top := range []string{confFolder, userStoresDir} {
		err := filepath.WalkDir(filepath.Join(home, filepath.FromSlash(top)), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && !d.IsDir() && strings.HasSuffix(path, ".xml") {
				rel, err := filepath.Rel(home, path)
				all = append(all, filepath.ToSlash(rel))
				return err
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// securedNodes are the elements that name an alias.
func securedNodes(t testing.TB, home string) []*node {
	t.Helper()
	var all []*node
	for _, rel := range xmlFiles(t, home) {
		if !strings.Contains(readFile(t, home, rel), "secretAlias") {
			continue
		}
		for _, n := range nodesOf(t, home, rel) {
			if n.alias != "" {
				all = append(all, n)
			}
		}
	}
	return all
}

// javaProperties reads the live lines of a properties file.
func javaProperties(t testing.TB, home, rel string) map[string]string {
	t.Helper()
	all := map[string]string{}
	data, err := os.ReadFile(filepath.Join(home, filepath.FromSlash(rel)))
	if errors.Is(err, fs.ErrNotExist) {
		return all
	}
	if err != nil {
		t.Fatal(err)
	}
	unescape := strings.NewReplacer(`\n`, "\n", `\=`, "=", `\:`, ":", `\\`, `\`, `\ `, " ", `\#`, "#")
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		all[unescape.Replace(strings.TrimSpace(key))] = unescape.Replace(strings.TrimSpace(value))
	}
	return all
}

// vaultKeyAt opens the keystore that secret-conf.properties names.
func vaultKeyAt(t testing.TB, home, password string) *rsa.PrivateKey {
	t.Helper()
	conf := javaProperties(t, home, carbon.SecretConf)
	at := conf["keystore.identity.location"]
	if !filepath.IsAbs(at) {
		at = filepath.Join(home, filepath.FromSlash(at))
	}
	key, err := readVaultKey(at, conf["keystore.identity.alias"], password)
	if err != nil {
		t.Fatalf("the key that secret-conf.properties names: %v", err)
	}
	return key
}

func readVaultKey(at, alias, password string) (*rsa.PrivateKey, error) {
	data, err := os.ReadFile(at)
	if err != nil {
		return nil, err
	}
	source, err := ks.Load(ks.Passwords{Store: secret.New(password)}, ks.File{Name: at, Data: data})
	if err != nil {
		return nil, err
	}
	id, err := source.Identity(alias, secret.New(password))
	if err != nil {
		return nil, err
	}
	return id.RSA()
}

// decryptOne is Cipher.getInstance("RSA/ECB/PKCS1Padding") on base64.
func decryptOne(key *rsa.PrivateKey, text string) (string, error) {
	sealed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return "", err
	}
	plain, err := rsa.DecryptPKCS1v15(nil, key, sealed) //nolint:staticcheck // what Carbon decrypts
	return string(plain), err
}

// decrypted are the values of all ciphertexts of a home; every one has to decrypt.
func decrypted(t testing.TB, home, password string) map[string]string {
	t.Helper()
	key := vaultKeyAt(t, home, password)
	texts := javaProperties(t, home, javaProperties(t, home, carbon.SecretConf)["secretRepositories.file.location"])
	values := map[string]string{}
	for alias, text := range texts {
		if strings.ContainsAny(text, "\r\n ") {
			t.Errorf("the ciphertext of %s is not on one line", alias)
		}
		value, err := decryptOne(key, text)
		if err != nil {
			t.Errorf("the entry %s does not decrypt: %v", alias, err)
		}
		values[alias] = value
	}
	return values
}

// judgeVault checks a vaulted home against its twin, the same home in clear: every element that names an alias decrypts to the text of its twin, has the
// placeholder as its text, and a root that declares the namespace; there is no ciphertext besides. It returns the values.
func judgeVault(t testing.TB, home, twin, password string) map[string]string {
	t.Helper()
	values := decrypted(t, home, password)
	used := map[string]bool{}
	for _, rel := range xmlFiles(t, home) {
		if !strings.Contains(readFile(t, home, rel), "secretAlias") {
			continue
		}
		plain := nodesOf(t, twin, rel)
		for i, n := range nodesOf(t, home, rel) {
			if n.alias == "" {
				if n.text != plain[i].text {
					t.Errorf("%s: %s says %q, in clear %q", rel, n.path, n.text, plain[i].text)
				}
				continue
			}
			used[n.alias] = true
			value, ok := values[n.alias]
			switch {
			case !ok:
				t.Errorf("%s: %s names %s, which has no ciphertext", rel, n.path, n.alias)
			case value != plain[i].text:
				t.Errorf("%s: %s decrypts to %q, and stands for %q", rel, n.alias, value, plain[i].text)
			}
			if n.text != "password" || !n.onRoot {
				t.Errorf("%s: %s says %q, and the root declares the namespace: %t", rel, n.path, n.text, n.onRoot)
			}
		}
	}
	for alias := range values {
		if !used[alias] {
			t.Errorf("no element names the alias %s", alias)
		}
	}
	return values
}

// clearOnDisk are the files of a home that hold a text, also where XML or a properties file writes it in another way.
func clearOnDisk(t testing.TB, home, text string) []string {
	t.Helper()
	var escaped bytes.Buffer
	if err := xml.EscapeText(&escaped, []byte(text)); err != nil {
		t.Fatal(err)
	}
	forms := []string{text, escaped.String(), strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text), strings.ReplaceAll(text, `\`, `\\`)}
	var all []string
	for rel, file := range homeFiles(t, home) {
		if slices.ContainsFunc(forms, func(form string) bool { return bytes.Contains(file.data, []byte(form)) }) {
			all = append(all, rel)
		}
	}
	slices.Sort(all)
	return all
}

// homeFiles are all files of a home.
func homeFiles(t testing.TB, home string) map[string]sampleFile {
	t.Helper()
	all := map[string]sampleFile{}
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(home, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		all[filepath.ToSlash(rel)] = sampleFile{rel: rel, mode: info.Mode(), data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// homeDiffers lists the files in which two homes differ.
func homeDiffers(t testing.TB, a, b string) []string {
	t.Helper()
	one, other := homeFiles(t, a), homeFiles(t, b)
	var all []string
	for rel, f := range one {
		if g, ok := other[rel]; !ok || !bytes.Equal(f.data, g.data) {
			all = append(all, rel)
		}
		delete(other, rel)
	}
	for rel := range other {
		all = append(all, rel)
	}
	slices.Sort(all)
	return all
}

// twinOf is a copy of a home as it is now.
func twinOf(t testing.TB, home string) string {
	t.Helper()
	twin := filepath.Join(t.TempDir(), "twin")
	copyTree(t, home, twin)
	return twin
}

const (
	onlyVault  = "vault: {enabled: true}\n"
	vaultStays = "vault: {enabled: true, password_file: persist}\n"
	vaultOff   = "vault: {enabled: false}\n"
)

var (
	ownLock  sync.Mutex
	ownFiles = map[string]map[string]sampleFile{}
)

// ownHome is a sample with keystores and passwords of its own, in clear. Each is made once: keys take their time.
func ownHome(t testing.TB, which string) string {
	t.Helper()
	return cachedHome(t, "own-"+which, func(home string) { applyNow(t, home, buildPlan(t, home, proofAnswers(t, proofPlain)).Plan) }, which)
}

// vaultedHome is ownHome with the vault on, and its password in password-persist.
func vaultedHome(t testing.TB, which string) string {
	t.Helper()
	proofAnswers(t, "")
	return cachedHome(t, "vaulted-"+which, func(home string) {
		own := ownHome(t, which)
		for rel, f := range homeFiles(t, own) {
			setFile(t, home, rel, string(f.data))
		}
		applyNow(t, home, buildPlan(t, home, vaultStays).Plan)
	}, which)
}

func cachedHome(t testing.TB, name string, change func(home string), which string) string {
	t.Helper()
	ownLock.Lock()
	files, ok := ownFiles[name]
	ownLock.Unlock()
	home := sampleHome(t, which)
	if !ok {
		change(home)
		ownLock.Lock()
		ownFiles[name] = homeFiles(t, home)
		ownLock.Unlock()
		return home
	}
	for rel, f := range files {
		setFile(t, home, rel, string(f.data))
	}
	return home
}

// refusals are the messages with which answers are refused, a line each.
func refusals(t testing.TB, home, answersYAML string) string {
	t.Helper()
	_, err := BuildPlan(t.Context(), openInstall(t, home), answersOf(t, answersYAML))
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("the answers are not refused: %v", err)
	}
	return problemLines(invalid.Problems)
}

// refused checks that answers are refused with a text, and that the home stays as it is.
func refused(t testing.TB, home, answersYAML string, want ...string) {
	t.Helper()
	before := fmt.Sprint(homeFiles(t, home))
	got := refusals(t, home, answersYAML)
	for _, text := range want {
		if !strings.Contains(got, text) {
			t.Errorf("refused without saying %q:\n%s", text, got)
		}
	}
	if fmt.Sprint(homeFiles(t, home)) != before {
		t.Error("planning has written into the home")
	}
}
