package steps

import (
	"bytes"
	"fmt"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// awayFrom judges credentials that are sent to a host: for another machine the user name alone does not tell that they are the administrator's.
func (s *adminScan) awayFrom(l *login, host string) {
	if host != "" && !s.here(host) {
		l.remote, l.by = host, byValue
	}
}

// byServerURL judges a login of api-manager.xml by the ServerURL beside it.
func byServerURL(s *adminScan, holder *edit.Element, l *login) {
	if e := holder.First("ServerURL"); e != nil {
		u, _ := splitURL(e.Text())
		s.awayFrom(l, u.host)
	}
}

// whenEnabled notes that a section with <Enabled>false</Enabled> is not read.
func whenEnabled(_ *adminScan, holder *edit.Element, l *login) {
	if e := holder.First("Enabled"); e != nil && !strings.EqualFold(e.Text(), "true") {
		l.unused = fmt.Sprintf("The server does not use them: <Enabled> of <%s> is not true.", holder.Name())
	}
}

// whenMemoryRealm leaves tomcat-users.xml alone unless Tomcat takes its users from there, which carbon.xml says by TomcatRealm=Memory.
func whenMemoryRealm(s *adminScan, _ *edit.Element, l *login) {
	realm := ""
	if doc, err := s.w.XML(carbon.CarbonXML); err == nil {
		if e := doc.First("/Server/Security/TomcatRealm"); e != nil {
			realm = e.Text()
		}
	}
	if !strings.EqualFold(realm, "Memory") {
		l.by = stays
		l.why = "The server does not read this list of users: TomcatRealm in carbon.xml is not Memory."
		l.unused = l.why
	}
}

// axis2Default leaves the password that Axis2 itself is delivered with: it is nobody's on this server, and nothing reads it.
func axis2Default(_ *adminScan, _ *edit.Element, l *login) {
	l.unused = "Nothing in the product reads these two parameters."
	if l.pass.text.IsSet() && l.pass.text.Reveal() == "axis2" {
		l.by = stays
		l.why = "This is the password that Axis2 itself is delivered with, not the administrator's. " + l.unused
	}
}

// whenEmbeddedCassandra tells the Cassandra inside the server, which asks the users of Carbon, from one of its own.
func whenEmbeddedCassandra(s *adminScan, holder *edit.Element, l *login) {
	if e := holder.First("externalCassandra"); e != nil && strings.EqualFold(e.Text(), "true") {
		l.by, l.why = stays, "externalCassandra is true: these are credentials of a Cassandra of its own, with users of its own."
		return
	}
	conf, err := s.w.Bytes(carbon.CassandraYAML)
	if err == nil && !asksCarbon(conf) {
		l.by, l.why = stays, "The authenticator in cassandra.yaml is not Carbon's, so Cassandra has users of its own."
	}
}

// asksCarbon reports whether cassandra.yaml has Carbon's authenticator, which makes the users of Carbon those of Cassandra.
func asksCarbon(yaml []byte) bool {
	for _, line := range bytes.Split(yaml, []byte("\n")) {
		if name, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("authenticator:")); ok {
			return bytes.HasSuffix(bytes.TrimSpace(name), []byte("CarbonCassandraAuthenticator"))
		}
	}
	return false
}

// byEndpoint judges an endpoint reference by its address: those of API Manager lead to the gateway or to a business process server, which has an
// administrator of its own.
func byEndpoint(s *adminScan, holder *edit.Element, l *login) {
	l.unused = "The file is a template that is copied to a business process server."
	reference := holder.Parent().Parent()
	address := reference.First("Address")
	if address == nil {
		return
	}
	if u, ok := splitURL(address.Text()); ok && (!s.here(u.host) || !s.ports[u.port]) {
		l.by = stays
		l.why = fmt.Sprintf("The address %s is not one of this server, so these are credentials of the server there.", address.Text())
	}
}
