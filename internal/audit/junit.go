package audit

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"carbon-setup/internal/steps"
)

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Host     string      `xml:"hostname,attr"`
		Time     string      `xml:"timestamp,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit returns the audit as a JUnit report: a suite for each guideline, a case for each result. Findings fail; what could not be checked, or is waived, is
// skipped.
func (a *Audit) JUnit() ([]byte, error) {
	all := junitSuites{Name: a.Program + " audit of " + a.Home}
	for _, row := range a.Rows {
		suite := junitSuite{Name: fmt.Sprintf("%d. %s", row.Guideline, row.Title), Host: a.Host, Time: a.At.UTC().Format(time.RFC3339)}
		for _, e := range row.Entries {
			one := e.junit()
			suite.Tests++
			switch {
			case one.Failure != nil:
				suite.Failures++
			case one.Skipped != nil:
				suite.Skipped++
			}
			suite.Cases = append(suite.Cases, one)
		}
		all.Tests, all.Failures, all.Skipped = all.Tests+suite.Tests, all.Failures+suite.Failures, all.Skipped+suite.Skipped
		all.Suites = append(all.Suites, suite)
	}
	out, err := xml.MarshalIndent(all, "", " ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(out, '\n')...), nil
}

func (e Entry) junit() junitCase {
	one := junitCase{Class: e.ID, Name: e.Message, File: e.Place.File, Line: e.Place.Line}
	switch {
	case e.Waiver != nil:
		one.Skipped = &junitMessage{Message: e.Waiver.told()}
	case e.Status == steps.Unknown:
		one.Skipped = &junitMessage{Message: "could not be checked"}
	case e.Finding():
		text := []string{}
		if place := e.Place.String(); place != "" {
			text = append(text, "at "+place)
		}
		if e.Why != "" {
			text = append(text, "why: "+e.Why)
		}
		if e.Fix != "" {
			text = append(text, "fix: "+e.Fix)
		}
		one.Failure = &junitMessage{Message: e.Message, Type: e.Severity.String(), Text: strings.Join(text, "\n")}
	}
	return one
}
