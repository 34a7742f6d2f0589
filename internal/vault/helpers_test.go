package vault

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

// keys are made once: those of 4096 bits take a while.
var keys = map[int]func() *rsa.PrivateKey{1024: once(1024), 2048: once(2048), 3072: once(3072), 4096: once(4096), 0: once(2048)}

// sizes are the keys that are met in practice; the 0 in keys is another one of 2048 bits.
var sizes = []int{1024, 2048, 3072, 4096}

func once(bits int) func() *rsa.PrivateKey {
	return sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return key
	})
}

func testKey(bits int) *Key { return NewKey(keys[bits]()) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told is the *Error that every error for an operator is.
func told(t testing.TB, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind == 0 || e.What == "" || e.Fix == "" {
		t.Fatalf("%v (%T) is not for an operator", err, err)
	}
	return e
}

// wantError fails unless err is of this kind and says exactly this.
func wantError(t testing.TB, err error, kind ErrorKind, text string) {
	t.Helper()
	e := told(t, err)
	if e.Kind != kind || e.Error() != text {
		t.Errorf("kind %d: %s\nwant %d: %s", e.Kind, e, kind, text)
	}
}

func encrypt(t testing.TB, k *Key, text string) string {
	t.Helper()
	sealed, err := k.Encrypt(secret.New(text))
	must(t, err)
	return sealed
}

// sealRaw encrypts any bytes, also those that Encrypt refuses.
func sealRaw(t testing.TB, k *Key, plain []byte) []byte {
	t.Helper()
	sealed, err := rsa.EncryptPKCS1v15(nil, &k.private.PublicKey, plain) //nolint:staticcheck // what Carbon decrypts is not ours to choose
	must(t, err)
	return sealed
}

// program finds a tool that not every machine has; its tests end there, those without tools have been run.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s on this machine; the ciphertexts that Go makes and the recorded ones of Java are what is tested", name)
	}
	return path
}

// java runs a source file in a folder and returns what it prints.
func java(t testing.TB, dir, name, source string, args ...string) string {
	t.Helper()
	bin := program(t, "java")
	put(t, dir, name, []byte(source))
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil && bytes.Contains(complaint.Bytes(), []byte("jdk.compiler")) {
		t.Skip("the Java here has no compiler; the recorded ciphertexts of Java are what is tested")
	}
	if err != nil {
		t.Fatalf("java: %v\n%s%s", err, out, &complaint)
	}
	return string(out)
}

func put(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, data, 0o600))
}

// properties reads a properties file as the steps do.
func properties(t testing.TB, data []byte) *edit.Properties {
	t.Helper()
	p, err := edit.ParseProperties("x.properties", data)
	must(t, err)
	return p
}
