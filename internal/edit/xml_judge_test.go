package edit

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// This file is what the XML tests judge by: etree, asked without any of the code under test.

var latin1Declared = regexp.MustCompile(`(?is)^<\?xml\s.*encoding\s*=\s*["'](iso-?8859[-_]1|iso_8859-1|latin-?1)["']`)

// facts is everything a document says, by place: "/a[0]/b[1]@x", "/a[0]/b[1]", and comments and processing instructions.
type facts map[string]string

// judgeXML lets etree read data. The value of an element is its trimmed character data; white space between elements does not count.
func judgeXML(data []byte) (facts, error) {
	d, err := etreeOf(data)
	if err != nil {
		return nil, err
	}
	f := facts{}
	f.add("", &d.Element)
	return f, nil
}

// etreeOf returns what etree makes of data.
func etreeOf(data []byte) (*etree.Document, error) {
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if head, _, _ := bytes.Cut(data, []byte("?>")); latin1Declared.Match(head) {
		var b strings.Builder
		for _, c := range data {
			b.WriteRune(rune(c))
		}
		data = []byte(b.String())
	}
	d := etree.NewDocument()
	d.ReadSettings.PreserveDuplicateAttrs = true
	d.ReadSettings.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return d, d.ReadFromBytes(data)
}

func (f facts) add(path string, e *etree.Element) {
	count := map[string]int{}
	var text strings.Builder
	for _, c := range e.Child {
		switch c := c.(type) {
		case *etree.Element:
			at := fmt.Sprintf("%s/%s[%d]", path, c.FullTag(), count[c.FullTag()])
			count[c.FullTag()]++
			for i, a := range c.Attr {
				f[at+"@"+a.FullKey()] = a.Value
				f[fmt.Sprintf("%s@%d", at, i)] = a.FullKey()
			}
			f.add(at, c)
		case *etree.CharData:
			text.WriteString(c.Data)
		case *etree.Comment:
			f[fmt.Sprintf("%s#comment%d", path, count["#"])] = c.Data
			count["#"]++
		case *etree.Directive:
			f[path+"!"] += c.Data
		case *etree.ProcInst:
			f[fmt.Sprintf("%s#pi%d", path, count["?"])] = c.Target + " " + c.Inst
			count["?"]++
		}
	}
	f[path] = strings.Trim(text.String(), " \t\r\n")
}

func mustJudge(t testing.TB, data []byte) facts {
	t.Helper()
	f, err := judgeXML(data)
	if err != nil {
		t.Fatalf("etree cannot read it: %v\n%s", err, data)
	}
	return f
}

// place returns the key of e in facts.
func place(e *Element) string {
	if e == nil {
		return ""
	}
	n := 0
	if e.node.parent != nil {
		for c := e.node.parent.first; c != e.node; c = c.next {
			if c.kind == nodeElement && c.element.written() == e.written() {
				n++
			}
		}
	}
	return fmt.Sprintf("%s/%s[%d]", place(e.node.parent), e.written(), n)
}

// differs returns the places at which two documents differ.
func differs(before, after facts) []string {
	var all []string
	for k, v := range before {
		if w, ok := after[k]; !ok || v != w {
			all = append(all, k)
		}
	}
	for k := range after {
		if _, ok := before[k]; !ok {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// judgeSplices proves that the splices are ordered, do not overlap and lead from before to after, and that secrets lie inside.
func judgeSplices(t testing.TB, before, after []byte, splices []Splice) {
	t.Helper()
	var out []byte
	at := 0
	for _, s := range splices {
		if s.Start < at || s.End < s.Start || s.End > len(before) {
			t.Fatalf("splice %d-%d is out of order or out of range (at %d of %d)", s.Start, s.End, at, len(before))
		}
		for _, r := range s.Secrets {
			if r.Start < 0 || r.End > len(s.New) || r.Start >= r.End {
				t.Fatalf("secret %v of %d bytes", r, len(s.New))
			}
		}
		out = append(append(out, before[at:s.Start]...), s.New...)
		at = s.End
	}
	if out = append(out, before[at:]...); !bytes.Equal(out, after) {
		t.Fatalf("the splices do not lead from the bytes before to those after:\n%q\n%q", out, after)
	}
}

func parse(t testing.TB, data string) *XML {
	t.Helper()
	x, err := ParseXML("conf/test.xml", []byte(data))
	if err != nil {
		t.Fatalf("ParseXML: %v\n%s", err, data)
	}
	return x
}

// commit commits and checks the splices against the bytes.
func commit(t testing.TB, x *XML) []Splice {
	t.Helper()
	before := x.Bytes()
	splices, err := x.Commit()
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	if x.Pending() {
		t.Fatal("edits are pending after Commit")
	}
	judgeSplices(t, before, x.Bytes(), splices)
	return splices
}

func ok(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// elements returns every live element of a document.
func elements(x *XML) []*Element { return x.Find("//*") }

// corpusXML returns documents of ours with all that is odd, and the XML files of real installs when there are some beside the project.
func corpusXML(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"sample.xml": sampleXML(1)}
	for i, s := range seeds {
		files[fmt.Sprintf("seed%d.xml", i)] = []byte(s)
	}
	root := filepath.Join("..", "..", "..", "shared", "corpus")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".xml" {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = data
		return err
	})
	if err != nil {
		t.Logf("no corpus beside the project: %v", err)
	}
	return files
}

// corpusNames returns the names in order.
func corpusNames(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }
