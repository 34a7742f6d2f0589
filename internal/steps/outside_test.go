package steps

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// hanging has looks at files wait until the test lets go.
func hanging(t *testing.T) (letGo func()) {
	t.Helper()
	was := outside
	wait := make(chan struct{})
	outside = &lookers{look: func(path string, known keyFile) (fs.FileInfo, []byte, error) {
		<-wait
		return lookAt(path, known)
	}}
	t.Cleanup(func() { outside = was })
	return func() { close(wait) }
}

func TestFileThatDoesNotAnswerIsToldOf(t *testing.T) {
	letGo := hanging(t)
	path := filepath.Join(t.TempDir(), "esb.p12")
	if err := os.WriteFile(path, []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := NewWorkspace(nil)
	w.Hurry(20 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := Await(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Await: %v", err)
	}
	begun := time.Now()
	for range 50 {
		if f := w.keyFiles().read(path); f.err == nil || f.err.Severity != Error || f.data != nil {
			t.Fatalf("a file that does not answer was read: %+v", f)
		}
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("each of 50 reads of a file that hangs has waited: %v", took)
	}
	letGo()
	if err := Await(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	w.Hurry(time.Minute)
	f := w.keyFiles().read(path)
	if f.err != nil || string(f.data) != "key" {
		t.Fatalf("it answers again, and is not read: %+v", f)
	}
	if again := w.keyFiles().read(path); again != f {
		t.Error("a file that is as it was is read again")
	}
}

func TestLookThatSomebodyElseBeganIsNotTakenForAnEmptyFile(t *testing.T) {
	letGo := hanging(t)
	path := filepath.Join(t.TempDir(), "esb.p12")
	if err := os.WriteFile(path, []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	outside.at(path, keyFile{path: path, mod: info.ModTime(), size: info.Size()}) // it knows the file and does not read it
	letGo()
	if f := NewWorkspace(nil).keyFiles().read(path); f.err != nil || string(f.data) != "key" {
		t.Fatalf("%+v", f)
	}
}
