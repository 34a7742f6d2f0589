package vault

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// confReader collects what ReadConf finds.
type confReader struct {
	ConfReading
	get func(key string) (string, bool)
}

// value returns the value of a key as MiscellaneousUtil.getProperty does, without the blanks around it.
func (r *confReader) value(key string) string {
	v, _ := r.get(key)
	return strings.TrimSpace(v)
}

func (r *confReader) fault(key string, severity Severity, what, fix string) {
	r.Faults = append(r.Faults, Fault{Key: key, Severity: severity, What: what, Fix: fix})
}

// readOff looks at a vault that is off.
func (r *confReader) readOff() {
	if r.value(keyGlobal) == "" && r.value(keyStoreLocation) == "" && r.value(providerKey(fileRepository)) == "" {
		return
	}
	r.fault(keyRepositories, Warning, "secretRepositories is not set, so the vault is off, though other keys of the vault are set.",
		set(keyRepositories, fileRepository)+" Or take the other keys out.")
}

func set(key, value string) string { return fmt.Sprintf("Set %s=%s.", key, value) }

// readRepository looks at the repositories, of which Carbon asks the first one and then the next.
func (r *confReader) readRepository(list string) {
	first, _, more := strings.Cut(list, ",")
	first = strings.TrimSpace(first)
	if first != fileRepository || more {
		r.fault(keyRepositories, Warning, fmt.Sprintf("secretRepositories is %s; Carbon 4.2.0 itself has the repository file alone.", quote(list)),
			set(keyRepositories, fileRepository))
	}
	r.class(providerKey(first), repositoryProvider, "Carbon does not start")
	r.readLocation(locationKey(first))
}

func (r *confReader) readLocation(key string) {
	location := slashed(r.value(key))
	if location != "" {
		r.Location = strings.TrimPrefix(path.Clean(location), "/")
	}
	fix := set(key, CipherTextFile)
	switch {
	case location == "":
		r.fault(key, Bad, key+" is not set; Carbon looks for cipher-text.properties in its home then, and every alias resolves to its own name.", fix)
	case strings.Contains(location, "${"):
		r.fault(key, Bad, fmt.Sprintf("%s is %s; nobody replaces variables here, and every alias resolves to its own name.", key, quote(location)), fix)
	case drive(location):
		r.fault(key, Bad, fmt.Sprintf("%s is %s; Carbon puts its home in front of it, finds no such file, and every alias resolves to its own name.", key, quote(location)), fix)
	case strings.HasPrefix(location, "/"):
		r.fault(key, Warning, fmt.Sprintf("%s is %s, which looks absolute; Carbon puts its home in front of it.", key, quote(location)), fix)
	case location == path.Base(CipherTextFile):
		r.fault(key, Bad, fmt.Sprintf("%s is %s, as the comments in the shipped file have it; Carbon looks for it in its home, and every alias resolves to its own name.", key, location), fix)
	}
}

// class looks at a key that names a class; missing says what comes of a key that is not set. With a class that is not there Carbon does not start.
func (r *confReader) class(key, right, missing string) {
	switch name := r.value(key); {
	case name == right:
	case name == "":
		r.fault(key, Bad, fmt.Sprintf("%s is not set; %s.", key, missing), set(key, right))
	case strings.HasPrefix(name, "org.apache.synapse."):
		r.fault(key, Bad, fmt.Sprintf("%s names %s, as the comments in the shipped file do; Carbon 4.2.0 has no such class: Carbon does not start.", key, quote(name)), set(key, right))
	default:
		r.fault(key, Warning, fmt.Sprintf("%s names %s, which is not the class that Carbon 4.2.0 has for it.", key, quote(name)), set(key, right)+" Or make sure that the class is on the server.")
	}
}

func (r *confReader) readKeystore() {
	location := r.Conf.Keystore
	const example = "Set keystore.identity.location to the file of RegistryKeyStore in carbon.xml, relative to the home: repository/resources/security/NAME.jks."
	switch {
	case location == "":
		r.fault(keyStoreLocation, Bad, "keystore.identity.location is not set; Carbon does not open the vault, and its readers get no password at all.", example)
	case strings.Contains(location, "${"):
		r.fault(keyStoreLocation, Bad, fmt.Sprintf("keystore.identity.location is %s; nobody replaces variables here, and Carbon does not find the file and does not start.", quote(location)), example)
	case strings.HasPrefix(location, "/") || drive(location):
		r.fault(keyStoreLocation, Note, fmt.Sprintf("keystore.identity.location is %s, an absolute path: the vault breaks when the home is moved or copied to another node.", quote(location)), example)
	}
	if r.Conf.Type == "" {
		r.fault(keyStoreType, Bad, "keystore.identity.type is not set; Carbon cannot open the keystore and does not start.", set(keyStoreType, "JKS"))
	}
	if r.Conf.Alias == "" {
		r.fault(keyStoreAlias, Bad, "keystore.identity.alias is not set; Carbon finds no key and does not start.", "Set keystore.identity.alias to the KeyAlias of RegistryKeyStore in carbon.xml.")
	}
}

// password looks at the id of one of the passwords and who provides it. SecretInformation takes the text of the key itself as the password when there is
// no provider.
func (r *confReader) password(key, id, providerKey string) {
	r.class(providerKey, passwordProvider, fmt.Sprintf("Carbon takes the text of %s itself as the password", key))
	switch value := r.value(key); value {
	case id:
	case "":
		r.fault(key, Bad, key+" is not set; Carbon does not ask for the password of the keystore, and its readers get no password at all.", set(key, id))
	default:
		r.fault(key, Warning, key+" is not the id that belongs there; if it is a password, everyone can read it.", set(key, id)+" Change the password of the keystore if it stood there.")
	}
}

func quote(s string) string { return strconv.Quote(s) }

// slashed returns a path with slashes.
func slashed(p string) string { return strings.ReplaceAll(p, `\`, "/") }

// drive reports whether a path begins with the letter of a drive of Windows.
func drive(p string) bool {
	return len(p) > 1 && p[1] == ':' && (p[0]|0x20 >= 'a' && p[0]|0x20 <= 'z')
}
