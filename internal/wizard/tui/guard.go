package tui

import "time"

// guard keeps keys that were typed for another screen from a screen that appeared by itself: it swallows them until the line has been quiet.
type guard struct {
	shown, last time.Time
	on          bool
}

const (
	quietFor   = 425 * time.Millisecond
	guardLimit = 1500 * time.Millisecond // somebody who keeps typing is heard after this
)

// start begins to guard.
func (g *guard) start(now time.Time) { *g = guard{shown: now, last: now, on: true} }

// swallow reports whether a key that comes now is for the screen before.
func (g *guard) swallow(now time.Time) bool {
	if !g.on {
		return false
	}
	quiet := now.Sub(g.last)
	g.last = now
	if quiet >= quietFor || now.Sub(g.shown) >= guardLimit {
		g.on = false
		return false
	}
	return true
}
