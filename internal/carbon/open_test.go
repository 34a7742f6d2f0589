package carbon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/assets"
	"carbon-setup/internal/edit"
)

func TestOpenCorpus(t *testing.T) {
	home, ok := corpus(t)
	if !ok {
		t.Log("no real configuration beside the project; the samples stand for it")
		home = sample(t, assets.API)
	}
	in, err := Open(t.Context(), home, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	if in.Home != home || in.Kernel != "4.2.0" || in.ServerKey != "AM" || in.Transport != TransportPassThrough {
		t.Errorf("home %s, kernel %s, key %s, transport %s", in.Home, in.Kernel, in.ServerKey, in.Transport)
	}
	if in.Started.Yes || in.Running != nil {
		t.Errorf("started %+v, running %+v", in.Started, in.Running)
	}
	if !ok {
		return
	}
	if in.Title() != "WSO2 API Manager 1.8.0" {
		t.Errorf("title %q", in.Title())
	}
	// The copy has no scripts, which is what Missing is for.
	want := []Unreadable{{ServerSH, isNotThere}, {ServerBAT, isNotThere}, {WrapperConf, isNotThere}}
	if !slices.Equal(in.Missing, want) {
		t.Errorf("missing %v, want %v", in.Missing, want)
	}
	all, unreadable := in.Datasources()
	if len(all) != 3 || len(unreadable) > 0 || all[2].URL != "jdbc:h2:;AUTO_SERVER=TRUE" || all[2].Name != "WSO2AM_STATS_DB" {
		t.Errorf("datasources %+v, unreadable %v", all, unreadable)
	}
}

// TestOpenPaths gives the same home in every way that an operator may.
func TestOpenPaths(t *testing.T) {
	base := resolved(t, t.TempDir())
	home := filepath.Join(base, "opt dir", "wso2 am")
	if err := assets.Unpack(t.Context(), home, assets.API); err != nil {
		t.Fatal(err)
	}
	link(t, home, filepath.Join(base, "current"))
	link(t, "current", filepath.Join(base, "relative link"))
	t.Chdir(filepath.Join(base, "opt dir"))
	for _, dir := range []string{
		home,
		home + string(filepath.Separator),
		home + "///",
		filepath.Join(home, "repository") + "/..",
		filepath.Join(base, "current"),
		filepath.Join(base, "current") + "/",
		filepath.Join(base, "relative link"),
		"wso2 am",
		"./wso2 am/",
		"../current",
	} {
		in, err := Open(t.Context(), dir, quiet(t))
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		if in.Home != home {
			t.Errorf("%s: home is %s, want %s", dir, in.Home, home)
		}
	}
}

// TestOpenUnseen opens a product that nobody has heard of.
func TestOpenUnseen(t *testing.T) {
	home := t.TempDir()
	put(t, home, map[string]string{
		KernelVersion: "WSO2 Carbon Framework v4.2.0\n",
		CarbonXML:     `<Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><Name>Tea Brewer</Name><ServerKey>TEA</ServerKey></Server>`,
		ProductTXT:    "Other Name v0.9.1\n",
	})
	in, err := Open(t.Context(), home, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	if in.Product != "Tea Brewer" || in.Version != "0.9.1" || in.ServerKey != "TEA" || in.Transport != TransportUnknown {
		t.Errorf("%+v", in)
	}
	if len(in.Missing) == 0 || !slices.Contains(in.Missing, Unreadable{Axis2XML, isNotThere}) {
		t.Errorf("missing %v", in.Missing)
	}
}

// TestKernelFromJars opens a home whose version file was deleted.
func TestKernelFromJars(t *testing.T) {
	for _, jar := range []string{
		"bin/org.wso2.carbon.bootstrap-4.2.0.jar", Plugins + "/org.wso2.carbon.core_4.2.0.jar", "lib/org.wso2.carbon.server-4.2.0.jar",
	} {
		home := sample(t, assets.Servlet)
		if err := os.Remove(filepath.Join(home, filepath.FromSlash(KernelVersion))); err != nil {
			t.Fatal(err)
		}
		put(t, home, map[string]string{jar: ""})
		in, err := Open(t.Context(), home, quiet(t))
		if err != nil || in.Kernel != "4.2.0" {
			t.Errorf("%s: %v", jar, err)
		}
	}
}

func TestTransports(t *testing.T) {
	for class, want := range map[string]Transport{
		"org.apache.synapse.transport.passthru.PassThroughHttpListener":  TransportPassThrough,
		"org.wso2.carbon.transport.passthru.PassThroughHttpListener":     TransportPassThrough,
		"org.apache.synapse.transport.nhttp.HttpCoreNIOListener":         TransportPassThrough,
		"org.wso2.carbon.core.transports.http.HttpTransportListener":     TransportServlet,
		"org.apache.axis2.transport.http.SimpleHTTPServer":               TransportUnknown,
		"org.wso2.carbon.core.multitenancy.transports.DummyTransportLis": TransportUnknown,
	} {
		doc, err := edit.ParseXML("axis2.xml", []byte(`<axisconfig><!--transportReceiver name="http" class="a.passthru.B"/-->`+
			`<transportReceiver name="http" class="`+class+`"/></axisconfig>`))
		if err != nil {
			t.Fatal(err)
		}
		if got := transportOf(doc); got != want {
			t.Errorf("%s: %s, want %s", class, got, want)
		}
	}
}

// TestMissing damages files one by one; Open goes on and names them.
func TestMissing(t *testing.T) {
	path := func(home, rel string) string { return filepath.Join(home, filepath.FromSlash(rel)) }
	for _, c := range []struct {
		rel    string
		damage func(t *testing.T, home, path string)
		why    string
	}{
		{Log4jProperties, func(t *testing.T, _, p string) { remove(t, p) }, "is not there"},
		{UserMgtXML, func(t *testing.T, _, p string) { remove(t, p); mkdir(t, p) }, "is a folder, not a file"},
		{JMXXML, func(t *testing.T, _, p string) { remove(t, p); link(t, "gone.xml", p) }, "is a link to gone.xml, which does not exist"},
		{Axis2XML, func(t *testing.T, home, _ string) { put(t, home, map[string]string{Axis2XML: "<axisconfig>\n<a>"}) }, "cannot be understood: line 2: "},
		{APIManagerXML, func(t *testing.T, _, p string) { truncate(t, p, edit.MaxFileSize+1) }, "is larger than 8 MB"},
	} {
		home := sample(t, assets.API)
		c.damage(t, home, path(home, c.rel))
		in, err := Open(t.Context(), home, quiet(t))
		if err != nil {
			t.Errorf("%s: %v", c.rel, err)
			continue
		}
		if len(in.Missing) != 1 || in.Missing[0].File != c.rel || !strings.HasPrefix(in.Missing[0].Why, c.why) {
			t.Errorf("%s: missing %q, want %q", c.rel, in.Missing, c.why)
		}
		if _, err := in.Read(c.rel); err == nil && c.rel != Axis2XML {
			t.Errorf("%s: Read gives no error", c.rel)
		}
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// TestLinkedFiles opens a home whose configuration lies elsewhere, as packagers do.
func TestLinkedFiles(t *testing.T) {
	home := sample(t, assets.API)
	etc := filepath.Join(t.TempDir(), "etc")
	conf := filepath.Join(home, "repository", "conf")
	if err := os.Rename(conf, etc); err != nil {
		t.Fatal(err)
	}
	link(t, etc, conf)
	in, err := Open(t.Context(), home, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Missing) > 0 || !in.Has(UserMgtXML) || len(in.Glob(DatasourcesDir+"/*.xml")) != 1 {
		t.Errorf("missing %v", in.Missing)
	}
}

func TestInstallFiles(t *testing.T) {
	in := &Install{Home: sample(t, assets.Servlet)}
	if data, err := in.Read(CarbonXML); err != nil || !strings.Contains(string(data), "<ServerKey>SAMPLE</ServerKey>") {
		t.Errorf("Read: %v", err)
	}
	for _, rel := range []string{"../x", "/etc/passwd", "", "repository//conf", "repository/conf/../../.."} {
		if _, err := in.Read(rel); !errors.Is(err, fs.ErrInvalid) && rel != "" {
			t.Errorf("Read(%q): %v, want it refused", rel, err)
		}
		if in.Has(rel) {
			t.Errorf("Has(%q)", rel)
		}
	}
	if _, err := in.Read("repository/conf/no.xml"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), in.Home) {
		t.Errorf("Read of a missing file: %v", err)
	}
	if in.Has("repository/conf") || in.Has(APIManagerXML) || !in.Has(ServerSH) {
		t.Error("Has is wrong about a folder, a missing file or a file")
	}
	if got := in.Glob(DatasourcesDir + "/*-datasources.xml"); !slices.Equal(got, []string{BAMDS, MasterDS}) {
		t.Errorf("Glob: %v", got)
	}
	if got := in.Glob("["); got != nil {
		t.Errorf("malformed pattern: %v", got)
	}
	if info, err := in.Stat(ServerSH); err != nil || info.Size() == 0 {
		t.Errorf("Stat: %v", err)
	}
	all, unreadable := in.Datasources()
	if len(all) != 3 || len(unreadable) > 0 || all[0].Name != "WSO2_CARBON_DB" || all[0].JNDI != "jdbc/WSO2CarbonDB" || !all[0].IsH2() ||
		all[1].JNDI != "" || all[2].Type != "CASSANDRA" || all[2].IsH2() || all[2].Place.String() != BAMDS+":20" {
		t.Errorf("datasources %+v, unreadable %v", all, unreadable)
	}
}

func TestFind(t *testing.T) {
	home := sample(t, assets.API)
	outside := resolved(t, t.TempDir())
	link(t, filepath.Join(home, "repository"), filepath.Join(outside, "way in"))
	for dir, want := range map[string]string{
		home: home,
		filepath.Join(home, "repository", "conf"):    home,
		filepath.Join(home, "bin"):                   home,
		filepath.Join(outside, "way in", "conf"):     home,
		filepath.Join(home, "repository", "nowhere"): home,
		outside: "",
		"/":     "",
	} {
		got, ok := Find(dir)
		if got != want || ok != (want != "") {
			t.Errorf("Find(%s) = %q, %v, want %q", dir, got, ok, want)
		}
	}
	t.Chdir(filepath.Join(home, "repository", "conf", "axis2"))
	if got, ok := Find("."); !ok || got != home {
		t.Errorf("Find(.) = %q, %v", got, ok)
	}
}

func TestOpenCancelled(t *testing.T) {
	home := sample(t, assets.API)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, home, quiet(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := (&Install{Home: home}).Refresh(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Refresh: %v", err)
	}
}

func TestPlace(t *testing.T) {
	for want, p := range map[string]Place{
		"":                             {},
		"repository/conf/carbon.xml":   {File: CarbonXML},
		"repository/conf/carbon.xml:7": {CarbonXML, 7},
	} {
		if got := p.String(); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
}

func TestTitle(t *testing.T) {
	for want, in := range map[string]*Install{
		"WSO2 API Manager 1.8.0": {Product: "WSO2 API Manager", Version: "1.8.0"},
		"AM 1.8.0":               {ServerKey: "AM", Version: "1.8.0"},
		"Carbon 4.2.0 server":    {Kernel: "4.2.0"},
		"Application Server":     {Product: "Application Server"},
	} {
		if got := in.Title(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestEverywhere checks the path constants against the samples and, when it is there, the real configuration.
func TestEverywhere(t *testing.T) {
	for _, which := range []assets.Sample{assets.API, assets.Servlet} {
		in := &Install{Home: sample(t, which)}
		for _, rel := range everywhere {
			if !in.Has(rel) {
				t.Errorf("sample %s has no %s", which, rel)
			}
		}
	}
	home, ok := corpus(t)
	if !ok {
		return
	}
	in := &Install{Home: home}
	for _, rel := range append([]string{
		CarbonXML, IdentityXML, APIManagerXML, Axis2BlockingClient, TenantAxis2, TomcatUsers, JNDIProperties, Stratos, SecretConf,
		LoggingConfig, AppAuthentication, Authenticators, EventBroker, EmailAdmin, TenantMgtXML, ClaimConfig, TomcatWeb,
		PassThroughProperties, NHTTPProperties, SynapseProperties, DatasourcesProperties, LoggingBridge, CacheXML, ThriftAgent, DefaultIDP,
		KeyStore, TrustStore, ProductTXT,
	}, everywhere...) {
		if !in.Has(rel) && rel != ServerSH && rel != ServerBAT && rel != WrapperConf {
			t.Errorf("the real product has no %s", rel)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	home := filepath.Join(b.TempDir(), "home")
	if err := assets.Unpack(b.Context(), home, assets.API); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Open(b.Context(), home, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleRefusedError() {
	_, err := Open(context.Background(), "/", Options{})
	var refused *RefusedError
	if errors.As(err, &refused) {
		fmt.Println(refused.Kind)
		fmt.Println(refused)
	}
	// Output:
	// not-an-install
	// /: This is the root of the file system, not the home of a server. Give the folder that holds bin and repository, the one that unpacking the product made.
}
