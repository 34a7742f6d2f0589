package steps

import (
	"fmt"

	"carbon-setup/internal/answers"
)

// notBuilt is a row of the guidelines whose step this version does not have. It is shown as such, and answers for it are refused:
// an operator must not believe that they were applied.
type notBuilt struct {
	row int
	id  string
}

var notBuiltTexts = map[string][2]string{
	"backup": {"Backup and archiving", "Use what the database offers for backup and archiving, and keep the keystores with it."},
}

func (n notBuilt) Info() Info {
	t := notBuiltTexts[n.id]
	return Info{ID: n.id, Section: n.id, Guideline: n.row, Title: t[0], Why: t[1], NotBuilt: true}
}

func (n notBuilt) Specs() []answers.Spec {
	return []answers.Spec{{
		Key: n.id, Kind: answers.Map, Label: notBuiltTexts[n.id][0],
		NotYet: fmt.Sprintf("this version cannot do guideline %d (%s) yet", n.row, notBuiltTexts[n.id][0]),
	}}
}

func (n notBuilt) Applies(*Workspace) (bool, string) {
	return false, "This version of carbon-setup has no step for this guideline yet."
}
func (n notBuilt) Fields(*Workspace, *answers.Set) []Field     { return nil }
func (n notBuilt) Validate(*Workspace, *answers.Set) []Problem { return nil }
func (n notBuilt) Checks(*Workspace, *answers.Set) []Check     { return nil }
func (n notBuilt) Plan(*Workspace, *answers.Set) error         { return nil }
func (n notBuilt) Verify(*Workspace, *answers.Set) []Result    { return nil }
func (n notBuilt) Advice(*Workspace, *answers.Set) []Advice    { return nil }

func (n notBuilt) Audit(*Workspace) []Result {
	return []Result{{
		ID: fmt.Sprintf("CS-%d.0", n.row), Guideline: n.row, Status: Unknown,
		Message: "Not checked: this version of carbon-setup has no step for this guideline yet.",
		Why:     notBuiltTexts[n.id][1],
	}}
}
