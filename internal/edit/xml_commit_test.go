package edit

import (
	"errors"
	"strings"
	"testing"
)

// TestXMLCommitFails proves that a Commit that cannot be leaves the document as it was, and usable.
func TestXMLCommitFails(t *testing.T) {
	nested := New{Name: "n"}
	for range maxDepth {
		nested = New{Name: "n", Children: []New{nested}}
	}
	for name, c := range map[string]struct {
		data string
		edit func(x *XML) error
	}{
		"too large afterwards": {
			"<r><a>1</a><b>" + strings.Repeat("x", MaxFileSize-40) + "</b></r>",
			func(x *XML) error { return x.SetText(x.First("/r/a"), strings.Repeat("y", 100)) },
		},
		"too deep afterwards": {
			"<r><a>1</a></r>",
			func(x *XML) error { return x.Insert(LastIn(x.Root()), nested) },
		},
		"a name that the second parser does not know": {
			"<r><a>1</a><\U00010000/></r>",
			func(x *XML) error { return x.SetText(x.First("/r/a"), "2") },
		},
		"an inserted name that the second parser does not know": {
			"<r><a>1</a></r>",
			func(x *XML) error { return x.Insert(LastIn(x.Root()), New{Name: "\U00010000"}) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := parse(t, c.data)
			ok(t, c.edit(x))
			splices, err := x.Commit()
			var e *Error
			if splices != nil || !errors.As(err, &e) || e.What == "" || e.Fix == "" {
				t.Fatalf("%d splices, %v", len(splices), err)
			}
			if string(x.Bytes()) != c.data || x.Pending() || x.First("/r/a").Text() != "1" {
				t.Error("the document is not as before")
			}
			if s, err := x.Commit(); s != nil || err != nil {
				t.Errorf("a second Commit: %v", err)
			}
		})
	}
}

// TestXMLCommitAfterCommit goes on with a document, as one step after the other does.
func TestXMLCommitAfterCommit(t *testing.T) {
	x := parse(t, "<r>\r\n  <a/>\r\n</r>")
	for _, n := range []string{"b", "c", "d"} {
		ok(t, x.SetChild(x.Root(), New{Name: n, Text: n}, []string{"a", "b", "c"}))
		commit(t, x)
		ok(t, x.SetText(x.First("/r/a"), x.First("/r/a").Text()+n))
		commit(t, x)
	}
	if want := "<r>\r\n  <a>bcd</a>\r\n  <b>b</b>\r\n  <c>c</c>\r\n  <d>d</d>\r\n</r>"; string(x.Bytes()) != want {
		t.Errorf("got %q", x.Bytes())
	}
}

func TestXMLReasonsOfOneSplice(t *testing.T) {
	x := parse(t, "<r>\n  <p/>\n</r>")
	p := x.First("/r/p")
	ok(t, x.Insert(LastIn(p), New{Name: "a"}, Because("one")), x.Insert(LastIn(p), New{Name: "b"}, Because("two")), x.Insert(LastIn(p), New{Name: "c"}, Because("one")))
	if s := commit(t, x); len(s) != 1 || s[0].Reason != "one; two" {
		t.Errorf("splices %+v", s)
	}
}

func TestXMLNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "_a-b.c1": true, "p:a": true, "é": true, "Ωmega": true, "a\u0300": true, "中": true, "\U00010000": true,
		"": false, "1a": false, "-a": false, ":a": false, "a:": false, "a:b:c": false, "a b": false, "a<": false, "×": false, "\u0300a": false, "a\xFF": false, "a\u2028": false, "p:1": false,
	} {
		if isQName(name) != want {
			t.Errorf("isQName(%q) is not %v", name, want)
		}
	}
	for _, bad := range []string{"<×/>", "<a ×='1'/>", "<\u0300a/>", "<a><b\u2028c/></a>"} {
		if _, err := ParseXML("x", []byte(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	x := parse(t, declared+"<r><a \xFC='\xFC' b='&#252;'>1</a></r>")
	if x.First("/r/a[@ü='ü'][@b='ü']") == nil || x.First("/r/a[@ü='u']") != nil {
		t.Error("names or values in ISO-8859-1 are not found")
	}
	isRefusal(t, "a name that the encoding lacks", x.SetAttr(x.Root(), "Ω", "1", ""), 2)
	ok(t, x.SetAttr(x.Root(), "ö", "ö", ""), x.Insert(LastIn(x.Root()), New{Name: "ä", Text: "ä"}))
	commit(t, x)
	if want := declared + "<r \xF6=\"\xF6\"><a \xFC='\xFC' b='&#252;'>1</a><\xE4>\xE4</\xE4></r>"; string(x.Bytes()) != want {
		t.Errorf("got %q", x.Bytes())
	}
}

func TestXMLSetChildTwiceByAttribute(t *testing.T) {
	x := parse(t, "<r>\n  <!--p name='b'>0</p-->\n</r>")
	child := func(name, text string) New { return New{Name: "p", Text: text, Attrs: []Attr{{"name", name}}} }
	for _, c := range []New{child("a", "1"), child("b", "2"), child("a", "3"), child("b", "4")} {
		ok(t, x.SetChild(x.Root(), c, nil))
	}
	isRefusal(t, "a bad value for one that is recorded", x.SetChild(x.Root(), child("a", "\x00"), nil), 1)
	commit(t, x)
	if want := "<r>\n  <p name=\"b\">4</p>\n  <p name=\"a\">3</p>\n</r>"; string(x.Bytes()) != want {
		t.Errorf("got %q", x.Bytes())
	}
}
