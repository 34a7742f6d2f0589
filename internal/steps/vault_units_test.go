package steps

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// hostileService is a service whose home has everything that a shell or systemd could take for its own.
func hostileService() service {
	return service{
		Name: serviceName(hostileHome), Home: hostileHome, Java: "/opt/jdk 1.7%n", User: `DOM\svc $x`, Group: "a%b", RunDir: "/run", Secrets: "/etc/carbon",
	}
}

const hostileHome = `/srv/Käse & Söhne/wso2 am'1.8"0 $HOME ${x} %h \n;#`

func rendered(t *testing.T, s service, name string) string {
	t.Helper()
	text, err := s.render(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var unitNames = []string{"carbon.service", "vault-credential.conf", "vault-file.conf", "init.sh"}

func TestVaultUnits(t *testing.T) {
	plain := service{Name: "wso2am-1.8.0", Home: "/opt/wso2am-1.8.0", Java: "/opt/jdk1.7.0_80", User: "carbon", Group: "carbon", RunDir: "/run", Secrets: "/etc/carbon"}
	nothing := plain
	nothing.Java = ""
	for _, name := range unitNames {
		golden(t, "units/plain-"+name, rendered(t, plain, name))
		golden(t, "units/hostile-"+name, rendered(t, hostileService(), name))
		text := rendered(t, nothing, name)
		if strings.Contains(text, "JAVA_HOME=") && !strings.Contains(text, "No Java was found") {
			t.Errorf("%s does not tell that no Java was found:\n%s", name, text)
		}
	}
}

func TestServiceName(t *testing.T) {
	for home, want := range map[string]string{
		"/opt/wso2am-1.8.0": "wso2am-1.8.0",
		"/srv/-my home_2/":  "my-home_2",
		"/srv/käse":         "k-se",
		"/srv/日本":           "carbon",
		"/srv/..x":          "x",
		"/srv/a$(b)":        "a--b",
		"/":                 "carbon",
	} {
		if got := serviceName(home); got != want {
			t.Errorf("serviceName(%q) = %q, want %q", home, got, want)
		}
	}
}

func TestServiceFault(t *testing.T) {
	for home, want := range map[string]string{
		"/srv/a b":      "",
		hostileHome:     "",
		"/srv/k\xe4se":  "its path is not UTF-8",
		"/srv/a\nb":     "its path has a control character",
		"/srv/a ":       "its path ends with a blank",
		`/srv/carbon\`:  `its path ends with \`,
		"/srv/a\u0085b": "its path has a control character",
	} {
		if got := (service{Home: home}).fault(); got != want {
			t.Errorf("%q: %q, want %q", home, got, want)
		}
	}
	in := &carbon.Install{Home: "/srv/a ", Host: carbon.Host{OS: "linux"}}
	all := adviseServices(in)
	if len(all) != 1 || len(all[0].Attachments) != 0 || !strings.Contains(all[0].Text, "its path ends with a blank. Rename the folder") {
		t.Errorf("advice for a home that no unit can have: %+v", all)
	}
}

// TestUnitWords reads the words of the units back as systemd does by its manual.
func TestUnitWords(t *testing.T) {
	for _, s := range []string{hostileHome, `a\b`, `"`, `%`, `$$`, `\"`, "ä ö", ""} {
		if got := systemdUnquoted(t, unitWord(s), true); got != s {
			t.Errorf("%q is written %s and read as %q", s, unitWord(s), got)
		}
		if got := systemdUnquoted(t, `"`+unitEnvironment(s)+`"`, false); got != s {
			t.Errorf("%q is written %s and read as %q", s, unitEnvironment(s), got)
		}
	}
}

// systemdUnquoted reads one word between double quotes: C escapes, %% and, in command lines, $$.
func systemdUnquoted(t *testing.T, word string, command bool) string {
	t.Helper()
	word, ok := strings.CutPrefix(word, `"`)
	if !ok {
		t.Fatalf("%s is not quoted", word)
	}
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		c := word[i]
		switch {
		case c == '"':
			if i != len(word)-1 {
				t.Fatalf("the word ends early: %s", word)
			}
			return b.String()
		case c == '\\', c == '%', c == '$' && command:
			i++
			if i == len(word) || c != '\\' && word[i] != c || c == '\\' && word[i] != '\\' && word[i] != '"' {
				t.Fatalf("%s has a lone %c", word, c)
			}
			b.WriteByte(word[i])
		default:
			b.WriteByte(c)
		}
	}
	t.Fatalf("%s does not end", word)
	return ""
}

func TestInitScriptSyntax(t *testing.T) {
	for _, s := range []service{hostileService(), {Name: "carbon", Home: "/opt/carbon"}} {
		file := t.TempDir() + "/init"
		putExecutable(t, file, rendered(t, s, "init.sh"))
		for _, shell := range []string{"bash", "dash", "sh"} {
			if _, err := exec.LookPath(shell); err != nil {
				continue
			}
			if out, err := exec.CommandContext(t.Context(), shell, "-n", file).CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v\n%s", shell, err, out)
			}
		}
		out, err := exec.CommandContext(t.Context(), "sh", file, "explode").CombinedOutput()
		if code := exitCode(err); code != 2 || !strings.Contains(string(out), "Usage:") {
			t.Errorf("an unknown action: exit code %d\n%s", code, out)
		}
	}
}

// TestUnitVerified has systemd itself judge the units, where it is.
func TestUnitVerified(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze; the words are read back by TestUnitWords")
	}
	verify := func(dir, unit string) (string, error) {
		out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", filepath.Join(dir, unit)).CombinedOutput()
		return string(out), err
	}
	trivial := t.TempDir()
	setFile(t, trivial, "trivial.service", "[Service]\nExecStart=/bin/true\n")
	if out, err := verify(trivial, "trivial.service"); err != nil {
		t.Skipf("systemd-analyze cannot work here: %v\n%s", err, out)
	}
	for _, dropIn := range []string{"vault-credential.conf", "vault-file.conf"} {
		s := hostileService()
		s.User, s.Group = "root", "root"
		s.Home = t.TempDir() + "/it's $HOME a%h \\b \"c\" ä"
		dir := t.TempDir()
		setFile(t, dir, "carbon.service", rendered(t, s, "carbon.service"))
		setFile(t, dir, "carbon.service.d/vault.conf", rendered(t, s, dropIn))
		out, err := verify(dir, "carbon.service")
		for line := range strings.Lines(out) {
			if strings.Contains(line, dir) || strings.Contains(line, "carbon.service") {
				t.Errorf("with %s: %s", dropIn, line)
			}
		}
		if err != nil {
			t.Errorf("with %s: %v\n%s", dropIn, err, out)
		}
	}
}

func putExecutable(t testing.TB, path, text string) {
	t.Helper()
	setFile(t, filepath.Dir(path), filepath.Base(path), text)
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}
