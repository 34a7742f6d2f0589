package database

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"carbon-setup/internal/remote"
)

// How many bytes a server may send in a stage of a test: a greeting and a few rows of settings, or a catalog.
const (
	stageBudget  = 1 << 20
	schemaBudget = 32 << 20
)

// headSize is how much of the first bytes of a server is kept to tell by what it is.
const headSize = 64

var errSecondDial = errors.New("one connection is all there is")

// peer is the one TCP connection of a probe or a Conn. It bounds what the other side may send, remembers how it began, and can be ended at any time from any
// goroutine: the drivers trust servers more than we do, and not all of them watch their context.
type peer struct {
	budget remote.Budget

	mu    sync.Mutex
	conn  net.Conn
	ended bool
	head  []byte
	ahead []byte // peeked at, not yet read
}

func newPeer(c net.Conn) *peer {
	p := &peer{conn: c}
	p.budget.Allow(stageBudget)
	return p
}

// abort ends the connection; reads and writes return at once.
func (p *peer) abort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.ended = true
		_ = p.conn.Close()
	}
}

// hangUp ends the connection that there is now. Another may follow.
func (p *peer) hangUp() { _ = p.now().Close() }

// become goes on with another connection, unless it was ended.
func (p *peer) become(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		_ = c.Close()
		return
	}
	_ = p.conn.Close()
	p.conn, p.head, p.ahead = c, nil, nil
	p.budget.Restart()
}

func (p *peer) now() net.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn
}

// Close is abort: the drivers close a connection that they could not use.
func (p *peer) Close() error { p.abort(); return nil }

func (p *peer) Write(b []byte) (int, error)        { return p.now().Write(b) }
func (p *peer) LocalAddr() net.Addr                { return p.now().LocalAddr() }
func (p *peer) RemoteAddr() net.Addr               { return p.now().RemoteAddr() }
func (p *peer) SetDeadline(t time.Time) error      { return p.now().SetDeadline(t) }
func (p *peer) SetReadDeadline(t time.Time) error  { return p.now().SetReadDeadline(t) }
func (p *peer) SetWriteDeadline(t time.Time) error { return p.now().SetWriteDeadline(t) }

func (p *peer) Read(b []byte) (int, error) {
	p.mu.Lock()
	if n := copy(b, p.ahead); n > 0 {
		p.ahead = p.ahead[n:]
		p.mu.Unlock()
		return n, nil
	}
	p.mu.Unlock()
	return p.receive(b)
}

func (p *peer) receive(b []byte) (int, error) {
	n, err := p.budget.Read(p.now(), b)
	p.mu.Lock()
	p.head = append(p.head, b[:min(n, headSize-len(p.head))]...)
	p.mu.Unlock()
	return n, err
}

// peek returns the first n bytes that the next Read will return. With an error it returns what came until then.
func (p *peer) peek(n int) ([]byte, error) {
	chunk := make([]byte, 4096)
	for {
		p.mu.Lock()
		ahead := bytes.Clone(p.ahead)
		p.mu.Unlock()
		if len(ahead) >= n {
			return ahead[:n], nil
		}
		got, err := p.receive(chunk)
		p.mu.Lock()
		p.ahead = append(p.ahead, chunk[:got]...)
		ahead = bytes.Clone(p.ahead)
		p.mu.Unlock()
		if err != nil && len(ahead) < n {
			return ahead, err
		}
	}
}

// began returns the first bytes that came, and how many there were in all.
func (p *peer) began() ([]byte, int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.head), p.budget.Got()
}

// once returns a dial function that hands out c to the first caller alone: a driver that goes elsewhere, or tries again, is stopped.
func once(c net.Conn) func() (net.Conn, error) {
	var given atomic.Bool
	return func() (net.Conn, error) {
		if given.Swap(true) {
			return nil, errSecondDial
		}
		return c, nil
	}
}

// readFull reads len(b) bytes of r.
func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	return err
}

// speaks guesses what a server is by the first bytes it sends; "" if they tell nothing. A server of each kind has its own way to begin or to refuse what
// it does not understand.
func speaks(head []byte) string {
	switch {
	case len(head) == 0:
		return ""
	case bytes.HasPrefix(head, []byte("HTTP/")) || bytes.HasPrefix(bytes.ToLower(head), []byte("<!doctype html")) || bytes.HasPrefix(bytes.ToLower(head), []byte("<html")):
		return "a web server"
	case bytes.HasPrefix(head, []byte("SSH-")):
		return "an SSH server"
	case bytes.HasPrefix(head, []byte("220 ")) || bytes.HasPrefix(head, []byte("220-")):
		return "a mail or FTP server"
	case bytes.HasPrefix(head, []byte("-ERR")) || bytes.HasPrefix(head, []byte("+OK")):
		return "a mail server or Redis"
	case len(head) >= 5 && head[0] == 0x15 && head[1] == 3:
		return "a server that speaks TLS from the first byte"
	case isMySQLGreeting(head):
		return "MySQL or MariaDB"
	case isTNS(head):
		return "an Oracle listener"
	case len(head) >= 8 && head[0] == 4 && head[1] <= 1 && head[4] == 0 && head[5] == 0:
		return "Microsoft SQL Server"
	case head[0] == 'E' && len(head) > 8 && head[1] == 0 && head[5] == 'S':
		return "PostgreSQL"
	}
	return ""
}

// isMySQLGreeting tells whether head begins with a packet of sequence number 0 that holds protocol version 10 or an error.
func isMySQLGreeting(head []byte) bool {
	return len(head) > 5 && head[2] == 0 && head[3] == 0 && (head[4] == 10 || head[4] == 0xFF)
}

// isTNS tells whether head begins with a packet that a listener answers with: ACCEPT, REFUSE, REDIRECT, DATA, RESEND or MARKER.
func isTNS(head []byte) bool {
	if len(head) < 8 || head[2] != 0 || head[3] != 0 || head[6] != 0 || head[7] != 0 {
		return false
	}
	return head[0] == 0 && head[1] >= 8 && (head[4] == 2 || head[4] == 4 || head[4] == 5 || head[4] == 6 || head[4] == 11 || head[4] == 12)
}

// describe shows the first bytes of something that is not what it should be.
func describe(head []byte) string {
	const most = 24
	shown := head[:min(len(head), most)]
	for _, b := range shown {
		if b < ' ' && b != '\r' && b != '\n' || b > '~' {
			return fmt.Sprintf("% x", shown)
		}
	}
	return remote.Words(string(shown))
}
