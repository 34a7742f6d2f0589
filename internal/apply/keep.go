package apply

import (
	"context"
	"fmt"
	"io/fs"
	"path"
)

// keepKey and keptKey are the keys of what an action can write down, and of what it has written.
type (
	keepKey struct{}
	keptKey struct{}
)

// Keep writes down what an action needs to be undone by another process, before what it does counts: on the disk when it returns, readable by the owner of the
// install alone, beside the backups of the run and gone with them. It may hold what backups hold. An action keeps one thing; outside of a run nothing is kept.
func Keep(ctx context.Context, data []byte) error {
	if keep, ok := ctx.Value(keepKey{}).(func([]byte) error); ok {
		return keep(data)
	}
	return nil
}

// Kept returns what an action of an earlier run has written down; UndoAction is called with such a context. The error is fs.ErrNotExist where there is nothing: the
// action had not come that far, so what comes after Keep was not done. Any other error is that of the file, and tells nothing of what was done.
func Kept(ctx context.Context) ([]byte, error) {
	if k, ok := ctx.Value(keptKey{}).(keptThing); ok {
		return k.data, k.err
	}
	return nil, fs.ErrNotExist
}

// HomeOf returns the home of the run whose action UndoAction is to undo. Its files are as they were before the run by then.
func HomeOf(ctx context.Context) string {
	k, _ := ctx.Value(keptKey{}).(keptThing)
	return k.home
}

type keptThing struct {
	home string
	data []byte
	err  error
}

// UndoError is an error of UndoAction that is written for the operator: what is so now, and what to do.
type UndoError struct{ State string }

func (e *UndoError) Error() string { return e.State }

// keptFile is where the action with a number keeps what it needs. No plan changes a file of that name: the folder is ours.
func keptFile(run string, number int) string {
	return path.Join(runsDir, run, backupDir, StateDir, fmt.Sprintf("action-%d", number))
}

func withKeep(ctx context.Context, keep func([]byte) error) context.Context {
	return context.WithValue(ctx, keepKey{}, keep)
}

// withKept adds what the action has kept.
func withKept(ctx context.Context, tree Reader, run string, number int) context.Context {
	data, err := tree.ReadFile(keptFile(run, number))
	return context.WithValue(ctx, keptKey{}, keptThing{tree.Home(), data, err})
}

// keep is Keep for the action with a number.
func (t *transaction) keep(number int, data []byte) error {
	name := keptFile(t.run, number)
	if err := writePrivate(t.tree, name, data); err != nil {
		return err
	}
	dir := path.Dir(name)
	return syncAll(t.tree, t.o.syncers, name, dir, path.Dir(dir), path.Dir(path.Dir(dir)))
}
