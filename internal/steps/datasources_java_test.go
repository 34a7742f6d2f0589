package steps

import (
	"context"
	"slices"
	"strings"
	"testing"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/database"
)

// TestDriverTrustsWhatIsImported holds that the test through the driver sees the truststore as the same run leaves it: a certificate that it imports counts.
func TestDriverTrustsWhatIsImported(t *testing.T) {
	home, dir := sampleHome(t, "servlet"), keyFolder(t)
	t.Setenv("DB_PW", dbPassword)
	const block = "datasources:\n  WSO2_CARBON_DB: {type: postgresql, host: db1.example.com, database: carbon, username: carbon, password: {env: DB_PW}, driver: DRIVER}\n"
	asked := func(yaml string) database.ProbeOptions {
		w := openHome(t, home)
		w.Install.Java.Home = "/opt/java"
		w.Install.Java.Problem = ""
		var got database.ProbeOptions
		s := datasources{tests: &databaseTests{
			test: func(_ context.Context, _ database.Target, _ database.TestOptions, tell func(database.StageResult)) []database.StageResult {
				for _, stage := range database.Stages() {
					tell(database.StageResult{Stage: stage, Status: database.OK})
				}
				return nil
			},
			java: func(_ context.Context, o database.ProbeOptions) (database.ProbeResult, error) {
				got = o
				return database.ProbeResult{}, nil
			},
		}}
		for _, c := range s.Checks(w, answersOf(t, yaml)) {
			if r := c.Run(t.Context()); r.Status != OK || r.Of != "WSO2_CARBON_DB" {
				t.Errorf("%s: %+v", c.Title, r)
			}
		}
		return got
	}
	yaml := strings.Replace(block, "DRIVER", pgDriver(t), 1)
	if o := asked(yaml); o.TrustStore == "" || o.TrustStoreData != nil {
		t.Errorf("without an import it takes %q and %d bytes", o.TrustStore, len(o.TrustStoreData))
	}
	o := asked(yaml + "truststore: {import: [" + dir + "/root.pem]}\n")
	store, err := ks.OpenTruststore(ks.File{Name: "planned", Data: o.TrustStoreData}, o.TrustStorePassword)
	if err != nil {
		t.Fatal(err)
	}
	root := theFamily().root
	if !slices.ContainsFunc(store.Certificates(), func(c *ks.Certificate) bool { return slices.Equal(c.Raw, root.Raw) }) {
		t.Error("the driver is not given the certificate that the answers import")
	}
}
