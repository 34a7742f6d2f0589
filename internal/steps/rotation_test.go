package steps

import (
	"strings"
	"testing"
)

func TestFileSizeIsLog4js(t *testing.T) {
	for text, want := range map[string]int64{
		"10MB": 10 << 20, "1000KB": 1000 << 10, "1gb": 1 << 30, "10 MB": 0, "10": 0, "10M": 0, "": 0, "-1MB": 0, "9999999999MB": 0,
	} {
		got, ok := fileSizeBytes(text)
		if got != want || ok != (want != 0) {
			t.Errorf("%q: %d, %v; want %d", text, got, ok, want)
		}
	}
}

func TestRotationValues(t *testing.T) {
	for text, want := range map[string]string{
		"10MB": "", "10 MB": "not a size", "1KB": "so small", "3GB": "few tools",
	} {
		p := checkFileSize(text)
		if (p == nil) != (want == "") || p != nil && !strings.Contains(p.Message, want) {
			t.Errorf("size %q: %v; want %q", text, p, want)
		}
	}
	for text, want := range map[string]string{"20": "", "0": "throws a full log away", "-3": "not a number", "x": "not a number", "5000": "too many"} {
		p := checkBackups(text)
		if (p == nil) != (want == "") || p != nil && !strings.Contains(p.Message, want) {
			t.Errorf("backups %q: %v; want %q", text, p, want)
		}
	}
}

const rotateBySize = "logs: {rotation: size, max_size: 10MB, max_backups: 20}\n"

func TestRotationBySizeLimitsEveryLogThatGrows(t *testing.T) {
	for name, home := range everyHome(t) {
		planTwice(t, home, rotateBySize)
		p, err := openHome(t, home).Properties("repository/conf/log4j.properties")
		if err != nil {
			t.Fatal(err)
		}
		apps := fileAppenders(p)
		if len(apps) < 3 {
			t.Fatalf("%s: only %d appenders found", name, len(apps))
		}
		for _, a := range apps {
			if r := auditAppender(p, a); r.Status != OK {
				t.Errorf("%s: %s: %+v", name, a.Name, r)
			}
		}
		main, _ := mainLog(openHome(t, home))
		size, _ := p.Get(main.key("MaxFileSize"))
		backups, _ := p.Get(main.key("MaxBackupIndex"))
		if main.Class.Value != rollingClass || size.Value != "10MB" || backups.Value != "20" {
			t.Errorf("%s: %s %s %s", name, main.Class.Value, size.Value, backups.Value)
		}
	}
}

func TestRotationGolden(t *testing.T) {
	golden(t, "rotation/size.diff", planDiff(t, sampleHome(t, "api"), rotateBySize))
	golden(t, "rotation/size-servlet.diff", planDiff(t, sampleHome(t, "servlet"), rotateBySize))
	golden(t, "rotation/audit.txt", resultLines(findings(t, sampleHome(t, "api"), 16)))
}

func TestRotationKeepsWhatIsLimitedAlready(t *testing.T) {
	home := sampleHome(t, "api")
	before := readFile(t, home, "repository/conf/log4j.properties")
	planTwice(t, home, rotateBySize)
	after := readFile(t, home, "repository/conf/log4j.properties")
	for line := range strings.Lines(before) {
		if strings.HasPrefix(line, "log4j.appender.SERVICE_APPENDER") && !strings.Contains(after, line) {
			t.Errorf("changed: %s", line)
		}
	}
}

func TestRotationBackToDaily(t *testing.T) {
	home := sampleHome(t, "servlet")
	planTwice(t, home, rotateBySize)
	planTwice(t, home, "logs: {rotation: daily}\n")
	main, ok := mainLog(openHome(t, home))
	if !ok || !main.daily() {
		t.Errorf("%+v", main)
	}
	if text := readFile(t, home, "repository/conf/log4j.properties"); strings.Contains(text, main.key("MaxFileSize")) {
		t.Error("MaxFileSize is still there, and a daily appender has none")
	}
}

func TestRotationNeedsItsNumbers(t *testing.T) {
	home := sampleHome(t, "api")
	for yaml, want := range map[string]string{
		"logs: {rotation: size}\n":                               "max_size",
		"logs: {rotation: size, max_size: 10MB}\n":               "max_backups",
		"logs: {max_size: 10MB}\n":                               "without logs.rotation",
		"logs: {rotation: daily}\n":                              "never deleted",
		"logs: {rotation: size, max_size: 5, max_backups: 20}\n": "not a size",
	} {
		if got := problems(t, home, yaml); len(got) == 0 || !strings.Contains(got[0].Message, want) {
			t.Errorf("%s: %+v; want %q", yaml, got, want)
		}
	}
}

func TestAccessLogForLogrotateAndBack(t *testing.T) {
	for name, home := range everyHome(t) {
		before := readFile(t, home, "repository/conf/tomcat/catalina-server.xml")
		out := planTwice(t, home, "logs: {access_log: single}\n")
		text := adviceLines(out.Advice)
		for _, ad := range out.Advice {
			for _, f := range ad.Attachments {
				text += f.Content
			}
		}
		if !strings.Contains(text, "copytruncate") || !strings.Contains(text, "http_access_.log") {
			t.Errorf("%s: no logrotate snippet: %s", name, text)
		}
		v, err := accessLogValve(openHome(t, home))
		if err != nil || v == nil {
			t.Fatal(v, err)
		}
		if rotatable, _ := v.Attr("rotatable"); rotatable != "false" {
			t.Errorf("%s: rotatable=%q", name, rotatable)
		}
		planTwice(t, home, "logs: {access_log: daily}\n")
		if after := readFile(t, home, "repository/conf/tomcat/catalina-server.xml"); after != before {
			t.Errorf("%s: going back does not restore the bytes", name)
		}
	}
}

func TestBackupIndexZeroIsAFinding(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, rotateBySize)
	replaceIn(t, home, "repository/conf/log4j.properties", "CARBON_LOGFILE.MaxBackupIndex=20", "CARBON_LOGFILE.MaxBackupIndex=0")
	for _, r := range findings(t, home, 16) {
		if r.ID == "CS-16.1" && r.Status == Fail && strings.Contains(r.Message, "thrown away") {
			return
		}
	}
	t.Error("MaxBackupIndex=0 throws logs away and was not found")
}
