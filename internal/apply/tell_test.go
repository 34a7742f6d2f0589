package apply

import (
	"context"
	"slices"
	"testing"
)

// An action tells how far it is, by way of the Progress of its run.
func TestActionsTell(t *testing.T) {
	var told []string
	l := newLab(t)
	p := &Plan{Home: l.home, Actions: []Action{{Name: "Tables", Do: func(ctx context.Context) error {
		Tell(ctx, "1 of 2")
		Tell(ctx, "2 of 2")
		return nil
	}}}}
	o := l.options(Real())
	o.Progress = func(e Event) {
		if e.Stage == StageActions {
			told = append(told, e.Path)
		}
	}
	if _, err := Apply(t.Context(), p, o); err != nil {
		t.Fatal(err)
	}
	if want := []string{"", "Tables: 1 of 2", "Tables: 2 of 2", "Tables"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	Tell(t.Context(), "nobody listens")
}
