package diagnose

const (
	carbonXML  = "repository/conf/carbon.xml"
	userMgtXML = "repository/conf/user-mgt.xml"
	datasource = "repository/conf/datasources/master-datasources.xml"
	cipherText = "repository/conf/security/cipher-text.properties"
	secretConf = "repository/conf/security/secret-conf.properties"
	log4jProps = "repository/conf/log4j.properties"
	serverSh   = "bin/wso2server.sh"
)

var (
	adminPlaces    = []Place{{userMgtXML, "/UserManager/Realm/Configuration/AdminUser/Password"}, {"repository/conf/api-manager.xml", "//AuthManager/Password"}}
	storePasswords = []Place{
		{carbonXML, "/Server/Security/KeyStore/Password"},
		{carbonXML, "/Server/Security/RegistryKeyStore/Password"},
		{carbonXML, "/Server/Security/TrustStore/Password"},
	}
	keyPlaces     = []Place{{carbonXML, "/Server/Security/KeyStore/KeyPassword"}, {carbonXML, "/Server/Security/RegistryKeyStore/KeyPassword"}}
	storePlaces   = []Place{{carbonXML, "/Server/Security/KeyStore/Location"}, {carbonXML, "/Server/Security/RegistryKeyStore/Location"}}
	registryStore = []Place{{carbonXML, "/Server/Security/RegistryKeyStore/Location"}}
	trustPlaces   = []Place{{carbonXML, "/Server/Security/TrustStore/Location"}}
	namePlaces    = []Place{{carbonXML, "/Server/HostName"}, {carbonXML, "/Server/MgtHostName"}}
)

// accountSignatures are of guideline 1.
var accountSignatures = []Signature{
	{
		ID: "D-1.1", Guideline: 1, Severity: Error,
		Anchors: []string{"Authentication failed"}, Pattern: `Authentication failed:? Invalid credentials`,
		Title:  "A call between parts of the server was refused: wrong user name or password.",
		Why:    "The password of the administrator lives in the user store, and a copy in every file that makes such calls. After a change in the management console the copies are the old ones, and publishing and internal calls fail.",
		Fix:    "Set the password everywhere at once: the step for the administrator account finds every live copy. In API Manager change the registry resource sign-up-config.xml, too.",
		Source: "the basic authentication of the admin services", Where: adminPlaces,
	},
	{
		ID: "D-1.2", Guideline: 1, Severity: Error, Loose: true,
		Anchors: []string{"not found in classpath"}, Pattern: `Database driver \[[^\]]*\] not found in classpath`,
		Title:  "chpasswd did not find the JDBC driver, and changed no password.",
		Why:    "chpasswd takes drivers from repository/lib and repository/components/extensions, not from where the server has them.",
		Fix:    "Put the driver's jar there, stop the server, and run chpasswd again.",
		Source: "bin/chpasswd.sh",
	},
	{
		ID: "D-1.3", Guideline: 1, Severity: Error, Loose: true,
		Anchors: []string{"before running this script"}, Pattern: `stopped WSO2 Carbon before running this script`,
		Title:  "chpasswd did not reach the database, and changed no password.",
		Why:    "H2 lets one process in: while the server runs, the script cannot open the database. With another database its URL or its user is wrong.",
		Fix:    "Stop the server, then run chpasswd again with the URL of the datasource.",
		Source: "bin/chpasswd.sh", Where: []Place{{datasource, "//definition/configuration/url"}},
	},
	{
		ID: "D-1.4", Guideline: 1, Severity: Warning,
		Anchors: []string{"BufferOverflowException"}, Pattern: `java\.nio\.BufferOverflowException`,
		Title:  "A buffer was too small. Where it happens at a login, the password has characters beyond ASCII.",
		Why:    "Carbon counts the characters of a password and encodes its bytes: a letter such as é or £ is two bytes.",
		Fix:    "Look at the stack trace. If it is of a login or of user management, choose a password of printable ASCII characters.",
		Source: "java.nio, below the user management of Carbon", Where: adminPlaces,
	},
	{
		ID: "D-1.5", Guideline: 1, Severity: Error,
		Anchors: []string{"entity name must immediately follow"}, Pattern: `entity name must immediately follow the '&'`,
		Title:  "A configuration file is no XML: an & in it is not escaped.",
		Why:    "In XML an & begins the name of a character. A password or URL with & has to be written with &amp; in its stead.",
		Fix:    "Write &amp; for & in the file that the message names. The steps of this program escape what they write; carbon-setup verify has every file read by a second parser.",
		Source: "the XML parser Xerces of Java", Where: []Place{{userMgtXML, ""}, {datasource, ""}},
	},
	{
		ID: "D-1.6", Guideline: 1, Severity: Error,
		Anchors: []string{"URLSyntaxException"}, Pattern: `\bURLSyntaxException\b`,
		Title:  "The address of the message broker cannot be parsed.",
		Why:    "jndi.properties has user name and password inside a URL: amqp://user:password@... A password with @, :, / or % ends the user part too early.",
		Fix:    "Choose a password without @ : / and %, and set it everywhere with the step for the administrator account.",
		Source: "the broker client of the product", Where: []Place{{"repository/conf/jndi.properties", ""}},
	},
}

// keySignatures are of guideline 2.
var keySignatures = []Signature{
	{
		ID: "D-2.1", Guideline: 2, Severity: Error,
		Anchors: []string{"Keystore was tampered with", "Password verification failed"},
		Pattern: `Keystore was tampered with, or password was incorrect|UnrecoverableKeyException: Password verification failed`,
		Title:   "A keystore or truststore could not be opened: the configured password is not its password.",
		Why:     "One of the places that name the store still has another password. With Secure Vault it may be that the vault did not start: an unresolved alias is taken for the password.",
		Fix:     "See which store the lines around it name, and set its password in every place with the step for SSL keys. With the vault on, see whether SecretManager was initialized.",
		Source:  "the keystores of Java", Where: storePasswords,
	},
	{
		ID: "D-2.2", Guideline: 2, Severity: Error,
		Anchors: []string{"Cannot recover key"}, Pattern: `UnrecoverableKeyException: Cannot recover key`,
		Title:  "The private key could not be opened: its password is not the one that was tried.",
		Why:    "The store opened, its key did not. Parts of Carbon take the password of the store for the key, so both have to be the same.",
		Fix:    "Give the key the password of its store: the step for SSL keys writes the store anew with one password.",
		Source: "the keystores of Java", Where: keyPlaces,
	},
	{
		ID: "D-2.3", Guideline: 2, Severity: Error,
		Anchors: []string{"Wrong key usage"}, Pattern: `InvalidKeyException: Wrong key usage`,
		Title:  "The encryption tool refused the certificate: its critical key usage does not allow the encryption of data.",
		Why:    "Certificates of a CA mostly allow signatures and key encipherment alone. ciphertool refuses these; the server itself does not mind.",
		Fix:    "Keep the certificate of the CA as KeyStore and take a self-signed RSA key as RegistryKeyStore, as the step for SSL keys offers; or encrypt with the step for plain-text passwords, which does not use that tool.",
		Source: "javax.crypto.Cipher, called by ciphertool", Where: registryStore,
	},
	{
		ID: "D-2.4", Guideline: 2, Severity: Error,
		Anchors: []string{"No installed provider supports this key"}, Pattern: `No installed provider supports this key: [^(\s]*EC(?:Public|Private)Key`,
		Title:  "The key for encryption is an elliptic-curve key.",
		Why:    "Carbon encrypts with RSA. A key of another kind cannot be used by the vault and the registry.",
		Fix:    "Use an RSA key, of 2048 bits or more, as RegistryKeyStore: the step for SSL keys makes one.",
		Source: "javax.crypto.Cipher", Where: registryStore,
	},
	{
		ID: "D-2.5", Guideline: 2, Severity: Error,
		Anchors: []string{"PKIX path building failed", "unable to find valid certification path"},
		Pattern: `PKIX path building failed|unable to find valid certification path to requested target`,
		Title:   "The certificate of the other side is not trusted.",
		Why:     "It, or the CA that signed it, is not in the truststore. The server calls itself too, so its own certificate has to be trusted; and so has that of a directory over ldaps.",
		Fix:     "Import the certificate of the CA into the truststore: the steps for SSL keys and user stores do so.",
		Source:  "the certificate check of Java", Where: trustPlaces,
	},
	{
		ID: "D-2.6", Guideline: 2, Severity: Error,
		Anchors: []string{"hostname in certificate didn't match", "HTTPS hostname wrong"},
		Pattern: `hostname in certificate didn't match: <|HTTPS hostname wrong: +should be <`,
		Title:   "The name in a certificate is not the name that was called.",
		Why:     "The certificate is made for another host name, or a configuration file still calls localhost or an address.",
		Fix:     "Let the certificate name HostName and MgtHostName, and set those in the step for the host name, which also finds the addresses with localhost.",
		Source:  "the clients for HTTPS", Where: namePlaces,
	},
	{
		ID: "D-2.7", Guideline: 2, Severity: Error,
		Anchors: []string{"Invalid keystore format", "toDerInputStream rejects tag type"},
		Pattern: `IOException: (?:Invalid keystore format|toDerInputStream rejects tag type)`,
		Title:   "A keystore is of another type than the configuration says.",
		Why:     "keytool of Java 9 and later makes PKCS#12 files, whatever their name. Tomcat in Carbon 4.2.0 opens its keystore as JKS.",
		Fix:     "Convert the file to JKS: the step for SSL keys takes PKCS#12 and writes JKS.",
		Source:  "the keystores of Java", Where: storePlaces,
	},
	{
		ID: "D-2.8", Guideline: 2, Severity: Error,
		Anchors: []string{"CertificateExpiredException", "certificate_expired", "NotAfter: "},
		Pattern: `CertificateExpiredException|alert: certificate_expired|\bNotAfter: [A-Z]`,
		Title:   "A certificate has expired.",
		Why:     "It is that of the server, of the other side, or one in the truststore. Connections that check it fail.",
		Fix:     "carbon-setup audit names expired certificates of the install. Renew them with the step for SSL keys.",
		Source:  "the certificate check of Java", Where: storePlaces,
	},
	{
		ID: "D-2.9", Guideline: 2, Severity: Error,
		Anchors: []string{"BadPaddingException", "decryption of Property="}, Pattern: `javax\.crypto\.BadPaddingException|decryption of Property=\S+ failed`,
		Title:  "Something stored could not be decrypted: it was encrypted with another key.",
		Why:    "The key for encryption was changed after the first start, or the vault's entries were made with another certificate. What is in the registry and the databases stays encrypted with the old key.",
		Fix:    "Take the old key back as RegistryKeyStore, or enter the stored passwords again. Entries of the vault: the step for plain-text passwords repairs them.",
		Source: "javax.crypto.Cipher, called by Carbon's CryptoUtil", Where: registryStore,
	},
	{
		ID: "D-2.10", Guideline: 2, Severity: Warning,
		Anchors: []string{"default keystore"}, Pattern: `Carbon is configured to use the default keystore`,
		Title:  "The server uses the keystore of the distribution.",
		Why:    "Its private key is public: everybody can read the traffic and decrypt the vault.",
		Fix:    "Use a key of your own: the step for SSL keys.",
		Source: "the validator at the start of Carbon", Where: storePlaces,
	},
}

// vaultSignatures are of guideline 10.
var vaultSignatures = []Signature{
	{
		ID: "D-10.1", Guideline: 10, Severity: Error,
		Anchors: []string{"SecretManager has not been initialized"}, Pattern: `SecretManager has not been initialized`,
		Title:  "Secure Vault did not start: it had no password for its keystore.",
		Why:    "Passwords then are the words that stand for them, such as the name of the alias. A start in the background has no console to ask on, hangs and opens no port. password-tmp is deleted once it has been read, even if the start then fails.",
		Fix:    "Write the keystore's password to password-tmp before each start, or keep it in password-persist (mode 0600). The step for plain-text passwords has a systemd unit that does so.",
		Source: "org.wso2.securevault", Where: []Place{{secretConf, ""}},
	},
	{
		ID: "D-10.2", Guideline: 10, Severity: Warning, Loose: true,
		Anchors: []string{"Enter KeyStore and Private Key Password"}, Pattern: `\[?Enter KeyStore and Private Key Password ?:`,
		Title:  "The start waits for the password of the vault's keystore.",
		Why:    "No password file was there, so the server asks on its console. A start in the background has none.",
		Fix:    "Start in the foreground and answer, or write password-tmp or password-persist first.",
		Source: "the secret callback of Carbon", Where: []Place{{secretConf, ""}},
	},
	{
		ID: "D-10.3", Guideline: 10, Severity: Error, Loose: true,
		Anchors: []string{"Element for secret alias"}, Pattern: `Element for secret alias '[^']*' can ?not be found`,
		Title:  "ciphertool found no element for an alias, and stopped half way.",
		Why:    "The tool writes file by file: some have been changed already and their passwords are gone, while the vault has no entry for them.",
		Fix:    "Put the files back from a backup, and encrypt with the step for plain-text passwords, which looks at every place before it writes.",
		Source: "org.wso2.ciphertool", Where: []Place{{"repository/conf/security/cipher-tool.properties", ""}},
	},
	{
		ID: "D-10.4", Guideline: 10, Severity: Error,
		Anchors: []string{"NOT_FOUND_ERR"}, Pattern: `DOMException: NOT_FOUND_ERR`,
		Title:  "A secured value could not be read from its file.",
		Why:    "An alias is declared as an element where the file has an attribute, or the other way round.",
		Fix:    "Correct true or false behind the path in cipher-tool.properties, or let the step for plain-text passwords repair the vault.",
		Source: "the XML parser of Java, called for the vault", Where: []Place{{"repository/conf/security/cipher-tool.properties", ""}},
	},
	{
		ID: "D-10.5", Guideline: 10, Severity: Error, Loose: true,
		Anchors: []string{"cipher-standalone-config.properties", "reading primary key Store details"},
		Pattern: `cipher-standalone-config\.properties does not exist|IOError reading primary key Store details`,
		Title:   "ciphertool did not find the install.",
		Why:     "It takes the home from its working directory, and has to be started in bin.",
		Fix:     "Encrypt with the step for plain-text passwords, which needs no such tool; or start the tool in bin.",
		Source:  "org.wso2.ciphertool",
	},
	{
		ID: "D-10.6", Guideline: 10, Severity: Error,
		Anchors: []string{"No installed provider supports this key"}, Pattern: `No installed provider supports this key: \(null\)`,
		Title:  "The vault's configuration names an alias that its keystore does not have.",
		Why:    "secret-conf.properties names the key by its alias. Sun's JKS keeps aliases in lower case.",
		Fix:    "Write the alias that the keystore has, in lower case; the step for plain-text passwords does it.",
		Source: "javax.crypto.Cipher, called by Secure Vault", Where: []Place{{secretConf, ""}, {carbonXML, "/Server/Security/RegistryKeyStore/KeyAlias"}},
	},
	{
		ID: "D-10.7", Guideline: 10, Severity: Error, Loose: true,
		Anchors: []string{"sun/misc/BASE64Encoder"}, Pattern: `NoClassDefFoundError: sun/misc/BASE64Encoder`,
		Title:  "ciphertool died half way: it needs Java 6 to 8.",
		Why:    "It had rewritten configuration files before: passwords are gone from them and are not in the vault.",
		Fix:    "Put the files back from a backup, and encrypt with the step for plain-text passwords, which needs no Java.",
		Source: "org.wso2.ciphertool on Java 9 or later", Where: []Place{{cipherText, ""}},
	},
	{
		ID: "D-10.8", Guideline: 10, Severity: Warning, Loose: true,
		Anchors: []string{"Secret Configurations are written"}, Pattern: `Secret Configurations are written to the property file successfully`,
		Title:  "ciphertool ran. In API Manager 1.8.0 on Linux it empties cipher-text.properties and says so.",
		Why:    "That build looks for its files below the home twice, finds none and writes an empty one, while the vault is switched on: nothing is encrypted.",
		Fix:    "See whether cipher-text.properties has entries. If not, put it back and encrypt with the step for plain-text passwords.",
		Source: "org.wso2.ciphertool", Where: []Place{{cipherText, ""}},
	},
	{
		ID: "D-10.9", Guideline: 10, Severity: Error, Loose: true,
		Anchors: []string{"KeyStore password can not be null"}, Pattern: `KeyStore password can not be null`,
		Title:  "ciphertool had no console to ask for the password of the keystore.",
		Why:    "It reads from a terminal only; input by a pipe is not taken.",
		Fix:    "Run it on a terminal, or encrypt with the step for plain-text passwords.",
		Source: "org.wso2.ciphertool",
	},
}
