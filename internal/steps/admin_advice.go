package steps

import (
	"fmt"
	"path"
	"sort"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// Advice names what the files cannot do and what was left. It holds no secret.
func (admin) Advice(w *Workspace, a *answers.Set) []Advice {
	scan := scanAdmin(w)
	if scan.admin() == nil {
		return nil
	}
	want := wantedAccount(a, scan.account())
	var all []Advice
	if w.Install.Started.Yes {
		all = append(all, adviseStarted(w, want))
	}
	all = append(all, adviseRemote(scan, want)...)
	all = append(all, adviseLeft(scan, want)...)
	all = append(all, adviseUnread(scan)...)
	if w.Has(carbon.APIManagerXML) {
		all = append(all, Advice{
			Guideline: 1, Title: "A copy of the credentials in the registry",
			Text: "API Manager keeps the administrator's credentials for self sign-up in the registry as well, not in a file. After the start, log in to the management console, " +
				"open the resource below in the registry browser, and set user name and password there if self sign-up is used.",
			Commands: []string{"/_system/governance/apimgt/applicationdata/sign-up-config.xml"},
		})
	}
	return append(all, Advice{
		Guideline: 1, Title: "After the start",
		Text: fmt.Sprintf("Log in to the management console as %s. Then try the user admin with the default password: that login has to be refused. "+
			"That the log says that Carbon has started does not prove it.", want.user),
	})
}

// adviseStarted tells how to change the password where it counts.
func adviseStarted(w *Workspace, want account) Advice {
	ad := Advice{Guideline: 1, Title: "Change the password in the user store, too"}
	text := fmt.Sprintf("This server has been started before (%s). Its user store decides who may log in; user-mgt.xml is not read for that any more, and the old password stays valid until it is changed there. ", w.Install.Started.Evidence)
	text += "In the management console: log in with the old password before the server is stopped for this change, and change it under Configure, Users and Roles. "
	store := readUserStore(w)
	if store.directory() {
		ad.Text = text + "The users are in a directory, so the tools of the directory can change it as well; bin/chpasswd.sh cannot."
		return ad
	}
	ad.Text = text + "Or, with the server stopped, use bin/chpasswd.sh as below. It asks for the new password when it is not given on the command line, where others could read it. " +
		"It needs ant on the PATH, and the jar of the database driver in repository/lib. It says \"Password updated successfully.\" also for a user that does not exist, " +
		"and leaves with exit code 0 also when it fails, so check by logging in. A new password with a blank or a wildcard cannot be given to it. " +
		fmt.Sprintf("If the name of the administrator changes, the start creates %s as a second one: delete the old one in the console.", want.user)
	ad.Commands = []string{"sh bin/chpasswd.sh --db-url " + userDatabaseURL(w) + " --username " + shellWord(want.user)}
	return ad
}

// userDatabaseURL returns the JDBC URL of the database that holds the users, with the path of an H2 file made absolute; a stand-in when unknown.
func userDatabaseURL(w *Workspace) string {
	const unknown = "JDBC_URL_OF_THE_USER_DATABASE"
	users, err := w.XML(carbon.UserMgtXML)
	if err != nil {
		return unknown
	}
	source := users.First("/UserManager/Realm/Configuration/Property[@name='dataSource']")
	doc, err := w.XML(carbon.MasterDS)
	if err != nil || source == nil {
		return unknown
	}
	for _, ds := range doc.Find("/datasources-configuration/datasources/datasource") {
		name, url := ds.First("jndiConfig/name"), ds.First("definition/configuration/url")
		if name == nil || url == nil || name.Text() != source.Text() {
			continue
		}
		return shellWord(absoluteH2(url.Text(), w.Install.Home))
	}
	return unknown
}

// absoluteH2 makes the path in jdbc:h2:repository/database/X;... absolute: the script may be started anywhere.
func absoluteH2(url, home string) string {
	file, ok := strings.CutPrefix(url, "jdbc:h2:")
	if !ok || strings.Contains(file, "://") || path.IsAbs(file) || strings.HasPrefix(file, "tcp:") || strings.HasPrefix(file, "mem:") {
		return url
	}
	file, _, _ = strings.Cut(file, ";")
	return "jdbc:h2:" + path.Join(home, file)
}

// shellWord quotes a word for a POSIX shell when it has to be.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// adviseRemote names the servers that have to accept the credentials, too.
func adviseRemote(scan *adminScan, want account) []Advice {
	var all []Advice
	for _, l := range scan.following(want) {
		if l.remote == "" {
			continue
		}
		all = append(all, Advice{
			Guideline: 1, Title: "Another server has to accept the credentials",
			Text: fmt.Sprintf("The login %s (%s) goes to %s. That server has to know the user %s with the same password: run the same answers there, or let both share a user store.", l.site.what, l.place(), l.remote, want.user),
		})
	}
	return all
}

// adviseLeft names the places that look like the administrator's and were left, with the reason.
func adviseLeft(scan *adminScan, want account) []Advice {
	var reasons []string
	where := map[string][]string{}
	for _, l := range scan.logins {
		if l.belongsTo(want) {
			continue
		}
		why := l.whyLeft(want)
		if len(where[why]) == 0 {
			reasons = append(reasons, why)
		}
		where[why] = append(where[why], l.place().String())
	}
	if len(reasons) == 0 {
		return nil
	}
	var lines []string
	for _, why := range reasons {
		sort.Strings(where[why])
		lines = append(lines, strings.Join(where[why], ", ")+": "+why)
	}
	return []Advice{{Guideline: 1, Title: "Places left as they are", Text: strings.Join(lines, "\n")}}
}

func adviseUnread(scan *adminScan) []Advice {
	var names []string
	for _, u := range scan.unread {
		names = append(names, u.String())
	}
	if len(names) == 0 {
		return nil
	}
	return []Advice{{
		Guideline: 1, Title: "Files that could not be looked at",
		Text: strings.Join(names, ". ") + ". If the administrator's credentials stand in one of them, change them there by hand.",
	}}
}
