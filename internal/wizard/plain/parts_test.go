package plain

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct {
		in   string
		want []typed
	}{
		{"", nil},
		{"a\n\nb\r\n", []typed{{text: "a"}, {text: ""}, {text: "b"}}},
		{"a\nhalf", []typed{{text: "a"}}},
		{"\r\r\n", []typed{{text: "\r"}}},
		{" a \n", []typed{{text: " a "}}},
		{long + "\nb\n", []typed{{text: long}, {text: "b"}}},
		{long + "\r\nb\n", []typed{{text: long}, {text: "b"}}},
		{long + "xyz\nb\n", []typed{{long: true}, {text: "b"}}},
		{strings.Repeat("y", 10*maxLine) + "\nb\n", []typed{{long: true}, {text: "b"}}},
		{"\x00\x1b[A\xff\n", []typed{{text: "\x00\x1b[A\xff"}}},
	} {
		r := bufio.NewReader(strings.NewReader(c.in))
		for i, want := range c.want {
			got := readLine(r)
			if want.long {
				got.text = ""
			}
			if got != want {
				t.Errorf("%.20q line %d: %.40v, want %.40v", c.in, i, got, want)
			}
		}
		if end := readLine(r); !errors.Is(end.err, io.EOF) || end.text != "" {
			t.Errorf("%.20q ends with %v", c.in, end)
		}
	}
}

func TestLinesOfOtherSystems(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	out, _ := converse(t, eng, "\ufeff3\r", "am01.example.com\r", "\r", "\r")
	says(t, out, "Administrator account]: 3", "Question 1 of 3", "[am01]: am01.example.com", "Your answers: 1 Host name: am01.example.com")
}

func TestLongAndBinaryAnswersAreRefused(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	secretLine := "\x1b[200~" + secretWord
	out, _ := converse(t, eng, "1", "ops", "pass\tword-pass", "?", secretLine, "?", strings.Repeat("x", maxLine+5), "p\xe4ssword-pass", "?", "A-long-enough-1", "A-long-enough-1", "")
	says(t, out, "control characters", "control characters", "too long", "not UTF-8", "Guideline 1, Administrator account: accepted.")
}

func TestVisible(t *testing.T) {
	for _, c := range []struct {
		in, ascii, utf8 string
	}{
		{"plain", "plain", "plain"},
		{"a\x1b[31mb", "a^[[31mb", "a^[[31mb"},
		{"a\tb\x7f", "a^Ib^?", "a^Ib^?"},
		{"M\u00fcnchen", "M<U+00FC>nchen", "M\u00fcnchen"},
		{"M\xfcnchen", "M<FC>nchen", "M<FC>nchen"},
		{"\u202eevil", "<U+202E>evil", "<U+202E>evil"},
		{"a\u0085b\u2028c", "a<U+0085>b<U+2028>c", "a<U+0085>b<U+2028>c"},
		{"\ufffd", "<U+FFFD>", "\ufffd"},
		{"\u65e5\u672c", "<U+65E5><U+672C>", "\u65e5\u672c"},
	} {
		if got := visible(c.in, true); got != c.ascii {
			t.Errorf("%q in ASCII: %q", c.in, got)
		}
		if got := visible(c.in, false); got != c.utf8 {
			t.Errorf("%q in UTF-8: %q", c.in, got)
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b]0;x\a", "\xc3", "\u202e\n", "\U0001f600"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, ascii := range []bool{true, false} {
			got := visible(s, ascii)
			if !utf8.ValidString(got) || !isPlain(got, ascii) || visible(got, ascii) != got {
				t.Errorf("%q is shown as %q", s, got)
			}
		}
	})
}

func TestRawKeepsWhatADiffNeeds(t *testing.T) {
	var b strings.Builder
	p := &printer{w: &b, width: lineWidth}
	const diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@ guideline 1: x\n-\ta\r\n+\tb\r\n\\ No newline at end of file"
	p.raw(diff)
	if b.String() != diff {
		t.Errorf("%q", b.String())
	}
	b.Reset()
	p.raw("+\x1b[2Ja\rb\n")
	if b.String() != "+^[[2Ja^Mb\n" {
		t.Errorf("%q", b.String())
	}
}

func TestItemsAreSetBelowTheirHead(t *testing.T) {
	var b strings.Builder
	p := &printer{w: &b, width: 20}
	p.item("  1  ", "one two three four five\nsix\n\nseven")
	p.item("- ", strings.Repeat("w", 30)+" x")
	p.item("! ", "")
	want := "  1  one two three\n     four five\n     six\n\n     seven\n- " + strings.Repeat("w", 30) + "\n  x\n!\n"
	if b.String() != want {
		t.Errorf("%q\nwant %q", b.String(), want)
	}
}

func TestParse(t *testing.T) {
	verbs := []verb{{what: "enter"}, {key: number}, {key: "d"}, {key: "s", number: true}, {key: "a"}}
	for text, want := range map[string]command{
		"": {}, "4": {number, 4}, "04": {number, 4}, "d": {"d", 0}, "s": {"s", 0}, "s4": {"s", 4}, "s  12": {"s", 12}, "a": {"a", 0},
	} {
		if got, ok := parse(text, verbs); !ok || got != want {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"x", "d4", "0", "-1", "s 0", "4 s", "s 4 4", "A", "ap", "99999999999999999999", "s4x", "\u0664"} {
		if got, ok := parse(text, verbs); ok {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

func TestPick(t *testing.T) {
	options := []option{{"2", "2"}, {"large", "l"}, {"unset", ""}}
	for text, want := range map[string]int{"1": 0, "2": 1, "LARGE": 1, "l": 1, "3": 2, "unset": 2} {
		if i, ok := pick(text, options); !ok || i != want {
			t.Errorf("%q: %d, %v", text, i, ok)
		}
	}
	for _, text := range []string{"", "0", "4", "-1", "larg"} {
		if i, ok := pick(text, options); ok {
			t.Errorf("%q is taken as %d", text, i)
		}
	}
}

func TestLocales(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		utf8 bool
	}{
		{map[string]string{}, false},
		{map[string]string{"LANG": "en_US.UTF-8"}, true},
		{map[string]string{"LANG": "en_US.utf8"}, true},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "C", "LC_CTYPE": "C.UTF-8"}, true},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, false},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "linux"}, false},
	} {
		if got := utf8Locale(func(k string) string { return c.env[k] }); got != c.utf8 {
			t.Errorf("%v: %v", c.env, got)
		}
	}
}

func TestUTF8IsShownWhereTheLocaleHasIt(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	for lang, want := range map[string]string{"C": "User name: op<U+00E9>rateur", "fr_FR.UTF-8": "User name: op\u00e9rateur"} {
		out, _ := converseIn(t, eng, map[string]string{"LANG": lang}, "1", "op\u00e9rateur", "", "b", "b", "b")
		says(t, out, want)
	}
}
