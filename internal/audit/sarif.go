package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"carbon-setup/internal/steps"
)

// SARIF 2.1.0, as far as an audit has something to say.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Invocations []sarifInvocation        `json:"invocations"`
		Bases       map[string]sarifArtifact `json:"originalUriBaseIds"`
		Results     []sarifResult            `json:"results"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string     `json:"id"`
		Short sarifText  `json:"shortDescription"`
		Help  *sarifText `json:"help,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful bool   `json:"executionSuccessful"`
		End        string `json:"endTimeUtc"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifResult struct {
		Rule         string            `json:"ruleId"`
		Index        int               `json:"ruleIndex"`
		Kind         string            `json:"kind"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		// Suppressions is nil in a run without waivers. In one with waivers no result may be without, says SARIF 2.1.0: those that are not waived have none in it.
		Suppressions *[]sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifRegion struct {
		Line int `json:"startLine"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
)

const sarifHome = "HOME"

// SARIF returns the audit as one SARIF 2.1.0 log: findings fail, what could not be checked is open, what is in order passes, and a waiver is a suppression.
// Paths are relative to the home.
func (a *Audit) SARIF() ([]byte, error) {
	run := sarifRun{Results: []sarifResult{}}
	name, version, _ := strings.Cut(a.Program, " ")
	run.Tool.Driver = sarifDriver{Name: name, Version: version, Rules: []sarifRule{}}
	run.Invocations = []sarifInvocation{{true, a.At.UTC().Format(time.RFC3339)}}
	home := url.URL{Scheme: "file", Path: path.Join("/", a.Home) + "/"}
	run.Bases = map[string]sarifArtifact{sarifHome: {URI: home.String()}}
	waived := a.Count().Waived > 0
	rules := map[string]int{}
	for _, row := range a.Rows {
		for _, e := range row.Entries {
			i, known := rules[e.ID]
			if !known {
				i = len(run.Tool.Driver.Rules)
				rules[e.ID] = i
				run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: e.ID, Short: sarifText{fmt.Sprintf("Guideline %d: %s", row.Guideline, row.Title)}})
			}
			if rule := &run.Tool.Driver.Rules[i]; rule.Help == nil && e.Why != "" {
				rule.Help = &sarifText{strings.TrimSpace(e.Why + " " + e.Fix)}
			}
			result := e.sarif(i)
			if waived && result.Suppressions == nil {
				result.Suppressions = &[]sarifSuppression{}
			}
			run.Results = append(run.Results, result)
		}
	}
	log := sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
	return json.MarshalIndent(log, "", " ")
}

func (e Entry) sarif(rule int) sarifResult {
	sum := sha256.Sum256([]byte(e.ID + "\x00" + e.Place.File + "\x00" + e.Message))
	r := sarifResult{
		Rule: e.ID, Index: rule, Kind: "fail", Level: "none", Message: sarifText{strings.TrimSpace(e.Message + " " + e.fixText())},
		Fingerprints: map[string]string{"carbonSetup/v1": hex.EncodeToString(sum[:16])},
	}
	switch e.Status {
	case steps.OK:
		r.Kind = "pass"
	case steps.Unknown:
		r.Kind = "open"
	case steps.Warn, steps.Fail:
		r.Level = map[steps.Severity]string{steps.Note: "note", steps.Error: "error"}[e.Severity]
		if r.Level == "" {
			r.Level = "warning"
		}
	}
	if e.Place.File != "" {
		where := sarifPhysical{Artifact: sarifArtifact{URI: (&url.URL{Path: e.Place.File}).String(), Base: sarifHome}}
		if path.IsAbs(e.Place.File) {
			where.Artifact = sarifArtifact{URI: (&url.URL{Scheme: "file", Path: e.Place.File}).String()}
		}
		if e.Place.Line > 0 {
			where.Region = &sarifRegion{e.Place.Line}
		}
		r.Locations = []sarifLocation{{where}}
	}
	if e.Waiver != nil {
		r.Suppressions = &[]sarifSuppression{{"external", "accepted", e.Waiver.told()}}
	}
	return r
}

// fixText is what to do about a finding.
func (e Entry) fixText() string {
	if wrong(e.Result) {
		return e.Fix
	}
	return ""
}
