package keystore

import "slices"

// Severity of a Finding.
type Severity int

// The severities, worst last.
const (
	Note Severity = iota + 1
	Warning
	Bad // the server or its clients will not work with it, or anyone can break it
)

// String returns "note", "warning" or "error".
func (s Severity) String() string {
	switch s {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Bad:
		return "error"
	}
	return "unknown"
}

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
