package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // read only: what old tools wrote
	"crypto/md5" //nolint:gosec // read only: what old tools wrote
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rc4"  //nolint:gosec // read only: what old tools wrote
	"crypto/sha1" //nolint:gosec // read only: what old tools wrote
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
	"math/big"

	"carbon-setup/internal/secret"
)

// errDecrypt is a password that does not open what it was tried on.
var errDecrypt = errors.New("keystore: wrong password")

// maxIterations bounds the password hashing that the files of one Load may ask for. Tools use 1 to 600000 for a file.
const maxIterations = 10_000_000

// budget is what is left of maxIterations.
type budget struct{ left int }

func newBudget() *budget { return &budget{left: maxIterations} }

func (b *budget) spend(iterations int) error {
	if iterations < 1 {
		return errBER
	}
	if iterations > b.left {
		return &Error{Kind: TooLarge, What: "Its encryption asks for more than ten million rounds of password hashing; no tool does.", Fix: fixCopyAgain}
	}
	b.left -= iterations
	return nil
}

// encryptedKey is EncryptedPrivateKeyInfo of PKCS#8.
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

func parseEncryptedKey(der []byte) (encryptedKey, error) {
	var info encryptedKey
	err := unmarshalAll(der, &info)
	return info, err
}

func marshalEncryptedKey(algorithm asn1.ObjectIdentifier, parameters asn1.RawValue, data []byte) ([]byte, error) {
	return asn1.Marshal(encryptedKey{Algorithm: pkix.AlgorithmIdentifier{Algorithm: algorithm, Parameters: parameters}, Data: data})
}

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	oidPBMAC1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
	oidAES256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidHMAC2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9} // HMAC-SHA-256
)

// pbe1 are the schemes whose key comes from one SHA-1 or MD5 chain: those of PKCS#12 (appendix C) and of PKCS#5 v1.5.
type pbe1 struct {
	name     string
	keySize  int
	pkcs5    func() hash.Hash // nil: the key derivation of PKCS#12
	newBlock func(key []byte) (cipher.Block, error)
	stream   bool // RC4
}

var pbe1Schemes = map[string]pbe1{
	"1.2.840.113549.1.12.1.1": {name: "RC4 (128 bit)", keySize: 16, stream: true},
	"1.2.840.113549.1.12.1.2": {name: "RC4 (40 bit)", keySize: 5, stream: true},
	"1.2.840.113549.1.12.1.3": {name: "3DES", keySize: 24, newBlock: des.NewTripleDESCipher},
	"1.2.840.113549.1.12.1.4": {name: "3DES (two keys)", keySize: 16, newBlock: newTwoKeyDES},
	"1.2.840.113549.1.12.1.5": {name: "RC2 (128 bit)", keySize: 16, newBlock: newRC2Block},
	"1.2.840.113549.1.12.1.6": {name: "RC2 (40 bit)", keySize: 5, newBlock: newRC2Block},
	"1.2.840.113549.1.5.3":    {name: "DES with MD5", keySize: 8, pkcs5: md5.New, newBlock: des.NewCipher},
	"1.2.840.113549.1.5.10":   {name: "DES with SHA-1", keySize: 8, pkcs5: sha1.New, newBlock: des.NewCipher},
}

func newTwoKeyDES(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(append(key[:16:16], key[:8]...)) //nolint:gosec // read only: what old tools wrote
}

func newRC2Block(key []byte) (cipher.Block, error) { return newRC2(key), nil }

type pbe1Parameters struct {
	Salt       []byte
	Iterations int
}

type pbes2Parameters struct{ KDF, Scheme pkix.AlgorithmIdentifier }

type pbkdf2Parameters struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// hmacs are the pseudo-random functions of PBKDF2 and PBMAC1.
var hmacs = map[string]func() hash.Hash{
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.8":  sha256.New224,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
	"1.2.840.113549.2.12": sha512.New512_224,
	"1.2.840.113549.2.13": sha512.New512_256,
}

// hashes are the digests of the integrity check of PKCS#12.
var hashes = map[string]func() hash.Hash{
	"1.3.14.3.2.26":          sha1.New,
	"2.16.840.1.101.3.4.2.4": sha256.New224,
	"2.16.840.1.101.3.4.2.1": sha256.New,
	"2.16.840.1.101.3.4.2.2": sha512.New384,
	"2.16.840.1.101.3.4.2.3": sha512.New,
}

// decrypt opens data under a scheme of PKCS#5 or PKCS#12. errDecrypt: the password is wrong, as far as padding tells.
func decrypt(algorithm pkix.AlgorithmIdentifier, data []byte, password secret.Secret, b *budget) ([]byte, error) {
	if algorithm.Algorithm.Equal(oidPBES2) {
		return decryptPBES2(algorithm, data, password, b)
	}
	scheme, ok := pbe1Schemes[algorithm.Algorithm.String()]
	if !ok {
		return nil, unsupportedCipher(algorithm.Algorithm)
	}
	var p pbe1Parameters
	if err := unmarshalAll(algorithm.Parameters.FullBytes, &p); err != nil {
		return nil, err
	}
	if err := b.spend(p.Iterations); err != nil {
		return nil, err
	}
	if scheme.pkcs5 != nil {
		return decryptPKCS5(scheme, p, data, password)
	}
	if err := b.spend(p.Iterations); err != nil { // a second time for the vector
		return nil, err
	}
	chars := pkcs12Chars(password)
	defer clear(chars)
	key := pkcs12KDF(sha1.New, 1, chars, p.Salt, p.Iterations, scheme.keySize)
	if scheme.stream {
		return decryptRC4(key, data)
	}
	block, err := scheme.newBlock(key)
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, pkcs12KDF(sha1.New, 2, chars, p.Salt, p.Iterations, block.BlockSize()), data)
}

func decryptRC4(key, data []byte) ([]byte, error) {
	c, err := rc4.NewCipher(key) //nolint:gosec // read only: what old tools wrote
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out, nil
}

// decryptPKCS5 derives key and vector by PBKDF1.
func decryptPKCS5(scheme pbe1, p pbe1Parameters, data []byte, password secret.Secret) ([]byte, error) {
	text := []byte(password.Reveal())
	defer clear(text)
	h := scheme.pkcs5()
	h.Write(text)
	h.Write(p.Salt)
	key := h.Sum(nil)
	for range p.Iterations - 1 {
		h.Reset()
		h.Write(key)
		key = h.Sum(key[:0])
	}
	block, err := scheme.newBlock(key[:8])
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, key[8:16], data)
}

func decryptPBES2(algorithm pkix.AlgorithmIdentifier, data []byte, password secret.Secret, b *budget) ([]byte, error) {
	var p pbes2Parameters
	if err := unmarshalAll(algorithm.Parameters.FullBytes, &p); err != nil {
		return nil, err
	}
	keySize, newBlock := 0, aes.NewCipher
	switch p.Scheme.Algorithm.String() {
	case "2.16.840.1.101.3.4.1.2":
		keySize = 16
	case "2.16.840.1.101.3.4.1.22":
		keySize = 24
	case "2.16.840.1.101.3.4.1.42":
		keySize = 32
	case "1.2.840.113549.3.7":
		keySize, newBlock = 24, des.NewTripleDESCipher
	default:
		return nil, unsupportedCipher(p.Scheme.Algorithm)
	}
	key, err := derivePBKDF2(p.KDF, password, keySize, b)
	if err != nil {
		return nil, err
	}
	block, err := newBlock(key)
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, p.Scheme.Parameters.Bytes, data)
}

// derivePBKDF2 makes a key of size bytes; size 0 takes the length that the parameters give.
func derivePBKDF2(kdf pkix.AlgorithmIdentifier, password secret.Secret, size int, b *budget) ([]byte, error) {
	if !kdf.Algorithm.Equal(oidPBKDF2) {
		return nil, unsupportedCipher(kdf.Algorithm)
	}
	var p pbkdf2Parameters
	if err := unmarshalAll(kdf.Parameters.FullBytes, &p); err != nil {
		return nil, err
	}
	if size == 0 {
		size = p.KeyLength
	}
	const longest = 64 // of a key, as of the longest HMAC
	if size < 1 || size > longest || p.KeyLength != 0 && p.KeyLength != size {
		return nil, errBER
	}
	prf := sha1.New // the default
	if len(p.PRF.Algorithm) > 0 {
		if prf = hmacs[p.PRF.Algorithm.String()]; prf == nil {
			return nil, unsupportedCipher(p.PRF.Algorithm)
		}
	}
	blocks := (size + prf().Size() - 1) / prf().Size()
	if p.Iterations > maxIterations {
		return nil, b.spend(p.Iterations)
	}
	if err := b.spend(p.Iterations * blocks); err != nil {
		return nil, err
	}
	return pbkdf2.Key(prf, password.Reveal(), p.Salt, p.Iterations, size)
}

// decryptCBC takes the padding off, too.
func decryptCBC(block cipher.Block, iv, data []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, errBER
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data)
	n := int(out[len(out)-1])
	if n == 0 || n > size {
		return nil, errDecrypt
	}
	for _, c := range out[len(out)-n:] {
		if int(c) != n {
			return nil, errDecrypt
		}
	}
	return out[:len(out)-n], nil
}

// pkcs12KDF is the key derivation of RFC 7292, appendix B.2. id is 1 for a key, 2 for a vector, 3 for the key of the integrity check.
func pkcs12KDF(newHash func() hash.Hash, id byte, chars, salt []byte, iterations, size int) []byte {
	h := newHash()
	v := h.BlockSize()
	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = id
	}
	mixed := append(repeatTo(salt, v), repeatTo(chars, v)...)
	defer clear(mixed)
	var out []byte
	for {
		h.Reset()
		h.Write(diversifier)
		h.Write(mixed)
		a := h.Sum(nil)
		for range iterations - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		if out = append(out, a...); len(out) >= size {
			return out[:size]
		}
		addOne(mixed, repeatTo(a, v)[:v])
	}
}

// repeatTo repeats text to the next multiple of v bytes.
func repeatTo(text []byte, v int) []byte {
	if len(text) == 0 {
		return nil
	}
	out := make([]byte, (len(text)+v-1)/v*v)
	for i := range out {
		out[i] = text[i%len(text)]
	}
	return out
}

// addOne adds b and 1 to every block of mixed, modulo the size of the block.
func addOne(mixed, b []byte) {
	sum := new(big.Int).SetBytes(b)
	sum.Add(sum, big.NewInt(1))
	modulus := new(big.Int).Lsh(big.NewInt(1), uint(8*len(b)))
	for from := 0; from < len(mixed); from += len(b) {
		block := mixed[from : from+len(b)]
		n := new(big.Int).SetBytes(block)
		n.Add(n, sum).Mod(n, modulus)
		n.FillBytes(block)
	}
}

// pkcs12Chars is a password as PKCS#12 hashes it: two bytes for each character and two of zero. Callers clear it.
func pkcs12Chars(password secret.Secret) []byte {
	chars := javaChars(password)
	out := make([]byte, len(chars)+2)
	copy(out, chars)
	clear(chars)
	return out
}

// encryptPBES2 makes encrypted PKCS#8 with AES-256 and PBKDF2 over HMAC-SHA-256, as OpenSSL 3 and Java read it.
func encryptPBES2(plain []byte, password secret.Secret, iterations int) ([]byte, error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	salt, iv := random[:16], random[16:]
	key, err := pbkdf2.Key(sha256.New, password.Reveal(), salt, iterations, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	n := aes.BlockSize - len(plain)%aes.BlockSize
	data := make([]byte, len(plain)+n)
	copy(data, plain)
	for i := len(plain); i < len(data); i++ {
		data[i] = byte(n)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return marshalPBES2(salt, iv, iterations, data)
}

func marshalPBES2(salt, iv []byte, iterations int, data []byte) ([]byte, error) {
	kdf, err := asn1.Marshal(pbkdf2Parameters{
		Salt: salt, Iterations: iterations,
		PRF: pkix.AlgorithmIdentifier{Algorithm: oidHMAC2, Parameters: asn1.NullRawValue},
	})
	if err != nil {
		return nil, err
	}
	vector, err := asn1.Marshal(iv)
	if err != nil {
		return nil, err
	}
	parameters, err := asn1.Marshal(pbes2Parameters{
		KDF:    pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: asn1.RawValue{FullBytes: kdf}},
		Scheme: pkix.AlgorithmIdentifier{Algorithm: oidAES256, Parameters: asn1.RawValue{FullBytes: vector}},
	})
	if err != nil {
		return nil, err
	}
	return marshalEncryptedKey(oidPBES2, asn1.RawValue{FullBytes: parameters}, data)
}

func unsupportedCipher(oid asn1.ObjectIdentifier) error {
	if oid.Equal(oidScrypt) {
		return &Error{
			Kind: Unsupported, What: "The private key is encrypted with scrypt, which carbon-setup does not read.",
			Fix: "Encrypt it the usual way: openssl pkcs8 -topk8 -v2 aes256 -in KEY -out NEW-KEY",
		}
	}
	return &Error{
		Kind: Unsupported, What: "It is encrypted in a way that carbon-setup does not read (object identifier " + oid.String() + ").",
		Fix: "Make a new PKCS#12 file: openssl pkcs12 -in FILE -out all.pem, then openssl pkcs12 -export -in all.pem -out NEW.p12",
	}
}
