package steps

import (
	"strings"
	"testing"
)

// everyHome returns both samples, and the corpus where it is there.
func everyHome(t *testing.T) map[string]string {
	t.Helper()
	homes := map[string]string{"api": sampleHome(t, "api"), "servlet": sampleHome(t, "servlet")}
	if corpus, ok := corpusHome(t); ok {
		homes["corpus"] = corpus
	}
	return homes
}

func TestLogLevelChangesOnlyTheLevel(t *testing.T) {
	for name, home := range everyHome(t) {
		out := planTwice(t, home, "logs: {level: WARN}\n")
		if files := planFiles(out.Plan); len(files) != 1 || files[0] != "repository/conf/log4j.properties" {
			t.Fatalf("%s: changed %v", name, files)
		}
		d := out.Plan.Diff()[0]
		if d.Added != 1 || d.Removed != 1 {
			t.Errorf("%s: one line was to change:\n%s", name, d.Unified())
		}
		r, ok, err := readRootLogger(openHome(t, home))
		if err != nil || !ok || r.level != "WARN" || len(r.appenders) < 4 {
			t.Errorf("%s: root logger is %+v, %v", name, r, err)
		}
	}
}

func TestDebugIsAWarning(t *testing.T) {
	got := problems(t, sampleHome(t, "api"), "logs: {level: DEBUG}\n")
	if len(got) != 1 || got[0].Severity != Warning || !strings.Contains(got[0].Message, "slows down") {
		t.Errorf("%+v", got)
	}
}

func TestAuditOfTheRootLevel(t *testing.T) {
	for level, want := range map[string]Status{"ERROR": OK, "INFO": OK, "DEBUG": Warn, "ALL": Warn, "OFF": Fail, "info": OK} {
		home := sampleHome(t, "api")
		text := readFile(t, home, "repository/conf/log4j.properties")
		_, rest, _ := strings.Cut(text, "log4j.rootLogger=")
		old, _, _ := strings.Cut(rest, ",")
		replaceIn(t, home, "repository/conf/log4j.properties", "log4j.rootLogger="+old+",", "log4j.rootLogger="+level+",")
		if got := findings(t, home, 5)[0]; got.Status != want || got.Place.Line == 0 {
			t.Errorf("%s: %+v, want %s", level, got, want)
		}
	}
}

func TestAuditWithoutARootLogger(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, "repository/conf/log4j.properties", "log4j.rootLogger=", "log4j.notTheRootLogger=")
	if got := findings(t, home, 5)[0]; got.Status != Fail {
		t.Errorf("%+v", got)
	}
}

func TestTheOlderNameOfTheRootLogger(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, "repository/conf/log4j.properties", "log4j.rootLogger=", "log4j.rootCategory=")
	planTwice(t, home, "logs: {level: WARN}\n")
	if text := readFile(t, home, "repository/conf/log4j.properties"); !strings.Contains(text, "log4j.rootCategory=WARN, ") || strings.Contains(text, "rootLogger=") {
		t.Errorf("the level is not in rootCategory:\n%s", text)
	}
	if got := findings(t, home, 5)[0]; got.Status != OK {
		t.Errorf("%+v", got)
	}
}

func TestConsoleSettingsOfAStartedInstall(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, "repository/logs/wso2carbon.log", "started\n")
	out := buildPlan(t, home, "logs: {level: WARN}\n")
	if text := adviceLines(out.Advice); !strings.Contains(text, "discard every log level") {
		t.Errorf("advice: %s", text)
	}
}
