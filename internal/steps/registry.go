package steps

import (
	"sort"

	"carbon-setup/internal/answers"
)

// registry has one line per guideline, in the order of guidelines.md.
var registry = []Step{
	admin{},
	keystore{},
	jvm{},
	hostname{},
	logs{},
	datasources{},
	userstore{},
	jmx{},
	tuning{},
	vault{},
	ports{},
	proxy{},
	cluster{},
	backup{},
	features{},
	rotation{},
}

// All returns the steps in order of guideline.
func All() []Step { return registry }

// ByID returns a step.
func ByID(id string) (Step, bool) {
	for _, s := range registry {
		if s.Info().ID == id {
			return s, true
		}
	}
	return nil, false
}

// inPlanOrder returns the steps as they edit: the vault after every step that sets a password.
func inPlanOrder() []Step {
	ordered := append([]Step(nil), registry...)
	key := func(s Step) int {
		i := s.Info()
		if i.Order != 0 {
			return i.Order
		}
		return i.Guideline
	}
	sort.SliceStable(ordered, func(i, j int) bool { return key(ordered[i]) < key(ordered[j]) })
	return ordered
}

// Schema returns every key of the answers file, from the Specs of the steps.
func Schema() answers.Schema {
	schema := answers.Schema{{Key: "version", Kind: answers.Int, Label: "Version of this format", Required: true, Example: "1"}}
	for _, s := range registry {
		schema = append(schema, s.Specs()...)
	}
	return schema
}
