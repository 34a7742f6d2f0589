package vault

// Reading is all that is known about the vault of one install. Paths are relative to the home, with slashes.
type Reading struct {
	Conf     ConfReading
	Entries  []Entry   // of cipher-text.properties, in the order of the file, duplicates included
	Places   []Place   // of cipher-tool.properties, duplicates included
	Elements []Element // in the order to tell of them
	Key      *Key      // nil: the keystore was not opened, so ciphertexts are not decrypted
	Files    []string  // those that exist; nil = not known
}

// Entry is a line of cipher-text.properties.
type Entry struct {
	Alias string
	Value string // unescaped
	Line  int
}

// Element is an element, or an attribute, that says that its value is in the vault.
type Element struct {
	Alias  string // the value of secretAlias
	File   string
	Line   int
	Text   string // the text it has instead of the value
	Asked  string // the alias that Carbon's reader asks for at this place; "" = not known, or any
	OnRoot bool   // the namespace is declared on the root
	Unread bool   // nothing in the product is known to ask the vault for what stands in this file
	Free   bool   // the reader takes any alias and a declaration anywhere, as those of *-datasources.xml and tasks-config.xml do
}

// Finding is one thing that an operator should know about a vault.
type Finding struct {
	ID       string // stable, see the constants
	Severity Severity
	File     string // "" when it is about more than one
	Line     int    // 0 = about the file
	Alias    string // "" when it is about more than one
	Key      string // of secret-conf.properties
	What     string // full sentences
	Why      string // full sentences: what Carbon makes of it
	Fix      string // full sentences
}

// The ids of findings.
const (
	FoundConf              = "conf"              // a Fault of secret-conf.properties; Key tells which
	FoundOff               = "vault-off"         // elements are secured, secret-conf.properties has no repository
	FoundEmptied           = "emptied"           // cipher-text.properties has no entry, elements are secured
	FoundHollow            = "hollow"            // the vault is on; there is neither a ciphertext nor a secured element
	FoundCipherTextMissing = "cipher-text-file"  // the file that secret-conf.properties names does not exist
	FoundKeystoreMissing   = "keystore-file"     // likewise the keystore
	FoundNoCiphertext      = "no-ciphertext"     // of an element
	FoundUnused            = "unused"            // a ciphertext without element
	FoundPlain             = "plain"             // [text] while the vault is on
	FoundPlainListed       = "plain-listed"      // [text] while it is off
	FoundEmptyEntry        = "empty-entry"       // ALIAS=
	FoundBroken            = "broken-ciphertext" // neither
	FoundKeyChanged        = "key-changed"       // not one ciphertext opens
	FoundOtherKey          = "other-key"         // some do not
	FoundDecryptsEmpty     = "decrypts-empty"    // a ciphertext of nothing
	FoundNotChecked        = "not-checked"       // the keystore was not opened
	FoundDuplicate         = "duplicate"         // an alias with two values in cipher-text.properties
	FoundPlaceDuplicate    = "place-duplicate"   // an alias with two places in cipher-tool.properties
	FoundPlaceFile         = "place-file"        // an alias in cipher-tool.properties whose file does not exist
	FoundPlaceNoCiphertext = "place-ciphertext"  // one without ciphertext
	FoundNamespace         = "namespace"         // declared below the root
	FoundAliasNotAsked     = "alias-not-asked"   // the reader asks for another
	FoundUnread            = "unread"            // no reader asks the vault there
	FoundElementEmpty      = "element-empty"     // no text
	FoundElementText       = "element-text"      // text that is not the placeholder
	FoundDecryptsMangled   = "decrypts-mangled"  // to something that Check refuses
)
