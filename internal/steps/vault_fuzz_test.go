package steps

import (
	"strings"
	"testing"

	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// fuzzHome is a small install with a key of its own, of which a fuzz target changes one file at a time.
func fuzzHome(f testing.TB) string {
	f.Helper()
	home := f.TempDir()
	data := storeOfFamily(f)
	setFile(f, home, registryStore, string(data))
	setFile(f, home, carbon.CarbonXML, `<Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><Name>N</Name><Version>1</Version><Security><RegistryKeyStore><Location>${carbon.home}/`+registryStore+
		`</Location><Type>JKS</Type><Password>`+ksPassword+`</Password><KeyAlias>esb</KeyAlias><KeyPassword>`+ksPassword+`</KeyPassword></RegistryKeyStore></Security></Server>`)
	setFile(f, home, carbon.UserMgtXML, "<UserManager><Realm><Configuration><AdminUser><UserName>a</UserName><Password>p</Password></AdminUser></Configuration></Realm></UserManager>")
	setFile(f, home, "bin/wso2server.sh", "#!/bin/sh\n")
	setFile(f, home, "bin/wso2carbon-version.txt", "WSO2 Carbon Framework v4.2.0\n")
	setFile(f, home, "repository/conf/log4j.properties", "log4j.rootLogger=INFO\n")
	return home
}

// fuzzPlan plans without a test's setting of the environment.
func fuzzPlan(t testing.TB, home string, off bool, secrets map[string]string) (*apply.Plan, error) {
	t.Helper()
	a := answers.NewSet(Schema())
	on := "true"
	if off {
		on = "false"
	}
	a.Put(keyVaultEnabled, answers.Value{Text: on})
	a.Put(keyVaultPasswordFile, answers.Value{Text: passwordPersist})
	for alias, value := range secrets {
		a.Put(keyVaultSecrets+alias, answers.Value{Secret: secret.New(value)})
	}
	out, err := BuildPlan(t.Context(), openInstall(t, home), a)
	if err != nil {
		return nil, err
	}
	if len(out.Unplanned) > 0 {
		t.Fatalf("left out: %v", out.Left)
	}
	return out.Plan, nil
}

// FuzzVaultPassword has any text that sv.Check takes go into the vault from the answers, and from its element, and come back as it was.
func FuzzVaultPassword(f *testing.F) {
	for _, text := range []string{"secret", proofAdmin, "<>&\"'", "]]>", "[x]", "пароль€", "a b", `\u0041\n`, "#!=:", "password", adminAlias, "-->", "${", "\x7f", "\u0085", "\ufffe", "true", "e\u0301", strings.Repeat("x", 246)} {
		f.Add(text)
	}
	home := fuzzHome(f)
	f.Fuzz(func(t *testing.T, text string) {
		ok := sv.Check(secret.New(text), 2048/8-11) == nil
		plan, err := fuzzPlan(t, home, false, map[string]string{adminAlias: text})
		if err != nil {
			if ok && strings.ContainsAny(text, "\ufffe\uffff") {
				return // the element could not have it in clear
			}
			if ok {
				t.Fatalf("%q is refused: %v", text, err)
			}
			return
		}
		if !ok {
			t.Fatalf("%q is taken", text)
		}
		vaulted := twinOf(t, home)
		applyNow(t, vaulted, plan)
		if got := decrypted(t, vaulted, ksPassword)[adminAlias]; got != text {
			t.Fatalf("the vault has %q, want %q", got, text)
		}
		w := openHome(t, vaulted)
		w.openVault(nil)
		if got := w.vault.opened[adminAlias].Reveal(); got != text {
			t.Fatalf("opened, it is %q, want %q", got, text)
		}
		if again, err := fuzzPlan(t, vaulted, false, map[string]string{adminAlias: text}); err != nil || !again.Empty() {
			t.Fatalf("planned again: %v", err)
		}
		off, err := fuzzPlan(t, vaulted, true, nil)
		if err != nil {
			t.Fatalf("%q cannot be taken back: %v", text, err)
		}
		applyNow(t, vaulted, off)
		for _, n := range nodesOf(t, vaulted, carbon.UserMgtXML) {
			if strings.HasSuffix(n.path, "AdminUser/Password") && n.text != text {
				t.Fatalf("taken back, it is %q, want %q", n.text, text)
			}
		}
	})
}

// FuzzVaultPlace has any XML around a password go through on and off: the bytes are the same again, and so they are when a later plan has nothing to change.
func FuzzVaultPlace(f *testing.F) {
	for _, tt := range oddXML {
		if home := "<UserManager>\n <Realm><Configuration><AdminUser>\n<Password>ODD</Password></AdminUser></Configuration></Realm></UserManager>\n"; !strings.Contains(tt.name, "prefix") {
			f.Add(tt.text(&testing.T{}, home))
		}
	}
	f.Add("<UserManager xmlns='http://example.com/' a='1'><Realm><Configuration><AdminUser><Password b = \"2\" >x y</Password ><!-- c --></AdminUser></Configuration></Realm></UserManager >")
	f.Add("<u:UserManager xmlns:u='urn:x'><u:Realm><u:Configuration><Property name='password'>p1</Property><Property name='password'>p1</Property></u:Configuration></u:Realm></u:UserManager>")
	home := fuzzHome(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 || strings.Contains(text, "secret") {
			return
		}
		twin := twinOf(t, home)
		setFile(t, twin, carbon.UserMgtXML, text)
		w := openHome(t, twin)
		doc, err := w.XML(carbon.UserMgtXML)
		if err != nil {
			return
		}
		before := map[string]string{}
		for _, e := range doc.Find("//*") {
			before[spot("", e)] = e.Text()
		}
		on, err := fuzzPlan(t, twin, false, nil)
		if err != nil {
			return // a value that no vault can hold, or two of one name
		}
		applyNow(t, twin, on)
		if again, err := fuzzPlan(t, twin, false, nil); err != nil || !again.Empty() {
			t.Fatalf("planned again, it changes: %v", err)
		}
		off, err := fuzzPlan(t, twin, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		applyNow(t, twin, off)
		after := readFile(t, twin, carbon.UserMgtXML)
		if after == text {
			return
		}
		// There is more than one way to write a value: its text is the same, and so are all bytes but those between the tags of a password.
		doc, err = openHome(t, twin).XML(carbon.UserMgtXML)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range doc.Find("//*") {
			if before[spot("", e)] != e.Text() {
				t.Fatalf("%s was %q and is %q", e.Path(), before[spot("", e)], e.Text())
			}
		}
		if rawTags(text) != rawTags(after) {
			t.Fatalf("the tags were\n%q\nand are\n%q", rawTags(text), rawTags(after))
		}
	})
}

// rawTags is a text without what stands between its tags.
func rawTags(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			return b.String()
		}
		end := ">"
		switch {
		case strings.HasPrefix(text[i:], "<!--"):
			end = "-->"
		case strings.HasPrefix(text[i:], "<![CDATA["):
			end = "]]>"
		}
		j := strings.Index(text[i:], end)
		if j < 0 {
			return b.String() + text[i:]
		}
		if end != "]]>" {
			b.WriteString(text[i : i+j+len(end)])
		}
		text = text[i+j+len(end):]
	}
}
