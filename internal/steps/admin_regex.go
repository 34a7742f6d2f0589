package steps

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// errJavaOnly is a regular expression that Java and Go read differently.
var errJavaOnly = errors.New("it uses a construct of Java's regular expressions that is not known here")

// storePattern is a regular expression of the user store, tested as java.lang.String.matches does: against the whole text.
type storePattern struct {
	text string // as in user-mgt.xml
	re   *javaRegexp
	err  error // why it cannot be tested
}

// compileJava compiles a regular expression written for Java. Go has no back references, no possessive quantifiers, no lookaround but what javaRegexp has, and
// none of Java's POSIX names: those do not compile. What compiles but means something else, a class within a class, is refused.
func compileJava(text string) (*javaRegexp, error) {
	javaPatterns.Lock()
	defer javaPatterns.Unlock()
	if known, ok := javaPatterns.compiled[text]; ok {
		return known.re, known.err
	}
	if len(javaPatterns.compiled) >= mostPatterns {
		clear(javaPatterns.compiled)
	}
	re, err := compileJavaAnew(text)
	javaPatterns.compiled[text] = javaPattern{re, err}
	return re, err
}

// javaPatterns keeps what was compiled: a plan judges by the same few patterns again and again, and {3,30} is a long program.
var javaPatterns = struct {
	sync.Mutex
	compiled map[string]javaPattern
}{compiled: map[string]javaPattern{}}

const mostPatterns = 64

type javaPattern struct {
	re  *javaRegexp
	err error
}

func compileJavaAnew(text string) (*javaRegexp, error) {
	if otherConstruct(text) || otherProperty(text) {
		return nil, errJavaOnly
	}
	ahead, rest, err := compileLookaheads(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errJavaOnly, err)
	}
	whole, err := compileAnchored(rest, `\z`)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errJavaOnly, err)
	}
	return &javaRegexp{ahead, whole}, nil
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

var repetition = regexp.MustCompile(`^\{[0-9]+(,[0-9]*)?\}`)

// otherConstruct reports whether the text has what Go compiles and Java reads differently or not at all: a character class in another one or an
// intersection of classes, [a-z&&[^q]], whose signs Go takes literally; a brace that begins no repetition; a group named in the way of Python; octal numbers and \v.
func otherConstruct(text string) bool {
	inClass := false
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch c := text[i]; {
		case strings.HasPrefix(rest, `\Q`):
			end := strings.Index(rest, `\E`)
			if end < 0 || inClass {
				return inClass
			}
			i += end + 1
		case c == '\\':
			if strings.HasPrefix(rest, `\0`) || strings.HasPrefix(rest, `\v`) {
				return true
			}
			i++
		case inClass:
			if c == '[' || strings.HasPrefix(rest, "&&") {
				return true
			}
			inClass = c != ']'
		case c == '[':
			inClass = true
			if strings.HasPrefix(rest, "[^") {
				i++
			}
		case c == '{' && !repetition.MatchString(rest), strings.HasPrefix(rest, "(?P"):
			return true
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
