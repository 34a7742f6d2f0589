package steps

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/database"
)

// programTime is how long a client may take to say its version.
const programTime = 10 * time.Second

// Checks look at the folder for backups, at the clients that dump, and at the files with the passwords. The folder and the files are often of root alone: what
// cannot be seen by who runs the check is told as such.
func (s backup) Checks(w *Workspace, a *answers.Set) []Check {
	src := plannedSources(w, a)
	set := wantedSettings(w, a, src)
	all := []Check{folderCheck(set.Directory, stateSize(w))}
	if !set.Databases {
		return all
	}
	asked := map[string]bool{}
	for _, d := range src.servers {
		d.set = set
		names := d.clients()
		if !asked[names[0]] || d.target.Kind == database.PostgreSQL {
			all = append(all, clientCheck(d, names, trustedByAnswers(w, a)))
		}
		asked[names[0]] = true
		all = append(all, credentialCheck(d))
	}
	return all
}

// clients are the programs that can dump a database, the best first.
func (d *backupDB) clients() []string {
	switch d.target.Kind {
	case database.PostgreSQL:
		return []string{"pg_dump"}
	case database.Oracle:
		return []string{"expdp"}
	case database.SQLServer:
		return []string{"sqlcmd"}
	case database.MariaDB:
		return []string{"mariadb-dump", "mysqldump"}
	case database.MySQL:
	}
	return []string{"mysqldump", "mariadb-dump"}
}

// stateSize adds up what the install itself puts into a backup.
func stateSize(w *Workspace) int64 {
	var sum int64
	for _, rel := range backupState {
		_ = filepath.WalkDir(filepath.Join(w.Install.Home, filepath.FromSlash(rel)), func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // what cannot be read adds nothing to an estimate
			}
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				sum += info.Size()
			}
			return nil
		})
	}
	return sum
}

// folderCheck looks at the folder for backups, or at the nearest one above it that is there.
func folderCheck(dir string, state int64) Check {
	const id = "backup.directory"
	return Check{ID: id, Title: dir + " can take backups", Run: func(ctx context.Context) Result {
		return lookAside(ctx, Result{ID: id, Guideline: 14}, func(r Result) Result { return judgeFolder(r, dir, state) })
	}}
}

// lookAside looks at what may lie on a file system that does not answer. Then the look is left to itself.
func lookAside(ctx context.Context, r Result, look func(Result) Result) Result {
	done := make(chan Result, 1)
	asked := r // the look may outlast the wait
	go func() { done <- look(asked) }()
	rest := time.NewTimer(patience)
	defer rest.Stop()
	r.Status = Unknown
	select {
	case r := <-done:
		return r
	case <-ctx.Done():
		r.Message = "Not checked: it was stopped."
	case <-rest.C:
		r.Message = "Not checked: the file system does not answer."
	}
	return r
}

func judgeFolder(r Result, dir string, state int64) Result {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return judgeNewFolder(r, dir, state)
	}
	if err != nil {
		r.Status, r.Message = Unknown, "Not checked: "+dir+" cannot be looked at by this user."
		return r
	}
	switch uid, known := ownerOf(info); {
	case !info.IsDir():
		return failed(r, dir+" is not a folder.", "The script makes a folder in it for each backup.", "Name another folder.")
	case info.Mode().Perm()&0o077 != 0:
		return failed(r, fmt.Sprintf("%s can be read by others (%s), and backups hold keys and passwords: the script refuses it.", dir, info.Mode().Perm()), "", "chmod 700 "+shellWord(dir))
	case known && uid != 0:
		r.Status, r.Severity = Warn, Warning
		r.Message, r.Fix = fmt.Sprintf("%s belongs to user number %d: the script refuses it when root runs it.", dir, uid), "chown root "+shellWord(dir)+", or run the backup as that user."
		return r
	}
	return judgeRoom(r, dir, state)
}

// judgeNewFolder judges a folder that the script will make.
func judgeNewFolder(r Result, dir string, state int64) Result {
	above := path.Dir(dir)
	for above != "/" {
		if info, err := os.Stat(above); err == nil {
			if !info.IsDir() {
				return failed(r, above+" is not a folder.", "", "Name another folder.")
			}
			break
		}
		above = path.Dir(above)
	}
	if r = judgeRoom(r, above, state); r.Status == OK {
		r.Message = dir + " is not there yet; the first run makes it, for its user alone. " + r.Message
	}
	return r
}

func judgeRoom(r Result, dir string, state int64) Result {
	free, ok := freeSpace(dir)
	if !ok {
		r.Status, r.Message = Unknown, "Not checked: how much room "+dir+" has cannot be told."
		return r
	}
	const mb = 1 << 20
	if free < uint64(state)+64*mb {
		return failed(r, fmt.Sprintf("%s has %d MB left, and what belongs to the install alone takes up to %d MB, before any database.", dir, free/mb, state/mb+1), "A full disk ends the backup.", "Make room, or name a folder on another disk.")
	}
	r.Status = OK
	r.Message = fmt.Sprintf("%s has %d MB left; what belongs to the install alone takes up to %d MB for each backup, the databases come on top.", dir, free/mb, state/mb+1)
	return r
}

func failed(r Result, message, why, fix string) Result {
	r.Status, r.Severity, r.Message, r.Why, r.Fix = Fail, Error, message, why, fix
	return r
}

var versionWords = regexp.MustCompile(`\b(\d{1,4})(?:\.\d+)*`)

// clientCheck asks the client for its version, and compares that of pg_dump with the server's.
func clientCheck(d *backupDB, names []string, roots *x509.CertPool) Check {
	id := "backup.client." + d.Name
	target := d.target
	return Check{ID: id, Title: names[0] + " can dump " + d.Name, Timeout: stageTime + programTime, Run: func(ctx context.Context) Result {
		r := Result{ID: id, Guideline: 14}
		program := ""
		for _, name := range names {
			if found, err := exec.LookPath(name); err == nil && program == "" {
				program = found
			}
		}
		if program == "" {
			return failed(r, strings.Join(names, " and ")+" cannot be found: "+target.Kind.Title()+" cannot be dumped from this machine.", "The script stops there.", "Install the client of "+target.Kind.Title()+", of the server's version or newer.")
		}
		r.Status = OK
		if target.Kind == database.Oracle {
			r.Message = program + " is there." // it has no option that only tells a version
			return r
		}
		version := programVersion(ctx, program)
		r.Message = program + " is there: " + version + "."
		if version == "" {
			r.Status, r.Message = Unknown, program+" is there, and does not tell its version."
		}
		if target.Kind == database.PostgreSQL {
			return compareMajor(ctx, r, target, roots, version)
		}
		return r
	}}
}

func programVersion(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, programTime)
	defer cancel()
	option := "--version"
	if filepath.Base(program) == "sqlcmd" {
		option = "-?"
	}
	out, _ := exec.CommandContext(ctx, program, option).Output() // #nosec G204 -- one of a few names, found in PATH
	for line := range strings.Lines(string(out)) {
		if versionWords.MatchString(line) {
			return strings.TrimSpace(line[:min(len(line), 100)])
		}
	}
	return ""
}

// compareMajor: pg_dump refuses a server that is newer than itself.
func compareMajor(ctx context.Context, r Result, target database.Target, roots *x509.CertPool, version string) Result {
	m := versionWords.FindStringSubmatch(version)
	if m == nil {
		return r
	}
	client, _ := strconv.Atoi(m[1])
	c, err := database.Open(ctx, target, database.TestOptions{Timeout: stageTime, Roots: roots})
	if err != nil {
		r.Status = Unknown
		r.Message += " Whether it is as new as the server could not be asked: the server cannot be reached with what is known of it."
		return r
	}
	defer func() { _ = c.Close() }()
	server, err := c.PostgresMajor(ctx)
	switch {
	case err != nil:
		r.Status = Unknown
		r.Message += " The server does not tell its version."
	case server > client:
		return failed(r, fmt.Sprintf("pg_dump is of version %d, the server of version %d: it refuses to dump a newer one.", client, server), "The script stops there.", fmt.Sprintf("Install the client of PostgreSQL %d.", server))
	default:
		r.Message += fmt.Sprintf(" The server is of version %d.", server)
	}
	return r
}

// credentialCheck looks at the file with the password of the dump account; it is no fault that it is not there before the first run.
func credentialCheck(d *backupDB) Check {
	id := "backup.password." + d.Name
	file := path.Join(d.set.Credentials, d.Name+"."+d.Credential())
	return Check{ID: id, Title: "The password for " + d.Name + " is kept well", Run: func(ctx context.Context) Result {
		return lookAside(ctx, Result{ID: id, Guideline: 14}, func(r Result) Result { return judgeCredential(r, file, d.Name) })
	}}
}

func judgeCredential(r Result, file, name string) Result {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Status, r.Severity, r.Message = Warn, Note, file+" is not there yet."
		r.Why, r.Fix = "The script takes the password of the dump account from it.", "Make it with the script, after apply: --set-password "+name+"."
	case err != nil:
		r.Status, r.Message = Unknown, "Not checked: "+file+" cannot be looked at by this user."
	case !info.Mode().IsRegular():
		return failed(r, file+" is not a file.", "The script refuses it.", "Put the file itself there.")
	case info.Mode().Perm()&0o177 != 0:
		return failed(r, fmt.Sprintf("%s has the mode %04o, and must be read by its owner alone.", file, info.Mode().Perm()), "The script refuses it, and the password may be known.", "Change the password in the database, then make the file again: --set-password "+name+".")
	default:
		r.Status, r.Message = OK, file+" is there, for its owner alone."
	}
	return r
}
