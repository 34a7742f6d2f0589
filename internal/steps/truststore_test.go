package steps

import (
	"strings"
	"testing"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

func TestTruststoreAlone(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	before := readTrust(t, home, "wso2carbon").Entries()
	out := planTwice(t, home, keyAnswers(t, dir, "truststore: {password: {env: TS_PW}, import: [DIR/root.pem]}\n"))
	golden(t, "keystore/truststore-api.diff", diffText(out.Plan))
	after := readTrust(t, home, tsPassword).Entries()
	if len(after) != len(before)+1 {
		t.Fatalf("%d entries of %d", len(after), len(before))
	}
	for i, e := range before {
		if a := after[i]; a.Alias != e.Alias || !a.Created.Equal(e.Created) || !a.Chain[0].Equal(e.Chain[0]) {
			t.Errorf("the entry %s was changed", e.Alias)
		}
	}
	if text := liveText(t, home, carbon.CarbonXML); !strings.Contains(text, "wso2carbon.jks") {
		t.Error("the keystore was changed, too")
	}
	if out := buildPlan(t, home, "keystore: {from: keep}\n"); !out.Plan.Empty() {
		t.Errorf("keeping everything changes %v", planFiles(out.Plan))
	}
}

func TestTruststoreIsMadeAnew(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	removeFile(t, home, carbon.TrustStore)
	planTwice(t, home, keyAnswers(t, dir, importBundle))
	if n := len(readTrust(t, home, "wso2carbon").Entries()); n != 1 {
		t.Errorf("the new truststore has %d entries", n)
	}
}

// Expired and weak anchors are taken out on request; what the same run imports stays, whatever it is.
func TestTruststoreRemoveOld(t *testing.T) {
	f := theFamily()
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	store := readTrust(t, home, "wso2carbon")
	weak := testKey(1024)
	expired, err := ks.ParseCertificate(f.sign("Old CA", f.root, &f.key.PublicKey, true, -24*3600*1e9, f.rootKey).Raw)
	if err != nil {
		t.Fatal(err)
	}
	short, err := ks.ParseCertificate(f.server(&weak.PublicKey, 24*3600*1e9, "weak.example.com").Raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*ks.Certificate{expired, short} {
		if _, _, err := store.Add("", c, expired.X509.NotBefore); err != nil {
			t.Fatal(err)
		}
	}
	data, err := store.Bytes(secret.New("wso2carbon"))
	if err != nil {
		t.Fatal(err)
	}
	setFile(t, home, carbon.TrustStore, string(data))
	if said := resultLines(findings(t, home, 2)); strings.Count(said, ruleTrustOld+" warn note") != 2 {
		t.Errorf("the audit says\n%s", said)
	}
	setFile(t, dir, "wanted.pem", string(short.PEM()))
	planTwice(t, home, keyAnswers(t, dir, "truststore: {remove_old: true, import: [DIR/wanted.pem]}\n"))
	after := readTrust(t, home, "wso2carbon")
	if len(after.Has(expired)) != 0 || len(after.Has(short)) != 1 || len(after.Entries()) != 3 {
		t.Errorf("the truststore has %d entries", len(after.Entries()))
	}
}
