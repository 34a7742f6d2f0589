package steps

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// The rules of guideline 14.
const (
	ruleBackupScript  = "CS-14.1" // there is a script
	ruleBackupCurrent = "CS-14.2" // it is the one for the datasources in force
	ruleBackupAge     = "CS-14.3" // the last backup
	ruleBackupKeys    = "CS-14.4" // the keystores in it
	ruleBackupCopy    = "CS-14.5" // the copy that root runs
	fixBackup         = "Answer guideline 14 (Backup and archiving)."
)

func (s backup) Audit(w *Workspace) []Result {
	at := carbon.Place{File: backupScriptFile}
	if !w.Has(backupScriptFile) {
		return []Result{{
			ID: ruleBackupScript, Status: Warn, Severity: Warning,
			Message: "There is no backup script in bin. Whether something else backs up databases and keystores cannot be seen from here.",
			Why:     "Without the keystores what the vault encrypts is lost; without dumps, registry and users.", Fix: fixBackup,
		}}
	}
	set, ours := writtenSettings(w)
	if !ours {
		return []Result{{ID: ruleBackupScript, Status: Unknown, Place: at, Message: "Not checked: the script cannot be read, or is not one that carbon-setup has made."}}
	}
	all := []Result{{ID: ruleBackupScript, Status: OK, Place: at, Message: "There is a backup script."}}
	all = append(all, auditCurrent(w, set)...)
	all = append(all, auditLast(w, set)...)
	return append(all, s.auditCopy(w))
}

// auditCurrent makes the script again and compares.
func auditCurrent(w *Workspace, set backupSettings) []Result {
	at := carbon.Place{File: backupScriptFile}
	text, err := newBackupScript(w, set).render()
	there, readErr := w.Bytes(backupScriptFile)
	r := Result{ID: ruleBackupCurrent, Status: OK, Place: at, Message: "The backup script is the one for the datasources and keystores in force."}
	switch {
	case err != nil || readErr != nil:
		r.Status, r.Message = Unknown, "Not checked: the script could not be compared."
	case string(there) != text:
		r.Status, r.Severity = Fail, Error
		r.Message = "There is no current backup script: datasources, keystores or the script itself have changed since it was made."
		r.Why = "It dumps other databases than those that the server uses, or leaves a keystore out."
		r.Fix = "Apply guideline 14 again, and copy the script to " + backupInstalled(w) + "."
	}
	all := []Result{r}
	for _, u := range backupSources(w).unknown {
		all = append(all, Result{ID: ruleBackupCurrent, Status: Unknown, Place: at, Message: "Not checked: " + u})
	}
	return all
}

// auditCopy compares the copy that root runs, which the user of the server cannot write.
func (s backup) auditCopy(w *Workspace) Result {
	file := backupInstalled(w)
	if s.sbin != "" {
		file = path.Join(s.sbin, path.Base(file))
	}
	r := Result{ID: ruleBackupCopy, Status: OK, Place: carbon.Place{File: backupScriptFile}}
	there, _ := w.Bytes(backupScriptFile)
	data, err := readBounded(file)
	switch {
	case isMissing(err):
		r.Status, r.Severity = Warn, Warning
		r.Message = "There is no " + file + ": nothing runs the backup as root."
		r.Why = "Root must not run a script that the user of the server can write, so that timer and cron line run a copy."
		r.Fix = "install -o root -g root -m 750 " + shellWord(filepath.Join(w.Install.Home, backupScriptFile)) + " " + file
	case err != nil:
		r.Status, r.Message = Unknown, "Not checked: "+file+" cannot be read by this user."
	case !bytes.Equal(data, there):
		r.Status, r.Severity = Fail, Error
		r.Message = "There is no current copy of the script: " + file + " is another one than " + backupScriptFile + "."
		r.Why = "The timer and the cron line run the copy."
		r.Fix = "install -o root -g root -m 750 " + shellWord(filepath.Join(w.Install.Home, backupScriptFile)) + " " + file
	default:
		r.Message = file + " is the script of this home."
	}
	return r
}

// lastBackup is the newest whole backup of a home in a folder.
type lastBackup struct {
	path  string
	made  time.Time
	files []string // as FILES lists them
}

// backupLooks looks into folders for backups, which may be on a file system that does not answer.
var backupLooks = &lookers{look: func(dir string, _ keyFile) (fs.FileInfo, []byte, error) {
	home, dir, _ := strings.Cut(dir, "\x00")
	data, err := newestBackup(home, dir)
	return nil, data, err
}}

// newestBackup returns the name of the newest whole backup of a home in its first line, and the files in it, one a line; nothing when there is none.
func newestBackup(home, dir string) ([]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(stampOf(b.Name()), stampOf(a.Name())) })
	for _, e := range entries {
		at := filepath.Join(dir, e.Name())
		if stampOf(e.Name()) == "" || !e.IsDir() {
			continue
		}
		info, err := readBounded(filepath.Join(at, "INFO"))
		if err != nil && !isMissing(err) {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(at, "MANIFEST")); err != nil || !bytes.Contains(info, []byte("\nhome="+home+"\n")) {
			continue
		}
		files, err := os.ReadFile(filepath.Join(at, "FILES")) // #nosec G304 -- the list of a backup
		if err != nil {
			return nil, err
		}
		return append([]byte(e.Name()+"\n"), files...), nil
	}
	return []byte{}, nil
}

const stampForm = "20060102T150405Z"

// stampOf is when a backup was made, as the end of its name says; "" for other names.
func stampOf(name string) string {
	at := strings.LastIndexByte(name, '-') + 1
	if !strings.HasPrefix(name, "carbon-backup-") {
		return ""
	}
	if _, err := time.Parse(stampForm, name[at:]); err != nil {
		return ""
	}
	return name[at:]
}

func findLast(home, dir string) (*lastBackup, error) {
	look := backupLooks.at(home+"\x00"+dir, keyFile{})
	if err := look.within(patience); err != nil {
		return nil, err
	}
	if len(look.data) == 0 {
		return nil, nil
	}
	lines := bufio.NewScanner(bytes.NewReader(look.data))
	lines.Buffer(nil, 1<<20)
	last := &lastBackup{}
	for lines.Scan() {
		if last.path == "" {
			last.path = path.Join(dir, lines.Text())
			last.made, _ = time.Parse(stampForm, stampOf(lines.Text()))
			continue
		}
		last.files = append(last.files, strings.TrimPrefix(tarName(lines.Text()), "./"))
	}
	return last, lines.Err()
}

// tarName is a file name as tar -t writes it in the C locale: bytes that are no printable ASCII as three octal digits or by a letter, after a backslash.
func tarName(line string) string {
	var name strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] != '\\' || i+1 == len(line) {
			name.WriteByte(line[i])
			continue
		}
		if letter := strings.IndexByte(`abfnrtv\`, line[i+1]); letter >= 0 {
			name.WriteByte("\a\b\f\n\r\t\v\\"[letter])
			i++
		} else if b, err := strconv.ParseUint(line[i+1:min(i+4, len(line))], 8, 8); err == nil {
			name.WriteByte(byte(b))
			i += 3
		} else {
			name.WriteByte('\\')
		}
	}
	return name.String()
}

// auditLast judges the newest backup: its age, and whether the keystores are in it.
func auditLast(w *Workspace, set backupSettings) []Result {
	r := Result{ID: ruleBackupAge, Place: carbon.Place{File: backupScriptFile}}
	last, err := findLast(w.Install.Home, set.Directory)
	switch {
	case isMissing(err) || err == nil && last == nil:
		r.Status, r.Severity, r.Message = Fail, Error, "There is no backup in "+set.Directory+" yet."
		r.Why, r.Fix = "A script that nothing runs saves nothing.", "Run "+backupInstalled(w)+" as root, and enable its timer or cron line."
		return []Result{r}
	case err != nil:
		r.Status, r.Message = Unknown, "Not checked: "+set.Directory+" cannot be read by this user, as it should be. Run the audit as root."
		return []Result{r}
	}
	c, _ := calendarOf(set.Schedule)
	age := time.Since(last.made)
	r.Status, r.Message = OK, fmt.Sprintf("The last backup, %s, is %s old.", path.Base(last.path), hoursText(age))
	if most := time.Duration(2*c.hours+1) * time.Hour; age > most {
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("There is no new backup: the last one, %s, is %s old.", path.Base(last.path), hoursText(age))
		r.Why = "The schedule is " + set.Schedule + ": backups fail, or nothing runs them."
		r.Fix = "See journalctl -u carbon-backup-" + serviceName(w.Install.Home) + ", or run " + backupInstalled(w) + " by hand."
	}
	return []Result{r, auditKeys(w, set, last)}
}

// auditKeys looks for the keystores in the list of the newest backup.
func auditKeys(w *Workspace, set backupSettings, last *lastBackup) Result {
	script := newBackupScript(w, set)
	r := Result{ID: ruleBackupKeys, Status: OK, Place: carbon.Place{File: backupScriptFile}, Message: "The keystores are in the last backup."}
	var lacks []string
	for _, file := range script.Keys {
		inHome, err := filepath.Rel(w.Install.Home, file)
		lies, linkErr := filepath.EvalSymlinks(file)
		if linkErr != nil || lies != file && !script.packs(lies) {
			inHome = strings.TrimPrefix(lies, "/") // packed from where it is
		}
		if err != nil || !slices.Contains(last.files, filepath.ToSlash(inHome)) && !slices.Contains(last.files, strings.TrimPrefix(file, "/")) {
			lacks = append(lacks, file)
		}
	}
	if len(script.Keys) == 0 {
		r.Status, r.Message = Unknown, "Not checked: carbon.xml names no keystore."
	}
	if len(lacks) > 0 {
		r.Status, r.Severity = Fail, Error
		r.Message = "There is no " + strings.Join(lacks, ", ") + " in the last backup, " + path.Base(last.path) + "."
		r.Why, r.Fix = "Without its key what the vault encrypts is lost.", fixBackup
	}
	return r
}

func hoursText(d time.Duration) string {
	switch h := int(d.Hours()); {
	case h < 1:
		return "less than an hour"
	case h == 1:
		return "an hour"
	case h < 48:
		return fmt.Sprintf("%d hours", h)
	default:
		return fmt.Sprintf("%d days", h/24)
	}
}

// Verify makes the script again and compares.
func (s backup) Verify(w *Workspace, a *answers.Set) []Result {
	r := Result{ID: ruleBackupCurrent, Guideline: 14, Status: OK, Place: carbon.Place{File: backupScriptFile}, Message: "The backup script is the one that the answers ask for."}
	want, err := newBackupScript(w, wantedSettings(w, a, backupSources(w))).render()
	there, readErr := w.Bytes(backupScriptFile)
	switch {
	case readErr != nil:
		r.Status, r.Message = Fail, backupScriptFile+" "+missingOr(readErr)+"."
	case err != nil || string(there) != want:
		r.Status, r.Message = Fail, "The backup script is not the one that the answers ask for."
	}
	return []Result{r}
}
