package plain

import (
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// walk goes from the list through all guidelines to the word.
var walk = []string{
	"",                                     // the list: begin
	"opsadmin", secretWord, secretWord, "", // the administrator
	"am01.example.com", "", "1", "", "t", "", // the host name, with a prefix and checks
	"3", "", // ports: 3, accepted
	"d", "a", texts.ApplyWord, // the review
	"", "q", // the result, the list
}

func TestWalkFromTheListToTheUndo(t *testing.T) {
	home := sampleHome(t)
	before := tree(t, home)
	eng := openEngine(t, standInConfig(t, home))
	out, end := converse(t, eng, walk...)
	golden(t, "walk", out)
	if end.End != flow.EndApplied || end.Applied == nil || end.Applied.Err != nil || end.Saved {
		t.Fatalf("outcome %+v", end)
	}
	data, err := os.ReadFile(filepath.Join(home, carbon.CarbonXML))
	if err != nil || !strings.Contains(string(data), "<HostName>am01.example.com</HostName>") {
		t.Errorf("carbon.xml was not changed: %v", err)
	}
	says(t, out, "undo", end.Applied.Undo, "report", "log")
	closeEngine(t, eng)
	if _, _, err := apply.Restore(t.Context(), home, apply.RestoreOptions{Options: apply.Options{System: apply.Real()}, Run: end.Applied.Result.Run}); err != nil {
		t.Fatal(err)
	}
	if tree(t, home) != before {
		t.Error("the undo does not give back what was")
	}
}

// TestEndOfInputAtEveryPromptWritesNothing cuts the walk after every line before the word.
func TestEndOfInputAtEveryPromptWritesNothing(t *testing.T) {
	home := sampleHome(t)
	before := tree(t, home)
	word := 0
	for walk[word] != texts.ApplyWord {
		word++
	}
	for n := range word + 1 {
		for _, rest := range []string{"", texts.ApplyWord[:4]} { // a line that is cut off is no answer
			eng, err := flow.Open(t.Context(), standInConfig(t, home))
			if err != nil {
				t.Fatal(err)
			}
			in := strings.NewReader(strings.Join(walk[:n], "\n") + strings.Repeat("\n", min(n, 1)) + rest)
			var out strings.Builder
			end, err := Run(t.Context(), Config{Engine: eng, In: in, Out: &out, Getenv: func(string) string { return "" }})
			if err != nil || end.End != flow.EndLeft || end.Applied != nil {
				t.Errorf("after %d lines: %+v, %v", n, end, err)
			}
			if n > 1 && !end.Saved {
				t.Errorf("after %d lines there is nothing to resume", n)
			}
			onlyLines(t, out.String(), true)
			if !strings.HasSuffix(out.String(), "\n") {
				t.Errorf("after %d lines the output ends inside a line: %q", n, out.String()[max(0, out.Len()-40):])
			}
			closeEngine(t, eng)
			if tree(t, home) != before {
				t.Fatalf("after %d lines the install is changed", n)
			}
			if err := os.RemoveAll(filepath.Join(home, apply.StateDir)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestBackKeepsDrafts(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	out, end := converse(t, eng,
		"3", "??", "am01.example.com", "", "b", "b", // back to the second and the first question
		"b", "3", // to the list: what was typed is kept
		"a_b", "b", "3", // what cannot be used, too
		"", "am01", "mgt.example.com", "", "b", "=", "", // left empty after all
		"2", "am01", "", "1", "", "am02.example.com", "", "2", "", // refused, then a warning, then not so sure
		"b", "b", "b", "b", "b", // back to the list is always possible
	)
	golden(t, "back", out)
	if end.End != flow.EndLeft || !end.Saved {
		t.Errorf("outcome %+v", end)
	}
}

func TestAnswersThatRestOnOthersAreToBeCheckedAgain(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	out, _ := converse(t, eng,
		"4", "1", "2g", "", "", // a profile, accepted
		"b", "3", "am02.example.com", "", "", "", // another host name: the profile rested on it
		"b", "4", "", "", "", "", // looked at, and accepted again
		"b",
	)
	golden(t, "check-again", out)
}

func TestAnswersThatCannotBeUsed(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	out, _ := converse(t, eng,
		"7", "s", "?", "s 99", "x y", "2", "apply", "4", // the list; not built; a guideline with choices
		"4", "a machine", "?", "??", "large", "one gigabyte", "-1", "2g", "\x1b[A", "a\tb\xff", "am02, am03", // all its kinds
		"9", "0", "??", "1", "A Small Machine", "3", "=", "?", "", // accepted; by word, a list left empty
		"5", "nine", "=b", "?", "7", "",
		"1", "=b", "?", "short", "?", "A-long-enough-1", "A-long-enough-2", "A-long-enough-1", "?", "b", "", "2", "", "", "", // the administrator
	)
	golden(t, "refused", out)
}

func TestSkipAndTakeBack(t *testing.T) {
	home := sampleHome(t)
	eng := openEngine(t, standInConfig(t, home))
	out, _ := converse(t, eng,
		"s 1", "?", "b", "s 1", "another team", "s 2", "s1", "s 1", "", // the list
		"3", "am01.example.com", "s", "later", // in a guideline; the next one comes
		"s", "", "r", // with no reason
		"s 3", "3", "", "", "", "", "s 5", "s 1", "s 1", "=q", "? 1", "a", "b", "a", "no", "a", "?", "b", "b",
	)
	golden(t, "skip", out)
	if reason, ok := eng.Skipped("admin"); !ok || reason != "q" {
		t.Errorf("skipped because of %q", reason)
	}
	if eng.Last() != nil {
		t.Error("something was applied")
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	home := sampleHome(t)
	before := tree(t, home)
	cfg := standInConfig(t, home)
	cfg.DryRun = true
	out, end := converse(t, openEngine(t, cfg), "3", "am01.example.com", "", "", "", "b", "r", "a", "d 1", "d 2", "t", "b", "q")
	golden(t, "dry-run", out)
	if end.End != flow.EndLeft || end.Saved {
		t.Errorf("outcome %+v", end)
	}
	if tree(t, home) != before {
		t.Error("the install is changed")
	}
	if _, err := os.Stat(filepath.Join(home, apply.StateDir)); err == nil {
		t.Error("a dry run has made the state folder")
	}
}

func TestResumeAsksForSecretsAgain(t *testing.T) {
	home := sampleHome(t)
	first, err := flow.Open(t.Context(), standInConfig(t, home))
	if err != nil {
		t.Fatal(err)
	}
	_, end := converse(t, first, "", "opsadmin", secretWord, secretWord, "", "am01.example.com")
	if end.End != flow.EndLeft || !end.Saved {
		t.Fatalf("outcome %+v", end)
	}
	closeEngine(t, first)
	session, err := os.ReadFile(filepath.Join(home, apply.StateDir, flow.SessionFile))
	if err != nil || strings.Contains(string(session), secretWord) {
		t.Errorf("the session: %v\n%s", err, session)
	}
	eng := openEngine(t, standInConfig(t, home))
	out, _ := converse(t, eng,
		"3", "? 1", "1", "b", // look only
		"2", "", // start over? no
		"",             // resume: at the host name, where the first answer is a draft
		"", "", "", "", // accepted
		"b", "r", "a", "1", "", secretWord, secretWord, "", // the password is missing
		"b", "b", "r",
	)
	golden(t, "resume", out)
	if r, _ := eng.Row("admin"); r.Mark != flow.MarkAnswered {
		t.Errorf("the administrator is %s", r.Mark)
	}
}

func TestStartOverForgets(t *testing.T) {
	home := sampleHome(t)
	first, err := flow.Open(t.Context(), standInConfig(t, home))
	if err != nil {
		t.Fatal(err)
	}
	converse(t, first, "3", "am01.example.com")
	closeEngine(t, first)
	eng := openEngine(t, standInConfig(t, home))
	out, end := converse(t, eng, "2", "1", "3")
	says(t, out, texts.ChoiceOver, texts.PlainOverSure, texts.OverNotice, "Question 1 of 3", "[am01]")
	if end.End != flow.EndLeft {
		t.Errorf("outcome %+v", end)
	}
}

// TestRealGuidelines walks guidelines as they are, taking what each proposes.
func TestRealGuidelines(t *testing.T) {
	home := sampleHome(t)
	before := tree(t, home)
	eng := openEngine(t, testConfig(t, home))
	for _, r := range eng.Rows() {
		if !slices.Contains([]string{"admin", "jvm", "hostname", "logs", "jmx", "tuning", "ports", "proxy", "cluster", "backup", "features", "rotation"}, r.ID) {
			if err := eng.Skip(t.Context(), r.ID, "they need files or machines of their own"); err != nil {
				t.Fatal(err)
			}
		}
	}
	in, w := io.Pipe()
	out := &syncBuffer{}
	ended := talkTo(t, eng, in, out)
	// Enter is answered to every question; it is told by its prompt when something else is to be said.
	said := map[string]string{
		"User name, now: admin in repository/conf/user-mgt.xml": "opsadmin",
		"Password, now: ":  secretWord,
		"Password, again:": secretWord,
		"Host name, now:":  "am01.example.com",
		"Number [2, no]:":  "1",
	}
	for i := 0; ; i++ {
		if i > 300 {
			t.Fatalf("it does not come to the review:\n%s", out.String())
		}
		prompt := out.waitForPrompt(t)
		if strings.Contains(prompt, texts.PlainReviewPrompt) {
			break
		}
		answer := ""
		for head, text := range said {
			if strings.Contains(prompt, head) {
				answer = text
			}
		}
		send(t, w, answer)
	}
	send(t, w, "d")
	out.waitForPrompt(t)
	r, err := eng.Review(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var diff strings.Builder
	for _, f := range r.Files {
		diff.WriteString(f.Unified())
	}
	if len(r.Files) < 4 || !strings.Contains(out.String(), diff.String()) {
		t.Errorf("%d files; the difference is not the one of the plan", len(r.Files))
	}
	send(t, w, "a")
	for !strings.Contains(out.waitForPrompt(t), texts.ApplyPrompt[:10]) {
		send(t, w, "")
	}
	if tree(t, home) != before {
		t.Error("something is written before the word")
	}
	send(t, w, texts.ApplyWord)
	out.waitFor(t, texts.PlainResultPrompt)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	end := <-ended
	if end.End != flow.EndApplied || end.Applied.Err != nil {
		t.Fatalf("outcome %+v", end)
	}
	onlyLines(t, out.String(), true)
	data, err := os.ReadFile(filepath.Join(home, carbon.UserMgtXML))
	if err != nil || !strings.Contains(string(data), secretWord) || !strings.Contains(string(data), "opsadmin") {
		t.Errorf("user-mgt.xml was not changed: %v", err)
	}
}

// TestAnyAnswersEndWithoutHarm answers at random, with everything but the word.
func TestAnyAnswersEndWithoutHarm(t *testing.T) {
	home := sampleHome(t)
	before := tree(t, home)
	words := []string{
		"", "", "", "1", "2", "3", "4", "5", "6", "b", "s", "?", "r", "a", "d", "d 1", "t", "f", "w", "s 1", "s 3", "? 4", "=", "=b", "x", "a_b",
		"am01.example.com", "A-long-enough-1", "A-long-enough-1", "1g", "large", "yes", "no", "\x1b[A", "\xff", "0", "-1", "99999999999999999999",
	}
	for seed := range int64(40) {
		random := rand.New(rand.NewSource(seed))
		eng, err := flow.Open(t.Context(), standInConfig(t, home))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for range 200 {
			lines = append(lines, words[random.Intn(len(words))])
		}
		out, end := converse(t, eng, lines...)
		if end.End != flow.EndLeft || end.Applied != nil {
			t.Errorf("seed %d: %+v\n%s", seed, end, out)
		}
		closeEngine(t, eng)
		if tree(t, home) != before {
			t.Fatalf("seed %d: the install is changed", seed)
		}
		if seed%3 == 0 {
			continue // the next one resumes
		}
		if err := os.RemoveAll(filepath.Join(home, apply.StateDir)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPathsCanBeLookedUp(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"rules.v4", "rules.v6", "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := standInConfig(t, sampleHome(t))
	cfg.Backend.Steps = func() []steps.Step {
		all := standIns()
		s := all[4].(standIn) //nolint:forcetypeassert // it is one
		s.fields = func(*answers.Set) []steps.Field { return []steps.Field{{Spec: s.specs[1]}} }
		all[4] = s
		return all
	}
	eng := openEngine(t, cfg)
	out, _ := converse(t, eng, "5", dir+"/rul?", dir+"/none?", dir+"/?", "?", "="+dir+"/odd?", "", "5", "?")
	says(t, out, texts.PlainPathHint, "rul? rules.v4 rules.v6 Rules: ", texts.PlainPathNone, "other", "rules.v4", "Why: 5", "Your answers: 1 Rules: "+dir+"/odd?",
		"Guideline 5, Ports and firewall: accepted.")
}

func TestLeftWithNothingToChange(t *testing.T) {
	eng := openEngine(t, standInConfig(t, sampleHome(t)))
	for _, id := range []string{"admin", "hostname", "ports"} {
		if err := eng.Skip(t.Context(), id, "done by hand"); err != nil {
			t.Fatal(err)
		}
	}
	for keys, want := range map[string]flow.End{"r q": flow.EndNothing, "r b q": flow.EndLeft} {
		if _, out := converse(t, eng, strings.Fields(keys)...); out.End != want {
			t.Errorf("%s: %+v", keys, out)
		}
	}
}
