package vault

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// checkCipher decrypts every entry of ours.properties with the key that its name begins with, by both of the names that Carbon asks Java for RSA with, and
// encrypts every text of texts.properties into theirs.properties: in MIME lines that end in LF as WSO2's tool does, in CRLF, and on one line.
const checkCipher = `
import java.io.*;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.*;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.*;
import java.util.*;
import javax.crypto.Cipher;

public class CheckCipher {
    static Properties load(String name) throws Exception {
        Properties p = new Properties();
        try (InputStream in = new FileInputStream(name)) { p.load(in); }
        return p;
    }
    static PrivateKey key(String bits) throws Exception {
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(Paths.get(bits + ".pk8"))));
    }
    static PublicKey other(PrivateKey key) throws Exception {
        RSAPrivateCrtKey k = (RSAPrivateCrtKey) key;
        return KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(k.getModulus(), k.getPublicExponent()));
    }
    public static void main(String[] args) throws Exception {
        Properties ours = load("ours.properties");
        for (String name : new TreeSet<>(ours.stringPropertyNames())) {
            PrivateKey key = key(name.split("\\.")[0]);
            byte[] sealed = Base64.getMimeDecoder().decode(ours.getProperty(name).trim());
            for (String scheme : new String[]{"RSA/ECB/PKCS1Padding", "RSA"}) {
                Cipher c = Cipher.getInstance(scheme);
                c.init(Cipher.DECRYPT_MODE, key);
                String text = new String(c.doFinal(sealed), StandardCharsets.UTF_8);
                System.out.println(name + " " + String.format("%x", new BigInteger(1, text.getBytes(StandardCharsets.UTF_8))));
            }
        }
        Properties texts = load("texts.properties"), theirs = new Properties();
        for (String name : texts.stringPropertyNames()) {
            Cipher c = Cipher.getInstance("RSA/ECB/PKCS1Padding");
            c.init(Cipher.ENCRYPT_MODE, other(key(name.split("\\.")[0])));
            byte[] sealed = c.doFinal(texts.getProperty(name).getBytes(StandardCharsets.UTF_8));
            theirs.setProperty(name + ".lf", Base64.getMimeEncoder(76, new byte[]{'\n'}).encodeToString(sealed));
            theirs.setProperty(name + ".crlf", Base64.getMimeEncoder().encodeToString(sealed) + "\r\n");
            theirs.setProperty(name + ".line", Base64.getEncoder().encodeToString(sealed));
        }
        try (OutputStream out = new FileOutputStream("theirs.properties")) { theirs.store(out, null); }
    }
}
`

// javaTexts are secrets with what real ones have in them, and one as long as the key allows.
func javaTexts(k *Key) []string {
	return []string{
		"a", "wso2carbon", `p&ss<w>"o'r$d\]x[=:#!%^`, "Grüße-密码-😀", "two words", "]", "password", strings.Repeat("x", k.Limit()),
		strings.Repeat("é", k.Limit()/2),
	}
}

// TestJavaCipher has Java's own Cipher decrypt what we encrypt and the other way round, through files that both sides' java.util.Properties write.
func TestJavaCipher(t *testing.T) {
	dir := t.TempDir()
	program(t, "java")
	ours, texts := properties(t, nil), properties(t, nil)
	want := map[string]string{}
	for _, bits := range sizes {
		der, err := x509.MarshalPKCS8PrivateKey(keys[bits]())
		must(t, err)
		put(t, dir, strconv.Itoa(bits)+".pk8", der)
		for i, text := range javaTexts(testKey(bits)) {
			name := fmt.Sprintf("%d.%d", bits, i)
			want[name] = text
			must(t, ours.Set(name, encrypt(t, testKey(bits), text), ""))
			must(t, texts.Set(name, text, ""))
		}
	}
	for name, p := range map[string]*edit.Properties{"ours.properties": ours, "texts.properties": texts} {
		_, err := p.Commit()
		must(t, err)
		put(t, dir, name, p.Bytes())
	}
	out := java(t, dir, "CheckCipher.java", checkCipher, "CheckCipher.java")

	var lines []string
	for name, text := range want {
		line := name + " " + strings.TrimLeft(hex.EncodeToString([]byte(text)), "0")
		lines = append(lines, line, line)
	}
	got := strings.Split(strings.TrimSpace(out), "\n")
	slices.Sort(lines)
	slices.Sort(got)
	if !slices.Equal(got, lines) {
		t.Errorf("Java decrypts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}

	data, err := os.ReadFile(filepath.Join(dir, "theirs.properties"))
	must(t, err)
	if !strings.Contains(string(data), `\n`) {
		t.Errorf("Java writes no line breaks as escapes:\n%s", data)
	}
	theirs := properties(t, data).Entries()
	if len(theirs) != 3*len(want) {
		t.Fatalf("Java wrote %d entries, want %d", len(theirs), 3*len(want))
	}
	for _, e := range theirs {
		name := e.Key[:strings.LastIndexByte(e.Key, '.')]
		bits, _ := strconv.Atoi(name[:strings.IndexByte(name, '.')])
		if Classify(e.Value) != Encrypted {
			t.Errorf("%s is taken for %s", e.Key, Classify(e.Value))
		}
		if !testKey(bits).Holds(e.Value, secret.New(want[name])) {
			_, err := testKey(bits).Decrypt(e.Value)
			t.Errorf("%s of Java: %v", e.Key, err)
		}
	}
}
