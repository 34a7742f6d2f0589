// Package severity has the scale on which all findings, faults and problems are.
package severity

// Level is how bad it is.
type Level int

// The levels, worst last. What each means for its subject, the package of the subject says.
const (
	Note Level = iota + 1 // worth knowing
	Warning
	Error
)

// String returns "note", "warning" or "error".
func (l Level) String() string {
	switch l {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "unknown"
}
