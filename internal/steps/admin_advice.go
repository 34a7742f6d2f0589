package steps

import (
	"fmt"
	"path"
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
	base, why := userBaseOf(w, a)
	if led := ledBefore(w, a); led != nil {
		base = led
	}
	switch {
	case base != nil:
		all = append(all, adviseUserBase(w, a, base, scanAdmin(NewWorkspace(w.Install)).account().user, want)...)
	case w.Install.Started.Yes:
		all = append(all, adviseStarted(w, want, why))
	}
	all = append(all, adviseRemote(scan, want)...)
	all = append(all, adviseLeft(scan, want)...)
	all = append(all, adviseUnread(scan)...)
	if w.Has(carbon.APIManagerXML) {
		all = append(all, Advice{
			Guideline: 1, Title: "A copy of the credentials in the registry",
			Text: "API Manager keeps the administrator's credentials for self sign-up in the registry as well, not in a file. After the start, log in to the management console, " +
				"open /_system/governance/apimgt/applicationdata/sign-up-config.xml in the registry browser, and set user name and password there if self sign-up is used.",
		})
	}
	return append(all, Advice{
		Guideline: 1, Title: "After the start",
		Text: fmt.Sprintf("Log in to the management console as %s. Then try the user admin with the default password: that login has to be refused. "+
			"That the log says that Carbon has started does not prove it.", want.user),
	})
}

// ledBefore is the database that the answers lead the users to, nil when they do not: the workspace of an advice has the edits of the run, and leads there already.
func ledBefore(w *Workspace, a *answers.Set) *userBase {
	before := NewWorkspace(w.Install)
	before.openVault(a)
	if base, _ := userBaseOf(before, a); base != nil && base.moved {
		return base
	}
	return nil
}

// adviseStarted tells how to change the account where it counts, when that cannot be done from here; why says why, unless that is plain.
func adviseStarted(w *Workspace, want account, why string) Advice {
	ad := Advice{Guideline: 1, Title: "Change the user store, too"}
	text := fmt.Sprintf("This server has been started before (%s). Its user store decides who may log in, and user-mgt.xml is not read for that any more. ", w.Install.Started.Evidence)
	if why != "" {
		text += why + " "
	}
	if old := scanAdmin(NewWorkspace(w.Install)).account().user; old != "" && old != want.user {
		ad.Text = text + fmt.Sprintf("With <AddAdmin> true, the next start creates %s as a second administrator with the password given here. %s stays as it is, valid and with its present password: "+
			"after the start, log in to the management console as %s and delete it under Configure, Users and Roles.", want.user, old, want.user)
		return ad
	}
	text += "The present password stays valid until it is changed there. Change it in the management console before you stop the server for this change, under Configure, Users and Roles. "
	if readUserStore(w).directory() {
		ad.Text = text + "The users are in a directory, so its own tools can change it as well; bin/chpasswd.sh cannot."
		return ad
	}
	ad.Text = text + "Or stop the server and use bin/chpasswd.sh as below. It asks for the new password, which on the command line others could read. " +
		"It needs ant on the PATH, and the jar of the database driver in repository/lib. It says \"Password updated successfully.\" also for a user that does not exist, " +
		"and leaves with exit code 0 also when it fails, so check by logging in."
	ad.Commands = []string{chpasswd(w, want.user)}
	return ad
}

// chpasswd returns the command for the database that holds the users. The script's defaults are those of the shipped H2 database.
func chpasswd(w *Workspace, user string) string {
	option := map[string]string{}
	for _, name := range []string{"url", "driverClassName", "username"} {
		option[name] = userDatabase(w, name)
	}
	words := []string{"sh", "bin/chpasswd.sh", "--db-url"}
	switch url := option["url"]; {
	case url == "":
		words = append(words, "JDBC_URL", "--db-driver", "DRIVER_CLASS", "--db-username", "DB_USER", "--db-password", "DB_PASSWORD")
	case strings.HasPrefix(url, "jdbc:h2:"):
		words = append(words, shellWord(absoluteH2(url, w.Install.Home)))
		if option["username"] != "wso2carbon" {
			words = append(words, "--db-username", shellWord(option["username"]), "--db-password", "DB_PASSWORD")
		}
	default:
		words = append(words, shellWord(url), "--db-driver", shellWord(option["driverClassName"]), "--db-username", shellWord(option["username"]), "--db-password", "DB_PASSWORD")
	}
	return strings.Join(append(words, "--username", shellWord(user)), " ")
}

// userDatabase returns a setting of the datasource that user-mgt.xml names, "" when it cannot be found.
func userDatabase(w *Workspace, setting string) string {
	users, err := w.XML(carbon.UserMgtXML)
	if err != nil {
		return ""
	}
	source := users.First("/UserManager/Realm/Configuration/Property[@name='dataSource']")
	doc, err := w.XML(carbon.MasterDS)
	if err != nil || source == nil {
		return ""
	}
	for _, ds := range doc.Find("/datasources-configuration/datasources/datasource") {
		name, value := ds.First("jndiConfig/name"), ds.First("definition/configuration/"+setting)
		if name != nil && value != nil && name.Text() == source.Text() {
			return value.Text()
		}
	}
	return ""
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
	where := map[string][]carbon.Place{}
	for _, l := range scan.logins {
		if l.belongsTo(want) {
			continue
		}
		why := l.whyLeft(want)
		if len(where[why]) == 0 {
			reasons = append(reasons, why)
		}
		where[why] = append(where[why], l.place())
	}
	if len(reasons) == 0 {
		return nil
	}
	var lines []string
	for _, why := range reasons {
		lines = append(lines, placeList(where[why])+": "+why)
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
