package steps

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/directory"
	"carbon-setup/internal/directory/ldaptest"
	"carbon-setup/internal/secret"
)

// slapdStore are the answers for the real server.
func slapdStore(t testing.TB, d *ldaptest.Slapd, kind, account, more string) string {
	t.Helper()
	if s, ok := t.(interface{ Setenv(key, value string) }); ok {
		s.Setenv("DIR_PW", ldaptest.Password)
		s.Setenv("WRONG_PW", "Wrong-pw-1")
	}
	return fmt.Sprintf("user_store:\n  type: %s\n  url: %s\n  bind_dn: %s\n  password: {env: DIR_PW}\n  suffix: %s\n%s", kind, d.SecureURL(), ldaptest.Account(account), ldaptest.Suffix, more)
}

// importIssuer is the section that has the server trust the directory in the same run.
func importIssuer(t testing.TB, pem []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ldap-ca.pem")
	if err := os.WriteFile(file, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return "truststore: {import: [" + file + "]}\n"
}

// directoryResults runs the checks of the user store as a front end does, on the install as it is.
func directoryResults(t testing.TB, home, yaml string) []Result {
	t.Helper()
	var all []Result
	for _, c := range (userstore{}).Checks(openHome(t, home), answersOf(t, yaml)) {
		ctx, cancel := context.WithTimeout(t.Context(), c.Timeout)
		all = append(all, c.Run(ctx))
		cancel()
	}
	return all
}

func directoryStatuses(results []Result) string {
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s %s\n", strings.TrimPrefix(r.ID, "user_store."), r.Status)
	}
	return b.String()
}

var portNumber = regexp.MustCompile(`\b\d{5}\b`)

// withoutPorts are results without what differs from run to run.
func withoutPorts(results []Result) string {
	return portNumber.ReplaceAllString(resultLines(results), "PORT")
}

// TestUserStoreChecks tests a real OpenLDAP server with the answers of the step.
func TestUserStoreChecks(t *testing.T) {
	d := ldaptest.Start(t)
	home := sampleHome(t, "servlet")
	trusted := importIssuer(t, d.Issuer)
	const alice = "admin: {username: alice, password: {env: DIR_PW}}\n"
	var b strings.Builder
	for _, tt := range []struct {
		name, answers string
		stage         directory.Stage
		status        Status
	}{
		{"all is well", slapdStore(t, d, "ldap-readonly", "reader", "  sample_user: alice\n  sample_password: {env: DIR_PW}\n") + alice + trusted, directory.Admin, OK},
		{"the issuer is not imported", slapdStore(t, d, "ldap-readonly", "reader", "") + alice, directory.TLS, Fail},
		{"no administrator, read only", slapdStore(t, d, "ldap-readonly", "reader", "") + trusted, directory.Admin, Fail},
		{"no administrator, false", slapdStore(t, d, "ldap", "writer", "") + trusted, directory.Admin, Fail},
		{"no administrator, true", slapdStore(t, d, "ldap", "writer", "  add_admin: true\n") + trusted, directory.Admin, Warn},
		{"not in the group, read only", slapdStore(t, d, "ldap-readonly", "reader", "") + "admin: {username: bob, password: {env: DIR_PW}}\n" + trusted, directory.Admin, Warn},
		{"not in the group, false", slapdStore(t, d, "ldap", "writer", "") + "admin: {username: bob, password: {env: DIR_PW}}\n" + trusted, directory.Admin, Fail},
		{"wrong password", strings.Replace(slapdStore(t, d, "ldap-readonly", "reader", ""), "DIR_PW", "WRONG_PW", 1) + trusted, directory.Bind, Fail},
		{"a base that is not there", slapdStore(t, d, "ldap-readonly", "reader", "  user_base: ou=Nobody,"+ldaptest.Suffix+"\n") + trusted, directory.Base, Fail},
		{"a filter that finds nobody", slapdStore(t, d, "ldap-readonly", "reader", "  user_list_filter: (objectClass=printQueue)\n") + trusted, directory.Users, Fail},
		{"a sample user that is not there", slapdStore(t, d, "ldap-readonly", "reader", "  sample_user: nobody\n") + trusted, directory.SampleUser, Fail},
		{"the sample user's password", slapdStore(t, d, "ldap-readonly", "reader", "  sample_user: alice\n  sample_password: {env: WRONG_PW}\n") + trusted, directory.SampleUser, Fail},
		{"it writes", slapdStore(t, d, "ldap", "writer", "  test_write: true\n") + alice + trusted, directory.Write, OK},
		{"it may not write", slapdStore(t, d, "ldap", "reader", "  test_write: true\n") + alice + trusted, directory.Write, Fail},
	} {
		results := directoryResults(t, home, tt.answers)
		fmt.Fprintf(&b, "== %s\n%s", tt.name, directoryStatuses(results))
		found := false
		for _, r := range results {
			if r.ID == "user_store."+string(tt.stage) {
				found = r.Status == tt.status
				fmt.Fprint(&b, withoutPorts([]Result{r}))
			}
		}
		if !found {
			t.Errorf("%s: %s is not %s:\n%s", tt.name, tt.stage, tt.status, resultLines(results))
		}
	}
	noSecret(t, b.String(), secret.New(ldaptest.Password), secret.New("Wrong-pw-1"))
	golden(t, "userstore/checks.txt", b.String())
}

// TestUserStoreChecksOfADirectoryInForce: what the truststore has already needs no import, and what is removed is not trusted.
func TestUserStoreChecksOfADirectoryInForce(t *testing.T) {
	d := ldaptest.Start(t)
	home := sampleHome(t, "servlet")
	yaml := slapdStore(t, d, "ldap-readonly", "reader", "")
	planTwice(t, home, yaml+"admin: {username: alice, password: {env: DIR_PW}}\n"+importIssuer(t, d.Issuer))
	if r := directoryResults(t, home, "user_store: {type: ldap-readonly}\n"); r[2].Status != OK || r[3].Status != OK {
		t.Errorf("%s", resultLines(r))
	}
	if r := directoryResults(t, home, databaseStore); len(r) != 0 {
		t.Errorf("a database has no directory to test: %s", resultLines(r))
	}
}

// TestUserStoreChecksEnd: whoever stops the checks, or does not go on, leaves no connection behind.
func TestUserStoreChecksEnd(t *testing.T) {
	issuer, err := ldaptest.NewAuthority("ours")
	if err != nil {
		t.Fatal(err)
	}
	config, err := issuer.ServerTLS("localhost")
	if err != nil {
		t.Fatal(err)
	}
	domain := ldaptest.NewDomain(3)
	peer := ldaptest.Serve(t, config, ldaptest.LDAP(true, domain.Answer))
	silent := ldaptest.Serve(t, nil, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); <-t.Context().Done() })
	t.Setenv("DIR_PW", ldaptest.Password)
	answersFor := func(port int) string {
		return fmt.Sprintf("user_store:\n  type: active-directory\n  url: ldaps://localhost:%d\n  bind_dn: CN=carbon,CN=Users,%s\n  password: {env: DIR_PW}\n  suffix: %s\n",
			port, ldaptest.DomainSuffix, ldaptest.DomainSuffix) + importIssuer(t, issuer.PEM())
	}
	home := sampleHome(t, "servlet")
	checks := (userstore{}).Checks(openHome(t, home), answersOf(t, answersFor(peer.Port)))
	for _, c := range checks[:4] {
		c.Run(t.Context())
	}
	waitOpen(t, peer)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if r := checks[4].Run(stopped); r.Status == OK {
		t.Errorf("a check that was stopped is %s", r.Status)
	}
	waitClosed(t, peer)

	for _, c := range checks {
		c.Run(t.Context())
	}
	waitClosed(t, peer)

	checks = (userstore{}).Checks(openHome(t, home), answersOf(t, answersFor(silent.Port)))
	for _, c := range checks[:2] {
		c.Run(t.Context())
	}
	begun := time.Now()
	soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if r := checks[2].Run(soon); r.Status == OK {
		t.Errorf("a server that says nothing is %s", r.Status)
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if r := checks[3].Run(t.Context()); r.Status != Unknown {
		t.Errorf("the stage after it is %s: %s", r.Status, r.Message)
	}
}

// waitOpen waits until the peer has taken the connection of a check that has passed.
func waitOpen(t *testing.T, peer *ldaptest.Peer) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); peer.Open() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("there is no connection that could be left")
		}
	}
}

// waitClosed waits until nobody is connected.
func waitClosed(t *testing.T, peer *ldaptest.Peer) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); peer.Open() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a connection was left open")
		}
	}
}

// TestUserStoreChecksIdle: a test that nobody goes on with ends by itself.
func TestUserStoreChecksIdle(t *testing.T) {
	domain := ldaptest.NewDomain(1)
	peer := ldaptest.Serve(t, nil, ldaptest.LDAP(false, domain.Answer))
	test := &directoryTest{
		server: directory.Server{URL: fmt.Sprintf("ldap://localhost:%d", peer.Port), BindDN: "CN=x", Password: secret.New("x")},
		store:  directory.Defaults(directory.ReadOnly, directory.Microsoft, ldaptest.DomainSuffix),
	}
	for i, stage := range directory.Stages()[:3] {
		test.check(stage, i == 0, false).Run(t.Context())
	}
	waitOpen(t, peer)
	test.closeIdle()
	waitClosed(t, peer)
}
