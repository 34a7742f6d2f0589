package keystore

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"carbon-setup/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

// clock is the time at which everything is judged.
var clock = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func date(year int, month time.Month) time.Time {
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

const (
	storePassword = "store-Pass1"
	keyPassword   = "key-Pass22"
	wrongPassword = "hunter2-wrong"
)

func pw(text string) secret.Secret { return secret.New(text) }

func stored() Passwords { return Passwords{Store: pw(storePassword)} }

// rsaKeys are made once: making one is what takes long.
var rsaKeys [6]func() *rsa.PrivateKey

func init() {
	for i := range rsaKeys {
		rsaKeys[i] = sync.OnceValue(func() *rsa.PrivateKey {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				panic(err)
			}
			return key
		})
	}
}

var (
	weakKey = sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 1024)
		if err != nil {
			panic(err)
		}
		return key
	})
	ecKey = sync.OnceValue(func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return key
	})
)

// made is a certificate with its key.
type made struct {
	cert *Certificate
	key  crypto.Signer
}

// spec is a certificate to make. What is left out is that of a good server certificate.
type spec struct {
	cn       string
	names    []string
	ips      []string
	key      crypto.Signer
	by       *made // nil: self-signed
	ca       bool
	from, to time.Time
	serial   int64
	algo     x509.SignatureAlgorithm
	usage    x509.KeyUsage
	loose    bool // the key usage is not critical
	ext      []x509.ExtKeyUsage
	aia      string
	md5      bool
}

func issue(t testing.TB, s spec) made {
	t.Helper()
	if s.from.IsZero() {
		s.from = date(2026, 1)
	}
	if s.to.IsZero() {
		s.to = date(2027, 1)
	}
	if s.serial == 0 {
		s.serial = 7
	}
	x := &x509.Certificate{
		SerialNumber: big.NewInt(s.serial), Subject: pkix.Name{CommonName: s.cn, Organization: []string{"Example"}}, DNSNames: s.names,
		NotBefore: s.from, NotAfter: s.to, KeyUsage: s.usage, ExtKeyUsage: s.ext, SignatureAlgorithm: s.algo,
	}
	for _, ip := range s.ips {
		x.IPAddresses = append(x.IPAddresses, net.ParseIP(ip))
	}
	if s.aia != "" {
		x.IssuingCertificateURL = []string{s.aia}
	}
	if s.ca {
		x.IsCA, x.BasicConstraintsValid = true, true
		if x.KeyUsage == 0 {
			x.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		}
	}
	if s.loose {
		bits, err := asn1.Marshal(asn1.BitString{Bytes: []byte{0xA0}, BitLength: 3}) // digitalSignature, keyEncipherment
		must(t, err)
		x.KeyUsage = 0
		x.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Value: bits}}
	}
	parent, signer := x, s.key
	if s.by != nil {
		parent, signer = s.by.cert.X509, s.by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, x, parent, s.key.Public(), signer)
	must(t, err)
	if s.md5 {
		der = resignMD5(t, der, signer.(*rsa.PrivateKey))
	}
	return made{cert: parsed(t, der), key: s.key}
}

// resignMD5 signs a certificate again as no library does any more.
func resignMD5(t testing.TB, der []byte, key *rsa.PrivateKey) []byte {
	t.Helper()
	var c struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	must(t, unmarshalAll(der, &c))
	sha := []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11}
	c.TBS.FullBytes = bytes.ReplaceAll(c.TBS.FullBytes, sha, append(sha[:8:8], 4))
	sum := md5.Sum(c.TBS.FullBytes)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.MD5, sum[:])
	must(t, err)
	c.Algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}
	c.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	out, err := asn1.Marshal(c)
	must(t, err)
	return out
}

func parsed(t testing.TB, der []byte) *Certificate {
	t.Helper()
	c, err := ParseCertificate(der)
	must(t, err)
	return c
}

// family is a root, an intermediate CA and the certificate of a server.
type family struct{ root, inter, leaf made }

var makeFamily = sync.OnceValue(func() family {
	t := &testing.B{}
	var f family
	f.root = issue(t, spec{cn: "Example Root", key: rsaKeys[0](), ca: true, from: date(2016, 1), to: date(2046, 1)})
	f.inter = issue(t, spec{cn: "Example Issuing CA", key: rsaKeys[1](), by: &f.root, ca: true, from: date(2020, 1), to: date(2036, 1)})
	f.leaf = issue(t, spec{
		cn: "am.example.com", names: []string{"am.example.com", "mgt.example.com"}, key: rsaKeys[2](), by: &f.inter,
		usage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ext: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return f
})

func (f family) chain() []*Certificate { return []*Certificate{f.leaf.cert, f.inter.cert, f.root.cert} }

// identity is a key with the chain as given.
func identity(key crypto.Signer, chain ...*Certificate) *Identity {
	return &Identity{Chain: chain, key: openKey(key)}
}

func (f family) identity() *Identity { return identity(f.leaf.key, f.chain()...) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func pkcs8(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return der
}

func keyPEM(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8(t, key)})
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func file(name string, parts ...[]byte) File { return File{Name: name, Data: join(parts...)} }

// wantChain fails unless the identity has this key and this chain.
func wantChain(t testing.TB, id *Identity, key crypto.Signer, chain ...*Certificate) {
	t.Helper()
	if !samePublic(id.Signer().Public(), key.Public()) {
		t.Error("the key is another one")
	}
	if len(id.Chain) != len(chain) {
		t.Fatalf("the chain is %q, want %q", certificateNames(id.Chain), certificateNames(chain))
	}
	for i := range chain {
		if !id.Chain[i].Equal(chain[i]) {
			t.Fatalf("the chain is %q, want %q", certificateNames(id.Chain), certificateNames(chain))
		}
	}
}

// load is Load and Identity of the only key.
func load(t testing.TB, p Passwords, files ...File) *Identity {
	t.Helper()
	s, err := Load(p, files...)
	must(t, err)
	id, err := s.Identity("", secret.Secret{})
	must(t, err)
	return id
}

// told is the *Error that every error for an operator is.
func told(t testing.TB, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v (%T) is not for an operator", err, err)
	}
	return e
}

// program finds a tool that not every machine has; its tests end there, those without tools have been run.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s on this machine; the files that Go makes are what is tested", name)
	}
	return path
}

// run runs a tool in a folder and returns what it says.
func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	out, err := tryRun(t, dir, name, args...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

func tryRun(t testing.TB, dir, name string, args ...string) (string, error) {
	t.Helper()
	switch quick := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}; name {
	case "keytool":
		for _, q := range quick {
			args = append(args, "-J"+q)
		}
	case "java":
		args = append(quick, args...)
	}
	cmd := exec.CommandContext(t.Context(), program(t, name), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func put(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

func get(t testing.TB, dir, name string) File {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	return File{Name: name, Data: data}
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew):\n%s", path, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := bytes.Split([]byte(got), []byte("\n")), bytes.Split([]byte(want), []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			return "got  " + string(g[i]) + "\nwant " + string(w[i])
		}
	}
	return "one is longer than the other"
}

// sum is the SHA-256 sum in hexadecimal.
func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }
