package audit

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
)

// Waiver is the decision to live with findings of one rule until a day.
type Waiver struct {
	Name    string           // of the decision, unique in its file
	Finding string           // the rule: "CS-6.1"
	File    string           // only in this file, a pattern of path.Match below the home; "" = anywhere
	Says    string           // only where the message has this in it; "" = whatever it says
	Reason  string           // why
	By      string           // who has decided it; may be empty
	Until   time.Time        // the last day that it holds, in the local time zone
	Place   answers.Position // where it stands
}

const day = "2006-01-02"

// String names the waiver and where it stands.
func (w Waiver) String() string {
	if at := w.Place.String(); at != "" {
		return fmt.Sprintf("%s (%s)", w.Name, at)
	}
	return w.Name
}

// Day is the last day that the waiver holds, as people write it.
func (w Waiver) Day() string { return w.Until.Format(day) }

// over reports whether the waiver has run out: the day after Until has come.
func (w Waiver) over(now time.Time) bool { return !now.Before(w.Until.AddDate(0, 0, 1)) }

func (w Waiver) covers(r steps.Result) bool {
	if w.Finding != r.ID || !strings.Contains(r.Message, w.Says) {
		return false
	}
	if w.File == "" || w.File == r.Place.File {
		return true
	}
	ok, err := path.Match(w.File, r.Place.File)
	return ok && err == nil
}

// waiverFor returns the waiver that takes a result off the findings, nil when there is none. Those that fit are marked as used, even when they are over.
func waiverFor(r steps.Result, all []Waiver, used []bool, now time.Time) *Waiver {
	if !wrong(r) {
		return nil
	}
	var found *Waiver
	for i := range all {
		if !all[i].covers(r) {
			continue
		}
		used[i] = true
		if found == nil && !all[i].over(now) {
			found = &all[i]
		}
	}
	return found
}

// soon is how long before its end a waiver is spoken of.
const soon = 14 * 24 * time.Hour

// notesOn tells of waivers that have run out or will soon, and of those that nothing needs. unknown are the rules of which something could not be checked:
// there the finding may only be out of sight.
func notesOn(all []Waiver, used []bool, unknown map[string]bool, now time.Time) []string {
	var notes []string
	for i, w := range all {
		switch {
		case w.over(now) && used[i]:
			notes = append(notes, fmt.Sprintf("The waiver %s has run out on %s: its findings count again.", w, w.Day()))
		case !used[i] && unknown[w.Finding]:
			notes = append(notes, fmt.Sprintf("The waiver %s fits no finding of %s, but not all of that rule could be checked: see to that first.", w, w.Finding))
		case !used[i]:
			notes = append(notes, fmt.Sprintf("The waiver %s fits no finding of %s: take it out.", w, w.Finding))
		case w.Until.Sub(now) < soon:
			notes = append(notes, fmt.Sprintf("The waiver %s runs out on %s.", w, w.Day()))
		}
	}
	return notes
}

const waivers = "waivers"

// waiverSchema is the format of a file of waivers: a mapping of names, so that each decision can be spoken of.
var waiverSchema = answers.Schema{
	{Key: "version", Kind: answers.Int, Label: "Version of this format", Required: true, Example: "1"},
	{Key: waivers + ".*.finding", Kind: answers.Text, Label: "Id of the rule", Required: true, Example: "CS-6.1"},
	{Key: waivers + ".*.file", Kind: answers.Text, Label: "File that it is about, a pattern below the home"},
	{Key: waivers + ".*.says", Kind: answers.Text, Label: "Words of the message"},
	{Key: waivers + ".*.reason", Kind: answers.Text, Label: "Why the finding is accepted", Required: true},
	{Key: waivers + ".*.by", Kind: answers.Text, Label: "Who has decided it"},
	{Key: waivers + ".*.until", Kind: answers.Text, Label: "The last day that it holds", Required: true, Example: "2027-03-31"},
}

var ruleID = regexp.MustCompile(`^CS-([1-9]|1[0-6])\.[1-9][0-9]*$`)

// ParseWaivers reads a file of waivers; name is what it is called in errors. Errors are *answers.FaultsError with every fault and its line: of the format,
// a rule that cannot be, a day that is none, no reason.
func ParseWaivers(name string, data []byte) ([]Waiver, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &answers.FaultsError{Faults: []answers.Fault{{At: answers.Position{File: name, Line: 1, Column: 1}, Message: "The file is empty.", Fix: "carbon-setup audit --help shows one."}}}
	}
	set, _, err := answers.Parse(name, data, waiverSchema)
	if err != nil {
		return nil, err
	}
	var all []Waiver
	var faults []answers.Fault
	for _, n := range set.Names(waivers) {
		key := func(leaf string) string { return waivers + "." + n + "." + leaf }
		text := func(leaf string) string { return strings.TrimSpace(set.Text(key(leaf))) }
		fault := func(leaf, message, fix string) {
			faults = append(faults, answers.Fault{At: set.Place(key(leaf)), Key: key(leaf), Message: message, Fix: fix})
		}
		w := Waiver{Name: n, Finding: text("finding"), File: text("file"), Says: text("says"), Reason: text("reason"), By: text("by"), Place: set.Place(key("finding"))}
		if !ruleID.MatchString(w.Finding) {
			fault("finding", fmt.Sprintf("%q is no id of a rule.", w.Finding), "Copy it from the audit; it looks like CS-6.1. What could not be checked (CS-6.0) needs no waiver.")
		}
		if w.Reason == "" {
			fault("reason", "There is no reason.", "Say why the finding is accepted: whoever reads the report asks.")
		}
		if _, err := path.Match(w.File, ""); err != nil {
			fault("file", fmt.Sprintf("%q is no pattern.", w.File), "Write the path as the audit prints it, with * for a part of a name.")
		}
		w.Until, err = time.ParseInLocation(day, text("until"), time.Local)
		if err != nil {
			fault("until", fmt.Sprintf("%q is no day.", text("until")), "Write it as 2027-03-31.")
		}
		all = append(all, w)
	}
	if len(faults) > 0 {
		return nil, &answers.FaultsError{Faults: faults}
	}
	slices.SortStableFunc(all, func(a, b Waiver) int { return a.Place.Line - b.Place.Line })
	return all, nil
}
