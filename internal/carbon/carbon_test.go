package carbon

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"carbon-setup/assets"
)

var update = flag.Bool("update", false, "write the golden files anew")

// actAs makes the test binary play another program.
const actAs = "CARBON_SETUP_TEST_ACT_AS"

func TestMain(m *testing.M) {
	switch os.Getenv(actAs) {
	case "server": // runs until it is killed
		time.Sleep(time.Minute)
		os.Exit(0)
	case "stranger": // opens a home as a user without rights
		in, err := Open(context.Background(), os.Args[1], Options{Etc: "/nowhere"})
		if err != nil {
			fmt.Fprintln(os.Stdout, err)
			os.Exit(5)
		}
		for _, m := range in.Missing {
			fmt.Fprintln(os.Stdout, m)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// quiet are Options under which nothing of this machine shows: no process, no service, no environment.
func quiet(t *testing.T) Options {
	t.Helper()
	empty := t.TempDir()
	return Options{Getenv: func(string) string { return "" }, Proc: empty, Cgroup: empty, Etc: empty}
}

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

// sample writes a sample install and returns its home.
func sample(t *testing.T, which assets.Sample) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	if err := assets.Unpack(t.Context(), dir, which); err != nil {
		t.Fatal(err)
	}
	return resolved(t, dir)
}

func resolved(t *testing.T, dir string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// corpus copies the configuration of a real product, if it is there.
func corpus(t *testing.T) (home string, ok bool) {
	t.Helper()
	source := filepath.FromSlash("../../../shared/corpus/apim-1.8.0")
	if _, err := os.Stat(source); err != nil {
		return "", false
	}
	home = filepath.Join(t.TempDir(), "apim")
	if err := os.CopyFS(home, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	return resolved(t, home), true
}

// put writes files below dir; a name that ends in a slash is a folder.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if name[len(name)-1] == '/' {
			mkdir(t, path)
			continue
		}
		mkdir(t, filepath.Dir(path))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.Symlink(target, path); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

// program is a command that runs this test binary in another role.
func program(t *testing.T, path, role string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Args = append([]string{path}, args...)
	cmd.Env = append(os.Environ(), actAs+"="+role)
	return cmd
}
