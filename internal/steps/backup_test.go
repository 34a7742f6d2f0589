package steps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/apply"
)

const backupDaily = "backup: {schedule: daily, directory: /var/backups/carbon, keep: 14}\n"

// pgBoth leads both datasources of the sample to one database.
func pgBoth(t testing.TB) string {
	t.Helper()
	t.Setenv("DB_PW", dbPassword)
	return pgAnswers(pgDriver(t), "    schema: skip\n", "  WSO2AM_DB: {type: same, database: carbon, schema: skip}\n")
}

func TestBackupWritesOneFile(t *testing.T) {
	for name, home := range everyHome(t) {
		for _, yaml := range []string{backupDaily, "backup: {}\n"} {
			out := planTwice(t, home, yaml)
			if files := planFiles(out.Plan); yaml == backupDaily && (len(files) != 1 || files[0] != backupScriptFile || out.Plan.Changes[0].Mode != 0o750) {
				t.Errorf("%s: %v", name, files)
			}
		}
		for _, r := range VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, backupDaily)) {
			if r.Status != OK {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

// TestBackupUndone: the script comes and goes with the run that made it.
func TestBackupUndone(t *testing.T) {
	home := sampleHome(t, "api")
	before := homeFiles(t, home)
	if _, err := apply.Apply(t.Context(), buildPlan(t, home, backupDaily).Plan, testOptions()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(home, backupScriptFile)); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("%v %v", info, err)
	}
	if _, _, err := apply.Restore(t.Context(), home, apply.RestoreOptions{Options: testOptions()}); err != nil {
		t.Fatal(err)
	}
	unchanged(t, home, before)
}

// TestBackupDumpsOnce: datasources on one database are one dump, whatever their logins.
func TestBackupDumpsOnce(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, pgBoth(t)+backupDaily)
	script := readFile(t, home, backupScriptFile)
	if n := strings.Count(script, "\n    postgresql "); n != 1 || !strings.Contains(script, "\n    postgresql WSO2_CARBON_DB db1 5432 carbon '' ''\n") {
		t.Errorf("%d dumps in:\n%s", n, script)
	}
	if !strings.Contains(script, "used by WSO2_CARBON_DB and WSO2AM_DB") {
		t.Error("RESTORE.txt does not say whose the database is")
	}
	for text, want := range map[string][]string{
		"jdbc:mysql://h:3306/a": {"jdbc:mariadb://H/a", "jdbc:mysql://h/a?useSSL=true"},
		"jdbc:mysql://h/b":      {"jdbc:mysql://h/b"},
	} {
		for _, o := range want {
			if !dbOf(t, backupSettings{}, "A", text, "x").same(dbOf(t, backupSettings{}, "B", o, "y")) {
				t.Errorf("%s and %s are dumped twice", text, o)
			}
		}
	}
	for _, pair := range [][4]string{
		{"jdbc:mysql://h/a", "x", "jdbc:mysql://h/b", "x"},
		{"jdbc:mysql://h/a", "x", "jdbc:postgresql://h:3306/a", "x"},
		{"jdbc:mysql://h/a", "x", "jdbc:mysql://h:3307/a", "x"},
		{"jdbc:oracle:thin:@//h/s", "x", "jdbc:oracle:thin:@//h/s", "y"},
	} {
		if dbOf(t, backupSettings{}, "A", pair[0], pair[1]).same(dbOf(t, backupSettings{}, "B", pair[2], pair[3])) {
			t.Errorf("%v are taken for one", pair)
		}
	}
}

func TestBackupFileNames(t *testing.T) {
	taken := map[string]bool{}
	for _, c := range [][2]string{{"WSO2_DB", "WSO2_DB"}, {"wso2_db", "wso2_db-2"}, {"../../etc", "etc"}, {"-x y'z", "x_y_z"}, {"日本", "database"}, {"", "database-2"}} {
		if got := fileName(c[0], taken); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
}

func TestBackupValidates(t *testing.T) {
	home := sampleHome(t, "api")
	pg := pgBoth(t)
	for yaml, want := range map[string]string{
		"backup: {directory: backups}":                                             "is not a whole path",
		"backup: {directory: /}":                                                   "is not written plainly",
		"backup: {directory: /var/../etc}":                                         "is not written plainly",
		"backup: {directory: /var/backups/}":                                       "is not written plainly",
		fmt.Sprintf("backup: {directory: %s/backups}", home):                       "is inside the install",
		fmt.Sprintf("backup: {directory: %s}", filepath.Dir(home)):                 "holds the install itself",
		"backup: {directory: \"/var/a\\nb\"}":                                      "control character",
		"backup: {directory: /tmp/backups}":                                        "emptied by the system",
		"backup: {keep: 0}":                                                        "cannot be kept",
		"backup: {keep: 1}":                                                        "noticed late",
		"backup: {keep: 20000}":                                                    "more than any disk",
		"backup: {schedule: sometimes}":                                            "no schedule",
		"backup: {schedule: \"25:00\"}":                                            "no schedule",
		"backup: {}":                                                               "no backup can be made while the server runs",
		pg + "backup: {username: \"a b\"}":                                         "no account name",
		pg + "backup: {credentials: etc}":                                          "is not a whole path",
		pg + fmt.Sprintf("backup: {credentials: %s/conf}", home):                   "is inside the install",
		pg + "backup: {directory: /srv/backups, credentials: /srv/backups/secret}": "is inside the folder for backups",
	} {
		if text := problemLines(problems(t, home, yaml+"\n")); !strings.Contains(text, want) {
			t.Errorf("%s: want %q, got\n%s", yaml, want, text)
		}
	}
	for _, yaml := range []string{pg + backupDaily, "backup: {h2: leave}\n", pg + "backup: {directory: \"/mnt/it's $x\", compress: zstd, schedule: Mon 00:00}\n"} {
		if text := problemLines(problems(t, home, yaml)); strings.Contains(text, "backup") && !strings.Contains(text, "jar") {
			t.Errorf("%s:\n%s", yaml, text)
		}
	}
}

// TestBackupAsks for what the install needs: an account with a database server, H2 with H2.
func TestBackupAsks(t *testing.T) {
	asked := func(home, yaml string) string {
		keys := []string{}
		for _, f := range (backup{}).Fields(openHome(t, home), answersOf(t, yaml)) {
			keys = append(keys, strings.TrimPrefix(f.Key, "backup.")+"="+f.Default)
		}
		return strings.Join(keys, " ")
	}
	home := sampleHome(t, "api")
	if got := asked(home, ""); got != "schedule=daily directory=/var/backups/carbon keep=14 h2=stopped compress=auto" {
		t.Error(got)
	}
	planned := "schedule=daily directory=/var/backups/carbon keep=14 databases=true username=carbon_backup credentials=/etc/carbon/backup compress=auto"
	if got := asked(home, pgBoth(t)); got != planned { // what the answers come to counts before it is applied
		t.Error(got)
	}
	checks := []string{}
	for _, c := range (backup{}).Checks(openHome(t, home), answersOf(t, pgBoth(t)+"backup: {}\n")) {
		checks = append(checks, c.ID)
	}
	if got := strings.Join(checks, " "); got != "backup.directory backup.client.WSO2_CARBON_DB backup.password.WSO2_CARBON_DB" {
		t.Error(got)
	}
	planTwice(t, home, pgBoth(t)+"backup: {keep: 5, directory: /mnt/b}\n")
	if got := asked(home, ""); got != "schedule=daily directory=/mnt/b keep=5 databases=true username=carbon_backup credentials=/etc/carbon/backup compress=auto" {
		t.Error(got)
	}
	if got := asked(home, "backup: {databases: false}\n"); got != "schedule=daily directory=/mnt/b keep=5 databases=true compress=auto" {
		t.Error(got)
	}
}

func TestBackupAudit(t *testing.T) {
	home, sbin, dir := sampleHome(t, "api"), t.TempDir(), filepath.Join(t.TempDir(), "backups")
	audit := func() map[string]Result {
		all := map[string]Result{}
		for _, r := range (backup{sbin: sbin}).Audit(openHome(t, home)) {
			all[r.ID] = r
		}
		return all
	}
	expect := func(what string, want map[string]string) {
		t.Helper()
		got := audit()
		for id, words := range want {
			if line := string(got[id].Status) + " " + got[id].Message; !strings.HasPrefix(line, strings.SplitN(words, ":", 2)[0]) || !strings.Contains(line, strings.SplitN(words, ":", 2)[1]) {
				t.Errorf("%s: %s is %q, want %q", what, id, line, words)
			}
		}
	}
	expect("nothing", map[string]string{ruleBackupScript: "warn:There is no backup script"})
	setFile(t, home, backupScriptFile, "#!/bin/sh\necho mine\n")
	expect("another", map[string]string{ruleBackupScript: "unknown:is not one that carbon-setup has made"})
	removeFile(t, home, backupScriptFile)
	yaml := "backup: {h2: leave, directory: " + dir + "}\n"
	planTwice(t, home, yaml)
	expect("applied", map[string]string{ruleBackupScript: "ok:", ruleBackupCurrent: "ok:", ruleBackupAge: "fail:There is no backup in " + dir, ruleBackupCopy: "warn:nothing runs the backup as root"})
	copied := filepath.Join(sbin, filepath.Base(backupInstalled(openHome(t, home))))
	putExecutable(t, copied, readFile(t, home, backupScriptFile))
	b := &scriptBench{home: home, dir: dir, script: copied, env: os.Environ()}
	if out, code := b.run(t, ""); code != 0 {
		t.Fatal(out)
	}
	expect("backed up", map[string]string{ruleBackupCurrent: "ok:", ruleBackupAge: "ok:less than an hour", ruleBackupCopy: "ok:", ruleBackupKeys: "ok:"})
	made := finishedIn(t, dir)[0]
	old := made[:len(made)-len(stampForm)] + time.Now().Add(-72*time.Hour).UTC().Format(stampForm)
	if err := os.Rename(made, old); err != nil {
		t.Fatal(err)
	}
	expect("old", map[string]string{ruleBackupAge: "fail:is 3 days old"})
	replaceIn(t, old, "FILES", "wso2carbon.jks", "other.jks")
	expect("no keystore", map[string]string{ruleBackupKeys: "fail:wso2carbon.jks in the last backup"})
	t.Setenv("DB_PW", dbPassword)
	applyNow(t, home, buildPlan(t, home, pgBoth(t)).Plan)
	expect("other datasources", map[string]string{ruleBackupCurrent: "fail:have changed since it was made"})
	planTwice(t, home, yaml)
	expect("applied again", map[string]string{ruleBackupCurrent: "ok:", ruleBackupCopy: "fail:is another one than"})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	setFile(t, filepath.Dir(dir), filepath.Base(dir), "a file")
	expect("not to be read", map[string]string{ruleBackupAge: "unknown:Not checked"})
}

// TestBackupHangs: a folder on a file system that does not answer does not hold the audit up.
func TestBackupHangs(t *testing.T) {
	ends := make(chan struct{})
	t.Cleanup(func() { close(ends) })
	r := lookAside(t.Context(), Result{}, func(r Result) Result { r.Status = OK; return r })
	if r.Status != OK {
		t.Errorf("%+v", r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if r := lookAside(ctx, Result{}, func(r Result) Result { <-ends; return r }); r.Status != Unknown {
		t.Errorf("%+v", r)
	}
}

// TestBackupHead: what stands in the head of the script is read back, and what nobody could have answered is not believed.
func TestBackupHead(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, "backup: {directory: \"/mnt/a \\\"b\\\" 'c' \\\\ $d é <&>\", keep: 7, schedule: \"Sat 23:15\", h2: leave}\n")
	set, ok := writtenSettings(openHome(t, home))
	if !ok || set.Directory != `/mnt/a "b" 'c' \ $d é <&>` || set.Keep != 7 || set.Schedule != "Sat 23:15" || set.H2 != h2Leave {
		t.Errorf("%+v %v", set, ok)
	}
	for _, bent := range []string{"# settings: {", "# settings: {}", "# settings: null", "# settings: [1]"} {
		if set, ok := backupSettingsOf("#!/bin/sh\n" + bent + "\n"); ok {
			t.Errorf("%s: %+v", bent, set)
		}
	}
	setFile(t, home, backupScriptFile, `# settings: {"directory":"/mnt","keep":-4,"schedule":"; rm","username":"$(id)","compress":"; id","h2":"x"}`+"\n")
	planTwice(t, home, "backup: {}\n")
	if text := readFile(t, home, backupScriptFile); strings.Contains(text, "; id") || strings.Contains(text, "$(id)") || !strings.Contains(text, "\nKEEP=14\n") {
		t.Error(text)
	}
}

// TestBackupTells: the report has the timer, the cron line, the accounts, the statements for the log, and no secret.
func TestBackupTells(t *testing.T) {
	home := sampleHome(t, "api")
	out := buildPlan(t, home, pgBoth(t)+backupDaily)
	text := adviceLines(out.Advice)
	names := []string{}
	for _, a := range out.Advice {
		for _, f := range a.Attachments {
			names = append(names, f.Name)
			text += f.Content
		}
	}
	base := "carbon-backup-" + serviceName(home)
	for _, want := range []string{"/etc/systemd/system/" + base + ".service", "/etc/systemd/system/" + base + ".timer", "/etc/cron.d/" + base} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s in %v", want, names)
		}
	}
	for _, want := range []string{"OnCalendar=*-*-* 02:30:00", "30 2 * * * root /usr/local/sbin/" + base, "GRANT pg_read_all_data", "INSERT INTO REG_LOG_ARCHIVE", "--set-password WSO2_CARBON_DB", "systemctl enable --now " + base + ".timer", "--check FOLDER"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if strings.Contains(text, dbPassword) {
		t.Error("a password is in the report")
	}
	h2 := adviceLines(buildPlan(t, sampleHome(t, "api"), "backup: {}\n").Advice)
	if !strings.Contains(h2, "A running H2 writes to its files all the time") || strings.Contains(h2, "REG_LOG_ARCHIVE") {
		t.Error(h2)
	}
}

func TestBackupJudgesFolders(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "b")
	judge := func() Result { return judgeFolder(Result{}, at, 1<<20) }
	if r := judge(); r.Status != OK || !strings.Contains(r.Message, "is not there yet") {
		t.Errorf("%+v", r)
	}
	setFile(t, dir, "b", "")
	if r := judge(); r.Status != Fail || !strings.Contains(r.Message, "is not a folder") {
		t.Errorf("%+v", r)
	}
	at = filepath.Join(dir, "b", "c")
	if r := judge(); r.Status == OK {
		t.Errorf("%+v", r)
	}
	at = filepath.Join(dir, "c")
	if err := errors.Join(os.Mkdir(at, 0o700), os.Chmod(at, 0o750)); err != nil { // #nosec G302 -- the case
		t.Fatal(err)
	}
	if r := judge(); r.Status != Fail || !strings.Contains(r.Message, "can be read by others") {
		t.Errorf("%+v", r)
	}
	if err := os.Chmod(at, 0o700); err != nil { // #nosec G302 -- the case
		t.Fatal(err)
	}
	if r := judge(); r.Status == Fail {
		t.Errorf("%+v", r)
	}
	if r := judgeFolder(Result{}, at, 1<<60); r.Status != Fail && r.Status != Warn || !strings.Contains(r.Message, "MB left") && os.Getuid() == 0 {
		t.Errorf("%+v", r)
	}
	file := filepath.Join(dir, "p")
	for mode, want := range map[os.FileMode]Status{0o600: OK, 0o400: OK, 0o644: Fail, 0o640: Fail, 0o700: Fail} {
		setFile(t, dir, "p", "x")
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if r := judgeCredential(Result{}, file, "X"); r.Status != want {
			t.Errorf("%o: %+v", mode, r)
		}
	}
	if r := judgeCredential(Result{}, dir, "X"); r.Status != Fail {
		t.Errorf("%+v", r)
	}
	if r := judgeCredential(Result{}, filepath.Join(dir, "none"), "X"); r.Status != Warn || r.Severity != Note {
		t.Errorf("%+v", r)
	}
}

// TestTarName reads names as tar itself writes them.
func TestTarName(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.jks", "gr\u00fc\u00df.jks", "with blank.jks", "back\\slash.jks", "new\nline.jks", "tab\t.jks", "\xff.jks"} {
		setFile(t, dir, name, "x")
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "tar -cf - \"$1\" | tar -tf -", "sh", name)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "LC_ALL=C")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := tarName(strings.TrimSuffix(string(out), "\n")); got != name {
			t.Errorf("%q: %q of %q", name, got, out)
		}
	}
}
