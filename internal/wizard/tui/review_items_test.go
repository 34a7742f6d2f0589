package tui

import (
	"strings"
	"testing"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
)

// TestReviewNamesAttachments has the review name a file for the operator in one line, without what is in it.
func TestReviewNamesAttachments(t *testing.T) {
	b := &itemList{w: 78, wide: 78, st: &Styles{}}
	b.advice(&flow.Review{Advice: []steps.Advice{{
		Guideline: 10, Title: "A service", Text: "Put it there.", Attachments: []steps.Attachment{{Name: "/etc/init.d/carbon", Content: "#!/bin/sh\nexit 0\n"}},
	}}})
	var text strings.Builder
	for _, it := range b.items {
		text.WriteString(it.text + "\n")
	}
	b = &itemList{w: 78, wide: 78, st: &Styles{}}
	b.advice(&flow.Review{Empty: true, Advice: []steps.Advice{{
		Guideline: 9, Title: "Limits", Text: "Put it there.", Attachments: []steps.Attachment{{Name: "/etc/security/limits.d/95-carbon.conf", Content: "# open files\nwso2 hard nofile 65535\n"}},
	}}})
	var full strings.Builder
	for _, it := range b.items {
		full.WriteString(it.text + "\n")
	}
	if got := full.String(); !strings.Contains(got, "# open files\n      wso2 hard nofile 65535\n") || strings.Contains(got, "in the report of the run") {
		t.Errorf("without a run the review says:\n%s", got)
	}
	if got := text.String(); strings.Count(got, "/etc/init.d/carbon, in full in the report of the run\n") != 1 || strings.Contains(got, "exit 0") {
		t.Errorf("the review says:\n%s", got)
	}
}
