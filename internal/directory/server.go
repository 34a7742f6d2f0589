package directory

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"carbon-setup/internal/secret"
)

// Server is a directory server and the account with which Carbon logs in to it.
type Server struct {
	URL      string // the property ConnectionURL: ldap:// or ldaps://; several, separated by blanks, are tried in order
	StartTLS bool   // Carbon 4.2.0 cannot do it, see Faults; the test can
	BindDN   string // ConnectionName
	Password secret.Secret
}

// Ports of directories.
const (
	portLDAP          = 389
	portLDAPS         = 636
	portCatalog       = 3268 // the global catalog of Active Directory, which nobody can write to
	portCatalogSecure = 3269
)

// endpoint is one of the servers of a URL.
type endpoint struct {
	secure bool
	host   string // IPv6 without brackets
	port   int
	given  bool   // the port
	path   string // behind the port
	caps   bool   // in the scheme
}

func (e endpoint) address() string { return net.JoinHostPort(e.host, strconv.Itoa(e.port)) }

// Ports returns the ports of the URL, none if it has faults.
func (s Server) Ports() []int {
	ends, err := s.endpoints()
	if err != nil {
		return nil
	}
	ports := make([]int, 0, len(ends))
	for _, e := range ends {
		ports = append(ports, e.port)
	}
	return ports
}

// Encrypted reports whether every connection will be encrypted before the password is sent.
func (s Server) Encrypted() bool {
	ends, err := s.endpoints()
	if err != nil {
		return false
	}
	for _, e := range ends {
		if !e.secure && !s.StartTLS {
			return false
		}
	}
	return true
}

// urlError is what is wrong with a URL, as a sentence.
type urlError string

func (e urlError) Error() string { return string(e) }

const (
	errNoURL       = urlError("There is no URL.")
	errScheme      = urlError("The URL must begin with ldap:// or ldaps://.")
	errPlaceholder = urlError("The port is a placeholder that Carbon fills in from carbon.xml, for the LDAP server that it runs itself.")
	errNoHost      = urlError("The URL names no host.")
	errPort        = urlError("The port in the URL is no number between 1 and 65535.")
	errUserInfo    = urlError("The URL must not hold a user or a password.")
	errShape       = urlError("The URL is not of the form ldaps://host:port.")
)

// maxEndpoints bounds how many servers one URL can name.
const maxEndpoints = 16

func (s Server) endpoints() ([]endpoint, error) {
	parts := strings.Fields(s.URL)
	if len(parts) == 0 {
		return nil, errNoURL
	}
	if len(parts) > maxEndpoints || len(s.URL) > maxDN {
		return nil, errShape
	}
	var ends []endpoint
	for _, p := range parts {
		e, err := parseEndpoint(p)
		if err != nil {
			return nil, err
		}
		ends = append(ends, e)
	}
	return ends, nil
}

func parseEndpoint(text string) (endpoint, error) {
	var e endpoint
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case ok && strings.EqualFold(scheme, "ldaps"):
		e.secure, e.port = true, portLDAPS
	case ok && strings.EqualFold(scheme, "ldap"):
		e.port = portLDAP
	default:
		return e, errScheme
	}
	e.caps = scheme != strings.ToLower(scheme)
	if strings.Contains(rest, "${") {
		return e, errPlaceholder
	}
	if strings.Contains(rest, "@") {
		return e, errUserInfo
	}
	authority, path, _ := strings.Cut(rest, "/")
	e.path = path
	u, err := url.Parse("ldap://" + authority)
	if err != nil {
		if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
			return e, errPort
		}
		return e, errShape
	}
	if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return e, errShape
	}
	if e.host = u.Hostname(); e.host == "" {
		return e, errNoHost
	}
	if strings.ContainsFunc(e.host, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"'\<>^{}|`+"`", r) }) {
		return e, errShape
	}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return e, errPort
		}
		e.port, e.given = n, true
	}
	return e, nil
}
