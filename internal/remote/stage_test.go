package remote

import (
	"slices"
	"testing"
	"time"
)

type stage string

type fault struct{ what string }

func TestRunTellsEveryResultInOrder(t *testing.T) {
	fails := &fault{"no"}
	var heard []stage
	results := Run([]stage{"first", "second", "third"}, func(s stage) Result[stage, fault] {
		if s == "second" {
			return Result[stage, fault]{Stage: s, Status: Fail, Err: fails}
		}
		return Result[stage, fault]{Stage: s, Status: OK}
	}, func(r Result[stage, fault]) { heard = append(heard, r.Stage) })
	if !slices.Equal(heard, []stage{"first", "second", "third"}) {
		t.Errorf("tell heard of %v", heard)
	}
	if len(results) != 3 || results[0].Status != OK || results[1].Err != fails || results[2].Stage != "third" {
		t.Errorf("Run returned %+v", results)
	}
	if again := Run([]stage{"one"}, func(s stage) Result[stage, fault] { return Result[stage, fault]{Stage: s} }, nil); len(again) != 1 {
		t.Errorf("with nobody to tell Run returned %+v", again)
	}
}

func TestTimedEntersStageAndTime(t *testing.T) {
	now := time.Unix(1000, 0)
	r := Timed(func() time.Time { return now }, stage("only"), func() Result[stage, fault] {
		now = now.Add(3 * time.Second)
		return Result[stage, fault]{Status: Warn, Message: "Read this."}
	})
	if want := (Result[stage, fault]{Stage: "only", Status: Warn, Message: "Read this.", Took: 3 * time.Second}); r != want {
		t.Errorf("Timed returned %+v, not %+v", r, want)
	}
}

func TestLimits(t *testing.T) {
	limits := Limits[stage]{"slow": 30 * time.Second}
	for _, c := range []struct {
		stage       stage
		asked, want time.Duration
	}{
		{"slow", 0, 30 * time.Second},
		{"other", 0, 10 * time.Second},
		{"slow", time.Second, time.Second},
		{"other", time.Minute, time.Minute},
	} {
		if got := limits.Of(c.stage, c.asked); got != c.want {
			t.Errorf("%s has %s when %s is asked for, not %s", c.stage, got, c.asked, c.want)
		}
	}
}
