package live

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"carbon-setup/internal/remote"
)

// Endpoint is a port to ask.
type Endpoint struct {
	Address string // "127.0.0.1:9443"
	// Name is the host name that the server is asked for in TLS; "" = none.
	Name string
	// Timeout of one question; 0 = 5 seconds.
	Timeout time.Duration
}

const defaultTimeout = 5 * time.Second

func (e Endpoint) timeout() time.Duration {
	if e.Timeout > 0 {
		return e.Timeout
	}
	return defaultTimeout
}

// Kind is why a question has no answer.
type Kind int

// The kinds of errors.
const (
	NotListening Kind = iota + 1 // the connection is refused
	Unreachable                  // no connection for another reason
	Silent                       // connected, and no answer in time
	Closed                       // the server hung up
	Garbage                      // an answer, but not of the protocol
	TooMuch                      // an answer without end
	TLSFailed                    // no handshake, though it is TLS
	Unverified                   // the certificate is not the one that was found in order
	NoService                    // HTTP, but no such service behind it
	Fault                        // the service answers with a fault
	Stopped                      // the caller has ended the context
)

// Error is why a question has no answer. It never holds a password, nor a word of the server's.
type Error struct {
	Kind Kind
	What string // a clause that follows the name of the port: "accepts the connection and then says nothing"

	wrapped error
}

func (e *Error) Error() string { return e.What }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.wrapped }

// explain makes an *Error of what went wrong; ctx is the caller's, without the time of the question. what is the protocol.
func explain(ctx context.Context, err error, what string) *Error {
	var told *Error
	e := &Error{wrapped: err}
	switch {
	case errors.As(err, &told):
		return told
	case errors.Is(ctx.Err(), context.Canceled):
		e.Kind, e.What = Stopped, "was not asked to the end: it was stopped"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Kind, e.What = NotListening, "does not accept connections"
	case errors.Is(err, remote.ErrTooMuch):
		e.Kind, e.What = TooMuch, "answers without end"
	case errors.Is(err, remote.ErrUnintelligible):
		e.Kind, e.What = Garbage, "answers with something that is not "+what
	case remote.TimedOut(err):
		e.Kind, e.What = Silent, "accepts the connection and then does not answer in time"
	case remote.HungUp(err):
		e.Kind, e.What = Closed, "accepts the connection and hangs up without an answer"
	default:
		e.Kind, e.What = Unreachable, "cannot be reached"
	}
	return e
}

// boundedConn ends with the context, and gives no more than so many bytes.
type boundedConn struct {
	*remote.Bounded
	stop func() bool
}

// connect opens a connection that lives as long as ctx, and no longer than the time of the endpoint.
func connect(ctx context.Context, e Endpoint, most int64) (*boundedConn, error) {
	dialer := net.Dialer{Timeout: e.timeout()}
	conn, err := dialer.DialContext(ctx, "tcp", e.Address)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(e.timeout())); err != nil {
		_ = conn.Close() // nothing was sent
		return nil, err
	}
	c := &boundedConn{Bounded: remote.Bound(conn, most)}
	c.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return c, nil
}

// Close implements io.Closer.
func (c *boundedConn) Close() error {
	c.stop()
	return c.Conn.Close()
}
