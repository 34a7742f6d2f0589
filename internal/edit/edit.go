// Package edit changes values in XML, Java properties and start scripts, and touches no other byte.
//
// A document is parsed from bytes, edits are recorded, and Commit returns the new bytes. Commit has a second parser read the result and
// fails when anything but the recorded values differs. Nothing here reads or writes files.
package edit

import "fmt"

// MaxFileSize is the largest document, in bytes, that is parsed.
const MaxFileSize = 8 << 20

// Splice is one replacement: New stands for the bytes [Start,End) of the bytes before Commit.
// Splices of one Commit are ordered and do not overlap.
type Splice struct {
	Start, End int
	New        []byte
	Secrets    []Range // of New: what must not be shown
	OldSecret  bool    // the replaced bytes held a secret
	Reason     string
}

// Range is a half-open range of byte offsets.
type Range struct{ Start, End int }

// Document is what the editors have in common.
type Document interface {
	// Name is the path given to the parser, for messages.
	Name() string
	// Bytes returns the bytes as of the last Commit. Callers do not change them.
	Bytes() []byte
	// Pending reports whether edits wait for Commit.
	Pending() bool
	// Commit applies the pending edits. No edit that changes a value: no splices, same bytes. On error the document is as before the edits.
	Commit() ([]Splice, error)
}

// Error is a file that cannot be parsed, or an edit that would not be safe. It is a sentence for the operator.
type Error struct {
	File string
	Line int    // 1-based; 0 = unknown
	What string // what is wrong, e.g. `the element <Password> holds a CDATA section and a comment`
	Fix  string // what to do now
}

func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	s += ": " + e.What
	if e.Fix != "" {
		s += "; " + e.Fix
	}
	return s
}

// Opt qualifies an edit.
type Opt func(*opts)

type opts struct {
	secret bool
	reason string
}

// Secret marks the value, old and new, as one that must not be shown.
func Secret() Opt { return func(o *opts) { o.secret = true } }

// Because gives the hunk its reason, one sentence without a final stop.
func Because(reason string) Opt { return func(o *opts) { o.reason = reason } }
