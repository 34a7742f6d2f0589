package steps

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ruleRow is a row of the document of rules: id, guideline, worst severity, meaning.
var ruleRow = regexp.MustCompile(`(?m)^\| (CS-(\d+)\.(\d+)) \| (\d+) ([^|]+) \| (error|warning|note|-) \| ([^|]+\.) \|$`)

// goneRule is an id that is no longer used.
var goneRule = regexp.MustCompile(`(?m)^- (CS-\d+\.\d+) `)

func ruleDocument(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "audit-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRulesAreDocumented holds the ids in the sources and docs/audit-rules.md together: whoever keeps an id in a waiver can look up what it means.
func TestRulesAreDocumented(t *testing.T) {
	documented := documentedRules(t)
	used := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources here: %v", err)
	}
	literal := regexp.MustCompile(`"(CS-[0-9]+\.[0-9]+)"`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
			used[m[1]] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(used)) {
		if _, ok := documented[id]; !ok {
			t.Errorf("%s is not in docs/audit-rules.md", id)
		}
	}
	for _, m := range goneRule.FindAllStringSubmatch(ruleDocument(t), -1) {
		if used[m[1]] {
			t.Errorf("%s is gone, and a step uses it again", m[1])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(documented)) {
		if !used[id] {
			t.Errorf("docs/audit-rules.md has %s, which no step has: list it among those that are gone", id)
		}
	}
}

// TestFindingsAreNoWorseThanDocumented audits what is shipped: no finding is worse than its row says, and each says why it matters and what to do.
func TestFindingsAreNoWorseThanDocumented(t *testing.T) {
	documented := documentedRules(t)
	homes := []string{sampleHome(t, "api"), sampleHome(t, "servlet")}
	if corpus, ok := corpusHome(t); ok {
		homes = append(homes, corpus)
	}
	findings := 0
	for _, home := range homes {
		for _, r := range RunAudit(t.Context(), openHome(t, home)) {
			if r.Status != Warn && r.Status != Fail {
				continue
			}
			findings++
			if r.Severity > documented[r.ID] {
				t.Errorf("%s is of severity %s: %s", r.ID, r.Severity, r.Message)
			}
			if r.Why == "" || r.Fix == "" {
				t.Errorf("%s says not why it matters (%q) or what to do (%q): %s", r.ID, r.Why, r.Fix, r.Message)
			}
		}
	}
	if findings == 0 {
		t.Error("nothing was found in installs as they are shipped")
	}
}

// documentedRules reads the table: the worst severity of each id, 0 for a rule without findings.
func documentedRules(t *testing.T) map[string]Severity {
	t.Helper()
	text := ruleDocument(t)
	titles := map[string]string{}
	for _, s := range All() {
		titles[fmt.Sprint(s.Info().Guideline)] = s.Info().Title
	}
	severities := map[string]Severity{"error": Error, "warning": Warning, "note": Note}
	rules := map[string]Severity{}
	rows := ruleRow.FindAllStringSubmatch(text, -1)
	if lines := strings.Count(text, "\n| CS-"); lines != len(rows) {
		t.Errorf("%d of %d rows of the table are as they should be", len(rows), lines)
	}
	for _, m := range rows {
		id, ofID, guideline, title := m[1], m[2], m[4], m[5]
		if _, twice := rules[id]; twice {
			t.Errorf("%s stands in the table twice", id)
		}
		if ofID != guideline || titles[guideline] != title {
			t.Errorf("%s is of guideline %s (%s), and the table says %s %s", id, ofID, titles[ofID], guideline, title)
		}
		rules[id] = severities[m[6]]
	}
	return rules
}
