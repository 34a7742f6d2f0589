package flow

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"syscall"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// Config says what an Engine works on.
type Config struct {
	Home    string // the install; may be relative, a link, or hold a trailing slash
	DryRun  bool   // nothing is written, not even the session; the System is read-only
	Version string // of carbon-setup, for the lock, the manifest and the report
	Who     apply.Who

	// Answers are those of an answers file, their secrets resolved as far as possible; nil = none. Their sections count as accepted.
	Answers *answers.Set
	// AnswersFile names that file, for what is shown.
	AnswersFile string

	Now    func() time.Time // nil = time.Now
	Getenv func(string) (string, bool)
	// WriteFile writes the answers file that the operator asks to save: 0600, never through a link, fs.ErrExist when the file is there and
	// replace is false. nil = saving is not offered.
	WriteFile func(path string, data []byte, replace bool) error

	CheckTimeout time.Duration // for one check; 0 = 15 s
	Carbon       carbon.Options
	Backend      Backend
}

// Entry says which screen comes first.
type Entry int

// The entries, in the order in which they are looked for.
const (
	EntryHub     Entry = iota
	EntryLocked        // another wizard or apply holds the lock: only looking is possible
	EntryRecover       // an apply was cut off: recover before anything else
	EntryResume        // a session was left behind
)

// Engine is one run of the wizard on one install.
type Engine struct {
	cfg    Config
	back   Backend
	state  State
	system apply.System
	schema answers.Schema
	home   string

	mu       sync.Mutex
	install  *carbon.Install
	work     *steps.Workspace // without edits: what the questions and the audit read
	results  []steps.Result
	states   map[string]steps.State
	applies  map[string]string // step id -> why it does not apply
	answers  *answers.Set
	done     map[string]bool // accepted, in this session or by the answers file
	skipped  map[string]string
	drafts   map[string]string
	invalid  map[string]bool   // steps left with a draft that cannot be accepted
	base     map[string]string // field key -> the text its form started with, without a draft
	at       Place
	lock     *apply.Lock
	holder   *apply.LockedError
	noWrite  string // why nothing can be written, "" = it can
	cut      *apply.Run
	pending  *answers.Session // found at start, not resumed yet
	notices  []string
	tested   map[string]tested
	review   *Review
	applying *Applying
	last     *Applied
	applied  map[string]bool // steps whose answers a run of this Engine has applied
	kept     *answers.Set    // those answers, for SaveAnswers; nil = none
	grounds  map[string]map[string]ground
	inForce  map[string]string // what the install has for the keys that steps read of one another
	closed   bool

	lastFolder string // of the last file that was picked

	generation int // of checks
}

// Open opens the install, takes the lock, looks for an apply that was cut off and for a session, and audits. In a dry run nothing is
// locked or written. A held lock, or a home that this user cannot write to, is not an error: the Engine only looks then.
// Errors: *carbon.RefusedError, or an error of the file system with its path.
func Open(ctx context.Context, cfg Config) (*Engine, error) {
	e := &Engine{
		cfg: cfg, back: cfg.Backend.withDefaults(), done: map[string]bool{}, skipped: map[string]string{},
		drafts: map[string]string{}, invalid: map[string]bool{}, base: map[string]string{}, tested: map[string]tested{}, applied: map[string]bool{},
		grounds: map[string]map[string]ground{},
	}
	if e.cfg.Now == nil {
		e.cfg.Now = time.Now
	}
	if e.cfg.CheckTimeout == 0 {
		e.cfg.CheckTimeout = 15 * time.Second
	}
	in, err := e.back.Open(ctx, cfg.Home, cfg.Carbon)
	if err != nil {
		return nil, err
	}
	e.install, e.home = in, in.Home
	e.schema = e.back.Schema()
	e.answers = answers.NewSet(e.schema)
	e.system = e.back.System(cfg.DryRun)
	e.state = e.back.State(e.home, e.system)
	e.lockHome()
	e.findCutOff()
	e.findSession()
	e.findUnseen()
	e.takeAnswers(cfg.Answers)
	if err := e.audit(ctx, in); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.groundAll(e.done)
	for _, m := range e.install.Missing {
		e.notices = append(e.notices, texts.Unreadable(m.File, m.Why))
	}
	return e, nil
}

// lockHome takes the lock, or finds out why only looking is possible.
func (e *Engine) lockHome() {
	if e.cfg.DryRun {
		e.noWrite = texts.DryRunNoWrite
		return
	}
	lock, err := e.back.AcquireLock(e.home, e.options())
	var held *apply.LockedError
	switch {
	case err == nil:
		e.lock = lock
	case errors.As(err, &held):
		e.holder, e.noWrite = held, texts.LockedNoWrite
	case errors.Is(err, fs.ErrPermission), errors.Is(err, apply.ErrReadOnly), errors.Is(err, syscall.EROFS):
		e.noWrite = texts.NoRights(e.home, e.cfg.Who.User)
	default:
		e.noWrite = texts.CannotLock(e.home, err)
	}
}

func (e *Engine) findCutOff() {
	if e.holder != nil {
		return // the run that looks cut off is the holder's, and under way
	}
	run, err := e.back.Unfinished(e.home)
	if err != nil {
		e.notices = append(e.notices, texts.CannotReadRuns(e.home, err))
		return
	}
	e.cut = run
}

// takeAnswers makes the sections of an answers file accepted answers.
func (e *Engine) takeAnswers(set *answers.Set) {
	if set == nil {
		return
	}
	e.answers = set.Clone()
	for _, s := range e.back.Steps() {
		if info := s.Info(); !info.NotBuilt && info.Asked(e.answers) {
			e.done[info.ID] = true
		}
	}
}

// options are what every call of apply gets.
func (e *Engine) options() apply.Options {
	return apply.Options{System: e.system, Now: e.cfg.Now, Who: e.cfg.Who, Held: e.lock, UndoAction: steps.UndoAction}
}

// Close gives the lock back. It does not wait for an apply under way: Wait for that first. A second Close does nothing.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.lock == nil {
		return nil
	}
	e.closed = true
	return e.back.Release(e.lock)
}

// Refresh reads the install again and audits it: at the start, after an apply, and when the operator asks.
func (e *Engine) Refresh(ctx context.Context) error {
	in, err := e.back.Open(ctx, e.home, e.cfg.Carbon)
	if err != nil {
		return err
	}
	return e.audit(ctx, in)
}

// audit judges an install that has just been opened, and takes it for the present one.
func (e *Engine) audit(ctx context.Context, in *carbon.Install) error {
	w := steps.NewWorkspace(in)
	results := e.back.Audit(ctx, w)
	if err := ctx.Err(); err != nil {
		return err
	}
	states, applies := map[string]steps.State{}, map[string]string{}
	for _, s := range e.back.Steps() {
		id := s.Info().ID
		states[id] = steps.StateOf(s, w, results)
		if ok, why := s.Applies(w); !ok {
			applies[id] = why
		}
	}
	inForce := valuesInForce(e.back.Steps(), w, e.schema)
	w.Hurry(hurry)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.install, e.work, e.results, e.states, e.applies, e.inForce = in, w, results, states, applies, inForce
	return nil
}

// Entry says which screen comes first now. Ask again after Recover, Resume or StartOver.
func (e *Engine) Entry() Entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.holder != nil:
		return EntryLocked
	case e.cut != nil:
		return EntryRecover
	case e.pending != nil:
		return EntryResume
	}
	return EntryHub
}

// Holder is who holds the lock, nil when this Engine does or none is needed.
func (e *Engine) Holder() *apply.LockedError {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.holder
}

// Unfinished is the apply that was cut off, or nil.
func (e *Engine) Unfinished() *apply.Run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cut
}

// Recover finishes or undoes the apply that was cut off, and audits again.
func (e *Engine) Recover(ctx context.Context) (*apply.Recovery, error) {
	o := e.options()
	o.Running = e.running
	r, err := e.back.Recover(ctx, e.home, o)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.cut = nil
	e.mu.Unlock()
	return r, e.Refresh(ctx)
}

// running asks anew whether a server runs from the home.
func (e *Engine) running(ctx context.Context) (int, error) {
	e.mu.Lock()
	in := *e.install
	e.mu.Unlock()
	if err := in.Refresh(ctx); err != nil {
		return 0, err
	}
	if in.Running == nil {
		return 0, nil
	}
	return in.Running.PID, nil
}

// Facts is what a front end says about the install, the machine and this run.
type Facts struct {
	Home, Product, Version, Host, Program string
	Transport                             carbon.Transport
	Started                               carbon.Started
	Java                                  carbon.Java
	Memory                                uint64
	Running                               *carbon.Process
	Missing                               []carbon.Unreadable
	DryRun                                bool
	NoWrite                               string   // why nothing can be written, "" = it can
	CanSave                               bool     // the answers can be saved to a file
	AnswersFile                           string   // the answers file that this run began with
	Notices                               []string // to be read once, at the start and after Resume: sentences
}

// Facts returns the facts as of the last Refresh.
func (e *Engine) Facts() Facts {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := e.install
	return Facts{
		Home: e.home, Product: in.Product, Version: in.Version, Host: in.Host.Name, Program: e.cfg.Version,
		Transport: in.Transport, Started: in.Started, Java: in.Java, Memory: in.Host.Memory, Running: in.Running, Missing: in.Missing,
		DryRun: e.cfg.DryRun, NoWrite: e.noWrite, CanSave: e.cfg.WriteFile != nil, AnswersFile: e.cfg.AnswersFile,
		Notices: append([]string(nil), e.notices...),
	}
}

// Now is the time of the Engine's clock.
func (e *Engine) Now() time.Time { return e.cfg.Now() }

// step returns a step of this Engine by its id.
func (e *Engine) step(id string) (steps.Step, bool) {
	for _, s := range e.back.Steps() {
		if s.Info().ID == id {
			return s, true
		}
	}
	return nil, false
}
