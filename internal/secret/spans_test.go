package secret

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// masked returns text with every span replaced by «» and what it held.
func masked(text string) (shown string, values []string) {
	var b strings.Builder
	at := 0
	for _, s := range Spans([]byte(text)) {
		b.WriteString(text[at:s.Start])
		b.WriteString("«»")
		values = append(values, text[s.Start:s.End])
		at = s.End
	}
	b.WriteString(text[at:])
	return b.String(), values
}

func TestSpans(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"element", `<Password>hunter2</Password>`, `<Password>«»</Password>`},
		{"element with attribute", `<Password svns:secretAlias="a.b" x='1>2'>hunter2</Password>`, `<Password svns:secretAlias="a.b" x='1>2'>«»</Password>`},
		{"prefixed element", `<c:KeyPassword>hunter2</c:KeyPassword>`, `<c:KeyPassword>«»</c:KeyPassword>`},
		{"blanks round the text stay", "<Password>\n\thunter2\n</Password>", "<Password>\n\t«»\n</Password>"},
		{"CDATA", `<password><![CDATA[a</b>]]></password>`, `<password>«»</password>`},
		{"comment inside", `<password>hun<!-- </x> -->ter2</password>`, `<password>«»</password>`},
		{"commented element", `<!-- <SvnPassword>hunter2</SvnPassword> -->`, `<!-- <SvnPassword>«»</SvnPassword> -->`},
		{"shipped idiom", `<!--Password>hunter2</Password-->`, `<!--Password>«»</Password-->`},
		{"keyPass", `<keyPass>hunter2</keyPass><storepass>x1</storepass>`, `<keyPass>«»</keyPass><storepass>«»</storepass>`},
		{"secret", `<ClientSecret>hunter2</ClientSecret>`, `<ClientSecret>«»</ClientSecret>`},
		{"passwd", `<dbPasswd>hunter2</dbPasswd>`, `<dbPasswd>«»</dbPasswd>`},
		{"empty element", `<Password></Password><Password/>`, `<Password></Password><Password/>`},
		{"children are looked at by themselves", `<PasswordStore><User>u</User><Password>p4</Password></PasswordStore>`, `<PasswordStore><User>u</User><Password>«»</Password></PasswordStore>`},
		{"container commented out", "<!-- <Secret> -->\n<a/>", "<!-- <Secret> -->\n<a/>"},
		{"never closed", "<Password>hunter2\nnext line", "<Password>«»\nnext line"},

		{"attribute", `<user username="admin" password="hunter2" roles="r"/>`, `<user username="admin" password="«»" roles="r"/>`},
		{"attribute in single quotes", `<Connector keystorePass = 'a"b' />`, `<Connector keystorePass = '«»' />`},
		{"commented attribute", `<!-- <user password="hunter2"/> -->`, `<!-- <user password="«»"/> -->`},
		{"attribute over lines", "<Connector\n  keystorePass=\"hunter2\"\n  port=\"1\"/>", "<Connector\n  keystorePass=\"«»\"\n  port=\"1\"/>"},

		{"Property", `<Property name="ConnectionPassword">hunter2</Property>`, `<Property name="ConnectionPassword">«»</Property>`},
		{"parameter", `<parameter name="password" locked="false">hunter2</parameter>`, `<parameter name="password" locked="false">«»</parameter>`},
		{"Parameter in single quotes", `<Parameter locked='false' Name = 'TrustStorePassword'>hunter2</Parameter>`, `<Parameter locked='false' Name = 'TrustStorePassword'>«»</Parameter>`},
		{"dotted parameter", `<parameter name="mail.smtp.password">hunter2</parameter>`, `<parameter name="mail.smtp.password">«»</parameter>`},
		{"commented parameter", `<!--<parameter name="http.proxy.password">hunter2</parameter>-->`, `<!--<parameter name="http.proxy.password">«»</parameter>-->`},
		{"value attribute", `<property name="password" value="hunter2"/>`, `<property name="password" value="«»"/>`},
		{"Hadoop property", "<property>\n <name>javax.jdo.option.ConnectionPassword</name>\n <value>hunter2</value>\n</property>", "<property>\n <name>javax.jdo.option.ConnectionPassword</name>\n <value>«»</value>\n</property>"},
		{"value of another property", `<property><name>x.password</name></property><property><name>y</name><value>v</value></property>`, `<property><name>x.password</name></property><property><name>y</name><value>v</value></property>`},

		{"option of a command", "keytool -storepass hunter2 -keypass hunter3 -v", "keytool -storepass «» -keypass «» -v"},
		{"long option", "x --password hunter2; y", "x --password «»; y"},
		{"quoted option", "x --password 'hunter 2' y", "x --password '«»' y"},
		{"option without a value", "x --password -v\ny -password\nz", "x --password -v\ny -password\nz"},
		{"user of curl", "curl -k -u admin:hunter2 https://h/\ncurl --user \"a:hunter3\" h", "curl -k -u admin:«» https://h/\ncurl --user \"a:«»\" h"},
		{"user alone", "mysql -u root x\nx -unicode a:b\nsudo -u wso2 y", "mysql -u root x\nx -unicode a:b\nsudo -u wso2 y"},
		{"mysql", "mysqldump -u root -phunter2 am\nmkdir -p /a", "mysqldump -u root -p«» am\nmkdir -p /a"},
		{"Oracle URL", "<url>jdbc:oracle:thin:scott/hunter2@h:1521/am</url>", "<url>jdbc:oracle:thin:scott/«»@h:1521/am</url>"},
		{"Oracle URL without a user", "jdbc:oracle:thin:@//h:1521/am", "jdbc:oracle:thin:@//h:1521/am"},

		{"properties", "log4j.appender.LOGEVENT.password=hunter2\n", "log4j.appender.LOGEVENT.password=«»\n"},
		{"properties with blanks", "  db.password  =  hunter 2 \r\nx=1", "  db.password  =  «» \r\nx=1"},
		{"properties with colon", "password: hunter2\n", "password: «»\n"},
		{"properties with blank", "password hunter2\n", "password «»\n"},
		{"properties continued", "password=hun\\\n   ter2\nx=1", "password=«»\nx=1"},
		{"properties continued, CRLF", "password=hun\\\r\n   ter2\r\nx=1", "password=«»\r\nx=1"},
		{"escaped backslash does not continue", "password=hunter2\\\\\nx=1", "password=«»\nx=1"},
		{"commented properties", "#keystore.identity.store.password=hunter2", "#keystore.identity.store.password=«»"},
		{"cipher-text", "#Carbon.Security.KeyStore.Password=[hunter2]", "#Carbon.Security.KeyStore.Password=«»"},
		{"cipher-text with a free alias", "wso2.db = [hunter2] \n", "wso2.db = [«»] \n"},
		{"shell", "export KS_PASSWORD=hunter2\n", "export KS_PASSWORD=«»\n"},
		{"batch", "set KS_PASSWORD=hunter2\r\n", "set KS_PASSWORD=«»\r\n"},
		{"java option", `java -Djavax.net.ssl.keyStorePassword=hunter2 -Dx=y`, `java -Djavax.net.ssl.keyStorePassword=«» -Dx=y`},
		{"quoted java option", `java "-Djavax.net.ssl.keyStorePassword=hunter2" -Dx=y`, `java "-Djavax.net.ssl.keyStorePassword=«»" -Dx=y`},
		{"JSON", `{"keyStorePassword" : "hunter2", "a": 1}`, `{"keyStorePassword" : "«»", "a": 1}`},
		{"indented JSON", "{\n  \"keyStorePassword\" : \"hunter2\",\n}", "{\n  \"keyStorePassword\" : \"«»\",\n}"},
		{"unclosed quote", "password=\"hunter2\nnext", "password=\"«»\nnext"},

		{"user-info", "x = amqp://admin:hunter2@clientID/carbon?brokerlist='tcp://localhost:5672'", "x = amqp://admin:«»@clientID/carbon?brokerlist='tcp://localhost:5672'"},
		{"user-info commented", "#x = amqp://admin:hunter2@c/t", "#x = amqp://admin:«»@c/t"},
		{"user-info with slash and at", "amqp://admin:hun/t@er2@clientID/carbon?x=a@b", "amqp://admin:«»@clientID/carbon?x=a@b"},
		{"user-info in XML", "<URL>ldap://cn=a:hunter2@host:389</URL>", "<URL>ldap://cn=a:«»@host:389</URL>"},
		{"port is no password", "http://localhost:8080/a@b https://h:${https.port}/x@y http://h/a:b@c", "http://localhost:8080/a@b https://h:${https.port}/x@y http://h/a:b@c"},
		{"user without password", "svn://admin@host/x", "svn://admin@host/x"},

		{"JDBC URL", "<url>jdbc:mysql://h/db?user=u&amp;password=hunter2&amp;x=y</url>", "<url>jdbc:mysql://h/db?user=u&amp;password=«»&amp;x=y</url>"},
		{"JDBC URL with semicolons", "url=jdbc:sqlserver://h;user=u;password=hunter2;encrypt=true", "url=jdbc:sqlserver://h;user=u;password=«»;encrypt=true"},
		{"private key", "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb", "a\n-----BEGIN RSA PRIVATE KEY-----\n«»\n-----END RSA PRIVATE KEY-----\nb"},
		{"certificate", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----"},

		{"rules are no secrets", `<Property name="PasswordJavaRegEx">^[\S]{5,30}$</Property><Property name="PasswordDigest">SHA-256</Property>`, `<Property name="PasswordJavaRegEx">^[\S]{5,30}$</Property><Property name="PasswordDigest">SHA-256</Property>`},
		{"aliases are no secrets", `<UserName svns:secretAlias="x">a</UserName>`, `<UserName svns:secretAlias="x">a</UserName>`},
		{"salted is no secret", `<Property name="StoreSaltedPassword">true</Property>`, `<Property name="StoreSaltedPassword">true</Property>`},
		{"secret-conf switches", "secretRepositories.file.provider=org.example.X\nsecretRepositories=file\n", "secretRepositories.file.provider=org.example.X\nsecretRepositories=file\n"},
		{"pass-through is no password", `<transportReceiver name="passthru-http"/> PassThroughHttpListener = x`, `<transportReceiver name="passthru-http"/> PassThroughHttpListener = x`},
		{"bypass", "http.proxyBypass = localhost", "http.proxyBypass = localhost"},
		{"prose", "# the password of the keystore is asked for\n<!-- Passwords are stored hashed. -->", "# the password of the keystore is asked for\n<!-- Passwords are stored hashed. -->"},
		{"log pattern", "log4j.appender.A.layout.ConversionPattern=[%d] %m [%t]", "log4j.appender.A.layout.ConversionPattern=[%d] %m [%t]"},
		{"working directory", "PWD=/opt\nCURDIR=$PWD", "PWD=/opt\nCURDIR=$PWD"},
		{"not UTF-8", "password=\xe4\xf6\xfc\nb", "password=«»\nb"},
		{"upper case", "<PASSWORD>hunter2</PASSWORD>", "<PASSWORD>«»</PASSWORD>"},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := masked(tt.text); got != tt.want {
				t.Errorf("shown\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestSpansOfRealFiles looks at the files that a 4.2.0 product ships: no value that the facts name as a password is left to be seen.
func TestSpansOfRealFiles(t *testing.T) {
	root := "../../../shared/corpus/apim-1.8.0/repository/conf"
	if _, err := os.Stat(root); err != nil {
		t.Log("the files of a real product are not here; the table above is what is tested")
		return
	}
	for file, want := range map[string]int{
		"carbon.xml": 6, "user-mgt.xml": 6, "api-manager.xml": 5, "jndi.properties": 1, "log4j.properties": 3,
		"datasources/master-datasources.xml": 4, "tomcat/tomcat-users.xml": 4, "axis2/axis2.xml": 12, "security/cipher-text.properties": 19,
	} {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		shown, values := masked(string(data))
		if len(values) < want {
			t.Errorf("%s: %d secrets found, want at least %d", file, len(values), want)
		}
		for _, leak := range []string{"assword>wso2carbon<", "assword>admin<", `assword">admin<`, "password=admin", "amqp://admin:admin@", "[wso2carbon]", "[admin]"} {
			if strings.Contains(shown, leak) {
				t.Errorf("%s still shows %q", file, leak)
			}
		}
	}
}

// TestSpansIsBounded gives Spans much of what it could read again and again to the end.
func TestSpansIsBounded(t *testing.T) {
	for _, bad := range []string{
		"<Password>", "password=", "://a:", "<password", "name=\"password\"", "=[", "password\\\n", "-----BEGIN PRIVATE KEY-----",
		"<Password><!--", "<name>password</name>", "password=\\\n", "password=\"\n", "password ", "<password a=\"",
	} {
		data := bytes.Repeat([]byte(bad), 1<<18/len(bad))
		start := time.Now()
		Spans(data)
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%q over and over: %s for a quarter of a megabyte", bad, took)
		}
	}
}

func BenchmarkSpans(b *testing.B) {
	data := bytes.Repeat([]byte("        <Property name=\"ConnectionPassword\">hunter2</Property>\n        <Property name=\"x\">y</Property>\n"), 1000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Spans(data)
	}
}

func FuzzSpans(f *testing.F) {
	for _, s := range []string{"<Password>x</Password>", "a.password=[x]", "x://a:b@c", `name="password">x<`, "-----BEGIN PRIVATE KEY-----", "password=\\", `"password":"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		last := 0
		for i, s := range Spans(data) {
			if s.Start >= s.End || s.End > len(data) || i > 0 && s.Start <= last {
				t.Fatalf("span %d is %v, after %d, in %d bytes", i, s, last, len(data))
			}
			last = s.End
		}
	})
}
