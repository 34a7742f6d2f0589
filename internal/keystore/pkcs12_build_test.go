package keystore

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"unicode/utf16"
)

// bagSpec is a bag of a PKCS#12 file to make, in ways in which the libraries do not make them.
type bagSpec struct {
	key     []byte // PKCS#8
	sealed  []byte // EncryptedPrivateKeyInfo
	cert    *Certificate
	alias   string
	localID string
	odd     bool // with attributes that nobody knows
	crl     bool
}

// makePFX makes a PKCS#12 file with plain bags, and a MAC when there is a password.
func makePFX(t testing.TB, password string, safes ...[]bagSpec) []byte {
	t.Helper()
	var infos []contentInfo
	for _, bags := range safes {
		var all []safeBag
		for _, b := range bags {
			all = append(all, b.bag(t))
		}
		infos = append(infos, dataInfo(t, marshal(t, all)))
	}
	return wrapPFX(t, password, marshal(t, infos))
}

func wrapPFX(t testing.TB, password string, content []byte) []byte {
	t.Helper()
	info := dataInfo(t, content)
	if password == "" {
		return marshal(t, struct {
			Version int
			Info    contentInfo
		}{3, info})
	}
	m := macData{Salt: []byte("saltsalt"), Iterations: 3}
	m.Mac.Algorithm.Algorithm = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	h := hmac.New(sha1.New, pkcs12KDF(sha1.New, 3, pkcs12Chars(pw(password)), m.Salt, 3, 20))
	h.Write(content)
	m.Mac.Digest = h.Sum(nil)
	return marshal(t, pfx{Version: 3, AuthSafe: info, MacData: m})
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	must(t, err)
	return der
}

func explicit(content []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: content}
}

func dataInfo(t testing.TB, content []byte) contentInfo {
	t.Helper()
	return contentInfo{Type: oidData, Content: explicit(marshal(t, content))}
}

func set(content []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: content}
}

func (b bagSpec) bag(t testing.TB) safeBag {
	t.Helper()
	var bag safeBag
	switch {
	case b.key != nil:
		bag.ID, bag.Value = oidKeyBag, explicit(b.key)
	case b.sealed != nil:
		bag.ID, bag.Value = oidShroudedBag, explicit(b.sealed)
	case b.crl:
		bag.ID, bag.Value = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 4}, explicit(marshal(t, 1))
	default:
		bag.ID, bag.Value = oidCertBag, explicit(marshal(t, certBag{Type: oidX509Cert, Data: b.cert.Raw}))
	}
	if b.alias != "" {
		var bmp []byte
		for _, u := range utf16.Encode([]rune(b.alias)) {
			bmp = append(bmp, byte(u>>8), byte(u))
		}
		value := marshal(t, asn1.RawValue{Tag: asn1.TagBMPString, Bytes: bmp})
		bag.Attributes = append(bag.Attributes, bagAttribute{ID: oidFriendlyName, Values: set(value)})
	}
	if b.localID != "" {
		bag.Attributes = append(bag.Attributes, bagAttribute{ID: oidLocalKeyID, Values: set(marshal(t, []byte(b.localID)))})
	}
	if b.odd { // the second one is what Windows adds for keys of the machine
		bag.Attributes = append(bag.Attributes,
			bagAttribute{ID: asn1.ObjectIdentifier{1, 2, 3, 4}, Values: set(marshal(t, 42))},
			bagAttribute{ID: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 17, 2}, Values: set(nil)})
	}
	return bag
}

// seal encrypts a key as in a bag.
func seal(t testing.TB, plain []byte, password string) []byte {
	t.Helper()
	der, err := encryptPBES2(plain, pw(password), 1000)
	must(t, err)
	return der
}

// asBER writes a value with open lengths and strings in pieces, as Bouncy Castle and NSS do.
func asBER(t testing.TB, der []byte) []byte {
	t.Helper()
	var out []byte
	for len(der) > 0 {
		h, err := readBERHeader(der)
		must(t, err)
		content := der[h.size : h.size+h.length]
		der = der[h.size+h.length:]
		switch {
		case h.constructed:
			out = append(append(append(out, h.identifier...), 0x80), asBER(t, content)...)
			out = append(out, 0, 0)
		case h.class == asn1.ClassUniversal && h.tag == asn1.TagOctetString && len(content) > 8:
			out = append(out, 0x24, 0x80)
			for len(content) > 0 {
				n := min(len(content), 1000)
				out = appendDER(out, []byte{asn1.TagOctetString}, content[:n])
				content = content[n:]
			}
			out = append(out, 0, 0)
		default:
			out = appendDER(out, h.identifier, content)
		}
	}
	return out
}

// encryptedInfo is a safe under the oldest of the schemes, whose content stands in pieces under an implicit tag.
func encryptedInfo(t testing.TB, algorithm pkix.AlgorithmIdentifier, data []byte) contentInfo {
	t.Helper()
	var e encryptedData
	e.Info.Type = oidData
	e.Info.Algorithm = algorithm
	var pieces []byte
	for len(data) > 0 {
		n := min(len(data), 256)
		pieces = appendDER(pieces, []byte{asn1.TagOctetString}, data[:n])
		data = data[n:]
	}
	e.Info.Content = explicit(pieces)
	return contentInfo{Type: oidEncryptedData, Content: explicit(marshal(t, e))}
}
