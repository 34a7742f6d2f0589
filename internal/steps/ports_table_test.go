package steps

import (
	"fmt"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// tableLines renders a port table for golden files.
func tableLines(table []Port) string {
	var b strings.Builder
	for _, p := range table {
		fmt.Fprintf(&b, "%s %s\n    %s\n", p, p.Place, describePort(p))
	}
	return b.String()
}

func TestPortTable(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		golden(t, "ports/"+which+".table", tableLines(PortTable(openHome(t, home))))
		replaceIn(t, home, carbon.CarbonXML, "<Offset>0<", "<Offset>7<")
		golden(t, "ports/"+which+"-offset.table", tableLines(PortTable(openHome(t, home))))
	}
}

// row returns the row with that number, or none.
func row(table []Port, number string) (Port, bool) {
	for _, p := range table {
		if p.String() == number {
			return p, true
		}
	}
	return Port{}, false
}

func TestPortTableCorpus(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Log("no corpus here")
		return
	}
	replaceIn(t, home, carbon.CarbonXML, "<Offset>0<", "<Offset>2<")
	table := PortTable(openHome(t, home))
	for number, want := range map[string]Port{
		"9445/tcp":  {Opens: Opens, Moved: true, Use: ForManagement},
		"9765/tcp":  {Opens: Opens, Moved: true, Use: ForManagement},
		"8282/tcp":  {Opens: Opens, Moved: true, Use: ForClients},
		"8245/tcp":  {Opens: Opens, Moved: true, Use: ForClients},
		"10001/tcp": {Opens: Opens, Moved: true, Use: ForMonitoring},
		"11113/tcp": {Opens: Opens, Moved: true, Use: ForMonitoring},
		"10397/tcp": {Opens: Opens, Use: ForItself},
		"4000/tcp":  {Opens: NotOpens, Use: ForCluster},
		"5674/tcp":  {Opens: NotOpens, Moved: true, Use: ForClients},
		"10391/tcp": {Opens: NotOpens, Moved: true, Use: ForItself},
	} {
		p, ok := row(table, number)
		if !ok || p.Opens != want.Opens || p.Moved != want.Moved || p.Use != want.Use || p.Place.Line == 0 {
			t.Errorf("%s: %+v", number, p)
		}
	}
	for _, commented := range []string{"8283/tcp", "8246/tcp", "9446/tcp", "2201/tcp"} {
		if p, ok := row(table, commented); ok {
			t.Errorf("a port of a comment is in the table: %+v", p)
		}
	}
}

// bent homes and what a row becomes.
func TestPortTableFollowsTheFiles(t *testing.T) {
	samples := map[string]string{"api": sampleHome(t, "api"), "servlet": sampleHome(t, "servlet")}
	in := func(rel, old, with string) func(t *testing.T, home string) {
		return func(t *testing.T, home string) { replaceIn(t, home, rel, old, with) }
	}
	file := func(rel, text string) func(t *testing.T, home string) {
		return func(t *testing.T, home string) { setFile(t, home, rel, text) }
	}
	const ldap = `<EmbeddedLDAPConfig><EmbeddedLDAP><Property name="enable">true</Property><Property name="host">localhost</Property></EmbeddedLDAP>` +
		`<KDCServer><Property name="enabled">%s</Property><Property name="host">0.0.0.0</Property></KDCServer></EmbeddedLDAPConfig>`
	for _, test := range []struct {
		name, which string
		bend        func(t *testing.T, home string)
		number      string
		want        string // describePort, "" = no row
	}{
		{"JMX off", "api", in(carbon.JMXXML, ">true<", ">false<"), "9999/tcp", "9999/tcp: JMX: RMI registry; not opened. StartRMIServer is false."},
		{"a number in jmx.xml", "api", func(t *testing.T, home string) {
			replaceIn(t, home, carbon.JMXXML, "${Ports.JMX.RMIServerPort}", "21111")
			replaceIn(t, home, carbon.CarbonXML, "<Offset>0<", "<Offset>1<")
		}, "21111/tcp", "21111/tcp: JMX: RMI server; needed by monitoring hosts; not moved by the offset."},
		{"clustering", "api", in(carbon.Axis2XML, `enable="false"`, `enable="true"`), "4000/tcp", "4000/tcp: cluster: Hazelcast member; needed by the other members of the cluster; not moved by the offset."},
		{"clustering by multicast", "api", in(carbon.Axis2XML, `enable="false"`, `enable="true"`), "45564/udp", "45564/udp: cluster: membership by multicast; needed by the other members of the cluster; not moved by the offset."},
		{"clustering by address", "api", func(t *testing.T, home string) {
			replaceIn(t, home, carbon.Axis2XML, `enable="false"`, `enable="true"`)
			replaceIn(t, home, carbon.Axis2XML, ">multicast<", ">wka<")
		}, "45564/udp", ""},
		{"no Thrift server", "api", in(carbon.APIManagerXML, "<EnableThriftServer>true<", "<EnableThriftServer>false<"), "10397/tcp", "10397/tcp: Thrift: API key validation; not opened. EnableThriftServer is false."},
		{"embedded LDAP", "api", file(carbon.EmbeddedLDAP, fmt.Sprintf(ldap, "false")), "10389/tcp", "10389/tcp: LDAP: embedded user store; for this machine only; moved by the offset."},
		{"LDAP in another folder", "api", file("repository/conf/identity/embedded-ldap.xml", fmt.Sprintf(ldap, "true")), "8000/udp", "8000/udp: Kerberos: embedded key distribution center; needed by clients; moved by the offset."},
		{"KDC off", "api", file(carbon.EmbeddedLDAP, fmt.Sprintf(ldap, "false")), "8000/udp", "8000/udp: Kerberos: embedded key distribution center; not opened. It is switched off in repository/conf/embedded-ldap.xml."},
		{"damaged embedded-ldap.xml", "api", file(carbon.EmbeddedLDAP, "<"), "10389/tcp", "10389/tcp: LDAP: embedded user store; opened only if the product has it; moved by the offset."},
		{"a broker", "api", file("repository/conf/advanced/qpid-config.xml", "<broker/>"), "5672/tcp", "5672/tcp: AMQP: embedded message broker; needed by clients; moved by the offset."},
		{"a bundle of the broker", "api", file(carbon.Plugins+"/org.wso2.carbon.andes_4.2.0.jar", ""), "8672/tcp", "8672/tcp: AMQP over TLS: embedded message broker; needed by clients; moved by the offset."},
		{"the entitlement bundle", "api", file(carbon.Plugins+"/org.wso2.carbon.identity.entitlement_4.2.0.jar", ""), "10500/tcp", "10500/tcp: Thrift: entitlement service; not needed from outside; moved by the offset."},
		{"bundles without it", "api", file(carbon.Plugins+"/org.wso2.carbon.core_4.2.0.jar", ""), "10500/tcp", "10500/tcp: Thrift: entitlement service; not opened. This product does not have the entitlement service."},
		{"the entitlement service off", "api", in(carbon.IdentityXML, "<EnableThriftService>true<", "<EnableThriftService>false<"), "10500/tcp", "10500/tcp: Thrift: entitlement service; not opened. EnableThriftService is false in identity.xml."},
		{"an AJP connector", "api", in(carbon.CatalinaXML, "    <Engine", "    <Connector protocol=\"AJP/1.3\" port=\"8009\"/>\n    <Engine"), "8009/tcp", "8009/tcp: AJP: the web server in front of Tomcat; needed by clients; moved by the offset."},
		{"a local connector", "api", in(carbon.CatalinaXML, "    <Engine", "    <Connector address=\"127.0.0.1\" port=\"8010\"/>\n    <Engine"), "8010/tcp", "8010/tcp: HTTP: web applications; for this machine only; moved by the offset."},
		{"H2 servers", "api", in(carbon.CarbonXML, "    <Ports>", "    <H2DatabaseConfiguration><property name=\"web\"/><property name=\"webPort\">8082</property><property name=\"webAllowOthers\"/></H2DatabaseConfiguration>\n    <Ports>"), "8082/tcp", "8082/tcp: HTTP: console of the H2 database; not needed from outside; not moved by the offset."},
		{"a receiver of another kind", "servlet", in(carbon.Axis2XML, "<transportReceiver name=\"http\"", "<transportReceiver name=\"tcp\" class=\"org.apache.axis2.transport.tcp.TCPServer\"><parameter name=\"port\">6667</parameter></transportReceiver>\n    <transportReceiver name=\"http\""), "6667/tcp", "6667/tcp: transport tcp: services; needed by clients; not moved by the offset."},
		{"Cassandra with CQL", "servlet", func(t *testing.T, home string) {
			setFile(t, home, carbon.CassandraYAML, readFile(t, home, carbon.CassandraYAML)+"start_native_transport: true\nrpc_address: localhost\nlisten_address: localhost\n")
		}, "9042/tcp", "9042/tcp: Cassandra: CQL clients; for this machine only; moved by the offset."},
		{"Cassandra heeds no port of its file", "servlet", in(carbon.CassandraYAML, "rpc_port: 9160", "rpc_port: 9999"), "9160/tcp", "9160/tcp: Cassandra: Thrift clients; not needed from outside; moved by the offset."},
		{"events for this machine", "servlet", in(carbon.DataBridge, "<thriftDataReceiver>", "<thriftDataReceiver><hostName>localhost</hostName>"), "7611/tcp", "7611/tcp: Thrift: events; for this machine only; moved by the offset."},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, samples[test.which])
			test.bend(t, home)
			got := ""
			if p, ok := row(PortTable(openHome(t, home)), test.number); ok {
				got = describePort(p)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// -DportOffset wins over carbon.xml wherever it comes from.
func TestPortTableTakesTheOffsetInForce(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, test := range []struct {
		name    string
		machine func(*carbon.Install)
		bend    func(t *testing.T, home string)
		number  string
	}{
		{"JAVA_OPTS", withJavaOpts("-DportOffset=10"), nil, "9453/tcp"},
		{"the script", java7, inScript("    $JAVA_OPTS \\\n", "    $JAVA_OPTS \\\n    -DportOffset=20 \\\n"), "9463/tcp"},
		{"a variable in the script", java7, inScript("status=121\n", "status=121\nJAVA_OPTS=\"-DportOffset=30\"\n"), "9473/tcp"},
		{"nonsense", withJavaOpts("-DportOffset=x"), nil, "9443/tcp"},
	} {
		home := copyOf(t, sample)
		if test.bend != nil {
			test.bend(t, home)
		}
		if _, ok := row(PortTable(NewWorkspace(openAs(t, home, test.machine))), test.number); !ok {
			t.Errorf("%s: no %s", test.name, test.number)
		}
	}
}

// A file that cannot be read costs its own rows and no other.
func TestPortTableWithoutFiles(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, rel := range []string{carbon.CarbonXML, carbon.CatalinaXML, carbon.Axis2XML, carbon.JMXXML, carbon.APIManagerXML, carbon.IdentityXML} {
		home := copyOf(t, sample)
		w := openHome(t, home)
		setFile(t, home, rel, "<broken")
		table, faults := portTable(w, portAnswers{})
		if len(table) < 4 {
			t.Errorf("%s damaged: %d rows are left", rel, len(table))
		}
		named := rel == carbon.IdentityXML // nothing in the table stands there
		for _, f := range faults {
			named = named || f.File == rel && f.Why != ""
		}
		if !named {
			t.Errorf("%s damaged: not named in %v", rel, faults)
		}
	}
}
