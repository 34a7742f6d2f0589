package steps

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode"

	"carbon-setup/internal/secret"
)

// The words for the strength of a password.
const (
	weak   = "weak"
	fair   = "fair"
	strong = "strong"
)

// guessed are the words that attackers of Carbon servers begin with.
var guessed = []string{
	"admin", "administrator", "adm", "wso2", "wso2carbon", "carbon", "wso2admin", "password", "passwd", "passwort", "pass", "secret", "changeme", "change", "me",
	"letmein", "welcome", "login", "root", "test", "demo", "default", "user", "qwerty", "qwertz", "abc", "axis2", "tomcat", "esb", "bam", "apim",
}

// plainLetters undoes the usual replacements of letters by signs that look like them.
var plainLetters = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "@", "a", "$", "s", "!", "i", "|", "i", "+", "t")

// tooGuessable reports whether a password is nothing but words that are tried first, the given names among them, with digits and signs around or
// between them.
func tooGuessable(password string, names []string) bool {
	words := append([]string(nil), guessed...)
	for _, name := range names {
		words = append(words, nameWords(name)...)
	}
	const lookAlikes = "0123456789!$+|@"
	lower := strings.ToLower(password)
	for _, form := range []string{
		lower, plainLetters.Replace(lower), plainLetters.Replace(strings.TrimRight(lower, lookAlikes)),
		plainLetters.Replace(strings.TrimLeft(lower, lookAlikes)), plainLetters.Replace(strings.Trim(lower, lookAlikes)),
	} {
		if letters := onlyLetters(form); letters != "" && madeOf(letters, words) {
			return true
		}
	}
	return few(lower) || strings.Contains(digitRuns, lower)
}

const digitRuns = "01234567890123456789 98765432109876543210"

// nameWords returns a name and its labels.
func nameWords(name string) []string {
	name = strings.ToLower(name)
	parts := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words := []string{onlyLetters(name), onlyLetters(plainLetters.Replace(name))}
	for _, p := range parts {
		if p = onlyLetters(p); len(p) > 2 {
			words = append(words, p)
		}
	}
	return words
}

func onlyLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, s)
}

// madeOf reports whether s can be cut into words.
func madeOf(s string, words []string) bool {
	reach := make([]bool, len(s)+1)
	reach[0] = true
	for i := range s {
		if !reach[i] {
			continue
		}
		for _, w := range words {
			w = onlyLetters(w)
			if w != "" && strings.HasPrefix(s[i:], w) {
				reach[i+len(w)] = true
			}
		}
	}
	return reach[len(s)]
}

// few reports whether there are hardly any different characters.
func few(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen) < 4
}

// passwordStrength grades a password. Length counts most; the kinds of characters help a short one.
func passwordStrength(password string, names []string) string {
	if tooGuessable(password, names) {
		return weak
	}
	kinds := 0
	for _, is := range []func(rune) bool{unicode.IsLower, unicode.IsUpper, unicode.IsDigit, isSign} {
		if strings.ContainsFunc(password, is) {
			kinds++
		}
	}
	switch points := len(password) + 2*kinds; {
	case len(password) < 8 || points < 13:
		return weak
	case len(password) >= 16 && points >= 20 || points >= 22:
		return strong
	}
	return fair
}

func isSign(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// madeAlphabet are characters that nothing has to escape and nobody mistakes for another one.
const (
	madeLower = "abcdefghijkmnpqrstuvwxyz"
	madeUpper = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	madeDigit = "23456789"
	madeSign  = "-_."
)

// madeLengths are tried in turn, because a user store may allow only short passwords.
var madeLengths = []int{24, 20, 16, 12, 10, 8}

// generator returns a function that makes passwords which the rules accept, nil when none is found.
func (r passwordRules) generator() func() secret.Secret {
	for _, length := range madeLengths {
		try := func() (secret.Secret, bool) {
			for range 50 {
				s, err := makePassword(length)
				if err != nil {
					return secret.Secret{}, false
				}
				if p := r.check(s); p == nil {
					return s, true
				}
			}
			return secret.Secret{}, false
		}
		if _, ok := try(); !ok {
			continue
		}
		return func() secret.Secret {
			s, _ := try()
			return s
		}
	}
	return nil
}

// makePassword returns a random password with every kind of character, its first one a letter.
func makePassword(length int) (secret.Secret, error) {
	all := madeLower + madeUpper + madeDigit + madeSign
	for {
		text := make([]byte, length)
		for i := range text {
			from := all
			if i == 0 || i == length-1 {
				from = madeLower + madeUpper
			}
			n, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
			if err != nil {
				return secret.Secret{}, err
			}
			text[i] = from[n.Int64()]
		}
		s := string(text)
		if strings.ContainsAny(s, madeLower) && strings.ContainsAny(s, madeUpper) && strings.ContainsAny(s, madeDigit) && strings.ContainsAny(s, madeSign) {
			return secret.New(s), nil
		}
	}
}
