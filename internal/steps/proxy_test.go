package steps

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

const behindProxy = "proxy: {reverse: {http_port: 80, https_port: 443, name: esb.example.com}}\n"

func TestReverseProxyAndBackRestoresTheBytes(t *testing.T) {
	for name, home := range everyHome(t) {
		before := readFile(t, home, "repository/conf/tomcat/catalina-server.xml")
		planTwice(t, home, behindProxy)
		now := readReverse(openHome(t, home))
		if now.http.port != "80" || now.https.port != "443" || now.https.name != "esb.example.com" {
			t.Errorf("%s: %+v", name, now)
		}
		if r := findings(t, home, 12)[0]; r.Status != OK {
			t.Errorf("%s: %+v", name, r)
		}
		planTwice(t, home, "proxy: {reverse: {enabled: false}}\n")
		if after := readFile(t, home, "repository/conf/tomcat/catalina-server.xml"); after != before {
			t.Errorf("%s: removing the proxy does not restore the bytes", name)
		}
	}
}

func TestForwardProxyAndBackRestoresTheBytes(t *testing.T) {
	t.Setenv("PROXY_PW", `p<&>"ss`)
	const through = "proxy: {forward: {host: proxy.example.com, port: 3128, bypass: ['*.example.com'], username: carbon, password: {env: PROXY_PW}}}\n"
	files := []string{
		"bin/wso2server.sh", "bin/wso2server.bat", "bin/yajsw/wrapper.conf", "repository/conf/axis2/axis2.xml",
		"repository/conf/axis2/axis2_client.xml", "repository/conf/axis2/axis2_blocking_client.xml",
	}
	for name, home := range map[string]string{"api": sampleHome(t, "api"), "servlet": sampleHome(t, "servlet")} {
		w := openHome(t, home)
		before := map[string]string{}
		for _, f := range files {
			if w.Has(f) {
				before[f] = readFile(t, home, f)
			}
		}
		out := planTwice(t, home, through)
		if text := diffText(out.Plan); strings.Contains(text, "ss<") || strings.Contains(text, "p&lt;") {
			t.Errorf("%s: the diff shows the password:\n%s", name, text)
		}
		now := readForward(openHome(t, home))
		if now.host != "proxy.example.com" || now.port != "3128" || !bypasses(now.bypass, "localhost") || !bypasses(now.bypass, "a.example.com") {
			t.Errorf("%s: %+v", name, now)
		}
		if strings.Contains(readFile(t, home, "bin/wso2server.sh"), "ss\"") {
			t.Errorf("%s: the password is on a command line", name)
		}
		planTwice(t, home, "proxy: {forward: {enabled: false}}\n")
		for f, text := range before {
			if readFile(t, home, f) != text {
				t.Errorf("%s: %s: removing the proxy does not restore the bytes", name, f)
			}
		}
	}
}

func TestProxyGolden(t *testing.T) {
	golden(t, "proxy/reverse.diff", planDiff(t, sampleHome(t, "api"), behindProxy))
	const forward = "proxy: {forward: {host: proxy.example.com, port: 3128}}\n"
	golden(t, "proxy/forward.diff", planDiff(t, sampleHome(t, "api"), forward))
	golden(t, "proxy/forward-servlet.diff", planDiff(t, sampleHome(t, "servlet"), forward))
}

func TestProxyAnswersThatAreRefused(t *testing.T) {
	t.Setenv("PROXY_PW", "secret-of-the-proxy")
	home := sampleHome(t, "api")
	for yaml, want := range map[string]string{
		"proxy: {reverse: {http_port: 80}}\n":                                                   "HTTPS port of the proxy is missing",
		"proxy: {reverse: {http_port: 80, https_port: 70000}}\n":                                "not a port",
		"proxy: {reverse: {http_port: 80, https_port: 443, name: 'https://x'}}\n":               "starts with a scheme",
		"proxy: {forward: {host: proxy.example.com}}\n":                                         "Proxy port is missing",
		"proxy: {forward: {host: 'a b', port: 1}}\n":                                            "contains a blank",
		"proxy: {forward: {host: proxy_1, port: 1}}\n":                                          "\"_\"",
		"proxy: {forward: {host: p, port: 1, bypass: ['a|b']}}\n":                               "not a host or a pattern",
		"proxy: {forward: {host: p, port: 1, username: '', password: {env: PROXY_PW}}}\n":       "is not used",
		"proxy: {forward: {host: p, port: 1, username: u}}\n":                                   "needs a password as well",
		"proxy: {forward: {host: p, port: 1, username: u, password: {env: PROXY_PW}}}\n":        "plain text",
		"proxy: {forward: {host: p, port: 1, username: u, password: 'a${b}'}}\n":                "${",
		"proxy: {forward: {bypass: [a.example.com]}}\n":                                         "Proxy host is missing",
		"proxy: {forward: {host: p, port: 1, bypass: ['*']}}\n":                                 "means every host",
		"proxy: {forward: {host: p, port: 1, bypass: ['" + strings.Repeat("c", 4100) + "']}}\n": "reads 8191",
		"proxy: {forward: {host: p, port: 1, username: 'a${b}', password: {env: PROXY_PW}}}\n":  "The user name has ${",
		"proxy: {forward: {host: '" + strings.Repeat("a", 64) + ".example.com', port: 3128}}\n": "At most 63",
	} {
		got := problems(t, home, yaml)
		found := false
		for _, p := range got {
			found = found || strings.Contains(p.Message, want)
		}
		if !found {
			t.Errorf("%s: %+v; want %q", yaml, got, want)
		}
	}
}

// A login that the answers no longer have goes from every file, for the clients of Axis2 as for the senders.
func TestForwardProxyForgetsTheLogin(t *testing.T) {
	t.Setenv("PROXY_PW", "Walnut-7-kite")
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		planTwice(t, home, "proxy: {forward: {host: proxy.example.com, port: 3128, username: carbon, password: {env: PROXY_PW}}}\n")
		out := planTwice(t, home, "proxy: {forward: {host: proxy.example.com, port: 3128}}\n")
		if text := diffText(out.Plan); strings.Contains(text, "Walnut") {
			t.Errorf("%s: the diff shows the password:\n%s", which, text)
		}
		for _, c := range out.Plan.Changes {
			if text := string(c.After); strings.Contains(text, "Walnut") || strings.Contains(text, "<ProxyUser>") || strings.Contains(text, "proxy.username") && which == "servlet" {
				t.Errorf("%s: %s still has the login", which, c.Path)
			}
		}
		for _, f := range []string{"repository/conf/axis2/axis2.xml", "repository/conf/axis2/axis2_client.xml"} {
			if strings.Contains(readFile(t, home, f), "Walnut") {
				t.Errorf("%s: %s still has the password", which, f)
			}
		}
	}
}

func TestProxyNamesAreWrittenInASCII(t *testing.T) {
	home := sampleHome(t, "api")
	const yaml = "proxy: {reverse: {http_port: 80, https_port: 443, name: münchen.example.com}, forward: {host: pröxy.example.com, port: 3128, bypass: ['*.bücher.example']}}\n"
	planTwice(t, home, yaml)
	if now := readReverse(openHome(t, home)); now.http.name != "xn--mnchen-3ya.example.com" || now.https.name != now.http.name {
		t.Errorf("%+v", now)
	}
	if now := readForward(openHome(t, home)); now.host != "xn--prxy-6qa.example.com" || !bypasses(now.bypass, "a.xn--bcher-kva.example") {
		t.Errorf("%+v", now)
	}
	for _, r := range (proxy{}).Verify(openHome(t, home), answersOf(t, yaml)) {
		if r.Status != OK {
			t.Errorf("%+v", r)
		}
	}
}

func TestWhyTheProxyDoesNotAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	check := func() Result {
		a := answersOf(t, fmt.Sprintf("proxy: {forward: {host: 127.0.0.1, port: %d}}\n", port))
		return proxy{}.Checks(nil, a)[0].Run(t.Context())
	}
	if r := check(); r.Status != OK {
		t.Errorf("%+v", r)
	}
	_ = l.Close()
	if r := check(); r.Status != Warn || r.Message != fmt.Sprintf("The proxy 127.0.0.1:%d does not answer from here: nothing listens on that port.", port) {
		t.Errorf("%+v", r)
	}
	for want, err := range map[string]error{
		"there is no such name":          &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}},
		"for the resolver of":            &net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", Name: "x"}},
		"there was no answer in time":    &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded},
		"no network leads there":         &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)},
		"the connection could not be ma": errors.New("x"),
	} {
		if got := whyUnreached(err); !strings.Contains(got, want) {
			t.Errorf("%v: %q", err, got)
		}
	}
}

func TestBypassAsJavaReadsIt(t *testing.T) {
	for _, c := range []struct {
		list, host string
		want       bool
	}{
		{"localhost|127.0.0.1", "localhost", true},
		{"*.example.com", "a.example.com", true},
		{"*.example.com", "example.com", false},
		{"10.*", "10.1.2.3", true},
		{"", "localhost", false},
		{"moon|sun", "localhost", false},
		{"*", "anything", true},
	} {
		if got := bypasses(c.list, c.host); got != c.want {
			t.Errorf("%q, %q: %v", c.list, c.host, got)
		}
	}
}

func TestForwardWithoutLocalhostIsAFinding(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, "proxy: {forward: {host: proxy.example.com, port: 3128}}\n")
	replaceIn(t, home, "bin/wso2server.sh", "localhost|127.0.0.1", "moon")
	r := findings(t, home, 12)[1]
	if r.Status != Warn || !strings.Contains(r.Message, "localhost") {
		t.Errorf("%+v", r)
	}
}
