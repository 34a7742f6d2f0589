// Package plain is the line-by-line front end of the wizard: for screen readers, serial lines, scripts and logs. It asks the same questions
// as the full screen, with the same words, judges and plan, but only ever appends lines: no cursor is moved and no color is sent.
//
// Every answer is one line. An answer that is not understood changes nothing: the question comes again and says what is possible. The end of the
// input is the wish to leave, and so is a third answer in a row that cannot be used when nobody sits at the input. A line counts
// when its line end has come.
package plain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// Config says where to talk.
type Config struct {
	Engine *flow.Engine
	In     io.Reader // a terminal hides passwords; anything else is read as it comes
	Out    io.Writer
	Getenv func(string) string // nil = os.Getenv
}

const (
	stillEvery = 30 * time.Second // between signs of life
	graceTime  = 2 * time.Second  // for an output that takes nothing any more
)

// How a conversation ends.
var (
	errLeft        = errors.New("left by the operator")
	errNothing     = fmt.Errorf("%w with nothing to change", errLeft)
	errTooMany     = errors.New("too many answers could not be used")
	errInterrupted = errors.New("interrupted")
	errGone        = errors.New("the input or the output is gone")
)

// Run shows the wizard as lines until the operator leaves, or the link does. It handles SIGHUP, SIGTERM and SIGINT itself while it runs; an
// interrupt while checks run only stops these. An apply or a recovery under way is waited for, however long it takes. Run does not close the Engine.
//
// The Outcome says how it ended. An error is one of this program.
func Run(ctx context.Context, c Config) (flow.Outcome, error) { return newTalk(c).hold(ctx) }

// hold holds the conversation, in a goroutine of its own: one that is stuck in a write must not keep the process from ending.
func (t *talk) hold(ctx context.Context) (flow.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer t.tty.show()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, append([]os.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT}, continued...)...)
	// A closed output is an error of the next write. It must not end the process: an apply may be under way, and the caller has last words.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	ended := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				ended <- fmt.Errorf("the plain front end failed: %v", r)
			}
		}()
		ended <- t.run(ctx)
	}()
	lost, err := t.heed(ctx, signals, ended, cancel)
	out, fault := t.finish(err, lost)
	if !lost && !errors.Is(err, errGone) {
		signal.Stop(signals)
	} // else the signal of the hang-up may be still to come, or come again from the shell: it must not cut off the caller's last words
	return out, fault
}

// heed waits for the end of the conversation, and ends it when a signal says so. lost means that the link went.
func (t *talk) heed(ctx context.Context, signals <-chan os.Signal, ended <-chan error, cancel func()) (lost bool, err error) {
	for {
		select {
		case err := <-ended:
			return false, err
		case <-ctx.Done():
			return false, t.windUp(ended)
		case sig := <-signals:
			if slices.Contains(continued, sig) {
				t.tty.hideAgain()
				continue
			}
			if sig == syscall.SIGINT && t.stop.now() {
				continue // it was for the checks
			}
			cancel()
			return sig == syscall.SIGHUP, t.windUp(ended)
		}
	}
}

// windUp waits for the end of a conversation that was told to end. One that is stuck in a write is left behind; what must not be cut
// off is waited for.
func (t *talk) windUp(ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-time.After(t.grace):
	}
	if a := t.eng.Applying(); a != nil {
		a.Wait(context.Background())
	}
	t.vital.Lock()
	defer t.vital.Unlock()
	select {
	case err := <-ended:
		return err
	case <-time.After(t.grace):
		return errInterrupted
	}
}

// finish saves the session and says how it ended. A failed apply is told whatever came after it.
func (t *talk) finish(err error, lost bool) (flow.Outcome, error) {
	if a := t.eng.Applying(); a != nil {
		a.Wait(context.Background())
	}
	interrupted := errors.Is(err, errInterrupted) || errors.Is(err, errGone)
	if !interrupted && !errors.Is(err, errLeft) && !errors.Is(err, errTooMany) {
		return flow.Outcome{}, err
	}
	lost = lost || errors.Is(err, errGone)
	out := flow.Outcome{End: flow.EndLeft, Applied: t.eng.Last()}
	out.Saved = t.eng.Save(context.Background(), lost) == nil && t.eng.CanResume()
	switch {
	case out.Applied != nil && out.Applied.Err != nil:
		out.End = flow.EndFailed
	case interrupted:
		out.End = flow.EndInterrupted
	case out.Applied != nil:
		out.End = flow.EndApplied
	case errors.Is(err, errNothing):
		out.End = flow.EndNothing
	}
	return out, nil
}

// talk is one conversation. Its methods run in one goroutine; each screen returns where the conversation goes on.
type talk struct {
	eng   *flow.Engine
	in    *lines
	out   *printer
	tty   *terminal
	env   func(string) string
	still time.Duration
	grace time.Duration

	stop  stopper
	vital sync.Mutex // held while something runs that must come to its end

	bad     int  // answers in a row that could not be used
	refused bool // the last one was such
	look    bool // only looking
	told    int  // notices that have been read
	hinted  bool // that passwords are not shown
}

func newTalk(c Config) *talk {
	env := c.Getenv
	if env == nil {
		env = os.Getenv
	}
	return &talk{
		eng: c.Engine, in: newLines(c.In), out: &printer{w: c.Out, ascii: !utf8Locale(env), width: lineWidth}, tty: newTerminal(c.In),
		env: env, still: stillEvery, grace: graceTime,
	}
}

// run is the conversation.
func (t *talk) run(ctx context.Context) error {
	defer t.in.close()
	t.greet()
	start := flow.Place{Screen: flow.AtHub}
	for {
		var err error
		switch t.eng.Entry() {
		case flow.EntryLocked:
			err = t.locked(ctx)
		case flow.EntryRecover:
			err = t.cutOff(ctx)
		case flow.EntryResume:
			start, err = t.resume(ctx)
		case flow.EntryHub:
			return t.walk(ctx, start)
		}
		if err != nil {
			return err
		}
	}
}

// greet says where this is, how to answer, and what has to be read before.
func (t *talk) greet() {
	f := t.eng.Facts()
	product := f.Product
	if f.Version != "" {
		product += " " + f.Version
	}
	t.out.line(texts.PlainWhere(f.Program, f.Home, product, f.Host))
	if t.env("SSH_TTY") != "" && t.env("TMUX") == "" && t.env("STY") == "" {
		t.out.say(texts.TmuxAdvice)
	}
	t.out.blank()
	for _, s := range []string{texts.PlainHow, texts.PlainKeys, texts.PlainLiteral} {
		t.out.say(s)
	}
	if f.NoWrite != "" {
		t.out.say(f.NoWrite)
	} else {
		t.out.say(texts.PlainNothing)
	}
	t.notices()
}

// notices says what has to be read once.
func (t *talk) notices() {
	all := t.eng.Facts().Notices
	if len(all) > t.told {
		t.heading(texts.NoticesTitle)
	}
	for ; t.told < len(all); t.told++ {
		t.out.say(all[t.told])
	}
}

// heading begins a screen. It says whether anything can be written.
func (t *talk) heading(s string) {
	f := t.eng.Facts()
	switch {
	case f.DryRun:
		s += "  [" + texts.DryRun + "]"
	case t.look || f.NoWrite != "":
		s += "  [" + texts.ReadOnly + "]"
	}
	t.out.blank()
	t.out.line(s)
}

// walk goes from screen to screen.
func (t *talk) walk(ctx context.Context, p flow.Place) error {
	back := flow.Place{Screen: flow.AtHub}
	for {
		var err error
		from := p
		t.enter(ctx, p)
		switch p.Screen {
		case flow.AtStep:
			p, err = t.step(ctx, p.Step, back)
		case flow.AtReview:
			p, err = t.review(ctx)
		default:
			p, err = t.hub(ctx)
		}
		if err != nil {
			return err
		}
		if from.Screen != flow.AtStep {
			back = from
		} else {
			back = flow.Place{Screen: flow.AtHub}
		}
	}
}

// enter has the session remember a place.
func (t *talk) enter(ctx context.Context, p flow.Place) {
	if t.look {
		return
	}
	if err := t.eng.Enter(ctx, p); err != nil {
		t.out.say(texts.SessionNotSaved(err))
	}
}
