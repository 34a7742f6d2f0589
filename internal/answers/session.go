package answers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"
)

// sessionVersion is the version of the session's format that this program writes and the newest that it reads.
const sessionVersion = 2

// maxSession is the size that a session file may have.
const maxSession = 4 << 20

// Session is what a wizard needs to go on after a dropped link. It never holds a secret.
type Session struct {
	Version  int               `json:"version"`
	SavedAt  time.Time         `json:"saved_at"`
	From     string            `json:"from"` // SSH client address, or the terminal
	User     string            `json:"user"`
	Step     string            `json:"step"`     // id of the step, "review", or "" = hub
	Accepted string            `json:"accepted"` // answers file text, as by Marshal
	Drafts   map[string]string `json:"drafts"`   // field key -> text typed; secret fields never
	Skipped  map[string]string `json:"skipped"`  // step id -> reason
	Done     []string          `json:"done"`     // ids of the steps accepted in this session
	LostLink bool              `json:"lost_link"`

	// RestsOn is what the accepted answers of a step rested on: step id -> key of another step -> its value then. Of a secret, only whether
	// there was one.
	RestsOn map[string]map[string]string `json:"rests_on,omitempty"`
}

// SessionError says why a session file cannot be used. Newer: another version of the program wrote it, and it may be sound.
type SessionError struct {
	Newer   bool
	Message string // what and why, a full sentence
	Fix     string // what to do, a full sentence
}

// Error returns both sentences.
func (e *SessionError) Error() string { return e.Message + " " + e.Fix }

const startOver = "Start over; nothing has been written to the install."

func damaged(why string) *SessionError {
	return &SessionError{Message: "The saved session is damaged: " + why + ".", Fix: startOver}
}

// WithoutSecrets returns the session without drafts of keys that are secrets in the schema, or that it does not have.
func (s Session) WithoutSecrets(schema Schema) Session {
	s.Drafts = maps.Clone(s.Drafts)
	maps.DeleteFunc(s.Drafts, func(key string, _ string) bool {
		spec, ok := schema.Lookup(key)
		return !ok || spec.Kind == Secret
	})
	return s
}

// EncodeSession and DecodeSession are its file format. A damaged or newer file is a *SessionError that says so. The version
// is set by EncodeSession.
func EncodeSession(s Session) ([]byte, error) {
	s.Version = sessionVersion
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the session: %w", err)
	}
	if len(data) > maxSession {
		return nil, fmt.Errorf("encode the session: it has %d bytes, more than %d", len(data), maxSession)
	}
	return append(data, '\n'), nil
}

// DecodeSession reads what EncodeSession wrote. The maps of the result are never nil.
func DecodeSession(data []byte) (Session, error) {
	switch {
	case len(data) > maxSession+1:
		return Session{}, damaged("it is far too large")
	case len(bytes.TrimSpace(data)) == 0:
		return Session{}, damaged("it is empty")
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return Session{}, damaged(jsonReason(err))
	}
	switch {
	case head.Version > sessionVersion:
		return Session{}, &SessionError{
			Newer:   true,
			Message: fmt.Sprintf("The saved session was written by a newer carbon-setup (format %d; this one reads %d).", head.Version, sessionVersion),
			Fix:     "Go on with that version, or start over; nothing has been written to the install.",
		}
	case head.Version < 1:
		return Session{}, damaged("it does not say its version")
	}
	var s Session
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Session{}, damaged(jsonReason(err))
	}
	if s.Drafts == nil {
		s.Drafts = map[string]string{}
	}
	if s.Skipped == nil {
		s.Skipped = map[string]string{}
	}
	return s, nil
}

// jsonReason says what is wrong without a piece of the text.
func jsonReason(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var moment *time.ParseError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("it cannot be read from byte %d on", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("the value at byte %d is of the wrong kind", kind.Offset)
	case errors.As(err, &moment):
		return "a time in it cannot be read"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it breaks off"
	}
	return "it has a field that no session has"
}
