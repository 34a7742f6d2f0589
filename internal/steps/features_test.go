package steps

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

const carbonXML = "repository/conf/carbon.xml"

func TestRepositoryIsJudgedAsP2ReadsIt(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.com/p2":               "",
		"https://example.com:8443/p2/":         "",
		"http://10.0.0.7/p2":                   "",
		"https://[2001:db8::7]:8443/p2":        "",
		"file:///opt/p2":                       "",
		"file:/opt/p2":                         "",
		"none":                                 "",
		"/opt/p2":                              "is a path",
		"p2":                                   "none of them",
		"ftp://example.com/p2":                 "none of them",
		"jar:file:/opt/p2.zip!/":               "none of them",
		"https:///p2":                          "no host",
		"https://example.com:0/p2":             "port",
		"https://example.com:99999/p2":         "port",
		"https://bob:secret@example.com/p2":    "clear text",
		"https://example.com/p2?x=1":           "files below",
		"https://example.com/p2#x":             "files below",
		"https://example.com/p2/content.jar":   "names the file",
		"https://example.com/p2/artifacts.xml": "names the file",
		"https://example.com/my p2":            "a blank",
		"https://example.com/{p2}":             "a blank or another character",
		"${p2.repo.url}":                       "${",
		"file://server/opt/p2":                 "whole path",
		"file:opt/p2":                          "whole path",
		"https://exa_mple!.com/p2":             "host name",
		"https://" + strings.Repeat("a", 2000): "are the most",
		"http://[::1":                          "not a URL",
	} {
		p := checkRepository(text)
		if (p == nil) != (want == "") || p != nil && !strings.Contains(p.Message, want) {
			t.Errorf("%q: %+v; want %q", text, p, want)
		}
	}
}

const wantRepository = "features: {repository: \"https://example.com/p2\"}\n"

func TestRepositoryIsSetWhereverCarbonXMLHasIt(t *testing.T) {
	for name, home := range everyHome(t) {
		out := planTwice(t, home, wantRepository)
		if files := planFiles(out.Plan); len(files) != 1 || files[0] != carbonXML {
			t.Fatalf("%s: changed %v", name, files)
		}
		r, err := readRepository(openHome(t, home))
		if err != nil || r.url != "https://example.com/p2" || !r.offered() {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if text := adviceLines(out.Advice); !strings.Contains(text, "backup") || !strings.Contains(text, `-repository "https://example.com/p2"`) {
			t.Errorf("%s: advice %s", name, text)
		}
	}
}

func TestRepositoryGolden(t *testing.T) {
	golden(t, "features/insert.diff", planDiff(t, sampleHome(t, "api"), wantRepository))
	golden(t, "features/servlet.diff", planDiff(t, sampleHome(t, "servlet"), wantRepository))
	golden(t, "features/audit.txt", resultLines(features{}.Audit(openHome(t, componentsHome(t)))))
}

func TestRepositoryIsTakenOut(t *testing.T) {
	home := sampleHome(t, "servlet")
	planTwice(t, home, "features: {repository: none}\n")
	if text := readFile(t, home, carbonXML); strings.Contains(text, "FeatureRepository") {
		t.Errorf("it is still there:\n%s", text)
	}
	if out := buildPlan(t, sampleHome(t, "api"), "features: {repository: none}\n"); !out.Plan.Empty() {
		t.Error("the sample names none, so there is nothing to change")
	}
}

func TestEmptySectionOfFeaturesChangesNothing(t *testing.T) {
	if out := buildPlan(t, sampleHome(t, "servlet"), "features: {}\n"); !out.Plan.Empty() {
		t.Errorf("changed:\n%s", diffText(out.Plan))
	}
}

func TestRepositoryInACommentIsNone(t *testing.T) {
	home := sampleHome(t, "servlet")
	replaceIn(t, home, carbonXML, "<FeatureRepository>", "<!-- FeatureRepository>")
	replaceIn(t, home, carbonXML, "</FeatureRepository>", "</FeatureRepository -->")
	if r, err := readRepository(openHome(t, home)); err != nil || r.element != nil {
		t.Errorf("%+v, %v", r, err)
	}
	planTwice(t, home, wantRepository)
}

func TestPasswordOfARepositoryIsNotShown(t *testing.T) {
	home := sampleHome(t, "servlet")
	replaceIn(t, home, carbonXML, "${p2.repo.url}", "https://bob:hunter2@example.com/p2")
	w := openHome(t, home)
	text := fmt.Sprintf("%+v", features{}.Fields(w, answersOf(t, ""))) + resultLines(features{}.Audit(w)) + planDiff(t, home, wantRepository)
	if strings.Contains(text, "hunter2") {
		t.Error("the password is shown")
	}
}

func TestRepositoryAnswersTogether(t *testing.T) {
	for yaml, want := range map[string]string{
		"features: {name: ours}\n":                                           "no repository that the name",
		"features: {repository: none, name: ours}\n":                         "has no name",
		"features: {repository: \"http://example.com/p2\"}\n":                "plain http",
		"features: {repository: \"https://example.com/p2/content.jar\"}\n":   "names the file",
		"features: {repository: \"https://example.com/p2\", name: \" x\"}\n": "begins or ends",
	} {
		got := problems(t, sampleHome(t, "api"), yaml)
		if len(got) == 0 || !strings.Contains(got[0].Message, want) {
			t.Errorf("%s: %+v; want %q", yaml, got, want)
		}
	}
}

func TestRepositoryIsVerified(t *testing.T) {
	home := sampleHome(t, "servlet")
	a := answersOf(t, wantRepository)
	if r := (features{}).Verify(openHome(t, home), a); len(r) != 1 || r[0].Status != Fail {
		t.Errorf("before: %+v", r)
	}
	planTwice(t, home, wantRepository)
	if r := (features{}).Verify(openHome(t, home), a); len(r) != 1 || r[0].Status != OK {
		t.Errorf("after: %+v", r)
	}
	if r := (features{}).Verify(openHome(t, home), answersOf(t, "features: {repository: none}\n")); len(r) != 1 || r[0].Status != Fail {
		t.Errorf("none: %+v", r)
	}
}

func TestAuditOfTheRepository(t *testing.T) {
	for url, want := range map[string]Status{
		"https://example.com/p2": OK, "http://example.com/p2": Warn, "${p2.repo.url}": Warn, "ftp://example.com": Warn, "file:///opt/p2": OK,
	} {
		home := sampleHome(t, "servlet")
		replaceIn(t, home, carbonXML, "${p2.repo.url}", url)
		if r := auditRepository(openHome(t, home)); r.Status != want || r.Place.Line == 0 {
			t.Errorf("%s: %+v, want %s", url, r, want)
		}
	}
}

const info = "repository/components/default/configuration/org.eclipse.equinox.simpleconfigurator/bundles.info"

// componentsHome is a sample that has bundles, features, a patch and jars that somebody has added.
func componentsHome(t testing.TB) string {
	t.Helper()
	home := sampleHome(t, "api")
	lines := "#version=1\n"
	for _, name := range []string{"axis2_1.6.1.wso2v10", "org.wso2.carbon.tryit_4.2.0", "synapse-samples_2.1.2", "javax.servlet_2.5.0", "javax.servlet_3.0.0"} {
		setFile(t, home, carbon.Plugins+"/"+name+".jar", "")
		bundle, version, _ := strings.Cut(name, "_")
		lines += fmt.Sprintf("%s,%s,../plugins/%s.jar,4,true\n", bundle, version, name)
	}
	setFile(t, home, info, lines)
	for _, name := range []string{"org.wso2.carbon.tryit_4.2.1", "org.wso2.carbon.core_4.2.0", "org.example.ui_0.9.0_ALPHA4"} {
		setFile(t, home, featuresDir+"/"+name+"/feature.xml", "<feature/>\n")
	}
	setFile(t, home, carbon.Patches+"/patch0001/axis2_1.6.1.wso2v10.jar", "")
	setFile(t, home, deploymentDir+"/axis2services/Echo.aar", "")
	jarFile(t, home, carbon.Dropins+"/ours_1.0.0.jar", "org.example.ours;singleton:=true", "1.0.0")
	setFile(t, home, carbon.ComponentsLib+"/driver.jar", "")
	return home
}

// jarFile writes a jar with a manifest; the name goes over its line.
func jarFile(t testing.TB, home, rel, name, version string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("META-INF/MANIFEST.MF")
	if err != nil {
		t.Fatal(err)
	}
	half := len(name) / 2
	if _, err := fmt.Fprintf(f, "Manifest-Version: 1.0\r\nBundle-SymbolicName: %s\r\n %s\r\nBundle-Version: %s\r\n\r\nName: x\r\nBundle-Version: 9\r\n", name[:half], name[half:], version); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	setFile(t, home, rel, b.String())
}

func oneResult(t *testing.T, results []Result, id string, status Status, part string) {
	t.Helper()
	for _, r := range results {
		if r.ID == id && r.Status == status && strings.Contains(r.Message, part) {
			return
		}
	}
	t.Errorf("no %s %s with %q in:\n%s", id, status, part, resultLines(results))
}

func TestDamagedListOfBundles(t *testing.T) {
	for bad, want := range map[string]string{
		"axis2,1.0\n":                                                 "not a bundle",
		"axis2,1.0,../plugins/a.jar,x,true\n":                         "not a bundle",
		",1.0,../plugins/a.jar,4,true\n":                              "not a bundle",
		"a\x00b,1.0,../plugins/a.jar,4,true\n":                        "not a bundle",
		strings.Repeat("a,1,../plugins/a.jar,4,true\n", maxBundles+1): "more than",
	} {
		home := componentsHome(t)
		setFile(t, home, info, "#version=1\n"+bad)
		got := features{}.Audit(openHome(t, home))
		oneResult(t, got, "CS-15.2", Fail, want)
		if got[1].Place.Line < 2 {
			t.Errorf("no line: %+v", got[1])
		}
	}
	home := componentsHome(t)
	setFile(t, home, info, strings.Repeat("x", 9<<20))
	oneResult(t, features{}.Audit(openHome(t, home)), "CS-15.2", Fail, "larger than 8 MB")
}

// What the step proposes, the present repository, is no cure where that is the fault.
func TestCureOfARepositoryOverPlainHTTP(t *testing.T) {
	for url, want := range map[string]bool{"http://p2.example.com/p2": true, "https://p2.example.com/p2": false, "${p2.repo.url}": false} {
		home := sampleHome(t, "servlet")
		if url != "${p2.repo.url}" {
			replaceIn(t, home, carbonXML, "${p2.repo.url}", url)
		}
		if _, open := (features{}).Cure(openHome(t, home))[keyRepository]; open != want {
			t.Errorf("%s: to be filled in: %v", url, open)
		}
	}
}

// A list that this user may not read is no damage, and what the system said about it is no sentence.
func TestFilesThatMayNotBeReadAreNotChecked(t *testing.T) {
	w := openHome(t, componentsHome(t))
	denied := &fs.PathError{Op: "open", Path: "/opt/am/" + info, Err: fs.ErrPermission}
	got := auditBundles(w, []profile{{name: defaultProfile, file: info, unread: denied}}, nil)
	if len(got) != 1 || got[0].Status != Unknown || got[0].Message != "Not checked: "+info+" may not be read by this user." {
		t.Errorf("%s", resultLines(got))
	}
	home := componentsHome(t)
	setFile(t, home, carbon.Log4jProperties, strings.Repeat("#\n", 5<<20))
	for id, g := range map[string]int{"CS-5.1": 5, "CS-16.1": 16} {
		oneResult(t, findings(t, home, g), id, Unknown, "Not checked: "+carbon.Log4jProperties+" is larger than 8 MB")
	}
}

func TestBundlesThatAreNotThere(t *testing.T) {
	home := componentsHome(t)
	removeFile(t, home, carbon.Plugins+"/axis2_1.6.1.wso2v10.jar")
	got := features{}.Audit(openHome(t, home))
	oneResult(t, got, "CS-15.2", Fail, "axis2_1.6.1.wso2v10.jar")
	if got[1].Place.String() != info+":2" {
		t.Errorf("place %s", got[1].Place)
	}
}

func TestBundleStandsTwice(t *testing.T) {
	home := componentsHome(t)
	setFile(t, home, info, readFile(t, home, info)+"axis2,1.6.1.wso2v10,../dropins/ours_1.0.0.jar,4,true\n")
	oneResult(t, features{}.Audit(openHome(t, home)), "CS-15.2", Warn, "stands twice")
}

func TestDropinsThatShadowAPlugin(t *testing.T) {
	for version, want := range map[string]string{"1.6.1.wso2v11": "and the plugins have 1.6.1.wso2v10", "1.6.1.wso2v10": "which the plugins have already"} {
		home := componentsHome(t)
		jarFile(t, home, carbon.Dropins+"/axis2_new.jar", "axis2", version)
		oneResult(t, features{}.Audit(openHome(t, home)), "CS-15.5", Warn, want)
	}
	for text, want := range map[string]string{"": "damaged", "PK\x03\x04 and no more": "damaged"} {
		home := componentsHome(t)
		setFile(t, home, carbon.Dropins+"/bad.jar", text)
		oneResult(t, features{}.Audit(openHome(t, home)), "CS-15.5", Warn, want)
	}
	home := componentsHome(t)
	if err := os.Mkdir(filepath.Join(home, filepath.FromSlash(carbon.Dropins), "folder.jar"), 0o750); err != nil {
		t.Fatal(err)
	}
	oneResult(t, features{}.Audit(openHome(t, home)), "CS-15.5", Warn, "it is not a file")
}

func TestRepositoriesThatP2HasKept(t *testing.T) {
	home := componentsHome(t)
	setFile(t, home, "repository/components/p2/org.eclipse.equinox.p2.engine/profileRegistry/default.profile/.data/.settings/org.eclipse.equinox.p2.metadata.repository.prefs",
		"eclipse.preferences.version=1\nrepositories/http\\:__old.example.com_p2/uri=http\\://old.example.com/p2\nrepositories/https\\:__new/uri=https\\://new\n")
	got := features{}.Audit(openHome(t, home))
	oneResult(t, got, "CS-15.6", Warn, "http://old.example.com/p2")
	if n := strings.Count(resultLines(got), "CS-15.6"); n != 1 {
		t.Errorf("%d results of CS-15.6", n)
	}
}

func TestH2ConsoleIsFoundUnlessItIsInItsComment(t *testing.T) {
	home := componentsHome(t)
	replaceIn(t, home, carbonXML, "</Server>", "<H2DatabaseConfiguration><property name=\"web\"/></H2DatabaseConfiguration>\n</Server>")
	oneResult(t, features{}.Audit(openHome(t, home)), "CS-15.3", Warn, "web console of the H2")
}

func TestFeatureFolderIsPartedAtItsVersion(t *testing.T) {
	for folder, want := range map[string][2]string{
		"org.wso2.carbon.tryit_4.2.1":             {"org.wso2.carbon.tryit", "4.2.1"},
		"org.jaggeryjs_0.0.0.0_9_0_ALPHA4_wso2v1": {"org.jaggeryjs", "0.0.0.0_9_0_ALPHA4_wso2v1"},
		"a_b_1.0": {"a_b", "1.0"},
		"nothing": {"nothing", ""},
	} {
		if id, version := splitFeature(folder); id != want[0] || version != want[1] {
			t.Errorf("%s: %s %s", folder, id, version)
		}
	}
}

func TestBundleLocations(t *testing.T) {
	for location, want := range map[string]string{
		"../plugins/a.jar":                          "repository/components/plugins/a.jar",
		"file:../plugins/a.jar":                     "repository/components/plugins/a.jar",
		"../dropins/a%20b.jar":                      "repository/components/dropins/a b.jar",
		"plugins/a.jar":                             "repository/components/default/plugins/a.jar",
		"../plugins/x/../../../../../../etc/passwd": "",
		"/opt/a.jar":                                "",
		"http://x/a.jar":                            "",
	} {
		if got := bundlePath(location, "default"); got != want {
			t.Errorf("%s: %q, want %q", location, got, want)
		}
	}
}

// runCheck runs the check of the repository for answers.
func runCheck(t *testing.T, home, repository, more string) Result {
	t.Helper()
	checks := features{}.Checks(openHome(t, home), answersOf(t, fmt.Sprintf("features: {repository: %q}\n%s", repository, more)))
	if len(checks) != 1 {
		t.Fatalf("%d checks", len(checks))
	}
	return checks[0].Run(t.Context())
}

// p2Server serves the files; "-> path" redirects.
func p2Server(t *testing.T, files map[string]string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := files[r.URL.Path]
		switch to, redirect := strings.CutPrefix(text, "-> "); {
		case !ok:
			http.NotFound(w, r)
		case redirect:
			http.Redirect(w, r, to, http.StatusFound)
		case text == "login":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = w.Write([]byte(text))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRepositoryIsLookedAt(t *testing.T) {
	const content = "<?xml version='1.0'?>\n<?metadataRepository version='1.1.0'?>\n<repository name='x'/>\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  Status
		part  string
	}{
		"xml":       {map[string]string{"/p2/content.xml": content}, Warn, "it has content.xml. But"},
		"jar":       {map[string]string{"/p2/content.jar": "PK\x03\x04 and so on"}, Warn, "it has content.jar"},
		"composite": {map[string]string{"/p2/compositeContent.xml": content}, Warn, "it has compositeContent.xml"},
		"redirect":  {map[string]string{"/p2/content.jar": "-> /elsewhere/content.jar", "/elsewhere/content.jar": "PK\x03\x04"}, Warn, "after 1 redirect"},
		"circle":    {map[string]string{"/p2/content.jar": "-> /p2/content.jar"}, Warn, "more than 5 times"},
		"login":     {map[string]string{"/p2/content.jar": "login"}, Warn, "wants a login (HTTP status 401)"},
		"nothing":   {map[string]string{}, Warn, "no P2 repository"},
		"portal":    {map[string]string{"/p2/content.jar": "<html>", "/p2/content.xml": "<html>please log in</html>"}, Warn, "no P2 repository"},
		"newer":     {map[string]string{"/p2/content.xml.xz": "x", "/p2/p2.index": "x"}, Warn, "no P2 repository"},
	} {
		s := p2Server(t, c.files)
		if r := runCheck(t, sampleHome(t, "api"), s.URL+"/p2", ""); r.Status != c.want || !strings.Contains(r.Message, c.part) || r.Fix == "" {
			t.Errorf("%s: %+v; want %q", name, r, c.part)
		}
	}
}

// What answers oddly is not told as a connection that could not be made.
func TestRepositoryThatAnswersOddly(t *testing.T) {
	for name, c := range map[string]struct{ answer, part, not string }{
		"corrupt gzip":          {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n\x1f\x8b\x08abc", "There is no P2 repository", ""},
		"header without an end": {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Much: "+strings.Repeat("b", 4000)+"\r\n", 200), "does not answer as a web server does", ""},
		"another protocol":      {"SSH-2.0-OpenSSH_9.2\r\n", "does not answer as a web server does", "SSH"},
		"closed at once":        {"", "does not answer as a web server does", ""},
		"redirect to a file":    {"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "neither https nor http", "passwd"},
		"control characters":    {"HTTP/1.1 302 Found\r\nLocation: http://x\x1b[31m/\r\nContent-Length: 0\r\n\r\n", "does not answer as a web server does", "\x1b"},
	} {
		r := runCheck(t, sampleHome(t, "api"), "http://"+rawServer(t, c.answer)+"/p2", "")
		if r.Status != Warn || !strings.Contains(r.Message, c.part) || c.not != "" && strings.Contains(r.Message, c.not) || r.Fix == "" {
			t.Errorf("%s: %+v; want %q", name, r, c.part)
		}
	}
}

// rawServer answers every request with the same bytes, and closes the connection.
func rawServer(t *testing.T, answer string) (address string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte(answer))
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// An https repository is reached through CONNECT, and the proxy answers for itself.
func TestProxyThatDoesNotConnect(t *testing.T) {
	for status, want := range map[int]string{http.StatusProxyAuthRequired: "the proxy wants a login", http.StatusForbidden: "does not let it through (HTTP status 403)"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		host, port, _ := net.SplitHostPort(s.Listener.Addr().String())
		r := runCheck(t, sampleHome(t, "api"), "https://p2.example.com/p2", fmt.Sprintf("proxy: {forward: {host: %q, port: %s}}\n", host, port))
		if r.Status != Warn || !strings.Contains(r.Message, want) {
			t.Errorf("%d: %+v", status, r)
		}
	}
}

func TestRepositoryThatDoesNotAnswer(t *testing.T) {
	s := p2Server(t, nil)
	s.Close()
	if r := runCheck(t, sampleHome(t, "api"), s.URL, ""); r.Status != Warn || !strings.Contains(r.Message, "nothing listens") {
		t.Errorf("%+v", r)
	}
}

func TestRepositoryIsTrustedAsTheServerTrusts(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("PK\x03\x04")) }))
	t.Cleanup(s.Close)
	r := runCheck(t, sampleHome(t, "api"), s.URL+"/p2", "")
	if r.Status != Warn || !strings.Contains(r.Message, "trust") {
		t.Errorf("%+v", r)
	}
	p := repositoryProbe{base: s.URL + "/p2", roots: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	if r := p.run(t.Context()); r.Status != OK {
		t.Errorf("%+v", r)
	}
	down := httptest.NewTLSServer(http.RedirectHandler("http://example.invalid/p2/content.jar", http.StatusFound))
	t.Cleanup(down.Close)
	p = repositoryProbe{base: down.URL, roots: down.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	if r := p.run(t.Context()); !strings.Contains(r.Message, "from https to plain http") {
		t.Errorf("%+v", r)
	}
}

func TestRepositoryThroughTheProxyOfTheAnswers(t *testing.T) {
	asked := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Host
		_, _ = w.Write([]byte("PK\x03\x04"))
	}))
	t.Cleanup(s.Close)
	host, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	proxy := fmt.Sprintf("proxy: {forward: {host: %s, port: %s}}\n", host, port)
	if r := runCheck(t, sampleHome(t, "api"), "http://p2.example.invalid/p2", proxy); !strings.Contains(r.Message, "it has content.jar") {
		t.Errorf("%+v", r)
	}
	if got := <-asked; got != "p2.example.invalid" {
		t.Errorf("the proxy was asked for %q", got)
	}
	if r := runCheck(t, sampleHome(t, "api"), "http://localhost:1/p2", proxy); !strings.Contains(r.Message, "nothing listens") {
		t.Errorf("localhost went through the proxy: %+v", r)
	}
}

func TestHostsThatAreReachedDirectly(t *testing.T) {
	const list = "localhost|127.*|[::1]|*.example.com"
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "a.Example.com": true, "example.com": false, "example.org": false, "": false} {
		if got := reachedDirectly(list, host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

func TestRepositoryOnThisMachine(t *testing.T) {
	dir := t.TempDir()
	if r := runCheck(t, sampleHome(t, "api"), "file://"+dir, ""); r.Status != Warn || !strings.Contains(r.Message, "no P2 repository") {
		t.Errorf("%+v", r)
	}
	setFile(t, dir, "content.xml", "<repository/>")
	if r := runCheck(t, sampleHome(t, "api"), "file://"+dir, ""); r.Status != OK {
		t.Errorf("%+v", r)
	}
}

func FuzzBundles(f *testing.F) {
	f.Add("#version=1\naxis2,1.0,../plugins/axis2_1.0.jar,4,true\n")
	f.Add("a,b,file:%zz,1,false\n\x00,,,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		p := profile{name: "default"}
		p.parse([]byte(text))
		for _, b := range p.bundles {
			if b.rel != "" && (!strings.HasPrefix(b.rel, "repository/") || strings.Contains(b.rel, "..") && strings.Contains(b.rel, "/../")) {
				t.Errorf("%q leads out of the home", b.rel)
			}
		}
		p.severalVersions()
		p.twice()
	})
}

func BenchmarkAuditFeatures(b *testing.B) {
	home := componentsHome(b)
	var lines strings.Builder
	for i := range 1000 {
		name := fmt.Sprintf("org.example.bundle%d_1.0.0", i)
		setFile(b, home, carbon.Plugins+"/"+name+".jar", "")
		fmt.Fprintf(&lines, "org.example.bundle%d,1.0.0,../plugins/%s.jar,4,true\n", i, name)
	}
	for _, name := range []string{"default", "store", "publisher", "gateway"} {
		setFile(b, home, strings.Replace(info, "/default/", "/"+name+"/", 1), lines.String())
	}
	in := openInstall(b, home)
	b.ResetTimer()
	for b.Loop() {
		features{}.Audit(NewWorkspace(in))
	}
}
