package main

import (
	"context"
	"errors"
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
