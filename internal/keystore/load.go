package keystore

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"

	"carbon-setup/internal/secret"
)

// Passwords open files. Store is that of JKS and PKCS#12 files, Key that of keys that are encrypted by themselves; the one that is given stands in for
// the other.
type Passwords struct{ Store, Key secret.Secret }

// given reports whether there is a password; for a key, the empty one is none.
func given(s secret.Secret) bool { return s.Reveal() != "" }

func (p Passwords) forKeys() secret.Secret {
	if given(p.Key) {
		return p.Key
	}
	return p.Store
}

func (p Passwords) forStores() secret.Secret {
	if p.Store.IsSet() {
		return p.Store
	}
	return p.Key
}

// found is what one file holds.
type found struct {
	format   Format
	entries  []*Entry // of a JKS file, in its order
	keys     []foundKey
	certs    []foundCertificate
	requests int // certificate signing requests, which are no use here
}

type foundKey struct {
	alias   string
	localID string // ties a key to its certificate in PKCS#12
	key     *sealedKey
	file    string
}

type foundCertificate struct {
	alias   string
	localID string
	trusted bool // an entry of its own, not part of a chain
	cert    *Certificate
	file    string
}

// Look is what can be said of files without a password.
type Look struct {
	Format         Format // of the file that holds a key, as far as can be seen; else of the first file
	StorePassword  bool   // a JKS or PKCS#12 file is protected: Passwords.Store is needed
	KeyPassword    bool   // a PEM or DER private key is encrypted: Passwords.Key is needed
	OwnKeyPassword bool   // each key may have a password of its own (JKS): ask for it after WrongKeyPassword alone
	Keys           int    // private keys that can be seen; those of an encrypted PKCS#12 file cannot
	Certificates   int
	Requests       int // certificate signing requests
}

// Inspect tells what files are, to ask only for what is needed. Its errors are those of Load that need no password.
func Inspect(files ...File) (Look, error) {
	var look Look
	if len(files) == 0 {
		return look, errNoFile
	}
	for i, file := range files {
		one, err := inspect(file)
		if err != nil {
			return look, inFile(err, file.Name)
		}
		if i == 0 || look.Keys == 0 && (one.Keys > 0 || one.StorePassword) {
			look.Format = one.Format
		}
		look.StorePassword = look.StorePassword || one.StorePassword
		look.KeyPassword = look.KeyPassword || one.KeyPassword
		look.OwnKeyPassword = look.OwnKeyPassword || one.OwnKeyPassword
		look.Keys += one.Keys
		look.Certificates += one.Certificates
		look.Requests += one.Requests
	}
	return look, nil
}

func inspect(file File) (Look, error) {
	format, err := accept(file.Data)
	look := Look{Format: format}
	if err != nil {
		return look, err
	}
	switch format {
	case JKS:
		f, _, err := parseJKS(file.Data)
		if err != nil {
			return look, err
		}
		look.StorePassword = true
		for i := range f.entries {
			if f.entries[i].tag == jksKeyTag {
				look.Keys, look.OwnKeyPassword = look.Keys+1, true
			}
			look.Certificates += len(f.entries[i].chain)
		}
	case PKCS12:
		look.StorePassword, look.Keys, look.Certificates, err = protectedPKCS12(file.Data)
	case PEM:
		err = look.pem(file.Data)
	default:
		err = look.der(file.Data)
	}
	return look, err
}

func (l *Look) pem(data []byte) error {
	blocks, err := splitPEM(data)
	if err != nil {
		return err
	}
	for i := range blocks {
		if blocks[i].encryptedPEM() {
			l.Keys, l.KeyPassword = l.Keys+1, true
			continue
		}
		one := &found{}
		err := one.addBlock(&blocks[i], Passwords{}, newBudget())
		var told *Error
		switch {
		case errors.As(err, &told) && told.Kind == PasswordNeeded: // an encrypted key under another name
			l.Keys, l.KeyPassword = l.Keys+1, true
		case err != nil:
			return inLine(err, blocks[i].line)
		}
		l.add(one)
	}
	return nil
}

func (l *Look) der(data []byte) error {
	if der, ok := bareBase64(data); ok {
		data = der
	}
	if isEncryptedKey(data) {
		l.Keys, l.KeyPassword = 1, true
		return nil
	}
	one, err := readDER(data, Passwords{}, newBudget())
	if err == nil {
		l.add(one)
	}
	return err
}

func (l *Look) add(f *found) {
	l.Keys += len(f.keys)
	l.Certificates += len(f.certs)
	l.Requests += f.requests
}

var errNoFile = &Error{Kind: Empty, What: "No file was given.", Fix: "Give the file that holds the private key and its certificate."}

// accept tells the format of a file and refuses what is none that can be read.
func accept(data []byte) (Format, error) {
	switch {
	case len(data) == 0:
		return Unknown, &Error{Kind: Empty, What: "The file is empty.", Fix: "Copy it again from where it comes from."}
	case len(data) > MaxSize:
		return Unknown, &Error{
			Kind: TooLarge, What: "The file is larger than 8 MiB; no keystore or certificate is.",
			Fix: "Give the file that holds the private key and its certificate.",
		}
	}
	format := Detect(data)
	switch format {
	case JCEKS:
		return format, &Error{
			Kind: Unsupported, What: "It is a JCEKS keystore; Carbon 4.2.0 opens JKS alone, and carbon-setup does not read JCEKS.",
			Fix: "Convert it: keytool -importkeystore -srckeystore FILE -srcstoretype JCEKS -destkeystore NEW.p12 -deststoretype PKCS12",
		}
	case Unknown:
		return format, whyUnknown(data)
	case JKS, PKCS12, PEM, DER:
	}
	return format, nil
}

// strangers are files that operators give by mistake, by their first bytes.
var strangers = []struct {
	begin     string
	what, fix string
}{
	{"PK\x03\x04", "It is a ZIP archive.", "Unpack it and give the files in it."},
	{"\x1f\x8b", "It is a gzip archive.", "Unpack it and give the files in it."},
	{"\x00\x00\x00\x01\x00\x00\x00\x14", bksWhat, bksFix},
	{"\x00\x00\x00\x02\x00\x00\x00\x14", bksWhat, bksFix},
	{"ssh-", "It is a public key of SSH; a server certificate is something else.", "Give the certificate that a CA made, and its private key."},
	{"PuTTY-User-Key-File", "It is a key of PuTTY; a server certificate is something else.", "Give the certificate that a CA made, and its private key."},
	{"<", "It is an HTML or XML text, perhaps a page that was saved instead of the file behind it.", "Download the file itself."},
}

const (
	bksWhat = "It is a keystore of Bouncy Castle (BKS or UBER); carbon-setup does not read those."
	bksFix  = "Convert it to PKCS#12 with the tool that made it."
)

func whyUnknown(data []byte) error {
	for _, s := range strangers {
		if bytes.HasPrefix(data, []byte(s.begin)) {
			return &Error{Kind: Unsupported, What: s.what, Fix: s.fix}
		}
	}
	if jksHead := "\xFE\xED\xFE\xED"; strings.HasPrefix(jksHead, string(data[:min(len(data), 4)])) {
		return truncated("It is the beginning of a JKS keystore and ends within its head.")
	}
	return errGarbage()
}

func errGarbage() *Error {
	return &Error{
		Kind: Garbage, What: "It is no keystore, certificate or private key: neither JKS, PKCS#12, PEM nor DER.",
		Fix: "Give a file such as server.p12, server.pfx, server.jks, server.pem, server.crt or server.key.",
	}
}

// readFile reads all that one file holds.
func readFile(file File, p Passwords, b *budget) (*found, error) {
	format, err := accept(file.Data)
	if err != nil {
		return nil, err
	}
	var f *found
	switch format {
	case JKS:
		f, err = readJKSFile(file, p)
	case PKCS12:
		f, err = readPKCS12File(file.Data, p, b)
	case PEM:
		f, err = readPEM(file.Data, p, b)
	default:
		data := file.Data
		if der, ok := bareBase64(data); ok {
			data = der
		}
		f, err = readDER(data, p, b)
	}
	if err != nil {
		return nil, err
	}
	f.format = format
	for i := range f.keys {
		f.keys[i].file = file.Name
	}
	for i := range f.certs {
		f.certs[i].file = file.Name
	}
	return f, nil
}

// openJKS takes a JKS file apart, and says so that an operator understands why not.
func openJKS(file File, p Passwords) (*jksFile, error) {
	if !p.forStores().IsSet() {
		if _, _, err := parseJKS(file.Data); err != nil {
			return nil, err
		}
		return nil, &Error{Kind: PasswordNeeded, What: "It is a JKS keystore, and no password was given.", Fix: "Give its store password."}
	}
	j, err := readJKS(file.Data, p.forStores())
	if errors.Is(err, errDigest) {
		return nil, &Error{
			Kind: WrongStorePassword, What: "The store password does not open this JKS keystore.",
			Fix: "Give the password that keytool -list asks for. If it is certainly right, the file was changed after it was written: copy it again, as a binary file.",
		}
	}
	return j, err
}

func readJKSFile(file File, p Passwords) (*found, error) {
	j, err := openJKS(file, p)
	if err != nil {
		return nil, err
	}
	f := &found{}
	for i := range j.entries {
		e, err := j.entries[i].entry(file.Name)
		if err != nil {
			return nil, err
		}
		f.entries = append(f.entries, e)
	}
	return f, nil
}

// entry is what callers see of an entry of a JKS file.
func (e *jksEntry) entry(file string) (*Entry, error) {
	out := &Entry{Alias: e.aliasText(), Kind: TrustedCertificate, Created: e.time(), File: file, ordered: true}
	if e.tag == jksKeyTag {
		out.Kind, out.key = PrivateKey, &sealedKey{jks: e.key}
	}
	for _, c := range e.chain {
		cert, err := ParseCertificate(c.der)
		if err != nil {
			return nil, &Error{Kind: Damaged, What: fmt.Sprintf("The certificate under the alias %s is damaged.", quote(out.Alias)), Fix: fixCopyAgain}
		}
		out.Chain = append(out.Chain, cert)
	}
	return out, nil
}

func readPKCS12File(data []byte, p Passwords, b *budget) (*found, error) {
	protected, _, _, err := protectedPKCS12(data)
	if err != nil {
		return nil, err
	}
	password := p.forStores()
	r, err := readPKCS12(data, password, b)
	if err == nil && !r.checked && r.sealed() && !given(p.Key) {
		err = errDecrypt // nothing but the keys could tell that the password is wrong
	}
	if errors.Is(err, errDecrypt) {
		if protected && !password.IsSet() {
			return nil, &Error{Kind: PasswordNeeded, What: "It is a PKCS#12 file, and no password was given.", Fix: "Give the password that was set when it was exported."}
		}
		return nil, &Error{
			Kind: WrongStorePassword, What: "The password does not open this PKCS#12 file.",
			Fix: "Give the password that was set when it was exported. If it is certainly right, the file was changed after it was written: copy it again, as a binary file.",
		}
	}
	if err != nil {
		return nil, err
	}
	return &found{keys: r.keys, certs: r.certs}, nil
}

// readDER reads a file that is one value: a key, a certificate or a PKCS#7 bundle.
func readDER(data []byte, p Passwords, b *budget) (*found, error) {
	n, _, err := measure(data, 0)
	if errors.Is(err, errBERShort) {
		return nil, truncated("It is the beginning of a certificate or key in DER form; its end is missing.")
	}
	f := &found{}
	if err != nil {
		return nil, errDER()
	}
	data = data[:n]
	switch {
	case isPKCS7(data):
		return f, f.addCertificates(data, "")
	case isEncryptedKey(data):
		signer, err := withPassword(p, func(s secret.Secret) (crypto.Signer, error) { return openPKCS8(data, s, b) })
		if err != nil {
			return nil, err
		}
		f.keys = append(f.keys, foundKey{key: openKey(signer)})
		return f, nil
	case isRequest(data):
		f.requests++
		return f, nil
	}
	if cert, err := ParseCertificate(data); err == nil {
		f.certs = append(f.certs, foundCertificate{cert: cert})
		return f, nil
	}
	key, err := parsePrivateKey(data)
	if err == nil {
		f.keys = append(f.keys, foundKey{key: openKey(key)})
		return f, nil
	}
	var told *Error
	if errors.As(err, &told) && told.Kind == Unsupported {
		return nil, err
	}
	return nil, errDER()
}

func errDER() error {
	return &Error{
		Kind: Garbage, What: "It begins as a file in DER form, but it is neither a certificate nor a private key, PKCS#7 or PKCS#12.",
		Fix: fixCopyAgain,
	}
}
