package steps

import (
	"strings"
	"testing"

	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/carbon"
)

// startAdvice returns what the vault's step advises, with the machine's own names replaced.
func startAdvice(t *testing.T, home, yaml string, machine func(*carbon.Install)) []Advice {
	t.Helper()
	in := openAs(t, home, machine)
	w, a := NewWorkspace(in), answersOf(t, yaml)
	w.openVault(a)
	return vault{}.Advice(w, a)
}

func anonymous(t *testing.T, home, text string) string {
	t.Helper()
	owner, _ := (&carbon.Install{Home: home}).Owner()
	return strings.NewReplacer(home, "HOME", serviceName(home), "NAME", " as "+owner, " as OWNER", "owner "+owner, "owner OWNER").
		Replace(strings.ReplaceAll(text, " The home belongs to root, so these files start the server as root: give the home to a user of its own, and put that one in.", ""))
}

func TestVaultStartAdvice(t *testing.T) {
	t.Parallel()
	home := sampleHome(t, "api")
	for _, kind := range []string{passwordNone, passwordOnce, passwordPersist} {
		golden(t, "vault/start-"+kind+".txt", anonymous(t, home, adviceLines(startAdvice(t, home, "vault: {password_file: "+kind+"}\n", java7))))
	}
	windows := func(in *carbon.Install) { java7(in); in.Host.OS = "windows" }
	golden(t, "vault/start-windows.txt", adviceLines(startAdvice(t, home, "vault: {password_file: once}\n", windows)))

	for file, want := range map[string]string{"": passwordNone, sv.PasswordOnce: passwordOnce, sv.PasswordFirst: passwordOnce, sv.PasswordPersist: passwordPersist} {
		present := sampleHome(t, "api")
		if file != "" {
			setFile(t, present, file, "secret-pw\n")
		}
		got := startAdvice(t, present, "vault: {enabled: true}\n", java7)[0]
		if told := startAdvice(t, present, "vault: {password_file: "+want+"}\n", java7)[0]; got.Text != told.Text {
			t.Errorf("with %q in the home:\n%s\nwant\n%s", file, got.Text, told.Text)
		}
	}
}

func TestVaultStartAdviceByMachine(t *testing.T) {
	t.Parallel()
	home := sampleHome(t, "api")
	for system, want := range map[string]string{"linux": "/etc/systemd/system/NAME.service /etc/systemd/system/NAME.service.d/vault.conf " +
		"/etc/systemd/system/NAME.service.d/vault.conf (before systemd 250) /etc/init.d/NAME", "solaris": "/etc/init.d/NAME", "windows": ""} {
		var names []string
		for _, ad := range startAdvice(t, home, "vault: {password_file: none}\n", func(in *carbon.Install) { java7(in); in.Host.OS = system }) {
			for _, f := range ad.Attachments {
				names = append(names, anonymous(t, home, f.Name))
				if !strings.Contains(f.Content, f.Name[:len("/etc/init.d/")]) || strings.Contains(f.Content, "{{") {
					t.Errorf("%s:\n%s", f.Name, f.Content)
				}
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s gets %s, want %s", system, got, want)
		}
	}
	if text := notes(&carbon.Install{Java: carbon.Java{Home: "/opt/jdk"}}, service{User: "root"}); !strings.HasPrefix(text, " The home belongs to root") {
		t.Errorf("a server that would run as root is told as %q", text)
	}
	without := func(in *carbon.Install) { java7(in); in.Java = carbon.Java{} }
	if text := adviceLines(startAdvice(t, home, "vault: {password_file: none}\n", without)); !strings.Contains(text, "No Java was found: put the folder of the JDK") {
		t.Errorf("the advice does not tell that no Java was found:\n%s", text)
	}
}

func TestVaultStartAdviceWithoutVault(t *testing.T) {
	t.Parallel()
	home := sampleHome(t, "api")
	for _, yaml := range []string{"", "vault: {enabled: false}\n"} {
		if got := startAdvice(t, home, yaml, java7); got != nil {
			t.Errorf("%q with no vault in the home: %s", yaml, adviceLines(got))
		}
	}
	conf := ""
	for _, e := range (sv.Conf{Keystore: "repository/resources/security/gone.jks", Type: "JKS", Alias: "x"}).Entries() {
		conf += e.Key + "=" + e.Value + "\n"
	}
	setFile(t, home, carbon.SecretConf, conf)
	golden(t, "vault/start-off.txt", anonymous(t, home, adviceLines(startAdvice(t, home, "vault: {enabled: false}\n", java7))))
}
