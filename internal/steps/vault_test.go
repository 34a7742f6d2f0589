package steps

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// distinct are the values of a vault that can be looked for in files, and more.
func distinct(values map[string]string, more ...string) []string {
	var all []string
	for _, v := range values {
		if len(v) >= 6 && v != "wso2carbon" && !slices.Contains(all, v) { // shorter ones, and wso2carbon, are words of the files as well
			all = append(all, v)
		}
	}
	return append(all, more...)
}

// TestVaultHoldsWhatStoodThere puts the passwords of whole installs into the vault, and reads it without our own code.
func TestVaultHoldsWhatStoodThere(t *testing.T) {
	for which, least := range map[string]int{"api": 20, "servlet": 14, "corpus": 20} {
		t.Run(which, func(t *testing.T) {
			home, twin := proofHomes(t, which)
			applyNow(t, twin, buildPlan(t, twin, proofAnswers(t, proofPlain)).Plan)
			planTwice(t, home, proofAnswers(t, proofVault))
			values := judgeVault(t, home, twin, ksPassword)
			if len(values) < least {
				t.Errorf("only %d aliases: %v", len(values), slices.Sorted(maps.Keys(values)))
			}
			nothingClear(t, home, distinct(values, proofAdmin, ksPassword, tsPassword))

			// The vault of an install whose passwords are its own already: no other step takes part.
			planTwice(t, twin, proofAnswers(t, vaultStays))
			plain, _ := proofHomes(t, which)
			applyNow(t, plain, buildPlan(t, plain, proofAnswers(t, proofPlain)).Plan)
			if again := judgeVault(t, twin, plain, ksPassword); len(again) != len(values) {
				t.Errorf("%d aliases in one run, %d in two", len(values), len(again))
			}
		})
	}
}

// nothingClear checks that a text stands, live, in no file but those that the audit names, and the password file.
func nothingClear(t *testing.T, home string, texts []string) {
	t.Helper()
	var told []string
	for _, r := range findings(t, home, 10) {
		if r.ID == ruleVaultCannot {
			told = append(told, r.Place.File)
		}
	}
	for _, text := range texts {
		for _, rel := range clearOnDisk(t, home, text) {
			if strings.HasSuffix(rel, ".xml") && !strings.Contains(liveText(t, home, rel), text[:4]) {
				continue // in a comment alone
			}
			if !slices.Contains(told, rel) && rel != persistFile {
				t.Errorf("%q stands in %s, and the audit does not say so; it names %v", text, rel, told)
			}
		}
	}
}

// TestVaultGolden holds the difference and the findings, before and after.
func TestVaultGolden(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		t.Run(which, func(t *testing.T) {
			home := ownHome(t, which)
			golden(t, "vault/"+which+"-audit.txt", resultLines(findings(t, home, 10)))
			out := buildPlan(t, home, vaultStays)
			golden(t, "vault/"+which+".diff", diffText(out.Plan))
			golden(t, "vault/"+which+"-problems.txt", problemLines(out.Problems))
			told := slices.DeleteFunc(slices.Clone(out.Advice), func(a Advice) bool { return a.Title != "Passwords that stay in clear" })
			golden(t, "vault/"+which+"-clear.txt", adviceLines(told))
			applyNow(t, home, out.Plan)
			golden(t, "vault/"+which+"-after.txt", unkeyed(resultLines(findings(t, home, 10))))
			verified := unkeyed(resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, vaultStays))))
			golden(t, "vault/"+which+"-verify.txt", verified)
		})
	}
}

var keySum = regexp.MustCompile(`SHA-256 [0-9A-F:]+`)

// unkeyed takes the fingerprint of a key out of a text: tests make keys anew.
func unkeyed(text string) string { return keySum.ReplaceAllString(text, "SHA-256 SUM") }

// TestVaultHash: ciphertexts are others in every plan, and the hash of the plan is the same.
func TestVaultHash(t *testing.T) {
	home := ownHome(t, "api")
	one, other := buildPlan(t, home, vaultStays).Plan, buildPlan(t, home, vaultStays).Plan
	if one.Hash() != other.Hash() || diffText(one) != diffText(other) {
		t.Errorf("two plans of the same answers have the hashes %s and %s", one.Hash(), other.Hash())
	}
	differ := false
	for i, c := range one.Changes {
		differ = differ || c.Path == carbon.CipherText && string(c.After) != string(other.Changes[i].After)
	}
	if !differ {
		t.Error("the ciphertexts are the same: they are not random")
	}
}

// TestVaultTakesThePasswordsOfTheRun: what other steps set in the same run is in no file of the plan, and in nothing that people see.
func TestVaultTakesThePasswordsOfTheRun(t *testing.T) {
	home := sampleHome(t, "api")
	out := buildPlan(t, home, proofAnswers(t, proofVault))
	told := map[string]bool{persistFile: true}
	for _, c := range out.Plan.Changes {
		for _, value := range []string{ksPassword, tsPassword, "Adm1n"} {
			if strings.Contains(string(c.After), value) && !told[c.Path] {
				found := findClear(t, home, out, c.Path)
				if !found {
					t.Errorf("%s would hold %q", c.Path, value)
				}
			}
		}
	}
	text := diffText(out.Plan) + problemLines(out.Problems) + adviceLines(out.Advice)
	noSecret(t, text, secret.New(ksPassword), secret.New(tsPassword), secret.New(proofAdmin), secret.New("Adm1n"))
}

// findClear reports whether the audit of the result names a file as one with passwords in clear.
func findClear(t *testing.T, home string, out *Outcome, rel string) bool {
	t.Helper()
	after := twinOf(t, home)
	applyNow(t, after, out.Plan)
	return slices.ContainsFunc(findings(t, after, 10), func(r Result) bool { return r.ID == ruleVaultCannot && r.Place.File == rel })
}
