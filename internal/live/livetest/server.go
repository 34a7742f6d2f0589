// Package livetest stands in for a running Carbon server: HTTPS with the service AuthenticationAdmin, an RMI registry, and peers that misbehave.
package livetest

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Carbon is a server on the loopback address. What it is set to do may be changed while nobody asks it.
type Carbon struct {
	// TLS is how it speaks; Certificates have to be set.
	TLS *tls.Config
	// Accounts are let in, with their passwords; an account may have several.
	Accounts map[string][]string
	// Locked accounts are answered with a fault.
	Locked []string
	// Path of the service; "" = /services/AuthenticationAdmin.
	Path string
	// Answer, when set, is what the service answers instead.
	Answer http.HandlerFunc
	// Front, when set, sees a connection and its first bytes before TLS, and reports whether it has dealt with it.
	Front func(conn net.Conn, first []byte) bool
	// OnRefusal is called for every log-in that is refused.
	OnRefusal func(user string)

	mu      sync.Mutex
	tried   []string
	logouts int
	web     *http.Server
	inner   *handedOver
	address *net.TCPAddr
	done    sync.WaitGroup
	outer   net.Listener
}

// Start listens on a port of the loopback address; 0 = any.
func (c *Carbon) Start(ctx context.Context, port int) error {
	var config net.ListenConfig
	outer, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	address, ok := outer.Addr().(*net.TCPAddr)
	if !ok {
		return errors.Join(errors.New("not a TCP port"), outer.Close())
	}
	c.outer, c.address = outer, address
	c.inner = &handedOver{conns: make(chan net.Conn), ended: make(chan struct{}), address: address}
	c.web = &http.Server{Handler: http.HandlerFunc(c.serve), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet()}
	c.done.Go(c.accept)
	c.done.Go(func() { _ = c.web.Serve(c.inner) }) // it ends with an error, always
	return nil
}

// Port is where it listens.
func (c *Carbon) Port() int { return c.address.Port }

// Stop ends it and waits for what it has begun.
func (c *Carbon) Stop() {
	_ = c.outer.Close()
	c.inner.end()
	_ = c.web.Close()
	c.done.Wait()
}

// Tried are the accounts that were tried, in order, and how often: "admin 3". Logouts are sessions that were closed again.
func (c *Carbon) Tried() (users []string, logouts int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tried), c.logouts
}

// accept hands connections to the front, or to TLS and HTTP.
func (c *Carbon) accept() {
	for {
		conn, err := c.outer.Accept()
		if err != nil {
			return
		}
		c.done.Go(func() { c.hand(conn) })
	}
}

func (c *Carbon) hand(conn net.Conn) {
	first := make([]byte, 4096)
	if c.Front != nil {
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := conn.Read(first)
		if err != nil || c.Front(conn, first[:n]) {
			_ = conn.Close()
			return
		}
		_ = conn.SetReadDeadline(time.Time{})
		conn = &pushedBack{Conn: conn, first: first[:n]}
	}
	c.inner.give(tls.Server(conn, c.TLS))
}

// pushedBack gives what was read before.
type pushedBack struct {
	net.Conn
	first []byte
}

func (p *pushedBack) Read(b []byte) (int, error) {
	if len(p.first) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// handedOver is a listener for connections that were accepted elsewhere.
type handedOver struct {
	conns   chan net.Conn
	ended   chan struct{}
	once    sync.Once
	address net.Addr
}

func (h *handedOver) end() { h.once.Do(func() { close(h.ended) }) }

func (h *handedOver) give(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.ended:
		_ = conn.Close()
	}
}

func (h *handedOver) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.ended:
		return nil, net.ErrClosed
	}
}

func (h *handedOver) Close() error   { h.end(); return nil }
func (h *handedOver) Addr() net.Addr { return h.address }

// request is what the service reads.
type request struct {
	Login *struct {
		User     string `xml:"http://authentication.services.core.carbon.wso2.org username"`
		Password string `xml:"http://authentication.services.core.carbon.wso2.org password"`
		Address  string `xml:"http://authentication.services.core.carbon.wso2.org remoteAddress"`
	} `xml:"Body>login"`
	Logout *struct{} `xml:"Body>logout"`
}

const envelope = `<?xml version='1.0' encoding='UTF-8'?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>%s</soapenv:Body></soapenv:Envelope>`

func (c *Carbon) serve(w http.ResponseWriter, r *http.Request) {
	path := c.Path
	if path == "" {
		path = "/services/AuthenticationAdmin"
	}
	switch {
	case r.URL.Path != path || r.Method != http.MethodPost:
		http.Redirect(w, r, "/carbon", http.StatusFound)
		return
	case c.Answer != nil:
		c.Answer(w, r)
		return
	}
	var q request
	if err := xml.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&q); err != nil {
		http.Error(w, "not XML", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	switch {
	case q.Logout != nil:
		if _, err := r.Cookie("JSESSIONID"); err == nil {
			c.mu.Lock()
			c.logouts++
			c.mu.Unlock()
		}
		w.WriteHeader(http.StatusAccepted)
	case q.Login != nil && q.Login.Address != "":
		c.login(w, q.Login.User, q.Login.Password)
	default:
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, envelope, `<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>no such operation</faultstring></soapenv:Fault>`)
	}
}

// login answers as AuthenticationAdmin does: true with a session, or false.
func (c *Carbon) login(w http.ResponseWriter, user, password string) {
	c.mu.Lock()
	c.tried = append(c.tried, user)
	c.mu.Unlock()
	const response = `<ns:loginResponse xmlns:ns="http://authentication.services.core.carbon.wso2.org"><ns:return>%t</ns:return></ns:loginResponse>`
	switch {
	case slices.Contains(c.Locked, user):
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, envelope, `<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>17003 The user is locked.</faultstring></soapenv:Fault>`)
	case slices.Contains(c.Accounts[user], password):
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "0123456789ABCDEF", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
		_, _ = fmt.Fprintf(w, envelope, fmt.Sprintf(response, true))
	default:
		if c.OnRefusal != nil {
			c.OnRefusal(user)
		}
		_, _ = fmt.Fprintf(w, envelope, fmt.Sprintf(response, false))
	}
}
