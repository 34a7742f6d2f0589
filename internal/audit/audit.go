// Package audit is what becomes of the results of an audit: findings that were accepted are set apart, the guidelines get a score, and the whole is
// written for people (text, Markdown, one HTML file) and for machines (SARIF, JUnit). It reads no install and writes no file.
package audit

import (
	"strings"
	"time"
	"unicode"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
)

// Audit is an audit of one install, guideline by guideline.
type Audit struct {
	Home, Product, Version, Kernel, Host string

	Program string // "carbon-setup 1.2.0"
	At      time.Time
	Rows    []Row
	Notes   []string // what is to be said of the waivers, full sentences
}

// Row is one guideline.
type Row struct {
	Guideline int
	Title     string
	Entries   []Entry
	// Score is 0 to 100. It is meant only where Judged: something was looked at, and the install has what the guideline is about.
	Score  int
	Judged bool
}

// Entry is one result, and the waiver that takes it off the findings; nil for most.
type Entry struct {
	steps.Result
	Waiver *Waiver
}

// Finding reports whether the entry asks for something to be done.
func (e Entry) Finding() bool { return e.Waiver == nil && wrong(e.Result) }

func wrong(r steps.Result) bool { return r.Status == steps.Warn || r.Status == steps.Fail }

// New sets the results of an audit out by guideline. Waivers that have run out, or that nothing needs any more, are told in Notes.
func New(in *carbon.Install, results []steps.Result, waivers []Waiver, at time.Time, program string) *Audit {
	a := &Audit{Home: in.Home, Product: in.Product, Version: in.Version, Kernel: in.Kernel, Host: in.Host.Name, Program: program, At: at}
	used, unknown := make([]bool, len(waivers)), map[string]bool{}
	for _, s := range steps.All() {
		info := s.Info()
		row := Row{Guideline: info.Guideline, Title: info.Title}
		for _, r := range results {
			if r.Guideline == info.Guideline {
				r.Message, r.Why, r.Fix, r.Place.File = shown(r.Message), shown(r.Why), shown(r.Fix), shown(r.Place.File)
				row.Entries = append(row.Entries, Entry{r, waiverFor(r, waivers, used, at)})
				unknown[r.ID] = unknown[r.ID] || r.Status == steps.Unknown
			}
		}
		row.Score, row.Judged = score(row.Entries)
		a.Rows = append(a.Rows, row)
	}
	a.Notes = notesOn(waivers, used, unknown, at)
	return a
}

// shown is a text without what a terminal or a viewer would take for a command: values and names of the install stand in messages, and a control sequence
// among them could change what is seen.
func shown(text string) string {
	hidden := func(r rune) bool { return unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Cf, r) }
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// Count is how many results there are of each kind.
type Count struct{ Findings, OK, Unknown, Waived int }

// Count counts the results of the whole audit.
func (a *Audit) Count() Count {
	var c Count
	for _, row := range a.Rows {
		one := row.Count()
		c.Findings, c.OK, c.Unknown, c.Waived = c.Findings+one.Findings, c.OK+one.OK, c.Unknown+one.Unknown, c.Waived+one.Waived
	}
	return c
}

// Count counts the results of one guideline.
func (r Row) Count() Count {
	var c Count
	for _, e := range r.Entries {
		switch {
		case e.Waiver != nil:
			c.Waived++
		case e.Finding():
			c.Findings++
		case e.Status == steps.Unknown:
			c.Unknown++
		default:
			c.OK++
		}
	}
	return c
}

// Findings are the results that ask for something to be done, without those that are waived.
func (a *Audit) Findings() []steps.Result {
	var all []steps.Result
	for _, row := range a.Rows {
		for _, e := range row.Entries {
			if e.Finding() {
				all = append(all, e.Result)
			}
		}
	}
	return all
}
