package audit

import (
	"fmt"
	"strings"
	"time"

	"carbon-setup/internal/steps"
)

// Markdown returns the audit for a change ticket or a wiki.
func (a *Audit) Markdown() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Audit of %s\n\n%s %s, Carbon %s, on %s, %s. %s\n\n", code(a.Home), plain(a.Product), plain(a.Version), plain(a.Kernel), plain(a.Host), a.At.UTC().Format(time.RFC3339), a.Summary())
	for _, note := range a.Notes {
		fmt.Fprintf(&b, "> %s\n\n", plain(note))
	}
	b.WriteString("| # | guideline | score | findings | waived | not checked |\n|---:|---|---:|---:|---:|---:|\n")
	for _, row := range a.Rows {
		c := row.Count()
		fmt.Fprintf(&b, "| %d | %s | %s | %d | %d | %d |\n", row.Guideline, plain(row.Title), row.points(), c.Findings, c.Waived, c.Unknown)
	}
	fmt.Fprintf(&b, "\n%s\n", ScoreRule)
	for _, row := range a.Rows {
		fmt.Fprintf(&b, "\n## %d. %s\n\n", row.Guideline, plain(row.Title))
		for _, e := range row.Entries {
			e.markdown(&b)
		}
	}
	return []byte(b.String())
}

// points is the score as it stands in a table.
func (r Row) points() string {
	if !r.Judged {
		return "-"
	}
	return fmt.Sprint(r.Score)
}

func (e Entry) markdown(b *strings.Builder) {
	status := string(e.Status)
	if e.Waiver != nil {
		status = "waived"
	}
	fmt.Fprintf(b, "- **%s** %s %s", status, code(e.ID), plain(e.Message))
	if place := e.Place.String(); place != "" {
		fmt.Fprintf(b, " (%s)", code(place))
	}
	if e.Waiver != nil {
		fmt.Fprintf(b, " *%s*", plain(e.Waiver.told()))
	} else if e.Status != steps.OK {
		for _, part := range []struct{ name, text string }{{"Why", e.Why}, {"Fix", e.Fix}} {
			if part.text != "" {
				fmt.Fprintf(b, " *%s:* %s", part.name, plain(part.text))
			}
		}
	}
	b.WriteByte('\n')
}

// plain escapes what Markdown and the HTML in it would take for markup.
func plain(text string) string {
	return markup.Replace(strings.Join(strings.Fields(printable(text)), " "))
}

var markup = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "<", "&lt;", ">", "&gt;", "|", `\|`, "[", `\[`, "]", `\]`)

// code writes a text as code; what would end it is replaced.
func code(text string) string {
	return "`" + strings.ReplaceAll(printable(text), "`", "'") + "`"
}
