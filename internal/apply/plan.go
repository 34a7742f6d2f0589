// Package apply turns a Plan into changed files: diff, lock, preflight, backup, journal, swap, verify, roll back, restore, recover.
// It knows files, not guidelines, and it is the only package that writes to an install.
//
// What a run does to a home is described above type transaction, with a table of what happens to each kind of file.
package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// StateDir is the folder inside a home that holds lock, session and runs.
const StateDir = ".carbon-setup"

// Op is what happens to a file.
type Op string

// The operations on a file.
const (
	Modify Op = "modify"
	Create Op = "create"
	Remove Op = "remove"
)

// Mark says who asked for the bytes [Start,End) of After (Start==End: something was removed there).
type Mark struct {
	Start, End int
	Guideline  int // row of guidelines.md
	Reason     string
}

// Span is a half-open byte range.
type Span struct{ Start, End int }

// Change is what a plan does to one file. Before and After are whole contents.
type Change struct {
	Path          string // slash path relative to the home
	Op            Op
	Before, After []byte
	Mode          fs.FileMode // of a created file; a modified one keeps its own
	Marks         []Mark
	SecretsBefore []Span // of Before; what secret.Spans finds is masked as well
	SecretsAfter  []Span // of After
	HoldsSecrets  bool   // After holds a secret: never more readable than before; created 0600
}

// Action is an effect other than a file change. Detail never holds a secret.
//
// Actions run in order after every file is staged and backed up and before the first one is swapped. Undo is called in reverse order, and
// also for a Do that failed or was cut off, so it has to cope with a Do that was half done. Without an Undo, Do leaves nothing behind when it fails.
type Action struct {
	Name       string
	Guidelines []int
	Detail     string
	Do         func(ctx context.Context) error
	Undo       func(ctx context.Context) error // nil: cannot be undone, and the review says so
}

// Plan is everything that one run would do, in order. Changes are sorted by path.
type Plan struct {
	Home    string
	Changes []Change
	Actions []Action
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 && len(p.Actions) == 0 }

// errPlan is a plan that no step should have made: a fault of the program, not of the operator.
var errPlan = errors.New("the plan cannot be used")

// check reports what makes a plan unfit to be run.
func (p *Plan) check() error {
	seen := map[string]bool{}
	for i := range p.Changes {
		c := &p.Changes[i]
		if err := c.check(); err != nil {
			return err
		}
		if seen[c.Path] {
			return fmt.Errorf("%w: %s appears twice", errPlan, c.Path)
		}
		seen[c.Path] = true
	}
	for _, a := range p.Actions {
		if a.Name == "" || a.Do == nil {
			return fmt.Errorf("%w: an action without name or effect", errPlan)
		}
	}
	return nil
}

func (c *Change) check() error {
	switch {
	case !fs.ValidPath(c.Path) || c.Path == "." || strings.ContainsRune(c.Path, 0):
		return fmt.Errorf("%w: %q is no path inside the home", errPlan, c.Path)
	case c.Path == StateDir || strings.HasPrefix(c.Path, StateDir+"/"):
		return fmt.Errorf("%w: %s belongs to carbon-setup itself", errPlan, c.Path)
	}
	switch c.Op {
	case Modify:
		if bytes.Equal(c.Before, c.After) {
			return fmt.Errorf("%w: %s would not change", errPlan, c.Path)
		}
	case Create, Remove:
	default:
		return fmt.Errorf("%w: %s: unknown operation %q", errPlan, c.Path, c.Op)
	}
	return nil
}

// createMode is the mode of a file that the change creates.
func (c *Change) createMode() fs.FileMode {
	mode := c.Mode.Perm()
	if mode == 0 {
		mode = 0o644
	}
	if c.HoldsSecrets {
		mode &= 0o600
	}
	return mode
}

// guidelines returns the rows that asked for the change, sorted, each once.
func (c *Change) guidelines() []int {
	var rows []int
	for _, m := range c.Marks {
		rows = append(rows, m.Guideline)
	}
	return sortedSet(rows)
}
