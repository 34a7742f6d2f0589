package audit

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	at      = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	install = &carbon.Install{Home: "/opt/wso2 am|1", Product: "WSO2 API Manager", Version: "1.8.0", Kernel: "4.2.0", Host: carbon.Host{Name: "am01"}}
)

// nasty is markup for every form of report; it must come out as text.
const nasty = `<script>alert("x")</script> & *stars* _under_ | [link](http://x) ` + "`code`" + ` ]]> 'q'`

func results() []steps.Result {
	place := func(file string, line int) carbon.Place { return carbon.Place{File: file, Line: line} }
	return []steps.Result{
		{ID: "CS-1.1", Guideline: 1, Status: steps.Fail, Severity: steps.Error, Place: place("repository/conf/user-mgt.xml", 24), Message: "The default password is in use.", Why: "Everybody knows it.", Fix: "Change it."},
		{ID: "CS-1.2", Guideline: 1, Status: steps.OK, Message: "No copies."},
		{ID: "CS-2.1", Guideline: 2, Status: steps.Warn, Severity: steps.Warning, Place: place("a b/ü#1.xml", 3), Message: nasty, Why: nasty, Fix: nasty},
		{ID: "CS-2.1", Guideline: 2, Status: steps.OK, Message: "Another place."},
		{ID: "CS-6.1", Guideline: 6, Status: steps.Warn, Severity: steps.Warning, Place: place("repository/conf/datasources/master-datasources.xml", 17), Message: "Embedded H2 database: WSO2_CARBON_DB.", Why: "w", Fix: "f"},
		{ID: "CS-6.1", Guideline: 6, Status: steps.Warn, Severity: steps.Warning, Place: place("repository/conf/datasources/master-datasources.xml", 38), Message: "Embedded H2 database: WSO2AM_DB.", Why: "w", Fix: "f"},
		{ID: "CS-10.5", Guideline: 10, Status: steps.Warn, Severity: steps.Note, Message: "In clear."},
		{ID: "CS-11.7", Guideline: 11, Status: steps.OK, Fact: true, Message: "A port."},
		{ID: "CS-11.8", Guideline: 11, Status: steps.Unknown, Message: "Cannot be seen."},
		{ID: "CS-12.0", Guideline: 12, Status: steps.OK, Message: "There is no such thing here."},
	}
}

const waiverFile = `version: 1
waivers:
  local-registry:
    finding: CS-6.1
    file: repository/conf/*/master-datasources.xml
    says: WSO2_CARBON_DB
    reason: The shared registry is mounted.
    by: ops
    until: "2027-03-31"
  over:
    finding: CS-1.1
    reason: later
    until: "2026-11-21"
  last-day:
    finding: CS-10.5
    reason: until tonight
    until: "2026-11-22"
  stale:
    finding: CS-9.3
    reason: gone
    until: "2027-01-01"
  hidden:
    finding: CS-11.8
    reason: seen on another day
    until: "2027-01-01"
`

func example(t *testing.T) *Audit {
	t.Helper()
	waivers, err := ParseWaivers("waivers.yaml", []byte(waiverFile))
	if err != nil {
		t.Fatal(err)
	}
	return New(install, results(), waivers, at, "carbon-setup 1.0")
}

func TestScores(t *testing.T) {
	a := example(t)
	want := map[int]string{1: "40", 2: "50", 6: "50", 10: "-", 11: "-", 12: "-"}
	for _, row := range a.Rows {
		if w := want[row.Guideline]; w != "" && row.points() != w {
			t.Errorf("guideline %d: %s, want %s", row.Guideline, row.points(), w)
		}
	}
	if got, ok := a.Score(); got != 47 || !ok {
		t.Errorf("in all: %d %v", got, ok)
	}
	if got, ok := New(install, nil, nil, at, "").Score(); ok {
		t.Errorf("nothing was judged, and yet %d", got)
	}
	for share, want := range map[float64]int{0: 0, 0.004: 0, 0.5: 50, 0.997: 99, 1: 100} {
		if got := percentOf(share); got != want {
			t.Errorf("%v: %d", share, got)
		}
	}
}

func TestWaivers(t *testing.T) {
	a := example(t)
	c := a.Count()
	if c != (Count{Findings: 3, OK: 4, Unknown: 1, Waived: 2}) {
		t.Errorf("%+v", c)
	}
	notes := strings.Join(a.Notes, "\n")
	for _, want := range []string{
		"over (waivers.yaml:11:14) has run out on 2026-11-21", "last-day (waivers.yaml:15:14) runs out on 2026-11-22", "stale (waivers.yaml:19:14) fits no finding of CS-9.3: take it out",
		"hidden (waivers.yaml:23:14) fits no finding of CS-11.8, but not all of that rule could be checked",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("not told: %s\n%s", want, notes)
		}
	}
	if strings.Contains(notes, "local-registry") {
		t.Error(notes)
	}
}

func TestBadWaivers(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "The file is empty",
		"version: 1\nwaiver: {}\n": "waivers",
		"version: 1\nwaivers:\n  a: {finding: CS-6.1, until: \"2027-01-01\"}\n":                                    "reason",
		"version: 1\nwaivers:\n  a: {finding: CS-6.1, reason: x}\n":                                                "until",
		"version: 1\nwaivers:\n  a: {finding: CS-17.1, reason: x, until: \"2027-01-01\"}\n":                        `"CS-17.1" is no id`,
		"version: 1\nwaivers:\n  a: {finding: CS-6.0, reason: x, until: \"2027-01-01\"}\n":                         `"CS-6.0" is no id`,
		"version: 1\nwaivers:\n  a: {finding: CS-6.1, reason: x, until: tomorrow}\n":                               `"tomorrow" is no day`,
		"version: 1\nwaivers:\n  a: {finding: CS-6.1, reason: \" \", until: \"2027-02-30\"}\n":                     `"2027-02-30" is no day`,
		"version: 1\nwaivers:\n  a: {finding: CS-6.1, file: \"[\", reason: x, until: \"2027-01-01\"}\n":            "no pattern",
		"version: 1\nwaivers:\n  a: {finding: CS-6.1, because: y, reason: x, until: \"2027-01-01\"}\n":             "because",
		"version: 1\nwaivers:\n  a: {finding: CS-6.1, reason: x, until: \"2027-01-01\"}\n  a: {finding: CS-6.2}\n": "second time",
	} {
		_, err := ParseWaivers("w.yaml", []byte(text))
		var faults *answers.FaultsError
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestForms holds the reports as they are, and that each is well-formed and has every result.
func TestForms(t *testing.T) {
	a := example(t)
	html, err := a.HTML()
	check(t, err)
	sarif, err := a.SARIF()
	check(t, err)
	junit, err := a.JUnit()
	check(t, err)
	var text bytes.Buffer
	check(t, a.WriteText(&text))
	for name, data := range map[string][]byte{"report.html": html, "report.sarif": sarif, "report.xml": junit, "report.md": a.Markdown(), "report.txt": text.Bytes()} {
		golden(t, name, data)
		for _, r := range results() {
			if !bytes.Contains(data, []byte(r.ID)) {
				t.Errorf("%s: %s is not in it", name, r.ID)
			}
		}
		if name != "report.txt" && name != "report.sarif" && bytes.Contains(data, []byte("<script")) {
			t.Errorf("%s: markup of a message is markup of the report", name)
		}
	}
	if !json.Valid(sarif) {
		t.Error("the SARIF log is no JSON")
	}
	if all, some := bytes.Count(sarif, []byte(`"ruleId"`)), bytes.Count(sarif, []byte(`"suppressions"`)); all != some {
		t.Errorf("%d results and %d with suppressions: all have to have them, or none", all, some)
	}
	plain, err := New(install, results(), nil, at, "carbon-setup 1.0").SARIF()
	check(t, err)
	if bytes.Contains(plain, []byte(`"suppressions"`)) {
		t.Error("there are suppressions without a waiver")
	}
	if err := xml.Unmarshal(junit, new(junitSuites)); err != nil {
		t.Error(err)
	}
	for _, foreign := range []string{"http://", "https://", "src=", "@import", "url(", "javascript:", "onload"} {
		if i := bytes.Index(html, []byte(foreign)); i >= 0 && !strings.Contains(string(html[max(0, i-40):i]), "[link](") {
			t.Errorf("the page loads something: %s", html[i:min(len(html), i+40)])
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		check(t, os.MkdirAll("testdata", 0o755))
		check(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and look at the difference:\n%s", name, got)
	}
}

// TestNoReportCommandsATerminal puts what a terminal obeys into every text of a result.
func TestNoReportCommandsATerminal(t *testing.T) {
	const bad = "a\x1b[2J\u009b\u202eb\tc\r\nd"
	a := New(install, []steps.Result{{
		ID: "CS-5.1", Guideline: 5, Status: steps.Warn, Severity: steps.Warning, Place: carbon.Place{File: bad, Line: 1}, Message: bad, Why: bad, Fix: bad,
	}}, nil, at, "carbon-setup 1.0")
	html, err := a.HTML()
	check(t, err)
	sarif, err := a.SARIF()
	check(t, err)
	junit, err := a.JUnit()
	check(t, err)
	var text bytes.Buffer
	check(t, a.WriteText(&text))
	for name, data := range map[string][]byte{"html": html, "sarif": sarif, "junit": junit, "markdown": a.Markdown(), "text": text.Bytes()} {
		if i := bytes.IndexAny(data, "\x1b\u009b\u202e\r\t"); i >= 0 {
			t.Errorf("%s: %q", name, data[max(0, i-30):i+5])
		}
		if !bytes.Contains(data, []byte("CS-5.1")) {
			t.Errorf("%s: the finding is gone", name)
		}
	}
}

// BenchmarkReports makes each form from an audit of the size of a real one.
func BenchmarkReports(b *testing.B) {
	var many []steps.Result
	for i := range 150 {
		r := results()[i%10]
		r.Message = fmt.Sprintf("%s (%d)", r.Message, i)
		many = append(many, r)
	}
	a := New(install, many, nil, at, "carbon-setup 1.0")
	forms := map[string]func() ([]byte, error){"html": a.HTML, "sarif": a.SARIF, "junit": a.JUnit, "markdown": func() ([]byte, error) { return a.Markdown(), nil }}
	for name, form := range forms {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := form(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
