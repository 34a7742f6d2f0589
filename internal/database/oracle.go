package database

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"

	ora "github.com/sijms/go-ora/v2"
	oracle "github.com/sijms/go-ora/v2/network"

	"carbon-setup/internal/remote"
)

// mostRedirects is how often a listener may send us elsewhere: a SCAN listener does it once.
const mostRedirects = 3

func (p *probe) secureOracle(ctx context.Context) (outcome, error) {
	if p.want.tls != always {
		p.line = p.peer
		return p.inTheClear("the protocol is TCP, not TCPS."), nil
	}
	t, err := p.handshake(ctx, p.peer)
	if err != nil {
		return outcome{}, err
	}
	p.line = t
	return p.secured(t.ConnectionState()), nil
}

// oracleConnector logs in through line. The driver is told nothing of TLS, as that is done already.
func (p *probe) oracleConnector() (driver.Connector, error) {
	if p.t.Username == "" || p.t.Password.Reveal() == "" {
		// With neither the driver would try the account of the operating system.
		return nil, &Error{Stage: Login, Kind: Unusable, What: "User and password are needed to log in to Oracle.", Fix: "Enter both."}
	}
	host := p.hosts[0]
	service, sid := p.t.Service, p.t.SID
	if p.t.Descriptor != "" {
		d, err := parseDescriptor(p.t.Descriptor)
		if err != nil {
			return nil, err
		}
		service, sid = d.service, d.sid
	}
	options := url.Values{"TIMEOUT": {"0"}}
	if sid != "" {
		options.Set("SID", sid)
	}
	address := url.URL{
		Scheme: "oracle", User: url.UserPassword(p.t.Username, p.t.Password.Reveal()), Host: net.JoinHostPort(host.Host, strconv.Itoa(host.Port)),
		Path: "/" + service, RawQuery: options.Encode(),
	}
	k, isOracle := ora.NewConnector(address.String()).(*ora.OracleConnector)
	if !isOracle {
		return nil, remote.ErrUnintelligible
	}
	k.Dialer(&oracleDialer{probe: p})
	return k, nil
}

// oracleDialer gives the driver the connection that is there, and makes others where a listener redirects.
type oracleDialer struct {
	probe *probe
	calls atomic.Int32
}

func (d *oracleDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	p := d.probe
	switch n := d.calls.Add(1); {
	case n == 1:
		return &tnsConn{Conn: p.line, peer: p.peer}, nil
	case n > 1+mostRedirects:
		return nil, errSecondDial
	}
	c, err := p.o.Dial(ctx, network, address)
	if err != nil {
		host, port, _ := net.SplitHostPort(address)
		number, _ := strconv.Atoi(port)
		e := p.explainDial(ctx, found{Addr{Host: host, Port: number}, address}, err)
		e.Stage = Login
		e.Cause = "The listener sent us there. " + e.Cause
		return nil, e
	}
	p.peer.become(c)
	if p.want.tls != always {
		return &tnsConn{Conn: p.peer, peer: p.peer}, nil
	}
	t, err := p.handshake(ctx, p.peer)
	if err != nil {
		return nil, err
	}
	return &tnsConn{Conn: t, peer: p.peer}, nil
}

// mostResends is how often a server may ask for the last packet again: it does so once, as it hands the connection to another process.
const mostResends = 4

// The packets of Oracle Net that matter here.
const (
	tnsAccept     = 2
	tnsDataPacket = 6
	tnsResend     = 11
	tnsControl    = 14 // the last type
	tnsHead       = 8
	tnsSID        = 1       // flag of ACCEPT that its driver prints about, and then fails
	tnsLong       = 315     // from this version on lengths have four bytes, once the connection is accepted
	tnsMost       = 2 << 20 // the largest packet that the driver asks for
)

// tnsConn checks the length of each packet before the driver makes room for it.
type tnsConn struct {
	net.Conn
	peer    *peer
	long    bool
	ahead   bytes.Reader
	left    int // bytes of the packet that may be passed on
	resends int
}

// Close ends this connection alone: the driver does so before it follows a redirection.
func (c *tnsConn) Close() error {
	c.peer.hangUp()
	return nil
}

func (c *tnsConn) Read(b []byte) (int, error) {
	if c.ahead.Len() > 0 {
		return c.ahead.Read(b)
	}
	if c.left > 0 {
		n, err := c.Conn.Read(b[:min(len(b), c.left)])
		c.left -= n
		return n, err
	}
	packet := make([]byte, tnsHead)
	if _, err := io.ReadFull(c.Conn, packet); err != nil {
		return 0, err
	}
	size := int(binary.BigEndian.Uint16(packet))
	if c.long {
		size = int(binary.BigEndian.Uint32(packet))
	}
	if size < tnsHead || size > tnsMost || packet[4] < tnsAccept || packet[4] > tnsControl || !c.long && (packet[2] != 0 || packet[3] != 0) {
		return 0, remote.ErrUnintelligible
	}
	if packet[4] == tnsResend {
		if c.resends++; c.resends > mostResends {
			return 0, remote.ErrUnintelligible
		}
	}
	c.left = size - tnsHead
	if packet[4] == tnsDataPacket {
		body := make([]byte, min(c.left, 12))
		if _, err := io.ReadFull(c.Conn, body); err != nil {
			return 0, err
		}
		c.left -= len(body)
		if manyPairs(body) {
			return 0, remote.ErrUnintelligible
		}
		packet = append(packet, body...)
	}
	if packet[4] == tnsAccept {
		body := make([]byte, min(c.left, 64))
		if _, err := io.ReadFull(c.Conn, body); err != nil {
			return 0, err
		}
		c.left -= len(body)
		if len(body) < 16 || packet[5]&tnsSID != 0 {
			return 0, remote.ErrUnintelligible
		}
		c.long = binary.BigEndian.Uint16(body) >= tnsLong
		packet = append(packet, body...)
	}
	c.ahead.Reset(packet)
	return c.ahead.Read(b)
}

// manyPairs reports whether data begins with an answer to a login that announces more pairs of names and values than a server has to tell: the driver makes
// room for them before it reads them. In front of them are flags (2 bytes) and the kind of message, 8.
func manyPairs(data []byte) bool {
	const most = 1024
	if len(data) < 4 || data[2] != 8 {
		return false
	}
	size := int(data[3] & 0x7F)
	if size > 8 || len(data) < 4+size {
		return size > 2
	}
	n := uint64(0)
	for _, b := range data[4 : 4+size] {
		n = n<<8 | uint64(b)
	}
	return n > most || data[3]&0x80 != 0 && n > 0
}

// explainOracle says what an error of Oracle means.
func (p *probe) explainOracle(e *oracle.OracleError) *Error {
	x := &Error{Stage: Login, Kind: Refusal, wrapped: e, Server: remote.Words(e.Error(), p.t.Password.Reveal())}
	user := oracleName(p.t.Username)
	switch e.ErrCode {
	case 12514, 12505, 12504, 12521:
		p.explainService(x, e.ErrCode)
	case 12516, 12518, 12519, 12520, 18, 20, 2391:
		x.Kind = TooMany
		x.What = "Oracle takes no further connections: all are in use."
		x.Cause = "processes or sessions of the server, or SESSIONS_PER_USER of the profile, is reached. Each Carbon server takes up to maxActive connections per datasource."
		x.Fix = "Have the limit raised, or sessions ended that nobody needs."
		x.Statements = []string{"SELECT RESOURCE_NAME, CURRENT_UTILIZATION, LIMIT_VALUE FROM V$RESOURCE_LIMIT WHERE RESOURCE_NAME IN ('processes', 'sessions');"}
	case 12526, 12527, 12528, 1033, 1034, 1035, 1089, 1090, 12537:
		x.Kind = Starting
		x.What = "Oracle is starting or shutting down, or open for administrators alone."
		x.Fix = "Wait until it is open, then test again."
		x.Statements = []string{"SELECT STATUS, LOGINS FROM V$INSTANCE;"}
	case 1017:
		x.Kind = WrongPassword
		x.What = fmt.Sprintf("Oracle does not let %s in: wrong password, or no such user.", remote.Words(p.t.Username))
		x.Cause = "Oracle does not tell which of the two it is. Passwords are case-sensitive since 11g; an account is locked after some failures, so do not just try."
		x.Fix = "Enter the password again; then have it set anew, or the user created."
		x.Statements = []string{
			fmt.Sprintf("ALTER USER %s IDENTIFIED BY \"<password>\";", user),
			fmt.Sprintf("CREATE USER %s IDENTIFIED BY \"<password>\" QUOTA UNLIMITED ON USERS /* if there is none */;", user),
			fmt.Sprintf("GRANT CREATE SESSION, CREATE TABLE, CREATE SEQUENCE, CREATE TRIGGER TO %s;", user),
		}
	case 28000:
		x.Kind = Locked
		x.What = fmt.Sprintf("The account of %s is locked.", remote.Words(p.t.Username))
		x.Cause = "Too many logins with a wrong password (FAILED_LOGIN_ATTEMPTS), or somebody locked it."
		x.Fix = "Have it unlocked, and end first what still tries the old password."
		x.Statements = []string{fmt.Sprintf("ALTER USER %s ACCOUNT UNLOCK;", user)}
	case 28001:
		x.Kind = Expired
		x.What = fmt.Sprintf("The password of %s has expired.", remote.Words(p.t.Username))
		x.Cause = "PASSWORD_LIFE_TIME of its profile: 180 days unless changed."
		x.Fix = "Have it set anew; for the user of a server, expiry is best switched off."
		x.Statements = []string{fmt.Sprintf("ALTER USER %s IDENTIFIED BY \"<password>\";", user), "ALTER PROFILE DEFAULT LIMIT PASSWORD_LIFE_TIME UNLIMITED;"}
	case 1045:
		x.Stage, x.Kind = Database, DatabaseDenied
		x.What = fmt.Sprintf("%s may not open a session.", remote.Words(p.t.Username))
		x.Fix = "Have the right granted."
		x.Statements = []string{fmt.Sprintf("GRANT CREATE SESSION TO %s;", user)}
	case 28040, 3134:
		x.Kind = AuthMethod
		x.What = "The server and the driver have no way of checking passwords in common."
		x.Cause = "SQLNET.ALLOWED_LOGON_VERSION_SERVER in sqlnet.ora of the server excludes it."
		x.Fix = "Have it lowered there, or use the driver of the server's own version."
	case 12660, 12650, 12649:
		x.Kind = TLSDemanded
		x.What = "The server demands encryption or checksums that were not agreed on."
		x.Cause = "SQLNET.ENCRYPTION_SERVER in sqlnet.ora of the server is REQUIRED."
		x.Fix = "Have it set to REQUESTED, or the connection made with TCPS."
	default:
		x.What = fmt.Sprintf("Oracle refuses (ORA-%05d).", e.ErrCode)
		x.Fix = "Look into the alert log and the listener log of the database server."
	}
	return x
}

func (p *probe) explainService(x *Error, code int) {
	x.Stage, x.Kind = Database, DatabaseMissing
	x.Fix = "There,   lsnrctl services   lists what the listener knows; a database registers itself up to a minute after its start."
	if code == 12505 {
		x.What = fmt.Sprintf("The listener knows no SID %s.", remote.Words(p.oracleWants()))
		x.Cause = "It is misspelled, the database is down, or the name is that of a service (pluggable databases have no SID)."
		x.Statements = []string{"SELECT INSTANCE_NAME FROM V$INSTANCE;", "ALTER SYSTEM REGISTER;"}
		return
	}
	x.What = fmt.Sprintf("The listener knows no service %s.", remote.Words(p.oracleWants()))
	x.Cause = "It is misspelled, lacks its domain, the database is down, or the name is a SID."
	x.Statements = []string{"SELECT NAME FROM V$SERVICES;", "ALTER SYSTEM REGISTER;"}
}

// oracleWants is the service or SID that was asked for.
func (p *probe) oracleWants() string {
	if p.t.Descriptor != "" {
		if d, err := parseDescriptor(p.t.Descriptor); err == nil {
			return d.service + d.sid
		}
	}
	return p.t.Service + p.t.SID
}

// plainOracle are the names that need no quotation marks.
var plainOracle = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_$#]*$`)

// oracleName writes a user as a statement does; Oracle makes it upper case, as the driver does.
func oracleName(name string) string {
	if plainOracle.MatchString(name) {
		return name
	}
	return `"` + strings.ReplaceAll(remote.Words(name), `"`, "") + `"`
}
