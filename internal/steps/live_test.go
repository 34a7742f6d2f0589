package steps

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
	"carbon-setup/internal/live"
	"carbon-setup/internal/live/livetest"
	"carbon-setup/internal/secret"
)

const freshPassword = "Fresh-Pw-1&<"

// liveFixture is a sample install with keys of its own, and a server that stands in for its own.
type liveFixture struct {
	home     string
	carbon   *livetest.Carbon // 9443
	gateway  *livetest.Carbon // 8243
	registry func(net.Conn)
	ports    map[string]int // the number as shipped -> where it is
	args     []string
	options  LiveOptions
	leave    []string // shipped ports that nobody listens on
	peer     func(net.Conn)
	java     int // the major version; 0 = not known
}

// served is a certificate of the test family as TLS has it.
func served(key *rsa.PrivateKey, leaf *x509.Certificate) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, theFamily().inter.Raw}, PrivateKey: key}
}

func tlsOf(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
}

// hardenedHome is a sample install that is as the guidelines want it.
func hardenedHome(t *testing.T) string {
	t.Helper()
	home := sampleHome(t, "api")
	t.Setenv("ADMIN_PW", freshPassword)
	yaml := keyAnswers(t, keyFolder(t), importBundle+allHostNames+"truststore: {password: {env: TS_PW}}\nadmin: {username: opsadmin, password: {env: ADMIN_PW}}\n")
	applyNow(t, home, buildPlan(t, home, yaml).Plan)
	setFile(t, home, carbon.CarbonLog, healthyStart)
	return home
}

// newLive makes a hardened install, and a server that is as the install says.
func newLive(t *testing.T) *liveFixture {
	t.Helper()
	return liveAt(hardenedHome(t))
}

func liveAt(home string) *liveFixture {
	f := theFamily()
	x := &liveFixture{
		home: home, ports: map[string]int{},
		carbon:  &livetest.Carbon{TLS: tlsOf(served(f.key, f.leaf)), Accounts: map[string][]string{"opsadmin": {freshPassword}}},
		gateway: &livetest.Carbon{TLS: tlsOf(served(f.key, f.leaf))},
	}
	x.registry = func(conn net.Conn) { livetest.Registry("jmxrmi", "am01.example.com", x.ports["11111"])(conn) }
	x.args = []string{"java", "-Dcarbon.home=" + home, "-Djava.rmi.server.hostname=am01.example.com", "org.wso2.carbon.bootstrap.Bootstrap"}
	x.options = LiveOptions{Question: 3 * time.Second, Login: live.Login{User: "opsadmin", Password: secret.New(freshPassword)}}
	return x
}

const healthyStart = `TID: [0] [AM] [2015-02-28 10:00:00,000] ERROR {x} -  Keystore was tampered with, or password was incorrect {x}
TID: [0] [AM] [2015-03-01 10:00:00,000]  INFO {org.wso2.carbon.core.internal.CarbonCoreActivator} -  Starting WSO2 Carbon... {org.wso2.carbon.core.internal.CarbonCoreActivator}
TID: [0] [AM] [2015-03-01 10:00:41,000]  INFO {org.wso2.carbon.core.internal.StartupFinalizerServiceComponent} -  WSO2 Carbon started in 41 sec {x}
`

// start opens every port, writes their numbers into the files, and opens the install with a running server: this process.
func (x *liveFixture) start(t *testing.T) *carbon.Install {
	t.Helper()
	listen := func(shipped string, talk func(net.Conn)) {
		p, err := livetest.StartPeer(t.Context(), 0, talk)
		if err != nil {
			t.Fatal(err)
		}
		x.ports[shipped] = p.Port()
		if slices.Contains(x.leave, shipped) {
			p.Stop()
			return
		}
		t.Cleanup(p.Stop)
	}
	for _, shipped := range []string{"9763", "8280", "10397", "11111"} {
		listen(shipped, livetest.Silent)
	}
	listen("9999", x.registry)
	if x.peer != nil {
		listen("9443", x.peer)
	} else {
		x.begin(t, x.carbon, "9443")
	}
	x.begin(t, x.gateway, "8243")
	for _, at := range []struct{ file, before, shipped, after string }{
		{carbon.CatalinaXML, `port="`, "9443", `"`},
		{carbon.CatalinaXML, `port="`, "9763", `"`},
		{carbon.Axis2XML, `<parameter name="port" locked="false">`, "8280", "<"},
		{carbon.Axis2XML, `<parameter name="port" locked="false">`, "8243", "<"},
		{carbon.CarbonXML, "<RMIRegistryPort>", "9999", "<"},
		{carbon.CarbonXML, "<RMIServerPort>", "11111", "<"},
		{carbon.APIManagerXML, "<ThriftServerPort>", "10397", "<"},
	} {
		replaceIn(t, x.home, at.file, at.before+at.shipped+at.after, at.before+strconv.Itoa(x.ports[at.shipped])+at.after)
	}
	in := openInstall(t, x.home)
	in.Running, in.Java.Major = &carbon.Process{PID: os.Getpid(), Args: x.args}, x.java
	return in
}

func (x *liveFixture) begin(t *testing.T, c *livetest.Carbon, shipped string) {
	t.Helper()
	if err := c.Start(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	x.ports[shipped] = c.Port()
}

// ask runs every check, and holds what must be so whatever comes out.
func (x *liveFixture) ask(t *testing.T) []Result {
	t.Helper()
	in := x.start(t)
	all := runLiveChecks(t, LiveChecks(NewWorkspace(in), nil, x.options))
	text := resultLines(all)
	noSecret(t, text, secret.New(freshPassword), secret.New(ksPassword), secret.New(tsPassword), secret.New(vaultAdminAlias))
	return all
}

func runLiveChecks(t *testing.T, checks []LiveCheck) []Result {
	t.Helper()
	var all []Result
	for _, c := range checks {
		if c.Timeout == 0 || c.Title == "" {
			t.Errorf("a check without time or title: %+v", c)
		}
		ctx, cancel := context.WithTimeout(t.Context(), c.Timeout)
		all = append(all, c.Run(ctx)...)
		cancel()
	}
	return all
}

// wrong are the results that are not in order, but for tables in H2, which nobody can look at.
func wrong(all []Result) []Result {
	return slices.DeleteFunc(slices.Clone(all), func(r Result) bool { return r.Status == OK || r.ID == ruleLiveTables })
}

// has looks for a result with an id, a status and words.
func has(all []Result, id string, status Status, words string) bool {
	return slices.ContainsFunc(all, func(r Result) bool { return r.ID == id && r.Status == status && strings.Contains(r.Message, words) })
}

func TestLiveAllWell(t *testing.T) {
	x := newLive(t)
	all := x.ask(t)
	if bad := wrong(all); len(bad) > 0 {
		t.Errorf("not in order:\n%s", resultLines(bad))
	}
	for id, words := range map[string]string{
		ruleRunning: "process", ruleLivePort: "listens.", ruleLiveStale: "does not listen on former ports", ruleLiveLog: "WSO2 Carbon started in 41 sec",
		ruleLiveCert: "serves the certificate of " + carbon.SecurityDir + "/esb.jks", ruleLiveName: "is for mgt.example.com", ruleLiveChain: "verifies",
		ruleLiveTLS: "refuses SSLv3", ruleLiveSuites: "refuses suites without encryption", ruleLiveDefault: "is refused (2 log-ins for opsadmin and admin)",
		ruleLiveWords: "4 log-ins", ruleLiveLogin: "lets opsadmin in with the password given, over verified TLS", ruleLiveJMX: "am01.example.com", "live.log.errors": "No error",
	} {
		if !has(all, id, OK, words) {
			t.Errorf("%s %q is not told:\n%s", id, words, resultLines(all))
		}
	}
	users, logouts := x.carbon.Tried()
	if want := "opsadmin opsadmin opsadmin admin admin admin opsadmin"; strings.Join(users, " ") != want || logouts != 1 {
		t.Errorf("tried %v, %d sessions closed", users, logouts)
	}
}

// Each misbehavior is told, by its own result.
func TestLiveMisbehavior(t *testing.T) {
	f := theFamily()
	renewed := f.server(&f.other.PublicKey, 24*time.Hour*300, "esb.example.com", "mgt.example.com")
	expired := f.server(&f.key.PublicKey, -24*time.Hour, "esb.example.com", "mgt.example.com")
	hardened := hardenedHome(t)
	refuses := func(x *liveFixture) { x.carbon.Accounts = map[string][]string{"opsadmin": {"another"}} }
	for name, c := range map[string]struct {
		bend   func(t *testing.T, x *liveFixture)
		id     string
		status Status
		words  string
		// kept: the new password must not have been sent.
		kept bool
	}{
		"other certificate": {func(_ *testing.T, x *liveFixture) { x.carbon.TLS = tlsOf(served(f.other, renewed)) }, ruleLiveCert, Fail, "does not serve the certificate of", true},
		"other certificate of the gateway": {
			func(_ *testing.T, x *liveFixture) { x.gateway.TLS = tlsOf(served(f.other, renewed)) }, ruleLiveCert, Fail, "does not serve", false,
		},
		"expired": {func(_ *testing.T, x *liveFixture) { x.carbon.TLS = tlsOf(served(f.key, expired)) }, ruleLiveDates, Fail, "expired on", true},
		"it is old": {func(_ *testing.T, x *liveFixture) {
			x.options.Now = func() time.Time { return time.Now().Add(400 * 24 * time.Hour) }
		}, ruleLiveDates, Fail, "expired on", true},
		"renew": {func(_ *testing.T, x *liveFixture) {
			x.options.Now = func() time.Time { return time.Now().Add(360 * 24 * time.Hour) }
		}, ruleLiveDates, Warn, "expires on", false},
		"wrong name": {func(t *testing.T, x *liveFixture) {
			replaceIn(t, x.home, carbon.CarbonXML, "<MgtHostName>mgt.example.com<", "<MgtHostName>console.example.org<")
		}, ruleLiveName, Fail, "is not for console.example.org. It is for esb.example.com, mgt.example.com", true},
		"no name": {func(t *testing.T, x *liveFixture) {
			replaceIn(t, x.home, carbon.CarbonXML, "<MgtHostName>mgt.example.com</MgtHostName>", "")
			replaceIn(t, x.home, carbon.CarbonXML, "<HostName>esb.example.com</HostName>", "")
		}, ruleLiveName, Unknown, "has no <MgtHostName>", true},
		"chain not served": {func(_ *testing.T, x *liveFixture) {
			x.carbon.TLS = tlsOf(tls.Certificate{Certificate: [][]byte{f.leaf.Raw}, PrivateKey: f.key})
		}, ruleLiveChain, Fail, "Test Issuing CA", true},
		"truststore": {func(t *testing.T, x *liveFixture) { setFile(t, x.home, carbon.TrustStore, "damaged") }, ruleLiveChain, Unknown, "cannot be opened", true},
		"keystore":   {func(t *testing.T, x *liveFixture) { removeFile(t, x.home, carbon.SecurityDir+"/esb.jks") }, ruleLiveCert, Unknown, "is not known", true},
		"SSLv3":      {func(_ *testing.T, x *liveFixture) { x.carbon.Front = livetest.SSLv3 }, ruleLiveTLS, Fail, "accepts SSLv3", false},
		"RC4 alone": {func(_ *testing.T, x *liveFixture) {
			x.carbon.TLS.MaxVersion, x.carbon.TLS.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}
		}, ruleLiveSuites, Fail, "accepts RC4 (TLS_RSA_WITH_RC4_128_SHA)", true},
		"3DES": {func(_ *testing.T, x *liveFixture) {
			x.carbon.TLS.MaxVersion = tls.VersionTLS12
			x.carbon.TLS.CipherSuites = []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
		}, ruleLiveSuites, Warn, "accepts 3DES", false},
		"old TLS":           {func(_ *testing.T, x *liveFixture) { x.carbon.TLS.MinVersion = tls.VersionTLS10 }, ruleLiveTLS, Warn, "accepts TLSv1 and TLSv1.1.", false},
		"old TLS on Java 7": {func(_ *testing.T, x *liveFixture) { x.carbon.TLS.MinVersion, x.java = tls.VersionTLS10, 7 }, ruleLiveTLS, OK, "accepts TLSv1 and TLSv1.1, which a server on Java 7 needs", false},
		"default log-in":    {func(_ *testing.T, x *liveFixture) { x.carbon.Accounts["admin"] = []string{"admin"} }, ruleLiveDefault, Fail, "lets admin in with the password that the product is delivered with", false},
		"default password":  {func(_ *testing.T, x *liveFixture) { x.carbon.Accounts["opsadmin"] = []string{"admin"} }, ruleLiveDefault, Fail, "lets opsadmin in with the password that the product", false},
		"alias log-in":      {func(_ *testing.T, x *liveFixture) { x.carbon.Accounts["opsadmin"] = []string{vaultAdminAlias} }, ruleLiveWords, Fail, "lets opsadmin in with the name of the vault's alias", false},
		"placeholder":       {func(_ *testing.T, x *liveFixture) { x.carbon.Accounts["opsadmin"] = []string{"password"} }, ruleLiveWords, Fail, "lets opsadmin in with the text that stands", false},
		"alias of admin":    {func(_ *testing.T, x *liveFixture) { x.carbon.Accounts["admin"] = []string{vaultAdminAlias} }, ruleLiveWords, Fail, "lets admin in with the name", false},
		"new one refused":   {func(_ *testing.T, x *liveFixture) { refuses(x) }, ruleLiveLogin, Fail, "refuses opsadmin with the password given", false},
		"no service":        {func(_ *testing.T, x *liveFixture) { x.carbon.Path = "/elsewhere" }, ruleLiveLogin, Unknown, "has no service AuthenticationAdmin", true},
		"locked":            {func(_ *testing.T, x *liveFixture) { x.carbon.Locked = []string{"opsadmin"} }, ruleLiveWords, Unknown, "says that the account opsadmin is locked", true},
		"silent":            {func(_ *testing.T, x *liveFixture) { x.peer = livetest.Silent }, ruleLiveCert, Fail, "accepts the connection and then does not answer", true},
		"garbage":           {func(_ *testing.T, x *liveFixture) { x.peer = livetest.Garbage }, ruleLiveCert, Fail, "something that is not TLS", true},
		"half open":         {func(_ *testing.T, x *liveFixture) { x.peer = livetest.HalfOpen }, ruleLiveCert, Fail, "does not answer", true},
		"endless":           {func(_ *testing.T, x *liveFixture) { x.peer = livetest.Endless }, ruleLiveCert, Fail, "its certificate cannot be looked at", true},
		"hangs up":          {func(_ *testing.T, x *liveFixture) { x.peer = livetest.HangUp }, ruleLiveCert, Fail, "its certificate cannot be looked at", true},
		"not listening":     {func(_ *testing.T, x *liveFixture) { x.leave = []string{"8280"} }, ruleLivePort, Fail, "HTTP: services and APIs) does not listen", false},
		"JMX elsewhere":     {func(_ *testing.T, x *liveFixture) { x.registry = livetest.Registry("jmxrmi", "127.0.0.1", 1) }, ruleLiveJMX, Warn, "The configured port of the JMX server is", false},
		"JMX not bound":     {func(_ *testing.T, x *liveFixture) { x.registry = livetest.Registry("nosuch", "a", 1) }, ruleLiveJMX, Fail, "the JMX server is not in it", false},
		"JMX silent":        {func(_ *testing.T, x *liveFixture) { x.registry = livetest.Silent }, ruleLiveJMX, Fail, "does not answer in time", false},
	} {
		t.Run(name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "api")
			copyTree(t, hardened, home)
			x := liveAt(home)
			x.options.Question = 700 * time.Millisecond
			c.bend(t, x)
			begun := time.Now()
			all := x.ask(t)
			if !has(all, c.id, c.status, c.words) {
				t.Errorf("%s %s %q is not told:\n%s", c.id, c.status, c.words, resultLines(wrong(all)))
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			users, _ := x.carbon.Tried()
			if sent := len(users) > 0 && users[len(users)-1] == "opsadmin" && has(all, ruleLiveLogin, OK, ""); sent && c.kept {
				t.Error("the password was sent to a server that is not verified")
			}
			if c.kept && !has(all, ruleLiveLogin, Unknown, "was not tried") {
				t.Errorf("it is not told that the log-in was not tried:\n%s", resultLines(all))
			}
		})
	}
}

// The password of the vault is gone with the start of the server: certificates are compared all the same, and the log-in is tried.
func TestLiveWithClosedVault(t *testing.T) {
	home := hardenedHome(t)
	t.Setenv("ADMIN_PW", freshPassword)
	applyNow(t, home, buildPlan(t, home, keyAnswers(t, home, "vault: {enabled: true, password_file: once, key_password: {env: KS_PW}}\n")).Plan)
	for _, name := range []string{"password", "password-tmp"} {
		_ = os.Remove(filepath.Join(home, name)) // as the server does
	}
	x := liveAt(home)
	all := x.ask(t)
	if bad := wrong(all); len(bad) > 0 || !has(all, ruleLiveLogin, OK, "over verified TLS") || !has(all, ruleLiveCert, OK, "serves the certificate of") {
		t.Errorf("%s", resultLines(all))
	}
	w := openHome(t, home)
	w.openVault(nil)
	if w.vault.open() {
		t.Fatal("the vault is open: the test shows nothing")
	}
}

func TestLiveNotRunning(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, carbon.PIDFile, "4711\n\x00\x00")
	all := runLiveChecks(t, LiveChecks(openHome(t, home), nil, LiveOptions{}))
	if len(all) != 1 || all[0].ID != ruleRunning || all[0].Status != Warn || !strings.Contains(all[0].Message, "wso2carbon.pid was left behind") {
		t.Errorf("%s", resultLines(all))
	}
}

// Accounts are not locked by the asking.
func TestLiveSparesAccounts(t *testing.T) {
	const policy = "Authentication.Policy.Enable=true\nAuthentication.Policy.Account.Lock.On.Failure=true\nAuthentication.Policy.Account.Lock.On.Failure.Max.Attempts=%d\n"
	for name, c := range map[string]struct {
		bend  func(t *testing.T, x *liveFixture)
		tried string
		words string
	}{
		"two": {func(t *testing.T, x *liveFixture) {
			setFile(t, x.home, identityPolicies[0], fmt.Sprintf(policy, 2))
		}, "opsadmin admin opsadmin", "4 log-ins with passwords that everybody can guess were not tried. The server locks an account after 2 failed log-ins"},
		"one": {func(t *testing.T, x *liveFixture) { setFile(t, x.home, identityPolicies[1], fmt.Sprintf(policy, 1)) }, "opsadmin", "6 log-ins"},
		"many": {func(t *testing.T, x *liveFixture) {
			setFile(t, x.home, identityPolicies[0], fmt.Sprintf(policy, 10))
		}, "opsadmin opsadmin opsadmin admin admin admin opsadmin", ""},
		"off": {func(t *testing.T, x *liveFixture) {
			setFile(t, x.home, identityPolicies[0], strings.Replace(fmt.Sprintf(policy, 1), "Enable=true", "Enable=false", 1))
		}, "opsadmin opsadmin opsadmin admin admin admin opsadmin", ""},
		"directory": {func(t *testing.T, x *liveFixture) {
			replaceIn(t, x.home, carbon.UserMgtXML, `<UserStoreManager class="`+classJDBC+`"`, `<UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager"`)
		}, "opsadmin admin opsadmin", "The users are in a directory"},
		"says locked in its log": {func(t *testing.T, x *liveFixture) {
			x.carbon.OnRefusal = appendLog(t, x.home, "System error while Authenticating/Authorizing User : 17003 User account is locked")
		}, "opsadmin", "says that the account opsadmin is locked"},
		"user store fails": {func(t *testing.T, x *liveFixture) {
			x.carbon.OnRefusal = appendLog(t, x.home, "System error while Authenticating/Authorizing User : no connection")
		}, "opsadmin", "could not ask its user store"},
	} {
		t.Run(name, func(t *testing.T) {
			x := newLive(t)
			c.bend(t, x)
			all := x.ask(t)
			if users, _ := x.carbon.Tried(); strings.Join(users, " ") != c.tried {
				t.Errorf("tried %v, want %s", users, c.tried)
			}
			if told := has(all, ruleLiveWords, Unknown, c.words); told != (c.words != "") {
				t.Errorf("%q told: %v\n%s", c.words, told, resultLines(all))
			}
			if strings.Contains(name, "store fails") && (has(all, ruleLiveDefault, OK, "") || !has(all, ruleLiveLogin, Unknown, "was not tried")) {
				t.Errorf("a failure is taken for a refusal:\n%s", resultLines(all))
			}
		})
	}
}

func appendLog(t *testing.T, home, words string) func(string) {
	return func(user string) {
		f, err := os.OpenFile(filepath.Join(home, carbon.CarbonLog), os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = fmt.Fprintf(f, "TID: [0] [AM] [2015-03-01 10:10:00,000] ERROR {AuthenticationAdmin} -  %s\n", words)
		_ = f.Close()
	}
}

// The new account is that of the answers when they have its password, else that of the options, else none.
func TestLiveAccount(t *testing.T) {
	x := newLive(t)
	w := openHome(t, x.home)
	t.Setenv("NEW_PW", "Newer-pw-2")
	for yaml, want := range map[string]live.Login{
		"": {}, "admin: {username: chief}\n": {},
		"admin: {username: chief, password: {env: NEW_PW}}\n": {User: "chief", Password: secret.New("Newer-pw-2")},
		"admin: {password: {env: NEW_PW}}\n":                  {User: "opsadmin", Password: secret.New("Newer-pw-2")},
	} {
		if got := liveAccount(w, answersOf(t, yaml), LiveOptions{}); got.User != want.User || !got.Password.Equal(want.Password) {
			t.Errorf("%q: %s %v", yaml, got.User, got.Password.Equal(want.Password))
		}
	}
	if got := liveAccount(w, answers.NewSet(Schema()), x.options); got.User != "opsadmin" {
		t.Errorf("%s", got.User)
	}
}

// tableFake is a database with a state.
type tableFake struct {
	tableConn
	state database.SchemaState
	err   error
}

func (f *tableFake) Inspect(context.Context, ...database.ScriptSet) (database.SchemaState, error) {
	return f.state, f.err
}
func (f *tableFake) Close() error { return nil }

func TestLiveTables(t *testing.T) {
	set := func(kind database.SchemaKind, missing ...string) database.SetState {
		return database.SetState{Name: "registry", File: "dbscripts/postgresql.sql", Kind: kind, Present: []string{"UM_USER", "REG_PATH"}, Missing: missing}
	}
	for name, c := range map[string]struct {
		conn   *tableFake
		err    error
		status Status
		words  string
	}{
		"filled":      {&tableFake{state: database.SchemaState{Users: 3, Paths: 120, Sets: []database.SetState{set(database.Complete)}}}, nil, OK, "with 3 users and 120 paths"},
		"empty":       {&tableFake{state: database.SchemaState{Users: -1, Sets: []database.SetState{set(database.Empty)}}}, nil, Fail, "No table of dbscripts/postgresql.sql"},
		"partial":     {&tableFake{state: database.SchemaState{Users: -1, Sets: []database.SetState{set(database.Partial, "UM_ROLE")}}}, nil, Fail, "2 of the 3 tables of dbscripts/postgresql.sql"},
		"nobody":      {&tableFake{state: database.SchemaState{Sets: []database.SetState{set(database.Complete)}}}, nil, Fail, "UM_USER is empty"},
		"unreachable": {nil, &database.Error{What: "Nothing answers."}, Unknown, "Nothing answers."},
		"half":        {&tableFake{err: &database.Error{What: "The catalog could not be read."}}, nil, Unknown, "The catalog could not be read."},
	} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t, "api")
			replaceIn(t, home, carbon.MasterDS, "jdbc:h2:repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE", "jdbc:postgresql://db1.example.com:5432/carbon")
			var asked database.Target
			tests := &databaseTests{open: func(_ context.Context, target database.Target, _ database.TestOptions) (tableConn, error) {
				asked = target
				if c.err != nil {
					return nil, c.err
				}
				return c.conn, nil
			}}
			w := openHome(t, home)
			w.openVault(nil)
			all := runLiveChecks(t, liveTables(w, LiveOptions{tests: tests}))
			if !has(all, ruleLiveTables, c.status, c.words) {
				t.Errorf("%s", resultLines(all))
			}
			if !has(all, ruleLiveTables, Unknown, "WSO2AM_DB were not looked at: it is H2") {
				t.Errorf("%s", resultLines(all))
			}
			if asked.Host != "db1.example.com" || !asked.Password.Equal(secret.New("wso2carbon")) {
				t.Errorf("asked %s", asked)
			}
		})
	}
}

// fakeProc is a /proc with one process: sockets is what its network listens on, own the inodes that it has.
func fakeProc(t *testing.T, sockets map[int]string, own ...string) string {
	t.Helper()
	proc := t.TempDir()
	var table strings.Builder
	table.WriteString("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n")
	for port, inode := range sockets {
		fmt.Fprintf(&table, "   0: 00000000:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 %s 1\n", port, inode)
	}
	setFile(t, proc, "4711/net/tcp", table.String())
	if err := os.MkdirAll(filepath.Join(proc, "4711", "fd"), 0o750); err != nil {
		t.Fatal(err)
	}
	for i, inode := range own {
		if err := os.Symlink("socket:["+inode+"]", filepath.Join(proc, "4711", "fd", strconv.Itoa(i+3))); err != nil {
			t.Fatal(err)
		}
	}
	return proc
}

func TestLivePorts(t *testing.T) {
	mine := map[int]string{9446: "1", 9766: "2", 8283: "3", 8246: "4", 10002: "5", 11114: "6", 10397: "7"}
	with := func(more map[int]string) map[int]string {
		all := map[int]string{}
		for port, inode := range mine {
			all[port] = inode
		}
		for port, inode := range more {
			if inode == "" {
				delete(all, port)
				continue
			}
			all[port] = inode
		}
		return all
	}
	own := []string{"1", "2", "3", "4", "5", "6", "7"}
	for name, c := range map[string]struct {
		sockets map[int]string
		own     []string
		bend    func(t *testing.T, proc, home string)
		args    []string
		id      string
		status  Status
		words   string
	}{
		"well":           {mine, own, nil, nil, ruleLiveStale, OK, "former ports: 8243, 8280, 9443, 9763, 9999, 10500, 11111."},
		"another's":      {with(map[int]string{9446: "99"}), own, nil, nil, ruleLivePort, Fail, "9446/tcp (HTTPS: management console, admin services, web applications) belongs to another process"},
		"nobody's":       {with(map[int]string{8246: ""}), own, nil, nil, ruleLivePort, Fail, "Port 8246/tcp (HTTPS: services and APIs) does not listen"},
		"former":         {with(map[int]string{9443: "8", 9763: "9"}), append(own, "8", "9"), nil, nil, ruleLiveStale, Fail, "listens on 9443, 9763, which its files no longer want"},
		"former, theirs": {with(map[int]string{9443: "99"}), own, nil, nil, ruleLiveStale, OK, "does not listen"},
		"started with another offset": {
			map[int]string{9448: "1", 9768: "2", 8285: "3", 8248: "4", 10004: "5", 11116: "6", 10397: "7"}, own, nil, []string{"-DportOffset=5"}, ruleLivePort, OK, "Port 9448/tcp",
		},
		"JMX off": {with(map[int]string{10002: "", 11114: ""}), own, func(t *testing.T, _, home string) {
			replaceIn(t, home, carbon.JMXXML, "<StartRMIServer>true<", "<StartRMIServer>false<")
		}, nil, ruleLivePort, OK, "10002/tcp (JMX: RMI registry) is closed, as it is configured"},
		"JMX off, and on": {mine, own, func(t *testing.T, _, home string) {
			replaceIn(t, home, carbon.JMXXML, "<StartRMIServer>true<", "<StartRMIServer>false<")
		}, nil, ruleLivePort, Fail, "10002/tcp (JMX: RMI registry) listens, although it should not: StartRMIServer is false."},
		"not ours to see": {mine, nil, func(t *testing.T, proc, _ string) {
			if err := os.Remove(filepath.Join(proc, "4711", "fd")); err != nil {
				t.Fatal(err)
			}
		}, nil, ruleLiveStale, Unknown, "cannot be told"},
		"container": {mine, own, func(t *testing.T, proc, _ string) {
			for who, net := range map[string]string{"4711": "net:[1]", "self": "net:[2]"} {
				if err := os.MkdirAll(filepath.Join(proc, who, "ns"), 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(net, filepath.Join(proc, who, "ns", "net")); err != nil {
					t.Fatal(err)
				}
			}
		}, nil, ruleLiveCert, Unknown, "has a network of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t, "api")
			replaceIn(t, home, carbon.CarbonXML, "<Offset>0<", "<Offset>3<")
			proc := fakeProc(t, c.sockets, c.own...)
			if c.bend != nil {
				c.bend(t, proc, home)
			}
			in := openInstall(t, home)
			in.Running = &carbon.Process{PID: 4711, Args: append([]string{"java", "-Dcarbon.home=" + home, "org.wso2.carbon.bootstrap.Bootstrap"}, c.args...)}
			checks := LiveChecks(NewWorkspace(in), nil, LiveOptions{Proc: proc, Question: 200 * time.Millisecond})
			all := runLiveChecks(t, checks[:3])
			if !has(all, c.id, c.status, c.words) {
				t.Errorf("%s %s %q is not told:\n%s", c.id, c.status, c.words, resultLines(all))
			}
		})
	}
}

func TestLiveLog(t *testing.T) {
	const (
		begin = "TID: [0] [AM] [2015-03-01 10:00:00,000]  INFO {CarbonCoreActivator} -  Starting WSO2 Carbon... {x}\n"
		done  = "TID: [0] [AM] [2015-03-01 10:00:41,000]  INFO {StartupFinalizerServiceComponent} -  WSO2 Carbon started in 41 sec {x}\n"
		fault = "TID: [0] [AM] [2015-03-01 10:00:10,000] ERROR {x} -  java.io.IOException: Keystore was tampered with, or password was incorrect {x}\n"
		odd   = "TID: [0] [AM] [2015-03-01 10:00:11,000] ERROR {x} -  The frobnicator has failed {x}\n"
		info  = "TID: [0] [AM] [2015-03-01 10:00:11,000]  INFO {x} -  All is well {x}\n"
	)
	long := strings.Repeat("x", 200<<10) + "Starting WSO2 Carbon...\n" // far out on a line of a payload
	for name, c := range map[string]struct {
		files map[string]string
		age   time.Duration // of the pid file
		want  []string      // beginnings of the lines
	}{
		"well":           {map[string]string{"": fault + begin + info + done}, time.Hour, []string{"live.log ok repository/logs/wso2carbon.log:2: The last start, at repository/logs/wso2carbon.log:2, came to its end: WSO2 Carbon started in 41 sec.", "live.log.errors ok"}},
		"known":          {map[string]string{"": fault + begin + info + fault + fault + done}, time.Hour, []string{"live.log ok", "live.log.D-2.1 fail error repository/logs/wso2carbon.log:4: repository/logs/wso2carbon.log:4: A keystore or truststore could not be opened"}},
		"not recognized": {map[string]string{"": begin + info + odd + done}, time.Hour, []string{"live.log ok", "live.log.unknown unknown repository/logs/wso2carbon.log:3: repository/logs/wso2carbon.log:3: 1 error since the start was not recognized"}},
		"never ended":    {map[string]string{"": begin + done + info + begin + info}, time.Hour, []string{"live.log fail error repository/logs/wso2carbon.log:4: repository/logs/wso2carbon.log:4: The log never says", "live.log.errors ok"}},
		"on its way":     {map[string]string{"": begin + info}, time.Minute, []string{"live.log unknown repository/logs/wso2carbon.log:1: repository/logs/wso2carbon.log:1: The log does not say yet", "live.log.errors ok"}},
		"rotated":        {map[string]string{"": info + odd, ".1": info + fault, ".2": fault + begin + done + fault, ".3": begin}, time.Hour, []string{"live.log ok repository/logs/wso2carbon.log.2:2: The last start, at repository/logs/wso2carbon.log.2:2", "live.log.D-2.1 fail error repository/logs/wso2carbon.log.2:4:", "live.log.unknown unknown repository/logs/wso2carbon.log:2:"}},
		"no start":       {map[string]string{"": info + odd}, time.Hour, []string{"live.log unknown repository/logs/wso2carbon.log: repository/logs/wso2carbon.log and 0 files rotated from it have no line"}},
		"none":           {nil, time.Hour, []string{"live.log unknown repository/logs/wso2carbon.log: repository/logs/wso2carbon.log is not there"}},
		"in a payload":   {map[string]string{"": begin + done + long + info}, time.Hour, []string{"live.log ok repository/logs/wso2carbon.log:1", "live.log.errors ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t, "api")
			for suffix, text := range c.files {
				setFile(t, home, carbon.CarbonLog+suffix, text)
				back, _ := strconv.Atoi(strings.TrimPrefix(suffix, "."))
				at := time.Now().Add(-time.Duration(back) * time.Hour)
				if err := os.Chtimes(filepath.Join(home, carbon.CarbonLog+suffix), at, at); err != nil {
					t.Fatal(err)
				}
			}
			setFile(t, home, carbon.PIDFile, "4711\n")
			at := time.Now().Add(-c.age)
			if err := os.Chtimes(filepath.Join(home, carbon.PIDFile), at, at); err != nil {
				t.Fatal(err)
			}
			in := openInstall(t, home)
			in.Running = &carbon.Process{PID: os.Getpid()}
			w := NewWorkspace(in)
			got := newLiveLog(w, newLiveServer(w, LiveOptions{})).check(t.Context())
			if len(got) != len(c.want) {
				t.Fatalf("got %d results:\n%s", len(got), resultLines(got))
			}
			for i, r := range got {
				if line := resultLines([]Result{r}); !strings.HasPrefix(line, c.want[i]) {
					t.Errorf("got %s want %s", line, c.want[i])
				}
			}
		})
	}
}

// A check that is stopped says so, and ends.
func TestLiveStopped(t *testing.T) {
	x := newLive(t)
	x.peer = livetest.Silent
	x.options.Question = time.Minute
	in := x.start(t)
	checks := LiveChecks(NewWorkspace(in), nil, x.options)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	begun := time.Now()
	for _, c := range checks {
		c.Run(ctx)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
