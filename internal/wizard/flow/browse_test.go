//go:build unix

package flow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"carbon-setup/internal/wizard/texts"
)

// picking is an Engine with a folder of the operator's, which is also his home.
func picking(t *testing.T, change func(*Config)) (*Engine, string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t, sampleHome(t))
	env := cfg.Getenv
	cfg.Getenv = func(k string) (string, bool) {
		switch k {
		case "HOME":
			return dir, true
		case "CARBON_HOME":
			return cfg.Home, true
		}
		return env(k)
	}
	if change != nil {
		change(&cfg)
	}
	return open(t, cfg), dir
}

func put(t testing.TB, dir, name, data string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, e *Engine, folder string) map[string]DirEntry {
	t.Helper()
	l, err := e.List(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]DirEntry{}
	for _, d := range l.Entries {
		all[d.Name] = d
	}
	return all
}

func TestEntriesAreToldByTheirContent(t *testing.T) {
	e, dir := picking(t, nil)
	store, err := os.ReadFile(filepath.Join(e.home, "repository/resources/security/wso2carbon.jks"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "zz/inside", "x")
	put(t, dir, "b.p12", string(store)) // its name is wrong
	put(t, dir, "a.jks", "no keystore")
	put(t, dir, "c.txt", strings.Repeat("Certificate:\n    Data:\n", 200)+"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
	put(t, dir, "d.pfx", "\x30\x82\x0a\x00\x02\x01\x03\x30\x82\x09\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")
	put(t, dir, "e.pem", "")
	put(t, dir, ".hidden", "x")
	large := filepath.Join(dir, "large.jks")
	put(t, dir, "large.jks", "")
	if err := os.Truncate(large, 9<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("b.p12", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	l, err := e.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range l.Entries {
		got = append(got, d.Label()+" "+d.What)
		if d.Refused != "" {
			t.Errorf("%s is refused: %s", d.Name, d.Refused)
		}
	}
	want := "zz/ folder|.hidden file|a.jks file|b.p12 JKS|c.txt PEM|d.pfx PKCS#12|e.pem empty|large.jks JKS?|link JKS"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	all := list(t, e, dir)
	if d := all["link"]; d.Link != "b.p12" || d.Size != int64(len(store)) || !all[".hidden"].Hidden() {
		t.Errorf("link: %+v", d)
	}
	if p := l.Path(all["b.p12"]); p != filepath.Join(dir, "b.p12") {
		t.Error(p)
	}
}

// TestWhatIsNoFileIsRefusedAndNotOpened would hang at the pipe if it were opened.
func TestWhatIsNoFileIsRefusedAndNotOpened(t *testing.T) {
	e, dir := picking(t, nil)
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo.p12"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"broken": "/nowhere/at/all", "circle": "circle", "to-fifo": "fifo.p12", "null": "/dev/null", "through": "plain/x",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir, "plain", "x")
	put(t, dir, "cost$HOME.p12", "x")
	put(t, dir, "five$.p12", "x")
	var lc net.ListenConfig
	socket, err := lc.Listen(t.Context(), "unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	for name, want := range map[string][2]string{
		"fifo.p12":      {texts.WhatPipe, "fifo.p12 is a pipe and is not opened. Choose a file."},
		"to-fifo":       {texts.WhatPipe, "is a pipe"},
		"s":             {texts.WhatSocket, "is a socket"},
		"null":          {texts.WhatDevice, "is a device"},
		"broken":        {texts.WhatBadLink, "is a link to /nowhere/at/all, which does not exist."},
		"circle":        {texts.WhatBadLink, "too many levels of symbolic links"},
		"through":       {texts.WhatBadLink, "not a directory"},
		"plain":         {texts.WhatFile, ""},
		"cost$HOME.p12": {texts.WhatFile, "which begins a variable"},
		"five$.p12":     {texts.WhatFile, ""},
	} {
		d := list(t, e, dir)[name]
		if d.What != want[0] || (want[1] == "") != (d.Refused == "") || !strings.Contains(d.Refused, want[1]) {
			t.Errorf("%s is a %s: %q", name, d.What, d.Refused)
		}
		if d.Refused != "" && !strings.HasPrefix(d.Refused, name) {
			t.Errorf("%s: the name does not come first: %s", name, d.Refused)
		}
	}
	for folder, says := range map[string]string{"fifo.p12": "not a directory", "nowhere": "does not exist.", "plain": "not a directory"} {
		if _, err := e.List(t.Context(), filepath.Join(dir, folder)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

// asNobody runs something on a thread of its own as a user who may not do everything. Who is no such user now does it himself.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := dropRights()
		if err == nil {
			do()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestUnreadableIsRefusedWithOwnerModeAndUser(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "key.p12", "secret")
	put(t, dir, "open.p12", "x")
	put(t, dir, "private/in", "x")
	put(t, dir, "listed/in", "x")
	for name, mode := range map[string]fs.FileMode{"key.p12": 0, "private": fs.ModeDir, "listed": fs.ModeDir | 0o444} {
		path := filepath.Join(dir, name)
		if err := os.Chmod(path, mode.Perm()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(path, 0o755) })
	}
	info, err := os.Stat(filepath.Join(dir, "key.p12"))
	if err != nil {
		t.Fatal(err)
	}
	owner, group := (&owners{}).of(info)
	e := &Engine{back: Backend{}.withDefaults()}
	got, failed := map[string]DirEntry{}, map[string]error{}
	us := ""
	asNobody(t, func() {
		us = (&owners{}).us()
		k := &looker{folder: dir, readable: readable, owners: &owners{}}
		for _, name := range []string{"key.p12", "open.p12", "private", "listed"} {
			got[name] = k.look(name, true)
		}
		k.folder = filepath.Join(dir, "listed")
		got["in"] = k.look("in", true)
		_, _, err := namesIn(context.Background(), filepath.Join(dir, "private"))
		failed["private"] = e.folderRefused(filepath.Join(dir, "private"), err)
	})
	for name, says := range map[string][]string{
		"key.p12": {"key.p12: you are " + us, "may not read it; it belongs to " + owner + ", group " + group + ", mode ----------"},
		"private": {"may not list and enter it", "mode d---------", owner},
		"listed":  {"may not list and enter it", "mode dr--r--r--"},
		"in":      {"you are " + us, "can be listed but not entered"},
	} {
		for _, s := range says {
			if !strings.Contains(got[name].Refused, s) {
				t.Errorf("%s: %q does not say %q", name, got[name].Refused, s)
			}
		}
	}
	if d := got["open.p12"]; d.Refused != "" || d.What != texts.WhatFile || got["key.p12"].What != texts.WhatNoAccess || got["private"].Kind != Folder {
		t.Errorf("%+v", got)
	}
	if err := failed["private"]; err == nil || !strings.Contains(err.Error(), "you are "+us) || !strings.Contains(err.Error(), "mode d---------") {
		t.Errorf("the folder itself: %v", err)
	}
}

func TestHostileNamesAreShownInEscapesAndPathsAreTheirBytes(t *testing.T) {
	for name, shown := range map[string]string{
		"plain.p12":          "plain.p12",
		"für 日本.p12":         "für 日本.p12",
		"two\nlines":         `two\nlines`,
		"tab\there":          `tab\there`,
		"\x1b[2J\x1b]0;x\a":  `\x1b[2J\x1b]0;x\x07`,
		"del\x7f":            `del\x7f`,
		"\xff\xfe.p12":       `\xff\xfe.p12`,
		"turn\u202egpj.p12":  `turn\u202egpj.p12`,
		"line\u2028end":      `line\u2028end`,
		"back\\slash":        `back\slash`,
		"back\\n\n":          `back\\n\n`,
		"c1\u009b31m":        `c1\u009b31m`,
		"tag\U000e0041":      `tag\U000e0041`,
		"replaced\ufffd":     "replaced\ufffd",
		"zero\u200bwidth":    `zero\u200bwidth`,
		"--option=\"quoted'": "--option=\"quoted'",
	} {
		if got := Shown(name); got != shown {
			t.Errorf("Shown(%q) = %s, want %s", name, got, shown)
		}
	}
	e, dir := picking(t, nil)
	names := []string{"two\nlines", "\x1b[31mred.p12", "\xff.p12", " blanks ", "turn\u202e", "-rf"}
	for _, n := range names {
		put(t, dir, n, "x")
	}
	l, err := e.List(t.Context(), dir)
	if err != nil || len(l.Entries) != len(names) {
		t.Fatalf("%d entries, %v", len(l.Entries), err)
	}
	for _, d := range l.Entries {
		if _, err := os.Stat(l.Path(d)); err != nil || d.Refused != "" || NeedsEscape(d.Label()) {
			t.Errorf("%q: %v, refused %q, shown as %q", d.Name, err, d.Refused, d.Label())
		}
	}
}

func FuzzShown(f *testing.F) {
	f.Add("a\x1b[2J", "a")
	f.Add("\\n", "\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		if NeedsEscape(Shown(a)) {
			t.Errorf("%q is shown as %q", a, Shown(a))
		}
		if a != b && NeedsEscape(a) && NeedsEscape(b) && Shown(a) == Shown(b) {
			t.Errorf("%q and %q look the same: %s", a, b, Shown(a))
		}
	})
}

func TestBrowsingBeginsWhereThePathLeads(t *testing.T) {
	e, dir := picking(t, nil)
	put(t, dir, "keys/esb.p12", "x")
	home := e.home
	t.Chdir(dir)
	for typed, want := range map[string][3]string{
		"":                         {dir},
		"   ":                      {dir},
		"~":                        {dir},
		"~/keys/":                  {dir + "/keys"},
		"~/keys":                   {dir + "/keys"},
		"keys/es":                  {dir + "/keys"},
		"~/keys/esb.p12":           {dir + "/keys", "esb.p12"},
		dir + "/keys/new/er.p12":   {dir + "/keys", "", dir + "/keys/new does not exist."},
		dir + "/keys/new/":         {dir + "/keys", "", dir + "/keys/new does not exist."},
		"/nowhere/at/all/x":        {"/", "", "/nowhere does not exist."},
		"$CARBON_HOME/repository":  {home + "/repository"},
		"${CARBON_HOME}/bin/x":     {home + "/bin"},
		"~/keys/esb.p12/below.p12": {dir + "/keys", "", dir + "/keys/esb.p12 is no folder."},
	} {
		l, err := e.Browse(t.Context(), typed)
		if err != nil || l.Folder != want[0] || l.At != want[1] || l.Note != want[2] {
			t.Errorf("%q: in %s at %q (%s), %v; want %q", typed, l.Folder, l.At, l.Note, err, want)
		}
	}
	e.Picked(dir + "/keys/esb.p12")
	if l, err := e.Browse(t.Context(), ""); err != nil || l.Folder != dir+"/keys" {
		t.Errorf("after a choice: %s, %v", l.Folder, err)
	}
}

func TestBrowsingBeginsInTheInstallWithoutAHome(t *testing.T) {
	e, dir := picking(t, func(c *Config) { c.Backend.Readable = func(string, bool) error { return fs.ErrPermission } })
	if l, err := e.Browse(t.Context(), ""); err != nil || l.Folder != e.home || l.Folder == dir {
		t.Errorf("%s, %v", l.Folder, err)
	}
}

func TestReadingThatHangsIsStopped(t *testing.T) {
	release := make(chan struct{})
	var ctx context.Context
	e, dir := picking(t, func(c *Config) {
		c.Backend.Readable = func(string, bool) error { <-release; return nil }
	})
	put(t, dir, "a", "x")
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() {
		_, err := e.List(ctx, dir)
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	select {
	case err := <-got:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("a stopped reading is waited for")
	}
	close(release)
}

func TestLargeFoldersStayQuick(t *testing.T) {
	e, dir := picking(t, nil)
	for i := range 10000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file%05d.pem", i)), []byte("-----BEGIN CERTIFICATE-----\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	l, err := e.List(t.Context(), dir)
	if err != nil || len(l.Entries) != 10000 || l.More {
		t.Fatalf("%d entries, %v", len(l.Entries), err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if first, last := l.Entries[0], l.Entries[9999]; first.What != "PEM" || last.What != "PEM?" {
		t.Errorf("%+v, %+v", first, last)
	}
}

func TestPathsKeepTheBlanksOfTheirNames(t *testing.T) {
	e, dir := picking(t, nil)
	put(t, dir, "esb.crt ", "-----BEGIN CERTIFICATE-----\n")
	path := filepath.Join(dir, "esb.crt ")
	qs, err := e.Refields(t.Context(), "keystore", text("keystore.from", "file", "keystore.source.certificate", path))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range qs {
		if q.Key == "keystore.source.certificate" {
			if p := q.Judge(path); p == nil || strings.Contains(p.Message, "does not exist") {
				t.Errorf("another file was judged: %+v", p)
			}
			if p := q.Judge(strings.TrimSpace(path)); p == nil || !strings.Contains(p.Message, "does not exist") {
				t.Errorf("another file was judged: %+v", p)
			}
		}
	}
}
