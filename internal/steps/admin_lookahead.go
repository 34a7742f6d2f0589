package steps

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// javaRegexp is a regular expression of Java as far as Go can judge by it: lookaheads at the very beginning, which rules for passwords are made of, such as
// (?=.*\d), and what the text as a whole has to be.
type javaRegexp struct {
	ahead []lookahead
	whole *regexp.Regexp
}

type lookahead struct {
	re  *regexp.Regexp
	not bool // (?!
}

// MatchString reports whether the pattern takes the whole text, as java.lang.String.matches does.
func (j *javaRegexp) MatchString(text string) bool {
	for _, l := range j.ahead {
		if l.re.MatchString(text) == l.not {
			return false
		}
	}
	return j.whole.MatchString(text)
}

// compileLookaheads takes the lookaheads off the beginning of a pattern. Each of them looks from the beginning of the text, whatever comes after it.
func compileLookaheads(text string) (ahead []lookahead, rest string, err error) {
	rest = strings.TrimPrefix(text, "^")
	for strings.HasPrefix(rest, "(?=") || strings.HasPrefix(rest, "(?!") {
		end := groupEnd(rest)
		if end < 0 {
			return nil, "", &syntax.Error{Code: syntax.ErrMissingParen, Expr: text}
		}
		re, err := compileAnchored(rest[len("(?="):end], "")
		if err != nil {
			return nil, "", err
		}
		ahead = append(ahead, lookahead{re, rest[2] == '!'})
		rest = rest[end+1:]
		if rest != "" && strings.ContainsRune("*+?{", rune(rest[0])) {
			return nil, "", fmt.Errorf("%w: a repeated lookahead", errJavaOnly)
		}
	}
	switch {
	case len(ahead) == 0:
		return nil, text, nil
	case alternatives(rest):
		return nil, "", fmt.Errorf("%w: a lookahead of one alternative", errJavaOnly)
	}
	return ahead, rest, nil
}

// compileAnchored compiles a part of a pattern that begins where the text begins; the part is compiled by itself first, so that no parenthesis of it closes
// ours.
func compileAnchored(text, end string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(text); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + text + `)` + end)
}

// groupEnd is where the group at the beginning of a pattern ends, -1 if it does not.
func groupEnd(text string) int {
	end := -1
	walkPattern(text, func(i, depth int) bool {
		if text[i] == ')' && depth == 0 {
			end = i
		}
		return end < 0
	})
	return end
}

// alternatives reports whether a pattern has alternatives that are not in a group.
func alternatives(text string) bool {
	found := false
	walkPattern(text, func(i, depth int) bool {
		found = found || text[i] == '|' && depth == 0
		return !found
	})
	return found
}

// walkPattern calls each for the characters of a pattern that have a meaning of their own, with how many groups are open after it, until each returns false.
func walkPattern(text string, each func(i, depth int) bool) {
	depth, inClass := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], `\Q`):
			end := strings.Index(text[i:], `\E`)
			if end < 0 {
				return
			}
			i += end + 1
			continue
		case c == '\\':
			i++
			continue
		case inClass:
			inClass = c != ']'
			continue
		case c == '[':
			inClass = true
			if strings.HasPrefix(text[i:], "[^") {
				i++
			}
			if strings.HasPrefix(text[i+1:], "]") { // the first one stands for itself
				i++
			}
			continue
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if !each(i, depth) {
			return
		}
	}
}
