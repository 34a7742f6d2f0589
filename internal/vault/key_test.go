package vault

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

func TestLimit(t *testing.T) {
	for bits, want := range map[int]int{1024: 117, 2048: 245, 3072: 373, 4096: 501} {
		if got := testKey(bits).Limit(); got != want {
			t.Errorf("%d bits: %d, want %d", bits, got, want)
		}
	}
}

func TestEncryptDecrypts(t *testing.T) {
	for _, bits := range sizes {
		k := testKey(bits)
		for _, text := range javaTexts(k) {
			sealed := encrypt(t, k, text)
			if strings.ContainsAny(sealed, "\r\n \t") || len(sealed) != base64.StdEncoding.EncodedLen(bits/8) {
				t.Errorf("%d bits: the ciphertext is %q", bits, sealed)
			}
			got, err := k.Decrypt(sealed)
			must(t, err)
			if got.Reveal() != text {
				t.Errorf("%d bits: %q became %q", bits, text, got.Reveal())
			}
			if again := encrypt(t, k, text); again == sealed {
				t.Error("the same ciphertext twice tells that two secrets are the same")
			}
		}
	}
}

func TestEncryptRefuses(t *testing.T) {
	k := testKey(1024)
	_, err := k.Encrypt(secret.New(strings.Repeat("x", 118)))
	wantError(t, err, TooLong, "The secret has 118 bytes; the key of the vault encrypts 117 at the most. Take a shorter secret, or a longer RSA key for the vault.")
	_, err = k.Encrypt(secret.Secret{})
	wantError(t, err, NoSecret, "The secret is empty; Carbon would take the name of its alias as the password. Give it a value, or take its element out of the vault.")
	small := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: keys[1024]().Primes[0], E: 65537}}
	_, err = NewKey(small).Encrypt(secret.New("x"))
	wantError(t, err, KeyTooSmall, "The RSA key of the vault has 512 bits; that protects nothing. Give RegistryKeyStore a key of 2048 bits or more.")
}

func TestDecryptRefuses(t *testing.T) {
	k := testKey(2048)
	sealed := encrypt(t, k, "hunter2")
	const other = " Encrypt the secret again with the key in use, or give RegistryKeyStore the key back that it was encrypted with."
	notBase64 := "The ciphertext is not base64, or a part of it is missing. Encrypt the secret again."
	size := func(n int) string {
		return fmt.Sprintf("The ciphertext has %d bytes; those of the key in use have 256.", n) + other
	}
	otherKey := "The ciphertext was made with another key than the one in use, or is damaged." + other
	for _, tt := range []struct {
		name, text string
		kind       ErrorKind
		want       string
	}{
		{"nothing", "", OtherSize, size(0)},
		{"plain", "[wso2carbon]", NotBase64, notBase64},
		{"cut off", sealed[:len(sealed)-3], NotBase64, notBase64},
		{"cut off at a group", sealed[:len(sealed)-4], OtherSize, size(255)},
		{"escapes left in", strings.ReplaceAll(sealed, "=", `\=`), NotBase64, notBase64},
		{"URL alphabet", strings.Repeat("-_", 172), NotBase64, notBase64},
		{"a shorter key", encrypt(t, testKey(1024), "hunter2"), OtherSize, size(128)},
		{"a longer key", encrypt(t, testKey(4096), "hunter2"), OtherSize, size(512)},
		{"another key", encrypt(t, testKey(0), "hunter2"), OtherKey, otherKey},
		{"zeros", base64.StdEncoding.EncodeToString(make([]byte, 256)), OtherKey, otherKey},
		{"over the modulus", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xff", 256))), OtherKey, otherKey},
		{"no UTF-8", base64.StdEncoding.EncodeToString(sealRaw(t, k, []byte("\xff\xfe"))), OtherKey, otherKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := k.Decrypt(tt.text)
			wantError(t, err, tt.kind, tt.want)
			if got.IsSet() || k.Holds(tt.text, secret.Secret{}) {
				t.Error("a secret comes with the error")
			}
		})
	}
}

func TestDecryptSkipsBlanks(t *testing.T) {
	k := testKey(2048)
	sealed := encrypt(t, k, "hunter2")
	for _, gap := range []string{"\n", "\r\n", " ", "\t", "\n\t ", "\f"} {
		var lines []string
		for at := 0; at < len(sealed); at += 76 {
			lines = append(lines, sealed[at:min(at+76, len(sealed))])
		}
		wrapped := gap + strings.Join(lines, gap) + gap
		if !k.Holds(wrapped, secret.New("hunter2")) || Classify(wrapped) != Encrypted {
			t.Errorf("lines with %q between them are not read", gap)
		}
	}
}

func TestHolds(t *testing.T) {
	k := testKey(2048)
	sealed := encrypt(t, k, "hunter2")
	for _, want := range []secret.Secret{secret.New("hunter3"), secret.New(""), {}, secret.New("hunter2 ")} {
		if k.Holds(sealed, want) {
			t.Errorf("a ciphertext of something else is said to hold %q", want.Reveal())
		}
	}
	if !k.Holds(sealed, secret.New("hunter2")) {
		t.Error("it does not hold what was encrypted")
	}
	empty := base64.StdEncoding.EncodeToString(sealRaw(t, k, nil))
	if got, err := k.Decrypt(empty); err != nil || !got.IsSet() || got.Reveal() != "" {
		t.Errorf("a ciphertext of nothing gives %q, %v", got.Reveal(), err)
	}
}

func TestErrorsTellNoSecret(t *testing.T) {
	k := testKey(2048)
	const hidden = "hunter2"
	for _, text := range []string{hidden + "\n", " " + hidden, "${" + hidden, hidden + "\xff", hidden + strings.Repeat("x", 300)} {
		_, err := k.Encrypt(secret.New(text))
		if strings.Contains(told(t, err).Error(), hidden) {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
	if _, err := k.Decrypt("[" + hidden + "]"); strings.Contains(told(t, err).Error(), hidden) {
		t.Errorf("the error tells the secret: %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	seen := map[string]bool{}
	for bits := range keys {
		got := testKey(bits).Fingerprint()
		if len(got) != 95 || strings.Trim(got, "0123456789ABCDEF:") != "" || seen[got] || got != testKey(bits).Fingerprint() {
			t.Errorf("%d: %s", bits, got)
		}
		seen[got] = true
	}
}

// recorded is a key for tests, in PKCS#8, and what Java's Cipher made with it, in lines as WSO2's tool writes them.
const (
	recordedKey = `
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBANXbsvx8LaU8BxFQcF4rzs5dhOWwDqP8/nBc8KWF0lLIjsNXjn8a0jVVa2dbVpinHhNeD7r4
CwFYCC0st+n2XE55gh6+3F07wQad/rkGjtaetvvPNaVZjt6R/8q66mMuvTSedTNovsOIcqv9yems+nrccq3hMYVfqGrmUT2FSPitAgMBAAECgYAZo4I81OJg
CedLAxrFn3jmsr2JD+dhb6ZNcEcFgRqrBBJhhvC1elCzRi9fL8sc+AQaDE/UeYJQQe6RA+h0qy17ntHixm9nKEtzXcNzjdFHb8BHbqiQP8ZTiwJLiMnuz6NZ
gZZc5/QNRH7v8W8DOEDIS3Gm6+2P4J59F/GE/7OxwQJBAPevMtufuZughJyeEiyb3VgyB/NXNhG3maZEcK1Pga5AHvOKbYzOQtKIohqvXRky6KWvbKOPTO7i
G6XgNnrLzt0CQQDdCcVVCpsZR/nm1C272TFZS8wLkdYh3RdTvXwIq3p1LWIj/2GobZRXBw4ksYwcyd3c5vQIvJYC5ROk+IolN2wRAkEAh1FrirvH7vOSn/Jo
YYDCPDYRS+wguStCwajwmm8unWGgx1OgqGXj8hv93HBkf6jlm+eshet7j6NukYBeo1YH7QJBALj1zCJ1VYO6Lutw8TQXcqv+OSgVSNHdZ/+yt2+pzjbvWwg0
U0vVJiQMy1D5IP2WDgkjWWFWLVEOz3lkYHT0A4ECQDipNNzVitH19+73F06bwVdSIoUCDeIfCU9w22O7z6wUXTYxT8Pp1dwgg6Om0aupS37lArnkVOIdLjdP
Jmryoqc=`
	recordedText   = "Grüße, $1 & <2> ]"
	recordedSealed = `HjFaAMtMuvRclwIn4mlqpQR9TxWEWGO7vw/Q5NH8yXQFUdaB0NZEQxhdytdkiChCbr4bj+hrtvBs
7TIIjwF23Rs83VyGN6FhQtD7hIY7d6s/cF+J6RI4HXOS3khRHlI4q4FzOOt8Jx1txuInxaazXixH
op65T+do5CnF67lf1mw=`
	recordedFingerprint = "0A:27:A5:6E:37:DB:21:EB:E1:D9:6D:D4:64:30:02:98:8C:B3:24:60:5B:9B:07:F8:4F:78:F1:04:EE:20:1E:74"
)

func TestRecordedCiphertext(t *testing.T) {
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(recordedKey, "\n", ""))
	must(t, err)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	must(t, err)
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("the key is a %T", parsed)
	}
	k := NewKey(key)
	if !k.Holds(recordedSealed, secret.New(recordedText)) {
		_, err := k.Decrypt(recordedSealed)
		t.Error("the ciphertext of Java is not read:", err)
	}
	if got := k.Fingerprint(); got != recordedFingerprint {
		t.Errorf("the fingerprint is %s, OpenSSL says %s", got, recordedFingerprint)
	}
}
