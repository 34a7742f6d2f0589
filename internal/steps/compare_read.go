package steps

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// settingsOf takes a file apart. XML and properties are read as their readers do; of any other kind each line is a setting, without comments and blanks.
func settingsOf(s *compared, rel string, raw []byte) ([]setting, error) {
	if v, whole := wholeFile(rel, raw); whole {
		return []setting{v}, nil
	}
	switch path.Ext(rel) {
	case ".xml":
		doc, err := s.w.XML(rel)
		if err != nil {
			return nil, err
		}
		x := &xmlSettings{home: s}
		x.element(doc.Root(), "", doc.Root().Name())
		return x.all, nil
	case ".properties":
		return propertySettings(s, rel)
	}
	if rel == carbon.WrapperConf {
		return propertySettings(s, rel)
	}
	return lineSettings(raw), nil
}

// wholeFile is the setting of a file that is compared as a whole and not shown: keystores and whatever else is no text, keys, and files of passwords.
func wholeFile(rel string, raw []byte) (setting, bool) {
	sum := sha256.Sum256(raw)
	v := setting{name: lineName, value: fingerprintPrefix + hex.EncodeToString(sum[:]), whole: true}
	name := path.Base(rel)
	switch ext := path.Ext(name); {
	case ext == ".xml" || ext == ".properties":
		return setting{}, false
	case bytes.Contains(raw, []byte("PRIVATE KEY-----")), secret.Speaks(ext), secret.Speaks(strings.TrimSuffix(name, ext)):
		v.secret = true // the fingerprint of a short password tells it
		return v, true
	}
	return v, bytes.IndexByte(raw, 0) >= 0
}

// xmlSettings collects the live values of a document.
type xmlSettings struct {
	home *compared
	all  []setting
}

// element books what an element has of its own, then what is in it.
func (x *xmlSettings) element(e *edit.Element, above, step string) {
	name := above + "/" + step
	for _, a := range e.Attrs() {
		if strings.HasPrefix(a.Name, "xmlns") || strings.HasSuffix(a.Name, ":secretAlias") || strings.Contains(step, "[@"+a.Name+"=") {
			continue
		}
		x.all = append(x.all, setting{name: name + "/@" + a.Name, value: plainBlanks(a.Value), line: e.AttrLine(a.Name), secret: secret.Speaks(a.Name) || a.Name == "value" && ownSecret(e)})
	}
	if address := memberAddress(e); address != "" {
		x.all = append(x.all, setting{name: name, value: address, line: e.Line()})
		return
	}
	children := e.Children()
	if len(children) == 0 {
		v := setting{name: name, value: plainBlanks(e.Text()), line: e.Line(), secret: isSecret(e) || ownSecret(e) || heldSecret(e), alias: secretAlias(e)}
		v.sealed = x.home.w.sealed(e) != ""
		x.all = append(x.all, v)
		return
	}
	count := map[string]int{}
	for _, c := range children {
		below := stepTo(c)
		if count[below]++; count[below] > 1 {
			below = fmt.Sprintf("%s[%d]", below, count[below])
		}
		x.element(c, name, below)
	}
}

// memberAddress is what a well-known member of a cluster stands for; "" = the element is none.
func memberAddress(e *edit.Element) string {
	host, port := e.First("hostName"), e.First("port")
	if e.Name() != "member" || host == nil {
		return ""
	}
	address := plainBlanks(host.Text())
	if port != nil {
		address += ":" + plainBlanks(port.Text())
	}
	return address
}

// ownSecret: parameters whose names do not speak of a secret, and hold one.
func ownSecret(e *edit.Element) bool {
	name, _ := e.Attr("name")
	return name == "licenseKey" || secret.Speaks(name)
}

// heldSecret: what an element holds whose name speaks of a secret, or whose first children give a name that does, as in <property><name>.
func heldSecret(e *edit.Element) bool {
	above := e.Parent()
	if above == nil {
		return false
	}
	if secret.Speaks(above.Name()) || ownSecret(above) {
		return true
	}
	for _, key := range []string{"name", "key"} {
		if c := above.First(key); c != nil && e.Name() == "value" && secret.Speaks(strings.TrimSpace(c.Text())) {
			return true
		}
	}
	return false
}

// stepTo names an element among its kind by what tells it apart: its name, id, path or class, or that of the thing that it describes. What is left is told
// apart by its place.
func stepTo(e *edit.Element) string {
	for _, attr := range []string{"name", "id", "path", "class"} {
		if value, ok := e.Attr(attr); ok && attrTells(e, attr) {
			return fmt.Sprintf("%s[@%s='%s']", e.Name(), attr, value)
		}
	}
	if address := memberAddress(e); address != "" {
		return fmt.Sprintf("%s[%s]", e.Name(), address)
	}
	if e.Name() != "datasource" && (e.Parent() == nil || len(e.Parent().Find(e.Name())) < 2) {
		return e.Name()
	}
	for _, child := range []string{"name", "Name", "id"} {
		if c := e.First(child); c != nil && len(c.Children()) == 0 && c.Text() != "" {
			return fmt.Sprintf("%s[%s='%s']", e.Name(), child, c.Text())
		}
	}
	return e.Name()
}

// attrTells: a class tells siblings apart, not the one element of its kind, whose class is a setting.
func attrTells(e *edit.Element, attr string) bool {
	return attr != "class" || e.Parent() != nil && len(e.Parent().Find(e.Name())) > 1
}

// plainBlanks makes one blank of every run: where lines are broken does not count.
func plainBlanks(text string) string { return strings.Join(strings.Fields(text), " ") }

// propertySettings are the entries in force. Of cipher-text.properties the names alone: every encryption of one value is another text, and the values are
// compared at the elements that they are for.
func propertySettings(s *compared, rel string) ([]setting, error) {
	doc, err := s.w.Properties(rel)
	if err != nil {
		return nil, err
	}
	var all []setting
	seen := map[string]bool{}
	for _, e := range doc.Entries() {
		if seen[e.Key] {
			continue
		}
		seen[e.Key] = true
		now, _ := doc.Get(e.Key)
		v := setting{name: e.Key, value: strings.TrimSpace(now.Value), line: now.Line, secret: secret.Speaks(e.Key) && !isReference(e.Key)}
		switch rel {
		case carbon.CipherTool: // it says where values are
			v.secret = false
		case carbon.CipherText:
			v.secret = true
			if !strings.HasPrefix(v.value, "[") { // one in brackets is still in clear
				v.value = "an entry"
			}
		}
		all = append(all, v)
	}
	return all, nil
}

// isReference: what secret-conf.properties calls a password is the name of one.
func isReference(key string) bool { return strings.HasPrefix(key, "keystore.") }

// lineSettings are the lines of a script or of any other text. Lines have no names: one that both have is the same wherever it stands, and is left out of
// both by its text.
func lineSettings(raw []byte) []setting {
	var all []setting
	count := map[string]int{}
	number := 0
	for line := range strings.Lines(string(raw)) {
		number++
		text := plainBlanks(strings.TrimSuffix(strings.TrimSpace(line), "\\"))
		if text == "" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "//") || strings.HasPrefix(strings.ToLower(text), "rem ") {
			continue
		}
		if count[text]++; count[text] > 1 {
			text = fmt.Sprintf("%s [%d]", text, count[text])
		}
		all = append(all, setting{name: lineName + text, value: text, line: number})
	}
	return all
}

// lineName begins the names of lines; who reads the comparison is shown the line alone.
const lineName = "line: "

// pairLines pairs lines that stand on one side only, in their order: a line that was changed is one difference, not two.
func pairLines(a, b []setting) (pairs [][2]setting) {
	only := func(of, other []setting) []setting {
		return slices.DeleteFunc(slices.Clone(of), func(s setting) bool {
			return slices.ContainsFunc(other, func(o setting) bool { return o.name == s.name })
		})
	}
	left, right := only(a, b), only(b, a)
	for i := range max(len(left), len(right)) {
		var pair [2]setting
		if i < len(left) {
			pair[0] = left[i]
		}
		if i < len(right) {
			pair[1] = right[i]
		}
		pairs = append(pairs, pair)
	}
	return pairs
}
