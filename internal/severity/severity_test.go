package severity

import "testing"

func TestLevelsAreWorstLast(t *testing.T) {
	for l, want := range []string{"unknown", "note", "warning", "error", "unknown"} {
		if got := Level(l).String(); got != want {
			t.Errorf("%d is %q, want %q", l, got, want)
		}
	}
}
