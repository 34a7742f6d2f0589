package tui

import (
	"context"
	"errors"
	"testing"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/wizard/flow"
)

func TestFailedApplyIsToldThoughTheLinkGoes(t *testing.T) {
	cause := errors.New("no space is left")
	for name, c := range map[string]struct {
		err  error
		want flow.End
	}{
		"rolled back": {&apply.RolledBackError{Run: "r", Err: cause}, flow.EndFailed},
		"incomplete":  {&apply.IncompleteError{Run: "r", Err: cause}, flow.EndFailed},
		"applied":     {nil, flow.EndInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := standInConfig(t, sampleHome(t))
			if c.err != nil {
				cfg.Backend.Apply = applyFails(c.err)
			}
			eng := openEngine(t, cfg)
			standInAnswers(t, eng)
			r, err := eng.Review(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			a, err := eng.Apply(r.Hash)
			if err != nil {
				t.Fatal(err)
			}
			a.Wait(context.Background())
			m := newRoot(t.Context(), eng, func(string) string { return "" }, false)
			out := finish(eng, m, true, true)
			if out.End != c.want || !errors.Is(out.Applied.Err, c.err) {
				t.Errorf("%+v", out)
			}
		})
	}
}
