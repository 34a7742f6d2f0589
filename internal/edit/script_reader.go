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
		if len(words) > 0 && (strings.TrimLeft(words[0], "@") == "echo" || words[0] == "printf" || words[0] == ":") {
			continue
		}
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
	var logical strings.Builder
	continued := false
	for line := range strings.SplitSeq(string(data), "\n") {
		if !continued && strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
			continue
		}
		bare := strings.TrimRight(line, `\`)
		if continued = (len(line)-len(bare))%2 == 1; continued {
			logical.WriteString(line[:len(line)-1])
			continue
		}
		logical.WriteString(line)
		if text := logical.String(); strings.Contains(text, MainClass) {
			lines = append(lines, readShellWords(text))
		}
		logical.Reset()
	}
	return oneCommand(lines)
}

// wordList collects words.
type wordList struct {
	words []string
	word  strings.Builder
	open  bool
}

func (l *wordList) add(s string) {
	l.word.WriteString(s)
	l.open = true
}

func (l *wordList) end() {
	if l.open {
		l.words = append(l.words, l.word.String())
	}
	l.word.Reset()
	l.open = false
}

// readShellWords splits a logical line. It knows $name, ${name} and $* and takes what it does not know for a part of the word.
func readShellWords(line string) []string {
	var list wordList
	quote := byte(' ')
	for i := 0; i < len(line); i++ {
		c, next := line[i], byte(' ')
		if i+1 < len(line) {
			next = line[i+1]
		}
		switch {
		case quote == '\'' && c == '\'', quote == '"' && c == '"':
			quote = ' '
		case quote == '\'':
			list.add(line[i : i+1])
		case c == '$' && (strings.IndexByte("{(_*@#?", next) >= 0 || next|32 >= 'a' && next|32 <= 'z' || next >= '0' && next <= '9'):
			list.add("\x00$")
		case c == '\\' && quote == ' ', c == '\\' && strings.IndexByte("$`\"\\", next) >= 0:
			i++
			list.add(string([]byte{next}))
		case quote == ' ' && (c == '"' || c == '\''):
			quote = c
			list.add("")
		case quote == ' ' && (c == ' ' || c == '\t' || c == ';'):
			list.end()
		default:
			list.add(line[i : i+1])
		}
	}
	list.end()
	return list.words
}

func (l batchLanguage) read(_ string, data []byte) ([]string, error) {
	sets := map[string][]string{}
	var lines [][]string
	for line := range strings.SplitSeq(string(data), "\n") {
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
	var list wordList
	quoted := false
	for line != "" {
		c, size, name := line[:1], 1, -1
		if c == "%" || c == "!" && delayed {
			name = strings.Index(line[1:], c)
		}
		switch {
		case c == `\`:
			slashes := len(line) - len(strings.TrimLeft(line, `\`))
			size = slashes
			switch {
			case !strings.HasPrefix(line[slashes:], `"`):
				list.add(line[:slashes])
			case slashes%2 == 1:
				list.add(line[:slashes/2] + `"`)
				size++
			default:
				list.add(line[:slashes/2])
			}
		case c == `"`:
			quoted = !quoted
			list.add("")
		case !quoted && (c == " " || c == "\t"):
			list.end()
		case strings.HasPrefix(line, "%%"):
			list.add("%")
			size = 2
		case name > 0:
			size = name + 2
			list.add("\x00" + line[:size])
		case !quoted && c == "^" && len(line) > 1:
			list.add(line[1:2])
			size = 2
		default:
			list.add(c)
		}
		line = line[size:]
	}
	list.end()
	return list.words
}
