package plain

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// accept answers the host name, so that there is something to apply.
func accept(t testing.TB, eng *flow.Engine) {
	t.Helper()
	v, err := eng.Accept(context.Background(), "hostname", flow.Values{Text: map[string]string{"hostname.name": "am01.example.com"}}, true)
	if err != nil || !v.OK {
		t.Fatalf("%+v, %v", v, err)
	}
}

func TestNothingButTheWordApplies(t *testing.T) {
	home := sampleHome(t)
	before := tree(t, home)
	eng := openEngine(t, standInConfig(t, home))
	accept(t, eng)
	lines := []string{"r"}
	for _, typed := range []string{"", "y", "yes", "1", "Apply", "APPLY", "apply now", "aply", "=apply", "a", "'apply'"} {
		lines = append(lines, "a", typed, "?")
	}
	out, end := converse(t, eng, append(lines, "q")...)
	if n := strings.Count(out, texts.ApplyMistyped); n != 11 || end.End != flow.EndLeft || eng.Last() != nil || tree(t, home) != before {
		t.Errorf("refused %d of 11, %+v", n, end)
	}
	says(t, out, texts.ApplyBackup, texts.PlainApplyNo, "1 file will be changed on am01 in "+home+". Type apply to write:")
	converse(t, eng, "r", "a", texts.ApplyWord)
	if eng.Last() == nil || eng.Last().Err != nil {
		t.Error("the word does not apply")
	}
}

func TestApplyFailures(t *testing.T) {
	cause := errors.New("no space left on device")
	for name, c := range map[string]struct {
		err  error
		says []string
	}{
		"rolled back": {&apply.RolledBackError{Run: "r", Log: "/x/log", Err: cause}, []string{texts.ResultRolled, "everything is as it was before: no space left", "log /x/log"}},
		"incomplete": {
			&apply.IncompleteError{Run: "r", Journal: "/x/journal", Files: []string{"a.xml"}, Actions: []string{"schema"}, Err: cause},
			[]string{texts.ResultBroken, texts.ResultHuman, "- a.xml", "- schema", "journal /x/journal"},
		},
		"stale":     {&apply.StaleError{Files: []string{"a.xml"}}, []string{texts.ResultStale, texts.ApplyStale, "- a.xml"}},
		"preflight": {&apply.PreflightError{Problems: []apply.Problem{{Path: "a.xml", Message: "It is read-only.", Fix: "Ask its owner."}}}, []string{texts.ResultFailed, "a.xml: It is read-only. Ask its owner.", texts.ResultAgain}},
		"other":     {cause, []string{texts.ResultFailed, "no space left on device", texts.ResultAgain}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := standInConfig(t, sampleHome(t))
			cfg.Backend.Apply = func(context.Context, *apply.Plan, apply.Options) (*apply.Result, error) { return nil, c.err }
			eng := openEngine(t, cfg)
			accept(t, eng)
			out, end := converse(t, eng, "r", "a", texts.ApplyWord, "x", "r", "b", "q")
			says(t, out, append(c.says, texts.PlainFailedPrompt, "Review", "Will change", "Guidelines")...)
			if end.End != flow.EndFailed || !errors.Is(end.Applied.Err, c.err) || !end.Saved {
				t.Errorf("outcome %+v", end)
			}
		})
	}
}

func TestFilesThatChangeBeforeTheWordAreNotOverwritten(t *testing.T) {
	home := sampleHome(t)
	eng := openEngine(t, standInConfig(t, home))
	accept(t, eng)
	file := filepath.Join(home, carbon.CarbonXML)
	in, w := io.Pipe()
	out := &syncBuffer{}
	ended := talkTo(t, eng, in, out)
	send(t, w, "r", "a")
	out.waitFor(t, "Type apply to write:")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, "<!-- by hand -->\n"...)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	send(t, w, texts.ApplyWord)
	out.waitFor(t, texts.PlainFailedPrompt)
	send(t, w, "r")
	out.waitFor(t, "Review\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	end := <-ended
	if end.End != flow.EndFailed {
		t.Errorf("outcome %+v", end)
	}
	says(t, out.String(), texts.ResultStale, carbon.CarbonXML)
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, data) {
		t.Errorf("the edit by hand is gone: %v", err)
	}
}

func TestReviewSaysWhatIsInTheWay(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	cfg.Backend.Preflight = func(context.Context, *apply.Plan, apply.Options) []apply.Problem {
		return []apply.Problem{{Path: "a.xml", Message: "It is read-only.", Fix: "Ask its owner."}, {Message: "The disk is full.", Fix: "Make room."}}
	}
	eng := openEngine(t, cfg)
	accept(t, eng)
	out, _ := converse(t, eng, "r", "a", texts.ApplyWord)
	says(t, out, texts.ReviewPreflight+":", "! a.xml: It is read-only. Ask its owner.", "! The disk is full. Make room.", "Will change:",
		"all answers: a", "! The disk is full.", "! a.xml: It is read-only.", "all answers: apply", texts.PlainUnknown)
	if eng.Last() != nil {
		t.Error("something was applied")
	}
}

func TestActionsAreShown(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	build := cfg.Backend.BuildPlan
	cfg.Backend.BuildPlan = func(ctx context.Context, in *carbon.Install, a *answers.Set, except ...string) (*steps.Outcome, error) {
		o, err := build(ctx, in, a, except...)
		if err == nil {
			o.Plan.Actions = []apply.Action{{Name: "schema", Detail: "Creates 12 tables.", Guidelines: []int{3}, Do: func(context.Context) error { return nil }}}
		}
		return o, err
	}
	eng := openEngine(t, cfg)
	accept(t, eng)
	out, _ := converse(t, eng, "r")
	says(t, out, texts.ReviewActions+":", "- schema: Creates 12 tables. ("+texts.NoUndo+")")
}

func TestSaveTheAnswers(t *testing.T) {
	dir := t.TempDir()
	cfg := standInConfig(t, sampleHome(t))
	cfg.WriteFile = func(path string, data []byte, replace bool) error {
		if _, err := os.Lstat(path); err == nil && !replace {
			return os.ErrExist
		}
		return os.WriteFile(path, data, 0o600)
	}
	eng := openEngine(t, cfg)
	v := flow.Values{Text: map[string]string{"admin.username": "opsadmin"}, Secret: map[string]secret.Secret{"admin.password": secret.New(secretWord)}}
	if verdict, err := eng.Accept(t.Context(), "admin", v, true); err != nil || !verdict.OK {
		t.Fatal(verdict, err)
	}
	file := filepath.Join(dir, "a.yaml")
	out, _ := converse(t, eng, "r", "w", "?", "b", "w", file, "w", file, "2", "w", file, "1", "w", "=", "w", filepath.Join(dir, "none", "a.yaml"))
	says(t, out, texts.SaveQuestion, "["+texts.SaveDefault+"]", "The answers are in "+file, texts.PlainReplaceSure, texts.PlainReplaceSure, "The answers are in "+file,
		texts.PlainNoEmpty, "could not be written")
	data, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(data), "opsadmin") || strings.Contains(string(data), secretWord) {
		t.Errorf("%v\n%s", err, data)
	}
}

// gated is a configuration whose verification waits, in the middle of an apply.
func gated(t *testing.T, home string) (cfg flow.Config, reached, gate chan struct{}) {
	t.Helper()
	reached, gate = make(chan struct{}), make(chan struct{})
	cfg = standInConfig(t, home)
	cfg.Backend.Verify = func(context.Context, *carbon.Install, *answers.Set, ...string) []steps.Result {
		close(reached)
		<-gate
		return []steps.Result{{Status: steps.OK}}
	}
	return cfg, reached, gate
}

func TestSignalDuringAnApplyWaitsForItsEnd(t *testing.T) {
	home := sampleHome(t)
	cfg, reached, gate := gated(t, home)
	eng := openEngine(t, cfg)
	accept(t, eng)
	in, w := io.Pipe()
	defer w.Close()
	out := &syncBuffer{}
	ended := talkTo(t, eng, in, out, func(k *talk) { k.still, k.grace = 10*time.Millisecond, shortGrace })
	send(t, w, "r", "a", texts.ApplyWord)
	<-reached
	out.waitFor(t, "still working, ")
	signalSelf(t, syscall.SIGTERM)
	out.waitFor(t, texts.PlainApplyInterrupt)
	select {
	case end := <-ended:
		t.Fatalf("it ends in the middle of an apply: %+v", end)
	case <-time.After(10 * shortGrace): // longer than it waits for anything else
	}
	close(gate)
	end := <-ended
	if end.End != flow.EndInterrupted || end.Applied == nil || end.Applied.Err != nil {
		t.Errorf("outcome %+v", end)
	}
	says(t, out.String(), "still working, ", texts.StageName("verify"), texts.ResultApplied, "undo")
	data, err := os.ReadFile(filepath.Join(home, carbon.CarbonXML))
	if err != nil || !strings.Contains(string(data), "am01.example.com") {
		t.Errorf("it was not applied: %v", err)
	}
}

func TestOutputThatGoesDuringAnApplyTellsAtTheNextStart(t *testing.T) {
	home := sampleHome(t)
	cfg, reached, gate := gated(t, home)
	eng, err := flow.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	accept(t, eng)
	in, w := io.Pipe()
	defer w.Close()
	out := &syncBuffer{}
	ended := talkTo(t, eng, in, out)
	send(t, w, "r", "a", texts.ApplyWord)
	<-reached
	out.breakNow()
	close(gate)
	if end := <-ended; end.End != flow.EndInterrupted || end.Applied == nil || end.Applied.Err != nil {
		t.Errorf("outcome %+v", end)
	}
	closeEngine(t, eng)
	said, _ := converse(t, openEngine(t, standInConfig(t, home)))
	says(t, said, texts.NoticesTitle, "went on after the connection was lost")
}

func TestFailedApplyIsToldWhateverInterrupts(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	reached, gate := make(chan struct{}), make(chan struct{})
	cfg.Backend.Apply = func(context.Context, *apply.Plan, apply.Options) (*apply.Result, error) {
		close(reached)
		<-gate
		return nil, &apply.IncompleteError{Run: "r", Err: errors.New("x")}
	}
	eng := openEngine(t, cfg)
	accept(t, eng)
	in, w := io.Pipe()
	defer w.Close()
	out := &syncBuffer{}
	ended := talkTo(t, eng, in, out)
	send(t, w, "r", "a", texts.ApplyWord)
	<-reached
	signalSelf(t, syscall.SIGHUP)
	close(gate)
	if end := <-ended; end.End != flow.EndFailed {
		t.Errorf("outcome %+v", end)
	}
}
