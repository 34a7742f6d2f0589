package steps

import (
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// keystore is guideline 2: the key of the server, the key that it encrypts with, and the certificates that it trusts.
type keystore struct {
	now func() time.Time // nil = the clock
}

func (s keystore) time() time.Time {
	if s.now != nil {
		return s.now()
	}
	return time.Now()
}

const (
	sectionKeystore   = "keystore"
	sectionTruststore = "truststore"

	keyStoreFrom        = "keystore.from"
	keySourcePKCS12     = "keystore.source.pkcs12"
	keySourceJKS        = "keystore.source.jks"
	keySourceCert       = "keystore.source.certificate"
	keySourceKey        = "keystore.source.private_key"
	keySourceChain      = "keystore.source.chain"
	keySourcePassword   = "keystore.source.password"
	keySourceAlias      = "keystore.source.alias"
	keySourceKeyPass    = "keystore.source.key_password"
	keyCertNames        = "keystore.names"
	keyCertOrganization = "keystore.organization"
	keyCertCountry      = "keystore.country"
	keyCertAnswer       = "keystore.answer"
	keyStoreAlias       = "keystore.alias"
	keyStorePassword    = "keystore.password"
	keyEncryption       = "keystore.encryption"
	keyEncryptionStore  = "keystore.encryption_store"
	keyEncryptionChange = "keystore.change_encryption_key"
	keyTLS              = "keystore.tls"
	keyTrustPassword    = "truststore.password"
	keyTrustImport      = "truststore.import"
	keyTrustRemove      = "truststore.remove_default"
	keyTrustOld         = "truststore.remove_old"
)

// Where the key of the server comes from.
const (
	fromFile       = "file"
	fromCSR        = "csr"
	fromSelfSigned = "self_signed"
	fromKeep       = "keep"
)

// What RegistryKeyStore holds.
const (
	encryptOwn  = "own"
	encryptSame = "same"
	encryptKeep = "keep"
)

func (keystore) Info() Info {
	return Info{
		ID: "keystore", Section: sectionKeystore, Also: []string{sectionTruststore}, Guideline: 2, Title: "SSL keys",
		Reads: []string{keyHostName, keyManagementName}, // the names of a certificate that is made, and those that one from a file has to have
		Free:  func(a *answers.Set) bool { return storeFrom(a) == fromKeep },
		Why: `The key that ships in wso2carbon.jks is in every download of every product: anyone can read the traffic of a server that uses it, pretend to be it,
and decrypt the passwords that it has encrypted. Use a key of your own, signed by a CA that your clients trust.

Carbon 4.2.0 has two keystores: KeyStore for TLS and signatures, RegistryKeyStore for the encryption of passwords in the registry and the vault. They may
hold different keys under one alias and one password. A key of its own for encryption is the default here, because a certificate that is renewed with a new
key would otherwise make everything unreadable that was encrypted with the old one.

The shipped keystore stays as it is; a new file beside it is written and named everywhere. The truststore keeps its place, because applications and
components name it by its path; the new certificate, or its CA, is added to it, as the server calls its own services.`,
	}
}

func (keystore) Applies(w *Workspace) (bool, string) {
	if !w.Has(carbon.CarbonXML) {
		return false, "This install has no " + carbon.CarbonXML + ", which names the keystores."
	}
	return true, ""
}

func (keystore) Specs() []answers.Spec {
	specs := []answers.Spec{
		{
			Key: keyStoreFrom, Kind: answers.Choice, Choices: []string{fromFile, fromCSR, fromSelfSigned, fromKeep}, Label: "Key of the server", Example: fromFile,
			Help: "file: a key and certificate that you have, under source. csr: make a key and a request for your CA, and import its answer in a later run. self_signed: for staging alone. keep: leave the keystores as they are. Left out: file.",
		},
		{Key: keySourcePKCS12, Kind: answers.Path, Label: "PKCS#12 file", Example: "esb.p12", Help: "A .p12 or .pfx file with the private key and its certificates. What a file is is told by its content."},
		{Key: keySourceJKS, Kind: answers.Path, Label: "JKS file", Example: "esb.jks", Help: "A Java keystore with the private key and its certificates."},
		{Key: keySourceCert, Kind: answers.Path, Label: "Certificate file", Example: "esb.crt", Help: "The certificate, PEM or DER. It may hold the chain and the private key, too."},
		{Key: keySourceKey, Kind: answers.Path, Label: "Private key file", Example: "esb.key", Help: "The private key of the certificate, PEM or DER: PKCS#1, PKCS#8, encrypted or not."},
		{Key: keySourceChain, Kind: answers.Path, Label: "CA certificates", Example: "chain.pem", Help: "The certificates between that of the server and the root, in any order, when the other files lack them."},
		{Key: keySourcePassword, Kind: answers.Secret, Label: "Password of the file", Example: "{file: p12.pw}", Help: "The password that the file was made with."},
		{Key: keySourceAlias, Kind: answers.Text, Label: "Alias in the file", Example: "esb", Help: "Which private key to take, when the file holds several."},
		{Key: keySourceKeyPass, Kind: answers.Secret, Label: "Password of the key in the file", Example: "{file: key.pw}", Help: "When the key has another password than the file."},
		{Key: keyCertNames, Kind: answers.List, Label: "Further names", Example: "[esb.internal, 10.1.4.20]", Help: "Names and addresses for the certificate (csr and self_signed), besides the host names of guideline 4."},
		{Key: keyCertOrganization, Kind: answers.Text, Label: "Organization", Example: "Example Ltd", Help: "For the subject of the certificate (csr and self_signed). May be left out."},
		{Key: keyCertCountry, Kind: answers.Text, Label: "Country", Example: "DE", Help: "The two letters of the country for the subject. May be left out."},
		{Key: keyCertAnswer, Kind: answers.Path, Label: "Answer of the CA", Example: "esb.crt", Help: "With csr, in a later run: the certificate that the CA made from the request, with its chain; PEM, DER or PKCS#7."},
		{Key: keyStoreAlias, Kind: answers.Text, Label: "Alias", Example: "esb", Help: "The name of the key in the new keystore, and of its file. Lower case: Java looks aliases up in lower case."},
		{Key: keyStorePassword, Kind: answers.Secret, Label: "Password of the new keystore", Example: "{env: KS_PW}", Help: "Of the store and of its key: Carbon opens the key with the password of the store."},
		{
			Key: keyEncryption, Kind: answers.Choice, Choices: []string{encryptOwn, encryptSame, encryptKeep}, Label: "Encryption key", Example: encryptOwn,
			Help: "own: a key of its own for what the server encrypts; it survives a renewal of the certificate. same: the key of the server. keep: the present encryption key, in a new file. Left out: own.",
		},
		{Key: keyEncryptionStore, Kind: answers.Path, Label: "Encryption keystore of another node", Example: "esb-encryption.jks", Help: "Servers that share a database need the same encryption key: on the second node, the file that the first one got. It opens with the password of the new keystore."},
		{Key: keyEncryptionChange, Kind: answers.Bool, Label: "Change the encryption key of a started server", Example: "false", Help: "Whether to do it, although what was encrypted until now can no longer be read."},
		{Key: keyTLS, Kind: answers.List, Label: "TLS versions", Example: "[TLSv1.2]", Help: "The versions that the HTTPS listeners offer. Left out: what the Java found supports, without SSLv3."},
	}
	return append(specs, truststoreSpecs()...)
}

func truststoreSpecs() []answers.Spec {
	return []answers.Spec{
		{Key: keyTrustPassword, Kind: answers.Secret, Label: "New password of the truststore", Example: "{env: TS_PW}", Help: "Left out: the present one stays."},
		{Key: keyTrustImport, Kind: answers.List, Paths: true, Label: "Certificates to trust", Example: "[root-ca.pem]", Help: "Files with the certificates of CAs that the server has to trust, PEM or DER. The chain of the server's own key is added without being asked for."},
		{Key: keyTrustRemove, Kind: answers.Bool, Label: "Remove the certificates of WSO2", Example: "true", Help: "Whether to take out the certificates of the public key and of WSO2's test CAs. Every other entry stays as it is."},
		{Key: keyTrustOld, Kind: answers.Bool, Label: "Remove expired and weak certificates", Example: "false", Help: "Whether to take out the certificates that have expired, and those whose RSA keys have less than 2048 bits. Look at the list first: a CA of your own may be among them."},
	}
}
