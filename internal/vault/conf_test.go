package vault

import (
	"maps"
	"slices"
	"testing"
)

var goodConf = Conf{Keystore: "repository/resources/security/vault.jks", Type: "JKS", Alias: "vault"}

// confWith is a good secret-conf.properties with changes: "" takes a key out.
func confWith(c Conf, changes map[string]string) map[string]string {
	all := map[string]string{}
	for _, e := range c.Entries() {
		all[e.Key] = e.Value
	}
	for k, v := range changes {
		if v == "" {
			delete(all, k)
		} else {
			all[k] = v
		}
	}
	return all
}

func readConf(all map[string]string) ConfReading {
	return ReadConf(func(key string) (string, bool) { v, ok := all[key]; return v, ok })
}

func TestConfEntries(t *testing.T) {
	want := []Setting{
		{"carbon.secretProvider", "org.wso2.securevault.secret.handler.SecretManagerSecretCallbackHandler"},
		{"secretRepositories", "file"},
		{"secretRepositories.file.provider", "org.wso2.securevault.secret.repository.FileBaseSecretRepositoryProvider"},
		{"secretRepositories.file.location", "repository/conf/security/cipher-text.properties"},
		{"keystore.identity.location", "repository/resources/security/vault.jks"},
		{"keystore.identity.type", "JKS"},
		{"keystore.identity.alias", "vault"},
		{"keystore.identity.store.password", "identity.store.password"},
		{"keystore.identity.store.secretProvider", "org.wso2.carbon.securevault.DefaultSecretCallbackHandler"},
		{"keystore.identity.key.password", "identity.key.password"},
		{"keystore.identity.key.secretProvider", "org.wso2.carbon.securevault.DefaultSecretCallbackHandler"},
	}
	if got := goodConf.Entries(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestReadConfRoundTrip(t *testing.T) {
	got := readConf(confWith(goodConf, nil))
	if !got.On || got.State != ConfOn || got.Conf != goodConf || got.Location != CipherTextFile || len(got.Faults) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestReadConfOff(t *testing.T) {
	for name, all := range map[string]map[string]string{
		"as shipped": {}, "blank": {"secretRepositories": " "}, "commas": {"secretRepositories": ","}, "alias alone": {"keystore.identity.alias": "x"},
	} {
		if got := readConf(all); got.On || got.State != ConfOff || len(got.Faults) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	half := Fault{
		"secretRepositories", Warning, "secretRepositories is not set, so the vault is off, though other keys of the vault are set.",
		"Set secretRepositories=file. Or take the other keys out.",
	}
	got := readConf(confWith(goodConf, map[string]string{"secretRepositories": ""}))
	if got.State != ConfOff || got.Conf != goodConf || !slices.Equal(got.Faults, []Fault{half}) {
		t.Errorf("%+v", got)
	}
}

// confCase is a fault of secret-conf.properties, and what Carbon's readers then get for the secret hunter2: the name of the alias, the text of the element,
// "null" for nothing, or "stopped".
type confCase struct {
	name    string
	changes map[string]string
	fault   Fault
	reads   string
}

const (
	exampleKeystore = "Set keystore.identity.location to the file of RegistryKeyStore in carbon.xml, relative to the home: repository/resources/security/NAME.jks."
	exampleLocation = "Set secretRepositories.file.location=repository/conf/security/cipher-text.properties."
	exampleProvider = "Set secretRepositories.file.provider=org.wso2.securevault.secret.repository.FileBaseSecretRepositoryProvider."
	exampleHandler  = "Set carbon.secretProvider=org.wso2.securevault.secret.handler.SecretManagerSecretCallbackHandler."
	exampleStore    = "Set keystore.identity.store.secretProvider=org.wso2.carbon.securevault.DefaultSecretCallbackHandler."
	exampleKey      = "Set keystore.identity.key.secretProvider=org.wso2.carbon.securevault.DefaultSecretCallbackHandler."
	wrongClass      = "org.apache.synapse.commons.security.secret.handler.SecretManagerSecretCallbackHandler"
)

func confCases() []confCase {
	one := func(name, key, value string, severity Severity, what, fix string, reads string) confCase {
		return confCase{name, map[string]string{key: value}, Fault{key, severity, what, fix}, reads}
	}
	return slices.Concat([]confCase{
		one("no global provider", "carbon.secretProvider", "", Bad,
			"carbon.secretProvider is not set; Carbon's readers do not ask the vault and take the text of the elements as the password.", exampleHandler, "password"),
		one("the class of the comments", "carbon.secretProvider", wrongClass, Bad,
			`carbon.secretProvider names "`+wrongClass+`", as the comments in the shipped file do; Carbon 4.2.0 has no such class: Carbon does not start.`,
			exampleHandler, "stopped"),
		one("a class of somebody", "carbon.secretProvider", "com.example.Vault", Warning,
			`carbon.secretProvider names "com.example.Vault", which is not the class that Carbon 4.2.0 has for it.`, exampleHandler+" Or make sure that the class is on the server.", "stopped"),
		one("no repository class", "secretRepositories.file.provider", "", Bad, "secretRepositories.file.provider is not set; Carbon does not start.", exampleProvider, "stopped"),
		one("the repository class of the comments", "secretRepositories.file.provider", "org.apache.synapse.commons.security.secret.repository.filebased.FileBaseSecretRepositoryProvider", Bad,
			`secretRepositories.file.provider names "org.apache.synapse.commons.security.secret.repository.filebased.FileBaseSecretRepositoryProvider", as the comments in the shipped file do; Carbon 4.2.0 has no such class: Carbon does not start.`,
			exampleProvider, "stopped"),
		one("a second repository", "secretRepositories", "file,", Warning, `secretRepositories is "file,"; Carbon 4.2.0 itself has the repository file alone.`, "Set secretRepositories=file.", "hunter2"),
	}, locationCases(one), keystoreCases(one), passwordCases(one))
}

type oneCase func(name, key, value string, severity Severity, what, fix string, reads string) confCase

func locationCases(one oneCase) []confCase {
	const key = "secretRepositories.file.location"
	return []confCase{
		one("no location", key, "", Bad,
			"secretRepositories.file.location is not set; Carbon looks for cipher-text.properties in its home then, and every alias resolves to its own name.", exampleLocation, "Some.Password"),
		one("the location of the comments", key, "cipher-text.properties", Bad,
			"secretRepositories.file.location is cipher-text.properties, as the comments in the shipped file have it; Carbon looks for it in its home, and every alias resolves to its own name.",
			exampleLocation, "Some.Password"),
		one("a location with a variable", key, "${carbon.home}/repository/conf/security/cipher-text.properties", Bad,
			`secretRepositories.file.location is "${carbon.home}/repository/conf/security/cipher-text.properties"; nobody replaces variables here, and every alias resolves to its own name.`, exampleLocation, "Some.Password"),
		one("a location with a drive", key, `C:\wso2\cipher-text.properties`, Bad,
			`secretRepositories.file.location is "C:/wso2/cipher-text.properties"; Carbon puts its home in front of it, finds no such file, and every alias resolves to its own name.`, exampleLocation, "Some.Password"),
		one("a location that looks absolute", key, "/repository/conf/security/cipher-text.properties", Warning,
			`secretRepositories.file.location is "/repository/conf/security/cipher-text.properties", which looks absolute; Carbon puts its home in front of it.`, exampleLocation, "hunter2"),
	}
}

func keystoreCases(one oneCase) []confCase {
	const key = "keystore.identity.location"
	return []confCase{
		one("no keystore", key, "", Bad, "keystore.identity.location is not set; Carbon does not open the vault, and its readers get no password at all.", exampleKeystore, "null"),
		one("a keystore with a variable", key, "${carbon.home}/repository/resources/security/vault.jks", Bad,
			`keystore.identity.location is "${carbon.home}/repository/resources/security/vault.jks"; nobody replaces variables here, and Carbon does not find the file and does not start.`, exampleKeystore, "stopped"),
		one("an absolute keystore", key, "/opt/wso2/repository/resources/security/vault.jks", Note,
			`keystore.identity.location is "/opt/wso2/repository/resources/security/vault.jks", an absolute path: the vault breaks when the home is moved or copied to another node.`, exampleKeystore, "stopped"),
		one("a keystore on a drive", key, `D:\wso2\vault.jks`, Note,
			`keystore.identity.location is "D:/wso2/vault.jks", an absolute path: the vault breaks when the home is moved or copied to another node.`, exampleKeystore, "stopped"),
		one("no type", "keystore.identity.type", "", Bad, "keystore.identity.type is not set; Carbon cannot open the keystore and does not start.", "Set keystore.identity.type=JKS.", "stopped"),
		one("no alias", "keystore.identity.alias", "", Bad, "keystore.identity.alias is not set; Carbon finds no key and does not start.",
			"Set keystore.identity.alias to the KeyAlias of RegistryKeyStore in carbon.xml.", "stopped"),
	}
}

func passwordCases(one oneCase) []confCase {
	return []confCase{
		one("no store password", "keystore.identity.store.password", "", Bad,
			"keystore.identity.store.password is not set; Carbon does not ask for the password of the keystore, and its readers get no password at all.", "Set keystore.identity.store.password=identity.store.password.", "null"),
		one("no key password", "keystore.identity.key.password", "", Bad,
			"keystore.identity.key.password is not set; Carbon does not ask for the password of the keystore, and its readers get no password at all.", "Set keystore.identity.key.password=identity.key.password.", "null"),
		one("a password in clear", "keystore.identity.store.password", "hunter2", Warning,
			"keystore.identity.store.password is not the id that belongs there; if it is a password, everyone can read it.",
			"Set keystore.identity.store.password=identity.store.password. Change the password of the keystore if it stood there.", "hunter2"),
		one("no provider of the store password", "keystore.identity.store.secretProvider", "", Bad,
			"keystore.identity.store.secretProvider is not set; Carbon takes the text of keystore.identity.store.password itself as the password.", exampleStore, "stopped"),
		one("no provider of the key password", "keystore.identity.key.secretProvider", "", Bad,
			"keystore.identity.key.secretProvider is not set; Carbon takes the text of keystore.identity.key.password itself as the password.", exampleKey, "stopped"),
		one("a wrong provider of the key password", "keystore.identity.key.secretProvider", wrongClass, Bad,
			`keystore.identity.key.secretProvider names "`+wrongClass+`", as the comments in the shipped file do; Carbon 4.2.0 has no such class: Carbon does not start.`, exampleKey, "stopped"),
	}
}

func TestReadConfFaults(t *testing.T) {
	for _, tt := range confCases() {
		t.Run(tt.name, func(t *testing.T) {
			got := readConf(confWith(goodConf, tt.changes))
			if !slices.Equal(got.Faults, []Fault{tt.fault}) {
				t.Fatalf("got  %q\nwant %q", got.Faults, tt.fault)
			}
			if want := map[bool]ConfState{true: ConfBroken, false: ConfOn}[tt.fault.Severity == Bad]; !got.On || got.State != want {
				t.Errorf("the state is %s, want %s", got.State, want)
			}
		})
	}
}

func TestReadConfUnknownRepository(t *testing.T) {
	got := readConf(confWith(goodConf, map[string]string{"secretRepositories": "hsm"}))
	var keys []string
	for _, f := range got.Faults {
		keys = append(keys, f.Key)
	}
	if !slices.Equal(keys, []string{"secretRepositories", "secretRepositories.hsm.provider", "secretRepositories.hsm.location"}) || got.State != ConfBroken {
		t.Errorf("%s: %q", got.State, got.Faults)
	}
}

// TestReadConfUncommented takes the comment signs off the lines as WSO2 ships them, which is what people do.
func TestReadConfUncommented(t *testing.T) {
	got := readConf(map[string]string{
		"carbon.secretProvider": wrongClass, "secretRepositories": "file", "secretRepositories.file.location": "cipher-text.properties",
		"secretRepositories.file.provider": "org.apache.synapse.commons.security.secret.repository.filebased.FileBaseSecretRepositoryProvider",
		"keystore.identity.location":       "repository/resources/security/wso2carbon.jks", "keystore.identity.type": "JKS", "keystore.identity.alias": "wso2carbon",
		"keystore.identity.store.password": "wso2carbon", "keystore.identity.key.password": "wso2carbon",
	})
	keys := map[string]bool{}
	for _, f := range got.Faults {
		keys[f.Key] = true
	}
	want := []string{
		"carbon.secretProvider", "keystore.identity.key.password", "keystore.identity.key.secretProvider", "keystore.identity.store.password",
		"keystore.identity.store.secretProvider", "secretRepositories.file.location", "secretRepositories.file.provider",
	}
	if !slices.Equal(slices.Sorted(maps.Keys(keys)), want) || got.State != ConfBroken {
		t.Errorf("%s: %q", got.State, got.Faults)
	}
}
