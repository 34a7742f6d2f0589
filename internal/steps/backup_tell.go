package steps

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/database"
)

// Advice tells what has to be done on the machine and in the databases: the copy that root runs, the accounts and their passwords, the timer, and how to
// restore. It holds no secret.
func (s backup) Advice(w *Workspace, a *answers.Set) []Advice {
	script := newBackupScript(w, wantedSettings(w, a, backupSources(w)))
	all := append(adviseAccounts(script), adviseServerSide(script)...)
	all = append(all, adviseFirst(w, script)) // it needs the accounts
	all = append(all, adviseSchedule(script))
	all = append(all, adviseEmbedded(w, script)...)
	all = append(all, adviseRestore(script))
	return append(all, adviseLog(w)...)
}

// adviseFirst has the script copied to where only root can write, and run once.
func adviseFirst(w *Workspace, s *backupScript) Advice {
	commands := []string{"install -o root -g root -m 750 " + shellWord(filepath.Join(s.Home, backupScriptFile)) + " " + s.Installed}
	for _, d := range s.Databases {
		commands = append(commands, s.Installed+" --set-password "+d.Name)
	}
	commands = append(commands, s.Installed)
	text := fmt.Sprintf("The plan writes %s; root runs a copy of it, because what root runs must not be writable by the user of the server. After each change of datasources or keystores, and after each apply of this guideline, copy it again: "+
		"the audit compares the two. ", backupScriptFile)
	if len(s.Databases) > 0 {
		text += fmt.Sprintf("--set-password asks for the password of %s and writes it to a file in %s that root alone can read, quoted as the client of the database wants it; the password is neither shown nor in a history or a list of processes. "+
			"The script refuses a file that others can read. ", s.Username, s.Credentials)
	}
	text += fmt.Sprintf("The last command makes the first backup, in %s, and says in one line how it ended.", s.Directory)
	if !strings.HasPrefix(s.Home+"/", "/home/") {
		return Advice{Guideline: 14, Title: "The first backup", Text: text, Commands: commands}
	}
	return Advice{Guideline: 14, Title: "The first backup", Text: text + " The home is below /home: if that is a network file system that root cannot read, run the script as " + ownerOrUser(w.Install) + ".", Commands: commands}
}

// adviseAccounts gives the statements for accounts that may only read.
func adviseAccounts(s *backupScript) []Advice {
	var all []Advice
	for _, kind := range database.Kinds() {
		var dbs []*backupDB
		for _, d := range s.Databases {
			if d.target.Kind == kind {
				dbs = append(dbs, d)
			}
		}
		if len(dbs) > 0 {
			all = append(all, accountFor(s, kind, dbs))
		}
	}
	return all
}

// accountFor is the account for the databases of one kind of server.
func accountFor(s *backupScript, kind database.Kind, dbs []*backupDB) Advice {
	a := Advice{Guideline: 14, Title: "An account for dumps: " + kind.Title()}
	a.Text = "An account of its own, with no more rights than a dump needs: what has its password cannot change the data of the server. To be run as the administrator of the database"
	switch kind {
	case database.PostgreSQL:
		a.Text += ", in psql. pg_read_all_data is there from PostgreSQL 14 on and reads every database of the server. Before that, and where that is too much, use the statements of the second part in each database. " +
			"pg_hba.conf has to let the account in from this machine."
		a.Commands = []string{"CREATE ROLE " + pgName(s.Username) + " LOGIN;", `\password ` + s.Username, "GRANT pg_read_all_data TO " + pgName(s.Username) + ";"}
		for _, d := range dbs {
			a.Commands = append(a.Commands,
				`-- before PostgreSQL 14: \connect `+pgName(d.target.Database),
				"GRANT USAGE ON SCHEMA public TO "+pgName(s.Username)+";",
				"GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+pgName(s.Username)+";",
				"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO "+pgName(s.Username)+";",
				"ALTER DEFAULT PRIVILEGES FOR ROLE "+pgName(d.target.Username)+" IN SCHEMA public GRANT SELECT ON TABLES TO "+pgName(s.Username)+";",
				"ALTER DEFAULT PRIVILEGES FOR ROLE "+pgName(d.target.Username)+" IN SCHEMA public GRANT SELECT ON SEQUENCES TO "+pgName(s.Username)+";")
		}
	case database.Oracle:
		a.Text += ". DATAPUMP_EXP_FULL_DATABASE lets it export a schema of somebody else; CREATE TABLE and the quota are for the table that expdp keeps its own state in."
		a.Commands = []string{
			"CREATE USER " + s.Username + " IDENTIFIED BY ...;",
			"GRANT CREATE SESSION, CREATE TABLE, DATAPUMP_EXP_FULL_DATABASE TO " + s.Username + ";",
			"ALTER USER " + s.Username + " QUOTA 200M ON USERS;",
			"CREATE OR REPLACE DIRECTORY " + s.OracleDirectory + " AS '/PATH/ON/THE/DATABASE/SERVER';",
			"GRANT READ, WRITE ON DIRECTORY " + s.OracleDirectory + " TO " + s.Username + ";",
		}
	case database.SQLServer:
		a.Text += ", in sqlcmd. db_backupoperator may make backups and read no table."
		a.Commands = []string{"CREATE LOGIN " + bracketed(s.Username) + " WITH PASSWORD = '...', CHECK_POLICY = ON;"}
		for _, d := range dbs {
			a.Commands = append(a.Commands, "USE "+bracketed(d.target.Database)+"; CREATE USER "+bracketed(s.Username)+" FOR LOGIN "+bracketed(s.Username)+"; ALTER ROLE db_backupoperator ADD MEMBER "+bracketed(s.Username)+";")
		}
	case database.MySQL, database.MariaDB:
		account := "'" + s.Username + "'@'%'"
		a.Text += ". Put this machine in the place of %. The last statement is for stored routines, of which Carbon has none: without it a dump of a database that has some ends with an error."
		a.Commands = []string{"CREATE USER " + account + " IDENTIFIED BY '...';"}
		for _, d := range dbs {
			a.Commands = append(a.Commands, "GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT ON `"+strings.ReplaceAll(d.target.Database, "`", "``")+"`.* TO "+account+";")
		}
		if kind == database.MariaDB {
			a.Commands = append(a.Commands, "GRANT SELECT ON mysql.proc TO "+account+";")
		} else {
			a.Commands = append(a.Commands, "GRANT SHOW_ROUTINE ON *.* TO "+account+"; -- from MySQL 8.0.20 on; before that SELECT ON mysql.proc")
		}
	}
	return a
}

func pgName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// adviseServerSide: two of the dumps lie on the database server.
func adviseServerSide(s *backupScript) []Advice {
	var all []Advice
	has := func(kind database.Kind) bool {
		return slices.ContainsFunc(s.Databases, func(d *backupDB) bool { return d.target.Kind == kind })
	}
	const server = "What the backup of this machine has of it is what the program said. Copying the dumps away, and removing old ones, is left to the administrator of the database: backup.keep does not reach them."
	if has(database.Oracle) {
		all = append(all, Advice{
			Guideline: 14, Title: "Dumps of Oracle lie on the database server",
			Text: "expdp asks the database to write, so that the dump is in the folder of its directory object " + s.OracleDirectory + ", readable by the software owner of Oracle. " + server +
				" A wallet can take the place of the password: write USERID=/@ALIAS into the file of --set-password. ORACLE_HOME has to be set where the script runs, or expdp be in its PATH.",
		})
	}
	if has(database.SQLServer) {
		all = append(all, Advice{
			Guideline: 14, Title: "Dumps of SQL Server lie on the database server",
			Text: "BACKUP DATABASE has the database write into " + s.ServerDirectory + ", where the account of its service needs the right to. " + server +
				" COPY_ONLY leaves the administrator's own chain of full and differential backups alone; logs are backed up by that chain and not by this script.",
		})
	}
	return all
}

// adviseSchedule gives the timer and the cron line.
func adviseSchedule(s *backupScript) Advice {
	a := Advice{
		Guideline: 14, Title: "Backups by the clock: " + s.Schedule,
		Text: "Take the timer, or the cron line where there is no systemd; not both. The service may write into " + s.Directory + " and nowhere else; the first command makes that folder, as systemd wants it to be there. " +
			"A failure is in the journal and in systemctl --failed: have your monitoring look at it, or name a unit in OnFailure=. On a cluster, dump the databases from one node.",
		Commands: []string{
			"install -d -m 700 " + shellWord(s.Directory),
			"systemctl daemon-reload",
			"systemctl enable --now carbon-backup-" + s.Name + ".timer",
			"systemctl start carbon-backup-" + s.Name + ".service; journalctl -n 20 -u carbon-backup-" + s.Name,
		},
	}
	for _, f := range []struct{ template, name string }{
		{"carbon-backup.service", "/etc/systemd/system/carbon-backup-" + s.Name + ".service"},
		{"carbon-backup.timer", "/etc/systemd/system/carbon-backup-" + s.Name + ".timer"},
		{"cron", "/etc/cron.d/carbon-backup-" + s.CronName()},
	} {
		text, err := s.fill(f.template)
		if err != nil {
			a.Text += " " + f.name + " could not be made."
			continue
		}
		a.Attachments = append(a.Attachments, Attachment{Name: f.name, Content: text})
	}
	return a
}

// adviseEmbedded tells about H2.
func adviseEmbedded(w *Workspace, s *backupScript) []Advice {
	var names []string
	for _, d := range backupSources(w).h2 {
		names = append(names, d.Name)
	}
	if len(names) == 0 || !s.backupSettings.Databases {
		return nil
	}
	a := Advice{Guideline: 14, Title: "Embedded H2 databases", Text: "A running H2 writes to its files all the time: a copy of them is no backup, and no other program can open them. "}
	switch s.backupSettings.H2 {
	case h2Stopped:
		a.Text += "The script copies " + andList(names) + ", and fails, without a backup, while a server has one open (a file ending in .lock.db says so). Stop the server before each backup and start it after, or lead the datasources to a database server (guideline 6). " +
			"With the server running, only its own process could write a script of the data (SCRIPT TO), and Carbon has no way to ask for that."
	default:
		a.Text += andList(names) + " are left out of the backup. That is right for the local registry of a node that mounts a shared one; everything else in them is lost with the disk."
		if len(names) == 1 {
			a.Text = strings.Replace(a.Text, names[0]+" are left out", names[0]+" is left out", 1)
			a.Text = strings.Replace(a.Text, "everything else in them", "everything else in it", 1)
		}
	}
	return []Advice{a}
}

// adviseRestore tells what a backup is worth.
func adviseRestore(s *backupScript) Advice {
	return Advice{
		Guideline: 14, Title: "Restoring",
		Text: fmt.Sprintf("Each backup is a folder with the dumps, the install's own files, the sums of all of them (MANIFEST) and RESTORE.txt, which has the commands for these very databases. --check reads a backup through. Restore one on another machine now and then: a backup that was never restored is a hope. "+
			"Copy the folders to another machine, encrypted: they hold keystores and configuration. The password of the keystore is in none of them; keep it elsewhere, for without it the keystores are worth nothing. "+
			"A dump has what the database had when it was made: for losing less than the time from one backup to the next, use the log archiving of the database besides. %d backups are kept.", s.Keep),
		Commands: []string{s.Installed + " --check FOLDER"},
	}
}
