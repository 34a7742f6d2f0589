package main

import "testing"

// TestRecoveryKnowsTheActions: a run that was cut off while it made tables is taken back without a human, and nothing that is unknown is told to be undone.
func TestRecoveryKnowsTheActions(t *testing.T) {
	undo := (&app{version: "1"}).applyOptions(nil).UndoAction
	if undo == nil {
		t.Fatal("a recovery cannot undo any action")
	}
	if err := undo(t.Context(), "Tables of WSO2_CARBON_DB", "40 tables"); err != nil {
		t.Error(err)
	}
	if undo(t.Context(), "Something else", "") == nil {
		t.Error("an unknown action is told to be undone")
	}
}
