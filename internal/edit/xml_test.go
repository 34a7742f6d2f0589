package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const declared = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n"

func TestXMLSetText(t *testing.T) {
	for name, c := range map[string]struct{ before, value, after string }{
		"plain":                        {"<r><a>1</a></r>", "2", "<r><a>2</a></r>"},
		"the same":                     {"<r><a>1</a></r>", "1", "<r><a>1</a></r>"},
		"outer blanks stay":            {"<r><a>\r\n\t1 1\t\r\n</a></r>", "2", "<r><a>\r\n\t2\t\r\n</a></r>"},
		"escaped":                      {"<r><a>1</a></r>", `<&>"']]>`, `<r><a>&lt;&amp;&gt;"']]&gt;</a></r>`},
		"references go":                {"<r><a>&#x20;x&amp;y&#10;</a></r>", "2", "<r><a>2</a></r>"},
		"references read":              {"<r><a>x&amp;y&#x3c;&#65;&apos;&quot;&gt;&lt;</a></r>", `x&y<A'"><`, "<r><a>x&amp;y&#x3c;&#65;&apos;&quot;&gt;&lt;</a></r>"},
		"self-closed":                  {"<r><a/></r>", "2", "<r><a>2</a></r>"},
		"self-closed with attribute":   {"<r><a b='1' /></r>", "2", "<r><a b='1'>2</a></r>"},
		"self-closed over lines":       {"<r><a\n b='1'\n/></r>", "2", "<r><a\n b='1'\n>2</a></r>"},
		"self-closed with prefix":      {"<r xmlns:p='u'><p:a/></r>", "2", "<r xmlns:p='u'><p:a>2</p:a></r>"},
		"empty":                        {"<r><a></a></r>", "2", "<r><a>2</a></r>"},
		"blank":                        {"<r><a>  \n </a></r>", "2", "<r><a>2</a></r>"},
		"to nothing":                   {"<r><a> 1 </a></r>", "", "<r><a>  </a></r>"},
		"line feed":                    {"<r>\r\n<a>1</a>\r\n</r>", "2\n3", "<r>\r\n<a>2\r\n3</a>\r\n</r>"},
		"carriage return":              {"<r><a>1</a></r>", "2\r\n3", "<r><a>2&#13;\n3</a></r>"},
		"tab":                          {"<r><a>1</a></r>", "2\t3", "<r><a>2\t3</a></r>"},
		"no final newline":             {"<a>1</a>", "2", "<a>2</a>"},
		"BOM":                          {"\uFEFF<a>1</a>\n", "ü", "\uFEFF<a>ü</a>\n"},
		"ISO-8859-1":                   {declared + "<a>\xFC</a>", "ö€", declared + "<a>\xF6&#8364;</a>"},
		"ISO-8859-1, the same":         {declared + "<a>\xFC</a>", "ü", declared + "<a>\xFC</a>"},
		"US-ASCII":                     {"<?xml version='1.0' encoding='US-ASCII'?><a>1</a>", "aü", "<?xml version='1.0' encoding='US-ASCII'?><a>a&#252;</a>"},
		"beyond the BMP":               {declared + "<a>1</a>", "😀", declared + "<a>&#128512;</a>"},
		"CDATA":                        {"<r><a> <![CDATA[ 1 ]]> </a></r>", "<2>", "<r><a> <![CDATA[ <2> ]]> </a></r>"},
		"CDATA, its end in the value":  {"<r><a><![CDATA[1]]></a></r>", "x]]>y]]", "<r><a><![CDATA[x]]]]><![CDATA[>y]]]]></a></r>"},
		"CDATA, encoding lacks it":     {declared + "<a><![CDATA[1]]></a>", "€", declared + "<a>&#8364;</a>"},
		"CDATA, carriage return":       {"<a>\n<![CDATA[1]]></a>", "2\r3", "<a>\n2&#13;3</a>"},
		"CDATA, ISO-8859-1":            {declared + "<a><![CDATA[1]]></a>", "ü\n", ""},
		"CDATA in ISO-8859-1":          {declared + "<a><![CDATA[1]]></a>", "ü", declared + "<a><![CDATA[\xFC]]></a>"},
		"CDATA to nothing":             {"<a><![CDATA[1]]></a>", "", "<a><![CDATA[]]></a>"},
		"empty CDATA":                  {"<a><![CDATA[]]></a>", "2", "<a><![CDATA[]]>2</a>"},
		"CDATA beside text":            {"<a> x<![CDATA[<]]>y </a>", "2", "<a> 2 </a>"},
		"CDATA, read":                  {"<a> x<![CDATA[<&amp;]]>y </a>", "x<&amp;y", "<a> x<![CDATA[<&amp;]]>y </a>"},
		"two CDATA":                    {"<a> <![CDATA[1]]><![CDATA[2]]> </a>", "3", "<a> 3 </a>"},
		"comment in front":             {"<a> <!-- c -->1 </a>", "2", "<a> <!-- c -->2 </a>"},
		"comment behind":               {"<a>1<!-- c --></a>", "2", "<a>2<!-- c --></a>"},
		"comment inside":               {"<u>jdbc:<!-- path -->;AUTO=TRUE</u>", "jdbc:x", "<u>jdbc:x<!-- path --></u>"},
		"comment inside, read":         {"<u>jdbc:<!-- path -->;AUTO=TRUE</u>", "jdbc:;AUTO=TRUE", "<u>jdbc:<!-- path -->;AUTO=TRUE</u>"},
		"comment and blanks":           {"<u>\n  a\n <!-- c -->\n b\n</u>", "x", "<u>\n  x\n <!-- c -->\n \n</u>"},
		"only a comment":               {"<u>\n <!-- A:foo -->\n</u>", "x", "<u>\n <!-- A:foo -->x\n</u>"},
		"two comments":                 {"<u>a<!--1-->b<!--2-->c</u>", "", "<u><!--1--><!--2--></u>"},
		"comment between CDATA":        {"<u><![CDATA[a]]><!--1--><![CDATA[b]]>c</u>", "x", "<u><![CDATA[x]]><!--1--></u>"},
		"comment, CDATA beside text":   {"<u>0<![CDATA[a]]><!--1--><![CDATA[b]]></u>", "x", "<u>x<!--1--><![CDATA[]]></u>"},
		"processing instruction":       {"<u>a<?x y?>b</u>", "x", "<u>x<?x y?></u>"},
		"single quotes are left alone": {"<r x='&quot;'><a b = '1'>1</a></r>", "2", "<r x='&quot;'><a b = '1'>2</a></r>"},
	} {
		t.Run(name, func(t *testing.T) {
			x := parse(t, c.before)
			e := leaves(x)[0]
			err := x.SetText(e, c.value)
			if c.after == "" {
				if err == nil {
					t.Error("not refused")
				}
				return
			}
			ok(t, err)
			if got := e.Text(); got != c.value {
				t.Errorf("before Commit it reads %q", got)
			}
			at := place(e)
			before := mustJudge(t, x.Bytes())
			splices := commit(t, x)
			if got := string(x.Bytes()); got != c.after {
				t.Errorf("got  %q\nwant %q", got, c.after)
			}
			after := mustJudge(t, x.Bytes())
			if diff := differs(before, after); after[at] != c.value || len(diff) > 1 || len(diff) == 1 && diff[0] != at {
				t.Errorf("differs at %q, value %q", diff, after[at])
			}
			if leaves(x)[0].Text() != c.value {
				t.Errorf("after Commit it reads %q", leaves(x)[0].Text())
			}
			if c.before == c.after && len(splices) > 0 {
				t.Errorf("splices without a change: %+v", splices)
			}
		})
	}
}

// leaves returns the elements without elements.
func leaves(x *XML) []*Element {
	return slices.DeleteFunc(elements(x), func(e *Element) bool { return e.hasElements() })
}

func TestXMLAttributes(t *testing.T) {
	set := func(name, value, after string) func(*XML, *Element) error {
		return func(x *XML, e *Element) error { return x.SetAttr(e, name, value, after) }
	}
	remove := func(name string) func(*XML, *Element) error {
		return func(x *XML, e *Element) error { return x.RemoveAttr(e, name) }
	}
	type do = []func(*XML, *Element) error
	for name, c := range map[string]struct {
		before string
		do     do
		after  string
	}{
		"set":                          {`<a b="1" c="2"/>`, do{set("b", "3", "")}, `<a b="3" c="2"/>`},
		"set the same":                 {`<a b="1"/>`, do{set("b", "1", "")}, `<a b="1"/>`},
		"set and set back":             {`<a b="1"/>`, do{set("b", "2", ""), set("b", "1", "")}, `<a b="1"/>`},
		"set twice":                    {`<a b="1"/>`, do{set("b", "2", ""), set("b", "3", "")}, `<a b="3"/>`},
		"single quotes":                {`<a b = '1'/>`, do{set("b", `'"<>&`, "")}, `<a b = '&apos;"&lt;>&amp;'/>`},
		"double quotes":                {`<a b="1"/>`, do{set("b", `'"<>&]]>`, "")}, `<a b="'&quot;&lt;>&amp;]]>"/>`},
		"white space":                  {`<a b="1"/>`, do{set("b", " \t\n\r ", "")}, `<a b=" &#9;&#10;&#13; "/>`},
		"white space, read":            {"<a b=\"x\r\ny\tz&#10;\"/>", do{set("b", "x y z\n", "")}, "<a b=\"x\r\ny\tz&#10;\"/>"},
		"encoding":                     {declared + `<a b=""/>`, do{set("b", "ü€", "")}, declared + "<a b=\"\xFC&#8364;\"/>"},
		"add, none there":              {`<a/>`, do{set("b", "1", "")}, `<a b="1"/>`},
		"add, none there, blank":       {`<a ></a>`, do{set("b", "1", "x")}, `<a b="1" ></a>`},
		"add last":                     {`<a b="1"></a>`, do{set("c", "2", ""), set("d", "3", "nothing")}, `<a b="1" c="2" d="3"></a>`},
		"add behind":                   {`<a b="1" d="3"/>`, do{set("c", "2", "b")}, `<a b="1" c="2" d="3"/>`},
		"add behind a new one":         {`<a b="1" e="3"/>`, do{set("c", "2", "b"), set("d", "2", "c")}, `<a b="1" c="2" d="2" e="3"/>`},
		"add, one on each line":        {"<a b=\"1\"\r\n   d=\"3\"/>", do{set("c", "2", "b")}, "<a b=\"1\"\r\n   c=\"2\"\r\n   d=\"3\"/>"},
		"add last, one on each line":   {"<a b=\"1\"\n   d=\"3\"/>", do{set("c", "2", "")}, "<a b=\"1\"\n   d=\"3\"\n   c=\"2\"/>"},
		"add and remove":               {`<a b="1"/>`, do{set("c", "2", ""), remove("c")}, `<a b="1"/>`},
		"remove":                       {`<a b="1"  c='2' d="3"/>`, do{remove("c")}, `<a b="1" d="3"/>`},
		"remove the first, over lines": {"<a\n  b='1'\n  c='2'\n/>", do{remove("b")}, "<a\n  c='2'\n/>"},
		"remove what is not there":     {`<a b="1"/>`, do{remove("x")}, `<a b="1"/>`},
		"remove all":                   {`<a b="1" c="2"/>`, do{remove("b"), remove("c")}, `<a/>`},
		"remove and set":               {`<a b="1" c="2"/>`, do{remove("b"), set("b", "3", "")}, `<a b="3" c="2"/>`},
		"remove and add behind":        {`<a b="1" c="2"/>`, do{remove("b"), set("n", "3", "b")}, `<a n="3" c="2"/>`},
		"declaration and its use":      {`<a>x</a>`, do{set("s:alias", "A", ""), set("xmlns:s", "urn:s", "")}, `<a s:alias="A" xmlns:s="urn:s">x</a>`},
		"the same declaration":         {`<a xmlns:s="urn:s"/>`, do{set("xmlns:s", "urn:s", "")}, `<a xmlns:s="urn:s"/>`},
		"remove a declaration":         {`<a xmlns:s="urn:s" s:b="1"/>`, do{remove("s:b"), remove("xmlns:s")}, `<a/>`},
		"> in the value before":        {`<a b="x>y/>" c=""/>`, do{set("c", "1", "")}, `<a b="x>y/>" c="1"/>`},
	} {
		t.Run(name, func(t *testing.T) {
			x := parse(t, c.before)
			for _, f := range c.do {
				ok(t, f(x, x.Root()))
			}
			pending := x.Root().Attrs()
			splices := commit(t, x)
			if got := string(x.Bytes()); got != c.after {
				t.Errorf("got  %q\nwant %q", got, c.after)
			}
			if now := x.Root().Attrs(); !slices.Equal(pending, now) {
				t.Errorf("before Commit it read %q, after it %q", pending, now)
			}
			if c.before == c.after && len(splices) > 0 {
				t.Errorf("splices without a change: %+v", splices)
			}
		})
	}
}

func TestXMLLastEditWins(t *testing.T) {
	x := parse(t, "<r><a>1</a><b>1</b></r>")
	a, b := x.First("/r/a"), x.First("/r/b")
	ok(t, x.SetText(a, "2"), x.SetText(b, "2"), x.SetText(a, "3", Because("why")), x.SetText(b, "1"))
	splices := commit(t, x)
	if string(x.Bytes()) != "<r><a>3</a><b>1</b></r>" || len(splices) != 1 || splices[0].Reason != "why" {
		t.Errorf("%s %+v", x.Bytes(), splices)
	}
	if x.Pending() {
		t.Error("pending")
	}
	if s := commit(t, x); s != nil {
		t.Errorf("a second Commit has splices %+v", s)
	}
}

func TestXMLPendingReads(t *testing.T) {
	x := parse(t, "<r>\n <a n='1'>x</a>\n <a n='2'>y</a>\n <b><c>z</c></b>\n</r>")
	if x.Pending() || x.Name() != "conf/test.xml" {
		t.Error("pending at the start, or the name is wrong")
	}
	ok(t, x.SetAttr(x.First("/r/a[@n='1']"), "n", "3", ""), x.SetText(x.First("/r/b/c"), "w"), x.Remove(x.First("/r/a[2]")))
	for path, want := range map[string]int{"/r/a": 1, "/r/a[@n='3']": 1, "/r/a[@n='1']": 0, "/r/a[@n='2']": 0, "/r/b[c='w']": 1, "/r/b[c='z']": 0, "/r/*": 2} {
		if got := len(x.Find(path)); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if !x.Pending() {
		t.Error("nothing is pending")
	}
	if !bytes.Contains(x.Bytes(), []byte("y")) {
		t.Error("the bytes changed before Commit")
	}
	commit(t, x)
	if got := string(x.Bytes()); got != "<r>\n <a n='3'>x</a>\n <b><c>w</c></b>\n</r>" {
		t.Errorf("got %q", got)
	}
}

func TestXMLFind(t *testing.T) {
	x := parse(t, `<s:r xmlns:s="u" xmlns="d">
  <p name="a">1</p>
  <q><p name="b" s:k="v">2</p><p name="it's">3</p><q><p name="c">4</p></q></q>
  <ds><name>X</name><def>x</def></ds><ds><name> Y&amp; </name><def>y</def></ds>
</s:r>`)
	for path, want := range map[string]string{
		"/r":                                  "",
		"/r/p":                                "1",
		"/1":                                  "none",
		"/x":                                  "none",
		"/r/q/p":                              "2,3",
		"/r/q/p[2]":                           "3",
		"/r/q/p[3]":                           "none",
		"/r/q/p[@name]":                       "2,3",
		"/r/q/p[@s:k='v']":                    "2",
		"/r/q/p[@k='v']":                      "none",
		"//p":                                 "1,2,3,4",
		"//q//p":                              "2,3,4",
		"//q/p[1]":                            "2,4",
		"//*[@name='c']":                      "4",
		"/r/*/p[@name=\"it's\"]":              "3",
		"/r/*/p[@name=" + Quote("it's") + "]": "3",
		"//ds[name='X']/def":                  "x",
		"//ds[name='Y&']/def":                 "y",
		"//ds[name]/def[1]":                   "x,y",
		"//ds[name='Z']/def":                  "none",
		"/r/q/p[@name='b'][@s:k='v'][1]":      "2",
		"/r//q/q/p":                           "4",
	} {
		var got []string
		for _, e := range x.Find(path) {
			got = append(got, e.Text())
		}
		if s := strings.Join(got, ","); len(got) > 0 && s != want || len(got) == 0 && want != "none" {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	q := x.First("/r/q")
	if got := q.Find("p"); len(got) != 2 || q.First("q/p").Text() != "4" || len(q.Find("//p")) != 3 || q.First("x") != nil {
		t.Error("looking up from an element")
	}
	if q.Space() != "d" || q.Parent().Space() != "u" || q.Parent().Name() != "r" || q.Parent().Parent() != nil || len(q.Children()) != 3 {
		t.Error("namespaces, names or relations")
	}
	if got := x.First("//p[@name='c']").Path(); got != "/r/q/q/p" {
		t.Errorf("path %q", got)
	}
	if got := x.First("//p[@name='b']"); got.Path() != "/r/q/p[@name='b']" || x.First(got.Path()) != got || got.Line() != 3 || got.AttrLine("s:k") != 3 || got.AttrLine("x") != 0 {
		t.Errorf("path %q", got.Path())
	}
	for _, path := range []string{"", "r", "/", "//", "/r/", "/r[", "/r[]", "/r[@]", "/r[0]", "/r[@a=b]", "/r[@a='b]", "/r[@a='b'", "/r]", "r//p[", "/r/a b", "/s:r", "/r[1", "/r['x']", "/r[@a='b']c", "/r:"} {
		if !panics(func() { x.Find(path) }) {
			t.Errorf("%q does not panic", path)
		}
	}
	if !panics(func() { q.Find("/r/q") }) {
		t.Error("an absolute path in an element does not panic")
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestXMLNilElement(t *testing.T) {
	var e *Element
	var c *Comment
	_, attr := e.Attr("a")
	_, hidden := c.Attr("a")
	if e.Text() != "" || attr || hidden || e.Line() != 0 || e.AttrLine("a") != 0 || e.Path() != "" || e.Name() != "" || e.Space() != "" || e.Attrs() != nil ||
		e.Children() != nil || e.Comments() != nil || e.CommentedOut("a") != nil || e.Parent() != nil || e.First("a") != nil || c.Text() != "" || c.Line() != 0 {
		t.Error("a nil element has something in it")
	}
	x := parse(t, "<r/>")
	for what, err := range map[string]error{
		"SetText": x.SetText(nil, "v"), "SetAttr": x.SetAttr(nil, "a", "v", ""), "RemoveAttr": x.RemoveAttr(nil, "a"), "Remove": x.Remove(nil),
		"Insert": x.Insert(After(nil), New{Name: "a"}), "Instead": x.Insert(Instead(nil), New{Name: "a"}), "SetChild": x.SetChild(nil, New{Name: "a"}, nil),
		"no place": x.Insert(Place{}, New{Name: "a"}),
	} {
		isRefusal(t, what, err, 0)
	}
}

// isRefusal proves that err is an *Error of the test file about that line.
func isRefusal(t *testing.T, what string, err error, line int) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.File != "conf/test.xml" || e.Line != line || e.What == "" || e.Fix == "" {
		t.Errorf("%s: %v (%+v), want a refusal in line %d", what, err, e, line)
	}
}

func TestXMLEditsRefused(t *testing.T) {
	src := "<r xmlns:p='u'>\n<a><b>1</b></a>\n<c>v</c>\n<d xmlns:q='w'/>\n<!-- c -->\n<e>v<!--x>1</x--></e></r>"
	x := parse(t, src)
	a, c, d := x.First("/r/a"), x.First("/r/c"), x.First("/r/d")
	other := parse(t, src).Root()
	for what, f := range map[string]struct {
		line int
		do   func() error
	}{
		"text of a parent":        {2, func() error { return x.SetText(a, "v") }},
		"control character":       {3, func() error { return x.SetText(c, "a\x01b") }},
		"NUL":                     {3, func() error { return x.SetText(c, "\x00") }},
		"no character":            {3, func() error { return x.SetText(c, "\uFFFE") }},
		"invalid UTF-8":           {3, func() error { return x.SetText(c, "a\xFFb") }},
		"surrogate":               {3, func() error { return x.SetText(c, "\xED\xA0\x80") }},
		"leading blank":           {3, func() error { return x.SetText(c, " a") }},
		"trailing line feed":      {3, func() error { return x.SetText(c, "a\n") }},
		"control character, attr": {3, func() error { return x.SetAttr(c, "k", "\x1b", "") }},
		"name of an attribute":    {3, func() error { return x.SetAttr(c, "k v", "1", "") }},
		"name with two colons":    {3, func() error { return x.SetAttr(c, "a:b:c", "1", "") }},
		"default namespace":       {1, func() error { return x.SetAttr(x.Root(), "xmlns", "u", "") }},
		"another meaning":         {4, func() error { return x.SetAttr(d, "xmlns:p", "v", "") }},
		"another meaning, same":   {4, func() error { return x.SetAttr(d, "xmlns:q", "v", "") }},
		"no meaning":              {4, func() error { return x.SetAttr(d, "xmlns:s", "", "") }},
		"the prefix xml":          {4, func() error { return x.SetAttr(d, "xmlns:xml", "v", "") }},
		"of another document":     {1, func() error { return x.SetText(other, "v") }},
		"the root":                {1, func() error { return x.Remove(x.Root()) }},
		"beside the root":         {1, func() error { return x.Insert(After(x.Root()), New{Name: "n"}) }},
		"into a value":            {3, func() error { return x.Insert(LastIn(c), New{Name: "n"}) }},
		"instead, in a value":     {6, func() error { return x.Insert(Instead(x.First("/r/e").CommentedOut("x")[0]), New{Name: "x"}) }},
		"name of an element":      {1, func() error { return x.Insert(LastIn(x.Root()), New{Name: "1n"}) }},
		"empty name":              {1, func() error { return x.Insert(LastIn(x.Root()), New{}) }},
		"text and children": {1, func() error {
			return x.Insert(LastIn(x.Root()), New{Name: "n", Text: "v", Children: []New{{Name: "m"}}})
		}},
		"an attribute twice": {1, func() error { return x.Insert(LastIn(x.Root()), New{Name: "n", Attrs: []Attr{{"a", "1"}, {"a", "2"}}}) }},
		"bad text of a child": {1, func() error {
			return x.Insert(LastIn(x.Root()), New{Name: "n", Children: []New{{Name: "m", Text: "\x02"}}})
		}},
		"bad attribute":            {1, func() error { return x.Insert(LastIn(x.Root()), New{Name: "n", Attrs: []Attr{{"a", "\x02"}}}) }},
		"bad name of an attribute": {1, func() error { return x.Insert(LastIn(x.Root()), New{Name: "n", Attrs: []Attr{{"", "1"}}}) }},
		"a child that is a parent": {1, func() error { return x.SetChild(x.Root(), New{Name: "a", Text: "v"}, nil) }},
		"a child with children":    {1, func() error { return x.SetChild(x.Root(), New{Name: "z", Children: []New{{Name: "m"}}}, nil) }},
	} {
		err := f.do()
		line := f.line
		if what == "a child that is a parent" {
			line = 2
		}
		isRefusal(t, what, err, line)
		if x.Pending() {
			t.Fatalf("%s: refused, but pending", what)
		}
	}
	ok(t, x.Remove(a))
	isRefusal(t, "text of a removed one", x.SetText(a.First("b"), "2"), 2)
	isRefusal(t, "attribute of a removed one", x.SetAttr(a, "k", "2", ""), 2)
	isRefusal(t, "into a removed one", x.Insert(LastIn(a), New{Name: "n"}), 2)
	ok(t, x.SetText(d, "v"))
	isRefusal(t, "into one with a new value", x.Insert(LastIn(d), New{Name: "n"}), 4)
	ok(t, x.SetText(d, ""), x.Insert(LastIn(d), New{Name: "n"}))
	isRefusal(t, "a value beside a new element", x.SetText(d, "v"), 4)
	commit(t, x)
	isRefusal(t, "an element from before Commit", x.SetText(c, "w"), 3)
}

func TestXMLUndeclaredPrefix(t *testing.T) {
	x := parse(t, "<r><a>1</a></r>")
	ok(t, x.SetText(x.First("/r/a"), "2"), x.SetAttr(x.First("/r/a"), "s:k", "v", ""))
	if _, err := x.Commit(); err == nil {
		t.Fatal("an undeclared prefix is let through")
	} else {
		isRefusal(t, "prefix", err, 0)
	}
	if x.Pending() || string(x.Bytes()) != "<r><a>1</a></r>" || x.First("/r/a").Text() != "1" {
		t.Error("the document is not as before")
	}
	ok(t, x.SetText(x.First("/r/a"), "3"))
	commit(t, x)
	if string(x.Bytes()) != "<r><a>3</a></r>" {
		t.Error("the document cannot be edited any more")
	}
	x = parse(t, "<r>\n<s:a><b xmlns:t='u' t:k='v'/><t:c/></s:a>\n<d/></r>") // was undeclared before
	ok(t, x.SetText(x.First("/r/d"), "2"))
	commit(t, x)
	ok(t, x.RemoveAttr(x.First("//b"), "xmlns:t"))
	if _, err := x.Commit(); err == nil {
		t.Error("a declaration in use can be removed")
	}
}

func TestXMLSecrets(t *testing.T) {
	src := "<r>\n  <Password a='old'>old</Password>\n  <Empty/>\n  <!--Key>old</Key-->\n  <u>x<!-- c -->y</u>\n  <Gone>old</Gone>\n</r>"
	x := parse(t, src)
	p := x.First("/r/Password")
	ok(t,
		x.SetText(p, "s3cr&t", Secret(), Because("the guideline")),
		x.SetAttr(p, "a", "s3cr&t", "", Secret()),
		x.SetAttr(p, "b", "s3cr&t", "", Secret()),
		x.SetText(x.First("/r/Empty"), "s3cr&t", Secret()),
		x.SetChild(x.Root(), New{Name: "Key", Text: "s3cr&t", Secret: true}, nil),
		x.SetText(x.First("/r/u"), "s3cr&t", Secret()),
		x.Remove(x.First("/r/Gone"), Secret()),
		x.Insert(LastIn(x.Root()), New{Name: "user", Attrs: []Attr{{"pw", "s3cr&t"}}}, Secret()),
		x.Insert(LastIn(x.Root()), New{Name: "user", Attrs: []Attr{{"name", "open"}}, Children: []New{{Name: "pw", Text: "s3cr&t"}}}, Secret()),
	)
	count, hidden := 0, 0
	for _, s := range commit(t, x) {
		shown := slices.Clone(s.New)
		for _, r := range s.Secrets {
			if got := string(s.New[r.Start:r.End]); got != "s3cr&amp;t" {
				t.Errorf("a secret is %q", got)
			}
			for i := r.Start; i < r.End; i++ {
				shown[i] = '*'
			}
			count++
		}
		if bytes.Contains(shown, []byte("s3cr")) {
			t.Errorf("the secret shows in %q", shown)
		}
		if s.OldSecret {
			hidden++
		}
		if old := src[s.Start:s.End]; strings.Contains(old, "old") && !s.OldSecret {
			t.Errorf("the old secret shows in %q", old)
		}
	}
	if count != 8 || hidden != 6 || !bytes.Contains(x.Bytes(), []byte(`<user name="open">`)) {
		t.Errorf("%d secrets, %d old ones", count, hidden)
	}
}

func TestXMLRefused(t *testing.T) {
	deep := strings.Repeat("<a>", 100000)
	for name, c := range map[string]struct {
		data string
		line int
	}{
		"empty":                       {"", 1},
		"blank":                       {" \n ", 2},
		"no element":                  {"<!-- c -->\n", 2},
		"text first":                  {"x<a/>", 1},
		"text last":                   {"<a/>\n\n x", 3},
		"two roots":                   {"<a/>\n<b/>", 2},
		"never closed":                {"<a>\n<b></b>", 1},
		"wrong end tag":               {"<a>\n<b></a></b>", 2},
		"end tag alone":               {"<a/>\n</a>", 2},
		"end tag of another case":     {"<a></A>", 1},
		"tag cut off":                 {"<a>\n<b c='1'", 2},
		"tag cut off at the slash":    {"<a/", 1},
		"a lone <":                    {"<a>\n<", 2},
		"< before a blank":            {"<a>1 < 2</a>", 1},
		"attribute without value":     {"<a b/>", 1},
		"attribute without quotes":    {"<a b=1/>", 1},
		"attribute twice":             {"<a b='1'\n b='2'/>", 2},
		"attribute twice, many":       {"<a " + manyAttrs(40) + "\na7='2'/>", 2},
		"attributes without a blank":  {"<a b='1'c='2'/>", 1},
		"< in an attribute":           {"<a b='<'/>", 1},
		"attribute never closed":      {"<a>\n<b c='1></b></a>", 2},
		"colon first":                 {"<:a/>", 1},
		"colon last":                  {"<a:/>", 1},
		"two colons":                  {"<a:b:c/>", 1},
		"digit behind the colon":      {"<a:1/>", 1},
		"colon in an attribute":       {"<a :b='1'/>", 1},
		"comment never closed":        {"<a>\n<!-- x </a>", 2},
		"-- in a comment":             {"<a><!-- x -- y --></a>", 1},
		"--->":                        {"<a><!-- x ---></a>", 1},
		"CDATA never closed":          {"<a>\n<![CDATA[ x </a>", 2},
		"CDATA outside":               {"<![CDATA[x]]><a/>", 1},
		"]]> in text":                 {"<a>\n]]></a>", 2},
		"unknown entity":              {"<a>\n&nbsp;</a>", 2},
		"unknown entity, attribute":   {"<a b='&x;'/>", 1},
		"lone &":                      {"<a>a & b</a>", 1},
		"reference to NUL":            {"<a>&#0;</a>", 1},
		"reference to a control":      {"<a>&#x1F;</a>", 1},
		"reference to a surrogate":    {"<a>&#xD800;</a>", 1},
		"reference too large":         {"<a>&#x110000;</a>", 1},
		"reference with a sign":       {"<a>&#+65;</a>", 1},
		"reference without digits":    {"<a>&#;</a>", 1},
		"reference never closed":      {"<a>&#65</a>", 1},
		"control character":           {"<a>\n\x08</a>", 2},
		"NUL":                         {"<a>\n\x00</a>", 2},
		"U+FFFF":                      {"<a>\n\uFFFF</a>", 2},
		"invalid UTF-8":               {"<a>\n\n\xFC</a>", 3},
		"not US-ASCII":                {"<?xml version='1.0' encoding='us-ascii'?>\n<a>\xFC</a>", 2},
		"UTF-16":                      {"\xFF\xFE<\x00a\x00/\x00>\x00", 1},
		"unknown encoding":            {"<?xml version='1.0' encoding='windows-1252'?><a/>", 1},
		"BOM and ISO-8859-1":          {"\uFEFF" + declared + "<a/>", 1},
		"XML 1.1":                     {"<?xml version='1.1'?><a/>", 1},
		"declaration without version": {"<?xml encoding='UTF-8'?><a/>", 1},
		"declaration out of order":    {"<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>", 1},
		"declaration never closed":    {"<?xml version='1.0'><a/>", 1},
		"declaration empty":           {"<?xml?><a/>", 1},
		"declaration, no quotes":      {"<?xml version=1.0?><a/>", 1},
		"declaration later":           {"\n<?xml version='1.0'?><a/>", 2},
		"instruction never closed":    {"<a>\n<?x </a>", 2},
		"instruction without target":  {"<a><? x?></a>", 1},
		"instruction, bad target":     {"<a><?x+y?></a>", 1},
		"entity declared":             {"<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", 2},
		"entity bomb":                 {"<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>\n<a>&b;</a>", 1},
		"external entity":             {"<!DOCTYPE a SYSTEM 'x.dtd' [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", 1},
		"entity of a DTD":             {"<!DOCTYPE a SYSTEM 'x.dtd'>\n<a>&x;</a>", 2},
		"two DOCTYPE":                 {"<!DOCTYPE a>\n<!DOCTYPE a><a/>", 2},
		"DOCTYPE later":               {"<a/>\n<!DOCTYPE a>", 2},
		"DOCTYPE inside":              {"<a>\n<!DOCTYPE a></a>", 2},
		"DOCTYPE, bad":                {"<!DOCTYPE a SYSTEM><a/>", 1},
		"DOCTYPE, no name":            {"<!DOCTYPE><a/>", 1},
		"DOCTYPE, cut off":            {"<!DOCTYPE a PUBLIC 'x' 'y", 1},
		"another declaration":         {"<a><!ELEMENT a></a>", 1},
		"<! cut off":                  {"<a><!", 1},
		"too deep":                    {"<a>\n" + deep, 2},
		"too large":                   {"<a>" + strings.Repeat(" ", MaxFileSize) + "</a>", 0},
		"too many":                    {"<r>\n" + strings.Repeat("<a/>", maxNodes) + "</r>", 2},
		"too many attributes":         {"<r>\n" + strings.Repeat("<a b='' c=''/>", maxNodes/2) + "</r>", 2},
	} {
		x, err := ParseXML("conf/test.xml", []byte(c.data))
		if x != nil {
			t.Errorf("%s: a document comes with the error", name)
		}
		isRefusal(t, name, err, c.line)
	}
}

func manyAttrs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d='%d'", i, i)
	}
	return b.String()
}

func TestXMLAccepted(t *testing.T) {
	for name, data := range map[string]string{
		"smallest":             "<a/>",
		"declaration":          "<?xml version = '1.0'  encoding=\"utf-8\" standalone='no' ?>\n<a/>",
		"comments around":      "<!-- a --><?p i?>\n<a/>\n<!-- b --><?p?>\n",
		"DOCTYPE":              "<!DOCTYPE web-app PUBLIC \"-//X//DTD Y 2.3//EN\"\n \"http://x/y.dtd\">\n<web-app/>",
		"DOCTYPE, system":      "<!-- c --><!DOCTYPE a SYSTEM 'x \"y\"' ><a/>",
		"DOCTYPE, bare":        "<!DOCTYPE a><a/>",
		"many attributes":      "<a" + manyAttrs(60) + "/>",
		"names":                "<a-b.c_1><ü:é xmlns:ü='u' x·y='1'/></a-b.c_1>",
		"blanks in tags":       "<a\n\tb\n=\n'1'\n></a\n>",
		"> and quotes in text": "<a>\"x' > ]] ></a>",
		"deep, but not too":    strings.Repeat("<a>", maxDepth) + strings.Repeat("</a>", maxDepth),
		"CR":                   "<a>\r<b x='\r'/>x\ry</a>",
		"no declaration, BOM":  "\uFEFF<a>ü</a>",
		"undeclared prefix":    "<x:a/>",
		"Latin-1":              "<?xml version='1.0' encoding='latin1'?><\xE9 \xFC='\x80'>\xFF</\xE9>",
	} {
		x, err := ParseXML("conf/test.xml", []byte(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if string(x.Bytes()) != data {
			t.Errorf("%s: other bytes", name)
		}
		if strings.Contains(name, "Latin-1") {
			if e := x.Root(); e.Name() != "é" || e.Text() != "ÿ" || e.Attrs()[0] != (Attr{"ü", "\u0080"}) {
				t.Errorf("%s: read as %s", name, e.Path())
			}
		}
		judgeReading(t, x)
	}
}

// TestXMLProofIsNeeded has Commit judge results that are wrong, as a fault in the writing of splices would make them.
func TestXMLProofIsNeeded(t *testing.T) {
	const src = "<r a='1'>\n <a k='1'>x</a>\n <b>y</b>\n <!-- c -->\n <?p i?>\n</r>"
	for name, result := range map[string]string{
		"nothing changed":     src,
		"another value":       strings.Replace(src, ">x<", ">z<", 1),
		"value beside it":     "<r a='1'>\n <a k='1'>w</a>\n <b>z</b>\n <!-- c -->\n <?p i?>\n</r>",
		"attribute beside it": "<r a='2'>\n <a k='1'>w</a>\n <b>y</b>\n <!-- c -->\n <?p i?>\n</r>",
		"its attribute":       "<r a='1'>\n <a k='2'>w</a>\n <b>y</b>\n <!-- c -->\n <?p i?>\n</r>",
		"attribute more":      "<r a='1'>\n <a k='1' l='2'>w</a>\n <b>y</b>\n <!-- c -->\n <?p i?>\n</r>",
		"comment":             "<r a='1'>\n <a k='1'>w</a>\n <b>y</b>\n <!-- d -->\n <?p i?>\n</r>",
		"comment gone":        "<r a='1'>\n <a k='1'>w</a>\n <b>y</b>\n <?p i?>\n</r>",
		"instruction":         "<r a='1'>\n <a k='1'>w</a>\n <b>y</b>\n <!-- c -->\n <?p j?>\n</r>",
		"element more":        "<r a='1'>\n <a k='1'>w</a>\n <b>y</b><c/>\n <!-- c -->\n <?p i?>\n</r>",
		"element gone":        "<r a='1'>\n <a k='1'>w</a>\n <!-- c -->\n <?p i?>\n</r>",
		"element renamed":     "<r a='1'>\n <a k='1'>w</a>\n <d>y</d>\n <!-- c -->\n <?p i?>\n</r>",
		"elements exchanged":  "<r a='1'>\n <b>y</b>\n <a k='1'>w</a>\n <!-- c -->\n <?p i?>\n</r>",
		"blanks between":      "<r a='1'>\n  <a k='1'>w</a>\n <b>y</b>\n <!-- c -->\n <?p i?>\n</r>",
		"text between":        "<r a='1'>t\n <a k='1'>w</a>\n <b>y</b>\n <!-- c -->\n <?p i?>\n</r>",
		"comment outside":     "<!-- x --><r a='1'>\n <a k='1'>w</a>\n <b>y</b>\n <!-- c -->\n <?p i?>\n</r>",
		"root renamed":        "<s a='1'>\n <a k='1'>w</a>\n <b>y</b>\n <!-- c -->\n <?p i?>\n</s>",
	} {
		x := parse(t, src)
		ok(t, x.SetText(x.First("/r/a"), "w"))
		next, err := scan("conf/test.xml", []byte(result))
		ok(t, err)
		if _, err := x.verify(next, nil); err == nil {
			t.Errorf("%s: let through", name)
		} else {
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	insertsAndRemoves := func(x *XML) {
		c := x.Root().Comments()[0]
		ok(t, x.Insert(After(x.First("/r/a")), New{Name: "n", Attrs: []Attr{{"k", "1"}}, Children: []New{{Name: "m", Text: "v"}}}), x.Insert(Instead(c), New{Name: "o"}), x.Remove(x.First("/r/b")))
	}
	const right = "<r a='1'>\n <a k='1'>x</a>\n <n k=\"1\">\n  <m>v</m>\n </n>\n <o/>\n <?p i?>\n</r>"
	x := parse(t, src)
	insertsAndRemoves(x)
	commit(t, x)
	if string(x.Bytes()) != right {
		t.Fatalf("got %q", x.Bytes())
	}
	for name, change := range map[string][2]string{
		"not removed":            {" <o/>", " <b>y</b><o/>"},
		"another removed":        {"<a k='1'>x</a>", "<b>y</b>"},
		"not inserted":           {"<o/>", ""},
		"comment still there":    {"<o/>", "<o/><!-- c -->"},
		"inserted twice":         {"<o/>", "<o/><o/>"},
		"with a value":           {"<o/>", "<o>1</o>"},
		"with another value":     {"<m>v</m>", "<m>w</m>"},
		"with another attribute": {"k=\"1\"", "k=\"2\""},
		"with another name":      {"<o/>", "<p/>"},
		"child of another name":  {"<m>v</m>", "<l>v</l>"},
		"child missing":          {"<m>v</m>", ""},
		"comment in it":          {"<m>v</m>", "<m>v</m><!-- c -->"},
		"in another place":       {"<a k='1'>x</a>\n <n k=\"1\">\n  <m>v</m>\n </n>", "<n k=\"1\">\n  <m>v</m>\n </n>\n <a k='1'>x</a>"},
		"text beside it":         {"<o/>", "<o/>t"},
		"attribute of the root":  {"a='1'", "a='2'"},
		"value of a neighbor":    {">x<", ">z<"},
	} {
		x := parse(t, src)
		insertsAndRemoves(x)
		_, order, err := x.tree.splices()
		ok(t, err)
		next, err := scan("conf/test.xml", []byte(strings.Replace(right, change[0], change[1], 1)))
		ok(t, err)
		if _, err := x.verify(next, order); err == nil {
			t.Errorf("%s: let through", name)
		}
	}
	x = parse(t, src)
	ok(t, x.SetText(x.First("/r/a"), "w"))
	next, err := scan("conf/test.xml", []byte(strings.Replace(src, ">x<", ">w<", 1)))
	ok(t, err)
	if _, err := x.verify(next, nil); err != nil {
		t.Errorf("the right result is refused: %v", err)
	}
}
