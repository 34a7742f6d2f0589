package flow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

func TestApplyVerifiesReportsAndForgetsTheSession(t *testing.T) {
	home := sampleHome(t)
	e := open(t, config(t, home))
	e.mustAccept(t, "admin", adminValues())
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	if err := e.Skip(t.Context(), "jmx", "monitored by agent"); err != nil {
		t.Fatal(err)
	}
	a := e.mustApply(t)
	if a.Err != nil {
		t.Fatal(a.Err)
	}
	if len(a.Verified) == 0 || a.Result.Files == 0 || !strings.Contains(a.Undo, a.Result.Run) {
		t.Errorf("applied: %+v", a)
	}
	data, err := os.ReadFile(filepath.Join(home, carbon.CarbonXML))
	if err != nil || !strings.Contains(string(data), "<HostName>am01.example.com</HostName>") {
		t.Errorf("carbon.xml has no host name: %v", err)
	}
	report, err := os.ReadFile(a.Result.Report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"monitored by agent", carbon.CarbonXML, a.Result.Run, "10.0.0.7", "| 4 | Host name | changed |", "## Undo"} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report does not say %q:\n%s", want, report)
		}
	}
	line := 1 + strings.Count(string(data[:strings.Index(string(data), "<HostName>am01")]), "\n")
	if want := fmt.Sprintf("line %d: host name", line); !strings.Contains(string(report), want) {
		t.Errorf("the report does not say %q:\n%s", want, report)
	}
	seesNoSecret(t, home)
	if e.CanResume() {
		t.Error("the session of an applied run is still there")
	}
	if got := e.mustRow(t, "hostname").Mark; got == MarkAnswered {
		t.Error("what was answered is still there")
	}
	if got := string(e.AnswersText()); !strings.Contains(got, "name: am01.example.com") || !strings.Contains(got, "password: {prompt: true}") || strings.Contains(got, "jmx:") {
		t.Errorf("the answers that were applied cannot be saved any more:\n%s", got)
	}
	if err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := e.mustRow(t, "admin"); got.State != steps.Met || got.Mark != MarkApplied {
		t.Errorf("after the apply admin is %s, %s", got.State, got.Mark)
	}
	e.mustAccept(t, "hostname", hostnames("am02.example.com"))
	if got := string(e.AnswersText()); !strings.Contains(got, "am02.example.com") || strings.Contains(got, "am01.example.com") || !strings.Contains(got, "opsadmin") {
		t.Errorf("a second answer does not take the place of the applied one:\n%s", got)
	}
}

func TestAppliedGuidelinesAreSettledWhateverTheAuditLeavesToSay(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	row := e.mustRow(t, "ports")
	if row.Mark != MarkUnknown {
		t.Fatalf("ports is %s before", row.Mark)
	}
	e.mustAccept(t, "ports", text("ports.offset", "0"))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	if a := e.mustApply(t); a.Err != nil {
		t.Fatal(a.Err)
	}
	if err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	row = e.mustRow(t, "ports")
	if row.Mark != MarkApplied || row.Todo() || !row.Settled() || !strings.HasPrefix(row.Summary, "applied. ") {
		t.Errorf("after the apply ports is %s: %s", row.Mark, row.Summary)
	}
	for _, r := range e.mustReview(t).Rows {
		if r.ID == "ports" && r.Fate != FateSame {
			t.Errorf("the review has ports as %s", r.Fate)
		}
	}
}

func TestApplyNeedsTheReviewedPlan(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	r := e.mustReview(t)
	for name, hash := range map[string]string{"other": "abc", "none": ""} {
		if _, err := e.Apply(hash); !errors.Is(err, ErrNotReviewed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e.mustAccept(t, "hostname", hostnames("am02.example.com"))
	if _, err := e.Apply(r.Hash); !errors.Is(err, ErrNotReviewed) {
		t.Errorf("after another answer: %v", err)
	}
}

func TestApplyRefusesWhenFilesChangedSinceTheReview(t *testing.T) {
	home := sampleHome(t)
	e := open(t, config(t, home))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	r := e.mustReview(t)
	file := filepath.Join(home, carbon.CarbonXML)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	before := contents(t, home)
	run, err := e.Apply(r.Hash)
	if err != nil {
		t.Fatal(err)
	}
	a := run.Wait(t.Context())
	var stale *apply.StaleError
	if !errors.As(a.Err, &stale) || len(stale.Files) != 1 {
		t.Fatalf("error %v", a.Err)
	}
	for path, was := range before {
		if contents(t, home)[path] != was {
			t.Errorf("%s changed", path)
		}
	}
	if r := e.mustRow(t, "hostname"); r.Mark != MarkAnswered {
		t.Error("the answers are gone: they are needed to plan again")
	}
	if !e.CanResume() {
		t.Error("the session is gone")
	}
}

func TestApplyRollsBackWhenTheVerificationFails(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	cfg.Backend.Verify = func(context.Context, *carbon.Install, *answers.Set, ...string) []steps.Result {
		return []steps.Result{{Status: steps.Fail, Message: "The host name is not what it should be."}}
	}
	e := open(t, cfg)
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	before := contents(t, home)
	a := e.mustApply(t)
	var rolled *apply.RolledBackError
	var verify *VerifyError
	if !errors.As(a.Err, &rolled) || !errors.As(a.Err, &verify) {
		t.Fatalf("error %v", a.Err)
	}
	after := contents(t, home)
	for path, was := range before {
		if after[path] != was {
			t.Errorf("%s is not as before", path)
		}
	}
}

func TestApplyWithSomethingToLookAtWarns(t *testing.T) {
	cfg := config(t, sampleHome(t))
	cfg.Backend.Verify = func(context.Context, *carbon.Install, *answers.Set, ...string) []steps.Result {
		return []steps.Result{{Status: steps.Unknown, Message: "It could not be looked at."}}
	}
	e := open(t, cfg)
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	if a := e.mustApply(t); !a.Warned() || len(a.Warnings) == 0 {
		t.Errorf("warnings %v", a.Warnings)
	}
}

func TestApplyGoesOnWhenNobodyLooks(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	gate := make(chan struct{})
	cfg.Backend.Verify = func(context.Context, *carbon.Install, *answers.Set, ...string) []steps.Result {
		<-gate
		return nil
	}
	e := open(t, cfg)
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	r := e.mustReview(t)
	run, err := e.Apply(r.Hash)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if a := run.Wait(gone); a != nil {
		t.Error("it had ended already")
	}
	if _, err := e.Apply(r.Hash); !errors.Is(err, ErrNotReviewed) {
		t.Errorf("a second apply at the same time: %v", err)
	}
	if err := e.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if e.Applying() != run {
		t.Error("the engine does not know of it")
	}
	close(gate)
	if a := run.Wait(t.Context()); a == nil || a.Err != nil {
		t.Fatalf("%+v", a)
	}
	if e.Applying() != nil || e.Last() == nil {
		t.Error("it has not ended for the engine")
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	told := open(t, config(t, home))
	if n := told.Facts().Notices; len(n) != 1 || !strings.Contains(n[0], "applied") {
		t.Errorf("the next start says %v", n)
	}
	if err := told.Close(); err != nil {
		t.Fatal(err)
	}
	if n := open(t, config(t, home)).Facts().Notices; len(n) != 0 {
		t.Errorf("it is told again: %v", n)
	}
}

func TestSeenResultIsNotToldAgain(t *testing.T) {
	home := sampleHome(t)
	e := open(t, config(t, home))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	if a := e.mustApply(t); a.Err != nil {
		t.Fatal(a.Err)
	}
	if err := e.Seen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n := open(t, config(t, home)).Facts().Notices; len(n) != 0 {
		t.Errorf("notices %v", n)
	}
}

func TestProgressTellsEveryStage(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	run, err := e.Apply(e.mustReview(t).Hash)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var last Progress
	for {
		p, version, ok := run.Next(t.Context(), seen)
		if !ok {
			break
		}
		if version <= seen {
			t.Fatalf("version %d after %d", version, seen)
		}
		last, seen = p, version
	}
	run.Wait(t.Context())
	stages := map[apply.Stage]bool{}
	for _, s := range last.Log {
		stages[s.Stage] = true
	}
	for _, want := range []apply.Stage{apply.StageStage, apply.StageBackup, apply.StageSwap, apply.StageVerify} {
		if !stages[want] {
			t.Errorf("no stage %s in %v", want, last.Log)
		}
	}
}

func TestReviewKeepsBadAnswersOutAndBlocks(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	e.answers.Put("hostname.name", answers.Value{Text: "not a name!"}) // as after an edit of the session file
	r := e.mustReview(t)
	if len(r.Blocked) != 1 || !strings.Contains(r.Blocked[0], "Host name") {
		t.Errorf("blocked %v", r.Blocked)
	}
	fates := map[string]Fate{}
	for _, row := range r.Rows {
		fates[row.ID] = row.Fate
	}
	if fates["hostname"] != FateCannot || fates["jmx"] != FateChange || fates["keystore"] != FateOpen || fates["cluster"] != FateOpen || fates["admin"] != FateOpen {
		t.Errorf("fates %v", fates)
	}
}

func TestGuidelineWhoseFileIsBrokenIsToldAsLeftOut(t *testing.T) {
	home := sampleHome(t)
	e := open(t, config(t, home))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	e.mustAccept(t, "proxy", text("proxy.reverse.enabled", "true", "proxy.reverse.http_port", "80", "proxy.reverse.https_port", "443"))
	if err := os.WriteFile(filepath.Join(home, carbon.CatalinaXML), []byte("<Server>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := e.mustReview(t)
	for _, row := range r.Rows {
		switch row.ID {
		case "proxy":
			if row.Fate != FateCannot || !row.Blocks || !strings.HasPrefix(row.Text, "left out, because a file stands in the way: "+carbon.CatalinaXML) {
				t.Errorf("%+v", row)
			}
		case "hostname":
			if row.Fate != FateChange {
				t.Errorf("%+v", row)
			}
		}
	}
	if len(r.Blocked) != 1 || !strings.Contains(r.Blocked[0], carbon.CatalinaXML) {
		t.Errorf("blocked: %q", r.Blocked)
	}
	out, err := steps.BuildPlan(t.Context(), r.install, r.answers)
	if err != nil {
		t.Fatal(err)
	}
	report := string(Report(ReportData{Install: r.install, Rows: UnattendedRows(out)}, apply.Result{Run: "r"}))
	if want := "| 12 | Proxy servers | left out: a file stands in the way | " + carbon.CatalinaXML; !strings.Contains(report, want) {
		t.Errorf("the report does not say %q:\n%s", want, report)
	}
}

func TestReviewSaysOnceThatAFileIsOutside(t *testing.T) {
	home := sampleHome(t)
	elsewhere := filepath.Join(t.TempDir(), "carbon.xml")
	path := filepath.Join(home, carbon.CarbonXML)
	if err := errors.Join(os.Rename(path, elsewhere), os.Symlink(elsewhere, path)); err != nil {
		t.Fatal(err)
	}
	e := open(t, config(t, home))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	r := e.mustReview(t)
	said := 0
	for _, text := range r.Blocked {
		said += strings.Count(text, "is a link to "+elsewhere)
	}
	for _, p := range r.Problems {
		said += strings.Count(p.Message, "is a link to "+elsewhere)
	}
	if said != 1 {
		t.Errorf("said %d times: %q, %+v", said, r.Blocked, r.Problems)
	}
}

func TestReviewSaysWhenTheServerRuns(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	cfg.Backend.Preflight = func(ctx context.Context, _ *apply.Plan, o apply.Options) []apply.Problem {
		if _, err := o.Running(ctx); err != nil {
			return []apply.Problem{{Message: err.Error()}}
		}
		return []apply.Problem{{Path: home, Message: "The server runs (process 4711).", Fix: "Stop it first."}}
	}
	e := open(t, cfg)
	e.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	r := e.mustReview(t)
	if len(r.Blocked) != 1 || !strings.Contains(r.Blocked[0], "process 4711") || !strings.Contains(r.Blocked[0], "Stop it first.") {
		t.Errorf("blocked %v", r.Blocked)
	}
	if _, err := e.Apply(r.Hash); !errors.Is(err, ErrNotReviewed) {
		t.Errorf("apply: %v", err)
	}
}

// withChecks replaces the checks of the host name step.
func withChecks(cfg Config, checks ...steps.Check) Config {
	cfg.Backend.Steps = func() []steps.Step {
		var all []steps.Step
		for _, s := range steps.All() {
			if s.Info().ID == "hostname" {
				s = changed{Step: s, checks: checks}
			}
			all = append(all, s)
		}
		return all
	}
	return cfg
}

func result(status steps.Status, message string) func(context.Context) steps.Result {
	return func(context.Context) steps.Result { return steps.Result{Status: status, Message: message} }
}

func TestChecksRunOneByOneAndAreRemembered(t *testing.T) {
	cfg := withChecks(config(t, sampleHome(t)),
		steps.Check{ID: "a", Title: "first", Run: result(steps.OK, "Fine.")}, steps.Check{ID: "b", Title: "second", Run: result(steps.Warn, "Odd.")})
	e := open(t, cfg)
	v := hostnames("am01.example.com")
	c, err := e.StartChecks(t.Context(), "hostname", v)
	if err != nil || len(c.Titles) != 2 || c.Titles[0].Guideline != 4 {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, want := range []string{"Fine.", "Odd."} {
		r, ok := c.Next(t.Context())
		if !ok || r.Result.Message != want {
			t.Fatalf("%+v, %v", r, ok)
		}
	}
	if _, ok := c.Next(t.Context()); ok {
		t.Error("a third result")
	}
	results, at, fresh, ok := e.Tested("hostname", v)
	if !ok || !fresh || len(results) != 2 || !at.Equal(testNow) {
		t.Errorf("tested: %v %v %v %v", results, at, fresh, ok)
	}
	if _, _, fresh, _ := e.Tested("hostname", hostnames("am02.example.com")); fresh {
		t.Error("the results still hold after an edit")
	}
	again, err := e.StartChecks(t.Context(), "hostname", v)
	if err != nil || again.Generation <= c.Generation {
		t.Errorf("generation %d after %d, %v", again.Generation, c.Generation, err)
	}
}

func TestChecksAreCancelledAtOnce(t *testing.T) {
	started := make(chan struct{})
	cfg := withChecks(config(t, sampleHome(t)), steps.Check{ID: "a", Title: "hangs", Run: func(ctx context.Context) steps.Result {
		close(started)
		<-ctx.Done()
		return steps.Result{Status: steps.OK}
	}})
	e := open(t, cfg)
	c, err := e.StartChecks(t.Context(), "hostname", hostnames("am01.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	<-started
	c.Cancel()
	if _, ok := c.Next(t.Context()); ok {
		t.Error("a canceled check has a result")
	}
	if _, _, _, ok := e.Tested("hostname", hostnames("am01.example.com")); ok {
		t.Error("a canceled check is remembered")
	}
}

func TestCheckThatDoesNotEndTimesOut(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	cfg := withChecks(config(t, sampleHome(t)), steps.Check{ID: "a", Title: "The name", Run: func(context.Context) steps.Result {
		<-forever
		return steps.Result{}
	}})
	cfg.CheckTimeout = time.Millisecond
	e := open(t, cfg)
	c, err := e.StartChecks(t.Context(), "hostname", hostnames("am01.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	r, ok := c.Next(t.Context())
	if !ok || r.Result.Status != steps.Unknown || !strings.Contains(r.Result.Message, "The name") {
		t.Errorf("%+v, %v", r, ok)
	}
}

// TestReportHasAttachments has the report hold in full what the screens only name.
func TestReportHasAttachments(t *testing.T) {
	d := ReportData{Install: &carbon.Install{Home: "/opt/carbon"}, Advice: []steps.Advice{{
		Guideline: 10, Title: "A service", Text: "Put it there.",
		Attachments: []steps.Attachment{{Name: "/etc/init.d/carbon", Content: "#!/bin/sh\nexit 0\n"}},
	}}}
	if report := string(Report(d, apply.Result{Run: "r"})); !strings.Contains(report, "\nPut it there.\n\n`/etc/init.d/carbon`\n\n```\n#!/bin/sh\nexit 0\n```\n") {
		t.Errorf("the report lacks the file:\n%s", report)
	}
}

func TestChecksOfTheReviewEnterTheReport(t *testing.T) {
	cfg := withChecks(config(t, sampleHome(t)), steps.Check{ID: "a", Title: "x", Run: result(steps.Warn, "It resolves to nothing.")})
	e := open(t, cfg)
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	r := e.mustReview(t)
	if len(r.Checks) != 1 {
		t.Fatalf("checks %v", r.Checks)
	}
	c := e.CheckAll(t.Context())
	for {
		if _, ok := c.Next(t.Context()); !ok {
			break
		}
	}
	run, err := e.Apply(r.Hash)
	if err != nil {
		t.Fatal(err)
	}
	a := run.Wait(t.Context())
	if a.Err != nil || !a.Warned() {
		t.Fatalf("%+v", a)
	}
	if report, err := os.ReadFile(a.Result.Report); err != nil || !strings.Contains(string(report), "It resolves to nothing.") {
		t.Errorf("report: %v\n%s", err, report)
	}
}

// TestUntestedIsToldBeforeAndInTheReport stops the checks after the first: what has run is in the report, and so is what has not.
func TestUntestedIsToldBeforeAndInTheReport(t *testing.T) {
	started := make(chan struct{})
	cfg := withChecks(config(t, sampleHome(t)),
		steps.Check{ID: "a", Title: "The name", Run: result(steps.OK, "It resolves.")},
		steps.Check{ID: "b", Title: "The port", Timeout: time.Minute, Run: func(ctx context.Context) steps.Result {
			close(started)
			<-ctx.Done()
			return steps.Result{}
		}})
	e := open(t, cfg)
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	r := e.mustReview(t)
	if all := e.Untested(); len(all) != 2 {
		t.Errorf("untested before any check: %v", all)
	}
	c := e.CheckAll(t.Context())
	if want := time.Minute + e.cfg.CheckTimeout; c.Most != want {
		t.Errorf("the checks may take %s, want %s", c.Most, want)
	}
	<-started
	c.Cancel()
	for ok := true; ok; {
		_, ok = c.Next(t.Context())
	}
	if all := e.Untested(); len(all) != 1 || all[0].ID != "b" {
		t.Errorf("untested: %v", all)
	}
	run, err := e.Apply(r.Hash)
	if err != nil {
		t.Fatal(err)
	}
	a := run.Wait(t.Context())
	if a.Err != nil || !contains(a.Warnings, texts.AppliedUntested(1)) {
		t.Fatalf("%+v", a)
	}
	report, err := os.ReadFile(a.Result.Report)
	for _, want := range []string{"- ok It resolves.\n", "- unknown " + texts.ReportUntested("The port") + "\n"} {
		if err != nil || !strings.Contains(string(report), want) {
			t.Errorf("the report does not say %q: %v\n%s", want, err, report)
		}
	}
}

func TestSaveAnswers(t *testing.T) {
	cfg := config(t, sampleHome(t))
	e := open(t, cfg)
	if _, err := e.SaveAnswers(t.Context(), "x", false); !errors.Is(err, ErrCannotSave) {
		t.Errorf("without a writer: %v", err)
	}
	e.cfg.WriteFile = func(path string, data []byte, replace bool) error {
		if _, err := os.Stat(path); err == nil && !replace {
			return &fs.PathError{Op: "write", Path: path, Err: fs.ErrExist}
		}
		return os.WriteFile(path, data, 0o600)
	}
	e.mustAccept(t, "admin", adminValues())
	file := filepath.Join(t.TempDir(), "answers.yaml")
	for _, step := range []struct {
		replace bool
		want    error
	}{{false, nil}, {false, fs.ErrExist}, {true, nil}} {
		if _, err := e.SaveAnswers(t.Context(), file, step.replace); !errors.Is(err, step.want) {
			t.Errorf("replace %v: %v", step.replace, err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), password) || !strings.Contains(string(data), "opsadmin") {
		t.Errorf("answers:\n%s", data)
	}
	if _, _, err := answers.Parse(file, data, steps.Schema()); err != nil {
		t.Errorf("what was saved cannot be read: %v", err)
	}
}

func TestAnswersOfAFileAreAccepted(t *testing.T) {
	cfg := config(t, sampleHome(t))
	set, _, err := answers.Parse("a.yaml", []byte("version: 1\njmx:\n  enabled: false\nhostname:\n  name: am01.example.com\n"), steps.Schema())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Answers, cfg.AnswersFile = set, "a.yaml"
	e := open(t, cfg)
	for _, id := range []string{"jmx", "hostname"} {
		if r := e.mustRow(t, id); r.Mark != MarkAnswered {
			t.Errorf("%s is %s", id, r.Mark)
		}
	}
	if next := e.Next(""); next.Step != "admin" {
		t.Errorf("the walk begins at %v", next)
	}
}

func TestEngineIsSafeForConcurrentUse(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	f, err := e.Form(t.Context(), "hostname")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	work := []func(){
		func() { e.Rows() }, func() { e.Facts() }, func() { f.Fields[0].Judge("am01") },
		func() { _, _ = e.Accept(t.Context(), "hostname", hostnames("am01.example.com"), true) },
		func() { _, _ = e.Review(t.Context()) }, func() { _ = e.Refresh(t.Context()) },
		func() { _ = e.Save(t.Context(), false) }, func() { e.SetDraft("hostname.name", "x") },
		func() { _, _ = e.Form(t.Context(), "admin") },
	}
	for _, w := range work {
		go func() {
			for range 5 {
				w()
			}
			done <- struct{}{}
		}()
	}
	for range work {
		<-done
	}
}

func TestRecoveryKnowsTheActions(t *testing.T) {
	undo := open(t, config(t, sampleHome(t))).options().UndoAction
	if undo == nil || undo(t.Context(), "Tables of WSO2_CARBON_DB", "40 tables") != nil || undo(t.Context(), "Something else", "") == nil {
		t.Error("a recovery does not know which actions it can undo")
	}
}
