package live_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/live"
	"carbon-setup/internal/live/livetest"
	"carbon-setup/internal/secret"
)

const question = 400 * time.Millisecond

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "live test CA"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

var rsaKey = func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}()

// serve makes a certificate for a server, until a time from now.
func (a *authority) serve(t testing.TB, lasts time.Duration, names ...string) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(lasts),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, rsaKey.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: rsaKey}
}

// carbon starts a server.
func carbon(t testing.TB, c *livetest.Carbon) live.Endpoint {
	t.Helper()
	if err := c.Start(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return live.Endpoint{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port())), Name: "esb.example.com", Timeout: 5 * time.Second}
}

// peer starts a misbehaving port.
func peer(t testing.TB, talk func(net.Conn)) live.Endpoint {
	t.Helper()
	p, err := livetest.StartPeer(t.Context(), 0, talk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return live.Endpoint{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port())), Timeout: question}
}

func kindOf(err error) live.Kind {
	var told *live.Error
	if errors.As(err, &told) {
		return told.Kind
	}
	return 0
}

// Whatever a peer does, every question ends in its time, and says what it was.
func TestMisbehavingPeers(t *testing.T) {
	closed := peer(t, livetest.HangUp)
	unused, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := live.Endpoint{Address: unused.Addr().String(), Timeout: question}
	if err := unused.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		endpoint         live.Endpoint
		look, hello, rmi live.Kind
		refused          bool // the hello counts as refused
	}{
		"nobody":    {free, live.NotListening, live.NotListening, live.NotListening, false},
		"silent":    {peer(t, livetest.Silent), live.Silent, live.Silent, live.Silent, false},
		"garbage":   {peer(t, livetest.Garbage), live.Garbage, live.Garbage, live.Garbage, false},
		"hangs up":  {closed, live.Closed, 0, live.Closed, true},
		"half open": {peer(t, livetest.HalfOpen), live.Silent, live.Silent, live.Garbage, false},
		"endless":   {peer(t, livetest.Endless), live.TLSFailed, live.TooMuch, live.Garbage, false},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			_, err := live.Look(t.Context(), c.endpoint)
			if got := kindOf(err); got != c.look && (name != "endless" || got != live.TooMuch) {
				t.Errorf("look: kind %d (%v), want %d", got, err, c.look)
			}
			h, err := live.Ask(t.Context(), c.endpoint, live.Offer{Version: live.SSL30, Suites: live.Ordinary()})
			if kindOf(err) != c.hello || h.Accepted || c.refused != (err == nil) {
				t.Errorf("hello: %+v %v", h, err)
			}
			if _, err := live.Registry(t.Context(), c.endpoint, "jmxrmi"); kindOf(err) != c.rmi {
				t.Errorf("registry: kind %d (%v), want %d", kindOf(err), err, c.rmi)
			}
			account := live.Account{Endpoint: c.endpoint}
			if v, err := account.TryKnown(t.Context(), live.Login{User: "admin", Password: secret.New("admin")}); err == nil {
				t.Errorf("log-in: verdict %d", v)
			}
			if took := time.Since(begun); took > 10*question+time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// A canceled question ends at once, and says that it was stopped.
func TestCanceled(t *testing.T) {
	e := peer(t, livetest.Silent)
	e.Timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	begun := time.Now()
	if _, err := live.Ask(ctx, e, live.Offer{Version: live.TLS12, Suites: live.Ordinary()}); kindOf(err) != live.Stopped {
		t.Errorf("hello: %v", err)
	}
	if _, err := live.Look(ctx, e); kindOf(err) != live.Stopped {
		t.Errorf("look: %v", err)
	}
	if time.Since(begun) > 10*time.Second {
		t.Error("it was waited for")
	}
}

func TestVersionsAndSuites(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.serve(t, time.Hour, "esb.example.com")
	accepted := func(t *testing.T, e live.Endpoint, version uint16) bool {
		t.Helper()
		h, err := live.Ask(t.Context(), e, live.Offer{Version: version, Suites: live.Ordinary()})
		if err != nil {
			t.Fatal(err)
		}
		return h.Accepted && h.Version == version
	}
	modern := carbon(t, &livetest.Carbon{TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}})
	for version, want := range map[uint16]bool{live.SSL30: false, live.TLS10: false, live.TLS11: false, live.TLS12: true} {
		if got := accepted(t, modern, version); got != want {
			t.Errorf("modern server: %s accepted %v", live.VersionName(version), got)
		}
	}
	for _, s := range live.Weak() {
		if h, err := live.AskWeak(t.Context(), modern, s); err != nil || h.Accepted || h.Alert != 40 && h.Alert != 70 {
			t.Errorf("modern server: %s: %+v %v", s, h, err)
		}
	}
	old := carbon(t, &livetest.Carbon{Front: livetest.SSLv3, TLS: &tls.Config{ // #nosec G402 -- this is the fault
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA},
	}})
	for _, version := range []uint16{live.SSL30, live.TLS10, live.TLS11, live.TLS12} {
		if !accepted(t, old, version) {
			t.Errorf("old server: %s refused", live.VersionName(version))
		}
	}
	for s, want := range map[live.Strength]bool{live.RC4: true, live.TripleDES: true, live.Null: false, live.Export: false, live.Anonymous: false, live.DES: false} {
		if h, err := live.AskWeak(t.Context(), old, s); err != nil || h.Accepted != want {
			t.Errorf("old server: %s: %+v %v", s, h, err)
		}
	}
}

// A server that chooses what was not offered does not speak TLS.
func TestChoiceThatWasNotOffered(t *testing.T) {
	for name, hello := range map[string][]byte{
		"version": livetest.ServerHello(live.TLS12, 0x002f), "suite": livetest.ServerHello(live.TLS10, 0x1234), "nothing": livetest.ServerHello(0x0200, 0x002f),
		"short": {22, 3, 1, 0, 6, 2, 0, 0, 2, 3, 1},
	} {
		e := peer(t, func(conn net.Conn) { _, _ = conn.Write(hello); _, _ = io.Copy(io.Discard, conn) })
		if h, err := live.Ask(t.Context(), e, live.Offer{Version: live.TLS10, Suites: live.Ordinary()}); h.Accepted || kindOf(err) != live.Garbage {
			t.Errorf("%s: %+v %v", name, h, err)
		}
	}
}

// A server with nothing but SSLv3 shows its certificate all the same.
func TestLookWithoutHandshake(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.serve(t, time.Hour, "esb.example.com")
	// RC4 with MD5 is a suite that crypto/tls does not know.
	hello := livetest.ServerHello(live.TLS10, 0x0004)
	chain := cert.Certificate[0]
	body := append([]byte{0, byte((len(chain) + 3) >> 8), byte(len(chain) + 3), 0, byte(len(chain) >> 8), byte(len(chain))}, chain...)
	message := append([]byte{11, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	record := append([]byte{22, 3, 1, byte(len(message) >> 8), byte(len(message))}, message...)
	e := peer(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = conn.Write(append(append([]byte{}, hello...), record...))
		_, _ = io.Copy(io.Discard, conn)
	})
	s, err := live.Look(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if s.Proven || len(s.Chain) != 1 || string(s.Chain[0]) != string(chain) || !strings.Contains(s.String(), "RC4_128_MD5") {
		t.Errorf("%s %+v", s, s.Proven)
	}
}

func TestLogin(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.serve(t, time.Hour, "esb.example.com")
	fake := &livetest.Carbon{
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, Locked: []string{"eve"},
		Accounts: map[string][]string{"ops<&>\"'": {"p<w]]>&\"'$"}},
	}
	e := carbon(t, fake)
	good := live.Trust{Roots: ca.pool, Leaf: cert.Certificate[0]}
	account := live.Account{Endpoint: e, Trust: good}
	for _, c := range []struct {
		user, password string
		want           live.Verdict
	}{{"ops<&>\"'", "p<w]]>&\"'$", live.Accepted}, {"ops<&>\"'", "other", live.Refused}, {"admin", "admin", live.Refused}, {"eve", "x", live.Locked}} {
		if v, err := account.Try(t.Context(), live.Login{User: c.user, Password: secret.New(c.password)}); v != c.want || err != nil {
			t.Errorf("%s: %d %v, want %d", c.user, v, err, c.want)
		}
	}
	if users, logouts := fake.Tried(); len(users) != 4 || logouts != 1 {
		t.Errorf("tried %v, %d sessions closed", users, logouts)
	}
}

// A password never reaches a server that is not verified.
func TestPasswordNeedsVerifiedServer(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	cert, renewed, expired := ca.serve(t, time.Hour, "esb.example.com"), ca.serve(t, time.Hour, "esb.example.com"), ca.serve(t, -time.Hour, "esb.example.com")
	login := live.Login{User: "opsadmin", Password: secret.New("Real-Password-1")}
	for name, c := range map[string]struct {
		serves tls.Certificate
		trust  live.Trust
	}{
		"no trust":            {cert, live.Trust{}},
		"no roots":            {cert, live.Trust{Leaf: cert.Certificate[0]}},
		"no leaf":             {cert, live.Trust{Roots: ca.pool}},
		"another CA":          {cert, live.Trust{Roots: other.pool, Leaf: cert.Certificate[0]}},
		"another certificate": {renewed, live.Trust{Roots: ca.pool, Leaf: cert.Certificate[0]}},
		"expired":             {expired, live.Trust{Roots: ca.pool, Leaf: expired.Certificate[0]}},
		"expired meanwhile":   {cert, live.Trust{Roots: ca.pool, Leaf: cert.Certificate[0], Now: func() time.Time { return time.Now().Add(2 * time.Hour) }}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &livetest.Carbon{TLS: &tls.Config{Certificates: []tls.Certificate{c.serves}, MinVersion: tls.VersionTLS12}, Accounts: map[string][]string{"opsadmin": {"Real-Password-1"}}}
			account := live.Account{Endpoint: carbon(t, fake), Trust: c.trust}
			v, err := account.Try(t.Context(), login)
			if users, _ := fake.Tried(); v != 0 || err == nil || len(users) != 0 {
				t.Errorf("verdict %d, error %v, the server has seen %v", v, err, users)
			}
			if !errors.Is(err, live.ErrUnverified) && kindOf(err) != live.Unverified {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestServiceThatIsNone(t *testing.T) {
	cert := newAuthority(t).serve(t, time.Hour, "esb.example.com")
	say := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	const envelope = `<e:Envelope xmlns:e="x"><e:Body>%</e:Body></e:Envelope>`
	in := func(text string) string { return strings.Replace(envelope, "%", text, 1) }
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		path   string
		want   live.Kind
	}{
		"redirect":      {nil, "/elsewhere/AuthenticationAdmin", live.NoService},
		"not found":     {say(404, "no"), "", live.NoService},
		"forbidden":     {say(403, in("<a/>")), "", live.NoService},
		"fault":         {say(500, in("<e:Fault><faultstring>System failure</faultstring></e:Fault>")), "", live.Fault},
		"page":          {say(200, "<html><body>true</body></html>"), "", live.Garbage},
		"no answer":     {say(200, in("<loginResponse/>")), "", live.Garbage},
		"other words":   {say(200, in("<loginResponse><return>maybe</return></loginResponse>")), "", live.Garbage},
		"cut short":     {say(200, `<e:Envelope xmlns:e="x"><e:Body><loginResponse><return>true`), "", live.Garbage},
		"outside":       {say(200, "<a><return>true</return></a>"), "", live.Garbage},
		"without end":   {func(w http.ResponseWriter, r *http.Request) { endless(w, r) }, "", live.TooMuch},
		"never answers": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "", live.Silent},
	} {
		t.Run(name, func(t *testing.T) {
			e := carbon(t, &livetest.Carbon{TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, Answer: c.answer, Path: c.path})
			e.Timeout = time.Second
			v, err := live.Account{Endpoint: e}.TryKnown(t.Context(), live.Login{User: "admin", Password: secret.New("admin")})
			if v != 0 || kindOf(err) != c.want {
				t.Errorf("verdict %d, kind %d (%v), want %d", v, kindOf(err), err, c.want)
			}
		})
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

func TestRegistry(t *testing.T) {
	e := peer(t, livetest.Registry("jmxrmi", "am01.example.com", 11111))
	e.Timeout = 5 * time.Second
	if s, err := live.Registry(t.Context(), e, "jmxrmi"); err != nil || s != (live.Stub{Host: "am01.example.com", Port: 11111}) {
		t.Errorf("%+v %v", s, err)
	}
	if _, err := live.Registry(t.Context(), e, "jmxabc"); !errors.Is(err, live.ErrNotBound) {
		t.Errorf("%v", err)
	}
}

func TestListening(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // it is closed in the middle, too
	port := l.Addr().(*net.TCPAddr).Port
	s, err := live.Listening("/proc", os.Getpid())
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no /proc with sockets on this system")
	}
	on := s.On("tcp", port)
	if err != nil || !s.Owners || len(on) != 1 || !on[0].Own || on[0].Address.Addr().String() != "127.0.0.1" {
		t.Fatalf("%+v %v", on, err)
	}
	if s, err := live.Listening("/proc", 1); err == nil {
		for _, one := range s.On("tcp", port) {
			if one.Own {
				t.Error("process 1 has the socket of the test")
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := live.Listening("/proc", os.Getpid()); err != nil || len(s.On("tcp", port)) != 0 {
		t.Errorf("closed: %+v %v", s.On("tcp", port), err)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(livetest.ServerHello(live.TLS10, 0x002f), false)
	f.Add([]byte("<a/>"), true)
	f.Fuzz(func(t *testing.T, data []byte, _ bool) {
		e := peer(t, func(conn net.Conn) { _, _ = conn.Write(data) })
		if _, err := live.Ask(t.Context(), e, live.Offer{Version: live.TLS10, Suites: live.Ordinary(), Chain: true}); err != nil && kindOf(err) == 0 {
			t.Errorf("%v", err)
		}
		if _, err := live.Registry(t.Context(), e, "jmxrmi"); err != nil && kindOf(err) == 0 && !errors.Is(err, live.ErrNotBound) && !errors.Is(err, live.ErrNoStub) {
			t.Errorf("%v", err)
		}
	})
}
