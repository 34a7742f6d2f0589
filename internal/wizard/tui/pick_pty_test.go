//go:build unix

package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	f3    = "\x1bOR"
	pgDn  = "\x1b[6~"
	altF3 = "\x0e" // ctrl+n, where something eats the function keys
)

// inPicker brings the wizard to the picker of the JKS file of the keystore step, in a folder of files.
func inPicker(t *testing.T, open string) *session {
	t.Helper()
	home := sampleHome(t)
	dir := t.TempDir()
	store, err := os.ReadFile(filepath.Join(home, "repository/resources/security/wso2carbon.jks"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"esb.jks": string(store), "x\x1b[31m\x1b]0;title\a.jks": "x", "notes.txt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		if err := os.WriteFile(filepath.Join(dir, "file-"+string(rune('a'+i/10))+string(rune('0'+i%10))+".txt"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := startSession(t, home, at80x24())
	s.sees("Guidelines").keys(down).sees("> [ ]  2").keys(enterK).sees("field 1 of").keys("\t").sees("field 2 of").keys(down).sees("field 3 of").sees("F3 browse")
	s.keys(dir + "/").sees("/" + filepath.Base(dir) + "/").keys(open).sees("Choose a file: JKS file").sees("file-a0.txt")
	return s
}

func TestTerminalPickerFillsTheField(t *testing.T) {
	for name, open := range map[string]string{"F3": f3, "ctrl+n": altF3} {
		t.Run(name, func(t *testing.T) {
			s := inPicker(t, open)
			s.keys("esb").sees("filter: esb").keys(enterK).sees("/esb.jks").sees("JKS with 1 key").sees("asked for below")
			s.keys(open).sees("Choose a file").keys("x\\x").sees("filter: x").sees(`> x\x1b[31m\x1b]0;title\x07.jks`).keys(escK).sees("/esb.jks")
			if out := s.output(); strings.Contains(out, "\x1b]0;") || strings.Contains(out, "\x1b[31m\x1b]") {
				t.Error("the name of a file steers the terminal")
			}
			s.keys(f10)
			if got := s.code(); got != codeLeft {
				t.Errorf("exit code %d", got)
			}
		})
	}
}

func TestPickerBytesOnTheWire(t *testing.T) {
	s := inPicker(t, f3)
	perKey := func(key string, n int) float64 {
		before := s.settle()
		for range n {
			count := s.count()
			s.keys(key)
			for wait := 0; s.count() == count && wait < 2000; wait++ {
				time.Sleep(time.Millisecond)
			}
		}
		return float64(s.settle()-before) / float64(n)
	}
	if got := perKey(down, 14); got > bytesPerCharacter {
		t.Errorf("moving the cursor takes %.1f bytes a key, more than %d", got, bytesPerCharacter)
	} else {
		t.Logf("moving: %.1f bytes", got)
	}
	if got := perKey(down, 20); got > bytesPerLine {
		t.Errorf("scrolling takes %.1f bytes a line, more than %d", got, bytesPerLine)
	} else {
		t.Logf("scrolling: %.1f bytes", got)
	}
	s.keys("esb").sees("filter: esb")
	if got := perKey("z", 1) + perKey("z", 20); got > bytesPerLine+bytesPerCharacter {
		t.Errorf("typing a filter takes %.1f bytes", got)
	} else {
		t.Logf("filtering: %.1f bytes", got)
	}
	from := s.settle()
	time.Sleep(time.Second)
	if idle := s.count() - from; idle != 0 {
		t.Errorf("a picker that nobody touches sent %d bytes in a second", idle)
	}
}
