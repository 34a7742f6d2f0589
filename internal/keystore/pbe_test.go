package keystore

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRC2 has the examples of RFC 2268, section 5, whose effective length is that of the key.
func TestRC2(t *testing.T) {
	for _, tt := range []struct{ key, plain, cipher string }{
		{"ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"},
		{"3000000000000000", "1000000000000001", "30649edf9be7d2c2"},
		{"88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"},
	} {
		key, err := hex.DecodeString(tt.key)
		must(t, err)
		plain, err := hex.DecodeString(tt.plain)
		must(t, err)
		c := newRC2(key)
		out := make([]byte, 8)
		c.(*rc2).Encrypt(out, plain)
		if got := hex.EncodeToString(out); got != tt.cipher {
			t.Errorf("%s under %s is %s, want %s", tt.plain, tt.key, got, tt.cipher)
		}
		c.Decrypt(out, out)
		if !bytes.Equal(out, plain) {
			t.Errorf("%s comes back as %x", tt.plain, out)
		}
	}
}

func TestBER(t *testing.T) {
	f := makeFamily()
	for _, der := range [][]byte{f.leaf.cert.Raw, pkcs8(t, f.leaf.key), makePFX(t, storePassword, []bagSpec{{cert: f.leaf.cert}})} {
		for _, ber := range [][]byte{der, asBER(t, der), append(bytes.Clone(der), 1, 2, 3)} {
			got, err := toDER(ber)
			if err != nil || !bytes.Equal(got, der) {
				t.Errorf("not the same: %v", err)
			}
		}
		ber := asBER(t, der)
		for n := range min(len(ber), 300) {
			if _, err := toDER(ber[:n]); !errors.Is(err, errBERShort) {
				t.Fatalf("the first %d bytes: %v", n, err)
			}
		}
	}
	for name, bad := range map[string][]byte{
		"a primitive of open length":  {4, 0x80, 0, 0},
		"pieces that are no strings":  {0x24, 0x80, 2, 1, 1, 0, 0},
		"a length of sixteen bytes":   append([]byte{0x30, 0x90}, bytes.Repeat([]byte{0xFF}, 16)...),
		"a tag without end":           append([]byte{0x3F}, bytes.Repeat([]byte{0xFF}, 16)...),
		"a hundred values in another": bytes.Repeat([]byte{0x30, 0x80}, 100),
	} {
		if _, err := toDER(bad); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestHostileIterations bounds the work that a small file may ask for.
func TestHostileIterations(t *testing.T) {
	start := time.Now()
	for _, iterations := range []int{0, -1, 1 << 31, 1 << 40, 1 << 62} {
		der, err := marshalPBES2([]byte("salt"), make([]byte, 16), iterations, make([]byte, 64))
		must(t, err)
		if _, err := Load(Passwords{Key: pw(keyPassword)}, file("k.der", der)); err == nil {
			t.Errorf("%d rounds are taken", iterations)
		}
		parameters := marshal(t, pbe1Parameters{Salt: []byte("salt"), Iterations: iterations})
		old, err := marshalEncryptedKey(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}, asn1.RawValue{FullBytes: parameters}, make([]byte, 64))
		must(t, err)
		if _, err := Load(stored(), file("a.p12", makePFX(t, storePassword, []bagSpec{{sealed: old}}))); err == nil {
			t.Errorf("%d old rounds are taken", iterations)
		}
	}
	// Many keys of many rounds each: the sum is what counts.
	der, err := marshalPBES2([]byte("salt"), make([]byte, 16), 4_000_000, make([]byte, 64))
	must(t, err)
	var bags []bagSpec
	for range 50 {
		bags = append(bags, bagSpec{sealed: der})
	}
	_, err = Load(stored(), file("a.p12", makePFX(t, storePassword, bags)))
	if told(t, err).Kind != TooLarge {
		t.Errorf("fifty keys of four million rounds: %v", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

// TestHostileSizes bounds the time for files within 8 MiB that ask for too much.
func TestHostileSizes(t *testing.T) {
	f := makeFamily()
	start := time.Now()
	// A self-signed certificate whose key has a million bits: checking its signature would take minutes.
	huge := &rsa.PublicKey{N: new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 1_000_000), 0, 1), E: 1<<31 - 1}
	x := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "huge"}, NotBefore: clock, NotAfter: clock.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, x, x, huge, rsaKeys[3]())
	must(t, err)
	parsed(t, der)
	for name, tt := range map[string]struct {
		p    Passwords
		data []byte
		want string
	}{
		"a key of a megabyte":    {Passwords{}, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: make([]byte, 1<<20)}), "In the block that begins in line 1: The private key is longer than any that is in use, with which a Carbon server cannot work."},
		"201 keys":               {Passwords{}, bytes.Repeat(keyPEM(t, ecKey()), 201), "There are more than 200 private keys."},
		"10001 PEM blocks":       {Passwords{}, bytes.Repeat(block("X", []byte("x")), maxEntries+1), "It holds more than 10000 PEM blocks; no bundle has as many."},
		"10001 bags":             {stored(), makePFX(t, storePassword, slices.Repeat([]bagSpec{{crl: true}}, maxEntries+1)), "It is a PKCS#12 file with more than 10000 entries; no keystore has as many."},
		"8 MiB of line ends":     {Passwords{}, bytes.Repeat([]byte("\n"), MaxSize), "It is no keystore, certificate or private key"},
		"8 MiB of one line":      {Passwords{}, bytes.Repeat([]byte("x-----BEGIN "), MaxSize/12), `The block "x" that begins in line 1 has no end.`},
		"8 MiB of end":           {Passwords{}, append([]byte("-----BEGIN \n"), bytes.Repeat([]byte("x-----END "), MaxSize/12)...), "It is no keystore, certificate or private key"},
		"8 MiB of dashes":        {Passwords{}, append([]byte("-----BEGIN \n"), bytes.Repeat([]byte("-"), MaxSize-100)...), "It is no keystore, certificate or private key"},
		"8 MiB of begin":         {Passwords{}, bytes.Repeat([]byte("-----BEGIN A-----"), MaxSize/17), `The block "A" that begins in line 1 has no end.`},
		"8 MiB of base64":        {Passwords{}, append([]byte("MI"), bytes.Repeat([]byte("A"), MaxSize-2)...), "It is no keystore, certificate or private key"},
		"8 MiB of nested values": {Passwords{}, bytes.Repeat([]byte{0x30, 0x80}, MaxSize/2), "It begins as a file in DER form"},
		"8 MiB of small values":  {Passwords{}, append([]byte{0x30, 0x80}, bytes.Repeat([]byte{5, 0}, MaxSize/2-1)...), "It is the beginning of a certificate or key in DER form"},
		"a chain of 101":         {stored(), makeJKS(t, storePassword, jksKey(t, "a", identity(f.leaf.key, slices.Repeat(f.chain(), 34)...), storePassword)), "It is a JKS keystore with a key whose chain is said to have more than 100 certificates."},
	} {
		_, err := Load(tt.p, file("", tt.data))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}
