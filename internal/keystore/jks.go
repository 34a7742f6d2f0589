package keystore

import (
	"crypto/sha1" //nolint:gosec // the digest of the JKS format
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"time"
	"unicode/utf16"

	"carbon-setup/internal/secret"
)

// The JKS format as sun.security.provider.JavaKeyStore writes it: magic, version, number of entries, the entries, and a SHA-1 digest over the
// password, a salt of words and all bytes before. Numbers are big-endian, texts are modified UTF-8 with a length of two bytes.
const (
	jksMagic   = 0xFEEDFEED
	jceksMagic = 0xCECECECE
	jksKeyTag  = 1
	jksCertTag = 2
	jksWords   = "Mighty Aphrodite"

	maxEntries = 10000 // of a store; the largest public root program has a few hundred
	maxChain   = 100   // of one key
)

// jksFile is a JKS file taken apart; every text and certificate is as its bytes stand in the file.
type jksFile struct {
	version uint32 // 1 or 2: from 2 on, each certificate carries its type
	entries []jksEntry
}

type jksEntry struct {
	tag     uint32
	alias   []byte // modified UTF-8
	created uint64 // milliseconds
	key     []byte // EncryptedPrivateKeyInfo, of a key
	chain   []jksCertificate
}

type jksCertificate struct {
	kind []byte // "X.509"
	der  []byte
}

// errDigest is a store whose digest is not that of its content and the password.
var errDigest = errors.New("keystore: the digest does not match")

// newAlias is an alias for jksEntry.
func newAlias(alias string) []byte { return encodeModifiedUTF8(alias) }

func (e *jksEntry) aliasText() string { return decodeModifiedUTF8(e.alias) }

func (e *jksEntry) time() time.Time {
	const lastYear = 253402300799999 // of four digits, in milliseconds
	if e.created > lastYear {
		return time.Time{}
	}
	return time.UnixMilli(int64(e.created)).UTC()
}

// jksReader takes numbers and texts off the front of data. After the first failure it returns zero values.
type jksReader struct {
	data  []byte
	at    int
	short bool
}

func (r *jksReader) take(n uint64) []byte {
	if r.short || n > uint64(len(r.data)-r.at) {
		r.short = true
		return nil
	}
	from := r.at
	r.at += int(n)
	return r.data[from:r.at:r.at]
}

func (r *jksReader) u16() uint64 {
	if b := r.take(2); b != nil {
		return uint64(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *jksReader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *jksReader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *jksReader) text() []byte { return r.take(r.u16()) }
func (r *jksReader) blob() []byte { return r.take(uint64(r.u32())) }

// parseJKS takes a JKS file apart; it does not need the password. The digest stands at the returned offset.
func parseJKS(data []byte) (*jksFile, int, error) {
	r := &jksReader{data: data}
	r.u32() // the magic number has been looked at
	f := &jksFile{version: r.u32()}
	count := r.u32()
	switch {
	case r.short:
		return nil, 0, truncated("It is the beginning of a JKS keystore and ends within its head.")
	case f.version != 1 && f.version != 2:
		return nil, 0, &Error{Kind: Unsupported, What: "It begins as a JKS keystore, but of a version that no Java writes.", Fix: fixCopyAgain}
	case count > maxEntries:
		return nil, 0, &Error{Kind: TooLarge, What: "It says that it holds more than 10000 entries; no keystore does.", Fix: fixCopyAgain}
	}
	for range count {
		e, err := r.entry(f.version)
		if err != nil {
			return nil, 0, err
		}
		f.entries = append(f.entries, e)
	}
	end := r.at
	if r.take(sha1.Size); r.short {
		return nil, 0, truncated("It is the beginning of a JKS keystore; its end is missing.")
	}
	return f, end, nil
}

func (r *jksReader) entry(version uint32) (jksEntry, error) {
	e := jksEntry{tag: r.u32(), alias: r.text(), created: r.u64()}
	count := uint32(1)
	if e.tag == jksKeyTag {
		e.key = r.blob()
		count = r.u32()
	} else if e.tag != jksCertTag && !r.short {
		return e, &Error{Kind: Damaged, What: "It is a JKS keystore with an entry that is neither a key nor a certificate.", Fix: fixCopyAgain}
	}
	if count > maxChain {
		return e, &Error{Kind: TooLarge, What: "It is a JKS keystore with a key whose chain is said to have more than 100 certificates.", Fix: fixCopyAgain}
	}
	for range count {
		var c jksCertificate
		if version == 2 {
			c.kind = r.text()
		}
		c.der = r.blob()
		e.chain = append(e.chain, c)
	}
	if r.short {
		return e, truncated("It is the beginning of a JKS keystore; its end is missing.")
	}
	return e, nil
}

// readJKS takes a JKS file apart and checks its digest.
func readJKS(data []byte, password secret.Secret) (*jksFile, error) {
	f, end, err := parseJKS(data)
	if err != nil {
		return nil, err
	}
	want := jksDigest(data[:end], password)
	if subtle.ConstantTimeCompare(want, data[end:end+sha1.Size]) != 1 {
		return nil, errDigest
	}
	return f, nil
}

// bytes puts the file together again.
func (f *jksFile) bytes(password secret.Secret) []byte {
	b := binary.BigEndian.AppendUint32(nil, jksMagic)
	b = binary.BigEndian.AppendUint32(b, f.version)
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.entries)))
	for _, e := range f.entries {
		b = binary.BigEndian.AppendUint32(b, e.tag)
		b = appendText(b, e.alias)
		b = binary.BigEndian.AppendUint64(b, e.created)
		if e.tag == jksKeyTag {
			b = appendBlob(b, e.key)
			b = binary.BigEndian.AppendUint32(b, uint32(len(e.chain)))
		}
		for _, c := range e.chain {
			if f.version == 2 {
				b = appendText(b, c.kind)
			}
			b = appendBlob(b, c.der)
		}
	}
	return append(b, jksDigest(b, password)...)
}

func appendText(b, text []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}

func appendBlob(b, blob []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(blob))), blob...)
}

func jksDigest(content []byte, password secret.Secret) []byte {
	h := sha1.New() //nolint:gosec // the digest of the JKS format
	chars := javaChars(password)
	h.Write(chars)
	clear(chars)
	h.Write([]byte(jksWords))
	h.Write(content)
	return h.Sum(nil)
}

// javaChars is a password as the two bytes of each Java char. Callers clear it.
func javaChars(password secret.Secret) []byte {
	text := password.Reveal()
	b := make([]byte, 0, 2*len(text)) // enough: no growing leaves a copy behind
	for _, r := range text {
		if r > 0xFFFF {
			high, low := utf16.EncodeRune(r)
			b = append(b, byte(high>>8), byte(high), byte(low>>8), byte(low))
			continue
		}
		b = append(b, byte(r>>8), byte(r))
	}
	return b
}

// encodeModifiedUTF8 writes a text as java.io.DataOutput.writeUTF does: NUL as two bytes, characters beyond the first plane as two surrogates
// of three bytes each.
func encodeModifiedUTF8(text string) []byte {
	b := make([]byte, 0, len(text))
	for _, unit := range utf16.Encode([]rune(text)) {
		switch {
		case unit != 0 && unit < 0x80:
			b = append(b, byte(unit))
		case unit < 0x800:
			b = append(b, 0xC0|byte(unit>>6), 0x80|byte(unit&0x3F))
		default:
			b = append(b, 0xE0|byte(unit>>12), 0x80|byte(unit>>6&0x3F), 0x80|byte(unit&0x3F))
		}
	}
	return b
}

// decodeModifiedUTF8 reads what encodeModifiedUTF8 writes. What is not so written becomes U+FFFD.
func decodeModifiedUTF8(b []byte) string {
	units := make([]uint16, 0, len(b))
	for i := 0; i < len(b); {
		unit, n := modifiedUnit(b[i:])
		units = append(units, unit)
		i += n
	}
	return string(utf16.Decode(units))
}

func modifiedUnit(b []byte) (unit uint16, size int) {
	const bad = 0xFFFD
	follows := func(i int) bool { return len(b) > i && b[i]&0xC0 == 0x80 }
	switch c := b[0]; {
	case c < 0x80:
		return uint16(c), 1
	case c&0xE0 == 0xC0 && follows(1):
		return uint16(c&0x1F)<<6 | uint16(b[1]&0x3F), 2
	case c&0xF0 == 0xE0 && follows(1) && follows(2):
		return uint16(c&0x0F)<<12 | uint16(b[1]&0x3F)<<6 | uint16(b[2]&0x3F), 3
	}
	return bad, 1
}
