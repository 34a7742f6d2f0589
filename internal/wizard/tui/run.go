package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// Config of Run.
type Config struct {
	Engine  *flow.Engine
	In, Out *os.File // both terminals; the command has made sure of that
	Env     []string // nil = os.Environ()
	Slow    bool     // 5 frames a second, no sidebar, no signs of life
	Color   string   // "auto" (also ""), "always", "never"
}

const (
	framesPerSecond     = 30
	slowFramesPerSecond = 5
	killTime            = 2 * time.Second // for a terminal that takes nothing any more
)

// Run shows the wizard until the operator leaves, or the link does. It handles SIGHUP, SIGTERM and SIGINT itself while it runs. An apply that is
// under way when the screen goes is waited for, however long it takes. Run does not close the Engine.
//
// The Outcome says how it ended; an error is one of the terminal itself.
func Run(ctx context.Context, c Config) (flow.Outcome, error) {
	env := c.Env
	if env == nil {
		env = os.Environ()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := newRoot(ctx, c.Engine, lookup(env), c.Slow)
	p := tea.NewProgram(m, programOptions(c, env)...)

	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT)

	ended := make(chan struct{})
	var err error // of the terminal; to be read when ended is closed
	go func() {
		defer close(ended)
		_, err = p.Run()
	}()
	interrupted, lost := false, false
	select {
	case <-ended:
		// An error of reading the terminal is the link gone before the signal came.
		interrupted = err != nil && !errors.Is(err, tea.ErrProgramPanic)
		lost = interrupted
	case sig := <-signals:
		interrupted, lost = true, sig == syscall.SIGHUP
		stop(p, ended)
	case <-ctx.Done():
		interrupted = true
		stop(p, ended)
	}
	cancel()
	if a := c.Engine.Applying(); a != nil {
		if !interrupted {
			_, _ = fmt.Fprintln(c.Out, texts.WaitingToEnd)
		}
		a.Wait(context.Background())
	}
	if !lost {
		signal.Stop(signals)
	} // else the signal of the hang-up may be still to come, or come again from the shell: it must not cut off the caller's last words
	if !interrupted && errors.Is(err, tea.ErrProgramPanic) {
		return flow.Outcome{}, fmt.Errorf("the terminal front end failed: %w", err)
	}
	return finish(c.Engine, m, interrupted, lost), nil
}

// stop ends the program. One that is stuck in a write to a terminal that takes nothing is left behind.
func stop(p *tea.Program, ended <-chan struct{}) {
	go p.Kill()
	select {
	case <-ended:
	case <-time.After(killTime):
	}
}

// finish saves the session and says how it ended. No apply is under way any more. A failed apply is told whatever came after it.
func finish(eng *flow.Engine, m *root, interrupted, lost bool) flow.Outcome {
	out := flow.Outcome{End: flow.EndLeft, Applied: eng.Last()}
	if !interrupted && m.end != nil { // an interrupted program may still be drawing
		out.End = m.end.End
	}
	out.Saved = eng.Save(context.Background(), lost) == nil && eng.CanResume()
	switch {
	case out.Applied != nil && out.Applied.Err != nil:
		out.End = flow.EndFailed
	case interrupted:
		out.End = flow.EndInterrupted
	case out.Applied != nil:
		out.End = flow.EndApplied
	}
	return out
}

func programOptions(c Config, env []string) []tea.ProgramOption {
	fps := framesPerSecond
	if c.Slow {
		fps = slowFramesPerSecond
	}
	opts := []tea.ProgramOption{
		tea.WithInput(endlessTTY{c.In}), tea.WithOutput(quietTTY{c.Out}), tea.WithEnvironment(env), tea.WithFPS(fps),
		tea.WithoutSignalHandler(), tea.WithFilter(sized),
	}
	switch c.Color {
	case "never":
		opts = append(opts, tea.WithColorProfile(colorprofile.Ascii))
	case "always":
		opts = append(opts, tea.WithColorProfile(colorprofile.ANSI))
	}
	return opts
}

// sized gives a terminal without a size, such as a serial console, that of an ordinary one: the renderer would draw nothing.
func sized(_ tea.Model, msg tea.Msg) tea.Msg {
	if s, ok := msg.(tea.WindowSizeMsg); ok && (s.Width <= 0 || s.Height <= 0) {
		return tea.WindowSizeMsg{Width: noSizeW, Height: noSizeH}
	}
	return msg
}

// lookup reads an environment.
func lookup(env []string) func(string) string {
	return func(name string) string {
		for i := len(env) - 1; i >= 0; i-- {
			if k, v, ok := strings.Cut(env[i], "="); ok && k == name {
				return v
			}
		}
		return ""
	}
}
