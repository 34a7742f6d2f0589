package flow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
)

func TestParseAndTextOfAreInverse(t *testing.T) {
	field := func(k answers.Kind) steps.Field {
		return steps.Field{Spec: answers.Spec{Key: "x.y", Kind: k, Label: "Field", Choices: []string{"one", "two"}}}
	}
	for _, c := range []struct {
		kind answers.Kind
		in   string
		want string // "!" = refused, "" = no answer
	}{
		{answers.Text, " text ", "text"},
		{answers.Text, "  ", ""},
		{answers.Int, "007", "7"},
		{answers.Int, "-1", "-1"},
		{answers.Int, "9999x", "!"},
		{answers.Int, "99999999999999999999", "!"},
		{answers.Bool, "true", "true"},
		{answers.Bool, "yes", "!"},
		{answers.Size, "512m", "512m"},
		{answers.Size, "2 GB", "!"},
		{answers.Choice, "two", "two"},
		{answers.Choice, "three", "!"},
		{answers.List, "a, b c\nd", "a, b, c, d"},
		{answers.List, " , ", ""},
		{answers.Map, "k=v, a=b=c", "a=b=c, k=v"},
		{answers.Map, "novalue", "!"},
		{answers.Path, "/a b/c", "/a b/c"},
	} {
		v, ok, p := parse(field(c.kind), c.in)
		got := "!"
		if p == nil {
			got = ""
			if ok {
				got = textOf(c.kind, v)
			}
		} else if p.Severity != steps.Error || p.Key != "x.y" || p.Fix == "" {
			t.Errorf("%q: problem %+v", c.in, p)
		}
		if got != c.want {
			t.Errorf("kind %d, %q: %q, want %q", c.kind, c.in, got, c.want)
		}
		if ok && p == nil {
			if again, _, p := parse(field(c.kind), got); p != nil || textOf(c.kind, again) != got {
				t.Errorf("kind %d, %q: not the same the second time", c.kind, c.in)
			}
		}
	}
}

func TestComplete(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"stores/", "stored.jks", ".hidden", "other"} {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config(t, sampleHome(t))
	cfg.Getenv = func(k string) (string, bool) { return map[string]string{"HOME": dir, "HERE": dir}[k], true }
	e := open(t, cfg)
	for _, c := range []struct{ typed, common, names string }{
		{dir + "/st", dir + "/store", "stored.jks stores/"},
		{dir + "/stores", dir + "/stores/", "stores/"},
		{"~/o", "~/other", "other"},
		{"$HERE/.h", "$HERE/.hidden", ".hidden"},
		{dir + "/", dir + "/", "other stored.jks stores/"},
		{dir + "/nothing", dir + "/nothing", ""},
		{dir + "/no/such/folder", dir + "/no/such/folder", ""},
	} {
		common, names := e.Complete(t.Context(), c.typed)
		if common != c.common || strings.Join(names, " ") != c.names {
			t.Errorf("%q: %q %q, want %q %q", c.typed, common, names, c.common, c.names)
		}
	}
}
