package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"carbon-setup/assets"
	"carbon-setup/internal/apply"
)

var (
	namedAlias = regexp.MustCompile(`secretAlias="([^"]+)"`)
	vaultOn    = regexp.MustCompile(`(?m)^secretRepositories=file\r?$`)
	sealedLine = regexp.MustCompile(`(?m)^([^#\s=]+)=([A-Za-z0-9+/\\=]{170,})\r?$`)
)

// waiting returns the secured elements of a home that have no ciphertext, or all of them when the server does not use the vault.
func waiting(t *testing.T, home string) []string {
	t.Helper()
	read := func(rel string) string {
		data, err := os.ReadFile(filepath.Join(home, "repository", "conf", "security", rel))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	sealed := map[string]bool{}
	if vaultOn.MatchString(read("secret-conf.properties")) {
		for _, m := range sealedLine.FindAllStringSubmatch(read("cipher-text.properties"), -1) {
			sealed[m[1]] = true
		}
	}
	var left []string
	for _, path := range confFiles(t, home) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range namedAlias.FindAllStringSubmatch(string(data), -1) {
			if strings.HasSuffix(path, ".xml") && !sealed[m[1]] {
				left = append(left, strings.TrimPrefix(path, home)+" "+m[1])
			}
		}
	}
	return left
}

// TestKilledVaultWaitsForNothing kills the real binary with SIGKILL all along an apply that turns the vault on, and one that turns it off. As the kill leaves
// it, no element waits for a ciphertext; and what the next start makes of it is the old install or a whole vault.
func TestKilledVaultWaitsForNothing(t *testing.T) {
	const kills = 20
	dir := t.TempDir()
	home, on, off := filepath.Join(dir, "home"), filepath.Join(dir, "on.yaml"), filepath.Join(dir, "off.yaml")
	if err := assets.Unpack(t.Context(), home, assets.API); err != nil {
		t.Fatal(err)
	}
	writeFile(t, on, "version: 1\nvault: {enabled: true, password_file: persist}\n")
	writeFile(t, off, "version: 1\nvault: {enabled: false}\n")
	program := mustBinary(t)
	run := func(ctx context.Context, args ...string) {
		cmd := exec.CommandContext(ctx, program, append(args, "--home", home)...) // killed when ctx ends
		cmd.Env = append(os.Environ(), "JAVA_HOME=")
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 0 && code != exitWarned && ctx.Err() == nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	cut := 0
	for _, answers := range []string{on, off} {
		before := contents(t, home)
		began := time.Now()
		run(t.Context(), "apply", "--answers", answers, "--yes")
		whole := time.Since(began)
		run(t.Context(), "restore", "--yes")
		if contents(t, home) != before {
			t.Fatal("the restore did not give back what was")
		}
		for i := range kills {
			after := whole * time.Duration(i+1) / kills
			ctx, cancel := context.WithTimeout(t.Context(), after)
			run(ctx, "apply", "--answers", answers, "--yes")
			cancel()
			if left := waiting(t, home); len(left) > 0 {
				t.Fatalf("killed after %v, and these wait for a ciphertext: %v", after, left)
			}
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
			if contents(t, home) != before {
				run(t.Context(), "verify", "--answers", answers)
				run(t.Context(), "restore", "--yes")
			}
			if contents(t, home) != before {
				t.Fatalf("killed after %v, and the install is neither the old one nor the new one", after)
			}
		}
		run(t.Context(), "apply", "--answers", answers, "--yes")
	}
	t.Logf("%d of %d runs were cut off", cut, 2*kills)
	if cut == 0 {
		t.Error("no kill hit an apply in the middle")
	}
}
