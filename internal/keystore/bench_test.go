package keystore

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"carbon-setup/internal/secret"
)

// anchors is a truststore with n entries, and its certificates.
func anchors(b *testing.B, n int) ([]byte, []*Certificate) {
	b.Helper()
	ts := NewTruststore()
	var all []*Certificate
	for i := range n {
		c := issue(b, spec{cn: fmt.Sprintf("CA %d", i), key: rsaKeys[i%2](), ca: true, serial: int64(i + 1)}).cert
		all = append(all, c)
		if _, added, err := ts.Add("", c, clock); err != nil || !added {
			b.Fatal(added, err)
		}
	}
	data, err := ts.Bytes(pw(storePassword))
	must(b, err)
	return data, all
}

// BenchmarkTruststoreImport opens a truststore of 150 entries, adds one certificate, changes the password and writes it.
func BenchmarkTruststoreImport(b *testing.B) {
	data, _ := anchors(b, 150)
	root := makeFamily().root.cert
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		ts, err := OpenTruststore(File{Name: "t.jks", Data: data}, pw(storePassword))
		must(b, err)
		if _, added, err := ts.Add("", root, clock); err != nil || !added {
			b.Fatal(added, err)
		}
		_, err = ts.Bytes(pw("another-Pass3"))
		must(b, err)
	}
}

// BenchmarkTruststoreImport150 imports 150 certificates into an empty truststore.
func BenchmarkTruststoreImport150(b *testing.B) {
	_, all := anchors(b, 150)
	for b.Loop() {
		ts := NewTruststore()
		for _, c := range all {
			if _, added, err := ts.Add("", c, clock); err != nil || !added {
				b.Fatal(added, err)
			}
		}
		_, err := ts.Bytes(pw(storePassword))
		must(b, err)
	}
}

func BenchmarkTruststoreDiagnose(b *testing.B) {
	data, _ := anchors(b, 150)
	ts, err := OpenTruststore(File{Name: "t.jks", Data: data}, pw(storePassword))
	must(b, err)
	for b.Loop() {
		ts.Diagnose(clock)
	}
}

func BenchmarkBuild(b *testing.B) {
	id := makeFamily().identity()
	for b.Loop() {
		_, err := Build(id, "esb", pw(storePassword), clock)
		must(b, err)
	}
}

func BenchmarkLoadJKS(b *testing.B) {
	data, err := Build(makeFamily().identity(), "esb", pw(storePassword), clock)
	must(b, err)
	for b.Loop() {
		s, err := Load(stored(), File{Name: "a.jks", Data: data})
		must(b, err)
		_, err = s.Identity("esb", secret.Secret{})
		must(b, err)
	}
}

func BenchmarkSelfSigned(b *testing.B) {
	for b.Loop() {
		_, err := SelfSigned(Template{Names: []string{"am.example.com"}, NotBefore: clock, NotAfter: clock.AddDate(10, 0, 0)})
		must(b, err)
	}
}

// BenchmarkWorstBundle is 8 MiB of certificates that all could be the issuer of each other.
func BenchmarkWorstBundle(b *testing.B) {
	f := makeFamily()
	data := keyPEM(b, f.leaf.key)
	for i := 0; len(data) < MaxSize-4000 && i < maxEntries-10; i++ {
		// The same certificate with another signature: another one of the same name, which fits nowhere.
		raw := append([]byte(nil), f.inter.cert.Raw...)
		h := sha256.Sum256(fmt.Append(nil, i))
		copy(raw[len(raw)-32:], h[:])
		data = append(data, (&Certificate{Raw: raw}).PEM()...)
	}
	data = append(data, f.leaf.cert.PEM()...)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s, err := Load(Passwords{}, File{Name: "a.pem", Data: data})
		must(b, err)
		_, err = s.Identity("", secret.Secret{})
		must(b, err)
	}
}
