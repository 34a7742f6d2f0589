package steps

import (
	"strings"
	"testing"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

func TestKeystoreVaultRefused(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	text := strings.Replace(readFile(t, home, carbon.CarbonXML), "<Password>wso2carbon</Password>", `<Password svns:secretAlias="Carbon.Security.KeyStore.Password">password</Password>`, 1)
	text = strings.Replace(text, `<Server xmlns=`, `<Server xmlns:svns="http://org.wso2.securevault/configuration" xmlns=`, 1)
	setFile(t, home, carbon.CarbonXML, text)
	yaml := keyAnswers(t, dir, importBundle)
	if said := problemLines(problems(t, home, yaml)); !strings.Contains(said, "error keystore.password: The passwords of the keystores are in the secure vault: "+carbon.CarbonXML) {
		t.Errorf("the vault is overwritten:\n%s", said)
	}
	if said := resultLines(findings(t, home, 2)); !strings.Contains(said, ruleStoreUnread+" unknown") {
		t.Errorf("the audit claims to know:\n%s", said)
	}
}

// A vault that keeps the right passwords of the right stores stays as it is.
func TestKeystoreVaultThatFits(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "servlet")
	yaml := keyAnswers(t, dir, importBundle)
	planTwice(t, home, yaml)
	text := readFile(t, home, carbon.CarbonXML)
	text = strings.ReplaceAll(text, "<Password>"+ksPassword+"</Password>", `<Password svns:secretAlias="Carbon.Security.KeyStore.Password">password</Password>`)
	text = strings.ReplaceAll(text, "<KeyPassword>"+ksPassword+"</KeyPassword>", `<KeyPassword svns:secretAlias="Carbon.Security.KeyStore.KeyPassword">password</KeyPassword>`)
	text = strings.Replace(text, `<Server xmlns=`, `<Server xmlns:svns="http://org.wso2.securevault/configuration" xmlns=`, 1)
	setFile(t, home, carbon.CarbonXML, text)
	startedHome(t, home)
	if out := buildPlan(t, home, yaml); !out.Plan.Empty() {
		t.Errorf("the plan changes %v:\n%s", planFiles(out.Plan), diffText(out.Plan))
	}
}

func TestKeystoreAudit(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		home := sampleHome(t, which)
		golden(t, "keystore/audit-"+which+".txt", undated(resultLines(findings(t, home, 2)), ""))
	}
}

func TestKeystoreAuditOfBrokenStores(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.IdentityXML, "<Password>wso2carbon</Password>", "<Password>other-one</Password>")
	text := readFile(t, home, carbon.CarbonXML)
	i := strings.Index(text, "<RegistryKeyStore>")
	text = text[:i] + strings.Replace(text[i:], "<KeyAlias>wso2carbon</KeyAlias>", "<KeyAlias>gone</KeyAlias>", 1)
	setFile(t, home, carbon.CarbonXML, text)
	replaceIn(t, home, carbon.AppAuthentication, "/repository/resources/security/client-truststore.jks", "/repository/resources/security/lost.jks")
	replaceIn(t, home, carbon.CatalinaXML, `sslProtocol="TLS"`, `sslProtocol="TLS" sslEnabledProtocols="TLSv1,SSLv3"`)
	golden(t, "keystore/audit-broken.txt", undated(resultLines(findings(t, home, 2)), ""))
}

func TestKeystoreBadAnswers(t *testing.T) {
	dir := keyFolder(t)
	var b strings.Builder
	for _, source := range []string{
		"{}", "{pkcs12: DIR/none.p12}", "{pkcs12: DIR}", "{pkcs12: DIR/garbage.p12}", "{pkcs12: DIR/empty.p12}",
		"{jks: DIR/given.jks}", "{jks: DIR/given.jks, password: {env: WRONG_PW}}", "{jks: DIR/given.jks, password: {env: GIVEN_PW}, key_password: {env: WRONG_PW}}",
		"{jks: DIR/given.jks, password: {env: GIVEN_PW}, alias: nobody}", "{certificate: DIR/server.crt}", "{certificate: DIR/server.crt, private_key: DIR/other.key}",
		"{certificate: DIR/server.crt, private_key: DIR/server.key}", "{certificate: DIR/expired.pem}", "{certificate: DIR/soon.pem}", "{certificate: DIR/weak.pem}", "{certificate: DIR/ec.pem}",
		"{pkcs12: DIR/given.jks, jks: DIR/given.jks}", "{private_key: DIR/server.key}",
	} {
		home := sampleHome(t, "servlet")
		yaml := "keystore: {from: file, source: " + source + ", alias: esb, password: {env: KS_PW}}\n"
		if source == "{}" {
			yaml = "keystore: {from: file, alias: esb, password: {env: KS_PW}}\n"
		}
		said := problemLines(problems(t, home, keyAnswers(t, dir, allHostNames+yaml)))
		noSecret(t, said, append(secretsOf(), secret.New("wrong-Pw-9"))...)
		b.WriteString("--- " + source + "\n" + said)
	}
	for _, more := range []string{
		"alias: ESB, password: {env: KS_PW}", "alias: esb", "alias: esb, password: \"a]b\"", "alias: esb, password: {env: KS_PW}, encryption_store: DIR/root.pem",
		"alias: esb, password: {env: KS_PW}, tls: [SSLv3]", "alias: esb, password: {env: KS_PW}, encryption: same, source: {certificate: DIR/ec.pem}",
	} {
		source := "source: {certificate: DIR/bundle.pem}, "
		if strings.Contains(more, "source:") {
			source = ""
		}
		said := problemLines(problems(t, sampleHome(t, "servlet"), keyAnswers(t, dir, allHostNames+"keystore: {"+source+more+"}\n")))
		b.WriteString("--- " + more + "\n" + said)
	}
	for _, trust := range []string{"import: [DIR/none.pem]", "import: [DIR/server.key]", "import: [DIR/given.jks]", "import: [DIR/garbage.p12]", "password: abc"} {
		said := problemLines(problems(t, sampleHome(t, "servlet"), keyAnswers(t, dir, "truststore: {"+trust+"}\n")))
		b.WriteString("--- " + trust + "\n" + said)
	}
	golden(t, "keystore/bad-answers.txt", undated(b.String(), dir))
}

func TestKeystoreNeedsItsFiles(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	setFile(t, home, carbon.Axis2XML, "<axisconfig>\n<broken")
	if said := leftOut(t, home, keyAnswers(t, dir, importBundle), "keystore"); !strings.Contains(said, carbon.Axis2XML) {
		t.Errorf("it says %q", said)
	}
	home = sampleHome(t, "api")
	replaceIn(t, home, carbon.CarbonXML, "RegistryKeyStore>", "OtherKeyStore>")
	if said := leftOut(t, home, keyAnswers(t, dir, importBundle), "keystore"); !strings.Contains(said, "RegistryKeyStore") {
		t.Errorf("it says %q", said)
	}
	home = sampleHome(t, "api")
	setFile(t, home, carbon.TrustStore, "no truststore")
	if said := problemLines(problems(t, home, keyAnswers(t, dir, importBundle))); !strings.Contains(said, "error truststore.password: "+carbon.TrustStore) {
		t.Errorf("a broken truststore is passed over:\n%s", said)
	}
}

func TestKeystoreFields(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	keysFor := func(yaml string) string {
		t.Helper()
		var keys []string
		for _, f := range (keystore{}).Fields(openHome(t, home), answersOf(t, keyAnswers(t, dir, yaml))) {
			keys = append(keys, strings.TrimPrefix(f.Key, "keystore."))
		}
		return strings.Join(keys, " ")
	}
	const end = " truststore.password truststore.import truststore.remove_default truststore.remove_old"
	const store = " alias password encryption encryption_store tls" + end
	for yaml, want := range map[string]string{
		"keystore: {from: file}\n":                                                           "from source.pkcs12 source.jks source.certificate" + store,
		"keystore: {source: {jks: DIR/given.jks}}\n":                                         "from source.jks source.chain source.password" + store,
		"keystore: {source: {certificate: DIR/bundle.pem}}\n":                                "from source.certificate source.private_key source.chain" + store,
		"keystore: {from: csr}\n":                                                            "from names organization country answer" + store,
		"keystore: {from: self_signed, encryption: same}\n":                                  "from names organization country alias password encryption tls" + end,
		"keystore: {from: keep}\n":                                                           "from" + end,
		"keystore: {source: {jks: DIR/given.jks, password: {env: GIVEN_PW}, alias: none}}\n": "from source.jks source.chain source.password source.alias" + store,
	} {
		if got := keysFor(yaml); got != want {
			t.Errorf("%s asks for\n%s, want\n%s", yaml, got, want)
		}
	}
	w := openHome(t, home)
	for _, f := range (keystore{}).Fields(w, answersOf(t, keyAnswers(t, dir, "keystore: {source: {jks: DIR/given.jks}}\n"))) {
		if f.Key != keySourcePassword {
			continue
		}
		if p := f.CheckSecret(secret.New("wrong-Pw-9")); p == nil || strings.Contains(p.Message, "wrong-Pw-9") {
			t.Errorf("a wrong password gives %+v", p)
		}
		if p := f.CheckSecret(secret.New(givenPassword)); p != nil {
			t.Errorf("the right password gives %+v", p)
		}
	}
}

// Files are read once for as long as they stay as they are.
func TestKeyFilesAreKept(t *testing.T) {
	dir := keyFolder(t)
	w := openHome(t, sampleHome(t, "api"))
	one := w.keyFiles().read(dir + "/given.jks")
	if two := w.keyFiles().read(dir + "/given.jks"); one != two {
		t.Error("the file was read again")
	}
	first := w.keyFiles().load([]*keyFile{one}, "", secret.New(givenPassword), secret.Secret{})
	if first.err != nil || first != w.keyFiles().load([]*keyFile{one}, "", secret.New(givenPassword), secret.Secret{}) {
		t.Errorf("the file was loaded again: %v", first.err)
	}
	if other := w.keyFiles().load([]*keyFile{one}, "", secret.New("wrong"), secret.Secret{}); kindOfKeyError(other.err) != ks.WrongStorePassword {
		t.Errorf("another password gives %v", other.err)
	}
	setFile(t, dir, "given.jks", "now shorter")
	if three := w.keyFiles().read(dir + "/given.jks"); one == three {
		t.Error("the changed file was not read")
	}
	for range 2 * mostLoaded {
		w.keyFiles().load([]*keyFile{one}, "", secret.New(strings.Repeat("x", len(w.keyFiles().loaded)+7)), secret.Secret{})
	}
	if n := len(w.keyFiles().loaded); n > mostLoaded {
		t.Errorf("%d results are kept", n)
	}
}
