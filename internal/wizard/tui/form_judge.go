package tui

import (
	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// slow reports whether a field is judged by looking into a file: that may take long, or for ever, and is not done in the drawing loop.
func (fl *field) slow() bool {
	switch {
	case fl.repeats != nil, fl.value() == "":
		return false
	case fl.q.Kind == answers.Secret:
		return fl.q.JudgeSecret != nil // it may open a keystore
	}
	return fl.q.Kind == answers.Path && fl.q.Judge != nil
}

// holds reports whether a field still holds what it held when the values were taken.
func (fl *field) holds(v flow.Values) bool {
	if fl.q.Kind == answers.Secret {
		return secret.New(fl.text).Equal(v.Secret[fl.q.Key])
	}
	return fl.value() == v.Text[fl.q.Key]
}

// judge judges one field, as on leaving it forwards. It reports whether there is a problem.
func (f *form) judge(i int) bool {
	fl := f.fields[i]
	fl.problem = nil
	switch {
	case fl.repeats != nil:
		if fl.text != fl.repeats.text {
			fl.problem = &steps.Problem{Severity: steps.Error, Key: fl.q.Key, Message: texts.SecretDiffers, Fix: texts.SecretDiffersFx}
		}
	case fl.q.Kind == answers.Secret:
		if fl.text != "" && fl.q.JudgeSecret != nil {
			fl.problem = fl.q.JudgeSecret(secret.New(fl.text))
		}
	case fl.q.Judge != nil:
		fl.problem = fl.q.Judge(fl.value())
	}
	return fl.problem != nil
}

// judgeAll judges every field that can be judged at once. slow are the others; ok is false when one of those judged is wrong.
func (f *form) judgeAll() (slow []*field, ok bool) {
	ok = true
	for i, fl := range f.fields {
		if fl.slow() {
			slow = append(slow, fl)
		} else if f.judge(i) && worse(fl.problem) {
			ok = false
		}
	}
	return slow, ok
}

// focusWrong moves the focus to the first field that is wrong.
func (f *form) focusWrong() {
	for i, fl := range f.fields {
		if worse(fl.problem) {
			f.focusOn(i)
			return
		}
	}
}

// setProblems shows what the step found. It returns what belongs to no field.
func (f *form) setProblems(problems []steps.Problem) []steps.Problem {
	var rest []steps.Problem
	first := -1
	for _, p := range problems {
		i := f.index(p.Key)
		if i < 0 {
			rest = append(rest, p)
			continue
		}
		if f.fields[i].problem == nil || f.fields[i].problem.Severity < p.Severity {
			f.fields[i].problem = &p
		}
		if p.Severity == steps.Error && (first < 0 || i < first) {
			first = i
		}
	}
	if first >= 0 {
		f.focusOn(first)
	}
	return rest
}
