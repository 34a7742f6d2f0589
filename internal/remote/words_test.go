package remote

import (
	"strings"
	"testing"
	"unicode"
)

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\n  b\tc ":                 "a b c",
		"\n \tfirst":                   "first",
		"\x1b[31mred\x07":              `\x1b[31mred\a`,
		"the s3cret-of-a-user is":      "the [secret] is",
		"the abc stays, it is short":   "the abc stays, it is short",
		"bad \xff end":                 `bad \ufffd end`,
		"\u202egnp.exe":                `\u202egnp.exe`,
		strings.Repeat("x", 100000):    strings.Repeat("x", mostWords) + " ...",
		strings.Repeat(" ", 100000):    "",
		strings.Repeat("x ", 16):       strings.TrimSpace(strings.Repeat("x ", 16)),
		"Grüße \u00a0 aus \u0000 Köln": `Grüße \u00a0 aus \x00 Köln`,
	} {
		if got := Words(in, "s3cret-of-a-user", "abc", ""); got != want {
			t.Errorf("%.40q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestPrintableIsBounded(t *testing.T) {
	for in, want := range map[string]string{
		"uid=x, dc=y": "uid=x, dc= ...",
		"short":       "short",
		" a \n b ":    " a b ",
		"":            "",
	} {
		if got := Printable(in, 10); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestSaidAndParagraph(t *testing.T) {
	for in, want := range map[string]string{"": "", "no": "The server says: no.", "No way.": "The server says: No way."} {
		if got := Said(in); got != want {
			t.Errorf("Said(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Paragraph("What.", Said(""), "", "Fix."); got != "What. Fix." {
		t.Errorf("the paragraph is %q", got)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("a\r\n  b\tc ", "hidden")
	f.Add("\x1b[31m\xff\u202e", "")
	f.Fuzz(func(t *testing.T, text, hidden string) {
		got := Words(text, hidden)
		if len(got) > mostWords+len(" ...")+len(`\U0010ffff`) {
			t.Errorf("%d bytes are shown", len(got))
		}
		if strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.TrimSpace(got) != got {
			t.Errorf("shown as %q", got)
		}
	})
}
