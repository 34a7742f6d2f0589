package texts

import (
	"unicode/utf8"
)

// ShellLines sets a command of a POSIX shell in lines of at most width characters that the shell takes as the one command, when they are copied
// together. A command that fits is one line. A word that is longer than a line goes on at the very start of the next one.
func ShellLines(command string, width int) []string {
	width = max(width, 8)
	if utf8.RuneCountInString(command) <= width {
		return []string{command}
	}
	const indent, goesOn = "  ", ` \`
	var lines []string
	line := ""
	for _, word := range shellWords(command) {
		room := width - len(goesOn)
		switch {
		case line != "" && utf8.RuneCountInString(line+" "+word) <= room:
			line += " " + word
			continue
		case line != "":
			lines = append(lines, line+goesOn)
			word = indent + word
		}
		for utf8.RuneCountInString(word) > room {
			head, tail := cutWord(word, width)
			lines, word = append(lines, head), tail
		}
		line = word
	}
	return append(lines, line)
}

// cutWord parts a word so that a backslash at the line's end joins it again; a quoted one is closed before and opened after it.
func cutWord(word string, width int) (head, tail string) {
	at := 0
	for range width - len(`'\`) {
		_, size := utf8.DecodeRuneInString(word[at:])
		at += size
	}
	for at > 1 && word[at-1] == '\\' {
		at-- // it belongs to what follows
	}
	if quotedAt(word, at) {
		return word[:at] + `'\`, "'" + word[at:]
	}
	return word[:at] + `\`, word[at:]
}

// quotedAt reports whether a place of a command is inside of single quotes.
func quotedAt(command string, at int) bool {
	quoted := false
	for i := range at {
		if command[i] == '\'' && (quoted || i == 0 || command[i-1] != '\\') {
			quoted = !quoted
		}
	}
	return quoted
}

// shellWords parts a command at the blanks outside of quotes.
func shellWords(command string) []string {
	var words []string
	start := 0
	for i := range len(command) {
		if command[i] != ' ' || quotedAt(command, i) {
			continue
		}
		if i > start {
			words = append(words, command[start:i])
		}
		start = i + 1
	}
	return append(words, command[start:])
}
