//go:build unix

package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// filed is a stand-in with two path fields that tells what is in a file.
type filed struct{ standIn }

func (f filed) Tell(_ *steps.Workspace, a *answers.Set) map[string]string {
	about := map[string]string{}
	for _, key := range []string{"jvm.file", "jvm.other"} {
		if path := a.Text(key); path != "" {
			if data, err := os.ReadFile(path); err == nil {
				about[key] = fmt.Sprintf("The file holds %q.", data)
			}
		}
	}
	return about
}

func pathStep() []steps.Step {
	all := standIns()
	for i, s := range all {
		if s.Info().ID == "jvm" {
			own, _ := s.(standIn)
			own.fields = []steps.Field{
				{
					Spec: answers.Spec{Key: "jvm.file", Kind: answers.Path, Label: "Key file", Help: "A file with a key."},
					Check: func(text string) *steps.Problem {
						if strings.HasSuffix(text, "bad.p12") {
							return &steps.Problem{Severity: steps.Error, Message: "The file is damaged.", Fix: "Choose another one."}
						}
						return nil
					},
				},
				{Spec: answers.Spec{Key: "jvm.other", Kind: answers.Path, Label: "Other file", Help: "Another file."}},
				{Spec: answers.Spec{Key: "jvm.heap_max", Kind: answers.Size, Label: "Maximum heap"}},
			}
			all[i] = filed{own}
		}
	}
	return all
}

// pickConfig is standInConfig with path fields in the third guideline.
func pickConfig(t testing.TB, home string) flow.Config {
	t.Helper()
	cfg := standInConfig(t, home)
	cfg.Backend.Steps = pathStep
	cfg.Backend.Schema = func() answers.Schema {
		schema := answers.Schema{{Key: "version", Kind: answers.Int, Label: "Version of this format", Required: true}}
		for _, s := range pathStep() {
			schema = append(schema, s.Specs()...)
		}
		return schema
	}
	cfg.Backend.Readable = func(path string, _ bool) error {
		if strings.Contains(path, "private") {
			return fs.ErrPermission
		}
		return nil
	}
	return cfg
}

// keyFolder makes a folder of files of every kind below a home.
func keyFolder(t testing.TB, home string) string {
	t.Helper()
	dir := filepath.Join(home, "keys")
	for _, sub := range []string{"archive", "private", ".cache"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string]string{
		"am01.p12": "\x30\x82\x0a\x00\x02\x01\x03\x30\x82\x09\x00\x06", "bad.p12": "x", "chain.pem": "-----BEGIN CERTIFICATE-----\n", "esb.jks": "\xfe\xed\xfe\xed\x00\x00\x00\x02",
		"empty.txt": "", "private.key": "x", ".profile": "x", "two\nlines\x1b[31m.p12": "y", "archive/old.p12": "z", "notes.txt": strings.Repeat("n", 2500),
		"a-name-that-is-much-longer-than-its-column-in-any-window-of-the-usual-size-ever-is.pem": "-----BEGIN CERTIFICATE-----\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"gone.p12": "/nowhere/gone.p12", "latest": "am01.p12"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	ages := []time.Duration{time.Second, 5 * time.Minute, 3 * time.Hour, 40 * 24 * time.Hour, 3 * 365 * 24 * time.Hour}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if e.Type()&fs.ModeSymlink == 0 {
			old := testNow.Add(-ages[i%len(ages)])
			if err := os.Chtimes(filepath.Join(dir, e.Name()), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// picker opens the picker on the first path field, in a folder of files.
func picker(t *testing.T, o options4) (*driver, string) {
	t.Helper()
	home := sampleHome(t)
	dir := keyFolder(t, home)
	d := drive(t, openEngine(t, pickConfig(t, home)), o)
	d.press("home", "down", "down", "enter").on("step:jvm").paste(dir + "/")
	return d.press("f3").on("pick"), dir
}

// row puts the cursor on a name.
func (d *driver) row(name string) *driver {
	d.t.Helper()
	s, _ := d.r.top().(*pickScreen)
	d.press("home")
	for range len(s.rows) {
		if on, _ := s.current(); on.Name == name {
			return d
		}
		d.press("down")
	}
	d.t.Fatalf("there is no %q:\n%s", name, d.screen())
	return d
}

func TestPickerPictures(t *testing.T) {
	home := homeInPlace(t)
	keyFolder(t, home)
	begin := []string{"home", "down", "down", "enter"}
	picker := append(slices.Clone(begin), strings.Split(home+"/keys/", "")...)
	picker = append(picker, "f3")
	utf8 := map[string]string{"LANG": "en_US.UTF-8"}
	for _, p := range []struct {
		name string
		keys []string
		w, h int
		env  map[string]string
	}{
		{"pick-80x24", picker, 80, 24, nil},
		{"pick-40x10", picker, 40, 10, nil},
		{"pick-60x15", picker, 60, 15, nil},
		{"pick-120x40", picker, 120, 40, nil},
		{"pick-utf8", picker, 80, 24, utf8},
		{"pick-filter-80x24", append(slices.Clone(picker), "p", "1", "2"), 80, 24, nil},
		{"pick-filter-40x10", append(slices.Clone(picker), "a", "-", "n"), 40, 10, nil},
		{"pick-link-80x24", append(slices.Clone(picker), "l", "a", "t"), 80, 24, nil},
		{"pick-refused-80x24", append(slices.Clone(picker), "p", "i", "p", "e", "enter"), 80, 24, nil},
		{"pick-refused-40x10", append(slices.Clone(picker), "g", "o", "n", "e", "enter"), 40, 10, nil},
		{"pick-hidden-80x24", append(slices.Clone(picker), "f6"), 80, 24, nil},
		{"pick-help-80x24", append(slices.Clone(picker), "f1"), 80, 24, nil},
		{"pick-chosen-80x24", append(slices.Clone(picker), "n", "o", "t", "enter"), 80, 24, nil},
		{"pick-field-80x24", begin, 80, 24, nil},
		{"pick-field-40x10", begin, 40, 10, nil},
	} {
		t.Run(p.name, func(t *testing.T) {
			if err := removeState(home); err != nil {
				t.Fatal(err)
			}
			eng := openEngine(t, pickConfig(t, home))
			d := drive(t, eng, options4{w: p.w, h: p.h, env: p.env}).press(p.keys...)
			for _, l := range strings.Split(d.screen(), "\n") {
				if cells(l) > p.w {
					t.Errorf("a line of %d cells: %q", cells(l), l)
				}
			}
			golden(t, p.name, d.screen())
			d.press("f10")
			if err := eng.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestEscGivesTheFieldBackAsItWas(t *testing.T) {
	d, _ := picker(t, options4{})
	d.press("esc").on("step:jvm").press("ctrl+u").typed("/etc/ho").press("left", "left").press("f3").on("pick")
	d.press("down", "x", "esc").on("step:jvm").sees("> /etc/ho")
	d.press("X").sees("/etc/Xho") // the cursor is where it was
	d.press("down").sees("field 2 of 3").press("f3", "esc").sees("field 2 of 3")
	d.press("down").press("f3").on("step:jvm").sees("field 3 of 3") // no path field
}

func TestChoosingDoesWhatTypingDoes(t *testing.T) {
	d, dir := picker(t, options4{})
	d.row("archive").press("enter").on("pick").row("old.p12").press("enter").on("step:jvm")
	d.sees("/keys/archive/old.p12", `The file holds "z".`)
	if got := d.r.top().(*stepScreen).values().Text["jvm.file"]; got != dir+"/archive/old.p12" {
		t.Errorf("the field holds %q", got)
	}
	if f, err := d.r.eng.Form(t.Context(), "jvm"); err != nil || f.Fields[0].Value != dir+"/archive/old.p12" || !f.Fields[0].Draft {
		t.Errorf("it is no draft: %+v, %v", f.Fields[0], err)
	}
	d.press("!").seesNot("The file holds").press("backspace") // that was about another text
	d.press("down", "f3").on("pick").sees("/keys/archive", "old.p12").press("enter").sees("field 2 of 3", `The file holds "z".`)
	d.press("up").press("ctrl+u").paste(dir + "/bad.p12").press("f3").sees("bad.p12").press("enter").on("step:jvm")
	d.sees("! The file is damaged.", "Choose another one.")
}

func TestHostileNamesAreChosenAsTheyAre(t *testing.T) {
	d, dir := picker(t, options4{})
	const name = "two\nlines\x1b[31m.p12"
	d.row(name).sees(`two\nlines\x1b[31m.p12`).press("enter").on("step:jvm").sees(`lines\x1b[31m.p12`, `The file holds "y".`)
	s, _ := d.r.top().(*stepScreen)
	if got := s.values().Text["jvm.file"]; got != dir+"/"+name {
		t.Errorf("the field holds %q", got)
	}
	d.press("down", "up") // the form is asked for anew
	if got := s.values().Text["jvm.file"]; got != dir+"/"+name {
		t.Errorf("then it holds %q", got)
	}
	d.press("ctrl+s").seesNot("damaged")
	if f, err := d.r.eng.Form(t.Context(), "jvm"); err != nil || f.Fields[0].Value != dir+"/"+name {
		t.Errorf("accepted: %q, %v", f.Fields[0].Value, err)
	}
	d.press("esc", "home", "down", "down", "enter").on("step:jvm").press("end", "x")
	s, _ = d.r.top().(*stepScreen)
	if got := s.values().Text["jvm.file"]; !strings.HasSuffix(got, `two\nlines\x1b[31m.p12x`) {
		t.Errorf("edited, it holds %q", got) // what is typed now is what is seen
	}
}

func TestNamesThatAreNotUTF8AreTakenAndToldOf(t *testing.T) {
	home := sampleHome(t)
	dir := keyFolder(t, home)
	path := filepath.Join(dir, "\xff\xfe.p12")
	if err := os.WriteFile(path, []byte("w"), 0o600); err != nil {
		t.Skip("this file system has no such names")
	}
	d := drive(t, openEngine(t, pickConfig(t, home)), options4{})
	d.press("home", "down", "down", "enter").paste(dir+"/").press("f3").row("\xff\xfe.p12").press("enter").on("step:jvm").sees(`\xff\xfe.p12`, texts.PickNotUTF8)
	if got := d.r.top().(*stepScreen).values().Text["jvm.file"]; got != path {
		t.Errorf("the field holds %q", got)
	}
}

func TestRefusedEntriesSayWhy(t *testing.T) {
	d, dir := picker(t, options4{w: 100, h: 30})
	for name, why := range map[string]string{
		"pipe": "is a pipe and is not opened", "gone.p12": "is a link to /nowhere/gone.p12, which does not exist", "private.key": "may not read it; it belongs to", "private": "may not list and enter it",
	} {
		d.row(name).press("enter").on("pick").sees(why)
	}
	if err := os.RemoveAll(filepath.Join(dir, "archive")); err != nil {
		t.Fatal(err)
	}
	d.row("archive").press("enter").on("pick").sees("archive does not exist.", "am01.p12")                                 // the list stays
	d.press("esc").press("ctrl+u").paste(dir+"/pipe/").press("f3").on("pick").sees("/keys/pipe is no folder.", "am01.p12") // it is not waited for
}

func TestPickerMovesAndFilters(t *testing.T) {
	d, dir := picker(t, options4{})
	s, _ := d.r.top().(*pickScreen)
	on := func(name string) {
		t.Helper()
		if got, _ := s.current(); got.Name != name {
			t.Errorf("on %q, want %q", got.Name, name)
		}
	}
	on("archive")
	d.press("end")
	on("two\nlines\x1b[31m.p12")
	d.press("pgup", "pgup")
	on("archive")
	d.press("down", "up", "up")
	on("archive")
	d.typed("P12").sees("filter: P12")
	on("am01.p12")
	d.press("backspace", "backspace", "backspace").seesNot("filter:")
	d.typed("zzz").sees(texts.PickNoMatch).press("enter", "ctrl+u").seesNot("filter:")
	d.typed(".").sees(".cache/", ".profile").press("backspace").seesNot(".cache/")
	d.press("ctrl+r").sees(".cache/", ".profile").row(".cache").press("f6").seesNot(".cache/")
	d.paste("notes.txt\nignored")
	on("notes.txt")
	d.press("ctrl+u").row("archive").press("right").sees("old.p12").press("right").on("pick") // right opens no file
	d.press("backspace")
	on("archive")
	d.press("left")
	on(filepath.Base(dir))
	d.press("left", "left", "left", "left", "left", "left", "left").sees(texts.PickVanished)
	d.press("?").on("pick").sees("filter: ?").press("f1").on("help").sees("F6 (ctrl+r)").press("esc").on("pick")
	d.press("f2").on("why").press("esc", "esc").on("step:jvm")
}

func TestEmptyFoldersSaySo(t *testing.T) {
	home := sampleHome(t)
	dir := t.TempDir()
	d := drive(t, openEngine(t, pickConfig(t, home)), options4{})
	d.press("home", "down", "down", "enter").paste(dir + "/").press("f3").sees(texts.PickEmpty).press("enter").on("pick").press("esc")
	if err := os.WriteFile(filepath.Join(dir, ".one"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.press("f3").sees("One hidden entry is not shown.").press("f6").sees(".one")
}

// slowFolder is an Engine whose folders are read when the test says so.
func slowFolder(t *testing.T) (d *driver, dir string, release chan struct{}) {
	t.Helper()
	home := sampleHome(t)
	dir = keyFolder(t, home)
	release = make(chan struct{})
	cfg := pickConfig(t, home)
	cfg.Backend.Readable = func(string, bool) error { <-release; return nil }
	d = drive(t, openEngine(t, cfg), options4{})
	d.press("home", "down", "down", "enter").paste(dir + "/")
	return d, dir, release
}

func TestSlowReadingIsToldAndStopped(t *testing.T) {
	d, dir, release := slowFolder(t)
	d.send(keyOf("f3"))
	d.on("pick").seesNot("Reading")
	d.clock = d.clock.Add(sayReading)
	for _, timer := range d.timers {
		d.send(timer.msg)
	}
	d.sees("Reading " + dir[:10])
	d.send(keyOf("esc"))
	d.idle() // the command ends at once, although the file system has not answered
	d.on("step:jvm")
	if got := d.r.top().(*stepScreen).form.fields[0].text; got != dir+"/" {
		t.Errorf("the field holds %q", got)
	}
	close(release)
	d.press("f3").on("pick").sees("am01.p12")
}

func TestTypedAheadIsTheFilterOfTheFolderToCome(t *testing.T) {
	d, _, release := slowFolder(t)
	d.send(keyOf("f3"))
	for _, k := range []string{"p", "1", "x", "backspace", "2"} {
		d.send(keyOf(k))
	}
	close(release)
	d.idle()
	d.on("pick").sees("filter: p12", "am01.p12").seesNot("chain.pem")
}

func TestStaleListingsAreDropped(t *testing.T) {
	c := &common{ctx: t.Context(), marks: NewMarks(false), tick: func(time.Duration, func(time.Time) tea.Msg) tea.Cmd { return nil }}
	s := newPick("jvm", "Key file", "", nil)
	give := func(read int, folder string, err error, names ...string) {
		l := flow.Listing{Folder: folder}
		for _, n := range names {
			l.Entries = append(l.Entries, flow.DirEntry{Name: n, Kind: flow.File})
		}
		s.update(c, listedMsg{read, l, err})
	}
	read := func() {
		s.read(c, "/x", "", func(context.Context) (flow.Listing, error) { return flow.Listing{}, nil })
	}
	read()
	give(1, "/one", nil, "a")
	read()
	read()
	give(2, "/two", nil, "b")
	if s.listing.Folder != "/one" || s.reading == nil {
		t.Errorf("an answer that was given up is shown: %+v", s.listing)
	}
	give(3, "/three", nil, "c")
	give(3, "/again", nil, "d")
	if s.listing.Folder != "/three" || s.reading != nil {
		t.Errorf("shown is %+v", s.listing)
	}
	read()
	give(4, "/four", errors.New("no"))
	if s.listing.Folder != "/three" || len(s.rows) != 1 {
		t.Errorf("an error takes the list away: %+v", s.listing)
	}
	read()
	s.stop()
	give(5, "/five", nil, "e")
	if s.listing.Folder != "/three" {
		t.Errorf("shown is %+v", s.listing)
	}
}

func TestPickerHasItsHeightAtEverySize(t *testing.T) {
	d, _ := picker(t, options4{})
	for _, w := range []int{40, 41, 59, 60, 80, 99, 100, 200} {
		for _, h := range []int{10, 11, 15, 16, 24, 60} {
			d.resize(w, h)
			lines := strings.Split(d.screen(), "\n")
			if len(lines) != h {
				t.Fatalf("%dx%d: %d lines", w, h, len(lines))
			}
			for _, l := range lines {
				if cells(l) > w {
					t.Fatalf("%dx%d: a line of %d cells: %q", w, h, cells(l), l)
				}
			}
		}
	}
}

func TestLargeFolderIsQuickToMoveIn(t *testing.T) {
	home := sampleHome(t)
	d := drive(t, openEngine(t, pickConfig(t, home)), options4{})
	s := newPick("jvm", "Key file", "", nil)
	for i := range 10000 {
		s.listing.Entries = append(s.listing.Entries, flow.DirEntry{Name: fmt.Sprintf("file%05d.pem", i), Kind: flow.File, What: "PEM?", Size: int64(i), Modified: testNow})
	}
	s.loaded = true
	s.narrow("")
	d.r.stack = append(d.r.stack, s)
	begun := time.Now()
	for _, k := range []string{"end", "home", "pgdown", "9", "9", "backspace", "backspace", "down", "9", "8"} {
		d.send(keyOf(k))
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("ten keys took %v", took)
	}
	d.sees("filter: 98", "of 299")
}

func TestPickedKeystoreIsLookedIntoAtOnce(t *testing.T) {
	home := sampleHome(t)
	dir := filepath.Join(home, "repository/resources/security")
	d := drive(t, openEngine(t, testConfig(t, home)), options4{})
	accept(t, d.r.eng)
	d.press("home", "down", "enter").on("step:keystore").press("down", "down").sees("JKS file").paste(dir + "/wso").press("f3").on("pick")
	d.press("ctrl+u").typed("wso2carbon.jks").press("enter").on("step:keystore")
	d.sees("JKS with 1 key", "Its password is asked for below")
	s, _ := d.r.top().(*stepScreen)
	for s.current().q.Key != "keystore.source.password" {
		d.press("down")
	}
	d.typed("not this one").press("tab")
	s.form.focusKey("keystore.source.jks")
	d.sees("The password does not open it.")
	s.form.focusKey("keystore.source.password")
	d.press("ctrl+u").typed("wso2carbon").press("tab")
	s.form.focusKey("keystore.source.jks")
	d.sees("JKS. Key wso2carbon (RSA ", ", valid to ", "! ")
	if about := s.current().q.About; !strings.Contains(about, "am01.example.com") && !strings.Contains(about, "every") {
		t.Errorf("nothing is said about the host name or the key: %s", about)
	}
}
