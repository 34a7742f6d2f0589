//go:build unix

package plain

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// filed is a stand-in that asks for a file and tells what is in it.
type filed struct{ standIn }

func (f filed) Tell(_ *steps.Workspace, a *answers.Set) map[string]string {
	if data, err := os.ReadFile(a.Text("ports.rules")); err == nil {
		return map[string]string{"ports.rules": fmt.Sprintf("The file holds %q.", data)}
	}
	return nil
}

func browsing(t *testing.T) (*flow.Engine, string) {
	t.Helper()
	home := sampleHome(t)
	dir := filepath.Join(home, "rules")
	cfg := standInConfig(t, home)
	cfg.Backend.Steps = func() []steps.Step {
		all := standIns()
		own, _ := all[4].(standIn)
		own.fields = func(*answers.Set) []steps.Field { return []steps.Field{{Spec: own.specs[1]}, {Spec: own.specs[0]}} }
		all[4] = filed{own}
		return all
	}
	cfg.Backend.Readable = func(path string, _ bool) error {
		if strings.Contains(path, "private") {
			return fs.ErrPermission
		}
		return nil
	}
	for name, data := range map[string]string{"v4.rules": "four", "v6.pem": "-----BEGIN CERTIFICATE-----\n", "old/v4.rules": "old", ".hidden": "x", "two\nlines\x1b[31m": "hostile"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if e.Type()&fs.ModeSymlink == 0 {
			old := testNow.Add(-time.Duration(i+1) * 50 * time.Minute)
			if err := os.Chtimes(filepath.Join(dir, e.Name()), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	return openEngine(t, cfg), dir
}

func TestFolderIsListedAndAFileTakenByItsNumber(t *testing.T) {
	eng, dir := browsing(t)
	out, _ := converse(t, eng,
		"5", dir+"/", "?", "3", "gone", "h", "9", "", "h", // a pipe, a link to nowhere, no such number
		"rules", "1", // a part of a name leaves one file
		"3", "", // the other question; accepted
	)
	i := strings.Index(out, "Question 1 of 2: Rules")
	if i < 0 {
		t.Fatal(out)
	}
	out, _, _ = strings.Cut(out[i:], "Your answers:") // where lines are broken hangs on the length of the path
	golden(t, "browse", out)
}

func TestFoldersCanBeWalked(t *testing.T) {
	eng, dir := browsing(t)
	out, _ := converse(t, eng, "5", dir+"/", "old/", "1", "b", "b", "5", dir+"/", "old", "u", "b", "", "b")
	says(t, out, "/rules:", "1 old/, folder", "/rules/old:", "1 v4.rules, file, 3 B", "Taken:", "/rules/old/v4.rules", `Rules: The file holds "old".`, "/rules/old:", "/rules:", "Question 1 of 2: Rules")
}

func TestUnreadableFilesAreToldWithTheReason(t *testing.T) {
	eng, dir := browsing(t)
	if err := os.WriteFile(filepath.Join(dir, "private"), []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	out, _ := converse(t, eng, "5", dir+"/", "private", "u")
	says(t, out, "private, no access, 1 B", "private: you are ", "and may not read it; it belongs to ", "mode -rw-r-----", "! private: you are", "/wso2am-1.8.0:")
}

func TestHostileNamesAreTakenAsTheyAre(t *testing.T) {
	eng, dir := browsing(t)
	out, _ := converse(t, eng, "5", dir+"/", "two", "1", "3", "", "b")
	says(t, out, `two\nlines\x1b[31m, file`, "Taken:", `two\nlines\x1b[31m`, `The file holds "hostile".`)
	f, err := eng.Form(t.Context(), "ports")
	if err != nil || f.Fields[0].Value != dir+"/two\nlines\x1b[31m" {
		t.Errorf("accepted: %q, %v", f.Fields[0].Value, err)
	}
}

func TestLongFoldersAreNotPouredOut(t *testing.T) {
	eng, dir := browsing(t)
	for i := range 300 {
		if err := os.WriteFile(filepath.Join(dir, "old", fmt.Sprintf("f%03d", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := converse(t, eng, "5", dir+"/old/", "101", "f29", "10", "3", "", "b")
	says(t, out, "100 f099, empty", "and 201 more", texts.PlainNotBetween(101, 1, 100), `names with "f29":`, "10 f299, empty", "Taken:", "/old/f299")
	saysNot(t, out, "f101,")
}

func TestFolderThatCannotBeReadAsksAgain(t *testing.T) {
	eng, dir := browsing(t)
	out, _ := converse(t, eng, "5", dir+"/new/", "b", dir+"/v4.rules", "3", "", "b")
	says(t, out, "/rules/new does not exist.", "v4.rules, file", "Rules", `The file holds "four".`, "accepted.")
}
