package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestErrorsOfTheNetwork(t *testing.T) {
	for _, c := range []struct {
		err           error
		timed, hungUp bool
	}{
		{context.DeadlineExceeded, true, false},
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), true, false},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)}, true, false},
		{&net.DNSError{Err: "i/o timeout", IsTimeout: true}, true, false},
		{context.Canceled, false, false},
		{io.EOF, false, true},
		{fmt.Errorf("packet: %w", io.ErrUnexpectedEOF), false, true},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, false, true},
		{&net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, false, true},
		{&net.OpError{Op: "read", Err: net.ErrClosed}, false, true},
		{syscall.ECONNREFUSED, false, false},
		{errors.New("EOF"), false, false},
	} {
		if got := TimedOut(c.err); got != c.timed {
			t.Errorf("TimedOut(%v) = %v", c.err, got)
		}
		if got := HungUp(c.err); got != c.hungUp {
			t.Errorf("HungUp(%v) = %v", c.err, got)
		}
	}
}
