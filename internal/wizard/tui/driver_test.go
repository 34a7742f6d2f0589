package tui

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/wizardtest"
)

// TestMain runs the tests. With homeVar set the test binary is the wizard.
func TestMain(m *testing.M) {
	if home := os.Getenv(homeVar); home != "" {
		os.Exit(wizardMain(home))
	}
	os.Exit(wizardtest.Main(m))
}

func sampleHome(t testing.TB) string { return wizardtest.Home(t) }

var testNow = wizardtest.Now

// testConfig is that of a machine that is the same everywhere.
func testConfig(t testing.TB, home string) flow.Config {
	t.Helper()
	m := wizardtest.NewMachine(t)
	return flow.Config{
		Home: home, Version: "1.0", Now: func() time.Time { return testNow }, Getenv: m.Getenv, Who: m.Who, Carbon: m.Carbon,
		CheckTimeout: 2 * time.Second, Backend: flow.Backend{Open: wizardtest.OpenAM01},
	}
}

func recoverBy(fail *error) func(context.Context, string, apply.Options) (*apply.Recovery, error) {
	return func(context.Context, string, apply.Options) (*apply.Recovery, error) {
		if *fail != nil {
			return nil, *fail
		}
		return &apply.Recovery{Run: "20261122-120000-001", Outcome: "undone", Files: []string{carbon.CarbonXML}}, nil
	}
}

func applyFails(err error) func(context.Context, *apply.Plan, apply.Options) (*apply.Result, error) {
	return func(context.Context, *apply.Plan, apply.Options) (*apply.Result, error) { return nil, err }
}

func cells(s string) int { return lipgloss.Width(s) }

func openEngine(t testing.TB, cfg flow.Config) *flow.Engine {
	t.Helper()
	eng, err := flow.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := eng.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return eng
}

// driver presses keys on the root model and reads its screen. It runs the commands and waits until none is under way, so no test sleeps.
type driver struct {
	t      *testing.T
	r      *root
	msgs   chan tea.Msg
	clock  time.Time
	timers []timer
	quit   bool

	pending int // commands whose message has not come
}

type timer struct {
	at  time.Time
	msg tea.Msg
}

type options4 struct {
	w, h int
	env  map[string]string
	slow bool
}

func drive(t *testing.T, eng *flow.Engine, o options4) *driver {
	t.Helper()
	if o.env == nil {
		o.env = map[string]string{"LANG": "C"}
	}
	d := &driver{t: t, msgs: make(chan tea.Msg, 100), clock: testNow}
	d.r = newRoot(t.Context(), eng, func(k string) string { return o.env[k] }, o.slow)
	d.r.now = func() time.Time { return d.clock }
	d.r.tick = func(after time.Duration, msg func(time.Time) tea.Msg) tea.Cmd {
		d.timers = append(d.timers, timer{d.clock.Add(after), msg(d.clock.Add(after))})
		return nil
	}
	if o.w == 0 {
		o.w, o.h = 80, 24
	}
	d.send(tea.WindowSizeMsg{Width: o.w, Height: o.h})
	d.run(d.r.Init())
	d.idle()
	d.advance(time.Minute)
	return d
}

func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	d.pending++
	go func() { d.msgs <- cmd() }()
}

func (d *driver) send(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
		return
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
		return
	case tea.QuitMsg:
		d.quit = true
		return
	}
	_, cmd := d.r.Update(msg)
	if len(d.r.stack) > 0 {
		_ = d.r.View()
	}
	d.run(cmd)
}

// idle waits until no command is under way.
func (d *driver) idle() {
	d.t.Helper()
	for d.pending > 0 {
		select {
		case msg := <-d.msgs:
			d.pending--
			d.send(msg)
		case <-time.After(30 * time.Second):
			d.t.Fatalf("%d commands hang on screen %s", d.pending, d.r.top().name())
		}
	}
	if d.r.busy != 0 {
		d.t.Fatalf("%d results were not counted on screen %s", d.r.busy, d.r.top().name())
	}
}

// advance moves the clock and lets timers fire.
func (d *driver) advance(by time.Duration) {
	end := d.clock.Add(by)
	for {
		next := -1
		for i, t := range d.timers {
			if !t.at.After(end) && (next < 0 || t.at.Before(d.timers[next].at)) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		due := d.timers[next]
		d.timers = append(d.timers[:next], d.timers[next+1:]...)
		d.clock = due.at
		d.send(due.msg)
		d.idle()
	}
	d.clock = end
}

var namedKeys = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
	"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "backspace": {Code: tea.KeyBackspace},
	"shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "space": {Code: tea.KeySpace, Text: " "},
	"f1": {Code: tea.KeyF1}, "f2": {Code: tea.KeyF2}, "f3": {Code: tea.KeyF3}, "f4": {Code: tea.KeyF4}, "f5": {Code: tea.KeyF5}, "f6": {Code: tea.KeyF6}, "f10": {Code: tea.KeyF10},
}

func keyOf(name string) tea.KeyPressMsg {
	if k, ok := namedKeys[name]; ok {
		return k
	}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: []rune(rest)[0], Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// press presses keys with a quiet line between them.
func (d *driver) press(keys ...string) *driver {
	d.t.Helper()
	for _, k := range keys {
		d.advance(time.Second)
		d.send(keyOf(k))
		d.idle()
	}
	return d
}

// typed types a text.
func (d *driver) typed(text string) *driver {
	d.t.Helper()
	for _, r := range text {
		d.press(string(r))
	}
	return d
}

func (d *driver) paste(text string) *driver {
	d.t.Helper()
	d.advance(time.Second)
	d.send(tea.PasteMsg{Content: text})
	d.idle()
	return d
}

var styling = regexp.MustCompile("\x1b\\[[0-9;]*m")

func (d *driver) screen() string { return styling.ReplaceAllString(d.r.View().Content, "") }

// sees asserts that words stand on the screen, whatever the line breaks and blanks between them.
func (d *driver) sees(words ...string) *driver {
	d.t.Helper()
	flat := strings.Join(strings.Fields(d.screen()), " ")
	for _, w := range words {
		if !strings.Contains(flat, strings.Join(strings.Fields(w), " ")) {
			d.t.Fatalf("screen %s does not say %q:\n%s", d.r.top().name(), w, d.screen())
		}
	}
	return d
}

func (d *driver) seesNot(words ...string) *driver {
	d.t.Helper()
	flat := strings.Join(strings.Fields(d.screen()), " ")
	for _, w := range words {
		if strings.Contains(flat, w) {
			d.t.Fatalf("screen %s says %q:\n%s", d.r.top().name(), w, d.screen())
		}
	}
	return d
}

// on asserts which screen is on top.
func (d *driver) on(name string) *driver {
	d.t.Helper()
	if got := d.r.top().name(); got != name {
		d.t.Fatalf("on screen %s, want %s:\n%s", got, name, d.screen())
	}
	return d
}

func (d *driver) resize(w, h int) *driver {
	d.t.Helper()
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	d.idle()
	return d
}

// removeState takes everything away that a run of the wizard leaves in a home.
func removeState(home string) error { return os.RemoveAll(filepath.Join(home, apply.StateDir)) }
