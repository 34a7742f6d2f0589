package vault

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"carbon-setup/internal/secret"
)

// FuzzClassify has any value of cipher-text.properties: what is encrypted is not plain, and only what is plain has a text.
func FuzzClassify(f *testing.F) {
	for _, s := range []string{"", "[a]", "][", "[a]b]", "wso2carbon", b64(128), b64(256)[:76] + "\r\n" + b64(256)[76:], "[" + b64(64) + "]"} {
		f.Add(s)
	}
	k := testKey(1024)
	f.Fuzz(func(t *testing.T, value string) {
		state, plain := Classify(value), PlainOf(value)
		if (state == Plain) != plain.IsSet() {
			t.Fatalf("%q is %s; has it a text: %t", value, state, plain.IsSet())
		}
		if !strings.Contains(value, plain.Reveal()) || strings.Contains(plain.Reveal(), "]") || cut(value) && state != Plain {
			t.Fatalf("%q has the text %q", value, plain.Reveal())
		}
		if _, err := k.Decrypt(value); err == nil && state != Encrypted {
			t.Fatalf("%q is %s and decrypts", value, state)
		}
		if again := Classify(value + "\n"); again != state {
			t.Fatalf("%q is %s, with a line end %s", value, state, again)
		}
	})
}

// FuzzDecrypt has any text as a ciphertext.
func FuzzDecrypt(f *testing.F) {
	k := testKey(1024)
	for _, s := range []string{"", "=", "[a]", b64(128), encrypt(f, k, "a"), encrypt(f, testKey(2048), "a"), encrypt(f, k, "Grüße")[:170] + "\n=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := k.Decrypt(text)
		if err != nil {
			if e := told(t, err); e.Kind != NotBase64 && e.Kind != OtherSize && e.Kind != OtherKey {
				t.Fatalf("kind %d", e.Kind)
			}
			if got.IsSet() || k.Holds(text, got) {
				t.Fatal("a secret comes with the error")
			}
			return
		}
		if !utf8.ValidString(got.Reveal()) || len(got.Reveal()) > k.Limit() || !k.Holds(text, got) {
			t.Fatalf("%q decrypts to %q", text, got.Reveal())
		}
	})
}

// FuzzEncrypt is the law that a secret comes out of the vault as it went in, or is refused, and that what is taken passes through a reader that trims.
func FuzzEncrypt(f *testing.F) {
	for _, s := range []string{"", "a", " a", "a\n", "${", "Grüße", "\xff", "]", strings.Repeat("x", 117), strings.Repeat("x", 118), "\u0085"} {
		f.Add(s)
	}
	k := testKey(1024)
	f.Fuzz(func(t *testing.T, text string) {
		sealed, err := k.Encrypt(secret.New(text))
		if (err == nil) != (Check(secret.New(text), k.Limit()) == nil) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			told(t, err)
			return
		}
		if strings.TrimSpace(text) == "" && !strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
			t.Fatalf("%q is taken", text)
		}
		if Classify(sealed) != Encrypted || !k.Holds(sealed, secret.New(text)) {
			t.Fatalf("%q is encrypted as %q", text, sealed)
		}
	})
}

// FuzzParsePlace has any value of cipher-tool.properties: what is taken is written so that it is read the same.
func FuzzParsePlace(f *testing.F) {
	for _, s := range []string{"", "carbon.xml//Server/Security/KeyStore/Password,true", "a//b", "//", "a//,", "../a//b,false", "a///b//c , true", "a,//b", "0///", "0// / ", "0/// M", "/ //b"} {
		f.Add("A", s)
	}
	f.Fuzz(func(t *testing.T, alias, value string) {
		p, err := ParsePlace(alias, value)
		if err != nil {
			if told(t, err).Kind != BadPlace || p != (Place{}) {
				t.Fatalf("%q: %+v, %v", value, p, err)
			}
			return
		}
		again, err := ParsePlace(alias, p.String())
		if err != nil || again != p {
			t.Fatalf("%q is read as %+v, written as %q and read as %+v: %v", value, p, p.String(), again, err)
		}
		for _, c := range p.Candidates() {
			if strings.HasPrefix(c, "/") || c == ".." || strings.HasPrefix(c, "../") {
				t.Fatalf("%q is looked for outside of the home, in %q", value, c)
			}
		}
	})
}

// FuzzParsePasswordFile has any bytes as a password file: a password without a fault is one line without blanks around it, and what we write of it is read back.
func FuzzParsePasswordFile(f *testing.F) {
	for _, s := range []string{"", "\n", "a", "a\n", "a\r\n", "a \n", "a\nb\n", "\ufeffa", "\xff", "a\rb", "a\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read, faults := ParsePasswordFile(data)
		for _, fault := range faults {
			if fault.Key == "" || fault.What == "" || fault.Fix == "" || fault.Severity == 0 {
				t.Fatalf("%q: %+v", data, fault)
			}
		}
		text := read.Reveal()
		if !bytes.HasPrefix(data, []byte(text)) || strings.ContainsAny(text, "\r\n") || read.IsSet() != (len(data) > 0) {
			t.Fatalf("%q is read as %q", data, text)
		}
		if len(faults) > 0 {
			return
		}
		again, faults := ParsePasswordFile(PasswordFile(read))
		if text == "" || strings.TrimSpace(text) != text || !again.Equal(read) || len(faults) > 0 {
			t.Fatalf("%q is read as %q, and that as %q with %v", data, text, again.Reveal(), faults)
		}
	})
}

// FuzzReadConf has any values for the keys of secret-conf.properties.
func FuzzReadConf(f *testing.F) {
	f.Add("file", "repository/conf/security/cipher-text.properties", "repository/resources/security/x.jks", "JKS")
	f.Add("", "", "", "")
	f.Add(",file", "C:", "${", " ")
	f.Fuzz(func(t *testing.T, repositories, location, keystore, class string) {
		got := readConf(confWith(goodConf, map[string]string{
			"secretRepositories": repositories, "secretRepositories.file.location": location, "keystore.identity.location": keystore, "carbon.secretProvider": class,
		}))
		if got.On == (got.State == ConfOff) || got.State == 0 {
			t.Fatalf("on %t, state %s", got.On, got.State)
		}
		for _, fault := range got.Faults {
			if fault.Key == "" || fault.What == "" || fault.Fix == "" || fault.Severity == 0 {
				t.Fatalf("%+v", fault)
			}
		}
		for _, found := range Diagnose(Reading{Conf: got, Files: []string{}}) {
			if found.ID == "" || found.What == "" || found.Why == "" || found.Fix == "" {
				t.Fatalf("%+v", found)
			}
		}
	})
}
