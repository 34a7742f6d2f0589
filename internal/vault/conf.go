package vault

import "strings"

// The classes that Carbon 4.2.0 has for the vault. The comments in the shipped secret-conf.properties name others, of org.apache.synapse.commons, which are
// in no bundle.
const (
	globalProvider     = "org.wso2.securevault.secret.handler.SecretManagerSecretCallbackHandler"
	repositoryProvider = "org.wso2.securevault.secret.repository.FileBaseSecretRepositoryProvider"
	passwordProvider   = "org.wso2.carbon.securevault.DefaultSecretCallbackHandler"
)

// The keys of secret-conf.properties.
const (
	keyGlobal        = "carbon.secretProvider"
	keyRepositories  = "secretRepositories"
	keyStoreLocation = "keystore.identity.location"
	keyStoreType     = "keystore.identity.type"
	keyStoreAlias    = "keystore.identity.alias"
	keyStorePassword = "keystore.identity.store.password"
	keyStoreProvider = "keystore.identity.store.secretProvider"
	keyKeyPassword   = "keystore.identity.key.password"
	keyKeyProvider   = "keystore.identity.key.secretProvider"
)

// The ids by which DefaultSecretCallbackHandler tells the two passwords apart. They are no passwords.
const (
	storePasswordID = "identity.store.password"
	keyPasswordID   = "identity.key.password"
)

// fileRepository is the only kind of secret repository that Carbon 4.2.0 has.
const fileRepository = "file"

// Conf is what secret-conf.properties says about one install; the rest of the file is the same for all.
type Conf struct {
	Keystore string // relative to the home, with slashes: wso2server.sh changes into the home before it starts Java
	Type     string // "JKS"
	Alias    string
}

// Setting is a key with its value, unescaped.
type Setting struct{ Key, Value string }

// Entries returns all that secret-conf.properties needs, in the order in which to read it.
func (c Conf) Entries() []Setting {
	return []Setting{
		{keyGlobal, globalProvider},
		{keyRepositories, fileRepository},
		{providerKey(fileRepository), repositoryProvider},
		{locationKey(fileRepository), CipherTextFile},
		{keyStoreLocation, c.Keystore},
		{keyStoreType, c.Type},
		{keyStoreAlias, c.Alias},
		{keyStorePassword, storePasswordID},
		{keyStoreProvider, passwordProvider},
		{keyKeyPassword, keyPasswordID},
		{keyKeyProvider, passwordProvider},
	}
}

func providerKey(repository string) string { return keyRepositories + "." + repository + ".provider" }

func locationKey(repository string) string { return keyRepositories + "." + repository + ".location" }

// ConfState is what a secret-conf.properties comes to.
type ConfState int

// The states of secret-conf.properties.
const (
	ConfOff    ConfState = iota + 1 // secretRepositories is not set: SecretManager does nothing
	ConfOn                          // the vault is on and nothing keeps it from opening
	ConfBroken                      // it is on, and Carbon cannot open it
)

// String returns a word for the state.
func (s ConfState) String() string {
	switch s {
	case ConfOff:
		return "off"
	case ConfOn:
		return "on"
	case ConfBroken:
		return "broken"
	}
	return "unknown"
}

// ConfReading is what a secret-conf.properties says.
type ConfReading struct {
	On       bool // secretRepositories is set
	State    ConfState
	Conf     Conf
	Location string // of cipher-text.properties, relative to the home; "" when none is given
	Faults   []Fault
}

// ReadConf reads a secret-conf.properties; get returns the value of a live key. Of a vault that is off only what looks like half a vault is a fault.
func ReadConf(get func(key string) (value string, ok bool)) ConfReading {
	r := confReader{get: get}
	repository := r.value(keyRepositories)
	r.Conf = Conf{Keystore: slashed(r.value(keyStoreLocation)), Type: r.value(keyStoreType), Alias: r.value(keyStoreAlias)}
	r.On = strings.Trim(repository, ", ") != ""
	if !r.On {
		r.State = ConfOff
		r.readOff()
		return r.ConfReading
	}
	r.readRepository(repository)
	r.class(keyGlobal, globalProvider, "Carbon's readers do not ask the vault and take the text of the elements as the password")
	r.readKeystore()
	r.password(keyStorePassword, storePasswordID, keyStoreProvider)
	r.password(keyKeyPassword, keyPasswordID, keyKeyProvider)
	r.State = ConfOn
	for _, f := range r.Faults {
		if f.Severity == Bad {
			r.State = ConfBroken
		}
	}
	return r.ConfReading
}
