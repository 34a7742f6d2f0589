package database

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Faults returns what can be said about t without a server, in the order of the fields. With a Bad one there is nothing to test.
func (t Target) Faults() []Fault {
	faults := t.shapeFaults()
	if !t.Kind.Known() {
		return faults
	}
	w, more := t.Wanted()
	return slices.Concat(faults, t.loginFaults(w), more)
}

// shapeFaults are those of what becomes the URL.
func (t Target) shapeFaults() []Fault {
	if !t.Kind.Known() {
		return []Fault{{"kind", Bad, "No database is chosen.", "Choose MySQL, MariaDB, PostgreSQL, Oracle or SQL Server."}}
	}
	var fs faultList
	fs.foreign(t)
	fs.hosts(t)
	if t.Kind == Oracle {
		fs.oracle(t)
	} else {
		fs.database(t)
	}
	if t.Kind == SQLServer {
		fs.sqlServer(t)
	}
	for _, p := range t.Sorted() {
		fs.parameter(t, p)
	}
	return fs
}

// faultList gathers faults.
type faultList []Fault

func (fs *faultList) bad(field, what, fix string) { *fs = append(*fs, Fault{field, Bad, what, fix}) }

func (fs *faultList) warn(field, what, fix string) {
	*fs = append(*fs, Fault{field, Warning, what, fix})
}

func (fs *faultList) note(field, what, fix string) { *fs = append(*fs, Fault{field, Note, what, fix}) }

// foreign tells of fields that the kind has no place for.
func (fs *faultList) foreign(t Target) {
	list := t.Kind == MySQL || t.Kind == MariaDB || t.Kind == PostgreSQL
	for _, f := range []struct {
		field, value string
		fits         bool
	}{
		{"database", t.Database, t.Kind != Oracle},
		{"service", t.Service, t.Kind == Oracle},
		{"sid", t.SID, t.Kind == Oracle},
		{"descriptor", t.Descriptor, t.Kind == Oracle},
		{"instance", t.Instance, t.Kind == SQLServer},
		{"hostList", t.HostList, list},
		{"mode", t.Mode, modes[t.Kind] != nil && (t.Kind != Oracle || t.Service != "")},
		{"driver", map[bool]string{true: "jTDS"}[t.JTDS], t.Kind == SQLServer},
	} {
		switch {
		case f.value != "" && !f.fits:
			fs.bad(f.field, fmt.Sprintf("%s has no place for the field %s.", t.Kind.Title(), f.field), "Leave it empty.")
		case f.field == "mode" && f.value != "" && !slices.Contains(modes[t.Kind], f.value):
			fs.bad(f.field, fmt.Sprintf("%s's driver does not know this way of choosing a host.", t.Kind.Title()), "It knows "+orList(modes[t.Kind])+".")
		}
	}
}

// hosts tells of host, port and the lists of them.
func (fs *faultList) hosts(t Target) {
	if t.Port < 0 || t.Port > 65535 {
		fs.bad("port", fmt.Sprintf("%d is not a port.", t.Port), fmt.Sprintf("Enter a number from 1 to 65535; %s listens on %d unless told otherwise.", t.Kind.Title(), t.Kind.DefaultPort()))
	}
	switch {
	case t.Kind == Oracle && t.Descriptor != "":
		fs.readable("descriptor", t.Descriptor)
		if _, err := parseDescriptor(t.Descriptor); err != nil {
			fs.urlError("descriptor", err)
		}
		return
	case t.HostList != "":
		fs.list(t)
		return
	}
	fs.host(t.Host)
}

func (fs *faultList) urlError(field string, err error) {
	if told, ok := err.(*URLError); ok { //nolint:errorlint // the parsers of this package return it as it is
		fs.bad(field, told.What, told.Fix)
	}
}

// list tells of HostList.
func (fs *faultList) list(t Target) {
	if strings.ContainsAny(t.HostList, "/?#@ \t\r\n") {
		fs.bad("hostList", "The list of hosts has a character that no host has.", "Separate host:port and host:port by a comma.")
		return
	}
	fs.readable("hostList", t.HostList)
	all, err := parseHostList(t.HostList, t.Kind)
	if err != nil {
		fs.urlError("hostList", err)
		return
	}
	if len(all) == 1 && !isSpecial(t.HostList) {
		fs.bad("hostList", "The list of hosts has a single host.", "Enter it as the host.")
	}
	for _, a := range all {
		fs.host(a.Host)
	}
}

// host tells of one name or address.
func (fs *faultList) host(host string) {
	const example = "Enter a name such as db.example.com, or an address."
	_, notAddress := netip.ParseAddr(host)
	switch {
	case host == "":
		fs.bad("host", "No host is given.", "Enter the name or the address of the database server.")
	case notAddress == nil:
	case strings.Contains(host, "://"):
		fs.bad("host", "The host has a scheme before it.", example)
	case strings.ContainsAny(host, ",;"):
		fs.bad("host", "The host is a list.", "Enter the first host; several stand in the URL of the block.")
	case strings.HasPrefix(host, "[") || strings.Count(host, ":") > 1:
		fs.bad("host", "The host is not an IPv6 address.", "Enter it without brackets, such as 2001:db8::5.")
	case strings.ContainsRune(host, ':'):
		fs.bad("host", "The host has a port behind it.", "Enter the port in its own field.")
	case strings.ContainsRune(host, '\\'):
		fs.bad("host", `The host has a \ in it.`, "Enter the instance in its own field.")
	case len(host) > 253 || strings.ContainsFunc(host, func(r rune) bool { return !isHostRune(r) }):
		fs.bad("host", "The host has a character that no host name has.", example)
	case strings.HasPrefix(host, ".") || strings.HasPrefix(host, "-") || strings.Contains(host, ".."):
		fs.bad("host", "The host is not a host name.", example)
	}
}

func isHostRune(r rune) bool {
	return r == '.' || r == '-' || r == '_' || r < utf8.RuneSelf && isLetterOrDigit(byte(r)) || r >= utf8.RuneSelf && unicode.IsLetter(r)
}

// readable tells of bytes that no line of a file holds as they are.
func (fs *faultList) readable(field, value string) bool {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		fs.bad(field, "It holds a control character or a byte that is not UTF-8.", "Type it anew.")
		return false
	}
	return true
}

// system are the databases of the server itself.
var system = map[Kind][]string{
	MySQL:      {"mysql", "information_schema", "performance_schema", "sys"},
	MariaDB:    {"mysql", "information_schema", "performance_schema", "sys"},
	PostgreSQL: {"postgres", "template0", "template1"},
	SQLServer:  {"master", "tempdb", "model", "msdb"},
}

// database tells of the name of the database.
func (fs *faultList) database(t Target) {
	name, field := t.Database, "database"
	d := t.Kind.dialect()
	if name == "" {
		fs.bad(field, "No database is given.", "Enter the name of the database that was made for Carbon.")
		return
	}
	if !fs.readable(field, name) {
		return
	}
	switch {
	case strings.TrimSpace(name) != name:
		fs.bad(field, "The name of the database begins or ends in a blank.", "Take the blank away.")
	case len(name) > d.longest:
		fs.bad(field, fmt.Sprintf("The name of the database has %d bytes, and %s allows %d.", len(name), d.title, d.longest), "Enter a shorter one.")
	case t.Kind == MariaDB && strings.ContainsAny(name, "/?\\.") || t.Kind == MySQL && strings.ContainsAny(name, "/\\."):
		fs.bad(field, "The name of the database has a character that its URL has no way to write.", "Use letters, digits and _ alone.")
	case t.JTDS && strings.ContainsAny(name, ";/"):
		fs.bad(field, "The name of the database has a character that jTDS has no way to write.", "Use letters, digits and _ alone.")
	case t.Kind == MySQL && percentEncode(name) != name:
		fs.warn(field, "The name of the database has a character that Connector/J 5.1 and 8 read differently in a URL.", "Use letters, digits and _ alone.")
	case slices.Contains(system[t.Kind], strings.ToLower(name)):
		fs.warn(field, fmt.Sprintf("%s is a database of the server itself.", name), "Make one for Carbon.")
	case t.Kind == PostgreSQL && strings.ToLower(name) != name:
		fs.note(field, "PostgreSQL takes the name of the database here as it is written, and folds it to small letters in CREATE DATABASE without quotation marks.", "")
	}
}

// oracle tells of the three ways to name a database.
func (fs *faultList) oracle(t Target) {
	given := 0
	for _, v := range []string{t.Service, t.SID, t.Descriptor} {
		if v != "" {
			given++
		}
	}
	switch {
	case given == 0:
		fs.bad("service", "Neither a service, a SID nor a descriptor is given.", "Enter the service name that the listener knows: lsnrctl services lists them.")
	case given > 1:
		fs.bad("service", "Service, SID and descriptor exclude each other.", "Keep one of them.")
	}
	for _, f := range []Parameter{{"service", t.Service}, {"sid", t.SID}} {
		field, value := f.Name, f.Value
		if value == "" || !fs.readable(field, value) {
			continue
		}
		if strings.ContainsFunc(value, func(r rune) bool { return !isHostRune(r) && r != '$' && r != '#' }) {
			fs.bad(field, fmt.Sprintf("The %s has a character that none has.", field), "Enter letters, digits, dots and _ alone.")
		} else if field == "sid" && strings.ContainsRune(value, '.') {
			fs.warn(field, "The SID has a dot in it, as service names have.", "Enter it as the service, unless lsnrctl status shows it as an instance.")
		}
	}
}

// sqlServer tells of the instance.
func (fs *faultList) sqlServer(t Target) {
	if t.JTDS && strings.ContainsRune(t.Host, ':') {
		fs.bad("host", "jTDS does not read IPv6 addresses.", "Enter a name.")
	}
	if t.Instance == "" || !fs.readable("instance", t.Instance) {
		return
	}
	if strings.ContainsFunc(t.Instance, func(r rune) bool { return !isHostRune(r) && r != '$' && r != '#' }) {
		fs.bad("instance", "The instance has a character that none has.", "Enter the name after the \\ alone.")
	} else if t.Port != 0 {
		fs.note("instance", "With a port the driver connects to the port, and reads past the instance.", "Leave one of them empty.")
	}
}

// own are the parameters that are fields of a Target.
var own = map[Kind][]string{
	MySQL: {"user", "password"}, MariaDB: {"user", "password"}, PostgreSQL: {"user", "password"}, Oracle: {"user", "password"},
	SQLServer: {"user", "username", "uid", "password", "pwd", "database", "databasename", "server", "servername", "port", "portnumber", "instancename"},
	jtds:      {"user", "password", "instance", "databasename"},
}

// parameter tells of what a URL has no way to write.
func (fs *faultList) parameter(t Target, p Parameter) {
	field, k := "parameters."+p.Name, t.driver()
	if slices.Contains(own[k], strings.ToLower(p.Name)) && (k.anyCase() || strings.ToLower(p.Name) == p.Name) {
		fs.bad(field, fmt.Sprintf("%s is a field of its own.", p.Name), "Enter it there, not among the parameters.")
		return
	}
	if p.Name == "" || strings.ContainsFunc(p.Name, func(r rune) bool {
		return r >= utf8.RuneSelf || !isLetterOrDigit(byte(r)) && !strings.ContainsRune("._-", r)
	}) {
		fs.bad("parameters", "A parameter has a name with a character that none has.", "Enter name=value.")
		return
	}
	if canonical(k, p.Name) != p.Name {
		fs.bad(field, fmt.Sprintf("%s is written %s.", p.Name, canonical(k, p.Name)), "Write "+canonical(k, p.Name)+".")
	}
	if !fs.readable(field, p.Value) {
		return
	}
	fs.value(t, field, p)
}

// value tells of a value that the driver would read as something else. MariaDB's driver, Oracle's and jTDS decode nothing.
func (fs *faultList) value(t Target, field string, p Parameter) {
	raw := map[Kind]string{MariaDB: "&", Oracle: "&", jtds: ";"}[t.driver()]
	switch {
	case raw != "" && (strings.Contains(p.Value, raw) || strings.TrimSpace(p.Value) != p.Value):
		fs.bad(field, fmt.Sprintf("The value of %s has a %s, or a blank at an end, which the driver has no way to read.", p.Name, raw), "Give it as connectionProperties of the block.")
	case t.Kind == Oracle && (t.Service == "" || strings.ContainsAny(p.Value, "@(")):
		fs.bad(field, "Oracle's driver reads parameters behind a service alone.", "Give it as connectionProperties of the block, or write a descriptor.")
	case t.driver() == SQLServer && strings.ContainsRune(p.Value, '}'):
		fs.warn(field, fmt.Sprintf("The value of %s has a closing brace, which older releases of Microsoft's driver do not read.", p.Name), "Choose another value.")
	}
}

// loginFaults are those of user and password.
func (t Target) loginFaults(w Wanted) []Fault {
	var fs faultList
	if t.LoginInURL {
		fs.warn("url", "The URL holds the user name or the password, where logs and error messages show it.", "They are moved to username and password of the block.")
	}
	if w.IntegratedLogin {
		return fs
	}
	longest := t.Kind.dialect().userLength
	switch name := t.Username; {
	case name == "":
		fs.bad("username", "No user is given.", "Enter the user that was made for Carbon.")
	case !fs.readable("username", name):
	case strings.TrimSpace(name) != name:
		fs.bad("username", "The user begins or ends in a blank.", "Take the blank away.")
	case len(name) > longest:
		fs.bad("username", fmt.Sprintf("The user has %d bytes, and %s allows %d.", len(name), t.Kind.Title(), longest), "Enter a shorter one.")
	case (t.Kind == MySQL || t.Kind == MariaDB) && strings.ContainsAny(name, `'"%`):
		fs.warn("username", "The user has a quotation mark or a % in it: the host of an account such as 'carbon'@'%' is not part of its name.", "Enter the part before the @ alone.")
	}
	switch {
	case !t.Password.IsSet() || t.Password.Reveal() == "":
		fs.warn("password", "The password is empty.", "Give the user a password.")
	case strings.ContainsFunc(t.Password.Reveal(), unicode.IsControl):
		fs.bad("password", "The password holds a control character.", "Choose another one.")
	case strings.TrimSpace(t.Password.Reveal()) != t.Password.Reveal():
		fs.warn("password", "The password begins or ends in a blank, which is lost where an element is read without it.", "Choose another one.")
	}
	return fs
}
