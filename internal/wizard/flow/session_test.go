package flow

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
)

func TestSavedSessionResumesOnTheSameStep(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	e := open(t, cfg)
	e.mustAccept(t, "admin", adminValues())
	e.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	if err := e.Skip(t.Context(), "ports", "firewall team"); err != nil {
		t.Fatal(err)
	}
	if err := e.Enter(t.Context(), Place{AtStep, "hostname"}); err != nil {
		t.Fatal(err)
	}
	e.SetDraft("hostname.name", "am01.exa")
	e.SetDraft("admin.password", password)
	if err := e.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	seesNoSecret(t, home)
	info, err := os.Stat(filepath.Join(home, apply.StateDir, SessionFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("session: %v, %v", info.Mode(), err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	touched := filepath.Join(home, carbon.CarbonXML)
	later := testNow.Add(5 * time.Minute)
	if err := os.Chtimes(touched, later, later); err != nil {
		t.Fatal(err)
	}
	cfg.Now = func() time.Time { return testNow.Add(14 * time.Minute) }
	again := open(t, cfg)
	if again.Entry() != EntryResume {
		t.Fatalf("entry %d", again.Entry())
	}
	r, ok := again.Resumable(t.Context())
	if !ok || r.Place != (Place{AtStep, "hostname"}) || r.Guideline != 4 || r.Ago != 14*time.Minute || r.From != "10.0.0.7" || !r.LostLink {
		t.Errorf("resumable: %+v", r)
	}
	if strings.Join(r.Accepted, "|") != "Administrator account|JMX" || len(r.Skipped) != 1 || strings.Join(r.NeedSecrets, "") != "Administrator account" {
		t.Errorf("resumable: %+v", r)
	}
	found := false
	for _, f := range r.Changed {
		found = found || f == carbon.CarbonXML
	}
	if !found {
		t.Errorf("changed since: %v", r.Changed)
	}
	if err := again.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again.Entry() != EntryHub || again.At() != (Place{AtStep, "hostname"}) {
		t.Errorf("entry %d, at %v", again.Entry(), again.At())
	}
	f, err := again.Form(t.Context(), "hostname")
	if err != nil || f.Fields[0].Value != "am01.exa" {
		t.Errorf("the draft is %q, %v", f.Fields[0].Value, err)
	}
	resumedSecret(t, again)
}

// resumedSecret asserts that a password typed before has to be typed again, and that nothing is applied without it.
func resumedSecret(t *testing.T, e *Engine) {
	t.Helper()
	if r := e.mustRow(t, "admin"); r.Mark != MarkAgain || !r.Todo() {
		t.Errorf("admin is %s", r.Mark)
	}
	r := e.mustReview(t)
	if len(r.Blocked) != 1 || !strings.Contains(r.Blocked[0], "Administrator account") || r.Empty {
		t.Errorf("blocked %q, empty %v", r.Blocked, r.Empty)
	}
	e.mustAccept(t, "admin", adminValues())
	if blocked := e.mustReview(t).Blocked; len(blocked) != 0 {
		t.Errorf("still blocked: %v", blocked)
	}
}

func TestStartOverForgets(t *testing.T) {
	home := sampleHome(t)
	e := open(t, config(t, home))
	e.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, config(t, home))
	if err := again.Save(t.Context(), false); err != nil { // not decided yet: the session must survive
		t.Fatal(err)
	}
	if _, ok := again.Resumable(t.Context()); !ok {
		t.Fatal("nothing to resume")
	}
	if err := again.StartOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again.Entry() != EntryHub || again.CanResume() || again.mustRow(t, "jmx").Mark == MarkAnswered {
		t.Error("the session is not forgotten")
	}
}

func TestLookingLeavesNoSession(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	if err := e.Enter(t.Context(), Place{Screen: AtHub}); err != nil {
		t.Fatal(err)
	}
	if e.CanResume() {
		t.Error("somebody who only looked is welcomed back")
	}
	if err := e.Enter(t.Context(), Place{AtStep, "jvm"}); err != nil {
		t.Fatal(err)
	}
	if !e.CanResume() {
		t.Error("a step that was entered cannot be resumed")
	}
}

func TestDamagedSessionIsPutAside(t *testing.T) {
	for name, data := range map[string]string{
		"garbage": "{", "newer": `{"version": 99}`, "answers": `{"version":1,"saved_at":"2026-11-22T14:00:00Z","accepted":"nonsense: [","step":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t)
			dir := filepath.Join(home, apply.StateDir)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, SessionFile), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			e := open(t, config(t, home))
			if e.Entry() != EntryHub || len(e.Facts().Notices) != 1 {
				t.Fatalf("entry %d, notices %v", e.Entry(), e.Facts().Notices)
			}
			aside, err := os.ReadFile(filepath.Join(dir, unreadableFile))
			if err != nil || string(aside) != data {
				t.Errorf("put aside: %q, %v", aside, err)
			}
		})
	}
}

func TestRecoverComesBeforeEverything(t *testing.T) {
	home := sampleHome(t)
	first := open(t, config(t, home))
	first.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	cut := true
	cfg := config(t, home)
	cfg.Backend.Unfinished = func(string) (*apply.Run, error) { return &apply.Run{ID: "20261122-1"}, nil }
	cfg.Backend.Recover = func(context.Context, string, apply.Options) (*apply.Recovery, error) {
		cut = false
		return &apply.Recovery{Run: "20261122-1", Outcome: "undone", Files: []string{"a"}}, nil
	}
	e := open(t, cfg)
	if e.Entry() != EntryRecover {
		t.Fatalf("entry %d", e.Entry())
	}
	before := tree(t, home, "")
	if err := e.Save(t.Context(), false); err != nil || tree(t, home, "") != before {
		t.Errorf("something was written before the recovery: %v", err)
	}
	if r, err := e.Recover(t.Context()); err != nil || r.Outcome != "undone" || cut {
		t.Fatalf("%+v, %v", r, err)
	}
	if e.Entry() != EntryResume {
		t.Errorf("after the recovery the entry is %d", e.Entry())
	}
}

func TestSessionKnowsWhatChangedWithinItsSecond(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	at := testNow.Add(700 * time.Millisecond)
	cfg.Now = func() time.Time { return at }
	e := open(t, cfg)
	e.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	touch := func(rel string, when time.Time) {
		if err := os.Chtimes(filepath.Join(home, rel), when, when); err != nil {
			t.Fatal(err)
		}
	}
	touch(carbon.UserMgtXML, at.Add(-100*time.Millisecond))
	touch(carbon.CarbonXML, at.Add(100*time.Millisecond))
	r, ok := open(t, cfg).Resumable(t.Context())
	if !ok || !r.SavedAt.Equal(at) || len(r.Changed) != 1 || r.Changed[0] != carbon.CarbonXML {
		t.Errorf("saved at %v, changed %v", r.SavedAt, r.Changed)
	}
}

// needy is the step of the host name after an update of the program: it has another answer that must be given.
type needy struct{ steps.Step }

func (n needy) Specs() []answers.Spec {
	all := slices.Clone(n.Step.Specs())
	for i := range all {
		all[i].Required = true
	}
	return all
}

func (n needy) Fields(w *steps.Workspace, a *answers.Set) []steps.Field {
	all := slices.Clone(n.Step.Fields(w, a))
	for i := range all {
		all[i].Required = true
	}
	return all
}

func TestSessionFromBeforeAnAnswerWasRequiredIsResumed(t *testing.T) {
	home := sampleHome(t)
	e := open(t, config(t, home))
	e.mustAccept(t, "hostname", text("hostname.name", "am01.example.com", "hostname.management", ""))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := config(t, home)
	cfg.Backend.Steps = func() []steps.Step {
		all := slices.Clone(steps.All())
		for i, s := range all {
			if s.Info().ID == "hostname" {
				all[i] = needy{s}
			}
		}
		return all
	}
	cfg.Backend.Schema = func() answers.Schema {
		schema := slices.Clone(steps.Schema())
		for i := range schema {
			schema[i].Required = schema[i].Required || strings.HasPrefix(schema[i].Key, "hostname.")
		}
		return schema
	}
	again := open(t, cfg)
	if again.Entry() != EntryResume {
		t.Fatalf("entry %d: %q", again.Entry(), again.Facts().Notices)
	}
	if err := again.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	row := again.mustRow(t, "hostname")
	if row.Mark != MarkAgain || !row.Todo() || row.Summary != "Management host name is missing." {
		t.Errorf("%s, %q", row.Mark, row.Summary)
	}
	f, err := again.Form(t.Context(), "hostname")
	if err != nil || f.Fields[0].Value != "am01.example.com" {
		t.Errorf("%+v, %v", f, err)
	}
	again.mustAccept(t, "hostname", hostnames("am01.example.com"))
	if row := again.mustRow(t, "hostname"); row.Mark != MarkAnswered {
		t.Errorf("%s, %q", row.Mark, row.Summary)
	}
}
