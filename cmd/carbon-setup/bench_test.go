package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carbon-setup/assets"
	"carbon-setup/cmd/carbon-setup/internal/terminal"
)

// The benchmarks run the whole process, as an operator does, beside the least that any program would have to do for the same.
// The corpus, the data files of a real API Manager, is used where it lies beside the project; else the sample install.

const benchAnswers = `version: 1
admin: {username: opsadmin, password: {file: admin.pw}}
jvm: {heap_initial: 512m, heap_max: 1024m}
hostname: {name: localhost, management: localhost}
logs: {level: INFO, rotation: size, max_size: 10MB, max_backups: 20}
jmx: {enabled: true, registry_port: 9999, server_port: 11111, hostname: localhost}
ports: {offset: 3}
proxy: {reverse: {http_port: 80, https_port: 443, name: esb.example.com}}
`

// bench is a binary, an install and its answers.
type bench struct {
	binary, home, answers string
}

func newBench(b *testing.B, scale int) bench {
	b.Helper()
	dir := b.TempDir()
	t := bench{mustBinary(b), filepath.Join(dir, "home"), filepath.Join(dir, "answers.yaml")}
	if err := assets.Unpack(b.Context(), t.home, assets.API); err != nil {
		b.Fatal(err)
	}
	if corpus := filepath.Join("..", "..", "..", "shared", "corpus", "apim-1.8.0"); exists(corpus) {
		overlay(b, corpus, t.home)
	}
	pad(b, t.home, scale)
	writeFile(b, t.answers, benchAnswers)
	writeFile(b, filepath.Join(dir, "admin.pw"), "Correct-Horse-42\n")
	return t
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func writeFile(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func overlay(b *testing.B, from, to string) {
	b.Helper()
	if err := os.RemoveAll(filepath.Join(to, "repository", "conf")); err != nil {
		b.Fatal(err)
	}
	out, err := exec.CommandContext(b.Context(), "cp", "-a", from+"/.", to).CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// pad makes every XML and properties file scale times as long, with comments at its end.
func pad(b *testing.B, home string, scale int) {
	b.Helper()
	if scale == 1 {
		return
	}
	for _, path := range confFiles(b, home) {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		line := "\n<!-- padding that stands for a file that has grown -->"
		if strings.HasSuffix(path, ".properties") {
			line = "\n# padding that stands for a file that has grown"
		}
		n := len(data) * (scale - 1) / len(line)
		writeFile(b, path, string(data)+strings.Repeat(line, n)+"\n")
	}
}

func confFiles(tb testing.TB, home string) []string {
	tb.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(home, "repository", "conf"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && (strings.HasSuffix(path, ".xml") || strings.HasSuffix(path, ".properties")) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// run runs the binary; codes lists the exit codes that are right. It reports the largest memory the process had.
func (t bench) run(b *testing.B, codes []int, args ...string) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), t.binary, append(args, "--home", t.home)...)
	cmd.Env = append(os.Environ(), "JAVA_HOME=")
	out, err := cmd.CombinedOutput()
	for _, c := range codes {
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == c {
			if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
				b.ReportMetric(float64(usage.Maxrss)/1024, "peak-MB")
			}
			return
		}
	}
	b.Fatalf("%v\n%s", err, out)
}

// BenchmarkReadAndHash is the least: read the files that plan reads, and hash them, in a process that runs already.
func BenchmarkReadAndHash(b *testing.B) {
	t := newBench(b, 1)
	files := confFiles(b, t.home)
	for b.Loop() {
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				b.Fatal(err)
			}
			_ = sha256.Sum256(data)
		}
	}
}

// BenchmarkStart is the process alone.
func BenchmarkStart(b *testing.B) {
	t := newBench(b, 1)
	for b.Loop() {
		t.run(b, []int{0}, "version")
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, scale := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("%dx", scale), func(b *testing.B) {
			t := newBench(b, scale)
			b.SetBytes(size(b, t.home))
			for b.Loop() {
				t.run(b, []int{2}, "plan", "--answers", t.answers)
			}
		})
	}
}

func BenchmarkAudit(b *testing.B) {
	t := newBench(b, 1)
	for b.Loop() {
		t.run(b, []int{2}, "audit")
	}
}

// BenchmarkApply is one apply, planning and verifying included; the restore between two is not timed. What the transaction alone costs beside
// bare copies is measured in internal/apply.
func BenchmarkApply(b *testing.B) {
	t := newBench(b, 1)
	for b.Loop() {
		t.run(b, []int{0, 3}, "apply", "--answers", t.answers, "--yes")
		b.StopTimer()
		t.run(b, []int{0}, "restore", "--yes")
		b.StartTimer()
	}
}

func size(tb testing.TB, home string) int64 {
	tb.Helper()
	var n int64
	for _, f := range confFiles(tb, home) {
		info, err := os.Stat(f)
		if err != nil {
			tb.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

// wizard opens the wizard on a terminal and waits for its first screen.
func (t bench) wizard(b *testing.B) *terminal.Terminal {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), t.binary, "--home", t.home)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "JAVA_HOME=", "SSH_TTY=", "TMUX=")
	term, err := terminal.Start(cmd, 80, 24)
	if err != nil {
		b.Fatal(err)
	}
	if err := term.WaitFor(b.Context(), "Review and apply"); err != nil {
		b.Fatal(err)
	}
	return term
}

// BenchmarkFirstScreen is the time from the call to the hub on the screen.
func BenchmarkFirstScreen(b *testing.B) {
	t := newBench(b, 1)
	for b.Loop() {
		term := t.wizard(b)
		b.StopTimer()
		b.ReportMetric(float64(term.Bytes()), "bytes/screen")
		term.Close()
		b.StartTimer()
	}
}

// BenchmarkLine is what goes over the line: per character typed into a form, per line scrolled in the diff, and while a form waits.
func BenchmarkLine(b *testing.B) {
	t := newBench(b, 1)
	term := t.wizard(b)
	defer term.Close()
	ctx := b.Context()
	press := func(keys, see string) {
		term.Quiet(ctx, 600*time.Millisecond)
		for _, k := range keys {
			if err := term.Type(string(k)); err != nil {
				b.Fatal(err)
			}
			term.Quiet(ctx, 60*time.Millisecond)
		}
		if see == "" {
			return
		}
		limited, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if err := term.WaitFor(limited, see); err != nil {
			b.Fatal(err)
		}
		term.Quiet(ctx, 600*time.Millisecond)
	}
	press("jjj\r", "Management host name")
	press("\x15", "")
	before := term.Bytes()
	const typed = "api.example.com"
	press(typed, typed)
	perKey := float64(term.Bytes()-before) / float64(len(typed))
	before = term.Bytes()
	term.Quiet(ctx, 3*time.Second)
	idle := term.Bytes() - before
	press("\r\x15console.example.com\r", "accepted")
	press("\x1b", "Guidelines")
	press("r", "Will change")
	press("d", "hunk")
	before = term.Bytes()
	const lines = 10
	press(strings.Repeat("j", lines), "")
	perLine := float64(term.Bytes()-before) / lines
	for b.Loop() {
		continue // what counts was measured above: bytes, not time
	}
	b.ReportMetric(perKey, "bytes/key")
	b.ReportMetric(perLine, "bytes/line")
	b.ReportMetric(float64(idle), "bytes/idle-3s")
}
