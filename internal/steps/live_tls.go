package steps

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/live"
)

const (
	ruleLiveCert   = "live.tls.certificate"
	ruleLiveDates  = "live.tls.dates"
	ruleLiveName   = "live.tls.name"
	ruleLiveChain  = "live.tls.chain"
	ruleLiveTLS    = "live.tls.versions"
	ruleLiveSuites = "live.tls.suites"
)

// nearExpiry is when a certificate has to be renewed.
const nearExpiry = 30 * 24 * time.Hour

// checkTLS looks at what a port shows, and at what it takes.
func (l *liveServer) checkTLS(ctx context.Context, t *liveListener) []Result {
	r := Result{ID: ruleLiveCert, Guideline: 2, Place: t.place}
	endpoint, why := l.endpoint(t.port, t.name())
	if why != "" {
		r.Status, r.Message = Unknown, why
		return []Result{r}
	}
	served, err := live.Look(ctx, endpoint)
	if err != nil {
		return []Result{cannotLook(r, t, err)}
	}
	t.served = served
	if len(served.Chain) > 0 {
		t.leaf, _ = ks.ParseCertificate(served.Chain[0])
	}
	if t.leaf == nil {
		r.Status, r.Severity, r.Message = Fail, Error, portTitle(t.port)+" shows no certificate that can be read."
		return []Result{r}
	}
	all := []Result{t.judgeCertificate(), t.judgeDates(l.now())}
	all = append(all, t.judgeNames()...)
	chain := l.judgeChain(t)
	failed := slices.ContainsFunc(all, func(r Result) bool { return r.Status == Fail })
	t.verified = served.Proven && t.want != nil && len(t.names) > 0 && chain.Status == OK && !failed
	all = append(all, chain)
	return append(all, l.weakness(ctx, t, endpoint)...)
}

// cannotLook tells a port that shows nothing. A silent one is what remains of a vault that did not open.
func cannotLook(r Result, t *liveListener, err error) Result {
	var told *live.Error
	r.Status, r.Message = Unknown, portTitle(t.port)+" could not be asked for its certificate."
	if !errors.As(err, &told) {
		return r
	}
	r.Message = fmt.Sprintf("%s %s, so its certificate cannot be looked at.", portTitle(t.port), told.What)
	switch told.Kind {
	case live.Silent, live.Closed, live.TLSFailed, live.Garbage, live.TooMuch:
		r.Status, r.Severity = Fail, Error
		r.Why = "A server that did not get the password of its keystore, as with a wrong alias in carbon.xml, accepts connections on its HTTPS port and answers nothing."
		r.Fix = "Look into the log for errors about keystores and SecretManager; carbon-setup audit says whether the configured passwords open the stores."
	case live.NotListening, live.Unreachable, live.Stopped, live.Unverified, live.NoService, live.Fault:
	}
	return r
}

// shownAs is how a certificate is told apart from another.
func shownAs(c *ks.Certificate) string {
	return fmt.Sprintf("%s, SHA-256 %s", c.Name(), c.SHA256())
}

func (t *liveListener) judgeCertificate() Result {
	r := Result{ID: ruleLiveCert, Guideline: 2, Place: t.place, Status: OK}
	switch {
	case t.want == nil:
		r.Status = Unknown
		r.Message = fmt.Sprintf("%s serves the certificate %s. Whether it is the configured one is not known: %s", portTitle(t.port), shownAs(t.leaf), t.unknown)
		r.Fix = "Give the password of the vault as " + keyVaultKeyPassword + " in the answers, or see carbon-setup audit."
	case !t.leaf.Equal(t.want):
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("%s does not serve the certificate of %s. Served: %s. In the keystore: %s.", portTitle(t.port), t.store, shownAs(t.leaf), shownAs(t.want))
		r.Why = "Clients see another certificate than the one that was prepared for them."
		r.Fix = "Restart the server if the keystore is newer than its start; keystores are read then. Otherwise another program may answer on the port."
	case !t.served.Proven:
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("%s serves the certificate of %s (%s), but a handshake cannot be finished: it speaks %s alone.", portTitle(t.port), t.store, shownAs(t.leaf), t.served)
		r.Why = "Today's clients cannot connect."
		r.Fix = "Allow TLSv1 or later with AES: see the versions of the listener (" + t.listed.String() + ")."
	default:
		r.Message = fmt.Sprintf("%s serves the certificate of %s: %s.", portTitle(t.port), t.store, shownAs(t.leaf))
	}
	if t.leaf.IsDefault() {
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("%s serves the certificate that WSO2 ships with every product: %s.", portTitle(t.port), shownAs(t.leaf))
		r.Why = "Everybody can download its private key and read the traffic."
		r.Fix = "Use a key of your own (guideline 2), and restart the server."
	}
	return r
}

func (t *liveListener) judgeDates(now time.Time) Result {
	r := Result{ID: ruleLiveDates, Guideline: 2, Place: t.place, Status: OK}
	from, to := t.leaf.Validity()
	date := func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
	switch {
	case now.After(to):
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("The certificate on port %s expired on %s; clients refuse it.", t.port, date(to))
		r.Fix = "Have it renewed, and restart the server."
	case now.Before(from):
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("The certificate on port %s is valid from %s on; clients refuse it until then.", t.port, date(from))
		r.Fix = "Check the clock of this machine."
	case to.Sub(now) < nearExpiry:
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("The certificate on port %s expires on %s, in %d days.", t.port, date(to), int(to.Sub(now)/(24*time.Hour)))
		r.Fix = "Have it renewed now."
	default:
		r.Message = fmt.Sprintf("The certificate on port %s is valid until %s.", t.port, date(to))
	}
	return r
}

func (t *liveListener) judgeNames() []Result {
	var all []Result
	for _, name := range t.names {
		r := Result{ID: ruleLiveName, Guideline: 2, Place: t.place, Status: OK}
		switch fits, common := t.leaf.Covers(name); {
		case !fits:
			r.Status, r.Severity = Fail, Error
			r.Message = fmt.Sprintf("The certificate on port %s is not for %s. %s", t.port, name, madeOutFor(t.leaf))
			r.Fix = "Use a certificate for that name, or set the host name that the certificate has (guidelines 2 and 4)."
		case common:
			r.Message = fmt.Sprintf("The certificate on port %s is for %s, in its common name alone; today's browsers do not look there.", t.port, name)
		default:
			r.Message = fmt.Sprintf("The certificate on port %s is for %s.", t.port, name)
		}
		all = append(all, r)
	}
	if t.noName != "" {
		all = append(all, Result{
			ID: ruleLiveName, Guideline: 4, Status: Unknown, Place: t.place,
			Message: fmt.Sprintf("carbon.xml has no <%s>, so which name the certificate on port %s has to fit is not known. %s", t.noName, t.port, madeOutFor(t.leaf)),
			Fix:     hostFix,
		})
	}
	return all
}

func madeOutFor(c *ks.Certificate) string {
	names := c.SANs()
	if len(names) == 0 {
		names = []string{c.Name()}
	}
	if len(names) > 5 {
		names = append(names[:5:5], fmt.Sprintf("%d more", len(names)-5))
	}
	return "It is for " + ks.Printable(strings.Join(names, ", ")) + "."
}

// judgeChain verifies what is served with the truststore of the install, as the server does when it calls itself. Dates are told apart.
func (l *liveServer) judgeChain(t *liveListener) Result {
	r := Result{ID: ruleLiveChain, Guideline: 2, Place: t.place, Status: OK}
	if l.roots == nil {
		r.Status, r.Message = Unknown, fmt.Sprintf("Whether the server trusts the certificate on port %s is not known: %s", t.port, l.noRoots)
		return r
	}
	at := l.now()
	if from, to := t.leaf.Validity(); at.After(to) {
		at = to
	} else if at.Before(from) {
		at = from
	}
	err := live.VerifyChain(t.served.Chain, l.roots, at)
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		r.Message = fmt.Sprintf("The truststore %s verifies the certificate on port %s.", l.trust, t.port)
		return r
	case errors.As(err, &unknown):
		r.Message = fmt.Sprintf("The truststore %s does not verify the certificate on port %s: the CA that signed it, %s, is not in it, or the chain to it is not served.", l.trust, t.port, t.leaf.Issuer())
	default:
		r.Message = fmt.Sprintf("The truststore %s does not verify the certificate on port %s, signed by %s with %s: a certificate of the chain has expired, is not one of a CA, or has a signature that is no longer trusted.",
			l.trust, t.port, t.leaf.Issuer(), t.leaf.Signature())
	}
	r.Status, r.Severity = Fail, Error
	r.Why = "Products call their own admin services over HTTPS and refuse what the truststore does not verify (PKIX path building failed)."
	r.Fix = "Import the CA certificate into the truststore (truststore.import), and give the whole chain with the key."
	return r
}

// weakness asks for every version and every kind of suite that nobody should take any more. The first question without an answer ends it.
func (l *liveServer) weakness(ctx context.Context, t *liveListener, e live.Endpoint) []Result {
	var versions []uint16
	for _, v := range []uint16{live.SSL30, live.TLS10, live.TLS11} {
		h, err := live.Ask(ctx, e, live.Offer{Version: v, Suites: live.Ordinary()})
		if err != nil {
			return []Result{noAnswer(ruleLiveTLS, t, live.VersionName(v), err)}
		}
		if h.Accepted && h.Version == v {
			versions = append(versions, v)
		}
	}
	all := l.judgeVersions(t, versions)
	var weak []live.Strength
	var chosen []string
	for _, s := range live.Weak() {
		h, err := live.AskWeak(ctx, e, s)
		if err != nil {
			return append(all, noAnswer(ruleLiveSuites, t, s.String(), err))
		}
		if h.Accepted {
			weak, chosen = append(weak, s), append(chosen, live.SuiteName(h.Suite))
		}
	}
	return append(all, t.judgeSuites(weak, chosen))
}

func noAnswer(id string, t *liveListener, what string, err error) Result {
	r := Result{ID: id, Guideline: 2, Place: t.listed, Status: Unknown}
	var told *live.Error
	why := "cannot be asked"
	if errors.As(err, &told) {
		why = told.What
	}
	r.Message = fmt.Sprintf("%s %s when it is asked for %s, so what it takes is not known. It was not asked further.", portTitle(t.port), why, what)
	return r
}

// judgeVersions: Java 6 and 7 speak TLSv1 as clients, and the server is a client of itself; from Java 8 on nothing of it needs TLSv1 or TLSv1.1.
func (l *liveServer) judgeVersions(t *liveListener, accepted []uint16) []Result {
	ssl := Result{ID: ruleLiveTLS, Guideline: 2, Place: t.listed, Status: OK, Message: portTitle(t.port) + " refuses SSLv3."}
	if slices.Contains(accepted, live.SSL30) {
		ssl.Status, ssl.Severity = Fail, Error
		ssl.Message = portTitle(t.port) + " accepts SSLv3."
		ssl.Why = "SSLv3 is broken (POODLE): who sits on the line can read what is encrypted."
		ssl.Fix = "Name the TLS versions for the listener (guideline 2 does), and restart the server."
	}
	old := Result{ID: ruleLiveTLS, Guideline: 2, Place: t.listed, Status: OK, Message: portTitle(t.port) + " refuses TLSv1 and TLSv1.1."}
	var names []string
	for _, v := range accepted {
		if v != live.SSL30 {
			names = append(names, live.VersionName(v))
		}
	}
	switch list := strings.Join(names, " and "); {
	case len(names) == 0:
	case l.java.Major == 6 || l.java.Major == 7:
		old.Message = fmt.Sprintf("%s accepts %s, which a server on Java %d needs to call itself.", portTitle(t.port), list, l.java.Major)
	default:
		old.Status, old.Severity = Warn, Warning
		old.Message = fmt.Sprintf("%s accepts %s.", portTitle(t.port), list)
		old.Why = "Both are out of use (RFC 8996); security scans name them. Java 8 and later does not need them."
		old.Fix = "Offer TLSv1.2 alone (" + keyTLS + ": [TLSv1.2]), and restart the server, unless old clients need them."
	}
	return []Result{ssl, old}
}

// disabledNames are the words for java.security.
var disabledNames = map[live.Strength]string{
	live.Null: "NULL", live.Anonymous: "anon", live.Export: "RC4_40, DES40_CBC, RC2_CBC_40", live.DES: "DES_CBC", live.RC4: "RC4", live.TripleDES: "3DES_EDE_CBC",
}

func (t *liveListener) judgeSuites(weak []live.Strength, chosen []string) Result {
	r := Result{ID: ruleLiveSuites, Guideline: 2, Place: t.listed, Status: OK}
	var kinds, words []string
	for _, s := range live.Weak() {
		if len(weak) == 0 || slices.Contains(weak, s) {
			kinds, words = append(kinds, s.String()), append(words, disabledNames[s])
		}
	}
	if len(weak) == 0 {
		r.Message = fmt.Sprintf("%s refuses %s.", portTitle(t.port), strings.Join(kinds, ", "))
		return r
	}
	r.Status, r.Severity = Fail, Error
	if len(weak) == 1 && weak[0] == live.TripleDES {
		r.Status, r.Severity = Warn, Warning
	}
	r.Message = fmt.Sprintf("%s accepts %s (%s).", portTitle(t.port), strings.Join(kinds, ", "), strings.Join(chosen, ", "))
	r.Why = "What is encrypted so can be read or changed by others, or nobody proves who he is."
	r.Fix = fmt.Sprintf("Update Java, or add %s to jdk.tls.disabledAlgorithms in lib/security/java.security of its JRE, and restart the server.", strings.Join(words, ", "))
	return r
}
