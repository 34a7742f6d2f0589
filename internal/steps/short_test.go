package steps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// summaryCells is what a list of guidelines has beside a title in a window of 80 columns.
const summaryCells = 41

// A list shows the beginning of a finding only: what is wrong has to stand there, and where it is after it.
func TestFindingsBeginWithTheFault(t *testing.T) {
	faults := []string{
		"default password", "Default credentials", "WSO2 ships", "self-signed", "The password of the download", "No TLS versions",
		"There is no such file", "There is no ", "has no WSDLEPRPrefix", "localhost", "${carbon.local.ip}", "Less than", "cannot be told", "not known", "is set",
		"every address", "firewall", "Nothing deletes", "grows for ever", "Not checked", "in clear", "Clustering is off", "Embedded H2", "Embedded LDAP",
	}
	for name, home := range map[string]string{"api": sampleHome(t, "api"), "no keystore": withoutKeystore(t, sampleHome(t, "api"))} {
		t.Run(name, func(t *testing.T) {
			for _, r := range RunAudit(t.Context(), openHome(t, home)) {
				if r.Status == OK {
					continue
				}
				head := r.Message[:min(summaryCells, len(r.Message))]
				told := false
				for _, f := range faults {
					told = told || strings.Contains(head, f)
				}
				if !told {
					t.Errorf("%s: the fault is not in %q of %q", r.ID, head, r.Message)
				}
			}
		})
	}
}

// withoutKeystore takes the keystores of the server away.
func withoutKeystore(t *testing.T, home string) string {
	t.Helper()
	stores, err := filepath.Glob(filepath.Join(home, "repository/resources/security/*.jks"))
	if err != nil || len(stores) == 0 {
		t.Fatalf("no keystores: %v", err)
	}
	for _, path := range stores {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	return home
}
