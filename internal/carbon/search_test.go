package carbon

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSearch(t *testing.T) {
	home := t.TempDir()
	for _, rel := range []string{
		"a.jks", "repository/resources/security/b.jks", "repository/deployment/server/webapps/x/y/c.JKS", "repository/conf/d.xml",
		"repository/components/plugins/p.jks", "repository/components/features/f/conf/f.jks", "repository/components/dropins/e.jks",
		"repository/logs/l.jks", "1/2/3/4/5/6/in.jks", "1/2/3/4/5/6/7/out.jks", "tmp/t.jks", ".carbon-setup/runs/1/before/r.jks",
	} {
		path := filepath.Join(home, filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("..", filepath.Join(home, "repository", "loop")); err != nil {
		t.Fatal(err)
	}
	in := &Install{Home: home}
	match := func(name string) bool { return strings.EqualFold(filepath.Ext(name), ".jks") }
	got := in.StartSearch(t.Context(), match).Files()
	want := []string{"1/2/3/4/5/6/in.jks", "a.jks", "repository/components/dropins/e.jks", "repository/deployment/server/webapps/x/y/c.JKS", "repository/resources/security/b.jks"}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := in.StartSearch(ended, match).Files(); len(got) > 0 {
		t.Errorf("an ended search has found %q", got)
	}
}
