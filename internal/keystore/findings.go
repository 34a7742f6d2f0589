package keystore

import (
	"slices"

	"carbon-setup/internal/severity"
)

// Severity of a Finding.
type Severity = severity.Level

// The severities, worst last.
const (
	Note    = severity.Note
	Warning = severity.Warning
	Bad     = severity.Error // the server or its clients will not work with it, or anyone can break it
)

// Finding is one thing that an operator should know about a key, a certificate, an alias or a password.
type Finding struct {
	ID       string // stable: "chain-incomplete"
	Severity Severity
	Message  string   // full sentences
	Fix      string   // full sentences; "" when there is nothing to do
	Aliases  []string // of a truststore: all entries that it is about
}

// Worst is the highest severity of findings; 0 for none.
func Worst(findings []Finding) Severity {
	worst := Severity(0)
	for _, f := range findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

// worstFirst sorts findings and keeps the order among equals.
func worstFirst(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	return findings
}
