package keystore

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"carbon-setup/internal/secret"
)

func names(entries []*Entry) []string {
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Alias
	}
	return all
}

func TestTruststoreUnchanged(t *testing.T) {
	data := odd(t, 1)
	ts, err := OpenTruststore(file("t.jks", data), pw(storePassword))
	must(t, err)
	out, err := ts.Bytes(pw(storePassword))
	must(t, err)
	if ts.Changed() || !bytes.Equal(out, data) {
		t.Error("a truststore that nobody changed is written otherwise")
	}
	out[0] = 0
	if data[0] == 0 {
		t.Error("the bytes returned are those that were given")
	}
	// Bytes after the digest are what Java does not read, and are no reason to touch a file.
	longer := append(bytes.Clone(data), "tail"...)
	ts, err = OpenTruststore(file("t.jks", longer), pw(storePassword))
	must(t, err)
	out, err = ts.Bytes(pw(storePassword))
	must(t, err)
	if !bytes.Equal(out, longer) {
		t.Error("bytes after the digest are lost though nothing is changed")
	}
}

// TestTruststoreKeepsTheOthers adds and removes, and compares what is left byte for byte.
func TestTruststoreKeepsTheOthers(t *testing.T) {
	f := makeFamily()
	data := odd(t, 2)
	before, err := readJKS(data, pw(storePassword))
	must(t, err)
	ts, err := OpenTruststore(file("t.jks", data), pw(storePassword))
	must(t, err)
	own := issue(t, spec{cn: "ESB Größe", key: rsaKeys[3]()})
	as, added, err := ts.Add("", own.cert, clock)
	must(t, err)
	if as != "esb-gr-e" || !added || !ts.Changed() {
		t.Errorf("added as %q, %v", as, added)
	}
	if removed := ts.Remove("APFEL", "no such"); !slices.Equal(names(removed), []string{"Apfel"}) {
		t.Errorf("removed %q", names(removed))
	}
	out, err := ts.Bytes(pw("another-Pass3"))
	must(t, err)
	after, err := readJKS(out, pw("another-Pass3"))
	must(t, err)
	want := slices.Delete(slices.Clone(before.entries), 2, 3)
	if len(after.entries) != len(want)+1 {
		t.Fatalf("%d entries", len(after.entries))
	}
	for i, e := range want {
		one, other := jksFile{version: 2, entries: []jksEntry{e}}, jksFile{version: 2, entries: []jksEntry{after.entries[i]}}
		if !bytes.Equal(one.bytes(secret.Secret{}), other.bytes(secret.Secret{})) {
			t.Errorf("entry %d changed", i)
		}
	}
	last := after.entries[len(want)]
	if last.aliasText() != "esb-gr-e" || !last.time().Equal(clock) || !bytes.Equal(last.chain[0].der, own.cert.Raw) || string(last.chain[0].kind) != "X.509" {
		t.Errorf("the new entry is %q of %s", last.aliasText(), last.time())
	}
	if _, err := readJKS(out, pw(storePassword)); err == nil {
		t.Error("the old password still opens it")
	}
	_ = f
}

func TestTruststoreAdd(t *testing.T) {
	f := makeFamily()
	ts := NewTruststore()
	add := func(alias string, c *Certificate, wantAs string, wantAdded bool) {
		t.Helper()
		as, added, err := ts.Add(alias, c, clock)
		must(t, err)
		if as != wantAs || added != wantAdded {
			t.Errorf("Add(%q) = %q, %v; want %q, %v", alias, as, added, wantAs, wantAdded)
		}
	}
	add("ca", f.root.cert, "ca", true)
	add("other", f.root.cert, "ca", false)
	add("ca", f.inter.cert, "ca-2", true)
	add("ca", f.leaf.cert, "ca-3", true)
	add("", issue(t, spec{cn: "ca", key: rsaKeys[3]()}).cert, "ca-4", true)
	ts.Remove("ca-2")
	add("ca", f.inter.cert, "ca-2", true)
	if has := ts.Has(f.leaf.cert); !slices.Equal(has, []string{"ca-3"}) {
		t.Errorf("has %q", has)
	}
	if len(ts.Certificates()) != 4 {
		t.Errorf("%d certificates", len(ts.Certificates()))
	}
	if _, _, err := ts.Add("My CA", issue(t, spec{cn: "x", key: rsaKeys[3]()}).cert, clock); told(t, err).Kind != BadAlias {
		t.Errorf("a bad alias: %v", err)
	}
	if _, err := ts.Bytes(pw("short")); told(t, err).Kind != BadPassword {
		t.Errorf("a short password: %v", err)
	}
}

func TestTruststoreRefuses(t *testing.T) {
	f := makeFamily()
	p12, err := pkcs12.Modern2023.Encode(f.leaf.key, f.leaf.cert.X509, nil, storePassword)
	must(t, err)
	for _, tt := range []struct {
		data []byte
		pw   string
		want string
	}{
		{nil, storePassword, "t.jks: The file is empty. Copy it again from where it comes from."},
		{f.root.cert.PEM(), storePassword, "t.jks: It is a PEM file, not a truststore. Give the truststore, and this file as a certificate to import into it."},
		{odd(t, 2), wrongPassword, "t.jks: The store password does not open this JKS keystore. Give the password that keytool -list asks for. If it is certainly right, the file was changed after it was written: copy it again, as a binary file."},
		{p12, storePassword, "t.jks: It is a PKCS#12 file with a private key, not a truststore. Give a file that holds certificates alone."},
		{p12, wrongPassword, "t.jks: The password does not open this PKCS#12 file. Give the password that was set when it was exported. If it is certainly right, the file was changed after it was written: copy it again, as a binary file."},
	} {
		_, err := OpenTruststore(file("t.jks", tt.data), pw(tt.pw))
		if err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

// TestTruststoreFromPKCS12 takes what keytool of Java 9 and later makes under the name of .jks.
func TestTruststoreFromPKCS12(t *testing.T) {
	f := makeFamily()
	for name, encoder := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern2023, "3DES": pkcs12.LegacyDES} {
		data, err := encoder.EncodeTrustStoreEntries([]pkcs12.TrustStoreEntry{
			{Cert: f.root.cert.X509, FriendlyName: "Root CA"}, {Cert: f.inter.cert.X509, FriendlyName: "root ca"}, {Cert: f.leaf.cert.X509},
		}, storePassword)
		must(t, err)
		ts, err := OpenTruststore(file("t.jks", data), pw(storePassword))
		must(t, err)
		if !ts.Changed() || len(ts.Entries()) != 3 {
			t.Fatalf("%s: changed %v, %q", name, ts.Changed(), names(ts.Entries()))
		}
		if got := names(ts.Entries()); got[0] != "root ca" || got[1] != "root ca-2" {
			t.Errorf("%s: entries %q", name, got)
		}
		out, err := ts.Bytes(pw(storePassword))
		must(t, err)
		if Detect(out) != JKS {
			t.Errorf("%s: written as %s", name, Detect(out))
		}
	}
}

func TestTruststoreDiagnose(t *testing.T) {
	f := makeFamily()
	ts := NewTruststore()
	for _, c := range []spec{
		{cn: "good", key: rsaKeys[3](), ca: true},
		{cn: "expired", key: rsaKeys[3](), to: date(2026, 5)},
		{cn: "expired too", key: rsaKeys[3](), to: date(2026, 4)},
		{cn: "future", key: rsaKeys[3](), from: date(2026, 8)},
		{cn: "weak", key: weakKey()},
		{cn: "md5", key: rsaKeys[3](), md5: true},
		{cn: "sha1 root", key: rsaKeys[3](), algo: x509.SHA1WithRSA},
		{cn: "ec", key: ecKey()},
	} {
		_, _, err := ts.Add("", issue(t, c).cert, clock)
		must(t, err)
	}
	_, _, err := ts.Add("negative", negativeSerial(t), clock)
	must(t, err)
	sum := f.root.cert.keySum()
	testKeys[sum] = "for this test"
	defer delete(testKeys, sum)
	_, _, err = ts.Add("digicertca", f.root.cert, clock)
	must(t, err)
	ts.file.entries = append(ts.file.entries, jksKey(t, "stray", f.identity(), keyPassword))
	e, err := ts.file.entries[len(ts.file.entries)-1].entry("")
	must(t, err)
	ts.entries = append(ts.entries, e)

	var b strings.Builder
	for _, f := range ts.Diagnose(clock) {
		fmt.Fprintf(&b, "%s %s: %s %s %q\n", f.Severity, f.ID, f.Message, f.Fix, f.Aliases)
	}
	golden(t, "truststore.txt", b.String())
	if got := names(ts.Defaults()); !slices.Equal(got, []string{"digicertca"}) {
		t.Errorf("defaults %q", got)
	}
	if again := NewTruststore().Diagnose(clock); len(again) > 0 {
		t.Errorf("an empty truststore: %v", again)
	}
}

// negativeSerial is a certificate that Java takes and Go's parser does not.
func negativeSerial(t testing.TB) *Certificate {
	t.Helper()
	c := issue(t, spec{cn: "negative serial", key: rsaKeys[3](), serial: 0x55})
	der := bytes.Clone(c.cert.Raw)
	at := bytes.Index(der, []byte{2, 1, 0x55})
	der[at+2] = 0xD5
	return parsed(t, der)
}

// TestLooseCertificate reads what can be read of a certificate that Go's parser refuses.
func TestLooseCertificate(t *testing.T) {
	c := negativeSerial(t)
	if c.X509 != nil {
		t.Skip("this Go parses negative serial numbers")
	}
	from, to := c.Validity()
	algorithm, bits := c.Key()
	if c.Name() != "negative serial" || c.Subject() != "CN=negative serial,O=Example" || c.Issuer() != c.Subject() || !from.Equal(date(2026, 1)) || !to.Equal(date(2027, 1)) ||
		algorithm != "RSA" || bits != 2048 || c.Signature() != "SHA256-RSA" || !c.SelfSigned() || len(c.SANs()) > 0 {
		t.Errorf("%s, %s, %s, %s to %s, %s %d, %s", c.Name(), c.Subject(), c.Issuer(), from, to, algorithm, bits, c.Signature())
	}
	if _, _, ok := c.KeyUsage(); ok {
		t.Error("a key usage out of nowhere")
	}
	id := load(t, Passwords{}, file("a.pem", c.PEM(), keyPEM(t, rsaKeys[3]())))
	found := Diagnose(id, Against{Now: clock, Use: TLS, SelfSigned: true})
	if len(found) != 1 || found[0].ID != "unreadable" {
		t.Errorf("found %v", found)
	}
	data, err := Build(id, "esb", pw(storePassword), clock)
	must(t, err)
	if !Holds(data, id, "esb", pw(storePassword)) {
		t.Error("the store does not hold it")
	}
}

func TestCertificateText(t *testing.T) {
	f := makeFamily()
	c := f.leaf.cert
	uses, critical, ok := c.KeyUsage()
	if !slices.Equal(uses, []string{"digitalSignature", "keyEncipherment"}) || !critical || !ok {
		t.Errorf("key usage %q, %v, %v", uses, critical, ok)
	}
	if c.Subject() != "CN=am.example.com,O=Example" || c.Issuer() != "CN=Example Issuing CA,O=Example" || c.Signature() != "SHA256-RSA" || c.SelfSigned() || !f.root.cert.SelfSigned() {
		t.Errorf("%s by %s, %s", c.Subject(), c.Issuer(), c.Signature())
	}
	if !slices.Equal(c.SANs(), []string{"am.example.com", "mgt.example.com"}) {
		t.Errorf("names %q", c.SANs())
	}
	bad := issue(t, spec{cn: "a\x1b[2J\u202eb" + strings.Repeat("x", 300), key: rsaKeys[3]()}).cert
	if strings.ContainsAny(bad.Subject()+bad.Name(), "\x1b\u202e") || len([]rune(bad.Name())) > 201 {
		t.Errorf("what a terminal would act on is shown: %q", bad.Name())
	}
	var when time.Time
	if when, _ = c.Validity(); !when.Equal(date(2026, 1)) {
		t.Errorf("valid from %s", when)
	}
}
