package diagnose

import (
	"regexp"
	"sync"

	"carbon-setup/internal/severity"
)

// Severity of a finding.
type Severity = severity.Level

// The severities, worst last.
const (
	Note    = severity.Note
	Warning = severity.Warning
	Error   = severity.Error
)

// Place is a value of an install that a message is about.
type Place struct {
	File string // relative to the home
	Path string // of the element in it; "" = the file as a whole
}

// Signature is a message that is known: how it is recognized, what it means and what to do.
type Signature struct {
	ID        string // "D-2.1": guideline 2, first message; stable
	Guideline int    // 1-16
	Severity  Severity
	// Anchors: a line without any of them cannot match. They spare the pattern almost every line.
	Anchors []string
	Pattern string // regular expression over one line
	// Loose: the message is also recognized on a line that no logger wrote, as scripts, tools and the Java launcher print them.
	Loose bool
	// Consequence: the message only follows from another; it is told when its event has no better one.
	Consequence bool
	Title       string // what happened, a full sentence
	Why         string // what it means
	Fix         string // what to do
	Source      string // who says it
	Where       []Place
}

// matcher is a Signature made ready.
type matcher struct {
	*Signature
	pattern *regexp.Regexp
}

// ready is the table of signatures made ready, once.
var ready = sync.OnceValues(func() ([]matcher, *anchorIndex) {
	all := Signatures()
	out := make([]matcher, len(all))
	for i := range all {
		out[i] = matcher{&all[i], regexp.MustCompile(all[i].Pattern)}
	}
	return out, newAnchorIndex(out)
})

func matchers() []matcher {
	all, _ := ready()
	return all
}

// Signatures returns every message that is known, in the order of the guidelines.
func Signatures() []Signature {
	var all []Signature
	for _, table := range [][]Signature{accountSignatures, keySignatures, javaSignatures, databaseSignatures, userStoreSignatures, runtimeSignatures, vaultSignatures} {
		all = append(all, table...)
	}
	return all
}
