package edit

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// seeds are documents with everything that the editor has to keep.
var seeds = []string{
	"<a/>",
	"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n<!-- lic -->\r\n<Server xmlns=\"u\">\r\n\t<Name>W\xFC</Name>\r\n\t<!--HostName>h</HostName-->\r\n\t<Ports><Offset>0</Offset></Ports>\r\n</Server>",
	"\uFEFF<r a='1' b=\"2\"><a></a><b/><c x = '&lt;'/>\n  <d><![CDATA[<x>]]></d>\n <e>x<!-- c -->y<?p i?></e></r>\n",
	"<?xml version='1.0' encoding='us-ascii'?><p:r xmlns:p='u'><p:a p:k='v'>&#252;&amp;</p:a> <b>\n\t1\n</b></p:r>",
	"<!DOCTYPE r SYSTEM 'x'>\n<r>\n  <a/> <!-- of a -->\n  <b\n   x='1'\n   y='2'\n  />\n  text\n\n</r>",
	"<r><p/><q></q><s> </s><t>\n</t><u><!-- c --></u></r>",
}

// FuzzXMLParse: no input makes the parser panic; what it accepts, etree accepts and reads the same; no edit is no change.
func FuzzXMLParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := ParseXML("conf/test.xml", bytes.Clone(data))
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if s := commit(t, x); s != nil || !bytes.Equal(x.Bytes(), data) {
			t.Fatal("other bytes without an edit")
		}
		if _, err := judgeXML(data); err != nil {
			if isASCII(data) {
				t.Fatalf("etree refuses what is accepted: %v", err)
			}
			return // encoding/xml has the names of an older edition of XML
		}
		judgeReading(t, x)
		for _, e := range elements(x) {
			e.Path()
			e.Space()
			for _, c := range e.Comments() {
				c.Text()
				c.Line()
			}
		}
	})
}

// usable reports whether XML and Carbon can hold the value, in words of its own.
func usable(value string, trimmed bool) bool {
	if !utf8.ValidString(value) || trimmed && strings.Trim(value, " \t\r\n") != value {
		return false
	}
	for _, r := range value {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return true
}

// FuzzXMLValue: one edit of any text or attribute changes exactly this value, to exactly what was asked for, or is refused.
func FuzzXMLValue(f *testing.F) {
	for i, s := range seeds {
		for _, v := range []string{"v", "", hard, "a\r\nb\tc", "]]>", "😀", "a\x00", " a"} {
			f.Add([]byte(s), uint(i), v)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, pick uint, value string) {
		x, err := ParseXML("conf/test.xml", data)
		if err != nil {
			return
		}
		before, err := judgeXML(data)
		if err != nil {
			return
		}
		var edits []func() (string, bool, error)
		for _, e := range elements(x) {
			edits = append(edits, func() (string, bool, error) {
				return place(e), usable(value, true) && !e.hasElements(), x.SetText(e, value, Secret())
			})
			for _, a := range e.Attrs() {
				isDeclaration := a.Name == "xmlns" || strings.HasPrefix(a.Name, "xmlns:")
				edits = append(edits, func() (string, bool, error) {
					return place(e) + "@" + a.Name, usable(value, false) && (!isDeclaration || value == a.Value), x.SetAttr(e, a.Name, value, "", Secret())
				})
			}
		}
		at, usable, err := edits[pick%uint(len(edits))]()
		if (err == nil) != usable {
			t.Fatalf("%s: %q: usable %v, but %v", at, value, usable, err)
		}
		if err != nil {
			return
		}
		splices := commit(t, x)
		after := mustJudge(t, x.Bytes())
		diff := differs(before, after)
		if after[at] != value && (len(splices) > 0 || attrBlanks(after[at]) != value) || len(diff) > 1 || len(diff) == 1 && diff[0] != at {
			t.Fatalf("%s to %q: it is %q, differs at %q\n%s", at, value, after[at], diff, x.Bytes())
		}
		for _, s := range splices {
			for _, r := range s.Secrets {
				if len(splices) == 1 && r.End-r.Start < len(value) && x.tree.enc == encUTF8 && !strings.Contains(value, "\n") {
					t.Fatalf("the secret is longer than the range %v of %q", r, s.New)
				}
			}
		}
		if again := x.Find("//*"); len(again) != len(edits)-countAttrs(x) {
			t.Fatal("other elements")
		}
	})
}

func countAttrs(x *XML) (n int) {
	for _, e := range elements(x) {
		n += len(e.Attrs())
	}
	return n
}

// FuzzXMLStructure: any mix of edits in one Commit does what each of them says, and nothing else.
func FuzzXMLStructure(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18})
		f.Add([]byte(s), []byte{7, 0, 7, 1, 0, 1, 1, 1, 2, 1, 3, 1, 4, 1})
	}
	f.Fuzz(mixedEdits)
}

// TestXMLMixedEdits runs random programs of edits over the seeds, the same ones each time.
func TestXMLMixedEdits(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2))
	for range 1000 {
		program := make([]byte, 2+2*random.IntN(12))
		for i := range program {
			program[i] = byte(random.Uint32())
		}
		mixedEdits(t, []byte(seeds[random.IntN(len(seeds))]), program)
	}
}

func mixedEdits(t *testing.T, data, program []byte) {
	x, err := ParseXML("conf/test.xml", data)
	if err != nil || len(program) > 60 || bytes.Contains(data, []byte("zz")) {
		return
	}
	if _, err := judgeXML(data); err != nil || x.tree.unbound() > 0 {
		return // a new element with the undeclared prefix of its parent is refused
	}
	all := elements(x)
	var inserted []Place
	for i := 0; i+1 < len(program); i += 2 {
		e := all[int(program[i+1])%len(all)]
		name := fmt.Sprintf("zz%d", len(inserted))
		n := New{Name: name, Text: "t&" + name}
		at := Place{}
		switch program[i] % 9 {
		case 0:
			at = After(e)
		case 1:
			at = Before(e)
		case 2:
			at = FirstIn(e)
		case 3:
			at = LastIn(e)
			n = New{Name: name, Children: []New{{Name: "zz", Text: "x"}}, Attrs: []Attr{{"a", "\n"}}}
		case 4:
			if c := e.Comments(); len(c) > 0 {
				at = AfterComment(c[int(program[i])/9%len(c)])
			}
		case 5:
			if c := e.Comments(); len(c) > 0 {
				at = Instead(c[int(program[i])/9%len(c)])
			}
		case 6:
			_ = x.SetText(e, name) // refused for parents
		case 7:
			_ = x.Remove(e) // refused for the root
		case 8:
			ok(t, ignoreGone(x, e, x.SetAttr(e, "zz", name, "")))
		}
		if at != (Place{}) && x.Insert(at, n) == nil {
			inserted = append(inserted, at)
		}
	}
	want := outline(x) // with the recorded values, without the removed elements
	gone := x.tree.pending
	if _, err := x.Commit(); err != nil {
		t.Fatalf("Commit: %v\n%q %v", err, data, program)
	}
	d := etree.NewDocument()
	if latin1Declared.Match(data) {
		return // Commit has judged; etree alone would need the bytes decoded
	}
	if err := d.ReadFromBytes(bytes.TrimPrefix(x.Bytes(), []byte("\uFEFF"))); err != nil && isASCII(x.Bytes()) && !bytes.Contains(data, []byte("encoding")) {
		t.Fatal(err)
	}
	if got := etreeOutline(d.Root()); d.Root() != nil && !slices.Equal(got, want) {
		t.Fatalf("got  %q\nwant %q\n%q\n%q", got, want, data, x.Bytes())
	}
	for i, at := range inserted {
		if _, parent := at.node(); !gone.isGone(parent) {
			standsAt(t, x, fmt.Sprintf("zz%d", i), at, gone)
		}
	}
}

// ignoreGone drops the refusal to edit what is to be removed.
func ignoreGone(x *XML, e *Element, err error) error {
	if x.tree.pending.isGone(e) {
		return nil
	}
	return err
}

// outline lists the live elements in order with their attributes and texts, as reads before Commit see them.
func outline(x *XML) []string {
	var all []string
	for _, e := range elements(x) {
		all = append(all, e.written()+attrsOf(e.Attrs()))
		if len(e.Children()) == 0 {
			all = append(all, strings.Join(strings.Fields(e.Text()), " "))
		}
	}
	return all
}

func attrsOf(attrs []Attr) string {
	var b strings.Builder
	for _, a := range attrs {
		fmt.Fprintf(&b, " %s=%q", a.Name, attrBlanks(a.Value))
	}
	return b.String()
}

// etreeOutline is outline of etree's tree, without the inserted elements.
func etreeOutline(e *etree.Element) []string {
	if e == nil || strings.HasPrefix(e.Tag, "zz") {
		return nil
	}
	var attrs []Attr
	for _, a := range e.Attr {
		attrs = append(attrs, Attr{a.FullKey(), a.Value})
	}
	all := []string{e.FullTag() + attrsOf(attrs)}
	children := e.ChildElements()
	own := slices.DeleteFunc(slices.Clone(children), func(c *etree.Element) bool { return strings.HasPrefix(c.Tag, "zz") })
	if len(own) == 0 {
		all = append(all, strings.Join(strings.Fields(charData(e)), " "))
	}
	for _, c := range own {
		all = append(all, etreeOutline(c)...)
	}
	return all
}

// standsAt proves that the new element is where its place says.
func standsAt(t *testing.T, x *XML, name string, at Place, gone pending) {
	t.Helper()
	found := x.Find("//" + name)
	if len(found) != 1 {
		t.Fatalf("%d elements <%s>", len(found), name)
	}
	old := func(e *Element) bool { return !strings.HasPrefix(e.Name(), "zz") }
	children := found[0].Parent().Children()
	i := slices.Index(children, found[0])
	before, after := "", ""
	for _, c := range children[:i] {
		if old(c) {
			before = c.written()
		}
	}
	for _, c := range slices.Backward(children[i+1:]) {
		if old(c) {
			after = c.written()
		}
	}
	anchor, parent := at.node()
	if parent.written() != found[0].Parent().written() {
		t.Fatalf("<%s> is in <%s>", name, found[0].Parent().written())
	}
	var bad bool
	switch at.kind {
	case placeAfter:
		bad = !gone.isRemoved(anchor.element) && before != anchor.element.written()
	case placeBefore:
		bad = !gone.isRemoved(anchor.element) && after != anchor.element.written()
	case placeFirst:
		bad = before != ""
	case placeLast:
		bad = after != ""
	case placeAfterComment, placeInstead:
		next := elementFrom(anchor)
		for next != nil && gone.isRemoved(next) {
			next = elementFrom(next.node.next)
		}
		bad = next != nil && after != next.written()
	}
	if bad {
		t.Fatalf("<%s>, place %d, stands between %q and %q:\n%q\n%q", name, at.kind, before, after, parent.tree.data, x.Bytes())
	}
}
