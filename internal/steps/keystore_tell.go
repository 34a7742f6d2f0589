package steps

import (
	"fmt"
	"slices"
	"strings"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
)

// mostTellings is how many findings are told of a key at once; the verdict on the answers has all of them.
const mostTellings = 3

// Tell says what is in the files that the answers name: what a file is, its keys, how strong they are and until when they are valid, and whether the
// certificate fits the host name. A wrong file is found here, and not at the start of the server.
func (s keystore) Tell(w *Workspace, a *answers.Set) map[string]string {
	about := map[string]string{}
	for _, key := range []string{keySourceKey, keySourceChain, keyCertAnswer, keyEncryptionStore} {
		if text := tellFile(w, a, key); text != "" {
			about[key] = text
		}
	}
	if storeFrom(a) != fromFile {
		return about
	}
	for _, key := range []string{keySourcePKCS12, keySourceJKS, keySourceCert} {
		if a.Text(key) != "" {
			if text := s.tellSource(w, a); text != "" {
				about[key] = text
			}
			break
		}
	}
	return about
}

// tellFile tells what one file is, as far as it can be seen without a password.
func tellFile(w *Workspace, a *answers.Set, key string) string {
	path := a.Text(key)
	if path == "" {
		return ""
	}
	f := w.keyFiles().read(path)
	if f.err != nil {
		return "" // the judgement of the field says so
	}
	look, err := ks.Inspect(f.file())
	if err != nil {
		return ""
	}
	return lookText(look) + "."
}

// lookText tells what is seen without a password: "JKS with 1 key and 2 certificates".
func lookText(look ks.Look) string {
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{{look.Keys, "key"}, {look.Certificates, "certificate"}, {look.Requests, "request"}} {
		if p.n > 0 {
			parts = append(parts, plural(p.n, p.noun))
		}
	}
	if len(parts) == 0 {
		return look.Format.String()
	}
	return look.Format.String() + " with " + strings.Join(parts, " and ")
}

// tellSource tells what the files of the key hold together.
func (s keystore) tellSource(w *Workspace, a *answers.Set) string {
	files := sourceFiles(w, a)
	if len(files) == 0 {
		return ""
	}
	l := w.keyFiles().load(files, a.Text(keySourceAlias), a.Secret(keySourcePassword), a.Secret(keySourceKeyPass))
	if l.source == nil {
		return closedText(w, a, l.err)
	}
	text := l.source.Format.String() + ". "
	switch {
	case l.id != nil && l.id.Leaf() != nil:
		return text + s.tellKey(w, a, l)
	case len(l.source.Keys()) > 0:
		return text + "Keys: " + strings.Join(entryTexts(l.source.Keys()), "; ") + "."
	case len(l.source.Entries) > 0:
		return text + "No private key; certificates: " + strings.Join(entryTexts(l.source.Entries), "; ") + "."
	}
	return ""
}

// closedText tells of a file that wants a password first.
func closedText(w *Workspace, a *answers.Set, err error) string {
	look, ok := lookAtSource(w, a)
	if !ok {
		return ""
	}
	switch kindOfKeyError(err) {
	case ks.PasswordNeeded:
		return lookText(look) + ". Its password is asked for below; then its keys are told here."
	case ks.WrongStorePassword, ks.WrongKeyPassword:
		return lookText(look) + ". The password does not open it."
	default:
		return lookText(look) + "."
	}
}

// entryTexts tells entries in a few words each.
func entryTexts(entries []*ks.Entry) []string {
	const most = 5
	var all []string
	for i, e := range entries {
		if i == most {
			return append(all, fmt.Sprintf("and %d more", len(entries)-most))
		}
		name := ks.Printable(e.Alias)
		if name == "" && len(e.Chain) > 0 {
			name = e.Chain[0].Name()
		}
		all = append(all, strings.TrimSpace(name+" ("+keySize(e.KeyInfo())+validTo(e.Chain)+")"))
	}
	return all
}

func keySize(algorithm string, bits int) string {
	if bits == 0 {
		return algorithm
	}
	return fmt.Sprintf("%s %d", algorithm, bits)
}

func validTo(chain []*ks.Certificate) string {
	if len(chain) == 0 || chain[0].X509 == nil {
		return ""
	}
	_, to := chain[0].Validity()
	return ", valid to " + to.Format("2006-01-02")
}

// tellKey tells of the key that will be taken, and what the doctor says first about it for this host name.
func (s keystore) tellKey(w *Workspace, a *answers.Set, l *loadedKey) string {
	leaf := l.id.Leaf()
	host := serverNames(w, a)
	name := ks.Printable(l.id.Alias)
	if name == "" {
		name = leaf.Name()
	}
	text := fmt.Sprintf("Key %s (%s%s), %s.", name, keySize(leaf.Key()), validTo(l.id.Chain), chainText(len(l.id.Chain)))
	findings := slices.DeleteFunc(ks.Diagnose(l.id, ks.Against{Now: s.time(), Use: ks.TLS, HostName: host.host, MgtHostName: host.management}),
		func(f ks.Finding) bool { return f.Severity == ks.Note })
	for i, f := range findings {
		if i == mostTellings {
			break
		}
		text += " ! " + f.Message
	}
	if len(findings) == 0 {
		text += " " + fitsText(host)
	}
	return text
}

func chainText(n int) string {
	if n == 1 {
		return "its certificate alone"
	}
	return fmt.Sprintf("a chain of %d certificates", n)
}

func fitsText(host names) string {
	switch {
	case host.host == "" && host.management == "":
		return "There is no host name yet to compare it with."
	case host.management == "" || host.management == host.host:
		return fmt.Sprintf("The certificate fits the host name %s.", host.host)
	case host.host == "":
		return fmt.Sprintf("The certificate fits the management host name %s.", host.management)
	}
	return fmt.Sprintf("The certificate fits the host names %s and %s.", host.host, host.management)
}
