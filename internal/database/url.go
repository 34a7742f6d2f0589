package database

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxURL is the longest URL, in bytes, that is read.
const MaxURL = 16 << 10

// URLErrorKind is why there is no Target for a URL, or no URL for a Target.
type URLErrorKind int

// The kinds of URL errors.
const (
	NotJDBC       URLErrorKind = iota + 1 // it does not begin as a JDBC URL does
	EmbeddedH2                            // the database that Carbon ships with, see ParseH2
	OtherDatabase                         // a database or driver that is not one of ours
	Unsupported                           // one of ours in a form that cannot be tested or kept
	Malformed                             // the driver cannot read it, or reads something else
	Unwritable                            // a Target with a fault that leaves no URL
)

// URLError is what an operator is told about a URL. It never repeats the URL: there may be a password in it.
type URLError struct {
	Kind URLErrorKind
	What string // full sentences
	Fix  string // full sentences
}

func (e *URLError) Error() string { return e.What + " " + e.Fix }

// Parameter is an option of a URL, decoded.
type Parameter struct{ Name, Value string }

// urlParser reads what follows the prefix of a URL, and is told the Target to fill.
type urlParser func(rest string, t *Target) error

// schemes are the URLs that are told apart, the longer prefix first.
var schemes = []struct {
	prefix string
	kind   Kind
	parse  urlParser
	other  string // a database that is not one of ours
	fix    string
}{
	{prefix: "jdbc:mysql:", kind: MySQL, parse: parseMySQL},
	{prefix: "jdbc:mariadb:", kind: MariaDB, parse: parseMySQL},
	{prefix: "jdbc:postgresql:", kind: PostgreSQL, parse: parsePostgreSQL},
	{prefix: "jdbc:oracle:thin:", kind: Oracle, parse: parseOracle},
	{prefix: "jdbc:sqlserver://", kind: SQLServer, parse: parseSQLServer},
	{prefix: "jdbc:jtds:sqlserver://", kind: SQLServer, parse: parseJTDS},
	{prefix: "jdbc:mysql+srv:", other: "MySQL through a service record of the name server", fix: "Write the host and the port instead."},
	{prefix: "jdbc:oracle:oci", other: "Oracle through the OCI driver, which needs Oracle's own client", fix: "Use the thin driver: jdbc:oracle:thin:."},
	{prefix: "jdbc:jtds:sybase:", other: "Sybase"},
	{prefix: "jdbc:microsoft:sqlserver:", other: "SQL Server through the driver of SQL Server 2000", fix: "Use jdbc:sqlserver:// and Microsoft's driver of today."},
	{prefix: "jdbc:db2:", other: "DB2"},
	{prefix: "jdbc:derby:", other: "Derby"},
	{prefix: "jdbc:hsqldb:", other: "HSQLDB"},
	{prefix: "jdbc:informix-sqli:", other: "Informix"},
	{prefix: "jdbc:datadirect:openedge:", other: "OpenEdge"},
	{prefix: "jdbc:sqlite:", other: "SQLite"},
}

// ParseURL reads a JDBC URL, unescaped of XML, as the driver does. Errors are *URLError.
func ParseURL(url string) (Target, error) {
	url = strings.TrimSpace(url)
	if err := checkURL(url); err != nil {
		return Target{}, err
	}
	for _, s := range schemes {
		if len(url) < len(s.prefix) || !strings.EqualFold(url[:len(s.prefix)], s.prefix) {
			continue
		}
		if s.parse == nil {
			return Target{}, otherDatabase(s.other, s.fix)
		}
		if url[:len(s.prefix)] != s.prefix {
			return Target{}, malformed("The URL does not begin with %s in small letters, so that the driver does not know it for its own.", s.prefix).
				withFix("Write %s.", s.prefix)
		}
		t := Target{Kind: s.kind}
		if err := s.parse(url[len(s.prefix):], &t); err != nil {
			return Target{}, err
		}
		return t.Filled(), nil
	}
	scheme, _, _ := strings.Cut(strings.TrimPrefix(url, "jdbc:"), ":")
	return Target{}, otherDatabase("jdbc:"+printable(scheme), "")
}

// checkURL refuses what is not a JDBC URL of a server.
func checkURL(url string) error {
	switch {
	case url == "":
		return &URLError{Kind: NotJDBC, What: "There is no URL.", Fix: "Choose a database."}
	case len(url) > MaxURL:
		return malformed("The URL is longer than %d bytes.", MaxURL).withFix("Look at the block: something else was pasted into it.")
	case !utf8.ValidString(url):
		return malformed("The URL holds bytes that are not UTF-8.").withFix("Type it anew.")
	case len(url) < 5 || !strings.EqualFold(url[:5], "jdbc:"):
		return &URLError{Kind: NotJDBC, What: "The URL does not begin with jdbc:.", Fix: "A JDBC URL looks like jdbc:mysql://db.example.com:3306/regdb."}
	}
	if _, ok := ParseH2(url); ok {
		return &URLError{
			Kind: EmbeddedH2, What: "The URL is that of H2, the database inside the server that Carbon ships with.",
			Fix: "Keep it for a single server or a local registry, or choose a database server.",
		}
	}
	for _, r := range url {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7F {
			return malformed("The URL holds a control character (U+%04X).", r).withFix("Type it anew.")
		}
	}
	return nil
}

func otherDatabase(name, fix string) *URLError {
	if fix == "" {
		fix = "Choose MySQL, MariaDB, PostgreSQL, Oracle or SQL Server, or keep the block as it is."
	}
	return &URLError{Kind: OtherDatabase, What: fmt.Sprintf("The URL is for %s, which is not tested or written here.", name), Fix: fix}
}

// malformed returns an error that says to choose the database anew, see withFix.
func malformed(format string, args ...any) *URLError {
	return &URLError{Kind: Malformed, What: fmt.Sprintf(format, args...), Fix: "Enter host, port and database anew."}
}

func unsupported(what string) *URLError { return &URLError{Kind: Unsupported, What: what} }

func (e *URLError) withFix(format string, args ...any) *URLError {
	e.Fix = fmt.Sprintf(format, args...)
	return e
}

// URL returns the JDBC URL of t, not escaped for XML and without user and password. Parameters stand in the order of their names. A Target with
// a Bad fault in any other field than those of the login has none. The error is a *URLError.
func (t Target) URL() (string, error) {
	for _, f := range t.shapeFaults() {
		if f.Severity == Bad {
			return "", &URLError{Kind: Unwritable, What: f.What, Fix: f.Fix}
		}
	}
	t = t.Filled()
	switch t.Kind {
	case MySQL, MariaDB:
		return mysqlURL(t), nil
	case PostgreSQL:
		return postgresqlURL(t), nil
	case Oracle:
		return oracleURL(t), nil
	case SQLServer:
		if t.JTDS {
			return jtdsURL(t), nil
		}
		return sqlServerURL(t), nil
	}
	return "", &URLError{Kind: Unwritable, What: "There is no database.", Fix: "Choose one."}
}

// Sorted returns the parameters of t in the order in which URL writes them.
func (t Target) Sorted() []Parameter {
	var ps []Parameter
	for _, name := range slices.Sorted(maps.Keys(t.Parameters)) {
		ps = append(ps, Parameter{name, t.Parameters[name]})
	}
	return ps
}

// set adds a parameter that was read; of two of the same name the drivers take the last.
func (t *Target) set(name, value string) {
	if t.Parameters == nil {
		t.Parameters = map[string]string{}
	}
	t.Parameters[name] = value
}

// hostInURL returns a host as it stands before a colon and a port.
func hostInURL(host string) string {
	if strings.ContainsRune(host, ':') {
		return "[" + host + "]"
	}
	return host
}

// splitHostPort reads host, host:port, [address] or [address]:port. No host is the machine itself, as for the drivers.
func splitHostPort(text string) (Addr, error) {
	text = strings.TrimSpace(text)
	host, port := text, ""
	if strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return Addr{}, malformed("The address of the host in the URL has no closing bracket.")
		}
		host, port = text[1:end], text[end+1:]
		if port != "" && port[0] != ':' {
			return Addr{}, malformed("The host in the URL is followed by something that is not a port.")
		}
		port = strings.TrimPrefix(port, ":")
	} else if i := strings.IndexByte(text, ':'); i >= 0 {
		host, port = text[:i], text[i+1:]
		if strings.ContainsRune(port, ':') {
			return Addr{}, malformed("The host in the URL has more than one colon.").withFix("An IPv6 address stands in brackets: [2001:db8::5]:5432.")
		}
	}
	if host == "" {
		host = "localhost"
	}
	n, err := parsePort(port)
	return Addr{host, n}, err
}

// parsePort reads the port of a URL; none is 0.
func parsePort(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 || strings.ContainsAny(text, "+-") {
		return 0, malformed("The port in the URL is not a number from 1 to 65535.")
	}
	return n, nil
}

// printable returns up to 40 characters of text with nothing in it that a terminal would act on.
func printable(text string) string {
	const most = 40
	text = strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "..."
	}
	return text
}
