//go:build unix

package tui

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/wizard/texts"
)

// slowFiles opens the step with path fields, with files that answer when told to.
func slowFiles(t *testing.T) (d *driver, home string, answer chan struct{}) {
	t.Helper()
	home = sampleHome(t)
	keyFolder(t, home)
	cfg := pickConfig(t, home)
	answer = make(chan struct{})
	cfg.Backend.Await = func(ctx context.Context, path string) error {
		if !strings.HasSuffix(path, ".p12") {
			return nil
		}
		select {
		case <-answer:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d = drive(t, openEngine(t, cfg), options4{})
	return d.press("down", "down", "enter").on("step:jvm"), home, answer
}

// hasten lets the timers fire without waiting for commands.
func (d *driver) hasten() *driver {
	due := d.timers
	d.timers = nil
	for _, t := range due {
		d.clock = t.at
		d.send(t.msg)
	}
	return d
}

// strike presses keys without waiting for what they begin.
func (d *driver) strike(keys ...string) *driver {
	for _, k := range keys {
		d.send(keyOf(k))
	}
	return d
}

func TestFileThatDoesNotAnswerStopsNothing(t *testing.T) {
	d, home, _ := slowFiles(t)
	path := filepath.Join(home, "keys", "am01.p12")
	d.typed(path).strike("enter").seesNot(texts.LookingAtFile)
	d.hasten().sees(texts.LookingAtFile)
	d.strike("x", "y").sees(texts.LookingAtFile)
	d.strike("esc").idle()
	d.sees(texts.LookingStopped).seesNot(texts.LookingAtFile)
	s, ok := d.r.top().(*stepScreen)
	if !ok || s.form.focus != 0 || s.current().value() != path {
		t.Fatalf("after esc the field is not as it was:\n%s", d.screen())
	}
	d.press("backspace")
	if got := s.current().value(); got+"2" != path {
		t.Errorf("a key after esc: %q", got)
	}
}

func TestKeysTypedAheadWaitForTheVerdict(t *testing.T) {
	d, home, answer := slowFiles(t)
	d.typed(filepath.Join(home, "keys", "am01.p12")).strike("enter", "o", "t", "h")
	d.send(tea.PasteMsg{Content: "er"})
	close(answer)
	d.idle()
	s, ok := d.r.top().(*stepScreen)
	if !ok || s.form.focus != 1 || s.current().value() != "other" {
		t.Fatalf("what was typed ahead is not in the next field:\n%s", d.screen())
	}
}

func TestKeysTypedAheadOfABadFileAreDropped(t *testing.T) {
	d, home, answer := slowFiles(t)
	path := filepath.Join(home, "keys", "bad.p12")
	d.typed(path).strike("enter", "s", "e", "c", "r", "e", "t")
	close(answer)
	d.idle()
	d.sees("The file is damaged.")
	s, ok := d.r.top().(*stepScreen)
	if !ok || s.form.focus != 0 || s.current().value() != path {
		t.Fatalf("what was meant for the next field is in this one:\n%s", d.screen())
	}
}

func TestFieldLeftWithTabIsJudgedLater(t *testing.T) {
	d, home, answer := slowFiles(t)
	d.typed(filepath.Join(home, "keys", "bad.p12")).strike("down", "n")
	s, ok := d.r.top().(*stepScreen)
	if !ok || s.form.focus != 1 || s.current().value() != "n" {
		t.Fatalf("the focus waits:\n%s", d.screen())
	}
	close(answer)
	d.idle()
	d.sees("The file is damaged.")
	if s.form.focus != 1 || s.current().value() != "n" {
		t.Fatalf("a late verdict moved the focus:\n%s", d.screen())
	}
}

func TestHandingInCanBeStopped(t *testing.T) {
	d, home, answer := slowFiles(t)
	d.typed(filepath.Join(home, "keys", "am01.p12")).strike("ctrl+s")
	d.hasten().sees(texts.LookingAtAnswers)
	d.strike("esc").idle()
	d.on("step:jvm").sees(texts.LookingStopped)
	close(answer)
	d.press("ctrl+s")
	if d.r.top().name() == "step:jvm" {
		t.Fatalf("the answers were not taken:\n%s", d.screen())
	}
}
