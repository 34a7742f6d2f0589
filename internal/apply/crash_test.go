package apply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// scene is an operation whose every point is tried: how it starts, what it does, and what it may come to.
type scene struct {
	name  string
	setup func(t testing.TB, l *lab)
	run   func(t testing.TB, l *lab, sys System) error
	// loose is set when the times of the files that the plan touches are not known afterwards.
	loose bool
}

func applyScene() scene {
	return scene{
		name:  "apply",
		setup: func(testing.TB, *lab) {},
		run: func(t testing.TB, l *lab, sys System) error {
			_, err := Apply(t.Context(), l.plan(), l.options(sys))
			return err
		},
		loose: true,
	}
}

func restoreScene() scene {
	return scene{
		name: "restore",
		setup: func(t testing.TB, l *lab) {
			_, err := Apply(t.Context(), l.plan(), l.options(nosync()))
			must(t, err)
			// What apply leaves has the time of the test: give it one that can be compared.
			for name := range changed {
				if _, err := os.Lstat(filepath.Join(l.home, name)); err == nil {
					must(t, os.Chtimes(filepath.Join(l.home, name), old.AddDate(1, 0, 0), old.AddDate(1, 0, 0)))
				}
			}
		},
		run: func(t testing.TB, l *lab, sys System) error {
			_, _, err := Restore(t.Context(), l.home, RestoreOptions{Options: l.options(sys)})
			return err
		},
	}
}

// failedScene is an apply whose verification refuses the result: every point of taking back is tried.
func failedScene() scene {
	s := applyScene()
	s.name = "rollback"
	s.run = func(t testing.TB, l *lab, sys System) error {
		o := l.options(sys)
		o.Verify = func(context.Context) error { return errors.New("the result does not parse") }
		_, err := Apply(t.Context(), l.plan(), o)
		return err
	}
	return s
}

// nosync is the operating system without waiting for the disk.
func nosync() System { return &faulty{} }

// outcome is what the tree is before and after a scene that goes well.
type outcome struct{ before, after, looseBefore string }

func (s scene) outcome(t *testing.T) (outcome, int) {
	t.Helper()
	l := newLab(t)
	s.setup(t, l)
	o := outcome{before: l.tree(t, false), looseBefore: l.tree(t, true)}
	sys := &faulty{}
	if err := s.run(t, l, sys); err != nil && s.name != "rollback" {
		t.Fatal(err)
	}
	o.after = l.tree(t, s.loose)
	return o, sys.n
}

// judge reports what is wrong with the tree: it has to be as before or as after, and nothing of ours is left beside the files.
func (s scene) judge(t *testing.T, l *lab, o outcome) (isBefore, isAfter bool, fault string) {
	t.Helper()
	strict, loose := l.tree(t, false), l.tree(t, s.loose)
	isBefore, isAfter = strict == o.before, loose == o.after
	if !isBefore && !isAfter {
		return false, false, "between:\nfrom before\n" + diffText(o.before, strict) + "from after\n" + diffText(o.after, loose)
	}
	return isBefore, isAfter, ""
}

// TestFailAtEveryOperation makes the n-th operation fail, for every n and several errors: the call says what happened, and the tree is the old
// one or the new one at once.
func TestFailAtEveryOperation(t *testing.T) {
	t.Parallel()
	for _, s := range []scene{applyScene(), restoreScene(), failedScene()} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			o, total := s.outcome(t)
			for n := 1; n <= total; n += stride(3) {
				errnos := []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EACCES, syscall.EXDEV, syscall.EROFS, syscall.EPERM, syscall.EBUSY}
				s.fail(t, o, &faulty{failAt: n, errno: errnos[n%len(errnos)]})
				if n%2 == 0 {
					s.fail(t, o, &faulty{failAt: n, errno: errnos[n/3%len(errnos)]})
				}
			}
		})
	}
}

// TestFullDiskAtEveryOperation lets the disk run full at the n-th operation and stay so: taking back needs no room.
func TestFullDiskAtEveryOperation(t *testing.T) {
	t.Parallel()
	for _, s := range []scene{applyScene(), restoreScene(), failedScene()} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			o, total := s.outcome(t)
			for n := 1; n <= total; n += stride(3) {
				s.fail(t, o, &faulty{failFrom: n, failOps: "write append mkdir", errno: syscall.ENOSPC})
			}
		})
	}
}

func (s scene) fail(t *testing.T, o outcome, sys *faulty) {
	t.Helper()
	l := newLab(t)
	s.setup(t, l)
	err := s.run(t, l, sys)
	what := fmt.Sprintf("%s, %s at %s (from %d): error %v", s.name, sys.errno, sys.describe(), sys.failFrom, err)
	isBefore, isAfter, fault := s.judge(t, l, o)
	if op := sys.describe(); err == nil && fault != "" && (strings.Contains(op, " remove ") || strings.Contains(op, " readdir ")) {
		isAfter, fault = true, "" // what could not be cleared away is warned of, and the next start does it: settle sees
	}
	var incomplete *IncompleteError
	switch {
	case errors.As(err, &incomplete):
		// Only what failed while it was taken back may be left; the next start has to see to it.
		if s.name != "rollback" && sys.failFrom == 0 && !strings.Contains(sys.describe(), "sync") {
			t.Errorf("%s: could not be taken back", what)
		}
	case fault != "":
		t.Errorf("%s: %s", what, fault)
	case err == nil && !isAfter:
		t.Errorf("%s: no error, but not applied", what)
	case err != nil && !isBefore:
		t.Errorf("%s: error, but not as before", what)
	}
	s.settle(t, l, o, what)
}

// settle recovers and looks again: nothing unfinished, no leftovers, a lock that can be taken.
func (s scene) settle(t *testing.T, l *lab, o outcome, what string) {
	t.Helper()
	if _, err := Recover(t.Context(), l.home, l.options(nosync())); err != nil {
		t.Errorf("%s: recovery: %v", what, err)
	}
	if _, _, fault := s.judge(t, l, o); fault != "" {
		t.Errorf("%s: after recovery %s", what, fault)
	}
	if u, err := Unfinished(l.home); err != nil || u != nil {
		t.Errorf("%s: still unfinished: %v %v", what, u, err)
	}
	if _, err := Runs(l.home); err != nil {
		t.Errorf("%s: runs: %v", what, err)
	}
	lock, err := AcquireLock(l.home, l.options(nosync()))
	if err != nil {
		t.Errorf("%s: lock: %v", what, err)
		return
	}
	must(t, lock.Release())
	l.clear()
	if t.Failed() {
		t.FailNow() // one is enough to go by
	}
}

// TestCrashAtEveryOperation kills the run after, or in the midst of, its n-th operation, for every n; the next start recovers.
func TestCrashAtEveryOperation(t *testing.T) {
	t.Parallel()
	for _, s := range []scene{applyScene(), restoreScene(), failedScene()} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			o, total := s.outcome(t)
			for n := 1; n <= total; n += stride(3) {
				for _, half := range []bool{false, true} {
					l := newLab(t)
					s.setup(t, l)
					sys := &faulty{crashAt: n, half: half}
					err := s.run(t, l, sys)
					what := fmt.Sprintf("%s, crash (half %v) at %s: error %v", s.name, half, sys.describe(), err)
					if err == nil && !strings.Contains(sys.describe(), "unlock") && !afterCommit(sys.trace) {
						t.Errorf("%s: no error", what)
					}
					s.settle(t, l, o, what)
				}
			}
		})
	}
}

// afterCommit reports whether a run was cut off behind its commit record.
func afterCommit(trace []string) bool {
	syncs := 0
	for _, line := range trace {
		if strings.Contains(line, "sync") && strings.HasSuffix(line, "/"+journalFile) {
			syncs++
		}
	}
	return syncs >= 3
}

// TestCrashInRecovery kills the recovery, too, after every operation of it.
func TestCrashInRecovery(t *testing.T) {
	t.Parallel()
	for _, s := range []scene{applyScene(), restoreScene(), failedScene()} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			o, total := s.outcome(t)
			for n := 3; n <= total; n += pick(19, 47) {
				for m, more := 1, true; more; m += pick(2, 5) {
					l := newLab(t)
					s.setup(t, l)
					first := &faulty{crashAt: n, half: n%2 == 0}
					_ = s.run(t, l, first)
					second := &faulty{crashAt: m, half: m%2 == 0}
					_, err := Recover(t.Context(), l.home, l.options(second))
					more = second.crashed
					what := fmt.Sprintf("%s, crash at %s, then at %s: %v", s.name, first.describe(), second.describe(), err)
					s.settle(t, l, o, what)
				}
			}
		})
	}
}

// TestFailInRecovery makes every operation of a recovery fail once: it may give up, but the next one brings it to an end.
func TestFailInRecovery(t *testing.T) {
	t.Parallel()
	s := applyScene()
	o, total := s.outcome(t)
	for n := 5; n <= total; n += pick(19, 61) {
		for m, more := 1, true; more; m += pick(2, 5) {
			l := newLab(t)
			first := &faulty{crashAt: n}
			_ = s.run(t, l, first)
			second := &faulty{failAt: m, errno: syscall.EIO}
			_, err := Recover(t.Context(), l.home, l.options(second))
			more = second.n >= m
			s.settle(t, l, o, fmt.Sprintf("crash at %s, then EIO at %s: %v", first.describe(), second.describe(), err))
		}
	}
}

// TestPowerCutAtEveryOperation cuts the power after the n-th operation: what was not made durable is lost, all of it or a part.
func TestPowerCutAtEveryOperation(t *testing.T) {
	t.Parallel()
	for _, s := range []scene{applyScene(), restoreScene(), failedScene()} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			o, total := s.outcome(t)
			for n := 1; n <= total; n += stride(3) {
				for seed := range uint64(pick(3, 2)) {
					l, what := s.powerCut(t, n, seed, false)
					s.settle(t, l, o, what)
				}
			}
		})
	}
}

func (s scene) powerCut(t *testing.T, n int, seed uint64, deaf bool) (*lab, string) {
	t.Helper()
	l := newLab(t)
	s.setup(t, l)
	p := &power{deaf: deaf}
	if seed > 0 {
		p.rnd = rand.New(rand.NewPCG(seed, uint64(n)))
	}
	sys := &faulty{crashAt: n, power: p}
	err := s.run(t, l, sys)
	p.cut()
	return l, fmt.Sprintf("%s, power cut (seed %d) at %s: error %v", s.name, seed, sys.describe(), err)
}

// TestPowerCutIsNoticed shows that the test above can fail: without syncs there are moments from which nothing leads back.
func TestPowerCutIsNoticed(t *testing.T) {
	t.Parallel()
	s := applyScene()
	o, total := s.outcome(t)
	for n := 1; n <= total; n++ {
		l, _ := s.powerCut(t, n, uint64(n%3), true)
		if _, err := Recover(t.Context(), l.home, l.options(nosync())); err != nil {
			return
		}
		if _, _, fault := s.judge(t, l, o); fault != "" {
			return
		}
	}
	t.Error("a system that makes nothing durable passes as well")
}

// TestUnderUmasks runs everything under a strict and a generous umask.
func TestUnderUmasks(t *testing.T) {
	for _, mask := range []int{0o000, 0o077, 0o027} {
		t.Run(fmt.Sprintf("%03o", mask), func(t *testing.T) {
			var trees []string
			for _, m := range []int{0o022, mask} {
				previous := syscall.Umask(m)
				l := newLab(t)
				before := l.tree(t, false)
				_, err := Apply(t.Context(), l.plan(), l.options(nosync()))
				trees = append(trees, l.tree(t, true))
				ours(t, l)
				if err == nil {
					_, _, err = Restore(t.Context(), l.home, RestoreOptions{Options: l.options(nosync())})
				}
				sameTree(t, "restored", before, l.tree(t, false))
				syscall.Umask(previous)
				must(t, err)
			}
			sameTree(t, "umask", trees[0], trees[1])
		})
	}
}

// ours checks that everything of ours is readable by its owner alone.
func ours(t *testing.T, l *lab) {
	t.Helper()
	must(t, filepath.WalkDir(filepath.Join(l.home, StateDir), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if fi.Mode().Perm() != want {
			t.Errorf("%s has mode %s", name, fi.Mode())
		}
		return nil
	}))
}

// stride is 1, or n in a short run.
func stride(n int) int {
	if testing.Short() {
		return n
	}
	return 1
}

func pick(full, short int) int {
	if testing.Short() {
		return short
	}
	return full
}
