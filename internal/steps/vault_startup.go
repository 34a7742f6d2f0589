package steps

import (
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	sv "carbon-setup/internal/vault"
)

// Advice tells how the server gets the password of its vault at the start, and gives a service that hands it over. It holds no secret.
func (vault) Advice(w *Workspace, a *answers.Set) []Advice {
	on, asked := wantsVault(a)
	switch {
	case !asked:
		return nil
	case !on && !w.vault.on():
		return nil
	case !on:
		return adviseNoPassword(w.Install)
	}
	return slices.Concat([]Advice{adviseStart(w, startKind(w, a))}, adviseClear(w), adviseEncoding(w), adviseServices(w.Install))
}

// adviseEncoding: SecretManager makes text of what it decrypts in the encoding of the platform. The start scripts set UTF-8, wrapper.conf does not.
func adviseEncoding(w *Workspace) []Advice {
	data, err := w.Bytes(carbon.WrapperConf)
	if err != nil || len(w.vault.foreign) == 0 || strings.Contains(string(data), "-Dfile.encoding=") {
		return nil
	}
	return []Advice{{
		Guideline: 10, Title: "Passwords with letters beyond ASCII",
		Text: fmt.Sprintf("%s: the value has letters beyond ASCII, which the server reads from the vault in the encoding of its platform. bin/wso2server.sh and .bat set UTF-8; %s, with which it runs as a "+
			"service on Windows, does not. Add the line below to it with a number that is free, or choose a password in ASCII.", strings.Join(w.vault.foreign, ", "), carbon.WrapperConf),
		Commands: []string{"wrapper.java.additional.NUMBER = -Dfile.encoding=UTF8"},
	}}
}

// startKind is the choice in force: what the answers want, else what is in the home.
func startKind(w *Workspace, a *answers.Set) string {
	if kind := a.Text(keyVaultPasswordFile); kind != "" {
		return kind
	}
	if kind := presentPasswordFile(w); kind != "" {
		return kind
	}
	return passwordNone
}

// adviseStart tells what the next start and those after it need.
func adviseStart(w *Workspace, kind string) Advice {
	names := passwordFiles(w)
	script := startScript(w.Install)
	const hangs = "Without the password the server does not end: it hangs with no port open, and the only sign is the line \"SecretManager has not been initialized\" in " +
		"repository/logs/wso2carbon.log. "
	text := ""
	switch kind {
	case passwordOnce:
		text = fmt.Sprintf("The next start takes the password of the keystore from %s. The server overwrites and deletes the file as soon as it has read it, even if that start then fails. "+
			"Every later start, a restart from the management console too, needs the password again: in a new %s, or typed at the console when %s runs in a terminal. ", names[1], names[1], script)
	case passwordPersist:
		text = fmt.Sprintf("Every start takes the password of the keystore from %s, which stays in the home. Whoever can read that file can decrypt every password: its mode has to be 0600 and its owner %s, "+
			"and backups of the home have it, too. Its first line is the password, without a blank at the end. ", names[2], ownerOrUser(w.Install))
	default:
		text = fmt.Sprintf("Nothing in the home holds the password of the keystore. The server asks for it at its console at every start: run %s in a terminal, or let a service hand it over. ", script)
	}
	text += hangs
	if w.Install.Host.OS != "windows" {
		text += "wso2server.sh start and restart leave the console behind, so that nobody can be asked."
	}
	return Advice{Guideline: 10, Title: "The password at the start", Text: strings.TrimSpace(text)}
}

// startScript is how a server is started at a console.
func startScript(in *carbon.Install) string {
	if in.Host.OS == "windows" {
		return `bin\wso2server.bat`
	}
	return "sh bin/wso2server.sh (without start)"
}

// ownerOrUser names whom the server runs as.
func ownerOrUser(in *carbon.Install) string {
	if owner, _ := in.Owner(); owner != "" {
		return owner
	}
	return "the user that the server runs as"
}

// adviseServices gives a systemd unit and an init script that hand the password over at every start.
func adviseServices(in *carbon.Install) []Advice {
	if in.Host.OS == "windows" {
		return nil
	}
	s := newService(in)
	const title = "A service that hands over the password"
	if fault := s.fault(); fault != "" {
		return []Advice{{Guideline: 10, Title: title, Text: fmt.Sprintf("No unit and no init script can be given for this home: %s. Rename the folder, and plan again.", fault)}}
	}
	if in.Host.OS != "linux" {
		return []Advice{s.initScript(title, notes(in, s))}
	}
	return []Advice{s.systemd(title+" (systemd)", notes(in, s)), s.initScript(title+" (without systemd)", "")}
}

// notes are what has to be put right in the files by hand.
func notes(in *carbon.Install, s service) string {
	text := ""
	if s.User == "root" {
		text += " The home belongs to root, so these files start the server as root: give the home to a user of its own, and put that one in."
	}
	if in.Java.Home == "" {
		text += " No Java was found: put the folder of the JDK into them."
	}
	return text
}

func (s service) systemd(title, notes string) Advice {
	return Advice{
		Guideline: 10, Title: title,
		Text: fmt.Sprintf("The unit runs wso2server.sh in the foreground as %s. Its drop-in vault.conf hands the password over at every start, without leaving it on a disk in clear: "+
			"%s in the home becomes a link to a systemd credential. Set vault.password_file to none with it. If a unit starts this server already, take only the drop-in. "+
			"The last command asks for the password, without showing it or leaving it in a history; then start with systemctl start %s. After a change of the keystore's password repeat it. "+
			"Before systemd 250 there is no encrypted credential: the second drop-in reads %s, made as for the init script.%s", s.User, sv.PasswordPersist, s.Name, s.PasswordFile(), notes),
		Commands: []string{
			"install -d -m 700 " + s.Secrets,
			"systemctl daemon-reload",
			"systemctl enable " + s.Name,
			"systemd-ask-password 'Password of the keystore:' | systemd-creds encrypt --name=vault - " + s.CredentialFile(),
		},
		Attachments: s.attachments("carbon.service", s.UnitFile(), "vault-credential.conf", s.DropIn(), "vault-file.conf", s.DropIn()+" (before systemd 250)"),
	}
}

func (s service) initScript(title, notes string) Advice {
	return Advice{
		Guideline: 10, Title: title,
		Text: fmt.Sprintf("The init script copies the password from %s, which only root may read, into memory, starts the server as %s, and removes the copy after the stop. "+
			"%s in the home becomes a link to the copy. Set vault.password_file to none with it. The last command asks for the password, without showing it or leaving it in a history; "+
			"then start with %s start. After a change of the keystore's password repeat it.%s", s.PasswordFile(), s.User, sv.PasswordPersist, s.InitScript(), notes),
		Commands: []string{
			"install -d -m 700 " + s.Secrets,
			"install -m 600 /dev/null " + s.PasswordFile(),
			"chmod 755 " + s.InitScript(),
			"stty -echo; head -n 1 > " + s.PasswordFile() + "; stty echo",
		},
		Attachments: s.attachments("init.sh", s.InitScript()),
	}
}

// attachments renders files; what follows each is its name.
func (s service) attachments(files ...string) []Attachment {
	var all []Attachment
	for i := 0; i+1 < len(files); i += 2 {
		content, err := s.render(files[i])
		if err != nil {
			continue // the tests render every one of them
		}
		all = append(all, Attachment{Name: files[i+1], Content: content})
	}
	return all
}

// adviseNoPassword tells what to take out of a service when the vault is off.
func adviseNoPassword(in *carbon.Install) []Advice {
	if in.Host.OS == "windows" {
		return nil
	}
	s := newService(in)
	return []Advice{{
		Guideline: 10, Title: "Take the password out of the service",
		Text: "The server needs no password at its start any more. If a systemd unit or an init script hands it over, take that out: of the unit its drop-in, in the init script set PASSWORD_FILE to nothing. " +
			"Then remove the password, and the link in the home.",
		Commands: []string{
			"rm -f " + s.DropIn(),
			"systemctl daemon-reload",
			"sed -i 's/^PASSWORD_FILE=.*/PASSWORD_FILE=/' " + s.InitScript(),
			"rm -f " + s.CredentialFile() + " " + s.PasswordFile() + " " + s.VaultFile() + " " + shellWord(s.PersistLink()),
		},
	}}
}
