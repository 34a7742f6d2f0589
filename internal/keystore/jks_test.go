package keystore

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	javakeystore "github.com/pavlo-v-chernykh/keystore-go/v4"

	"carbon-setup/internal/secret"
)

// TestModifiedUTF8 compares with what java.io.DataOutput.writeUTF writes.
func TestModifiedUTF8(t *testing.T) {
	for text, want := range map[string]string{
		"":      "",
		"esb":   "esb",
		"größe": "gr\xC3\xB6\xC3\x9Fe",
		"日本":    "\xE6\x97\xA5\xE6\x9C\xAC",
		"a\x00": "a\xC0\x80",
		"😀":     "\xED\xA0\xBD\xED\xB8\x80",
	} {
		if got := encodeModifiedUTF8(text); string(got) != want {
			t.Errorf("%q: % x, want % x", text, got, want)
		}
		if got := decodeModifiedUTF8([]byte(want)); got != text {
			t.Errorf("% x: %q, want %q", want, got, text)
		}
	}
	for _, bad := range []string{"\xFF", "\xC3", "\xE6\x97", "\x80", "\xED\xA0\xBD"} {
		if got := decodeModifiedUTF8([]byte("a" + bad)); got[0] != 'a' || !bytes.ContainsRune([]byte(got), '\uFFFD') {
			t.Errorf("% x: %q", bad, got)
		}
	}
}

// odd is a JKS file as Java itself would not order or name things.
func odd(t testing.TB, version uint32) []byte {
	t.Helper()
	f := makeFamily()
	j := jksFile{version: version, entries: []jksEntry{
		jksCert("zebra", f.root.cert),
		jksKey(t, "Größe mit Blank", f.identity(), keyPassword),
		jksCert("Apfel", f.inter.cert),
		jksCert("\xFF", f.leaf.cert),
		jksCert("", f.leaf.cert),
		jksCert("zebra", f.leaf.cert),
	}}
	j.entries[3].alias = []byte{0xFF, 0xC3}
	j.entries[0].created = 0
	j.entries[2].created = 1 << 63
	if version == 2 {
		j.entries[4].chain[0].kind = []byte("X509")
	}
	return j.bytes(pw(storePassword))
}

// TestJKSKeepsEveryByte reads and writes files with a second name, no order, old versions and dates that are none.
func TestJKSKeepsEveryByte(t *testing.T) {
	for _, version := range []uint32{1, 2} {
		data := odd(t, version)
		f, err := readJKS(data, pw(storePassword))
		must(t, err)
		if !bytes.Equal(f.bytes(pw(storePassword)), data) {
			t.Errorf("version %d: not the same bytes", version)
		}
	}
}

// TestJKSAgainstLibrary has another implementation read what is written here.
func TestJKSAgainstLibrary(t *testing.T) {
	f := makeFamily()
	data, err := Build(f.identity(), "esb", pw(storePassword), clock)
	must(t, err)
	ks := javakeystore.New()
	must(t, ks.Load(bytes.NewReader(data), []byte(storePassword)))
	e, err := ks.GetPrivateKeyEntry("esb", []byte(storePassword))
	must(t, err)
	if !bytes.Equal(e.PrivateKey, pkcs8(t, f.leaf.key)) || len(e.CertificateChain) != 3 || !e.CreationTime.Equal(clock) {
		t.Errorf("the library reads %d certificates, created %s", len(e.CertificateChain), e.CreationTime)
	}
	for i, c := range f.chain() {
		if e.CertificateChain[i].Type != "X.509" || !bytes.Equal(e.CertificateChain[i].Content, c.Raw) {
			t.Errorf("certificate %d differs", i)
		}
	}
}

// TestChosenByAlias finds entries as Java does, and those that Java does not.
func TestChosenByAlias(t *testing.T) {
	s, err := Load(stored(), file("a.jks", odd(t, 2)))
	must(t, err)
	for _, alias := range []string{"Größe mit Blank", "größe mit blank", ""} {
		id, err := s.Identity(alias, pw(keyPassword))
		must(t, err)
		wantChain(t, id, makeFamily().leaf.key, makeFamily().chain()...)
	}
	f := makeFamily()
	other := identity(rsaKeys[3](), issue(t, spec{cn: "b", key: rsaKeys[3]()}).cert)
	twice := makeJKS(t, storePassword, jksKey(t, "Esb", f.identity(), storePassword), jksKey(t, "esb", other, storePassword))
	s, err = Load(stored(), file("a.jks", twice))
	must(t, err)
	for alias, want := range map[string]string{"Esb": "am.example.com", "esb": "b", "ESB": "am.example.com"} {
		id, err := s.Identity(alias, secret.Secret{})
		must(t, err)
		if id.Leaf().Name() != want {
			t.Errorf("%s is %s, want %s", alias, id.Leaf().Name(), want)
		}
	}
}

func TestEntries(t *testing.T) {
	s, err := Load(stored(), file("a.jks", odd(t, 2)))
	must(t, err)
	var got []string
	for _, e := range s.Entries {
		got = append(got, e.Alias)
		if e.File != "a.jks" {
			t.Errorf("file %q", e.File)
		}
	}
	want := []string{"zebra", "Größe mit Blank", "Apfel", "\uFFFD\uFFFD", "", "zebra"}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("entries %q, want %q", got, want)
		}
	}
	if !s.Entries[2].Created.IsZero() || !s.Entries[0].Created.Equal(time.Unix(0, 0)) || len(s.Certificates()) != 3 || len(s.Keys()) != 1 {
		t.Errorf("created %s, %s; %d certificates, %d keys", s.Entries[0].Created, s.Entries[2].Created, len(s.Certificates()), len(s.Keys()))
	}
}

// productStore is a keystore of a real product, when one lies beside the project.
func productStore(t testing.TB, name string) (File, bool) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../shared/corpus/apim-1.8.0/repository/resources/security", name))
	if err != nil {
		t.Log("the stores of a real product are not here; those of our own are what is tested")
		return File{}, false
	}
	return File{Name: name, Data: data}, true
}

func TestProductStores(t *testing.T) {
	shipped := pw("wso2carbon")
	if keys, ok := productStore(t, "wso2carbon.jks"); ok {
		id := load(t, Passwords{Store: shipped}, keys)
		if id.Alias != "wso2carbon" || !id.Leaf().IsDefault() || id.Leaf().MD5() != "02:FB:AA:5F:20:64:49:4A:27:29:55:71:83:F7:46:CD" {
			t.Errorf("%v, default %v, MD5 %s", id, id.Leaf().IsDefault(), id.Leaf().MD5())
		}
		if uses, critical, _ := id.Leaf().KeyUsage(); !critical || len(uses) != 4 {
			t.Errorf("key usage %q, critical %v", uses, critical)
		}
		// The same key, renamed and in a certificate of its own.
		again := issue(t, spec{cn: "am.example.com", key: id.Signer()})
		if !again.cert.IsDefault() {
			t.Error("the public key in another certificate is not told")
		}
		if found := Diagnose(identity(id.Signer(), again.cert), Against{Now: clock}); found[0].ID != "default-key" {
			t.Errorf("found %v", found)
		}
		f, err := readJKS(keys.Data, shipped)
		must(t, err)
		if len(f.entries) != 37 || !bytes.Equal(f.bytes(shipped), keys.Data) {
			t.Errorf("%d entries, same bytes %v", len(f.entries), bytes.Equal(f.bytes(shipped), keys.Data))
		}
	}
	trust, ok := productStore(t, "client-truststore.jks")
	if !ok {
		return
	}
	ts, err := OpenTruststore(trust, shipped)
	must(t, err)
	if len(ts.Entries()) != 40 || ts.Changed() {
		t.Errorf("%d entries, changed %v", len(ts.Entries()), ts.Changed())
	}
	defaults := map[string]bool{}
	for _, e := range ts.Defaults() {
		defaults[e.Alias] = true
	}
	if len(defaults) != 4 || !defaults["wso2carbon"] || !defaults["localhost"] || !defaults["wso2carbon.cert"] || !defaults["digicertca"] {
		t.Errorf("defaults %v", defaults)
	}
	ts.changed = true
	again, err := ts.Bytes(shipped)
	must(t, err)
	if !bytes.Equal(again, trust.Data) {
		t.Error("written again, it has other bytes")
	}
	moved, err := ts.Bytes(pw(storePassword))
	must(t, err)
	if !bytes.Equal(moved[:len(moved)-20], trust.Data[:len(trust.Data)-20]) {
		t.Error("a new password changes more than the digest")
	}
}
