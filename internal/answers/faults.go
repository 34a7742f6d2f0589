package answers

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault is one thing wrong with an answers file. Neither text ever holds a secret, nor any other text that was written
// where a secret belongs. Neither names the key: it stands before them, or they stand beneath its field.
type Fault struct {
	At      Position
	Key     string // "" = the file as a whole
	Message string // what and why, a full sentence
	Fix     string // what to do, a full sentence, e.g. `Did you mean "hostname"?`
}

// String returns the fault on one line: position, key, what is wrong, what to do.
func (f Fault) String() string {
	text := f.Message
	if f.Fix != "" {
		text += " " + f.Fix
	}
	if f.Key != "" {
		text = f.Key + ": " + text
	}
	if at := f.At.String(); at != "" {
		return at + ": " + text
	}
	return text
}

// FaultsError is every fault of a file, in order of position. main maps it to exit code 4.
type FaultsError struct {
	Faults []Fault
	Cut    bool // reading stopped at the last one: there may be more
}

// mostFaults is how many faults are told one by one: who has more has taken the wrong file, or made one slip over and over.
const mostFaults = 50

// First returns the faults that are told one by one, and how many more there are.
func First(faults []Fault) (first []Fault, more int) {
	n := min(len(faults), mostFaults)
	return faults[:n], len(faults) - n
}

// AndMore is the line after the faults that are told one by one.
func AndMore(more int) string { return fmt.Sprintf("and %d more", more) }

// Error returns the first faults, one a line, and how many more there are.
func (e *FaultsError) Error() string {
	first, more := First(e.Faults)
	lines := make([]string, 0, len(first)+1)
	for _, f := range first {
		lines = append(lines, f.String())
	}
	if more > 0 {
		lines = append(lines, e.AndMore(more))
	}
	return strings.Join(lines, "\n")
}

// AndMore is the line after the faults that are told one by one.
func (e *FaultsError) AndMore(more int) string {
	if e.Cut {
		return fmt.Sprintf("and at least %d more", more)
	}
	return AndMore(more)
}

// faultsError returns the faults in order of position, or nil when there is none.
func faultsError(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	sortFaults(faults)
	return &FaultsError{Faults: faults}
}

func sortFaults(faults []Fault) {
	slices.SortStableFunc(faults, func(a, b Fault) int { return a.At.before(b.At) })
}

// quoted returns text in quotes for a message, on one line and not too long.
func quoted(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "..."
	}
	return fmt.Sprintf("%q", text)
}

// shownKey returns a key as a message names it: one that nobody would write stands in quotes, cut short.
func shownKey(key string) string {
	for _, r := range key {
		if !printable(r) || r == ' ' {
			return quoted(key)
		}
	}
	if key == "" || utf8.RuneCountInString(key) > 100 || strings.HasPrefix(key, ".") || strings.HasSuffix(key, ".") {
		return quoted(key)
	}
	return key
}

// capital makes a sentence begin with a capital letter.
func capital(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}

// listed joins names as a sentence does: "a", "a and b", "a, b and c".
func listed(names []string, word string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}

// nearest returns the name most like what was written, or "" when none is like it.
func nearest(written string, names []string) string {
	best, least := "", 0
	w := plainName(written)
	for _, name := range names {
		n := plainName(name)
		most := max(1, min(len(w), len(n))/3)
		if max(len(w), len(n))-min(len(w), len(n)) > 4*most {
			continue // letters take up to four bytes
		}
		d := distance(w, n)
		if d > most || d >= utf8.RuneCountInString(w) {
			continue
		}
		if best == "" || d < least {
			best, least = name, d
		}
	}
	return best
}

// plainName takes away what people mix up: capitals, dashes and underscores.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// distance counts the letters to put in, take out, change, or swap with the next one to make b of a. Names are short; what
// is not is as far away as can be.
func distance(a, b string) int {
	const longest = 64
	x, y := []rune(a), []rune(b)
	if len(x) > longest || len(y) > longest {
		return longest
	}
	var rows [3][longest + 1]int
	for j := range len(y) + 1 {
		rows[0][j] = j
	}
	before, last, now := &rows[2], &rows[0], &rows[1]
	for i := range x {
		now[0] = i + 1
		for j := range y {
			change := 1
			if x[i] == y[j] {
				change = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+change)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(y)]
}
