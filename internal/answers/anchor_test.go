package answers

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestAnchored: what is written to disk leads to the same files from any other folder.
func TestAnchored(t *testing.T) {
	schema := Schema{
		{Key: "a.file", Kind: Path},
		{Key: "a.list", Kind: List, Paths: true},
		{Key: "a.names", Kind: List},
		{Key: "a.text", Kind: Text},
		{Key: "db.*.driver", Kind: Path},
	}
	typed := NewSet(schema)
	typed.Put("a.file", Value{Text: "x/y.pem"})
	typed.Put("a.list", Value{List: []string{"one.pem", "/two.pem", "~/three.pem", "$DIR/four.pem"}})
	typed.Put("a.names", Value{List: []string{"one"}})
	typed.Put("a.text", Value{Text: "x/y"})
	typed.Put("db.ONE.driver", Value{Text: "../d.jar"})
	cwd := t.TempDir()
	t.Chdir(cwd)
	if resolved, err := filepath.EvalSymlinks(cwd); err == nil {
		cwd = resolved
	}
	for _, dir := range []string{"", "/srv/answers"} {
		base := dir
		if dir == "" {
			base = cwd
		}
		got := typed.Anchored(dir)
		if want := filepath.Join(base, "x/y.pem"); got.Text("a.file") != want {
			t.Errorf("%s, want %s", got.Text("a.file"), want)
		}
		if want := []string{filepath.Join(base, "one.pem"), "/two.pem", "~/three.pem", "$DIR/four.pem"}; !slices.Equal(got.List("a.list"), want) {
			t.Errorf("%v, want %v", got.List("a.list"), want)
		}
		if want := filepath.Join(filepath.Dir(base), "d.jar"); got.Text("db.ONE.driver") != want {
			t.Errorf("%s, want %s", got.Text("db.ONE.driver"), want)
		}
		if got.Text("a.text") != "x/y" || !slices.Equal(got.List("a.names"), []string{"one"}) {
			t.Errorf("what is no path has changed: %s", got.Marshal())
		}
	}
	if typed.Text("a.file") != "x/y.pem" || typed.List("a.list")[0] != "one.pem" {
		t.Error("the answers themselves have changed")
	}
	read, _, err := Parse("/etc/carbon/am.yaml", []byte("version: 1\na: {list: [one.pem]}\n"), schema)
	if err != nil {
		t.Fatal(err)
	}
	if got := read.Anchored("").List("a.list"); !slices.Equal(got, []string{"/etc/carbon/one.pem"}) {
		t.Errorf("a list of a file starts elsewhere: %v", got)
	}
}
