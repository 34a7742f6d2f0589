package edit

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// propertyFiles are small files with all the ways to write an entry, and what java.util.Properties makes of them.
var propertyFiles = []struct {
	name, data string
	want       []Entry
}{
	{"empty", "", nil},
	{"plain", "a=1\nb=2\n", []Entry{{"a", "1", 1}, {"b", "2", 2}}},
	{"separators", "a:1\nb 2\nc = 3\nd : 4\ne\t5\nf\fx\ng  =  :7\n", []Entry{
		{"a", "1", 1},
		{"b", "2", 2},
		{"c", "3", 3},
		{"d", "4", 4},
		{"e", "5", 5},
		{"f", "x", 6},
		{"g", ":7", 7},
	}},
	{"comments", "# a=1\n! b=2\n  # c=3\n\t!d\ne=#4\nf=!\n#end", []Entry{{"e", "#4", 5}, {"f", "!", 6}}},
	{"a comment is not continued", "# a \\\nb=1\n", []Entry{{"b", "1", 2}}},
	{"blank lines and indents", "\n \t\f\n  a=1\n\n\tb=2", []Entry{{"a", "1", 3}, {"b", "2", 5}}},
	{"line ends", "a=1\r\nb=2\rc=3\n\r\nd=4\r", []Entry{{"a", "1", 1}, {"b", "2", 2}, {"c", "3", 3}, {"d", "4", 5}}},
	{"no final line end", "a=1\nb=2", []Entry{{"a", "1", 1}, {"b", "2", 2}}},
	{"empty values", "a=\nb\nc:\nd =  \n", []Entry{{"a", "", 1}, {"b", "", 2}, {"c", "", 3}, {"d", "", 4}}},
	{"empty key", "=1\n:2\n", []Entry{{"", "1", 1}, {"", "2", 2}}},
	{"continued", "a=1,\\\n   2,\\\r\n\t3\nb=4\n", []Entry{{"a", "1,2,3", 1}, {"b", "4", 4}}},
	{"continued key", "a\\\n  b=1\nc \\\n = \\\n 2\n", []Entry{{"ab", "1", 1}, {"c", "2", 3}}},
	{"continued by an empty line", "a=1\\\n\nb=2\n", []Entry{{"a", "1", 1}, {"b", "2", 3}}},
	{"continued comment sign", "a=1\\\n#2\n", []Entry{{"a", "1#2", 1}}},
	{"even backslashes", "a=1\\\\\nb=2\\\\\\\n3\n", []Entry{{"a", `1\`, 1}, {"b", `2\3`, 2}}},
	{"continuation of nothing", "\\\n  a=1\n\\\n\nb=2\n", []Entry{{"a", "1", 2}, {"b", "2", 5}}},
	{"backslash at the end", "a=1\\", []Entry{{"a", "1", 1}}},
	{"continued at the end", "a=1\\\n", []Entry{{"a", "1", 1}}},
	{"escapes", `a=\t\n\r\f\\\z\=\:\#` + "\n", []Entry{{"a", "\t\n\r\f\\z=:#", 1}}},
	{"escaped key", `a\ b\=c\:d\#=1` + "\n\\#x=2\n", []Entry{{"a b=c:d#", "1", 1}, {"#x", "2", 2}}},
	{"unicode", `\u0061b=\u00e9\u20AC\ud83d\ude00` + "\n", []Entry{{"ab", "é€😀", 1}}},
	{"half a surrogate", `a=\ud83dx` + "\n", []Entry{{"a", "\xed\xa0\xbdx", 1}}},
	{"latin 1", "caf\xe9=\xa3 5\n", []Entry{{"café", "£ 5", 1}}},
	{"blanks", "a =  1  \nb=\\  2\n", []Entry{{"a", "1  ", 1}, {"b", "  2", 2}}},
	{"duplicates", "a=1\nb=2\na : 3\n\\u0061=4\n", []Entry{{"a", "1", 1}, {"b", "2", 2}, {"a", "3", 3}, {"a", "4", 4}}},
	{"placeholders", "log.File=${carbon.home}/logs/x${y}.log\n", []Entry{{"log.File", "${carbon.home}/logs/x${y}.log", 1}}},
	{"sign after the sign", "a==1\nb=:2\nc := 3\n", []Entry{{"a", "=1", 1}, {"b", ":2", 2}, {"c", "= 3", 3}}},
	{"last behind a continuation of nothing", "\\\n\na=1", []Entry{{"a", "1", 3}}},
	{"byte order mark", "\xef\xbb\xbfa=1\n", []Entry{{"ï»¿a", "1", 1}}},
}

func TestParseProperties(t *testing.T) {
	for _, c := range propertyFiles {
		t.Run(c.name, func(t *testing.T) {
			p := mustProperties(t, c.data)
			if got := p.Entries(); !slices.Equal(got, c.want) {
				t.Errorf("entries\n%#v\nwant\n%#v", got, c.want)
			}
			for _, e := range c.want {
				if got, ok := p.Get(e.Key); !ok || got.Value != last(c.want, e.Key).Value {
					t.Errorf("Get(%q) = %q, %v", e.Key, got.Value, ok)
				}
				propertiesLaws(t, c.data, e.Key, "new")
				propertiesLaws(t, c.data, e.Key, "= \\x\n ")
				propertiesLaws(t, c.data, e.Key, "")
			}
			propertiesLaws(t, c.data, "a new key", "a value")
		})
	}
}

func last(entries []Entry, key string) (found Entry) {
	for _, e := range entries {
		if e.Key == key {
			found = e
		}
	}
	return found
}

func mustProperties(t testing.TB, data string) *Properties {
	t.Helper()
	p, err := ParseProperties("test.properties", []byte(data))
	if err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	return p
}

// propertiesLaws sets a key and proves what the package promises.
func propertiesLaws(t testing.TB, data, key, value string) {
	t.Helper()
	p := mustProperties(t, data)
	before := p.Entries()
	for _, e := range before {
		if last(before, e.Key) != e {
			continue // setting to the last of duplicates does change the others
		}
		single := true
		for _, o := range before {
			single = single && (o.Key != e.Key || o.Value == e.Value)
		}
		if single && !strings.ContainsRune(e.Value, 0xfffd) && p.Set(e.Key, e.Value, "") == nil && p.Pending() {
			t.Fatalf("%q: setting %q to its value %q is an edit", data, e.Key, e.Value)
		}
	}
	if splices, err := p.Commit(); err != nil || len(splices) > 0 || string(p.Bytes()) != data {
		t.Fatalf("%q: no edit gave %v, %v", data, splices, err)
	}
	if err := p.Set(key, value, ""); err != nil {
		return // not UTF-8
	}
	want := append([]Entry(nil), before...)
	found := false
	for i := range want {
		if want[i].Key == key {
			want[i].Value, found = value, true
		}
	}
	if !found {
		want = append(want, Entry{Key: key, Value: value})
	}
	splices, err := p.Commit()
	if err != nil {
		t.Fatalf("%q: setting %q to %q: %v", data, key, value, err)
	}
	if got := string(spliced([]byte(data), splices)); got != string(p.Bytes()) {
		t.Fatalf("%q: splices give %q, document %q", data, got, p.Bytes())
	}
	after := p.Entries()
	if !sameEntries(after, want) || !sameEntries(mustProperties(t, string(p.Bytes())).Entries(), want) {
		t.Fatalf("%q: setting %q to %q gave %q: %#v", data, key, value, p.Bytes(), after)
	}
	_ = p.Set(key, value, "")
	if p.Pending() {
		t.Fatalf("%q: setting %q to %q a second time is an edit", data, key, value)
	}
	removeLaw(t, p, data, key, before, found)
}

func removeLaw(t testing.TB, p *Properties, data, key string, before []Entry, found bool) {
	t.Helper()
	open := mustProperties(t, data).tail.open
	_ = p.Remove(key)
	if _, err := p.Commit(); err != nil {
		t.Fatalf("%q: removing %q: %v", data, key, err)
	}
	if !found && !open && string(p.Bytes()) != data {
		t.Fatalf("%q: adding and removing %q left %q", data, key, p.Bytes())
	}
	var want []Entry
	for _, e := range before {
		if e.Key != key {
			want = append(want, e)
		}
	}
	if !sameEntries(p.Entries(), want) {
		t.Fatalf("%q: removing %q left %#v", data, key, p.Entries())
	}
}

func sameEntries(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(x, y Entry) bool { return x.Key == y.Key && x.Value == y.Value })
}

func TestSetProperty(t *testing.T) {
	for _, c := range []struct{ name, data, key, value, after, want string }{
		{"keeps a plain separator", "a=1\nb=2\n", "a", "9", "", "a=9\nb=2\n"},
		{"keeps blanks and colon", "  a \t:  1\nb=2\n", "a", "9", "", "  a \t:  9\nb=2\n"},
		{"keeps a blank separator", "a   1\n", "a", "9", "", "a   9\n"},
		{"escapes a sign behind a blank", "a 1\n", "a", "=9", "", "a \\=9\n"},
		{"leaves a sign behind a sign", "a=1\n", "a", "=9:=", "", "a==9:=\n"},
		{"gives a bare key a sign", "a\nb\n", "a", "9", "", "a=9\nb\n"},
		{"puts the value behind the blanks", "a =  \nb=\n", "a", "9", "", "a =  9\nb=\n"},
		{"replaces all continuation lines", "a=1,\\\r\n  2,\\\r\n  3\r\nb=2\r\n", "a", "9", "", "a=9\r\nb=2\r\n"},
		{"keeps a continued separator", "a = \\\n   1\n", "a", "9", "", "a = \\\n   9\n"},
		{"keeps a continuation to an empty line", "a=1\\\n\nb=2\n", "a", "9", "", "a=9\\\n\nb=2\n"},
		{"drops a backslash that ends the file", "a=1\\", "a", "9", "", "a=9"},
		{"all duplicates", "a=1\nb=2\na=3\na=9\n", "a", "9", "", "a=9\nb=2\na=9\na=9\n"},
		{"CRLF", "a=1\r\n", "a", "9", "", "a=9\r\n"},
		{"no final line end", "b=2\na=1", "a", "9", "", "b=2\na=9"},
		{"escapes a leading blank", "a=1\n", "a", " 9", "", "a=\\ 9\n"},
		{"escapes a final blank", "a=1\n", "a", "9  ", "", "a=9 \\u0020\n"},
		{"escapes controls", "a=1\n", "a", "\t\n\r\f\x00\x7f\\", "", `a=\t\n\r\f\u0000\u007F\\` + "\n"},
		{"escapes what is not ASCII", "a=1\n", "a", "é€😀", "", `a=\u00E9\u20AC\uD83D\uDE00` + "\n"},
		{"keeps placeholders and comment signs", "a=1\n", "a", "#${x}!", "", "a=#${x}!\n"},
		{"touches nothing that is not Latin-1 text", "# \xc3\xa9\na=1\nb=\xc3\xa9\n", "a", "9", "", "# \xc3\xa9\na=9\nb=\xc3\xa9\n"},

		{"adds to an empty file", "", "a", "9", "", "a=9\n"},
		{"adds at the end", "b = 2\n# end\n", "a", "9", "", "b = 2\n# end\na = 9\n"},
		{"adds at the end of a file without a final line end", "b: 2\r\nc: 3", "a", "9", "", "b: 2\r\nc: 3\r\na: 9"},
		{"adds behind a comment without line end", "b=2\n#c", "a", "9", "", "b=2\n#c\na=9"},
		{"adds after an entry, in its notation", "  b = 2\nc=3\n", "a", "9", "b", "  b = 2\n  a = 9\nc=3\n"},
		{"adds after the last duplicate", "b=2\nc=3\nb=2\nd=4\n", "a", "9", "b", "b=2\nc=3\nb=2\na=9\nd=4\n"},
		{"adds after continuation lines", "b=2\\\r\n  3\r\nc=3\r\n", "a", "9", "b", "b=2\\\r\n  3\r\na=9\r\nc=3\r\n"},
		{"adds after a blank separator", "b 2\nc=3\n", "a", "9", "b", "b 2\na=9\nc=3\n"},
		{"adds at the end when after is missing", "b=2\n", "a", "9", "nope", "b=2\na=9\n"},
		{"does not join a backslash at the end", "b=2\\", "a", "9", "", "b=2\\\n\na=9"},
		{"does not join a continuation at the end", "b=2\\\n", "a", "9", "", "b=2\\\n\na=9\n"},
		{"escapes the key", "", "#a b=c:d\\e\té", "9", "", `\#a\ b\=c\:d\\e\t\u00E9=9` + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := mustProperties(t, c.data)
			if err := p.Set(c.key, c.value, c.after); err != nil {
				t.Fatal(err)
			}
			if e, _ := p.Get(c.key); e.Value != c.value {
				t.Errorf("before Commit Get gives %q", e.Value)
			}
			if _, err := p.Commit(); err != nil {
				t.Fatal(err)
			}
			if string(p.Bytes()) != c.want {
				t.Errorf("got  %q\nwant %q", p.Bytes(), c.want)
			}
			propertiesLaws(t, c.data, c.key, c.value)
		})
	}
}

func TestPropertiesInOneCommit(t *testing.T) {
	p := mustProperties(t, "log.A=old\nlog.A.layout=L\nlog.A.DatePattern=x\nlog.B=1")
	_ = p.Set("log.A", "rolling", "", Because("size-based rotation"))
	_ = p.Set("log.A.MaxFileSize", "10MB", "log.A")
	_ = p.Set("log.A.MaxBackupIndex", "20", "log.A.MaxFileSize")
	_ = p.Set("log.A.Append", "true", "log.A")
	_ = p.Remove("log.A.DatePattern", Because("no pattern"))
	_ = p.Remove("log.B")
	_ = p.Set("log.C", "2", "")
	_ = p.Set("log.D", "3", "")
	_ = p.Remove("log.D")
	var keys []string
	for _, e := range p.Entries() {
		keys = append(keys, e.Key)
	}
	if got := strings.Join(keys, " "); got != "log.A log.A.MaxFileSize log.A.MaxBackupIndex log.A.Append log.A.layout log.C" {
		t.Errorf("entries before Commit: %s", got)
	}
	splices, err := p.Commit()
	if err != nil {
		t.Fatal(err)
	}
	want := "log.A=rolling\nlog.A.MaxFileSize=10MB\nlog.A.MaxBackupIndex=20\nlog.A.Append=true\nlog.A.layout=L\nlog.C=2"
	if string(p.Bytes()) != want {
		t.Errorf("got %q\nwant %q", p.Bytes(), want)
	}
	if splices[0].Reason != "size-based rotation" || splices[4].Reason != "no pattern" {
		t.Errorf("reasons: %+v", splices)
	}
	for i := 1; i < len(splices); i++ {
		if splices[i].Start < splices[i-1].End {
			t.Errorf("splices overlap: %+v", splices)
		}
	}
	for _, key := range []string{"log.A.MaxFileSize", "log.A.MaxBackupIndex", "log.A.Append", "log.C"} {
		_ = p.Remove(key)
	}
	if _, err := p.Commit(); err != nil || string(p.Bytes()) != "log.A=rolling\nlog.A.layout=L" {
		t.Errorf("after removing: %q, %v", p.Bytes(), err)
	}
}

func TestPropertiesAtTheEndWithoutLineEnd(t *testing.T) {
	p := mustProperties(t, "a=1\r\n#x")
	_ = p.Set("b", "2", "")
	_ = p.Set("c", "3", "")
	_, _ = p.Commit()
	if string(p.Bytes()) != "a=1\r\n#x\r\nb=2\r\nc=3" {
		t.Fatalf("%q", p.Bytes())
	}
	_ = p.Remove("b")
	_ = p.Remove("c")
	if _, err := p.Commit(); err != nil || string(p.Bytes()) != "a=1\r\n#x" {
		t.Errorf("%q, %v", p.Bytes(), err)
	}
	// One of the removed entries has a new one behind it: the line end in front has to stay.
	p = mustProperties(t, "a=1\nb=2\nc=3")
	_ = p.Remove("b")
	_ = p.Remove("c")
	_ = p.Set("d", "4", "b")
	if _, err := p.Commit(); err != nil || string(p.Bytes()) != "a=1\nd=4\n" {
		t.Errorf("%q, %v", p.Bytes(), err)
	}
	p = mustProperties(t, "a=1\nb=2")
	_ = p.Remove("b")
	_ = p.Set("d", "4", "a")
	if _, err := p.Commit(); err != nil || string(p.Bytes()) != "a=1\nd=4\n" {
		t.Errorf("%q, %v", p.Bytes(), err)
	}
	p = mustProperties(t, "a=1\nb=2")
	_ = p.Set("b", "", "")
	if _, err := p.Commit(); err != nil || string(p.Bytes()) != "a=1\nb=" {
		t.Errorf("%q, %v", p.Bytes(), err)
	}
}

func TestPropertiesSecrets(t *testing.T) {
	p := mustProperties(t, "user=x\npassword = old\\\n  er\npassword=new\n")
	_ = p.Set("password", "s3=crét", "", Secret())
	_ = p.Set("key.password", "other", "password", Secret())
	_ = p.Set("empty", "", "", Secret())
	splices, err := p.Commit()
	if err != nil || len(splices) != 4 {
		t.Fatalf("%+v, %v", splices, err)
	}
	for i, want := range []string{`s3=cr\u00E9t`, `s3=cr\u00E9t`, "other", ""} {
		var got string
		for _, r := range splices[i].Secrets {
			got += string(splices[i].New[r.Start:r.End])
		}
		if got != want || splices[i].OldSecret != (i < 2) {
			t.Errorf("splice %d marks %q, OldSecret %v", i, got, splices[i].OldSecret)
		}
	}
}

func TestPropertiesRefused(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"short escape", "a=1\nb=\\u12\n", `test.properties:2: the entry "b" holds a \u without four hexadecimal digits`},
		{"bad escape in a key", "a\\u12g4=1\n", `test.properties:1: the entry "" holds a \u without`},
		{"sign in an escape", "a=\\u+123\n", "test.properties:1: "},
		{"comment behind a continuation of nothing", "a=1\n\\\n # x\n", "test.properties:3: a comment sign follows a line that holds a backslash alone"},
		{"backslash alone at the end", "a=1\n\\", "test.properties:2: the file ends in a line that holds a backslash alone"},
		{"backslash alone on the last line", "a=1\n\\\n", "test.properties:2: the file ends in a line that holds a backslash alone"},
		{"too large", strings.Repeat("#\n", MaxFileSize/2+1), "test.properties: the file has 8388610 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseProperties("test.properties", []byte(c.data))
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), c.want) || e.Fix == "" {
				t.Errorf("%v", err)
			}
		})
	}
	p := mustProperties(t, "a=1\n")
	for _, bad := range [][2]string{{"a", "\xff"}, {"\xff", "a"}, {"a", "\xed\xa0\xbd"}} {
		var e *Error
		if err := p.Set(bad[0], bad[1], ""); !errors.As(err, &e) || p.Pending() {
			t.Errorf("Set(%q, %q) = %v", bad[0], bad[1], err)
		}
	}
	if strings.Contains(p.Set("a", "pass\xffword", "", Secret()).Error(), "pass") {
		t.Error("the message shows the value")
	}
}

// TestConfirmProperties proves that the judge of edits can say no.
func TestConfirmProperties(t *testing.T) {
	for _, after := range []string{
		"a=1\nb=2\n",           // not set
		"a=9\nb=3\n",           // another one changed
		"a=9\n",                // another one lost
		"a=9\nb=2\nc=1\n",      // another one appeared
		"b=2\na=9\n",           // order
		"a=9\nb=2\nn=1\nn=1\n", // a new one twice
		"a=9\nb=2\nn=2\n",      // a new one with another value
		"a=9\nb=2\n\\u12",      // unreadable
		"a=9\nb=2\n",           // the new one is missing
		"a=9\nb=2\nn=1\ngone=1\n",
	} {
		want := propWant{set: map[string]string{"a": "9", "n": "1"}, remove: map[string]bool{"gone": true}}
		if confirmProperties("x", []byte("a=1\nb=2\ngone=1\n"), []byte(after), want) == nil {
			t.Errorf("%q was accepted", after)
		}
	}
	want := propWant{set: map[string]string{"a": "9", "n": "1"}, remove: map[string]bool{"gone": true}}
	if err := confirmProperties("x", []byte("a=1\nb=2\ngone=1\n"), []byte("a=9\nn=1\nb=2\n"), want); err != nil {
		t.Error(err)
	}
}

// corpusFiles returns the files of a real install whose name ends in one of the suffixes, when there is one beside the project.
func corpusFiles(t testing.TB, suffixes ...string) map[string][]byte {
	t.Helper()
	roots, files := []string{"../../../shared/corpus"}, map[string][]byte{}
	if more := os.Getenv("CARBON_SETUP_INSTALL"); more != "" {
		roots = append(roots, more)
	}
	for _, root := range roots {
		if _, err := os.Stat(root); err != nil {
			continue
		}
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(path, s) }) {
				return err
			}
			data, err := os.ReadFile(path)
			files[path] = data
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestPropertiesCorpus edits every key of every properties file of a real install, one at a time.
func TestPropertiesCorpus(t *testing.T) {
	files := corpusFiles(t, ".properties", "wrapper.conf")
	if len(files) == 0 {
		t.Log("no real install beside the project; the tables above cover the ways to write an entry")
	}
	edits := 0
	for path, data := range files {
		p, err := ParseProperties(path, data)
		if err != nil {
			t.Errorf("%s does not parse: %v", path, err)
			continue
		}
		if !bytes.Equal(p.Bytes(), data) {
			t.Errorf("%s: parsing changed the bytes", path)
		}
		seen := map[string]bool{}
		for _, e := range p.Entries() {
			if seen[e.Key] {
				continue
			}
			seen[e.Key] = true
			edits++
			propertiesLaws(t, string(data), e.Key, "a:new = value\\ "+e.Value)
		}
	}
	t.Logf("%d files, %d keys edited one at a time", len(files), edits)
}
