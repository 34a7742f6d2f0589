package steps

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// alwaysThere are logs that log4j.properties of the install has no say in: the launcher has a log4j.properties of its own, in lib/org.wso2.carbon.server.
var alwaysThere = []string{"patches.log"}

// dated is the name of a file that was rolled: it is not written to any more.
var dated = regexp.MustCompile(`[.-]?[0-9]{4}-[0-9]{2}-[0-9]{2}|\.[0-9]{1,4}$|\.gz$`)

// unrotated returns the logs below repository/logs that neither log4j nor Tomcat limits and that keep their name, so that logrotate can: sorted.
func unrotated(w *Workspace) []string {
	rels := make([]string, 0, len(alwaysThere))
	for _, name := range alwaysThere {
		rels = append(rels, carbon.LogsDir+"/"+name)
	}
	written := map[string]bool{}
	if p, err := w.Properties(carbon.Log4jProperties); err == nil {
		for _, a := range fileAppenders(p) {
			file := strings.NewReplacer("${carbon.home}/", "", "${instance.log}/", "", "${instance.log}", "").Replace(a.File)
			written[file] = true
			if !a.rolls() && !a.daily() && strings.HasPrefix(file, carbon.LogsDir+"/") {
				rels = append(rels, file)
			}
		}
	}
	v, err := accessLogValve(w)
	prefix := ""
	if err == nil && v != nil {
		prefix, _ = v.Attr("prefix")
		if rotatable, _ := v.Attr("rotatable"); rotatable == "false" {
			suffix, _ := v.Attr("suffix")
			rels = append(rels, carbon.LogsDir+"/"+prefix+suffix)
		}
	}
	for _, f := range logFiles(w) { // what a started server writes besides
		base := path.Base(f.rel)
		if written[f.rel] || dated.MatchString(base) || prefix != "" && strings.HasPrefix(base, prefix) {
			continue
		}
		if ext := path.Ext(base); ext == ".log" || ext == ".out" {
			rels = append(rels, f.rel)
		}
	}
	slices.Sort(rels)
	return slices.Compact(rels)
}

// logrotateAdvice is the snippet for what log4j cannot rotate. The server keeps its logs open and does not reopen them: they are copied and cut. They are
// opened for appending, so that writing goes on at the new end.
func logrotateAdvice(w *Workspace, a *answers.Set) Advice {
	ad := Advice{Guideline: 16, Title: "Rotate with logrotate what log4j cannot"}
	if !logrotateTakes(w.Install.Home) {
		ad.Text = "The path of the install has characters that logrotate takes for a pattern. Rotate the logs below repository/logs by a script of your own."
		return ad
	}
	rels := unrotated(w)
	found := len(rels)
	rels = slices.DeleteFunc(rels, func(rel string) bool { return !logrotateTakes(rel) })
	ad.Text = fmt.Sprintf("log4j and Tomcat do not limit these, or not all of them: %s. Copy the ready file for logrotate of the machine to its place, owned by root and not writable for others, and try it with logrotate -d.", firstFew(jarNames(rels)))
	if odd := found - len(rels); odd > 0 {
		ad.Text += fmt.Sprintf(" Left out: %s in repository/logs whose name has quotes, braces or other characters that mean something to logrotate. The server writes none such: find out where they come from.", plural(odd, "file"))
	}
	ad.Attachments = []Attachment{{Name: "/etc/logrotate.d/" + snippetName(w.Install.Home), Content: logrotateSnippet(w, a, rels)}}
	return ad
}

// logrotateTakes reports whether a path can stand between quotes in a file for logrotate, which root runs: a quote would end it and begin a line of its own,
// and a pattern would stand for other files.
func logrotateTakes(path string) bool {
	return utf8.ValidString(path) && !strings.ContainsFunc(path, func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`"\*?[]{}`, r) })
}

// snippetName is a file name that logrotate takes: it leaves out those with a known ending, and two installs need two files.
func snippetName(home string) string {
	return "carbon-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, path.Base(home))
}

func logrotateSnippet(w *Workspace, a *answers.Set, rels []string) string {
	keep := orText(a.Text(keyMaxBackups), "20")
	size := "10M"
	if n, ok := fileSizeBytes(a.Text(keyMaxSize)); ok {
		size = fmt.Sprintf("%dk", n>>10)
	}
	var b strings.Builder
	b.WriteString("# Logs of " + w.Install.Home + " that neither log4j nor Tomcat limits.\n")
	for _, rel := range rels {
		b.WriteString("\"" + w.Install.Home + "/" + rel + "\"\n")
	}
	b.WriteString("{\n")
	if owner, group := w.Install.Owner(); owner != "" {
		b.WriteString("    su " + owner + " " + group + "\n")
	}
	for _, line := range []string{"daily", "maxsize " + size, "rotate " + keep, "compress", "missingok", "notifempty", "copytruncate"} {
		b.WriteString("    " + line + "\n")
	}
	b.WriteString("}\n")
	return b.String()
}
