//go:build unix

package carbon

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"carbon-setup/assets"
)

const nobody = 65534

// stranger opens dir in a process that has no rights, and returns what it says.
func stranger(t *testing.T, dir string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give rights up; make test runs as root in CI")
	}
	// The folders of tests are for their owner only, and so is the test binary.
	shared := t.TempDir()
	publish(t, shared)
	binary := filepath.Join(shared, "stranger")
	copyFile(t, "/proc/self/exe", binary)
	chmod(t, binary, 0o755)
	cmd := program(t, binary, "stranger", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatalf("cannot run as another user: %v", err)
	}
	return string(out)
}

// publish lets everybody enter a test's folder, those above it and those in it, whatever the umask.
func publish(t *testing.T, dir string) {
	t.Helper()
	for at := filepath.Dir(dir); at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		chmod(t, at, 0o755)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			chmod(t, path, 0o755)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Skipf("cannot copy the test binary: %v", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
}

// TestNoPermission opens homes that only root may read, as a user who is not root.
func TestNoPermission(t *testing.T) {
	open := func() (dir string) {
		dir = filepath.Join(t.TempDir(), "am")
		home(t, dir)
		publish(t, dir)
		// put writes files for their owner only.
		for _, rel := range []string{CarbonXML, KernelVersion, ProductTXT, ServerSH} {
			chmod(t, filepath.Join(dir, filepath.FromSlash(rel)), 0o644)
		}
		return resolved(t, dir)
	}
	for _, c := range []struct {
		name  string
		close func(dir string) // takes the rights away
		want  string           // DIR = the home
	}{
		{
			"the home", func(dir string) { chmod(t, dir, 0o700) },
			"DIR: This may not be read: it belongs to root:root with mode drwx------, and this is nobody. Run carbon-setup as root, or with sudo.\n",
		},
		{
			"a folder on the way", func(dir string) { chmod(t, filepath.Join(dir, "repository", "conf"), 0o750) },
			"DIR/repository/conf/carbon.xml: This may not be read: DIR/repository/conf belongs to root:root with mode drwxr-x---, and this is nobody. " +
				"Run carbon-setup as root, or with sudo.\n",
		},
		{
			"carbon.xml", func(dir string) { chmod(t, filepath.Join(dir, filepath.FromSlash(CarbonXML)), 0o600) },
			"DIR/repository/conf/carbon.xml: This may not be read: it belongs to root:root with mode -rw-------, and this is nobody. " +
				"Run carbon-setup as root, or with sudo.\n",
		},
		{
			"the version of the kernel", func(dir string) { chmod(t, filepath.Join(dir, filepath.FromSlash(KernelVersion)), 0o600) },
			"DIR/bin/wso2carbon-version.txt: This may not be read: it belongs to root:root with mode -rw-------, and this is nobody. Run carbon-setup as root, or with sudo.\n",
		},
		{
			"the folder above", func(dir string) { chmod(t, filepath.Dir(dir), 0o700) },
			"DIR: This may not be read: UP belongs to root:root with mode drwx------, and this is nobody. Run carbon-setup as root, or with sudo.\n",
		},
	} {
		dir := open()
		c.close(dir)
		got := stranger(t, dir)
		want := strings.ReplaceAll(strings.ReplaceAll(c.want, "DIR", dir), "UP", filepath.Dir(dir))
		if got != want {
			t.Errorf("%s:\n got: %swant: %s", c.name, got, want)
		}
	}
}

// TestUnreadableFiles opens a home of which some files are closed: they are named, and the rest is there.
func TestUnreadableFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "am")
	if err := assets.Unpack(t.Context(), dir, assets.API); err != nil {
		t.Fatal(err)
	}
	publish(t, dir)
	chmod(t, filepath.Join(dir, filepath.FromSlash(UserMgtXML)), 0o600)
	chmod(t, filepath.Join(dir, filepath.FromSlash(DatasourcesDir)), 0o700)
	got := stranger(t, dir)
	want := UserMgtXML + " cannot be read: it belongs to root:root with mode -rw-------, and this is nobody\n" +
		MasterDS + " cannot be read: " + resolved(t, dir) + "/" + DatasourcesDir + " belongs to root:root with mode drwx------, and this is nobody\n"
	if got != want {
		t.Errorf("\n got: %swant: %s", got, want)
	}
}
