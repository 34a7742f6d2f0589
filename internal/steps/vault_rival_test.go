package steps

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
	sv "carbon-setup/internal/vault"
)

const (
	mailAlias  = "Axis2.Mailto.Parameter.Password"
	mailSender = `<transportSender name="mailto" class="org.apache.axis2.transport.mail.MailTransportSender"><parameter name="mail.smtp.password">MAIL</parameter></transportSender>`
)

// setMail gives the configuration of the server and that of its clients a password for mail each, as the distribution has one in the latter.
func setMail(t *testing.T, home, server, client string) {
	t.Helper()
	replaceIn(t, home, carbon.Axis2XML, "</axisconfig>", strings.Replace(mailSender, "MAIL", server, 1)+"</axisconfig>")
	setFile(t, home, carbon.Axis2BlockingClient, "<axisconfig name=\"client\">\n"+strings.Replace(mailSender, "MAIL", client, 1)+"\n</axisconfig>\n")
}

// One alias has one ciphertext. Of two files with two values under it one keeps its value in clear, and says so; it must not have the alias then.
func TestVaultRivals(t *testing.T) {
	home := ownHome(t, "api")
	setMail(t, home, "mail-of-the-server", "mail-of-the-sample")
	twin := twinOf(t, home)
	out := planTwice(t, home, vaultStays)
	if got := judgeVault(t, home, twin, ksPassword)[mailAlias]; got != "mail-of-the-server" {
		t.Errorf("the vault holds %q under %s", got, mailAlias)
	}
	if text := readFile(t, home, carbon.Axis2BlockingClient); text != readFile(t, twin, carbon.Axis2BlockingClient) {
		t.Errorf("the other file was changed:\n%s", text)
	}
	const apart = "repository/conf/axis2/axis2_blocking_client.xml:2: the vault holds one value under its alias " + mailAlias + ", that of " + carbon.Axis2XML
	if said := adviceLines(out.Advice); !strings.Contains(said, apart) || !strings.Contains(said, "give it as vault.secrets."+mailAlias) {
		t.Errorf("the review does not say what stays in clear:\n%s", said)
	}
	said := resultLines(findings(t, home, 10))
	if !strings.Contains(said, "the vault holds one value under its alias "+mailAlias) || strings.Contains(said, ruleVaultClear+" warn") {
		t.Errorf("the audit:\n%s", said)
	}
	if said := resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, vaultStays))); strings.Contains(said, " fail") {
		t.Errorf("the verification:\n%s", said)
	}

	// One value for both brings both in.
	t.Setenv("MAIL_PW", "mail-of-both")
	planTwice(t, home, "vault: {secrets: {"+mailAlias+": {env: MAIL_PW}}}\n")
	for _, rel := range []string{carbon.Axis2XML, carbon.Axis2BlockingClient} {
		if text := readFile(t, home, rel); !strings.Contains(text, `secretAlias="`+mailAlias+`">password<`) {
			t.Errorf("%s has the password in clear:\n%s", rel, text)
		}
	}
	if got := decrypted(t, home, ksPassword)[mailAlias]; got != "mail-of-both" {
		t.Errorf("the vault holds %q", got)
	}
}

// What is in the vault already stays there when another file gets another value.
func TestVaultRivalOfTheVault(t *testing.T) {
	home := ownHome(t, "api")
	setMail(t, home, "${mail}", "mail-of-the-sample")
	planTwice(t, home, vaultStays)
	replaceIn(t, home, carbon.Axis2XML, "${mail}", "mail-of-the-server")
	planTwice(t, home, vaultStays)
	if got := decrypted(t, home, ksPassword)[mailAlias]; got != "mail-of-the-sample" || !strings.Contains(readFile(t, home, carbon.Axis2XML), ">mail-of-the-server<") {
		t.Errorf("the vault holds %q", got)
	}
}

// A link is how a service hands the password over. It is neither replaced nor removed, and nothing else is written beside it.
func TestVaultPasswordLink(t *testing.T) {
	for _, name := range []string{"there", "nowhere"} {
		t.Run(name, func(t *testing.T) {
			home := vaultedHome(t, "api")
			at := filepath.Join(home, sv.PasswordPersist)
			to := filepath.Join(t.TempDir(), "memory")
			if name == "there" {
				setFile(t, filepath.Dir(to), "memory", readFile(t, home, sv.PasswordPersist))
			}
			removeFile(t, home, sv.PasswordPersist)
			if err := os.Symlink(to, at); err != nil {
				t.Fatal(err)
			}
			open := "vault: {key_password: {env: KS_PW}}\n"
			for _, field := range (vault{}).Fields(openHome(t, home), answersOf(t, open)) {
				if field.Key == keyVaultPasswordFile && field.Default != passwordNone {
					t.Errorf("%s is proposed", field.Default)
				}
			}
			for _, yaml := range []string{open, "vault: {key_password: {env: KS_PW}, password_file: none}\n"} {
				if out := buildPlan(t, home, yaml); !out.Plan.Empty() {
					t.Errorf("the plan changes %v", planFiles(out.Plan))
				}
			}
			said := refusals(t, home, "vault: {key_password: {env: KS_PW}, password_file: persist}\n")
			if !strings.Contains(said, "error vault.password_file: password-persist is a link to "+to) || !strings.Contains(said, "Set vault.password_file: none.") {
				t.Errorf("the answers are refused without the reason:\n%s", said)
			}
			if said = resultLines(findings(t, home, 10)); strings.Contains(said, ruleVaultPassword+" fail") || strings.Contains(said, "No password file lies in the home") {
				t.Errorf("the audit:\n%s", said)
			}
			applyNow(t, home, buildPlan(t, home, "vault: {enabled: false, key_password: {env: KS_PW}}\n").Plan)
			if now, err := os.Readlink(at); err != nil || now != to {
				t.Errorf("the link is gone: %v", err)
			}
		})
	}
}

// Files that no parser here reads are looked through for passwords line by line.
func TestVaultClearInLines(t *testing.T) {
	home := vaultedHome(t, "api")
	setFile(t, home, "repository/conf/etc/cassandra.yaml", "server_encryption_options:\n    keystore_password: cass-pw # of the nodes\n    truststore_password: \"\"\n# password: old\nauthenticator: x\n")
	setFile(t, home, "repository/deployment/server/jaggeryapps/store/site/conf/site.json",
		"{\n // \"password\" : \"old\",\n \"sso\" : { \"keyStorePassword\" : \"site-pw\", \"alias\" : \"x\" },\n \"keyStorePassword\" : \"\",\n}\n")
	setFile(t, home, carbon.WrapperConf, "# wrapper.app.password = old\nwrapper.app.password = svc-pw\nwrapper.java.additional.3 = -Dhttp.proxyPassword=proxy-pw\nwrapper.java.additional.4 = -Dhttp.proxyHost=h\n")
	said := resultLines(findings(t, home, 10))
	for _, want := range []string{"cassandra.yaml:2: ", "site.json:3: A password", carbon.WrapperConf + ":2: "} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is not told:\n%s", want, said)
		}
	}
	if !strings.Contains(said, "2 passwords in clear (lines 2, 3)") || strings.Contains(said, "-pw") {
		t.Errorf("not as it should be:\n%s", said)
	}
}

// An alias in a file that nobody reads through the vault leaves the server with the word that stands there.
func TestVaultAliasThatNobodyReads(t *testing.T) {
	home := vaultedHome(t, "api")
	setFile(t, home, "repository/conf/multitenancy/stratos.xml",
		"<stratos xmlns:svns=\"http://org.wso2.securevault/configuration\">\n<password svns:secretAlias=\""+adminAlias+"\">password</password>\n</stratos>\n")
	if said := resultLines(findings(t, home, 10)); !strings.Contains(said, "nothing in Carbon 4.2.0 asks the vault for what stands in this file") {
		t.Errorf("it is not told:\n%s", said)
	}
}

func TestVaultEncodingOfTheService(t *testing.T) {
	t.Setenv("UMLAUT_PW", "Grüße-99")
	const yaml = "vault: {password_file: persist, secrets: {" + adminAlias + ": {env: UMLAUT_PW}}}\n"
	for conf, want := range map[string]bool{"wrapper.java.additional.1 = -Xmx1024m\n": true, "wrapper.java.additional.1 = -Dfile.encoding=UTF8\n": false} {
		home := vaultedHome(t, "api")
		setFile(t, home, carbon.WrapperConf, conf)
		out := buildPlan(t, home, yaml)
		if said := adviceLines(out.Advice); strings.Contains(said, "letters beyond ASCII") != want || strings.Contains(said, "Grüße") {
			t.Errorf("%q:\n%s", conf, said)
		}
	}
}

// The old password is as secret as the new one, in a plan that removes its file and in one that writes another into it.
func TestVaultPasswordFileIsNotShown(t *testing.T) {
	for name, yaml := range map[string]string{
		"off": vaultOff, "none": "vault: {password_file: none}\n", "once": "vault: {password_file: once}\n",
		"another password": "keystore: {from: self_signed, names: [esb.example.com], alias: fresh, password: {env: NEXT_PW}}\n" + vaultStays,
	} {
		t.Run(name, func(t *testing.T) {
			home := vaultedHome(t, "api")
			t.Setenv("NEXT_PW", "Next-Pw-42x")
			out := buildPlan(t, home, yaml)
			if !slices.Contains(planFiles(out.Plan), sv.PasswordPersist) {
				t.Fatalf("the plan changes %v", planFiles(out.Plan))
			}
			noSecret(t, diffText(out.Plan)+adviceLines(out.Advice)+problemLines(out.Problems), secret.New(ksPassword), secret.New("Next-Pw-42x"))
		})
	}
}
