package database

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

const rac = "(DESCRIPTION=(LOAD_BALANCE=on)(ADDRESS=(PROTOCOL=TCP)(HOST=rac1.example.com)(PORT=1521))" +
	"(ADDRESS=(PROTOCOL=TCP)(PORT=1522)(HOST=rac2.example.com))(CONNECT_DATA=(SERVICE_NAME=regdb)))"

// golden are targets with the URLs that Carbon's documentation and the makers of the drivers show for them.
var golden = []struct {
	name   string
	target Target
	url    string
}{
	{"MySQL", Target{Kind: MySQL, Host: "db.example.com", Database: "regdb"}, "jdbc:mysql://db.example.com:3306/regdb"},
	{"MySQL with parameters in order", Target{Kind: MySQL, Host: "db.example.com", Port: 3307, Database: "regdb", Parameters: map[string]string{
		"useSSL": "false", "autoReconnect": "true", "allowPublicKeyRetrieval": "true",
	}}, "jdbc:mysql://db.example.com:3307/regdb?allowPublicKeyRetrieval=true&autoReconnect=true&useSSL=false"},
	{"MySQL over IPv6", Target{Kind: MySQL, Host: "2001:db8::5", Database: "regdb"}, "jdbc:mysql://[2001:db8::5]:3306/regdb"},
	{"MySQL with what Connector/J decodes", Target{Kind: MySQL, Host: "db", Database: "reg db+ü", Parameters: map[string]string{
		"sessionVariables": "sql_mode='',x=1&2", "serverTimezone": "Europe/Berlin", "trustCertificateKeyStoreUrl": "file:/etc/my certs/100%#1.jks",
	}}, "jdbc:mysql://db:3306/reg%20db%2B%C3%BC?serverTimezone=Europe/Berlin&sessionVariables=sql_mode%3D%27%27,x%3D1%262" +
		"&trustCertificateKeyStoreUrl=file:/etc/my%20certs/100%25%231.jks"},
	{
		"MySQL with several hosts",
		Target{Kind: MySQL, Mode: "loadbalance", Host: "db1", Port: 3306, HostList: "db1:3306,db2:3307", Database: "regdb"},
		"jdbc:mysql:loadbalance://db1:3306,db2:3307/regdb",
	},
	{
		"MySQL with addresses",
		Target{Kind: MySQL, Host: "Db1", Port: 3308, HostList: "address=(protocol=tcp)(host=Db1)(port=3308)", Database: "regdb"},
		"jdbc:mysql://address=(protocol=tcp)(host=Db1)(port=3308)/regdb",
	},
	{"MariaDB", Target{Kind: MariaDB, Host: "db.example.com", Database: "regdb"}, "jdbc:mariadb://db.example.com:3306/regdb"},
	{"MariaDB, which decodes nothing", Target{Kind: MariaDB, Host: "db", Database: "reg db%20", Parameters: map[string]string{
		"sessionVariables": "sql_mode='a b+c'", "useSSL": "true",
	}}, "jdbc:mariadb://db:3306/reg db%20?sessionVariables=sql_mode='a b+c'&useSSL=true"},
	{
		"MariaDB with failover",
		Target{Kind: MariaDB, Mode: "sequential", Host: "::1", Port: 3306, HostList: "[::1]:3306,db2", Database: "regdb"},
		"jdbc:mariadb:sequential://[::1]:3306,db2/regdb",
	},
	{"PostgreSQL", Target{Kind: PostgreSQL, Host: "db.example.com", Database: "regdb"}, "jdbc:postgresql://db.example.com:5432/regdb"},
	{"PostgreSQL with parameters", Target{Kind: PostgreSQL, Host: "10.0.0.5", Port: 6432, Database: "reg/db", Parameters: map[string]string{
		"sslmode": "verify-full", "sslrootcert": "/etc/ssl/my ca.pem", "ssl": "", "options": "-c search_path=wso2",
	}}, "jdbc:postgresql://10.0.0.5:6432/reg/db?options=-c%20search_path%3Dwso2&ssl=&sslmode=verify-full&sslrootcert=/etc/ssl/my%20ca.pem"},
	{"PostgreSQL over IPv6", Target{Kind: PostgreSQL, Host: "fe80::1%eth0", Database: "regdb"}, "jdbc:postgresql://[fe80::1%eth0]:5432/regdb"},
	{"PostgreSQL with several hosts", Target{Kind: PostgreSQL, Host: "pg1", Port: 5432, HostList: "pg1,pg2:5433", Database: "regdb", Parameters: map[string]string{
		"targetServerType": "primary",
	}}, "jdbc:postgresql://pg1,pg2:5433/regdb?targetServerType=primary"},
	{"Oracle with a SID", Target{Kind: Oracle, Host: "ora.example.com", SID: "ORCL"}, "jdbc:oracle:thin:@ora.example.com:1521:ORCL"},
	{
		"Oracle with a service",
		Target{Kind: Oracle, Host: "ora.example.com", Service: "regdb.example.com"},
		"jdbc:oracle:thin:@//ora.example.com:1521/regdb.example.com",
	},
	{"Oracle over IPv6", Target{Kind: Oracle, Host: "2001:db8::7", Port: 1522, SID: "ORCL"}, "jdbc:oracle:thin:@[2001:db8::7]:1522:ORCL"},
	{"Oracle with TLS", Target{Kind: Oracle, Mode: "tcps", Host: "ora", Port: 2484, Service: "regdb", Parameters: map[string]string{
		"wallet_location": "/etc/wallet", "ssl_server_dn_match": "on",
	}}, "jdbc:oracle:thin:@tcps://ora:2484/regdb?ssl_server_dn_match=on&wallet_location=/etc/wallet"},
	{"Oracle RAC", Target{Kind: Oracle, Descriptor: rac}, "jdbc:oracle:thin:@" + rac},
	{"SQL Server", Target{Kind: SQLServer, Host: "sql.example.com", Database: "regdb", Parameters: map[string]string{
		"sendStringParametersAsUnicode": "false", "encrypt": "true",
	}}, "jdbc:sqlserver://sql.example.com:1433;databaseName=regdb;encrypt=true;sendStringParametersAsUnicode=false"},
	{
		"SQL Server with an instance",
		Target{Kind: SQLServer, Host: "sql", Instance: "WSO2", Database: "regdb"},
		"jdbc:sqlserver://sql;databaseName=regdb;instanceName=WSO2",
	},
	{
		"SQL Server with an instance and a port",
		Target{Kind: SQLServer, Host: "sql", Port: 14330, Instance: "WSO2", Database: "regdb"},
		"jdbc:sqlserver://sql:14330;databaseName=regdb;instanceName=WSO2",
	},
	{"SQL Server with braces", Target{Kind: SQLServer, Host: "sql", Database: "a;b", Parameters: map[string]string{
		"trustStorePassword": "p;}{=", "applicationName": " x ",
	}}, "jdbc:sqlserver://sql:1433;databaseName={a;b};applicationName={ x };trustStorePassword={p;}}{=}"},
	{
		"SQL Server over IPv6",
		Target{Kind: SQLServer, Host: "2001:db8::9", Database: "regdb"},
		"jdbc:sqlserver://;serverName=2001:db8::9;portNumber=1433;databaseName=regdb",
	},
	{
		"jTDS",
		Target{Kind: SQLServer, JTDS: true, Host: "sql", Database: "regdb", Instance: "WSO2", Parameters: map[string]string{"ssl": "require"}},
		"jdbc:jtds:sqlserver://sql/regdb;instance=WSO2;ssl=require",
	},
	{"jTDS with a port", Target{Kind: SQLServer, JTDS: true, Host: "sql", Database: "regdb"}, "jdbc:jtds:sqlserver://sql:1433/regdb"},
}

// sameTarget compares two targets field by field; secrets compare by their own Equal.
func sameTarget(a, b Target) bool {
	if !a.Password.Equal(b.Password) || !maps.Equal(a.Parameters, b.Parameters) {
		return false
	}
	a.Password, b.Password = secret.Secret{}, secret.Secret{}
	a.Parameters, b.Parameters = nil, nil
	return reflect.DeepEqual(a, b)
}

// fields shows a target with all that String leaves out but the password.
func fields(t Target) string {
	return fmt.Sprintf("%+v login in URL %t %q", t.plain(), t.LoginInURL, t.Parameters)
}

func TestURL(t *testing.T) {
	for _, tt := range golden {
		t.Run(tt.name, func(t *testing.T) {
			tt.target.Username, tt.target.Password = "carbon", secret.New("Tr0ub4dor")
			url, err := tt.target.URL()
			if err != nil || url != tt.url {
				t.Fatalf("%v\n got %s\nwant %s", err, url, tt.url)
			}
			back, err := ParseURL(url)
			want := tt.target.Filled()
			want.Username, want.Password = "", secret.Secret{}
			if err != nil || !sameTarget(back, want) {
				t.Errorf("%v\n got %s\nwant %s", err, fields(back), fields(want))
			}
			for _, f := range tt.target.Faults() {
				if f.Severity == Bad && !strings.HasPrefix(f.Field, "parameters.") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

func TestParseURLReadsOtherSpellings(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want Target
	}{
		{"\n  jdbc:mysql://db/regdb \n", Target{Kind: MySQL, Host: "db", Database: "regdb"}},
		{"jdbc:mysql:///regdb", Target{Kind: MySQL, Host: "localhost", Database: "regdb"}},
		{"jdbc:mysql://db:3306/regdb?a=1&&b=x%20y+z&c", Target{Kind: MySQL, Host: "db", Database: "regdb", Parameters: map[string]string{"a": "1", "b": "x y z", "c": ""}}},
		{"jdbc:mysql://[db1,db2:3307]/regdb", Target{Kind: MySQL, Host: "db1", Port: 3306, HostList: "[db1,db2:3307]", Database: "regdb"}},
		{"jdbc:mysql://(host=db1,port=3308),(host=db2)/regdb", Target{Kind: MySQL, Host: "db1", Port: 3308, HostList: "(host=db1,port=3308),(host=db2)", Database: "regdb"}},
		{"jdbc:mysql://u:p%40@db1:1,v:q@db2/regdb", Target{Kind: MySQL, Host: "db1", Port: 1, HostList: "db1:1,db2", Database: "regdb", Username: "u", Password: secret.New("p@"), LoginInURL: true}},
		{"jdbc:mysql://db/regdb?user=u&password=p%26", Target{Kind: MySQL, Host: "db", Database: "regdb", Username: "u", Password: secret.New("p&"), LoginInURL: true}},
		{"jdbc:mariadb://db/regdb?user=u&password=p%26+", Target{Kind: MariaDB, Host: "db", Database: "regdb", Username: "u", Password: secret.New("p%26+"), LoginInURL: true}},
		{"jdbc:mariadb://db?useSSL=true", Target{Kind: MariaDB, Host: "db", Parameters: map[string]string{"useSSL": "true"}}},
		{"jdbc:postgresql:regdb", Target{Kind: PostgreSQL, Host: "localhost", Database: "regdb"}},
		{"jdbc:postgresql://db/reg%64b?ssl&user=u", Target{Kind: PostgreSQL, Host: "db", Database: "regdb", Username: "u", LoginInURL: true, Parameters: map[string]string{"ssl": ""}}},
		{"jdbc:oracle:thin:@ora:1521/regdb", Target{Kind: Oracle, Host: "ora", Port: 1521, Service: "regdb"}},
		{"jdbc:oracle:thin:@ora/regdb", Target{Kind: Oracle, Host: "ora", Service: "regdb"}},
		{`jdbc:oracle:thin:carbon/"p@ss"@//ora/regdb`, Target{Kind: Oracle, Host: "ora", Service: "regdb", Username: "carbon", Password: secret.New("p@ss"), LoginInURL: true}},
		{
			"jdbc:oracle:thin:@(DESCRIPTION =\n  (ADDRESS=(PROTOCOL=TCPS)(HOST=ora)(PORT=2484))\r\n\t(CONNECT_DATA=(SID=X)))",
			Target{Kind: Oracle, Host: "ora", Port: 2484, Descriptor: "(DESCRIPTION =(ADDRESS=(PROTOCOL=TCPS)(HOST=ora)(PORT=2484))(CONNECT_DATA=(SID=X)))"},
		},
		{`jdbc:sqlserver://sql\WSO2:1434;database=regdb;;UserName=u;password={p;}}};SendStringParametersAsUnicode=false;`, Target{
			Kind: SQLServer, Host: "sql", Port: 1434, Instance: "WSO2", Database: "regdb", Username: "u", Password: secret.New("p;}"), LoginInURL: true,
			Parameters: map[string]string{"sendStringParametersAsUnicode": "false"},
		}},
		{`jdbc:sqlserver://;server=sql\A;port=5;x= y `, Target{Kind: SQLServer, Host: "sql", Instance: "A", Port: 5, Parameters: map[string]string{"x": "y"}}},
		{"jdbc:jtds:sqlserver://sql;USER=u;SSL=request;DatabaseName=regdb", Target{
			Kind: SQLServer, JTDS: true, Host: "sql", Database: "regdb", Username: "u", LoginInURL: true, Parameters: map[string]string{"ssl": "request"},
		}},
	} {
		got, err := ParseURL(tt.url)
		if want := tt.want.Filled(); err != nil || !sameTarget(got, want) {
			t.Errorf("%s: %v\n got %s %q\nwant %s %q", tt.url, err, fields(got), got.Password.Reveal(), fields(want), want.Password.Reveal())
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	enter, choose := "Enter host, port and database anew.", "Choose MySQL, MariaDB, PostgreSQL, Oracle or SQL Server, or keep the block as it is."
	descriptor := "It looks like " + exampleDescriptor + "."
	for _, tt := range []struct {
		url       string
		kind      URLErrorKind
		what, fix string
	}{
		{"  ", NotJDBC, "There is no URL.", "Choose a database."},
		{"mysql://db/regdb", NotJDBC, "The URL does not begin with jdbc:.", "A JDBC URL looks like jdbc:mysql://db.example.com:3306/regdb."},
		{
			"jdbc:h2:repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE", EmbeddedH2,
			"The URL is that of H2, the database inside the server that Carbon ships with.", "Keep it for a single server or a local registry, or choose a database server.",
		},
		{"jdbc:db2://db:50000/regdb", OtherDatabase, "The URL is for DB2, which is not tested or written here.", choose},
		{"jdbc:x\x1b[2J:y", Malformed, "The URL holds a control character (U+001B).", "Type it anew."},
		{"jdbc:neo\u202e4j:x", OtherDatabase, "The URL is for jdbc:neo?4j, which is not tested or written here.", choose},
		{"jdbc:mysql://" + strings.Repeat("a", MaxURL), Malformed, "The URL is longer than 16384 bytes.", "Look at the block: something else was pasted into it."},
		{"jdbc:mysql://db/\xff", Malformed, "The URL holds bytes that are not UTF-8.", "Type it anew."},
		{"JDBC:mysql://db/regdb", Malformed, "The URL does not begin with jdbc:mysql: in small letters, so that the driver does not know it for its own.", "Write jdbc:mysql:."},
		{"jdbc:mysql+srv://db/regdb", OtherDatabase, "The URL is for MySQL through a service record of the name server, which is not tested or written here.", "Write the host and the port instead."},
		{"jdbc:mysql:db", Malformed, "After jdbc:mysql: the URL has no //.", enter},
		{"jdbc:mysql:aurora://db/regdb", Malformed, "The URL has a word before // that MySQL's driver does not know.", enter},
		{"jdbc:mysql://db:x/regdb", Malformed, "The port in the URL is not a number from 1 to 65535.", enter},
		{"jdbc:mysql://db:0/regdb", Malformed, "The port in the URL is not a number from 1 to 65535.", enter},
		{"jdbc:mysql://db:65536/regdb", Malformed, "The port in the URL is not a number from 1 to 65535.", enter},
		{"jdbc:mysql://::1/regdb", Malformed, "The host in the URL has more than one colon.", "An IPv6 address stands in brackets: [2001:db8::5]:5432."},
		{"jdbc:mysql://[::1/regdb", Malformed, "The address of the host in the URL has no closing bracket.", enter},
		{"jdbc:mysql://[::1]x/regdb", Malformed, "The host in the URL is followed by something that is not a port.", enter},
		{"jdbc:mysql://db/regdb?a=%zz", Malformed, "In a parameter of the URL a % is not followed by two hexadecimal digits of UTF-8: the driver refuses it.", "Write a % itself as %25."},
		{"jdbc:mysql://db/reg%", Malformed, "In the database of the URL a % is not followed by two hexadecimal digits of UTF-8: the driver refuses it.", "Write a % itself as %25."},
		{"jdbc:mysql://db/regdb?=x", Malformed, "The URL has a parameter without a name.", enter},
		{"jdbc:mysql://address=(host=a)(password=geheim)/regdb", Unsupported, "The URL has a login for each of its hosts.", "Carbon gives user and password of the block to all: take them out of the URL."},
		{"jdbc:mysql://" + strings.Repeat("a,", 99) + "/regdb", Malformed, "The URL has more than 64 hosts.", enter},
		{"jdbc:mariadb://u:geheim@db/regdb", Malformed, "The URL has a user before its host, which MariaDB's driver does not read.", enter},
		{"jdbc:postgresql://db", Malformed, "The URL names no database: there is no / after the host.", enter},
		{"jdbc:postgresql://address=(host=db)/regdb", Malformed, "The host in the URL has characters that no host name has.", enter},
		{"jdbc:oracle:oci:@x", OtherDatabase, "The URL is for Oracle through the OCI driver, which needs Oracle's own client, which is not tested or written here.", "Use the thin driver: jdbc:oracle:thin:."},
		{"jdbc:oracle:thin:x", Malformed, "After jdbc:oracle:thin: the URL has no @.", enter},
		{"jdbc:oracle:thin:@regdb", Unsupported, "The URL has neither a SID nor a service after its host: it is a name that a file tnsnames.ora explains.", "Enter host, port and service instead, or the whole (DESCRIPTION=...) from that file."},
		{"jdbc:oracle:thin:@ldap://oid/cn=x", Unsupported, "The URL asks a directory for the address of the database.", "Enter host, port and service instead."},
		{"jdbc:oracle:thin:@//a/svc:dedicated", Unsupported, "The URL names more than a host, a port and a service.", "Write it as a descriptor, such as " + exampleDescriptor + "."},
		{"jdbc:oracle:thin:@a:1521:X?y=z", Malformed, "The URL has parameters after a SID, which the driver takes for a part of it.", enter},
		{"jdbc:oracle:thin:@(DESC=x)", Malformed, "The descriptor does not begin with (DESCRIPTION=.", descriptor},
		{"jdbc:oracle:thin:@(DESCRIPTION=(HOST=a)(SID=b)", Malformed, "The parentheses of the descriptor do not match.", descriptor},
		{"jdbc:oracle:thin:@(DESCRIPTION=(SID=b))", Malformed, "The descriptor has no HOST.", descriptor},
		{"jdbc:oracle:thin:@(DESCRIPTION=(HOST=a))", Malformed, "The descriptor has neither SERVICE_NAME nor SID.", descriptor},
		{"jdbc:oracle:thin:@(DESCRIPTION=(HOST=a)(PORT=b)(SID=c))", Malformed, "The port in the URL is not a number from 1 to 65535.", enter},
		{"jdbc:sqlserver://databaseName=x", Malformed, "The URL has a property where the host belongs: there is no ; before it.", enter},
		{"jdbc:sqlserver://[::1]:1433;databaseName=x", Malformed, "The URL has an IPv6 address after //, which the driver does not read there.", "It belongs into the property serverName."},
		{"jdbc:sqlserver://a;databaseName", Malformed, "A property of the URL has no value, which the driver refuses.", enter},
		{"jdbc:sqlserver://a;=x", Malformed, "The URL has a property without a name, which the driver refuses.", enter},
		{"jdbc:sqlserver://a;b=c{d}", Malformed, "A value of the URL has a brace in its middle, which the driver refuses.", "Put the whole value in braces."},
		{"jdbc:sqlserver://a;b={c}d;e=f", Malformed, "A value of the URL goes on after its closing brace, which the driver refuses.", enter},
		{"jdbc:sqlserver://a;b={c", Malformed, "A value of the URL has no closing brace, which the driver refuses.", enter},
		{"jdbc:jtds:sybase://a/b", OtherDatabase, "The URL is for Sybase, which is not tested or written here.", choose},
		{"jdbc:jtds:sqlserver://a/b;=c", Malformed, "The URL has a property without a name.", enter},
	} {
		_, err := ParseURL(tt.url)
		var told *URLError
		if !errors.As(err, &told) || *told != (URLError{tt.kind, tt.what, tt.fix}) {
			t.Errorf("%.80s:\n got %+v\nwant %+v", tt.url, told, URLError{tt.kind, tt.what, tt.fix})
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", tt.url, err)
		}
	}
}

func TestParseH2(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want H2
		ok   bool
	}{
		{"jdbc:h2:repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000", H2{
			Path: "repository/database/WSO2CARBON_DB", Settings: []Parameter{{"DB_CLOSE_ON_EXIT", "FALSE"}, {"LOCK_TIMEOUT", "60000"}},
		}, true},
		{"jdbc:h2:file:/var/db/x", H2{Path: "/var/db/x"}, true},
		{`jdbc:h2:C:\wso2\db`, H2{Path: `C:\wso2\db`}, true},
		{"jdbc:h2:mem:test", H2{Memory: true}, true},
		{"jdbc:h2:tcp://h/~/test", H2{Path: "tcp://h/~/test", Server: true}, true},
		{"jdbc:mysql://h/db", H2{}, false},
		{"jdbc:h2", H2{}, false},
	} {
		got, ok := ParseH2(tt.url)
		if ok != tt.ok || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %t", tt.url, got, ok)
		}
	}
}

func TestTargetKeepsItsSecrets(t *testing.T) {
	target := Target{
		Kind: MySQL, Host: "db", Database: "regdb", Username: "carbon", Password: secret.New("geheim-1"),
		Parameters: map[string]string{"trustCertificateKeyStorePassword": "geheim-2", "useSSL": "geheim-3", "password": "geheim-4"},
	}
	shown := fmt.Sprint(target, target.Faults()) + fmt.Sprintf("%v %+v %#v %s", target, target, target, &target)
	_, err := target.URL()
	shown += fmt.Sprint(err)
	delete(target.Parameters, "useSSL")
	shown = strings.ReplaceAll(shown, "geheim-3", "") // the value of useSSL is no secret
	if strings.Contains(shown, "geheim") || !strings.Contains(shown, "MySQL db:3306/regdb") {
		t.Error(shown)
	}
}

func TestTargetString(t *testing.T) {
	for want, target := range map[string]Target{
		"MySQL db:3306/regdb": {Kind: MySQL, Host: "db", Database: "regdb"}, `Microsoft SQL Server sql\WSO2/regdb`: {Kind: SQLServer, Host: "sql", Instance: "WSO2", Database: "regdb"},
		"PostgreSQL [::1]:5432/regdb": {Kind: PostgreSQL, Host: "::1", Database: "regdb"}, "Oracle ora:1521/X": {Kind: Oracle, Host: "ora", SID: "X"},
		"Oracle rac1.example.com:1521/(DESCRIPTION=...)": {Kind: Oracle, Descriptor: rac},
	} {
		if got := target.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestTargetEqual(t *testing.T) {
	base := Target{Kind: MySQL, Host: "db", Database: "regdb", Username: "carbon", Password: secret.New("x"), Parameters: map[string]string{"useSSL": "true"}}
	if again := base; !base.Equal(again) {
		t.Error("a target is not equal to itself")
	}
	filled := base
	filled.Port = 3306
	if !base.Equal(filled) {
		t.Error("the default port makes a difference")
	}
	for name, change := range map[string]func(*Target){
		"kind": func(t *Target) { t.Kind = MariaDB }, "host": func(t *Target) { t.Host = "db2" }, "port": func(t *Target) { t.Port = 1 },
		"database": func(t *Target) { t.Database = "x" }, "user": func(t *Target) { t.Username = "x" }, "password": func(t *Target) { t.Password = secret.New("y") },
		"parameters": func(t *Target) { t.Parameters = map[string]string{"useSSL": "false"} }, "mode": func(t *Target) { t.Mode = "loadbalance" },
		"list": func(t *Target) { t.HostList = "db,db2" }, "instance": func(t *Target) { t.Instance = "x" }, "sid": func(t *Target) { t.SID = "x" },
		"service": func(t *Target) { t.Service = "x" }, "descriptor": func(t *Target) { t.Descriptor = "x" }, "jTDS": func(t *Target) { t.JTDS = true },
	} {
		other := base
		change(&other)
		if base.Equal(other) {
			t.Errorf("another %s makes no difference", name)
		}
	}
}
