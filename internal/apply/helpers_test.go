package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
)

// old is the time that the files of a test home have.
var old = time.Date(2015, 3, 14, 9, 26, 53, 589793238, time.UTC)

const (
	carbonBefore = "<Server>\r\n    <Name>WSO2</Name>\r\n    <!--HostName>www.example.org</HostName-->\r\n    <Offset>0</Offset>\r\n</Server>\r\n"
	carbonAfter  = "<Server>\r\n    <Name>WSO2</Name>\r\n    <HostName>am01.example.com</HostName>\r\n    <Offset>0</Offset>\r\n</Server>\r\n"
	usersBefore  = "<Users>\n  <User>admin</User>\n  <Password>admin</Password>\n</Users>"
	usersAfter   = "<Users>\n  <User>admin</User>\n  <Password>c0rrect-horse</Password>\n</Users>"
	linkedBefore = "a=1\nb=2\nc=3\n"
	linkedAfter  = "a=1\nc=3\nd=4\n"
	scriptBefore = "#!/bin/sh\nexec java -Xmx512m Main\n"
	scriptAfter  = "#!/bin/sh\nexec java -Xmx2048m Main\n"
	oldContent   = "<gone/>\n"
	newContent   = "<new>\n  <Password>s3cret-too</Password>\n</new>\n"
)

// lab is a home with something of everything, beside a world that actions change.
type lab struct {
	root, home, world string
}

// clear throws the lab away at once.
func (l *lab) clear() { _ = os.RemoveAll(l.root) }

type testFile struct {
	name, content string
	mode          fs.FileMode
}

func newLab(t testing.TB) *lab {
	t.Helper()
	// Thousands of homes are made and thrown away: where there is a file system in memory, they live there.
	dir := ""
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() {
		dir = "/dev/shm"
	}
	root, err := os.MkdirTemp(dir, "lab") //nolint:usetesting // t.TempDir knows one place only
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	l := &lab{root: root, home: filepath.Join(root, "wso2 am"), world: filepath.Join(root, "world")}
	l.fill(t)
	return l
}

func (l *lab) fill(t testing.TB) {
	t.Helper()
	must(t, os.MkdirAll(l.world, 0o755))
	for _, f := range []testFile{
		{"repository/conf/carbon.xml", carbonBefore, 0o640},
		{"repository/conf/user-mgt.xml", usersBefore, 0o600},
		{"repository/conf/untouched.xml", "<x/>", 0o664},
		{"repository/conf/old.xml", oldContent, 0o644},
		{"repository/shared/real.properties", linkedBefore, 0o644},
		{"bin/wso2server.sh", scriptBefore, 0o755},
		{"bin/version.txt", "1.8.0", 0o444},
	} {
		name := filepath.Join(l.home, f.name)
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must(t, os.WriteFile(name, []byte(f.content), 0o600))
		must(t, os.Chmod(name, f.mode))
		must(t, os.Chtimes(name, old, old))
	}
	for _, d := range []string{"", "bin", "repository", "repository/conf", "repository/shared"} {
		must(t, os.Chmod(filepath.Join(l.home, d), 0o755))
	}
	must(t, os.Chmod(l.world, 0o755))
	must(t, os.Symlink("../shared/real.properties", filepath.Join(l.home, "repository/conf/linked.properties")))
}

// plan changes two files (one of them with a secret), one through a link, a script, creates one in a new folder, removes one, and acts.
func (l *lab) plan() *Plan {
	at := strings.Index
	p := &Plan{Home: l.home, Changes: []Change{
		{Path: "bin/wso2server.sh", Op: Modify, Before: []byte(scriptBefore), After: []byte(scriptAfter), Marks: []Mark{{Start: at(scriptAfter, "2048"), End: at(scriptAfter, "m Main"), Guideline: 3, Reason: "heap for production"}}},
		{Path: "repository/conf/carbon.xml", Op: Modify, Before: []byte(carbonBefore), After: []byte(carbonAfter), Marks: []Mark{{Start: at(carbonAfter, "<HostName"), End: at(carbonAfter, "\r\n    <Off"), Guideline: 4, Reason: "clients and certificates agree on the name"}}},
		{Path: "repository/conf/linked.properties", Op: Modify, Before: []byte(linkedBefore), After: []byte(linkedAfter), Marks: []Mark{{Start: 4, End: 4, Guideline: 5, Reason: "not needed"}, {Start: 8, End: 12, Guideline: 6, Reason: "needed"}}},
		{Path: "repository/conf/new/deep/created.xml", Op: Create, After: []byte(newContent), Mode: 0o644, HoldsSecrets: true, Marks: []Mark{{Start: 0, End: len(newContent), Guideline: 10, Reason: "vault"}}},
		{Path: "repository/conf/old.xml", Op: Remove, Before: []byte(oldContent), Marks: []Mark{{Guideline: 9, Reason: "not used"}}},
		{
			Path: "repository/conf/user-mgt.xml", Op: Modify, Before: []byte(usersBefore), After: []byte(usersAfter), HoldsSecrets: true,
			SecretsBefore: []Span{{at(usersBefore, "admin</P"), at(usersBefore, "</Password")}}, SecretsAfter: []Span{{at(usersAfter, "c0rr"), at(usersAfter, "</Password")}},
			Marks: []Mark{{Start: at(usersAfter, "c0rr"), End: at(usersAfter, "</Password"), Guideline: 1, Reason: "no default password"}},
		},
	}}
	p.Actions = []Action{{
		Name: "create schema", Guidelines: []int{6}, Detail: "carbon at db1",
		Do: func(context.Context) error {
			name := filepath.Join(l.world, "schema")
			return errors.Join(os.WriteFile(name, []byte("there"), 0o600), os.Chtimes(name, old, old))
		},
		Undo: l.undoSchema,
	}}
	return p
}

func (l *lab) undoSchema(context.Context) error {
	err := os.Remove(filepath.Join(l.world, "schema"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// changed are the paths (targets) that the plan touches.
var changed = map[string]bool{
	"bin/wso2server.sh": true, "repository/conf/carbon.xml": true, "repository/shared/real.properties": true,
	"repository/conf/new/deep/created.xml": true, "repository/conf/old.xml": true, "repository/conf/user-mgt.xml": true,
}

// options are those of a test: a fixed clock, one sync after the other.
func options(sys System) Options {
	return Options{System: sys, Who: Who{User: "tester", Host: "here", PID: os.Getpid()}, syncers: 1, Now: func() time.Time { return time.Date(2026, 11, 22, 14, 2, 33, 0, time.UTC) }}
}

func (l *lab) options(sys System) Options {
	o := options(sys)
	o.UndoAction = func(ctx context.Context, name, _ string) error {
		if name != "create schema" {
			return fmt.Errorf("unknown action %s", name)
		}
		return l.undoSchema(ctx)
	}
	return o
}

// tree describes everything in the home but our own folder, and the world: type, mode, owner, content, link, and the time of a file.
// Times of files that the plan touches are left out when loose.
func (l *lab) tree(t testing.TB, loose bool) string {
	t.Helper()
	return describe(t, l.home, loose) + describe(t, l.world, false)
}

func describe(t testing.TB, root string, loose bool) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		if rel == StateDir {
			return filepath.SkipDir
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		st, _ := fi.Sys().(*syscall.Stat_t)
		line := fmt.Sprintf("%s %s %d:%d", rel, fi.Mode(), st.Uid, st.Gid)
		switch {
		case fi.Mode().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %q", data)
			if !loose || !changed[rel] {
				line += " " + fi.ModTime().UTC().Format(time.RFC3339Nano)
			}
		case fi.Mode()&fs.ModeSymlink != 0:
			dest, err := os.Readlink(name)
			if err != nil {
				return err
			}
			line += " -> " + dest
		}
		lines = append(lines, line)
		return nil
	})
	must(t, err)
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n"
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		_, file, line, _ := runtime.Caller(1)
		t.Fatalf("%s:%d: %v", filepath.Base(file), line, err)
	}
}

func (l *lab) read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(l.home, name))
	must(t, err)
	return string(data)
}

func (l *lab) write(t testing.TB, name, content string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(l.home, name), []byte(content), 0o600))
}

// diffText shows where two trees differ.
func diffText(want, got string) string {
	var out bytes.Buffer
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, g := range compareLines(a, b) {
		for _, l := range a[g.a0:g.a1] {
			fmt.Fprintf(&out, "  want %s\n", l)
		}
		for _, l := range b[g.b0:g.b1] {
			fmt.Fprintf(&out, "  got  %s\n", l)
		}
	}
	return out.String()
}

func sameTree(t testing.TB, what, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("%s:\n%s", what, diffText(want, got))
	}
}
