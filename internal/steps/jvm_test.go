package steps

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// guidelineJVM are the values of the guideline.
const guidelineJVM = "jvm: {heap_initial: 512m, heap_max: 2048m, permgen_max: 1024m}\n"

// java7 makes an install one of a machine with Java 7 and 8 GB of memory.
func java7(in *carbon.Install) {
	in.Java = carbon.Java{Home: "/opt/jdk1.7.0_80", Version: "1.7.0_80", Major: 7, Source: "the environment variable JAVA_HOME"}
	in.Host = carbon.Host{Name: "am01", Memory: 8 * gigabyte, OS: "linux"}
}

// withJava returns java7 with another Java.
func withJava(version string, major int) func(*carbon.Install) {
	return func(in *carbon.Install) {
		java7(in)
		in.Java.Version, in.Java.Major = version, major
	}
}

// withMemory returns java7 with other memory.
func withMemory(bytes uint64) func(*carbon.Install) {
	return func(in *carbon.Install) {
		java7(in)
		in.Host.Memory = bytes
	}
}

// withJavaOpts returns java7 with JAVA_OPTS in the environment.
func withJavaOpts(text string) func(*carbon.Install) {
	return func(in *carbon.Install) {
		java7(in)
		in.Env.JavaOpts = text
	}
}

// openAs opens a home on a machine of the test's choice.
func openAs(t testing.TB, home string, machine func(*carbon.Install)) *carbon.Install {
	t.Helper()
	in := openInstall(t, home)
	machine(in)
	return in
}

// planAs is buildPlan on a machine of the test's choice.
func planAs(t testing.TB, home, yaml string, machine func(*carbon.Install)) *Outcome {
	t.Helper()
	out, err := BuildPlan(t.Context(), openAs(t, home, machine), answersOf(t, yaml))
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		t.Fatalf("the answers are refused:\n%s", problemLines(invalid.Problems))
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// problemsAs is problems on a machine of the test's choice.
func problemsAs(t testing.TB, home, yaml string, machine func(*carbon.Install)) []Problem {
	t.Helper()
	out, err := BuildPlan(t.Context(), openAs(t, home, machine), answersOf(t, yaml))
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		return invalid.Problems
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Problems
}

// problemLines renders problems for golden files and comparisons.
func problemLines(all []Problem) string {
	var b strings.Builder
	for _, p := range all {
		fmt.Fprintf(&b, "%s %s: %s\n    %s\n", p.Severity, p.Key, p.Message, p.Fix)
	}
	return b.String()
}

// copyOf returns a copy of a home to bend, which is quicker than another sample with its new keys.
func copyOf(t testing.TB, home string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "home")
	copyTree(t, home, to)
	return to
}

// restores checks that values bring back the bytes that the files had before other values were applied. back is applied one after the other.
func restores(t *testing.T, which, change string, back ...string) {
	t.Helper()
	home := sampleHome(t, which)
	first := planAs(t, home, change, java7)
	applyNow(t, home, first.Plan)
	for _, yaml := range back {
		applyNow(t, home, planAs(t, home, yaml, java7).Plan)
	}
	for _, c := range first.Plan.Changes {
		if got := readFile(t, home, c.Path); got != string(c.Before) {
			t.Errorf("%s: %s is not as it was:\n%s", which, c.Path, got)
		}
	}
}

func statuses(results []Result, id string) []Status {
	var all []Status
	for _, r := range results {
		if r.ID == id {
			all = append(all, r.Status)
		}
	}
	return all
}

// only returns the one result with the id.
func only(t testing.TB, results []Result, id string) Result {
	t.Helper()
	var found []Result
	for _, r := range results {
		if r.ID == id {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("want one result %s, got %d:\n%s", id, len(found), resultLines(results))
	}
	return found[0]
}

func TestJVMPlan(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		golden(t, "jvm/"+which+".diff", planDiff(t, home, guidelineJVM))
		planTwice(t, home, guidelineJVM)
		restores(t, which, guidelineJVM, "jvm: {heap_initial: 256m, heap_max: 1024m, permgen_max: 256m}\n")
	}
}

func TestJVMPlanLeavesWhatIsEqualOrNotAsked(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, test := range []struct {
		name, yaml string
		files      int
	}{
		{"the same values", "jvm: {heap_initial: 256m, heap_max: 1024m, permgen_max: 256m}\n", 0},
		{"the same in other units", "jvm: {heap_initial: 262144k, heap_max: 1g}\n", 0},
		{"an empty section", "jvm: {}\n", 0},
		{"only the memory of another machine", "jvm: {host_memory: 16g}\n", 0},
		{"one value", "jvm: {heap_max: 2g}\n", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := planAs(t, sample, test.yaml, java7)
			if files := planFiles(out.Plan); len(files) != test.files {
				t.Errorf("files %v, want %d", files, test.files)
			}
		})
	}
}

// The start-up check of Carbon reads megabytes only.
func TestJVMPlanWritesMegabytes(t *testing.T) {
	home := sampleHome(t, "api")
	applyNow(t, home, planAs(t, home, "jvm: {heap_max: 2G}\n", java7).Plan)
	if text := readFile(t, home, carbon.ServerSH); !strings.Contains(text, "-Xmx2048m") {
		t.Error("2G is not written as 2048m")
	}
}

func TestJVMPermGenByJava(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, test := range []struct {
		version string
		major   int
		there   bool
	}{{"1.6.0_45", 6, true}, {"1.7.0_80", 7, true}, {"1.8.0_402", 8, true}, {"", 0, true}, {"11.0.2", 11, false}, {"17.0.1", 17, false}} {
		home := copyOf(t, sample)
		applyNow(t, home, planAs(t, home, guidelineJVM, withJava(test.version, test.major)).Plan)
		for _, rel := range []string{carbon.ServerSH, carbon.ServerBAT, carbon.WrapperConf} {
			if got := strings.Contains(readFile(t, home, rel), "-XX:MaxPermSize=1024m"); got != test.there {
				t.Errorf("Java %d: %s has MaxPermSize: %v, want %v", test.major, rel, got, test.there)
			}
		}
		if again := planAs(t, home, guidelineJVM, withJava(test.version, test.major)); !again.Plan.Empty() {
			t.Errorf("Java %d: planned again, %v change", test.major, planFiles(again.Plan))
		}
		if !test.there && strings.Contains(readFile(t, home, carbon.ServerSH), "PermSize") {
			t.Errorf("Java %d: an option of the PermGen is left", test.major)
		}
	}
}

// wso2server.sh does not start without JAVA_HOME: a newer Java on the PATH of whoever runs carbon-setup takes no PermGen from a server of Java 7.
func TestJVMPermGenStaysWithAJavaOnThePath(t *testing.T) {
	home := sampleHome(t, "api")
	onPath := func(in *carbon.Install) {
		withJava("17.0.15", 17)(in)
		in.Java.OnPath = true
	}
	out := planAs(t, home, guidelineJVM, onPath)
	applyNow(t, home, out.Plan)
	for _, rel := range []string{carbon.ServerSH, carbon.ServerBAT, carbon.WrapperConf} {
		if !strings.Contains(readFile(t, home, rel), "-XX:MaxPermSize=1024m") {
			t.Errorf("%s has no -XX:MaxPermSize=1024m", rel)
		}
	}
	if text := problemLines(out.Problems); !strings.Contains(text, "JAVA_HOME is set nowhere that can be seen from here") || strings.Contains(text, "taken out") {
		t.Errorf("problems:\n%s", text)
	}
	w := NewWorkspace(openAs(t, home, onPath))
	if r := only(t, auditOne(jvm{}, w), "CS-3.4"); r.Status != OK || !strings.Contains(r.Message, "1024m") {
		t.Errorf("audit: %s", resultLines([]Result{r}))
	}
	for _, r := range (jvm{}).Verify(w, answersOf(t, guidelineJVM)) {
		if r.Status != OK {
			t.Errorf("verify: %s", resultLines([]Result{r}))
		}
	}
	if again := planAs(t, home, guidelineJVM, onPath); !again.Plan.Empty() {
		t.Errorf("planned again, %v change", planFiles(again.Plan))
	}
}

func TestJVMAddsMissingOptions(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.ServerSH, "-Xms256m -Xmx1024m -XX:MaxPermSize=256m \\", "-Xmx1024m \\")
	replaceIn(t, home, carbon.WrapperConf, "wrapper.java.additional.2 = -Xms256m\n", "")
	replaceIn(t, home, carbon.WrapperConf, "wrapper.java.additional.4 = -XX:MaxPermSize=256m\n", "")
	planTwice(t, home, guidelineJVM)
	for rel, want := range map[string][]string{
		carbon.ServerSH:    {"-Xms512m", "-Xmx2048m", "-XX:MaxPermSize=1024m"},
		carbon.WrapperConf: {"wrapper.java.additional.12 = -Xms512m", "wrapper.java.additional.3 = -Xmx2048m", "wrapper.java.additional.13 = -XX:MaxPermSize=1024m"},
	} {
		text := readFile(t, home, rel)
		for _, option := range want {
			if strings.Count(text, option) != 1 {
				t.Errorf("%s: %q is there %d times:\n%s", rel, option, strings.Count(text, option), text)
			}
		}
	}
}

func TestJVMFilesThatAreNotThere(t *testing.T) {
	t.Run("those for Windows", func(t *testing.T) {
		home := sampleHome(t, "api")
		removeFile(t, home, carbon.ServerBAT)
		removeFile(t, home, carbon.WrapperConf)
		out := planTwice(t, home, guidelineJVM)
		if files := planFiles(out.Plan); len(files) != 1 || files[0] != carbon.ServerSH {
			t.Errorf("files %v", files)
		}
	})
	t.Run("one for Windows that is no script", func(t *testing.T) {
		home := sampleHome(t, "api")
		setFile(t, home, carbon.ServerBAT, "@echo off\r\n")
		out := buildPlan(t, home, guidelineJVM)
		if files := planFiles(out.Plan); len(files) != 2 {
			t.Errorf("files %v", files)
		}
		if text := problemLines(out.Problems); !strings.Contains(text, "warning jvm: bin/wso2server.bat cannot be used: ") {
			t.Errorf("problems:\n%s", text)
		}
	})
	t.Run("wso2server.sh", func(t *testing.T) {
		home := sampleHome(t, "api")
		removeFile(t, home, carbon.ServerSH)
		if why := leftOut(t, home, guidelineJVM, "jvm"); why != "bin/wso2server.sh is not there." {
			t.Errorf("left: %q", why)
		}
		if r := only(t, findings(t, home, 3), launchRule); r.Status != Unknown || !strings.Contains(r.Message, "bin/wso2server.sh is not there") {
			t.Errorf("audit: %s", resultLines([]Result{r}))
		}
	})
	t.Run("all", func(t *testing.T) {
		home := sampleHome(t, "api")
		for _, rel := range []string{carbon.ServerSH, carbon.ServerBAT, carbon.WrapperConf} {
			removeFile(t, home, rel)
		}
		out := buildPlan(t, home, guidelineJVM)
		if !out.Plan.Empty() || !strings.Contains(out.Left["jvm"], "none of the files that start the server") {
			t.Errorf("left %q, files %v", out.Left["jvm"], planFiles(out.Plan))
		}
	})
}

// jvmProblems are answers and machines, and golden jvm/problems.txt is what the operator reads.
func TestJVMProblems(t *testing.T) {
	sample := sampleHome(t, "api")
	var b strings.Builder
	for _, test := range []struct {
		name, yaml string
		machine    func(*carbon.Install)
		script     func(t *testing.T, home string)
	}{
		{name: "the guideline's values on 8 GB and Java 7", yaml: guidelineJVM, machine: java7},
		{name: "far too little", yaml: "jvm: {heap_initial: 2k, heap_max: 1m}\n", machine: java7},
		{name: "initial above maximum, in other units", yaml: "jvm: {heap_initial: 2049m, heap_max: 2g}\n", machine: java7},
		{name: "initial above the maximum of the script", yaml: "jvm: {heap_initial: 1025m}\n", machine: java7},
		{name: "maximum below the initial heap of the script", yaml: "jvm: {heap_max: 255m}\n", machine: java7},
		{name: "below the minimum of the product", yaml: "jvm: {heap_initial: 128m, heap_max: 256m, permgen_max: 128m}\n", machine: java7},
		{name: "more heap than memory", yaml: "jvm: {heap_max: 8g}\n", machine: java7},
		{name: "more heap than memory, for another machine", yaml: "jvm: {heap_max: 8g, host_memory: 16g}\n", machine: java7},
		{name: "not twice the heap", yaml: "jvm: {heap_max: 5g}\n", machine: java7},
		{name: "a machine sold with 4 GB", yaml: "jvm: {heap_max: 2g}\n", machine: withMemory(3924 * megabyte)},
		{name: "a control group", yaml: "jvm: {heap_max: 2g}\n", machine: func(in *carbon.Install) { java7(in); in.Host.Cgroup = 3 * gigabyte }},
		{name: "a small control group", yaml: "jvm: {heap_max: 2g}\n", machine: func(in *carbon.Install) { java7(in); in.Host.Cgroup = gigabyte }},
		{name: "unknown memory", yaml: "jvm: {heap_max: 2g}\n", machine: withMemory(0)},
		{name: "unknown Java", yaml: guidelineJVM, machine: func(in *carbon.Install) {
			java7(in)
			in.Java = carbon.Java{Problem: "No Java was found: JAVA_HOME is not set, and there is no java on the PATH."}
		}},
		{name: "Java 8", yaml: guidelineJVM, machine: withJava("1.8.0_402", 8)},
		{name: "Java 17", yaml: guidelineJVM, machine: withJava("17.0.1", 17)},
		{name: "Java 11 without an answer for the PermGen", yaml: "jvm: {heap_max: 2g}\n", machine: withJava("11.0.2", 11)},
		{name: "JAVA_OPTS", yaml: guidelineJVM, machine: withJavaOpts("-Xmx4g -Duser=x -Xmx6g")},
		{name: "JAVA_OPTS without memory", yaml: guidelineJVM, machine: withJavaOpts("-Duser.timezone=UTC")},
		{name: "JAVA_OPTS in the script", yaml: "jvm: {heap_max: 2g}\n", machine: java7, script: func(t *testing.T, home string) {
			replaceIn(t, home, carbon.ServerSH, "status=121\n", "status=121\nJAVA_OPTS=\"$JAVA_OPTS -Xmx3g\"\n")
		}},
	} {
		home := copyOf(t, sample)
		if test.script != nil {
			test.script(t, home)
		}
		fmt.Fprintf(&b, "# %s\n%s\n", test.name, problemLines(problemsAs(t, home, test.yaml, test.machine)))
	}
	golden(t, "jvm/problems.txt", b.String())
}

func TestJVMFieldDefaults(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, test := range []struct {
		name    string
		machine func(*carbon.Install)
		present [2]string
		want    []string // initial, max, PermGen
		from    string   // of the maximum
	}{
		{"8 GB", java7, [2]string{}, []string{"512m", "2048m", "1024m"}, "the guideline"},
		{"sold with 4 GB", withMemory(3924 * megabyte), [2]string{}, []string{"512m", "2048m", "1024m"}, "the guideline"},
		{"3 GB", withMemory(3 * gigabyte), [2]string{}, []string{"512m", "1536m", "768m"}, "the guideline, scaled to the 3 GB that this machine has"},
		{"1 GB", withMemory(gigabyte), [2]string{}, []string{"512m", "512m", "256m"}, "the guideline, scaled to the 1 GB that this machine has"},
		{"unknown", withMemory(0), [2]string{}, []string{"512m", "2048m", "1024m"}, "the guideline"},
		{"tuned", java7, [2]string{"-Xmx1024m", "-Xmx4g"}, []string{"512m", "4096m", "1024m"}, "the present value"},
		{"tuned too high", java7, [2]string{"-Xmx1024m", "-Xmx6g"}, []string{"512m", "2048m", "1024m"}, "the guideline"},
		{"Java 17", withJava("17.0.1", 17), [2]string{}, []string{"512m", "2048m"}, "the guideline"},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, sample)
			if test.present[0] != "" {
				replaceIn(t, home, carbon.ServerSH, test.present[0], test.present[1])
			}
			fields := jvm{}.Fields(NewWorkspace(openAs(t, home, test.machine)), answers.NewSet(Schema()))
			var got []string
			for _, f := range fields {
				got = append(got, f.Default)
			}
			if strings.Join(got, " ") != strings.Join(test.want, " ") || fields[1].DefaultFrom != test.from {
				t.Errorf("defaults %v from %q, want %v from %q", got, fields[1].DefaultFrom, test.want, test.from)
			}
			if now := fields[0].Now; now.Text != "256m" || now.Place.Line == 0 {
				t.Errorf("present value %+v", now)
			}
			for _, f := range fields {
				if p := f.Check(f.Default); p != nil {
					t.Errorf("the default of %s is refused: %s", f.Key, p.Message)
				}
			}
		})
	}
}

// The question about another machine's memory comes up when the heap does not fit.
func TestJVMAsksForTheOtherMachine(t *testing.T) {
	w := NewWorkspace(openAs(t, sampleHome(t, "api"), java7))
	for yaml, want := range map[string]bool{"jvm: {heap_max: 2g}\n": false, "jvm: {heap_max: 8g}\n": true, "jvm: {host_memory: 16g}\n": true} {
		asked := false
		for _, f := range (jvm{}).Fields(w, answersOf(t, yaml)) {
			asked = asked || f.Key == keyHostMemory
		}
		if asked != want {
			t.Errorf("%s: asked %v, want %v", yaml, asked, want)
		}
	}
}

func TestJVMAudit(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		in := openAs(t, home, java7)
		golden(t, "jvm/"+which+".audit", resultLines(jvm{}.Audit(NewWorkspace(in))))
		applyNow(t, home, planAs(t, home, guidelineJVM, java7).Plan)
		after := jvm{}.Audit(NewWorkspace(in))
		if StateOf(jvm{}, NewWorkspace(in), withGuideline(after, 3)) != Met {
			t.Errorf("%s: not met after the plan:\n%s", which, resultLines(after))
		}
	}
}

func withGuideline(results []Result, n int) []Result {
	for i := range results {
		results[i].Guideline = n
	}
	return results
}

func TestJVMAuditRules(t *testing.T) {
	sample := sampleHome(t, "api")
	for _, test := range []struct {
		name    string
		machine func(*carbon.Install)
		bend    func(t *testing.T, home string)
		id      string
		status  Status
		says    string
		at      string
	}{
		{"Java 5", withJava("1.5.0_22", 5), nil, javaRule, Fail, "does not start with it", ""},
		{"old Java 6", withJava("1.6.0_20", 6), nil, javaRule, Warn, "older than update 24", ""},
		{"Java 6", withJava("1.6.0_45", 6), nil, javaRule, OK, "1.6.0_45", ""},
		{"Java 8", withJava("1.8.0_402", 8), nil, javaRule, Warn, "unsupported", ""},
		{"Java 11", withJava("11.0.2", 11), nil, javaRule, Fail, "-Djava.endorsed.dirs", ""},
		{"Java on the PATH", func(in *carbon.Install) { java7(in); in.Java.OnPath = true }, nil, javaRule, Warn, "JAVA_HOME is not set", ""},
		{"no Java", func(in *carbon.Install) { java7(in); in.Java = carbon.Java{Problem: "No Java was found."} }, nil, javaRule, Unknown, "No Java was found.", ""},
		{"Java 17 and MaxPermSize", withJava("17.0.1", 17), nil, "CS-3.4", Fail, "does not start with it", "bin/wso2server.sh:88"},
		{"Java 11 and MaxPermSize", withJava("11.0.2", 11), nil, "CS-3.4", Warn, "ignores -XX:MaxPermSize=256m", "bin/wso2server.sh:88"},
		{"Java 8 and MaxPermSize", withJava("1.8.0_402", 8), nil, "CS-3.4", OK, "ignores -XX:MaxPermSize=256m", "bin/wso2server.sh:88"},
		{"no maximum", java7, inScript("-Xmx1024m ", ""), "CS-3.3", Warn, "has no -Xmx", "bin/wso2server.sh"},
		{"nonsense", java7, inScript("-Xmx1024m", "-Xmx1.5g"), "CS-3.3", Fail, "not a size that Java reads", "bin/wso2server.sh:88"},
		{"a variable", java7, inScript("-Xmx1024m", "-Xmx${HEAP}"), "CS-3.3", Unknown, "a variable decides", "bin/wso2server.sh:88"},
		{"initial above maximum", java7, inScript("-Xms256m", "-Xms2g"), orderRule, Fail, "Java does not start", "bin/wso2server.sh:88"},
		{"small machine, scaled", withMemory(2 * gigabyte), nil, "CS-3.3", OK, "1024m of the guideline scaled to this machine", "bin/wso2server.sh:88"},
		{"heap above memory", withMemory(gigabyte), nil, memoryRule, Fail, "does not fit into the 1 GB", "bin/wso2server.sh:88"},
		{"heap near memory", withMemory(1700 * megabyte), nil, memoryRule, Warn, "wants about 2 GB", "bin/wso2server.sh:88"},
		{"unknown memory", withMemory(0), nil, memoryRule, Unknown, "not known", "bin/wso2server.sh:88"},
		{"JAVA_OPTS", withJavaOpts("-Xmx4g"), nil, overrideRule, Warn, "JAVA_OPTS in this environment has -Xmx4g", ""},
		{"JAVA_OPTS counts for the memory", withJavaOpts("-Xmx9g"), nil, memoryRule, Fail, "A heap of 9g", ""},
		{"JAVA_OPTS and Java 17", func(in *carbon.Install) { withJava("17.0.1", 17)(in); in.Env.JavaOpts = "-XX:MaxPermSize=512m" }, nil, overrideRule, Fail, "does not start with it", ""},
		{"a variable in the script", java7, inScript("status=121\n", "status=121\nJAVA_OPTS=\"-Xmx3g $JAVA_OPTS\"\n"), overrideRule, Warn, "has -Xmx3g, which wins", "bin/wso2server.sh:"},
		{"a variable in a comment", java7, inScript("status=121\n", "status=121\n# JAVA_OPTS=\"-Xmx3g $JAVA_OPTS\"\n"), overrideRule, OK, "No JAVA_OPTS", ""},
		{"broken batch file", java7, func(t *testing.T, home string) { setFile(t, home, carbon.ServerBAT, "rem\r\n") }, launchRule, Unknown, "bin/wso2server.bat cannot be used", "bin/wso2server.bat"},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := copyOf(t, sample)
			if test.bend != nil {
				test.bend(t, home)
			}
			r := only(t, jvm{}.Audit(NewWorkspace(openAs(t, home, test.machine))), test.id)
			if r.Status != test.status || !strings.Contains(r.Message, test.says) || !strings.HasPrefix(r.Place.String(), test.at) {
				t.Errorf("got %swant %s %q at %q", resultLines([]Result{r}), test.status, test.says, test.at)
			}
			if (r.Status == Warn || r.Status == Fail) && (r.Fix == "" || r.Severity == 0) {
				t.Errorf("a finding without a fix or severity: %+v", r)
			}
		})
	}
}

func inScript(old, with string) func(t *testing.T, home string) {
	return func(t *testing.T, home string) { replaceIn(t, home, carbon.ServerSH, old, with) }
}

// On Windows the batch file is the one that counts.
func TestJVMAuditOnWindows(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.ServerBAT, "-Xmx1024m", "-Xmx3g")
	in := openAs(t, home, java7)
	in.Host.OS = "windows"
	if r := only(t, jvm{}.Audit(NewWorkspace(in)), "CS-3.3"); r.Status != OK || r.Place.File != carbon.ServerBAT {
		t.Errorf("got %s", resultLines([]Result{r}))
	}
}

func TestJVMVerify(t *testing.T) {
	home := sampleHome(t, "api")
	a := answersOf(t, guidelineJVM)
	for _, machine := range []func(*carbon.Install){java7, withJava("17.0.1", 17)} {
		before := jvm{}.Verify(NewWorkspace(openAs(t, home, machine)), a)
		if got := statuses(before, "CS-3.3"); len(got) != 3 || got[0] != Fail || got[2] != Fail {
			t.Errorf("before: %v", got)
		}
		out := planAs(t, home, guidelineJVM, machine)
		applyNow(t, home, out.Plan)
		for _, r := range (jvm{}).Verify(NewWorkspace(openAs(t, home, machine)), a) {
			if r.Status != OK || r.Guideline != 3 {
				t.Errorf("after: %s", resultLines([]Result{r}))
			}
		}
		home = sampleHome(t, "api")
	}
	applyNow(t, home, planAs(t, home, guidelineJVM, java7).Plan)
	if got := statuses(jvm{}.Verify(NewWorkspace(openAs(t, home, withJavaOpts("-Xms1g"))), a), overrideRule); len(got) != 1 || got[0] != Warn {
		t.Errorf("JAVA_OPTS: %v", got)
	}
}

func TestJVMAdvice(t *testing.T) {
	home := sampleHome(t, "api")
	if advice := planAs(t, home, guidelineJVM, java7).Advice; len(advice) != 0 {
		t.Errorf("nothing is to be done, and yet:\n%s", adviceLines(advice))
	}
	golden(t, "jvm/advice.txt", adviceLines(planAs(t, home, guidelineJVM, func(in *carbon.Install) {
		withJava("17.0.1", 17)(in)
		in.Env.JavaOpts = "-Xmx4g"
	}).Advice))
}

func TestCheckMemory(t *testing.T) {
	for text, want := range map[string]string{
		"512m": "", "2G": "", "1073741824": "",
		"512":      "512 without a letter means 512 bytes to Java, far too little to start. Write 512m if you mean megabytes.",
		"2 GB":     `"2 GB" is not a size that Java reads: it wants a whole number and one of the letters k, m and g, with no blank between. Write it like 2048m or 2g.`,
		"1,5g":     `"1,5g" is not a size that Java reads: it wants a whole number and one of the letters k, m and g, with no blank between. Write it like 2048m or 2g.`,
		"":         `"" is not a size that Java reads: it wants a whole number and one of the letters k, m and g, with no blank between. Write it like 2048m or 2g.`,
		"0m":       "0m is far too little for a Carbon server to start. Give at least 256m.",
		"2k":       "2k is far too little for a Carbon server to start. Give at least 256m.",
		"99999999": "",
	} {
		got := ""
		if p := checkMemory(text); p != nil {
			got = p.Message + " " + p.Fix
			if p.Severity != Error {
				t.Errorf("%q: severity %s", text, p.Severity)
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestParseMemory(t *testing.T) {
	for text, want := range map[string]uint64{
		"512m": 512 << 20, "512M": 512 << 20, "2g": 2 << 30, "2G": 2 << 30, "1024k": 1 << 20, "1048576": 1 << 20, "1t": 1 << 40, "0m": 0,
	} {
		if got, ok := parseMemory(text); !ok || got != want {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "m", "2 g", "2gb", "-1m", "1.5g", "0x10", "99999999999999999999g", "999999999999999999t", "2g;rm", "٢g"} {
		if got, ok := parseMemory(text); ok {
			t.Errorf("%q is read as %d", text, got)
		}
	}
	for bytes, want := range map[uint64]string{2 << 30: "2048m", 512 << 20: "512m", 1536 << 10: "1536k", 1000: "1000"} {
		if got := memoryText(bytes); got != want {
			t.Errorf("%d is written as %q", bytes, got)
		}
	}
}

// Blanks around a size do not count.
func TestParseMemoryTrims(t *testing.T) {
	if got, ok := parseMemory(" 2g "); !ok || got != 2<<30 {
		t.Errorf("%d, %v", got, ok)
	}
}

func FuzzParseMemory(f *testing.F) {
	for _, seed := range []string{"512m", "2g", "1048576", "1t", "x", "2 g"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		bytes, ok := parseMemory(text)
		if !ok {
			if checkMemory(text) == nil {
				t.Fatalf("%q is no size and is not refused", text)
			}
			return
		}
		if again, ok := parseMemory(memoryText(bytes)); !ok || again != bytes {
			t.Fatalf("%q is %d and comes back as %d", text, bytes, again)
		}
	})
}

// The corpus has no scripts: nothing can be told, and everything says so.
func TestJVMCorpus(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Log("no corpus here")
		return
	}
	in := openAs(t, home, java7)
	if ok, reason := (jvm{}).Applies(NewWorkspace(in)); ok || reason == "" {
		t.Errorf("applies %v, %q", ok, reason)
	}
	if m := heapMinimum(NewWorkspace(in), memoryOptions[1]); m.bytes != 512*megabyte || m.place.Line == 0 {
		t.Errorf("minimum of the maximum heap: %+v", m)
	}
}
