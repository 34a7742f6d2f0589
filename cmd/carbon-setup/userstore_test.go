package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/assets"
	"carbon-setup/internal/directory/ldaptest"
)

// directoryMain runs the tests, and stops the directory that they have started.
type directoryMain struct{ *testing.M }

// Run is for testscript.Main.
func (m directoryMain) Run() int { return ldaptest.Main(m.M) }

// userstoreHome is a sample and the answers that have its users in a real directory.
type userstoreHome struct{ home, dir string }

func (u userstoreHome) run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), mustBinary(t), append(args, "--home", u.home)...)
	cmd.Env = append(os.Environ(), "JAVA_HOME=", "NO_COLOR=1")
	data, _ := cmd.CombinedOutput()
	if strings.Contains(string(data), ldaptest.Password) {
		t.Errorf("%v tells the password of the directory:\n%s", args, data)
	}
	return cmd.ProcessState.ExitCode(), string(data)
}

func (u userstoreHome) file(name string) string { return filepath.Join(u.dir, name) }

// TestUserStoreInARealDirectory goes the whole way with the binary: plan, apply with the test, audit, verify, restore.
func TestUserStoreInARealDirectory(t *testing.T) {
	d := ldaptest.Start(t)
	u := userstoreHome{dir: t.TempDir()}
	u.home = u.file("home")
	if err := assets.Unpack(t.Context(), u.home, assets.Servlet); err != nil {
		t.Fatal(err)
	}
	before := contents(t, u.home)
	writeFile(t, u.file("ca.pem"), string(d.Issuer))
	writeFile(t, u.file("ldap.pw"), ldaptest.Password+"\n")
	writeFile(t, u.file("answers.yaml"), fmt.Sprintf(`version: 1
admin: {username: alice, password: {file: ldap.pw}}
truststore: {import: [ca.pem]}
user_store:
  type: ldap
  url: %s
  bind_dn: %s
  password: {file: ldap.pw}
  suffix: %s
  groups: write
  sample_user: alice
  sample_password: {file: ldap.pw}
  test_write: true
`, d.SecureURL(), ldaptest.Account("writer"), ldaptest.Suffix))
	answers := []string{"--answers", u.file("answers.yaml")}

	expect := func(want int, args ...string) string {
		t.Helper()
		code, out := u.run(t, args...)
		if code != want {
			t.Errorf("%v: exit code %d, want %d:\n%s", args, code, want, out)
		}
		return out
	}
	plan := expect(exitChanges, append([]string{"plan"}, answers...)...)
	for _, want := range []string{"ReadWriteLDAPUserStoreManager", d.SecureURL(), "[secret]", "<AddAdmin>false</AddAdmin>"} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan does not say %s:\n%s", want, plan)
		}
	}
	if contents(t, u.home) != before {
		t.Error("the plan has written")
	}
	// A login as the administrator is not tried: that is said, and nothing else about the directory.
	const untried = "Whether the directory accepts them is known only after a login."
	applied := expect(exitWarned, append([]string{"apply", "--yes"}, answers...)...)
	_, after, _ := strings.Cut(applied, "Plan ")
	if strings.Count(after, "warning: ") != 1 || !strings.Contains(after, untried) {
		t.Errorf("a test that passes warns:\n%s", applied)
	}
	reports, err := filepath.Glob(filepath.Join(u.home, ".carbon-setup", "runs", "*", "report*"))
	if err != nil || len(reports) == 0 {
		t.Fatalf("no report: %v", err)
	}
	report, err := os.ReadFile(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	if text := string(report); !strings.Contains(text, "A user and a group were made, found and deleted again.") || strings.Contains(text, ldaptest.Password) {
		t.Errorf("the report:\n%s", text)
	}
	if audit := expect(exitChanges, "audit"); !strings.Contains(audit, "Users lie in LDAP, read and write at "+d.SecureURL()) {
		t.Errorf("the audit:\n%s", audit)
	}
	expect(exitDone, append([]string{"plan"}, answers...)...)
	verified := expect(exitWarned, append([]string{"verify"}, answers...)...)
	if !strings.Contains(verified, "[ok] The one live primary user store is LDAP, read and write at "+d.SecureURL()+".") || strings.Count(verified, "[! ]") != 1 || !strings.Contains(verified, untried) {
		t.Errorf("verified:\n%s", verified)
	}
	expect(exitDone, "restore", "--yes")
	if now := contents(t, u.home); now != before {
		t.Errorf("not as before:\n%s", now)
	}
}
