package audit

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"carbon-setup/internal/steps"
)

var marks = map[steps.Status]string{steps.OK: "[ok]", steps.Warn: "[! ]", steps.Fail: "[x ]", steps.Unknown: "[? ]"}

const (
	waivedMark = "[w ]"
	textIndent = "                  "
)

// Mark is the status of a result in four characters, so that a terminal without color tells them apart.
func Mark(s steps.Status) string { return marks[s] }

// WriteText writes the audit for people, guideline by guideline.
func (a *Audit) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (Carbon %s)  %s\n", a.Product, a.Version, a.Kernel, a.Home)
	for _, row := range a.Rows {
		fmt.Fprintf(&b, "\n%2d  %s%s\n", row.Guideline, row.Title, row.scoreText())
		row.text(&b)
	}
	b.WriteByte('\n')
	for _, note := range a.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	fmt.Fprintf(&b, "%s\n", a.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is the audit in one line, such as "78 findings, 33 in order, 7 not checked. Score 41 of 100.".
func (a *Audit) Summary() string {
	c := a.Count()
	waived := ""
	if c.Waived > 0 {
		waived = fmt.Sprintf(", %d waived", c.Waived)
	}
	score := ""
	if percent, judged := a.Score(); judged {
		score = fmt.Sprintf(" Score %d of 100.", percent)
	}
	return fmt.Sprintf("%d findings%s, %d in order, %d not checked.%s", c.Findings, waived, c.OK, c.Unknown, score)
}

func (r Row) scoreText() string {
	if !r.Judged {
		return ""
	}
	return fmt.Sprintf("  (%d of 100)", r.Score)
}

// text writes the results of one guideline; why and fix stand once below the findings that share them.
func (r Row) text(b *strings.Builder) {
	for i, e := range r.Entries {
		mark := marks[e.Status]
		if e.Waiver != nil {
			mark = waivedMark
		}
		fmt.Fprintf(b, "    %s %-8s %s\n", mark, e.ID, printable(e.Message))
		line := func(what, text string) {
			if text != "" {
				fmt.Fprintf(b, "%s%s%s\n", textIndent, what, printable(text))
			}
		}
		line("at ", e.Place.String())
		if e.Waiver != nil {
			line("", e.Waiver.told())
		}
		more := i+1 < len(r.Entries) && r.Entries[i+1].Finding() && r.Entries[i+1].Why == e.Why && r.Entries[i+1].Fix == e.Fix
		if e.Finding() && !more {
			line("why: ", e.Why)
			line("fix: ", e.Fix)
		}
	}
}

// printable is text on one line with nothing that a terminal would act on: findings quote names and values out of files that others write.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// told says until when a finding is accepted, why and by whom.
func (w Waiver) told() string {
	by := ""
	if w.By != "" {
		by = " by " + w.By
	}
	return fmt.Sprintf("waived until %s%s (%s): %s", w.Day(), by, w.Name, w.Reason)
}
