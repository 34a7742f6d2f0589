//go:build unix

package carbon

import (
	"os"
	"os/user"
	"path/filepath"
	"testing"
)

func TestOwner(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.Chown(home, os.Getuid(), os.Getgid()); err != nil {
		t.Fatal(err)
	}
	wantGroup := me.Gid
	if g, err := user.LookupGroupId(me.Gid); err == nil {
		wantGroup = g.Name
	}
	in := &Install{Home: home}
	if owner, group := in.Owner(); owner != me.Username || group != wantGroup {
		t.Errorf("owner %q %q, want %q %q", owner, group, me.Username, wantGroup)
	}
	if os.Getuid() == 0 {
		const nameless = 1234567
		if err := os.Chown(home, nameless, nameless); err != nil {
			t.Fatal(err)
		}
		if owner, group := in.Owner(); owner != "1234567" || group != "1234567" {
			t.Errorf("owner %q %q of a home whose owner has no name, want the numbers", owner, group)
		}
	}
	in.Home = filepath.Join(home, "gone")
	if owner, group := in.Owner(); owner != "" || group != "" {
		t.Errorf("owner %q %q of a home that is not there", owner, group)
	}
}
