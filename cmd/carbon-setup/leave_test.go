package main

import (
	"bytes"
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"carbon-setup/internal/steps"
)

// TestLeavingACheckOfTheServer ends a question that nobody answers, as an operator does and as a lost link does.
func TestLeavingACheckOfTheServer(t *testing.T) {
	for sent, want := range map[syscall.Signal]int{syscall.SIGINT: exitLeft, syscall.SIGTERM: exitInterrupted, syscall.SIGHUP: exitInterrupted} {
		ctx, stop := leavable(t.Context())
		check := steps.LiveCheck{Title: "a server that does not answer", Timeout: time.Minute, Run: func(ctx context.Context) []steps.Result {
			if err := syscall.Kill(syscall.Getpid(), sent); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			return []steps.Result{{ID: "live.port", Status: steps.Unknown, Message: "The question was cut off."}}
		}}
		err := runLive(ctx, check, func(r steps.Result) error {
			t.Errorf("%v: told, though it was not looked at to the end: %s", sent, r.Message)
			return nil
		})
		stop()
		var out, said bytes.Buffer
		if got := (&app{out: &out, err: &said, json: true}).fail(err); got != want {
			t.Errorf("%v: exit code %d, want %d (%v)", sent, got, want, err)
		}
		if sent == syscall.SIGINT && (!strings.Contains(said.String(), "Nothing was written") || !strings.Contains(out.String(), `"kind":"left"`)) {
			t.Errorf("said %q and %q", said.String(), out.String())
		}
		if strings.Contains(said.String()+out.String(), "context") {
			t.Errorf("%v: said %q", sent, said.String())
		}
	}
}
