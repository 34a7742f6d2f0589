package wizardtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"carbon-setup/assets"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
)

// Now is what the clock of the tests says.
var Now = time.Date(2026, 11, 22, 14, 2, 33, 0, time.UTC)

var (
	sampleOnce sync.Once
	sampleDir  string
	errSample  error
)

// Main runs the tests of a package and returns the exit code. The sample install is unpacked once: making its keystores takes a while.
func Main(m *testing.M) int {
	code := m.Run()
	if sampleDir != "" {
		_ = os.RemoveAll(sampleDir) //nolint:forbidigo // a folder that a test made
	}
	return code
}

// Home returns a fresh copy of the sample install, a day older than the clock. It needs Main.
func Home(t testing.TB) string {
	t.Helper()
	sampleOnce.Do(func() {
		if sampleDir, errSample = os.MkdirTemp("", "wizard-sample-"); errSample == nil { //nolint:usetesting // it outlives the first test
			errSample = assets.Unpack(context.Background(), filepath.Join(sampleDir, "home"), assets.API)
		}
	})
	if errSample != nil {
		t.Fatal(errSample)
	}
	home := filepath.Join(t.TempDir(), "wso2am-1.8.0")
	if err := os.CopyFS(home, os.DirFS(filepath.Join(sampleDir, "home"))); err != nil {
		t.Fatal(err)
	}
	Age(t, home, Now)
	return home
}

// Machine is one that is the same everywhere: am01, Java 7, no server, no control group, no network to look at.
type Machine struct {
	Carbon carbon.Options
	Getenv func(string) (string, bool)
	Who    apply.Who
}

// NewMachine returns a machine with a JDK in a folder of the test.
func NewMachine(t testing.TB) Machine {
	t.Helper()
	jdk := filepath.Join(t.TempDir(), "jdk")
	if err := os.MkdirAll(filepath.Join(jdk, "bin"), 0o755); err != nil { //nolint:forbidigo,gosec // a folder of the test
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(jdk, "bin", "java"), []byte("#!/bin/sh\n"), 0o755); err != nil { //nolint:forbidigo,gosec // a file of the test
		t.Fatal(err)
	}
	env := map[string]string{"JAVA_HOME": jdk, "PATH": "/usr/bin:/bin", "HOME": "/root"}
	return Machine{
		Getenv: func(k string) (string, bool) { v, ok := env[k]; return v, ok },
		Who:    apply.Who{User: "wso2", Terminal: "pts/3", Client: "10.0.0.7", Host: "am01", PID: os.Getpid()},
		Carbon: carbon.Options{
			Getenv: func(k string) string { return env[k] }, Proc: t.TempDir(), Cgroup: t.TempDir(), Etc: t.TempDir(),
			Java: func(context.Context, string) (string, error) { return `java version "1.7.0_80"`, nil },
			Free: func(string) (uint64, error) { return 10 << 30, nil },
		},
	}
}

// OpenAM01 opens an install as on a machine of a known name, memory and address.
func OpenAM01(ctx context.Context, dir string, o carbon.Options) (*carbon.Install, error) {
	in, err := carbon.Open(ctx, dir, o)
	if err == nil {
		in.Host = carbon.Host{Name: "am01", Memory: 8 << 30, Addresses: []string{"10.0.0.4"}, OS: "linux"}
	}
	return in, err
}
