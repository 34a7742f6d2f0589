package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// TestChecksLongerThanTheScreen: the check that runs is in sight, at the end the first that has failed is, and a line says whether more is below; who scrolls
// is left where they are.
func TestChecksLongerThanTheScreen(t *testing.T) {
	const w, h, n, bad = 80, 10, 12, 8
	c := &common{st: NewStyles(false), marks: NewMarks(false), now: func() time.Time { return testNow }}
	s := &checksScreen{run: &flow.Checking{}, begun: testNow}
	result := func(i int) flow.CheckResult {
		r := flow.CheckResult{CheckTitle: flow.CheckTitle{Title: fmt.Sprintf("check %02d", i)}, Result: steps.Result{Status: steps.OK, Message: fmt.Sprintf("result %02d.", i)}}
		if i == bad {
			r.Result.Status = steps.Fail
		}
		return r
	}
	for i := range n {
		s.run.Titles = append(s.run.Titles, result(i).CheckTitle)
	}
	body := func() string {
		lines := s.body(c, w, h)
		if len(lines) > h {
			t.Errorf("%d lines on a screen of %d", len(lines), h)
		}
		return strings.Join(lines, "\n")
	}
	has := func(text string, words ...string) {
		t.Helper()
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("it lacks %q:\n%s", word, text)
			}
		}
	}
	for i := range n {
		has(body(), fmt.Sprintf("check %02d  0 s of", i), texts.ChecksRunning)
		s.results = append(s.results, result(i))
	}
	s.ended = true
	has(strings.SplitN(body(), "\n", 2)[0], "check 08")
	has(body(), "result 08.", texts.ChecksDone)
	for range 30 {
		s.press(c, tea.KeyPressMsg{Code: tea.KeyUp})
		body()
	}
	has(body(), "check 00", texts.ChecksBelow(texts.ChecksDone, 2*n-(h-2)))
	for range 30 {
		s.press(c, tea.KeyPressMsg{Code: tea.KeyDown})
		body()
	}
	if last := body(); strings.Contains(last, "below") || !strings.Contains(last, "result 11.") {
		t.Errorf("not the end:\n%s", last)
	}
	s.run.Titles, s.results = s.run.Titles[:2], s.results[:2]
	if all := body(); strings.Contains(all, "below") || !strings.Contains(all, "check 00") {
		t.Errorf("what fits is not shown whole:\n%s", all)
	}
}
