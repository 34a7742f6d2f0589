package database

import (
	"fmt"
	"maps"
	"net"
	"strconv"

	"carbon-setup/internal/secret"
	"carbon-setup/internal/severity"
)

// Kind is a database server that Carbon can keep its data in.
type Kind string

// The kinds. H2 is none of them: it is no server that can be tested from here, see ParseH2.
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

// Target is a database, and how Carbon is to reach it. Printed, it is its kind, first host and name alone.
type Target struct {
	Kind Kind

	Host string // a name or an address; IPv6 without brackets
	Port int    // 0 is the default port

	// HostList is the list of hosts as it stands in the URL of MySQL, MariaDB or PostgreSQL, where it is more than one name and port. Host and Port
	// are its first then.
	HostList string
	// Mode stands between the scheme and the hosts: loadbalance, replication, failover and the like of MySQL and MariaDB, tcps of Oracle.
	Mode string

	Database string // not for Oracle

	// Of these Oracle needs exactly one. Descriptor is a whole (DESCRIPTION=...), as RAC uses it; Host and Port are its first then, or empty.
	Service, SID, Descriptor string

	Instance string // SQL Server: a named instance
	JTDS     bool   // SQL Server through the jTDS driver

	Username string
	Password secret.Secret
	// LoginInURL says that ParseURL found the user name or the password in the URL itself. URL never writes them.
	LoginInURL bool

	Parameters map[string]string // options of the URL, decoded
}

// Addr is a host and a port of a Target.
type Addr struct {
	Host string // IPv6 without brackets
	Port int
}

// String returns the host and the port as a test dials them.
func (a Addr) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Addresses returns the hosts of t with their ports, in the order in which the driver tries them, at least one. The port of a named instance of
// SQL Server without a port is 0: its server's browser service tells it. The error, a *URLError, is about HostList or Descriptor.
func (t Target) Addresses() ([]Addr, error) {
	if all, err := t.listed(); len(all) > 0 || err != nil {
		return all, err
	}
	t = t.Filled()
	return []Addr{{t.Host, t.Port}}, nil
}

// listed returns the hosts of Descriptor or HostList, none if t has neither.
func (t Target) listed() ([]Addr, error) {
	switch {
	case t.Kind == Oracle && t.Descriptor != "":
		d, err := parseDescriptor(t.Descriptor)
		return d.addresses, err
	case t.Kind != Oracle && t.HostList != "":
		return parseHostList(t.HostList, t.Kind)
	}
	return nil, nil
}

// Filled returns t with the port that its URL names, Host and Port as the first of HostList or Descriptor, and with no parameters instead of an empty
// map. For every t that URL writes, ParseURL of that URL is Filled without Username, Password and LoginInURL.
func (t Target) Filled() Target {
	if all, err := t.listed(); err == nil && len(all) > 0 {
		t.Host, t.Port = all[0].Host, all[0].Port
	}
	if t.Port == 0 && t.Instance == "" {
		t.Port = t.Kind.DefaultPort()
	}
	if len(t.Parameters) == 0 {
		t.Parameters = nil
	}
	return t
}

// Equal reports whether both targets lead to the same database by the same way and login, so that what was found out about one holds for the other.
func (t Target) Equal(o Target) bool {
	a, b := t.Filled(), o.Filled()
	if !a.Password.Equal(b.Password) || !maps.Equal(a.Parameters, b.Parameters) {
		return false
	}
	return a.plain() == b.plain()
}

// plain are the fields of a Target that can be compared.
type plain struct {
	kind                                           Kind
	port                                           int
	jtds                                           bool
	host, list, mode, database, service, sid, desc string
	instance, user                                 string
}

func (t Target) plain() plain {
	return plain{
		t.Kind, t.Port, t.JTDS, t.Host, t.HostList, t.Mode, t.Database, t.Service, t.SID, t.Descriptor, t.Instance, t.Username,
	}
}

// String returns what t is, without user, password and parameters.
func (t Target) String() string {
	name := t.Database
	switch {
	case t.Kind == Oracle && t.SID != "":
		name = t.SID
	case t.Kind == Oracle && t.Service != "":
		name = t.Service
	case t.Kind == Oracle:
		name = "(DESCRIPTION=...)"
	}
	t = t.Filled()
	if t.Instance != "" && t.Port == 0 {
		return fmt.Sprintf(`%s %s\%s/%s`, t.Kind.Title(), t.Host, t.Instance, name)
	}
	return fmt.Sprintf("%s %s/%s", t.Kind.Title(), Addr{t.Host, t.Port}, name)
}

// GoString returns String: the parameters may hold the password of a keystore.
func (t Target) GoString() string { return t.String() }

// Severity of a Fault.
type Severity = severity.Level

// The severities, worst last.
const (
	Note    = severity.Note
	Warning = severity.Warning // works, but rarely as meant
	Bad     = severity.Error   // cannot work
)

// Fault is one thing that can be said about a Target or a Jar without a server.
type Fault struct {
	Field    string // "kind", "host", "port", "database", "service", "instance", "username", "password", "parameters.useSSL", "jar" ...
	Severity Severity
	What     string // full sentences
	Fix      string // full sentences; may be ""
}
