package keystore

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/secret"
)

// The files that OpenSSL and keytool write, and what they make of ours. Machines without the tools test on the files that Go makes.

// writePEMs puts the family into a folder.
func writePEMs(t *testing.T, dir string) family {
	t.Helper()
	f := makeFamily()
	put(t, dir, "key.pem", keyPEM(t, f.leaf.key))
	put(t, dir, "leaf.pem", f.leaf.cert.PEM())
	put(t, dir, "inter.pem", f.inter.cert.PEM())
	put(t, dir, "root.pem", f.root.cert.PEM())
	put(t, dir, "cas.pem", join(f.inter.cert.PEM(), f.root.cert.PEM()))
	return f
}

func TestOpenSSLWritesPKCS12(t *testing.T) {
	dir := t.TempDir()
	f := writePEMs(t, dir)
	export := []string{"pkcs12", "-export", "-in", "leaf.pem", "-inkey", "key.pem", "-certfile", "cas.pem", "-out", "x.p12"}
	for _, tt := range []struct {
		name, alias, password string
		args                  []string
	}{
		{"modern", "esb", storePassword, []string{"-name", "esb"}},
		{"no name", "", storePassword, nil},
		{"a name with blanks", "le-1 am.example.com der Große", storePassword, []string{"-name", "le-1 am.example.com der Große"}},
		{"legacy: RC2 and 3DES", "esb", storePassword, []string{"-name", "esb", "-legacy"}},
		{"3DES and SHA-1", "esb", storePassword, []string{"-name", "esb", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"}},
		{"3DES with two keys", "esb", storePassword, []string{"-name", "esb", "-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-2DES"}},
		{"RC2 with 128 bits", "esb", storePassword, []string{"-name", "esb", "-provider", "legacy", "-provider", "default", "-keypbe", "PBE-SHA1-RC2-128", "-certpbe", "PBE-SHA1-RC2-128"}},
		{"RC4", "esb", storePassword, []string{"-name", "esb", "-provider", "legacy", "-provider", "default", "-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "PBE-SHA1-RC4-40"}},
		{"AES-128 and SHA-512", "esb", storePassword, []string{"-name", "esb", "-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha512"}},
		{"SHA-384", "esb", storePassword, []string{"-name", "esb", "-macalg", "sha384"}},
		{"SHA-224", "esb", storePassword, []string{"-name", "esb", "-macalg", "sha224"}},
		{"many rounds", "esb", storePassword, []string{"-name", "esb", "-iter", "300000"}},
		{"one round", "esb", storePassword, []string{"-name", "esb", "-noiter", "-nomaciter"}},
		{"no MAC", "esb", storePassword, []string{"-name", "esb", "-nomac"}},
		{"not encrypted", "esb", storePassword, []string{"-name", "esb", "-keypbe", "NONE", "-certpbe", "NONE"}},
		{"nothing at all", "esb", storePassword, []string{"-name", "esb", "-keypbe", "NONE", "-certpbe", "NONE", "-nomac"}},
		{"the certificates plain", "esb", storePassword, []string{"-name", "esb", "-certpbe", "NONE"}},
		{"empty password", "esb", "", []string{"-name", "esb"}},
		{"a password with umlauts", "esb", "Grüße aus Köln", []string{"-name", "esb"}},
		{"a password with umlauts, legacy", "esb", "Grüße aus Köln", []string{"-name", "esb", "-legacy"}},
		{"CSP name of Windows", "esb", storePassword, []string{"-name", "esb", "-CSP", "Microsoft Enhanced Cryptographic Provider v1.0", "-LMK"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, dir, "openssl", slices.Concat(export, tt.args, []string{"-passout", "pass:" + tt.password})...)
			data := get(t, dir, "x.p12")
			id := load(t, Passwords{Store: pw(tt.password)}, data)
			wantChain(t, id, f.leaf.key, f.chain()...)
			if id.Alias != tt.alias {
				t.Errorf("alias %q", id.Alias)
			}
			if tt.name == "nothing at all" {
				wantChain(t, load(t, Passwords{}, data), f.leaf.key, f.chain()...)
				return
			}
			if _, err := Load(Passwords{Store: pw(wrongPassword)}, data); err == nil || told(t, err).Kind != WrongStorePassword {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

func TestOpenSSLWritesKeys(t *testing.T) {
	dir := t.TempDir()
	f := writePEMs(t, dir)
	put(t, dir, "ec.pem", keyPEM(t, ecKey()))
	out := []string{"-out", "x.key", "-passout", "pass:" + keyPassword}
	legacy := []string{"-provider", "legacy", "-provider", "default"}
	for _, tt := range []struct {
		name string
		key  crypto.Signer
		args []string
	}{
		{"PKCS#1", f.leaf.key, []string{"rsa", "-in", "key.pem", "-traditional"}},
		{"PKCS#1, AES-128", f.leaf.key, []string{"rsa", "-in", "key.pem", "-traditional", "-aes128"}},
		{"PKCS#1, AES-256", f.leaf.key, []string{"rsa", "-in", "key.pem", "-traditional", "-aes256"}},
		{"PKCS#1, 3DES", f.leaf.key, []string{"rsa", "-in", "key.pem", "-traditional", "-des3"}},
		{"PKCS#1, DES", f.leaf.key, append([]string{"rsa", "-in", "key.pem", "-traditional", "-des"}, legacy...)},
		{"PKCS#1, DER", f.leaf.key, []string{"rsa", "-in", "key.pem", "-traditional", "-outform", "DER"}},
		{"PKCS#8, AES-256", f.leaf.key, []string{"pkcs8", "-topk8", "-in", "key.pem", "-v2", "aes256"}},
		{"PKCS#8, AES-192 with SHA-512", f.leaf.key, []string{"pkcs8", "-topk8", "-in", "key.pem", "-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512"}},
		{"PKCS#8, AES-128 with SHA-1", f.leaf.key, []string{"pkcs8", "-topk8", "-in", "key.pem", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"}},
		{"PKCS#8, 3DES", f.leaf.key, []string{"pkcs8", "-topk8", "-in", "key.pem", "-v2", "des3"}},
		{"PKCS#8, MD5 and DES, once the usual way", f.leaf.key, append([]string{"pkcs8", "-topk8", "-in", "key.pem", "-v1", "PBE-MD5-DES"}, legacy...)},
		{"PKCS#8, SHA-1 and DES", f.leaf.key, append([]string{"pkcs8", "-topk8", "-in", "key.pem", "-v1", "PBE-SHA1-DES"}, legacy...)},
		{"PKCS#8, SHA-1 and 3DES", f.leaf.key, []string{"pkcs8", "-topk8", "-in", "key.pem", "-v1", "PBE-SHA1-3DES"}},
		{"PKCS#8, DER", f.leaf.key, []string{"pkcs8", "-topk8", "-in", "key.pem", "-v2", "aes256", "-outform", "DER"}},
		{"PKCS#8, plain DER", f.leaf.key, []string{"pkcs8", "-topk8", "-in", "key.pem", "-nocrypt", "-outform", "DER"}},
		{"SEC1", ecKey(), []string{"ec", "-in", "ec.pem"}},
		{"SEC1, AES-256", ecKey(), []string{"ec", "-in", "ec.pem", "-aes256"}},
		{"SEC1, explicit name", ecKey(), []string{"ec", "-in", "ec.pem", "-param_enc", "named_curve", "-outform", "DER"}},
		{"EC, PKCS#8", ecKey(), []string{"pkcs8", "-topk8", "-in", "ec.pem", "-v2", "aes256"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := slices.Concat(tt.args, out)
			if strings.Contains(tt.name, "plain") {
				args = args[:len(args)-2]
			}
			run(t, dir, "openssl", args...)
			data := get(t, dir, "x.key")
			s, err := Load(Passwords{Key: pw(keyPassword)}, data)
			must(t, err)
			id, err := s.Pending("", secret.Secret{})
			must(t, err)
			if !samePublic(id.Signer().Public(), tt.key.Public()) {
				t.Error("the key is another one")
			}
			look, err := Inspect(data)
			must(t, err)
			if !look.KeyPassword {
				return
			}
			if _, err := Load(Passwords{Key: pw(wrongPassword)}, data); err == nil || told(t, err).Kind != WrongKeyPassword {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

func TestOpenSSLReadsOurs(t *testing.T) {
	dir := t.TempDir()
	f := writePEMs(t, dir)
	sealed, err := f.identity().EncryptedKey(pw(keyPassword))
	must(t, err)
	put(t, dir, "pending.key", sealed)
	run(t, dir, "openssl", "rsa", "-in", "pending.key", "-passin", "pass:"+keyPassword, "-out", "plain.key")
	put(t, dir, "all.pem", join(get(t, dir, "plain.key").Data, f.leaf.cert.PEM(), f.inter.cert.PEM(), f.root.cert.PEM()))
	wantChain(t, load(t, Passwords{}, get(t, dir, "all.pem")), f.leaf.key, f.chain()...)

	request, err := RequestFor(f.identity(), Template{Names: []string{"am.example.com", "größe.example.com", "192.0.2.7", "*.apps.example.com"}})
	must(t, err)
	put(t, dir, "x.csr", request.PEM)
	text := run(t, dir, "openssl", "req", "-in", "x.csr", "-noout", "-verify", "-text")
	for _, want := range []string{"DNS:am.example.com", "DNS:xn--gre-6ka8i.example.com", "IP Address:192.0.2.7", "DNS:*.apps.example.com", "CN = am.example.com", "verify OK"} {
		if !strings.Contains(text, want) {
			t.Errorf("the request lacks %q:\n%s", want, text)
		}
	}

	own, err := SelfSigned(Template{Names: []string{"am.example.com", "192.0.2.7"}, NotBefore: clock, NotAfter: clock.AddDate(10, 0, 0)})
	must(t, err)
	put(t, dir, "own.pem", own.Leaf().PEM())
	run(t, dir, "openssl", "verify", "-CAfile", "own.pem", "-attime", fmt.Sprint(clock.Add(time.Hour).Unix()), "-purpose", "sslserver", "-verify_hostname", "am.example.com", "own.pem")
	run(t, dir, "openssl", "verify", "-x509_strict", "-CAfile", "own.pem", "-attime", fmt.Sprint(clock.Add(time.Hour).Unix()), "-verify_ip", "192.0.2.7", "own.pem")

	// A CA answers the request with OpenSSL; PKCS#7 as well.
	put(t, dir, "inter.key", keyPEM(t, f.inter.key))
	run(t, dir, "openssl", "x509", "-req", "-in", "x.csr", "-CA", "inter.pem", "-CAkey", "inter.key", "-days", "365", "-out", "answer.pem", "-set_serial", "77", "-copy_extensions", "copy")
	answer := get(t, dir, "answer.pem")
	for _, files := range [][]File{{answer, get(t, dir, "cas.pem")}, {bundle(t, dir, "DER")}, {bundle(t, dir, "PEM")}} {
		id, err := request.Pending.Answer(files...)
		must(t, err)
		block, _ := pem.Decode(answer.Data)
		wantChain(t, id, f.leaf.key, parsed(t, block.Bytes), f.inter.cert, f.root.cert)
	}
}

func bundle(t *testing.T, dir, form string) File {
	t.Helper()
	run(t, dir, "openssl", "crl2pkcs7", "-nocrl", "-certfile", "cas.pem", "-certfile", "answer.pem", "-outform", form, "-out", "answer.p7b")
	return get(t, dir, "answer.p7b")
}

// keytool runs keytool in the ways of JDK 17 or, with old, of JDK 8.
func keytool(t *testing.T, dir string, old bool, args ...string) string {
	t.Helper()
	if old {
		args = append(args, "-J-Dkeystore.pkcs12.legacy")
	}
	return run(t, dir, "keytool", append(args, "-noprompt")...)
}

func TestKeytoolWrites(t *testing.T) {
	dir := t.TempDir()
	program(t, "keytool")
	writePEMs(t, dir)
	for _, tt := range []struct {
		name, store string
		old         bool
		key         string // a password of its own
	}{
		{"JKS", "JKS", false, ""},
		{"JKS, key password of its own", "JKS", false, keyPassword},
		{"PKCS12", "PKCS12", false, ""},
		{"PKCS12 of JDK 8", "PKCS12", true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := strings.ReplaceAll(tt.name, " ", "")
			store := []string{"-keystore", name, "-storetype", tt.store, "-storepass", storePassword}
			gen := append([]string{"-genkeypair", "-alias", "Mein Schlüssel", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=am.example.com", "-ext", "san=dns:am.example.com", "-validity", "400"}, store...)
			if tt.key != "" {
				gen = append(gen, "-keypass", tt.key)
			}
			keytool(t, dir, tt.old, gen...)
			keytool(t, dir, tt.old, append([]string{"-importcert", "-alias", "root", "-file", "root.pem"}, store...)...)
			keytool(t, dir, tt.old, append([]string{"-importcert", "-alias", "zwischen", "-file", "inter.pem"}, store...)...)
			data := get(t, dir, name)
			s, err := Load(stored(), data)
			must(t, err)
			if s.Format.String() != map[string]string{"JKS": "JKS", "PKCS12": "PKCS#12"}[tt.store] {
				t.Errorf("format %s", s.Format)
			}
			found := map[string]EntryKind{}
			for _, e := range s.Entries {
				found[e.Alias] = e.Kind
			}
			if len(found) != 3 || found["mein schlüssel"] != PrivateKey || found["root"] != TrustedCertificate || found["zwischen"] != TrustedCertificate {
				t.Errorf("entries %v", found)
			}
			id, err := s.Identity("Mein Schlüssel", secret.New(tt.key))
			must(t, err)
			if len(id.Chain) != 1 || id.Leaf().Name() != "am.example.com" {
				t.Errorf("chain %q", certificateNames(id.Chain))
			}
			text := run(t, dir, "keytool", append([]string{"-list", "-v", "-alias", "Mein Schlüssel"}, store...)...)
			for _, print := range []string{id.Leaf().SHA1(), id.Leaf().SHA256()} {
				if !strings.Contains(text, print) {
					t.Errorf("keytool has another fingerprint than %s:\n%s", print, text)
				}
			}
			if _, err := Load(Passwords{Store: pw(wrongPassword)}, data); err == nil || told(t, err).Kind != WrongStorePassword {
				t.Errorf("a wrong password: %v", err)
			}
			ts, err := OpenTruststore(data, pw(storePassword))
			if tt.store == "PKCS12" {
				if told(t, err).Kind != Unsupported {
					t.Errorf("a key store taken for a truststore: %v", err)
				}
				return
			}
			must(t, err)
			ts.changed = true
			again, err := ts.Bytes(pw(storePassword))
			must(t, err)
			if !bytes.Equal(again, data.Data) {
				t.Error("writing the file again changes it")
			}
		})
	}
}

// TestKeytoolTakesAnswer lets keytool make a key and a request, as operators have always done, and a CA answer it.
func TestKeytoolTakesAnswer(t *testing.T) {
	dir := t.TempDir()
	f := writePEMs(t, dir)
	store := []string{"-keystore", "k.jks", "-storetype", "JKS", "-storepass", storePassword, "-alias", "esb"}
	keytool(t, dir, false, append([]string{"-genkeypair", "-keyalg", "RSA", "-dname", "CN=esb.example.com"}, store...)...)
	keytool(t, dir, false, append([]string{"-certreq", "-file", "k.csr"}, store...)...)
	put(t, dir, "inter.key", keyPEM(t, f.inter.key))
	run(t, dir, "openssl", "x509", "-req", "-in", "k.csr", "-CA", "inter.pem", "-CAkey", "inter.key", "-days", "365", "-out", "answer.pem", "-set_serial", "78")
	id := load(t, stored(), get(t, dir, "k.jks"), get(t, dir, "answer.pem"), get(t, dir, "cas.pem"))
	if len(id.Chain) != 3 || id.Leaf().Issuer() != f.inter.cert.Subject() || id.Alias != "esb" {
		t.Errorf("%v: chain %q", id, certificateNames(id.Chain))
	}
	if len(id.Unrelated) != 1 || !id.Unrelated[0].SelfSigned() {
		t.Errorf("unrelated %q", certificateNames(id.Unrelated))
	}
}

// TestKeytoolReadsOurs has keytool list, and move to PKCS#12, what Build makes.
func TestKeytoolReadsOurs(t *testing.T) {
	dir := t.TempDir()
	program(t, "keytool")
	f := makeFamily()
	data, err := Build(f.identity(), "esb", pw(storePassword), clock)
	must(t, err)
	put(t, dir, "esb.jks", data)
	text := run(t, dir, "keytool", "-list", "-v", "-keystore", "esb.jks", "-storepass", storePassword, "-J-Duser.timezone=UTC")
	for _, want := range []string{
		"Keystore type: JKS", "Your keystore contains 1 entry", "Alias name: esb", "Creation date: Jun 1, 2026", "Entry type: PrivateKeyEntry", "Certificate chain length: 3",
		f.leaf.cert.SHA256(), f.inter.cert.SHA256(), f.root.cert.SHA256(),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("keytool -list -v lacks %q:\n%s", want, text)
		}
	}
	run(t, dir, "keytool", "-importkeystore", "-srckeystore", "esb.jks", "-srcstorepass", storePassword, "-destkeystore", "moved.p12", "-deststoretype", "PKCS12", "-deststorepass", storePassword, "-noprompt")
	wantChain(t, load(t, stored(), get(t, dir, "moved.p12")), f.leaf.key, f.chain()...)
	if out, err := tryRun(t, dir, "keytool", "-list", "-keystore", "esb.jks", "-storepass", wrongPassword); err == nil {
		t.Errorf("keytool takes a wrong password:\n%s", out)
	}
}

// readStore opens keystores with Java's KeyStore, as a JKS file and by the alias given in any letters, and shows every entry; it signs with the key and
// checks with the certificate.
const readStore = `
import java.io.*;
import java.security.*;
import java.security.cert.Certificate;
import java.util.*;

public class ReadStore {
    public static void main(String[] args) throws Exception {
        KeyStore ks = KeyStore.getInstance("JKS");
        char[] password = args[1].toCharArray();
        try (InputStream in = new FileInputStream(args[0])) { ks.load(in, password); }
        List<String> aliases = Collections.list(ks.aliases());
        Collections.sort(aliases);
        for (String alias : aliases) {
            System.out.println(alias + " key=" + ks.isKeyEntry(alias) + " created=" + ks.getCreationDate(alias).getTime());
            if (ks.isKeyEntry(alias)) {
                PrivateKey key = (PrivateKey) ks.getKey(alias, password);
                Certificate[] chain = ks.getCertificateChain(alias);
                for (Certificate c : chain) System.out.println("  " + hex(c));
                for (int i = 0; i + 1 < chain.length; i++) chain[i].verify(chain[i + 1].getPublicKey());
                Signature s = Signature.getInstance("SHA256withRSA");
                s.initSign(key);
                s.update(new byte[]{1, 2, 3});
                byte[] signed = s.sign();
                s.initVerify(chain[0].getPublicKey());
                s.update(new byte[]{1, 2, 3});
                System.out.println("  signs=" + s.verify(signed) + " encoded=" + key.getFormat() + " " + hex(key.getEncoded()));
                System.out.println("  upper=" + (ks.getKey(alias.toUpperCase(), password) != null));
            } else {
                System.out.println("  " + hex(ks.getCertificate(alias)));
            }
        }
    }
    static String hex(Certificate c) throws Exception { return hex(c.getEncoded()); }
    static String hex(byte[] b) throws Exception {
        StringBuilder s = new StringBuilder();
        for (byte x : MessageDigest.getInstance("SHA-256").digest(b)) s.append(String.format("%02x", x));
        return s.toString();
    }
}
`

// askJava returns what Java's KeyStore says of a file; "" when there is no Java that runs a source file.
func askJava(t *testing.T, dir, store, password string) string {
	t.Helper()
	program(t, "java")
	source := filepath.Join(dir, "ReadStore.java")
	must(t, os.WriteFile(source, []byte(readStore), 0o600))
	out, err := tryRun(t, dir, "java", source, store, password)
	if err != nil && strings.Contains(out, "jdk.compiler") {
		t.Skip("the Java here has no compiler; keytool is what is asked")
	}
	if err != nil {
		t.Fatalf("java: %v\n%s", err, out)
	}
	return out
}

func TestJavaReadsOurs(t *testing.T) {
	dir := t.TempDir()
	f := makeFamily()
	data, err := Build(f.identity(), "esb", pw(storePassword), clock)
	must(t, err)
	put(t, dir, "esb.jks", data)
	want := fmt.Sprintf("esb key=true created=%d\n  %s\n  %s\n  %s\n  signs=true encoded=PKCS#8 %s\n  upper=true\n",
		clock.UnixMilli(), sum(f.leaf.cert.Raw), sum(f.inter.cert.Raw), sum(f.root.cert.Raw), sum(pkcs8(t, f.leaf.key)))
	if got := askJava(t, dir, "esb.jks", storePassword); got != want {
		t.Errorf("Java reads\n%swant\n%s", got, want)
	}

	own, err := SelfSigned(Template{Names: []string{"am.example.com"}, NotBefore: clock, NotAfter: clock.AddDate(10, 0, 0)})
	must(t, err)
	data, err = Build(own, "esb", pw(`!"#$%&'()*+,-./:;<=>?@[\^_{|}~`), clock)
	must(t, err)
	put(t, dir, "own.jks", data)
	got := askJava(t, dir, "own.jks", `!"#$%&'()*+,-./:;<=>?@[\^_{|}~`)
	if !strings.Contains(got, "signs=true") || !strings.Contains(got, sum(own.Leaf().Raw)) {
		t.Errorf("Java reads\n%s", got)
	}

	ts := NewTruststore()
	for i, c := range f.chain() {
		_, _, err := ts.Add([]string{"", "issuing", "root-ca"}[i], c, clock)
		must(t, err)
	}
	data, err = ts.Bytes(pw(storePassword))
	must(t, err)
	put(t, dir, "trust.jks", data)
	want = ""
	for i, alias := range []string{"am.example.com", "issuing", "root-ca"} {
		want += fmt.Sprintf("%s key=false created=%d\n  %s\n", alias, clock.UnixMilli(), sum(f.chain()[i].Raw))
	}
	if got := askJava(t, dir, "trust.jks", storePassword); got != want {
		t.Errorf("Java reads\n%swant\n%s", got, want)
	}
}
