package audit

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"time"

	"carbon-setup/internal/steps"
)

//go:embed report.html
var reportHTML string

var page = template.Must(template.New("report").Parse(reportHTML))

// bar is one guideline in the picture of the scores. Lengths are in units of the picture.
type bar struct {
	Row
	Y, Length int
	Text      string
}

// The picture: a line for each guideline, names to the left of the bars.
const (
	lineHeight = 24
	barStart   = 250
	barLength  = 400
)

type htmlPage struct {
	*Audit
	Time    string
	Rule    string
	Bars    []bar
	Height  int
	Start   int
	Full    int
	Numbers Count
	Entries []htmlRow
}

type htmlRow struct {
	Row
	Lines []htmlEntry
}

type htmlEntry struct {
	Entry
	Mark, Class, Waived string
}

var words = map[steps.Status]string{steps.OK: "ok", steps.Warn: "warning", steps.Fail: "fault", steps.Unknown: "not checked"}

// HTML returns the audit as one file that needs no other and runs nothing: its policy forbids scripts and the network.
func (a *Audit) HTML() ([]byte, error) {
	p := htmlPage{
		Audit: a, Time: a.At.UTC().Format(time.RFC1123), Rule: ScoreRule, Height: lineHeight * len(a.Rows), Start: barStart, Full: barLength, Numbers: a.Count(),
	}
	for i, row := range a.Rows {
		one := bar{Row: row, Y: i * lineHeight, Length: row.Score * barLength / 100, Text: fmt.Sprintf("%d", row.Score)}
		if !row.Judged {
			one.Length, one.Text = 0, "not judged"
		}
		p.Bars = append(p.Bars, one)
		r := htmlRow{Row: row}
		for _, e := range row.Entries {
			r.Lines = append(r.Lines, e.html())
		}
		p.Entries = append(p.Entries, r)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (e Entry) html() htmlEntry {
	h := htmlEntry{Entry: e, Mark: words[e.Status], Class: string(e.Status)}
	if e.Waiver != nil {
		h.Mark, h.Class, h.Waived = "waived", "waived", e.Waiver.told()
	}
	return h
}
