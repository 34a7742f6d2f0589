package flow

import (
	"slices"
	"testing"
)

func TestListsComeBackAsTheyWere(t *testing.T) {
	for _, list := range [][]string{
		nil, {"a"}, {"a", "b"}, {"/my keys/root ca.pem", "b,c"}, {`"quoted"`, `back\slash`, `both\ "of" them`}, {`C:\certs\root.pem`, `ends with \ `},
	} {
		text := joinQuoted(list)
		got, err := splitQuoted(text)
		if err != nil || !slices.Equal(got, list) {
			t.Errorf("%q as %s came back as %q, %v", list, text, got, err)
		}
	}
}

func TestListsAsTheyAreTyped(t *testing.T) {
	for text, want := range map[string][]string{
		" a, b\tc\n": {"a", "b", "c"}, "*.example.com|x": {"*.example.com|x"}, `"a b""c"`: {"a b", "c"}, `a"b`: {`a"b`}, `"", x`: {"x"},
	} {
		if got, err := splitQuoted(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	if _, err := splitQuoted(`a, "b`); err == nil {
		t.Error("a quotation mark without its second was taken")
	}
	if got := AlsoListed(`/a, "/b c"`, "/d e"); got != `/a, "/b c", "/d e"` {
		t.Errorf("one more: %s", got)
	}
	if got := AlsoListed("/a", "/a"); got != "/a" || LastListed(`/a, "/b c"`) != "/b c" || LastListed("") != "" {
		t.Errorf("the same once more: %s", got)
	}
}
