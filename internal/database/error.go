package database

import (
	"strings"

	"carbon-setup/internal/remote"
)

// ErrorKind is what stopped a test, or what a Conn could not do.
type ErrorKind string

// The kinds of errors. Each has its own text, cause and advice.
const (
	NameUnknown     ErrorKind = "name-unknown"     // the name has no address
	NameUnanswered  ErrorKind = "name-unanswered"  // no name server answered
	Refused         ErrorKind = "refused"          // nothing listens on the port, or a firewall says so
	Filtered        ErrorKind = "filtered"         // no answer at all
	Unreachable     ErrorKind = "unreachable"      // no route, or this machine may not
	InstanceUnknown ErrorKind = "instance-unknown" // SQL Server: the browser does not know the instance
	BrowserSilent   ErrorKind = "browser-silent"   // SQL Server: UDP 1434 does not answer
	Silent          ErrorKind = "silent"           // connected, and not a byte came
	Slow            ErrorKind = "slow"             // bytes came, the answer did not
	Closed          ErrorKind = "closed"           // the server hung up
	OtherProtocol   ErrorKind = "other-protocol"   // something else listens on the port
	Unintelligible  ErrorKind = "unintelligible"   // an answer that breaks the protocol
	TooMuch         ErrorKind = "too-much"         // more bytes than any server sends
	TLSNotOffered   ErrorKind = "tls-not-offered"  // asked for by the parameters, not offered by the server
	TLSDemanded     ErrorKind = "tls-demanded"     // demanded by the server, excluded by the parameters
	TLSFailed       ErrorKind = "tls-failed"       // no common version or cipher
	CertUntrusted   ErrorKind = "cert-untrusted"   // unknown issuer
	CertName        ErrorKind = "cert-name"        // made out for another name
	CertExpired     ErrorKind = "cert-expired"     // or not yet valid
	WrongPassword   ErrorKind = "wrong-password"   // or a user that does not exist, where the server does not tell which
	UnknownUser     ErrorKind = "unknown-user"     // the server says so
	HostNotAllowed  ErrorKind = "host-not-allowed" // nobody, or not this user, may come from this machine
	HostBlocked     ErrorKind = "host-blocked"     // MySQL 1129
	Locked          ErrorKind = "locked"           // the account
	Expired         ErrorKind = "password-expired" // the password
	AuthMethod      ErrorKind = "auth-method"      // the server wants a way of logging in that is not there
	PublicKey       ErrorKind = "public-key"       // caching_sha2_password without TLS and without allowPublicKeyRetrieval
	TooMany         ErrorKind = "too-many"         // connections
	Starting        ErrorKind = "starting"         // or shutting down
	DatabaseMissing ErrorKind = "database-missing" // the database, service or SID
	DatabaseDenied  ErrorKind = "database-denied"  // it is there, but not for this user
	VersionOld      ErrorKind = "version-old"      // the server
	NoRight         ErrorKind = "no-right"         // to create tables
	ReadOnly        ErrorKind = "read-only"        // a replica
	BadCharset      ErrorKind = "bad-charset"      // the scripts fail, or data is damaged
	Unusable        ErrorKind = "unusable"         // the target has faults
	Canceled        ErrorKind = "canceled"         // by the operator
	Refusal         ErrorKind = "refusal"          // anything else the server says no to
)

// Error is what an operator is told: what happened to what, in the server's own words, why, and what to do now. It never holds a password.
type Error struct {
	Stage      Stage
	Kind       ErrorKind
	What       string   // full sentences
	Server     string   // the server's own words, printable and bounded; "" if it said none
	Cause      string   // the likely cause, full sentences; may be ""
	Fix        string   // full sentences; may be ""
	Statements []string // what the administrator of the database runs, in this order
	wrapped    error
}

func (e *Error) Error() string {
	return remote.Paragraph(e.What, remote.Said(e.Server), e.Cause, e.Fix, e.ForAdministrator())
}

// ForAdministrator names the statements on one line, "" if there are none.
func (e *Error) ForAdministrator() string {
	if len(e.Statements) == 0 {
		return ""
	}
	all := make([]string, len(e.Statements))
	for i, s := range e.Statements {
		all[i] = strings.TrimSuffix(s, ";") + ";"
	}
	return "For the administrator of the database: " + strings.Join(all, " ")
}

// Unwrap returns the error of the driver or of the network.
func (e *Error) Unwrap() error { return e.wrapped }
