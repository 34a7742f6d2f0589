package steps

import "testing"

// sampleHome unpacks one of the embedded sample installs and returns its home.
func sampleHome(t testing.TB, which string) string {
	t.Helper()
	t.Fatalf("there is no sample %q yet", which)
	return ""
}
