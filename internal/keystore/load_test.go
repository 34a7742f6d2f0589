package keystore

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	javakeystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"carbon-setup/internal/secret"
)

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// TestLoadForms gives the same key and chain in every form in which people have them.
func TestLoadForms(t *testing.T) {
	f := makeFamily()
	key := f.leaf.key.(*rsa.PrivateKey)
	leaf, inter, root := f.leaf.cert.PEM(), f.inter.cert.PEM(), f.root.cert.PEM()
	plain := keyPEM(t, key)
	sealed := block("ENCRYPTED PRIVATE KEY", seal(t, pkcs8(t, key), keyPassword))
	old, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), []byte(keyPassword), x509.PEMCipherAES256) //nolint:staticcheck // what is read
	must(t, err)
	crlf := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }
	wide := func(b []byte) []byte {
		out := []byte{0xFF, 0xFE}
		for _, u := range utf16.Encode([]rune(string(b))) {
			out = append(out, byte(u), byte(u>>8))
		}
		return out
	}
	p7 := makePKCS7(t, f.root.cert, f.leaf.cert, f.inter.cert)
	k := Passwords{Key: pw(keyPassword)}
	for _, tt := range []struct {
		name  string
		p     Passwords
		files []File
	}{
		{"key first", k, []File{file("a.pem", plain, leaf, inter, root)}},
		{"any order", k, []File{file("a.pem", root, leaf, plain, inter)}},
		{"no password at all", Passwords{}, []File{file("a.pem", leaf, inter, root, plain)}},
		{"CRLF", k, []File{file("a.pem", crlf(join(inter, plain, root, leaf)))}},
		{"CR alone", k, []File{file("a.pem", bytes.ReplaceAll(join(inter, plain, root, leaf), []byte("\n"), []byte("\r")))}},
		{"byte order mark", k, []File{file("a.pem", []byte("\xEF\xBB\xBF"), leaf, plain, inter, root)}},
		{"UTF-16", k, []File{file("a.pem", wide(join(leaf, plain, inter, root)))}},
		{"text between", k, []File{file("a.pem", []byte("Bag Attributes\n    friendlyName: my alias\nsubject=CN = x\n"), leaf, []byte("\n\n# and now\n"), inter, root, plain, []byte("the end"))}},
		{"indented", k, []File{file("a.pem", []byte("  "+strings.ReplaceAll(string(join(leaf, plain, inter, root)), "\n", "\n\t  ")))}},
		{"joined without line ends", k, []File{file("a.pem", bytes.TrimSpace(leaf), bytes.TrimSpace(plain), bytes.TrimSpace(inter), bytes.TrimSpace(root))}},
		{"each in one line", k, []File{file("a.pem", bytes.ReplaceAll(join(leaf, plain, inter, root), []byte("\n"), nil))}},
		{"all in one line with blanks", k, []File{file("a.pem", bytes.ReplaceAll(join(leaf, plain, inter, root), []byte("\n"), []byte(" ")))}},
		{"no final line end", k, []File{file("a.pem", bytes.TrimSpace(join(leaf, inter, root, plain)))}},
		{"the same certificate twice", k, []File{file("a.pem", leaf, leaf, inter, root, inter, plain)}},
		{"PKCS#1", k, []File{file("a.pem", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), leaf, inter, root)}},
		{"PKCS#1 under another name", k, []File{file("a.pem", block("PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), leaf, inter, root)}},
		{"encrypted PKCS#8", k, []File{file("a.pem", sealed, leaf, inter, root)}},
		{"encrypted PKCS#8, password as that of a store", Passwords{Store: pw(keyPassword)}, []File{file("a.pem", sealed, leaf, inter, root)}},
		{"old encryption", k, []File{file("a.pem", pem.EncodeToMemory(old), leaf, inter, root)}},
		{"certificate, key and chain apart", k, []File{file("s.crt", leaf), file("s.key", sealed), file("chain.pem", root, inter)}},
		{"DER apart", k, []File{file("s.der", f.leaf.cert.Raw), file("k.der", pkcs8(t, key)), file("i.cer", f.inter.cert.Raw), file("r.cer", f.root.cert.Raw)}},
		{"encrypted DER key", k, []File{file("k.der", seal(t, pkcs8(t, key), keyPassword)), file("c.pem", leaf, inter, root)}},
		{"PKCS#1 in DER", k, []File{file("k.der", x509.MarshalPKCS1PrivateKey(key)), file("c.pem", leaf, inter, root)}},
		{"PKCS#7 in PEM", k, []File{file("k.pem", plain), file("c.p7b", block("PKCS7", p7))}},
		{"PKCS#7 called a certificate", k, []File{file("k.pem", plain), file("c.p7b", block("CERTIFICATE", p7))}},
		{"PKCS#7 in DER", k, []File{file("k.pem", plain), file("c.p7b", p7)}},
		{"PKCS#7 in BER", k, []File{file("k.pem", plain), file("c.p7b", asBER(t, p7))}},
		{"base64 without lines around", k, []File{file("k.pem", plain), file("c.p7b", []byte(base64.StdEncoding.EncodeToString(p7)))}},
		{"a trusted certificate of OpenSSL", k, []File{file("k.pem", plain, block("TRUSTED CERTIFICATE", append(bytes.Clone(f.leaf.cert.Raw), 0x30, 0)), inter, root)}},
		{"blocks that do not matter", k, []File{file("a.pem", block("DH PARAMETERS", []byte{0x30, 0}), block("X509 CRL", []byte{0x30, 0}), plain, leaf, inter, root, block("PUBLIC KEY", []byte{0x30, 0}))}},
		{"PKCS#12 plain", k, []File{file("a.p12", makePFX(t, "", []bagSpec{{key: pkcs8(t, key)}, {cert: f.root.cert}, {cert: f.leaf.cert}, {cert: f.inter.cert}}))}},
		{"PKCS#12 with odd attributes and lists", stored(), []File{file("a.p12", makePFX(t, storePassword, []bagSpec{{key: pkcs8(t, key), odd: true}}, []bagSpec{{crl: true}}, []bagSpec{{cert: f.leaf.cert, odd: true}, {cert: f.inter.cert}, {cert: f.root.cert}}))}},
		{"PKCS#12 in BER", stored(), []File{file("a.p12", asBER(t, makePFX(t, storePassword, []bagSpec{{key: pkcs8(t, key)}, {cert: f.leaf.cert}, {cert: f.inter.cert}, {cert: f.root.cert}})))}},
		{"PKCS#12 in BER, inside too", stored(), []File{file("a.p12", berInside(t, f, key))}},
		{"PKCS#12, the chain apart", stored(), []File{file("a.p12", makePFX(t, storePassword, []bagSpec{{key: pkcs8(t, key)}, {cert: f.leaf.cert}})), file("chain.pem", root, inter)}},
		{"PKCS#12 whose key has its own password", Passwords{Store: pw(storePassword), Key: pw(keyPassword)}, []File{file("a.p12", makePFX(t, storePassword,
			[]bagSpec{{sealed: seal(t, pkcs8(t, key), keyPassword), localID: "1"}, {cert: f.leaf.cert, localID: "1"}, {cert: f.inter.cert}, {cert: f.root.cert}}))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id := load(t, tt.p, tt.files...)
			wantChain(t, id, key, f.chain()...)
			if id.Reordered || len(id.Unrelated) > 0 {
				t.Errorf("reordered %v, unrelated %q", id.Reordered, certificateNames(id.Unrelated))
			}
		})
	}
}

// makePKCS7 is a bundle as CAs send it.
func makePKCS7(t testing.TB, certs ...*Certificate) []byte {
	t.Helper()
	var all []byte
	for _, c := range certs {
		all = append(all, c.Raw...)
	}
	inner := marshal(t, struct {
		Version      int
		Algorithms   asn1.RawValue
		Content      contentInfo
		Certificates asn1.RawValue
		Signers      asn1.RawValue
	}{1, set(nil), contentInfo{Type: oidData}, explicit(all), set(nil)})
	return marshal(t, contentInfo{Type: oidSignedData, Content: explicit(inner)})
}

// berInside has its content, over which the MAC is made, in BER, and one safe in pieces.
func berInside(t testing.TB, f family, key *rsa.PrivateKey) []byte {
	t.Helper()
	certs := asBER(t, marshal(t, []safeBag{bagSpec{cert: f.leaf.cert}.bag(t), bagSpec{cert: f.inter.cert}.bag(t), bagSpec{cert: f.root.cert}.bag(t)}))
	var info encryptedKey
	must(t, unmarshalAll(seal(t, certs, storePassword), &info))
	keys := dataInfo(t, asBER(t, marshal(t, []safeBag{bagSpec{key: pkcs8(t, key)}.bag(t)})))
	content := asBER(t, marshal(t, []contentInfo{keys, encryptedInfo(t, info.Algorithm, info.Data)}))
	return asBER(t, wrapPFX(t, storePassword, content))
}

// TestLoadLibraryPKCS12 reads what another implementation writes.
func TestLoadLibraryPKCS12(t *testing.T) {
	f := makeFamily()
	cas := []*x509.Certificate{f.inter.cert.X509, f.root.cert.X509}
	for name, encoder := range map[string]*pkcs12.Encoder{
		"RC2": pkcs12.LegacyRC2, "3DES": pkcs12.LegacyDES, "AES": pkcs12.Modern2023, "PBMAC1": pkcs12.Modern2026,
	} {
		for _, password := range []string{storePassword, "Grüße aus Köln", ""} {
			t.Run(name+" "+password, func(t *testing.T) {
				data, err := encoder.Encode(f.leaf.key, f.leaf.cert.X509, cas, password)
				must(t, err)
				wantChain(t, load(t, Passwords{Store: pw(password)}, file("a.p12", data)), f.leaf.key, f.chain()...)
				_, err = Load(Passwords{Store: pw(wrongPassword)}, file("a.p12", data))
				if told(t, err).Kind != WrongStorePassword {
					t.Errorf("a wrong password: %v", err)
				}
				if _, err := Load(Passwords{}, file("a.p12", data)); password != "" && told(t, err).Kind != PasswordNeeded {
					t.Errorf("no password: %v", err)
				}
			})
		}
	}
}

// TestLoadLibraryJKS reads what another implementation writes.
func TestLoadLibraryJKS(t *testing.T) {
	f := makeFamily()
	for _, password := range []string{storePassword, "Grüße 😀"} {
		ks := javakeystore.New()
		var chain []javakeystore.Certificate
		for _, c := range f.chain() {
			chain = append(chain, javakeystore.Certificate{Type: "X.509", Content: c.Raw})
		}
		must(t, ks.SetPrivateKeyEntry("esb", javakeystore.PrivateKeyEntry{CreationTime: clock, PrivateKey: pkcs8(t, f.leaf.key), CertificateChain: chain}, []byte(keyPassword)))
		var b bytes.Buffer
		must(t, ks.Store(&b, []byte(password)))
		if password != storePassword {
			// The library writes the bytes of UTF-8 where Java writes its chars.
			if _, err := Load(Passwords{Store: pw(password)}, file("a.jks", b.Bytes())); told(t, err).Kind != WrongStorePassword {
				t.Errorf("%v", err)
			}
			continue
		}
		s, err := Load(stored(), file("a.jks", b.Bytes()))
		must(t, err)
		if e := s.Entries[0]; e.Alias != "esb" || !e.Created.Equal(clock) || e.Kind != PrivateKey {
			t.Errorf("entry %+v", e)
		}
		id, err := s.Identity("esb", pw(keyPassword))
		must(t, err)
		wantChain(t, id, f.leaf.key, f.chain()...)
	}
}

func TestLoadKindsOfKeys(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	sec1, err := x509.MarshalECPrivateKey(ecKey())
	must(t, err)
	for _, tt := range []struct {
		name      string
		file      File
		algorithm string
		bits      int
	}{
		{"SEC1", file("k.pem", block("EC PARAMETERS", []byte{6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7}), block("EC PRIVATE KEY", sec1)), "EC", 256},
		{"SEC1 in DER", file("k.der", sec1), "EC", 256},
		{"EC in PKCS#8", file("k.pem", keyPEM(t, ecKey())), "EC", 256},
		{"EC in encrypted PKCS#8", file("k.pem", block("ENCRYPTED PRIVATE KEY", seal(t, pkcs8(t, ecKey()), keyPassword))), "EC", 256},
		{"Ed25519", file("k.pem", keyPEM(t, edwards)), "Ed25519", 256},
		{"Ed25519 in DER", file("k.der", pkcs8(t, edwards)), "Ed25519", 256},
		{"RSA 1024", file("k.pem", keyPEM(t, weakKey())), "RSA", 1024},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load(Passwords{Key: pw(keyPassword)}, tt.file)
			must(t, err)
			if len(s.Entries) != 1 {
				t.Fatalf("%d entries", len(s.Entries))
			}
			if algorithm, bits := s.Entries[0].KeyInfo(); algorithm != tt.algorithm || bits != tt.bits {
				t.Errorf("%s %d", algorithm, bits)
			}
			if _, err := s.Identity("", secret.Secret{}); told(t, err).Kind != NoCertificate {
				t.Errorf("a key without certificate: %v", err)
			}
			id, err := s.Pending("", secret.Secret{})
			must(t, err)
			if _, isRSA := id.Signer().(*rsa.PrivateKey); !isRSA {
				_, err = id.RSA()
				if told(t, err).Kind != NotRSA {
					t.Error(err)
				}
			}
		})
	}
}

func TestInspect(t *testing.T) {
	f := makeFamily()
	data, err := pkcs12.Modern2023.Encode(f.leaf.key, f.leaf.cert.X509, nil, storePassword)
	must(t, err)
	jks, err := Build(f.identity(), "esb", pw(storePassword), clock)
	must(t, err)
	sealed := seal(t, pkcs8(t, f.leaf.key), keyPassword)
	csr, err := RequestFor(f.identity(), Template{Names: []string{"a.example.com"}})
	must(t, err)
	for _, tt := range []struct {
		name  string
		files []File
		want  Look
	}{
		{"PKCS#12", []File{file("a", data)}, Look{Format: PKCS12, StorePassword: true, Keys: 1}},
		{"plain PKCS#12", []File{file("a", makePFX(t, "", []bagSpec{{key: pkcs8(t, f.leaf.key)}, {cert: f.leaf.cert}}))}, Look{Format: PKCS12, Keys: 1, Certificates: 1}},
		{"JKS", []File{file("a", jks)}, Look{Format: JKS, StorePassword: true, OwnKeyPassword: true, Keys: 1, Certificates: 3}},
		{"PEM", []File{file("a", f.leaf.cert.PEM(), keyPEM(t, f.leaf.key))}, Look{Format: PEM, Keys: 1, Certificates: 1}},
		{"encrypted PEM", []File{file("a", f.leaf.cert.PEM(), block("ENCRYPTED PRIVATE KEY", sealed))}, Look{Format: PEM, KeyPassword: true, Keys: 1, Certificates: 1}},
		{"encrypted DER", []File{file("a", f.leaf.cert.Raw), file("b", sealed)}, Look{Format: DER, KeyPassword: true, Keys: 1, Certificates: 1}},
		{"certificate first", []File{file("a", f.leaf.cert.PEM()), file("b", data)}, Look{Format: PKCS12, StorePassword: true, Keys: 1, Certificates: 1}},
		{"request", []File{file("a", csr.PEM)}, Look{Format: PEM, Requests: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Inspect(tt.files...)
			must(t, err)
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestPrintingShowsNoKey prints what holds keys in every way.
func TestPrintingShowsNoKey(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	own := issue(t, spec{cn: "ed", key: edwards, algo: x509.PureEd25519})
	s, err := Load(stored(), file("a.pem", keyPEM(t, edwards), own.cert.PEM()))
	must(t, err)
	id, err := s.Identity("", secret.Secret{})
	must(t, err)
	id.Alias = "my alias"
	seed := edwards.Seed()
	for _, v := range []any{id, *id, s, *s, s.Entries[0], *s.Entries[0], []any{id}, struct{ id *Identity }{id}, struct{ id Identity }{*id}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			text := fmt.Sprintf(verb, v)
			for _, leak := range []string{fmt.Sprintf("%x", seed[:8]), strings.Trim(fmt.Sprintf("%d", seed[:8]), "[]"), storePassword} {
				if strings.Contains(text, leak) {
					t.Errorf("%s of %T shows the key or the password", verb, v)
				}
			}
		}
	}
	if got := fmt.Sprint(id); got != `private key "my alias" of ed` {
		t.Errorf("got %s", got)
	}
}
