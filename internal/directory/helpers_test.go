package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"carbon-setup/internal/directory/ldaptest"
	"carbon-setup/internal/remote"
	"carbon-setup/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file in testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("%s differs from %s; run with -update and look at the difference:\n%s", name, path, text)
	}
}

const wrongPassword = "Wr0ng-pa55word"

func pw(text string) secret.Secret { return secret.New(text) }

// loopback knows every name, and finds it here.
func loopback(_ context.Context, _ string) ([]string, error) { return []string{"127.0.0.1"}, nil }

// onSlapd is a server, a store and options that pass; a test changes one thing.
type setup struct {
	at Server
	s  Store
	o  TestOptions
}

func onSlapd(d *ldaptest.Slapd, account string) setup {
	return setup{
		at: Server{URL: d.SecureURL(), BindDN: ldaptest.Account(account), Password: pw(ldaptest.Password)},
		s:  Defaults(ReadWrite, OpenLDAP, ldaptest.Suffix),
		o:  TestOptions{Roots: d.Roots, Machine: remote.Machine{Lookup: loopback}, Timeout: 10 * time.Second},
	}
}

// onPeer likewise, for a server of ours without TLS.
func onPeer(p *ldaptest.Peer) setup {
	return setup{
		at: Server{URL: fmt.Sprintf("ldap://ldap.example.com:%d", p.Port), BindDN: "cn=carbon,dc=example,dc=com", Password: pw(ldaptest.Password)},
		s:  Defaults(ReadWrite, OpenLDAP, ldaptest.Suffix),
		o:  TestOptions{Machine: remote.Machine{Lookup: loopback}, Timeout: 10 * time.Second},
	}
}

func onDomain(t testing.TB, d *ldaptest.Domain, secure bool) setup {
	t.Helper()
	var config *tls.Config
	scheme := "ldap"
	if secure {
		config, scheme = peerTLS(t), "ldaps"
	}
	p := ldaptest.Serve(t, config, ldaptest.LDAP(secure, d.Answer))
	s := Defaults(ActiveDirectory, Microsoft, ldaptest.DomainSuffix)
	s.DefaultRealmName = "CORP.EXAMPLE.COM"
	return setup{
		at: Server{URL: fmt.Sprintf("%s://dc1.example.com:%d", scheme, p.Port), BindDN: "CN=carbon,CN=Users," + ldaptest.DomainSuffix, Password: pw(ldaptest.Password)},
		s:  s, o: TestOptions{Machine: remote.Machine{Lookup: loopback}, Roots: peerRoots(t), Timeout: 10 * time.Second},
	}
}

var authority = sync.OnceValues(func() (*ldaptest.Authority, error) { return ldaptest.NewAuthority("peer issuer") })

func peerTLS(t testing.TB) *tls.Config {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.ServerTLS("dc1.example.com", "ldap.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func peerRoots(t testing.TB) *x509.CertPool {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	return a.Pool()
}

// run runs a test and checks what must hold for each.
func (u setup) run(t testing.TB) ([]StageResult, Findings) {
	t.Helper()
	tester := NewTester(u.at, u.s, u.o)
	defer tester.Close()
	var all []StageResult
	for _, s := range tester.Stages() {
		all = append(all, tester.Run(t.Context(), s))
	}
	check(t, all)
	return all, tester.Findings()
}

// check holds what must hold for every result.
func check(t testing.TB, all []StageResult) {
	t.Helper()
	if len(all) != len(Stages()) {
		t.Errorf("%d results", len(all))
	}
	for i, r := range all {
		text := r.Message
		if r.Err != nil {
			text += "\n" + r.Err.Error() + fmt.Sprintf("\n%+v", r.Err)
			if r.Err.What == "" || r.Err.Kind == "" || r.Err.Stage != r.Stage {
				t.Errorf("not a full error: %+v", r.Err)
			}
		}
		if (r.Status == Fail || r.Status == Warn) != (r.Err != nil) {
			t.Errorf("%s: %s with the error %v", r.Stage, r.Status, r.Err)
		}
		for _, leak := range []string{ldaptest.Password, wrongPassword, "\x1b", "\x00", "ldap:", "LDAP Result Code"} {
			if strings.Contains(strings.ReplaceAll(text, "ldap://", ""), leak) && leak != "ldap:" {
				t.Errorf("%s: the message shows what it must not: %q", r.Stage, text)
			}
		}
		if r.Stage != Stages()[i] || !strings.HasSuffix(r.Message, ".") {
			t.Errorf("not a full result: %+v", r)
		}
	}
}

// of returns the result of a stage.
func of(t testing.TB, all []StageResult, s Stage) StageResult {
	t.Helper()
	for _, r := range all {
		if r.Stage == s {
			return r
		}
	}
	t.Fatalf("no result of %s", s)
	return StageResult{}
}

var changing = regexp.MustCompile(`:\d{4,5}\b|Port \d+|carbon-(setup-)?test-[0-9a-f]+|\d{4}-\d\d-\d\d|takes it \d+ more`)

// steady replaces what differs from run to run.
func steady(text string) string {
	return changing.ReplaceAllStringFunc(text, func(s string) string {
		switch s[0] {
		case ':':
			return ":PORT"
		case 'P':
			return "Port PORT"
		case '2':
			return "YYYY-MM-DD"
		case 't':
			return "takes it N more"
		}
		return "carbon-test-RANDOM"
	})
}

// noLeak fails if goroutines are left of what a test did.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 100 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
	})
}

var _ net.Conn = (*guard)(nil)
