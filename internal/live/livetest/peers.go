package livetest

import (
	"context"
	"encoding/binary"
	"io"
	"log"
	"net"
	"sync"
	"time"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// Peer is a port with a talker of its own.
type Peer struct {
	listener net.Listener
	mu       sync.Mutex
	conns    map[net.Conn]bool
	done     sync.WaitGroup
}

// StartPeer has talk deal with every connection to a port of the loopback address; 0 = any.
func StartPeer(ctx context.Context, port int, talk func(conn net.Conn)) (*Peer, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String())
	if err != nil {
		return nil, err
	}
	p := &Peer{listener: l, conns: map[net.Conn]bool{}}
	p.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns[conn] = true
			p.mu.Unlock()
			p.done.Go(func() {
				talk(conn)
				_ = conn.Close()
			})
		}
	})
	return p, nil
}

// Port is where it listens.
func (p *Peer) Port() int {
	address, ok := p.listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return address.Port
}

// Stop ends it and every talk.
func (p *Peer) Stop() {
	_ = p.listener.Close()
	p.mu.Lock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}

// Silent reads and says nothing, as a connector whose keystore could not be opened.
func Silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// Garbage says something that is no protocol.
func Garbage(conn net.Conn) {
	_, _ = io.WriteString(conn, "220 mail.example.com ready\r\n")
	_, _ = io.Copy(io.Discard, conn)
}

// HangUp reads a little and closes.
func HangUp(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }

// HalfOpen begins a record of TLS and never ends it.
func HalfOpen(conn net.Conn) {
	_, _ = conn.Write([]byte{22, 3, 3, 2, 0, 2, 0, 0})
	_, _ = io.Copy(io.Discard, conn)
}

// Endless sends a handshake that does not end.
func Endless(conn net.Conn) {
	record := append([]byte{22, 3, 3, 0x40, 0}, make([]byte, 1<<14)...)
	copy(record[5:], []byte{2, 0xff, 0xff, 0xff}) // a ServerHello of 16 MB
	for {
		if _, err := conn.Write(record); err != nil {
			return
		}
	}
}

// SSLv3 is a Front that answers a ClientHello of SSLv3 as a server that still has it, and leaves the others.
func SSLv3(conn net.Conn, first []byte) bool {
	if len(first) < 11 || first[0] != 22 || binary.BigEndian.Uint16(first[9:]) != 0x0300 {
		return false
	}
	_, _ = conn.Write(ServerHello(0x0300, 0x002f))
	return true
}

// ServerHello is a record with the choice of a server.
func ServerHello(version, suite uint16) []byte {
	body := binary.BigEndian.AppendUint16(nil, version)
	body = append(body, make([]byte, 32)...)
	body = append(body, 0)
	body = binary.BigEndian.AppendUint16(body, suite)
	body = append(body, 0)
	message := append([]byte{2, 0, 0, byte(len(body))}, body...)
	return append([]byte{22, 3, 0, 0, byte(len(message))}, message...)
}

// Registry is an RMI registry that has one name, and sends its clients on to a host and a port.
func Registry(name, host string, port int) func(conn net.Conn) {
	return func(conn net.Conn) {
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		hello := make([]byte, 7)
		if _, err := io.ReadFull(conn, hello); err != nil || string(hello) != "JRMI\x00\x02\x4b" {
			return
		}
		ack := append([]byte{0x4e}, utf("127.0.0.1")...)
		if _, err := conn.Write(binary.BigEndian.AppendUint32(ack, 40000)); err != nil {
			return
		}
		call := make([]byte, 2+9+4+1+4+2+34) // the client's address, the call, the block
		if _, err := io.ReadFull(conn, call); err != nil {
			return
		}
		asked := make([]byte, 3+len(name))
		if _, err := io.ReadFull(conn, asked); err != nil {
			return
		}
		answer := []byte{0x51, 0xac, 0xed, 0, 5, 0x77, 15, 1}
		if string(asked[3:]) != name || asked[2] != byte(len(name)) {
			answer[7] = 2
		}
		answer = append(answer, make([]byte, 14)...)
		answer = append(answer, 0x73, 0x72) // an object of a class
		answer = append(answer, utf("javax.management.remote.rmi.RMIServerImpl_Stub")...)
		answer = append(answer, 0x77, byte(12+2+len(host)+4+23))
		answer = append(answer, utf("UnicastRef")...)
		answer = append(answer, utf(host)...)
		answer = binary.BigEndian.AppendUint32(answer, uint32(port)) // #nosec G115 -- a port
		_, _ = conn.Write(append(answer, make([]byte, 23)...))
		_, _ = io.Copy(io.Discard, conn)
	}
}

func utf(text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...) // #nosec G115 -- a short text
}
