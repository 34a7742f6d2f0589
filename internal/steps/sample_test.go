package steps

import (
	"path/filepath"
	"testing"

	"carbon-setup/assets"
)

// sampleHome unpacks one of the embedded sample installs, "api" or "servlet", and returns its home.
func sampleHome(t testing.TB, which string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), which)
	if err := assets.Unpack(t.Context(), home, assets.Sample(which)); err != nil {
		t.Fatal(err)
	}
	return home
}
