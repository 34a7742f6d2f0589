package database

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"time"

	"carbon-setup/internal/remote"
)

// SQL Server speaks TDS in packets with a head of eight bytes: type, status, length, process, number, window. A message ends with the packet whose status has
// tdsLast. TLS, where it is not strict, starts inside of the packets of the prelogin; it is made here, so that the driver sees a connection that needs none: then
// the answers can be looked through before the driver makes room for what they announce.

const (
	tdsHead     = 8
	tdsLast     = 1
	tdsReply    = 4
	tdsPrelogin = 18
	tdsMost     = 32767 // length of a packet

	encryptOff          = 0
	encryptOn           = 1
	encryptNotSupported = 2
	encryptRequired     = 3

	preloginVersion    = 0
	preloginEncryption = 1
	preloginEnd        = 0xFF
)

// tdsLine is the connection below the driver.
type tdsLine struct {
	peer *peer
	in   io.Reader
	out  io.Writer
	tls  *tls.Conn
}

// startTLS lets what follows go through t.
func (l *tdsLine) startTLS(t *tls.Conn) { l.in, l.out, l.tls = t, t, t }

// packet reads one packet, head and all.
func (l *tdsLine) packet() ([]byte, error) {
	head := make([]byte, tdsHead)
	if err := readFull(l.in, head); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(head[2:]))
	if size < tdsHead || size > tdsMost || head[0] != tdsReply && head[0] != tdsPrelogin {
		return nil, remote.ErrUnintelligible
	}
	packet := make([]byte, size)
	copy(packet, head)
	return packet, readFull(l.in, packet[tdsHead:])
}

// tdsGreeting is the answer to a prelogin: options and their data.
type tdsGreeting []byte

// prelogin says which encryption we want and returns the answer.
func (l *tdsLine) prelogin(encryption byte) (tdsGreeting, error) {
	body := []byte{
		preloginVersion, 0, 11, 0, 6,
		preloginEncryption, 0, 17, 0, 1,
		preloginEnd,
		0, 0, 0, 0, 0, 0,
		encryption,
	}
	if _, err := l.out.Write(tdsMessage(tdsPrelogin, body)); err != nil {
		return nil, err
	}
	var answer []byte
	const most = 4096
	for {
		packet, err := l.packet()
		if err != nil {
			return nil, err
		}
		if packet[0] != tdsReply || len(answer)+len(packet) > most {
			return nil, remote.ErrUnintelligible
		}
		answer = append(answer, packet[tdsHead:]...)
		if packet[1]&tdsLast != 0 {
			break
		}
	}
	g := tdsGreeting(answer)
	if g.option(preloginEncryption) == nil {
		return nil, remote.ErrUnintelligible
	}
	return g, nil
}

// option returns the data of an option, nil if it is not there.
func (g tdsGreeting) option(token byte) []byte {
	for at := 0; at+5 <= len(g) && g[at] != preloginEnd; at += 5 {
		from, size := int(binary.BigEndian.Uint16(g[at+1:])), int(binary.BigEndian.Uint16(g[at+3:]))
		if g[at] == token && size > 0 && from+size <= len(g) {
			return g[from : from+size]
		}
	}
	return nil
}

func (g tdsGreeting) encryption() byte { return g.option(preloginEncryption)[0] }

// tdsMessage puts a short body into one packet.
func tdsMessage(kind byte, body []byte) []byte {
	packet := make([]byte, tdsHead, tdsHead+len(body))
	packet[0], packet[1], packet[6] = kind, tdsLast, 1
	binary.BigEndian.PutUint16(packet[2:], uint16(tdsHead+len(body)))
	return append(packet, body...)
}

// tdsHandshake carries a TLS handshake in packets of the prelogin, a whole flight in one message, as SQL Server expects it. Once the handshake is over, what TLS
// sends goes as it is.
type tdsHandshake struct {
	line   *tdsLine
	in     bytes.Reader
	flight []byte
}

func (h *tdsHandshake) Read(b []byte) (int, error) {
	if h.line.tls != nil {
		return h.line.peer.Read(b)
	}
	if err := h.flush(); err != nil {
		return 0, err
	}
	for h.in.Len() == 0 {
		packet, err := h.line.packet()
		if err != nil {
			return 0, err
		}
		h.in.Reset(packet[tdsHead:])
	}
	return h.in.Read(b)
}

func (h *tdsHandshake) Write(b []byte) (int, error) {
	if h.line.tls != nil {
		return h.line.peer.Write(b)
	}
	h.flight = append(h.flight, b...)
	return len(b), nil
}

// flush sends what TLS has written.
func (h *tdsHandshake) flush() error {
	const most = 4096 - tdsHead
	for len(h.flight) > 0 {
		n := min(len(h.flight), most)
		packet := tdsMessage(tdsPrelogin, h.flight[:n])
		if n < len(h.flight) {
			packet[1] = 0
		}
		if _, err := h.line.peer.Write(packet); err != nil {
			return err
		}
		h.flight = h.flight[n:]
	}
	h.flight = nil
	return nil
}

func (h *tdsHandshake) Close() error                       { return h.line.peer.Close() }
func (h *tdsHandshake) LocalAddr() net.Addr                { return h.line.peer.LocalAddr() }
func (h *tdsHandshake) RemoteAddr() net.Addr               { return h.line.peer.RemoteAddr() }
func (h *tdsHandshake) SetDeadline(t time.Time) error      { return h.line.peer.SetDeadline(t) }
func (h *tdsHandshake) SetReadDeadline(t time.Time) error  { return h.line.peer.SetReadDeadline(t) }
func (h *tdsHandshake) SetWriteDeadline(t time.Time) error { return h.line.peer.SetWriteDeadline(t) }

// tdsConn is what the driver gets: a server that has no TLS. Its prelogin is answered here; its login goes through TLS, and what follows does so too
// unless loginOnly.
type tdsConn struct {
	line      *tdsLine
	greeting  tdsGreeting
	loginOnly bool

	spoken bool // the prelogin was answered
	sent   []byte
	in     bytes.Reader
	watch  tdsWatch
}

func (c *tdsConn) Write(b []byte) (int, error) {
	if !c.spoken {
		c.sent = append(c.sent, b...)
		if len(c.sent) < tdsHead || len(c.sent) < int(binary.BigEndian.Uint16(c.sent[2:])) {
			return len(b), nil
		}
		c.spoken, c.sent = true, nil
		answer := bytes.Clone(c.greeting)
		tdsGreeting(answer).option(preloginEncryption)[0] = encryptNotSupported
		c.in.Reset(tdsMessage(tdsReply, answer))
		return len(b), nil
	}
	n, err := c.line.out.Write(b)
	if c.loginOnly && n >= tdsHead && b[1]&tdsLast != 0 { // the driver writes packet by packet
		c.line.in, c.line.out, c.loginOnly = c.line.peer, c.line.peer, false
	}
	return n, err
}

func (c *tdsConn) Read(b []byte) (int, error) {
	if c.in.Len() == 0 {
		packet, err := c.line.packet()
		if err != nil {
			return 0, err
		}
		if err := c.watch.see(packet); err != nil {
			return 0, err
		}
		c.in.Reset(packet)
	}
	return c.in.Read(b)
}

func (c *tdsConn) Close() error                       { return c.line.peer.Close() }
func (c *tdsConn) LocalAddr() net.Addr                { return c.line.peer.LocalAddr() }
func (c *tdsConn) RemoteAddr() net.Addr               { return c.line.peer.RemoteAddr() }
func (c *tdsConn) SetDeadline(t time.Time) error      { return c.line.peer.SetDeadline(t) }
func (c *tdsConn) SetReadDeadline(t time.Time) error  { return c.line.peer.SetReadDeadline(t) }
func (c *tdsConn) SetWriteDeadline(t time.Time) error { return c.line.peer.SetWriteDeadline(t) }

// tdsWatch looks through the answers for the one token by which a server could make the driver ask for more memory than there is: the count of FEDAUTHINFO,
// which no server sends to a user with a password. It walks the tokens of a login, all of which tell their length; from the first that does not, it looks no
// further in that answer.
type tdsWatch struct {
	buf  []byte
	skip int
	off  bool
}

const tdsFedAuthInfo = 0xEE

// tdsLengths is how the tokens of a login tell their length: in two bytes that follow, or with a fixed number of bytes.
var tdsLengths = map[byte]int{0xAA: -2, 0xAB: -2, 0xAD: -2, 0xE3: -2, 0xED: -2, 0xA9: -2, 0xA4: -2, 0xA5: -2, 0x79: 4, 0xFD: 12, 0xFE: 12, 0xFF: 12}

func (w *tdsWatch) see(packet []byte) error {
	body := packet[tdsHead:]
	for len(body) > 0 && !w.off {
		if w.skip > 0 {
			n := min(w.skip, len(body))
			w.skip, body = w.skip-n, body[n:]
			continue
		}
		w.buf, body = append(w.buf, body[0]), body[1:]
		if w.buf[0] == tdsFedAuthInfo {
			return remote.ErrUnintelligible
		}
		switch size, known := tdsLengths[w.buf[0]]; {
		case !known:
			w.off = true
		case size >= 0:
			w.skip, w.buf = size, nil
		case len(w.buf) == 3:
			w.skip, w.buf = int(binary.LittleEndian.Uint16(w.buf[1:])), nil
		}
	}
	if packet[1]&tdsLast != 0 {
		*w = tdsWatch{}
	}
	return nil
}
