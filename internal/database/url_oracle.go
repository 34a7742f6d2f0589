package database

import (
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/secret"
)

const exampleDescriptor = "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db1.example.com)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=regdb)))"

// parseOracle reads the URLs of Oracle's thin driver: [user/password]@ and then host:port:SID, [//]host[:port]/service or a descriptor.
func parseOracle(rest string, t *Target) error {
	at := strings.Index(rest, "@(")
	if at < 0 {
		at = strings.LastIndexByte(rest, '@')
	}
	if at < 0 {
		return malformed("After jdbc:oracle:thin: the URL has no @.")
	}
	if login := rest[:at]; login != "" {
		user, password, found := strings.Cut(login, "/")
		t.LoginInURL = true
		t.Username = strings.Trim(user, `"`)
		if found {
			t.Password = secret.New(strings.Trim(password, `"`))
		}
	}
	rest = rest[at+1:]
	if strings.HasPrefix(rest, "(") {
		t.Descriptor = oneLine(rest)
		_, err := parseDescriptor(t.Descriptor)
		return err
	}
	if scheme, after, found := strings.Cut(rest, "://"); found && !strings.ContainsAny(scheme, "/:") {
		if !slices.Contains(modes[Oracle], scheme) {
			return unsupported("The URL asks a directory for the address of the database.").withFix("Enter host, port and service instead.")
		}
		t.Mode, rest = scheme, "//"+after
	}
	return parseEasyConnect(rest, t)
}

// parseEasyConnect reads [//]host[:port]/service[?parameters] and host:port:SID.
func parseEasyConnect(rest string, t *Target) error {
	rest, query, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "?")
	hostPort, service, isService := strings.Cut(rest, "/")
	if !isService {
		i := strings.LastIndexByte(rest, ':')
		if i < 0 || strings.HasSuffix(rest, "]") || !strings.ContainsRune(rest[:i], ':') {
			return unsupported("The URL has neither a SID nor a service after its host: it is a name that a file tnsnames.ora explains.").
				withFix("Enter host, port and service instead, or the whole (DESCRIPTION=...) from that file.")
		}
		hostPort, t.SID = rest[:i], rest[i+1:]
	}
	if strings.ContainsAny(service, ":/") || strings.ContainsRune(hostPort, ',') {
		return unsupported("The URL names more than a host, a port and a service.").withFix("Write it as a descriptor, such as %s.", exampleDescriptor)
	}
	a, err := splitHostPort(hostPort)
	if err != nil {
		return err
	}
	t.Host, t.Port, t.Service = a.Host, a.Port, service
	if query != "" && !isService {
		return malformed("The URL has parameters after a SID, which the driver takes for a part of it.")
	}
	return parseQuery(query, t, false)
}

// oneLine takes the line breaks, and the blanks beside them, out of a descriptor that was laid out for the eye.
func oneLine(text string) string {
	var b strings.Builder
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		b.WriteString(strings.TrimSpace(line))
	}
	return strings.ReplaceAll(b.String(), "\t", " ")
}

func oracleURL(t Target) string {
	var b strings.Builder
	b.WriteString("jdbc:oracle:thin:@")
	hostPort := hostInURL(t.Host) + ":" + strconv.Itoa(t.Port)
	switch {
	case t.Descriptor != "":
		b.WriteString(t.Descriptor)
	case t.SID != "":
		b.WriteString(hostPort + ":" + t.SID)
	default:
		if t.Mode != "" {
			b.WriteString(t.Mode + ":")
		}
		b.WriteString("//" + hostPort + "/" + t.Service)
		writeQuery(&b, t, func(text string) string { return text })
	}
	return b.String()
}
