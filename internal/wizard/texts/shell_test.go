package texts

import (
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

// A shell judges it: the lines, copied together, are the command.
func TestShellLinesAreTheCommand(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, home := range []string{
		"/opt/wso2am-1.8.0", "/opt/with blank/wso2am", "/opt/it's/here", "/" + strings.Repeat("long-folder-name/", 12), "/" + strings.Repeat("two words/", 14),
		"/" + strings.Repeat("o'clock/", 20), "/opt/" + strings.Repeat(`back\slash `, 12), "/opt/" + strings.Repeat("größe ", 20), "/" + strings.Repeat("''", 60),
	} {
		for _, command := range []string{UndoCommand(home, "20261122-140233-001"), NextSteps(home, false)[0].Command, NextSteps(home, true)[0].Command, NextSteps(home, false)[1].Command} {
			want := words(t, shell, command)
			for _, width := range []int{20, 38, 79, 200} {
				lines := ShellLines(command, width)
				for _, l := range lines {
					if n := utf8.RuneCountInString(l); n > width {
						t.Errorf("%d of %d: %q", n, width, l)
					}
				}
				if got := words(t, shell, strings.Join(lines, "\n")); got != want {
					t.Errorf("at %d:\n%s\nwant %s\ngot  %s", width, strings.Join(lines, "\n"), want, got)
				}
			}
		}
	}
	if got := ShellLines("a b", 80); len(got) != 1 || got[0] != "a b" {
		t.Errorf("%q", got)
	}
}

// words has a shell say what it takes for the words of a command.
func words(t *testing.T, shell, command string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), shell, "-c", `printf '<%s>' `+command).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v, %s", command, err, out)
	}
	return string(out)
}
