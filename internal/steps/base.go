package steps

import "carbon-setup/internal/answers"

// base gives a step the answers of one that has nothing to say. Steps embed it.
type base struct{}

func (base) Applies(*Workspace) (bool, string)           { return true, "" }
func (base) Validate(*Workspace, *answers.Set) []Problem { return nil }
func (base) Checks(*Workspace, *answers.Set) []Check     { return nil }
func (base) Advice(*Workspace, *answers.Set) []Advice    { return nil }
