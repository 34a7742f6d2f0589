package apply

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// benchHome is a home with files of the sizes that a product's configuration has, on the disk, and a plan that changes them back and forth.
func benchHome(b *testing.B) (home string, there, back *Plan) {
	b.Helper()
	home = b.TempDir()
	sizes := map[string]int{
		"repository/conf/carbon.xml": 31_000, "repository/conf/user-mgt.xml": 24_000, "repository/conf/api-manager.xml": 29_000, "repository/conf/identity.xml": 22_000,
		"repository/conf/log4j.properties": 14_000, "repository/conf/jndi.properties": 2_000, "repository/conf/registry.xml": 5_000, "repository/conf/axis2/axis2.xml": 38_000,
		"repository/conf/tomcat/catalina-server.xml": 6_000, "repository/conf/datasources/master-datasources.xml": 5_000, "repository/conf/etc/jmx.xml": 1_500,
		"repository/conf/etc/logging-config.xml": 1_500, "bin/wso2server.sh": 10_000, "bin/wso2server.bat": 8_000, "bin/yajsw/wrapper.conf": 6_000,
	}
	there, back = &Plan{Home: home}, &Plan{Home: home}
	for name, size := range sizes {
		var text strings.Builder
		for i := 0; text.Len() < size; i++ {
			fmt.Fprintf(&text, "    <Property name=\"property%d\">value %d</Property>\n", i, i)
		}
		before := text.String()
		after := strings.Replace(before, "value 5<", "another<", 1)
		file := filepath.Join(home, name)
		must(b, os.MkdirAll(filepath.Dir(file), 0o755))
		must(b, os.WriteFile(file, []byte(before), 0o644))
		there.Changes = append(there.Changes, Change{Path: name, Op: Modify, Before: []byte(before), After: []byte(after)})
		back.Changes = append(back.Changes, Change{Path: name, Op: Modify, Before: []byte(after), After: []byte(before)})
	}
	return home, there, back
}

// BenchmarkApply applies a plan to fifteen files, preflight, verification and audit trail included.
func BenchmarkApply(b *testing.B) {
	_, there, back := benchHome(b)
	o := Options{System: Real(), Who: CurrentWho("bench"), Now: time.Now}
	for b.Loop() {
		_, err := Apply(b.Context(), there, o)
		must(b, err)
		there, back = back, there
	}
}

// BenchmarkBare does the least that keeps a backup and replaces each file as a whole: a durable copy of the old one, a durable new one, a
// rename, and the folder made durable.
func BenchmarkBare(b *testing.B) { bare(b, true) }

// BenchmarkBareCareless is the same with a backup and renames that a power cut may lose.
func BenchmarkBareCareless(b *testing.B) { bare(b, false) }

func bare(b *testing.B, careful bool) {
	b.Helper()
	home, there, back := benchHome(b)
	n := 0
	for b.Loop() {
		n++
		for i := range there.Changes {
			c := &there.Changes[i]
			file := filepath.Join(home, c.Path)
			old, err := os.ReadFile(file)
			must(b, err)
			backup := filepath.Join(home, "backup", fmt.Sprint(n), c.Path)
			must(b, os.MkdirAll(filepath.Dir(backup), 0o700))
			write(b, backup, old, careful)
			write(b, file+".new", c.After, true)
			must(b, os.Rename(file+".new", file))
			if !careful {
				continue
			}
			dir, err := os.Open(filepath.Dir(file))
			must(b, err)
			must(b, dir.Sync())
			must(b, dir.Close())
		}
		there, back = back, there
	}
}

func write(b *testing.B, name string, data []byte, durable bool) {
	b.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	must(b, err)
	_, err = f.Write(data)
	must(b, err)
	if durable {
		must(b, f.Sync())
	}
	must(b, f.Close())
}

func BenchmarkRestore(b *testing.B) {
	home, there, _ := benchHome(b)
	o := Options{System: Real(), Who: CurrentWho("bench"), Now: time.Now}
	for b.Loop() {
		_, err := Apply(b.Context(), there, o)
		must(b, err)
		_, _, err = Restore(b.Context(), home, RestoreOptions{Options: o})
		must(b, err)
	}
}

func BenchmarkHash(b *testing.B) {
	_, there, _ := benchHome(b)
	for b.Loop() {
		there.Hash()
	}
}

func BenchmarkPlanDiff(b *testing.B) {
	_, there, _ := benchHome(b)
	for b.Loop() {
		there.Diff()
	}
}

func BenchmarkPreflight(b *testing.B) {
	_, there, _ := benchHome(b)
	o := Options{System: ReadOnly(), Who: CurrentWho("bench")}
	for b.Loop() {
		if p := Preflight(b.Context(), there, o); len(p) > 0 {
			b.Fatal(p)
		}
	}
}
