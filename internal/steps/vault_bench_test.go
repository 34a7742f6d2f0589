package steps

import (
	"context"
	"fmt"
	"testing"

	"carbon-setup/internal/carbon"
)

// thirtySecrets is an install with a key of 2048 bits and thirty passwords in clear that the vault can hold.
func thirtySecrets(b *testing.B) string {
	b.Helper()
	home := sampleHome(b, "servlet")
	w := openHome(b, home)
	places, _ := vaultPlaces(w)
	more := ""
	for n := len(places); n < 30; n++ {
		more += fmt.Sprintf("<datasource><name>DB%d</name><definition type=\"RDBMS\"><configuration><password>db-pw-%d</password></configuration></definition></datasource>\n", n, n)
	}
	setFile(b, home, carbon.DatasourcesDir+"/more-datasources.xml", "<datasources-configuration><datasources>\n"+more+"</datasources></datasources-configuration>\n")
	return home
}

// BenchmarkVaultThirty plans a vault of thirty secrets: reading the install, opening its keystore, encrypting, editing, judging.
func BenchmarkVaultThirty(b *testing.B) {
	home := thirtySecrets(b)
	in, a := openInstall(b, home), answersOf(b, vaultStays)
	for b.Loop() {
		out, err := BuildPlan(context.Background(), in, a)
		if err != nil || len(out.Plan.Changes) < 8 {
			b.Fatal(err)
		}
	}
}

// BenchmarkVaultThirtyAgain plans once more what is there already: opening, decrypting, laying open, sealing, and no change.
func BenchmarkVaultThirtyAgain(b *testing.B) {
	home := thirtySecrets(b)
	applyNow(b, home, buildPlan(b, home, vaultStays).Plan)
	in, a := openInstall(b, home), answersOf(b, vaultStays)
	for b.Loop() {
		out, err := BuildPlan(context.Background(), in, a)
		if err != nil || !out.Plan.Empty() {
			b.Fatal(err)
		}
	}
}

// BenchmarkVaultAudit is the audit of guideline 10 on an install without a vault, and with one.
func BenchmarkVaultAudit(b *testing.B) {
	home := thirtySecrets(b)
	vaulted := twinOf(b, home)
	applyNow(b, vaulted, buildPlan(b, vaulted, vaultStays).Plan)
	for name, home := range map[string]string{"off": home, "on": vaulted} {
		b.Run(name, func(b *testing.B) {
			in := openInstall(b, home)
			for b.Loop() {
				if len(vault{}.Audit(NewWorkspace(in))) == 0 {
					b.Fatal("no result")
				}
			}
		})
	}
}
