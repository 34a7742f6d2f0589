package database

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"carbon-setup/internal/secret"
)

// TLSMode is what the parameters of a URL ask of TLS.
type TLSMode string

// The modes, in the words of PostgreSQL.
const (
	TLSOff        TLSMode = "off"
	TLSPrefer     TLSMode = "prefer"      // if the server offers it, whatever its certificate
	TLSRequire    TLSMode = "require"     // whatever the certificate
	TLSVerifyCA   TLSMode = "verify-ca"   // of an issuer that is trusted
	TLSVerifyFull TLSMode = "verify-full" // and made out for the host
)

// Wanted is what the parameters of a Target mean for a connection, in whatever driver's words they are said. A test that does the same finds what Carbon's
// driver will find.
type Wanted struct {
	TLS TLSMode
	// VerifyIfOffered: with TLSPrefer, a server that offers TLS has its certificate verified all the same. Connector/J 5.1 does so with useSSL=true.
	VerifyIfOffered bool
	// Roots is the file of the issuers that are trusted: PEM for PostgreSQL and MariaDB, a Java keystore for the others; "" is what Java itself trusts.
	Roots           string
	RootsPassword   secret.Secret
	CertificateHost string // the name that the certificate has to bear; "" is the host

	AllowPublicKeyRetrieval bool   // MySQL, MariaDB: caching_sha2_password without TLS
	PublicKeyFile           string // of the server, instead

	Charset          string // of the connection, as the parameter names it
	CurrentSchema    string // PostgreSQL: search_path
	SessionVariables string // MySQL, MariaDB: what follows SET
	Options          string // PostgreSQL: options of the start
	ApplicationName  string

	ConnectTimeout  time.Duration // 0 is the driver's own
	IntegratedLogin bool          // SQL Server: the account of the process, or Kerberos; no user and password
	SimpleQueries   bool          // PostgreSQL: preferQueryMode=simple
	ReadOnly        bool          // the connection may change nothing: Carbon cannot work with it
}

// Wanted returns what the parameters of t mean, with what can be said about them: unknown ones, values that the driver refuses, contradictions, and those
// that releases of the driver read differently. It never fails: what is not understood is left at the driver's default.
func (t Target) Wanted() (Wanted, []Fault) {
	r := reading{t: t, rules: parameters[t.driver()]}
	r.checkAll()
	r.w.TLS = TLSPrefer
	switch t.driver() {
	case MySQL:
		r.mysql()
	case MariaDB:
		r.mariadb()
	case PostgreSQL:
		r.postgresql()
	case Oracle:
		r.oracle()
	case SQLServer:
		r.sqlServer()
	case jtds:
		r.jtds()
	}
	return r.w, r.faults
}

// reading is one look at the parameters of a Target.
type reading struct {
	t      Target
	rules  map[string]parameter
	w      Wanted
	faults []Fault
}

func (r *reading) say(name string, s Severity, what, fix string) {
	r.faults = append(r.faults, Fault{"parameters." + name, s, what, fix})
}

// get returns the value of a parameter, "" if it is not there.
func (r *reading) get(name string) string { return r.t.Parameters[name] }

func (r *reading) has(name string) bool {
	_, ok := r.t.Parameters[name]
	return ok
}

// on reads a switch; the empty value is that of a bare name.
func (r *reading) on(name string) bool {
	v, ok := r.t.Parameters[name]
	return ok && (v == "" || isYes(v))
}

// off reports whether a switch is set to false.
func (r *reading) off(name string) bool {
	return r.has(name) && slices.Contains([]string{"false", "no", "0"}, strings.ToLower(r.get(name)))
}

// first returns the value of the first of the names that is set.
func (r *reading) first(names ...string) string {
	for _, n := range names {
		if v := r.get(n); v != "" {
			return v
		}
	}
	return ""
}

// checkAll holds every parameter against the table.
func (r *reading) checkAll() {
	for _, p := range r.t.Sorted() {
		rule, known := r.rules[p.Name]
		if !known {
			r.unknown(p.Name)
			continue
		}
		if !rule.accepts(p.Value) {
			fix := "Write a whole number."
			if !rule.number {
				fix = "It takes " + orList(rule.values) + "."
			}
			shown := ""
			if !secret.Speaks(p.Name) {
				shown = " " + strconv.Quote(printable(p.Value))
			}
			r.say(p.Name, Bad, fmt.Sprintf("%s has a value that the driver of %s refuses%s.", p.Name, r.t.Kind.Title(), colon(shown)), fix)
			continue
		}
		if rule.note != "" {
			r.say(p.Name, Note, rule.note, rule.fix)
		}
		r.checkTime(p, rule)
	}
}

func colon(shown string) string {
	if shown == "" {
		return ""
	}
	return ":" + shown
}

// unknown tells of a name that is not in the table.
func (r *reading) unknown(name string) {
	if spelled, ok := spelling(r.t.driver(), name); ok {
		r.say(name, Warning, fmt.Sprintf("%s is written %s: some releases of the driver read past it otherwise.", printable(name), spelled), "Write "+spelled+".")
		return
	}
	r.say(name, Note, fmt.Sprintf("%s is not a parameter that is known here. It is written as it is; the test goes on without it.", printable(name)), "")
}

// checkTime tells of seconds where milliseconds are meant, and the other way round.
func (r *reading) checkTime(p Parameter, rule parameter) {
	n, err := strconv.Atoi(p.Value)
	switch {
	case err != nil || rule.unit == "" || n <= 0:
	case rule.unit == "ms" && n < 100:
		r.say(p.Name, Warning, fmt.Sprintf("%s counts milliseconds: %d of them are shorter than a connection takes.", p.Name, n), fmt.Sprintf("Write %d for %d seconds.", n*1000, n))
	case rule.unit == "s" && n >= 3600:
		r.say(p.Name, Warning, fmt.Sprintf("%s counts seconds: %d of them are %s.", p.Name, n, time.Duration(min(n, 1<<31))*time.Second), "Write the number of seconds.")
	}
}

// timeout reads the time limit for connecting.
func (r *reading) timeout(unit time.Duration, names ...string) {
	for _, name := range names {
		if n, err := strconv.Atoi(r.get(name)); err == nil && n > 0 && n < 1<<31 {
			r.w.ConnectTimeout = time.Duration(n) * unit
			return
		}
	}
}

func orList(values []string) string {
	shown := make([]string, 0, len(values))
	for _, v := range values {
		if v != "" {
			shown = append(shown, v)
		}
	}
	if n := len(shown); n > 1 {
		return strings.Join(shown[:n-1], ", ") + " or " + shown[n-1]
	}
	return strings.Join(shown, "")
}

// fileOf returns the path of a file: URL, or text itself.
func fileOf(text string) string {
	path := strings.TrimPrefix(text, "file:")
	if path != text && strings.HasPrefix(path, "///") {
		path = path[2:]
	}
	return path
}
