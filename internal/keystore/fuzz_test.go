package keystore

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"carbon-setup/internal/secret"
)

// small is a budget with which no input makes the fuzzer wait.
func small() *budget { return &budget{left: 5000} }

// operable fails unless an error is one that an operator can read.
func operable(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.What == "" || e.Kind == 0) {
		t.Fatalf("%v (%T) is not for an operator", err, err)
	}
}

func seeds(f *testing.F) [][]byte {
	f.Helper()
	fam := makeFamily()
	p12, err := pkcs12.LegacyRC2.WithIterations(1).Encode(fam.leaf.key, fam.leaf.cert.X509, nil, storePassword)
	must(f, err)
	modern, err := pkcs12.Modern2026.WithIterations(1).Encode(ecKey(), fam.leaf.cert.X509, nil, storePassword)
	must(f, err)
	plain := makePFX(f, "", []bagSpec{{key: pkcs8(f, ecKey()), alias: "a", odd: true, localID: "1"}, {cert: fam.leaf.cert, localID: "1"}, {crl: true}})
	p7 := makePKCS7(f, fam.leaf.cert, fam.inter.cert)
	return [][]byte{
		p12, modern, plain, asBER(f, plain), asBER(f, p12), p7, asBER(f, p7), odd(f, 1), odd(f, 2),
		{},
		makeJKS(f, storePassword, jksKey(f, "esb", fam.identity(), storePassword), jksCert("ca", fam.root.cert)),
		join(keyPEM(f, ecKey()), fam.leaf.cert.PEM(), block("PKCS7", p7)), fam.leaf.cert.Raw, pkcs8(f, ecKey()), negativeSerial(f).Raw,
		[]byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), []byte("\xFF\xFE-\x00-\x00"), []byte("MIIB"),
		{0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1},
	}
}

// FuzzLoad has any bytes as a file. What is taken can be shown, judged, and written as a keystore that is read back the same.
func FuzzLoad(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		in := File{Name: "f", Data: data}
		_, err := Inspect(in)
		operable(t, err)
		s, err := loadFiles(stored(), small(), []File{in})
		operable(t, err)
		if err != nil {
			return
		}
		for _, c := range s.Certificates() {
			show(c)
		}
		for _, e := range s.Entries {
			e.KeyInfo()
			if e.Kind != PrivateKey {
				continue
			}
			id, err := s.Identity(e.Alias, secret.Secret{})
			operable(t, err)
			if err != nil {
				continue
			}
			Diagnose(id, Against{Now: clock, HostName: "am.example.com", MgtHostName: "192.0.2.7"})
			out, err := Build(id, SuggestAlias(e.Alias), pw(storePassword), clock)
			operable(t, err)
			if !Holds(out, id, SuggestAlias(e.Alias), pw(storePassword)) {
				t.Fatal("the keystore does not hold what was put into it")
			}
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Fatalf("%d bytes took %s", len(data), took)
		}
	})
}

func show(c *Certificate) {
	c.Subject()
	c.Issuer()
	c.Name()
	c.Validity()
	c.Key()
	c.Signature()
	c.SANs()
	c.KeyUsage()
	c.IsDefault()
	c.PEM()
	matchName(c, "größe.example.com")
}

// FuzzJKS has any bytes behind the head of a JKS file. Whatever can be taken apart is put together again to the same bytes.
func FuzzJKS(f *testing.F) {
	for _, s := range seeds(f) {
		if Detect(s) == JKS && len(s) > 24 {
			f.Add(s[4 : len(s)-20])
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		data := append([]byte{0xFE, 0xED, 0xFE, 0xED}, body...)
		data = append(data, jksDigest(data, pw(storePassword))...)
		j, err := readJKS(data, pw(storePassword))
		if err != nil {
			if !errors.Is(err, errDigest) {
				operable(t, err)
			}
			return
		}
		if !bytes.Equal(j.bytes(pw(storePassword)), data) {
			t.Fatal("put together again, it has other bytes")
		}
		ts, err := OpenTruststore(File{Name: "f", Data: data}, pw(storePassword))
		operable(t, err)
		if err != nil {
			return
		}
		ts.Diagnose(clock)
		ts.Defaults()
		entries := ts.Entries()
		if _, _, err := ts.Add("new", makeFamily().root.cert, clock); err != nil {
			operable(t, err)
			return
		}
		out, err := ts.Bytes(pw("another-Pass3"))
		must(t, err)
		again, err := OpenTruststore(File{Name: "f", Data: out}, pw("another-Pass3"))
		must(t, err)
		for i, e := range entries {
			if a := again.Entries()[i]; a.Alias != e.Alias || !a.Created.Equal(e.Created) || a.Kind != e.Kind || len(a.Chain) != len(e.Chain) {
				t.Fatalf("entry %d is another one", i)
			}
		}
	})
}

// FuzzPEM has any bytes between blocks of a bundle.
func FuzzPEM(f *testing.F) {
	fam := makeFamily()
	leaf, key := fam.leaf.cert.PEM(), keyPEM(f, ecKey())
	for _, s := range []string{"", "\r\n", "-----BEGIN X-----\n", "-----END X-----", "friendlyName: a", "\x00", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, between []byte, first bool) {
		data := join(leaf, between, key)
		if first {
			data = join(between, leaf, key)
		}
		s, err := loadFiles(stored(), small(), []File{{Name: "f", Data: data}})
		operable(t, err)
		if err == nil && !bytes.Contains(between, []byte("-----")) && (len(s.Keys()) != 1 || len(s.Certificates()) != 1) && Detect(data) == PEM && !bytes.HasPrefix(data, []byte{0xFE, 0xFF}) && !bytes.HasPrefix(data, []byte{0xFF, 0xFE}) {
			t.Fatalf("%d keys, %d certificates", len(s.Keys()), len(s.Certificates()))
		}
	})
}

// FuzzBER has any bytes as a value. What comes out is a value of known length, and stays as it is.
func FuzzBER(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		der, err := toDER(data)
		if err != nil {
			return
		}
		n, plain, err := measure(der, 0)
		if err != nil || n != len(der) || !plain {
			t.Fatalf("%d of %d bytes, plain %v: %v", n, len(der), plain, err)
		}
		if again, err := toDER(der); err != nil || !bytes.Equal(again, der) {
			t.Fatal("a second time it changes")
		}
	})
}

// FuzzBags has any bytes as the content of a PKCS#12 file whose MAC is right.
func FuzzBags(f *testing.F) {
	fam := makeFamily()
	for _, bags := range [][]bagSpec{
		{{key: pkcs8(f, ecKey()), alias: "a"}, {cert: fam.leaf.cert}}, {{cert: fam.root.cert, odd: true}}, {{sealed: seal(f, pkcs8(f, ecKey()), storePassword)}}, {{crl: true}},
	} {
		_, content, err := openPFX(makePFX(f, "", bags))
		must(f, err)
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := loadFiles(stored(), small(), []File{{Name: "f", Data: wrapPFX(t, storePassword, content)}})
		operable(t, err)
		_, err = OpenTruststore(File{Name: "f", Data: wrapPFX(t, storePassword, content)}, pw(storePassword))
		operable(t, err)
	})
}
