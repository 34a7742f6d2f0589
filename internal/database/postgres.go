package database

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/stdlib"

	"carbon-setup/internal/remote"
)

// sslRequest asks PostgreSQL for TLS before anything else is said.
var sslRequest = []byte{0, 0, 0, 8, 4, 210, 22, 47}

// mostMessage bounds a message of PostgreSQL: the longest that we make it send is a row of a catalog.
const mostMessage = 1 << 20

func (p *probe) securePostgres(ctx context.Context) (outcome, error) {
	if p.want.tls == inClear {
		return p.inTheClear(p.excluded()), nil
	}
	if _, err := p.peer.Write(sslRequest); err != nil {
		return outcome{}, err
	}
	if _, err := p.peer.peek(1); err != nil { // what else came tells by what it is
		return outcome{}, err
	}
	_, came := p.peer.began()
	answer := make([]byte, 1)
	if err := readFull(p.peer, answer); err != nil {
		return outcome{}, err
	}
	switch {
	case came > 1 && answer[0] != 'E': // a server waits for us now; what came in the clear must not pass for what comes through TLS
		return outcome{}, remote.ErrUnintelligible
	case answer[0] == 'S':
		t, err := p.handshake(ctx, p.peer)
		if err != nil {
			return outcome{}, err
		}
		p.line = t
		return p.secured(t.ConnectionState()), nil
	case answer[0] == 'N' && p.want.tls == ifOffered:
		return p.inTheClear("the server offers no TLS, and the parameters do without it (" + p.want.asked + ")."), nil
	case answer[0] == 'N':
		return outcome{}, &Error{
			Stage: TLS, Kind: TLSNotOffered,
			What:  "The server offers no TLS, but the parameters demand it (" + p.want.asked + ").",
			Cause: "ssl is off in postgresql.conf, or the server was built without TLS.",
			Fix:   "Have TLS switched on at the server (ssl = on, ssl_cert_file, ssl_key_file; then a restart), or set sslmode to disable where the network is trusted.",
		}
	}
	if head, _ := p.peer.began(); answer[0] == 'E' && speaks(head) == "PostgreSQL" || answer[0] == 'E' && len(head) > 5 && head[1] != 0 { // servers refuse in this way when they cannot even start a process
		rest, _ := io.ReadAll(io.LimitReader(p.peer, 4096))
		if text := plainRefusal(rest); text != "" {
			return outcome{}, &Error{Stage: TLS, Kind: Refusal, What: "The server refuses every connection.", Server: text, Fix: "Look into its log."}
		}
	}
	return outcome{}, remote.ErrUnintelligible
}

// plainRefusal returns the text of an error of the protocol before version 3, or of one of today.
func plainRefusal(rest []byte) string {
	if len(rest) > 4 && rest[0] == 0 { // length, fields
		for _, field := range strings.Split(string(rest[4:]), "\x00") {
			if strings.HasPrefix(field, "M") {
				return remote.Words(field[1:])
			}
		}
	}
	text, _, _ := strings.Cut(string(rest), "\x00")
	if strings.ContainsAny(text, " ") {
		return remote.Words(text)
	}
	return ""
}

// environment is held while the variables of libpq are put away.
var environment sync.Mutex

// emptyPostgres returns a configuration that owes nothing to the environment, a service file or ~/.pgpass, all of which pgx reads as libpq does.
func emptyPostgres() (*pgx.ConnConfig, error) {
	environment.Lock()
	defer environment.Unlock()
	for _, name := range []string{"PGSERVICE", "PGSERVICEFILE", "PGSSLCERTMODE"} { // present, they cannot be overruled
		if value, there := os.LookupEnv(name); there {
			_ = os.Unsetenv(name)
			defer func() { _ = os.Setenv(name, value) }()
		}
	}
	c, err := pgx.ParseConfig("host=none port=5432 user=none password=none dbname=none sslmode=disable passfile='' sslcert='' sslkey='' sslrootcert='' sslpassword='' " +
		"sslnegotiation=postgres sslsni=1 connect_timeout=0 target_session_attrs=any min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer require_auth=''")
	if err != nil {
		return nil, err
	}
	c.RuntimeParams = map[string]string{}
	c.Fallbacks, c.ValidateConnect, c.AfterConnect, c.TLSConfig = nil, nil, nil, nil
	c.ConnectTimeout = 0
	return c, nil
}

// postgresConnector logs in through line, which speaks TLS if that is wanted.
func (p *probe) postgresConnector() (driver.Connector, error) {
	c, err := emptyPostgres()
	if err != nil {
		return nil, fmt.Errorf("postgresql: %w", err)
	}
	dial := once(p.line)
	c.Host, c.Port = p.hosts[0].Host, uint16(p.hosts[0].Port)
	c.User, c.Password, c.Database = p.t.Username, p.t.Password.Reveal(), p.t.Database
	maps.Copy(c.RuntimeParams, map[string]string{"client_encoding": "UTF8", "application_name": "carbon-setup"})
	if p.want.schema != "" {
		c.RuntimeParams["search_path"] = p.want.schema
	}
	if p.want.options != "" {
		c.RuntimeParams["options"] = p.want.options
	}
	if p.want.binding != "" {
		c.ChannelBinding = p.want.binding
	}
	c.DialFunc = func(context.Context, string, string) (net.Conn, error) { return dial() }
	c.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	c.MaxProtocolMessageBodyLen = mostMessage
	c.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		return pgproto3.NewFrontend(&postgresEar{r: r, heard: &p.facts.method}, w)
	}
	c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	c.StatementCacheCapacity, c.DescriptionCacheCapacity = 0, 0
	return stdlib.GetConnector(*c, stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false })), nil
}

// postgresEar hears which way of checking the password the server asks for: it is in the first message.
type postgresEar struct {
	r     io.Reader
	begin []byte
	heard *string
}

func (e *postgresEar) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	const need = 9 // 'R', length, method
	if len(e.begin) < need {
		e.begin = append(e.begin, b[:min(n, need-len(e.begin))]...)
		if len(e.begin) == need && e.begin[0] == 'R' {
			*e.heard = postgresMethod(binary.BigEndian.Uint32(e.begin[5:]))
		}
	}
	return n, err
}

func postgresMethod(code uint32) string {
	switch code {
	case 0:
		return "trust"
	case 3:
		return "password"
	case 5:
		return "md5"
	case 7, 8, 9:
		return "gss"
	case 10:
		return "scram-sha-256"
	}
	return fmt.Sprintf("method %d", code)
}

func (p *probe) explainPostgres(e *pgconn.PgError) *Error {
	t := p.t
	user, db := quoteIdent(t.Username), quoteIdent(t.Database)
	x := &Error{Stage: Login, wrapped: e, Server: remote.Words(e.Message, t.Password.Reveal())}
	switch e.Code {
	case "28P01":
		x.Kind = WrongPassword
		x.What = fmt.Sprintf("PostgreSQL does not let %s in: wrong password, or no such user.", remote.Words(t.Username))
		x.Cause = "PostgreSQL does not tell which of the two it is; its log does."
		x.Fix = "Enter the password again; then have it set anew, or the user created."
		x.Statements = []string{
			fmt.Sprintf("ALTER ROLE %s WITH LOGIN PASSWORD '<password>';", user),
			fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '<password>' /* if there is none */;", user),
		}
	case "28000":
		p.explainHBA(x, e)
	case "3D000":
		x.Stage, x.Kind = Database, DatabaseMissing
		x.What = fmt.Sprintf("PostgreSQL has no database %s.", remote.Words(t.Database))
		x.Cause = "It was not created yet, or its name is written differently: upper and lower case matter."
		x.Fix = "Have it created, or correct the name."
		x.Statements = []string{fmt.Sprintf("CREATE DATABASE %s OWNER %s ENCODING 'UTF8' TEMPLATE template0;", db, user)}
	case "42501":
		x.Stage, x.Kind = Database, DatabaseDenied
		x.What = fmt.Sprintf("%s may not use the database %s.", remote.Words(t.Username), remote.Words(t.Database))
		x.Cause = "The right CONNECT was taken from PUBLIC."
		x.Fix = "Have the right granted."
		x.Statements = []string{fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s;", db, user)}
	case "55000":
		x.Stage, x.Kind = Database, DatabaseDenied
		x.What = fmt.Sprintf("The database %s takes no connections.", remote.Words(t.Database))
		x.Cause = "It is a template, or somebody has closed it."
		x.Fix = "Give the name of another database, or have this one opened."
		x.Statements = []string{fmt.Sprintf("ALTER DATABASE %s WITH ALLOW_CONNECTIONS true;", db)}
	case "53300":
		x.Kind = TooMany
		x.What = "PostgreSQL takes no further connections: all are in use."
		x.Cause = "max_connections of the server, or the CONNECTION LIMIT of the user or the database, is reached. Each Carbon server takes up to maxActive connections per datasource."
		x.Fix = "Have the limit raised, or connections ended that nobody needs."
		x.Statements = []string{"SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC;", "SHOW max_connections;"}
	case "57P03", "57P01", "57P02":
		x.Kind = Starting
		x.What = "PostgreSQL is starting or shutting down."
		x.Fix = "Wait until it runs, then test again."
	case "0A000":
		x.Stage, x.Kind = Version, VersionOld
		x.What = "PostgreSQL does not know this version of the protocol: it is older than any that can be used."
		x.Fix = "Upgrade the database server."
	default:
		x.Kind = Refusal
		x.What = fmt.Sprintf("PostgreSQL refuses (SQLSTATE %s).", remote.Words(e.Code))
		x.Fix = "Look into the log of the database server."
	}
	return x
}

// explainHBA tells apart what PostgreSQL calls an invalid authorization. Its texts may be in any language; the names of its functions are not.
func (p *probe) explainHBA(x *Error, e *pgconn.PgError) {
	t := p.t
	user, db := quoteIdent(t.Username), quoteIdent(t.Database)
	if e.Routine == "InitializeSessionUserId" && strings.Contains(e.Message, "permitted to log in") {
		x.Kind = Locked
		x.What = fmt.Sprintf("The role %s may not log in.", remote.Words(t.Username))
		x.Cause = "It was made as a group (NOLOGIN)."
		x.Fix = "Have it allowed to log in, or use another user."
		x.Statements = []string{fmt.Sprintf("ALTER ROLE %s LOGIN;", user)}
		return
	}
	if e.Routine == "InitializeSessionUserId" {
		x.Kind = UnknownUser
		x.What = fmt.Sprintf("PostgreSQL has no user %s.", remote.Words(t.Username))
		x.Cause = "It was not created yet, or its name is written differently: upper and lower case matter."
		x.Fix = "Have it created, or correct the name."
		x.Statements = []string{fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '<password>';", user)}
		return
	}
	from := betweenQuotes(e.Message)
	if from == "" || net.ParseIP(from) == nil {
		from = hostOf(p.peer.LocalAddr())
	}
	connType, how := "host", "without TLS"
	if p.facts.encrypted != "" {
		connType, how = "hostssl", "with TLS"
	}
	x.Kind = HostNotAllowed
	x.What = fmt.Sprintf("PostgreSQL lets %s not in from %s (%s): pg_hba.conf has no line for it, or one that rejects it.", remote.Words(t.Username), remote.Words(from), how)
	x.Cause = "pg_hba.conf lists which user may use which database from which address."
	x.Fix = "Have this line added to pg_hba.conf, above lines that match more, and the file read again."
	if p.facts.encrypted == "" {
		x.Cause += " A line that says hostssl lets in nobody without TLS."
		x.Fix = "If its line for this address says hostssl, set sslmode to require or verify-full: the server demands TLS. Otherwise have this line added to pg_hba.conf, above lines that match more, and the file read again."
	}
	x.Statements = []string{fmt.Sprintf("%s    %s    %s    %s    scram-sha-256", connType, db, user, addressMask(from)), "SELECT pg_reload_conf();"}
}

func addressMask(address string) string {
	if strings.Contains(address, ":") {
		return address + "/128"
	}
	return address + "/32"
}

// betweenQuotes returns the first text in double quotes.
func betweenQuotes(text string) string {
	_, rest, _ := strings.Cut(text, `"`)
	in, _, there := strings.Cut(rest, `"`)
	if !there {
		return ""
	}
	return in
}

// quoteIdent quotes a name for SQL where it needs it.
func quoteIdent(name string) string {
	plain := name != ""
	for i, r := range name {
		plain = plain && (r >= 'a' && r <= 'z' || r == '_' || i > 0 && r >= '0' && r <= '9')
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(remote.Words(name), `"`, `""`) + `"`
}
