package steps

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/carbon"
)

const bothNames = "hostname: {name: esb.example.com, management: mgt.example.com}\n"

func TestHostnamePlanOnSamples(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		t.Run(which, func(t *testing.T) {
			home := sampleHome(t, which)
			golden(t, "hostname/"+which+"-audit.txt", resultLines(findings(t, home, 4)))
			out := planTwice(t, home, bothNames)
			golden(t, "hostname/"+which+".diff", diffText(out.Plan))
			golden(t, "hostname/"+which+"-advice.txt", adviceLines(out.Advice))
			golden(t, "hostname/"+which+"-after.txt", resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, bothNames)))+resultLines(findings(t, home, 4)))
			if state := StateOf(hostname{}, openHome(t, home), findings(t, home, 4)); state != Met {
				t.Errorf("the guideline is %s after its own plan", state)
			}
			if len(out.Problems) != 0 {
				t.Errorf("warnings: %+v", out.Problems)
			}
			for _, c := range out.Plan.Changes {
				if c.HoldsSecrets {
					t.Errorf("%s is said to hold a secret", c.Path)
				}
			}
		})
	}
}

func TestHostnamePlanOnCorpus(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Log("the corpus is not here; the samples have been tested")
		return
	}
	out := planTwice(t, home, bothNames)
	want := []string{carbon.APIManagerXML, carbon.Axis2XML, carbon.CarbonXML, carbon.EmailAdmin, carbon.IdentityXML}
	if got := planFiles(out.Plan); !slices.Equal(got, want) {
		t.Errorf("the plan changes %v, want %v", got, want)
	}
	added, removed := 0, 0
	for _, d := range out.Plan.Diff() {
		added, removed = added+d.Added, removed+d.Removed
	}
	if added != 15 || removed != 15 {
		t.Errorf("the diff has +%d -%d lines, want 15 each", added, removed)
	}
	if after := findings(t, home, 4); countFindings(after) != 0 {
		t.Errorf("findings after the plan:\n%s", resultLines(after))
	}
	w := openHome(t, home)
	listeners, err := receivers(w)
	if err != nil || len(listeners) != 2 {
		t.Fatalf("%d listeners that read WSDLEPRPrefix, %v", len(listeners), err)
	}
	for i, want := range []string{"http://esb.example.com:8280", "https://esb.example.com:8243"} {
		if got := listeners[i].prefix.text; got != want {
			t.Errorf("WSDLEPRPrefix is %q, want %q", got, want)
		}
	}
	for _, ours := range []string{"AuthManager/ServerURL", "APIGateway/Environments/Environment/ServerURL", "APIKeyManager/ServerURL"} {
		doc, err := w.XML(carbon.APIManagerXML)
		if err != nil {
			t.Fatal(err)
		}
		if got := doc.First("/APIManager/" + ours).Text(); !strings.HasPrefix(got, "https://"+localIP+":") {
			t.Errorf("%s, by which the server calls itself, is %q", ours, got)
		}
	}
}

func TestHostNames(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		name     string
		severity Severity
		message  string
	}{
		{"esb.example.com", 0, ""},
		{"ESB-1.Example.com", 0, ""},
		{"3com.example", 0, ""},
		{long + ".example.com", 0, ""},
		{"xn--bcher-kva.example", 0, ""},
		{"bücher.example", Note, `The host name "bücher.example" has letters outside ASCII. It is written as xn--bcher-kva.example, the form that DNS and certificates use.`},
		{"localhost", Warning, "localhost means each client's own machine, so nobody but this machine can follow the addresses that the server gives out."},
		{"127.0.0.1", Warning, "127.0.0.1 means each client's own machine, so nobody but this machine can follow the addresses that the server gives out."},
		{"10.1.4.20", Warning, "10.1.4.20 is an address. Certificates are seldom issued for addresses, and the address cannot change any more without changing clients."},
		{"am01", Warning, "am01 is a single label. It resolves only for machines with the right search domain, and public certificates are not issued for it."},
		{"", Error, "The host name is empty."},
		{"am01 example", Error, "The host name contains a blank."},
		{"am01.example.com\n", Error, "The host name contains a blank."},
		{"am01\x00.example.com", Error, "The host name contains a control character."},
		{"${carbon.local.ip}", Error, "The host name contains a placeholder, ${...}."},
		{"https://am01.example.com", Error, "The host name starts with a scheme, https://."},
		{"https://am01.example.com:9443/carbon", Error, "The host name starts with a scheme, https://."},
		{"ops@am01.example.com", Error, "The host name contains an @."},
		{"am01.example.com/carbon", Error, "The host name contains a path."},
		{"am01.example.com:9443", Error, "The host name contains a port, :9443."},
		{"2001:db8::20", Error, "The host name is an IPv6 address. Carbon puts name and port together with a colon, and the address would run into the port."},
		{"[2001:db8::20]", Error, "The host name is an IPv6 address. Carbon puts name and port together with a colon, and the address would run into the port."},
		{"::ffff:10.1.4.20", Error, "The host name is an IPv6 address. Carbon puts name and port together with a colon, and the address would run into the port."},
		{"[10.1.4.20]", Error, "The address stands in brackets."},
		{"20:01:db", Error, "The host name contains colons but is no IPv6 address."},
		{"0.0.0.0", Error, "0.0.0.0 means every address of a machine; no client can connect to it."},
		{"10.1.4.256", Error, "10.1.4.256 ends in a number like an IPv4 address, but is none: that has four numbers from 0 to 255 without leading zeros."},
		{"10.1.4", Error, "10.1.4 ends in a number like an IPv4 address, but is none: that has four numbers from 0 to 255 without leading zeros."},
		{"010.1.4.20", Error, "010.1.4.20 ends in a number like an IPv4 address, but is none: that has four numbers from 0 to 255 without leading zeros."},
		{"esb.example.com.", Error, "The host name ends in a dot. Names in URLs and certificates are written without it, and Carbon would not find them equal."},
		{"am01_internal", Error, `"_" is not allowed in a host name (am01_internal). Java's URL parser finds no host in such a URL.`},
		{"am01..example.com", Error, "The host name has a dot at its start or two dots in a row."},
		{".example.com", Error, "The host name has a dot at its start or two dots in a row."},
		{"-am01.example.com", Error, "The part -am01 starts or ends with a hyphen."},
		{"am01-.example.com", Error, "The part am01- starts or ends with a hyphen."},
		{"am*.example.com", Error, `"*" is not allowed in a host name (am*).`},
		{"am01,am02", Error, `"," is not allowed in a host name (am01,am02).`},
		{"<am01>", Error, `"<" is not allowed in a host name (<am01>).`},
		{"a" + long + ".example.com", Error, "The part aaaaaaaaaaaaaaaaaaaa... has 64 characters. At most 63 are allowed between two dots."},
		{strings.Repeat(long+".", 4) + "com", Error, "The host name has 259 characters. At most 253 are allowed."},
		{"xn--zzzzzz99999.example", Error, "xn--zzzzzz99999.example has a part that starts with xn-- but is not the ASCII form of an international name."},
		{"b\u0000cher.example", Error, "The host name contains a control character."},
		{"bü_cher.example", Error, `"bü_cher.example" has letters that no international host name may have.`},
	} {
		checkProblem(t, c.name, checkHostName(c.name), c.severity, c.message)
	}
}

func TestHostnameNames(t *testing.T) {
	for _, c := range []struct {
		name            string
		bend            func(t *testing.T, home string)
		yaml            string
		host, mgt       string
		hostAt, beforeX string // a line of carbon.xml that has to be there; what follows HostName
	}{
		{name: "only the host name", yaml: "hostname: {name: esb.example.com}\n", host: "esb.example.com", mgt: "esb.example.com"},
		{
			name: "international", yaml: "hostname: {name: bücher.example}\n", host: "xn--bcher-kva.example", mgt: "xn--bcher-kva.example",
		},
		{
			name: "a console with a name of its own keeps it",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CarbonXML, "<!--MgtHostName>mgt.wso2.org</MgtHostName-->", "<MgtHostName>console.example.com</MgtHostName>")
			},
			yaml: "hostname: {name: esb.example.com}\n", host: "esb.example.com", mgt: "console.example.com",
		},
		{
			name: "a console that had the host name follows it",
			bend: func(t *testing.T, home string) {
				applyNow(t, home, buildPlan(t, home, "hostname: {name: old.example.com}\n").Plan)
			},
			yaml: "hostname: {name: esb.example.com}\n", host: "esb.example.com", mgt: "esb.example.com",
		},
		{
			name: "no comments to take the place of",
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CarbonXML, "<!--HostName>www.wso2.org</HostName-->", "")
				replaceIn(t, home, carbon.CarbonXML, "<!--MgtHostName>mgt.wso2.org</MgtHostName-->", "")
			},
			yaml: bothNames, host: "esb.example.com", mgt: "mgt.example.com",
		},
		{
			name: "a second live element", // the first one counts
			bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.CarbonXML, "<!--HostName>www.wso2.org</HostName-->", "<HostName>one.example.com</HostName><HostName>two.example.com</HostName>")
			},
			yaml: bothNames, host: "esb.example.com", mgt: "mgt.example.com",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			if c.bend != nil {
				c.bend(t, home)
			}
			planTwice(t, home, c.yaml)
			w := openHome(t, home)
			if got := hostName(w).text; got != c.host {
				t.Errorf("HostName is %q, want %q", got, c.host)
			}
			if got := managementName(w).text; got != c.mgt {
				t.Errorf("MgtHostName is %q, want %q", got, c.mgt)
			}
			text := readFile(t, home, carbon.CarbonXML)
			if h, s := strings.Index(text, "<MgtHostName>"), strings.Index(text, "<ServerURL>"); h > s {
				t.Error("MgtHostName stands behind ServerURL")
			}
			if h, m := strings.Index(text, "<HostName>"), strings.Index(text, "<MgtHostName>"); h > m {
				t.Error("HostName stands behind MgtHostName")
			}
			if after := findings(t, home, 4); countFindings(after) != 0 {
				t.Errorf("findings after the plan:\n%s", resultLines(after))
			}
		})
	}
}

func TestHostnamePrefixes(t *testing.T) {
	for _, c := range []struct {
		name        string
		bend        func(t *testing.T, home string)
		http, https string
		advice      string
		warning     string
	}{
		{name: "plain", http: "http://esb.example.com:8280", https: "https://esb.example.com:8243"},
		{
			name: "offset", bend: func(t *testing.T, home string) { setOffset(t, home, "3") },
			http: "http://esb.example.com:8283", https: "https://esb.example.com:8246",
		},
		{
			name: "reverse proxy", bend: func(t *testing.T, home string) { setProxy(t, home, "80", "443", "www.example.com") },
			http: "http://www.example.com", https: "https://www.example.com", advice: "WSDLEPRPrefix has the address of the proxy",
		},
		{
			name: "reverse proxy on other ports without a name", bend: func(t *testing.T, home string) { setProxy(t, home, "8080", "8443", "") },
			http: "http://esb.example.com:8080", https: "https://esb.example.com:8443",
		},
		{
			name: "a prefix that somebody chose", bend: func(t *testing.T, home string) {
				setPrefix(t, home, "https", "https://gateway.example.net/esb")
			},
			http: "http://esb.example.com:8280", https: "https://gateway.example.net/esb", advice: "axis2.xml:51: https://gateway.example.net/esb",
		},
		{
			name: "a prefix with the old name and a path", bend: func(t *testing.T, home string) {
				applyNow(t, home, buildPlan(t, home, "hostname: {name: old.example.com}\n").Plan)
				replaceIn(t, home, carbon.Axis2XML, "https://old.example.com:8243", "https://old.example.com:8243/esb")
			},
			http: "http://esb.example.com:8280", https: "https://esb.example.com:8243/esb",
		},
		{
			name: "localhost", bend: func(t *testing.T, home string) { setPrefix(t, home, "http", "http://localhost:8280") },
			http: "http://esb.example.com:8280", https: "https://esb.example.com:8243",
		},
		{
			name: "no comment to take the place of", bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.Axis2XML, `<!--parameter name="WSDLEPRPrefix" locked="false">https://apachehost:port/somepath</parameter-->`, "")
			},
			http: "http://esb.example.com:8280", https: "https://esb.example.com:8243",
		},
		{
			name: "a port that cannot be", bend: func(t *testing.T, home string) {
				replaceIn(t, home, carbon.Axis2XML, `<parameter name="port" locked="false">8243</parameter>`, `<parameter name="port" locked="false">https</parameter>`)
			},
			http: "http://esb.example.com:8280", https: "", warning: "the https listener has no usable port with the offset 0, so its WSDLEPRPrefix is not set.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			if c.bend != nil {
				c.bend(t, home)
			}
			out := planTwice(t, home, bothNames)
			listeners, err := receivers(openHome(t, home))
			if err != nil || len(listeners) != 2 {
				t.Fatalf("%d listeners, %v", len(listeners), err)
			}
			if got := listeners[0].prefix.text; got != c.http {
				t.Errorf("WSDLEPRPrefix of http is %q, want %q", got, c.http)
			}
			if got := listeners[1].prefix.text; got != c.https {
				t.Errorf("WSDLEPRPrefix of https is %q, want %q", got, c.https)
			}
			if advice := adviceLines(out.Advice); !strings.Contains(advice, c.advice) {
				t.Errorf("the advice does not say %q:\n%s", c.advice, advice)
			}
			warned := c.warning == ""
			for _, p := range out.Problems {
				warned = warned || strings.Contains(p.Message, c.warning)
			}
			if !warned {
				t.Errorf("no warning says %q: %+v", c.warning, out.Problems)
			}
			for _, r := range VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, bothNames)) {
				if r.Status != OK {
					t.Errorf("verification: %+v", r)
				}
			}
		})
	}
}

func setOffset(t *testing.T, home, offset string) {
	t.Helper()
	replaceIn(t, home, carbon.CarbonXML, "<Offset>0</Offset>", "<Offset>"+offset+"</Offset>")
}

// setProxy makes the connectors name a reverse proxy.
func setProxy(t *testing.T, home, httpPort, httpsPort, name string) {
	t.Helper()
	extra := ""
	if name != "" {
		extra = ` proxyName="` + name + `"`
	}
	replaceIn(t, home, carbon.CatalinaXML, `port="9763"`, `port="9763" proxyPort="`+httpPort+`"`+extra)
	replaceIn(t, home, carbon.CatalinaXML, `port="9443"`, `port="9443" proxyPort="`+httpsPort+`"`+extra)
}

// setPrefix makes a WSDLEPRPrefix live in the place of its comment.
func setPrefix(t *testing.T, home, scheme, prefix string) {
	t.Helper()
	const comment = `<!--parameter name="WSDLEPRPrefix" locked="false">https://apachehost:port/somepath</parameter-->`
	text := readFile(t, home, carbon.Axis2XML)
	at := strings.Index(text, `<transportReceiver name="`+scheme+`"`)
	if at < 0 || !strings.Contains(text[at:], comment) {
		t.Fatalf("axis2.xml has no commented-out WSDLEPRPrefix for %s", scheme)
	}
	setFile(t, home, carbon.Axis2XML, text[:at]+strings.Replace(text[at:], comment, `<parameter name="WSDLEPRPrefix" locked="false">`+prefix+`</parameter>`, 1))
}

// The offset and the proxy of the same answers are seen, although their guidelines come later.
func TestHostnameSeesOffsetAndProxyOfTheSamePlan(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, bothNames+"ports: {offset: 5}\n")
	listeners, err := receivers(openHome(t, home))
	if err != nil || listeners[1].prefix.text != "https://esb.example.com:8248" {
		t.Errorf("with the offset of the same answers WSDLEPRPrefix is %q, %v", listeners[1].prefix.text, err)
	}
	doc, err := openHome(t, home).XML(carbon.IdentityXML)
	if err != nil {
		t.Fatal(err)
	}
	if got := doc.First("//SSOService/IdentityProviderURL").Text(); got != "https://esb.example.com:9448/samlsso" {
		t.Errorf("the identity provider is %q", got)
	}
	planTwice(t, home, bothNames+"ports: {offset: 5}\nproxy: {reverse: {http_port: 80, https_port: 443, name: www.example.com}}\n")
	if listeners, err = receivers(openHome(t, home)); err != nil || listeners[1].prefix.text != "https://www.example.com" {
		t.Errorf("with the proxy of the same answers WSDLEPRPrefix is %q, %v", listeners[1].prefix.text, err)
	}
}

func TestHostnameURLs(t *testing.T) {
	for _, c := range []struct {
		name, file, from, to, want string
		started                    bool
		advice                     string
	}{
		{
			name: "hand-made offset", file: carbon.CarbonXML, from: "<Offset>0</Offset>", to: "<Offset>3</Offset>",
			want: "https://esb.example.com:9446/samlsso",
		},
		{
			name: "offset that makes one port the other", file: carbon.CarbonXML, from: "<Offset>0</Offset>", to: "<Offset>320</Offset>",
			want: "https://esb.example.com:9763/samlsso",
		},
		{
			name: "an identity provider elsewhere", file: carbon.IdentityXML, from: "https://localhost:9443/samlsso", to: "https://sso.example.net/samlsso",
			want: "https://sso.example.net/samlsso", advice: "repository/conf/identity.xml:52: https://sso.example.net/samlsso",
		},
		{
			name: "no URL", file: carbon.IdentityXML, from: "https://localhost:9443/samlsso", to: "none", want: "none",
		},
		{
			name: "a started server has stored it", started: true, want: "https://localhost:9443/samlsso", advice: "repository/conf/identity.xml:52: https://localhost:9443/samlsso",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			if c.from != "" {
				replaceIn(t, home, c.file, c.from, c.to)
			}
			if c.started {
				setFile(t, home, carbon.CarbonLog, "WSO2 Carbon started in 41 sec\n")
			}
			out := planTwice(t, home, bothNames)
			doc, err := openHome(t, home).XML(carbon.IdentityXML)
			if err != nil {
				t.Fatal(err)
			}
			if got := doc.First("//SSOService/IdentityProviderURL").Text(); got != c.want {
				t.Errorf("the URL is %q, want %q", got, c.want)
			}
			if advice := adviceLines(out.Advice); !strings.Contains(advice, c.advice) {
				t.Errorf("the advice does not say %q:\n%s", c.advice, advice)
			}
		})
	}
}

func TestHostnameOnStartedInstall(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, carbon.CarbonLog, "WSO2 Carbon started in 41 sec\n")
	out := planTwice(t, home, bothNames)
	var text strings.Builder
	for _, p := range out.Problems {
		text.WriteString(p.Severity.String() + " " + p.Key + ": " + p.Message + "\n    " + p.Fix + "\n")
	}
	text.WriteString(adviceLines(out.Advice) + resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, bothNames))) + resultLines(findings(t, home, 4)))
	golden(t, "hostname/api-started.txt", text.String())
}

func TestHostnameDamagedFiles(t *testing.T) {
	for _, file := range []string{carbon.Axis2XML, carbon.APIManagerXML, carbon.IdentityXML, carbon.EmailAdmin} {
		t.Run(file, func(t *testing.T) {
			home := sampleHome(t, "api")
			setFile(t, home, file, "<broken>")
			out := buildPlan(t, home, bothNames)
			if !slices.Contains(planFiles(out.Plan), carbon.CarbonXML) || slices.Contains(planFiles(out.Plan), file) {
				t.Errorf("the plan changes %v", planFiles(out.Plan))
			}
			named := false
			for _, p := range out.Problems {
				named = named || p.Severity == Warning && strings.HasPrefix(p.Message, file+" cannot be used: ")
			}
			if !named {
				t.Errorf("no warning names the file: %+v", out.Problems)
			}
			if lines := resultLines(findings(t, home, 4)); !strings.Contains(lines, "CS-4.5 unknown "+file) {
				t.Errorf("the audit does not name the file:\n%s", lines)
			}
			applyNow(t, home, out.Plan)
			if lines := resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, bothNames))); !strings.Contains(lines, "CS-4.5 warn warning "+file) {
				t.Errorf("the verification does not name the file:\n%s", lines)
			}
		})
	}
	t.Run("no axis2.xml", func(t *testing.T) {
		home := sampleHome(t, "api")
		removeFile(t, home, carbon.Axis2XML)
		if lines := resultLines(findings(t, home, 4)); !strings.Contains(lines, carbon.Axis2XML+" is not there.") {
			t.Errorf("the audit says:\n%s", lines)
		}
		planTwice(t, home, bothNames)
	})
}

func TestHostnameAudit(t *testing.T) {
	for _, c := range []struct{ name, scheme, prefix, want string }{
		{"right", "https", "https://esb.example.com:8243", "CS-4.3 ok repository/conf/axis2/axis2.xml:51: The WSDLEPRPrefix of the https listener is https://esb.example.com:8243."},
		{"wrong port", "https", "https://esb.example.com:9443", "CS-4.3 warn warning repository/conf/axis2/axis2.xml:51: The WSDLEPRPrefix of the https listener is https://esb.example.com:9443, but the listener's port is 8243 with the offset."},
		{"other scheme", "https", "http://esb.example.com:8243", "names another scheme."},
		{"localhost", "https", "https://localhost:8243", "is https://localhost:8243, which clients cannot use."},
		{"elsewhere", "https", "https://gw.example.net", "CS-4.3 ok repository/conf/axis2/axis2.xml:51: The WSDLEPRPrefix of the https listener is https://gw.example.net, a name of its own."},
		{"no URL", "https", "apachehost", "is no URL."},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			setPrefix(t, home, c.scheme, c.prefix)
			replaceIn(t, home, carbon.CarbonXML, "<!--HostName>www.wso2.org</HostName-->", "<HostName>esb.example.com</HostName>")
			if lines := resultLines(findings(t, home, 4)); !strings.Contains(lines, c.want) {
				t.Errorf("the audit does not say %q:\n%s", c.want, lines)
			}
		})
	}
	for name, want := range map[string]string{
		"localhost": "CS-4.1 warn warning repository/conf/carbon.xml:10: <HostName> is localhost. localhost means each client's own machine",
		"am_01":     `CS-4.1 fail warning repository/conf/carbon.xml:10: <HostName> is am_01. "_" is not allowed`,
		"10.1.4.20": "CS-4.1 warn warning repository/conf/carbon.xml:10: <HostName> is 10.1.4.20.",
	} {
		home := sampleHome(t, "servlet")
		replaceIn(t, home, carbon.CarbonXML, "<!--HostName>www.wso2.org</HostName-->", "<HostName>"+name+"</HostName>")
		if lines := resultLines(findings(t, home, 4)); !strings.Contains(lines, want) {
			t.Errorf("the audit does not say %q:\n%s", want, lines)
		}
	}
}

func TestHostnameFields(t *testing.T) {
	home := sampleHome(t, "api")
	w := openHome(t, home)
	w.Install.Host.Name = "am01.example.com"
	fields := hostname{}.Fields(w, answersOf(t, ""))
	if f := fields[0]; f.Default != "am01.example.com" || f.DefaultFrom != "this machine's name" || f.Now.Note == "" || f.Now.Place.String() != carbon.CarbonXML+":10" {
		t.Errorf("the question for the name is %+v", f)
	}
	if f := (hostname{}).Fields(w, answersOf(t, "hostname: {name: esb.example.com}\n"))[1]; f.Default != "esb.example.com" || f.DefaultFrom != "the host name" || f.Required {
		t.Errorf("the question for the console is %+v", f)
	}
	w.Install.Host.Name = "am_01"
	if f := (hostname{}).Fields(w, answersOf(t, ""))[0]; f.Default != "" {
		t.Errorf("a name that would be refused is proposed: %q", f.Default)
	}
	applyNow(t, home, buildPlan(t, home, bothNames).Plan)
	fields = hostname{}.Fields(openHome(t, home), answersOf(t, ""))
	if fields[0].Default != "esb.example.com" || fields[0].Now.Text != "esb.example.com" || fields[1].Default != "mgt.example.com" {
		t.Errorf("the questions are %+v", fields)
	}
}

// fakeNames is a resolver with a few answers. A name or address that it does not have is not found; "slow" waits for the end of the context.
type fakeNames struct {
	hosts map[string][]string
	addrs map[string][]string
}

func (f fakeNames) LookupHost(ctx context.Context, host string) ([]string, error) {
	switch host {
	case "slow.example.com":
		<-ctx.Done()
		return nil, &net.DNSError{Err: ctx.Err().Error(), Name: host, IsTimeout: true}
	case "dead.example.com":
		return nil, errors.New("connection refused")
	}
	if a := f.hosts[host]; a != nil {
		return a, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (f fakeNames) LookupAddr(_ context.Context, addr string) ([]string, error) {
	if a := f.addrs[addr]; a != nil {
		return a, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}
}

func TestHostnameChecks(t *testing.T) {
	names := fakeNames{
		hosts: map[string][]string{
			"esb.example.com": {"10.1.4.20"}, "lb.example.com": {"203.0.113.7"}, "loop.example.com": {"127.0.1.1"}, "alias.example.com": {"10.1.4.20"},
		},
		addrs: map[string][]string{"10.1.4.20": {"esb.example.com."}},
	}
	for _, c := range []struct {
		name string
		want []string
	}{
		{"esb.example.com", []string{
			"hostname.resolves ok: esb.example.com resolves to 10.1.4.20.",
			"hostname.here ok: esb.example.com leads to 10.1.4.20, an address of this machine.",
			"hostname.reverse ok: 10.1.4.20 leads back to esb.example.com.",
		}},
		{"lb.example.com", []string{
			"hostname.resolves ok: lb.example.com resolves to 203.0.113.7.",
			"hostname.here warn warning: lb.example.com leads to 203.0.113.7, which is no address of this machine.",
			"hostname.reverse warn warning: No name is known for 203.0.113.7.",
		}},
		{"loop.example.com", []string{
			"hostname.resolves ok: loop.example.com resolves to 127.0.1.1.",
			"hostname.here warn warning: loop.example.com resolves to 127.0.1.1, the loopback address, on this machine.",
			"hostname.reverse warn warning: No name is known for 127.0.1.1.",
		}},
		{"alias.example.com", []string{
			"hostname.resolves ok: alias.example.com resolves to 10.1.4.20.",
			"hostname.here ok: alias.example.com leads to 10.1.4.20, an address of this machine.",
			"hostname.reverse warn warning: 10.1.4.20 leads back to esb.example.com, not to alias.example.com.",
		}},
		{"gone.example.com", []string{
			"hostname.resolves warn warning: gone.example.com does not resolve on this machine: there is no such name.",
			"hostname.here warn warning: gone.example.com does not resolve on this machine: there is no such name.",
			"hostname.reverse warn warning: gone.example.com does not resolve on this machine: there is no such name.",
		}},
		{"dead.example.com", []string{
			"hostname.resolves unknown: dead.example.com could not be looked up: the resolver of this machine does not answer.",
			"hostname.here unknown: dead.example.com could not be looked up: the resolver of this machine does not answer.",
			"hostname.reverse unknown: dead.example.com could not be looked up: the resolver of this machine does not answer.",
		}},
		{"10.1.4.20", []string{"hostname.here ok: 10.1.4.20 leads to 10.1.4.20, an address of this machine."}},
	} {
		w := openHome(t, sampleHome(t, "servlet"))
		w.Install.Host.Addresses = []string{"10.1.4.20", "fe80::1"}
		var got []string
		for _, check := range (hostname{resolver: names}).Checks(w, answersOf(t, "hostname: {name: "+c.name+"}\n")) {
			line, _, _ := strings.Cut(resultLines([]Result{check.Run(t.Context())}), "\n")
			got = append(got, line)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s gives\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestHostnameChecksOfTwoNamesAndCancel(t *testing.T) {
	w := openHome(t, sampleHome(t, "servlet"))
	checks := hostname{resolver: fakeNames{}}.Checks(w, answersOf(t, "hostname: {name: slow.example.com, management: gone.example.com}\n"))
	if len(checks) != 6 || checks[3].ID != "hostname.management.resolves" {
		t.Fatalf("the checks are %+v", checks)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	begun := time.Now()
	if r := checks[0].Run(ctx); r.Status != Unknown || r.Message != "The look-up of slow.example.com was stopped." {
		t.Errorf("a stopped check says %+v", r)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("a stopped check took %s", took)
	}
	if c := (hostname{}).Checks(w, answersOf(t, "")); c != nil {
		t.Errorf("checks without a name: %+v", c)
	}
}

func TestSplitURL(t *testing.T) {
	for _, c := range []struct {
		text             string
		host, port, rest string
	}{
		{"https://localhost:9443/samlsso", "localhost", "9443", "/samlsso"},
		{"https://${carbon.local.ip}:${mgt.transport.https.port}${carbon.context}/services/", "${carbon.local.ip}", "${mgt.transport.https.port}", "${carbon.context}/services/"},
		{"http://${carbon.local.ip}:${http.nio.port}", "${carbon.local.ip}", "${http.nio.port}", ""},
		{"https://[::1]:9443/x", "::1", "9443", "/x"},
		{"https://esb.example.com", "esb.example.com", "", ""},
		{"tcp://localhost:5672'", "localhost", "5672", "'"},
		{"https://localhost/a:b", "localhost", "", "/a:b"},
	} {
		u, ok := splitURL(c.text)
		if !ok || u.host != c.host || u.port != c.port || u.rest != c.rest {
			t.Errorf("%s is taken apart into %+v, %t", c.text, u, ok)
		}
		if u.String() != c.text {
			t.Errorf("%s is put together as %s", c.text, u)
		}
	}
	for _, text := range []string{"", "local:/x", "localhost:9443", "://x", "https://", "https:///x"} {
		if u, ok := splitURL(text); ok {
			t.Errorf("%q is taken for a URL: %+v", text, u)
		}
	}
}

func TestLocalhostPlaces(t *testing.T) {
	for _, c := range []struct {
		file, text string
		lines      []int
	}{
		{"a.xml", "<a>\n<b>http://localhost:1/x</b>\n<c>\n localhost </c>\n", []int{2, 4}},
		{"a.xml", "<!-- http://localhost:1/\n--><b x='https://localhost/'/><c y='http://localhost:2'/>", []int{2}},
		{"a.xml", "<a>http://localhost.example.com/ tcp://localhost:1 localhost|other</a><!-- http://localhost:1", nil},
		{"a.json", "/* \"https://localhost:1\" */\n\"u\": \"https://localhost:9443/x\"", []int{2}},
		{"a.xml", "https://localhost", nil},
	} {
		var lines []int
		for _, p := range localhostPlaces(c.file, []byte(c.text)) {
			lines = append(lines, p.Line)
		}
		if !slices.Equal(lines, c.lines) {
			t.Errorf("%q has localhost in lines %v, want %v", c.text, lines, c.lines)
		}
	}
}

func FuzzHostName(f *testing.F) {
	for _, s := range []string{"esb.example.com", "bücher.example", "10.1.4.20", "xn--a", "[::1]", "a..b", "-a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p := checkHostName(name)
		if p != nil && p.Severity == Error {
			return
		}
		written := writtenName(name)
		u, ok := splitURL("https://" + written + ":9443/carbon")
		if !ok || u.host != written || u.port != "9443" || u.rest != "/carbon" {
			t.Errorf("the accepted name %q does not survive a URL: %+v", name, u)
		}
		if again := writtenName(written); again != written {
			t.Errorf("%q is written as %q, and that as %q", name, written, again)
		}
	})
}
