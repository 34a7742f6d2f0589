package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// Fate is what a plan does about a guideline.
type Fate string

// The fates, as the review groups them.
const (
	FateChange  Fate = "will change"
	FateSame    Fate = "answered, already so" // answered, and the install is so already
	FateMet     Fate = "already as recommended"
	FateSkipped Fate = "skipped"
	FateCannot  Fate = "cannot" // answers that cannot be used, secrets to be typed again, a step that failed, not in this version
	FateOpen    Fate = "left open"
)

// ReviewRow is one guideline in the review.
type ReviewRow struct {
	Guideline int
	ID, Title string
	Fate      Fate
	Text      string // what, or why not
	Files     []int  // indexes into Review.Files
	Blocks    bool   // apply is not possible before this is put right or skipped
}

// Review is a plan with everything that the operator has to see before it is applied.
type Review struct {
	Hash      string
	Rows      []ReviewRow
	Files     []apply.FileDiff
	Actions   []apply.Action
	Problems  []steps.Problem // warnings and notes of the steps
	Advice    []steps.Advice
	Preflight []apply.Problem // what apply would refuse for
	Running   *carbon.Process
	Checks    []CheckTitle // what CheckAll would probe
	Blocked   []string     // why apply is not possible, sentences; empty = it is
	Empty     bool         // nothing would change

	plan    *apply.Plan
	install *carbon.Install
	answers *answers.Set
	known   *answers.Set // the same, with what the plan has found out
	except  []string
	checked []CheckResult

	asksAtStart bool
}

// Review builds the plan from the accepted answers and looks whether it could be applied. Guidelines whose answers cannot be used stay out of it, and
// block the apply until they are put right or skipped. Nothing is written.
func (e *Engine) Review(ctx context.Context) (*Review, error) {
	e.mu.Lock()
	accepted := e.answers.Clone()
	e.mu.Unlock()
	if err := e.awaitSet(ctx, awaitVerdict, accepted); err != nil {
		return nil, err
	}
	e.mu.Lock()
	in := *e.install
	set := e.answers.Clone()
	r := &Review{install: &in, answers: set}
	bad := e.startReview(r)
	e.mu.Unlock()
	out, err := e.planAround(ctx, r, bad)
	if err != nil {
		return nil, err
	}
	e.fillReview(ctx, r, out)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reviewRows(r, out, bad)
	r.Problems = append(r.Problems[:len(r.Problems):len(r.Problems)], e.toCheckAgain(r)...)
	e.block(r)
	e.review = r
	return r, nil
}

// startReview finds the steps that stay out: skipped, or with secrets to be typed again (those are returned with the reason).
func (e *Engine) startReview(r *Review) map[string]string {
	bad := map[string]string{}
	for _, s := range e.back.Steps() {
		id := s.Info().ID
		switch {
		case s.Info().NotBuilt:
		case e.skipped[id] != "":
			r.except = append(r.except, id)
		case s.Info().Asked(r.answers) && len(e.missingSecrets(s)) > 0:
			r.except = append(r.except, id)
			bad[id] = texts.SecretAgain
		}
	}
	return bad
}

// planAround plans; steps that refuse their answers are left out, with the reason, until the rest can be planned.
func (e *Engine) planAround(ctx context.Context, r *Review, bad map[string]string) (*steps.Outcome, error) {
	for range len(e.back.Steps()) + 1 {
		out, err := e.back.BuildPlan(ctx, r.install, r.answers, r.except...)
		if err == nil {
			for _, id := range out.Unplanned {
				bad[id] = texts.LeftOutFor(e.told(out.Left[id]))
				r.except = append(r.except, id)
			}
			return out, nil
		}
		var invalid *steps.InvalidError
		if !errors.As(err, &invalid) {
			return nil, err
		}
		before := len(r.except)
		for _, p := range invalid.Problems {
			for _, s := range e.back.Steps() {
				if id := s.Info().ID; bad[id] == "" && !s.Info().NotBuilt && (ownKey(s, p.Key) || p.Key == "") && !contains(r.except, id) {
					bad[id] = e.told(p.Message)
					r.except = append(r.except, id)
				}
			}
		}
		if len(r.except) == before {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no part of the answers can be planned")
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

func (e *Engine) fillReview(ctx context.Context, r *Review, out *steps.Outcome) {
	r.plan, r.known = out.Plan, out.Answers
	if r.known == nil {
		r.known = r.answers
	}
	r.Hash, r.Empty = out.Plan.Hash(), out.Plan.Empty()
	r.Files, r.Actions = out.Plan.Diff(), out.Plan.Actions
	r.asksAtStart = out.AsksAtStart
	r.Problems, r.Advice = e.toldProblems(out.Problems), e.toldAdvice(out.Advice)
	o := e.options()
	o.Running = e.running
	if !r.Empty {
		r.Preflight = e.back.Preflight(ctx, out.Plan, o)
	}
	for _, p := range r.Preflight { // what stands in the way is not told as a warning as well
		r.Problems = slices.DeleteFunc(r.Problems, func(w steps.Problem) bool { return w.Message == p.Path+": "+p.Message })
	}
	in := *r.install
	if err := in.Refresh(ctx); err == nil {
		r.Running = in.Running
	}
}

// reviewRows says for every guideline what the plan does about it.
func (e *Engine) reviewRows(r *Review, out *steps.Outcome, bad map[string]string) {
	for _, s := range e.back.Steps() {
		info := s.Info()
		row := ReviewRow{Guideline: info.Guideline, ID: info.ID, Title: info.Title}
		for i, f := range r.Files {
			if containsInt(f.Guidelines, info.Guideline) {
				row.Files = append(row.Files, i)
			}
		}
		row.Fate, row.Text = e.fate(s, r, out, row, bad)
		row.Blocks = bad[info.ID] != ""
		r.Rows = append(r.Rows, row)
		if !contains(r.except, info.ID) && e.done[info.ID] {
			for _, c := range s.Checks(e.work, r.answers) {
				r.Checks = append(r.Checks, CheckTitle{ID: c.ID, Title: c.Title, Guideline: info.Guideline})
			}
		}
	}
}

func (e *Engine) fate(s steps.Step, r *Review, out *steps.Outcome, row ReviewRow, bad map[string]string) (Fate, string) {
	id := s.Info().ID
	hub := e.row(s)
	switch why, left := out.Left[id]; {
	case s.Info().NotBuilt:
		return FateCannot, texts.NotInThisVersion
	case bad[id] != "":
		return FateCannot, bad[id]
	case e.skipped[id] != "":
		return FateSkipped, e.skipped[id]
	case len(row.Files) > 0 || actsFor(r.Actions, row.Guideline):
		return FateChange, texts.FilesCount(len(row.Files), r.Files, row.Files)
	case !left && e.done[id]:
		return FateSame, texts.AnsweredSame
	case hub.Mark == MarkApplied:
		return FateSame, hub.Summary
	case hub.State == steps.NotApplicable:
		return FateMet, e.told(e.applies[id])
	case hub.State == steps.Met:
		return FateMet, texts.AlreadySo
	case hub.Mark == MarkDraft:
		return FateOpen, texts.DraftKept
	case e.done[id]:
		return FateSame, e.told(why)
	}
	return FateOpen, hub.Summary
}

func actsFor(actions []apply.Action, guideline int) bool {
	for _, a := range actions {
		if containsInt(a.Guidelines, guideline) {
			return true
		}
	}
	return false
}

func containsInt(all []int, one int) bool {
	for _, n := range all {
		if n == one {
			return true
		}
	}
	return false
}

// block says why a plan cannot be applied.
func (e *Engine) block(r *Review) {
	switch {
	case e.noWrite != "":
		r.Blocked = append(r.Blocked, e.noWrite)
	case r.Empty:
		r.Blocked = append(r.Blocked, texts.NothingToApply)
	}
	for _, row := range r.Rows {
		if row.Blocks {
			r.Blocked = append(r.Blocked, texts.Blocks(row.Guideline, row.Title, row.Text))
		}
	}
	if e.noWrite != "" {
		return // in a dry run preflight is shown as what apply would find
	}
	for _, p := range r.Preflight {
		r.Blocked = append(r.Blocked, texts.PreflightProblem(p.Path, p.Message, p.Fix))
	}
}

// StepOf returns the step of a guideline.
func (e *Engine) StepOf(guideline int) (steps.Info, bool) {
	for _, s := range e.back.Steps() {
		if s.Info().Guideline == guideline {
			return s.Info(), true
		}
	}
	return steps.Info{}, false
}

// AnswersText returns the accepted answers as an answers file, with those that this Engine has applied; those of skipped guidelines are left out.
func (e *Engine) AnswersText() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.withoutSkipped().Anchored("").Marshal()
}

// withoutSkipped are the answers of this Engine, those that it has applied before included, without those of skipped guidelines.
func (e *Engine) withoutSkipped() *answers.Set {
	set := e.answers.Clone()
	if e.kept != nil {
		for _, section := range e.kept.Sections() {
			if !e.answers.HasSection(section) {
				copySection(set, e.kept, section)
			}
		}
	}
	for _, s := range e.back.Steps() {
		if e.skipped[s.Info().ID] == "" {
			continue
		}
		for _, spec := range s.Specs() {
			if _, ok := set.Lookup(spec.Key); ok && !e.sharedKey(s, spec.Key) {
				set.Delete(spec.Key)
			}
		}
		if !e.sharedSection(s) {
			for _, section := range s.Info().Sections() {
				set.DeleteSection(section)
			}
		}
	}
	return set
}

// copySection puts the answers of a section into another set.
func copySection(to, from *answers.Set, section string) {
	to.PutSection(section)
	for _, spec := range from.Schema() {
		if head, _, _ := strings.Cut(spec.Key, "."); head != section {
			continue
		}
		names := []string{"*"}
		if group, _, many := strings.Cut(spec.Key, ".*"); many {
			names = from.Names(group)
		}
		for _, name := range names {
			key := strings.Replace(spec.Key, "*", name, 1)
			if v, ok := from.Lookup(key); ok {
				to.Put(key, v)
			}
		}
	}
}

func (e *Engine) sharedSection(s steps.Step) bool {
	for _, other := range e.back.Steps() {
		if other.Info().ID != s.Info().ID && other.Info().Section == s.Info().Section {
			return true
		}
	}
	return false
}

// ErrCannotSave is returned by SaveAnswers when the command gave no way to write files.
var ErrCannotSave = errors.New("answers cannot be saved here")

// SaveAnswers writes AnswersText to a file: 0600. fs.ErrExist when the file is there and replace is false. It returns the absolute path.
func (e *Engine) SaveAnswers(_ context.Context, path string, replace bool) (string, error) {
	if e.cfg.WriteFile == nil {
		return "", ErrCannotSave
	}
	abs, err := absolute(path, e.cfg.Getenv)
	if err != nil {
		return "", err
	}
	return abs, e.cfg.WriteFile(abs, e.AnswersText(), replace)
}
