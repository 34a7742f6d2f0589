package steps

import (
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// downloadPasswords stand in the files of every download: those of the administrator, of the keystores and of H2, of Tomcat's and Axis2's examples, and
// of the directories in comments of user-mgt.xml. The last two are what everyone tries next.
var downloadPasswords = []string{"admin", "wso2carbon", "tomcat", "axis2", "secret", "password", "changeit"}

// fromDownload reports whether a value is one of them, or a URL that has one in it.
func fromDownload(value secret.Secret) bool {
	text := value.Reveal()
	if slices.Contains(downloadPasswords, text) {
		return true
	}
	if !hasUserInfo(text) {
		return false
	}
	return slices.ContainsFunc(secret.Spans([]byte(text)), func(s secret.Span) bool { return slices.Contains(downloadPasswords, text[s.Start:s.End]) })
}

// download lists the passwords of the download wherever they stand, one result for each file, but for those that other guidelines judge: logins that guideline 1
// has a finding of, passwords of stores, and accounts of database servers.
func (u *vaultAuditor) download(places []*vaultPlace, stay []clearSecret) {
	judged := u.judgedElsewhere()
	var found []clearSecret
	for _, p := range places {
		if p.alias == "" {
			found = append(found, clearSecret{p.place(), p.element.Name(), secret.New(strings.TrimSpace(p.element.Text()))})
		} else if value, ok := u.v.opened[p.alias]; ok {
			found = append(found, clearSecret{p.place(), p.element.Name(), value})
		}
	}
	found = slices.DeleteFunc(append(found, stay...), func(c clearSecret) bool { return judged[c.place] || !fromDownload(c.value) })
	files, of := byFile(found, clearSecret.at)
	for _, file := range files {
		these := of[file]
		message := "The password of the download stands here (" + these[0].name + ")."
		if len(these) > 1 {
			message = fmt.Sprintf("The password of the download stands here %d times %s.", len(these), lineNumbers(these, clearSecret.at))
		}
		u.add(ruleVaultDefault, Warn, Warning, these[0].place, message, "They are the same in every download: whatever they lead into is open to all.", "Change them here and in what they lead into; where nothing uses them, take them out.")
	}
}

// judgedElsewhere are the places of passwords that guidelines 1, 2 and 6 speak of.
func (u *vaultAuditor) judgedElsewhere() map[carbon.Place]bool {
	judged := map[carbon.Place]bool{}
	scan := scanAdmin(u.w)
	now := scan.account()
	for _, l := range scan.logins {
		if _, told := auditLogin(scan, l, now); told {
			judged[l.pass.place], judged[l.place()] = true, true
		}
	}
	for _, ref := range readStores(u.w).all {
		lines := ref.params
		if ref.params == nil {
			lines = append(ref.element.Find("Password"), ref.element.Find("KeyPassword")...)
		}
		for _, e := range lines {
			judged[carbon.Place{File: ref.site.file, Line: e.Line()}] = true
		}
	}
	blocks, _ := readBlocks(u.w)
	for _, b := range blocks {
		if e := b.config.First("password"); e != nil && b.err == nil && !b.h2 {
			judged[carbon.Place{File: b.file, Line: e.Line()}] = true
		}
	}
	return judged
}
