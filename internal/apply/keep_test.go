package apply

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keeping is a plan with two actions, of which the second keeps something.
func (l *lab) keeping(t *testing.T) *Plan {
	t.Helper()
	p := l.plan()
	nothing := func(context.Context) error { return nil }
	p.Actions = []Action{
		{Name: "first", Detail: "keeps nothing", Do: nothing, Undo: nothing},
		{Name: "second", Detail: "keeps something", Do: func(ctx context.Context) error { return Keep(ctx, []byte("row-as-it-was")) }, Undo: nothing},
	}
	return p
}

func TestKeptIsPrivateAndComesBack(t *testing.T) {
	l := newLab(t)
	res, err := Apply(t.Context(), l.keeping(t), l.options(Real()))
	must(t, err)
	file := filepath.Join(res.Dir, backupDir, StateDir, "action-2")
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("it is %v", info.Mode())
	}
	for _, name := range []string{res.Log, filepath.Join(res.Dir, journalFile), filepath.Join(res.Dir, manifestFile), filepath.Join(l.home, auditFile)} {
		if data, err := os.ReadFile(name); err == nil && strings.Contains(string(data), "row-as-it-was") {
			t.Errorf("%s holds it, too", name)
		}
	}
	kept := map[string]string{}
	o := RestoreOptions{Options: l.options(Real())}
	o.UndoAction = func(ctx context.Context, name, _ string) error {
		data, err := Kept(ctx)
		if (err == nil) != (name == "second") || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		kept[name] = string(data)
		return nil
	}
	back, _, err := Restore(t.Context(), l.home, o)
	must(t, err)
	if len(back.Warnings) != 0 || len(kept) != 2 || kept["second"] != "row-as-it-was" {
		t.Errorf("%v, %v", kept, back.Warnings)
	}
}

// A kill after an action leaves what it has kept to the recovery.
func TestKeptIsThereAfterAKill(t *testing.T) {
	for at := 1; at < 400; at++ {
		l := newLab(t)
		_, err := Apply(t.Context(), l.keeping(t), l.options(&faulty{crashAt: at}))
		if err == nil {
			return
		}
		h, err := Unfinished(l.home)
		must(t, err)
		if h == nil {
			continue
		}
		o, asked := l.options(Real()), false
		o.UndoAction = func(ctx context.Context, name, _ string) error {
			if data, err := Kept(ctx); name == "second" {
				asked = true
				if err == nil && string(data) != "row-as-it-was" {
					t.Errorf("cut off at %d: kept %q", at, data)
				}
			}
			return nil
		}
		r, err := Recover(t.Context(), l.home, o)
		must(t, err)
		if _, err := os.Stat(filepath.Join(h.Dir, backupDir, StateDir, "action-2")); err == nil && r.Outcome == Undone && !asked {
			t.Errorf("cut off at %d: what was kept is there, and nobody was asked to undo", at)
		}
	}
	t.Fatal("it is never done")
}

func TestKeepOutsideOfARun(t *testing.T) {
	if err := Keep(t.Context(), []byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := Kept(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is kept: %v", err)
	}
	if _, err := Kept(withKept(t.Context(), &brokenReader{}, "run", 1)); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what cannot be read passes for nothing: %v", err)
	}
}

// brokenReader is a home that cannot be read.
type brokenReader struct{ Reader }

func (*brokenReader) ReadFile(string) ([]byte, error) { return nil, errors.New("input/output error") }

func (*brokenReader) Home() string { return "/home" }
