package steps

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// clearSecret is a secret in clear that no reader of Carbon 4.2.0 takes from the vault.
type clearSecret struct {
	place carbon.Place
	name  string        // of its element, attribute or key
	value secret.Secret // a URL with a password in it, as a whole
}

func (c clearSecret) at() carbon.Place { return c.place }

// clearSecrets finds the live secrets that the vault cannot hold, in every file of the configuration and in the start scripts. What is commented out, a
// variable, or secured already is none. inVault are the places that the vault can hold.
func clearSecrets(w *Workspace, inVault []*vaultPlace) []clearSecret {
	known := map[string]bool{}
	for _, p := range inVault {
		known[spot(p.file, p.element)] = true
	}
	var all []clearSecret
	files := append(confFiles(w), w.glob(userStoresDir+"/*.xml")...)
	for _, pattern := range append(deployedFiles, carbon.EPRDir+"/*.epr") {
		files = append(files, w.glob(pattern)...)
	}
	for _, rel := range files {
		data, err := w.Bytes(rel)
		urls := bytes.Contains(data, []byte("://")) && bytes.Contains(data, []byte("@"))
		if err != nil || !urls && !secret.Mentioned(data) {
			continue
		}
		switch {
		case slices.Contains(vaultFiles, rel):
		case path.Ext(rel) == ".properties":
			all = append(all, clearInProperties(w, rel)...)
		default:
			all = append(all, clearInXML(w, rel, known)...)
		}
	}
	for _, pattern := range otherFiles {
		for _, rel := range w.glob(pattern) {
			all = append(all, clearInLines(w, rel)...)
		}
	}
	return append(all, clearInScripts(w)...)
}

// deployedFiles are the XML files that are deployed with logins to other servers in them: endpoints, proxy services and message stores of Synapse, data
// services, and the event adaptors of BAM and CEP.
var deployedFiles = []string{
	"repository/deployment/server/synapse-configs/*/*.xml", "repository/deployment/server/synapse-configs/*/*/*.xml",
	"repository/deployment/server/dataservices/*.dbs", "repository/deployment/server/*eventadaptors/*.xml",
}

// otherFiles hold secrets in lines of other kinds: cassandra.yaml of BAM, the settings of Jaggery applications, and those of the service on Windows.
var otherFiles = []string{
	"repository/conf/*.yaml", "repository/conf/*/*.yaml", "repository/conf/*/*.json", carbon.WrapperConf,
	"repository/deployment/server/jaggeryapps/*/*.json", "repository/deployment/server/jaggeryapps/*/*/*.json", "repository/deployment/server/jaggeryapps/*/*/*/*.json",
}

// Lines that set one name, as name: value or name=value, and members of JSON, of which a line may have several.
var (
	settingLine = regexp.MustCompile(`^\s*(?:-\s+)?["']?([A-Za-z][\w.-]*)["']?\s*[:=]\s*(.*?)\s*$`)
	jsonMember  = regexp.MustCompile(`"([\w.-]+)"\s*:\s*"([^"]*)"`)
)

// clearInLines finds secrets in a file that nothing here parses, line by line. site.json is not strict JSON: it has comments.
func clearInLines(w *Workspace, rel string) []clearSecret {
	data, err := w.Bytes(rel)
	if err != nil || !secret.Mentioned(data) {
		return nil
	}
	setting := settingLine
	if path.Ext(rel) == ".json" {
		setting, data = jsonMember, withoutJSONComments(data)
	}
	var all []clearSecret
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		for _, m := range setting.FindAllStringSubmatch(line, -1) {
			if name, ok := setsSecret(m[1], m[2]); ok {
				all = append(all, clearSecret{carbon.Place{File: rel, Line: n}, name, secret.New(bareValue(m[2]))})
			}
		}
	}
	return all
}

// withoutJSONComments blanks what stands in comments, // to the end of the line and /* */, which Jaggery takes in its site.json. Lines keep their numbers, and
// an address in a string keeps its slashes.
func withoutJSONComments(data []byte) []byte {
	out := slices.Clone(data)
	for i := 0; i < len(out); i++ {
		end := i
		switch {
		case out[i] == '"':
			for i++; i < len(out) && out[i] != '"' && out[i] != '\n'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
			continue
		case bytes.HasPrefix(out[i:], []byte("//")):
			end = i + until(out[i:], "\n")
		case bytes.HasPrefix(out[i:], []byte("/*")):
			end = min(len(out), i+2+until(out[i+2:], "*/")+len("*/"))
		}
		for ; i < end; i++ {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
	}
	return out
}

// until is how many bytes stand before a text; all of them when it does not follow.
func until(data []byte, text string) int {
	if n := bytes.Index(data, []byte(text)); n >= 0 {
		return n
	}
	return len(data)
}

// setsSecret returns the name of the secret that a line sets: its own, or that of the JVM option that is its value.
func setsSecret(name, value string) (secretName string, ok bool) {
	for _, prefix := range scriptSecrets {
		if rest, found := strings.CutPrefix(strings.Trim(value, `"`), prefix); found {
			return strings.TrimSuffix(prefix, "="), isValue(rest)
		}
	}
	value = bareValue(value)
	return name, secret.Speaks(name) && isValue(value) && !strings.ContainsAny(value[:1], "{[%#") && value != "null"
}

// bareValue is a value without its quotes and what follows them.
func bareValue(text string) string {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return text
	}
	value, _, _ := strings.Cut(text[1:], text[:1])
	return value
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
		if secretAlias(e) != "" {
			continue
		}
		var here []clearSecret
		if name, ok := clearText(e); ok {
			here = append(here, clearSecret{carbon.Place{File: rel, Line: e.Line()}, name, secret.New(strings.TrimSpace(e.Text()))})
		}
		for _, a := range e.Attrs() {
			if strings.HasPrefix(a.Name, "xmlns") || a.Name == "name" {
				continue
			}
			if secret.Speaks(a.Name) && isValue(a.Value) || hasUserInfo(a.Value) {
				here = append(here, clearSecret{carbon.Place{File: rel, Line: e.AttrLine(a.Name)}, a.Name, secret.New(a.Value)})
			}
		}
		if len(here) > 0 && !known[spot(rel, e)] { // the way to an element takes longer than a look at it
			all = append(all, here...)
		}
	}
	return all
}

// synapseValue is what a mediator puts in place of an argument or a property: $1, $ctx:user.
var synapseValue = regexp.MustCompile(`^\$([0-9]+$|[a-z]+:)`)

// clearText returns the name of the secret that the text of an element is: <Password>, <Property name="password">, or the value of Hadoop's
// <property><name>password</name>.
func clearText(e *edit.Element) (name string, ok bool) {
	if len(e.Children()) > 0 {
		return "", false
	}
	text := e.Text()
	switch {
	case !isValue(text) || synapseValue.MatchString(text):
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
			all = append(all, clearSecret{carbon.Place{File: rel, Line: e.Line}, e.Key, secret.New(strings.TrimSpace(e.Value))})
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
				all = append(all, clearSecret{carbon.Place{File: rel, Line: o.Line}, strings.TrimSuffix(prefix, "="), secret.New(o.Value)})
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
	all := clearSecrets(w, places)
	apart := slices.DeleteFunc(slices.Clone(places), func(p *vaultPlace) bool { return p.rival == nil || p.alias != "" })
	if len(all)+len(apart) == 0 {
		return nil
	}
	files, of := byFile(all, clearSecret.at)
	var b strings.Builder
	for _, p := range apart {
		fmt.Fprintf(&b, "%s: %s %s\n", p.place(), p.whyApart(), p.fixApart())
	}
	if len(all) == 0 {
		return []Advice{{Guideline: 10, Title: clearTitle, Text: strings.TrimSpace(b.String())}}
	}
	fmt.Fprintf(&b, "Carbon 4.2.0 cannot read %s in %s from the vault:", number(len(all), "password", "passwords"), number(len(files), "file", "files"))
	for _, file := range files {
		fmt.Fprintf(&b, "\n%s %s", file, lineNumbers(of[file], clearSecret.at))
	}
	b.WriteString("\nThey stay there in clear. Let only the user of the server read these files, and give the accounts no more rights than they need.")
	for _, u := range unread {
		b.WriteString("\n" + u.String() + ": what stands in it stays, too.")
	}
	return []Advice{{Guideline: 10, Title: clearTitle, Text: b.String()}}
}

const clearTitle = "Passwords that stay in clear"

// whyApart says why a value is not in the vault beside that of its rival, a sentence after "A password in clear;".
func (p *vaultPlace) whyApart() string {
	return fmt.Sprintf("the vault holds one value under its alias %s, that of %s.", p.asked, p.rival.place())
}

func (p *vaultPlace) fixApart() string {
	return fmt.Sprintf("If both are to have the same value, give it as %s%s.", keyVaultSecrets, p.asked)
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
