package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// TimedOut reports whether err is one of time, of a context or of the network.
func TimedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// HungUp reports whether err says that a connection is over, by whichever side.
func HungUp(err error) bool {
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, io.ErrClosedPipe} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
