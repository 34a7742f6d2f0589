package keystore

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"

	"carbon-setup/internal/secret"
)

// Identity is a private key with its certificate chain. Printing one shows its alias and certificate, never the key.
type Identity struct {
	Alias     string         // in the source; may be "" or unfit for Carbon
	Chain     []*Certificate // in order, leaf first, as far as the source goes; empty while the certificate is awaited
	Reordered bool           // the source held the chain in another order
	Unrelated []*Certificate // certificates that came with the key and do not belong to its chain

	key *sealedKey // opened; behind a pointer, which is all that fmt prints of it
}

// Identity recovers a private key and puts its chain together from all that the files hold. Alias "" takes the only private key. A key password that is
// not given means the one that was given to Load for keys, or else the store's.
// Errors: AliasMissing, CertificateOnly, NoPrivateKey, SeveralKeys, NoCertificate, Mismatch, WrongKeyPassword, Damaged, Unsupported.
func (s *Source) Identity(alias string, keyPassword secret.Secret) (*Identity, error) {
	e, err := s.choose(alias)
	if err != nil {
		return nil, err
	}
	key, err := s.recover(e, keyPassword)
	if err != nil {
		return nil, err
	}
	pool := slices.Concat(e.Chain, s.pool)
	leaf := bestLeaf(key.Public(), slices.Concat(e.Chain, s.loose))
	if leaf == nil {
		return nil, s.noLeaf(e, key)
	}
	id := &Identity{Alias: e.Alias, key: openKey(key)}
	id.Chain, _ = OrderChain(leaf, pool)
	id.Reordered = e.ordered && outOfOrder(e.Chain, id.Chain)
	id.Unrelated = s.unrelated(e, id.Chain)
	return id, nil
}

// Pending recovers a private key that has no certificate yet, for Answer.
func (s *Source) Pending(alias string, keyPassword secret.Secret) (*Identity, error) {
	e, err := s.choose(alias)
	if err != nil {
		return nil, err
	}
	key, err := s.recover(e, keyPassword)
	if err != nil {
		return nil, err
	}
	return &Identity{Alias: e.Alias, key: openKey(key)}, nil
}

// recover opens the key of an entry.
func (s *Source) recover(e *Entry, own secret.Secret) (crypto.Signer, error) {
	password, apart := s.passwordFor(own)
	key, err := e.key.open(password, s.budget)
	var told *Error
	switch {
	case err == nil:
		return key, nil
	case errors.Is(err, errDecrypt) && apart:
		return nil, &Error{
			Kind: WrongKeyPassword, File: e.File, What: fmt.Sprintf("The store password is right, the key password of %s is wrong.", theKey(e)),
			Fix: "Give the key password, or leave it out when it is the store password.",
		}
	case errors.Is(err, errDecrypt):
		return nil, &Error{
			Kind: WrongKeyPassword, File: e.File,
			What: fmt.Sprintf("The store password is right, but it does not open %s, which has a password of its own.", theKey(e)),
			Fix:  "Give the key password, too.",
		}
	case errors.As(err, &told) && told.Kind != Damaged:
		return nil, inFile(err, e.File)
	}
	return nil, &Error{Kind: Damaged, File: e.File, What: fmt.Sprintf("The file is whole, but %s in it is damaged.", theKey(e)), Fix: fixCopyAgain}
}

func theKey(e *Entry) string {
	if e.Alias == "" {
		return "the private key"
	}
	return "the private key " + quote(e.Alias)
}

// noLeaf says why no certificate fits a key.
func (s *Source) noLeaf(e *Entry, key crypto.Signer) error {
	certs := e.Chain
	if len(certs) == 0 {
		certs = s.loose
	}
	kind := keyText(keyInfo(key.Public()))
	if len(certs) == 0 {
		return &Error{
			Kind: NoCertificate, File: e.File, What: fmt.Sprintf("There is %s (%s), but no certificate.", theKey(e), kind),
			Fix: "Give the file with the certificate, too.",
		}
	}
	first := firstNoCA(certs)
	if first == nil && !e.ordered {
		what := "There is %s (%s) and a CA certificate, but not the certificate of the key."
		if len(certs) > 1 {
			what = "There is %s (%s) with CA certificates, but not the certificate of the key."
		}
		return &Error{
			Kind: NoCertificate, File: e.File, What: fmt.Sprintf(what, theKey(e), kind),
			Fix: "Give the file with the certificate that the CA made for the server, too.",
		}
	}
	if first == nil {
		first = certs[0]
	}
	what := fmt.Sprintf("%s (%s) does not belong to the certificate %s (%s).", capital(theKey(e)), kind, quote(first.Name()), keyText(first.Key()))
	if len(certs) > 1 {
		what = fmt.Sprintf("%s (%s) belongs to none of the %d certificates; the first is %s (%s).",
			capital(theKey(e)), kind, len(certs), quote(first.Name()), keyText(first.Key()))
	}
	return &Error{
		Kind: Mismatch, File: e.File, What: what,
		Fix: "Give the certificate that was made for this key, or the key with which its request was made.",
	}
}

// firstNoCA is the first certificate that is not that of a CA.
func firstNoCA(certs []*Certificate) *Certificate {
	for _, c := range certs {
		if c.X509 == nil || !c.X509.IsCA {
			return c
		}
	}
	return nil
}

func capital(text string) string { return string(text[0]-'a'+'A') + text[1:] }

// outOfOrder reports whether the certificates that both have follow each other differently.
func outOfOrder(stored, ordered []*Certificate) bool {
	at := -1
	for _, c := range stored {
		i := position(ordered, c)
		if i < 0 {
			continue
		}
		if i < at {
			return true
		}
		at = i
	}
	return false
}

func position(all []*Certificate, c *Certificate) int {
	for i, o := range all {
		if o.Equal(c) {
			return i
		}
	}
	return -1
}

// unrelated are the certificates that came with a key and serve no key.
func (s *Source) unrelated(e *Entry, chain []*Certificate) []*Certificate {
	used := map[string]bool{}
	for _, c := range chain {
		used[string(c.Raw)] = true
	}
	for _, o := range s.Entries {
		if o == e || o.Kind != PrivateKey {
			continue
		}
		for _, c := range o.Chain {
			used[string(c.Raw)] = true
		}
	}
	var rest []*Certificate
	for _, c := range slices.Concat(e.Chain, s.loose) {
		if !used[string(c.Raw)] {
			used[string(c.Raw)] = true
			rest = append(rest, c)
		}
	}
	return rest
}

// Leaf is the first certificate of the chain; nil while it is awaited.
func (id *Identity) Leaf() *Certificate {
	if len(id.Chain) == 0 {
		return nil
	}
	return id.Chain[0]
}

// Signer is the private key.
func (id *Identity) Signer() crypto.Signer { return id.key.signer.Signer }

// RSA is the private key as vault and registry need it; an *Error of kind NotRSA for any other.
func (id *Identity) RSA() (*rsa.PrivateKey, error) {
	if key, ok := id.key.signer.Signer.(*rsa.PrivateKey); ok {
		return key, nil
	}
	algorithm, _ := keyInfo(id.key.signer.Public())
	return nil, &Error{
		Kind: NotRSA, What: fmt.Sprintf("The private key is an %s key; Carbon encrypts passwords with RSA alone.", algorithm),
		Fix: "Use a key of its own for encryption, or an RSA key for both.",
	}
}

// SameKey reports whether both are the same private key.
func (id *Identity) SameKey(o *Identity) bool {
	return samePublic(id.key.signer.Public(), o.key.signer.Public())
}

// Format implements fmt.Formatter.
func (id Identity) Format(f fmt.State, _ rune) {
	text := "private key"
	if id.Alias != "" {
		text += " " + quote(id.Alias)
	}
	if leaf := id.Leaf(); leaf != nil {
		text += " of " + leaf.Name()
	}
	_, _ = io.WriteString(f, text)
}

// Answer gives the key the certificate that a CA made for it, out of certificates or a PKCS#7 bundle. Errors: NoCertificate, Mismatch, those of files.
func (id *Identity) Answer(files ...File) (*Identity, error) {
	s, err := Load(Passwords{}, files...)
	if err != nil {
		return nil, err
	}
	if len(s.pool) == 0 {
		what := "There is no certificate in the answer."
		if s.requests > 0 {
			what = "The answer is a certificate signing request, not a certificate."
		}
		return nil, &Error{Kind: NoCertificate, File: files[0].Name, What: what, Fix: "Give the certificate that the CA made from the request."}
	}
	leaf := bestLeaf(id.key.signer.Public(), s.pool)
	if leaf == nil {
		first := s.pool[0]
		return nil, &Error{
			Kind: Mismatch, File: files[0].Name,
			What: fmt.Sprintf("The answer is not for the key that waits for it: no certificate in it has that key; the first is %s (%s).",
				quote(first.Name()), keyText(first.Key())),
			Fix: "Give the certificate that the CA made from the last request, or make a new request.",
		}
	}
	out := &Identity{Alias: id.Alias, key: id.key}
	out.Chain, out.Unrelated = OrderChain(leaf, slices.Concat(s.pool, id.Chain))
	out.Unrelated = without(out.Unrelated, id.Chain)
	return out, nil
}

func without(all, not []*Certificate) []*Certificate {
	var out []*Certificate
	for _, c := range all {
		if !contains(not, c) {
			out = append(out, c)
		}
	}
	return out
}

// EncryptedKey returns the private key as encrypted PKCS#8 in PEM (PBES2 with AES-256), to be kept while a certificate is awaited.
func (id *Identity) EncryptedKey(password secret.Secret) ([]byte, error) {
	if !given(password) {
		return nil, &Error{Kind: BadPassword, What: "The private key is not written without a password.", Fix: "Give a password for it."}
	}
	plain, err := x509.MarshalPKCS8PrivateKey(id.key.signer.Signer)
	if err != nil {
		return nil, errKeyDamaged()
	}
	defer clear(plain)
	const rounds = 600_000 // of SHA-256: what OWASP advised in 2023, a third of a second
	der, err := encryptPBES2(plain, password, rounds)
	if err != nil {
		return nil, fmt.Errorf("encrypt a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}), nil
}
