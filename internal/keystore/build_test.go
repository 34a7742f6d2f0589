package keystore

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/secret"
)

func TestBuild(t *testing.T) {
	f := makeFamily()
	id := f.identity()
	data, err := Build(id, "am.example.com", pw(storePassword), clock)
	must(t, err)
	s, err := Load(stored(), file("a.jks", data))
	must(t, err)
	if len(s.Entries) != 1 || s.Entries[0].Alias != "am.example.com" || !s.Entries[0].Created.Equal(clock) {
		t.Errorf("entries %q", names(s.Entries))
	}
	back, err := s.Identity("am.example.com", pw(storePassword)) // the key has the password of the store
	must(t, err)
	wantChain(t, back, f.leaf.key, f.chain()...)
	if !back.SameKey(id) || back.SameKey(identity(rsaKeys[3]())) {
		t.Error("SameKey is mistaken")
	}
	if !Holds(data, id, "am.example.com", pw(storePassword)) {
		t.Error("Holds does not know it again")
	}
	second, err := Build(id, "am.example.com", pw(storePassword), clock)
	must(t, err)
	if bytes.Equal(data, second) {
		t.Error("the salt is not random")
	}
}

func TestHolds(t *testing.T) {
	f := makeFamily()
	id := f.identity()
	data, err := Build(id, "esb", pw(storePassword), clock)
	must(t, err)
	shorter := identity(f.leaf.key, f.leaf.cert)
	other := identity(rsaKeys[3](), f.chain()...)
	swapped := identity(f.leaf.key, f.leaf.cert, f.root.cert, f.inter.cert)
	for name, no := range map[string]bool{
		"another alias":        Holds(data, id, "esb2", pw(storePassword)),
		"the alias in capital": Holds(data, id, "ESB", pw(storePassword)),
		"another password":     Holds(data, id, "esb", pw(wrongPassword)),
		"another chain":        Holds(data, shorter, "esb", pw(storePassword)),
		"another order":        Holds(data, swapped, "esb", pw(storePassword)),
		"another key":          Holds(data, other, "esb", pw(storePassword)),
		"no keystore":          Holds([]byte("x"), id, "esb", pw(storePassword)),
		"half of it":           Holds(data[:len(data)/2], id, "esb", pw(storePassword)),
		"key password":         Holds(makeJKS(t, storePassword, jksKey(t, "esb", id, keyPassword)), id, "esb", pw(storePassword)),
		"a second entry":       Holds(makeJKS(t, storePassword, jksKey(t, "esb", id, storePassword), jksCert("ca", f.root.cert)), id, "esb", pw(storePassword)),
		"a certificate":        Holds(makeJKS(t, storePassword, jksCert("esb", f.leaf.cert)), shorter, "esb", pw(storePassword)),
		"PEM":                  Holds(f.leaf.cert.PEM(), id, "esb", pw(storePassword)),
	} {
		if no {
			t.Errorf("%s is taken for the same", name)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	f := makeFamily()
	for _, tt := range []struct {
		id              *Identity
		alias, password string
		kind            ErrorKind
		want            string
	}{
		{f.identity(), "MyAlias", storePassword, BadAlias, `The alias "MyAlias" has upper-case letters; Java looks aliases up in lower case and would not find it. Take "myalias".`},
		{f.identity(), "", storePassword, BadAlias, `The alias is empty. Take "server".`},
		{f.identity(), "esb", "abc", BadPassword, `The password is shorter than six characters; keytool takes no shorter one. Take a longer password.`},
		{f.identity(), "esb", "Größe123", BadPassword, `The password holds a character that is not printable ASCII; Java and Carbon read such characters differently from file to file. Take letters without accents, digits, and punctuation.`},
		{identity(f.leaf.key), "esb", storePassword, NoCertificate, `The private key has no certificate yet. Give the certificate that the CA made for it.`},
		{identity(rsaKeys[3](), f.chain()...), "esb", storePassword, Mismatch, `The private key does not belong to the certificate "am.example.com". Give the certificate that was made for this key.`},
	} {
		_, err := Build(tt.id, tt.alias, pw(tt.password), clock)
		if err == nil || told(t, err).Kind != tt.kind || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
	if _, err := Build(f.identity(), "esb", pw("wso2carbon"), clock); err != nil {
		t.Errorf("the shipped password is a warning, no error: %v", err)
	}
}

func TestSelfSigned(t *testing.T) {
	id, err := SelfSigned(Template{
		Subject: pkix.Name{Organization: []string{"Example"}, Country: []string{"DE"}}, Names: []string{"am.example.com", "größe.example.com", "192.0.2.7", "2001:db8::1"},
		NotBefore: clock, NotAfter: clock.AddDate(10, 0, 0),
	})
	must(t, err)
	x := id.Leaf().X509
	key, err := id.RSA()
	must(t, err)
	if key.N.BitLen() != 2048 || x.Subject.CommonName != "am.example.com" || x.SerialNumber.Sign() <= 0 || x.SignatureAlgorithm != x509.SHA256WithRSA {
		t.Errorf("%d bits, %s, serial %d", key.N.BitLen(), x.Subject, x.SerialNumber)
	}
	if !slices.Equal(x.DNSNames, []string{"am.example.com", "xn--gre-6ka8i.example.com"}) || len(x.IPAddresses) != 2 || !x.IPAddresses[0].Equal(net.ParseIP("192.0.2.7")) {
		t.Errorf("names %q %v", x.DNSNames, x.IPAddresses)
	}
	if uses, _, _ := id.Leaf().KeyUsage(); !slices.Equal(uses, []string{"digitalSignature", "keyEncipherment", "dataEncipherment"}) {
		t.Errorf("key usage %q", uses)
	}
	found := Diagnose(id, Against{Now: clock, HostName: "am.example.com", MgtHostName: "größe.example.com", SelfSigned: true})
	if len(found) > 0 {
		t.Errorf("found %v", found)
	}
	if pub, ok := x.PublicKey.(*rsa.PublicKey); !ok || !pub.Equal(key.Public()) {
		t.Error("the certificate is for another key")
	}
}

func TestTemplateRefuses(t *testing.T) {
	valid := func(tt Template) Template {
		tt.NotBefore, tt.NotAfter = clock, clock.AddDate(1, 0, 0)
		return tt
	}
	for _, tt := range []struct {
		template Template
		want     string
	}{
		{valid(Template{Names: []string{"a.example"}, Bits: 1024}), "An RSA key of 1024 bits can be broken. Take 2048 bits or more."},
		{valid(Template{Names: []string{"a.example"}, Bits: 16384}), "An RSA key of 16384 bits would make every connection slow. Take 2048 to 8192 bits."},
		{valid(Template{}), "A certificate needs a name. Give the host name of the server."},
		{valid(Template{Names: []string{"https://am.example.com/"}}), `"https://am.example.com/" is neither a host name nor an IP address. Give the name under which clients reach the server.`},
		{valid(Template{Names: []string{"am.example.com", ""}}), `"" is neither a host name nor an IP address. Give the name under which clients reach the server.`},
		{valid(Template{Names: []string{"-a.example"}}), `"-a.example" is neither a host name nor an IP address. Give the name under which clients reach the server.`},
		{valid(Template{Names: []string{strings.Repeat("x", 64) + ".example"}}), `"` + strings.Repeat("x", 64) + `.example" is neither a host name nor an IP address. Give the name under which clients reach the server.`},
		{Template{Names: []string{"a.example"}, NotBefore: clock, NotAfter: clock}, "The certificate would end before it begins. Give it a longer time of validity."},
	} {
		_, err := SelfSigned(tt.template)
		if err == nil || told(t, err).Kind != BadTemplate || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
		if tt.template.NotAfter.Equal(clock) {
			continue
		}
		if _, err := NewRequest(tt.template); err == nil || err.Error() != tt.want {
			t.Errorf("request: got  %v\nwant %s", err, tt.want)
		}
	}
}

// TestRequest walks the way of an operator without a certificate: key and request, a break, the answer of the CA, the keystore.
func TestRequest(t *testing.T) {
	f := makeFamily()
	request, err := NewRequest(Template{Names: []string{strings.Repeat("long.", 12) + "name.example.com"}, Subject: pkix.Name{Organization: []string{"Example"}}})
	must(t, err)
	block, _ := pem.Decode(request.PEM)
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	must(t, err)
	if csr.CheckSignature() != nil || csr.Subject.CommonName != "" || len(csr.DNSNames) != 1 {
		t.Errorf("request for %s, names %q", csr.Subject, csr.DNSNames)
	}
	sealed, err := request.Pending.EncryptedKey(pw(keyPassword))
	must(t, err)
	if _, err := request.Pending.EncryptedKey(secret.Secret{}); told(t, err).Kind != BadPassword {
		t.Errorf("a key without password: %v", err)
	}

	s, err := Load(Passwords{Key: pw(keyPassword)}, file("pending.key", sealed))
	must(t, err)
	pending, err := s.Pending("", secret.Secret{})
	must(t, err)
	if !pending.SameKey(request.Pending) || pending.Leaf() != nil {
		t.Fatal("the pending key is another one")
	}
	answer := issue(t, spec{cn: "am.example.com", key: pending.Signer(), by: &f.inter})
	for name, files := range map[string][]File{
		"one bundle":      {file("a.pem", f.root.cert.PEM(), answer.cert.PEM(), f.inter.cert.PEM())},
		"PKCS#7":          {file("a.p7b", makePKCS7(t, f.inter.cert, answer.cert, f.root.cert))},
		"leaf and chain":  {file("a.crt", answer.cert.Raw), file("c.pem", f.inter.cert.PEM(), f.root.cert.PEM())},
		"chain, then new": {file("c.pem", f.inter.cert.PEM(), f.root.cert.PEM()), file("a.crt", answer.cert.Raw)},
	} {
		id, err := pending.Answer(files...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantChain(t, id, pending.Signer(), answer.cert, f.inter.cert, f.root.cert)
		if len(id.Unrelated) > 0 {
			t.Errorf("%s: unrelated %q", name, certificateNames(id.Unrelated))
		}
	}
	for _, tt := range []struct {
		files []File
		kind  ErrorKind
		want  string
	}{
		{[]File{file("a.pem", f.leaf.cert.PEM(), f.inter.cert.PEM())}, Mismatch, `a.pem: The answer is not for the key that waits for it: no certificate in it has that key; the first is "am.example.com" (RSA 2048). Give the certificate that the CA made from the last request, or make a new request.`},
		{[]File{file("a.csr", request.PEM)}, NoCertificate, "a.csr: The answer is a certificate signing request, not a certificate. Give the certificate that the CA made from the request."},
		{[]File{file("a.key", keyPEM(t, f.leaf.key))}, NoCertificate, "a.key: There is no certificate in the answer. Give the certificate that the CA made from the request."},
		{[]File{file("a.txt", []byte("thank you for your order"))}, Garbage, "a.txt: It is no keystore, certificate or private key: neither JKS, PKCS#12, PEM nor DER. Give a file such as server.p12, server.pfx, server.jks, server.pem, server.crt or server.key."},
		{nil, Empty, "No file was given. Give the file that holds the private key and its certificate."},
	} {
		_, err := pending.Answer(tt.files...)
		if err == nil || told(t, err).Kind != tt.kind || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
	// Key and answer, loaded together, are the same.
	id := load(t, Passwords{Key: pw(keyPassword)}, file("pending.key", sealed), file("a.pem", answer.cert.PEM(), f.inter.cert.PEM(), f.root.cert.PEM()))
	wantChain(t, id, pending.Signer(), answer.cert, f.inter.cert, f.root.cert)
}

// TestBetterLeaf takes the renewed certificate of a key, and that of a CA before one's own.
func TestBetterLeaf(t *testing.T) {
	f := makeFamily()
	own := issue(t, spec{cn: "own", key: f.leaf.key, from: date(2026, 5)})
	renewed := issue(t, spec{cn: "renewed", key: f.leaf.key, by: &f.inter, from: date(2026, 4), to: date(2027, 4)})
	for _, order := range [][]*Certificate{{own.cert, f.leaf.cert, renewed.cert}, {renewed.cert, f.leaf.cert, own.cert}} {
		parts := [][]byte{keyPEM(t, f.leaf.key), f.inter.cert.PEM(), f.root.cert.PEM()}
		for _, c := range order {
			parts = append(parts, c.PEM())
		}
		id := load(t, Passwords{}, file("a.pem", parts...))
		wantChain(t, id, f.leaf.key, renewed.cert, f.inter.cert, f.root.cert)
		if len(id.Unrelated) != 2 {
			t.Errorf("unrelated %q", certificateNames(id.Unrelated))
		}
	}
	jks := makeJKS(t, storePassword, jksKey(t, "esb", identity(f.leaf.key, own.cert), storePassword))
	id := load(t, stored(), file("k.jks", jks), file("answer.pem", renewed.cert.PEM(), f.inter.cert.PEM(), f.root.cert.PEM()))
	wantChain(t, id, f.leaf.key, renewed.cert, f.inter.cert, f.root.cert)
}

func TestOrderChain(t *testing.T) {
	f := makeFamily()
	// The root, signed by an older one as well: both ways are right, the first in the pool is taken.
	older := issue(t, spec{cn: "Older Root", key: rsaKeys[4](), ca: true, from: date(2010, 1), to: date(2030, 1)})
	cross := issue(t, spec{cn: "Example Root", key: rsaKeys[0](), by: &older, ca: true, from: date(2016, 1), to: date(2030, 1)})
	for _, tt := range []struct {
		pool, want []*Certificate
		rest       int
	}{
		{nil, []*Certificate{f.leaf.cert}, 0},
		{[]*Certificate{f.leaf.cert, f.leaf.cert}, []*Certificate{f.leaf.cert}, 0},
		{[]*Certificate{f.root.cert, f.inter.cert}, f.chain(), 0},
		{[]*Certificate{f.root.cert, f.inter.cert, cross.cert, older.cert}, f.chain(), 2},
		{[]*Certificate{cross.cert, older.cert, f.inter.cert, f.root.cert}, []*Certificate{f.leaf.cert, f.inter.cert, cross.cert, older.cert}, 1},
		{[]*Certificate{f.root.cert}, []*Certificate{f.leaf.cert}, 1},
	} {
		chain, rest := OrderChain(f.leaf.cert, tt.pool)
		if !slices.Equal(certificateNames(chain), certificateNames(tt.want)) || len(rest) != tt.rest {
			t.Errorf("chain %q, want %q; %d left, want %d", certificateNames(chain), certificateNames(tt.want), len(rest), tt.rest)
		}
	}
	// Signatures that x509 refuses to look at are followed, and reported by Diagnose.
	for name, old := range map[string]made{
		"MD5":   issue(t, spec{cn: "old", key: rsaKeys[3](), by: &f.inter, md5: true}),
		"SHA-1": issue(t, spec{cn: "old", key: rsaKeys[3](), by: &f.inter, algo: x509.SHA1WithRSA}),
	} {
		if chain, _ := OrderChain(old.cert, f.chain()); len(chain) != 3 {
			t.Errorf("%s: chain %q", name, certificateNames(chain))
		}
		renamed := issue(t, spec{cn: "Example Issuing CA", key: rsaKeys[4](), by: &f.root, ca: true})
		if chain, _ := OrderChain(old.cert, []*Certificate{renamed.cert}); len(chain) != 1 {
			t.Errorf("%s: a CA that did not sign it is in the chain", name)
		}
	}
	// Two CAs that sign each other do not make it run for ever.
	a := issue(t, spec{cn: "A", key: rsaKeys[4](), ca: true, by: &made{cert: issue(t, spec{cn: "B", key: rsaKeys[5](), ca: true}).cert, key: rsaKeys[5]()}})
	b := issue(t, spec{cn: "B", key: rsaKeys[5](), ca: true, by: &made{cert: issue(t, spec{cn: "A", key: rsaKeys[4](), ca: true}).cert, key: rsaKeys[4]()}})
	done := make(chan int, 1)
	go func() { chain, _ := OrderChain(a.cert, []*Certificate{a.cert, b.cert}); done <- len(chain) }()
	select {
	case n := <-done:
		if n != 2 {
			t.Errorf("a chain of %d", n)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it runs for ever")
	}
}
