package database

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

// sound is a target without a fault, but for notes on its parameters.
func sound(k Kind) Target {
	t := Target{Kind: k, Host: "db.example.com", Database: "regdb", Username: "carbon", Password: secret.New("Tr0ub4dor")}
	if k == Oracle {
		t.Database, t.Service = "", "regdb"
	}
	return t
}

func TestFaults(t *testing.T) {
	const example = "Enter a name such as db.example.com, or an address."
	only := "Use letters, digits and _ alone."
	for _, tt := range []struct {
		name   string
		kind   Kind
		change func(*Target)
		want   []Fault
	}{
		{"no kind", "", nil, []Fault{{"kind", Bad, "No database is chosen.", "Choose MySQL, MariaDB, PostgreSQL, Oracle or SQL Server."}}},
		{"sound", MySQL, nil, nil},
		{"sound", MariaDB, nil, nil},
		{"sound", PostgreSQL, nil, nil},
		{"sound", Oracle, nil, nil},
		{"no host", MySQL, func(t *Target) { t.Host = "" }, []Fault{{"host", Bad, "No host is given.", "Enter the name or the address of the database server."}}},
		{"URL", MySQL, func(t *Target) { t.Host = "jdbc:mysql://db" }, []Fault{{"host", Bad, "The host has a scheme before it.", example}}},
		{"list", MySQL, func(t *Target) { t.Host = "a,b" }, []Fault{{"host", Bad, "The host is a list.", "Enter the first host; several stand in the URL of the block."}}},
		{"port behind", MySQL, func(t *Target) { t.Host = "db:3306" }, []Fault{{"host", Bad, "The host has a port behind it.", "Enter the port in its own field."}}},
		{"brackets", MySQL, func(t *Target) { t.Host = "[::1]" }, []Fault{{"host", Bad, "The host is not an IPv6 address.", "Enter it without brackets, such as 2001:db8::5."}}},
		{"instance behind", SQLServer, func(t *Target) { t.Host = `sql\WSO2`; t.Parameters = map[string]string{"encrypt": "true"} }, []Fault{{"host", Bad, `The host has a \ in it.`, "Enter the instance in its own field."}}},
		{"blank", MySQL, func(t *Target) { t.Host = "db server" }, []Fault{{"host", Bad, "The host has a character that no host name has.", example}}},
		{"dots", MySQL, func(t *Target) { t.Host = "db..com" }, []Fault{{"host", Bad, "The host is not a host name.", example}}},
		{"umlaut", MySQL, func(t *Target) { t.Host = "köln.example.com" }, nil},
		{"port", PostgreSQL, func(t *Target) { t.Port = 65536 }, []Fault{{"port", Bad, "65536 is not a port.", "Enter a number from 1 to 65535; PostgreSQL listens on 5432 unless told otherwise."}}},
		{"no database", MySQL, func(t *Target) { t.Database = "" }, []Fault{{"database", Bad, "No database is given.", "Enter the name of the database that was made for Carbon."}}},
		{"long", PostgreSQL, func(t *Target) { t.Database = strings.Repeat("a", 64) }, []Fault{{"database", Bad, "The name of the database has 64 bytes, and PostgreSQL allows 63.", "Enter a shorter one."}}},
		{"slash", MySQL, func(t *Target) { t.Database = "a/b" }, []Fault{{"database", Bad, "The name of the database has a character that its URL has no way to write.", only}}},
		{"odd", MySQL, func(t *Target) { t.Database = "reg db" }, []Fault{{"database", Warning, "The name of the database has a character that Connector/J 5.1 and 8 read differently in a URL.", only}}},
		{"blank at an end", MySQL, func(t *Target) { t.Database = "db " }, []Fault{{"database", Bad, "The name of the database begins or ends in a blank.", "Take the blank away."}}},
		{"control", MySQL, func(t *Target) { t.Database = "d\x00b" }, []Fault{{"database", Bad, "It holds a control character or a byte that is not UTF-8.", "Type it anew."}}},
		{"system", MySQL, func(t *Target) { t.Database = "mysql" }, []Fault{{"database", Warning, "mysql is a database of the server itself.", "Make one for Carbon."}}},
		{"capitals", PostgreSQL, func(t *Target) { t.Database = "RegDB" }, []Fault{{"database", Note, "PostgreSQL takes the name of the database here as it is written, and folds it to small letters in CREATE DATABASE without quotation marks.", ""}}},
		{"SID of MySQL", MySQL, func(t *Target) { t.SID = "X" }, []Fault{{"sid", Bad, "MySQL has no place for the field sid.", "Leave it empty."}}},
		{"instance of Oracle", Oracle, func(t *Target) { t.Instance = "X" }, []Fault{{"instance", Bad, "Oracle has no place for the field instance.", "Leave it empty."}}},
		{"mode", MariaDB, func(t *Target) { t.Mode = "raid" }, []Fault{{"mode", Bad, "MariaDB's driver does not know this way of choosing a host.", "It knows sequential, failover, loadbalance, load-balance-read, replication or aurora."}}},
		{"no service", Oracle, func(t *Target) { t.Service = "" }, []Fault{{"service", Bad, "Neither a service, a SID nor a descriptor is given.", "Enter the service name that the listener knows: lsnrctl services lists them."}}},
		{"two ways", Oracle, func(t *Target) { t.SID = "X" }, []Fault{{"service", Bad, "Service, SID and descriptor exclude each other.", "Keep one of them."}}},
		{"SID with a dot", Oracle, func(t *Target) { t.Service, t.SID = "", "x.y" }, []Fault{{"sid", Warning, "The SID has a dot in it, as service names have.", "Enter it as the service, unless lsnrctl status shows it as an instance."}}},
		{"service with a colon", Oracle, func(t *Target) { t.Service = "x:y" }, []Fault{{"service", Bad, "The service has a character that none has.", "Enter letters, digits, dots and _ alone."}}},
		{"descriptor", Oracle, func(t *Target) { t.Service, t.Descriptor = "", "(DESCRIPTION=" }, []Fault{{"descriptor", Bad, "The parentheses of the descriptor do not match.", "It looks like " + exampleDescriptor + "."}}},
		{"instance and port", SQLServer, func(t *Target) { t.Instance, t.Port = "X", 1433; t.Parameters = map[string]string{"encrypt": "true"} }, []Fault{{"instance", Note, "With a port the driver connects to the port, and reads past the instance.", "Leave one of them empty."}}},
		{"instance", SQLServer, func(t *Target) { t.Instance = `a\b`; t.Parameters = map[string]string{"encrypt": "true"} }, []Fault{{"instance", Bad, "The instance has a character that none has.", `Enter the name after the \ alone.`}}},
		{"jTDS over IPv6", SQLServer, func(t *Target) { t.JTDS, t.Host = true, "::1" }, []Fault{{"host", Bad, "jTDS does not read IPv6 addresses.", "Enter a name."}}},
		{"list of one", MySQL, func(t *Target) { t.HostList = "db" }, []Fault{{"hostList", Bad, "The list of hosts has a single host.", "Enter it as the host."}}},
		{"list with a slash", MySQL, func(t *Target) { t.HostList = "a/b,c" }, []Fault{{"hostList", Bad, "The list of hosts has a character that no host has.", "Separate host:port and host:port by a comma."}}},
		{"user as a parameter", MySQL, func(t *Target) { t.Parameters = map[string]string{"user": "x"} }, []Fault{
			{"parameters.user", Bad, "user is a field of its own.", "Enter it there, not among the parameters."},
			{"parameters.user", Note, "user is not a parameter that is known here. It is written as it is; the test goes on without it.", ""},
		}},
		{"name of a parameter", MySQL, func(t *Target) { t.Parameters = map[string]string{"a&b": "x"} }, []Fault{
			{"parameters", Bad, "A parameter has a name with a character that none has.", "Enter name=value."},
			{"parameters.a&b", Note, "a&b is not a parameter that is known here. It is written as it is; the test goes on without it.", ""},
		}},
		{"value", MariaDB, func(t *Target) { t.Parameters = map[string]string{"initSql": "a&b"} }, []Fault{{"parameters.initSql", Bad, "The value of initSql has a &, or a blank at an end, which the driver has no way to read.", "Give it as connectionProperties of the block."}}},
		{"brace", SQLServer, func(t *Target) { t.Parameters = map[string]string{"applicationName": "a}", "encrypt": "true"} }, []Fault{{"parameters.applicationName", Warning, "The value of applicationName has a closing brace, which older releases of Microsoft's driver do not read.", "Choose another value."}}},
		{"spelling", SQLServer, func(t *Target) { t.Parameters = map[string]string{"Encrypt": "true", "encrypt": "true"} }, []Fault{
			{"parameters.Encrypt", Bad, "Encrypt is written encrypt.", "Write encrypt."},
			{"parameters.Encrypt", Warning, "Encrypt is written encrypt: some releases of the driver read past it otherwise.", "Write encrypt."},
		}},
		{"login in the URL", MySQL, func(t *Target) { t.LoginInURL = true }, []Fault{{"url", Warning, "The URL holds the user name or the password, where logs and error messages show it.", "They are moved to username and password of the block."}}},
		{"no user", MySQL, func(t *Target) { t.Username = "" }, []Fault{{"username", Bad, "No user is given.", "Enter the user that was made for Carbon."}}},
		{"user with host", MySQL, func(t *Target) { t.Username = "carbon'@'%" }, []Fault{{"username", Warning, "The user has a quotation mark or a % in it: the host of an account such as 'carbon'@'%' is not part of its name.", "Enter the part before the @ alone."}}},
		{"long user", MySQL, func(t *Target) { t.Username = strings.Repeat("a", 33) }, []Fault{{"username", Bad, "The user has 33 bytes, and MySQL allows 32.", "Enter a shorter one."}}},
		{"no password", MySQL, func(t *Target) { t.Password = secret.Secret{} }, []Fault{{"password", Warning, "The password is empty.", "Give the user a password."}}},
		{"password with a blank", MySQL, func(t *Target) { t.Password = secret.New("x ") }, []Fault{{"password", Warning, "The password begins or ends in a blank, which is lost where an element is read without it.", "Choose another one."}}},
		{"password with a line", MySQL, func(t *Target) { t.Password = secret.New("x\ny") }, []Fault{{"password", Bad, "The password holds a control character.", "Choose another one."}}},
	} {
		t.Run(string(tt.kind)+" "+tt.name, func(t *testing.T) {
			target := sound(tt.kind)
			if tt.change != nil {
				tt.change(&target)
			}
			got := target.Faults()
			if !reflect.DeepEqual(got, tt.want) && len(got)+len(tt.want) > 0 {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestWantedTLS(t *testing.T) {
	for _, tt := range []struct {
		kind   Kind
		query  string
		want   TLSMode
		faults string // fields and severities
	}{
		{MySQL, "", TLSPrefer, ""},
		{MySQL, "useSSL=false", TLSOff, ""},
		{MySQL, "useSSL=true", TLSPrefer, "verifyServerCertificate note"},
		{MySQL, "useSSL=true&requireSSL=true", TLSVerifyCA, "verifyServerCertificate note"},
		{MySQL, "useSSL=true&verifyServerCertificate=false", TLSPrefer, ""},
		{MySQL, "useSSL=true&requireSSL=true&verifyServerCertificate=false", TLSRequire, ""},
		{MySQL, "useSSL=true&requireSSL=true&verifyServerCertificate=true", TLSVerifyCA, ""},
		{MySQL, "useSSL=true&verifyServerCertificate=true", TLSVerifyCA, "requireSSL note"},
		{MySQL, "requireSSL=true", TLSRequire, "useSSL note"},
		{MySQL, "useSSL=false&requireSSL=true", TLSOff, "requireSSL error"},
		{MySQL, "useSSL=false&verifyServerCertificate=true", TLSOff, "verifyServerCertificate error"},
		{MySQL, "sslMode=VERIFY_IDENTITY", TLSVerifyFull, "sslMode note"},
		{MySQL, "sslMode=disabled", TLSOff, "sslMode note"},
		{MySQL, "sslMode=REQUIRED&useSSL=false", TLSRequire, "sslMode note, sslMode error"},
		{MySQL, "sslMode=verify-full", TLSPrefer, "sslMode error"},
		{MySQL, "usessl=false", TLSPrefer, "usessl warning"},
		{MySQL, "useSSL=maybe", TLSPrefer, "useSSL error, verifyServerCertificate note"},
		{MariaDB, "", TLSOff, ""},
		{MariaDB, "useSSL", TLSVerifyFull, ""},
		{MariaDB, "useSsl=1&trustServerCertificate=true", TLSRequire, ""},
		{MariaDB, "useSSL=true&disableSslHostnameVerification=true", TLSVerifyCA, ""},
		{MariaDB, "trustServerCertificate=true", TLSOff, "trustServerCertificate warning"},
		{MariaDB, "sslMode=trust", TLSRequire, "sslMode note"},
		{MariaDB, "sslMode=disable&useSSL=true", TLSVerifyFull, "sslMode note, sslMode error"},
		{PostgreSQL, "", TLSPrefer, ""},
		{PostgreSQL, "ssl=true", TLSVerifyFull, "ssl note"},
		{PostgreSQL, "ssl", TLSVerifyFull, "ssl note"},
		{PostgreSQL, "ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory", TLSRequire, ""},
		{PostgreSQL, "sslmode=verify-ca&sslfactory=org.postgresql.ssl.NonValidatingFactory", TLSRequire, "sslfactory error"},
		{PostgreSQL, "sslmode=require&ssl=true", TLSRequire, ""},
		{PostgreSQL, "sslmode=disable&ssl=true", TLSOff, "ssl error"},
		{PostgreSQL, "sslmode=on", TLSPrefer, "sslmode error"},
		{SQLServer, "", TLSPrefer, "encrypt note"},
		{SQLServer, "trustServerCertificate=true", TLSRequire, "encrypt note"},
		{SQLServer, "encrypt=true", TLSVerifyFull, ""},
		{SQLServer, "encrypt=true&trustServerCertificate=true", TLSRequire, ""},
		{SQLServer, "encrypt=true&trustServerCertificate=true&trustStore=x", TLSRequire, "trustServerCertificate warning"},
		{SQLServer, "encrypt=strict&trustServerCertificate=true", TLSVerifyFull, "trustServerCertificate warning"},
		{SQLServer, "encrypt=false", TLSPrefer, ""},
		{jtds, "", TLSOff, ""},
		{jtds, "ssl=require", TLSRequire, ""},
		{jtds, "ssl=authenticate", TLSVerifyCA, ""},
		{jtds, "ssl=request", TLSPrefer, ""},
	} {
		target := sound(tt.kind)
		if tt.kind == jtds {
			target.Kind, target.JTDS = SQLServer, true
		}
		if err := parseQuery(tt.query, &target, true); err != nil {
			t.Fatal(err)
		}
		w, faults := target.Wanted()
		var said []string
		for _, f := range faults {
			said = append(said, strings.TrimPrefix(f.Field, "parameters.")+" "+f.Severity.String())
		}
		if w.TLS != tt.want || strings.Join(said, ", ") != tt.faults {
			t.Errorf("%s %s: %s with %q, want %s with %q", tt.kind, tt.query, w.TLS, said, tt.want, tt.faults)
		}
	}
	for target, want := range map[string]TLSMode{
		"tcps": TLSVerifyCA, "tcp": TLSOff, "": TLSOff,
	} {
		o := sound(Oracle)
		o.Mode = target
		if w, _ := o.Wanted(); w.TLS != want {
			t.Errorf("Oracle %s: %s", target, w.TLS)
		}
	}
	o := sound(Oracle)
	o.Descriptor = "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=a))(CONNECT_DATA=(SID=b))(SECURITY=(SSL_SERVER_DN_MATCH=yes)))"
	if w, _ := o.Wanted(); w.TLS != TLSVerifyFull {
		t.Errorf("Oracle by a descriptor: %s", w.TLS)
	}
}

func TestWantedSays(t *testing.T) {
	either := "Write the one of the driver jar in repository/components/lib."
	for _, tt := range []struct {
		kind              Kind
		name, value, what string
		severity          Severity
		fix               string
	}{
		{MySQL, "zeroDateTimeBehavior", "convertToNull", "Connector/J 5.1 spells this value convertToNull, 8 and later spell it CONVERT_TO_NULL, and each refuses the other's.", Note, either},
		{MySQL, "zeroDateTimeBehavior", "CONVERT_TO_NULL", "Connector/J 8 and later spell this value CONVERT_TO_NULL, 5.1 spells it convertToNull, and each refuses the other's.", Note, either},
		{MySQL, "zeroDateTimeBehavior", "null", "zeroDateTimeBehavior has a value that Connector/J refuses.", Bad, "It takes exception, round, and convertToNull with 5.1 or CONVERT_TO_NULL with 8 and later."},
		{MySQL, "characterEncoding", "utf8mb4", "characterEncoding=utf8mb4 is MySQL's name of a character set. Connector/J wants Java's, and refuses this one.", Bad, "Write characterEncoding=UTF-8."},
		{MySQL, "relaxAutoCommit", "true", "Connector/J 5.1 knows it, 8 and later read past it.", Note, ""},
		{MySQL, "useUnicode", "true", "Connector/J 5.1 knows it, 8 and later read past it.", Note, ""},
		{MySQL, "serverTimezone", "UTC", "Connector/J 5.1 reads serverTimezone only together with useLegacyDatetimeCode=false; 8 and later take it for the connection.", Note, ""},
		{MySQL, "connectTimeout", "30", "connectTimeout counts milliseconds: 30 of them are shorter than a connection takes.", Warning, "Write 30000 for 30 seconds."},
		{MySQL, "connectTimeout", "soon", `connectTimeout has a value that the driver of MySQL refuses: "soon".`, Bad, "Write a whole number."},
		{MySQL, "autoReconnect", "perhaps", `autoReconnect has a value that the driver of MySQL refuses: "perhaps".`, Bad, "It takes true, false, yes or no."},
		{MySQL, "autoReconnect", "true", "autoReconnect gives a failed statement to the application and reconnects for the next one. Carbon's pool does this by itself with testOnBorrow.", Note, ""},
		{MariaDB, "autoReconnect", "true", "MariaDB Connector/J 2 knows it, 3 reads past it.", Note, ""},
		{MariaDB, "characterEncoding", "UTF-8", "MariaDB's driver always speaks UTF-8 and reads past it.", Note, "Leave it out."},
		{PostgreSQL, "connectTimeout", "10000", "connectTimeout counts seconds: 10000 of them are 2h46m40s.", Warning, "Write the number of seconds."},
		{PostgreSQL, "readOnly", "true", "With readOnly=true every transaction refuses to write, and Carbon has to.", Bad, "Take readOnly out."},
		{PostgreSQL, "targetServerType", "secondary", "targetServerType asks for a replica, which cannot be written.", Bad, "Write targetServerType=primary."},
		{PostgreSQL, "useSSL", "true", "useSSL is not a parameter that is known here. It is written as it is; the test goes on without it.", Note, ""},
		{PostgreSQL, "SSLMode", "require", "SSLMode is written sslmode: some releases of the driver read past it otherwise.", Warning, "Write sslmode."},
	} {
		target := sound(tt.kind)
		target.Parameters = map[string]string{tt.name: tt.value}
		_, got := target.Wanted()
		if want := []Fault{{"parameters." + tt.name, tt.severity, tt.what, tt.fix}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s=%s:\n got %+v\nwant %+v", tt.name, tt.value, got, want)
		}
	}
}

func TestWantedReads(t *testing.T) {
	read := func(k Kind, parameters map[string]string) Wanted {
		target := sound(k)
		target.Parameters = maps.Clone(parameters)
		w, _ := target.Wanted()
		return w
	}
	w := read(MySQL, map[string]string{
		"allowPublicKeyRetrieval": "TRUE", "characterEncoding": "latin1", "sessionVariables": "a=1", "connectTimeout": "5000", "serverRSAPublicKeyFile": "/k.pem",
		"trustCertificateKeyStoreUrl": "file:///etc/t.jks", "trustCertificateKeyStorePassword": "geheim", "useSSL": "true",
	})
	if !w.AllowPublicKeyRetrieval || w.Charset != "latin1" || w.SessionVariables != "a=1" || w.ConnectTimeout.Seconds() != 5 || w.PublicKeyFile != "/k.pem" ||
		w.Roots != "/etc/t.jks" || w.RootsPassword.Reveal() != "geheim" || !w.VerifyIfOffered {
		t.Errorf("MySQL: %+v", w)
	}
	w = read(PostgreSQL, map[string]string{"currentSchema": "wso2", "options": "-c x=y", "ApplicationName": "carbon", "loginTimeout": "7", "sslrootcert": "/ca.pem", "preferQueryMode": "simple"})
	if w.CurrentSchema != "wso2" || w.Options != "-c x=y" || w.ApplicationName != "carbon" || w.ConnectTimeout.Seconds() != 7 || w.Roots != "/ca.pem" || !w.SimpleQueries {
		t.Errorf("PostgreSQL: %+v", w)
	}
	w = read(SQLServer, map[string]string{"integratedSecurity": "true", "hostNameInCertificate": "x", "trustStore": "/t.jks", "loginTimeout": "9"})
	if !w.IntegratedLogin || w.CertificateHost != "x" || w.Roots != "/t.jks" || w.ConnectTimeout.Seconds() != 9 {
		t.Errorf("SQL Server: %+v", w)
	}
}
