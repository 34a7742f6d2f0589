package directory

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"

	"carbon-setup/internal/remote"
)

// What a directory may send. The searches of the test ask for a few short attributes of at most a few thousand entries.
const (
	maxMessage    = 512 << 10 // bytes of one LDAP message
	maxElements   = 20_000    // elements of one LDAP message
	maxDepth      = 24        // elements in elements
	maxConnection = 16 << 20  // bytes in the life of a connection
	maxMessages   = 50_000    // messages in the life of a connection
)

// guard is the connection that the library reads from. It passes on whole messages only, after a look at every length in them: the library takes lengths as
// they come, up to 2 GiB. It remembers what was wrong, and can be cut off at any time from any goroutine.
type guard struct {
	*remote.Bounded // with TLS, if there is any
	raw             net.Conn

	ready    bytes.Reader // the rest of a message that was looked at
	messages int          // of this connection; of the goroutine that reads

	cutOnce sync.Once
	mu      sync.Mutex
	first   error  // why the first read failed
	head    []byte // the first bytes of what is no LDAP
}

func newGuard(c, raw net.Conn) *guard {
	return &guard{Bounded: remote.Bound(c, maxConnection), raw: raw}
}

// cut ends the connection: reads and writes return at once.
func (g *guard) cut() { g.cutOnce.Do(func() { _ = g.raw.Close() }) }

// Close is cut. It does not say goodbye in TLS, for which a peer that reads nothing would have it wait.
func (g *guard) Close() error { g.cut(); return nil }

// failure returns what the peer sent instead of LDAP, and why reading ended; nil if it goes on.
func (g *guard) failure() (head []byte, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.head, g.first
}

func (g *guard) fail(err error, head []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		g.first, g.head = err, head
	}
	return g.first
}

func (g *guard) Read(p []byte) (int, error) {
	if g.ready.Len() == 0 {
		msg, err := g.message()
		if err != nil {
			return 0, err
		}
		g.ready.Reset(msg)
	}
	return g.ready.Read(p)
}

// message reads one whole LDAP message.
func (g *guard) message() ([]byte, error) {
	var head [6]byte
	if err := g.fill(head[:2]); err != nil {
		return nil, g.fail(err, nil)
	}
	n, size := 2, int(head[1])
	if head[0] != 0x30 {
		return nil, g.fail(remote.ErrUnintelligible, g.more(head[:2]))
	}
	if size >= 0x80 {
		count := size & 0x7f
		if count == 0 || count > 4 {
			return nil, g.fail(remote.ErrUnintelligible, bytes.Clone(head[:2]))
		}
		if err := g.fill(head[2 : 2+count]); err != nil {
			return nil, g.fail(cutShort(err), nil)
		}
		n, size = 2+count, 0
		for _, b := range head[2:n] {
			size = size<<8 | int(b)
		}
	}
	if size > maxMessage || int64(size) > g.Left() || g.messages >= maxMessages {
		return nil, g.fail(remote.ErrTooMuch, nil)
	}
	// It grows with what comes: a length alone costs the peer nothing.
	var msg bytes.Buffer
	msg.Write(head[:n])
	_, err := io.CopyN(&msg, g.Bounded, int64(size))
	g.messages++
	if err != nil {
		return nil, g.fail(cutShort(err), nil)
	}
	elements := 0
	if !sound(msg.Bytes()[n:], 1, &elements) {
		return nil, g.fail(remote.ErrUnintelligible, nil)
	}
	return msg.Bytes(), nil
}

// more reads what is there already of what is no LDAP, to show it.
func (g *guard) more(head []byte) []byte {
	rest := make([]byte, 64)
	n, _ := g.Bounded.Read(rest)
	return append(bytes.Clone(head), rest[:n]...)
}

func (g *guard) fill(p []byte) error {
	_, err := io.ReadFull(g.Bounded, p)
	return err
}

// cutShort is the error of a read within a message.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// sound reports whether the content of an element consists of elements whose lengths add up. LDAP has no indefinite lengths and no tags of several bytes.
func sound(content []byte, depth int, elements *int) bool {
	if depth > maxDepth {
		return false
	}
	for len(content) > 0 {
		if *elements++; *elements > maxElements || len(content) < 2 || content[0]&0x1f == 0x1f {
			return false
		}
		tag, size, head := content[0], int(content[1]), 2
		if size >= 0x80 {
			count := size & 0x7f
			if count == 0 || count > 4 || len(content) < 2+count {
				return false
			}
			size, head = 0, 2+count
			for _, b := range content[2:head] {
				size = size<<8 | int(b)
			}
		}
		if size > len(content)-head {
			return false
		}
		if tag&0x20 != 0 && !sound(content[head:head+size], depth+1, elements) {
			return false
		}
		content = content[head+size:]
	}
	return true
}
