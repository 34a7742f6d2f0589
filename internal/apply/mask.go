package apply

import (
	"cmp"
	"slices"

	"carbon-setup/internal/secret"
)

// shownChanged stands on the new side of a diff for a secret that is not the one of the old side.
const shownChanged = "[secret, changed]"

// secretSpans returns what must not be shown of data, ordered and apart: the spans that the steps know and what secret.Spans finds.
func secretSpans(data []byte, known []Span) []Span {
	spans := make([]Span, 0, len(known))
	for _, s := range known {
		s.Start, s.End = max(0, s.Start), min(len(data), s.End)
		if s.Start < s.End {
			spans = append(spans, s)
		}
	}
	for _, s := range secret.Spans(data) {
		spans = append(spans, Span(s))
	}
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.Start <= merged[n-1].End {
			merged[n-1].End = max(merged[n-1].End, s.End)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// masked returns data with secret.Shown in the place of every span.
func masked(data []byte, spans []Span) []byte {
	out := make([]byte, 0, len(data))
	at := 0
	for _, s := range spans {
		out = append(append(out, data[at:s.Start]...), secret.Shown...)
		at = s.End
	}
	return append(out, data[at:]...)
}

// sortedSet sorts rows and drops duplicates.
func sortedSet(rows []int) []int {
	slices.Sort(rows)
	return slices.Compact(rows)
}
