package plain

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

func TestSignalAtAQuestionLeavesASession(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			home := sampleHome(t)
			eng, err := flow.Open(t.Context(), standInConfig(t, home))
			if err != nil {
				t.Fatal(err)
			}
			in, w := io.Pipe()
			defer w.Close()
			out := &syncBuffer{}
			ended := talkTo(t, eng, in, out)
			send(t, w, "3", "am01.example.com")
			out.waitFor(t, "Question 2")
			signalSelf(t, s)
			if end := <-ended; end.End != flow.EndInterrupted || !end.Saved || end.Applied != nil {
				t.Errorf("outcome %+v", end)
			}
			closeEngine(t, eng)
			said, _ := converse(t, openEngine(t, standInConfig(t, home)), "")
			says(t, said, texts.ResumeTitle, "3 of 6", "[am01.example.com]")
			if got := strings.Contains(said, texts.ResumeLost); got != (s == syscall.SIGHUP) {
				t.Errorf("says that the connection was lost: %v", got)
			}
		})
	}
}

func TestEndOfTheContextInterrupts(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	ctx, cancel := context.WithCancel(t.Context())
	in, w := io.Pipe()
	defer w.Close()
	time.AfterFunc(50*time.Millisecond, cancel)
	end, err := Run(ctx, Config{Engine: eng, In: in, Out: io.Discard, Getenv: func(string) string { return "" }})
	if err != nil || end.End != flow.EndInterrupted {
		t.Errorf("%+v, %v", end, err)
	}
}

// brokenReader is a link that is gone after some lines.
type brokenReader struct{ r io.Reader }

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = syscall.EIO
	}
	return n, err
}

func TestBrokenInputIsALostLink(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	end, err := Run(t.Context(), Config{Engine: eng, In: brokenReader{strings.NewReader("3\nam01\n")}, Out: io.Discard, Getenv: func(string) string { return "" }})
	if err != nil || end.End != flow.EndInterrupted || !end.Saved {
		t.Errorf("%+v, %v", end, err)
	}
}

func TestClosedOutputEndsIt(t *testing.T) {
	home := sampleHome(t)
	before := tree(t, home)
	eng := openEngine(t, standInConfig(t, home))
	accept(t, eng)
	out := &syncBuffer{broken: true}
	end, err := Run(t.Context(), Config{Engine: eng, In: strings.NewReader("r\na\napply\n"), Out: out, Getenv: func(string) string { return "" }})
	if err != nil || end.End != flow.EndInterrupted || tree(t, home) != before {
		t.Errorf("%+v, %v", end, err)
	}
}

func TestOutputThatTakesNothingDoesNotKeepItFromEnding(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	stuck := make(chan struct{})
	t.Cleanup(func() { close(stuck) })
	in, w := io.Pipe()
	defer w.Close()
	ended := talkTo(t, eng, in, &syncBuffer{stuck: stuck}, func(k *talk) { k.grace = shortGrace })
	time.Sleep(50 * time.Millisecond)
	signalSelf(t, syscall.SIGTERM)
	select {
	case end := <-ended:
		if end.End != flow.EndInterrupted {
			t.Errorf("outcome %+v", end)
		}
	case <-time.After(patience):
		t.Fatal("it hangs")
	}
}

func TestInterruptDuringARecoveryWaitsForIt(t *testing.T) {
	var fail error
	n := 0
	cfg := cutOffConfig(t, sampleHome(t), &fail, &n)
	recovering, gate := make(chan struct{}), make(chan struct{})
	inner := cfg.Backend.Recover
	cfg.Backend.Recover = func(ctx context.Context, home string, o apply.Options) (*apply.Recovery, error) {
		close(recovering)
		<-gate
		return inner(ctx, home, o)
	}
	in, w := io.Pipe()
	defer w.Close()
	out := &syncBuffer{}
	ended := talkTo(t, openEngine(t, cfg), in, out, func(k *talk) { k.grace = shortGrace })
	send(t, w, "1")
	<-recovering
	signalSelf(t, syscall.SIGTERM)
	select {
	case end := <-ended:
		t.Fatalf("it ends in the middle of a recovery: %+v", end)
	case <-time.After(10 * shortGrace):
	}
	close(gate)
	if end := <-ended; end.End != flow.EndInterrupted || n != 1 {
		t.Errorf("recovered %d times, %+v", n, end)
	}
}

func TestLongWorkGivesSignsOfLife(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	build, gate := cfg.Backend.BuildPlan, make(chan struct{})
	cfg.Backend.BuildPlan = func(ctx context.Context, in *carbon.Install, a *answers.Set, except ...string) (*steps.Outcome, error) {
		<-gate
		return build(ctx, in, a, except...)
	}
	in, w := io.Pipe()
	defer w.Close()
	out := &syncBuffer{}
	ended := talkTo(t, openEngine(t, cfg), in, out, func(k *talk) { k.still = 5 * time.Millisecond })
	send(t, w, "r")
	out.waitFor(t, "still working, ")
	out.waitFor(t, "still working, ")
	close(gate)
	out.waitFor(t, "Left open")
	send(t, w, "q")
	<-ended
	onlyLines(t, out.String(), true)
}

// slowChecks replaces the checks of the host name: the first is good at once, the second waits for the gate or its context.
func slowChecks(cfg *flow.Config, gate <-chan struct{}) {
	cfg.CheckTimeout = time.Minute
	cfg.Backend.Steps = func() []steps.Step {
		all := standIns()
		host := all[2].(standIn) //nolint:forcetypeassert // it is one
		host.checks[1].Run = func(ctx context.Context) steps.Result {
			select {
			case <-gate:
				return steps.Result{Status: steps.Fail, Message: "It does not.", Why: "Clients refuse it.", Fix: "Get one."}
			case <-ctx.Done():
				return steps.Result{Status: steps.Unknown}
			}
		}
		all[2] = host
		return all
	}
}

func TestInterruptStopsChecksOnly(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	gate := make(chan struct{})
	slowChecks(&cfg, gate)
	in, w := io.Pipe()
	out := &syncBuffer{}
	ended := talkTo(t, openEngine(t, cfg), in, out, func(k *talk) { k.still = 5 * time.Millisecond })
	send(t, w, "3", "am01.example.com", "", "", "t")
	out.waitFor(t, "[ok] am01.example.com is 10.0.0.4")
	out.waitFor(t, "still working, 0 s: The certificate has the name")
	signalSelf(t, syscall.SIGINT)
	out.waitFor(t, texts.PlainChecksStopped)
	send(t, w, "t")
	out.waitFor(t, "[ok] am01.example.com is 10.0.0.4")
	close(gate)
	out.waitFor(t, "[fail] It does not.\n       Clients refuse it.\n       Get one.\n"+texts.ChecksDone)
	send(t, w, "")
	out.waitFor(t, "Host name: accepted")
	signalSelf(t, syscall.SIGINT) // no checks run: it is meant for the conversation
	if end := <-ended; end.End != flow.EndInterrupted {
		t.Errorf("outcome %+v", end)
	}
	_ = w.Close()
}

func TestStoppedChecksAreNoObstacle(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	slowChecks(&cfg, nil)
	eng := openEngine(t, cfg)
	accept(t, eng)
	in, w := io.Pipe()
	out := &syncBuffer{}
	ended := talkTo(t, eng, in, out)
	send(t, w, "r", "a")
	out.waitFor(t, "[ok]")
	signalSelf(t, syscall.SIGINT)
	out.waitFor(t, texts.PlainChecksStopped)
	out.waitFor(t, "Untested: 1 check of the plan did not run to the end.")
	out.waitFor(t, "Type apply to write:")
	send(t, w, texts.ApplyWord)
	out.waitFor(t, texts.PlainResultPrompt)
	_ = w.Close()
	if end := <-ended; end.End != flow.EndApplied || !strings.Contains(strings.Join(end.Applied.Warnings, " "), texts.AppliedUntested(1)) {
		t.Errorf("outcome %+v", end)
	}
}
