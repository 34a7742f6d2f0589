package audit

import (
	"math"
	"strings"

	"carbon-setup/internal/steps"
)

// What a rule is worth whose worst finding is of a severity; one that is met is worth 1.
var worth = map[steps.Severity]float64{steps.Note: 0.75, steps.Warning: 0.5, steps.Error: 0}

// mostWithError keeps many rules that are met from hiding one that must not stay.
const mostWithError = 40

// ScoreRule says how a score comes about.
const ScoreRule = "The score of a guideline is the share of its rules that are met: a rule counts once, however many places it was looked at in, and by its worst finding " +
	"(error 0, warning 0.5, note 0.75, met 1). With an error in it a guideline has 40 at the most. What could not be checked, is waived, does not apply or only tells a fact is left out. The score of the whole is the mean of the guidelines."

// score judges the entries of one guideline. judged is false when no rule of it could be looked at.
func score(entries []Entry) (percent int, judged bool) {
	rules := map[string]float64{}
	for _, e := range entries {
		if e.Waiver != nil || e.Fact || e.Status == steps.Unknown || strings.HasSuffix(e.ID, ".0") {
			continue
		}
		value := 1.0
		if wrong(e.Result) {
			value = worthOf(e.Severity)
		}
		if was, seen := rules[e.ID]; !seen || value < was {
			rules[e.ID] = value
		}
	}
	if len(rules) == 0 {
		return 0, false
	}
	sum, most := 0.0, 100
	for _, value := range rules {
		sum += value
		if value == worth[steps.Error] {
			most = mostWithError
		}
	}
	return min(percentOf(sum/float64(len(rules))), most), true
}

func worthOf(s steps.Severity) float64 {
	if value, ok := worth[s]; ok {
		return value
	}
	return worth[steps.Warning]
}

// percentOf rounds, but never to 100 what is not whole.
func percentOf(share float64) int {
	if share < 1 {
		return min(99, int(math.Round(share*100)))
	}
	return 100
}

// Score is the mean of the guidelines that could be judged; false when none could.
func (a *Audit) Score() (percent int, judged bool) {
	sum, n := 0.0, 0
	for _, row := range a.Rows {
		if row.Judged {
			sum, n = sum+float64(row.Score)/100, n+1
		}
	}
	if n == 0 {
		return 0, false
	}
	return percentOf(sum / float64(n)), true
}
