package keystore

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// patient is a key with its certificates and what it is judged by.
type patient struct {
	name string
	id   *Identity
	a    Against
	want []string // IDs, the worst first
}

const server = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment

func patients(t testing.TB) []patient {
	t.Helper()
	f := makeFamily()
	on := Against{Now: clock}
	tls := Against{Now: clock, Use: TLS}
	encryption := Against{Now: clock, Use: Encryption}
	hosts := Against{Now: clock, HostName: "am.example.com", MgtHostName: "mgt.example.com"}
	trusting := func(a Against, roots ...*Certificate) Against { a.Roots = roots; return a }
	host := func(name string) Against { return Against{Now: clock, Use: TLS, HostName: name} }
	signed := func(s spec) *Identity { // by the issuing CA
		s.by = &f.inter
		if s.key == nil {
			s.key = rsaKeys[3]()
		}
		if s.cn == "" {
			s.cn = "am.example.com"
		}
		m := issue(t, s)
		return identity(m.key, m.cert, f.inter.cert, f.root.cert)
	}
	loaded := func(parts ...[]byte) *Identity { return load(t, stored(), file("a", parts...)) }
	key := keyPEM(t, f.leaf.key)
	renewed := issue(t, spec{cn: "Example Issuing CA", key: rsaKeys[4](), by: &f.root, ca: true, from: date(2020, 1), to: date(2036, 1)})
	reversed := makeJKS(t, storePassword, jksKey(t, "esb", identity(f.leaf.key, f.root.cert, f.inter.cert, f.leaf.cert), storePassword))
	own := issue(t, spec{cn: "am.example.com", names: []string{"am.example.com"}, key: rsaKeys[3](), usage: server | x509.KeyUsageDataEncipherment})
	sha1Leaf := issue(t, spec{cn: "am.example.com", key: rsaKeys[3](), by: &f.inter, algo: x509.SHA1WithRSA})
	md5Leaf := issue(t, spec{cn: "am.example.com", key: rsaKeys[3](), by: &f.inter, md5: true})
	sha1Inter := issue(t, spec{cn: "Old Issuing CA", key: rsaKeys[4](), by: &f.root, ca: true, algo: x509.SHA1WithRSA, from: date(2020, 1), to: date(2036, 1)})
	underSHA1 := issue(t, spec{cn: "am.example.com", key: rsaKeys[3](), by: &sha1Inter})
	md5Own := issue(t, spec{cn: "am.example.com", key: rsaKeys[3](), md5: true})
	pastInter := issue(t, spec{cn: "Past CA", key: rsaKeys[4](), by: &f.root, ca: true, from: date(2016, 1), to: date(2026, 2)})
	underPast := issue(t, spec{cn: "am.example.com", key: rsaKeys[3](), by: &pastInter})
	futureInter := issue(t, spec{cn: "Future CA", key: rsaKeys[4](), by: &f.root, ca: true, from: date(2026, 9), to: date(2036, 2)})
	underFuture := issue(t, spec{cn: "am.example.com", key: rsaKeys[3](), by: &futureInter})
	noCA := issue(t, spec{cn: "shop.example.com", key: rsaKeys[4](), by: &f.inter})
	underNoCA := issue(t, spec{cn: "am.example.com", key: rsaKeys[3](), by: &noCA})
	lonely := issue(t, spec{cn: "am.example.com", key: rsaKeys[3](), by: &f.inter, aia: "http://pki.example.com/issuing.cer"})
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	ed := issue(t, spec{cn: "am.example.com", key: edwards, algo: x509.PureEd25519})

	return []patient{
		{"all is well", signed(spec{names: []string{"am.example.com", "mgt.example.com"}, usage: server | x509.KeyUsageDataEncipherment}), trusting(hosts, f.root.cert), nil},
		{"a certificate of a usual CA", f.identity(), trusting(hosts, f.root.cert), []string{"usage-ciphertool"}},
		{"the same, for TLS alone", f.identity(), trusting(Against{Now: clock, Use: TLS, HostName: "am.example.com"}, f.root.cert), nil},
		{"the same usage, not critical", signed(spec{loose: true}), on, nil},
		{"no certificate yet", identity(f.leaf.key), on, []string{"awaited"}},

		{"the root left out", loaded(key, f.leaf.cert.PEM(), f.inter.cert.PEM()), tls, []string{"chain-root"}},
		{"the root left out and trusted", loaded(key, f.leaf.cert.PEM(), f.inter.cert.PEM()), trusting(tls, f.root.cert), nil},
		{"the root left out and not trusted", loaded(key, f.leaf.cert.PEM(), f.inter.cert.PEM()), trusting(tls, own.cert), []string{"chain-untrusted"}},
		{"the leaf alone", loaded(key, f.leaf.cert.PEM()), tls, []string{"chain-incomplete"}},
		{"the leaf alone, which says where its CA is", loaded(keyPEM(t, lonely.key), lonely.cert.PEM()), tls, []string{"chain-incomplete"}},
		{"the leaf alone, its CA trusted", loaded(key, f.leaf.cert.PEM()), trusting(tls, f.inter.cert), nil},
		{"the root without what is between", loaded(key, f.leaf.cert.PEM(), f.root.cert.PEM()), tls, []string{"chain-incomplete", "chain-unrelated"}},
		{"the root not trusted", f.identity(), trusting(tls, own.cert), []string{"chain-untrusted"}},
		{"stored in the wrong order", loaded(reversed), tls, []string{"chain-order"}},
		{"with a certificate that has nothing to do with it", loaded(key, f.leaf.cert.PEM(), own.cert.PEM(), f.inter.cert.PEM(), f.root.cert.PEM()), tls, []string{"chain-unrelated"}},
		{"with a CA of the same name and another key", loaded(key, f.leaf.cert.PEM(), renewed.cert.PEM(), f.root.cert.PEM()), tls, []string{"chain-signature"}},
		{"with both of that name", loaded(key, renewed.cert.PEM(), f.leaf.cert.PEM(), f.inter.cert.PEM(), f.root.cert.PEM()), tls, []string{"chain-unrelated"}},
		{"signed by a server's certificate", identity(underNoCA.key, underNoCA.cert, noCA.cert, f.inter.cert, f.root.cert), tls, []string{"ca-invalid"}},

		{"expired", signed(spec{to: date(2026, 5)}), tls, []string{"expired"}},
		{"expired, for encryption alone", signed(spec{to: date(2026, 5)}), encryption, []string{"expired"}},
		{"not yet valid", signed(spec{from: date(2026, 7)}), tls, []string{"not-yet-valid"}},
		{"expires in twelve days", signed(spec{to: clock.Add(12*24*time.Hour + time.Minute)}), tls, []string{"near-expiry"}},
		{"expires tomorrow", signed(spec{to: clock.Add(25 * time.Hour)}), tls, []string{"near-expiry"}},
		{"expires today", signed(spec{to: clock.Add(time.Hour)}), tls, []string{"near-expiry"}},
		{"expires in twelve days, which is far enough", signed(spec{to: clock.Add(12 * 24 * time.Hour)}), Against{Now: clock, Use: TLS, NearExpiry: 7 * 24 * time.Hour}, nil},
		{"a CA of the chain has expired", identity(underPast.key, underPast.cert, pastInter.cert, f.root.cert), tls, []string{"ca-invalid"}},
		{"a CA of the chain is not yet valid", identity(underFuture.key, underFuture.cert, futureInter.cert, f.root.cert), tls, []string{"ca-invalid"}},

		{"RSA 1024", signed(spec{key: weakKey()}), tls, []string{"key-weak"}},
		{"EC for both", signed(spec{key: ecKey()}), on, []string{"key-ec"}},
		{"EC for TLS", signed(spec{key: ecKey()}), tls, []string{"key-ec"}},
		{"EC for encryption", signed(spec{key: ecKey()}), encryption, []string{"key-ec"}},
		{"Ed25519", identity(ed.key, ed.cert), Against{Now: clock, Use: TLS, SelfSigned: true}, []string{"key-kind"}},
		{"signed with SHA-1", identity(sha1Leaf.key, sha1Leaf.cert, f.inter.cert, f.root.cert), tls, []string{"signature-weak"}},
		{"signed with MD5", identity(md5Leaf.key, md5Leaf.cert, f.inter.cert, f.root.cert), tls, []string{"signature-weak"}},
		{"a CA signed with SHA-1", identity(underSHA1.key, underSHA1.cert, sha1Inter.cert, f.root.cert), tls, []string{"signature-weak"}},
		{"self-signed with MD5", identity(md5Own.key, md5Own.cert), tls, []string{"self-signed", "signature-weak"}},

		{"self-signed", identity(own.key, own.cert), tls, []string{"self-signed"}},
		{"self-signed and trusted", identity(own.key, own.cert), trusting(tls, own.cert), []string{"self-signed"}},
		{"self-signed, as asked for", identity(own.key, own.cert), Against{Now: clock, SelfSigned: true}, nil},
		{"self-signed, for encryption alone", identity(own.key, own.cert), encryption, nil},

		{"another host name", f.identity(), host("esb.example.com"), []string{"name-missing"}},
		{"another management name", f.identity(), Against{Now: clock, Use: TLS, HostName: "am.example.com", MgtHostName: "admin.example.com"}, []string{"name-missing"}},
		{"both other", f.identity(), Against{Now: clock, Use: TLS, HostName: "a.example.org", MgtHostName: "b.example.org"}, []string{"name-missing", "name-missing"}},
		{"both the same other", f.identity(), Against{Now: clock, Use: TLS, HostName: "a.example.org", MgtHostName: "A.example.org"}, []string{"name-missing"}},
		{"the common name alone", signed(spec{}), host("am.example.com"), []string{"name-common"}},
		{"the common name beside other names", signed(spec{names: []string{"x.example.com"}}), host("am.example.com"), []string{"name-missing"}},
		{"a wildcard", signed(spec{cn: "x", names: []string{"*.example.com"}}), host("am.example.com"), nil},
		{"no name at all", signed(spec{cn: " "}), host("am.example.com"), []string{"name-missing"}},

		{"no server by its extended key usage", signed(spec{ext: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}), tls, []string{"usage-tls"}},
		{"any extended key usage", signed(spec{ext: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}), tls, nil},
		{"no server by its key usage", signed(spec{usage: x509.KeyUsageCertSign}), tls, []string{"usage-tls"}},
		{"the same for encryption", signed(spec{usage: x509.KeyUsageCertSign}), encryption, []string{"usage-ciphertool"}},
		{"everything at once", signed(spec{key: weakKey(), to: date(2026, 2), names: []string{"x"}, usage: x509.KeyUsageCRLSign}), hosts, []string{"key-weak", "expired", "name-missing", "name-missing", "usage-tls", "usage-ciphertool"}},
	}
}

func TestDiagnose(t *testing.T) {
	var b strings.Builder
	for _, tt := range patients(t) {
		findings := Diagnose(tt.id, tt.a)
		var ids []string
		fmt.Fprintf(&b, "== %s\n", tt.name)
		for _, f := range findings {
			ids = append(ids, f.ID)
			fmt.Fprintf(&b, "%s %s: %s", f.Severity, f.ID, f.Message)
			if f.Fix != "" {
				b.WriteString(" " + f.Fix)
			}
			b.WriteByte('\n')
		}
		if !slices.Equal(ids, tt.want) {
			t.Errorf("%s: found %q, want %q", tt.name, ids, tt.want)
		}
		if !slices.IsSortedFunc(findings, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) }) {
			t.Errorf("%s: not the worst first", tt.name)
		}
	}
	golden(t, "findings.txt", b.String())
}

func TestMatchName(t *testing.T) {
	key := rsaKeys[3]()
	cert := func(cn string, ips []string, names ...string) *Certificate {
		return issue(t, spec{cn: cn, key: key, names: names, ips: ips}).cert
	}
	for _, tt := range []struct {
		cert *Certificate
		host string
		want nameMatch
	}{
		{cert("x", nil, "am.example.com"), "am.example.com", nameInSAN},
		{cert("x", nil, "am.example.com"), "AM.Example.COM", nameInSAN},
		{cert("x", nil, "am.example.com"), "am.example.com.", nameInSAN},
		{cert("x", nil, "AM.EXAMPLE.COM"), "am.example.com", nameInSAN},
		{cert("x", nil, "am.example.com"), "example.com", nameMissing},
		{cert("x", nil, "am.example.com"), "x.am.example.com", nameMissing},
		{cert("x", nil, "am.example.com"), "", nameMissing},
		{cert("x", nil, "*.example.com"), "am.example.com", nameInSAN},
		{cert("x", nil, "*.example.com"), "example.com", nameMissing},
		{cert("x", nil, "*.example.com"), "a.b.example.com", nameMissing},
		{cert("x", nil, "*.example.com"), ".example.com", nameMissing},
		{cert("x", nil, "*.com"), "example.com", nameMissing},
		{cert("x", nil, "*"), "localhost", nameMissing},
		{cert("x", nil, "a*.example.com"), "am.example.com", nameMissing},
		{cert("x", nil, "am.*.com"), "am.example.com", nameMissing},
		{cert("x", nil, "xn--grsse-lva3e.example.com"), "größe.example.com", nameMissing},
		{cert("x", nil, "xn--gre-6ka8i.example.com"), "größe.example.com", nameInSAN},
		{cert("x", nil, "xn--gre-6ka8i.example.com"), "xn--gre-6ka8i.example.com", nameInSAN},
		{cert("x", nil, "*.xn--gre-6ka8i.example"), "am.Größe.example", nameInSAN},
		{cert("x", nil, "a_b.example.com"), "a_b.example.com", nameInSAN},
		{cert("x", []string{"192.0.2.7"}), "192.0.2.7", nameInSAN},
		{cert("x", []string{"192.0.2.7"}), "192.0.2.8", nameMissing},
		{cert("x", []string{"2001:db8::7"}), "2001:DB8:0::7", nameInSAN},
		{cert("x", []string{"2001:db8::7"}), "[2001:db8::7]", nameInSAN},
		{cert("x", nil, "*.0.2.7"), "192.0.2.7", nameMissing},
		{cert("192.0.2.7", nil), "192.0.2.7", nameInCommonName},
		{cert("am.example.com", nil), "am.example.com", nameInCommonName},
		{cert("*.example.com", nil), "am.example.com", nameInCommonName},
		{cert("am.example.com", []string{"192.0.2.7"}), "am.example.com", nameMissing},
		{&Certificate{loose: &looseCertificate{}}, "am.example.com", nameMissing},
	} {
		if got := matchName(tt.cert, tt.host); got != tt.want {
			t.Errorf("%s against %q %s: %d, want %d", tt.host, tt.cert.SANs(), tt.cert.Subject(), got, tt.want)
		}
	}
}

func TestCheckAlias(t *testing.T) {
	for _, good := range []string{"wso2carbon", "a", "am.example.com", "esb-2026_1", strings.Repeat("x", 64)} {
		if f := CheckAlias(good); len(f) > 0 {
			t.Errorf("%q: %v", good, f)
		}
	}
	for bad, want := range map[string]string{
		"":                      "The alias is empty. Take \"server\".",
		"MyAlias":               "The alias \"MyAlias\" has upper-case letters; Java looks aliases up in lower case and would not find it. Take \"myalias\".",
		"my alias":              "The alias \"my alias\" may hold the letters a to z, digits, and . _ - only; ' ' is none of them. Take \"my-alias\".",
		"größe":                 "The alias \"größe\" may hold the letters a to z, digits, and . _ - only; 'ö' is none of them. Take \"gr-e\".",
		"a\x00":                 "The alias \"a\ufffd\" may hold the letters a to z, digits, and . _ - only; '\\x00' is none of them. Take \"a\".",
		strings.Repeat("x", 65): "The alias is longer than 64 characters. Take \"" + strings.Repeat("x", 63) + "\".",
	} {
		f := CheckAlias(bad)
		if len(f) != 1 || f[0].Severity != Bad || f[0].Message+" "+f[0].Fix != want {
			t.Errorf("%q: %v, want %s", bad, f, want)
		}
	}
	for from, want := range map[string]string{"CN=am.example.com, O=Example": "cn-am.example.com-o-example", "": "server", "日本": "server", "--A--": "a", "Größe 1": "gr-e-1"} {
		if got := SuggestAlias(from); got != want {
			t.Errorf("SuggestAlias(%q) = %q, want %q", from, got, want)
		}
		if f := CheckAlias(SuggestAlias(from)); len(f) > 0 {
			t.Error(f)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	for _, good := range []string{"secret", "a b c d e", `!"#$%&'()*+,-./:;<=>?@[\^_{|}~`, "${"[:1] + "x{yz}", strings.Repeat("x", 200)} {
		if f := CheckPassword(pw(good)); len(f) > 0 {
			t.Errorf("%q: %v", good, f)
		}
	}
	for bad, want := range map[string]string{
		"":             "The password is shorter than six characters; keytool takes no shorter one. Take a longer password.",
		"12345":        "The password is shorter than six characters; keytool takes no shorter one. Take a longer password.",
		"Größe123":     "The password holds a character that is not printable ASCII; Java and Carbon read such characters differently from file to file. Take letters without accents, digits, and punctuation.",
		"secret\t1":    "The password holds a character that is not printable ASCII; Java and Carbon read such characters differently from file to file. Take letters without accents, digits, and punctuation.",
		"secret\x7f":   "The password holds a character that is not printable ASCII; Java and Carbon read such characters differently from file to file. Take letters without accents, digits, and punctuation.",
		"se${cret":     "The password holds ${, which Carbon takes for the beginning of a variable. Take a password without ${.",
		"se]cret":      "The password holds ], at which the vault's files would cut it off. Take a password without ].",
		" secret":      "The password begins or ends with a blank, which password files and people lose. Take the blank off.",
		"secret1 ":     "The password begins or ends with a blank, which password files and people lose. Take the blank off.",
		"secret\u00a0": "The password holds a character that is not printable ASCII; Java and Carbon read such characters differently from file to file. Take letters without accents, digits, and punctuation.",
		"wso2carbon":   "The password is the one that WSO2 ships; everyone knows it. Take a password of your own.",
	} {
		f := CheckPassword(pw(bad))
		if len(f) == 0 || f[0].Message+" "+f[0].Fix != want {
			t.Errorf("%q: %v, want %s", bad, f, want)
		}
		for _, one := range f {
			if bad != "" && bad != "wso2carbon" && strings.Contains(one.Message+one.Fix, bad) {
				t.Errorf("%q is in its finding", bad)
			}
		}
	}
	if f := CheckPasswords(pw("secret1"), pw("secret2")); len(f) != 1 || f[0].ID != "password-differs" || strings.Contains(f[0].Message, "secret") {
		t.Errorf("different passwords: %v", f)
	}
	if f := CheckPasswords(pw("secret1"), pw("secret1")); len(f) != 0 {
		t.Errorf("equal passwords: %v", f)
	}
}

// TestDefaultKey tells the key that everyone has, also in another certificate.
func TestDefaultKey(t *testing.T) {
	f := makeFamily()
	if f.leaf.cert.IsDefault() || f.leaf.cert.shipped() {
		t.Fatal("a new key is taken for the one of WSO2")
	}
	sum := f.leaf.cert.keySum()
	defaultKeys[sum] = "for this test"
	defer delete(defaultKeys, sum)
	again := issue(t, spec{cn: "am.example.com", key: f.leaf.key, serial: 99})
	if !again.cert.IsDefault() {
		t.Error("the key in a new certificate is not told")
	}
	found := Diagnose(identity(again.key, again.cert), Against{Now: clock})
	if len(found) == 0 || found[0].ID != "default-key" || found[0].Severity != Bad {
		t.Errorf("found %v", found)
	}
}
