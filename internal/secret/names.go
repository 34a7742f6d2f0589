package secret

import "bytes"

// anchors are in every name that speaks of a secret.
var anchors = []string{"pass", "secret", "pwd", "accesskey", "apikey", "licensekey"}

// cores make a name speak of a secret wherever they stand in it.
var cores = words("password", "passwd", "passphrase", "secret", "keypass", "storepass", "accesskey", "apikey", "licensekey")

// ends make a name speak of a secret when it ends in one.
var ends = words("pass", "pwd")

// harmless are the ends of names that speak about secrets without holding one: rules, algorithms, aliases, classes, switches.
var harmless = words(
	"regex", "regexviolationerrormsg", "errormsg", "digest", "hashmethod", "algorithm", "pattern", "policy", "policies",
	"alias", "aliases", "provider", "providers", "handler", "resolver", "repository", "repositories", "callback", "class", "manager",
	"enable", "enabled", "managed", "required", "length", "period", "validity", "expiry", "time", "timeout", "attempts", "count", "size",
	"url", "uri", "file", "path", "location", "folder", "directory", "type", "format", "name", "attribute", "label",
	"saltedpassword", "bypass", "compass", "typepassword",
)

func words(all ...string) [][]byte {
	out := make([][]byte, len(all))
	for i, w := range all {
		out[i] = []byte(w)
	}
	return out
}

// Speaks reports whether the name of an element, an attribute or a property is that of a secret: it speaks of a password, and not about one, as
// PasswordJavaRegEx does.
func Speaks(name string) bool { return speaks(lower([]byte(name))) }

// speaks reports whether a lower-case name is that of a secret.
func speaks(name []byte) bool {
	name = bytes.TrimRight(name, "0123456789._-")
	for _, h := range harmless {
		if bytes.HasSuffix(name, h) {
			return false
		}
	}
	if string(name) == "pwd" || string(name) == "oldpwd" {
		return false // the shell's working directories
	}
	for _, c := range cores {
		if bytes.Contains(name, c) {
			return true
		}
	}
	for _, e := range ends {
		if bytes.HasSuffix(name, e) {
			return true
		}
	}
	return false
}

// Mentioned reports whether a file may have a name that speaks of a secret; what has none need not be looked through.
func Mentioned(data []byte) bool {
	small := lower(data)
	for _, anchor := range anchors {
		if bytes.Contains(small, []byte(anchor)) {
			return true
		}
	}
	return false
}
