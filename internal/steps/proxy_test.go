package steps

import (
	"strings"
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
		"proxy: {forward: {host: p, port: 1, username: u}}\n":                                   "needs both user and password",
		"proxy: {forward: {host: p, port: 1, username: u, password: {env: PROXY_PW}}}\n":        "plain text",
		"proxy: {forward: {host: p, port: 1, username: u, password: 'a${b}'}}\n":                "${",
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
