package steps

import (
	"slices"
	"strings"

	"carbon-setup/internal/answers"
)

// Curer is a Step some of whose questions propose to leave things as they are: Cure has what cures its findings instead. A value of "" is for the operator
// to fill in.
type Curer interface {
	// Cure returns answers by key, for an install that the audit has findings of.
	Cure(w *Workspace) map[string]string
}

// Cure are answers for the findings of an audit.
type Cure struct {
	// Set has the answers; a secret is a reference to a variable of the environment.
	Set *answers.Set
	// Open are the sections that have answers to fill in, with their keys, in order of guideline.
	Open []OpenSection
	// ByHand are the guidelines with findings that no answers cure.
	ByHand []Info
	// Left are the rules with findings, in order, that answers for their guideline do not cure: they are of the machine, of what is installed, or for people
	// to decide.
	Left []string
}

// answersDoNotCure are the rules whose findings stay when their guideline is answered.
var answersDoNotCure = map[string]bool{
	ruleTrustOld: true, rulePublicStray: true, ruleChain: true, // a CA of one's own may be among them; something may use it; the CA signs
	javaRule: true, overrideRule: true, memoryRule: true,
	memoryHostRule: true, swapRule: true, diskRule: true, cpuRule: true, filesRule: true, processesRule: true, kernelRule: true, recycleRule: true, databaseRule: true,
	ruleVaultCannot: true, ruleVaultDefault: true,
	ruleBackupAge: true, ruleBackupKeys: true, ruleBackupCopy: true,
	"CS-15.2": true, "CS-15.3": true, "CS-15.5": true, "CS-15.6": true, "CS-16.4": true,
}

// OpenSection is a part of the answers that is not whole.
type OpenSection struct {
	Info Info
	Keys []string
}

// CureFor proposes answers that cure findings: for each guideline that has some what its step would propose in the wizard.
func CureFor(w *Workspace, findings []Result) *Cure {
	w.openVault(nil)
	c := &Cure{Set: answers.NewSet(Schema())}
	for _, s := range All() {
		info := s.Info()
		if !slices.ContainsFunc(findings, func(r Result) bool { return r.Guideline == info.Guideline }) {
			continue
		}
		if ok, _ := s.Applies(w); !ok || info.NotBuilt {
			c.ByHand = append(c.ByHand, info)
			continue
		}
		keys := c.propose(s, w)
		if len(keys) > 0 {
			c.Open = append(c.Open, OpenSection{info, keys})
		}
		if !info.Asked(c.Set) && len(keys) == 0 {
			c.ByHand = append(c.ByHand, info)
		}
	}
	for _, r := range findings {
		if answersDoNotCure[r.ID] && !slices.Contains(c.Left, r.ID) {
			c.Left = append(c.Left, r.ID)
		}
	}
	return c
}

// rounds bounds how often the questions are asked again: an answer may bring new ones.
const rounds = 20

// propose answers the questions of a step, and returns the keys of those that only the operator can answer.
func (c *Cure) propose(s Step, w *Workspace) (open []string) {
	cures := map[string]string{}
	if curer, ok := s.(Curer); ok {
		cures = curer.Cure(w)
	}
	for _, f := range s.Fields(w, c.Set) { // first, for what is asked besides may hang on them
		if text := cures[f.Key]; text != "" {
			if v, fault := f.Read(text); fault == nil {
				c.Set.Put(f.Key, v)
			}
		}
	}
	for range rounds {
		open = nil
		before := c.Set.Clone()
		for _, f := range s.Fields(w, c.Set) {
			if _, answered := c.Set.Lookup(f.Key); answered {
				continue
			}
			text, given := cures[f.Key]
			if !given {
				text = f.Default
			}
			switch {
			case f.Kind == answers.Secret && (f.Required || given):
				c.Set.Put(f.Key, answers.Value{Ref: answers.Ref{Env: variable(f.Key)}})
			case f.Kind == answers.Secret:
			case text != "":
				if v, fault := f.Read(text); fault == nil {
					c.Set.Put(f.Key, v)
				}
			case f.Required || given:
				open = append(open, f.Key)
			}
		}
		if slices.Equal(before.Keys(), c.Set.Keys()) {
			break
		}
	}
	for key := range cures { // asked once the operator has filled in what comes before
		if spec, _ := c.Set.Schema().Lookup(key); spec.Kind == answers.Secret {
			c.Set.Put(key, answers.Value{Ref: answers.Ref{Env: variable(key)}})
		}
	}
	return open
}

// variable is the name of the environment for a secret.
func variable(key string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(key))
}
