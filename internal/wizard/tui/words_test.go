package tui

import (
	"io/fs"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

func TestHubTellsTheReviewHowManyGuidelinesAreOpen(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	d := drive(t, eng, options4{}).press("end").seesNot("Every guideline is settled").sees("guidelines are still open")
	for _, r := range eng.Rows() {
		if r.Todo() {
			if err := eng.Skip(t.Context(), r.ID, "not here"); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.press("f5", "end").sees(texts.HubAllSettled)
}

func TestLineEndsOfATextAreBlanks(t *testing.T) {
	d := start(t)
	for range d.r.rows {
		if strings.Contains(d.screen(), "?PermGen") || strings.Count(d.screen(), "a?P") > 0 {
			t.Fatalf("a line end is shown as a question mark:\n%s", d.screen())
		}
		d.press("down")
	}
	if got := printable("two\nlines"); got != "two lines" {
		t.Errorf("got %q", got)
	}
}

func TestGuidelineWithoutAStepSaysSo(t *testing.T) {
	d := drive(t, openEngine(t, standInConfig(t, sampleHome(t))), options4{}).press("home")
	d.press(times("down", 12)...).seesNot("enter open").sees("do guideline 13: do it by hand")
	d.press("enter").on("hub").sees(texts.NotBuilt(13))
	d.press("up", "up").sees("enter open")
}

func TestHelpOfTheHubExplainsTheMarks(t *testing.T) {
	start(t).press("f1").on("help").sees("[ ]", texts.LegendOpen, "[=]", texts.LegendMet, "[?]", texts.LegendUnknown, "~", texts.LegendNotBuilt, "F5 (ctrl+l)")
}

func TestAppliedWithFindingsLeftIsNotShownAsDone(t *testing.T) {
	c := &common{st: NewStyles(false), marks: NewMarks(false)}
	for state, want := range map[steps.State]string{steps.Met: "[x]", steps.CannotTell: "[x]", steps.Open: "[!]"} {
		if got := c.bracket(flow.Row{Mark: flow.MarkApplied, State: state}); got != want {
			t.Errorf("%s: %s", state, got)
		}
	}
}

func TestHelpNamesAKeyOnce(t *testing.T) {
	if got := allKeys(bind("N/P", "match", "N", "P")); got != "N/P" {
		t.Errorf("got %q", got)
	}
	if got := allKeys(bind("ctrl+s", "accept", "ctrl+s", "f8")); got != "ctrl+s (F8)" {
		t.Errorf("got %q", got)
	}
}

func TestNoteTakesTwoLinesAndKeepsThePlace(t *testing.T) {
	q := question("hostname.name", answers.Text, "am01")
	q.Now = steps.Present{Note: "the server guesses: there is no <HostName>", Place: carbon.Place{File: carbon.CarbonXML, Line: 45}}
	f := testForm(q, question("hostname.other", answers.Text, ""))
	drawn := f.drawn(80, 12)
	if flat := strings.Join(strings.Fields(drawn), " "); !strings.Contains(flat, "now: (the server guesses: there is no <HostName>) in repository/conf/carbon.xml:45") {
		t.Errorf("the place is not to be read:\n%s", drawn)
	}
	lines := strings.Split(drawn, "\n")
	if !strings.Contains(lines[fieldRows], "hostname.other") {
		t.Errorf("the second field is not %d lines below the first:\n%s", fieldRows, drawn)
	}
}

func TestNowWithoutAValueIsNotSet(t *testing.T) {
	q := question("proxy.reverse.name", answers.Text, "")
	q.Now = steps.Present{Place: carbon.Place{File: "repository/conf/tomcat/catalina-server.xml", Line: 52}}
	if got := q.NowText(); got != "(not set) in repository/conf/tomcat/catalina-server.xml:52" {
		t.Errorf("got %q", got)
	}
	q.Now = steps.Present{}
	if got := q.NowText(); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestRefusedPasteIsExplainedInFull(t *testing.T) {
	d := start(t).press("enter", "tab").on("step:admin").paste("one\ntwo\n")
	d.sees(texts.PasteSeveral)
}

func TestReviewSaysEachThingOnce(t *testing.T) {
	st, marks := NewStyles(false), NewMarks(false)
	c := &common{st: st, marks: marks}
	b := &itemList{w: 70, wide: 70, st: st}
	same := flow.CheckResult{Result: steps.Result{Status: steps.Warn, Message: "am01 does not resolve."}}
	b.checks(c, &flow.Review{Checks: make([]flow.CheckTitle, 3)}, []flow.CheckResult{same, same, same}, true)
	if n := len(b.items); n != 2 { // the heading and one line
		t.Errorf("%d lines: %v", n, b.items)
	}
	b = &itemList{w: 70, wide: 70, st: st}
	b.blocked(&flow.Review{Blocked: []string{"A server runs from this install (process 4711). Stop it first."}, Running: &carbon.Process{PID: 4711}})
	said := 0
	for _, it := range b.items {
		said += strings.Count(it.text, "4711")
	}
	if said != 1 {
		t.Errorf("the process is named %d times: %v", said, b.items)
	}
}

func TestReviewKeepsTheEndOfALongPath(t *testing.T) {
	b := &itemList{w: 60, wide: 60, st: NewStyles(false)}
	b.files(&flow.Review{Files: []apply.FileDiff{{
		Path: "business-processes/epr/RegistrationCallbackService.epr", Added: 2, Removed: 2, Guidelines: []int{1},
	}}}, ">")
	got := b.items[len(b.items)-1].text
	if !strings.HasSuffix(got, "CallbackService.epr  +2 -2  guideline 1") || lipgloss.Width(got) > 60 {
		t.Errorf("got %q", got)
	}
}

func TestReviewOffersToPlanAgainWhenSomethingIsInTheWay(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	inTheWay := []apply.Problem{{Message: "The disk is full.", Fix: "Make room."}}
	cfg.Backend.Preflight = preflight(&inTheWay)
	eng := openEngine(t, cfg)
	standInAnswers(t, eng)
	d := drive(t, eng, options4{}).press("r").on("review").sees("The disk is full.", "F5 plan again").seesNot("a apply")
	inTheWay = nil
	d.press("f5").on("review").sees("a apply").seesNot("The disk is full.")
}

func TestWhyNothingCanBeAppliedIsSaidAtTheStart(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	cfg.Backend.AcquireLock = func(string, apply.Options) (*apply.Lock, error) { return nil, fs.ErrPermission }
	d := drive(t, openEngine(t, cfg), options4{}).on("notices").sees("LOOK ONLY", "the user wso2 cannot write here", "F10 leave").seesNot("save and leave")
	d.press("esc").on("hub")
}

func TestLongTextsSayWhereTheyAre(t *testing.T) {
	d := start(t).press("f2").on("why").sees("lines 1-")
	d.press("end").seesNot("lines 1-").sees("lines ")
}

func TestBarKeepsTheProductBesideALongPath(t *testing.T) {
	d := start(t)
	d.r.facts.Home = "/tmp/" + strings.Repeat("long/", 20) + "wso2am-1.8.0"
	bar := strings.SplitN(d.screen(), "\n", 2)[0]
	if !strings.Contains(bar, d.r.facts.Product) || !strings.Contains(bar, "wso2am-1.8.0") {
		t.Errorf("the bar: %s", bar)
	}
}
