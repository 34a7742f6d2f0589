package database

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	oracle "github.com/sijms/go-ora/v2/network"

	"carbon-setup/internal/remote"
)

// userError says what stopped the work on a user. Nothing was changed then: the transaction was not ended.
func (c *Conn) userError(ctx context.Context, name string, err error) *Error {
	name = remote.Words(name)
	e := &Error{Stage: Schema, Kind: Refusal, wrapped: err}
	table := "UM_USER in " + c.Target.String()
	var digest *DigestError
	switch {
	case errors.Is(err, errNoUser):
		e.Kind, e.What = NoUser, fmt.Sprintf("%s has no user %s of the super tenant (UM_TENANT_ID %d).", table, name, superTenant)
		e.Cause = "The user has another name there, or the server has been started with another database."
		e.Fix = "Look at the names: SELECT UM_USER_NAME FROM UM_USER WHERE UM_TENANT_ID = -1234; and give the one that is meant."
		if c.Kind == PostgreSQL || c.Kind == Oracle {
			e.Fix += " " + c.Kind.Title() + " tells capital letters from small ones, as Carbon does at a login there."
		}
	case errors.Is(err, errSeveralUsers):
		e.Kind, e.What = SeveralUsers, fmt.Sprintf("%s has more than one row for the user %s. Which of them Carbon takes cannot be told, so none was changed.", table, name)
		e.Cause = "The table lacks the unique key on UM_USER_NAME and UM_TENANT_ID that Carbon's scripts give it."
		e.Fix = "Remove the row that is not meant, and restore the key."
	case errors.Is(err, errUserChanged):
		e.Kind, e.What = UserChanged, fmt.Sprintf("The password of the user %s in %s was changed by somebody else since. It was left as it is now.", name, table)
		e.Fix = "If the server does not accept the password that its files have, change it in the management console."
	case errors.Is(err, errNotKept):
		e.Kind, e.What = NotKept, fmt.Sprintf("The former row of the user %s could not be written down beside the backups, so nothing was changed in %s.", name, table)
		e.Fix = "See to it that there is room on the disk and that the folder .carbon-setup of the install can be written."
	case errors.Is(err, errNotAsWritten), errors.Is(err, errNotOneRow):
		e.Kind, e.What = Incomplete, fmt.Sprintf("%s did not take the new row of the user %s as it was given, so nothing was changed.", table, name)
		e.Cause = "A trigger, a rule or a view stands between, or a column is too short."
		e.Fix = "Change the password in the management console."
	case errors.As(err, &digest):
		e.Kind, e.What = Unusable, fmt.Sprintf("The password of the user %s cannot be set: %s.", name, digest.Error())
		e.Fix = "Change the password in the management console."
	default:
		c.explainUser(ctx, e, name, table, err)
	}
	return e
}

// explainUser explains what the server or the network said.
func (c *Conn) explainUser(ctx context.Context, e *Error, name, table string, err error) {
	e.Server = remote.Words(err.Error(), c.Target.Password.Reveal())
	code := serverCode(err)
	switch {
	case errors.Is(err, errCommit) && code == "":
		e.What = fmt.Sprintf("The connection was lost at the very end: whether the change of the user %s in %s counts is not known.", name, table)
		e.Fix = "Look whether the server can be reached, and try again."
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Server = Busy, ""
		e.What = fmt.Sprintf("The row of the user %s in %s was not to be had within %.0f seconds. Nothing was changed.", name, table, lockWait.Seconds())
		e.Cause = "Somebody else holds it: a server that shares the database, or a transaction that was left open."
		e.Fix = "Stop the other servers, or end the transaction, and try again."
	case ctx.Err() != nil:
		e.Kind, e.Server = Canceled, ""
		e.What = fmt.Sprintf("The work on the user %s in %s was stopped. Nothing was changed.", name, table)
		e.Fix = "Try again when it suits."
	case code == "42501" || code == "mysql 1142" || code == "mysql 1143" || code == "mssql 229" || code == "mssql 230" || code == "oracle 1031":
		account := remote.Words(c.Target.Username)
		e.Kind, e.What = NoRight, fmt.Sprintf("The database user %s may not read or change %s. Nothing was changed.", account, table)
		e.Cause = "Carbon itself needs these rights, or nobody can change a password."
		e.Fix = "Have them granted, and try again."
		e.Statements = []string{"GRANT SELECT, UPDATE ON UM_USER TO " + c.grantee() + ";"}
	case code == "25006" || code == "mysql 1290" || code == "mysql 1792" || code == "mssql 3906" || code == "oracle 16000":
		e.Kind, e.What = ReadOnly, fmt.Sprintf("%s cannot be changed: the database is read-only. Nothing was changed.", table)
		e.Cause = "This is a replica, or the server was switched to read-only."
		e.Fix = "Lead the datasource to the server that is written to."
	case code == "42P01" || code == "3F000" || code == "mysql 1146" || code == "mssql 208" || code == "oracle 942":
		e.Kind, e.What = NoUserTable, fmt.Sprintf("There is no table %s that the database user %s can see.", table, remote.Words(c.Target.Username))
		e.Cause = "The tables have not been made yet, or they lie in another database or schema than the one that the datasource leads to."
		e.Fix = "Compare the datasource of user-mgt.xml with the database that the server was started with."
	default:
		e.What = fmt.Sprintf("The server refused the work on the user %s in %s, or the connection was lost.", name, table)
		e.Fix = "See to what the server says, and try again."
	}
}

// grantee is the database user as GRANT names it.
func (c *Conn) grantee() string {
	if c.Kind == MySQL || c.Kind == MariaDB {
		return mysqlAccount(c.Target.Username, "%")
	}
	if c.Kind == Oracle {
		return oracleName(c.Target.Username)
	}
	return quoteName(c.Kind, remote.Words(c.Target.Username))
}

// serverCode is the number by which a server names an error: the SQLSTATE of PostgreSQL, or the name of the product and its own number.
func serverCode(err error) string {
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	var ms mssql.Error
	var ora *oracle.OracleError
	switch {
	case errors.As(err, &pg):
		return pg.Code
	case errors.As(err, &my):
		return fmt.Sprintf("mysql %d", my.Number)
	case errors.As(err, &ms):
		return fmt.Sprintf("mssql %d", ms.Number)
	case errors.As(err, &ora):
		return fmt.Sprintf("oracle %d", ora.ErrCode)
	}
	return ""
}
