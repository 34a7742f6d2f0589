package steps

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

// corpusHome returns a copy of the data files of a real API Manager 1.8.0. They do not belong to this module: ok is false where they are absent,
// and no test may rest on them alone. Golden files are made from the samples only.
func corpusHome(t testing.TB) (home string, ok bool) {
	t.Helper()
	from := filepath.Join("..", "..", "..", "shared", "corpus", "apim-1.8.0")
	if _, err := os.Stat(from); err != nil {
		return "", false
	}
	home = filepath.Join(t.TempDir(), "wso2am-1.8.0")
	copyTree(t, from, home)
	return home, true
}

func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o750)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// setFile writes a file of a home; a test uses it to bend a sample to its case.
func setFile(t testing.TB, home, rel, text string) {
	t.Helper()
	path := filepath.Join(home, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// readFile returns a file of a home.
func readFile(t testing.TB, home, rel string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(home, filepath.FromSlash(rel)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// replaceIn replaces every occurrence of old in a file of a home; none is a failure of the test.
func replaceIn(t testing.TB, home, rel, old, with string) {
	t.Helper()
	text := readFile(t, home, rel)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not hold %q", rel, old)
	}
	setFile(t, home, rel, strings.ReplaceAll(text, old, with))
}

// removeFile removes a file of a home.
func removeFile(t testing.TB, home, rel string) {
	t.Helper()
	if err := os.Remove(filepath.Join(home, filepath.FromSlash(rel))); err != nil {
		t.Fatal(err)
	}
}

// testMachine is a machine that is the same wherever the tests run: nothing runs, no control group, Java 7.
func testMachine(t testing.TB) carbon.Options {
	t.Helper()
	empty := t.TempDir()
	return carbon.Options{
		Getenv: func(name string) string {
			if name == "JAVA_HOME" {
				return "/opt/jdk1.7.0_80"
			}
			return ""
		},
		Proc: empty, Cgroup: empty, Free: func(string) (uint64, error) { return 10 << 30, nil },
		Java: func(context.Context, string) (string, error) { return "java version \"1.7.0_80\"\n", nil },
	}
}

// openInstall opens a home on the test machine.
func openInstall(t testing.TB, home string) *carbon.Install {
	t.Helper()
	in, err := carbon.Open(t.Context(), home, testMachine(t))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// openHome returns a fresh Workspace of a home.
func openHome(t testing.TB, home string) *Workspace {
	t.Helper()
	return NewWorkspace(openInstall(t, home))
}

// answersOf parses an answers file ("version: 1" is added) and resolves its secrets from the environment of the test (t.Setenv).
func answersOf(t testing.TB, yaml string) *answers.Set {
	t.Helper()
	a, _, err := answers.Parse("answers.yaml", []byte("version: 1\n"+yaml), Schema())
	if err == nil {
		_, err = answers.Resolver{Getenv: os.LookupEnv, Dir: t.TempDir()}.Resolve(t.Context(), a)
	}
	var faults *answers.FaultsError
	if errors.As(err, &faults) {
		t.Fatalf("faults in the answers of the test: %+v", faults.Faults)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// buildPlan plans the answers for a home; the answers have to be valid.
func buildPlan(t testing.TB, home, answersYAML string) *Outcome {
	t.Helper()
	out, err := BuildPlan(t.Context(), openInstall(t, home), answersOf(t, answersYAML))
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		t.Fatalf("the answers are refused: %+v", invalid.Problems)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// leftOut plans answers that a file of the home stands in the way of, and returns why the step has no part in the plan. That one step is left out,
// as the plan and its warnings say.
func leftOut(t testing.TB, home, answersYAML, id string) string {
	t.Helper()
	out := buildPlan(t, home, answersYAML)
	if len(out.Unplanned) != 1 || out.Unplanned[0] != id {
		t.Errorf("unplanned %v, want %s", out.Unplanned, id)
	}
	if !strings.Contains(problemLines(out.Problems), "warning "+id+": "+out.Left[id]) {
		t.Errorf("no warning says %q:\n%s", out.Left[id], problemLines(out.Problems))
	}
	return out.Left[id]
}

// planDiff returns the unified diff that the answers come to, secrets masked.
func planDiff(t testing.TB, home, answersYAML string) string {
	t.Helper()
	return diffText(buildPlan(t, home, answersYAML).Plan)
}

func diffText(p *apply.Plan) string {
	var b strings.Builder
	for _, d := range p.Diff() {
		b.WriteString(d.Unified())
	}
	return b.String()
}

// planFiles returns the paths that a plan changes.
func planFiles(p *apply.Plan) []string {
	files := make([]string, 0, len(p.Changes))
	for _, c := range p.Changes {
		files = append(files, c.Path)
	}
	return files
}

// applyNow writes a plan into a home without any ceremony.
func applyNow(t testing.TB, home string, p *apply.Plan) {
	t.Helper()
	for _, c := range p.Changes {
		if c.Op == apply.Remove {
			removeFile(t, home, c.Path)
			continue
		}
		setFile(t, home, c.Path, string(c.After))
	}
}

// planTwice plans, applies and plans again: the second plan has to be empty. It returns the first.
func planTwice(t testing.TB, home, answersYAML string) *Outcome {
	t.Helper()
	first := buildPlan(t, home, answersYAML)
	applyNow(t, home, first.Plan)
	if again := buildPlan(t, home, answersYAML); !again.Plan.Empty() {
		t.Errorf("planned again, the same answers still change %v:\n%s", planFiles(again.Plan), diffText(again.Plan))
	}
	return first
}

// problems returns what validation says about answers for a home, errors and others together.
func problems(t testing.TB, home, answersYAML string) []Problem {
	t.Helper()
	out, err := BuildPlan(t.Context(), openInstall(t, home), answersOf(t, answersYAML))
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		return invalid.Problems
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Problems
}

// findings returns the audit results of one guideline for a home as it is.
func findings(t testing.TB, home string, guideline int) []Result {
	t.Helper()
	w := openHome(t, home)
	for _, s := range All() {
		if s.Info().Guideline == guideline {
			return auditOne(s, w)
		}
	}
	t.Fatalf("no step for guideline %d", guideline)
	return nil
}

// resultLines renders results, one a line, for golden files and comparisons.
func resultLines(results []Result) string {
	var b strings.Builder
	for _, r := range results {
		b.WriteString(r.ID + " " + string(r.Status))
		if r.Severity != 0 {
			b.WriteString(" " + r.Severity.String())
		}
		if p := r.Place.String(); p != "" {
			b.WriteString(" " + p)
		}
		b.WriteString(": " + r.Message + "\n")
		for _, more := range []string{r.Why, r.Fix} {
			if more != "" {
				b.WriteString("    " + more + "\n")
			}
		}
	}
	return b.String()
}

// adviceLines renders advice for golden files and comparisons.
func adviceLines(all []Advice) string {
	var b strings.Builder
	for _, a := range all {
		b.WriteString(a.Title + "\n    " + a.Text + "\n")
		for _, c := range a.Commands {
			b.WriteString("    $ " + c + "\n")
		}
	}
	return b.String()
}

// golden compares got with testdata/NAME; go test -update rewrites it.
func golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test -update rewrites it. Got:\n%s\nwant:\n%s", path, got, want)
	}
}

// noSecret fails when a text that people see holds one of the secrets.
func noSecret(t testing.TB, text string, secrets ...secret.Secret) {
	t.Helper()
	for _, s := range secrets {
		if s.IsSet() && strings.Contains(text, s.Reveal()) {
			t.Errorf("a secret stands in:\n%s", strings.ReplaceAll(text, s.Reveal(), "[HERE]"))
		}
	}
}

// countFindings counts the results that ask for something to be done.
func countFindings(results []Result) int {
	n := 0
	for _, r := range results {
		if r.Status == Warn || r.Status == Fail {
			n++
		}
	}
	return n
}
