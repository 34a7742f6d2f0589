package directory

import (
	"crypto/x509"
	"strings"

	"carbon-setup/internal/remote"
)

// ErrorKind is what stopped a stage of a test, or is to be read before the store is used.
type ErrorKind string

// The kinds of errors. Each has its own text, cause and advice.
const (
	Unusable     ErrorKind = "unusable"        // the URL or the store has faults
	NameUnknown  ErrorKind = "name-unknown"    // the name has no address
	NameSilent   ErrorKind = "name-unanswered" // no name server answered
	Refused      ErrorKind = "refused"         // nothing listens on the port, or a firewall says so
	Filtered     ErrorKind = "filtered"        // no answer at all
	Unreachable  ErrorKind = "unreachable"     // no route, or this machine may not
	Silent       ErrorKind = "silent"          // connected, and no answer came in time
	Closed       ErrorKind = "closed"          // the server hung up
	Garbage      ErrorKind = "unintelligible"  // an answer that is not LDAP
	TooMuch      ErrorKind = "too-much"        // more bytes than any directory sends
	Canceled     ErrorKind = "canceled"        // by the operator
	Plain        ErrorKind = "plain"           // nothing is encrypted
	NotTLS       ErrorKind = "not-tls"         // ldaps:// to a port that does not speak TLS
	TLSPort      ErrorKind = "tls-port"        // ldap:// to a port that speaks TLS
	NoStartTLS   ErrorKind = "no-starttls"     // the server does not offer it
	StartTLSOnly ErrorKind = "starttls-only"   // it works here, Carbon 4.2.0 cannot do it
	TLSFailed    ErrorKind = "tls-failed"      // no common version or cipher
	Untrusted    ErrorKind = "cert-untrusted"  // unknown issuer
	WrongName    ErrorKind = "cert-name"       // made out for another name
	Expired      ErrorKind = "cert-expired"    // the certificate, or not yet valid
	WeakChain    ErrorKind = "cert-weak"       // signed with SHA-1 or MD5: cannot be checked from here
)

// The kinds of errors of the account that Carbon uses, and of a user.
const (
	NoAccount       ErrorKind = "no-account"       // no DN or no password: Carbon 4.2.0 does not start without
	BadBindDN       ErrorKind = "bind-dn"          // no DN
	WrongPassword   ErrorKind = "wrong-password"   // or a DN that does not exist: most servers do not tell which
	UnknownAccount  ErrorKind = "unknown-account"  // Active Directory 525
	LogonHours      ErrorKind = "logon-hours"      // Active Directory 530
	LogonHere       ErrorKind = "logon-here"       // Active Directory 531
	PasswordExpired ErrorKind = "password-expired" // Active Directory 532, password policy
	PasswordReset   ErrorKind = "password-reset"   // Active Directory 773, password policy
	PasswordEnds    ErrorKind = "password-ends"    // soon
	AccountDisabled ErrorKind = "account-disabled" // Active Directory 533
	AccountExpired  ErrorKind = "account-expired"  // Active Directory 701
	AccountLocked   ErrorKind = "account-locked"   // Active Directory 775, password policy
	EncryptFirst    ErrorKind = "encrypt-first"    // the server wants TLS for this
	Denied          ErrorKind = "denied"           // the account may not
	BaseMissing     ErrorKind = "base-missing"     // no such entry
	Referred        ErrorKind = "referred"         // another server has it
	AliasBroken     ErrorKind = "alias"            // an alias that leads nowhere or in a circle
	SizeLimit       ErrorKind = "size-limit"       // of the server
	TimeLimit       ErrorKind = "time-limit"       // of the server
	FilterRefused   ErrorKind = "filter-refused"   // by the server
	NoUsers         ErrorKind = "no-users"
	UserMissing     ErrorKind = "user-missing"
	UserTwice       ErrorKind = "user-twice"    // Carbon takes the first
	NoAttribute     ErrorKind = "no-attribute"  // of the name, or of the membership
	PatternMisses   ErrorKind = "pattern"       // UserDNPattern makes another DN
	NotEscaped      ErrorKind = "not-escaped"   // see Unescaped
	UserPassword    ErrorKind = "user-password" // the sample user cannot log in
	NoGroups        ErrorKind = "no-groups"
	NoMembership    ErrorKind = "no-membership"
	AdminMissing    ErrorKind = "admin-missing"
	RoleMissing     ErrorKind = "role-missing"
	AdminNotInRole  ErrorKind = "admin-not-in-role"
	WriteDenied     ErrorKind = "write-denied"
	SchemaRefused   ErrorKind = "schema-refused" // the entry does not fit the schema
	PolicyRefused   ErrorKind = "policy-refused" // the password
	ReadOnlyServer  ErrorKind = "read-only"      // a replica, a global catalog
	LeftBehind      ErrorKind = "left-behind"    // the test could not take its entry away again
	Refusal         ErrorKind = "refusal"        // anything else the server says no to
)

// Error is what an operator is told: what happened to what, in the server's own words, why, and what to do now. It never holds a password.
type Error struct {
	Stage  Stage
	Kind   ErrorKind
	What   string // full sentences
	Server string // the server's own words, printable and bounded; "" if it said none
	Cause  string // the likely cause, full sentences; may be ""
	Fix    string // full sentences; may be ""

	// Chain is what the server showed, its own certificate first: of Untrusted, WrongName, Expired and WeakChain.
	Chain []*x509.Certificate

	wrapped error
}

func (e *Error) Error() string {
	return remote.Paragraph(e.What, remote.Said(e.Server), e.Cause, e.Fix)
}

// Unwrap returns the error of the network or of the protocol.
func (e *Error) Unwrap() error { return e.wrapped }

// mostName bounds what is shown of a name.
const mostName = 200

// words makes a server's own words fit to be shown.
func words(text string, secrets ...string) string { return remote.Words(withoutNUL(text), secrets...) }

// printable makes any other text of a server fit to be shown.
func printable(text string, most int) string { return remote.Printable(withoutNUL(text), most) }

// withoutNUL drops what Active Directory ends its messages with.
func withoutNUL(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// quote shows a name, a DN or a filter. Not strconv.Quote: the backslashes of DNs and filters must stay what they are.
func quote(text string) string { return `"` + printable(text, mostName) + `"` }
