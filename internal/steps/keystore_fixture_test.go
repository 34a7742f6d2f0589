package steps

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

const (
	ksPassword    = "Store-pw-77"
	tsPassword    = "Trust-pw-88"
	givenPassword = "given-Pw-1"
)

// certFamily is a CA with an intermediate and the key of a server, made once: keys take their time.
type certFamily struct {
	rootKey, interKey, key, other *rsa.PrivateKey
	root, inter, leaf             *x509.Certificate
}

var theFamily = sync.OnceValue(func() *certFamily {
	f := &certFamily{rootKey: testKey(2048), interKey: testKey(2048), key: testKey(2048), other: testKey(2048)}
	f.root = f.sign("Test Root CA", nil, &f.rootKey.PublicKey, true, time.Hour*24*3650, nil)
	f.inter = f.sign("Test Issuing CA", f.root, &f.interKey.PublicKey, true, time.Hour*24*1825, f.rootKey)
	f.leaf = f.server(&f.key.PublicKey, time.Hour*24*365, "esb.example.com", "mgt.example.com")
	return f
})

func testKey(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func (f *certFamily) sign(cn string, parent *x509.Certificate, public crypto.PublicKey, ca bool, lasts time.Duration, by *rsa.PrivateKey, names ...string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err)
	}
	from := time.Now().Add(-time.Hour)
	if lasts < 0 {
		from = time.Now().Add(2 * lasts)
	}
	x := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: cn, Organization: []string{"Example"}}, DNSNames: names,
		NotBefore: from, NotAfter: time.Now().Add(lasts), IsCA: ca, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	if ca {
		x.KeyUsage = x509.KeyUsageCertSign
	}
	if parent == nil {
		parent, by = x, f.rootKey
	}
	der, err := x509.CreateCertificate(rand.Reader, x, parent, public, by)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

// server is a certificate of the issuing CA.
func (f *certFamily) server(public crypto.PublicKey, lasts time.Duration, names ...string) *x509.Certificate {
	return f.sign(names[0], f.inter, public, false, lasts, f.interKey, names...)
}

func certPEM(certs ...*x509.Certificate) string {
	var b bytes.Buffer
	for _, c := range certs {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.String()
}

func privatePEM(t testing.TB, key crypto.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// keyFolder writes what operators have: a bundle, its parts, a JKS file, and files with faults. It returns the folder.
func keyFolder(t testing.TB) string {
	t.Helper()
	f := theFamily()
	dir := t.TempDir()
	bundle := certPEM(f.root) + privatePEM(t, f.key) + certPEM(f.leaf, f.inter)
	setFile(t, dir, "bundle.pem", bundle)
	setFile(t, dir, "server.crt", certPEM(f.leaf))
	setFile(t, dir, "server.key", privatePEM(t, f.key))
	setFile(t, dir, "other.key", privatePEM(t, f.other))
	setFile(t, dir, "chain.pem", certPEM(f.root, f.inter))
	setFile(t, dir, "root.pem", certPEM(f.root))
	setFile(t, dir, "expired.pem", privatePEM(t, f.key)+certPEM(f.server(&f.key.PublicKey, -24*time.Hour, "esb.example.com", "mgt.example.com"), f.inter, f.root))
	setFile(t, dir, "soon.pem", privatePEM(t, f.key)+certPEM(f.server(&f.key.PublicKey, 5*24*time.Hour, "esb.example.com", "mgt.example.com"), f.inter, f.root))
	weak := testKey(1024)
	setFile(t, dir, "weak.pem", privatePEM(t, weak)+certPEM(f.server(&weak.PublicKey, time.Hour*24*365, "esb.example.com", "mgt.example.com"), f.inter, f.root))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	setFile(t, dir, "ec.pem", privatePEM(t, ec)+certPEM(f.server(&ec.PublicKey, time.Hour*24*365, "esb.example.com", "mgt.example.com"), f.inter, f.root))
	setFile(t, dir, "renewed.pem", privatePEM(t, f.other)+certPEM(f.server(&f.other.PublicKey, time.Hour*24*365, "esb.example.com", "mgt.example.com"), f.inter, f.root))
	setFile(t, dir, "garbage.p12", "this is no keystore\n")
	setFile(t, dir, "empty.p12", "")
	src, err := ks.Load(ks.Passwords{}, ks.File{Name: "bundle.pem", Data: []byte(bundle)})
	if err != nil {
		t.Fatal(err)
	}
	id, err := src.Identity("", secret.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := ks.Build(id, "given", secret.New(givenPassword), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	setFile(t, dir, "given.jks", string(data))
	return dir
}

// keyAnswers sets the passwords of the tests, and returns answers with DIR replaced by the folder.
func keyAnswers(t testing.TB, dir, yaml string) string {
	t.Helper()
	if s, ok := t.(interface{ Setenv(key, value string) }); ok {
		s.Setenv("KS_PW", ksPassword)
		s.Setenv("TS_PW", tsPassword)
		s.Setenv("GIVEN_PW", givenPassword)
		s.Setenv("WRONG_PW", "wrong-Pw-9")
	}
	return regexp.MustCompile(`\bDIR\b`).ReplaceAllString(yaml, dir)
}

const (
	importBundle = "keystore: {source: {certificate: DIR/bundle.pem}, alias: esb, password: {env: KS_PW}}\n"
	importJKS    = "keystore: {source: {jks: DIR/given.jks, password: {env: GIVEN_PW}}, alias: esb, password: {env: KS_PW}}\n"
	allHostNames = "hostname: {name: esb.example.com, management: mgt.example.com}\n"
)

// readKey opens a store that the step has written.
func readKey(t testing.TB, home, rel, alias, password string) *ks.Identity {
	t.Helper()
	id := madeKey(openHome(t, home), rel, alias, secret.New(password))
	if id == nil {
		t.Fatalf("%s does not hold one key under %s", rel, alias)
	}
	return id
}

func readTrust(t testing.TB, home, password string) *ks.Truststore {
	t.Helper()
	store, err := ks.OpenTruststore(ks.File{Name: carbon.TrustStore, Data: []byte(readFile(t, home, carbon.TrustStore))}, secret.New(password))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// keytool lists a store as Java sees it; "" where there is no keytool.
func keytool(t testing.TB, home, rel, password string) string {
	t.Helper()
	tool, err := exec.LookPath("keytool")
	if err != nil {
		return ""
	}
	cmd := exec.CommandContext(t.Context(), tool, "-J-Duser.language=en", "-list", "-v", "-keystore", filepath.Join(home, rel), "-storetype", "JKS", "-storepass:env", "STORE_PW")
	cmd.Env = append(os.Environ(), "STORE_PW="+password)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("keytool: %v\n%s", err, out)
	}
	return string(out)
}

var (
	anyDate = regexp.MustCompile(`\b20\d\d-\d\d-\d\d( \d\d:\d\d UTC)?`)
	anySum  = regexp.MustCompile(`\b([0-9A-F]{2}:){19,31}[0-9A-F]{2}\b`)
)

// undated takes what changes from run to run out of a text.
func undated(text, dir string) string {
	if dir != "" {
		text = regexp.MustCompile(regexp.QuoteMeta(dir)).ReplaceAllString(text, "DIR")
	}
	return anySum.ReplaceAllString(anyDate.ReplaceAllString(text, "DATE"), "SUM")
}

// startedHome makes a home look as after a first start.
func startedHome(t testing.TB, home string) {
	t.Helper()
	setFile(t, home, carbon.CarbonLog, "started\n")
}

func parseRequest(t testing.TB, text string) *x509.CertificateRequest {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no request: %s", text)
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || request.CheckSignature() != nil {
		t.Fatalf("the request is not sound: %v", err)
	}
	return request
}

// pemOfShipped writes the certificate of the key that WSO2 ships, out of the real pack, and returns its path.
func pemOfShipped(t testing.TB) string {
	t.Helper()
	home, ok := corpusHome(t)
	if !ok {
		t.Fatal("no real pack")
	}
	w := openHome(t, home)
	id := keyInForce(w, readStores(w).carbonStore("KeyStore")).id
	dir := t.TempDir()
	setFile(t, dir, "shipped.pem", string(id.Leaf().PEM()))
	return filepath.Join(dir, "shipped.pem")
}
