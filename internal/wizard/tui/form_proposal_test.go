package tui

import (
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
)

// proposal is a question whose value is what was proposed.
func proposal(key, value string) flow.Question {
	return flow.Question{Field: steps.Field{Spec: answers.Spec{Key: key, Label: key}, Default: value}, Value: value}
}

// TestFormProposalsFollow: a proposal follows what is typed before it, with the same questions and with others; what was typed stays.
func TestFormProposalsFollow(t *testing.T) {
	for _, more := range [][]flow.Question{nil, {proposal("c", "other")}} {
		f := testForm(proposal("a", "ou=Users"), proposal("b", "uid"))
		f.typed("x")
		if got := f.given().Text; len(got) != 1 || got["a"] != "ou=Usersx" {
			t.Errorf("given %v, want what was typed alone", got)
		}
		again := append([]flow.Question{proposal("a", "ou=People"), proposal("b", "cn")}, more...)
		if f.sameKeys(again) {
			f.renew(again)
		} else {
			old := f
			f = testForm(again...)
			f.carry(old)
		}
		if a, b := f.values().Text["a"], f.values().Text["b"]; a != "ou=Usersx" || b != "cn" {
			t.Errorf("a is %q, b is %q", a, b)
		}
	}
}
