package steps

import (
	"fmt"
	"strings"

	"carbon-setup/internal/carbon"
)

// CountFindings counts the results that ask for something to be done.
func CountFindings(results []Result) int {
	n := 0
	for _, r := range results {
		if r.Status == Warn || r.Status == Fail {
			n++
		}
	}
	return n
}

// AuditReport returns an audit as Markdown.
func AuditReport(in *carbon.Install, results []Result) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Audit of %s\n\n%s %s, Carbon %s. %d findings.\n", in.Home, in.Product, in.Version, in.Kernel, CountFindings(results))
	for _, s := range All() {
		info := s.Info()
		fmt.Fprintf(&b, "\n## %d. %s\n\n", info.Guideline, info.Title)
		for _, r := range results {
			if r.Guideline == info.Guideline {
				writeResult(&b, r)
			}
		}
	}
	return []byte(b.String())
}

func writeResult(b *strings.Builder, r Result) {
	fmt.Fprintf(b, "- **%s** `%s` %s", r.Status, r.ID, r.Message)
	if place := r.Place.String(); place != "" {
		fmt.Fprintf(b, " (`%s`)", place)
	}
	if r.Why != "" && r.Status != OK {
		fmt.Fprintf(b, " *Why:* %s", r.Why)
	}
	if r.Fix != "" && r.Status != OK {
		fmt.Fprintf(b, " *Fix:* %s", r.Fix)
	}
	b.WriteByte('\n')
}
