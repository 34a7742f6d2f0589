package directory

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// EscapeFilter escapes a value for a filter as RFC 4515 wants it: ( ) * \ NUL and everything that is not ASCII.
func EscapeFilter(value string) string { return ldap.EscapeFilter(value) }

// EscapeDN escapes a value for a DN as RFC 4514 wants it.
func EscapeDN(value string) string { return ldap.EscapeDN(value) }

// CarbonFilter returns the filter that Carbon 4.2.0 makes of a UserNameSearchFilter or GroupNameSearchFilter: every ? becomes the name as it is. Its
// user store managers escape nothing, see Unescaped.
func CarbonFilter(filter, name string) string { return strings.ReplaceAll(filter, "?", name) }

// safeFilter is CarbonFilter with the name escaped: the filter that was meant.
func safeFilter(filter, name string) string {
	return strings.ReplaceAll(filter, "?", EscapeFilter(name))
}

// CarbonDN returns the DN that Carbon 4.2.0 makes of one pattern of a UserDNPattern. java.text.MessageFormat does it: apostrophes vanish, or take away the
// meaning of {0}.
func CarbonDN(pattern, name string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\'' && i+1 < len(pattern) && pattern[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case pattern[i] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(pattern[i:], "{0}"):
			b.WriteString(name)
			i += 2
		default:
			b.WriteByte(pattern[i])
		}
	}
	return b.String()
}

// Unescaped returns the characters of a user's or role's name that Carbon 4.2.0 should escape in filters and does not: with them it finds nobody, or
// somebody else.
func Unescaped(name string) string {
	var found []string
	for _, c := range []string{"*", "(", ")", `\`} {
		if strings.Contains(name, c) {
			found = append(found, c)
		}
	}
	return strings.Join(found, " ")
}

// Bases returns the search bases in a property; Carbon separates them at every #, also at one inside a DN.
func Bases(property string) []string {
	var bases []string
	for base := range strings.SplitSeq(property, "#") {
		if base = strings.TrimSpace(base); base != "" {
			bases = append(bases, base)
		}
	}
	return bases
}

const (
	maxFilter = 4096 // bytes
	maxNested = 40   // parentheses in parentheses
	maxDN     = 2048 // bytes
	maxBases  = 8192 // bytes of all bases, or patterns, of a property
)

var entity = regexp.MustCompile(`&(amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);`)

// checkFilter says what is wrong with a filter, in the words of a clause: "has an opening parenthesis too many".
func checkFilter(filter string) error {
	if len(filter) > maxFilter {
		return fmt.Errorf("is longer than %d characters", maxFilter)
	}
	if m := entity.FindString(filter); m != "" {
		return fmt.Errorf("contains %s: a filter is given as it is meant, and escaped when it is written", m)
	}
	if strings.TrimSpace(filter) != filter {
		return errors.New("begins or ends with blanks")
	}
	if !strings.HasPrefix(filter, "(") {
		return errors.New("has no parentheses around it")
	}
	depth, deepest := 0, 0
	for i := range len(filter) {
		switch filter[i] {
		case '(':
			depth++
			deepest = max(deepest, depth)
		case ')':
			depth--
		}
		if depth < 0 {
			return errors.New("has a closing parenthesis too many")
		}
		if depth == 0 && i != len(filter)-1 && strings.Trim(filter[i+1:], ")") == "" {
			return errors.New("has a closing parenthesis too many")
		}
		if depth == 0 && i != len(filter)-1 {
			return errors.New("goes on after its last parenthesis: several conditions stand in (&...) or (|...)")
		}
	}
	if depth > 0 {
		return errors.New("lacks a closing parenthesis")
	}
	if deepest > maxNested {
		return fmt.Errorf("is nested deeper than %d levels", maxNested)
	}
	if _, err := ldap.CompileFilter(strings.ReplaceAll(filter, "?", "x")); err != nil {
		return errors.New("is no filter of RFC 4515")
	}
	return nil
}

// attributeType is RFC 4512: a name, or an object identifier in numbers.
var attributeType = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)$`)

// checkDN says what is wrong with a DN, in the words of a clause.
func checkDN(dn string) error {
	if len(dn) > maxDN {
		return fmt.Errorf("is longer than %d characters", maxDN)
	}
	if strings.TrimSpace(dn) == "" {
		return errors.New("is empty")
	}
	if strings.ContainsAny(dn[:1], `"'`) {
		return errors.New("begins with a quotation mark")
	}
	parsed, err := parseDN(dn)
	if err != nil {
		return errors.New("is no DN of RFC 4514 such as ou=Users,dc=example,dc=com: a part without =, or a special character without a \\ before it")
	}
	for _, rdn := range parsed.RDNs {
		for _, a := range rdn.Attributes {
			if !attributeType.MatchString(a.Type) {
				return fmt.Errorf("has %s where the name of an attribute belongs", quote(a.Type))
			}
		}
	}
	return nil
}

// javaName writes a DN so that it survives javax.naming.CompositeName, which parses the texts that Carbon 4.2.0 gives to DirContext.search and lookup: a / ends
// a component there, and a \ before / " ' or \ is taken away. ok is false when the DN is not written like that.
func javaName(dn string) (written string, ok bool) {
	written = javaNames.Replace(dn)
	return written, written == dn
}

var javaNames = strings.NewReplacer(`\\`, `\5c`, `\"`, `\22`, `\'`, `\27`, `\/`, `\2f`, `/`, `\2f`)

// parseDN is ldap.ParseDN for text from anywhere.
func parseDN(dn string) (parsed *ldap.DN, err error) {
	defer func() {
		if recover() != nil {
			parsed, err = nil, errors.New("no DN")
		}
	}()
	if len(dn) > maxDN {
		return nil, errors.New("too long")
	}
	parsed, err = ldap.ParseDN(dn)
	if err == nil && (parsed == nil || len(parsed.RDNs) == 0) {
		err = errors.New("no DN")
	}
	return parsed, err
}

// sameDN reports whether two DNs name the same entry, as far as can be said without the schema.
func sameDN(a, b string) bool {
	x, errX := parseDN(a)
	y, errY := parseDN(b)
	return errX == nil && errY == nil && x.EqualFold(y)
}

// within reports whether dn is base or below it.
func within(dn, base string) bool {
	x, errX := parseDN(base)
	y, errY := parseDN(dn)
	return errX == nil && errY == nil && (x.EqualFold(y) || x.AncestorOfFold(y))
}
