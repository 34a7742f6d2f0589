package keystore

import (
	"crypto/hmac"
	"crypto/subtle"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"unicode/utf16"

	"carbon-setup/internal/secret"
)

// A PKCS#12 file (RFC 7292) is a list of safes, each plain or encrypted, each with bags of keys and certificates, and a MAC over all of it.

type pfx struct {
	Version  int
	AuthSafe contentInfo
	MacData  macData `asn1:"optional"`
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
}

type macData struct {
	Mac struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	Salt       []byte
	Iterations int `asn1:"optional,default:1"`
}

type encryptedData struct {
	Version int
	Info    struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Content   asn1.RawValue `asn1:"tag:0,optional"`
	}
	Attributes asn1.RawValue `asn1:"tag:1,optional"`
}

type safeBag struct {
	ID         asn1.ObjectIdentifier
	Value      asn1.RawValue  `asn1:"tag:0,explicit"`
	Attributes []bagAttribute `asn1:"set,optional"`
}

type bagAttribute struct {
	ID     asn1.ObjectIdentifier
	Values asn1.RawValue `asn1:"set"`
}

type certBag struct {
	Type asn1.ObjectIdentifier
	Data []byte `asn1:"tag:0,explicit"`
}

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidKeyBag        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidShroudedBag   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidCertBag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidSafeBag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 6}
	oidX509Cert      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidFriendlyName  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}
	oidLocalKeyID    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 21}
	oidJavaTrusted   = asn1.ObjectIdentifier{2, 16, 840, 1, 113894, 746875, 1, 1} // on the certificate entries of keytool
)

var errPublicKeyMode = &Error{
	Kind: Unsupported, What: "This PKCS#12 file is protected by a certificate, not by a password; carbon-setup does not read that.",
	Fix: "Export the key again with a password.",
}

// pkcs12Reader collects what is in the bags.
type pkcs12Reader struct {
	password secret.Secret
	budget   *budget
	keys     []foundKey
	certs    []foundCertificate
	seen     int  // bags
	checked  bool // the MAC says that the password is right
}

// openPFX takes the outermost layer off.
func openPFX(data []byte) (*pfx, []byte, error) {
	der, err := toDER(data) // what follows is ignored, as by Java and OpenSSL
	if errors.Is(err, errBERShort) {
		return nil, nil, truncated("It is the beginning of a PKCS#12 file; its end is missing.")
	}
	var p pfx
	if err == nil {
		err = unmarshalAll(der, &p)
	}
	if err != nil || p.Version != 3 {
		return nil, nil, damagedPKCS12()
	}
	if p.AuthSafe.Type.Equal(oidSignedData) {
		return nil, nil, errPublicKeyMode
	}
	var content []byte
	if !p.AuthSafe.Type.Equal(oidData) || unmarshalAll(p.AuthSafe.Content.Bytes, &content) != nil {
		return nil, nil, damagedPKCS12()
	}
	return &p, content, nil
}

// safes are the parts of the content of a PKCS#12 file.
func safes(content []byte) ([]contentInfo, error) {
	der, err := toDER(content)
	var all []contentInfo
	if err == nil {
		err = unmarshalAll(der, &all)
	}
	if err != nil {
		return nil, damagedPKCS12()
	}
	return all, nil
}

// readPKCS12 reads all bags. Keys that the password does not open stay sealed. errDecrypt: the password is not that of the file.
func readPKCS12(data []byte, password secret.Secret, b *budget) (*pkcs12Reader, error) {
	p, content, err := openPFX(data)
	if err != nil {
		return nil, err
	}
	r := &pkcs12Reader{password: password, budget: b}
	if len(p.MacData.Mac.Algorithm.Algorithm) > 0 {
		r.checked = true
		if err := checkMAC(&p.MacData, content, password, b); err != nil {
			return nil, err
		}
	}
	all, err := safes(content)
	if err != nil {
		return nil, err
	}
	for _, safe := range all {
		if err := r.safe(safe); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// sealed reports whether there are keys that the password did not open.
func (r *pkcs12Reader) sealed() bool {
	return slices.ContainsFunc(r.keys, func(k foundKey) bool { return k.key.signer == nil })
}

// safe reads one safe. Without a MAC a wrong password may show in nonsense alone.
func (r *pkcs12Reader) safe(c contentInfo) error {
	var bags []byte
	switch {
	case c.Type.Equal(oidData):
		if err := unmarshalAll(c.Content.Bytes, &bags); err != nil {
			return damagedPKCS12()
		}
	case c.Type.Equal(oidEncryptedData):
		var e encryptedData
		if err := unmarshalAll(c.Content.Bytes, &e); err != nil {
			return damagedPKCS12()
		}
		data, err := octets(e.Info.Content)
		if err != nil {
			return damagedPKCS12()
		}
		if bags, err = r.decrypt(e.Info.Algorithm, data); err != nil {
			return err
		}
		if !r.checked && !looksDER(bags) {
			return errDecrypt
		}
	case c.Type.Equal(oidEnvelopedData):
		return errPublicKeyMode
	default:
		return damagedPKCS12()
	}
	return r.bags(bags, 0)
}

// decrypt is decrypt with errors that name what is wrong with the file.
func (r *pkcs12Reader) decrypt(algorithm pkix.AlgorithmIdentifier, data []byte) ([]byte, error) {
	plain, err := decrypt(algorithm, data, r.password, r.budget)
	var told *Error
	if err == nil || errors.Is(err, errDecrypt) || errors.As(err, &told) {
		return plain, err
	}
	return nil, damagedPKCS12()
}

func looksDER(data []byte) bool {
	n, _, err := measure(data, 0)
	return err == nil && n == len(data) && data[0] == 0x30
}

func (r *pkcs12Reader) bags(data []byte, depth int) error {
	der, err := toDER(data)
	var bags []safeBag
	if err == nil {
		err = unmarshalAll(der, &bags)
	}
	if err != nil || depth > 4 {
		return damagedPKCS12()
	}
	for _, bag := range bags {
		if r.seen++; r.seen > maxEntries {
			return &Error{Kind: TooLarge, What: "It is a PKCS#12 file with more than 10000 entries; no keystore has as many.", Fix: fixCopyAgain}
		}
		if err := r.bag(bag, depth); err != nil {
			return err
		}
	}
	return nil
}

func (r *pkcs12Reader) bag(bag safeBag, depth int) error {
	alias, id, trusted := readAttributes(bag.Attributes)
	switch {
	case bag.ID.Equal(oidKeyBag):
		signer, err := parsePrivateKey(bag.Value.Bytes)
		if err != nil {
			return err
		}
		r.keys = append(r.keys, foundKey{alias: alias, localID: id, key: openKey(signer)})
	case bag.ID.Equal(oidShroudedBag):
		key := &sealedKey{pkcs8: bag.Value.Bytes}
		signer, err := key.open(r.password, r.budget)
		if err != nil && !errors.Is(err, errDecrypt) {
			return err
		}
		if err == nil {
			key = openKey(signer)
		}
		r.keys = append(r.keys, foundKey{alias: alias, localID: id, key: key})
	case bag.ID.Equal(oidCertBag):
		var c certBag
		if err := unmarshalAll(bag.Value.Bytes, &c); err != nil {
			return damagedPKCS12()
		}
		if !c.Type.Equal(oidX509Cert) {
			return nil // an SDSI certificate
		}
		cert, err := ParseCertificate(c.Data)
		if err != nil {
			return err
		}
		r.certs = append(r.certs, foundCertificate{alias: alias, localID: id, trusted: trusted, cert: cert})
	case bag.ID.Equal(oidSafeBag):
		return r.bags(bag.Value.Bytes, depth+1)
	}
	return nil // revocation lists, secrets
}

// readAttributes returns what is known of a bag besides its content. Attributes that cannot be read are passed over.
func readAttributes(all []bagAttribute) (alias, localID string, trusted bool) {
	for _, a := range all {
		var v asn1.RawValue
		if _, err := asn1.Unmarshal(a.Values.Bytes, &v); err != nil {
			continue
		}
		switch {
		case a.ID.Equal(oidFriendlyName):
			alias = decodeBMP(v.Bytes)
		case a.ID.Equal(oidLocalKeyID):
			localID = string(v.Bytes)
		case a.ID.Equal(oidJavaTrusted):
			trusted = true
		}
	}
	return alias, localID, trusted
}

func decodeBMP(b []byte) string {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) > 1; b = b[2:] {
		units = append(units, uint16(b[0])<<8|uint16(b[1]))
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}

// checkMAC tells a wrong password by the integrity check.
func checkMAC(m *macData, content []byte, password secret.Secret, b *budget) error {
	if m.Mac.Algorithm.Algorithm.Equal(oidPBMAC1) {
		return checkPBMAC1(m, content, password, b)
	}
	newHash := hashes[m.Mac.Algorithm.Algorithm.String()]
	if newHash == nil {
		return unsupportedCipher(m.Mac.Algorithm.Algorithm)
	}
	if err := b.spend(m.Iterations); err != nil {
		return orDamaged(err)
	}
	chars := pkcs12Chars(password)
	defer clear(chars)
	try := func(chars []byte) bool {
		h := hmac.New(newHash, pkcs12KDF(newHash, 3, chars, m.Salt, m.Iterations, newHash().Size()))
		h.Write(content)
		return subtle.ConstantTimeCompare(h.Sum(nil), m.Mac.Digest) == 1
	}
	// Some tools hash an empty password as no bytes at all.
	if try(chars) || password.Reveal() == "" && try(nil) {
		return nil
	}
	return errDecrypt
}

// checkPBMAC1 is the integrity check of RFC 9879.
func checkPBMAC1(m *macData, content []byte, password secret.Secret, b *budget) error {
	var p pbes2Parameters
	if err := unmarshalAll(m.Mac.Algorithm.Parameters.FullBytes, &p); err != nil {
		return damagedPKCS12()
	}
	newHash := hmacs[p.Scheme.Algorithm.String()]
	if newHash == nil {
		return unsupportedCipher(p.Scheme.Algorithm)
	}
	key, err := derivePBKDF2(p.KDF, password, 0, b)
	if err != nil {
		return orDamaged(err)
	}
	if len(key) < 20 { // RFC 9879 wants shorter keys refused
		return damagedPKCS12()
	}
	h := hmac.New(newHash, key)
	h.Write(content)
	if subtle.ConstantTimeCompare(h.Sum(nil), m.Mac.Digest) != 1 {
		return errDecrypt
	}
	return nil
}

// orDamaged passes on what is already a sentence.
func orDamaged(err error) error {
	var told *Error
	if errors.As(err, &told) {
		return err
	}
	return damagedPKCS12()
}

func damagedPKCS12() *Error {
	return &Error{Kind: Damaged, What: "It begins as a PKCS#12 file, but what follows is damaged.", Fix: fixCopyAgain}
}

// protectedPKCS12 reports whether a PKCS#12 file needs a password, and counts what can be seen without.
func protectedPKCS12(data []byte) (protected bool, keys, certs int, err error) {
	p, content, err := openPFX(data)
	if err != nil {
		return false, 0, 0, err
	}
	all, err := safes(content)
	if err != nil {
		return false, 0, 0, err
	}
	protected = len(p.MacData.Mac.Algorithm.Algorithm) > 0
	for _, safe := range all {
		if !safe.Type.Equal(oidData) {
			protected = true
			continue
		}
		var inner []byte
		var bags []safeBag
		if unmarshalAll(safe.Content.Bytes, &inner) != nil {
			continue
		}
		if der, err := toDER(inner); err != nil || unmarshalAll(der, &bags) != nil {
			continue
		}
		for _, bag := range bags {
			switch {
			case bag.ID.Equal(oidShroudedBag):
				protected = true
				keys++
			case bag.ID.Equal(oidKeyBag):
				keys++
			case bag.ID.Equal(oidCertBag):
				certs++
			}
		}
	}
	return protected, keys, certs, nil
}
