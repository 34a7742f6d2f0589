package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

func TestGuardSwallowsUntilTheLineIsQuiet(t *testing.T) {
	at := testNow
	var g guard
	g.start(at)
	steps := []struct {
		after   time.Duration
		swallow bool
	}{
		{100 * time.Millisecond, true}, // typed for the screen before
		{300 * time.Millisecond, true}, // each key starts the wait anew
		{424 * time.Millisecond, true},
		{425 * time.Millisecond, false},
		{10 * time.Millisecond, false}, // from then on it is heard
	}
	for i, s := range steps {
		at = at.Add(s.after)
		if got := g.swallow(at); got != s.swallow {
			t.Errorf("key %d: swallowed %v", i, got)
		}
	}
}

func TestGuardHearsSomebodyWhoKeepsTyping(t *testing.T) {
	at := testNow
	var g guard
	g.start(at)
	heard := time.Duration(0)
	for d := 100 * time.Millisecond; heard == 0; d += 100 * time.Millisecond {
		if !g.swallow(testNow.Add(d)) {
			heard = d
		}
	}
	if heard != guardLimit {
		t.Errorf("heard after %v", heard)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"one two three", 8, "one two|three"},
		{"one\ntwo", 20, "one two"},
		{"one\n\ntwo", 20, "one||two"},
		{"abcdefghijklmnop", 8, "abcdefgh|ijklmnop"},
		{"x abcdefghijklmnop y", 8, "x|abcdefgh|ijklmnop|y"},
		{"größer für Ämter", 10, "größer für|Ämter"},
		{"日本語日本語日本語", 8, "日本語日|本語日本|語"},
		{"", 10, ""},
	} {
		if got := strings.Join(wrap(c.in, c.width), "|"); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("some words to set", 9)
	f.Add("日本語 x\u0301 \x00\xff", 8)
	f.Fuzz(func(t *testing.T, s string, width int) {
		if width < 8 || width > 200 {
			return
		}
		for _, l := range wrap(printable(s), width) {
			if got := lipgloss.Width(l); got > width {
				t.Errorf("a line of %d cells for %d: %q", got, width, l)
			}
		}
	})
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "für 日本": "für 日本", "a\x1b[31mb": "a?[31mb", "a\u202eb": "a?b", "tab\there": "tab?here", "\xff": "?",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWindowMovesAsLittleAsItMust(t *testing.T) {
	w := &window{}
	for _, c := range []struct{ cursor, top int }{{0, 0}, {4, 0}, {5, 1}, {9, 5}, {6, 5}, {4, 4}, {0, 0}} {
		from, to := w.show(c.cursor, 10, 5)
		if from != c.top || to != c.top+5 {
			t.Errorf("cursor %d: %d..%d, want from %d", c.cursor, from, to, c.top)
		}
	}
}

func TestQuietTTYDropsModesAndQueries(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	q := quietTTY{file}
	for _, part := range []string{"a\x1b[>4;2mb", "\x1b[?2026$p\x1b[?2027$p", "c\x1b[>1u\x1b[?u", "\x1b[?1049hd\x1b[>4m\x1b[<1u\x1b[31me"} {
		if n, err := q.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("Write(%q) = %d, %v", part, n, err)
		}
	}
	data, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(data), "abc\x1b[?1049hd\x1b[31me"; got != want {
		t.Errorf("on the wire: %q, want %q", got, want)
	}
}

func TestSizedGivesATerminalWithoutSizeOne(t *testing.T) {
	for in, want := range map[tea.WindowSizeMsg]tea.WindowSizeMsg{
		{Width: 0, Height: 0}: {Width: 80, Height: 24}, {Width: 100, Height: 0}: {Width: 80, Height: 24}, {Width: 50, Height: 20}: {Width: 50, Height: 20},
	} {
		if got := sized(nil, in); got != tea.Msg(want) {
			t.Errorf("%v became %v", in, got)
		}
	}
}

func TestMarksFollowTheLocale(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		utf8 bool
	}{
		{map[string]string{"LANG": "en_US.UTF-8"}, true},
		{map[string]string{"LANG": "C.utf8"}, true},
		{map[string]string{"LANG": "C"}, false},
		{map[string]string{}, false},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, false},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "linux"}, false},
	} {
		if got := utf8Locale(func(k string) string { return c.env[k] }); got != c.utf8 {
			t.Errorf("%v: %v", c.env, got)
		}
	}
	for _, s := range []*Marks{NewMarks(true), NewMarks(false)} {
		for _, m := range []string{s.Done, s.Again, s.Draft, s.Skipped, s.Met, s.Open, s.Unknown, s.None, s.NotBuilt, s.Cursor, s.Rule} {
			if lipgloss.Width(m) != 1 {
				t.Errorf("mark %q is %d cells wide", m, lipgloss.Width(m))
			}
		}
		for _, m := range []string{s.OK, s.Fail, s.Warn, s.Quest, s.Run} {
			if lipgloss.Width(m) != lipgloss.Width(s.OK) {
				t.Errorf("mark %q is %d cells wide", m, lipgloss.Width(m))
			}
		}
	}
	for _, m := range []string{NewMarks(false).CR, NewMarks(false).More, NewMarks(false).Dot} {
		if strings.IndexFunc(m, func(r rune) bool { return r > 126 }) >= 0 {
			t.Errorf("mark %q is not ASCII", m)
		}
	}
}
