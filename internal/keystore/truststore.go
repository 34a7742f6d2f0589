package keystore

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"carbon-setup/internal/secret"
)

// Truststore is a JKS file of certificates. An entry that is not asked to change keeps its bytes, its alias, its date and its place.
type Truststore struct {
	name    string
	file    *jksFile
	entries []*Entry // of the same index
	data    []byte   // as opened
	opened  secret.Secret
	changed bool
	taken   map[string]bool // aliases in lower case
}

// NewTruststore is an empty one.
func NewTruststore() *Truststore {
	return &Truststore{file: &jksFile{version: 2}, changed: true, taken: map[string]bool{}}
}

// OpenTruststore reads a truststore. A PKCS#12 file, as keytool of Java 9 and later makes, is taken, too, and becomes JKS: Changed is then true.
// Errors are those of Load for such files.
func OpenTruststore(file File, password secret.Secret) (*Truststore, error) {
	t, err := openTruststore(file, password)
	if err != nil {
		return nil, inFile(err, file.Name)
	}
	return t, nil
}

func openTruststore(file File, password secret.Secret) (*Truststore, error) {
	format, err := accept(file.Data)
	if err != nil {
		return nil, err
	}
	t := &Truststore{name: file.Name, data: file.Data, opened: password, taken: map[string]bool{}}
	switch format {
	case JKS:
		t.file, err = openJKS(file, Passwords{Store: password})
	case PKCS12:
		t.changed = true
		t.file, err = trustedPKCS12(file, password)
	default:
		return nil, &Error{
			Kind: Unsupported, What: fmt.Sprintf("It is a %s file, not a truststore.", format),
			Fix: "Give the truststore, and this file as a certificate to import into it.",
		}
	}
	if err != nil {
		return nil, err
	}
	for i := range t.file.entries {
		e, err := t.file.entries[i].entry(file.Name)
		if err != nil {
			return nil, err
		}
		t.entries = append(t.entries, e)
		t.taken[strings.ToLower(e.Alias)] = true
	}
	return t, nil
}

// trustedPKCS12 makes a JKS file of the certificates of a PKCS#12 file.
func trustedPKCS12(file File, password secret.Secret) (*jksFile, error) {
	f, err := readPKCS12File(file.Data, Passwords{Store: password}, newBudget())
	if err != nil {
		return nil, err
	}
	if len(f.keys) > 0 {
		return nil, &Error{
			Kind: Unsupported, What: "It is a PKCS#12 file with a private key, not a truststore.",
			Fix: "Give a file that holds certificates alone.",
		}
	}
	t := NewTruststore()
	for i, c := range f.certs {
		alias := strings.ToLower(c.alias)
		if alias == "" {
			alias = SuggestAlias(c.cert.Name())
		}
		if t.taken[alias] {
			alias += "-" + strconv.Itoa(i+1)
		}
		t.append(t.free(alias), c.cert, time.Time{})
	}
	return t.file, nil
}

// Entries are the entries in the order of the file.
func (t *Truststore) Entries() []*Entry { return append([]*Entry(nil), t.entries...) }

// Certificates are those of all entries, to be Roots of Against.
func (t *Truststore) Certificates() []*Certificate {
	var all []*Certificate
	for _, e := range t.entries {
		if e.Kind == TrustedCertificate {
			all = append(all, e.Chain...)
		}
	}
	return all
}

// Has returns the aliases under which a certificate is trusted.
func (t *Truststore) Has(c *Certificate) []string {
	var all []string
	for _, e := range t.entries {
		if e.Kind == TrustedCertificate && e.Chain[0].Equal(c) {
			all = append(all, e.Alias)
		}
	}
	return all
}

// Add trusts a certificate under alias, or under one made of its name when alias is "". A certificate that is there already is not added again: added is
// false, and as is the alias that it has. An alias that another entry has gets "-2", "-3". Error: BadAlias, TooLarge.
func (t *Truststore) Add(alias string, c *Certificate, now time.Time) (as string, added bool, err error) {
	if has := t.Has(c); len(has) > 0 {
		return has[0], false, nil
	}
	if alias == "" {
		alias = SuggestAlias(c.Name())
	}
	if f := CheckAlias(alias); len(f) > 0 {
		return "", false, &Error{Kind: BadAlias, What: f[0].Message, Fix: f[0].Fix}
	}
	if len(t.entries) >= maxEntries {
		return "", false, &Error{Kind: TooLarge, File: t.name, What: "The truststore has 10000 entries, and takes no more.", Fix: "Remove the expired ones."}
	}
	as = t.free(alias)
	t.append(as, c, now)
	return as, true, nil
}

// free is alias, or alias with the first number that no entry has.
func (t *Truststore) free(alias string) string {
	name := alias
	for n := 2; t.taken[strings.ToLower(name)]; n++ {
		name = alias + "-" + strconv.Itoa(n)
	}
	return name
}

func (t *Truststore) append(alias string, c *Certificate, now time.Time) {
	t.changed = true
	t.taken[strings.ToLower(alias)] = true
	e := jksEntry{tag: jksCertTag, alias: newAlias(alias), created: millis(now), chain: []jksCertificate{{kind: []byte(x509Type), der: c.Raw}}}
	t.file.entries = append(t.file.entries, e)
	t.entries = append(t.entries, &Entry{
		Alias: alias, Kind: TrustedCertificate, Created: e.time(), Chain: []*Certificate{c}, File: t.name, ordered: true,
	})
}

// Remove takes out the entries of the aliases, in any case of letters, and returns what it took.
func (t *Truststore) Remove(aliases ...string) []*Entry {
	gone := make(map[string]bool, len(aliases))
	for _, a := range aliases {
		gone[strings.ToLower(a)] = true
	}
	var removed, kept []*Entry
	var keptRaw []jksEntry
	for i, e := range t.entries {
		if gone[strings.ToLower(e.Alias)] {
			removed = append(removed, e)
			delete(t.taken, strings.ToLower(e.Alias))
			continue
		}
		kept, keptRaw = append(kept, e), append(keptRaw, t.file.entries[i])
	}
	if len(removed) > 0 {
		t.entries, t.file.entries, t.changed = kept, keptRaw, true
	}
	return removed
}

// Defaults are the entries that WSO2 ships for its own demonstration keys and CA, told by their keys, under whatever alias.
func (t *Truststore) Defaults() []*Entry {
	var all []*Entry
	for _, e := range t.entries {
		if len(e.Chain) > 0 && e.Chain[0].shipped() {
			all = append(all, e)
		}
	}
	return all
}

// Changed reports whether an entry was added or removed, or the file was not JKS.
func (t *Truststore) Changed() bool { return t.changed }

// Bytes returns the truststore as JKS under password. Unchanged entries under the password that opened them give the bytes that were opened. A private
// key that strayed into the truststore keeps the password it has. Error: BadPassword.
func (t *Truststore) Bytes(password secret.Secret) ([]byte, error) {
	if !t.changed && password.Equal(t.opened) {
		return append([]byte(nil), t.data...), nil
	}
	if err := refusePassword(password); err != nil {
		return nil, err
	}
	return t.file.bytes(password), nil
}
