package edit

import (
	"strings"
	"testing"
)

func TestXMLInsertLayout(t *testing.T) {
	one := New{Name: "n", Text: "1"}
	two := New{Name: "n", Text: "2"}
	deep := New{Name: "n", Attrs: []Attr{{"k", `"v"`}}, Children: []New{{Name: "m", Text: "1"}, {Name: "o"}}}
	at := func(place func(*Element) Place, path string, what ...New) func(*XML) error {
		return func(x *XML) error {
			for _, n := range what {
				if err := x.Insert(place(x.First(path)), n); err != nil {
					return err
				}
			}
			return nil
		}
	}
	instead := func(what ...New) func(*XML) error {
		return func(x *XML) error {
			c := x.Find("//*[@here]")[0].CommentedOut("n")[0]
			for _, n := range what {
				if err := x.Insert(Instead(c), n); err != nil {
					return err
				}
			}
			return nil
		}
	}
	behind := func(x *XML) error { return x.Insert(AfterComment(x.Root().Comments()[0]), one) }
	for name, c := range map[string]struct {
		before string
		do     func(*XML) error
		after  string
	}{
		"after a line":                   {"<r>\n  <a/>\n  <b/>\n</r>", at(After, "/r/a", one), "<r>\n  <a/>\n  <n>1</n>\n  <b/>\n</r>"},
		"after a line, CRLF":             {"<r>\r\n\t<a/>\r\n</r>\r\n", at(After, "/r/a", one), "<r>\r\n\t<a/>\r\n\t<n>1</n>\r\n</r>\r\n"},
		"after a CRLF line among LF":     {"<r>\n  <z/>\n  <a/>\r\n  <b/>\n</r>", at(After, "/r/a", one), "<r>\n  <z/>\n  <a/>\r\n  <n>1</n>\r\n  <b/>\n</r>"},
		"after an LF line among CRLF":    {"<r>\r\n  <a/>\n  <b/>\r\n</r>", at(After, "/r/a", one), "<r>\r\n  <a/>\n  <n>1</n>\n  <b/>\r\n</r>"},
		"after, a comment on the line":   {"<r>\n  <a/> <!-- of a -->\n</r>", at(After, "/r/a", one), "<r>\n  <a/> <!-- of a -->\n  <n>1</n>\n</r>"},
		"after, a comment of two lines":  {"<r>\n  <a/> <!-- of\n a --> \n</r>", at(After, "/r/a", one), "<r>\n  <a/> <!-- of\n a --> \n  <n>1</n>\n</r>"},
		"after, a comment below":         {"<r>\n  <a/>\n  <!-- of b -->\n  <b/>\n</r>", at(After, "/r/a", one), "<r>\n  <a/>\n  <n>1</n>\n  <!-- of b -->\n  <b/>\n</r>"},
		"after, end tag on the line":     {"<r>\n  <a/></r>", at(After, "/r/a", one), "<r>\n  <a/>\n  <n>1</n></r>"},
		"after, end tag behind comment":  {"<r>\r\n  <a/><!--c--> </r>", at(After, "/r/a", one), "<r>\r\n  <a/><!--c-->\r\n  <n>1</n> </r>"},
		"after, side by side":            {"<r>\n  <a/><b/>\n</r>", at(After, "/r/a", one), "<r>\n  <a/><n>1</n><b/>\n</r>"},
		"after the last side by side":    {"<r>\n  <a/><b/>\n</r>", at(After, "/r/b", one), "<r>\n  <a/><b/>\n  <n>1</n>\n</r>"},
		"after, one line":                {"<r><a/></r>", at(After, "/r/a", one), "<r><a/><n>1</n></r>"},
		"after, on the line of the tag":  {"<r><a/>\n</r>", at(After, "/r/a", one), "<r><a/>\n    <n>1</n>\n</r>"},
		"after, two, order kept":         {"<r>\n  <a/>\n</r>", at(After, "/r/a", one, two), "<r>\n  <a/>\n  <n>1</n>\n  <n>2</n>\n</r>"},
		"after a block":                  {"<r>\n  <a>\n    <b/>\n  </a>\n</r>", at(After, "/r/a", one), "<r>\n  <a>\n    <b/>\n  </a>\n  <n>1</n>\n</r>"},
		"with children":                  {"<r>\n  <a/>\n</r>", at(After, "/r/a", deep), "<r>\n  <a/>\n  <n k=\"&quot;v&quot;\">\n    <m>1</m>\n    <o/>\n  </n>\n</r>"},
		"with children, tabs":            {"<r>\n\t<s>\n\t\t<a/>\n\t</s>\n</r>", at(After, "//a", deep), "<r>\n\t<s>\n\t\t<a/>\n\t\t<n k=\"&quot;v&quot;\">\n\t\t\t<m>1</m>\n\t\t\t<o/>\n\t\t</n>\n\t</s>\n</r>"},
		"with children, one line":        {"<r><a/></r>", at(After, "/r/a", deep), "<r><a/><n k=\"&quot;v&quot;\"><m>1</m><o/></n></r>"},
		"before a line":                  {"<r>\n  <a/>\n</r>", at(Before, "/r/a", one), "<r>\n  <n>1</n>\n  <a/>\n</r>"},
		"before a line, two, CRLF":       {"<r>\r\n  <a/>\r\n</r>", at(Before, "/r/a", one, two), "<r>\r\n  <n>1</n>\r\n  <n>2</n>\r\n  <a/>\r\n</r>"},
		"before, side by side":           {"<r>\n  <a/><b/>\n</r>", at(Before, "/r/b", one), "<r>\n  <a/><n>1</n><b/>\n</r>"},
		"before, one line":               {"<r><a/></r>", at(Before, "/r/a", one), "<r><n>1</n><a/></r>"},
		"last":                           {"<r>\n  <a/>\n  <b/>\n</r>", at(LastIn, "/r", one, two), "<r>\n  <a/>\n  <b/>\n  <n>1</n>\n  <n>2</n>\n</r>"},
		"last, blank line at the end":    {"<r>\n  <a/>\n\n</r>", at(LastIn, "/r", one), "<r>\n  <a/>\n  <n>1</n>\n\n</r>"},
		"last, behind a comment":         {"<r>\n  <a/>\n  <!-- c -->\n</r>", at(LastIn, "/r", one), "<r>\n  <a/>\n  <!-- c -->\n  <n>1</n>\n</r>"},
		"last, only a comment":           {"<r>\n  <!-- c -->\n</r>", at(LastIn, "/r", one), "<r>\n  <!-- c -->\n  <n>1</n>\n</r>"},
		"last, comment side by side":     {"<r>\n  <p><!-- c --></p>\n</r>", at(LastIn, "/r/p", one), "<r>\n  <p><!-- c -->\n    <n>1</n>\n  </p>\n</r>"},
		"last, one line":                 {"<r><a/></r>", at(LastIn, "/r", one), "<r><a/><n>1</n></r>"},
		"first":                          {"<r>\n  <a/>\n</r>", at(FirstIn, "/r", one, two), "<r>\n  <n>1</n>\n  <n>2</n>\n  <a/>\n</r>"},
		"first, a comment on the line":   {"<r> <!-- of r -->\n  <a/>\n</r>", at(FirstIn, "/r", one), "<r> <!-- of r -->\n  <n>1</n>\n  <a/>\n</r>"},
		"first, one line":                {"<r><a/></r>", at(FirstIn, "/r", one), "<r><n>1</n><a/></r>"},
		"first, comment before the only": {"<r><!--c--><a/></r>", at(FirstIn, "/r", one), "<r><!--c--><n>1</n><a/></r>"},
		"empty, two tags":                {"<r>\n  <p></p>\n</r>", at(LastIn, "/r/p", one), "<r>\n  <p>\n    <n>1</n>\n  </p>\n</r>"},
		"empty, two tags, two":           {"<r>\n  <p></p>\n</r>", at(FirstIn, "/r/p", one, two), "<r>\n  <p>\n    <n>1</n>\n    <n>2</n>\n  </p>\n</r>"},
		"empty, blanks in it":            {"<r>\n  <p>  </p>\n</r>", at(LastIn, "/r/p", one), "<r>\n  <p>\n    <n>1</n>\n  </p>\n</r>"},
		"empty, two lines":               {"<r>\r\n\t<p>\r\n\t</p>\r\n</r>", at(LastIn, "/r/p", one), "<r>\r\n\t<p>\r\n\t\t<n>1</n>\r\n\t</p>\r\n</r>"},
		"empty, self-closed":             {"<r>\n  <p/>\n</r>", at(LastIn, "/r/p", one, two), "<r>\n  <p>\n    <n>1</n>\n    <n>2</n>\n  </p>\n</r>"},
		"empty, self-closed with blank":  {"<r>\n  <p a='1' />\n</r>", at(FirstIn, "/r/p", one), "<r>\n  <p a='1'>\n    <n>1</n>\n  </p>\n</r>"},
		"empty, self-closed, one line":   {"<r><p/><q/></r>", at(FirstIn, "/r/p", one, two), "<r><p><n>1</n><n>2</n></p><q/></r>"},
		"empty root, no line at all":     {"<r/>", at(LastIn, "/r", one), "<r>\n    <n>1</n>\n</r>"},
		"empty root behind its prolog":   {"<?xml version='1.0'?><!--c--><r></r>", at(LastIn, "/r", one), "<?xml version='1.0'?><!--c--><r>\n    <n>1</n>\n</r>"},
		"empty root, BOM":                {"\uFEFF<r></r>\r\n", at(LastIn, "/r", one), "\uFEFF<r>\r\n    <n>1</n>\r\n</r>\r\n"},
		"indentation from cousins":       {"<r>\n <s>\n  <a/>\n </s>\n <p/>\n</r>", at(LastIn, "/r/p", one), "<r>\n <s>\n  <a/>\n </s>\n <p>\n  <n>1</n>\n </p>\n</r>"},
		"prefix of the parent":           {"<q:r xmlns:q='u'>\n  <q:a/>\n</q:r>", at(LastIn, "/r", deep), "<q:r xmlns:q='u'>\n  <q:a/>\n  <q:n k=\"&quot;v&quot;\">\n    <q:m>1</q:m>\n    <q:o/>\n  </q:n>\n</q:r>"},
		"text beside elements":           {"<r>\n  <a/>\n  stray\n</r>", at(After, "/r/a", one), "<r>\n  <a/>\n  <n>1</n>\n  stray\n</r>"},
		"behind a comment":               {"<r>\n  <!-- c -->\n  <a/>\n</r>", behind, "<r>\n  <!-- c -->\n  <n>1</n>\n  <a/>\n</r>"},
		"instead":                        {"<r here=''>\n  <a/>\n  <!--n>0</n-->\n  <b/>\n</r>", instead(one), "<r here=''>\n  <a/>\n  <n>1</n>\n  <b/>\n</r>"},
		"instead, two":                   {"<r here=''>\r\n  <!-- n>0</n -->\r\n</r>", instead(one, two), "<r here=''>\r\n  <n>1</n>\r\n  <n>2</n>\r\n</r>"},
		"instead, one line":              {"<r here=''><a/><!-- <n>0</n> --><b/></r>", instead(one, two), "<r here=''><a/><n>1</n><n>2</n><b/></r>"},
		"instead of several lines":       {"<r here=''>\n  <!--n>\n   0\n  </n-->\n</r>", instead(deep), "<r here=''>\n  <n k=\"&quot;v&quot;\">\n    <m>1</m>\n    <o/>\n  </n>\n</r>"},
	} {
		t.Run(name, func(t *testing.T) {
			x := parse(t, c.before)
			if err := c.do(x); err != nil {
				t.Fatal(err)
			}
			commit(t, x)
			if got := string(x.Bytes()); got != c.after {
				t.Errorf("got  %q\nwant %q", got, c.after)
			}
		})
	}
}

func TestXMLInsertsKeepTheOrderOfTheCalls(t *testing.T) {
	x := parse(t, "<r>\n  <a/>\n  <b/>\n  <c/>\n</r>\n")
	a, b := x.First("/r/a"), x.First("/r/b")
	ok(t,
		x.Insert(Before(b), New{Name: "n1"}, Because("one")),
		x.Insert(After(a), New{Name: "n2"}, Because("two")),
		x.Insert(Before(b), New{Name: "n3"}, Because("one")),
		x.Insert(LastIn(x.Root()), New{Name: "n4"}),
		x.Insert(After(x.First("/r/c")), New{Name: "n5"}),
	)
	splices := commit(t, x)
	if want := "<r>\n  <a/>\n  <n1/>\n  <n2/>\n  <n3/>\n  <b/>\n  <c/>\n  <n4/>\n  <n5/>\n</r>\n"; string(x.Bytes()) != want {
		t.Errorf("got %s", x.Bytes())
	}
	if len(splices) != 4 || splices[0].Reason != "one" || splices[1].Reason != "two" || splices[3].Start <= splices[2].Start {
		t.Errorf("splices %+v", splices)
	}
}

// TestXMLEditsOfOnePlaceTogether puts edits side by side that touch at their ends.
func TestXMLEditsOfOnePlaceTogether(t *testing.T) {
	for name, c := range map[string]struct {
		before string
		do     func(x *XML) []error
		after  string
	}{
		"remove and insert after": {"<r>\n  <a/>\n  <b/>\n</r>", func(x *XML) []error {
			a := x.First("/r/a")
			return []error{x.Insert(After(a), New{Name: "n"}), x.Remove(a)}
		}, "<r>\n  <n/>\n  <b/>\n</r>"},
		"remove and insert before, one line": {"<r><a/><b/></r>", func(x *XML) []error {
			a := x.First("/r/a")
			return []error{x.Insert(Before(a), New{Name: "n"}), x.Remove(a)}
		}, "<r><n/><b/></r>"},
		"remove the last and insert last": {"<r>\n  <a/>\n</r>", func(x *XML) []error {
			return []error{x.Remove(x.First("/r/a")), x.Insert(LastIn(x.Root()), New{Name: "n"})}
		}, "<r>\n  <n/>\n</r>"},
		"remove all": {"<r>\n  <a/>\n  <b>\n    1\n  </b>\n</r>", func(x *XML) []error {
			return []error{x.Remove(x.First("/r/a")), x.Remove(x.First("/r/b"))}
		}, "<r>\n</r>"},
		"remove, beside others": {"<r>\n  <a/> <!-- c -->\n  <b/><d/>\n</r>", func(x *XML) []error {
			return []error{x.Remove(x.First("/r/a")), x.Remove(x.First("/r/b"))}
		}, "<r>\n   <!-- c -->\n  <d/>\n</r>"},
		"remove twice and within": {"<r>\r\n  <a><b>1</b></a>\r\n</r>", func(x *XML) []error {
			a, b := x.First("/r/a"), x.First("/r/a/b")
			return []error{x.SetText(b, "2"), x.Insert(LastIn(a), New{Name: "n"}), x.Remove(a), x.Remove(b), x.Remove(a)}
		}, "<r>\r\n</r>"},
		"text and attributes of a self-closed element": {"<r>\n  <a b='1' />\n</r>", func(x *XML) []error {
			a := x.First("/r/a")
			return []error{x.SetText(a, "v"), x.SetAttr(a, "c", "2", "b"), x.SetAttr(a, "d", "3", "c"), x.RemoveAttr(a, "b")}
		}, "<r>\n  <a c=\"2\" d=\"3\">v</a>\n</r>"},
		"first attribute and element of a self-closed one": {"<r>\n  <a/>\n</r>", func(x *XML) []error {
			a := x.First("/r/a")
			return []error{x.SetAttr(a, "c", "2", ""), x.Insert(LastIn(a), New{Name: "n"}), x.Insert(After(a), New{Name: "m"})}
		}, "<r>\n  <a c=\"2\">\n    <n/>\n  </a>\n  <m/>\n</r>"},
		"into and behind, one line": {"<r><a/></r>", func(x *XML) []error {
			a := x.First("/r/a")
			return []error{x.Insert(After(a), New{Name: "m"}), x.Insert(LastIn(a), New{Name: "n"}), x.Insert(LastIn(a), New{Name: "o"})}
		}, "<r><a><n/><o/></a><m/></r>"},
		"instead and behind": {"<r>\n  <!--a>1</a-->\n</r>", func(x *XML) []error {
			c := x.Root().CommentedOut("a")[0]
			return []error{x.Insert(Instead(c), New{Name: "a"}), x.Insert(AfterComment(c), New{Name: "b"})}
		}, "<r>\n  <a/>\n  <b/>\n</r>"},
	} {
		t.Run(name, func(t *testing.T) {
			x := parse(t, c.before)
			ok(t, c.do(x)...)
			commit(t, x)
			if got := string(x.Bytes()); got != c.after {
				t.Errorf("got  %q\nwant %q", got, c.after)
			}
		})
	}
}

func TestXMLSetChild(t *testing.T) {
	const server = `<Server xmlns="u">
    <Name>X</Name>
    <Version>1</Version>
    <!-- The host -->
    <!--HostName>www.example.org</HostName-->
    <!-- The management host -->
    <!--MgtHostName>mgt.example.org</MgtHostName-->
    <ServerURL>local://</ServerURL>
</Server>
`
	for name, c := range map[string]struct {
		before string
		do     func(x *XML) []error
		after  string // of the lines that are new or changed
	}{
		"the live one": {server, func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "Version", Text: "2"}, nil)}
		}, strings.Replace(server, "<Version>1<", "<Version>2<", 1)},
		"the commented-out one": {server, func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "HostName", Text: "a.example.com"}, []string{"Name"})}
		}, strings.Replace(server, "<!--HostName>www.example.org</HostName-->", "<HostName>a.example.com</HostName>", 1)},
		"behind a live one": {server, func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "New", Text: "v"}, []string{"Version", "Name"})}
		}, strings.Replace(server, "</Version>\n", "</Version>\n    <New>v</New>\n", 1)},
		"behind a stand-in": {server, func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "New", Text: "v"}, []string{"Name", "HostName"})}
		}, strings.Replace(server, "</HostName-->\n", "</HostName-->\n    <New>v</New>\n", 1)},
		"behind one that is new itself": {server, func(x *XML) []error {
			return []error{
				x.SetChild(x.Root(), New{Name: "One", Text: "1"}, []string{"Version"}),
				x.SetChild(x.Root(), New{Name: "Three", Text: "3"}, []string{"Version"}),
				x.SetChild(x.Root(), New{Name: "Two", Text: "2"}, []string{"Version", "One"}),
			}
		}, strings.Replace(server, "</Version>\n", "</Version>\n    <One>1</One>\n    <Two>2</Two>\n    <Three>3</Three>\n", 1)},
		"behind one that has taken its stand-in's place": {server, func(x *XML) []error {
			return []error{
				x.SetChild(x.Root(), New{Name: "HostName", Text: "h"}, nil),
				x.SetChild(x.Root(), New{Name: "New", Text: "v"}, []string{"HostName"}),
			}
		}, strings.Replace(server, "<!--HostName>www.example.org</HostName-->\n", "<HostName>h</HostName>\n    <New>v</New>\n", 1)},
		"last": {server, func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "New", Text: "v"}, []string{"Nothing"})}
		}, strings.Replace(server, "</Server>", "    <New>v</New>\n</Server>", 1)},
		"twice": {server, func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "New", Text: "1"}, nil), x.SetChild(x.Root(), New{Name: "New", Text: "2"}, nil)}
		}, strings.Replace(server, "</Server>", "    <New>2</New>\n</Server>", 1)},
		"removed before": {server, func(x *XML) []error {
			return []error{x.Remove(x.First("/Server/Version")), x.SetChild(x.Root(), New{Name: "Version", Text: "2"}, []string{"Name"})}
		}, strings.Replace(server, "<Version>1<", "<Version>2<", 1)},
		"the first of duplicates": {"<r>\n  <a>1</a>\n  <a>2</a>\n</r>", func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "a", Text: "3"}, nil)}
		}, "<r>\n  <a>3</a>\n  <a>2</a>\n</r>"},
		"by its first attribute": {"<r>\n  <p name='a' locked='true'>1</p>\n  <p name='b'>2</p>\n</r>", func(x *XML) []error {
			return []error{
				x.SetChild(x.Root(), New{Name: "p", Text: "3", Attrs: []Attr{{"name", "b"}, {"locked", "false"}}}, nil),
				x.SetChild(x.Root(), New{Name: "p", Text: "4", Attrs: []Attr{{"name", "c"}}}, []string{"p"}),
			}
		}, "<r>\n  <p name='a' locked='true'>1</p>\n  <p name='b'>3</p>\n  <p name=\"c\">4</p>\n</r>"},
		"the commented-out one with that attribute": {"<r>\n  <!--p name='a'>1</p-->\n  <!--p name='b'>2</p-->\n</r>", func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "p", Text: "3", Attrs: []Attr{{"name", "b"}}}, nil)}
		}, "<r>\n  <!--p name='a'>1</p-->\n  <p name=\"b\">3</p>\n</r>"},
		"into an empty parent": {"<r/>", func(x *XML) []error {
			return []error{x.SetChild(x.Root(), New{Name: "p", Text: "3"}, []string{"q"})}
		}, "<r>\n    <p>3</p>\n</r>"},
	} {
		t.Run(name, func(t *testing.T) {
			x := parse(t, c.before)
			ok(t, c.do(x)...)
			commit(t, x)
			if got := string(x.Bytes()); got != c.after {
				t.Errorf("got\n%s\nwant\n%s", got, c.after)
			}
			ok(t, c.do(x)...)
			if name != "removed before" && len(commit(t, x)) > 0 {
				t.Error("the same again is an edit")
			}
		})
	}
}

func TestXMLCommentedOut(t *testing.T) {
	const hit, text = "found", "www.example.org"
	for comment, want := range map[string]string{
		"<!--HostName>www.example.org</HostName-->":                           hit,
		"<!-- HostName>www.example.org</HostName -->":                         hit,
		"<!-- <HostName>www.example.org</HostName> -->":                       hit,
		"<!--<HostName>www.example.org</HostName>-->":                         hit,
		"<!--HostName>www.example.org</HostName>-->":                          hit,
		"<!--\n\tHostName>\n www.example.org \n</HostName\n-->":               hit,
		"<!--HostName a='1' b=\"2\">www.example.org</HostName-->":             hit,
		"<!--HostName><![CDATA[www.example.org]]></HostName-->":               hit,
		"<!--p:HostName>www.example.org</p:HostName-->":                       hit,
		"<!--HostName>www.example.org</HostName><a/-->":                       "",
		"<!--HostName>www.example.org</HostName><HostName>x</HostName-->":     "",
		"<!--HostName>www.example.org</HostName--><!--HostName>x</Host -->":   hit,
		"<!-- set <HostName>www.example.org</HostName> -->":                   "",
		"<!-- <HostName>www.example.org</HostName> here -->":                  "",
		"<!--HostName>www.example.org-->":                                     "",
		"<!--www.example.org</HostName-->":                                    "",
		"<!--HostName>www.example.org</Other-->":                              "",
		"<!--Outer><HostName>www.example.org</HostName></Outer-->":            "",
		"<!--HostName>--><!--www.example.org--><!--</HostName-->":             "",
		"<!--HostName>www & co</HostName-->":                                  "",
		"<!--HostName-->":                                                     "",
		"<!---->":                                                             "",
		"<!--  / -->":                                                         "",
		"<!--HostNames>www.example.org</HostNames-->":                         "",
		"<!--?HostName>www.example.org</HostName-->":                          "",
		"<!--HostName>www.example.org</HostName x-->":                         "",
		"<!--!DOCTYPE a [<!ENTITY b 'c'>]><HostName>&b;</HostName-->":         "",
		"<!--HostName><Deep>x</Deep>www.example.org</HostName-->":             hit,
		"<!--HostName>www.example.org</HostName\n\n\n-->":                     hit,
		"<!--<?x y?><HostName>www.example.org</HostName-->":                   "",
		"<HostName>live.example.org</HostName><!-- nothing commented out -->": "",
	} {
		x := parse(t, "<r>"+comment+"</r>")
		got := x.Root().CommentedOut("HostName")
		switch {
		case want == "" && len(got) > 0:
			t.Errorf("%s: taken for one element", comment)
		case want == hit && (len(got) != 1 || got[0].Text() != text || got[0].Line() != 1):
			t.Errorf("%s: %d found", comment, len(got))
		}
	}
	x := parse(t, "<r>\n<!--p name='a' x=\"&lt;ü\">v</p-->\n<!--p name='b'/-->\n<!-- prose -->\n</r>")
	all := x.Root().CommentedOut("p")
	if len(all) != 2 || len(x.Root().Comments()) != 3 {
		t.Fatalf("%d commented out, %d comments", len(all), len(x.Root().Comments()))
	}
	if v, found := all[0].Attr("x"); !found || v != "<ü" {
		t.Errorf("attribute %q", v)
	}
	if _, found := all[1].Attr("x"); found || all[1].Text() != "" || all[1].Line() != 3 {
		t.Errorf("second: text %q, line %d", all[1].Text(), all[1].Line())
	}
	if prose := x.Root().Comments()[2]; prose.Text() != "" {
		t.Errorf("prose has text %q", prose.Text())
	}
}
