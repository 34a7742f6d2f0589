package steps

import (
	"errors"
	"slices"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
)

// TestCureCures applies what is proposed for the findings, with the blanks filled in, and audits again: only what answers cannot cure is left.
func TestCureCures(t *testing.T) {
	dir := keyFolder(t)
	certificateFor := map[string]string{keyHostName: "esb.example.com", keyManagementName: "mgt.example.com", keyJMXHost: "esb.example.com"}
	secrets := map[string]string{keySourcePassword: givenPassword}
	homes := map[string]string{"api": sampleHome(t, "api"), "servlet": sampleHome(t, "servlet")}
	if corpus, ok := corpusHome(t); ok {
		homes["corpus"] = corpus
	}
	for name, home := range homes {
		w := openHome(t, home)
		before := RunAudit(t.Context(), w)
		cure := CureFor(w, before)
		for _, open := range cure.Open {
			if slices.ContainsFunc(cure.ByHand, func(i Info) bool { return i.Guideline == open.Info.Guideline }) {
				t.Errorf("%s: guideline %d is to be filled in, and said to be past cure by answers", name, open.Info.Guideline)
			}
			for _, key := range open.Keys {
				switch {
				case key == keySourcePKCS12:
					cure.Set.Put(keySourceJKS, answers.Value{Text: dir + "/given.jks"})
				case key == keyRepository:
					cure.Set.Put(key, answers.Value{Text: "https://p2.example.com/p2"})
				case key == keyTLS:
					cure.Set.Put(key, answers.Value{List: []string{"TLSv1.2"}})
				case open.Info.Section != "datasources" && certificateFor[key] == "":
					t.Errorf("%s: %s is to be filled in", name, key)
				}
			}
		}
		for key, host := range certificateFor {
			cure.Set.Put(key, answers.Value{Text: host})
		}
		for _, section := range []string{"datasources", "user_store"} { // there is no server to move to
			cure.Set.DeleteSection(section)
		}
		for _, key := range cure.Set.Keys() {
			v, _ := cure.Set.Lookup(key)
			if v.Ref.Env != "" {
				text := "Cured-" + variable(key)[:4] + "-77"
				if known := secrets[key]; known != "" {
					text = known
				}
				v.Secret = secret.New(text)
				cure.Set.Put(key, v)
			}
		}
		out, err := BuildPlan(t.Context(), w.Install, cure.Set)
		var invalid *InvalidError
		if errors.As(err, &invalid) {
			t.Fatalf("%s:\n%s", name, problemLines(invalid.Problems))
		}
		if err != nil {
			t.Fatal(err)
		}
		applyNow(t, home, out.Plan)
		cured := map[int]bool{1: true, 4: true, 8: true, 16: true}
		for _, r := range RunAudit(t.Context(), openHome(t, home)) {
			if left := slices.Contains(cure.Left, r.ID); (r.Status == Warn || r.Status == Fail) && !left && !answersDoNotCure[r.ID] && r.Guideline != 6 && r.Guideline != 7 {
				t.Errorf("%s: not cured, and not said to be left: %s", name, resultLines([]Result{r}))
			}
			if cured[r.Guideline] && wrongResult(r) || (r.Guideline == 2 || r.Guideline == 10) && r.Status == Fail {
				t.Errorf("%s: not cured: %s", name, resultLines([]Result{r}))
			}
		}
	}
}

func wrongResult(r Result) bool { return r.Status == Fail || r.Status == Warn && r.Severity != Note }
