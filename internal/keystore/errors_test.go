package keystore

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"carbon-setup/internal/secret"
)

// refusal is what an operator can get wrong, and the file and passwords with which they do.
type refusal struct {
	name  string
	kind  ErrorKind
	p     Passwords
	alias string
	key   string // the key password given to Identity
	files []File
}

// stores are JKS and PKCS#12 files to get wrong.
func makeJKS(t testing.TB, password string, entries ...jksEntry) []byte {
	t.Helper()
	f := jksFile{version: 2, entries: entries}
	return f.bytes(pw(password))
}

func jksKey(t testing.TB, alias string, id *Identity, password string) jksEntry {
	t.Helper()
	protected, err := protectJKSKey(pkcs8(t, id.Signer()), pw(password))
	must(t, err)
	e := jksEntry{tag: jksKeyTag, alias: newAlias(alias), created: millis(clock), key: protected}
	for _, c := range id.Chain {
		e.chain = append(e.chain, jksCertificate{kind: []byte(x509Type), der: c.Raw})
	}
	return e
}

func jksCert(alias string, c *Certificate) jksEntry {
	return jksEntry{tag: jksCertTag, alias: newAlias(alias), created: millis(clock), chain: []jksCertificate{{kind: []byte(x509Type), der: c.Raw}}}
}

func refusals(t testing.TB) []refusal {
	t.Helper()
	f := makeFamily()
	leaf, inter, root := f.leaf.cert.PEM(), f.inter.cert.PEM(), f.root.cert.PEM()
	other := keyPEM(t, rsaKeys[3]())
	key := keyPEM(t, f.leaf.key)
	sealed := block("ENCRYPTED PRIVATE KEY", seal(t, pkcs8(t, f.leaf.key), keyPassword))
	old, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKeys[2]()), []byte(keyPassword), x509.PEMCipher3DES) //nolint:staticcheck // what is read
	must(t, err)
	p12, err := pkcs12.Modern2023.Encode(f.leaf.key, f.leaf.cert.X509, nil, storePassword)
	must(t, err)
	jks := makeJKS(t, storePassword, jksKey(t, "esb", f.identity(), storePassword), jksCert("root ca", f.root.cert))
	ownKey := makeJKS(t, storePassword, jksKey(t, "esb", f.identity(), keyPassword))
	second := identity(rsaKeys[3](), issue(t, spec{cn: "other.example.com", key: rsaKeys[3]()}).cert)
	two := makeJKS(t, storePassword, jksKey(t, "esb", f.identity(), storePassword), jksKey(t, "other one", second, storePassword))
	many := []jksEntry{}
	for i := range 13 {
		many = append(many, jksKey(t, fmt.Sprintf("key%02d", i), second, storePassword))
	}
	trust := makeJKS(t, storePassword, jksCert("root ca", f.root.cert), jksCert("issuing", f.inter.cert))
	crossed := makeJKS(t, storePassword, jksKey(t, "esb", identity(rsaKeys[3](), f.chain()...), storePassword))
	csr, err := RequestFor(f.identity(), Template{Names: []string{"am.example.com"}})
	must(t, err)
	csrDER, _ := pem.Decode(csr.PEM)
	flipped := func(data []byte, at int) []byte {
		out := bytes.Clone(data)
		out[at] ^= 1
		return out
	}
	hostile := func(at int, n uint32) []byte { // another length in a JKS file
		out := bytes.Clone(jks)
		binary.BigEndian.PutUint32(out[at:], n)
		return out
	}
	pbkdf := func(iterations int) []byte {
		der, err := marshalPBES2([]byte("salt"), make([]byte, 16), iterations, make([]byte, 64))
		must(t, err)
		return der
	}
	foreign := func(oid asn1.ObjectIdentifier) []byte {
		der, err := marshalEncryptedKey(oid, asn1.NullRawValue, make([]byte, 64))
		must(t, err)
		return der
	}
	scrypt := marshal(t, encryptedKey{Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: asn1.RawValue{FullBytes: marshal(t, pbes2Parameters{
		KDF:    pkix.AlgorithmIdentifier{Algorithm: oidScrypt},
		Scheme: pkix.AlgorithmIdentifier{Algorithm: oidAES256, Parameters: asn1.RawValue{FullBytes: marshal(t, make([]byte, 16))}},
	})}}, Data: make([]byte, 32)})
	keyOf := func(oid ...int) []byte {
		return marshal(t, struct {
			Version   int
			Algorithm pkix.AlgorithmIdentifier
			Key       []byte
		}{0, pkix.AlgorithmIdentifier{Algorithm: oid}, []byte{4, 1, 1}})
	}
	store := func(name string, parts ...[]byte) []File { return []File{file(name, parts...)} }
	none := Passwords{}
	wrong := Passwords{Store: pw(wrongPassword)}
	both := Passwords{Store: pw(storePassword), Key: pw(wrongPassword)}
	return []refusal{
		{"no file", Empty, none, "", "", nil},
		{"an empty file", Empty, none, "", "", store("server.pem", nil)},
		{"a file of 8 MiB and a byte", TooLarge, none, "", "", store("server.pem", make([]byte, MaxSize+1))},
		{"some text", Garbage, none, "", "", store("notes.txt", []byte("the key is in the safe\n"))},
		{"zeros", Garbage, none, "", "", store("server.jks", make([]byte, 4096))},
		{"a ZIP archive", Unsupported, none, "", "", store("cert.zip", []byte("PK\x03\x04..."))},
		{"a gzip archive", Unsupported, none, "", "", store("cert.tgz", []byte("\x1f\x8b\x08..."))},
		{"a page", Unsupported, none, "", "", store("server.crt", []byte("<!DOCTYPE html><html>"))},
		{"a BKS keystore", Unsupported, none, "", "", store("server.bks", []byte("\x00\x00\x00\x02\x00\x00\x00\x14........"))},
		{"a public key of SSH", Unsupported, none, "", "", store("id_rsa.pub", []byte("ssh-rsa AAAA"))},
		{"a key of PuTTY", Unsupported, none, "", "", store("key.ppk", []byte("PuTTY-User-Key-File-2: ssh-rsa"))},
		{"a JCEKS keystore", Unsupported, stored(), "", "", store("server.jks", []byte{0xCE, 0xCE, 0xCE, 0xCE, 0, 0, 0, 2})},

		{"JKS: three bytes", Truncated, stored(), "", "", store("server.jks", jks[:3])},
		{"JKS: the head alone", Truncated, stored(), "", "", store("server.jks", jks[:10])},
		{"JKS: cut in an entry", Truncated, stored(), "", "", store("server.jks", jks[:500])},
		{"JKS: cut in the digest", Truncated, stored(), "", "", store("server.jks", jks[:len(jks)-1])},
		{"JKS: another version", Unsupported, stored(), "", "", store("server.jks", hostile(4, 3))},
		{"JKS: four billion entries", TooLarge, stored(), "", "", store("server.jks", hostile(8, 0xFFFFFFFF))},
		{"JKS: an entry of another kind", Damaged, stored(), "", "", store("server.jks", hostile(12, 7))},
		{"JKS: a key of four gigabytes", Truncated, stored(), "", "", store("server.jks", hostile(29, 0xFFFFFFFF))},
		{"JKS: no password", PasswordNeeded, none, "", "", store("server.jks", jks)},
		{"JKS: wrong store password", WrongStorePassword, wrong, "", "", store("server.jks", jks)},
		{"JKS: one bit flipped", WrongStorePassword, stored(), "", "", store("server.jks", flipped(jks, len(jks)/2))},
		{"JKS: the key has its own password", WrongKeyPassword, stored(), "", "", store("server.jks", ownKey)},
		{"JKS: wrong key password", WrongKeyPassword, stored(), "", wrongPassword, store("server.jks", ownKey)},
		{"JKS: wrong key password from the beginning", WrongKeyPassword, both, "", "", store("server.jks", ownKey)},
		{"JKS: alias missing, one key", AliasMissing, stored(), "wso2carbon", "", store("server.jks", jks)},
		{"JKS: alias missing, two keys", AliasMissing, stored(), "wso2carbon", "", store("server.jks", two)},
		{"JKS: the alias is a certificate", CertificateOnly, stored(), "Root CA", "", store("server.jks", jks)},
		{"JKS: the alias is a certificate, and there is no key", CertificateOnly, stored(), "root ca", "", store("trust.jks", trust)},
		{"JKS: an alias that a terminal would act on", AliasMissing, stored(), "x\x1b[2J", "", store("server.jks", two)},
		{"JKS: no private key", NoPrivateKey, stored(), "", "", store("trust.jks", trust)},
		{"JKS: no private key of that name", NoPrivateKey, stored(), "esb", "", store("trust.jks", trust)},
		{"JKS: two private keys", SeveralKeys, stored(), "", "", store("server.jks", two)},
		{"JKS: thirteen private keys", SeveralKeys, stored(), "", "", store("server.jks", makeJKS(t, storePassword, many...))},
		{"JKS: key and certificate do not match", Mismatch, stored(), "", "", store("server.jks", crossed)},
		{"JKS: a key without certificate", NoCertificate, stored(), "", "", store("server.jks", makeJKS(t, storePassword, jksKey(t, "esb", identity(f.leaf.key), storePassword)))},
		{"JKS: a damaged certificate", Damaged, stored(), "", "", store("server.jks", makeJKS(t, storePassword, jksCert("root ca", &Certificate{Raw: []byte{0x30, 3, 2, 1, 1}})))},
		{"JKS: a key protected in another way", Damaged, stored(), "", "", store("server.jks", makeJKS(t, storePassword, jksEntry{tag: jksKeyTag, alias: []byte("esb"), key: sealed, chain: jksCert("", f.leaf.cert).chain}))},

		{"PKCS#12: cut", Truncated, stored(), "", "", store("server.p12", p12[:len(p12)-100])},
		{"PKCS#12: the beginning alone", Truncated, stored(), "", "", store("server.p12", p12[:32])},
		{"PKCS#12: no password", PasswordNeeded, none, "", "", store("server.p12", p12)},
		{"PKCS#12: wrong password", WrongStorePassword, wrong, "", "", store("server.p12", p12)},
		{"PKCS#12: one bit flipped", WrongStorePassword, stored(), "", "", store("server.p12", flipped(p12, len(p12)/2))},
		{"PKCS#12: nonsense inside", Damaged, stored(), "", "", store("server.p12", wrapPFX(t, storePassword, []byte("nonsense")))},
		{"PKCS#12: a key with its own password", WrongKeyPassword, stored(), "", "", store("server.p12", makePFX(t, storePassword, []bagSpec{{sealed: seal(t, pkcs8(t, f.leaf.key), keyPassword), alias: "my key", localID: "1"}, {cert: f.leaf.cert, localID: "1"}}))},
		{"PKCS#12: certificates alone", NoPrivateKey, stored(), "", "", store("ca.p12", makePFX(t, storePassword, []bagSpec{{cert: f.root.cert}}))},
		{"PKCS#12: two keys, one without name", SeveralKeys, stored(), "", "", store("server.p12", makePFX(t, storePassword, []bagSpec{{key: pkcs8(t, f.leaf.key), alias: "Größe 1"}, {cert: f.leaf.cert}, {key: pkcs8(t, rsaKeys[3]())}}))},
		{"PKCS#12: an alias for the key without name", AliasMissing, stored(), "esb", "", store("server.p12", makePFX(t, storePassword, []bagSpec{{key: pkcs8(t, f.leaf.key)}, {cert: f.leaf.cert}}))},
		{"PKCS#12: key and certificate do not match", Mismatch, stored(), "", "", store("server.p12", makePFX(t, storePassword, []bagSpec{{key: pkcs8(t, rsaKeys[3]()), localID: "1", alias: "esb"}, {cert: f.leaf.cert, localID: "1"}}))},
		{"PKCS#12: a cipher of somebody's own", Unsupported, stored(), "", "", store("server.p12", makePFX(t, storePassword, []bagSpec{{sealed: foreign(asn1.ObjectIdentifier{1, 2, 3, 4})}}))},
		{"PKCS#12: for a public key", Unsupported, stored(), "", "", store("server.p12", marshal(t, pfx{Version: 3, AuthSafe: contentInfo{Type: oidSignedData, Content: explicit([]byte{5, 0})}}))},

		{"PEM: a key cut off", Truncated, none, "", "", store("server.pem", leaf, key[:200])},
		{"PEM: a block begins in a block", Truncated, none, "", "", store("server.pem", key[:200], []byte("\n"), leaf)},
		{"PEM: no base64", Damaged, none, "", "", store("server.pem", []byte("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"))},
		{"PEM: another end", Damaged, none, "", "", store("server.pem", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END CERTIFICATE-----\n"))},
		{"PEM: a damaged certificate", Damaged, none, "", "", store("server.pem", key, block("CERTIFICATE", f.leaf.cert.Raw[:100]))},
		{"PEM: a damaged key", Damaged, none, "", "", store("server.pem", leaf, block("PRIVATE KEY", []byte{0x30, 3, 2, 1, 0}))},
		{"PEM: an encrypted key and no password", PasswordNeeded, none, "", "", store("server.pem", leaf, sealed)},
		{"PEM: an encrypted key and an empty password", PasswordNeeded, Passwords{Key: pw("")}, "", "", store("server.pem", leaf, sealed)},
		{"PEM: wrong password", WrongKeyPassword, wrong, "", "", store("server.pem", leaf, sealed)},
		{"PEM: old encryption and no password", PasswordNeeded, none, "", "", store("server.pem", leaf, pem.EncodeToMemory(old))},
		{"PEM: old encryption, wrong password", WrongKeyPassword, wrong, "", "", store("server.pem", leaf, pem.EncodeToMemory(old))},
		{"PEM: old encryption that nobody knows", Unsupported, wrong, "", "", store("server.pem", leaf, bytes.Replace(pem.EncodeToMemory(old), []byte("DES-EDE3-CBC"), []byte("IDEA-CBC"), 1))},
		{"PEM: encrypted with scrypt", Unsupported, wrong, "", "", store("server.pem", leaf, block("ENCRYPTED PRIVATE KEY", scrypt))},
		{"PEM: a billion rounds of hashing", TooLarge, wrong, "", "", store("server.pem", leaf, block("ENCRYPTED PRIVATE KEY", pbkdf(1_000_000_000)))},
		{"PEM: no private key", NoPrivateKey, none, "", "", store("server.crt", leaf)},
		{"PEM: a chain without private key", NoPrivateKey, none, "", "", store("server.crt", leaf, inter, root)},
		{"PEM: no certificate", NoCertificate, none, "", "", store("server.key", key)},
		{"PEM: key and certificate do not match", Mismatch, none, "", "", []File{file("server.key", other), file("server.crt", leaf)}},
		{"PEM: key and certificates do not match", Mismatch, none, "", "", []File{file("server.key", other), file("server.crt", root, inter, leaf)}},
		{"PEM: key and CA certificates alone", NoCertificate, none, "", "", []File{file("server.key", key), file("chain.pem", inter, root)}},
		{"PEM: two private keys", SeveralKeys, none, "", "", store("server.pem", key, other, leaf)},
		{"PEM: the request instead of the answer", NoPrivateKey, none, "", "", store("server.csr", csr.PEM)},
		{"PEM: an OpenSSH key", Unsupported, none, "", "", store("id_rsa", block("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")))},
		{"PEM: a DSA key", Unsupported, none, "", "", store("server.key", block("DSA PRIVATE KEY", []byte{0x30, 0}))},
		{"PEM: a DSA key in PKCS#8", Unsupported, none, "", "", store("server.key", block("PRIVATE KEY", keyOf(1, 2, 840, 10040, 4, 1)))},
		{"PEM: an RSA-PSS key", Unsupported, none, "", "", store("server.key", block("PRIVATE KEY", keyOf(1, 2, 840, 113549, 1, 1, 10)))},
		{"PEM: an X448 key", Unsupported, none, "", "", store("server.key", block("PRIVATE KEY", keyOf(1, 3, 101, 111)))},
		{"PEM: a key on a strange curve", Unsupported, none, "", "", store("server.key", block("PRIVATE KEY", keyOf(1, 2, 840, 10045, 2, 1)))},
		{"PEM: a damaged bundle", Damaged, none, "", "", store("chain.p7b", block("PKCS7", marshal(t, contentInfo{Type: oidSignedData, Content: explicit([]byte{5, 0})})))},

		{"DER: cut", Truncated, none, "", "", store("server.cer", f.leaf.cert.Raw[:300])},
		{"DER: something else", Garbage, none, "", "", store("server.cer", marshal(t, make([]asn1.ObjectIdentifier, 0)), make([]byte, 0))},
		{"DER: something else, longer", Garbage, none, "", "", store("server.cer", marshal(t, slices.Repeat([]int{3}, 100)))},
		{"DER: the request instead of the answer", NoPrivateKey, none, "", "", store("server.csr", csrDER.Bytes)},
		{"DER: an encrypted key and no password", PasswordNeeded, none, "", "", store("server.key", seal(t, pkcs8(t, f.leaf.key), keyPassword))},
		{"DER: wrong password", WrongKeyPassword, wrong, "", "", store("server.key", seal(t, pkcs8(t, f.leaf.key), keyPassword))},
		{"DER: a DSA key", Unsupported, none, "", "", store("server.key", keyOf(1, 2, 840, 10040, 4, 1))},
		{"the second file is wrong", Garbage, none, "", "", []File{file("server.pem", key, leaf), file("chain.txt", []byte("see attachment"))}},
	}
}

// TestRefusals has every way to get it wrong, and what an operator reads.
func TestRefusals(t *testing.T) {
	var b strings.Builder
	for _, tt := range refusals(t) {
		s, err := Load(tt.p, tt.files...)
		if err == nil {
			_, err = s.Identity(tt.alias, secret.New(tt.key))
		}
		if err == nil {
			t.Errorf("%s: taken", tt.name)
			continue
		}
		e := told(t, err)
		if e.Kind != tt.kind {
			t.Errorf("%s: kind %d, want %d: %v", tt.name, e.Kind, tt.kind, err)
		}
		for _, leak := range []string{storePassword, keyPassword, wrongPassword, "\x1b"} {
			if strings.Contains(err.Error(), leak) {
				t.Errorf("%s: the message shows what it must not: %q", tt.name, err)
			}
		}
		if e.Fix == "" || !strings.HasSuffix(e.What, ".") {
			t.Errorf("%s: not a full message: %s", tt.name, err)
		}
		fmt.Fprintf(&b, "== %s\n%s\n", tt.name, err)
	}
	golden(t, "errors.txt", b.String())
}

// TestInspectRefusesWhatLoadRefuses as far as no password is needed.
func TestInspectRefusesWhatLoadRefuses(t *testing.T) {
	for _, tt := range refusals(t) {
		_, err := Inspect(tt.files...)
		switch tt.kind {
		case Empty, TooLarge, Garbage, Truncated:
			if strings.HasPrefix(tt.name, "PEM: a billion") {
				continue // seen only when it is opened
			}
			if err == nil || told(t, err).Kind != tt.kind {
				t.Errorf("%s: %v", tt.name, err)
			}
		case PasswordNeeded, WrongKeyPassword, WrongStorePassword, AliasMissing, CertificateOnly, NoPrivateKey, SeveralKeys, NoCertificate, Mismatch:
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		default:
		}
	}
}
