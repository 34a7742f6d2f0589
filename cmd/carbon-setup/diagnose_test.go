package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDiagnoseCompressed reads a rotated log as logrotate leaves it, whole and cut short.
func TestDiagnoseCompressed(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	text := strings.Repeat("[2015-03-01 10:11:12,345] ERROR - Writer No space left on device\n", 1000)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		data []byte
		code int
		said string
	}{
		{"whole", packed.Bytes(), exitChanges, ""},
		{"cut short", packed.Bytes()[:packed.Len()-4], exitUsage, "damaged or cut short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "wso2carbon.log.1.gz")
			if err := os.WriteFile(file, tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			var out, said bytes.Buffer
			a := &app{out: &out, err: &said, getenv: func(string) string { return "" }, lookup: os.LookupEnv}
			if code := run(t.Context(), []string{"diagnose", file}, a); code != tt.code {
				t.Errorf("exit code %d, want %d: %s", code, tt.code, said.String())
			}
			if !strings.Contains(out.String(), ":1 (2015-03-01 10:11:12,345); 1000 times, last "+file+":1000 ") {
				t.Errorf("told:\n%s", out.String())
			}
			if !strings.Contains(said.String(), tt.said) || tt.said == "" && said.Len() > 0 {
				t.Errorf("said: %s", said.String())
			}
		})
	}
}
