package database

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"fmt"
	"net"
	"strconv"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"carbon-setup/internal/remote"
)

// browserPort is where the SQL Server Browser listens, on UDP.
const browserPort = "1434"

// browse asks the SQL Server Browser for the port of the instance.
func (p *probe) browse(ctx context.Context) error {
	instance := p.t.Instance
	silent := &Error{
		Stage: Connect, Kind: BrowserSilent,
		What:  fmt.Sprintf("%s does not say which port the instance %s has: UDP port 1434 does not answer.", remote.Words(p.found[0].host.Host), remote.Words(instance)),
		Cause: "The SQL Server Browser service is not running there, or a firewall keeps UDP back.",
		Fix:   "Enter the port of the instance (the Configuration Manager shows it) and leave the instance out; or have the service started and UDP port 1434 opened.",
	}
	address := net.JoinHostPort(hostOnly(p.found[0].address), browserPort)
	c, err := p.o.Dial(ctx, "udp", address)
	if err != nil {
		silent.wrapped = err
		return silent
	}
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err := c.Write(append(append([]byte{4}, instance...), 0)); err != nil { // CLNT_UCAST_INST
		silent.wrapped = err
		return silent
	}
	answer := make([]byte, 2048)
	n, err := c.Read(answer)
	if err != nil {
		silent.wrapped = err
		return silent
	}
	port := instancePort(answer[:n], instance)
	if port == 0 {
		return &Error{
			Stage: Connect, Kind: InstanceUnknown,
			What:  fmt.Sprintf("The SQL Server Browser at %s knows no instance %s that listens on TCP.", remote.Words(p.found[0].host.Host), remote.Words(instance)),
			Cause: "Its name is misspelled, it is stopped, or TCP/IP is disabled for it in the Configuration Manager.",
			Fix:   "Correct the name, or enter the port of the instance instead.", Server: remote.Words(browserText(answer[:n])),
		}
	}
	for i := range p.found {
		p.found[i].host.Port = port
		p.found[i].address = net.JoinHostPort(hostOnly(p.found[i].address), strconv.Itoa(port))
	}
	return nil
}

func hostOnly(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}

// browserText is what follows the head of an answer: ServerName;X;InstanceName;Y;IsClustered;No;Version;15.0;tcp;1433;; and so on.
func browserText(answer []byte) string {
	if len(answer) < 3 || answer[0] != 5 {
		return ""
	}
	return string(answer[3:])
}

func instancePort(answer []byte, instance string) int {
	for _, one := range strings.Split(browserText(answer), ";;") {
		pairs := strings.Split(one, ";")
		values := map[string]string{}
		for i := 0; i+1 < len(pairs); i += 2 {
			values[strings.ToLower(pairs[i])] = pairs[i+1]
		}
		if port, err := strconv.ParseUint(values["tcp"], 10, 16); err == nil && strings.EqualFold(values["instancename"], instance) {
			return int(port)
		}
	}
	return 0
}

func (p *probe) secureSQLServer(ctx context.Context) (outcome, error) {
	if p.want.tls == fromStart {
		c := p.tlsConfig(nil)
		c.NextProtos = []string{"tds/8.0"}
		t := tls.Client(p.peer, c)
		if err := t.HandshakeContext(ctx); err != nil {
			return outcome{}, p.explainTLS(ctx, err)
		}
		line := &tdsLine{peer: p.peer, in: t, out: t}
		answer, err := line.prelogin(encryptNotSupported)
		if err != nil {
			return outcome{}, err
		}
		p.line = &tdsConn{line: line, greeting: answer}
		return p.secured(t.ConnectionState()), nil
	}
	ask := map[secrecy]byte{inClear: encryptOff, atLogin: encryptOff, ifOffered: encryptOff, always: encryptOn}[p.want.tls]
	line := &tdsLine{peer: p.peer, in: p.peer, out: p.peer}
	answer, err := line.prelogin(ask)
	if err != nil {
		return outcome{}, err
	}
	server := answer.encryption()
	switch {
	case server == encryptNotSupported && ask == encryptOn, server == encryptOff && ask == encryptOn:
		return outcome{}, &Error{
			Stage: TLS, Kind: TLSNotOffered,
			What:  "The server offers no TLS, but the parameters demand it (" + p.want.asked + ").",
			Cause: "It has no certificate that it can use, or it is too old.",
			Fix:   "Have a certificate installed for the instance in the Configuration Manager, or set encrypt=false where the network is trusted.",
		}
	case server == encryptNotSupported:
		p.line = &tdsConn{line: line, greeting: answer}
		return p.inTheClear("the server has no TLS, not even for the password."), nil
	}
	carrier := &tdsHandshake{line: line}
	config := p.tlsConfig(nil)
	config.DynamicRecordSizingDisabled = true // SQL Server wants a packet in one record
	t := tls.Client(carrier, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return outcome{}, p.explainTLS(ctx, err)
	}
	if err := carrier.flush(); err != nil {
		return outcome{}, err
	}
	line.startTLS(t)
	loginOnly := server == encryptOff
	p.line = &tdsConn{line: line, greeting: answer, loginOnly: loginOnly}
	out := p.secured(t.ConnectionState())
	switch {
	case loginOnly:
		out.message = "For the password alone, as the parameters say (" + p.want.asked + "): what follows it can be read on its way. " + out.message
	case ask != encryptOn:
		out.message = "The server demands it for everything. " + out.message
	}
	return out, nil
}

// sqlServerConnector logs in through line. The driver is told nothing of TLS, as that is done already.
func (p *probe) sqlServerConnector() (driver.Connector, error) {
	if p.want.strangers {
		return nil, &Error{
			Stage: Login, Kind: Unusable, What: "The parameters ask to log in with an account of Windows, which cannot be tested from here.",
			Fix: "Go on untested, or use a login of SQL Server.",
		}
	}
	dial := once(p.line)
	k := mssql.NewConnectorConfig(msdsn.Config{
		Host: p.hosts[0].Host, Port: uint64(p.hosts[0].Port), Database: p.t.Database,
		User: p.t.Username, Password: p.t.Password.Reveal(),
		Encryption: msdsn.EncryptionDisabled, Protocols: []string{"tcp"}, Parameters: map[string]string{"protocol": "tcp"}, ProtocolParameters: map[string]any{},
		DialTimeout: -1, DisableRetry: true, AppName: "carbon-setup", Workstation: "carbon-setup", NoTraceID: true, PacketSize: 4096,
		Encoding: msdsn.EncodeParameters{Timezone: nil},
	})
	k.Dialer = hostDialer(func(context.Context, string, string) (net.Conn, error) { return dial() })
	return k, nil
}

// hostDialer is a dial function that looks up names itself.
type hostDialer func(ctx context.Context, network, address string) (net.Conn, error)

func (d hostDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d(ctx, network, address)
}

// HostName tells the driver to leave the name alone.
func (d hostDialer) HostName() string { return "" }

// explainSQLServer says what an error of SQL Server means. The server sends several where a login fails; the last, 18456, hides the one that tells.
func (p *probe) explainSQLServer(e mssql.Error) *Error {
	for _, each := range e.All {
		if each.Number == 4060 || each.Number == 4064 || each.Number == 18486 || each.Number == 18487 || each.Number == 18488 {
			e.Number, e.State, e.Message = each.Number, each.State, each.Message
			break
		}
	}
	text := strings.TrimPrefix(e.Message, "login error: ")
	x := &Error{Stage: Login, Kind: Refusal, wrapped: e, Server: remote.Words(fmt.Sprintf("%s (error %d, state %d)", text, e.Number, e.State), p.t.Password.Reveal())}
	login, db := bracketName(p.t.Username), bracketName(p.t.Database)
	switch e.Number {
	case 18456, 18452, 18470:
		p.explainLogin18456(x, e)
	case 4060, 4064, 911:
		x.Stage, x.Kind = Database, DatabaseMissing
		x.What = fmt.Sprintf("%s cannot open the database %s.", remote.Words(p.t.Username), remote.Words(p.t.Database))
		x.Cause = "There is none of this name, it is offline, or the login has no user in it: SQL Server says the same of all three."
		x.Fix = "Have it created, and a user for the login in it; or correct the name."
		x.Statements = []string{
			fmt.Sprintf("CREATE DATABASE %s COLLATE Latin1_General_CI_AS /* if there is none */;", db),
			fmt.Sprintf("USE %s; CREATE USER %s FOR LOGIN %s; ALTER ROLE db_owner ADD MEMBER %s;", db, login, login, login),
		}
	case 18486:
		x.Kind = Locked
		x.What = fmt.Sprintf("The login %s is locked.", remote.Words(p.t.Username))
		x.Cause = "Too many attempts with a wrong password."
		x.Fix = "Have it unlocked, and end first what still tries the old password."
		x.Statements = []string{fmt.Sprintf("ALTER LOGIN %s WITH PASSWORD = '<password>' UNLOCK;", login)}
	case 18487, 18488:
		x.Kind = Expired
		x.What = fmt.Sprintf("The password of %s has expired, or must be changed at the first login.", remote.Words(p.t.Username))
		x.Fix = "Have it set anew; for the login of a server, expiry is best switched off."
		x.Statements = []string{fmt.Sprintf("ALTER LOGIN %s WITH PASSWORD = '<password>', CHECK_EXPIRATION = OFF;", login)}
	case 17809, 10928, 10929, 17300:
		x.Kind = TooMany
		x.What = "SQL Server takes no further connections: all are in use."
		x.Cause = "The limit of user connections or of worker threads is reached. Each Carbon server takes up to maxActive connections per datasource."
		x.Fix = "Have the limit raised, or connections ended that nobody needs."
		x.Statements = []string{"SELECT program_name, COUNT(*) FROM sys.dm_exec_sessions GROUP BY program_name;"}
	case 18401, 17142, 6005, 17187:
		x.Kind = Starting
		x.What = "SQL Server is starting, being upgraded, paused or shutting down."
		x.Fix = "Wait until it runs, then test again."
	case 17194, 20, 21: // severity of a broken protocol
		x.What = "SQL Server broke the connection off."
		x.Fix = "Look into its error log."
	default:
		x.What = fmt.Sprintf("SQL Server refuses (error %d).", e.Number)
		x.Fix = "Look into the error log of the database server."
	}
	return x
}

// loginStates are the states of error 18456. Servers hide them from the client behind state 1; older ones, and their logs, tell.
var loginStates = map[uint8]struct {
	kind  ErrorKind
	cause string
}{
	2:  {UnknownUser, "There is no such login."},
	5:  {UnknownUser, "There is no such login."},
	6:  {AuthMethod, "This is a login of Windows: only logins of SQL Server have a password here."},
	7:  {Locked, "The login is disabled."},
	8:  {WrongPassword, "The password is wrong."},
	9:  {WrongPassword, "The password is wrong."},
	11: {HostNotAllowed, "The login is there but may not connect to the server (CONNECT SQL was denied)."},
	12: {HostNotAllowed, "The login is there but may not connect to the server (CONNECT SQL was denied)."},
	18: {Expired, "The password must be changed."},
	38: {DatabaseMissing, "The database is not there, or the login may not use it."},
	40: {DatabaseMissing, "The database is not there, or the login may not use it."},
	58: {AuthMethod, "The server takes logins of Windows alone."},
}

func (p *probe) explainLogin18456(x *Error, e mssql.Error) {
	login := bracketName(p.t.Username)
	x.Kind = WrongPassword
	x.What = fmt.Sprintf("SQL Server does not let %s in.", remote.Words(p.t.Username))
	x.Cause = "The password is wrong, there is no such login, it is disabled, or the server takes logins of Windows alone. It does not tell which; the State in its error log does."
	if e.Number == 18452 {
		x.Kind, x.Cause = AuthMethod, "The server takes logins of Windows alone."
	}
	if e.Number == 18470 {
		x.Kind, x.Cause = Locked, "The login is disabled."
	}
	if s, known := loginStates[e.State]; known && e.Number == 18456 {
		x.Kind, x.Cause = s.kind, s.cause
		if s.kind == DatabaseMissing {
			x.Stage = Database
		}
	}
	x.Fix = "Enter the password again; then have the login created or its password set anew, and \"SQL Server and Windows Authentication mode\" switched on in the properties of the server."
	x.Statements = []string{
		fmt.Sprintf("CREATE LOGIN %s WITH PASSWORD = '<password>', CHECK_EXPIRATION = OFF /* if there is none */;", login),
		fmt.Sprintf("ALTER LOGIN %s WITH PASSWORD = '<password>' UNLOCK; ALTER LOGIN %s ENABLE;", login, login),
	}
}

func bracketName(name string) string {
	return "[" + strings.ReplaceAll(remote.Words(name), "]", "]]") + "]"
}
