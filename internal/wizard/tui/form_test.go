package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

func question(key string, kind answers.Kind, value string) flow.Question {
	q := flow.Question{Field: steps.Field{Spec: answers.Spec{Key: key, Kind: kind, Label: "Label of " + key, Help: "Help of " + key + "."}}, Value: value}
	q.Judge = func(text string) *steps.Problem {
		if strings.Contains(text, "bad") {
			return &steps.Problem{Severity: steps.Error, Key: key, Message: key + " is bad.", Fix: "Make it good."}
		}
		return nil
	}
	return q
}

func threeFields() []flow.Question {
	return []flow.Question{question("a", answers.Text, "one"), question("b", answers.Text, ""), question("c", answers.Text, "three")}
}

func testForm(qs ...flow.Question) *form { return newForm(NewStyles(false), NewMarks(false), qs, 80) }

func (f *form) typed(text string) {
	for _, r := range text {
		f.key(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func (f *form) drawn(w, h int) string {
	return styling.ReplaceAllString(strings.Join(f.view(w, h, &window{}, false), "\n"), "")
}

func TestFormBackFromAnInvalidFieldIsFree(t *testing.T) {
	f := testForm(threeFields()...)
	f.typed("x")
	if ev := f.key(keyOf("enter")); ev != evMoved || f.focus != 1 {
		t.Fatalf("enter on a good field: event %d, focus %d", ev, f.focus)
	}
	f.typed("bad")
	if ev := f.key(keyOf("enter")); ev != evNone || f.focus != 1 || f.fields[1].problem == nil {
		t.Fatalf("enter on a bad field: event %d, focus %d, problem %v", ev, f.focus, f.fields[1].problem)
	}
	if ev := f.key(keyOf("shift+tab")); ev != evMoved || f.focus != 0 {
		t.Fatalf("shift+tab on a bad field: event %d, focus %d", ev, f.focus)
	}
	f.typed("y") // the field that has the focus takes keys: huh's own group would have lost it
	if got := f.fields[0].text; got != "onexy" {
		t.Errorf("first field holds %q", got)
	}
	if got := f.fields[1].text; got != "bad" {
		t.Errorf("the bad text is %q: it must be kept", got)
	}
	if ev := f.key(keyOf("shift+tab")); ev != evNone || f.focus != 0 {
		t.Errorf("shift+tab on the first field: event %d, focus %d", ev, f.focus)
	}
	f.typed("z")
	if got := f.fields[0].text; got != "onexyz" {
		t.Errorf("after shift+tab on the first field it holds %q", got)
	}
	if ev := f.key(keyOf("tab")); ev != evMoved {
		t.Fatal("tab did not move")
	}
	if ev := f.key(keyOf("tab")); ev != evMoved || f.focus != 2 {
		t.Error("tab must move on from a bad field: nobody gets stuck")
	}
}

func TestFormNeverCompletesInHuh(t *testing.T) {
	f := testForm(threeFields()...)
	f.key(keyOf("enter"))
	f.key(keyOf("enter"))
	for range 3 {
		if ev := f.key(keyOf("enter")); ev != evSubmit {
			t.Fatalf("enter on the last field: event %d", ev)
		}
	}
	if f.huh.State != huh.StateNormal {
		t.Error("huh believes that the form is complete: it would draw nothing from now on")
	}
	f.typed("!")
	if got := f.fields[2].text; got != "three!" {
		t.Errorf("after a refused hand-in the field holds %q", got)
	}
}

func TestFormAnewFromDrafts(t *testing.T) {
	f := testForm(threeFields()...)
	f.key(keyOf("tab"))
	f.typed("half")
	again := testForm(threeFields()...)
	again.carry(f)
	if again.focus != 1 || again.values().Text["b"] != "half" {
		t.Errorf("focus %d, b = %q", again.focus, again.values().Text["b"])
	}
	again.typed("way")
	if got := again.values().Text["b"]; got != "halfway" {
		t.Errorf("b = %q", got)
	}
}

func TestFormPaste(t *testing.T) {
	for _, kind := range []answers.Kind{answers.Text, answers.Secret} {
		for _, end := range []string{"", "\n", "\r\n", "\r"} {
			f := testForm(question("a", kind, ""))
			f.paste(tea.PasteMsg{Content: "pasted" + end})
			if got := f.fields[0].text; got != "pasted" {
				t.Errorf("kind %d, end %q: field holds %q", kind, end, got)
			}
		}
	}
}

func TestFormPasteOfSeveralLinesIntoASecretIsRefused(t *testing.T) {
	for _, text := range []string{"one\ntwo", "one\ttwo", "a\x1b[31mb", "one\n\n"} {
		f := testForm(question("a", answers.Secret, ""), question("b", answers.Text, ""))
		if ev := f.paste(tea.PasteMsg{Content: text}); ev != evNone {
			t.Errorf("%q: event %d", text, ev)
		}
		if f.fields[0].text != "" || f.focus != 0 {
			t.Errorf("%q: the field holds something, or the focus moved", text)
		}
		if !strings.Contains(f.drawn(80, 12), "several lines") {
			t.Errorf("%q: nothing is said about it:\n%s", text, f.drawn(80, 12))
		}
	}
}

func TestFormPasteNeverHandsIn(t *testing.T) {
	f := testForm(question("a", answers.Text, ""))
	if ev := f.paste(tea.PasteMsg{Content: "y\nyes\n"}); ev == evSubmit {
		t.Error("a pasted text handed the form in")
	}
}

func TestFormSendsNothingWhenIdle(t *testing.T) {
	// A form has no way to return a command: what huh's fields return only blinks a cursor. What is drawn does not change by itself.
	f := testForm(threeFields()...)
	first := f.drawn(80, 12)
	for range 10 {
		if f.drawn(80, 12) != first {
			t.Fatal("the form changes by itself")
		}
	}
}

func TestFormHasItsHeightAtEverySize(t *testing.T) {
	qs := threeFields()
	for i := range 9 {
		qs = append(qs, question(fmt.Sprintf("long.%d", i), answers.Text, strings.Repeat("wide ", 40)))
	}
	for _, w := range []int{minWidth, tightWidth - 1, tightWidth, 80, 120} {
		for _, h := range []int{3, 4, 5, 9, 10, 30} {
			f := newForm(NewStyles(false), NewMarks(false), qs, w)
			for i := range f.fields {
				f.fields[i].problem = &steps.Problem{Severity: steps.Error, Message: strings.Repeat("A long message about it. ", 20)}
			}
			for focus := range f.fields {
				f.focusOn(focus)
				for _, tight := range []bool{true, false} {
					lines := f.view(w, h, &window{}, tight)
					if len(lines) != h {
						t.Fatalf("%dx%d tight=%v: %d lines", w, h, tight, len(lines))
					}
					for _, l := range lines {
						if got := lipgloss.Width(l); got > w {
							t.Fatalf("%dx%d tight=%v: a line of %d cells: %q", w, h, tight, got, l)
						}
					}
				}
			}
		}
	}
}

func TestFormSurvivesTinyWidths(t *testing.T) {
	for w := -3; w < 20; w++ {
		f := newForm(NewStyles(false), NewMarks(false), threeFields(), w)
		f.view(w, 9, &window{}, true)
		f.view(w, 9, &window{}, false)
	}
}

func TestFormFocusedFieldIsSeen(t *testing.T) {
	var qs []flow.Question
	for i := range 12 {
		qs = append(qs, question(fmt.Sprintf("key%02d", i), answers.Text, fmt.Sprintf("value%02d", i)))
	}
	f := testForm(qs...)
	w := &window{}
	for i := range qs {
		text := styling.ReplaceAllString(strings.Join(f.view(80, 7, w, false), "\n"), "")
		if !strings.Contains(text, fmt.Sprintf("value%02d", i)) {
			t.Fatalf("field %d is not in sight:\n%s", i, text)
		}
		f.key(keyOf("tab"))
	}
}

func TestFormProblemKeepsTheText(t *testing.T) {
	f := testForm(threeFields()...)
	f.typed("-bad")
	if _, ok := f.judgeAll(); ok {
		t.Fatal("a bad value was not found")
	}
	text := f.drawn(80, 12)
	if !strings.Contains(text, "! a is bad.") || !strings.Contains(text, "one-bad") {
		t.Errorf("the message or the text is missing:\n%s", text)
	}
	if !strings.Contains(f.help(), "Make it good.") {
		t.Errorf("the remedy is missing: %q", f.help())
	}
}

func secretQuestion() flow.Question {
	q := flow.Question{Field: steps.Field{Spec: answers.Spec{Key: "p", Kind: answers.Secret, Label: "Password", Required: true}, Confirm: true}}
	q.Strength = func(s secret.Secret) string {
		if len(s.Reveal()) > 8 {
			return "strong"
		}
		return "weak"
	}
	return q
}

func TestFormSecretTwice(t *testing.T) {
	f := testForm(secretQuestion())
	f.typed("correct horse")
	if text := f.drawn(80, 9); strings.Contains(text, "correct") || !strings.Contains(text, "strength: strong") {
		t.Errorf("the secret is seen, or its strength is not:\n%s", text)
	}
	f.key(keyOf("enter"))
	f.typed("correct hors")
	if _, ok := f.judgeAll(); ok {
		t.Error("two different secrets were taken")
	}
	if text := f.drawn(80, 9); !strings.Contains(text, texts.SecretDiffers) {
		t.Errorf("nothing is said about it:\n%s", text)
	}
	f.typed("e")
	if _, ok := f.judgeAll(); !ok {
		t.Error("the same secret twice was not taken")
	}
	f.toggleReveal()
	if text := f.drawn(80, 9); strings.Count(text, "correct horse") != 2 {
		t.Errorf("ctrl+r does not show both:\n%s", text)
	}
	f.move(-1)
	if text := f.drawn(80, 9); strings.Contains(text, "correct horse") {
		t.Errorf("the secret stays in sight when the focus moves:\n%s", text)
	}
	v := f.values()
	if v.Secret["p"].Reveal() != "correct horse" || len(v.Text) != 0 {
		t.Error("the secret is not handed over as one")
	}
}

func TestFormChoice(t *testing.T) {
	q := question("c", answers.Bool, "true")
	q.Required = true
	f := testForm(q, question("a", answers.Text, ""))
	if text := f.drawn(80, 9); !strings.Contains(text, "(*) yes  ( ) no") {
		t.Errorf("choices:\n%s", text)
	}
	for _, k := range []string{"right", "space", "left"} {
		before := f.fields[0].text
		if ev := f.key(keyOf(k)); ev != evEdited || f.fields[0].text == before {
			t.Errorf("%s: event %d, still %q", k, ev, before)
		}
	}
	before := f.fields[0].text
	for _, k := range []string{"x", "/", "j", "k", "h"} { // huh's select would search, or move
		f.key(keyOf(k))
	}
	if f.fields[0].text != before || f.focus != 0 {
		t.Error("a letter changed a choice")
	}
	if got := f.values().Text["c"]; got != before {
		t.Errorf("value %q", got)
	}
}

func TestFormChoiceThatDoesNotFit(t *testing.T) {
	q := question("c", answers.Choice, "two")
	for _, v := range []string{"one", "two", "three"} {
		q.Options = append(q.Options, steps.Option{Value: v, Label: strings.Repeat(v+" ", 8)})
	}
	f := testForm(q)
	if text := f.drawn(80, 9); !strings.Contains(text, "< two two") {
		t.Errorf("the chosen one is not shown:\n%s", text)
	}
}

func TestFormTextsFromOutsideCannotSteerTheTerminal(t *testing.T) {
	q := question("a", answers.Text, "x")
	q.Now = steps.Present{Text: "evil\x1b[2Jtext\u202e"}
	f := testForm(q)
	for _, l := range f.view(80, 9, &window{}, false) {
		if strings.Contains(l, "\x1b[2J") || strings.Contains(l, "\u202e") {
			t.Errorf("a control sequence reaches the terminal: %q", l)
		}
	}
}
