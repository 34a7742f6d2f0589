package steps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// TestAuditDoesNotPassWhatIsMissing takes files away that every product has, and makes others unreadable or broken: what cannot be checked is told as that, in
// words for people, and never as in order.
func TestAuditDoesNotPassWhatIsMissing(t *testing.T) {
	for file, guidelines := range map[string][]int{
		carbon.Log4jProperties: {5, 16}, carbon.MasterDS: {6}, carbon.UserMgtXML: {1, 7}, carbon.JMXXML: {8}, carbon.CatalinaXML: {12},
	} {
		for how, spoil := range map[string]func(path string) error{
			"missing": os.Remove,
			"broken":  func(path string) error { return os.WriteFile(path, []byte("<broken"), 0o600) },
			"a folder": func(path string) error {
				if err := os.Remove(path); err != nil {
					return err
				}
				return os.Mkdir(path, 0o700)
			},
		} {
			if how == "broken" && filepath.Ext(file) == ".properties" {
				continue // any text is properties
			}
			home := sampleHome(t, "api")
			if err := spoil(filepath.Join(home, file)); err != nil {
				t.Fatal(err)
			}
			all := RunAudit(t.Context(), openHome(t, home))
			for _, g := range guidelines {
				unknown := false
				for _, r := range all {
					unknown = unknown || r.Guideline == g && r.Status == Unknown && strings.Contains(r.Message, filepath.Base(file))
				}
				if !unknown {
					t.Errorf("%s is %s, and guideline %d does not say that it could not be checked", file, how, g)
				}
			}
			for _, r := range all {
				if strings.Contains(r.Message, home) {
					t.Errorf("%s is %s: an error as it came: %s", file, how, r.Message)
				}
			}
		}
	}
}
