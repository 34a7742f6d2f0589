package carbon

import (
	"fmt"
	"strings"
)

// Kind of refusal.
type Kind int

// Why a folder is refused.
const (
	NotAnInstall  Kind = iota + 1 // an empty folder, a file, a Tomcat, a folder inside or above a home
	TooNew                        // Carbon 4.3 and later
	Generated                     // XML generated from deployment.toml
	Several                       // holds more than one install
	TooOld                        // Carbon before 4.2
	UnknownKernel                 // a home that does not say which Carbon it is
	Broken                        // carbon.xml is missing or cannot be parsed
	NoPermission                  // carbon.xml or a folder on the way to it may not be read
)

// String returns the word for the kind in machine-readable output.
func (k Kind) String() string {
	switch k {
	case NotAnInstall:
		return "not-an-install"
	case TooNew:
		return "too-new"
	case Generated:
		return "generated"
	case Several:
		return "several-installs"
	case TooOld:
		return "too-old"
	case UnknownKernel:
		return "unknown-kernel"
	case Broken:
		return "broken"
	case NoPermission:
		return "no-permission"
	}
	return "unknown"
}

// RefusedError says what was found instead of a Carbon 4.2.0 home and what to do. main maps it to exit code 5.
type RefusedError struct {
	Kind  Kind
	Path  string   // as resolved
	Found string   // a sentence
	Fix   string   // a sentence
	Homes []string // homes that were found there instead, absolute

	titles []string // what each of Homes is
	cause  error
}

// Error returns the whole text for the operator; it has several lines when it lists homes.
func (e *RefusedError) Error() string {
	var b strings.Builder
	b.WriteString(e.Path + ": " + e.Found)
	if len(e.Homes) > 1 {
		width := 0
		for _, h := range e.Homes {
			width = max(width, len(h))
		}
		for i, h := range e.Homes {
			title := ""
			if i < len(e.titles) {
				title = e.titles[i]
			}
			b.WriteString("\n  " + strings.TrimRight(fmt.Sprintf("%-*s  %s", width, h, title), " "))
		}
		b.WriteString("\n" + e.Fix)
		return b.String()
	}
	if e.Fix != "" {
		b.WriteString(" " + e.Fix)
	}
	return b.String()
}

// list adds what each of the homes is.
func (e *RefusedError) list() {
	for _, h := range e.Homes {
		e.titles = append(e.titles, titleOf(h))
	}
}

// Unwrap returns what made carbon.xml unreadable, if that was the reason.
func (e *RefusedError) Unwrap() error { return e.cause }

const giveHome = "Give the folder that holds bin and repository, the one that unpacking the product made."
