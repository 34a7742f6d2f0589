package apply

import (
	"bytes"
	"log/slog"
	"time"
)

// runLog writes the log of a run as it goes, a line at a time. It is for people and support: a line that cannot be written hinders nothing.
type runLog struct {
	tree  Tree
	name  string
	now   func() time.Time
	given bool
}

func newRunLog(tree Tree, name string, now func() time.Time) *runLog {
	return &runLog{tree: tree, name: name, now: now}
}

func (l *runLog) line(message string, args ...any) {
	var text bytes.Buffer
	handler := slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Time(slog.TimeKey, l.now().UTC())
		}
		return a
	}})
	slog.New(handler).Info(message, args...)
	if l.tree.Append(l.name, 0o600, text.Bytes()) == nil && !l.given {
		l.given = giveToOwner(l.tree, l.name) == nil
	}
}
