package answers

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	decimal    = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	jvmSize    = regexp.MustCompile(`^([1-9][0-9]{0,8})([kKmMgG])$`)
	nearSize   = regexp.MustCompile(`^([0-9]{1,9}) ?([kKmMgG])i?[bB]?$`)
	digitsOnly = regexp.MustCompile(`^[+-]?[0-9]+$`)
)

// Read turns the text of one value, as typed on one line or written in a file, into a Value with the canonical text of its kind.
// The fault, nil when there is none, has no position. The wizard's fields and Parse judge by it alike. A text
// given for a Secret is the secret itself.
func (s Spec) Read(text string) (Value, *Fault) {
	v := Value{Text: text}
	message, fix := "", ""
	switch s.Kind {
	case Bool:
		message, fix = s.readBool(text)
	case Int:
		message, fix = s.readInt(text)
	case Size:
		v.Text = strings.ToLower(text)
		message, fix = s.readSize(text)
	case Choice:
		message, fix = s.readChoice(text)
	case List:
		v = Value{List: SplitList(text)}
	case Secret:
		return Value{Secret: secretOf(text)}, nil
	case Map:
		v = Value{}
		if v.Map, message = SplitMap(text); message != "" {
			message, fix = message+".", "Write name=value, with commas between the pairs."
		}
	case Text, Path:
	}
	if message != "" {
		return Value{}, &Fault{Key: s.Key, Message: message, Fix: fix}
	}
	return v.normal(s.Kind), nil
}

func (s Spec) readBool(text string) (message, fix string) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		fix = "Write true."
	case "false", "no", "off", "n":
		fix = "Write false."
	default:
		fix = "Write true or false."
	}
	if text == "true" || text == "false" {
		return "", ""
	}
	return fmt.Sprintf("This must be true or false, and %s is neither.", quoted(text)), fix
}

func (s Spec) readInt(text string) (message, fix string) {
	if decimal.MatchString(text) {
		if _, err := strconv.Atoi(text); err != nil || len(text) > 18 {
			return "This is larger than any number that can be meant.", s.howTo()
		}
		return "", ""
	}
	message = fmt.Sprintf("This must be a whole number, and %s is not written as one.", quoted(text))
	fix = "Write it in decimal digits alone, without a leading zero."
	if digitsOnly.MatchString(text) {
		trimmed := strings.TrimLeft(text, "+-0")
		message = fmt.Sprintf("%s begins with a zero, which some programs read as an octal number.", quoted(text))
		if trimmed != "" && text[0] == '+' {
			message = fmt.Sprintf("%s has a sign.", quoted(text))
		}
		if trimmed == "" {
			trimmed = "0"
		}
		fix = fmt.Sprintf("Write %s if that is the number that you mean.", trimmed)
	}
	return message, fix
}

func (s Spec) readSize(text string) (message, fix string) {
	if jvmSize.MatchString(text) {
		return "", ""
	}
	message = fmt.Sprintf("This must be a size with a unit, and %s is none.", quoted(text))
	if m := nearSize.FindStringSubmatch(text); m != nil && strings.TrimLeft(m[1], "0") != "" {
		return message, fmt.Sprintf("Write %s%s.", strings.TrimLeft(m[1], "0"), strings.ToLower(m[2]))
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && n >= 1<<20 && n%(1<<20) == 0 {
		return message, fmt.Sprintf("Write %dm: these are bytes, it seems.", n>>20)
	}
	if digitsOnly.MatchString(text) {
		return message, fmt.Sprintf("Write %sm for megabytes; a number alone would be bytes.", strings.TrimLeft(text, "+-0"))
	}
	return message, "Write a number and k, m or g, without a blank: 512m, 2g."
}

func (s Spec) readChoice(text string) (message, fix string) {
	if slices.Contains(s.Choices, text) {
		return "", ""
	}
	message = fmt.Sprintf("This must be one of %s, and %s is none of them.", listed(s.Choices, "or"), quoted(text))
	if near := nearest(text, s.Choices); near != "" {
		return message, fmt.Sprintf("Did you mean %q?", near)
	}
	return message, "Write one of them."
}

// howTo says how a value of the kind is written.
func (s Spec) howTo() string {
	return "Write it like this: " + leaf(s.Key) + ": " + s.exampleText()
}

// exampleText is a value of the kind as it stands in a file, without a full stop, for it is to be copied.
func (s Spec) exampleText() string {
	switch s.Kind {
	case Secret:
		return secretForms[0]
	case List:
		return "[a, b]"
	case Map:
		return "{name: text}"
	case Bool:
		return "true"
	case Choice:
		if len(s.Choices) > 0 {
			return quote(s.Choices[0])
		}
	case Int, Size:
		if v, fault := s.Read(s.Example); fault == nil {
			return v.Text
		}
		if s.Kind == Size {
			return "512m"
		}
		return "1"
	case Text, Path:
	}
	if s.Example != "" {
		return quote(s.Example)
	}
	return `"text"`
}

// isTruth reports whether YAML, in the version of 1.1 that many programs read, takes the plain word for true or false.
func isTruth(word string) bool {
	switch strings.ToLower(word) {
	case "true", "false", "yes", "no", "on", "off", "y", "n":
		return word == strings.ToLower(word) || word == strings.ToUpper(word) || word[1:] == strings.ToLower(word[1:])
	}
	return false
}
