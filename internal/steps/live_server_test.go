package steps

import (
	"testing"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
)

// The tables of real servers are looked at with the password that the vault keeps: before and after the first start, and when one is lost.
func TestLiveTablesOnServers(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		home, first, second := sampleHome(t, "api"), s.database(t), s.database(t)
		yaml := keyAnswers(t, keyFolder(t), s.answers(t, first, second, "")+importBundle+allHostNames+"vault: {enabled: true, password_file: persist}\n")
		in := openInstall(t, home)
		out, err := BuildPlan(t.Context(), in, answersOf(t, yaml))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := apply.Apply(t.Context(), out.Plan, testOptions()); err != nil {
			t.Fatal(err)
		}
		look := func() []Result {
			w := openHome(t, home)
			w.openVault(nil)
			return runLiveChecks(t, liveTables(w, LiveOptions{}))
		}
		script := carbon.DBScripts + "/" + s.script
		all := look()
		noSecret(t, resultLines(all), answersOf(t, yaml).Secret("datasources.WSO2_CARBON_DB.password"))
		if len(all) != 2 || !has(all, ruleLiveTables, Fail, script+" are in WSO2_CARBON_DB") || !has(all, ruleLiveTables, Fail, "UM_USER is empty") || !has(all, ruleLiveTables, OK, "WSO2AM_DB") {
			t.Errorf("before the first start:\n%s", resultLines(all))
		}
		removeFile(t, home, "password-persist")
		if all := look(); !has(all, ruleLiveTables, Unknown, "its password is in the vault, and that cannot be opened") {
			t.Errorf("without the password of the vault:\n%s", resultLines(all))
		}
	})
}
