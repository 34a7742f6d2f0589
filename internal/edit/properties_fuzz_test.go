package edit

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzProperties(f *testing.F) {
	for _, c := range propertyFiles {
		f.Add([]byte(c.data), "a", "new value", "b")
		f.Add([]byte(c.data), "new", "= \\\n\té€", "")
	}
	f.Fuzz(func(t *testing.T, data []byte, key, value, after string) {
		p, err := ParseProperties("x", data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.What == "" || e.Fix == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		pairs, err := readJavaProperties(data)
		if err != nil || len(pairs) != len(p.entries) {
			t.Fatalf("the second reader finds %d entries (%v), the editor %d", len(pairs), err, len(p.entries))
		}
		for i, pair := range pairs {
			if e := p.entries[i]; wtf16(e.key) != pair.key || wtf16(e.value) != pair.value {
				t.Fatalf("entry %d: %q=%q, the second reader reads %q", i, e.key, e.value, pair)
			}
		}
		propertiesLaws(t, string(data), key, value)
		severalEdits(t, data, key, value, after)
	})
}

// severalEdits records edits of many kinds at once: whatever comes of it, nothing else may change.
func severalEdits(t *testing.T, data []byte, key, value, after string) {
	t.Helper()
	p := mustProperties(t, string(data))
	entries := p.Entries()
	want := map[string]string{}
	for _, e := range entries {
		want[e.Key] = e.Value
	}
	for i, e := range entries {
		switch i % 4 {
		case 0:
			if utf8.ValidString(e.Key) {
				_ = p.Set(e.Key, value, "")
				want[e.Key] = value
			}
		case 1:
			_ = p.Remove(e.Key)
			delete(want, e.Key)
		case 2:
			name := fmt.Sprint("fresh", i)
			_ = p.Set(name, value, e.Key)
			want[name] = value
		}
	}
	_ = p.Set(key, value, after)
	want[key] = value
	if !utf8.ValidString(key) || !utf8.ValidString(value) {
		return
	}
	before := map[string]string{}
	for _, e := range p.Entries() {
		before[e.Key] = e.Value
	}
	if _, err := p.Commit(); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	got := map[string]string{}
	for _, e := range p.Entries() {
		got[e.Key] = e.Value
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(before) != fmt.Sprint(want) {
		t.Fatalf("%q became %q:\n%q before Commit\n%q after\n%q wanted", data, p.Bytes(), before, got, want)
	}
}

func BenchmarkProperties(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		data := benchProperties(n)
		b.Run(fmt.Sprintf("parse/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				_ = mustProperties(b, data)
			}
		})
		b.Run(fmt.Sprintf("edit/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				p := mustProperties(b, data)
				_ = p.Set("log4j.appender.A17.File", "${carbon.home}/x.log", "")
				_ = p.Set("log4j.appender.A17.MaxBackupIndex", "20", "log4j.appender.A17.File")
				if _, err := p.Commit(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("all/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				p := mustProperties(b, data)
				for _, e := range p.Entries() {
					_ = p.Set(e.Key, "x", "")
					_ = p.Set(e.Key+".new", "y", e.Key)
				}
				if _, err := p.Commit(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchProperties(n int) string {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "# Appender %d\nlog4j.appender.A%d.File = ${carbon.home}/repository/logs/a%d.log\nlist.%d=one,\\\n    two,\\\n    three\n\n", i, i, i, i)
	}
	return b.String()
}

// TestLargeProperties parses and edits a file of shapes that are slow when the time is not linear.
func TestLargeProperties(t *testing.T) {
	for _, piece := range []string{"a=1\n", "\\\n", "a\\\n", "\\u0041", "#\\\n", "\r", "=", "a\r\n", `\\`, " "} {
		data := strings.Repeat(piece, MaxFileSize/32/len(piece)) + "\n"
		p, err := ParseProperties("x", []byte(data))
		if err != nil {
			continue
		}
		_ = p.Set("a", "2", "")
		_ = p.Set("b", "3", "a")
		if _, err := p.Commit(); err != nil {
			t.Errorf("%q: %v", piece, err)
		}
	}
}
