package flow

import (
	"regexp"
	"slices"

	"carbon-setup/internal/steps"
)

// keyPattern finds what may be a key of the answers file: names with dots between them.
var keyPattern = regexp.MustCompile(`[A-Za-z0-9_./-]*[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)+`)

// told is a text of a step as the wizard tells it. Steps name answers by the key that an answers file has for them; on the screen stands a field
// with a label.
func (e *Engine) told(text string) string {
	return keyPattern.ReplaceAllStringFunc(text, func(key string) string {
		if spec, ok := e.schema.Lookup(key); ok && spec.Label != "" {
			return `"` + spec.Label + `"`
		}
		return key
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

func (e *Engine) toldProblems(all []steps.Problem) []steps.Problem {
	told := slices.Clone(all)
	for i := range told {
		told[i] = *e.toldProblem(&all[i])
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
