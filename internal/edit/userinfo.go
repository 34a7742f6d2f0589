package edit

import (
	"errors"
	"strings"
)

// ErrNoUserInfo is returned for a URL without a user and a password before the @.
var ErrNoUserInfo = errors.New("the URL has no user and password in front of an @")

// UserInfo returns value with the user and password of its URL user-info (amqp://user:password@…) replaced, percent-encoded.
// Used for jndi.properties. All but letters, digits and -._~ are encoded, as UTF-8, so that java.net.URI and every other reader that
// splits before it decodes gets both back.
//
// The Andes client (org.wso2.andes.client.url.URLParser, from Qpid) splits after it has decoded, so that some characters do not survive
// however they are written; to refuse them is up to the caller. It takes URI.getUserInfo and cuts at the first colon: a user name with a
// colon is cut short. When the client id is no host name for URI (my_clientID), it takes the decoded authority and cuts that at the
// first @: an @ in the user name or the password is fatal. Operators report failures with encoded @, % and / in some releases, too.
func UserInfo(value, user, password string) (string, error) {
	from, to, ok := userInfoSpan(value)
	if !ok {
		return "", ErrNoUserInfo
	}
	return value[:from] + percentEncode(user) + ":" + percentEncode(password) + value[to:], nil
}

// SplitUserInfo returns the decoded user and password of such a URL; ok is false when it has none. A user without a colon behind it
// counts as none: the Andes client refuses it. A % that is no escape stands for itself.
func SplitUserInfo(value string) (user, password string, ok bool) {
	from, to, ok := userInfoSpan(value)
	if !ok {
		return "", "", false
	}
	user, password, _ = strings.Cut(value[from:to], ":")
	return percentDecode(user), percentDecode(password), true
}

// userInfoSpan returns where the user-info of a URL stands: from behind :// to the last @ before the path, the query or the fragment.
func userInfoSpan(value string) (from, to int, ok bool) {
	scheme := strings.Index(value, "://")
	if scheme <= 0 || strings.ContainsAny(value[:scheme], "/?#@") {
		return 0, 0, false
	}
	from = scheme + len("://")
	authority := value[from:]
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 || !strings.Contains(authority[:at], ":") {
		return 0, 0, false
	}
	return from, from + at, true
}

const upperHex = "0123456789ABCDEF"

func percentEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

func percentDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if r, ok := hex4([]byte{'0', '0', s[i+1], s[i+2]}); ok {
				b.WriteByte(byte(r))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
