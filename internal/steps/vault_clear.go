package steps

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// clearSecret is a secret in clear that no reader of Carbon 4.2.0 takes from the vault.
type clearSecret struct {
	place carbon.Place
	name  string // of its element, attribute or key
}

// clearSecrets finds the live secrets that the vault cannot hold, in every file of the configuration and in the start scripts. What is commented out, a
// variable, or secured already is none. inVault are the places that the vault can hold.
func clearSecrets(w *Workspace, inVault []*vaultPlace) []clearSecret {
	known := map[string]bool{}
	for _, p := range inVault {
		known[spot(p.file, p.element)] = true
	}
	var all []clearSecret
	files := append(confFiles(w), w.Install.Glob(userStoresDir+"/*.xml")...)
	for _, rel := range append(files, w.Install.Glob(carbon.EPRDir+"/*.epr")...) {
		data, err := w.Bytes(rel)
		if err != nil || !secret.Mentioned(data) && !strings.Contains(string(data), "://") {
			continue
		}
		switch {
		case slices.Contains(vaultFiles, rel):
		case path.Ext(rel) == ".xml", path.Ext(rel) == ".epr":
			all = append(all, clearInXML(w, rel, known)...)
		default:
			all = append(all, clearInProperties(w, rel)...)
		}
	}
	return append(all, clearInScripts(w)...)
}

// vaultFiles are the files of the vault itself, which Diagnose judges.
var vaultFiles = []string{carbon.CipherText, carbon.CipherTool, carbon.SecretConf}

func clearInXML(w *Workspace, rel string, known map[string]bool) []clearSecret {
	doc, err := w.XML(rel)
	if err != nil {
		return nil // CheckParses and the step that needs the file tell
	}
	var all []clearSecret
	for _, e := range doc.Find("//*") {
		at := carbon.Place{File: rel, Line: e.Line()}
		if secretAlias(e) != "" || known[spot(rel, e)] {
			continue
		}
		if name, ok := clearText(e); ok {
			all = append(all, clearSecret{at, name})
		}
		for _, a := range e.Attrs() {
			if strings.HasPrefix(a.Name, "xmlns") || a.Name == "name" {
				continue
			}
			if secret.Speaks(a.Name) && isValue(a.Value) || hasUserInfo(a.Value) {
				all = append(all, clearSecret{carbon.Place{File: rel, Line: e.AttrLine(a.Name)}, a.Name})
			}
		}
	}
	return all
}

// clearText returns the name of the secret that the text of an element is: <Password>, <Property name="password">, or the value of Hadoop's
// <property><name>password</name>.
func clearText(e *edit.Element) (name string, ok bool) {
	if len(e.Children()) > 0 {
		return "", false
	}
	text := e.Text()
	switch {
	case !isValue(text):
		return "", false
	case hasUserInfo(text):
		return e.Name(), true
	case e.Name() == "value" && e.Parent() != nil:
		name = e.Parent().First("name").Text()
		return name, secret.Speaks(name)
	case secret.Speaks(e.Name()):
		return e.Name(), true
	}
	name, _ = e.Attr("name")
	return name, secret.Speaks(name)
}

// hasUserInfo reports whether a URL has a password in it.
func hasUserInfo(text string) bool {
	return strings.Contains(text, "://") && strings.Contains(text, "@") && len(secret.Spans([]byte(text))) > 0
}

func clearInProperties(w *Workspace, rel string) []clearSecret {
	doc, err := w.Properties(rel)
	if err != nil {
		return nil
	}
	var all []clearSecret
	for _, e := range doc.Entries() {
		if secret.Speaks(e.Key) && isValue(strings.TrimSpace(e.Value)) || hasUserInfo(e.Value) {
			all = append(all, clearSecret{carbon.Place{File: rel, Line: e.Line}, e.Key})
		}
	}
	return all
}

// scriptSecrets are the JVM options that hold a password.
var scriptSecrets = []string{
	"-Dhttp.proxyPassword=", "-Dhttps.proxyPassword=", "-Djavax.net.ssl.keyStorePassword=", "-Djavax.net.ssl.trustStorePassword=",
	"-Dcom.sun.management.jmxremote.password=",
}

func clearInScripts(w *Workspace) []clearSecret {
	var all []clearSecret
	for _, rel := range []string{carbon.ServerSH, carbon.ServerBAT} {
		doc, err := w.Script(rel)
		if err != nil {
			continue
		}
		for _, prefix := range scriptSecrets {
			if o, ok := doc.Option(prefix); ok && o.Value != "" && !o.Expands {
				all = append(all, clearSecret{carbon.Place{File: rel, Line: o.Line}, strings.TrimSuffix(prefix, "=")})
			}
		}
	}
	return all
}

// byFile puts what lies in one file together, in the order of the files.
func byFile[T any](all []T, place func(T) carbon.Place) (files []string, lines map[string][]T) {
	lines = map[string][]T{}
	for _, one := range all {
		file := place(one).File
		if lines[file] == nil {
			files = append(files, file)
		}
		lines[file] = append(lines[file], one)
	}
	return files, lines
}

// adviseClear lists, for the review, the passwords that stay in clear, with their places; none when there are none.
func adviseClear(w *Workspace) []Advice {
	places, unread := vaultPlaces(w)
	place := func(c clearSecret) carbon.Place { return c.place }
	all := clearSecrets(w, places)
	if len(all) == 0 {
		return nil
	}
	files, of := byFile(all, place)
	var b strings.Builder
	fmt.Fprintf(&b, "Carbon 4.2.0 cannot read %s in %s from the vault:", number(len(all), "password", "passwords"), number(len(files), "file", "files"))
	for _, file := range files {
		fmt.Fprintf(&b, "\n%s %s", file, lineNumbers(of[file], place))
	}
	b.WriteString("\nThey stay there in clear. Let only the user of the server read these files, and give the accounts no more rights than they need.")
	for _, u := range unread {
		b.WriteString("\n" + u.String() + ": what stands in it stays, too.")
	}
	return []Advice{{Guideline: 10, Title: "Passwords that stay in clear", Text: b.String()}}
}

// lineNumbers tells the lines of one file, each once.
func lineNumbers[T any](some []T, place func(T) carbon.Place) string {
	lines := make([]string, len(some))
	for i, one := range some {
		lines[i] = fmt.Sprint(place(one).Line)
	}
	if lines = slices.Compact(lines); len(lines) == 1 {
		return "(line " + lines[0] + ")"
	}
	return "(lines " + strings.Join(lines, ", ") + ")"
}
