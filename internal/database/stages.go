package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	oracle "github.com/sijms/go-ora/v2/network"

	"carbon-setup/internal/remote"
)

func (p *probe) secure(ctx context.Context) (outcome, error) {
	switch p.t.Kind {
	case MySQL, MariaDB:
		return p.secureMySQL(ctx)
	case PostgreSQL:
		return p.securePostgres(ctx)
	case Oracle:
		return p.secureOracle(ctx)
	case SQLServer:
		return p.secureSQLServer(ctx)
	}
	return outcome{}, errNoKind
}

var errNoKind = errors.New("no such kind of database")

func (p *probe) login(ctx context.Context) (outcome, error) {
	var k driver.Connector
	var err error
	switch p.t.Kind {
	case MySQL, MariaDB:
		return p.loginMySQL(ctx)
	case PostgreSQL:
		k, err = p.postgresConnector()
	case Oracle:
		k, err = p.oracleConnector()
	case SQLServer:
		k, err = p.sqlServerConnector()
	default:
		err = errNoKind
	}
	if err != nil {
		return outcome{}, err
	}
	if p.conn, err = p.open(ctx, k); err != nil {
		return outcome{}, err
	}
	if p.facts.method != "" {
		return passed("%s is let in (%s).", remote.Words(p.t.Username), p.facts.method), nil
	}
	return passed("%s is let in.", remote.Words(p.t.Username)), nil
}

func (p *probe) database(ctx context.Context) (outcome, error) {
	query := map[Kind]string{
		MySQL: "SELECT DATABASE()", MariaDB: "SELECT DATABASE()", PostgreSQL: "SELECT current_database()", SQLServer: "SELECT DB_NAME()",
		Oracle: "SELECT SYS_CONTEXT('USERENV', 'SERVICE_NAME') FROM DUAL",
	}[p.t.Kind]
	name, err := p.conn.text(ctx, query)
	if err != nil {
		return outcome{}, err
	}
	if name == "" {
		return outcome{}, &Error{
			Stage: Database, Kind: DatabaseMissing,
			What: "No database is chosen: the server let the user in, and there is nothing to work in.",
			Fix:  "Enter the name of the database.",
		}
	}
	if p.t.Kind == Oracle {
		return passed("The service %s.", remote.Words(name)), nil
	}
	return passed("%s is there.", remote.Words(name)), nil
}

func (p *probe) version(ctx context.Context) (outcome, error) {
	switch p.t.Kind {
	case MySQL, MariaDB:
		return p.versionMySQL(ctx)
	case PostgreSQL:
		return p.versionPostgres(ctx)
	case Oracle:
		return p.versionOracle(ctx)
	case SQLServer:
		return p.versionSQLServer(ctx)
	}
	return outcome{}, errNoKind
}

func (p *probe) rights(ctx context.Context) (outcome, error) {
	switch p.t.Kind {
	case MySQL, MariaDB:
		return p.rightsMySQL(ctx)
	case PostgreSQL:
		return p.rightsPostgres(ctx)
	case Oracle:
		return p.rightsOracle(ctx)
	case SQLServer:
		return p.rightsSQLServer(ctx)
	}
	return outcome{}, errNoKind
}

func (p *probe) charset(ctx context.Context) (outcome, error) {
	switch p.t.Kind {
	case MySQL, MariaDB:
		return p.charsetMySQL(ctx)
	case PostgreSQL:
		return p.charsetPostgres(ctx)
	case Oracle:
		return p.charsetOracle(ctx)
	case SQLServer:
		return p.charsetSQLServer(ctx)
	}
	return outcome{}, errNoKind
}

// explain makes what went wrong in a stage fit to be told.
func (p *probe) explain(ctx context.Context, s Stage, err error) *Error {
	var told *Error
	var my *mysql.MySQLError
	var pg *pgconn.PgError
	var ms mssql.Error
	var ora *oracle.OracleError
	var cert *certificateError
	switch {
	case errors.As(err, &told):
	case errors.As(err, &my):
		told = p.explainMySQL(my)
	case errors.As(err, &pg):
		told = p.explainPostgres(pg)
	case errors.As(err, &ms):
		told = p.explainSQLServer(ms)
	case errors.As(err, &ora):
		told = p.explainOracle(ora)
	case errors.As(err, &cert):
		told = p.explainTLS(ctx, err)
	default:
		return p.explainWire(ctx, s, err)
	}
	if rank(told.Stage) < rank(s) { // it came up in a query
		at := *told
		at.Stage = s
		told = &at
	}
	return told
}

// explainWire says what happened where no server said a word that its driver understood.
func (p *probe) explainWire(ctx context.Context, s Stage, err error) *Error {
	e := &Error{Stage: s, wrapped: err}
	product := p.t.Kind.Title()
	var head []byte
	var got int64
	spilled := false
	where := p.hosts[0].Host
	if p.peer != nil {
		head, got = p.peer.began()
		spilled = p.peer.budget.Exceeded()
		where = p.peer.RemoteAddr().String()
	}
	other := speaks(head)
	if other != "" && p.expects(other) {
		other = ""
	}
	late := ctx.Err() != nil || remote.TimedOut(err)
	switch {
	case other != "":
		e.Kind = OtherProtocol
		e.What = fmt.Sprintf("What listens at %s is not %s: it looks like %s.", where, product, other)
		e.Cause = "The port is that of another service."
		e.Fix = fmt.Sprintf("Correct the port; the one that %s usually has is %d.", product, p.t.Kind.DefaultPort())
	case spilled:
		e.Kind = TooMuch
		e.What = fmt.Sprintf("What listens at %s sends without end.", where)
		e.Fix = fmt.Sprintf("Check the address and the port: %s does not do that.", product)
	case late && got == 0:
		e.Kind = Silent
		e.What = fmt.Sprintf("%s accepts the connection and then says nothing.", where)
		e.Cause = "Something else listens there, a firewall answers in its place, or the server is overloaded."
		if p.t.Kind == MySQL || p.t.Kind == MariaDB {
			e.Cause += " MySQL and MariaDB speak first; web servers, PostgreSQL and others wait to be spoken to."
		}
		e.Fix = "Check the port; try again."
	case late:
		e.Kind = Slow
		e.What = fmt.Sprintf("%s did not finish its answer within %s.", where, p.o.limit(s))
		e.Cause = "The server is overloaded or waits for a lock, or the network loses packets."
		e.Fix = "Try again; then look at what the server is busy with."
	case got > 0 && errors.Is(err, remote.ErrUnintelligible), got > 0 && !isClosed(err) && rank(s) < rank(Database):
		e.Kind = Unintelligible
		e.What = fmt.Sprintf("What listens at %s does not speak the protocol of %s.", where, product)
		e.Cause = "Its answer begins with " + describe(head) + "."
		e.Fix = fmt.Sprintf("Correct the port; the one that %s usually has is %d.", product, p.t.Kind.DefaultPort())
	case isClosed(err):
		e.Kind = Closed
		e.What = fmt.Sprintf("%s hung up.", where)
		e.Cause = "The server does not take connections from here, is just being stopped, or is no database; a load balancer without a server behind it does the same."
		e.Fix = "Look into the log of the database server; check the port."
	default:
		e.Kind = Refusal
		e.What = "It failed: " + remote.Words(err.Error(), p.t.Password.Reveal()) + "."
		e.Fix = "Look into the log of the database server."
	}
	return e
}

// expects reports whether a guess of speaks is what should be there.
func (p *probe) expects(guess string) bool {
	return guess == p.t.Kind.Title() || guess == "MySQL or MariaDB" && (p.t.Kind == MySQL || p.t.Kind == MariaDB) || guess == "an Oracle listener" && p.t.Kind == Oracle
}

// rank is the place of a stage among Stages.
func rank(s Stage) int {
	for i, each := range Stages() {
		if each == s {
			return i
		}
	}
	return -1
}

// isClosed reports whether the other side ended the connection.
func isClosed(err error) bool {
	if remote.HungUp(err) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) {
		return true
	}
	return strings.HasSuffix(err.Error(), "EOF") || strings.Contains(err.Error(), "connection reset") || strings.Contains(err.Error(), "closed connection")
}

// hostOf is an address without its port.
func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}
