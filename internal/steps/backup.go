package steps

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// backup is guideline 14: dumps of the databases, and the install's own state with them.
type backup struct {
	sbin string // where an audit looks for root's copy of the script; "" = /usr/local/sbin
}

const sectionBackup = "backup"

// Keys of the answers.
const (
	keyBackupSchedule    = "backup.schedule"
	keyBackupDirectory   = "backup.directory"
	keyBackupKeep        = "backup.keep"
	keyBackupUsername    = "backup.username"
	keyBackupCredentials = "backup.credentials" // #nosec G101 -- a key
	keyBackupCompress    = "backup.compress"
	keyBackupDatabases   = "backup.databases"
	keyBackupH2          = "backup.h2"
	keyBackupOracle      = "backup.oracle_directory"
	keyBackupServer      = "backup.server_directory"
)

// What is done about H2 databases, and how backups are compressed.
const (
	h2Leave      = "leave"
	h2Stopped    = "stopped"
	compressAuto = "auto"
	compressGzip = "gzip"
	compressZstd = "zstd"
)

// backupScriptFile is where the plan writes the script.
const backupScriptFile = "bin/carbon-backup.sh"

func (backup) Info() Info {
	return Info{
		ID: "backup", Section: sectionBackup, Guideline: 14, Title: "Backup and archiving",
		Why: `Use what the database offers for backup and archiving of its data, and keep the keystores with it: without them, everything that Secure Vault and the user store have encrypted is lost.

The plan writes ` + backupScriptFile + `, made for the datasources of this install. It dumps every database once, packs what belongs to this install alone, puts sums beside it and keeps as many backups as you say; a run that fails removes nothing. The report has the systemd timer, the cron line, the accounts for the dumps and how to restore.

Passwords stay out of the script: they are in files that root alone can read, outside of the install.`,
	}
}

func (backup) Applies(w *Workspace) (bool, string) {
	if w.Install.Host.OS == "windows" {
		return false, "The backup script needs a POSIX shell, which Windows does not have: use the backup of the database and of the machine."
	}
	return true, ""
}

func (backup) Specs() []answers.Spec {
	return []answers.Spec{
		{
			Key: keyBackupSchedule, Kind: answers.Text, Label: "Schedule", Example: "daily",
			Help: "hourly, daily (at 02:30), weekly (Sunday 02:30), a time such as 23:15, or a day and a time such as Sat 23:15. It stands in the timer and the cron line of the report.",
		},
		{
			Key: keyBackupDirectory, Kind: answers.Text, Label: "Folder for backups", Example: "/var/backups/carbon",
			Help: "Outside of the install, best on another disk. Nobody but the one who runs the backup may look into it; the script makes it so.",
		},
		{Key: keyBackupKeep, Kind: answers.Int, Label: "Backups kept", Example: "14", Help: "Older ones are removed after a backup that succeeded, never after one that failed."},
		{
			Key: keyBackupUsername, Kind: answers.Text, Label: "Account for dumps", Example: "carbon_backup",
			Help: "A database account that may only read. The report has the statements that make it.",
		},
		{
			Key: keyBackupCredentials, Kind: answers.Text, Label: "Folder for its passwords", Example: "/etc/carbon/backup",
			Help: "One file for each database, which the script makes when it is asked to: carbon-backup.sh --set-password NAME. Outside of the install.",
		},
		{
			Key: keyBackupCompress, Kind: answers.Choice, Choices: []string{compressAuto, compressGzip, compressZstd}, Label: "Compression", Example: compressAuto,
			Help: "auto: zstd where it is installed, otherwise gzip.",
		},
		{
			Key: keyBackupDatabases, Kind: answers.Bool, Label: "Dump the databases", Example: "true",
			Help: "No on all nodes of a cluster but one: they share the databases, and each keeps its own state.",
		},
		{
			Key: keyBackupH2, Kind: answers.Choice, Choices: []string{h2Leave, h2Stopped}, Label: "Embedded H2 databases", Example: h2Leave,
			Help: "A running H2 cannot be copied safely. stopped: their files are copied, and the backup fails while a server has them open. leave: they are no part of the backup.",
		},
		{
			Key: keyBackupOracle, Kind: answers.Text, Label: "Oracle directory object", Example: "CARBON_BACKUP",
			Help: "expdp writes on the database server, into the folder that this directory object stands for.",
		},
		{
			Key: keyBackupServer, Kind: answers.Text, Label: "Folder on the SQL Server machine", Example: "/var/opt/mssql/backup",
			Help: "BACKUP DATABASE writes on the database server, or to a share that the account of its service can write.",
		},
	}
}

func (s backup) Fields(w *Workspace, a *answers.Set) []Field {
	f := newFields(s.Specs())
	now, there := writtenSettings(w)
	dbs := plannedSources(w, a)
	usual := usualSettings(dbs)
	ask := func(key, present, proposed, from string, check func(string) *Problem) {
		f.add(key, func(q *Field) {
			q.Default, q.DefaultFrom, q.Check = proposed, from, check
			if there && present != "" {
				q.Now = Present{Text: present, Place: carbon.Place{File: backupScriptFile}}
				q.Default, q.DefaultFrom = present, "the present value"
			}
		})
	}
	ask(keyBackupSchedule, now.Schedule, usual.Schedule, "the guideline", checkSchedule)
	ask(keyBackupDirectory, now.Directory, usual.Directory, "the usual place", nil)
	ask(keyBackupKeep, numberText(now.Keep), numberText(usual.Keep), "two weeks of daily backups", checkKeep)
	if len(dbs.servers) > 0 {
		ask(keyBackupDatabases, strconv.FormatBool(now.Databases), "true", "a single node", nil)
		f.all[len(f.all)-1].Options = []Option{{"true", "yes"}, {"false", "no: another node of the cluster does"}}
	}
	if dump, ok := a.Bool(keyBackupDatabases); len(dbs.servers) > 0 && (dump || !ok) {
		ask(keyBackupUsername, now.Username, usual.Username, "an account that may only read", checkAccount)
		ask(keyBackupCredentials, now.Credentials, usual.Credentials, "a folder of root", nil)
		if dbs.has("par") {
			ask(keyBackupOracle, now.OracleDirectory, usual.OracleDirectory, "the name of the examples", checkOracleName)
		}
		if dbs.has("sqlcmd") {
			ask(keyBackupServer, now.ServerDirectory, usual.ServerDirectory, "the default of SQL Server on Linux", nil)
		}
	}
	if len(dbs.h2) > 0 {
		ask(keyBackupH2, now.H2, usual.H2, "what this install has", nil)
		f.all[len(f.all)-1].Options = []Option{{h2Leave, "leave them out"}, {h2Stopped, "copy them; the server has to be stopped"}}
	}
	ask(keyBackupCompress, now.Compress, usual.Compress, "what is installed", nil)
	f.all[len(f.all)-1].Options = []Option{{compressAuto, "zstd if it is installed, otherwise gzip"}, {compressGzip, "gzip"}, {compressZstd, "zstd"}}
	return f.all
}

var (
	plainAccount = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$#.-]{0,62}$`)
	oracleName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_$#]{0,127}$`)
)

func checkAccount(text string) *Problem {
	if plainAccount.MatchString(text) {
		return nil
	}
	return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no account name that every client takes.", text), Fix: "Use letters, digits and _ and begin with a letter, for example carbon_backup."}
}

func checkOracleName(text string) *Problem {
	if oracleName.MatchString(text) {
		return nil
	}
	return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no name of a directory object.", text), Fix: "Use letters, digits and _, for example CARBON_BACKUP. It is not a path: CREATE DIRECTORY leads the name to one."}
}

func checkKeep(text string) *Problem {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q backups cannot be kept.", text), Fix: "Keep at least 1; 14 is usual."}
	case n > 10000:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%d backups are more than any disk is for.", n), Fix: "Keep at most 10000; 14 is usual."}
	case n < 3:
		return &Problem{Severity: Warning, Message: "With so few backups an error that is noticed late is in all of them.", Fix: "14 is usual."}
	}
	return nil
}

// Validate judges what the script would be made of: the answers, and what an earlier script or the guideline says where there are none.
func (s backup) Validate(w *Workspace, a *answers.Set) []Problem {
	src := plannedSources(w, a)
	set := wantedSettings(w, a, src)
	all := directoryProblems(w, keyBackupDirectory, set.Directory)
	if len(src.servers) > 0 && set.Databases {
		all = append(all, directoryProblems(w, keyBackupCredentials, set.Credentials)...)
		if set.Credentials == set.Directory || strings.HasPrefix(set.Credentials, set.Directory+"/") {
			all = append(all, Problem{Severity: Error, Key: keyBackupCredentials, Message: set.Credentials + " is inside the folder for backups, which may be copied to other machines.", Fix: "Name another folder, for example /etc/carbon/backup."})
		}
		if src.has("sqlcmd") {
			all = append(all, serverFolderProblems(set.ServerDirectory)...)
		}
	}
	for _, u := range src.unknown {
		all = append(all, Problem{Severity: Warning, Key: sectionBackup, Message: u, Fix: "Back it up by other means."})
	}
	if !set.Databases || set.H2 == h2Leave {
		return append(all, homeProblems(w)...)
	}
	for _, d := range src.h2 {
		if d.Path == "" {
			all = append(all, Problem{Severity: Warning, Key: keyBackupH2, Message: d.Name + " is an H2 database in memory or on a server of its own: it is no part of the backup.", Fix: "Lead the datasource to a database server (guideline 6)."})
			continue
		}
		all = append(all, Problem{
			Severity: Warning, Key: keyBackupH2, Message: d.Name + " is an embedded H2 database: no backup can be made while the server runs.",
			Fix: "Lead the datasource to a database server (guideline 6), stop the server for each backup, or set backup.h2 to leave.",
		})
	}
	return append(all, homeProblems(w)...)
}

func homeProblems(w *Workspace) []Problem {
	if fault := newService(w.Install).fault(); fault != "" {
		return []Problem{{Severity: Error, Key: sectionBackup, Message: "No backup script can be made for this home: " + fault + ".", Fix: "Rename the folder."}}
	}
	return nil
}

// directoryProblems judges a folder of this machine, by its name alone.
func directoryProblems(w *Workspace, key, dir string) []Problem {
	bad := func(message, fix string) []Problem {
		return []Problem{{Severity: Error, Key: key, Message: message, Fix: fix}}
	}
	home := w.Install.Home
	switch {
	case !path.IsAbs(dir):
		return bad(fmt.Sprintf("%q is not a whole path: it would lead elsewhere from cron than from here.", dir), "Begin it with a slash, for example /var/backups/carbon.")
	case (service{Home: dir}).fault() != "":
		return bad(dir+" cannot be used: "+(service{Home: dir}).fault()+".", "Name another folder.")
	case path.Clean(dir) != dir || dir == "/":
		return bad(dir+" is not written plainly.", "Name a folder without . or .. and without a slash at the end, for example "+path.Join("/", path.Clean(dir), "carbon")+".")
	case dir == home || strings.HasPrefix(dir, home+"/"):
		return bad(dir+" is inside the install: what takes the install takes the backups, and the server's user can read them.", "Name a folder elsewhere, best on another disk.")
	case strings.HasPrefix(home, dir+"/"):
		return bad(dir+" holds the install itself, and nobody else may look into the folder for backups.", "Name a folder of its own.")
	case dir == "/tmp" || strings.HasPrefix(dir, "/tmp/") || dir == "/var/tmp" || strings.HasPrefix(dir, "/var/tmp/"):
		return []Problem{{Severity: Warning, Key: key, Message: dir + " is emptied by the system from time to time.", Fix: "Name a folder that stays, for example below /var/backups."}}
	}
	return nil
}

func serverFolderProblems(dir string) []Problem {
	windows := regexp.MustCompile(`^([A-Za-z]:\\|\\\\)`).MatchString(dir)
	if !strings.ContainsFunc(dir, unicode.IsControl) && (windows || path.IsAbs(dir)) {
		return nil
	}
	return []Problem{{
		Severity: Error, Key: keyBackupServer, Message: fmt.Sprintf("%q is no whole path on the machine of SQL Server.", dir),
		Fix: `Write /var/opt/mssql/backup, D:\Backup, or \\server\share.`,
	}}
}

func (s backup) Plan(w *Workspace, a *answers.Set) error {
	text, err := newBackupScript(w, wantedSettings(w, a, backupSources(w))).render()
	if err != nil {
		return err
	}
	if there, err := w.Bytes(backupScriptFile); err == nil && string(there) == text {
		return nil
	}
	w.Create(backupScriptFile, []byte(text), 0o750, false, "a backup of the databases and of this install's own state")
	return nil
}
