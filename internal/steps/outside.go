package steps

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
)

// patience is how long a file system has to answer for a file that an answer names, unless Hurry says otherwise.
const patience = 15 * time.Second

// errNoAnswer is the error for a file whose file system does not answer.
var errNoAnswer = errors.New("the file system does not answer")

// outside has the files that answers name looked at. There is one for the process: a look that hangs holds a thread, and a second one at the same
// file would hold another.
var outside = &lookers{look: lookAt}

// lookers looks at files without ever waiting for a file system that has stopped answering: that look goes on by itself, and whoever asks for the
// same file is told at once that there is no answer.
type lookers struct {
	look func(path string, known keyFile) (fs.FileInfo, []byte, error)

	mu    sync.Mutex
	under map[string]*looking
}

// looking is a look under way. The results are set when done is closed.
type looking struct {
	begun time.Time
	done  chan struct{}
	info  fs.FileInfo
	data  []byte // nil when the file is not to be read, or is as it was known
	err   error
}

// at begins to look at a file, or joins the look that is under way.
func (l *lookers) at(path string, known keyFile) *looking {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.under[path]; k != nil {
		return k
	}
	k := &looking{begun: time.Now(), done: make(chan struct{})}
	if l.under == nil {
		l.under = map[string]*looking{}
	}
	l.under[path] = k
	go func() {
		info, data, err := l.look(path, known)
		l.mu.Lock()
		defer l.mu.Unlock()
		k.info, k.data, k.err = info, data, err
		delete(l.under, path)
		close(k.done)
	}()
	return k
}

// within waits for a look until it has lasted for so long.
func (k *looking) within(long time.Duration) error {
	rest := time.NewTimer(long - time.Since(k.begun))
	defer rest.Stop()
	select {
	case <-k.done:
		return k.err
	case <-rest.C:
	}
	select {
	case <-k.done: // both at once
		return k.err
	default:
		return errNoAnswer
	}
}

// lookAt reads a file, if it is one that a key can be in and not as it is known.
func lookAt(path string, known keyFile) (fs.FileInfo, []byte, error) {
	info, err := os.Stat(path)
	if err != nil || !readable(info) || known.is(info) {
		return info, nil, err
	}
	data, err := readBounded(path)
	return info, data, err
}

// readable reports whether a file is read at all.
func readable(info fs.FileInfo) bool { return info.Mode().IsRegular() && info.Size() <= ks.MaxSize }

// Await waits until a file that an answer names has been looked at, which may take for ever on a network file system. What then reads it
// through a Workspace has it at hand. The error is that of the context; what is wrong with the file is told by the step.
func Await(ctx context.Context, written string) error {
	path, err := answers.Expand(written, os.LookupEnv)
	if err != nil {
		return nil //nolint:nilerr // the step says so
	}
	select {
	case <-outside.at(path, keyFile{}).done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Hurry has the Workspace wait no longer than this for a file outside of the install.
func (w *Workspace) Hurry(long time.Duration) { w.keyFiles().patience = long }
