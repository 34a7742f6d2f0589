package keystore

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"

	"carbon-setup/internal/secret"
)

// pemBlock is one block and the text before it.
type pemBlock struct {
	kind     string
	line     int // of its first line, 1-based
	text     []byte
	friendly string // friendlyName of the "Bag Attributes" that OpenSSL writes before it
}

var (
	pemBegin = []byte("-----BEGIN ")
	pemEnd   = []byte("-----END ")
	pemDash  = []byte("-----")
)

// plainText undoes what editors and shells do to PEM files: UTF-16, a byte order mark, CRLF or CR as line ends.
func plainText(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		data = fromUTF16(data[2:], func(b []byte) uint16 { return uint16(b[1])<<8 | uint16(b[0]) })
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		data = fromUTF16(data[2:], func(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) })
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

func fromUTF16(data []byte, unit func([]byte) uint16) []byte {
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) > 1; data = data[2:] {
		units = append(units, unit(data))
	}
	return []byte(string(utf16.Decode(units)))
}

// isPEM reports whether a PEM block begins somewhere in the file.
func isPEM(data []byte) bool { return bytes.Contains(plainText(data), pemBegin) }

// pemPieces parts what has lost its line ends: what cat joins (-----END CERTIFICATE----------BEGIN CERTIFICATE-----), and whole blocks in one line.
func pemPieces(line []byte) [][]byte {
	var pieces [][]byte
	for line = bytes.TrimSpace(line); len(line) > 0; {
		at := pieceEnd(line)
		pieces, line = append(pieces, line[:at]), bytes.TrimSpace(line[at:])
	}
	return pieces
}

// pieceEnd is the end of a mark that the line begins with, or else the begin of the next mark.
func pieceEnd(line []byte) int {
	for _, mark := range [][]byte{pemBegin, pemEnd} {
		if rest, ok := bytes.CutPrefix(line, mark); ok {
			if n := bytes.Index(rest, pemDash); n >= 0 {
				return len(mark) + n + len(pemDash)
			}
			return len(line)
		}
	}
	for at := 1; at < len(line); at++ {
		n := bytes.Index(line[at:], pemDash)
		if n < 0 {
			break
		}
		if at += n; bytes.HasPrefix(line[at:], pemBegin) || bytes.HasPrefix(line[at:], pemEnd) {
			return at
		}
	}
	return len(line)
}

// pemSplitter collects the blocks of a file.
type pemSplitter struct {
	blocks   []pemBlock
	open     *pemBlock
	friendly string
}

// splitPEM cuts a file into its blocks: one at least. A block without end is an error with its line.
func splitPEM(data []byte) ([]pemBlock, error) {
	var s pemSplitter
	number := 0
	for line := range bytes.Lines(plainText(data)) {
		number++
		for _, piece := range pemPieces(line) {
			if err := s.add(piece, number); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case s.open != nil:
		return nil, cutOff(s.open)
	case len(s.blocks) == 0:
		return nil, errGarbage()
	}
	return s.blocks, nil
}

func (s *pemSplitter) add(line []byte, number int) error {
	begins := bytes.HasPrefix(line, pemBegin) && bytes.HasSuffix(line, pemDash)
	switch {
	case begins && s.open != nil:
		return cutOff(s.open)
	case begins:
		kind := string(line[len(pemBegin) : len(line)-len(pemDash)])
		s.open = &pemBlock{kind: kind, line: number, friendly: s.friendly}
		s.friendly = ""
	case s.open == nil:
		if name, ok := bytes.CutPrefix(line, []byte("friendlyName:")); ok {
			s.friendly = string(bytes.TrimSpace(name))
		}
		return nil
	}
	s.open.text = append(append(s.open.text, line...), '\n')
	if !bytes.HasPrefix(line, pemEnd) {
		return nil
	}
	s.blocks = append(s.blocks, *s.open)
	s.open = nil
	if len(s.blocks) > maxEntries {
		return &Error{Kind: TooLarge, What: "It holds more than 10000 PEM blocks; no bundle has as many.", Fix: fixCopyAgain}
	}
	return nil
}

func cutOff(b *pemBlock) *Error {
	return &Error{
		Kind: Truncated, What: fmt.Sprintf("The block %q that begins in line %d has no end.", Printable(b.kind), b.line),
		Fix: "Copy the whole file again: the line -----END " + Printable(b.kind) + "----- belongs to it.",
	}
}

// readPEM reads all blocks of a file.
func readPEM(data []byte, p Passwords, b *budget) (*found, error) {
	blocks, err := splitPEM(data)
	if err != nil {
		return nil, err
	}
	f := &found{}
	for i := range blocks {
		if err := f.addBlock(&blocks[i], p, b); err != nil {
			return nil, inLine(err, blocks[i].line)
		}
	}
	return f, nil
}

// inLine says where in a PEM file an error is, unless it is a wrong password.
func inLine(err error, line int) error {
	var told *Error
	if !errors.As(err, &told) || told.Kind == PasswordNeeded || told.Kind == WrongKeyPassword {
		return err
	}
	at := *told
	at.What = fmt.Sprintf("In the block that begins in line %d: %s", line, at.What)
	return &at
}

func (f *found) addBlock(b *pemBlock, p Passwords, work *budget) error {
	switch kind := b.kind; {
	case strings.HasSuffix(kind, "PRIVATE KEY"):
		return f.addKeyBlock(b, p, work)
	case kind == "CERTIFICATE", kind == "X509 CERTIFICATE", kind == "TRUSTED CERTIFICATE", kind == "PKCS7", kind == "CMS", kind == "PKCS #7 SIGNED DATA":
		der, err := b.decode()
		if err != nil {
			return err
		}
		return f.addCertificates(der, b.friendly)
	case strings.HasSuffix(kind, "CERTIFICATE REQUEST"):
		f.requests++
	}
	return nil // parameters, revocation lists, public keys
}

// decode returns the content of a block.
func (b *pemBlock) decode() ([]byte, error) {
	block, _ := pem.Decode(b.text)
	if block == nil || len(block.Bytes) == 0 {
		return nil, &Error{Kind: Damaged, What: "It is not the base64 text that a " + Printable(b.kind) + " should be.", Fix: fixCopyAgain}
	}
	return block.Bytes, nil
}

// encryptedPEM reports whether a key needs a password.
func (b *pemBlock) encryptedPEM() bool {
	return b.kind == "ENCRYPTED PRIVATE KEY" || strings.HasSuffix(b.kind, "PRIVATE KEY") && bytes.Contains(b.text, []byte("4,ENCRYPTED"))
}

func (f *found) addKeyBlock(b *pemBlock, p Passwords, work *budget) error {
	switch b.kind {
	case "OPENSSH PRIVATE KEY":
		return &Error{
			Kind: Unsupported, What: "The private key is in the format of OpenSSH.",
			Fix: "Convert a copy of it: ssh-keygen -p -m PEM -f COPY",
		}
	case "DSA PRIVATE KEY":
		return errKeyKind("a DSA key")
	}
	block, _ := pem.Decode(b.text)
	if block == nil || len(block.Bytes) == 0 {
		return &Error{Kind: Damaged, What: "It is not the base64 text that a private key should be.", Fix: fixCopyAgain}
	}
	defer clear(block.Bytes)
	var signer crypto.Signer
	var err error
	switch {
	case block.Headers["DEK-Info"] != "":
		signer, err = withPassword(p, func(s secret.Secret) (crypto.Signer, error) { return openOldPEM(block, s) })
	case isEncryptedKey(block.Bytes):
		signer, err = withPassword(p, func(s secret.Secret) (crypto.Signer, error) { return openPKCS8(block.Bytes, s, work) })
	default:
		signer, err = parsePrivateKey(block.Bytes)
	}
	if err != nil {
		return err
	}
	f.keys = append(f.keys, foundKey{alias: b.friendly, key: openKey(signer)})
	return nil
}

// openOldPEM opens a key that OpenSSL encrypted before PKCS#8: "Proc-Type: 4,ENCRYPTED".
func openOldPEM(block *pem.Block, password secret.Secret) (crypto.Signer, error) {
	text := []byte(password.Reveal())
	defer clear(text)
	plain, err := x509.DecryptPEMBlock(block, text) //nolint:staticcheck // operators have such keys; nothing is written so
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, errDecrypt
	}
	if err != nil {
		return nil, &Error{
			Kind: Unsupported, What: "The private key is encrypted in an old way that carbon-setup does not read.",
			Fix: "Encrypt it the usual way: openssl pkcs8 -topk8 -v2 aes256 -in KEY -out NEW-KEY",
		}
	}
	defer clear(plain)
	if n, _, err := measure(plain, 0); err != nil || n != len(plain) {
		return nil, errDecrypt // the padding fitted by chance
	}
	return parsePrivateKey(plain)
}

// withPassword opens an encrypted key of a file without a store.
func withPassword(p Passwords, open func(secret.Secret) (crypto.Signer, error)) (crypto.Signer, error) {
	password := p.forKeys()
	if !given(password) {
		return nil, &Error{Kind: PasswordNeeded, What: "The private key is encrypted, and no password was given.", Fix: "Give the password of the key."}
	}
	signer, err := open(password)
	if errors.Is(err, errDecrypt) {
		err = &Error{
			Kind: WrongKeyPassword, What: "The password does not open the private key.",
			Fix: "Give the password with which the key was encrypted.",
		}
	}
	return signer, err
}

// isEncryptedKey reports whether der is EncryptedPrivateKeyInfo.
func isEncryptedKey(der []byte) bool {
	info, err := parseEncryptedKey(der)
	return err == nil && len(info.Algorithm.Algorithm) > 0
}

// addCertificates reads one certificate, or the certificates of a PKCS#7 bundle.
func (f *found) addCertificates(der []byte, alias string) error {
	if isPKCS7(der) {
		all, err := readPKCS7(der)
		for _, c := range all {
			f.certs = append(f.certs, foundCertificate{cert: c})
		}
		return err
	}
	c, err := ParseCertificate(der)
	if err != nil {
		return err
	}
	f.certs = append(f.certs, foundCertificate{alias: alias, cert: c})
	return nil
}

type signedData struct {
	Version      int
	Algorithms   asn1.RawValue
	Content      asn1.RawValue
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue `asn1:"optional,tag:1"`
	Signers      asn1.RawValue
}

func isPKCS7(der []byte) bool {
	normal, err := toDER(der)
	var c contentInfo
	return err == nil && unmarshalAll(normal, &c) == nil && c.Type.Equal(oidSignedData)
}

// readPKCS7 returns the certificates of a bundle as CAs send it; nobody signs those.
func readPKCS7(data []byte) ([]*Certificate, error) {
	damaged := &Error{Kind: Damaged, What: "It begins as a PKCS#7 bundle, but what follows is damaged.", Fix: fixCopyAgain}
	der, err := toDER(data)
	if err != nil {
		return nil, damaged
	}
	var c contentInfo
	var s signedData
	if unmarshalAll(der, &c) != nil || unmarshalAll(c.Content.Bytes, &s) != nil {
		return nil, damaged
	}
	var all []*Certificate
	for rest := s.Certificates.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &one); err != nil || len(all) > maxEntries {
			return nil, damaged
		}
		if one.Class != asn1.ClassUniversal {
			continue // an attribute certificate
		}
		cert, err := ParseCertificate(one.FullBytes)
		if err != nil {
			return nil, err
		}
		all = append(all, cert)
	}
	return all, nil
}

// bareBase64 returns the content of a file that is base64 text without the lines around it, as some CAs show it.
func bareBase64(data []byte) ([]byte, bool) {
	text := bytes.Join(bytes.Fields(plainText(data)), nil)
	if !bytes.HasPrefix(text, []byte("MI")) {
		return nil, false
	}
	der := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(der, text)
	if err != nil || !looksDER(der[:n]) {
		return nil, false
	}
	return der[:n], true
}

// isRequest reports whether der is a certificate signing request.
func isRequest(der []byte) bool {
	_, err := x509.ParseCertificateRequest(der)
	return err == nil
}
