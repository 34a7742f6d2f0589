package flow

import (
	"regexp"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// keyPattern finds what may be a key of the answers file: names with dots between them.
var keyPattern = regexp.MustCompile(`[A-Za-z0-9_./-]*[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)+(?:: (?:true|false)\b)?`)

// told is a text of a step as the wizard tells it. Steps name answers by the key that an answers file has for them; on the screen stands a field
// with a label, and yes and no for true and false.
func (e *Engine) told(text string) string {
	return keyPattern.ReplaceAllStringFunc(text, func(found string) string {
		key, value, given := strings.Cut(found, ": ")
		spec, ok := e.schema.Lookup(key)
		switch {
		case !ok || spec.Label == "":
			return found
		case given:
			return `"` + spec.Label + `": ` + map[string]string{"true": texts.Yes, "false": texts.No}[value]
		}
		return `"` + spec.Label + `"`
	})
}

func (e *Engine) toldProblem(p *steps.Problem) *steps.Problem {
	if p == nil {
		return nil
	}
	told := *p
	told.Message, told.Fix = e.told(p.Message), e.told(p.Fix)
	return &told
}

// mostProblems is how many problems are told one by one.
const mostProblems = 50

// toldProblems are problems as the wizard tells them: the first ones, and how many more there are.
func (e *Engine) toldProblems(all []steps.Problem) []steps.Problem {
	var told, rest []steps.Problem
	for _, p := range all {
		if len(told) == mostProblems {
			rest = append(rest, p)
			continue
		}
		told = append(told, *e.toldProblem(&p))
	}
	if len(rest) > 0 {
		told = append(told, steps.Problem{Severity: worstOf(rest), Message: answers.AndMore(len(rest))})
	}
	return told
}

func (e *Engine) toldResult(r steps.Result) steps.Result {
	r.Message, r.Why, r.Fix = e.told(r.Message), e.told(r.Why), e.told(r.Fix)
	return r
}

func (e *Engine) toldResults(all []steps.Result) []steps.Result {
	told := slices.Clone(all)
	for i := range told {
		told[i] = e.toldResult(told[i])
	}
	return told
}

func (e *Engine) toldAdvice(all []steps.Advice) []steps.Advice {
	told := slices.Clone(all)
	for i := range told {
		told[i].Title, told[i].Text = e.told(told[i].Title), e.told(told[i].Text)
	}
	return told
}

func (e *Engine) toldField(f steps.Field) steps.Field {
	f.Help, f.DefaultFrom = e.told(f.Help), e.told(f.DefaultFrom)
	f.Now.Note = e.told(f.Now.Note)
	return f
}
