// Package wizardtest holds what the tests of the front ends share.
package wizardtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Age makes every file of a home a day older than the clock of the test: a session compares the times of files with its own.
func Age(t testing.TB, home string, now time.Time) {
	t.Helper()
	old := now.Add(-24 * time.Hour)
	err := filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, old, old) //nolint:forbidigo,gosec // a copy that a test made
	})
	if err != nil {
		t.Fatal(err)
	}
}
