package steps

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// Outcome is a plan and what goes with it.
type Outcome struct {
	Plan     *apply.Plan
	Problems []Problem // warnings and notes; errors make BuildPlan fail
	Advice   []Advice
	// AsksAtStart: the server asks for the password of its vault at its console, so that its start in the background would hang.
	AsksAtStart bool
	Left        map[string]string // step id -> why it has no part in the plan
	// Unplanned are the ids of the steps in Left that the answers ask for and that a file of the install stands in the way of.
	Unplanned []string
	// Answers are those that were planned, with what VerifyInstall has to know besides: once carbon.xml is encrypted, nothing on the disk may have the password
	// of the vault.
	Answers *answers.Set
}

// InvalidError is answers that the steps refuse. main maps it to exit code 4.
type InvalidError struct{ Problems []Problem }

func (e *InvalidError) Error() string {
	return fmt.Sprintf("%d answers cannot be used", len(e.Problems))
}

// BuildPlan validates the answers and has every step whose section is present edit a fresh Workspace of the install. It is pure: it reads the
// install and writes nothing. except names steps to leave out. A step that a file of the install stands in the way of is left out as a whole, with a
// warning that names the file; the others go on. Errors: *InvalidError with all problems, or that of ctx.
func BuildPlan(ctx context.Context, in *carbon.Install, a *answers.Set, except ...string) (*Outcome, error) {
	w := NewWorkspace(in)
	w.vaultLeft, w.usersLeft = slices.Contains(except, vault{}.Info().ID), slices.Contains(except, userstore{}.Info().ID)
	w.openVault(a)
	out := &Outcome{Left: map[string]string{}}
	chosen := choose(w, a, except, out)
	if err := validate(w, a, chosen, out); err != nil {
		return nil, err
	}
	var planned []Step
	for _, s := range chosen {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		before := w.checkpoint()
		if err := planStep(w, s, a); err != nil {
			if s.Info().ID == (vault{}).Info().ID {
				return planWithoutVault(ctx, in, a, except, err)
			}
			w.rewind(before)
			out.cannot(in, s.Info(), err)
			continue
		}
		planned = append(planned, s)
	}
	if err := w.seal(a); err != nil {
		return nil, err
	}
	out.Answers = withVaultPassword(w, a)
	out.Plan = w.plan()
	out.Problems = append(out.Problems, twins(w)...)
	for _, p := range apply.Outside(out.Plan) {
		out.Problems = append(out.Problems, Problem{Severity: Warning, Message: p.Path + ": " + p.Message, Fix: p.Fix})
	}
	for _, s := range planned {
		out.Advice = append(out.Advice, s.Advice(w, a)...)
	}
	out.AsksAtStart = asksAtStart(w, a)
	return out, nil
}

// asksAtStart reports whether the server will ask for the password of its vault: the vault is on, and nothing in the home hands the password over.
func asksAtStart(w *Workspace, a *answers.Set) bool {
	on, asked := wantsVault(a)
	if !asked || w.vaultLeft {
		on = w.vault.on()
	}
	kind := presentPasswordFile(w)
	return on && (kind == "" || kind == passwordNone)
}

// withVaultPassword adds the password of the vault to answers that speak of it, unless they have it.
func withVaultPassword(w *Workspace, a *answers.Set) *answers.Set {
	if !a.HasSection(sectionVault) || !w.vault.password.IsSet() {
		return a
	}
	known := a.Clone()
	known.Put(keyVaultKeyPassword, answers.Value{Secret: w.vault.password})
	return known
}

// planWithoutVault plans anew without the vault, in whose way a file stands: the other steps have counted on what it would do.
func planWithoutVault(ctx context.Context, in *carbon.Install, a *answers.Set, except []string, why error) (*Outcome, error) {
	info := vault{}.Info()
	out, err := BuildPlan(ctx, in, a, append(slices.Clone(except), info.ID)...)
	if err != nil {
		return nil, err
	}
	out.cannot(in, info, why)
	return out, nil
}

func planStep(w *Workspace, s Step, a *answers.Set) error {
	w.begin(s.Info())
	if err := s.Plan(w, a); err != nil {
		return err
	}
	return w.commit()
}

// cannot leaves a step out because of err.
func (out *Outcome) cannot(in *carbon.Install, info Info, err error) {
	stops := obstacles(in, err)
	for _, p := range stops {
		p.Severity, p.Key = Warning, info.Section
		p.Message += " Nothing of guideline " + strconv.Itoa(info.Guideline) + " (" + info.Title + ") is changed."
		out.Problems = append(out.Problems, p)
	}
	out.Left[info.ID] = stops[0].Message
	out.Unplanned = append(out.Unplanned, info.ID)
}

// obstacles tells what err says of the files of the install, one problem for each; at least one.
func obstacles(in *carbon.Install, err error) []Problem {
	if several, ok := err.(interface{ Unwrap() []error }); ok { // errors.Join is told one by one
		var all []Problem
		for _, one := range several.Unwrap() {
			all = append(all, obstacles(in, one)...)
		}
		return all
	}
	var bad *edit.Error
	if errors.As(err, &bad) {
		text, fix := (&edit.Error{File: bad.File, Line: bad.Line, What: bad.What}).Error(), bad.Fix
		if strings.HasPrefix(bad.What, "is ") || strings.HasPrefix(bad.What, "may ") {
			text = carbon.Unreadable{File: carbon.Place{File: bad.File, Line: bad.Line}.String(), Why: bad.What}.String()
		}
		fix = strings.TrimSuffix(strings.TrimSuffix(fix, ", then try again"), ", and try again")
		if fix == "" {
			fix = "mend the file by hand"
		}
		return []Problem{{Message: text + ".", Fix: strings.ToUpper(fix[:1]) + fix[1:] + "; then plan again."}}
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		rel := strings.TrimPrefix(path.Path, in.Home+"/")
		return []Problem{{Message: rel + " " + missingOr(err) + ".", Fix: "Put the file of the distribution back, or make it readable; then plan again."}}
	}
	return []Problem{{Message: err.Error() + "."}}
}

func choose(w *Workspace, a *answers.Set, except []string, out *Outcome) []Step {
	left := map[string]bool{}
	for _, id := range except {
		left[id] = true
	}
	var chosen []Step
	for _, s := range inPlanOrder() {
		info := s.Info()
		switch ok, reason := s.Applies(w); {
		case left[info.ID]:
			out.Left[info.ID] = "left out"
		case !info.Asked(a):
			out.Left[info.ID] = "no answers"
		case !ok:
			out.Left[info.ID] = reason
			out.Problems = append(out.Problems, Problem{Severity: Warning, Key: info.Section, Message: reason, Fix: "The section is left out of the plan."})
		default:
			chosen = append(chosen, s)
		}
	}
	return chosen
}

func validate(w *Workspace, a *answers.Set, chosen []Step, out *Outcome) error {
	var bad []Problem
	for _, s := range chosen {
		for _, p := range ValidateStep(s, w, a) {
			if p.Severity == Error {
				bad = append(bad, p)
			} else {
				out.Problems = append(out.Problems, p)
			}
		}
	}
	if len(bad) > 0 {
		return &InvalidError{Problems: bad}
	}
	return nil
}

// ValidateStep judges the answers of one step: each field by itself, then all together.
func ValidateStep(s Step, w *Workspace, a *answers.Set) []Problem {
	w.openVault(a)
	var all []Problem
	for _, f := range s.Fields(w, a) {
		v, ok := a.Lookup(f.Key)
		if !ok {
			if f.Required {
				all = append(all, Problem{Severity: Error, Key: f.Key, Message: f.Label + " is missing.", Fix: "Give " + f.Key + "."})
			}
			continue
		}
		var p *Problem
		switch {
		case f.Kind == answers.Secret && f.CheckSecret != nil:
			p = f.CheckSecret(v.Secret)
		case f.Kind != answers.Secret && f.Check != nil:
			p = f.Check(v.Text)
		}
		if p != nil {
			p.Key = f.Key
			all = append(all, *p)
		}
	}
	for _, p := range s.Validate(w, a) {
		if !slices.Contains(all, p) { // what a field says of itself is not said twice
			all = append(all, p)
		}
	}
	return all
}

// VerifyInstall judges the install against the answers after an apply.
func VerifyInstall(ctx context.Context, in *carbon.Install, a *answers.Set, except ...string) []Result {
	w := NewWorkspace(in)
	w.openVault(a)
	var all []Result
	for _, s := range choose(w, a, except, &Outcome{Left: map[string]string{}}) {
		if ctx.Err() != nil {
			return all
		}
		all = append(all, s.Verify(w, a)...)
	}
	return all
}

// State of a guideline, for the hub.
type State string

// The states.
const (
	Met           State = "met"            // the audit finds nothing
	Open          State = "open"           // the audit has findings
	CannotTell    State = "cannot tell"    // the audit could not look
	NotApplicable State = "not applicable" // the install has nothing of the kind
	NotBuiltYet   State = "not built yet"
)

// StateOf derives the state of a guideline from its audit results.
func StateOf(s Step, w *Workspace, results []Result) State {
	if s.Info().NotBuilt {
		return NotBuiltYet
	}
	if ok, _ := s.Applies(w); !ok {
		return NotApplicable
	}
	state := Met
	for _, r := range results {
		if r.Guideline != s.Info().Guideline {
			continue
		}
		switch r.Status {
		case Fail, Warn:
			return Open
		case Unknown:
			state = CannotTell
		case OK:
		}
	}
	return state
}

// everyProductHas are the files that a guideline is about and that the kernel of Carbon 4.2.0 brings into every product: without one the install is not
// whole, and the guideline does apply.
var everyProductHas = map[int]string{5: carbon.Log4jProperties, 6: carbon.MasterDS, 7: carbon.UserMgtXML, 8: carbon.JMXXML, 16: carbon.Log4jProperties}

func auditOne(s Step, w *Workspace) []Result {
	info := s.Info()
	if ok, reason := s.Applies(w); !ok && !info.NotBuilt {
		r := Result{ID: fmt.Sprintf("CS-%d.0", info.Guideline), Guideline: info.Guideline, Status: OK, Message: reason}
		if file := everyProductHas[info.Guideline]; file != "" && !w.Has(file) {
			r.Status, r.Message, r.Fix = Unknown, "Not checked: "+reason, "Every product of this generation is delivered with it: put the file of the distribution back."
		}
		return []Result{r}
	}
	results := s.Audit(w)
	if len(results) == 0 {
		results = []Result{{ID: fmt.Sprintf("CS-%d.0", info.Guideline), Status: Unknown, Message: "Nothing of this guideline could be looked at."}}
	}
	for i := range results {
		results[i].Guideline = info.Guideline
	}
	return results
}
