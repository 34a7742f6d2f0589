package database

import "carbon-setup/internal/secret"

// Kind is a database server that Carbon can keep its data in.
type Kind string

// The kinds. H2 is none of them: it is no server that can be tested from here, see IsH2.
const (
	MySQL      Kind = "mysql"
	MariaDB    Kind = "mariadb"
	PostgreSQL Kind = "postgresql"
	Oracle     Kind = "oracle"
	SQLServer  Kind = "sqlserver"
)

// Kinds returns all kinds, in the order in which they are offered.
func Kinds() []Kind { return []Kind{MySQL, MariaDB, PostgreSQL, Oracle, SQLServer} }

// Known reports whether k is one of Kinds.
func (k Kind) Known() bool { return k.dialect() != nil }

// Title returns the name of the product as its maker writes it.
func (k Kind) Title() string {
	if d := k.dialect(); d != nil {
		return d.title
	}
	return string(k)
}

// DefaultPort returns the port that the server listens on unless told otherwise, 0 for an unknown kind.
func (k Kind) DefaultPort() int {
	if d := k.dialect(); d != nil {
		return d.port
	}
	return 0
}

// ValidationQuery returns the statement that Carbon's pool tests a connection with. Oracle knows no SELECT without FROM: there SELECT 1 fails each time
// that a connection is borrowed.
func (k Kind) ValidationQuery() string {
	if d := k.dialect(); d != nil {
		return d.validation
	}
	return ""
}

// Target is a database, and how Carbon is to reach it. Its zero value is none.
type Target struct {
	Kind Kind

	Host  string // a name or an address; IPv6 without brackets
	Port  int    // 0 is the default port
	More  []Addr // MySQL, MariaDB, PostgreSQL: further hosts, tried after the first
	Modes string // MySQL, MariaDB: what stands between jdbc:mysql: and //, such as loadbalance, replication, failover

	Database string // MySQL, MariaDB, PostgreSQL, SQL Server

	// Of these Oracle needs exactly one. Descriptor is a whole (DESCRIPTION=...), as RAC uses it; Host and Port are empty then.
	Service, SID, Descriptor string

	Instance string // SQL Server: a named instance
	JTDS     bool   // SQL Server through the jTDS driver

	Username string
	Password secret.Secret

	Parameters map[string]string // options of the JDBC URL, decoded
}

// Addr is a further host of a Target.
type Addr struct {
	Host string
	Port int // 0 is the default port
}

// Severity of a Fault.
type Severity int

// The severities, worst last.
const (
	Note    Severity = iota + 1 // worth knowing
	Warning                     // works, but rarely as meant
	Bad                         // cannot work
)

// String returns "note", "warning" or "error".
func (s Severity) String() string {
	switch s {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Bad:
		return "error"
	}
	return "unknown"
}

// Fault is one thing that can be said about a Target or a Jar without a server.
type Fault struct {
	Field    string // "kind", "host", "port", "database", "service", "instance", "username", "password", "parameters.useSSL", "jar" ...
	Severity Severity
	What     string // full sentences
	Fix      string // full sentences; may be ""
}
