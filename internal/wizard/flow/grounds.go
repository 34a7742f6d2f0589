package flow

import (
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// ground is a value of another step that accepted answers rest on. A secret stands in memory only: the session file says no more than whether
// there was one, and whether it was another one later on.
type ground struct {
	text   string
	secret secret.Secret
}

// What the session file says of secrets.
const (
	secretGiven   = "given"
	secretChanged = "changed"
)

// Changed is something that accepted answers rest on and that is no longer so. Of a secret, Was and Is are the same word.
type Changed struct{ Key, Label, Was, Is string }

// Text says how it has changed, a full sentence.
func (c Changed) Text() string { return texts.ChangedSince(c.Label, c.Was, c.Is) }

// presentValue is where a proposal comes from that is what the install has, written as an answer.
const presentValue = "the present value"

// valuesInForce are the values that the install has for the keys that steps read of one another.
func valuesInForce(all []steps.Step, w *steps.Workspace, schema answers.Schema) map[string]string {
	read := map[string]bool{}
	for _, s := range all {
		for _, key := range s.Info().Reads {
			read[key] = true
		}
	}
	values := map[string]string{}
	for _, s := range all {
		if s.Info().NotBuilt || !slices.ContainsFunc(s.Specs(), func(spec answers.Spec) bool { return read[spec.Key] }) {
			continue
		}
		if ok, _ := s.Applies(w); !ok {
			continue
		}
		asked := answers.NewSet(schema)
		for range 2 { // some questions are asked only when another one is answered
			for _, f := range s.Fields(w, asked) {
				if !read[f.Key] || f.Kind == answers.Secret {
					continue
				}
				if values[f.Key] = f.Now.Text; f.DefaultFrom == presentValue {
					values[f.Key] = f.Default
					asked.Put(f.Key, answers.Value{Text: f.Default})
				}
			}
		}
	}
	return values
}

// now is what a key comes to: its accepted answer unless its guideline is skipped, or what was applied, or what the install has. An answer that says
// what is in force anyway changes nothing.
func (e *Engine) now(key string) ground {
	for _, set := range []*answers.Set{e.answers, e.kept} {
		if set == nil || set == e.answers && e.leftOut(key) {
			continue
		}
		if section, _, _ := strings.Cut(key, "."); set == e.kept && e.answers.HasSection(section) {
			continue // answered anew since the apply
		}
		if v, ok := set.Lookup(key); ok {
			spec, _ := e.schema.Lookup(key)
			if spec.Kind == answers.Secret {
				return ground{secretGiven, v.Secret}
			}
			return ground{text: textOf(spec.Kind, v)}
		}
	}
	return ground{text: e.inForce[key]}
}

// leftOut reports whether every step that has the key is skipped.
func (e *Engine) leftOut(key string) bool {
	left := false
	for _, s := range e.back.Steps() {
		if !slices.ContainsFunc(s.Specs(), func(spec answers.Spec) bool { return spec.Key == key }) {
			continue
		}
		if e.skipped[s.Info().ID] == "" {
			return false
		}
		left = true
	}
	return left
}

// ground notes what the answers of a step rest on now, when they are accepted.
func (e *Engine) ground(s steps.Step) {
	info := s.Info()
	delete(e.grounds, info.ID)
	if len(info.Reads) == 0 || info.Free != nil && info.Free(e.answers) {
		return
	}
	on := map[string]ground{}
	for _, key := range info.Reads {
		on[key] = e.now(key)
	}
	e.grounds[info.ID] = on
}

// groundAll notes it for steps that were accepted together, in one file.
func (e *Engine) groundAll(ids map[string]bool) {
	for _, s := range e.back.Steps() {
		if ids[s.Info().ID] {
			e.ground(s)
		}
	}
}

// changed is what the answers of a step, accepted or applied, rested on and is no longer so. They are kept, and to be looked at again.
func (e *Engine) changed(s steps.Step) []Changed {
	info := s.Info()
	if !e.done[info.ID] && !e.applied[info.ID] {
		return nil
	}
	var all []Changed
	for _, key := range info.Reads {
		was, known := e.grounds[info.ID][key]
		is := e.now(key)
		if !known || !was.differs(is) {
			continue
		}
		spec, _ := e.schema.Lookup(key)
		c := Changed{Key: key, Label: spec.Label, Was: was.text, Is: is.text}
		if spec.Kind == answers.Secret {
			c.Was = c.Is
		}
		all = append(all, c)
	}
	return all
}

// differs compares values. Secrets that an interruption has taken out of memory count as the same.
func (g ground) differs(now ground) bool {
	if g.secret.IsSet() && now.secret.IsSet() {
		return !g.secret.Equal(now.secret)
	}
	return g.text != now.text
}

func changedLabels(all []Changed) []string {
	labels := make([]string, 0, len(all))
	for _, c := range all {
		labels = append(labels, c.Label)
	}
	return labels
}

// writtenGrounds is what the session file holds of it.
func (e *Engine) writtenGrounds() map[string]map[string]string {
	all := map[string]map[string]string{}
	for id, on := range e.grounds {
		if !e.done[id] {
			continue
		}
		all[id] = map[string]string{}
		for key, g := range on {
			all[id][key] = g.text
			if spec, _ := e.schema.Lookup(key); spec.Kind == answers.Secret && g.differs(e.now(key)) {
				all[id][key] = secretChanged
			}
		}
	}
	return all
}

func (e *Engine) restoreGrounds(written map[string]map[string]string) {
	e.grounds = map[string]map[string]ground{}
	for id, on := range written {
		e.grounds[id] = map[string]ground{}
		for key, text := range on {
			e.grounds[id][key] = ground{text: text}
		}
	}
}

// toCheckAgain warns in the review of answers that are planned although something that they rest on has changed.
func (e *Engine) toCheckAgain(r *Review) []steps.Problem {
	var all []steps.Problem
	for _, s := range e.back.Steps() {
		info := s.Info()
		if !e.done[info.ID] || contains(r.except, info.ID) {
			continue
		}
		var why []string
		for _, c := range e.changed(s) {
			why = append(why, c.Text())
		}
		if len(why) > 0 {
			all = append(all, steps.Problem{
				Severity: steps.Warning, Message: texts.CheckAgainAbout(info.Guideline, info.Title, strings.Join(why, " ")), Fix: texts.CheckAgainReview,
			})
		}
	}
	return all
}
