package flow

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

var sizePattern = regexp.MustCompile(`^[0-9]+[kKmMgG]?$`)

// parse makes an answer of a typed text. Empty text: no answer, no problem.
func parse(f steps.Field, text string) (v answers.Value, ok bool, p *steps.Problem) {
	blank := strings.TrimSpace(text) == ""
	if f.Kind != answers.Path { // the name of a file may end with a blank; who typed one takes it off
		text = strings.TrimSpace(text)
	}
	if blank {
		return v, false, nil
	}
	bad := func(message, fix string) (answers.Value, bool, *steps.Problem) {
		return v, false, &steps.Problem{Severity: steps.Error, Key: f.Key, Message: message, Fix: fix}
	}
	switch f.Kind {
	case answers.Bool:
		if text != "true" && text != "false" {
			return bad(texts.NotABool(f.Label), texts.GiveABool)
		}
	case answers.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return bad(texts.NotANumber(f.Label, text), texts.GiveANumber)
		}
		text = strconv.Itoa(n)
	case answers.Size:
		if !sizePattern.MatchString(text) {
			return bad(texts.NotASize(f.Label, text), texts.GiveASize)
		}
	case answers.Choice:
		if !isChoice(f, text) {
			return bad(texts.NotAChoice(f.Label, text), texts.GiveAChoice(choices(f)))
		}
	case answers.List:
		list, err := splitQuoted(text)
		if err != nil {
			return bad(texts.NotAList(f.Label), texts.GiveAList)
		}
		v.List = list
		return v, len(v.List) > 0, nil
	case answers.Map:
		m, what := answers.SplitMap(text)
		if what != "" {
			return bad(texts.NotAMap(f.Label, what), texts.GiveAMap)
		}
		v.Map = m
		return v, len(m) > 0, nil
	case answers.Text, answers.Path, answers.Secret:
	}
	v.Text = text
	return v, true, nil
}

// Choices are the options of a field, with labels; those of a Bool are true and false.
func (q Question) Choices() []steps.Option { return options(q.Field) }

func options(f steps.Field) []steps.Option {
	switch {
	case len(f.Options) > 0:
		return f.Options
	case f.Kind == answers.Bool:
		return []steps.Option{{Value: "true", Label: texts.Yes}, {Value: "false", Label: texts.No}}
	}
	all := make([]steps.Option, 0, len(f.Choices))
	for _, c := range f.Choices {
		all = append(all, steps.Option{Value: c, Label: c})
	}
	return all
}

func choices(f steps.Field) []string {
	var all []string
	for _, o := range options(f) {
		all = append(all, o.Value)
	}
	return all
}

func isChoice(f steps.Field, text string) bool {
	for _, o := range options(f) {
		if o.Value == text {
			return true
		}
	}
	return false
}

// textOf is the text that a form shows for an answer; parse takes it back.
func textOf(k answers.Kind, v answers.Value) string {
	switch k {
	case answers.List:
		return joinQuoted(v.List)
	case answers.Map:
		return answers.JoinMap(v.Map)
	case answers.Secret:
		return ""
	case answers.Text, answers.Bool, answers.Int, answers.Size, answers.Choice, answers.Path:
	}
	return v.Text
}

func judgeText(f steps.Field, text string) *steps.Problem {
	v, ok, p := parse(f, text)
	if p != nil {
		return p
	}
	if !ok {
		if f.Required {
			return &steps.Problem{Severity: steps.Error, Key: f.Key, Message: texts.Missing(f.Label), Fix: texts.GiveOne}
		}
		return nil
	}
	if f.Check == nil {
		return nil
	}
	if p = f.Check(textOf(f.Kind, v)); p != nil {
		p.Key = f.Key
	}
	return p
}

func judgeSecret(f steps.Field, s secret.Secret) *steps.Problem {
	if !s.IsSet() || f.CheckSecret == nil {
		return nil
	}
	p := f.CheckSecret(s)
	if p != nil {
		p.Key = f.Key
	}
	return p
}

// trial is the answers so far with those of the step replaced by what was typed. It asks for the fields until they settle: an answer
// may make others appear or go. The problems are those of turning texts into values.
func (e *Engine) trial(s steps.Step, v Values) (*answers.Set, []steps.Field, []steps.Problem) {
	set := e.answers.Clone()
	var fields []steps.Field
	var problems []steps.Problem
	seen := ""
	for range 5 {
		fields = s.Fields(e.work, set)
		problems = e.put(set, s, fields, v)
		keys := keysOf(fields)
		if keys == seen {
			break
		}
		seen = keys
	}
	return set, fields, problems
}

func keysOf(fields []steps.Field) string {
	keys := make([]string, 0, len(fields))
	for _, f := range fields {
		keys = append(keys, f.Key)
	}
	return strings.Join(keys, "\n")
}

// put stores what was typed for the fields, and takes out every other answer of the step.
func (e *Engine) put(set *answers.Set, s steps.Step, fields []steps.Field, v Values) []steps.Problem {
	asked := map[string]bool{}
	var problems []steps.Problem
	for _, f := range fields {
		asked[f.Key] = true
		if f.Kind == answers.Secret {
			if p := putSecret(set, f, v); p != nil {
				problems = append(problems, *p)
			}
			continue
		}
		text, typed := v.Text[f.Key]
		if !typed {
			continue
		}
		value, ok, p := parse(f, text)
		switch {
		case p != nil:
			problems = append(problems, *p)
		case ok:
			set.Put(f.Key, value)
		default:
			set.Delete(f.Key)
		}
	}
	for _, spec := range s.Specs() {
		for _, key := range e.concrete(set, spec.Key, asked) {
			if !asked[key] && !e.sharedKey(s, key) {
				set.Delete(key)
			}
		}
	}
	return problems
}

// concrete are the keys of a Spec: of one with a name of the operator's in it, those of the names that the form asks about.
func (e *Engine) concrete(set *answers.Set, key string, asked map[string]bool) []string {
	group, rest, many := strings.Cut(key, ".*.")
	if !many {
		return []string{key}
	}
	var all []string
	for _, name := range set.Names(group) {
		head := group + "." + name + "."
		for k := range asked {
			if strings.HasPrefix(k, head) {
				all = append(all, head+rest)
				break
			}
		}
	}
	return all
}

// sharedKey reports whether another step of the section has the key, too: it is not this one's to delete.
func (e *Engine) sharedKey(s steps.Step, key string) bool {
	for _, other := range e.back.Steps() {
		if other.Info().ID == s.Info().ID || !ownKey(other, key) {
			continue
		}
		for _, f := range other.Fields(e.work, e.answers) {
			if f.Key == key {
				return true
			}
		}
	}
	return false
}

// putSecret stores a typed secret. One that was given before an interruption, and that cannot be made anew, has to be typed again.
func putSecret(set *answers.Set, f steps.Field, v Values) *steps.Problem {
	if s, ok := v.Secret[f.Key]; ok && s.IsSet() {
		set.Put(f.Key, answers.Value{Secret: s, Ref: answers.Ref{Prompt: true}})
		return nil
	}
	if have, ok := set.Lookup(f.Key); ok && !have.Secret.IsSet() && f.Generate == nil {
		return &steps.Problem{Severity: steps.Error, Key: f.Key, Message: texts.TypeAgain(f.Label), Fix: texts.TypeAgainFix}
	}
	return nil
}

// generate makes the secrets that were left empty where the step can make them, and none is held.
func (e *Engine) generate(set *answers.Set, fields []steps.Field) []Generated {
	var made []Generated
	for _, f := range fields {
		if f.Kind != answers.Secret || f.Generate == nil {
			continue
		}
		if have, ok := set.Lookup(f.Key); ok && have.Secret.IsSet() {
			continue
		}
		s := f.Generate()
		set.Put(f.Key, answers.Value{Secret: s, Ref: answers.Ref{Prompt: true}})
		made = append(made, Generated{Key: f.Key, Label: f.Label, Secret: s})
	}
	return made
}

// judge has the step judge the answers; a key that could not be read is not reported twice.
func (e *Engine) judge(s steps.Step, set *answers.Set, already []steps.Problem) []steps.Problem {
	known := map[string]bool{}
	for _, p := range already {
		known[p.Key] = true
	}
	var all []steps.Problem
	for _, p := range steps.ValidateStep(s, e.work, set) {
		if p.Key == "" || !known[p.Key] {
			all = append(all, p)
		}
	}
	return all
}

// secretBlanks warns of blanks at either end of a typed secret: they are legal, and mostly a slip of the clipboard.
func secretBlanks(fields []steps.Field, v Values) []steps.Problem {
	var all []steps.Problem
	for _, f := range fields {
		s, ok := v.Secret[f.Key]
		if !ok || f.Kind != answers.Secret {
			continue
		}
		if text := s.Reveal(); text != strings.TrimSpace(text) {
			all = append(all, steps.Problem{Severity: steps.Warning, Key: f.Key, Message: texts.SecretOuterBlank(f.Label), Fix: texts.OuterBlankFix})
		}
	}
	return all
}

func sortProblems(ps []steps.Problem) {
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].Severity > ps[j].Severity })
}

func worstOf(ps []steps.Problem) steps.Severity {
	worst := steps.Severity(0)
	for _, p := range ps {
		worst = max(worst, p.Severity)
	}
	return worst
}

// putDrafts lays the drafts of a step over a set, as far as they can be read.
func (e *Engine) putDrafts(s steps.Step, set *answers.Set) {
	v := Values{Text: map[string]string{}}
	for key, text := range e.drafts {
		if ownKey(s, key) {
			v.Text[key] = text
		}
	}
	for range 3 {
		for _, f := range s.Fields(e.work, set) {
			text, ok := v.Text[f.Key]
			if !ok {
				continue
			}
			if value, ok, p := parse(f, text); p == nil && ok {
				set.Put(f.Key, value)
			}
		}
	}
}
