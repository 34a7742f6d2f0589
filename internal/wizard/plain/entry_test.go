package plain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

func TestLockedIsForLooking(t *testing.T) {
	home := sampleHome(t)
	before := tree(t, home)
	openEngine(t, standInConfig(t, home))
	eng := openEngine(t, standInConfig(t, home))
	out, end := converse(t, eng, "", "r", "s 1", "?", "1", "? 3", "b", "2", "apply")
	if end.End != flow.EndLeft || end.Saved {
		t.Errorf("outcome %+v", end)
	}
	says(t, out, texts.LockedTitle+" ["+texts.ReadOnly+"]", "wso2 on pts/3 from 10.0.0.7, host am01", "2 Leave", "Guidelines: 2 of 5 settled [LOOK ONLY]",
		"1 Administrator account", texts.PlainUnknown, texts.PlainUnknown, "Why: 1", "[fail]", "Why: 3", texts.LockedTitle)
	saysNot(t, out, texts.HubReview, "Question")
	if tree(t, home) != before {
		t.Error("the install is changed")
	}
}

// cutOffConfig is a home whose last apply was cut off.
func cutOffConfig(t *testing.T, home string, fail *error, recovered *int) flow.Config {
	t.Helper()
	cfg := standInConfig(t, home)
	cfg.Backend.Unfinished = func(string) (*apply.Run, error) {
		return &apply.Run{ID: "20261122-120000-001", Time: testNow, Who: apply.Who{User: "root", SudoUser: "ops"}, Files: []string{carbon.CarbonXML}}, nil
	}
	cfg.Backend.Recover = func(ctx context.Context, _ string, _ apply.Options) (*apply.Recovery, error) {
		*recovered++
		if *fail != nil {
			return nil, *fail
		}
		return &apply.Recovery{Run: "20261122-120000-001", Outcome: apply.Undone, Files: []string{carbon.CarbonXML}, Warnings: []string{"Mind the step."}}, ctx.Err()
	}
	return cfg
}

func TestRecoveryComesFirstAndIsNeverTheDefault(t *testing.T) {
	var fail error
	n := 0
	out, end := converse(t, openEngine(t, cutOffConfig(t, sampleHome(t), &fail, &n)), "", "r", "?", "1", "3")
	if n != 1 || end.End != flow.EndLeft {
		t.Errorf("recovered %d times, %+v", n, end)
	}
	says(t, out, texts.RecoverTitle, "20261122-120000-001", "by ops", carbon.CarbonXML, texts.RecoverText, "1 Recover now", "Number:", texts.PlainUnknown,
		texts.PlainUnknown, "was undone: 1 file put back", carbon.CarbonXML, "Mind the step.", "Guidelines:", "3 of 6")
	n = 0
	out, end = converse(t, openEngine(t, cutOffConfig(t, sampleHome(t), &fail, &n)), "2")
	if n != 0 || end.End != flow.EndLeft {
		t.Errorf("recovered %d times, %+v\n%s", n, end, out)
	}
}

func TestRecoveryThatFailsCanBeTriedAgain(t *testing.T) {
	fail := errors.New("the backup cannot be read")
	n := 0
	out, _ := converse(t, openEngine(t, cutOffConfig(t, sampleHome(t), &fail, &n)), "1", "1", "q")
	says(t, out, "the backup cannot be read", "1 Recover now", "the backup cannot be read", "1 Recover now")
	if n != 2 {
		t.Errorf("tried %d times", n)
	}
}

func TestDryRunDoesNotRecover(t *testing.T) {
	var fail error
	n := 0
	cfg := cutOffConfig(t, sampleHome(t), &fail, &n)
	cfg.DryRun = true
	out, _ := converse(t, openEngine(t, cfg), "1", "2")
	says(t, out, texts.RecoverTitle+" [DRY RUN]", texts.RecoverDryRun)
	if n != 0 {
		t.Error("a dry run has recovered")
	}
}

func TestResumeSaysWhatChangedAndWhyItWasLeft(t *testing.T) {
	home := sampleHome(t)
	first, err := flow.Open(t.Context(), standInConfig(t, home))
	if err != nil {
		t.Fatal(err)
	}
	converse(t, first, "3", "am01.example.com", "", "", "", "s", "x")
	if err := first.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	closeEngine(t, first)
	later := testNow.Add(time.Minute)
	if err := os.Chtimes(filepath.Join(home, carbon.CarbonXML), later, later); err != nil {
		t.Fatal(err)
	}
	cfg := standInConfig(t, home)
	cfg.Now = func() time.Time { return testNow.Add(14 * time.Minute) }
	out, _ := converse(t, openEngine(t, cfg))
	says(t, out, texts.ResumeTitle, "14 minutes ago, from 10.0.0.7", texts.ResumeLost, texts.ResumeKept+"Host name.", texts.ResumeSkipped+"Ports and firewall.",
		texts.ResumeChanged, "- "+carbon.CarbonXML, "1 Resume")
	saysNot(t, out, texts.ResumeSecrets)
}

func TestNoticesAreSaidOnce(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	cfg.Backend.Unfinished = func(string) (*apply.Run, error) { return nil, errors.New("the folder is odd") }
	out, _ := converse(t, openEngine(t, cfg), "f", "f")
	says(t, out, texts.NoticesTitle, "the folder is odd", texts.HubRefreshed, texts.HubRefreshed)
	if strings.Count(out, "the folder is odd") != 1 {
		t.Error("a notice comes more than once")
	}
}

func TestAdviceForSSHOnly(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	for _, c := range []struct {
		env  map[string]string
		said bool
	}{
		{map[string]string{}, false},
		{map[string]string{"SSH_TTY": "/dev/pts/3"}, true},
		{map[string]string{"SSH_TTY": "/dev/pts/3", "TMUX": "x"}, false},
		{map[string]string{"SSH_TTY": "/dev/pts/3", "STY": "x"}, false},
	} {
		c.env["LANG"] = "C"
		out, _ := converseIn(t, eng, c.env)
		if got := strings.Contains(out, "tmux"); got != c.said {
			t.Errorf("%v: said %v", c.env, got)
		}
	}
}

func TestNobodyAtTheInputIsNotAskedForEver(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	out, end := converse(t, eng, "one", "two", "", "a_", "b_", "c_", "d")
	if end.End != flow.EndLeft {
		t.Errorf("outcome %+v", end)
	}
	says(t, out, "[1, Administrator account]: one", ": two", "User name", ": a_", "Question 2") // Enter has ended the row
	eng = openEngine(t, standInConfig(t, sampleHome(t)))
	out, end = converse(t, eng, "3", "a_", "b_", "c_", "never")
	if end.End != flow.EndLeft || !end.Saved {
		t.Errorf("outcome %+v", end)
	}
	if !strings.HasSuffix(strings.Join(strings.Fields(out), " "), texts.PlainTooMany) {
		t.Errorf("it goes on:\n%s", out)
	}
}

func TestWarningsOfAFieldAreSaidAndNotInTheWay(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	cfg.Backend.Steps = func() []steps.Step {
		all := standIns()
		s := all[4].(standIn) //nolint:forcetypeassert // it is one
		was := s.fields
		s.fields = func(a *answers.Set) []steps.Field {
			f := was(a)
			f[0].Check = func(string) *steps.Problem {
				return &steps.Problem{Severity: steps.Warning, Message: "That is far off.", Fix: "Take less."}
			}
			return f
		}
		all[4] = s
		return all
	}
	eng := openEngine(t, cfg)
	out, _ := converse(t, eng, "5", "3", "", "1")
	says(t, out, "[0]: 3", "warning: That is far off. Take less.", "Your answers", "warning: That is far off.", texts.PlainConfirm, "Guideline 5, Ports and firewall: accepted.")
}
