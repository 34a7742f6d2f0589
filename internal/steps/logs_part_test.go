package steps

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

func log4j(t testing.TB, home string) *edit.Properties {
	t.Helper()
	p, err := openHome(t, home).Properties(carbon.Log4jProperties)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// addLog adds lines to the log4j.properties of a home.
func addLog(t testing.TB, home, lines string) {
	t.Helper()
	setFile(t, home, carbon.Log4jProperties, readFile(t, home, carbon.Log4jProperties)+"\n"+lines)
}

// TestLevelsAreReadAsLog4jDoes has what log4j 1.2 makes of each, as it does when it is run.
func TestLevelsAreReadAsLog4jDoes(t *testing.T) {
	for value, want := range map[string]struct {
		level string
		ok    bool
	}{
		"WARN": {"WARN", true}, "warn, A": {"WARN", true}, "WARN ": {"DEBUG", false}, "WARN , A": {"DEBUG", false}, "VERBOSE": {"DEBUG", false},
		"inherited": {"", true}, "null, A": {"", true}, ", A": {"", true}, "": {"", true}, "TRACE": {"TRACE", true}, "X#org.example.Level": {"X#org.example.Level", true},
	} {
		level, ok := logger{"x", edit.Entry{Value: value}}.level()
		if level != want.level || ok != want.ok {
			t.Errorf("%q: %q %v, want %+v", value, level, ok, want)
		}
	}
}

func TestLevelsOfLoggersKeepTheirAppenders(t *testing.T) {
	for name, home := range everyHome(t) {
		addLog(t, home, "log4j.logger.com.example.one=INFO,ATOMIKOS\nlog4j.category.com.example.one=DEBUG , ATOMIKOS\nlog4j.logger.com.example.two=, ATOMIKOS\nlog4j.logger.com.example.three=info\n")
		out := planTwice(t, home, "logs: {loggers: {com.example.one: warn, com.example.two: ERROR, com.example.three: INFO, com.example.four: DEBUG, com.example.five: INHERITED}}\n")
		text := readFile(t, home, carbon.Log4jProperties)
		for _, line := range []string{
			"log4j.logger.com.example.one=WARN,ATOMIKOS\n", "log4j.category.com.example.one=WARN, ATOMIKOS\n", "log4j.logger.com.example.two=ERROR, ATOMIKOS\n",
			"log4j.logger.com.example.three=info\n", "log4j.logger.com.example.four=DEBUG",
		} {
			if !strings.Contains(text, line) {
				t.Errorf("%s: %q is not there:\n%s", name, line, diffText(out.Plan))
			}
		}
		if strings.Contains(text, "com.example.five") {
			t.Errorf("%s: a logger without a line inherits already", name)
		}
		for _, r := range (logs{}).Verify(openHome(t, home), answersOf(t, "logs: {loggers: {com.example.one: warn, com.example.four: DEBUG, com.example.five: INHERITED}}\n")) {
			if r.Status != OK {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

func TestAnswersForLoggersAreJudged(t *testing.T) {
	for yaml, want := range map[string]string{
		"logs: {loggers: {org.example: LOUD}}\n":                       "does not know",
		"logs: {loggers: {\"org example\": WARN}}\n":                   "not the name",
		"logs: {loggers: {root: WARN}}\n":                              "answer of its own",
		"logs: {loggers: {org.example: TRACE}}\n":                      "inner life",
		"logs: {loggers: {AUDIT_LOG: ERROR}}\n":                        "audit log",
		"logs: {audit: {enabled: false}}\n":                            "who has done what",
		"logs: {audit: {enabled: true}, loggers: {AUDIT_LOG: WARN}}\n": "audit log",
		"logs: {syslog: {host: \"log.example.com:1514\"}}\n":           "port 514",
		"logs: {syslog: {host: log.example.com}}\n":                    "clear text",
		"logs: {syslog: {enabled: false, facility: USER}}\n":           "switched off",
		"logs: {audit: {rotation: size, max_size: 10MB}}\n":            "max_backups",
		"logs: {audit: {max_size: 10MB}}\n":                            "means nothing",
	} {
		if got := problems(t, sampleHome(t, "api"), yaml); len(got) == 0 || !strings.Contains(got[0].Message, want) {
			t.Errorf("%s: %+v; want %q", yaml, got, want)
		}
	}
	field := loggerField(logs{}.Specs()[1], openHome(t, sampleHome(t, "api")))
	for text, bad := range map[string]bool{"org.example=warn": false, "org.example": true, "org.example=LOUD": true, "": false} {
		if p := field.Check(text); (p != nil) != bad {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func TestLoggersLeftOnAreFound(t *testing.T) {
	home := sampleHome(t, "api")
	oneResult(t, findings(t, home, 5), "CS-5.3", OK, "No single logger")
	addLog(t, home, "log4j.logger.com.example.a=DEBUG\nlog4j.logger.com.example.b=WARN \nlog4j.logger.com.example.c=INFO\nlog4j.category.com.example.c=ERROR\n"+
		"log4j.logger.trace.messages=TRACE,TRACE_APPENDER\nlog4j.additivity.trace.messages=false\n#log4j.logger.com.example.d=TRACE\n")
	got := findings(t, home, 5)
	oneResult(t, got, "CS-5.3", Warn, "com.example.a is at DEBUG")
	oneResult(t, got, "CS-5.4", Warn, "has a blank behind it")
	oneResult(t, got, "CS-5.4", Warn, "com.example.c has two levels")
	if text := resultLines(got); strings.Contains(text, "example.d") || strings.Contains(text, "trace.messages") {
		t.Errorf("a comment, or a log apart from the others, is a finding:\n%s", text)
	}
	for range 30 {
		addLog(t, home, "log4j.logger.com.example.many"+strings.Repeat("x", len(readFile(t, home, carbon.Log4jProperties))%97)+"=DEBUG\n")
	}
	if n := strings.Count(resultLines(findings(t, home, 5)), "CS-5.3"); n > maxToldLoggers {
		t.Errorf("%d loggers are told one by one", n)
	}
}

func TestAuditLogIsSwitchedOn(t *testing.T) {
	on := "logs: {audit: {enabled: true}}\n"
	for name, bend := range map[string]func(home string){
		"as shipped": func(string) {},
		"no logger": func(home string) {
			replaceIn(t, home, carbon.Log4jProperties, "log4j.logger.AUDIT_LOG=", "#log4j.logger.AUDIT_LOG=")
		},
		"off": func(home string) {
			replaceIn(t, home, carbon.Log4jProperties, "log4j.logger.AUDIT_LOG=INFO", "log4j.logger.AUDIT_LOG=OFF")
		},
		"no appender": func(home string) {
			text := readFile(t, home, carbon.Log4jProperties)
			lines := slices.DeleteFunc(strings.SplitAfter(text, "\n"), func(line string) bool { return strings.HasPrefix(line, "log4j.appender.AUDIT_LOGFILE") })
			setFile(t, home, carbon.Log4jProperties, strings.Join(lines, ""))
		},
		"threshold": func(home string) { addLog(t, home, "log4j.appender.AUDIT_LOGFILE.threshold=ERROR\n") },
	} {
		home := sampleHome(t, "api")
		bend(home)
		before := readTrail(log4j(t, home)).recorded()
		if (name == "as shipped") != before {
			t.Errorf("%s: recorded %v before", name, before)
		}
		if !before {
			oneResult(t, findings(t, home, 5), "CS-5.5", Fail, "audit log")
		}
		planTwice(t, home, on)
		if !readTrail(log4j(t, home)).recorded() {
			t.Errorf("%s: still not recorded", name)
		}
		oneResult(t, findings(t, home, 5), "CS-5.5", OK, "audit.log")
		if r := (logs{}).Verify(openHome(t, home), answersOf(t, on)); len(r) != 1 || r[0].Status != OK {
			t.Errorf("%s: %+v", name, r)
		}
	}
	home := sampleHome(t, "api")
	planTwice(t, home, "logs: {audit: {enabled: false}}\n")
	if readTrail(log4j(t, home)).recorded() {
		t.Error("it is not off")
	}
}

func TestAuditLogThatEveryoneCanRead(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, auditPath, "x\n")
	if err := os.Chmod(filepath.Join(home, filepath.FromSlash(auditPath)), 0o644); err != nil {
		t.Fatal(err)
	}
	oneResult(t, findings(t, home, 5), "CS-5.5", Warn, "Every user")
}

func TestAuditLogRotatesApart(t *testing.T) {
	home := sampleHome(t, "api")
	yaml := "logs: {rotation: size, max_size: 10MB, max_backups: 5, audit: {rotation: size, max_size: 20MB, max_backups: 100}}\n"
	planTwice(t, home, yaml)
	text := readFile(t, home, carbon.Log4jProperties)
	for _, line := range []string{"AUDIT_LOGFILE.MaxFileSize=20MB", "AUDIT_LOGFILE.MaxBackupIndex=100", "CARBON_LOGFILE.MaxBackupIndex=5"} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is not there", line)
		}
	}
	for _, r := range (rotation{}).Verify(openHome(t, home), answersOf(t, yaml)) {
		if r.Status != OK {
			t.Errorf("%+v", r)
		}
	}
	planTwice(t, home, "logs: {audit: {rotation: daily}}\n")
	if f := readTrail(log4j(t, home)).file; !f.daily() {
		t.Errorf("%+v", f)
	}
	planTwice(t, home, "logs: {rotation: size, max_size: 10MB, max_backups: 5, audit: {rotation: same}}\n")
	if f := readTrail(log4j(t, home)).file; !f.rolls() {
		t.Errorf("%+v", f)
	}
}

func TestSyslog(t *testing.T) {
	for name, home := range everyHome(t) {
		before := readFile(t, home, carbon.Log4jProperties)
		planTwice(t, home, "logs: {syslog: {host: localhost, facility: LOCAL3, threshold: ERROR}}\n")
		s := readSyslog(log4j(t, home))
		if !s.sends() || s.sendTo() != "localhost" || s.facility.Value != "LOCAL3" || s.threshold.Value != "ERROR" {
			t.Errorf("%s: %+v", name, s)
		}
		planTwice(t, home, "logs: {syslog: {enabled: false}}\n")
		if s := readSyslog(log4j(t, home)); s.sends() || !s.attached {
			t.Errorf("%s: %+v", name, s)
		}
		setFile(t, home, carbon.Log4jProperties, before)
		var lines []string
		for line := range strings.Lines(before) { // a file that never had it
			if !strings.HasPrefix(line, "log4j.appender.CARBON_SYS_LOG") {
				lines = append(lines, strings.ReplaceAll(line, ", CARBON_SYS_LOG", ""))
			}
		}
		setFile(t, home, carbon.Log4jProperties, strings.Join(lines, ""))
		if buildPlan(t, home, "logs: {syslog: {enabled: false}}\n").Plan.Empty() == false {
			t.Errorf("%s: there is nothing to switch off", name)
		}
		planTwice(t, home, "logs: {syslog: {host: 127.0.0.1}}\n")
		if s := readSyslog(log4j(t, home)); !s.sends() || s.threshold.Value != "WARN" {
			t.Errorf("%s: %+v", name, s)
		}
		for _, r := range (logs{}).Verify(openHome(t, home), answersOf(t, "logs: {syslog: {host: 127.0.0.1}}\n")) {
			if r.Status != OK {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

func TestSyslogHostIsFound(t *testing.T) {
	for host, want := range map[string]Status{"localhost": OK, "log.example.com": Warn, "localhost:1514": Fail, "a b": Fail} {
		home := sampleHome(t, "api")
		planTwice(t, home, "logs: {syslog: {host: localhost}}\n")
		addLog(t, home, "log4j.appender.CARBON_SYS_LOG.SyslogHost="+host+"\n")
		oneResult(t, findings(t, home, 5), "CS-5.6", want, "")
	}
}

func TestSyslogHostIsLookedUp(t *testing.T) {
	for host, want := range map[string]Status{"localhost": OK, "127.0.0.1": OK, "no-such-host.invalid": Fail} {
		checks := logs{}.Checks(openHome(t, sampleHome(t, "api")), answersOf(t, "logs: {syslog: {host: "+host+"}}\n"))
		if len(checks) != 1 {
			t.Fatalf("%d checks", len(checks))
		}
		if r := checks[0].Run(t.Context()); r.Status != want {
			t.Errorf("%s: %+v", host, r)
		}
	}
}

func TestRoomForTheLogs(t *testing.T) {
	home := sampleHome(t, "api")
	planTwice(t, home, rotateBySize+"")
	s, err := measureLogs(openHome(t, home))
	if err != nil || s.logs < 3 || s.bounded < int64(s.logs)*(10<<20) || s.days != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	now := time.Now()
	for i, name := range []string{"http_access_2026-01-01.log", "http_access_2026-01-11.log"} {
		rel := carbon.LogsDir + "/" + name
		setFile(t, home, rel, strings.Repeat("x", 1<<20))
		if err := os.Chtimes(filepath.Join(home, filepath.FromSlash(rel)), now, now.Add(time.Duration(i)*240*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	s, err = measureLogs(openHome(t, home))
	if err != nil || s.days != 10 || s.perDay != 2<<20/10 {
		t.Errorf("%+v, %v", s, err)
	}
	s.hasSpace, s.free = true, 1<<20
	if s.fits() {
		t.Error("a megabyte is not enough")
	}
	oneResult(t, findings(t, home, 16), "CS-16.4", OK, "a day (over 10 days)")
}

func TestLogrotateTakesTheSnippet(t *testing.T) {
	home := sampleHome(t, "api")
	setFile(t, home, carbon.LogsDir+"/wso2carbon-trace-messages.log", "x\n")
	setFile(t, home, carbon.LogsDir+"/wso2carbon.log.2026-01-01", "x\n")
	out := buildPlan(t, home, "logs: {access_log: single}\n")
	var snippet *Attachment
	for _, ad := range out.Advice {
		for i := range ad.Attachments {
			if strings.HasPrefix(ad.Attachments[i].Name, "/etc/logrotate.d/") {
				snippet = &ad.Attachments[i]
			}
		}
	}
	if snippet == nil {
		t.Fatal("there is none")
	}
	for _, want := range []string{"http_access_.log\"", "patches.log\"", "wso2carbon-trace-messages.log\"", "copytruncate", "su "} {
		if !strings.Contains(snippet.Content, want) {
			t.Errorf("%s is not in it:\n%s", want, snippet.Content)
		}
	}
	if strings.Contains(snippet.Content, "2026-01-01") || strings.Contains(snippet.Content, "wso2carbon.log\"") {
		t.Errorf("it has what is rotated already:\n%s", snippet.Content)
	}
	bin := logrotateProgram()
	if bin == "" {
		t.Log("logrotate is not on this machine: the snippet was not given to it")
		return
	}
	dir := t.TempDir()
	setFile(t, dir, "snippet", snippet.Content)
	text, err := exec.CommandContext(t.Context(), bin, "-d", "-s", filepath.Join(dir, "state"), filepath.Join(dir, "snippet")).CombinedOutput()
	if err != nil || strings.Contains(string(text), "error:") {
		t.Errorf("logrotate -d: %v\n%s", err, text)
	}
}

// Root runs the file, and the names of logs come from a folder that the server's user writes to.
func TestLogrotateIsNotLedByNames(t *testing.T) {
	home := sampleHome(t, "api")
	odd := []string{"evil\"\n}\n\"x.log", "a {.log", "[a]*.log", "a\\b.log", "esc\x1b[31m.log"}
	for _, name := range append(odd, "plain one.log") {
		setFile(t, home, carbon.LogsDir+"/"+name, "x\n")
	}
	text := ""
	for _, ad := range buildPlan(t, home, "logs: {access_log: single}\n").Advice {
		for _, at := range ad.Attachments {
			text += ad.Text + "\n" + at.Content
		}
	}
	for _, name := range []string{"evil", "a {", "[a]", "a\\b", "esc\x1b"} {
		if strings.Contains(text, name) {
			t.Errorf("%q is in it:\n%s", name, text)
		}
	}
	if !strings.Contains(text, "plain one.log\"\n") || !strings.Contains(text, "Left out: 5 files in repository/logs") {
		t.Errorf("%s", text)
	}
}

func TestAdviceTellsHowTheAuditLogIsKept(t *testing.T) {
	for yaml, want := range map[string]string{
		rotateBySize: "limited like the others",
		"logs: {level: INFO, rotation: size, max_size: 10MB, max_backups: 20, audit: {rotation: size, max_size: 5MB, max_backups: 99}}\n": "a limit of its own (5MB, 99 old files)",
		"logs: {level: INFO, rotation: size, max_size: 10MB, max_backups: 20, audit: {rotation: daily}}\n":                                "one file a day, and none is deleted",
	} {
		if text := adviceLines(buildPlan(t, sampleHome(t, "api"), yaml).Advice); strings.Count(text, want) != 1 || want != "limited like the others" && strings.Contains(text, "limited like") {
			t.Errorf("%s: %s", yaml, text)
		}
	}
}

func logrotateProgram() string {
	for _, path := range []string{"logrotate", "/usr/sbin/logrotate"} {
		if bin, err := exec.LookPath(path); err == nil {
			return bin
		}
	}
	return ""
}

func TestLogsGolden(t *testing.T) {
	yaml := "logs: {loggers: {org.apache.synapse: WARN, com.example: INFO}, audit: {rotation: size, max_size: 10MB, max_backups: 100}, syslog: {host: localhost, facility: LOCAL0, threshold: WARN}}\n"
	golden(t, "logs/part.diff", planDiff(t, sampleHome(t, "api"), yaml))
	golden(t, "logs/part-servlet.diff", planDiff(t, sampleHome(t, "servlet"), yaml))
	golden(t, "logs/audit.txt", resultLines(findings(t, sampleHome(t, "api"), 5)))
}
