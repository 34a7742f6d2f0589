package steps

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/live"
	"carbon-setup/internal/secret"
)

// LiveCheck is something to ask of the running server. It may tell several things.
type LiveCheck struct {
	Title   string
	Timeout time.Duration // of all of it; every single question has a shorter one of its own
	Run     func(ctx context.Context) []Result
}

// LiveOptions say how to ask. The zero value is the real machine, and no log-in is tried but those that everybody knows.
type LiveOptions struct {
	// Login is the account that has to be let in; without a user, the one of the answers, when they have a password for it.
	Login live.Login
	// Question is the time of one question to the server; 0 = what fits it.
	Question time.Duration
	// Proc is the folder with a folder for each process; "" = /proc.
	Proc string
	// Now is the clock; nil = the real one.
	Now func() time.Time

	tests *databaseTests // ways to a database; nil = the real ones
}

// ruleRunning is the id of what is told when there is no server to ask.
const ruleRunning = "live.running"

// liveTime bounds what is asked of one port.
const liveTime = 90 * time.Second

// LiveChecks are the questions to the running server of the install: whether it is as its files say. They are to be run in their order, one at a time: a later one uses what an
// earlier one has learned. Without a running server there is one that says so. They hold what they need of the Workspace, which has to be one without edits; a may be
// nil.
func LiveChecks(w *Workspace, a *answers.Set, o LiveOptions) []LiveCheck {
	if a == nil {
		a = answers.NewSet(Schema())
	}
	if w.Install.Running == nil {
		r := notRunning(w)
		return []LiveCheck{{Title: "The server runs", Timeout: time.Second, Run: func(context.Context) []Result { return []Result{r} }}}
	}
	w.openVault(a)
	l := newLiveServer(w, o)
	checks := []LiveCheck{
		{Title: "The ports of the server", Timeout: liveTime, Run: l.checkPorts},
		{Title: "The log of the last start", Timeout: liveTime, Run: newLiveLog(w, l).check},
	}
	for _, t := range liveListeners(w, l.table) {
		checks = append(checks, LiveCheck{Title: "TLS on port " + t.port.String(), Timeout: liveTime, Run: func(ctx context.Context) []Result { return l.checkTLS(ctx, t) }})
		if t.management && l.management == nil {
			l.management = t
		}
	}
	checks = append(checks, LiveCheck{Title: "Log-ins", Timeout: 2 * liveTime, Run: newLiveLogins(w, a, l).check})
	if j, ok := newLiveJMX(w, l); ok {
		checks = append(checks, LiveCheck{Title: "JMX", Timeout: liveTime, Run: j.check})
	}
	return append(checks, liveTables(w, o)...)
}

func notRunning(w *Workspace) Result {
	r := Result{
		ID: ruleRunning, Status: Warn, Severity: Warning, Message: "No server runs from " + w.Install.Home + ", so there is nothing to ask.",
		Fix: "Start it, wait until its log says \"WSO2 Carbon started\", and verify again.",
	}
	if w.Has(carbon.PIDFile) {
		r.Message = fmt.Sprintf("No server runs from %s, so there is nothing to ask. %s was left behind by one that ended.", w.Install.Home, carbon.PIDFile)
	}
	return r
}

// liveServer is the running server and what was learned of it.
type liveServer struct {
	options LiveOptions
	process carbon.Process
	table   []Port
	faults  []carbon.Unreadable
	java    carbon.Java
	roots   *x509.CertPool // nil = the truststore cannot be opened
	trust   string         // the file of the truststore
	noRoots string         // why there are none, a sentence
	proc    string

	sockets    *live.Sockets // nil = not read
	apart      bool          // it runs in a network of its own
	management *liveListener // the HTTPS connector with the admin services
}

func newLiveServer(w *Workspace, o LiveOptions) *liveServer {
	l := &liveServer{options: o, process: *w.Install.Running, java: w.Install.Java, proc: o.Proc}
	if l.proc == "" {
		l.proc = "/proc"
	}
	var as portAnswers
	_, as.offset = carbonCommand(l.process.Args) // what it was started with counts, whatever the files say now
	l.table, l.faults = portTable(w, as)
	l.roots, l.trust, l.noRoots = liveRoots(w)
	return l
}

// liveRoots returns the certificates that the server trusts.
func liveRoots(w *Workspace) (roots *x509.CertPool, file, why string) {
	ref := readStores(w).carbonStore("TrustStore")
	if ref == nil {
		return nil, "", carbon.CarbonXML + " names no truststore."
	}
	file = ref.file()
	if len(ref.vault) > 0 {
		if roots = glancedRoots(w, ref); roots == nil {
			why = "The password of the truststore " + file + " is in the vault, and " + vaultShut(w)
		}
		return roots, file, why
	}
	if roots = trustedRoots(w); roots == nil {
		return nil, file, "The truststore " + file + " cannot be opened with the password in " + ref.place.String() + "."
	}
	return roots, file, ""
}

// glancedRoots are the certificates of a truststore whose password is not known; nil without any.
func glancedRoots(w *Workspace, ref *storeRef) *x509.CertPool {
	roots := x509.NewCertPool()
	found := false
	for _, e := range glance(w, ref) {
		if e.Kind == ks.TrustedCertificate && len(e.Chain) > 0 && e.Chain[0].X509 != nil {
			roots.AddCert(e.Chain[0].X509)
			found = true
		}
	}
	if !found {
		return nil
	}
	return roots
}

// file is the path as people are told it: inside the home, or as it is configured.
func (ref *storeRef) file() string {
	if ref.rel != "" {
		return ref.rel
	}
	return ref.written
}

// vaultShut says why the vault is not open, to follow "and".
func vaultShut(w *Workspace) string {
	if w.vault != nil && w.vault.closed != "" {
		return "that cannot be opened. " + w.vault.closed
	}
	return "nothing there stands for it."
}

func (l *liveServer) now() time.Time {
	if l.options.Now != nil {
		return l.options.Now()
	}
	return time.Now()
}

// learn reads once which sockets there are.
func (l *liveServer) learn() *live.Sockets {
	if l.sockets == nil {
		s, err := live.Listening(l.proc, l.process.PID)
		if err != nil {
			s = live.Sockets{}
		}
		l.sockets = &s
		l.apart = !live.SameNetwork(l.proc, l.process.PID)
	}
	return l.sockets
}

// endpoint is where a port of the server is asked, or why it is not asked, a sentence.
func (l *liveServer) endpoint(p Port, name string) (e live.Endpoint, why string) {
	sockets := l.learn()
	if l.apart {
		return e, fmt.Sprintf("The server (process %d) has a network of its own, as in a container, so port %s cannot be asked from here.", l.process.PID, p)
	}
	on := sockets.On(p.Protocol, p.Number)
	if own := slices.DeleteFunc(slices.Clone(on), func(s live.Socket) bool { return !s.Own }); sockets.Owners && len(on) > 0 {
		if len(own) == 0 {
			return e, fmt.Sprintf("Another process listens on port %s, so it is not asked.", p)
		}
		on = own
	}
	host := "127.0.0.1"
	if len(on) > 0 && !slices.ContainsFunc(on, func(s live.Socket) bool {
		return s.Address.Addr().IsUnspecified() || s.Address.Addr() == netip.MustParseAddr(host)
	}) {
		host = on[0].Address.Addr().String()
	}
	return live.Endpoint{Address: net.JoinHostPort(host, strconv.Itoa(p.Number)), Name: name, Timeout: l.options.Question}, ""
}

// ending tells that a check was stopped before its end.
func ending(ctx context.Context, id string, guideline int, what string) (Result, bool) {
	if ctx.Err() == nil {
		return Result{}, false
	}
	return Result{ID: id, Guideline: guideline, Status: Unknown, Message: what + " was not looked at to the end: the check was stopped."}, true
}

// portTitle is "Port 9443/tcp".
func portTitle(p Port) string { return "Port " + p.String() }

// liveAccount is the account that has to be let in; not asked = the zero value.
func liveAccount(w *Workspace, a *answers.Set, o LiveOptions) live.Login {
	if o.Login.User != "" {
		return o.Login
	}
	if !a.Secret(keyAdminPassword).IsSet() {
		return live.Login{}
	}
	want := wantedAccount(a, scanAdmin(w).account())
	return live.Login{User: want.user, Password: want.pass}
}

// known is a password that is no secret.
func known(word string) secret.Secret { return secret.New(word) }

// placed begins a message with its place, for those who read the message alone.
func placed(p carbon.Place, message string) string {
	return strings.Trim(p.String()+": "+message, ": ")
}
