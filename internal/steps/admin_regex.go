package steps

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// errJavaOnly is a regular expression that Java and Go read differently.
var errJavaOnly = errors.New("it uses a construct of Java's regular expressions that is not known here")

// storePattern is a regular expression of the user store, tested as java.lang.String.matches does: against the whole text.
type storePattern struct {
	text string // as in user-mgt.xml
	re   *regexp.Regexp
	err  error // why it cannot be tested
}

// compileJava compiles a regular expression written for Java. Go has no lookaround, no back references, no possessive quantifiers and none of
// Java's POSIX names: those do not compile. What compiles but means something else, a class within a class, is refused.
func compileJava(text string) (*regexp.Regexp, error) {
	if nestsClasses(text) || otherProperty(text) {
		return nil, errJavaOnly
	}
	re, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errJavaOnly, err)
	}
	return re, nil
}

var (
	property     = regexp.MustCompile(`\\[pP](?:\{([^}]*)\}?|(.))`)
	sameProperty = map[string]bool{"L": true, "Lu": true, "Ll": true, "N": true, "Nd": true}
)

// otherProperty reports whether a named class may mean something else in Java: \p{Punct} is the punctuation of ASCII there, and that of Unicode,
// which has other members, in Go.
func otherProperty(text string) bool {
	for _, m := range property.FindAllStringSubmatch(text, -1) {
		if !sameProperty[m[1]+m[2]] {
			return true
		}
	}
	return false
}

// nestsClasses reports whether a character class holds another one or an intersection, [a-z&&[^q]]: Go takes the signs literally.
func nestsClasses(text string) bool {
	inClass := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			if i+1 < len(text) && text[i+1] == 'Q' {
				end := strings.Index(text[i:], `\E`)
				if end < 0 {
					return false
				}
				i += end
			}
			i++
		case !inClass:
			inClass = c == '['
			if inClass && i+1 < len(text) && text[i+1] == '^' {
				i++
			}
		case c == '[', c == '&' && i+1 < len(text) && text[i+1] == '&':
			return true
		case c == ']':
			inClass = false
		}
	}
	return false
}

// newStorePattern reads the text of a Property element; nil for an empty one: the store has no such rule.
func newStorePattern(text string) *storePattern {
	if text == "" {
		return nil
	}
	re, err := compileJava(text)
	return &storePattern{text: text, re: re, err: err}
}

// refuses reports whether the store would refuse the text. It is false, too, when that cannot be told.
func (p *storePattern) refuses(text string) bool {
	return p != nil && p.re != nil && !p.re.MatchString(text)
}

// untested reports whether the store has a rule that cannot be tested here.
func (p *storePattern) untested() bool { return p != nil && p.re == nil }

// lengthOnly matches the shipped kind of rule: any characters but blanks, so many of them.
var lengthOnly = regexp.MustCompile(`^\^?\[?\\S\]?\{(\d+),(\d+)\}\$?$`)

// words says the rule for people.
func (p *storePattern) words() string {
	if m := lengthOnly.FindStringSubmatch(p.text); m != nil {
		return fmt.Sprintf("%s to %s characters without blanks", m[1], m[2])
	}
	return "what matches the regular expression " + p.text
}
