// Package vault knows the Secure Vault of Carbon 4.2.0: what a ciphertext is, the three properties files beside it, the file with the password of the
// keystore, and what can be wrong with all of them together. It reads and writes no file.
package vault

// Namespace is that of the attribute secretAlias. SecretResolverFactory looks for a declaration that begins with http://org.wso2.securevault.
const Namespace = "http://org.wso2.securevault/configuration"

// Placeholder is the text of an element whose value is in the vault, as WSO2's own tool writes it. In carbon.xml the text must not be empty.
const Placeholder = "password"

// The files of the vault, relative to the home. Carbon looks for SecretConfFile at this very place.
const (
	SecretConfFile = "repository/conf/security/secret-conf.properties"
	CipherTextFile = "repository/conf/security/cipher-text.properties"
	CipherToolFile = "repository/conf/security/cipher-tool.properties"
)
