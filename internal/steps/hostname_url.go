package steps

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
)

// urlParts are the pieces of scheme://host:port/rest as they are written: host and port may be placeholders such as ${carbon.local.ip}.
type urlParts struct {
	scheme string // "https"
	host   string // without the brackets of an IPv6 address
	port   string // "" = none
	rest   string
}

var urlPattern = regexp.MustCompile(`(?s)^([A-Za-z][A-Za-z0-9+.-]*)://(\$\{[^}]*\}|\[[^\]]*\]|[^:/?#'";,\s\[\]$]+)(?::(\$\{[^}]*\}|[0-9]+))?(.*)$`)

// splitURL takes a URL apart. It knows no user-info: the URLs of Carbon's configuration have none, except those of jndi.properties.
func splitURL(s string) (urlParts, bool) {
	m := urlPattern.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return urlParts{}, false
	}
	return urlParts{scheme: m[1], host: strings.Trim(m[2], "[]"), port: m[3], rest: m[4]}, true
}

// String writes the URL.
func (u urlParts) String() string {
	host := u.host
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "$") {
		host = "[" + host + "]"
	}
	if u.port != "" {
		host += ":" + u.port
	}
	return u.scheme + "://" + host + u.rest
}

// localIP is the placeholder that Carbon replaces by the address of the machine. It is assigned before HostName is read and never becomes it.
const localIP = "${carbon.local.ip}"

// isLoopback reports whether a host in a URL means "this machine" to whoever reads it.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") || strings.EqualFold(host, "localhost.localdomain") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// isUnset reports whether the host of a URL is one that nobody chose: the address of the machine, or localhost.
func isUnset(host string) bool { return host == localIP || isLoopback(host) }

// thisServer returns a test for hosts in URLs: whether they mean the server that the configuration belongs to.
func thisServer(w *Workspace) func(host string) bool {
	own := map[string]bool{}
	for _, name := range append([]string{hostName(w).text, managementName(w).text, w.Install.Host.Name}, w.Install.Host.Addresses...) {
		if name != "" {
			own[strings.ToLower(name)] = true
		}
	}
	return func(host string) bool { return isUnset(host) || own[strings.ToLower(host)] }
}

// ownPorts returns the ports of the server's HTTP listeners, as configured and with the offset in force, and the placeholders for them.
func ownPorts(w *Workspace) map[string]bool {
	ports, offset := map[string]bool{}, readOffset(w).value
	add := func(configured string) {
		if n, err := strconv.Atoi(configured); err == nil {
			ports[configured] = true
			ports[strconv.Itoa(n+offset)] = true
		}
	}
	if doc, err := w.XML(carbon.Axis2XML); err == nil {
		for _, e := range doc.Find("/axisconfig/transportReceiver/parameter[@name='port']") {
			add(e.Text())
		}
	}
	if doc, err := w.XML(carbon.CatalinaXML); err == nil {
		for _, e := range doc.Find("/Server/Service/Connector") {
			port, _ := e.Attr("port")
			add(port)
		}
	}
	return ports
}

// baseURL returns scheme://host:port, without the port that the scheme means anyway.
func baseURL(scheme, host string, port int) string {
	u := urlParts{scheme: scheme, host: host}
	if implied := map[string]int{"http": 80, "https": 443}[scheme]; port != implied {
		u.port = strconv.Itoa(port)
	}
	return u.String()
}
