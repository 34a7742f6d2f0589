package keystore

import (
	"crypto"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"carbon-setup/internal/secret"
)

// Source is what was found in files.
type Source struct {
	Format  Format // of the file that holds the keys; of the first file when none does
	Entries []*Entry

	pool      []*Certificate // all, each once
	loose     []*Certificate // those that came by themselves, not as an entry of a store
	requests  int
	file      string // File.Name of the only file
	passwords Passwords
	budget    *budget
}

// EntryKind parts keys from certificates.
type EntryKind int

// The kinds of entries.
const (
	PrivateKey EntryKind = iota + 1
	TrustedCertificate
)

// Entry is a private key with its chain, or a certificate. Callers do not change it.
type Entry struct {
	Alias   string // as stored; "" when the file gives none. Of several keys without one, the first is called "1"
	Kind    EntryKind
	Created time.Time      // zero: unknown (all but JKS)
	Chain   []*Certificate // as stored, leaf first; one of a certificate entry; none of a key whose certificate is missing
	File    string         // File.Name where the key, or else the certificate, comes from

	key     *sealedKey // behind a pointer, which is all that fmt prints of it
	ordered bool       // the order of Chain is that of the file
}

// KeyInfo is "RSA" and 2048, "EC" and 256; of the certificate, or of a key without one. 0 bits: unknown.
func (e *Entry) KeyInfo() (algorithm string, bits int) {
	switch {
	case len(e.Chain) > 0:
		return e.Chain[0].Key()
	case e.key != nil && e.key.signer != nil:
		return keyInfo(e.key.signer.Public())
	}
	return "unknown", 0
}

// Load reads one or several files: a JKS or PKCS#12 store; a PEM bundle; certificate, key and chain apart; a store and the chain that it lacks.
// Keys in JKS files stay encrypted until Identity. The order of the files does not matter.
func Load(p Passwords, files ...File) (*Source, error) { return loadFiles(p, newBudget(), files) }

// maxKeys are the private keys that may come in PEM or PKCS#12 files: each is matched with all certificates.
const maxKeys = 200

func loadFiles(p Passwords, b *budget, files []File) (*Source, error) {
	if len(files) == 0 {
		return nil, errNoFile
	}
	s := &Source{passwords: p, budget: b}
	if len(files) == 1 {
		s.file = files[0].Name
	}
	var all found
	for i, file := range files {
		f, err := readFile(file, p, s.budget)
		if err != nil {
			return nil, inFile(err, file.Name)
		}
		if i == 0 || len(s.Keys())+len(all.keys) == 0 && len(f.keys)+len(f.entries) > 0 {
			s.Format = f.format
		}
		s.Entries = append(s.Entries, f.entries...)
		all.keys = append(all.keys, f.keys...)
		all.certs = append(all.certs, f.certs...)
		s.requests += f.requests
		if len(all.keys) > maxKeys {
			return nil, &Error{Kind: TooLarge, File: file.Name, What: "There are more than 200 private keys.", Fix: "Give the file with the key of this server alone."}
		}
	}
	s.collect(all.certs)
	s.addKeys(&all)
	s.nameKeys()
	return s, nil
}

// collect fills the pool.
func (s *Source) collect(certs []foundCertificate) {
	seen := map[string]bool{}
	add := func(c *Certificate) bool {
		if seen[string(c.Raw)] {
			return false
		}
		seen[string(c.Raw)] = true
		s.pool = append(s.pool, c)
		return true
	}
	for _, e := range s.Entries {
		for _, c := range e.Chain {
			add(c)
		}
	}
	for _, f := range certs {
		if add(f.cert) && !f.trusted {
			s.loose = append(s.loose, f.cert)
		}
	}
}

// addKeys makes entries of keys and certificates that came without order.
func (s *Source) addKeys(all *found) {
	used := map[string]bool{}
	for _, k := range all.keys {
		e := &Entry{Alias: k.alias, Kind: PrivateKey, File: k.file, key: k.key}
		if leaf := s.leafOf(k, all.certs); leaf != nil {
			e.Chain, _ = OrderChain(leaf, s.pool)
		}
		for _, c := range e.Chain {
			used[string(c.Raw)] = true
		}
		s.Entries = append(s.Entries, e)
	}
	for _, f := range all.certs {
		if f.trusted || !used[string(f.cert.Raw)] {
			used[string(f.cert.Raw)] = true
			s.Entries = append(s.Entries, &Entry{Alias: f.alias, Kind: TrustedCertificate, Chain: []*Certificate{f.cert}, File: f.file})
		}
	}
}

// leafOf is the certificate of a key; failing that, the one that PKCS#12 says is.
func (s *Source) leafOf(k foundKey, certs []foundCertificate) *Certificate {
	if k.key.signer != nil {
		if leaf := bestLeaf(k.key.signer.Public(), s.pool); leaf != nil {
			return leaf
		}
	}
	for _, f := range certs {
		if k.localID != "" && f.localID == k.localID {
			return f.cert
		}
	}
	return nil
}

// bestLeaf is the certificate of a public key: of several the one that a CA made, and of those the newest.
func bestLeaf(public crypto.PublicKey, pool []*Certificate) *Certificate {
	var best *Certificate
	for _, c := range pool {
		if c.certifies(public) && (best == nil || betterLeaf(c, best)) {
			best = c
		}
	}
	return best
}

func betterLeaf(c, than *Certificate) bool {
	if own, other := c.SelfSigned(), than.SelfSigned(); own != other {
		return other
	}
	from, _ := c.Validity()
	thanFrom, _ := than.Validity()
	return from.After(thanFrom)
}

// nameKeys gives keys that share a name, or have none, one to be chosen by.
func (s *Source) nameKeys() {
	keys := s.Keys()
	if len(keys) < 2 {
		return
	}
	taken := map[string]bool{}
	for _, e := range s.Entries {
		if e.ordered {
			taken[e.Alias] = true
		}
	}
	for i, e := range keys {
		if e.ordered {
			continue
		}
		name := e.Alias
		if name == "" {
			name = strconv.Itoa(i + 1)
		}
		base := name
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s (%d)", base, n)
		}
		taken[name] = true
		e.Alias = name
	}
}

// Keys are the entries with a private key.
func (s *Source) Keys() []*Entry {
	var keys []*Entry
	for _, e := range s.Entries {
		if e.Kind == PrivateKey {
			keys = append(keys, e)
		}
	}
	return keys
}

// Certificates are all certificates of all files, each once, in the order of the files.
func (s *Source) Certificates() []*Certificate { return s.pool }

// choose finds the entry of a key.
func (s *Source) choose(alias string) (*Entry, error) {
	keys := s.Keys()
	if alias != "" {
		return s.named(alias, keys)
	}
	switch len(keys) {
	case 0:
		return nil, s.noKey()
	case 1:
		return keys[0], nil
	}
	return nil, &Error{
		Kind: SeveralKeys, File: keys[0].File, What: fmt.Sprintf("There are %d private keys: %s.", len(keys), describe(keys)),
		Fix: "Give the alias of the one to use.", Aliases: aliases(keys),
	}
}

// named finds an entry by its alias: written exactly so, or else in other letters, as keytool does.
func (s *Source) named(alias string, keys []*Entry) (*Entry, error) {
	var exact, folded []*Entry
	for _, e := range s.Entries {
		if e.Alias == alias {
			exact = append(exact, e)
		} else if strings.EqualFold(e.Alias, alias) {
			folded = append(folded, e)
		}
	}
	match := slices.Concat(exact, folded)
	for _, e := range match {
		if e.Kind == PrivateKey {
			return e, nil
		}
	}
	if len(match) > 0 {
		return nil, certificateOnly(match[0], keys)
	}
	if len(keys) == 0 {
		return nil, s.noKey()
	}
	e := &Error{
		Kind: AliasMissing, File: keys[0].File, What: fmt.Sprintf("There is no alias %s.", quote(alias)),
		Fix: "The private keys are " + describe(keys) + ".", Aliases: aliases(keys),
	}
	if len(keys) == 1 {
		e.Fix = "The private key is " + describe(keys) + "."
		if keys[0].Alias == "" {
			e.Fix = "The only private key has no alias: leave it out."
		}
	}
	return nil, e
}

func certificateOnly(e *Entry, keys []*Entry) error {
	err := &Error{
		Kind: CertificateOnly, File: e.File, What: fmt.Sprintf("The alias %s is a certificate without private key.", quote(e.Alias)),
		Aliases: aliases(keys), Fix: fixExport,
	}
	if len(keys) > 0 {
		err.Fix = "Choose one with a private key: " + describe(keys) + "."
	}
	return err
}

const fixExport = "Give the file with the private key, too, or export certificate and key together as PKCS#12 where the request was made."

func (s *Source) noKey() error {
	what := "There is no private key."
	switch n := len(s.pool); {
	case s.requests > 0 && n == 0:
		return &Error{
			Kind: NoPrivateKey, File: s.file, What: "There is a certificate signing request and no private key.",
			Fix: "Give the certificate that the CA made from the request, and the private key that was made with the request.",
		}
	case n == 1:
		what = "There is a certificate, but no private key."
	case n > 1:
		what = fmt.Sprintf("There are %d certificates, but no private key.", n)
	}
	return &Error{Kind: NoPrivateKey, File: s.file, What: what, Fix: fixExport}
}

func aliases(entries []*Entry) []string {
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Alias
	}
	return all
}

// describe shows keys to choose from: "esb" (RSA 2048, am.example.com).
func describe(keys []*Entry) string {
	const most = 10
	var parts []string
	for _, e := range keys[:min(len(keys), most)] {
		text := quote(e.Alias)
		if e.Alias == "" {
			text = "without alias"
		}
		algorithm, bits := e.KeyInfo()
		about := keyText(algorithm, bits)
		if len(e.Chain) > 0 {
			about += ", " + e.Chain[0].Name()
		}
		parts = append(parts, text+" ("+about+")")
	}
	text := strings.Join(parts, ", ")
	if len(keys) > most {
		text += fmt.Sprintf(" and %d more", len(keys)-most)
	}
	return text
}

func keyText(algorithm string, bits int) string {
	if bits == 0 {
		return algorithm
	}
	return fmt.Sprintf("%s %d", algorithm, bits)
}

// passwordFor is the password to open the key of an entry with.
func (s *Source) passwordFor(own secret.Secret) (password secret.Secret, apart bool) {
	switch {
	case given(own):
		return own, true
	case given(s.passwords.Key) && s.passwords.Store.IsSet():
		return s.passwords.Key, true
	}
	return s.passwords.forKeys(), false
}
