package flow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/wizardtest"
)

func TestMain(m *testing.M) { os.Exit(wizardtest.Main(m)) }

func sampleHome(t testing.TB) string { return wizardtest.Home(t) }

var testNow = wizardtest.Now

// config is that of a machine that is the same everywhere.
func config(t testing.TB, home string) Config {
	t.Helper()
	m := wizardtest.NewMachine(t)
	return Config{Home: home, Version: "1.0", Now: func() time.Time { return testNow }, Getenv: m.Getenv, Who: m.Who, Carbon: m.Carbon}
}

func open(t testing.TB, cfg Config) *Engine {
	t.Helper()
	e, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

func text(kv ...string) Values {
	v := Values{Text: map[string]string{}, Secret: map[string]secret.Secret{}}
	for i := 0; i < len(kv); i += 2 {
		v.Text[kv[i]] = kv[i+1]
	}
	return v
}

func hostnames(name string) Values {
	return text("hostname.name", name, "hostname.management", name)
}

// password is typed in tests. It must be found nowhere but in the files that need it.
const password = "Kestrel-47-over-Quay"

func adminValues() Values {
	v := text("admin.username", "opsadmin")
	v.Secret["admin.password"] = secret.New(password)
	return v
}

func (e *Engine) mustAccept(t testing.TB, id string, v Values) Verdict {
	t.Helper()
	verdict, err := e.Accept(context.Background(), id, v, true)
	if err != nil {
		t.Fatal(err)
	}
	if !verdict.OK {
		t.Fatalf("%s was not accepted: %v", id, verdict.Problems)
	}
	if verdict.NotSaved != "" {
		t.Error(verdict.NotSaved)
	}
	return verdict
}

func (e *Engine) mustReview(t testing.TB) *Review {
	t.Helper()
	r, err := e.Review(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (e *Engine) mustApply(t testing.TB) *Applied {
	t.Helper()
	r := e.mustReview(t)
	if len(r.Blocked) > 0 {
		t.Fatalf("the apply is blocked: %v", r.Blocked)
	}
	a, err := e.Apply(r.Hash)
	if err != nil {
		t.Fatal(err)
	}
	return a.Wait(context.Background())
}

func (e *Engine) mustRow(t testing.TB, id string) Row {
	t.Helper()
	r, ok := e.Row(id)
	if !ok {
		t.Fatalf("no row %s", id)
	}
	return r
}

// tree is a hash of every file, mode and time below a folder; skip leaves one out.
func tree(t testing.TB, dir, skip string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if skip != "" && d.Name() == skip {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %v %d\n", path, info.Mode(), info.ModTime().UnixNano())
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			h.Write(data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// contents is tree without the times of folders, which a temporary file changes.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == apply.StateDir {
				return fs.SkipDir
			}
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// seesNoSecret fails when the password stands in a file of the state folder.
func seesNoSecret(t testing.TB, home string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(home, apply.StateDir), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() || strings.Contains(path, "/before/") {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), password) {
			t.Errorf("%s holds the password", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// changed is a step with its checks replaced.
type changed struct {
	steps.Step
	checks []steps.Check
}

func (c changed) Checks(*steps.Workspace, *answers.Set) []steps.Check { return c.checks }
