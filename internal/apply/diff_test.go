package apply

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func change(path, before, after string) Change {
	c := Change{Path: path, Op: Modify, Before: []byte(before), After: []byte(after), Mode: 0o644}
	switch {
	case before == "<none>":
		c.Op, c.Before = Create, nil
	case after == "<none>":
		c.Op, c.After = Remove, nil
	}
	return c
}

func numbered(n int, change map[int]string) string {
	var b strings.Builder
	for i := range n {
		if text, ok := change[i]; ok {
			b.WriteString(text)
			continue
		}
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

// patches are differences that git and patch have to accept.
var patches = []struct{ name, path, before, after string }{
	{"plain", "conf/a.xml", "a\nb\nc\n", "a\nB\nc\n"},
	{"CRLF", "conf/a.xml", "a\r\nb\r\nc\r\n", "a\r\nB\r\nc\r\n"},
	{"CRLF becomes LF", "a", "a\r\nb\r\n", "a\r\nb\n"},
	{"mixed line ends", "a", "a\r\nb\nc\r\nd\n", "a\r\nB\nC\r\nd\n"},
	{"lone CR", "a", "a\rb\nc\n", "a\rB\nc\n"},
	{"no newline at the end of both", "a", "a\nb", "a\nB"},
	{"no newline in the context", "a", "a\nb\nc", "A\nb\nc"},
	{"newline comes", "a", "a\nb", "a\nb\n"},
	{"newline goes", "a", "a\nb\n", "a\nb"},
	{"CR without LF at the end", "a", "a\nb\r", "a\nB\r"},
	{"one line without newline", "a", "x", "y"},
	{"created", "conf/new dir/a.xml", "<none>", "a\nb\n"},
	{"created without newline", "a", "<none>", "a"},
	{"created empty", "a", "<none>", ""},
	{"removed", "conf/a.xml", "a\nb\n", "<none>"},
	{"removed without newline", "a", "a", "<none>"},
	{"emptied", "a", "a\nb\n", ""},
	{"filled", "a", "", "a\nb\n"},
	{"insert at the start", "a", "a\nb\nc\nd\ne\n", "0\na\nb\nc\nd\ne\n"},
	{"insert at the end", "a", "a\nb\nc\nd\ne\n", "a\nb\nc\nd\ne\nf\n"},
	{"remove at the start", "a", "a\nb\nc\nd\ne\n", "b\nc\nd\ne\n"},
	{"remove at the end", "a", "a\nb\nc\nd\ne\n", "a\nb\nc\nd\n"},
	{"two hunks", "a", numbered(40, nil), numbered(40, map[int]string{5: "five\n", 30: "thirty\n"})},
	{"hunks that just join", "a", numbered(40, nil), numbered(40, map[int]string{5: "five\n", 12: "twelve\n"})},
	{"hunks that just do not", "a", numbered(40, nil), numbered(40, map[int]string{5: "five\n", 13: "thirteen\n"})},
	{"lines that look like a diff", "a", "--- x\n+++ y\n@@ -1 +1 @@\n\\ No\n", "--- X\n+++ Y\n@@ -1 +1 @@\n\\ No newline\n"},
	{"not UTF-8", "a", "caf\xe9\nb\n", "caf\xe8\nb\n"},
	{"UTF-8", "a", "käse\nb\n", "käse\nß\n"},
	{"blank in the name", "conf/my file.xml", "a\nb\n", "a\nc\n"},
	{"odd name", "conf/\"käse\\\t.xml", "a\nb\n", "a\nc\n"},
	{"repeated lines", "a", "x\nx\nx\nx\ny\nx\nx\n", "x\nx\ny\nx\nx\nx\nx\n"},
	{"blank lines", "a", "\n\n\na\n\n\n", "\n\na\n\n\n\n"},
}

// TestGitApplies has git and patch apply our diff of what they see as the old file, and compares the result with the new one.
func TestGitApplies(t *testing.T) {
	for _, tool := range [][]string{{"git", "apply", "--whitespace=nowarn", "-"}, {"patch", "-p1", "-s", "--binary"}} {
		if _, err := exec.LookPath(tool[0]); err != nil {
			t.Logf("%s is not installed: its part is not tested", tool[0])
			continue
		}
		for _, tt := range patches {
			t.Run(tool[0]+"/"+tt.name, func(t *testing.T) {
				if tool[0] == "patch" && strings.Contains(tt.name, "empty") {
					return // patch reads no header but its own, which an empty file has none of
				}
				c := change(tt.path, tt.before, tt.after)
				dir := t.TempDir()
				file := filepath.Join(dir, filepath.FromSlash(tt.path))
				must(t, os.MkdirAll(filepath.Dir(file), 0o755))
				if c.Op != Create {
					must(t, os.WriteFile(file, c.Before, 0o600))
				}
				c.Marks = []Mark{{Start: 0, End: len(c.After), Guideline: 4, Reason: "because\nof two lines"}}
				diff := c.diff().Unified()
				cmd := exec.CommandContext(t.Context(), tool[0], tool[1:]...)
				cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s\n%s", err, out, diff)
				}
				got, err := os.ReadFile(file)
				if c.Op == Remove {
					if err == nil {
						t.Errorf("still there: %q", got)
					}
					return
				}
				must(t, err)
				if !bytes.Equal(got, c.After) {
					t.Errorf("got %q, want %q\n%s", got, c.After, diff)
				}
			})
		}
	}
}

// TestGitAppliesModes checks what git makes of the mode of a created script.
func TestGitAppliesModes(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Log("git is not installed")
		return
	}
	p := Plan{Changes: []Change{
		{Path: "bin/x.sh", Op: Create, After: []byte("#!/bin/sh\n"), Mode: 0o755},
		{Path: "bin/y.txt", Op: Create, After: []byte("y\n"), Mode: 0o600},
	}}
	dir := t.TempDir()
	var diff strings.Builder
	for _, d := range p.Diff() {
		diff.WriteString(d.Unified())
	}
	cmd := exec.CommandContext(t.Context(), "git", "apply", "-")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s", out)
	}
	for file, want := range map[string]bool{"bin/x.sh": true, "bin/y.txt": false} {
		fi, err := os.Stat(filepath.Join(dir, file))
		must(t, err)
		if (fi.Mode()&0o100 != 0) != want {
			t.Errorf("%s has mode %s", file, fi.Mode())
		}
	}
}

// redo applies the hunks of a diff to the old bytes.
func redo(before []byte, d FileDiff) (string, error) {
	old := newText(before)
	var out strings.Builder
	at := 0
	take := func(l Line) (string, error) {
		if at >= len(old.lines) {
			return "", fmt.Errorf("line %d is beyond the end", at+1)
		}
		line := old.lines[at]
		at++
		if line != whole(l) {
			return "", fmt.Errorf("line %d is %q, the diff says %q", at, line, whole(l))
		}
		return line, nil
	}
	for _, h := range d.Hunks {
		from := h.OldStart - 1
		if h.OldLines == 0 {
			from = h.OldStart
		}
		for ; at < from; at++ {
			out.WriteString(old.lines[at])
		}
		oldLines, newLines := 0, 0
		for _, l := range h.Lines {
			switch l.Op {
			case '+':
				out.WriteString(whole(l))
				newLines++
			default:
				line, err := take(l)
				if err != nil {
					return "", err
				}
				oldLines++
				if l.Op == ' ' {
					out.WriteString(line)
					newLines++
				}
			}
		}
		if oldLines != h.OldLines || newLines != h.NewLines {
			return "", fmt.Errorf("hunk %d,%d %d,%d has %d and %d lines", h.OldStart, h.OldLines, h.NewStart, h.NewLines, oldLines, newLines)
		}
	}
	for ; at < len(old.lines); at++ {
		out.WriteString(old.lines[at])
	}
	return out.String(), nil
}

func whole(l Line) string {
	s := l.Text
	if l.CR {
		s += "\r"
	}
	if !l.NoEOL {
		s += "\n"
	}
	return s
}

func FuzzDiff(f *testing.F) {
	for _, p := range patches {
		f.Add([]byte(p.before), []byte(p.after))
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		c := Change{Path: "a", Op: Modify, Before: before, After: after}
		d := c.diff()
		if d.Binary || d.Masked {
			return
		}
		got, err := redo(before, d)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(after) {
			t.Fatalf("got %q, want %q", got, after)
		}
	})
}

// TestDiffOfManyChanges diffs large files with edits all over, and looks at the time and at how much of the file is in the diff.
func TestDiffOfManyChanges(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var before, after strings.Builder
	edits := 0
	for i := range 60_000 {
		line := fmt.Sprintf("  <property name=\"p%d\">%d</property>\n", i%5000, i)
		before.WriteString(line)
		switch rnd.IntN(100) {
		case 0:
			edits++
		case 1:
			fmt.Fprintf(&after, "  <!-- %d -->\n%s", i, line)
			edits++
		case 2:
			fmt.Fprintf(&after, "  <property name=\"q%d\">x</property>\n", i)
			edits += 2
		default:
			after.WriteString(line)
		}
	}
	c := change("a", before.String(), after.String())
	start := time.Now()
	d := c.diff()
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%s for %d KiB", took, before.Len()>>10)
	}
	if got, err := redo(c.Before, d); err != nil || got != after.String() {
		t.Fatalf("%v", err)
	}
	if n := d.Added + d.Removed; n > edits {
		t.Errorf("%d lines for %d edits", n, edits)
	}

	// Nothing in common, one line of eight megabytes, a line over and over: it ends, and it is right.
	for name, pair := range map[string][2]string{
		"nothing in common": {numbered(30_000, nil), strings.ReplaceAll(numbered(30_000, nil), "line", "row")},
		"one long line":     {strings.Repeat("x", 8<<20), strings.Repeat("x", 8<<20) + "y"},
		"the same line":     {strings.Repeat("x\n", 200_000), strings.Repeat("x\n", 100_000) + "y\n" + strings.Repeat("x\n", 90_000)},
		"swapped halves":    {numbered(20_000, nil), numbered(20_000, nil)[len(numbered(10_000, nil)):] + numbered(10_000, nil)},
	} {
		c := change("a", pair[0], pair[1])
		start := time.Now()
		d := c.diff()
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: %s", name, took)
		}
		if got, err := redo(c.Before, d); err != nil || got != pair[1] {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// lines shows a diff without its headers.
func lines(d FileDiff) string {
	var out strings.Builder
	for _, h := range d.Hunks {
		for _, l := range h.Lines {
			fmt.Fprintf(&out, "%c%s\n", l.Op, l.Text)
		}
	}
	return out.String()
}

func TestDiffMasksSecrets(t *testing.T) {
	span := func(text, part string) []Span {
		i := strings.Index(text, part)
		return []Span{{i, i + len(part)}}
	}
	for _, tt := range []struct {
		name, before, after string
		old, new            []Span
		want                string
	}{
		{
			name: "a secret alone changes", before: "<a>\n<Password>admin</Password>\n</a>\n", after: "<a>\n<Password>hunter2</Password>\n</a>\n",
			want: " <a>\n-<Password>[secret]</Password>\n+<Password>[secret, changed]</Password>\n </a>\n",
		},
		{
			name: "what is beside a secret changes", before: "url=amqp://admin:hunter2@c/t\n", after: "url=amqp://ops:hunter2@c/t\n",
			want: "-url=amqp://admin:[secret]@c/t\n+url=amqp://ops:[secret]@c/t\n",
		},
		{
			name: "secret in the context", before: "<Password>hunter2</Password>\na\n", after: "<Password>hunter2</Password>\nb\n",
			want: " <Password>[secret]</Password>\n-a\n+b\n",
		},
		{
			name: "spans of the steps", before: "pin 1234\n", after: "pin 98765\n", old: span("pin 1234\n", "1234"), new: span("pin 98765\n", "98765"),
			want: "-pin [secret]\n+pin [secret, changed]\n",
		},
		{
			name: "span of one side alone masks the context, too", before: "pin 1234\na\n", after: "pin 1234\nb\n", new: span("pin 1234\na\n", "1234"),
			want: " pin [secret]\n-a\n+b\n",
		},
		{
			name: "overlapping spans", before: "password=12345\nx\n", after: "password=12345\ny\n", old: span("password=12345", "345"), new: span("password=12345", "=12"),
			want: " password[secret]\n-x\n+y\n",
		},
		{
			name: "two secrets on a line", before: `<k pass="one" keyPass="two"/>` + "\n", after: `<k pass="one" keyPass="2"/>` + "\n",
			want: `-<k pass="[secret]" keyPass="[secret]"/>` + "\n" + `+<k pass="[secret]" keyPass="[secret, changed]"/>` + "\n",
		},
		{
			name: "a secret comes", before: "a\n", after: "a\npassword=x1\n",
			want: " a\n+password=[secret]\n",
		},
		{
			name: "a secret goes", before: "a\npassword=x1\n", after: "a\n",
			want: " a\n-password=[secret]\n",
		},
		{
			name: "a line comes before one with a secret", before: "password=x1\nb\n", after: "new\npassword=x2\nb\n",
			want: "-password=[secret]\n+new\n+password=[secret, changed]\n b\n",
		},
		{
			name: "a secret over lines", before: "a\n", after: "a\n-----BEGIN PRIVATE KEY-----\nMIIE\nabcd\n-----END PRIVATE KEY-----\n",
			want: " a\n+-----BEGIN PRIVATE KEY-----\n+[secret]\n+[secret]\n+-----END PRIVATE KEY-----\n",
		},
		{
			name: "CRLF", before: "password=x1\r\n", after: "password=x2\r\n",
			want: "-password=[secret]\n+password=[secret, changed]\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := change("a", tt.before, tt.after)
			c.SecretsBefore, c.SecretsAfter = tt.old, tt.new
			d := c.diff()
			if got := lines(d); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if !d.Masked {
				t.Error("not said to be masked")
			}
		})
	}
}

// TestDiffNeverShowsASecret makes random files with marked secrets and looks for them in everything that is shown.
func TestDiffNeverShowsASecret(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	draw := func() (string, []Span) {
		var b strings.Builder
		var spans []Span
		for range rnd.IntN(30) {
			switch rnd.IntN(4) {
			case 0:
				fmt.Fprintf(&b, "x%d ", rnd.IntN(4))
				start := b.Len()
				fmt.Fprintf(&b, "TOPSECRET%d", rnd.IntN(3))
				if rnd.IntN(3) == 0 {
					b.WriteString("\nTOPSECRET\n")
				}
				spans = append(spans, Span{start, b.Len()})
				b.WriteString(" y\n")
			default:
				fmt.Fprintf(&b, "line %d\n", rnd.IntN(6))
			}
		}
		return b.String(), spans
	}
	for range 3000 {
		before, oldSecrets := draw()
		after, newSecrets := draw()
		p := Plan{Home: "/x", Changes: []Change{{Path: "a", Op: Modify, Before: []byte(before), After: []byte(after), SecretsBefore: oldSecrets, SecretsAfter: newSecrets}}}
		d := p.Diff()[0]
		if strings.Contains(d.Unified(), "TOPSECRET") {
			t.Fatalf("from\n%s\nto\n%s\nshown\n%s", before, after, d.Unified())
		}
		if before != after && len(d.Hunks) == 0 {
			t.Fatalf("no hunks from\n%s\nto\n%s", before, after)
		}
	}
}

func TestDiffAttributesHunks(t *testing.T) {
	before := numbered(40, nil)
	after := numbered(40, map[int]string{5: "five\n", 7: "", 30: "thirty\nthirty one\n"})
	at := func(s string) int { return strings.Index(after, s) }
	c := change("a", before, after)
	c.Marks = []Mark{
		{Start: at("five"), End: at("five") + 4, Guideline: 4, Reason: "name"},
		{Start: at("line 8"), End: at("line 8"), Guideline: 2, Reason: "gone"},
		{Start: at("thirty one"), End: at("thirty one") + 10, Guideline: 12, Reason: "proxy"},
		{Start: at("thirty one") + 3, End: at("thirty one") + 5, Guideline: 4, Reason: "name"},
		{Start: at("line 20"), End: at("line 20"), Guideline: 16, Reason: "set and set back: no trace is left"},
	}
	d := c.diff()
	if len(d.Hunks) != 2 {
		t.Fatalf("%d hunks", len(d.Hunks))
	}
	h := d.Hunks
	if !slices.Equal(h[0].Guidelines, []int{2, 4}) || !slices.Equal(h[0].Reasons, []string{"name", "gone"}) {
		t.Errorf("%v %q", h[0].Guidelines, h[0].Reasons)
	}
	if !slices.Equal(h[1].Guidelines, []int{4, 12}) || !slices.Equal(h[1].Reasons, []string{"proxy", "name"}) {
		t.Errorf("%v %q", h[1].Guidelines, h[1].Reasons)
	}
	if d.Added != 3 || d.Removed != 3 {
		t.Errorf("+%d -%d", d.Added, d.Removed)
	}
	if text := d.Unified(); !strings.Contains(text, "@@ -3,9 +3,8 @@ guideline 2, 4: name; gone\n") {
		t.Error(text)
	}
}

// TestDiffAttributesSlidingInsertions has the comparison align equal lines another way than the edit did: the mark is not lost.
func TestDiffAttributesSlidingInsertions(t *testing.T) {
	before := "<l>\n<a>\n1\n</a>\n</l>\n"
	after := "<l>\n<a>\n1\n</a>\n<a>\n1\n</a>\n</l>\n"
	for _, start := range []int{4, 15} {
		c := change("a", before, after)
		c.Marks = []Mark{{Start: start, End: start + 11, Guideline: 7, Reason: "second"}}
		d := c.diff()
		if len(d.Hunks) != 1 || !slices.Equal(d.Hunks[0].Guidelines, []int{7}) {
			t.Errorf("mark at %d: %+v", start, d.Hunks)
		}
	}
}

func TestDiffOfBinary(t *testing.T) {
	c := change("repository/resources/security/new.jks", "<none>", "\xfe\xed\xfe\xed\x00\x00secret")
	d := c.diff()
	if text := d.Unified(); !d.Binary || len(d.Hunks) != 0 || strings.Contains(text, "secret") || !strings.Contains(text, "Binary files /dev/null and b/repository/resources/security/new.jks differ\n") {
		t.Errorf("%+v\n%s", d, text)
	}
}

func TestDiffIsOrdered(t *testing.T) {
	p := Plan{Changes: []Change{change("b", "1", "2"), change("a", "1", "2")}}
	if d := p.Diff(); d[0].Path != "a" || d[1].Path != "b" {
		t.Errorf("%s %s", d[0].Path, d[1].Path)
	}
}

func TestHash(t *testing.T) {
	l := &lab{home: "/opt/a"}
	p := l.plan()
	hash := p.Hash()
	if len(hash) != 19 || strings.Count(hash, "-") != 3 {
		t.Errorf("%q", hash)
	}
	same := func(name string, want bool, edit func(p *Plan)) {
		t.Helper()
		q := (&lab{home: "/opt/b"}).plan()
		edit(q)
		if (q.Hash() == hash) != want {
			t.Errorf("%s: %s and %s", name, hash, q.Hash())
		}
	}
	same("another home", true, func(*Plan) {})
	same("another new secret", true, func(p *Plan) {
		c := &p.Changes[5]
		c.After = bytes.Replace(c.After, []byte("c0rrect-horse"), []byte("x"), 1)
		c.SecretsAfter[0].End = c.SecretsAfter[0].Start + 1
	})
	same("another old secret", true, func(p *Plan) {
		p.Changes[5].Before = bytes.Replace(p.Changes[5].Before, []byte("<Password>admin"), []byte("<Password>s0mething"), 1)
		p.Changes[5].SecretsBefore[0].End += 4
	})
	same("another reason", true, func(p *Plan) { p.Changes[0].Marks[0].Reason = "x" })
	same("another value", false, func(p *Plan) { p.Changes[0].After = append(p.Changes[0].After, '\n') })
	same("another start", false, func(p *Plan) { p.Changes[0].Before = append(p.Changes[0].Before, '\n') })
	same("another path", false, func(p *Plan) { p.Changes[0].Path = "bin/x.sh" })
	same("another mode", false, func(p *Plan) { p.Changes[3].Mode = 0o400 })
	same("another detail", false, func(p *Plan) { p.Actions[0].Detail = "carbon at db2" })
	same("no action", false, func(p *Plan) { p.Actions = nil })
	same("fewer files", false, func(p *Plan) { p.Changes = p.Changes[1:] })
	if !sameHash(hash, " "+strings.ToUpper(strings.ReplaceAll(hash, "-", ""))+"\n") || sameHash(hash, hash[:14]) {
		t.Error("a hash as people copy it is not known again")
	}
}

func BenchmarkDiff(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := change("a", numbered(n, nil), numbered(n, map[int]string{n / 3: "x\n", n / 2: "<Password>y</Password>\n"}))
			b.SetBytes(int64(len(c.Before)))
			for b.Loop() {
				c.diff()
			}
		})
	}
}
