package database

import (
	"bytes"
	"context"
	"crypto/tls"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/go-sql-driver/mysql"

	"carbon-setup/internal/remote"
)

// The flags of MySQL's handshake that we look at.
const (
	mysqlTLS        = 1 << 11 // CLIENT_SSL
	mysqlPluginAuth = 1 << 19 // CLIENT_PLUGIN_AUTH
)

// mostGreeting bounds a greeting: a version, a salt, the name of a plugin.
const mostGreeting = 4096

var errPublicKey = errors.New("public key retrieval is not allowed")

// secureMySQL reads the greeting, and starts TLS, which MySQL does in the middle of its handshake, where the driver must do it.
func (p *probe) secureMySQL(ctx context.Context) (outcome, error) {
	flags, err := p.greeting()
	if err != nil {
		return outcome{}, err
	}
	offered := flags&mysqlTLS != 0
	switch {
	case p.want.tls == inClear:
		p.startMySQL(ctx, nil)
		return p.inTheClear(p.excluded()), nil
	case !offered && p.want.tls == ifOffered:
		p.startMySQL(ctx, nil)
		return p.inTheClear("the server offers no TLS, and the parameters do without it (" + p.want.asked + ")."), nil
	case !offered:
		return outcome{}, &Error{
			Stage: TLS, Kind: TLSNotOffered,
			What:  "The server offers no TLS, but the parameters demand it (" + p.want.asked + ").",
			Cause: "The server has no certificate (ssl_cert, ssl_key), or TLS is switched off there.",
			Fix:   "Have TLS switched on at the server, or have the parameters do without it where the network is trusted.",
		}
	}
	seen := make(chan tls.ConnectionState, 1)
	p.startMySQL(ctx, p.tlsConfig(func(s tls.ConnectionState) {
		select {
		case seen <- s:
		default:
		}
	}))
	select {
	case s := <-seen:
		return p.secured(s), nil
	case <-p.try.done:
	case <-ctx.Done():
		p.peer.abort()
		<-p.try.done
	}
	var says *mysql.MySQLError
	if p.try.err == nil || errors.As(p.try.err, &says) {
		return outcome{}, p.try.err
	}
	return outcome{}, p.explainTLS(ctx, p.try.err)
}

// greeting looks at the first packet of the server without taking it from the driver.
func (p *probe) greeting() (flags uint32, err error) {
	head, err := p.peer.peek(5)
	if err != nil {
		return 0, err
	}
	size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if head[3] != 0 || size < 4 || size > mostGreeting || head[4] != 10 && head[4] != 0xFF {
		return 0, remote.ErrUnintelligible
	}
	packet, err := p.peer.peek(4 + size)
	if err != nil {
		return 0, err
	}
	packet = packet[4:]
	if packet[0] == 0xFF {
		return 0, mysqlRefusal(packet)
	}
	version, rest, there := bytes.Cut(packet[1:], []byte{0})
	if !there || len(rest) < 4+8+1+2 {
		return 0, remote.ErrUnintelligible
	}
	p.facts.version = remote.Words(strings.TrimPrefix(string(version), "5.5.5-")) // MariaDB puts it before its own
	flags = uint32(binary.LittleEndian.Uint16(rest[13:]))
	if len(rest) >= 20 {
		flags |= uint32(binary.LittleEndian.Uint16(rest[18:])) << 16
	}
	if flags&mysqlPluginAuth != 0 && len(rest) > 31 {
		tail := bytes.TrimRight(rest[31:], "\x00")
		if i := bytes.LastIndexByte(tail, 0); i >= 0 {
			p.facts.plugin = remote.Words(string(tail[i+1:]))
		}
	}
	return flags, nil
}

// mysqlRefusal reads an error packet; before the greeting it has no SQLSTATE.
func mysqlRefusal(packet []byte) error {
	if len(packet) < 3 {
		return remote.ErrUnintelligible
	}
	text := packet[3:]
	if len(text) > 6 && text[0] == '#' {
		text = text[6:]
	}
	return &mysql.MySQLError{Number: binary.LittleEndian.Uint16(packet[1:]), Message: string(text)}
}

// attempt is a driver on its way through a handshake.
type attempt struct {
	done chan struct{}
	conn *Conn
	err  error
	stop context.CancelFunc
}

// startMySQL lets the driver log in. Its context is not that of a stage, as it works in two of them; both watch over it.
func (p *probe) startMySQL(ctx context.Context, c *tls.Config) {
	actx, stop := context.WithCancel(context.WithoutCancel(ctx))
	a := &attempt{done: make(chan struct{}), stop: stop}
	p.try = a
	go func() {
		defer close(a.done)
		k, err := p.mysqlConnector(c)
		if err != nil {
			a.err = err
			return
		}
		a.conn, a.err = p.open(actx, k)
	}()
}

// wait waits for the driver, until ctx ends.
func (a *attempt) wait(ctx context.Context, p *peer) (*Conn, error) {
	select {
	case <-a.done:
	case <-ctx.Done():
		p.abort()
		<-a.done
	}
	return a.conn, a.err
}

func (p *probe) mysqlConnector(c *tls.Config) (driver.Connector, error) {
	line := net.Conn(p.peer)
	if c == nil {
		p.facts.ear = &mysqlEar{Conn: p.peer, key: p.want.publicKey, plugin: p.facts.plugin}
		line = p.facts.ear
	}
	dial := once(line)
	k := mysql.NewConfig()
	k.User, k.Passwd, k.DBName = p.t.Username, p.t.Password.Reveal(), p.t.Database
	k.Net, k.Addr = "tcp", net.JoinHostPort(p.hosts[0].Host, fmt.Sprint(p.hosts[0].Port))
	k.TLS = c
	k.Logger = &mysql.NopLogger{}
	k.Collation = ""
	k.CheckConnLiveness = false
	k.AllowNativePasswords = true
	k.AllowOldPasswords = false
	k.AllowCleartextPasswords = false
	k.MaxAllowedPacket = 16 << 20
	k.DialFunc = func(context.Context, string, string) (net.Conn, error) { return dial() }
	return mysql.NewConnector(k)
}

// mysqlEar listens to a handshake without TLS. It learns how the password is checked, and ends the handshake where the driver would ask for a public key that the
// parameters do not allow to be taken from just anybody.
type mysqlEar struct {
	net.Conn
	key bool // allowed

	mu      sync.Mutex
	in      []byte
	plugin  string
	quick   bool // the server knew the password by heart
	refused bool
	deaf    bool // the handshake is over
}

func (e *mysqlEar) Read(b []byte) (int, error) {
	n, err := e.Conn.Read(b)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deaf {
		return n, err
	}
	e.in = append(e.in, b[:n]...)
	for len(e.in) > 4 {
		size := int(e.in[0]) | int(e.in[1])<<8 | int(e.in[2])<<16
		if size > mostGreeting || e.in[3] > 10 {
			e.deaf = true
		}
		if e.deaf || len(e.in) < 4+size {
			break
		}
		e.hear(e.in[4 : 4+size])
		e.in = e.in[4+size:]
	}
	if e.deaf {
		e.in = nil
	}
	return n, err
}

// hear takes one packet of the server.
func (e *mysqlEar) hear(packet []byte) {
	switch {
	case len(packet) == 0:
	case packet[0] == 0xFE: // use another way
		name, _, _ := bytes.Cut(packet[1:], []byte{0})
		e.plugin = remote.Words(string(name))
	case packet[0] == 1 && len(packet) == 2 && packet[1] == 3:
		e.quick = true
	case packet[0] == 0, packet[0] == 0xFF:
		e.deaf = true
	}
}

func (e *mysqlEar) Write(b []byte) (int, error) {
	e.mu.Lock()
	asks := !e.deaf && len(b) == 5 && b[0] == 1 && b[1] == 0 && b[2] == 0 && (e.plugin == "caching_sha2_password" && b[4] == 2 || e.plugin == "sha256_password" && b[4] == 1)
	e.refused = e.refused || asks && !e.key
	refused := e.refused
	e.mu.Unlock()
	if refused {
		return 0, errPublicKey
	}
	return e.Conn.Write(b)
}

// loginMySQL waits for the driver, which secureMySQL started.
func (p *probe) loginMySQL(ctx context.Context) (outcome, error) {
	c, err := p.try.wait(ctx, p.peer)
	ear := p.facts.ear
	if ear != nil && ear.refused {
		return outcome{}, p.explainPublicKey()
	}
	if err != nil {
		return outcome{}, err
	}
	p.conn = c
	for _, setting := range sessionSettings(p.want.session) {
		if !strings.HasPrefix(setting, "@") {
			setting = "SESSION " + setting
		}
		if _, err := c.conn.ExecContext(ctx, "SET "+setting); err != nil {
			e := p.explain(ctx, Login, err)
			e.What = "The server refuses a setting of sessionVariables: " + remote.Words(setting) + "."
			e.Fix = "Correct sessionVariables."
			return outcome{}, e
		}
	}
	said := fmt.Sprintf("%s is let in.", remote.Words(p.t.Username))
	if ear != nil && ear.quick && !p.want.publicKey {
		return warned("%s But only because the server still knows the password by heart (%s without TLS): after its next restart Carbon fails with \"Public Key Retrieval is not allowed\". "+
			"Use TLS, or set allowPublicKeyRetrieval to true where the network is trusted.", said, ear.plugin), nil
	}
	return passed("%s", said), nil
}

func (p *probe) explainPublicKey() *Error {
	e := &Error{
		Stage: Login, Kind: PublicKey,
		What: fmt.Sprintf("The server checks the password of %s with %s, which needs TLS, or the public key of the server, and the parameters allow neither.",
			remote.Words(p.t.Username), p.facts.ear.plugin),
		Cause: "Connector/J ends in the same place: \"Public Key Retrieval is not allowed\".",
		Fix:   "Let the parameters ask for TLS (useSSL=true or sslMode=REQUIRED), or set allowPublicKeyRetrieval=true where nobody can redirect the connection.",
	}
	if v := parseVersion(p.facts.version); v.before(9, 0) {
		e.Fix += " Before MySQL 9, the password can be checked in the old way instead."
		e.Statements = []string{fmt.Sprintf("ALTER USER %s IDENTIFIED WITH mysql_native_password BY '<password>';", mysqlAccount(p.t.Username, "%"))}
	}
	return e
}
