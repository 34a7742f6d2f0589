package answers

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"carbon-setup/internal/secret"
)

// same compares two sets, positions and secrets apart.
func same(t *testing.T, got, want *Set) {
	t.Helper()
	if a, b := slices.Sorted(maps.Keys(got.values)), slices.Sorted(maps.Keys(want.values)); !slices.Equal(a, b) {
		t.Errorf("keys %q, want %q", a, b)
	}
	for key, w := range want.values {
		g := got.values[key]
		wantRef := w.Ref
		if spec, _ := want.schema.Lookup(key); spec.Kind == Secret && wantRef == (Ref{}) {
			wantRef.Prompt = true
		}
		if g.Text != w.Text || !slices.Equal(g.List, w.List) || !maps.Equal(g.Map, w.Map) || g.Ref != wantRef {
			t.Errorf("%s: %+v, want %+v", key, g, w)
		}
	}
	for key := range want.bare {
		if !got.HasSection(key) {
			t.Errorf("the section %s is gone", key)
		}
	}
	if a, b := got.Sections(), want.Sections(); !slices.Equal(a, b) {
		t.Errorf("sections %q, want %q", a, b)
	}
}

// watch ends a fuzz run with the input that takes too long: the fuzzer itself would kill it without a word.
func watch(t *testing.T, input any) {
	timer := time.AfterFunc(5*time.Second, func() { panic(fmt.Sprintf("takes more than 5 s: %q", input)) })
	t.Cleanup(func() { timer.Stop() })
}

// sound checks what every fault of every file must be.
func sound(t *testing.T, data []byte, faults []Fault) {
	t.Helper()
	lines := strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	last := Position{}
	for _, f := range faults {
		if f.Message == "" || f.Fix == "" || !strings.HasSuffix(f.Message, ".") || strings.ContainsAny(f.String(), "\n\x1b\x00") || !utf8.ValidString(f.String()) {
			t.Errorf("fault %q", f)
		}
		if f.At.File != "a.yaml" || f.At.Line < 1 || f.At.Column < 1 || f.At.before(last) < 0 {
			t.Errorf("fault %q is out of place after %s", f, last)
		}
		if f.At.Line > len(lines) || f.At.Column > len([]rune(lines[f.At.Line-1]))+1 {
			t.Errorf("fault %q is not in the file %q", f, data)
		}
		last = f.At
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fullFile))
	data := strings.Builder{}
	for _, c := range faultCases(f) {
		f.Add([]byte(shownBytes.Replace(c.text)))
		data.WriteString(c.text)
	}
	f.Add([]byte(data.String()))
	f.Fuzz(func(t *testing.T, data []byte) {
		watch(t, data)
		set, warnings, err := Parse("a.yaml", data, fullSchema())
		var faults *FaultsError
		switch {
		case errors.As(err, &faults):
			if len(faults.Faults) == 0 {
				t.Error("an error without faults")
			}
			sound(t, data, faults.Faults)
			return
		case err != nil:
			t.Fatal(err)
		}
		sound(t, data, warnings)
		written := set.Marshal()
		again, warnings, err := Parse("b.yaml", written, fullSchema())
		if err != nil || len(warnings) > 0 {
			t.Fatalf("%q became %q: %v %v", data, written, warnings, err)
		}
		same(t, again, set)
		if third := again.Marshal(); string(third) != string(written) {
			t.Errorf("%q is written anew as %q", written, third)
		}
	})
}

// FuzzMarshal puts any text into every place that takes one.
func FuzzMarshal(f *testing.F) {
	for _, s := range []string{"", "a", "yes", "~", "null", "0777", "1e3", "12:30", "2026-11-22", " a ", "a\nb", "a\r\n", "\t", "#", "a #b", "'", `"`, `\`, "{", "[a", "- a", "? a", ": a", "a: b", "---", "...", "!x", "&x", "*x", "%x", "@x", "`x", "|", ">", "<<", "日本", "\u0085\u2028\ufeff", "\x00\x1b", "\xff", "😀", ".inf", "-", "=", "1.2.3.4", "C:\\x", strings.Repeat("x", 3000)} {
		f.Add(s, "k")
		f.Add("v", s)
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		want := NewSet(fullSchema())
		want.Put("admin.username", Value{Text: text})
		want.Put("admin.password", Value{Secret: secret.New(text)})
		want.Put("hostname.name", Value{Text: name})
		want.Put("hostname.management", Value{Text: text})
		want.Put("truststore.import", Value{List: []string{text, name, "", text}})
		want.Put("backup.directory", Value{Text: text})
		if freeNameFault(name) != "" {
			name = "A"
		}
		want.Put("datasources."+name+".type", Value{Text: "mysql"})
		want.Put("datasources."+name+".host", Value{Text: text})
		want.Put("datasources."+name+".parameters", Value{Map: map[string]string{text: name, name: text}})
		if text != "" {
			want.Put("datasources."+name+".password", Value{Ref: Ref{File: strings.ToValidUTF8(text, "?")}})
		}
		written := want.Marshal()
		got, warnings, err := Parse("a.yaml", written, fullSchema())
		if err != nil || len(warnings) > 0 {
			t.Fatalf("%s\n%v %v", written, warnings, err)
		}
		same(t, got, want)
		if strings.Contains(string(written), "\x1b") || strings.Count(string(written), "\n") > 40 {
			t.Errorf("written as %q", written)
		}
	})
}

// FuzzSecretsStayHidden writes a secret where one belongs, amid anything on its line: no message may show it.
func FuzzSecretsStayHidden(f *testing.F) {
	for _, around := range []string{"", `"`, "'", "{", "[", "x: ", "{x: ", "&", "*", "!", "|", "@", "# ", "\\", `"\`, "- ", "{env: $", "{file: [", "? ", "}", "]", ",", "\t", "yes ", "{prompt: "} {
		f.Add(around, "")
		f.Add("", around)
		f.Add(around, around)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		watch(t, []string{before, after})
		if strings.ContainsAny(before+after, "\n") {
			return
		}
		for _, text := range []string{
			"version: 1\nadmin:\n  username: ops\n  password: " + before + "hunter2" + after + "\n",
			"version: 1\nadmin: {username: ops, password: " + before + "hunter2" + after,
		} {
			set, warnings, err := Parse("a.yaml", []byte(text), fullSchema())
			said := ""
			if err != nil {
				said = err.Error()
			} else {
				said = string(set.Marshal())
			}
			for _, w := range warnings {
				said += w.String()
			}
			if strings.Contains(said, "hunter2") && !reference(set, err) && !outside(before) {
				t.Errorf("%q: %s", text, said)
			}
		}
	})
}

// reference reports whether what was written names a variable or a file: that is no secret.
func reference(set *Set, err error) bool {
	return err == nil && strings.Contains(set.values["admin.password"].Ref.Env+set.values["admin.password"].Ref.File, "hunter2")
}

// outside reports whether a text can end the value that the password stands in, and begin another key in its braces.
func outside(before string) bool { return strings.ContainsAny(before, ",}]") }

func FuzzMapOnOneLine(f *testing.F) {
	f.Add("sslmode", "verify-full", "a", `x\, y`)
	f.Add(" =", "\\", "b\t", " ")
	f.Fuzz(func(t *testing.T, a, x, b, y string) {
		want := map[string]string{a: x, b: y}
		delete(want, "")
		got, what := SplitMap(JoinMap(want))
		if what != "" || !maps.Equal(got, want) {
			t.Errorf("%q is %q on one line, which is read as %q (%s)", want, JoinMap(want), got, what)
		}
		m, what := SplitMap(x)
		if again, wrong := SplitMap(JoinMap(m)); what == "" && (wrong != "" || !maps.Equal(again, m)) {
			t.Errorf("%q: %q, then %q (%s)", x, m, again, wrong)
		}
	})
}
