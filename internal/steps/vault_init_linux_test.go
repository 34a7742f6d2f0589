package steps

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The stand-ins for wso2server.sh, which notes what it finds, and for Java, which writes its number late and with NULs behind it, as Carbon does.
const (
	stubServer = `#!/bin/sh
cd "$CARBON_HOME" || exit 1
link="$CARBON_HOME/password-persist"
{
    printf 'arguments %s, user %s, java %s' $# "$(id -un)" "$JAVA_HOME"
    if [ -e "$link" ]; then
        printf ', file %s, folder %s, [' "$(stat -L -c '%a %U' "$link")" "$(stat -c %a "$(dirname "$(readlink "$link")")")"
        tr '\n' '|' <"$link"
        printf ']'
    fi
    echo
} >>"$CARBON_HOME/starts"
sh "$CARBON_HOME/bin/java.sh" -Dcarbon.home="$CARBON_HOME" org.wso2.carbon.bootstrap.Bootstrap
`
	stubJava = `trap 'sleep 1; exit 143' TERM
( sleep 2; { echo $$; head -c 90 /dev/zero; } >"$CARBON_HOME/wso2carbon.pid" ) &
while [ -e "$CARBON_HOME" ]; do sleep 1 & wait $!; done
`
)

// initRun is an init script with a home of its own.
type initRun struct {
	service
	script string
}

// newInitRun makes a home with stand-ins that belongs to a user, and its init script.
func newInitRun(t *testing.T, account *user.User) *initRun {
	t.Helper()
	top := t.TempDir()
	r := &initRun{service{Name: "carbon", Home: filepath.Join(top, `it's a $HOME "50%" ö`), Java: "/opt/jdk 1.7", User: account.Username, RunDir: filepath.Join(top, "run"), Secrets: filepath.Join(top, "etc")}, ""}
	putExecutable(t, filepath.Join(r.Home, "bin", "wso2server.sh"), stubServer)
	setFile(t, r.Home, "bin/java.sh", stubJava)
	for _, dir := range []string{r.RunDir, r.Secrets} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{filepath.Dir(top), top, r.RunDir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	uid, gid := idNumber(t, account.Uid), idNumber(t, account.Gid)
	err := filepath.WalkDir(r.Home, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
	r.script = filepath.Join(top, "init")
	putExecutable(t, r.script, rendered(t, r.service, "init.sh"))
	t.Cleanup(func() { _ = exec.Command(r.script, "stop").Run() })
	return r
}

func idNumber(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// do runs an action of the script and checks its end.
func (r *initRun) do(t *testing.T, action string, code int, says string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), r.script, action).CombinedOutput()
	if exitCode(err) != code || !strings.Contains(string(out), says) {
		t.Fatalf("%s: exit code %d, want %d and %q:\n%s", action, exitCode(err), code, says, out)
	}
}

// starts are the notes of the stand-in.
func (r *initRun) starts(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.Home, "starts"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// isGone fails when the copy of the password is still there.
func (r *initRun) isGone(t *testing.T) {
	t.Helper()
	if _, err := os.Lstat(r.VaultFile()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy of the password is still there: %v", err)
	}
}

// accounts are the users to start a server as: the present one, and, for root, another one by su.
func accounts(t *testing.T) []*user.User {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	all := []*user.User{me}
	if other, err := user.Lookup("nobody"); err == nil && os.Geteuid() == 0 {
		if _, err := exec.LookPath("su"); err == nil {
			all = append(all, other)
		}
	}
	return all
}

func TestInitScriptRuns(t *testing.T) {
	for _, account := range accounts(t) {
		t.Run(account.Username, func(t *testing.T) {
			t.Parallel()
			r := newInitRun(t, account)
			r.do(t, "status", 3, "not running")
			r.firstStart(t)
			r.do(t, "status", 0, "running, process ")
			r.do(t, "start", 0, "already running")
			if n := len(r.starts(t)); n != 1 {
				t.Errorf("%d servers were started, want 1", n)
			}
			r.do(t, "stop", 0, "stopped")
			r.isGone(t)
			r.do(t, "status", 3, "not running")
			r.do(t, "stop", 0, "not running")

			// The number of the last run belongs to another process now.
			setFile(t, r.Home, "wso2carbon.pid", fmt.Sprintf("%d\n", os.Getpid())+strings.Repeat("\x00", 90))
			setFile(t, r.Secrets, "carbon.password", "s3cret pass")
			r.do(t, "status", 3, "not running")
			r.do(t, "start", 0, "started, process ")
			time.Sleep(3 * time.Second) // the server has written its number by then
			r.do(t, "restart", 0, "started, process ")
			r.do(t, "stop", 0, "stopped")
			r.isGone(t)

			want := fmt.Sprintf("arguments 0, user %s, java /opt/jdk 1.7, file 600 %s, folder 711, [s3cret pass|]", account.Username, account.Username)
			starts := r.starts(t)
			for _, got := range starts {
				if strings.Replace(got, "[s3cret pass]", "[s3cret pass|]", 1) != want {
					t.Errorf("the server found\n%s\nwant\n%s", got, want)
				}
			}
			if len(starts) != 3 {
				t.Errorf("%d starts, want 3", len(starts))
			}
		})
	}
}

// firstStart hands the password over through a pipe, so that the copy can be looked at when it exists and has nothing in it yet.
func (r *initRun) firstStart(t *testing.T) {
	t.Helper()
	if err := syscall.Mkfifo(r.PasswordFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	setFile(t, r.Home, "password-persist", "old\n") // as vault.password_file: persist leaves it
	looked := make(chan error, 1)
	go func() { looked <- r.lookWhileCopying() }()
	r.do(t, "start", 0, "started, process ")
	if err := <-looked; err != nil {
		t.Error(err)
	}
	if target, err := os.Readlink(r.PersistLink()); err != nil || target != r.VaultFile() {
		t.Errorf("password-persist leads to %q (%v), want %s", target, err, r.VaultFile())
	}
	if err := os.Remove(r.PasswordFile()); err != nil {
		t.Fatal(err)
	}
}

func (r *initRun) lookWhileCopying() error {
	pipe, err := os.OpenFile(r.PasswordFile(), os.O_WRONLY, 0) // waits for the script to read
	if err != nil {
		return err
	}
	info, statErr := os.Stat(r.VaultFile())
	_, err = pipe.WriteString("s3cret pass \t\r\nsecond\n")
	err = errors.Join(err, pipe.Close(), statErr)
	if err == nil && (info.Size() != 0 || info.Mode().Perm() != 0o600) {
		err = fmt.Errorf("the copy of the password is born with mode %v and %d bytes", info.Mode(), info.Size())
	}
	return err
}

func TestInitScriptRefuses(t *testing.T) {
	t.Parallel()
	r := newInitRun(t, accounts(t)[0])
	r.do(t, "start", 1, r.PasswordFile()+" cannot be read")
	for _, text := range []string{"", "\n", " \t\n", "\nsecond\n"} {
		setFile(t, r.Secrets, "carbon.password", text)
		r.do(t, "start", 1, "has no password in its first line")
		r.isGone(t)
	}
	if got := r.starts(t); got[0] != "" {
		t.Errorf("a server was started without a password: %v", got)
	}
}

// TestInitScriptWithoutVault is the script as it is when the vault is off, on a machine with the server of another home.
func TestInitScriptWithoutVault(t *testing.T) {
	t.Parallel()
	other := newInitRun(t, accounts(t)[0])
	setFile(t, other.Secrets, "carbon.password", "x\n")
	other.do(t, "start", 0, "started")
	r := newInitRun(t, accounts(t)[0])
	text := strings.Replace(rendered(t, r.service, "init.sh"), "PASSWORD_FILE="+shellWord(r.PasswordFile()), "PASSWORD_FILE=", 1)
	putExecutable(t, r.script, text)
	r.do(t, "status", 3, "not running")
	r.do(t, "start", 0, "started")
	if got := r.starts(t); len(got) != 1 || strings.Contains(got[0], "file") {
		t.Errorf("the server found %v", got)
	}
	r.do(t, "stop", 0, "stopped")
	other.do(t, "status", 0, "running")
	other.do(t, "stop", 0, "stopped")
}
