package steps

import (
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

const (
	esbStore   = carbon.SecurityDir + "/esb.jks"
	esbCipher  = carbon.SecurityDir + "/esb-encryption.jks"
	esbRequest = carbon.SecurityDir + "/esb.csr"
)

func secretsOf() []secret.Secret {
	return []secret.Secret{secret.New(ksPassword), secret.New(tsPassword), secret.New(givenPassword)}
}

func TestKeystoreImport(t *testing.T) {
	for _, which := range []string{"api", "servlet"} {
		t.Run(which, func(t *testing.T) {
			dir := keyFolder(t)
			yaml := keyAnswers(t, dir, allHostNames+importBundle+"truststore: {password: {env: TS_PW}, remove_default: true}\n")
			home := sampleHome(t, which)
			shipped := readFile(t, home, carbon.KeyStore)
			out := planTwice(t, home, yaml)
			golden(t, "keystore/import-"+which+".diff", diffText(out.Plan))
			text := diffText(out.Plan) + adviceLines(out.Advice) + problemLines(out.Problems)
			noSecret(t, text, secretsOf()...)
			golden(t, "keystore/import-"+which+"-advice.txt", undated(adviceLines(out.Advice), dir))

			id := readKey(t, home, esbStore, "esb", ksPassword)
			if len(id.Chain) != 3 || id.Leaf().Name() != "esb.example.com" {
				t.Errorf("the chain is %v", id.Chain)
			}
			enc := readKey(t, home, esbCipher, "esb", ksPassword)
			if enc.SameKey(id) || !usableForEncryption(enc) {
				t.Error("the encryption key is not one of its own")
			}
			if readFile(t, home, carbon.KeyStore) != shipped {
				t.Error("the shipped keystore was changed")
			}
			trust := readTrust(t, home, tsPassword)
			if len(trust.Has(id.Chain[2])) != 1 {
				t.Error("the root is not trusted")
			}
			for _, f := range []string{carbon.CarbonXML, carbon.Axis2XML, carbon.IdentityXML} {
				live := liveText(t, home, f)
				if strings.Contains(live, "wso2carbon.jks") {
					t.Errorf("%s still names the shipped keystore", f)
				}
			}
			verified := resultLines(VerifyInstall(t.Context(), openInstall(t, home), answersOf(t, yaml), "hostname"))
			if strings.Contains(verified, " fail ") || strings.Contains(verified, " warn ") {
				t.Errorf("verify says\n%s", verified)
			}
			for _, r := range findings(t, home, 2) {
				if r.Status == Fail || r.Status == Unknown {
					t.Errorf("the audit still says %s", resultLines([]Result{r}))
				}
			}
			javaReads(t, home, which)
		})
	}
}

// liveText is a file without its comments.
func liveText(t *testing.T, home, rel string) string {
	t.Helper()
	text := readFile(t, home, rel)
	for {
		i := strings.Index(text, "<!--")
		if i < 0 {
			return text
		}
		j := strings.Index(text[i:], "-->")
		text = text[:i] + text[i+j+3:]
	}
}

func javaReads(t *testing.T, home, _ string) {
	t.Helper()
	list := keytool(t, home, esbStore, ksPassword)
	if list == "" {
		return
	}
	for _, want := range []string{"Keystore type: JKS", "Your keystore contains 1 entry", "Alias name: esb", "PrivateKeyEntry", "Certificate chain length: 3", "CN=esb.example.com"} {
		if !strings.Contains(list, want) {
			t.Errorf("keytool does not say %q of %s:\n%s", want, esbStore, list)
		}
	}
	if list := keytool(t, home, esbCipher, ksPassword); !strings.Contains(list, "CN=esb encryption") || !strings.Contains(list, "2048-bit RSA") {
		t.Errorf("keytool says of the encryption key:\n%s", list)
	}
	if list := keytool(t, home, carbon.TrustStore, tsPassword); !strings.Contains(list, "CN=Test Root CA") {
		t.Errorf("keytool says of the truststore:\n%s", list)
	}
}

// Plans are made again between review and apply, and on other nodes: with a key that is made anew each time the hash has to stay.
func TestKeystoreHash(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	for _, yaml := range []string{
		allHostNames + importBundle,
		"keystore: {from: self_signed, names: [esb.example.com], alias: esb, password: {env: KS_PW}, encryption: same}\n",
		"keystore: {from: csr, names: [esb.example.com], alias: esb, password: {env: KS_PW}}\n",
	} {
		yaml = keyAnswers(t, dir, yaml)
		one, two := buildPlan(t, home, yaml).Plan, buildPlan(t, home, yaml).Plan
		if one.Hash() != two.Hash() {
			t.Errorf("two plans of the same answers have the hashes %s and %s:\n%s", one.Hash(), two.Hash(), yaml)
		}
	}
	one := buildPlan(t, home, keyAnswers(t, dir, allHostNames+importBundle)).Plan.Hash()
	setFile(t, dir, "bundle.pem", readFile(t, dir, "renewed.pem"))
	if two := buildPlan(t, home, keyAnswers(t, dir, allHostNames+importBundle)).Plan.Hash(); one == two {
		t.Error("another certificate in the file leaves the hash as it was")
	}
}

func TestKeystoreSources(t *testing.T) {
	dir := keyFolder(t)
	for name, source := range map[string]string{
		"bundle":           "{certificate: DIR/bundle.pem}",
		"parts":            "{certificate: DIR/server.crt, private_key: DIR/server.key, chain: DIR/chain.pem}",
		"jks":              "{jks: DIR/given.jks, password: {env: GIVEN_PW}}",
		"jks under p12":    "{pkcs12: DIR/given.jks, password: {env: GIVEN_PW}}",
		"alias in letters": "{jks: DIR/given.jks, password: {env: GIVEN_PW}, alias: GIVEN}",
	} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t, "api")
			planTwice(t, home, keyAnswers(t, dir, "keystore: {source: "+source+", password: {env: KS_PW}, alias: esb}\n"))
			if id := readKey(t, home, esbStore, "esb", ksPassword); len(id.Chain) != 3 {
				t.Errorf("the chain has %d certificates", len(id.Chain))
			}
		})
	}
}

func TestKeystoreAliasDefaults(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	yaml := keyAnswers(t, dir, "keystore: {source: {jks: DIR/given.jks, password: {env: GIVEN_PW}}, password: {env: KS_PW}}\n")
	planTwice(t, home, yaml)
	readKey(t, home, carbon.SecurityDir+"/given.jks", "given", ksPassword)
	// A renewal in a file without alias keeps the alias that is in force.
	planTwice(t, home, keyAnswers(t, dir, "keystore: {source: {certificate: DIR/renewed.pem}, password: {env: KS_PW}}\n"))
	readKey(t, home, carbon.SecurityDir+"/given.jks", "given", ksPassword)
	if rel := newStore("wso2carbon", ""); rel == carbon.KeyStore {
		t.Error("the alias wso2carbon would overwrite the shipped keystore")
	}
}

func TestKeystoreEncryptionKeySurvives(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	planTwice(t, home, keyAnswers(t, dir, importBundle))
	before := readKey(t, home, esbCipher, "esb", ksPassword)
	startedHome(t, home)

	// A renewal with another key, another alias and another password.
	t.Setenv("NEW_PW", "Another-pw-5")
	planTwice(t, home, keyAnswers(t, dir, "keystore: {source: {certificate: DIR/renewed.pem}, alias: next, password: {env: NEW_PW}}\n"))
	after := readKey(t, home, carbon.SecurityDir+"/next-encryption.jks", "next", "Another-pw-5")
	if !after.SameKey(before) {
		t.Error("the encryption key was changed")
	}
	if id := readKey(t, home, carbon.SecurityDir+"/next.jks", "next", "Another-pw-5"); id.SameKey(after) {
		t.Error("both stores have one key")
	}
}

func TestKeystoreEncryptionOfAStartedServer(t *testing.T) {
	dir := keyFolder(t)
	refusal := "This server has been started before"
	for _, c := range []struct {
		name, more string
		refused    bool
	}{
		{"own", "", true},
		{"same", ", encryption: same", true},
		{"told", ", change_encryption_key: true", false},
		{"keep", ", encryption: keep", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			startedHome(t, home)
			yaml := keyAnswers(t, dir, strings.Replace(importBundle, "alias: esb", "alias: esb"+c.more, 1))
			said := problemLines(problems(t, home, yaml))
			if got := strings.Contains(said, "error keystore.encryption: "+refusal); got != c.refused {
				t.Fatalf("refused: %t, want %t:\n%s", got, c.refused, said)
			}
			if c.refused {
				return
			}
			w := openHome(t, home)
			old := keyInForce(w, readStores(w).carbonStore("RegistryKeyStore")).id
			planTwice(t, home, yaml)
			enc := readKey(t, home, esbCipher, "esb", ksPassword)
			if kept := enc.SameKey(old); kept != (c.name == "keep") {
				t.Errorf("the encryption key was kept: %t", kept)
			}
		})
	}
}

func TestKeystoreEncryptionSameAndFromAnotherNode(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "servlet")
	planTwice(t, home, keyAnswers(t, dir, strings.Replace(importBundle, "alias: esb", "alias: esb, encryption: same", 1)))
	w := openHome(t, home)
	if rel := readStores(w).carbonStore("RegistryKeyStore").rel; rel != esbStore || w.Has(esbCipher) {
		t.Errorf("RegistryKeyStore is %s", rel)
	}

	first, second := sampleHome(t, "servlet"), sampleHome(t, "servlet")
	planTwice(t, first, keyAnswers(t, dir, importBundle))
	setFile(t, dir, "enc.jks", readFile(t, first, esbCipher))
	planTwice(t, second, keyAnswers(t, dir, strings.Replace(importBundle, "alias: esb", "alias: node2, encryption_store: DIR/enc.jks", 1)))
	if !readKey(t, second, carbon.SecurityDir+"/node2-encryption.jks", "node2", ksPassword).SameKey(readKey(t, first, esbCipher, "esb", ksPassword)) {
		t.Error("the nodes have different encryption keys")
	}
}

func TestKeystoreRequestAndAnswer(t *testing.T) {
	f := theFamily()
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	yaml := keyAnswers(t, dir, allHostNames+"keystore: {from: csr, names: [esb.internal, 10.1.4.20], organization: Example Ltd, country: de, alias: esb, password: {env: KS_PW}}\n")
	out := planTwice(t, home, yaml)
	if text := adviceLines(out.Advice); !strings.Contains(text, esbRequest) {
		t.Errorf("the advice does not name the request:\n%s", text)
	}
	waiting, enc := readKey(t, home, esbStore, "esb", ksPassword), readKey(t, home, esbCipher, "esb", ksPassword)
	request := parseRequest(t, readFile(t, home, esbRequest))
	if got := strings.Join(request.DNSNames, " "); got != "esb.example.com mgt.example.com esb.internal" || len(request.IPAddresses) != 1 {
		t.Errorf("the request is for %s %v", got, request.IPAddresses)
	}
	if got := request.Subject.String(); got != "CN=esb.example.com,O=Example Ltd,C=DE" {
		t.Errorf("the request is of %s", got)
	}
	if said := resultLines(findings(t, home, 2)); !strings.Contains(said, ruleChain+" warn") || !strings.Contains(said, "self-signed") {
		t.Errorf("the audit does not name the self-signed certificate:\n%s", said)
	}
	if len(readTrust(t, home, "wso2carbon").Has(waiting.Leaf())) != 1 {
		t.Error("until the answer comes the server does not trust itself")
	}

	startedHome(t, home) // the encryption key is not touched by the answer
	setFile(t, dir, "answer.pem", certPEM(f.inter, f.server(request.PublicKey, 9000*3600*1e9, "esb.example.com", "mgt.example.com", "esb.internal"), f.root))
	answer := strings.Replace(yaml, "from: csr,", "from: csr, answer: "+dir+"/answer.pem,", 1)
	planTwice(t, home, answer)
	id := readKey(t, home, esbStore, "esb", ksPassword)
	if !id.SameKey(waiting) || len(id.Chain) != 3 {
		t.Errorf("the answer was not imported: %d certificates", len(id.Chain))
	}
	if trust := readTrust(t, home, "wso2carbon"); len(trust.Has(waiting.Leaf())) != 0 || len(trust.Has(id.Chain[2])) != 1 {
		t.Error("the truststore keeps the certificate that the answer has replaced, or lacks the root")
	}
	if !readKey(t, home, esbCipher, "esb", ksPassword).SameKey(enc) {
		t.Error("the encryption key was changed")
	}
	if said := problemLines(problems(t, home, strings.Replace(answer, "answer.pem", "server.crt", 1))); !strings.Contains(said, "error keystore.answer:") {
		t.Errorf("the answer for another key is taken:\n%s", said)
	}
	fresh := sampleHome(t, "api")
	if said := problemLines(problems(t, fresh, answer)); !strings.Contains(said, "error keystore.answer: There is no key in "+esbStore) {
		t.Errorf("an answer without a key that waits is taken:\n%s", said)
	}
}

func TestKeystoreSelfSigned(t *testing.T) {
	home := sampleHome(t, "servlet")
	yaml := keyAnswers(t, "", "keystore: {from: self_signed, names: [esb.example.com, \"2001:db8::7\"], alias: esb, password: {env: KS_PW}}\n")
	planTwice(t, home, yaml)
	id := readKey(t, home, esbStore, "esb", ksPassword)
	if got := strings.Join(id.Leaf().SANs(), " "); got != "esb.example.com 2001:db8::7" {
		t.Errorf("the certificate is for %s", got)
	}
	if trust := readTrust(t, home, "wso2carbon"); len(trust.Has(id.Leaf())) != 1 {
		t.Error("the server does not trust itself")
	}
	// Another name asks for another certificate.
	if out := buildPlan(t, home, strings.Replace(yaml, "esb.example.com,", "esb.example.com, more.example.com,", 1)); !slices.Contains(planFiles(out.Plan), esbStore) {
		t.Errorf("a further name changes %v", planFiles(out.Plan))
	}
	if said := problemLines(problems(t, sampleHome(t, "servlet"), keyAnswers(t, "", "keystore: {from: self_signed, alias: esb, password: {env: KS_PW}}\n"))); !strings.Contains(said, "error keystore.names: A certificate needs a name") {
		t.Errorf("a certificate without a name is made:\n%s", said)
	}
}

// The commented blocks of the sample, and a store that somebody has given a place of its own, stay.
func TestKeystoreKeepsStoresOfTheirOwn(t *testing.T) {
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	text := readFile(t, home, carbon.Axis2XML)
	i := strings.LastIndex(text, "<Location>repository/resources/security/wso2carbon.jks")
	setFile(t, home, carbon.Axis2XML, text[:i]+"<Location>repository/resources/security/partner.jks"+text[i+len("<Location>repository/resources/security/wso2carbon.jks"):])
	out := planTwice(t, home, keyAnswers(t, dir, importBundle))
	if !strings.Contains(readFile(t, home, carbon.Axis2XML), "security/partner.jks") {
		t.Error("the sender's own store was replaced")
	}
	if said := problemLines(out.Problems); !strings.Contains(said, "a store of its own, and stays") {
		t.Errorf("nothing is said about it:\n%s", said)
	}
	commented := func(s string) int { return strings.Count(s, "wso2carbon.jks") }
	if commented(readFile(t, home, carbon.Axis2XML)) == 0 {
		t.Error("the commented block was changed")
	}
}

func TestKeystoreTLSByJava(t *testing.T) {
	for major, want := range map[int]string{6: "TLSv1", 7: "TLSv1,TLSv1.1,TLSv1.2", 8: "TLSv1.2", 17: "TLSv1.2", 0: ""} {
		if got := tlsVersions(major); got != want {
			t.Errorf("Java %d offers %q, want %q", major, got, want)
		}
	}
	dir := keyFolder(t)
	home := sampleHome(t, "api")
	planTwice(t, home, keyAnswers(t, dir, strings.Replace(importBundle, "alias: esb", "alias: esb, tls: [TLSv1, TLSv1.2]", 1)))
	for _, f := range []string{carbon.CatalinaXML, carbon.Axis2XML} {
		if !strings.Contains(readFile(t, home, f), "TLSv1,TLSv1.2") {
			t.Errorf("%s has no TLS versions", f)
		}
	}
	// Without an answer, what is there without SSL stays.
	planTwice(t, home, keyAnswers(t, dir, importBundle))
	if !strings.Contains(readFile(t, home, carbon.CatalinaXML), `sslEnabledProtocols="TLSv1,TLSv1.2"`) {
		t.Error("the versions were changed without being asked for")
	}
	in := openInstall(t, sampleHome(t, "servlet"))
	in.Java.Major = 7
	out, err := BuildPlan(t.Context(), in, answersOf(t, keyAnswers(t, dir, importBundle)))
	if err != nil || !slices.Contains(planFiles(out.Plan), carbon.CatalinaXML) || !strings.Contains(diffText(out.Plan), `+                sslEnabledProtocols="TLSv1,TLSv1.1,TLSv1.2"`) && !strings.Contains(diffText(out.Plan), `sslProtocol="TLS" sslEnabledProtocols="TLSv1,TLSv1.1,TLSv1.2"`) {
		t.Errorf("with Java 7 the connector is not changed: %v\n%s", err, diffText(out.Plan))
	}
	for text, bad := range map[string]bool{"TLSv1": false, "TLSv1, TLSv1.1": true, "SSLv3": true, "TLSv1.3": true} {
		if p := checkTLS(6)(text); (p != nil) != bad {
			t.Errorf("%s on Java 6 gives %+v", text, p)
		}
	}
}

// The real pack: the public key is found wherever it is named, and gone afterwards.
func TestKeystoreOfARealPack(t *testing.T) {
	home, ok := corpusHome(t)
	if !ok {
		t.Log("no real pack at hand; the samples stand for it")
		return
	}
	said := resultLines(findings(t, home, 2))
	for _, want := range []string{
		rulePublicKey + " fail error " + carbon.CarbonXML + ":", rulePublicKey + " fail error " + carbon.Axis2XML + ":", rulePublicKey + " fail error " + carbon.IdentityXML + ":",
		ruleTrustDefault + " fail", ruleTrustOld + " warn", ruleTLS + " warn",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the audit does not say %q:\n%s", want, said)
		}
	}
	dir := keyFolder(t)
	yaml := keyAnswers(t, dir, allHostNames+importBundle+"truststore: {password: {env: TS_PW}, remove_default: true}\n")
	out := planTwice(t, home, yaml)
	noSecret(t, diffText(out.Plan)+adviceLines(out.Advice)+problemLines(out.Problems), secretsOf()...)
	for _, r := range findings(t, home, 2) {
		if r.Status == Fail || r.ID == ruleTrustDefault {
			t.Errorf("the audit still says %s", resultLines([]Result{r}))
		}
	}
	if n := len(readTrust(t, home, tsPassword).Entries()); n != 37 { // 40, less four of WSO2, and the root
		t.Errorf("the truststore has %d entries", n)
	}
	javaReads(t, home, "")
	planTwice(t, home, "truststore: {remove_old: true}\n")
	for _, r := range findings(t, home, 2) {
		if r.Status == Fail || r.ID == ruleTrustOld {
			t.Errorf("the audit still says %s", resultLines([]Result{r}))
		}
	}
	if n := len(readTrust(t, home, tsPassword).Entries()); n < 3 || n > 20 {
		t.Errorf("%d entries are left", n)
	}
	copied := strings.Count(readFile(t, home, carbon.Axis2XML), "wso2carbon.jks")
	if copied == 0 || strings.Contains(liveText(t, home, carbon.CarbonXML), "wso2carbon.jks") {
		t.Errorf("%d names are left in axis2.xml", copied)
	}
	if p := problems(t, home, "truststore: {import: ["+pemOfShipped(t)+"]}\n"); len(p) == 0 || !strings.Contains(problemLines(p), "everyone has it, would be trusted") {
		t.Errorf("the public certificate can be imported: %s", problemLines(p))
	}
}
