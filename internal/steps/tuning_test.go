package steps

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

const production = "tuning: {profile: production}\n"

func TestTuningSpecs(t *testing.T) {
	if err := Schema().Check(); err != nil {
		t.Fatal(err)
	}
	for _, s := range tuningSettings {
		if s.label == "" || s.help == "" || s.most <= s.least || s.page != none && !s.byMachine && (s.page < s.least || s.page > s.most) {
			t.Errorf("%+v", s)
		}
		if _, ok := s.read(s.example()); !ok {
			t.Errorf("%s: the example is %q", s.key, s.example())
		}
	}
}

// verifyTuning judges a home against answers as after an apply.
func verifyTuning(t *testing.T, home, yaml string) []Result {
	t.Helper()
	return tuning{}.Verify(openHome(t, home), answersOf(t, yaml))
}

// ruleNumber is the last number of an id: 9 of "CS-9.9".
func ruleNumber(id string) int {
	n := 0
	for _, c := range id[strings.LastIndexByte(id, '.')+1:] {
		n = n*10 + int(c-'0')
	}
	return n
}

func TestTuningPlan(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		golden(t, "tuning/"+which+".diff", diffText(planTwice(t, home, production).Plan))
		for _, r := range verifyTuning(t, home, production) {
			if r.Status != OK {
				t.Errorf("%s: %+v", which, r)
			}
		}
		for _, r := range findings(t, home, 9) {
			if ruleNumber(r.ID) >= 9 && (r.Status == Warn || r.Status == Fail) {
				t.Errorf("%s: still found: %s", which, r.Message)
			}
		}
	}
}

func TestTuningVerifyTellsWhatIsNotThere(t *testing.T) {
	all := verifyTuning(t, sampleHome(t, "api"), production)
	if !slices.ContainsFunc(all, func(r Result) bool {
		return r.Status == Fail && r.Message == "maxThreads of the connector on port 9763 should be 750 and is 250." && r.Place.Line > 0 && r.Guideline == 9
	}) {
		t.Errorf("%s", resultLines(all))
	}
}

func TestTuningOnCorpus(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Skip("the corpus is not here")
	}
	out := planTwice(t, home, production)
	if got := planFiles(out.Plan); !slices.Equal(got, []string{carbon.Axis2Client, carbon.CatalinaXML}) {
		t.Errorf("changes %v", got)
	}
	for _, s := range tuningSites(openHome(t, home)) {
		if s.short() || !s.known && s.setting.key != "tuning.worker_pool.io_threads" {
			t.Errorf("%s %s is %s", s.where, s.name, s.shown())
		}
	}
}

func TestTuningKeepsFilesAlone(t *testing.T) {
	home := sampleHome(t, "api")
	const keep = "tuning: {profile: keep}\n"
	if out := buildPlan(t, home, keep); !out.Plan.Empty() {
		t.Errorf("changes %v", planFiles(out.Plan))
	}
	got := problemLines(problems(t, home, "tuning: {profile: keep, connector: {max_threads: 300}}\n"))
	if !strings.Contains(got, "error tuning.connector.max_threads: The profile keep leaves the files as they are") {
		t.Errorf("%s", got)
	}
	setFile(t, home, carbon.PassThroughProperties, "a=\\u12\n")
	if out := buildPlan(t, home, keep); !out.Plan.Empty() || len(out.Unplanned) != 0 {
		t.Errorf("changes %v, left %v", planFiles(out.Plan), out.Left)
	}
}

func TestTuningNeverLowersUnasked(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.CatalinaXML, `maxThreads="250"`, `maxThreads="900"`)
	replaceIn(t, home, carbon.CatalinaXML, `maxKeepAliveRequests="200"`, `maxKeepAliveRequests="-1"`)
	replaceIn(t, home, carbon.PassThroughProperties, "worker_pool_size_core=400\nworker_pool_size_max=500", "worker_pool_size_core=800\nworker_pool_size_max=850\nworker_pool_queue_length=1000")
	out := planTwice(t, home, production)
	diff := diffText(out.Plan)
	for _, kept := range []string{"-                maxThreads", "maxKeepAliveRequests=\"600\"", "passthru-http.properties"} {
		if strings.Contains(diff, kept) {
			t.Errorf("%s in\n%s", kept, diff)
		}
	}
	text := adviceLines(out.Advice)
	for _, want := range []string{"Kept as they are", "maxThreads 900 (750, repository/conf/tomcat/catalina-server.xml:", "worker_pool_size_core 800 (400", "maxKeepAliveRequests -1 (600"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the advice:\n%s", want, text)
		}
	}
	const lower = "tuning: {profile: production, connector: {max_threads: 800}}\n"
	if got := problemLines(problems(t, home, lower)); strings.Count(got, "is lowered from 900 to 800") != 2 || strings.Contains(got, "error") {
		t.Errorf("%s", got)
	}
	if diff := diffText(planTwice(t, home, lower).Plan); !strings.Contains(diff, "maxThreads lowered from 900, as answered") || !strings.Contains(diff, `+                maxThreads="800"`) {
		t.Errorf("%s", diff)
	}
}

// tuningProblems are what the step says of answers by itself.
func tuningProblems(t *testing.T, home, yaml string) string {
	t.Helper()
	return problemLines(tuning{}.Validate(openHome(t, home), answersOf(t, yaml)))
}

func TestTuningProblems(t *testing.T) {
	home := sampleHome(t, "api")
	for _, c := range []struct{ yaml, want string }{
		{"{profile: production}", ""},
		{"{profile: production, connector: {max_threads: 0}}", `error tuning.connector.max_threads: "0" cannot be used: it must be a whole number between 10 and 20000.`},
		{"{profile: production, nodes: 0}", "error tuning.nodes: "},
		{"{profile: production, database: {connections: -5}}", "error tuning.database.connections: "},
		{"{profile: production, worker_pool: {queue_length: -2}}", "error tuning.worker_pool.queue_length: "},
		{"{profile: production, worker_pool: {size_core: 700}}", ""}, // the maximum follows
		{"{profile: production, worker_pool: {size_core: 700, size_max: 600}}", "error tuning.worker_pool.size_core: repository/conf/passthru-http.properties: worker_pool_size_core would be 700, more than 600"},
		{"{profile: production, connector: {min_spare_threads: 800}}", "error tuning.connector.min_spare_threads: the connector on port 9763: minSpareThreads would be 800, more than 750"},
		{"{profile: production, connector: {max_threads: 100}}", "error tuning.connector.max_threads: the connector on port 9763: minSpareThreads would be 150, more than 100"},
		{"{profile: production, nio: {threads_core: 300}}", "warning tuning.nio.threads_core: NIO transport: snd_t_core, lst_t_core: this install has nothing that reads it."},
		{"{profile: production, pool: {max_active: 60}}", "warning tuning.pool.max_active: "},
	} {
		got := tuningProblems(t, home, "tuning: "+c.yaml+"\n")
		if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s:\n%s", c.yaml, got)
		}
	}
	for _, bad := range []string{"{connector: {max_threads: 800}}", "{profile: fast}", "{profile: production, worker_pool: {core: 3}}", "{profile: production, connector: {max_threads: many}}"} {
		if _, _, err := answers.Parse("a.yaml", []byte("version: 1\ntuning: "+bad+"\n"), Schema()); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestTuningFollowingMaximum(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, "tuning: {profile: production, worker_pool: {size_core: 700}}\n")
	if text := readFile(t, home, carbon.PassThroughProperties); !strings.Contains(text, "worker_pool_size_core=700\nworker_pool_size_max=700\n") {
		t.Errorf("%s", text)
	}
}

// What the files do not say is the default of the product; what is more is written where the server reads it.
func TestTuningInsertsWhatIsMissing(t *testing.T) {
	home := sampleHome(t, "api")
	text := readFile(t, home, carbon.CatalinaXML)
	for _, gone := range []string{"maxThreads=\"250\"\n", "minSpareThreads=\"50\"\n", "acceptCount=\"200\"\n", "maxKeepAliveRequests=\"200\"\n"} {
		text = strings.ReplaceAll(text, "                "+gone, "")
	}
	setFile(t, home, carbon.CatalinaXML, text)
	setFile(t, home, carbon.PassThroughProperties, "# nothing\nio_buffer_size=16384\n")
	replaceIn(t, home, carbon.Axis2Client, `<parameter name="defaultMaxConnPerHost">500</parameter>`, `<!--parameter name="defaultMaxConnPerHost">500</parameter-->`)
	planTwice(t, home, production)
	for rel, want := range map[string][]string{
		carbon.CatalinaXML:           {`port="9763"`, `maxThreads="750"`, `minSpareThreads="150"`, `acceptCount="600"`, `maxKeepAliveRequests="600"`},
		carbon.PassThroughProperties: {"worker_pool_size_core=400", "worker_pool_size_max=500"},
		carbon.Axis2Client:           {`<parameter name="defaultMaxConnPerHost">1000</parameter>`, `<parameter name="maxTotalConnections">30000</parameter>`},
	} {
		text, at := readFile(t, home, rel), 0
		for _, w := range want {
			i := strings.Index(text[at:], w)
			if i < 0 {
				t.Errorf("%s: no %s, or not in its place:\n%s", rel, w, text)
				break
			}
			at += i
		}
	}
	if text := readFile(t, home, carbon.PassThroughProperties); strings.Contains(text, "queue") || strings.Contains(text, "io_threads") {
		t.Errorf("defaults are written, too:\n%s", text)
	}
}

func TestTuningExecutorAndOddValues(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.CatalinaXML, `port="9763"`, `port="9763" executor="pool"`)
	text := readFile(t, home, carbon.CatalinaXML)
	i := strings.LastIndex(text, `maxThreads="250"`)
	setFile(t, home, carbon.CatalinaXML, text[:i]+`maxThreads="${threads}"`+text[i+len(`maxThreads="250"`):])
	planTwice(t, home, production)
	after := readFile(t, home, carbon.CatalinaXML)
	if strings.Count(after, `maxThreads="250"`) != 1 || !strings.Contains(after, `maxThreads="${threads}"`) {
		t.Errorf("%s", after)
	}
	if got := resultLines(findings(t, home, 9)); !strings.Contains(got, `It cannot be told what the connector on port 9443 has: maxThreads is "${threads}"`) {
		t.Errorf("%s", got)
	}
	shrink := strings.ReplaceAll(readFile(t, home, carbon.CatalinaXML), `minSpareThreads="150"`, `minSpareThreads="15"`)
	setFile(t, home, carbon.CatalinaXML, shrink)
	if got := resultLines(findings(t, home, 9)); !strings.Contains(got, `minSpareThreads is 15 (150). It cannot be told of the rest: maxThreads is "${threads}".`) {
		t.Errorf("%s", got)
	}
	const left = `maxThreads of the connector on port 9443 is left as it is: "${threads}" is no plain value`
	out := planTwice(t, home, production)
	if text := adviceLines(out.Advice); !strings.Contains(text, left) {
		t.Errorf("%s", text)
	}
	if got := resultLines((tuning{}).Verify(openHome(t, home), answersOf(t, production))); !strings.Contains(got, left) || strings.Contains(got, "The pools are as") {
		t.Errorf("%s", got)
	}
	planTwice(t, home, "tuning: {profile: production, connector: {max_threads: 760}}\n")
	if after := readFile(t, home, carbon.CatalinaXML); !strings.Contains(after, `maxThreads="760"`) || strings.Contains(after, "${threads}") {
		t.Errorf("%s", after)
	}
}

// Of two parameters of one name Axis2 takes the later one.
func TestTuningParameterThatStandsTwice(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, carbon.Axis2Client, "<axisconfig name=\"x\">\n<parameter name=\"maxTotalConnections\">40000</parameter>\n<!--parameter name=\"maxTotalConnections\">1</parameter-->\n"+
		"<parameter name=\"maxTotalConnections\">70</parameter>\n<parameter name=\"defaultMaxConnPerHost\">2000</parameter>\n</axisconfig>\n")
	if got := resultLines(findings(t, home, 9)); !strings.Contains(got, carbon.Axis2Client+":4: Less than the tuning pages want") || !strings.Contains(got, "maxTotalConnections is 70 (30000)") {
		t.Errorf("%s", got)
	}
	planTwice(t, home, production)
	if after := readFile(t, home, carbon.Axis2Client); !strings.Contains(after, ">40000<") || !strings.Contains(after, ">30000<") || strings.Contains(after, ">70<") {
		t.Errorf("%s", after)
	}
}

func TestTuningNIO(t *testing.T) {
	home := sampleHome(t, "api")
	axis2 := readFile(t, home, carbon.Axis2XML)
	setFile(t, home, carbon.Axis2XML, strings.ReplaceAll(axis2, "org.apache.synapse.transport.passthru.PassThroughHttp", "org.apache.synapse.transport.nhttp.HttpCoreNIO"))
	setFile(t, home, carbon.NHTTPProperties, "http.tcp.nodelay=1\n#snd_t_core=20\nlst_t_core=300\nlst_t_max=300\n")
	out := planTwice(t, home, production)
	if got, want := readFile(t, home, carbon.NHTTPProperties), "http.tcp.nodelay=1\n#snd_t_core=20\nlst_t_core=300\nlst_t_max=300\nsnd_t_core=200\nsnd_t_max=250\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if slices.Contains(planFiles(out.Plan), carbon.PassThroughProperties) {
		t.Error("a file that no transport reads is changed")
	}
	removeFile(t, home, carbon.NHTTPProperties)
	if out := buildPlan(t, home, production); len(out.Unplanned) != 0 {
		t.Errorf("left out: %v", out.Left)
	}
}

func TestTuningFileInTheWay(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, carbon.CatalinaXML, "<Server><Service>")
	if why := leftOut(t, home, production, "tuning"); !strings.Contains(why, carbon.CatalinaXML) {
		t.Errorf("%q", why)
	}
	if got := resultLines(findings(t, home, 9)); !strings.Contains(got, "CS-9.16 unknown repository/conf/tomcat/catalina-server.xml") {
		t.Errorf("%s", got)
	}
	if os.Geteuid() == 0 {
		return
	}
	home = sampleHome(t, "api")
	if err := os.Chmod(filepath.Join(home, carbon.SynapseProperties), 0); err != nil {
		t.Fatal(err)
	}
	if why := leftOut(t, home, production, "tuning"); !strings.Contains(why, carbon.SynapseProperties) {
		t.Errorf("%q", why)
	}
}

func TestTuningFields(t *testing.T) {
	w := openHome(t, sampleHome(t, "api"))
	keys := func(yaml string) []string {
		var all []string
		for _, f := range (tuning{}).Fields(w, answersOf(t, yaml)) {
			all = append(all, f.Key)
		}
		return all
	}
	if got := keys("tuning: {profile: keep}\n"); !slices.Equal(got, []string{keyTuningProfile}) {
		t.Errorf("kept: %v", got)
	}
	got := keys(production)
	for _, want := range []string{keyTuningProfile, "tuning.connector.max_threads", "tuning.worker_pool.size_core", "tuning.synapse.threads_max", "tuning.client.connections"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not asked: %v", want, got)
		}
	}
	for _, not := range []string{"tuning.nio.threads_core", "tuning.pool.max_active", keyDatabaseConnections} {
		if slices.Contains(got, not) {
			t.Errorf("%s is asked, of an install without", not)
		}
	}
	for _, f := range (tuning{}).Fields(w, answersOf(t, production)) {
		if f.Check != nil && f.Default != "" && f.Check(f.Default) != nil {
			t.Errorf("%s proposes %q and refuses it", f.Key, f.Default)
		}
		if f.Key == "tuning.connector.max_threads" && (f.Default != "750" || f.DefaultFrom != "the tuning pages" || f.Now.Text != "250" || f.Now.Place.Line == 0 || f.Check("x") == nil) {
			t.Errorf("%+v", f)
		}
		if f.Key == "tuning.worker_pool.size_core" && (f.Default != "400" || f.DefaultFrom != "the present value") {
			t.Errorf("%+v", f)
		}
	}
}
