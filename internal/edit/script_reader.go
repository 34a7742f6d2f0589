package edit

import (
	"errors"
	"strings"
)

// This file holds the second readers of start scripts. They share no code with the editor and look for the java command line in another
// way: a logical line at a time, then word by word. They may know fewer ways to write a script; then an edit is refused. Keep them plain.

var errNotOneCommand = errors.New("there is not exactly one java command line")

// oneCommand returns the only logical line whose words run from a java command to the main class, cut to those.
func oneCommand(lines [][]string) ([]string, error) {
	var found []string
	for _, words := range lines {
		java := -1
		for i, w := range words {
			plain := strings.ToLower(strings.Trim(w, "\x00${}%"))
			if java < 0 && (plain == "java" || plain == "javacmd" || strings.HasSuffix(plain, "/java") || strings.HasSuffix(strings.TrimSuffix(plain, ".exe"), `\java`)) {
				java = i
			}
			if java >= 0 && w == MainClass {
				if found != nil {
					return nil, errNotOneCommand
				}
				found = words[java : i+1]
				break
			}
		}
	}
	if found == nil {
		return nil, errNotOneCommand
	}
	return found, nil
}

func (shellLanguage) read(_ string, data []byte) ([]string, error) {
	var lines [][]string
	logical, continued := "", false
	for _, line := range strings.Split(string(data), "\n") {
		if !continued && strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
			continue
		}
		bare := strings.TrimRight(line, `\`)
		if continued = (len(line)-len(bare))%2 == 1; continued {
			logical += line[:len(line)-1]
			continue
		}
		logical += line
		if strings.Contains(logical, MainClass) {
			lines = append(lines, readShellWords(logical))
		}
		logical = ""
	}
	return oneCommand(lines)
}

// readShellWords splits a logical line. It knows $name, ${name} and $* and takes what it does not know for a part of the word.
func readShellWords(line string) []string {
	var words []string
	word, inWord, quote := "", false, ' '
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		next := ' '
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case quote == '\'' && r == '\'', quote == '"' && r == '"':
			quote = ' '
		case quote == '\'':
			word += string(r)
		case r == '$' && (next == '{' || next == '_' || next == '*' || next == '@' || next == '#' || next == '?' || next == '(' || next|32 >= 'a' && next|32 <= 'z' || next >= '0' && next <= '9'):
			word, inWord = word+"\x00$", true
		case r == '\\' && quote == ' ', r == '\\' && strings.ContainsRune("$`\"\\", next):
			i++
			word, inWord = word+string(next), true
		case quote == ' ' && (r == '"' || r == '\''):
			quote, inWord = r, true
		case quote == ' ' && (r == ' ' || r == '\t' || r == ';'):
			if inWord {
				words = append(words, word)
			}
			word, inWord = "", false
		default:
			word, inWord = word+string(r), true
		}
	}
	if inWord {
		words = append(words, word)
	}
	return words
}

func (l batchLanguage) read(_ string, data []byte) ([]string, error) {
	sets := map[string][]string{}
	var lines [][]string
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.TrimRight(line, "\r")
		text := strings.TrimLeft(line, " \t@")
		lower := strings.ToLower(text)
		if strings.HasPrefix(lower, "rem ") || strings.HasPrefix(lower, ":") {
			continue
		}
		if strings.HasPrefix(lower, "set ") {
			if name, value, ok := strings.Cut(strings.TrimLeft(text[4:], " \t"), "="); ok {
				name = "\x00%" + strings.ToUpper(name) + "%"
				sets[name] = append(sets[name], readBatchWords(value, l.delayed)...)
			}
			continue
		}
		if strings.Contains(line, MainClass) {
			lines = append(lines, readBatchWords(line, l.delayed))
		}
	}
	words, err := oneCommand(lines)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, w := range words {
		if name := strings.ToUpper(w); name != "\x00%JAVA_OPTS%" {
			all = append(all, sets[name]...)
		}
		all = append(all, w)
	}
	return all, nil
}

func readBatchWords(line string, delayed bool) []string {
	var words []string
	word, inWord, quoted := "", false, false
	for line != "" {
		c := line[:1]
		slashes := len(line) - len(strings.TrimLeft(line, `\`))
		name := -1
		if c == "%" || c == "!" && delayed {
			name = strings.Index(line[1:], c)
		}
		size := 1
		switch {
		case slashes > 0 && strings.HasPrefix(line[slashes:], `"`):
			word, size = word+line[:slashes/2], slashes
			if slashes%2 == 1 {
				word, size = word+`"`, size+1
			}
			inWord = true
		case c == `"`:
			quoted, inWord = !quoted, true
		case !quoted && (c == " " || c == "\t"):
			if inWord {
				words = append(words, word)
			}
			word, inWord = "", false
		case strings.HasPrefix(line, "%%"):
			word, size, inWord = word+"%", 2, true
		case name > 0:
			size = name + 2
			word, inWord = word+"\x00"+line[:size], true
		case !quoted && c == "^" && len(line) > 1:
			word, size, inWord = word+line[1:2], 2, true
		default:
			word, inWord = word+c, true
		}
		line = line[size:]
	}
	if inWord {
		words = append(words, word)
	}
	return words
}
