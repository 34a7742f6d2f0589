package steps

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// proxy is guideline 12: a reverse proxy in front of the server, and the proxy through which the server reaches others.
type proxy struct{}

const (
	keyReverse      = "proxy.reverse.enabled"
	keyReverseHTTP  = "proxy.reverse.http_port"
	keyReverseHTTPS = "proxy.reverse.https_port"
	keyReverseName  = "proxy.reverse.name"
	keyForward      = "proxy.forward.enabled"
	keyForwardHost  = "proxy.forward.host"
	keyForwardPort  = "proxy.forward.port"
	keyBypass       = "proxy.forward.bypass"
	keyProxyUser    = "proxy.forward.username"
	keyProxyPass    = "proxy.forward.password"
)

func (proxy) Info() Info {
	return Info{
		ID: "proxy", Section: "proxy", Guideline: 12, Title: "Proxy servers",
		Reads: []string{keyHostName, keyManagementName, keyOffset}, // calls to the server itself bypass the proxy; where the reverse proxy sends requests
		Free: func(a *answers.Set) bool {
			reverse, asked := wantsReverse(a)
			forward, askedToo := wantsForward(a)
			return (!reverse || !asked) && (!forward || !askedToo)
		},
		Why: `Behind a reverse proxy (nginx, httpd, a load balancer) the server has to know the ports that clients see: otherwise the console redirects them to :9443, past the proxy, and addresses in WSDLs are wrong.

Where the server itself may reach others only through a proxy, every kind of client in it has its own setting: the JVM, the pass-through senders, the Axis2 clients. Calls to itself must not go through the proxy. System properties given to "wso2server.sh start" are dropped: start runs the script anew without its arguments, so they are written into the script.`,
	}
}

func (proxy) Specs() []answers.Spec {
	return []answers.Spec{
		{Key: keyReverse, Kind: answers.Bool, Label: "Reverse proxy in front", Help: "Whether clients reach this server through a reverse proxy. If not, its ports are removed again. Left out of an answers file, a port that is given means that they do.", Example: "true"},
		{Key: keyReverseHTTP, Kind: answers.Int, Label: "HTTP port of the proxy", Help: "The port for http that clients see, written as proxyPort of the HTTP connector.", Example: "80"},
		{Key: keyReverseHTTPS, Kind: answers.Int, Label: "HTTPS port of the proxy", Help: "The port for https that clients see, written as proxyPort of the HTTPS connector.", Example: "443"},
		{Key: keyReverseName, Kind: answers.Text, Label: "Name of the proxy", Help: "The host name that clients see, written as proxyName. Leave it out when the proxy passes the Host header on.", Example: "esb.example.com"},
		{Key: keyForward, Kind: answers.Bool, Label: "Proxy for outgoing calls", Help: "Whether the server reaches others through a proxy. If not, the settings are removed again. Left out of an answers file, a host that is given means that it does.", Example: "true"},
		{Key: keyForwardHost, Kind: answers.Text, Label: "Proxy host", Help: "Host name or address of the proxy, without scheme and port.", Example: "proxy.example.com"},
		{Key: keyForwardPort, Kind: answers.Int, Label: "Proxy port", Help: "Port of the proxy.", Example: "3128"},
		{Key: keyBypass, Kind: answers.List, Label: "Not through the proxy", Help: "Hosts that are reached directly; * stands for any characters. localhost, 127.0.0.1 and this server's own host name are always among them.", Example: "[localhost, 127.0.0.1]"},
		{Key: keyProxyUser, Kind: answers.Text, Label: "User at the proxy", Help: "Only where the proxy asks for a login. It is written to the Axis2 files, never to a command line.", Example: "carbon"},
		{Key: keyProxyPass, Kind: answers.Secret, Label: "Password at the proxy", Help: "Only together with a user. Carbon 4.2.0 keeps it in plain text.", Example: "{env: PROXY_PW}"},
	}
}

// spec returns the Spec of a key of the step.
func (s proxy) spec(key string) answers.Spec {
	for _, sp := range s.Specs() {
		if sp.Key == key {
			return sp
		}
	}
	return answers.Spec{Key: key}
}

func (proxy) Applies(w *Workspace) (bool, string) {
	if !w.Has(carbon.CatalinaXML) && !w.Has(carbon.Axis2XML) {
		return false, "Neither catalina-server.xml nor axis2.xml is there: nothing of this install can stand behind or use a proxy."
	}
	return true, ""
}

// wantsReverse says whether the answers ask for a reverse proxy (yes), for its removal (no), or for neither (ok is false).
func wantsReverse(a *answers.Set) (yes, ok bool) {
	if yes, ok = a.Bool(keyReverse); ok {
		return yes, true
	}
	_, http := a.Int(keyReverseHTTP)
	_, https := a.Int(keyReverseHTTPS)
	return true, http || https || a.Text(keyReverseName) != ""
}

// wantsForward is wantsReverse for the outgoing proxy.
func wantsForward(a *answers.Set) (yes, ok bool) {
	if yes, ok = a.Bool(keyForward); ok {
		return yes, true
	}
	for _, key := range []string{keyForwardHost, keyForwardPort, keyBypass, keyProxyUser, keyProxyPass} {
		if _, given := a.Lookup(key); given {
			return true, true
		}
	}
	return true, false
}

func (s proxy) Fields(w *Workspace, a *answers.Set) []Field {
	now := readReverse(w)
	on := Field{Spec: s.spec(keyReverse), Default: strconv.FormatBool(now.any()), DefaultFrom: "the present value", Now: now.present()}
	fields := []Field{on}
	if yes, ok := wantsReverse(a); ok && yes || !ok && now.any() {
		fields = append(fields,
			Field{Spec: s.spec(keyReverseHTTP), Default: orText(now.http.port, "80"), DefaultFrom: "the usual port", Now: now.http.present(), Check: checkPort},
			Field{Spec: s.spec(keyReverseHTTPS), Default: orText(now.https.port, "443"), DefaultFrom: "the usual port", Now: now.https.present(), Check: checkPort},
			Field{Spec: s.spec(keyReverseName), Default: now.https.name, Now: Present{Text: now.https.name, Place: now.https.place}, Check: checkOptionalHost})
	}
	forward := readForward(w)
	fields = append(fields, Field{Spec: s.spec(keyForward), Default: strconv.FormatBool(forward.host != ""), DefaultFrom: "the present value", Now: forward.present()})
	if yes, ok := wantsForward(a); ok && yes || !ok && forward.host != "" {
		fields = append(fields,
			Field{Spec: s.spec(keyForwardHost), Default: forward.host, Now: Present{Text: forward.host, Place: forward.place}, Check: checkOptionalHost},
			Field{Spec: s.spec(keyForwardPort), Default: orText(forward.port, "3128"), DefaultFrom: "the usual port", Now: Present{Text: forward.port, Place: forward.place}, Check: checkPort},
			Field{Spec: s.spec(keyBypass), Default: strings.Join(ownHosts(w, a), ", "), DefaultFrom: "this server itself", Now: Present{Text: forward.bypass, Place: forward.place}},
			Field{Spec: s.spec(keyProxyUser)},
			Field{Spec: s.spec(keyProxyPass), CheckSecret: checkProxyPassword})
	}
	return fields
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// checkOptionalHost judges a host name or address that may be left out.
func checkOptionalHost(text string) *Problem {
	if text == "" {
		return nil
	}
	return hostSyntax(text)
}

func checkProxyPassword(s secret.Secret) *Problem {
	text := s.Reveal()
	switch {
	case !s.IsSet() || text == "":
		return nil
	case strings.Contains(text, "${"):
		return &Problem{Severity: Error, Message: "The password holds ${, which Carbon replaces when it reads the file.", Fix: "Choose a password without it."}
	case strings.TrimSpace(text) != text:
		return &Problem{Severity: Error, Message: "The password begins or ends with a blank, which Axis2 cuts off.", Fix: "Choose a password without it."}
	}
	for _, r := range text {
		if r < ' ' || r > '~' {
			return &Problem{Severity: Error, Message: "The password holds a character that is not printable ASCII; clients encode those differently.", Fix: "Choose a password of letters, digits and signs."}
		}
	}
	return nil
}

func (s proxy) Validate(w *Workspace, a *answers.Set) []Problem {
	var all []Problem
	missing := func(key, why string) {
		all = append(all, Problem{Severity: Error, Key: key, Message: s.spec(key).Label + " is missing: " + why, Fix: "Give " + key + "."})
	}
	if yes, ok := wantsReverse(a); ok && yes {
		for _, key := range []string{keyReverseHTTP, keyReverseHTTPS} {
			if _, given := a.Int(key); !given {
				missing(key, "both connectors need the port that clients see.")
			}
		}
	}
	yes, ok := wantsForward(a)
	if !ok || !yes {
		return all
	}
	if a.Text(keyForwardHost) == "" {
		missing(keyForwardHost, "calls have to go somewhere.")
	}
	if _, given := a.Int(keyForwardPort); !given {
		missing(keyForwardPort, "it differs from proxy to proxy.")
	}
	all = append(all, validateBypass(bypassList(w, a), a)...)
	return append(all, validateLogin(w, a)...)
}

// maxBypass leaves room in the one long line of wso2server.bat, of which cmd.exe reads 8191 characters.
const maxBypass = 4096

func validateBypass(list string, a *answers.Set) []Problem {
	var all []Problem
	for _, host := range a.List(keyBypass) {
		switch bad := strings.Trim(writtenPattern(host), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*:[]"); {
		case host == "" || bad != "":
			all = append(all, Problem{Severity: Error, Key: keyBypass, Message: fmt.Sprintf("%q is not a host or a pattern.", host), Fix: "Give names, addresses, or patterns such as *.example.com, one by one."})
		case strings.Trim(host, "*.") == "":
			all = append(all, Problem{Severity: Warning, Key: keyBypass, Message: fmt.Sprintf("%s means every host, so no call would go through the proxy.", host), Fix: "Name the hosts that are reached directly, or leave the proxy out."})
		}
	}
	if len(list) > maxBypass {
		all = append(all, Problem{
			Severity: Error, Key: keyBypass, Message: fmt.Sprintf("Together the hosts make %d characters, which go into one line of wso2server.bat, and of a line cmd.exe reads 8191.", len(list)),
			Fix: fmt.Sprintf("Use patterns such as *.example.com; %d characters are the most.", maxBypass),
		})
	}
	return all
}

func validateLogin(w *Workspace, a *answers.Set) []Problem {
	user, password := a.Text(keyProxyUser), a.Secret(keyProxyPass)
	var all []Problem
	switch given := password.IsSet() && password.Reveal() != ""; {
	case user != "" && !given:
		all = append(all, Problem{Severity: Error, Key: keyProxyPass, Message: "A login at the proxy needs a password as well as a user.", Fix: "Give both, or none."})
	case user == "" && given:
		all = append(all, Problem{Severity: Note, Key: keyProxyPass, Message: "Without a user name the password at the proxy is not used.", Fix: "Give proxy.forward.username if the proxy asks for a login."})
	}
	if strings.Contains(user, "${") || strings.ContainsFunc(user, unicode.IsControl) || strings.TrimSpace(user) != user {
		all = append(all, Problem{
			Severity: Error, Key: keyProxyUser, Message: "The user name has ${, a control character, or a blank at its start or end. Axis2 would read another name.",
			Fix: "Give the name as the proxy has it.",
		})
	}
	if user != "" {
		all = append(all, Problem{
			Severity: Warning, Key: keyProxyPass, Message: "Carbon 4.2.0 keeps the password of the proxy in plain text in the Axis2 files.",
			Fix: "Use an account that can do nothing else, or let the proxy accept this server by its address.",
		})
	}
	if strings.Contains(w.Install.Env.JavaOpts, "-Dhttp.proxyHost=") {
		all = append(all, Problem{
			Severity: Warning, Key: keyForwardHost, Message: "JAVA_OPTS in this environment sets -Dhttp.proxyHost and wins over the start script.",
			Fix: "Remove it there, or make it the same.",
		})
	}
	return all
}

func (proxy) Checks(_ *Workspace, a *answers.Set) []Check {
	port, hasPort := a.Int(keyForwardPort)
	host := forwardHost(a)
	if yes, ok := wantsForward(a); !ok || !yes || host == "" || !hasPort {
		return nil
	}
	address := net.JoinHostPort(host, strconv.Itoa(port))
	return []Check{{ID: "proxy.reachable", Title: "the proxy " + address + " answers", Run: func(ctx context.Context) Result {
		r := Result{ID: "proxy.reachable", Guideline: 12, Status: OK, Message: "The proxy " + address + " answers."}
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			r.Status, r.Severity = Warn, Warning
			r.Message = fmt.Sprintf("The proxy %s does not answer from here: %s.", address, whyUnreached(err))
			r.Fix = "Check host and port, and whether a firewall stands between."
			return r
		}
		_ = conn.Close()
		return r
	}}}
}

// whyUnreached says why a connection was not made, a clause.
func whyUnreached(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "there is no such name"
	case errors.As(err, &dns):
		return "its name could not be looked up, for the resolver of this machine does not answer"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens on that port"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "there was no answer in time"
	case errors.Is(err, syscall.ECONNRESET):
		return "the connection was cut off"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no network leads there"
	}
	return "the connection could not be made"
}

func (proxy) Plan(w *Workspace, a *answers.Set) error {
	if yes, ok := wantsReverse(a); ok {
		if err := planReverse(w, a, yes); err != nil {
			return err
		}
	}
	if yes, ok := wantsForward(a); ok {
		return planForward(w, a, yes)
	}
	return nil
}
