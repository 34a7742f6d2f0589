package ldaptest

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Peer is a server of a test's own.
type Peer struct {
	Port     int
	listener net.Listener
	conns    sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
}

// Serve starts a peer that gives each connection to handle, which may do with it what it wants, until the test ends. With a TLS configuration it speaks TLS.
func Serve(t testing.TB, config *tls.Config, handle func(net.Conn)) *Peer {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Peer{Port: l.Addr().(*net.TCPAddr).Port, listener: l, open: map[net.Conn]bool{}}
	p.conns.Go(func() { p.accept(config, handle) })
	t.Cleanup(p.stop)
	return p
}

func (p *Peer) accept(config *tls.Config, handle func(net.Conn)) {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.open[c] = true
		p.mu.Unlock()
		p.conns.Go(func() {
			defer func() {
				_ = c.Close()
				p.mu.Lock()
				delete(p.open, c)
				p.mu.Unlock()
			}()
			if config != nil {
				handle(tls.Server(c, config))
				return
			}
			handle(c)
		})
	}
}

// Open returns how many connections there are.
func (p *Peer) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

func (p *Peer) stop() {
	_ = p.listener.Close()
	p.mu.Lock()
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.conns.Wait()
}

// Request is what a client asks.
type Request struct {
	ID       int64
	Op       ber.Tag // ldap.ApplicationBindRequest and so on
	DN       string  // of the entry; the base of a search
	Password string  // of a bind
	Scope    int64
	Limit    int64
	Filter   *ber.Packet
	Changes  map[string]string // of an add or a modification, the first value of each attribute, by name in lower case
	Paged    *ldap.ControlPaging
	ManageIT bool // the control ManageDsaIT
}

// Session answers the requests on a connection.
type Session struct {
	net.Conn
	Secure bool
	User   string // after a bind
}

// LDAP returns a handler that gives every request to answer.
func LDAP(secure bool, answer func(*Session, Request)) func(net.Conn) {
	return func(c net.Conn) {
		s := &Session{Conn: c, Secure: secure}
		for {
			p, err := ber.ReadPacket(c)
			if err != nil || len(p.Children) < 2 {
				return
			}
			r := parse(p)
			if r.Op == ldap.ApplicationUnbindRequest {
				return
			}
			answer(s, r)
		}
	}
}

func parse(p *ber.Packet) Request {
	op := p.Children[1]
	id, _ := p.Children[0].Value.(int64)
	r := Request{ID: id, Op: op.Tag, Changes: map[string]string{}}
	switch op.Tag {
	case ldap.ApplicationBindRequest:
		r.DN, _ = op.Children[1].Value.(string)
		r.Password = op.Children[2].Data.String()
	case ldap.ApplicationSearchRequest:
		r.DN, _ = op.Children[0].Value.(string)
		r.Scope, _ = op.Children[1].Value.(int64)
		r.Limit, _ = op.Children[3].Value.(int64)
		r.Filter = op.Children[6]
	case ldap.ApplicationAddRequest:
		r.DN, _ = op.Children[0].Value.(string)
		for _, a := range op.Children[1].Children {
			r.change(a)
		}
	case ldap.ApplicationModifyRequest:
		r.DN, _ = op.Children[0].Value.(string)
		for _, m := range op.Children[1].Children {
			r.change(m.Children[1])
		}
	case ldap.ApplicationDelRequest:
		r.DN = op.Data.String()
	default:
	}
	if len(p.Children) > 2 {
		r.controls(p.Children[2].Children)
	}
	return r
}

func (r *Request) change(attribute *ber.Packet) {
	name, _ := attribute.Children[0].Value.(string)
	value, _ := attribute.Children[1].Children[0].Value.(string)
	r.Changes[strings.ToLower(name)] = value
}

func (r *Request) controls(all []*ber.Packet) {
	for _, c := range all {
		decoded, err := ldap.DecodeControl(c)
		if err != nil {
			continue
		}
		switch c := decoded.(type) {
		case *ldap.ControlPaging:
			r.Paged = c
		case *ldap.ControlManageDsaIT:
			r.ManageIT = true
		}
	}
}

func message(id int64, op *ber.Packet, controls ...ldap.Control) []byte {
	m := ber.NewSequence("message")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	m.AppendChild(op)
	if len(controls) > 0 {
		all := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "controls")
		for _, c := range controls {
			all.AppendChild(c.Encode())
		}
		m.AppendChild(all)
	}
	return m.Bytes()
}

func octets(text string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "")
}

// Result ends a request: the tag of the answer follows from that of the request.
func (s *Session) Result(r Request, code int64, matched, words string, referrals ...string) {
	s.end(r, code, matched, words, referrals)
}

func (s *Session) end(r Request, code int64, matched, words string, referrals []string, controls ...ldap.Control) {
	tag := r.Op + 1
	if r.Op == ldap.ApplicationSearchRequest {
		tag = ldap.ApplicationSearchResultDone
	}
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	op.AppendChild(octets(matched))
	op.AppendChild(octets(words))
	if len(referrals) > 0 {
		all := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
		for _, u := range referrals {
			all.AppendChild(octets(u))
		}
		op.AppendChild(all)
	}
	_, _ = s.Write(message(r.ID, op, controls...))
}

// Entry sends an entry that a search found.
func (s *Session) Entry(r Request, dn string, attributes map[string][]string) error {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(octets(dn))
	list := ber.NewSequence("")
	for name, values := range attributes {
		a := ber.NewSequence("")
		a.AppendChild(octets(name))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range values {
			set.AppendChild(octets(v))
		}
		a.AppendChild(set)
		list.AppendChild(a)
	}
	op.AppendChild(list)
	_, err := s.Write(message(r.ID, op))
	return err
}

// Reference sends the address of another server that has a part of what a search is for.
func (s *Session) Reference(r Request, url string) error {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
	op.AppendChild(octets(url))
	_, err := s.Write(message(r.ID, op))
	return err
}
