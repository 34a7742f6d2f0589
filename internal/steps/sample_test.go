package steps

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"carbon-setup/assets"
)

// sampleFile is one file or folder of an unpacked sample.
type sampleFile struct {
	rel  string
	mode fs.FileMode
	data []byte
}

var (
	sampleLock sync.Mutex
	samples    = map[string][]sampleFile{}
)

// sampleHome writes one of the embedded sample installs, "api" or "servlet", and returns its home. Each is unpacked once: making the keys of its
// keystores takes its time.
func sampleHome(t testing.TB, which string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), which)
	for _, f := range unpackedSample(t, which) {
		at := filepath.Join(home, f.rel)
		if f.mode.IsDir() {
			if err := os.MkdirAll(at, 0o750); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(at, f.data, f.mode.Perm()); err != nil { // #nosec G306 -- the modes of a product
			t.Fatal(err)
		}
	}
	return home
}

func unpackedSample(t testing.TB, which string) []sampleFile {
	t.Helper()
	sampleLock.Lock()
	defer sampleLock.Unlock()
	if files, ok := samples[which]; ok {
		return files
	}
	home := filepath.Join(t.TempDir(), "unpacked-"+which)
	if err := assets.Unpack(t.Context(), home, assets.Sample(which)); err != nil {
		t.Fatal(err)
	}
	var files []sampleFile
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(home, path)
		if err != nil {
			return err
		}
		f := sampleFile{rel: rel, mode: info.Mode()}
		if !d.IsDir() {
			if f.data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	samples[which] = files
	return files
}
