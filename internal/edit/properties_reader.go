package edit

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
)

// This file is the second reader of properties files. It shares no code with the editor and goes about it differently: natural lines
// are joined to logical lines first, then split and unescaped. Keep it plain: it is the judge of every edit.

// javaPair is a key and its value as java.util.Properties would hand them on, in UTF-16, two bytes a unit.
type javaPair struct{ key, value string }

var errMalformedEscape = errors.New(`a \u is not followed by four hexadecimal digits`)

// readJavaProperties returns the pairs in file order, duplicates included.
func readJavaProperties(data []byte) ([]javaPair, error) {
	var pairs []javaPair
	lines := naturalLines(data)
	for i := 0; i < len(lines); i++ {
		line := bytes.TrimLeft(lines[i], " \t\f")
		if len(line) == 0 || line[0] == '#' || line[0] == '!' {
			continue
		}
		var logical []byte
		for endsInOddBackslashes(line) {
			logical = append(logical, line[:len(line)-1]...)
			line = nil
			if i+1 < len(lines) {
				i++
				line = bytes.TrimLeft(lines[i], " \t\f")
			}
		}
		logical = append(logical, line...)
		if len(logical) == 0 {
			continue
		}
		pair, err := splitJavaPair(logical)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// naturalLines splits at CR LF, CR and LF.
func naturalLines(data []byte) [][]byte {
	var lines [][]byte
	for len(data) > 0 {
		i := bytes.IndexAny(data, "\r\n")
		if i < 0 {
			return append(lines, data)
		}
		lines = append(lines, data[:i])
		if bytes.HasPrefix(data[i:], []byte("\r\n")) {
			i++
		}
		data = data[i+1:]
	}
	return lines
}

func endsInOddBackslashes(line []byte) bool {
	return (len(line)-len(bytes.TrimRight(line, `\`)))%2 == 1
}

func splitJavaPair(logical []byte) (javaPair, error) {
	end := 0
	for end < len(logical) && strings.IndexByte("=: \t\f", logical[end]) < 0 {
		if logical[end] == '\\' {
			end++ // what is escaped does not end the key
		}
		end++
	}
	end = min(end, len(logical))
	rest := bytes.TrimLeft(logical[end:], " \t\f")
	if len(rest) > 0 && (rest[0] == '=' || rest[0] == ':') {
		rest = bytes.TrimLeft(rest[1:], " \t\f")
	}
	key, err := unescapeJava(logical[:end])
	if err != nil {
		return javaPair{}, err
	}
	value, err := unescapeJava(rest)
	return javaPair{key, value}, err
}

func unescapeJava(text []byte) (string, error) {
	units := make([]byte, 0, 2*len(text))
	for len(text) > 0 {
		c := text[0]
		text = text[1:]
		if c != '\\' || len(text) == 0 {
			units = append(units, 0, c)
			continue
		}
		c = text[0]
		text = text[1:]
		switch c {
		case 't':
			c = '\t'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 'f':
			c = '\f'
		case 'u':
			if len(text) < 4 || bytes.ContainsAny(text[:4], "+-_") {
				return "", errMalformedEscape
			}
			u, err := strconv.ParseUint(string(text[:4]), 16, 16)
			if err != nil {
				return "", errMalformedEscape
			}
			units = append(units, byte(u>>8), byte(u))
			text = text[4:]
			continue
		}
		units = append(units, 0, c)
	}
	return string(units), nil
}

func toJava(s string) string {
	units := make([]byte, 0, 2*len(s))
	for _, r := range s {
		for _, u := range utf16.AppendRune(nil, r) {
			units = append(units, byte(u>>8), byte(u))
		}
	}
	return string(units)
}

// confirmProperties reads both versions and fails unless they differ in exactly the wanted keys.
func confirmProperties(name string, before, after []byte, want propWant) error {
	unsafe := &Error{
		File: name, What: "the edited file would not read as intended, so the edit was given up",
		Fix: "make the change by hand and report the file to the authors of carbon-setup",
	}
	old, errOld := readJavaProperties(before)
	got, errNew := readJavaProperties(after)
	if errOld != nil || errNew != nil {
		return unsafe
	}
	set, removed := map[string]string{}, map[string]bool{}
	for k, v := range want.set {
		set[toJava(k)] = toJava(v)
	}
	for k := range want.remove {
		removed[toJava(k)] = true
	}
	had := map[string]bool{}
	var expected []javaPair
	for _, pair := range old {
		had[pair.key] = true
		if removed[pair.key] {
			continue
		}
		if v, ok := set[pair.key]; ok {
			pair.value = v
		}
		expected = append(expected, pair)
	}
	for _, pair := range got {
		if v, ok := set[pair.key]; ok && !had[pair.key] {
			if v != pair.value {
				return unsafe
			}
			delete(set, pair.key) // a second one is one too many
			continue
		}
		if len(expected) == 0 || expected[0] != pair {
			return unsafe
		}
		expected = expected[1:]
	}
	for key := range set {
		if !had[key] {
			return unsafe // a new key that is not there
		}
	}
	if len(expected) != 0 {
		return unsafe
	}
	return nil
}
