package apply

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDrift(t *testing.T) {
	look := func(l *lab) string {
		items, err := Drift(l.home)
		must(t, err)
		var out []string
		for _, i := range items {
			if i.Changed != "" {
				out = append(out, i.Path+" "+i.Changed)
			}
			if i.Run == "" {
				t.Errorf("%+v", i)
			}
		}
		return strings.Join(out, ", ")
	}
	l := newLab(t)
	if got := look(l); got != "" {
		t.Error(got)
	}
	l, _, _ = applied(t)
	if got := look(l); got != "" {
		t.Error(got)
	}
	l.write(t, "repository/conf/carbon.xml", "by hand")
	l.write(t, "repository/conf/old.xml", "made anew")
	must(t, os.Remove(filepath.Join(l.home, "bin/wso2server.sh")))
	must(t, os.Chmod(filepath.Join(l.home, "repository/conf/user-mgt.xml"), 0o640))
	want := "bin/wso2server.sh removed, repository/conf/carbon.xml changed, repository/conf/old.xml created again, repository/conf/user-mgt.xml mode is 0640 and was 0600"
	if got := look(l); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, _, err := l.restore(t, RestoreOptions{SaveAside: true})
	must(t, err)
	if got := look(l); got != "" {
		t.Error(got)
	}

	// A file that somebody has put back before the restore is in no later manifest: the restored run has no claim on it.
	l, _, _ = applied(t)
	l.write(t, "repository/conf/carbon.xml", carbonBefore)
	_, _, err = l.restore(t, RestoreOptions{})
	must(t, err)
	if got := look(l); got != "" {
		t.Error(got)
	}
}
