package flow

import (
	"context"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
)

// How long a file system has to answer for the files that answers name, before what needs them goes on without.
const (
	awaitVerdict = 15 * time.Second // what the operator asked for, and can stop
	awaitForm    = 2 * time.Second  // a form that is to be shown, with whatever can be told of its files
	awaitLeave   = time.Second      // nobody waits for the judgement of what he leaves
	hurry        = time.Second      // with the lock held that the screens need, too
)

// await waits until the files that the texts name have been looked at once: what follows reads them with the lock held, and a file system that has
// stopped answering must not keep it. The error is that of the context; a file that has not been looked at in time is told of by its step.
func (e *Engine) await(ctx context.Context, limit time.Duration, text map[string]string) error {
	inTime, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for key, text := range text {
		for _, path := range e.paths(key, text) {
			_ = e.back.Await(inTime, path) // its error is that of the context, which is looked at below
		}
	}
	return ctx.Err()
}

// awaitStep does it for the answers and the drafts that the form of a step begins with.
func (e *Engine) awaitStep(ctx context.Context, id string) error {
	e.mu.Lock()
	text := map[string]string{}
	if s, ok := e.step(id); ok {
		for _, spec := range s.Specs() {
			if v, ok := e.answers.Lookup(spec.Key); ok && isFile(spec) {
				text[spec.Key] = textOf(spec.Kind, v)
			}
		}
		for key, draft := range e.drafts {
			if ownKey(s, key) {
				text[key] = draft
			}
		}
	}
	e.mu.Unlock()
	return e.await(ctx, awaitForm, text)
}

// awaitSet does it for answers.
func (e *Engine) awaitSet(ctx context.Context, limit time.Duration, set *answers.Set) error {
	text := map[string]string{}
	for _, spec := range e.schema {
		if v, ok := set.Lookup(spec.Key); ok && isFile(spec) {
			text[spec.Key] = textOf(spec.Kind, v)
		}
	}
	return e.await(ctx, limit, text)
}

// isFile reports whether an answer names files.
func isFile(spec answers.Spec) bool { return spec.Kind == answers.Path || spec.Paths }

// paths are the files that the text of a key names.
func (e *Engine) paths(key, text string) []string {
	spec, ok := e.schema.Lookup(key)
	if !ok {
		return nil
	}
	v, ok, p := parse(steps.Field{Spec: spec}, text)
	switch {
	case !ok || p != nil:
		return nil
	case spec.Kind == answers.Path:
		return []string{v.Text}
	case spec.Paths:
		return v.List
	}
	return nil
}

// Judge judges what stands in one field of a form, as on leaving it forwards. It waits for the files that the form names; an error of the
// context is nil.
func (e *Engine) Judge(ctx context.Context, q Question, v Values) *steps.Problem {
	if e.await(ctx, awaitVerdict, v.Text) != nil {
		return nil
	}
	if q.Kind == answers.Secret {
		if s, ok := v.Secret[q.Key]; ok && q.JudgeSecret != nil {
			return q.JudgeSecret(s)
		}
		return nil
	}
	if q.Judge == nil {
		return nil
	}
	return q.Judge(v.Text[q.Key])
}
