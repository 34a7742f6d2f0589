package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/assets"
	"carbon-setup/internal/apply"
)

// contents lists every file of a home with mode and hash, our own state apart.
func contents(t *testing.T, home string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == apply.StateDir {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("%s %v %x", strings.TrimPrefix(path, home), info.Mode(), sha256.Sum256(data)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestKilledApplyIsOldOrNew kills the real binary with SIGKILL all along an apply. After the recovery that the next start makes, the install is
// the old one or the new one.
func TestKilledApplyIsOldOrNew(t *testing.T) {
	const kills = 40
	dir := t.TempDir()
	home, answers := filepath.Join(dir, "home"), filepath.Join(dir, "answers.yaml")
	if err := assets.Unpack(t.Context(), home, assets.API); err != nil {
		t.Fatal(err)
	}
	writeFile(t, answers, benchAnswers)
	writeFile(t, filepath.Join(dir, "admin.pw"), "Correct-Horse-42\n")
	program := mustBinary(t)
	run := func(ctx context.Context, args ...string) {
		cmd := exec.CommandContext(ctx, program, append(args, "--home", home)...) // killed when ctx ends
		cmd.Env = append(os.Environ(), "JAVA_HOME=")
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 0 && code != exitWarned && ctx.Err() == nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	before := contents(t, home)
	began := time.Now()
	run(t.Context(), "apply", "--answers", answers, "--yes")
	whole := time.Since(began)
	after := contents(t, home)
	run(t.Context(), "restore", "--yes")
	if got := contents(t, home); got != before {
		t.Fatal("the restore did not give back what was")
	}

	cut, finished := 0, 0
	for i := range kills {
		ctx, cancel := context.WithTimeout(t.Context(), whole*time.Duration(i+1)/kills)
		run(ctx, "apply", "--answers", answers, "--yes")
		cancel()
		unfinished, err := apply.Unfinished(home)
		if err != nil {
			t.Fatal(err)
		}
		if unfinished != nil {
			cut++
			if _, err := apply.Recover(t.Context(), home, apply.Options{System: apply.Real(), Now: time.Now, Who: apply.CurrentWho("test")}); err != nil {
				t.Fatal(err)
			}
		}
		switch contents(t, home) {
		case before:
		case after:
			finished++
			run(t.Context(), "restore", "--yes")
		default:
			t.Fatalf("killed after %v, and the install is neither the old one nor the new one", whole*time.Duration(i+1)/kills)
		}
	}
	t.Logf("%d kills: %d runs cut off, %d had finished", kills, cut, finished)
	if cut == 0 {
		t.Errorf("no kill hit an apply in the middle; one takes %v", whole)
	}
}
