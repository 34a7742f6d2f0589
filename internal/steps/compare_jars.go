package steps

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
)

// jarFolders hold the code of a server. What a folder has is compared by content; the many bundles of the product itself by name and size.
var jarFolders = []struct {
	pattern string
	bySize  bool
}{
	{carbon.ComponentsLib + "/*.jar", false},
	{carbon.Dropins + "/*.jar", false},
	{carbon.Patches + "/*/*.jar", false},
	{carbonExtensions + "/*.jar", false},
	{"lib/*.jar", false},
	{"lib/endorsed/*.jar", false}, // in the place of what Java brings
	{"bin/*.jar", false},
	{carbon.Plugins + "/*.jar", true},
}

// carbonExtensions is the folder of jars that become a part of the system bundle at the start.
const carbonExtensions = "repository/components/extensions"

// jars compares the code of the homes, and what their truststores and keystores hold.
func (c *comparing) jars(ctx context.Context) error {
	for _, f := range jarFolders {
		for _, rel := range union(jarsOf(c.a, f.pattern), jarsOf(c.b, f.pattern)) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !c.isClosed(rel) {
				c.jar(rel, f.bySize)
			}
		}
	}
	c.certificates()
	return nil
}

// jarsOf leaves out what a server makes itself at its start: bundles of the jars in lib and extensions, one of log4j.properties, the copies in patch0000.
func jarsOf(s *compared, pattern string) []string {
	return slices.DeleteFunc(s.in.Glob(pattern), func(rel string) bool {
		if strings.HasPrefix(rel, carbon.Patches+"/patch0000/") || strings.HasPrefix(path.Base(rel), "org.wso2.carbon.logging.propfile_") {
			return true
		}
		made, ok := strings.CutSuffix(path.Base(rel), "_1.0.0.jar")
		if !ok || path.Dir(rel) != carbon.Dropins {
			return false
		}
		return slices.ContainsFunc(slices.Concat(s.in.Glob(carbon.ComponentsLib+"/*.jar"), s.in.Glob(carbonExtensions+"/*.jar")), func(lib string) bool {
			name := strings.TrimSuffix(path.Base(lib), ".jar")
			return made == name || made == strings.ReplaceAll(name, "-", "_")
		})
	})
}

func (c *comparing) jar(rel string, bySize bool) {
	a, b := fingerprintOf(c.a, rel, bySize), fingerprintOf(c.b, rel, bySize)
	if a == b && a != jarUnread {
		return
	}
	d := Difference{Kind: Unintended, File: rel, A: DifferenceSide{Value: a}, B: DifferenceSide{Value: b}, Reason: "The nodes run different code."}
	if a == jarUnread || b == jarUnread {
		d.Kind, d.Reason = NotComparable, "The file cannot be compared."
	}
	c.add(d)
}

const (
	jarMissing = "not there"
	jarUnread  = "cannot be read"
)

// fingerprintOf tells a jar by its content or its size.
func fingerprintOf(s *compared, rel string, bySize bool) string {
	at := filepath.Join(s.in.Home, filepath.FromSlash(rel))
	info, err := os.Stat(at)
	switch {
	case isMissing(err):
		return jarMissing
	case err != nil || !info.Mode().IsRegular():
		return jarUnread
	case bySize:
		return fmt.Sprintf("%d bytes", info.Size())
	}
	f, err := os.Open(at) // #nosec G304 -- a file of the home
	if err != nil {
		return jarUnread
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return jarUnread
	}
	return fingerprintPrefix + hex.EncodeToString(h.Sum(nil))
}

// certificates compares the certificates that the servers present and those that they trust.
func (c *comparing) certificates() {
	refsA, refsB := readStores(c.a.w), readStores(c.b.w)
	if a, b := refsA.carbonStore("KeyStore"), refsB.carbonStore("KeyStore"); a != nil && b != nil {
		d := Difference{Kind: Intended, File: carbon.CarbonXML, Name: "TLS certificate", A: tlsSide(c.a.w, a), B: tlsSide(c.b.w, b), Reason: nodeTLS}
		if d.A.Value == tlsNotKnown || d.B.Value == tlsNotKnown {
			d.Kind, d.Reason = NotComparable, "Whether the nodes have the same TLS certificate cannot be told."
		}
		if d.Kind == NotComparable || d.A.Value != d.B.Value {
			c.add(d)
		}
	}
	a, b := refsA.carbonStore("TrustStore"), refsB.carbonStore("TrustStore")
	if a == nil || b == nil {
		return
	}
	trustA, whyA := trustedCertificates(c.a.w, a)
	trustB, whyB := trustedCertificates(c.b.w, b)
	if whyA != "" || whyB != "" {
		c.add(Difference{
			Kind: NotComparable, File: carbon.CarbonXML, Name: "/Server/Security/TrustStore", A: DifferenceSide{a.place.Line, orText(whyA, "opened")}, B: DifferenceSide{b.place.Line, orText(whyB, "opened")},
			Reason: "Whether the nodes trust the same certificates cannot be told.",
		})
		return
	}
	c.trust(a, b, trustA, trustB)
}

func (c *comparing) trust(a, b *storeRef, trustA, trustB map[string]string) {
	there := func(ref *storeRef, name string, ok bool) DifferenceSide {
		if ok {
			return DifferenceSide{ref.place.Line, name}
		}
		return DifferenceSide{ref.place.Line, "not trusted"}
	}
	prints := make([]string, 0, len(trustA)+len(trustB))
	for _, all := range []map[string]string{trustA, trustB} {
		for print := range all {
			prints = append(prints, print)
		}
	}
	slices.Sort(prints)
	for _, print := range slices.Compact(prints) {
		nameA, inA := trustA[print]
		nameB, inB := trustB[print]
		if inA != inB {
			c.add(Difference{
				Kind: Unintended, File: carbon.CarbonXML, Name: "trusted certificate " + print[:min(23, len(print))] + "...", A: there(a, nameA, inA), B: there(b, nameB, inB),
				Reason: "One node reaches servers that the other refuses. Nodes that have certificates signed by themselves have to trust each other's.",
			})
		}
	}
}

const tlsNotKnown = "not known"

func tlsSide(w *Workspace, ref *storeRef) DifferenceSide {
	now := keyInForce(w, ref)
	if now.id == nil || now.id.Leaf() == nil {
		return DifferenceSide{ref.place.Line, tlsNotKnown}
	}
	return DifferenceSide{ref.place.Line, now.id.Leaf().Name() + ", SHA-256 " + now.id.Leaf().SHA256()}
}

// trustedCertificates returns the certificates of a truststore, their names by fingerprint; why says why they are not known.
func trustedCertificates(w *Workspace, ref *storeRef) (all map[string]string, why string) {
	if len(ref.vault) > 0 {
		return nil, "its password is in a vault that is not open"
	}
	name, data, err := storeBytes(w, ref)
	if err != nil {
		return nil, storeFault(err)
	}
	source, err := ks.Load(ks.Passwords{Store: ref.password}, ks.File{Name: name, Data: data})
	if err != nil {
		return nil, storeFault(err)
	}
	all = map[string]string{}
	for _, e := range source.Entries {
		if e.Kind == ks.TrustedCertificate && len(e.Chain) > 0 {
			all[e.Chain[0].SHA256()] = e.Chain[0].Name()
		}
	}
	return all, ""
}
