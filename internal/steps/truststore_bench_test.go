package steps

import (
	"context"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
)

// BenchmarkTruststore150 plans the import of 150 anchors, as many as a JDK trusts: into the sample's truststore, and again when they are all there.
func BenchmarkTruststore150(b *testing.B) {
	home, dir := sampleHome(b, "api"), b.TempDir()
	f := theFamily()
	anchors := make([]*x509.Certificate, 150)
	for n := range anchors {
		anchors[n] = f.sign(fmt.Sprintf("Anchor %d", n), nil, &f.rootKey.PublicKey, true, 24*time.Hour*3650, nil)
	}
	setFile(b, dir, "anchors.pem", certPEM(anchors...))
	a := answersOf(b, "truststore: {import: ["+dir+"/anchors.pem]}\n")
	a.Put(keyTrustPassword, answers.Value{Secret: secret.New(tsPassword)})
	plan := func(b *testing.B, changes bool) {
		in := openInstall(b, home)
		for b.Loop() {
			out, err := BuildPlan(context.Background(), in, a)
			if err != nil || out.Plan.Empty() == changes {
				b.Fatal(err)
			}
		}
	}
	b.Run("import", func(b *testing.B) { plan(b, true) })
	out, err := BuildPlan(context.Background(), openInstall(b, home), a)
	if err != nil {
		b.Fatal(err)
	}
	applyNow(b, home, out.Plan)
	if got := len(readTrust(b, home, tsPassword).Entries()); got < 150 {
		b.Fatalf("%d entries", got)
	}
	b.Run("again", func(b *testing.B) { plan(b, false) })
}
