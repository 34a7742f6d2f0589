package remote

import (
	"errors"
	"io"
	"math"
	"net"
	"sync/atomic"
)

// What a peer may do wrong in any protocol.
var (
	ErrUnintelligible = errors.New("an answer that breaks the protocol")
	ErrTooMuch        = errors.New("more bytes than any server sends")
)

// Budget is how many bytes a peer may still send. One goroutine reads; all may ask and allow.
type Budget struct {
	left     atomic.Int64
	got      atomic.Int64
	exceeded atomic.Bool
}

// Allow lets so many further bytes come, whatever is left.
func (b *Budget) Allow(bytes int64) { b.left.Store(bytes) }

// Left is how many bytes may still come.
func (b *Budget) Left() int64 { return b.left.Load() }

// Got is how many bytes came since the start, or since the last Restart.
func (b *Budget) Got() int64 { return b.got.Load() }

// Restart counts from zero what comes: another peer answers now. What is left stays what it is.
func (b *Budget) Restart() { b.got.Store(0) }

// Exceeded reports whether more was to be read than may come.
func (b *Budget) Exceeded() bool { return b.exceeded.Load() }

// Read reads from in no more than is left; then the error is ErrTooMuch.
func (b *Budget) Read(in io.Reader, p []byte) (int, error) {
	left := b.left.Load()
	if left <= 0 {
		b.exceeded.Store(true)
		return 0, ErrTooMuch
	}
	n, err := in.Read(p[:min(int64(len(p)), left)])
	b.left.Add(int64(-n))
	b.got.Add(int64(n))
	return n, err
}

// Bounded is a connection whose peer has a budget.
type Bounded struct {
	net.Conn
	Budget
}

// Bound returns c with a budget.
func Bound(c net.Conn, most int64) *Bounded {
	b := &Bounded{Conn: c}
	b.Allow(most)
	return b
}

// Free ends the bound.
func (b *Bounded) Free() { b.Allow(math.MaxInt64) }

// Read implements io.Reader.
func (b *Bounded) Read(p []byte) (int, error) { return b.Budget.Read(b.Conn, p) }
