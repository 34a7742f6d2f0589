package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/assets"
)

// thirtySecrets is an install of the sample with so many datasources that the vault holds more than thirty passwords.
func thirtySecrets(b *testing.B) bench {
	b.Helper()
	dir := b.TempDir()
	t := bench{mustBinary(b), filepath.Join(dir, "home"), filepath.Join(dir, "vault.yaml")}
	if err := assets.Unpack(b.Context(), t.home, assets.API); err != nil {
		b.Fatal(err)
	}
	var more strings.Builder
	for n := range 10 {
		fmt.Fprintf(&more, "<datasource><name>DB%d</name><definition type=\"RDBMS\"><configuration><password>db-pw-%d</password></configuration></definition></datasource>\n", n, n)
	}
	writeFile(b, filepath.Join(t.home, "repository", "conf", "datasources", "more-datasources.xml"), "<datasources-configuration><datasources>\n"+more.String()+"</datasources></datasources-configuration>\n")
	writeFile(b, t.answers, "version: 1\nvault: {enabled: true, password_file: persist}\n")
	return t
}

// BenchmarkVaultApply is one apply that turns the vault on, the whole process; the restore between two is not timed.
func BenchmarkVaultApply(b *testing.B) {
	t := thirtySecrets(b)
	for b.Loop() {
		t.run(b, []int{0}, "apply", "--answers", t.answers, "--yes")
		b.StopTimer()
		t.run(b, []int{0}, "restore", "--yes")
		b.StartTimer()
	}
}

// BenchmarkVaultJVM is one start of a JVM that does nothing: the least that WSO2's own tool, a Java program, costs.
func BenchmarkVaultJVM(b *testing.B) {
	java, err := exec.LookPath("java")
	if err != nil {
		b.Skip("no Java on this machine to compare with")
	}
	for b.Loop() {
		if out, err := exec.CommandContext(b.Context(), java, "-version").CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}
