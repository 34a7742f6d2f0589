package apply

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// applied is a lab on which the plan was applied.
func applied(t *testing.T) (l *lab, before string, res *Result) {
	t.Helper()
	l = newLab(t)
	before = l.tree(t, false)
	res, err := Apply(t.Context(), l.plan(), l.options(nosync()))
	must(t, err)
	return l, before, res
}

func (l *lab) restore(t *testing.T, o RestoreOptions) (*Result, []FileDiff, error) {
	t.Helper()
	if o.System == nil {
		run, dry, aside := o.Run, o.DryRun, o.SaveAside
		o = RestoreOptions{Options: l.options(nosync()), Run: run, DryRun: dry, SaveAside: aside}
	}
	return Restore(t.Context(), l.home, o)
}

func TestRestoreDryRun(t *testing.T) {
	l, _, _ := applied(t)
	before := describeAll(t, l.root)
	res, diffs, err := l.restore(t, RestoreOptions{DryRun: true})
	must(t, err)
	if res != nil || len(diffs) != 6 {
		t.Errorf("%v, %d diffs", res, len(diffs))
	}
	sameTree(t, "dry run", before, describeAll(t, l.root))
	var text strings.Builder
	for _, d := range diffs {
		text.WriteString(d.Unified())
	}
	for _, want := range []string{
		"-    <HostName>am01.example.com</HostName>\r\n+    <!--HostName>www.example.org</HostName-->\r\n", "guideline 4: undo of run 20261122-140233-001",
		"-  <Password>[secret]</Password>\n+  <Password>[secret, changed]</Password>\n", "deleted file mode 100644\n--- a/repository/conf/new/deep/created.xml\n+++ /dev/null\n",
		"new file mode 100644\n--- /dev/null\n+++ b/repository/conf/old.xml\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "c0rrect-horse") || strings.Contains(text.String(), "s3cret-too") {
		t.Errorf("a secret is in\n%s", text.String())
	}
	// What the real one refuses, the dry one refuses, too, with the diff.
	l.write(t, "bin/wso2server.sh", "by hand")
	var edited *EditedError
	if _, diffs, err := l.restore(t, RestoreOptions{DryRun: true}); !errors.As(err, &edited) || len(diffs) != 6 {
		t.Errorf("%v", err)
	}
	o := RestoreOptions{Options: l.options(Real()), DryRun: true, SaveAside: true}
	o.Running = func(context.Context) (int, error) { return 12, nil }
	var preflight *PreflightError
	if _, _, err := l.restore(t, o); !errors.As(err, &preflight) {
		t.Errorf("%v", err)
	}
}

func TestRestoreKeepsEdits(t *testing.T) {
	l, _, res := applied(t)
	l.write(t, "repository/conf/carbon.xml", "<broken")
	must(t, os.Remove(filepath.Join(l.home, "bin/wso2server.sh")))
	l.write(t, "repository/conf/old.xml", "made anew")
	tree := l.tree(t, false)
	_, _, err := l.restore(t, RestoreOptions{})
	var edited *EditedError
	if !errors.As(err, &edited) || !slices.Equal(edited.Files, []string{"bin/wso2server.sh", "repository/conf/carbon.xml", "repository/conf/old.xml"}) || edited.Run != res.Run || len(edited.Later) != 0 {
		t.Fatalf("%v", err)
	}
	sameTree(t, "refused", tree, l.tree(t, false))

	res2, _, err := l.restore(t, RestoreOptions{SaveAside: true})
	must(t, err)
	for file, want := range map[string]string{"repository/conf/carbon.xml": carbonBefore, "bin/wso2server.sh": scriptBefore, "repository/conf/old.xml": oldContent} {
		if got := l.read(t, file); got != want {
			t.Errorf("%s is %q", file, got)
		}
	}
	for file, want := range map[string]string{"repository/conf/carbon.xml": "<broken", "repository/conf/old.xml": "made anew"} {
		name := filepath.Join(res2.Dir, "edited", file+"."+res.Run+".edited")
		if data, err := os.ReadFile(name); err != nil || string(data) != want {
			t.Errorf("%s: %q %v", name, data, err)
		}
		if !slices.ContainsFunc(res2.Warnings, func(w string) bool { return strings.Contains(w, name) }) {
			t.Errorf("%s is not told: %q", name, res2.Warnings)
		}
	}
}

// TestRestoreComparesThreeStates lets chmod and chown since the run win, and takes what was put back by hand as done.
func TestRestoreComparesThreeStates(t *testing.T) {
	l, _, _ := applied(t)
	must(t, os.Chmod(filepath.Join(l.home, "repository/conf/carbon.xml"), 0o600))
	l.write(t, "bin/wso2server.sh", scriptBefore)
	must(t, os.Chtimes(filepath.Join(l.home, "bin/wso2server.sh"), old.AddDate(2, 0, 0), old.AddDate(2, 0, 0)))
	res, diffs, err := l.restore(t, RestoreOptions{})
	must(t, err)
	if len(diffs) != 5 || res.Files != 5 {
		t.Errorf("%d diffs", len(diffs))
	}
	fi, err := os.Stat(filepath.Join(l.home, "repository/conf/carbon.xml"))
	must(t, err)
	if fi.Mode().Perm() != 0o600 || !fi.ModTime().Equal(old) || l.read(t, "repository/conf/carbon.xml") != carbonBefore {
		t.Errorf("%s %s", fi.Mode(), fi.ModTime())
	}
	if len(res.Warnings) != 1 || res.Warnings[0] != "repository/conf/carbon.xml: its mode was changed since the run and stays 0600." {
		t.Errorf("%q", res.Warnings)
	}
	fi, err = os.Stat(filepath.Join(l.home, "bin/wso2server.sh"))
	must(t, err)
	if !fi.ModTime().Equal(old.AddDate(2, 0, 0)) {
		t.Error("a file that was as before was touched")
	}
}

func TestRestoreNoticesTampering(t *testing.T) {
	for name, tamper := range map[string]func(dir string) string{
		"a backup": func(dir string) string {
			must(t, os.WriteFile(filepath.Join(dir, "before/repository/conf/carbon.xml"), []byte("x"), 0o600))
			return "repository/conf/carbon.xml"
		},
		"a missing backup": func(dir string) string {
			must(t, os.Remove(filepath.Join(dir, "before/repository/conf/user-mgt.xml")))
			return "repository/conf/user-mgt.xml"
		},
		"the manifest": func(dir string) string {
			name := filepath.Join(dir, manifestFile)
			data, err := os.ReadFile(name)
			must(t, err)
			must(t, os.WriteFile(name, []byte(strings.Replace(string(data), `"0640"`, `"0666"`, 1)), 0o600))
			return name
		},
		"a missing manifest": func(dir string) string {
			must(t, os.Remove(filepath.Join(dir, manifestFile)))
			return filepath.Join(dir, manifestFile)
		},
		"the journal": func(dir string) string {
			name := filepath.Join(dir, journalFile)
			data, err := os.ReadFile(name)
			must(t, err)
			rows := strings.SplitAfter(string(data), "\n")
			must(t, os.WriteFile(name, []byte(strings.Join(append(rows[:1:1], rows[2:]...), "")), 0o600))
			return name
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, _, res := applied(t)
			want := tamper(res.Dir)
			tree := l.tree(t, false)
			_, _, err := l.restore(t, RestoreOptions{Run: res.Run})
			var tampered *TamperedError
			if !errors.As(err, &tampered) || !slices.Equal(tampered.Files, []string{want}) {
				t.Errorf("%v", err)
			}
			sameTree(t, "tree", tree, l.tree(t, false))
			if runs, err := Runs(l.home); err != nil || len(runs) != 1 {
				t.Errorf("%v %v", runs, err)
			}
		})
	}
}

// second applies another plan on top: carbon.xml again, and the script not.
func (l *lab) second(t *testing.T) *Result {
	t.Helper()
	p := &Plan{Home: l.home, Changes: []Change{{Path: "repository/conf/carbon.xml", Op: Modify, Before: []byte(carbonAfter), After: []byte(carbonAfter + "<!-- 2 -->\r\n")}}}
	res, err := Apply(t.Context(), p, l.options(nosync()))
	must(t, err)
	return res
}

func TestRestoreBeneathLaterRuns(t *testing.T) {
	l, before, first := applied(t)
	second := l.second(t)
	tree := l.tree(t, false)
	_, _, err := l.restore(t, RestoreOptions{Run: first.Run, SaveAside: true})
	var edited *EditedError
	if !errors.As(err, &edited) || !slices.Equal(edited.Later, []string{second.Run}) || !slices.Equal(edited.Files, []string{"repository/conf/carbon.xml"}) || !strings.Contains(err.Error(), second.Run) {
		t.Errorf("%v", err)
	}
	sameTree(t, "refused", tree, l.tree(t, false))

	// In order it goes: without a run the last one that is left is taken.
	for _, want := range []string{second.Run, first.Run} {
		_, _, err := l.restore(t, RestoreOptions{})
		must(t, err)
		runs, err := Runs(l.home)
		must(t, err)
		if last := runs[len(runs)-1]; last.Restores != want {
			t.Errorf("restored %s, want %s", last.Restores, want)
		}
	}
	sameTree(t, "restored", before, l.tree(t, false))
	_, _, err = l.restore(t, RestoreOptions{})
	var none *NoRunError
	if !errors.As(err, &none) {
		t.Errorf("%v", err)
	}
	var states []string
	runs, err := Runs(l.home)
	must(t, err)
	for _, r := range runs {
		states = append(states, r.Kind+" "+r.State)
	}
	if got := strings.Join(states, ", "); got != "apply restored, apply restored, restore applied, restore applied" {
		t.Error(got)
	}
}

func TestRestoreOfRunsThatCannotBe(t *testing.T) {
	l, _, res := applied(t)
	_, _, err := l.restore(t, RestoreOptions{})
	must(t, err)
	o := l.options(nosync())
	o.Verify = func(context.Context) error { return errors.New("no") }
	_, err = Apply(t.Context(), l.plan(), o)
	var back *RolledBackError
	if !errors.As(err, &back) {
		t.Fatal(err)
	}
	for run, want := range map[string]string{
		res.Run: "it has been restored already", back.Run: "it was not applied (rolled-back)", "20200101-000000-001": "no such run", "../../x": "no such run", "": "no run of this install is left",
	} {
		_, _, err := l.restore(t, RestoreOptions{Run: run})
		var none *NoRunError
		if !errors.As(err, &none) || !strings.Contains(none.Error(), want) {
			t.Errorf("%q: %v", run, err)
		}
	}
}

// TestRestoreLeavesWhatOthersMade keeps a folder of ours into which somebody has put a file.
func TestRestoreLeavesWhatOthersMade(t *testing.T) {
	l, _, _ := applied(t)
	l.write(t, "repository/conf/new/mine.xml", "mine")
	_, _, err := l.restore(t, RestoreOptions{})
	must(t, err)
	if l.read(t, "repository/conf/new/mine.xml") != "mine" {
		t.Error("gone")
	}
	if _, err := os.Stat(filepath.Join(l.home, "repository/conf/new/deep")); err == nil {
		t.Error("the empty folder is still there")
	}
}

func TestRestoreWithoutUndo(t *testing.T) {
	l, _, _ := applied(t)
	o := RestoreOptions{Options: l.options(nosync())}
	o.UndoAction = nil
	res, _, err := l.restore(t, o)
	must(t, err)
	if len(res.Warnings) != 1 || !strings.HasPrefix(res.Warnings[0], "create schema (carbon at db1) is not undone.") {
		t.Errorf("%q", res.Warnings)
	}
	l, _, _ = applied(t)
	o = RestoreOptions{Options: l.options(nosync())}
	o.UndoAction = func(context.Context, string, string) error { return errors.New("the database is down") }
	res, _, err = l.restore(t, o)
	must(t, err)
	if len(res.Warnings) != 1 || !strings.HasPrefix(res.Warnings[0], "create schema (carbon at db1) could not be undone.") {
		t.Errorf("%q", res.Warnings)
	}
}

func TestRestoreWhileUnfinished(t *testing.T) {
	l := newLab(t)
	_, err := Apply(t.Context(), l.plan(), l.options(&faulty{crashAt: 120}))
	if err == nil {
		t.Fatal("not cut off")
	}
	var preflight *PreflightError
	if _, _, err := l.restore(t, RestoreOptions{}); !errors.As(err, &preflight) || !strings.Contains(err.Error(), "was cut off before it was done") {
		t.Errorf("%v", err)
	}
	if _, err := Apply(t.Context(), l.plan(), l.options(nosync())); !errors.As(err, &preflight) || !strings.Contains(err.Error(), "was cut off before it was done") {
		t.Errorf("%v", err)
	}
	if u, err := Unfinished(l.home); err != nil || u == nil || u.State != "unfinished" || len(u.Files) != 6 {
		t.Errorf("%+v %v", u, err)
	}
}

func TestRunIDs(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 2, 33, 0, time.UTC)
	for _, tt := range []struct{ last, want string }{
		{"", "20261122-140233-001"},
		{"20261122-140232-007", "20261122-140233-001"},
		{"20261122-140233-001", "20261122-140233-002"},
		{"20261122-140233-999", "20261122-140234-001"},
		{"20271231-235959-999", "20280101-000000-001"}, // the clock was set back
		{"20271231-235958-004", "20271231-235958-005"},
	} {
		if got := nextRun(tt.last, at); got != tt.want || got <= tt.last || !runID(got) {
			t.Errorf("after %q: %q, want %q", tt.last, got, tt.want)
		}
	}
	for _, name := range []string{"", "x", "20261122-140233", "20261122-140233-01", "20261322-140233-001", "20261122-140233-0x1", "../20261122-140233-001"} {
		if runID(name) {
			t.Errorf("%q", name)
		}
	}
}

// TestRunsIgnoresStrangers has other things in the folder of the runs.
func TestRunsIgnoresStrangers(t *testing.T) {
	l, _, res := applied(t)
	dir := filepath.Dir(res.Dir)
	must(t, os.Mkdir(filepath.Join(dir, "20300101-000000-001"), 0o700)) // made, and cut off before the journal
	must(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "20300101-000000-002"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "20300101-000000-002", journalFile), []byte(`{"seq":1,"event":"be`), 0o600))
	runs, err := Runs(l.home)
	must(t, err)
	if len(runs) != 1 {
		t.Errorf("%+v", runs)
	}
	if u, err := Unfinished(l.home); err != nil || u != nil {
		t.Errorf("%v %v", u, err)
	}
	_, _, err = l.restore(t, RestoreOptions{})
	must(t, err)
	runs, err = Runs(l.home)
	must(t, err)
	if len(runs) != 2 || runs[1].ID != "20300101-000000-003" {
		t.Errorf("%+v", runs)
	}
	empty := t.TempDir()
	if runs, err := Runs(empty); err != nil || len(runs) != 0 {
		t.Errorf("%v %v", runs, err)
	}
}
