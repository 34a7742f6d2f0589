package answers

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; -update writes it anew. Got:\n%s", path, got)
	}
}

// faultCase is a file and what is said about it.
type faultCase struct{ name, text, want string }

const (
	caseMark = "=== "
	saidMark = ">>> said\n"
)

// faultCases reads testdata/faults.txt: "=== name", the file, ">>> said", the lines. In the file · is a tab, ¶ a carriage return
// and ␀ a NUL byte.
func faultCases(t testing.TB) []faultCase {
	t.Helper()
	data, err := os.ReadFile("testdata/faults.txt")
	if err != nil {
		t.Fatal(err)
	}
	var cases []faultCase
	for part := range strings.SplitSeq("\n"+string(data), "\n"+caseMark) {
		name, rest, ok := strings.Cut(part, "\n")
		if !ok {
			continue
		}
		text, want, _ := strings.Cut(rest+"\n", saidMark)
		cases = append(cases, faultCase{name, text, strings.TrimSuffix(want, "\n")})
	}
	return cases
}

var shownBytes = strings.NewReplacer("·", "\t", "¶", "\r", "␀", "\x00")

// TestWhatIsSaid holds every message to the letter: they are what the operator sees.
func TestWhatIsSaid(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, c := range faultCases(t) {
		_, said := parse(t, shownBytes.Replace(c.text))
		all.WriteString(caseMark + c.name + "\n" + c.text + saidMark + said)
		if said != "" {
			all.WriteString("\n")
		}
		if *update {
			continue
		}
		if said != strings.TrimSuffix(c.want, "\n") {
			t.Errorf("%s:\n%s\nsaid:\n%s\nwanted:\n%s", c.name, c.text, said, c.want)
		}
		for line := range strings.SplitSeq(said, "\n") {
			if strings.ContainsAny(line, "\x1b\x00") || strings.Contains(line, "hunter2") {
				t.Errorf("%s: %q shows a secret or a control character", c.name, line)
			}
		}
	}
	if *update {
		golden(t, "faults.txt", all.String())
	}
}
