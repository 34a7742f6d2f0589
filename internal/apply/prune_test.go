package apply

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"syscall"
	"testing"
)

// withRuns gives a lab some history: applied, restored, applied, restored, applied.
func withRuns(t testing.TB, l *lab) []string {
	t.Helper()
	var ids []string
	for i := range 5 {
		var res *Result
		var err error
		if i%2 == 0 {
			res, err = Apply(t.Context(), l.plan(), l.options(nosync()))
		} else {
			res, _, err = Restore(t.Context(), l.home, RestoreOptions{Options: l.options(nosync())})
		}
		must(t, err)
		ids = append(ids, res.Run)
	}
	return ids
}

func pruneIDs(all []PrunedRun) []string {
	ids := make([]string, 0, len(all))
	for _, p := range all {
		ids = append(ids, p.Run.ID)
	}
	return ids
}

// backups describes what every run has: "kept" with every old file as it was, "pruned", or what is wrong.
func backups(t testing.TB, l *lab) string {
	t.Helper()
	tree, err := ReadOnly().Open(l.home)
	must(t, err)
	defer tree.Close()
	runs, err := history(tree)
	must(t, err)
	lines := make([]string, 0, len(runs))
	for _, r := range runs {
		state := "kept"
		h, err := readRun(tree, r.ID)
		must(t, err)
		m, err := loadManifest(tree, h)
		must(t, err)
		for _, e := range m.Files {
			if e.Before == nil {
				continue
			}
			if data, err := tree.ReadFile(e.backup(r.ID)); err != nil || sum(data) != e.Before.SHA256 {
				state = "lost " + e.Path
			}
		}
		if r.Pruned {
			state = "pruned"
		}
		lines = append(lines, r.ID+" "+r.State+" "+state)
	}
	return strings.Join(lines, "\n")
}

func TestPruneRemovesTheOldestBackupsOnly(t *testing.T) {
	l := newLab(t)
	ids := withRuns(t, l)
	before, history := l.tree(t, false), backups(t, l)
	would, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(nosync()), Keep: 2, DryRun: true})
	if err != nil || strings.Join(pruneIDs(would), " ") != strings.Join(ids[:3], " ") || would[0].Bytes == 0 || would[0].Files != 5 {
		t.Fatalf("%+v, %v", would, err)
	}
	if got := backups(t, l); got != history {
		t.Errorf("a dry run has changed something:\n%s", got)
	}
	did, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(nosync()), Keep: 2})
	if err != nil || fmt.Sprint(did) != fmt.Sprint(would) {
		t.Errorf("%+v, %v", did, err)
	}
	want := strings.Replace(history, "kept", "pruned", 3)
	if got := backups(t, l); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	sameTree(t, "the install", before, l.tree(t, false))
	var none *NoRunError
	if _, _, err := Restore(t.Context(), l.home, RestoreOptions{Options: l.options(nosync()), Run: ids[1]}); !errors.As(err, &none) || !strings.Contains(none.Why, "backups were removed") {
		t.Errorf("restoring a run without backups: %v", err)
	}
	if again, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(nosync()), Keep: 2}); err != nil || len(again) != 0 {
		t.Errorf("%+v, %v", again, err)
	}
	if _, _, err := Restore(t.Context(), l.home, RestoreOptions{Options: l.options(nosync())}); err != nil {
		t.Errorf("the newest run cannot be restored: %v", err)
	}
}

func TestPruneKeepsWhatIsNeeded(t *testing.T) {
	l := newLab(t)
	res, err := Apply(t.Context(), l.plan(), l.options(nosync()))
	must(t, err)
	for _, keep := range []int{0, -1} {
		if got, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(nosync()), Keep: keep}); err == nil || got != nil {
			t.Errorf("keep %d: %v, %v", keep, got, err)
		}
	}
	// A later run that was rolled back does not make the applied one old: Restore would take that.
	o := l.options(nosync())
	o.Verify = func(context.Context) error { return errors.New("no") }
	p := l.plan()
	p.Changes, p.Actions = []Change{{Path: "repository/conf/untouched.xml", Op: Modify, Before: []byte("<x/>"), After: []byte("<y/>")}}, nil
	if _, err := Apply(t.Context(), p, o); err == nil {
		t.Fatal("it was applied")
	}
	if got, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(nosync()), Keep: 1}); err != nil || len(got) != 0 {
		t.Errorf("%s: %v, %v", res.Run, got, err)
	}
	// Nothing is removed while a run is cut off.
	for n := 40; ; n += 10 {
		if _, _, err := Restore(t.Context(), l.home, RestoreOptions{Options: l.options(&faulty{crashAt: n})}); err == nil {
			t.Fatal("it was never cut off")
		}
		if run, err := Unfinished(l.home); err == nil && run != nil {
			break
		}
	}
	history := backupFiles(t, l)
	var refused *PreflightError
	if _, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(nosync()), Keep: 1}); !errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
	if got := backupFiles(t, l); got != history {
		t.Errorf("%d backups, there were %d", got, history)
	}
}

func backupFiles(t testing.TB, l *lab) int {
	t.Helper()
	tree, err := ReadOnly().Open(l.home)
	must(t, err)
	defer tree.Close()
	ids, err := runIDs(tree)
	must(t, err)
	var all PrunedRun
	for _, id := range ids {
		must(t, measure(tree, path.Join(runsDir, id, backupDir), &all))
	}
	return all.Files
}

func TestPruneHeedsTheLock(t *testing.T) {
	l := newLab(t)
	withRuns(t, l)
	lock, err := AcquireLock(l.home, l.options(nosync()))
	must(t, err)
	defer lock.Release()
	history := backups(t, l)
	var held *LockedError
	if _, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(nosync()), Keep: 1}); !errors.As(err, &held) {
		t.Errorf("%v", err)
	}
	if got := backups(t, l); got != history {
		t.Errorf("got\n%s", got)
	}
}

// TestCrashAtEveryOperationOfPrune kills it after, or in the midst of, every operation, and makes every operation fail: each run has all of its backups
// or is known to have none, the install is as it was, and the next call brings it to its end.
func TestCrashAtEveryOperationOfPrune(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	withRuns(t, l)
	whole := backups(t, l)
	want := strings.Replace(whole, "kept", "pruned", 3)
	sys := &faulty{}
	_, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(sys), Keep: 2})
	must(t, err)
	for n := 1; n <= sys.n; n += stride(2) {
		for _, bad := range []*faulty{{crashAt: n}, {crashAt: n, half: true}, {failAt: n, errno: syscall.EIO}} {
			l := newLab(t)
			withRuns(t, l)
			before := l.tree(t, false)
			_, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(bad), Keep: 2})
			what := fmt.Sprintf("at %s: error %v", bad.describe(), err)
			for i, line := range strings.Split(backups(t, l), "\n") {
				if strings.Contains(line, "lost") || i >= 3 && strings.Contains(line, "pruned") {
					t.Errorf("%s: %s", what, line)
				}
			}
			if u, err := Unfinished(l.home); err != nil || u != nil {
				t.Errorf("%s: unfinished: %v %v", what, u, err)
			}
			if _, err := Prune(t.Context(), l.home, PruneOptions{Options: l.options(nosync()), Keep: 2}); err != nil {
				t.Errorf("%s: the next one: %v", what, err)
			}
			if got := backups(t, l); got != want {
				t.Errorf("%s: in the end\n%s\nwant\n%s", what, got, want)
			}
			if left := backupFolders(t, l); left != 2 {
				t.Errorf("%s: %d folders of backups", what, left)
			}
			sameTree(t, what, before, l.tree(t, false))
			l.clear()
			if t.Failed() {
				t.FailNow()
			}
		}
	}
}

func backupFolders(t testing.TB, l *lab) int {
	t.Helper()
	tree, err := ReadOnly().Open(l.home)
	must(t, err)
	defer tree.Close()
	ids, err := runIDs(tree)
	must(t, err)
	n := 0
	for _, id := range ids {
		if _, err := tree.Stat(path.Join(runsDir, id, backupDir)); err == nil {
			n++
		}
	}
	return n
}
