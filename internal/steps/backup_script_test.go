package steps

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"carbon-setup/internal/database"
)

// scriptBench is a home without a database server, and the script that is made for settings.
type scriptBench struct {
	top, home, dir, script string
	set                    backupSettings
	env                    []string
	bin                    string // of fakes
}

func newScriptBench(t testing.TB, change func(s *backupScript)) *scriptBench {
	t.Helper()
	top := filepath.Join(t.TempDir(), hostileName)
	b := &scriptBench{top: top, home: filepath.Join(top, "am home"), dir: filepath.Join(top, "backups")}
	if err := os.MkdirAll(top, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(sampleHome(t, "api"), b.home); err != nil {
		t.Fatal(err)
	}
	w := openHome(t, b.home)
	b.set = usualSettings(backupSources(w))
	b.set.Directory, b.set.Credentials, b.set.Keep, b.set.H2 = b.dir, filepath.Join(top, "passwords"), 2, h2Leave
	s := newBackupScript(w, b.set)
	if change != nil {
		change(s)
	}
	text, err := s.render()
	if err != nil {
		t.Fatal(err)
	}
	b.script = filepath.Join(b.home, backupScriptFile)
	putExecutable(t, b.script, text)
	b.env = os.Environ()
	return b
}

func (b *scriptBench) command(ctx context.Context, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", append([]string{b.script}, arguments...)...) // #nosec G204 -- the script of the test
	cmd.Env = b.env
	return cmd
}

func (b *scriptBench) run(t testing.TB, input string, arguments ...string) (string, int) {
	t.Helper()
	return runScript(t, b.command(t.Context(), arguments...), input)
}

// fakes puts programs into PATH that write down their arguments, their environment and their input.
func (b *scriptBench) fakes(t testing.TB, programs map[string]string) (told string) {
	t.Helper()
	told = t.TempDir()
	if b.bin == "" {
		b.bin = t.TempDir()
		b.env = append(b.env, "PATH="+b.bin+":"+os.Getenv("PATH"))
	}
	for name, ends := range programs {
		putExecutable(t, filepath.Join(b.bin, name), fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"$@\" >>%[1]s/%[2]s.argv\nenv >>%[1]s/%[2]s.env\ncat >>%[1]s/%[2]s.stdin\n%[3]s\n", told, name, ends))
	}
	return told
}

func dbOf(t testing.TB, set backupSettings, name, url, user string) *backupDB {
	t.Helper()
	target, err := database.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	target.Username = user
	addrs, err := target.Addresses()
	if err != nil {
		t.Fatal(err)
	}
	return &backupDB{Name: name, uses: []string{name}, target: target.Filled(), addrs: addrs, set: set}
}

// everyKind are databases of every kind.
func everyKind(t testing.TB, set backupSettings) []*backupDB {
	t.Helper()
	return []*backupDB{
		dbOf(t, set, "PG", "jdbc:postgresql://db1,db2:5433/it's $a?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem", "carbon"),
		dbOf(t, set, "MY", "jdbc:mysql://db3:3307/carbon?useSSL=true&requireSSL=true&verifyServerCertificate=true", "carbon"),
		dbOf(t, set, "MARIA", "jdbc:mariadb://db4/carbon", "carbon"),
		dbOf(t, set, "ORA", "jdbc:oracle:thin:@//db5:1522/orcl.example.com", "carbon"),
		dbOf(t, set, "ORASID", "jdbc:oracle:thin:@db6:1521:ORCL", "carbon"),
		dbOf(t, set, "MS", "jdbc:sqlserver://db7:1434;databaseName=a]b'c;encrypt=true;trustServerCertificate=true", "carbon"),
		dbOf(t, set, "MSI", `jdbc:sqlserver://db8\CARBON;databaseName=carbon;encrypt=true`, "carbon"),
	}
}

// plainScript is a script for every kind of database that is the same wherever the tests run.
func plainScript(t testing.TB) *backupScript {
	t.Helper()
	set := backupSettings{
		Schedule: "Sat 23:05", Directory: "/var/backups/carbon", Keep: 14, Username: "carbon_backup", Credentials: "/etc/carbon/backup", Compress: compressAuto,
		Databases: true, H2: h2Stopped, OracleDirectory: "CARBON_BACKUP", ServerDirectory: `D:\it's`,
	}
	return &backupScript{
		backupSettings: set, Name: "wso2am-1.8.0", Home: "/opt/wso2am-1.8.0", Installed: "/usr/local/sbin/carbon-backup-wso2am-1.8.0", State: backupState,
		Keys: []string{"/opt/wso2am-1.8.0/repository/resources/security/wso2carbon.jks"}, Outside: []string{"etc/keys/own trust.jks"},
		Databases: everyKind(t, set), H2: []backupH2{{Name: "LOCAL", Path: "/opt/wso2am-1.8.0/repository/database/LOCAL DB"}},
	}
}

func TestBackupGolden(t *testing.T) {
	s := plainScript(t)
	for _, name := range []string{"backup.sh", "carbon-backup.service", "carbon-backup.timer", "cron", "restore.txt"} {
		text, err := s.fill(name)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "backup/"+name, text)
	}
	text := adviceLines(slices.Concat(adviseAccounts(s), adviseServerSide(s)))
	for _, kind := range []database.Kind{database.PostgreSQL, database.MySQL, database.Oracle, database.SQLServer} {
		text += strings.Join(archiveStatements(kind), "\n") + "\n"
	}
	golden(t, "backup/accounts.txt", text)
}

func TestBackupScriptSyntax(t *testing.T) {
	b := newScriptBench(t, func(s *backupScript) { s.Databases, s.H2 = everyKind(t, s.backupSettings), plainScript(t).H2 })
	for _, shell := range []string{"sh", "dash", "bash", "busybox"} {
		if _, err := exec.LookPath(shell); err != nil {
			continue
		}
		arguments := []string{"-n", b.script}
		if shell == "busybox" {
			arguments = append([]string{"sh"}, arguments...)
		}
		if out, code := runScript(t, exec.CommandContext(t.Context(), shell, arguments...), ""); code != 0 { // #nosec G204 -- a shell
			t.Errorf("%s: %s", shell, out)
		}
	}
	if _, err := exec.LookPath("shellcheck"); err == nil {
		if out, code := runScript(t, exec.CommandContext(t.Context(), "shellcheck", "-s", "sh", "-S", "warning", b.script), ""); code != 0 { // #nosec G204 -- the script of the test
			t.Error(out)
		}
	}
	if out, code := b.run(t, "", "--what"); code != 2 || !strings.Contains(out, "--set-password NAME") || strings.Contains(out, "FAILED") {
		t.Errorf("%d\n%s", code, out)
	}
}

const spokenPassword = `p'\ $x;#:é`

// TestBackupClients: the programs of Oracle, SQL Server and MySQL get what they need, and no secret as an argument.
func TestBackupClients(t *testing.T) {
	b := newScriptBench(t, func(s *backupScript) {
		s.Databases = everyKind(t, s.backupSettings)[1:]
		s.ServerDirectory = "/var/opt/mssql/backup"
		s.Compress = compressGzip
	})
	dumped := "echo '-- Dump completed'"
	told := b.fakes(t, map[string]string{"expdp": "cat \"${1#PARFILE=}\"; exit 0", "sqlcmd": "exit 0", "mysqldump": "case $* in *--help*) echo set-gtid-purged column-statistics ssl-mode;; *) " + dumped + ";; esac", "mariadb-dump": dumped})
	for _, name := range []string{"MY", "MARIA", "ORA", "ORASID", "MS", "MSI"} {
		if out, code := b.run(t, spokenPassword+"\n", "--set-password", name); code != 0 {
			t.Fatal(out)
		}
	}
	out, code := b.run(t, "")
	if code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	for name, wants := range map[string][]string{
		"expdp.argv": {
			"PARFILE=" + b.set.Credentials + "/ORA.par\nDIRECTORY=CARBON_BACKUP\nDUMPFILE=carbon_backup_am_home_", "\nSCHEMAS=CARBON\nFLASHBACK_TIME=SYSTIMESTAMP\n", "PARFILE=" + b.set.Credentials + "/ORASID.par\n",
		},
		"expdp.env":  {"TWO_TASK=//db5:1522/orcl.example.com\n", "TWO_TASK=(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db6)(PORT=1521))(CONNECT_DATA=(SID=ORCL)))\n"},
		"sqlcmd.env": {"SQLCMDPASSWORD=" + spokenPassword + "\n"},
		"sqlcmd.argv": {
			"-S\ntcp:db7,1434\n-U\ncarbon_backup\n-l\n30\n-b\n-x\n-C\n-Q\nBACKUP DATABASE [a]]b'c] TO DISK = N'", "-MS.bak' WITH COPY_ONLY, CHECKSUM\n", "-S\ndb8\\CARBON\n-U\ncarbon_backup\n-l\n30\n-b\n-x\n-Q\n",
		},
		"mysqldump.argv":    {"--defaults-extra-file=" + b.set.Credentials + "/MY.cnf\n--protocol=TCP\n--host=db3\n--port=3307\n--user=carbon_backup\n--single-transaction\n", "--set-gtid-purged=OFF\n--column-statistics=0\n--ssl-mode=VERIFY_IDENTITY\n--\ncarbon\n"},
		"mariadb-dump.argv": {"--host=db4\n--port=3306\n", "--routines\n--triggers\n--events\n", "--\ncarbon\n"},
	} {
		text := readFile(t, told, name)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q:\n%s", name, want, text)
			}
		}
		if strings.HasSuffix(name, ".argv") && strings.Contains(text, spokenPassword) {
			t.Errorf("the password is an argument:\n%s", text)
		}
		if name != "sqlcmd.env" && strings.Contains(text, spokenPassword) {
			t.Errorf("the password is in %s", name)
		}
	}
	folder := finishedIn(t, b.dir)[0]
	for _, name := range []string{"ORA.expdp.txt", "MS.sqlcmd.txt", "MY.sql.gz", "MARIA.sql.gz"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	if text := readFile(t, folder, "ORA.expdp.txt"); !strings.Contains(text, `USERID=carbon_backup/"`+spokenPassword+`"`) {
		t.Errorf("expdp has read %q", text)
	}
	b.fakes(t, map[string]string{"expdp": "echo ORA-39002: invalid operation; exit 1"})
	if out, code := b.run(t, ""); code != 1 || !strings.Contains(out, "FAILED: dump of ORA (Oracle db5:1522/orcl.example.com): ORA-39002: invalid operation") {
		t.Errorf("%d\n%s", code, out)
	}
	b.fakes(t, map[string]string{"expdp": "exit 0", "sqlcmd": "echo Msg 3201, Level 16; exit 1"})
	if out, code := b.run(t, ""); code != 1 || !strings.Contains(out, "FAILED: dump of MS ") || !strings.Contains(out, "Msg 3201") {
		t.Errorf("%d\n%s", code, out)
	}
	if out, code := b.run(t, `a"b`+"\n", "--set-password", "ORA"); code != 1 || !strings.Contains(out, "double quote") {
		t.Errorf("%d\n%s", code, out)
	}
}

// TestBackupDumpEndsEarly: a program that ends well and has not written all is not believed.
func TestBackupDumpEndsEarly(t *testing.T) {
	b := newScriptBench(t, func(s *backupScript) { s.Databases = everyKind(t, s.backupSettings)[2:3] })
	b.fakes(t, map[string]string{"mariadb-dump": "echo 'CREATE TABLE A (B INT);'"})
	b.run(t, "x\n", "--set-password", "MARIA")
	if out, code := b.run(t, ""); code != 1 || !strings.Contains(out, "ends early") {
		t.Errorf("%d\n%s", code, out)
	}
	for _, ends := range []string{"echo half; kill -9 $$", "echo half; exit 3"} {
		b.fakes(t, map[string]string{"mariadb-dump": ends})
		if out, code := b.run(t, ""); code != 1 || !strings.Contains(out, "FAILED: dump of MARIA") {
			t.Errorf("%s: %d\n%s", ends, code, out)
		}
	}
	if len(finishedIn(t, b.dir)) > 0 || len(leftovers(t, b.dir)) > 0 {
		t.Errorf("%v %v", finishedIn(t, b.dir), leftovers(t, b.dir))
	}
}

// TestBackupKeepsCnf: what the administrator has put into the option file besides, such as a certificate, stays.
func TestBackupKeepsCnf(t *testing.T) {
	b := newScriptBench(t, func(s *backupScript) { s.Databases = everyKind(t, s.backupSettings)[2:3] })
	b.run(t, "one\n", "--set-password", "MARIA")
	file := filepath.Join(b.set.Credentials, "MARIA.cnf")
	setFile(t, b.set.Credentials, "MARIA.cnf", readFile(t, b.set.Credentials, "MARIA.cnf")+"ssl-ca=/etc/ssl/db.pem\n")
	b.run(t, "two\n", "--set-password", "MARIA")
	if text := readFile(t, b.set.Credentials, "MARIA.cnf"); text != "[client]\npassword=\"two\"\nssl-ca=/etc/ssl/db.pem\n" {
		t.Errorf("%q", text)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	if out, code := b.run(t, "", "--set-password", "MARIA"); code != 1 || !strings.Contains(out, "nothing is changed") || readFile(t, b.set.Credentials, "MARIA.cnf") == "" {
		t.Errorf("%d %s", code, out)
	}
	if out, code := b.run(t, "x\n", "--set-password", "../x"); code != 1 || !strings.Contains(out, "Its databases: MARIA") {
		t.Errorf("%d %s", code, out)
	}
}

// TestBackupKilled: a run that is killed in the middle leaves no backup, and the next one clears up after it.
func TestBackupKilled(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			b := newScriptBench(t, func(s *backupScript) { s.Databases = everyKind(t, s.backupSettings)[2:3] })
			b.run(t, "x\n", "--set-password", "MARIA")
			told := b.fakes(t, map[string]string{"mariadb-dump": "case $* in *--help*) exit 0;; esac; echo half; echo >>\"$TOLD\"; sleep 60"})
			b.env = append(b.env, "TOLD="+told+"/begun")
			cmd := b.command(t.Context())
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as systemd and a terminal do, the whole group gets the signal
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, func() bool { _, err := os.Stat(told + "/begun"); return err == nil })
			if out, code := b.run(t, ""); code != 1 || !strings.Contains(out, "another backup of this install is under way") {
				t.Errorf("the second of two runs: %d\n%s", code, out)
			}
			if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if all := finishedIn(t, b.dir); len(all) > 0 {
				t.Errorf("a half backup has its final name: %v", all)
			}
			if left := leftovers(t, b.dir); signal == syscall.SIGTERM && len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			b.fakes(t, map[string]string{"mariadb-dump": "echo '-- Dump completed'"})
			if out, code := b.run(t, ""); code != 0 {
				t.Errorf("%d\n%s", code, out)
			}
			if left := leftovers(t, b.dir); len(left) > 0 || len(finishedIn(t, b.dir)) != 1 {
				t.Errorf("left: %v, %v", left, finishedIn(t, b.dir))
			}
		})
	}
}

func waitFor(t testing.TB, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

// TestBackupWithoutFlock: the lock of machines without flock holds off a second run, and not the run after a kill.
func TestBackupWithoutFlock(t *testing.T) {
	b := newScriptBench(t, nil)
	bin := t.TempDir()
	for _, name := range strings.Fields("sh ls awk id uname tr mkdir rm cat date df du tail sed grep tar gzip cp mv sha256sum sort wc sleep head cut sync stty basename env tee") {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	script := strings.Replace(readFile(t, b.home, backupScriptFile), "PATH=${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin", "PATH=$PATH", 1)
	putExecutable(t, b.script, script)
	b.env = append(b.env, "PATH="+bin)
	if out, code := b.run(t, ""); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	locks, err := filepath.Glob(strings.ReplaceAll(b.dir, `\`, `\\`) + "/.carbon-backup-*")
	if err != nil || len(locks) > 0 {
		t.Errorf("%v %v", locks, err)
	}
	host, _ := os.Hostname()
	lock := filepath.Join(b.dir, ".carbon-backup-am-home-"+host+".lock.d")
	setFile(t, lock, "pid", fmt.Sprint(os.Getpid()))
	if out, code := b.run(t, ""); code != 1 || !strings.Contains(out, "another backup of this install is under way") {
		t.Errorf("%d\n%s", code, out)
	}
	setFile(t, lock, "pid", "999999999")
	if out, code := b.run(t, ""); code != 0 {
		t.Errorf("%d\n%s", code, out)
	}
}

// TestBackupFullDisk fills a small disk.
func TestBackupFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	b := newScriptBench(t, func(s *backupScript) { s.Databases = everyKind(t, s.backupSettings)[2:3]; s.Compress = compressGzip })
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", b.dir, "tmpfs", 0, "size=3m,mode=0700"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(b.dir, syscall.MNT_DETACH) })
	b.run(t, "x\n", "--set-password", "MARIA")
	b.fakes(t, map[string]string{"mariadb-dump": "echo '-- Dump completed'"})
	if out, code := b.run(t, ""); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	b.fakes(t, map[string]string{"mariadb-dump": "case $* in *--help*) exit 0;; esac; head -c 8000000 /dev/urandom; echo '-- Dump completed'"})
	out, code := b.run(t, "")
	if code != 1 || !strings.Contains(out, "MB left, and a backup takes about") {
		t.Errorf("the room is asked for before: %d\n%s", code, out)
	}
	putExecutable(t, b.script, strings.Replace(readFile(t, b.home, backupScriptFile), "\n    room\n", "\n", 1))
	for range 2 {
		out, code = b.run(t, "")
		if code != 1 || !strings.Contains(out, "FAILED: dump of MARIA") || !strings.Contains(out, "no space is left in "+b.dir) {
			t.Errorf("%d\n%s", code, out)
		}
	}
	if all := finishedIn(t, b.dir); len(all) != 1 || len(leftovers(t, b.dir)) > 0 {
		t.Errorf("%v %v", all, leftovers(t, b.dir))
	}
	if out, code := b.run(t, "", "--check", finishedIn(t, b.dir)[0]); code != 0 {
		t.Errorf("%d\n%s", code, out)
	}
}

// TestBackupRotatesItsOwn: of all that lies in the folder, only whole backups of this home are counted and removed.
func TestBackupRotatesItsOwn(t *testing.T) {
	b := newScriptBench(t, nil)
	if out, code := b.run(t, ""); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	first := finishedIn(t, b.dir)[0]
	prefix := first[:len(first)-len(stampForm)]
	others := []string{prefix + "20200101T000000Z", prefix + "20200102T000000Z", b.dir + "/carbon-backup-by-hand", prefix + "old"}
	copyTree(t, first, others[0])
	replaceIn(t, others[0], "INFO", "\nhome="+b.home, "\nhome="+b.home+"-other")
	copyTree(t, first, others[1])
	if err := os.Remove(filepath.Join(others[1], "MANIFEST")); err != nil {
		t.Fatal(err)
	}
	setFile(t, others[2], "a", "b")
	copyTree(t, first, others[3])
	for range 3 {
		if out, code := b.run(t, ""); code != 0 {
			t.Fatalf("%d\n%s", code, out)
		}
	}
	all := finishedIn(t, b.dir)
	for _, o := range others {
		if !slices.Contains(all, o) {
			t.Errorf("%s is gone", o)
		}
	}
	if len(all) != len(others)+2 || slices.Contains(all, first) {
		t.Errorf("%v", all)
	}
}

func TestBackupCheckFindsDamage(t *testing.T) {
	b := newScriptBench(t, nil)
	b.run(t, "")
	folder := finishedIn(t, b.dir)[0]
	if out, code := b.run(t, "", "--check", folder); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	for what, damage := range map[string]func(copied string){
		"a bit":    func(dir string) { replaceIn(t, dir, "FILES", "carbon.xml", "carbon.xmk") },
		"a file":   func(dir string) { removeFile(t, dir, "FILES") },
		"the sums": func(dir string) { removeFile(t, dir, "MANIFEST") },
		"all sums": func(dir string) { setFile(t, dir, "MANIFEST", "") },
		"the info": func(dir string) { removeFile(t, dir, "INFO") },
		"nothing":  func(dir string) { _ = os.RemoveAll(dir) },
	} {
		copied := filepath.Join(t.TempDir(), "copy")
		copyTree(t, folder, copied)
		damage(copied)
		if out, code := b.run(t, "", "--check", copied); code != 1 || strings.Count(out, "FAILED: ") != 1 {
			t.Errorf("%s: %d\n%s", what, code, out)
		}
	}
}

// TestBackupH2 copies the files of H2 while nobody has them open, and fails otherwise.
func TestBackupH2(t *testing.T) {
	b := newScriptBench(t, func(s *backupScript) {
		s.H2 = []backupH2{{Name: "LOCAL", Path: filepath.Join(s.Home, "repository/database/LOCAL DB")}}
	})
	if out, code := b.run(t, ""); code != 0 || !strings.Contains(out, "there is no H2 database at") {
		t.Errorf("%d\n%s", code, out)
	}
	setFile(t, b.home, "repository/database/LOCAL DB.h2.db", "rows")
	if out, code := b.run(t, ""); code != 0 {
		t.Errorf("%d\n%s", code, out)
	}
	all := finishedIn(t, b.dir)
	if found, err := filepath.Glob(strings.ReplaceAll(all[len(all)-1], `\`, `\\`) + "/LOCAL.h2.tar.*"); err != nil || len(found) != 1 {
		t.Error(found, err)
	}
	setFile(t, b.home, "repository/database/LOCAL DB.lock.db", "")
	if out, code := b.run(t, ""); code != 1 || !strings.Contains(out, "is an H2 database in use") || len(finishedIn(t, b.dir)) != 2 {
		t.Errorf("%d\n%s", code, out)
	}
}

// TestBackupRefuses: folders that others can read, a script that others can write, a home or a keystore that is not there.
func TestBackupRefuses(t *testing.T) {
	refused := func(t *testing.T, b *scriptBench, says string) {
		t.Helper()
		if out, code := b.run(t, ""); code != 1 || !strings.Contains(out, says) || strings.Count(out, "FAILED: ") != 1 {
			t.Errorf("%d, want %q\n%s", code, says, out)
		}
		if _, err := os.Stat(b.dir); err == nil && len(finishedIn(t, b.dir))+len(leftovers(t, b.dir)) > 0 {
			t.Error("something is there")
		}
	}
	b := newScriptBench(t, nil)
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	refused(t, b, "can be read by others")
	setFile(t, b.top, "file", "")
	if err := os.Chmod(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chmod(b.script, 0o775); err != nil {
			t.Fatal(err)
		}
		refused(t, b, "root must not run what others can write")
		if err := os.Chmod(b.script, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	removeFile(t, b.home, "repository/resources/security/wso2carbon.jks")
	refused(t, b, "wso2carbon.jks is not there; without it what the vault encrypts is lost")
	if err := os.Rename(b.home+"/repository", b.home+"/moved"); err != nil {
		t.Fatal(err)
	}
	refused(t, b, "there is no Carbon home at")
}

// TestBackupOutside packs a keystore that lies outside of the home, or behind a link.
func TestBackupOutside(t *testing.T) {
	keys := t.TempDir()
	home := sampleHome(t, "api")
	at := filepath.Join(home, "repository/resources/security")
	for _, name := range []string{"wso2carbon.jks", "client-truststore.jks"} {
		setFile(t, keys, name, readFile(t, at, name))
		removeFile(t, at, name)
	}
	if err := os.Symlink(filepath.Join(keys, "wso2carbon.jks"), filepath.Join(at, "wso2carbon.jks")); err != nil {
		t.Fatal(err)
	}
	replaceIn(t, home, "repository/conf/carbon.xml", "${carbon.home}/repository/resources/security/client-truststore.jks", keys+"/client-truststore.jks")
	s := newBackupScript(openHome(t, home), usualSettings(backupSource{}))
	for _, name := range []string{"wso2carbon.jks", "client-truststore.jks"} {
		if !slices.Contains(s.Outside, strings.TrimPrefix(filepath.Join(keys, name), "/")) {
			t.Errorf("%s is not in %v", name, s.Outside)
		}
	}
}

// TestBackupUnits has systemd judge the service, the timer and the schedules, where it is.
func TestBackupUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze")
	}
	dir := t.TempDir()
	s := plainScript(t)
	s.Directory, s.Installed = filepath.Join(t.TempDir(), `it's $HOME a%h \b "c" ä`), "/bin/true"
	for _, name := range []string{"carbon-backup.service", "carbon-backup.timer"} {
		text, err := s.fill(name)
		if err != nil {
			t.Fatal(err)
		}
		setFile(t, dir, name, text)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", filepath.Join(dir, "carbon-backup.timer"), filepath.Join(dir, "carbon-backup.service")).CombinedOutput() // #nosec G204 -- systemd
	if strings.Contains(string(out), dir) || strings.Contains(string(out), "carbon-backup") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, schedule := range []string{"hourly", "daily", "weekly", "00:00", "23:59", "Sat 09:05"} {
		c, ok := calendarOf(schedule)
		if !ok {
			t.Errorf("%s is no schedule", schedule)
		}
		if out, err := exec.CommandContext(t.Context(), analyze, "calendar", c.systemd).CombinedOutput(); err != nil { // #nosec G204 -- systemd
			t.Errorf("%s: %v\n%s", schedule, err, out)
		}
	}
}

// TestBackupLinks: deployed artifacts are often a link to a folder that the nodes of a cluster share, and links in there lead further.
func TestBackupLinks(t *testing.T) {
	b := newScriptBench(t, nil)
	shared, far := filepath.Join(b.top, "shared nfs"), filepath.Join(b.top, "far")
	b.link(t, shared, "repository/deployment")
	setFile(t, shared, "server/synapse-configs/default/api/one é.xml", "<api/>")
	setFile(t, far, "conf.xml", "<far/>")
	setFile(t, b.top, "password-tmp", "secret")
	for from, to := range map[string]string{
		filepath.Join(shared, "server/far"):                   "../../far",
		filepath.Join(shared, "server/back"):                  b.home,
		filepath.Join(b.home, "repository/conf/nowhere"):      "/nowhere/at/all",
		filepath.Join(b.home, "repository/conf/round"):        "round",
		filepath.Join(b.home, "repository/conf/again"):        filepath.Join(shared, "server"),
		filepath.Join(b.home, "repository/conf/system"):       "/usr/bin/env",
		filepath.Join(b.home, "repository/conf/password.txt"): filepath.Join(b.set.Credentials, "A.pgpass"),
		filepath.Join(b.home, "repository/conf/start"):        "../../../password-tmp",
		filepath.Join(b.home, "repository/conf/within"):       "carbon.xml",
	} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	setFile(t, b.set.Credentials, "A.pgpass", "secret")
	out, code := b.run(t, "")
	if code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	if !strings.Contains(out, "a link leads to "+b.home+", which holds "+b.home) {
		t.Errorf("the link to the home is not told:\n%s", out)
	}
	folder := finishedIn(t, b.dir)[0]
	into := t.TempDir()
	line := restoreCommand(t, folder, "linked.tar", "-C /", "-C "+into)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line) // #nosec G204 -- of the backup
	cmd.Dir = folder
	if out, code := runScript(t, cmd, ""); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	removeFile(t, into, filepath.Join(shared, "server/back")) // links to folders
	removeFile(t, into, filepath.Join(shared, "server/far"))
	got := homeFiles(t, into)
	for name, want := range map[string]string{filepath.Join(shared, "server/synapse-configs/default/api/one é.xml"): "<api/>", filepath.Join(far, "conf.xml"): "<far/>"} {
		if data := string(got[strings.TrimPrefix(name, "/")].data); data != want {
			t.Errorf("%s has %q, want %q", name, data, want)
		}
	}
	for name := range got {
		if !strings.HasPrefix("/"+name, shared) && !strings.HasPrefix("/"+name, far) || strings.Contains(name, "password") {
			t.Errorf("%s is packed", name)
		}
	}
	if left := leftovers(t, b.dir); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	b.restoreLinks(t, folder)
}

// restoreLinks unpacks the backup into a new release, which has a folder where the backup has a link.
func (b *scriptBench) restoreLinks(t testing.TB, folder string) {
	t.Helper()
	if err := os.Rename(b.home, b.home+".lost"); err != nil {
		t.Fatal(err)
	}
	setFile(t, b.home, "repository/deployment/server/of the release", "new")
	for _, part := range []string{"d=", "install.tar"} {
		cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", restoreLines(t, folder, part)) // #nosec G204 -- of the backup
		cmd.Dir = folder
		if out, code := runScript(t, cmd, ""); code != 0 {
			t.Fatalf("%d\n%s", code, out)
		}
	}
	for _, rel := range []string{"repository/deployment", "repository/conf/again"} {
		got, err := os.Readlink(filepath.Join(b.home, rel))
		want, _ := os.Readlink(filepath.Join(b.home+".lost", rel))
		if err != nil || got != want {
			t.Errorf("%s leads to %q, want %q: %v", rel, got, want, err)
		}
	}
	if text := readFile(t, b.home, "repository/deployment.release/server/of the release"); text != "new" {
		t.Errorf("what the release had is %q", text)
	}
}

// restoreLines are the commands of RESTORE.txt that have some words in them.
func restoreLines(t testing.TB, folder, words string) string {
	t.Helper()
	var lines strings.Builder
	for line := range strings.Lines(readFile(t, folder, "RESTORE.txt")) {
		if strings.HasPrefix(line, "    ") && strings.Contains(line, words) {
			lines.WriteString(line)
		}
	}
	if lines.Len() == 0 {
		t.Fatalf("RESTORE.txt has no %s:\n%s", words, readFile(t, folder, "RESTORE.txt"))
	}
	return lines.String()
}

// link moves a folder of the home to another place, and leads a link there.
func (b *scriptBench) link(t testing.TB, to, rel string) {
	t.Helper()
	from := filepath.Join(b.home, rel)
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
}

// TestBackupWithoutLinks: RESTORE.txt speaks of links only where there are some.
func TestBackupWithoutLinks(t *testing.T) {
	b := newScriptBench(t, nil)
	if out, code := b.run(t, ""); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	if text := readFile(t, finishedIn(t, b.dir)[0], "RESTORE.txt"); strings.Contains(text, "LINKED") || strings.Contains(text, "linked") {
		t.Error(text)
	}
}
