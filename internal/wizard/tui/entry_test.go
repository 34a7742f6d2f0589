package tui

import (
	"errors"
	"testing"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

func TestResumeScreen(t *testing.T) {
	home := sampleHome(t)
	first, err := flow.Open(t.Context(), testConfig(t, home))
	if err != nil {
		t.Fatal(err)
	}
	d := drive(t, first, options4{})
	d.press("down", "down", "down", "enter").on("step:hostname").press("ctrl+u").typed("am01.exam")
	// The link drops here: nothing of the screens runs any more.
	if err := first.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t, home)
	cfg.Now = func() time.Time { return testNow.Add(14 * time.Minute) }
	d = drive(t, openEngine(t, cfg), options4{})
	d.on("resume").sees("You were at step 4 (Host name), 14 minutes ago, from 10.0.0.7.", "Resume", "Start over", "Look", texts.ResumeLost, texts.ResumeSame)
	d.press("down", "down", "enter").on("hub").sees("LOOK ONLY", texts.LookOnly).press("enter").on("why").press("esc", "esc").on("resume")
	d.press("up", "up", "enter").on("step:hostname").sees("am01.exam", texts.DraftNote).seesNot("LOOK ONLY")
}

func TestStartOverAsksTwice(t *testing.T) {
	home := sampleHome(t)
	first, err := flow.Open(t.Context(), testConfig(t, home))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	eng := openEngine(t, testConfig(t, home))
	d := drive(t, eng, options4{}).on("resume").press("down", "enter").on("resume").sees("forget what was answered").press("enter").on("hub").sees(texts.OverNotice)
	if eng.CanResume() {
		t.Error("the session is still there")
	}
	d.seesNot("answered;")
}

func TestSessionIsLeftAtEveryScreen(t *testing.T) {
	for name, keys := range map[string][]string{
		"hub": {}, "step:admin": {"enter"}, "step:jvm": {"down", "down", "enter"}, "review": {"r"}, "diff": {"r", "d"}, "apply": {"r", "a"},
		"help": {"enter", "f1"}, "why": {"enter", "f2"}, "skip": {"s"}, "leave": {"ctrl+c"}, "checks": {"down", "down", "down", "enter", "ctrl+t"},
	} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t)
			first, err := flow.Open(t.Context(), testConfig(t, home))
			if err != nil {
				t.Fatal(err)
			}
			accept(t, first)
			drive(t, first, options4{}).press(append([]string{"home"}, keys...)...).on(name)
			want := first.At()
			if out := finish(first, &root{}, true, true); out.End != flow.EndInterrupted || !out.Saved {
				t.Errorf("outcome %+v", out)
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			second := openEngine(t, testConfig(t, home))
			if err := second.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := second.At(); got != want {
				t.Errorf("resumes at %v, want %v", got, want)
			}
			if r, _ := second.Row("hostname"); r.Mark != flow.MarkAnswered {
				t.Errorf("what was accepted is %s", r.Mark)
			}
		})
	}
}

func TestLockedScreen(t *testing.T) {
	home := sampleHome(t)
	openEngine(t, testConfig(t, home))
	eng := openEngine(t, testConfig(t, home))
	d := drive(t, eng, options4{}).on("locked").sees("wso2 on pts/3 from 10.0.0.7, host am01", "Look", "Leave")
	d.press("enter").on("hub").sees("LOOK ONLY").press("s").on("hub").press("r").on("hub").press("enter").on("why").press("esc", "esc").on("locked")
	d.press("down", "enter")
	if !d.quit {
		t.Error("Leave does not leave")
	}
}

func TestRecoverScreenComesFirst(t *testing.T) {
	cfg := testConfig(t, sampleHome(t))
	cfg.Backend.Unfinished = func(string) (*apply.Run, error) {
		return &apply.Run{ID: "20261122-120000-001", Time: testNow, Who: apply.Who{User: "root", SudoUser: "ops"}, Files: []string{carbon.CarbonXML}}, nil
	}
	fail := errors.New("the backup cannot be read")
	cfg.Backend.Recover = recoverBy(&fail)
	d := drive(t, openEngine(t, cfg), options4{}).on("recover").sees("20261122-120000-001", "by ops", carbon.CarbonXML)
	d.press("enter").on("recover").sees("the backup cannot be read")
	fail = nil
	d.press("enter").on("recover").sees("was undone: 1 file put back").press("enter").on("hub")
}
