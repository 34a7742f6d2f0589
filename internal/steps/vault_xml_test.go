package steps

import (
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// oddXML are ways to write a password into user-mgt.xml. Each has to go into the vault and to come back to the byte.
var oddXML = []struct {
	name string
	text func(t *testing.T, text string) string // bends the file; its password is ODD
	want string                                 // the value, when it is not ODD
	root string                                 // what the root has to say when the vault is on
}{
	{name: "a declared prefix", text: rooted(` xmlns:sec="http://org.wso2.securevault/configuration"`), root: `<UserManager xmlns:sec="http://org.wso2.securevault/configuration">`},
	{name: "the prefix taken by another namespace", text: rooted(` xmlns:svns="http://example.com/other"`), root: `xmlns:svns2="http://org.wso2.securevault/configuration"`},
	{name: "single quotes on the root", text: rooted(` a='b'`)},
	{name: "attributes over several lines", text: rooted("\n    a=\"b\"\n    c='d'\n")},
	{name: "attributes of the element over several lines", text: within("<Password>ODD", "<Password\n  a='1'\n  b=\"2\"\n  >ODD")},
	{name: "CRLF", text: func(_ *testing.T, text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }},
	{name: "CDATA", text: within(">ODD<", "><![CDATA[O<&D]]><"), want: "O<&D"},
	{name: "references", text: within(">ODD<", ">O&#60;D&amp;&quot;<"), want: `O<D&"`},
	{name: "blanks around", text: within(">ODD<", ">\n   ODD\t<")},
	{name: "a comment before", text: within(">ODD<", "><!-- of the administrator -->ODD<")},
	{name: "a comment behind", text: within(">ODD<", ">ODD<!-- of the administrator --><")},
	{name: "ISO-8859-1", text: func(_ *testing.T, text string) string {
		return "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n" + strings.Replace(text, ">ODD<", ">\xe4\xf6\xfc\xdf1<", 1)
	}, want: "äöüß1"},
	{name: "ISO-8859-1 with what it lacks", text: func(_ *testing.T, text string) string {
		return "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n" + strings.Replace(text, ">ODD<", ">\xe4&#8364;<", 1)
	}, want: "ä€"},
	{name: "UTF-8", text: within(">ODD<", ">пароль€<"), want: "пароль€"},
	{name: "on one line", text: func(_ *testing.T, text string) string { return strings.ReplaceAll(text, "\n", " ") }},
	{name: "without a line end", text: func(_ *testing.T, text string) string { return strings.TrimSpace(text) }},
}

func rooted(attrs string) func(*testing.T, string) string {
	return within("<UserManager>", "<UserManager"+attrs+">")
}

func within(old, with string) func(*testing.T, string) string {
	return func(t *testing.T, text string) string {
		t.Helper()
		if strings.Count(text, old) != 1 {
			t.Fatalf("%q stands there %d times", old, strings.Count(text, old))
		}
		return strings.Replace(text, old, with, 1)
	}
}

// oddHome is an install whose administrator has the password ODD.
func oddHome(t testing.TB) string {
	t.Helper()
	home := ownHome(t, "servlet")
	text := readFile(t, home, carbon.UserMgtXML)
	i, j := strings.Index(text, "<Password>")+len("<Password>"), strings.Index(text, "</Password>")
	setFile(t, home, carbon.UserMgtXML, text[:i]+"ODD"+text[j:])
	return home
}

func TestVaultOddXML(t *testing.T) {
	for _, tt := range oddXML {
		t.Run(tt.name, func(t *testing.T) {
			home := oddHome(t)
			setFile(t, home, carbon.UserMgtXML, tt.text(t, readFile(t, home, carbon.UserMgtXML)))
			twin := twinOf(t, home)
			planTwice(t, home, vaultStays)
			values := judgeVault(t, home, twin, ksPassword)
			want := tt.want
			if want == "" {
				want = "ODD"
			}
			if values[adminAlias] != want {
				t.Errorf("the vault has %q", values[adminAlias])
			}
			if !strings.Contains(readFile(t, home, carbon.UserMgtXML), tt.root) {
				t.Errorf("the root is not as it should be:\n%s", readFile(t, home, carbon.UserMgtXML)[:600])
			}
			vaulted := readFile(t, home, carbon.UserMgtXML)
			t.Setenv("ADMIN_PW", newAdmin)
			planTwice(t, home, "admin: {username: ops, password: {env: ADMIN_PW}}\n")
			if got := readFile(t, home, carbon.UserMgtXML); got != vaulted {
				t.Errorf("a later password changes the file: %q", changedLines(vaulted, got))
			}
			planTwice(t, home, "vault: {secrets: {"+adminAlias+": '"+want+"'}}\n")
			planTwice(t, home, vaultOff)
			before, after := readFile(t, twin, carbon.UserMgtXML), readFile(t, home, carbon.UserMgtXML)
			if strings.Contains(tt.root, "xmlns:sec=") {
				before = strings.Replace(before, ` xmlns:sec="http://org.wso2.securevault/configuration"`, "", 1)
			}
			if tt.name == "references" || tt.name == "ISO-8859-1 with what it lacks" {
				before, after = nodeTexts(t, twin), nodeTexts(t, home) // there is more than one way to write them
			}
			if after != before {
				t.Errorf("with the vault off, the file is another: %q, was %q", changedLines(before, after), changedLines(after, before))
			}
		})
	}
}

func nodeTexts(t *testing.T, home string) string {
	t.Helper()
	var b strings.Builder
	for _, n := range nodesOf(t, home, carbon.UserMgtXML) {
		b.WriteString(n.path + "=" + n.text + "\n")
	}
	return b.String()
}

// TestVaultSingleQuotes: an alias in single quotes, as other tools write it, is one like any other.
func TestVaultSingleQuotes(t *testing.T) {
	home, twin := vaultedHome(t, "servlet"), ownHome(t, "servlet")
	replaceIn(t, home, carbon.UserMgtXML, `svns:secretAlias="UserManager.AdminUser.Password"`, `svns:secretAlias = 'UserManager.AdminUser.Password'`)
	if out := buildPlan(t, home, vaultStays); !out.Plan.Empty() {
		t.Errorf("the plan changes %v", planFiles(out.Plan))
	}
	judgeVault(t, home, twin, ksPassword)
	planTwice(t, home, vaultOff)
	if got := homeDiffers(t, twin, home); strings.Contains(strings.Join(got, " "), ".xml") {
		t.Errorf("with the vault off, %v differ", got)
	}
}

// TestVaultStuck: a value that its element cannot have in clear, for the file could not be written then, stays in the vault.
func TestVaultStuck(t *testing.T) {
	home := vaultedHome(t, "servlet")
	replaceIn(t, home, carbon.UserMgtXML, ">password</Password>", "><Inner/>password</Password>")
	before := twinOf(t, home)
	for _, answers := range []string{"hostname: {name: esb.example.com}\n", vaultStays} {
		out := buildPlan(t, home, answers)
		for _, c := range out.Plan.Changes {
			if strings.Contains(c.Path, "security/") || c.Path == carbon.UserMgtXML {
				t.Errorf("%s changes %s", answers, c.Path)
			}
		}
	}
	t.Setenv("ADMIN_PW", newAdmin)
	refused(t, home, "admin: {username: ops, password: {env: ADMIN_PW}}\n", "The administrator's password is kept in the secure vault")
	refused(t, home, vaultOff, "error vault.enabled: repository/conf/user-mgt.xml:12 cannot have its value in clear", "take the element apart by hand")
	// Another key: the value goes along.
	planTwice(t, home, "keystore: {from: self_signed, names: [esb.example.com], alias: second, password: {env: GIVEN_PW}, encryption: same, change_encryption_key: true}\n"+vaultStays)
	if got := decrypted(t, home, givenPassword)[adminAlias]; got != proofAdmin {
		t.Errorf("with the other key, the vault has %q", got)
	}
	if readFile(t, home, carbon.UserMgtXML) != readFile(t, before, carbon.UserMgtXML) {
		t.Error("the element has changed")
	}
}

// TestVaultSVNSInUse: the declaration stays when something else needs it.
func TestVaultSVNSInUse(t *testing.T) {
	home := ownHome(t, "servlet")
	replaceIn(t, home, carbon.UserMgtXML, "<UserManager>", `<UserManager xmlns:svns="http://org.wso2.securevault/configuration"><svns:SecureVault provider="x"/>`)
	before := readFile(t, home, carbon.UserMgtXML)
	planTwice(t, home, vaultStays)
	planTwice(t, home, vaultOff)
	if got := readFile(t, home, carbon.UserMgtXML); got != before {
		t.Errorf("the file is another:\n%v", changedLines(before, got))
	}
}
