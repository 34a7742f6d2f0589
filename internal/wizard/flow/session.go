package flow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// SessionFile is the name of the session in the state folder.
const SessionFile = "session.json"

// unreadableFile keeps a session that could not be read, before another takes its place.
const unreadableFile = "session.unreadable"

// Resume is what a session that was left behind holds.
type Resume struct {
	Place       Place
	Guideline   int    // of the step
	Title       string // "Host name", "the review", "the list"
	SavedAt     time.Time
	Ago         time.Duration
	From, User  string
	LostLink    bool
	Accepted    []string // titles
	Skipped     []string // titles
	NeedSecrets []string // titles of the steps whose secrets have to be typed again
	Changed     []string // files of the install that changed on disk since
}

// Save writes the session: what was accepted, skipped and typed, and where the operator is. Never a secret. lostLink says that it is written
// because the connection went. In a dry run, or when only looking, it does nothing.
func (e *Engine) Save(_ context.Context, lostLink bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.noWrite != "" || e.pending != nil || e.cut != nil || e.closed || e.applying != nil {
		return nil // nothing to save, nobody to save it for, or a session that the operator has not decided about
	}
	if e.nothingToKeep() {
		return e.removeSession()
	}
	return e.writeSession(lostLink)
}

// nothingToKeep reports whether a session would only say that the operator has looked at the list.
func (e *Engine) nothingToKeep() bool {
	return e.at.Screen != AtStep && len(e.done) == 0 && len(e.drafts) == 0 && len(e.skipped) == 0
}

// CanResume reports whether this Engine leaves a session on disk to come back to.
func (e *Engine) CanResume() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.noWrite != "" {
		return false // it wrote none; another's may be there
	}
	_, err := e.state.Read(SessionFile)
	return err == nil
}

func (e *Engine) writeSession(lostLink bool) error {
	s := answers.Session{
		SavedAt: e.cfg.Now().UTC(), From: e.from(), User: e.cfg.Who.User,
		Step: e.at.step(), Accepted: string(e.answers.Anchored("").Marshal()), Drafts: e.drafts, Skipped: e.skipped, LostLink: lostLink,
		RestsOn: e.writtenGrounds(),
	}
	for _, st := range e.back.Steps() {
		if e.done[st.Info().ID] {
			s.Done = append(s.Done, st.Info().ID)
		}
	}
	data, err := answers.EncodeSession(s)
	if err != nil {
		return err
	}
	return e.state.Write(SessionFile, data)
}

func (e *Engine) from() string {
	if e.cfg.Who.Client != "" {
		return e.cfg.Who.Client
	}
	return e.cfg.Who.Terminal
}

// step is the place as the session file has it.
func (p Place) step() string {
	switch p.Screen {
	case AtStep:
		return p.Step
	case AtReview:
		return string(AtReview)
	case AtHub:
	}
	return ""
}

func placeOf(step string) Place {
	switch step {
	case "":
		return Place{Screen: AtHub}
	case string(AtReview):
		return Place{Screen: AtReview}
	}
	return Place{Screen: AtStep, Step: step}
}

// findSession looks for a session that was left behind. One that cannot be read is put aside and said so.
func (e *Engine) findSession() {
	if e.holder != nil {
		return // it is the holder's
	}
	data, err := e.state.Read(SessionFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		e.notices = append(e.notices, texts.CannotReadSession(err))
		return
	}
	s, err := answers.DecodeSession(data)
	if err == nil {
		_, err = answers.ParseAccepted(SessionFile, []byte(s.Accepted), e.schema)
	}
	if err != nil {
		e.notices = append(e.notices, texts.SessionUnreadable(unreadableFile, err))
		if e.noWrite == "" {
			_ = e.state.Write(unreadableFile, data)
		}
		return
	}
	e.pending = &s
}

// Resumable describes the session that was left behind; ok is false when there is none.
func (e *Engine) Resumable(_ context.Context) (r Resume, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.pending
	if s == nil {
		return r, false
	}
	r = Resume{
		Place: placeOf(s.Step), SavedAt: s.SavedAt, Ago: max(0, e.cfg.Now().Sub(s.SavedAt)), From: s.From, User: s.User,
		LostLink: s.LostLink, Changed: e.changedSince(s.SavedAt),
	}
	r.Title = texts.PlaceTitle(string(r.Place.Screen))
	set, err := answers.ParseAccepted(SessionFile, []byte(s.Accepted), e.schema)
	if err != nil {
		return r, true
	}
	done := map[string]bool{}
	for _, id := range s.Done {
		done[id] = true
	}
	for _, st := range e.back.Steps() {
		info := st.Info()
		if info.ID == r.Place.Step {
			r.Title, r.Guideline = info.Title, info.Guideline
		}
		if _, skipped := s.Skipped[info.ID]; skipped {
			r.Skipped = append(r.Skipped, info.Title)
		} else if done[info.ID] {
			r.Accepted = append(r.Accepted, info.Title)
		}
		if done[info.ID] && promptsFor(st, set) {
			r.NeedSecrets = append(r.NeedSecrets, info.Title)
		}
	}
	return r, true
}

// promptsFor reports whether the answers of a step name a secret that only the operator knows.
func promptsFor(s steps.Step, set *answers.Set) bool {
	for _, spec := range s.Specs() {
		if spec.Kind != answers.Secret {
			continue
		}
		if v, ok := set.Lookup(spec.Key); ok && v.Ref.Env == "" && v.Ref.File == "" {
			return true
		}
	}
	return false
}

// changedSince names the configuration files that are younger than a time.
func (e *Engine) changedSince(t time.Time) []string {
	seen := map[string]bool{}
	for _, pattern := range []string{
		"bin/*", "bin/*/*.conf", "repository/conf/*", "repository/conf/*/*", "repository/conf/*/*/*",
		"repository/resources/security/*",
	} {
		for _, rel := range e.install.Glob(pattern) {
			if info, err := e.install.Stat(rel); err == nil && info.Mode().IsRegular() && info.ModTime().After(t) {
				seen[rel] = true
			}
		}
	}
	changed := make([]string, 0, len(seen))
	for rel := range seen {
		changed = append(changed, rel)
	}
	sort.Strings(changed)
	return changed
}

// Resume goes on with the session that was left behind; At then says where. Secrets that came from a file or the environment are read again; typed
// ones have to be typed again. Answers of a file given at the start win over those of the session.
func (e *Engine) Resume(ctx context.Context) error {
	e.mu.Lock()
	s := e.pending
	e.mu.Unlock()
	if s == nil {
		return errors.New("no session to resume")
	}
	set, err := answers.ParseAccepted(SessionFile, []byte(s.Accepted), e.schema)
	if err != nil {
		return err
	}
	notice := ""
	r := answers.Resolver{Getenv: e.cfg.Getenv, Prompt: func(context.Context, string) (secret.Secret, error) { return secret.Secret{}, nil }}
	if _, err := r.Resolve(ctx, set); err != nil {
		notice = texts.SecretsNotRead(e.told(faultText(err)))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pending = nil
	e.restore(s, set)
	if notice != "" {
		e.notices = append(e.notices, notice)
	}
	return nil
}

func (e *Engine) restore(s *answers.Session, set *answers.Set) {
	fromFile, fileDone := e.answers, e.done
	e.answers, e.done = set, map[string]bool{}
	for _, id := range s.Done {
		if _, ok := e.step(id); ok {
			e.done[id] = true
		}
	}
	e.skipped, e.drafts = orEmpty(s.Skipped), orEmpty(s.Drafts)
	e.restoreGrounds(s.RestsOn)
	if len(fileDone) > 0 {
		e.overlay(fromFile, fileDone)
		e.groundAll(fileDone)
	}
	e.at = placeOf(s.Step)
	if st, ok := e.step(e.at.Step); e.at.Screen == AtStep && (!ok || st.Info().NotBuilt) {
		e.at = Place{Screen: AtHub}
	}
	for _, st := range e.back.Steps() {
		if e.hasDraft(st) && !st.Info().NotBuilt {
			v := Values{Text: e.drafts}
			trial, _, problems := e.trial(st, v)
			e.invalid[st.Info().ID] = worstOf(append(problems, e.judge(st, trial, problems)...)) == steps.Error
		}
	}
}

// overlay puts the answers of the file given at the start over those of the session.
func (e *Engine) overlay(file *answers.Set, done map[string]bool) {
	for id := range done {
		e.done[id] = true
	}
	for _, spec := range e.schema {
		if strings.Contains(spec.Key, "*") {
			continue
		}
		if v, ok := file.Lookup(spec.Key); ok {
			e.answers.Put(spec.Key, v)
		}
	}
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func faultText(err error) string {
	var faults *answers.FaultsError
	if !errors.As(err, &faults) {
		return err.Error()
	}
	parts := make([]string, 0, len(faults.Faults))
	first, more := answers.First(faults.Faults)
	for _, f := range first {
		parts = append(parts, fmt.Sprintf("%s: %s", f.Key, f.Message))
	}
	if more > 0 {
		parts = append(parts, answers.AndMore(more))
	}
	return strings.Join(parts, "; ")
}

// unseenFile names the run whose result nobody has seen yet.
const unseenFile = "unseen"

// findUnseen tells of an apply that came to its end after the connection was lost.
func (e *Engine) findUnseen() {
	if e.holder != nil {
		return
	}
	data, err := e.state.Read(unseenFile)
	if err != nil {
		return
	}
	id := strings.TrimSpace(string(data))
	runs, err := e.back.Runs(e.home)
	if err != nil {
		return
	}
	for _, r := range runs {
		if r.ID == id {
			e.notices = append(e.notices, texts.UnseenRun(r.ID, r.State, len(r.Files), r.Dir))
		}
	}
	if e.noWrite == "" {
		_ = e.state.Remove(unseenFile) // it would only be told again
	}
}

// Seen says that the operator has seen the result of the last apply. Without it the next start tells of the run.
func (e *Engine) Seen(_ context.Context) error {
	if e.noWrite != "" {
		return nil
	}
	return e.state.Remove(unseenFile)
}

// StartOver forgets the session that was left behind.
func (e *Engine) StartOver(_ context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pending = nil
	if e.noWrite != "" {
		return nil
	}
	return e.removeSession()
}

func (e *Engine) removeSession() error {
	if err := e.state.Remove(SessionFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
