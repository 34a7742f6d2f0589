package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/wizard/flow"
)

var update = flag.Bool("update", false, "write the golden files anew")

// pictures are the screens, each with the keys that lead to it from the hub.
var pictures = []struct {
	name  string
	keys  []string
	sizes [][2]int
}{
	{"hub", nil, [][2]int{{80, 24}, {60, 15}, {120, 40}, {40, 10}, {39, 9}}},
	{"hub-check", checkAgainKeys, [][2]int{{80, 24}, {60, 15}, {40, 10}}},
	{"step-check", append(slices.Clone(checkAgainKeys), "enter"), [][2]int{{80, 24}}},
	{"step", []string{"home", "down", "down", "down", "enter"}, [][2]int{{80, 24}, {60, 15}, {120, 40}, {40, 10}}},
	{"step-problem", []string{"home", "down", "down", "down", "enter", "ctrl+u", "a", "_", "b", "enter"}, [][2]int{{80, 24}, {60, 15}}},
	{"step-secret", []string{"home", "enter", "tab", "x", "y"}, [][2]int{{80, 24}}},
	{"warnings", []string{"home", "down", "down", "down", "enter", "ctrl+u", "a", "ctrl+s"}, [][2]int{{80, 24}}},
	{"checks", []string{"home", "down", "down", "down", "enter", "ctrl+t"}, [][2]int{{80, 24}}},
	{"why", []string{"home", "f2"}, [][2]int{{80, 24}}},
	{"help", []string{"r", "d", "f1"}, [][2]int{{80, 24}}},
	{"skip", []string{"home", "s"}, [][2]int{{80, 24}, {60, 15}}},
	{"review", []string{"r"}, [][2]int{{80, 24}, {60, 15}, {120, 40}}},
	{"diff", []string{"r", "d"}, [][2]int{{80, 24}, {60, 15}, {120, 40}}},
	{"diff-visible", []string{"r", "d", "v", "right"}, [][2]int{{80, 24}}},
	{"confirm", []string{"r", "a", "a", "p"}, [][2]int{{80, 24}, {60, 15}}},
	{"result", []string{"r", "a", "a", "p", "p", "l", "y", "enter"}, [][2]int{{80, 24}, {60, 15}}},
	{"leave", []string{"ctrl+c"}, [][2]int{{80, 24}}},
}

// checkAgainKeys accept the third guideline, and then another answer that it rests on.
var checkAgainKeys = []string{
	"home", "down", "down", "enter", "ctrl+s", "esc", "home", "down", "down", "down", "enter", "ctrl+u", "e", "s", "b", ".", "x", "ctrl+s", "esc", "home", "down", "down",
}

// planHash is not ours to hold still.
var planHash = regexp.MustCompile(`plan \S{9}`)

var anyHome = regexp.MustCompile(`\S*/wso2am-1\.8\.0`)

// golden compares a screen with its file. The path of the home, which differs, is taken out: from the first line with all that follows.
func golden(t *testing.T, name, screen string) {
	t.Helper()
	lines := strings.Split(screen, "\n")
	for i, l := range lines {
		if i == 0 {
			l = "(the bar)"
		}
		lines[i] = strings.TrimRight(anyHome.ReplaceAllString(planHash.ReplaceAllString(l, "plan 1234-5678"), "(the home)"), " ")
	}
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not as in %s (go test -update writes it anew). It is:\n%s", name, file, got)
	}
}

// homeInPlace copies the sample to a folder whose path is short and has the same length everywhere, so that lines break at the same words.
func homeInPlace(t *testing.T) string {
	t.Helper()
	home := sampleHome(t)
	short := filepath.Join(os.TempDir(), fmt.Sprintf("wz%07d", os.Getpid()), "wso2am-1.8.0")
	if err := os.Mkdir(filepath.Dir(short), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(filepath.Dir(short)); err != nil {
			t.Error(err)
		}
	})
	if err := os.Rename(home, short); err != nil {
		t.Skip("the temporary folders are on two file systems")
	}
	return short
}

func TestPictures(t *testing.T) {
	home := homeInPlace(t)
	for _, p := range pictures {
		for _, size := range p.sizes {
			name := fmt.Sprintf("%s-%dx%d", p.name, size[0], size[1])
			t.Run(name, func(t *testing.T) { picture(t, home, name, p.keys, size, nil) })
		}
	}
	utf8 := map[string]string{"LANG": "en_US.UTF-8"}
	for _, p := range pictures {
		if p.name == "hub" || p.name == "diff" || p.name == "checks" {
			t.Run(p.name+"-utf8", func(t *testing.T) { picture(t, home, p.name+"-utf8", p.keys, [2]int{80, 24}, utf8) })
		}
	}
}

func picture(t *testing.T, home, name string, keys []string, size [2]int, env map[string]string) {
	t.Helper()
	if err := removeState(home); err != nil {
		t.Fatal(err)
	}
	eng := openEngine(t, standInConfig(t, home))
	standInAnswers(t, eng)
	d := drive(t, eng, options4{w: size[0], h: size[1], env: env})
	d.press(keys...)
	d.advance(5 * time.Second)
	golden(t, name, d.screen())
	if strings.Contains(d.screen(), password) {
		t.Error("the password is seen")
	}
	d.press("f10")
	if err := eng.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEntryPictures(t *testing.T) {
	home := homeInPlace(t)
	cfg := standInConfig(t, home)
	eng := openEngine(t, cfg)
	standInAnswers(t, eng)
	drive(t, eng, options4{}).press("home", "down", "down", "down", "enter", "ctrl+u", "x")
	if err := eng.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	locked := openEngine(t, cfg)
	screen := drive(t, locked, options4{}).on("locked").screen()
	golden(t, "locked", regexp.MustCompile(`process \d+`).ReplaceAllString(screen, "process 4711"))
	if err := eng.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Now = func() time.Time { return testNow.Add(14 * time.Minute) }
	golden(t, "resume", drive(t, openEngine(t, cfg), options4{}).on("resume").screen())

	cfg.Backend.AcquireLock = func(string, apply.Options) (*apply.Lock, error) { return nil, nil }
	cfg.Backend.Release = func(*apply.Lock) error { return nil }
	cfg.Backend.Unfinished = func(string) (*apply.Run, error) {
		return &apply.Run{ID: "20261122-120000-001", Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local), Who: apply.Who{User: "root", SudoUser: "ops"}, Files: []string{carbon.CarbonXML, carbon.UserMgtXML}}, nil
	}
	golden(t, "recover", drive(t, openEngine(t, cfg), options4{}).on("recover").screen())
}

// TestMeaningNeedsNoColor draws every picture with and without colors: the text must be the same, so what a color says is said in words, too.
func TestMeaningNeedsNoColor(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	standInAnswers(t, eng)
	d := drive(t, eng, options4{})
	color := regexp.MustCompile("\x1b\\[(3|9)[0-9]m")
	for _, r := range d.r.rows {
		if r.Mark == flow.MarkAnswered && !strings.Contains(d.screen(), "[x]") {
			t.Error("answered guidelines have no mark")
		}
	}
	if !color.MatchString(d.r.View().Content) {
		t.Error("the hub has no colors at all")
	}
	d.press("r", "d")
	for _, l := range strings.Split(d.r.View().Content, "\n") {
		text := styling.ReplaceAllString(l, "")
		if strings.HasPrefix(l, "\x1b[32m") && !strings.HasPrefix(text, "+") || strings.HasPrefix(l, "\x1b[31m") && !strings.HasPrefix(text, "-") {
			t.Errorf("only its color says what this line is: %q", l)
		}
	}
}
