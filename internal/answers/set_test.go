package answers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

func TestSetReadsWhatWasPut(t *testing.T) {
	t.Parallel()
	s := NewSet(fullSchema())
	at := Position{File: "a.yaml", Line: 3, Column: 7}
	s.Put("hostname.name", Value{Text: "esb", At: at})
	s.Put("jmx.enabled", Value{Text: "true"})
	s.Put("jmx.registry_port", Value{Text: "9999"})
	s.Put("proxy.forward.bypass", Value{Text: " localhost , 127.0.0.1,,"})
	s.Put("truststore.import", Value{List: []string{"a,b", "c"}})
	s.Put("admin.password", Value{Secret: secret.New("hunter2")})
	s.Put("datasources.A.parameters", Value{})
	if v, ok := s.Lookup("hostname.name"); !ok || v.Text != "esb" || v.At != at {
		t.Errorf("hostname.name = %+v", v)
	}
	if b, ok := s.Bool("jmx.enabled"); !b || !ok {
		t.Error("jmx.enabled is not true")
	}
	if n, ok := s.Int("jmx.registry_port"); n != 9999 || !ok {
		t.Error("the port is not 9999")
	}
	if got := s.List("proxy.forward.bypass"); !slices.Equal(got, []string{"localhost", "127.0.0.1"}) || s.Text("proxy.forward.bypass") != "localhost, 127.0.0.1" {
		t.Errorf("bypass %q", got)
	}
	if got := s.List("truststore.import"); !slices.Equal(got, []string{"a,b", "c"}) || s.Text("truststore.import") != "a,b, c" {
		t.Errorf("import %q", got)
	}
	if s.Secret("admin.password").Reveal() != "hunter2" {
		t.Error("the password is lost")
	}
	if v, ok := s.Lookup("datasources.A.parameters"); !ok || v.Map == nil {
		t.Error("an empty map is not kept")
	}
}

func TestPlaceOfAnAnswerThatIsMissing(t *testing.T) {
	t.Parallel()
	text := "version: 1\nports: {}\nproxy:\n  forward: {host: p, port: 3128}\n  reverse: {https_port: 443, name: x}\njvm: {heap_max: 2g}\n"
	s, _, err := Parse("a.yaml", []byte(text), fullSchema())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]Position{
		"jvm.heap_max":            {"a.yaml", 6, 17},
		"jvm.heap_initial":        {"a.yaml", 6, 17},
		"jvm":                     {"a.yaml", 6, 17},
		"proxy.reverse.http_port": {"a.yaml", 5, 25},
		"proxy.forward.username":  {"a.yaml", 4, 19},
		"proxy.forward.bypass":    {"a.yaml", 4, 19},
		"ports.offset":            {"a.yaml", 2, 1},
		"hostname.name":           {},
		"":                        {},
	} {
		if got := s.Place(key); got != want {
			t.Errorf("%q: %+v, want %+v", key, got, want)
		}
	}
}

func TestSetSaysWhatIsAbsent(t *testing.T) {
	t.Parallel()
	s := NewSet(fullSchema())
	if _, ok := s.Lookup("hostname.name"); ok || s.Text("hostname.name") != "" || s.List("truststore.import") != nil || s.Secret("admin.password").IsSet() {
		t.Error("something is there")
	}
	if _, ok := s.Bool("jmx.enabled"); ok {
		t.Error("a truth value is there")
	}
	if _, ok := s.Int("ports.offset"); ok {
		t.Error("a number is there")
	}
	if s.HasSection("hostname") || len(s.Sections()) != 0 || s.Names("datasources") != nil || s.Names("hostname") != nil || s.Names("nowhere") != nil {
		t.Error("a section is there")
	}
}

func TestSetSections(t *testing.T) {
	t.Parallel()
	s := NewSet(fullSchema())
	s.Put("proxy.reverse.http_port", Value{Text: "80"})
	s.Put("hostname.name", Value{Text: "a"})
	s.PutSection("datasources.B")
	s.Put("datasources.A.host", Value{Text: "h"})
	s.PutSection("jmx")
	if got := s.Sections(); !slices.Equal(got, []string{"hostname", "jmx", "proxy", "datasources"}) {
		t.Errorf("sections %v", got)
	}
	if got := s.Names("datasources"); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("names %v", got)
	}
	for section, want := range map[string]bool{
		"proxy": true, "proxy.reverse": true, "proxy.forward": false, "proxy.rev": false, "datasources.A": true, "datasources.B": true,
		"datasources.C": false, "jmx": true, "jm": false, "hostname.name": true,
	} {
		if s.HasSection(section) != want {
			t.Errorf("HasSection(%s) = %v", section, !want)
		}
	}
	s.Delete("hostname.name")
	s.Put("jmx.enabled", Value{Text: "true"})
	s.Delete("jmx.enabled")
	s.Delete("jmx.nothing")
	if s.HasSection("hostname") || !s.HasSection("jmx") {
		t.Error("a section goes with its last key, unless it stands for itself")
	}
	s.DeleteSection("datasources")
	s.DeleteSection("jmx")
	s.DeleteSection("proxy.reverse")
	if got := s.Sections(); len(got) != 0 {
		t.Errorf("sections %v are left", got)
	}
}

func TestSetCloneSharesNothing(t *testing.T) {
	t.Parallel()
	at := Position{File: "a.yaml", Line: 3, Column: 7}
	s := NewSet(fullSchema())
	list, m := []string{"a", "b"}, map[string]string{"k": "v"}
	s.Put("truststore.import", Value{List: list, At: at})
	s.Put("datasources.A.parameters", Value{Map: m, At: at})
	s.PutSection("jmx")
	c := s.Clone()
	list[0], m["k"] = "changed", "changed"
	v, _ := s.Lookup("truststore.import")
	v.List[0] = "changed"
	v, _ = s.Lookup("datasources.A.parameters")
	v.Map["k"] = "changed"
	s.List("truststore.import")[0] = "changed"
	s.Put("hostname.name", Value{Text: "x"})
	s.DeleteSection("jmx")
	for _, set := range []*Set{s, c} {
		if set.List("truststore.import")[0] != "a" {
			t.Error("a list is shared")
		}
		if v, _ := set.Lookup("datasources.A.parameters"); v.Map["k"] != "v" || v.At != at {
			t.Errorf("a map is shared, or its position lost: %+v", v)
		}
	}
	if c.HasSection("hostname") || !c.HasSection("jmx") {
		t.Error("a clone follows its origin")
	}
	s.Delete("truststore.import")
	if c.Text("truststore.import") != "a, b" {
		t.Error("a clone follows its origin")
	}
}

func TestPutPanicsOnProgrammingErrors(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*Set){
		"unknown":         func(s *Set) { s.Put("hostname.nme", Value{Text: "x"}) },
		"section":         func(s *Set) { s.Put("hostname", Value{Text: "x"}) },
		"pattern":         func(s *Set) { s.Put("datasources.*.host", Value{Text: "x"}) },
		"not yet":         func(s *Set) { s.Put("keystore", Value{}) },
		"beneath not yet": func(s *Set) { s.Put("keystore.alias", Value{Text: "x"}) },
		"secret as text":  func(s *Set) { s.Put("admin.password", Value{Text: "hunter2"}) },
		"no section":      func(s *Set) { s.PutSection("nowhere") },
		"key as section":  func(s *Set) { s.PutSection("hostname.name") },
	} {
		func() {
			defer func() {
				switch said := recover(); {
				case said == nil:
					t.Errorf("%s: no panic", name)
				case name == "secret as text" && said != `answers: the secret "admin.password" given as a text`:
					t.Errorf("%s: %v", name, said)
				}
			}()
			f(NewSet(fullSchema()))
		}()
	}
}

func TestPutMakesTextsValid(t *testing.T) {
	t.Parallel()
	s := NewSet(fullSchema())
	s.Put("hostname.name", Value{Text: "a\xffb", List: []string{"x"}})
	s.Put("truststore.import", Value{List: []string{"\xfe"}})
	s.Put("datasources.A.parameters", Value{Map: map[string]string{"\xff": "\xfe"}})
	if v, _ := s.Lookup("hostname.name"); v.Text != "a\ufffdb" || v.List != nil {
		t.Errorf("%+v", v)
	}
	if got := s.Text("truststore.import"); got != "\ufffd" {
		t.Errorf("%q", got)
	}
	if v, _ := s.Lookup("datasources.A.parameters"); v.Map["\ufffd"] != "\ufffd" {
		t.Errorf("%q", v.Map)
	}
}

func TestSpecRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind Kind
		text string
		want string
		ok   bool
	}{
		{Text, "yes", "yes", true},
		{Text, "", "", true},
		{Bool, "true", "true", true},
		{Bool, "yes", "", false},
		{Bool, "TRUE", "", false},
		{Bool, "", "", false},
		{Int, "42", "42", true},
		{Int, "042", "", false},
		{Int, "-0", "", false},
		{Int, "٣", "", false},
		{Int, "9223372036854775808", "", false},
		{Size, "2G", "2g", true},
		{Size, "0g", "", false},
		{Size, "9999999999g", "", false},
		{Size, "-1g", "", false},
		{Choice, "b", "b", true},
		{Choice, "B", "", false},
		{List, "a, b,c", "a, b, c", true},
		{List, "", "", true},
		{Path, "~/x", "~/x", true},
		{Map, "a", "", false},
		{Map, "a=1, b = 2", "", true},
	} {
		v, fault := Spec{Key: "x.y", Kind: c.kind, Choices: []string{"a", "b"}}.Read(c.text)
		if (fault == nil) != c.ok || v.Text != c.want {
			t.Errorf("%s %q: %q, %v", c.kind, c.text, v.Text, fault)
		}
		if fault != nil && (fault.Key != "x.y" || fault.Message == "" || fault.Fix == "") {
			t.Errorf("%s %q: %+v", c.kind, c.text, fault)
		}
	}
	for text, fix := range map[string]string{"512": "Write 512m for megabytes; a number alone would be bytes.", "536870912": "Write 512m: these are bytes, it seems."} {
		if _, fault := (Spec{Key: "x.y", Kind: Size}).Read(text); fault == nil || fault.Fix != fix {
			t.Errorf("size %q: %+v", text, fault)
		}
	}
	v, fault := Spec{Key: "x.y", Kind: Secret}.Read("hunter2")
	if fault != nil || v.Text != "" || v.Secret.Reveal() != "hunter2" {
		t.Errorf("secret: %+v, %v", v, fault)
	}
}

// What is typed on one line for a map, and what it is; a ! is refused with a word of why.
func TestMapOnOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "map[]",
		" , ,":                            "map[]",
		"sslmode=verify-full":             "map[sslmode:verify-full]",
		" useSSL = true ,requireSSL=":     "map[requireSSL: useSSL:true]",
		"p=a=b, q=jdbc:x?y=z&w":           "map[p:a=b q:jdbc:x?y=z&w]",
		`protocols=TLSv1.1\,TLSv1.2, b=1`: "map[b:1 protocols:TLSv1.1,TLSv1.2]",
		`dir=C:\\x\\`:                     `map[dir:C:\x\]`,
		`a=two words, b=\ blank\ `:        "map[a:two words b: blank ]",
		`odd\=name=1`:                     "map[odd=name:1]",
		"novalue":                         "!has no =",
		"a=1 b":                           "map[a:1 b]",
		"=x":                              "!has no name",
		"a=1, a=2":                        "!second time",
	} {
		m, what := SplitMap(text)
		got := fmt.Sprint(m)
		if what != "" {
			got = "!" + what
		}
		refused := what != "" && strings.HasPrefix(want, "!") && strings.Contains(what, want[1:])
		if got != want && !refused {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
		if again, _ := SplitMap(JoinMap(m)); what == "" && !maps.Equal(again, m) {
			t.Errorf("%q: %q is read as %v", text, JoinMap(m), again)
		}
	}
}
