package flow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

func jmxValues() Values {
	return text("jmx.enabled", "true", "jmx.registry_port", "9999", "jmx.server_port", "11111", "jmx.hostname", "am01.example.com")
}

// offset accepts the ports step with an offset.
func (e *Engine) offset(t testing.TB, n string) {
	t.Helper()
	e.mustAccept(t, "ports", text("ports.offset", n))
}

// marked asserts the mark of a guideline, and what is said beside it.
func (e *Engine) marked(t testing.TB, id string, want Mark, says string) {
	t.Helper()
	if r := e.mustRow(t, id); r.Mark != want || !strings.Contains(r.Summary, says) || r.Todo() != (want == MarkCheck) {
		t.Errorf("%s is marked %q (%s), to be done: %v; want %q", id, r.Mark, r.Summary, r.Todo(), want)
	}
}

func TestAnswersThatRestOnOthersAreToBeCheckedAgain(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "jmx", jmxValues())
	e.offset(t, "0")
	e.marked(t, "jmx", MarkAnswered, "") // the offset is what the install has: nothing has changed
	e.offset(t, "3")
	e.marked(t, "jmx", MarkCheck, "check again: Port offset has changed")
	if r := e.mustRow(t, "jmx"); len(r.Changed) != 1 || r.Changed[0].Text() != "Port offset was 0 when you accepted this, and is 3 now." {
		t.Errorf("changed: %+v", r.Changed)
	}
	f, err := e.Form(t.Context(), "jmx")
	if err != nil || len(f.Changed) != 1 || f.Fields[1].Value != "9999" {
		t.Errorf("the answers were not kept, or nothing is said: %+v, %v", f, err)
	}
	warned := false
	for _, p := range e.mustReview(t).Problems {
		warned = warned || p.Severity == steps.Warning && strings.Contains(p.Message, "Guideline 8, JMX, is to be checked again: Port offset was 0")
	}
	if !warned {
		t.Error("the review does not say so")
	}
	e.mustAccept(t, "jmx", jmxValues())
	e.marked(t, "jmx", MarkAnswered, "")
	e.offset(t, "0")
	e.offset(t, "3")
	e.marked(t, "jmx", MarkAnswered, "") // back to what it was
}

// TestAnswersThatAreInForceChangeNothing: the present user store, accepted as proposed, is no change for the administrator that was accepted before.
func TestAnswersThatAreInForceChangeNothing(t *testing.T) {
	rule := ""
	other := open(t, config(t, sampleHome(t)))
	other.mustAccept(t, "user_store", text("user_store.type", "jdbc"))
	f, err := other.Form(t.Context(), "user_store")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range f.Fields {
		if q.Key == "user_store.password_regex" {
			rule = q.Default
		}
	}
	if rule == "" {
		t.Fatalf("no rule is proposed: %+v", f.Fields)
	}
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "admin", Values{Secret: map[string]secret.Secret{"admin.password": secret.New("Str0ng-enough-Pw")}})
	e.mustAccept(t, "user_store", text("user_store.type", "jdbc", "user_store.password_regex", rule))
	e.marked(t, "admin", MarkAnswered, "")
	e.mustAccept(t, "user_store", text("user_store.type", "jdbc", "user_store.password_regex", `^[\S]{12,60}$`))
	e.marked(t, "admin", MarkCheck, "check again: Rule for passwords has changed")
}

func TestSkippingWhatAnswersRestOnCountsAsAChange(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.offset(t, "3")
	e.mustAccept(t, "jmx", jmxValues())
	if err := e.Skip(t.Context(), "ports", "later"); err != nil {
		t.Fatal(err)
	}
	e.marked(t, "jmx", MarkCheck, "Port offset")
	if err := e.Unskip(t.Context(), "ports"); err != nil {
		t.Fatal(err)
	}
	e.marked(t, "jmx", MarkAnswered, "")
	if err := e.Skip(t.Context(), "jmx", "no JMX"); err != nil {
		t.Fatal(err)
	}
	e.offset(t, "5")
	e.marked(t, "jmx", MarkSkipped, "no JMX") // what is left out need not be looked at
}

func TestWhatIsSwitchedOffRestsOnNothing(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	e.mustAccept(t, "keystore", text("keystore.from", "keep"))
	e.mustAccept(t, "proxy", text("proxy.reverse.enabled", "false", "proxy.forward.enabled", "false"))
	e.offset(t, "3")
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	for _, id := range []string{"jmx", "keystore", "proxy"} {
		e.marked(t, id, MarkAnswered, "")
	}
}

func TestOpeningAloneDoesNotClearTheMark(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "jmx", jmxValues())
	e.offset(t, "3")
	if _, err := e.Form(t.Context(), "jmx"); err != nil {
		t.Fatal(err)
	}
	if err := e.Leave(t.Context(), "jmx", jmxValues()); err != nil {
		t.Fatal(err)
	}
	e.marked(t, "jmx", MarkCheck, "Port offset")
	if next := e.Next("ports"); next.Screen != AtStep {
		t.Errorf("the walk goes on to %v", next)
	}
}

func TestCheckAgainSurvivesAnInterruption(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	e := open(t, cfg)
	e.mustAccept(t, "jmx", jmxValues())
	reverse := text("proxy.reverse.enabled", "true", "proxy.reverse.http_port", "80", "proxy.reverse.https_port", "443", "proxy.forward.enabled", "false")
	e.mustAccept(t, "proxy", reverse)
	e.offset(t, "3")
	e.marked(t, "proxy", MarkCheck, "Port offset")
	e.mustAccept(t, "proxy", reverse)
	if err := e.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, cfg)
	if err := again.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	again.marked(t, "jmx", MarkCheck, "Port offset")
	again.marked(t, "proxy", MarkAnswered, "")
	again.mustAccept(t, "jmx", jmxValues())
	again.marked(t, "jmx", MarkAnswered, "")
}

func TestSessionWithoutGroundsMarksNothing(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	e := open(t, cfg)
	e.mustAccept(t, "jmx", jmxValues())
	e.offset(t, "3")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(home, apply.StateDir, SessionFile)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := answers.DecodeSession(data)
	if err != nil || s.RestsOn["jmx"]["ports.offset"] != "0" {
		t.Fatalf("the session holds %v, %v", s.RestsOn, err)
	}
	head, _, _ := strings.Cut(string(data), `"rests_on"`)
	old := strings.Replace(strings.TrimRight(head, ", \n")+"\n}\n", `"version": 2`, `"version": 1`, 1)
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, cfg)
	if err := again.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	again.marked(t, "jmx", MarkAnswered, "")
}

func TestAnswersOfAFileRestOnOneAnother(t *testing.T) {
	set, faults, err := answers.Parse("a.yaml", []byte("version: 1\njmx:\n  enabled: true\n  registry_port: 9999\n  server_port: 11111\n  hostname: am01.example.com\nports:\n  offset: 3\n"), steps.Schema())
	if err != nil {
		t.Fatal(err, faults)
	}
	cfg := config(t, sampleHome(t))
	cfg.Answers = set
	e := open(t, cfg)
	e.marked(t, "jmx", MarkAnswered, "")
	e.offset(t, "4")
	e.marked(t, "jmx", MarkCheck, "Port offset")
}

func TestWhatWasAppliedIsToBeCheckedAgain(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "hostname", hostnames("am01.example.com"))
	e.mustAccept(t, "jmx", jmxValues())
	e.offset(t, "3")
	e.mustAccept(t, "jmx", jmxValues())
	if a := e.mustApply(t); a.Err != nil {
		t.Fatal(a.Err)
	}
	if err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := e.mustRow(t, "jmx"); r.Mark != MarkApplied {
		t.Errorf("jmx is marked %q (%s) after the apply", r.Mark, r.Summary)
	}
	e.offset(t, "4")
	e.marked(t, "jmx", MarkCheck, "Port offset")
}

// reader is a step that also rests on a secret.
type reader struct{ steps.Step }

func (r reader) Info() steps.Info {
	i := r.Step.Info()
	i.Reads = []string{"admin.password"}
	return i
}

func TestSecretsThatAnswersRestOnAreWrittenNowhere(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	cfg.Backend.Steps = func() []steps.Step {
		all := append([]steps.Step(nil), steps.All()...)
		for i, s := range all {
			if s.Info().ID == "jmx" {
				all[i] = reader{s}
			}
		}
		return all
	}
	e := open(t, cfg)
	e.mustAccept(t, "admin", adminValues())
	e.mustAccept(t, "jmx", jmxValues())
	e.mustAccept(t, "admin", adminValues())
	e.marked(t, "jmx", MarkAnswered, "")
	other := adminValues()
	other.Secret["admin.password"] = secret.New(password + "-two")
	e.mustAccept(t, "admin", other)
	e.marked(t, "jmx", MarkCheck, "has changed")
	if said := e.mustRow(t, "jmx").Changed[0].Text(); !strings.Contains(said, "another one") || strings.Contains(said, password) {
		t.Error(said)
	}
	seesNoSecret(t, home)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, cfg)
	if err := again.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	again.marked(t, "jmx", MarkCheck, "has changed") // although the passwords themselves are gone
}

func TestReadsNameKeysOfOtherSteps(t *testing.T) {
	schema := steps.Schema()
	reads := 0
	for _, s := range steps.All() {
		for _, key := range s.Info().Reads {
			reads++
			spec, ok := schema.Lookup(key)
			if !ok || spec.Label == "" || ownKey(s, key) {
				t.Errorf("%s reads %s: it is no key of another step", s.Info().ID, key)
			}
		}
	}
	if reads == 0 {
		t.Error("no step rests on another")
	}
	if got := texts.CheckAgain([]string{"A", "B", "C"}); got != "check again: A, B and C have changed" {
		t.Error(got)
	}
}

func TestVaultRestsOnTheKeystore(t *testing.T) {
	s, ok := steps.ByID("vault")
	if !ok || s.Info().NotBuilt {
		t.Fatal("there is no vault step")
	}
	set := answers.NewSet(steps.Schema())
	if !s.Info().Free(set) {
		t.Error("a vault that nobody asks for rests on something")
	}
	set.Put("vault.enabled", answers.Value{Text: "true"})
	if s.Info().Free(set) || !contains(s.Info().Reads, "keystore.password") {
		t.Error("the vault does not rest on the password of the keystore")
	}
}
