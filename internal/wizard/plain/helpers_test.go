package plain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/wizardtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { os.Exit(wizardtest.Main(m)) }

func sampleHome(t testing.TB) string { return wizardtest.Home(t) }

var testNow = wizardtest.Now

// testConfig is that of a machine that is the same everywhere.
func testConfig(t testing.TB, home string) flow.Config {
	t.Helper()
	m := wizardtest.NewMachine(t)
	return flow.Config{
		Home: home, Version: "1.0", Now: func() time.Time { return testNow }, Getenv: m.Getenv, Who: m.Who, Carbon: m.Carbon,
		CheckTimeout: 2 * time.Second, Backend: flow.Backend{Open: wizardtest.OpenAM01},
	}
}

func openEngine(t testing.TB, cfg flow.Config) *flow.Engine {
	t.Helper()
	eng, err := flow.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeEngine(t, eng) })
	return eng
}

func closeEngine(t testing.TB, eng *flow.Engine) {
	t.Helper()
	if err := eng.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// secretWord is typed as a password in tests. It must be found nowhere but in the files that need it.
const secretWord = "Kestrel-47-over-Quay"

// converse answers with lines; after them the input ends. It returns all that was said.
func converse(t testing.TB, eng *flow.Engine, answers ...string) (string, flow.Outcome) {
	t.Helper()
	return converseIn(t, eng, map[string]string{"LANG": "C"}, answers...)
}

func converseIn(t testing.TB, eng *flow.Engine, env map[string]string, answers ...string) (string, flow.Outcome) {
	t.Helper()
	in := ""
	for _, a := range answers {
		in += a + "\n"
	}
	var out bytes.Buffer
	end, err := Run(context.Background(), Config{
		Engine: eng, In: strings.NewReader(in), Out: &out, Getenv: func(k string) string { return env[k] },
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	onlyLines(t, out.String(), env["LANG"] == "C")
	return out.String(), end
}

// onlyLines fails when there is anything in the output that a terminal would act on.
func onlyLines(t testing.TB, out string, ascii bool) {
	t.Helper()
	for i := range len(out) {
		if b := out[i]; b < ' ' && b != '\n' && b != '\t' && (b != '\r' || !strings.HasPrefix(out[i:], "\r\n")) || b == 0x7f || ascii && b > 0x7f {
			t.Fatalf("byte %#x at %d, after %q", b, i, out[max(0, i-40):i])
		}
	}
	if strings.Contains(out, secretWord) {
		t.Errorf("the password is seen:\n%s", out)
	}
}

var changing = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(/[^\s/]+)+/wso2am-1\.8\.0`), "/opt/wso2am-1.8.0"},
	{regexp.MustCompile(`\d{8}-\d{6}-\d{3}`), "20261122-140233-001"},
	{regexp.MustCompile(`\d+\.\d s\.`), "0.1 s."},
	{regexp.MustCompile(`process \d+`), "process 4711"},
	{regexp.MustCompile(`plan \S{9}\b`), "plan 1234-5678"},
}

// golden compares a conversation with its file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, c := range changing {
		got = c.what.ReplaceAllString(got, c.with)
	}
	file := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (go test -update writes it anew): %s", file, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %q\ngot  %q", i+1, w[i], strings.Join(g[min(i, len(g)):min(i+4, len(g))], "\n"))
		}
	}
	return "more than wanted: " + strings.Join(g[len(w):], "\n")
}

// says fails unless the output has each of the texts, one after the other, whatever the line breaks in them.
func says(t testing.TB, out string, want ...string) {
	t.Helper()
	rest := strings.Join(strings.Fields(out), " ")
	for _, w := range want {
		flat := strings.Join(strings.Fields(w), " ")
		i := strings.Index(rest, flat)
		if i < 0 {
			t.Fatalf("it does not say %q (in this order):\n%s", w, out)
		}
		rest = rest[i+len(flat):]
	}
}

func saysNot(t testing.TB, out string, never ...string) {
	t.Helper()
	for _, w := range never {
		if strings.Contains(strings.Join(strings.Fields(out), " "), w) {
			t.Fatalf("it says %q:\n%s", w, out)
		}
	}
}

// tree is every file below a home with its bytes, mode and time, our own state apart.
func tree(t testing.TB, home string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == apply.StateDir {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			fmt.Fprintf(h, "%s %v\n", path, info.Mode())
			return nil
		}
		fmt.Fprintf(h, "%s %v %d\n", path, info.Mode(), info.ModTime().UnixNano())
		data, err := os.ReadFile(path)
		h.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}
