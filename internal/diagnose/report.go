package diagnose

import (
	"cmp"
	"slices"
)

// Occurrence is where and when a message stands.
type Occurrence struct {
	File string
	Line int    // 1-based
	Time string // as the log has it; "" = none
}

// Finding is a message that was recognized, told once however often it was logged.
type Finding struct {
	Signature
	Count       int // of events
	First, Last Occurrence
	Text        string // the line of the first that has the message, for people to read
	Head        string // the line that the event began with, when that is another
	HeadLine    int
}

// Unknown is an error that no signature knows.
type Unknown struct {
	Count       int
	First, Last Occurrence
	Text        string
	Cause       string // the last "Caused by:" of the first; "" = none
	key         string
}

// Report is what was found.
type Report struct {
	Findings []Finding // worst first, then in the order of their first lines
	Unknown  []Unknown // the first few
	Others   int       // unknown events beside those
	Lines    int
}

// UnknownCount is how many errors no signature knows.
func (r *Report) UnknownCount() int {
	n := r.Others
	for _, u := range r.Unknown {
		n += u.Count
	}
	return n
}

// Report returns what was found so far.
func (d *Diagnosis) Report() *Report {
	r := &Report{Others: d.others, Lines: d.lines}
	for _, f := range d.found {
		if f != nil {
			r.Findings = append(r.Findings, *f)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), compareTime(a.First, b.First))
	})
	for _, u := range d.unknown {
		r.Unknown = append(r.Unknown, *u)
	}
	return r
}

// compareTime orders two occurrences: by time when both have a date, in one file by line; 0 = cannot tell.
func compareTime(a, b Occurrence) int {
	if dated(a.Time) && dated(b.Time) && a.Time != b.Time {
		return cmp.Compare(a.Time, b.Time)
	}
	if a.File == b.File {
		return cmp.Compare(a.Line, b.Line)
	}
	return 0
}

func dated(t string) bool { return len(t) > 11 && date([]byte(t)) }

// span widens first and last by one more occurrence, which was read later, and reports whether it is the first. The files of a rotated log may be
// read in any order.
func span(first, last *Occurrence, o Occurrence) (earlier bool) {
	if compareTime(o, *last) >= 0 {
		*last = o
	}
	if compareTime(o, *first) < 0 {
		*first = o
		return true
	}
	return false
}

func (d *Diagnosis) add(file string, e *event, h hit) {
	o := Occurrence{file, h.line, e.time}
	f := d.found[h.matcher]
	if f == nil {
		f = &Finding{Signature: *matchers()[h.matcher].Signature, Count: 1, First: o, Last: o}
		d.found[h.matcher] = f
	} else {
		f.Count++
		if !span(&f.First, &f.Last, o) {
			return
		}
	}
	f.Text = quoteAt(h.text, matchers()[h.matcher].pattern)
	f.Head, f.HeadLine = "", 0
	if e.line != h.line {
		f.Head, f.HeadLine = quote(e.head), e.line
	}
}

// maxUnknown is how many unknown errors are told one by one.
const maxUnknown = 5

// addUnknown counts an error that no signature knows. Those that differ in numbers alone are one.
func (d *Diagnosis) addUnknown(file string, e *event) {
	o := Occurrence{file, e.line, e.time}
	key := withoutNumbers(e.head)
	for _, u := range d.unknown {
		if u.key == key {
			u.Count++
			if span(&u.First, &u.Last, o) {
				u.Text, u.Cause = quote(e.head), quote(e.cause)
			}
			return
		}
	}
	if len(d.unknown) == maxUnknown {
		d.others++
		return
	}
	d.unknown = append(d.unknown, &Unknown{Count: 1, First: o, Last: o, Text: quote(e.head), Cause: quote(e.cause), key: key})
}

// withoutNumbers returns the beginning of a message with every number as one mark.
func withoutNumbers(text []byte) string {
	text = text[:min(len(text), maxShown)]
	out := make([]byte, 0, len(text))
	for _, c := range text {
		if !digit(c) {
			out = append(out, c)
		} else if n := len(out); n == 0 || out[n-1] != '#' {
			out = append(out, '#')
		}
	}
	return string(out)
}
