package edit

import (
	"fmt"
	"strings"
	"testing"
)

// TestXMLLargeInput parses, reads and edits documents that would take hours if any part of it took quadratic time.
func TestXMLLargeInput(t *testing.T) {
	mega, many := 1<<20, maxNodes/4
	if underRace {
		mega, many = mega/8, many/8
	}
	for name, data := range map[string]string{
		"references":              "<r><a>" + strings.Repeat("&amp;&#65;", mega/10) + "</a></r>",
		"brackets":                "<r><a>" + strings.Repeat("]", mega) + "</a></r>",
		"carriage returns":        "<r><a>x" + strings.Repeat("\r", mega) + "x</a></r>",
		"comments in a value":     "<r><a>" + strings.Repeat("x<!---->", many) + "</a></r>",
		"CDATA in a value":        "<r><a>" + strings.Repeat("<![CDATA[x]]>y", many) + "</a></r>",
		"elements on one line":    "<r>" + strings.Repeat("<a/>", many) + "</r>",
		"elements, last on line":  "<r>\n" + strings.Repeat("<a/>", many) + "\n</r>",
		"elements on lines":       "<r>\n" + strings.Repeat("  <a/>\n", many) + "</r>",
		"commented-out elements":  "<r>\n<a/>\n" + strings.Repeat("  <!--b>1</b-->\n", many) + "</r>",
		"one long comment":        "<r><a/><!--" + strings.Repeat("<b>/", mega/4) + "--></r>",
		"blanks":                  "<r>" + strings.Repeat(" ", mega) + "<a/>" + strings.Repeat(" ", mega) + "</r>",
		"one line of comments":    "<r><a/>" + strings.Repeat("<!---->", many) + "</r>",
		"attributes":              "<r><a " + manyAttrs(many) + "/></r>",
		"declarations":            "<r><a>" + strings.Repeat("<p:b xmlns:p='u' p:c=''>", 150) + strings.Repeat("<p:d p:e=''/>", many/2) + strings.Repeat("</p:b>", 150) + "</a></r>",
		"a long name":             "<r><a" + strings.Repeat("a", mega) + "/></r>",
		"a long attribute":        "<r><a b='" + strings.Repeat("&lt;x\n", mega/6) + "'/></r>",
		"deep":                    strings.Repeat("<a>", maxDepth-1) + strings.Repeat("<b>\n</b>", many) + strings.Repeat("</a>", maxDepth-1),
		"a long text in ISO-8859": declared + "<r><a>" + strings.Repeat("\xFC", mega) + "</a></r>",
	} {
		t.Run(name, func(t *testing.T) {
			x, err := ParseXML("conf/test.xml", []byte(data))
			ok(t, err)
			all := elements(x)
			e := all[min(1, len(all)-1)]
			for _, e := range []*Element{e, all[len(all)-1]} {
				e.Text()
				e.Line()
				e.Path()
				e.Space()
				e.Attrs()
				e.Comments()
			}
			ok(t, x.SetAttr(e, "zz", "v", ""))
			if !e.hasElements() {
				ok(t, x.SetText(e, "v"))
			}
			if x.Root().hasElements() || !x.Root().hasText() {
				ok(t, x.Insert(LastIn(x.Root()), New{Name: "n"}), x.Insert(FirstIn(x.Root()), New{Name: "n"}))
				ok(t, x.SetChild(x.Root(), New{Name: "b", Text: "1"}, []string{"a"}))
			}
			commit(t, x)
		})
	}
	broken := strings.Repeat("<a ", mega)
	if _, err := ParseXML("conf/test.xml", []byte(broken)); err == nil {
		t.Error("accepted")
	}
}

// TestXMLManyEdits makes an edit of every element of a large document in one Commit.
func TestXMLManyEdits(t *testing.T) {
	const n = 5000
	var b strings.Builder
	b.WriteString("<r>\n")
	for i := range n {
		fmt.Fprintf(&b, "  <a n='%d'>%d</a>\n", i, i)
	}
	b.WriteString("</r>\n")
	x := parse(t, b.String())
	for i, e := range x.Root().Children() {
		switch i % 4 {
		case 0:
			ok(t, x.SetText(e, "v"))
		case 1:
			ok(t, x.SetAttr(e, "n", "v", ""))
		case 2:
			ok(t, x.Insert(After(e), New{Name: "b", Text: "v"}))
		default:
			ok(t, x.Remove(e))
		}
	}
	if splices := commit(t, x); len(splices) != n {
		t.Errorf("%d splices for %d edits", len(splices), n)
	}
	if a, b := len(x.Find("/r/a")), len(x.Find("/r/b")); a != n*3/4 || b != n/4 {
		t.Errorf("%d and %d elements", a, b)
	}
}
