package steps

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// servletListener begins the classes of the receivers that have no socket of their own: they serve what comes in through Tomcat's connectors, whatever
// port axis2.xml gives them.
const servletListener = "org.wso2.carbon.core.transports.http."

// connectors reads Tomcat's. CarbonTomcat.startConnectors adds the offset to the port of every one; it does not open the shutdown port.
func (r *portReader) connectors() {
	doc, err := r.w.XML(carbon.CatalinaXML)
	if err != nil {
		r.fault(carbon.CatalinaXML, err)
		return
	}
	if e := doc.Root(); e != nil {
		if port, ok := e.Attr("port"); ok {
			r.add(port, Port{
				What: "shutdown port of Tomcat", Place: placeAt(carbon.CatalinaXML, e.AttrLine("port")), Use: ForItself, Local: true, Opens: NotOpens,
				Note: "The embedded Tomcat does not open it.",
			})
		}
	}
	services := ""
	if servesOverTomcat(r.w) {
		services = ", services"
	}
	for _, e := range doc.Find("/Server/Service/Connector") {
		port, _ := e.Attr("port")
		protocol, _ := e.Attr("protocol")
		address, _ := e.Attr("address")
		p := Port{What: "HTTP: web applications" + services, Place: placeAt(carbon.CatalinaXML, e.AttrLine("port")), Moved: true, Use: ForManagement, Local: listensLocally(address)}
		switch {
		case strings.Contains(strings.ToLower(protocol), "ajp"):
			p.What, p.Use = "AJP: the web server in front of Tomcat", ForClients
		case isTLS(e):
			p.What = "HTTPS: management console, admin services, web applications" + services
		}
		r.add(port, p)
	}
}

// servesOverTomcat reports that the services of the product come in through Tomcat, not through listeners of their own.
func servesOverTomcat(w *Workspace) bool {
	doc, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return false
	}
	for _, e := range doc.Find("/axisconfig/transportReceiver") {
		if class, _ := e.Attr("class"); strings.HasPrefix(class, servletListener) {
			return true
		}
	}
	return false
}

// receivers reads the listeners of axis2.xml that open a socket. The pass-through and NIO ones add the system property portOffset.
func (r *portReader) receivers() {
	doc, err := r.w.XML(carbon.Axis2XML)
	if err != nil {
		r.fault(carbon.Axis2XML, err)
		return
	}
	for _, e := range doc.Find("/axisconfig/transportReceiver") {
		class, _ := e.Attr("class")
		name, _ := e.Attr("name")
		port := e.First("parameter[@name='port']")
		if port == nil || strings.HasPrefix(class, servletListener) {
			continue
		}
		p := Port{What: "transport " + name + ": services", Place: placeAt(carbon.Axis2XML, port.Line()), Use: ForClients}
		if name == "http" || name == "https" {
			p.What = strings.ToUpper(name) + ": services and APIs"
		}
		if strings.Contains(class, ".passthru.") || strings.Contains(class, ".nhttp.") {
			p.Moved = true
		} else {
			p.Note = "As far as is known, this kind of listener does not heed the offset."
		}
		if bind := e.First("parameter[@name='bind-address']"); bind != nil {
			p.Local = listensLocally(bind.Text())
		}
		r.add(port.Text(), p)
	}
}

// jmx reads the two RMI ports.
func (r *portReader) jmx(as portAnswers) {
	j, err := readJMX(r.w)
	if err != nil {
		r.fault(carbon.JMXXML, err)
		return
	}
	on := j.on
	if as.jmxOn != nil {
		on = *as.jmxOn
	}
	for _, row := range []struct {
		port     jmxPort
		answered *int
		what     string
	}{{j.registry, as.registry, "JMX: RMI registry"}, {j.server, as.server, "JMX: RMI server"}} {
		p := Port{What: row.what, Place: row.port.place, Moved: !row.port.literal, Use: ForMonitoring}
		if row.port.literal {
			p.Note = "jmx.xml has the number itself instead of ${Ports...}, and Carbon adds the offset to the latter only."
		}
		if !on {
			p.Opens, p.Note = NotOpens, "StartRMIServer is false."
		}
		text := row.port.text
		if row.answered != nil {
			p.Moved, p.Note = true, ""
			text = strconv.Itoa(*row.answered)
		}
		r.add(text, p)
	}
}

// carbonPorts reads the Ports of carbon.xml that belong to components which a product may or may not have.
func (r *portReader) carbonPorts() {
	doc, err := r.w.XML(carbon.CarbonXML)
	if err != nil {
		r.fault(carbon.CarbonXML, err)
		return
	}
	row := func(path string, p Port) {
		if e := doc.First(path); e != nil {
			p.Place, p.Moved = placeAt(carbon.CarbonXML, e.Line()), true
			r.add(e.Text(), p)
		}
	}
	ldap, kdc := r.embeddedLDAP()
	ldap.What, ldap.Use = "LDAP: embedded user store", ForItself
	kdc.What, kdc.Use, kdc.Protocol = "Kerberos: embedded key distribution center", ForClients, "udp"
	row("/Server/Ports/EmbeddedLDAP/LDAPServerPort", ldap)
	row("/Server/Ports/EmbeddedLDAP/KDCServerPort", kdc)
	broker := r.broker()
	broker.Use = ForClients
	broker.What = "AMQP: embedded message broker"
	row("/Server/Ports/EmbeddedQpid/BrokerPort", broker)
	broker.What = "AMQP over TLS: embedded message broker"
	row("/Server/Ports/EmbeddedQpid/BrokerSSLPort", broker)
	row("/Server/Ports/ThriftEntitlementReceivePort", r.entitlement())
	row("/Server/Ports/JNDIProviderPort", Port{What: "RMI: JNDI provider of the data sources", Use: ForItself, Opens: MayOpen})
}

// embeddedLDAP: the server of the Identity Server, which reads embedded-ldap.xml (EmbeddingLDAPException without it).
func (r *portReader) embeddedLDAP() (ldap, kdc Port) {
	none := Port{Opens: NotOpens, Note: "This product has no embedded LDAP server: there is no embedded-ldap.xml."}
	for _, rel := range []string{carbon.EmbeddedLDAP, "repository/conf/identity/embedded-ldap.xml"} {
		if !r.w.Has(rel) {
			continue
		}
		doc, err := r.w.XML(rel)
		if err != nil {
			r.fault(rel, err)
			return Port{Opens: MayOpen}, Port{Opens: MayOpen}
		}
		ldap = Port{Opens: Opens, Local: listensLocally(leafText(doc, "//EmbeddedLDAP/Property[@name='host']"))}
		if leafText(doc, "//EmbeddedLDAP/Property[@name='enable']") != "true" {
			ldap = Port{Opens: NotOpens, Note: "It is switched off in " + rel + "."}
		}
		kdc = Port{Opens: Opens, Local: listensLocally(leafText(doc, "//KDCServer/Property[@name='host']"))}
		if ldap.Opens != Opens || leafText(doc, "//KDCServer/Property[@name='enabled']") != "true" {
			kdc = Port{Opens: NotOpens, Note: "It is switched off in " + rel + "."}
		}
		return ldap, kdc
	}
	return none, none
}

// broker: the Andes broker reads advanced/qpid-config.xml (QpidServiceImpl) and comes as a bundle.
func (r *portReader) broker() Port {
	if r.w.Has("repository/conf/advanced/qpid-config.xml") || r.hasBundle("org.wso2.carbon.andes_") {
		return Port{Opens: Opens}
	}
	return Port{Opens: NotOpens, Note: "This product has no message broker of its own: there is no advanced/qpid-config.xml."}
}

// hasBundle reports whether a plugin's file name begins so.
func (r *portReader) hasBundle(prefix string) bool {
	prefix = carbon.Plugins + "/" + prefix
	return slices.ContainsFunc(r.w.plugins(), func(file string) bool { return strings.HasPrefix(file, prefix) })
}

// plugins lists the jars of the plugins folder, several hundred in a product; the folder is read when first asked for.
func (w *Workspace) plugins() []string {
	if w.bundles == nil {
		w.bundles = []string{}
		for _, e := range w.Install.List(carbon.Plugins) {
			if strings.HasSuffix(e.Name(), ".jar") {
				w.bundles = append(w.bundles, carbon.Plugins+"/"+e.Name())
			}
		}
	}
	return w.bundles
}

// entitlement: the bundle that would listen comes with the Identity Server.
func (r *portReader) entitlement() Port {
	p := Port{What: "Thrift: entitlement service", Use: ForItself, Opens: MayOpen, Note: "It listens where the product has the entitlement service."}
	switch {
	case r.hasBundle("org.wso2.carbon.identity.entitlement_"):
		p.Opens, p.Note = Opens, ""
	case r.hasBundle("org.wso2.carbon."):
		p.Opens, p.Note = NotOpens, "This product does not have the entitlement service."
	}
	if doc, err := r.w.XML(carbon.IdentityXML); err == nil && leafText(doc, "//ThirftBasedEntitlementConfig/EnableThriftService") == "false" {
		p.Opens, p.Note = NotOpens, "EnableThriftService is false in identity.xml."
	}
	return p
}

// h2 reads the servers of the embedded H2 database, which carbon.xml ships inside a comment.
func (r *portReader) h2() {
	doc, err := r.w.XML(carbon.CarbonXML)
	if err != nil {
		return
	}
	for _, s := range []struct{ name, what string }{{"web", "HTTP: console of the H2 database"}, {"tcp", "H2 database"}, {"pg", "H2 database, PostgreSQL protocol"}} {
		if doc.First("/Server/H2DatabaseConfiguration/property[@name='"+s.name+"']") == nil {
			continue
		}
		e := doc.First("/Server/H2DatabaseConfiguration/property[@name='" + s.name + "Port']")
		if e == nil {
			continue
		}
		others := doc.First("/Server/H2DatabaseConfiguration/property[@name='" + s.name + "AllowOthers']")
		r.add(e.Text(), Port{What: s.what, Place: placeAt(carbon.CarbonXML, e.Line()), Use: ForItself, Local: others == nil, Note: "The offset does not move it."})
	}
}

// thrift reads the key validation server of the API Manager. APIKeyMgtServiceComponent takes ThriftServerPort as it is.
func (r *portReader) thrift() {
	doc, err := r.w.XML(carbon.APIManagerXML)
	if err != nil {
		r.fault(carbon.APIManagerXML, err)
		return
	}
	e := doc.First("/APIManager/APIKeyManager/ThriftServerPort")
	if e == nil {
		return
	}
	p := Port{
		What: "Thrift: API key validation", Place: placeAt(carbon.APIManagerXML, e.Line()), Use: ForItself,
		Note: "The offset does not move it. A second API Manager on the machine needs another ThriftServerPort, and its gateway the same ThriftClientPort.",
	}
	if leafText(doc, "/APIManager/APIKeyManager/EnableThriftServer") == "false" {
		p.Opens, p.Note = NotOpens, "EnableThriftServer is false."
	}
	r.add(e.Text(), p)
}

// dataBridge reads the event receiver of BAM and CEP. ThriftDataReceiverBuilder adds the offset.
func (r *portReader) dataBridge() {
	doc, err := r.w.XML(carbon.DataBridge)
	if err != nil {
		r.fault(carbon.DataBridge, err)
		return
	}
	host := leafText(doc, "/dataBridgeConfiguration/thriftDataReceiver/hostName")
	for _, row := range []struct{ name, what string }{{"port", "Thrift: events"}, {"securePort", "Thrift over TLS: log-in of data publishers, events"}} {
		if e := doc.First("/dataBridgeConfiguration/thriftDataReceiver/" + row.name); e != nil {
			r.add(e.Text(), Port{What: row.what, Place: placeAt(carbon.DataBridge, e.Line()), Moved: true, Use: ForClients, Local: listensLocally(host)})
		}
	}
}

// yamlKey is a line of cassandra.yaml that is not indented.
var yamlKey = regexp.MustCompile(`^([a-z_]+):\s*["']?([^"'#\s]*)`)

// cassandra reads the embedded Cassandra of BAM. CassandraServerDSComponent sets the four ports as system properties, always from 9160, 9042, 7000 and
// 7001 plus the offset, so what cassandra.yaml says of them does not count; where they listen does.
func (r *portReader) cassandra() {
	data, err := r.w.Bytes(carbon.CassandraYAML)
	if err != nil {
		r.fault(carbon.CassandraYAML, err)
		return
	}
	values, lines := map[string]string{"internode_encryption": "none"}, map[string]int{}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		if m := yamlKey.FindStringSubmatch(line); m != nil {
			values[m[1]], lines[m[1]] = m[2], number
		} else if v, ok := strings.CutPrefix(strings.TrimSpace(line), "internode_encryption:"); ok {
			values["internode_encryption"] = strings.TrimSpace(v)
		}
	}
	opens := func(yes bool) Opening {
		if yes {
			return Opens
		}
		return NotOpens
	}
	for _, row := range []struct {
		key, base, what, address string
		opens                    bool
	}{
		{"rpc_port", "9160", "Cassandra: Thrift clients", "rpc_address", values["start_rpc"] != "false"},
		{"native_transport_port", "9042", "Cassandra: CQL clients", "rpc_address", values["start_native_transport"] == "true"},
		{"storage_port", "7000", "Cassandra: other nodes", "listen_address", true},
		{"ssl_storage_port", "7001", "Cassandra: other nodes over TLS", "listen_address", values["internode_encryption"] != "none"},
	} {
		p := Port{What: row.what, Place: placeAt(carbon.CassandraYAML, lines[row.key]), Moved: true, Use: ForItself, Opens: opens(row.opens), Local: listensLocally(values[row.address])}
		if !row.opens {
			p.Note = "It is switched off in cassandra.yaml."
		}
		r.add(row.base, p)
	}
}

// clustering reads the ports of Hazelcast. HazelcastClusteringAgent takes localMemberPort as it is.
func (r *portReader) clustering() {
	doc, err := r.w.XML(carbon.Axis2XML)
	if err != nil {
		return
	}
	c := doc.First("/axisconfig/clustering")
	if c == nil {
		return
	}
	opens, note := Opens, "The offset does not move it."
	if !axisEnabled(c) {
		opens, note = NotOpens, "Clustering is off."
	}
	row := func(e *edit.Element, protocol, what string, opens Opening) {
		if e != nil {
			r.add(e.Text(), Port{Protocol: protocol, What: what, Place: placeAt(carbon.Axis2XML, e.Line()), Use: ForCluster, Opens: opens, Note: note})
		}
	}
	row(c.First("parameter[@name='localMemberPort']"), "tcp", "cluster: Hazelcast member", opens)
	if scheme := c.First("parameter[@name='membershipScheme']"); scheme != nil && scheme.Text() == "multicast" {
		row(c.First("parameter[@name='mcastPort']"), "udp", "cluster: membership by multicast", opens)
	}
	g := c.First("groupManagement")
	if g == nil {
		return
	}
	if !axisEnabled(g) {
		return
	}
	for _, domain := range g.Find("applicationDomain") {
		name, _ := domain.Attr("name")
		port, _ := domain.Attr("port")
		r.add(port, Port{What: "cluster: group management of " + name, Place: placeAt(carbon.Axis2XML, domain.Line()), Use: ForCluster, Opens: opens, Note: note})
	}
}

func placeAt(file string, line int) carbon.Place { return carbon.Place{File: file, Line: line} }

// leafText is the text of the first element at the path, "" without one.
func leafText(doc *edit.XML, path string) string {
	if e := doc.First(path); e != nil {
		return e.Text()
	}
	return ""
}

// listensLocally reports an address to listen on that other machines cannot reach.
func listensLocally(address string) bool {
	return isLoopback(strings.Trim(strings.TrimSpace(address), "[]"))
}
