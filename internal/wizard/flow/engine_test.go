package flow

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
)

func TestOpenShowsAllSixteenGuidelines(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	rows := e.Rows()
	if len(rows) != 16 || e.Entry() != EntryHub {
		t.Fatalf("%d rows, entry %d", len(rows), e.Entry())
	}
	for i, r := range rows {
		if r.Guideline != i+1 || r.Title == "" || r.Why == "" || r.Summary == "" {
			t.Errorf("row %d: %+v", i, r)
		}
		if built := r.State != steps.NotBuiltYet; built != (r.Mark != MarkNotBuilt) || built != r.Openable() {
			t.Errorf("%s: state %s, mark %s, openable %v", r.ID, r.State, r.Mark, r.Openable())
		}
	}
	if got := e.Next(""); got != (Place{AtStep, "admin"}) {
		t.Errorf("the walk begins at %v", got)
	}
	f := e.Facts()
	if f.Version != "1.0.0" || f.NoWrite != "" || f.DryRun || f.CanSave {
		t.Errorf("facts: %+v", f)
	}
}

func TestOpenRefusesWhatIsNoInstall(t *testing.T) {
	_, err := Open(t.Context(), config(t, t.TempDir()))
	var refused *carbon.RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("error %v", err)
	}
}

func TestAcceptLeadsToTheNextOpenGuideline(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	v := e.mustAccept(t, "admin", adminValues())
	if v.Next.Screen != AtStep || v.Next.Step == "admin" {
		t.Errorf("after admin comes %v", v.Next)
	}
	if r := e.mustRow(t, "admin"); r.Mark != MarkAnswered {
		t.Errorf("admin is %s", r.Mark)
	}
	// The last open one leads round to those left behind, and then to the review.
	for range 20 {
		if v.Next.Screen == AtReview {
			return
		}
		if err := e.Skip(t.Context(), v.Next.Step, "not today"); err != nil {
			t.Fatal(err)
		}
		v.Next = e.Next(v.Next.Step)
	}
	t.Errorf("the walk does not end: %v", v.Next)
}

func TestAcceptRefusesAndKeepsTheDraft(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	v, err := e.Accept(t.Context(), "hostname", hostnames("am01_internal"), true)
	if err != nil {
		t.Fatal(err)
	}
	if v.OK || v.Confirm || len(v.Problems) == 0 || v.Problems[0].Severity != steps.Error || v.Problems[0].Key != "hostname.name" {
		t.Fatalf("verdict %+v", v)
	}
	r := e.mustRow(t, "hostname")
	if r.Mark != MarkDraft || !r.Invalid || !r.Todo() {
		t.Errorf("row %+v", r)
	}
	f, err := e.Form(t.Context(), "hostname")
	if err != nil {
		t.Fatal(err)
	}
	if !f.Draft || f.Fields[0].Value != "am01_internal" || !f.Fields[0].Draft {
		t.Errorf("the form begins with %+v", f.Fields[0])
	}
	if p := f.Fields[0].Judge("am01_internal"); p == nil || p.Fix == "" {
		t.Errorf("the field itself says %v", p)
	}
}

func TestAcceptAsksAboutWarnings(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	v, err := e.Accept(t.Context(), "hostname", hostnames("am01"), false)
	if err != nil {
		t.Fatal(err)
	}
	if v.OK || !v.Confirm || v.Problems[0].Severity != steps.Warning {
		t.Fatalf("verdict %+v", v)
	}
	if r := e.mustRow(t, "hostname"); r.Mark != MarkDraft || r.Invalid {
		t.Errorf("before the answer the row is %+v", r)
	}
	e.mustAccept(t, "hostname", hostnames("am01"))
}

func TestLeaveNeverRefuses(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	for _, name := range []string{"", "no good!", "good.example.com", strings.Repeat("x", 300)} {
		if err := e.Leave(t.Context(), "hostname", hostnames(name)); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		f, err := e.Form(t.Context(), "hostname")
		if err != nil {
			t.Fatal(err)
		}
		if f.Fields[0].Value != name {
			t.Errorf("%q became %q", name, f.Fields[0].Value)
		}
	}
}

func TestUntouchedFormLeavesNoDraft(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	f, err := e.Form(t.Context(), "jvm")
	if err != nil {
		t.Fatal(err)
	}
	v := text()
	for _, q := range f.Fields {
		v.Text[q.Key] = q.Value
	}
	if err := e.Leave(t.Context(), "jvm", v); err != nil {
		t.Fatal(err)
	}
	if r := e.mustRow(t, "jvm"); r.Mark == MarkDraft {
		t.Error("looking at a form left a draft")
	}
}

func TestEmptiedFieldTakesTheAnswerBack(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "jvm", text("jvm.heap_initial", "512m", "jvm.heap_max", "1g"))
	e.mustAccept(t, "jvm", text("jvm.heap_initial", "", "jvm.heap_max", "1g"))
	if got := string(e.AnswersText()); strings.Contains(got, "heap_initial: 512m") || !strings.Contains(got, "heap_max: 1g") {
		t.Errorf("answers:\n%s", got)
	}
}

func TestGeneratedSecret(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	v := e.mustAccept(t, "admin", text("admin.username", "opsadmin"))
	if len(v.Generated) != 1 || len(v.Generated[0].Secret.Reveal()) < 12 {
		t.Fatalf("%d secrets were made", len(v.Generated))
	}
	again := e.mustAccept(t, "admin", text("admin.username", "opsadmin"))
	if len(again.Generated) != 0 {
		t.Error("accepting again made another one: the first would be lost")
	}
}

func TestSecretWithOuterBlankIsWarnedAbout(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	v := text("admin.username", "opsadmin")
	v.Secret["admin.password"] = secret.New(password + " ")
	verdict, err := e.Accept(t.Context(), "admin", v, false)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range verdict.Problems {
		found = found || strings.Contains(p.Message, "blank")
		if strings.Contains(p.Message+p.Fix, password) {
			t.Error("the message spells the password")
		}
	}
	if !found {
		t.Errorf("nothing is said about the blank: %v", verdict.Problems)
	}
}

func TestFieldsThatDependOnAnswers(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	keys := func(v Values) string {
		qs, err := e.Refields(t.Context(), "proxy", v)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, q := range qs {
			all = append(all, q.Key)
		}
		return strings.Join(all, " ")
	}
	f, err := e.Form(t.Context(), "proxy")
	if err != nil {
		t.Fatal(err)
	}
	v := text()
	for _, q := range f.Fields {
		v.Text[q.Key] = q.Value
	}
	before := keys(v)
	for _, q := range f.Fields {
		if len(q.Choices()) == 2 {
			v.Text[q.Key] = "true"
		}
	}
	if after := keys(v); after == before {
		t.Errorf("with a proxy the same is asked as without: %s", after)
	}
}

func TestSkipAndUnskip(t *testing.T) {
	home := sampleHome(t)
	e := open(t, config(t, home))
	e.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	if err := e.Skip(t.Context(), "jmx", " monitored \n by agent "); err != nil {
		t.Fatal(err)
	}
	if r := e.mustRow(t, "jmx"); r.Mark != MarkSkipped || r.Summary != `skipped: "monitored by agent"` || r.Todo() {
		t.Errorf("row %+v", r)
	}
	if strings.Contains(string(e.AnswersText()), "jmx") {
		t.Errorf("the answers to save hold a skipped guideline:\n%s", e.AnswersText())
	}
	if !e.mustReview(t).Empty {
		t.Error("a skipped guideline is in the plan")
	}
	if err := e.Unskip(t.Context(), "jmx"); err != nil {
		t.Fatal(err)
	}
	if r := e.mustRow(t, "jmx"); r.Mark != MarkAnswered {
		t.Errorf("taken back it is %s: the answers must still be there", r.Mark)
	}
	if e.mustReview(t).Empty {
		t.Error("taken back it is not in the plan")
	}
}

func TestStepsOfOneSectionDoNotTakeEachOthersAnswers(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	e.mustAccept(t, "rotation", text("logs.rotation", "size", "logs.max_size", "10MB", "logs.max_backups", "7"))
	e.mustAccept(t, "logs", text("logs.level", "WARN"))
	for _, want := range []string{"max_backups: 7", "level: WARN"} {
		if got := string(e.AnswersText()); !strings.Contains(got, want) {
			t.Errorf("%s is gone:\n%s", want, got)
		}
	}
	if err := e.Skip(t.Context(), "rotation", "later"); err != nil {
		t.Fatal(err)
	}
	if got := string(e.AnswersText()); strings.Contains(got, "max_backups: 7") || !strings.Contains(got, "level: WARN") {
		t.Errorf("with the rotation skipped:\n%s", got)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	home := sampleHome(t)
	cfg := config(t, home)
	cfg.DryRun = true
	before := tree(t, home, "")
	e := open(t, cfg)
	e.mustAccept(t, "admin", adminValues())
	if err := e.Enter(t.Context(), Place{AtStep, "jvm"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Leave(t.Context(), "hostname", hostnames("x!")); err != nil {
		t.Fatal(err)
	}
	if err := e.Skip(t.Context(), "jmx", "no"); err != nil {
		t.Fatal(err)
	}
	r := e.mustReview(t)
	if r.Empty || len(r.Blocked) == 0 {
		t.Errorf("empty %v, blocked %v", r.Empty, r.Blocked)
	}
	if _, err := e.Apply(r.Hash); !errors.Is(err, ErrNotReviewed) {
		t.Errorf("apply in a dry run: %v", err)
	}
	if err := e.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if tree(t, home, "") != before {
		t.Error("a dry run changed the tree")
	}
}

func TestDryRunHasThePlanOfTheRealRun(t *testing.T) {
	home := sampleHome(t)
	hashes := map[bool]string{}
	for _, dry := range []bool{true, false} {
		cfg := config(t, home)
		cfg.DryRun = dry
		e := open(t, cfg)
		e.mustAccept(t, "hostname", hostnames("am01.example.com"))
		hashes[dry] = e.mustReview(t).Hash
	}
	if hashes[true] != hashes[false] || hashes[true] == "" {
		t.Errorf("hashes %v", hashes)
	}
}

func TestLockedInstallCanBeLookedAt(t *testing.T) {
	home := sampleHome(t)
	first := open(t, config(t, home))
	first.mustAccept(t, "jmx", text("jmx.enabled", "false"))
	second := open(t, config(t, home))
	if second.Entry() != EntryLocked || second.Holder() == nil || second.Holder().Holder.Terminal != "pts/3" {
		t.Fatalf("entry %d, holder %+v", second.Entry(), second.Holder())
	}
	if len(second.Rows()) != 16 || second.Facts().NoWrite == "" {
		t.Error("it cannot be looked at")
	}
	before := tree(t, home, "")
	if err := second.Skip(t.Context(), "jvm", "x"); err != nil {
		t.Fatal(err)
	}
	if err := second.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if tree(t, home, "") != before {
		t.Error("the second one wrote")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third := open(t, config(t, home))
	if third.Entry() != EntryResume {
		t.Errorf("after the first has gone the entry is %d", third.Entry())
	}
}

func TestHomeThatCannotBeWrittenCanBeLookedAt(t *testing.T) {
	home := sampleHome(t)
	for name, err := range map[string]error{"rights": fs.ErrPermission, "other": errors.New("disk on fire")} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, home)
			cfg.Backend.AcquireLock = func(string, apply.Options) (*apply.Lock, error) { return nil, err }
			e := open(t, cfg)
			e.mustAccept(t, "hostname", hostnames("am01.example.com"))
			r := e.mustReview(t)
			if len(r.Blocked) == 0 || !strings.Contains(r.Blocked[0], home) || r.Empty {
				t.Errorf("blocked %v, empty %v", r.Blocked, r.Empty)
			}
		})
	}
}
