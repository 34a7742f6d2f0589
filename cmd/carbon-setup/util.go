package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// asError is errors.As with the target's type told by the caller's variable.
func asError[E error](err error, target *E) bool { return errors.As(err, target) }

// interruptible returns a context that ends when the operator or a lost link says so. An apply that has begun its swaps does not heed it.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
}

// leftError is a command that only reads, ended by the operator.
type leftError struct{}

func (*leftError) Error() string { return "left before the end. Nothing was written." }

// interruptedError is the end of a context in words.
type interruptedError struct{ error }

func (interruptedError) Error() string {
	return "interrupted before the end. Call the same command again."
}

func (e interruptedError) Unwrap() error { return e.error }

// leavable returns a context for a command that only reads and waits for others. The operator's interrupt ends it as left, a lost link or a shutdown as
// interrupted; context.Cause tells which. A second signal ends the process.
func leavable(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		defer signal.Stop(signals)
		select {
		case s := <-signals:
			if s == syscall.SIGINT {
				cancel(&leftError{})
			}
			cancel(context.Canceled)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// writeNew writes a file that the operator asked for, outside the install, readable by its owner only.
func writeNew(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, 0o600); err != nil {
		return &usageError{path + ": the file cannot be written: " + unwrapPath(err).Error(), "Check the folder and the rights."}
	}
	return nil
}

func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}
