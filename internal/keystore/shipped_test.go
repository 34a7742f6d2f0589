package keystore

import (
	"fmt"
	"testing"

	"carbon-setup/internal/secret"
)

// TestPublicKeys tells the key that everyone has in every format, under any name, and no other key.
func TestPublicKeys(t *testing.T) {
	f := makeFamily()
	other := f.inter
	leaf, private := f.leaf.cert.PEM(), keyPEM(t, f.leaf.key)
	jks, err := Build(f.identity(), "mine", pw(storePassword), clock)
	must(t, err)
	strange, err := Build(identity(other.key, other.cert), "mine", pw(storePassword), clock)
	must(t, err)
	trust := NewTruststore()
	_, _, err = trust.Add("ours", f.leaf.cert, clock)
	must(t, err)
	trusting, err := trust.Bytes(pw("unknown-to-us"))
	must(t, err)
	cases := []struct {
		name string
		file File
		want string
	}{
		{"JKS", file("x.bin", jks), "[{mine true}]"},
		{"JKS truststore, password unknown", file("trust.jks", trusting), "[{ours false}]"},
		{"PEM key alone", file("server.key", private), "[{ true}]"},
		{"PEM certificate alone", file("server.crt", leaf), "[{ false}]"},
		{"PEM both", file("bundle.pem", leaf, private), "[{ true}]"},
		{"DER key", file("k.der", pkcs8(t, f.leaf.key)), "[{ true}]"},
		{"DER certificate", file("c.der", f.leaf.cert.Raw), "[{ false}]"},
		{"another key", file("o.jks", strange), "[]"},
		{"another certificate", file("o.pem", other.cert.PEM()), "[]"},
	}
	sum := f.leaf.cert.keySum()
	defaultKeys[sum] = "for this test"
	defer delete(defaultKeys, sum)
	for _, c := range cases {
		got, err := PublicKeys(c.file, secret.New(storePassword))
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, %v; want %s", c.name, got, err, c.want)
		}
	}
	if _, err := PublicKeys(file("x.pem", []byte("no key at all\n"))); err == nil {
		t.Error("garbage is taken for a file without the key")
	}
}
