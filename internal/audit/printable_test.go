package audit

import (
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
)

// Findings quote what stands in files and their names: no form for people hands a terminal something to act on, or a line that is not ours.
func TestFindingsHandATerminalNothingToActOn(t *testing.T) {
	const evil = "\x1b]0;x\a\x1b[31m\u202e\n[ok] CS-1.1"
	a := &Audit{Rows: []Row{{Guideline: 15, Title: "Features", Entries: []Entry{{Result: steps.Result{
		ID: "CS-15.2", Status: steps.Fail, Severity: steps.Error, Message: "not there: " + evil, Why: evil, Fix: evil, Place: carbon.Place{File: evil},
	}}}}}}
	var text strings.Builder
	if err := a.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"text": text.String(), "Markdown": string(a.Markdown())} {
		if strings.ContainsAny(got, "\x1b\a\u202e") || strings.Contains(got, "\n[ok]") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
